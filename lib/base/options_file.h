/* The config file: lines `name = value`. */
#ifndef PILOT_BASE_OPTIONS_FILE_H
#define PILOT_BASE_OPTIONS_FILE_H

#include <stdbool.h>

#include "pilot/error.h"

/* is_ours: a name of the program's own table, beside those that all programs know.
 * set: called once a line, in order; `value` lives as long as the process. */
pilot_status_t
pilot_options_file_read(const char *path, bool (*is_ours)(void *context, const char *name),
                        void *is_ours_context,
                        pilot_status_t (*set)(void *context, const char *name, const char *value,
                                              int line, pilot_error_t *error),
                        void *set_context, pilot_error_t *error);

#endif
