/* pilot/summary.h - what numbers say, in plain words, by fixed rules.  Pure.
 *
 * No rule says "significant"; each sentence holds the numbers that it rests on.  Rules, by the
 * interval [low, high] of an effect, turned so that larger is better:
 *
 *   verdict        holds when
 *   too small      the interval lies within +- the smallest effect that matters (declared)
 *   better         low > 0
 *   worse          high < 0
 *   higher, lower  the same, where it is not declared which way is better
 *   could not tell otherwise: the interval holds both harm and benefit
 *   not told       there is no interval
 *
 * "Too small" comes first: an effect can be told from 0 and still not matter. */
#ifndef PILOT_SUMMARY_H
#define PILOT_SUMMARY_H

#include "pilot/evaluation.h"

typedef enum pilot_verdict {
    PILOT_VERDICT_BENEFIT,
    PILOT_VERDICT_HARM,
    PILOT_VERDICT_HIGHER,
    PILOT_VERDICT_LOWER,
    PILOT_VERDICT_TOO_SMALL,
    PILOT_VERDICT_UNCLEAR,
    PILOT_VERDICT_NOT_TOLD
} pilot_verdict_t;

/* "better", "worse", "higher", "lower", "too small to matter", "could not tell", "not told" */
const char *pilot_verdict_name(pilot_verdict_t verdict);

/* null: the value of no effect.  better: 1 higher, -1 lower, 0 not declared.  smallest: on the
 * interval's scale; 0: not declared. */
pilot_verdict_t pilot_verdict(pilot_figure_t low, pilot_figure_t high, double null, int better,
                              double smallest);
/* Which way is better for an estimate of this key: 1 up, -1 down, 0 neither or not known.  A hazard
 * ratio above 1 is shorter time; spread and shares of categories have no direction. */
int pilot_effect_better(const pilot_evaluation_t *evaluation, const pilot_effect_key_t *key);
/* The declared smallest effect that matters, where the estimate is in the outcome's unit; else 0.
 */
double pilot_effect_smallest(const pilot_evaluation_t *evaluation, const pilot_effect_key_t *key);

/* The sentences of an evaluation, in order of reading. */
typedef enum pilot_sentence_kind {
    PILOT_SENTENCE_WARNING,  /* what to know before any number */
    PILOT_SENTENCE_HEADLINE, /* a primary outcome */
    PILOT_SENTENCE_DETAIL,   /* of the headline before it */
    PILOT_SENTENCE_FINDING,
    PILOT_SENTENCE_REMARK
} pilot_sentence_kind_t;

typedef struct pilot_sentence {
    pilot_sentence_kind_t kind;
    pilot_verdict_t verdict; /* of a headline or finding that is of an effect; else NOT_TOLD */
    char *text;
} pilot_sentence_t;

typedef struct pilot_summary {
    pilot_sentence_t *sentence;
    size_t count, capacity;
} pilot_summary_t;

/* Clear with pilot_summary_clear. */
void pilot_summarize(const pilot_evaluation_t *evaluation, pilot_summary_t *ret_summary);
void pilot_summary_clear(pilot_summary_t *summary);

/* Single rules; each returns a text that the caller frees, or NULL: nothing to say. */
char *pilot_say_effect(const pilot_evaluation_t *evaluation, const pilot_comparison_row_t *row,
                       pilot_verdict_t *ret_verdict);
char *pilot_say_pooled_effect(const pilot_evaluation_t *evaluation, const pilot_effect_row_t *row,
                              pilot_verdict_t *ret_verdict);
char *pilot_say_heterogeneity(const pilot_evaluation_t *evaluation,
                              const pilot_comparison_row_t *row);
char *pilot_say_shares(const pilot_evaluation_t *evaluation, const pilot_effect_key_t *key);
char *pilot_say_target(const pilot_quality_row_t *decoupling);
char *pilot_say_alarms(const pilot_evaluation_t *evaluation);
char *pilot_say_missing(const pilot_evaluation_t *evaluation);
char *pilot_say_not_confirmatory(const pilot_evaluation_t *evaluation);
char *pilot_say_gap(const pilot_evaluation_t *evaluation, const pilot_comparison_row_t *row);
/* Of a pooled difference of quantiles, the first of its curve: at how many quantiles people gain,
 * and what the tails say. */
char *pilot_say_quantiles(const pilot_evaluation_t *evaluation, const pilot_effect_row_t *row);
/* By which effect the evaluation answers for a contrast of a primary outcome: the plan's first
 * estimator that gives an interval. */
bool pilot_summary_is_headline(const pilot_evaluation_t *evaluation, const pilot_effect_key_t *key);

/* Numbers for reading; caller frees, never NULL: a number that is not there reads "suppressed",
 * "low" or "-".  scale: a standard error, two digits of which are shown; without one an interval's
 * quarter, else four digits of the number. */
char *pilot_figure_text(pilot_figure_t figure, pilot_figure_t scale);
char *pilot_figure_interval(pilot_figure_t low, pilot_figure_t high, pilot_figure_t scale);
char *pilot_figure_p(pilot_figure_t p);         /* "0.013", "<0.001" */
char *pilot_figure_share(pilot_figure_t share); /* of 0 .. 1: "25%" */
char *pilot_figure_count(pilot_figure_t count);
/* An effect and its interval as they are shown: ratios instead of their logarithms. */
char *pilot_effect_text(const pilot_effect_key_t *key, pilot_figure_t value,
                        pilot_figure_t std_error);
char *pilot_effect_interval(const pilot_effect_key_t *key, pilot_figure_t low, pilot_figure_t high,
                            pilot_figure_t std_error);

#endif
