/* survival_rmst.c - difference in restricted mean survival time.  See pilot/contrast.h. */
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "compensated.h"
#include "pilot/memory.h"
#include "survival.h"

/* Control and treated curve of each block that serves. */
typedef struct rmst {
    const pilot_sample_t *sample;
    survival_key_t *key;
    survival_design_t design;
    survival_curve_t *curve; /* 2 x blocks: control, treated */
    double *area;            /* 2 x blocks, from base on */
    double base, tau;
    bool limited; /* by the shortest follow-up of a block */
} rmst_t;

static bool is_small(const survival_block_t *block)
{
    return block->units_control < 2 || block->units - block->units_control < 2;
}

/* Blocks with one unit in an arm have no variance: they go, if others stay. */
static void drop_small(survival_design_t *design)
{
    size_t kept = 0;
    for (size_t b = 0; b < design->blocks; b++)
        kept += !is_small(&design->block[b]);
    if (kept == 0 || kept == design->blocks)
        return;
    design->small = design->blocks - kept;
    kept = 0;
    for (size_t b = 0; b < design->blocks; b++)
        if (!is_small(&design->block[b]))
            design->block[kept++] = design->block[b];
    design->blocks = kept;
}

static void make_curves(rmst_t *rmst)
{
    rmst->curve = PILOT_NEW_ARRAY(survival_curve_t, 2 * rmst->design.blocks);
    rmst->area = PILOT_NEW_ARRAY(double, 2 * rmst->design.blocks);
    for (size_t b = 0; b < rmst->design.blocks; b++) {
        const survival_block_t *block = &rmst->design.block[b];
        const survival_key_t *key = rmst->key + block->first;
        rmst->curve[2 * b] = survival_curve_make(rmst->sample, key, block->n_control);
        rmst->curve[2 * b + 1] =
            survival_curve_make(rmst->sample, key + block->n_control, block->n - block->n_control);
    }
}

static double last_time(const survival_curve_t *curve)
{
    return curve->step[curve->steps - 1].time;
}

/* No horizon is declared: as far as both arms were observed, and every block's curves are known. */
static void choose_tau(rmst_t *rmst)
{
    double observed[2] = {0, 0}, known = INFINITY;
    for (size_t c = 0; c < 2 * rmst->design.blocks; c++) {
        observed[c % 2] = fmax(observed[c % 2], last_time(&rmst->curve[c]));
        known = fmin(known, survival_known_until(&rmst->curve[c]));
    }
    rmst->tau = fmin(observed[0], observed[1]);
    rmst->limited = known < rmst->tau;
    rmst->tau = fmin(rmst->tau, known);
}

/* The declared horizon: blocks whose curves end before it are left out.  If none stays, says why
 * and returns false. */
static bool keep_followed(rmst_t *rmst, double horizon, pilot_estimate_t *row)
{
    size_t kept = 0, blocks = rmst->design.blocks;
    double known[2] = {0, 0};
    for (size_t b = 0; b < blocks; b++) {
        survival_curve_t *pair = &rmst->curve[2 * b];
        double control = survival_known_until(&pair[0]), treated = survival_known_until(&pair[1]);
        known[0] = fmax(known[0], control);
        known[1] = fmax(known[1], treated);
        if (fmin(control, treated) < horizon) {
            survival_curve_clear(&pair[0]);
            survival_curve_clear(&pair[1]);
            continue;
        }
        rmst->design.block[kept] = rmst->design.block[b];
        rmst->curve[2 * kept] = pair[0];
        rmst->curve[2 * kept + 1] = pair[1];
        kept++;
    }
    rmst->design.beyond = blocks - kept;
    rmst->design.blocks = kept;
    rmst->tau = horizon;
    if (kept > 0)
        return true;
    pilot_estimate_refuse(row, known[0] < known[1] ? PILOT_REASON_NO_CONTROL_UNITS
                                                   : PILOT_REASON_NO_TREATED_UNITS);
    if (blocks > 1)
        pilot_estimate_note(row, "in no block were both arms followed up to the horizon %.6g",
                            horizon);
    else
        pilot_estimate_note(row, "horizon %.6g is beyond the arm's last observation, %.6g", horizon,
                            fmin(known[0], known[1]));
    return false;
}

static void fill_areas(rmst_t *rmst)
{
    rmst->base = rmst->tau;
    for (size_t c = 0; c < 2 * rmst->design.blocks; c++)
        rmst->base = fmin(rmst->base, rmst->curve[c].step[0].time);
    for (size_t c = 0; c < 2 * rmst->design.blocks; c++)
        rmst->area[c] = survival_area(&rmst->curve[c], rmst->base, rmst->tau);
}

static double total_weight(const rmst_t *rmst)
{
    compensated_t weight = {0};
    for (size_t b = 0; b < rmst->design.blocks; b++)
        compensated_add(&weight, rmst->design.block[b].weight);
    return compensated_value(&weight);
}

/* Up to the earliest time everybody survives: that area is added to the mean and never to the
 * difference. */
static void fill_numbers(const rmst_t *rmst, pilot_estimate_t *row)
{
    compensated_t effect = {0}, control = {0};
    double total = total_weight(rmst);
    for (size_t b = 0; b < rmst->design.blocks; b++) {
        double share = rmst->design.block[b].weight / total;
        const double *area = &rmst->area[2 * b];
        compensated_add(&effect, share * (area[1] - area[0]));
        compensated_add(&control, share * area[0]);
    }
    row->estimate = PILOT_GIVEN(compensated_value(&effect));
    row->control_mean = PILOT_GIVEN(rmst->base + compensated_value(&control));
}

/* The plain variance is too small by (n - 1)/n in each arm of each block, which more blocks do not
 * mend; clusters are few.  Without censoring this factor makes it Neyman's. */
static double small_sample_factor(const rmst_t *rmst, size_t block, size_t arm)
{
    const survival_block_t *at = &rmst->design.block[block];
    double units = (double)(arm == 0 ? at->units_control : at->units - at->units_control);
    return rmst->design.blocks > 1 || rmst->sample->cluster ? units / (units - 1) : 1;
}

static double variance_of(const rmst_t *rmst, bool linearized)
{
    compensated_t variance = {0};
    double total = total_weight(rmst), value;
    double *influence = linearized ? PILOT_NEW_ARRAY(double, rmst->sample->n) : NULL;
    for (size_t c = 0; c < 2 * rmst->design.blocks; c++) {
        double share = rmst->design.block[c / 2].weight / total;
        double factor = small_sample_factor(rmst, c / 2, c % 2);
        if (linearized)
            survival_area_influence(&rmst->curve[c], (c % 2 == 0 ? -share : share) * sqrt(factor),
                                    influence);
        else
            compensated_add(&variance,
                            share * share * factor * survival_area_variance(&rmst->curve[c]));
    }
    value =
        linearized ? survival_square_sum(rmst->sample, influence) : compensated_value(&variance);
    free(influence);
    return value;
}

/* No restricted time differs from another in its arm? */
static bool is_constant(const rmst_t *rmst)
{
    for (size_t c = 0; c < 2 * rmst->design.blocks; c++)
        if (survival_area_variance(&rmst->curve[c]) > 0 || rmst->area[c] != rmst->area[c % 2])
            return false;
    return true;
}

static bool any_event(const rmst_t *rmst)
{
    for (size_t c = 0; c < 2 * rmst->design.blocks; c++)
        for (size_t k = 0; k < rmst->curve[c].steps; k++)
            if (rmst->curve[c].step[k].event_rows > 0 && rmst->curve[c].step[k].time <= rmst->tau)
                return true;
    return false;
}

static pilot_reason_t why_small(const rmst_t *rmst)
{
    if (rmst->sample->cluster)
        return PILOT_REASON_ONE_CLUSTER_PER_ARM;
    return rmst->design.blocks == 1 && rmst->design.block[0].units == 2
               ? PILOT_REASON_NO_RESIDUAL_DF
               : PILOT_REASON_SINGLETON_ARM_BLOCK;
}

static void finish(const rmst_t *rmst, double confidence, pilot_estimate_t *row)
{
    bool linearized = rmst->sample->weight || rmst->sample->cluster;
    double variance, floor = 16 * DBL_EPSILON * DBL_EPSILON * rmst->tau * rmst->tau;
    if (is_small(&rmst->design.block[0])) {
        survival_no_std_error(row, why_small(rmst));
        return;
    }
    if (is_constant(rmst)) {
        survival_no_std_error(row, PILOT_REASON_CONSTANT_OUTCOME);
        if (!any_event(rmst))
            pilot_estimate_note(row, "no event was observed");
        return;
    }
    variance = variance_of(rmst, linearized);
    if (!isfinite(variance)) {
        survival_no_std_error(row, PILOT_REASON_VARIANCE_UNIDENTIFIED);
        pilot_estimate_note(row, "sums go beyond the range of numbers");
    } else if (!(variance > floor)) {
        survival_no_std_error(row, PILOT_REASON_ZERO_VARIANCE);
    } else {
        row->std_error_type = linearized ? PILOT_SE_LINEARIZED : PILOT_SE_GREENWOOD;
        row->std_error = PILOT_GIVEN(sqrt(variance));
        pilot_estimate_infer(row, confidence);
    }
}

void pilot_rmst_estimate(const pilot_sample_t *sample, const pilot_contrast_options_t *options,
                         pilot_estimate_t *ret_estimate)
{
    pilot_estimate_t row = {.status = PILOT_ROW_OK};
    rmst_t rmst = {.sample = sample, .key = survival_sort(sample, true)};
    rmst.design = survival_design_make(sample, rmst.key);
    if (!survival_refuses(sample, &rmst.design, &row)) {
        drop_small(&rmst.design);
        make_curves(&rmst);
        if (!(options->horizon > 0))
            choose_tau(&rmst);
        if (!(options->horizon > 0) || keep_followed(&rmst, options->horizon, &row)) {
            fill_areas(&rmst);
            survival_count(sample, rmst.key, &rmst.design, &row);
            fill_numbers(&rmst, &row);
            pilot_estimate_note(&row, "horizon %.6g%s", rmst.tau,
                                rmst.limited ? ", the shortest follow-up in a block" : "");
            finish(&rmst, options->confidence, &row);
            survival_note_left_out(&rmst.design, &row);
        }
        for (size_t c = 0; c < 2 * rmst.design.blocks; c++)
            survival_curve_clear(&rmst.curve[c]);
    }
    free(rmst.curve);
    free(rmst.area);
    free(rmst.design.block);
    free(rmst.key);
    *ret_estimate = row;
}
