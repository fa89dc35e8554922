/* state.h - one release in the making.
 *
 * A cell is the people of one agency (or of all, pooled) in one arm, at one slot: the whole sample,
 * or one level of a variable.  A column is such cells of all agencies, for one measure:
 * ("", "") base, everybody; (outcome, "") those with the outcome; (outcome, category) and for
 * binary outcomes (outcome, "") also how many of them are successes. */
#ifndef PILOT_DISCLOSURE_STATE_H
#define PILOT_DISCLOSURE_STATE_H

#include "names.h"
#include "pilot/disclosure.h"

enum cell_flag {
    CELL_ROW = 1,      /* a row tells of it */
    CELL_UNKNOWN = 2,  /* a row lacks its count */
    CELL_TROUBLE = 4,  /* its numbers may not be shown: dominance, df, fewer units in a row */
    CELL_SHARE = 8,    /* success and failure are known */
    CELL_IS_SHARE = 16 /* there are success and failure, known or not */
};

typedef struct cell {
    uint32_t count, success, failure;
    uint32_t flags;
    uint64_t estimators; /* with an estimate, of the arm against control; bit 63: any beyond 63 */
} cell_t;

typedef struct column_key {
    uint32_t measure, slot, arm;
} column_key_t;

/* Agencies that have such an effect but do not show it: counted once the decision is made. */
typedef struct hidden_effects {
    uint32_t control;
    uint64_t estimators;
    size_t count;
} hidden_effects_t;

typedef struct column {
    column_key_t key;
    cell_t *cell; /* by entity of the release (agencies in the order given), then pooled */
    hidden_effects_t *hidden;
    size_t hiddens, hidden_capacity;
} column_t;

/* Columns by key. */
typedef struct table {
    column_t *column;
    size_t count, capacity;
    uint32_t *slot; /* open addressing; 0: free, else 1 + index */
    size_t slots;
    size_t cells; /* in a column */
} table_t;

column_t *table_find(const table_t *table, column_key_t key); /* NULL: none */
column_t *table_add(table_t *table, column_key_t key);
void table_clear(table_t *table);

/* What is hidden, by what. */
enum pattern_kind {
    PATTERN_TABLE,   /* base: the whole table, every number */
    PATTERN_COUNTS,  /* base: its counts */
    PATTERN_PRESENT, /* of an outcome: how many have it */
    PATTERN_NUMBERS, /* of an outcome: effects and means */
    PATTERN_KINDS
};

typedef struct pattern_key {
    uint32_t kind, measure, variable, arm;
} pattern_key_t;

typedef struct pattern {
    pattern_key_t key;
    bool pooled;     /* is the pooled table shown? */
    uint8_t *hidden; /* by agency of the release */
} pattern_t;

typedef struct patterns {
    pattern_t *pattern;
    size_t count, capacity;
    uint32_t *index; /* of a dense key: 1 + index, 0: none */
    size_t measures, variables, arms;
} patterns_t;

const pattern_t *patterns_find(const patterns_t *patterns, pattern_key_t key); /* NULL: none */
pattern_t *patterns_add(patterns_t *patterns, pattern_key_t key, size_t agencies);
/* Make the index for keys below these. */
void patterns_index(patterns_t *patterns, size_t measures, size_t variables, size_t arms);
void patterns_clear(patterns_t *patterns);

typedef struct member {
    uint32_t agency; /* its name */
    int64_t submission;
} member_t;

/* An earlier release, in this release's numbers of names. */
typedef struct past {
    member_t *member;
    size_t members;
    uint32_t *member_of; /* by agency's name: 1 + member, 0: none */
    size_t names;        /* in member_of */
    uint32_t *entity;    /* of each member (decide.h) */
    table_t table;
    patterns_t patterns;
} past_t;

typedef struct question {
    uint32_t entity;          /* index of the agency of this release; ascending */
    uint32_t release, member; /* the first release in which the earlier submission had its part */
    int64_t units;            /* -1: no answer */
} question_t;

struct pilot_disclosure {
    pilot_disclosure_rule_t rule;
    uint32_t minimum; /* of the rule, at least 1 */
    names_t agencies, measures, slots, variables, arms, estimators;
    member_t *member; /* of this release */
    size_t members, member_capacity;
    uint32_t *member_of; /* by agency's name: 1 + index, 0: not in this release */
    size_t member_of_capacity;
    table_t table;
    patterns_t patterns;
    past_t *past;
    size_t pasts, past_capacity;
    question_t *question;
    size_t questions, question_capacity;
    uint32_t control; /* the arm that others are compared to; NAME_NONE before a row tells */
    bool has_agency_rows, decided;
};

/* Index of the agency's cells: pooled's for NULL and ""; SIZE_MAX: no such agency. */
size_t disclosure_place(const pilot_disclosure_t *disclosure, const char *agency);
/* All slots of a variable, ascending by name; *ret_count of them; caller frees. */
uint32_t *disclosure_levels(const pilot_disclosure_t *disclosure, uint32_t variable,
                            size_t *ret_count);
uint32_t disclosure_variable(const pilot_disclosure_t *disclosure, uint32_t slot);

#endif
