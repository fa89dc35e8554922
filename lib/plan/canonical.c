/* Canonical JSON of a plan, RFC 8785: no blanks, keys in the order of their UTF-16 code units.
 * A plan's scalars are text as written, so every scalar is a JSON string (the number format of the
 * RFC is never needed), and plain null is null. */
#include <stdlib.h>
#include <string.h>

#include "document.h"
#include "pilot/memory.h"

struct entry {
    yaml_node_t *key, *value;
};

/* UTF-16 order differs from byte order only where surrogates (code points from U+10000, UTF-8 lead
 * byte 0xf0 and up) meet U+E000..U+FFFF (lead bytes 0xee and 0xef): there the surrogate is less. */
static int compare_utf16(const char *a, const char *b)
{
    const unsigned char *x = (const unsigned char *)a, *y = (const unsigned char *)b;
    while (*x && *x == *y) {
        x++;
        y++;
    }
    bool x_surrogate = *x >= 0xf0, y_surrogate = *y >= 0xf0;
    if (x_surrogate != y_surrogate && (x_surrogate ? *y : *x) >= 0xee)
        return x_surrogate ? -1 : 1;
    return (int)*x - (int)*y;
}

static int compare_entries(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    int order = compare_utf16(pilot_node_text(x->key), pilot_node_text(y->key));
    if (order == 0)
        order = x->key->start_mark.index < y->key->start_mark.index ? -1 : 1;
    return order;
}

static pilot_status_t append_node(pilot_document_t *document, yaml_node_t *node, pilot_text_t *json,
                                  pilot_error_t *error);

static pilot_status_t check_key(pilot_document_t *document, yaml_node_t *key, pilot_error_t *error)
{
    if (!pilot_node_is_text(key))
        return pilot_document_error(document, key, error, "a key must be text");
    if (pilot_node_is_null(key))
        return pilot_document_error(document, key, error,
                                    "a key cannot be absent; quote it if it is a name");
    return PILOT_OK;
}

static pilot_status_t append_entries(pilot_document_t *document, const struct entry *entries,
                                     size_t count, pilot_text_t *json, pilot_error_t *error)
{
    char quoted[PILOT_QUOTED_SIZE];
    pilot_status_t status = PILOT_OK;
    pilot_text_append_char(json, '{');
    for (size_t i = 0; i < count && status == PILOT_OK; i++) {
        const char *key = pilot_node_text(entries[i].key);
        if (i > 0 && strcmp(pilot_node_text(entries[i - 1].key), key) == 0)
            return pilot_document_error(
                document, entries[i].key, error,
                "the key %s is given twice (first in line %zu); remove one of them",
                pilot_quoted(key, quoted), entries[i - 1].key->start_mark.line + 1);
        if (i > 0)
            pilot_text_append_char(json, ',');
        pilot_text_append_json(json, key, strlen(key));
        pilot_text_append_char(json, ':');
        status = append_node(document, entries[i].value, json, error);
    }
    pilot_text_append_char(json, '}');
    return status;
}

static pilot_status_t append_mapping(pilot_document_t *document, yaml_node_t *node,
                                     pilot_text_t *json, pilot_error_t *error)
{
    size_t count = pilot_node_count(node);
    struct entry *entries = PILOT_NEW_ARRAY(struct entry, count + 1);
    pilot_status_t status = PILOT_OK;
    for (size_t i = 0; i < count && status == PILOT_OK; i++) {
        yaml_node_pair_t *pair = &node->data.mapping.pairs.start[i];
        entries[i] = (struct entry){pilot_document_node(document, pair->key),
                                    pilot_document_node(document, pair->value)};
        status = check_key(document, entries[i].key, error);
    }
    if (status == PILOT_OK) {
        qsort(entries, count, sizeof *entries, compare_entries);
        status = append_entries(document, entries, count, json, error);
    }
    free(entries);
    return status;
}

static pilot_status_t append_sequence(pilot_document_t *document, yaml_node_t *node,
                                      pilot_text_t *json, pilot_error_t *error)
{
    pilot_status_t status = PILOT_OK;
    size_t count = pilot_node_count(node);
    pilot_text_append_char(json, '[');
    for (size_t i = 0; i < count && status == PILOT_OK; i++) {
        if (i > 0)
            pilot_text_append_char(json, ',');
        status = append_node(document, pilot_document_item(document, node, i), json, error);
    }
    pilot_text_append_char(json, ']');
    return status;
}

static pilot_status_t append_node(pilot_document_t *document, yaml_node_t *node, pilot_text_t *json,
                                  pilot_error_t *error)
{
    if (node->type == YAML_MAPPING_NODE)
        return append_mapping(document, node, json, error);
    if (node->type == YAML_SEQUENCE_NODE)
        return append_sequence(document, node, json, error);
    if (pilot_node_is_null(node))
        pilot_text_append(json, "null");
    else
        pilot_text_append_json(json, pilot_node_text(node), node->data.scalar.length);
    return PILOT_OK;
}

pilot_status_t pilot_document_json(pilot_document_t *document, pilot_text_t *ret_json,
                                   pilot_error_t *error)
{
    return append_node(document, pilot_document_root(document), ret_json, error);
}

pilot_status_t pilot_document_node_json(pilot_document_t *document, yaml_node_t *node,
                                        pilot_text_t *ret_json, pilot_error_t *error)
{
    return append_node(document, node, ret_json, error);
}
