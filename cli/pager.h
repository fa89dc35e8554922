/* pager.h - a long text for a person at a terminal, through their pager. */
#ifndef PILOT_CLI_PAGER_H
#define PILOT_CLI_PAGER_H

#include "context.h"

/* Write the text to stdout; if stdout is a terminal with fewer lines than it has, through $PAGER,
 * or else less if it is there and the terminal is not a dumb one.  A pager that cannot be run is no
 * error: the text is written then.  Waits for the pager's end; its exit status does not count.
 * Ctrl-C is the pager's: if it dies of it, or pilot is to stop, PILOT_E_INTERRUPTED. */
pilot_status_t pilot_pager_show(pilot_context_t *context, const char *text, size_t length,
                                pilot_error_t *error);

#endif
