/* bootstrap.h - resampling that respects the design: whole units (rows, or clusters) with
 * replacement within each block and arm, or whole pairs where all blocks are pairs.
 *
 * A draw is a function of its number alone: the word for the i-th unit is word i mod 4 of
 * Philox4x32-10 at counter (draw, i/4, agency index, purpose), key the seed.  Units are numbered as
 * in ordered_rows_t.  docs/methods/quantiles.md */
#ifndef PILOT_STAT_BOOTSTRAP_H
#define PILOT_STAT_BOOTSTRAP_H

#include "ordered_rows.h"

/* Where the options do not say: 1 + draws is a multiple of 40, so that the ends of 95 % and 90 %
 * intervals are draws and not interpolated. */
#define BOOTSTRAP_DRAWS ((size_t)999)
size_t bootstrap_draws(const pilot_contrast_options_t *options);

/* times (units): how often each unit is in this draw.  fewer: cells of n units have n - fewer
 * drawn, 0 or 1; pairs are drawn all. */
void bootstrap_draw(const ordered_rows_t *rows, const pilot_contrast_options_t *options,
                    size_t draw, size_t fewer, uint32_t *times);

/* Sorts ascending. */
void bootstrap_sort(double *value, size_t draws);
/* The (draws + 1) x probability-th smallest of sorted values, interpolated on the normal scale
 * (Davison & Hinkley 1997, equation 5.8); the first or last where there is none so far out. */
double bootstrap_quantile(const double *sorted, size_t draws, double probability);
/* Standard deviation, divisor draws - 1. */
double bootstrap_deviation(const double *value, size_t draws);

#endif
