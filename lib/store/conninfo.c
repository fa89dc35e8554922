#include "pilot/conninfo.h"

#include <errno.h>
#include <fcntl.h>
#include <libpq-fe.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "pilot/memory.h"
#include "pilot/text.h"

/* A pipe takes this much without a reader: no write to it can block. */
enum { MOST_SECRET = PIPE_BUF };

/* libpq marks with "*" what a form should not show. */
static bool is_secret(const PQconninfoOption *option)
{
    return strchr(option->dispchar, '*') != NULL;
}

bool pilot_conninfo_holds_secret(const char *conninfo)
{
    PQconninfoOption *options = PQconninfoParse(conninfo, NULL);
    bool found = false;
    for (const PQconninfoOption *option = options; option && option->keyword; option++)
        found = found || (option->val && is_secret(option));
    PQconninfoFree(options);
    return found;
}

pilot_status_t pilot_conninfo_refuse_secret(const char *conninfo, pilot_error_t *error)
{
    if (!pilot_conninfo_holds_secret(conninfo))
        return PILOT_OK;
    return pilot_error_set(error, PILOT_E_USAGE,
                           "--db: a password on the command line can be read by everybody on this "
                           "machine; put it into ~/.pgpass (or the file named by PGPASSFILE), a "
                           "service file, PGPASSWORD or PILOT_DB, and change it if it is real");
}

void pilot_conninfo_wipe(char *conninfo)
{
    if (conninfo)
        explicit_bzero(conninfo, strlen(conninfo));
    free(conninfo);
}

/* keyword='value', with a blank before all but the first. */
static void append_setting(pilot_text_t *text, const PQconninfoOption *option)
{
    pilot_text_appendf(text, "%s%s='", text->length ? " " : "", option->keyword);
    for (const char *c = option->val; *c; c++) {
        if (*c == '\'' || *c == '\\')
            pilot_text_append_char(text, '\\');
        pilot_text_append_char(text, *c);
    }
    pilot_text_append_char(text, '\'');
}

void pilot_conninfo_split(const char *conninfo, char **ret_open, char **ret_secret)
{
    pilot_text_t open = PILOT_TEXT_INIT, secret = PILOT_TEXT_INIT;
    pilot_text_append(&open, "");
    pilot_text_append(&secret, "");
    PQconninfoOption *options = PQconninfoParse(conninfo, NULL);
    if (!options)
        pilot_text_append(&secret, conninfo);
    for (const PQconninfoOption *option = options; option && option->keyword; option++)
        if (option->val)
            append_setting(is_secret(option) ? &secret : &open, option);
    PQconninfoFree(options);
    *ret_open = pilot_text_take(&open);
    *ret_secret = pilot_text_take(&secret);
}

/* Two texts, each with its NUL: the secrets of the conninfo, and PGPASSWORD, which libpq asks only
 * after a service file: it must not become one of the first. */
pilot_status_t pilot_conninfo_hand_over(const char *conninfo, int *ret_fd, char **ret_open,
                                        pilot_error_t *error)
{
    const char *variable = getenv("PGPASSWORD");
    char *open = NULL, *secret = NULL;
    pilot_conninfo_split(conninfo, &open, &secret);
    size_t first = strlen(secret) + 1, second = variable ? strlen(variable) + 1 : 1;
    int ends[2] = {-1, -1};
    pilot_status_t status = PILOT_OK;
    if (first + second > MOST_SECRET)
        status = pilot_error_set(error, PILOT_E_USAGE, "the database password is longer than %d",
                                 (int)MOST_SECRET);
    else if (pipe2(ends, O_CLOEXEC) != 0)
        status =
            pilot_error_set(error, PILOT_E_COORDINATOR, "cannot make a pipe: %s", strerror(errno));
    else if (write(ends[1], secret, first) != (ssize_t)first ||
             write(ends[1], variable ? variable : "", second) != (ssize_t)second)
        status = pilot_error_set(error, PILOT_E_COORDINATOR, "cannot write to a pipe: %s",
                                 strerror(errno));
    pilot_conninfo_wipe(secret);
    if (ends[1] >= 0)
        close(ends[1]);
    if (status) {
        free(open);
        if (ends[0] >= 0)
            close(ends[0]);
        return status;
    }
    *ret_fd = ends[0];
    *ret_open = *open ? open : pilot_strdup(" "); /* an empty PILOT_DB counts as none */
    if (!*open)
        free(open);
    return PILOT_OK;
}

/* All that the pipe holds, at most MOST_SECRET; the rest of `into` stays zero. */
static void read_secrets(int fd, char into[2 * MOST_SECRET + 2])
{
    size_t length = 0;
    ssize_t got;
    while (length < MOST_SECRET && ((got = read(fd, into + length, MOST_SECRET - length)) > 0 ||
                                    (got < 0 && errno == EINTR)))
        length += got > 0 ? (size_t)got : 0;
    close(fd);
}

char *pilot_conninfo_complete(const char *conninfo)
{
    const char *number = getenv(PILOT_CONNINFO_SECRET_FD);
    char *end = NULL;
    long fd = number && *number ? strtol(number, &end, 10) : -1;
    if (fd <= STDERR_FILENO || fd > INT_MAX || *end)
        return pilot_strdup(conninfo);
    unsetenv(PILOT_CONNINFO_SECRET_FD);
    char secrets[2 * MOST_SECRET + 2] = "";
    read_secrets((int)fd, secrets);
    const char *variable = secrets + strlen(secrets) + 1;
    if (*variable) /* into this process' memory: what /proc shows of it stays as it was */
        setenv("PGPASSWORD", variable, 1);
    char *whole = pilot_format("%s%s%s", conninfo, *conninfo && *secrets ? " " : "", secrets);
    explicit_bzero(secrets, sizeof secrets);
    return whole;
}

void pilot_conninfo_no_core(void)
{
    /* 1, not 0: a core_pattern that is a pipe ignores 0 and heeds 1 (Linux, fs/coredump.c), and a
     * file needs more.  The process stays open to a debugger of its own user. */
    struct rlimit limit;
    if (getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_max >= 1) {
        limit.rlim_cur = 1;
        setrlimit(RLIMIT_CORE, &limit);
    }
}
