/* writer_rows.c - result rows to COPY: the columns in the order of their statement. */
#include "staged.h"
#include "writer.h"

#include <string.h>

typedef pilot_copy_in_t copy_t;

static void put_text(copy_t *copy, const char *text)
{
    pilot_copy_in_bytes(copy, text, strlen(text));
}

/* Empty text means "nothing to say": NULL. */
static void put_optional(copy_t *copy, const char *text)
{
    if (text && *text)
        put_text(copy, text);
    else
        pilot_copy_in_null(copy);
}

/* A level may be the empty text; the whole sample has neither. */
static void put_subset(copy_t *copy, const char *subgroup, const char *level)
{
    put_optional(copy, subgroup);
    if (subgroup && *subgroup && level)
        put_text(copy, level);
    else
        pilot_copy_in_null(copy);
}

static void put_number(copy_t *copy, protobuf_c_boolean given, double value)
{
    if (given)
        pilot_copy_in_float8(copy, value);
    else
        pilot_copy_in_null(copy);
}

static void put_count(copy_t *copy, protobuf_c_boolean given, uint64_t value)
{
    if (given)
        pilot_copy_in_int8(copy, (int64_t)value);
    else
        pilot_copy_in_null(copy);
}

static void put_head(copy_t *copy, const pilot_writer_mail_t *item, uint32_t ordinal)
{
    pilot_copy_in_row(copy);
    pilot_copy_in_int8(copy, (int64_t)item->analysis);
    pilot_copy_in_int8(copy, (int64_t)item->job);
    pilot_copy_in_int4(copy, (int32_t)ordinal);
}

/* ---- effects --------------------------------------------------------------------------------- */

#define CONVENTION_COLUMNS(name)                                                                   \
    name "_std_error, " name "_df, " name "_p_value, " name "_ci_low, " name "_ci_high"
#define EFFECT_COLUMNS                                                                             \
    "analysis, job, ordinal, agency, outcome, subgroup, level, arm, control, estimand, "           \
    "estimator, parameter, std_error_type, estimate, std_error, df, statistic, p_value, ci_low, "  \
    "ci_high, control_mean, n, n_arm, n_control, clusters, blocks, status, reason, "               \
    "detail, " CONVENTION_COLUMNS("estimatr") ", " CONVENTION_COLUMNS(                             \
        "stata") ", " CONVENTION_COLUMNS("fixest") ", control_std_dev"

static void put_convention(copy_t *copy, const Pilot__Convention *row)
{
    if (!row) {
        for (int i = 0; i < 5; i++)
            pilot_copy_in_null(copy);
        return;
    }
    pilot_copy_in_float8(copy, row->std_error);
    pilot_copy_in_float8(copy, row->df);
    pilot_copy_in_float8(copy, row->p_value);
    put_number(copy, row->has_ci_low, row->ci_low);
    put_number(copy, row->has_ci_high, row->ci_high);
}

static void put_effects(copy_t *copy, const pilot_writer_mail_t *item)
{
    for (size_t i = 0; i < item->rows->n_effect; i++) {
        const Pilot__Effect *row = item->rows->effect[i];
        put_head(copy, item, row->ordinal);
        put_optional(copy, row->agency);
        put_text(copy, row->outcome);
        put_subset(copy, row->subgroup, row->level);
        put_text(copy, row->arm);
        put_text(copy, row->control);
        put_text(copy, row->estimand);
        put_text(copy, row->estimator);
        put_optional(copy, row->parameter);
        put_optional(copy, row->std_error_type);
        put_number(copy, row->has_estimate, row->estimate);
        put_number(copy, row->has_std_error, row->std_error);
        put_number(copy, row->has_df, row->df);
        put_number(copy, row->has_statistic, row->statistic);
        put_number(copy, row->has_p_value, row->p_value);
        put_number(copy, row->has_ci_low, row->ci_low);
        put_number(copy, row->has_ci_high, row->ci_high);
        put_number(copy, row->has_control_mean, row->control_mean);
        put_count(copy, row->has_n, row->n);
        put_count(copy, row->has_n_arm, row->n_arm);
        put_count(copy, row->has_n_control, row->n_control);
        put_count(copy, row->has_clusters, row->clusters);
        put_count(copy, row->has_blocks, row->blocks);
        put_text(copy, row->status);
        put_optional(copy, row->reason);
        put_optional(copy, row->detail);
        put_convention(copy, row->estimatr);
        put_convention(copy, row->stata);
        put_convention(copy, row->fixest);
        put_number(copy, row->has_control_std_dev, row->control_std_dev);
    }
}

/* ---- comparisons ----------------------------------------------------------------------------- */

#define COMPARISON_COLUMNS                                                                         \
    "analysis, job, ordinal, outcome, subgroup, level, arm, control, estimand, estimator, "        \
    "parameter, method, test, k, estimate, std_error, df, statistic, p_value, ci_low, ci_high, "   \
    "pi_low, pi_high, tau2, tau2_low, tau2_high, q, q_df, q_p_value, i2, h2, headline, status, "   \
    "reason, detail"

static void put_comparison_numbers(copy_t *copy, const Pilot__Comparison *row)
{
    put_number(copy, row->has_estimate, row->estimate);
    put_number(copy, row->has_std_error, row->std_error);
    put_number(copy, row->has_df, row->df);
    put_number(copy, row->has_statistic, row->statistic);
    put_number(copy, row->has_p_value, row->p_value);
    put_number(copy, row->has_ci_low, row->ci_low);
    put_number(copy, row->has_ci_high, row->ci_high);
    put_number(copy, row->has_pi_low, row->pi_low);
    put_number(copy, row->has_pi_high, row->pi_high);
    put_number(copy, row->has_tau2, row->tau2);
    put_number(copy, row->has_tau2_low, row->tau2_low);
    put_number(copy, row->has_tau2_high, row->tau2_high);
    put_number(copy, row->has_q, row->q);
    put_number(copy, row->has_q_df, row->q_df);
    put_number(copy, row->has_q_p_value, row->q_p_value);
    put_number(copy, row->has_i2, row->i2);
    put_number(copy, row->has_h2, row->h2);
}

static void put_comparisons(copy_t *copy, const pilot_writer_mail_t *item)
{
    for (size_t i = 0; i < item->rows->n_comparison; i++) {
        const Pilot__Comparison *row = item->rows->comparison[i];
        put_head(copy, item, row->ordinal);
        put_text(copy, row->outcome);
        put_subset(copy, row->subgroup, row->level);
        put_text(copy, row->arm);
        put_text(copy, row->control);
        put_text(copy, row->estimand);
        put_text(copy, row->estimator);
        put_optional(copy, row->parameter);
        put_text(copy, row->method);
        put_text(copy, row->test);
        pilot_copy_in_int4(copy, (int32_t)row->k);
        put_comparison_numbers(copy, row);
        pilot_copy_in_bool(copy, row->headline);
        put_text(copy, row->status);
        put_optional(copy, row->reason);
        put_optional(copy, row->detail);
    }
}

/* ---- agency effects -------------------------------------------------------------------------- */

#define AGENCY_EFFECT_COLUMNS                                                                      \
    "analysis, job, ordinal, outcome, subgroup, level, arm, control, estimand, estimator, "        \
    "parameter, agency, estimate, std_error, eb_estimate, eb_std_error, weight, "                  \
    "leave_one_out_estimate, status, reason, rank, rank_low, rank_high, ceb_estimate, p_exceeds, " \
    "rank_simultaneous_low, rank_simultaneous_high, hat, std_residual, cooks_distance, dfbetas"

static void put_standing(copy_t *copy, const Pilot__AgencyEffect *row)
{
    put_number(copy, row->has_rank, row->rank);
    put_number(copy, row->has_rank_low, row->rank_low);
    put_number(copy, row->has_rank_high, row->rank_high);
    put_number(copy, row->has_ceb_estimate, row->ceb_estimate);
    put_number(copy, row->has_p_exceeds, row->p_exceeds);
    put_number(copy, row->has_rank_simultaneous_low, row->rank_simultaneous_low);
    put_number(copy, row->has_rank_simultaneous_high, row->rank_simultaneous_high);
    put_number(copy, row->has_hat, row->hat);
    put_number(copy, row->has_std_residual, row->std_residual);
    put_number(copy, row->has_cooks_distance, row->cooks_distance);
    put_number(copy, row->has_dfbetas, row->dfbetas);
}

static void put_agency_effects(copy_t *copy, const pilot_writer_mail_t *item)
{
    for (size_t i = 0; i < item->rows->n_agency_effect; i++) {
        const Pilot__AgencyEffect *row = item->rows->agency_effect[i];
        put_head(copy, item, row->ordinal);
        put_text(copy, row->outcome);
        put_subset(copy, row->subgroup, row->level);
        put_text(copy, row->arm);
        put_text(copy, row->control);
        put_text(copy, row->estimand);
        put_text(copy, row->estimator);
        put_optional(copy, row->parameter);
        put_text(copy, row->agency);
        put_number(copy, row->has_estimate, row->estimate);
        put_number(copy, row->has_std_error, row->std_error);
        put_number(copy, row->has_eb_estimate, row->eb_estimate);
        put_number(copy, row->has_eb_std_error, row->eb_std_error);
        put_number(copy, row->has_weight, row->weight);
        put_number(copy, row->has_leave_one_out_estimate, row->leave_one_out_estimate);
        put_text(copy, row->status);
        put_optional(copy, row->reason);
        put_standing(copy, row);
    }
}

/* ---- averages, moderators, shares ------------------------------------------------------------ */

#define CONTRAST_COLUMNS                                                                           \
    "analysis, job, ordinal, outcome, subgroup, level, arm, control, estimand, estimator, "        \
    "parameter, place"
#define AVERAGE_COLUMNS                                                                            \
    CONTRAST_COLUMNS                                                                               \
    ", weighting, k, estimate, std_error, df, statistic, p_value, ci_low, ci_high, status, "       \
    "reason, detail"
#define MODERATOR_COLUMNS                                                                          \
    CONTRAST_COLUMNS                                                                               \
    ", kind, attribute, attribute_level, k, estimate, std_error, df, df_residual, statistic, "     \
    "p_value, ci_low, ci_high, tau2, i2, r2, status, reason, detail"
#define SHARE_COLUMNS                                                                              \
    CONTRAST_COLUMNS                                                                               \
    ", part, threshold, k, share, ci_low, ci_high, status, reason, detail"

static void put_contrast(copy_t *copy, const pilot_writer_mail_t *item, const Pilot__Contrast *row,
                         uint32_t place)
{
    put_head(copy, item, row->ordinal);
    put_text(copy, row->outcome);
    put_subset(copy, row->subgroup, row->level);
    put_text(copy, row->arm);
    put_text(copy, row->control);
    put_text(copy, row->estimand);
    put_text(copy, row->estimator);
    put_optional(copy, row->parameter);
    pilot_copy_in_int4(copy, (int32_t)place);
}

/* Rows of one contrast come one after the other. */
static uint32_t next_place(uint32_t place, const Pilot__Contrast *row,
                           const Pilot__Contrast *before)
{
    return before && before->ordinal == row->ordinal ? place + 1 : 0;
}

static void put_averages(copy_t *copy, const pilot_writer_mail_t *item)
{
    uint32_t place = 0;
    for (size_t i = 0; i < item->rows->n_average; i++) {
        const Pilot__Average *row = item->rows->average[i];
        place = next_place(place, row->contrast, i ? item->rows->average[i - 1]->contrast : NULL);
        put_contrast(copy, item, row->contrast, place);
        put_text(copy, row->weighting);
        pilot_copy_in_int4(copy, (int32_t)row->k);
        put_number(copy, row->has_estimate, row->estimate);
        put_number(copy, row->has_std_error, row->std_error);
        put_number(copy, row->has_df, row->df);
        put_number(copy, row->has_statistic, row->statistic);
        put_number(copy, row->has_p_value, row->p_value);
        put_number(copy, row->has_ci_low, row->ci_low);
        put_number(copy, row->has_ci_high, row->ci_high);
        put_text(copy, row->status);
        put_optional(copy, row->reason);
        put_optional(copy, row->detail);
    }
}

static void put_moderators(copy_t *copy, const pilot_writer_mail_t *item)
{
    uint32_t place = 0;
    for (size_t i = 0; i < item->rows->n_moderator; i++) {
        const Pilot__Moderator *row = item->rows->moderator[i];
        place = next_place(place, row->contrast, i ? item->rows->moderator[i - 1]->contrast : NULL);
        put_contrast(copy, item, row->contrast, place);
        put_text(copy, row->kind);
        put_subset(copy, row->attribute, row->attribute_level);
        pilot_copy_in_int4(copy, (int32_t)row->k);
        put_number(copy, row->has_estimate, row->estimate);
        put_number(copy, row->has_std_error, row->std_error);
        put_number(copy, row->has_df, row->df);
        put_number(copy, row->has_df_residual, row->df_residual);
        put_number(copy, row->has_statistic, row->statistic);
        put_number(copy, row->has_p_value, row->p_value);
        put_number(copy, row->has_ci_low, row->ci_low);
        put_number(copy, row->has_ci_high, row->ci_high);
        put_number(copy, row->has_tau2, row->tau2);
        put_number(copy, row->has_i2, row->i2);
        put_number(copy, row->has_r2, row->r2);
        put_text(copy, row->status);
        put_optional(copy, row->reason);
        put_optional(copy, row->detail);
    }
}

static void put_shares(copy_t *copy, const pilot_writer_mail_t *item)
{
    uint32_t place = 0;
    for (size_t i = 0; i < item->rows->n_share; i++) {
        const Pilot__Share *row = item->rows->share[i];
        place = next_place(place, row->contrast, i ? item->rows->share[i - 1]->contrast : NULL);
        put_contrast(copy, item, row->contrast, place);
        put_text(copy, row->part);
        pilot_copy_in_float8(copy, row->threshold);
        pilot_copy_in_int4(copy, (int32_t)row->k);
        put_number(copy, row->has_share, row->share);
        put_number(copy, row->has_ci_low, row->ci_low);
        put_number(copy, row->has_ci_high, row->ci_high);
        put_text(copy, row->status);
        put_optional(copy, row->reason);
        put_optional(copy, row->detail);
    }
}

/* ---- quality --------------------------------------------------------------------------------- */

#define QUALITY_COLUMNS                                                                            \
    "analysis, job, ordinal, agency, \"check\", arm, variable, value, statistic, df, p_value, "    \
    "alarm, detail"

static void put_quality(copy_t *copy, const pilot_writer_mail_t *item)
{
    for (size_t i = 0; i < item->rows->n_quality; i++) {
        const Pilot__Quality *row = item->rows->quality[i];
        put_head(copy, item, row->ordinal);
        put_optional(copy, row->agency);
        put_text(copy, row->check);
        put_optional(copy, row->arm);
        put_optional(copy, row->variable);
        put_number(copy, row->has_value, row->value);
        put_number(copy, row->has_statistic, row->statistic);
        put_number(copy, row->has_df, row->df);
        put_number(copy, row->has_p_value, row->p_value);
        pilot_copy_in_bool(copy, row->alarm);
        put_optional(copy, row->detail);
    }
}

/* ---- curves ---------------------------------------------------------------------------------- */

#define CURVE_COLUMNS                                                                              \
    "analysis, job, ordinal, agency, outcome, subgroup, level, arm, curve, point, x, y, "          \
    "std_error, ci_low, ci_high, at_risk, events, detail"

static void put_curve(copy_t *copy, const pilot_writer_mail_t *item, const Pilot__Curve *curve)
{
    for (size_t i = 0; i < curve->n_point; i++) {
        const Pilot__CurvePoint *point = curve->point[i];
        put_head(copy, item, curve->ordinal);
        put_optional(copy, curve->agency);
        put_text(copy, curve->outcome);
        put_subset(copy, curve->subgroup, curve->level);
        put_text(copy, curve->arm);
        put_text(copy, curve->curve);
        pilot_copy_in_int4(copy, (int32_t)i);
        pilot_copy_in_float8(copy, point->x);
        pilot_copy_in_float8(copy, point->y);
        put_number(copy, point->has_std_error, point->std_error);
        put_number(copy, point->has_ci_low, point->ci_low);
        put_number(copy, point->has_ci_high, point->ci_high);
        put_number(copy, point->has_at_risk, point->at_risk);
        put_number(copy, point->has_events, point->events);
        put_optional(copy, curve->detail);
    }
}

static void put_curves(copy_t *copy, const pilot_writer_mail_t *item)
{
    for (size_t i = 0; i < item->rows->n_curve; i++)
        put_curve(copy, item, item->rows->curve[i]);
}

/* ---- contributions ----------------------------------------------------------------------------
 */

#define CONTRIBUTION_COLUMNS                                                                       \
    "analysis, job, ordinal, agency, outcome, subgroup, level, arm, units, total, largest, second"

static void put_contributions(copy_t *copy, const pilot_writer_mail_t *item)
{
    for (size_t i = 0; i < item->rows->n_contribution; i++) {
        const Pilot__Contribution *row = item->rows->contribution[i];
        put_head(copy, item, row->ordinal);
        put_text(copy, row->agency);
        put_text(copy, row->outcome);
        put_subset(copy, row->subgroup, row->level);
        put_text(copy, row->arm);
        pilot_copy_in_int8(copy, (int64_t)row->units);
        put_number(copy, row->has_total, row->total);
        put_number(copy, row->has_largest, row->largest);
        put_number(copy, row->has_second, row->second);
    }
}

/* ---- all of them --------------------------------------------------------------------------------
 */

static const struct kind {
    pilot_staged_table_t table;
    size_t count_offset; /* of n_... in ResultRows */
    void (*put)(copy_t *copy, const pilot_writer_mail_t *item);
} kinds[] = {
    {{"work", "effects", EFFECT_COLUMNS, 45}, offsetof(Pilot__ResultRows, n_effect), put_effects},
    {{"work", "comparisons", COMPARISON_COLUMNS, 35},
     offsetof(Pilot__ResultRows, n_comparison),
     put_comparisons},
    {{"work", "agency_effects", AGENCY_EFFECT_COLUMNS, 31},
     offsetof(Pilot__ResultRows, n_agency_effect),
     put_agency_effects},
    {{"work", "averages", AVERAGE_COLUMNS, 24},
     offsetof(Pilot__ResultRows, n_average),
     put_averages},
    {{"work", "moderators", MODERATOR_COLUMNS, 30},
     offsetof(Pilot__ResultRows, n_moderator),
     put_moderators},
    {{"work", "distribution", SHARE_COLUMNS, 21}, offsetof(Pilot__ResultRows, n_share), put_shares},
    {{"work", "quality", QUALITY_COLUMNS, 13}, offsetof(Pilot__ResultRows, n_quality), put_quality},
    {{"work", "curves", CURVE_COLUMNS, 18}, offsetof(Pilot__ResultRows, n_curve), put_curves},
    {{"work", "contributions", CONTRIBUTION_COLUMNS, 12},
     offsetof(Pilot__ResultRows, n_contribution),
     put_contributions},
};

static bool has_rows(const struct kind *kind, const pilot_writer_mail_t *item)
{
    return item->kind == PILOT_MAIL_RESULT && item->is_new && item->rows &&
           *(const size_t *)((const char *)item->rows + kind->count_offset);
}

static pilot_status_t copy_kind(pilot_db_t *db, const struct kind *kind,
                                pilot_writer_mail_t **items, size_t count, pilot_error_t *error)
{
    pilot_copy_in_t *copy = NULL;
    for (size_t i = 0; i < count; i++) {
        if (!has_rows(kind, items[i]))
            continue;
        if (!copy) {
            pilot_status_t status = pilot_staged_begin(db, &kind->table, &copy, error);
            if (status)
                return status;
        }
        kind->put(copy, items[i]);
    }
    return copy ? pilot_staged_end(db, &kind->table, copy, error) : PILOT_OK;
}

pilot_status_t writer_copy_rows(pilot_db_t *db, pilot_writer_mail_t **items, size_t count,
                                pilot_error_t *error)
{
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        pilot_status_t status = copy_kind(db, &kinds[k], items, count, error);
        if (status)
            return status;
    }
    return PILOT_OK;
}
