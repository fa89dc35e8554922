/* pilots_print.h - the comparison of pilots as a table with a forest plot, as CSV or as JSON. */
#ifndef PILOT_CLI_PILOTS_PRINT_H
#define PILOT_CLI_PILOTS_PRINT_H

#include <stdio.h>

#include "pilots.h"

typedef struct pilot_pilots_table {
    const char *by;
    const pilot_pilots_row_t *row;
    size_t rows;
    const pilot_pilots_source_t *source; /* of each pilot */
    size_t sources;
} pilot_pilots_table_t;

/* Rows of the comparison, and of pilots that take no part: they have k = 0 and a detail.
 * format: "csv", "json" or "jsonl". */
void pilot_pilots_write(const pilot_pilots_table_t *table, const char *format, FILE *out);

pilot_status_t pilot_pilots_show(const pilot_pilots_table_t *table, int width, bool utf8, FILE *out,
                                 pilot_error_t *error);

#endif
