/* pilot/page.h - pages for people: one writer of headings, words, tables and pictures with two
 * hands, HTML and Markdown, and on it the sections of an evaluation.
 * Pure: no I/O, no clock; the same evaluation gives the same bytes.
 *
 * HTML stands without a script and without a network: styles are in the page (dark and light as the
 * reader's system has it, and for printing), pictures are inline SVG, each table has its CSV. */
#ifndef PILOT_PAGE_H
#define PILOT_PAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "pilot/evaluation.h"
#include "pilot/text.h"

typedef enum pilot_page_format { PILOT_PAGE_HTML, PILOT_PAGE_MARKDOWN } pilot_page_format_t;

/* What surrounds the sections.  All NULL: a self-contained file. */
typedef struct pilot_page_links {
    const char *style;  /* address of pilot_page_style(); NULL: in the page */
    const char *script; /* address of pilot_page_script(); NULL: in the page */
    /* Address of a table's CSV: this, then its name ("agencies"), then what
     * `csv_after` holds; NULL: in the page, as a data: link. */
    const char *csv, *csv_after;
    const char *json;       /* as csv, beside it; NULL: none */
    const char *navigation; /* HTML behind the skip link; NULL: none */
} pilot_page_links_t;

typedef struct pilot_page pilot_page_t;

/* Writes to `out` (borrowed).  Free with pilot_page_free; that ends nothing by itself. */
pilot_page_t *pilot_page_new(pilot_text_t *out, pilot_page_format_t format);
void pilot_page_free(pilot_page_t *page); /* NULL is fine */
/* Before anything is written; what it points to is borrowed. */
void pilot_page_set_links(pilot_page_t *page, const pilot_page_links_t *links);
pilot_page_format_t pilot_page_format(const pilot_page_t *page);

/* ---- the document ---------------------------------------------------------------------------- */

void pilot_page_begin(pilot_page_t *page, const char *title);
void pilot_page_end(pilot_page_t *page);
const char *pilot_page_style(void);  /* CSS */
const char *pilot_page_script(void); /* JavaScript: search in tables and pictures; not needed */

/* ---- pieces: text is plain and gets escaped -------------------------------------------------- */

/* Also within attributes in double quotes.  Control characters become U+FFFD. */
void pilot_page_escape(pilot_text_t *html, const char *text);
/* Percent-encoded, for the query or a part of the path of an address. */
void pilot_page_escape_address(pilot_text_t *address, const char *text);

/* A section with its heading (level 2); id: unique, [a-z0-9-]. */
void pilot_page_section_begin(pilot_page_t *page, const char *id, const char *heading);
void pilot_page_section_end(pilot_page_t *page);
void pilot_page_heading(pilot_page_t *page, int level, const char *text); /* 1 and 3 .. 4 */
void pilot_page_paragraph(pilot_page_t *page, const char *text);
void pilot_page_note(pilot_page_t *page, const char *text);  /* small print */
void pilot_page_alert(pilot_page_t *page, const char *text); /* stands out */
void pilot_page_list_begin(pilot_page_t *page);
void pilot_page_item(pilot_page_t *page, const char *text);
void pilot_page_list_end(pilot_page_t *page);
void pilot_page_code(pilot_page_t *page, const char *text); /* a block; to be copied */
void pilot_page_details_begin(pilot_page_t *page, const char *summary);
void pilot_page_details_end(pilot_page_t *page);
/* svg: trusted, ours (pilot/picture.h).  words: what it shows, for who cannot see it.  Markdown
 * has the words alone. */
void pilot_page_picture(pilot_page_t *page, const char *svg, const char *words);
/* As it is; of HTML alone. */
void pilot_page_raw(pilot_page_t *page, const char *html);

/* ---- tables ---------------------------------------------------------------------------------- */

typedef struct pilot_page_column {
    const char *header;
    bool right; /* numbers */
} pilot_page_column_t;

typedef struct pilot_page_table pilot_page_table_t;

/* name: of its CSV, [a-z0-9-_]; caption: above it.  columns: borrowed until it is ended.  The first
 * column heads its row. */
pilot_page_table_t *pilot_page_table_new(const char *name, const char *caption,
                                         const pilot_page_column_t *columns, size_t count);
/* The next cell, by rows.  NULL is blank.  _take frees the text. */
void pilot_page_table_cell(pilot_page_table_t *table, const char *text);
void pilot_page_table_take(pilot_page_table_t *table, char *text);
/* CSV of the rows with all digits, where it is wanted besides; borrowed until the table is ended.
 */
void pilot_page_table_csv(pilot_page_table_t *table, const pilot_text_t *csv);
/* A box to search it by its first column, for who has scripts. */
void pilot_page_table_search(pilot_page_table_t *table, const char *label);
/* Row i is line i of the picture of this prefix: what the search finds stands out there too. */
void pilot_page_table_picture(pilot_page_table_t *table, const char *prefix);
/* The CSV of the next table of this name goes to `csv`, too (both borrowed until then). */
void pilot_page_take_csv(pilot_page_t *page, const char *name, pilot_text_t *csv);
/* Write it and free it. */
void pilot_page_table_end(pilot_page_t *page, pilot_page_table_t *table);

/* ---- sections of an evaluation --------------------------------------------------------------- */

typedef enum pilot_page_part {
    PILOT_PAGE_SUMMARY, /* in plain words: pilot/summary.h */
    PILOT_PAGE_ALARMS,  /* quality checks that ring, agencies that are missing */
    PILOT_PAGE_PLAN,    /* what was planned, and every deviation */
    PILOT_PAGE_FLOW,    /* units assigned, received, analysed, by arm */
    PILOT_PAGE_BALANCE,
    PILOT_PAGE_EFFECTS,       /* pooled effects */
    PILOT_PAGE_AGENCIES,      /* forest or caterpillar, agencies' table, ranks */
    PILOT_PAGE_HETEROGENEITY, /* and shares harmed and benefiting; averages; funnel */
    PILOT_PAGE_MODERATORS,
    PILOT_PAGE_PEOPLE,  /* spread of effects: quantiles, variance ratio, gaps of subgroups */
    PILOT_PAGE_TARGETS, /* targets against missions */
    PILOT_PAGE_CURVES,
    PILOT_PAGE_CHECKS,  /* all quality checks of all agencies together */
    PILOT_PAGE_METHODS, /* with references */
    PILOT_PAGE_ORIGIN,  /* versions, hashes, the command that reproduces it */
    PILOT_PAGE_PARTS
} pilot_page_part_t;

/* One part as a section; nothing where the evaluation has nothing of it. */
void pilot_page_part(pilot_page_t *page, const pilot_evaluation_t *evaluation,
                     pilot_page_part_t part);
/* Of the agencies' part: one contrast of headline comparisons. */
void pilot_page_contrast(pilot_page_t *page, const pilot_evaluation_t *evaluation,
                         const pilot_effect_key_t *key);
/* "reading: small against regular, among female = 1".  Caller frees. */
char *pilot_page_contrast_name(const pilot_effect_key_t *key);
/* The whole report, begin and end too. */
void pilot_page_report(pilot_page_t *page, const pilot_evaluation_t *evaluation);

#endif
