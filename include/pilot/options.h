/* pilot/options.h - one table of options a program or subcommand: parsing, environment, config file
 * and --help all come from it.  Precedence: flag > environment > file > default.
 *
 * Config file (--config FILE, or $PILOT_CONFIG): lines `name = value`; lines that begin with `#`
 * are comments; a value is the rest of the line without the blanks around it, as written; names are
 * the long options without dashes; a name that no program of ours has is an error with file:line. A
 * name that another of our programs has is passed over, so that one file serves all.
 * An environment variable that is set but empty counts as not set. */
#ifndef PILOT_OPTIONS_H
#define PILOT_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pilot/error.h"

typedef enum pilot_option_type {
    PILOT_OPTION_TEXT,  /* const char **: points into argv, environ or the config's own memory */
    PILOT_OPTION_FLAG,  /* bool * */
    PILOT_OPTION_COUNT, /* int64_t *: within [minimum, maximum] */
    PILOT_OPTION_SIZE,  /* int64_t *: bytes; 512MB, 2GB, 100kB, or a plain number */
    PILOT_OPTION_CHOICE /* const char **: one of `choices` ("table|csv|json") */
} pilot_option_type_t;

typedef enum pilot_option_source {
    PILOT_SOURCE_DEFAULT,
    PILOT_SOURCE_FILE,
    PILOT_SOURCE_ENVIRONMENT,
    PILOT_SOURCE_FLAG
} pilot_option_source_t;

typedef struct pilot_option {
    const char *name; /* long name without dashes; NULL ends the table */
    pilot_option_type_t type;
    void *target;            /* holds the default before the call */
    const char *argument;    /* name of the value in help: "FILE" */
    const char *environment; /* or NULL */
    const char *help;        /* one line */
    const char *choices;
    int64_t minimum, maximum;      /* both 0: any number >= 0 */
    pilot_option_source_t *source; /* NULL, or gets where the value came from */
} pilot_option_t;

/* Parse argv[1..]; options and operands may mix, "--" ends options, --name=value and --name value.
 * Operands are moved to the front: argv[1 .. *ret_operands].  --config is understood by itself, and
 * -h is --help if the table has that.  The last of repeated options counts.
 * PILOT_E_USAGE: "--workers: 'x' is not a whole number; see pilot run --help". */
pilot_status_t pilot_options_parse(const pilot_option_t *options, const char *command, int argc,
                                   char **argv, int *ret_operands, pilot_error_t *error);

/* Usage line, description and the table's options, wrapped at 80 columns, on stdout. */
void pilot_options_help(const pilot_option_t *options, const char *usage, const char *description);

/* "pilot 0.1.0", then the libraries in use, one a line, on stdout.  libraries: "ZeroMQ 4.3.4", ...,
 * ended by NULL (lib/base includes no other library's headers, so the program lists its own). */
void pilot_options_version(const char *program, const char *const *libraries);

#endif
