/* cmd_purge.c - `pilot purge [PILOT]`: rows of superseded submissions go, by a rule. */
#include <inttypes.h>

#include "commands.h"
#include "pilot/memory.h"
#include "table.h"

static const char purge_sql[] = "SELECT pilot, load, submissions, rows, bytes, dropped "
                                "FROM registry.purge($1, $2::int, $3::interval, $4::boolean)";

/* "90d" as PostgreSQL says it.  Weeks and hours too; months differ in length. */
static pilot_status_t parse_age(const char *text, char ret_interval[48], pilot_error_t *error)
{
    static const struct {
        char letter;
        const char *unit;
    } units[] = {{'h', "hours"}, {'d', "days"}, {'w', "weeks"}, {'y', "years"}};
    size_t length = strlen(text);
    int64_t amount = 0;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (length < 2 || text[length - 1] != units[i].letter ||
            !pilot_int64_parse(text, length - 1, &amount) || amount < 0 || amount > 100000)
            continue;
        snprintf(ret_interval, 48, "%" PRId64 " %s", amount, units[i].unit);
        return PILOT_OK;
    }
    return pilot_error_set(error, PILOT_E_USAGE,
                           "--older-than: '%.40s' is not an age: write 90d, 12w, 1y or 24h", text);
}

/* 1536 -> "1.5 kB"; caller frees. */
static char *size_text(int64_t bytes)
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
    double size = (double)bytes;
    size_t unit = 0;
    for (; size >= 1024 && unit < 4; unit++)
        size /= 1024;
    return pilot_format(unit == 0 ? "%.0f %s" : "%.1f %s", size, units[unit]);
}

static int64_t number(const PGresult *result, int row, int column)
{
    int64_t value = 0;
    pilot_int64_parse(PQgetvalue(result, row, column), (size_t)PQgetlength(result, row, column),
                      &value);
    return value;
}

static pilot_status_t print_loads(const pilot_context_t *context, const PGresult *result,
                                  pilot_error_t *error)
{
    pilot_table_t *table = pilot_table_new(context->width);
    pilot_table_column(table, "pilot", false, 0);
    pilot_table_column(table, "load", true, 0);
    pilot_table_column(table, "submissions", true, 0);
    pilot_table_column(table, "rows", true, 0);
    pilot_table_column(table, "space", true, 0);
    pilot_table_column(table, "how", false, 1);
    for (int row = 0; row < PQntuples(result); row++) {
        pilot_table_row(table);
        for (int column = 0; column < 4; column++)
            pilot_table_cell_text(table, PQgetvalue(result, row, column));
        pilot_table_cell(table, size_text(number(result, row, 4)));
        pilot_table_cell_text(table, PQgetvalue(result, row, 5)[0] == 't'
                                         ? "the whole load"
                                         : "its rows (vacuum frees the space)");
    }
    pilot_status_t status = pilot_table_print(table, stdout, error);
    pilot_table_free(table);
    return status;
}

static pilot_status_t tell(const pilot_context_t *context, const PGresult *result, bool dry_run,
                           pilot_error_t *error)
{
    if (PQntuples(result) == 0) {
        pilot_say("nothing to purge: no superseded submission is old enough");
        return PILOT_OK;
    }
    int64_t submissions = 0, rows = 0, bytes = 0;
    for (int row = 0; row < PQntuples(result); row++) {
        submissions += number(result, row, 2);
        rows += number(result, row, 3);
        bytes += number(result, row, 4);
    }
    char *size PILOT_AUTOFREE = size_text(bytes);
    pilot_status_t status = print_loads(context, result, error);
    if (!status)
        pilot_say("%s rows of %" PRId64 " superseded submission%s: %" PRId64 " (%s)%s",
                  dry_run ? "would delete the" : "deleted the", submissions,
                  submissions == 1 ? "" : "s", rows, size,
                  dry_run ? "; without --dry-run it is done"
                          : "; records, counts and hashes are kept");
    return status;
}

pilot_status_t pilot_cmd_purge(pilot_context_t *context, int argc, char **argv,
                               pilot_error_t *error)
{
    int64_t keep = 1;
    const char *older_than = "90d";
    bool dry_run = false;
    const pilot_option_t options[] = {
        {.name = "keep",
         .type = PILOT_OPTION_COUNT,
         .target = &keep,
         .argument = "N",
         .help = "each agency's N latest superseded revisions stay (1)",
         .minimum = 0,
         .maximum = 1000000},
        {.name = "older-than",
         .type = PILOT_OPTION_TEXT,
         .target = &older_than,
         .argument = "AGE",
         .help = "what was superseded more recently stays: 24h, 90d, 12w, 1y (90d)"},
        {.name = "dry-run",
         .type = PILOT_OPTION_FLAG,
         .target = &dry_run,
         .help = "only tell what would go"},
        PILOT_CONTEXT_OPTIONS(context),
        {0}};
    int operands = 0;
    pilot_status_t status = pilot_context_parse(
        context, options, "[PILOT]",
        "Deletes the rows of superseded submissions, of one pilot or of all.  Accepted data stays, "
        "and what an unfinished analysis needs.  The record of a submission, its count and its "
        "hash are kept; a finished analysis keeps its numbers and says that its rows are gone.",
        0, 1, argc, argv, &operands, error);
    if (status || context->done)
        return status;
    char interval[48], count[24];
    snprintf(count, sizeof count, "%" PRId64, keep);
    status = parse_age(older_than, interval, error);
    pilot_db_t *db = NULL;
    if (!status)
        status = pilot_context_db(context, &db, error);
    PGresult *result = NULL;
    if (!status)
        status = pilot_db_run(db, &result, error, purge_sql, 4, operands ? argv[1] : NULL, count,
                              interval, dry_run ? "t" : "f");
    if (!status)
        status = tell(context, result, dry_run, error);
    PQclear(result);
    return status;
}
