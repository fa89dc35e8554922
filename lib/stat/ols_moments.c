/* ols_moments.c - see ols_moments.h. */
#include "ols_moments.h"

#include <math.h>
#include <string.h>

#include "compensated.h"
#include "least_squares_kernel.h"
#include "qr_stack.h"

bool pilot_task_is_clustered(const pilot_ols_task_t *task)
{
    return task->frame->cluster != NULL || task->across;
}

pilot_std_error_t pilot_task_std_error(const pilot_ols_task_t *task)
{
    bool cluster_type = task->std_error >= PILOT_SE_CR0 && task->std_error <= PILOT_SE_CR3;
    bool unit_type = task->std_error >= PILOT_SE_CLASSICAL && task->std_error <= PILOT_SE_HC3;
    if (pilot_task_is_clustered(task))
        return cluster_type ? task->std_error : PILOT_SE_CR2;
    return unit_type ? task->std_error : PILOT_SE_HC2;
}

static void count_arms(const pilot_rows_t *rows, pilot_moments_t *moments)
{
    const uint16_t *arm = rows->task->frame->arm;
    for (size_t i = 0; i < rows->n; i++) {
        size_t at = pilot_rows_at(rows, i);
        double weight = rows->weight ? rows->weight[at] : 1;
        moments->arm_rows[arm[at]]++;
        moments->arm_weight[arm[at]] += weight;
        if (i == 0 || weight < moments->weight_low)
            moments->weight_low = weight;
        if (i == 0 || weight > moments->weight_high)
            moments->weight_high = weight;
    }
}

/* Clusters of a frame are coded in the order of their labels; one may occur in several blocks. */
static void count_clusters(const pilot_rows_t *rows, pilot_moments_t *moments, pilot_arena_t *arena)
{
    const pilot_frame_t *frame = rows->task->frame;
    if (!frame->cluster) {
        if (rows->task->across && rows->n > 0) {
            moments->clusters = 1;
            moments->arm_clusters[frame->arm[pilot_rows_at(rows, 0)]]++;
        }
        return;
    }
    unsigned char *seen = PILOT_ARENA_ARRAY(arena, unsigned char, frame->clusters);
    if (rows->task->across)
        moments->cluster = PILOT_ARENA_RAW(arena, pilot_cluster_moment_t,
                                           rows->n < frame->clusters ? rows->n : frame->clusters);
    for (size_t i = 0; i < rows->n; i++) {
        size_t at = pilot_rows_at(rows, i), code = frame->cluster[at];
        if (seen[code])
            continue;
        seen[code] = 1;
        if (moments->cluster)
            moments->cluster[moments->clusters] = (pilot_cluster_moment_t){
                .label = frame->cluster_label[code], .arm = frame->arm[at]};
        moments->clusters++;
        moments->arm_clusters[frame->arm[at]]++;
    }
}

static bool is_nested(const pilot_rows_t *rows, size_t block)
{
    const uint32_t *cluster = rows->task->frame->cluster;
    size_t first = rows->block_start[block];
    for (size_t i = first + 1; cluster && i < rows->block_start[block + 1]; i++)
        if (cluster[pilot_rows_at(rows, i)] != cluster[pilot_rows_at(rows, first)])
            return false;
    return true;
}

/* Label of the one cluster of a block. */
static const char *cluster_of_block(const pilot_rows_t *rows, size_t block)
{
    const pilot_frame_t *frame = rows->task->frame;
    if (!frame->cluster || !is_nested(rows, block))
        return NULL;
    return frame->cluster_label[frame->cluster[pilot_rows_at(rows, rows->block_start[block])]];
}

/* Levels that occur in the fit, and the raw columns' codes for them in level_code. */
static void count_levels(const pilot_rows_t *rows, const pilot_category_t *category,
                         pilot_category_moment_t *moment, uint32_t **ret_code, pilot_arena_t *arena)
{
    double *weight = PILOT_ARENA_ARRAY(arena, double, category->levels);
    for (size_t i = 0; i < rows->n; i++) {
        size_t at = pilot_rows_at(rows, i);
        uint32_t code = category->code[at];
        double w = rows->weight ? rows->weight[at] : 1;
        if (code == PILOT_CATEGORY_MISSING)
            moment->missing_weight += w;
        else
            weight[code] += w;
    }
    moment->label = PILOT_ARENA_RAW(arena, const char *, category->levels);
    moment->weight = PILOT_ARENA_RAW(arena, double, category->levels);
    *ret_code = PILOT_ARENA_RAW(arena, uint32_t, category->levels);
    for (size_t code = 0; code < category->levels; code++) {
        if (!(weight[code] > 0))
            continue;
        (*ret_code)[moment->levels] = (uint32_t)code;
        moment->label[moment->levels] = category->label[code];
        moment->weight[moment->levels++] = weight[code];
    }
}

static uint64_t count_missing(const pilot_rows_t *rows, const pilot_variable_t *number)
{
    uint64_t missing = 0;
    for (size_t i = 0; number->present && i < rows->n; i++)
        missing += !number->present[pilot_rows_at(rows, i)];
    return missing;
}

/* Lay out the raw columns (ret_column has room for PILOT_MOST_COLUMNS).  The count, or 0 when there
 * are too many. */
static size_t lay_out(const pilot_rows_t *rows, pilot_moments_t *moments, pilot_column_t *column,
                      pilot_arena_t *arena, bool *ret_fits)
{
    const pilot_ols_task_t *task = rows->task;
    size_t count = 0;
    *ret_fits = false;
    for (size_t arm = 1; arm < task->frame->arms; arm++)
        if (moments->arm_rows[arm] > 0)
            column[count++] = (pilot_column_t){.kind = PILOT_COLUMN_ARM, .code = (uint32_t)arm};
    for (size_t k = 0; k < task->regressors; k++) {
        const pilot_regressor_t *regressor = &task->regressor[k];
        size_t room = PILOT_MOST_COLUMNS - count;
        if (room < 2)
            return 0;
        if (regressor->number) {
            pilot_number_moment_t *number = &moments->number[k];
            number->missing = count_missing(rows, regressor->number);
            number->base = pilot_rows_base(rows, regressor->number);
            column[count++] = (pilot_column_t){.kind = PILOT_COLUMN_NUMBER,
                                               .regressor = k,
                                               .number = regressor->number,
                                               .base = number->base};
            if (number->missing > 0)
                column[count++] = (pilot_column_t){
                    .kind = PILOT_COLUMN_MISSING, .regressor = k, .number = regressor->number};
            continue;
        }
        uint32_t *code;
        pilot_category_moment_t *category = &moments->category[k];
        count_levels(rows, regressor->category, category, &code, arena);
        if (category->levels + 1 > room)
            return 0;
        for (size_t level = 0; level < category->levels; level++)
            column[count++] = (pilot_column_t){.kind = PILOT_COLUMN_LEVEL,
                                               .regressor = k,
                                               .code = code[level],
                                               .category = regressor->category};
        if (category->missing_weight > 0)
            column[count++] = (pilot_column_t){.kind = PILOT_COLUMN_LEVEL,
                                               .regressor = k,
                                               .code = PILOT_CATEGORY_MISSING,
                                               .category = regressor->category};
    }
    *ret_fits = true;
    return count;
}

/* Behind the plain columns each covariate's interactions; none if they are too many. */
static size_t lay_out_interactions(pilot_moments_t *moments, pilot_column_t *column)
{
    size_t arms = 0, count = moments->narrow;
    while (arms < count && column[arms].kind == PILOT_COLUMN_ARM)
        arms++;
    if ((count - arms) * arms > PILOT_MOST_COLUMNS - count) {
        moments->interactions_too_wide = true;
        return count;
    }
    for (size_t k = arms; k < moments->narrow; k++)
        for (size_t a = 0; a < arms; a++) {
            column[count] = column[k];
            column[count++].arm = column[a].code;
        }
    moments->interacted = true;
    return count;
}

static double weight_at(const pilot_rows_t *rows, size_t at)
{
    return rows->weight ? rows->weight[at] : 1;
}

/* Sum of squares about the mean; 0 exactly where the control arm is constant. */
static double control_squares(const pilot_rows_t *rows, const pilot_variable_t *outcome, double sum,
                              double weight)
{
    const uint16_t *arm = rows->task->frame->arm;
    double base = pilot_rows_base(rows, outcome), first = 0;
    compensated_t squares = {0};
    bool any = false, varies = false;
    for (size_t i = 0; i < rows->n; i++) {
        size_t at = pilot_rows_at(rows, i);
        if (arm[at] != 0)
            continue;
        double y = outcome->value[at] - base, distance = y - sum / weight;
        varies |= any && y != first;
        first = any ? first : y;
        any = true;
        compensated_add(&squares, weight_at(rows, at) * distance * distance);
    }
    return varies ? compensated_value(&squares) : 0;
}

/* Range of an outcome, and its sum and squares in the control arm. */
static void sum_outcome(const pilot_rows_t *rows, const pilot_variable_t *outcome,
                        pilot_moments_t *moments)
{
    const uint16_t *arm = rows->task->frame->arm;
    compensated_t sum = {0};
    moments->outcome_base = pilot_rows_base(rows, outcome);
    for (size_t i = 0; i < rows->n; i++) {
        size_t at = pilot_rows_at(rows, i);
        double y = outcome->value[at];
        if (i == 0 || y < moments->outcome_low)
            moments->outcome_low = y;
        if (i == 0 || y > moments->outcome_high)
            moments->outcome_high = y;
        if (arm[at] == 0)
            compensated_add(&sum, weight_at(rows, at) * (y - moments->outcome_base));
    }
    moments->control_sum = compensated_value(&sum);
    moments->control_squares =
        control_squares(rows, outcome, moments->control_sum, moments->arm_weight[0]);
}

/* Weighted sum, over all rows, of a column from its block means. */
static double sum_of_means(const pilot_rows_t *rows, const double *mean, size_t columns, size_t k)
{
    compensated_t sum = {0};
    for (size_t block = 0; block < rows->blocks; block++)
        compensated_add(&sum, rows->block_weight[block] * mean[block * columns + k]);
    return compensated_value(&sum);
}

/* Root of the weighted sum of squares of x over the rows where it is present, x = base + column. */
static double number_length(const pilot_rows_t *rows, const pilot_number_moment_t *number,
                            const pilot_qr_t *qr, const double *mean, size_t columns, size_t k)
{
    double length = 0, offset = number->base;
    for (size_t i = 0; i <= k; i++)
        length = hypot(length, qr->r[i * qr->columns + k]);
    for (size_t block = 0; block < rows->blocks; block++)
        length = hypot(length, sqrt(rows->block_weight[block]) * mean[block * columns + k]);
    if (!(number->weight > 0))
        return length;
    /* sum (c + base)^2 = sum c^2 + 2 base sum c + base^2 W, with sum c^2 = length^2. */
    double average = number->sum / number->weight, root = sqrt(number->weight);
    double spread = length * length - number->weight * average * average;
    return hypot(spread > 0 ? sqrt(spread) : 0, root * (offset + average));
}

static void finish_numbers(const pilot_rows_t *rows, pilot_moments_t *moments,
                           const pilot_column_t *column, const pilot_qr_t *qr, const double *mean,
                           size_t columns)
{
    double total = 0;
    for (size_t arm = 0; arm < moments->arms; arm++)
        total += moments->arm_weight[arm];
    for (size_t k = 0; k < moments->narrow; k++) {
        if (column[k].kind != PILOT_COLUMN_NUMBER)
            continue;
        pilot_number_moment_t *number = &moments->number[column[k].regressor];
        number->sum = sum_of_means(rows, mean, columns, k);
        number->weight = total;
        if (number->missing == rows->n)
            number->weight = 0;
        else if (number->missing > 0)
            number->weight = total - sum_of_means(rows, mean, columns, k + 1);
        number->length = number_length(rows, number, qr, mean, columns, k);
    }
}

static void copy_factor(const pilot_qr_t *qr, size_t raw, size_t outcome, pilot_moments_t *moments,
                        pilot_arena_t *arena)
{
    size_t y = raw + outcome;
    moments->effect = PILOT_ARENA_RAW(arena, double, raw);
    for (size_t i = 0; i < raw; i++)
        moments->effect[i] = qr->r[i * qr->columns + y];
    moments->rest = 0;
    for (size_t i = raw; i <= y; i++)
        moments->rest = hypot(moments->rest, qr->r[i * qr->columns + y]);
}

/* Weights ask the cluster-robust types for one more factor: of the columns times their weight. */
static bool needs_squares(const pilot_ols_task_t *task, const pilot_moments_t *moments)
{
    return pilot_task_std_error(task) == PILOT_SE_CR2 && task->frame->weight != NULL &&
           (task->across || moments->weight_low < moments->weight_high);
}

/* level: across, weights: means of the demeaned columns under squared weights, blocks x raw, and
 * those weights' sums.  Of another walk over the rows. */
static void find_square_means(const pilot_rows_t *rows, const pilot_column_t *column, size_t raw,
                              pilot_arena_t *arena, pilot_moments_t *moments)
{
    pilot_panel_t panel;
    double *mean = PILOT_ARENA_ARRAY(arena, double, rows->blocks *raw);
    pilot_panel_begin(&panel, rows, column, raw, arena);
    while (pilot_panel_next(&panel)) {
        size_t block = panel.first_block;
        for (size_t i = 0; i < panel.count; i++) {
            while (panel.first + i >= rows->block_start[block + 1])
                block++;
            double square = panel.weight[i] * panel.weight[i];
            moments->block[block].square_weight += square;
            for (size_t k = 0; k < raw; k++)
                mean[block * raw + k] += square * panel.data[k * panel.stride + i];
        }
    }
    for (size_t b = 0; b < rows->blocks; b++) {
        for (size_t k = 0; k < raw; k++)
            mean[b * raw + k] /= moments->block[b].square_weight;
        moments->block[b].square_mean = mean + b * raw;
    }
}

/* Columns times weight; at level: across less the block's mean under squared weights. */
static void fold_squares(const pilot_panel_t *panel, const pilot_block_moment_t *moment,
                         double *copy, pilot_qr_t *qr)
{
    const pilot_rows_t *rows = panel->rows;
    for (size_t k = 0; k < qr->columns; k++) {
        double *to = copy + k * panel->stride;
        memcpy(to, panel->data + k * panel->stride, PILOT_PAD(panel->count) * sizeof *to);
        for (size_t b = panel->first_block, i = 0; moment && i < panel->count; i++) {
            while (panel->first + i >= rows->block_start[b + 1])
                b++;
            to[i] -= moment[b].square_mean[k];
        }
        pilot_kernel_multiply(to, panel->weight, to, PILOT_PAD(panel->count));
    }
    pilot_qr_add(qr, copy, panel->stride, panel->count);
}

static void fold_panels(pilot_panel_t *panel, pilot_qr_t *qr, pilot_qr_t *square_qr,
                        const pilot_block_moment_t *moment, pilot_arena_t *arena)
{
    double *root = PILOT_ARENA_ARRAY(arena, double, panel->stride);
    double *copy =
        square_qr ? PILOT_ARENA_RAW(arena, double, square_qr->columns * panel->stride) : NULL;
    while (pilot_panel_next(panel)) {
        size_t padded = PILOT_PAD(panel->count);
        if (square_qr)
            fold_squares(panel, moment, copy, square_qr);
        if (panel->rows->weight) {
            for (size_t i = 0; i < padded; i++)
                root[i] = sqrt(panel->weight[i]);
            for (size_t k = 0; k < panel->columns; k++) {
                double *column = panel->data + k * panel->stride;
                pilot_kernel_multiply(column, root, column, padded);
            }
        }
        pilot_qr_add(qr, panel->data, panel->stride, panel->count);
    }
}

static void prepare(const pilot_rows_t *rows, pilot_arena_t *arena, pilot_moments_t *moments)
{
    size_t arms = rows->task->frame->arms;
    *moments = (pilot_moments_t){
        .arms = arms,
        .regressors = rows->task->regressors,
        .candidates = rows->candidates,
        .rows = rows->n,
        .blocks = rows->blocks,
        .blocked = rows->task->frame->block != NULL,
        .clustered = pilot_task_is_clustered(rows->task),
        .std_error = pilot_task_std_error(rows->task),
        .arm_rows = PILOT_ARENA_ARRAY(arena, uint64_t, arms),
        .arm_clusters = PILOT_ARENA_ARRAY(arena, uint64_t, arms),
        .arm_weight = PILOT_ARENA_ARRAY(arena, double, arms),
        .number = PILOT_ARENA_ARRAY(arena, pilot_number_moment_t, rows->task->regressors),
        .category = PILOT_ARENA_ARRAY(arena, pilot_category_moment_t, rows->task->regressors),
    };
    count_arms(rows, moments);
    count_clusters(rows, moments, arena);
    moments->nested = moments->clustered;
    for (size_t b = 0; b < rows->blocks && moments->nested; b++)
        moments->nested = is_nested(rows, b);
}

/* level: across: what the blocks are called, weigh and average; of one outcome among many. */
static pilot_block_moment_t *block_moments(const pilot_rows_t *rows, const pilot_moments_t *shared,
                                           const double *mean, size_t columns, size_t outcome,
                                           pilot_arena_t *arena)
{
    size_t raw = shared->raw;
    pilot_block_moment_t *block = PILOT_ARENA_RAW(arena, pilot_block_moment_t, rows->blocks);
    double *own = PILOT_ARENA_RAW(arena, double, rows->blocks *(raw + 1));
    for (size_t b = 0; b < rows->blocks; b++, own += raw + 1) {
        block[b] = shared->block[b];
        block[b].label = pilot_rows_block_label(rows, b);
        block[b].cluster = cluster_of_block(rows, b);
        block[b].weight = rows->block_weight[b];
        block[b].mean = own;
        memcpy(own, mean + b * columns, raw * sizeof *own);
        own[raw] = mean[b * columns + raw + outcome];
    }
    return block;
}

void pilot_moments_compute(const pilot_rows_t *rows, const pilot_variable_t *const *outcome,
                           size_t outcomes, pilot_arena_t *arena, pilot_moments_t *ret_moments)
{
    pilot_moments_t shared;
    bool fits;
    prepare(rows, arena, &shared);
    pilot_column_t *column = PILOT_ARENA_RAW(arena, pilot_column_t, PILOT_MOST_COLUMNS + outcomes);
    shared.narrow = shared.raw = lay_out(rows, &shared, column, arena, &fits);
    shared.too_wide = !fits;
    if (fits && rows->task->interact)
        shared.raw = lay_out_interactions(&shared, column);
    for (size_t o = 0; o < outcomes; o++) {
        ret_moments[o] = shared;
        sum_outcome(rows, outcome[o], &ret_moments[o]);
        column[shared.raw + o] = (pilot_column_t){
            .kind = PILOT_COLUMN_NUMBER, .number = outcome[o], .base = ret_moments[o].outcome_base};
    }
    if (shared.too_wide || rows->n == 0)
        return;
    pilot_panel_t panel;
    pilot_qr_t qr, square_qr;
    size_t columns = shared.raw + outcomes;
    bool squares = needs_squares(rows->task, &shared);
    pilot_panel_begin(&panel, rows, column, columns, arena);
    panel.ret_mean = PILOT_ARENA_RAW(arena, double, rows->blocks *columns);
    pilot_qr_init(&qr, columns, arena);
    if (squares)
        pilot_qr_init(&square_qr, shared.raw, arena);
    if (rows->task->across) {
        shared.block = PILOT_ARENA_ARRAY(arena, pilot_block_moment_t, rows->blocks);
        if (squares)
            find_square_means(rows, column, shared.raw, arena, &shared);
    }
    fold_panels(&panel, &qr, squares ? &square_qr : NULL, shared.block, arena);
    finish_numbers(rows, &shared, column, &qr, panel.ret_mean, columns);
    shared.r = PILOT_ARENA_ARRAY(arena, double, shared.raw *shared.raw);
    for (size_t i = 0; i < shared.raw; i++)
        memcpy(shared.r + i * shared.raw, qr.r + i * columns, shared.raw * sizeof(double));
    for (size_t o = 0; o < outcomes; o++) {
        ret_moments[o].r = shared.r;
        ret_moments[o].square_r = squares ? square_qr.r : NULL;
        copy_factor(&qr, shared.raw, o, &ret_moments[o], arena);
        if (rows->task->across)
            ret_moments[o].block = block_moments(rows, &shared, panel.ret_mean, columns, o, arena);
    }
}
