/* plan_versions.h - the registered versions of a pilot's plan. */
#ifndef PILOT_CLI_PLAN_VERSIONS_H
#define PILOT_CLI_PLAN_VERSIONS_H

#include "pilot/database.h"
#include "pilot/error.h"
#include "pilot/plan_diff.h"

typedef struct pilot_plan_version {
    int version;
    const char *source;
    const char *sha256;
    const char *registered_by, *registered_at; /* RFC 3339 in UTC */
    const char *submissions_before;            /* a number: accepted before it was registered */
    const char *locked_at; /* first launch of the pilot, of this version; or NULL */
    bool in_force;         /* data came, and this was the latest version before it */
} pilot_plan_version_t;

typedef struct pilot_plan_versions {
    pilot_plan_version_t *version; /* version n at n - 1 */
    size_t count;
    PGresult *result; /* what the texts point into */
} pilot_plan_versions_t;

/* PILOT_E_NOT_FOUND when there is no such pilot.  Clear in any case. */
pilot_status_t pilot_plan_versions_read(pilot_db_t *db, const char *pilot,
                                        pilot_plan_versions_t *ret_versions, pilot_error_t *error);
/* The same as the public is told: those of dashboard.plans, as JSON without agencies,
 * `registered_at` a day, `registered_by` and `submissions_before` NULL.  None when nothing is
 * released. */
pilot_status_t pilot_plan_versions_read_released(pilot_db_t *db, const char *pilot,
                                                 pilot_plan_versions_t *ret_versions,
                                                 pilot_error_t *error);
void pilot_plan_versions_clear(pilot_plan_versions_t *versions);

/* Which version last changed each of the differences between two: indexes into versions, as many as
 * there are differences. */
pilot_status_t pilot_plan_versions_attribute(const pilot_plan_versions_t *versions, size_t from,
                                             size_t to, const pilot_plan_diff_t *diff,
                                             size_t *ret_by, pilot_error_t *error);

#endif
