/* intake_load.h - one load in the database, from BEGIN to COMMIT: rows go as COPY BINARY into a
 * private partition, which is sealed and attached at the end.  Nothing is kept unless all is. */
#ifndef PILOT_CLI_INTAKE_LOAD_H
#define PILOT_CLI_INTAKE_LOAD_H

#include "intake_agencies.h"
#include "intake_dictionary.h"
#include "intake_layout.h"
#include "pilot/database.h"
#include "pilot/hash.h"

typedef struct pilot_load pilot_load_t;

/* An agency's accepted submission. */
typedef struct pilot_current {
    int64_t submission;
    int revision;
    uint64_t rows;
    char content_sha256[PILOT_SHA256_HEX_SIZE];
} pilot_current_t;

/* BEGIN and the private partition.  All borrowed for the load's life. */
pilot_status_t pilot_load_begin(pilot_db_t *db, const pilot_intake_layout_t *layout, int64_t plan,
                                pilot_load_t **ret_load, pilot_error_t *error);
/* Free; unless it was sealed, ROLLBACK whatever the session's state.  NULL is fine. */
void pilot_load_close(pilot_load_t *load);

/* What is accepted of this agency now, or NULL.  Borrowed. */
const pilot_current_t *pilot_load_current(const pilot_load_t *load, const pilot_agency_t *agency);

/* Rows of one agency: begin, rows, end with what the manifest says of it. */
pilot_status_t pilot_load_agency(pilot_load_t *load, uint32_t agency, bool received_is_arm,
                                 pilot_error_t *error);
/* End the COPY, so that the session can be asked something; it goes on by itself. */
pilot_status_t pilot_load_pause(pilot_load_t *load, pilot_error_t *error);
void pilot_load_row(pilot_load_t *load, const pilot_record_t *record);
/* dictionary: one for each of layout->texts. */
pilot_status_t pilot_load_agency_end(pilot_load_t *load, const pilot_dictionary_t *dictionary,
                                     const char *content_sha256, pilot_error_t *error);

typedef struct pilot_stored {
    uint32_t agency;
    int64_t submission;
    int revision;
} pilot_stored_t;

/* How many agencies have rows in this load. */
size_t pilot_load_agencies(const pilot_load_t *load);

/* What the manifest says of an agency beside its rows, content and labels. */
typedef struct pilot_manifest {
    /* 64 hex digits; borrowed. */
    const char *(*file_sha256)(void *context, uint32_t agency);
    /* Append more keys to the agency's entry: `,"key":value`... */
    void (*append)(void *context, uint32_t agency, pilot_text_t *json);
    void *context;
} pilot_manifest_t;

/* Seal; nothing is kept before _commit.  *ret_stored (as many as pilot_load_agencies said, in the
 * order in which they were sent) is the caller's to free. */
pilot_status_t pilot_load_seal(pilot_load_t *load, const pilot_agencies_t *agencies,
                               const pilot_manifest_t *manifest, pilot_stored_t **ret_stored,
                               pilot_error_t *error);
pilot_status_t pilot_load_commit(pilot_load_t *load, pilot_error_t *error);

#endif
