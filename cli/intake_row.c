#include "intake_row.h"

#include <stdlib.h>
#include <string.h>

#include "intake_value.h"
#include "pilot/memory.h"

void pilot_row_init(pilot_row_t *row, const pilot_intake_layout_t *layout)
{
    *row = (pilot_row_t){.layout = layout,
                         .number = PILOT_NEW_ARRAY(double, layout->numbers + 1),
                         .given = PILOT_NEW_ARRAY(uint64_t, layout->numbers / 64 + 1),
                         .text = PILOT_NEW_ARRAY(pilot_text_slice_t, layout->texts + 1)};
}

void pilot_row_clear(pilot_row_t *row)
{
    free(row->number);
    free(row->given);
    free(row->text);
    free(row->bytes);
    free(row->problem);
    *row = (pilot_row_t){0};
}

void pilot_row_reset(pilot_row_t *row)
{
    memset(row->given, 0, 8 * ((row->layout->numbers + 63) / 64));
    for (size_t i = 0; i < row->layout->texts; i++)
        row->text[i].length = UINT16_MAX;
    row->bytes_used = 0;
    row->has_unit = false;
    row->arm = PILOT_INTAKE_NO_ARM;
    row->problems = 0;
}

void pilot_row_problem(pilot_row_t *row, size_t position, const char *header,
                       pilot_problem_code_t code, const char *message)
{
    row->problem =
        pilot_grow(row->problem, &row->problem_capacity, row->problems + 1, sizeof *row->problem);
    row->problem[row->problems++] = (pilot_row_problem_t){
        .position = (uint32_t)position + 1, .header = header, .code = code, .message = message};
}

static void set_number(pilot_row_t *row, uint32_t slot, double value)
{
    row->number[slot] = value;
    row->given[slot / 64] |= (uint64_t)1 << (slot % 64);
}

static pilot_value_result_t unit_field(pilot_row_t *row, const char *bytes, size_t length,
                                       pilot_value_problem_t *problem)
{
    if (length == 0) {
        *problem = (pilot_value_problem_t){PILOT_PROBLEM_MISSING_VALUE, "every row needs a unit"};
        return PILOT_VALUE_WRONG;
    }
    memcpy(row->unit, bytes, length);
    row->unit_length = length;
    row->has_unit = true;
    return PILOT_VALUE_GIVEN;
}

static pilot_value_result_t text_field(pilot_row_t *row, const pilot_intake_column_t *column,
                                       const char *bytes, size_t length,
                                       pilot_value_problem_t *problem)
{
    if (column->stored->kind == PILOT_VALUE_CATEGORY) {
        if (pilot_intake_is_missing(row->layout, bytes, length))
            return PILOT_VALUE_ABSENT;
    } else if (length == 0) {
        *problem = (pilot_value_problem_t){PILOT_PROBLEM_MISSING_VALUE, "must not be empty"};
        return PILOT_VALUE_WRONG;
    }
    row->bytes = pilot_grow(row->bytes, &row->bytes_capacity, row->bytes_used + length + 1, 1);
    memcpy(row->bytes + row->bytes_used, bytes, length);
    row->text[column->slot] =
        (pilot_text_slice_t){.offset = row->bytes_used, .length = (uint16_t)length};
    row->bytes_used += length;
    return PILOT_VALUE_GIVEN;
}

static pilot_value_result_t received_field(pilot_row_t *row, const pilot_intake_column_t *column,
                                           const char *bytes, size_t length,
                                           pilot_value_problem_t *problem)
{
    bool is_number = false, is_arm = false;
    double number = 0, arm = 0;
    pilot_value_result_t result = pilot_intake_received(row->layout, bytes, length, &is_number,
                                                        &number, &is_arm, &arm, problem);
    if (result == PILOT_VALUE_GIVEN && is_number)
        set_number(row, column->slot, number);
    if (result == PILOT_VALUE_GIVEN && is_arm)
        set_number(row, column->slot + 1, arm);
    return result;
}

void pilot_row_field(pilot_row_t *row, const pilot_intake_column_t *column, size_t position,
                     const char *bytes, size_t length)
{
    pilot_value_problem_t problem;
    pilot_value_result_t result = PILOT_VALUE_ABSENT;
    double value;
    switch (column->place) {
    case PILOT_PLACE_NUMBER:
        result = pilot_intake_number(row->layout, column->stored, bytes, length, &value, &problem);
        if (result == PILOT_VALUE_GIVEN)
            set_number(row, column->slot, value);
        break;
    case PILOT_PLACE_UNIT:
        result = unit_field(row, bytes, length, &problem);
        break;
    case PILOT_PLACE_ARM:
        result = pilot_intake_arm(row->layout, bytes, length, &row->arm, &problem);
        break;
    case PILOT_PLACE_TEXT:
        result = text_field(row, column, bytes, length, &problem);
        break;
    case PILOT_PLACE_RECEIVED:
        result = received_field(row, column, bytes, length, &problem);
        break;
    }
    if (result == PILOT_VALUE_WRONG)
        pilot_row_problem(row, position, column->stored->header, problem.code, problem.message);
}

void pilot_row_pseudonymize(pilot_row_t *row, pilot_pseudonym_t *pseudonym)
{
    const pilot_intake_layout_t *layout = row->layout;
    pilot_pseudonym_of(pseudonym, row->unit, row->unit_length, row->unit);
    row->unit_length = PILOT_PSEUDONYM_LENGTH;
    for (size_t i = 0; i < layout->texts; i++) {
        if (!layout->column[layout->text_column[i]].is_unit || row->text[i].length == UINT16_MAX)
            continue;
        row->bytes = pilot_grow(row->bytes, &row->bytes_capacity,
                                row->bytes_used + PILOT_PSEUDONYM_LENGTH + 1, 1);
        memcpy(row->bytes + row->bytes_used, row->unit, PILOT_PSEUDONYM_LENGTH);
        row->text[i] =
            (pilot_text_slice_t){.offset = row->bytes_used, .length = PILOT_PSEUDONYM_LENGTH};
        row->bytes_used += PILOT_PSEUDONYM_LENGTH;
    }
}

size_t pilot_row_size(const pilot_row_t *row)
{
    size_t size = pilot_record_fixed(row->layout) + row->unit_length + row->bytes_used;
    return (size + 7) & ~(size_t)7;
}

void pilot_row_write(const pilot_row_t *row, pilot_record_t *record)
{
    const pilot_intake_layout_t *layout = row->layout;
    size_t fixed = pilot_record_fixed(layout), size = pilot_row_size(row);
    /* Padding too is written: a record may go to a temporary file, and memory's past with it. */
    memset((char *)record + fixed - 8, 0, 8);
    memset((char *)record + size - 8, 0, 8);
    *record = (pilot_record_t){.size = (uint32_t)size,
                               .arm = row->arm,
                               .unit_length = (uint16_t)row->unit_length,
                               .fixed_words = (uint16_t)(fixed / 8),
                               .rejected = row->problems > 0};
    memcpy(pilot_record_numbers(record), row->number, 8 * layout->numbers);
    memcpy(pilot_record_given(layout, record), row->given, 8 * ((layout->numbers + 63) / 64));
    uint32_t *code = pilot_record_codes(layout, record);
    uint16_t *length = pilot_record_text_lengths(layout, record);
    char *bytes = (char *)record + fixed;
    memcpy(bytes, row->unit, row->unit_length);
    bytes += row->unit_length;
    for (size_t i = 0; i < layout->texts; i++) {
        pilot_text_slice_t text = row->text[i];
        code[i] = PILOT_INTAKE_NO_CODE;
        length[i] = text.length;
        if (text.length == UINT16_MAX)
            continue;
        memcpy(bytes, row->bytes + text.offset, text.length);
        bytes += text.length;
    }
}
