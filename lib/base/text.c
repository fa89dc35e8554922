#include "pilot/text.h"

#include <float.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pilot/memory.h"

void pilot_text_clear(pilot_text_t *text)
{
    free(text->data);
    *text = PILOT_TEXT_INIT;
}

void pilot_text_reset(pilot_text_t *text)
{
    text->length = 0;
    if (text->data)
        text->data[0] = '\0';
}

void pilot_text_reserve(pilot_text_t *text, size_t more)
{
    size_t needed;
    if (__builtin_add_overflow(text->length, more, &needed) ||
        __builtin_add_overflow(needed, 1, &needed))
        pilot_out_of_memory();
    text->data = pilot_grow(text->data, &text->capacity, needed, 1);
    text->data[text->length] = '\0';
}

void pilot_text_append_bytes(pilot_text_t *text, const void *bytes, size_t length)
{
    pilot_text_reserve(text, length);
    if (length > 0)
        memcpy(text->data + text->length, bytes, length);
    text->length += length;
    text->data[text->length] = '\0';
}

void pilot_text_append(pilot_text_t *text, const char *string)
{
    pilot_text_append_bytes(text, string, strlen(string));
}

void pilot_text_append_char(pilot_text_t *text, char c)
{
    pilot_text_append_bytes(text, &c, 1);
}

void pilot_text_appendf(pilot_text_t *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length > 0) {
        pilot_text_reserve(text, (size_t)length);
        vsnprintf(text->data + text->length, (size_t)length + 1, format, again);
        text->length += (size_t)length;
    }
    va_end(again);
}

char *pilot_text_take(pilot_text_t *text)
{
    pilot_text_reserve(text, 0);
    char *data = text->data;
    *text = PILOT_TEXT_INIT;
    return data;
}

void pilot_text_append_json(pilot_text_t *text, const char *bytes, size_t length)
{
    static const char shorthand[] = "btn?fr"; /* U+0008 .. U+000D without U+000B */
    pilot_text_append_char(text, '"');
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)bytes[i];
        if (c == '"' || c == '\\') {
            pilot_text_append_char(text, '\\');
            pilot_text_append_char(text, (char)c);
        } else if (c >= 8 && c <= 13 && c != 11) {
            pilot_text_append_char(text, '\\');
            pilot_text_append_char(text, shorthand[c - 8]);
        } else if (c < 0x20) {
            pilot_text_appendf(text, "\\u%04x", c);
        } else {
            pilot_text_append_char(text, (char)c);
        }
    }
    pilot_text_append_char(text, '"');
}

void pilot_text_append_csv(pilot_text_t *text, const char *bytes, size_t length)
{
    bool quote = false;
    for (size_t i = 0; i < length && !quote; i++)
        quote = bytes[i] == '"' || bytes[i] == ',' || bytes[i] == '\n' || bytes[i] == '\r';
    if (!quote) {
        pilot_text_append_bytes(text, bytes, length);
        return;
    }
    pilot_text_append_char(text, '"');
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] == '"')
            pilot_text_append_char(text, '"');
        pilot_text_append_char(text, bytes[i]);
    }
    pilot_text_append_char(text, '"');
}

size_t pilot_double_format(double value, char buffer[PILOT_DOUBLE_SIZE])
{
    int length = 0;
    for (int digits = 15; digits <= 17; digits++) {
        length = snprintf(buffer, PILOT_DOUBLE_SIZE, "%.*g", digits, value);
        if (strtod(buffer, NULL) == value)
            break;
    }
    return (size_t)length;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Digits of a number's text: the value is mantissa * 10^exponent, exact while digits <= 19. */
struct decimal {
    uint64_t mantissa;
    int digits; /* significant ones */
    int64_t exponent;
    bool negative;
};

static bool scan_decimal(const char *text, size_t length, struct decimal *ret)
{
    const char *c = text, *end = text + length;
    bool any = false;
    *ret = (struct decimal){0};
    if (c < end && (*c == '+' || *c == '-'))
        ret->negative = *c++ == '-';
    for (bool point = false; c < end; c++) {
        if (*c == '.' && !point) {
            point = true;
            continue;
        }
        if (!is_digit(*c))
            break;
        any = true;
        if (ret->digits > 0 || *c != '0')
            ret->digits++;
        if (ret->digits <= 19)
            ret->mantissa = ret->mantissa * 10 + (uint64_t)(*c - '0');
        else
            ret->exponent++;
        if (point)
            ret->exponent--;
    }
    if (!any)
        return false;
    if (c < end && (*c == 'e' || *c == 'E')) {
        bool negative = false;
        int64_t power = 0;
        if (++c < end && (*c == '+' || *c == '-'))
            negative = *c++ == '-';
        if (c == end)
            return false;
        for (; c < end && is_digit(*c); c++)
            power = power < 100000 ? power * 10 + (*c - '0') : power;
        ret->exponent += negative ? -power : power;
    }
    return c == end;
}

static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* mantissa / 10^places, correctly rounded, for places <= 19; false when it takes more to know. */
static bool divide_exactly(uint64_t mantissa, int places, double *ret_value)
{
    if (mantissa < (uint64_t)1 << 53) {
        *ret_value = (double)mantissa / powers[places]; /* Clinger: both exact, one rounding */
        return true;
    }
#if LDBL_MANT_DIG == 64
    /* Both are exact in 64 bits of mantissa, too; rounding twice is harmless unless the quotient
     * looks like the middle between two doubles. */
    long double quotient = (long double)mantissa / (long double)powers[places];
    uint64_t bits;
    memcpy(&bits, &quotient, sizeof bits);
    if ((bits & 0x7ff) == 0x400)
        return false;
    *ret_value = (double)quotient;
    return true;
#else
    return false;
#endif
}

/* The usual case, in a loop of its own: sign, up to 19 digits, a point among them. */
static bool parse_usual(const char *text, size_t length, double *ret_value)
{
    const char *c = text, *end = text + length;
    bool negative = c < end && *c == '-';
    uint64_t mantissa = 0;
    c += negative;
    const char *first = c;
    for (; c < end && is_digit(*c); c++)
        mantissa = mantissa * 10 + (uint64_t)(*c - '0');
    ptrdiff_t digits = c - first, places = 0;
    if (c < end && *c == '.') {
        const char *fraction = ++c;
        for (; c < end && is_digit(*c); c++)
            mantissa = mantissa * 10 + (uint64_t)(*c - '0');
        places = c - fraction;
        digits += places;
    }
    double value;
    if (c != end || digits == 0 || digits > 19 || !divide_exactly(mantissa, (int)places, &value))
        return false;
    *ret_value = negative ? -value : value;
    return true;
}

bool pilot_double_parse(const char *text, size_t length, double *ret_value)
{
    struct decimal decimal;
    if (parse_usual(text, length, ret_value))
        return true;
    if (!scan_decimal(text, length, &decimal))
        return false;
    if (decimal.digits <= 15 && decimal.exponent >= -22 && decimal.exponent <= 22) {
        /* Clinger's exact case: both operands are doubles, so one rounding. */
        double value = (double)decimal.mantissa;
        value = decimal.exponent < 0 ? value / powers[-decimal.exponent]
                                     : value * powers[decimal.exponent];
        *ret_value = decimal.negative ? -value : value;
        return true;
    }
    char small[128];
    char *copy = length < sizeof small ? small : pilot_alloc_raw(length + 1, 1);
    memcpy(copy, text, length);
    copy[length] = '\0';
    double value = strtod(copy, NULL);
    if (copy != small)
        free(copy);
    if (!__builtin_isfinite(value))
        return false;
    *ret_value = value;
    return true;
}

bool pilot_int64_parse(const char *text, size_t length, int64_t *ret_value)
{
    const char *c = text, *end = text + length;
    bool negative = false;
    int64_t value = 0;
    if (c < end && (*c == '+' || *c == '-'))
        negative = *c++ == '-';
    if (c == end)
        return false;
    for (; c < end; c++) {
        if (!is_digit(*c) || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_sub_overflow(value, *c - '0', &value))
            return false;
    }
    if (!negative && __builtin_sub_overflow(0, value, &value))
        return false;
    *ret_value = value;
    return true;
}

/* Length of the well-formed sequence at text (RFC 3629: no overlongs, no surrogates), 0 if none. */
static size_t utf8_sequence(const unsigned char *text, size_t length)
{
    unsigned char a = text[0];
    if (a < 0x80)
        return a ? 1 : 0;
    size_t size = a >= 0xf0 ? 4 : a >= 0xe0 ? 3 : 2;
    if (a < 0xc2 || a > 0xf4 || size > length)
        return 0;
    unsigned char low = a == 0xe0 ? 0xa0 : a == 0xf0 ? 0x90 : 0x80;
    unsigned char high = a == 0xed ? 0x9f : a == 0xf4 ? 0x8f : 0xbf;
    if (text[1] < low || text[1] > high)
        return 0;
    for (size_t i = 2; i < size; i++)
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    return size;
}

bool pilot_utf8_valid(const char *text, size_t length, size_t *ret_bad)
{
    size_t i = 0;
    while (i < length) {
        uint64_t word;
        if (length - i >= 8) {
            memcpy(&word, text + i, 8);
            bool ascii = !(word & 0x8080808080808080u);
            bool zero = (word - 0x0101010101010101u) & ~word & 0x8080808080808080u;
            if (ascii && !zero) {
                i += 8;
                continue;
            }
        }
        size_t size = utf8_sequence((const unsigned char *)text + i, length - i);
        if (size == 0) {
            if (ret_bad)
                *ret_bad = i;
            return false;
        }
        i += size;
    }
    return true;
}

/* Wide East Asian and emoji ranges take two columns; combining marks none.  Coarse on purpose:
 * a terminal differs from the next one here, and only alignment is at stake. */
static size_t code_point_width(uint32_t code)
{
    if (code < 0x20 || (code >= 0x7f && code < 0xa0))
        return 0;
    if ((code >= 0x300 && code <= 0x36f) || (code >= 0x200b && code <= 0x200f))
        return 0;
    if ((code >= 0x1100 && code <= 0x115f) || (code >= 0x2e80 && code <= 0xa4cf) ||
        (code >= 0xac00 && code <= 0xd7a3) || (code >= 0xf900 && code <= 0xfaff) ||
        (code >= 0xff00 && code <= 0xff60) || (code >= 0x1f300 && code <= 0x1faff))
        return 2;
    return 1;
}

size_t pilot_utf8_width(const char *text, size_t length)
{
    size_t width = 0;
    for (size_t i = 0; i < length;) {
        const unsigned char *c = (const unsigned char *)text + i;
        size_t size = utf8_sequence(c, length - i);
        if (size <= 1) {
            width += size ? code_point_width(*c) : 1;
            i++;
            continue;
        }
        uint32_t code = *c & (0xffu >> (size + 1));
        for (size_t j = 1; j < size; j++)
            code = code << 6 | (c[j] & 0x3fu);
        width += code_point_width(code);
        i += size;
    }
    return width;
}
