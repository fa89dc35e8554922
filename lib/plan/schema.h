/* The whole format of a plan as one table: every key, its type, its range, where it goes. */
#ifndef PILOT_PLAN_SCHEMA_H
#define PILOT_PLAN_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>

#define PILOT_SCHEMA_MAX_ROWS 160

typedef enum pilot_kind {
    PILOT_KIND_MAPPING,  /* keys are the rows below it; their values go into the same struct */
    PILOT_KIND_ENTRIES,  /* a mapping with keys of the user's own; values (scalars or MAPPING) by
                            ".*" */
    PILOT_KIND_ANYTHING, /* a mapping whose contents are not looked at */
    PILOT_KIND_LIST,     /* structs, by the row "[]" */
    PILOT_KIND_TEXTS,    /* a list of texts, by the row "[]" -> pilot_texts_t */
    PILOT_KIND_TEXT,     /* not empty -> char * */
    PILOT_KIND_ANY_TEXT, /* may be empty -> char * */
    PILOT_KIND_NAME,     /* the name of an outcome or covariate: an SQL column -> char * */
    PILOT_KIND_PILOT,    /* [a-z][a-z0-9_]{0,47} -> char * */
    PILOT_KIND_WORD,     /* one of `choices` -> char * */
    PILOT_KIND_CHOICE,   /* one of `choices` -> enum, its rank among them plus `first` */
    PILOT_KIND_NUMBER,   /* low < or <= value <= high -> double */
    PILOT_KIND_WHOLE,    /* low <= value <= high -> int64_t */
    PILOT_KIND_SEED      /* 0 ... 2^64 - 1 -> uint64_t */
} pilot_kind_t;

enum {
    PILOT_REQUIRED = 1,
    PILOT_ABOVE_LOW = 2, /* NUMBER: low itself is not in the range */
    PILOT_BELOW_HIGH = 4,
    PILOT_OR_AUTO = 8 /* TEXTS: the word `auto` may stand for the list -> bool at `given` */
};

typedef struct pilot_schema_row {
    const char *path; /* "outcomes[].name" */
    pilot_kind_t kind;
    unsigned flags;
    size_t at;           /* offset in the struct: pilot_draft_t, or the list's element */
    size_t given;        /* offset of a bool that tells that a value was given; 0: none */
    size_t count;        /* LIST, ENTRIES: offset of the number of elements */
    size_t element;      /* LIST, ENTRIES: size of one */
    size_t most;         /* LIST, ENTRIES, TEXTS: how many there may be */
    const char *choices; /* "agency|across" */
    int first;
    double low, high;
    const char *wants;     /* "a number between 0 and 1": instead of the general text */
    const char *shorthand; /* MAPPING: a text may stand for {shorthand: text} */
    const char *later;     /* what this version does not compute, if the key is given ... */
    const char *unless;    /* ... with another value than this */
} pilot_schema_row_t;

extern const pilot_schema_row_t pilot_schema[];
extern const size_t pilot_schema_rows;

/* The row of `path` + `suffix`, or NULL. */
const pilot_schema_row_t *pilot_schema_find(const char *path, const char *suffix);
/* Is `row` a key right below `path`?  *ret_key gets its name. */
bool pilot_schema_is_child(const char *path, const pilot_schema_row_t *row, const char **ret_key);
/* The path as people write it, without [] and .*: caller frees. */
char *pilot_schema_label(const char *path);

#endif
