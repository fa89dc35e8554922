#include "context.h"

#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <unistd.h>

#include "pilot/conninfo.h"
#include "pilot/memory.h"
#include "pilot/signals.h"

void pilot_say(const char *format, ...)
{
    fflush(stdout); /* the two keep their order where they are one */
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}

void pilot_context_init(pilot_context_t *context, const char *program)
{
    *context = (pilot_context_t){.program = program};
    /* Only the character set matters; numbers keep their point. */
    setlocale(LC_CTYPE, "");
    context->utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    context->interrupt_fd = pilot_signals_open();
    context->terminal_out = isatty(STDOUT_FILENO) == 1;
    context->terminal_err = isatty(STDERR_FILENO) == 1;
    context->width = 80;
    struct winsize size;
    if (context->terminal_out && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 40)
        context->width = size.ws_col;
}

void pilot_context_close(pilot_context_t *context)
{
    pilot_db_close(context->db);
    if (context->cluster)
        pilot_cluster_close(context->cluster);
    pilot_text_clear(&context->out);
    context->db = NULL;
    context->cluster = NULL;
}

/* ---- options -----------------------------------------------------------------------------------
 */

static void write_man(pilot_text_t *out, const pilot_option_t *options, const char *command,
                      const char *operands, const char *description)
{
    pilot_text_appendf(out, ".SS pilot %s %s\n%s\n", command, operands, description);
    for (const pilot_option_t *option = options; option->name; option++) {
        pilot_text_appendf(out, ".TP\n.BR \\-\\-%s", option->name);
        if (option->type != PILOT_OPTION_FLAG)
            pilot_text_appendf(out, " \" \" \\fI%s\\fR",
                               option->argument ? option->argument : "VALUE");
        pilot_text_appendf(out, "\n%s", option->help);
        if (option->choices)
            pilot_text_appendf(out, " (%s)", option->choices);
        if (option->environment)
            pilot_text_appendf(out, "; environment \\fB%s\\fR", option->environment);
        pilot_text_append(out, ".\n");
    }
}

/* One line a subcommand: its name, then its options. */
static void write_completion(pilot_text_t *out, const pilot_option_t *options, const char *command)
{
    pilot_text_append(out, command);
    for (const pilot_option_t *option = options; option->name; option++)
        pilot_text_appendf(out, " --%s", option->name);
    pilot_text_append_char(out, '\n');
}

/* --dir and --db exclude each other; between sources the stronger one wins. */
static pilot_status_t choose_mode(pilot_context_t *context, pilot_error_t *error)
{
    if (context->conninfo && !context->conninfo[0])
        context->conninfo = NULL;
    if (context->dir && !context->dir[0])
        context->dir = NULL;
    if (context->dir && context->conninfo && context->dir_source == context->conninfo_source)
        return pilot_error_set(error, PILOT_E_USAGE,
                               context->dir_source == PILOT_SOURCE_FLAG
                                   ? "--dir and --db exclude each other: give one of them"
                                   : "a data directory and a database are both configured "
                                     "(PILOT_DIR, PILOT_DB or the config file): choose one with "
                                     "--dir or --db");
    if (context->conninfo_source == PILOT_SOURCE_FLAG && context->conninfo) {
        pilot_status_t status = pilot_conninfo_refuse_secret(context->conninfo, error);
        if (status)
            return status;
    }
    context->embedded =
        !context->conninfo || (context->dir && context->dir_source > context->conninfo_source);
    return PILOT_OK;
}

pilot_status_t pilot_context_parse(pilot_context_t *context, const pilot_option_t *options,
                                   const char *operands, const char *description, int minimum,
                                   int maximum, int argc, char **argv, int *ret_operands,
                                   pilot_error_t *error)
{
    const char *command = argv[0];
    if (context->mode != PILOT_PARSE_RUN) {
        context->done = true;
        if (context->mode == PILOT_PARSE_MAN)
            write_man(&context->out, options, command, operands, description);
        else
            write_completion(&context->out, options, command);
        return PILOT_OK;
    }
    char *name PILOT_AUTOFREE = pilot_format("pilot %s", command);
    int count = 0;
    pilot_status_t status = pilot_options_parse(options, name, argc, argv, &count, error);
    if (context->help) {
        char *usage PILOT_AUTOFREE = pilot_format("%s %s [OPTION]...", name, operands);
        pilot_options_help(options, usage, description);
        context->done = true;
        return PILOT_OK;
    }
    if (status)
        return status;
    if (count < minimum)
        return pilot_error_set(error, PILOT_E_USAGE, "usage: %s %s; see %s --help", name, operands,
                               name);
    if (maximum >= 0 && count > maximum)
        return pilot_error_set(error, PILOT_E_USAGE, "'%s' is one argument too many; see %s --help",
                               argv[maximum + 1], name);
    *ret_operands = count;
    return choose_mode(context, error);
}

/* ---- the database ------------------------------------------------------------------------------
 */

bool pilot_context_is_embedded(const pilot_context_t *context)
{
    return context->embedded;
}

const char *pilot_context_conninfo(const pilot_context_t *context)
{
    return context->cluster ? pilot_cluster_conninfo(context->cluster) : context->conninfo;
}

static pilot_status_t open_cluster(pilot_context_t *context, pilot_error_t *error)
{
    char *fallback PILOT_AUTOFREE = context->dir ? NULL : pilot_cluster_default_dir();
    return pilot_cluster_open(context->dir ? context->dir : fallback, context->interrupt_fd,
                              &context->cluster, error);
}

/* Between half and one and a half times `ms`, so that those who were turned away together do not
 * come back together; ends early when the person wants out. */
static pilot_status_t wait_about(const pilot_context_t *context, int ms, pilot_error_t *error)
{
    uint16_t chance = 0;
    if (getrandom(&chance, sizeof chance, GRND_NONBLOCK) < 0)
        chance = (uint16_t)getpid();
    struct pollfd wait = {.fd = context->interrupt_fd, .events = POLLIN};
    if (poll(&wait, 1, ms / 2 + (int)((int64_t)ms * chance / UINT16_MAX)) > 0)
        return pilot_error_set(error, PILOT_E_INTERRUPTED, "interrupted");
    return PILOT_OK;
}

/* A server that has no connection to spare gets one soon: half a minute, then it is an error. */
static pilot_status_t connect_patiently(pilot_context_t *context, pilot_db_t **ret_db,
                                        pilot_error_t *error)
{
    static const int wait_ms[] = {250, 500, 1000, 2000, 4000, 4000, 4000, 4000, 4000, 4000};
    pilot_error_t answer = {0};
    pilot_status_t status =
        pilot_db_open(pilot_context_conninfo(context), "pilot", ret_db, &answer);
    if (status && pilot_db_is_full(&answer))
        pilot_say("the server has no connection to spare; trying again for half a minute");
    for (size_t i = 0; i < sizeof wait_ms / sizeof *wait_ms && pilot_db_is_full(&answer); i++) {
        status = wait_about(context, wait_ms[i], error);
        if (status)
            return status;
        answer = (pilot_error_t){0};
        status = pilot_db_open(pilot_context_conninfo(context), "pilot", ret_db, &answer);
    }
    if (status && error)
        *error = answer;
    return status;
}

pilot_status_t pilot_context_db_new(pilot_context_t *context, pilot_db_t **ret_db,
                                    pilot_error_t *error)
{
    pilot_status_t status;
    if (context->embedded && !context->cluster) {
        status = open_cluster(context, error);
        if (status)
            return status;
    }
    pilot_db_t *db = NULL;
    status = connect_patiently(context, &db, error);
    if (status)
        return status;
    pilot_db_interrupt_fd(db, context->interrupt_fd);
    status = pilot_db_check_schema(db, error);
    if (status) {
        pilot_db_close(db);
        return status;
    }
    *ret_db = db;
    return PILOT_OK;
}

pilot_status_t pilot_context_db(pilot_context_t *context, pilot_db_t **ret_db, pilot_error_t *error)
{
    if (!context->db) {
        pilot_status_t status = pilot_context_db_new(context, &context->db, error);
        if (status)
            return status;
    }
    *ret_db = context->db;
    return PILOT_OK;
}

pilot_status_t pilot_context_check(const pilot_context_t *context, pilot_error_t *error)
{
    struct pollfd poll_fd = {.fd = context->interrupt_fd, .events = POLLIN};
    if (context->interrupt_fd >= 0 && poll(&poll_fd, 1, 0) > 0)
        return pilot_error_set(error, PILOT_E_INTERRUPTED, "interrupted");
    return PILOT_OK;
}

static void append_quoted(pilot_text_t *text, const char *word)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=@%+,";
    if (word[0] && word[strspn(word, plain)] == '\0') {
        pilot_text_append(text, word);
        return;
    }
    pilot_text_append_char(text, '\'');
    for (; *word; word++) {
        if (*word == '\'')
            pilot_text_append(text, "'\\''");
        else
            pilot_text_append_char(text, *word);
    }
    pilot_text_append_char(text, '\'');
}

char *pilot_context_flags(const pilot_context_t *context)
{
    pilot_text_t text = PILOT_TEXT_INIT;
    pilot_text_append(&text, "");
    if (context->embedded && context->dir && context->dir_source == PILOT_SOURCE_FLAG) {
        pilot_text_append(&text, " --dir ");
        append_quoted(&text, context->dir);
    } else if (!context->embedded && context->conninfo_source == PILOT_SOURCE_FLAG) {
        pilot_text_append(&text, " --db ");
        append_quoted(&text, context->conninfo);
    }
    return pilot_text_take(&text);
}
