/* worker_made_rows.h - what the worker's unit tests do with a Spec and a report: the analysis of
 * the one, the rows of the other, and a part handed on to the next job. */
#ifndef PILOT_WORKER_MADE_ROWS_H
#define PILOT_WORKER_MADE_ROWS_H

#include <stdio.h>
#include <stdlib.h>

#include "../../worker/parts.h"
#include "../../worker/report.h"
#include "pilot/wire.h"

/* Ends the test when the Spec is not understood. */
static inline pilot_analysis_t *made_analysis(const Pilot__Spec *spec)
{
    size_t length = 0;
    uint8_t *bytes = pilot_message_pack(&spec->base, &length);
    pilot_analysis_t *analysis = NULL;
    pilot_error_t error = {0};
    if (pilot_analysis_new(bytes, length, &analysis, &error) != PILOT_OK) {
        printf("Bail out! %s\n", error.message);
        exit(1);
    }
    free(bytes);
    return analysis;
}

/* Frees the report; the caller frees the rows. */
static inline Pilot__ResultRows *made_rows(pilot_report_t *report)
{
    size_t length = 0;
    uint8_t *bytes = pilot_report_pack(report, &length);
    Pilot__ResultRows *rows = NULL;
    pilot_rows_unpack(bytes, length, &rows, NULL);
    free(bytes);
    pilot_report_free(report);
    return rows;
}

static inline void made_add_part(pilot_parts_t *parts, const Pilot__ResultRows *rows)
{
    pilot_parts_add(parts, rows->part.data, rows->has_part ? rows->part.len : 0, NULL);
}

#endif
