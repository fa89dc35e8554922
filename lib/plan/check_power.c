/* Contradictions within `power`, and between it and the rest of the plan. */
#include <math.h>
#include <string.h>

#include "draft.h"

typedef struct check {
    const pilot_plan_t *plan;
    pilot_document_t *document;
    yaml_node_t *section;
    pilot_error_t *error;
} check_t;

/* Keys that only some designs have. */
typedef struct owned_key {
    const char *key;
    bool clusters; /* else blocks */
    bool of_outcome;
} owned_key_t;

static const owned_key_t owned_keys[] = {
    {"clusters", true, false}, {"cluster_size", true, false}, {"cluster_size_cv", true, false},
    {"icc", true, true},       {"r2_cluster", true, true},    {"cluster_covariates", true, false},
    {"blocks", false, false},  {"block_size", false, false},  {"r2_block", false, false},
};

static pilot_status_t check_owned_keys(const check_t *check, yaml_node_t *mapping, bool of_outcome)
{
    const pilot_plan_t *plan = check->plan;
    bool clustered = plan->columns.cluster || plan->level == PILOT_LEVEL_ACROSS;
    for (size_t i = 0; i < sizeof owned_keys / sizeof *owned_keys; i++) {
        const owned_key_t *own = &owned_keys[i];
        yaml_node_t *value = pilot_document_get(check->document, mapping, own->key);
        if (!value || (of_outcome && !own->of_outcome))
            continue;
        if (own->clusters ? !clustered : !plan->columns.block)
            return pilot_document_error(check->document,
                                        pilot_document_key(check->document, mapping, own->key),
                                        check->error, "power.%s%s: the plan has no %s",
                                        of_outcome ? "outcomes." : "", own->key,
                                        own->clusters ? "clusters; give columns.cluster, or "
                                                        "analysis.level: across"
                                                      : "blocks; give columns.block");
    }
    return PILOT_OK;
}

static pilot_status_t complain(const check_t *check, const char *key, const char *what)
{
    return pilot_document_error(check->document,
                                pilot_document_key(check->document, check->section, key),
                                check->error, "power.%s: %s", key, what);
}

/* Do the numbers of units, clusters and blocks fit together? */
static pilot_status_t check_counts(const check_t *check)
{
    const pilot_plan_t *plan = check->plan;
    const pilot_plan_power_t *power = &plan->power;
    bool agencies_are_clusters = plan->level == PILOT_LEVEL_ACROSS && !plan->columns.cluster;
    int64_t clusters = agencies_are_clusters ? power->agencies : power->clusters;
    if (agencies_are_clusters && power->clusters)
        return complain(check, "clusters", "the agencies are the clusters; write agencies");
    if (power->blocks && power->block_size)
        return complain(check, "block_size", "blocks is given too; give one of the two");
    if (power->units && clusters && power->cluster_size.given &&
        fabs((double)clusters * power->cluster_size.value / (double)power->units - 1) > 0.005)
        return complain(check, "units", "it is not clusters x cluster_size; give two of the three");
    if (power->units && clusters > power->units)
        return complain(check, "units", "there are fewer than clusters");
    if (power->units && power->agencies > power->units)
        return complain(check, "units", "there are fewer than agencies");
    if (power->power.given && power->power.value <= 1 - plan->confidence)
        return complain(check, "power",
                        "it must be above 1 - analysis.confidence, which a test "
                        "has without any effect");
    return PILOT_OK;
}

static pilot_status_t check_values(const check_t *check, yaml_node_t *mapping,
                                   const pilot_plan_outcome_t *outcome,
                                   const pilot_plan_power_outcome_t *given)
{
    pilot_document_t *document = check->document;
    bool binary = outcome->type == PILOT_OUTCOME_BINARY;
    yaml_node_t *mean = pilot_document_get(document, mapping, "mean");
    yaml_node_t *effect = pilot_document_get(document, mapping, "effect");
    bool down = outcome->better == PILOT_BETTER_LOWER;
    double reached = given->mean.value + (down ? -1 : 1) * given->effect.value;
    if (binary && given->sd.given)
        return pilot_document_error(document, pilot_document_key(document, mapping, "sd"),
                                    check->error,
                                    "power.outcomes.sd: that of a binary outcome follows from its "
                                    "mean; leave it out");
    if (binary && mean && (given->mean.value <= 0 || given->mean.value >= 1))
        return pilot_document_error(document, mean, check->error,
                                    "power.outcomes.mean: a binary outcome's is a share between 0 "
                                    "and 1 (0.3 means 30 %%)");
    if (outcome->type == PILOT_OUTCOME_COUNT && mean && given->mean.value <= 0)
        return pilot_document_error(document, mean, check->error,
                                    "power.outcomes.mean: a count's is above 0");
    if ((binary || outcome->type == PILOT_OUTCOME_COUNT) && mean && effect &&
        (reached < 0 || (binary && reached > 1)))
        return pilot_document_error(document, effect, check->error,
                                    "power.outcomes.effect: it takes the mean to %g, out of its "
                                    "range",
                                    reached);
    if (given->effect_sd.given && check->plan->level == PILOT_LEVEL_ACROSS)
        return pilot_document_error(document, pilot_document_key(document, mapping, "effect_sd"),
                                    check->error,
                                    "power.outcomes.effect_sd: with analysis.level across an "
                                    "agency has no effect of its own");
    return check_owned_keys(check, mapping, true);
}

pilot_status_t pilot_check_power(pilot_draft_t *draft, pilot_document_t *document,
                                 pilot_error_t *error)
{
    pilot_plan_power_t *power = &draft->plan.power;
    check_t check = {&draft->plan, document,
                     pilot_document_get(document, pilot_document_root(document), "power"), error};
    power->textbook = draft->power_test && strcmp(draft->power_test, "textbook") == 0;
    pilot_status_t status = check_owned_keys(&check, check.section, false);
    if (!status)
        status = check_counts(&check);
    yaml_node_t *outcomes = pilot_document_get(document, check.section, "outcomes");
    for (size_t i = 0; !status && i < power->outcome_count; i++) {
        const char *name = power->outcomes[i].name;
        const pilot_plan_outcome_t *outcome = pilot_plan_find_outcome(&draft->plan, name);
        char quoted[PILOT_QUOTED_SIZE];
        if (!outcome)
            return pilot_document_error(document, pilot_document_key(document, outcomes, name),
                                        error, "power.outcomes: %s is not an outcome",
                                        pilot_quoted(name, quoted));
        status = check_values(&check, pilot_document_get(document, outcomes, name), outcome,
                              &power->outcomes[i]);
    }
    return status;
}
