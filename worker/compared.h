/* compared.h - the rows of one effect across agencies: what statistics say of it, as messages.
 * Pure. */
#ifndef PILOT_WORKER_COMPARED_H
#define PILOT_WORKER_COMPARED_H

#include "analysis.h"
#include "report.h"
#include "subsets.h"

/* An effect row, its names as numbers. */
typedef struct pilot_compared_entry {
    size_t agency, outcome, subset, arm;
    size_t slot; /* index into analysis->slots->slot */
    bool gap;
    const char *estimator; /* static */
    const char *reason;    /* static; NULL: none */
    uint64_t persons;
    pilot_number_t estimate, std_error;
} pilot_compared_entry_t;

/* One effect; all borrowed. */
typedef struct pilot_compared_key {
    const pilot_analysis_t *analysis;
    char *const *agency; /* names */
    char *const *value;  /* of attributes, [agency][spec->compared_by], NULL: missing; or NULL */
    uint64_t given_up;
    const pilot_row_key_t *key;
    const pilot_subset_t *subset;
    const char *estimator;
    const pilot_compared_entry_t *entry; /* of this key, in agency order */
    size_t entries;
} pilot_compared_key_t;

/* Its rows, into the report (which borrows the names). */
void pilot_compared_report(const pilot_compared_key_t *compared, pilot_report_t *report);

#endif
