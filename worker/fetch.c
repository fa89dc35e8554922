#include "fetch.h"

#include <stdlib.h>
#include <string.h>

#include "pilot/memory.h"
#include "pilot/text.h"

/* The builders of a batch, by ascending submission. */
typedef struct pull {
    pilot_dataset_builder_t **builder;
    uint64_t *submission;
    size_t *pin; /* index of the pin */
    size_t count;
    size_t last; /* rows come in runs of a submission */
} pull_t;

static void free_pull(pull_t *pull)
{
    for (size_t i = 0; i < pull->count; i++)
        pilot_dataset_builder_free(pull->builder[i]);
    free(pull->builder);
    free(pull->submission);
    free(pull->pin);
}

static size_t find_submission(pull_t *pull, uint64_t submission)
{
    if (pull->submission[pull->last] == submission)
        return pull->last;
    size_t low = 0, high = pull->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (pull->submission[middle] < submission)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < pull->count && pull->submission[low] == submission)
        pull->last = low;
    else
        low = pull->count;
    return low;
}

static void insert_builder(pull_t *pull, size_t pin, uint64_t submission,
                           pilot_dataset_builder_t *builder)
{
    size_t at = pull->count++;
    for (; at > 0 && pull->submission[at - 1] > submission; at--) {
        pull->submission[at] = pull->submission[at - 1];
        pull->builder[at] = pull->builder[at - 1];
        pull->pin[at] = pull->pin[at - 1];
    }
    pull->submission[at] = submission;
    pull->builder[at] = builder;
    pull->pin[at] = pin;
}

/* ---- SQL ------------------------------------------------------------------------------------- */

static void append_submissions(pilot_text_t *sql, const pull_t *pull)
{
    pilot_text_append(sql, "'{");
    for (size_t i = 0; i < pull->count; i++)
        pilot_text_appendf(sql, "%s%llu", i ? "," : "", (unsigned long long)pull->submission[i]);
    pilot_text_append(sql, "}'::bigint[]");
}

static void append_columns(pilot_text_t *sql, pilot_db_t *db, const pilot_layout_t *layout)
{
    pilot_text_append(sql, "pilot_submission, pilot_unit, pilot_arm");
    pilot_text_append(sql, layout->has_block ? ", pilot_block" : "");
    pilot_text_append(sql, layout->has_cluster ? ", pilot_cluster" : "");
    pilot_text_append(sql, layout->has_weight ? ", pilot_weight" : "");
    for (size_t i = 0; i < layout->variable_count; i++) {
        pilot_text_append(sql, ", ");
        pilot_db_append_identifier(db, sql, layout->variable[i].name);
    }
}

static pilot_status_t on_label(void *context, const pilot_field_t *field, int fields,
                               pilot_error_t *error)
{
    (void)fields;
    pull_t *pull = context;
    if (!field[0].data || !field[1].data || !field[2].data)
        return pilot_error_set(error, PILOT_E_DATA, "a dictionary holds a NULL");
    size_t at = find_submission(pull, (uint64_t)pilot_field_int8(&field[0]));
    if (at < pull->count)
        pilot_dataset_builder_label(pull->builder[at], (const char *)field[1].data, field[1].length,
                                    (const char *)field[2].data, field[2].length);
    return PILOT_OK;
}

static pilot_status_t pull_dictionaries(pilot_db_t *db, pull_t *pull, pilot_error_t *error)
{
    pilot_text_t sql = PILOT_TEXT_INIT;
    pilot_text_append(&sql, "COPY (SELECT d.submission, d.column_name, l.label "
                            "FROM registry.dictionaries d, "
                            "LATERAL unnest(d.labels) WITH ORDINALITY AS l(label, code) "
                            "WHERE d.submission = ANY (");
    append_submissions(&sql, pull);
    pilot_text_append(&sql, ") ORDER BY d.submission, d.column_name, l.code) "
                            "TO STDOUT (FORMAT binary)");
    pilot_status_t status = pilot_copy_out(db, sql.data, 3, on_label, pull, NULL, error);
    pilot_text_clear(&sql);
    return status;
}

static pilot_status_t on_row(void *context, const pilot_field_t *field, int fields,
                             pilot_error_t *error)
{
    (void)fields;
    pull_t *pull = context;
    size_t at = find_submission(pull, (uint64_t)pilot_field_int8(&field[0]));
    if (at >= pull->count)
        return pilot_error_set(error, PILOT_E_BUG, "a row of a submission that was not asked for");
    return pilot_dataset_builder_row(pull->builder[at], field, error);
}

static pilot_status_t pull_rows(pilot_db_t *db, const pilot_layout_t *layout, pull_t *pull,
                                uint64_t *ret_rows, pilot_error_t *error)
{
    pilot_text_t sql = PILOT_TEXT_INIT;
    pilot_text_append(&sql, "COPY (SELECT ");
    append_columns(&sql, db, layout);
    pilot_text_append(&sql, " FROM outcomes.");
    pilot_db_append_identifier(db, &sql, layout->pilot);
    pilot_text_append(&sql, " WHERE pilot_submission = ANY (");
    append_submissions(&sql, pull);
    pilot_text_append(&sql, ")) TO STDOUT (FORMAT binary)");
    pilot_status_t status =
        pilot_copy_out(db, sql.data, (int)layout->fields, on_row, pull, ret_rows, error);
    pilot_text_clear(&sql);
    return status;
}

/* Rows are not those pinned: is the submission gone, or is this a replica that lags? */
static pilot_status_t explain_missing_rows(pilot_db_t *db, uint64_t submission, size_t rows,
                                           size_t pinned, bool *ret_lagging, pilot_error_t *error)
{
    char id[24];
    snprintf(id, sizeof id, "%llu", (unsigned long long)submission);
    PGresult *result = NULL;
    pilot_status_t status =
        pilot_db_run(db, &result, error,
                     "SELECT state FROM registry.submissions WHERE submission = $1::bigint", 1, id);
    if (status != PILOT_OK)
        return status;
    bool there = PQntuples(result) == 1 && strcmp(PQgetvalue(result, 0, 0), "withdrawn") != 0;
    PQclear(result);
    if (!there)
        return pilot_error_set(error, PILOT_E_WITHDRAWN, "submission %s was withdrawn", id);
    *ret_lagging = true;
    return pilot_error_set(error, PILOT_E_DATABASE,
                           "submission %s: %zu rows were read, %zu are pinned: the replica lags",
                           id, rows, pinned);
}

/* ---- fetch ----------------------------------------------------------------------------------- */

static pilot_status_t finish_builders(pilot_db_t *db, pilot_cache_t *cache,
                                      const pilot_layout_t *layout, pull_t *pull,
                                      Pilot__Pin *const *pin, pilot_fetched_t *fetched,
                                      bool *ret_lagging, pilot_error_t *error)
{
    for (size_t i = 0; i < pull->count; i++) {
        size_t rows = pilot_dataset_builder_rows(pull->builder[i]);
        size_t pinned = pin[pull->pin[i]]->rows;
        if (rows != pinned)
            return explain_missing_rows(db, pull->submission[i], rows, pinned, ret_lagging, error);
        pilot_dataset_t *dataset;
        pilot_status_t status = pilot_dataset_builder_finish(pull->builder[i], &dataset, error);
        if (status != PILOT_OK)
            return status;
        pilot_dataset_builder_free(pull->builder[i]);
        pull->builder[i] = NULL;
        fetched->cached[pull->pin[i]] =
            pilot_cache_add(cache, dataset, layout->key, layout->key_length);
    }
    return PILOT_OK;
}

pilot_status_t pilot_fetch(pilot_db_t *db, pilot_cache_t *cache, const pilot_layout_t *layout,
                           Pilot__Pin *const *pin, size_t pin_count, pilot_fetched_t *ret_fetched,
                           bool *ret_lagging, pilot_error_t *error)
{
    pilot_fetched_t fetched = {.cached = PILOT_NEW_ARRAY(pilot_cached_t *, pin_count),
                               .count = pin_count};
    pull_t pull = {.builder = PILOT_NEW_ARRAY(pilot_dataset_builder_t *, pin_count),
                   .submission = PILOT_NEW_ARRAY(uint64_t, pin_count),
                   .pin = PILOT_NEW_ARRAY(size_t, pin_count)};
    pilot_status_t status = PILOT_OK;
    for (size_t i = 0; i < pin_count; i++) {
        uint64_t submission = pin[i]->submission;
        if (pin[i]->rows > INT32_MAX) { /* pilot_row is an int */
            status = pilot_error_set(error, PILOT_E_PROTOCOL, "submission %llu is pinned too large",
                                     (unsigned long long)submission);
            break;
        }
        fetched.cached[i] = pilot_cache_find(cache, submission, layout->key, layout->key_length);
        if (!fetched.cached[i])
            insert_builder(&pull, i, submission,
                           pilot_dataset_builder_new(layout, submission, pin[i]->rows));
    }
    fetched.all_cached = pull.count == 0;
    if (status == PILOT_OK && pull.count > 0) {
        status = pull_dictionaries(db, &pull, error);
        if (status == PILOT_OK)
            status = pull_rows(db, layout, &pull, &fetched.rows_pulled, error);
        if (status == PILOT_OK)
            status = finish_builders(db, cache, layout, &pull, pin, &fetched, ret_lagging, error);
    }
    free_pull(&pull);
    if (status == PILOT_OK)
        *ret_fetched = fetched;
    else
        pilot_fetched_release(&fetched, cache);
    return status;
}

void pilot_fetched_release(pilot_fetched_t *fetched, pilot_cache_t *cache)
{
    for (size_t i = 0; i < fetched->count; i++)
        pilot_cache_release(cache, fetched->cached[i]);
    free(fetched->cached);
    *fetched = (pilot_fetched_t){0};
}
