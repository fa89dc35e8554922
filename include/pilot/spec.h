/* pilot/spec.h - what an analysis asks for, as its jobs carry it. */
#ifndef PILOT_SPEC_H
#define PILOT_SPEC_H

#include <stdbool.h>

#include <pilot.pb-c.h>

#include "pilot/plan.h"

/* A plan's part that jobs need.  Caller frees with pilot_message_free(&spec->base). */
Pilot__Spec *pilot_spec_from_plan(const pilot_plan_t *plan);

/* Is a regression among what the plan estimates (auto may choose one)?  Then there are RESIDUAL and
 * FINISH jobs. */
bool pilot_spec_has_regression(const Pilot__Spec *spec);

#endif
