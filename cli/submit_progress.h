/* submit_progress.h - how far the reading of data is, on one line that is drawn over itself on a
 * terminal's stderr; nothing elsewhere. */
#ifndef PILOT_CLI_SUBMIT_PROGRESS_H
#define PILOT_CLI_SUBMIT_PROGRESS_H

#include "intake.h"

typedef struct pilot_submit_progress {
    bool enabled, drawn;
    int64_t begun_ms, drawn_ms;
} pilot_submit_progress_t;

void pilot_submit_progress_begin(pilot_submit_progress_t *progress, bool enabled);
/* As pilot_intake_options_t wants it; context: the pilot_submit_progress_t. */
void pilot_submit_progress_update(void *context, const pilot_intake_progress_t *done);
void pilot_submit_progress_end(pilot_submit_progress_t *progress); /* wipes the line */

/* The line itself, at most 79 columns, without control characters; elapsed in ms. */
void pilot_submit_progress_line(char *line, size_t size, const pilot_intake_progress_t *done,
                                int64_t elapsed_ms);

#endif
