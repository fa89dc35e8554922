/* What is known of an analysis before anything is decided: agencies, and its rows as cells. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "pilot/memory.h"
#include "state.h"

pilot_disclosure_t *pilot_disclosure_new(const pilot_disclosure_rule_t *rule)
{
    pilot_disclosure_t *d = PILOT_NEW(pilot_disclosure_t);
    d->rule = *rule;
    d->control = NAME_NONE;
    d->minimum = rule->minimum_count < 1 ? 1
                 : rule->minimum_count > PILOT_DISCLOSURE_COUNT_MAX
                     ? (uint32_t)PILOT_DISCLOSURE_COUNT_MAX
                     : (uint32_t)rule->minimum_count;
    names_add(&d->measures, "", "");  /* 0: everybody */
    names_add(&d->slots, "", "");     /* 0: the whole sample */
    names_add(&d->variables, "", ""); /* 0: of the whole sample */
    return d;
}

void pilot_disclosure_free(pilot_disclosure_t *d)
{
    if (d == NULL)
        return;
    names_t *names[] = {&d->agencies,  &d->measures, &d->slots,
                        &d->variables, &d->arms,     &d->estimators};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        names_clear(names[i]);
    table_clear(&d->table);
    patterns_clear(&d->patterns);
    for (size_t i = 0; i < d->pasts; i++) {
        free(d->past[i].member);
        free(d->past[i].member_of);
        free(d->past[i].entity);
        table_clear(&d->past[i].table);
        patterns_clear(&d->past[i].patterns);
    }
    free(d->past);
    free(d->member);
    free(d->member_of);
    free(d->question);
    free(d);
}

/* ---- agencies ----------------------------------------------------------------------------------
 */

/* Has this question been asked? */
static bool is_asked(const pilot_disclosure_t *d, uint32_t entity, int64_t submission)
{
    for (size_t i = d->questions; i-- > 0 && d->question[i].entity == entity;) {
        const question_t *question = &d->question[i];
        if (d->past[question->release].member[question->member].submission == submission)
            return true;
    }
    return false;
}

static void ask(pilot_disclosure_t *d, uint32_t entity)
{
    for (uint32_t release = 0; release < d->pasts; release++) {
        const past_t *past = &d->past[release];
        uint32_t agency = d->member[entity].agency;
        uint32_t member = agency < past->names ? past->member_of[agency] : 0;
        if (member-- == 0 || past->member[member].submission == d->member[entity].submission ||
            is_asked(d, entity, past->member[member].submission))
            continue;
        d->question =
            pilot_grow(d->question, &d->question_capacity, d->questions + 1, sizeof(question_t));
        d->question[d->questions++] =
            (question_t){.entity = entity, .release = release, .member = member, .units = -1};
    }
}

pilot_status_t pilot_disclosure_submission(pilot_disclosure_t *d, const char *agency,
                                           int64_t submission, pilot_error_t *error)
{
    uint32_t name = names_add(&d->agencies, agency, "");
    size_t before = d->member_of_capacity;
    d->member_of =
        pilot_grow(d->member_of, &d->member_of_capacity, (size_t)name + 1, sizeof(uint32_t));
    for (size_t i = before; i < d->member_of_capacity; i++)
        d->member_of[i] = 0;
    if (d->table.count > 0 || d->member_of[name] != 0 || agency == NULL || *agency == '\0')
        return pilot_error_set(error, PILOT_E_BUG, "disclosure: an agency twice, or after a row");
    d->member = pilot_grow(d->member, &d->member_capacity, d->members + 1, sizeof(member_t));
    d->member[d->members] = (member_t){.agency = name, .submission = submission};
    d->member_of[name] = (uint32_t)++d->members;
    ask(d, (uint32_t)d->members - 1);
    return PILOT_OK;
}

size_t disclosure_place(const pilot_disclosure_t *d, const char *agency)
{
    if (agency == NULL || *agency == '\0')
        return d->members;
    uint32_t name = names_find(&d->agencies, agency, "");
    if (name == NAME_NONE || name >= d->member_of_capacity || d->member_of[name] == 0)
        return SIZE_MAX;
    return d->member_of[name] - 1;
}

bool pilot_disclosure_question(const pilot_disclosure_t *d, size_t index,
                               pilot_disclosure_question_t *ret_question)
{
    if (index >= d->questions)
        return false;
    const question_t *question = &d->question[index];
    const member_t *now = &d->member[question->entity];
    *ret_question = (pilot_disclosure_question_t){
        .agency = d->agencies.name[now->agency].text,
        .before = d->past[question->release].member[question->member].submission,
        .now = now->submission};
    return true;
}

void pilot_disclosure_changed(pilot_disclosure_t *d, size_t question, int64_t units)
{
    if (question < d->questions)
        d->question[question].units = units;
}

/* ---- rows --------------------------------------------------------------------------------------
 */

static cell_t *cell_at(pilot_disclosure_t *d, size_t place, uint32_t measure, uint32_t slot,
                       uint32_t arm)
{
    d->table.cells = d->members + 1;
    return &table_add(&d->table, (column_key_t){measure, slot, arm})->cell[place];
}

/* count: NULL where the row has none. */
static void add_count(pilot_disclosure_t *d, cell_t *cell, const pilot_number_in_t *count)
{
    cell->flags |= CELL_ROW;
    if (!count->given) {
        cell->flags |= CELL_UNKNOWN;
        return;
    }
    uint32_t value = (uint32_t)count->value;
    if (value > 0 && value < d->minimum)
        cell->flags |= CELL_TROUBLE; /* a row with fewer units than others is as sensitive */
    if (value > cell->count)
        cell->count = value;
}

static bool is_named(const char *name, const char *const *list)
{
    for (; *list != NULL; list++)
        if (name != NULL && strcmp(name, *list) == 0)
            return true;
    return false;
}

/* The arm's share, as far as the row tells: control's and the effect give it. */
static bool arm_share(const pilot_disclosure_effect_t *effect, double control, double *ret_share)
{
    static const char *const difference[] = {"difference_in_means", "ols",   "lin",
                                             "horvitz_thompson",    "hajek", NULL};
    static const char *const rank[] = {"rank", NULL};
    static const char *const risk[] = {"risk_ratio", NULL};
    static const char *const odds[] = {"odds_ratio", NULL};
    const char *estimator = effect->key.estimator;
    double estimate = effect->number[PILOT_EFFECT_ESTIMATE].value;
    if (!effect->number[PILOT_EFFECT_ESTIMATE].given)
        return false;
    if (is_named(estimator, difference))
        *ret_share = control + estimate;
    else if (is_named(estimator, rank))
        *ret_share = control + 2 * (estimate - 0.5);
    else if (is_named(estimator, risk))
        *ret_share = control * exp(estimate);
    else if (is_named(estimator, odds))
        *ret_share = control * exp(estimate) / (1 - control + control * exp(estimate));
    else
        return false;
    return true;
}

/* The smallest of what rows tell: estimators that adjust tell another share each. */
static void add_share(cell_t *cell, double share, const pilot_number_in_t *count)
{
    if (!count->given)
        return;
    share = share < 0 ? 0 : share > 1 ? 1 : share;
    uint32_t success = (uint32_t)(share * count->value + 0.5);
    uint32_t failure = (uint32_t)((1 - share) * count->value + 0.5);
    bool known = cell->flags & CELL_SHARE;
    cell->success = known && cell->success < success ? cell->success : success;
    cell->failure = known && cell->failure < failure ? cell->failure : failure;
    cell->flags |= CELL_SHARE;
    if ((uint32_t)count->value > cell->count)
        cell->count = (uint32_t)count->value;
}

static void add_shares(pilot_disclosure_t *d, const pilot_disclosure_effect_t *effect, size_t place,
                       uint32_t slot, const uint32_t arm[2])
{
    const pilot_number_in_t *mean = &effect->number[PILOT_EFFECT_CONTROL_MEAN];
    double share = 0;
    bool both = arm_share(effect, mean->value, &share);
    /* Of estimators that tell no share, a parameter is no category. */
    uint32_t measure =
        names_add(&d->measures, effect->key.outcome, both ? effect->key.parameter : "");
    cell_t *treated = cell_at(d, place, measure, slot, arm[0]);
    treated->flags |= CELL_ROW | CELL_IS_SHARE;
    if (mean->given && both)
        add_share(treated, share, &effect->number[PILOT_EFFECT_N_ARM]);
    cell_t *control = cell_at(d, place, measure, slot, arm[1]);
    control->flags |= CELL_ROW | CELL_IS_SHARE;
    if (mean->given)
        add_share(control, mean->value, &effect->number[PILOT_EFFECT_N_CONTROL]);
}

static bool dominates(const pilot_disclosure_t *d, const pilot_number_in_t *largest,
                      const pilot_number_in_t *total)
{
    return largest->given && total->given && total->value > 0 && d->rule.dominance_share > 0 &&
           largest->value > d->rule.dominance_share * total->value;
}

static bool is_count(const pilot_number_in_t *number)
{
    return !number->given ||
           (number->value >= 0 && number->value <= (double)PILOT_DISCLOSURE_COUNT_MAX &&
            number->value == floor(number->value));
}

static pilot_status_t check_row(const pilot_disclosure_t *d, const char *agency, size_t place,
                                pilot_error_t *error)
{
    if (d->decided)
        return pilot_error_set(error, PILOT_E_BUG, "disclosure: a row after the decision");
    if (place == SIZE_MAX)
        return pilot_error_set(error, PILOT_E_DATA,
                               "disclosure: agency '%s' has no submission in this release", agency);
    return PILOT_OK;
}

pilot_status_t pilot_disclosure_effect(pilot_disclosure_t *d,
                                       const pilot_disclosure_effect_t *effect,
                                       pilot_error_t *error)
{
    const pilot_disclosure_key_t *key = &effect->key;
    const pilot_number_in_t *number = effect->number;
    size_t place = disclosure_place(d, key->agency);
    pilot_status_t status = check_row(d, key->agency, place, error);
    if (status != PILOT_OK)
        return status;
    if (!is_count(&number[PILOT_EFFECT_N_ARM]) || !is_count(&number[PILOT_EFFECT_N_CONTROL]))
        return pilot_error_set(error, PILOT_E_DATA, "disclosure: a count out of bounds");
    if (key->estimand != NULL && strcmp(key->estimand, "gap") == 0)
        return PILOT_OK; /* of two levels: no counts of its own */
    uint32_t measure = names_add(&d->measures, key->outcome, "");
    uint32_t slot = names_add(&d->slots, key->subgroup, key->level);
    names_add(&d->variables, key->subgroup, "");
    uint32_t arm[2] = {names_add(&d->arms, key->arm, ""), names_add(&d->arms, key->control, "")};
    uint32_t estimator = names_add(&d->estimators, key->estimator, "");
    d->control = arm[1];
    d->has_agency_rows |= place != d->members;

    cell_t *treated = cell_at(d, place, measure, slot, arm[0]);
    add_count(d, treated, &number[PILOT_EFFECT_N_ARM]);
    if (number[PILOT_EFFECT_ESTIMATE].given)
        treated->estimators |= UINT64_C(1) << (estimator < 63 ? estimator : 63);
    bool few = number[PILOT_EFFECT_DF].given && number[PILOT_EFFECT_DF].value < d->rule.minimum_df;
    if (few || dominates(d, &effect->arm_largest, &effect->arm_total))
        treated->flags |= CELL_TROUBLE;
    cell_t *control = cell_at(d, place, measure, slot, arm[1]);
    add_count(d, control, &number[PILOT_EFFECT_N_CONTROL]);
    if (dominates(d, &effect->control_largest, &effect->control_total))
        control->flags |= CELL_TROUBLE;
    if (effect->share)
        add_shares(d, effect, place, slot, arm);
    return PILOT_OK;
}

pilot_status_t pilot_disclosure_arm_count(pilot_disclosure_t *d, const char *agency,
                                          const char *arm, int64_t rows, pilot_error_t *error)
{
    size_t place = disclosure_place(d, agency);
    pilot_status_t status = check_row(d, agency, place, error);
    if (status != PILOT_OK)
        return status;
    if (rows < 0 || rows > PILOT_DISCLOSURE_COUNT_MAX)
        return pilot_error_set(error, PILOT_E_DATA, "disclosure: a count out of bounds");
    cell_t *cell = cell_at(d, place, 0, 0, names_add(&d->arms, arm, ""));
    cell->flags |= CELL_ROW;
    if ((uint32_t)rows > cell->count)
        cell->count = (uint32_t)rows;
    return PILOT_OK;
}

/* ---- slots -------------------------------------------------------------------------------------
 */

uint32_t disclosure_variable(const pilot_disclosure_t *d, uint32_t slot)
{
    return names_find(&d->variables, d->slots.name[slot].text, "");
}

uint32_t *disclosure_levels(const pilot_disclosure_t *d, uint32_t variable, size_t *ret_count)
{
    uint32_t *slots = PILOT_NEW_ARRAY(uint32_t, d->slots.count + 1);
    size_t count = 0;
    for (uint32_t slot = 0; slot < d->slots.count; slot++) {
        if (disclosure_variable(d, slot) != variable)
            continue;
        size_t at = count++;
        for (; at > 0 && strcmp(d->slots.name[slots[at - 1]].other, d->slots.name[slot].other) > 0;
             at--)
            slots[at] = slots[at - 1];
        slots[at] = slot;
    }
    *ret_count = count;
    return slots;
}
