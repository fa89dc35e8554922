/* cluster_robust_gram.c - a cluster of many rows, or of rows in several blocks or agencies: in the
 * space of the coefficients.  Steps and letters as in docs/methods/least-squares.md. */
#include <math.h>
#include <string.h>

#include "cluster_robust.h"
#include "cluster_robust_eigen.h"

/* Columns of the whitened F are kept above this share of the largest eigenvalue. */
#define WHITEN_TOLERANCE 1e-10

void pilot_cluster_gram_init(const pilot_cluster_work_t *work, size_t most_blocks,
                             pilot_arena_t *arena, pilot_cluster_gram_t *ret)
{
    size_t stride = work->rank + most_blocks;
    *ret = (pilot_cluster_gram_t){
        .most_blocks = most_blocks,
        .stride = stride,
        .block = PILOT_ARENA_ARRAY(arena, size_t, most_blocks),
        .weighted = PILOT_ARENA_ARRAY(arena, double, stride *stride),
        .score = PILOT_ARENA_ARRAY(arena, double, work->outcomes *stride),
    };
    if (work->halves == 1)
        return;
    ret->plain = PILOT_ARENA_ARRAY(arena, double, stride *stride);
    ret->squared = PILOT_ARENA_ARRAY(arena, double, stride *stride);
    ret->plain_score = PILOT_ARENA_ARRAY(arena, double, work->outcomes *stride);
}

/* Where entry k of `from` lies in a gram that holds all its blocks. */
static size_t slot_of(const pilot_cluster_gram_t *gram, const pilot_cluster_gram_t *from,
                      size_t rank, size_t k)
{
    size_t at = 0;
    if (k < rank)
        return k;
    while (gram->block[at] != from->block[k - rank])
        at++;
    return rank + at;
}

static void add_triangle(double *to, const pilot_cluster_gram_t *gram, const double *add,
                         const pilot_cluster_gram_t *from, size_t rank)
{
    for (size_t i = 0; i < rank + from->blocks; i++) {
        size_t at = slot_of(gram, from, rank, i);
        for (size_t j = i; j < rank + from->blocks; j++) {
            size_t with = slot_of(gram, from, rank, j);
            size_t low = at < with ? at : with, high = at < with ? with : at;
            to[low * gram->stride + high] += add[i * from->stride + j];
        }
    }
}

static void add_scores(double *to, const pilot_cluster_gram_t *gram, const double *add,
                       const pilot_cluster_gram_t *from, const pilot_cluster_work_t *work)
{
    for (size_t k = 0; k < work->rank + from->blocks; k++) {
        size_t at = slot_of(gram, from, work->rank, k);
        for (size_t o = 0; o < work->outcomes; o++)
            to[o * gram->stride + at] += add[o * from->stride + k];
    }
}

void pilot_cluster_gram_add(const pilot_cluster_work_t *work, pilot_cluster_gram_t *gram,
                            const pilot_cluster_gram_t *from)
{
    for (size_t b = 0; b < from->blocks; b++) {
        size_t at = 0;
        while (at < gram->blocks && gram->block[at] != from->block[b])
            at++;
        if (at == gram->blocks)
            gram->block[gram->blocks++] = from->block[b];
    }
    add_triangle(gram->weighted, gram, from->weighted, from, work->rank);
    add_scores(gram->score, gram, from->score, from, work);
    if (work->halves == 1)
        return;
    add_triangle(gram->plain, gram, from->plain, from, work->rank);
    add_triangle(gram->squared, gram, from->squared, from, work->rank);
    add_scores(gram->plain_score, gram, from->plain_score, from, work);
}

/* Arrays for one cluster; kept for the next one. */
typedef struct pilot_cluster_space {
    size_t most;  /* n they have room for */
    size_t d, n;  /* rank + blocks; halves x d */
    double *gram; /* n x n: G, or Gamma */
    double *matrix, *value, *vector;
    double *rotated;       /* up to n x n: rows are N's columns */
    double *back;          /* rows are (Y E)'s columns */
    double *l, *z, *score; /* n */
    size_t directions;
} space_t;

static space_t *make_space(pilot_cluster_work_t *work, const pilot_cluster_gram_t *gram,
                           pilot_arena_t *arena)
{
    size_t d = work->rank + gram->blocks, n = work->halves * d;
    if (!work->space || work->space->most < n) {
        work->space = PILOT_ARENA_RAW(arena, space_t, 1);
        *work->space = (space_t){.most = n,
                                 .gram = PILOT_ARENA_RAW(arena, double, n *n),
                                 .matrix = PILOT_ARENA_RAW(arena, double, n *n),
                                 .value = PILOT_ARENA_RAW(arena, double, n),
                                 .vector = PILOT_ARENA_RAW(arena, double, n *n),
                                 .rotated = PILOT_ARENA_RAW(arena, double, n *n),
                                 .back = PILOT_ARENA_RAW(arena, double, n *n),
                                 .l = PILOT_ARENA_RAW(arena, double, n),
                                 .z = PILOT_ARENA_RAW(arena, double, n),
                                 .score = PILOT_ARENA_RAW(arena, double, n)};
    }
    work->space->d = d;
    work->space->n = n;
    return work->space;
}

static void copy_block(const double *triangle, size_t stride, size_t d, double *to, size_t n)
{
    for (size_t i = 0; i < d; i++)
        for (size_t j = i; j < d; j++)
            to[i * n + j] = to[j * n + i] = triangle[i * stride + j];
}

static double dot(const double *a, const double *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

/* ret = matrix (n x n) x vector */
static void times(const double *matrix, const double *vector, size_t n, double *ret)
{
    for (size_t i = 0; i < n; i++)
        ret[i] = dot(matrix + i * n, vector, n);
}

/* One half: F = E diag(f) E', b = G F l, a = l'F b. */
static double plain_contrast(const space_t *space, const double *l, double *v,
                             pilot_cluster_result_t *result)
{
    memcpy(v, l, space->n * sizeof *v);
    for (size_t m = 0; m < space->n; m++) {
        const double *vector = space->vector + m * space->n;
        double along = dot(vector, l, space->n), lambda = 1 - space->rotated[m];
        if (space->value[m] == 0)
            result->lost += lambda * along * along;
        for (size_t i = 0; i < space->n; i++)
            v[i] += (space->value[m] - 1) * along * vector[i];
    }
    times(space->gram, v, space->n, space->z);
    result->a = dot(v, space->z, space->n);
    return dot(v, space->score, space->n);
}

static void plain_decompose(const pilot_cluster_work_t *work, space_t *space)
{
    memcpy(space->matrix, space->gram, space->n * space->n * sizeof *space->matrix);
    pilot_eigen(space->matrix, space->n, space->value, space->vector);
    for (size_t m = 0; m < space->n; m++) {
        double lambda = fmin(fmax(space->value[m], 0), 1);
        space->rotated[m] = 1 - lambda;
        space->value[m] = pilot_cluster_factor(work, 1 - lambda);
    }
}

/* Y with F Y orthonormal; rows of `back` are its columns. */
static void whiten(space_t *space)
{
    size_t n = space->n;
    double *scale = space->l, largest = 0;
    for (size_t i = 0; i < n; i++)
        scale[i] = space->gram[i * n + i] > 0 ? sqrt(space->gram[i * n + i]) : 1;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            space->matrix[i * n + j] = space->gram[i * n + j] / (scale[i] * scale[j]);
    pilot_eigen(space->matrix, n, space->value, space->vector);
    for (size_t m = 0; m < n; m++)
        largest = fmax(largest, space->value[m]);
    space->directions = 0;
    for (size_t m = 0; m < n; m++) {
        if (!(space->value[m] > WHITEN_TOLERANCE * largest))
            continue;
        double *row = space->back + n * space->directions++;
        for (size_t i = 0; i < n; i++)
            row[i] = space->vector[m * n + i] / (scale[i] * sqrt(space->value[m]));
    }
}

/* T z = (-Omega z_u + z_w, z_u). */
static void times_t(const pilot_cluster_work_t *work, const pilot_cluster_gram_t *gram,
                    const pilot_component_t *component, const double *z, double *ret)
{
    size_t d = work->rank + gram->blocks;
    pilot_cluster_omega(work, z, gram->blocks, gram->block, component, ret);
    for (size_t i = 0; i < d; i++) {
        ret[i] = z[d + i] - ret[i];
        ret[d + i] = z[i];
    }
}

/* Rows: combine (k x n) with eigenvectors (k x k) on the left, into ret. */
static void combine(const double *vector, const double *rows, size_t k, size_t n, double *ret)
{
    for (size_t m = 0; m < k; m++)
        for (size_t i = 0; i < n; i++) {
            double sum = 0;
            for (size_t j = 0; j < k; j++)
                sum += vector[m * k + j] * rows[j * n + i];
            ret[m * n + i] = sum;
        }
}

/* Two halves: I - N0'T N0 = E diag(h) E', N = N0 E; value becomes h^-1/2 - 1, or -1. */
static void weighted_decompose(const pilot_cluster_work_t *work, const pilot_cluster_gram_t *gram,
                               const pilot_component_t *component, space_t *space)
{
    size_t n = space->n, k;
    whiten(space);
    k = space->directions;
    for (size_t m = 0; m < k; m++)
        times(space->gram, space->back + m * n, n, space->rotated + m * n);
    for (size_t m = 0; m < k; m++) {
        times_t(work, gram, component, space->rotated + m * n, space->z);
        for (size_t j = 0; j < k; j++)
            space->matrix[m * k + j] = (m == j ? 1 : 0) - dot(space->rotated + j * n, space->z, n);
    }
    for (size_t m = 0; m < k; m++)
        for (size_t j = 0; j < m; j++)
            space->matrix[m * k + j] = space->matrix[j * k + m] =
                0.5 * (space->matrix[m * k + j] + space->matrix[j * k + m]);
    pilot_eigen(space->matrix, k, space->value, space->vector);
    memcpy(space->matrix, space->rotated, k * n * sizeof *space->matrix);
    combine(space->vector, space->matrix, k, n, space->rotated);
    memcpy(space->matrix, space->back, k * n * sizeof *space->matrix);
    combine(space->vector, space->matrix, k, n, space->back);
    for (size_t m = 0; m < k; m++)
        space->value[m] = pilot_cluster_factor(work, space->value[m]) - 1;
}

/* m = l'score_w + sum f (N'l)(E'Y'score); the rest into result. */
static double weighted_contrast(const space_t *space, const double *l,
                                pilot_cluster_result_t *result)
{
    size_t n = space->n;
    double adjusted = dot(l, space->score, n);
    times(space->gram, l, n, space->z);
    result->a = dot(l, space->z, n);
    for (size_t m = 0; m < space->directions; m++) {
        const double *row = space->rotated + m * n;
        double f = space->value[m], along = dot(row, l, n);
        adjusted += f * along * dot(space->back + m * n, space->score, n);
        result->a += ((1 + f) * (1 + f) - 1) * along * along;
        if (f == -1)
            result->lost += along * along;
        for (size_t i = 0; i < n; i++)
            space->z[i] += f * along * row[i];
    }
    return adjusted;
}

static void take_scores(const pilot_cluster_work_t *work, const pilot_cluster_gram_t *gram,
                        size_t outcome, space_t *space)
{
    const double *weighted = gram->score + outcome * gram->stride;
    if (work->halves == 1) {
        memcpy(space->score, weighted, space->d * sizeof *weighted);
        return;
    }
    memcpy(space->score, gram->plain_score + outcome * gram->stride, space->d * sizeof *weighted);
    memcpy(space->score + space->d, weighted, space->d * sizeof *weighted);
}

static void add_contrast(pilot_cluster_work_t *work, const pilot_cluster_gram_t *gram,
                         pilot_component_t *component, space_t *space, size_t contrast)
{
    pilot_cluster_result_t result = {0};
    memset(space->l, 0, space->n * sizeof *space->l);
    memcpy(space->l + (work->halves - 1) * space->d, work->l + contrast * work->rank,
           work->rank * sizeof *space->l);
    for (size_t o = 0; o < work->outcomes; o++) {
        result = (pilot_cluster_result_t){.z = space->z};
        take_scores(work, gram, o, space);
        double adjusted = work->halves == 1
                              ? plain_contrast(space, space->l, space->matrix, &result)
                              : weighted_contrast(space, space->l, &result);
        double plain = dot(space->l, space->score, space->n);
        pilot_cluster_add_score(work, o, contrast, adjusted, plain);
    }
    if (contrast >= work->contrasts)
        return;
    result.q = pilot_cluster_square(work, space->z, gram->blocks, gram->block, component);
    pilot_cluster_add_result(work, contrast, &result, gram->blocks, gram->block, component);
}

void pilot_cluster_add_gram(pilot_cluster_work_t *work, const pilot_cluster_gram_t *gram,
                            pilot_component_t *component, pilot_arena_t *arena)
{
    space_t *space = make_space(work, gram, arena);
    size_t n = space->n, d = space->d;
    copy_block(gram->weighted, gram->stride, d, space->gram, n);
    if (work->halves == 2) {
        /* Gamma = [[u u', w u u'], [w u u', w^2 u u']] */
        copy_block(gram->weighted, gram->stride, d, space->gram + d, n);
        copy_block(gram->weighted, gram->stride, d, space->gram + d * n, n);
        copy_block(gram->plain, gram->stride, d, space->gram, n);
        copy_block(gram->squared, gram->stride, d, space->gram + d * n + d, n);
        weighted_decompose(work, gram, component, space);
    } else {
        plain_decompose(work, space);
    }
    for (size_t c = 0; c < work->contrasts + work->extras; c++)
        add_contrast(work, gram, component, space, c);
}
