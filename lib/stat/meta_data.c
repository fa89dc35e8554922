/* meta_data.c - see meta_data.h. */
#include "meta_data.h"

#include <math.h>
#include <stdlib.h>

#include "pilot/memory.h"

bool meta_takes_part(pilot_number_t estimate, pilot_number_t std_error)
{
    double variance = std_error.value * std_error.value;
    return estimate.given && std_error.given && std_error.value > 0 && isfinite(estimate.value) &&
           isfinite(variance) && variance > 0;
}

typedef struct entry {
    double estimate, std_error;
    const double *tie;
    size_t ties, place;
} entry_t;

static int compare_numbers(double a, double b)
{
    return (a > b) - (a < b);
}

static int compare_entries(const void *first, const void *second)
{
    const entry_t *a = first, *b = second;
    int order = compare_numbers(a->estimate, b->estimate);
    if (order == 0)
        order = compare_numbers(a->std_error, b->std_error);
    for (size_t i = 0; order == 0 && i < a->ties; i++)
        order = compare_numbers(a->tie[i], b->tie[i]);
    return order;
}

static entry_t *sort(const pilot_number_t *estimate, const pilot_number_t *std_error,
                     size_t agencies, const double *tie, size_t ties, size_t *ret_k)
{
    entry_t *entry = PILOT_NEW_ARRAY(entry_t, agencies);
    size_t k = 0;
    for (size_t i = 0; i < agencies; i++) {
        if (meta_takes_part(estimate[i], std_error[i]))
            entry[k++] = (entry_t){.estimate = estimate[i].value,
                                   .std_error = std_error[i].value,
                                   .tie = tie ? tie + i * ties : NULL,
                                   .ties = tie ? ties : 0,
                                   .place = i};
    }
    if (k > 0)
        qsort(entry, k, sizeof *entry, compare_entries);
    *ret_k = k;
    return entry;
}

void meta_gather(const pilot_number_t *estimate, const pilot_number_t *std_error, size_t agencies,
                 const double *tie, size_t ties, meta_data_t *ret_data)
{
    meta_data_t data = {.scale = 1};
    PILOT_AUTOFREE entry_t *entry = sort(estimate, std_error, agencies, tie, ties, &data.k);
    double logs = 0;
    size_t best = 0;
    data.y = PILOT_NEW_ARRAY(double, data.k);
    data.v = PILOT_NEW_ARRAY(double, data.k);
    data.place = PILOT_NEW_ARRAY(size_t, data.k);
    for (size_t i = 0; i < data.k; i++) {
        logs += log(entry[i].std_error);
        best = entry[i].std_error < entry[best].std_error ? i : best;
    }
    if (data.k > 0) {
        data.scale = exp(logs / (double)data.k);
        data.origin = entry[best].estimate; /* whose digits matter most */
    }
    for (size_t i = 0; i < data.k; i++) {
        double scaled = entry[i].std_error / data.scale;
        data.y[i] = (entry[i].estimate - data.origin) / data.scale;
        data.v[i] = scaled * scaled;
        data.place[i] = entry[i].place;
    }
    *ret_data = data;
}

void meta_data_clear(meta_data_t *data)
{
    free(data->y);
    free(data->v);
    free(data->place);
}
