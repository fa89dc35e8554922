#include "pilot/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    int exit_status;
} registry[PILOT_STATUS_COUNT] = {
    [PILOT_OK] = {"ok", 0},
    [PILOT_E_USAGE] = {"usage", 2},
    [PILOT_E_FILE] = {"file", 2},
    [PILOT_E_PLAN] = {"plan", 2},
    [PILOT_E_DATA] = {"data", 3},
    [PILOT_E_DATABASE] = {"database", 4},
    [PILOT_E_SCHEMA] = {"schema", 4},
    [PILOT_E_COORDINATOR] = {"coordinator", 4},
    [PILOT_E_PROTOCOL] = {"protocol", 4},
    [PILOT_E_FENCED] = {"fenced", 4},
    [PILOT_E_WITHDRAWN] = {"data_withdrawn", 1},
    [PILOT_E_JOBS_FAILED] = {"jobs_failed", 1},
    [PILOT_E_TAMPERED] = {"tampered", 1},
    [PILOT_E_NOT_FOUND] = {"not_found", 2},
    [PILOT_E_INTERRUPTED] = {"interrupted", 130},
    [PILOT_E_BUG] = {"bug", 70},
};

/* A message is one line whatever was put into it: server texts have newlines, names may have
 * control characters that a terminal would obey. */
static void make_one_line(char *message)
{
    size_t length = strlen(message);
    while (length > 0 && (message[length - 1] == '\n' || message[length - 1] == ' '))
        message[--length] = '\0';
    for (char *c = message; *c; c++) {
        if (*c == '\n' || *c == '\t')
            *c = ' ';
        else if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
    }
}

pilot_status_t pilot_error_set(pilot_error_t *error, pilot_status_t status, const char *format, ...)
{
    if (error) {
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(error->message, sizeof error->message, format, arguments);
        va_end(arguments);
        error->status = status;
        error->sqlstate[0] = '\0';
        make_one_line(error->message);
    }
    return status;
}

pilot_status_t pilot_error_prefix(pilot_error_t *error, const char *format, ...)
{
    if (!error)
        return PILOT_E_BUG;
    char old[PILOT_MESSAGE_SIZE];
    memcpy(old, error->message, sizeof old);
    va_list arguments;
    va_start(arguments, format);
    int prefix = vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
    if (prefix >= 0 && (size_t)prefix < sizeof error->message)
        snprintf(error->message + prefix, sizeof error->message - (size_t)prefix, ": %s", old);
    make_one_line(error->message);
    return error->status;
}

int pilot_status_exit(pilot_status_t status)
{
    return status < PILOT_STATUS_COUNT ? registry[status].exit_status : 70;
}

const char *pilot_status_name(pilot_status_t status)
{
    return status < PILOT_STATUS_COUNT ? registry[status].name : "bug";
}
