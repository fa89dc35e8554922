/* pooled.h - one estimate over all agencies, from parts that merge in agency order.
 * Pure: parts in, rows of a report out. */
#ifndef PILOT_WORKER_POOLED_H
#define PILOT_WORKER_POOLED_H

#include "analysis.h"
#include "dataset.h"
#include "fits.h"
#include "parts.h"
#include "pilot/ols.h"
#include "report.h"

/* POOL: first parts of all ESTIMATE jobs -> pooled effects that need no residuals, pooled quality
 * and, if ols is asked for, the fits as the report's part.  given_up: jobs whose parts are missing
 * for good; the rows are then `partial`.  parts' readers are used up. */
pilot_status_t pilot_pool(const pilot_analysis_t *analysis, pilot_parts_t *parts, uint64_t given_up,
                          pilot_report_t *report, pilot_error_t *error);

/* RESIDUAL, one agency: its residual-based piece under the fits (nothing when the fits are not of
 * its rows).  Piece: levels; by subset the sums of each outcome and, if it is asked for, those of
 * iv; overlaps of levels, if there are subgroups; sums of each target and its mission. */
pilot_status_t pilot_residual_agency(const pilot_analysis_t *analysis, pilot_ols_t *ols,
                                     const pilot_dataset_t *dataset, const Pilot__Pin *pin,
                                     const pilot_fits_t *fits, pilot_report_t *report,
                                     pilot_error_t *error);

/* FINISH: residual-based pieces of all agencies -> pooled ols effects.  Where an agency of the fits
 * has no piece its variance is unknown: job_failed rows. */
pilot_status_t pilot_finish(const pilot_analysis_t *analysis, const pilot_fits_t *fits,
                            pilot_parts_t *parts, pilot_report_t *report, pilot_error_t *error);

#endif
