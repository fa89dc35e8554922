/* context.h - what every subcommand of `pilot` shares: options that all of them have, where the
 * data lives (an embedded cluster or a server, opened when first asked for), and the person's wish
 * to stop. */
#ifndef PILOT_CLI_CONTEXT_H
#define PILOT_CLI_CONTEXT_H

#include <stdbool.h>

#include "pilot/cluster.h"
#include "pilot/database.h"
#include "pilot/error.h"
#include "pilot/options.h"
#include "pilot/text.h"

/* What pilot_context_parse does with a subcommand's option table. */
typedef enum pilot_parse_mode {
    PILOT_PARSE_RUN,        /* parse argv */
    PILOT_PARSE_MAN,        /* write the subcommand's section of the manual page to context->out */
    PILOT_PARSE_COMPLETION, /* write its option names for the shell */
} pilot_parse_mode_t;

typedef struct pilot_context {
    const char *program; /* as the person typed it, for commands that we suggest; borrowed */

    /* Set by the options that all subcommands have. */
    const char *dir, *conninfo;
    pilot_option_source_t dir_source, conninfo_source;
    bool help;

    pilot_parse_mode_t mode;
    pilot_text_t out; /* MAN and COMPLETION */
    /* The command line is dealt with (--help, or a mode other than RUN): return PILOT_OK now. */
    bool done;

    int interrupt_fd;  /* readable: SIGINT, SIGTERM or SIGHUP came */
    bool terminal_out; /* stdout is a terminal */
    bool terminal_err; /* stderr is a terminal: progress may be drawn */
    bool utf8;         /* the locale's character set is UTF-8 */
    int width;         /* columns of the terminal on stdout; 80 when it is none */

    bool embedded;
    pilot_cluster_t *cluster; /* NULL in server mode */
    pilot_db_t *db;
} pilot_context_t;

/* The options that every subcommand has; put them last in its table. */
#define PILOT_CONTEXT_OPTIONS(c)                                                                   \
    {.name = "dir",                                                                                \
     .type = PILOT_OPTION_TEXT,                                                                    \
     .target = &(c)->dir,                                                                          \
     .argument = "DIR",                                                                            \
     .environment = "PILOT_DIR",                                                                   \
     .help = "keep the data in a private PostgreSQL under DIR",                                    \
     .source = &(c)->dir_source},                                                                  \
        {.name = "db",                                                                             \
         .type = PILOT_OPTION_TEXT,                                                                \
         .target = &(c)->conninfo,                                                                 \
         .argument = "CONNINFO",                                                                   \
         .environment = "PILOT_DB",                                                                \
         .help = "use this PostgreSQL server instead (connection string or URI)",                  \
         .source = &(c)->conninfo_source},                                                         \
    {                                                                                              \
        .name = "help", .type = PILOT_OPTION_FLAG, .target = &(c)->help, .help = "show this help"  \
    }

/* Open what the process needs from the start: signals, terminal, locale. */
void pilot_context_init(pilot_context_t *context, const char *program);
/* Close the session and give the cluster back. */
void pilot_context_close(pilot_context_t *context);

/* First call of every subcommand: its table (ended by {0}), "PLAN.yaml DATA.csv..." and a
 * description for help, and how many operands it takes (maximum -1: any number).  Operands then
 * stand in argv[1 .. *ret_operands].  When context->done is true afterwards, return PILOT_OK. */
pilot_status_t pilot_context_parse(pilot_context_t *context, const pilot_option_t *options,
                                   const char *operands, const char *description, int minimum,
                                   int maximum, int argc, char **argv, int *ret_operands,
                                   pilot_error_t *error);

/* The session, opened (and in embedded mode the cluster started) at the first call; borrowed.
 * Its schema has been checked and interrupts end its waits. */
pilot_status_t pilot_context_db(pilot_context_t *context, pilot_db_t **ret_db,
                                pilot_error_t *error);

/* One session more on the same database, with the same checks; the caller closes it. */
pilot_status_t pilot_context_db_new(pilot_context_t *context, pilot_db_t **ret_db,
                                    pilot_error_t *error);

/* Connection string of the opened database; borrowed. */
const char *pilot_context_conninfo(const pilot_context_t *context);

/* Is the data in the embedded cluster?  May be asked before anything is opened (after parse). */
bool pilot_context_is_embedded(const pilot_context_t *context);

/* Has the person asked to stop?  PILOT_E_INTERRUPTED then.  Does not take the signal away, so
 * every later wait sees it too. */
pilot_status_t pilot_context_check(const pilot_context_t *context, pilot_error_t *error);

/* "--dir DIR" or "--db CONNINFO" as the person gave it on the command line, quoted for the shell,
 * with a blank before it; else "".  Caller frees. */
char *pilot_context_flags(const pilot_context_t *context);

/* A line for the person on stderr. */
void pilot_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
