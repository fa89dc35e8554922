#include "power_print.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "numbers.h"
#include "pilot/memory.h"
#include "power_plan.h"
#include "table.h"

/* ---- for people ------------------------------------------------------------------------------ */

/* Three significant digits, and no exponent where people would not write one. */
static char *three_digits(double value)
{
    if (value == 0)
        return pilot_strdup("0");
    if (fabs(value) >= 1e6 || fabs(value) < 1e-5)
        return pilot_format("%.3g", value);
    int places = 2 - (int)floor(log10(fabs(value)));
    return pilot_format("%.*f", places < 0 ? 0 : places, value);
}

char *pilot_power_show_effect(const pilot_power_row_t *row, double effect)
{
    bool share = row->design.type == PILOT_POWER_SHARE;
    char *number PILOT_AUTOFREE = three_digits(share ? 100 * effect : effect);
    return pilot_format("%s%s", number, share ? " pp" : row->standardized ? " sd" : "");
}

const char *pilot_power_show_scope(const pilot_power_row_t *row)
{
    if (row->design.agencies == 1)
        return "all units";
    return row->design.scope == PILOT_POWER_AGENCY ? "one agency"
                                                   : pilot_power_scope_name(row->design.scope);
}

static char *show_whole(double number)
{
    return number > 0 ? pilot_format("%.0f", ceil(number - 1e-9)) : NULL;
}

static char *show_power(pilot_number_t power)
{
    if (!power.given)
        return NULL;
    return power.value > 0.9995 ? pilot_strdup(">0.999") : pilot_format("%.3f", power.value);
}

static char *show_optional_effect(const pilot_power_row_t *row, pilot_number_t effect)
{
    return effect.given ? pilot_power_show_effect(row, effect.value) : NULL;
}

/* Units, or clusters, in the contrast's arm and control: "300/350". */
static char *show_arms(const pilot_plan_t *plan, const pilot_power_row_t *row, double units)
{
    if (!(units > 0))
        return NULL;
    double groups = row->design.clustered ? units / row->design.cluster_size : units;
    return pilot_format("%.0f/%.0f", rint(groups * pilot_power_arm_share(plan, row->arm)),
                        rint(groups * pilot_power_arm_share(plan, 0)));
}

static char *show_note(const pilot_power_row_t *row)
{
    if (row->effect.given && !row->needed.given)
        return pilot_strdup("no size suffices");
    if (!row->has_precision)
        return pilot_strdup("too few units");
    return row->detectable.given ? NULL : pilot_strdup("no effect is found");
}

/* Arms of the same share have the same numbers (but for simulated ones), and are told once. */
static bool is_told_before(const pilot_plan_t *plan, const pilot_power_row_t *row)
{
    for (size_t arm = 1; arm < row->arm; arm++)
        if (pilot_power_arm_share(plan, arm) == row->design.arm_share)
            return true;
    return false;
}

/* "reading: small, regular+aide - regular": the row's arm, and those told with it. */
static void add_heading(const pilot_plan_t *plan, const pilot_power_row_t *row, bool together,
                        pilot_table_t *table)
{
    pilot_text_t text = PILOT_TEXT_INIT;
    pilot_text_appendf(&text, "%s: %s", row->outcome->name, plan->arms[row->arm].label);
    for (size_t arm = row->arm + 1; together && arm < plan->arm_count; arm++)
        if (pilot_power_arm_share(plan, arm) == row->design.arm_share)
            pilot_text_appendf(&text, ", %s", plan->arms[arm].label);
    pilot_text_appendf(&text, " - %s", plan->arms[0].label);
    char *heading = pilot_text_take(&text);
    pilot_table_heading(table, pilot_strdup(heading), heading);
}

static bool any_clustered(const pilot_power_rows_t *rows)
{
    return rows->count > 0 && rows->row[0].design.clustered;
}

static bool any_simulated(const pilot_power_rows_t *rows)
{
    for (size_t i = 0; i < rows->count; i++)
        if (rows->row[i].simulations > 0)
            return true;
    return false;
}

static bool any_note(const pilot_power_rows_t *rows)
{
    for (size_t i = 0; i < rows->count; i++) {
        char *note PILOT_AUTOFREE = show_note(&rows->row[i]);
        if (note)
            return true;
    }
    return false;
}

static pilot_table_t *design_table(const pilot_plan_t *plan, const pilot_power_rows_t *rows,
                                   int width, bool utf8)
{
    bool simulated = any_simulated(rows), noted = any_note(rows);
    pilot_table_t *table = pilot_table_new(width);
    pilot_table_column(table, "", false, 0);
    pilot_table_column(table, "units", true, 0);
    pilot_table_column(table, any_clustered(rows) ? "clusters" : "arm/control", true, 1);
    pilot_table_column(table, "df", true, 2);
    pilot_table_column(table, "detectable", true, 0);
    pilot_table_column(table, "effect", true, 0);
    pilot_table_column(table, "power", true, 0);
    pilot_table_column(table, "needed", true, 0);
    if (simulated)
        pilot_table_column(table, "simulated", true, 0);
    if (noted)
        pilot_table_column(table, "", false, 0);
    for (size_t i = 0; i < rows->count; i++) {
        const pilot_power_row_t *row = &rows->row[i];
        if (!simulated && is_told_before(plan, row))
            continue;
        pilot_table_row(table);
        add_heading(plan, row, !simulated, table);
        pilot_table_cell_text(table, pilot_power_show_scope(row));
        pilot_table_cell(table, show_whole(row->units));
        pilot_table_cell(table, show_arms(plan, row, row->units));
        pilot_table_cell(table, row->has_precision && isfinite(row->precision.df)
                                    ? three_digits(row->precision.df)
                                    : NULL);
        pilot_table_cell(table, show_optional_effect(row, row->detectable));
        pilot_table_cell(table, show_optional_effect(row, row->effect));
        pilot_table_cell(table, show_power(row->power));
        pilot_table_cell(table, row->needed.given ? show_whole(row->needed.value) : NULL);
        if (simulated)
            pilot_table_cell(table,
                             row->simulated.given
                                 ? pilot_format(utf8 ? "%.3f ±%.3f" : "%.3f +-%.3f",
                                                row->simulated.value, row->simulated_error.value)
                                 : NULL);
        if (noted)
            pilot_table_cell(table, show_note(row));
    }
    return table;
}

/* Each point of each curve: calls back with its units and effect. */
typedef void point_function_t(void *context, const pilot_power_row_t *row, double units,
                              pilot_number_t effect);

static void walk_curve(const pilot_power_row_t *row, point_function_t *tell, void *context)
{
    double point[PILOT_POWER_POINTS];
    size_t count = pilot_power_row_grid(row, PILOT_POWER_POINTS, point);
    for (size_t i = 0; i < count; i++)
        if (pilot_power_row_by_units(row))
            tell(context, row, point[i], row->effect);
        else
            tell(context, row, row->units, PILOT_GIVEN(point[i]));
}

typedef struct curve_table {
    const pilot_plan_t *plan;
    pilot_table_t *table;
} curve_table_t;

static void add_point(void *context, const pilot_power_row_t *row, double units,
                      pilot_number_t effect)
{
    curve_table_t *curve = context;
    pilot_table_row(curve->table);
    add_heading(curve->plan, row, true, curve->table);
    pilot_table_cell_text(curve->table, pilot_power_show_scope(row));
    pilot_table_cell(curve->table, show_whole(units));
    pilot_table_cell(curve->table, show_arms(curve->plan, row, units));
    pilot_table_cell(curve->table,
                     show_optional_effect(row, pilot_power_row_detectable(row, units)));
    pilot_table_cell(curve->table, show_optional_effect(row, effect));
    pilot_table_cell(curve->table, show_power(pilot_power_row_at(row, units, effect.value)));
}

static pilot_table_t *curve_table(const pilot_plan_t *plan, const pilot_power_rows_t *rows,
                                  int width)
{
    curve_table_t curve = {plan, pilot_table_new(width)};
    pilot_table_column(curve.table, "", false, 0);
    pilot_table_column(curve.table, "units", true, 0);
    pilot_table_column(curve.table, any_clustered(rows) ? "clusters" : "arm/control", true, 1);
    pilot_table_column(curve.table, "detectable", true, 0);
    pilot_table_column(curve.table, "effect", true, 0);
    pilot_table_column(curve.table, "power", true, 0);
    for (size_t i = 0; i < rows->count; i++)
        if (!is_told_before(plan, &rows->row[i]))
            walk_curve(&rows->row[i], add_point, &curve);
    return curve.table;
}

pilot_status_t pilot_power_print_table(const pilot_plan_t *plan, const pilot_power_rows_t *rows,
                                       int width, bool utf8, FILE *out, pilot_error_t *error)
{
    fprintf(out,
            "%s: detectable = the effect found with power %g,\n"
            "needed = the units with which the effect is found with power %g.\n\n",
            plan->pilot, rows->row[0].target, rows->row[0].target);
    pilot_table_t *table = design_table(plan, rows, width, utf8);
    pilot_status_t status = pilot_table_print(table, out, error);
    pilot_table_free(table);
    if (status)
        return status;
    fputs("\nThe power curve:\n\n", out);
    table = curve_table(plan, rows, width);
    status = pilot_table_print(table, out, error);
    pilot_table_free(table);
    return status;
}

/* ---- for programs ---------------------------------------------------------------------------- */

typedef enum column_kind { COLUMN_TEXT, COLUMN_NUMBER } column_kind_t;

static const struct {
    const char *name;
    column_kind_t kind;
} columns[] = {
    {"row", COLUMN_TEXT},
    {"pilot", COLUMN_TEXT},
    {"outcome", COLUMN_TEXT},
    {"arm", COLUMN_TEXT},
    {"control", COLUMN_TEXT},
    {"scope", COLUMN_TEXT},
    {"estimator", COLUMN_TEXT},
    {"effect_unit", COLUMN_TEXT},
    {"alpha", COLUMN_NUMBER},
    {"target_power", COLUMN_NUMBER},
    {"units", COLUMN_NUMBER},
    {"units_arm", COLUMN_NUMBER},
    {"units_control", COLUMN_NUMBER},
    {"clusters", COLUMN_NUMBER},
    {"blocks", COLUMN_NUMBER},
    {"std_error", COLUMN_NUMBER},
    {"df", COLUMN_NUMBER},
    {"detectable_effect", COLUMN_NUMBER},
    {"effect", COLUMN_NUMBER},
    {"power", COLUMN_NUMBER},
    {"units_needed", COLUMN_NUMBER},
    {"clusters_needed", COLUMN_NUMBER},
    {"simulations", COLUMN_NUMBER},
    {"power_simulated", COLUMN_NUMBER},
    {"power_simulated_mcse", COLUMN_NUMBER},
    {"note", COLUMN_TEXT},
};
enum { COLUMNS = sizeof columns / sizeof *columns };

/* A row's cells, in the columns' order; "" is absent. */
typedef struct record {
    char *cell[COLUMNS];
    size_t count;
} record_t;

static void put_text(record_t *record, const char *text)
{
    record->cell[record->count++] = pilot_strdup(text ? text : "");
}

static void put_number(record_t *record, bool given, double value)
{
    char buffer[PILOT_DOUBLE_SIZE] = "";
    if (given && isfinite(value))
        pilot_double_format(value, buffer);
    put_text(record, buffer);
}

static void put(record_t *record, pilot_number_t number)
{
    put_number(record, number.given, number.value);
}

static const char *effect_unit(const pilot_power_row_t *row)
{
    if (row->design.type == PILOT_POWER_SHARE)
        return "share";
    return row->standardized ? "sd" : "outcome";
}

/* at: the design itself (its curve: false). */
static record_t make_record(const pilot_plan_t *plan, const pilot_power_row_t *row, bool at,
                            double units, pilot_number_t effect)
{
    record_t r = {.count = 0};
    const pilot_power_design_t *d = &row->design;
    pilot_power_precision_t p = {0};
    double signed_effect = effect.given ? (row->down ? -1 : 1) * effect.value : 0;
    bool precise = pilot_power_precision(d, units, signed_effect, &p), known = units > 0;
    char *note PILOT_AUTOFREE = at ? show_note(row) : NULL;
    put_text(&r, at ? "design" : "curve");
    put_text(&r, plan->pilot);
    put_text(&r, row->outcome->name);
    put_text(&r, plan->arms[row->arm].label);
    put_text(&r, plan->arms[0].label);
    put_text(&r, pilot_power_scope_name(d->scope));
    put_text(&r, row->estimator);
    put_text(&r, effect_unit(row));
    put_number(&r, true, d->alpha);
    put_number(&r, true, row->target);
    put_number(&r, known, units);
    put_number(&r, known, units * d->arm_share);
    put_number(&r, known, units * d->control_share);
    put_number(&r, known && d->clustered, units / fmax(1, d->cluster_size));
    put_number(&r, precise && p.blocks > 0, p.blocks);
    put_number(&r, precise, p.std_error);
    put_number(&r, precise, p.df);
    put(&r, at ? row->detectable : pilot_power_row_detectable(row, units));
    put(&r, effect);
    put(&r, effect.given ? pilot_power_row_at(row, units, effect.value) : PILOT_ABSENT);
    put_number(&r, at && row->needed.given, row->needed.value);
    put_number(&r, at && row->needed.given && d->clustered,
               rint(row->needed.value / fmax(1, d->cluster_size)));
    put_number(&r, at && row->simulations > 0, (double)row->simulations);
    put(&r, at ? row->simulated : PILOT_ABSENT);
    put(&r, at ? row->simulated_error : PILOT_ABSENT);
    put_text(&r, note);
    return r;
}

typedef struct writer {
    const pilot_plan_t *plan;
    FILE *out;
    bool json;
    size_t written;
} writer_t;

static void write_record(writer_t *writer, record_t *record)
{
    pilot_text_t line = PILOT_TEXT_INIT;
    if (writer->json)
        pilot_text_append(&line, writer->written ? ",\n{" : "\n{");
    for (size_t i = 0; i < COLUMNS; i++) {
        const char *cell = record->cell[i];
        if (i > 0)
            pilot_text_append_char(&line, ',');
        if (!writer->json) {
            pilot_text_append_csv(&line, cell, strlen(cell));
            continue;
        }
        pilot_text_appendf(&line, "\"%s\":", columns[i].name);
        if (!*cell)
            pilot_text_append(&line, "null");
        else if (columns[i].kind == COLUMN_NUMBER)
            pilot_text_append(&line, cell);
        else
            pilot_text_append_json(&line, cell, strlen(cell));
    }
    pilot_text_append_char(&line, writer->json ? '}' : '\n');
    fwrite(line.data, 1, line.length, writer->out);
    pilot_text_clear(&line);
    for (size_t i = 0; i < COLUMNS; i++)
        free(record->cell[i]);
    writer->written++;
}

static void write_point(void *context, const pilot_power_row_t *row, double units,
                        pilot_number_t effect)
{
    writer_t *writer = context;
    record_t record = make_record(writer->plan, row, false, units, effect);
    write_record(writer, &record);
}

static void write_all(writer_t *writer, const pilot_power_rows_t *rows)
{
    for (size_t i = 0; i < rows->count; i++) {
        const pilot_power_row_t *row = &rows->row[i];
        record_t record = make_record(writer->plan, row, true, row->units, row->effect);
        write_record(writer, &record);
    }
    for (size_t i = 0; i < rows->count; i++)
        walk_curve(&rows->row[i], write_point, writer);
}

void pilot_power_print_csv(const pilot_plan_t *plan, const pilot_power_rows_t *rows, FILE *out)
{
    writer_t writer = {.plan = plan, .out = out};
    for (size_t i = 0; i < COLUMNS; i++)
        fprintf(out, "%s%s", i ? "," : "", columns[i].name);
    fputc('\n', out);
    write_all(&writer, rows);
}

void pilot_power_print_json(const pilot_plan_t *plan, const pilot_power_rows_t *rows, FILE *out)
{
    writer_t writer = {.plan = plan, .out = out, .json = true};
    fputc('[', out);
    write_all(&writer, rows);
    fputs("\n]\n", out);
}
