/* pilot/summary.h - what numbers say, in plain words, by fixed rules.  Pure.
 *
 * No rule says "significant"; each sentence holds the numbers that it rests on.  Rules, by the
 * interval [low, high] of an effect, turned so that larger is better:
 *
 *   verdict      holds when
 *   benefit      low > 0
 *   harm         high < 0
 *   too small    the interval lies within +- the smallest effect that matters (declared)
 *   unclear      otherwise: the interval holds both harm and benefit
 *   not told     there is no interval
 *
 * "Too small" comes before benefit and harm: an effect can be told from 0 and still not matter. */
#ifndef PILOT_SUMMARY_H
#define PILOT_SUMMARY_H

#include "pilot/evaluation.h"

typedef enum pilot_verdict {
    PILOT_VERDICT_BENEFIT,
    PILOT_VERDICT_HARM,
    PILOT_VERDICT_TOO_SMALL,
    PILOT_VERDICT_UNCLEAR,
    PILOT_VERDICT_NOT_TOLD
} pilot_verdict_t;

/* "better", "worse", "too small to matter", "could not tell", "not told" */
const char *pilot_verdict_name(pilot_verdict_t verdict);

/* null: the value of no effect.  lower_is_better: as the outcome is declared.  smallest: of the
 * interval's scale; 0: not declared. */
pilot_verdict_t pilot_verdict(pilot_figure_t low, pilot_figure_t high, double null,
                              bool lower_is_better, double smallest);

/* The sentences of an evaluation, in order of reading. */
typedef enum pilot_sentence_kind {
    PILOT_SENTENCE_WARNING,  /* what to know before any number */
    PILOT_SENTENCE_HEADLINE, /* a primary outcome */
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
char *pilot_say_heterogeneity(const pilot_comparison_row_t *row);
char *pilot_say_shares(const pilot_evaluation_t *evaluation, const pilot_effect_key_t *key);
char *pilot_say_target(const pilot_quality_row_t *decoupling);
char *pilot_say_alarms(const pilot_evaluation_t *evaluation);
char *pilot_say_missing(const pilot_evaluation_t *evaluation);
char *pilot_say_not_confirmatory(const pilot_evaluation_t *evaluation);
char *pilot_say_gap(const pilot_comparison_row_t *row);

/* Numbers for reading; caller frees.  digits_of: a standard error, or half the width of an
 * interval: two digits of it are shown. */
char *pilot_figure_text(pilot_figure_t figure, pilot_figure_t digits_of);
char *pilot_figure_interval(pilot_figure_t low, pilot_figure_t high, pilot_figure_t digits_of);
char *pilot_figure_p(pilot_figure_t p);         /* "0.013", "<0.001" */
char *pilot_figure_share(pilot_figure_t share); /* of 0 .. 1: "25%" */
char *pilot_figure_count(pilot_figure_t count);

#endif
