/* pilot/options.h - one table of options a program or subcommand: parsing, environment, config file
 * and --help all come from it.  Precedence: flag > environment > file > default.
 *
 * Config file (--config FILE, or $PILOT_CONFIG): lines `name = value`, `#` comments; names are the
 * long options without dashes; a name that no program of ours has is an error with file:line. */
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

typedef struct pilot_option {
    const char *name; /* long name without dashes; NULL ends the table */
    pilot_option_type_t type;
    void *target;            /* holds the default before the call */
    const char *argument;    /* name of the value in help: "FILE" */
    const char *environment; /* or NULL */
    const char *help;        /* one line */
    const char *choices;
    int64_t minimum, maximum;
} pilot_option_t;

/* Parse argv[1..]; options and operands may mix, "--" ends options, --name=value and --name value.
 * Operands are moved to the front: argv[1 .. *ret_operands].  --config is understood by itself.
 * PILOT_E_USAGE: "--workers: 'x' is not a whole number; see pilot run --help". */
pilot_status_t pilot_options_parse(const pilot_option_t *options, const char *command, int argc,
                                   char **argv, int *ret_operands, pilot_error_t *error);

/* Usage line, description and the table's options, wrapped at 80 columns, on stdout. */
void pilot_options_help(const pilot_option_t *options, const char *usage, const char *description);

/* "pilot 0.1.0 (PostgreSQL client 15.4, ZeroMQ 4.3.4, GSL 2.7.1, ...)" on stdout. */
void pilot_options_version(const char *program);

#endif
