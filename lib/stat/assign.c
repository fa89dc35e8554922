#include "pilot/assign.h"

#include <math.h>
#include <stdlib.h>

#include "assign_round.h"
#include "philox.h"
#include "pilot/memory.h"

#define LARGEST_DENOMINATOR 10000u
#define NINE_DIGITS 1000000000u

/* Stages of an assignment: each a stream of its own. */
enum stage { STAGE_ORDER, STAGE_ROUNDING, STAGE_ARMS };

/* ---- shares ---------------------------------------------------------------------------------- */

/* Is every probability a whole number of parts of `total`, and do these add up? */
static bool divides(pilot_shares_t *shares, const double *probability, uint32_t total)
{
    uint64_t sum = 0;
    for (size_t a = 0; a < shares->arms; a++) {
        double parts = probability[a] * total, whole = nearbyint(parts);
        if (fabs(parts - whole) > 1e-9 || whole < 1)
            return false;
        shares->weight[a] = (uint32_t)whole;
        sum += shares->weight[a];
    }
    return sum == total;
}

void pilot_shares_init(pilot_shares_t *shares, const double *probability, size_t arms)
{
    *shares = (pilot_shares_t){.arms = arms};
    if (!probability) {
        shares->total = (uint32_t)arms;
        for (size_t a = 0; a < arms; a++)
            shares->weight[a] = 1;
        return;
    }
    for (uint32_t total = (uint32_t)arms; total <= LARGEST_DENOMINATOR; total++) {
        shares->total = total;
        if (divides(shares, probability, total))
            return;
    }
    shares->total = 0;
    for (size_t a = 0; a < arms; a++) {
        double parts = nearbyint(probability[a] * NINE_DIGITS);
        shares->weight[a] = parts < 1 ? 1 : (uint32_t)parts;
        shares->total += shares->weight[a];
    }
}

/* ---- assignment ------------------------------------------------------------------------------ */

static pilot_stream_t stream_of(uint64_t seed, uint64_t group, enum stage stage)
{
    return pilot_stream(seed, (uint32_t)group, (uint32_t)(group >> 32), PILOT_PURPOSE_ASSIGNMENT,
                        (uint32_t)stage);
}

static bool draw(void *context, uint64_t favourable, uint64_t all)
{
    return pilot_stream_below(context, all) < favourable;
}

/* Blocks join the rounding in random order, so that none is tied to its neighbours. */
static void round_counts(const pilot_shares_t *shares, const uint32_t *size, size_t blocks,
                         uint64_t seed, uint64_t group, uint64_t *ret_up)
{
    size_t *order PILOT_AUTOFREE = PILOT_NEW_ARRAY(size_t, blocks + 1);
    pilot_round_t *round PILOT_AUTOFREE = PILOT_NEW(pilot_round_t);
    pilot_stream_t shuffle = stream_of(seed, group, STAGE_ORDER);
    pilot_stream_t rounding = stream_of(seed, group, STAGE_ROUNDING);
    for (size_t i = 0; i < blocks; i++)
        order[i] = i;
    for (size_t i = blocks; i > 1; i--) {
        size_t other = (size_t)pilot_stream_below(&shuffle, i), kept = order[i - 1];
        order[i - 1] = order[other];
        order[other] = kept;
    }
    pilot_round_init(round, shares, draw, &rounding, ret_up);
    for (size_t i = 0; i < blocks; i++)
        pilot_round_add(round, order[i], size[order[i]]);
    pilot_round_finish(round);
}

void pilot_assign(const pilot_shares_t *shares, const uint32_t *size, size_t blocks, uint64_t seed,
                  uint64_t group, uint16_t *ret_arm)
{
    uint64_t *up PILOT_AUTOFREE = PILOT_NEW_ARRAY(uint64_t, blocks + 1);
    round_counts(shares, size, blocks, seed, group, up);
    pilot_stream_t stream = stream_of(seed, group, STAGE_ARMS);
    for (size_t b = 0; b < blocks; b++) {
        size_t filled = 0;
        for (size_t a = 0; a < shares->arms; a++) {
            uint32_t count = pilot_round_floor(shares, a, size[b]) + (uint32_t)(up[b] >> a & 1);
            for (uint32_t i = 0; i < count; i++)
                ret_arm[filled++] = (uint16_t)a;
        }
        for (size_t i = filled; i > 1; i--) {
            size_t other = (size_t)pilot_stream_below(&stream, i);
            uint16_t kept = ret_arm[i - 1];
            ret_arm[i - 1] = ret_arm[other];
            ret_arm[other] = kept;
        }
        ret_arm += size[b];
    }
}
