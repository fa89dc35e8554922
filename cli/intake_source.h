/* intake_source.h - the bytes of a file, read, hashed and looked over by a thread of their own
 * while the caller takes them apart. */
#ifndef PILOT_CLI_INTAKE_SOURCE_H
#define PILOT_CLI_INTAKE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pilot/error.h"
#include "pilot/hash.h"

typedef struct pilot_source pilot_source_t;

typedef struct pilot_piece {
    const char *bytes; /* valid until the next call of _next or _close */
    size_t length;     /* 0: the end of the file */
    bool valid_text;   /* valid UTF-8 by itself, without NUL */
    bool has_quote;
} pilot_piece_t;

/* Start to read fd (borrowed) at its current place. */
pilot_status_t pilot_source_open(int fd, pilot_source_t **ret_source, pilot_error_t *error);
/* PILOT_E_FILE with the reason alone ("Input/output error"). */
pilot_status_t pilot_source_next(pilot_source_t *source, pilot_piece_t *ret_piece,
                                 pilot_error_t *error);
/* After the end of the file: its SHA-256. */
void pilot_source_digest(pilot_source_t *source, uint8_t ret_digest[PILOT_SHA256_SIZE]);
void pilot_source_close(pilot_source_t *source); /* NULL is fine; at any time */

#endif
