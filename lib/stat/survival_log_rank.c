/* survival_log_rank.c - the log-rank test as an estimate of the log hazard ratio.
 * See pilot/contrast.h. */
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "compensated.h"
#include "pilot/memory.h"
#include "survival.h"

typedef struct log_rank {
    const pilot_sample_t *sample;
    compensated_t excess;      /* observed - expected events of the treatment arm */
    compensated_t information; /* hypergeometric variance of the excess */
    uint64_t events[2];        /* rows; control, treated */
    double *influence;         /* by row: share of the excess; NULL: not asked for */
} log_rank_t;

/* Share of each arm in those at risk at each step: share[2k], share[2k + 1]. */
static double *shares_at_risk(const survival_curve_t *curve)
{
    double *share = PILOT_NEW_ARRAY(double, 2 * curve->steps);
    compensated_t at_risk[2] = {{0, 0}, {0, 0}};
    for (size_t k = curve->steps; k-- > 0;) {
        const survival_step_t *step = &curve->step[k];
        double control, treated;
        for (size_t i = step->first; i < step->first + step->rows; i++)
            compensated_add(&at_risk[curve->sample->treated[curve->key[i].row]],
                            survival_weight(curve->sample, &curve->key[i]));
        control = compensated_value(&at_risk[0]);
        treated = compensated_value(&at_risk[1]);
        share[2 * k] = control / (control + treated);
        share[2 * k + 1] = treated / (control + treated);
    }
    return share;
}

/* Observed - expected as events times the other arm's share at risk: swapping arms flips the sign
 * and nothing else. */
static void add_step(log_rank_t *test, const survival_curve_t *curve, const survival_step_t *step,
                     const double share[2])
{
    compensated_t events[2] = {{0, 0}, {0, 0}};
    double ties = 1;
    for (size_t i = step->first; i < step->first + step->rows; i++) {
        size_t arm = curve->sample->treated[curve->key[i].row];
        if (!survival_is_event(curve->sample, &curve->key[i]))
            continue;
        test->events[arm]++;
        compensated_add(&events[arm], survival_weight(curve->sample, &curve->key[i]));
    }
    if (step->rows_at_risk > 1)
        ties = (double)(step->rows_at_risk - step->event_rows) / (double)(step->rows_at_risk - 1);
    compensated_add(&test->excess, compensated_value(&events[1]) * share[0] -
                                       compensated_value(&events[0]) * share[1]);
    compensated_add(&test->information, step->events * (share[0] * share[1]) * ties);
}

/* Score residuals under equal hazards (Lin & Wei 1989).  With several blocks their squares are too
 * small by (units - 1)/units in each, which more blocks do not mend. */
static void add_influence(log_rank_t *test, const survival_curve_t *curve, const double *share,
                          double factor)
{
    compensated_t expected[2] = {{0, 0}, {0, 0}}; /* of a row that is at risk still, by its arm */
    for (size_t k = 0; k < curve->steps; k++) {
        const survival_step_t *step = &curve->step[k];
        double hazard = step->events / step->at_risk;
        compensated_add(&expected[0], hazard * share[2 * k + 1]);
        compensated_add(&expected[1], hazard * share[2 * k]);
        for (size_t i = step->first; i < step->first + step->rows; i++) {
            const survival_key_t *key = &curve->key[i];
            size_t arm = curve->sample->treated[key->row];
            double own = survival_is_event(curve->sample, key) ? share[2 * k + 1 - arm] : 0;
            double residual = own - compensated_value(&expected[arm]);
            test->influence[key->row] =
                (arm ? factor : -factor) * survival_weight(curve->sample, key) * residual;
        }
    }
}

static void add_block(log_rank_t *test, const survival_key_t *key, const survival_block_t *block,
                      bool several)
{
    survival_curve_t curve = survival_curve_make(test->sample, key + block->first, block->n);
    double *share = shares_at_risk(&curve), units = (double)block->units;
    for (size_t k = 0; k < curve.steps; k++)
        if (curve.step[k].event_rows > 0)
            add_step(test, &curve, &curve.step[k], &share[2 * k]);
    if (test->influence)
        add_influence(test, &curve, share, several && units > 1 ? sqrt(units / (units - 1)) : 1);
    free(share);
    survival_curve_clear(&curve);
}

static bool one_cluster_per_arm(const pilot_sample_t *sample, const survival_design_t *design)
{
    const survival_block_t *only = &design->block[0];
    return sample->cluster && design->blocks == 1 &&
           (only->units_control < 2 || only->units - only->units_control < 2);
}

/* Clusters whose rows cancel leave rounding behind. */
static double rounding_floor(const log_rank_t *test)
{
    compensated_t squares = {0};
    for (size_t i = 0; i < test->sample->n; i++)
        compensated_add(&squares, test->influence[i] * test->influence[i]);
    return 16 * DBL_EPSILON * DBL_EPSILON * compensated_value(&squares);
}

static void finish(const log_rank_t *test, const survival_design_t *design, double confidence,
                   pilot_estimate_t *row)
{
    double excess = compensated_value(&test->excess);
    double information = compensated_value(&test->information);
    double variance = information, floor = 0;
    if (test->influence) {
        variance = survival_square_sum(test->sample, test->influence);
        floor = rounding_floor(test);
    }
    if (!(information > 0)) {
        survival_no_std_error(row, PILOT_REASON_CONSTANT_OUTCOME);
        pilot_estimate_note(row, test->events[0] + test->events[1] > 0
                                     ? "no event while both arms were at risk and somebody stayed"
                                     : "no event was observed");
        return;
    }
    row->estimate = PILOT_GIVEN(excess / information);
    if (one_cluster_per_arm(test->sample, design)) {
        survival_no_std_error(row, PILOT_REASON_ONE_CLUSTER_PER_ARM);
    } else if (!(variance > floor)) {
        survival_no_std_error(row, PILOT_REASON_ZERO_VARIANCE);
    } else {
        row->std_error_type = test->influence ? PILOT_SE_LINEARIZED : PILOT_SE_SCORE;
        row->std_error = PILOT_GIVEN(sqrt(variance) / information);
        pilot_estimate_infer(row, confidence);
    }
    if (row->ci_low.given)
        pilot_estimate_note(row, "hazard ratio %.4g (%.4g to %.4g)", exp(row->estimate.value),
                            exp(row->ci_low.value), exp(row->ci_high.value));
    pilot_estimate_note(row, "%llu events against %llu", (unsigned long long)test->events[1],
                        (unsigned long long)test->events[0]);
}

void pilot_log_rank_estimate(const pilot_sample_t *sample, const pilot_contrast_options_t *options,
                             pilot_estimate_t *ret_estimate)
{
    pilot_estimate_t row = {.status = PILOT_ROW_OK};
    survival_key_t *key = survival_sort(sample, false);
    survival_design_t design = survival_design_make(sample, key);
    if (!survival_refuses(sample, &design, &row)) {
        log_rank_t test = {.sample = sample};
        if (sample->weight || sample->cluster)
            test.influence = PILOT_NEW_ARRAY(double, sample->n);
        for (size_t b = 0; b < design.blocks; b++)
            add_block(&test, key, &design.block[b], design.blocks > 1);
        survival_count(sample, key, &design, &row);
        finish(&test, &design, options->confidence, &row);
        survival_note_left_out(&design, &row);
        free(test.influence);
    }
    free(design.block);
    free(key);
    *ret_estimate = row;
}
