/* ols_residuals_pack.c - residual-based sums to and from a piece. */
#include <string.h>

#include "ols_pack.h"
#include "ols_residuals.h"

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

void pilot_residuals_pack(const pilot_residuals_t *residuals, const pilot_fit_t *fit,
                          pilot_piece_t *piece)
{
    bool clusters = has_clusters(fit) && residuals->clusters.scalar != NULL;
    pilot_piece_add_counts(
        piece,
        (uint64_t[]){residuals->arms, (clusters ? 1U : 0U) | (residuals->too_tied ? 2U : 0U)}, 2);
    pilot_piece_add_number(piece, residuals->square);
    pilot_piece_add_numbers(piece, residuals->meat, residuals->arms);
    pilot_piece_add_counts(piece, residuals->leverage_one, residuals->arms);
    if (clusters)
        pack_clusters(residuals, piece);
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
        !pilot_take_counts(reader, fit->arms, arena, &ret->leverage_one) ||
        (head[1] & 1 && !take_clusters(reader, fit, arena, &ret->clusters)))
        return pilot_pack_error(error, "residual sums of this plan");
    ret->too_tied = head[1] & 2;
    return PILOT_OK;
}
