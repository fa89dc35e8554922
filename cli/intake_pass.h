/* intake_pass.h - one reading of the files of a load: what intake.c (rows in) and intake_conclude.c
 * (what became of them) share. */
#ifndef PILOT_CLI_INTAKE_PASS_H
#define PILOT_CLI_INTAKE_PASS_H

#include <pthread.h>
#include <stdatomic.h>

#include "intake.h"
#include "intake_gather.h"
#include "intake_input.h"
#include "intake_reader.h"
#include "intake_spill.h"

/* One reading of the files.  The reader runs in the caller's thread, the rest in one of its own;
 * what both touch is atomic, or handed over with a chunk. */
typedef struct pilot_pass {
    pilot_db_t *db; /* NULL: check */
    int64_t plan_id;
    const pilot_intake_options_t *options;
    pilot_intake_layout_t layout;
    pilot_input_t *input;
    size_t inputs;
    char all_sha256[PILOT_SHA256_HEX_SIZE];   /* of all inputs together */
    char keyed_sha256[PILOT_SHA256_HEX_SIZE]; /* of the agency asked last */

    pilot_assignments_t *assignments; /* NULL: nothing to check against */

    pilot_agencies_t *agencies;
    pilot_problems_t *reader_problems, *gather_problems;
    pilot_chunk_queue_t *queue;
    pilot_reader_t *reader;
    pilot_gather_t *gather;
    pilot_spill_t *spill; /* rows come in any order */
    pilot_load_t *load;
    atomic_bool rejected;               /* a problem was found: send no more */
    uint64_t total_bytes, bytes_before; /* of all inputs; of those before the one in hand */

    pthread_t thread;
    pilot_status_t store_status; /* of the storing side */
    pilot_error_t store_error;
} pilot_pass_t;

/* After the last file: seal the load, or keep the report of what is wrong.  Fills *result. */
pilot_status_t pilot_pass_conclude(pilot_pass_t *pass, pilot_intake_result_t *result,
                                   pilot_error_t *error);

#endif
