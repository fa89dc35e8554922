/* bootstrap.c - see bootstrap.h. */
#include "bootstrap.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compensated.h"
#include "philox.h"

size_t bootstrap_draws(const pilot_contrast_options_t *options)
{
    return options->bootstrap_draws > 1 ? options->bootstrap_draws : BOOTSTRAP_DRAWS;
}

/* 0 .. count - 1, each as likely as the others to within count / 2^32. */
static size_t pick(pilot_stream_t *stream, size_t count)
{
    return (size_t)((uint64_t)pilot_stream_word(stream) * count >> 32);
}

static void draw_pairs(const ordered_rows_t *rows, pilot_stream_t *stream, uint32_t *times)
{
    for (size_t b = 0; b < rows->blocks; b++) {
        size_t picked = pick(stream, rows->blocks);
        times[ordered_rows_cell(rows, picked, 0)->first_unit]++;
        times[ordered_rows_cell(rows, picked, 1)->first_unit]++;
    }
}

void bootstrap_draw(const ordered_rows_t *rows, const pilot_contrast_options_t *options,
                    size_t draw, size_t fewer, uint32_t *times)
{
    pilot_stream_t stream = pilot_stream(options->seed, (uint32_t)draw, options->agency_index,
                                         PILOT_PURPOSE_BOOTSTRAP, 0);
    memset(times, 0, rows->units * sizeof *times);
    if (rows->pairs) {
        draw_pairs(rows, &stream, times);
        return;
    }
    for (size_t c = 0; c < 2 * rows->blocks; c++) {
        const ordered_cell_t *cell = &rows->cell[c];
        for (size_t u = fewer; u < cell->units; u++)
            times[cell->first_unit + pick(&stream, cell->units)]++;
    }
}

static int ascending(const void *left, const void *right)
{
    const double *a = left, *b = right;
    return (*a > *b) - (*a < *b);
}

void bootstrap_sort(double *value, size_t draws)
{
    qsort(value, draws, sizeof *value, ascending);
}

double bootstrap_quantile(const double *sorted, size_t draws, double probability)
{
    double rank = ((double)draws + 1) * probability, whole = floor(rank + 1e-9);
    double low, high, at;
    size_t k = (size_t)whole;
    if (k < 1)
        return sorted[0];
    if (k >= draws)
        return sorted[draws - 1];
    if (rank - whole < 1e-9 || sorted[k - 1] == sorted[k])
        return sorted[k - 1];
    low = gsl_cdf_ugaussian_Pinv(whole / ((double)draws + 1));
    high = gsl_cdf_ugaussian_Pinv((whole + 1) / ((double)draws + 1));
    at = gsl_cdf_ugaussian_Pinv(probability);
    return sorted[k - 1] + (at - low) / (high - low) * (sorted[k] - sorted[k - 1]);
}

double bootstrap_deviation(const double *value, size_t draws)
{
    compensated_t sum = {0}, squares = {0};
    double mean;
    for (size_t i = 0; i < draws; i++)
        compensated_add(&sum, value[i] - value[0]);
    mean = value[0] + compensated_value(&sum) / (double)draws;
    for (size_t i = 0; i < draws; i++)
        compensated_add(&squares, (value[i] - mean) * (value[i] - mean));
    return sqrt(compensated_value(&squares) / ((double)draws - 1));
}
