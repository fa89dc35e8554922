/* dashboard_picture.c - agencies' effects as a picture, wide and narrow, whose names lead to their
 * pages. */
#include <stdlib.h>

#include "dashboard.h"
#include "pilot/memory.h"
#include "pilot/page.h"
#include "pilot/picture.h"
#include "pilot/summary.h"

static pilot_number_t number(pilot_figure_t figure)
{
    return (pilot_number_t){.value = figure.given ? figure.value : 0, .given = figure.given};
}

static const char *note_of(const pilot_agency_row_t *row)
{
    if (row->estimate.given)
        return NULL;
    if (row->estimate.mark == 'c')
        return "suppressed";
    return row->status ? row->status : "not estimable";
}

static pilot_picture_effect_t effect_of(const pilot_agency_row_t *row, char *href)
{
    return (pilot_picture_effect_t){.label = row->agency,
                                    .href = href,
                                    .estimate = number(row->estimate),
                                    .std_error = number(row->std_error),
                                    .ci_low = number(row->ci_low),
                                    .ci_high = number(row->ci_high),
                                    .weight = number(row->weight),
                                    .units = number(row->n),
                                    .eb_estimate = number(row->eb_estimate),
                                    .rank = number(row->rank),
                                    .rank_low = number(row->rank_low),
                                    .rank_high = number(row->rank_high),
                                    .rank_simultaneous_low = number(row->rank_simultaneous_low),
                                    .rank_simultaneous_high = number(row->rank_simultaneous_high),
                                    .mark = row->estimate.mark,
                                    .note = note_of(row)};
}

static char *address_of(const pilot_evaluation_t *evaluation, const char *agency)
{
    pilot_text_t address = PILOT_TEXT_INIT;
    pilot_text_append(&address, "/pilot/");
    dashboard_escape_address(&address, evaluation->pilot);
    pilot_text_append(&address, "/agency/");
    dashboard_escape_address(&address, agency);
    pilot_text_appendf(&address, "?analysis=%lld", (long long)evaluation->analysis);
    return pilot_text_take(&address);
}

static void draw(pilot_text_t *out, const pilot_picture_effects_t *effects, bool ranks, bool narrow)
{
    char *prefix PILOT_AUTOFREE =
        pilot_format("%s-%s", ranks ? "ranks" : "forest", narrow ? "narrow" : "wide");
    const pilot_picture_options_t options = {.prefix = prefix,
                                             .width =
                                                 narrow ? PILOT_PICTURE_NARROW : PILOT_PICTURE_WIDE,
                                             .one_of_two = true};
    if (ranks)
        pilot_picture_ranks(out, effects, &options);
    else
        pilot_picture_forest(out, effects, &options);
}

static void draw_both(pilot_text_t *out, const pilot_picture_effects_t *effects, bool ranks)
{
    pilot_text_append(out, "<div class=\"picture\">\n");
    draw(out, effects, ranks, false);
    draw(out, effects, ranks, true);
    pilot_text_append(out, "</div>\n");
}

void dashboard_draw_agencies(dashboard_page_t *page, const pilot_evaluation_t *evaluation,
                             const pilot_comparison_row_t *comparison)
{
    size_t count = 0;
    const pilot_agency_row_t *rows =
        pilot_evaluation_agencies(evaluation, &comparison->key, &count);
    if (count == 0)
        return;
    pilot_picture_effect_t *effect = PILOT_NEW_ARRAY(pilot_picture_effect_t, count);
    bool ranked = false;
    for (size_t i = 0; i < count; i++) {
        effect[i] = effect_of(&rows[i], address_of(evaluation, rows[i].agency));
        ranked = ranked || rows[i].rank.given;
    }
    int better = pilot_effect_better(evaluation, &comparison->key);
    char *axis PILOT_AUTOFREE = pilot_format("Effect on %s", comparison->key.outcome);
    const pilot_picture_effects_t effects = {
        .effect = effect,
        .effects = count,
        .pooled = {.label = "All agencies",
                   .estimate = number(comparison->estimate),
                   .ci_low = number(comparison->ci_low),
                   .ci_high = number(comparison->ci_high),
                   .mark = comparison->estimate.mark,
                   .summary = true},
        .pi_low = number(comparison->pi_low),
        .pi_high = number(comparison->pi_high),
        .ratio = pilot_effect_key_is_ratio(&comparison->key),
        .null = pilot_effect_key_null(&comparison->key),
        .lower_is_better = better < 0,
        .undirected = better == 0,
        .confidence = evaluation->plan ? evaluation->plan->confidence : 0,
        .axis = axis,
    };
    draw_both(&page->out, &effects, false);
    if (ranked) {
        pilot_text_append(&page->out, "<details><summary>Ranks of agencies</summary>\n");
        draw_both(&page->out, &effects, true);
        pilot_text_append(&page->out, "</details>\n");
    }
    for (size_t i = 0; i < count; i++)
        free((char *)effect[i].href);
    free(effect);
}
