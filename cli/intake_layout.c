#include "intake_layout.h"

#include <stdlib.h>
#include <string.h>

#include "pilot/memory.h"

static pilot_place_t place_of(pilot_value_kind_t kind)
{
    switch (kind) {
    case PILOT_VALUE_UNIT:
        return PILOT_PLACE_UNIT;
    case PILOT_VALUE_ARM:
        return PILOT_PLACE_ARM;
    case PILOT_VALUE_CODE:
    case PILOT_VALUE_CATEGORY:
        return PILOT_PLACE_TEXT;
    case PILOT_VALUE_RECEIVED:
        return PILOT_PLACE_RECEIVED;
    default:
        return PILOT_PLACE_NUMBER;
    }
}

static void init_missing(pilot_intake_layout_t *layout)
{
    const pilot_texts_t *missing = &layout->plan->missing;
    for (size_t i = 0; i < missing->count; i++) {
        unsigned char first = (unsigned char)missing->item[i][0];
        if (first == '\0')
            layout->missing_empty = true;
        else
            layout->missing_start[first] = true;
    }
}

void pilot_intake_layout_init(pilot_intake_layout_t *layout, const pilot_plan_t *plan)
{
    size_t count = 0;
    const pilot_stored_column_t *stored = pilot_plan_stored_columns(plan, &count);
    pilot_intake_layout_init_columns(layout, plan, stored, count);
}

void pilot_intake_layout_init_columns(pilot_intake_layout_t *layout, const pilot_plan_t *plan,
                                      const pilot_stored_column_t *stored, size_t count)
{
    *layout = (pilot_intake_layout_t){
        .plan = plan,
        .column = PILOT_NEW_ARRAY(pilot_intake_column_t, count),
        .columns = count,
        .text_column = PILOT_NEW_ARRAY(size_t, count),
    };
    for (size_t i = 0; i < count; i++) {
        pilot_intake_column_t *column = &layout->column[i];
        column->stored = &stored[i];
        column->place = place_of(stored[i].kind);
        column->is_cluster = strcmp(stored[i].name, "pilot_cluster") == 0;
        column->is_unit = column->place == PILOT_PLACE_TEXT && stored[i].header &&
                          plan->columns.unit && strcmp(stored[i].header, plan->columns.unit) == 0;
        if (column->place == PILOT_PLACE_TEXT) {
            layout->text_column[layout->texts] = i;
            column->slot = (uint32_t)layout->texts++;
        } else if (column->place == PILOT_PLACE_NUMBER) {
            column->slot = (uint32_t)layout->numbers++;
        } else if (column->place == PILOT_PLACE_RECEIVED) {
            column->slot = (uint32_t)layout->numbers;
            layout->numbers += 2;
        }
    }
    init_missing(layout);
}

void pilot_intake_layout_clear(pilot_intake_layout_t *layout)
{
    free(layout->column);
    free(layout->text_column);
    *layout = (pilot_intake_layout_t){0};
}
