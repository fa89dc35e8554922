/* names.h - numbers for pairs of texts: 0, 1, ... in the order in which they were first seen. */
#ifndef PILOT_DISCLOSURE_NAMES_H
#define PILOT_DISCLOSURE_NAMES_H

#include <stddef.h>
#include <stdint.h>

typedef struct name {
    char *text;  /* owned; second lies behind the first's NUL */
    char *other; /* into text */
    uint64_t hash;
} name_t;

/* Begins zeroed. */
typedef struct names {
    name_t *name;
    size_t count, capacity;
    uint32_t *slot; /* open addressing; 0: free, else 1 + number */
    size_t slots;   /* a power of two, or 0 */
} names_t;

#define NAME_NONE UINT32_MAX

/* NULL is "". */
uint32_t names_add(names_t *names, const char *text, const char *other);
uint32_t names_find(const names_t *names, const char *text, const char *other); /* or NAME_NONE */
void names_clear(names_t *names);

#endif
