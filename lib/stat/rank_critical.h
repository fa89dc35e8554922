/* rank_critical.h - critical values of the largest of many studentized differences between
 * independent normal estimates with known standard errors.
 *
 * Given the noise z of one agency (in its own standard errors), its differences from all others are
 * independent, so the chance that none is too large is an integral over z of a product (Dunnett
 * 1955).  The product's factor of a rival depends on nothing but z, the critical value c and
 * r = the rival's standard error over the agency's:
 *     Phi((z + c sqrt(1 + r^2)) / r)       the rival's noise is not too far above
 *     Phi((-z + c sqrt(1 + r^2)) / r)      not too far below
 * so logarithms of factors are tabled over z and log r, and rivals are counted by log r.
 * docs/methods/ranks-of-agencies.md */
#ifndef PILOT_STAT_RANK_CRITICAL_H
#define PILOT_STAT_RANK_CRITICAL_H

#include <stdbool.h>
#include <stddef.h>

/* Steps of log r, from -RANK_RATIO_REACH steps to as many above 0; beyond, factors hardly change.
 */
#define RANK_RATIO_STEP 0.1
#define RANK_RATIO_REACH 80
#define RANK_RATIOS (2 * RANK_RATIO_REACH + 1)

/* How many rivals, by ratio.  A rival between two ratios is split among its four neighbours as
 * cubic interpolation does. */
typedef double rank_counts_t[RANK_RATIOS];

/* place: log r / RANK_RATIO_STEP.  Returns the first of the four ratios. */
static inline size_t rank_split(double place, double ret_part[4])
{
    double limit = RANK_RATIO_REACH - 1.5, f;
    double within = place < -limit ? -limit : place < limit ? place : limit;
    size_t low = (size_t)(within + RANK_RATIO_REACH);
    f = within + RANK_RATIO_REACH - (double)low;
    ret_part[0] = -f * (f - 1) * (f - 2) / 6;
    ret_part[1] = (f + 1) * (f - 1) * (f - 2) / 2;
    ret_part[2] = -(f + 1) * f * (f - 2) / 2;
    ret_part[3] = (f + 1) * f * (f - 1) / 6;
    return low - 1;
}

static inline void rank_count(double *counts, double place)
{
    double part[4];
    size_t first = rank_split(place, part);
    for (size_t i = 0; i < 4; i++)
        counts[first + i] += part[i];
}

/* to: NULL where the rival does not count any more. */
static inline void rank_move(double *from, double *to, double place)
{
    double part[4];
    size_t first = rank_split(place, part);
    for (size_t i = 0; i < 4; i++)
        from[first + i] -= part[i];
    for (size_t i = 0; to && i < 4; i++)
        to[first + i] += part[i];
}

/* Borrowed; NULL: none. */
typedef struct rank_rivals {
    const double *both;  /* both differences may be too large */
    const double *above; /* only the rival's noise above the agency's counts */
    const double *below;
} rank_rivals_t;

typedef struct rank_table rank_table_t; /* fills itself as it is asked; one a thread */
rank_table_t *rank_table_new(void);
void rank_table_free(rank_table_t *table);

/* Critical values that are tabled: RANK_NODE_STEP x node, node < RANK_NODES. */
#define RANK_NODE_STEP 0.125
#define RANK_NODES 81

/* P(some difference that counts is above c). */
double rank_tail(rank_table_t *table, rank_rivals_t rivals, size_t node);

/* P(above c) of one problem at a node. */
typedef double rank_tail_at_t(void *context, size_t node);
/* The c >= 0 at which it is `level`; near: a guess.  Infinite when there is none in the table. */
double rank_solve(rank_tail_at_t *tail_at, void *context, double level, double near);

/* The c that the differences of all pairs of k >= 2 estimates exceed with probability level or
 * less: range of k standard normals / sqrt(2), exact for equal standard errors (Hayter 1984). */
double rank_range_critical(size_t k, double level);

#endif
