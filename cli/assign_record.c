#include "assign_record.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "pilot/clock.h"
#include "pilot/memory.h"
#include "register.h"

/* Units a statement; blocks that are shown. */
#define PART 65536
#define FEW_BLOCKS 12

/* ---- audit ----------------------------------------------------------------------------------- */

static void append_text(pilot_text_t *json, const char *key, const char *text, size_t length)
{
    pilot_text_appendf(json, ",\"%s\":", key);
    pilot_text_append_json(json, text, length);
}

static void append_counts(pilot_text_t *json, const uint64_t *count, size_t arms)
{
    pilot_text_append_char(json, '[');
    for (size_t i = 0; i < arms; i++)
        pilot_text_appendf(json, "%s%" PRIu64, i > 0 ? "," : "", count[i]);
    pilot_text_append_char(json, ']');
}

static void append_arms(pilot_text_t *json, const pilot_plan_t *plan)
{
    for (size_t i = 0; i < plan->arm_count; i++) {
        pilot_text_append_char(json, i > 0 ? ',' : '[');
        pilot_text_append_json(json, plan->arms[i].label, strlen(plan->arms[i].label));
    }
    pilot_text_append_char(json, ']');
}

static const char *whole_name(const pilot_units_t *units)
{
    if (units->cluster)
        return "cluster";
    return units->plan->level == PILOT_LEVEL_ACROSS ? "agency" : "unit";
}

static void append_agencies(pilot_text_t *json, const pilot_assignment_t *assignment)
{
    pilot_text_append(json, ",\"agencies\":[");
    for (size_t i = 0; i < assignment->agencies; i++) {
        const pilot_assigned_agency_t *agency = &assignment->agency[i];
        const pilot_agency_t *named =
            pilot_agencies_get(assignment->units->agencies, agency->agency);
        pilot_text_append(json, i > 0 ? ",{\"name\":" : "{\"name\":");
        pilot_text_append_json(json, named->name, named->name_length);
        pilot_text_appendf(json, ",\"units\":%zu,\"counts\":", agency->units);
        append_counts(json, agency->count, assignment->shares.arms);
        append_text(json, "sha256", agency->content_sha256, strlen(agency->content_sha256));
        pilot_text_append_char(json, '}');
    }
    pilot_text_append_char(json, ']');
}

void pilot_assignment_audit(const pilot_assignment_t *assignment, pilot_text_t *json)
{
    const pilot_units_t *units = assignment->units;
    const pilot_plan_t *plan = units->plan;
    const char *method = pilot_assignment_method(units);
    char made_at[PILOT_UTC_SIZE];
    pilot_clock_utc(made_at);
    pilot_text_append(json, "{\"format\":1");
    append_text(json, "pilot", plan->pilot, strlen(plan->pilot));
    append_text(json, "plan_sha256", plan->sha256, strlen(plan->sha256));
    append_text(json, "file_sha256", units->file_sha256, strlen(units->file_sha256));
    append_text(json, "software_version", PILOT_VERSION, strlen(PILOT_VERSION));
    append_text(json, "made_at", made_at, strlen(made_at));
    append_text(json, "method", method, strlen(method));
    append_text(json, "random_numbers", "Philox4x32-10", strlen("Philox4x32-10"));
    /* A text: JSON numbers beyond 2^53 do not come back everywhere. */
    pilot_text_appendf(json, ",\"seed\":\"%" PRIu64 "\"", plan->assignment_seed);
    append_text(json, "level", plan->level == PILOT_LEVEL_ACROSS ? "across" : "agency", 6);
    append_text(json, "randomized", whole_name(units), strlen(whole_name(units)));
    pilot_text_append(json, ",\"arms\":");
    append_arms(json, plan);
    pilot_text_append(json, ",\"weights\":[");
    for (size_t i = 0; i < assignment->shares.arms; i++)
        pilot_text_appendf(json, "%s%" PRIu32, i > 0 ? "," : "", assignment->shares.weight[i]);
    pilot_text_appendf(json, "],\"units\":%zu,\"randomized_count\":%" PRIu64 ",\"blocks\":%zu",
                       units->count, assignment->wholes, assignment->blocks);
    pilot_text_append(json, ",\"counts\":");
    append_counts(json, assignment->count, assignment->shares.arms);
    append_agencies(json, assignment);
    append_text(json, "sha256", assignment->sha256, strlen(assignment->sha256));
    pilot_text_append(json, "}\n");
}

/* ---- for the person -------------------------------------------------------------------------- */

static void tell_counts(const pilot_assignment_t *assignment, const uint64_t *count)
{
    const pilot_plan_t *plan = assignment->units->plan;
    for (size_t i = 0; i < plan->arm_count; i++)
        fprintf(stderr, "%s%s %" PRIu64, i > 0 ? ", " : "", plan->arms[i].label, count[i]);
    fputc('\n', stderr);
}

static const char *ending(uint64_t count, const char *one, const char *many)
{
    return count == 1 ? one : many;
}

/* Blocks go by their place: a label is people's data. */
static void tell_blocks(const pilot_assignment_t *assignment)
{
    if (!assignment->units->block || assignment->blocks < 2 || assignment->blocks > FEW_BLOCKS)
        return;
    for (size_t i = 0; i < assignment->blocks; i++) {
        fprintf(stderr, "  block %zu: ", i + 1);
        tell_counts(assignment, assignment->block[i].count);
    }
}

void pilot_assignment_tell(const pilot_assignment_t *assignment)
{
    const pilot_units_t *units = assignment->units;
    fprintf(stderr, "%zu %s", units->count, ending(units->count, "unit", "units"));
    if (units->cluster)
        fprintf(stderr, " in %" PRIu64 " %s", assignment->wholes,
                ending(assignment->wholes, "cluster", "clusters"));
    if (units->block)
        fprintf(stderr, ", %zu %s", assignment->blocks,
                ending(assignment->blocks, "block", "blocks"));
    fprintf(stderr, ", %zu %s: ", assignment->agencies,
            ending(assignment->agencies, "agency", "agencies"));
    tell_counts(assignment, assignment->count);
    if (assignment->wholes != units->count) {
        fprintf(stderr, "%s: ", units->cluster ? "clusters" : "agencies");
        tell_counts(assignment, assignment->count_wholes);
    }
    tell_blocks(assignment);
    for (size_t i = 0; i < units->plan->arm_count; i++)
        if (assignment->count[i] == 0)
            fprintf(stderr, "the arm %s got nobody: there are too few to draw from\n",
                    units->plan->arms[i].label);
}

/* ---- registration ---------------------------------------------------------------------------- */

static pilot_status_t make_salt(unsigned char salt[PILOT_SALT_SIZE], pilot_error_t *error)
{
    if (getrandom(salt, PILOT_SALT_SIZE, 0) != PILOT_SALT_SIZE)
        return pilot_error_set(error, PILOT_E_BUG, "the system gives no random bytes");
    return PILOT_OK;
}

static char *about_agency(const pilot_assignment_t *assignment,
                          const pilot_assigned_agency_t *agency,
                          const unsigned char salt[PILOT_SALT_SIZE])
{
    char hex[2 * PILOT_SALT_SIZE + 1];
    pilot_text_t json = PILOT_TEXT_INIT;
    pilot_hex(salt, PILOT_SALT_SIZE, hex);
    pilot_text_appendf(&json, "{\"content_sha256\":\"%s\",\"units\":%zu,\"salt\":\"%s\",\"arms\":",
                       agency->content_sha256, agency->units, hex);
    append_arms(&json, assignment->units->plan);
    pilot_text_append(&json, ",\"counts\":");
    append_counts(&json, agency->count, assignment->shares.arms);
    pilot_text_append_char(&json, '}');
    return pilot_text_take(&json);
}

/* "{1,2,3}" of a part, whichever of the four it is. */
static char *array_of(const pilot_assigned_t *assigned, int which, size_t first, size_t last)
{
    pilot_text_t array = PILOT_TEXT_INIT;
    pilot_text_append_char(&array, '{');
    for (size_t i = first; i < last; i++) {
        int64_t value = which == 0   ? (int64_t)assigned->key[i]
                        : which == 1 ? assigned->arm[i]
                        : which == 2 ? (int32_t)assigned->block[i]
                                     : (int32_t)assigned->cluster[i];
        pilot_text_appendf(&array, "%s%" PRId64, i > first ? "," : "", value);
    }
    pilot_text_append_char(&array, '}');
    return pilot_text_take(&array);
}

static pilot_status_t send_units(pilot_db_t *db, const char *id, const pilot_assigned_t *assigned,
                                 pilot_error_t *error)
{
    pilot_status_t status = PILOT_OK;
    for (size_t first = 0; first < assigned->units && !status; first += PART) {
        size_t last = first + PART < assigned->units ? first + PART : assigned->units;
        PILOT_AUTOFREE char *keys = array_of(assigned, 0, first, last);
        PILOT_AUTOFREE char *arms = array_of(assigned, 1, first, last);
        PILOT_AUTOFREE char *blocks = assigned->block ? array_of(assigned, 2, first, last) : NULL;
        PILOT_AUTOFREE char *clusters =
            assigned->cluster ? array_of(assigned, 3, first, last) : NULL;
        status =
            pilot_db_run(db, NULL, error, "SELECT registry.add_assigned_units($1, $2, $3, $4, $5)",
                         5, id, keys, arms, blocks, clusters);
    }
    return status;
}

static pilot_status_t register_agency(pilot_db_t *db, const pilot_assignment_t *assignment,
                                      const pilot_assigned_agency_t *agency, const char *run,
                                      const char *reason, pilot_assignment_registered_t *registered,
                                      pilot_error_t *error)
{
    unsigned char salt[PILOT_SALT_SIZE];
    pilot_status_t status = make_salt(salt, error);
    if (status)
        return status;
    const pilot_agency_t *named = pilot_agencies_get(assignment->units->agencies, agency->agency);
    PILOT_AUTOFREE char *about = about_agency(assignment, agency, salt);
    PGresult *result = NULL;
    status = pilot_db_run(db, &result, error,
                          "SELECT assignment, state, late FROM "
                          "registry.register_assignment($1, $2, $3, $4)",
                          4, run, named->name, about, reason);
    if (status)
        return status;
    const char *state = PQgetvalue(result, 0, 1);
    if (strcmp(state, "same") == 0) {
        registered->same++;
    } else {
        registered->added++;
        registered->replaced += strcmp(state, "replaced") == 0;
        registered->late += *PQgetvalue(result, 0, 2) == 't';
        pilot_assigned_t assigned;
        pilot_assignment_pack(assignment, agency, salt, &assigned);
        status = send_units(db, PQgetvalue(result, 0, 0), &assigned, error);
        pilot_assigned_clear(&assigned);
    }
    PQclear(result);
    return status;
}

static pilot_status_t register_all(pilot_db_t *db, const pilot_assignment_t *assignment,
                                   const char *audit, const char *reason,
                                   pilot_assignment_registered_t *registered, pilot_error_t *error)
{
    const pilot_plan_t *plan = assignment->units->plan;
    pilot_registered_t stored = {0};
    pilot_status_t status = pilot_register_plan(db, plan, &stored, error);
    if (status)
        return status;
    registered->version = stored.is_new ? stored.version : 0;
    PILOT_AUTOFREE char *id = pilot_format("%" PRId64, stored.plan);
    PILOT_AUTOFREE char *about = pilot_format(
        "{\"sha256\":\"%s\",\"file_sha256\":\"%s\",\"seed\":\"%" PRIu64
        "\",\"software_version\":\"%s\"}",
        assignment->sha256, assignment->units->file_sha256, plan->assignment_seed, PILOT_VERSION);
    PGresult *result = NULL;
    status =
        pilot_db_run(db, &result, error, "SELECT registry.begin_assignment($1, $2, $3, $4, $5)", 5,
                     plan->pilot, id, about, audit, reason);
    if (status)
        return status;
    PILOT_AUTOFREE char *run = pilot_strdup(PQgetvalue(result, 0, 0));
    PQclear(result);
    for (size_t i = 0; i < assignment->agencies && !status; i++)
        status =
            register_agency(db, assignment, &assignment->agency[i], run, reason, registered, error);
    return status;
}

pilot_status_t pilot_assignment_register(pilot_db_t *db, const pilot_assignment_t *assignment,
                                         const char *audit, const char *reason,
                                         pilot_assignment_registered_t *ret_registered,
                                         pilot_error_t *error)
{
    *ret_registered = (pilot_assignment_registered_t){0};
    pilot_status_t status = pilot_db_script(db, "BEGIN", error);
    if (!status)
        status = register_all(db, assignment, audit, reason, ret_registered, error);
    /* A run without anything new leaves no trace. */
    if (!status && ret_registered->added > 0)
        return pilot_db_script(db, "COMMIT", error);
    if (pilot_db_is_alive(db))
        PQclear(PQexec(pilot_db_raw(db), "ROLLBACK"));
    return status;
}
