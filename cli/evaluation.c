#include "evaluation.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "evaluation_sources.h"
#include "pilot/memory.h"
#include "plan_versions.h"

/* What is handed out comes first. */
typedef struct evaluation_store {
    pilot_evaluation_t evaluation;
    pilot_texts_store_t *texts;
    pilot_plan_t *plan;
    void *rows[16];
    size_t row_arrays;
} evaluation_store_t;

static const char *keep(evaluation_store_t *store, const char *text)
{
    return text ? pilot_texts_store_keep(store->texts, text, strlen(text)) : NULL;
}

static const char *keep_cell(evaluation_store_t *store, const PGresult *result, int row, int column)
{
    return PQgetisnull(result, row, column) ? NULL : keep(store, PQgetvalue(result, row, column));
}

static int64_t whole_cell(const PGresult *result, int row, int column)
{
    const char *text = PQgetvalue(result, row, column);
    int64_t value = 0;
    pilot_int64_parse(text, strlen(text), &value);
    return value;
}

static pilot_figure_t figure_cell(const PGresult *result, int row, int column)
{
    const char *text = PQgetvalue(result, row, column);
    pilot_figure_t figure = {0};
    figure.given = pilot_double_parse(text, strlen(text), &figure.value);
    return figure;
}

/* Freed with the store. */
static void *own(evaluation_store_t *store, void *rows)
{
    store->rows[store->row_arrays++] = rows;
    return rows;
}

/* ---- which analysis -------------------------------------------------------------------------- */

#define HEAD_SQL(columns, source, finished)                                                        \
    "SELECT analysis, pilot, plan_version, state, data_state, confirmatory, plan_sha256, "         \
    "data_sha256, software_version, cpu_class, "                                                   \
    "to_char(launched_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), "                  \
    "to_char(finished_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), jobs, jobs_done, " \
    "jobs_failed, " columns " FROM " source " "                                                    \
    "WHERE ($1::text IS NULL OR pilot = $1) AND CASE WHEN $2 = '0' THEN " finished                 \
    " ELSE analysis = $2::bigint END ORDER BY finished_at DESC NULLS LAST, analysis DESC LIMIT 1"
static const char head_sql[] =
    HEAD_SQL("not_confirmatory, NULL, NULL", "results.analyses", "state IN ('done', 'failed')");
static const char released_head_sql[] =
    HEAD_SQL("NULL, minimum_count, round_to", "dashboard.analyses", "released_at IS NOT NULL");

static pilot_status_t nothing_found(const pilot_evaluation_query_t *query, pilot_error_t *error)
{
    const char *pilot = query->pilot ? query->pilot : "any";
    if (query->released)
        return query->analysis
                   ? pilot_error_set(error, PILOT_E_NOT_FOUND,
                                     "nothing is released of analysis %" PRId64 " of pilot %s",
                                     query->analysis, pilot)
                   : pilot_error_set(error, PILOT_E_NOT_FOUND,
                                     "nothing is released of a pilot '%s'", pilot);
    if (query->analysis)
        return pilot_error_set(error, PILOT_E_NOT_FOUND,
                               "there is no analysis %" PRId64 " of pilot %s; `pilot status` lists "
                               "what there is",
                               query->analysis, pilot);
    return pilot_error_set(error, PILOT_E_NOT_FOUND,
                           "there is no finished analysis of a pilot '%s'; `pilot status` lists "
                           "what there is",
                           pilot);
}

static pilot_status_t read_head(pilot_db_t *db, const pilot_evaluation_query_t *query,
                                evaluation_store_t *store, pilot_error_t *error)
{
    char id[24];
    snprintf(id, sizeof id, "%" PRId64, query->analysis);
    PGresult *result = NULL;
    pilot_status_t status = pilot_db_run(
        db, &result, error, query->released ? released_head_sql : head_sql, 2, query->pilot, id);
    if (!status && PQntuples(result) == 0)
        status = nothing_found(query, error);
    if (status) {
        PQclear(result);
        return status;
    }
    pilot_evaluation_t *evaluation = &store->evaluation;
    evaluation->released = query->released;
    evaluation->analysis = whole_cell(result, 0, 0);
    evaluation->pilot = keep_cell(store, result, 0, 1);
    evaluation->plan_version = whole_cell(result, 0, 2);
    evaluation->state = keep_cell(store, result, 0, 3);
    evaluation->data_state = keep_cell(store, result, 0, 4);
    evaluation->confirmatory = *PQgetvalue(result, 0, 5) == 't';
    evaluation->plan_sha256 = keep_cell(store, result, 0, 6);
    evaluation->data_sha256 = keep_cell(store, result, 0, 7);
    evaluation->software_version = keep_cell(store, result, 0, 8);
    evaluation->cpu_class = keep_cell(store, result, 0, 9);
    evaluation->launched_at = keep_cell(store, result, 0, 10);
    evaluation->finished_at = keep_cell(store, result, 0, 11);
    evaluation->jobs = whole_cell(result, 0, 12);
    evaluation->jobs_done = whole_cell(result, 0, 13);
    evaluation->jobs_failed = whole_cell(result, 0, 14);
    evaluation->not_confirmatory = keep_cell(store, result, 0, 15);
    evaluation->minimum_count = whole_cell(result, 0, 16);
    evaluation->round_to = whole_cell(result, 0, 17);
    PQclear(result);
    return PILOT_OK;
}

/* ---- the plan -------------------------------------------------------------------------------- */

static pilot_status_t take_deviations(evaluation_store_t *store,
                                      const pilot_plan_versions_t *versions, size_t from, size_t to,
                                      pilot_error_t *error)
{
    pilot_plan_diff_t diff = {0};
    pilot_status_t status =
        pilot_plan_diff(versions->version[from].source, versions->version[to].source, &diff, error);
    PILOT_AUTOFREE size_t *by = PILOT_NEW_ARRAY(size_t, diff.count + 1);
    if (!status)
        status = pilot_plan_versions_attribute(versions, from, to, &diff, by, error);
    if (!status) {
        pilot_deviation_row_t *rows =
            own(store, PILOT_NEW_ARRAY(pilot_deviation_row_t, diff.count + 1));
        for (size_t i = 0; i < diff.count; i++) {
            const pilot_plan_version_t *version = &versions->version[by[i]];
            const char *before = version->submissions_before;
            rows[i] = (pilot_deviation_row_t){.path = keep(store, diff.change[i].path),
                                              .before = keep(store, diff.change[i].before),
                                              .after = keep(store, diff.change[i].after),
                                              .registered_at = keep(store, version->registered_at),
                                              .version = version->version};
            rows[i].submissions_before.given =
                before &&
                pilot_double_parse(before, strlen(before), &rows[i].submissions_before.value);
        }
        store->evaluation.deviations = rows;
        store->evaluation.deviation_count = diff.count;
    }
    pilot_plan_diff_clear(&diff);
    return status;
}

/* Deviations are from the version that was in force when data arrived; else from the locked one. */
static pilot_status_t read_plan(pilot_db_t *db, evaluation_store_t *store, pilot_error_t *error)
{
    pilot_evaluation_t *evaluation = &store->evaluation;
    pilot_plan_versions_t versions = {0};
    pilot_status_t status =
        evaluation->released
            ? pilot_plan_versions_read_released(db, evaluation->pilot, &versions, error)
            : pilot_plan_versions_read(db, evaluation->pilot, &versions, error);
    size_t to = (size_t)evaluation->plan_version - 1;
    if (!status && to < versions.count) {
        size_t from = to;
        for (size_t i = versions.count; i-- > 0;)
            if (versions.version[i].locked_at)
                from = i;
        for (size_t i = 0; i < versions.count; i++)
            if (versions.version[i].in_force)
                from = i;
        const char *source = versions.version[to].source;
        evaluation->plan_registered_at = keep(store, versions.version[to].registered_at);
        status =
            pilot_plan_parse(source, strlen(source), "the registered plan", &store->plan, error);
        evaluation->plan = store->plan;
        if (!status && from != to)
            status = take_deviations(store, &versions, from, to, error);
    }
    pilot_plan_versions_clear(&versions);
    return status;
}

/* ---- what data ------------------------------------------------------------------------------- */

static const char pins_sql[] =
    "SELECT n.agency, s.state, s.content_sha256, to_char(s.submitted_at AT TIME ZONE 'UTC', "
    "'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), s.revision, n.rows, NULL FROM work.pins n "
    "JOIN registry.submissions s USING (submission) WHERE n.analysis = $2::bigint "
    "AND $1::text IS NOT NULL ORDER BY n.agency COLLATE \"C\"";
/* Not those that came after the analysis was released: they are none of it, but the one that it
 * used cannot be told from the agency's latest by who is told only the day. */
static const char released_submissions_sql[] =
    "SELECT DISTINCT ON (agency COLLATE \"C\") agency, state, NULL, "
    "to_char(submitted_at AT TIME ZONE 'UTC', 'YYYY-MM-DD'), revision, rows, rows_mark "
    "FROM dashboard.submissions WHERE pilot = $1 AND state IN ('accepted', 'missing') "
    "AND $2::text IS NOT NULL ORDER BY agency COLLATE \"C\", revision DESC NULLS LAST";

static bool is_there(const evaluation_store_t *store, const char *agency)
{
    for (size_t i = 0; i < store->evaluation.submission_count; i++)
        if (store->evaluation.submissions[i].agency == agency)
            return true;
    return false;
}

/* What the plan lists and nobody submitted.  The public's plan lists none: it is told by state. */
static void find_missing(evaluation_store_t *store, const char **missing, size_t count)
{
    const pilot_plan_t *plan = store->plan;
    for (size_t i = 0; plan && !store->evaluation.released && i < plan->agency_count; i++) {
        const char *name = keep(store, plan->agencies[i].name);
        if (!is_there(store, name))
            missing[count++] = name;
    }
    store->evaluation.missing = missing;
    store->evaluation.missing_count = count;
}

static pilot_status_t read_submissions(pilot_db_t *db, evaluation_store_t *store,
                                       pilot_error_t *error)
{
    pilot_evaluation_t *evaluation = &store->evaluation;
    char id[24];
    snprintf(id, sizeof id, "%" PRId64, evaluation->analysis);
    PGresult *result = NULL;
    pilot_status_t status =
        pilot_db_run(db, &result, error, evaluation->released ? released_submissions_sql : pins_sql,
                     2, evaluation->pilot, id);
    if (status)
        return status;
    size_t rows = (size_t)PQntuples(result), count = 0, missing_count = 0;
    size_t listed = store->plan ? store->plan->agency_count : 0;
    const char **missing = own(store, PILOT_NEW_ARRAY(const char *, rows + listed + 1));
    pilot_submission_row_t *submission =
        own(store, PILOT_NEW_ARRAY(pilot_submission_row_t, rows + 1));
    for (int row = 0; row < (int)rows; row++) {
        if (strcmp(PQgetvalue(result, row, 1), "missing") == 0) {
            missing[missing_count++] = keep_cell(store, result, row, 0);
            continue;
        }
        submission[count] =
            (pilot_submission_row_t){.agency = keep_cell(store, result, row, 0),
                                     .state = keep_cell(store, result, row, 1),
                                     .content_sha256 = keep_cell(store, result, row, 2),
                                     .submitted_at = keep_cell(store, result, row, 3),
                                     .revision = whole_cell(result, row, 4),
                                     .rows = figure_cell(result, row, 5)};
        submission[count++].rows.mark = *PQgetvalue(result, row, 6);
    }
    PQclear(result);
    evaluation->submissions = submission;
    evaluation->submission_count = count;
    find_missing(store, missing, missing_count);
    return PILOT_OK;
}

/* ---- rows ------------------------------------------------------------------------------------ */

static pilot_status_t read_rows(pilot_db_t *db, evaluation_store_t *store,
                                const pilot_row_source_t *source, void *ret_rows, size_t *ret_count,
                                pilot_error_t *error)
{
    void *rows = NULL;
    pilot_status_t status =
        pilot_rows_read(db, source, store->evaluation.released, store->evaluation.analysis,
                        store->texts, &rows, ret_count, error);
    if (!status)
        memcpy(ret_rows, &rows, sizeof rows);
    own(store, rows);
    return status;
}

/* Texts are kept once, so that equal ones have one address. */
static size_t hash_key(const char *agency, const pilot_effect_key_t *key)
{
    const char *const part[] = {agency,   key->outcome,  key->subgroup,  key->level,
                                key->arm, key->estimand, key->estimator, key->parameter};
    uint64_t hash = 0;
    for (size_t i = 0; i < sizeof part / sizeof *part; i++)
        hash = (hash ^ (uint64_t)(uintptr_t)part[i]) * 0x9e3779b97f4a7c15u;
    return (size_t)(hash >> 20);
}

static bool same_effect(const pilot_effect_row_t *effect, const pilot_agency_row_t *row)
{
    const pilot_effect_key_t *a = &effect->key, *b = &row->key;
    return effect->agency == row->agency && a->outcome == b->outcome &&
           a->subgroup == b->subgroup && a->level == b->level && a->arm == b->arm &&
           a->estimand == b->estimand && a->estimator == b->estimator &&
           a->parameter == b->parameter;
}

/* An agency's row of the comparison gets interval, p and counts of its own effect. */
static void join_effects(const pilot_effect_row_t *effects, size_t count, pilot_agency_row_t *rows,
                         size_t row_count)
{
    size_t slots = 16;
    while (slots < count * 2)
        slots *= 2;
    PILOT_AUTOFREE const pilot_effect_row_t **slot =
        PILOT_NEW_ARRAY(const pilot_effect_row_t *, slots);
    for (size_t i = 0; i < count; i++) {
        size_t at = hash_key(effects[i].agency, &effects[i].key) & (slots - 1);
        while (slot[at])
            at = (at + 1) & (slots - 1);
        slot[at] = &effects[i];
    }
    for (size_t i = 0; i < row_count; i++) {
        size_t at = hash_key(rows[i].agency, &rows[i].key) & (slots - 1);
        while (slot[at] && !same_effect(slot[at], &rows[i]))
            at = (at + 1) & (slots - 1);
        if (!slot[at])
            continue;
        rows[i].p_value = slot[at]->p_value;
        rows[i].ci_low = slot[at]->ci_low;
        rows[i].ci_high = slot[at]->ci_high;
        rows[i].n = slot[at]->n;
        rows[i].n_arm = slot[at]->n_arm;
        rows[i].n_control = slot[at]->n_control;
    }
}

static pilot_status_t read_agencies(pilot_db_t *db, bool whole_sample, evaluation_store_t *store,
                                    pilot_error_t *error)
{
    pilot_row_source_t compared = pilot_source_agencies, own_effects = pilot_source_agency_effects;
    if (whole_sample) {
        compared.where = "subgroup IS NULL AND estimand <> 'gap'";
        own_effects.where = "scope = 'agency' AND subgroup IS NULL AND estimand <> 'gap'";
    }
    pilot_agency_row_t *rows = NULL;
    pilot_effect_row_t *effects = NULL;
    size_t count = 0, effect_count = 0;
    pilot_status_t status = read_rows(db, store, &compared, &rows, &count, error);
    if (!status && count > 0)
        status = read_rows(db, store, &own_effects, &effects, &effect_count, error);
    if (status)
        return status;
    join_effects(effects, effect_count, rows, count);
    store->evaluation.agencies = rows;
    store->evaluation.agency_count = count;
    return PILOT_OK;
}

static pilot_status_t read_all(pilot_db_t *db, const pilot_evaluation_query_t *query,
                               evaluation_store_t *store, pilot_error_t *error)
{
    pilot_evaluation_t *to = &store->evaluation;
    const struct {
        const pilot_row_source_t *source;
        void *rows;
        size_t *count;
    } list[] = {{&pilot_source_effects, &to->effects, &to->effect_count},
                {&pilot_source_comparisons, &to->comparisons, &to->comparison_count},
                {&pilot_source_averages, &to->averages, &to->average_count},
                {&pilot_source_moderators, &to->moderators, &to->moderator_count},
                {&pilot_source_distribution, &to->distribution, &to->distribution_count},
                {&pilot_source_quality, &to->quality, &to->quality_count},
                {&pilot_source_curves, &to->curves, &to->curve_count}};
    pilot_status_t status = read_head(db, query, store, error);
    if (!status)
        status = read_plan(db, store, error);
    if (!status)
        status = read_submissions(db, store, error);
    if (!status)
        status = read_agencies(db, query->whole_sample, store, error);
    for (size_t i = 0; !status && i < sizeof list / sizeof *list; i++)
        status = read_rows(db, store, list[i].source, list[i].rows, list[i].count, error);
    return status;
}

pilot_status_t pilot_evaluation_read(pilot_db_t *db, const pilot_evaluation_query_t *query,
                                     pilot_evaluation_t **ret_evaluation, pilot_error_t *error)
{
    pilot_status_t status =
        pilot_db_script(db, "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY", error);
    if (status)
        return status;
    evaluation_store_t *store = PILOT_NEW(evaluation_store_t);
    store->texts = pilot_texts_store_new();
    status = read_all(db, query, store, error);
    pilot_status_t ended =
        pilot_db_script(db, status ? "ROLLBACK" : "COMMIT", status ? NULL : error);
    if (!status)
        status = ended;
    if (status)
        pilot_evaluation_free(&store->evaluation);
    else
        *ret_evaluation = &store->evaluation;
    return status;
}

void pilot_evaluation_free(pilot_evaluation_t *evaluation)
{
    if (!evaluation)
        return;
    evaluation_store_t *store = (evaluation_store_t *)evaluation;
    for (size_t i = 0; i < store->row_arrays; i++)
        free(store->rows[i]);
    pilot_plan_free(store->plan);
    pilot_texts_store_free(store->texts);
    free(store);
}
