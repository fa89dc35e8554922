/* release_rows.h - the rows of an analysis on their way into disclosure control and out of it. */
#ifndef PILOT_RELEASE_ROWS_H
#define PILOT_RELEASE_ROWS_H

#include "pilot/database.h"
#include "pilot/disclosure.h"
#include "pilot/error.h"
#include "pilot/plan.h"

typedef struct release {
    pilot_db_t *db;
    char analysis[24]; /* its number, as a parameter */
    char *pilot;
    bool confirmatory;
    const pilot_plan_t *plan;
    pilot_disclosure_t *disclosure;
    uint64_t rows, suppressed;
    int32_t ordinal, place; /* of the last row that was told */
} release_t;

/* Every row of results.effects and every arm's count, for the decision. */
pilot_status_t release_collect(release_t *release, pilot_error_t *error);
/* After it: all released tables; counts rows and suppressed. */
pilot_status_t release_write(release_t *release, pilot_error_t *error);

#endif
