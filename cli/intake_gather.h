/* intake_gather.h - the second half of an intake: the records of one agency after another are
 * gathered, put in the order of their units, checked against each other, hashed, and sent.
 *
 * An agency that does not fit in memory is sorted in runs, which are merged.  One thread. */
#ifndef PILOT_CLI_INTAKE_GATHER_H
#define PILOT_CLI_INTAKE_GATHER_H

#include "assignments.h"
#include "intake_agencies.h"
#include "intake_chunk.h"
#include "intake_layout.h"
#include "intake_load.h"
#include "intake_summary.h"
#include "problem_report.h"

/* What an agency came to. */
typedef struct pilot_gathered {
    uint32_t agency;
    uint64_t rows;
    bool unchanged; /* its accepted submission has the same content: nothing was sent */
    char content_sha256[PILOT_SHA256_HEX_SIZE];
    pilot_summary_t *summary; /* NULL: too many agencies and columns to keep */
} pilot_gathered_t;

/* All agencies' data against their assignments. */
typedef struct pilot_assignment_tally {
    size_t checked, unchecked; /* agencies with an assignment, and without */
    uint64_t units;            /* assigned in the checked ones */
    uint64_t absent;           /* of these, without a row */
    uint64_t *absent_by_arm;   /* plan->arm_count of them; NULL: nothing was checked */
} pilot_assignment_tally_t;

typedef struct pilot_gather pilot_gather_t;

/* All borrowed for its life. */
typedef struct pilot_gather_setup {
    const pilot_intake_layout_t *layout;
    const pilot_agencies_t *agencies;
    pilot_problems_t *problems;
    pilot_chunk_queue_t *queue; /* chunks are released to it */
    /* The load to send to, asked for when the first agency is complete; it may give NULL (check
     * only, or the load is already lost). */
    pilot_status_t (*load)(void *context, pilot_load_t **ret_load, pilot_error_t *error);
    /* The agency's assignment, or NULL; not given where there is nothing to check against. */
    pilot_status_t (*assigned)(void *context, const pilot_agency_t *agency,
                               const pilot_assigned_t **ret_assigned, pilot_error_t *error);
    bool assignment_required; /* an agency that has none is rejected */
    void *context;
    bool content;  /* hash even where there is no load */
    size_t memory; /* bytes of records at which a run is written; 0: the default */
} pilot_gather_setup_t;

pilot_gather_t *pilot_gather_new(const pilot_gather_setup_t *setup);
void pilot_gather_free(pilot_gather_t *gather); /* NULL is fine */

/* The records of an agency must come together, in the order of the files. */
pilot_status_t pilot_gather_take(pilot_gather_t *gather, pilot_chunk_t *chunk,
                                 pilot_error_t *error);
/* The last agency is complete. */
pilot_status_t pilot_gather_finish(pilot_gather_t *gather, pilot_error_t *error);

/* Agencies so far, in the order in which they came; borrowed, but a summary may be taken from it
 * (its place is then NULL). */
pilot_gathered_t *pilot_gather_result(const pilot_gather_t *gather, size_t *ret_count);
/* Borrowed. */
const pilot_assignment_tally_t *pilot_gather_tally(const pilot_gather_t *gather);

#endif
