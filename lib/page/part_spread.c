/* part_spread.c - how agencies differ, and what goes with it. */
#include <stdlib.h>
#include <string.h>

#include "draw.h"
#include "parts.h"
#include "pilot/memory.h"
#include "say.h"
#include "writer.h"

static void draw_funnel(pilot_text_t *text, const void *what,
                        const pilot_picture_options_t *options)
{
    pilot_picture_funnel(text, what, options);
}

static void draw_ranks(pilot_text_t *text, const void *what, const pilot_picture_options_t *options)
{
    pilot_picture_ranks(text, what, options);
}

typedef struct spread {
    const pilot_picture_effects_t *effects;
    const pilot_picture_share_t *share; /* NULL: none */
} spread_t;

static void draw_spread(pilot_text_t *text, const void *what,
                        const pilot_picture_options_t *options)
{
    const spread_t *spread = what;
    pilot_picture_heterogeneity(text, spread->effects, spread->share, options);
}

/* ---- one contrast ---------------------------------------------------------------------------- */

static bool find_shares(const pilot_evaluation_t *evaluation, const pilot_effect_key_t *key,
                        pilot_picture_share_t share[3])
{
    static const char *const part[] = {"harm", "none", "benefit"};
    bool any = false;
    for (size_t i = 0; i < evaluation->distribution_count; i++) {
        const pilot_distribution_row_t *row = &evaluation->distribution[i];
        if (!pilot_effect_key_same(&row->key, key))
            continue;
        for (size_t k = 0; k < 3; k++)
            if (page_text_is(row->part, part[k])) {
                share[k] = (pilot_picture_share_t){.share = page_number(row->share),
                                                   .ci_low = page_number(row->ci_low),
                                                   .ci_high = page_number(row->ci_high),
                                                   .mark = row->share.mark};
                any = true;
            }
    }
    return any;
}

static bool has_ranks(const pilot_picture_effects_t *effects)
{
    for (size_t i = 0; i < effects->effects; i++)
        if (effects->effect[i].rank_low.given)
            return true;
    return false;
}

static void averages_table(pilot_page_t *page, const pilot_evaluation_t *evaluation,
                           const pilot_comparison_row_t *headline, size_t number)
{
    static const pilot_page_column_t columns[] = {{"Average of agencies", false},
                                                  {"Agencies", true},
                                                  {"Effect", true},
                                                  {"Interval", true},
                                                  {"p", true},
                                                  {"Note", false}};
    char *name PILOT_AUTOFREE = pilot_format("averages-%zu", number);
    pilot_page_table_t *table = pilot_page_table_new(name, "The average by what agencies weigh",
                                                     columns, sizeof columns / sizeof *columns);
    size_t rows = 0;
    for (size_t i = 0; i < evaluation->average_count; i++) {
        const pilot_average_row_t *row = &evaluation->averages[i];
        if (!pilot_effect_key_same(&row->key, &headline->key))
            continue;
        rows++;
        pilot_page_table_cell(table, page_text_is(row->weighting, "person")
                                         ? "by their people (person)"
                                     : page_text_is(row->weighting, "site") ? "all alike (site)"
                                                                            : row->weighting);
        pilot_page_table_take(table, pilot_figure_count(row->k));
        pilot_page_table_take(table, pilot_effect_text(&row->key, row->estimate, row->std_error));
        pilot_page_table_take(
            table, pilot_effect_interval(&row->key, row->ci_low, row->ci_high, row->std_error));
        pilot_page_table_take(table, pilot_figure_p(row->p_value));
        pilot_page_table_take(table, page_note_of(row->status, row->reason, row->detail));
    }
    for (size_t i = 0; rows > 0 && i < evaluation->comparison_count; i++) {
        const pilot_comparison_row_t *row = &evaluation->comparisons[i];
        if (!pilot_effect_key_same(&row->key, &headline->key) ||
            strcmp(row->test, headline->test) != 0)
            continue;
        pilot_page_table_take(table, pilot_format("by precision (%s, %s)%s", row->method, row->test,
                                                  row->headline ? ", planned" : ""));
        pilot_page_table_take(table, pilot_figure_count(row->k));
        pilot_page_table_take(table, pilot_effect_text(&row->key, row->estimate, row->std_error));
        pilot_page_table_take(
            table, pilot_effect_interval(&row->key, row->ci_low, row->ci_high, row->std_error));
        pilot_page_table_take(table, pilot_figure_p(row->p_value));
        pilot_page_table_take(table, page_note_of(row->status, row->reason, NULL));
    }
    pilot_page_table_end(page, table);
}

static void spread_pictures(pilot_page_t *page, const pilot_evaluation_t *evaluation,
                            const pilot_comparison_row_t *row, size_t number)
{
    page_effects_t effects;
    page_effects_of(evaluation, row, &effects);
    if (!page_is_long(page)) {
        pilot_picture_share_t share[3] = {0};
        bool shares = find_shares(evaluation, &row->key, share);
        spread_t spread = {.effects = &effects.picture, .share = shares ? share : NULL};
        char *id PILOT_AUTOFREE = pilot_format("spread-%zu", number);
        page_draw(page, draw_spread, &spread, id, "Spread of agencies' effects", true,
                  "How agencies' effects are spread: estimates (outline) and shrunken effects "
                  "(filled).");
    }
    pilot_page_details_begin(page, "Funnel and ranks");
    char *funnel PILOT_AUTOFREE = pilot_format("funnel-%zu", number);
    char *ranks PILOT_AUTOFREE = pilot_format("ranks-%zu", number);
    page_draw(page, draw_funnel, &effects.picture, funnel, "Funnel", false,
              "Estimates against their standard errors: agencies outside of the funnel differ from "
              "the average by more than chance alone would have 19 of 20 do.");
    if (has_ranks(&effects.picture))
        page_draw(
            page, draw_ranks, &effects.picture, ranks, "Ranks", false,
            "Ranks with their confidence sets: thick for an agency by itself, thin for all of "
            "them at once. Agencies whose sets overlap cannot be told apart.");
    pilot_page_details_end(page);
    page_effects_clear(&effects);
}

void page_part_heterogeneity(pilot_page_t *page, const pilot_evaluation_t *evaluation)
{
    bool begun = false;
    for (size_t i = 0; i < evaluation->comparison_count; i++) {
        const pilot_comparison_row_t *row = &evaluation->comparisons[i];
        const pilot_plan_outcome_t *outcome =
            pilot_evaluation_outcome(evaluation, row->key.outcome);
        if (!row->headline || !pilot_summary_is_headline(evaluation, &row->key) ||
            (outcome && outcome->role != PILOT_ROLE_PRIMARY))
            continue;
        if (!begun)
            pilot_page_section_begin(page, "spread", "How agencies differ");
        begun = true;
        char *name PILOT_AUTOFREE = pilot_page_contrast_name(&row->key);
        char *said PILOT_AUTOFREE = pilot_say_heterogeneity(evaluation, row);
        char *shares PILOT_AUTOFREE = pilot_say_shares(evaluation, &row->key);
        pilot_page_heading(page, 3, name);
        if (said)
            pilot_page_paragraph(page, said);
        if (shares)
            pilot_page_paragraph(page, shares);
        if (row->k.given && row->k.value > 1)
            spread_pictures(page, evaluation, row, i);
        averages_table(page, evaluation, row, i);
    }
    if (begun)
        pilot_page_section_end(page);
}

/* ---- moderators ------------------------------------------------------------------------------ */

static char *moderator_name(const pilot_moderator_row_t *row)
{
    if (page_text_is(row->kind, "intercept"))
        return pilot_strdup("at the first levels");
    if (page_text_is(row->kind, "residual"))
        return pilot_strdup("what they leave unexplained");
    if (page_text_is(row->kind, "test") && !row->attribute)
        return pilot_strdup("all of them together (F)");
    const char *attribute = row->attribute ? row->attribute : "";
    if (page_text_is(row->kind, "group"))
        return pilot_format("average where %s = %s", attribute,
                            row->attribute_level ? row->attribute_level : "");
    if (page_text_is(row->kind, "test"))
        return pilot_format("%s (F)", attribute);
    return row->attribute_level
               ? pilot_format("%s = %s, against the first", attribute, row->attribute_level)
               : pilot_format("%s, by one more", attribute);
}

static void moderator_row(pilot_page_table_t *table, const pilot_moderator_row_t *row)
{
    pilot_figure_t tenth = {.value = 0.1, .given = true}, share = row->r2;
    share.value /= 100; /* in percent */
    pilot_page_table_take(table, pilot_page_contrast_name(&row->key));
    pilot_page_table_take(table, moderator_name(row));
    pilot_page_table_take(table, row->k.given ? pilot_figure_count(row->k) : NULL);
    pilot_page_table_take(table, row->estimate.given || row->estimate.mark
                                     ? pilot_effect_text(&row->key, row->estimate, row->std_error)
                                     : NULL);
    pilot_page_table_take(
        table, row->ci_low.given || row->ci_low.mark
                   ? pilot_effect_interval(&row->key, row->ci_low, row->ci_high, row->std_error)
                   : NULL);
    pilot_page_table_take(table,
                          row->statistic.given ? pilot_figure_text(row->statistic, tenth) : NULL);
    pilot_page_table_take(
        table, row->p_value.given || row->p_value.mark ? pilot_figure_p(row->p_value) : NULL);
    pilot_page_table_take(table, share.given ? pilot_figure_share(share) : NULL);
    pilot_page_table_take(table, page_note_of(row->status, row->reason, row->detail));
}

/* Of the contrasts that the summary answers by: there are many more. */
static bool is_shown_moderator(const pilot_evaluation_t *evaluation, size_t i)
{
    const pilot_moderator_row_t *row = &evaluation->moderators[i];
    const pilot_comparison_row_t *compared = pilot_evaluation_headline(evaluation, &row->key);
    return compared && pilot_effect_key_same(&compared->key, &row->key) &&
           pilot_summary_is_headline(evaluation, &row->key);
}

void page_part_moderators(pilot_page_t *page, const pilot_evaluation_t *evaluation)
{
    static const pilot_page_column_t columns[] = {
        {"Effect of", false}, {"Attribute of agencies", false},
        {"Agencies", true},   {"Difference or average", true},
        {"Interval", true},   {"Statistic", true},
        {"p", true},          {"R\u00b2", true},
        {"Note", false}};
    if (evaluation->moderator_count == 0)
        return;
    pilot_page_section_begin(page, "moderators", "What goes with larger effects");
    pilot_page_paragraph(page,
                         "Meta-regression of agencies' effects on their attributes. Agencies "
                         "were not assigned to attributes: what goes with larger effects need "
                         "not be what causes them.");
    pilot_page_table_t *table = pilot_page_table_new("moderators", "Attributes of agencies",
                                                     columns, sizeof columns / sizeof *columns);
    bool shown = false;
    for (size_t i = 0; i < evaluation->moderator_count; i++) {
        if (i == 0 || !pilot_effect_key_same(&evaluation->moderators[i].key,
                                             &evaluation->moderators[i - 1].key))
            shown = is_shown_moderator(evaluation, i);
        if (shown)
            moderator_row(table, &evaluation->moderators[i]);
    }
    pilot_page_table_end(page, table);
    pilot_page_section_end(page);
}
