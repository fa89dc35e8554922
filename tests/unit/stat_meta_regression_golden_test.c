/* Meta-regression and pooling by levels against metafor (tests/golden/meta/make_regression.R). */
#include <gsl/gsl_errno.h>
#include <math.h>
#include <string.h>

#include "../harness/meta_study.h"
#include "../harness/table.h"
#include "../harness/tap.h"

#define GOLDEN 1e-8

static bool is_absent(const char *text)
{
    return strcmp(text, "NA") == 0;
}

static void load(const table_t *data, const char *model, study_t *study)
{
    study->agencies = 0;
    for (size_t row = 0; row < data->rows; row++) {
        size_t i = study->agencies;
        if (strcmp(table_get(data, row, "model"), model) != 0)
            continue;
        study->estimate[i] = PILOT_GIVEN(strtod(table_get(data, row, "yi"), NULL));
        study->std_error[i] = PILOT_GIVEN(sqrt(strtod(table_get(data, row, "vi"), NULL)));
        for (size_t a = 0; a < 2; a++) {
            const char *number = table_get(data, row, a ? "number2" : "number1");
            const char *text = table_get(data, row, a ? "text2" : "text1");
            study->missing[a][i] = is_absent(number);
            study->number[a][i] = is_absent(number) ? 0 : strtod(number, NULL);
            study->level[a][i] = is_absent(text) ? NULL : text;
        }
        study->agencies++;
    }
    list_attributes(study);
}

/* A number that is 0 but for rounding is compared in units of `unit`. */
static bool agrees(pilot_number_t got, const char *text, double unit, const char *what)
{
    double want = strtod(text, NULL);
    bool wanted = !is_absent(text);
    bool good = got.given == wanted &&
                (!wanted || fabs(got.value - want) <= GOLDEN * fmax(fabs(want), unit));
    if (!good)
        printf("# %s: got %s%.17g, want %s\n", what, got.given ? "" : "absent ", got.value, text);
    return good;
}

static bool row_agrees(const pilot_moderator_t *row, const table_t *golden, size_t at)
{
    static const char *const name[] = {"estimate",  "std_error", "df",     "df_residual",
                                       "statistic", "p_value",   "ci_low", "ci_high",
                                       "tau2",      "i2",        "r2"};
    if (!row)
        return false;
    const pilot_number_t got[] = {row->estimate,  row->std_error, row->df,     row->df_residual,
                                  row->statistic, row->p_value,   row->ci_low, row->ci_high,
                                  row->tau2,      row->i2,        row->r2};
    bool good = row->k == strtoul(table_get(golden, at, "k"), NULL, 10);
    for (size_t i = 0; i < sizeof got / sizeof *got; i++) {
        /* Estimates and ends of intervals in standard errors; metafor's tau2 of 0 is a little more;
         * the rest by digits. */
        double unit = i == 0 || i == 6 || i == 7 ? row->std_error.value : i == 4 ? 1e-2 : 0;
        unit = i == 8 ? 1e-8 : i == 9 ? 1e-4 : unit;
        good &= agrees(got[i], table_get(golden, at, name[i]), unit, name[i]);
    }
    return good;
}

static void test_golden(void)
{
    table_t data = table_read("tests/golden/meta/attributes.csv");
    table_t golden = table_read("tests/golden/meta/moderators.csv");
    static study_t study;
    for (size_t first = 0, next; first < golden.rows; first = next) {
        const char *model = table_get(&golden, first, "model");
        const char *method = table_get(&golden, first, "method");
        const char *test = table_get(&golden, first, "test");
        pilot_meta_options_t options = options_of(PILOT_META_REML, PILOT_META_Z);
        pilot_moderator_t *row;
        size_t rows, groups = 0, alone = 0;
        bool good = pilot_meta_method_from_name(method, &options.method) &&
                    pilot_meta_test_from_name(test, &options.test);
        load(&data, model, &study);
        pilot_meta_regression(study.estimate, study.std_error, study.agencies, study.attribute,
                              study.attributes, &options, &row, &rows);
        for (next = first; next < golden.rows; next++) {
            if (strcmp(table_get(&golden, next, "model"), model) != 0 ||
                strcmp(table_get(&golden, next, "method"), method) != 0 ||
                strcmp(table_get(&golden, next, "test"), test) != 0)
                break;
            const char *kind = table_get(&golden, next, "kind");
            const char *attribute = table_get(&golden, next, "attribute");
            const char *level = table_get(&golden, next, "level");
            if (!row_agrees(find(row, rows, kind, attribute, level), &golden, next)) {
                printf("# in %s %s %s\n", kind, attribute, level);
                good = false;
            }
            groups++;
        }
        for (size_t i = 0; i < rows; i++)
            alone += row[i].kind == PILOT_MODERATOR_GROUP && row[i].k < 2;
        ok(good && rows == groups + alone, "%s, %s x %s: %zu rows are metafor's", model, method,
           test, groups);
        free(row);
    }
    table_free(&data);
    table_free(&golden);
}

int main(void)
{
    gsl_set_error_handler_off();
    test_golden();
    return tap_done();
}
