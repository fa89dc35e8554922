/* libFuzzer: any bytes as a plan.  A plan that parses must keep its promises: sound columns, and
 * canonical JSON that is a plan of the same hash. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pilot/plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(int condition)
{
    if (!condition)
        abort();
}

static void check_columns(const pilot_plan_t *plan)
{
    size_t count;
    const pilot_stored_column_t *column = pilot_plan_stored_columns(plan, &count);
    for (size_t i = 0; i < count; i++) {
        demand(column[i].name[0] && strlen(column[i].name) <= PILOT_NAME_BYTES);
        demand(i == 0 || column[i].header != NULL);
        for (size_t j = 0; j < i; j++)
            demand(strcmp(column[i].name, column[j].name) != 0);
    }
    for (size_t i = 0; i < plan->arm_count; i++)
        demand(pilot_plan_arm_index(plan, plan->arms[i].label, strlen(plan->arms[i].label)) ==
               (int)i);
    for (size_t i = 0; i < plan->missing.count; i++)
        demand(pilot_plan_is_missing(plan, plan->missing.item[i], strlen(plan->missing.item[i])));
    for (size_t i = 0; i < plan->subgroup_count; i++)
        demand(plan->covariates[plan->subgroups[i]].type != PILOT_COVARIATE_CONTINUOUS);
}

/* JSON is YAML as far as it is printable ASCII (and its keys are short). */
static void check_json(const pilot_plan_t *plan)
{
    for (const char *c = plan->json; *c; c++)
        if (*c < 0x20 || *c > 0x7e)
            return;
    pilot_plan_t *again = NULL;
    if (pilot_plan_parse(plan->json, strlen(plan->json), "json", &again, NULL) == PILOT_OK) {
        demand(strcmp(again->json, plan->json) == 0);
        demand(strcmp(again->sha256, plan->sha256) == 0);
    } else {
        demand(strlen(plan->json) > 1024);
    }
    pilot_plan_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    pilot_plan_t *plan = NULL;
    pilot_error_t error = {0};
    pilot_status_t status = pilot_plan_parse((const char *)data, size, "plan", &plan, &error);
    if (status) {
        demand(status == PILOT_E_PLAN && !plan && error.message[0]);
        demand(!strchr(error.message, '\n'));
        return 0;
    }
    check_columns(plan);
    check_json(plan);
    pilot_text_t lines = PILOT_TEXT_INIT;
    pilot_plan_not_computed(plan, &lines);
    pilot_text_clear(&lines);
    pilot_plan_free(plan);
    return 0;
}
