/* pilot/text.h - a growing byte string, numbers as text, and checks of text from outside. */
#ifndef PILOT_TEXT_H
#define PILOT_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* data is NUL-terminated whenever it is not NULL; length does not count the NUL. */
typedef struct pilot_text {
    char *data;
    size_t length;
    size_t capacity;
} pilot_text_t;

#define PILOT_TEXT_INIT ((pilot_text_t){0})

void pilot_text_clear(pilot_text_t *text); /* frees */
void pilot_text_reset(pilot_text_t *text); /* keeps the memory */
void pilot_text_reserve(pilot_text_t *text, size_t more);
void pilot_text_append(pilot_text_t *text, const char *string);
void pilot_text_append_bytes(pilot_text_t *text, const void *bytes, size_t length);
void pilot_text_append_char(pilot_text_t *text, char c);
void pilot_text_appendf(pilot_text_t *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The string, which the caller frees; the text is empty afterwards.  Never NULL. */
char *pilot_text_take(pilot_text_t *text);
/* A JSON string literal with quotes (RFC 8785 escapes). */
void pilot_text_append_json(pilot_text_t *text, const char *bytes, size_t length);
/* One CSV field, quoted only where RFC 4180 asks for it. */
void pilot_text_append_csv(pilot_text_t *text, const char *bytes, size_t length);

#define PILOT_DOUBLE_SIZE 32
/* Shortest decimal text that reads back to the same double; point only, whatever the locale.
 * inf and nan never occur in results; they format as "inf" and "nan".  Returns the length. */
size_t pilot_double_format(double value, char buffer[PILOT_DOUBLE_SIZE]);

/* [+-]?digits[.digits][e[+-]digits] exactly (".5" and "5." are also taken), the whole of the
 * text; no blanks, hex, inf, nan.  Correctly rounded.  False when it is not a finite number. */
bool pilot_double_parse(const char *text, size_t length, double *ret_value);
bool pilot_int64_parse(const char *text, size_t length, int64_t *ret_value);

/* Valid UTF-8 without NUL?  *ret_bad (NULL allowed) gets the first bad offset. */
bool pilot_utf8_valid(const char *text, size_t length, size_t *ret_bad);

/* Terminal columns of a UTF-8 string (control characters count 0). */
size_t pilot_utf8_width(const char *text, size_t length);

#endif
