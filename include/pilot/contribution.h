/* pilot/contribution.h - how much of an arm's sum the largest units make up: what disclosure
 * control must know of an outcome's sum.  Pure. */
#ifndef PILOT_CONTRIBUTION_H
#define PILOT_CONTRIBUTION_H

#include "pilot/frame.h"

/* Of |weight * value| over the units of an arm with the outcome and a positive weight, in the
 * outcome's unit. */
typedef struct pilot_contribution {
    uint64_t units;
    double total;
    double largest, second; /* 0 where there is no such unit */
} pilot_contribution_t;

/* row: which rows of the frame, ascending, `rows` of them; NULL: all.  by_arm: frame->arms. */
void pilot_contributions_of(const pilot_frame_t *frame, const pilot_variable_t *outcome,
                            const uint32_t *row, size_t rows, pilot_contribution_t *by_arm);

#endif
