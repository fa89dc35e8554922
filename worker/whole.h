/* whole.h - pooled effects that need the rows of all agencies in one place.
 * Pure: a merged dataset in, rows of a report out. */
#ifndef PILOT_WORKER_WHOLE_H
#define PILOT_WORKER_WHOLE_H

#include "analysis.h"
#include "dataset.h"
#include "report.h"

/* Whether to go on is asked between rows. */
typedef struct pilot_whole_options {
    uint32_t agency_index; /* the only agency's; UINT32_MAX: there are several */
    bool (*is_cancelled)(const void *context);
    const void *context;
} pilot_whole_options_t;

/* WHOLE: the rows of pilot_row_job() WHOLE of outcomes first .. last, and their curves.  False when
 * cancelled: the report is then of no use. */
bool pilot_whole_report(const pilot_analysis_t *analysis, const pilot_dataset_t *merged,
                        size_t first, size_t last, const pilot_whole_options_t *options,
                        pilot_report_t *report);

/* BOUNDS: Lee bounds of these contrasts, [outcome][treatment], for the whole sample. */
bool pilot_whole_bounds(const pilot_analysis_t *analysis, const pilot_dataset_t *merged,
                        const bool *alarm, const pilot_whole_options_t *options,
                        pilot_report_t *report);

#endif
