#include "pilot/plan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "draft.h"
#include "pilot/memory.h"
#include "pilot/text.h"

/* ---- putting a plan together ----------------------------------------------------------------- */

static void set_default(char **text, const char *value)
{
    if (!*text)
        *text = pilot_strdup(value);
}

static void fill_defaults(pilot_plan_t *plan)
{
    set_default(&plan->std_error, "auto");
    set_default(&plan->multiplicity, "none");
    set_default(&plan->comparison_method, "reml");
    set_default(&plan->comparison_test, "knha");
    set_default(&plan->prediction_df, "k-2");
    if (plan->estimators.count == 0)
        plan->estimators_auto = true;
    if (!plan->has_assignment_seed)
        plan->assignment_seed = plan->seed;
    if (!plan->missing.item) {
        plan->missing.item = PILOT_NEW_ARRAY(char *, 2);
        plan->missing.count = 2;
        plan->missing.item[0] = pilot_strdup("");
        plan->missing.item[1] = pilot_strdup("NA");
    }
    for (size_t i = 0; i < plan->missing.count; i++) {
        size_t length = strlen(plan->missing.item[i]);
        plan->missing_lengths |= 1ull << (length < 63 ? length : 63);
    }
}

pilot_status_t pilot_draft_finish(pilot_draft_t *draft, pilot_document_t *document,
                                  pilot_error_t *error)
{
    static pilot_status_t (*const checks[])(pilot_draft_t *, pilot_document_t *,
                                            pilot_error_t *) = {
        pilot_check_arms,     pilot_check_outcomes, pilot_check_covariates, pilot_check_names,
        pilot_check_analysis, pilot_check_agencies, pilot_check_power};
    fill_defaults(&draft->plan);
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
        pilot_status_t status = checks[i](draft, document, error);
        if (status)
            return status;
    }
    pilot_plan_make_columns(&draft->plan);
    pilot_plan_make_not_computed(draft);
    return PILOT_OK;
}

static pilot_status_t parse_document(pilot_draft_t *draft, pilot_document_t *document,
                                     pilot_error_t *error)
{
    pilot_text_t json = PILOT_TEXT_INIT;
    pilot_status_t status = pilot_document_json(document, &json, error);
    size_t length = json.length;
    draft->plan.json = pilot_text_take(&json);
    if (status == PILOT_OK)
        status = pilot_draft_decode(draft, document, error);
    if (status == PILOT_OK)
        status = pilot_draft_finish(draft, document, error);
    uint8_t digest[PILOT_SHA256_SIZE];
    pilot_sha256_of(draft->plan.json, length, digest);
    pilot_hex(digest, sizeof digest, draft->plan.sha256);
    return status;
}

pilot_status_t pilot_plan_parse(const char *source, size_t length, const char *file,
                                pilot_plan_t **ret_plan, pilot_error_t *error)
{
    pilot_document_t document;
    pilot_draft_t *draft = PILOT_NEW(pilot_draft_t);
    pilot_plan_t *plan = PILOT_NEW(pilot_plan_t);
    draft->plan.confidence = 0.95;
    draft->plan.minimum_count = 10;
    draft->plan.round_to = 5;
    pilot_status_t status = pilot_document_load(&document, source, length, file, error);
    if (status == PILOT_OK)
        status = parse_document(draft, &document, error);
    pilot_document_clear(&document);
    *plan = draft->plan;
    pilot_draft_clear(draft);
    free(draft);
    if (status) {
        pilot_plan_free(plan);
        return status;
    }
    plan->source = pilot_strndup(source, length);
    *ret_plan = plan;
    return PILOT_OK;
}

/* ---- reading a file -------------------------------------------------------------------------- */

pilot_status_t pilot_plan_read(const char *path, pilot_plan_t **ret_plan, pilot_error_t *error)
{
    bool is_stdin = strcmp(path, "-") == 0;
    const char *name = is_stdin ? "standard input" : path;
    FILE *file = is_stdin ? stdin : fopen(path, "re");
    if (!file)
        return pilot_error_set(error, PILOT_E_FILE, "%.400s: the plan cannot be read: %s", name,
                               strerror(errno));
    /* one byte more than the most tells a file that is too large */
    char *source PILOT_AUTOFREE = pilot_alloc_raw(PILOT_PLAN_MAX_BYTES + 1, 1);
    size_t length = fread(source, 1, PILOT_PLAN_MAX_BYTES + 1, file);
    int failure = ferror(file) ? errno : 0;
    if (!is_stdin)
        fclose(file);
    if (failure)
        return pilot_error_set(error, PILOT_E_FILE, "%.400s: the plan cannot be read: %s", name,
                               strerror(failure));
    return pilot_plan_parse(source, length, name, ret_plan, error);
}

/* ---- freeing --------------------------------------------------------------------------------- */

static void free_texts(pilot_texts_t *texts)
{
    for (size_t i = 0; i < texts->count; i++)
        free(texts->item[i]);
    free(texts->item);
}

static void free_outcome(pilot_plan_outcome_t *outcome)
{
    free(outcome->name);
    free(outcome->column);
    free_texts(&outcome->success);
    free_texts(&outcome->levels);
    free(outcome->event);
    free(outcome->baseline);
    free(outcome->family);
    free(outcome->stands_for);
}

static void free_covariates(pilot_plan_covariate_t *covariates, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(covariates[i].name);
        free(covariates[i].column);
    }
    free(covariates);
}

const char *pilot_plan_attribute(const pilot_plan_agency_t *agency, const char *name)
{
    for (size_t i = 0; i < agency->attribute_count; i++)
        if (strcmp(agency->attributes[i].name, name) == 0)
            return agency->attributes[i].value;
    return NULL;
}

bool pilot_plan_has_attribute(const pilot_plan_t *plan, const char *name)
{
    for (size_t i = 0; i < plan->agency_count; i++)
        if (pilot_plan_attribute(&plan->agencies[i], name))
            return true;
    return false;
}

bool pilot_plan_attribute_is_number(const pilot_plan_t *plan, const char *name)
{
    for (size_t i = 0; i < plan->agency_count; i++) {
        double number;
        const char *value = pilot_plan_attribute(&plan->agencies[i], name);
        if (value && !pilot_double_parse(value, strlen(value), &number))
            return false;
    }
    return true;
}

static void free_agencies(pilot_plan_agency_t *agencies, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(agencies[i].name);
        free(agencies[i].id);
        for (size_t j = 0; j < agencies[i].attribute_count; j++) {
            free(agencies[i].attributes[j].name);
            free(agencies[i].attributes[j].value);
        }
        free(agencies[i].attributes);
    }
    free(agencies);
}

static void free_named_numbers(pilot_named_number_t *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(numbers[i].name);
    free(numbers);
}

void pilot_draft_clear(pilot_draft_t *draft)
{
    free(draft->control);
    free_texts(&draft->treatments);
    free_named_numbers(draft->probabilities, draft->probability_count);
    free_named_numbers(draft->smallest_effects, draft->smallest_effect_count);
    free_covariates(draft->subgroups, draft->subgroup_count);
    free(draft->power_test);
}

void pilot_plan_free(pilot_plan_t *plan)
{
    if (!plan)
        return;
    const pilot_plan_columns_t *c = &plan->columns;
    char *const texts[] = {
        plan->pilot,
        plan->title,
        c->unit,
        c->agency,
        c->arm,
        c->block,
        c->cluster,
        c->weight,
        c->received,
        c->probability,
        c->wave,
        plan->std_error,
        plan->multiplicity,
        plan->comparison_method,
        plan->comparison_test,
        plan->prediction_df,
        plan->source,
        plan->json,
        plan->not_computed,
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        free(texts[i]);
    for (size_t i = 0; plan->arms && i < plan->arm_count; i++)
        free(plan->arms[i].label);
    free(plan->arms);
    for (size_t i = 0; i < plan->outcome_count; i++)
        free_outcome(&plan->outcomes[i]);
    free(plan->outcomes);
    free_covariates(plan->covariates, plan->covariate_count);
    free(plan->subgroups);
    free_texts(&plan->estimators);
    free_texts(&plan->comparison_by);
    free_texts(&plan->missing);
    free_agencies(plan->agencies, plan->agency_count);
    for (size_t i = 0; i < plan->power.outcome_count; i++)
        free(plan->power.outcomes[i].name);
    free(plan->power.outcomes);
    for (size_t i = 0; i < plan->stored_count; i++)
        free(plan->stored[i].name);
    free(plan->stored);
    free(plan);
}

/* ---- looking things up ----------------------------------------------------------------------- */

int pilot_plan_arm_index(const pilot_plan_t *plan, const char *label, size_t length)
{
    for (size_t i = 0; i < plan->arm_count; i++)
        if (strncmp(plan->arms[i].label, label, length) == 0 && plan->arms[i].label[length] == '\0')
            return (int)i;
    return -1;
}

bool pilot_plan_is_missing(const pilot_plan_t *plan, const char *text, size_t length)
{
    if (!(plan->missing_lengths >> (length < 63 ? length : 63) & 1))
        return false;
    for (size_t i = 0; i < plan->missing.count; i++)
        if (strlen(plan->missing.item[i]) == length &&
            memcmp(plan->missing.item[i], text, length) == 0)
            return true;
    return false;
}
