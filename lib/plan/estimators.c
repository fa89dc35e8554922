/* estimators.c - see pilot/estimators.h. */
#include "pilot/estimators.h"

#include <string.h>

#include "pilot/text.h"

static const char *const quantiles[] = {"0.1", "0.25", "0.5", "0.75", "0.9", NULL};
static const char *const bounds[] = {"lower", "upper", NULL};

#define ANY " continuous binary count ordinal duration "
#define NUMBERS " continuous binary count duration "

static const pilot_estimator_facts_t facts[PILOT_ESTIMATORS] = {
    [PILOT_DIFFERENCE_IN_MEANS] = {.name = "difference_in_means",
                                   .family = PILOT_FAMILY_DIFFERENCE,
                                   .estimand = "itt",
                                   .types = ANY,
                                   .by_category = true,
                                   .computed = true},
    [PILOT_OLS] = {.name = "ols",
                   .family = PILOT_FAMILY_REGRESSION,
                   .estimand = "itt",
                   .types = ANY,
                   .by_category = true,
                   .computed = true},
    [PILOT_LIN] = {.name = "lin",
                   .family = PILOT_FAMILY_REGRESSION,
                   .estimand = "itt",
                   .types = ANY,
                   .by_category = true,
                   .computed = true},
    [PILOT_IV] = {.name = "iv",
                  .family = PILOT_FAMILY_REGRESSION,
                  .estimand = "cace",
                  .types = ANY,
                  .by_category = true,
                  .computed = true,
                  .needs_received = true},
    [PILOT_HORVITZ_THOMPSON] = {.name = "horvitz_thompson",
                                .family = PILOT_FAMILY_CONTRAST,
                                .estimand = "itt",
                                .types = NUMBERS,
                                .uses_probability = true,
                                .computed = true},
    [PILOT_HAJEK] = {.name = "hajek",
                     .family = PILOT_FAMILY_CONTRAST,
                     .estimand = "itt",
                     .types = NUMBERS,
                     .uses_probability = true,
                     .computed = true},
    [PILOT_RISK_RATIO] = {.name = "risk_ratio",
                          .family = PILOT_FAMILY_CONTRAST,
                          .estimand = "itt",
                          .types = " binary ",
                          .log_scale = true,
                          .computed = true},
    [PILOT_ODDS_RATIO] = {.name = "odds_ratio",
                          .family = PILOT_FAMILY_CONTRAST,
                          .estimand = "itt",
                          .types = " binary ",
                          .log_scale = true,
                          .computed = true},
    [PILOT_RATE_RATIO] = {.name = "rate_ratio",
                          .family = PILOT_FAMILY_CONTRAST,
                          .estimand = "itt",
                          .types = " count binary ",
                          .log_scale = true,
                          .computed = true},
    [PILOT_QUANTILE] = {.name = "quantile",
                        .family = PILOT_FAMILY_CONTRAST,
                        .estimand = "itt",
                        .types = " continuous count duration ",
                        .parameter = quantiles,
                        .computed = true},
    [PILOT_RANK] = {.name = "rank",
                    .family = PILOT_FAMILY_CONTRAST,
                    .estimand = "itt",
                    .types = ANY,
                    .null = 0.5,
                    .computed = true},
    [PILOT_VARIANCE_RATIO] = {.name = "variance_ratio",
                              .family = PILOT_FAMILY_CONTRAST,
                              .estimand = "itt",
                              .types = " continuous count duration ",
                              .log_scale = true,
                              .undirected = true,
                              .computed = true},
    [PILOT_RMST] = {.name = "rmst",
                    .family = PILOT_FAMILY_CONTRAST,
                    .estimand = "itt",
                    .types = " duration ",
                    .needs_event = true,
                    .computed = true},
    [PILOT_LOG_RANK] = {.name = "log_rank",
                        .family = PILOT_FAMILY_CONTRAST,
                        .estimand = "itt",
                        .types = " duration ",
                        .needs_event = true,
                        .log_scale = true,
                        .reversed = true,
                        .computed = true},
    [PILOT_LEE_BOUNDS] = {.name = "lee_bounds",
                          .family = PILOT_FAMILY_CONTRAST,
                          .estimand = "itt",
                          .types = NUMBERS,
                          .parameter = bounds,
                          .computed = true},
};

const pilot_estimator_facts_t *pilot_estimator_facts(pilot_estimator_t estimator)
{
    return &facts[estimator];
}

pilot_estimator_t pilot_estimator_from_name(const char *name)
{
    pilot_estimator_t estimator = 0;
    while (estimator < PILOT_ESTIMATORS && strcmp(facts[estimator].name, name) != 0)
        estimator++;
    return estimator;
}

bool pilot_estimator_takes(pilot_estimator_t estimator, const char *type)
{
    const char *found = strstr(facts[estimator].types, type);
    size_t length = strlen(type);
    return found && length > 0 && found[-1] == ' ' && found[length] == ' ';
}
