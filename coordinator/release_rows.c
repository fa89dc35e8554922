#include "release_rows.h"

#include <stdlib.h>
#include <string.h>

#include "pilot/estimators.h"
#include "pilot/memory.h"
#include "pilot/text.h"
#include "release_tables.h"

enum { MOST_NUMBERS = PILOT_EFFECT_NUMBERS };
_Static_assert((int)PILOT_EFFECT_NUMBERS >= (int)PILOT_COMPARISON_NUMBERS &&
                   (int)PILOT_EFFECT_NUMBERS >= (int)PILOT_AGENCY_NUMBERS,
               "the most");

/* ---- reading --------------------------------------------------------------------------------- */

typedef pilot_status_t (*on_rows_t)(release_t *release, const release_table_t *table,
                                    const PGresult *result, pilot_error_t *error);

/* A table may hold more rows than memory: some thousand at a time. */
static pilot_status_t scan(release_t *release, const release_table_t *table, on_rows_t on_rows,
                           pilot_error_t *error)
{
    PILOT_AUTOFREE char *sql =
        pilot_format("DECLARE pilot_released NO SCROLL CURSOR FOR %s", table->select);
    pilot_status_t status = pilot_db_run(release->db, NULL, error, sql, 1, release->analysis);
    for (int rows = 1; !status && rows > 0;) {
        PGresult *result = NULL;
        status = pilot_db_query_binary(release->db, "FETCH 4000 FROM pilot_released", 0, NULL,
                                       &result, error);
        rows = status ? 0 : PQntuples(result);
        if (rows > 0)
            status = on_rows(release, table, result, error);
        PQclear(result);
    }
    return status ? status : pilot_db_script(release->db, "CLOSE pilot_released", error);
}

/* ---- effects --------------------------------------------------------------------------------- */

#define EFFECT_TEXTS "scope, agency, " CONTRAST_TEXTS ", std_error_type, adjustment"
#define EFFECT_NUMBERS                                                                             \
    "estimate, std_error, df, statistic, p_value, ci_low, ci_high, p_randomization, "              \
    "p_randomization_mcse, ci_randomization_low, ci_randomization_high, p_adjusted, "              \
    "control_mean, control_std_dev, n, n_arm, n_control, clusters, blocks"
enum {
    EFFECT_AGENCY = 2,
    EFFECT_KEY = 3,
    EFFECT_STD_ERROR_TYPE = 11,
    EFFECT_NUMBERS_AT = 15,
    EFFECT_LARGEST = EFFECT_NUMBERS_AT + PILOT_EFFECT_NUMBERS
};

/* Pooled rows: the largest of all agencies, and the sum of theirs, the same in any order. */
#define CONTRIBUTION_KEY                                                                           \
    "outcome, coalesce(subgroup, '') AS subgroup, coalesce(level, '') AS level, arm"
#define CONTRIBUTIONS                                                                              \
    "SELECT agency, " CONTRIBUTION_KEY ", largest, total FROM work.contributions "                 \
    "WHERE analysis = $1::bigint UNION ALL "                                                       \
    "SELECT '', " CONTRIBUTION_KEY ", max(largest), sum(total::numeric)::float8 "                  \
    "FROM work.contributions WHERE analysis = $1::bigint GROUP BY 2, 3, 4, 5"
#define OF_ARM(name, which)                                                                        \
    "LEFT JOIN contribution AS " name " ON " name ".agency = coalesce(e.agency, '') "              \
    "AND " name ".outcome = e.outcome AND " name ".subgroup = coalesce(e.subgroup, '') "           \
    "AND " name ".level = coalesce(e.level, '') AND " name ".arm = e." which " "

static const pilot_plan_outcome_t *find_outcome(const pilot_plan_t *plan, const char *name)
{
    for (size_t i = 0; name && i < plan->outcome_count; i++)
        if (strcmp(plan->outcomes[i].name, name) == 0)
            return &plan->outcomes[i];
    return NULL;
}

static pilot_disclosure_effect_t effect_at(const release_t *release, const source_row_t *row)
{
    pilot_disclosure_effect_t effect = {
        .key = contrast_key(row, text_at(row, EFFECT_AGENCY), EFFECT_KEY)};
    const pilot_plan_outcome_t *outcome = find_outcome(release->plan, effect.key.outcome);
    pilot_estimator_t estimator = pilot_estimator_from_name(effect.key.estimator);
    effect.share = outcome && (outcome->type == PILOT_OUTCOME_BINARY ||
                               outcome->type == PILOT_OUTCOME_ORDINAL);
    effect.log_scale = estimator != PILOT_ESTIMATORS && pilot_estimator_facts(estimator)->log_scale;
    numbers_at(row, EFFECT_NUMBERS_AT, PILOT_EFFECT_NUMBERS, effect.number);
    if (!effect.share) {
        effect.control_largest = number_at(row, EFFECT_LARGEST);
        effect.control_total = number_at(row, EFFECT_LARGEST + 1);
        effect.arm_largest = number_at(row, EFFECT_LARGEST + 2);
        effect.arm_total = number_at(row, EFFECT_LARGEST + 3);
    }
    return effect;
}

static bool decide_effect(const release_t *release, const source_row_t *row,
                          pilot_released_t *released)
{
    pilot_disclosure_effect_t effect = effect_at(release, row);
    return pilot_disclosure_release_effect(release->disclosure, &effect, released);
}

static const release_table_t effects = {
    .to = {"dashboard", "effects",
           "pilot, analysis, confirmatory, ordinal, " EFFECT_TEXTS
           ", status, reason, " EFFECT_NUMBERS
           ", estimate_mark, std_error_mark, df_mark, statistic_mark, p_value_mark, "
           "ci_low_mark, ci_high_mark, p_randomization_mark, p_randomization_mcse_mark, "
           "ci_randomization_low_mark, ci_randomization_high_mark, p_adjusted_mark, "
           "control_mean_mark, control_std_dev_mark, n_mark, n_arm_mark, n_control_mark, "
           "clusters_mark, "
           "blocks_mark",
           4 + 12 + 2 + 2 * PILOT_EFFECT_NUMBERS},
    .select = "WITH contribution AS (" CONTRIBUTIONS ") "
              "SELECT e.ordinal, CASE WHEN e.agency IS NULL THEN 'pooled' ELSE 'agency' END, "
              "e.agency, e.outcome, e.subgroup, e.level, e.arm, e.control, e.estimand, "
              "e.estimator, e.parameter, e.std_error_type, e.adjustment, e.status, "
              "e.reason, " EFFECT_NUMBERS ", c.largest, c.total, t.largest, t.total "
              "FROM work.effects AS e " OF_ARM("c", "control")
                  OF_ARM("t", "arm") "WHERE e.analysis = $1::bigint",
    .texts = 12,
    .hidden_text = EFFECT_STD_ERROR_TYPE,
    .estimator = EFFECT_KEY + 6,
    .has_status = true,
    .numbers = PILOT_EFFECT_NUMBERS,
    .whole = 1u << PILOT_EFFECT_N | 1u << PILOT_EFFECT_N_ARM | 1u << PILOT_EFFECT_N_CONTROL |
             1u << PILOT_EFFECT_CLUSTERS | 1u << PILOT_EFFECT_BLOCKS,
    .structural = 1u << PILOT_EFFECT_P_RANDOMIZATION | 1u << PILOT_EFFECT_P_RANDOMIZATION_MCSE |
                  1u << PILOT_EFFECT_CI_RANDOMIZATION_LOW |
                  1u << PILOT_EFFECT_CI_RANDOMIZATION_HIGH | 1u << PILOT_EFFECT_P_ADJUSTED |
                  1u << PILOT_EFFECT_CLUSTERS | 1u << PILOT_EFFECT_BLOCKS,
    .decide = decide_effect};

static pilot_status_t collect_effects(release_t *release, const release_table_t *table,
                                      const PGresult *result, pilot_error_t *error)
{
    (void)table;
    pilot_status_t status = PILOT_OK;
    for (int i = 0; !status && i < PQntuples(result); i++) {
        pilot_disclosure_effect_t effect =
            effect_at(release, &(source_row_t){.result = result, .row = i});
        status = pilot_disclosure_effect(release->disclosure, &effect, error);
    }
    return status;
}

/* ---- quality --------------------------------------------------------------------------------- */

static bool decide_quality(const release_t *release, const source_row_t *row,
                           pilot_released_t *released)
{
    pilot_number_in_t number[PILOT_QUALITY_NUMBERS];
    numbers_at(row, 6, PILOT_QUALITY_NUMBERS, number);
    return pilot_disclosure_release_quality(release->disclosure, text_at(row, 1), text_at(row, 2),
                                            text_at(row, 3), text_at(row, 4), number, released);
}

static bool is_quality_told(const source_row_t *row)
{
    return pilot_disclosure_is_quality_told(text_at(row, 1), text_at(row, 2));
}

static const release_table_t quality = {
    .to = {"dashboard", "quality",
           "pilot, analysis, confirmatory, ordinal, agency, \"check\", arm, variable, alarm, "
           "value, statistic, df, p_value, value_mark, statistic_mark, df_mark, p_value_mark",
           17},
    .select = "SELECT ordinal, agency, \"check\", arm, variable, alarm, value, statistic, df, "
              "p_value FROM work.quality WHERE analysis = $1::bigint",
    .texts = 4,
    .has_flag = true,
    .hides_flag = true,
    .numbers = PILOT_QUALITY_NUMBERS,
    .decide = decide_quality,
    .is_told = is_quality_told};

static pilot_status_t collect_counts(release_t *release, const release_table_t *table,
                                     const PGresult *result, pilot_error_t *error)
{
    (void)table;
    pilot_status_t status = PILOT_OK;
    for (int i = 0; !status && i < PQntuples(result); i++) {
        source_row_t row = {.result = result, .row = i};
        const char *check = text_at(&row, 2), *arm = text_at(&row, 3);
        pilot_number_in_t rows = number_at(&row, 6);
        if (strcmp(check, "count") == 0 && arm && rows.given)
            status = pilot_disclosure_arm_count(release->disclosure, text_at(&row, 1), arm,
                                                (int64_t)rows.value, error);
    }
    return status;
}

/* ---- writing --------------------------------------------------------------------------------- */

static void put_text(pilot_copy_in_t *copy, const char *text)
{
    if (text)
        pilot_copy_in_bytes(copy, text, strlen(text));
    else
        pilot_copy_in_null(copy);
}

static void put_mark(pilot_copy_in_t *copy, pilot_mark_t mark)
{
    char letter = (char)mark;
    if (mark == PILOT_MARK_SHOWN)
        pilot_copy_in_null(copy);
    else
        pilot_copy_in_bytes(copy, &letter, 1);
}

static bool is_suppressed(const release_table_t *table, const pilot_released_t *released)
{
    for (int i = 0; i < table->numbers; i++)
        if (released[i].mark == PILOT_MARK_SUPPRESSED)
            return true;
    return false;
}

/* That an effect of a hidden row cannot be estimated would tell of its counts; those that are shown
 * beside it stay. */
static void hide_row(const release_table_t *table, pilot_released_t *released)
{
    for (int i = 0; i < table->numbers; i++)
        if (released[i].mark == PILOT_MARK_NOT_APPLICABLE && !(table->structural & 1u << i))
            released[i].mark = PILOT_MARK_SUPPRESSED;
}

/* Which linear estimator `auto` took tells how many units there were: of a hidden row only that it
 * was to take one. */
static const char *told_text(const release_t *release, const release_table_t *table,
                             const source_row_t *row, int column, bool hidden)
{
    const char *text = text_at(row, column);
    if (!hidden || !text)
        return text;
    if (column == table->hidden_text)
        return NULL;
    if (column != table->estimator || !release->plan->estimators_auto)
        return text;
    bool linear = strcmp(text, "difference_in_means") == 0 || strcmp(text, "ols") == 0 ||
                  strcmp(text, "lin") == 0;
    return linear ? "auto" : text;
}

static void put_numbers(pilot_copy_in_t *copy, const release_table_t *table,
                        const pilot_released_t *released)
{
    for (int i = 0; i < table->numbers; i++) {
        if (released[i].mark != PILOT_MARK_SHOWN)
            pilot_copy_in_null(copy);
        else if (table->whole & 1u << i)
            pilot_copy_in_int8(copy, (int64_t)released[i].value);
        else
            pilot_copy_in_float8(copy, released[i].value);
    }
    for (int i = 0; i < table->numbers; i++)
        put_mark(copy, released[i].mark);
}

static void put_row(release_t *release, pilot_copy_in_t *copy, const release_table_t *table,
                    const source_row_t *row)
{
    pilot_released_t released[MOST_NUMBERS] = {0};
    bool shown = table->decide(release, row, released);
    bool suppressed = is_suppressed(table, released);
    bool hidden = suppressed && !shown;
    if (hidden && table->stays && !table->stays(row))
        return;
    if (hidden)
        hide_row(table, released);
    int32_t ordinal = (int32_t)number_at(row, 0).value;
    release->place = ordinal == release->ordinal ? release->place + 1 : 0;
    release->ordinal = ordinal;
    release->rows++;
    release->suppressed += suppressed;
    pilot_copy_in_row(copy);
    put_text(copy, release->pilot);
    pilot_copy_in_int8(copy, strtoll(release->analysis, NULL, 10));
    pilot_copy_in_bool(copy, release->confirmatory);
    pilot_copy_in_int4(copy, ordinal);
    if (table->has_place)
        pilot_copy_in_int4(copy, release->place);
    int column = 1;
    for (; column <= table->texts; column++)
        put_text(copy, told_text(release, table, row, column, hidden));
    if (table->has_status) {
        put_text(copy, hidden ? "suppressed" : text_at(row, column));
        put_text(copy, hidden ? "below_minimum_count" : text_at(row, column + 1));
        column += 2;
    }
    if (table->has_flag && table->hides_flag && hidden)
        pilot_copy_in_null(copy);
    else if (table->has_flag)
        pilot_copy_in_bool(copy, truth_at(row, column));
    put_numbers(copy, table, released);
}

static pilot_status_t write_rows(release_t *release, const release_table_t *table,
                                 const PGresult *result, pilot_error_t *error)
{
    pilot_copy_in_t *copy = NULL;
    pilot_status_t status = pilot_staged_begin(release->db, &table->to, &copy, error);
    if (status)
        return status;
    for (int i = 0; i < PQntuples(result); i++) {
        source_row_t row = {.result = result, .row = i};
        if (!table->is_told || table->is_told(&row))
            put_row(release, copy, table, &row);
    }
    return pilot_copy_in_end(copy, NULL, NULL, error);
}

static pilot_status_t write_table(release_t *release, const release_table_t *table,
                                  pilot_error_t *error)
{
    uint64_t before = release->rows;
    release->ordinal = -1;
    pilot_status_t status = scan(release, table, write_rows, error);
    return status || release->rows == before ? status
                                             : pilot_staged_insert(release->db, &table->to, error);
}

/* A curve's steps are times at which single units had the event. */
static pilot_status_t write_curves(release_t *release, pilot_error_t *error)
{
    PGresult *result = NULL;
    pilot_status_t status = pilot_db_run(
        release->db, &result, error,
        "INSERT INTO dashboard.curves (pilot, analysis, confirmatory, scope, agency, outcome, "
        "subgroup, level, arm, curve, ordinal, point, y_mark) SELECT DISTINCT $2, c.analysis, "
        "$3::boolean, CASE WHEN c.agency IS NULL THEN 'pooled' ELSE 'agency' END, c.agency, "
        "c.outcome, c.subgroup, c.level, c.arm, c.curve, c.ordinal, 0, 'c'::dashboard.mark "
        "FROM work.curves c WHERE c.analysis = $1::bigint AND c.point = 0",
        3, release->analysis, release->pilot, release->confirmatory ? "true" : "false");
    if (status)
        return status;
    const char *count = PQcmdTuples(result);
    uint64_t rows = strtoull(count, NULL, 10);
    PQclear(result);
    release->rows += rows;
    release->suppressed += rows;
    return PILOT_OK;
}

pilot_status_t release_collect(release_t *release, pilot_error_t *error)
{
    pilot_status_t status = scan(release, &effects, collect_effects, error);
    return status ? status : scan(release, &quality, collect_counts, error);
}

pilot_status_t release_write(release_t *release, pilot_error_t *error)
{
    const release_table_t *const tables[] = {
        &effects,          &release_comparisons, &release_agencies,
        &release_averages, &release_moderators,  &release_distribution,
        &quality};
    pilot_status_t status = PILOT_OK;
    for (size_t i = 0; !status && i < sizeof tables / sizeof *tables; i++)
        status = write_table(release, tables[i], error);
    return status ? status : write_curves(release, error);
}
