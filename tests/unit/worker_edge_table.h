/* worker_edge_table.h - two agencies' rows for every estimator, blocked and clustered or not, that
 * a test edits unit by unit. */
#ifndef PILOT_WORKER_EDGE_TABLE_H
#define PILOT_WORKER_EDGE_TABLE_H

#include <math.h>

#include "worker_table_jobs.h"

enum { AGENCIES = 2, UNITS = 72, ALL = AGENCIES * UNITS };

typedef struct unit {
    int agency, id, block, cluster;
    const char *arm;
    double y, b, n, d, event, x, r; /* NAN: missing */
    bool gone;
} unit_t;

typedef void edit_t(unit_t *unit);

static const char *const estimators[] = {"difference_in_means",
                                         "ols",
                                         "lin",
                                         "iv",
                                         "horvitz_thompson",
                                         "hajek",
                                         "risk_ratio",
                                         "odds_ratio",
                                         "rate_ratio",
                                         "quantile",
                                         "rank",
                                         "variance_ratio",
                                         "rmst",
                                         "log_rank",
                                         "lee_bounds"};
enum { ESTIMATORS = sizeof estimators / sizeof *estimators };

/* The outcome that suits an estimator: y continuous, b binary, n counts, d durations. */
static inline const char *outcome_of(const char *estimator)
{
    if (strcmp(estimator, "risk_ratio") == 0 || strcmp(estimator, "odds_ratio") == 0)
        return "b";
    if (strcmp(estimator, "rate_ratio") == 0)
        return "n";
    return strcmp(estimator, "rmst") == 0 || strcmp(estimator, "log_rank") == 0 ? "d" : "y";
}

static inline double draw(unsigned seed, unsigned i)
{
    unsigned long long x = (seed * 1000003ull + i + 1) * 6364136223846793005ull;
    x ^= x >> 31;
    x *= 1442695040888963407ull;
    return (double)(x >> 40) / (double)(1u << 24);
}

/* Blocks of 18 units, clusters of 3, a third of each block's clusters in each arm. */
static inline unit_t make_unit(unsigned i)
{
    static const char *const arms[] = {"c", "a", "b"};
    unsigned within = i % UNITS, cluster = within / 3;
    unit_t unit = {.agency = (int)(i / UNITS),
                   .id = (int)within,
                   .block = (int)(within / 18),
                   .cluster = (int)cluster};
    unit.arm = arms[cluster % 3];
    double effect = 0.5 * (cluster % 3 == 1);
    unit.x = draw(1, i);
    unit.y = round(1000 * (4 + effect + unit.x + 2 * draw(2, i) + draw(3, cluster))) / 1000;
    unit.b = draw(4, i) < 0.4 + 0.2 * effect;
    unit.n = floor(1 + effect + 5 * draw(5, i));
    unit.d = floor(1 + 20 * draw(6, i));
    unit.event = draw(7, i) < 0.7;
    unit.r = (cluster % 3 == 1 && draw(8, i) < 0.8) || draw(9, i) < 0.15;
    return unit;
}

static inline void print_number(FILE *out, double value)
{
    if (isnan(value))
        fputc(',', out);
    else
        fprintf(out, ",%.17g", value);
}

/* Backwards: rows in reverse order. */
static inline table_t make_table(edit_t *edit, bool backwards)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    fputs("agency,unit,block,cluster,arm,y,b,n,d,d_event,x,r\n", out);
    for (unsigned k = 0; k < ALL; k++) {
        unit_t unit = make_unit(backwards ? ALL - 1 - k : k);
        if (edit)
            edit(&unit);
        if (unit.gone)
            continue;
        fprintf(out, "a%d,u%03d,p%d,k%02d,%s", unit.agency, unit.id, unit.block, unit.cluster,
                unit.arm);
        print_number(out, unit.y);
        print_number(out, unit.b);
        print_number(out, unit.n);
        print_number(out, unit.d);
        print_number(out, unit.event);
        print_number(out, unit.x);
        print_number(out, unit.r);
        fputc('\n', out);
    }
    fclose(out);
    return table_parse(text);
}

enum { BLOCKED = 1, CLUSTERED = 2, DESIGNS = 4 };

static inline jobs_plan_t plan_of(int design)
{
    jobs_plan_t plan = {.arm = {"c", "a", "b"},
                        .outcome = {"y", "b", "n", "d"},
                        .type = {"continuous", "binary", "count", "duration"},
                        .covariate = {"x"},
                        .received = "r",
                        .agency = {"a0", "a1"}};
    memcpy(plan.estimator, estimators, sizeof estimators);
    plan.block = design & BLOCKED ? "block" : NULL;
    plan.cluster = design & CLUSTERED ? "cluster" : NULL;
    return plan;
}

static inline const char *design_name(int design)
{
    static const char *const names[] = {"", ", blocks", ", clusters", ", blocks, clusters"};
    return names[design];
}

/* list: names between blanks, or " * ". */
static inline bool holds(const char *list, const char *word)
{
    char padded[64];
    snprintf(padded, sizeof padded, " %s ", word);
    return strcmp(list, " * ") == 0 || strstr(list, padded);
}

static inline const Pilot__Effect *row_of(const jobs_results_t *results, const char *agency,
                                          const char *estimator)
{
    return jobs_find(results, (jobs_key_t){.agency = agency,
                                           .outcome = outcome_of(estimator),
                                           .arm = "a",
                                           .estimand = strcmp(estimator, "iv") ? "itt" : "cace",
                                           .estimator = estimator});
}

#endif
