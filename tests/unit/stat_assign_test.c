/* Random assignment: every probability exact, counts rounded fairly, known answers. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../lib/stat/assign_round.h"
#include "../../lib/stat/philox.h"
#include "../harness/tap.h"
#include "pilot/assign.h"

#define MOST_BLOCKS 64

static pilot_shares_t shares_of(const uint32_t *weight, size_t arms)
{
    pilot_shares_t shares = {.arms = arms};
    for (size_t a = 0; a < arms; a++) {
        shares.weight[a] = weight[a];
        shares.total += weight[a];
    }
    return shares;
}

/* ---- shares ---------------------------------------------------------------------------------- */

static bool are_shares(const double *probability, size_t arms, const uint32_t *weight,
                       uint32_t total)
{
    pilot_shares_t shares;
    pilot_shares_init(&shares, probability, arms);
    return shares.arms == arms && shares.total == total &&
           memcmp(shares.weight, weight, arms * sizeof *weight) == 0;
}

static void test_shares(void)
{
    ok(are_shares(NULL, 3, (uint32_t[]){1, 1, 1}, 3), "without probabilities arms are equal");
    ok(are_shares((double[]){0.35, 0.3, 0.35}, 3, (uint32_t[]){7, 6, 7}, 20),
       "hundredths are whole parts");
    ok(are_shares((double[]){1.0 / 3, 2.0 / 3}, 2, (uint32_t[]){1, 2}, 3), "thirds are exact");
    ok(are_shares((double[]){0.0001, 0.9999}, 2, (uint32_t[]){1, 9999}, 10000),
       "one in ten thousand is exact");
    ok(are_shares((double[]){0.123456789, 0.876543211}, 2, (uint32_t[]){123456789, 876543211},
                  1000000000),
       "longer ones have nine digits");
    ok(are_shares((double[]){1e-12, 1 - 1e-12}, 2, (uint32_t[]){1, 1000000000}, 1000000001),
       "no arm is without a chance");
}

/* ---- rounding, by every path it can take ------------------------------------------------------
 */

/* The decisions of one run: the first `given` as before, then all true. */
struct path {
    bool went[512];
    uint64_t favourable[512], all[512];
    size_t given, taken;
};

static bool follow(void *context, uint64_t favourable, uint64_t all)
{
    struct path *path = context;
    size_t step = path->taken++;
    path->favourable[step] = favourable;
    path->all[step] = all;
    if (step >= path->given)
        path->went[step] = true;
    return path->went[step];
}

/* The next path in order: the last decision that went true goes false. */
static bool advance(struct path *path)
{
    size_t length = path->taken;
    while (length > 0 && !path->went[length - 1])
        length--;
    if (length == 0)
        return false;
    path->went[length - 1] = false;
    path->given = length;
    path->taken = 0;
    return true;
}

static double probability_of(const struct path *path)
{
    double probability = 1;
    for (size_t i = 0; i < path->taken; i++) {
        double up = (double)path->favourable[i] / (double)path->all[i];
        probability *= path->went[i] ? up : 1 - up;
    }
    return probability;
}

struct checked {
    double error;
    bool margins;
    size_t paths;
};

static bool margins_hold(const pilot_shares_t *shares, const uint32_t *size, size_t blocks,
                         const uint64_t *up)
{
    uint64_t units = 0, sum[PILOT_ASSIGN_MOST_ARMS] = {0};
    for (size_t b = 0; b < blocks; b++) {
        uint64_t in_block = 0;
        for (size_t a = 0; a < shares->arms; a++) {
            bool rounded_up = up[b] >> a & 1;
            bool whole = (uint64_t)size[b] * shares->weight[a] % shares->total == 0;
            if (rounded_up && whole)
                return false;
            uint64_t count = pilot_round_floor(shares, a, size[b]) + rounded_up;
            in_block += count;
            sum[a] += count;
        }
        if (in_block != size[b])
            return false;
        units += size[b];
    }
    for (size_t a = 0; a < shares->arms; a++) {
        uint64_t low = units * shares->weight[a] / shares->total;
        bool whole = units * shares->weight[a] % shares->total == 0;
        if (sum[a] != low && (whole || sum[a] != low + 1))
            return false;
    }
    return true;
}

static void round_all(const pilot_shares_t *shares, const uint32_t *size, size_t blocks,
                      pilot_chance_t *chance, void *context, uint64_t *up)
{
    pilot_round_t round;
    memset(up, 0, blocks * sizeof *up);
    pilot_round_init(&round, shares, chance, context, up);
    for (size_t b = 0; b < blocks; b++)
        pilot_round_add(&round, b, size[b]);
    pilot_round_finish(&round);
}

/* Every path with its probability: is the mean of each count m * p? */
static struct checked check_paths(const pilot_shares_t *shares, const uint32_t *size, size_t blocks)
{
    static double mean[MOST_BLOCKS][PILOT_ASSIGN_MOST_ARMS];
    struct checked checked = {.margins = true};
    struct path path = {0};
    double all = 0;
    memset(mean, 0, sizeof mean);
    do {
        uint64_t up[MOST_BLOCKS];
        round_all(shares, size, blocks, follow, &path, up);
        checked.margins = checked.margins && margins_hold(shares, size, blocks, up);
        checked.paths++;
        double probability = probability_of(&path);
        all += probability;
        for (size_t b = 0; b < blocks; b++)
            for (size_t a = 0; a < shares->arms; a++)
                mean[b][a] += probability * (double)(up[b] >> a & 1);
    } while (advance(&path));
    checked.error = fabs(all - 1);
    for (size_t b = 0; b < blocks; b++)
        for (size_t a = 0; a < shares->arms; a++) {
            double part = (double)((uint64_t)size[b] * shares->weight[a] % shares->total) /
                          (double)shares->total;
            checked.error = fmax(checked.error, fabs(mean[b][a] - part));
        }
    return checked;
}

static void test_every_path(void)
{
    pilot_stream_t stream = pilot_stream(2, 0, 0, PILOT_PURPOSE_ASSIGNMENT, 0);
    struct checked all = {.margins = true};
    for (int i = 0; i < 400; i++) {
        uint32_t weight[5], size[4];
        size_t arms = 2 + pilot_stream_below(&stream, 3),
               blocks = 1 + pilot_stream_below(&stream, 4);
        for (size_t a = 0; a < arms; a++)
            weight[a] = 1 + (uint32_t)pilot_stream_below(&stream, 9);
        for (size_t b = 0; b < blocks; b++)
            size[b] = 1 + (uint32_t)pilot_stream_below(&stream, 7);
        pilot_shares_t shares = shares_of(weight, arms);
        struct checked one = check_paths(&shares, size, blocks);
        all.error = fmax(all.error, one.error);
        all.margins = all.margins && one.margins;
        all.paths += one.paths;
    }
    ok(all.margins, "on every path counts and totals are rounded to a neighbour");
    ok(all.error < 1e-12 && all.paths > 4000,
       "over all %zu paths of 400 tables each mean is exact (largest error %.1e)", all.paths,
       all.error);
}

static bool flip(void *context, uint64_t favourable, uint64_t all)
{
    return pilot_stream_below(context, all) < favourable;
}

static void test_large_tables(void)
{
    pilot_stream_t stream = pilot_stream(3, 0, 0, PILOT_PURPOSE_ASSIGNMENT, 0);
    size_t bad = 0;
    for (int i = 0; i < 2000; i++) {
        uint32_t weight[PILOT_ASSIGN_MOST_ARMS], size[MOST_BLOCKS];
        uint64_t up[MOST_BLOCKS];
        size_t arms = 2 + pilot_stream_below(&stream, 63),
               blocks = 1 + pilot_stream_below(&stream, 64);
        uint32_t largest = i % 2 == 0 ? 15000000 : 3;
        for (size_t a = 0; a < arms; a++)
            weight[a] = 1 + (uint32_t)pilot_stream_below(&stream, largest);
        for (size_t b = 0; b < blocks; b++)
            size[b] = 1 + (uint32_t)pilot_stream_below(&stream, i % 3 == 0 ? UINT32_MAX - 1 : 40);
        pilot_shares_t shares = shares_of(weight, arms);
        round_all(&shares, size, blocks, flip, &stream, up);
        bad += !margins_hold(&shares, size, blocks, up);
    }
    ok(bad == 0, "2,000 tables of up to 64 blocks and 64 arms: all margins hold");
}

/* ---- the whole --------------------------------------------------------------------------------
 */

static void test_chances(void)
{
    static const uint32_t size[] = {5, 2, 1, 7};
    enum { BLOCKS = 4, UNITS = 15, ARMS = 3, SEEDS = 20000 };
    static const double probability[ARMS] = {0.5, 0.3, 0.2};
    static unsigned count[UNITS][ARMS];
    unsigned together = 0;
    pilot_shares_t shares;
    pilot_shares_init(&shares, probability, ARMS);
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        uint16_t arm[UNITS];
        pilot_assign(&shares, size, BLOCKS, seed, 5, arm);
        for (size_t i = 0; i < UNITS; i++)
            count[i][arm[i]]++;
        together += arm[0] == 0 && arm[4] == 0;
    }
    double worst = 0;
    for (size_t i = 0; i < UNITS; i++) {
        double chi2 = 0;
        for (size_t a = 0; a < ARMS; a++) {
            double expected = SEEDS * probability[a];
            chi2 += (count[i][a] - expected) * (count[i][a] - expected) / expected;
        }
        worst = fmax(worst, chi2);
    }
    /* The 1 - 0.001/15 quantile of chi2 with 2 df. */
    ok(worst < 19.23, "over 20,000 seeds every unit's arms are as declared (largest chi2 %.2f)",
       worst);
    /* Two of a block of 5 in an arm of 1/2: the count is 2 or 3, so (2*1 + 3*2)/2 / (5*4). */
    double share = (double)together / SEEDS;
    ok(fabs(share - 0.2) < 4 * sqrt(0.2 * 0.8 / SEEDS),
       "two units of a block meet in an arm as often as the formula says (%.4f, 0.2)", share);
}

static void test_pairs(void)
{
    uint32_t size[500];
    uint16_t arm[1000];
    unsigned first = 0;
    bool each = true;
    pilot_shares_t shares;
    pilot_shares_init(&shares, NULL, 2);
    for (size_t b = 0; b < 500; b++)
        size[b] = 2;
    pilot_assign(&shares, size, 500, 8, 0, arm);
    for (size_t b = 0; b < 500; b++) {
        each = each && arm[2 * b] + arm[2 * b + 1] == 1;
        first += arm[2 * b];
    }
    ok(each, "of each of 500 pairs one is treated");
    ok(first > 200 && first < 300, "by a coin of its own (%u times the first)", first);
}

static void test_totals(void)
{
    uint32_t size[333];
    uint16_t arm[999];
    unsigned count[2] = {0};
    bool each = true;
    pilot_shares_t shares;
    pilot_shares_init(&shares, NULL, 2);
    for (size_t b = 0; b < 333; b++)
        size[b] = 3;
    pilot_assign(&shares, size, 333, 8, 0, arm);
    for (size_t b = 0; b < 333; b++) {
        unsigned treated = 0u + arm[3 * b] + arm[3 * b + 1] + arm[3 * b + 2];
        each = each && (treated == 1 || treated == 2);
        count[1] += treated;
    }
    count[0] = 999 - count[1];
    ok(each && (count[1] == 499 || count[1] == 500), "333 blocks of three: %u and %u", count[0],
       count[1]);
}

static void append(char *text, size_t size, const uint16_t *arm, size_t count)
{
    size_t at = strlen(text);
    for (size_t i = 0; i < count && at + 1 < size; i++)
        text[at++] = (char)('0' + arm[i]);
    text[at] = '\0';
}

static void test_known_answers(void)
{
    uint16_t arm[24];
    char text[64] = "";
    pilot_shares_t shares;
    pilot_shares_init(&shares, NULL, 2);
    pilot_assign(&shares, (uint32_t[]){24}, 1, 1985, 0, arm);
    append(text, sizeof text, arm, 24);
    is_text(text, "010010101010110001100111", "24 units, two arms, seed 1985");
    pilot_shares_init(&shares, (double[]){0.35, 0.3, 0.35}, 3);
    pilot_assign(&shares, (uint32_t[]){7, 2, 1, 9}, 4, 1985, 77, arm);
    *text = '\0';
    append(text, sizeof text, arm, 19);
    is_text(text, "1102202102210122010", "four blocks, three arms, another group");
    uint16_t again[24], other[24], third[24];
    pilot_assign(&shares, (uint32_t[]){24}, 1, 1985, 1, arm);
    pilot_assign(&shares, (uint32_t[]){24}, 1, 1985, 1, again);
    pilot_assign(&shares, (uint32_t[]){24}, 1, 1985, (uint64_t)1 << 32, other);
    pilot_assign(&shares, (uint32_t[]){24}, 1, 1986, 1, third);
    ok(memcmp(arm, again, sizeof arm) == 0, "the same seed gives the same arms");
    ok(memcmp(arm, other, sizeof arm) != 0, "another group gives others");
    ok(memcmp(arm, third, sizeof arm) != 0, "another seed too");
}

static void test_corners(void)
{
    uint16_t arm[3] = {9, 9, 9};
    pilot_shares_t shares;
    pilot_shares_init(&shares, NULL, 64);
    pilot_assign(&shares, (uint32_t[]){3}, 1, 4, 0, arm);
    ok(arm[0] < 64 && arm[1] < 64 && arm[2] < 64 && arm[0] != arm[1] && arm[0] != arm[2] &&
           arm[1] != arm[2],
       "three units, 64 arms: three different ones");
    unsigned count[3] = {0};
    pilot_shares_init(&shares, NULL, 3);
    for (uint64_t seed = 0; seed < 3000; seed++) {
        pilot_assign(&shares, (uint32_t[]){1}, 1, seed, 0, arm);
        count[arm[0]]++;
    }
    ok(count[0] > 895 && count[1] > 895 && count[2] > 895,
       "one unit comes into each arm (%u %u %u)", count[0], count[1], count[2]);
    pilot_assign(&shares, NULL, 0, 1, 0, NULL);
    ok(true, "nobody is no error");
}

int main(void)
{
    test_shares();
    test_every_path();
    test_large_tables();
    test_chances();
    test_pairs();
    test_totals();
    test_known_answers();
    test_corners();
    return tap_done();
}
