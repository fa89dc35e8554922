/* libFuzzer on the real way into a real PostgreSQL: PILOT_FUZZ_DB names a server of its own, as a
 * superuser; tests/fuzz/run.sh starts one.
 *
 * First byte 0: a CSV file, submitted under one of four plans; the verdict is that of `check`, and
 * what is accepted is there, row by row.  1: a plan, "\n====\n" and a CSV file: registered and
 * submitted. 2: a load by SQL under an agency's login, with any rows and manifest; 3: any arguments
 * for the other functions that such a login may call.
 *
 * Whatever the bytes: PostgreSQL never reports an internal error, another agency's data stays as it
 * is, and no load is left half-written. */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "intake.h"
#include "pilot/memory.h"
#include "pilot/migrate.h"
#include "pilot/text.h"
#include "register.h"

#define FRESH_AFTER 400 /* changes that stay: then the database is made anew */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static const char *const sources[] = {
    "version: 1\npilot: p0\ncolumns: {unit: id, agency: site, arm: arm}\nunit_ids: plain\n"
    "arms: {control: c, treatments: [t]}\noutcomes: [{name: y, type: continuous}]\n",
    "version: 1\npilot: p1\ncolumns: {arm: arm}\narms: {control: c, treatments: [t]}\n"
    "unit_ids: plain\noutcomes: [{name: y, type: continuous}]\n"
    "covariates: [{name: k, type: categorical}]\n",
    "version: 1\npilot: p2\ncolumns: {unit: id, agency: site, arm: arm, block: block,\n"
    "  cluster: group, weight: w, received: got, probability: prob}\n"
    "arms: {control: c, treatments: [t]}\nunit_ids: plain\noutcomes:\n"
    "  - {name: y, type: continuous}\n  - {name: b, type: binary}\n"
    "  - {name: s, type: binary, success: [yes]}\n"
    "  - {name: l, type: ordinal, levels: [low, mid, high]}\n  - {name: n, type: count}\n"
    "  - {name: d, type: duration, event: e, horizon: 12}\n"
    "covariates: [x, {name: k, type: categorical}]\n",
    "version: 1\npilot: p3\ncolumns: {unit: id, agency: site, arm: arm, cluster: group}\n"
    "arms: {control: c, treatments: [t]}\noutcomes: [{name: y, type: continuous}]\n"
    "unit_ids: plain\nanalysis: {level: across}\n"};
#define PLANS (sizeof sources / sizeof *sources)
static pilot_plan_t *plans[PLANS];
static int64_t plan_ids[PLANS];
static pilot_db_t *server, *owner, *agency;
static int database_number, changes;
static char *victim;

static void demand(int condition, const char *what, const pilot_error_t *error)
{
    if (condition)
        return;
    fprintf(stderr, "finding: %s: %s %s\n", what, error ? error->sqlstate : "",
            error ? error->message : "");
    abort();
}

static void run(pilot_db_t *db, const char *sql)
{
    pilot_error_t error = {0};
    demand(pilot_db_script(db, sql, &error) == PILOT_OK, sql, &error);
}

static char *ask(pilot_db_t *db, const char *sql)
{
    PGresult *result = NULL;
    pilot_error_t error = {0};
    demand(pilot_db_run(db, &result, &error, sql, 0) == PILOT_OK, sql, &error);
    char *answer = pilot_strdup(PQntuples(result) > 0 ? PQgetvalue(result, 0, 0) : "");
    PQclear(result);
    return answer;
}

/* All that another agency has. */
static char *look_at_victim(void)
{
    return ask(
        owner,
        "SELECT (SELECT jsonb_agg(to_jsonb(s) ORDER BY s.submission) FROM registry.submissions s "
        "JOIN registry.agencies a USING (agency) WHERE a.name = 'victim')::text || "
        "(SELECT jsonb_agg(to_jsonb(o) ORDER BY o.pilot_submission, o.pilot_row) "
        "FROM outcomes.p0 o JOIN registry.submissions s ON s.submission = "
        "o.pilot_submission JOIN registry.agencies a USING (agency) "
        "WHERE a.name = 'victim')::text");
}

static char *conninfo_of(const char *user)
{
    return pilot_format("%s dbname=fuzz_%d%s%s", getenv("PILOT_FUZZ_DB"), database_number,
                        user ? " user=" : "", user ? user : "");
}

static pilot_status_t submit(const pilot_plan_t *plan, int64_t plan_id, const char *bytes,
                             size_t length, bool dry_run, pilot_intake_result_t *result,
                             pilot_error_t *error)
{
    int fd = memfd_create("data.csv", 0);
    demand(fd >= 0 && write(fd, bytes, length) == (ssize_t)length, "a file in memory", NULL);
    char *path PILOT_AUTOFREE = pilot_format("/proc/self/fd/%d", fd);
    const char *const files[] = {path};
    const pilot_intake_options_t options = {.interrupt_fd = -1,
                                            .dry_run = dry_run,
                                            .single_thread = true,
                                            .agency = plan->columns.agency ? NULL : "agency"};
    pilot_status_t status =
        pilot_intake_run(owner, plan, plan_id, files, 1, &options, result, error);
    close(fd);
    return status;
}

/* A database with the plans, an agency that attacks and one that is attacked. */
static void make_database(void)
{
    pilot_error_t error = {0};
    pilot_db_close(owner);
    pilot_db_close(agency);
    if (database_number > 0) {
        char *sql PILOT_AUTOFREE = pilot_format("DROP DATABASE fuzz_%d", database_number);
        run(server, sql);
    }
    database_number++;
    char *sql PILOT_AUTOFREE = pilot_format("CREATE DATABASE fuzz_%d%s", database_number,
                                            database_number > 1 ? " TEMPLATE fuzz_base" : "");
    run(server, sql);
    char *own PILOT_AUTOFREE = conninfo_of(NULL), *other PILOT_AUTOFREE = conninfo_of("mallory");
    demand(!pilot_db_open(own, "fuzz", &owner, &error), "connect", &error);
    if (database_number == 1) {
        demand(!pilot_migrate(owner, NULL, &error), "migrate", &error);
        for (size_t i = 0; i < PLANS; i++) {
            pilot_registered_t registered;
            demand(!pilot_plan_parse(sources[i], strlen(sources[i]), "plan", &plans[i], &error),
                   "plan", &error);
            demand(!pilot_register_plan(owner, plans[i], &registered, &error), "register", &error);
            plan_ids[i] = registered.plan;
        }
        static const char data[] = "id,site,arm,y\n1,victim,c,1\n2,victim,t,2\n";
        pilot_intake_result_t result;
        demand(!submit(plans[0], plan_ids[0], data, strlen(data), false, &result, &error),
               "the victim's data", &error);
        pilot_intake_clear(&result);
        run(owner, "CREATE ROLE mallory LOGIN; SELECT registry.grant_agency(p, 'mine', 'mallory') "
                   "FROM unnest(ARRAY['p0', 'p2']) AS p");
        pilot_db_close(owner);
        owner = NULL;
        run(server, "CREATE DATABASE fuzz_base TEMPLATE fuzz_1");
        demand(!pilot_db_open(own, "fuzz", &owner, &error), "connect", &error);
    }
    demand(!pilot_db_open(other, "fuzz", &agency, &error), "connect", &error);
    free(victim);
    victim = look_at_victim();
    changes = 0;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    pilot_error_t error = {0};
    demand(getenv("PILOT_FUZZ_DB") != NULL, "PILOT_FUZZ_DB is not set", NULL);
    char *conninfo PILOT_AUTOFREE = pilot_format("%s dbname=postgres", getenv("PILOT_FUZZ_DB"));
    demand(!pilot_db_open(conninfo, "fuzz", &server, &error), "connect", &error);
    make_database();
    return 0;
}

/* An error for a person, a value that is none, or a rule of the tables: nothing else. */
static void demand_known(const pilot_error_t *error, const char *what)
{
    static const char *const known[] = {"PL", "22", "23", "54"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strncmp(error->sqlstate, known[i], 2) == 0)
            return;
    demand(false, what, error);
}

static void demand_nothing_open(void)
{
    char *open PILOT_AUTOFREE =
        ask(owner,
            "SELECT (SELECT count(*) FROM registry.loads WHERE state = 'open') + (SELECT count(*) "
            "FROM pg_class c WHERE c.relnamespace = 'outcomes'::regnamespace AND c.relkind = 'r' "
            "AND NOT c.relispartition) + (SELECT count(*) FROM registry.submissions s WHERE "
            "s.state = 'accepted' AND NOT EXISTS (SELECT FROM registry.loads l WHERE l.load = "
            "s.load AND l.state = 'sealed'))");
    demand(strcmp(open, "0") == 0, "a load is half-written", NULL);
}

static void demand_rows(const pilot_plan_t *plan, const pilot_intake_result_t *result)
{
    for (size_t i = 0; i < result->agencies; i++) {
        char *sql PILOT_AUTOFREE =
            pilot_format("SELECT count(*) FROM outcomes.%s WHERE pilot_submission = %" PRId64,
                         plan->pilot, result->agency[i].submission);
        char *rows PILOT_AUTOFREE = ask(owner, sql);
        demand(strtoull(rows, NULL, 10) == result->agency[i].rows, "rows are not there", NULL);
    }
}

static void try_csv(const pilot_plan_t *plan, int64_t plan_id, const char *bytes, size_t length,
                    bool dry_run)
{
    pilot_intake_result_t checked, submitted;
    pilot_error_t error = {0};
    const pilot_intake_options_t options = {.interrupt_fd = -1,
                                            .single_thread = true,
                                            .agency = plan->columns.agency ? NULL : "agency"};
    const char *const file[] = {bytes};
    pilot_status_t verdict =
        pilot_intake_check_bytes(plan, file, &length, 1, &options, &checked, NULL);
    pilot_status_t status = submit(plan, plan_id, bytes, length, dry_run, &submitted, &error);
    demand(status == PILOT_OK || status == PILOT_E_DATA, "submit", &error);
    demand(status == verdict, "the database's verdict is another", &error);
    demand(pilot_problems_total(checked.problems) == pilot_problems_total(submitted.problems),
           "the database's problems are others", &error);
    if (!status && !dry_run)
        demand_rows(plan, &submitted);
    if (!dry_run) {
        changes++;
        demand_nothing_open();
    }
    pilot_intake_clear(&checked);
    pilot_intake_clear(&submitted);
}

static void try_plan(const char *bytes, size_t length)
{
    static const char mark[] = "\n====\n";
    const char *data = memmem(bytes, length, mark, sizeof mark - 1);
    size_t plan_length = data ? (size_t)(data - bytes) : length;
    pilot_plan_t *plan = NULL;
    pilot_registered_t registered;
    pilot_error_t error = {0};
    if (pilot_plan_parse(bytes, plan_length, "plan", &plan, NULL))
        return;
    changes++;
    pilot_status_t status = pilot_register_plan(owner, plan, &registered, &error);
    if (status) {
        demand_known(&error, "register");
    } else if (data) {
        const char *csv = data + sizeof mark - 1;
        try_csv(plan, registered.plan, csv, length - (size_t)(csv - bytes), false);
    }
    pilot_plan_free(plan);
}

/* `@0` and `@1` in the text become ids of the open load. */
static char *with_ids(const char *bytes, size_t length, int64_t first)
{
    pilot_text_t text = PILOT_TEXT_INIT;
    pilot_text_append(&text, "");
    for (size_t i = 0; i < length && bytes[i]; i++) {
        if (bytes[i] == '@' && i + 1 < length && bytes[i + 1] >= '0' && bytes[i + 1] <= '9')
            pilot_text_appendf(&text, "%" PRId64, first + bytes[++i] - '0');
        else
            pilot_text_append_char(&text, bytes[i]);
    }
    return pilot_text_take(&text);
}

/* Rows that any client could write: which submission, unit, arm and outcome the bytes say. */
static pilot_status_t write_rows(const char *partition, int64_t first, const uint8_t *byte,
                                 size_t count, pilot_error_t *error)
{
    pilot_text_t sql = PILOT_TEXT_INIT;
    pilot_text_appendf(&sql,
                       "INSERT INTO outcomes.\"%s\" (pilot_submission, pilot_row, pilot_unit, "
                       "pilot_arm, y) VALUES ",
                       partition);
    for (size_t i = 0; i < count; i++)
        pilot_text_appendf(&sql, "%s(%" PRId64 ", %d, 'u%d', %d, '%s')", i ? ", " : "",
                           first + (byte[i] & 1), (int)i - (byte[i] == 255), byte[i] >> 1 & 7,
                           (byte[i] >> 4 & 1) + (byte[i] == 254 ? 9 : 0),
                           byte[i] == 253 ? "NaN" : "1.5");
    pilot_status_t status = pilot_db_script(agency, sql.data, error);
    pilot_text_clear(&sql);
    return status;
}

static void try_load(const uint8_t *data, size_t size)
{
    pilot_error_t error = {0};
    PGresult *result = NULL;
    size_t rows = data[0] % 5;
    bool keep = data[0] & 0x80;
    if (size < rows + 1)
        return;
    run(agency, "BEGIN");
    char plan[24];
    snprintf(plan, sizeof plan, "%" PRId64, plan_ids[0]);
    demand(!pilot_db_run(agency, &result, &error,
                         "SELECT b.load, b.partition, registry.reserve_submissions(2) FROM "
                         "registry.begin_load('p0', $1) AS b",
                         1, plan),
           "begin", &error);
    int64_t first = strtoll(PQgetvalue(result, 0, 2), NULL, 10);
    char *manifest PILOT_AUTOFREE = with_ids((const char *)data + 1 + rows, size - 1 - rows, first);
    pilot_status_t status =
        rows ? write_rows(PQgetvalue(result, 0, 1), first, data + 1, rows, &error) : PILOT_OK;
    if (!status)
        status = pilot_db_run(agency, NULL, &error, "SELECT registry.seal_load($1, $2)", 2,
                              PQgetvalue(result, 0, 0), manifest);
    PQclear(result);
    if (status)
        demand_known(&error, "seal_load");
    bool stored = !status && keep;
    run(agency, stored ? "COMMIT" : "ROLLBACK");
    changes += stored;
}

/* Parameters are parts of the bytes, parted by 0x1f. */
static void try_function(const uint8_t *data, size_t size)
{
    static const char *const calls[] = {
        "SELECT registry.reject_load($1, $2::bigint, $3::text[], $4, $5::jsonb)",
        "SELECT * FROM registry.begin_load($1, $2::bigint)",
        "SELECT registry.withdraw($1, $2, $3)",
        "SELECT * FROM registry.submission_plan($1)",
        "SELECT * FROM registry.current_submissions($1)",
        "SELECT * FROM registry.previous_summaries($1, $2::text[])",
        "SELECT * FROM registry.unit_changes($1, $2::bigint[])",
        "SELECT registry.content_sha256($1::jsonb)",
        "SELECT * FROM registry.assigned_parts($1::bigint)",
        "SELECT * FROM registry.unit_keys($1)",
    };
    static const int parameters[] = {5, 2, 3, 1, 1, 2, 2, 1, 1, 1};
    size_t call = data[0] % (sizeof calls / sizeof *calls);
    char *text PILOT_AUTOFREE = pilot_strndup((const char *)data + 1, size - 1), *rest = text;
    const char *parameter[5] = {"p0", "1", "{}", "", "[]"};
    for (int i = 0; i < parameters[call] && rest; i++)
        parameter[i] = strsep(&rest, "\x1f");
    pilot_error_t error = {0};
    run(agency, "BEGIN");
    pilot_status_t status =
        pilot_db_query(agency, calls[call], parameters[call], parameter, NULL, &error);
    if (status && strncmp(error.sqlstate, "42501", 5) != 0)
        demand_known(&error, calls[call]);
    run(agency, "ROLLBACK");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3)
        return -1;
    const char *bytes = (const char *)data + 2;
    if (data[0] % 4 == 0)
        try_csv(plans[data[1] % PLANS], plan_ids[data[1] % PLANS], bytes, size - 2,
                !(data[1] & 0x40));
    else if (data[0] % 4 == 1)
        try_plan(bytes, size - 2);
    else if (data[0] % 4 == 2)
        try_load(data + 1, size - 1);
    else
        try_function(data + 1, size - 1);
    if (data[0] % 4 < 2) { /* an owner may change it */
        free(victim);
        victim = look_at_victim();
    } else {
        char *now PILOT_AUTOFREE = look_at_victim();
        demand(strcmp(now, victim) == 0, "another agency's data was changed", NULL);
        demand_nothing_open();
    }
    if (changes > FRESH_AFTER)
        make_database();
    return 0;
}
