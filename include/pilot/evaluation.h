/* pilot/evaluation.h - all of one analysis, as results.* or (released) dashboard.* tell it: what a
 * report or a dashboard shows.  Structs alone; who reads them: cli/evaluation.h.
 *
 * Texts are borrowed from the evaluation and NULL where they do not apply: the subgroup of the
 * whole sample, the agency of a pooled row, a reason that there is none of. */
#ifndef PILOT_EVALUATION_H
#define PILOT_EVALUATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pilot/plan.h"

/* mark: why a released number is not there: 'c' suppressed, 'k' low (it would be rounded to 0), 'z'
 * not applicable; 0 where it is there, or nobody hid it. */
typedef struct pilot_figure {
    double value;
    bool given;
    char mark;
} pilot_figure_t;

/* What an effect is of. */
typedef struct pilot_effect_key {
    const char *outcome, *subgroup, *level, *arm, *control;
    const char *estimand;  /* "itt", "cace", "gap" */
    const char *estimator; /* of comparisons "auto" where the plan leaves the choice */
    const char *parameter;
} pilot_effect_key_t;

typedef struct pilot_effect_row {
    pilot_effect_key_t key;
    const char *agency, *std_error_type, *adjustment;
    pilot_figure_t estimate, std_error, df, statistic, p_value, ci_low, ci_high;
    pilot_figure_t p_randomization, p_randomization_mcse, ci_randomization_low,
        ci_randomization_high, p_adjusted;
    pilot_figure_t control_mean, control_std_dev, n, n_arm, n_control, clusters, blocks;
    const char *status, *reason, *detail;
} pilot_effect_row_t;

typedef struct pilot_comparison_row {
    pilot_effect_key_t key;
    const char *method, *test;
    pilot_figure_t k, estimate, std_error, df, statistic, p_value, ci_low, ci_high, pi_low, pi_high,
        tau2, tau2_low, tau2_high, q, q_df, q_p_value, i2, h2;
    bool headline;
    const char *status, *reason, *detail;
} pilot_comparison_row_t;

/* key.estimator is the one that was taken for this agency.  ci_low, ci_high, n, n_arm, n_control:
 * of the agency's own effect. */
typedef struct pilot_agency_row {
    pilot_effect_key_t key;
    const char *agency;
    pilot_figure_t estimate, std_error, eb_estimate, eb_std_error, weight, rank, rank_low,
        rank_high, leave_one_out_estimate, ceb_estimate, p_exceeds, rank_simultaneous_low,
        rank_simultaneous_high, hat, std_residual, cooks_distance, dfbetas;
    pilot_figure_t p_value, ci_low, ci_high, n, n_arm, n_control;
    const char *status, *reason;
} pilot_agency_row_t;

typedef struct pilot_average_row {
    pilot_effect_key_t key;
    const char *weighting; /* "person", "site" */
    pilot_figure_t k, estimate, std_error, df, statistic, p_value, ci_low, ci_high;
    const char *status, *reason, *detail;
} pilot_average_row_t;

typedef struct pilot_moderator_row {
    pilot_effect_key_t key;
    const char *kind; /* "intercept", "coefficient", "test", "residual", "group" */
    const char *attribute, *attribute_level;
    pilot_figure_t k, estimate, std_error, df, df_residual, statistic, p_value, ci_low, ci_high,
        tau2, i2, r2;
    const char *status, *reason, *detail;
} pilot_moderator_row_t;

typedef struct pilot_distribution_row {
    pilot_effect_key_t key;
    const char *part; /* "harm", "none", "benefit" */
    pilot_figure_t k, threshold, share, ci_low, ci_high;
    const char *status, *reason, *detail;
} pilot_distribution_row_t;

typedef struct pilot_quality_row {
    const char *agency, *check, *arm, *variable;
    pilot_figure_t value, statistic, df, p_value;
    bool alarm;
    const char *detail;
} pilot_quality_row_t;

typedef struct pilot_curve_row {
    const char *agency, *outcome, *subgroup, *level, *arm, *curve;
    pilot_figure_t x, y, std_error, ci_low, ci_high, at_risk, events;
    int64_t ordinal; /* points of one curve have the same, within an agency */
} pilot_curve_row_t;

/* What the analysis used of each agency; released: the agency's latest. */
typedef struct pilot_submission_row {
    const char *agency, *state, *content_sha256, *submitted_at;
    int64_t revision;
    pilot_figure_t rows;
} pilot_submission_row_t;

/* How the plan of the analysis differs from the one that was locked (the first launch's), or was in
 * force when data arrived.  before, after: as JSON; NULL: not given. */
typedef struct pilot_deviation_row {
    const char *path, *before, *after;
    const char *registered_at; /* NULL: not told */
    int64_t version;
    pilot_figure_t submissions_before;
} pilot_deviation_row_t;

typedef struct pilot_evaluation {
    bool released; /* as the public is told: read from dashboard.* alone */
    const char *pilot;
    int64_t analysis, plan_version;
    const char *state, *data_state; /* results.analyses */
    bool confirmatory;
    const char *not_confirmatory; /* why not; NULL: it is, or it is not told */
    const char *plan_sha256, *data_sha256, *software_version, *cpu_class;
    const char *launched_at, *finished_at; /* RFC 3339 in UTC */
    int64_t jobs, jobs_done, jobs_failed;
    int64_t minimum_count, round_to; /* of a release; 0: none */
    const char *plan_registered_at;
    const pilot_plan_t *plan; /* the pinned version, without agencies where released; may be NULL */

    /* Plan order in all; agencies in byte order within a contrast. */
    const pilot_effect_row_t *effects; /* pooled ones, and of pilots of one agency its own */
    size_t effect_count;
    const pilot_comparison_row_t *comparisons;
    size_t comparison_count;
    const pilot_agency_row_t *agencies;
    size_t agency_count;
    const pilot_average_row_t *averages;
    size_t average_count;
    const pilot_moderator_row_t *moderators;
    size_t moderator_count;
    const pilot_distribution_row_t *distribution;
    size_t distribution_count;
    const pilot_quality_row_t *quality; /* agency NULL: all together; those stand last */
    size_t quality_count;
    const pilot_curve_row_t *curves; /* of all agencies together */
    size_t curve_count;
    const pilot_submission_row_t *submissions; /* by agency */
    size_t submission_count;
    const pilot_deviation_row_t *deviations;
    size_t deviation_count;
    const char *const *missing; /* agencies that the plan lists and the analysis has no data of */
    size_t missing_count;
} pilot_evaluation_t;

/* Same contrast: all texts equal but the estimator, which `auto` may have chosen. */
bool pilot_effect_key_same_contrast(const pilot_effect_key_t *a, const pilot_effect_key_t *b);
/* The same with the estimator. */
bool pilot_effect_key_same(const pilot_effect_key_t *a, const pilot_effect_key_t *b);
/* Is the number a logarithm of a ratio? */
bool pilot_effect_key_is_ratio(const pilot_effect_key_t *key);
/* The value that says "no effect": 0, or 0.5 for `rank`; of gaps always 0. */
double pilot_effect_key_null(const pilot_effect_key_t *key);

/* The outcome in the plan, or NULL. */
const pilot_plan_outcome_t *pilot_evaluation_outcome(const pilot_evaluation_t *evaluation,
                                                     const char *name);

/* The headline comparison of the contrast, or NULL: there is none. */
const pilot_comparison_row_t *pilot_evaluation_headline(const pilot_evaluation_t *evaluation,
                                                        const pilot_effect_key_t *key);
/* The pooled effect of the contrast (of `auto`: of the estimator that it took), or NULL. */
const pilot_effect_row_t *pilot_evaluation_pooled(const pilot_evaluation_t *evaluation,
                                                  const pilot_effect_key_t *key);
/* The agencies' rows of the contrast: they stand together. */
const pilot_agency_row_t *pilot_evaluation_agencies(const pilot_evaluation_t *evaluation,
                                                    const pilot_effect_key_t *key,
                                                    size_t *ret_count);

#endif
