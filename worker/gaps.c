#include "gaps.h"

#include <stdlib.h>
#include <string.h>

#include "pilot/memory.h"

void pilot_gaps_init(pilot_gaps_t *gaps, const pilot_analysis_t *analysis,
                     const pilot_subsets_t *subsets, const pilot_overlaps_t *overlaps)
{
    *gaps = (pilot_gaps_t){
        .analysis = analysis, .subsets = subsets, .overlaps = overlaps, .outcome = SIZE_MAX};
}

void pilot_gaps_clear(pilot_gaps_t *gaps)
{
    free(gaps->effect);
    *gaps = (pilot_gaps_t){0};
}

static pilot_kept_effect_t *effect_of(const pilot_gaps_t *gaps, const pilot_row_key_t *key,
                                      size_t subset)
{
    const pilot_row_slots_t *slots = gaps->analysis->slots;
    size_t slot = (size_t)(key->slot - &slots->slot[slots->first[key->outcome]]);
    return &gaps->effect[(subset * gaps->slots + slot) * gaps->analysis->treatments + key->arm - 1];
}

void pilot_gaps_keep(pilot_gaps_t *gaps, const pilot_row_key_t *key, pilot_gap_origin_t origin,
                     const char *estimator, const pilot_estimate_t *estimate)
{
    const pilot_row_slots_t *slots = gaps->analysis->slots;
    if (!gaps->analysis->gaps || key->gap || key->subset == 0)
        return;
    if (gaps->outcome != key->outcome) {
        gaps->outcome = key->outcome;
        gaps->slots = slots->first[key->outcome + 1] - slots->first[key->outcome];
        size_t needed = gaps->subsets->count * gaps->slots * gaps->analysis->treatments;
        gaps->effect = pilot_grow(gaps->effect, &gaps->capacity, needed, sizeof *gaps->effect);
        memset(gaps->effect, 0, needed * sizeof *gaps->effect);
    }
    *effect_of(gaps, key, key->subset) = (pilot_kept_effect_t){
        .kept = true, .origin = origin, .estimator = estimator, .estimate = *estimate};
}

/* ---- covariance of two levels' effects ------------------------------------------------------- */

/* False: some cluster has rows in both, and how their effects move together is not known. */
static bool find_overlap(const pilot_gaps_t *gaps, const pilot_row_key_t *key, size_t one,
                         size_t other, pilot_overlap_t *ret)
{
    const pilot_overlaps_t *overlaps = gaps->overlaps;
    const pilot_analysis_t *analysis = gaps->analysis;
    size_t pair = pilot_overlaps_find(overlaps, one, other);
    *ret = (pilot_overlap_t){0};
    if (pair == SIZE_MAX)
        return !overlaps->clustered;
    const pilot_kept_effect_t *a = effect_of(gaps, key, one), *b = effect_of(gaps, key, other);
    size_t counted = pair * analysis->outcomes + key->outcome, treatment = key->arm - 1;
    *ret = (pilot_overlap_t){.clusters = overlaps->clusters[counted],
                             .blocks = overlaps->blocks[counted]};
    ret->correlated = ret->clusters > 0;
    if (!ret->correlated)
        return true;
    if (a->origin == PILOT_GAP_CONTRAST)
        return false;
    size_t response = pilot_analysis_response(analysis, key->outcome, key->slot);
    if (a->origin == PILOT_GAP_DIFFERENCE) {
        const pilot_dim_overlap_t *shared =
            &overlaps->difference[(pair * analysis->responses + response) * analysis->treatments +
                                  treatment];
        const double *square = overlaps->square + treatment;
        size_t each = analysis->responses * analysis->treatments;
        size_t own = response * analysis->treatments;
        ret->clusters = shared->clusters;
        ret->blocks = shared->blocks;
        ret->covariance = pilot_dim_overlap_covariance(
            shared->cross, square[one * each + own], square[other * each + own],
            a->estimate.std_error.value, b->estimate.std_error.value);
        return !overlaps->differences_unknown;
    }
    if (a->origin == PILOT_GAP_IV) {
        ret->covariance =
            overlaps
                ->iv[(pair * analysis->responses + response) * analysis->treatments + treatment];
        return !overlaps->ivs_unknown;
    }
    size_t model = pilot_analysis_regression(analysis, 0, key->slot->estimator, response);
    size_t models = pilot_analysis_regressions(analysis, 1);
    ret->covariance =
        overlaps->regression[(pair * models + model) * analysis->treatments + treatment];
    return !overlaps->regressions_unknown;
}

/* ---- rows ------------------------------------------------------------------------------------ */

static void forget_std_error(pilot_estimate_t *gap)
{
    gap->std_error = gap->df = gap->statistic = gap->p_value = PILOT_ABSENT;
    gap->ci_low = gap->ci_high = PILOT_ABSENT;
    pilot_estimate_refuse(gap, PILOT_REASON_VARIANCE_UNIDENTIFIED);
    pilot_estimate_note(gap, "clusters have rows in both levels");
}

/* Do the effects differ over all levels, where there are more than two? */
static void add_joint_test(const pilot_gaps_t *gaps, const pilot_row_key_t *key, size_t first,
                           size_t levels, pilot_estimate_t *gap)
{
    pilot_estimate_t *level = PILOT_NEW_ARRAY(pilot_estimate_t, levels);
    double *covariance = PILOT_NEW_ARRAY(double, levels *levels);
    bool correlated = false, known = true;
    for (size_t i = 0; i < levels; i++) {
        const pilot_kept_effect_t *effect = effect_of(gaps, key, first + i);
        level[i] = effect->estimate;
        known &= effect->kept;
        covariance[i * levels + i] =
            level[i].std_error.given ? level[i].std_error.value * level[i].std_error.value : 0;
        for (size_t j = 0; j < i && known; j++) {
            pilot_overlap_t overlap;
            known &= find_overlap(gaps, key, first + j, first + i, &overlap);
            correlated |= overlap.correlated;
            covariance[i * levels + j] = covariance[j * levels + i] = overlap.covariance;
        }
    }
    if (known && !(correlated && levels > PILOT_MOST_PAIRED_LEVELS)) {
        pilot_wald_t wald;
        pilot_gap_test(level, levels, correlated ? covariance : NULL, &wald);
        pilot_wald_note(&wald, gap);
    }
    free(level);
    free(covariance);
}

bool pilot_gaps_estimate(const pilot_gaps_t *gaps, const pilot_row_key_t *key,
                         const char **ret_estimator, pilot_estimate_t *ret_gap)
{
    const pilot_subsets_t *subsets = gaps->subsets;
    size_t first = key->subset, end = key->subset;
    while (first > 1 &&
           subsets->subset[first - 1].subgroup == subsets->subset[key->subset].subgroup)
        first--;
    while (end < subsets->count &&
           subsets->subset[end].subgroup == subsets->subset[key->subset].subgroup)
        end++;
    if (gaps->outcome != key->outcome)
        return false;
    const pilot_kept_effect_t *one = effect_of(gaps, key, first);
    const pilot_kept_effect_t *other = effect_of(gaps, key, key->subset);
    if (!one->kept || !other->kept)
        return false;
    pilot_overlap_t overlap;
    bool known = find_overlap(gaps, key, first, key->subset, &overlap);
    pilot_gap_estimate(&other->estimate, &one->estimate, &overlap, gaps->analysis->spec->confidence,
                       ret_gap);
    pilot_estimate_note(ret_gap, "less %s = %s", subsets->subset[first].name,
                        subsets->subset[first].level);
    if (!known && ret_gap->std_error.given)
        forget_std_error(ret_gap);
    if (end - first > 2)
        add_joint_test(gaps, key, first, end - first, ret_gap);
    *ret_estimator = other->estimator;
    return true;
}
