/* balance_pack.c - a summary of balance checks as flat arrays, and back.
 *
 * counts:  arms outcomes across | by covariate: kind, columns | by arm and covariate: rows, missing
 * | within agencies, by treatment arm: blocks, then by outcome: is there a score across: parts,
 * then their arms numbers: by arm and covariate: weight, squares | by arm and column: mean,
 * deviation | within agencies, by treatment arm: log_assignments, both sides, the contrast's
 * memory, scores; across: parts' numbers labels:  levels of each category | across: by part: block,
 * cluster */
#include <string.h>

#include "balance_summary.h"
#include "pilot/memory.h"

#define MAX_LEVELS 10000000
#define SIDE_NUMBERS (sizeof(balance_side_t) / sizeof(double))

enum { KIND_NUMBER, KIND_BINARY, KIND_CATEGORY, KINDS };

static void pack_head(const pilot_balance_t *balance, pilot_piece_t *piece)
{
    pilot_piece_add_count(piece, balance->arms);
    pilot_piece_add_count(piece, balance->outcomes);
    pilot_piece_add_count(piece, balance->covariates);
    pilot_piece_add_count(piece, balance->across);
    for (size_t v = 0; v < balance->covariates; v++) {
        const balance_covariate_t *covariate = &balance->covariate[v];
        pilot_piece_add_count(piece, covariate->category ? KIND_CATEGORY
                                     : covariate->binary ? KIND_BINARY
                                                         : KIND_NUMBER);
        pilot_piece_add_count(piece, covariate->columns);
        for (size_t l = 0; covariate->label && l < covariate->columns; l++)
            pilot_piece_add_label(piece, covariate->label[l]);
    }
}

static void pack_score(const pilot_balance_t *balance, const balance_score_t *score,
                       pilot_piece_t *piece)
{
    if (!score->sum)
        return;
    pilot_piece_add_number(piece, score->units);
    pilot_piece_add_number(piece, score->blocks);
    pilot_piece_add_numbers(piece, score->sum, balance->columns + balance_square(balance));
}

static void pack_contrasts(const pilot_balance_t *balance, pilot_piece_t *piece)
{
    for (size_t a = 1; a < balance->arms; a++) {
        const balance_contrast_t *contrast = &balance->contrast[a];
        pilot_piece_add_count(piece, contrast->blocks);
        for (size_t y = 0; y < balance->outcomes; y++)
            pilot_piece_add_count(piece, contrast->score[y].sum != NULL);
        pilot_piece_add_number(piece, contrast->log_assignments);
        for (size_t s = 0; s < BALANCE_SIDES; s++)
            pilot_piece_add_numbers(piece, (const double *)&contrast->side[s], SIDE_NUMBERS);
        pilot_piece_add_numbers(piece, contrast->memory, balance_numbers(balance));
        for (size_t y = 0; y < balance->outcomes; y++)
            pack_score(balance, &contrast->score[y], piece);
    }
}

void pilot_balance_pack(const pilot_balance_t *balance, pilot_piece_t *piece)
{
    pack_head(balance, piece);
    for (size_t i = 0; i < balance->arms * balance->covariates; i++) {
        pilot_piece_add_count(piece, balance->moment[i].rows);
        pilot_piece_add_count(piece, balance->moment[i].missing);
        pilot_piece_add_number(piece, balance->moment[i].weight);
        pilot_piece_add_number(piece, balance->moment[i].squares);
    }
    for (size_t i = 0; i < balance->arms * balance->columns; i++) {
        pilot_piece_add_number(piece, balance->spread[i].mean);
        pilot_piece_add_number(piece, balance->spread[i].deviation);
    }
    if (!balance->across) {
        pack_contrasts(balance, piece);
        return;
    }
    pilot_piece_add_count(piece, balance->parts);
    for (size_t i = 0; i < balance->parts; i++) {
        const balance_part_t *part = &balance->part[i];
        pilot_piece_add_count(piece, part->arm);
        pilot_piece_add_numbers(piece, part->number, 2 + balance->covariates + balance->columns);
        pilot_piece_add_label(piece, part->block);
        pilot_piece_add_label(piece, part->cluster);
    }
}

static bool unpack_contrasts(pilot_balance_t *balance, pilot_piece_reader_t *reader)
{
    size_t numbers = balance_numbers(balance);
    for (size_t a = 1; a < balance->arms; a++) {
        balance_contrast_t *contrast = &balance->contrast[a];
        const uint64_t *count = pilot_piece_take_counts(reader, 1 + balance->outcomes);
        const double *number =
            pilot_piece_take_numbers(reader, 1 + BALANCE_SIDES * SIDE_NUMBERS + numbers);
        if (!count || !number)
            return false;
        contrast->blocks = count[0];
        contrast->log_assignments = *number++;
        memcpy(contrast->side, number, sizeof contrast->side);
        memcpy(contrast->memory, number + BALANCE_SIDES * SIDE_NUMBERS, numbers * sizeof *number);
        for (size_t y = 0; y < balance->outcomes; y++) {
            size_t wanted = balance->columns + balance_square(balance);
            if (!count[1 + y])
                continue;
            number = pilot_piece_take_numbers(reader, 2 + wanted);
            if (!number)
                return false;
            balance_score_open(balance, &contrast->score[y]);
            contrast->score[y].units = number[0];
            contrast->score[y].blocks = number[1];
            memcpy(contrast->score[y].sum, number + 2, wanted * sizeof *number);
        }
    }
    return true;
}

static bool unpack_parts(pilot_balance_t *balance, pilot_piece_reader_t *reader)
{
    const uint64_t *parts = pilot_piece_take_counts(reader, 1);
    for (uint64_t i = 0; parts && i < *parts; i++) {
        const uint64_t *arm = pilot_piece_take_counts(reader, 1);
        const double *number =
            pilot_piece_take_numbers(reader, 2 + balance->covariates + balance->columns);
        const pilot_label_t *label = pilot_piece_take_labels(reader, 2);
        if (!arm || *arm >= balance->arms || !number || !label)
            return false;
        balance_add_part(balance, label[0].bytes, label[0].length, label[1].bytes, label[1].length,
                         (uint16_t)*arm, number);
    }
    return parts != NULL;
}

static bool unpack_covariates(const pilot_balance_plan_t *plan, pilot_balance_t *balance,
                              pilot_piece_reader_t *reader)
{
    for (size_t v = 0; v < balance->covariates; v++) {
        balance_covariate_t *covariate = &balance->covariate[v];
        const uint64_t *count = pilot_piece_take_counts(reader, 2);
        const pilot_label_t *label;
        if (!count || count[0] >= KINDS || count[1] > MAX_LEVELS ||
            (count[0] == KIND_CATEGORY) != plan->category[v] ||
            (count[0] != KIND_CATEGORY && count[1] != 1))
            return false;
        covariate->binary = count[0] == KIND_BINARY;
        covariate->category = count[0] == KIND_CATEGORY;
        if (!covariate->category) {
            covariate->columns = 1;
            continue;
        }
        label = pilot_piece_take_labels(reader, count[1]);
        if (!label)
            return false;
        covariate->columns = count[1];
        covariate->label = PILOT_NEW_ARRAY(char *, covariate->columns);
        for (size_t l = 0; l < covariate->columns; l++)
            covariate->label[l] = pilot_strndup(label[l].bytes, label[l].length);
    }
    return true;
}

static bool unpack_moments(pilot_balance_t *balance, pilot_piece_reader_t *reader)
{
    size_t moments = balance->arms * balance->covariates,
           spreads = balance->arms * balance->columns;
    const uint64_t *count = pilot_piece_take_counts(reader, 2 * moments);
    const double *number = pilot_piece_take_numbers(reader, 2 * moments + 2 * spreads);
    if (!count || !number)
        return false;
    for (size_t i = 0; i < moments; i++, count += 2, number += 2)
        balance->moment[i] = (balance_moment_t){count[0], count[1], number[0], number[1]};
    for (size_t i = 0; i < spreads; i++, number += 2)
        balance->spread[i] = (balance_spread_t){number[0], number[1]};
    return true;
}

static bool unpack_rest(const pilot_balance_plan_t *plan, pilot_balance_t *balance,
                        pilot_piece_reader_t *reader)
{
    if (!unpack_covariates(plan, balance, reader))
        return false;
    balance_open(balance);
    return unpack_moments(balance, reader) &&
           (balance->across ? unpack_parts(balance, reader) : unpack_contrasts(balance, reader));
}

pilot_status_t pilot_balance_unpack(const pilot_balance_plan_t *plan, pilot_piece_reader_t *reader,
                                    pilot_balance_t **ret_balance, pilot_error_t *error)
{
    pilot_piece_reader_t rest = *reader;
    const uint64_t *head = pilot_piece_take_counts(&rest, 4);
    pilot_balance_t *balance = NULL;
    if (head && head[0] == plan->arms && head[1] == plan->outcomes && head[2] == plan->covariates &&
        head[3] == plan->across) {
        balance = balance_new(head[0], head[1], head[2]);
        balance->across = head[3];
    }
    if (!balance || !unpack_rest(plan, balance, &rest)) {
        pilot_balance_free(balance);
        return pilot_error_set(error, PILOT_E_PROTOCOL,
                               "a part does not hold a summary of balance checks; run all programs "
                               "in one version");
    }
    *reader = rest;
    *ret_balance = balance;
    return PILOT_OK;
}
