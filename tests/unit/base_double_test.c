/* Numbers are read as the C library reads them, to the last bit. */
#include "pilot/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../harness/tap.h"

static uint64_t state = 88172645463325252u;

static uint64_t next(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    return state ^= state << 17;
}

/* Digits, a point somewhere, perhaps a sign and an exponent. */
static void make_number(char *out, bool exponent)
{
    int digits = 1 + (int)(next() % 24), point = (int)(next() % 26);
    if (next() % 3 == 0)
        *out++ = '-';
    for (int i = 0; i < digits; i++) {
        if (i == point)
            *out++ = '.';
        *out++ = (char)('0' + next() % 10);
    }
    if (exponent)
        out += snprintf(out, 8, "e%d", (int)(next() % 40) - 20);
    *out = '\0';
}

static bool reads_alike(const char *text)
{
    double got, want = strtod(text, NULL);
    if (!pilot_double_parse(text, strlen(text), &got) || memcmp(&got, &want, sizeof got) != 0) {
        printf("# %s\n", text);
        return false;
    }
    return true;
}

int main(void)
{
    char text[64];
    size_t wrong = 0;
    for (int i = 0; i < 1000000; i++) {
        make_number(text, i % 4 == 0);
        wrong += !reads_alike(text);
    }
    ok(wrong == 0, "a million numbers of 1 to 24 digits");
    /* Halfway between two doubles, and just beside it. */
    wrong = 0;
    for (int i = 0; i < 200000; i++) {
        uint64_t odd = ((uint64_t)1 << 53) + (next() >> 12) * 2 + 1;
        for (uint64_t beside = odd - 1; beside <= odd + 1; beside++) {
            snprintf(text, sizeof text, "%" PRIu64, beside);
            wrong += !reads_alike(text);
            snprintf(text, sizeof text, "%" PRIu64 ".0", beside);
            wrong += !reads_alike(text);
        }
    }
    ok(wrong == 0, "whole numbers between two doubles");
    wrong = 0;
    for (int i = 0; i < 200000; i++) {
        uint64_t bits = next();
        double value;
        memcpy(&value, &bits, sizeof value);
        if (value - value != 0)
            continue;
        snprintf(text, sizeof text, "%.17g", value);
        wrong += !reads_alike(text);
        snprintf(text, sizeof text, "%.17f", (double)(bits >> 40) / 1e5);
        wrong += !reads_alike(text);
    }
    ok(wrong == 0, "doubles in 17 digits");
    return tap_done();
}
