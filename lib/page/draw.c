#include "draw.h"

#include <stdlib.h>

#include "pilot/memory.h"
#include "say.h"
#include "writer.h"

pilot_number_t page_number(pilot_figure_t figure)
{
    return (pilot_number_t){.value = figure.given ? figure.value : 0, .given = figure.given};
}

pilot_picture_count_t page_count(pilot_figure_t figure)
{
    return (pilot_picture_count_t){.value = page_number(figure), .mark = figure.mark};
}

void page_draw(pilot_page_t *page, page_draw_t *draw, const void *what, const char *id,
               const char *title, bool narrow, const char *words)
{
    pilot_text_t svg = PILOT_TEXT_INIT;
    if (page_is_html(page)) {
        char *small PILOT_AUTOFREE = pilot_format("%s-narrow", id);
        pilot_picture_options_t options = {.prefix = id,
                                           .title = title,
                                           .hide_title = true,
                                           .one_of_two = narrow,
                                           .width = PILOT_PICTURE_WIDE};
        draw(&svg, what, &options);
        options.prefix = small;
        options.width = PILOT_PICTURE_NARROW;
        if (narrow)
            draw(&svg, what, &options);
    }
    pilot_page_picture(page, svg.data ? svg.data : "", words);
    pilot_text_clear(&svg);
}

static pilot_number_t shifted(pilot_figure_t at, pilot_figure_t std_error, double times)
{
    bool given = at.given && std_error.given;
    return (pilot_number_t){.value = given ? at.value + times * std_error.value : 0,
                            .given = given};
}

static pilot_picture_effect_t agency_effect(const pilot_agency_row_t *row)
{
    return (pilot_picture_effect_t){
        .label = row->agency,
        .estimate = page_number(row->estimate),
        .std_error = page_number(row->std_error),
        .ci_low = page_number(row->ci_low),
        .ci_high = page_number(row->ci_high),
        .weight = page_number(row->weight),
        .units = page_number(row->n),
        .eb_estimate = page_number(row->eb_estimate),
        .eb_low = shifted(row->eb_estimate, row->eb_std_error, -1.959964),
        .eb_high = shifted(row->eb_estimate, row->eb_std_error, 1.959964),
        .rank = page_number(row->rank),
        .rank_low = page_number(row->rank_low),
        .rank_high = page_number(row->rank_high),
        .rank_simultaneous_low = page_number(row->rank_simultaneous_low),
        .rank_simultaneous_high = page_number(row->rank_simultaneous_high),
        .mark = row->estimate.mark,
        .note = row->estimate.given ? NULL
                : row->reason       ? page_reason_words(row->reason)
                                    : NULL};
}

static char *note_of(const pilot_comparison_row_t *row)
{
    if (!row->i2.given || !row->tau2.given)
        return NULL;
    char *tau2 PILOT_AUTOFREE = pilot_figure_text(row->tau2, (pilot_figure_t){0});
    char *q PILOT_AUTOFREE =
        pilot_figure_text(row->q, (pilot_figure_t){.value = 10, .given = true});
    char *df PILOT_AUTOFREE = pilot_figure_count(row->q_df);
    char *p PILOT_AUTOFREE = pilot_figure_p(row->q_p_value);
    return pilot_format("I\u00b2 %.0f%%, \u03c4\u00b2 %s, Q %s (df %s), p %s; %s, %s",
                        row->i2.value, tau2, q, df, p, row->method, row->test);
}

void page_effects_of(const pilot_evaluation_t *evaluation, const pilot_comparison_row_t *row,
                     page_effects_t *ret_effects)
{
    size_t count = 0;
    const pilot_agency_row_t *rows = pilot_evaluation_agencies(evaluation, &row->key, &count);
    pilot_picture_effect_t *effect = PILOT_NEW_ARRAY(pilot_picture_effect_t, count + 1);
    for (size_t i = 0; i < count; i++)
        effect[i] = agency_effect(&rows[i]);
    double smallest = pilot_effect_smallest(evaluation, &row->key);
    bool ratio = pilot_effect_key_is_ratio(&row->key);
    *ret_effects =
        (page_effects_t){.effect = effect,
                         .axis = pilot_format("%s on %s: %s against %s", ratio ? "Ratio" : "Effect",
                                              row->key.outcome, row->key.arm, row->key.control),
                         .note = note_of(row)};
    pilot_picture_effects_t *picture = &ret_effects->picture;
    *picture =
        (pilot_picture_effects_t){.effect = effect,
                                  .effects = count,
                                  .pooled = {.label = "Average",
                                             .estimate = page_number(row->estimate),
                                             .std_error = page_number(row->std_error),
                                             .ci_low = page_number(row->ci_low),
                                             .ci_high = page_number(row->ci_high),
                                             .summary = true,
                                             .mark = row->estimate.mark},
                                  .pi_low = page_number(row->pi_low),
                                  .pi_high = page_number(row->pi_high),
                                  .ratio = ratio,
                                  .null = pilot_effect_key_null(&row->key),
                                  .lower_is_better = pilot_effect_better(evaluation, &row->key) < 0,
                                  .undirected = pilot_effect_better(evaluation, &row->key) == 0,
                                  .confidence = evaluation->plan ? evaluation->plan->confidence : 0,
                                  .axis = ret_effects->axis,
                                  .note = ret_effects->note};
    if (smallest > 0) {
        picture->smallest_low = PILOT_GIVEN(-smallest);
        picture->smallest_high = PILOT_GIVEN(smallest);
    }
}

void page_effects_clear(page_effects_t *effects)
{
    free(effects->effect);
    free(effects->axis);
    free(effects->note);
}
