/* ols_residuals.c - see ols_residuals.h. */
#include "ols_residuals.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compensated.h"
#include "least_squares_kernel.h"
#include "ols_refine.h"
#include "ols_residuals_clusters.h"

/* Rows that are worked on at once, so that their columns stay in the first-level cache. */
#define STRIP_ROWS ((size_t)256)
/* A row with this leverage has no residual of its own ... */
#define FULL_LEVERAGE (1 - 1e-9)
/* ... which matters if it carries more than this share of a contrast's squared influence. */
#define INFLUENCE_TOLERANCE 1e-12

typedef struct work {
    const pilot_rows_t *rows;
    const pilot_fit_t *fit; /* the first: all have its design */
    const pilot_fit_t *const *fits;
    size_t outcomes;
    pilot_panel_t panel;
    double *leverage, *influence; /* STRIP_ROWS */
    /* What squared scores are multiplied by: the fit's type, HC2, and 1. */
    double *factor, *adjusted, *one; /* STRIP_ROWS */
    double *block_share;             /* panel rows: 1 / weight of the row's block */
    compensated_t *square;           /* outcomes */
    compensated_t *meat, *plain_meat, *adjusted_meat; /* outcomes x arms */
    const pilot_score_sink_t *sink;                   /* or NULL */
    pilot_cluster_walk_t *clusters;                   /* NULL: not clustered */
    pilot_residuals_t *ret;
} work_t;

/* Columns become Q = X R^-1, by forward substitution; the outcomes become residuals. */
static void solve_strip(const work_t *work, size_t first, size_t count)
{
    size_t rank = work->fit->rank, stride = work->panel.stride;
    double *x = work->panel.data + first;
    for (size_t o = 0; o < work->outcomes; o++)
        for (size_t k = 0; k < rank; k++)
            pilot_kernel_add_scaled(x + (rank + o) * stride, -work->fits[o]->beta[k],
                                    x + k * stride, count);
    for (size_t k = 0; k < rank; k++) {
        const double *r = work->fit->r;
        for (size_t i = 0; i < k; i++)
            pilot_kernel_add_scaled(x + k * stride, -r[i * rank + k], x + i * stride, count);
        for (size_t i = 0; i < count; i++)
            x[k * stride + i] /= r[k * rank + k];
    }
}

/* Leverages of the full design, block indicators included. */
static void find_leverages(const work_t *work, size_t first, size_t count)
{
    const double *w = work->panel.weight + first, *share = work->block_share + first;
    memcpy(work->leverage, share, count * sizeof *share);
    for (size_t k = 0; k < work->fit->rank; k++)
        pilot_kernel_add_square(work->leverage, work->panel.data + k * work->panel.stride + first,
                                count);
    pilot_kernel_multiply(work->leverage, w, work->leverage, count);
}

static void find_factors(const work_t *work, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        double rest = 1 - work->leverage[i];
        work->adjusted[i] = work->leverage[i] >= FULL_LEVERAGE ? 0 : 1 / rest;
        if (work->fit->std_error == PILOT_SE_HC3)
            work->factor[i] = work->leverage[i] >= FULL_LEVERAGE ? 0 : 1 / (rest * rest);
    }
}

/* u = Q l for the contrast in column `column`; returns |l|^2. */
static double find_influence(const work_t *work, size_t column, size_t first, size_t count)
{
    size_t rank = work->fit->rank;
    const double *l = work->fit->r_inverse + column * rank;
    double square = 0;
    memset(work->influence, 0, count * sizeof *work->influence);
    for (size_t k = column; k < rank; k++) {
        pilot_kernel_add_scaled(work->influence, l[k],
                                work->panel.data + k * work->panel.stride + first, count);
        square += l[k] * l[k];
    }
    return square;
}

static uint64_t count_full(const work_t *work, size_t first, size_t count, double square)
{
    uint64_t full = 0;
    for (size_t i = 0; i < count; i++) {
        double u = work->influence[i];
        full += work->leverage[i] >= FULL_LEVERAGE &&
                work->panel.weight[first + i] * u * u > INFLUENCE_TOLERANCE * square;
    }
    return full;
}

/* Scores of the influence at hand, which is that of the sink's contrast; square: |l|^2. */
static void store_scores(const work_t *work, size_t contrast, size_t first, size_t count,
                         double square)
{
    const double *w = work->panel.weight + first;
    double length = sqrt(square);
    for (size_t o = 0; o < work->outcomes; o++) {
        const double *e = work->panel.data + (work->fit->rank + o) * work->panel.stride + first;
        double *to = work->sink->value[o] + contrast * work->sink->units;
        for (size_t i = 0; i < count && first + i < work->panel.count; i++)
            to[pilot_rows_at(work->rows, work->panel.first + first + i)] =
                work->sink->classical ? sqrt(w[i]) * e[i] * length
                                      : w[i] * work->influence[i] * e[i] * sqrt(work->factor[i]);
    }
}

static void sum_arm(work_t *work, size_t arm, size_t first, size_t count, uint64_t full)
{
    const double *w = work->rows->weight ? work->panel.weight + first : NULL;
    const double *u = work->influence;
    for (size_t o = 0; o < work->outcomes; o++) {
        const double *e = work->panel.data + (work->fit->rank + o) * work->panel.stride + first;
        size_t at = o * work->fit->arms + arm;
        work->ret[o].leverage_one[arm] += full;
        compensated_add(&work->plain_meat[at], pilot_kernel_meat(w, u, e, work->one, count));
        compensated_add(&work->adjusted_meat[at],
                        pilot_kernel_meat(w, u, e, work->adjusted, count));
        if (work->fit->std_error == PILOT_SE_HC3)
            compensated_add(&work->meat[at], pilot_kernel_meat(w, u, e, work->factor, count));
    }
}

static void sum_units(work_t *work, size_t first, size_t count)
{
    find_leverages(work, first, count);
    find_factors(work, count);
    for (size_t arm = 1; arm < work->fit->arms; arm++) {
        size_t column = work->fit->arm_column[arm];
        if (column == SIZE_MAX)
            continue;
        double square = find_influence(work, column, first, count);
        sum_arm(work, arm, first, count, count_full(work, first, count, square));
        if (work->sink)
            store_scores(work, arm - 1, first, count, square);
    }
    for (size_t c = work->fit->arms - 1; work->sink && c < work->sink->contrasts; c++) {
        double square = find_influence(work, work->sink->column[c], first, count);
        store_scores(work, c, first, count, square);
    }
}

static void sum_squares(work_t *work, size_t first, size_t count)
{
    for (size_t o = 0; o < work->outcomes; o++) {
        const double *e = work->panel.data + (work->fit->rank + o) * work->panel.stride + first;
        for (size_t i = 0; i < count; i++)
            work->influence[i] = e[i] * work->panel.weight[first + i];
        compensated_add(&work->square[o], pilot_kernel_dot(work->influence, e, count));
    }
}

static void find_block_shares(work_t *work)
{
    const pilot_rows_t *rows = work->rows;
    size_t block = work->panel.first_block;
    for (size_t i = 0; i < work->panel.count; i++) {
        while (work->panel.first + i >= rows->block_start[block + 1])
            block++;
        work->block_share[i] = 1 / rows->block_weight[block];
    }
    for (size_t i = work->panel.count; i < PILOT_PAD(work->panel.count); i++)
        work->block_share[i] = 0;
}

static void walk(work_t *work)
{
    while (pilot_panel_next(&work->panel)) {
        size_t padded = PILOT_PAD(work->panel.count);
        find_block_shares(work);
        for (size_t first = 0; first < padded; first += STRIP_ROWS) {
            size_t count = padded - first < STRIP_ROWS ? padded - first : STRIP_ROWS;
            solve_strip(work, first, count);
            sum_squares(work, first, count);
            if (!work->fit->clustered)
                sum_units(work, first, count);
        }
        if (work->clusters)
            pilot_cluster_walk_panel(work->clusters, &work->panel);
    }
}

/* Unequal weights: each block's Omega must be known before its clusters are. */
static void walk_omega(const work_t *work, const pilot_column_t *column, pilot_arena_t *arena)
{
    work_t first = *work;
    first.outcomes = 0;
    pilot_panel_begin(&first.panel, work->rows, column, work->fit->rank, arena);
    while (pilot_panel_next(&first.panel)) {
        size_t padded = PILOT_PAD(first.panel.count);
        for (size_t at = 0; at < padded; at += STRIP_ROWS)
            solve_strip(&first, at, padded - at < STRIP_ROWS ? padded - at : STRIP_ROWS);
        pilot_cluster_walk_omega(work->clusters, &first.panel);
    }
}

static int compare_block(const void *key, const void *entry)
{
    return strcmp(key, ((const pilot_fit_block_t *)entry)->label);
}

/* The fit's number of each of the rows' blocks; NULL when one is missing. */
static size_t *find_blocks(const pilot_rows_t *rows, const pilot_fit_t *fit, pilot_arena_t *arena)
{
    size_t *number = PILOT_ARENA_RAW(arena, size_t, rows->blocks);
    for (size_t b = 0; b < rows->blocks; b++) {
        const pilot_fit_block_t *found = bsearch(pilot_rows_block_label(rows, b), fit->block,
                                                 fit->blocks, sizeof *found, compare_block);
        if (!found)
            return NULL;
        number[b] = (size_t)(found - fit->block);
    }
    return number;
}

/* Means of whole blocks, over all agencies: of the columns, then of each outcome. */
static double *find_centers(const work_t *work, const size_t *block, pilot_arena_t *arena)
{
    size_t rank = work->fit->rank, columns = rank + work->outcomes;
    double *center = PILOT_ARENA_RAW(arena, double, work->rows->blocks *columns);
    for (size_t b = 0; b < work->rows->blocks; b++) {
        memcpy(center + b * columns, work->fit->block[block[b]].mean, rank * sizeof *center);
        for (size_t o = 0; o < work->outcomes; o++)
            center[b * columns + rank + o] = work->fits[o]->block[block[b]].mean[rank];
    }
    return center;
}

static void take_across(const work_t *work, pilot_arena_t *arena, pilot_residuals_t *ret)
{
    const pilot_cluster_walk_t *walk = work->clusters;
    pilot_across_part_t part = {.blocks = work->rows->blocks};
    part.label = PILOT_ARENA_RAW(arena, const char *, part.blocks);
    for (size_t b = 0; b < part.blocks; b++)
        part.label[b] = pilot_rows_block_label(work->rows, b);
    if (work->fit->std_error == PILOT_SE_CR2 && !walk->too_tied) {
        part.components = walk->components;
        part.component = walk->component;
    }
    part.gram = PILOT_ARENA_RAW(arena, pilot_cluster_gram_t, walk->grams);
    for (size_t s = 0; s < walk->grams; s++)
        if (walk->gram[s].cluster)
            part.gram[part.grams++] = walk->gram[s];
    for (size_t o = 0; o < work->outcomes; o++) {
        ret[o].across = part;
        ret[o].across.outcome = o;
    }
}

static void take_clusters(const work_t *work, pilot_residuals_t *ret)
{
    const pilot_cluster_work_t *sums = &work->clusters->work;
    for (size_t o = 0; o < work->outcomes; o++) {
        ret[o].clusters = sums->sums;
        ret[o].too_tied = work->clusters->too_tied;
        for (size_t arm = 1, c = 0; arm < work->fit->arms; arm++)
            if (work->fit->arm_column[arm] != SIZE_MAX) {
                size_t at = o * sums->contrasts + c++;
                ret[o].meat[arm] = compensated_value(&sums->meat[at]);
                ret[o].plain_meat[arm] = compensated_value(&sums->plain_meat[at]);
            }
    }
}

static void take_units(const work_t *work, pilot_residuals_t *ret)
{
    pilot_std_error_t type = work->fit->std_error;
    for (size_t o = 0; o < work->outcomes; o++)
        for (size_t arm = 1; arm < work->fit->arms; arm++) {
            size_t at = o * work->fit->arms + arm;
            ret[o].plain_meat[arm] = compensated_value(&work->plain_meat[at]);
            ret[o].adjusted_meat[arm] = compensated_value(&work->adjusted_meat[at]);
            if (type == PILOT_SE_HC0 || type == PILOT_SE_HC1)
                ret[o].meat[arm] = ret[o].plain_meat[arm];
            else if (type == PILOT_SE_HC2)
                ret[o].meat[arm] = ret[o].adjusted_meat[arm];
            else
                ret[o].meat[arm] = compensated_value(&work->meat[at]);
        }
}

/* Arrays of one strip, and where sums begin. */
static void begin_sums(work_t *work, pilot_arena_t *arena)
{
    size_t cells = work->outcomes * work->fit->arms;
    pilot_std_error_t type = work->fit->std_error;
    work->leverage = PILOT_ARENA_RAW(arena, double, STRIP_ROWS);
    work->influence = PILOT_ARENA_RAW(arena, double, STRIP_ROWS);
    work->adjusted = PILOT_ARENA_RAW(arena, double, STRIP_ROWS);
    work->one = PILOT_ARENA_RAW(arena, double, STRIP_ROWS);
    for (size_t i = 0; i < STRIP_ROWS; i++)
        work->one[i] = 1;
    work->factor = work->adjusted;
    if (type == PILOT_SE_HC0 || type == PILOT_SE_HC1)
        work->factor = work->one;
    else if (type == PILOT_SE_HC3)
        work->factor = PILOT_ARENA_RAW(arena, double, STRIP_ROWS);
    work->block_share = PILOT_ARENA_RAW(arena, double, work->panel.stride);
    work->square = PILOT_ARENA_ARRAY(arena, compensated_t, work->outcomes);
    work->meat = PILOT_ARENA_ARRAY(arena, compensated_t, cells);
    work->plain_meat = PILOT_ARENA_ARRAY(arena, compensated_t, cells);
    work->adjusted_meat = PILOT_ARENA_ARRAY(arena, compensated_t, cells);
}

bool pilot_fit_same_design(const pilot_fit_t *one, const pilot_fit_t *other)
{
    if (one->rank != other->rank)
        return false;
    /* Without columns there is no r. */
    if (one->rank > 0 && memcmp(one->r, other->r, one->rank * one->rank * sizeof *one->r) != 0)
        return false;
    for (size_t j = 0; j < one->rank; j++) {
        const pilot_column_t *a = &one->column[j], *b = &other->column[j];
        bool labels = one->label[j] && other->label[j];
        if (a->kind != b->kind || a->code != b->code || a->regressor != b->regressor ||
            a->base != b->base || a->shift != b->shift || a->arm != b->arm ||
            a->center != b->center || !one->label[j] != !other->label[j] ||
            (labels && strcmp(one->label[j], other->label[j]) != 0))
            return false;
    }
    return true;
}

bool pilot_residuals_compute(const pilot_rows_t *rows, const pilot_variable_t *const *outcome,
                             const pilot_fit_t *const *fit, size_t outcomes,
                             const pilot_score_sink_t *sink, pilot_arena_t *arena,
                             pilot_residuals_t *ret_residuals)
{
    size_t arms = fit[0]->arms, rank = fit[0]->rank;
    work_t work = {.rows = rows, .fit = fit[0], .fits = fit, .outcomes = outcomes, .sink = sink};
    pilot_column_t *column = PILOT_ARENA_RAW(arena, pilot_column_t, rank + outcomes);
    work.ret = ret_residuals;
    for (size_t o = 0; o < outcomes; o++) {
        column[rank + o] = (pilot_column_t){
            .kind = PILOT_COLUMN_NUMBER, .number = outcome[o], .base = fit[o]->outcome_base};
        ret_residuals[o] = (pilot_residuals_t){
            .arms = arms,
            .meat = PILOT_ARENA_ARRAY(arena, double, arms),
            .plain_meat = PILOT_ARENA_ARRAY(arena, double, arms),
            .adjusted_meat = PILOT_ARENA_ARRAY(arena, double, arms),
            .leverage_one = PILOT_ARENA_ARRAY(arena, uint64_t, arms),
        };
    }
    if (rows->n == 0 || fit[0]->too_wide)
        return true;
    size_t *block = NULL;
    if (fit[0]->across && !(block = find_blocks(rows, fit[0], arena)))
        return false;
    pilot_fit_columns(fit[0], rows->task, column);
    pilot_panel_begin(&work.panel, rows, column, rank + outcomes, arena);
    if (block)
        work.panel.center = find_centers(&work, block, arena);
    for (size_t o = 0; o < outcomes && pilot_fit_needs_step(fit[0]); o++)
        pilot_gradient_compute(rows, column, &column[rank + o], fit[o], arena, &ret_residuals[o]);
    begin_sums(&work, arena);
    pilot_cluster_walk_t clusters;
    if (work.fit->clustered) {
        work.clusters = &clusters;
        pilot_cluster_walk_begin(&clusters, rows, work.fit, block, outcomes, sink, arena);
        if (clusters.omega && !block)
            walk_omega(&work, column, arena);
    }
    walk(&work);
    for (size_t o = 0; o < outcomes; o++)
        ret_residuals[o].square = compensated_value(&work.square[o]);
    if (!work.clusters) {
        take_units(&work, ret_residuals);
    } else {
        pilot_cluster_walk_end(&clusters);
        take_clusters(&work, ret_residuals);
        if (block)
            take_across(&work, arena, ret_residuals);
    }
    return true;
}
