/* ratio_rate_variance.c - HC2 and CR2 of a log rate ratio, Poisson's variance being the working
 * model: the residuals' shrinkage by the fit, which small blocks make large, is given back by the
 * leverages.  Rows of one block and arm have one mean, so a cluster's leverage matrix has the rank
 * of its parts (rows of one block and arm): one, and a number, unless it crosses blocks.
 * Bell & McCaffrey (2002); for generalized linear models Pustejovsky & Tipton (2018).
 * See docs/methods/ratios.md. */
#include <math.h>
#include <stdlib.h>

#include "cluster_robust_eigen.h"
#include "pilot/memory.h"
#include "ratio_rate.h"

/* From here on a leverage is 1: of a row, of a cluster's direction. */
#define ROW_LEVERAGE_ONE (1 - 1e-9)
#define CLUSTER_LEVERAGE_ONE (1 - 1e-12)

/* Rows of one block and arm, of one cluster or one alone. */
typedef struct part {
    uint32_t block;
    double leaning;        /* of the arm from its share of the block's events */
    double mean, residual; /* sums, weighted */
} part_t;

static part_t make_part(const rate_t *rate, const contrast_unit_t *unit)
{
    const contrast_rows_t *rows = &rate->rows;
    const block_rate_t *block = &rate->block[unit->block];
    double events = events_of(block, 0) + events_of(block, 1);
    double share = block->share[unit->treated];
    double mean = events * share / weight_of(block, unit->treated);
    compensated_t weight = {0}, residual = {0};
    for (size_t i = unit->first; i < unit->end; i++) {
        compensated_add(&weight, rows->weight[i]);
        compensated_add(&residual, rows->weight[i] * (rows->outcome[i] - mean));
    }
    return (part_t){.block = unit->block,
                    .leaning = unit->treated ? block->share[0] : -block->share[1],
                    .mean = mean * compensated_value(&weight),
                    .residual = compensated_value(&residual)};
}

/* Element of the leverage matrix of two parts' directions. */
static double leverage(const rate_t *rate, const part_t *one, const part_t *other)
{
    const block_rate_t *block = &rate->block[one->block];
    double common = one->leaning * other->leaning / rate->information;
    if (one->block == other->block)
        common += 1 / (events_of(block, 0) + events_of(block, 1));
    return sqrt(one->mean) * sqrt(other->mean) * common;
}

/* Influence of one part, which alone is the unit. */
static double single_score(const rate_t *rate, const part_t *part, double most)
{
    double own = leverage(rate, part, part);
    double influence = part->leaning * part->residual / rate->information;
    if (own >= most)
        return INFINITY;
    return influence / sqrt(1 - own);
}

/* Of a cluster of several parts: influences taken by the inverse root of identity - leverages. */
static double cluster_score(const rate_t *rate, const part_t *part, size_t parts)
{
    double *matrix = PILOT_NEW_ARRAY(double, parts *parts), *value, *vector;
    compensated_t score = {0};
    bool decides = false;
    value = PILOT_NEW_ARRAY(double, parts);
    vector = PILOT_NEW_ARRAY(double, parts *parts);
    for (size_t i = 0; i < parts; i++)
        for (size_t j = 0; j < parts; j++)
            matrix[i * parts + j] = leverage(rate, &part[i], &part[j]);
    pilot_eigen(matrix, parts, value, vector);
    for (size_t k = 0; k < parts; k++) {
        compensated_t residual = {0}, loading = {0};
        for (size_t i = 0; i < parts; i++) {
            double along = vector[k * parts + i], root = sqrt(part[i].mean);
            if (!(root > 0))
                continue;
            compensated_add(&residual, along * (part[i].residual / root));
            compensated_add(&loading, along * root * part[i].leaning / rate->information);
        }
        if (value[k] < CLUSTER_LEVERAGE_ONE)
            compensated_add(&score, compensated_value(&loading) * compensated_value(&residual) /
                                        sqrt(1 - value[k]));
        /* The cluster's share of the coefficient, 1 in all clusters' sum of squares. */
        else if (pow(compensated_value(&loading), 2) * rate->information > 1e-10)
            decides = true;
    }
    free(matrix);
    free(value);
    free(vector);
    return decides ? INFINITY : compensated_value(&score);
}

/* Parts in order of their clusters: ret_part those of cluster s from ret_first[s]. */
static void sort_parts(const rate_t *rate, const contrast_unit_t *unit, size_t units,
                       part_t *ret_part, size_t *ret_first)
{
    const contrast_rows_t *rows = &rate->rows;
    size_t *next = PILOT_NEW_ARRAY(size_t, rows->clusters + 1);
    for (size_t u = 0; u < units; u++)
        ret_first[rows->cluster[unit[u].first] + 1]++;
    for (size_t s = 0; s < rows->clusters; s++)
        ret_first[s + 1] += ret_first[s];
    for (size_t s = 0; s < rows->clusters; s++)
        next[s] = ret_first[s];
    for (size_t u = 0; u < units; u++)
        ret_part[next[rows->cluster[unit[u].first]]++] = make_part(rate, &unit[u]);
    free(next);
}

static double clustered(const rate_t *rate, const contrast_unit_t *unit, size_t units)
{
    size_t *first = PILOT_NEW_ARRAY(size_t, rate->rows.clusters + 1);
    part_t *part = PILOT_NEW_ARRAY(part_t, units + 1);
    compensated_t variance = {0};
    bool decides = false;
    sort_parts(rate, unit, units, part, first);
    for (size_t s = 0; s < rate->rows.clusters; s++) {
        size_t parts = first[s + 1] - first[s];
        double score = parts == 1 ? single_score(rate, &part[first[s]], CLUSTER_LEVERAGE_ONE)
                                  : cluster_score(rate, &part[first[s]], parts);
        if (isinf(score))
            decides = true;
        else
            compensated_add(&variance, score * score);
    }
    free(first);
    free(part);
    return decides ? INFINITY : compensated_value(&variance);
}

static double unclustered(const rate_t *rate, const contrast_unit_t *unit, size_t units)
{
    compensated_t variance = {0};
    bool decides = false;
    for (size_t u = 0; u < units; u++) {
        part_t part = make_part(rate, &unit[u]);
        double score = single_score(rate, &part, ROW_LEVERAGE_ONE);
        if (isinf(score))
            decides = true;
        else
            compensated_add(&variance, score * score);
    }
    return decides ? INFINITY : compensated_value(&variance);
}

pilot_reason_t rate_ratio_variance(const rate_t *rate, double *ret_variance)
{
    size_t units;
    contrast_unit_t *unit = contrast_rows_units(&rate->rows, &units);
    *ret_variance =
        rate->rows.cluster ? clustered(rate, unit, units) : unclustered(rate, unit, units);
    free(unit);
    if (isfinite(*ret_variance))
        return PILOT_REASON_NONE;
    return isinf(*ret_variance) && !rate->rows.cluster ? PILOT_REASON_LEVERAGE_ONE
                                                       : PILOT_REASON_VARIANCE_UNIDENTIFIED;
}
