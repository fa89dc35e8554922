/* Risk, odds and rate ratios against glm, sandwich, estimatr, and the score interval by root
 * finding: tests/golden/ratios/make_ratios.R. */
#include <gsl/gsl_errno.h>

#include "../harness/contrast_case.h"

int main(void)
{
    static const contrast_named_t named[] = {{"risk_ratio", pilot_risk_ratio_estimate},
                                             {"odds_ratio", pilot_odds_ratio_estimate},
                                             {"rate_ratio", pilot_rate_ratio_estimate}};
    gsl_set_error_handler_off();
    contrast_case_test_all("tests/golden/ratios", named, 3, 1e-9);
    return tap_done();
}
