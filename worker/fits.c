#include "fits.h"

#include <stdlib.h>
#include <string.h>

#include "instruments.h"
#include "pilot/memory.h"

pilot_fits_t *pilot_fits_new(const pilot_analysis_t *analysis, const uint32_t *agency_index,
                             size_t agencies, pilot_subsets_t *subsets)
{
    pilot_fits_t *fits = PILOT_NEW(pilot_fits_t);
    fits->fits = pilot_analysis_regressions(analysis, subsets->count);
    fits->agency_index = PILOT_NEW_ARRAY(uint32_t, agencies);
    fits->agencies = agencies;
    if (agencies > 0)
        memcpy(fits->agency_index, agency_index, agencies * sizeof *agency_index);
    fits->subsets = subsets;
    fits->fit = PILOT_NEW_ARRAY(pilot_pooled_ols_fit_t *, fits->fits);
    if (analysis->has_iv)
        fits->ivs = subsets->count * analysis->treatments * pilot_instrument_fits(analysis);
    fits->iv = PILOT_NEW_ARRAY(pilot_pooled_ols_fit_t *, fits->ivs);
    fits->pairs = analysis->targets;
    fits->pair = PILOT_NEW_ARRAY(pilot_pair_t *, fits->pairs);
    return fits;
}

void pilot_fits_free(pilot_fits_t *fits)
{
    if (!fits)
        return;
    for (size_t i = 0; i < fits->fits; i++)
        pilot_pooled_ols_fit_free(fits->fit[i]);
    for (size_t i = 0; i < fits->ivs; i++)
        pilot_pooled_ols_fit_free(fits->iv[i]);
    for (size_t i = 0; i < fits->pairs; i++)
        pilot_pair_free(fits->pair[i]);
    free(fits->pair);
    free(fits->iv);
    pilot_subsets_free(fits->subsets);
    free(fits->agency_index);
    free(fits->fit);
    free(fits);
}

bool pilot_fits_has_agency(const pilot_fits_t *fits, uint32_t agency_index)
{
    size_t low = 0, high = fits->agencies;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (fits->agency_index[middle] < agency_index)
            low = middle + 1;
        else
            high = middle;
    }
    return low < fits->agencies && fits->agency_index[low] == agency_index;
}

void pilot_fits_pack(const pilot_fits_t *fits, const pilot_analysis_t *analysis,
                     pilot_piece_t *piece)
{
    pilot_piece_add_count(piece, fits->given_up);
    pilot_piece_add_count(piece, fits->agencies);
    for (size_t i = 0; i < fits->agencies; i++)
        pilot_piece_add_count(piece, fits->agency_index[i]);
    pilot_subsets_pack(fits->subsets, analysis, piece);
    for (size_t i = 0; i < fits->fits; i++)
        pilot_pooled_ols_fit_pack(fits->fit[i], piece);
    for (size_t i = 0; i < fits->ivs; i++)
        pilot_pooled_ols_fit_pack(fits->iv[i], piece);
    for (size_t i = 0; i < fits->pairs; i++)
        pilot_pair_pack(fits->pair[i], piece);
}

static pilot_status_t malformed(pilot_error_t *error)
{
    return pilot_error_set(error, PILOT_E_PROTOCOL, "the stored pooled fit is not well formed");
}

static pilot_status_t unpack_fits(pilot_fits_t *fits, pilot_piece_reader_t *reader,
                                  pilot_error_t *error)
{
    for (size_t i = 0; i < fits->fits; i++) {
        pilot_status_t status = pilot_pooled_ols_fit_unpack(reader, &fits->fit[i], error);
        if (status != PILOT_OK)
            return status;
    }
    for (size_t i = 0; i < fits->ivs; i++) {
        pilot_status_t status = pilot_pooled_ols_fit_unpack(reader, &fits->iv[i], error);
        if (status != PILOT_OK)
            return status;
    }
    for (size_t i = 0; i < fits->pairs; i++) {
        pilot_status_t status = pilot_pair_unpack(reader, &fits->pair[i], error);
        if (status != PILOT_OK)
            return status;
    }
    return PILOT_OK;
}

pilot_status_t pilot_fits_unpack(const pilot_analysis_t *analysis, pilot_piece_reader_t *reader,
                                 pilot_fits_t **ret_fits, pilot_error_t *error)
{
    const uint64_t *head = pilot_piece_take_counts(reader, 2);
    const uint64_t *index = head ? pilot_piece_take_counts(reader, head[1]) : NULL;
    if (!index)
        return malformed(error);
    pilot_subsets_t *subsets = NULL;
    pilot_status_t status = pilot_subsets_unpack(analysis, reader, &subsets, error);
    if (status != PILOT_OK)
        return status;
    pilot_fits_t *fits = pilot_fits_new(analysis, NULL, 0, subsets);
    fits->given_up = head[0];
    fits->agencies = head[1];
    free(fits->agency_index);
    fits->agency_index = PILOT_NEW_ARRAY(uint32_t, fits->agencies);
    for (size_t i = 0; i < fits->agencies; i++)
        fits->agency_index[i] = (uint32_t)index[i];
    status = unpack_fits(fits, reader, error);
    if (status == PILOT_OK)
        *ret_fits = fits;
    else
        pilot_fits_free(fits);
    return status;
}

bool pilot_fits_gap_is_regression(const pilot_fits_t *fits, const pilot_analysis_t *analysis,
                                  const pilot_row_key_t *key)
{
    const pilot_subset_t *subset = fits->subsets->subset;
    size_t response = pilot_analysis_response(analysis, key->outcome, key->slot);
    for (size_t s = 1; s < fits->subsets->count; s++) {
        size_t at = pilot_analysis_regression(analysis, s, PILOT_ESTIMATORS, response);
        if (subset[s].subgroup == subset[key->subset].subgroup &&
            !pilot_pooled_ols_choice(fits->fit[at])->difference)
            return true;
    }
    return false;
}
