/* part_effects.c - effects: of all units together, of agencies, and how these differ. */
#include <stdlib.h>
#include <string.h>

#include "row_csv.h"
#include "draw.h"
#include "parts.h"
#include "pilot/memory.h"
#include "say.h"
#include "writer.h"

static bool is_gap(const pilot_effect_key_t *key)
{
    return page_text_is(key->estimand, "gap");
}

/* ---- all units together ---------------------------------------------------------------------- */

static const pilot_page_column_t effect_columns[] = {
    {"Effect of", false}, {"Estimator", false},   {"Effect", true}, {"Interval", true}, {"p", true},
    {"p adjusted", true}, {"Control mean", true}, {"Units", true},  {"Note", false}};

static void effect_row(pilot_page_table_t *table, const pilot_effect_row_t *row)
{
    pilot_page_table_take(table, pilot_page_contrast_name(&row->key));
    pilot_page_table_cell(table, page_estimator_words(row->key.estimator));
    pilot_page_table_take(table, pilot_effect_text(&row->key, row->estimate, row->std_error));
    pilot_page_table_take(
        table, pilot_effect_interval(&row->key, row->ci_low, row->ci_high, row->std_error));
    pilot_page_table_take(table, pilot_figure_p(row->p_value));
    pilot_page_table_take(table, row->p_adjusted.given || row->p_adjusted.mark == 'c'
                                     ? pilot_figure_p(row->p_adjusted)
                                     : NULL);
    pilot_page_table_take(table, pilot_figure_text(row->control_mean, row->std_error));
    pilot_page_table_take(table, pilot_figure_count(row->n));
    pilot_page_table_take(table, page_note_of(row->status, row->reason, row->detail));
}

/* Of subgroups or not; what an estimator is not made for, nobody wants to read of each time. */
static size_t effect_table(pilot_page_t *page, const pilot_evaluation_t *evaluation, bool subgroups,
                           const pilot_text_t *csv)
{
    pilot_page_table_t *table = pilot_page_table_new(
        subgroups ? "effects-subgroups" : "effects",
        subgroups ? "Effects within subgroups and gaps between them, all units together"
                  : "Effects, all units together",
        effect_columns, sizeof effect_columns / sizeof *effect_columns);
    size_t count = 0;
    for (size_t i = 0; i < evaluation->effect_count; i++) {
        const pilot_effect_row_t *row = &evaluation->effects[i];
        bool within = row->key.subgroup || is_gap(&row->key);
        if (row->agency || within != subgroups || page_text_is(row->reason, "outcome_type"))
            continue;
        effect_row(table, row);
        count++;
    }
    if (csv)
        pilot_page_table_csv(table, csv);
    pilot_page_table_end(page, table);
    return count;
}

static bool has_subgroups(const pilot_evaluation_t *evaluation)
{
    for (size_t i = 0; i < evaluation->effect_count; i++)
        if (evaluation->effects[i].key.subgroup)
            return true;
    return false;
}

void page_part_effects(pilot_page_t *page, const pilot_evaluation_t *evaluation)
{
    if (evaluation->effect_count == 0)
        return;
    pilot_page_section_begin(page, "effects", "Effects, all units together");
    char *confidence PILOT_AUTOFREE = page_confidence(evaluation);
    page_say(page,
             "Treatment less control; intervals are at %s. Ratios are shown as ratios: 1 is no "
             "effect.",
             confidence);
    static const pilot_text_t empty = {.data = NULL}; /* the first table's CSV has all rows */
    pilot_text_t csv = PILOT_TEXT_INIT;
    page_csv_effects(evaluation, &csv);
    effect_table(page, evaluation, false, &csv);
    if (has_subgroups(evaluation)) {
        pilot_page_details_begin(page, "Subgroups");
        effect_table(page, evaluation, true, &empty);
        pilot_page_details_end(page);
    }
    pilot_text_clear(&csv);
    pilot_page_section_end(page);
}

/* ---- agencies -------------------------------------------------------------------------------- */

static const pilot_page_column_t agency_columns[] = {
    {"Agency", false},  {"Effect", true},         {"Interval", true}, {"p", true},
    {"Shrunken", true}, {"Its std. error", true}, {"Rank", true},     {"Rank set", true},
    {"Matters", true},  {"Units", true},          {"Note", false}};

static char *rank_set(pilot_figure_t low, pilot_figure_t high)
{
    if (!low.given || !high.given)
        return low.mark == 'c' ? pilot_strdup("suppressed") : NULL;
    return pilot_format("%.0f to %.0f", low.value, high.value);
}

static void agency_row(pilot_page_table_t *table, const pilot_agency_row_t *row)
{
    pilot_page_table_cell(table, row->agency);
    pilot_page_table_take(table, pilot_effect_text(&row->key, row->estimate, row->std_error));
    pilot_page_table_take(
        table, pilot_effect_interval(&row->key, row->ci_low, row->ci_high, row->std_error));
    pilot_page_table_take(table, pilot_figure_p(row->p_value));
    pilot_page_table_take(table, pilot_effect_text(&row->key, row->eb_estimate, row->eb_std_error));
    pilot_page_table_take(table, pilot_figure_text(row->eb_std_error, row->eb_std_error));
    pilot_page_table_take(table, row->rank.given ? pilot_figure_count(row->rank) : NULL);
    pilot_page_table_take(table, rank_set(row->rank_low, row->rank_high));
    pilot_page_table_take(table, row->p_exceeds.given ? pilot_figure_share(row->p_exceeds) : NULL);
    pilot_page_table_take(table, pilot_figure_count(row->n));
    pilot_page_table_take(table, page_note_of(row->status, row->reason, NULL));
}

static char *id_of(const pilot_evaluation_t *evaluation, const pilot_comparison_row_t *row,
                   const char *what)
{
    return pilot_format("%s-%zu", what, (size_t)(row - evaluation->comparisons));
}

static void agency_table(pilot_page_t *page, const pilot_evaluation_t *evaluation,
                         const pilot_comparison_row_t *row)
{
    size_t count = 0;
    const pilot_agency_row_t *rows = pilot_evaluation_agencies(evaluation, &row->key, &count);
    char *name PILOT_AUTOFREE = id_of(evaluation, row, "agencies");
    char *contrast PILOT_AUTOFREE = pilot_page_contrast_name(&row->key);
    char *caption PILOT_AUTOFREE = pilot_format("Agencies, %s", contrast);
    pilot_page_table_t *table = pilot_page_table_new(
        name, caption, agency_columns, sizeof agency_columns / sizeof *agency_columns);
    for (size_t i = 0; i < count; i++)
        agency_row(table, &rows[i]);
    pilot_text_t csv = PILOT_TEXT_INIT;
    page_csv_agencies(rows, count, &csv);
    pilot_page_table_csv(table, &csv);
    pilot_page_table_search(table, "Find an agency");
    char *picture PILOT_AUTOFREE = id_of(evaluation, row, "forest");
    pilot_page_table_picture(table, picture);
    pilot_page_table_end(page, table);
    pilot_text_clear(&csv);
}

static void draw_forest(pilot_text_t *text, const void *what,
                        const pilot_picture_options_t *options)
{
    pilot_picture_forest(text, what, options);
}

static void agency_picture(pilot_page_t *page, const pilot_evaluation_t *evaluation,
                           const pilot_comparison_row_t *row)
{
    page_effects_t effects;
    page_effects_of(evaluation, row, &effects);
    char *id PILOT_AUTOFREE = id_of(evaluation, row, "forest");
    char *contrast PILOT_AUTOFREE = pilot_page_contrast_name(&row->key);
    bool forest = effects.picture.effects <= PILOT_PICTURE_FOREST_ROWS;
    char *words PILOT_AUTOFREE = pilot_format(
        "Agencies' effects with their intervals, %s; shrunken effects %s. The table below has the "
        "numbers.",
        contrast,
        forest ? "beneath; the diamond is the average, the line at it the prediction interval of a "
                 "new agency"
               : "as dots; agencies from the largest effect to the smallest");
    page_draw(page, draw_forest, &effects.picture, id, contrast, true, words);
    page_effects_clear(&effects);
}

static const pilot_page_column_t comparison_columns[] = {
    {"Effect of", false}, {"Estimator", false}, {"Agencies", true},   {"Average", true},
    {"Interval", true},   {"p", true},          {"New agency", true}, {"\u03c4", true},
    {"I\u00b2", true},    {"Note", false}};

static void comparison_row(pilot_page_table_t *table, const pilot_comparison_row_t *row)
{
    pilot_figure_t tau = row->tau2;
    tau.value = tau.given && tau.value > 0 ? __builtin_sqrt(tau.value) : 0;
    pilot_page_table_take(table, pilot_page_contrast_name(&row->key));
    pilot_page_table_cell(table, page_estimator_words(row->key.estimator));
    pilot_page_table_take(table, pilot_figure_count(row->k));
    pilot_page_table_take(table, pilot_effect_text(&row->key, row->estimate, row->std_error));
    pilot_page_table_take(
        table, pilot_effect_interval(&row->key, row->ci_low, row->ci_high, row->std_error));
    pilot_page_table_take(table, pilot_figure_p(row->p_value));
    pilot_page_table_take(
        table, pilot_effect_interval(&row->key, row->pi_low, row->pi_high, row->std_error));
    pilot_page_table_take(table, pilot_figure_text(tau, row->std_error));
    pilot_page_table_take(table, row->i2.given ? pilot_format("%.0f%%", row->i2.value)
                                               : pilot_figure_text(row->i2, row->i2));
    pilot_page_table_take(table, page_note_of(row->status, row->reason, row->detail));
}

static size_t comparison_table(pilot_page_t *page, const pilot_evaluation_t *evaluation,
                               bool subgroups, const pilot_text_t *csv)
{
    pilot_page_table_t *table = pilot_page_table_new(
        subgroups ? "comparison-subgroups" : "comparison",
        subgroups ? "Averages over agencies within subgroups, and gaps between them"
                  : "Averages over agencies, and how agencies differ",
        comparison_columns, sizeof comparison_columns / sizeof *comparison_columns);
    size_t count = 0;
    for (size_t i = 0; i < evaluation->comparison_count; i++) {
        const pilot_comparison_row_t *row = &evaluation->comparisons[i];
        bool within = row->key.subgroup || is_gap(&row->key);
        /* Of a released one that is not there the pooled effect says why. */
        const pilot_effect_row_t *pooled = pilot_evaluation_pooled(evaluation, &row->key);
        if (!row->headline || within != subgroups || page_text_is(row->reason, "outcome_type") ||
            (pooled && page_text_is(pooled->reason, "outcome_type")))
            continue;
        comparison_row(table, row);
        count++;
    }
    pilot_page_table_csv(table, csv);
    pilot_page_table_end(page, table);
    return count;
}

static void comparison_tables(pilot_page_t *page, const pilot_evaluation_t *evaluation)
{
    static const pilot_text_t empty = {.data = NULL}; /* the first CSV has all rows */
    pilot_text_t csv = PILOT_TEXT_INIT;
    page_csv_comparisons(evaluation, true, &csv);
    comparison_table(page, evaluation, false, &csv);
    if (has_subgroups(evaluation)) {
        pilot_page_details_begin(page, "Subgroups");
        comparison_table(page, evaluation, true, &empty);
        pilot_page_details_end(page);
    }
    pilot_text_clear(&csv);
}

void pilot_page_contrast(pilot_page_t *page, const pilot_evaluation_t *evaluation,
                         const pilot_effect_key_t *key)
{
    const pilot_comparison_row_t *row = pilot_evaluation_headline(evaluation, key);
    size_t count = 0;
    if (!row || !pilot_evaluation_agencies(evaluation, &row->key, &count))
        return;
    char *name PILOT_AUTOFREE = pilot_page_contrast_name(&row->key);
    pilot_page_heading(page, 3, name);
    char *said PILOT_AUTOFREE = pilot_say_effect(evaluation, row, NULL);
    pilot_page_paragraph(page, said);
    agency_picture(page, evaluation, row);
    pilot_page_details_begin(page, "The agencies' numbers");
    agency_table(page, evaluation, row);
    pilot_page_details_end(page);
}

/* A picture and a table of each contrast while there is room: what the summary answers by comes
 * first, primary outcomes before secondary ones. */
static size_t contrasts(pilot_page_t *page, const pilot_evaluation_t *evaluation, bool primary)
{
    size_t left_out = 0, too_many = SIZE_MAX;
    for (size_t i = 0; i < evaluation->comparison_count; i++) {
        const pilot_comparison_row_t *row = &evaluation->comparisons[i];
        const pilot_plan_outcome_t *outcome =
            pilot_evaluation_outcome(evaluation, row->key.outcome);
        if (!row->headline || !pilot_summary_is_headline(evaluation, &row->key) ||
            (!outcome || outcome->role == PILOT_ROLE_PRIMARY) != primary)
            continue;
        size_t count = 0;
        pilot_evaluation_agencies(evaluation, &row->key, &count);
        if (count >= too_many) {
            left_out++;
            continue;
        }
        page_mark_t mark = page_mark(page);
        char *name PILOT_AUTOFREE = primary ? NULL : pilot_page_contrast_name(&row->key);
        if (name)
            pilot_page_details_begin(page, name);
        pilot_page_contrast(page, evaluation, &row->key);
        if (name)
            pilot_page_details_end(page);
        if (page_is_long(page)) {
            page_go_back(page, mark);
            left_out++;
            too_many = count;
        }
    }
    return left_out;
}

void page_part_agencies(pilot_page_t *page, const pilot_evaluation_t *evaluation)
{
    if (evaluation->comparison_count == 0)
        return;
    pilot_page_section_begin(page, "agencies", "Agencies compared");
    comparison_tables(page, evaluation);
    size_t left_out = contrasts(page, evaluation, true);
    left_out += contrasts(page, evaluation, false);
    if (left_out > 0) {
        char *command PILOT_AUTOFREE = pilot_format(
            "pilot results %s --analysis %lld --view agencies%s --format csv --output agencies.csv",
            evaluation->pilot, (long long)evaluation->analysis,
            evaluation->released ? " --audience public" : "");
        page_say(page,
                 "The agencies of %zu more contrasts would make this page too large. All of "
                 "them:",
                 left_out);
        pilot_page_code(page, command);
    }
    pilot_page_section_end(page);
}
