#include "render_forest.h"

#include <math.h>

#include "numbers.h"
#include "pilot/digits.h"
#include "pilot/estimators.h"
#include "pilot/memory.h"
#include "pilot/text.h"

/* Of a normal distribution: 95 % lie within. */
#define USUAL 1.959963984540054

const pilot_view_plot_t pilot_render_answer_plot = {.low = "ci_low",
                                                    .high = "ci_high",
                                                    .std_error = "std_error",
                                                    .predicted_low = "pi_low",
                                                    .predicted_high = "pi_high",
                                                    .pooled = true};

/* NULL when there is no such column, or nothing in it. */
static const char *text_at(const pilot_view_t *view, const PGresult *result, int row,
                           const char *column)
{
    int index = view ? pilot_view_index(view, column) : column ? PQfnumber(result, column) : -1;
    return index < 0 || PQgetisnull(result, row, index) ? NULL : PQgetvalue(result, row, index);
}

static const char *text_of(const PGresult *result, int row, const char *column)
{
    return text_at(NULL, result, row, column);
}

static pilot_number_t number_at(const pilot_view_t *view, const PGresult *result, int row,
                                const char *column)
{
    double value = 0;
    return pilot_number_read(text_at(view, result, row, column), &value) ? PILOT_GIVEN(value)
                                                                         : PILOT_ABSENT;
}

pilot_forest_row_t pilot_render_forest_row(const pilot_view_plot_t *plot, const pilot_view_t *view,
                                           const PGresult *result, int row)
{
    const char *name = text_at(view, result, row, "estimator");
    pilot_estimator_t estimator = name ? pilot_estimator_from_name(name) : PILOT_ESTIMATORS;
    const pilot_estimator_facts_t *facts =
        estimator < PILOT_ESTIMATORS ? pilot_estimator_facts(estimator) : NULL;
    pilot_forest_row_t forest = {
        .estimate = number_at(view, result, row, plot->estimate ? plot->estimate : "estimate"),
        .low = number_at(view, result, row, plot->low),
        .high = number_at(view, result, row, plot->high),
        .shrunken = number_at(view, result, row, plot->shrunken),
        .predicted_low = number_at(view, result, row, plot->predicted_low),
        .predicted_high = number_at(view, result, row, plot->predicted_high),
        .weight = number_at(view, result, row, plot->weight).value,
        .pooled = plot->pooled,
        .log_scale = !plot->plain && facts && facts->log_scale,
        .null = !plot->plain && facts ? facts->null : 0,
        .reach = plot->reach,
    };
    pilot_number_t std_error = number_at(view, result, row, plot->std_error);
    if (!plot->low && forest.estimate.given && std_error.given) {
        forest.low = PILOT_GIVEN(forest.estimate.value - USUAL * std_error.value);
        forest.high = PILOT_GIVEN(forest.estimate.value + USUAL * std_error.value);
    }
    return forest;
}

/* ---- the answer beneath agencies ---------------------------------------------------------------
 */

#define ANSWERS(schema)                                                                            \
    "SELECT outcome, subgroup, level, arm, control, estimand, estimator, parameter, estimate, "    \
    "std_error, ci_low, ci_high, pi_low, pi_high, tau2, i2, k FROM " schema ".comparisons "        \
    "WHERE pilot = $1 AND analysis = $2::bigint AND headline ORDER BY ordinal"

const char *pilot_render_answers_sql(bool released)
{
    return released ? ANSWERS("dashboard") : ANSWERS("results");
}

static bool same_text(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "") == 0;
}

int pilot_render_answer_find(const PGresult *answers, const PGresult *result, int row,
                             const char *asked)
{
    static const char *const key[] = {"outcome", "subgroup", "level",    "arm",
                                      "control", "estimand", "parameter"};
    for (int i = 0; i < PQntuples(answers); i++) {
        bool same = same_text(text_of(answers, i, "estimator"), asked);
        for (size_t k = 0; same && k < sizeof key / sizeof *key; k++)
            same = same_text(text_of(answers, i, key[k]), text_of(result, row, key[k]));
        if (same)
            return i;
    }
    return -1;
}

char *pilot_render_answer_note(const PGresult *answers, int answer, bool log_scale, bool utf8)
{
    pilot_number_t low = number_at(NULL, answers, answer, "pi_low");
    pilot_number_t high = number_at(NULL, answers, answer, "pi_high");
    char *tau PILOT_AUTOFREE =
        pilot_show_root(text_of(answers, answer, "tau2"), text_of(answers, answer, "std_error"));
    char *i2 PILOT_AUTOFREE = pilot_show_percent(text_of(answers, answer, "i2"));
    pilot_text_t text = PILOT_TEXT_INIT;
    if (low.given && high.given && log_scale) {
        pilot_text_appendf(&text, "a new agency: [%.3g, %.3g]", exp(low.value), exp(high.value));
    } else if (low.given && high.given) {
        char *interval PILOT_AUTOFREE = pilot_show_interval(text_of(answers, answer, "pi_low"),
                                                            text_of(answers, answer, "pi_high"),
                                                            text_of(answers, answer, "std_error"));
        pilot_text_appendf(&text, "a new agency: %s", interval);
    }
    if (tau)
        pilot_text_appendf(&text, "%s%s %s%s", text.length ? "; " : "", utf8 ? "τ" : "tau", tau,
                           log_scale ? " (log)" : "");
    if (i2)
        pilot_text_appendf(&text, "%s%s %s", text.length ? ", " : "", utf8 ? "I²" : "I2", i2);
    if (text.length == 0)
        return NULL;
    return pilot_text_take(&text);
}
