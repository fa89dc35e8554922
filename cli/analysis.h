/* analysis.h - what the subcommands ask the database about analyses, and wait for. */
#ifndef PILOT_CLI_ANALYSIS_H
#define PILOT_CLI_ANALYSIS_H

#include "context.h"
#include "stack.h"

typedef struct pilot_analysis_state {
    char state[16]; /* queued running done failed cancelled */
    int64_t jobs, jobs_done, jobs_failed;
    bool confirmatory;
} pilot_analysis_state_t;

/* An analysis' id as an operand; PILOT_E_USAGE when it is not a whole number. */
pilot_status_t pilot_analysis_parse(const char *text, int64_t *ret_analysis, pilot_error_t *error);

/* Does a coordinator serve the database at this moment?  Embedded: is the stack of `pilot up` up?
 */
pilot_status_t pilot_analysis_is_served(pilot_context_t *context, bool *ret_served,
                                        pilot_error_t *error);

/* work.launch: all current submissions (submissions NULL) or exactly these ("{1,2}"). */
pilot_status_t pilot_analysis_launch(pilot_db_t *db, const char *pilot, const char *submissions,
                                     const char *exploratory, int64_t *ret_analysis,
                                     pilot_error_t *error);

pilot_status_t pilot_analysis_read(pilot_db_t *db, int64_t analysis,
                                   pilot_analysis_state_t *ret_state, pilot_error_t *error);

/* Why an analysis is not confirmatory (caller frees), or NULL: it is.  released: as the public is
 * told. */
pilot_status_t pilot_analysis_why_not(pilot_db_t *db, int64_t analysis, bool released,
                                      char **ret_why, pilot_error_t *error);

/* What a person should know of an analysis at its start, on stderr: agencies that the plan lists
 * and it has no data of; why it is not confirmatory. */
pilot_status_t pilot_analysis_say_remarks(pilot_db_t *db, int64_t analysis, pilot_error_t *error);

/* That rows which it froze were purged since, if so. */
pilot_status_t pilot_analysis_say_purged(pilot_db_t *db, int64_t analysis, pilot_error_t *error);

/* Wait until the analysis has ended, with progress when stderr is a terminal.  stack (NULL: others
 * compute) is watched meanwhile.  PILOT_E_JOBS_FAILED when it ended with failed jobs;
 * PILOT_E_INTERRUPTED leaves it as it is. */
pilot_status_t pilot_analysis_follow(pilot_context_t *context, int64_t analysis,
                                     pilot_stack_t *stack, pilot_analysis_state_t *ret_state,
                                     pilot_error_t *error);

/* Start what is needed, follow, and end it again: all children are gone in any case.  give_up: an
 * analysis that was not computed to its end (interrupted, no coordinator) is cancelled, not left
 * for the next coordinator. */
pilot_status_t pilot_analysis_compute(pilot_context_t *context, int64_t analysis, int64_t workers,
                                      bool give_up, pilot_error_t *error);

/* Who launched, followed and reads what the public sees should not have to ask twice: a release
 * follows an analysis' end by some seconds.  analysis: 0: any of the pilot. */
pilot_status_t pilot_analysis_wait_for_release(pilot_db_t *db, const char *pilot, int64_t analysis,
                                               pilot_error_t *error);

#endif
