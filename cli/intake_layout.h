/* intake_layout.h - what a load keeps of a CSV row, and how a row looks in memory.
 *
 * The plan's stored columns are laid into numbers (float8, or absent) and texts (labels with a
 * dictionary code); unit, agency and arm have places of their own.  A record is one block of
 * bytes, so that rows can be queued, sorted, written to a temporary file and read back as they
 * are. */
#ifndef PILOT_CLI_INTAKE_LAYOUT_H
#define PILOT_CLI_INTAKE_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pilot/plan.h"

/* Longest label or number that is kept, and longest field of a column that is not. */
#define PILOT_INTAKE_LONGEST_KEPT 2000u
#define PILOT_INTAKE_LONGEST_FIELD 65536u
#define PILOT_INTAKE_NO_ARM UINT16_MAX
#define PILOT_INTAKE_NO_CODE UINT32_MAX

/* Where a stored column's value stands in a record. */
typedef enum pilot_place {
    PILOT_PLACE_UNIT,
    PILOT_PLACE_ARM,
    PILOT_PLACE_NUMBER,  /* slot: index among numbers */
    PILOT_PLACE_TEXT,    /* slot: index among texts */
    PILOT_PLACE_RECEIVED /* slot: the number; slot + 1: the arm's index; each may be absent */
} pilot_place_t;

typedef struct pilot_intake_column {
    const pilot_stored_column_t *stored; /* borrowed from the plan */
    pilot_place_t place;
    uint32_t slot;
    bool is_unit;    /* a cluster read from the unit's column; the plan allows nothing else */
    bool is_cluster; /* all rows of a label must be in one arm */
} pilot_intake_column_t;

typedef struct pilot_intake_layout {
    const pilot_plan_t *plan; /* borrowed */
    pilot_intake_column_t *column;
    size_t columns;
    size_t numbers, texts;
    bool hashed;         /* units become pseudonyms; false after init */
    size_t *text_column; /* texts: index of its column */
    /* A text that starts with another byte is no missing one (fast path). */
    bool missing_start[256];
    bool missing_empty;
} pilot_intake_layout_t;

void pilot_intake_layout_init(pilot_intake_layout_t *layout, const pilot_plan_t *plan);
/* For these columns alone; borrowed. */
void pilot_intake_layout_init_columns(pilot_intake_layout_t *layout, const pilot_plan_t *plan,
                                      const pilot_stored_column_t *stored, size_t count);
void pilot_intake_layout_clear(pilot_intake_layout_t *layout);

static inline bool pilot_intake_is_missing(const pilot_intake_layout_t *layout, const char *text,
                                           size_t length)
{
    if (length == 0)
        return layout->missing_empty;
    return layout->missing_start[(unsigned char)text[0]] &&
           pilot_plan_is_missing(layout->plan, text, length);
}

/* ---- records -------------------------------------------------------------------------------- */

/* Followed by: double number[numbers]; uint64_t given[]: a bit a number; uint32_t code[texts];
 * uint16_t text_length[texts] (UINT16_MAX: absent); unit bytes; text bytes.  Padded to 8. */
typedef struct pilot_record {
    uint32_t size;
    uint32_t agency;
    uint64_t line;
    uint32_t row;  /* ordinal of the record in the load, from 1: pilot_row */
    uint16_t file; /* from 0 */
    uint16_t arm;
    uint16_t unit_length;
    uint16_t fixed_words; /* the header and the fixed part, in units of 8 bytes */
    uint32_t rejected;    /* a problem was found in it: it counts for later checks only */
} pilot_record_t;

static inline size_t pilot_record_fixed(const pilot_intake_layout_t *layout)
{
    size_t size = sizeof(pilot_record_t) + 8 * layout->numbers + 8 * ((layout->numbers + 63) / 64) +
                  (sizeof(uint32_t) + sizeof(uint16_t)) * layout->texts;
    return (size + 7) & ~(size_t)7;
}

static inline double *pilot_record_numbers(const pilot_record_t *record)
{
    return (double *)(uintptr_t)(record + 1);
}

static inline uint64_t *pilot_record_given(const pilot_intake_layout_t *layout,
                                           const pilot_record_t *record)
{
    return (uint64_t *)(pilot_record_numbers(record) + layout->numbers);
}

static inline bool pilot_record_has(const uint64_t *given, size_t slot)
{
    return given[slot / 64] >> (slot % 64) & 1;
}

static inline uint32_t *pilot_record_codes(const pilot_intake_layout_t *layout,
                                           const pilot_record_t *record)
{
    return (uint32_t *)(pilot_record_given(layout, record) + (layout->numbers + 63) / 64);
}

static inline uint16_t *pilot_record_text_lengths(const pilot_intake_layout_t *layout,
                                                  const pilot_record_t *record)
{
    return (uint16_t *)(pilot_record_codes(layout, record) + layout->texts);
}

static inline const char *pilot_record_unit(const pilot_record_t *record)
{
    return (const char *)record + 8 * (size_t)record->fixed_words;
}

static inline const char *pilot_record_texts(const pilot_record_t *record)
{
    return pilot_record_unit(record) + record->unit_length;
}

#endif
