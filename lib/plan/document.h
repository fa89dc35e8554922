/* A YAML file as one checked tree: libyaml's document, whose nodes carry marks.
 *
 * Loading refuses what a plan may not hold at all: bytes that are not UTF-8, NUL, anchors, aliases,
 * tags, a second document, deep nesting.  What keys mean is the schema's business. */
#ifndef PILOT_PLAN_DOCUMENT_H
#define PILOT_PLAN_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <yaml.h>

#include "pilot/error.h"
#include "pilot/text.h"

typedef struct pilot_document {
    const char *file; /* for messages; borrowed */
    yaml_document_t yaml;
    bool loaded;
} pilot_document_t;

/* source is borrowed during the call only.  pilot_document_clear in any case. */
pilot_status_t pilot_document_load(pilot_document_t *document, const char *source, size_t length,
                                   const char *file, pilot_error_t *error);
void pilot_document_clear(pilot_document_t *document);

yaml_node_t *pilot_document_root(pilot_document_t *document);
yaml_node_t *pilot_document_node(pilot_document_t *document, int id);

/* The value of a key, or NULL when the key is not there, is null, or `mapping` is no mapping. */
yaml_node_t *pilot_document_get(pilot_document_t *document, yaml_node_t *mapping, const char *key);
/* The key's own node (for marks), or NULL. */
yaml_node_t *pilot_document_key(pilot_document_t *document, yaml_node_t *mapping, const char *key);
/* The item-th element of a sequence, or NULL. */
yaml_node_t *pilot_document_item(pilot_document_t *document, yaml_node_t *sequence, size_t item);

bool pilot_node_is_text(const yaml_node_t *node);
/* Plain `null` or `~`. */
bool pilot_node_is_null(const yaml_node_t *node);
const char *pilot_node_text(const yaml_node_t *node); /* a scalar's; no NUL inside */
size_t pilot_node_count(const yaml_node_t *node);     /* elements or pairs */

/* PILOT_E_PLAN with "file:line:column: ..." at the node's first character (both count from 1). */
pilot_status_t pilot_document_error(const pilot_document_t *document, const yaml_node_t *node,
                                    pilot_error_t *error, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* A text for a message: 'text', shortened at a character's end when it is long. */
#define PILOT_QUOTED_SIZE 96
const char *pilot_quoted(const char *text, char buffer[PILOT_QUOTED_SIZE]);

/* Canonical JSON (RFC 8785) of the whole document: every scalar is a string, plain null is null.
 * Duplicate keys, and keys that are no text, are found here. */
pilot_status_t pilot_document_json(pilot_document_t *document, pilot_text_t *ret_json,
                                   pilot_error_t *error);
/* The same of one node. */
pilot_status_t pilot_document_node_json(pilot_document_t *document, yaml_node_t *node,
                                        pilot_text_t *ret_json, pilot_error_t *error);

#endif
