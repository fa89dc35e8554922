#include "intake_value.h"

#include <math.h>
#include <string.h>

#include "pilot/text.h"

static pilot_value_result_t wrong(pilot_value_problem_t *problem, pilot_problem_code_t code,
                                  const char *message)
{
    *problem = (pilot_value_problem_t){.code = code, .message = message};
    return PILOT_VALUE_WRONG;
}

static const char *skip_digits(const char *c, const char *end)
{
    while (c < end && *c >= '0' && *c <= '9')
        c++;
    return c;
}

/* A number as far as its characters go? */
static bool is_number_text(const char *text, size_t length)
{
    const char *c = text, *end = text + length;
    if (c < end && (*c == '+' || *c == '-'))
        c++;
    const char *whole = c;
    c = skip_digits(c, end);
    ptrdiff_t digits = c - whole;
    if (c < end && *c == '.') {
        const char *fraction = ++c;
        c = skip_digits(c, end);
        digits += c - fraction;
    }
    if (digits == 0)
        return false;
    if (c < end && (*c == 'e' || *c == 'E')) {
        if (++c < end && (*c == '+' || *c == '-'))
            c++;
        const char *power = c;
        c = skip_digits(c, end);
        if (c == power)
            return false;
    }
    return c == end;
}

static pilot_value_result_t parse(const char *text, size_t length, double *ret_value,
                                  pilot_value_problem_t *problem)
{
    double value;
    if (!pilot_double_parse(text, length, &value)) {
        if (is_number_text(text, length))
            return wrong(problem, PILOT_PROBLEM_OUT_OF_RANGE,
                         "a number beyond what a double holds");
        return wrong(problem, PILOT_PROBLEM_NOT_A_NUMBER,
                     "not a number (digits, a point, an exponent; no blanks or thousands marks)");
    }
    *ret_value = value == 0 ? 0 : value; /* -0 is stored as 0 */
    return PILOT_VALUE_GIVEN;
}

static bool contains(const pilot_texts_t *texts, const char *text, size_t length, size_t *ret_index)
{
    for (size_t i = 0; i < texts->count; i++) {
        if (strlen(texts->item[i]) == length && memcmp(texts->item[i], text, length) == 0) {
            *ret_index = i;
            return true;
        }
    }
    return false;
}

static pilot_value_result_t check_range(pilot_value_kind_t kind, double value,
                                        pilot_value_problem_t *problem)
{
    switch (kind) {
    case PILOT_VALUE_WEIGHT:
        if (value < 0)
            return wrong(problem, PILOT_PROBLEM_OUT_OF_RANGE, "a weight must be 0 or more");
        break;
    case PILOT_VALUE_SHARE:
        if (value <= 0 || value > 1)
            return wrong(problem, PILOT_PROBLEM_OUT_OF_RANGE,
                         "a probability must be above 0 and at most 1");
        break;
    case PILOT_VALUE_COUNT:
        if (value < 0 || value != floor(value))
            return wrong(problem, PILOT_PROBLEM_OUT_OF_RANGE,
                         "a count must be a whole number, 0 or more");
        break;
    case PILOT_VALUE_DURATION:
        if (value < 0)
            return wrong(problem, PILOT_PROBLEM_OUT_OF_RANGE, "a duration must be 0 or more");
        break;
    default:
        break;
    }
    return PILOT_VALUE_GIVEN;
}

static pilot_value_result_t binary(const char *text, size_t length, double *ret_value,
                                   pilot_value_problem_t *problem)
{
    double value;
    if (!pilot_double_parse(text, length, &value) || (value != 0 && value != 1))
        return wrong(problem, PILOT_PROBLEM_NOT_BINARY, "must be 0 or 1");
    *ret_value = value == 0 ? 0 : 1;
    return PILOT_VALUE_GIVEN;
}

pilot_value_result_t pilot_intake_number(const pilot_intake_layout_t *layout,
                                         const pilot_stored_column_t *column, const char *text,
                                         size_t length, double *ret_value,
                                         pilot_value_problem_t *ret_problem)
{
    bool required = column->kind == PILOT_VALUE_WEIGHT || column->kind == PILOT_VALUE_SHARE;
    size_t level;
    if (pilot_intake_is_missing(layout, text, length)) {
        if (required)
            return wrong(ret_problem, PILOT_PROBLEM_MISSING_VALUE, "must not be missing");
        return PILOT_VALUE_ABSENT;
    }
    switch (column->kind) {
    case PILOT_VALUE_BINARY:
        return binary(text, length, ret_value, ret_problem);
    case PILOT_VALUE_SUCCESS:
        *ret_value = contains(&column->outcome->success, text, length, &level);
        return PILOT_VALUE_GIVEN;
    case PILOT_VALUE_LEVEL:
        if (!contains(&column->outcome->levels, text, length, &level))
            return wrong(ret_problem, PILOT_PROBLEM_UNKNOWN_LEVEL,
                         "not one of the plan's levels of this outcome");
        *ret_value = (double)level;
        return PILOT_VALUE_GIVEN;
    default:
        break;
    }
    pilot_value_result_t result = parse(text, length, ret_value, ret_problem);
    return result == PILOT_VALUE_GIVEN ? check_range(column->kind, *ret_value, ret_problem)
                                       : result;
}

pilot_value_result_t pilot_intake_received(const pilot_intake_layout_t *layout, const char *text,
                                           size_t length, bool *ret_is_number, double *ret_number,
                                           bool *ret_is_arm, double *ret_arm,
                                           pilot_value_problem_t *ret_problem)
{
    int arm = pilot_plan_arm_index(layout->plan, text, length);
    *ret_is_arm = arm >= 0;
    *ret_arm = arm;
    if (arm < 0 && pilot_intake_is_missing(layout, text, length))
        return PILOT_VALUE_ABSENT;
    pilot_value_problem_t ignored;
    *ret_is_number = parse(text, length, ret_number, &ignored) == PILOT_VALUE_GIVEN;
    if (!*ret_is_number && !*ret_is_arm)
        return wrong(ret_problem, PILOT_PROBLEM_NOT_A_NUMBER,
                     "neither a number nor an arm of the plan");
    return PILOT_VALUE_GIVEN;
}

pilot_value_result_t pilot_intake_arm(const pilot_intake_layout_t *layout, const char *text,
                                      size_t length, uint16_t *ret_arm,
                                      pilot_value_problem_t *ret_problem)
{
    int arm = pilot_plan_arm_index(layout->plan, text, length);
    if (arm >= 0) {
        *ret_arm = (uint16_t)arm;
        return PILOT_VALUE_GIVEN;
    }
    if (length == 0)
        return wrong(ret_problem, PILOT_PROBLEM_MISSING_VALUE, "every row needs an arm");
    return wrong(ret_problem, PILOT_PROBLEM_UNKNOWN_ARM, "not one of the plan's arms");
}
