/* From document to draft by the schema table: one function walks, one function a kind converts. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "draft.h"
#include "pilot/memory.h"
#include "pilot/suggest.h"
#include "pilot/text.h"

#define TEXT_MAX_BYTES 4096

struct walk {
    pilot_draft_t *draft;
    pilot_document_t *document;
    pilot_error_t *error;
};

static pilot_status_t decode(struct walk *walk, const pilot_schema_row_t *row, yaml_node_t *node,
                             char *base);

/* ---- messages -------------------------------------------------------------------------------- */

static const char *node_type_name(const yaml_node_t *node)
{
    if (node->type == YAML_SEQUENCE_NODE)
        return "a list";
    return node->type == YAML_MAPPING_NODE ? "a mapping" : "a text";
}

/* "difference_in_means|ols" -> "difference_in_means, ols" */
static void append_choices(pilot_text_t *text, const char *choices)
{
    for (const char *c = choices; *c; c++)
        pilot_text_append(text, *c == '|' ? ", " : (char[]){*c, '\0'});
}

static void append_wants(pilot_text_t *text, const pilot_schema_row_t *row)
{
    if (row->wants) {
        pilot_text_append(text, row->wants);
        return;
    }
    switch (row->kind) {
    case PILOT_KIND_MAPPING:
    case PILOT_KIND_ENTRIES:
    case PILOT_KIND_ANYTHING:
        pilot_text_append(text, row->shorthand ? "a name or a mapping {name: ...}"
                                               : "a mapping {key: value}");
        break;
    case PILOT_KIND_LIST:
        pilot_text_append(text, "a list [item, item]");
        break;
    case PILOT_KIND_TEXTS:
        pilot_text_append(text, row->flags & PILOT_OR_AUTO ? "auto or a list [item, item]"
                                                           : "a list [item, item]");
        break;
    case PILOT_KIND_WORD:
    case PILOT_KIND_CHOICE:
        pilot_text_append(text, "one of ");
        append_choices(text, row->choices);
        break;
    case PILOT_KIND_WHOLE:
        pilot_text_appendf(text, "a whole number between %.0f and %.0f", row->low, row->high);
        break;
    case PILOT_KIND_SEED:
        pilot_text_append(text, "a whole number between 0 and 18446744073709551615");
        break;
    default:
        pilot_text_append(text, "one text");
    }
}

/* "file:2:8: arms.control: a list is not one arm's label" */
static pilot_status_t refuse(struct walk *walk, const pilot_schema_row_t *row,
                             const yaml_node_t *node)
{
    char quoted[PILOT_QUOTED_SIZE];
    char *label PILOT_AUTOFREE = pilot_schema_label(row->path);
    pilot_text_t wants = PILOT_TEXT_INIT, meant = PILOT_TEXT_INIT;
    append_wants(&wants, row);
    bool is_text = pilot_node_is_text(node);
    if (is_text && row->choices) {
        pilot_suggest_t suggest = PILOT_SUGGEST_INIT(pilot_node_text(node));
        char *choices PILOT_AUTOFREE = pilot_strdup(row->choices);
        char *rest = choices;
        for (char *word; (word = strsep(&rest, "|"));)
            pilot_suggest_offer(&suggest, word);
        if (suggest.best)
            pilot_text_appendf(&meant, "; did you mean '%s'?", suggest.best);
    }
    pilot_status_t status = pilot_document_error(
        walk->document, node, walk->error, "%s: %s is not %s%s", label,
        is_text ? pilot_quoted(pilot_node_text(node), quoted) : node_type_name(node), wants.data,
        meant.data ? meant.data : "");
    pilot_text_clear(&wants);
    pilot_text_clear(&meant);
    return status;
}

__attribute__((format(printf, 4, 5))) static pilot_status_t complain(struct walk *walk,
                                                                     const pilot_schema_row_t *row,
                                                                     const yaml_node_t *node,
                                                                     const char *format, ...)
{
    char *label PILOT_AUTOFREE = pilot_schema_label(row->path);
    va_list arguments;
    va_start(arguments, format);
    char message[PILOT_MESSAGE_SIZE];
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    return pilot_document_error(walk->document, node, walk->error, "%s: %s", label, message);
}

/* ---- scalars --------------------------------------------------------------------------------- */

static bool is_pilot_name(const char *text)
{
    size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_");
    return text[0] >= 'a' && text[0] <= 'z' && length <= 48 && text[length] == '\0';
}

static pilot_status_t check_text(struct walk *walk, const pilot_schema_row_t *row,
                                 const yaml_node_t *node)
{
    char quoted[PILOT_QUOTED_SIZE];
    const char *text = pilot_node_text(node);
    size_t length = node->data.scalar.length;
    if (length == 0 && row->kind != PILOT_KIND_ANY_TEXT)
        return complain(walk, row, node, "the text is empty; write null for an absent value");
    if (length > TEXT_MAX_BYTES)
        return complain(walk, row, node, "the text is longer than %d bytes", TEXT_MAX_BYTES);
    if (row->kind == PILOT_KIND_PILOT && !is_pilot_name(text))
        return complain(walk, row, node,
                        "%s is not a pilot's name: a small letter, then at most 47 small letters, "
                        "digits or _",
                        pilot_quoted(text, quoted));
    if (row->kind != PILOT_KIND_NAME)
        return PILOT_OK;
    if (length > PILOT_NAME_BYTES)
        return complain(walk, row, node,
                        "the name %s is longer than %d bytes; shorten it and give the CSV header "
                        "in 'column'",
                        pilot_quoted(text, quoted), PILOT_NAME_BYTES);
    for (const char *c = text; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return complain(walk, row, node, "a name has no control characters");
    return PILOT_OK;
}

/* Rank of text among "a|b|c", or -1. */
static int choice_rank(const char *choices, const char *text)
{
    size_t length = strlen(text);
    int rank = 0;
    for (const char *c = choices;; rank++) {
        size_t word = strcspn(c, "|");
        if (word == length && memcmp(c, text, length) == 0)
            return rank;
        if (!c[word])
            return -1;
        c += word + 1;
    }
}

static bool in_range(const pilot_schema_row_t *row, double value)
{
    bool low = row->flags & PILOT_ABOVE_LOW ? value > row->low : value >= row->low;
    bool high = row->flags & PILOT_BELOW_HIGH ? value < row->high : value <= row->high;
    return low && high;
}

static bool parse_seed(const char *text, uint64_t *ret_value)
{
    if (!*text || text[strspn(text, "0123456789")])
        return false;
    errno = 0;
    *ret_value = strtoull(text, NULL, 10);
    return errno == 0;
}

static pilot_status_t decode_scalar(struct walk *walk, const pilot_schema_row_t *row,
                                    yaml_node_t *node, void *target)
{
    if (!pilot_node_is_text(node))
        return refuse(walk, row, node);
    const char *text = pilot_node_text(node);
    size_t length = node->data.scalar.length;
    int rank;
    double *number = target;
    int64_t *whole = target;
    switch (row->kind) {
    case PILOT_KIND_CHOICE:
    case PILOT_KIND_WORD:
        rank = choice_rank(row->choices, text);
        if (rank < 0)
            return refuse(walk, row, node);
        if (row->kind == PILOT_KIND_CHOICE)
            *(int *)target = rank + row->first;
        else
            *(char **)target = pilot_strdup(text);
        return PILOT_OK;
    case PILOT_KIND_NUMBER:
        if (pilot_double_parse(text, length, number) && in_range(row, *number))
            return PILOT_OK;
        return refuse(walk, row, node);
    case PILOT_KIND_WHOLE:
        if (pilot_int64_parse(text, length, whole) && in_range(row, (double)*whole))
            return PILOT_OK;
        return refuse(walk, row, node);
    case PILOT_KIND_SEED:
        return parse_seed(text, target) ? PILOT_OK : refuse(walk, row, node);
    default:
        break;
    }
    pilot_status_t status = check_text(walk, row, node);
    if (status == PILOT_OK)
        *(char **)target = pilot_strdup(text);
    return status;
}

/* ---- lists ----------------------------------------------------------------------------------- */

static pilot_status_t check_count(struct walk *walk, const pilot_schema_row_t *row,
                                  const yaml_node_t *node)
{
    if (pilot_node_count(node) == 0 && row->flags & PILOT_REQUIRED)
        return complain(walk, row, node, "at least one is needed");
    if (pilot_node_count(node) > row->most)
        return complain(walk, row, node, "there are %zu; at most %zu are possible",
                        pilot_node_count(node), row->most);
    return PILOT_OK;
}

static pilot_status_t check_item(struct walk *walk, const pilot_schema_row_t *row,
                                 const yaml_node_t *node)
{
    return pilot_node_is_null(node) ? complain(walk, row, node, "an item of a list cannot be null")
                                    : PILOT_OK;
}

static pilot_status_t decode_texts(struct walk *walk, const pilot_schema_row_t *row,
                                   yaml_node_t *node, char *base)
{
    if (row->flags & PILOT_OR_AUTO && pilot_node_is_text(node) &&
        strcmp(pilot_node_text(node), "auto") == 0) {
        *(bool *)(base + row->given) = true;
        return PILOT_OK;
    }
    if (node->type != YAML_SEQUENCE_NODE)
        return refuse(walk, row, node);
    if (row->flags & PILOT_OR_AUTO && pilot_node_count(node) == 0)
        return complain(walk, row, node, "the list is empty; write auto, or name one");
    pilot_status_t status = check_count(walk, row, node);
    const pilot_schema_row_t *item = pilot_schema_find(row->path, "[]");
    pilot_texts_t *texts = (pilot_texts_t *)(base + row->at);
    if (status == PILOT_OK)
        texts->item = PILOT_NEW_ARRAY(char *, pilot_node_count(node) + 1);
    for (size_t i = 0; status == PILOT_OK && i < pilot_node_count(node); i++) {
        yaml_node_t *element = pilot_document_item(walk->document, node, i);
        status = check_item(walk, item, element);
        if (status == PILOT_OK)
            status = decode_scalar(walk, item, element, &texts->item[i]);
        if (status)
            return status;
        texts->count++;
        for (size_t j = 0; j < i; j++)
            if (strcmp(texts->item[j], texts->item[i]) == 0) {
                char quoted[PILOT_QUOTED_SIZE];
                return complain(walk, row, element, "%s is listed twice",
                                pilot_quoted(texts->item[i], quoted));
            }
    }
    return status;
}

static pilot_status_t decode_list(struct walk *walk, const pilot_schema_row_t *row,
                                  yaml_node_t *node, char *base)
{
    if (node->type != YAML_SEQUENCE_NODE)
        return refuse(walk, row, node);
    pilot_status_t status = check_count(walk, row, node);
    if (status)
        return status;
    const pilot_schema_row_t *item = pilot_schema_find(row->path, "[]");
    size_t count = pilot_node_count(node);
    char *elements = pilot_alloc(count + 1, row->element);
    *(char **)(base + row->at) = elements;
    *(size_t *)(base + row->count) = count;
    for (size_t i = 0; i < count && status == PILOT_OK; i++) {
        yaml_node_t *element = pilot_document_item(walk->document, node, i);
        status = check_item(walk, item, element);
        if (status == PILOT_OK)
            status = decode(walk, item, element, elements + i * row->element);
    }
    return status;
}

/* ---- mappings -------------------------------------------------------------------------------- */

/* A mapping with keys of the user's own: elements begin with `char *name`. */
static pilot_status_t decode_entries(struct walk *walk, const pilot_schema_row_t *row,
                                     yaml_node_t *node, char *base)
{
    if (node->type != YAML_MAPPING_NODE)
        return refuse(walk, row, node);
    pilot_status_t status = check_count(walk, row, node);
    if (status)
        return status;
    const pilot_schema_row_t *value_row = pilot_schema_find(row->path, ".*");
    size_t count = pilot_node_count(node);
    char *elements = pilot_alloc(count + 1, row->element);
    *(char **)(base + row->at) = elements;
    *(size_t *)(base + row->count) = count;
    for (size_t i = 0; i < count && status == PILOT_OK; i++) {
        yaml_node_pair_t *pair = &node->data.mapping.pairs.start[i];
        yaml_node_t *value = pilot_document_node(walk->document, pair->value);
        char *element = elements + i * row->element;
        *(char **)element =
            pilot_strdup(pilot_node_text(pilot_document_node(walk->document, pair->key)));
        if (pilot_node_is_null(value))
            return complain(walk, row, value, "a value cannot be null here; leave the key out");
        status = value_row->kind == PILOT_KIND_MAPPING
                     ? decode(walk, value_row, value, element)
                     : decode_scalar(walk, value_row, value, element + value_row->at);
    }
    return status;
}

static pilot_status_t unknown_key(struct walk *walk, const pilot_schema_row_t *row,
                                  const yaml_node_t *key)
{
    char quoted[PILOT_QUOTED_SIZE];
    char *label PILOT_AUTOFREE = pilot_schema_label(row->path);
    const char *text = pilot_node_text(key), *child;
    pilot_suggest_t suggest = PILOT_SUGGEST_INIT(text);
    for (size_t i = 0; i < pilot_schema_rows; i++)
        if (pilot_schema_is_child(row->path, &pilot_schema[i], &child))
            pilot_suggest_offer(&suggest, child);
    char *elsewhere PILOT_AUTOFREE = NULL;
    for (size_t i = 0; i < pilot_schema_rows && !suggest.best && !elsewhere; i++) {
        const char *last = strrchr(pilot_schema[i].path, '.');
        if (strcmp(last ? last + 1 : pilot_schema[i].path, text) == 0)
            elsewhere = pilot_schema_label(pilot_schema[i].path);
    }
    const char *meant = suggest.best ? suggest.best : elsewhere;
    return pilot_document_error(walk->document, key, walk->error, "unknown key %s%s%s%s%s%s",
                                pilot_quoted(text, quoted), *label ? " in " : "", label,
                                meant ? "; did you mean '" : "; see docs/plan.md for the keys",
                                meant ? meant : "", meant ? "'?" : "");
}

/* Is something asked for that is not computed?  Empty lists and mappings ask for nothing. */
static void note_asked(struct walk *walk, const pilot_schema_row_t *row, const yaml_node_t *node)
{
    if (!row->later)
        return;
    bool asked = pilot_node_is_text(node)
                     ? !row->unless || strcmp(pilot_node_text(node), row->unless) != 0
                     : pilot_node_count(node) > 0;
    if (asked)
        walk->draft->asked[row - pilot_schema] = true;
}

static pilot_status_t check_required(struct walk *walk, const pilot_schema_row_t *row,
                                     const yaml_node_t *node, const bool *seen)
{
    const char *key;
    for (size_t i = 0; i < pilot_schema_rows; i++) {
        if (!(pilot_schema[i].flags & PILOT_REQUIRED) || seen[i] ||
            !pilot_schema_is_child(row->path, &pilot_schema[i], &key))
            continue;
        char *label PILOT_AUTOFREE = pilot_schema_label(row->path);
        return pilot_document_error(walk->document, node, walk->error,
                                    "the key '%s' is missing%s%s", key, *label ? " in " : "",
                                    label);
    }
    return PILOT_OK;
}

static pilot_status_t decode_mapping(struct walk *walk, const pilot_schema_row_t *row,
                                     yaml_node_t *node, char *base)
{
    if (row->shorthand && pilot_node_is_text(node)) {
        char *suffix PILOT_AUTOFREE = pilot_format(".%s", row->shorthand);
        return decode(walk, pilot_schema_find(row->path, suffix), node, base);
    }
    if (node->type != YAML_MAPPING_NODE)
        return refuse(walk, row, node);
    bool seen[PILOT_SCHEMA_MAX_ROWS] = {false};
    for (size_t i = 0; i < pilot_node_count(node); i++) {
        yaml_node_pair_t *pair = &node->data.mapping.pairs.start[i];
        yaml_node_t *key = pilot_document_node(walk->document, pair->key);
        yaml_node_t *value = pilot_document_node(walk->document, pair->value);
        const pilot_schema_row_t *child = NULL;
        const char *name;
        for (size_t j = 0; j < pilot_schema_rows && !child; j++)
            if (pilot_schema_is_child(row->path, &pilot_schema[j], &name) &&
                strcmp(name, pilot_node_text(key)) == 0)
                child = &pilot_schema[j];
        if (!child)
            return unknown_key(walk, row, key);
        if (pilot_node_is_null(value))
            continue;
        seen[child - pilot_schema] = true;
        pilot_status_t status = decode(walk, child, value, base);
        if (status)
            return status;
    }
    return check_required(walk, row, node, seen);
}

static pilot_status_t decode(struct walk *walk, const pilot_schema_row_t *row, yaml_node_t *node,
                             char *base)
{
    pilot_status_t status;
    switch (row->kind) {
    case PILOT_KIND_MAPPING:
        status = decode_mapping(walk, row, node, base);
        break;
    case PILOT_KIND_ENTRIES:
        status = decode_entries(walk, row, node, base);
        break;
    case PILOT_KIND_ANYTHING:
        status = node->type == YAML_MAPPING_NODE ? PILOT_OK : refuse(walk, row, node);
        break;
    case PILOT_KIND_LIST:
        status = decode_list(walk, row, node, base);
        break;
    case PILOT_KIND_TEXTS:
        status = decode_texts(walk, row, node, base);
        break;
    default:
        status = decode_scalar(walk, row, node, base + row->at);
        if (status == PILOT_OK && row->given)
            *(bool *)(base + row->given) = true;
    }
    if (status == PILOT_OK)
        note_asked(walk, row, node);
    return status;
}

pilot_status_t pilot_draft_decode(pilot_draft_t *draft, pilot_document_t *document,
                                  pilot_error_t *error)
{
    struct walk walk = {draft, document, error};
    return decode(&walk, &pilot_schema[0], pilot_document_root(document), (char *)draft);
}
