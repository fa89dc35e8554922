/* words.c - names of the tables of results, in words. */
#include <stdlib.h>
#include <string.h>

#include "pilot/digits.h"
#include "pilot/memory.h"
#include "pilot/page.h"
#include "say.h"

typedef struct word {
    const char *name, *words;
} word_t;

static const char *find(const word_t *list, const char *name)
{
    for (; name && list->name; list++)
        if (strcmp(list->name, name) == 0)
            return list->words;
    return name ? name : "";
}

bool page_text_is(const char *text, const char *other)
{
    return text && strcmp(text, other) == 0;
}

const char *page_reason_words(const char *reason)
{
    static const word_t list[] = {
        {"no_units", "there are no units"},
        {"no_control_units", "there are no control units with the outcome"},
        {"no_treated_units", "there are no treated units with the outcome"},
        {"all_missing", "the outcome is missing for everybody"},
        {"constant_outcome", "the outcome does not vary"},
        {"zero_variance", "the estimates do not vary"},
        {"singleton_arm_block", "an arm has a single unit in its blocks"},
        {"one_cluster_per_arm", "an arm has a single cluster"},
        {"no_residual_df", "there are too few units"},
        {"leverage_one", "one unit decides the number alone"},
        {"variance_unidentified", "the data cannot tell how precise it is"},
        {"collinear", "it cannot be told from what else the regression holds"},
        {"weak_first_stage", "assignment hardly moved what was received"},
        {"not_converged", "the iteration found no answer"},
        {"below_minimum_count", "it rests on too few units to be shown"},
        {"outcome_type", "the estimator is not made for this type of outcome"},
        {"too_few_agencies", "there are too few agencies"},
        {"job_failed", "a job that computes it failed"},
        {"data_withdrawn", "an agency withdrew its data"},
        {"not_in_this_version", "this version does not compute it"},
        {0}};
    return find(list, reason);
}

const char *page_estimator_words(const char *estimator)
{
    static const word_t list[] = {{"auto", "chosen by rule (auto)"},
                                  {"difference_in_means", "difference in means"},
                                  {"ols", "regression (ols)"},
                                  {"lin", "regression with interactions (lin)"},
                                  {"iv", "instrumental variables (iv)"},
                                  {"horvitz_thompson", "Horvitz-Thompson weighting"},
                                  {"hajek", "Hajek weighting"},
                                  {"risk_ratio", "risk ratio"},
                                  {"odds_ratio", "odds ratio"},
                                  {"rate_ratio", "rate ratio"},
                                  {"quantile", "difference of quantiles"},
                                  {"rank", "chance to be ranked higher (rank)"},
                                  {"variance_ratio", "ratio of variances"},
                                  {"rmst", "difference of mean time without the event (rmst)"},
                                  {"log_rank", "hazard ratio (log-rank)"},
                                  {"lee_bounds", "bounds under attrition (Lee)"},
                                  {0}};
    return find(list, estimator);
}

const char *page_check_words(const char *check)
{
    static const word_t list[] = {
        {"sample_ratio", "units by arm differ from the declared probabilities"},
        {"treated_share", "a block lacks one of the arms"},
        {"design_check", "arms within blocks differ from their probabilities"},
        {"attrition", "the share without the outcome differs from that of control"},
        {"balance_omnibus", "arms differed before the pilot"},
        {"attrition_covariates", "who misses the outcome differs between arms"},
        {"minimum_detectable_effect", "the smallest effect that matters could have been missed"},
        {"decoupling", "a target moved and its mission did not"},
        {"assignment", "arms differ from the registered assignment"},
        {0}};
    return find(list, check);
}

char *page_confidence(const pilot_evaluation_t *evaluation)
{
    double share = evaluation->plan ? evaluation->plan->confidence : 0.95;
    char digits[PILOT_DOUBLE_SIZE];
    pilot_double_format((double)(long)(share * 1e6 + 0.5) / 1e4, digits);
    return pilot_format("%s%%", digits);
}

void page_append_names(pilot_text_t *text, const char *const *name, size_t count, size_t most)
{
    size_t shown = count > most ? most : count;
    for (size_t i = 0; i < shown; i++) {
        bool last = i + 1 == count;
        pilot_text_append(text, i == 0 ? "" : last ? " and " : ", ");
        pilot_text_append(text, name[i]);
    }
    if (count > shown)
        pilot_text_appendf(text, " and %zu more", count - shown);
}

char *pilot_page_contrast_name(const pilot_effect_key_t *key)
{
    pilot_text_t text = PILOT_TEXT_INIT;
    pilot_text_appendf(&text, "%s: %s against %s", key->outcome, key->arm, key->control);
    if (page_text_is(key->estimand, "gap"))
        pilot_text_appendf(&text, ", gap between %s = %s and the first level",
                           key->subgroup ? key->subgroup : "", key->level ? key->level : "");
    else if (key->subgroup)
        pilot_text_appendf(&text, ", among %s = %s", key->subgroup, key->level ? key->level : "");
    if (key->parameter)
        pilot_text_appendf(&text, ", %s%s",
                           page_text_is(key->estimator, "quantile") ? "quantile " : "",
                           key->parameter);
    if (page_text_is(key->estimand, "cace"))
        pilot_text_append(&text, ", for who takes the treatment when offered it");
    return pilot_text_take(&text);
}
