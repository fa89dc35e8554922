/* progress.h - one line that tells how far the work is, drawn over itself on a terminal's stderr;
 * nothing elsewhere. */
#ifndef PILOT_CLI_PROGRESS_H
#define PILOT_CLI_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct pilot_progress {
    bool drawn;
    bool enabled;
    int64_t begun_ms;
} pilot_progress_t;

void pilot_progress_begin(pilot_progress_t *progress, bool enabled);
/* total 0: not known yet. */
void pilot_progress_update(pilot_progress_t *progress, int64_t done, int64_t total, int64_t failed);
void pilot_progress_end(pilot_progress_t *progress); /* wipes the line */

/* The line itself, without control characters; elapsed in ms. */
void pilot_progress_line(char *line, size_t size, int64_t done, int64_t total, int64_t failed,
                         int64_t elapsed_ms);

#endif
