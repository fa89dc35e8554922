/* libcsv splits; this file keeps its promises on lines, encodings and limits, and splits pieces
 * that hold no quote by itself, since there a field is just what stands between two commas.
 * Strict with strict ending: without both, a bad quote swallows the rest of the file. */
#include "csv_reader.h"

#include <csv.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif
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
    bool piece_suspect; /* the piece in hand is not valid by itself */
    bool piece_quoted;  /* ... holds a quote, so fields may hold line ends */
    bool suspect;       /* the same of all pieces that the record in progress stands in */
    bool quoted;
    bool after_cr; /* the last thing seen was a CR that ended a row */
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

static void take_field(pilot_csv_t *csv, const char *text, size_t length)
{
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
    if (csv->quoted)
        csv->line += line_ends_within(text, length);
    bool valid = !csv->suspect || pilot_utf8_valid(text, length, NULL);
    csv->handler.field(csv->handler.context, csv->fields++, text, length, valid);
}

static void on_field(void *bytes, size_t length, void *context)
{
    take_field(context, bytes ? bytes : "", length);
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
    csv->suspect = csv->piece_suspect;
    csv->quoted = csv->piece_quoted;
}

static void parse_any(pilot_csv_t *csv, const char *bytes, size_t length)
{
    size_t taken = csv_parse(&csv->parser, bytes, length, on_field, on_row_end, csv);
    if (taken == length || csv->stopped)
        return;
    int reason = csv_error(&csv->parser);
    end_with(csv, reason == CSV_EPARSE ? PILOT_CSV_BAD_QUOTING : PILOT_CSV_TOO_LARGE);
}

/* A field or row that ends at `at`; what is between commas and line ends is the field as it is. */
static size_t split_at(pilot_csv_t *csv, const char *bytes, size_t start, size_t at)
{
    if (bytes[at] == ',') {
        take_field(csv, bytes + start, at - start);
    } else {
        if (csv->fields > 0 || at > start)
            take_field(csv, bytes + start, at - start);
        on_row_end(bytes[at], csv);
    }
    return at + 1;
}

/* Whole records without any quote: four times as fast as the general parser, which copies byte by
 * byte.  The last byte ends a row. */
static void split_plain(pilot_csv_t *csv, const char *bytes, size_t length)
{
    size_t start = 0, at = 0;
#ifdef __SSE2__
    const __m128i comma = _mm_set1_epi8(','), feed = _mm_set1_epi8('\n'),
                  carriage = _mm_set1_epi8('\r');
    for (; at + 16 <= length; at += 16) {
        __m128i piece = _mm_loadu_si128((const __m128i *)(const void *)(bytes + at));
        __m128i ends = _mm_or_si128(_mm_cmpeq_epi8(piece, comma), _mm_cmpeq_epi8(piece, feed));
        ends = _mm_or_si128(ends, _mm_cmpeq_epi8(piece, carriage));
        for (unsigned mask = (unsigned)_mm_movemask_epi8(ends); mask != 0; mask &= mask - 1)
            start = split_at(csv, bytes, start, at + (size_t)__builtin_ctz(mask));
    }
#endif
    for (; at < length; at++)
        if (bytes[at] == ',' || bytes[at] == '\n' || bytes[at] == '\r')
            start = split_at(csv, bytes, start, at);
}

/* Between two records: nothing is in the general parser's hands. */
static bool is_between_records(const pilot_csv_t *csv)
{
    return csv->fields == 0 && csv->parser.entry_pos == 0 && !csv->parser.quoted;
}

static size_t after_first_line_end(const char *bytes, size_t length)
{
    const char *feed = memchr(bytes, '\n', length);
    size_t end = feed ? (size_t)(feed - bytes) + 1 : length;
    const char *carriage = memchr(bytes, '\r', end);
    return carriage ? (size_t)(carriage - bytes) + 1 : end;
}

static size_t after_last_line_end(const char *bytes, size_t length)
{
    while (length > 0 && bytes[length - 1] != '\n' && bytes[length - 1] != '\r')
        length--;
    return length;
}

/* A piece without quotes: the general parser ends the record in progress, and begins the one that
 * goes on in the next piece. */
static void parse_plain(pilot_csv_t *csv, const char *bytes, size_t length)
{
    if (!is_between_records(csv)) {
        size_t part = after_first_line_end(bytes, length);
        parse_any(csv, bytes, part);
        bytes += part;
        length -= part;
    }
    if (length == 0 || csv->stopped)
        return;
    if (is_between_records(csv)) {
        size_t part = after_last_line_end(bytes, length);
        split_plain(csv, bytes, part);
        bytes += part;
        length -= part;
    }
    if (length > 0 && !csv->stopped)
        parse_any(csv, bytes, length);
}

static void parse_known(pilot_csv_t *csv, const char *bytes, size_t length, bool valid_text,
                        bool has_quote)
{
    csv->piece_suspect = !valid_text;
    csv->piece_quoted = has_quote;
    if (is_between_records(csv))
        csv->suspect = csv->quoted = false;
    csv->suspect |= csv->piece_suspect;
    csv->quoted |= csv->piece_quoted;
    if (has_quote)
        parse_any(csv, bytes, length);
    else
        parse_plain(csv, bytes, length);
}

static void parse(pilot_csv_t *csv, const char *bytes, size_t length)
{
    parse_known(csv, bytes, length, pilot_utf8_valid(bytes, length, NULL),
                memchr(bytes, '"', length) != NULL);
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

void pilot_csv_feed_known(pilot_csv_t *csv, const char *bytes, size_t length, bool valid_text,
                          bool has_quote)
{
    while (!csv->started && length > 0) {
        csv->first[csv->first_length++] = (unsigned char)*bytes++;
        length--;
        start(csv);
        /* Cut within a character, the rest is not valid by itself. */
        valid_text = false;
    }
    if (length > 0 && !csv->stopped)
        parse_known(csv, bytes, length, valid_text, has_quote);
}

void pilot_csv_feed(pilot_csv_t *csv, const char *bytes, size_t length)
{
    pilot_csv_feed_known(csv, bytes, length, pilot_utf8_valid(bytes, length, NULL),
                         memchr(bytes, '"', length) != NULL);
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
