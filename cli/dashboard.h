/* dashboard.h - what the modules of `pilot dashboard` share.
 *
 * Two threads: the main one watches the database (dashboard_watch.c), the server's page thread
 * makes pages (all others), each with a session of its own.  Both read dashboard.* alone. */
#ifndef PILOT_CLI_DASHBOARD_H
#define PILOT_CLI_DASHBOARD_H

#include <stdatomic.h>

#include "context.h"
#include "evaluation.h"
#include "pilot/http.h"
#include "pilot/text.h"

/* ---- sessions (dashboard_session.c) ------------------------------------------------------------
 * A session is pilot_dashboard from its first statement to its last, reads only, and has a time
 * limit for each statement. */

/* PILOT_E_DATABASE when the login may not be pilot_dashboard, or when pilot_dashboard may read more
 * than dashboard.*: nothing is served then. */
pilot_status_t dashboard_session_open(pilot_context_t *context, pilot_db_t **ret_db,
                                      pilot_error_t *error);
/* After the connection was lost. */
pilot_status_t dashboard_session_reopen(pilot_db_t *db, pilot_error_t *error);

/* ---- what pages are made from ------------------------------------------------------------------
 */

enum { DASHBOARD_EVALUATIONS = 4 };

typedef struct dashboard_evaluation {
    char *pilot;
    int64_t analysis; /* as it was asked for: 0 is the latest */
    uint64_t epoch, used;
    pilot_evaluation_t *evaluation;
} dashboard_evaluation_t;

typedef struct dashboard {
    pilot_db_t *db;      /* the page thread's */
    atomic_ullong epoch; /* raised when what is released may have changed */
    uint64_t uses;
    dashboard_evaluation_t read[DASHBOARD_EVALUATIONS]; /* the latest used ones */
} dashboard_t;

typedef struct dashboard_page {
    dashboard_t *dashboard;
    const pilot_http_request_t *request;
    pilot_http_answer_t *answer;
    pilot_text_t out;
    const char *address;      /* of the page, without its query; escaped for addresses */
    unsigned long long epoch; /* when it was begun */
} dashboard_page_t;

/* Makes one kind of page into page->out and page->answer.  PILOT_E_NOT_FOUND: 404, PILOT_E_USAGE:
 * 400, PILOT_E_DATABASE: 503, each with the error's message. */
typedef pilot_status_t dashboard_page_function_t(dashboard_page_t *page, pilot_error_t *error);

dashboard_page_function_t dashboard_home;
dashboard_page_function_t dashboard_pilot;
dashboard_page_function_t dashboard_agency;
dashboard_page_function_t dashboard_compare;

/* pilot_http_options_t.page and .refusal; context is dashboard_t *. */
pilot_http_page_t dashboard_answer;
pilot_http_refusal_t dashboard_refuse;

/* The analysis of a page: of the field `analysis`, or the latest that is released.  Kept for the
 * next page of it; borrowed until then.  dashboard_evaluation.c */
pilot_status_t dashboard_evaluate(dashboard_page_t *page, const char *pilot,
                                  const pilot_evaluation_t **ret_evaluation, pilot_error_t *error);
void dashboard_forget_evaluations(dashboard_t *dashboard);
/* The number in the field `analysis`; 0 without one.  PILOT_E_USAGE. */
pilot_status_t dashboard_analysis_field(const dashboard_page_t *page, int64_t *ret_analysis,
                                        pilot_error_t *error);

/* ---- watching (dashboard_watch.c) --------------------------------------------------------------
 */

/* Until the person wants out. */
pilot_status_t dashboard_watch(pilot_context_t *context, pilot_db_t *db, dashboard_t *dashboard,
                               pilot_http_t *http, pilot_error_t *error);

/* ---- HTML (dashboard_html.c) -------------------------------------------------------------------
 */

/* The document up to <main> with its heading, and from </main> on.  epoch: of the dashboard. */
void dashboard_begin(pilot_text_t *out, const char *title, unsigned long long epoch);
void dashboard_end(pilot_text_t *out);
void dashboard_escape(pilot_text_t *out, const char *text);
void dashboard_escape_address(pilot_text_t *out, const char *text);
/* <element>text</element> */
void dashboard_element(pilot_text_t *out, const char *element, const char *text);
const char *dashboard_style(void);
const char *dashboard_script(void);

/* ---- tables (dashboard_table.c, dashboard_rows.c) ----------------------------------------------
 */

typedef enum dashboard_kind {
    DASHBOARD_TEXT,
    DASHBOARD_PILOT,    /* leads to its page */
    DASHBOARD_AGENCY,   /* leads to its page; the row has its pilot, or the table has */
    DASHBOARD_ANALYSIS, /* leads to its page */
    DASHBOARD_NUMBER,   /* as many digits as `scale` (a column: its standard error) allows */
    DASHBOARD_LOW,      /* of an interval: shown with the next column, its DASHBOARD_HIGH */
    DASHBOARD_HIGH,
    DASHBOARD_COUNT,
    DASHBOARD_GROUP, /* a subgroup, with the row's level */
    DASHBOARD_P,
    DASHBOARD_SHARE, /* 0 to 1, told in percent */
    DASHBOARD_TIME,
    DASHBOARD_DAY,
    DASHBOARD_BOOL,
    DASHBOARD_PROGRESS, /* jobs_done of jobs: a bar; the row has both, and analysis */
    DASHBOARD_HIDDEN    /* in CSV and JSON alone */
} dashboard_kind_t;

typedef struct dashboard_column {
    const char *name;   /* in CSV, JSON and of sort=; of the row source unless sql is given */
    const char *header; /* for people */
    dashboard_kind_t kind;
    bool marked;       /* name_mark tells why it is NULL */
    const char *scale; /* of NUMBER: a column of the same table */
    const char *sql;   /* an expression; NULL: the column of this name */
    bool effect;       /* shown as a ratio where the row's estimator has logarithms */
} dashboard_column_t;

enum { DASHBOARD_PARAMETERS = 10, DASHBOARD_ROWS = 50, DASHBOARD_ALL_ROWS = 20000 };

typedef struct dashboard_table {
    const char *name; /* of table= and the files: [a-z-] */
    const char *caption;
    const char *from;  /* SQL behind FROM: a source called t, and WHERE with $1 ... */
    const char *order; /* SQL behind ORDER BY: the order without sort=, and among equals */
    const dashboard_column_t *columns;
    size_t count;
    const char *parameter[DASHBOARD_PARAMETERS];
    int parameters;
    const char *pilot;  /* of all rows, or NULL */
    const char *search; /* the column that q= looks into; NULL: sort, page and q do not apply */
    const char *search_label;
    const char *nothing; /* what is said when there is no row */
} dashboard_table_t;

/* Which effect a row is of. */
#define DASHBOARD_CONTRAST_COLUMNS                                                                 \
    {"outcome", "Outcome", DASHBOARD_TEXT, .sql = NULL},                                           \
        {"subgroup", "Among", DASHBOARD_GROUP, .sql = NULL},                                       \
        {"level", "", DASHBOARD_HIDDEN, .sql = NULL}, {"arm", "Arm", DASHBOARD_TEXT, .sql = NULL}, \
        {"control", "Against", DASHBOARD_TEXT, .sql = NULL},                                       \
        {"estimand", "Estimand", DASHBOARD_TEXT, .sql = NULL},                                     \
        {"estimator", "Estimator", DASHBOARD_TEXT, .sql = NULL},                                   \
    {                                                                                              \
        "parameter", "At", DASHBOARD_TEXT, .sql = NULL                                             \
    }

#define DASHBOARD_COLUMNS(list) .columns = (list), .count = sizeof(list) / sizeof *(list)

/* The rows as the request's sort, page and q have it; PQclear. */
pilot_status_t dashboard_read_rows(dashboard_page_t *page, const dashboard_table_t *table,
                                   PGresult **ret_rows, pilot_error_t *error);
/* Read and write them. */
pilot_status_t dashboard_table(dashboard_page_t *page, const dashboard_table_t *table,
                               pilot_error_t *error);
/* Is a file of a table wanted (format=)?  Then, of tables[], the one that `table` names (the first
 * one without): *ret_done is true, and the answer is written.  PILOT_E_USAGE for what is unknown.
 */
pilot_status_t dashboard_file(dashboard_page_t *page, const dashboard_table_t *const *tables,
                              size_t count, bool *ret_done, pilot_error_t *error);
/* Content types of format=csv and json. */
const char *dashboard_type(bool csv);
/* CSV or JSON of the rows. */
void dashboard_write_csv(pilot_text_t *out, const dashboard_table_t *table, const PGresult *rows);
void dashboard_write_json(pilot_text_t *out, const dashboard_table_t *table, const PGresult *rows);
void dashboard_write_rows(dashboard_page_t *page, const dashboard_table_t *table,
                          const PGresult *rows);

/* The agencies of a comparison as pictures: forest or caterpillar, ranks (dashboard_picture.c). */
void dashboard_draw_agencies(dashboard_page_t *page, const pilot_evaluation_t *evaluation,
                             const pilot_comparison_row_t *comparison);

/* The report's sections that stand before the agencies, or behind (dashboard_parts.c). */
void dashboard_write_parts(dashboard_page_t *page, const pilot_evaluation_t *evaluation,
                           bool is_before);
/* The table of this name in one of them as CSV or JSON; false: there is none. */
bool dashboard_part_file(dashboard_page_t *page, const pilot_evaluation_t *evaluation,
                         const char *name, bool csv);

/* A query of a page: SQL with text parameters; where the connection was lost, a second try. */
pilot_status_t dashboard_query(dashboard_page_t *page, const char *sql, int parameters,
                               const char *const *parameter, PGresult **ret_rows,
                               pilot_error_t *error);

/* The page's address with its query: fields that name `what` stand, with `name` set to `value`
 * (NULL: left out).  Escaped for an address, not for HTML. */
void dashboard_append_link(pilot_text_t *out, const dashboard_page_t *page, const char *name,
                           const char *value);
/* <input type=hidden> for each field of the query but those named. */
void dashboard_append_hidden(pilot_text_t *out, const dashboard_page_t *page,
                             const char *const *but);

#endif
