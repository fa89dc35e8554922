/* decoupling_moments.c - round 1: moments of each arm, merged in agency order (Chan, Golub &
 * LeVeque 1983).  See pilot/decoupling.h.
 *
 * counts:  arms any(2) | per arm: n of the target, of the mission, of both
 * numbers: base(2) | per arm: weight mean square of the target, of the mission;
 *          of both: weight mean(2) square(2) product */
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "compensated.h"
#include "decoupling_pair.h"
#include "pilot/memory.h"

#define HEAD_COUNTS 3
#define HEAD_NUMBERS 2
#define ARM_COUNTS 3
#define ARM_NUMBERS 12
#define MAX_ARMS 65536

pilot_pair_t *pair_new(size_t arms)
{
    pilot_pair_t *pair = PILOT_NEW(pilot_pair_t);
    pair->arms = arms;
    pair->arm = PILOT_NEW_ARRAY(pair_arm_t, arms);
    return pair;
}

void pilot_pair_free(pilot_pair_t *pair)
{
    if (!pair)
        return;
    free(pair->arm);
    free(pair);
}

/* Sums of one arm in the making: first the means', then the squares'. */
typedef struct sums {
    compensated_t own[2], own_weight[2], both[2], both_weight, square[2], both_square[2], product;
} sums_t;

static void choose_base(const pilot_pair_task_t *task, pilot_pair_t *pair)
{
    const pilot_variable_t *variable[2] = {task->target, task->mission};
    for (size_t v = 0; v < 2; v++)
        for (size_t i = 0; i < pair_rows(task) && !pair->any[v]; i++) {
            size_t row = pair_row(task, i);
            pair->any[v] = pair_weight(task, row) > 0 && pair_has(variable[v], row);
            pair->base[v] = pair->any[v] ? variable[v]->value[row] : 0;
        }
}

static void add_to_means(const pilot_pair_task_t *task, size_t row, pilot_pair_t *pair,
                         sums_t *sums)
{
    const pilot_variable_t *variable[2] = {task->target, task->mission};
    pair_arm_t *arm = &pair->arm[task->frame->arm[row]];
    double weight = pair_weight(task, row), value[2];
    bool has[2];
    for (size_t v = 0; v < 2; v++) {
        has[v] = pair_has(variable[v], row);
        value[v] = variable[v]->value[row] - pair->base[v];
        if (!has[v])
            continue;
        arm->own[v].n++;
        compensated_add(&sums->own_weight[v], weight);
        compensated_add(&sums->own[v], weight * value[v]);
    }
    if (!has[0] || !has[1])
        return;
    arm->both.n++;
    compensated_add(&sums->both_weight, weight);
    for (size_t v = 0; v < 2; v++)
        compensated_add(&sums->both[v], weight * value[v]);
}

static void finish_means(pair_arm_t *arm, const sums_t *sums)
{
    for (size_t v = 0; v < 2; v++) {
        arm->own[v].weight = compensated_value(&sums->own_weight[v]);
        arm->both.weight = compensated_value(&sums->both_weight);
        if (arm->own[v].n > 0)
            arm->own[v].mean = compensated_value(&sums->own[v]) / arm->own[v].weight;
        if (arm->both.n > 0)
            arm->both.mean[v] = compensated_value(&sums->both[v]) / arm->both.weight;
    }
}

static void add_to_squares(const pilot_pair_task_t *task, size_t row, const pilot_pair_t *pair,
                           sums_t *sums)
{
    const pilot_variable_t *variable[2] = {task->target, task->mission};
    const pair_arm_t *arm = &pair->arm[task->frame->arm[row]];
    double weight = pair_weight(task, row), from[2];
    bool has[2];
    for (size_t v = 0; v < 2; v++) {
        double value = variable[v]->value[row] - pair->base[v], own = value - arm->own[v].mean;
        has[v] = pair_has(variable[v], row);
        from[v] = value - arm->both.mean[v];
        if (has[v])
            compensated_add(&sums->square[v], weight * own * own);
    }
    if (!has[0] || !has[1])
        return;
    for (size_t v = 0; v < 2; v++)
        compensated_add(&sums->both_square[v], weight * from[v] * from[v]);
    compensated_add(&sums->product, weight * from[0] * from[1]);
}

static void finish_squares(pair_arm_t *arm, const sums_t *sums)
{
    for (size_t v = 0; v < 2; v++) {
        arm->own[v].square = compensated_value(&sums->square[v]);
        arm->both.square[v] = compensated_value(&sums->both_square[v]);
    }
    arm->both.product = compensated_value(&sums->product);
}

void pilot_pair_moments(const pilot_pair_task_t *task, pilot_piece_t *piece)
{
    pilot_pair_t *pair = pair_new(task->frame->arms);
    sums_t *sums = PILOT_NEW_ARRAY(sums_t, pair->arms);
    choose_base(task, pair);
    for (size_t i = 0; i < pair_rows(task); i++) {
        size_t row = pair_row(task, i);
        if (pair_weight(task, row) > 0)
            add_to_means(task, row, pair, &sums[task->frame->arm[row]]);
    }
    for (size_t a = 0; a < pair->arms; a++)
        finish_means(&pair->arm[a], &sums[a]);
    for (size_t i = 0; i < pair_rows(task); i++) {
        size_t row = pair_row(task, i);
        if (pair_weight(task, row) > 0)
            add_to_squares(task, row, pair, &sums[task->frame->arm[row]]);
    }
    for (size_t a = 0; a < pair->arms; a++)
        finish_squares(&pair->arm[a], &sums[a]);
    pilot_pair_pack(pair, piece);
    free(sums);
    pilot_pair_free(pair);
}

void pilot_pair_pack(const pilot_pair_t *pair, pilot_piece_t *piece)
{
    const uint64_t head[HEAD_COUNTS] = {pair->arms, pair->any[0], pair->any[1]};
    pilot_piece_add_counts(piece, head, HEAD_COUNTS);
    pilot_piece_add_numbers(piece, pair->base, HEAD_NUMBERS);
    for (size_t a = 0; a < pair->arms; a++) {
        const pair_spread_t *own = pair->arm[a].own;
        const pair_joint_t *both = &pair->arm[a].both;
        const uint64_t count[ARM_COUNTS] = {own[0].n, own[1].n, both->n};
        const double number[ARM_NUMBERS] = {own[0].weight,   own[0].mean,     own[0].square,
                                            own[1].weight,   own[1].mean,     own[1].square,
                                            both->weight,    both->mean[0],   both->mean[1],
                                            both->square[0], both->square[1], both->product};
        pilot_piece_add_counts(piece, count, ARM_COUNTS);
        pilot_piece_add_numbers(piece, number, ARM_NUMBERS);
    }
}

static pair_arm_t arm_of(const uint64_t *count, const double *number)
{
    return (pair_arm_t){
        .own = {{.n = count[0], .weight = number[0], .mean = number[1], .square = number[2]},
                {.n = count[1], .weight = number[3], .mean = number[4], .square = number[5]}},
        .both = {.n = count[2],
                 .weight = number[6],
                 .mean = {number[7], number[8]},
                 .square = {number[9], number[10]},
                 .product = number[11]}};
}

pilot_status_t pilot_pair_unpack(pilot_piece_reader_t *reader, pilot_pair_t **ret_pair,
                                 pilot_error_t *error)
{
    pilot_piece_reader_t ahead = *reader;
    const uint64_t *head = pilot_piece_take_counts(&ahead, HEAD_COUNTS), *count = NULL;
    const double *base = pilot_piece_take_numbers(&ahead, HEAD_NUMBERS), *number = NULL;
    pilot_pair_t *pair;
    if (head && base && head[0] <= MAX_ARMS && head[1] <= 1 && head[2] <= 1) {
        count = pilot_piece_take_counts(&ahead, ARM_COUNTS * head[0]);
        number = pilot_piece_take_numbers(&ahead, ARM_NUMBERS * head[0]);
    }
    if (!count || !number)
        return pilot_error_set(error, PILOT_E_PROTOCOL, "a piece does not hold moments of a pair");
    pair = pair_new(head[0]);
    for (size_t v = 0; v < 2; v++) {
        pair->any[v] = head[1 + v] != 0;
        pair->base[v] = base[v];
    }
    for (size_t a = 0; a < pair->arms; a++)
        pair->arm[a] = arm_of(count + ARM_COUNTS * a, number + ARM_NUMBERS * a);
    *reader = ahead;
    *ret_pair = pair;
    return PILOT_OK;
}

/* move: from the part's base to the whole's. */
static void merge_spread(pair_spread_t *whole, const pair_spread_t *part, double move)
{
    double weight = whole->weight + part->weight, apart = part->mean + move - whole->mean;
    if (part->n == 0)
        return;
    whole->mean = whole->n == 0 ? part->mean + move : whole->mean + apart * (part->weight / weight);
    whole->square += part->square;
    if (whole->n > 0)
        whole->square += apart * apart * (whole->weight * (part->weight / weight));
    whole->weight = weight;
    whole->n += part->n;
}

static void merge_joint(pair_joint_t *whole, const pair_joint_t *part, const double move[2])
{
    double weight = whole->weight + part->weight, apart[2], share;
    if (part->n == 0)
        return;
    share = part->weight / weight;
    for (size_t v = 0; v < 2; v++) {
        apart[v] = part->mean[v] + move[v] - whole->mean[v];
        whole->mean[v] =
            whole->n == 0 ? part->mean[v] + move[v] : whole->mean[v] + apart[v] * share;
        whole->square[v] += part->square[v];
        if (whole->n > 0)
            whole->square[v] += apart[v] * apart[v] * (whole->weight * share);
    }
    whole->product += part->product;
    if (whole->n > 0)
        whole->product += apart[0] * apart[1] * (whole->weight * share);
    whole->weight = weight;
    whole->n += part->n;
}

static void merge_pair(pilot_pair_t *whole, const pilot_pair_t *part)
{
    double move[2] = {0, 0};
    for (size_t v = 0; v < 2; v++) {
        if (!part->any[v])
            continue;
        if (!whole->any[v])
            whole->base[v] = part->base[v];
        whole->any[v] = true;
        move[v] = part->base[v] - whole->base[v];
    }
    for (size_t a = 0; a < whole->arms; a++) {
        for (size_t v = 0; v < 2; v++)
            merge_spread(&whole->arm[a].own[v], &part->arm[a].own[v], move[v]);
        merge_joint(&whole->arm[a].both, &part->arm[a].both, move);
    }
}

pilot_status_t pilot_pair_merge(pilot_piece_reader_t *reader, size_t agencies, size_t arms,
                                pilot_pair_t **ret_pair, pilot_error_t *error)
{
    pilot_pair_t *whole = pair_new(arms);
    for (size_t i = 0; i < agencies; i++) {
        pilot_pair_t *part = NULL;
        pilot_status_t status = pilot_pair_unpack(&reader[i], &part, error);
        if (part && part->arms != arms)
            status =
                pilot_error_set(error, PILOT_E_PROTOCOL,
                                "a piece holds moments of %zu arms, not %zu", part->arms, arms);
        if (part && status == PILOT_OK)
            merge_pair(whole, part);
        pilot_pair_free(part);
        if (status != PILOT_OK) {
            pilot_pair_free(whole);
            return status;
        }
    }
    *ret_pair = whole;
    return PILOT_OK;
}

pilot_number_t pilot_pair_sd(const pilot_pair_t *pair, size_t arm, bool of_mission)
{
    const pair_spread_t *own = &pair->arm[arm].own[of_mission ? PAIR_MISSION : PAIR_TARGET];
    double n = (double)own->n;
    if (own->n < 2 || !(own->weight > 0))
        return PILOT_ABSENT;
    return PILOT_GIVEN(sqrt(own->square / own->weight * (n / (n - 1))));
}

/* Squares of this size are rounding. */
static double rounding(const pilot_pair_t *pair, const pair_joint_t *both, size_t v)
{
    double scale = 4 * DBL_EPSILON * (fabs(pair->base[v]) + fabs(both->mean[v]));
    return both->weight * scale * scale;
}

pilot_number_t pair_correlation(const pilot_pair_t *pair, size_t arm)
{
    const pair_joint_t *both = &pair->arm[arm].both;
    double value;
    if (!(both->square[0] > rounding(pair, both, 0)) ||
        !(both->square[1] > rounding(pair, both, 1)))
        return PILOT_ABSENT;
    value = both->product / sqrt(both->square[0]) / sqrt(both->square[1]);
    return PILOT_GIVEN(fmax(-1, fmin(1, value)));
}
