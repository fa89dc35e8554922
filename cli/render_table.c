#include "render_table.h"

#include "numbers.h"
#include "pilot/memory.h"

static bool is_right(pilot_cell_kind_t kind)
{
    return kind == PILOT_CELL_COUNT || kind == PILOT_CELL_NUMBER || kind == PILOT_CELL_INTERVAL ||
           kind == PILOT_CELL_P || kind == PILOT_CELL_PERCENT || kind == PILOT_CELL_ROOT ||
           kind == PILOT_CELL_RANK;
}

void pilot_render_table_begin(pilot_render_table_t *render, int width, bool utf8)
{
    render->table = pilot_table_new(width);
    for (const pilot_view_cell_t *cell = render->view->cell; cell->header; cell++)
        if (render->all || !cell->all_only)
            pilot_table_column(render->table, !utf8 && cell->ascii ? cell->ascii : cell->header,
                               is_right(cell->kind), cell->drop);
}

/* The text of a view's column in a row; NULL when it is absent. */
static const char *value(const pilot_view_t *view, const PGresult *result, int row,
                         const char *column)
{
    int index = pilot_view_index(view, column);
    return index < 0 || PQgetisnull(result, row, index) ? NULL : PQgetvalue(result, row, index);
}

static const char *estimator_label(const char *estimator)
{
    return estimator && strcmp(estimator, "difference_in_means") == 0 ? "diff. in means"
                                                                      : estimator;
}

static char *note(const char *status, const char *reason, const char *detail)
{
    if (!status || strcmp(status, "ok") == 0)
        return NULL;
    if (reason && reason[0])
        return pilot_strdup(reason);
    return detail && detail[0] ? pilot_strdup(detail) : pilot_strdup(status);
}

static char *copy(const char *text)
{
    return text ? pilot_strdup(text) : NULL;
}

static char *make_cell(const pilot_view_cell_t *cell, const char *a, const char *b, const char *c)
{
    switch (cell->kind) {
    case PILOT_CELL_TEXT:
    case PILOT_CELL_COUNT:
        return copy(a);
    case PILOT_CELL_AGENCY:
        return pilot_strdup(a ? a : "(pooled)");
    case PILOT_CELL_ESTIMATOR:
        return copy(estimator_label(a));
    case PILOT_CELL_NUMBER:
        return pilot_show_number(a, b);
    case PILOT_CELL_INTERVAL:
        return pilot_show_interval(a, b, c);
    case PILOT_CELL_P:
        return pilot_show_p(a);
    case PILOT_CELL_PERCENT:
        return pilot_show_percent(a);
    case PILOT_CELL_ROOT:
        return pilot_show_root(a, b);
    case PILOT_CELL_RANK:
        return pilot_show_rank(a, b, c);
    case PILOT_CELL_NOTE:
        return note(a, b, c);
    case PILOT_CELL_FLAG:
        return a && strcmp(a, "true") == 0 ? pilot_strdup("yes") : NULL;
    case PILOT_CELL_BRIEF:
        return a ? pilot_strndup(a, 12) : NULL;
    }
    return NULL;
}

/* "reading: small - regular, diff. in means (female = 1)"; caller frees. */
static char *make_heading(const pilot_view_t *view, const PGresult *result, int row)
{
    if (view->heading == PILOT_HEADING_NONE)
        return NULL;
    pilot_text_t text = PILOT_TEXT_INIT;
    const char *estimand = value(view, result, row, "estimand");
    const char *parameter = value(view, result, row, "parameter");
    const char *subgroup = value(view, result, row, "subgroup");
    pilot_text_appendf(&text, "%s: %s - %s", value(view, result, row, "outcome"),
                       value(view, result, row, "arm"), value(view, result, row, "control"));
    if (view->heading == PILOT_HEADING_ESTIMATE)
        pilot_text_appendf(&text, ", %s", estimator_label(value(view, result, row, "estimator")));
    if (parameter && parameter[0])
        pilot_text_appendf(&text, " %s", parameter);
    if (estimand && strcmp(estimand, "itt") != 0)
        pilot_text_appendf(&text, " [%s]", estimand);
    if (subgroup && subgroup[0]) {
        const char *level = value(view, result, row, "level");
        pilot_text_appendf(&text, " (%s = %s)", subgroup, level ? level : "");
    }
    return pilot_text_take(&text);
}

void pilot_render_table_rows(pilot_render_table_t *render, const PGresult *result)
{
    const pilot_view_t *view = render->view;
    for (int row = 0; row < PQntuples(result); row++) {
        char *heading PILOT_AUTOFREE = make_heading(view, result, row);
        pilot_table_row(render->table, heading);
        for (const pilot_view_cell_t *cell = view->cell; cell->header; cell++)
            if (render->all || !cell->all_only)
                pilot_table_cell(render->table, make_cell(cell, value(view, result, row, cell->a),
                                                          value(view, result, row, cell->b),
                                                          value(view, result, row, cell->c)));
    }
}
