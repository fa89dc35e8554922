/* checks.h - the rows of results.quality: what one agency's data says of itself, or all agencies'
 * together. */
#ifndef PILOT_WORKER_CHECKS_H
#define PILOT_WORKER_CHECKS_H

#include "evaluate.h"
#include "pilot/quality.h"

/* What checks keep of an agency's rows. */
typedef struct pilot_checks pilot_checks_t;

/* Caller frees. */
pilot_checks_t *pilot_checks_of(pilot_view_t *view);
void pilot_checks_free(pilot_checks_t *checks); /* NULL is fine */
void pilot_checks_pack(const pilot_checks_t *checks, pilot_piece_t *piece);
/* PILOT_E_PROTOCOL when the reader does not hold them. */
pilot_status_t pilot_checks_unpack(const pilot_analysis_t *analysis, pilot_piece_reader_t *reader,
                                   pilot_checks_t **ret_checks, pilot_error_t *error);

/* The rows of one agency (count 1) or of all, in agency order.  Caller frees. */
typedef struct pilot_check_rows pilot_check_rows_t;
pilot_check_rows_t *pilot_checks_rows(const pilot_analysis_t *analysis,
                                      const pilot_checks_t *const *checks, size_t count);
void pilot_check_rows_free(pilot_check_rows_t *rows); /* NULL is fine */
/* Did attrition ring for this outcome and treatment arm? */
bool pilot_check_rows_attrition(const pilot_check_rows_t *rows, size_t outcome, size_t arm);
/* agency NULL: pooled. */
void pilot_check_rows_report(const pilot_check_rows_t *rows, const char *agency,
                             pilot_report_t *report);

/* The row minimum_detectable_effect that goes with an effect, if it is one of the whole sample by
 * the plan's first linear estimator. */
void pilot_checks_detectable(pilot_report_t *report, const pilot_analysis_t *analysis,
                             const Pilot__Effect *effect, size_t outcome, size_t arm);

#endif
