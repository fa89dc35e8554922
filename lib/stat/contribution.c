#include "pilot/contribution.h"

#include <math.h>
#include <string.h>

#include "compensated.h"
#include "pilot/memory.h"

static void add_value(pilot_contribution_t *arm, compensated_t *total, double value)
{
    arm->units++;
    compensated_add(total, value);
    if (value > arm->largest) {
        arm->second = arm->largest;
        arm->largest = value;
    } else if (value > arm->second) {
        arm->second = value;
    }
}

void pilot_contributions_of(const pilot_frame_t *frame, const pilot_variable_t *outcome,
                            const uint32_t *row, size_t rows, pilot_contribution_t *by_arm)
{
    compensated_t *total PILOT_AUTOFREE = PILOT_NEW_ARRAY(compensated_t, frame->arms);
    memset(by_arm, 0, frame->arms * sizeof *by_arm);
    size_t count = row ? rows : frame->rows;
    for (size_t i = 0; i < count; i++) {
        size_t at = row ? row[i] : i;
        double weight = frame->weight ? frame->weight[at] : 1;
        size_t arm = frame->arm[at];
        if (weight > 0 && (!outcome->present || outcome->present[at]))
            add_value(&by_arm[arm], &total[arm], fabs(weight * outcome->value[at]));
    }
    for (size_t arm = 0; arm < frame->arms; arm++)
        by_arm[arm].total = compensated_value(&total[arm]);
}
