/* render_table.h - rows of a view into a table for people. */
#ifndef PILOT_CLI_RENDER_TABLE_H
#define PILOT_CLI_RENDER_TABLE_H

#include <libpq-fe.h>

#include "convention_note.h"
#include "render_forest.h"
#include "table.h"
#include "view.h"

typedef struct pilot_render_table {
    const pilot_view_t *view;
    bool all; /* --all */
    pilot_table_t *table;
    int width; /* of the terminal */
    bool utf8;
    pilot_convention_note_t note;
    pilot_forest_t *forest; /* NULL: the view has no plot */
    char *key;              /* heading of the last row */
    PGresult *answers;      /* what stands beneath agencies; NULL: nothing */
    int answer;             /* of the last row's group; -1: none */
} pilot_render_table_t;

void pilot_render_table_begin(pilot_render_table_t *render, int width, bool utf8);
void pilot_render_table_rows(pilot_render_table_t *render, const PGresult *result);
/* After the last row: print. */
pilot_status_t pilot_render_table_end(pilot_render_table_t *render, FILE *out,
                                      pilot_error_t *error);
void pilot_render_table_clear(pilot_render_table_t *render);

#endif
