/* The largest units of an arm's sum. */
#include "../harness/tap.h"

#include <math.h>

#include "pilot/contribution.h"

int main(void)
{
    const uint16_t arm[] = {0, 0, 0, 1, 0, 1, 0};
    const double value[] = {3, -9, 4, 7, 100, 7, 1};
    const double weight[] = {1, 2, 0, 1, 1, 0.5, 1};
    const uint8_t present[] = {1, 1, 1, 1, 0, 1, 1};
    const pilot_variable_t outcome = {value, present};
    pilot_frame_t frame = {.rows = 7, .arms = 3, .arm = arm};
    pilot_contribution_t by_arm[3];

    pilot_contributions_of(&frame, &outcome, NULL, 7, by_arm);
    ok(by_arm[0].units == 4 && by_arm[0].total == 17, "units with the outcome, and their sum");
    ok(by_arm[0].largest == 9 && by_arm[0].second == 4, "the two largest, by size without sign");
    ok(by_arm[1].units == 2 && by_arm[1].largest == 7 && by_arm[1].second == 7,
       "two that are equal are both there");
    ok(by_arm[2].units == 0 && by_arm[2].total == 0 && by_arm[2].largest == 0 &&
           by_arm[2].second == 0,
       "an arm without units");

    frame.weight = weight;
    pilot_contributions_of(&frame, &outcome, NULL, 7, by_arm);
    ok(by_arm[0].units == 3 && by_arm[0].largest == 18 && by_arm[0].second == 3 &&
           by_arm[0].total == 22,
       "weights multiply, and a weight of 0 is absence");
    ok(by_arm[1].largest == 7 && by_arm[1].second == 3.5, "in each arm");

    const uint32_t row[] = {0, 3, 6};
    frame.weight = NULL;
    pilot_contributions_of(&frame, &outcome, row, 3, by_arm);
    ok(by_arm[0].units == 2 && by_arm[0].total == 4 && by_arm[1].units == 1 &&
           by_arm[1].second == 0,
       "rows of a subset alone");
    pilot_contributions_of(&frame, &outcome, row, 0, by_arm);
    ok(by_arm[0].units == 0 && by_arm[1].units == 0, "a subset without rows has no units");

    enum { MANY = 100000 };
    static uint16_t zero[MANY];
    static double small[MANY];
    for (size_t i = 0; i < MANY; i++)
        small[i] = i == 0 ? 1e16 : 0.5;
    const pilot_variable_t long_one = {small, NULL};
    const pilot_frame_t wide = {.rows = MANY, .arms = 1, .arm = zero};
    pilot_contributions_of(&wide, &long_one, NULL, MANY, by_arm);
    ok(by_arm[0].total == 1e16 + 50000, "small terms are not lost beside a large one");
    return tap_done();
}
