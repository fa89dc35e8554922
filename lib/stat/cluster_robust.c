/* cluster_robust.c - see cluster_robust.h. */
#include "cluster_robust.h"

#include <math.h>
#include <string.h>

/* Clusters whose M is summed apart before it joins the total, so that sums of very many clusters
 * keep their digits. */
#define MOST_RECENT ((size_t)1024)

static size_t side_of(const pilot_cluster_work_t *work)
{
    return work->halves * work->rank;
}

static void begin_contrasts(pilot_cluster_work_t *work, pilot_arena_t *arena)
{
    const pilot_fit_t *fit = work->fit;
    size_t all = work->sink ? work->sink->contrasts : fit->arms - 1, c = 0;
    for (size_t arm = 1; arm < fit->arms; arm++)
        work->contrasts += fit->arm_column[arm] != SIZE_MAX;
    work->l = PILOT_ARENA_RAW(arena, double, all * work->rank);
    work->place = PILOT_ARENA_RAW(arena, size_t, all);
    for (size_t i = 0; i < all; i++) {
        size_t column = i + 1 < fit->arms ? fit->arm_column[i + 1] : SIZE_MAX;
        if (work->sink)
            column = work->sink->column[i];
        if (column == SIZE_MAX)
            continue;
        work->place[c] = i;
        memcpy(work->l + work->rank * c++, fit->r_inverse + column * fit->rank,
               fit->rank * sizeof *work->l);
    }
    work->extras = c - work->contrasts;
}

static void begin_sums(pilot_cluster_work_t *work, pilot_arena_t *arena)
{
    size_t side = side_of(work), rank = work->rank;
    work->sums = (pilot_cluster_sums_t){
        .contrasts = work->contrasts,
        .halves = work->halves,
        .rank = rank,
        .scalar = PILOT_ARENA_ARRAY(arena, double, work->contrasts *PILOT_CLUSTER_SCALARS),
        .m = PILOT_ARENA_ARRAY(arena, double, work->contrasts *side *side),
    };
    if (work->halves == 2) {
        work->sums.cross = PILOT_ARENA_ARRAY(arena, double, work->contrasts *side *rank);
        work->sums.edge = PILOT_ARENA_ARRAY(arena, double, work->contrasts *rank *rank);
    }
    work->recent = PILOT_ARENA_ARRAY(arena, double, work->contrasts *side *side);
    work->meat = PILOT_ARENA_ARRAY(arena, compensated_t, work->outcomes * work->contrasts);
    work->plain_meat = PILOT_ARENA_ARRAY(arena, compensated_t, work->outcomes * work->contrasts);
    work->scalar = PILOT_ARENA_ARRAY(arena, compensated_t, work->contrasts * PILOT_CLUSTER_SCALARS);
}

void pilot_cluster_begin(pilot_cluster_work_t *work, const pilot_fit_t *fit, size_t outcomes,
                         const pilot_score_sink_t *sink, pilot_arena_t *arena)
{
    bool two = fit->std_error == PILOT_SE_CR2 && !fit->equal_weights;
    *work = (pilot_cluster_work_t){
        .fit = fit, .outcomes = outcomes, .halves = two ? 2 : 1, .rank = fit->rank, .sink = sink};
    size_t d = fit->rank + 1, room = work->halves * d;
    begin_contrasts(work, arena);
    begin_sums(work, arena);
    work->room = room;
    work->u = PILOT_ARENA_RAW(arena, double, room *d);
    work->w = PILOT_ARENA_RAW(arena, double, room);
    work->e = PILOT_ARENA_RAW(arena, double, room *outcomes);
    pilot_cluster_gram_init(work, 1, arena, &work->run);
    work->matrix = PILOT_ARENA_RAW(arena, double, room *room);
    work->vector = PILOT_ARENA_RAW(arena, double, room *room);
    work->value = PILOT_ARENA_RAW(arena, double, room);
    work->t = PILOT_ARENA_RAW(arena, double, room);
    work->r = PILOT_ARENA_RAW(arena, double, room);
    work->z = PILOT_ARENA_RAW(arena, double, room);
    work->omega_z = PILOT_ARENA_RAW(arena, double, d);
}

double pilot_cluster_factor(const pilot_cluster_work_t *work, double rest)
{
    if (work->fit->std_error < PILOT_SE_CR2)
        return 1;
    if (!(rest > PILOT_CLUSTER_ROOM))
        return 0;
    rest = work->halves == 1 ? fmin(rest, 1) : rest;
    return work->fit->std_error == PILOT_SE_CR3 ? 1 / rest : 1 / sqrt(rest);
}

static void add_outer(double *to, size_t stride, const double *u, size_t d, double scale)
{
    for (size_t i = 0; i < d; i++)
        for (size_t j = i; j < d; j++)
            to[i * stride + j] += scale * u[i] * u[j];
}

/* A row into the run's gram. */
static void spill_row(pilot_cluster_work_t *work, const double *u, double w, const double *e)
{
    pilot_cluster_gram_t *run = &work->run;
    size_t d = work->rank + 1, stride = run->stride;
    add_outer(run->weighted, stride, u, d, w);
    for (size_t o = 0; o < work->outcomes; o++)
        for (size_t k = 0; k < d; k++)
            run->score[o * stride + k] += w * u[k] * e[o];
    if (work->halves == 1)
        return;
    add_outer(run->plain, stride, u, d, 1);
    add_outer(run->squared, stride, u, d, w * w);
    for (size_t o = 0; o < work->outcomes; o++)
        for (size_t k = 0; k < d; k++)
            run->plain_score[o * stride + k] += u[k] * e[o];
}

static void spill(pilot_cluster_work_t *work)
{
    for (size_t i = 0; i < work->rows; i++)
        spill_row(work, work->u + i * (work->rank + 1), work->w[i], work->e + i * work->outcomes);
    work->rows = 0;
    work->spilled = true;
}

void pilot_cluster_add_row(pilot_cluster_work_t *work, const double *x, size_t stride, double w,
                           double root_share)
{
    if (work->rows == work->room)
        spill(work);
    double *u = work->u + work->rows * (work->rank + 1);
    double *e = work->e + work->rows * work->outcomes;
    for (size_t k = 0; k < work->rank; k++)
        u[k] = x[k * stride];
    u[work->rank] = root_share;
    for (size_t o = 0; o < work->outcomes; o++)
        e[o] = x[(work->rank + o) * stride];
    work->w[work->rows++] = w;
    if (work->spilled)
        spill(work);
}

static void clear_run(pilot_cluster_work_t *work)
{
    pilot_cluster_gram_t *run = &work->run;
    work->rows = 0;
    if (!work->spilled)
        return;
    work->spilled = false;
    size_t square = run->stride * run->stride, scores = work->outcomes * run->stride;
    memset(run->weighted, 0, square * sizeof(double));
    memset(run->score, 0, scores * sizeof(double));
    if (work->halves == 1)
        return;
    memset(run->plain, 0, square * sizeof(double));
    memset(run->squared, 0, square * sizeof(double));
    memset(run->plain_score, 0, scores * sizeof(double));
}

void pilot_cluster_end_run(pilot_cluster_work_t *work, pilot_component_t *component, size_t block,
                           pilot_arena_t *arena)
{
    if (work->spilled) {
        work->run.blocks = 1;
        work->run.block[0] = block;
        pilot_cluster_add_gram(work, &work->run, component, arena);
    } else if (work->rows > 0) {
        pilot_cluster_rows(work, component, block);
    }
    clear_run(work);
}

void pilot_cluster_end_part(pilot_cluster_work_t *work, size_t block, pilot_cluster_gram_t *gram)
{
    spill(work);
    work->run.blocks = 1;
    work->run.block[0] = block;
    pilot_cluster_gram_add(work, gram, &work->run);
    clear_run(work);
}

void pilot_cluster_add_score(pilot_cluster_work_t *work, size_t outcome, size_t contrast,
                             double score, double plain)
{
    if (contrast < work->contrasts) {
        compensated_add(&work->meat[outcome * work->contrasts + contrast], score * score);
        compensated_add(&work->plain_meat[outcome * work->contrasts + contrast], plain * plain);
    }
    if (work->sink)
        work->sink->value[outcome][work->place[contrast] * work->sink->units + work->unit] = score;
}

static void flush_recent(pilot_cluster_work_t *work)
{
    size_t entries = work->contrasts * side_of(work) * side_of(work);
    for (size_t i = 0; i < entries; i++)
        work->sums.m[i] += work->recent[i];
    memset(work->recent, 0, entries * sizeof *work->recent);
    work->recents = 0;
}

/* M += z z', over the columns, between them and the blocks, and between blocks. */
static void add_products(pilot_cluster_work_t *work, size_t contrast, const double *z,
                         size_t blocks, const size_t *block, pilot_component_t *component)
{
    size_t rank = work->rank, side = side_of(work), d = rank + blocks, halves = work->halves;
    size_t rows = halves * component->blocks;
    double *m = work->recent + contrast * side * side;
    double *dx = component->dx + contrast * rows * side;
    double *dd = component->dd + contrast * rows * rows;
    for (size_t i = 0; i < side; i++)
        for (size_t j = 0; j < side; j++)
            m[i * side + j] += z[i / rank * d + i % rank] * z[j / rank * d + j % rank];
    for (size_t h = 0; h < halves; h++)
        for (size_t b = 0; b < blocks; b++) {
            double value = z[h * d + rank + b];
            size_t row = h * component->blocks + block[b];
            for (size_t j = 0; j < side; j++)
                dx[row * side + j] += value * z[j / rank * d + j % rank];
            for (size_t g = 0; g < halves; g++)
                for (size_t c = 0; c < blocks; c++)
                    dd[row * rows + g * component->blocks + block[c]] +=
                        value * z[g * d + rank + c];
        }
}

void pilot_cluster_add_result(pilot_cluster_work_t *work, size_t contrast,
                              const pilot_cluster_result_t *result, size_t blocks,
                              const size_t *block, pilot_component_t *component)
{
    compensated_t *scalar = work->scalar + contrast * PILOT_CLUSTER_SCALARS;
    if (work->fit->std_error >= PILOT_SE_CR2)
        compensated_add(&scalar[PILOT_CLUSTER_LOST], result->lost);
    if (work->fit->std_error != PILOT_SE_CR2)
        return;
    compensated_add(&scalar[PILOT_CLUSTER_A], result->a);
    compensated_add(&scalar[PILOT_CLUSTER_Q], result->q);
    compensated_add(&scalar[PILOT_CLUSTER_AA], result->a * result->a);
    compensated_add(&scalar[PILOT_CLUSTER_AQ], result->a * result->q);
    add_products(work, contrast, result->z, blocks, block, component);
    if (contrast + 1 == work->contrasts && ++work->recents == MOST_RECENT)
        flush_recent(work);
}

void pilot_cluster_omega(const pilot_cluster_work_t *work, const double *z, size_t blocks,
                         const size_t *block, const pilot_component_t *component, double *ret)
{
    size_t rank = work->rank;
    for (size_t i = 0; i < rank; i++) {
        ret[i] = 0;
        for (size_t k = 0; k < rank; k++)
            ret[i] += work->fit->omega[i < k ? i * rank + k : k * rank + i] * z[k];
    }
    for (size_t b = 0; b < blocks; b++) {
        const double *omega = component->omega + block[b] * (1 + rank);
        ret[rank + b] = omega[0] * z[rank + b];
        for (size_t k = 0; k < rank; k++) {
            ret[k] += omega[1 + k] * z[rank + b];
            ret[rank + b] += omega[1 + k] * z[k];
        }
    }
}

/* z'Omega z over the columns and the blocks' indicators. */
static double omega_form(const pilot_cluster_work_t *work, const double *z, size_t blocks,
                         const size_t *block, const pilot_component_t *component)
{
    size_t rank = work->rank;
    double form = 0;
    for (size_t i = 0; i < rank; i++) {
        form += work->fit->omega[i * rank + i] * z[i] * z[i];
        for (size_t k = i + 1; k < rank; k++)
            form += 2 * work->fit->omega[i * rank + k] * z[i] * z[k];
    }
    for (size_t b = 0; b < blocks; b++) {
        const double *omega = component->omega + block[b] * (1 + rank);
        double with = omega[0] * z[rank + b];
        for (size_t k = 0; k < rank; k++)
            with += 2 * omega[1 + k] * z[k];
        form += with * z[rank + b];
    }
    return form;
}

double pilot_cluster_square(const pilot_cluster_work_t *work, const double *z, size_t blocks,
                            const size_t *block, const pilot_component_t *component)
{
    size_t d = work->rank + blocks;
    double square = 0;
    if (work->fit->std_error != PILOT_SE_CR2)
        return 0;
    for (size_t k = 0; k < d; k++)
        square += z[k] * (work->halves == 1 ? z[k] : 2 * z[d + k]);
    /* z'Tz = 2 z_u'z_w - z_u'Omega z_u */
    if (work->halves == 2)
        square -= omega_form(work, z, blocks, block, component);
    return square;
}

void pilot_cluster_finish(pilot_cluster_work_t *work)
{
    flush_recent(work);
    for (size_t i = 0; i < work->contrasts * PILOT_CLUSTER_SCALARS; i++)
        work->sums.scalar[i] = compensated_value(&work->scalar[i]);
}
