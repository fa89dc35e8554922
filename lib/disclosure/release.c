/* The numbers of a row of results.effects that may be shown. */
#include <math.h>
#include <string.h>

#include "shown.h"

static bool is_few(const pilot_disclosure_t *d, pilot_number_in_t count)
{
    return count.given && count.value < d->minimum;
}

/* Nothing without a standard error: it says how precise the rest may be. */
static bool is_row_fit(const pilot_disclosure_t *d, const pilot_disclosure_effect_t *effect)
{
    const pilot_number_in_t *number = effect->number;
    pilot_number_in_t error = number[PILOT_EFFECT_STD_ERROR], df = number[PILOT_EFFECT_DF];
    return number[PILOT_EFFECT_ESTIMATE].given && error.given && isfinite(error.value) &&
           error.value > 0 && !(df.given && df.value < d->rule.minimum_df) &&
           !is_few(d, number[PILOT_EFFECT_N]) && !is_few(d, number[PILOT_EFFECT_N_ARM]) &&
           !is_few(d, number[PILOT_EFFECT_N_CONTROL]);
}

/* Is the standard error in the outcome's unit? */
static bool is_in_outcome_unit(const pilot_disclosure_effect_t *effect)
{
    static const char *const other[] = {"rank", "variance_ratio", "log_rank", "rmst"};
    if (effect->log_scale || effect->key.estimator == NULL)
        return false;
    for (size_t i = 0; i < sizeof other / sizeof *other; i++)
        if (strcmp(effect->key.estimator, other[i]) == 0)
            return false;
    return true;
}

/* As shares are: so that round_to people a standard deviation off would not be seen. */
static unit_t mean_unit(const pilot_disclosure_t *d, const pilot_disclosure_effect_t *effect)
{
    const pilot_number_in_t *number = effect->number;
    double arm = number[PILOT_EFFECT_N_ARM].value, control = number[PILOT_EFFECT_N_CONTROL].value;
    double to = d->rule.round_to < 1 ? 1 : (double)d->rule.round_to;
    if (arm < 1 || control < 1)
        return unit_of(number[PILOT_EFFECT_STD_ERROR].value);
    double deviation = number[PILOT_EFFECT_STD_ERROR].value / sqrt(1 / arm + 1 / control);
    return unit_above(deviation * to / control);
}

static pilot_released_t round_mean(const pilot_disclosure_t *d, const subject_t *s,
                                   const pilot_disclosure_effect_t *effect, unit_t unit)
{
    double mean = effect->number[PILOT_EFFECT_CONTROL_MEAN].value;
    if (effect->share)
        return round_number(mean, share_unit(d, s, s->control));
    if (is_in_outcome_unit(effect))
        return round_number(mean, coarser(unit, mean_unit(d, effect)));
    return round_number(mean, unit_of(mean == 0 ? 1 : fabs(mean)));
}

/* As far as the mean is, and only beside one; of a share it would be the share again. */
static pilot_released_t round_std_dev(const pilot_disclosure_t *d,
                                      const pilot_disclosure_effect_t *effect, unit_t unit)
{
    double std_dev = effect->number[PILOT_EFFECT_CONTROL_STD_DEV].value;
    if (effect->share)
        return (pilot_released_t){.mark = PILOT_MARK_SUPPRESSED};
    if (is_in_outcome_unit(effect))
        return round_number(std_dev, coarser(unit, mean_unit(d, effect)));
    return round_number(std_dev, unit_of(std_dev > 0 ? std_dev : 1));
}

static pilot_released_t round_effect(const pilot_disclosure_t *d, const subject_t *s,
                                     const pilot_disclosure_effect_t *effect,
                                     enum pilot_effect_number which, unit_t unit)
{
    double value = effect->number[which].value;
    switch (which) {
    case PILOT_EFFECT_ESTIMATE:
    case PILOT_EFFECT_STD_ERROR:
    case PILOT_EFFECT_CI_LOW:
    case PILOT_EFFECT_CI_HIGH:
    case PILOT_EFFECT_CI_RANDOMIZATION_LOW:
    case PILOT_EFFECT_CI_RANDOMIZATION_HIGH:
        return round_number(value, unit);
    case PILOT_EFFECT_STATISTIC:
        return round_number(value, (unit_t){1, -1});
    case PILOT_EFFECT_P_VALUE:
    case PILOT_EFFECT_P_RANDOMIZATION:
    case PILOT_EFFECT_P_RANDOMIZATION_MCSE:
    case PILOT_EFFECT_P_ADJUSTED:
        return round_p_value(value);
    case PILOT_EFFECT_CONTROL_MEAN:
    case PILOT_EFFECT_CONTROL_STD_DEV:
        /* The whole's mean is the levels' by their counts: where those are hidden, so are means. */
        if (is_shown(d, PATTERN_COUNTS, 0, s->variable, s->control, s->place) &&
            (s->variable == 0 ||
             is_shown(d, PATTERN_PRESENT, s->measure, s->variable, s->control, s->place)))
            return which == PILOT_EFFECT_CONTROL_MEAN ? round_mean(d, s, effect, unit)
                                                      : round_std_dev(d, effect, unit);
        break;
    default: /* df is a count in disguise */
        break;
    }
    return (pilot_released_t){.mark = PILOT_MARK_SUPPRESSED};
}

static unit_t find_unit(const pilot_disclosure_t *d, const subject_t *s,
                        const pilot_disclosure_effect_t *effect)
{
    unit_t unit = unit_of(effect->number[PILOT_EFFECT_STD_ERROR].value);
    if (!effect->share)
        return unit;
    if (effect->log_scale)
        return coarser(unit, (unit_t){1, -2});
    return coarser(unit, coarser(share_unit(d, s, s->arm), share_unit(d, s, s->control)));
}

/* n is the sum of what is told of the two arms, so it tells nothing more. */
static void release_counts(const pilot_disclosure_t *d, const subject_t *s,
                           const pilot_disclosure_effect_t *effect, pilot_released_t *ret_released)
{
    const pilot_number_in_t *number = effect->number;
    pilot_released_t arm = count_shown(d, s, s->arm), control = count_shown(d, s, s->control);
    if (number[PILOT_EFFECT_N_ARM].given)
        ret_released[PILOT_EFFECT_N_ARM] = arm;
    if (number[PILOT_EFFECT_N_CONTROL].given)
        ret_released[PILOT_EFFECT_N_CONTROL] = control;
    if (number[PILOT_EFFECT_N].given && arm.mark != PILOT_MARK_SUPPRESSED &&
        control.mark != PILOT_MARK_SUPPRESSED)
        ret_released[PILOT_EFFECT_N] = (pilot_released_t){.value = arm.value + control.value};
    if (s->place != d->members || !is_shown(d, PATTERN_COUNTS, 0, s->variable, s->arm, s->place))
        return;
    for (int i = PILOT_EFFECT_CLUSTERS; i <= PILOT_EFFECT_BLOCKS; i++)
        if (number[i].given && number[i].value >= d->minimum)
            ret_released[i] = round_count((int64_t)number[i].value, d->rule.round_to);
}

bool pilot_disclosure_release_effect(const pilot_disclosure_t *d,
                                     const pilot_disclosure_effect_t *effect,
                                     pilot_released_t ret_released[PILOT_EFFECT_NUMBERS])
{
    subject_t s;
    hide_all(effect->number, ret_released, PILOT_EFFECT_NUMBERS);
    if (!subject_find(d, &effect->key, &s))
        return false;
    bool gap = effect->key.estimand != NULL && strcmp(effect->key.estimand, "gap") == 0;
    const cell_t *cell = cell_find(d, s.measure, s.slot, s.arm, s.place);
    bool known = gap || (cell != NULL && (cell->flags & CELL_ROW));
    bool may = known && are_numbers_shown(d, &s, s.place);
    bool fit = may && is_row_fit(d, effect);
    if (fit) {
        unit_t unit = find_unit(d, &s, effect);
        for (int i = 0; i < PILOT_EFFECT_N; i++)
            if (effect->number[i].given)
                ret_released[i] = round_effect(d, &s, effect, i, unit);
    }
    if (known && !gap)
        release_counts(d, &s, effect, ret_released);
    return fit || (may && !effect->number[PILOT_EFFECT_ESTIMATE].given);
}

pilot_released_t pilot_disclosure_release_rows(const pilot_disclosure_t *d, const char *agency,
                                               int64_t submission)
{
    pilot_released_t rows = {.mark = PILOT_MARK_SUPPRESSED};
    subject_t s = {.place = disclosure_place(d, agency)};
    if (!d->decided || s.place >= d->members || d->member[s.place].submission != submission)
        return rows;
    double sum = 0;
    size_t arms = 0;
    for (uint32_t arm = 0; arm < d->arms.count; arm++) {
        if (table_find(&d->table, (column_key_t){0, 0, arm}) == NULL)
            continue; /* of earlier releases alone */
        pilot_released_t count = count_shown(d, &s, arm);
        if (count.mark == PILOT_MARK_SUPPRESSED)
            return rows;
        sum += count.value;
        arms++;
    }
    return arms == 0 ? rows : (pilot_released_t){.value = sum};
}

pilot_disclosure_summary_t pilot_disclosure_summarize(const pilot_disclosure_t *d)
{
    pilot_disclosure_summary_t summary = {0};
    for (size_t i = 0; i < d->table.count && d->decided; i++) {
        column_key_t key = d->table.column[i].key;
        if (key.measure == 0 || *d->measures.name[key.measure].other != '\0')
            continue;
        subject_t s = {
            .measure = key.measure, .slot = key.slot, .variable = disclosure_variable(d, key.slot)};
        for (s.place = 0; s.place <= d->members; s.place++) {
            uint32_t count = d->table.column[i].cell[s.place].count;
            summary.cells += count > 0;
            summary.sensitive += count > 0 && count < d->minimum;
            summary.hidden +=
                count > 0 && count_shown(d, &s, key.arm).mark == PILOT_MARK_SUPPRESSED;
        }
    }
    for (size_t i = 0; i < d->patterns.count; i++) {
        summary.pooled_tables++;
        summary.pooled_hidden += !d->patterns.pattern[i].pooled;
    }
    return summary;
}
