#include "render.h"

#include <inttypes.h>

#include "analysis.h"
#include "output.h"
#include "pager.h"
#include "pilot/memory.h"
#include "render_table.h"

/* Rows a round trip: large listings never stand in memory whole, except as a table. */
#define FETCH "FETCH 5000 FROM pilot_rows"

const char *pilot_render_format_of(const char *output)
{
    const char *dot = output ? strrchr(output, '.') : NULL;
    if (dot && strcasecmp(dot, ".csv") == 0)
        return "csv";
    if (dot && strcasecmp(dot, ".jsonl") == 0)
        return "jsonl";
    return dot && strcasecmp(dot, ".json") == 0 ? "json" : "table";
}

typedef struct sink {
    const pilot_render_t *render;
    FILE *out;
    bool on_stdout; /* or on its way there */
    bool for_people, lines;
    pilot_render_table_t people; /* for_people alone */
    uint64_t rows;
} sink_t;

static void write_csv_header(const sink_t *sink)
{
    for (const pilot_view_column_t *column = sink->render->view->column; column->name; column++)
        fprintf(sink->out, "%s%s", column == sink->render->view->column ? "" : ",", column->name);
    fputc('\n', sink->out);
}

static void write_csv(sink_t *sink, const PGresult *result, pilot_text_t *line)
{
    for (int row = 0; row < PQntuples(result); row++) {
        pilot_text_reset(line);
        for (int column = 0; column < PQnfields(result); column++) {
            if (column)
                pilot_text_append_char(line, ',');
            pilot_text_append_csv(line, PQgetvalue(result, row, column),
                                  (size_t)PQgetlength(result, row, column));
        }
        pilot_text_append_char(line, '\n');
        fwrite(line->data, 1, line->length, sink->out);
    }
}

static void write_json(sink_t *sink, const PGresult *result, pilot_text_t *line)
{
    const pilot_view_column_t *column = sink->render->view->column;
    int columns = 0;
    while (column[columns].name)
        columns++;
    for (int row = 0; row < PQntuples(result); row++) {
        pilot_text_reset(line);
        if (!sink->lines)
            pilot_text_append(line, sink->rows + (uint64_t)row > 0 ? ",\n" : "\n");
        pilot_text_append_char(line, '{');
        for (int i = 0; i < PQnfields(result); i++) {
            bool is_mark = i >= columns;
            pilot_text_appendf(line, "%s\"%s\":", i ? "," : "",
                               is_mark ? PQfname(result, i) : column[i].name);
            const char *value = PQgetvalue(result, row, i);
            size_t length = (size_t)PQgetlength(result, row, i);
            if (PQgetisnull(result, row, i))
                pilot_text_append(line, "null");
            else if (!is_mark &&
                     (column[i].type == PILOT_VIEW_NUMBER || column[i].type == PILOT_VIEW_BOOLEAN))
                pilot_text_append_bytes(line, value, length);
            else
                pilot_text_append_json(line, value, length);
        }
        pilot_text_append(line, sink->lines ? "}\n" : "}");
        fwrite(line->data, 1, line->length, sink->out);
    }
}

static bool is_format(const sink_t *sink, const char *format)
{
    return strcmp(sink->render->format, format) == 0;
}

static void take_rows(sink_t *sink, const PGresult *result)
{
    pilot_text_t line = PILOT_TEXT_INIT;
    if (sink->for_people)
        pilot_render_table_rows(&sink->people, result);
    else if (is_format(sink, "csv"))
        write_csv(sink, result, &line);
    else
        write_json(sink, result, &line);
    pilot_text_clear(&line);
    sink->rows += (uint64_t)PQntuples(result);
}

static pilot_status_t fetch_all(pilot_db_t *db, sink_t *sink, pilot_error_t *error)
{
    for (;;) {
        PGresult *result = NULL;
        pilot_status_t status = pilot_db_run(db, &result, error, FETCH, 0);
        if (status)
            return status;
        int rows = PQntuples(result);
        take_rows(sink, result);
        PQclear(result);
        if (rows == 0)
            return PILOT_OK;
        if (ferror(sink->out))
            return PILOT_OK; /* the end tells */
    }
}

/* What stands beneath agencies; not for those who may not read comparisons. */
static pilot_status_t read_answers(pilot_db_t *db, sink_t *sink, const char *const *parameter,
                                   pilot_error_t *error)
{
    const pilot_view_plot_t *plot = sink->render->view->plot;
    if (!sink->for_people || !plot || !plot->with_answer || sink->render->own)
        return PILOT_OK;
    return pilot_db_query(db, pilot_render_answers_sql(sink->render->released), 2, parameter,
                          &sink->people.answers, error);
}

/* One snapshot; numbers in their shortest form that reads back, whatever the server's settings. */
static pilot_status_t read_rows(pilot_db_t *db, sink_t *sink, pilot_error_t *error)
{
    const pilot_render_t *render = sink->render;
    char id[24];
    snprintf(id, sizeof id, "%" PRId64, render->analysis);
    const char *parameter[] = {render->pilot, render->view->by_analysis ? id : render->agency};
    bool of_agency = render->agency && !render->view->by_analysis;
    pilot_text_t sql = PILOT_TEXT_INIT;
    pilot_text_append(&sql, "DECLARE pilot_rows NO SCROLL CURSOR FOR ");
    pilot_view_sql(render->view,
                   (pilot_view_rows_t){.released = render->released,
                                       .marks = is_format(sink, "json") || sink->lines,
                                       .sort = render->sort,
                                       .descending = render->descending,
                                       .top = render->top,
                                       .for_people = sink->for_people,
                                       .all = render->all,
                                       .alarms = render->alarms,
                                       .own = render->own,
                                       .of_agency = of_agency},
                   &sql);
    pilot_status_t status = pilot_db_script(db,
                                            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;"
                                            "SET LOCAL extra_float_digits = 1",
                                            error);
    if (!status)
        status = pilot_db_query(db, sql.data, render->view->by_analysis || of_agency ? 2 : 1,
                                parameter, NULL, error);
    if (!status)
        status = read_answers(db, sink, parameter, error);
    if (!status)
        status = fetch_all(db, sink, error);
    pilot_status_t ended =
        pilot_db_script(db, status ? "ROLLBACK" : "COMMIT", status ? NULL : error);
    pilot_text_clear(&sql);
    return status ? status : ended;
}

/* What nobody planned is not to be taken for what somebody did. */
static pilot_status_t write_note(pilot_db_t *db, const sink_t *sink, pilot_error_t *error)
{
    PILOT_AUTOFREE char *why = NULL;
    pilot_status_t status = PILOT_OK;
    if (sink->render->view->by_analysis)
        status =
            pilot_analysis_why_not(db, sink->render->analysis, sink->render->released, &why, error);
    if (why)
        fprintf(sink->out, "\nNot confirmatory: %s\n", why);
    return status;
}

static pilot_status_t write_rows(pilot_context_t *context, sink_t *sink, pilot_error_t *error)
{
    pilot_db_t *db = NULL;
    pilot_status_t status = pilot_context_db(context, &db, error);
    if (status)
        return status;
    if (sink->for_people)
        pilot_render_table_begin(&sink->people, sink->on_stdout ? context->width : 80,
                                 context->utf8);
    else if (is_format(sink, "csv"))
        write_csv_header(sink);
    else if (!sink->lines)
        fputc('[', sink->out);
    status = read_rows(db, sink, error);
    if (!status && sink->for_people)
        status = pilot_render_table_end(&sink->people, sink->out, error);
    if (!status && sink->for_people)
        status = write_note(db, sink, error);
    if (!status && is_format(sink, "json"))
        fputs(sink->rows ? "\n]\n" : "]\n", sink->out);
    pilot_render_table_clear(&sink->people);
    return status;
}

static pilot_status_t write_paged(pilot_context_t *context, sink_t *sink, pilot_error_t *error)
{
    char *text PILOT_AUTOFREE = NULL;
    size_t length = 0;
    sink->out = open_memstream(&text, &length);
    if (!sink->out)
        pilot_out_of_memory();
    pilot_status_t status = write_rows(context, sink, error);
    if (fclose(sink->out) != 0)
        pilot_out_of_memory();
    return status ? status : pilot_pager_show(context, text, length, error);
}

pilot_status_t pilot_render(pilot_context_t *context, const pilot_render_t *render,
                            uint64_t *ret_rows, pilot_error_t *error)
{
    pilot_output_t output;
    pilot_status_t status = pilot_output_open(render->output, &output, error);
    if (status)
        return status;
    sink_t sink = {.render = render,
                   .out = output.file,
                   .on_stdout = output.file == stdout,
                   .for_people = strcmp(render->format, "table") == 0,
                   .lines = strcmp(render->format, "jsonl") == 0,
                   .people = {.view = render->view, .all = render->all}};
    if (render->pager && sink.on_stdout && sink.for_people)
        status = write_paged(context, &sink, error);
    else
        status = write_rows(context, &sink, error);
    if (!status)
        status = pilot_output_finish(&output, error);
    else
        pilot_output_abandon(&output);
    if (!status && ret_rows)
        *ret_rows = sink.rows;
    return status;
}
