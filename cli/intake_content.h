/* intake_content.h - content_sha256: the identity of an agency's data, whatever the order of its
 * rows and columns in the files.  docs/data.md has the definition, for others to recompute. */
#ifndef PILOT_CLI_INTAKE_CONTENT_H
#define PILOT_CLI_INTAKE_CONTENT_H

#include <stdbool.h>

#include "intake_dictionary.h"
#include "intake_layout.h"
#include "pilot/hash.h"

typedef struct pilot_content pilot_content_t;

pilot_content_t *pilot_content_new(const pilot_intake_layout_t *layout); /* layout borrowed */
void pilot_content_free(pilot_content_t *content);                       /* NULL is fine */

/* A new agency.  received_is_arm: pilot_received holds arm labels. */
void pilot_content_begin(pilot_content_t *content, bool received_is_arm);
/* The next row in the order of the unit's bytes. */
void pilot_content_row(pilot_content_t *content, const pilot_record_t *record);
void pilot_content_end(pilot_content_t *content, char ret_hex[PILOT_SHA256_HEX_SIZE]);

#endif
