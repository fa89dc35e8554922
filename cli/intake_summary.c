#include "intake_summary.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "pilot/memory.h"

#define NO_COLUMN SIZE_MAX

/* Keys of what was counted already: open addressing, 0 = free. */
typedef struct key_set {
    uint64_t *slot;
    size_t slots, used; /* a power of two */
} key_set_t;

/* Running mean and sum of squares about it (Welford 1962): exact enough at any offset. */
typedef struct running {
    uint64_t count, given;
    double mean, squares;
} running_t;

struct pilot_summarizer {
    const pilot_intake_layout_t *layout;
    size_t arms;
    size_t block, cluster; /* columns of the layout, or NO_COLUMN */
    bool received_is_arm;
    uint64_t rows, *arm_rows, *arm_units;
    running_t *running;  /* columns */
    uint64_t *arm_given; /* columns x arms */
    uint64_t inverse_of; /* a division once a row, not once a column */
    double inverse;
    key_set_t seen;
};

/* ---- summaries ------------------------------------------------------------------------------- */

pilot_summary_t *pilot_summary_new(size_t arms, size_t columns)
{
    pilot_summary_t *summary = PILOT_NEW(pilot_summary_t);
    *summary = (pilot_summary_t){.arms = arms,
                                 .columns = columns,
                                 .arm_rows = PILOT_NEW_ARRAY(uint64_t, arms + 1),
                                 .arm_units = PILOT_NEW_ARRAY(uint64_t, arms + 1),
                                 .column = PILOT_NEW_ARRAY(pilot_column_summary_t, columns + 1)};
    for (size_t i = 0; i < columns; i++)
        summary->column[i].empty_arm = PILOT_INTAKE_NO_ARM;
    return summary;
}

void pilot_summary_free(pilot_summary_t *summary)
{
    if (!summary)
        return;
    free(summary->arm_rows);
    free(summary->arm_units);
    free(summary->arm_assigned);
    free(summary->column);
    free(summary);
}

size_t pilot_summary_bytes(const pilot_summary_t *summary)
{
    return sizeof *summary + 2 * summary->arms * sizeof *summary->arm_rows +
           summary->columns * sizeof *summary->column;
}

bool pilot_summary_tells(const pilot_stored_column_t *column)
{
    switch (column->kind) {
    case PILOT_VALUE_UNIT:
    case PILOT_VALUE_AGENCY:
    case PILOT_VALUE_ARM:
    case PILOT_VALUE_CODE:
    case PILOT_VALUE_WEIGHT:
    case PILOT_VALUE_SHARE:
        return false;
    default:
        return true;
    }
}

bool pilot_summary_has_mean(const pilot_column_summary_t *column)
{
    return column->numbers > 0 && isfinite(column->mean) && isfinite(column->sd);
}

static void append_counts(pilot_text_t *json, const pilot_plan_t *plan, const uint64_t *count)
{
    for (size_t i = 0; i < plan->arm_count; i++) {
        pilot_text_append_char(json, i > 0 ? ',' : '{');
        pilot_text_append_json(json, plan->arms[i].label, strlen(plan->arms[i].label));
        pilot_text_appendf(json, ":%llu", (unsigned long long)count[i]);
    }
    pilot_text_append_char(json, '}');
}

void pilot_summary_json(const pilot_summary_t *summary, const pilot_intake_layout_t *layout,
                        pilot_text_t *json)
{
    char number[PILOT_DOUBLE_SIZE];
    pilot_text_appendf(json, "{\"rows\":%llu,\"arms\":", (unsigned long long)summary->rows);
    append_counts(json, layout->plan, summary->arm_rows);
    if (layout->plan->columns.cluster) {
        pilot_text_append(json, ",\"units\":");
        append_counts(json, layout->plan, summary->arm_units);
    }
    pilot_text_append(json, ",\"columns\":{");
    size_t told = 0;
    for (size_t i = 0; i < layout->columns; i++) {
        const pilot_stored_column_t *stored = layout->column[i].stored;
        const pilot_column_summary_t *column = &summary->column[i];
        if (!pilot_summary_tells(stored))
            continue;
        pilot_text_append(json, told++ > 0 ? "," : "");
        pilot_text_append_json(json, stored->name, strlen(stored->name));
        pilot_text_appendf(json, ":{\"missing\":%llu", (unsigned long long)column->missing);
        if (pilot_summary_has_mean(column)) {
            pilot_double_format(column->mean, number);
            pilot_text_appendf(json, ",\"numbers\":%llu,\"mean\":%s",
                               (unsigned long long)column->numbers, number);
            pilot_double_format(column->sd, number);
            pilot_text_appendf(json, ",\"sd\":%s", number);
        }
        pilot_text_append_char(json, '}');
    }
    pilot_text_append(json, "}}");
}

/* ---- what was counted already ---------------------------------------------------------------- */

static size_t find_slot(const key_set_t *set, uint64_t key)
{
    uint64_t hash = key * 0x9e3779b97f4a7c15u;
    size_t at = (size_t)(hash >> 32 ^ hash) & (set->slots - 1);
    while (set->slot[at] != 0 && set->slot[at] != key)
        at = (at + 1) & (set->slots - 1);
    return at;
}

/* True when the key was not there. */
static bool add_key(key_set_t *set, uint64_t key)
{
    if (2 * (set->used + 1) > set->slots) {
        key_set_t larger = {.slots = set->slots > 0 ? 2 * set->slots : 64, .used = set->used};
        larger.slot = PILOT_NEW_ARRAY(uint64_t, larger.slots);
        for (size_t i = 0; i < set->slots; i++)
            if (set->slot[i] != 0)
                larger.slot[find_slot(&larger, set->slot[i])] = set->slot[i];
        free(set->slot);
        *set = larger;
    }
    size_t at = find_slot(set, key);
    if (set->slot[at] == key)
        return false;
    set->slot[at] = key;
    set->used++;
    return true;
}

/* ---- the agency in hand ---------------------------------------------------------------------- */

static size_t find_column(const pilot_intake_layout_t *layout, const char *name)
{
    for (size_t i = 0; i < layout->columns; i++)
        if (strcmp(layout->column[i].stored->name, name) == 0)
            return i;
    return NO_COLUMN;
}

pilot_summarizer_t *pilot_summarizer_new(const pilot_intake_layout_t *layout)
{
    pilot_summarizer_t *summarizer = PILOT_NEW(pilot_summarizer_t);
    size_t arms = layout->plan->arm_count;
    *summarizer =
        (pilot_summarizer_t){.layout = layout,
                             .arms = arms,
                             .block = find_column(layout, "pilot_block"),
                             .cluster = find_column(layout, "pilot_cluster"),
                             .arm_rows = PILOT_NEW_ARRAY(uint64_t, arms + 1),
                             .arm_units = PILOT_NEW_ARRAY(uint64_t, arms + 1),
                             .running = PILOT_NEW_ARRAY(running_t, layout->columns + 1),
                             .arm_given = PILOT_NEW_ARRAY(uint64_t, layout->columns * arms + 1)};
    return summarizer;
}

void pilot_summarizer_free(pilot_summarizer_t *summarizer)
{
    if (!summarizer)
        return;
    free(summarizer->arm_rows);
    free(summarizer->arm_units);
    free(summarizer->running);
    free(summarizer->arm_given);
    free(summarizer->seen.slot);
    free(summarizer);
}

void pilot_summarizer_begin(pilot_summarizer_t *summarizer, bool received_is_arm)
{
    size_t arms = summarizer->arms, columns = summarizer->layout->columns;
    summarizer->received_is_arm = received_is_arm;
    summarizer->rows = 0;
    memset(summarizer->arm_rows, 0, arms * sizeof *summarizer->arm_rows);
    memset(summarizer->arm_units, 0, arms * sizeof *summarizer->arm_units);
    memset(summarizer->running, 0, columns * sizeof *summarizer->running);
    memset(summarizer->arm_given, 0, columns * arms * sizeof *summarizer->arm_given);
    free(summarizer->seen.slot);
    summarizer->seen = (key_set_t){0};
}

static uint32_t code_of(const pilot_summarizer_t *summarizer, const pilot_record_t *record,
                        size_t column)
{
    const pilot_intake_layout_t *layout = summarizer->layout;
    return pilot_record_codes(layout, record)[layout->column[column].slot];
}

static void count_unit(pilot_summarizer_t *summarizer, const pilot_record_t *record)
{
    if (summarizer->cluster != NO_COLUMN) {
        uint64_t key = (uint64_t)code_of(summarizer, record, summarizer->cluster) + 1;
        if (summarizer->block != NO_COLUMN)
            key |= (uint64_t)code_of(summarizer, record, summarizer->block) << 32;
        if (!add_key(&summarizer->seen, key))
            return;
    }
    summarizer->arm_units[record->arm]++;
}

static void add_number(pilot_summarizer_t *summarizer, running_t *running, double value)
{
    running->count++;
    if (running->count != summarizer->inverse_of) {
        summarizer->inverse_of = running->count;
        summarizer->inverse = 1 / (double)running->count;
    }
    double difference = value - running->mean;
    running->mean += difference * summarizer->inverse;
    running->squares += difference * (value - running->mean);
}

static void count_column(pilot_summarizer_t *summarizer, size_t i, const pilot_record_t *record,
                         const double *number, const uint64_t *given)
{
    const pilot_intake_column_t *column = &summarizer->layout->column[i];
    bool there = true;
    switch (column->place) {
    case PILOT_PLACE_NUMBER:
        there = pilot_record_has(given, column->slot);
        if (there)
            add_number(summarizer, &summarizer->running[i], number[column->slot]);
        break;
    case PILOT_PLACE_RECEIVED:
        there = pilot_record_has(given, column->slot + summarizer->received_is_arm);
        if (there && !summarizer->received_is_arm)
            add_number(summarizer, &summarizer->running[i], number[column->slot]);
        break;
    case PILOT_PLACE_TEXT:
        there = code_of(summarizer, record, i) != PILOT_INTAKE_NO_CODE;
        break;
    default:
        break;
    }
    if (there) {
        summarizer->running[i].given++;
        summarizer->arm_given[i * summarizer->arms + record->arm]++;
    }
}

void pilot_summarizer_row(pilot_summarizer_t *summarizer, const pilot_record_t *record)
{
    const pilot_intake_layout_t *layout = summarizer->layout;
    if (record->rejected || record->arm >= summarizer->arms)
        return;
    const double *number = pilot_record_numbers(record);
    const uint64_t *given = pilot_record_given(layout, record);
    summarizer->rows++;
    summarizer->arm_rows[record->arm]++;
    count_unit(summarizer, record);
    for (size_t i = 0; i < layout->columns; i++)
        if (pilot_summary_tells(layout->column[i].stored))
            count_column(summarizer, i, record, number, given);
}

static uint16_t empty_arm(const pilot_summarizer_t *summarizer, size_t column)
{
    const uint64_t *given = summarizer->arm_given + column * summarizer->arms;
    if (summarizer->running[column].given == 0)
        return PILOT_INTAKE_NO_ARM;
    for (size_t a = 0; a < summarizer->arms; a++)
        if (given[a] == 0 && summarizer->arm_rows[a] > 0)
            return (uint16_t)a;
    return PILOT_INTAKE_NO_ARM;
}

pilot_summary_t *pilot_summarizer_end(pilot_summarizer_t *summarizer)
{
    const pilot_intake_layout_t *layout = summarizer->layout;
    pilot_summary_t *summary = pilot_summary_new(summarizer->arms, layout->columns);
    summary->rows = summarizer->rows;
    memcpy(summary->arm_rows, summarizer->arm_rows, summary->arms * sizeof *summary->arm_rows);
    memcpy(summary->arm_units, summarizer->arm_units, summary->arms * sizeof *summary->arm_units);
    for (size_t i = 0; i < layout->columns; i++) {
        const running_t *running = &summarizer->running[i];
        pilot_column_summary_t *column = &summary->column[i];
        if (!pilot_summary_tells(layout->column[i].stored))
            continue;
        column->missing = summarizer->rows - running->given;
        column->numbers = running->count;
        column->mean = running->mean;
        if (running->count > 1)
            column->sd = sqrt(running->squares / (double)(running->count - 1));
        column->empty_arm = empty_arm(summarizer, i);
    }
    return summary;
}
