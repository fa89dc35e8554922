#include "stored.h"

#include <stdlib.h>
#include <string.h>

#include "pilot/memory.h"
#include "pilot/text.h"
#include "pilot/wire.h"

/* ---- parts ----------------------------------------------------------------------------------- */

static pilot_status_t lagging(uint64_t found, uint64_t wanted, bool *ret_lagging,
                              pilot_error_t *error)
{
    *ret_lagging = true;
    return pilot_error_set(
        error, PILOT_E_DATABASE,
        "%llu results of earlier jobs were read instead of %llu: the replica lags",
        (unsigned long long)found, (unsigned long long)wanted);
}

static pilot_status_t on_part(void *context, const pilot_field_t *field, int fields,
                              pilot_error_t *error)
{
    (void)fields;
    return pilot_parts_add(context, field[0].data, field[0].data ? field[0].length : 0, error);
}

pilot_status_t pilot_stored_parts(pilot_db_t *db, uint64_t analysis, Pilot__JobKind kind,
                                  uint64_t inputs, pilot_parts_t *ret_parts, bool *ret_lagging,
                                  pilot_error_t *error)
{
    char *sql = pilot_format("COPY (SELECT r.part FROM work.jobs j JOIN work.job_results r "
                             "ON r.job = j.job WHERE j.analysis = %llu AND j.kind = %d) "
                             "TO STDOUT (FORMAT binary)",
                             (unsigned long long)analysis, (int)kind);
    uint64_t rows = 0;
    pilot_status_t status = pilot_copy_out(db, sql, 1, on_part, ret_parts, &rows, error);
    free(sql);
    if (status == PILOT_OK && rows < inputs)
        status = lagging(rows, inputs, ret_lagging, error);
    return status == PILOT_OK ? pilot_parts_sort(ret_parts, error) : status;
}

pilot_status_t pilot_stored_fits(pilot_db_t *db, uint64_t pool_job,
                                 const pilot_analysis_t *analysis, pilot_fits_t **ret_fits,
                                 bool *ret_lagging, pilot_error_t *error)
{
    char *sql = pilot_format("COPY (SELECT part FROM work.job_results WHERE job = %llu) "
                             "TO STDOUT (FORMAT binary)",
                             (unsigned long long)pool_job);
    pilot_parts_t parts = {0};
    uint64_t rows = 0;
    pilot_status_t status = pilot_copy_out(db, sql, 1, on_part, &parts, &rows, error);
    free(sql);
    if (status == PILOT_OK && rows == 0)
        status = lagging(rows, 1, ret_lagging, error);
    if (status == PILOT_OK)
        status = pilot_parts_sort(&parts, error);
    if (status == PILOT_OK && parts.pieces != 1)
        status = pilot_error_set(error, PILOT_E_PROTOCOL, "the stored pooled fit is not one piece");
    if (status == PILOT_OK)
        status = pilot_fits_unpack(analysis, &parts.reader[0], ret_fits, error);
    pilot_parts_clear(&parts);
    return status;
}

/* ---- effects --------------------------------------------------------------------------------- */

enum {
    EFFECT_AGENCY,
    EFFECT_OUTCOME,
    EFFECT_SUBGROUP,
    EFFECT_LEVEL,
    EFFECT_ARM,
    EFFECT_ESTIMAND,
    EFFECT_ESTIMATOR,
    EFFECT_PARAMETER,
    EFFECT_REASON,
    EFFECT_TEXTS,
    EFFECT_ESTIMATE = EFFECT_TEXTS,
    EFFECT_STD_ERROR,
    EFFECT_N,
    EFFECT_FIELDS
};

static pilot_number_t read_number(const pilot_field_t *field)
{
    return field->data ? PILOT_GIVEN(pilot_field_float8(field)) : PILOT_ABSENT;
}

static pilot_status_t on_effect(void *context, const pilot_field_t *field, int fields,
                                pilot_error_t *error)
{
    (void)fields;
    char *text[EFFECT_TEXTS];
    for (int i = 0; i < EFFECT_TEXTS; i++)
        text[i] =
            field[i].data ? pilot_strndup((const char *)field[i].data, field[i].length) : NULL;
    pilot_compared_t row = {.agency = text[EFFECT_AGENCY],
                            .outcome = text[EFFECT_OUTCOME],
                            .subgroup = text[EFFECT_SUBGROUP],
                            .level = text[EFFECT_LEVEL],
                            .arm = text[EFFECT_ARM],
                            .estimand = text[EFFECT_ESTIMAND],
                            .estimator = text[EFFECT_ESTIMATOR],
                            .parameter = text[EFFECT_PARAMETER],
                            .reason = text[EFFECT_REASON],
                            .n = field[EFFECT_N].data && pilot_field_int8(&field[EFFECT_N]) > 0
                                     ? (uint64_t)pilot_field_int8(&field[EFFECT_N])
                                     : 0,
                            .estimate = read_number(&field[EFFECT_ESTIMATE]),
                            .std_error = read_number(&field[EFFECT_STD_ERROR])};
    pilot_status_t status = pilot_compare_add(context, &row, error);
    for (int i = 0; i < EFFECT_TEXTS; i++)
        free(text[i]);
    return status;
}

/* The outcomes' names as SQL literals; standard_conforming_strings is on. */
static void append_outcomes(pilot_text_t *sql, const Pilot__Spec *spec, size_t first, size_t last)
{
    for (size_t i = first; i <= last; i++) {
        pilot_text_append(sql, i > first ? ", '" : "'");
        for (const char *c = spec->outcome[i]->name; *c; c++)
            pilot_text_append(sql, *c == '\'' ? "''" : (char[]){*c, '\0'});
        pilot_text_append_char(sql, '\'');
    }
}

pilot_status_t pilot_stored_effects(pilot_db_t *db, uint64_t analysis, const Pilot__Spec *spec,
                                    size_t first_outcome, size_t last_outcome,
                                    pilot_compare_t *compare, pilot_error_t *error)
{
    pilot_text_t sql = PILOT_TEXT_INIT;
    pilot_text_appendf(&sql,
                       "COPY (SELECT agency, outcome, subgroup, level, arm, estimand, estimator, "
                       "parameter, reason, estimate, std_error, n FROM work.effects "
                       "WHERE analysis = %llu AND agency IS NOT NULL AND outcome IN (",
                       (unsigned long long)analysis);
    append_outcomes(&sql, spec, first_outcome, last_outcome);
    pilot_text_append(&sql, ") ORDER BY agency COLLATE \"C\", ordinal) TO STDOUT (FORMAT binary)");
    pilot_status_t status =
        pilot_copy_out(db, sql.data, EFFECT_FIELDS, on_effect, compare, NULL, error);
    pilot_text_clear(&sql);
    return status;
}

/* ---- attributes ------------------------------------------------------------------------------ */

static pilot_status_t on_attribute(void *context, const pilot_field_t *field, int fields,
                                   pilot_error_t *error)
{
    (void)error;
    char *text[3] = {0};
    for (int i = 0; i < fields && i < 3; i++)
        text[i] = field[i].data ? pilot_strndup((const char *)field[i].data, field[i].length)
                                : pilot_strdup("");
    pilot_compare_attribute(context, text[0], text[1], text[2]);
    for (int i = 0; i < 3; i++)
        free(text[i]);
    return PILOT_OK;
}

pilot_status_t pilot_stored_attributes(pilot_db_t *db, uint64_t analysis, pilot_compare_t *compare,
                                       pilot_error_t *error)
{
    char *sql = pilot_format("COPY (SELECT l.agency, t.attribute, t.value FROM work.analyses a "
                             "JOIN registry.plan_agencies l USING (plan) "
                             "CROSS JOIN jsonb_each_text(l.attributes) AS t (attribute, value) "
                             "WHERE a.analysis = %llu) TO STDOUT (FORMAT binary)",
                             (unsigned long long)analysis);
    pilot_status_t status = pilot_copy_out(db, sql, 3, on_attribute, compare, NULL, error);
    free(sql);
    return status;
}

/* ---- pins ------------------------------------------------------------------------------------ */

typedef struct pin_list {
    Pilot__Pin **pin;
    size_t count, capacity;
} pin_list_t;

static pilot_status_t on_pin(void *context, const pilot_field_t *field, int fields,
                             pilot_error_t *error)
{
    (void)fields;
    (void)error;
    pin_list_t *list = context;
    Pilot__Pin *pin = PILOT_NEW(Pilot__Pin);
    pilot__pin__init(pin);
    pin->submission = (uint64_t)pilot_field_int8(&field[0]);
    pin->agency = pilot_strndup((const char *)field[1].data, field[1].length);
    pin->rows = (uint64_t)pilot_field_int8(&field[2]);
    pin->agency_index = (uint32_t)pilot_field_int4(&field[3]);
    list->pin = pilot_grow(list->pin, &list->capacity, list->count + 1, sizeof *list->pin);
    list->pin[list->count++] = pin;
    return PILOT_OK;
}

pilot_status_t pilot_stored_pins(pilot_db_t *db, uint64_t analysis, Pilot__Pin ***ret_pin,
                                 size_t *ret_count, pilot_error_t *error)
{
    char *sql = pilot_format("COPY (SELECT submission, agency, rows, ordinal FROM work.pins "
                             "WHERE analysis = %llu ORDER BY ordinal) TO STDOUT (FORMAT binary)",
                             (unsigned long long)analysis);
    pin_list_t list = {0};
    pilot_status_t status = pilot_copy_out(db, sql, 4, on_pin, &list, NULL, error);
    free(sql);
    if (status == PILOT_OK && list.count == 0)
        status = pilot_error_set(error, PILOT_E_PROTOCOL, "an analysis without submissions");
    if (status != PILOT_OK) {
        pilot_stored_pins_free(list.pin, list.count);
        return status;
    }
    *ret_pin = list.pin;
    *ret_count = list.count;
    return PILOT_OK;
}

void pilot_stored_pins_free(Pilot__Pin **pin, size_t count)
{
    for (size_t i = 0; i < count; i++)
        pilot_message_free(&pin[i]->base);
    free(pin);
}

/* ---- alarms ---------------------------------------------------------------------------------- */

typedef struct alarms {
    const pilot_analysis_t *analysis;
    bool *alarm;
} alarms_t;

static bool is_text(const pilot_field_t *field, const char *text)
{
    return field->data && strlen(text) == field->length &&
           memcmp(text, field->data, field->length) == 0;
}

static pilot_status_t on_alarm(void *context, const pilot_field_t *field, int fields,
                               pilot_error_t *error)
{
    (void)fields;
    (void)error;
    alarms_t *alarms = context;
    const Pilot__Spec *spec = alarms->analysis->spec;
    size_t treatments = alarms->analysis->treatments;
    for (size_t i = 0; i < spec->n_outcome; i++)
        for (size_t arm = 1; arm <= treatments; arm++)
            alarms->alarm[i * treatments + arm - 1] |= is_text(&field[0], spec->outcome[i]->name) &&
                                                       is_text(&field[1], spec->arm[arm]->label);
    return PILOT_OK;
}

pilot_status_t pilot_stored_alarms(pilot_db_t *db, uint64_t pool_job,
                                   const pilot_analysis_t *analysis, bool *ret_alarm,
                                   bool *ret_lagging, pilot_error_t *error)
{
    alarms_t alarms = {.analysis = analysis, .alarm = ret_alarm};
    /* One row without a variable says that the job's rows are there. */
    char *sql = pilot_format(
        "COPY (SELECT NULL::text AS variable, NULL::text AS arm FROM work.job_results "
        "WHERE job = %llu UNION ALL SELECT variable, arm FROM work.quality WHERE job = %llu "
        "AND \"check\" LIKE 'attrition%%' AND alarm AND agency IS NULL) "
        "TO STDOUT (FORMAT binary)",
        (unsigned long long)pool_job, (unsigned long long)pool_job);
    uint64_t rows = 0;
    pilot_status_t status = pilot_copy_out(db, sql, 2, on_alarm, &alarms, &rows, error);
    free(sql);
    if (status == PILOT_OK && rows == 0)
        status = lagging(rows, 1, ret_lagging, error);
    return status;
}
