/* csv_reader.h - RFC 4180 over libcsv: fields and records with the line they start on, in bounded
 * memory, whatever the bytes.
 *
 * Rows end with LF, CRLF or a lone CR; quoted fields may hold them.  A byte-order mark is skipped,
 * blank lines are no records, blanks are part of a field.  Invalid UTF-8 and NUL are told with the
 * field.  A quote out of place ends the reading: what follows could be anything. */
#ifndef PILOT_CLI_CSV_READER_H
#define PILOT_CLI_CSV_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pilot/error.h"

#define PILOT_CSV_LARGEST_RECORD (16u << 20)
#define PILOT_CSV_MOST_FIELDS 100000u

typedef enum pilot_csv_end {
    PILOT_CSV_COMPLETE,
    PILOT_CSV_BAD_QUOTING,    /* a quote inside a field, or one that is never closed */
    PILOT_CSV_TOO_LARGE,      /* a record beyond PILOT_CSV_LARGEST_RECORD */
    PILOT_CSV_TOO_MANY_FIELDS /* beyond PILOT_CSV_MOST_FIELDS */
} pilot_csv_end_t;

/* What the reader tells; positions count from 0.  `bytes` is valid during the call only.
 * Either may stop the reading by pilot_csv_stop. */
typedef struct pilot_csv_handler {
    void (*field)(void *context, size_t position, const char *bytes, size_t length,
                  bool valid_text);
    void (*record)(void *context, size_t fields, uint64_t line);
    void *context;
} pilot_csv_handler_t;

typedef struct pilot_csv pilot_csv_t;

pilot_csv_t *pilot_csv_new(const pilot_csv_handler_t *handler);
void pilot_csv_free(pilot_csv_t *csv); /* NULL is fine */

/* Feed the bytes of one file in pieces of any size, then finish. */
void pilot_csv_feed(pilot_csv_t *csv, const char *bytes, size_t length);
/* The same when it is known whether the piece is valid UTF-8 by itself and holds a quote. */
void pilot_csv_feed_known(pilot_csv_t *csv, const char *bytes, size_t length, bool valid_text,
                          bool has_quote);
pilot_csv_end_t pilot_csv_finish(pilot_csv_t *csv);

/* No more calls of the handler. */
void pilot_csv_stop(pilot_csv_t *csv);
bool pilot_csv_stopped(const pilot_csv_t *csv); /* by _stop or by an end that is not COMPLETE */

/* Line where the record in progress starts, counted from 1. */
uint64_t pilot_csv_line(const pilot_csv_t *csv);

#endif
