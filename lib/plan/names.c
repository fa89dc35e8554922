/* Covariates and subgroups, and the names that columns of the stored table may have. */
#include <stdlib.h>
#include <string.h>

#include "draft.h"
#include "pilot/memory.h"
#include "pilot/suggest.h"

#define MAX_STORED_COLUMNS 800

static yaml_node_t *section(pilot_document_t *document, const char *key)
{
    return pilot_document_get(document, pilot_document_root(document), key);
}

/* The node of an item's key, or the item itself where it is a plain name. */
static yaml_node_t *item_node(pilot_document_t *document, const char *list, size_t index,
                              const char *key)
{
    yaml_node_t *item = pilot_document_item(document, section(document, list), index);
    yaml_node_t *node = pilot_document_get(document, item, key);
    return node ? node : item;
}

/* ---- subgroups ------------------------------------------------------------------------------- */

/* A plain name that is nearly a covariate's is more likely a slip than a column of its own. */
static pilot_status_t check_slip(const pilot_plan_t *plan, pilot_document_t *document,
                                 yaml_node_t *item, const char *name, pilot_error_t *error)
{
    pilot_suggest_t suggest = PILOT_SUGGEST_INIT(name);
    for (size_t i = 0; i < plan->covariate_count; i++)
        pilot_suggest_offer(&suggest, plan->covariates[i].name);
    if (!suggest.best || !pilot_node_is_text(item))
        return PILOT_OK;
    char quoted[PILOT_QUOTED_SIZE], meant[PILOT_QUOTED_SIZE];
    return pilot_document_error(document, item, error,
                                "subgroups: %s is not a covariate; did you mean %s? (A column for "
                                "subgroups alone is written {name: ...} here)",
                                pilot_quoted(name, quoted), pilot_quoted(suggest.best, meant));
}

static pilot_status_t add_subgroup(pilot_draft_t *draft, pilot_document_t *document, size_t index,
                                   pilot_error_t *error)
{
    char quoted[PILOT_QUOTED_SIZE];
    pilot_plan_t *plan = &draft->plan;
    pilot_plan_covariate_t *given = &draft->subgroups[index];
    yaml_node_t *node = item_node(document, "subgroups", index, "name");
    pilot_quoted(given->name, quoted);
    for (size_t i = 0; i < plan->outcome_count; i++)
        if (strcmp(plan->outcomes[i].name, given->name) == 0)
            return pilot_document_error(document, node, error,
                                        "subgroups: %s is an outcome; a subgroup is known before "
                                        "treatment",
                                        quoted);
    size_t at = 0;
    while (at < plan->covariate_count && strcmp(plan->covariates[at].name, given->name) != 0)
        at++;
    for (size_t i = 0; i < plan->subgroup_count; i++)
        if (plan->subgroups[i] == at)
            return pilot_document_error(document, node, error, "subgroups: %s is listed twice",
                                        quoted);
    plan->subgroups[plan->subgroup_count++] = at;
    if (at < plan->covariate_count) {
        if (plan->covariates[at].type == PILOT_COVARIATE_CONTINUOUS)
            return pilot_document_error(document, node, error,
                                        "subgroups: %s is a continuous covariate; a subgroup is "
                                        "binary or categorical",
                                        quoted);
        if (given->column || given->type != PILOT_COVARIATE_CONTINUOUS)
            return pilot_document_error(document, node, error,
                                        "subgroups: %s is described under covariates; write only "
                                        "its name here",
                                        quoted);
        return PILOT_OK;
    }
    pilot_status_t status = check_slip(
        plan, document, pilot_document_item(document, section(document, "subgroups"), index),
        given->name, error);
    if (status)
        return status;
    plan->covariates[plan->covariate_count++] = (pilot_plan_covariate_t){
        .name = pilot_strdup(given->name),
        .column = pilot_strdup(given->column ? given->column : given->name),
        /* the draft's type is the first of the enum where none was written */
        .type = given->type == PILOT_COVARIATE_BINARY ? PILOT_COVARIATE_BINARY
                                                      : PILOT_COVARIATE_CATEGORICAL,
        .subgroup_only = true,
    };
    return PILOT_OK;
}

pilot_status_t pilot_check_covariates(pilot_draft_t *draft, pilot_document_t *document,
                                      pilot_error_t *error)
{
    pilot_plan_t *plan = &draft->plan;
    for (size_t i = 0; i < plan->covariate_count; i++)
        if (!plan->covariates[i].column)
            plan->covariates[i].column = pilot_strdup(plan->covariates[i].name);
    size_t written = plan->covariate_count;
    plan->covariates = pilot_realloc(plan->covariates, written + draft->subgroup_count + 1,
                                     sizeof *plan->covariates);
    plan->subgroups = PILOT_NEW_ARRAY(size_t, draft->subgroup_count + 1);
    pilot_status_t status = PILOT_OK;
    for (size_t i = 0; i < draft->subgroup_count && status == PILOT_OK; i++)
        status = add_subgroup(draft, document, i, error);
    return status;
}

/* ---- one header, two meanings ---------------------------------------------------------------- */

/* The arm decides everything and the unit identifies a row: neither can be something else too. */
static pilot_status_t check_headers(const pilot_plan_t *plan, pilot_document_t *document,
                                    pilot_error_t *error)
{
    const pilot_plan_columns_t *c = &plan->columns;
    const struct {
        const char *key, *header;
    } others[] = {{"unit", c->unit},
                  {"agency", c->agency},
                  {"block", c->block},
                  {"cluster", c->cluster},
                  {"weight", c->weight},
                  {"received", c->received},
                  {"probability", c->probability},
                  {"wave", c->wave}};
    yaml_node_t *columns = section(document, "columns");
    char quoted[PILOT_QUOTED_SIZE];
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        if (!others[i].header)
            continue;
        bool is_arm = strcmp(others[i].header, c->arm) == 0;
        bool is_unit = i > 0 && c->unit && strcmp(others[i].header, c->unit) == 0 &&
                       strcmp(others[i].key, "cluster") != 0;
        if (is_arm || is_unit)
            return pilot_document_error(
                document, pilot_document_get(document, columns, others[i].key), error,
                "columns.%s: %s is the %s column already", others[i].key,
                pilot_quoted(others[i].header, quoted), is_arm ? "arm" : "unit");
    }
    return PILOT_OK;
}

static pilot_status_t check_value_header(const pilot_plan_t *plan, pilot_document_t *document,
                                         const char *list, size_t index, const char *key,
                                         const char *header, pilot_error_t *error)
{
    char quoted[PILOT_QUOTED_SIZE];
    bool is_arm = strcmp(header, plan->columns.arm) == 0;
    bool is_unit = plan->columns.unit && strcmp(header, plan->columns.unit) == 0;
    if (!is_arm && !is_unit)
        return PILOT_OK;
    return pilot_document_error(document, item_node(document, list, index, key), error,
                                "%s: %s is the %s column", list, pilot_quoted(header, quoted),
                                is_arm ? "arm" : "unit");
}

/* Where the text of a header stands: at `column` if that is given, else at `name`. */
static const char *header_key(pilot_document_t *document, const char *list, size_t index)
{
    yaml_node_t *item = pilot_document_item(document, section(document, list), index);
    return pilot_document_get(document, item, "column") ? "column" : "name";
}

static pilot_status_t check_outcome_headers(const pilot_plan_t *plan, pilot_document_t *document,
                                            size_t index, pilot_error_t *error)
{
    char quoted[PILOT_QUOTED_SIZE];
    const pilot_plan_outcome_t *outcome = &plan->outcomes[index];
    pilot_status_t status =
        check_value_header(plan, document, "outcomes", index,
                           header_key(document, "outcomes", index), outcome->column, error);
    if (status == PILOT_OK && outcome->event)
        status =
            check_value_header(plan, document, "outcomes", index, "event", outcome->event, error);
    if (status == PILOT_OK && outcome->baseline)
        status = check_value_header(plan, document, "outcomes", index, "baseline",
                                    outcome->baseline, error);
    if (status)
        return status;
    const char *key = NULL;
    if (outcome->baseline && strcmp(outcome->baseline, outcome->column) == 0)
        key = "baseline";
    if (outcome->event && strcmp(outcome->event, outcome->column) == 0)
        key = "event";
    if (!key)
        return PILOT_OK;
    return pilot_document_error(document, item_node(document, "outcomes", index, key), error,
                                "outcomes.%s: %s is the outcome's own column", key,
                                pilot_quoted(outcome->column, quoted));
}

static pilot_status_t check_covariate_header(const pilot_plan_t *plan, pilot_document_t *document,
                                             const char *list, size_t index,
                                             const pilot_plan_covariate_t *covariate,
                                             pilot_error_t *error)
{
    char quoted[PILOT_QUOTED_SIZE], other[PILOT_QUOTED_SIZE];
    const char *key = header_key(document, list, index);
    pilot_status_t status =
        check_value_header(plan, document, list, index, key, covariate->column, error);
    for (size_t i = 0; i < plan->outcome_count && status == PILOT_OK; i++)
        if (strcmp(plan->outcomes[i].column, covariate->column) == 0)
            return pilot_document_error(document, item_node(document, list, index, key), error,
                                        "%s: %s is the column of the outcome %s", list,
                                        pilot_quoted(covariate->column, quoted),
                                        pilot_quoted(plan->outcomes[i].name, other));
    return status;
}

/* ---- SQL names ------------------------------------------------------------------------------- */

/* A column's name, and where in the plan it comes from. */
struct sql_name {
    char *name;
    const char *list, *key;
    size_t index;
};

struct sql_names {
    struct sql_name *item;
    size_t count;
};

static pilot_status_t add_name(struct sql_names *names, pilot_document_t *document,
                               struct sql_name add, pilot_error_t *error)
{
    static const char *const system_columns[] = {"tableoid", "xmin", "cmin",
                                                 "xmax",     "cmax", "ctid"};
    char quoted[PILOT_QUOTED_SIZE];
    yaml_node_t *node = item_node(document, add.list, add.index, add.key);
    names->item[names->count++] = add;
    pilot_quoted(add.name, quoted);
    if (strlen(add.name) > PILOT_NAME_BYTES)
        return pilot_document_error(document, node, error,
                                    "%s.%s: its column %s would be longer than %d bytes; shorten "
                                    "the outcome's name",
                                    add.list, add.key, quoted, PILOT_NAME_BYTES);
    bool reserved = strncmp(add.name, "pilot_", 6) == 0;
    for (size_t i = 0; i < sizeof system_columns / sizeof *system_columns; i++)
        reserved = reserved || strcmp(add.name, system_columns[i]) == 0;
    if (reserved)
        return pilot_document_error(document, node, error,
                                    "%s.%s: the name %s is reserved; choose another and give the "
                                    "CSV header in 'column'",
                                    add.list, add.key, quoted);
    for (size_t i = 0; i + 1 < names->count; i++)
        if (strcmp(names->item[i].name, add.name) == 0)
            return pilot_document_error(
                document, node, error, "%s.%s: the name %s is taken already (line %zu)", add.list,
                add.key, quoted,
                item_node(document, names->item[i].list, names->item[i].index, names->item[i].key)
                        ->start_mark.line +
                    1);
    return PILOT_OK;
}

static pilot_status_t add_outcome_names(struct sql_names *names, const pilot_plan_t *plan,
                                        pilot_document_t *document, pilot_error_t *error)
{
    pilot_status_t status = PILOT_OK;
    for (size_t i = 0; i < plan->outcome_count && status == PILOT_OK; i++) {
        const pilot_plan_outcome_t *outcome = &plan->outcomes[i];
        struct sql_name name = {pilot_strdup(outcome->name), "outcomes", "name", i};
        status = add_name(names, document, name, error);
        if (status == PILOT_OK && outcome->event) {
            name =
                (struct sql_name){pilot_format("%s_event", outcome->name), "outcomes", "event", i};
            status = add_name(names, document, name, error);
        }
        if (status == PILOT_OK && outcome->baseline) {
            name = (struct sql_name){pilot_format("%s_baseline", outcome->name), "outcomes",
                                     "baseline", i};
            status = add_name(names, document, name, error);
        }
    }
    return status;
}

/* A row must fit a page of PostgreSQL, and numbers are never moved out of it. */
static pilot_status_t check_width(const struct sql_names *names, pilot_document_t *document,
                                  pilot_error_t *error)
{
    if (names->count <= MAX_STORED_COLUMNS)
        return PILOT_OK;
    return pilot_document_error(document, section(document, "outcomes"), error,
                                "the plan stores %zu columns of outcomes and covariates; at most "
                                "%d are possible",
                                names->count, MAX_STORED_COLUMNS);
}

/* Which item of `subgroups` made a subgroup-only covariate. */
static size_t subgroup_item(const pilot_plan_t *plan, size_t covariate)
{
    size_t i = 0;
    while (plan->subgroups[i] != covariate)
        i++;
    return i;
}

pilot_status_t pilot_check_names(pilot_draft_t *draft, pilot_document_t *document,
                                 pilot_error_t *error)
{
    const pilot_plan_t *plan = &draft->plan;
    struct sql_names names = {
        PILOT_NEW_ARRAY(struct sql_name, 3 * plan->outcome_count + plan->covariate_count + 1), 0};
    pilot_status_t status = check_headers(plan, document, error);
    for (size_t i = 0; i < plan->outcome_count && status == PILOT_OK; i++)
        status = check_outcome_headers(plan, document, i, error);
    if (status == PILOT_OK)
        status = add_outcome_names(&names, plan, document, error);
    for (size_t i = 0; i < plan->covariate_count && status == PILOT_OK; i++) {
        const pilot_plan_covariate_t *covariate = &plan->covariates[i];
        const char *list = covariate->subgroup_only ? "subgroups" : "covariates";
        size_t index = covariate->subgroup_only ? subgroup_item(plan, i) : i;
        struct sql_name name = {pilot_strdup(covariate->name), list, "name", index};
        status = add_name(&names, document, name, error);
        if (status == PILOT_OK)
            status = check_covariate_header(plan, document, list, index, covariate, error);
    }
    if (status == PILOT_OK)
        status = check_width(&names, document, error);
    for (size_t i = 0; i < names.count; i++)
        free(names.item[i].name);
    free(names.item);
    return status;
}
