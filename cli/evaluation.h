/* evaluation.h - reads all of one analysis, from results.* or, released, from dashboard.*. */
#ifndef PILOT_CLI_EVALUATION_H
#define PILOT_CLI_EVALUATION_H

#include "pilot/database.h"
#include "pilot/evaluation.h"

typedef struct pilot_evaluation_query {
    const char *pilot; /* NULL: whatever pilot the analysis is of */
    int64_t analysis;  /* 0: the pilot's latest finished one; released: its latest released one */
    bool released;
    bool
        whole_sample; /* of agencies' rows those of the whole sample alone: most are of subgroups */
} pilot_evaluation_query_t;

/* In one snapshot, read only.  PILOT_E_NOT_FOUND: no such pilot or analysis, or nothing of it is
 * released.  Caller frees with pilot_evaluation_free. */
pilot_status_t pilot_evaluation_read(pilot_db_t *db, const pilot_evaluation_query_t *query,
                                     pilot_evaluation_t **ret_evaluation, pilot_error_t *error);
void pilot_evaluation_free(pilot_evaluation_t *evaluation); /* NULL is fine */

#endif
