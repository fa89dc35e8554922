/* render.h - rows of a view as a table for people, as CSV, as one JSON array, or as JSON lines. */
#ifndef PILOT_CLI_RENDER_H
#define PILOT_CLI_RENDER_H

#include <stdio.h>

#include "context.h"
#include "view.h"

#define PILOT_FORMATS "table|csv|json|jsonl"
/* Of what is no view. */
#define PILOT_FEW_FORMATS "table|csv|json"

/* --format and --output into a struct's `format` and `output`. */
#define PILOT_FORMAT_OPTIONS(request) PILOT_FORMAT_OPTIONS_OF(request, PILOT_FORMATS)
#define PILOT_FORMAT_OPTIONS_OF(request, formats)                                                  \
    {.name = "format",                                                                             \
     .type = PILOT_OPTION_CHOICE,                                                                  \
     .target = &(request).format,                                                                  \
     .argument = "FORMAT",                                                                         \
     .help = "default: table, or as the name of --output ends",                                    \
     .choices = formats},                                                                          \
    {                                                                                              \
        .name = "output", .type = PILOT_OPTION_TEXT, .target = &(request).output,                  \
        .argument = "FILE", .help = "write to FILE instead of standard output"                     \
    }

typedef struct pilot_render {
    const pilot_view_t *view;
    const char *format; /* one of PILOT_FORMATS */
    const char *output; /* a file, written whole or not at all; NULL or "-": stdout */
    bool all;           /* in a table too: every row of the view */
    bool alarms;        /* of the quality view: checks that ring */
    bool released;      /* what the public sees: see pilot_view_rows_t */
    bool own;           /* what an agency sees: see there */
    const char *sort;   /* see there */
    bool descending;
    int64_t top;
    bool pager; /* a long table for a terminal goes through the person's pager */
    const char *pilot;
    const char *agency; /* rows of this one alone, of a view that is not by analysis; NULL: all */
    int64_t analysis;
} pilot_render_t;

/* "csv", "json" or "jsonl" when that is how the file's name ends, else "table". */
const char *pilot_render_format_of(const char *output);

/* Read the rows in one snapshot and write them.  *ret_rows (NULL allowed): how many. */
pilot_status_t pilot_render(pilot_context_t *context, const pilot_render_t *render,
                            uint64_t *ret_rows, pilot_error_t *error);

#endif
