/* The CSV reader: what it tells does not depend on how the bytes come in pieces. */
#include "../../cli/csv_reader.h"

#include <string.h>

#include "../harness/tap.h"
#include "pilot/memory.h"
#include "pilot/text.h"

static void on_field(void *context, size_t position, const char *bytes, size_t length, bool valid)
{
    pilot_text_t *text = context;
    pilot_text_append(text, position > 0 ? "|" : "");
    if (!valid)
        pilot_text_append_char(text, '!');
    else
        for (size_t i = 0; i < length; i++)
            pilot_text_append_char(text, bytes[i] == '\n'   ? 'N'
                                         : bytes[i] == '\r' ? 'R'
                                                            : bytes[i]);
}

static void on_record(void *context, size_t fields, uint64_t line)
{
    pilot_text_appendf(context, " (%zu@%llu)\n", fields, (unsigned long long)line);
}

/* "a|b (2@1)\n..." and how it ended. */
static char *read_in_pieces(const char *bytes, size_t length, size_t piece)
{
    pilot_text_t text = PILOT_TEXT_INIT;
    const pilot_csv_handler_t handler = {.field = on_field, .record = on_record, .context = &text};
    pilot_csv_t *csv = pilot_csv_new(&handler);
    for (size_t i = 0; i < length; i += piece)
        pilot_csv_feed(csv, bytes + i, length - i < piece ? length - i : piece);
    static const char *const ends[] = {"", "bad quoting", "too large", "too many"};
    pilot_csv_end_t end = pilot_csv_finish(csv);
    if (end != PILOT_CSV_COMPLETE)
        pilot_text_appendf(&text, "%s@%llu", ends[end], (unsigned long long)pilot_csv_line(csv));
    pilot_csv_free(csv);
    return pilot_text_take(&text);
}

static void check(const char *csv, const char *want, const char *name)
{
    size_t length = strlen(csv);
    char *whole PILOT_AUTOFREE = read_in_pieces(csv, length, length + 1);
    is_text(whole, want, "%s", name);
    bool same = true;
    for (size_t piece = 1; piece <= length && same; piece++) {
        char *parts PILOT_AUTOFREE = read_in_pieces(csv, length, piece);
        same = strcmp(parts, want) == 0;
        if (!same)
            is_text(parts, want, "%s, in pieces of %zu", name, piece);
    }
    ok(same, "%s, in pieces of any size", name);
}

int main(void)
{
    check("a,b\n1,2\n", "a|b (2@1)\n1|2 (2@2)\n", "rows");
    check("a,b\n1,2", "a|b (2@1)\n1|2 (2@2)\n", "no line end at the end");
    check("a,b\r\n1,2\r\n\r\n3,4\r\n", "a|b (2@1)\n1|2 (2@2)\n3|4 (2@4)\n", "CRLF");
    check("a\rb\r\rc\r\n\nd", "a (1@1)\nb (1@2)\nc (1@4)\nd (1@6)\n", "line ends of any kind");
    check(",\n,,\n", "| (2@1)\n|| (3@2)\n", "empty fields");
    check(" a , b\t\n", " a | b\t (2@1)\n", "blanks belong to fields");
    check("\"a\",\"b,c\"\"d\"\n\"\",x\n", "a|b,c\"d (2@1)\n|x (2@2)\n", "quotes");
    check("\"a\nb\",\"c\r\nd\"\ne,f\n", "aNb|cRNd (2@1)\ne|f (2@4)\n", "line ends within quotes");
    check("a\n\"b\nc\nd\"\ne\n", "a (1@1)\nbNcNd (1@2)\ne (1@5)\n", "a record over three lines");
    check("a\nb\"c\nd\n", "a (1@1)\nbad quoting@2", "a quote inside a field");
    check("a\n\"b\"c\nd\n", "a (1@1)\nbad quoting@2", "text after a closing quote");
    check("a\nb,\"c\nd\n", "a (1@1)\nbbad quoting@2", "a quote that is not closed");
    check("\xef\xbb\xbf"
          "a\n",
          "a (1@1)\n", "a byte-order mark is skipped");
    check("\xef\xbb"
          "a\n",
          "! (1@1)\n", "half a byte-order mark is not");
    check("\xef\xbb\xbf\xef\xbb\xbf"
          "a\n",
          "\xef\xbb\xbf"
          "a (1@1)\n",
          "nor is a second one");
    check("\xc3\xa9,\xe2\x82\xac\n\xf0\x9f\x98\x80\n",
          "\xc3\xa9|\xe2\x82\xac (2@1)\n\xf0\x9f\x98\x80 (1@2)\n", "UTF-8 of any length");
    check("a\xff,b\nc\n", "!|b (2@1)\nc (1@2)\n", "invalid UTF-8 is told with its field");
    check("", "", "nothing");
    check("\n\r\n", "", "blank lines only");
    const char nul[] = "a\0b,c\n";
    char *got PILOT_AUTOFREE = read_in_pieces(nul, sizeof nul - 1, 100);
    is_text(got, "!|c (2@1)\n", "NUL is told with its field");
    return tap_done();
}
