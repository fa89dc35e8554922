/* balance_check.c - rows of balance and attrition checks from merged sums.  See pilot/balance.h. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "balance_summary.h"
#include "distribution.h"
#include "joint_test.h"
#include "pilot/memory.h"

#define BALANCE_ALARM 0.01
#define ATTRITION_ALARM 0.05
/* Less residual share, or variance against the squares it comes from, is rounding. */
#define NOTHING 1e-9
#define NO_VARIANCE 1e-12

/* One contrast's differences and their covariance, by side. */
typedef struct differences {
    const pilot_balance_t *balance;
    const balance_contrast_t *contrast;
    double b;                     /* sum of B of both sides */
    bool testable;                /* both sides have units to spare */
    double factor[BALANCE_SIDES]; /* what squares are multiplied by */
    double df[BALANCE_SIDES];
    double *d;                       /* columns */
    double *variance[BALANCE_SIDES]; /* columns */
    bool *apart;                     /* columns: constant in each arm, different between them */
    double largest;                  /* standardized difference */
    bool any_apart;
} differences_t;

static double square_of(const differences_t *differences, size_t s, size_t k, size_t l)
{
    const balance_contrast_t *contrast = differences->contrast;
    const double *d = differences->d, *cross = contrast->cross[s];
    size_t high = k > l ? k : l, low = k > l ? l : k;
    double square = differences->balance->joint ? contrast->square[s][high * (high + 1) / 2 + low]
                                                : contrast->square[s][k];
    return differences->factor[s] *
           (square - cross[k] * d[l] - d[k] * cross[l] + d[k] * d[l] * contrast->side[s].bb);
}

static void find_factors(differences_t *differences)
{
    differences->testable = true;
    for (size_t s = 0; s < BALANCE_SIDES; s++) {
        const balance_side_t *side = &differences->contrast->side[s];
        double left = 1 - (side->cm + side->cb / differences->b) / side->c;
        if (!(left > NOTHING)) {
            differences->testable = false;
            continue;
        }
        differences->factor[s] = 1 / (left * differences->b * differences->b);
        differences->df[s] = left * side->c * side->c / side->cc;
    }
}

/* False when no block has both arms. */
static bool differences_init(differences_t *differences, const pilot_balance_t *balance, size_t arm)
{
    const balance_contrast_t *contrast = &balance->contrast[arm];
    size_t columns = balance->columns;
    *differences = (differences_t){.balance = balance, .contrast = contrast};
    differences->b = contrast->side[0].b + contrast->side[1].b;
    if (!(differences->b > 0))
        return false;
    find_factors(differences);
    differences->d = PILOT_NEW_ARRAY(double, 3 * columns);
    differences->variance[0] = differences->d + columns;
    differences->variance[1] = differences->d + 2 * columns;
    differences->apart = PILOT_NEW_ARRAY(bool, columns);
    for (size_t k = 0; k < columns; k++)
        differences->d[k] = contrast->sum[k] / differences->b;
    for (size_t k = 0; k < columns; k++) {
        size_t at = balance->joint ? k * (k + 1) / 2 + k : k;
        double whole = 0, left = 0;
        for (size_t s = 0; s < BALANCE_SIDES; s++) {
            double variance = square_of(differences, s, k, k);
            differences->variance[s][k] = variance > 0 ? variance : 0;
            left += differences->variance[s][k];
            whole += differences->factor[s] * contrast->square[s][at];
        }
        differences->apart[k] = differences->testable && whole > 0 && left <= NO_VARIANCE * whole;
        differences->any_apart |= differences->apart[k];
    }
    return true;
}

static void differences_clear(differences_t *differences)
{
    free(differences->d);
    free(differences->apart);
}

/* The chance that arms come apart in this way, one way round or the other. */
static double chance_apart(const differences_t *differences)
{
    return fmin(1, 2 * exp(-differences->contrast->log_assignments));
}

static pilot_quality_row_t *add_row(pilot_quality_row_t **next, const char *check, size_t arm)
{
    pilot_quality_row_t *row = (*next)++;
    *row = (pilot_quality_row_t){.check = check,
                                 .arm = arm,
                                 .variable = PILOT_QUALITY_NONE,
                                 .covariate = PILOT_QUALITY_NONE};
    return row;
}

/* ---- one covariate -----------------------------------------------------------------------------
 */

/* Sample variance with weights as measures of reliability; 0 when there is but one row. */
static double variance_of(const pilot_balance_t *balance, size_t arm, size_t covariate,
                          size_t column)
{
    const balance_moment_t *moment = &balance->moment[arm * balance->covariates + covariate];
    double deviation = balance->spread[arm * balance->columns + column].deviation;
    double left = moment->weight > 0 ? moment->weight - moment->squares / moment->weight : 0;
    return moment->rows > 1 && left > 0 ? deviation / left : 0;
}

static void test_column(const differences_t *differences, size_t k, pilot_quality_row_t *row)
{
    double v[BALANCE_SIDES], both, df;
    for (size_t s = 0; s < BALANCE_SIDES; s++)
        v[s] = differences->variance[s][k];
    both = v[0] + v[1];
    if (differences->apart[k]) {
        row->p_value = PILOT_GIVEN(chance_apart(differences));
        return;
    }
    if (!differences->testable || !(both > 0))
        return;
    df = both * both / (v[0] * v[0] / differences->df[0] + v[1] * v[1] / differences->df[1]);
    row->statistic = PILOT_GIVEN(differences->d[k] / sqrt(both));
    row->df = PILOT_GIVEN(df);
    row->p_value = PILOT_GIVEN(pilot_t_two_sided(row->statistic.value, df));
}

static void tell_column(const differences_t *differences, size_t arm, size_t v, size_t k,
                        pilot_quality_row_t *row)
{
    const balance_moment_t *moment = differences->balance->moment;
    size_t covariates = differences->balance->covariates;
    unsigned long long missing = moment[arm * covariates + v].missing + moment[v].missing;
    const char *why = "";
    if (differences->apart[k])
        why = "the same for all in each arm, and different between the arms";
    else if (!row->value.given)
        why = differences->contrast->precision[v] > 0 ? "constant" : "no block has it in both arms";
    else if (!row->statistic.given)
        why = "too few units for a test";
    if (missing > 0)
        snprintf(row->detail, sizeof row->detail, "%s%s%llu missing", why, *why ? "; " : "",
                 missing);
    else
        snprintf(row->detail, sizeof row->detail, "%s", why);
}

static void check_column(differences_t *differences, size_t arm, size_t v, size_t k,
                         pilot_quality_row_t **next)
{
    const pilot_balance_t *balance = differences->balance;
    const balance_covariate_t *covariate = &balance->covariate[v];
    double treated = variance_of(balance, arm, v, k), control = variance_of(balance, 0, v, k);
    double precision = differences->contrast->precision[v];
    pilot_quality_row_t *row = add_row(next, "balance", arm);
    row->covariate = v;
    row->level = covariate->label ? covariate->label[k - covariate->first] : NULL;
    if (precision > 0 && treated + control > 0) {
        double d = differences->contrast->sum[k] / precision;
        row->value = PILOT_GIVEN(d / sqrt(0.5 * (treated + control)));
        differences->largest = fmax(differences->largest, fabs(row->value.value));
    }
    test_column(differences, k, row);
    tell_column(differences, arm, v, k, row);
    if (covariate->category || covariate->binary)
        return;
    row = add_row(next, "variance_ratio", arm);
    row->covariate = v;
    if (treated > 0 && control > 0)
        row->value = PILOT_GIVEN(treated / control);
}

/* ---- all together ------------------------------------------------------------------------------
 */

static void test_all(const differences_t *differences, pilot_quality_row_t *row)
{
    size_t columns = differences->balance->columns;
    double *v[BALANCE_SIDES];
    for (size_t s = 0; s < BALANCE_SIDES; s++) {
        v[s] = PILOT_NEW_ARRAY(double, columns *columns);
        for (size_t k = 0; k < columns; k++)
            for (size_t l = 0; l < columns; l++)
                v[s][k * columns + l] =
                    k == l ? differences->variance[s][k] : square_of(differences, s, k, l);
    }
    joint_test_t test =
        joint_test_means(columns, differences->d, v[BALANCE_TREATED], v[BALANCE_CONTROL],
                         differences->df[BALANCE_TREATED], differences->df[BALANCE_CONTROL]);
    free(v[0]);
    free(v[1]);
    if (test.given) {
        row->statistic = PILOT_GIVEN(test.statistic);
        row->df = PILOT_GIVEN(test.df);
        row->p_value = PILOT_GIVEN(test.p_value);
        snprintf(row->detail, sizeof row->detail, "F with %zu and %.4g df; %zu of %zu columns",
                 test.rank, test.df, test.rank, columns);
    } else if (test.rank == 0) {
        snprintf(row->detail, sizeof row->detail, "no column varies");
    } else {
        snprintf(row->detail, sizeof row->detail, "too few units for %zu columns", test.rank);
    }
}

static void check_omnibus(const differences_t *differences, size_t arm, pilot_quality_row_t **next)
{
    pilot_quality_row_t *row = add_row(next, "balance_omnibus", arm);
    if (!(differences->b > 0)) {
        snprintf(row->detail, sizeof row->detail, "no block has both arms");
        return;
    }
    row->value = PILOT_GIVEN(differences->largest);
    if (differences->any_apart) {
        row->p_value = PILOT_GIVEN(chance_apart(differences));
        snprintf(row->detail, sizeof row->detail,
                 "a covariate is the same for all in each arm, and different between the arms");
    } else if (!differences->balance->joint) {
        snprintf(row->detail, sizeof row->detail, "no joint test of more than %d columns",
                 BALANCE_JOINT_COLUMNS);
    } else if (!differences->testable) {
        snprintf(row->detail, sizeof row->detail, "too few units for a test");
    } else {
        test_all(differences, row);
    }
    row->alarm = row->p_value.given && row->p_value.value <= BALANCE_ALARM;
}

static void check_balance(const pilot_balance_t *balance, size_t arm, pilot_quality_row_t **next)
{
    differences_t differences;
    bool any = differences_init(&differences, balance, arm);
    for (size_t v = 0; any && v < balance->covariates; v++)
        for (size_t k = 0; k < balance->covariate[v].columns; k++)
            check_column(&differences, arm, v, balance->covariate[v].first + k, next);
    check_omnibus(&differences, arm, next);
    differences_clear(&differences);
}

/* ---- missing outcomes --------------------------------------------------------------------------
 */

static void check_score(const pilot_balance_t *balance, size_t outcome, size_t arm,
                        pilot_quality_row_t **next)
{
    const balance_score_t *score = &balance->contrast[arm].score[outcome];
    size_t columns = balance->columns;
    double *square;
    pilot_quality_row_t *row = add_row(next, "attrition_covariates", arm);
    row->variable = outcome;
    if (!score->sum || !balance->joint) {
        snprintf(row->detail, sizeof row->detail, "%s",
                 balance->across   ? "no test where arms were drawn across agencies"
                 : !balance->joint ? "no joint test of so many columns"
                                   : "nothing missing");
        return;
    }
    square = PILOT_NEW_ARRAY(double, columns *columns);
    for (size_t k = 0; k < columns; k++)
        for (size_t l = 0; l <= k; l++)
            square[k * columns + l] = square[l * columns + k] = score->square[k * (k + 1) / 2 + l];
    joint_test_t test = joint_test_scores(columns, score->sum, square);
    free(square);
    double left = (score->units - score->blocks - 1) / score->units;
    if (!test.given || !(left > 0)) {
        snprintf(row->detail, sizeof row->detail, "too few units for a test");
        return;
    }
    row->statistic = PILOT_GIVEN(test.statistic * left);
    row->df = PILOT_GIVEN(test.df);
    row->p_value = PILOT_GIVEN(pilot_chi_square_upper(row->statistic.value, test.df));
    row->alarm = row->p_value.value < ATTRITION_ALARM;
    snprintf(row->detail, sizeof row->detail, "%zu of %zu columns", test.rank, columns);
}

pilot_quality_row_t *pilot_balance_check(const pilot_balance_t *merged, size_t *ret_rows)
{
    size_t most = (merged->columns + merged->covariates + 1 + merged->outcomes) * merged->arms;
    pilot_quality_row_t *rows = PILOT_NEW_ARRAY(pilot_quality_row_t, most), *next = rows;
    for (size_t a = 1; a < merged->arms && merged->covariates > 0; a++)
        check_balance(merged, a, &next);
    for (size_t y = 0; y < merged->outcomes && merged->covariates > 0; y++)
        for (size_t a = 1; a < merged->arms; a++)
            check_score(merged, y, a, &next);
    *ret_rows = (size_t)(next - rows);
    return rows;
}
