#include "evaluation_sources.h"

#include "pilot/evaluation.h"

#define FIELD(row, kind, member)                                                                   \
    {                                                                                              \
#member, PILOT_FIELD_##kind, offsetof(row, member)                                         \
    }
#define KEY_FIELD(row, member)                                                                     \
    {                                                                                              \
#member, PILOT_FIELD_TEXT, offsetof(row, key.member)                                       \
    }
#define KEY(row)                                                                                   \
    KEY_FIELD(row, outcome), KEY_FIELD(row, subgroup), KEY_FIELD(row, level), KEY_FIELD(row, arm), \
        KEY_FIELD(row, control), KEY_FIELD(row, estimand), KEY_FIELD(row, estimator),              \
        KEY_FIELD(row, parameter)

/* clang-format off: fields as the views have them. */
#define TEXT(member) FIELD(pilot_effect_row_t, TEXT, member)
#define FIGURE(member) FIELD(pilot_effect_row_t, FIGURE, member)
#define FLAG(member) FIELD(pilot_effect_row_t, FLAG, member)
#define WHOLE(member) FIELD(pilot_effect_row_t, WHOLE, member)
static const pilot_row_field_t effects_fields[] = {KEY(pilot_effect_row_t),
                                                   TEXT(agency),
                                                   TEXT(std_error_type),
                                                   TEXT(adjustment),
                                                   FIGURE(estimate),
                                                   FIGURE(std_error),
                                                   FIGURE(df),
                                                   FIGURE(statistic),
                                                   FIGURE(p_value),
                                                   FIGURE(ci_low),
                                                   FIGURE(ci_high),
                                                   FIGURE(p_randomization),
                                                   FIGURE(p_randomization_mcse),
                                                   FIGURE(ci_randomization_low),
                                                   FIGURE(ci_randomization_high),
                                                   FIGURE(p_adjusted),
                                                   FIGURE(control_mean),
                                                   FIGURE(control_std_dev),
                                                   FIGURE(n),
                                                   FIGURE(n_arm),
                                                   FIGURE(n_control),
                                                   FIGURE(clusters),
                                                   FIGURE(blocks),
                                                   TEXT(status),
                                                   TEXT(reason),
                                                   TEXT(detail),
                                                   {0}};
#undef TEXT
#undef FIGURE
#undef FLAG
#undef WHOLE

#define TEXT(member) FIELD(pilot_comparison_row_t, TEXT, member)
#define FIGURE(member) FIELD(pilot_comparison_row_t, FIGURE, member)
#define FLAG(member) FIELD(pilot_comparison_row_t, FLAG, member)
#define WHOLE(member) FIELD(pilot_comparison_row_t, WHOLE, member)
static const pilot_row_field_t comparisons_fields[] = {KEY(pilot_comparison_row_t),
                                                       TEXT(method),
                                                       TEXT(test),
                                                       FIGURE(k),
                                                       FIGURE(estimate),
                                                       FIGURE(std_error),
                                                       FIGURE(df),
                                                       FIGURE(statistic),
                                                       FIGURE(p_value),
                                                       FIGURE(ci_low),
                                                       FIGURE(ci_high),
                                                       FIGURE(pi_low),
                                                       FIGURE(pi_high),
                                                       FIGURE(tau2),
                                                       FIGURE(tau2_low),
                                                       FIGURE(tau2_high),
                                                       FIGURE(q),
                                                       FIGURE(q_df),
                                                       FIGURE(q_p_value),
                                                       FIGURE(i2),
                                                       FIGURE(h2),
                                                       FLAG(headline),
                                                       TEXT(status),
                                                       TEXT(reason),
                                                       TEXT(detail),
                                                       {0}};
#undef TEXT
#undef FIGURE
#undef FLAG
#undef WHOLE

#define TEXT(member) FIELD(pilot_agency_row_t, TEXT, member)
#define FIGURE(member) FIELD(pilot_agency_row_t, FIGURE, member)
#define FLAG(member) FIELD(pilot_agency_row_t, FLAG, member)
#define WHOLE(member) FIELD(pilot_agency_row_t, WHOLE, member)
static const pilot_row_field_t agencies_fields[] = {KEY(pilot_agency_row_t),
                                                    TEXT(agency),
                                                    FIGURE(estimate),
                                                    FIGURE(std_error),
                                                    FIGURE(eb_estimate),
                                                    FIGURE(eb_std_error),
                                                    FIGURE(weight),
                                                    FIGURE(rank),
                                                    FIGURE(rank_low),
                                                    FIGURE(rank_high),
                                                    FIGURE(leave_one_out_estimate),
                                                    FIGURE(ceb_estimate),
                                                    FIGURE(p_exceeds),
                                                    FIGURE(rank_simultaneous_low),
                                                    FIGURE(rank_simultaneous_high),
                                                    FIGURE(hat),
                                                    FIGURE(std_residual),
                                                    FIGURE(cooks_distance),
                                                    FIGURE(dfbetas),
                                                    TEXT(status),
                                                    TEXT(reason),
                                                    {0}};
#undef TEXT
#undef FIGURE
#undef FLAG
#undef WHOLE

#define TEXT(member) FIELD(pilot_average_row_t, TEXT, member)
#define FIGURE(member) FIELD(pilot_average_row_t, FIGURE, member)
#define FLAG(member) FIELD(pilot_average_row_t, FLAG, member)
#define WHOLE(member) FIELD(pilot_average_row_t, WHOLE, member)
static const pilot_row_field_t averages_fields[] = {KEY(pilot_average_row_t),
                                                    TEXT(weighting),
                                                    FIGURE(k),
                                                    FIGURE(estimate),
                                                    FIGURE(std_error),
                                                    FIGURE(df),
                                                    FIGURE(statistic),
                                                    FIGURE(p_value),
                                                    FIGURE(ci_low),
                                                    FIGURE(ci_high),
                                                    TEXT(status),
                                                    TEXT(reason),
                                                    TEXT(detail),
                                                    {0}};
#undef TEXT
#undef FIGURE
#undef FLAG
#undef WHOLE

#define TEXT(member) FIELD(pilot_moderator_row_t, TEXT, member)
#define FIGURE(member) FIELD(pilot_moderator_row_t, FIGURE, member)
#define FLAG(member) FIELD(pilot_moderator_row_t, FLAG, member)
#define WHOLE(member) FIELD(pilot_moderator_row_t, WHOLE, member)
static const pilot_row_field_t moderators_fields[] = {KEY(pilot_moderator_row_t),
                                                      TEXT(kind),
                                                      TEXT(attribute),
                                                      TEXT(attribute_level),
                                                      FIGURE(k),
                                                      FIGURE(estimate),
                                                      FIGURE(std_error),
                                                      FIGURE(df),
                                                      FIGURE(df_residual),
                                                      FIGURE(statistic),
                                                      FIGURE(p_value),
                                                      FIGURE(ci_low),
                                                      FIGURE(ci_high),
                                                      FIGURE(tau2),
                                                      FIGURE(i2),
                                                      FIGURE(r2),
                                                      TEXT(status),
                                                      TEXT(reason),
                                                      TEXT(detail),
                                                      {0}};
#undef TEXT
#undef FIGURE
#undef FLAG
#undef WHOLE

#define TEXT(member) FIELD(pilot_distribution_row_t, TEXT, member)
#define FIGURE(member) FIELD(pilot_distribution_row_t, FIGURE, member)
#define FLAG(member) FIELD(pilot_distribution_row_t, FLAG, member)
#define WHOLE(member) FIELD(pilot_distribution_row_t, WHOLE, member)
static const pilot_row_field_t distribution_fields[] = {KEY(pilot_distribution_row_t),
                                                        TEXT(part),
                                                        FIGURE(k),
                                                        FIGURE(threshold),
                                                        FIGURE(share),
                                                        FIGURE(ci_low),
                                                        FIGURE(ci_high),
                                                        TEXT(status),
                                                        TEXT(reason),
                                                        TEXT(detail),
                                                        {0}};
#undef TEXT
#undef FIGURE
#undef FLAG
#undef WHOLE

#define TEXT(member) FIELD(pilot_quality_row_t, TEXT, member)
#define FIGURE(member) FIELD(pilot_quality_row_t, FIGURE, member)
#define FLAG(member) FIELD(pilot_quality_row_t, FLAG, member)
#define WHOLE(member) FIELD(pilot_quality_row_t, WHOLE, member)
static const pilot_row_field_t quality_fields[] = {
    TEXT(agency),  TEXT(check),       TEXT(arm),  TEXT(variable),
    FIGURE(value), FIGURE(statistic), FIGURE(df), FIGURE(p_value),
    FLAG(alarm),   TEXT(detail),      {0}};
#undef TEXT
#undef FIGURE
#undef FLAG
#undef WHOLE

#define TEXT(member) FIELD(pilot_curve_row_t, TEXT, member)
#define FIGURE(member) FIELD(pilot_curve_row_t, FIGURE, member)
#define FLAG(member) FIELD(pilot_curve_row_t, FLAG, member)
#define WHOLE(member) FIELD(pilot_curve_row_t, WHOLE, member)
static const pilot_row_field_t curves_fields[] = {
    TEXT(agency),    TEXT(outcome),   TEXT(subgroup), TEXT(level),       TEXT(arm),
    TEXT(curve),     FIGURE(x),       FIGURE(y),      FIGURE(std_error), FIGURE(ci_low),
    FIGURE(ci_high), FIGURE(at_risk), FIGURE(events), WHOLE(ordinal),    {0}};
#undef TEXT
#undef FIGURE
#undef FLAG
#undef WHOLE

/* What an agency's row takes of its own effect. */
static const pilot_row_field_t agency_effects_fields[] = {
    KEY(pilot_effect_row_t),
    FIELD(pilot_effect_row_t, TEXT, agency),
    FIELD(pilot_effect_row_t, FIGURE, p_value),
    FIELD(pilot_effect_row_t, FIGURE, ci_low),
    FIELD(pilot_effect_row_t, FIGURE, ci_high),
    FIELD(pilot_effect_row_t, FIGURE, n),
    FIELD(pilot_effect_row_t, FIGURE, n_arm),
    FIELD(pilot_effect_row_t, FIGURE, n_control),
    {0}};
/* clang-format on */

const pilot_row_source_t pilot_source_effects = {.relation = "effects",
                                                 .field = effects_fields,
                                                 .row_size = sizeof(pilot_effect_row_t),
                                                 .where = "scope = 'pooled'",
                                                 .order = "ordinal"};
const pilot_row_source_t pilot_source_agency_effects = {.relation = "effects",
                                                        .field = agency_effects_fields,
                                                        .row_size = sizeof(pilot_effect_row_t),
                                                        .where = "scope = 'agency'",
                                                        .order = "agency COLLATE \"C\", ordinal"};
const pilot_row_source_t pilot_source_comparisons = {.relation = "comparisons",
                                                     .field = comparisons_fields,
                                                     .row_size = sizeof(pilot_comparison_row_t),

                                                     .order = "ordinal"};
const pilot_row_source_t pilot_source_agencies = {.relation = "agencies",
                                                  .field = agencies_fields,
                                                  .row_size = sizeof(pilot_agency_row_t),

                                                  .order = "ordinal, agency COLLATE \"C\""};
const pilot_row_source_t pilot_source_averages = {.relation = "averages",
                                                  .field = averages_fields,
                                                  .row_size = sizeof(pilot_average_row_t),

                                                  .order = "ordinal, place"};
const pilot_row_source_t pilot_source_moderators = {.relation = "moderators",
                                                    .field = moderators_fields,
                                                    .row_size = sizeof(pilot_moderator_row_t),

                                                    .order = "ordinal, place"};
const pilot_row_source_t pilot_source_distribution = {.relation = "distribution",
                                                      .field = distribution_fields,
                                                      .row_size = sizeof(pilot_distribution_row_t),

                                                      .order = "ordinal, place"};
const pilot_row_source_t pilot_source_quality = {
    .relation = "quality",
    .field = quality_fields,
    .row_size = sizeof(pilot_quality_row_t),
    .where = "agency IS NULL OR alarm OR \"check\" = 'decoupling'",
    .order = "agency COLLATE \"C\" NULLS LAST, ordinal"};
const pilot_row_source_t pilot_source_curves = {.relation = "curves",
                                                .field = curves_fields,
                                                .row_size = sizeof(pilot_curve_row_t),
                                                .where = "scope = 'pooled'",
                                                .order = "ordinal, point"};
