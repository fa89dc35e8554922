/* render_table.h - rows of a view into a table for people. */
#ifndef PILOT_CLI_RENDER_TABLE_H
#define PILOT_CLI_RENDER_TABLE_H

#include <libpq-fe.h>

#include "table.h"
#include "view.h"

pilot_table_t *pilot_render_table_begin(const pilot_view_t *view, int width, bool utf8);
void pilot_render_table_rows(pilot_table_t *table, const pilot_view_t *view,
                             const PGresult *result);

#endif
