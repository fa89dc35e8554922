/* dashboard_evaluation.c - the analysis that a page shows: read once, kept for the pages around it.
 */
#include "dashboard.h"
#include "pilot/memory.h"

pilot_status_t dashboard_analysis_field(const dashboard_page_t *page, int64_t *ret_analysis,
                                        pilot_error_t *error)
{
    const char *field = pilot_http_value(page->request, "analysis", 0);
    *ret_analysis = 0;
    if (!field || !*field)
        return PILOT_OK;
    if (!pilot_int64_parse(field, strlen(field), ret_analysis) || *ret_analysis < 1)
        return pilot_error_set(error, PILOT_E_USAGE, "analysis is the number of one");
    return PILOT_OK;
}

static void clear(dashboard_evaluation_t *read)
{
    free(read->pilot);
    pilot_evaluation_free(read->evaluation);
    *read = (dashboard_evaluation_t){0};
}

void dashboard_forget_evaluations(dashboard_t *dashboard)
{
    for (size_t i = 0; i < DASHBOARD_EVALUATIONS; i++)
        clear(&dashboard->read[i]);
}

/* The place of what was read and is still true, or the one to read it into. */
static dashboard_evaluation_t *find(dashboard_t *dashboard, const char *pilot, int64_t analysis)
{
    uint64_t epoch = atomic_load(&dashboard->epoch);
    dashboard_evaluation_t *least = &dashboard->read[0];
    for (size_t i = 0; i < DASHBOARD_EVALUATIONS; i++) {
        dashboard_evaluation_t *read = &dashboard->read[i];
        if (read->pilot && read->epoch != epoch)
            clear(read);
        if (read->pilot && read->analysis == analysis && strcmp(read->pilot, pilot) == 0)
            return read;
        if (read->used < least->used)
            least = read;
    }
    clear(least);
    return least;
}

static pilot_status_t read_evaluation(dashboard_page_t *page, const pilot_evaluation_query_t *query,
                                      pilot_evaluation_t **ret_evaluation, pilot_error_t *error)
{
    /* A lost connection is noticed here, and made again. */
    PGresult *ignored = NULL;
    pilot_status_t status = dashboard_query(page, "SELECT 1", 0, NULL, &ignored, error);
    PQclear(ignored);
    return status ? status
                  : pilot_evaluation_read(page->dashboard->db, query, ret_evaluation, error);
}

pilot_status_t dashboard_evaluate(dashboard_page_t *page, const char *pilot,
                                  const pilot_evaluation_t **ret_evaluation, pilot_error_t *error)
{
    dashboard_t *dashboard = page->dashboard;
    pilot_evaluation_query_t query = {.pilot = pilot, .released = true};
    pilot_status_t status = dashboard_analysis_field(page, &query.analysis, error);
    if (status)
        return status;
    dashboard_evaluation_t *read = find(dashboard, pilot, query.analysis);
    if (!read->evaluation) {
        uint64_t epoch = atomic_load(&dashboard->epoch);
        status = read_evaluation(page, &query, &read->evaluation, error);
        if (status)
            return status;
        read->pilot = pilot_strdup(pilot);
        read->analysis = query.analysis;
        read->epoch = epoch;
    }
    read->used = ++dashboard->uses;
    *ret_evaluation = read->evaluation;
    return PILOT_OK;
}
