/* plan_text.h - a test's plan, parsed from the text that stands in the test. */
#ifndef PILOT_PLAN_TEXT_H
#define PILOT_PLAN_TEXT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pilot/plan.h"

/* Caller frees; a plan that is not valid ends the test. */
static inline pilot_plan_t *test_plan(const char *source)
{
    pilot_plan_t *plan = NULL;
    pilot_error_t error = {0};
    if (pilot_plan_parse(source, strlen(source), "test", &plan, &error)) {
        printf("Bail out! %s\n", error.message);
        exit(1);
    }
    return plan;
}

#endif
