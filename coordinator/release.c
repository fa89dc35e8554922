#include "release.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pilot/memory.h"
#include "release_rows.h"
#include "staged.h"

/* ---- rules ----------------------------------------------------------------------------------- */

typedef struct rules {
    int64_t minimum_count, round_to;
    bool withdrawn;
} rules_t;

static int64_t larger(int64_t a, const char *text)
{
    int64_t b = strtoll(text, NULL, 10);
    return a > b ? a : b;
}

/* The plan's rules, or those of an earlier release where they were stricter: what was hidden then
 * stays hidden. */
static pilot_status_t begin(release_t *release, pilot_plan_t **ret_plan, rules_t *rules,
                            pilot_error_t *error)
{
    PGresult *found = NULL;
    /* Rows that are this fresh have no statistics: a planner that expects one would look each up
     * among all others. */
    pilot_status_t status = pilot_db_script(release->db,
                                            "SET LOCAL enable_nestloop = off; "
                                            "SET LOCAL work_mem = '64MB'",
                                            error);
    if (!status)
        status =
            pilot_db_run(release->db, &found, error,
                         "SELECT pilot, source, minimum_count, round_to, withdrawn, confirmatory "
                         "FROM work.begin_release($1::bigint)",
                         1, release->analysis);
    if (!status) {
        const char *source = PQgetvalue(found, 0, 1);
        release->pilot = pilot_strdup(PQgetvalue(found, 0, 0));
        release->confirmatory = *PQgetvalue(found, 0, 5) == 't';
        status = pilot_plan_parse(source, strlen(source), release->pilot, ret_plan, error);
    }
    if (!status) {
        release->plan = *ret_plan;
        *rules =
            (rules_t){.minimum_count = larger((*ret_plan)->minimum_count, PQgetvalue(found, 0, 2)),
                      .round_to = larger((*ret_plan)->round_to, PQgetvalue(found, 0, 3)),
                      .withdrawn = *PQgetvalue(found, 0, 4) == 't'};
    }
    PQclear(found);
    return status;
}

/* ---- what was released before ---------------------------------------------------------------- */

typedef struct memories {
    pilot_disclosure_t *disclosure;
    void **memory; /* borrowed by the disclosure */
    size_t count, capacity;
} memories_t;

static pilot_status_t take_memory(void *context, const pilot_field_t *field, int fields,
                                  pilot_error_t *error)
{
    (void)fields;
    memories_t *memories = context;
    void *copy = pilot_alloc(field->length + 1, 1);
    memcpy(copy, field->data, field->length);
    memories->memory =
        pilot_grow(memories->memory, &memories->capacity, memories->count + 1, sizeof(void *));
    memories->memory[memories->count++] = copy;
    return pilot_disclosure_remember(memories->disclosure, copy, field->length, error);
}

static pilot_status_t remember(release_t *release, memories_t *memories, pilot_error_t *error)
{
    PILOT_AUTOFREE char *sql = pilot_format(
        "COPY (SELECT m.memory FROM work.release_memory m JOIN dashboard.releases r "
        "USING (analysis) WHERE r.pilot = '%s' ORDER BY r.released_at, r.analysis) TO STDOUT "
        "(FORMAT binary)",
        release->pilot); /* [a-z][a-z0-9_]* */
    memories->disclosure = release->disclosure;
    return pilot_copy_out(release->db, sql, 1, take_memory, memories, NULL, error);
}

static pilot_status_t tell_submissions(release_t *release, const PGresult *pins,
                                       pilot_error_t *error)
{
    pilot_status_t status = PILOT_OK;
    for (int i = 0; !status && i < PQntuples(pins); i++)
        status = pilot_disclosure_submission(release->disclosure, PQgetvalue(pins, i, 0),
                                             strtoll(PQgetvalue(pins, i, 1), NULL, 10), error);
    return status;
}

static pilot_status_t answer_questions(release_t *release, pilot_error_t *error)
{
    pilot_disclosure_question_t question;
    pilot_status_t status = PILOT_OK;
    for (size_t i = 0; !status && pilot_disclosure_question(release->disclosure, i, &question);
         i++) {
        char before[24], now[24];
        PGresult *result = NULL;
        snprintf(before, sizeof before, "%" PRId64, question.before);
        snprintf(now, sizeof now, "%" PRId64, question.now);
        status = pilot_db_run(release->db, &result, error,
                              "SELECT work.changed_units($1::bigint, $2::bigint)", 2, before, now);
        if (!status && !PQgetisnull(result, 0, 0))
            pilot_disclosure_changed(release->disclosure, i,
                                     strtoll(PQgetvalue(result, 0, 0), NULL, 10));
        PQclear(result);
    }
    return status;
}

/* ---- the record ------------------------------------------------------------------------------ */

static pilot_status_t record(release_t *release, const rules_t *rules, pilot_error_t *error)
{
    char number[5][24];
    const int64_t value[] = {rules->minimum_count, rules->round_to, PILOT_DISCLOSURE_VERSION,
                             (int64_t)release->rows, (int64_t)release->suppressed};
    for (size_t i = 0; i < 5; i++)
        snprintf(number[i], sizeof number[i], "%" PRId64, value[i]);
    return pilot_db_run(
        release->db, NULL, error,
        "INSERT INTO dashboard.releases (analysis, pilot, minimum_count, round_to, engine, rows, "
        "suppressed, withdrawn_at) VALUES ($1::bigint, $2, $3::int, $4::int, $5::int, $6::bigint, "
        "$7::bigint, CASE WHEN $8::boolean THEN now() END)",
        8, release->analysis, release->pilot, number[0], number[1], number[2], number[3], number[4],
        rules->withdrawn ? "true" : "false");
}

static pilot_status_t keep_memory(release_t *release, pilot_error_t *error)
{
    void *memory = NULL;
    size_t size = 0;
    pilot_copy_in_t *copy = NULL;
    pilot_disclosure_memory(release->disclosure, &memory, &size);
    pilot_status_t status = pilot_copy_in_begin(
        release->db, "COPY work.release_memory (analysis, memory) FROM STDIN (FORMAT binary)", 2,
        &copy, error);
    if (!status) {
        pilot_copy_in_row(copy);
        pilot_copy_in_int8(copy, strtoll(release->analysis, NULL, 10));
        pilot_copy_in_bytes(copy, memory, size);
        status = pilot_copy_in_end(copy, NULL, NULL, error);
    }
    free(memory);
    return status;
}

static void put_rows(pilot_copy_in_t *copy, pilot_released_t rows)
{
    char letter = (char)rows.mark;
    if (rows.mark == PILOT_MARK_SHOWN) {
        pilot_copy_in_int8(copy, (int64_t)rows.value);
        pilot_copy_in_null(copy);
    } else {
        pilot_copy_in_null(copy);
        pilot_copy_in_bytes(copy, &letter, 1);
    }
}

static pilot_status_t keep_submissions(release_t *release, const PGresult *pins,
                                       pilot_error_t *error)
{
    static const pilot_staged_table_t table = {"work", "released_submissions",
                                               "analysis, submission, agency, rows, rows_mark", 5};
    pilot_copy_in_t *copy = NULL;
    pilot_status_t status = pilot_staged_begin(release->db, &table, &copy, error);
    for (int i = 0; !status && i < PQntuples(pins); i++) {
        const char *agency = PQgetvalue(pins, i, 0);
        int64_t submission = strtoll(PQgetvalue(pins, i, 1), NULL, 10);
        pilot_copy_in_row(copy);
        pilot_copy_in_int8(copy, strtoll(release->analysis, NULL, 10));
        pilot_copy_in_int8(copy, submission);
        pilot_copy_in_bytes(copy, agency, strlen(agency));
        put_rows(copy, pilot_disclosure_release_rows(release->disclosure, agency, submission));
    }
    return status ? status : pilot_staged_end(release->db, &table, copy, error);
}

/* ---- a release ------------------------------------------------------------------------------- */

static pilot_status_t decide(release_t *release, const PGresult *pins, memories_t *memories,
                             pilot_error_t *error)
{
    pilot_status_t status = remember(release, memories, error);
    if (!status)
        status = tell_submissions(release, pins, error);
    if (!status)
        status = answer_questions(release, error);
    if (!status)
        status = release_collect(release, error);
    return status ? status : pilot_disclosure_decide(release->disclosure, error);
}

static pilot_status_t release_rows(release_t *release, const rules_t *rules, pilot_error_t *error)
{
    pilot_disclosure_rule_t rule = {.minimum_count = rules->minimum_count,
                                    .round_to = rules->round_to,
                                    .minimum_df = PILOT_DISCLOSURE_MINIMUM_DF,
                                    .dominance_share = PILOT_DISCLOSURE_DOMINANCE_SHARE};
    memories_t memories = {0};
    PGresult *pins = NULL;
    release->disclosure = pilot_disclosure_new(&rule);
    pilot_status_t status = pilot_db_run(
        release->db, &pins, error,
        "SELECT agency, submission FROM work.pins WHERE analysis = $1::bigint ORDER BY ordinal", 1,
        release->analysis);
    if (!status)
        status = decide(release, pins, &memories, error);
    if (!status)
        status = release_write(release, error);
    if (!status)
        status = record(release, rules, error);
    if (!status)
        status = keep_memory(release, error);
    if (!status)
        status = keep_submissions(release, pins, error);
    PQclear(pins);
    pilot_disclosure_free(release->disclosure);
    for (size_t i = 0; i < memories.count; i++)
        free(memories.memory[i]);
    free(memories.memory);
    return status;
}

pilot_status_t pilot_release(pilot_db_t *db, uint64_t analysis, uint64_t *ret_rows,
                             uint64_t *ret_suppressed, pilot_error_t *error)
{
    release_t release = {.db = db};
    rules_t rules = {0};
    pilot_plan_t *plan = NULL;
    snprintf(release.analysis, sizeof release.analysis, "%" PRIu64, analysis);
    pilot_status_t status = begin(&release, &plan, &rules, error);
    if (!status)
        status = rules.withdrawn ? record(&release, &rules, error)
                                 : release_rows(&release, &rules, error);
    pilot_plan_free(plan);
    free(release.pilot);
    *ret_rows = release.rows;
    *ret_suppressed = release.suppressed;
    return status;
}
