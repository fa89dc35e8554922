#include "power_plan.h"

#include <math.h>
#include <string.h>

#include "pilot/memory.h"

double pilot_power_arm_share(const pilot_plan_t *plan, size_t arm)
{
    return plan->arms[0].has_probability ? plan->arms[arm].probability
                                         : 1 / (double)plan->arm_count;
}

static bool is_clustered(const pilot_plan_t *plan)
{
    return plan->columns.cluster || plan->level == PILOT_LEVEL_ACROSS;
}

/* ---- the size of the pilot ------------------------------------------------------------------- */

static pilot_status_t read_clusters(const pilot_plan_t *plan, const char *file,
                                    const pilot_power_request_t *request,
                                    pilot_power_setting_t *setting, pilot_error_t *error)
{
    const pilot_plan_power_t *power = &plan->power;
    bool own = plan->columns.cluster;
    double clusters = (double)(own ? power->clusters : power->agencies);
    double units = (double)(power->units ? power->units : request->units);
    if (!own && clusters == 0)
        clusters = (double)plan->agency_count;
    if (power->cluster_size.given)
        setting->cluster_size = power->cluster_size.value;
    else if (clusters > 0 && units >= clusters)
        setting->cluster_size = units / clusters;
    else
        return pilot_error_set(error, PILOT_E_PLAN,
                               "%s: power.cluster_size is missing: %s are randomized; give their "
                               "mean number of units",
                               file, own ? "clusters" : "agencies");
    if (setting->units == 0)
        setting->units = clusters * setting->cluster_size;
    return PILOT_OK;
}

pilot_status_t pilot_power_read(const pilot_plan_t *plan, const char *file,
                                const pilot_power_request_t *request,
                                pilot_power_setting_t *ret_setting, pilot_error_t *error)
{
    const pilot_plan_power_t *power = &plan->power;
    double agencies =
        power->agencies ? (double)power->agencies : fmax(1, (double)plan->agency_count);
    *ret_setting = (pilot_power_setting_t){
        .units = (double)(request->units ? request->units : power->units),
        .agencies = plan->level == PILOT_LEVEL_ACROSS ? 1 : agencies,
        .target =
            request->power > 0 ? request->power : (power->power.given ? power->power.value : 0.8)};
    if (ret_setting->target <= 1 - plan->confidence)
        return pilot_error_set(error, PILOT_E_USAGE,
                               "--power: %g is not above %g, which a test has without any effect",
                               ret_setting->target, 1 - plan->confidence);
    pilot_status_t status =
        is_clustered(plan) ? read_clusters(plan, file, request, ret_setting, error) : PILOT_OK;
    if (!status && ret_setting->units > 0 && ret_setting->units < ret_setting->agencies)
        return pilot_error_set(error, PILOT_E_USAGE,
                               "--units: %.0f units are fewer than the %.0f agencies",
                               ret_setting->units, ret_setting->agencies);
    return status;
}

/* ---- multiplicity ---------------------------------------------------------------------------- */

static bool has_words(const char *word, const char *const *words)
{
    for (; *words; words++)
        if (strcmp(word, *words) == 0)
            return true;
    return false;
}

/* These control the chance of any false finding; the smallest p-value of m is held against alpha /
 * m (by hochberg, westfall_young and romano_wolf against that or more). */
static bool divides_alpha(const pilot_plan_t *plan)
{
    static const char *const words[] = {"bonferroni",     "holm",        "hochberg",
                                        "westfall_young", "romano_wolf", NULL};
    return has_words(plan->multiplicity, words);
}

static bool same_family(const pilot_plan_outcome_t *a, const pilot_plan_outcome_t *b)
{
    if (a->family || b->family)
        return a->family && b->family && strcmp(a->family, b->family) == 0;
    return a->role == PILOT_ROLE_PRIMARY && b->role == PILOT_ROLE_PRIMARY;
}

/* Tests that are adjusted together with this outcome's: its family's outcomes, or the primary ones,
 * times the contrasts. */
static double family_size(const pilot_plan_t *plan, const pilot_plan_outcome_t *outcome)
{
    size_t outcomes = 0;
    for (size_t i = 0; i < plan->outcome_count; i++)
        outcomes += same_family(&plan->outcomes[i], outcome);
    return outcomes ? (double)(outcomes * (plan->arm_count - 1)) : 1;
}

/* ---- what was assumed ------------------------------------------------------------------------ */

static bool names_estimator(const pilot_plan_t *plan, const char *name)
{
    for (size_t i = 0; i < plan->estimators.count; i++)
        if (strcmp(plan->estimators.item[i], name) == 0)
            return true;
    return plan->estimators_auto;
}

static bool regresses(const pilot_plan_t *plan)
{
    return names_estimator(plan, "ols") || names_estimator(plan, "lin");
}

static const char *regression_of(const pilot_plan_t *plan)
{
    if (plan->estimators_auto)
        return "auto";
    for (size_t i = 0; i < plan->estimators.count; i++)
        if (strcmp(plan->estimators.item[i], "ols") == 0 ||
            strcmp(plan->estimators.item[i], "lin") == 0)
            return plan->estimators.item[i];
    return "ols";
}

static bool compares_means(const pilot_plan_t *plan)
{
    return names_estimator(plan, "difference_in_means");
}

static bool has_covariates(const pilot_plan_t *plan)
{
    for (size_t i = 0; i < plan->covariate_count; i++)
        if (!plan->covariates[i].subgroup_only)
            return true;
    return false;
}

void pilot_power_note_design(const pilot_plan_t *plan, const pilot_power_setting_t *setting,
                             pilot_text_t *notes)
{
    const pilot_plan_power_t *power = &plan->power;
    if (plan->columns.block && !power->blocks && !power->block_size)
        pilot_text_appendf(notes, "power.blocks is not given: taken as %s\n",
                           setting->agencies > 1 ? "one an agency" : "one");
    if ((power->r2.given || power->r2_cluster.given) && !has_covariates(plan))
        pilot_text_append(notes, "power.r2: the plan names no covariates yet that could explain "
                                 "anything\n");
    else if ((power->r2.given || power->r2_cluster.given) && !regresses(plan))
        pilot_text_append(notes, "power.r2: no estimator of the plan uses covariates; the numbers "
                                 "are those of ols\n");
    if (strcmp(plan->multiplicity, "none") != 0 && !divides_alpha(plan))
        pilot_text_appendf(notes,
                           "analysis.multiplicity: %s depends on all p-values at once; these "
                           "numbers are of a single test\n",
                           plan->multiplicity);
    else if (strcmp(plan->multiplicity, "none") != 0)
        pilot_text_appendf(notes,
                           "analysis.multiplicity: %s: alpha is shared by the tests of a family, "
                           "which is what its first step asks; power is that or more\n",
                           plan->multiplicity);
}

/* ---- outcomes -------------------------------------------------------------------------------- */

static const pilot_plan_power_outcome_t *find_given(const pilot_plan_t *plan, const char *name)
{
    static const pilot_plan_power_outcome_t nothing;
    for (size_t i = 0; i < plan->power.outcome_count; i++)
        if (strcmp(plan->power.outcomes[i].name, name) == 0)
            return &plan->power.outcomes[i];
    return &nothing;
}

static double first_given(pilot_plan_number_t outcome, pilot_plan_number_t section)
{
    return outcome.given ? outcome.value : section.value;
}

static void read_design(const pilot_plan_t *plan, const pilot_power_setting_t *setting,
                        const pilot_plan_power_outcome_t *given, pilot_power_design_t *design)
{
    const pilot_plan_power_t *power = &plan->power;
    double r2 = first_given(given->r2, power->r2);
    double r2_cluster = first_given(given->r2_cluster, power->r2_cluster);
    size_t covariates = 0;
    for (size_t i = 0; i < plan->covariate_count; i++)
        covariates += !plan->covariates[i].subgroup_only;
    bool across = plan->level == PILOT_LEVEL_ACROSS;
    *design = (pilot_power_design_t){
        .scope = across ? PILOT_POWER_POOLED : PILOT_POWER_AGENCY,
        .arms = plan->arm_count,
        .control_share = pilot_power_arm_share(plan, 0),
        .agencies = setting->agencies,
        .clustered = setting->cluster_size > 0,
        .cluster_size = setting->cluster_size,
        .cluster_size_cv = power->cluster_size_cv.value,
        .icc = first_given(given->icc, power->icc),
        .blocked = plan->columns.block,
        .block_size = (double)power->block_size,
        .blocks = power->blocks ? (double)power->blocks : 1,
        .r2_block = power->r2_block.value,
        .adjusted = r2 > 0 || r2_cluster > 0 || (regresses(plan) && !compares_means(plan)),
        .r2 = r2,
        .r2_cluster = r2_cluster,
        .covariates = (double)(power->has_covariates ? (size_t)power->covariates : covariates),
        .cluster_covariates = power->has_cluster_covariates ? (double)power->cluster_covariates
                                                            : (r2_cluster > 0 ? 1 : 0),
        .attrition = first_given(given->attrition, power->attrition),
        .effect_sd = given->effect_sd.value,
        .normal = strcmp(plan->comparison_test, "z") == 0,
        .textbook = power->textbook,
    };
}

/* Mean and standard deviation, as far as they are known. */
static pilot_status_t read_distribution(const char *file, const pilot_plan_outcome_t *outcome,
                                        const pilot_plan_power_outcome_t *given,
                                        pilot_power_row_t *row, pilot_text_t *notes,
                                        pilot_error_t *error)
{
    pilot_power_design_t *design = &row->design;
    design->mean = given->mean.value;
    design->sd = given->sd.given ? given->sd.value : 1;
    if (outcome->type == PILOT_OUTCOME_BINARY) {
        design->type = PILOT_POWER_SHARE;
        if (given->mean.given)
            return PILOT_OK;
        design->mean = 0.5;
        pilot_text_appendf(notes,
                           "power.outcomes.%s.mean is not given: 0.5, where a share varies most\n",
                           outcome->name);
        return PILOT_OK;
    }
    if (outcome->type == PILOT_OUTCOME_COUNT) {
        design->type = PILOT_POWER_COUNT;
        design->sd = given->sd.given ? given->sd.value : sqrt(design->mean);
        if (given->mean.given)
            return PILOT_OK;
        return pilot_error_set(error, PILOT_E_PLAN,
                               "%s: power.outcomes.%s.mean is missing: how much a count varies "
                               "depends on it",
                               file, outcome->name);
    }
    row->standardized = !given->sd.given;
    if (outcome->type == PILOT_OUTCOME_ORDINAL)
        pilot_text_appendf(notes, "%s: an ordinal outcome is taken by its levels 0, 1, 2 ...\n",
                           outcome->name);
    if (outcome->type == PILOT_OUTCOME_DURATION)
        pilot_text_appendf(notes, "%s: a duration is taken by its mean, as if none were censored\n",
                           outcome->name);
    return PILOT_OK;
}

/* The effect to look for: the command line's, the section's, or the smallest that matters. */
static pilot_status_t read_effect(const char *file, const pilot_power_request_t *request,
                                  const pilot_power_setting_t *setting,
                                  const pilot_plan_outcome_t *outcome,
                                  const pilot_plan_power_outcome_t *given, pilot_power_row_t *row,
                                  pilot_text_t *notes, pilot_error_t *error)
{
    const pilot_power_design_t *design = &row->design;
    if (request->effect > 0)
        row->effect = PILOT_GIVEN(request->effect);
    else if (given->effect.given)
        row->effect = PILOT_GIVEN(given->effect.value);
    else if (outcome->has_smallest_effect && !row->standardized)
        row->effect = PILOT_GIVEN(outcome->smallest_effect);
    else if (outcome->has_smallest_effect)
        pilot_text_appendf(notes,
                           "analysis.smallest_effect: that of %s is in its own unit; give "
                           "power.outcomes.%s.sd for its power\n",
                           outcome->name, outcome->name);
    double reached = design->mean + (row->down ? -1 : 1) * row->effect.value;
    if (design->type != PILOT_POWER_MEAN &&
        (reached < 0 || (design->type == PILOT_POWER_SHARE && reached > 1)))
        return pilot_error_set(error, request->effect > 0 ? PILOT_E_USAGE : PILOT_E_PLAN,
                               "%s: the effect %g takes the mean of %s from %g to %g, out of its "
                               "range",
                               file, row->effect.value, outcome->name, design->mean, reached);
    if (!row->effect.given && setting->units == 0)
        return pilot_error_set(error, PILOT_E_PLAN,
                               "%s: %s has neither a size of the pilot nor an effect to look for: "
                               "give power.units (or --units) or power.outcomes.%s.effect (or "
                               "--effect)",
                               file, outcome->name, outcome->name);
    return PILOT_OK;
}

pilot_status_t pilot_power_read_outcome(const pilot_plan_t *plan, const char *file,
                                        const pilot_power_request_t *request,
                                        const pilot_power_setting_t *setting,
                                        const pilot_plan_outcome_t *outcome,
                                        pilot_power_row_t *ret_row, pilot_text_t *notes,
                                        pilot_error_t *error)
{
    const pilot_plan_power_outcome_t *given = find_given(plan, outcome->name);
    *ret_row = (pilot_power_row_t){.outcome = outcome,
                                   .down = outcome->better == PILOT_BETTER_LOWER,
                                   .target = setting->target};
    if (is_clustered(plan) && !plan->power.icc.given && !given->icc.given)
        return pilot_error_set(
            error, PILOT_E_PLAN,
            "%s: power.icc is missing: how alike %s are decides the power of "
            "%s (write 0 if they are not)",
            file, plan->columns.cluster ? "the units of a cluster" : "the units of an agency",
            outcome->name);
    read_design(plan, setting, given, &ret_row->design);
    double alpha = 1 - plan->confidence;
    ret_row->design.alpha = divides_alpha(plan) ? alpha / family_size(plan, outcome) : alpha;
    ret_row->estimator = ret_row->design.adjusted ? regression_of(plan) : "difference_in_means";
    pilot_status_t status = read_distribution(file, outcome, given, ret_row, notes, error);
    return status ? status
                  : read_effect(file, request, setting, outcome, given, ret_row, notes, error);
}
