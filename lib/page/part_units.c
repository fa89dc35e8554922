/* part_units.c - units on their way through the pilot, and how alike arms were before it. */
#include <stdlib.h>
#include <string.h>

#include "draw.h"
#include "parts.h"
#include "pilot/memory.h"
#include "say.h"
#include "writer.h"

/* ---- flow ------------------------------------------------------------------------------------ */

typedef struct unit_flow {
    pilot_picture_flow_arm_t *arm;
    pilot_figure_t *assigned, *received, *analysed; /* by arm */
    size_t arms;
    const char *outcome; /* of `analysed` */
} unit_flow_t;

static size_t arm_index(unit_flow_t *flow, const char *arm)
{
    size_t i = 0;
    while (i < flow->arms && strcmp(flow->arm[i].arm, arm) != 0)
        i++;
    if (i == flow->arms)
        flow->arm[flow->arms++].arm = arm;
    return i;
}

/* Counts stand in quality checks, one an arm. */
static void take_counts(const pilot_evaluation_t *evaluation, unit_flow_t *flow)
{
    for (size_t i = 0; i < evaluation->quality_count; i++) {
        const pilot_quality_row_t *row = &evaluation->quality[i];
        bool count = page_text_is(row->check, "count");
        if (row->agency || !row->arm || !(count || page_text_is(row->check, "assignment")))
            continue;
        size_t arm = arm_index(flow, row->arm);
        (count ? flow->received : flow->assigned)[arm] = row->value;
    }
}

/* A contrast may leave out blocks that lack one of its arms: the largest count is of all. */
static void keep_larger(pilot_figure_t *kept, pilot_figure_t figure)
{
    bool first = !kept->given && !kept->mark;
    if (first || (figure.given && (!kept->given || figure.value > kept->value)))
        *kept = figure;
}

/* Of the first primary outcome that has an answer; each treatment row tells the control's too. */
static void take_analysed(const pilot_evaluation_t *evaluation, unit_flow_t *flow)
{
    for (size_t i = 0; i < evaluation->effect_count; i++) {
        const pilot_effect_row_t *row = &evaluation->effects[i];
        const pilot_plan_outcome_t *outcome =
            pilot_evaluation_outcome(evaluation, row->key.outcome);
        if (!pilot_summary_is_headline(evaluation, &row->key) ||
            (outcome && outcome->role != PILOT_ROLE_PRIMARY) ||
            (flow->outcome && strcmp(flow->outcome, row->key.outcome) != 0))
            continue;
        flow->outcome = row->key.outcome;
        keep_larger(&flow->analysed[arm_index(flow, row->key.arm)], row->n_arm);
        keep_larger(&flow->analysed[arm_index(flow, row->key.control)], row->n_control);
    }
}

static void draw_flow(pilot_text_t *text, const void *what, const pilot_picture_options_t *options)
{
    pilot_picture_flow(text, what, options);
}

static void flow_picture(pilot_page_t *page, const pilot_evaluation_t *evaluation,
                         unit_flow_t *flow)
{
    for (size_t i = 0; i < flow->arms; i++) {
        flow->arm[i].assigned = page_count(flow->assigned[i]);
        flow->arm[i].received = page_count(flow->received[i]);
        flow->arm[i].analysed = page_count(flow->analysed[i]);
    }
    pilot_picture_flow_t picture = {.arm = flow->arm, .arms = flow->arms, .outcome = flow->outcome};
    picture.agencies_submitted.value = PILOT_GIVEN((double)evaluation->submission_count);
    if (evaluation->missing_count > 0)
        picture.agencies_listed.value =
            PILOT_GIVEN((double)(evaluation->submission_count + evaluation->missing_count));
    page_draw(page, draw_flow, &picture, "flow-picture", "Units by arm", true,
              "Units of each arm on their way: assigned, received, analysed. The table has the "
              "numbers.");
}

static void flow_table(pilot_page_t *page, const unit_flow_t *flow)
{
    static const pilot_page_column_t columns[] = {
        {"Arm", false}, {"Assigned", true}, {"Received", true}, {"Analysed", true}};
    pilot_page_table_t *table =
        pilot_page_table_new("flow", "Units by arm", columns, sizeof columns / sizeof *columns);
    for (size_t i = 0; i < flow->arms; i++) {
        pilot_page_table_cell(table, flow->arm[i].arm);
        pilot_page_table_take(table, pilot_figure_count(flow->assigned[i]));
        pilot_page_table_take(table, pilot_figure_count(flow->received[i]));
        pilot_page_table_take(table, pilot_figure_count(flow->analysed[i]));
    }
    pilot_page_table_end(page, table);
}

void page_part_flow(pilot_page_t *page, const pilot_evaluation_t *evaluation)
{
    size_t most = evaluation->quality_count + 2 * evaluation->effect_count + 1;
    unit_flow_t flow = {.arm = PILOT_NEW_ARRAY(pilot_picture_flow_arm_t, most),
                        .assigned = PILOT_NEW_ARRAY(pilot_figure_t, most),
                        .received = PILOT_NEW_ARRAY(pilot_figure_t, most),
                        .analysed = PILOT_NEW_ARRAY(pilot_figure_t, most)};
    take_counts(evaluation, &flow);
    take_analysed(evaluation, &flow);
    if (flow.arms > 0) {
        pilot_page_section_begin(page, "flow", "Who took part");
        page_say(page,
                 "%zu agenc%s sent data. Assigned units are known where the assignment was "
                 "registered; analysed are those with the outcome%s%s.",
                 evaluation->submission_count, evaluation->submission_count == 1 ? "y" : "ies",
                 flow.outcome ? " " : "", flow.outcome ? flow.outcome : "");
        flow_picture(page, evaluation, &flow);
        flow_table(page, &flow);
        pilot_page_section_end(page);
    }
    free(flow.arm);
    free(flow.assigned);
    free(flow.received);
    free(flow.analysed);
}

/* ---- balance --------------------------------------------------------------------------------- */

static void draw_balance(pilot_text_t *text, const void *what,
                         const pilot_picture_options_t *options)
{
    pilot_picture_balance(text, what, options);
}

static void balance_table(pilot_page_t *page, const pilot_evaluation_t *evaluation)
{
    static const pilot_page_column_t columns[] = {
        {"Covariate", false}, {"Arm", false}, {"Standardized difference", true}, {"p", true}};
    pilot_page_table_t *table =
        pilot_page_table_new("balance", "Arms against control before the pilot", columns,
                             sizeof columns / sizeof *columns);
    pilot_figure_t hundredths = {.value = 0.1, .given = true};
    for (size_t i = 0; i < evaluation->quality_count; i++) {
        const pilot_quality_row_t *row = &evaluation->quality[i];
        bool all = page_text_is(row->check, "balance_omnibus");
        if (row->agency || !(all || page_text_is(row->check, "balance")))
            continue;
        pilot_page_table_cell(table, all ? "all together (largest)" : row->variable);
        pilot_page_table_cell(table, row->arm);
        pilot_page_table_take(table, pilot_figure_text(row->value, hundredths));
        pilot_page_table_take(table, pilot_figure_p(row->p_value));
    }
    pilot_page_table_end(page, table);
}

void page_part_balance(pilot_page_t *page, const pilot_evaluation_t *evaluation)
{
    pilot_picture_balance_point_t *point =
        PILOT_NEW_ARRAY(pilot_picture_balance_point_t, evaluation->quality_count + 1);
    size_t points = 0;
    for (size_t i = 0; i < evaluation->quality_count; i++) {
        const pilot_quality_row_t *row = &evaluation->quality[i];
        if (!row->agency && page_text_is(row->check, "balance"))
            point[points++] = (pilot_picture_balance_point_t){.covariate = row->variable,
                                                              .arm = row->arm,
                                                              .difference = page_number(row->value),
                                                              .mark = row->value.mark};
    }
    if (points > 0) {
        pilot_picture_balance_t picture = {.point = point, .points = points};
        pilot_page_section_begin(page, "balance", "Were arms alike before");
        pilot_page_paragraph(page,
                             "Differences between each arm and control, in standard deviations "
                             "of the covariate. Randomization makes them small; the joint test "
                             "rings at p <= 0.01.");
        page_draw(page, draw_balance, &picture, "balance-picture", "Balance", true,
                  "Standardized differences of covariates between arms and control; the band is "
                  "0.1. The table has the numbers.");
        balance_table(page, evaluation);
        pilot_page_section_end(page);
    }
    free(point);
}
