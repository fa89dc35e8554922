#include "document.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pilot/memory.h"
#include "pilot/plan.h"

#define MAX_DEPTH 16
#define MAX_NODES 500000

typedef struct position {
    size_t line, column; /* from 1; columns count characters */
} position_t;

static position_t position_of(yaml_mark_t mark)
{
    return (position_t){mark.line + 1, mark.column + 1};
}

/* Line and column of a byte, for errors that libyaml never sees or gives only an offset for. */
static position_t position_of_offset(const char *source, size_t offset)
{
    position_t position = {1, 1};
    for (size_t i = 0; i < offset; i++) {
        if (source[i] == '\n')
            position = (position_t){position.line + 1, 1};
        else if (((unsigned char)source[i] & 0xc0) != 0x80)
            position.column++;
    }
    return position;
}

static pilot_status_t error_at(const char *file, position_t at, pilot_error_t *error,
                               const char *format, va_list arguments)
{
    char message[PILOT_MESSAGE_SIZE];
    vsnprintf(message, sizeof message, format, arguments);
    return pilot_error_set(error, PILOT_E_PLAN, "%.400s:%zu:%zu: %s", file, at.line, at.column,
                           message);
}

__attribute__((format(printf, 4, 5))) static pilot_status_t
fail(const char *file, position_t at, pilot_error_t *error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    pilot_status_t status = error_at(file, at, error, format, arguments);
    va_end(arguments);
    return status;
}

pilot_status_t pilot_document_error(const pilot_document_t *document, const yaml_node_t *node,
                                    pilot_error_t *error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    pilot_status_t status =
        error_at(document->file, position_of(node->start_mark), error, format, arguments);
    va_end(arguments);
    return status;
}

const char *pilot_quoted(const char *text, char buffer[PILOT_QUOTED_SIZE])
{
    const size_t most = PILOT_QUOTED_SIZE - 6;
    size_t length = strlen(text);
    bool cut = length > most;
    if (cut)
        for (length = most; length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80;)
            length--;
    snprintf(buffer, PILOT_QUOTED_SIZE, "'%.*s%s'", (int)length, text, cut ? "..." : "");
    return buffer;
}

/* ---- what no plan may hold ------------------------------------------------------------------- */

static pilot_status_t check_bytes(const char *source, size_t length, const char *file,
                                  pilot_error_t *error)
{
    size_t bad;
    if (length > PILOT_PLAN_MAX_BYTES)
        return pilot_error_set(error, PILOT_E_PLAN,
                               "%.400s: the file is larger than 4 MiB, the most that a plan can be",
                               file);
    if (length == 0)
        return fail(file, (position_t){1, 1}, error,
                    "the file is empty; a plan begins with 'version: 1'");
    if (pilot_utf8_valid(source, length, &bad))
        return PILOT_OK;
    if (source[bad] == '\0')
        return fail(file, position_of_offset(source, bad), error,
                    "there is a NUL byte; a plan is UTF-8 text");
    return fail(file, position_of_offset(source, bad), error,
                "the byte 0x%02x is not UTF-8; save the plan as UTF-8", (unsigned char)source[bad]);
}

/* Does a line begin at `at`?  By all line breaks that YAML 1.1 knows. */
static bool begins_line(const char *source, size_t at)
{
    if (at == 0 || source[at - 1] == '\n' || source[at - 1] == '\r')
        return true;
    if (at >= 2 && memcmp(source + at - 2, "\xc2\x85", 2) == 0)
        return true;
    return at >= 3 && (memcmp(source + at - 3, "\xe2\x80\xa8", 3) == 0 ||
                       memcmp(source + at - 3, "\xe2\x80\xa9", 3) == 0);
}

/* Tag directives come to no event of their own, and libyaml's time grows with their square. */
static pilot_status_t check_directives(const char *source, size_t length, const char *file,
                                       pilot_error_t *error)
{
    static const char directive[] = "%TAG";
    const char *at = source;
    while ((at = memmem(at, length - (size_t)(at - source), directive, 4))) {
        size_t offset = (size_t)(at - source);
        if (begins_line(source, offset))
            return fail(file, position_of_offset(source, offset), error,
                        "the directive %%TAG is not allowed; a plan has no tags");
        at++;
    }
    return PILOT_OK;
}

static pilot_status_t syntax_error(const yaml_parser_t *parser, const char *source,
                                   const char *file, pilot_error_t *error)
{
    if (parser->error == YAML_MEMORY_ERROR)
        pilot_out_of_memory();
    if (parser->error == YAML_READER_ERROR)
        return fail(file, position_of_offset(source, parser->problem_offset), error,
                    "the character U+%04X is not allowed in YAML",
                    (unsigned)(parser->problem_value < 0 ? 0 : parser->problem_value));
    const char *problem = parser->problem ? parser->problem : "the text is not understood";
    position_t at = position_of(parser->problem_mark);
    if (!parser->context)
        return fail(file, at, error, "not valid YAML: %s", problem);
    position_t context = position_of(parser->context_mark);
    return fail(file, at, error, "not valid YAML: %s (%s that begins at %zu:%zu)", problem,
                parser->context, context.line, context.column);
}

static pilot_status_t check_properties(const char *file, const yaml_event_t *event,
                                       const yaml_char_t *anchor, const yaml_char_t *tag,
                                       pilot_error_t *error)
{
    char quoted[PILOT_QUOTED_SIZE];
    if (anchor)
        return fail(file, position_of(event->start_mark), error,
                    "the anchor %s is not allowed; write the value where it is used",
                    pilot_quoted((const char *)anchor, quoted));
    if (tag)
        return fail(file, position_of(event->start_mark), error,
                    "the tag %s is not allowed; a plan is text, lists and keys only",
                    pilot_quoted((const char *)tag, quoted));
    return PILOT_OK;
}

struct progress {
    int depth, documents;
    size_t nodes;
    bool ended;
};

static pilot_status_t check_event(const char *file, const yaml_event_t *event,
                                  struct progress *progress, pilot_error_t *error)
{
    char quoted[PILOT_QUOTED_SIZE];
    position_t at = position_of(event->start_mark);
    if (++progress->nodes > MAX_NODES)
        return fail(file, at, error, "the plan has more than %d entries", MAX_NODES);
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (++progress->documents > 1)
            return fail(file, at, error, "a second document begins here; a plan is one document");
        return PILOT_OK;
    case YAML_ALIAS_EVENT:
        return fail(file, at, error, "the alias %s is not allowed; write the value itself",
                    pilot_quoted((const char *)event->data.alias.anchor, quoted));
    case YAML_SCALAR_EVENT:
        if (memchr(event->data.scalar.value, '\0', event->data.scalar.length))
            return fail(file, at, error, "there is a NUL in this text; a plan has none");
        return check_properties(file, event, event->data.scalar.anchor, event->data.scalar.tag,
                                error);
    case YAML_SEQUENCE_START_EVENT:
    case YAML_MAPPING_START_EVENT:
        if (++progress->depth > MAX_DEPTH)
            return fail(file, at, error, "the plan is nested more than %d levels deep", MAX_DEPTH);
        return event->type == YAML_MAPPING_START_EVENT
                   ? check_properties(file, event, event->data.mapping_start.anchor,
                                      event->data.mapping_start.tag, error)
                   : check_properties(file, event, event->data.sequence_start.anchor,
                                      event->data.sequence_start.tag, error);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        progress->depth--;
        return PILOT_OK;
    case YAML_STREAM_END_EVENT:
        progress->ended = true;
        return PILOT_OK;
    default:
        return PILOT_OK;
    }
}

static void start_parser(yaml_parser_t *parser, const char *source, size_t length)
{
    if (!yaml_parser_initialize(parser))
        pilot_out_of_memory();
    yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(parser, (const unsigned char *)source, length);
}

/* A document keeps no trace of anchors, aliases and explicit tags, so the events are looked at
 * first. */
static pilot_status_t check_events(const char *source, size_t length, const char *file,
                                   pilot_error_t *error)
{
    yaml_parser_t parser;
    start_parser(&parser, source, length);
    struct progress progress = {0};
    pilot_status_t status = PILOT_OK;
    while (status == PILOT_OK && !progress.ended) {
        yaml_event_t event;
        if (!yaml_parser_parse(&parser, &event)) {
            status = syntax_error(&parser, source, file, error);
            break;
        }
        status = check_event(file, &event, &progress, error);
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    if (status == PILOT_OK && progress.documents == 0)
        status = fail(file, (position_t){1, 1}, error,
                      "the plan is empty; a plan begins with 'version: 1'");
    return status;
}

pilot_status_t pilot_document_load(pilot_document_t *document, const char *source, size_t length,
                                   const char *file, pilot_error_t *error)
{
    *document = (pilot_document_t){.file = file};
    pilot_status_t status = check_bytes(source, length, file, error);
    if (status)
        return status;
    if (length >= 3 && memcmp(source, "\xef\xbb\xbf", 3) == 0) {
        source += 3;
        length -= 3;
    }
    status = check_directives(source, length, file, error);
    if (status == PILOT_OK)
        status = check_events(source, length, file, error);
    if (status)
        return status;
    yaml_parser_t parser;
    start_parser(&parser, source, length);
    document->loaded = yaml_parser_load(&parser, &document->yaml);
    if (!document->loaded)
        status = syntax_error(&parser, source, file, error);
    yaml_parser_delete(&parser);
    if (status)
        return status;
    yaml_node_t *root = pilot_document_root(document);
    if (!root || root->type != YAML_MAPPING_NODE)
        return fail(
            file, root ? position_of(root->start_mark) : (position_t){1, 1}, error,
            "this is not a plan: lines such as 'version: 1' and 'pilot: NAME' are expected");
    return PILOT_OK;
}

void pilot_document_clear(pilot_document_t *document)
{
    if (document->loaded)
        yaml_document_delete(&document->yaml);
    *document = (pilot_document_t){0};
}

/* ---- looking around -------------------------------------------------------------------------- */

yaml_node_t *pilot_document_root(pilot_document_t *document)
{
    return yaml_document_get_root_node(&document->yaml);
}

yaml_node_t *pilot_document_node(pilot_document_t *document, int id)
{
    return yaml_document_get_node(&document->yaml, id);
}

static yaml_node_pair_t *find_pair(pilot_document_t *document, yaml_node_t *mapping,
                                   const char *key)
{
    if (!mapping || mapping->type != YAML_MAPPING_NODE)
        return NULL;
    for (yaml_node_pair_t *pair = mapping->data.mapping.pairs.start;
         pair < mapping->data.mapping.pairs.top; pair++) {
        const yaml_node_t *name = pilot_document_node(document, pair->key);
        if (pilot_node_is_text(name) && strcmp(pilot_node_text(name), key) == 0)
            return pair;
    }
    return NULL;
}

yaml_node_t *pilot_document_get(pilot_document_t *document, yaml_node_t *mapping, const char *key)
{
    yaml_node_pair_t *pair = find_pair(document, mapping, key);
    yaml_node_t *value = pair ? pilot_document_node(document, pair->value) : NULL;
    return value && pilot_node_is_null(value) ? NULL : value;
}

yaml_node_t *pilot_document_key(pilot_document_t *document, yaml_node_t *mapping, const char *key)
{
    yaml_node_pair_t *pair = find_pair(document, mapping, key);
    return pair ? pilot_document_node(document, pair->key) : NULL;
}

yaml_node_t *pilot_document_item(pilot_document_t *document, yaml_node_t *sequence, size_t item)
{
    if (!sequence || sequence->type != YAML_SEQUENCE_NODE || item >= pilot_node_count(sequence))
        return NULL;
    return pilot_document_node(document, sequence->data.sequence.items.start[item]);
}

bool pilot_node_is_text(const yaml_node_t *node)
{
    return node && node->type == YAML_SCALAR_NODE;
}

bool pilot_node_is_null(const yaml_node_t *node)
{
    if (!pilot_node_is_text(node) || node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
        return false;
    const char *text = pilot_node_text(node);
    return strcmp(text, "null") == 0 || strcmp(text, "~") == 0;
}

const char *pilot_node_text(const yaml_node_t *node)
{
    return (const char *)node->data.scalar.value;
}

size_t pilot_node_count(const yaml_node_t *node)
{
    if (node->type == YAML_SEQUENCE_NODE)
        return (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
    if (node->type == YAML_MAPPING_NODE)
        return (size_t)(node->data.mapping.pairs.top - node->data.mapping.pairs.start);
    return 0;
}
