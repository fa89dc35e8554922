/* quality_check.c - rows of quality checks from summaries.  See pilot/quality.h. */
#include "quality_summary.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "distribution.h"
#include "pilot/memory.h"

#define SAMPLE_RATIO_ALARM 0.001
#define DESIGN_ALARM 0.001
#define ATTRITION_ALARM 0.05
/* Expected units of an arm in a block, from which Pearson's statistic is as good as chi-square. */
#define ENOUGH_EXPECTED 5

static void test_chi_square(pilot_quality_row_t *row, double statistic, double df)
{
    row->statistic = PILOT_GIVEN(statistic);
    row->df = PILOT_GIVEN(df);
    row->p_value = PILOT_GIVEN(pilot_chi_square_upper(statistic, df));
}

static pilot_quality_row_t *add_row(pilot_quality_row_t **next, const char *check, size_t arm,
                                    size_t variable)
{
    pilot_quality_row_t *row = (*next)++;
    *row = (pilot_quality_row_t){
        .check = check, .arm = arm, .variable = variable, .covariate = PILOT_QUALITY_NONE};
    return row;
}

static void check_counts(const pilot_quality_t *quality, pilot_quality_row_t **next)
{
    for (size_t a = 0; a < quality->arms; a++) {
        pilot_quality_row_t *row = add_row(next, "count", a, PILOT_QUALITY_NONE);
        row->value = PILOT_GIVEN((double)quality->rows[a]);
        if (quality->clustered)
            snprintf(row->detail, sizeof row->detail, "%llu cluster%s",
                     (unsigned long long)quality->assigned[a],
                     quality->assigned[a] == 1 ? "" : "s");
    }
}

bool pilot_quality_sample_ratio(const uint64_t *units, const double *probability, size_t arms,
                                pilot_sample_ratio_t *ret_test)
{
    double total = 0, declared = 0, statistic = 0;
    for (size_t a = 0; a < arms; a++) {
        total += (double)units[a];
        declared += probability[a];
        if (!(probability[a] > 0))
            return false;
    }
    if (arms < 2 || !(total > 0))
        return false;
    for (size_t a = 0; a < arms; a++) {
        double share = (double)units[a] / total, expected = probability[a] / declared;
        statistic += total * (share - expected) * (share - expected) / expected;
    }
    *ret_test = (pilot_sample_ratio_t){.statistic = statistic, .df = (double)arms - 1};
    ret_test->p_value = pilot_chi_square_upper(statistic, ret_test->df);
    ret_test->alarm = ret_test->p_value < SAMPLE_RATIO_ALARM;
    return true;
}

/* Against the declared probabilities; in clusters, if these were randomized. */
static void check_sample_ratio(const pilot_quality_t *quality, const double *probability,
                               pilot_quality_row_t **next)
{
    double units = 0, declared = 0;
    pilot_sample_ratio_t test;
    bool tested = probability &&
                  pilot_quality_sample_ratio(quality->assigned, probability, quality->arms, &test);
    pilot_quality_row_t *row;
    for (size_t a = 0; a < quality->arms; a++) {
        units += (double)quality->assigned[a];
        declared += probability ? probability[a] : 0;
    }
    for (size_t a = 0; a < quality->arms && units > 0; a++) {
        row = add_row(next, "sample_ratio", a, PILOT_QUALITY_NONE);
        row->value = PILOT_GIVEN((double)quality->assigned[a] / units);
        if (tested)
            snprintf(row->detail, sizeof row->detail, "declared: %.4g", probability[a] / declared);
    }
    if (!tested)
        return;
    row = add_row(next, "sample_ratio", PILOT_QUALITY_NONE, PILOT_QUALITY_NONE);
    test_chi_square(row, test.statistic, test.df);
    row->alarm = test.alarm;
}

/* Pearson's test that the share is the same in all blocks. */
static void check_treated_share(const pilot_quality_t *quality, pilot_quality_row_t **next)
{
    for (size_t a = 1; a < quality->arms; a++) {
        const quality_share_t *share = &quality->share[a];
        double arm = (double)quality->assigned[a], own;
        pilot_quality_row_t *row;
        if (share->blocks == 0)
            continue;
        own = arm / (arm + (double)quality->assigned[0]);
        row = add_row(next, "treated_share", a, PILOT_QUALITY_NONE);
        row->value = PILOT_GIVEN(own);
        /* Arms drawn across agencies: an agency may well have but one of them. */
        row->alarm = share->lacking > 0 && (!quality->across || (own > 0 && own < 1));
        snprintf(row->detail, sizeof row->detail,
                 "%llu block%s, from %.4g to %.4g; %llu without one of the arms",
                 (unsigned long long)share->blocks, share->blocks == 1 ? "" : "s", share->low,
                 share->high, (unsigned long long)share->lacking);
        if (share->blocks > 1 && own > 0 && own < 1) {
            double statistic = (share->moment - own * arm) / (own * (1 - own));
            test_chi_square(row, statistic > 0 ? statistic : 0, (double)share->blocks - 1);
        }
    }
}

/* The same sums as the data's probabilities give, from those that the plan declares. */
static bool declared_column(const pilot_quality_t *quality, const double *probability,
                            quality_column_t *ret_column)
{
    const quality_design_t *design = &quality->design;
    double declared = 0, least = 1, inverse = 0, statistic = 0, k = (double)quality->arms;
    double df = (double)design->blocks * (k - 1);
    for (size_t a = 0; probability && a < quality->arms; a++) {
        if (!(probability[a] > 0))
            return false;
        declared += probability[a];
    }
    if (!probability || design->blocks == 0 || quality->arms < 2)
        return false;
    for (size_t a = 0; a < quality->arms; a++) {
        double own = probability[a] / declared;
        least = own < least ? own : least;
        inverse += 1 / own;
        statistic += quality->concentration[a] / own - (double)quality->assigned[a];
    }
    *ret_column = (quality_column_t){
        .statistic = statistic > 0 ? statistic : 0,
        .df = df,
        .variance = 2 * df + (inverse - k * k - 2 * k + 2) * design->inverse,
        .least = (double)design->smallest * least,
        .blocks = design->blocks,
    };
    return true;
}

/* Pearson's test of the arms' counts in every block against their probabilities.  Where blocks are
 * small the statistic's two moments (Haldane 1937) are not chi-square's: then a multiple of a
 * chi-square with these moments. */
static void check_design(const pilot_quality_t *quality, const double *probability,
                         pilot_quality_row_t **next)
{
    quality_column_t column = quality->column;
    bool given = column.blocks + column.left_out > 0;
    double scale = 1;
    size_t used;
    if (!given && !declared_column(quality, probability, &column))
        return;
    pilot_quality_row_t *row =
        add_row(next, "design_check", PILOT_QUALITY_NONE, PILOT_QUALITY_NONE);
    row->value = PILOT_GIVEN((double)column.blocks);
    snprintf(row->detail, sizeof row->detail, "probabilities %s",
             given ? "of the data" : "declared");
    used = strlen(row->detail);
    if (column.left_out > 0)
        snprintf(row->detail + used, sizeof row->detail - used,
                 "; left out %llu block%s with several in an arm",
                 (unsigned long long)column.left_out, column.left_out == 1 ? "" : "s");
    if (!(column.df > 0))
        return;
    if (column.least < ENOUGH_EXPECTED && column.variance > 2 * column.df) {
        scale = column.variance / (2 * column.df);
        used = strlen(row->detail);
        snprintf(row->detail + used, sizeof row->detail - used,
                 "; small blocks: chi-square %.4g on %.0f df, divided by %.4g", column.statistic,
                 column.df, scale);
    }
    test_chi_square(row, column.statistic / scale, column.df / scale);
    row->alarm = row->p_value.value < DESIGN_ALARM;
}

static void check_attrition(const pilot_quality_t *quality, pilot_quality_row_t **next)
{
    for (size_t v = 0; v < quality->outcomes; v++) {
        for (size_t a = 0; a < quality->arms; a++) {
            const quality_score_t *score = &quality->score[v * quality->arms + a];
            pilot_quality_row_t *row = add_row(next, "attrition", a, v);
            if (quality->rows[a] == 0)
                continue;
            row->value = PILOT_GIVEN((double)quality->missing[v * quality->arms + a] /
                                     (double)quality->rows[a]);
            if (a == 0 || !(score->variance > 0))
                continue;
            test_chi_square(row, score->score * score->score / score->variance, 1);
            row->alarm = row->p_value.value < ATTRITION_ALARM;
        }
    }
}

pilot_quality_row_t *pilot_quality_check(const pilot_quality_t *const *quality, size_t count,
                                         const double *probability, size_t *ret_rows)
{
    pilot_quality_t *sum = quality_total(quality, count);
    size_t most = sum->arms * 3 + 2 + sum->arms * sum->outcomes;
    pilot_quality_row_t *rows = PILOT_NEW_ARRAY(pilot_quality_row_t, most), *next = rows;
    check_counts(sum, &next);
    check_sample_ratio(sum, probability, &next);
    check_treated_share(sum, &next);
    check_design(sum, probability, &next);
    check_attrition(sum, &next);
    pilot_quality_free(sum);
    *ret_rows = (size_t)(next - rows);
    return rows;
}
