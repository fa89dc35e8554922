/* writer.h - what the hands of the page's writer share. */
#ifndef PILOT_PAGE_WRITER_H
#define PILOT_PAGE_WRITER_H

#include "pilot/page.h"

typedef struct page_entry {
    char *id, *heading;
} page_entry_t;

struct pilot_page {
    pilot_text_t *out; /* borrowed */
    pilot_page_format_t format;
    pilot_page_links_t links;
    const char *taken_name; /* pilot_page_take_csv */
    pilot_text_t *taken;
    page_entry_t *entry; /* sections, for the contents */
    size_t entries, entry_capacity;
    size_t contents_at; /* where the contents go: bytes from the start of *out */
    size_t csv_left;    /* bytes of CSV that the page may still hold */
};

bool page_is_html(const pilot_page_t *page);
/* Has the page become so long that what is not needed should be left out?  A page of 2,000 agencies
 * stays below 3 MB. */
bool page_is_long(const pilot_page_t *page);
/* What was written since goes away again; mark: pilot_page_t as it was then, by page_mark. */
typedef struct page_mark {
    size_t length, csv_left;
} page_mark_t;
page_mark_t page_mark(const pilot_page_t *page);
void page_go_back(pilot_page_t *page, page_mark_t mark);
/* Of Markdown: one line, with what Markdown would read as its own escaped. */
void page_escape_markdown(pilot_text_t *out, const char *text);
/* An opening tag's content: text in the page's format. */
void page_text(pilot_page_t *page, const char *text);

#endif
