/* cmd_pseudonymize.c - `pilot pseudonymize PILOT UNITS.csv`: an agency's units under the names that
 * the evaluator may know them by, and the way back: whom the drawn arms belong to. */
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "commands.h"
#include "output.h"
#include "pilot/memory.h"
#include "submission.h"
#include "unit_ids.h"
#include "units.h"

typedef struct pseudonymize_request {
    const char *agency, *output, *assigned, *keys;
    bool with_arms;
} pseudonymize_request_t;

/* A file is a plan; anything else names a registered pilot. */
static pilot_status_t read_plan(pilot_context_t *context, const pseudonymize_request_t *request,
                                const char *operand, pilot_submission_t *ret_submission,
                                pilot_db_t **ret_db, pilot_error_t *error)
{
    *ret_db = NULL;
    if (access(operand, F_OK) == 0 || strpbrk(operand, "./")) {
        if (request->agency)
            ret_submission->agency = pilot_strdup(request->agency);
        return pilot_plan_read(operand, &ret_submission->plan, error);
    }
    pilot_status_t status = pilot_context_db(context, ret_db, error);
    return status
               ? status
               : pilot_submission_begin(*ret_db, operand, request->agency, ret_submission, error);
}

static pilot_status_t check_plan(const pilot_plan_t *plan, pilot_error_t *error)
{
    if (plan->unit_ids == PILOT_UNIT_IDS_PLAIN)
        return pilot_error_set(error, PILOT_E_PLAN,
                               "the plan says unit_ids: plain: ids are used as they are");
    if (!plan->columns.unit)
        return pilot_error_set(error, PILOT_E_PLAN,
                               "the plan names no unit column: there is nothing to make pseudonyms "
                               "of");
    return PILOT_OK;
}

static pilot_status_t read_units(const pilot_plan_t *plan, const char *path,
                                 const pilot_units_options_t *options, pilot_units_t *units,
                                 pilot_error_t *error)
{
    pilot_status_t status = pilot_units_read(plan, path, options, units, error);
    if (status)
        return status;
    pilot_units_check(units);
    if (pilot_problems_total(units->problems) == 0)
        return PILOT_OK;
    pilot_problems_print(units->problems, stderr, 10);
    return pilot_error_set(error, PILOT_E_DATA, "%s is not valid; nothing was written", path);
}

static pilot_status_t write_units(const char *path, const pilot_units_t *units,
                                  pilot_record_t *const *order, pilot_error_t *error)
{
    pilot_output_t output;
    pilot_status_t status = pilot_output_open(path, &output, error);
    if (status)
        return status;
    pilot_units_write(units, order, units->with_arms, NULL, output.file);
    return pilot_output_finish(&output, error);
}

/* ---- the way out ----------------------------------------------------------------------------- */

static pilot_status_t pseudonymize(const pilot_context_t *context,
                                   const pseudonymize_request_t *request,
                                   const pilot_submission_t *submission, const char *file,
                                   pilot_keyring_t *keys, pilot_error_t *error)
{
    const pilot_units_options_t options = {.agency = submission->agency,
                                           .with_arms = request->with_arms,
                                           .keys = keys,
                                           .interrupt_fd = context->interrupt_fd};
    pilot_units_t units;
    pilot_status_t status = read_units(submission->plan, file, &options, &units, error);
    if (!status) {
        /* Not in the order of the file: that may be the order of names. */
        pilot_record_t **order PILOT_AUTOFREE = pilot_units_by_agency(&units);
        status = write_units(request->output, &units, order, error);
        if (!status)
            pilot_say("%zu %s under pseudonyms; of the file's columns only what is assigned by was "
                      "written",
                      units.count, units.count == 1 ? "unit" : "units");
    }
    pilot_keyring_tell(keys);
    pilot_units_clear(&units);
    return status;
}

/* ---- the way back ---------------------------------------------------------------------------- */

typedef struct drawn {
    const pilot_units_t *units;
    pilot_record_t **record; /* by agency and pseudonym */
    uint32_t agency;         /* the one that is looked for */
    bool known;
} drawn_t;

static void find_agency(drawn_t *drawn, const pilot_agency_t *wanted)
{
    drawn->known = false;
    for (size_t i = 0; i < pilot_agencies_count(drawn->units->agencies) && !drawn->known; i++) {
        const pilot_agency_t *agency = pilot_agencies_get(drawn->units->agencies, i);
        drawn->known = agency->name_length == wanted->name_length &&
                       memcmp(agency->name, wanted->name, wanted->name_length) == 0;
        drawn->agency = (uint32_t)i;
    }
}

static const pilot_record_t *find_unit(const drawn_t *drawn, const char *pseudonym)
{
    size_t low = 0, high = drawn->known ? drawn->units->count : 0;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const pilot_record_t *record = drawn->record[middle];
        pilot_label_t label = {pilot_record_unit(record), record->unit_length};
        pilot_label_t wanted = {pseudonym, PILOT_PSEUDONYM_LENGTH};
        int order = record->agency != drawn->agency ? (record->agency < drawn->agency ? -1 : 1)
                                                    : pilot_label_compare(label, wanted);
        if (order == 0)
            return record;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* Give each unit of the agency's own list the arm that its pseudonym drew. */
static pilot_status_t join(pilot_units_t *units, const pilot_units_t *assigned,
                           pilot_keyring_t *keys, size_t *ret_missing, pilot_error_t *error)
{
    pilot_record_t **sorted PILOT_AUTOFREE = pilot_units_by_agency(assigned);
    drawn_t drawn = {.units = assigned, .record = sorted};
    pilot_pseudonym_t *pseudonym = NULL;
    int64_t agency = -1;
    *ret_missing = 0;
    for (size_t i = 0; i < units->count; i++) {
        pilot_record_t *record = units->record[i];
        if (agency != record->agency) {
            agency = record->agency;
            const pilot_agency_t *own = pilot_agencies_get(units->agencies, record->agency);
            pilot_status_t status =
                pilot_keyring_get(keys, own->name, own->name_length, &pseudonym, error);
            if (status)
                return status;
            find_agency(&drawn, own);
        }
        char text[PILOT_PSEUDONYM_LENGTH];
        pilot_pseudonym_of(pseudonym, pilot_record_unit(record), record->unit_length, text);
        const pilot_record_t *found = find_unit(&drawn, text);
        if (found)
            record->arm = found->arm;
        else
            ++*ret_missing;
    }
    units->with_arms = true;
    return PILOT_OK;
}

static pilot_status_t bring_back(const pilot_context_t *context,
                                 const pseudonymize_request_t *request,
                                 const pilot_submission_t *submission, const char *file,
                                 pilot_keyring_t *keys, pilot_error_t *error)
{
    pilot_units_options_t options = {.agency = submission->agency,
                                     .interrupt_fd = context->interrupt_fd};
    pilot_units_t units, assigned = {0};
    size_t missing = 0;
    pilot_status_t status = read_units(submission->plan, file, &options, &units, error);
    options.with_arms = true;
    if (submission->plan->columns.agency)
        options.agency = NULL; /* the evaluator's file may hold other agencies too */
    if (!status)
        status = read_units(submission->plan, request->assigned, &options, &assigned, error);
    if (!status)
        status = join(&units, &assigned, keys, &missing, error);
    if (!status && missing > 0)
        status = pilot_error_set(error, PILOT_E_DATA,
                                 "%zu of %zu units of %s have no arm in %s: another list was drawn "
                                 "from, or another key made its pseudonyms; nothing was written",
                                 missing, units.count, file, request->assigned);
    if (!status)
        status = write_units(request->output, &units, units.record, error);
    if (!status)
        pilot_say("%zu %s with the arms that were drawn", units.count,
                  units.count == 1 ? "unit" : "units");
    pilot_units_clear(&assigned);
    pilot_units_clear(&units);
    return status;
}

/* ---- the command ----------------------------------------------------------------------------- */

static pilot_status_t begin(pilot_context_t *context, const pseudonymize_request_t *request,
                            const char *operand, const char *file, pilot_error_t *error)
{
    pilot_submission_t submission = {0};
    pilot_keyring_t *keys = NULL;
    pilot_db_t *db = NULL;
    pilot_status_t status = pilot_output_check(request->output, error);
    if (!status)
        status = read_plan(context, request, operand, &submission, &db, error);
    if (!status)
        status = check_plan(submission.plan, error);
    if (!status)
        status =
            pilot_keyring_open(request->keys, submission.plan->pilot,
                               request->assigned ? PILOT_KEY_NEEDED : PILOT_KEY_MAKE, &keys, error);
    if (!status && db)
        status = pilot_keyring_expect(keys, db, error);
    if (!status)
        status = (request->assigned ? bring_back : pseudonymize)(context, request, &submission,
                                                                 file, keys, error);
    pilot_keyring_free(keys);
    pilot_submission_clear(&submission);
    return status;
}

pilot_status_t pilot_cmd_pseudonymize(pilot_context_t *context, int argc, char **argv,
                                      pilot_error_t *error)
{
    pseudonymize_request_t request = {0};
    const pilot_option_t options[] = {
        {.name = "agency",
         .type = PILOT_OPTION_TEXT,
         .target = &request.agency,
         .argument = "NAME",
         .help = "whose units they are, where the file has no agency column"},
        {.name = "output",
         .type = PILOT_OPTION_TEXT,
         .target = &request.output,
         .argument = "FILE",
         .help = "write to FILE (default: standard output)"},
        {.name = "with-arms",
         .type = PILOT_OPTION_FLAG,
         .target = &request.with_arms,
         .help = "keep the column of arms, for pilot assign --as-given"},
        {.name = "assigned",
         .type = PILOT_OPTION_TEXT,
         .target = &request.assigned,
         .argument = "ASSIGNED.csv",
         .help = "the other way: the arms that pilot assign drew, to the units' own ids"},
        PILOT_KEYS_OPTION(&request.keys),
        PILOT_CONTEXT_OPTIONS(context),
        {0}};
    int operands = 0;
    pilot_status_t status = pilot_context_parse(
        context, options, "PILOT|PLAN.yaml UNITS.csv",
        "Writes a list of units under pseudonyms, made with the agency's key, for the evaluator to "
        "draw from (pilot assign).  With a plan file it needs no database.",
        2, 2, argc, argv, &operands, error);
    if (status || context->done)
        return status;
    if (request.assigned && request.with_arms)
        return pilot_error_set(error, PILOT_E_USAGE,
                               "--assigned and --with-arms exclude each other");
    return begin(context, &request, argv[1], argv[2], error);
}
