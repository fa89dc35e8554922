#include "pilots.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "pilot/memory.h"
#include "pilot/plan.h"
#include "plan_versions.h"

static char *cell(const PGresult *result, int row, const char *column)
{
    int at = PQfnumber(result, column);
    return PQgetisnull(result, row, at) ? NULL : PQgetvalue(result, row, at);
}

static pilot_number_t number(const PGresult *result, int row, const char *column)
{
    const char *text = cell(result, row, column);
    double value = 0;
    return text && pilot_double_parse(text, strlen(text), &value) ? PILOT_GIVEN(value)
                                                                  : PILOT_ABSENT;
}

/* ---- which analysis ----------------------------------------------------------------------------
 */

static const char latest_sql[] =
    "SELECT analysis, plan_version, confirmatory FROM results.analyses WHERE pilot = $1 "
    "AND state IN ('done', 'failed') AND data_state <> 'withdrawn' ORDER BY confirmatory AND "
    "state = 'done' DESC, finished_at DESC NULLS LAST, analysis DESC LIMIT 1";
static const char latest_released_sql[] =
    "SELECT analysis, plan_version, confirmatory FROM dashboard.analyses WHERE pilot = $1 "
    "AND released_at IS NOT NULL ORDER BY confirmatory DESC, finished_at DESC NULLS LAST, "
    "analysis DESC LIMIT 1";

static pilot_status_t no_analysis(pilot_db_t *db, bool released, pilot_pilots_source_t *source,
                                  pilot_error_t *error)
{
    if (released)
        return pilot_error_set(error, PILOT_E_NOT_FOUND, "nothing is released of a pilot '%s'",
                               source->pilot);
    pilot_status_t status =
        pilot_db_run(db, NULL, error, "SELECT registry.find_pilot($1)", 1, source->pilot);
    if (status == PILOT_E_NOT_FOUND)
        return pilot_error_set(error, PILOT_E_NOT_FOUND,
                               "there is no pilot '%s'; `pilot status` lists what there is",
                               source->pilot);
    source->reason = pilot_strdup("no finished analysis of data that is there");
    return status;
}

static pilot_status_t find_analysis(pilot_db_t *db, bool released, pilot_pilots_source_t *source,
                                    int64_t *ret_version, pilot_error_t *error)
{
    PGresult *result = NULL;
    pilot_status_t status = pilot_db_run(
        db, &result, error, released ? latest_released_sql : latest_sql, 1, source->pilot);
    if (status)
        return status;
    if (PQntuples(result) == 0) {
        status = no_analysis(db, released, source, error);
    } else {
        source->analysis = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
        *ret_version = strtoll(PQgetvalue(result, 0, 1), NULL, 10);
        source->confirmatory = *PQgetvalue(result, 0, 2) == 't';
    }
    PQclear(result);
    return status;
}

static pilot_status_t read_plan(pilot_db_t *db, bool released, const char *pilot, int64_t version,
                                pilot_plan_t **ret_plan, pilot_error_t *error)
{
    pilot_plan_versions_t versions = {0};
    pilot_status_t status = released
                                ? pilot_plan_versions_read_released(db, pilot, &versions, error)
                                : pilot_plan_versions_read(db, pilot, &versions, error);
    if (!status && (version < 1 || (size_t)version > versions.count))
        status =
            pilot_error_set(error, PILOT_E_NOT_FOUND, "the plan of pilot '%s' is not told", pilot);
    if (!status) {
        const char *source = versions.version[version - 1].source;
        status = pilot_plan_parse(source, strlen(source), "the registered plan", ret_plan, error);
    }
    pilot_plan_versions_clear(&versions);
    return status;
}

/* ---- effects ------------------------------------------------------------------------------------
 */

/* Of the estimators whose effects are in the outcome's unit the plan's first. */
#define EFFECTS(schema)                                                                            \
    "SELECT DISTINCT ON (e.agency, e.outcome, e.arm) e.agency, e.outcome, e.arm, e.estimate, "     \
    "e.std_error, e.control_std_dev, e.reason FROM " schema ".effects e WHERE e.pilot = $1 "       \
    "AND e.analysis = $2::bigint AND e.estimand = 'itt' AND e.subgroup IS NULL "                   \
    "AND coalesce(e.parameter, '') = '' "                                                          \
    "AND e.estimator IN ('difference_in_means', 'ols', 'lin', 'auto') "                            \
    "ORDER BY e.agency, e.outcome, e.arm, e.ordinal"
#define ATTRIBUTES(schema)                                                                         \
    "SELECT agency, id, attribute, value FROM " schema ".agency_attributes "                       \
    "WHERE pilot = $1 AND analysis = $2::bigint"

static pilot_status_t read_rows(pilot_db_t *db, const pilot_pilots_query_t *query,
                                pilot_pilots_source_t *source, pilot_error_t *error)
{
    char id[24];
    snprintf(id, sizeof id, "%" PRId64, source->analysis);
    pilot_status_t status = pilot_db_run(
        db, &source->rows, error, query->released ? EFFECTS("dashboard") : EFFECTS("results"), 2,
        source->pilot, id);
    if (!status && strcmp(query->by, "pilot") != 0)
        status = pilot_db_run(db, &source->attributes, error,
                              query->released ? ATTRIBUTES("dashboard") : ATTRIBUTES("results"), 2,
                              source->pilot, id);
    return status;
}

static const pilot_plan_outcome_t *wanted(const pilot_plan_t *plan,
                                          const pilot_pilots_query_t *query, const char *name)
{
    for (size_t i = 0; i < plan->outcome_count; i++) {
        const pilot_plan_outcome_t *outcome = &plan->outcomes[i];
        bool asked = query->outcomes == 0 && outcome->role == PILOT_ROLE_PRIMARY;
        for (size_t k = 0; k < query->outcomes; k++)
            asked |= strcmp(query->outcome[k], outcome->name) == 0;
        if (asked && (!name || strcmp(outcome->name, name) == 0))
            return outcome;
    }
    return NULL;
}

/* Of the pooled row of the same outcome and arm; pooled rows come last. */
static pilot_number_t std_dev_of(const PGresult *rows, int row)
{
    for (int i = PQntuples(rows); i-- > 0 && !cell(rows, i, "agency");)
        if (strcmp(cell(rows, i, "outcome"), cell(rows, row, "outcome")) == 0 &&
            strcmp(cell(rows, i, "arm"), cell(rows, row, "arm")) == 0)
            return number(rows, i, "control_std_dev");
    return PILOT_ABSENT;
}

/* The agency's id, or its value of the attribute; NULL: it has none. */
static const char *group_of(const pilot_pilots_query_t *query, const PGresult *attributes,
                            const char *agency)
{
    if (!attributes)
        return "";
    bool by_id = strcmp(query->by, "agency") == 0;
    for (int i = 0; agency && i < PQntuples(attributes); i++) {
        const char *attribute = cell(attributes, i, "attribute");
        if (strcmp(cell(attributes, i, "agency"), agency) != 0)
            continue;
        if (by_id)
            return cell(attributes, i, "id");
        if (attribute && strcmp(attribute, query->by) == 0)
            return cell(attributes, i, "value");
    }
    return NULL;
}

static void note_outcome(pilot_text_t *names, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = names->data; at && *at; at += strcspn(at, ",") + 2) {
        if (strncmp(at, name, length) == 0 && (at[length] == ',' || at[length] == '\0'))
            return;
        if (!strchr(at, ','))
            break;
    }
    pilot_text_appendf(names, "%s%s", names->length ? ", " : "", name);
}

/* What was found while taking rows, and the group of the agency that was looked up last. */
typedef struct missing {
    size_t outcomes, std_devs, effects; /* rows of an outcome that was asked for; with ... */
    const char *agency, *group;
} missing_t;

static const char *find_group(const pilot_pilots_query_t *query, const PGresult *attributes,
                              const char *agency, missing_t *missing)
{
    bool known = agency && missing->agency && strcmp(agency, missing->agency) == 0;
    if (!known)
        missing->group = group_of(query, attributes, agency);
    missing->agency = agency;
    return missing->group;
}

/* One row, as an effect; pooled: rows of the whole pilot, where its agencies have none. */
static void take_row(const pilot_pilots_query_t *query, const pilot_plan_t *plan, int row,
                     bool pooled, pilot_pilots_source_t *source, pilot_text_t *names,
                     missing_t *missing)
{
    const PGresult *rows = source->rows;
    const char *agency = cell(rows, row, "agency"), *name = cell(rows, row, "outcome");
    const pilot_plan_outcome_t *outcome = wanted(plan, query, name);
    if (!outcome || pooled != !agency)
        return;
    pilot_pilots_effect_t effect = {.pilot = source->pilot,
                                    .agency = agency ? agency : "",
                                    .estimate = number(rows, row, "estimate"),
                                    .std_error = number(rows, row, "std_error"),
                                    .control_std_dev = std_dev_of(rows, row),
                                    .lower_is_better = outcome->better == PILOT_BETTER_LOWER};
    pilot_number_t ignored[2];
    missing->outcomes++;
    missing->std_devs += effect.control_std_dev.given && effect.control_std_dev.value > 0;
    if (!pilot_pilots_standardize(&effect, &ignored[0], &ignored[1]))
        return;
    missing->effects++;
    effect.group = find_group(query, source->attributes, agency, missing);
    if (!effect.group) {
        source->groupless++;
        return;
    }
    note_outcome(names, name);
    source->effect = pilot_grow(source->effect, &source->effect_capacity, source->effect_count + 1,
                                sizeof *source->effect);
    source->effect[source->effect_count++] = effect;
    source->effects++;
}

static const char *why_not(const pilot_pilots_query_t *query, const pilot_plan_t *plan,
                           const missing_t *missing)
{
    if (!wanted(plan, query, NULL))
        return query->outcomes > 0 ? "its plan has no such outcome"
                                   : "its plan has no primary outcome";
    if (missing->outcomes == 0)
        return "no effect in the outcome's unit (difference_in_means, ols, lin)";
    if (missing->std_devs == 0)
        return query->released ? "no standard deviation of its control group is released"
                               : "no standard deviation of its control group: analysed by an "
                                 "earlier version, or there is none";
    if (missing->effects == 0)
        return query->released ? "no effect is released" : "no effect with a standard error";
    return strcmp(query->by, "agency") == 0 ? "its plan gives agencies no id"
                                            : "its agencies lack the attribute";
}

static void take_effects(const pilot_pilots_query_t *query, const pilot_plan_t *plan,
                         pilot_pilots_source_t *source)
{
    pilot_text_t names = PILOT_TEXT_INIT;
    missing_t missing = {0};
    for (int row = 0; row < PQntuples(source->rows); row++)
        take_row(query, plan, row, false, source, &names, &missing);
    /* Whole agencies were randomized: what there is to compare is the pilot itself. */
    if (missing.effects == 0)
        for (int row = 0; row < PQntuples(source->rows); row++)
            take_row(query, plan, row, true, source, &names, &missing);
    if (source->effects == 0)
        source->reason = pilot_strdup(why_not(query, plan, &missing));
    source->outcomes = pilot_text_take(&names);
}

pilot_status_t pilot_pilots_read(pilot_db_t *db, const char *pilot,
                                 const pilot_pilots_query_t *query, pilot_pilots_source_t *ret,
                                 pilot_error_t *error)
{
    int64_t version = 0;
    pilot_plan_t *plan = NULL;
    *ret = (pilot_pilots_source_t){.pilot = pilot_strdup(pilot)};
    pilot_status_t status = find_analysis(db, query->released, ret, &version, error);
    if (status || ret->analysis == 0)
        return status;
    status = read_plan(db, query->released, pilot, version, &plan, error);
    if (!status)
        status = read_rows(db, query, ret, error);
    if (!status)
        take_effects(query, plan, ret);
    pilot_plan_free(plan);
    return status;
}

void pilot_pilots_clear(pilot_pilots_source_t *source)
{
    free(source->pilot);
    free(source->outcomes);
    free(source->reason);
    free(source->effect);
    PQclear(source->rows);
    PQclear(source->attributes);
    *source = (pilot_pilots_source_t){0};
}
