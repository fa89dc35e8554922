/* regression_choice.c - which regression `estimators: auto` takes.  See pilot/design_matrix.h. */
#include "pilot/design_matrix.h"

/* Units (or clusters) that are worth one covariate column. */
#define UNITS_A_COLUMN 20

pilot_regression_choice_t pilot_regression_choose(const uint64_t *arm_rows,
                                                  const uint64_t *arm_clusters, size_t arms,
                                                  size_t regressors)
{
    uint64_t rows = 0, smallest = UINT64_MAX;
    for (size_t arm = 0; arm < arms; arm++) {
        uint64_t size = arm_clusters ? arm_clusters[arm] : arm_rows[arm];
        rows += arm_rows[arm];
        if (arm_rows[arm] > 0 && size < smallest)
            smallest = size;
    }
    if (rows < UNITS_A_COLUMN || regressors == 0)
        return (pilot_regression_choice_t){.difference = true, .model = PILOT_MODEL_OLS};
    if (smallest >= UNITS_A_COLUMN)
        return (pilot_regression_choice_t){.model = PILOT_MODEL_LIN,
                                           .regressors = regressors,
                                           .interacted = (size_t)(smallest / UNITS_A_COLUMN)};
    uint64_t most = rows / UNITS_A_COLUMN;
    return (pilot_regression_choice_t){.model = PILOT_MODEL_OLS,
                                       .regressors = regressors < most ? regressors : (size_t)most};
}

const char *pilot_regression_choice_name(const pilot_regression_choice_t *choice)
{
    if (choice->difference)
        return "difference_in_means";
    return choice->model == PILOT_MODEL_LIN ? "lin" : "ols";
}
