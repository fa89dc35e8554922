/* release_compared.c - released tables of what is made of agencies' effects. */
#include "release_tables.h"

static bool decide_comparison(const release_t *release, const source_row_t *row,
                              pilot_released_t *released)
{
    pilot_disclosure_key_t key = contrast_key(row, NULL, 1);
    pilot_number_in_t number[PILOT_COMPARISON_NUMBERS];
    numbers_at(row, 14, PILOT_COMPARISON_NUMBERS, number);
    return pilot_disclosure_release_comparison(release->disclosure, &key, truth_at(row, 13), number,
                                               released);
}

#define COMPARISON_NUMBERS                                                                         \
    "k, estimate, std_error, df, statistic, p_value, ci_low, ci_high, pi_low, pi_high, tau2, "     \
    "tau2_low, tau2_high, q, q_df, q_p_value, i2, h2"

const release_table_t release_comparisons = {
    .to = {"dashboard", "comparisons",
           "pilot, analysis, confirmatory, ordinal, " CONTRAST_TEXTS
           ", method, test, status, reason, headline, " COMPARISON_NUMBERS
           ", k_mark, estimate_mark, std_error_mark, df_mark, statistic_mark, "
           "p_value_mark, ci_low_mark, ci_high_mark, pi_low_mark, pi_high_mark, tau2_mark, "
           "tau2_low_mark, tau2_high_mark, q_mark, q_df_mark, q_p_value_mark, i2_mark, "
           "h2_mark",
           4 + 10 + 2 + 1 + 2 * PILOT_COMPARISON_NUMBERS},
    .select = "SELECT ordinal, " CONTRAST_TEXTS
              ", method, test, status, reason, headline, " COMPARISON_NUMBERS
              " FROM work.comparisons WHERE analysis = $1::bigint",
    .texts = 10,
    .estimator = 7,
    .has_status = true,
    .has_flag = true,
    .numbers = PILOT_COMPARISON_NUMBERS,
    .whole = 1u << PILOT_COMPARISON_K,
    .decide = decide_comparison};

static bool decide_agency(const release_t *release, const source_row_t *row,
                          pilot_released_t *released)
{
    pilot_disclosure_key_t key = contrast_key(row, text_at(row, 1), 2);
    pilot_number_in_t number[PILOT_AGENCY_NUMBERS];
    numbers_at(row, 12, PILOT_AGENCY_NUMBERS, number);
    return pilot_disclosure_release_agency(release->disclosure, &key, number, released);
}

#define AGENCY_NUMBERS                                                                             \
    "estimate, std_error, eb_estimate, eb_std_error, weight, rank, rank_low, rank_high, "          \
    "leave_one_out_estimate, ceb_estimate, p_exceeds, rank_simultaneous_low, "                     \
    "rank_simultaneous_high, hat, std_residual, cooks_distance, dfbetas"

const release_table_t release_agencies = {
    .to = {"dashboard", "agencies",
           "pilot, analysis, confirmatory, ordinal, agency, " CONTRAST_TEXTS
           ", status, reason, " AGENCY_NUMBERS
           ", estimate_mark, std_error_mark, eb_estimate_mark, eb_std_error_mark, "
           "weight_mark, rank_mark, rank_low_mark, rank_high_mark, "
           "leave_one_out_estimate_mark, ceb_estimate_mark, p_exceeds_mark, "
           "rank_simultaneous_low_mark, rank_simultaneous_high_mark, hat_mark, "
           "std_residual_mark, cooks_distance_mark, dfbetas_mark",
           4 + 9 + 2 + 2 * PILOT_AGENCY_NUMBERS},
    .select = "SELECT ordinal, agency, " CONTRAST_TEXTS ", status, reason, " AGENCY_NUMBERS
              " FROM work.agency_effects WHERE analysis = $1::bigint",
    .texts = 9,
    .estimator = 8,
    .has_status = true,
    .numbers = PILOT_AGENCY_NUMBERS,
    .decide = decide_agency};

/* ---- averages, moderators, distribution ------------------------------------------------------ */

static bool decide_average(const release_t *release, const source_row_t *row,
                           pilot_released_t *released)
{
    pilot_disclosure_key_t key = contrast_key(row, NULL, 1);
    pilot_number_in_t number[PILOT_AVERAGE_NUMBERS];
    numbers_at(row, 12, PILOT_AVERAGE_NUMBERS, number);
    bool by_people = strcmp(text_at(row, 9), "person") == 0;
    return pilot_disclosure_release_average(release->disclosure, &key, by_people, number, released);
}

#define AVERAGE_NUMBERS "k, estimate, std_error, df, statistic, p_value, ci_low, ci_high"

const release_table_t release_averages = {
    .to = {"dashboard", "averages",
           "pilot, analysis, confirmatory, ordinal, place, " CONTRAST_TEXTS
           ", weighting, status, reason, " AVERAGE_NUMBERS
           ", k_mark, estimate_mark, std_error_mark, df_mark, statistic_mark, p_value_mark, "
           "ci_low_mark, ci_high_mark",
           5 + 9 + 2 + 2 * PILOT_AVERAGE_NUMBERS},
    .select = "SELECT ordinal, " CONTRAST_TEXTS ", weighting, status, reason, " AVERAGE_NUMBERS
              " FROM work.averages WHERE analysis = $1::bigint ORDER BY ordinal, place",
    .texts = 9,
    .estimator = 7,
    .has_status = true,
    .has_place = true,
    .numbers = PILOT_AVERAGE_NUMBERS,
    .whole = 1u << PILOT_AVERAGE_K,
    .decide = decide_average};

static bool decide_moderator(const release_t *release, const source_row_t *row,
                             pilot_released_t *released)
{
    pilot_disclosure_key_t key = contrast_key(row, NULL, 1);
    pilot_number_in_t number[PILOT_MODERATOR_NUMBERS];
    numbers_at(row, 14, PILOT_MODERATOR_NUMBERS, number);
    pilot_number_in_t fewest = number_at(row, 14 + PILOT_MODERATOR_NUMBERS);
    return pilot_disclosure_release_moderator(release->disclosure, &key, fewest, number, released);
}

/* Which levels take part tells whose effects could be estimated, and so who had no successes, say:
 * of a hidden model its test alone is there, as in every model. */
static bool is_test_of_all(const source_row_t *row)
{
    return strcmp(text_at(row, 9), "test") == 0 && !text_at(row, 10);
}

#define MODERATOR_NUMBERS                                                                          \
    "k, estimate, std_error, df, df_residual, statistic, p_value, ci_low, ci_high, tau2, i2, r2"

/* A text attribute's levels, and the agencies that lack it, part all agencies of the effect: any of
 * these groups could be had from the others.  A coefficient is a difference of two, the intercept
 * is one of each attribute's.  The model leaves out agencies that lack any attribute: these too. */
#define MODERATOR_GROUPS                                                                           \
    "WITH whole AS (SELECT ordinal, k FROM work.averages "                                         \
    "WHERE analysis = $1::bigint AND weighting = 'site'), "                                        \
    "parted AS (SELECT m.ordinal, m.attribute, "                                                   \
    "least(min(m.k), nullif(max(w.k) - sum(m.k), 0)) AS fewest FROM work.moderators AS m "         \
    "JOIN whole AS w USING (ordinal) WHERE m.analysis = $1::bigint AND m.kind = 'group' "          \
    "GROUP BY m.ordinal, m.attribute) "

const release_table_t release_moderators = {
    .to = {"dashboard", "moderators",
           "pilot, analysis, confirmatory, ordinal, place, " CONTRAST_TEXTS
           ", kind, attribute, attribute_level, status, reason, " MODERATOR_NUMBERS
           ", k_mark, estimate_mark, std_error_mark, df_mark, df_residual_mark, statistic_mark, "
           "p_value_mark, ci_low_mark, ci_high_mark, tau2_mark, i2_mark, r2_mark",
           5 + 11 + 2 + 2 * PILOT_MODERATOR_NUMBERS},
    .select = MODERATOR_GROUPS
    "SELECT ordinal, " CONTRAST_TEXTS
    ", kind, attribute, attribute_level, status, reason, " MODERATOR_NUMBERS
    ", least(CASE WHEN kind = 'intercept' OR attribute_level IS NOT NULL THEN (SELECT "
    "min(p.fewest) FROM parted AS p WHERE p.ordinal = v.ordinal AND (v.kind = 'intercept' "
    "OR p.attribute = v.attribute)) END, CASE WHEN kind <> 'group' THEN (SELECT "
    "nullif(w.k - v.k, 0) FROM whole AS w WHERE w.ordinal = v.ordinal) END)::float8 "
    "FROM work.moderators AS v WHERE analysis = $1::bigint ORDER BY ordinal, place",
    .texts = 11,
    .estimator = 7,
    .has_status = true,
    .has_place = true,
    .numbers = PILOT_MODERATOR_NUMBERS,
    .whole = 1u << PILOT_MODERATOR_K,
    .stays = is_test_of_all,
    .decide = decide_moderator};

static bool decide_share(const release_t *release, const source_row_t *row,
                         pilot_released_t *released)
{
    pilot_disclosure_key_t key = contrast_key(row, NULL, 1);
    pilot_number_in_t number[PILOT_SHARE_NUMBERS];
    numbers_at(row, 12, PILOT_SHARE_NUMBERS, number);
    return pilot_disclosure_release_share(release->disclosure, &key, number, released);
}

#define SHARE_NUMBERS "threshold, k, share, ci_low, ci_high"

const release_table_t release_distribution = {
    .to = {"dashboard", "distribution",
           "pilot, analysis, confirmatory, ordinal, place, " CONTRAST_TEXTS
           ", part, status, reason, " SHARE_NUMBERS
           ", threshold_mark, k_mark, share_mark, ci_low_mark, ci_high_mark",
           5 + 9 + 2 + 2 * PILOT_SHARE_NUMBERS},
    .select = "SELECT ordinal, " CONTRAST_TEXTS ", part, status, reason, " SHARE_NUMBERS
              " FROM work.distribution WHERE analysis = $1::bigint ORDER BY ordinal, place",
    .texts = 9,
    .estimator = 7,
    .has_status = true,
    .has_place = true,
    .numbers = PILOT_SHARE_NUMBERS,
    .whole = 1u << PILOT_SHARE_K,
    .structural = 1u << PILOT_SHARE_THRESHOLD,
    .decide = decide_share};
