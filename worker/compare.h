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
    pilot_number_t estimate, std_error;
} pilot_compared_t;

typedef struct pilot_compare pilot_compare_t;

pilot_compare_t *pilot_compare_new(const pilot_analysis_t *analysis);
void pilot_compare_free(pilot_compare_t *compare); /* NULL is fine */

/* Rows come in agency order.  PILOT_E_PROTOCOL: not a row of this analysis. */
pilot_status_t pilot_compare_add(pilot_compare_t *compare, const pilot_compared_t *row,
                                 pilot_error_t *error);

/* 12 comparison rows a key (4 methods x 3 tests), one agency row for each agency that has the key.
 * given_up > 0: the rows are `partial`. */
void pilot_compare_report(pilot_compare_t *compare, uint64_t given_up, pilot_report_t *report);

#endif
