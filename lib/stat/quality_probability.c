/* quality_probability.c - the arms in each block against probabilities that the data gives: of
 * every unit, to be in the arm in which it is. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "pilot/memory.h"
#include "quality_summary.h"

#define SAME 1e-6

/* One block.  With two arms every unit may have its own probability. */
typedef struct tally {
    size_t arms, units;
    size_t *count;                     /* arms */
    double *low, *high;                /* arms: of the units' probabilities */
    double expected, variance, fourth; /* of treated units, if there are two arms */
} tally_t;

static void add_unit(tally_t *tally, size_t arm, double probability)
{
    double own = arm == 0 ? 1 - probability : probability, spread = own * (1 - own);
    if (tally->count[arm] == 0)
        tally->low[arm] = tally->high[arm] = probability;
    tally->low[arm] = fmin(tally->low[arm], probability);
    tally->high[arm] = fmax(tally->high[arm], probability);
    tally->count[arm]++;
    tally->units++;
    tally->expected += own;
    tally->variance += spread;
    tally->fourth += spread * (1 - 6 * spread);
}

static void end_two_arms(const tally_t *tally, quality_column_t *column)
{
    double expected = tally->expected, difference = (double)tally->count[1] - expected;
    if (!(tally->variance > 0))
        return;
    column->statistic += difference * difference / tally->variance;
    column->variance += 2 + tally->fourth / (tally->variance * tally->variance);
    column->df++;
    column->least = fmin(column->least, fmin(expected, (double)tally->units - expected));
    column->blocks++;
}

/* One probability an arm; what is left over belongs to the arms that nobody is in. */
static void end_many_arms(const tally_t *tally, quality_column_t *column)
{
    double units = (double)tally->units, left = 1, statistic = 0, inverse = 0, k = 0;
    double least = units;
    for (size_t a = 0; a < tally->arms; a++) {
        double p = tally->low[a], difference = (double)tally->count[a] - units * p;
        if (tally->count[a] == 0)
            continue;
        if (tally->high[a] - p > SAME) {
            column->left_out++;
            return;
        }
        left -= p;
        k++;
        inverse += 1 / p;
        statistic += difference * difference / (units * p);
        least = fmin(least, units * p);
    }
    if (left < -SAME) {
        column->left_out++;
        return;
    }
    if (left > SAME) {
        k++;
        inverse += 1 / left;
        statistic += units * left;
        least = fmin(least, units * left);
    }
    if (k < 2)
        return;
    column->statistic += statistic;
    column->df += k - 1;
    column->variance += 2 * (k - 1) + (inverse - k * k - 2 * k + 2) / units;
    column->least = fmin(column->least, least);
    column->blocks++;
}

static void end_block(tally_t *tally, quality_column_t *column)
{
    if (column->blocks == 0)
        column->least = HUGE_VAL;
    if (tally->arms == 2)
        end_two_arms(tally, column);
    else
        end_many_arms(tally, column);
    if (column->blocks == 0)
        column->least = 0;
    memset(tally->count, 0, tally->arms * sizeof *tally->count);
    tally->units = 0;
    tally->expected = tally->variance = tally->fourth = 0;
}

void quality_probability(const pilot_frame_t *frame, const pilot_variable_t *probability,
                         quality_column_t *ret_column)
{
    tally_t tally = {.arms = frame->arms,
                     .count = PILOT_NEW_ARRAY(size_t, frame->arms),
                     .low = PILOT_NEW_ARRAY(double, frame->arms),
                     .high = PILOT_NEW_ARRAY(double, frame->arms)};
    for (size_t i = 0; i < frame->rows; i++) {
        bool starts = i == 0 || !quality_same_unit(frame, i - 1, i);
        if (starts && (!probability->present || probability->present[i]))
            add_unit(&tally, frame->arm[i], probability->value[i]);
        if (i + 1 == frame->rows || !quality_same_block(frame, i, i + 1))
            end_block(&tally, ret_column);
    }
    free(tally.count);
    free(tally.low);
    free(tally.high);
}
