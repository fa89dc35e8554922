/* The numbers that may be shown of rows that are made of effects (comparisons, agencies) and of
 * checks (quality). */
#include <math.h>
#include <string.h>

#include "pilot/memory.h"
#include "shown.h"

/* Fewer agencies than this with a hidden effect could be solved for. */
enum { HIDDEN_EFFECTS_MIN = 3 };
/* Fewer agencies than this with a hidden count could be solved for: an average by people, its
 * error, its df and the people of all together are four equations. */
enum { HIDDEN_WEIGHTS_MIN = 6 };
/* An attribute's levels of fewer agencies are not told apart. */
enum { FEWEST_AGENCIES = 3 };

static bool any_shown(const pilot_released_t *released, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (released[i].mark == PILOT_MARK_SHOWN || released[i].mark == PILOT_MARK_LOW)
            return true;
    return false;
}

static pilot_released_t round_two_digits(double value)
{
    return round_number(value, unit_of(value == 0 || !isfinite(value) ? 1 : fabs(value)));
}

static const char *const linear[] = {"difference_in_means", "ols", "lin"};
enum { LINEAR = sizeof linear / sizeof *linear };

static uint64_t bit_of(const pilot_disclosure_t *d, const char *estimator)
{
    uint32_t number = names_find(&d->estimators, estimator, "");
    return number == NAME_NONE ? 0 : UINT64_C(1) << (number < 63 ? number : 63);
}

/* Under `auto` each agency has one of these. */
static uint64_t linear_bits(const pilot_disclosure_t *d)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < LINEAR; i++)
        bits |= bit_of(d, linear[i]);
    return bits;
}

static bool is_linear(const char *estimator)
{
    for (size_t i = 0; i < LINEAR; i++)
        if (estimator != NULL && strcmp(estimator, linear[i]) == 0)
            return true;
    return false;
}

/* Whose effects a comparison is made of: of a name that no agency has, all. */
static uint64_t compared_bits(const pilot_disclosure_t *d, const char *estimator)
{
    bool is_auto = estimator != NULL && strcmp(estimator, "auto") == 0;
    uint64_t bits = is_auto ? linear_bits(d) : bit_of(d, estimator);
    return bits == 0 ? UINT64_MAX : bits;
}

/* Agencies that have such an effect but do not show it.  Every agency's row asks for the same, so
 * the column remembers. */
static size_t count_hidden(const pilot_disclosure_t *d, const subject_t *s, uint64_t bits)
{
    column_t *column = table_find(&d->table, (column_key_t){s->measure, s->slot, s->arm});
    if (column == NULL)
        return 0;
    for (size_t i = 0; i < column->hiddens; i++)
        if (column->hidden[i].control == s->control && column->hidden[i].estimators == bits)
            return column->hidden[i].count;
    size_t count = 0;
    for (size_t e = 0; e < d->members; e++)
        count += (column->cell[e].estimators & bits) && !are_numbers_shown(d, s, e);
    column->hidden = pilot_grow(column->hidden, &column->hidden_capacity, column->hiddens + 1,
                                sizeof(hidden_effects_t));
    column->hidden[column->hiddens++] = (hidden_effects_t){s->control, bits, count};
    return count;
}

/* May anything that is made of all agencies' effects be shown? */
static bool is_comparable(const pilot_disclosure_t *d, const subject_t *s, size_t hidden)
{
    return are_numbers_shown(d, s, d->members) && (hidden == 0 || hidden >= HIDDEN_EFFECTS_MIN);
}

static pilot_released_t round_comparison(enum pilot_comparison_number which, double value,
                                         unit_t unit, size_t hidden)
{
    switch (which) {
    case PILOT_COMPARISON_K:
    case PILOT_COMPARISON_DF:
    case PILOT_COMPARISON_Q_DF:
        return round_number(value, (unit_t){1, 0});
    case PILOT_COMPARISON_ESTIMATE:
    case PILOT_COMPARISON_STD_ERROR:
    case PILOT_COMPARISON_CI_LOW:
    case PILOT_COMPARISON_CI_HIGH:
    case PILOT_COMPARISON_PI_LOW:
    case PILOT_COMPARISON_PI_HIGH:
        return round_number(value, unit);
    case PILOT_COMPARISON_P_VALUE:
        return round_p_value(value);
    case PILOT_COMPARISON_TAU2:
        return round_two_digits(value);
    case PILOT_COMPARISON_STATISTIC:
        return round_number(value, (unit_t){1, -1});
    default:
        break;
    }
    if (hidden > 0) /* one more equation each */
        return (pilot_released_t){.mark = PILOT_MARK_SUPPRESSED};
    if (which == PILOT_COMPARISON_Q_P_VALUE)
        return round_p_value(value);
    return round_two_digits(value);
}

bool pilot_disclosure_release_comparison(const pilot_disclosure_t *d,
                                         const pilot_disclosure_key_t *key, bool headline,
                                         const pilot_number_in_t number[PILOT_COMPARISON_NUMBERS],
                                         pilot_released_t ret_released[PILOT_COMPARISON_NUMBERS])
{
    subject_t s;
    pilot_disclosure_key_t pooled = *key;
    pooled.agency = NULL;
    hide_all(number, ret_released, PILOT_COMPARISON_NUMBERS);
    if (!subject_find(d, &pooled, &s))
        return false;
    size_t hidden = count_hidden(d, &s, compared_bits(d, key->estimator));
    pilot_number_in_t error = number[PILOT_COMPARISON_STD_ERROR];
    if (!is_comparable(d, &s, hidden) || (hidden > 0 && !headline) || !error.given ||
        !isfinite(error.value) || error.value <= 0)
        return false;
    unit_t unit = unit_of(error.value);
    for (int i = 0; i < PILOT_COMPARISON_NUMBERS; i++)
        if (number[i].given)
            ret_released[i] = round_comparison(i, number[i].value, unit, hidden);
    return any_shown(ret_released, PILOT_COMPARISON_NUMBERS);
}

static pilot_released_t round_agency(enum pilot_agency_number which, double value, unit_t unit)
{
    switch (which) {
    case PILOT_AGENCY_RANK:
    case PILOT_AGENCY_RANK_LOW:
    case PILOT_AGENCY_RANK_HIGH:
    case PILOT_AGENCY_RANK_SIMULTANEOUS_LOW:
    case PILOT_AGENCY_RANK_SIMULTANEOUS_HIGH:
        return round_number(value, (unit_t){1, 0});
    case PILOT_AGENCY_WEIGHT:
    case PILOT_AGENCY_HAT:
        return round_two_digits(value);
    case PILOT_AGENCY_P_EXCEEDS:
    case PILOT_AGENCY_COOKS_DISTANCE:
    case PILOT_AGENCY_DFBETAS:
        return round_number(value, (unit_t){1, -2});
    case PILOT_AGENCY_STD_RESIDUAL:
        return round_number(value, (unit_t){1, -1});
    default:
        return round_number(value, unit);
    }
}

bool pilot_disclosure_release_agency(const pilot_disclosure_t *d, const pilot_disclosure_key_t *key,
                                     const pilot_number_in_t number[PILOT_AGENCY_NUMBERS],
                                     pilot_released_t ret_released[PILOT_AGENCY_NUMBERS])
{
    subject_t s;
    hide_all(number, ret_released, PILOT_AGENCY_NUMBERS);
    pilot_number_in_t error = number[PILOT_AGENCY_STD_ERROR];
    if (!subject_find(d, key, &s) || s.place >= d->members || !are_numbers_shown(d, &s, s.place) ||
        !error.given || !isfinite(error.value) || error.value <= 0)
        return false;
    unit_t unit = unit_of(error.value);
    const cell_t *cell = cell_find(d, s.measure, s.slot, s.arm, s.place);
    if (cell != NULL && (cell->flags & CELL_IS_SHARE))
        unit = coarser(unit, coarser(share_unit(d, &s, s.arm), share_unit(d, &s, s.control)));
    /* The row does not tell whether it was compared with its like or, by `auto`, with all linear
     * ones: what is made of others must be fit to be told in both cases. */
    size_t hidden = count_hidden(d, &s, compared_bits(d, key->estimator));
    size_t mixed = is_linear(key->estimator) ? count_hidden(d, &s, linear_bits(d)) : hidden;
    bool comparable = is_comparable(d, &s, hidden) && is_comparable(d, &s, mixed);
    bool all = comparable && hidden == 0 && mixed == 0;
    for (int i = 0; i < PILOT_AGENCY_NUMBERS; i++) {
        bool own = i == PILOT_AGENCY_ESTIMATE || i == PILOT_AGENCY_STD_ERROR;
        bool needs_all = i >= PILOT_AGENCY_RANK;
        if (number[i].given && (own || (needs_all ? all : comparable)))
            ret_released[i] = round_agency(i, number[i].value, unit);
    }
    return true;
}

/* ---- of every agency's effect ------------------------------------------------------------------
 */

/* May it be told of, whatever the row does not say of what it was made of? */
static bool is_all_shown(const pilot_disclosure_t *d, const pilot_disclosure_key_t *key)
{
    subject_t s;
    pilot_disclosure_key_t pooled = *key;
    pooled.agency = NULL;
    if (!subject_find(d, &pooled, &s) || !are_numbers_shown(d, &s, d->members))
        return false;
    return count_hidden(d, &s, compared_bits(d, key->estimator)) == 0 &&
           (!is_linear(key->estimator) || count_hidden(d, &s, linear_bits(d)) == 0);
}

/* Of a row with a standard error; 0 digits to say where there is none. */
static unit_t unit_of_error(pilot_number_in_t error)
{
    bool usable = error.given && isfinite(error.value) && error.value > 0;
    return usable ? unit_of(error.value) : (unit_t){1, 0};
}

/* May what is weighted by people be told?  Not if it could be solved for the counts that are hidden
 * of few agencies. */
static bool are_weights_told(const pilot_disclosure_t *d, const pilot_disclosure_key_t *key)
{
    subject_t s;
    pilot_disclosure_key_t pooled = *key;
    pooled.agency = NULL;
    if (!subject_find(d, &pooled, &s))
        return false;
    const column_t *column = table_find(&d->table, (column_key_t){s.measure, s.slot, s.arm});
    uint64_t bits = compared_bits(d, key->estimator);
    size_t hidden = 0;
    for (s.place = 0; column != NULL && s.place < d->members; s.place++)
        hidden += (column->cell[s.place].estimators & bits) &&
                  (count_shown(d, &s, s.arm).mark == PILOT_MARK_SUPPRESSED ||
                   count_shown(d, &s, s.control).mark == PILOT_MARK_SUPPRESSED);
    return hidden == 0 || hidden >= HIDDEN_WEIGHTS_MIN;
}

bool pilot_disclosure_release_average(const pilot_disclosure_t *d,
                                      const pilot_disclosure_key_t *key, bool by_people,
                                      const pilot_number_in_t number[PILOT_AVERAGE_NUMBERS],
                                      pilot_released_t ret_released[PILOT_AVERAGE_NUMBERS])
{
    hide_all(number, ret_released, PILOT_AVERAGE_NUMBERS);
    if (!is_all_shown(d, key) || (by_people && !are_weights_told(d, key)))
        return false;
    unit_t unit = unit_of_error(number[PILOT_AVERAGE_STD_ERROR]);
    for (int i = 0; i < PILOT_AVERAGE_NUMBERS; i++) {
        if (!number[i].given)
            continue;
        if (i == PILOT_AVERAGE_K || i == PILOT_AVERAGE_DF)
            ret_released[i] = round_number(number[i].value, (unit_t){1, 0});
        else if (i == PILOT_AVERAGE_STATISTIC)
            ret_released[i] = round_number(number[i].value, (unit_t){1, -1});
        else if (i == PILOT_AVERAGE_P_VALUE)
            ret_released[i] = round_p_value(number[i].value);
        else
            ret_released[i] = round_number(number[i].value, unit);
    }
    return true;
}

static pilot_released_t round_moderator(enum pilot_moderator_number which, double value,
                                        unit_t unit)
{
    switch (which) {
    case PILOT_MODERATOR_K:
    case PILOT_MODERATOR_DF:
    case PILOT_MODERATOR_DF_RESIDUAL:
        return round_number(value, (unit_t){1, 0});
    case PILOT_MODERATOR_ESTIMATE:
    case PILOT_MODERATOR_STD_ERROR:
    case PILOT_MODERATOR_CI_LOW:
    case PILOT_MODERATOR_CI_HIGH:
        return round_number(value, unit);
    case PILOT_MODERATOR_STATISTIC:
        return round_number(value, (unit_t){1, -1});
    case PILOT_MODERATOR_P_VALUE:
        return round_p_value(value);
    default:
        return round_two_digits(value);
    }
}

bool pilot_disclosure_release_moderator(const pilot_disclosure_t *d,
                                        const pilot_disclosure_key_t *key, pilot_number_in_t fewest,
                                        const pilot_number_in_t number[PILOT_MODERATOR_NUMBERS],
                                        pilot_released_t ret_released[PILOT_MODERATOR_NUMBERS])
{
    hide_all(number, ret_released, PILOT_MODERATOR_NUMBERS);
    if (!is_all_shown(d, key) || (fewest.given && fewest.value < FEWEST_AGENCIES))
        return false;
    unit_t unit = unit_of_error(number[PILOT_MODERATOR_STD_ERROR]);
    for (int i = 0; i < PILOT_MODERATOR_NUMBERS; i++)
        if (number[i].given)
            ret_released[i] = round_moderator(i, number[i].value, unit);
    return true;
}

bool pilot_disclosure_release_share(const pilot_disclosure_t *d, const pilot_disclosure_key_t *key,
                                    const pilot_number_in_t number[PILOT_SHARE_NUMBERS],
                                    pilot_released_t ret_released[PILOT_SHARE_NUMBERS])
{
    hide_all(number, ret_released, PILOT_SHARE_NUMBERS);
    if (number[PILOT_SHARE_THRESHOLD].given)
        ret_released[PILOT_SHARE_THRESHOLD] =
            (pilot_released_t){.value = number[PILOT_SHARE_THRESHOLD].value};
    if (!is_all_shown(d, key))
        return false;
    for (int i = PILOT_SHARE_K; i < PILOT_SHARE_NUMBERS; i++)
        if (number[i].given)
            ret_released[i] =
                round_number(number[i].value, (unit_t){1, i == PILOT_SHARE_K ? 0 : -2});
    return true;
}

/* ---- quality -----------------------------------------------------------------------------------
 */

/* Which of a check's numbers may be shown, and how. */
typedef enum value_kind {
    VALUE_HIDDEN,
    VALUE_COUNT,  /* rows of the arm */
    VALUE_SHARE,  /* of the arm's rows */
    VALUE_RATIO,  /* of all arms' rows */
    VALUE_COARSE, /* in steps of a tenth */
    VALUE_TWO_DIGITS
} value_kind_t;

typedef enum check_scope {
    SCOPE_ARM,      /* counts of its arm */
    SCOPE_CONTRAST, /* counts of its arm and control */
    SCOPE_ALL,      /* counts of all arms */
    SCOPE_PRESENT,  /* who has the outcome, of its arm and control */
    SCOPE_NUMBERS   /* the outcome's numbers, of its arm and control */
} check_scope_t;

static const struct check {
    const char *name;
    check_scope_t scope;
    value_kind_t value;
    bool of_covariates; /* whose counts no rule knows: shown of everybody alone, and no test */
    bool statistic_is_plan;
} checks[] = {
    {"count", SCOPE_ARM, VALUE_COUNT, false, false},
    {"sample_ratio", SCOPE_ALL, VALUE_RATIO, false, false},
    {"treated_share", SCOPE_CONTRAST, VALUE_RATIO, false, false},
    {"design_check", SCOPE_ALL, VALUE_HIDDEN, false, false},
    {"attrition", SCOPE_PRESENT, VALUE_SHARE, false, false},
    {"balance", SCOPE_CONTRAST, VALUE_COARSE, true, false},
    {"variance_ratio", SCOPE_CONTRAST, VALUE_TWO_DIGITS, true, false},
    {"balance_omnibus", SCOPE_CONTRAST, VALUE_COARSE, true, false},
    {"attrition_covariates", SCOPE_PRESENT, VALUE_HIDDEN, true, false},
    {"minimum_detectable_effect", SCOPE_NUMBERS, VALUE_TWO_DIGITS, false, true},
};

static const struct check *find_check(const char *name)
{
    for (size_t i = 0; name != NULL && i < sizeof checks / sizeof *checks; i++)
        if (strcmp(checks[i].name, name) == 0)
            return &checks[i];
    return NULL;
}

bool pilot_disclosure_is_quality_told(const char *agency, const char *check_name)
{
    const struct check *check = find_check(check_name);
    return agency == NULL || check == NULL || !check->of_covariates;
}

static bool is_arm_shown(const pilot_disclosure_t *d, check_scope_t scope, const subject_t *s,
                         uint32_t arm)
{
    if (!is_shown(d, PATTERN_COUNTS, 0, 0, arm, s->place))
        return false;
    if (scope == SCOPE_PRESENT)
        return is_shown(d, PATTERN_PRESENT, s->measure, 0, arm, s->place);
    if (scope == SCOPE_NUMBERS)
        return is_shown(d, PATTERN_NUMBERS, s->measure, 0, arm, s->place);
    return true;
}

static bool is_check_shown(const pilot_disclosure_t *d, check_scope_t scope, const subject_t *s)
{
    if (scope == SCOPE_ALL) {
        for (uint32_t arm = 0; arm < d->arms.count; arm++)
            if (table_find(&d->table, (column_key_t){0, 0, arm}) != NULL &&
                !is_arm_shown(d, scope, s, arm))
                return false;
        return true;
    }
    if (s->arm == NAME_NONE || !is_arm_shown(d, scope, s, s->arm))
        return false;
    return scope == SCOPE_ARM || (d->control != NAME_NONE && is_arm_shown(d, scope, s, d->control));
}

/* Of shares among all arms' rows, the arm's own count must be rounded: it has the fewest. */
static pilot_released_t round_value(const pilot_disclosure_t *d, const subject_t *s,
                                    value_kind_t kind, double value)
{
    switch (kind) {
    case VALUE_COUNT:
        return count_shown(d, s, s->arm);
    case VALUE_SHARE:
    case VALUE_RATIO:
        if (s->arm != NAME_NONE)
            return round_number(value, share_unit(d, s, s->arm));
        break;
    case VALUE_COARSE:
        return round_number(value, (unit_t){1, -1});
    case VALUE_TWO_DIGITS:
        return round_two_digits(value);
    case VALUE_HIDDEN:
        break;
    }
    return (pilot_released_t){.mark = PILOT_MARK_SUPPRESSED};
}

/* A difference in a covariate with a statistic or p, and n, is an equation for the counts of its
 * levels: with three arms most counts below the minimum could be solved for. */
bool pilot_disclosure_release_quality(const pilot_disclosure_t *d, const char *agency,
                                      const char *check_name, const char *arm, const char *variable,
                                      const pilot_number_in_t number[PILOT_QUALITY_NUMBERS],
                                      pilot_released_t ret_released[PILOT_QUALITY_NUMBERS])
{
    const struct check *check = find_check(check_name);
    subject_t s = {.place = disclosure_place(d, agency),
                   .arm = names_find(&d->arms, arm, ""),
                   .control = d->control};
    bool of_outcome = check != NULL && check->scope >= SCOPE_PRESENT;
    s.measure = of_outcome ? names_find(&d->measures, variable, "") : 0;
    /* Not even that there is no such number: that nobody lacks the outcome, say. */
    for (int i = 0; i < PILOT_QUALITY_NUMBERS; i++)
        ret_released[i] = (pilot_released_t){.mark = PILOT_MARK_SUPPRESSED};
    if (check == NULL || !d->decided || s.place == SIZE_MAX || s.measure == NAME_NONE ||
        (check->of_covariates && s.place != d->members) || !is_check_shown(d, check->scope, &s))
        return false;
    hide_all(number, ret_released, PILOT_QUALITY_NUMBERS);
    if (number[PILOT_QUALITY_VALUE].given)
        ret_released[PILOT_QUALITY_VALUE] =
            round_value(d, &s, check->value, number[PILOT_QUALITY_VALUE].value);
    pilot_number_in_t statistic = number[PILOT_QUALITY_STATISTIC];
    if (statistic.given && check->statistic_is_plan)
        ret_released[PILOT_QUALITY_STATISTIC] = (pilot_released_t){.value = statistic.value};
    else if (statistic.given && !check->of_covariates)
        ret_released[PILOT_QUALITY_STATISTIC] = round_number(statistic.value, (unit_t){1, -1});
    if (number[PILOT_QUALITY_P_VALUE].given && !check->of_covariates)
        ret_released[PILOT_QUALITY_P_VALUE] = round_p_value(number[PILOT_QUALITY_P_VALUE].value);
    return any_shown(ret_released, PILOT_QUALITY_NUMBERS);
}
