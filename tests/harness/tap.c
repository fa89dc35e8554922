#include "tap.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static int checks, failures;

static bool report(bool condition, const char *file, int line, const char *name, va_list arguments)
{
    checks++;
    printf("%s %d - ", condition ? "ok" : "not ok", checks);
    vprintf(name, arguments);
    putchar('\n');
    if (!condition) {
        failures++;
        printf("#   at %s line %d\n", file, line);
    }
    fflush(stdout);
    return condition;
}

bool tap_check(bool condition, const char *file, int line, const char *name, ...)
{
    va_list arguments;
    va_start(arguments, name);
    report(condition, file, line, name, arguments);
    va_end(arguments);
    return condition;
}

bool tap_close(double got, double want, double relative, const char *file, int line,
               const char *name, ...)
{
    bool close = fabs(got - want) <= relative * fmax(fabs(want), 1e-300);
    va_list arguments;
    va_start(arguments, name);
    report(close, file, line, name, arguments);
    va_end(arguments);
    if (!close)
        printf("#   got %.17g\n#   want %.17g (relative %.2g, allowed %.2g)\n", got, want,
               fabs(got - want) / fmax(fabs(want), 1e-300), relative);
    return close;
}

bool tap_text(const char *got, const char *want, const char *file, int line, const char *name, ...)
{
    bool same = got && want ? strcmp(got, want) == 0 : got == want;
    va_list arguments;
    va_start(arguments, name);
    report(same, file, line, name, arguments);
    va_end(arguments);
    if (!same)
        printf("#   got  %s\n#   want %s\n", got ? got : "(null)", want ? want : "(null)");
    return same;
}

int tap_done(void)
{
    printf("1..%d\n", checks);
    return failures || checks == 0;
}
