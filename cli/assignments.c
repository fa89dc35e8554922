#include "assignments.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "intake_dictionary.h"
#include "intake_layout.h"
#include "pilot/memory.h"

/* What the database says of an agency's assignment before its units are read. */
struct registered {
    int64_t assignment;
    uint64_t units;
    unsigned char salt[PILOT_SALT_SIZE];
    size_t arms;
    uint16_t *arm;                /* its arms as indices of the plan's */
    pilot_assigned_t units_given; /* without a database */
};

struct pilot_assignments {
    pilot_db_t *db; /* NULL: all is in memory */
    const pilot_plan_t *plan;
    pilot_dictionary_t agencies;
    struct registered *registered; /* by code of the agency */
    size_t capacity;
    pilot_assigned_t current;
};

pilot_assignments_t *pilot_assignments_new(const pilot_plan_t *plan)
{
    pilot_assignments_t *assignments = PILOT_NEW(pilot_assignments_t);
    assignments->plan = plan;
    return assignments;
}

void pilot_assignments_free(pilot_assignments_t *assignments)
{
    if (!assignments)
        return;
    for (size_t i = 0; i < assignments->agencies.count; i++) {
        free(assignments->registered[i].arm);
        pilot_assigned_clear(&assignments->registered[i].units_given);
    }
    free(assignments->registered);
    pilot_dictionary_clear(&assignments->agencies);
    pilot_assigned_clear(&assignments->current);
    free(assignments);
}

static struct registered *add_agency(pilot_assignments_t *assignments, const char *agency,
                                     size_t length)
{
    uint32_t code = pilot_dictionary_code(&assignments->agencies, agency, length);
    assignments->registered = pilot_grow(assignments->registered, &assignments->capacity,
                                         (size_t)code + 1, sizeof *assignments->registered);
    struct registered *registered = &assignments->registered[code];
    *registered = (struct registered){0};
    return registered;
}

void pilot_assignments_put(pilot_assignments_t *assignments, const char *agency, size_t length,
                           pilot_assigned_t *assigned)
{
    struct registered *registered = add_agency(assignments, agency, length);
    registered->units = assigned->units;
    registered->units_given = *assigned;
    *assigned = (pilot_assigned_t){0};
}

/* ---- the list, from the database --------------------------------------------------------------
 */

static int from_hex(char c)
{
    return c <= '9' ? c - '0' : c - 'a' + 10;
}

/* "\x0123..." */
static bool read_salt(const char *text, unsigned char ret_salt[PILOT_SALT_SIZE])
{
    if (strlen(text) != 2 + 2 * PILOT_SALT_SIZE)
        return false;
    for (size_t i = 0; i < PILOT_SALT_SIZE; i++)
        ret_salt[i] = (unsigned char)(from_hex(text[2 + 2 * i]) << 4 | from_hex(text[3 + 2 * i]));
    return true;
}

/* One row an arm of each assignment: agency, assignment, units, salt, arm. */
static pilot_status_t read_list(pilot_assignments_t *assignments, const PGresult *result,
                                pilot_error_t *error)
{
    struct registered *registered = NULL;
    size_t capacity = 0;
    for (int row = 0; row < PQntuples(result); row++) {
        int64_t assignment = 0, units = 0;
        const char *id = PQgetvalue(result, row, 1), *count = PQgetvalue(result, row, 2);
        if (!pilot_int64_parse(id, strlen(id), &assignment) ||
            !pilot_int64_parse(count, strlen(count), &units))
            return pilot_error_set(error, PILOT_E_BUG, "registry.current_assignments has no ids");
        if (!registered || registered->assignment != assignment) {
            registered = add_agency(assignments, PQgetvalue(result, row, 0),
                                    (size_t)PQgetlength(result, row, 0));
            registered->assignment = assignment;
            registered->units = (uint64_t)units;
            capacity = 0;
            if (!read_salt(PQgetvalue(result, row, 3), registered->salt))
                return pilot_error_set(error, PILOT_E_BUG, "an assignment without its salt");
        }
        int arm = pilot_plan_arm_index(assignments->plan, PQgetvalue(result, row, 4),
                                       (size_t)PQgetlength(result, row, 4));
        registered->arm =
            pilot_grow(registered->arm, &capacity, registered->arms + 1, sizeof *registered->arm);
        registered->arm[registered->arms++] = arm < 0 ? PILOT_INTAKE_NO_ARM : (uint16_t)arm;
    }
    return PILOT_OK;
}

pilot_status_t pilot_assignments_open(pilot_db_t *db, const pilot_plan_t *plan,
                                      pilot_assignments_t **ret_assignments, pilot_error_t *error)
{
    pilot_assignments_t *assignments = pilot_assignments_new(plan);
    assignments->db = db;
    PGresult *result = NULL;
    pilot_status_t status = pilot_db_run(db, &result, error,
                                         "SELECT c.agency, c.assignment, c.units, c.salt, u.arm "
                                         "FROM registry.current_assignments($1) AS c, "
                                         "unnest(c.arms) WITH ORDINALITY AS u (arm, place) "
                                         "ORDER BY c.assignment, u.place",
                                         1, plan->pilot);
    if (!status)
        status = read_list(assignments, result, error);
    PQclear(result);
    if (status) {
        pilot_assignments_free(assignments);
        return status;
    }
    *ret_assignments = assignments;
    return PILOT_OK;
}

bool pilot_assignments_required(const pilot_assignments_t *assignments)
{
    const pilot_plan_t *plan = assignments->plan;
    return plan->unregistered == PILOT_UNREGISTERED_REJECT ||
           (plan->level == PILOT_LEVEL_ACROSS && assignments->agencies.count > 0);
}

bool pilot_assignments_matter(const pilot_assignments_t *assignments)
{
    return assignments->agencies.count > 0 || pilot_assignments_required(assignments);
}

/* ---- one agency's units ------------------------------------------------------------------------
 */

/* An array without NULLs as it travels in binary: dimensions, flags, type, length and lower bound,
 * then elements, each after its length. */
#define ARRAY_HEADER 20

struct elements {
    const unsigned char *next; /* NULL: the array itself is NULL */
    size_t count;
    uint32_t size;
};

static uint32_t read_uint32(const unsigned char *bytes)
{
    uint32_t word;
    memcpy(&word, bytes, sizeof word);
    return __builtin_bswap32(word);
}

static bool open_array(const pilot_field_t *field, uint32_t size, struct elements *ret_elements)
{
    *ret_elements = (struct elements){.size = size};
    if (!field->data)
        return true;
    if (field->length < ARRAY_HEADER || read_uint32(field->data) != 1 ||
        read_uint32(field->data + 4) != 0)
        return false;
    ret_elements->count = read_uint32(field->data + 12);
    ret_elements->next = field->data + ARRAY_HEADER;
    return field->length - ARRAY_HEADER == ret_elements->count * ((size_t)4 + size);
}

static uint64_t next_element(struct elements *elements)
{
    if (!elements->next)
        return 0;
    uint64_t value = 0;
    for (uint32_t i = 0; i < elements->size; i++)
        value = value << 8 | elements->next[4 + i];
    elements->next += 4 + elements->size;
    return value;
}

struct reading {
    pilot_assigned_t *assigned;
    const struct registered *registered;
};

static pilot_status_t on_part(void *context, const pilot_field_t *field, int fields,
                              pilot_error_t *error)
{
    struct reading *reading = context;
    pilot_assigned_t *assigned = reading->assigned;
    struct elements key, arm, block, cluster;
    bool sound = fields == 4 && open_array(&field[0], 8, &key) && open_array(&field[1], 2, &arm) &&
                 open_array(&field[2], 4, &block) && open_array(&field[3], 4, &cluster);
    sound = sound && arm.count == key.count && (!block.next || block.count == key.count) &&
            (!cluster.next || cluster.count == key.count);
    if (!sound || key.count > assigned->capacity - assigned->units)
        return pilot_error_set(error, PILOT_E_DATABASE,
                               "the registered assignment cannot be read; was it changed by hand?");
    if (assigned->units == 0 && !block.next) {
        free(assigned->block);
        assigned->block = NULL;
    }
    if (assigned->units == 0 && !cluster.next) {
        free(assigned->cluster);
        assigned->cluster = NULL;
    }
    for (size_t i = 0; i < key.count; i++) {
        size_t code = (size_t)next_element(&arm);
        pilot_assigned_unit_t unit = {.key = next_element(&key),
                                      .block = (uint32_t)next_element(&block),
                                      .cluster = (uint32_t)next_element(&cluster),
                                      .arm = PILOT_INTAKE_NO_ARM};
        if (code < reading->registered->arms)
            unit.arm = reading->registered->arm[code];
        pilot_assigned_add(assigned, &unit);
    }
    return PILOT_OK;
}

pilot_status_t pilot_assignments_get(pilot_assignments_t *assignments, const char *agency,
                                     size_t length, const pilot_assigned_t **ret_assigned,
                                     pilot_error_t *error)
{
    uint32_t code;
    *ret_assigned = NULL;
    if (!pilot_dictionary_find(&assignments->agencies, agency, length, &code))
        return PILOT_OK;
    const struct registered *registered = &assignments->registered[code];
    if (!assignments->db) {
        *ret_assigned = &registered->units_given;
        return PILOT_OK;
    }
    pilot_assigned_clear(&assignments->current);
    pilot_assigned_init(&assignments->current, registered->units, true, true);
    memcpy(assignments->current.salt, registered->salt, PILOT_SALT_SIZE);
    struct reading reading = {&assignments->current, registered};
    PILOT_AUTOFREE char *sql =
        pilot_format("COPY (SELECT keys, arms, blocks, clusters FROM "
                     "registry.assigned_parts(%" PRId64 ")) TO STDOUT (FORMAT binary)",
                     registered->assignment);
    pilot_status_t status = pilot_copy_out(assignments->db, sql, 4, on_part, &reading, NULL, error);
    if (!status)
        *ret_assigned = &assignments->current;
    return status;
}
