#include "targets.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "pilot/decoupling.h"
#include "pilot/memory.h"
#include "pilot/text.h"

/* Rows behind all others of an agency. */
#define TARGETS_ORDINAL (1u << 25)

/* Sums of products of the two fits' scores, of one treatment arm. */
typedef struct joint {
    double covariance, target, mission; /* the last two: each one's own variance */
    bool unknown;
} joint_t;

/* What there is to tell of one target and its mission, agency's or pooled. */
typedef struct told_pair {
    const pilot_analysis_t *analysis;
    const Pilot__Outcome *target, *mission;
    const pilot_estimate_t *effect[2]; /* by treatment: of the target, of the mission */
    const char *estimator[2];
    pilot_number_t control_sd[2];
    const joint_t *joint;                   /* by treatment */
    const pilot_correlation_t *correlation; /* by arm */
    const pilot_estimate_t *change;         /* by treatment */
    const char *agency;                     /* NULL: pooled */
    uint64_t given_up;
    uint32_t ordinal; /* of its first row */
} told_pair_t;

static size_t place_of(const pilot_analysis_t *analysis, size_t outcome)
{
    return pilot_analysis_regression(analysis, 0, PILOT_ESTIMATORS,
                                     analysis->first_response[outcome]);
}

static pilot_pair_task_t task_of(const pilot_view_t *view, size_t pair)
{
    const pilot_target_t *of = &view->analysis->target[pair];
    return (pilot_pair_task_t){.frame = &view->frame,
                               .target = &view->outcome[of->target],
                               .mission = &view->outcome[of->mission],
                               .across = view->analysis->spec->across};
}

/* ---- words ----------------------------------------------------------------------------------- */

static void append_p(pilot_text_t *text, double p)
{
    if (p < 0.0005)
        pilot_text_append(text, "p < 0.001");
    else
        pilot_text_appendf(text, "p %.2g", p);
}

static void append_side(pilot_text_t *text, const char *name, const pilot_estimate_t *side)
{
    if (!side->estimate.given) {
        pilot_text_appendf(text, "%s: %s", name, pilot_reason_name(side->reason));
        return;
    }
    pilot_text_appendf(text, "%s %+.2f SD (", name, side->estimate.value);
    if (side->p_value.given)
        append_p(text, side->p_value.value);
    else
        pilot_text_appendf(text, "no standard error: %s", pilot_reason_name(side->reason));
    pilot_text_append(text, ")");
}

static void append_partial(pilot_text_t *text, uint64_t given_up)
{
    if (given_up > 0)
        pilot_text_appendf(text, "; partial: %llu jobs gave nothing", (unsigned long long)given_up);
}

static const char *keep(pilot_report_t *report, pilot_text_t *text)
{
    const char *kept = pilot_report_keep(report, text->data);
    pilot_text_clear(text);
    return kept;
}

static const char *effect_detail(const told_pair_t *pair, const pilot_decoupling_t *both,
                                 bool unknown, pilot_report_t *report)
{
    const pilot_estimate_t *difference = &both->difference;
    pilot_text_t text = PILOT_TEXT_INIT;
    pilot_text_appendf(&text, "%s stands for %s: ", pair->target->name, pair->mission->name);
    append_side(&text, "target", &both->target);
    pilot_text_append(&text, ", ");
    append_side(&text, "mission", &both->mission);
    if (strcmp(pair->estimator[0], pair->estimator[1]) == 0)
        pilot_text_appendf(&text, ", by %s", pair->estimator[0]);
    else
        pilot_text_appendf(&text, ", by %s and %s", pair->estimator[0], pair->estimator[1]);
    if (both->target.p_value.given && both->mission.p_value.given && !difference->p_value.given)
        pilot_text_appendf(&text, "; no joint standard error: %s",
                           unknown && pair->analysis->spec->across
                               ? "clusters have rows in several agencies"
                               : pilot_reason_name(difference->reason));
    if (both->alarm)
        pilot_text_append(&text, "; the target moved and the mission did not");
    append_partial(&text, pair->given_up);
    return keep(report, &text);
}

static const char *correlation_detail(const told_pair_t *pair, size_t arm, pilot_report_t *report)
{
    const pilot_correlation_t *own = &pair->correlation[arm], *control = pair->correlation;
    pilot_text_t text = PILOT_TEXT_INIT;
    pilot_text_appendf(&text, "correlation of %s and %s", pair->target->name, pair->mission->name);
    if (own->value.given)
        pilot_text_appendf(&text, " %.2f", own->value.value);
    if (own->ci_low.given)
        pilot_text_appendf(&text, " (%.2f to %.2f)", own->ci_low.value, own->ci_high.value);
    if (own->reason)
        pilot_text_appendf(&text, ": %s%s", own->value.given ? "no standard error, " : "",
                           pilot_reason_name(own->reason));
    if (arm > 0 && own->value.given && control->value.given)
        pilot_text_appendf(&text, "; control %.2f", control->value.value);
    if (arm > 0 && own->reason == PILOT_REASON_NONE && control->reason != PILOT_REASON_NONE)
        pilot_text_appendf(&text, "; control: %s%s",
                           control->value.given ? "no standard error, " : "",
                           pilot_reason_name(control->reason));
    append_partial(&text, pair->given_up);
    return keep(report, &text);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static Pilot__Quality *add_row(const told_pair_t *pair, const char *check, size_t arm,
                               uint32_t place, pilot_report_t *report)
{
    Pilot__Quality *row = pilot_report_quality(report);
    row->ordinal = pair->ordinal + place;
    row->agency = (char *)pair->agency;
    row->check = (char *)check;
    row->arm = pair->analysis->spec->arm[arm]->label;
    row->variable = pair->target->name;
    return row;
}

/* NAN: not known.  Classical standard errors are not those of the scores: of these the correlation
 * is taken. */
static double covariance_of(const told_pair_t *pair, size_t treatment)
{
    const joint_t *joint = &pair->joint[treatment];
    if (joint->unknown)
        return NAN;
    if (pair->analysis->std_error != PILOT_SE_CLASSICAL)
        return joint->covariance;
    double scale = sqrt(joint->target) * sqrt(joint->mission);
    return scale > 0 ? joint->covariance / scale *
                           (pair->effect[0][treatment].std_error.value *
                            pair->effect[1][treatment].std_error.value)
                     : NAN;
}

static bool lower_is_better(const Pilot__Outcome *outcome)
{
    return outcome->has_lower_is_better && outcome->lower_is_better;
}

static void report_effect(const told_pair_t *pair, size_t arm, pilot_report_t *report)
{
    const pilot_decoupling_side_t target = {&pair->effect[0][arm - 1], pair->control_sd[0],
                                            lower_is_better(pair->target)};
    const pilot_decoupling_side_t mission = {&pair->effect[1][arm - 1], pair->control_sd[1],
                                             lower_is_better(pair->mission)};
    double covariance = covariance_of(pair, arm - 1);
    pilot_decoupling_t both;
    pilot_decoupling_test(&target, &mission, covariance, pair->analysis->spec->confidence, &both);
    Pilot__Quality *row = add_row(pair, "decoupling", arm, (uint32_t)arm - 1, report);
    PILOT_COPY_NUMBER(row, value, both.difference.estimate);
    PILOT_COPY_NUMBER(row, statistic, both.difference.statistic);
    PILOT_COPY_NUMBER(row, df, both.difference.df);
    PILOT_COPY_NUMBER(row, p_value, both.difference.p_value);
    row->alarm = both.alarm;
    row->detail = (char *)effect_detail(pair, &both, isnan(covariance), report);
}

static void report_pair(const told_pair_t *pair, pilot_report_t *report)
{
    size_t treatments = pair->analysis->treatments;
    for (size_t arm = 1; arm <= treatments; arm++)
        report_effect(pair, arm, report);
    for (size_t arm = 0; arm <= treatments; arm++) {
        Pilot__Quality *row =
            add_row(pair, "decoupling_correlation", arm, (uint32_t)(treatments + arm), report);
        PILOT_COPY_NUMBER(row, value, pair->correlation[arm].value);
        if (arm > 0) {
            PILOT_COPY_NUMBER(row, statistic, pair->change[arm - 1].statistic);
            PILOT_COPY_NUMBER(row, p_value, pair->change[arm - 1].p_value);
        }
        row->detail = (char *)correlation_detail(pair, arm, report);
    }
}

/* Under `auto` too few rows for a regression leave one on the arms alone. */
static const char *estimator_of(const pilot_regression_choice_t *choice)
{
    return choice->difference ? "ols" : pilot_regression_choice_name(choice);
}

/* What agency and pooled rows have in common.  choice: of the target and of the mission. */
static told_pair_t begin_pair(const pilot_analysis_t *analysis, size_t index,
                              const pilot_pair_t *moments, const pilot_estimate_t *estimate,
                              const pilot_regression_choice_t *target,
                              const pilot_regression_choice_t *mission)
{
    const pilot_target_t *of = &analysis->target[index];
    size_t rows = 2 * analysis->treatments + 1;
    return (told_pair_t){
        .analysis = analysis,
        .target = analysis->spec->outcome[of->target],
        .mission = analysis->spec->outcome[of->mission],
        .effect = {&estimate[place_of(analysis, of->target) * analysis->treatments],
                   &estimate[place_of(analysis, of->mission) * analysis->treatments]},
        .estimator = {estimator_of(target), estimator_of(mission)},
        .control_sd = {pilot_pair_sd(moments, 0, false), pilot_pair_sd(moments, 0, true)},
        .ordinal = TARGETS_ORDINAL + (uint32_t)(index * rows)};
}

/* ---- sums ------------------------------------------------------------------------------------ */

static joint_t joint_of(const pilot_ols_scores_t *target, const pilot_ols_scores_t *mission,
                        size_t treatment)
{
    joint_t joint = {.unknown = pilot_ols_scores_unknown(target, treatment) ||
                                pilot_ols_scores_unknown(mission, treatment)};
    if (!target->available || !mission->available)
        return joint;
    joint.covariance = pilot_ols_scores_covariance(target, treatment, mission, treatment);
    joint.target = pilot_ols_scores_covariance(target, treatment, target, treatment);
    joint.mission = pilot_ols_scores_covariance(mission, treatment, mission, treatment);
    return joint;
}

static bool take_joint(pilot_piece_reader_t *reader, joint_t *total)
{
    const uint64_t *unknown = pilot_piece_take_counts(reader, 1);
    const double *number = pilot_piece_take_numbers(reader, 3);
    if (!unknown || !number)
        return false;
    total->unknown |= *unknown != 0;
    total->covariance += number[0];
    total->target += number[1];
    total->mission += number[2];
    return true;
}

/* Every agency's share of one pair: what it is of all. */
static pilot_status_t take_joints(pilot_piece_reader_t *reader, size_t agencies, size_t treatments,
                                  joint_t *total, pilot_error_t *error)
{
    for (size_t a = 0; a < agencies; a++)
        for (size_t t = 0; t < treatments; t++)
            if (!take_joint(&reader[a], &total[t]))
                return pilot_error_set(error, PILOT_E_PROTOCOL,
                                       "a part without its targets' covariances");
    return PILOT_OK;
}

void pilot_targets_moments(const pilot_view_t *view, pilot_piece_t *piece)
{
    for (size_t i = 0; i < view->analysis->targets; i++) {
        pilot_pair_task_t task = task_of(view, i);
        pilot_pair_moments(&task, piece);
    }
}

pilot_status_t pilot_targets_merge(const pilot_analysis_t *analysis, pilot_piece_reader_t *reader,
                                   size_t agencies, pilot_fits_t *fits, pilot_error_t *error)
{
    pilot_status_t status = PILOT_OK;
    for (size_t i = 0; i < analysis->targets && status == PILOT_OK; i++)
        status = pilot_pair_merge(reader, agencies, analysis->spec->n_arm, &fits->pair[i], error);
    return status;
}

/* Of one pair: influences of its correlations, then of each treatment products of scores. */
static pilot_status_t add_sums(const pilot_view_t *view, size_t index, const pilot_pair_t *pair,
                               const pilot_ols_scores_t *scores, pilot_piece_t *piece,
                               pilot_error_t *error)
{
    const pilot_analysis_t *analysis = view->analysis;
    const pilot_target_t *of = &analysis->target[index];
    pilot_pair_task_t task = task_of(view, index);
    pilot_status_t status = pilot_pair_residuals(&task, pair, piece, error);
    for (size_t t = 0; t < analysis->treatments && status == PILOT_OK; t++) {
        joint_t joint = joint_of(&scores[place_of(analysis, of->target)],
                                 &scores[place_of(analysis, of->mission)], t);
        pilot_piece_add_count(piece, joint.unknown);
        pilot_piece_add_number(piece, joint.covariance);
        pilot_piece_add_number(piece, joint.target);
        pilot_piece_add_number(piece, joint.mission);
    }
    return status;
}

pilot_status_t pilot_targets_residuals(const pilot_view_t *view, const pilot_fits_t *fits,
                                       const pilot_ols_scores_t *scores, pilot_piece_t *piece,
                                       pilot_error_t *error)
{
    pilot_status_t status = PILOT_OK;
    for (size_t i = 0; i < view->analysis->targets && status == PILOT_OK; i++)
        status = add_sums(view, i, fits->pair[i], scores, piece, error);
    return status;
}

/* ---- an agency's and pooled ------------------------------------------------------------------ */

static void fail_correlations(const pilot_analysis_t *analysis, pilot_correlation_t *correlation,
                              pilot_estimate_t *change)
{
    for (size_t arm = 0; arm <= analysis->treatments; arm++)
        correlation[arm].reason = PILOT_REASON_JOB_FAILED;
    for (size_t t = 0; t < analysis->treatments; t++)
        pilot_estimate_refuse(&change[t], PILOT_REASON_JOB_FAILED);
}

/* Reads one pair's sums and reports its rows.  pair: all but what the sums give. */
static pilot_status_t finish_pair(told_pair_t *pair, const pilot_pair_t *moments,
                                  pilot_piece_reader_t *reader, size_t agencies,
                                  pilot_report_t *report, pilot_error_t *error)
{
    const pilot_analysis_t *analysis = pair->analysis;
    size_t treatments = analysis->treatments;
    joint_t *joint = PILOT_NEW_ARRAY(joint_t, treatments);
    pilot_correlation_t *correlation = PILOT_NEW_ARRAY(pilot_correlation_t, treatments + 1);
    pilot_estimate_t *change = PILOT_NEW_ARRAY(pilot_estimate_t, treatments);
    pilot_status_t status = PILOT_OK;
    if (agencies == 0)
        fail_correlations(analysis, correlation, change);
    else
        status = pilot_pair_finish(moments, reader, agencies, analysis->spec->confidence,
                                   correlation, change, error);
    if (status == PILOT_OK)
        status = take_joints(reader, agencies, treatments, joint, error);
    pair->joint = joint;
    pair->correlation = correlation;
    pair->change = change;
    if (status == PILOT_OK)
        report_pair(pair, report);
    free(joint);
    free(correlation);
    free(change);
    return status;
}

static pilot_piece_reader_t read_own(const pilot_piece_t *piece)
{
    return (pilot_piece_reader_t){.number = piece->number,
                                  .numbers = piece->numbers,
                                  .count = piece->count,
                                  .counts = piece->counts};
}

/* The parts that pooled rows come from, one agency's alone: so both have the same bits. */
void pilot_targets_report(const pilot_view_t *view, const pilot_estimate_t *estimate,
                          const pilot_regression_choice_t *choice, const pilot_ols_scores_t *scores,
                          const char *agency, pilot_report_t *report)
{
    const pilot_analysis_t *analysis = view->analysis;
    for (size_t i = 0; i < analysis->targets; i++) {
        const pilot_target_t *of = &analysis->target[i];
        pilot_piece_t first = {0}, second = {0};
        pilot_pair_task_t task = task_of(view, i);
        pilot_pair_t *moments = NULL;
        pilot_pair_moments(&task, &first);
        pilot_piece_reader_t reader = read_own(&first);
        pilot_status_t status = pilot_pair_merge(&reader, 1, analysis->spec->n_arm, &moments, NULL);
        if (status == PILOT_OK)
            status = add_sums(view, i, moments, scores, &second, NULL);
        if (status == PILOT_OK) {
            told_pair_t pair =
                begin_pair(analysis, i, moments, estimate, &choice[place_of(analysis, of->target)],
                           &choice[place_of(analysis, of->mission)]);
            pair.agency = agency;
            reader = read_own(&second);
            finish_pair(&pair, moments, &reader, 1, report, NULL);
        }
        pilot_pair_free(moments);
        pilot_piece_clear(&first);
        pilot_piece_clear(&second);
    }
}

pilot_status_t pilot_targets_finish(const pilot_analysis_t *analysis, const pilot_fits_t *fits,
                                    const pilot_estimate_t *estimate, pilot_piece_reader_t *reader,
                                    size_t agencies, pilot_report_t *report, pilot_error_t *error)
{
    pilot_status_t status = PILOT_OK;
    for (size_t i = 0; i < analysis->targets && status == PILOT_OK; i++) {
        const pilot_target_t *of = &analysis->target[i];
        told_pair_t pair =
            begin_pair(analysis, i, fits->pair[i], estimate,
                       pilot_pooled_ols_choice(fits->fit[place_of(analysis, of->target)]),
                       pilot_pooled_ols_choice(fits->fit[place_of(analysis, of->mission)]));
        pair.given_up = fits->given_up;
        status = finish_pair(&pair, fits->pair[i], reader, agencies, report, error);
    }
    return status;
}
