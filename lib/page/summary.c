/* summary.c - which sentences an evaluation gets, and in which order: see pilot/summary.h. */
#include "pilot/summary.h"

#include <stdlib.h>
#include <string.h>

#include "pilot/memory.h"
#include "say.h"

static void add(pilot_summary_t *summary, pilot_sentence_kind_t kind, pilot_verdict_t verdict,
                char *text)
{
    if (!text)
        return;
    summary->sentence = pilot_grow(summary->sentence, &summary->capacity, summary->count + 1,
                                   sizeof *summary->sentence);
    summary->sentence[summary->count++] =
        (pilot_sentence_t){.kind = kind, .verdict = verdict, .text = text};
}

static void remark(pilot_summary_t *summary, pilot_sentence_kind_t kind, char *text)
{
    add(summary, kind, PILOT_VERDICT_NOT_TOLD, text);
}

void pilot_summary_clear(pilot_summary_t *summary)
{
    for (size_t i = 0; i < summary->count; i++)
        free(summary->sentence[i].text);
    free(summary->sentence);
    *summary = (pilot_summary_t){0};
}

static bool is_whole(const pilot_effect_key_t *key)
{
    return !key->subgroup && !page_text_is(key->estimand, "gap");
}

static bool same_question(const pilot_effect_key_t *a, const pilot_effect_key_t *b)
{
    return strcmp(a->outcome, b->outcome) == 0 && strcmp(a->arm, b->arm) == 0;
}

/* An effect of iv is another question than that of the assignment. */
static bool may_answer(const pilot_effect_key_t *key)
{
    return is_whole(key) && page_text_is(key->estimand, "itt");
}

static bool defined(const pilot_effect_row_t *row)
{
    return !page_text_is(row->reason, "outcome_type") &&
           !page_text_is(row->reason, "not_in_this_version");
}

/* The pooled effect that answers for a contrast: the plan's first estimator that has an interval,
 * or else its first. */
static const pilot_effect_row_t *answer(const pilot_evaluation_t *evaluation,
                                        const pilot_effect_key_t *key)
{
    const pilot_effect_row_t *first = NULL;
    for (size_t i = 0; i < evaluation->effect_count; i++) {
        const pilot_effect_row_t *row = &evaluation->effects[i];
        if (row->agency || !may_answer(&row->key) || !same_question(&row->key, key) ||
            !defined(row))
            continue;
        if (row->ci_low.given && row->ci_high.given)
            return row;
        if (!first)
            first = row;
    }
    return first;
}

/* Categories of an ordinal outcome answer together. */
static bool answers(const pilot_evaluation_t *evaluation, const pilot_effect_row_t *row)
{
    if (row->agency || !may_answer(&row->key))
        return false;
    const pilot_effect_row_t *chosen = answer(evaluation, &row->key);
    return chosen && (chosen == row || (row->key.parameter && chosen->key.parameter &&
                                        page_text_is(row->key.estimator, chosen->key.estimator)));
}

bool pilot_summary_is_headline(const pilot_evaluation_t *evaluation, const pilot_effect_key_t *key)
{
    if (!may_answer(key))
        return false;
    const pilot_effect_row_t *pooled = pilot_evaluation_pooled(evaluation, key);
    return pooled && answers(evaluation, pooled);
}

/* Of several agencies their average answers, where it has an interval; else all units together. */
static void add_effect(const pilot_evaluation_t *evaluation, const pilot_effect_row_t *pooled,
                       bool primary, pilot_summary_t *summary)
{
    const pilot_comparison_row_t *compared = pilot_evaluation_headline(evaluation, &pooled->key);
    bool average = compared && compared->ci_low.given && compared->ci_high.given;
    pilot_sentence_kind_t kind = primary ? PILOT_SENTENCE_HEADLINE : PILOT_SENTENCE_FINDING;
    pilot_verdict_t verdict = PILOT_VERDICT_NOT_TOLD, other = PILOT_VERDICT_NOT_TOLD;
    char *units PILOT_AUTOFREE = pilot_say_pooled_effect(evaluation, pooled, &other);
    if (average) {
        char *said = pilot_say_effect(evaluation, compared, &verdict);
        add(summary, kind, verdict, said);
    } else {
        add(summary, kind, other, pilot_strdup(units));
    }
    if (!primary || !compared)
        return;
    if (average && other != verdict && other != PILOT_VERDICT_NOT_TOLD)
        remark(summary, PILOT_SENTENCE_DETAIL,
               pilot_format("With all units together, instead of agencies alike, the answer is "
                            "another one. %s",
                            units));
    remark(summary, PILOT_SENTENCE_DETAIL, pilot_say_heterogeneity(evaluation, compared));
    remark(summary, PILOT_SENTENCE_DETAIL, pilot_say_shares(evaluation, &compared->key));
}

static bool is_primary(const pilot_evaluation_t *evaluation, const char *outcome)
{
    const pilot_plan_outcome_t *found = pilot_evaluation_outcome(evaluation, outcome);
    return !found || found->role == PILOT_ROLE_PRIMARY;
}

static void add_effects(const pilot_evaluation_t *evaluation, bool primary,
                        pilot_summary_t *summary)
{
    for (size_t i = 0; i < evaluation->effect_count; i++) {
        const pilot_effect_row_t *row = &evaluation->effects[i];
        if (is_primary(evaluation, row->key.outcome) == primary && answers(evaluation, row))
            add_effect(evaluation, row, primary, summary);
    }
}

static void add_gaps(const pilot_evaluation_t *evaluation, pilot_summary_t *summary)
{
    for (size_t i = 0; i < evaluation->comparison_count; i++) {
        const pilot_comparison_row_t *row = &evaluation->comparisons[i];
        if (!row->headline || !page_text_is(row->key.estimand, "gap") ||
            !is_primary(evaluation, row->key.outcome))
            continue;
        pilot_effect_key_t whole = row->key;
        whole.subgroup = whole.level = NULL;
        whole.estimand = "itt";
        if (pilot_summary_is_headline(evaluation, &whole))
            remark(summary, PILOT_SENTENCE_FINDING, pilot_say_gap(evaluation, row));
    }
}

static void add_quantiles(const pilot_evaluation_t *evaluation, pilot_summary_t *summary)
{
    for (size_t i = 0; i < evaluation->effect_count; i++)
        if (is_primary(evaluation, evaluation->effects[i].key.outcome))
            remark(summary, PILOT_SENTENCE_FINDING,
                   pilot_say_quantiles(evaluation, &evaluation->effects[i]));
}

static void add_targets(const pilot_evaluation_t *evaluation, pilot_summary_t *summary)
{
    for (size_t i = 0; i < evaluation->quality_count; i++)
        if (!evaluation->quality[i].agency)
            remark(summary,
                   evaluation->quality[i].alarm ? PILOT_SENTENCE_WARNING : PILOT_SENTENCE_FINDING,
                   pilot_say_target(&evaluation->quality[i]));
}

static void add_state(const pilot_evaluation_t *evaluation, pilot_summary_t *summary)
{
    if (page_text_is(evaluation->state, "failed"))
        remark(summary, PILOT_SENTENCE_WARNING,
               pilot_format("The analysis ended with %lld of %lld jobs failed: this is what is "
                            "known without them.",
                            (long long)evaluation->jobs_failed, (long long)evaluation->jobs));
    else if (!page_text_is(evaluation->state, "done"))
        remark(summary, PILOT_SENTENCE_WARNING,
               pilot_format("The analysis is %s, %lld of %lld jobs done: numbers will change.",
                            evaluation->state ? evaluation->state : "not done",
                            (long long)evaluation->jobs_done, (long long)evaluation->jobs));
    if (page_text_is(evaluation->data_state, "withdrawn"))
        remark(summary, PILOT_SENTENCE_WARNING,
               pilot_strdup("Some of its data was withdrawn since."));
    else if (page_text_is(evaluation->data_state, "superseded"))
        remark(summary, PILOT_SENTENCE_WARNING,
               pilot_strdup("Some of its data has a newer revision since."));
}

void pilot_summarize(const pilot_evaluation_t *evaluation, pilot_summary_t *ret_summary)
{
    *ret_summary = (pilot_summary_t){0};
    add_state(evaluation, ret_summary);
    remark(ret_summary, PILOT_SENTENCE_WARNING, pilot_say_not_confirmatory(evaluation));
    remark(ret_summary, PILOT_SENTENCE_WARNING, pilot_say_missing(evaluation));
    remark(ret_summary, PILOT_SENTENCE_WARNING, pilot_say_alarms(evaluation));
    add_effects(evaluation, true, ret_summary);
    add_quantiles(evaluation, ret_summary);
    add_gaps(evaluation, ret_summary);
    add_targets(evaluation, ret_summary);
    add_effects(evaluation, false, ret_summary);
    if (evaluation->confirmatory)
        remark(ret_summary, PILOT_SENTENCE_REMARK,
               pilot_format("This analysis is confirmatory: it follows version %lld of the plan, "
                            "which was registered before any data.",
                            (long long)evaluation->plan_version));
}
