#include "intake_previous.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "pilot/memory.h"

/* More agencies or more rows take noticeable time. */
#define MOST_COMPARED 200
#define MOST_ROWS 2000000

static uint64_t count_at(const PGresult *result, int row, int column)
{
    return strtoull(PQgetvalue(result, row, column), NULL, 10);
}

static double number_at(const PGresult *result, int row, int column)
{
    double value = 0;
    pilot_double_parse(PQgetvalue(result, row, column), (size_t)PQgetlength(result, row, column),
                       &value);
    return value;
}

static bool holds(const PGresult *result, int row, int column, const char *text)
{
    return strcmp(PQgetvalue(result, row, column), text) == 0;
}

/* Columns: agency, revision, rows, item, name, amount, numbers, mean, sd. */
static void take_item(const pilot_intake_layout_t *layout, pilot_previous_t *previous,
                      const PGresult *result, int row)
{
    if (PQgetisnull(result, row, 3))
        return;
    if (!previous->summary) {
        previous->summary = pilot_summary_new(layout->plan->arm_count, layout->columns);
        previous->summary->rows = previous->rows;
        previous->known = PILOT_NEW_ARRAY(bool, layout->columns + 1);
    }
    const char *name = PQgetvalue(result, row, 4);
    if (holds(result, row, 3, "arm")) {
        int arm = pilot_plan_arm_index(layout->plan, name, strlen(name));
        if (arm >= 0)
            previous->summary->arm_rows[arm] = count_at(result, row, 5);
        return;
    }
    for (size_t i = 0; i < layout->columns; i++) {
        if (strcmp(layout->column[i].stored->name, name) != 0)
            continue;
        pilot_column_summary_t *column = &previous->summary->column[i];
        previous->known[i] = !PQgetisnull(result, row, 5);
        column->missing = count_at(result, row, 5);
        column->numbers = PQgetisnull(result, row, 8) ? 0 : count_at(result, row, 6);
        column->mean = number_at(result, row, 7);
        column->sd = number_at(result, row, 8);
    }
}

static int compare_names(const void *key, const void *element)
{
    return strcmp(key, (*(pilot_intake_agency_t *const *)element)->name);
}

static int compare_agencies(const void *a, const void *b)
{
    return strcmp((*(pilot_intake_agency_t *const *)a)->name,
                  (*(pilot_intake_agency_t *const *)b)->name);
}

/* Those that get a new revision, by name; caller frees.  names: as a JSON array. */
static pilot_intake_agency_t **choose(pilot_intake_result_t *result, size_t *ret_count,
                                      pilot_text_t *names)
{
    pilot_intake_agency_t **chosen = PILOT_NEW_ARRAY(pilot_intake_agency_t *, result->agencies + 1);
    size_t count = 0;
    for (size_t i = 0; i < result->agencies; i++) {
        pilot_intake_agency_t *agency = &result->agency[i];
        if (agency->unchanged)
            continue;
        chosen[count++] = agency;
        pilot_text_append(names, count > 1 ? "," : "[");
        pilot_text_append_json(names, agency->name, strlen(agency->name));
    }
    pilot_text_append_char(names, ']');
    qsort(chosen, count, sizeof *chosen, compare_agencies);
    *ret_count = count;
    return chosen;
}

pilot_status_t pilot_previous_read(pilot_db_t *db, const pilot_intake_layout_t *layout,
                                   pilot_intake_result_t *result, pilot_error_t *error)
{
    pilot_text_t names = PILOT_TEXT_INIT;
    size_t count;
    PILOT_AUTOFREE pilot_intake_agency_t **chosen = choose(result, &count, &names);
    PGresult *rows = NULL;
    pilot_status_t status = PILOT_OK;
    if (count > 0)
        status = pilot_db_run(
            db, &rows, error,
            "SELECT agency, revision, rows, item, name, amount, numbers, mean, sd FROM "
            "registry.previous_summaries($1, ARRAY(SELECT jsonb_array_elements_text($2)))",
            2, layout->plan->pilot, names.data);
    pilot_text_clear(&names);
    for (int row = 0; !status && row < PQntuples(rows); row++) {
        pilot_intake_agency_t **agency =
            bsearch(PQgetvalue(rows, row, 0), chosen, count, sizeof(void *), compare_names);
        if (!agency)
            continue;
        (*agency)->previous.revision = (int)count_at(rows, row, 1);
        (*agency)->previous.rows = count_at(rows, row, 2);
        take_item(layout, &(*agency)->previous, rows, row);
    }
    PQclear(rows);
    return status;
}

pilot_status_t pilot_previous_units(pilot_db_t *db, const pilot_plan_t *plan,
                                    pilot_intake_result_t *result, pilot_error_t *error)
{
    pilot_text_t ids = PILOT_TEXT_INIT;
    size_t count = 0;
    uint64_t amount = 0;
    for (size_t i = 0; i < result->agencies; i++) {
        const pilot_intake_agency_t *agency = &result->agency[i];
        if (agency->unchanged || agency->previous.revision == 0 || agency->submission == 0)
            continue;
        pilot_text_appendf(&ids, "%s%" PRId64, count++ > 0 ? "," : "{", agency->submission);
        amount += agency->rows + agency->previous.rows;
    }
    pilot_text_append(&ids, "}");
    PGresult *rows = NULL;
    pilot_status_t status = PILOT_OK;
    if (plan->columns.unit && count > 0 && count <= MOST_COMPARED && amount <= MOST_ROWS)
        status =
            pilot_db_run(db, &rows, error,
                         "SELECT submission, added, removed FROM registry.unit_changes($1, $2)", 2,
                         plan->pilot, ids.data);
    pilot_text_clear(&ids);
    for (int row = 0; !status && row < PQntuples(rows); row++) {
        int64_t submission = (int64_t)count_at(rows, row, 0);
        for (size_t i = 0; i < result->agencies; i++) {
            if (result->agency[i].submission != submission || result->agency[i].unchanged)
                continue;
            result->agency[i].units_added = (int64_t)count_at(rows, row, 1);
            result->agency[i].units_removed = (int64_t)count_at(rows, row, 2);
        }
    }
    PQclear(rows);
    return status;
}
