/* report.h - one analysis as a page in a file. */
#ifndef PILOT_CLI_REPORT_H
#define PILOT_CLI_REPORT_H

#include "evaluation.h"

#define PILOT_REPORT_FORMATS "html|md"

typedef struct pilot_report {
    pilot_evaluation_query_t query;
    const char *output; /* a file, written whole or not at all; "-": stdout */
    const char *format; /* NULL: md when the file's name ends so, else html */
} pilot_report_t;

pilot_status_t pilot_report_write(pilot_db_t *db, const pilot_report_t *report,
                                  pilot_error_t *error);

#endif
