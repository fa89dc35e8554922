/* pilot/convention.h - one effect's standard error as other programs give it, so that nobody has to
 * guess why two programs differ.
 *
 * K counts block effects (absorbed or not); S clusters.
 *   estimatr  HC2, N - K; clustered CR2, Satterthwaite
 *   Stata     robust: HC1, N - K (regress with dummies and areg alike); cluster: CR1, factor
 *             (N-1)/(N-K) S/(S-1), S - 1
 *   fixest    hetero: as Stata; cluster: as Stata, but block effects that are nested in clusters
 *             do not count: K = columns + 1 then
 * Method and sources: docs/methods/least-squares.md */
#ifndef PILOT_CONVENTION_H
#define PILOT_CONVENTION_H

#include "pilot/estimate.h"

enum {
    PILOT_CONVENTION_ESTIMATR,
    PILOT_CONVENTION_STATA,
    PILOT_CONVENTION_FIXEST,
    PILOT_CONVENTIONS
};

/* Numbers that a convention cannot give for the fit are absent. */
typedef struct pilot_convention {
    const char *name; /* "estimatr", "stata", "fixest" */
    pilot_std_error_t std_error_type;
    pilot_number_t std_error, df, p_value;
} pilot_convention_t;

#endif
