#include "render_table.h"

#include <math.h>

#include "numbers.h"
#include "pilot/estimators.h"
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
    render->utf8 = utf8;
    render->answer = -1;
    render->table = pilot_table_new(width);
    if (render->view->plot)
        render->forest = pilot_forest_new(utf8);
    for (const pilot_view_cell_t *cell = render->view->cell; cell->header; cell++) {
        if (cell->kind == PILOT_CELL_PLOT)
            pilot_table_plot(render->table, render->forest, cell->drop);
        else if (cell->kind == PILOT_CELL_NOTE)
            pilot_table_remarks(render->table, cell->header);
        else if (render->all || !cell->all_only)
            pilot_table_column(render->table, !utf8 && cell->ascii ? cell->ascii : cell->header,
                               is_right(cell->kind), cell->drop);
    }
}

/* The text of a view's column in a row; NULL when it is absent. */
static const char *value(const pilot_view_t *view, const PGresult *result, int row,
                         const char *column)
{
    int index = pilot_view_index(view, column);
    return index < 0 || PQgetisnull(result, row, index) ? NULL : PQgetvalue(result, row, index);
}

/* The table's facts of a row's estimator; NULL for a name that this program does not know. */
static const pilot_estimator_facts_t *facts_of(const char *name)
{
    pilot_estimator_t estimator = name ? pilot_estimator_from_name(name) : PILOT_ESTIMATORS;
    return estimator < PILOT_ESTIMATORS ? pilot_estimator_facts(estimator) : NULL;
}

static void append_estimator(pilot_text_t *text, const char *name)
{
    bool long_one = name && strcmp(name, "difference_in_means") == 0;
    pilot_text_append(text, long_one ? "diff. in means" : name ? name : "");
}

/* What the plan asks for: the row's estimator, or "auto" which chose it. */
static const char *asked_estimator(const pilot_view_t *view, const PGresult *result, int row)
{
    int asked = PQfnumber(result, "asked");
    return asked < 0 ? value(view, result, row, "estimator") : PQgetvalue(result, row, asked);
}

/* Caller frees; NULL: the heading says it. */
static char *chosen_cell(const pilot_view_t *view, const PGresult *result, int row)
{
    const char *estimator = value(view, result, row, "estimator");
    if (!estimator || strcmp(estimator, asked_estimator(view, result, row)) == 0)
        return NULL;
    pilot_text_t text = PILOT_TEXT_INIT;
    append_estimator(&text, estimator);
    return pilot_text_take(&text);
}

/* A category belongs to the outcome, any other parameter to the estimator. */
static bool is_category(const char *estimator, const char *parameter)
{
    const pilot_estimator_facts_t *facts = facts_of(estimator);
    /* A hidden row says "auto" of any linear estimator. */
    bool linear = (facts && facts->by_category) || (estimator && strcmp(estimator, "auto") == 0);
    return parameter && parameter[0] && linear;
}

/* In the rows of a contrast: "quantile 0.25", "iv (cace)".  Caller frees. */
static char *estimator_cell(const pilot_view_t *view, const PGresult *result, int row)
{
    pilot_text_t text = PILOT_TEXT_INIT;
    const char *estimator = value(view, result, row, "estimator");
    const char *parameter = value(view, result, row, "parameter");
    const pilot_estimator_facts_t *facts = facts_of(estimator);
    append_estimator(&text, estimator);
    if (parameter && parameter[0] && !is_category(estimator, parameter))
        pilot_text_appendf(&text, " %s", parameter);
    if (facts && strcmp(facts->estimand, "itt") != 0)
        pilot_text_appendf(&text, " (%s)", facts->estimand);
    return pilot_text_take(&text);
}

/* What a row that is not ok has to say for itself. */
static const char *note(const char *status, const char *reason, const char *detail)
{
    if (!status || strcmp(status, "ok") == 0)
        return NULL;
    if (reason && reason[0])
        return reason;
    /* A ratio stands in the row already. */
    const char *more = detail && strncmp(detail, "ratio ", 6) == 0 ? strstr(detail, "; ") : NULL;
    return more ? more + 2 : detail && detail[0] ? detail : status;
}

static char *copy(const char *text)
{
    return text ? pilot_strdup(text) : NULL;
}

/* Released rows say why there is no number. */
static bool is_mark(const char *text)
{
    return text && (strcmp(text, "c") == 0 || strcmp(text, "k") == 0 || strcmp(text, "z") == 0);
}

/* Of released rows one limit may be low, and have a mark. */
static char *interval_cell(const char *low, const char *high, const char *scale)
{
    bool marked[] = {is_mark(low), is_mark(high)};
    if (marked[0] == marked[1])
        return marked[0] ? pilot_strdup(low) : pilot_show_interval(low, high, scale);
    char *number PILOT_AUTOFREE = pilot_show_number(marked[0] ? high : low, scale);
    return number ? pilot_format("[%s, %s]", marked[0] ? low : number, marked[0] ? number : high)
                  : NULL;
}

static char *make_cell(const pilot_view_cell_t *cell, const char *a, const char *b, const char *c)
{
    switch (cell->kind) {
    case PILOT_CELL_TEXT:
    case PILOT_CELL_COUNT:
        return copy(a);
    case PILOT_CELL_AGENCY:
        return pilot_strdup(a ? a : "(pooled)");
    case PILOT_CELL_NUMBER:
        return pilot_show_number(a, b);
    case PILOT_CELL_INTERVAL:
        return interval_cell(a, b, c);
    case PILOT_CELL_P:
        return pilot_show_p(a);
    case PILOT_CELL_PERCENT:
        return pilot_show_percent(a);
    case PILOT_CELL_ROOT:
        return pilot_show_root(a, b);
    case PILOT_CELL_RANK:
        return pilot_show_rank(a, b, c);
    case PILOT_CELL_NOTE:
        return copy(note(a, b, c));
    case PILOT_CELL_ESTIMATOR:
    case PILOT_CELL_CHOSEN:
        break; /* of more columns than three */
    case PILOT_CELL_FLAG:
        return a && strcmp(a, "true") == 0 ? pilot_strdup("yes") : NULL;
    case PILOT_CELL_PLOT:
        return NULL;
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

/* ", quantile 0.25, complier effect": what a heading says of the estimator. */
static void append_heading_estimator(pilot_text_t *text, const pilot_view_t *view,
                                     const PGresult *result, int row, size_t most)
{
    const char *estimator = value(view, result, row, "estimator");
    const char *parameter = value(view, result, row, "parameter");
    const pilot_estimator_facts_t *facts = facts_of(estimator);
    pilot_text_append(text, ", ");
    append_estimator(text, asked_estimator(view, result, row));
    if (parameter && parameter[0] && !is_category(estimator, parameter))
        append_name(text, " ", parameter, most);
    if (facts && strcmp(facts->estimand, "cace") == 0)
        pilot_text_append(text, " (effect on compliers)");
    if (facts && facts->log_scale)
        pilot_text_append(text, " (std. error: log)");
    if (facts && facts->null != 0)
        pilot_text_appendf(text, " (no effect: %g)", facts->null);
}

/* " (female = 1)"; of a gap " (gap: female = 1 - first level)". */
static void append_heading_subgroup(pilot_text_t *text, const pilot_view_t *view,
                                    const PGresult *result, int row, size_t most)
{
    const char *estimand = value(view, result, row, "estimand");
    const char *subgroup = value(view, result, row, "subgroup");
    bool gap = estimand && strcmp(estimand, "gap") == 0;
    if (!subgroup || !subgroup[0])
        return;
    append_name(text, gap ? " (gap: " : " (", subgroup, most);
    append_name(text, " = ", value(view, result, row, "level"), most);
    pilot_text_append(text, gap ? " - first level)" : ")");
}

/* "reading: small - regular, diff. in means (female = 1)"; caller frees. */
static char *heading_of(const pilot_view_t *view, const PGresult *result, int row, size_t most)
{
    pilot_text_t text = PILOT_TEXT_INIT;
    const char *parameter = value(view, result, row, "parameter");
    const char *agency = value(view, result, row, "agency");
    if (view->heading == PILOT_HEADING_AGENCY) {
        append_name(&text, "", agency ? agency : "(pooled)", most);
        return pilot_text_take(&text);
    }
    append_name(&text, "", value(view, result, row, "outcome"), most);
    if (is_category(value(view, result, row, "estimator"), parameter))
        append_name(&text, " = ", parameter, most);
    append_name(&text, ": ", value(view, result, row, "arm"), most);
    if (view->heading == PILOT_HEADING_CURVE)
        pilot_text_appendf(&text, ", %s", value(view, result, row, "curve"));
    else
        append_name(&text, " - ", value(view, result, row, "control"), most);
    if (view->heading == PILOT_HEADING_ESTIMATE || view->heading == PILOT_HEADING_CONVENTION)
        append_heading_estimator(&text, view, result, row, most);
    append_heading_subgroup(&text, view, result, row, most);
    if (view->heading == PILOT_HEADING_CURVE || view->heading == PILOT_HEADING_CONVENTION)
        append_name(&text, ", ", agency ? agency : "(pooled)", most);
    if (view->heading == PILOT_HEADING_CONVENTION) {
        char *effect PILOT_AUTOFREE = pilot_show_number(value(view, result, row, "estimate"), NULL);
        pilot_text_appendf(&text, ": %s", effect ? effect : "");
    }
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

/* Rows on the log scale show the ratio itself.  Caller frees; NULL: absent. */
static char *ratio_cell(const pilot_render_table_t *render, const PGresult *result, int row,
                        const pilot_view_cell_t *cell)
{
    double a = 0, b = 0;
    if (!pilot_number_read(value(render->view, result, row, cell->a), &a))
        return NULL;
    if (cell->kind != PILOT_CELL_INTERVAL)
        return pilot_format("%s%.3g", render->utf8 ? "×" : "x", exp(a));
    if (!pilot_number_read(value(render->view, result, row, cell->b), &b))
        return NULL;
    return pilot_format("[%.3g, %.3g]", exp(a), exp(b));
}

static char *row_cell(const pilot_render_table_t *render, const PGresult *result, int row,
                      const pilot_view_cell_t *cell)
{
    const pilot_view_t *view = render->view;
    const pilot_estimator_facts_t *facts = facts_of(value(view, result, row, "estimator"));
    if (cell->kind == PILOT_CELL_PLOT)
        return NULL;
    if (cell->kind == PILOT_CELL_ESTIMATOR)
        return estimator_cell(view, result, row);
    if (cell->kind == PILOT_CELL_CHOSEN)
        return chosen_cell(view, result, row);
    const char *a = value(view, result, row, cell->a), *b = value(view, result, row, cell->b);
    bool interval = cell->kind == PILOT_CELL_INTERVAL;
    bool ratio = cell->is_effect && facts && facts->log_scale;
    if (is_right(cell->kind) && is_mark(a) && (ratio || !interval))
        return pilot_strdup(a);
    if (ratio && interval && is_mark(b))
        return pilot_strdup(b);
    if (ratio)
        return ratio_cell(render, result, row, cell);
    return make_cell(cell, a, b, value(view, result, row, cell->c));
}

/* A cell of the comparison's answer, from its columns of the same names; caller frees. */
static char *answer_cell(const pilot_render_table_t *render, const pilot_view_cell_t *cell,
                         bool log_scale)
{
    const PGresult *answers = render->answers;
    int at[2] = {PQfnumber(answers, cell->a ? cell->a : ""),
                 PQfnumber(answers, cell->b ? cell->b : "")};
    if (cell->kind != PILOT_CELL_NUMBER || at[0] < 0 || PQgetisnull(answers, render->answer, at[0]))
        return NULL;
    const char *text = PQgetvalue(answers, render->answer, at[0]);
    double number = 0;
    if (!cell->is_effect || !log_scale || !pilot_number_read(text, &number))
        return pilot_show_number(text,
                                 at[1] < 0 ? NULL : PQgetvalue(answers, render->answer, at[1]));
    return pilot_format("%s%.3g", render->utf8 ? "×" : "x", exp(number));
}

/* Beneath the rows of a group what they come to.  A heading that is the same stays the same. */
static void end_group(pilot_render_table_t *render)
{
    if (render->answer < 0)
        return;
    pilot_forest_row_t plot =
        pilot_render_forest_row(&pilot_render_answer_plot, NULL, render->answers, render->answer);
    pilot_table_row(render->table);
    pilot_table_heading(render->table, pilot_strdup(render->key), NULL);
    pilot_forest_add(render->forest, &plot, false);
    for (const pilot_view_cell_t *cell = render->view->cell; cell->header; cell++)
        if (render->all || !cell->all_only)
            pilot_table_cell(render->table, cell->kind == PILOT_CELL_AGENCY
                                                ? pilot_strdup("(pooled)")
                                                : answer_cell(render, cell, plot.log_scale));
    char *note =
        pilot_render_answer_note(render->answers, render->answer, plot.log_scale, render->utf8);
    char *parts = note ? strstr(note, "; ") : NULL;
    if (parts && pilot_utf8_width(note, strlen(note)) > (size_t)render->width)
        parts[1] = '\n';
    if (note)
        pilot_table_note(render->table, note);
    render->answer = -1;
}

static void begin_row(pilot_render_table_t *render, const PGresult *result, int row)
{
    const pilot_view_t *view = render->view;
    char *key = heading_of(view, result, row, UNCUT);
    bool same = render->key && strcmp(render->key, key) == 0;
    if (!same)
        end_group(render);
    free(render->key);
    render->key = key;
    pilot_table_row(render->table);
    pilot_table_heading(render->table, pilot_strdup(key), make_heading(render, result, row));
    if (!render->forest)
        return;
    pilot_forest_row_t plot = pilot_render_forest_row(view->plot, view, result, row);
    pilot_forest_add(render->forest, &plot, !same);
    if (!same && render->answers)
        render->answer = pilot_render_answer_find(render->answers, result, row,
                                                  asked_estimator(view, result, row));
}

void pilot_render_table_rows(pilot_render_table_t *render, const PGresult *result)
{
    const pilot_view_t *view = render->view;
    for (int row = 0; row < PQntuples(result); row++) {
        if (view->heading != PILOT_HEADING_NONE)
            begin_row(render, result, row);
        else
            pilot_table_row(render->table);
        for (const pilot_view_cell_t *cell = view->cell; cell->header; cell++)
            if (render->all || !cell->all_only)
                pilot_table_cell(render->table, row_cell(render, result, row, cell));
        if (view->heading == PILOT_HEADING_CONVENTION)
            pilot_table_note(render->table, pilot_convention_note_take(&render->note, result, row));
    }
}

/* Under all rows: what the signs of the plot mean. */
static void print_legend(const pilot_render_table_t *render, FILE *out)
{
    char *legend PILOT_AUTOFREE = NULL;
    if (render->forest && pilot_table_has_plot(render->table))
        legend = pilot_forest_legend(render->forest);
    if (legend && legend[0])
        fprintf(out, "\n%s\n", legend);
}

pilot_status_t pilot_render_table_end(pilot_render_table_t *render, FILE *out, pilot_error_t *error)
{
    end_group(render);
    pilot_status_t status = pilot_table_print(render->table, out, error);
    if (!status)
        print_legend(render, out);
    return status;
}

void pilot_render_table_clear(pilot_render_table_t *render)
{
    pilot_table_free(render->table);
    pilot_forest_free(render->forest);
    PQclear(render->answers);
    free(render->key);
}
