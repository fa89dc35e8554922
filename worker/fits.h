/* fits.h - the pooled regressions as the POOL job leaves them for RESIDUAL and FINISH. */
#ifndef PILOT_WORKER_FITS_H
#define PILOT_WORKER_FITS_H

#include "analysis.h"
#include "pilot/decoupling.h"
#include "pilot/pooled_ols.h"
#include "subsets.h"

typedef struct pilot_fits {
    uint64_t given_up;      /* first parts that are missing */
    uint32_t *agency_index; /* whose rows the fits are of, ascending */
    size_t agencies;
    pilot_subsets_t *subsets;     /* over all agencies */
    pilot_pooled_ols_fit_t **fit; /* pilot_analysis_regression */
    size_t fits;
    pilot_pooled_ols_fit_t **iv; /* [subset][treatment][pilot_instrument_fits] */
    size_t ivs;
    pilot_pair_t **pair; /* by target: moments of it and its mission */
    size_t pairs;
} pilot_fits_t;

pilot_fits_t *pilot_fits_new(const pilot_analysis_t *analysis, const uint32_t *agency_index,
                             size_t agencies, pilot_subsets_t *subsets /* consumed */);
void pilot_fits_free(pilot_fits_t *fits); /* NULL is fine */
bool pilot_fits_has_agency(const pilot_fits_t *fits, uint32_t agency_index);

void pilot_fits_pack(const pilot_fits_t *fits, const pilot_analysis_t *analysis,
                     pilot_piece_t *piece);
pilot_status_t pilot_fits_unpack(const pilot_analysis_t *analysis, pilot_piece_reader_t *reader,
                                 pilot_fits_t **ret_fits, pilot_error_t *error);

/* Under `auto`: is the gap of this key one of regressions?  It is where a level of its subgroup
 * takes one. */
bool pilot_fits_gap_is_regression(const pilot_fits_t *fits, const pilot_analysis_t *analysis,
                                  const pilot_row_key_t *key);

#endif
