/* What became of a load: stored, or a report of what is wrong with it. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "intake_pass.h"
#include "intake_previous.h"
#include "pilot/memory.h"

static void fill_agencies(pilot_pass_t *pass, pilot_intake_result_t *result)
{
    size_t count;
    pilot_gathered_t *gathered = pilot_gather_result(pass->gather, &count);
    result->agency = PILOT_NEW_ARRAY(pilot_intake_agency_t, count + 1);
    result->agencies = count;
    for (size_t i = 0; i < count; i++) {
        pilot_intake_agency_t *agency = &result->agency[i];
        const pilot_agency_t *source = pilot_agencies_get(pass->agencies, gathered[i].agency);
        agency->name = pilot_strndup(source->name, source->name_length);
        agency->rows = gathered[i].rows;
        agency->unchanged = gathered[i].unchanged;
        agency->units_added = agency->units_removed = -1;
        agency->summary = gathered[i].summary;
        gathered[i].summary = NULL;
        memcpy(agency->content_sha256, gathered[i].content_sha256, PILOT_SHA256_HEX_SIZE);
        const pilot_current_t *current =
            agency->unchanged ? pilot_load_current(pass->load, source) : NULL;
        if (current) {
            agency->submission = current->submission;
            agency->revision = current->revision;
        }
    }
}

static void fill_stored(pilot_pass_t *pass, const pilot_stored_t *stored, size_t stored_count,
                        pilot_intake_result_t *result)
{
    size_t count;
    const pilot_gathered_t *gathered = pilot_gather_result(pass->gather, &count);
    for (size_t i = 0, next = 0; i < count; i++) {
        pilot_intake_agency_t *agency = &result->agency[i];
        if (agency->unchanged || next >= stored_count || stored[next].agency != gathered[i].agency)
            continue;
        agency->submission = stored[next].submission;
        agency->revision = stored[next++].revision;
        result->stored++;
        result->rows_stored += agency->rows;
    }
}

static void find_warnings(const pilot_pass_t *pass, pilot_intake_result_t *result)
{
    for (size_t i = 0; i < result->agencies; i++) {
        pilot_intake_agency_t *agency = &result->agency[i];
        if (agency->summary && !agency->unchanged)
            pilot_warnings_find(&pass->layout, agency->summary, &agency->previous,
                                &agency->warnings);
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

/* The hash of a file with raw ids would let anybody who has the rest of it try ids: it is sent
 * under the agency's key, which can still tell that it was this file. */
static const char *under_key(pilot_pass_t *pass, const pilot_agency_t *agency, const char *sha256)
{
    uint8_t digest[PILOT_SHA256_SIZE];
    if (!agency->pseudonym)
        return sha256;
    pilot_pseudonym_digest(agency->pseudonym, sha256, strlen(sha256), digest);
    pilot_hex(digest, sizeof digest, pass->keyed_sha256);
    return pass->keyed_sha256;
}

/* Of a rejected load; NULL: no agency could tell it again. */
static const char *rejected_file_sha256(pilot_pass_t *pass)
{
    if (!pass->options->keys)
        return pass->all_sha256;
    if (pilot_agencies_count(pass->agencies) != 1)
        return NULL;
    const pilot_agency_t *agency = pilot_agencies_get(pass->agencies, 0);
    return agency->pseudonym ? under_key(pass, agency, pass->all_sha256) : NULL;
}

typedef struct manifest {
    pilot_pass_t *pass;
    const pilot_intake_result_t *result;
    size_t *place; /* by number of the agency: its index in the result */
} manifest_t;

static const char *agency_file_sha256(void *context, uint32_t number)
{
    const manifest_t *manifest = context;
    pilot_pass_t *pass = manifest->pass;
    const pilot_agency_t *agency = pilot_agencies_get(pass->agencies, number);
    return under_key(pass, agency,
                     agency->several_files ? pass->all_sha256
                                           : pass->input[agency->first_file].sha256);
}

static void append_summary(void *context, uint32_t number, pilot_text_t *json)
{
    const manifest_t *manifest = context;
    const pilot_intake_agency_t *agency = &manifest->result->agency[manifest->place[number]];
    if (!agency->summary)
        return;
    pilot_text_append(json, ",\"summary\":");
    pilot_summary_json(agency->summary, &manifest->pass->layout, json);
    pilot_text_append(json, ",\"warnings\":");
    pilot_warnings_json(&agency->warnings, json);
}

static pilot_status_t seal(pilot_pass_t *pass, pilot_intake_result_t *result, pilot_error_t *error)
{
    size_t gathered_count;
    const pilot_gathered_t *gathered = pilot_gather_result(pass->gather, &gathered_count);
    size_t *place PILOT_AUTOFREE =
        PILOT_NEW_ARRAY(size_t, pilot_agencies_count(pass->agencies) + 1);
    for (size_t i = 0; i < gathered_count; i++)
        place[gathered[i].agency] = i;
    manifest_t context = {.pass = pass, .result = result, .place = place};
    const pilot_manifest_t manifest = {
        .file_sha256 = agency_file_sha256, .append = append_summary, .context = &context};
    pilot_stored_t *stored PILOT_AUTOFREE = NULL;
    pilot_status_t status = pilot_load_seal(pass->load, pass->agencies, &manifest, &stored, error);
    if (!status) {
        fill_stored(pass, stored, pilot_load_agencies(pass->load), result);
        status = pilot_previous_units(pass->db, pass->layout.plan, result, error);
    }
    if (!status && !pass->options->dry_run)
        status = pilot_load_commit(pass->load, error);
    return status;
}

static pilot_status_t accept(pilot_pass_t *pass, pilot_intake_result_t *result,
                             pilot_error_t *error)
{
    bool sent = pass->load && pilot_load_agencies(pass->load) > 0;
    pilot_status_t status = pass->load ? pilot_load_pause(pass->load, error) : PILOT_OK;
    fill_agencies(pass, result);
    if (!status && sent)
        status = pilot_previous_read(pass->db, &pass->layout, result, error);
    if (status)
        return status;
    find_warnings(pass, result);
    return sent ? seal(pass, result, error) : PILOT_OK;
}

/* Of a login's own agencies something must have been seen, or there is nobody to report on. */
static bool is_reported(const pilot_pass_t *pass)
{
    return !pass->options->own || pass->options->agency || pilot_agencies_count(pass->agencies) > 0;
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
    /* A file that tells of no agency is that of the one that submits. */
    if (pilot_agencies_count(pass->agencies) == 0 && pass->options->agency)
        pilot_text_append_json(&agencies, pass->options->agency, strlen(pass->options->agency));
    pilot_text_append_char(&agencies, ']');
    pilot_problems_json(result->problems, &problems);
    PILOT_AUTOFREE char *plan = pilot_format("%" PRId64, pass->plan_id);
    pilot_status_t status = pilot_db_run(
        pass->db, NULL, error,
        "SELECT registry.reject_load($1, $2, ARRAY(SELECT jsonb_array_elements_text($3)), $4, $5)",
        5, pass->layout.plan->pilot, plan, agencies.data, rejected_file_sha256(pass),
        problems.data);
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
        return accept(pass, result, error);
    if (pass->db && !pass->options->dry_run && is_reported(pass))
        status = store_report(pass, result, error);
    if (status)
        return status;
    pilot_text_t summary = PILOT_TEXT_INIT;
    pilot_problems_summary(result->problems, &summary);
    pilot_error_set(error, PILOT_E_DATA, "%s: %s",
                    pass->db ? "rejected: nothing was stored" : "the data is not valid",
                    summary.data);
    pilot_text_clear(&summary);
    return PILOT_E_DATA;
}
