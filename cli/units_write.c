/* Units as CSV. */
#include <string.h>

#include "pilot/text.h"
#include "units.h"

enum field { FIELD_UNIT, FIELD_AGENCY, FIELD_BLOCK, FIELD_CLUSTER, FIELD_ARM, FIELD_PROBABILITY };
#define FIELDS (FIELD_PROBABILITY + 1)

/* One header may serve two columns: it is written once. */
static void choose_fields(const pilot_plan_columns_t *columns, bool arms, bool probabilities,
                          const char *header[FIELDS])
{
    const char *const all[FIELDS] = {columns->unit,
                                     columns->agency,
                                     columns->block,
                                     columns->cluster,
                                     arms ? columns->arm : NULL,
                                     probabilities ? columns->probability : NULL};
    for (int i = 0; i < FIELDS; i++) {
        header[i] = all[i];
        for (int j = 0; j < i && header[i]; j++)
            if (header[j] && strcmp(header[i], header[j]) == 0)
                header[i] = NULL;
    }
}

static void append_field(const pilot_units_t *units, const pilot_shares_t *shares,
                         const pilot_record_t *record, int field, pilot_text_t *line)
{
    const pilot_agency_t *agency = pilot_agencies_get(units->agencies, record->agency);
    pilot_label_t label = {"", 0};
    char number[PILOT_DOUBLE_SIZE];
    switch (field) {
    case FIELD_UNIT:
        label = (pilot_label_t){pilot_record_unit(record), record->unit_length};
        break;
    case FIELD_AGENCY:
        label = (pilot_label_t){agency->name, agency->name_length};
        break;
    case FIELD_BLOCK:
        label = pilot_units_block(units, record);
        break;
    case FIELD_CLUSTER:
        label = pilot_units_cluster(units, record);
        break;
    case FIELD_ARM:
        label.bytes = units->plan->arms[record->arm].label;
        label.length = strlen(label.bytes);
        break;
    default:
        label.length =
            pilot_double_format((double)shares->weight[record->arm] / shares->total, number);
        label.bytes = number;
    }
    pilot_text_append_csv(line, label.bytes, label.length);
}

void pilot_units_write(const pilot_units_t *units, pilot_record_t *const *order, bool arms,
                       const pilot_shares_t *shares, FILE *file)
{
    const char *header[FIELDS];
    pilot_text_t line = PILOT_TEXT_INIT;
    choose_fields(&units->plan->columns, arms, shares != NULL, header);
    for (int i = 0; i < FIELDS; i++) {
        if (!header[i])
            continue;
        if (line.length > 0)
            pilot_text_append_char(&line, ',');
        pilot_text_append_csv(&line, header[i], strlen(header[i]));
    }
    for (size_t i = 0; i <= units->count; i++) {
        pilot_text_append_char(&line, '\n');
        fwrite(line.data, 1, line.length, file);
        pilot_text_reset(&line);
        for (int field = 0; field < FIELDS && i < units->count; field++) {
            if (!header[field])
                continue;
            if (line.length > 0)
                pilot_text_append_char(&line, ',');
            append_field(units, shares, order[i], field, &line);
        }
    }
    pilot_text_clear(&line);
}
