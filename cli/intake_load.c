#include "intake_load.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pilot/debug_point.h"
#include "pilot/memory.h"

#define FIRST_RESERVATION 256
#define LARGEST_RESERVATION 65536

/* How a stored column travels. */
enum wire_type { WIRE_TEXT, WIRE_INT2, WIRE_INT4, WIRE_FLOAT8 };

struct entry {
    uint32_t agency;
    int64_t submission;
    uint64_t rows;
    char content_sha256[PILOT_SHA256_HEX_SIZE];
    char *dictionaries; /* JSON object */
};

struct pilot_load {
    pilot_db_t *db;
    const pilot_intake_layout_t *layout;
    int64_t load;
    bool sealed;
    char *copy_sql;
    enum wire_type *type; /* columns */

    pilot_dictionary_t current_names;
    pilot_current_t *current;

    pilot_copy_in_t *copy;
    int64_t next_id, last_id; /* reserved ids not yet used: next_id .. last_id - 1 */
    int reservation;
    uint32_t agency;
    int64_t submission;
    uint64_t rows;
    int32_t last_row; /* pilot_row of the last one, where it is counted here */
    bool received_is_arm;

    struct entry *entry;
    size_t entries, entry_capacity;
};

/* Even after the person asked to stop: a wait for this answer is short. */
static void rollback(pilot_load_t *load)
{
    if (load->copy)
        pilot_copy_in_end(load->copy, "the load was given up", NULL, NULL);
    if (pilot_db_is_alive(load->db))
        PQclear(PQexec(pilot_db_raw(load->db), "ROLLBACK"));
}

void pilot_load_close(pilot_load_t *load)
{
    if (!load)
        return;
    if (!load->sealed)
        rollback(load);
    for (size_t i = 0; i < load->entries; i++)
        free(load->entry[i].dictionaries);
    free(load->entry);
    free(load->type);
    free(load->copy_sql);
    free(load->current);
    pilot_dictionary_clear(&load->current_names);
    free(load);
}

static pilot_status_t read_current(pilot_load_t *load, pilot_error_t *error)
{
    PGresult *result = NULL;
    pilot_status_t status =
        pilot_db_run(load->db, &result, error,
                     "SELECT agency, submission, revision, rows, content_sha256 "
                     "FROM registry.current_submissions($1)",
                     1, load->layout->plan->pilot);
    if (status)
        return status;
    int rows = PQntuples(result);
    load->current = PILOT_NEW_ARRAY(pilot_current_t, (size_t)rows + 1);
    for (int i = 0; i < rows; i++) {
        uint32_t code = pilot_dictionary_code(&load->current_names, PQgetvalue(result, i, 0),
                                              (size_t)PQgetlength(result, i, 0));
        pilot_current_t *current = &load->current[code];
        current->submission = strtoll(PQgetvalue(result, i, 1), NULL, 10);
        current->revision = (int)strtol(PQgetvalue(result, i, 2), NULL, 10);
        current->rows = strtoull(PQgetvalue(result, i, 3), NULL, 10);
        size_t length = (size_t)PQgetlength(result, i, 4);
        if (length < PILOT_SHA256_HEX_SIZE)
            memcpy(current->content_sha256, PQgetvalue(result, i, 4), length + 1);
    }
    PQclear(result);
    return PILOT_OK;
}

static pilot_status_t wire_type(const char *name, const char *type, enum wire_type *ret_type,
                                pilot_error_t *error)
{
    static const char *const names[] = {
        [WIRE_TEXT] = "text", [WIRE_INT2] = "int2", [WIRE_INT4] = "int4", [WIRE_FLOAT8] = "float8"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(type, names[i]) == 0) {
            *ret_type = (enum wire_type)i;
            return PILOT_OK;
        }
    }
    return pilot_error_set(error, PILOT_E_SCHEMA, "column %s is stored as %s; run pilot init", name,
                           type);
}

/* Types as the table has them: binary COPY must match them exactly. */
static pilot_status_t read_types(pilot_load_t *load, const char *partition, pilot_error_t *error)
{
    const pilot_intake_layout_t *layout = load->layout;
    PGresult *result = NULL;
    pilot_status_t status =
        pilot_db_run(load->db, &result, error,
                     "SELECT a.attname, t.typname FROM pg_attribute a JOIN pg_type t "
                     "ON t.oid = a.atttypid WHERE a.attnum > 0 AND NOT a.attisdropped AND "
                     "a.attrelid = to_regclass('outcomes.' || quote_ident($1))",
                     1, partition);
    if (status)
        return status;
    load->type = PILOT_NEW_ARRAY(enum wire_type, layout->columns);
    for (size_t i = 0; i < layout->columns && !status; i++) {
        const char *name = layout->column[i].stored->name;
        const char *type = "nothing";
        for (int j = 0; j < PQntuples(result); j++)
            if (strcmp(PQgetvalue(result, j, 0), name) == 0)
                type = PQgetvalue(result, j, 1);
        status = wire_type(name, type, &load->type[i], error);
    }
    PQclear(result);
    return status;
}

static void build_copy_sql(pilot_load_t *load, const char *partition)
{
    pilot_text_t sql = PILOT_TEXT_INIT;
    pilot_text_append(&sql, "COPY outcomes.");
    pilot_db_append_identifier(load->db, &sql, partition);
    pilot_text_append(&sql, " (pilot_submission, pilot_row");
    for (size_t i = 0; i < load->layout->columns; i++) {
        pilot_text_append(&sql, ", ");
        pilot_db_append_identifier(load->db, &sql, load->layout->column[i].stored->name);
    }
    pilot_text_append(&sql, ") FROM STDIN (FORMAT binary, FREEZE)");
    load->copy_sql = pilot_text_take(&sql);
}

pilot_status_t pilot_load_begin(pilot_db_t *db, const pilot_intake_layout_t *layout, int64_t plan,
                                pilot_load_t **ret_load, pilot_error_t *error)
{
    pilot_load_t *load = PILOT_NEW(pilot_load_t);
    load->db = db;
    load->layout = layout;
    load->reservation = FIRST_RESERVATION;
    PILOT_AUTOFREE char *plan_id = pilot_format("%" PRId64, plan);
    PGresult *result = NULL;
    pilot_status_t status = pilot_db_script(db, "BEGIN", error);
    if (!status)
        status = read_current(load, error);
    if (!status)
        status = pilot_db_run(db, &result, error,
                              "SELECT load, partition FROM registry.begin_load($1, $2)", 2,
                              layout->plan->pilot, plan_id);
    if (!status) {
        load->load = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
        status = read_types(load, PQgetvalue(result, 0, 1), error);
    }
    if (!status)
        build_copy_sql(load, PQgetvalue(result, 0, 1));
    PQclear(result);
    if (status) {
        pilot_load_close(load);
        return status;
    }
    *ret_load = load;
    return PILOT_OK;
}

const pilot_current_t *pilot_load_current(const pilot_load_t *load, const pilot_agency_t *agency)
{
    uint32_t code;
    if (!pilot_dictionary_find(&load->current_names, agency->name, agency->name_length, &code))
        return NULL;
    return &load->current[code];
}

static pilot_status_t end_copy(pilot_load_t *load, pilot_error_t *error)
{
    if (!load->copy)
        return PILOT_OK;
    pilot_copy_in_t *copy = load->copy;
    load->copy = NULL;
    return pilot_copy_in_end(copy, NULL, NULL, error);
}

pilot_status_t pilot_load_pause(pilot_load_t *load, pilot_error_t *error)
{
    return end_copy(load, error);
}

/* Ids come in blocks that double; a COPY has to end before more can be asked for. */
static pilot_status_t reserve(pilot_load_t *load, pilot_error_t *error)
{
    pilot_status_t status = end_copy(load, error);
    if (status)
        return status;
    char count[16];
    snprintf(count, sizeof count, "%d", load->reservation);
    PGresult *result = NULL;
    status =
        pilot_db_run(load->db, &result, error, "SELECT registry.reserve_submissions($1)", 1, count);
    if (status)
        return status;
    load->next_id = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
    load->last_id = load->next_id + load->reservation;
    if (load->reservation < LARGEST_RESERVATION)
        load->reservation *= 4;
    PQclear(result);
    return PILOT_OK;
}

pilot_status_t pilot_load_agency(pilot_load_t *load, uint32_t agency, bool received_is_arm,
                                 pilot_error_t *error)
{
    pilot_status_t status = PILOT_OK;
    if (load->next_id == load->last_id)
        status = reserve(load, error);
    if (!status && !load->copy)
        status = pilot_copy_in_begin(load->db, load->copy_sql, (int)load->layout->columns + 2,
                                     &load->copy, error);
    if (status)
        return status;
    load->agency = agency;
    load->submission = load->next_id++;
    load->received_is_arm = received_is_arm;
    load->rows = 0;
    return PILOT_OK;
}

static void put_code(pilot_copy_in_t *copy, enum wire_type type, uint32_t code)
{
    if (code == PILOT_INTAKE_NO_CODE)
        pilot_copy_in_null(copy);
    else if (type == WIRE_INT2)
        pilot_copy_in_int2(copy, (int16_t)code);
    else
        pilot_copy_in_int4(copy, (int32_t)code);
}

static void put_number(pilot_copy_in_t *copy, const double *number, const uint64_t *given,
                       uint32_t slot)
{
    if (pilot_record_has(given, slot))
        pilot_copy_in_float8(copy, number[slot]);
    else
        pilot_copy_in_null(copy);
}

void pilot_load_row(pilot_load_t *load, const pilot_record_t *record)
{
    const pilot_intake_layout_t *layout = load->layout;
    pilot_copy_in_t *copy = load->copy;
    const double *number = pilot_record_numbers(record);
    const uint64_t *given = pilot_record_given(layout, record);
    const uint32_t *code = pilot_record_codes(layout, record);
    load->rows++;
    pilot_copy_in_row(copy);
    pilot_copy_in_int8(copy, load->submission);
    /* The place in the file may tell who it is: of a list in the order of names, say.  Where units
     * are pseudonyms rows are counted in the order of these. */
    pilot_copy_in_int4(copy, layout->hashed ? ++load->last_row : (int32_t)record->row);
    for (size_t i = 0; i < layout->columns; i++) {
        const pilot_intake_column_t *column = &layout->column[i];
        switch (column->place) {
        case PILOT_PLACE_UNIT:
            pilot_copy_in_bytes(copy, pilot_record_unit(record), record->unit_length);
            break;
        case PILOT_PLACE_ARM:
            put_code(copy, load->type[i], record->arm);
            break;
        case PILOT_PLACE_NUMBER:
            put_number(copy, number, given, column->slot);
            break;
        case PILOT_PLACE_TEXT:
            put_code(copy, load->type[i], code[column->slot]);
            break;
        case PILOT_PLACE_RECEIVED:
            put_number(copy, number, given, column->slot + load->received_is_arm);
            break;
        }
    }
}

/* ---- the manifest --------------------------------------------------------------------------- */

static void append_key(pilot_text_t *json, const char *key)
{
    if (json->data[json->length - 1] != '{')
        pilot_text_append_char(json, ',');
    pilot_text_append_json(json, key, strlen(key));
    pilot_text_append_char(json, ':');
}

static void append_arms(pilot_text_t *json, const pilot_plan_t *plan)
{
    for (size_t i = 0; i < plan->arm_count; i++) {
        pilot_text_append_char(json, i > 0 ? ',' : '[');
        pilot_text_append_json(json, plan->arms[i].label, strlen(plan->arms[i].label));
    }
    pilot_text_append_char(json, ']');
}

static void append_labels(pilot_text_t *json, const pilot_dictionary_t *dictionary)
{
    pilot_text_append_char(json, '[');
    for (uint32_t code = 0; code < dictionary->count; code++) {
        size_t length;
        const char *label = pilot_dictionary_label(dictionary, code, &length);
        if (code > 0)
            pilot_text_append_char(json, ',');
        pilot_text_append_json(json, label, length);
    }
    pilot_text_append_char(json, ']');
}

static char *dictionaries_json(const pilot_load_t *load, const pilot_dictionary_t *dictionary)
{
    const pilot_intake_layout_t *layout = load->layout;
    pilot_text_t json = PILOT_TEXT_INIT;
    pilot_text_append_char(&json, '{');
    for (size_t i = 0; i < layout->columns; i++) {
        const pilot_intake_column_t *column = &layout->column[i];
        bool arms = column->place == PILOT_PLACE_ARM ||
                    (column->place == PILOT_PLACE_RECEIVED && load->received_is_arm);
        if (!arms && column->place != PILOT_PLACE_TEXT)
            continue;
        append_key(&json, column->stored->name);
        if (arms)
            append_arms(&json, layout->plan);
        else
            append_labels(&json, &dictionary[column->slot]);
    }
    pilot_text_append_char(&json, '}');
    return pilot_text_take(&json);
}

pilot_status_t pilot_load_agency_end(pilot_load_t *load, const pilot_dictionary_t *dictionary,
                                     const char *content_sha256, pilot_error_t *error)
{
    if (pilot_copy_in_failed(load->copy))
        return end_copy(load, error);
    load->entry =
        pilot_grow(load->entry, &load->entry_capacity, load->entries + 1, sizeof *load->entry);
    struct entry *entry = &load->entry[load->entries++];
    *entry = (struct entry){.agency = load->agency,
                            .submission = load->submission,
                            .rows = load->rows,
                            .dictionaries = dictionaries_json(load, dictionary)};
    memcpy(entry->content_sha256, content_sha256, PILOT_SHA256_HEX_SIZE);
    return PILOT_OK;
}

size_t pilot_load_agencies(const pilot_load_t *load)
{
    return load->entries;
}

static char *manifest_json(const pilot_load_t *load, const pilot_agencies_t *agencies,
                           const pilot_manifest_t *manifest)
{
    pilot_text_t columns = PILOT_TEXT_INIT, json = PILOT_TEXT_INIT;
    for (size_t i = 0; i < load->layout->columns; i++) {
        const char *name = load->layout->column[i].stored->name;
        pilot_text_append_char(&columns, i > 0 ? ',' : '[');
        pilot_text_append_json(&columns, name, strlen(name));
    }
    pilot_text_append_char(&columns, ']');
    pilot_text_append_char(&json, '[');
    for (size_t i = 0; i < load->entries; i++) {
        const struct entry *entry = &load->entry[i];
        const pilot_agency_t *agency = pilot_agencies_get(agencies, entry->agency);
        pilot_text_appendf(&json, "%s{\"submission\":%" PRId64 ",\"agency\":", i > 0 ? "," : "",
                           entry->submission);
        pilot_text_append_json(&json, agency->name, agency->name_length);
        pilot_text_appendf(&json,
                           ",\"rows\":%" PRIu64 ",\"content_sha256\":\"%s\",\"file_sha256\":\"%s\""
                           ",\"columns\":",
                           entry->rows, entry->content_sha256,
                           manifest->file_sha256(manifest->context, entry->agency));
        pilot_text_append_bytes(&json, columns.data, columns.length);
        if (agency->pseudonym)
            pilot_text_appendf(&json, ",\"unit_key\":\"%s\"",
                               pilot_pseudonym_fingerprint(agency->pseudonym));
        pilot_text_append(&json, ",\"dictionaries\":");
        pilot_text_append(&json, entry->dictionaries);
        manifest->append(manifest->context, entry->agency, &json);
        pilot_text_append_char(&json, '}');
    }
    pilot_text_append_char(&json, ']');
    pilot_text_clear(&columns);
    return pilot_text_take(&json);
}

static pilot_stored_t *read_stored(const pilot_load_t *load, const PGresult *result)
{
    pilot_stored_t *stored = PILOT_NEW_ARRAY(pilot_stored_t, load->entries + 1);
    for (size_t i = 0; i < load->entries; i++)
        stored[i] = (pilot_stored_t){.agency = load->entry[i].agency,
                                     .submission = load->entry[i].submission};
    for (int row = 0; row < PQntuples(result); row++) {
        int64_t submission = strtoll(PQgetvalue(result, row, 0), NULL, 10);
        /* Ids ascend in the order of sending; gaps only where nothing was stored. */
        size_t low = 0, high = load->entries;
        while (high - low > 1) {
            size_t middle = low + (high - low) / 2;
            if (stored[middle].submission <= submission)
                low = middle;
            else
                high = middle;
        }
        if (low < high && stored[low].submission == submission)
            stored[low].revision = (int)strtol(PQgetvalue(result, row, 1), NULL, 10);
    }
    return stored;
}

pilot_status_t pilot_load_seal(pilot_load_t *load, const pilot_agencies_t *agencies,
                               const pilot_manifest_t *manifest, pilot_stored_t **ret_stored,
                               pilot_error_t *error)
{
    pilot_status_t status = end_copy(load, error);
    PGresult *result = NULL;
    pilot_debug_point_pass("before_seal", 1);
    if (!status) {
        PILOT_AUTOFREE char *json = manifest_json(load, agencies, manifest);
        char id[24];
        snprintf(id, sizeof id, "%" PRId64, load->load);
        status = pilot_db_run(load->db, &result, error,
                              "SELECT submission, revision FROM registry.seal_load($1, $2)", 2, id,
                              json);
    }
    if (!status)
        *ret_stored = read_stored(load, result);
    PQclear(result);
    return status;
}

pilot_status_t pilot_load_commit(pilot_load_t *load, pilot_error_t *error)
{
    pilot_status_t status = pilot_db_commit(load->db, error);
    load->sealed = status == PILOT_OK;
    return status;
}
