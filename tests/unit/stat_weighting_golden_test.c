/* Horvitz-Thompson and Hajek against estimatr, and against the double sum over pairs of units:
 * tests/golden/weighting/make_weighting.R. */
#include "../harness/contrast_case.h"

int main(void)
{
    static const contrast_named_t named[] = {{"horvitz_thompson", pilot_horvitz_thompson_estimate},
                                             {"hajek", pilot_hajek_estimate}};
    contrast_case_test_all("tests/golden/weighting", named, 2, 1e-9);
    return tap_done();
}
