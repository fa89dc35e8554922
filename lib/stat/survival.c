/* survival.c - the product-limit curve, the area under it, and its variance two ways.
 * See survival.h. */
#include "survival.h"

#include <math.h>
#include <stdlib.h>

#include "compensated.h"
#include "pilot/memory.h"

static int compare_keys(const void *left, const void *right)
{
    const survival_key_t *a = left, *b = right;
    if (a->block != b->block)
        return a->block < b->block ? -1 : 1;
    if (a->group != b->group)
        return a->group < b->group ? -1 : 1;
    if (a->time != b->time)
        return a->time < b->time ? -1 : 1;
    return (a->row > b->row) - (a->row < b->row);
}

survival_key_t *survival_sort(const pilot_sample_t *sample, bool arms_apart)
{
    survival_key_t *key = PILOT_NEW_ARRAY(survival_key_t, sample->n);
    for (size_t i = 0; i < sample->n; i++)
        key[i] = (survival_key_t){.time = sample->outcome[i],
                                  .block = sample->block ? sample->block[i] : 0,
                                  .row = (uint32_t)i,
                                  .group = arms_apart ? sample->treated[i] : 0};
    if (sample->n > 0)
        qsort(key, sample->n, sizeof *key, compare_keys);
    return key;
}

/* From the last time to the first, so that who is at risk is a sum and never a difference. */
static void fill_risk(survival_curve_t *curve)
{
    compensated_t staying = {0};
    size_t rows_staying = 0;
    for (size_t k = curve->steps; k-- > 0;) {
        survival_step_t *step = &curve->step[k];
        compensated_t events = {0};
        for (size_t i = step->first; i < step->first + step->rows; i++) {
            double weight = survival_weight(curve->sample, &curve->key[i]);
            bool event = survival_is_event(curve->sample, &curve->key[i]);
            compensated_add(event ? &events : &staying, weight);
            step->event_rows += event;
        }
        rows_staying += step->rows;
        step->rows_at_risk = rows_staying;
        step->survivors = compensated_value(&staying);
        step->events = compensated_value(&events);
        compensated_add(&staying, step->events);
        step->at_risk = compensated_value(&staying);
    }
}

static void fill_survival(survival_curve_t *curve)
{
    double survival = 1;
    for (size_t k = 0; k < curve->steps; k++) {
        survival_step_t *step = &curve->step[k];
        if (step->event_rows == step->rows_at_risk)
            survival = 0;
        else if (step->event_rows > 0)
            survival *= step->survivors / step->at_risk;
        step->survival = survival;
    }
}

survival_curve_t survival_curve_make(const pilot_sample_t *sample, const survival_key_t *key,
                                     size_t n)
{
    survival_curve_t curve = {.sample = sample, .key = key, .n = n};
    size_t capacity = 0;
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || key[i].time != key[i - 1].time) {
            curve.step = pilot_grow(curve.step, &capacity, curve.steps + 1, sizeof *curve.step);
            curve.step[curve.steps++] = (survival_step_t){.time = key[i].time, .first = i};
        }
        curve.step[curve.steps - 1].rows++;
    }
    fill_risk(&curve);
    fill_survival(&curve);
    return curve;
}

void survival_curve_clear(survival_curve_t *curve)
{
    free(curve->step);
    *curve = (survival_curve_t){0};
}

double survival_known_until(const survival_curve_t *curve)
{
    const survival_step_t *last = &curve->step[curve->steps - 1];
    return last->survival == 0 ? INFINITY : last->time;
}

double survival_area(survival_curve_t *curve, double base, double tau)
{
    compensated_t area = {0};
    double end = tau;
    for (size_t k = curve->steps; k-- > 0;) {
        survival_step_t *step = &curve->step[k];
        step->area = 0;
        if (step->time >= tau)
            continue;
        compensated_add(&area, step->survival * (end - step->time));
        step->area = compensated_value(&area);
        end = step->time;
    }
    compensated_add(&area, end - base);
    return compensated_value(&area);
}

/* Where nobody survives there is no area left: 0 / 0 would stand for 0. */
static bool counts(const survival_step_t *step)
{
    return step->event_rows > 0 && step->area > 0;
}

double survival_area_variance(const survival_curve_t *curve)
{
    compensated_t variance = {0};
    for (size_t k = 0; k < curve->steps; k++) {
        const survival_step_t *step = &curve->step[k];
        if (counts(step))
            compensated_add(&variance, step->area * step->area * step->events /
                                           (step->at_risk * step->survivors));
    }
    return compensated_value(&variance);
}

void survival_area_influence(const survival_curve_t *curve, double factor, double *influence)
{
    compensated_t stayed = {0};
    for (size_t k = 0; k < curve->steps; k++) {
        const survival_step_t *step = &curve->step[k];
        double fell = counts(step) ? step->area / step->survivors : 0;
        compensated_add(&stayed, fell * (step->events / step->at_risk));
        for (size_t i = step->first; i < step->first + step->rows; i++) {
            const survival_key_t *key = &curve->key[i];
            double change = compensated_value(&stayed);
            if (survival_is_event(curve->sample, key))
                change -= fell;
            influence[key->row] += factor * survival_weight(curve->sample, key) * change;
        }
    }
}

double survival_square_sum(const pilot_sample_t *sample, const double *influence)
{
    compensated_t total = {0};
    size_t units = sample->cluster ? sample->clusters : sample->n;
    compensated_t *sum = PILOT_NEW_ARRAY(compensated_t, units);
    for (size_t i = 0; i < sample->n; i++)
        compensated_add(&sum[sample->cluster ? sample->cluster[i] : i], influence[i]);
    for (size_t u = 0; u < units; u++) {
        double value = compensated_value(&sum[u]);
        compensated_add(&total, value * value);
    }
    free(sum);
    return compensated_value(&total);
}
