/* part_plan.c - what was planned, how it was changed, how it was computed, where it comes from. */
#include <stdlib.h>
#include <string.h>

#include "parts.h"
#include "pilot/memory.h"
#include "say.h"
#include "writer.h"

/* ---- plan ------------------------------------------------------------------------------------ */

static void outcome_table(pilot_page_t *page, const pilot_plan_t *plan)
{
    static const pilot_page_column_t columns[] = {{"Outcome", false},
                                                  {"Role", false},
                                                  {"Type", false},
                                                  {"Better", false},
                                                  {"Smallest effect that matters", true},
                                                  {"Stands for", false}};
    pilot_page_table_t *table = pilot_page_table_new("outcomes", "Planned outcomes", columns,
                                                     sizeof columns / sizeof *columns);
    for (size_t i = 0; i < plan->outcome_count; i++) {
        const pilot_plan_outcome_t *outcome = &plan->outcomes[i];
        pilot_figure_t smallest = {.value = outcome->smallest_effect,
                                   .given = outcome->has_smallest_effect};
        pilot_page_table_cell(table, outcome->name);
        pilot_page_table_cell(table, outcome->role == PILOT_ROLE_PRIMARY ? "primary" : "secondary");
        pilot_page_table_cell(table, pilot_outcome_type_name(outcome->type));
        pilot_page_table_cell(table, outcome->better == PILOT_BETTER_LOWER ? "lower" : "higher");
        pilot_page_table_take(table, outcome->has_smallest_effect
                                         ? pilot_figure_text(smallest, (pilot_figure_t){0})
                                         : NULL);
        pilot_page_table_cell(table, outcome->stands_for);
    }
    pilot_page_table_end(page, table);
}

static void item(pilot_page_t *page, const char *what, char *text)
{
    char *line PILOT_AUTOFREE = pilot_format("%s: %s", what, text);
    pilot_page_item(page, line);
    free(text);
}

static char *joined(char *const *text, size_t count)
{
    pilot_text_t all = PILOT_TEXT_INIT;
    page_append_names(&all, (const char *const *)text, count, SIZE_MAX);
    return pilot_text_take(&all);
}

static char *arms_of(const pilot_plan_t *plan)
{
    pilot_text_t text = PILOT_TEXT_INIT;
    for (size_t i = 0; i < plan->arm_count; i++) {
        pilot_text_appendf(&text, "%s%s", i ? ", " : "", plan->arms[i].label);
        if (i == 0)
            pilot_text_append(&text, " (control)");
        if (plan->arms[i].has_probability)
            pilot_text_appendf(&text, " with probability %.3g", plan->arms[i].probability);
    }
    return pilot_text_take(&text);
}

static char *design_of(const pilot_plan_t *plan)
{
    const pilot_plan_columns_t *columns = &plan->columns;
    return pilot_format(
        "%s%s%s%s",
        plan->level == PILOT_LEVEL_ACROSS ? "whole agencies or clusters across them were randomized"
                                          : "randomized within each agency",
        columns->block ? ", in blocks" : "", columns->cluster ? ", by clusters" : "",
        columns->weight ? ", units are weighted" : "");
}

static char *covariates_of(const pilot_plan_t *plan, bool subgroups)
{
    pilot_text_t text = PILOT_TEXT_INIT;
    size_t count = subgroups ? plan->subgroup_count : plan->covariate_count;
    for (size_t i = 0; i < count; i++) {
        const pilot_plan_covariate_t *covariate =
            &plan->covariates[subgroups ? plan->subgroups[i] : i];
        if (!subgroups && covariate->subgroup_only)
            continue;
        pilot_text_appendf(&text, "%s%s", text.length ? ", " : "", covariate->name);
    }
    if (text.length == 0)
        pilot_text_append(&text, "none");
    return pilot_text_take(&text);
}

static void plan_list(pilot_page_t *page, const pilot_plan_t *plan)
{
    pilot_page_list_begin(page);
    item(page, "Arms", arms_of(plan));
    item(page, "Design", design_of(plan));
    item(page, "Covariates", covariates_of(plan, false));
    item(page, "Subgroups", covariates_of(plan, true));
    item(page, "Estimators",
         plan->estimators_auto ? pilot_strdup("chosen by rule (auto)")
                               : joined(plan->estimators.item, plan->estimators.count));
    item(page, "Comparison of agencies",
         pilot_format("%s, %s", plan->comparison_method, plan->comparison_test));
    if (plan->comparison_by.count > 0)
        item(page, "Compared by", joined(plan->comparison_by.item, plan->comparison_by.count));
    pilot_page_list_end(page);
}

/* A JSON text without its quotes reads better. */
static char *json_shown(const char *json)
{
    if (!json)
        return pilot_strdup("(not given)");
    size_t length = strlen(json);
    bool plain = length > 2 && json[0] == '"' && !strchr(json, '\\');
    return plain ? pilot_strndup(json + 1, length - 2) : pilot_strdup(json);
}

static void deviation_table(pilot_page_t *page, const pilot_evaluation_t *evaluation)
{
    static const pilot_page_column_t columns[] = {{"What", false},
                                                  {"Was", false},
                                                  {"Is", false},
                                                  {"Version", true},
                                                  {"Registered (UTC)", false},
                                                  {"Submissions by then", true}};
    pilot_page_table_t *table =
        pilot_page_table_new("deviations", "Deviations from the plan that was registered first",
                             columns, sizeof columns / sizeof *columns);
    for (size_t i = 0; i < evaluation->deviation_count; i++) {
        const pilot_deviation_row_t *row = &evaluation->deviations[i];
        pilot_page_table_cell(table, row->path);
        pilot_page_table_take(table, json_shown(row->before));
        pilot_page_table_take(table, json_shown(row->after));
        pilot_page_table_take(table, pilot_format("%lld", (long long)row->version));
        pilot_page_table_cell(table, row->registered_at);
        pilot_page_table_take(table, pilot_figure_count(row->submissions_before));
    }
    pilot_page_table_end(page, table);
}

void page_part_plan(pilot_page_t *page, const pilot_evaluation_t *evaluation)
{
    pilot_page_section_begin(page, "plan", "What was planned");
    page_say(page, "Version %lld of the plan%s%s%s.", (long long)evaluation->plan_version,
             evaluation->plan_registered_at ? ", registered " : "",
             evaluation->plan_registered_at ? evaluation->plan_registered_at : "",
             evaluation->confirmatory ? ", before any data" : "");
    if (evaluation->plan) {
        outcome_table(page, evaluation->plan);
        plan_list(page, evaluation->plan);
    } else {
        pilot_page_note(page, "The plan itself is not told.");
    }
    pilot_page_heading(page, 3, "Deviations");
    if (evaluation->deviation_count > 0)
        deviation_table(page, evaluation);
    else
        pilot_page_paragraph(page, "None: the analysis follows the plan that was in force when the "
                                   "data arrived.");
    pilot_page_section_end(page);
}

/* ---- methods --------------------------------------------------------------------------------- */

typedef struct method {
    const char *name, *text;
} method_t;

static const method_t methods[] = {
    {"difference_in_means",
     "Difference in means: by blocks, weighted by their size; variance by Neyman, by pairs, or CR2 "
     "with clusters (Imbens & Rubin, Causal Inference, 2015; Pashley & Miratrix, JEBS 46, 2021)."},
    {"ols",
     "Regression on arms, covariates and block effects with HC2 or CR2 standard errors "
     "(MacKinnon & White, J. Econometrics 29, 1985; Bell & McCaffrey, Survey Methodology 28, "
     "2002; Pustejovsky & Tipton, JBES 36, 2018)."},
    {"lin", "Regression with covariates centred and interacted with every arm (Lin, Annals of "
            "Applied Statistics 7, 2013)."},
    {"iv", "Effect on those who take the treatment when it is offered: two-stage least squares "
           "(Angrist, Imbens & Rubin, JASA 91, 1996)."},
    {"horvitz_thompson", "Horvitz-Thompson weighting (JASA 47, 1952)."},
    {"hajek", "Hajek weighting: inverse probabilities, normalized."},
    {"risk_ratio", "Ratio of shares; score interval where a cell is empty (Miettinen & Nurminen, "
                   "Statistics in Medicine 4, 1985)."},
    {"odds_ratio", "Odds ratio; score interval where a cell is empty (Miettinen & Nurminen 1985)."},
    {"rate_ratio", "Ratio of rates: log-linear regression with a robust variance."},
    {"quantile", "Differences of quantiles with the variance of the design's bootstrap."},
    {"rank", "Chance that a unit of the arm is ranked above one of control (Brunner & Munzel, "
             "Biometrical Journal 42, 2000)."},
    {"variance_ratio", "Ratio of variances: whether outcomes became more alike."},
    {"rmst", "Difference of restricted mean survival time (Royston & Parmar, BMC Medical Research "
             "Methodology 13, 2013)."},
    {"log_rank", "Log-rank hazard ratio, (O-E)/V (Peto & Peto, JRSS A 135, 1972)."},
    {"lee_bounds", "Bounds under attrition (Lee, Review of Economic Studies 76, 2009; Imbens & "
                   "Manski, Econometrica 72, 2004)."},
    {0}};

static bool was_used(const pilot_evaluation_t *evaluation, const char *estimator)
{
    for (size_t i = 0; i < evaluation->effect_count; i++)
        if (page_text_is(evaluation->effects[i].key.estimator, estimator) &&
            !page_text_is(evaluation->effects[i].reason, "outcome_type"))
            return true;
    for (size_t i = 0; i < evaluation->agency_count; i++)
        if (page_text_is(evaluation->agencies[i].key.estimator, estimator))
            return true;
    return false;
}

static void comparison_methods(pilot_page_t *page, const pilot_evaluation_t *evaluation)
{
    if (evaluation->comparison_count == 0)
        return;
    pilot_page_item(page,
                    "Comparison of agencies: random effects with the between-agency variance by "
                    "REML, Paule-Mandel or DerSimonian-Laird (Viechtbauer, JEBS 30, 2005), "
                    "intervals by Knapp & Hartung (Statistics in Medicine 22, 2003), "
                    "Q-profile interval of the variance (Viechtbauer, Statistics in Medicine "
                    "26, 2007), prediction interval (Riley, Higgins & Deeks, BMJ 342, 2011), "
                    "I2 (Higgins & Thompson, Statistics in Medicine 21, 2002).");
    pilot_page_item(page,
                    "Agencies' effects are shrunken towards the average by empirical Bayes "
                    "(Morris, JASA 78, 1983; Raudenbush & Bryk, JES 10, 1985). Ranks come with "
                    "confidence sets (Mogstad, Romano, Shaikh & Wilhelm, Review of Economic "
                    "Studies 91, 2024).");
}

void page_part_methods(pilot_page_t *page, const pilot_evaluation_t *evaluation)
{
    pilot_page_section_begin(page, "methods", "Methods");
    pilot_page_paragraph(page, "Effects are of being assigned to an arm, each treatment against "
                               "control, unless it is said otherwise. Each outcome uses the units "
                               "that have it. A number that cannot be had is left out, with its "
                               "reason; it is never 0.");
    pilot_page_list_begin(page);
    for (const method_t *method = methods; method->name; method++)
        if (was_used(evaluation, method->name))
            pilot_page_item(page, method->text);
    comparison_methods(page, evaluation);
    pilot_page_item(page,
                    "Checks: shares of arms by chi-square, balance by robust F tests (Hansen & "
                    "Bowers, Statistical Science 23, 2008), attrition by the randomization "
                    "itself.");
    if (evaluation->released)
        pilot_page_item(page,
                        "Disclosure control: numbers that rest on too few units are suppressed, "
                        "counts are rounded.");
    pilot_page_list_end(page);
    pilot_page_paragraph(page,
                         "Words of the summary follow from intervals by fixed rules: better or "
                         "worse when the interval lies on one side of no effect; too small to "
                         "matter when it lies within the smallest effect that was declared to "
                         "matter; could not tell when it holds both harm and benefit.");
    pilot_page_section_end(page);
}

/* ---- origin ---------------------------------------------------------------------------------- */

static void fact(pilot_page_table_t *table, const char *what, const char *value)
{
    if (!value || !*value)
        return;
    pilot_page_table_cell(table, what);
    pilot_page_table_cell(table, value);
}

static void fact_number(pilot_page_table_t *table, const char *what, int64_t value)
{
    char *text PILOT_AUTOFREE = pilot_format("%lld", (long long)value);
    fact(table, what, text);
}

void page_part_origin(pilot_page_t *page, const pilot_evaluation_t *evaluation)
{
    static const pilot_page_column_t columns[] = {{"What", false}, {"Value", false}};
    pilot_page_section_begin(page, "origin", "Where this comes from");
    pilot_page_table_t *table = pilot_page_table_new("origin", "The analysis", columns, 2);
    fact(table, "Pilot", evaluation->pilot);
    fact_number(table, "Analysis", evaluation->analysis);
    fact(table, "Kind", evaluation->confirmatory ? "confirmatory" : "not confirmatory");
    fact_number(table, "Plan version", evaluation->plan_version);
    fact(table, "SHA-256 of the plan", evaluation->plan_sha256);
    fact(table, "SHA-256 of the data", evaluation->data_sha256);
    fact(table, "Launched (UTC)", evaluation->launched_at);
    fact(table, "Finished (UTC)", evaluation->finished_at);
    fact(table, "Software", evaluation->software_version);
    fact(table, "Processor class", evaluation->cpu_class);
    if (evaluation->released && evaluation->minimum_count > 0) {
        fact_number(table, "Fewest units that are shown", evaluation->minimum_count);
        fact_number(table, "Counts are rounded to", evaluation->round_to);
    }
    pilot_page_table_end(page, table);
    pilot_page_paragraph(page,
                         "The same plan and data give the same numbers, bit for bit, whatever "
                         "the number of workers. This report:");
    char *command PILOT_AUTOFREE = pilot_format(
        "pilot report %s --analysis %lld%s --output report.html", evaluation->pilot,
        (long long)evaluation->analysis, evaluation->released ? " --audience public" : "");
    pilot_page_code(page, command);
    if (!evaluation->released) {
        pilot_page_paragraph(page, "All numbers again, from the plan and the data files:");
        char *again PILOT_AUTOFREE =
            pilot_format("pilot run %s.yaml DATA.csv --report report.html", evaluation->pilot);
        pilot_page_code(page, again);
    }
    pilot_page_section_end(page);
}
