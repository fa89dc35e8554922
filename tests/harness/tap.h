/* tap.h - the Test Anything Protocol: one line a check, its name an expectation. */
#ifndef PILOT_TAP_H
#define PILOT_TAP_H

#include <stdbool.h>

/* Print "ok N - name" or "not ok N - name" with file and line; returns the condition. */
bool tap_check(bool condition, const char *file, int line, const char *name, ...)
    __attribute__((format(printf, 4, 5)));
/* |got - want| <= relative * max(|want|, tiny); both are told when it fails. */
bool tap_close(double got, double want, double relative, const char *file, int line,
               const char *name, ...) __attribute__((format(printf, 6, 7)));
bool tap_text(const char *got, const char *want, const char *file, int line, const char *name, ...)
    __attribute__((format(printf, 5, 6)));
/* Plan line and exit status; `return tap_done();` ends main. */
int tap_done(void);

#define ok(condition, ...) tap_check((condition), __FILE__, __LINE__, __VA_ARGS__)
#define is_close(got, want, relative, ...)                                                         \
    tap_close((got), (want), (relative), __FILE__, __LINE__, __VA_ARGS__)
#define is_text(got, want, ...) tap_text((got), (want), __FILE__, __LINE__, __VA_ARGS__)

#endif
