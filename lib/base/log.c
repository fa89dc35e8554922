#include "pilot/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static const char *program_name = "pilot";
static pilot_log_level_t least_level = PILOT_LOG_INFO;

void pilot_log_init(const char *program, pilot_log_level_t least)
{
    program_name = program;
    least_level = least;
}

void pilot_log(pilot_log_level_t level, const char *event, const char *format, ...)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};
    if (level < least_level)
        return;
    struct timespec now;
    struct tm utc;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);

    char line[2048];
    size_t length = strftime(line, sizeof line, "%Y-%m-%dT%H:%M:%S", &utc);
    length += (size_t)snprintf(line + length, sizeof line - length,
                               ".%03ldZ level=%s program=%s event=%s ", now.tv_nsec / 1000000,
                               names[level], program_name, event);
    va_list arguments;
    va_start(arguments, format);
    int more = vsnprintf(line + length, sizeof line - length - 1, format, arguments);
    va_end(arguments);
    if (more > 0)
        length += (size_t)more;
    if (length > sizeof line - 2)
        length = sizeof line - 2;
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)line[i] < 0x20)
            line[i] = ' ';
    line[length++] = '\n';
    (void)!write(STDERR_FILENO, line, length); /* one write: lines of threads do not mix */
}
