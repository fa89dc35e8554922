/* part_people.c - the spread of effects for people: tails, variance, groups; targets; curves. */
#include <stdlib.h>
#include <string.h>

#include "draw.h"
#include "parts.h"
#include "pilot/memory.h"
#include "say.h"
#include "writer.h"

static bool whole(const pilot_effect_row_t *row)
{
    return !row->agency && !row->key.subgroup && !page_text_is(row->key.estimand, "gap");
}

/* ---- quantiles and variance ------------------------------------------------------------------ */

static void draw_quantiles(pilot_text_t *text, const void *what,
                           const pilot_picture_options_t *options)
{
    pilot_picture_quantiles(text, what, options);
}

static bool is_quantile(const pilot_effect_row_t *row, const char *outcome, const char *arm)
{
    return whole(row) && page_text_is(row->key.estimator, "quantile") && row->key.parameter &&
           strcmp(row->key.outcome, outcome) == 0 && (!arm || strcmp(row->key.arm, arm) == 0);
}

/* Curves of one outcome, an arm each. */
static void quantile_picture(pilot_page_t *page, const pilot_evaluation_t *evaluation,
                             const char *outcome, size_t number)
{
    size_t count = evaluation->effect_count;
    pilot_picture_point_t *point = PILOT_NEW_ARRAY(pilot_picture_point_t, count);
    pilot_picture_curve_t *curve = PILOT_NEW_ARRAY(pilot_picture_curve_t, count);
    size_t points = 0, curves = 0;
    for (size_t i = 0; i < count; i++) {
        const pilot_effect_row_t *row = &evaluation->effects[i];
        if (!is_quantile(row, outcome, NULL))
            continue;
        if (curves == 0 || strcmp(curve[curves - 1].label, row->key.arm) != 0)
            curve[curves++] = (pilot_picture_curve_t){
                .label = row->key.arm, .point = &point[points], .mark = row->estimate.mark};
        pilot_double_parse(row->key.parameter, strlen(row->key.parameter), &point[points].at);
        point[points].value = page_number(row->estimate);
        point[points].low = page_number(row->ci_low);
        point[points++].high = page_number(row->ci_high);
        curve[curves - 1].points++;
    }
    char *id PILOT_AUTOFREE = pilot_format("quantiles-%zu", number);
    char *axis PILOT_AUTOFREE = pilot_format("Difference of quantiles of %s", outcome);
    char *words PILOT_AUTOFREE = pilot_format(
        "Differences of quantiles of %s: to the left those of people with low values, to the right "
        "of those with high ones. A level line: the same for all.",
        outcome);
    pilot_picture_quantiles_t picture = {.curve = curve,
                                         .curves = curves,
                                         .confidence =
                                             evaluation->plan ? evaluation->plan->confidence : 0,
                                         .axis = axis};
    page_draw(page, draw_quantiles, &picture, id, axis, true, words);
    free(point);
    free(curve);
}

static bool tells_spread(const pilot_effect_row_t *row)
{
    bool defined = !page_text_is(row->reason, "outcome_type");
    return whole(row) && defined &&
           (page_text_is(row->key.estimator, "quantile") ||
            page_text_is(row->key.estimator, "variance_ratio"));
}

static void spread_table(pilot_page_t *page, const pilot_evaluation_t *evaluation)
{
    static const pilot_page_column_t columns[] = {
        {"Effect on", false}, {"What", false}, {"Difference or ratio", true},
        {"Interval", true},   {"p", true},     {"Note", false}};
    pilot_page_table_t *table =
        pilot_page_table_new("people", "Quantiles and spread, all units together", columns,
                             sizeof columns / sizeof *columns);
    for (size_t i = 0; i < evaluation->effect_count; i++) {
        const pilot_effect_row_t *row = &evaluation->effects[i];
        if (!tells_spread(row))
            continue;
        pilot_page_table_take(table, pilot_page_contrast_name(&row->key));
        pilot_page_table_cell(table, page_estimator_words(row->key.estimator));
        pilot_page_table_take(table, pilot_effect_text(&row->key, row->estimate, row->std_error));
        pilot_page_table_take(
            table, pilot_effect_interval(&row->key, row->ci_low, row->ci_high, row->std_error));
        pilot_page_table_take(table, pilot_figure_p(row->p_value));
        pilot_page_table_take(table, page_note_of(row->status, row->reason, row->detail));
    }
    pilot_page_table_end(page, table);
}

/* ---- groups ---------------------------------------------------------------------------------- */

static void draw_gaps(pilot_text_t *text, const void *what, const pilot_picture_options_t *options)
{
    pilot_picture_gaps(text, what, options);
}

static pilot_picture_effect_t line_of(const pilot_comparison_row_t *row, const char *label)
{
    return (pilot_picture_effect_t){.label = label,
                                    .estimate = page_number(row->estimate),
                                    .std_error = page_number(row->std_error),
                                    .ci_low = page_number(row->ci_low),
                                    .ci_high = page_number(row->ci_high),
                                    .mark = row->estimate.mark,
                                    .note = row->reason ? page_reason_words(row->reason) : NULL};
}

static pilot_picture_effect_t pooled_line(const pilot_effect_row_t *row, const char *label)
{
    return (pilot_picture_effect_t){.label = label,
                                    .estimate = page_number(row->estimate),
                                    .std_error = page_number(row->std_error),
                                    .ci_low = page_number(row->ci_low),
                                    .ci_high = page_number(row->ci_high),
                                    .mark = row->estimate.mark,
                                    .note = row->reason ? page_reason_words(row->reason) : NULL};
}

/* The average over agencies where there is one, as in the summary; else all units together. */
static pilot_picture_effect_t effect_line(const pilot_evaluation_t *evaluation,
                                          const pilot_effect_row_t *row, const char *label)
{
    const pilot_comparison_row_t *compared = pilot_evaluation_headline(evaluation, &row->key);
    bool average = compared && compared->ci_low.given;
    return average ? line_of(compared, label) : pooled_line(row, label);
}

static bool of_contrast(const pilot_effect_row_t *row, const pilot_effect_row_t *main)
{
    return !row->agency && row->key.subgroup && row->key.level &&
           strcmp(row->key.outcome, main->key.outcome) == 0 &&
           strcmp(row->key.arm, main->key.arm) == 0 &&
           strcmp(row->key.estimator, main->key.estimator) == 0 &&
           (row->key.parameter == main->key.parameter ||
            (row->key.parameter && page_text_is(main->key.parameter, row->key.parameter)));
}

typedef struct gap_plot {
    pilot_picture_gaps_t picture;
    pilot_picture_subgroup_t *subgroup;
    pilot_picture_effect_t *level, *gap;
} gap_plot_t;

/* Rows come subgroup by subgroup, level by level; gaps behind them. */
static size_t collect_gaps(const pilot_evaluation_t *evaluation, const pilot_effect_row_t *main,
                           gap_plot_t *plot)
{
    size_t levels = 0;
    for (size_t i = 0; i < evaluation->effect_count; i++) {
        const pilot_effect_row_t *row = &evaluation->effects[i];
        if (!of_contrast(row, main) || page_text_is(row->key.estimand, "gap"))
            continue;
        size_t last = plot->picture.subgroups;
        if (last == 0 || strcmp(plot->subgroup[last - 1].name, row->key.subgroup) != 0)
            plot->subgroup[plot->picture.subgroups++] =
                (pilot_picture_subgroup_t){.name = row->key.subgroup,
                                           .level = &plot->level[levels],
                                           .gap = &plot->gap[levels]};
        plot->level[levels++] = effect_line(evaluation, row, row->key.level);
        plot->subgroup[plot->picture.subgroups - 1].levels++;
    }
    for (size_t i = 0; i < evaluation->effect_count; i++) {
        const pilot_effect_row_t *row = &evaluation->effects[i];
        if (!of_contrast(row, main) || !page_text_is(row->key.estimand, "gap"))
            continue;
        for (size_t s = 0; s < plot->picture.subgroups; s++)
            for (size_t k = 0; k < plot->subgroup[s].levels; k++)
                if (strcmp(plot->subgroup[s].name, row->key.subgroup) == 0 &&
                    strcmp(plot->subgroup[s].level[k].label, row->key.level) == 0)
                    plot->gap[&plot->subgroup[s].level[k] - plot->level] =
                        effect_line(evaluation, row, row->key.level);
    }
    return levels;
}

static void gap_picture(pilot_page_t *page, const pilot_evaluation_t *evaluation,
                        const pilot_effect_row_t *main, size_t number)
{
    size_t count = evaluation->effect_count;
    gap_plot_t plot = {.subgroup = PILOT_NEW_ARRAY(pilot_picture_subgroup_t, count),
                       .level = PILOT_NEW_ARRAY(pilot_picture_effect_t, count),
                       .gap = PILOT_NEW_ARRAY(pilot_picture_effect_t, count)};
    char *name PILOT_AUTOFREE = pilot_page_contrast_name(&main->key);
    if (collect_gaps(evaluation, main, &plot) > 0) {
        double smallest = pilot_effect_smallest(evaluation, &main->key);
        plot.picture.subgroup = plot.subgroup;
        plot.picture.whole = effect_line(evaluation, main, "all");
        plot.picture.ratio = pilot_effect_key_is_ratio(&main->key);
        plot.picture.lower_is_better = pilot_effect_better(evaluation, &main->key) < 0;
        plot.picture.undirected = pilot_effect_better(evaluation, &main->key) == 0;
        plot.picture.confidence = evaluation->plan ? evaluation->plan->confidence : 0;
        plot.picture.axis = name;
        if (smallest > 0) {
            plot.picture.smallest_low = PILOT_GIVEN(-smallest);
            plot.picture.smallest_high = PILOT_GIVEN(smallest);
        }
        char *id PILOT_AUTOFREE = pilot_format("gaps-%zu", number);
        char *words PILOT_AUTOFREE = pilot_format(
            "Effects within groups, %s, and how each group's differs from that of the first.",
            name);
        page_draw(page, draw_gaps, &plot.picture, id, name, true, words);
    }
    free(plot.subgroup);
    free(plot.level);
    free(plot.gap);
}

static bool has_subgroups(const pilot_evaluation_t *evaluation)
{
    for (size_t i = 0; i < evaluation->effect_count; i++)
        if (evaluation->effects[i].key.subgroup)
            return true;
    return false;
}

void page_part_people(pilot_page_t *page, const pilot_evaluation_t *evaluation)
{
    bool spread = false, groups = has_subgroups(evaluation);
    for (size_t i = 0; i < evaluation->effect_count; i++)
        spread = spread || tells_spread(&evaluation->effects[i]);
    if (!spread && !groups)
        return;
    pilot_page_section_begin(page, "people", "For whom");
    const char *last = NULL;
    for (size_t i = 0; spread && i < evaluation->effect_count; i++) {
        const pilot_effect_row_t *row = &evaluation->effects[i];
        if (tells_spread(row) && is_quantile(row, row->key.outcome, NULL) &&
            !page_text_is(last, row->key.outcome))
            quantile_picture(page, evaluation, last = row->key.outcome, i);
    }
    if (spread)
        spread_table(page, evaluation);
    for (size_t i = 0; groups && i < evaluation->effect_count; i++)
        if (pilot_summary_is_headline(evaluation, &evaluation->effects[i].key))
            gap_picture(page, evaluation, &evaluation->effects[i], i);
    if (groups)
        pilot_page_note(page,
                        "Groups' numbers stand in the tables above: averages over agencies, and "
                        "all units together.");
    pilot_page_section_end(page);
}
