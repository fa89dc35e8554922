/* output.h - a file that is there whole or not at all: written beside its name, renamed at the
 * end.  "-" and NULL are stdout; what is no regular file (a pipe, /dev/null) is written directly.
 */
#ifndef PILOT_CLI_OUTPUT_H
#define PILOT_CLI_OUTPUT_H

#include <stdio.h>

#include "pilot/error.h"
#include "pilot/text.h"

typedef struct pilot_output {
    FILE *file;
    const char *path; /* NULL: stdout */
    char *temporary;  /* NULL: written directly */
} pilot_output_t;

/* Could it be written?  For a file that is wanted only after long work. */
pilot_status_t pilot_output_check(const char *path, pilot_error_t *error);

pilot_status_t pilot_output_open(const char *path, pilot_output_t *ret_output,
                                 pilot_error_t *error);
/* Flush stdout.  A reader that has seen enough (`| head`) is no error. */
pilot_status_t pilot_output_flush(pilot_error_t *error);
/* Close, and give the file its name. */
pilot_status_t pilot_output_finish(pilot_output_t *output, pilot_error_t *error);
/* A whole file at once; what was there before stays if it cannot be written. */
pilot_status_t pilot_output_text(const char *path, const pilot_text_t *text, pilot_error_t *error);
/* Close and remove. */
void pilot_output_abandon(pilot_output_t *output);

#endif
