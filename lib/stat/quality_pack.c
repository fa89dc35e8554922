/* quality_pack.c - a summary of quality checks as flat arrays, and back.
 *
 * counts:  arms outcomes flags | rows | missing |
 *          within agencies: assigned, blocks, units of the smallest, blocks with probabilities and
 *          left out, then per treatment arm: blocks, lacking
 *          across: clusters, then per cluster: arm, rows, missing of each outcome
 * numbers: within agencies: inverse sizes of blocks, the four sums about probabilities,
 *          concentration of each arm; per treatment arm: moment, low, high; then per outcome and
 * treatment arm: score, variance labels:  across: per cluster: block, label */
#include "quality_summary.h"

#include <string.h>

#define MAX_ARMS 65536
#define MAX_OUTCOMES 65536
#define FLAG_CLUSTERED 1u
#define FLAG_ACROSS 2u

static void pack_sums(const pilot_quality_t *quality, pilot_piece_t *piece)
{
    size_t arms = quality->arms;
    pilot_piece_add_counts(piece, quality->assigned, arms);
    pilot_piece_add_count(piece, quality->design.blocks);
    pilot_piece_add_count(piece, quality->design.smallest);
    pilot_piece_add_count(piece, quality->column.blocks);
    pilot_piece_add_count(piece, quality->column.left_out);
    pilot_piece_add_number(piece, quality->design.inverse);
    pilot_piece_add_number(piece, quality->column.statistic);
    pilot_piece_add_number(piece, quality->column.df);
    pilot_piece_add_number(piece, quality->column.variance);
    pilot_piece_add_number(piece, quality->column.least);
    pilot_piece_add_numbers(piece, quality->concentration, arms);
    for (size_t a = 1; a < arms; a++) {
        const quality_share_t *share = &quality->share[a];
        pilot_piece_add_count(piece, share->blocks);
        pilot_piece_add_count(piece, share->lacking);
        pilot_piece_add_number(piece, share->moment);
        pilot_piece_add_number(piece, share->low);
        pilot_piece_add_number(piece, share->high);
    }
    for (size_t v = 0; v < quality->outcomes; v++) {
        for (size_t a = 1; a < arms; a++) {
            pilot_piece_add_number(piece, quality->score[v * arms + a].score);
            pilot_piece_add_number(piece, quality->score[v * arms + a].variance);
        }
    }
}

static void pack_clusters(const pilot_quality_t *quality, pilot_piece_t *piece)
{
    size_t outcomes = quality->outcomes;
    pilot_piece_add_count(piece, quality->clusters);
    for (size_t i = 0; i < quality->clusters; i++) {
        pilot_piece_add_count(piece, quality->cluster[i].arm);
        pilot_piece_add_count(piece, quality->cluster[i].rows);
        pilot_piece_add_counts(piece, quality->cluster_missing + i * outcomes, outcomes);
        pilot_piece_add_label(piece, quality->cluster[i].block);
        pilot_piece_add_label(piece, quality->cluster[i].label);
    }
}

void pilot_quality_pack(const pilot_quality_t *quality, pilot_piece_t *piece)
{
    pilot_piece_add_count(piece, quality->arms);
    pilot_piece_add_count(piece, quality->outcomes);
    pilot_piece_add_count(piece, (quality->clustered ? FLAG_CLUSTERED : 0) |
                                     (quality->across ? FLAG_ACROSS : 0));
    pilot_piece_add_counts(piece, quality->rows, quality->arms);
    pilot_piece_add_counts(piece, quality->missing, quality->arms * quality->outcomes);
    if (quality->across)
        pack_clusters(quality, piece);
    else
        pack_sums(quality, piece);
}

static bool unpack_sums(pilot_quality_t *quality, pilot_piece_reader_t *reader)
{
    size_t arms = quality->arms, outcomes = quality->outcomes;
    const uint64_t *count = pilot_piece_take_counts(reader, arms + 4 + 2 * (arms - 1));
    const double *number =
        pilot_piece_take_numbers(reader, 5 + arms + (3 + 2 * outcomes) * (arms - 1));
    if (!count || !number)
        return false;
    memcpy(quality->assigned, count, arms * sizeof *count);
    quality->design = (quality_design_t){count[arms], count[arms + 1], number[0]};
    quality->column = (quality_column_t){number[1], number[2],       number[3],
                                         number[4], count[arms + 2], count[arms + 3]};
    memcpy(quality->concentration, number + 5, arms * sizeof *number);
    count += arms + 4;
    number += 5 + arms;
    for (size_t a = 1; a < arms; a++, count += 2, number += 3)
        quality->share[a] = (quality_share_t){count[0], count[1], number[0], number[1], number[2]};
    for (size_t v = 0; v < outcomes; v++)
        for (size_t a = 1; a < arms; a++, number += 2)
            quality->score[v * arms + a] = (quality_score_t){number[0], number[1]};
    return true;
}

static bool unpack_clusters(pilot_quality_t *quality, pilot_piece_reader_t *reader)
{
    const uint64_t *clusters = pilot_piece_take_counts(reader, 1);
    for (uint64_t i = 0; clusters && i < *clusters; i++) {
        const uint64_t *count = pilot_piece_take_counts(reader, 2 + quality->outcomes);
        const pilot_label_t *label = pilot_piece_take_labels(reader, 2);
        if (!count || !label || count[0] >= quality->arms)
            return false;
        quality_add_cluster(quality, label[0].bytes, label[0].length, label[1].bytes,
                            label[1].length, count[0], count[1], count + 2);
    }
    return clusters != NULL;
}

pilot_status_t pilot_quality_unpack(pilot_piece_reader_t *reader, pilot_quality_t **ret_quality,
                                    pilot_error_t *error)
{
    pilot_piece_reader_t rest = *reader;
    const uint64_t *head = pilot_piece_take_counts(&rest, 3), *count = NULL;
    pilot_quality_t *quality = NULL;
    if (head && head[0] > 0 && head[0] <= MAX_ARMS && head[1] <= MAX_OUTCOMES &&
        head[2] <= (FLAG_CLUSTERED | FLAG_ACROSS))
        count = pilot_piece_take_counts(&rest, (1 + head[1]) * head[0]);
    if (count) {
        quality = quality_new(head[0], head[1]);
        quality->clustered = head[2] & FLAG_CLUSTERED;
        quality->across = head[2] & FLAG_ACROSS;
        memcpy(quality->rows, count, head[0] * sizeof *count);
        memcpy(quality->missing, count + head[0], head[0] * head[1] * sizeof *count);
    }
    if (!quality ||
        !(quality->across ? unpack_clusters(quality, &rest) : unpack_sums(quality, &rest))) {
        pilot_quality_free(quality);
        return pilot_error_set(error, PILOT_E_PROTOCOL,
                               "a part does not hold a summary of quality checks; run all programs "
                               "in one version");
    }
    *reader = rest;
    *ret_quality = quality;
    return PILOT_OK;
}
