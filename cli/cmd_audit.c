/* cmd_audit.c - `pilot audit`: the audit log, listed or verified. */
#include <inttypes.h>

#include "audit_verify.h"
#include "commands.h"
#include "output.h"
#include "paragraph.h"
#include "pilot/memory.h"
#include "render.h"
#include "table.h"

/* So many of the latest entries in a table; csv and json give all. */
#define TABLE_ROWS "200"
#define FETCH "FETCH 2000 FROM pilot_entries"

typedef struct audit_request {
    const char *pilot, *since, *action, *format, *output;
    const char *from, *expect;
    bool verify;
} audit_request_t;

#define AT "to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') AS at"
#define ASKED                                                                                      \
    "FROM registry.audit_log WHERE ($1::text IS NULL OR pilot = $1) "                              \
    "AND ($2::text IS NULL OR at >= $2::timestamptz) AND ($3::text IS NULL OR action = $3)"

/* What the subject tells people: hashes last, lists not at all. */
static const char table_sql[] =
    "SELECT * FROM (SELECT entry, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'), actor, "
    "action, pilot, agency, address, (SELECT string_agg(key || ' ' || left(value, 64), ', ' ORDER "
    "BY "
    "key NOT IN ('analysis', 'load', 'version'), key ~ 'sha256$', key) "
    "FROM jsonb_each_text(subject) WHERE key <> 'list') " ASKED
    " ORDER BY entry DESC LIMIT " TABLE_ROWS ") AS latest ORDER BY entry";

static const char rows_sql[] =
    "DECLARE pilot_entries NO SCROLL CURSOR FOR SELECT entry, " AT
    ", actor, application, address, action, pilot, agency, subject, "
    "encode(previous_hash, 'hex') AS previous_hash, encode(hash, 'hex') AS hash " ASKED
    " ORDER BY entry";

/* A time that PostgreSQL does not understand is the person's, not the database's, fault. */
static pilot_status_t name_error(const audit_request_t *request, pilot_status_t status,
                                 pilot_error_t *error)
{
    if (status == PILOT_E_DATABASE && request->since && strncmp(error->sqlstate, "22", 2) == 0)
        return pilot_error_set(error, PILOT_E_USAGE,
                               "--since: '%.100s' is not a time such as 2026-03-01 or "
                               "2026-03-01T12:00:00Z",
                               request->since);
    return status;
}

static pilot_status_t show_table(pilot_context_t *context, pilot_db_t *db,
                                 const audit_request_t *request, FILE *out, pilot_error_t *error)
{
    static const struct {
        const char *header;
        int drop;
    } columns[] = {{"entry", 0}, {"time (UTC)", 0}, {"who", 0}, {"action", 0},
                   {"pilot", 0}, {"agency", 1},     {"from", 2}};
    PGresult *result = NULL;
    pilot_status_t status = pilot_db_run(db, &result, error, table_sql, 3, request->pilot,
                                         request->since, request->action);
    if (status)
        return status;
    int width = out == stdout ? context->width : 120;
    pilot_table_t *table = pilot_table_new(width);
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        pilot_table_column(table, columns[i].header, i == 0, columns[i].drop);
    int rows = PQntuples(result);
    for (int row = 0; row < rows; row++) {
        pilot_table_row(table);
        int subject = PQnfields(result) - 1;
        for (int column = 0; column < subject; column++)
            pilot_table_cell_text(table, PQgetvalue(result, row, column));
        pilot_table_note(table, pilot_paragraph(PQgetvalue(result, row, subject), width, 7, 7));
    }
    if (rows == 0)
        pilot_say("no such entry in the audit log");
    else
        status = pilot_table_print(table, out, error);
    if (rows == (int)strtol(TABLE_ROWS, NULL, 10))
        pilot_say("the latest " TABLE_ROWS " entries; --format csv gives all");
    pilot_table_free(table);
    PQclear(result);
    return status;
}

static void write_csv(const PGresult *result, bool first, pilot_text_t *text)
{
    for (int column = 0; first && column < PQnfields(result); column++)
        pilot_text_appendf(text, "%s%s", column ? "," : "", PQfname(result, column));
    if (first)
        pilot_text_append_char(text, '\n');
    for (int row = 0; row < PQntuples(result); row++)
        for (int column = 0; column < PQnfields(result); column++) {
            pilot_text_append(text, column ? "," : "");
            pilot_text_append_csv(text, PQgetvalue(result, row, column),
                                  (size_t)PQgetlength(result, row, column));
            if (column == PQnfields(result) - 1)
                pilot_text_append_char(text, '\n');
        }
}

static void write_json(const PGresult *result, bool first, pilot_text_t *text)
{
    for (int row = 0; row < PQntuples(result); row++) {
        pilot_text_append(text, first && row == 0 ? "\n{" : ",\n{");
        for (int column = 0; column < PQnfields(result); column++) {
            const char *name = PQfname(result, column), *value = PQgetvalue(result, row, column);
            bool bare = strcmp(name, "entry") == 0 || strcmp(name, "subject") == 0;
            pilot_text_appendf(text, "%s\"%s\":", column ? "," : "", name);
            if (PQgetisnull(result, row, column))
                pilot_text_append(text, "null");
            else if (bare)
                pilot_text_append(text, value);
            else
                pilot_text_append_json(text, value, strlen(value));
        }
        pilot_text_append_char(text, '}');
    }
}

static pilot_status_t write_rows(pilot_db_t *db, bool json, FILE *out, pilot_error_t *error)
{
    pilot_text_t text = PILOT_TEXT_INIT;
    pilot_status_t status = PILOT_OK;
    int rows = 1;
    uint64_t total = 0;
    for (bool first = true; !status && rows > 0 && !ferror(out); first = false) {
        PGresult *result = NULL;
        status = pilot_db_run(db, &result, error, FETCH, 0);
        if (status)
            break;
        rows = PQntuples(result);
        total += (uint64_t)rows;
        pilot_text_reset(&text);
        pilot_text_append(&text, json && first ? "[" : "");
        (json ? write_json : write_csv)(result, first, &text);
        fwrite(text.data ? text.data : "", 1, text.length, out);
        PQclear(result);
    }
    if (!status && json)
        fputs(total ? "\n]\n" : "]\n", out);
    pilot_text_clear(&text);
    return status;
}

static pilot_status_t show_rows(pilot_db_t *db, const audit_request_t *request, bool json,
                                FILE *out, pilot_error_t *error)
{
    pilot_status_t status =
        pilot_db_script(db, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", error);
    if (!status)
        status = pilot_db_run(db, NULL, error, rows_sql, 3, request->pilot, request->since,
                              request->action);
    if (!status)
        status = write_rows(db, json, out, error);
    pilot_db_script(db, "ROLLBACK", NULL);
    return status;
}

static pilot_status_t show(pilot_context_t *context, pilot_db_t *db, const audit_request_t *request,
                           pilot_error_t *error)
{
    const char *format =
        request->format ? request->format : pilot_render_format_of(request->output);
    pilot_output_t output;
    pilot_status_t status = pilot_output_open(request->output, &output, error);
    if (status)
        return status;
    if (strcmp(format, "table") == 0)
        status = show_table(context, db, request, output.file, error);
    else
        status = show_rows(db, request, strcmp(format, "json") == 0, output.file, error);
    if (!status)
        return pilot_output_finish(&output, error);
    pilot_output_abandon(&output);
    return name_error(request, status, error);
}

static pilot_status_t verify(pilot_db_t *db, const audit_request_t *request, pilot_error_t *error)
{
    pilot_audit_note_t from = {0}, expected = {0}, head = {0};
    pilot_status_t status = PILOT_OK;
    if (request->from)
        status = pilot_audit_note_parse(request->from, &from, error);
    if (!status && request->expect)
        status = pilot_audit_note_parse(request->expect, &expected, error);
    if (!status && request->from && !from.entry)
        status = pilot_error_set(error, PILOT_E_USAGE, "--from needs the entry's number: N:HASH");
    uint64_t entries = 0;
    if (!status)
        status = pilot_audit_verify(db, request->from ? &from : NULL,
                                    request->expect ? &expected : NULL, &head, &entries, error);
    if (status == PILOT_E_TAMPERED)
        return pilot_error_prefix(error, "the audit log is not as it was written");
    if (status)
        return status;
    printf("entry %" PRId64 ", hash %s\n", head.entry, head.hash);
    pilot_say("%" PRIu64 " entries follow one another; keep the last line elsewhere, and later "
              "pass it on: --expect %" PRId64 ":%.12s...",
              entries, head.entry, head.hash);
    return PILOT_OK;
}

static pilot_status_t check_request(const audit_request_t *request, pilot_error_t *error)
{
    if (!request->verify && (request->from || request->expect))
        return pilot_error_set(error, PILOT_E_USAGE, "%s is of --verify",
                               request->from ? "--from" : "--expect");
    if (request->from && request->expect)
        return pilot_error_set(error, PILOT_E_USAGE, "--from and --expect exclude one another");
    if (request->verify &&
        (request->pilot || request->since || request->action || request->format || request->output))
        return pilot_error_set(error, PILOT_E_USAGE,
                               "--verify looks at the whole chain: no other option but --from or "
                               "--expect goes with it");
    return PILOT_OK;
}

pilot_status_t pilot_cmd_audit(pilot_context_t *context, int argc, char **argv,
                               pilot_error_t *error)
{
    audit_request_t request = {0};
    const pilot_option_t options[] = {
        {.name = "pilot",
         .type = PILOT_OPTION_TEXT,
         .target = &request.pilot,
         .argument = "PILOT",
         .help = "only entries about this pilot"},
        {.name = "since",
         .type = PILOT_OPTION_TEXT,
         .target = &request.since,
         .argument = "TIME",
         .help = "only entries from then on: 2026-03-01, 2026-03-01T12:00:00Z"},
        {.name = "action",
         .type = PILOT_OPTION_TEXT,
         .target = &request.action,
         .argument = "ACTION",
         .help = "only these: submitted, launched, handed_out, ..."},
        PILOT_FORMAT_OPTIONS_OF(request, PILOT_FEW_FORMATS),
        {.name = "verify",
         .type = PILOT_OPTION_FLAG,
         .target = &request.verify,
         .help = "compute every entry's hash anew, and print the last one"},
        {.name = "from",
         .type = PILOT_OPTION_TEXT,
         .target = &request.from,
         .argument = "N:HASH",
         .help = "verify from entry N on, which must have this hash"},
        {.name = "expect",
         .type = PILOT_OPTION_TEXT,
         .target = &request.expect,
         .argument = "[N:]HASH",
         .help = "verify, and that the entry with this hash is still there"},
        PILOT_CONTEXT_OPTIONS(context),
        {0}};
    int operands = 0;
    pilot_status_t status = pilot_context_parse(
        context, options, "",
        "Lists the audit log: who registered, granted, submitted, launched what, and which data "
        "went to which worker. With --verify, exit status 1 when an entry was changed, taken away "
        "or put in.",
        0, 0, argc, argv, &operands, error);
    if (status || context->done)
        return status;
    status = check_request(&request, error);
    pilot_db_t *db = NULL;
    if (!status)
        status = pilot_context_db(context, &db, error);
    if (status)
        return status;
    return request.verify ? verify(db, &request, error) : show(context, db, &request, error);
}
