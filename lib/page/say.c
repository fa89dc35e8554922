/* say.c - one sentence a rule: see pilot/summary.h. */
#include "say.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "pilot/digits.h"
#include "pilot/memory.h"
#include "pilot/page.h"

/* "p = 0.013", "p <0.001"; of released numbers also "p <0.0005", "p suppressed". */
static char *p_words(pilot_figure_t p)
{
    char *shown PILOT_AUTOFREE = pilot_figure_p(p);
    if (p.given)
        return pilot_format("p %s%s", *shown == '<' ? "" : "= ", shown);
    return pilot_strdup(p.mark == 'k' ? "p <0.0005" : p.mark == 'c' ? "p suppressed" : "no p");
}

/* ---- an effect ------------------------------------------------------------------------------- */

/* What a comparison's row and a pooled effect's have in common. */
typedef struct said_effect {
    const pilot_effect_key_t *key;
    pilot_figure_t estimate, std_error, low, high, p, control_mean, smallest_shown;
    const char *status, *reason, *over; /* over: what it is the effect over */
} said_effect_t;

static void append_verdict(const pilot_evaluation_t *evaluation, const said_effect_t *effect,
                           pilot_verdict_t verdict, pilot_text_t *text)
{
    double smallest = pilot_effect_smallest(evaluation, effect->key);
    int better = pilot_effect_better(evaluation, effect->key);
    char shown[PILOT_DOUBLE_SIZE];
    pilot_double_format(smallest, shown);
    pilot_text_append(text, pilot_verdict_name(verdict));
    double null = pilot_effect_key_null(effect->key);
    if (verdict == PILOT_VERDICT_TOO_SMALL) {
        pilot_text_appendf(text,
                           ": the whole interval lies within %s of no effect, the smallest "
                           "effect that matters",
                           shown);
    } else if (verdict == PILOT_VERDICT_UNCLEAR) {
        pilot_text_append(text, better ? ": the interval holds both harm and benefit"
                                       : ": the interval holds both higher and lower");
    } else if (smallest > 0 && verdict != PILOT_VERDICT_NOT_TOLD) {
        double nearest = fmin(fabs(effect->low.value - null), fabs(effect->high.value - null));
        pilot_text_appendf(text,
                           nearest >= smallest
                               ? ", by at least the smallest effect that matters (%s)"
                               : ", though perhaps by less than the smallest effect that "
                                 "matters (%s)",
                           shown);
    }
    pilot_text_append(text, ".");
}

static void append_numbers(const pilot_evaluation_t *evaluation, const said_effect_t *effect,
                           pilot_text_t *text)
{
    bool ratio = pilot_effect_key_is_ratio(effect->key);
    bool chance = page_text_is(effect->key->estimator, "rank"); /* in no unit of a mean */
    char *value PILOT_AUTOFREE =
        pilot_effect_text(effect->key, effect->estimate, effect->std_error);
    char *interval PILOT_AUTOFREE =
        pilot_effect_interval(effect->key, effect->low, effect->high, effect->std_error);
    char *p PILOT_AUTOFREE = p_words(effect->p);
    char *confidence PILOT_AUTOFREE = page_confidence(evaluation);
    const char *what = ratio    ? page_estimator_words(effect->key->estimator)
                       : chance ? "chance that a unit of the arm is ranked above one of control"
                                : "effect";
    const char *sign = !ratio && effect->estimate.given && effect->estimate.value > 0 &&
                               pilot_effect_key_null(effect->key) == 0
                           ? "+"
                           : "";
    pilot_text_appendf(text, " %s, the %s is %s%s (%s interval %s; %s)", effect->over, what, sign,
                       value, confidence, interval, p);
    if (effect->control_mean.given && !ratio && !chance) {
        char *mean PILOT_AUTOFREE = pilot_figure_text(effect->control_mean, effect->std_error);
        pilot_text_appendf(text, "; the mean of %s is %s", effect->key->control, mean);
    }
    pilot_text_append(text, ".");
}

static char *say(const pilot_evaluation_t *evaluation, const said_effect_t *effect,
                 pilot_verdict_t *ret_verdict)
{
    pilot_verdict_t verdict =
        pilot_verdict(effect->low, effect->high, pilot_effect_key_null(effect->key),
                      pilot_effect_better(evaluation, effect->key),
                      pilot_effect_smallest(evaluation, effect->key));
    if (ret_verdict)
        *ret_verdict = verdict;
    pilot_text_t text = PILOT_TEXT_INIT;
    char *name PILOT_AUTOFREE = pilot_page_contrast_name(effect->key);
    pilot_text_appendf(&text, "%s: ", name);
    if (verdict != PILOT_VERDICT_NOT_TOLD) {
        append_verdict(evaluation, effect, verdict, &text);
        append_numbers(evaluation, effect, &text);
        return pilot_text_take(&text);
    }
    bool hidden = effect->low.mark == 'c' || effect->high.mark == 'c' ||
                  page_text_is(effect->status, "suppressed");
    pilot_text_append(&text, hidden ? "not shown, so that nobody can be recognized" : "not told");
    if (!hidden && effect->reason)
        pilot_text_appendf(&text, ": %s (%s)", page_reason_words(effect->reason), effect->reason);
    pilot_text_append(&text, ".");
    if (effect->estimate.given) {
        char *value PILOT_AUTOFREE =
            pilot_effect_text(effect->key, effect->estimate, effect->std_error);
        pilot_text_appendf(&text, " The estimate is %s, without an interval.", value);
    }
    return pilot_text_take(&text);
}

char *pilot_say_effect(const pilot_evaluation_t *evaluation, const pilot_comparison_row_t *row,
                       pilot_verdict_t *ret_verdict)
{
    const pilot_effect_row_t *pooled = pilot_evaluation_pooled(evaluation, &row->key);
    char *agencies PILOT_AUTOFREE = pilot_figure_count(row->k);
    char *over PILOT_AUTOFREE = row->k.given ? pilot_format("On average over %s agencies", agencies)
                                             : pilot_strdup("On average over agencies");
    said_effect_t effect = {.key = &row->key,
                            .estimate = row->estimate,
                            .std_error = row->std_error,
                            .low = row->ci_low,
                            .high = row->ci_high,
                            .p = row->p_value,
                            .status = row->status,
                            .reason = row->reason,
                            .over = over};
    if (pooled)
        effect.control_mean = pooled->control_mean;
    return say(evaluation, &effect, ret_verdict);
}

char *pilot_say_pooled_effect(const pilot_evaluation_t *evaluation, const pilot_effect_row_t *row,
                              pilot_verdict_t *ret_verdict)
{
    char *units PILOT_AUTOFREE = pilot_figure_count(row->n);
    char *over PILOT_AUTOFREE =
        row->n.given ? pilot_format("Over %s units", units) : pilot_strdup("Over all units");
    said_effect_t effect = {.key = &row->key,
                            .estimate = row->estimate,
                            .std_error = row->std_error,
                            .low = row->ci_low,
                            .high = row->ci_high,
                            .p = row->p_value,
                            .control_mean = row->control_mean,
                            .status = row->status,
                            .reason = row->reason,
                            .over = over};
    return say(evaluation, &effect, ret_verdict);
}

/* ---- agencies differ ------------------------------------------------------------------------- */

static pilot_figure_t root_of(pilot_figure_t square)
{
    square.given = square.given && square.value >= 0;
    square.value = square.given ? sqrt(square.value) : 0;
    return square;
}

static void append_spread(const pilot_evaluation_t *evaluation, const pilot_comparison_row_t *row,
                          bool same, pilot_text_t *text)
{
    pilot_figure_t tau = root_of(row->tau2);
    pilot_figure_t tau_low = root_of(row->tau2_low), tau_high = root_of(row->tau2_high);
    char *confidence PILOT_AUTOFREE = page_confidence(evaluation);
    char *spread PILOT_AUTOFREE = pilot_figure_text(tau, row->std_error);
    char *interval PILOT_AUTOFREE = pilot_figure_interval(tau_low, tau_high, row->std_error);
    char *p PILOT_AUTOFREE = p_words(row->q_p_value);
    char *q PILOT_AUTOFREE =
        pilot_figure_text(row->q, (pilot_figure_t){.value = 10, .given = true});
    char *df PILOT_AUTOFREE = pilot_figure_count(row->q_df);
    pilot_text_t words = PILOT_TEXT_INIT;
    if (!same)
        pilot_text_appendf(&words, "; standard deviation of true effects%s %s",
                           pilot_effect_key_is_ratio(&row->key) ? " as logarithms" : "", spread);
    if (!same && tau_low.given && tau_high.given)
        pilot_text_appendf(&words, ", %s interval %s", confidence, interval);
    if (row->i2.given)
        pilot_text_appendf(&words, "; I\u00b2 %.0f%%", row->i2.value);
    if (row->q.given && row->q_p_value.given)
        pilot_text_appendf(&words, "; Q %s on %s df, %s", q, df, p);
    if (words.length > 0)
        pilot_text_appendf(text, " (%s)", words.data + 2);
    pilot_text_append(text, ".");
    pilot_text_clear(&words);
}

static void append_prediction(const pilot_evaluation_t *evaluation,
                              const pilot_comparison_row_t *row, pilot_text_t *text)
{
    char *interval PILOT_AUTOFREE =
        pilot_effect_interval(&row->key, row->pi_low, row->pi_high, row->std_error);
    char *confidence PILOT_AUTOFREE = page_confidence(evaluation);
    pilot_verdict_t verdict =
        pilot_verdict(row->pi_low, row->pi_high, pilot_effect_key_null(&row->key),
                      pilot_effect_better(evaluation, &row->key), 0);
    pilot_text_appendf(text, " A new agency may expect %s between %s (%s prediction interval)",
                       pilot_effect_key_is_ratio(&row->key)       ? "a ratio"
                       : page_text_is(row->key.estimator, "rank") ? "a chance"
                                                                  : "an effect",
                       interval, confidence);
    if (verdict == PILOT_VERDICT_UNCLEAR)
        pilot_text_append(text, pilot_effect_better(evaluation, &row->key)
                                    ? ": harm as well as benefit"
                                    : ": up as well as down");
    else
        pilot_text_appendf(text, ": %s in nearly all", pilot_verdict_name(verdict));
    pilot_text_append(text, ".");
}

/* "between 1 to 2" reads badly. */
static void between_and(pilot_text_t *text)
{
    char *at = strstr(text->data, " between ");
    char *to = at ? strstr(at, " to ") : NULL;
    if (!to)
        return;
    pilot_text_t fixed = PILOT_TEXT_INIT;
    pilot_text_append_bytes(&fixed, text->data, (size_t)(to - text->data));
    pilot_text_appendf(&fixed, " and %s", to + 4);
    pilot_text_clear(text);
    *text = fixed;
}

char *pilot_say_heterogeneity(const pilot_evaluation_t *evaluation,
                              const pilot_comparison_row_t *row)
{
    if (!row->k.given)
        return NULL;
    if (row->k.value < 1)
        return pilot_strdup(
            "No agency has an effect with a standard error: nothing can be compared.");
    if (row->k.value < 2)
        return pilot_strdup("Only one agency has an effect with a standard error: how effects "
                            "differ between agencies is not known.");
    if (!row->tau2.given)
        return NULL;
    pilot_text_t text = PILOT_TEXT_INIT;
    bool differ = row->q_p_value.given ? row->q_p_value.value < 0.05
                                       : row->q_p_value.mark == 'k' ||
                                             (row->tau2_low.given && row->tau2_low.value > 0);
    bool told = row->q_p_value.given || row->tau2_low.given;
    bool same = page_text_is(row->method, "fixed"); /* tau is 0 by assumption, not by the data */
    const char *finding = "Whether agencies differ beyond chance could not be told";
    if (differ)
        finding = "Agencies differ";
    else if (row->tau2.value <= 0 && !same)
        finding = "No difference between agencies beyond chance was found";
    else if (!told)
        finding = same ? "Whether agencies differ is not told" : "Agencies' effects are spread";
    pilot_text_append(&text, finding);
    append_spread(evaluation, row, same, &text);
    if (same) {
        pilot_text_append(&text, " The average was planned as if every agency had the same true "
                                 "effect; it does not tell what a new agency may expect.");
    } else if (row->pi_low.given && row->pi_high.given) {
        pilot_text_t prediction = PILOT_TEXT_INIT;
        append_prediction(evaluation, row, &prediction);
        between_and(&prediction);
        pilot_text_append(&text, prediction.data);
        pilot_text_clear(&prediction);
    } else if (row->k.value < 3) {
        pilot_text_append(&text, " Two agencies do not tell what a third may expect.");
    }
    return pilot_text_take(&text);
}

/* ---- shares of agencies ---------------------------------------------------------------------- */

static const pilot_distribution_row_t *find_part(const pilot_evaluation_t *evaluation,
                                                 const pilot_effect_key_t *key, const char *part)
{
    for (size_t i = 0; i < evaluation->distribution_count; i++) {
        const pilot_distribution_row_t *row = &evaluation->distribution[i];
        if (page_text_is(row->part, part) && pilot_effect_key_same(&row->key, key))
            return row;
    }
    return NULL;
}

static void append_share(const pilot_evaluation_t *evaluation, const pilot_distribution_row_t *row,
                         const char *words, pilot_text_t *text)
{
    char *share PILOT_AUTOFREE = pilot_figure_share(row->share);
    char *low PILOT_AUTOFREE = pilot_figure_share(row->ci_low);
    char *high PILOT_AUTOFREE = pilot_figure_share(row->ci_high);
    char *confidence PILOT_AUTOFREE = page_confidence(evaluation);
    pilot_text_appendf(text, "%s %s", share, words);
    if (row->ci_low.given && row->ci_high.given)
        pilot_text_appendf(text, " (%s interval %s to %s)", confidence, low, high);
}

char *pilot_say_shares(const pilot_evaluation_t *evaluation, const pilot_effect_key_t *key)
{
    const pilot_distribution_row_t *harm = find_part(evaluation, key, "harm");
    const pilot_distribution_row_t *benefit = find_part(evaluation, key, "benefit");
    if (!harm || !benefit || !harm->share.given || !benefit->share.given)
        return NULL;
    pilot_text_t text = PILOT_TEXT_INIT;
    pilot_text_append(&text, "Of agencies, an estimated ");
    append_share(evaluation, benefit, "benefit", &text);
    pilot_text_append(&text, " and ");
    append_share(evaluation, harm, "are harmed", &text);
    if (harm->threshold.given && harm->threshold.value != 0) {
        char digits[PILOT_DOUBLE_SIZE];
        pilot_double_format(fabs(harm->threshold.value), digits);
        pilot_text_appendf(&text, ", by at least %s", digits);
    }
    pilot_text_append(&text, ".");
    return pilot_text_take(&text);
}

char *pilot_say_gap(const pilot_evaluation_t *evaluation, const pilot_comparison_row_t *row)
{
    if (!page_text_is(row->key.estimand, "gap") || !row->ci_low.given || !row->ci_high.given)
        return NULL;
    pilot_verdict_t verdict = pilot_verdict(row->ci_low, row->ci_high, 0, 0, 0);
    char *value PILOT_AUTOFREE = pilot_effect_text(&row->key, row->estimate, row->std_error);
    char *interval PILOT_AUTOFREE =
        pilot_effect_interval(&row->key, row->ci_low, row->ci_high, row->std_error);
    char *p PILOT_AUTOFREE = p_words(row->p_value);
    char *confidence PILOT_AUTOFREE = page_confidence(evaluation);
    return pilot_format(
        "%s, %s against %s: the effect among %s = %s is %s that of the first level (difference %s, "
        "%s interval %s; %s).",
        row->key.outcome, row->key.arm, row->key.control,
        row->key.subgroup ? row->key.subgroup : "", row->key.level ? row->key.level : "",
        verdict == PILOT_VERDICT_HIGHER  ? "above"
        : verdict == PILOT_VERDICT_LOWER ? "below"
                                         : "not told from",
        value, confidence, interval, p);
}

/* ---- targets, alarms, agencies --------------------------------------------------------------- */

char *pilot_say_target(const pilot_quality_row_t *row)
{
    if (!page_text_is(row->check, "decoupling"))
        return NULL;
    pilot_text_t text = PILOT_TEXT_INIT;
    pilot_text_appendf(&text, "Target %s, %s: ", row->variable ? row->variable : "",
                       row->arm ? row->arm : "");
    if (!row->value.given) {
        pilot_text_append(&text, row->value.mark == 'c'
                                     ? "not shown, so that nobody can be recognized."
                                     : "whether it moved alone is not told.");
        return pilot_text_take(&text);
    }
    const pilot_figure_t tenth = {.value = 0.1, .given = true};
    char *value PILOT_AUTOFREE = pilot_figure_text(row->value, tenth);
    char *p PILOT_AUTOFREE = p_words(row->p_value);
    pilot_text_appendf(&text, "%s (difference %s standard deviations, %s).",
                       row->alarm ? "it moved without the mission that it stands for"
                                  : "no sign that it moved without the mission that it stands for",
                       value, p);
    if (row->detail)
        pilot_text_appendf(&text, " %s.", row->detail);
    return pilot_text_take(&text);
}

char *pilot_say_alarms(const pilot_evaluation_t *evaluation)
{
    size_t together = 0, single = 0, agencies = 0;
    const char *last = NULL;
    for (size_t i = 0; i < evaluation->quality_count; i++) {
        const pilot_quality_row_t *row = &evaluation->quality[i];
        if (!row->alarm)
            continue;
        if (!row->agency) {
            together++;
            continue;
        }
        single++;
        agencies += !last || strcmp(last, row->agency) != 0;
        last = row->agency;
    }
    if (together + single == 0)
        return NULL;
    const char *untold =
        evaluation->released ? " Checks whose numbers are suppressed are not told." : "";
    if (single == 0)
        return pilot_format("%zu quality check%s of all data together ring%s, none of a single "
                            "agency.%s",
                            together, together == 1 ? "" : "s", together == 1 ? "s" : "", untold);
    return pilot_format("%zu quality check%s ring%s: %zu of all data together, %zu in %zu "
                        "agenc%s. With many agencies some ring by chance.%s",
                        together + single, together + single == 1 ? "" : "s",
                        together + single == 1 ? "s" : "", together, single, agencies,
                        agencies == 1 ? "y" : "ies", untold);
}

char *pilot_say_missing(const pilot_evaluation_t *evaluation)
{
    if (evaluation->missing_count == 0)
        return NULL;
    pilot_text_t text = PILOT_TEXT_INIT;
    pilot_text_appendf(&text,
                       "No data of %zu agenc%s that the plan lists: ", evaluation->missing_count,
                       evaluation->missing_count == 1 ? "y" : "ies");
    page_append_names(&text, evaluation->missing, evaluation->missing_count, 8);
    pilot_text_append(&text, ". What is said here does not hold for them.");
    return pilot_text_take(&text);
}

char *pilot_say_not_confirmatory(const pilot_evaluation_t *evaluation)
{
    if (evaluation->confirmatory)
        return NULL;
    return pilot_format("This analysis is not confirmatory: %s.",
                        evaluation->not_confirmatory ? evaluation->not_confirmatory
                                                     : "it was not planned before the data, or is "
                                                       "a second look");
}
