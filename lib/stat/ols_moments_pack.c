/* ols_moments_pack.c - moments to and from a piece. */
#include "ols_moments.h"
#include "ols_pack.h"

enum {
    TOO_WIDE = 1,
    BLOCKED = 2,
    CLUSTERED = 4,
    SQUARES = 8,
    CLUSTER_LABELS = 16,
    INTERACTED = 32,
    INTERACTIONS_TOO_WIDE = 64,
    NESTED = 128
};

static void pack_regressors(const pilot_moments_t *m, const pilot_ols_task_t *task,
                            pilot_piece_t *piece)
{
    for (size_t k = 0; k < m->regressors; k++) {
        if (task->regressor[k].number) {
            const pilot_number_moment_t *number = &m->number[k];
            pilot_piece_add_count(piece, number->missing);
            pilot_piece_add_numbers(
                piece, (double[]){number->base, number->sum, number->weight, number->length}, 4);
            continue;
        }
        const pilot_category_moment_t *category = &m->category[k];
        pilot_piece_add_count(piece, category->levels);
        pilot_piece_add_number(piece, category->missing_weight);
        pilot_piece_add_numbers(piece, category->weight, category->levels);
        for (size_t i = 0; i < category->levels; i++)
            pilot_piece_add_label(piece, category->label[i]);
    }
}

static void pack_across(const pilot_moments_t *m, pilot_piece_t *piece)
{
    for (size_t b = 0; b < m->blocks; b++) {
        pilot_piece_add_label(piece, m->block[b].label);
        pilot_piece_add_count(piece, m->block[b].cluster != NULL);
        if (m->block[b].cluster)
            pilot_piece_add_label(piece, m->block[b].cluster);
        pilot_piece_add_number(piece, m->block[b].weight);
        pilot_piece_add_numbers(piece, m->block[b].mean, m->raw + 1);
        if (m->square_r) {
            pilot_piece_add_number(piece, m->block[b].square_weight);
            pilot_piece_add_numbers(piece, m->block[b].square_mean, m->raw);
        }
    }
    for (size_t s = 0; m->cluster && s < m->clusters; s++) {
        pilot_piece_add_label(piece, m->cluster[s].label);
        pilot_piece_add_count(piece, m->cluster[s].arm);
    }
}

void pilot_moments_pack(const pilot_moments_t *m, const pilot_ols_task_t *task,
                        pilot_piece_t *piece)
{
    uint64_t flags = (m->too_wide ? TOO_WIDE : 0) | (m->blocked ? BLOCKED : 0) |
                     (m->clustered ? CLUSTERED : 0) | (m->square_r ? SQUARES : 0) |
                     (m->cluster ? CLUSTER_LABELS : 0) | (m->interacted ? INTERACTED : 0) |
                     (m->interactions_too_wide ? INTERACTIONS_TOO_WIDE : 0) |
                     (m->nested ? NESTED : 0);
    pilot_piece_add_counts(piece,
                           (uint64_t[]){m->arms, m->regressors, flags, m->std_error, m->candidates,
                                        m->rows, m->clusters, m->blocks, m->raw},
                           9);
    pilot_piece_add_counts(piece, m->arm_rows, m->arms);
    pilot_piece_add_counts(piece, m->arm_clusters, m->arms);
    pilot_piece_add_numbers(piece, m->arm_weight, m->arms);
    pilot_piece_add_numbers(piece,
                            (double[]){m->weight_low, m->weight_high, m->outcome_base,
                                       m->outcome_low, m->outcome_high, m->control_sum,
                                       m->control_squares},
                            7);
    if (m->too_wide || m->rows == 0)
        return;
    pack_regressors(m, task, piece);
    pilot_pack_triangle(piece, m->r, m->raw);
    pilot_piece_add_numbers(piece, m->effect, m->raw);
    pilot_piece_add_number(piece, m->rest);
    if (m->square_r)
        pilot_pack_triangle(piece, m->square_r, m->raw);
    if (task->across)
        pack_across(m, piece);
}

static bool take_number_moment(pilot_piece_reader_t *reader, pilot_moments_t *m, size_t k,
                               size_t *raw)
{
    pilot_number_moment_t *number = &m->number[k];
    const double *value = pilot_piece_take_numbers(reader, 4);
    if (!value || !pilot_take_count(reader, &number->missing) || number->missing > m->rows)
        return false;
    number->base = value[0];
    number->sum = value[1];
    number->weight = value[2];
    number->length = value[3];
    *raw += number->missing > 0 ? 2 : 1;
    return true;
}

static bool take_category_moment(pilot_piece_reader_t *reader, pilot_moments_t *m, size_t k,
                                 pilot_arena_t *arena, size_t *raw)
{
    pilot_category_moment_t *category = &m->category[k];
    uint64_t levels;
    if (!pilot_take_count(reader, &levels) || levels > PILOT_MOST_COLUMNS ||
        !pilot_take_number(reader, &category->missing_weight) ||
        !pilot_take_numbers(reader, levels, arena, &category->weight))
        return false;
    category->levels = levels;
    category->label = PILOT_ARENA_RAW(arena, const char *, levels);
    for (size_t i = 0; i < levels; i++)
        if (!pilot_take_label(reader, arena, &category->label[i]))
            return false;
    *raw += category->levels + (category->missing_weight > 0);
    return true;
}

static bool take_regressors(pilot_piece_reader_t *reader, const pilot_ols_task_t *task,
                            pilot_arena_t *arena, pilot_moments_t *m)
{
    size_t raw = 0, arms = 0;
    m->number = PILOT_ARENA_ARRAY(arena, pilot_number_moment_t, m->regressors);
    m->category = PILOT_ARENA_ARRAY(arena, pilot_category_moment_t, m->regressors);
    for (size_t arm = 1; arm < m->arms; arm++)
        arms += m->arm_rows[arm] > 0;
    raw = arms;
    for (size_t k = 0; k < m->regressors; k++)
        if (!(task->regressor[k].number ? take_number_moment(reader, m, k, &raw)
                                        : take_category_moment(reader, m, k, arena, &raw)))
            return false;
    m->narrow = raw;
    return m->raw == (m->interacted ? raw + (raw - arms) * arms : raw);
}

static bool take_across(pilot_piece_reader_t *reader, pilot_arena_t *arena, uint64_t flags,
                        pilot_moments_t *m)
{
    /* Each has a label: so much memory is worth taking. */
    if (m->blocks > reader->labels || m->clusters > m->rows)
        return false;
    m->block = PILOT_ARENA_ARRAY(arena, pilot_block_moment_t, m->blocks);
    for (size_t b = 0; b < m->blocks; b++) {
        pilot_block_moment_t *block = &m->block[b];
        double *mean, *square_mean = NULL;
        uint64_t has_cluster;
        if (!pilot_take_label(reader, arena, &block->label) ||
            !pilot_take_count(reader, &has_cluster) ||
            (has_cluster && !pilot_take_label(reader, arena, &block->cluster)) ||
            !pilot_take_number(reader, &block->weight) ||
            !pilot_take_numbers(reader, m->raw + 1, arena, &mean))
            return false;
        if (flags & SQUARES && (!pilot_take_number(reader, &block->square_weight) ||
                                !pilot_take_numbers(reader, m->raw, arena, &square_mean)))
            return false;
        block->mean = mean;
        block->square_mean = square_mean;
    }
    if (!(flags & CLUSTER_LABELS))
        return true;
    if (m->clusters > reader->labels)
        return false;
    m->cluster = PILOT_ARENA_ARRAY(arena, pilot_cluster_moment_t, m->clusters);
    for (size_t s = 0; s < m->clusters; s++)
        if (!pilot_take_label(reader, arena, &m->cluster[s].label) ||
            !pilot_take_count(reader, &m->cluster[s].arm) || m->cluster[s].arm >= m->arms)
            return false;
    return true;
}

static bool take_head(pilot_piece_reader_t *reader, const pilot_ols_task_t *task,
                      pilot_arena_t *arena, pilot_moments_t *m, uint64_t *ret_flags)
{
    const uint64_t *head = pilot_piece_take_counts(reader, 9);
    if (!head || head[0] != task->frame->arms || head[1] != task->regressors ||
        head[3] < PILOT_SE_CLASSICAL || head[3] > PILOT_SE_CR3 || head[8] > PILOT_MOST_COLUMNS)
        return false;
    *m = (pilot_moments_t){.arms = head[0],
                           .regressors = head[1],
                           .too_wide = head[2] & TOO_WIDE,
                           .blocked = head[2] & BLOCKED,
                           .clustered = head[2] & CLUSTERED,
                           .nested = head[2] & NESTED,
                           .interacted = head[2] & INTERACTED,
                           .interactions_too_wide = head[2] & INTERACTIONS_TOO_WIDE,
                           .std_error = (pilot_std_error_t)head[3],
                           .candidates = head[4],
                           .rows = head[5],
                           .clusters = head[6],
                           .blocks = head[7],
                           .raw = head[8]};
    *ret_flags = head[2];
    if (m->clustered != (m->std_error >= PILOT_SE_CR0) ||
        (m->rows > 0 && !m->too_wide &&
         (m->interacted || m->interactions_too_wide) != task->interact))
        return false;
    if (!pilot_take_counts(reader, m->arms, arena, &m->arm_rows) ||
        !pilot_take_counts(reader, m->arms, arena, &m->arm_clusters) ||
        !pilot_take_numbers(reader, m->arms, arena, &m->arm_weight))
        return false;
    const double *number = pilot_piece_take_numbers(reader, 7);
    if (!number)
        return false;
    m->weight_low = number[0];
    m->weight_high = number[1];
    m->outcome_base = number[2];
    m->outcome_low = number[3];
    m->outcome_high = number[4];
    m->control_sum = number[5];
    m->control_squares = number[6];
    return true;
}

pilot_status_t pilot_moments_unpack(pilot_piece_reader_t *reader, const pilot_ols_task_t *task,
                                    pilot_arena_t *arena, pilot_moments_t *ret,
                                    pilot_error_t *error)
{
    uint64_t flags;
    if (!take_head(reader, task, arena, ret, &flags))
        return pilot_pack_error(error, "moments of this plan");
    if (ret->too_wide || ret->rows == 0) {
        ret->number = PILOT_ARENA_ARRAY(arena, pilot_number_moment_t, ret->regressors);
        ret->category = PILOT_ARENA_ARRAY(arena, pilot_category_moment_t, ret->regressors);
        ret->raw = ret->narrow = 0;
        return PILOT_OK;
    }
    if (!take_regressors(reader, task, arena, ret) ||
        !pilot_take_triangle(reader, ret->raw, arena, &ret->r) ||
        !pilot_take_numbers(reader, ret->raw, arena, &ret->effect) ||
        !pilot_take_number(reader, &ret->rest) ||
        (flags & SQUARES && !pilot_take_triangle(reader, ret->raw, arena, &ret->square_r)) ||
        (task->across && !take_across(reader, arena, flags, ret)))
        return pilot_pack_error(error, "whole moments");
    return PILOT_OK;
}
