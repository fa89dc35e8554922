/* ols_residuals_pack.c - residual-based sums to and from a piece. */
#include <string.h>

#include "ols_pack.h"
#include "ols_refine.h"

/* What the sums hold of each contrast, for a fit. */
typedef struct shape {
    size_t contrasts, halves, rank, side;
} shape_t;

static shape_t shape_of(const pilot_fit_t *fit)
{
    bool two = fit->std_error == PILOT_SE_CR2 && !fit->equal_weights;
    shape_t shape = {.halves = two ? 2 : 1, .rank = fit->rank};
    for (size_t arm = 1; arm < fit->arms; arm++)
        shape.contrasts += fit->arm_column[arm] != SIZE_MAX;
    shape.side = shape.halves * shape.rank;
    return shape;
}

static bool has_clusters(const pilot_fit_t *fit)
{
    return fit->clustered && fit->std_error >= PILOT_SE_CR2;
}

static void pack_clusters(const pilot_residuals_t *residuals, pilot_piece_t *piece)
{
    const pilot_cluster_sums_t *sums = &residuals->clusters;
    size_t side = sums->halves * sums->rank;
    pilot_piece_add_numbers(piece, sums->scalar, sums->contrasts * PILOT_CLUSTER_SCALARS);
    for (size_t c = 0; c < sums->contrasts; c++)
        pilot_pack_triangle(piece, sums->m + c * side * side, side);
    if (sums->halves == 1)
        return;
    pilot_piece_add_numbers(piece, sums->cross, sums->contrasts * side * sums->rank);
    pilot_piece_add_numbers(piece, sums->edge, sums->contrasts * sums->rank * sums->rank);
}

static void pack_gram(const pilot_cluster_gram_t *gram, const shape_t *shape, size_t outcome,
                      pilot_piece_t *piece)
{
    size_t d = shape->rank + gram->blocks;
    const double *triangle[] = {gram->weighted, gram->plain, gram->squared};
    pilot_piece_add_label(piece, gram->cluster);
    pilot_piece_add_count(piece, gram->blocks);
    for (size_t b = 0; b < gram->blocks; b++)
        pilot_piece_add_count(piece, gram->block[b]);
    for (size_t t = 0; t < (shape->halves == 2 ? 3 : 1); t++)
        for (size_t i = 0; i < d; i++)
            pilot_piece_add_numbers(piece, triangle[t] + i * gram->stride + i, d - i);
    pilot_piece_add_numbers(piece, gram->score + outcome * gram->stride, d);
    if (shape->halves == 2)
        pilot_piece_add_numbers(piece, gram->plain_score + outcome * gram->stride, d);
}

static void pack_across(const pilot_across_part_t *part, const shape_t *shape, pilot_piece_t *piece)
{
    pilot_piece_add_counts(piece, (uint64_t[]){part->blocks, part->components, part->grams}, 3);
    for (size_t b = 0; b < part->blocks; b++)
        pilot_piece_add_label(piece, part->label[b]);
    for (size_t c = 0; c < part->components; c++) {
        const pilot_component_t *component = &part->component[c];
        size_t rows = shape->halves * component->blocks;
        pilot_piece_add_numbers(piece, component->dd, shape->contrasts * rows * rows);
        pilot_piece_add_numbers(piece, component->dx, shape->contrasts * rows * shape->side);
    }
    for (size_t s = 0; s < part->grams; s++)
        pack_gram(&part->gram[s], shape, part->outcome, piece);
}

static bool take_gram(pilot_piece_reader_t *reader, const shape_t *shape, size_t blocks,
                      pilot_arena_t *arena, pilot_cluster_gram_t *gram)
{
    uint64_t count;
    *gram = (pilot_cluster_gram_t){0};
    if (!pilot_take_label(reader, arena, &gram->cluster) || !pilot_take_count(reader, &count) ||
        count > blocks)
        return false;
    const uint64_t *number = pilot_piece_take_counts(reader, count);
    size_t d = shape->rank + count;
    gram->blocks = gram->most_blocks = count;
    gram->stride = d;
    gram->block = PILOT_ARENA_RAW(arena, size_t, count);
    if (!number)
        return false;
    for (size_t b = 0; b < count; b++) {
        gram->block[b] = number[b];
        if (number[b] >= blocks)
            return false;
    }
    if (!pilot_take_triangle(reader, d, arena, &gram->weighted) ||
        (shape->halves == 2 && (!pilot_take_triangle(reader, d, arena, &gram->plain) ||
                                !pilot_take_triangle(reader, d, arena, &gram->squared))))
        return false;
    return pilot_take_numbers(reader, d, arena, &gram->score) &&
           (shape->halves == 1 || pilot_take_numbers(reader, d, arena, &gram->plain_score));
}

static bool take_across(pilot_piece_reader_t *reader, const pilot_fit_t *fit, pilot_arena_t *arena,
                        pilot_across_part_t *part)
{
    shape_t shape = shape_of(fit);
    const uint64_t *head = pilot_piece_take_counts(reader, 3);
    if (!head || head[0] > fit->blocks || head[2] > fit->spanning ||
        (head[1] != 0 && head[1] != 1 && head[1] != head[0]))
        return false;
    *part = (pilot_across_part_t){.blocks = head[0], .components = head[1], .grams = head[2]};
    part->label = PILOT_ARENA_RAW(arena, const char *, part->blocks);
    for (size_t b = 0; b < part->blocks; b++)
        if (!pilot_take_label(reader, arena, &part->label[b]))
            return false;
    part->component = PILOT_ARENA_ARRAY(arena, pilot_component_t, part->components);
    for (size_t c = 0; c < part->components; c++) {
        pilot_component_t *component = &part->component[c];
        component->blocks = part->components == 1 ? part->blocks : 1;
        size_t rows = shape.halves * component->blocks;
        if (!pilot_take_numbers(reader, shape.contrasts * rows * rows, arena, &component->dd) ||
            !pilot_take_numbers(reader, shape.contrasts * rows * shape.side, arena, &component->dx))
            return false;
    }
    part->gram = PILOT_ARENA_RAW(arena, pilot_cluster_gram_t, part->grams);
    for (size_t s = 0; s < part->grams; s++)
        if (!take_gram(reader, &shape, part->blocks, arena, &part->gram[s]))
            return false;
    return true;
}

void pilot_residuals_pack(const pilot_residuals_t *residuals, const pilot_fit_t *fit,
                          pilot_piece_t *piece)
{
    bool clusters = has_clusters(fit) && residuals->clusters.scalar != NULL;
    bool across = residuals->across.blocks > 0;
    shape_t shape = shape_of(fit);
    pilot_piece_add_counts(
        piece,
        (uint64_t[]){residuals->arms, (clusters ? 1U : 0U) | (residuals->too_tied ? 2U : 0U) |
                                          (across ? 4U : 0U) | (residuals->gradient ? 8U : 0U)},
        2);
    pilot_piece_add_number(piece, residuals->square);
    pilot_piece_add_numbers(piece, residuals->meat, residuals->arms);
    pilot_piece_add_numbers(piece, residuals->plain_meat, residuals->arms);
    pilot_piece_add_numbers(piece, residuals->adjusted_meat, residuals->arms);
    pilot_piece_add_counts(piece, residuals->leverage_one, residuals->arms);
    if (clusters)
        pack_clusters(residuals, piece);
    if (across)
        pack_across(&residuals->across, &shape, piece);
    if (residuals->gradient)
        pilot_piece_add_numbers(piece, residuals->gradient,
                                pilot_gradient_numbers(fit, residuals->across.blocks));
}

/* The lower triangle too. */
static void mirror(double *matrix, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++)
            matrix[i * n + j] = matrix[j * n + i];
}

static bool take_clusters(pilot_piece_reader_t *reader, const pilot_fit_t *fit,
                          pilot_arena_t *arena, pilot_cluster_sums_t *ret)
{
    shape_t shape = shape_of(fit);
    *ret = (pilot_cluster_sums_t){
        .contrasts = shape.contrasts, .halves = shape.halves, .rank = shape.rank};
    if (!pilot_take_numbers(reader, shape.contrasts * PILOT_CLUSTER_SCALARS, arena, &ret->scalar))
        return false;
    ret->m = PILOT_ARENA_RAW(arena, double, shape.contrasts *shape.side *shape.side);
    for (size_t c = 0; c < shape.contrasts; c++) {
        double *m;
        if (!pilot_take_triangle(reader, shape.side, arena, &m))
            return false;
        mirror(m, shape.side);
        memcpy(ret->m + c * shape.side * shape.side, m, shape.side * shape.side * sizeof *m);
    }
    return shape.halves == 1 ||
           (pilot_take_numbers(reader, shape.contrasts * shape.side * shape.rank, arena,
                               &ret->cross) &&
            pilot_take_numbers(reader, shape.contrasts * shape.rank * shape.rank, arena,
                               &ret->edge));
}

pilot_status_t pilot_residuals_unpack(pilot_piece_reader_t *reader, const pilot_fit_t *fit,
                                      pilot_arena_t *arena, pilot_residuals_t *ret,
                                      pilot_error_t *error)
{
    const uint64_t *head = pilot_piece_take_counts(reader, 2);
    *ret = (pilot_residuals_t){.arms = fit->arms};
    if (!head || head[0] != fit->arms || (head[1] & 1 && !has_clusters(fit)) ||
        !pilot_take_number(reader, &ret->square) ||
        !pilot_take_numbers(reader, fit->arms, arena, &ret->meat) ||
        !pilot_take_numbers(reader, fit->arms, arena, &ret->plain_meat) ||
        !pilot_take_numbers(reader, fit->arms, arena, &ret->adjusted_meat) ||
        !pilot_take_counts(reader, fit->arms, arena, &ret->leverage_one) ||
        (head[1] & 1 && !take_clusters(reader, fit, arena, &ret->clusters)) ||
        (head[1] & 4 && !(fit->across && take_across(reader, fit, arena, &ret->across))) ||
        (head[1] & 8 && !pilot_take_numbers(reader, pilot_gradient_numbers(fit, ret->across.blocks),
                                            arena, &ret->gradient)))
        return pilot_pack_error(error, "residual sums of this plan");
    ret->too_tied = head[1] & 2;
    return PILOT_OK;
}
