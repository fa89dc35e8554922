/* ols_fit_pack.c - a fit to and from a piece. */
#include <stdio.h>
#include <string.h>

#include "ols_fit.h"
#include "ols_pack.h"

enum {
    ACROSS = 1,
    CLUSTERED = 2,
    EQUAL_WEIGHTS = 4,
    TOO_WIDE = 8,
    BLOCKED = 16,
    OMEGA = 32,
    AUTOMATIC = 64,
    DIFFERENCE = 128,
    NESTED = 256
};
#define HEAD_COUNTS 16
#define HEAD_NUMBERS 6

static void pack_head(const pilot_fit_t *fit, pilot_piece_t *piece)
{
    uint64_t flags = (fit->across ? ACROSS : 0) | (fit->clustered ? CLUSTERED : 0) |
                     (fit->equal_weights ? EQUAL_WEIGHTS : 0) | (fit->too_wide ? TOO_WIDE : 0) |
                     (fit->blocked ? BLOCKED : 0) | (fit->omega ? OMEGA : 0) |
                     (fit->automatic ? AUTOMATIC : 0) | (fit->choice.difference ? DIFFERENCE : 0) |
                     (fit->nested ? NESTED : 0);
    pilot_piece_add_counts(
        piece,
        (uint64_t[HEAD_COUNTS]){fit->arms, fit->regressors, flags, fit->std_error, fit->candidates,
                                fit->rows, fit->clusters, fit->blocks, fit->rank, fit->spanning,
                                fit->choice.model, fit->choice.regressors, fit->choice.interacted,
                                fit->covariates, fit->interacted, fit->control_std_dev.given},
        HEAD_COUNTS);
    pilot_piece_add_counts(piece, fit->arm_rows, fit->arms);
    pilot_piece_add_counts(piece, fit->arm_clusters, fit->arms);
    pilot_piece_add_numbers(piece,
                            (double[HEAD_NUMBERS]){fit->weight, fit->outcome_base, fit->outcome_low,
                                                   fit->outcome_high, fit->control_mean,
                                                   fit->control_std_dev.value},
                            HEAD_NUMBERS);
    pilot_piece_add_label(piece, fit->dropped);
}

static void pack_columns(const pilot_fit_t *fit, pilot_piece_t *piece)
{
    for (size_t j = 0; j < fit->rank; j++) {
        const pilot_column_t *column = &fit->column[j];
        pilot_piece_add_counts(piece,
                               (uint64_t[]){column->kind, column->code, column->regressor,
                                            fit->label[j] != NULL, column->arm},
                               5);
        pilot_piece_add_numbers(piece, (double[]){column->base, column->shift, column->center}, 3);
        if (fit->label[j])
            pilot_piece_add_label(piece, fit->label[j]);
    }
}

static void pack_across(const pilot_fit_t *fit, pilot_piece_t *piece)
{
    for (size_t b = 0; b < fit->blocks; b++) {
        pilot_piece_add_label(piece, fit->block[b].label);
        pilot_piece_add_number(piece, fit->block[b].weight);
        pilot_piece_add_numbers(piece, fit->block[b].mean, fit->rank + 1);
        if (fit->omega)
            pilot_piece_add_numbers(piece, fit->block[b].square, fit->rank + 1);
    }
    for (size_t s = 0; s < fit->spanning; s++)
        pilot_piece_add_label(piece, fit->spanning_cluster[s]);
}

void pilot_fit_pack(const pilot_fit_t *fit, pilot_piece_t *piece)
{
    pack_head(fit, piece);
    if (fit->too_wide || fit->rows == 0)
        return;
    pack_columns(fit, piece);
    pilot_pack_triangle(piece, fit->r, fit->rank);
    pilot_pack_triangle(piece, fit->r_inverse, fit->rank);
    pilot_piece_add_numbers(piece, fit->beta, fit->rank);
    if (fit->omega)
        pilot_pack_triangle(piece, fit->omega, fit->rank);
    if (fit->across)
        pack_across(fit, piece);
}

static bool take_head(pilot_piece_reader_t *reader, pilot_arena_t *arena, pilot_fit_t *fit,
                      uint64_t *ret_flags)
{
    const uint64_t *head = pilot_piece_take_counts(reader, HEAD_COUNTS);
    const char *dropped;
    if (!head || head[0] > UINT16_MAX || head[3] < PILOT_SE_CLASSICAL || head[3] > PILOT_SE_CR3 ||
        head[8] > PILOT_MOST_COLUMNS || head[10] > PILOT_MODEL_LIN)
        return false;
    *fit = (pilot_fit_t){.arms = head[0],
                         .regressors = head[1],
                         .across = head[2] & ACROSS,
                         .clustered = head[2] & CLUSTERED,
                         .equal_weights = head[2] & EQUAL_WEIGHTS,
                         .too_wide = head[2] & TOO_WIDE,
                         .blocked = head[2] & BLOCKED,
                         .nested = head[2] & NESTED,
                         .std_error = (pilot_std_error_t)head[3],
                         .candidates = head[4],
                         .rows = head[5],
                         .clusters = head[6],
                         .blocks = head[7],
                         .rank = head[8],
                         .spanning = head[9],
                         .automatic = head[2] & AUTOMATIC,
                         .choice = {.difference = head[2] & DIFFERENCE,
                                    .model = (pilot_regression_model_t)head[10],
                                    .regressors = head[11],
                                    .interacted = head[12]},
                         .covariates = head[13],
                         .interacted = head[14]};
    *ret_flags = head[2];
    if (!pilot_take_counts(reader, fit->arms, arena, &fit->arm_rows) ||
        !pilot_take_counts(reader, fit->arms, arena, &fit->arm_clusters) ||
        !pilot_take_label(reader, arena, &dropped))
        return false;
    const double *number = pilot_piece_take_numbers(reader, HEAD_NUMBERS);
    if (!number)
        return false;
    fit->weight = number[0];
    fit->outcome_base = number[1];
    fit->outcome_low = number[2];
    fit->outcome_high = number[3];
    fit->control_mean = number[4];
    fit->control_std_dev = head[15] ? PILOT_GIVEN(number[5]) : PILOT_ABSENT;
    snprintf(fit->dropped, sizeof fit->dropped, "%s", dropped);
    return fit->clustered == (fit->std_error >= PILOT_SE_CR0);
}

static bool take_column(pilot_piece_reader_t *reader, pilot_arena_t *arena, pilot_fit_t *fit,
                        size_t j)
{
    const uint64_t *count = pilot_piece_take_counts(reader, 5);
    const double *number = pilot_piece_take_numbers(reader, 3);
    if (!count || !number || count[4] >= fit->arms || count[0] < PILOT_COLUMN_ARM ||
        count[0] > PILOT_COLUMN_LEVEL)
        return false;
    bool is_arm = count[0] == PILOT_COLUMN_ARM;
    if (is_arm ? count[1] >= fit->arms || count[4] : count[2] >= fit->regressors)
        return false;
    fit->column[j] = (pilot_column_t){.kind = (pilot_column_kind_t)count[0],
                                      .code = (uint32_t)count[1],
                                      .regressor = count[2],
                                      .base = number[0],
                                      .shift = number[1],
                                      .arm = (uint32_t)count[4],
                                      .center = number[2]};
    if (is_arm)
        fit->arm_column[count[1]] = j;
    return !count[3] || pilot_take_label(reader, arena, &fit->label[j]);
}

static bool take_columns(pilot_piece_reader_t *reader, pilot_arena_t *arena, pilot_fit_t *fit)
{
    fit->column = PILOT_ARENA_ARRAY(arena, pilot_column_t, fit->rank);
    fit->label = PILOT_ARENA_ARRAY(arena, const char *, fit->rank);
    for (size_t j = 0; j < fit->rank; j++)
        if (!take_column(reader, arena, fit, j))
            return false;
    return true;
}

static bool take_across(pilot_piece_reader_t *reader, pilot_arena_t *arena, uint64_t flags,
                        pilot_fit_t *fit)
{
    /* Each has a label: so much memory is worth taking. */
    if (fit->blocks > reader->labels || fit->spanning > reader->labels)
        return false;
    fit->block = PILOT_ARENA_ARRAY(arena, pilot_fit_block_t, fit->blocks);
    for (size_t b = 0; b < fit->blocks; b++) {
        double *mean, *square = NULL;
        if (!pilot_take_label(reader, arena, &fit->block[b].label) ||
            !pilot_take_number(reader, &fit->block[b].weight) ||
            !pilot_take_numbers(reader, fit->rank + 1, arena, &mean) ||
            (flags & OMEGA && !pilot_take_numbers(reader, fit->rank + 1, arena, &square)))
            return false;
        fit->block[b].mean = mean;
        fit->block[b].square = square;
    }
    fit->spanning_cluster = PILOT_ARENA_ARRAY(arena, const char *, fit->spanning);
    for (size_t s = 0; s < fit->spanning; s++)
        if (!pilot_take_label(reader, arena, &fit->spanning_cluster[s]))
            return false;
    return true;
}

pilot_status_t pilot_fit_unpack(pilot_piece_reader_t *reader, pilot_arena_t *arena,
                                pilot_fit_t *ret, pilot_error_t *error)
{
    uint64_t flags;
    if (!take_head(reader, arena, ret, &flags))
        return pilot_pack_error(error, "a fit");
    ret->arm_column = PILOT_ARENA_RAW(arena, size_t, ret->arms);
    for (size_t arm = 0; arm < ret->arms; arm++)
        ret->arm_column[arm] = SIZE_MAX;
    if (ret->too_wide || ret->rows == 0) {
        ret->rank = 0;
        return PILOT_OK;
    }
    if (!take_columns(reader, arena, ret) ||
        !pilot_take_triangle(reader, ret->rank, arena, &ret->r) ||
        !pilot_take_triangle(reader, ret->rank, arena, &ret->r_inverse) ||
        !pilot_take_numbers(reader, ret->rank, arena, &ret->beta) ||
        (flags & OMEGA && !pilot_take_triangle(reader, ret->rank, arena, &ret->omega)) ||
        (ret->across && !take_across(reader, arena, flags, ret)))
        return pilot_pack_error(error, "a whole fit");
    return PILOT_OK;
}
