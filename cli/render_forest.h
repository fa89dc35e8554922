/* render_forest.h - rows of a view as rows of a forest plot, and the answer of the comparison that
 * stands beneath agencies. */
#ifndef PILOT_CLI_RENDER_FOREST_H
#define PILOT_CLI_RENDER_FOREST_H

#include <libpq-fe.h>

#include "forest.h"
#include "pilot/database.h"
#include "view.h"

/* What `plot` names, from the columns of a result: the view's, or by name when view is NULL.  What
 * is not there, or hidden, is absent. */
pilot_forest_row_t pilot_render_forest_row(const pilot_view_plot_t *plot, const pilot_view_t *view,
                                           const PGresult *result, int row);

/* The headline answers of an analysis, as $1 = pilot and $2 = analysis, in the columns of
 * results.comparisons; from dashboard's when released.  Columns by name. */
const char *pilot_render_answers_sql(bool released);
/* The answer to a row's contrast (what its estimator was asked for: `asked`); -1: there is none. */
int pilot_render_answer_find(const PGresult *answers, const PGresult *result, int row,
                             const char *asked);
/* "a new agency: [-17.1, 30.2]; tau 11.8, I2 75%"; caller frees; NULL: nothing is known. */
char *pilot_render_answer_note(const PGresult *answers, int answer, bool log_scale, bool utf8);

extern const pilot_view_plot_t pilot_render_answer_plot;

#endif
