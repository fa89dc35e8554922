/* pilot/estimators.h - the estimators that a plan may name: the one table of what each is defined
 * for and which rows it gives. */
#ifndef PILOT_ESTIMATORS_H
#define PILOT_ESTIMATORS_H

#include <stdbool.h>
#include <stddef.h>

typedef enum pilot_estimator {
    PILOT_DIFFERENCE_IN_MEANS,
    PILOT_OLS,
    PILOT_LIN,
    PILOT_IV,
    PILOT_HORVITZ_THOMPSON,
    PILOT_HAJEK,
    PILOT_RISK_RATIO,
    PILOT_ODDS_RATIO,
    PILOT_RATE_RATIO,
    PILOT_QUANTILE,
    PILOT_RANK,
    PILOT_VARIANCE_RATIO,
    PILOT_RMST,
    PILOT_LOG_RANK,
    PILOT_LEE_BOUNDS,
    PILOT_ESTIMATORS /* how many; also: none */
} pilot_estimator_t;

/* How its numbers come about, and so which job computes them. */
typedef enum pilot_estimator_family {
    PILOT_FAMILY_DIFFERENCE, /* block summaries that merge */
    PILOT_FAMILY_REGRESSION, /* two rounds of parts that merge */
    PILOT_FAMILY_CONTRAST    /* needs the contrast's rows in one place: pilot/contrast.h */
} pilot_estimator_family_t;

typedef struct pilot_estimator_facts {
    const char *name;
    pilot_estimator_family_t family;
    const char *estimand;         /* "itt", "cace" */
    const char *types;            /* outcome types, a space on either side: " binary count " */
    const char *const *parameter; /* one row each, NULL at the end; NULL: one row, no parameter */
    bool by_category; /* an ordinal outcome gives one row a category, its share's difference */
    bool needs_received, needs_event;
    bool uses_probability; /* columns.probability, where the plan has it */
    bool log_scale;        /* estimate, standard error and interval are logarithms of a ratio */
    double null;           /* the value that says no effect */
    bool reversed;         /* a larger estimate says that the outcome became smaller */
    bool undirected;       /* neither direction is better, whatever is of the outcome */
    bool computed;         /* by this version; else its rows say not_in_this_version */
} pilot_estimator_facts_t;

const pilot_estimator_facts_t *pilot_estimator_facts(pilot_estimator_t estimator);
/* PILOT_ESTIMATORS when no estimator has this name. */
pilot_estimator_t pilot_estimator_from_name(const char *name);
/* Is it defined for outcomes of this type ("binary", ...)? */
bool pilot_estimator_takes(pilot_estimator_t estimator, const char *type);

#endif
