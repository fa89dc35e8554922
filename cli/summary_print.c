#include "summary_print.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "numbers.h"
#include "paragraph.h"
#include "pilot/memory.h"
#include "table.h"

/* Of several agencies; warnings; columns of one agency. */
enum { SHOWN_AGENCIES = 10, SHOWN_WARNINGS = 10, SHOWN_COLUMNS = 30, SHOWN_ARMS = 4 };

size_t pilot_summary_warnings(const pilot_intake_result_t *result)
{
    size_t count = 0;
    for (size_t i = 0; i < result->agencies; i++)
        count += result->agency[i].warnings.count;
    return count;
}

static char *grouped(uint64_t value)
{
    pilot_text_t text = PILOT_TEXT_INIT;
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%" PRIu64, value);
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            pilot_text_append_char(&text, ',');
        pilot_text_append_char(&text, digits[i]);
    }
    return pilot_text_take(&text);
}

/* "0%" is none at all, "<0.1%" a few. */
static char *percent(uint64_t part, uint64_t whole)
{
    double share = 100 * (double)part / (double)whole;
    if (whole == 0)
        return NULL;
    if (part == 0 || part == whole)
        return pilot_strdup(part == 0 ? "0%" : "100%");
    if (share < 0.05)
        return pilot_strdup("<0.1%");
    if (share >= 99.95)
        return pilot_strdup(">99.9%");
    return pilot_format("%.1f%%", share);
}

/* Clears the text. */
static void print_paragraph(pilot_text_t *text, int width, FILE *out)
{
    char *lines PILOT_AUTOFREE = pilot_paragraph(text->data, width, 0, 2);
    fprintf(out, "%s\n", lines);
    pilot_text_clear(text);
}

/* Names may have 2,000 bytes. */
static char *short_name(const char *name)
{
    char *text = pilot_strdup(name);
    pilot_table_cut(text, 40);
    return text;
}

/* ---- one agency ------------------------------------------------------------------------------ */

static void print_rows(const pilot_intake_agency_t *agency, int width, FILE *out)
{
    char *rows PILOT_AUTOFREE = grouped(agency->rows);
    char *name PILOT_AUTOFREE = short_name(agency->name);
    pilot_text_t line = PILOT_TEXT_INIT;
    pilot_text_appendf(&line, "%s: %s row%s", name, rows, agency->rows == 1 ? "" : "s");
    if (agency->unchanged)
        pilot_text_appendf(&line, ", the same as in revision %d", agency->revision);
    if (agency->previous.revision > 0) {
        char *before PILOT_AUTOFREE = grouped(agency->previous.rows);
        pilot_text_appendf(&line, "; revision %d had %s", agency->previous.revision, before);
    }
    if (agency->units_added >= 0)
        pilot_text_appendf(&line, "; units added: %" PRId64 ", removed: %" PRId64,
                           agency->units_added, agency->units_removed);
    print_paragraph(&line, width, out);
}

static pilot_status_t print_arms(const pilot_intake_agency_t *agency, const pilot_plan_t *plan,
                                 int width, FILE *out, pilot_error_t *error)
{
    const pilot_summary_t *summary = agency->summary, *before = agency->previous.summary;
    bool clustered = plan->columns.cluster != NULL;
    pilot_table_t *table = pilot_table_new(width);
    pilot_table_column(table, "arm", false, 0);
    pilot_table_column(table, "rows", true, 0);
    pilot_table_column(table, "share", true, 0);
    if (before)
        pilot_table_column(table, "before", true, 1);
    if (clustered)
        pilot_table_column(table, "clusters", true, 2);
    for (size_t a = 0; a < plan->arm_count; a++) {
        pilot_table_row(table);
        pilot_table_cell_text(table, plan->arms[a].label);
        pilot_table_cell(table, grouped(summary->arm_rows[a]));
        pilot_table_cell(table, percent(summary->arm_rows[a], summary->rows));
        if (before)
            pilot_table_cell(table, percent(before->arm_rows[a], agency->previous.rows));
        if (clustered)
            pilot_table_cell(table, grouped(summary->arm_units[a]));
    }
    pilot_status_t status = pilot_table_print(table, out, error);
    pilot_table_free(table);
    return status;
}

/* A mean with as many digits as its standard error makes worth reading. */
static char *show_mean(const pilot_column_summary_t *column)
{
    if (!pilot_summary_has_mean(column))
        return NULL;
    if (!(column->sd > 0))
        return pilot_format("%.6g", column->mean);
    double std_error = column->sd / sqrt((double)column->numbers);
    return pilot_format("%.*f", pilot_decimals(std_error), column->mean);
}

static char *show_shift(const pilot_column_summary_t *now, const pilot_column_summary_t *before)
{
    double shift;
    if (!pilot_mean_shift(now, before, &shift))
        return NULL;
    return isinf(shift) ? pilot_strdup("far") : pilot_format("%+.2f", shift);
}

static void add_column(pilot_table_t *table, const pilot_intake_agency_t *agency, size_t i,
                       const char *header)
{
    const pilot_column_summary_t *now = &agency->summary->column[i];
    const pilot_previous_t *previous = &agency->previous;
    bool known = previous->summary && previous->known[i];
    pilot_table_row(table);
    pilot_table_cell_text(table, header);
    pilot_table_cell(table, percent(now->missing, agency->summary->rows));
    if (previous->summary)
        pilot_table_cell(
            table, known ? percent(previous->summary->column[i].missing, previous->rows) : NULL);
    pilot_table_cell(table, show_mean(now));
    if (!previous->summary)
        return;
    pilot_table_cell(table, known ? show_mean(&previous->summary->column[i]) : NULL);
    pilot_table_cell(table, known ? show_shift(now, &previous->summary->column[i]) : NULL);
}

static pilot_status_t print_columns(const pilot_intake_agency_t *agency, const pilot_plan_t *plan,
                                    int width, FILE *out, pilot_error_t *error)
{
    size_t count, shown = 0, more = 0;
    const pilot_stored_column_t *stored = pilot_plan_stored_columns(plan, &count);
    pilot_table_t *table = pilot_table_new(width);
    pilot_table_column(table, "column", false, 0);
    pilot_table_column(table, "missing", true, 0);
    if (agency->previous.summary)
        pilot_table_column(table, "before", true, 2);
    pilot_table_column(table, "mean", true, 0);
    if (agency->previous.summary) {
        pilot_table_column(table, "before", true, 3);
        pilot_table_column(table, "shift (sd)", true, 1);
    }
    for (size_t i = 0; i < count; i++) {
        if (!pilot_summary_tells(&stored[i]))
            continue;
        if (shown < SHOWN_COLUMNS) {
            add_column(table, agency, i, stored[i].name);
            shown++;
        } else {
            more++;
        }
    }
    pilot_status_t status = shown > 0 ? pilot_table_print(table, out, error) : PILOT_OK;
    if (more > 0)
        fprintf(out, "... and %zu more columns (--format json has all)\n", more);
    pilot_table_free(table);
    return status;
}

static pilot_status_t print_one(const pilot_intake_agency_t *agency, const pilot_plan_t *plan,
                                int width, FILE *out, pilot_error_t *error)
{
    print_rows(agency, width, out);
    if (agency->unchanged || !agency->summary)
        return PILOT_OK;
    fputc('\n', out);
    pilot_status_t status = print_arms(agency, plan, width, out, error);
    if (!status)
        fputc('\n', out);
    if (!status)
        status = print_columns(agency, plan, width, out, error);
    if (!status)
        fputc('\n', out);
    return status;
}

/* ---- several agencies ------------------------------------------------------------------------ */

/* "63/60/65" */
static char *show_arms(const uint64_t *rows, size_t arms)
{
    pilot_text_t text = PILOT_TEXT_INIT;
    for (size_t a = 0; a < arms && a < SHOWN_ARMS; a++)
        pilot_text_appendf(&text, "%s%" PRIu64, a > 0 ? "/" : "", rows[a]);
    if (arms > SHOWN_ARMS)
        pilot_text_append(&text, "/...");
    return pilot_text_take(&text);
}

/* The column of which most is missing: "reading 12.5%". */
static char *show_missing(const pilot_summary_t *summary, const pilot_plan_t *plan)
{
    size_t count, most = SIZE_MAX;
    const pilot_stored_column_t *stored = pilot_plan_stored_columns(plan, &count);
    for (size_t i = 0; i < count; i++)
        if (summary->column[i].missing > 0 &&
            (most == SIZE_MAX || summary->column[i].missing > summary->column[most].missing))
            most = i;
    if (most == SIZE_MAX)
        return NULL;
    char *share PILOT_AUTOFREE = percent(summary->column[most].missing, summary->rows);
    return pilot_format("%s %s", stored[most].name, share ? share : "");
}

static char *show_change(const pilot_intake_agency_t *agency)
{
    if (agency->unchanged)
        return pilot_strdup("unchanged");
    if (agency->units_added >= 0)
        return pilot_format("+%" PRId64 " -%" PRId64, agency->units_added, agency->units_removed);
    if (agency->previous.revision > 0)
        return pilot_format("%+" PRId64, (int64_t)agency->rows - (int64_t)agency->previous.rows);
    return pilot_strdup("new");
}

static void add_agency(pilot_table_t *table, const pilot_intake_agency_t *agency,
                       const pilot_plan_t *plan)
{
    const pilot_summary_t *summary = agency->summary;
    pilot_table_row(table);
    pilot_table_cell_text(table, agency->name);
    pilot_table_cell(table, grouped(agency->rows));
    pilot_table_cell(table, show_change(agency));
    pilot_table_cell(table, summary ? show_arms(summary->arm_rows, plan->arm_count) : NULL);
    pilot_table_cell(table, summary ? show_missing(summary, plan) : NULL);
    pilot_table_cell(table, agency->warnings.count > 0 ? pilot_format("%zu", agency->warnings.count)
                                                       : NULL);
}

static pilot_summary_t *add_up(const pilot_intake_result_t *result, const pilot_plan_t *plan)
{
    size_t columns;
    pilot_plan_stored_columns(plan, &columns);
    pilot_summary_t *total = pilot_summary_new(plan->arm_count, columns);
    for (size_t i = 0; i < result->agencies; i++) {
        const pilot_summary_t *summary = result->agency[i].summary;
        if (!summary)
            continue;
        total->rows += summary->rows;
        for (size_t a = 0; a < total->arms; a++)
            total->arm_rows[a] += summary->arm_rows[a];
        for (size_t c = 0; c < columns; c++)
            total->column[c].missing += summary->column[c].missing;
    }
    return total;
}

static void print_total_missing(const pilot_summary_t *total, const pilot_plan_t *plan, int width,
                                FILE *out)
{
    size_t count, told = 0, more = 0;
    const pilot_stored_column_t *stored = pilot_plan_stored_columns(plan, &count);
    pilot_text_t line = PILOT_TEXT_INIT;
    for (size_t i = 0; i < count; i++) {
        if (total->column[i].missing == 0)
            continue;
        if (told == 5) {
            more++;
            continue;
        }
        char *share PILOT_AUTOFREE = percent(total->column[i].missing, total->rows);
        pilot_text_appendf(&line, "%s%s %s", told++ > 0 ? ", " : "missing in all: ", stored[i].name,
                           share ? share : "");
    }
    if (more > 0)
        pilot_text_appendf(&line, ", and %zu more", more);
    if (told > 0)
        print_paragraph(&line, width, out);
}

static pilot_status_t print_many(const pilot_intake_result_t *result, const pilot_plan_t *plan,
                                 int width, FILE *out, pilot_error_t *error)
{
    pilot_table_t *table = pilot_table_new(width);
    pilot_text_t arms = PILOT_TEXT_INIT;
    for (size_t a = 0; a < plan->arm_count && a < SHOWN_ARMS; a++)
        pilot_text_appendf(&arms, "%s%s", a > 0 ? "/" : "", plan->arms[a].label);
    if (plan->arm_count > SHOWN_ARMS)
        pilot_text_append(&arms, "/...");
    pilot_table_column(table, "agency", false, 0);
    pilot_table_column(table, "rows", true, 0);
    pilot_table_column(table, "change", true, 2);
    pilot_table_column(table, arms.data, true, 1);
    pilot_table_column(table, "most missing", false, 3);
    pilot_table_column(table, "warnings", true, 0);
    size_t shown = 0;
    /* Those with warnings are worth most of the few lines. */
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < result->agencies && shown < SHOWN_AGENCIES; i++)
            if ((result->agency[i].warnings.count > 0) == (pass == 0)) {
                add_agency(table, &result->agency[i], plan);
                shown++;
            }
    pilot_status_t status = pilot_table_print(table, out, error);
    if (!status && shown < result->agencies)
        fprintf(out, "... and %zu more\n", result->agencies - shown);
    pilot_summary_t *total = add_up(result, plan);
    if (!status && total->rows > 0) {
        char *rows PILOT_AUTOFREE = show_arms(total->arm_rows, plan->arm_count);
        pilot_text_t line = PILOT_TEXT_INIT;
        pilot_text_appendf(&line, "rows by arm in all: %s (%s)", rows, arms.data);
        fputc('\n', out);
        print_paragraph(&line, width, out);
        print_total_missing(total, plan, width, out);
    }
    fputc('\n', out);
    pilot_summary_free(total);
    pilot_table_free(table);
    pilot_text_clear(&arms);
    return status;
}

/* ---- all ------------------------------------------------------------------------------------- */

static void print_warnings(const pilot_intake_result_t *result, int width, FILE *out)
{
    size_t shown = 0, all = pilot_summary_warnings(result);
    for (size_t i = 0; i < result->agencies; i++) {
        const pilot_intake_agency_t *agency = &result->agency[i];
        char *name PILOT_AUTOFREE = short_name(agency->name);
        for (size_t j = 0; j < agency->warnings.count && shown < SHOWN_WARNINGS; j++, shown++) {
            const pilot_warning_t *warning = &agency->warnings.item[j];
            pilot_text_t line = PILOT_TEXT_INIT;
            pilot_text_appendf(&line, "warning: %s: %s%s%s: %s", name,
                               warning->column ? warning->column : "", warning->column ? ": " : "",
                               warning->code, warning->message);
            print_paragraph(&line, width, out);
        }
    }
    if (all > shown)
        fprintf(out, "... and %zu more warnings (--format json has all)\n", all - shown);
}

static bool is_news(const pilot_intake_result_t *result)
{
    for (size_t i = 0; i < result->agencies; i++)
        if (!result->agency[i].unchanged)
            return true;
    return false;
}

pilot_status_t pilot_summary_print(const pilot_intake_result_t *result, const pilot_plan_t *plan,
                                   int width, FILE *out, pilot_error_t *error)
{
    pilot_status_t status = PILOT_OK;
    if (result->agencies == 1)
        status = print_one(&result->agency[0], plan, width, out, error);
    else if (is_news(result))
        status = print_many(result, plan, width, out, error);
    if (!status)
        print_warnings(result, width, out);
    return status;
}
