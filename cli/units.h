/* units.h - a file of units in memory: who is to be assigned, or was, with the checks of any other
 * data file.  About 100 bytes a unit. */
#ifndef PILOT_CLI_UNITS_H
#define PILOT_CLI_UNITS_H

#include <stdio.h>

#include "intake_agencies.h"
#include "intake_chunk.h"
#include "intake_layout.h"
#include "keyring.h"
#include "pilot/assign.h"
#include "pilot/hash.h"
#include "problem_report.h"

typedef struct pilot_units {
    const pilot_plan_t *plan; /* borrowed */
    const char *path;
    bool with_arms; /* the file's arms were read; else each record's arm is to be set */
    pilot_stored_column_t stored[4];
    pilot_intake_layout_t layout;                 /* unit, arm, block, cluster */
    const pilot_intake_column_t *block, *cluster; /* NULL: the plan has none */
    pilot_agencies_t *agencies;
    pilot_problems_t *problems;
    pilot_chunk_queue_t *queue;
    pilot_chunk_t *first, *last;
    pilot_record_t **record; /* as in the file */
    size_t count;
    bool passed_over_arms; /* the file has arms that were not read */
    char file_sha256[PILOT_SHA256_HEX_SIZE];
} pilot_units_t;

typedef struct pilot_units_options {
    const char *agency; /* whose they are; NULL: the plan's column, or the file's name ... */
    bool name_by_file;  /* ... if that may be */
    bool with_arms;
    pilot_keyring_t *keys; /* units become pseudonyms; NULL: they do not */
    int interrupt_fd;      /* -1: none */
} pilot_units_options_t;

/* Read and check each row by itself.  PILOT_OK also when ret_units->problems holds some.
 * *ret_units is to be cleared in any case; `path` is borrowed. */
pilot_status_t pilot_units_read(const pilot_plan_t *plan, const char *path,
                                const pilot_units_options_t *options, pilot_units_t *ret_units,
                                pilot_error_t *error);
void pilot_units_clear(pilot_units_t *units);

/* Further checks, told in units->problems: a unit stands once (in its agency; at level across in
 * all), what is randomized as a whole in one block, and with_arms in one arm. */
void pilot_units_check(pilot_units_t *units);

/* A label that may be absent: of the record's block or cluster, say. */
typedef struct pilot_label {
    const char *bytes;
    size_t length;
} pilot_label_t;

pilot_label_t pilot_units_block(const pilot_units_t *units, const pilot_record_t *record);
pilot_label_t pilot_units_cluster(const pilot_units_t *units, const pilot_record_t *record);
/* What is randomized as a whole: the cluster, else at level across the agency, else the unit. */
pilot_label_t pilot_units_whole(const pilot_units_t *units, const pilot_record_t *record);
int pilot_label_compare(pilot_label_t a, pilot_label_t b); /* by bytes */

/* What is assigned by itself: an agency, or at level across everything (0). */
static inline uint32_t pilot_units_group(const pilot_units_t *units, const pilot_record_t *record)
{
    return units->plan->level == PILOT_LEVEL_ACROSS ? 0 : record->agency;
}

/* unit, agency, block, cluster as the plan names them, in this order of records; then, if wanted,
 * arm and, with shares and if the plan has a column for it, probability. */
void pilot_units_write(const pilot_units_t *units, pilot_record_t *const *order, bool arms,
                       const pilot_shares_t *shares, FILE *file);

/* Records in the order of (group, block, whole, unit), bytewise; caller frees. */
pilot_record_t **pilot_units_ranked(const pilot_units_t *units);
/* Records in the order of (agency, unit); caller frees. */
pilot_record_t **pilot_units_by_agency(const pilot_units_t *units);

#endif
