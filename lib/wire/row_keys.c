#include "pilot/row_keys.h"

#include <stdlib.h>
#include <string.h>

#include "pilot/memory.h"
#include "pilot/text.h"

/* ---- slots ----------------------------------------------------------------------------------- */

typedef struct builder {
    pilot_row_slots_t *slots;
    size_t count, capacity;
} builder_t;

static void add_slot(builder_t *builder, pilot_row_slot_t slot)
{
    pilot_row_slots_t *slots = builder->slots;
    slots->slot =
        pilot_grow(slots->slot, &builder->capacity, builder->count + 1, sizeof *slots->slot);
    slots->slot[builder->count++] = slot;
}

static void add_categories(builder_t *builder, pilot_row_slot_t slot, const Pilot__Outcome *outcome)
{
    slot.by_category = true;
    slot.parameters = outcome->n_level;
    for (size_t i = 0; i < outcome->n_level; i++) {
        slot.parameter = outcome->level[i];
        slot.parameter_index = i;
        add_slot(builder, slot);
    }
}

static bool is_ordinal(const Pilot__Outcome *outcome)
{
    return strcmp(outcome->type, "ordinal") == 0;
}

static bool has_event(const Pilot__Outcome *outcome)
{
    return outcome->has_event && outcome->event;
}

static void add_estimator(builder_t *builder, pilot_estimator_t estimator, size_t outcome_index)
{
    const Pilot__Outcome *outcome = builder->slots->spec->outcome[outcome_index];
    const pilot_estimator_facts_t *facts = pilot_estimator_facts(estimator);
    pilot_row_slot_t slot = {.estimator = estimator,
                             .name = facts->name,
                             .estimand = facts->estimand,
                             .parameters = 1,
                             .defined = pilot_estimator_takes(estimator, outcome->type) &&
                                        (!facts->needs_event || has_event(outcome))};
    if (slot.defined && facts->by_category && is_ordinal(outcome)) {
        add_categories(builder, slot, outcome);
    } else if (slot.defined && facts->parameter) {
        slot.parameters = 0;
        while (facts->parameter[slot.parameters])
            slot.parameters++;
        for (; facts->parameter[slot.parameter_index]; slot.parameter_index++) {
            slot.parameter = facts->parameter[slot.parameter_index];
            add_slot(builder, slot);
        }
    } else {
        if (slot.defined && estimator == PILOT_RMST)
            slot.parameter = builder->slots->text[outcome_index];
        add_slot(builder, slot);
    }
}

/* Survival where there are events; ranks beside the shares of an ordinal outcome's categories. */
static void add_automatic(builder_t *builder, size_t outcome_index)
{
    const Pilot__Outcome *outcome = builder->slots->spec->outcome[outcome_index];
    pilot_row_slot_t linear = {.estimator = PILOT_ESTIMATORS,
                               .name = "auto",
                               .estimand = "itt",
                               .parameters = 1,
                               .defined = true};
    if (has_event(outcome)) {
        add_estimator(builder, PILOT_RMST, outcome_index);
        add_estimator(builder, PILOT_LOG_RANK, outcome_index);
    } else if (is_ordinal(outcome) && outcome->n_level > 0) {
        add_categories(builder, linear, outcome);
        add_estimator(builder, PILOT_RANK, outcome_index);
    } else {
        add_slot(builder, linear);
    }
}

/* The declared horizon as a parameter: shortest text that reads back. */
static char *horizon_text(const Pilot__Outcome *outcome)
{
    char buffer[PILOT_DOUBLE_SIZE];
    if (!outcome->has_horizon)
        return NULL;
    pilot_double_format(outcome->horizon, buffer);
    return pilot_strdup(buffer);
}

pilot_row_slots_t *pilot_row_slots_new(const Pilot__Spec *spec)
{
    pilot_row_slots_t *slots = PILOT_NEW(pilot_row_slots_t);
    builder_t builder = {.slots = slots};
    slots->spec = spec;
    slots->outcomes = spec->n_outcome;
    slots->treatments = spec->n_arm ? spec->n_arm - 1 : 0;
    slots->first = PILOT_NEW_ARRAY(size_t, spec->n_outcome + 1);
    slots->text = PILOT_NEW_ARRAY(char *, spec->n_outcome);
    for (size_t i = 0; i < spec->n_outcome; i++) {
        slots->text[i] = horizon_text(spec->outcome[i]);
        for (size_t k = 0; k < spec->n_estimator; k++) {
            pilot_estimator_t estimator = pilot_estimator_from_name(spec->estimator[k]);
            if (estimator < PILOT_ESTIMATORS)
                add_estimator(&builder, estimator, i);
        }
        if (spec->n_estimator == 0)
            add_automatic(&builder, i);
        slots->first[i + 1] = builder.count;
    }
    return slots;
}

void pilot_row_slots_free(pilot_row_slots_t *slots)
{
    if (!slots)
        return;
    for (size_t i = 0; i < slots->outcomes; i++)
        free(slots->text[i]);
    free(slots->text);
    free(slots->slot);
    free(slots->first);
    free(slots);
}

Pilot__JobKind pilot_row_job(const pilot_row_slot_t *slot)
{
    if (slot->estimator == PILOT_ESTIMATORS || !slot->defined)
        return PILOT__JOB_KIND__POOL;
    const pilot_estimator_facts_t *facts = pilot_estimator_facts(slot->estimator);
    if (facts->family == PILOT_FAMILY_CONTRAST)
        return PILOT__JOB_KIND__WHOLE;
    return facts->family == PILOT_FAMILY_REGRESSION && facts->computed ? PILOT__JOB_KIND__FINISH
                                                                       : PILOT__JOB_KIND__POOL;
}

bool pilot_row_has_estimator(const pilot_row_slots_t *slots, size_t outcome,
                             pilot_estimator_t estimator)
{
    for (size_t i = slots->first[outcome]; i < slots->first[outcome + 1]; i++)
        if (slots->slot[i].estimator == estimator && slots->slot[i].defined)
            return true;
    return false;
}

bool pilot_row_is_whole(const pilot_row_slots_t *slots, size_t outcome)
{
    for (size_t i = slots->first[outcome]; i < slots->first[outcome + 1]; i++)
        if (pilot_row_job(&slots->slot[i]) == PILOT__JOB_KIND__WHOLE)
            return true;
    return false;
}

/* ---- keys ------------------------------------------------------------------------------------ */

pilot_row_keys_t pilot_row_keys_begin(const pilot_row_slots_t *slots, const size_t *subgroup,
                                      size_t levels)
{
    return (pilot_row_keys_t){.slots = slots, .subgroup = subgroup, .levels = levels, .arm = 1};
}

/* A level behind its subgroup's first has. */
bool pilot_row_keys_has_gap(const pilot_row_keys_t *keys, size_t subset)
{
    return keys->gaps && subset > 1 && keys->subgroup[subset - 1] == keys->subgroup[subset - 2];
}

/* Where the next row is looked for, once a subset is through. */
static void go_to_next_subset(pilot_row_keys_t *keys)
{
    keys->subset++;
    while (keys->in_gaps && keys->subset <= keys->levels &&
           !pilot_row_keys_has_gap(keys, keys->subset))
        keys->subset++;
    if (keys->subset <= keys->levels)
        return;
    if (keys->gaps && !keys->in_gaps) {
        keys->in_gaps = true;
        keys->subset = 0;
        go_to_next_subset(keys); /* once: in_gaps is set */
        return;
    }
    keys->in_gaps = false;
    keys->subset = 0;
    keys->outcome++;
}

bool pilot_row_keys_next(pilot_row_keys_t *keys, pilot_row_key_t *ret_key)
{
    const pilot_row_slots_t *slots = keys->slots;
    while (keys->outcome < slots->outcomes &&
           slots->first[keys->outcome] == slots->first[keys->outcome + 1])
        keys->outcome++;
    if (keys->outcome >= slots->outcomes || slots->treatments == 0)
        return false;
    const pilot_row_slot_t *slot = &slots->slot[slots->first[keys->outcome] + keys->slot];
    *ret_key = (pilot_row_key_t){.ordinal = keys->next++,
                                 .outcome = keys->outcome,
                                 .subset = keys->subset,
                                 .arm = keys->arm,
                                 .slot = slot,
                                 .estimator = slot->name,
                                 .estimand = keys->in_gaps ? "gap" : slot->estimand,
                                 .parameter = slot->parameter,
                                 .gap = keys->in_gaps};
    if (slots->first[keys->outcome] + ++keys->slot < slots->first[keys->outcome + 1])
        return true;
    keys->slot = 0;
    if (++keys->arm <= slots->treatments)
        return true;
    keys->arm = 1;
    go_to_next_subset(keys);
    return true;
}

/* Gaps of levels before this subset. */
static size_t gaps_before(const pilot_row_keys_t *keys, size_t subset)
{
    size_t gaps = 0;
    for (size_t i = 1; i < subset; i++)
        gaps += pilot_row_keys_has_gap(keys, i);
    return gaps;
}

static size_t subsets_with_gaps(const pilot_row_keys_t *keys)
{
    return 1 + keys->levels + gaps_before(keys, keys->levels + 1);
}

uint32_t pilot_row_keys_count(const pilot_row_keys_t *keys)
{
    return (uint32_t)(subsets_with_gaps(keys) * keys->slots->treatments *
                      keys->slots->first[keys->slots->outcomes]);
}

uint32_t pilot_row_keys_ordinal(const pilot_row_keys_t *keys, size_t outcome, size_t subset,
                                size_t arm, size_t slot, bool gap)
{
    const pilot_row_slots_t *slots = keys->slots;
    size_t first = slots->first[outcome], count = slots->first[outcome + 1] - first;
    size_t place = gap ? 1 + keys->levels + gaps_before(keys, subset) : subset;
    size_t before = subsets_with_gaps(keys) * slots->treatments * first;
    return (uint32_t)(before + (place * slots->treatments + arm - 1) * count + slot - first);
}

/* ---- bounds that nobody asked for -------------------------------------------------------------
 */

bool pilot_row_may_have_bounds(const pilot_row_slots_t *slots, size_t outcome)
{
    return !pilot_row_has_estimator(slots, outcome, PILOT_LEE_BOUNDS) &&
           pilot_estimator_facts(PILOT_LEE_BOUNDS)->computed &&
           pilot_estimator_takes(PILOT_LEE_BOUNDS, slots->spec->outcome[outcome]->type);
}

pilot_row_key_t pilot_row_bounds_key(const pilot_row_keys_t *keys, size_t outcome, size_t arm,
                                     size_t which)
{
    static const pilot_row_slot_t bound[] = {{.estimator = PILOT_LEE_BOUNDS,
                                              .name = "lee_bounds",
                                              .estimand = "itt",
                                              .parameter = "lower",
                                              .parameters = 2,
                                              .defined = true},
                                             {.estimator = PILOT_LEE_BOUNDS,
                                              .name = "lee_bounds",
                                              .estimand = "itt",
                                              .parameter = "upper",
                                              .parameter_index = 1,
                                              .parameters = 2,
                                              .defined = true}};
    const pilot_row_slot_t *slot = &bound[which];
    size_t place = (outcome * keys->slots->treatments + arm - 1) * 2 + which;
    return (pilot_row_key_t){.ordinal = pilot_row_keys_count(keys) + (uint32_t)place,
                             .outcome = outcome,
                             .arm = arm,
                             .slot = slot,
                             .estimator = slot->name,
                             .estimand = slot->estimand,
                             .parameter = slot->parameter};
}
