#include "report.h"

#include <string.h>

#include "output.h"
#include "pilot/page.h"

static pilot_page_format_t format_of(const pilot_report_t *report)
{
    if (report->format)
        return strcmp(report->format, "md") == 0 ? PILOT_PAGE_MARKDOWN : PILOT_PAGE_HTML;
    size_t length = strlen(report->output);
    return length > 3 && strcmp(report->output + length - 3, ".md") == 0 ? PILOT_PAGE_MARKDOWN
                                                                         : PILOT_PAGE_HTML;
}

pilot_status_t pilot_report_write(pilot_db_t *db, const pilot_report_t *report,
                                  pilot_error_t *error)
{
    pilot_evaluation_t *evaluation = NULL;
    pilot_evaluation_query_t query = report->query;
    query.whole_sample = true;
    pilot_status_t status = pilot_evaluation_read(db, &query, &evaluation, error);
    if (status)
        return status;
    pilot_text_t text = PILOT_TEXT_INIT;
    pilot_page_t *page = pilot_page_new(&text, format_of(report));
    pilot_page_report(page, evaluation);
    pilot_page_free(page);
    pilot_evaluation_free(evaluation);
    status = pilot_output_text(report->output, &text, error);
    pilot_text_clear(&text);
    return status;
}
