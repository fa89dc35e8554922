/* diff.c - two checked trees side by side. */
#include "pilot/plan_diff.h"

#include <stdlib.h>
#include <string.h>

#include "document.h"
#include "pilot/memory.h"

typedef struct comparison {
    pilot_document_t before, after;
    pilot_plan_diff_t *diff;
    pilot_text_t path;
} comparison_t;

/* ---- paths ----------------------------------------------------------------------------------- */

static bool is_bare(const char *name)
{
    if (!*name)
        return false;
    for (const unsigned char *c = (const unsigned char *)name; *c; c++)
        if (*c <= ' ' || *c == 0x7f || strchr(".[]\"", *c))
            return false;
    return true;
}

static void append_name(pilot_text_t *path, const char *name)
{
    if (is_bare(name))
        pilot_text_append(path, name);
    else
        pilot_text_append_json(path, name, strlen(name));
}

static void enter_key(pilot_text_t *path, const char *key)
{
    if (path->length > 0)
        pilot_text_append_char(path, '.');
    append_name(path, key);
}

static void enter_element(pilot_text_t *path, const char *name)
{
    pilot_text_append_char(path, '[');
    append_name(path, name);
    pilot_text_append_char(path, ']');
}

static void leave(pilot_text_t *path, size_t length)
{
    path->length = length;
    if (path->data)
        path->data[length] = '\0';
}

bool pilot_plan_paths_meet(const char *a, const char *b)
{
    size_t m = strlen(a), n = strlen(b), shorter = m < n ? m : n;
    if (strncmp(a, b, shorter) != 0)
        return false;
    const char next = m < n ? b[shorter] : a[shorter];
    return m == n || next == '.' || next == '[';
}

/* ---- changes --------------------------------------------------------------------------------- */

static char *json_of(pilot_document_t *document, yaml_node_t *node)
{
    pilot_text_t json = PILOT_TEXT_INIT;
    if (!node)
        return NULL;
    /* Duplicate keys were refused when the plan was registered; of another source the rest. */
    pilot_document_node_json(document, node, &json, NULL);
    return pilot_text_take(&json);
}

static void add_change(comparison_t *comparison, char *before, char *after)
{
    pilot_plan_diff_t *diff = comparison->diff;
    diff->change = pilot_grow(diff->change, &diff->capacity, diff->count + 1, sizeof *diff->change);
    diff->change[diff->count++] = (pilot_plan_change_t){
        .path = pilot_strdup(comparison->path.data ? comparison->path.data : ""),
        .before = before,
        .after = after};
}

static void add_nodes(comparison_t *comparison, yaml_node_t *before, yaml_node_t *after)
{
    add_change(comparison, json_of(&comparison->before, before),
               json_of(&comparison->after, after));
}

static void compare_nodes(comparison_t *comparison, yaml_node_t *before, yaml_node_t *after);

/* ---- mappings -------------------------------------------------------------------------------- */

/* The value of a key, an explicit null too. */
static yaml_node_t *value_of(pilot_document_t *document, yaml_node_t *mapping, const char *key)
{
    for (size_t i = 0; i < pilot_node_count(mapping); i++) {
        yaml_node_pair_t *pair = &mapping->data.mapping.pairs.start[i];
        yaml_node_t *node = pilot_document_node(document, pair->key);
        if (pilot_node_is_text(node) && strcmp(pilot_node_text(node), key) == 0)
            return pilot_document_node(document, pair->value);
    }
    return NULL;
}

static const char *key_at(pilot_document_t *document, yaml_node_t *mapping, size_t index)
{
    yaml_node_t *node = pilot_document_node(document, mapping->data.mapping.pairs.start[index].key);
    return pilot_node_is_text(node) ? pilot_node_text(node) : "";
}

static void compare_key(comparison_t *comparison, const char *key, yaml_node_t *before,
                        yaml_node_t *after)
{
    size_t length = comparison->path.length;
    enter_key(&comparison->path, key);
    compare_nodes(comparison, before, after);
    leave(&comparison->path, length);
}

/* A NULL mapping has no keys; `except`: a key that is not looked at, or NULL. */
static void compare_mappings(comparison_t *comparison, yaml_node_t *before, yaml_node_t *after,
                             const char *except)
{
    for (size_t i = 0; before && i < pilot_node_count(before); i++) {
        const char *key = key_at(&comparison->before, before, i);
        if (!except || strcmp(key, except) != 0)
            compare_key(comparison, key, value_of(&comparison->before, before, key),
                        after ? value_of(&comparison->after, after, key) : NULL);
    }
    for (size_t i = 0; after && i < pilot_node_count(after); i++) {
        const char *key = key_at(&comparison->after, after, i);
        if ((!except || strcmp(key, except) != 0) &&
            !(before && value_of(&comparison->before, before, key)))
            compare_key(comparison, key, NULL, value_of(&comparison->after, after, key));
    }
}

/* ---- lists ----------------------------------------------------------------------------------- */

typedef struct element {
    const char *name; /* NULL: it has none */
    yaml_node_t *node;
    size_t place;
    struct element *other; /* of the same name in the other list */
} element_t;

static bool is_mapping(const yaml_node_t *node)
{
    return node && node->type == YAML_MAPPING_NODE;
}

static const char *name_of(pilot_document_t *document, yaml_node_t *node)
{
    yaml_node_t *name = is_mapping(node) ? value_of(document, node, "name") : node;
    return name && pilot_node_is_text(name) && !pilot_node_is_null(name) ? pilot_node_text(name)
                                                                         : NULL;
}

static element_t *read_elements(pilot_document_t *document, yaml_node_t *list, size_t count)
{
    element_t *element = PILOT_NEW_ARRAY(element_t, count + 1);
    for (size_t i = 0; i < count; i++) {
        element[i].node = pilot_document_item(document, list, i);
        element[i].name = name_of(document, element[i].node);
        element[i].place = i;
    }
    return element;
}

static int by_name(const void *a, const void *b)
{
    const element_t *const *x = a, *const *y = b;
    return strcmp((*x)->name, (*y)->name);
}

/* In the order of names; NULL unless each has a name of its own. */
static element_t **sort_by_name(element_t *element, size_t count)
{
    element_t **sorted = PILOT_NEW_ARRAY(element_t *, count + 1);
    bool named = true;
    for (size_t i = 0; i < count && named; i++) {
        sorted[i] = &element[i];
        named = element[i].name != NULL;
    }
    if (named)
        qsort(sorted, count, sizeof *sorted, by_name);
    for (size_t i = 1; i < count && named; i++)
        named = strcmp(sorted[i - 1]->name, sorted[i]->name) != 0;
    if (named)
        return sorted;
    free(sorted);
    return NULL;
}

static void match(element_t **before, size_t before_count, element_t **after, size_t after_count)
{
    for (size_t i = 0, k = 0; i < before_count && k < after_count;) {
        int order = strcmp(before[i]->name, after[k]->name);
        if (order == 0) {
            before[i]->other = after[k];
            after[k]->other = before[i];
        }
        i += order <= 0;
        k += order >= 0;
    }
}

/* Names of those that both lists have, as a JSON list. */
static char *common_names(const element_t *element, size_t count)
{
    pilot_text_t json = PILOT_TEXT_INIT;
    for (size_t i = 0; i < count; i++) {
        if (!element[i].other)
            continue;
        pilot_text_append_char(&json, json.length ? ',' : '[');
        pilot_text_append_json(&json, element[i].name, strlen(element[i].name));
    }
    pilot_text_append_char(&json, ']');
    return pilot_text_take(&json);
}

static void compare_order(comparison_t *comparison, const element_t *before, size_t before_count,
                          const element_t *after, size_t after_count)
{
    size_t last = 0;
    bool same = true;
    for (size_t i = 0; i < before_count; i++) {
        if (!before[i].other)
            continue;
        same = same && before[i].other->place >= last;
        last = before[i].other->place;
    }
    if (same)
        return;
    size_t length = comparison->path.length;
    pilot_text_append(&comparison->path, "[]");
    add_change(comparison, common_names(before, before_count), common_names(after, after_count));
    leave(&comparison->path, length);
}

static void compare_element(comparison_t *comparison, const char *name, yaml_node_t *before,
                            yaml_node_t *after)
{
    size_t length = comparison->path.length;
    enter_element(&comparison->path, name);
    if (before && after && is_mapping(before) != is_mapping(after))
        compare_mappings(comparison, is_mapping(before) ? before : NULL,
                         is_mapping(after) ? after : NULL, "name");
    else
        compare_nodes(comparison, before, after);
    leave(&comparison->path, length);
}

static void compare_by_place(comparison_t *comparison, const element_t *before, size_t before_count,
                             const element_t *after, size_t after_count)
{
    for (size_t i = 0; i < before_count || i < after_count; i++) {
        size_t length = comparison->path.length;
        pilot_text_appendf(&comparison->path, "[%zu]", i);
        compare_nodes(comparison, i < before_count ? before[i].node : NULL,
                      i < after_count ? after[i].node : NULL);
        leave(&comparison->path, length);
    }
}

static void compare_lists(comparison_t *comparison, yaml_node_t *before, yaml_node_t *after)
{
    size_t m = pilot_node_count(before), n = pilot_node_count(after);
    element_t *a PILOT_AUTOFREE = read_elements(&comparison->before, before, m);
    element_t *b PILOT_AUTOFREE = read_elements(&comparison->after, after, n);
    element_t **a_sorted PILOT_AUTOFREE = sort_by_name(a, m);
    element_t **b_sorted PILOT_AUTOFREE = sort_by_name(b, n);
    if (!a_sorted || !b_sorted) {
        compare_by_place(comparison, a, m, b, n);
        return;
    }
    match(a_sorted, m, b_sorted, n);
    for (size_t i = 0; i < m; i++)
        compare_element(comparison, a[i].name, a[i].node, a[i].other ? a[i].other->node : NULL);
    for (size_t i = 0; i < n; i++)
        if (!b[i].other)
            compare_element(comparison, b[i].name, NULL, b[i].node);
    compare_order(comparison, a, m, b, n);
}

/* ---- values ---------------------------------------------------------------------------------- */

static bool same_scalar(const yaml_node_t *before, const yaml_node_t *after)
{
    return pilot_node_is_text(before) && pilot_node_is_text(after) &&
           pilot_node_is_null(before) == pilot_node_is_null(after) &&
           strcmp(pilot_node_text(before), pilot_node_text(after)) == 0;
}

static void compare_nodes(comparison_t *comparison, yaml_node_t *before, yaml_node_t *after)
{
    if (before && after && is_mapping(before) && is_mapping(after))
        compare_mappings(comparison, before, after, NULL);
    else if (before && after && before->type == YAML_SEQUENCE_NODE &&
             after->type == YAML_SEQUENCE_NODE)
        compare_lists(comparison, before, after);
    else if (!before || !after || !same_scalar(before, after))
        add_nodes(comparison, before, after);
}

pilot_status_t pilot_plan_diff(const char *before, const char *after, pilot_plan_diff_t *ret_diff,
                               pilot_error_t *error)
{
    comparison_t comparison = {.diff = ret_diff};
    *ret_diff = (pilot_plan_diff_t){0};
    pilot_status_t status =
        pilot_document_load(&comparison.before, before, strlen(before), "the earlier plan", error);
    if (!status)
        status =
            pilot_document_load(&comparison.after, after, strlen(after), "the later plan", error);
    if (!status)
        compare_nodes(&comparison, pilot_document_root(&comparison.before),
                      pilot_document_root(&comparison.after));
    pilot_document_clear(&comparison.before);
    pilot_document_clear(&comparison.after);
    pilot_text_clear(&comparison.path);
    return status;
}

void pilot_plan_diff_clear(pilot_plan_diff_t *diff)
{
    for (size_t i = 0; i < diff->count; i++) {
        free(diff->change[i].path);
        free(diff->change[i].before);
        free(diff->change[i].after);
    }
    free(diff->change);
    *diff = (pilot_plan_diff_t){0};
}
