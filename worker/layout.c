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
        pilot_text_append_char(&key, layout->variable[i].category ? 'c' : 'n');
        append_to_key(&key, layout->variable[i].name);
    }
    layout->key_length = key.length;
    layout->key = pilot_text_take(&key);
}

pilot_layout_t *pilot_layout_new(const Pilot__Spec *spec)
{
    pilot_layout_t *layout = PILOT_NEW(pilot_layout_t);
    layout->pilot = pilot_strdup(spec->pilot);
    layout->arm_count = spec->n_arm;
    layout->arm = PILOT_NEW_ARRAY(char *, spec->n_arm);
    for (size_t i = 0; i < spec->n_arm; i++)
        layout->arm[i] = pilot_strdup(spec->arm[i]->label);
    layout->has_block = spec->has_block;
    layout->has_cluster = spec->has_cluster;
    layout->has_weight = spec->has_weight;
    layout->variable_count = spec->n_outcome + spec->n_covariate;
    layout->variable = PILOT_NEW_ARRAY(pilot_layout_variable_t, layout->variable_count);
    size_t next = 0;
    for (size_t i = 0; i < spec->n_outcome; i++)
        layout->variable[next++].name = pilot_strdup(spec->outcome[i]->name);
    for (size_t i = 0; i < spec->n_covariate; i++) {
        layout->variable[next].category =
            spec->covariate[i]->kind == PILOT__VARIABLE_KIND__CATEGORY;
        layout->variable[next++].name = pilot_strdup(spec->covariate[i]->name);
    }
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
    free(layout->pilot);
    free(layout->key);
    free(layout);
}
