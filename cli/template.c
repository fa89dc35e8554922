#include "template.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "pilot/memory.h"

enum { SHOWN_AGENCIES = 20 };

/* What is told of one CSV column; the plan may use it for several things. */
enum detail { MEANING, TYPE, ALLOWED, MISSING, REQUIRED, ROLE, DETAILS };
static const char *const detail_names[DETAILS] = {"meaning", "type",     "allowed",
                                                  "missing", "required", "role"};

typedef struct entry {
    const char *header;
    pilot_text_t detail[DETAILS];
} entry_t;

typedef struct entries {
    const pilot_plan_t *plan;
    entry_t *item;
    size_t count, capacity;
} entries_t;

static entry_t *find(entries_t *entries, const char *header)
{
    for (size_t i = 0; i < entries->count; i++)
        if (strcmp(entries->item[i].header, header) == 0)
            return &entries->item[i];
    entries->item =
        pilot_grow(entries->item, &entries->capacity, entries->count + 1, sizeof(entry_t));
    entry_t *entry = &entries->item[entries->count++];
    *entry = (entry_t){.header = header};
    return entry;
}

/* Another use of the same column adds to what is told, unless it is the same. */
static void add(entry_t *entry, enum detail detail, const char *text)
{
    pilot_text_t *all = &entry->detail[detail];
    if (!text || (all->data && strstr(all->data, text)))
        return;
    if (all->data && all->length > 0)
        pilot_text_append(all, "; ");
    pilot_text_append(all, text);
}

static void append_list(pilot_text_t *text, const pilot_texts_t *list)
{
    for (size_t i = 0; i < list->count; i++)
        pilot_text_appendf(text, "%s%s", i > 0 ? ", " : "",
                           list->item[i][0] ? list->item[i] : "(empty)");
}

/* A use of a column; optional: its value may be missing. */
static entry_t *use(entries_t *entries, const char *header, const char *role, const char *type,
                    const char *meaning, bool optional)
{
    entry_t *entry = find(entries, header);
    pilot_text_t missing = PILOT_TEXT_INIT;
    append_list(&missing, &entries->plan->missing);
    add(entry, MEANING, meaning);
    add(entry, TYPE, type);
    add(entry, ROLE, role);
    if (optional && missing.length > 0)
        add(entry, MISSING, missing.data);
    /* One use that needs a value makes it needed. */
    pilot_text_t *required = &entry->detail[REQUIRED];
    if (required->length == 0 || !optional) {
        pilot_text_reset(required);
        pilot_text_append(required, optional ? "no" : "yes");
    }
    if (strcmp(required->data, "yes") == 0)
        pilot_text_reset(&entry->detail[MISSING]);
    pilot_text_clear(&missing);
    return entry;
}

/* ---- what the plan names besides outcomes and covariates ------------------------------------- */

static void add_arms(const pilot_plan_t *plan, entry_t *entry)
{
    pilot_text_t labels = PILOT_TEXT_INIT;
    for (size_t i = 0; i < plan->arm_count; i++)
        pilot_text_appendf(&labels, "%s%s", i > 0 ? ", " : "", plan->arms[i].label);
    add(entry, ALLOWED, labels.data);
    pilot_text_clear(&labels);
}

static void add_unit(entries_t *entries)
{
    const pilot_plan_t *plan = entries->plan;
    if (!plan->columns.unit)
        return;
    entry_t *entry = use(entries, plan->columns.unit, "unit", "text",
                         "identifies the unit; no two rows of an agency have the same", false);
    if (plan->unit_ids != PILOT_UNIT_IDS_PLAIN)
        add(entry, MEANING,
            plan->unit_ids == PILOT_UNIT_IDS_HMAC ? "a pseudonym is sent instead of it"
                                                  : "a server gets a pseudonym instead of it");
    add(entry, ALLOWED, "any text of at most 2,000 bytes");
}

static void add_agency(entries_t *entries, const pilot_dictionary_t *own)
{
    if (!entries->plan->columns.agency)
        return;
    entry_t *entry = use(entries, entries->plan->columns.agency, "agency", "text",
                         "whose data the row is", false);
    pilot_text_t names = PILOT_TEXT_INIT;
    for (uint32_t i = 0; own && i < own->count && i < SHOWN_AGENCIES; i++) {
        size_t length;
        const char *name = pilot_dictionary_label(own, i, &length);
        pilot_text_append(&names, i > 0 ? ", " : "");
        pilot_text_append_bytes(&names, name, length);
    }
    if (own && own->count > SHOWN_AGENCIES)
        pilot_text_append(&names, ", ...");
    add(entry, ALLOWED, names.length > 0 ? names.data : "the agency's name, always the same");
    pilot_text_clear(&names);
}

static void add_design(entries_t *entries)
{
    const pilot_plan_t *plan = entries->plan;
    const pilot_plan_columns_t *columns = &plan->columns;
    entry_t *entry = use(entries, columns->arm, "arm", "category",
                         "the arm that the unit was assigned to, whatever it got", false);
    add_arms(plan, entry);
    const char *labels = "any text of at most 2,000 bytes";
    if (columns->block)
        add(use(entries, columns->block, "block", "text",
                "the block (stratum, pair) within which arms were drawn", false),
            ALLOWED, labels);
    if (columns->cluster)
        add(use(entries, columns->cluster, "cluster", "text",
                "the group that was drawn as a whole; all its rows are in one arm", false),
            ALLOWED, labels);
    if (columns->weight)
        add(use(entries, columns->weight, "weight", "number", "the weight of the row", false),
            ALLOWED, "0 or more");
    if (columns->received) {
        entry = use(entries, columns->received, "received", "number or category",
                    "the treatment that the unit actually got", true);
        add(entry, ALLOWED, "a number in all rows, or an arm in all rows");
        add_arms(plan, entry);
    }
    if (columns->probability)
        add(use(entries, columns->probability, "probability", "number",
                "how probable it was that the unit got into its own arm", false),
            ALLOWED, "above 0, at most 1");
    if (columns->wave)
        add(use(entries, columns->wave, "wave", "text", "the wave of measurement", false), ALLOWED,
            labels);
}

/* ---- outcomes and covariates ----------------------------------------------------------------- */

static void add_values(entry_t *entry, const pilot_plan_outcome_t *outcome)
{
    pilot_text_t text = PILOT_TEXT_INIT;
    switch (outcome->type) {
    case PILOT_OUTCOME_CONTINUOUS:
        add(entry, ALLOWED, "any number");
        break;
    case PILOT_OUTCOME_COUNT:
        add(entry, ALLOWED, "whole numbers, 0 or more");
        break;
    case PILOT_OUTCOME_DURATION:
        add(entry, ALLOWED, "0 or more");
        break;
    case PILOT_OUTCOME_ORDINAL:
        append_list(&text, &outcome->levels);
        pilot_text_append(&text, " (from low to high)");
        add(entry, ALLOWED, text.data);
        break;
    case PILOT_OUTCOME_BINARY:
        if (outcome->success.count == 0) {
            add(entry, ALLOWED, "0, 1");
            break;
        }
        pilot_text_append(&text, "any text; these count as 1: ");
        append_list(&text, &outcome->success);
        add(entry, ALLOWED, text.data);
        break;
    }
    pilot_text_clear(&text);
}

static const char *type_of(const pilot_plan_outcome_t *outcome)
{
    switch (outcome->type) {
    case PILOT_OUTCOME_BINARY:
        return outcome->success.count > 0 ? "category" : "0 or 1";
    case PILOT_OUTCOME_COUNT:
        return "whole number";
    case PILOT_OUTCOME_ORDINAL:
        return "category";
    case PILOT_OUTCOME_CONTINUOUS:
    case PILOT_OUTCOME_DURATION:
        break;
    }
    return "number";
}

static void add_outcome(entries_t *entries, const pilot_plan_outcome_t *outcome)
{
    const char *rank = outcome->role == PILOT_ROLE_PRIMARY ? "primary" : "secondary";
    char *role PILOT_AUTOFREE = pilot_format("%s outcome", rank);
    char *meaning PILOT_AUTOFREE = pilot_format(
        "outcome %s%s; %s is better", outcome->name,
        outcome->type == PILOT_OUTCOME_DURATION ? ": time until the event, or until last seen" : "",
        outcome->better == PILOT_BETTER_LOWER ? "lower" : "higher");
    add_values(use(entries, outcome->column, role, type_of(outcome), meaning, true), outcome);
    if (outcome->event) {
        char *event PILOT_AUTOFREE = pilot_format(
            "1: outcome %s ended with the event; 0: not yet when last seen", outcome->name);
        add(use(entries, outcome->event, "event", "0 or 1", event, true), ALLOWED, "0, 1");
    }
    if (outcome->baseline) {
        char *baseline PILOT_AUTOFREE =
            pilot_format("outcome %s as it was before the pilot", outcome->name);
        add_values(use(entries, outcome->baseline, "baseline", type_of(outcome), baseline, true),
                   outcome);
    }
}

static void add_covariate(entries_t *entries, const pilot_plan_covariate_t *covariate)
{
    static const char *const types[] = {[PILOT_COVARIATE_CONTINUOUS] = "number",
                                        [PILOT_COVARIATE_BINARY] = "0 or 1",
                                        [PILOT_COVARIATE_CATEGORICAL] = "category"};
    static const char *const allowed[] = {
        [PILOT_COVARIATE_CONTINUOUS] = "any number",
        [PILOT_COVARIATE_BINARY] = "0, 1",
        [PILOT_COVARIATE_CATEGORICAL] = "any text of at most 2,000 bytes, always spelt the same"};
    char *meaning PILOT_AUTOFREE = pilot_format("%s, as it was before the pilot", covariate->name);
    entry_t *entry =
        use(entries, covariate->column, "covariate", types[covariate->type], meaning, true);
    if (covariate->subgroup_only) {
        pilot_text_reset(&entry->detail[ROLE]);
        add(entry, ROLE, "subgroup");
    }
    add(entry, ALLOWED, allowed[covariate->type]);
}

static void make(const pilot_plan_t *plan, const pilot_dictionary_t *own, entries_t *entries)
{
    *entries = (entries_t){.plan = plan};
    add_unit(entries);
    add_agency(entries, own);
    add_design(entries);
    for (size_t i = 0; i < plan->outcome_count; i++)
        add_outcome(entries, &plan->outcomes[i]);
    for (size_t i = 0; i < plan->covariate_count; i++)
        add_covariate(entries, &plan->covariates[i]);
    for (size_t i = 0; i < plan->subgroup_count; i++) {
        const pilot_plan_covariate_t *covariate = &plan->covariates[plan->subgroups[i]];
        add(find(entries, covariate->column), ROLE, "subgroup");
    }
}

static void clear(entries_t *entries)
{
    for (size_t i = 0; i < entries->count; i++)
        for (size_t j = 0; j < DETAILS; j++)
            pilot_text_clear(&entries->item[i].detail[j]);
    free(entries->item);
}

/* ---- forms ----------------------------------------------------------------------------------- */

void pilot_template_header(const pilot_plan_t *plan, pilot_text_t *csv)
{
    entries_t entries;
    make(plan, NULL, &entries);
    for (size_t i = 0; i < entries.count; i++) {
        if (i > 0)
            pilot_text_append_char(csv, ',');
        pilot_text_append_csv(csv, entries.item[i].header, strlen(entries.item[i].header));
    }
    pilot_text_append_char(csv, '\n');
    clear(&entries);
}

static const char *detail_of(const entry_t *entry, size_t detail)
{
    return entry->detail[detail].length > 0 ? entry->detail[detail].data : "";
}

void pilot_template_dictionary_csv(const pilot_plan_t *plan, const pilot_dictionary_t *own,
                                   pilot_text_t *csv)
{
    entries_t entries;
    make(plan, own, &entries);
    pilot_text_append(csv, "column");
    for (size_t j = 0; j < DETAILS; j++)
        pilot_text_appendf(csv, ",%s", detail_names[j]);
    pilot_text_append_char(csv, '\n');
    for (size_t i = 0; i < entries.count; i++) {
        const entry_t *entry = &entries.item[i];
        pilot_text_append_csv(csv, entry->header, strlen(entry->header));
        for (size_t j = 0; j < DETAILS; j++) {
            const char *text = detail_of(entry, j);
            pilot_text_append_char(csv, ',');
            pilot_text_append_csv(csv, text, strlen(text));
        }
        pilot_text_append_char(csv, '\n');
    }
    clear(&entries);
}

/* Text in which nothing is markup, on one line. */
static void append_plain(pilot_text_t *page, const char *text)
{
    for (const char *c = text; *c; c++) {
        if (strchr("|\\`*_<>[]", *c))
            pilot_text_append_char(page, '\\');
        pilot_text_append_char(page, (unsigned char)*c < ' ' ? ' ' : *c);
    }
}

static void append_cell(pilot_text_t *page, const char *text)
{
    pilot_text_append(page, "| ");
    append_plain(page, text);
    pilot_text_append_char(page, ' ');
}

static void append_rules(const pilot_plan_t *plan, pilot_text_t *page)
{
    pilot_text_appendf(page, "# %s: what the data file must hold\n\n", plan->pilot);
    if (plan->title) {
        append_plain(page, plan->title);
        pilot_text_append(page, "\n\n");
    }
    pilot_text_appendf(
        page,
        "One row a unit. CSV: UTF-8, commas, the header row as below (columns in any "
        "order), a point in numbers, no thousands marks; a field with a comma, a "
        "quote or a line end stands in double quotes. Columns that are not named here "
        "are ignored and never stored. A file is the agency's whole data, not what is "
        "new.%s\n\n",
        plan->columns.agency ? ""
                             : " The file has no column for the agency: `--agency NAME` says whose "
                               "data it is.");
    pilot_text_appendf(page,
                       "`pilot check PLAN.yaml FILE.csv` says what is wrong with a file and stores "
                       "nothing; `pilot submit %s FILE.csv --dry-run` does the same with the plan "
                       "that is registered, and without `--dry-run` the data is stored.\n\n"
                       "Plan (SHA-256): `%s`\n\n",
                       plan->pilot, plan->sha256);
}

void pilot_template_dictionary_markdown(const pilot_plan_t *plan, const pilot_dictionary_t *own,
                                        pilot_text_t *page)
{
    entries_t entries;
    make(plan, own, &entries);
    append_rules(plan, page);
    pilot_text_append(page, "| column | meaning | type | allowed | missing | required in each row "
                            "| role |\n|---|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < entries.count; i++) {
        append_cell(page, entries.item[i].header);
        for (size_t j = 0; j < DETAILS; j++)
            append_cell(page, detail_of(&entries.item[i], j));
        pilot_text_append(page, "|\n");
    }
    clear(&entries);
}
