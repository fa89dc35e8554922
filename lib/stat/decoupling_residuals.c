/* decoupling_residuals.c - round 2: what each unit or cluster adds to an arm's correlation, on
 * Fisher's scale, and the correlations with their change.  See pilot/decoupling.h.
 *
 * counts:  arms, flags | per arm: units (clusters, or rows)
 * numbers: per arm: sum of squared influence; labelled: per arm and unit its influence
 * labels:  labelled: per arm and unit the cluster's */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compensated.h"
#include "decoupling_pair.h"
#include "distribution.h"
#include "pilot/memory.h"

#define FLAG_CLUSTERED 1u
#define FLAG_LABELLED 2u
/* 1 - |r| of this size is rounding: the two are one. */
#define PERFECT 1e-12

/* One arm's correlation as the merged moments have it. */
typedef struct scale {
    bool given;
    double center[2], sd[2], correlation, factor; /* factor: 1/(weight (1 - r^2)) */
} scale_t;

static scale_t scale_of(const pilot_pair_t *pair, size_t arm)
{
    const pair_joint_t *both = &pair->arm[arm].both;
    pilot_number_t correlation = pair_correlation(pair, arm);
    double r = correlation.value;
    scale_t scale = {.given = correlation.given && 1 - fabs(r) > PERFECT, .correlation = r};
    if (!scale.given)
        return scale;
    for (size_t v = 0; v < 2; v++) {
        scale.center[v] = both->mean[v];
        scale.sd[v] = sqrt(both->square[v] / both->weight);
    }
    scale.factor = 1 / (both->weight * ((1 - r) * (1 + r)));
    return scale;
}

/* d atanh(r) for one row (Hampel 1974, of the correlation). */
static double influence_of(const pilot_pair_task_t *task, const pilot_pair_t *pair,
                           const scale_t *scale, size_t row)
{
    double u = (task->target->value[row] - pair->base[0] - scale->center[0]) / scale->sd[0];
    double v = (task->mission->value[row] - pair->base[1] - scale->center[1]) / scale->sd[1];
    return pair_weight(task, row) * scale->factor *
           (u * v - scale->correlation * 0.5 * (u * u + v * v));
}

static bool is_used(const pilot_pair_task_t *task, size_t row)
{
    return pair_weight(task, row) > 0 && pair_has(task->target, row) &&
           pair_has(task->mission, row);
}

/* Influence of each cluster (or row) in one arm, and which of them have rows. */
typedef struct units {
    compensated_t *influence;
    uint8_t *seen;
    size_t units;
} units_t;

static units_t sum_units(const pilot_pair_task_t *task, const pilot_pair_t *pair, size_t arm)
{
    const pilot_frame_t *frame = task->frame;
    scale_t scale = scale_of(pair, arm);
    units_t sum = {.units = frame->cluster ? frame->clusters : frame->rows};
    sum.influence = PILOT_NEW_ARRAY(compensated_t, sum.units);
    sum.seen = PILOT_NEW_ARRAY(uint8_t, sum.units);
    for (size_t i = 0; i < pair_rows(task); i++) {
        size_t row = pair_row(task, i), unit = frame->cluster ? frame->cluster[row] : row;
        if (frame->arm[row] != arm || !is_used(task, row))
            continue;
        sum.seen[unit] = 1;
        if (scale.given)
            compensated_add(&sum.influence[unit], influence_of(task, pair, &scale, row));
    }
    return sum;
}

static void add_arm(const pilot_pair_task_t *task, const pilot_pair_t *pair, size_t arm,
                    pilot_piece_t *piece)
{
    units_t sum = sum_units(task, pair, arm);
    bool labelled = task->across && task->frame->cluster;
    compensated_t squares = {0};
    uint64_t units = 0;
    for (size_t u = 0; u < sum.units; u++) {
        double influence = compensated_value(&sum.influence[u]);
        if (!sum.seen[u])
            continue;
        units++;
        if (labelled) {
            pilot_piece_add_number(piece, influence);
            pilot_piece_add_label(piece, task->frame->cluster_label[u]);
        }
        compensated_add(&squares, influence * influence);
    }
    pilot_piece_add_count(piece, units);
    if (!labelled)
        pilot_piece_add_number(piece, compensated_value(&squares));
    free(sum.influence);
    free(sum.seen);
}

pilot_status_t pilot_pair_residuals(const pilot_pair_task_t *task, const pilot_pair_t *pair,
                                    pilot_piece_t *piece, pilot_error_t *error)
{
    bool clustered = task->frame->cluster;
    if (pair->arms != task->frame->arms)
        return pilot_error_set(error, PILOT_E_PROTOCOL,
                               "moments of %zu arms do not go with %zu arms", pair->arms,
                               task->frame->arms);
    pilot_piece_add_count(piece, pair->arms);
    pilot_piece_add_count(piece, (clustered ? FLAG_CLUSTERED : 0) |
                                     (clustered && task->across ? FLAG_LABELLED : 0));
    for (size_t a = 0; a < pair->arms; a++)
        add_arm(task, pair, a, piece);
    return PILOT_OK;
}

/* A cluster's part in one agency. */
typedef struct part {
    pilot_label_t label;
    double influence;
    size_t place;
} part_t;

/* One arm's sums over all agencies. */
typedef struct total {
    compensated_t squares;
    uint64_t units;
    part_t *part;
    size_t parts, capacity;
} total_t;

static int compare_labels(const pilot_label_t *a, const pilot_label_t *b)
{
    size_t length = a->length < b->length ? a->length : b->length;
    int order = length > 0 ? memcmp(a->bytes, b->bytes, length) : 0;
    return order ? order : (a->length > b->length) - (a->length < b->length);
}

static int compare_parts(const void *left, const void *right)
{
    const part_t *a = left, *b = right;
    int order = compare_labels(&a->label, &b->label);
    return order ? order : (a->place > b->place) - (a->place < b->place);
}

static bool take_arm(pilot_piece_reader_t *reader, bool labelled, total_t *total)
{
    const uint64_t *units = pilot_piece_take_counts(reader, 1);
    const double *number = units ? pilot_piece_take_numbers(reader, labelled ? *units : 1) : NULL;
    const pilot_label_t *label =
        number && labelled ? pilot_piece_take_labels(reader, *units) : NULL;
    if (!number || (labelled && !label))
        return false;
    if (!labelled) {
        total->units += *units;
        compensated_add(&total->squares, *number);
        return true;
    }
    for (uint64_t u = 0; u < *units; u++) {
        total->part =
            pilot_grow(total->part, &total->capacity, total->parts + 1, sizeof *total->part);
        total->part[total->parts] =
            (part_t){.label = label[u], .influence = number[u], .place = total->parts};
        total->parts++;
    }
    return true;
}

static void match_labels(total_t *total)
{
    if (total->parts > 0)
        qsort(total->part, total->parts, sizeof *total->part, compare_parts);
    for (size_t i = 0, end; i < total->parts; i = end) {
        compensated_t sum = {0};
        for (end = i; end < total->parts &&
                      compare_labels(&total->part[end].label, &total->part[i].label) == 0;
             end++)
            compensated_add(&sum, total->part[end].influence);
        total->units++;
        compensated_add(&total->squares, compensated_value(&sum) * compensated_value(&sum));
    }
}

/* Agencies without rows of the pair are clustered or not like the others. */
static bool take_agency(pilot_piece_reader_t *reader, size_t arms, uint64_t *flags, total_t *total)
{
    const uint64_t *head = pilot_piece_take_counts(reader, 2);
    if (!head || head[0] != arms || head[1] > (FLAG_CLUSTERED | FLAG_LABELLED) ||
        head[1] == FLAG_LABELLED || (*flags != UINT64_MAX && *flags != head[1]))
        return false;
    *flags = head[1];
    for (size_t a = 0; a < arms; a++)
        if (!take_arm(reader, head[1] & FLAG_LABELLED, &total[a]))
            return false;
    return true;
}

static pilot_reason_t why_no_error(const pilot_correlation_t *correlation, const total_t *total,
                                   bool clustered)
{
    if (correlation->n == 0)
        return PILOT_REASON_NO_UNITS;
    if (!correlation->value.given)
        return PILOT_REASON_CONSTANT_OUTCOME;
    if (clustered && total->units < 2)
        return PILOT_REASON_ONE_CLUSTER_PER_ARM;
    if (total->units < 4)
        return PILOT_REASON_NO_RESIDUAL_DF;
    if (1 - fabs(correlation->value.value) <= PERFECT)
        return PILOT_REASON_ZERO_VARIANCE;
    return compensated_value(&total->squares) > DBL_EPSILON * DBL_EPSILON
               ? PILOT_REASON_NONE
               : PILOT_REASON_ZERO_VARIANCE;
}

/* The factor makes it Fisher's 1/(n - 3), to first order, for normal outcomes. */
static pilot_correlation_t correlate(const pilot_pair_t *pair, size_t arm, const total_t *total,
                                     bool clustered, double critical)
{
    pilot_correlation_t correlation = {.value = pair_correlation(pair, arm),
                                       .n = pair->arm[arm].both.n,
                                       .clusters = clustered ? total->units : 0};
    double units = (double)total->units, z = atanh(correlation.value.value), error;
    correlation.reason = why_no_error(&correlation, total, clustered);
    if (correlation.reason != PILOT_REASON_NONE)
        return correlation;
    error = sqrt(compensated_value(&total->squares) * (units / (units - 3)));
    correlation.fisher_z = PILOT_GIVEN(z);
    correlation.std_error = PILOT_GIVEN(error);
    correlation.ci_low = PILOT_GIVEN(tanh(z - critical * error));
    correlation.ci_high = PILOT_GIVEN(tanh(z + critical * error));
    return correlation;
}

static pilot_estimate_t change_of(const pilot_correlation_t *arm,
                                  const pilot_correlation_t *control, double confidence)
{
    pilot_estimate_t row = {.status = PILOT_ROW_OK,
                            .n = arm->n + control->n,
                            .n_arm = arm->n,
                            .n_control = control->n,
                            .clusters = arm->clusters + control->clusters};
    if (arm->value.given && control->value.given)
        pilot_estimate_note(&row, "correlation %.4g, control %.4g", arm->value.value,
                            control->value.value);
    if (control->n == 0)
        pilot_estimate_refuse(&row, PILOT_REASON_NO_CONTROL_UNITS);
    else if (arm->n == 0)
        pilot_estimate_refuse(&row, PILOT_REASON_NO_TREATED_UNITS);
    else if (arm->reason || control->reason)
        pilot_estimate_refuse(&row, arm->reason ? arm->reason : control->reason);
    if (row.status != PILOT_ROW_OK)
        return row;
    row.estimate = PILOT_GIVEN(arm->fisher_z.value - control->fisher_z.value);
    row.std_error = PILOT_GIVEN(hypot(arm->std_error.value, control->std_error.value));
    row.std_error_type = PILOT_SE_LINEARIZED;
    pilot_estimate_infer(&row, confidence);
    return row;
}

pilot_status_t pilot_pair_finish(const pilot_pair_t *pair, pilot_piece_reader_t *reader,
                                 size_t agencies, double confidence,
                                 pilot_correlation_t *ret_correlation, pilot_estimate_t *ret_change,
                                 pilot_error_t *error)
{
    total_t *total = PILOT_NEW_ARRAY(total_t, pair->arms);
    pilot_correlation_t *made = PILOT_NEW_ARRAY(pilot_correlation_t, pair->arms);
    uint64_t flags = UINT64_MAX;
    bool good = true;
    for (size_t i = 0; i < agencies && good; i++)
        good = take_agency(&reader[i], pair->arms, &flags, total);
    for (size_t a = 0; a < pair->arms && good; a++) {
        match_labels(&total[a]);
        made[a] = correlate(pair, a, &total[a], agencies > 0 && (flags & FLAG_CLUSTERED),
                            pilot_normal_critical(confidence));
        if (ret_correlation)
            ret_correlation[a] = made[a];
        if (ret_change && a > 0)
            ret_change[a - 1] = change_of(&made[a], &made[0], confidence);
    }
    for (size_t a = 0; a < pair->arms; a++)
        free(total[a].part);
    free(total);
    free(made);
    return good ? PILOT_OK
                : pilot_error_set(error, PILOT_E_PROTOCOL,
                                  "a piece does not hold the sums of this pair");
}
