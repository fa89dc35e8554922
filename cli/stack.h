/* stack.h - a coordinator and workers as children of this process (pilot run, launch --follow), or
 * in the background (pilot up, pilot down).  The programs stand beside this one. */
#ifndef PILOT_CLI_STACK_H
#define PILOT_CLI_STACK_H

#include "context.h"

#define PILOT_STACK_MAX_WORKERS 64

typedef struct pilot_stack pilot_stack_t;

/* How many workers when nobody says: the cores this process may use. */
int64_t pilot_stack_default_workers(void);

/* Start a coordinator and `workers` workers on the opened database.  They die with this process,
 * whatever kills it.  Their logs are kept in memory and told only when one fails. */
pilot_status_t pilot_stack_start(pilot_context_t *context, int64_t workers,
                                 pilot_stack_t **ret_stack, pilot_error_t *error);

/* Have all children still the right to run?  A worker that a signal killed is started again; any
 * other end is PILOT_E_COORDINATOR with the child's last words. */
pilot_status_t pilot_stack_check(pilot_stack_t *stack, pilot_error_t *error);

/* End the children and wait for them: asked to drain first, killed after a moment; at_once: the
 * moment is short.  NULL is fine. */
void pilot_stack_stop(pilot_stack_t *stack, bool at_once);

/* ---- in the background -------------------------------------------------------------------------
 */

/* Is the stack of this embedded cluster up?  *ret_workers (NULL allowed): its living workers. */
bool pilot_stack_is_up(const pilot_context_t *context, int *ret_workers);

/* Start what is not running of a coordinator and `workers` workers; they outlive this process, and
 * log to DIR/log.  *ret_started: how many processes were started. */
pilot_status_t pilot_stack_up(pilot_context_t *context, int64_t workers, int *ret_started,
                              pilot_error_t *error);

/* End them; *ret_ended: how many processes were running. */
pilot_status_t pilot_stack_down(pilot_context_t *context, int *ret_ended, pilot_error_t *error);

#endif
