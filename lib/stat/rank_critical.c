/* rank_critical.c - see rank_critical.h. */
#include "rank_critical.h"

#include <gsl/gsl_integration.h>
#include <math.h>

#include "pilot/memory.h"

/* Gauss-Legendre on panels that get short towards |z| = c, where the factors of rivals with small
 * standard errors are steep. */
#define PANELS 9
#define PANEL_POINTS 5
#define HALF (PANELS * PANEL_POINTS)
#define POINTS (2 * HALF) /* the mirrored half first: point q is minus point POINTS - 1 - q */
#define FARTHEST 8.5
#define LEAST_LOG -700.0

typedef struct layer {
    double z[POINTS], weight[POINTS]; /* times the normal density */
    bool has[RANK_RATIOS];
    double both[RANK_RATIOS][POINTS], one[RANK_RATIOS][POINTS];
} layer_t;

struct rank_table {
    layer_t *layer[RANK_NODES];
    gsl_integration_glfixed_table *rule;
};

rank_table_t *rank_table_new(void)
{
    rank_table_t *table = PILOT_NEW(rank_table_t);
    table->rule = gsl_integration_glfixed_table_alloc(PANEL_POINTS);
    if (!table->rule)
        pilot_out_of_memory();
    return table;
}

void rank_table_free(rank_table_t *table)
{
    if (!table)
        return;
    for (size_t i = 0; i < RANK_NODES; i++)
        pilot_free_pointer(&table->layer[i]);
    gsl_integration_glfixed_table_free(table->rule);
    pilot_free_pointer(&table);
}

/* ---- factors --------------------------------------------------------------------------------- */

static layer_t *layer_new(const rank_table_t *table, double c)
{
    static const double from_c[PANELS + 1] = {-INFINITY, -2,  -0.7, -0.2, -0.05,
                                              0.05,      0.2, 0.7,  2,    INFINITY};
    layer_t *layer = PILOT_NEW(layer_t);
    double begin = 0;
    for (size_t p = 0; p < PANELS; p++) {
        double end = fmin(fmax(c + from_c[p + 1], begin), FARTHEST);
        for (size_t i = 0; i < PANEL_POINTS; i++) {
            size_t q = HALF + p * PANEL_POINTS + i;
            double z, weight;
            gsl_integration_glfixed_point(begin, end, i, &z, &weight, table->rule);
            layer->z[q] = z;
            layer->weight[q] = weight * exp(-0.5 * z * z) / sqrt(2 * M_PI);
            layer->z[POINTS - 1 - q] = -z;
            layer->weight[POINTS - 1 - q] = layer->weight[q];
        }
        begin = end;
    }
    return layer;
}

static double upper_tail(double z)
{
    return 0.5 * erfc(z * M_SQRT1_2);
}

static double log_of_rest(double tail)
{
    return tail < 1 ? fmax(log1p(-tail), LEAST_LOG) : LEAST_LOG;
}

static void fill_ratio(layer_t *layer, size_t ratio, double c)
{
    double r = exp(((double)ratio - RANK_RATIO_REACH) * RANK_RATIO_STEP);
    double reach = c * sqrt(1 + r * r), tail[POINTS];
    for (size_t q = 0; q < POINTS; q++)
        tail[q] = upper_tail((layer->z[q] + reach) / r);
    for (size_t q = 0; q < POINTS; q++) {
        layer->one[ratio][q] = log_of_rest(tail[q]);
        layer->both[ratio][q] = log_of_rest(tail[q] + tail[POINTS - 1 - q]);
    }
    layer->has[ratio] = true;
}

/* sum += counts x logarithms of factors. */
static void add_factors(layer_t *layer, double factor[RANK_RATIOS][POINTS], const double *counts,
                        double c, double *restrict sum)
{
    for (size_t b = 0; counts && b < RANK_RATIOS; b++) {
        double count = counts[b];
        if (count == 0)
            continue;
        if (!layer->has[b])
            fill_ratio(layer, b, c);
        for (size_t q = 0; q < POINTS; q++)
            sum[q] += count * factor[b][q];
    }
}

double rank_tail(rank_table_t *table, rank_rivals_t rivals, size_t node)
{
    double c = (double)node * RANK_NODE_STEP, sum[POINTS] = {0}, mirrored[POINTS] = {0}, tail = 0;
    layer_t *layer = table->layer[node];
    if (!layer)
        layer = table->layer[node] = layer_new(table, c);
    add_factors(layer, layer->both, rivals.both, c, sum);
    add_factors(layer, layer->one, rivals.above, c, sum);
    add_factors(layer, layer->one, rivals.below, c, mirrored);
    for (size_t q = 0; q < POINTS; q++)
        tail -= layer->weight[q] * expm1(fmin(0, sum[q] + mirrored[POINTS - 1 - q]));
    return tail;
}

/* ---- critical values --------------------------------------------------------------------------*/

/* The logarithm of the tail falls faster and faster; between nodes it is a cubic's. */
static double between(const double value[4], double level)
{
    double low = 0, high = 1;
    for (int i = 0; i < 40; i++) {
        double f = 0.5 * (low + high);
        double at = -value[0] * f * (f - 1) * (f - 2) / 6 +
                    value[1] * (f + 1) * (f - 1) * (f - 2) / 2 -
                    value[2] * (f + 1) * f * (f - 2) / 2 + value[3] * (f + 1) * f * (f - 1) / 6;
        if (at > level)
            low = f;
        else
            high = f;
    }
    return high;
}

/* Logarithms of the tail at nodes that were asked for. */
typedef struct tails {
    rank_tail_at_t *tail_at;
    void *context;
    double value[RANK_NODES];
    bool has[RANK_NODES];
} tails_t;

static double log_tail(tails_t *tails, size_t node)
{
    if (!tails->has[node])
        tails->value[node] = log(tails->tail_at(tails->context, node));
    tails->has[node] = true;
    return tails->value[node];
}

double rank_solve(rank_tail_at_t *tail_at, void *context, double level, double near)
{
    tails_t tails = {.tail_at = tail_at, .context = context};
    double wanted = log(level), four[4];
    size_t at = (size_t)fmin(fmax(near / RANK_NODE_STEP, 1), RANK_NODES - 3);
    while (at > 0 && log_tail(&tails, at) <= wanted)
        at--;
    if (log_tail(&tails, at) <= wanted)
        return 0;
    while (at + 1 < RANK_NODES && log_tail(&tails, at + 1) > wanted)
        at++;
    if (at + 1 == RANK_NODES)
        return INFINITY;
    if (at == 0 || at + 2 == RANK_NODES)
        return (double)(at + 1) * RANK_NODE_STEP;
    for (size_t i = 0; i < 4; i++)
        four[i] = log_tail(&tails, at - 1 + i);
    return ((double)at + between(four, wanted)) * RANK_NODE_STEP;
}

/* 1 - k int phi(z) (Phi(z) - Phi(z - q))^(k-1) dz, by the trapezoidal rule, which is as good as
 * exact for such integrands. */
static double range_upper(double q, double k)
{
    double sum = 0, step = 0.1;
    for (int i = -90; i <= 180; i++) {
        double z = i * step, outside = upper_tail(z) + upper_tail(q - z);
        if (outside < 1)
            sum += exp(-0.5 * z * z + (k - 1) * log1p(-outside));
    }
    return 1 - k * sum * step / sqrt(2 * M_PI);
}

double rank_range_critical(size_t k, double level)
{
    double low = 0, high = 20;
    for (int i = 0; i < 50; i++) {
        double q = 0.5 * (low + high);
        if (range_upper(q, (double)k) > level)
            low = q;
        else
            high = q;
    }
    return high * M_SQRT1_2;
}
