/* writer.c - headings, words and pictures: see pilot/page.h. */
#include "writer.h"

#include <stdlib.h>
#include <string.h>

#include "pilot/memory.h"
#include "pilot/picture.h"

/* A report of 2,000 agencies stays below 3 MB: agencies' contrasts end at the first size, and the
 * other parts have the rest. */
#define LONG_BYTES 2200000
#define CSV_BYTES 900000

pilot_page_t *pilot_page_new(pilot_text_t *out, pilot_page_format_t format)
{
    pilot_page_t *page = PILOT_NEW(pilot_page_t);
    page->out = out;
    page->format = format;
    page->csv_left = CSV_BYTES;
    return page;
}

void pilot_page_free(pilot_page_t *page)
{
    if (!page)
        return;
    for (size_t i = 0; i < page->entries; i++) {
        free(page->entry[i].id);
        free(page->entry[i].heading);
    }
    free(page->entry);
    free(page);
}

void pilot_page_set_links(pilot_page_t *page, const pilot_page_links_t *links)
{
    page->links = *links;
}

pilot_page_format_t pilot_page_format(const pilot_page_t *page)
{
    return page->format;
}

bool page_is_html(const pilot_page_t *page)
{
    return page->format == PILOT_PAGE_HTML;
}

bool page_is_long(const pilot_page_t *page)
{
    return page->out->length > LONG_BYTES;
}

page_mark_t page_mark(const pilot_page_t *page)
{
    return (page_mark_t){.length = page->out->length, .csv_left = page->csv_left};
}

void page_go_back(pilot_page_t *page, page_mark_t mark)
{
    page->out->length = mark.length;
    if (page->out->data)
        page->out->data[mark.length] = '\0';
    page->csv_left = mark.csv_left;
}

/* ---- escaping -------------------------------------------------------------------------------- */

#define REPLACEMENT "\xef\xbf\xbd"

void pilot_page_escape(pilot_text_t *html, const char *text)
{
    const char *from = text;
    for (; *text; text++) {
        const char *by = NULL;
        unsigned char c = (unsigned char)*text;
        if (c == '&')
            by = "&amp;";
        else if (c == '<')
            by = "&lt;";
        else if (c == '>')
            by = "&gt;";
        else if (c == '"')
            by = "&quot;";
        else if (c == '\'')
            by = "&#39;";
        else if ((c < ' ' && c != '\n' && c != '\t') || c == 0x7f)
            by = REPLACEMENT;
        if (!by)
            continue;
        pilot_text_append_bytes(html, from, (size_t)(text - from));
        pilot_text_append(html, by);
        from = text + 1;
    }
    pilot_text_append_bytes(html, from, (size_t)(text - from));
}

void pilot_page_escape_address(pilot_text_t *address, const char *text)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    for (; *text; text++)
        if (strchr(plain, *text))
            pilot_text_append_char(address, *text);
        else
            pilot_text_appendf(address, "%%%02X", (unsigned)(unsigned char)*text);
}

void page_escape_markdown(pilot_text_t *out, const char *text)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '\n' || c == '\t')
            pilot_text_append_char(out, ' ');
        else if (c < ' ' || c == 0x7f)
            pilot_text_append(out, REPLACEMENT);
        else if (c == '<')
            pilot_text_append(out, "&lt;");
        else if (c == '&')
            pilot_text_append(out, "&amp;");
        else {
            if (strchr("\\`*_[]|#~", c))
                pilot_text_append_char(out, '\\');
            pilot_text_append_char(out, (char)c);
        }
    }
}

void page_text(pilot_page_t *page, const char *text)
{
    if (page_is_html(page))
        pilot_page_escape(page->out, text);
    else
        page_escape_markdown(page->out, text);
}

/* ---- the document ---------------------------------------------------------------------------- */

/* Within a file nothing is fetched from anywhere. */
#define FILE_POLICY                                                                                \
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "                  \
    "style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:\">\n"

static void begin_head(pilot_page_t *page, const char *title)
{
    pilot_text_t *out = page->out;
    pilot_text_append(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                           "<meta name=\"viewport\" content=\"width=device-width, "
                           "initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light "
                           "dark\">\n");
    if (!page->links.style)
        pilot_text_append(out, FILE_POLICY);
    pilot_text_append(out, "<title>");
    pilot_page_escape(out, title);
    pilot_text_append(out, "</title>\n");
    if (page->links.style) {
        pilot_text_append(out, "<link rel=\"stylesheet\" href=\"");
        pilot_page_escape(out, page->links.style);
        pilot_text_append(out, "\">\n");
    } else {
        pilot_text_appendf(out, "<style>\n%s", pilot_page_style());
        pilot_picture_style(out);
        pilot_text_append(out, "</style>\n");
    }
    if (page->links.script) {
        pilot_text_append(out, "<script defer src=\"");
        pilot_page_escape(out, page->links.script);
        pilot_text_append(out, "\"></script>\n");
    }
    pilot_text_append(out, "</head>\n");
}

void pilot_page_begin(pilot_page_t *page, const char *title)
{
    if (!page_is_html(page)) {
        pilot_page_heading(page, 1, title);
        return;
    }
    begin_head(page, title);
    pilot_text_append(page->out,
                      "<body>\n<a class=\"skip\" href=\"#main\">Skip to the content</a>\n");
    if (page->links.navigation)
        pilot_text_append(page->out, page->links.navigation);
    pilot_text_append(page->out, "<header>\n");
    pilot_page_heading(page, 1, title);
    pilot_text_append(page->out, "</header>\n");
    page->contents_at = page->out->length;
    pilot_text_append(page->out, "<main id=\"main\">\n");
}

/* The list of sections goes before them when all are known. */
static void insert_contents(pilot_page_t *page)
{
    pilot_text_t list = PILOT_TEXT_INIT;
    pilot_text_append(&list, "<nav class=\"contents\" aria-label=\"Contents\">\n<ul>\n");
    for (size_t i = 0; i < page->entries; i++) {
        pilot_text_appendf(&list, "<li><a href=\"#%s\">", page->entry[i].id);
        pilot_page_escape(&list, page->entry[i].heading);
        pilot_text_append(&list, "</a></li>\n");
    }
    pilot_text_append(&list, "</ul>\n</nav>\n");
    pilot_text_reserve(page->out, list.length);
    char *at = page->out->data + page->contents_at;
    memmove(at + list.length, at, page->out->length - page->contents_at + 1);
    memcpy(at, list.data, list.length);
    page->out->length += list.length;
    pilot_text_clear(&list);
}

void pilot_page_end(pilot_page_t *page)
{
    if (!page_is_html(page))
        return;
    pilot_text_append(page->out, "</main>\n");
    if (!page->links.script)
        pilot_text_appendf(page->out, "<script>\n%s</script>\n", pilot_page_script());
    pilot_text_append(page->out, "</body>\n</html>\n");
    if (page->entries > 1)
        insert_contents(page);
}

/* ---- pieces ---------------------------------------------------------------------------------- */

void pilot_page_section_begin(pilot_page_t *page, const char *id, const char *heading)
{
    if (page_is_html(page)) {
        page->entry =
            pilot_grow(page->entry, &page->entry_capacity, page->entries + 1, sizeof *page->entry);
        page->entry[page->entries++] =
            (page_entry_t){.id = pilot_strdup(id), .heading = pilot_strdup(heading)};
        pilot_text_appendf(page->out,
                           "<section id=\"%s\" aria-labelledby=\"%s-heading\">\n"
                           "<h2 id=\"%s-heading\">",
                           id, id, id);
        pilot_page_escape(page->out, heading);
        pilot_text_append(page->out, "</h2>\n");
        return;
    }
    pilot_text_append(page->out, "## ");
    page_text(page, heading);
    pilot_text_append(page->out, "\n\n");
}

void pilot_page_section_end(pilot_page_t *page)
{
    if (page_is_html(page))
        pilot_text_append(page->out, "</section>\n");
}

void pilot_page_heading(pilot_page_t *page, int level, const char *text)
{
    if (page_is_html(page)) {
        pilot_text_appendf(page->out, "<h%d>", level);
        pilot_page_escape(page->out, text);
        pilot_text_appendf(page->out, "</h%d>\n", level);
        return;
    }
    for (int i = 0; i < level; i++)
        pilot_text_append_char(page->out, '#');
    pilot_text_append_char(page->out, ' ');
    page_text(page, text);
    pilot_text_append(page->out, "\n\n");
}

static void block(pilot_page_t *page, const char *open, const char *text, const char *close,
                  const char *markdown)
{
    bool html = page_is_html(page);
    pilot_text_append(page->out, html ? open : markdown);
    page_text(page, text);
    pilot_text_append(page->out, html ? close : "\n\n");
}

void pilot_page_paragraph(pilot_page_t *page, const char *text)
{
    block(page, "<p>", text, "</p>\n", "");
}

void pilot_page_note(pilot_page_t *page, const char *text)
{
    block(page, "<p class=\"note\">", text, "</p>\n", "");
}

void pilot_page_alert(pilot_page_t *page, const char *text)
{
    block(page, "<p class=\"alert\"><strong>Attention: </strong>", text, "</p>\n",
          "> **Attention:** ");
}

void pilot_page_list_begin(pilot_page_t *page)
{
    if (page_is_html(page))
        pilot_text_append(page->out, "<ul>\n");
}

void pilot_page_item(pilot_page_t *page, const char *text)
{
    bool html = page_is_html(page);
    pilot_text_append(page->out, html ? "<li>" : "- ");
    page_text(page, text);
    pilot_text_append(page->out, html ? "</li>\n" : "\n");
}

void pilot_page_list_end(pilot_page_t *page)
{
    pilot_text_append(page->out, page_is_html(page) ? "</ul>\n" : "\n");
}

void pilot_page_code(pilot_page_t *page, const char *text)
{
    if (page_is_html(page)) {
        pilot_text_append(page->out, "<pre tabindex=\"0\"><code>");
        pilot_page_escape(page->out, text);
        pilot_text_append(page->out, "</code></pre>\n");
        return;
    }
    for (const char *line = text; line && *line;) {
        const char *end = strchr(line, '\n');
        size_t length = end ? (size_t)(end - line) : strlen(line);
        pilot_text_append(page->out, "    ");
        pilot_text_append_bytes(page->out, line, length);
        pilot_text_append_char(page->out, '\n');
        line = end ? end + 1 : NULL;
    }
    pilot_text_append_char(page->out, '\n');
}

void pilot_page_details_begin(pilot_page_t *page, const char *summary)
{
    if (!page_is_html(page)) {
        pilot_text_append(page->out, "**");
        page_text(page, summary);
        pilot_text_append(page->out, "**\n\n");
        return;
    }
    pilot_text_append(page->out, "<details>\n<summary>");
    pilot_page_escape(page->out, summary);
    pilot_text_append(page->out, "</summary>\n");
}

void pilot_page_details_end(pilot_page_t *page)
{
    if (page_is_html(page))
        pilot_text_append(page->out, "</details>\n");
}

void pilot_page_picture(pilot_page_t *page, const char *svg, const char *words)
{
    if (!page_is_html(page)) {
        pilot_text_append(page->out, "(Picture, in the HTML report: ");
        page_text(page, words);
        pilot_text_append(page->out, ")\n\n");
        return;
    }
    pilot_text_append(page->out, "<figure>\n<div class=\"picture\">\n");
    pilot_text_append(page->out, svg);
    pilot_text_append(page->out, "</div>\n<figcaption>");
    pilot_page_escape(page->out, words);
    pilot_text_append(page->out, "</figcaption>\n</figure>\n");
}

void pilot_page_raw(pilot_page_t *page, const char *html)
{
    if (page_is_html(page))
        pilot_text_append(page->out, html);
}
