/* intake_summary.h - what an agency's data looks like: rows, arms, what is missing, means.  Counted
 * while rows flow, in the order of their units, so that the order of the file does not matter. */
#ifndef PILOT_CLI_INTAKE_SUMMARY_H
#define PILOT_CLI_INTAKE_SUMMARY_H

#include "intake_layout.h"
#include "pilot/text.h"

typedef struct pilot_column_summary {
    uint64_t missing;   /* rows without a value */
    uint64_t numbers;   /* rows with a number; 0 of labels */
    double mean, sd;    /* of these (levels: of 0, 1, 2 ...); sd 0 of fewer than two */
    uint16_t empty_arm; /* an arm all of whose rows lack it, where another arm has it; else
                           PILOT_INTAKE_NO_ARM */
} pilot_column_summary_t;

typedef struct pilot_summary {
    uint64_t rows;
    size_t arms, columns; /* of the plan; of the layout */
    uint64_t *arm_rows;
    uint64_t *arm_units;            /* what was randomized: clusters within blocks, else rows */
    uint64_t *arm_assigned;         /* units of its registered assignment; NULL: it has none */
    pilot_column_summary_t *column; /* by column of the layout */
} pilot_summary_t;

pilot_summary_t *pilot_summary_new(size_t arms, size_t columns);
void pilot_summary_free(pilot_summary_t *summary); /* NULL is fine */

size_t pilot_summary_bytes(const pilot_summary_t *summary);

/* Is it a column that a summary tells of: an outcome, a covariate, treatment received? */
bool pilot_summary_tells(const pilot_stored_column_t *column);
/* Does it tell the mean of it too? */
bool pilot_summary_has_mean(const pilot_column_summary_t *column);

/* {"rows":..,"arms":{..},"units":{..},"columns":{"reading":{"missing":..,"mean":..,"sd":..}}};
 * units where clusters were randomized. */
void pilot_summary_json(const pilot_summary_t *summary, const pilot_intake_layout_t *layout,
                        pilot_text_t *json);

/* The agency in hand. */
typedef struct pilot_summarizer pilot_summarizer_t;

pilot_summarizer_t *pilot_summarizer_new(const pilot_intake_layout_t *layout); /* borrowed */
void pilot_summarizer_free(pilot_summarizer_t *summarizer);                    /* NULL is fine */

/* received_is_arm: pilot_received holds labels, which have no mean. */
void pilot_summarizer_begin(pilot_summarizer_t *summarizer, bool received_is_arm);
/* Codes of its labels have been given; records that were rejected are not counted. */
void pilot_summarizer_row(pilot_summarizer_t *summarizer, const pilot_record_t *record);
/* Caller frees. */
pilot_summary_t *pilot_summarizer_end(pilot_summarizer_t *summarizer);

#endif
