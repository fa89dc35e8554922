/* compare.h - one effect across agencies: the comparison rows of an analysis and what each agency
 * looks like beside the others.  Pure: effect rows in, rows of a report out. */
#ifndef PILOT_WORKER_COMPARE_H
#define PILOT_WORKER_COMPARE_H

#include "analysis.h"
#include "report.h"

/* A row of work.effects as it matters here; all borrowed. */
typedef struct pilot_compared {
    const char *agency, *outcome, *subgroup, *level, *arm; /* NULL: absent */
    const char *estimand, *estimator, *parameter, *reason;
    uint64_t n;
    pilot_number_t estimate, std_error;
} pilot_compared_t;

typedef struct pilot_compare pilot_compare_t;

pilot_compare_t *pilot_compare_new(const pilot_analysis_t *analysis);
void pilot_compare_free(pilot_compare_t *compare); /* NULL is fine */

/* Rows come in agency order.  PILOT_E_PROTOCOL: not a row of this analysis. */
pilot_status_t pilot_compare_add(pilot_compare_t *compare, const pilot_compared_t *row,
                                 pilot_error_t *error);

/* After all rows: an attribute of an agency.  One that no row named, or that the plan does not
 * compare by, is passed over. */
void pilot_compare_attribute(pilot_compare_t *compare, const char *agency, const char *name,
                             const char *value);

/* Of the outcomes first_outcome .. last_outcome, for each key: 12 comparison rows (4 methods x 3
 * tests), two averages, shares (where a direction is better), moderators (where the plan compares
 * by attributes), and one agency row for each agency that has the key.  Ordinals are those of all
 * outcomes.  given_up > 0: the rows are `partial`. */
void pilot_compare_report(pilot_compare_t *compare, size_t first_outcome, size_t last_outcome,
                          uint64_t given_up, pilot_report_t *report);

#endif
