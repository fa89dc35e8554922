/* intake_input.h - the files of a load: opened, read as often as needed, hashed. */
#ifndef PILOT_CLI_INTAKE_INPUT_H
#define PILOT_CLI_INTAKE_INPUT_H

#include "intake_reader.h"
#include "pilot/hash.h"

typedef struct pilot_input {
    const char *path;
    char *agency;      /* from the file's name */
    int fd;            /* of a copy, where the input cannot be read twice; -1: open path */
    const char *bytes; /* not NULL: the input itself */
    size_t length;
    char sha256[PILOT_SHA256_HEX_SIZE]; /* after _read */
} pilot_input_t;

/* The agency that a file is named for: "data/north.csv" -> "north".  Caller frees. */
char *pilot_input_agency(const char *path);

/* "-" is standard input.  named: the file's name is an agency's. */
pilot_status_t pilot_input_open(pilot_input_t *input, const char *path, bool named,
                                int interrupt_fd, pilot_error_t *error);
void pilot_input_clear(pilot_input_t *input);

/* How many bytes it has; 0: not known. */
uint64_t pilot_input_bytes(const pilot_input_t *input);

/* Through the reader, as its file `number`, from the start. */
pilot_status_t pilot_input_read(pilot_input_t *input, pilot_reader_t *reader, uint16_t number,
                                pilot_error_t *error);

/* The hash of all: of one file its own; else of the files' hashes as lines. */
void pilot_input_hash_all(const pilot_input_t *input, size_t count,
                          char ret_sha256[PILOT_SHA256_HEX_SIZE]);

#endif
