/* table.h - a table for people: columns that fit the width, rows under headings, control characters
 * escaped.  Plain text; nothing that a pipe would have to strip. */
#ifndef PILOT_CLI_TABLE_H
#define PILOT_CLI_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "forest.h"
#include "pilot/error.h"

typedef struct pilot_table pilot_table_t;

pilot_table_t *pilot_table_new(int width);
void pilot_table_free(pilot_table_t *table); /* NULL is fine */

/* Columns come first.  drop 0: never left out; otherwise, when the table is too wide, the column of
 * the highest number goes first, and comes back if the others' going left room for it.  Texts that
 * are not right-aligned are cut when they are long. header: borrowed until the table is freed. */
void pilot_table_column(pilot_table_t *table, const char *header, bool right, int drop);

/* A column of pictures, as wide as the others leave room; without PILOT_FOREST_LEAST columns for it
 * there is none.  It goes after the columns of a higher number.  Rows of the table are rows of the
 * forest (borrowed until the table is printed).  Once, after the columns on its left. */
void pilot_table_plot(pilot_table_t *table, pilot_forest_t *forest, int drop);
/* A column of remarks: where the row has no picture they stand in its place. */
void pilot_table_remarks(pilot_table_t *table, const char *header);

void pilot_table_row(pilot_table_t *table); /* begin a row */
/* Consecutive rows of the same key stand under a heading.  Both consumed. */
void pilot_table_heading(pilot_table_t *table, char *key, char *shown);
/* Lines under the row, parted by '\n'; they are not wrapped.  Consumed. */
void pilot_table_note(pilot_table_t *table, char *text);
/* The next cell of the row; consumed (NULL: blank). */
void pilot_table_cell(pilot_table_t *table, char *text);
void pilot_table_cell_text(pilot_table_t *table, const char *text); /* copied */

/* Cut a text to so many (at least 1) columns of the terminal, between characters; a '~' tells that
 * it was cut. */
void pilot_table_cut(char *text, size_t width);

/* PILOT_E_BUG when libsmartcols fails. */
pilot_status_t pilot_table_print(pilot_table_t *table, FILE *out, pilot_error_t *error);
/* After it: were there pictures? */
bool pilot_table_has_plot(const pilot_table_t *table);

#endif
