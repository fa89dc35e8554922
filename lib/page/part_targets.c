/* part_targets.c - targets against missions; curves. */
#include <stdlib.h>
#include <string.h>

#include "draw.h"
#include "parts.h"
#include "pilot/memory.h"
#include "say.h"
#include "writer.h"

/* ---- targets --------------------------------------------------------------------------------- */

static void draw_targets(pilot_text_t *text, const void *what,
                         const pilot_picture_options_t *options)
{
    pilot_picture_targets(text, what, options);
}

/* The contrast that the summary answers by. */
static const pilot_comparison_row_t *find_contrast(const pilot_evaluation_t *evaluation,
                                                   const char *outcome, const char *arm)
{
    for (size_t i = 0; i < evaluation->comparison_count; i++) {
        const pilot_comparison_row_t *row = &evaluation->comparisons[i];
        if (row->headline && page_text_is(row->key.outcome, outcome) &&
            page_text_is(row->key.arm, arm) && pilot_summary_is_headline(evaluation, &row->key))
            return row;
    }
    return NULL;
}

static pilot_number_t turned(pilot_figure_t figure, int better)
{
    pilot_number_t number = page_number(figure);
    number.value = better < 0 ? 0 - number.value : number.value;
    return number;
}

static bool alone(const pilot_evaluation_t *evaluation, const char *agency, const char *target,
                  const char *arm)
{
    for (size_t i = 0; i < evaluation->quality_count; i++) {
        const pilot_quality_row_t *row = &evaluation->quality[i];
        if (row->alarm && page_text_is(row->check, "decoupling") &&
            page_text_is(row->agency, agency) && page_text_is(row->variable, target) &&
            page_text_is(row->arm, arm))
            return true;
    }
    return false;
}

static const pilot_agency_row_t *agency_of(const pilot_agency_row_t *rows, size_t count,
                                           const char *agency)
{
    for (size_t i = 0; i < count; i++)
        if (rows[i].agency == agency || strcmp(rows[i].agency, agency) == 0)
            return &rows[i];
    return NULL;
}

static void target_picture(pilot_page_t *page, const pilot_evaluation_t *evaluation,
                           const pilot_plan_outcome_t *outcome, const char *arm)
{
    const pilot_comparison_row_t *target = find_contrast(evaluation, outcome->name, arm);
    const pilot_comparison_row_t *mission = find_contrast(evaluation, outcome->stands_for, arm);
    if (!target || !mission)
        return;
    size_t count = 0, others = 0;
    const pilot_agency_row_t *rows = pilot_evaluation_agencies(evaluation, &target->key, &count);
    const pilot_agency_row_t *other = pilot_evaluation_agencies(evaluation, &mission->key, &others);
    int target_better = pilot_effect_better(evaluation, &target->key);
    int mission_better = pilot_effect_better(evaluation, &mission->key);
    pilot_picture_target_t *agency = PILOT_NEW_ARRAY(pilot_picture_target_t, count + 1);
    for (size_t i = 0; i < count; i++) {
        /* Both are in byte order of agencies: mostly at the same place. */
        const pilot_agency_row_t *its = i < others && other[i].agency == rows[i].agency
                                            ? &other[i]
                                            : agency_of(other, others, rows[i].agency);
        agency[i] = (pilot_picture_target_t){
            .label = rows[i].agency,
            .target = turned(rows[i].estimate, target_better),
            .mission = its ? turned(its->estimate, mission_better) : (pilot_number_t){0},
            .alone = alone(evaluation, rows[i].agency, outcome->name, arm),
            .mark = rows[i].estimate.mark};
    }
    char *target_axis PILOT_AUTOFREE = pilot_format("Effect on the target %s", outcome->name);
    char *mission_axis PILOT_AUTOFREE =
        pilot_format("Effect on the mission %s", outcome->stands_for);
    pilot_picture_targets_t picture = {.agency = agency,
                                       .agencies = count,
                                       .pooled_target = turned(target->estimate, target_better),
                                       .pooled_mission = turned(mission->estimate, mission_better),
                                       .target_axis = target_axis,
                                       .mission_axis = mission_axis};
    char *id PILOT_AUTOFREE =
        pilot_format("targets-%zu", (size_t)(target - evaluation->comparisons));
    char *words PILOT_AUTOFREE =
        pilot_format("Agencies' effects on %s, and on %s which it stands for, %s against control; "
                     "more is better in both. Marked: the target moved and the mission did not.",
                     outcome->name, outcome->stands_for, arm);
    page_draw(page, draw_targets, &picture, id, words, true, words);
    free(agency);
}

static size_t alone_count(const pilot_evaluation_t *evaluation)
{
    size_t count = 0;
    for (size_t i = 0; i < evaluation->quality_count; i++)
        count += evaluation->quality[i].agency && evaluation->quality[i].alarm &&
                 page_text_is(evaluation->quality[i].check, "decoupling");
    return count;
}

static void target_table(pilot_page_t *page, const pilot_evaluation_t *evaluation)
{
    static const pilot_page_column_t columns[] = {
        {"Agency", false}, {"Target", false},
        {"Arm", false},    {"Target less mission (SD)", true},
        {"p", true},       {"Moved alone", false},
        {"More", false}};
    pilot_page_table_t *table =
        pilot_page_table_new("targets", "Targets against the missions that they stand for", columns,
                             sizeof columns / sizeof *columns);
    pilot_figure_t tenth = {.value = 0.1, .given = true};
    for (int single = 0; single < 2; single++)
        for (size_t i = 0; i < evaluation->quality_count; i++) {
            const pilot_quality_row_t *row = &evaluation->quality[i];
            /* All together, then agencies where it moved alone. */
            if (!page_text_is(row->check, "decoupling") || (row->agency != NULL) != single ||
                (single && !row->alarm))
                continue;
            pilot_page_table_cell(table, row->agency ? row->agency : "(all together)");
            pilot_page_table_cell(table, row->variable);
            pilot_page_table_cell(table, row->arm);
            pilot_page_table_take(table, pilot_figure_text(row->value, tenth));
            pilot_page_table_take(table, pilot_figure_p(row->p_value));
            pilot_page_table_cell(table, row->alarm ? "yes" : "no");
            pilot_page_table_cell(table, row->detail);
        }
    pilot_page_table_end(page, table);
}

void page_part_targets(pilot_page_t *page, const pilot_evaluation_t *evaluation)
{
    const pilot_plan_t *plan = evaluation->plan;
    bool any = false;
    for (size_t i = 0; i < evaluation->quality_count; i++)
        any = any || page_text_is(evaluation->quality[i].check, "decoupling");
    if (!any)
        return;
    pilot_page_section_begin(page, "targets", "Targets against missions");
    size_t count = alone_count(evaluation);
    page_say(page,
             "A target is measured because it stands for a mission. Where it moves alone, it is "
             "the target that improved, not what it stands for: so in %zu agenc%s.",
             count, count == 1 ? "y" : "ies");
    for (size_t i = 0; plan && i < plan->outcome_count; i++)
        for (size_t a = 1; plan->outcomes[i].stands_for && a < plan->arm_count; a++)
            target_picture(page, evaluation, &plan->outcomes[i], plan->arms[a].label);
    target_table(page, evaluation);
    pilot_page_section_end(page);
}

/* ---- Kaplan-Meier ---------------------------------------------------------------------------- */

static void draw_survival(pilot_text_t *text, const void *what,
                          const pilot_picture_options_t *options)
{
    pilot_picture_survival(text, what, options);
}

static bool is_of(const pilot_curve_row_t *row, const char *outcome)
{
    return !row->subgroup && page_text_is(row->curve, "kaplan_meier") &&
           strcmp(row->outcome, outcome) == 0;
}

#define RISK_TIMES 5

/* Who is at risk at a time: those of the first point at or behind it, less nobody who left after.
 */
static void take_at_risk(const pilot_curve_row_t *first, size_t points, const double *time,
                         pilot_picture_count_t *ret_count)
{
    for (size_t t = 0; t < RISK_TIMES; t++) {
        size_t i = 0;
        while (i < points && first[i].x.value < time[t])
            i++;
        if (i < points)
            ret_count[t] = page_count(first[i].at_risk);
        else
            ret_count[t].value = PILOT_GIVEN(0);
    }
}

/* Steps of at most this many points an arm: more than a picture can show. */
#define MOST_POINTS 500

typedef struct survival_plot {
    pilot_picture_survival_t picture;
    pilot_picture_point_t *point;
    pilot_picture_curve_t *curve;
    pilot_picture_count_t *at_risk; /* RISK_TIMES an arm */
    double time[RISK_TIMES];
    size_t points;
} survival_plot_t;

/* Rows of one arm: every one, or some of them and the last. */
static void add_curve(survival_plot_t *plot, const pilot_curve_row_t *row, size_t count)
{
    size_t stride = (count + MOST_POINTS - 1) / MOST_POINTS, arm = plot->picture.curves++;
    pilot_picture_curve_t *curve = &plot->curve[arm];
    *curve = (pilot_picture_curve_t){.label = row->arm,
                                     .point = &plot->point[plot->points],
                                     .at_risk = &plot->at_risk[arm * RISK_TIMES],
                                     .mark = row->y.mark};
    for (size_t i = 0; i < count; i++) {
        if (!row[i].x.given || (i % stride != 0 && i + 1 < count))
            continue;
        plot->point[plot->points++] = (pilot_picture_point_t){.at = row[i].x.value,
                                                              .value = page_number(row[i].y),
                                                              .low = page_number(row[i].ci_low),
                                                              .high = page_number(row[i].ci_high)};
        curve->points++;
    }
    take_at_risk(row, curve->points > 0 ? count : 0, plot->time, &plot->at_risk[arm * RISK_TIMES]);
}

static void add_curves(survival_plot_t *plot, const pilot_evaluation_t *evaluation,
                       const char *outcome)
{
    const pilot_curve_row_t *row = evaluation->curves;
    size_t count = evaluation->curve_count;
    double longest = 0;
    for (size_t i = 0; i < count; i++)
        if (is_of(&row[i], outcome) && row[i].x.given && row[i].x.value > longest)
            longest = row[i].x.value;
    for (size_t t = 0; t < RISK_TIMES; t++)
        plot->time[t] = longest * (double)t / (RISK_TIMES - 1);
    for (size_t i = 0, end; i < count; i = end) {
        end = i + 1;
        if (!is_of(&row[i], outcome))
            continue;
        while (end < count && is_of(&row[end], outcome) && strcmp(row[end].arm, row[i].arm) == 0)
            end++;
        add_curve(plot, &row[i], end - i);
    }
}

static void survival_picture(pilot_page_t *page, const pilot_evaluation_t *evaluation,
                             const char *outcome, size_t number)
{
    size_t count = evaluation->curve_count;
    survival_plot_t plot = {.point = PILOT_NEW_ARRAY(pilot_picture_point_t, count),
                            .curve = PILOT_NEW_ARRAY(pilot_picture_curve_t, count),
                            .at_risk = PILOT_NEW_ARRAY(pilot_picture_count_t, count * RISK_TIMES)};
    add_curves(&plot, evaluation, outcome);
    const pilot_plan_outcome_t *declared = pilot_evaluation_outcome(evaluation, outcome);
    plot.picture.curve = plot.curve;
    plot.picture.risk_time = plot.time;
    plot.picture.risk_times = plot.points > 0 ? RISK_TIMES : 0;
    plot.picture.time_axis = outcome;
    plot.picture.confidence = evaluation->plan ? evaluation->plan->confidence : 0;
    if (declared && declared->has_horizon)
        plot.picture.horizon = PILOT_GIVEN(declared->horizon);
    char *id PILOT_AUTOFREE = pilot_format("curve-%zu", number);
    char *words PILOT_AUTOFREE = pilot_format(
        "Share without the event by time (Kaplan-Meier), %s, by arm. pilot results --view curves "
        "has every point.",
        outcome);
    page_draw(page, draw_survival, &plot.picture, id, words, true, words);
    free(plot.point);
    free(plot.curve);
    free(plot.at_risk);
}

void page_part_curves(pilot_page_t *page, const pilot_evaluation_t *evaluation)
{
    const char *last = NULL;
    for (size_t i = 0; i < evaluation->curve_count; i++) {
        const pilot_curve_row_t *row = &evaluation->curves[i];
        if (!is_of(row, row->outcome) || page_text_is(last, row->outcome))
            continue;
        if (!last)
            pilot_page_section_begin(page, "curves", "Over time");
        last = row->outcome;
        survival_picture(page, evaluation, last, i);
    }
    if (last)
        pilot_page_section_end(page);
}
