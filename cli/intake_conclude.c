/* What became of a load: stored, or a report of what is wrong with it. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "intake_pass.h"
#include "pilot/memory.h"

static const char *agency_file_sha256(void *context, uint32_t number)
{
    pilot_pass_t *pass = context;
    const pilot_agency_t *agency = pilot_agencies_get(pass->agencies, number);
    return agency->several_files ? pass->all_sha256 : pass->input[agency->first_file].sha256;
}

static void fill_agencies(pilot_pass_t *pass, const pilot_stored_t *stored, size_t stored_count,
                          pilot_intake_result_t *result)
{
    size_t count;
    const pilot_gathered_t *gathered = pilot_gather_result(pass->gather, &count);
    result->agency = PILOT_NEW_ARRAY(pilot_intake_agency_t, count + 1);
    result->agencies = count;
    for (size_t i = 0, next = 0; i < count; i++) {
        pilot_intake_agency_t *agency = &result->agency[i];
        const pilot_agency_t *source = pilot_agencies_get(pass->agencies, gathered[i].agency);
        agency->name = pilot_strndup(source->name, source->name_length);
        agency->rows = gathered[i].rows;
        agency->unchanged = gathered[i].unchanged;
        memcpy(agency->content_sha256, gathered[i].content_sha256, PILOT_SHA256_HEX_SIZE);
        const pilot_current_t *current =
            agency->unchanged ? pilot_load_current(pass->load, source) : NULL;
        if (current) {
            agency->submission = current->submission;
            agency->revision = current->revision;
        } else if (next < stored_count && stored[next].agency == gathered[i].agency) {
            agency->submission = stored[next].submission;
            agency->revision = stored[next++].revision;
            result->stored++;
            result->rows_stored += agency->rows;
        }
    }
}

static void fill_tally(const pilot_pass_t *pass, pilot_intake_result_t *result)
{
    const pilot_assignment_tally_t *tally = pilot_gather_tally(pass->gather);
    size_t arms = pass->layout.plan->arm_count;
    result->checked = tally->checked;
    result->unchecked = tally->unchecked;
    result->assigned = tally->units;
    result->absent = tally->absent;
    if (!tally->absent_by_arm)
        return;
    result->absent_by_arm = PILOT_NEW_ARRAY(uint64_t, arms);
    memcpy(result->absent_by_arm, tally->absent_by_arm, arms * sizeof *result->absent_by_arm);
}

static pilot_status_t seal(pilot_pass_t *pass, pilot_intake_result_t *result, pilot_error_t *error)
{
    pilot_stored_t *stored = NULL;
    size_t count = pass->load ? pilot_load_agencies(pass->load) : 0;
    pilot_status_t status = PILOT_OK;
    if (count == 0) {
        fill_agencies(pass, NULL, 0, result);
    } else {
        status =
            pilot_load_seal(pass->load, pass->agencies, agency_file_sha256, pass, &stored, error);
        if (!status)
            fill_agencies(pass, stored, count, result);
    }
    free(stored);
    return status;
}

/* The report of a rejected load is kept, so that the evaluator sees why an agency is missing. */
static pilot_status_t store_report(pilot_pass_t *pass, pilot_intake_result_t *result,
                                   pilot_error_t *error)
{
    pilot_load_close(pass->load);
    pass->load = NULL;
    pilot_text_t agencies = PILOT_TEXT_INIT, problems = PILOT_TEXT_INIT;
    pilot_text_append_char(&agencies, '[');
    for (size_t i = 0; i < pilot_agencies_count(pass->agencies); i++) {
        const pilot_agency_t *agency = pilot_agencies_get(pass->agencies, i);
        if (i > 0)
            pilot_text_append_char(&agencies, ',');
        pilot_text_append_json(&agencies, agency->name, agency->name_length);
    }
    pilot_text_append_char(&agencies, ']');
    pilot_problems_json(result->problems, &problems);
    PILOT_AUTOFREE char *plan = pilot_format("%" PRId64, pass->plan_id);
    pilot_status_t status = pilot_db_run(
        pass->db, NULL, error,
        "SELECT registry.reject_load($1, $2, ARRAY(SELECT jsonb_array_elements_text($3)), $4, $5)",
        5, pass->layout.plan->pilot, plan, agencies.data, result->file_sha256, problems.data);
    pilot_text_clear(&agencies);
    pilot_text_clear(&problems);
    return status;
}

pilot_status_t pilot_pass_conclude(pilot_pass_t *pass, pilot_intake_result_t *result,
                                   pilot_error_t *error)
{
    pilot_status_t status = PILOT_OK;
    pilot_input_hash_all(pass->input, pass->inputs, pass->all_sha256);
    memcpy(result->file_sha256, pass->all_sha256, sizeof result->file_sha256);
    pilot_problems_merge(result->problems, pass->reader_problems);
    pilot_problems_merge(result->problems, pass->gather_problems);
    result->rows = pilot_reader_rows(pass->reader);
    fill_tally(pass, result);
    if (pilot_problems_total(result->problems) == 0)
        return seal(pass, result, error);
    if (pass->db)
        status = store_report(pass, result, error);
    if (status)
        return status;
    pilot_text_t summary = PILOT_TEXT_INIT;
    pilot_problems_summary(result->problems, &summary);
    pilot_error_set(error, PILOT_E_DATA, "%s: %s",
                    pass->db ? "the data was rejected and nothing was stored"
                             : "the data is not valid",
                    summary.data);
    pilot_text_clear(&summary);
    return PILOT_E_DATA;
}
