/* pilot/quality.h - checks that stand beside every effect: counts by arm, sample-ratio mismatch,
 * treated share by block, the design against declared probabilities, attrition by arm.  Balance of
 * covariates and whose outcomes are missing: pilot/balance.h.
 *
 * As with effects: summarize one agency's rows, then make rows of one agency's summary or of all
 * agencies' in agency order.
 * Pure: no I/O, no log, no globals.  Method and sources: docs/methods/quality.md */
#ifndef PILOT_QUALITY_H
#define PILOT_QUALITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pilot/error.h"
#include "pilot/estimate.h"
#include "pilot/frame.h"
#include "pilot/piece.h"

typedef struct pilot_quality pilot_quality_t;

#define PILOT_QUALITY_NONE SIZE_MAX

typedef struct pilot_quality_row {
    const char *check; /* "count", "sample_ratio", ...: docs/methods/quality.md; static */
    size_t arm;        /* code, or PILOT_QUALITY_NONE */
    size_t variable;   /* index of the outcome, or PILOT_QUALITY_NONE */
    size_t covariate;  /* index of the covariate, or PILOT_QUALITY_NONE */
    const char *level; /* of the covariate; borrowed from what the row was made of; NULL: none */
    pilot_number_t value, statistic, df, p_value;
    bool alarm;
    char detail[PILOT_DETAIL_SIZE];
} pilot_quality_row_t;

/* Rows of weight 0 count here: they were assigned.  probability: of each row, to be in its own arm,
 * or NULL; level: across looks at declared ones alone.  across: clusters may have rows in other
 * agencies too, so they are kept by label until all summaries are there.  Caller frees. */
pilot_quality_t *pilot_quality_summarize(const pilot_frame_t *frame,
                                         const pilot_variable_t *outcome, size_t outcomes,
                                         const pilot_variable_t *probability, bool across);
void pilot_quality_free(pilot_quality_t *quality); /* NULL is fine */

void pilot_quality_pack(const pilot_quality_t *quality, pilot_piece_t *piece);
pilot_status_t pilot_quality_unpack(pilot_piece_reader_t *reader, pilot_quality_t **ret_quality,
                                    pilot_error_t *error);

/* The checks of one agency (count 1) or of all of them.  probability: declared assignment
 * probability of each arm, or NULL: then sample_ratio gives no test.
 * Returns the rows, `*ret_rows` of them, in the order of docs/methods/quality.md; caller frees with
 * free. */
pilot_quality_row_t *pilot_quality_check(const pilot_quality_t *const *quality, size_t count,
                                         const double *probability, size_t *ret_rows);

/* Pearson's test of units by arm against assignment probabilities; alarm: p < 0.001.  The row
 * `sample_ratio` of all arms. */
typedef struct pilot_sample_ratio {
    double statistic, df, p_value;
    bool alarm;
} pilot_sample_ratio_t;

/* probability: of each arm, taken in proportion to their sum.  False when there is no test: fewer
 * than two arms, no unit, or a probability that is not above 0. */
bool pilot_quality_sample_ratio(const uint64_t *units, const double *probability, size_t arms,
                                pilot_sample_ratio_t *ret_test);

#endif
