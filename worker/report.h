/* report.h - the rows that a job gives: collected, then packed as one ResultRows.
 *
 * Equal input gives equal bytes: no time, name or job number goes in here. */
#ifndef PILOT_WORKER_REPORT_H
#define PILOT_WORKER_REPORT_H

#include <pilot.pb-c.h>

#include "analysis.h"
#include "pilot/convention.h"
#include "pilot/estimate.h"
#include "pilot/piece.h"
#include "pilot/row_keys.h"

/* A pilot_number_t into a message's optional field; -0 as 0. */
#define PILOT_COPY_NUMBER(row, field, number)                                                      \
    do {                                                                                           \
        (row)->has_##field = (number).given;                                                       \
        (row)->field = (number).given ? (number).value + 0.0 : 0;                                  \
    } while (0)

typedef struct pilot_report pilot_report_t;

/* analysis: borrowed for the report's life. */
pilot_report_t *pilot_report_new(const pilot_analysis_t *analysis);
void pilot_report_free(pilot_report_t *report); /* NULL is fine */

/* Memory for a string that must live as long as the report (a copy). */
const char *pilot_report_keep(pilot_report_t *report, const char *text);

/* A new row, initialized, for the caller to fill; strings in it are borrowed (pilot_report_keep).
 */
Pilot__Effect *pilot_report_effect(pilot_report_t *report);
Pilot__Comparison *pilot_report_comparison(pilot_report_t *report);
Pilot__AgencyEffect *pilot_report_agency_effect(pilot_report_t *report);
/* Each with its contrast, for the caller to fill too. */
Pilot__Average *pilot_report_average(pilot_report_t *report);
Pilot__Moderator *pilot_report_moderator(pilot_report_t *report);
Pilot__Share *pilot_report_share(pilot_report_t *report);
Pilot__Quality *pilot_report_quality(pilot_report_t *report);
Pilot__Contribution *pilot_report_contribution(pilot_report_t *report);
/* With room for so many points, initialized and counted. */
Pilot__Curve *pilot_report_curve(pilot_report_t *report, size_t points);

/* A row of results.effects, and the row of results.quality that goes with it.  agency NULL: pooled;
 * subgroup and level NULL: the whole sample.  estimate NULL: not_in_this_version, or outcome_type
 * where the key is not defined.  Agency, subgroup and estimator are borrowed. */
void pilot_report_estimate(pilot_report_t *report, const pilot_row_key_t *key, const char *agency,
                           const char *subgroup, const char *level, const char *estimator,
                           const pilot_estimate_t *estimate);

/* The effect that was reported last as other programs tell it.  convention: PILOT_CONVENTIONS of
 * them, of the same estimate. */
void pilot_report_conventions(pilot_report_t *report, const pilot_estimate_t *estimate,
                              const pilot_convention_t *convention);

/* Consumes the piece. */
void pilot_report_piece(pilot_report_t *report, uint32_t agency_index, pilot_piece_t *piece);

/* Packed ResultRows (caller frees). */
uint8_t *pilot_report_pack(pilot_report_t *report, size_t *ret_length);

#endif
