/* page_writer_test.c - pages: escaping, tables with their CSV, contents, Markdown, colours. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../harness/tap.h"
#include "pilot/memory.h"
#include "pilot/page.h"
#include "pilot/picture.h"

static bool has(const pilot_text_t *text, const char *what)
{
    return text->data && strstr(text->data, what);
}

static size_t count_of(const pilot_text_t *text, const char *what)
{
    size_t count = 0;
    for (const char *at = text->data; at && (at = strstr(at, what)); at += strlen(what))
        count++;
    return count;
}

static void escaping(void)
{
    pilot_text_t text = PILOT_TEXT_INIT;
    pilot_page_escape(&text, "<b a=\"x\" c='y'>&\x01\x7f \u00e9\n");
    is_text(text.data, "&lt;b a=&quot;x&quot; c=&#39;y&#39;&gt;&amp;\ufffd\ufffd \u00e9\n",
            "text and attributes: what HTML reads is escaped, control characters are replaced");
    pilot_text_reset(&text);
    pilot_page_escape_address(&text, "a b/c?d=\u00e9&");
    is_text(text.data, "a%20b%2Fc%3Fd%3D%C3%A9%26", "an address: only what is plain stays");
    pilot_text_clear(&text);
}

static const pilot_page_column_t columns[] = {{"Name", false}, {"Number", true}, {"Empty", false}};

static void write_table(pilot_page_t *page, const char *name, const char *cell)
{
    pilot_page_table_t *table = pilot_page_table_new(name, "A <table>", columns, 3);
    pilot_page_table_cell(table, cell);
    pilot_page_table_cell(table, "1.5");
    pilot_page_table_cell(table, NULL);
    pilot_page_table_search(table, "Find");
    pilot_page_table_end(page, table);
}

static void tables(void)
{
    pilot_text_t text = PILOT_TEXT_INIT;
    pilot_page_t *page = pilot_page_new(&text, PILOT_PAGE_HTML);
    write_table(page, "made", "a \"b\", 50% & <c> #d");
    ok(has(&text, "<caption>A &lt;table&gt;</caption>"), "a table has its caption");
    ok(has(&text, "<th scope=\"col\">Name</th><th scope=\"col\" class=\"n\">Number</th></tr>"),
       "headers have their scope; a column that holds nothing is left out");
    ok(has(&text, "<tr><th scope=\"row\">a &quot;b&quot;, 50% &amp; &lt;c&gt; #d</th><td "
                  "class=n>1.5</tr>"),
       "the first cell heads its row");
    ok(has(&text,
           "href=\"data:text/csv;charset=utf-8,Name,Number,Empty%0A%22a%20%22%22b%22%22,%2050"
           "%25%20%26%20%3Cc%3E%20%23d%22,1.5,%0A\""),
       "its CSV is in the page, and no character of it ends the address");
    pilot_text_reset(&text);
    pilot_page_table_end(page, pilot_page_table_new("none", "Nothing", columns, 3));
    ok(text.length == 0, "a table without rows is none");
    pilot_page_free(page);
    pilot_text_clear(&text);
}

static void large_csv(void)
{
    pilot_text_t text = PILOT_TEXT_INIT, csv = PILOT_TEXT_INIT;
    pilot_page_t *page = pilot_page_new(&text, PILOT_PAGE_HTML);
    for (int i = 0; i < 500000; i++)
        pilot_text_append(&csv, "1,2\n");
    pilot_page_table_t *table = pilot_page_table_new("made", "Large", columns, 3);
    for (int i = 0; i < 3; i++)
        pilot_page_table_cell(table, "x");
    pilot_page_table_csv(table, &csv);
    pilot_page_table_end(page, table);
    ok(!has(&text, "data:text/csv") && has(&text, "would make this page too large"),
       "CSV beyond the page's room is left out, and that is said");
    write_table(page, "small", "x");
    ok(has(&text, "download=\"small.csv\""), "a small one still has room");
    pilot_page_free(page);
    pilot_text_clear(&text);
    pilot_text_clear(&csv);
}

static void documents(void)
{
    pilot_text_t text = PILOT_TEXT_INIT;
    pilot_page_t *page = pilot_page_new(&text, PILOT_PAGE_HTML);
    pilot_page_begin(page, "A & B");
    for (int i = 0; i < 2; i++) {
        pilot_page_section_begin(page, i ? "second" : "first", i ? "Second <2>" : "First");
        pilot_page_paragraph(page, "x < y");
        pilot_page_section_end(page);
    }
    pilot_page_end(page);
    ok(has(&text, "<title>A &amp; B</title>") && has(&text, "<h1>A &amp; B</h1>"),
       "title, heading");
    ok(has(&text, "<li><a href=\"#second\">Second &lt;2&gt;</a></li>") &&
           strstr(text.data, "#second") < strstr(text.data, "<main"),
       "contents come before the sections");
    ok(has(&text, "<a class=\"skip\" href=\"#main\">") && has(&text, "<main id=\"main\">"),
       "a link skips to the content");
    ok(has(&text, "default-src 'none'") && !has(&text, "http://") && !has(&text, "https://"),
       "nothing is fetched from anywhere");
    ok(strlen(text.data) == text.length && count_of(&text, "</html>") == 1, "it ends once");
    pilot_page_free(page);
    pilot_text_reset(&text);
    page = pilot_page_new(&text, PILOT_PAGE_HTML);
    const pilot_page_links_t links = {
        .style = "/s.css", .script = "/s.js", .csv = "/csv/", .csv_after = "?a=1&b=2"};
    pilot_page_set_links(page, &links);
    pilot_page_begin(page, "Served");
    write_table(page, "made", "x");
    pilot_page_end(page);
    ok(has(&text, "href=\"/s.css\"") && has(&text, "src=\"/s.js\"") && !has(&text, "<style>") &&
           has(&text, "href=\"/csv/made?a=1&amp;b=2\"") && !has(&text, "data:"),
       "a served page links its style, script and CSV instead of holding them");
    pilot_page_free(page);
    pilot_text_clear(&text);
}

static void markdown(void)
{
    pilot_text_t text = PILOT_TEXT_INIT;
    pilot_page_t *page = pilot_page_new(&text, PILOT_PAGE_MARKDOWN);
    pilot_page_begin(page, "A_b");
    pilot_page_section_begin(page, "first", "First");
    pilot_page_paragraph(page, "*x* <b> | y\nz");
    write_table(page, "made", "p|q");
    pilot_page_picture(page, "<svg></svg>", "what it shows");
    pilot_page_code(page, "one\ntwo");
    pilot_page_raw(page, "<hr>");
    pilot_page_section_end(page);
    pilot_page_end(page);
    is_text(
        text.data,
        "# A\\_b\n\n## First\n\n\\*x\\* &lt;b> \\| y z\n\n**A &lt;table>**\n\n| Name | Number |\n"
        "| --- | ---: |\n| p\\|q | 1.5 |\n\n(Picture, in the HTML report: what it shows)\n\n"
        "    one\n    two\n\n",
        "Markdown: the same pieces, what it reads escaped");
    pilot_page_free(page);
    pilot_text_clear(&text);
}

/* The value of a custom property within a part of the style. */
static void colour_of(const char *from, const char *name, char ret_colour[8])
{
    char *key PILOT_AUTOFREE = pilot_format("--%s:#", name);
    const char *at = strstr(from, key);
    const char *value = at ? at + strlen(key) : "000";
    size_t digits = strspn(value, "0123456789abcdef");
    snprintf(ret_colour, 8, "#%.*s", (int)digits, value);
    if (digits == 3) /* #abc is #aabbcc */
        snprintf(ret_colour, 8, "#%c%c%c%c%c%c", value[0], value[0], value[1], value[1], value[2],
                 value[2]);
}

static void colours(void)
{
    static const char *const pair[][2] = {
        {"text", "ground"},    {"quiet", "ground"},  {"accent", "ground"},
        {"text", "soft"},      {"quiet", "soft"},    {"text", "good-soft"},
        {"good", "good-soft"}, {"text", "bad-soft"}, {"bad", "bad-soft"}};
    const char *mode[] = {pilot_page_style(),
                          strstr(pilot_page_style(), "prefers-color-scheme:dark"),
                          strstr(pilot_page_style(), "@media print")};
    for (size_t m = 0; m < 3; m++)
        for (size_t i = 0; i < sizeof pair / sizeof *pair; i++) {
            char front[8], back[8];
            colour_of(mode[m], pair[i][0], front);
            colour_of(mode[m], pair[i][1], back);
            double contrast = pilot_picture_contrast(front, back);
            ok(contrast >= 4.5, "%s on %s has a contrast of at least 4.5 (%s on %s: %.1f)",
               pair[i][0], pair[i][1], front, back, contrast);
        }
}

int main(void)
{
    escaping();
    tables();
    large_csv();
    documents();
    markdown();
    colours();
    return tap_done();
}
