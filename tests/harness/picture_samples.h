/* picture_samples.h - every picture of lib/picture with made-up numbers, kind or unkind. */
#ifndef PILOT_TEST_PICTURE_SAMPLES_H
#define PILOT_TEST_PICTURE_SAMPLES_H

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pilot/picture.h"

typedef enum stress {
    STRESS_NONE,
    STRESS_EMPTY,      /* no line at all */
    STRESS_ONE,        /* one line */
    STRESS_SUPPRESSED, /* marks everywhere */
    STRESS_ABSENT,     /* no number, no mark */
    STRESS_HUGE,       /* 1e300 */
    STRESS_TINY,       /* 1e-300 */
    STRESS_INFINITE,   /* ends of intervals, and numbers that are none */
    STRESS_ZERO,       /* all equal, negative zero */
    STRESS_NAMES,      /* long, right to left, wide, markup, broken bytes */
    STRESS_MANY,       /* 300 lines */
    STRESSES
} stress_t;

static const char *const stress_names[STRESSES] = {"plain",  "empty",      "one line", "suppressed",
                                                   "absent", "huge",       "tiny",     "infinite",
                                                   "zero",   "long names", "300 lines"};

enum { SAMPLE_MOST = 2000, SAMPLE_PICTURES = 12 };

static const char *const sample_names[SAMPLE_PICTURES] = {
    "forest", "caterpillar", "funnel",  "ranks",    "heterogeneity", "gaps",
    "pilots", "flow",        "balance", "survival", "quantiles",     "targets"};

static pilot_picture_effect_t sample_line[SAMPLE_MOST];
static char sample_label[SAMPLE_MOST][256];
static uint64_t sample_state;

static inline double sample_uniform(void)
{
    sample_state = sample_state * 6364136223846793005u + 1442695040888963407u;
    return (double)(sample_state >> 11) / 9007199254740992.0;
}

static inline const char *sample_name(stress_t stress, size_t i)
{
    static const char *const unkind[] = {
        "Ministry of Education, Regional Directorate for Secondary Schools of the Eastern Province",
        "\u05E8\u05E9\u05D5\u05EA \u05D4\u05DE\u05D9\u05DD \u05E9\u05DC "
        "\u05D9\u05E8\u05D5\u05E9\u05DC\u05D9\u05DD \u05D5\u05D4\u05E1\u05D1\u05D9\u05D1\u05D4 "
        "\u05D4\u05E7\u05E8\u05D5\u05D1\u05D4 \u05D5\u05D4\u05E8\u05D7\u05D5\u05E7\u05D4",
        "\u5927\u962A\u5E02\u6559\u80B2\u59D4\u54E1\u4F1A\u4E8B\u52D9\u5C40\u5B66\u6821\u7D4C\u55B6"
        "\u7BA1\u7406\u30BB\u30F3\u30BF\u30FC",
        "Cafe\u0301 <b>&amp;</b> \"O'Brien\" ]]> --> </svg>",
        "broken \xC3\x28 \xFF\xFE \x01\x1B bytes",
        "Supercalifragilisticexpialidociousdirectoratewithoutanyblankatallinitslongname",
        "",
    };
    if (stress == STRESS_NAMES)
        return unkind[i % (sizeof(unkind) / sizeof(unkind[0]))];
    snprintf(sample_label[i], sizeof(sample_label[i]), "Agency %zu", i);
    return sample_label[i];
}

static inline pilot_number_t sample_number(stress_t stress, double value)
{
    switch (stress) {
    case STRESS_ABSENT:
        return PILOT_ABSENT;
    case STRESS_HUGE:
        return PILOT_GIVEN(value * 1e300);
    case STRESS_TINY:
        return PILOT_GIVEN(value * 1e-300);
    case STRESS_ZERO:
        return PILOT_GIVEN(-0.0);
    default:
        return PILOT_GIVEN(value);
    }
}

static inline size_t sample_lines(stress_t stress)
{
    size_t lines = stress == STRESS_EMPTY  ? 0
                   : stress == STRESS_ONE  ? 1
                   : stress == STRESS_MANY ? 300
                                           : 14;
    sample_state = 42;
    for (size_t i = 0; i < lines; i++) {
        double error = 0.02 + 0.2 * sample_uniform(), y = sample_uniform() - 0.4;
        double low = y - 1.96 * error, high = y + 1.96 * error;
        sample_line[i] = (pilot_picture_effect_t){
            .label = sample_name(stress, i),
            .estimate = sample_number(stress, y),
            .std_error = sample_number(stress, error),
            .ci_low = sample_number(stress, low),
            .ci_high = sample_number(stress, high),
            .weight = sample_number(stress, 1 / (error * error)),
            .units = sample_number(stress, floor(1000 * error)),
            .eb_estimate = sample_number(stress, 0.1 + (y - 0.1) / 2),
            .eb_low = sample_number(stress, 0.1 + (low - 0.1) / 2),
            .eb_high = sample_number(stress, 0.1 + (high - 0.1) / 2),
            .rank = sample_number(stress == STRESS_HUGE ? STRESS_NONE : stress, (double)i + 1),
            .rank_low = PILOT_GIVEN(fmax(1, (double)i - 2)),
            .rank_high = PILOT_GIVEN(fmin((double)lines, (double)i + 4)),
            .rank_simultaneous_low = PILOT_GIVEN(fmax(1, (double)i - 6)),
            .rank_simultaneous_high = PILOT_GIVEN(fmin((double)lines, (double)i + 8)),
            .href = i % 3 == 0 ? "#agency?a=1&b=\"2\"" : NULL,
            .mark = stress == STRESS_SUPPRESSED ? "ckz"[i % 3] : (char)0,
            .note =
                stress == STRESS_ABSENT ? "not estimable: one cluster in each arm & more" : NULL,
        };
        if (stress == STRESS_INFINITE) {
            if (i % 4 == 0)
                sample_line[i].ci_low = PILOT_GIVEN(-INFINITY);
            if (i % 4 != 1)
                sample_line[i].ci_high = PILOT_GIVEN(INFINITY);
            if (i == 5)
                sample_line[i].estimate = PILOT_GIVEN(NAN);
            if (i == 6)
                sample_line[i].estimate = PILOT_GIVEN(INFINITY);
            if (i == 7)
                sample_line[i].ci_low = sample_line[i].weight = PILOT_GIVEN(NAN);
        }
    }
    return lines;
}

static inline pilot_picture_effects_t sample_effects(stress_t stress)
{
    pilot_picture_effects_t effects = {.effect = sample_line, .effects = sample_lines(stress)};
    bool long_names = stress == STRESS_NAMES;
    effects.axis = long_names ? sample_name(stress, 0) : "Effect on employed (share)";
    effects.note = long_names ? sample_name(stress, 3) : "I\u00B2 34 %, \u03C4\u00B2 0.005";
    effects.smallest_low = sample_number(stress, -0.05);
    effects.smallest_high = sample_number(stress, 0.05);
    if (stress == STRESS_EMPTY)
        return effects;
    effects.pooled = (pilot_picture_effect_t){.label = long_names ? sample_name(stress, 1) : "",
                                              .estimate = sample_number(stress, 0.1),
                                              .ci_low = sample_number(stress, 0.05),
                                              .ci_high = sample_number(stress, 0.15),
                                              .mark = stress == STRESS_SUPPRESSED ? 'c' : (char)0};
    effects.pi_low = sample_number(stress, -0.1);
    effects.pi_high =
        stress == STRESS_INFINITE ? PILOT_GIVEN(INFINITY) : sample_number(stress, 0.3);
    return effects;
}

static inline pilot_picture_count_t sample_count(stress_t stress, double value)
{
    return (pilot_picture_count_t){
        sample_number(stress == STRESS_HUGE ? STRESS_NONE : stress, value),
        stress == STRESS_SUPPRESSED ? 'c' : (char)0};
}

static inline void sample_flow(pilot_text_t *text, stress_t stress,
                               const pilot_picture_options_t *options)
{
    pilot_picture_flow_arm_t arm[8];
    size_t arms = stress == STRESS_EMPTY  ? 0
                  : stress == STRESS_ONE  ? 1
                  : stress == STRESS_MANY ? 8
                                          : 3;
    for (size_t i = 0; i < arms; i++)
        arm[i] = (pilot_picture_flow_arm_t){.arm = sample_name(stress, i),
                                            .assigned = sample_count(stress, 1200 + (double)i),
                                            .received = sample_count(stress, 1100),
                                            .analysed = sample_count(stress, 1000),
                                            .control = i == 0};
    pilot_picture_flow_t flow = {.arm = arm, .arms = arms, .outcome = sample_name(stress, 0)};
    if (stress != STRESS_EMPTY) {
        flow.agencies_listed = sample_count(stress, 80);
        flow.agencies_submitted = sample_count(stress, 79);
        flow.agencies_analysed = sample_count(stress, 77);
    }
    pilot_picture_flow(text, &flow, options);
}

static inline void sample_curves(pilot_text_t *text, stress_t stress, bool survival,
                                 const pilot_picture_options_t *options)
{
    static pilot_picture_point_t point[3][20];
    static const double times[] = {0, 6, 12, 19};
    pilot_picture_count_t risk[4];
    pilot_picture_curve_t curve[3];
    size_t curves = stress == STRESS_EMPTY ? 0 : stress == STRESS_ONE ? 1 : 3;
    for (size_t i = 0; i < 4; i++)
        risk[i] = sample_count(stress, 1000 - 100 * (double)i);
    for (size_t c = 0; c < 3; c++) {
        for (size_t i = 0; i < 20; i++) {
            double v = 1 - 0.02 * (double)((c + 1) * i) * 0.7,
                   at = survival ? (double)i : (double)i / 20;
            point[c][i] = (pilot_picture_point_t){at, sample_number(stress, v),
                                                  sample_number(stress, fmax(v - 0.1, 0)),
                                                  sample_number(stress, v + 0.1)};
            if (stress == STRESS_INFINITE && i % 5 == 2)
                point[c][i].high = PILOT_GIVEN(INFINITY);
            if (stress == STRESS_INFINITE && i == 9)
                point[c][i].value = PILOT_GIVEN(NAN);
        }
        curve[c] = (pilot_picture_curve_t){sample_name(stress, c), point[c],
                                           stress == STRESS_ONE ? 1u : 20u, risk,
                                           stress == STRESS_SUPPRESSED ? 'c' : (char)0};
    }
    pilot_picture_survival_t km = {.curve = curve,
                                   .curves = curves,
                                   .risk_time = times,
                                   .risk_times = 4,
                                   .horizon = PILOT_GIVEN(12),
                                   .time_axis =
                                       stress == STRESS_NAMES ? sample_name(stress, 0) : NULL};
    pilot_picture_quantiles_t quantiles = {
        .curve = curve, .curves = curves, .mean_effect = sample_number(stress, 0.4)};
    if (survival)
        pilot_picture_survival(text, &km, options);
    else
        pilot_picture_quantiles(text, &quantiles, options);
}

static inline void sample_gaps(pilot_text_t *text, stress_t stress,
                               const pilot_picture_options_t *options)
{
    size_t lines = sample_lines(stress);
    size_t subgroups = lines < 6 ? (lines > 0) : 2;
    pilot_picture_subgroup_t subgroup[2] = {
        {sample_name(stress, 0), sample_line, sample_line, lines < 6 ? lines : 2},
        {"Age", sample_line + 2, sample_line + 2, 4}};
    pilot_picture_gaps_t gaps = {.subgroup = subgroup, .subgroups = subgroups, .axis = "Effect"};
    if (lines > 0)
        gaps.whole = sample_line[0];
    pilot_picture_gaps(text, &gaps, options);
}

static inline void sample_balance(pilot_text_t *text, stress_t stress,
                                  const pilot_picture_options_t *options)
{
    pilot_picture_balance_point_t point[24];
    size_t points = stress == STRESS_EMPTY ? 0 : stress == STRESS_ONE ? 1 : 24;
    for (size_t i = 0; i < points; i++)
        point[i] = (pilot_picture_balance_point_t){
            sample_name(stress, i / 3), stress == STRESS_NAMES ? sample_name(stress, i % 3) : "arm",
            sample_number(stress, 0.02 * (double)i - 0.2),
            stress == STRESS_SUPPRESSED ? 'c' : (char)0};
    if (stress == STRESS_INFINITE)
        point[3].difference = PILOT_GIVEN(INFINITY);
    pilot_picture_balance_t balance = {.point = point, .points = points};
    pilot_picture_balance(text, &balance, options);
}

static inline void sample_targets(pilot_text_t *text, stress_t stress,
                                  const pilot_picture_options_t *options)
{
    static pilot_picture_target_t agency[300];
    size_t lines = sample_lines(stress);
    for (size_t i = 0; i < lines; i++)
        agency[i] = (pilot_picture_target_t){
            sample_line[i].label,       sample_line[i].href, sample_line[i].estimate,
            sample_line[i].eb_estimate, i % 5 == 0,          sample_line[i].mark};
    pilot_picture_targets_t targets = {.agency = agency,
                                       .agencies = lines,
                                       .pooled_target = PILOT_GIVEN(0.1),
                                       .pooled_mission = PILOT_GIVEN(0.05),
                                       .target_axis = lines > 0 ? sample_name(stress, 0) : NULL};
    pilot_picture_targets(text, &targets, options);
}

static inline void sample_picture(pilot_text_t *text, size_t picture, stress_t stress, bool ratio,
                                  const pilot_picture_options_t *options)
{
    const pilot_picture_share_t plain[3] = {
        {PILOT_GIVEN(0.1), PILOT_GIVEN(0.02), PILOT_GIVEN(0.2), 0},
        {PILOT_GIVEN(0.3), PILOT_GIVEN(0.1), PILOT_GIVEN(0.4), 0},
        {PILOT_GIVEN(0.6), PILOT_GIVEN(0.5), PILOT_GIVEN(0.8), 0}};
    static const pilot_picture_share_t hidden[3] = {{.mark = 'c'}, {.mark = 'z'}, {.mark = 0}};
    pilot_picture_effects_t effects = sample_effects(stress);
    effects.ratio = ratio;
    switch (picture) {
    case 0:
        pilot_picture_forest(text, &effects, options);
        break;
    case 1:
        pilot_picture_caterpillar(text, &effects, options);
        break;
    case 2:
        pilot_picture_funnel(text, &effects, options);
        break;
    case 3:
        pilot_picture_ranks(text, &effects, options);
        break;
    case 4:
        pilot_picture_heterogeneity(text, &effects, stress == STRESS_SUPPRESSED ? hidden : plain,
                                    options);
        break;
    case 5:
        sample_gaps(text, stress, options);
        break;
    case 6:
        for (size_t i = 0; i < effects.effects; i++)
            sample_line[i].group = i < 5 ? sample_name(stress, 0) : "Mechanism: reminders";
        pilot_picture_pilots(text, &effects, options);
        break;
    case 7:
        sample_flow(text, stress, options);
        break;
    case 8:
        sample_balance(text, stress, options);
        break;
    case 9:
    case 10:
        sample_curves(text, stress, picture == 9, options);
        break;
    default:
        sample_targets(text, stress, options);
    }
}

#endif
