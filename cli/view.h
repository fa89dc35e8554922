/* view.h - the views of results that people read: columns of the contract, order of rows, and what
 * a table for people shows of them. */
#ifndef PILOT_CLI_VIEW_H
#define PILOT_CLI_VIEW_H

#include <stdbool.h>

#include "pilot/text.h"

typedef enum pilot_view_type {
    PILOT_VIEW_TEXT,
    PILOT_VIEW_NUMBER, /* float8, bigint, int */
    PILOT_VIEW_BOOLEAN,
    PILOT_VIEW_TIME /* RFC 3339 in UTC */
} pilot_view_type_t;

typedef struct pilot_view_column {
    const char *name; /* NULL ends the list */
    pilot_view_type_t type;
    /* Of the released table: the column that says why it is NULL ('z' if that says nothing); NULL:
     * none. */
    const char *mark;
} pilot_view_column_t;

/* What a cell of the table for people is made of: columns a, b, c of the view. */
typedef enum pilot_cell_kind {
    PILOT_CELL_TEXT,      /* a */
    PILOT_CELL_AGENCY,    /* a, or "(pooled)" */
    PILOT_CELL_ESTIMATOR, /* with its parameter */
    PILOT_CELL_CHOSEN,    /* a, where `auto` chose it */
    PILOT_CELL_COUNT,     /* a */
    PILOT_CELL_NUMBER,    /* a, to the digits of b */
    PILOT_CELL_INTERVAL,  /* [a, b], to the digits of c */
    PILOT_CELL_P,
    PILOT_CELL_PERCENT,
    PILOT_CELL_ROOT,  /* square root of a, to the digits of b */
    PILOT_CELL_RANK,  /* a (b-c) */
    PILOT_CELL_NOTE,  /* unless status a is ok: reason b, or status and detail c */
    PILOT_CELL_FLAG,  /* "yes" when a is true */
    PILOT_CELL_BRIEF, /* the first 12 characters of a: hashes */
    PILOT_CELL_PLOT,  /* of the view's `plot` */
} pilot_cell_kind_t;

/* Rows of the table for people stand under headings. */
typedef enum pilot_heading_kind {
    PILOT_HEADING_NONE,
    PILOT_HEADING_CONTRAST, /* "reading: small - regular (female = 1)" */
    PILOT_HEADING_ESTIMATE, /* the same with the estimator */
    PILOT_HEADING_CURVE,    /* "days: letter, kaplan_meier (female = 1), north" */
    PILOT_HEADING_AGENCY,   /* "north" */
    /* "reading: small - regular, ols, north: 6.57", and why the rows differ under them */
    PILOT_HEADING_CONVENTION
} pilot_heading_kind_t;

typedef struct pilot_view_cell {
    const char *header; /* NULL ends the list */
    const char *ascii;  /* header where the locale has no UTF-8; NULL: the same */
    pilot_cell_kind_t kind;
    const char *a, *b, *c;
    int drop;       /* see table.h */
    bool all_only;  /* constant unless --all is given */
    bool is_effect; /* where the estimator works with logarithms, they are shown as ratios */
} pilot_view_cell_t;

/* Columns that a forest plot is drawn of; NULL: none such. */
typedef struct pilot_view_plot {
    const char *estimate;   /* NULL: "estimate" */
    const char *low, *high; /* NULL: 1.96 of std_error on either side */
    const char *std_error, *shrunken, *predicted_low, *predicted_high, *weight;
    bool pooled;      /* rows are answers of comparisons */
    bool with_answer; /* beneath each group that of its comparison */
    bool plain;       /* numbers are as they are and compared with 0, whatever the estimator */
    double reach;     /* the scale holds this, too; 0: nothing besides */
} pilot_view_plot_t;

typedef struct pilot_view {
    const char *name;   /* "effects" */
    const char *source; /* "results.effects" */
    const pilot_view_column_t *column;
    const pilot_view_cell_t *cell;
    const char *order;       /* of rows for programs */
    const char *table_order; /* of rows for people */
    const char *table_more;  /* SQL of columns behind the others, for people; NULL: none */
    const char *table_where; /* what people see unless --all; NULL: everything */
    pilot_heading_kind_t heading;
    const pilot_view_plot_t *plot; /* NULL: no plot */
    const char
        *sort_group; /* SQL: rows of a group stay together when rows are sorted; NULL: none */
    bool by_analysis;
    bool is_public; /* there is a released table of the same name in schema dashboard */
} pilot_view_t;

const pilot_view_t *pilot_view_find(const char *name); /* NULL when there is none */

/* Which rows of a view, and for whom. */
typedef struct pilot_view_rows {
    bool released;   /* as the public sees them: from schema dashboard, with marks */
    bool marks;      /* released: marks in columns of their own behind the others, not in cells */
    bool for_people; /* in their order, without what they need not see */
    bool all;        /* what they need not see too */
    bool alarms;     /* those with an alarm alone; the view has such a column */
    bool own;        /* for a login that may not read comparisons: an agency's */
    bool of_agency;  /* those of one agency: $2, of a view that is not by analysis */
    /* Sorted by this column of the view within groups, what has no number last; NULL: as always. */
    const char *sort;
    bool descending;
    int64_t top; /* the first so many of each group (pooled rows besides); 0: all */
} pilot_view_rows_t;

/* SELECT ... with $1 = pilot and $2 = analysis (by_analysis) or agency (of_agency).  `text` begins
 * empty. */
void pilot_view_sql(const pilot_view_t *view, pilot_view_rows_t rows, pilot_text_t *text);

/* The column that `--sort` means by "estimate", "eb", "rank", "p" or "name"; NULL: the view has
 * none.
 */
const char *pilot_view_sort_column(const pilot_view_t *view, const char *by);

/* Index of a column by name, or -1. */
int pilot_view_index(const pilot_view_t *view, const char *name);

#endif
