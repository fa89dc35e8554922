/* intake_reader.h - the first half of an intake: CSV files to records in chunks, with every check
 * that a row can be given by itself.  One thread. */
#ifndef PILOT_CLI_INTAKE_READER_H
#define PILOT_CLI_INTAKE_READER_H

#include "csv_reader.h"
#include "intake_agencies.h"
#include "intake_chunk.h"
#include "intake_dictionary.h"
#include "intake_layout.h"
#include "keyring.h"
#include "pilot/hash.h"
#include "problem_report.h"

typedef struct pilot_reader pilot_reader_t;

/* All borrowed for the reader's life. */
typedef struct pilot_reader_setup {
    const pilot_intake_layout_t *layout;
    pilot_agencies_t *agencies;
    pilot_problems_t *problems;
    pilot_chunk_queue_t *queue;
    /* Takes each full chunk. */
    void (*deliver)(void *context, pilot_chunk_t *chunk);
    void *context;
    const char *agency; /* all rows are this agency's; NULL: the plan's column or the file name */
    bool any_order;     /* rows of an agency need not be together */
    const pilot_dictionary_t *own; /* rows of other agencies are wrong_agency; NULL: anybody's */
    /* Called now and then, with the bytes of the file that were read; NULL: never. */
    void (*progress)(void *context, uint64_t bytes);
    int interrupt_fd;      /* -1: none */
    pilot_keyring_t *keys; /* units become pseudonyms under their agency's key; NULL: they do not */
} pilot_reader_setup_t;

pilot_reader_t *pilot_reader_new(const pilot_reader_setup_t *setup);
void pilot_reader_free(pilot_reader_t *reader); /* NULL is fine */

/* One file: begin, feed its bytes, end.  file counts from 0; name: an agency that the file is
 * named for (used when neither setup->agency nor a column gives one). */
void pilot_reader_begin(pilot_reader_t *reader, uint16_t file, const char *name);
void pilot_reader_feed(pilot_reader_t *reader, const char *bytes, size_t length);
void pilot_reader_end(pilot_reader_t *reader, uint8_t ret_digest[PILOT_SHA256_SIZE]);

/* The same from a descriptor at its current place.  `path` is for messages. */
pilot_status_t pilot_reader_file(pilot_reader_t *reader, uint16_t file, const char *name, int fd,
                                 const char *path, uint8_t ret_digest[PILOT_SHA256_SIZE],
                                 pilot_error_t *error);

/* Deliver what is left, after the last file. */
void pilot_reader_finish(pilot_reader_t *reader);

/* Without any_order: did an agency's rows come back after others'?  Reading has then stopped. */
bool pilot_reader_saw_disorder(const pilot_reader_t *reader);
/* Has a file a column of arms that the layout does not take? */
bool pilot_reader_passed_over_arms(const pilot_reader_t *reader);
/* Rows of all files so far, whether good or not. */
uint64_t pilot_reader_rows(const pilot_reader_t *reader);

#endif
