/* Balance and attrition by covariates against R's lm (tests/golden/quality/balance.R), in every
 * design, of one agency and of three. */
#include "pilot/balance.h"

#include <gsl/gsl_errno.h>
#include <math.h>

#include "../harness/table.h"
#include "../harness/tap.h"

enum { NUMBERS = 3, COVARIATES = 4, OUTCOMES = 2 };
static const char *const names[] = {"age", "score", "female", "region"};
static const char *const outcomes[] = {"y", "y2"};
static const char *const regions[] = {"east", "north", "south", "west"};

typedef struct design {
    const char *name, *arm, *block, *cluster, *weight;
    const char *const *arms;
    bool agencies;
} design_t;

static const char *const three[] = {"c", "a", "b", NULL};
static const char *const two[] = {"c", "a", NULL};

static const design_t designs[] = {
    {"complete", "arm", NULL, NULL, NULL, three, false},
    {"weighted", "arm", NULL, NULL, "weight", three, false},
    {"blocked", "arm", "block", NULL, NULL, three, false},
    {"pairs", "pair_arm", "pair", NULL, NULL, two, false},
    {"clustered", "cluster_arm", NULL, "cluster", NULL, three, false},
    {"blocked_clustered_weighted", "cluster_arm", "block", "cluster", "weight", three, false},
    {"agencies", "arm", NULL, NULL, NULL, three, true},
    {"agencies_blocked_weighted", "arm", "block", NULL, "weight", three, true},
    {"agencies_clustered", "cluster_arm", NULL, "cluster", NULL, three, true},
};

static const bool is_category[] = {false, false, false, true};

static pilot_balance_t *through_a_piece(pilot_balance_t *balance, size_t arms)
{
    const pilot_balance_plan_t plan = {arms, OUTCOMES, COVARIATES, is_category, false};
    pilot_piece_t piece = {0};
    pilot_balance_t *back = NULL;
    pilot_balance_pack(balance, &piece);
    pilot_label_t *label = calloc(piece.labels + 1, sizeof *label);
    for (size_t i = 0; i < piece.labels; i++)
        label[i] = (pilot_label_t){piece.label[i], strlen(piece.label[i])};
    pilot_piece_reader_t reader = {piece.number, piece.numbers, piece.count,
                                   piece.counts, label,         piece.labels};
    if (pilot_balance_unpack(&plan, &reader, &back, NULL) != PILOT_OK ||
        !pilot_piece_at_end(&reader))
        printf("Bail out! a packed summary cannot be read\n");
    free(label);
    pilot_piece_clear(&piece);
    pilot_balance_free(balance);
    return back;
}

/* Codes of the levels that the rows have, in byte order. */
static size_t make_regions(const table_t *table, const table_columns_t *columns, uint32_t *code,
                           const char **label)
{
    table_key_t *key = calloc(table->rows, sizeof *key);
    size_t rows = table_sorted_keys(table, columns, key), levels = 0;
    for (size_t l = 0; l < 4; l++) {
        bool any = false;
        for (size_t i = 0; i < rows; i++) {
            const char *region = table_get(table, key[i].row, "region");
            if (l == 0)
                code[i] = PILOT_CATEGORY_MISSING;
            if (strcmp(region, regions[l]) == 0) {
                code[i] = (uint32_t)levels;
                any = true;
            }
        }
        if (any)
            label[levels++] = regions[l];
    }
    free(key);
    return levels;
}

static pilot_balance_t *summarize(const table_t *table, const design_t *design, const char *agency)
{
    table_columns_t columns = {.arm = design->arm,
                               .block = design->block,
                               .cluster = design->cluster,
                               .weight = design->weight,
                               .unit = "unit",
                               .filter = agency ? "agency" : NULL,
                               .filter_value = agency,
                               .arms = design->arms};
    table_frame_t frame[NUMBERS + OUTCOMES];
    pilot_balance_covariate_t covariate[COVARIATES] = {0};
    pilot_variable_t outcome[OUTCOMES];
    uint32_t *code = calloc(table->rows, sizeof *code);
    const char *label[4];
    for (size_t v = 0; v < NUMBERS + OUTCOMES; v++) {
        columns.outcome = v < NUMBERS ? names[v] : outcomes[v - NUMBERS];
        frame[v] = table_make_frame(table, &columns);
        if (v < NUMBERS)
            covariate[v].number = &frame[v].outcome;
        else
            outcome[v - NUMBERS] = frame[v].outcome;
    }
    pilot_category_t category = {code, make_regions(table, &columns, code, label), label};
    covariate[2].binary = true;
    covariate[3].category = &category;
    pilot_balance_t *balance =
        pilot_balance_summarize(&frame[0].frame, covariate, COVARIATES, outcome, OUTCOMES, false);
    balance = through_a_piece(balance, frame[0].frame.arms);
    for (size_t v = 0; v < NUMBERS + OUTCOMES; v++)
        table_frame_free(&frame[v]);
    free(code);
    return balance;
}

static bool is_variable(const pilot_quality_row_t *row, const char *variable)
{
    if (row->variable != PILOT_QUALITY_NONE)
        return strcmp(variable, outcomes[row->variable]) == 0;
    if (row->covariate == PILOT_QUALITY_NONE)
        return !*variable;
    if (!row->level)
        return strcmp(variable, names[row->covariate]) == 0;
    return strncmp(variable, "region=", 7) == 0 && strcmp(variable + 7, row->level) == 0;
}

static bool near(pilot_number_t got, const char *want)
{
    double value = strtod(want, NULL);
    if (strcmp(want, "NA") == 0)
        return !got.given;
    return got.given && fabs(got.value - value) <= 1e-9 * fabs(value);
}

static void compare(const table_t *golden, const design_t *design, const pilot_quality_row_t *row,
                    size_t rows)
{
    size_t expected = 0;
    for (size_t i = 0; i < golden->rows; i++) {
        const char *check = table_get(golden, i, "check"), *arm = table_get(golden, i, "arm");
        const char *variable = table_get(golden, i, "variable");
        const pilot_quality_row_t *got = NULL;
        if (strcmp(table_get(golden, i, "design"), design->name) != 0)
            continue;
        expected++;
        for (size_t j = 0; j < rows && !got; j++)
            if (strcmp(row[j].check, check) == 0 && is_variable(&row[j], variable) &&
                row[j].arm == table_arm_code(design->arms, arm))
                got = &row[j];
        bool same = got && near(got->value, table_get(golden, i, "value")) &&
                    near(got->statistic, table_get(golden, i, "statistic")) &&
                    near(got->df, table_get(golden, i, "df")) &&
                    near(got->p_value, table_get(golden, i, "p_value"));
        ok(same, "%s: %s %s %s is R's", design->name, check, arm, variable);
        if (!same && got)
            printf("# %.17g %.17g %.17g %.17g\n", got->value.value, got->statistic.value,
                   got->df.value, got->p_value.value);
    }
    ok(expected == rows, "%s: these are all the rows", design->name);
}

int main(void)
{
    gsl_set_error_handler_off();
    table_t table = table_read("tests/golden/quality/balance.csv");
    table_t golden = table_read("tests/golden/quality/balance_rows.csv");
    static const char *const agency[] = {"p", "q", "r"};
    for (size_t i = 0; i < sizeof designs / sizeof *designs; i++) {
        const design_t *design = &designs[i];
        pilot_balance_t *balance[3];
        size_t count = design->agencies ? 3 : 1, rows;
        for (size_t a = 0; a < count; a++)
            balance[a] = summarize(&table, design, design->agencies ? agency[a] : NULL);
        pilot_balance_t *merged =
            pilot_balance_merge((const pilot_balance_t *const *)balance, count);
        pilot_quality_row_t *row = pilot_balance_check(merged, &rows);
        compare(&golden, design, row, rows);
        free(row);
        pilot_balance_free(merged);
        for (size_t a = 0; a < count; a++)
            pilot_balance_free(balance[a]);
    }
    table_free(&table);
    table_free(&golden);
    return tap_done();
}
