/* contributions.h - how much of an outcome's sum the largest units make up, by agency, subset and
 * arm.  Pure.  Disclosure control reads it; nobody else sees it. */
#ifndef PILOT_WORKER_CONTRIBUTIONS_H
#define PILOT_WORKER_CONTRIBUTIONS_H

#include "evaluate.h"

/* A row for each subset, outcome and arm that has units, in this order. */
void pilot_contributions_report(const pilot_view_t *view, const pilot_subsets_t *subsets,
                                const char *agency, pilot_report_t *report);

#endif
