/* pilot/disclosure.h - disclosure control: which numbers of a finished analysis the public may see,
 * and how far they are rounded.
 *
 * One pilot_disclosure_t is one release: the rows of one analysis, in the light of all earlier
 * releases of the pilot.  In this order:
 *
 *   new
 *   remember     the memory of each earlier release, oldest first
 *   submission   each agency of the analysis, with the submission that it was evaluated from
 *   question     which pairs of submissions must be compared; changed: the answers
 *   effect, arm_count   every row of results.effects; the rows `count` of results.quality
 *   decide
 *   release_*    the rows again, one at a time: the numbers that may be shown, each with its mark
 *   memory       what the next releases of the pilot must know: keep it, and keep it secret
 *
 * Suppress first, then round.  Rows must be complete: a row that is not given before `decide`, its
 * counts being unknown, is suppressed in whole.  Free text of a row (`detail`) holds counts and is
 * never for the public; texts that name the row are, `status` and `reason` if release_* returns
 * true. The result depends on the rows' content alone, not on their order.
 *
 * Pure: no I/O, no log, no globals.  What is promised, and why: docs/methods/disclosure.md */
#ifndef PILOT_DISCLOSURE_H
#define PILOT_DISCLOSURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pilot/error.h"

/* Symbols of the Government Statistical Service.  Exactly one holds of every number. */
typedef enum pilot_mark {
    PILOT_MARK_SHOWN = 0,           /* value stands */
    PILOT_MARK_SUPPRESSED = 'c',    /* confidential */
    PILOT_MARK_LOW = 'k',           /* not 0, but rounds to 0: value is 0 */
    PILOT_MARK_NOT_APPLICABLE = 'z' /* there is no such number */
} pilot_mark_t;

typedef struct pilot_released {
    double value; /* 0 unless shown */
    pilot_mark_t mark;
} pilot_released_t;

typedef struct pilot_disclosure_rule {
    int64_t
        minimum_count; /* of the plan; counts of 1 .. minimum_count - 1 are sensitive; 0, 1: none */
    int64_t round_to;  /* of the plan; 0, 1: counts are exact */
    double minimum_df; /* residual df below this hide the effect; PILOT_DISCLOSURE_MINIMUM_DF */
    double dominance_share; /* a total with a larger share of one unit is hidden; PILOT_..._SHARE */
} pilot_disclosure_rule_t;

/* Of the rules; a release is recorded with it.  Raise it when the same rows could be released in
 * another way. */
#define PILOT_DISCLOSURE_VERSION 2

#define PILOT_DISCLOSURE_MINIMUM_DF 10.0
#define PILOT_DISCLOSURE_DOMINANCE_SHARE 0.5
#define PILOT_DISCLOSURE_RELEASES 64 /* that can be remembered, this one included */
#define PILOT_DISCLOSURE_COUNT_MAX INT64_C(2000000000)

typedef struct pilot_disclosure pilot_disclosure_t;

/* rule: copied.  Free with pilot_disclosure_free (takes NULL). */
pilot_disclosure_t *pilot_disclosure_new(const pilot_disclosure_rule_t *rule);
void pilot_disclosure_free(pilot_disclosure_t *disclosure);

/* ---- what is known before ----------------------------------------------------------------------
 */

/* The memory of an earlier release of the pilot (borrowed): PILOT_E_DATA if it is not one, or if
 * there are too many. */
pilot_status_t pilot_disclosure_remember(pilot_disclosure_t *disclosure, const void *memory,
                                         size_t size, pilot_error_t *error);

/* An agency of this analysis and its pinned submission (> 0, never reused for other data).
 * An agency given twice, or given after a row: PILOT_E_BUG. */
pilot_status_t pilot_disclosure_submission(pilot_disclosure_t *disclosure, const char *agency,
                                           int64_t submission, pilot_error_t *error);

/* Two submissions of one agency, an earlier one that had its part in a release and this
 * analysis's: how many units differ, in any column or by being in one of them alone? */
typedef struct pilot_disclosure_question {
    const char *agency;  /* owned by the disclosure */
    int64_t before, now; /* submissions */
} pilot_disclosure_question_t;
/* False when there is no question of this index (0, 1, ...). */
bool pilot_disclosure_question(const pilot_disclosure_t *disclosure, size_t index,
                               pilot_disclosure_question_t *ret_question);
/* Without an answer (the earlier rows were purged, say) the agency is hidden in this release.
 * units 0: the same rows in every released column. */
void pilot_disclosure_changed(pilot_disclosure_t *disclosure, size_t question, int64_t units);

/* ---- rows of the analysis -----------------------------------------------------------------------
 */

/* What a row is about, as in the results tables.  Texts are borrowed for the call; NULL and "" are
 * the same: pooled, the whole sample, no parameter. */
typedef struct pilot_disclosure_key {
    const char *agency;
    const char *outcome, *subgroup, *level, *arm, *control;
    const char *estimand, *estimator, *parameter;
} pilot_disclosure_key_t;

typedef struct pilot_number_in {
    double value;
    bool given;
} pilot_number_in_t;

enum pilot_effect_number {
    PILOT_EFFECT_ESTIMATE,
    PILOT_EFFECT_STD_ERROR,
    PILOT_EFFECT_DF,
    PILOT_EFFECT_STATISTIC,
    PILOT_EFFECT_P_VALUE,
    PILOT_EFFECT_CI_LOW,
    PILOT_EFFECT_CI_HIGH,
    PILOT_EFFECT_P_RANDOMIZATION,
    PILOT_EFFECT_P_RANDOMIZATION_MCSE,
    PILOT_EFFECT_CI_RANDOMIZATION_LOW,
    PILOT_EFFECT_CI_RANDOMIZATION_HIGH,
    PILOT_EFFECT_P_ADJUSTED,
    PILOT_EFFECT_CONTROL_MEAN,
    PILOT_EFFECT_CONTROL_STD_DEV,
    PILOT_EFFECT_N,
    PILOT_EFFECT_N_ARM,
    PILOT_EFFECT_N_CONTROL,
    PILOT_EFFECT_CLUSTERS,
    PILOT_EFFECT_BLOCKS,
    PILOT_EFFECT_NUMBERS
};

typedef struct pilot_disclosure_effect {
    pilot_disclosure_key_t key;
    bool share; /* control_mean is a share of units: a binary outcome, a category of an ordinal */
    bool log_scale; /* of the estimator: its estimate is the logarithm of a ratio */
    pilot_number_in_t number[PILOT_EFFECT_NUMBERS];
    /* For the dominance rule, of |y| in this row's control group and arm: the largest, and the sum;
     * not given: no such rule. */
    pilot_number_in_t control_largest, control_total, arm_largest, arm_total;
} pilot_disclosure_effect_t;

/* A row of results.effects.  PILOT_E_DATA: an agency without submission, a count out of bounds. */
pilot_status_t pilot_disclosure_effect(pilot_disclosure_t *disclosure,
                                       const pilot_disclosure_effect_t *effect,
                                       pilot_error_t *error);

/* A row `count` of results.quality: rows of an arm, of an agency or pooled (NULL). */
pilot_status_t pilot_disclosure_arm_count(pilot_disclosure_t *disclosure, const char *agency,
                                          const char *arm, int64_t rows, pilot_error_t *error);

/* After the last row; once. */
pilot_status_t pilot_disclosure_decide(pilot_disclosure_t *disclosure, pilot_error_t *error);

/* ---- what may be shown (after decide; every output array is filled) -----------------------------
 */

/* The same row again.  Returns whether the effect is shown, or its absence: if not, counts may
 * still be, but `status` is `suppressed`, `reason` is `below_minimum_count`, and `std_error_type`
 * is not told: a reason such as constant_outcome, or an interval made for a cell of 0, would say
 * what the numbers must not. */
bool pilot_disclosure_release_effect(const pilot_disclosure_t *disclosure,
                                     const pilot_disclosure_effect_t *effect,
                                     pilot_released_t ret_released[PILOT_EFFECT_NUMBERS]);

enum pilot_comparison_number {
    PILOT_COMPARISON_K,
    PILOT_COMPARISON_ESTIMATE,
    PILOT_COMPARISON_STD_ERROR,
    PILOT_COMPARISON_DF,
    PILOT_COMPARISON_STATISTIC,
    PILOT_COMPARISON_P_VALUE,
    PILOT_COMPARISON_CI_LOW,
    PILOT_COMPARISON_CI_HIGH,
    PILOT_COMPARISON_PI_LOW,
    PILOT_COMPARISON_PI_HIGH,
    PILOT_COMPARISON_TAU2,
    PILOT_COMPARISON_TAU2_LOW,
    PILOT_COMPARISON_TAU2_HIGH,
    PILOT_COMPARISON_Q,
    PILOT_COMPARISON_Q_DF,
    PILOT_COMPARISON_Q_P_VALUE,
    PILOT_COMPARISON_I2,
    PILOT_COMPARISON_H2,
    PILOT_COMPARISON_NUMBERS
};

/* A row of results.comparisons; key.agency is not read.  Rows that are no headline are shown only
 * if no agency's effect is hidden: from several weightings one could solve for it. */
bool pilot_disclosure_release_comparison(const pilot_disclosure_t *disclosure,
                                         const pilot_disclosure_key_t *key, bool headline,
                                         const pilot_number_in_t number[PILOT_COMPARISON_NUMBERS],
                                         pilot_released_t ret_released[PILOT_COMPARISON_NUMBERS]);

enum pilot_agency_number {
    PILOT_AGENCY_ESTIMATE,
    PILOT_AGENCY_STD_ERROR,
    PILOT_AGENCY_EB_ESTIMATE,
    PILOT_AGENCY_EB_STD_ERROR,
    PILOT_AGENCY_WEIGHT,
    PILOT_AGENCY_RANK,
    PILOT_AGENCY_RANK_LOW,
    PILOT_AGENCY_RANK_HIGH,
    PILOT_AGENCY_LEAVE_ONE_OUT_ESTIMATE,
    PILOT_AGENCY_CEB_ESTIMATE,
    PILOT_AGENCY_P_EXCEEDS,
    PILOT_AGENCY_RANK_SIMULTANEOUS_LOW,
    PILOT_AGENCY_RANK_SIMULTANEOUS_HIGH,
    PILOT_AGENCY_HAT,
    PILOT_AGENCY_STD_RESIDUAL,
    PILOT_AGENCY_COOKS_DISTANCE,
    PILOT_AGENCY_DFBETAS,
    PILOT_AGENCY_NUMBERS
};

/* A row of results.agencies. */
bool pilot_disclosure_release_agency(const pilot_disclosure_t *disclosure,
                                     const pilot_disclosure_key_t *key,
                                     const pilot_number_in_t number[PILOT_AGENCY_NUMBERS],
                                     pilot_released_t ret_released[PILOT_AGENCY_NUMBERS]);

/* Of averages, moderators and shares all is made of every agency's effect: shown only if no effect
 * is hidden.  key.agency is not read. */

enum pilot_average_number {
    PILOT_AVERAGE_K,
    PILOT_AVERAGE_ESTIMATE,
    PILOT_AVERAGE_STD_ERROR,
    PILOT_AVERAGE_DF,
    PILOT_AVERAGE_STATISTIC,
    PILOT_AVERAGE_P_VALUE,
    PILOT_AVERAGE_CI_LOW,
    PILOT_AVERAGE_CI_HIGH,
    PILOT_AVERAGE_NUMBERS
};

/* A row of results.averages.  by_people: the weights are counts of people, so estimate, error and
 * df are equations for those counts; it is shown only if no agency's are hidden, or many are. */
bool pilot_disclosure_release_average(const pilot_disclosure_t *disclosure,
                                      const pilot_disclosure_key_t *key, bool by_people,
                                      const pilot_number_in_t number[PILOT_AVERAGE_NUMBERS],
                                      pilot_released_t ret_released[PILOT_AVERAGE_NUMBERS]);

enum pilot_moderator_number {
    PILOT_MODERATOR_K,
    PILOT_MODERATOR_ESTIMATE,
    PILOT_MODERATOR_STD_ERROR,
    PILOT_MODERATOR_DF,
    PILOT_MODERATOR_DF_RESIDUAL,
    PILOT_MODERATOR_STATISTIC,
    PILOT_MODERATOR_P_VALUE,
    PILOT_MODERATOR_CI_LOW,
    PILOT_MODERATOR_CI_HIGH,
    PILOT_MODERATOR_TAU2,
    PILOT_MODERATOR_I2,
    PILOT_MODERATOR_R2,
    PILOT_MODERATOR_NUMBERS
};

/* A row of results.moderators.  fewest: agencies of the smallest group that the row, with all
 * others like it, tells apart: of the levels of its attribute (of all attributes: the intercept),
 * and of the agencies that lack it; not given: the row tells no groups apart.  Below 3 it is
 * hidden. */
bool pilot_disclosure_release_moderator(const pilot_disclosure_t *disclosure,
                                        const pilot_disclosure_key_t *key, pilot_number_in_t fewest,
                                        const pilot_number_in_t number[PILOT_MODERATOR_NUMBERS],
                                        pilot_released_t ret_released[PILOT_MODERATOR_NUMBERS]);

enum pilot_share_number {
    PILOT_SHARE_THRESHOLD, /* the plan's: always shown */
    PILOT_SHARE_K,
    PILOT_SHARE_SHARE,
    PILOT_SHARE_CI_LOW,
    PILOT_SHARE_CI_HIGH,
    PILOT_SHARE_NUMBERS
};

/* A row of results.distribution. */
bool pilot_disclosure_release_share(const pilot_disclosure_t *disclosure,
                                    const pilot_disclosure_key_t *key,
                                    const pilot_number_in_t number[PILOT_SHARE_NUMBERS],
                                    pilot_released_t ret_released[PILOT_SHARE_NUMBERS]);

enum pilot_quality_number {
    PILOT_QUALITY_VALUE,
    PILOT_QUALITY_STATISTIC,
    PILOT_QUALITY_DF,
    PILOT_QUALITY_P_VALUE,
    PILOT_QUALITY_NUMBERS
};

/* Checks of covariates are told of everybody alone: of an agency there is not even a row. */
bool pilot_disclosure_is_quality_told(const char *agency, const char *check);
/* A row of results.quality; agency, arm, variable as there (NULL: none).  A check that this version
 * does not know is suppressed. */
bool pilot_disclosure_release_quality(const pilot_disclosure_t *disclosure, const char *agency,
                                      const char *check, const char *arm, const char *variable,
                                      const pilot_number_in_t number[PILOT_QUALITY_NUMBERS],
                                      pilot_released_t ret_released[PILOT_QUALITY_NUMBERS]);

/* `rows` of the agency's submission; any other submission than this analysis's is suppressed. */
pilot_released_t pilot_disclosure_release_rows(const pilot_disclosure_t *disclosure,
                                               const char *agency, int64_t submission);

/* ---- afterwards --------------------------------------------------------------------------------
 */

/* The memory of this release: *ret_memory is the caller's to free, *ret_size bytes of it.  It holds
 * true counts. */
void pilot_disclosure_memory(const pilot_disclosure_t *disclosure, void **ret_memory,
                             size_t *ret_size);

/* Of the numbers given to the release_* functions nothing is counted; this tells of the decision:
 * cells (agency or pooled x outcome x subgroup level x arm) with a positive count. */
typedef struct pilot_disclosure_summary {
    size_t cells, sensitive, hidden; /* hidden: sensitive ones and those that protect them */
    size_t pooled_tables, pooled_hidden;
} pilot_disclosure_summary_t;
pilot_disclosure_summary_t pilot_disclosure_summarize(const pilot_disclosure_t *disclosure);

#endif
