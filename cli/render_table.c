#include "render_table.h"

#include "numbers.h"
#include "pilot/memory.h"

#define UNCUT SIZE_MAX

static bool is_right(pilot_cell_kind_t kind)
{
    return kind == PILOT_CELL_COUNT || kind == PILOT_CELL_NUMBER || kind == PILOT_CELL_INTERVAL ||
           kind == PILOT_CELL_P || kind == PILOT_CELL_PERCENT || kind == PILOT_CELL_ROOT ||
           kind == PILOT_CELL_RANK;
}

void pilot_render_table_begin(pilot_render_table_t *render, int width, bool utf8)
{
    render->width = width;
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

/* A name in a heading; long ones are cut so that all of them stand in it. */
static void append_name(pilot_text_t *text, const char *before, const char *name, size_t most)
{
    char *part PILOT_AUTOFREE = pilot_strdup(name ? name : "");
    pilot_table_cut(part, most);
    pilot_text_append(text, before);
    pilot_text_append(text, part);
}

/* "reading: small - regular, diff. in means (female = 1)"; caller frees. */
static char *heading_of(const pilot_view_t *view, const PGresult *result, int row, size_t most)
{
    pilot_text_t text = PILOT_TEXT_INIT;
    const char *estimand = value(view, result, row, "estimand");
    const char *parameter = value(view, result, row, "parameter");
    const char *subgroup = value(view, result, row, "subgroup");
    const char *agency = value(view, result, row, "agency");
    if (view->heading == PILOT_HEADING_AGENCY) {
        append_name(&text, "", agency ? agency : "(pooled)", most);
        return pilot_text_take(&text);
    }
    append_name(&text, "", value(view, result, row, "outcome"), most);
    append_name(&text, ": ", value(view, result, row, "arm"), most);
    if (view->heading == PILOT_HEADING_CURVE)
        pilot_text_appendf(&text, ", %s", value(view, result, row, "curve"));
    else
        append_name(&text, " - ", value(view, result, row, "control"), most);
    if (view->heading == PILOT_HEADING_ESTIMATE)
        pilot_text_appendf(&text, ", %s", estimator_label(value(view, result, row, "estimator")));
    if (parameter && parameter[0])
        append_name(&text, view->heading == PILOT_HEADING_ESTIMATE ? " " : ", ", parameter, most);
    if (estimand && strcmp(estimand, "itt") != 0)
        pilot_text_appendf(&text, " [%s]", estimand);
    if (subgroup && subgroup[0]) {
        append_name(&text, " (", subgroup, most);
        append_name(&text, " = ", value(view, result, row, "level"), most);
        pilot_text_append_char(&text, ')');
    }
    if (view->heading == PILOT_HEADING_CURVE)
        append_name(&text, ", ", agency ? agency : "(pooled)", most);
    return pilot_text_take(&text);
}

/* As long as the terminal allows; caller frees. */
static char *make_heading(const pilot_render_table_t *render, const PGresult *result, int row)
{
    enum { LONG = 40, SHORTEST = 8, STEP = 4 };
    char *text = heading_of(render->view, result, row, UNCUT);
    for (size_t most = LONG;
         pilot_utf8_width(text, strlen(text)) > (size_t)render->width && most >= SHORTEST;
         most -= STEP) {
        free(text);
        text = heading_of(render->view, result, row, most);
    }
    return text;
}

void pilot_render_table_rows(pilot_render_table_t *render, const PGresult *result)
{
    const pilot_view_t *view = render->view;
    for (int row = 0; row < PQntuples(result); row++) {
        pilot_table_row(render->table);
        if (view->heading != PILOT_HEADING_NONE)
            pilot_table_heading(render->table, heading_of(view, result, row, UNCUT),
                                make_heading(render, result, row));
        for (const pilot_view_cell_t *cell = view->cell; cell->header; cell++)
            if (render->all || !cell->all_only)
                pilot_table_cell(render->table, make_cell(cell, value(view, result, row, cell->a),
                                                          value(view, result, row, cell->b),
                                                          value(view, result, row, cell->c)));
    }
}
