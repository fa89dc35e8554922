/* plan_wrong.h - plans that are wrong, each with the exact line that the person reads. */
#ifndef PILOT_TEST_PLAN_WRONG_H
#define PILOT_TEST_PLAN_WRONG_H

#include "pilot/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../harness/tap.h"
#include "pilot/memory.h"

/* Five lines that make a plan; a case adds from line 6 on, or replaces one of them. */
#define VERSION "version: 1\n"
#define PILOT "pilot: p\n"
#define COLUMNS "columns: {arm: a, unit: u}\n"
#define ARMS "arms: {control: c, treatments: [t]}\n"
#define OUTCOMES "outcomes: [{name: y, type: continuous}]\n"
#define PLAN VERSION PILOT COLUMNS ARMS OUTCOMES
#define WITH_COLUMNS(text) VERSION PILOT text ARMS OUTCOMES
#define WITH_ARMS(text) VERSION PILOT COLUMNS text OUTCOMES
#define WITH_OUTCOMES(text) VERSION PILOT COLUMNS ARMS text
#define ONE(text) WITH_OUTCOMES("outcomes:\n  - " text "\n")
#define TWO(text) WITH_OUTCOMES("outcomes:\n  - {name: y, type: continuous}\n  - " text "\n")
#define NAME64 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijkl"
#define NAME60 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefgh"

struct wrong {
    const char *source, *message; /* without "plan.yaml:" */
};

static inline void check_message(const char *source, size_t length, const char *message)
{
    pilot_plan_t *plan = NULL;
    pilot_error_t error = {0};
    pilot_status_t status = pilot_plan_parse(source, length, "plan.yaml", &plan, &error);
    char *want PILOT_AUTOFREE = pilot_format("plan.yaml:%s", message);
    if (!ok(status == PILOT_E_PLAN && !plan, "refused: %.60s", message))
        pilot_plan_free(plan);
    is_text(error.message, want, "says: %.60s", message);
}

static inline void check_all(const struct wrong *cases, size_t count)
{
    for (size_t i = 0; i < count; i++)
        check_message(cases[i].source, strlen(cases[i].source), cases[i].message);
}
#define CHECK(cases) check_all((cases), sizeof(cases) / sizeof *(cases))

#endif
