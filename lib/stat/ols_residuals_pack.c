/* ols_residuals_pack.c - residual-based sums to and from a piece. */
#include "ols_pack.h"
#include "ols_residuals.h"

void pilot_residuals_pack(const pilot_residuals_t *residuals, pilot_piece_t *piece)
{
    pilot_piece_add_count(piece, residuals->arms);
    pilot_piece_add_number(piece, residuals->square);
    pilot_piece_add_numbers(piece, residuals->meat, residuals->arms);
    pilot_piece_add_counts(piece, residuals->leverage_one, residuals->arms);
}

pilot_status_t pilot_residuals_unpack(pilot_piece_reader_t *reader, const pilot_fit_t *fit,
                                      pilot_arena_t *arena, pilot_residuals_t *ret,
                                      pilot_error_t *error)
{
    uint64_t arms;
    *ret = (pilot_residuals_t){.arms = fit->arms};
    if (!pilot_take_count(reader, &arms) || arms != fit->arms ||
        !pilot_take_number(reader, &ret->square) ||
        !pilot_take_numbers(reader, fit->arms, arena, &ret->meat) ||
        !pilot_take_counts(reader, fit->arms, arena, &ret->leverage_one))
        return pilot_pack_error(error, "residual sums of this plan");
    return PILOT_OK;
}
