#include "overlaps.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "pilot/memory.h"

static size_t by_outcome(const pilot_overlaps_t *overlaps)
{
    return overlaps->pairs * overlaps->analysis->outcomes;
}

static size_t by_difference(const pilot_overlaps_t *overlaps)
{
    return overlaps->pairs * overlaps->analysis->responses * overlaps->analysis->treatments;
}

static size_t by_level(const pilot_overlaps_t *overlaps)
{
    return overlaps->subsets * overlaps->analysis->responses * overlaps->analysis->treatments;
}

static size_t by_regression(const pilot_overlaps_t *overlaps)
{
    return by_difference(overlaps) * overlaps->analysis->models;
}

/* Behind the last level of the subgroup that begins here. */
static size_t end_of_subgroup(const pilot_subsets_t *subsets, size_t first)
{
    size_t end = first;
    while (end < subsets->count && subsets->subset[end].subgroup == subsets->subset[first].subgroup)
        end++;
    return end;
}

static void make_pairs(pilot_overlaps_t *overlaps, const pilot_subsets_t *subsets)
{
    size_t capacity = 0;
    for (size_t first = 1, end; first < subsets->count; first = end) {
        end = end_of_subgroup(subsets, first);
        for (size_t one = first; one < end; one++)
            for (size_t other = one + 1; other < end; other++) {
                if (one > first && end - first > PILOT_MOST_PAIRED_LEVELS)
                    break;
                overlaps->pair = pilot_grow(overlaps->pair, &capacity, overlaps->pairs + 1,
                                            sizeof *overlaps->pair);
                overlaps->pair[overlaps->pairs++] = (pilot_level_pair_t){one, other};
            }
    }
}

pilot_overlaps_t *pilot_overlaps_new(const pilot_analysis_t *analysis,
                                     const pilot_subsets_t *subsets)
{
    pilot_overlaps_t *overlaps = PILOT_NEW(pilot_overlaps_t);
    overlaps->analysis = analysis;
    overlaps->subsets = subsets->count;
    make_pairs(overlaps, subsets);
    overlaps->clusters = PILOT_NEW_ARRAY(uint64_t, by_outcome(overlaps));
    overlaps->blocks = PILOT_NEW_ARRAY(uint64_t, by_outcome(overlaps));
    overlaps->difference = PILOT_NEW_ARRAY(pilot_dim_overlap_t, by_difference(overlaps));
    overlaps->square = PILOT_NEW_ARRAY(double, by_level(overlaps));
    overlaps->regression = PILOT_NEW_ARRAY(double, by_regression(overlaps));
    if (analysis->has_iv) {
        overlaps->iv = PILOT_NEW_ARRAY(double, by_difference(overlaps));
        overlaps->iv_score = PILOT_NEW_ARRAY(double *, by_level(overlaps));
    }
    return overlaps;
}

void pilot_overlaps_free(pilot_overlaps_t *overlaps)
{
    if (!overlaps)
        return;
    free(overlaps->pair);
    free(overlaps->clusters);
    free(overlaps->blocks);
    free(overlaps->difference);
    free(overlaps->square);
    free(overlaps->regression);
    for (size_t i = 0; overlaps->iv_score && i < by_level(overlaps); i++)
        free(overlaps->iv_score[i]);
    free(overlaps->iv_score);
    free(overlaps->iv);
    free(overlaps);
}

size_t pilot_overlaps_find(const pilot_overlaps_t *overlaps, size_t one, size_t other)
{
    if (one > other)
        return pilot_overlaps_find(overlaps, other, one);
    for (size_t i = 0; i < overlaps->pairs; i++)
        if (overlaps->pair[i].one == one && overlaps->pair[i].other == other)
            return i;
    return SIZE_MAX;
}

/* ---- of one agency's rows -------------------------------------------------------------------- */

/* Marks the codes that rows with the outcome have. */
static void mark(const pilot_view_t *view, const pilot_subset_t *subset, size_t outcome,
                 const uint32_t *code, uint8_t *marked, uint8_t bit)
{
    const uint8_t *present = view->outcome[outcome].present;
    const double *weight = view->frame.weight;
    for (size_t i = 0; i < subset->rows; i++) {
        size_t row = subset->row[i];
        if ((!present || present[row]) && (!weight || weight[row] > 0))
            marked[code ? code[row] : 0] |= bit;
    }
}

static uint64_t count_shared(const pilot_view_t *view, const pilot_subset_t *one,
                             const pilot_subset_t *other, size_t outcome, const uint32_t *code,
                             size_t codes)
{
    uint8_t *marked = PILOT_NEW_ARRAY(uint8_t, codes);
    uint64_t shared = 0;
    mark(view, one, outcome, code, marked, 1);
    mark(view, other, outcome, code, marked, 2);
    for (size_t i = 0; i < codes; i++)
        shared += marked[i] == 3;
    free(marked);
    return shared;
}

static void count_pair(pilot_overlaps_t *overlaps, const pilot_view_t *view,
                       const pilot_subsets_t *subsets, size_t pair)
{
    const pilot_frame_t *frame = &view->frame;
    const pilot_analysis_t *analysis = overlaps->analysis;
    const pilot_subset_t *one = &subsets->subset[overlaps->pair[pair].one];
    const pilot_subset_t *other = &subsets->subset[overlaps->pair[pair].other];
    for (size_t o = 0; o < analysis->outcomes; o++) {
        size_t at = pair * analysis->outcomes + o;
        overlaps->blocks[at] =
            count_shared(view, one, other, o, frame->block, frame->block ? frame->blocks : 1);
        if (frame->cluster)
            overlaps->clusters[at] =
                count_shared(view, one, other, o, frame->cluster, frame->clusters);
        overlaps->clustered |= overlaps->clusters[at] > 0;
    }
    bool differences = frame->cluster && view->response && analysis->has_difference;
    for (size_t r = 0; differences && r < analysis->responses; r++)
        for (size_t arm = 1; arm <= analysis->treatments; arm++)
            pilot_dim_overlap(
                frame, &view->response[r], one->row, one->rows, other->row, other->rows, arm,
                &overlaps->difference[(pair * analysis->responses + r) * analysis->treatments +
                                      arm - 1]);
}

/* A level's own sum of squares, of every response and arm. */
static void add_squares(pilot_overlaps_t *overlaps, const pilot_view_t *view,
                        const pilot_subsets_t *subsets, size_t level)
{
    const pilot_analysis_t *analysis = overlaps->analysis;
    const pilot_subset_t *subset = &subsets->subset[level];
    for (size_t r = 0; r < analysis->responses; r++)
        for (size_t arm = 1; arm <= analysis->treatments; arm++) {
            pilot_dim_overlap_t self;
            pilot_dim_overlap(&view->frame, &view->response[r], subset->row, subset->rows,
                              subset->row, subset->rows, arm, &self);
            overlaps->square[(level * analysis->responses + r) * analysis->treatments + arm - 1] =
                self.cross;
        }
}

pilot_overlaps_t *pilot_overlaps_of(const pilot_view_t *view, const pilot_subsets_t *subsets)
{
    pilot_overlaps_t *overlaps = pilot_overlaps_new(view->analysis, subsets);
    for (size_t i = 0; i < overlaps->pairs; i++)
        count_pair(overlaps, view, subsets, i);
    bool squares = view->frame.cluster && view->response && view->analysis->has_difference;
    for (size_t i = 1; i < subsets->count && squares; i++)
        add_squares(overlaps, view, subsets, i);
    overlaps->differences_unknown = overlaps->clustered && view->analysis->spec->across;
    return overlaps;
}

bool pilot_overlaps_need_scores(const pilot_overlaps_t *overlaps, const pilot_analysis_t *analysis,
                                size_t subset)
{
    return subset == 0 ? analysis->targets > 0 : overlaps && overlaps->clustered;
}

void pilot_overlaps_add_scores(pilot_overlaps_t *overlaps, const pilot_ols_scores_t *scores)
{
    const pilot_analysis_t *analysis = overlaps->analysis;
    size_t each = pilot_analysis_regressions(analysis, 1);
    for (size_t i = 0; i < overlaps->pairs && overlaps->clustered; i++)
        for (size_t k = 0; k < each; k++) {
            const pilot_ols_scores_t *one = &scores[overlaps->pair[i].one * each + k];
            const pilot_ols_scores_t *other = &scores[overlaps->pair[i].other * each + k];
            for (size_t t = 0; t < analysis->treatments; t++) {
                overlaps->regressions_unknown |=
                    pilot_ols_scores_unknown(one, t) || pilot_ols_scores_unknown(other, t);
                if (one->available && other->available)
                    overlaps->regression[(i * each + k) * analysis->treatments + t] +=
                        pilot_ols_scores_covariance(one, t, other, t);
            }
        }
}

void pilot_overlaps_keep_iv(pilot_overlaps_t *overlaps, size_t subset, size_t response, size_t arm,
                            const pilot_ols_scores_t *form, const pilot_ols_scores_t *stage)
{
    if (!overlaps || !overlaps->clustered || subset == 0)
        return;
    const pilot_analysis_t *analysis = overlaps->analysis;
    size_t treatment = arm - 1;
    overlaps->ivs_unknown |=
        pilot_ols_scores_unknown(form, treatment) || pilot_ols_scores_unknown(stage, treatment);
    if (!form->available || !stage->available || !form->contrast[treatment].given ||
        !stage->contrast[treatment].given || stage->contrast[treatment].estimate == 0)
        return;
    double first = stage->contrast[treatment].estimate;
    double ratio = form->contrast[treatment].estimate / first;
    double one = sqrt(form->factor) / first, two = ratio * sqrt(stage->factor) / first;
    double *score = PILOT_NEW_ARRAY(double, form->units);
    for (size_t i = 0; i < form->units; i++)
        score[i] = one * form->value[treatment * form->units + i] -
                   two * stage->value[treatment * stage->units + i];
    size_t at = (subset * analysis->responses + response) * analysis->treatments + treatment;
    free(overlaps->iv_score[at]);
    overlaps->iv_score[at] = score;
    overlaps->frame_clusters = form->units;
}

void pilot_overlaps_add_ivs(pilot_overlaps_t *overlaps)
{
    size_t each = overlaps->analysis->responses * overlaps->analysis->treatments;
    for (size_t i = 0; overlaps->iv && i < overlaps->pairs; i++)
        for (size_t k = 0; k < each; k++) {
            const double *one = overlaps->iv_score[overlaps->pair[i].one * each + k];
            const double *other = overlaps->iv_score[overlaps->pair[i].other * each + k];
            double sum = 0;
            for (size_t s = 0; one && other && s < overlaps->frame_clusters; s++)
                sum += one[s] * other[s];
            overlaps->iv[i * each + k] += sum;
        }
}

/* ---- to a piece and back --------------------------------------------------------------------- */

void pilot_overlaps_pack(const pilot_overlaps_t *overlaps, pilot_piece_t *piece)
{
    pilot_piece_add_counts(piece, overlaps->clusters, by_outcome(overlaps));
    pilot_piece_add_counts(piece, overlaps->blocks, by_outcome(overlaps));
    pilot_piece_add_count(piece, overlaps->clustered);
    pilot_piece_add_count(piece, overlaps->differences_unknown);
    pilot_piece_add_count(piece, overlaps->regressions_unknown);
    pilot_piece_add_count(piece, overlaps->ivs_unknown);
    pilot_piece_add_numbers(piece, overlaps->square, by_level(overlaps));
    if (!overlaps->clustered)
        return;
    for (size_t i = 0; i < by_difference(overlaps); i++) {
        const pilot_dim_overlap_t *one = &overlaps->difference[i];
        pilot_piece_add_count(piece, one->clusters);
        pilot_piece_add_count(piece, one->blocks);
        pilot_piece_add_number(piece, one->cross);
    }
    pilot_piece_add_numbers(piece, overlaps->regression, by_regression(overlaps));
    if (overlaps->iv)
        pilot_piece_add_numbers(piece, overlaps->iv, by_difference(overlaps));
}

static pilot_status_t unpack(pilot_overlaps_t *overlaps, pilot_piece_reader_t *reader,
                             pilot_error_t *error)
{
    size_t outcomes = by_outcome(overlaps), differences = by_difference(overlaps);
    const uint64_t *clusters = pilot_piece_take_counts(reader, outcomes);
    const uint64_t *blocks = pilot_piece_take_counts(reader, outcomes);
    const uint64_t *flag = pilot_piece_take_counts(reader, 4);
    const double *square = pilot_piece_take_numbers(reader, by_level(overlaps));
    if (!clusters || !blocks || !flag || !square)
        return pilot_error_set(error, PILOT_E_PROTOCOL, "a part without its levels' overlaps");
    memcpy(overlaps->clusters, clusters, outcomes * sizeof *clusters);
    memcpy(overlaps->blocks, blocks, outcomes * sizeof *blocks);
    memcpy(overlaps->square, square, by_level(overlaps) * sizeof *square);
    overlaps->clustered = flag[0] != 0;
    overlaps->differences_unknown = flag[1] != 0;
    overlaps->regressions_unknown = flag[2] != 0;
    overlaps->ivs_unknown = flag[3] != 0;
    if (!overlaps->clustered)
        return PILOT_OK;
    const uint64_t *count = pilot_piece_take_counts(reader, 2 * differences);
    const double *number = pilot_piece_take_numbers(reader, differences);
    const double *regression = pilot_piece_take_numbers(reader, by_regression(overlaps));
    const double *iv = overlaps->iv ? pilot_piece_take_numbers(reader, differences) : number;
    if (!count || !number || !regression || !iv)
        return pilot_error_set(error, PILOT_E_PROTOCOL, "a part without its levels' covariances");
    for (size_t i = 0; i < differences; i++)
        overlaps->difference[i] = (pilot_dim_overlap_t){
            .clusters = count[2 * i], .blocks = count[2 * i + 1], .cross = number[i]};
    memcpy(overlaps->regression, regression, by_regression(overlaps) * sizeof *regression);
    if (overlaps->iv)
        memcpy(overlaps->iv, iv, differences * sizeof *iv);
    return PILOT_OK;
}

static void add_pair(pilot_overlaps_t *total, size_t to, const pilot_overlaps_t *part, size_t from)
{
    const pilot_analysis_t *analysis = total->analysis;
    size_t responses = analysis->responses, differences = responses * analysis->treatments;
    size_t regressions = differences * analysis->models;
    size_t outcomes = analysis->outcomes;
    for (size_t i = 0; i < outcomes; i++) {
        total->clusters[to * outcomes + i] += part->clusters[from * outcomes + i];
        total->blocks[to * outcomes + i] += part->blocks[from * outcomes + i];
    }
    for (size_t i = 0; i < differences; i++) {
        pilot_dim_overlap_t *sum = &total->difference[to * differences + i];
        const pilot_dim_overlap_t *one = &part->difference[from * differences + i];
        sum->clusters += one->clusters;
        sum->blocks += one->blocks;
        sum->cross += one->cross;
    }
    for (size_t i = 0; total->iv && i < differences; i++)
        total->iv[to * differences + i] += part->iv[from * differences + i];
    for (size_t i = 0; i < regressions; i++)
        total->regression[to * regressions + i] += part->regression[from * regressions + i];
}

pilot_status_t pilot_overlaps_merge(pilot_overlaps_t *total, const pilot_subsets_t *all,
                                    const pilot_subsets_t *levels, pilot_piece_reader_t *reader,
                                    pilot_error_t *error)
{
    pilot_overlaps_t *part = pilot_overlaps_new(total->analysis, levels);
    pilot_status_t status = unpack(part, reader, error);
    total->clustered |= part->clustered;
    total->differences_unknown |= part->differences_unknown;
    total->regressions_unknown |= part->regressions_unknown;
    total->ivs_unknown |= part->ivs_unknown;
    for (size_t i = 0; i < part->pairs && status == PILOT_OK; i++) {
        size_t one = pilot_subsets_find(all, &levels->subset[part->pair[i].one]);
        size_t other = pilot_subsets_find(all, &levels->subset[part->pair[i].other]);
        size_t to = pilot_overlaps_find(total, one, other);
        if (to != SIZE_MAX)
            add_pair(total, to, part, i);
    }
    size_t each = total->analysis->responses * total->analysis->treatments;
    for (size_t i = 0; i < levels->count && status == PILOT_OK; i++) {
        size_t to = pilot_subsets_find(all, &levels->subset[i]);
        for (size_t k = 0; to != SIZE_MAX && k < each; k++)
            total->square[to * each + k] += part->square[i * each + k];
    }
    pilot_overlaps_free(part);
    return status;
}
