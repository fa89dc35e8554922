#include "row_csv.h"

#include <string.h>

static void text_cell(pilot_text_t *csv, const char *text)
{
    if (text)
        pilot_text_append_csv(csv, text, strlen(text));
    pilot_text_append_char(csv, ',');
}

/* A released number that is not there leaves its mark, as in `pilot results --audience public`. */
static void figure_cell(pilot_text_t *csv, pilot_figure_t figure)
{
    char digits[PILOT_DOUBLE_SIZE];
    if (figure.given) {
        pilot_double_format(figure.value, digits);
        pilot_text_append(csv, digits);
    } else if (figure.mark) {
        pilot_text_append_char(csv, figure.mark);
    }
    pilot_text_append_char(csv, ',');
}

static void end_row(pilot_text_t *csv)
{
    csv->data[csv->length - 1] = '\n';
}

#define KEY_HEADER "outcome,subgroup,level,arm,control,estimand,estimator,parameter,"

static void key_cells(pilot_text_t *csv, const pilot_effect_key_t *key)
{
    const char *const part[] = {key->outcome, key->subgroup, key->level,     key->arm,
                                key->control, key->estimand, key->estimator, key->parameter};
    for (size_t i = 0; i < sizeof part / sizeof *part; i++)
        text_cell(csv, part[i]);
}

static void figure_cells(pilot_text_t *csv, const pilot_figure_t *const *figure, size_t count)
{
    for (size_t i = 0; i < count; i++)
        figure_cell(csv, *figure[i]);
}

#define FIGURES(csv, ...)                                                                          \
    do {                                                                                           \
        const pilot_figure_t *const list[] = {__VA_ARGS__};                                        \
        figure_cells((csv), list, sizeof list / sizeof *list);                                     \
    } while (0)

void page_csv_effects(const pilot_evaluation_t *evaluation, pilot_text_t *csv)
{
    pilot_text_append(csv, KEY_HEADER
                      "std_error_type,estimate,std_error,df,statistic,p_value,ci_low,ci_high,"
                      "p_randomization,p_randomization_mcse,ci_randomization_low,"
                      "ci_randomization_high,p_adjusted,adjustment,control_mean,control_std_dev,n,"
                      "n_arm,n_control,clusters,blocks,status,reason,detail\n");
    for (size_t i = 0; i < evaluation->effect_count; i++) {
        const pilot_effect_row_t *row = &evaluation->effects[i];
        key_cells(csv, &row->key);
        text_cell(csv, row->std_error_type);
        FIGURES(csv, &row->estimate, &row->std_error, &row->df, &row->statistic, &row->p_value,
                &row->ci_low, &row->ci_high, &row->p_randomization, &row->p_randomization_mcse,
                &row->ci_randomization_low, &row->ci_randomization_high, &row->p_adjusted);
        text_cell(csv, row->adjustment);
        FIGURES(csv, &row->control_mean, &row->control_std_dev, &row->n, &row->n_arm,
                &row->n_control, &row->clusters, &row->blocks);
        text_cell(csv, row->status);
        text_cell(csv, row->reason);
        text_cell(csv, row->detail);
        end_row(csv);
    }
}

void page_csv_comparisons(const pilot_evaluation_t *evaluation, bool headline, pilot_text_t *csv)
{
    pilot_text_append(csv, KEY_HEADER
                      "method,test,k,estimate,std_error,df,statistic,p_value,ci_low,ci_high,pi_low,"
                      "pi_high,tau2,tau2_low,tau2_high,q,q_df,q_p_value,i2,h2,headline,status,"
                      "reason,detail\n");
    for (size_t i = 0; i < evaluation->comparison_count; i++) {
        const pilot_comparison_row_t *row = &evaluation->comparisons[i];
        if (headline && !row->headline)
            continue;
        key_cells(csv, &row->key);
        text_cell(csv, row->method);
        text_cell(csv, row->test);
        FIGURES(csv, &row->k, &row->estimate, &row->std_error, &row->df, &row->statistic,
                &row->p_value, &row->ci_low, &row->ci_high, &row->pi_low, &row->pi_high, &row->tau2,
                &row->tau2_low, &row->tau2_high, &row->q, &row->q_df, &row->q_p_value, &row->i2,
                &row->h2);
        text_cell(csv, row->headline ? "true" : "false");
        text_cell(csv, row->status);
        text_cell(csv, row->reason);
        text_cell(csv, row->detail);
        end_row(csv);
    }
}

void page_csv_agencies(const pilot_agency_row_t *rows, size_t count, pilot_text_t *csv)
{
    pilot_text_append(csv, "agency,estimator,estimate,std_error,p_value,ci_low,ci_high,eb_estimate,"
                           "eb_std_error,ceb_estimate,p_exceeds,weight,rank,rank_low,rank_high,"
                           "rank_simultaneous_low,rank_simultaneous_high,leave_one_out_estimate,"
                           "hat,std_residual,cooks_distance,dfbetas,n,n_arm,n_control,status,"
                           "reason\n");
    for (const pilot_agency_row_t *row = rows; row < rows + count; row++) {
        text_cell(csv, row->agency);
        text_cell(csv, row->key.estimator);
        FIGURES(csv, &row->estimate, &row->std_error, &row->p_value, &row->ci_low, &row->ci_high,
                &row->eb_estimate, &row->eb_std_error, &row->ceb_estimate, &row->p_exceeds,
                &row->weight, &row->rank, &row->rank_low, &row->rank_high,
                &row->rank_simultaneous_low, &row->rank_simultaneous_high,
                &row->leave_one_out_estimate, &row->hat, &row->std_residual, &row->cooks_distance,
                &row->dfbetas, &row->n, &row->n_arm, &row->n_control);
        text_cell(csv, row->status);
        text_cell(csv, row->reason);
        end_row(csv);
    }
}

void page_csv_quality(const pilot_evaluation_t *evaluation, bool alarms, pilot_text_t *csv)
{
    pilot_text_append(csv, "agency,check,arm,variable,value,statistic,df,p_value,alarm,detail\n");
    for (size_t i = 0; i < evaluation->quality_count; i++) {
        const pilot_quality_row_t *row = &evaluation->quality[i];
        if (alarms ? !row->alarm : row->agency != NULL)
            continue;
        text_cell(csv, row->agency);
        text_cell(csv, row->check);
        text_cell(csv, row->arm);
        text_cell(csv, row->variable);
        FIGURES(csv, &row->value, &row->statistic, &row->df, &row->p_value);
        text_cell(csv, row->alarm ? "true" : "false");
        text_cell(csv, row->detail);
        end_row(csv);
    }
}
