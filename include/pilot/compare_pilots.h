/* pilot/compare_pilots.h - effects of several pilots in one unit, pooled: by pilot, by an attribute
 * of agencies, by agency. Pure: no I/O, no log, no globals.  Method and sources:
 * docs/methods/comparison.md, "Across pilots" */
#ifndef PILOT_COMPARE_PILOTS_H
#define PILOT_COMPARE_PILOTS_H

#include "pilot/meta.h"

/* One effect of an agency in a pilot (an outcome's, an arm's), in the outcome's unit. */
typedef struct pilot_pilots_effect {
    const char *pilot;
    const char *agency; /* "": the effect is of the whole pilot */
    const char *group;  /* effects of one group are pooled; "": there is one group */
    pilot_number_t estimate, std_error;
    pilot_number_t control_std_dev; /* of the pilot's pooled control group, of this outcome */
    bool lower_is_better;
} pilot_pilots_effect_t;

typedef struct pilot_pilots_row {
    const char *group; /* borrowed from an effect; NULL: of all groups */
    const char *pilot; /* the same; NULL: of all pilots of the group */
    size_t pilots;     /* that take part */
    pilot_meta_row_t pooled;
} pilot_pilots_row_t;

/* estimate / control_std_dev and std_error / control_std_dev, the sign turned where lower is
 * better, so that more is better.  False, and *ret untouched, without one of the numbers or when
 * the standard deviation or the standard error is not above 0: it cannot take part. */
bool pilot_pilots_standardize(const pilot_pilots_effect_t *effect, pilot_number_t *ret_estimate,
                              pilot_number_t *ret_std_error);

/* Rows by group, in the order of bytes: each of its pilots, then the group's.  With several groups
 * at the end one of all.  Effects of one pilot, agency and group count once: their mean, with the
 * mean of their standard errors.  A row of one effect is that effect with its normal interval.
 * Options: the headline's method and test.  The order of effects does not matter.  Caller frees the
 * array; *ret_rows of it, 0 (and NULL) when no effect can take part. */
pilot_pilots_row_t *pilot_pilots_compare(const pilot_pilots_effect_t *effect, size_t effects,
                                         const pilot_meta_options_t *options, size_t *ret_rows);

#endif
