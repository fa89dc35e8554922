/* libcsv splits; this file keeps its promises on lines, encodings and limits.
 * Strict with strict ending: without both, a bad quote swallows the rest of the file. */
#include "csv_reader.h"

#include <csv.h>
#include <stdlib.h>
#include <string.h>

#include "pilot/memory.h"
#include "pilot/text.h"

#define BUFFER_STEP 65536

struct pilot_csv {
    pilot_csv_handler_t handler;
    struct csv_parser parser;
    pilot_csv_end_t end;
    bool stopped;
    bool started;           /* the byte-order mark has been dealt with */
    unsigned char first[3]; /* bytes held back until it is known whether they are one */
    size_t first_length;
    bool suspect_piece; /* the piece in hand, or the part of the record before it, is not valid */
    bool quoted_piece;  /* ... holds a quote, so fields may hold line ends */
    bool after_cr;      /* the last thing seen was a CR that ended a row */
    uint64_t line;
    uint64_t record_line;
    size_t fields;
    size_t record_bytes;
};

/* libcsv asks for one buffer, for the field in progress; refused beyond the largest record. */
static void *bounded_realloc(void *memory, size_t size)
{
    return size > PILOT_CSV_LARGEST_RECORD + BUFFER_STEP ? NULL : realloc(memory, size);
}

/* Blanks belong to a field. */
static int is_never(unsigned char c)
{
    (void)c;
    return 0;
}

pilot_csv_t *pilot_csv_new(const pilot_csv_handler_t *handler)
{
    pilot_csv_t *csv = PILOT_NEW(pilot_csv_t);
    csv->handler = *handler;
    csv->line = csv->record_line = 1;
    if (csv_init(&csv->parser, CSV_STRICT | CSV_STRICT_FINI | CSV_REPALL_NL) != 0)
        abort();
    csv_set_space_func(&csv->parser, is_never);
    csv_set_realloc_func(&csv->parser, bounded_realloc);
    csv_set_blk_size(&csv->parser, BUFFER_STEP);
    return csv;
}

void pilot_csv_free(pilot_csv_t *csv)
{
    if (!csv)
        return;
    csv_free(&csv->parser);
    free(csv);
}

void pilot_csv_stop(pilot_csv_t *csv)
{
    csv->stopped = true;
}

bool pilot_csv_stopped(const pilot_csv_t *csv)
{
    return csv->stopped;
}

uint64_t pilot_csv_line(const pilot_csv_t *csv)
{
    return csv->record_line;
}

static void end_with(pilot_csv_t *csv, pilot_csv_end_t end)
{
    if (csv->stopped)
        return;
    csv->end = end;
    csv->stopped = true;
}

static uint64_t line_ends_within(const char *bytes, size_t length)
{
    uint64_t count = 0;
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] == '\n')
            count++;
        else if (bytes[i] == '\r' && (i + 1 == length || bytes[i + 1] != '\n'))
            count++;
    }
    return count;
}

static void on_field(void *bytes, size_t length, void *context)
{
    pilot_csv_t *csv = context;
    if (csv->stopped)
        return;
    csv->after_cr = false;
    csv->record_bytes += length + 1;
    if (csv->record_bytes > PILOT_CSV_LARGEST_RECORD) {
        end_with(csv, PILOT_CSV_TOO_LARGE);
        return;
    }
    if (csv->fields == PILOT_CSV_MOST_FIELDS) {
        end_with(csv, PILOT_CSV_TOO_MANY_FIELDS);
        return;
    }
    const char *text = bytes ? bytes : "";
    if (csv->quoted_piece)
        csv->line += line_ends_within(text, length);
    bool valid = !csv->suspect_piece || pilot_utf8_valid(text, length, NULL);
    csv->handler.field(csv->handler.context, csv->fields++, text, length, valid);
}

static void on_row_end(int c, void *context)
{
    pilot_csv_t *csv = context;
    if (csv->stopped)
        return;
    if (csv->fields > 0) {
        size_t fields = csv->fields;
        csv->fields = 0;
        csv->record_bytes = 0;
        csv->handler.record(csv->handler.context, fields, csv->record_line);
    }
    if (!(c == '\n' && csv->after_cr))
        csv->line++;
    csv->after_cr = c == '\r';
    csv->record_line = csv->line;
}

static void parse(pilot_csv_t *csv, const char *bytes, size_t length)
{
    /* A record that began in an earlier piece inherits what that piece was found to hold. */
    bool carried = csv->fields > 0 || csv->parser.entry_pos > 0 || csv->parser.quoted;
    bool suspect = !pilot_utf8_valid(bytes, length, NULL);
    bool quoted = memchr(bytes, '"', length) != NULL;
    csv->suspect_piece = suspect || (carried && csv->suspect_piece);
    csv->quoted_piece = quoted || (carried && csv->quoted_piece);
    size_t taken = csv_parse(&csv->parser, bytes, length, on_field, on_row_end, csv);
    if (taken == length || csv->stopped)
        return;
    int reason = csv_error(&csv->parser);
    end_with(csv, reason == CSV_EPARSE ? PILOT_CSV_BAD_QUOTING : PILOT_CSV_TOO_LARGE);
}

/* Hold the first bytes back until a byte-order mark is recognized or excluded. */
static void start(pilot_csv_t *csv)
{
    static const unsigned char mark[3] = {0xef, 0xbb, 0xbf};
    if (csv->first_length < 3 && memcmp(csv->first, mark, csv->first_length) == 0)
        return;
    csv->started = true;
    if (memcmp(csv->first, mark, 3) != 0 || csv->first_length < 3)
        parse(csv, (const char *)csv->first, csv->first_length);
}

void pilot_csv_feed(pilot_csv_t *csv, const char *bytes, size_t length)
{
    while (!csv->started && length > 0) {
        csv->first[csv->first_length++] = (unsigned char)*bytes++;
        length--;
        start(csv);
    }
    if (length > 0 && !csv->stopped)
        parse(csv, bytes, length);
}

pilot_csv_end_t pilot_csv_finish(pilot_csv_t *csv)
{
    if (!csv->started && csv->first_length > 0) {
        csv->started = true;
        parse(csv, (const char *)csv->first, csv->first_length);
    }
    if (!csv->stopped && csv_fini(&csv->parser, on_field, on_row_end, csv) != 0)
        end_with(csv, PILOT_CSV_BAD_QUOTING);
    return csv->end;
}
