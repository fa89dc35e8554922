/* intake_warnings.h - what is odd about an agency's data though it is valid: arms out of
 * proportion, much that is missing, outcomes far from those of the revision before.
 * What rings and when: docs/data.md.  No message holds a value of the data. */
#ifndef PILOT_CLI_INTAKE_WARNINGS_H
#define PILOT_CLI_INTAKE_WARNINGS_H

#include "intake_summary.h"

typedef struct pilot_warning {
    const char *code;   /* "sample_ratio", ...; static */
    const char *column; /* the plan's header, or NULL; borrowed from the plan */
    char *message;
} pilot_warning_t;

typedef struct pilot_warnings {
    pilot_warning_t *item;
    size_t count, capacity;
} pilot_warnings_t;

void pilot_warnings_clear(pilot_warnings_t *warnings); /* frees */

/* The revision before; summary NULL: not known. */
typedef struct pilot_previous {
    int revision; /* 0: there is none */
    uint64_t rows;
    pilot_summary_t *summary; /* by the columns of the layout of now; see known */
    bool *known;              /* columns: had it, and `missing` holds */
} pilot_previous_t;

void pilot_previous_clear(pilot_previous_t *previous); /* frees */

/* Append what rings, in the order of docs/data.md. */
void pilot_warnings_find(const pilot_intake_layout_t *layout, const pilot_summary_t *summary,
                         const pilot_previous_t *previous, pilot_warnings_t *warnings);

/* How far a mean has moved from that of the revision before, in standard deviations of the larger
 * of both; false when that cannot be said.  Infinite where neither varies and they differ. */
bool pilot_mean_shift(const pilot_column_summary_t *now, const pilot_column_summary_t *before,
                      double *ret_shift);

/* [{"code":..,"column":..,"message":..}] */
void pilot_warnings_json(const pilot_warnings_t *warnings, pilot_text_t *json);

#endif
