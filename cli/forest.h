/* forest.h - a forest plot in characters: rows of a group on one scale, the line of no effect, an
 * axis beneath.  Box characters to half a column; the effect's block is the higher (in eighths) the
 * more weight it has.  Plain ASCII where the locale has no UTF-8.  Pure. */
#ifndef PILOT_CLI_FOREST_H
#define PILOT_CLI_FOREST_H

#include <stdbool.h>
#include <stddef.h>

#include "pilot/estimate.h"

enum { PILOT_FOREST_LEAST = 24, PILOT_FOREST_MOST = 72 }; /* columns of a plot */

typedef struct pilot_forest_row {
    pilot_number_t estimate, low, high, shrunken, predicted_low, predicted_high;
    double weight;  /* of the group's total or any other unit; 0: none is told */
    bool pooled;    /* drawn as the group's answer */
    bool log_scale; /* numbers are logarithms of ratios: the axis tells the ratios */
    double null;    /* no effect */
    double reach;   /* the scale holds this, too; 0: nothing besides */
} pilot_forest_row_t;

typedef struct pilot_forest pilot_forest_t;

pilot_forest_t *pilot_forest_new(bool utf8);
void pilot_forest_free(pilot_forest_t *forest); /* NULL is fine */

/* The next row; begins a group unless it belongs to that of the row before. */
void pilot_forest_add(pilot_forest_t *forest, const pilot_forest_row_t *row, bool new_group);

/* Is there something to draw in the row? */
bool pilot_forest_has(const pilot_forest_t *forest, size_t row);
/* The row in exactly so many (at least PILOT_FOREST_LEAST) columns; NULL when there is nothing.
 * Caller frees. */
char *pilot_forest_draw(pilot_forest_t *forest, size_t row, size_t width);
/* Beneath the last row of a group the axis: the scale's ends and the place of no effect.  NULL
 * beneath others, or if nothing was drawn in the group.  Caller frees. */
char *pilot_forest_axis(pilot_forest_t *forest, size_t row, size_t width);

/* What the signs mean, of those that were used; "" when nothing is drawn.  Caller frees. */
char *pilot_forest_legend(const pilot_forest_t *forest);

#endif
