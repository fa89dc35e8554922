#include "layout.h"

#include <stdlib.h>
#include <string.h>

#include "pilot/memory.h"
#include "pilot/text.h"

enum { FIXED_FIELDS = 3 };

/* Names are told apart by their length, so no choice of names makes two layouts one. */
static void append_to_key(pilot_text_t *key, const char *name)
{
    pilot_text_appendf(key, "%zu:%s,", strlen(name), name);
}

static void make_key(pilot_layout_t *layout)
{
    pilot_text_t key = PILOT_TEXT_INIT;
    append_to_key(&key, layout->pilot);
    for (size_t i = 0; i < layout->arm_count; i++)
        append_to_key(&key, layout->arm[i]);
    pilot_text_appendf(&key, ";%d%d%d;", layout->has_block, layout->has_cluster,
                       layout->has_weight);
    for (size_t i = 0; i < layout->variable_count; i++) {
        const pilot_layout_variable_t *variable = &layout->variable[i];
        pilot_text_append_char(&key, variable->category ? 'c' : variable->received ? 'r' : 'n');
        append_to_key(&key, layout->variable[i].name);
    }
    layout->key_length = key.length;
    layout->key = pilot_text_take(&key);
}

static size_t add_variable(pilot_layout_t *layout, const char *name)
{
    layout->variable[layout->variable_count].name = pilot_strdup(name);
    return layout->variable_count++;
}

static bool needs_event(const pilot_row_slots_t *slots, size_t outcome)
{
    for (size_t i = slots->first[outcome]; i < slots->first[outcome + 1]; i++) {
        const pilot_row_slot_t *slot = &slots->slot[i];
        if (slot->defined && slot->estimator < PILOT_ESTIMATORS &&
            pilot_estimator_facts(slot->estimator)->needs_event)
            return true;
    }
    return false;
}

/* What estimators need beside outcomes and covariates. */
static void add_needs(pilot_layout_t *layout, const pilot_row_slots_t *slots)
{
    const Pilot__Spec *spec = slots->spec;
    bool received = false;
    for (size_t i = 0; i < spec->n_outcome; i++) {
        layout->event[i] = PILOT_NO_VARIABLE;
        if (needs_event(slots, i)) {
            char *name PILOT_AUTOFREE = pilot_format("%s_event", spec->outcome[i]->name);
            layout->event[i] = add_variable(layout, name);
        }
    }
    for (size_t i = 0; i < slots->first[slots->outcomes]; i++) {
        if (slots->slot[i].estimator == PILOT_ESTIMATORS)
            continue;
        const pilot_estimator_facts_t *facts = pilot_estimator_facts(slots->slot[i].estimator);
        received |= facts->needs_received && spec->has_received;
    }
    layout->probability = layout->received = PILOT_NO_VARIABLE;
    /* For checks, even where no estimator takes it. */
    if (spec->has_probability && spec->probability)
        layout->probability = add_variable(layout, "pilot_probability");
    if (received) {
        layout->received = add_variable(layout, "pilot_received");
        layout->variable[layout->received].received = true;
    }
}

pilot_layout_t *pilot_layout_new(const pilot_row_slots_t *slots)
{
    const Pilot__Spec *spec = slots->spec;
    pilot_layout_t *layout = PILOT_NEW(pilot_layout_t);
    layout->pilot = pilot_strdup(spec->pilot);
    layout->arm_count = spec->n_arm;
    layout->arm = PILOT_NEW_ARRAY(char *, spec->n_arm);
    for (size_t i = 0; i < spec->n_arm; i++)
        layout->arm[i] = pilot_strdup(spec->arm[i]->label);
    layout->has_block = spec->has_block;
    layout->has_cluster = spec->has_cluster;
    layout->has_weight = spec->has_weight;
    layout->variable =
        PILOT_NEW_ARRAY(pilot_layout_variable_t, 2 * spec->n_outcome + spec->n_covariate + 2);
    layout->event = PILOT_NEW_ARRAY(size_t, spec->n_outcome);
    for (size_t i = 0; i < spec->n_outcome; i++)
        add_variable(layout, spec->outcome[i]->name);
    for (size_t i = 0; i < spec->n_covariate; i++)
        layout->variable[add_variable(layout, spec->covariate[i]->name)].category =
            spec->covariate[i]->kind == PILOT__VARIABLE_KIND__CATEGORY;
    add_needs(layout, slots);
    layout->fields = FIXED_FIELDS + (size_t)layout->has_block + (size_t)layout->has_cluster +
                     (size_t)layout->has_weight + layout->variable_count;
    make_key(layout);
    return layout;
}

void pilot_layout_free(pilot_layout_t *layout)
{
    if (!layout)
        return;
    for (size_t i = 0; i < layout->arm_count; i++)
        free(layout->arm[i]);
    for (size_t i = 0; i < layout->variable_count; i++)
        free(layout->variable[i].name);
    free(layout->arm);
    free(layout->variable);
    free(layout->event);
    free(layout->pilot);
    free(layout->key);
    free(layout);
}
