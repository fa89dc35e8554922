#include "power_rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "pilot/memory.h"
#include "power_plan.h"

void pilot_power_rows_clear(pilot_power_rows_t *rows)
{
    free(rows->row);
    pilot_text_clear(&rows->notes);
    *rows = (pilot_power_rows_t){0};
}

static double sign(const pilot_power_row_t *row)
{
    return row->down ? -1 : 1;
}

pilot_number_t pilot_power_row_at(const pilot_power_row_t *row, double units, double effect)
{
    return pilot_power(&row->design, units, sign(row) * effect);
}

pilot_number_t pilot_power_row_detectable(const pilot_power_row_t *row, double units)
{
    pilot_number_t effect = pilot_power_effect(&row->design, units, row->target, row->down);
    effect.value = fabs(effect.value);
    return effect;
}

/* ---- numbers --------------------------------------------------------------------------------- */

/* Every arm gets whole units (clusters), and blocks are whole. */
static double whole_units(const pilot_plan_t *plan, const pilot_power_design_t *design,
                          double units)
{
    double size = design->clustered ? design->cluster_size : 1, groups = units / size, whole = 0;
    bool in_blocks = design->blocked && design->block_size > 0;
    if (in_blocks)
        whole = ceil(groups / design->block_size - 1e-9) * design->block_size;
    for (size_t arm = 0; !in_blocks && arm < plan->arm_count; arm++)
        whole += ceil(groups * pilot_power_arm_share(plan, arm) - 1e-9);
    return ceil(whole * size - 1e-9);
}

static void compute(const pilot_plan_t *plan, pilot_power_row_t *row)
{
    if (row->effect.given) {
        pilot_number_t units =
            pilot_power_units(&row->design, sign(row) * row->effect.value, row->target);
        if (units.given)
            row->needed = PILOT_GIVEN(whole_units(plan, &row->design, units.value));
    }
    if (!row->units_given)
        row->units = row->needed.given ? row->needed.value : 0;
    if (row->units == 0)
        return;
    row->detectable = pilot_power_row_detectable(row, row->units);
    double effect = row->effect.given ? row->effect.value : 0;
    if (row->effect.given)
        row->power = pilot_power_row_at(row, row->units, effect);
    row->has_precision =
        pilot_power_precision(&row->design, row->units, sign(row) * effect, &row->precision);
}

static void add_scopes(const pilot_plan_t *plan, const pilot_power_row_t *pattern, double units,
                       pilot_power_rows_t *rows)
{
    static const pilot_power_scope_t order[] = {PILOT_POWER_POOLED, PILOT_POWER_COMPARISON,
                                                PILOT_POWER_AGENCY};
    const pilot_power_design_t *design = &pattern->design;
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        bool one = design->agencies == 1;
        if (order[i] == PILOT_POWER_COMPARISON ? one || !(design->effect_sd > 0)
                                               : one && order[i] != design->scope)
            continue;
        pilot_power_row_t *row = &rows->row[rows->count++];
        *row = *pattern;
        row->design.scope = order[i];
        row->parts = 1;
        if (order[i] == PILOT_POWER_AGENCY) {
            row->parts = design->agencies;
            row->design.blocks = fmax(1, design->blocks / row->parts);
        }
        row->units = units / row->parts;
        row->units_given = units > 0;
        compute(plan, row);
    }
}

pilot_status_t pilot_power_rows_make(const pilot_plan_t *plan, const char *file,
                                     const pilot_power_request_t *request,
                                     pilot_power_rows_t *ret_rows, pilot_error_t *error)
{
    pilot_power_setting_t setting;
    pilot_status_t status = pilot_power_read(plan, file, request, &setting, error);
    if (status)
        return status;
    enum { SCOPES = 3 };
    ret_rows->row =
        PILOT_NEW_ARRAY(pilot_power_row_t, plan->outcome_count * plan->arm_count * SCOPES);
    pilot_power_note_design(plan, &setting, &ret_rows->notes);
    for (size_t i = 0; i < plan->outcome_count && !status; i++) {
        pilot_power_row_t pattern;
        status = pilot_power_read_outcome(plan, file, request, &setting, &plan->outcomes[i],
                                          &pattern, &ret_rows->notes, error);
        for (size_t arm = 1; arm < plan->arm_count && !status; arm++) {
            pattern.arm = arm;
            pattern.design.arm_share = pilot_power_arm_share(plan, arm);
            add_scopes(plan, &pattern, setting.units, ret_rows);
        }
    }
    return status;
}

/* ---- curves ---------------------------------------------------------------------------------- */

double pilot_power_nice_step(double range, size_t most)
{
    double step = range / (double)most, power = pow(10, floor(log10(step)));
    static const double nice[] = {1, 2, 2.5, 5, 10};
    for (size_t i = 0; i < sizeof nice / sizeof *nice; i++)
        if (nice[i] * power >= step * (1 - 1e-9))
            return nice[i] * power;
    return 10 * power;
}

bool pilot_power_row_by_units(const pilot_power_row_t *row)
{
    return row->effect.given;
}

/* Twice what is planned, or what is needed and a little more. */
static double range_of(const pilot_power_row_t *row)
{
    if (!pilot_power_row_by_units(row))
        return row->detectable.given ? 1.5 * row->detectable.value : 0;
    return fmax(2 * row->units, row->needed.given ? 1.25 * row->needed.value : 0);
}

static size_t add_point(double *point, size_t count, double value)
{
    size_t at = count;
    while (at > 0 && point[at - 1] >= value)
        at--;
    if (at < count && point[at] == value)
        return count;
    memmove(point + at + 1, point + at, (count - at) * sizeof *point);
    point[at] = value;
    return count + 1;
}

size_t pilot_power_row_grid(const pilot_power_row_t *row, size_t most, double *ret_point)
{
    double range = range_of(row), step;
    bool by_units = pilot_power_row_by_units(row);
    if (!(range > 0) || most < 2)
        return 0;
    step = pilot_power_nice_step(range, most - 1);
    if (by_units)
        step = fmax(step, 1);
    size_t count = 0;
    for (double point = step; count + 1 < most && point <= range * (1 + 1e-9);) {
        ret_point[count++] = by_units ? rint(point) : point;
        point = step * (double)(count + 1);
    }
    if (by_units)
        count = add_point(ret_point, count, row->units);
    return count;
}
