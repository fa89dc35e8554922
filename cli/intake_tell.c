/* What a person is told of an intake. */
#include <inttypes.h>
#include <stdio.h>

#include "intake.h"
#include "pilot/text.h"
#include "summary_print.h"

#define SHOWN 10

static void append_grouped(pilot_text_t *text, uint64_t value)
{
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%" PRIu64, value);
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            pilot_text_append_char(text, ',');
        pilot_text_append_char(text, digits[i]);
    }
}

static void append_count(pilot_text_t *text, uint64_t count, const char *one, const char *many)
{
    append_grouped(text, count);
    pilot_text_appendf(text, " %s", count == 1 ? one : many);
}

/* "revision 1", or "revisions 1 to 3". */
static void append_revisions(pilot_text_t *text, const pilot_intake_result_t *result)
{
    int least = 0, most = 0;
    for (size_t i = 0; i < result->agencies; i++) {
        int revision = result->agency[i].revision;
        if (result->agency[i].unchanged)
            continue;
        least = least == 0 || revision < least ? revision : least;
        most = revision > most ? revision : most;
    }
    if (least == most)
        pilot_text_appendf(text, ", revision %d", least);
    else
        pilot_text_appendf(text, ", revisions %d to %d", least, most);
}

static void tell_verdict(const pilot_intake_result_t *result, bool dry_run)
{
    pilot_text_t line = PILOT_TEXT_INIT;
    size_t unchanged = 0, warnings = pilot_summary_warnings(result);
    for (size_t i = 0; i < result->agencies; i++)
        unchanged += result->agency[i].unchanged;
    if (result->stored == 0 && unchanged > 0) {
        pilot_text_append(&line, "unchanged: ");
        append_count(&line, unchanged, "agency", "agencies");
        pilot_text_append(&line, " had this same data already; nothing was stored");
    } else {
        bool stored = result->stored > 0;
        pilot_text_appendf(&line, "%s%s: ", stored ? "accepted" : "valid",
                           warnings > 0 ? "_with_warnings" : "");
        append_count(&line, stored ? result->stored : result->agencies, "agency", "agencies");
        pilot_text_append(&line, ", ");
        append_count(&line, stored ? result->rows_stored : result->rows, "row", "rows");
        if (stored)
            append_revisions(&line, result);
        if (unchanged > 0) {
            pilot_text_append(&line, "; unchanged: ");
            append_count(&line, unchanged, "agency", "agencies");
        }
        if (warnings > 0) {
            pilot_text_append(&line, "; ");
            append_count(&line, warnings, "warning", "warnings");
        }
        if (dry_run && stored)
            pilot_text_append(&line, " (dry run)");
    }
    fprintf(stderr, "%s\n", line.data);
    pilot_text_clear(&line);
}

/* "assignment: 2 agencies checked; 12 of 400 assigned units have no row (control 5, small 7)" */
static void tell_assignment(const pilot_intake_result_t *result, const pilot_plan_t *plan)
{
    pilot_text_t line = PILOT_TEXT_INIT;
    if (!result->absent_by_arm)
        return;
    if (result->checked == 0) {
        append_count(&line, result->unchecked, "agency has", "agencies have");
        fprintf(stderr, "assignment: not checked; %s none registered\n", line.data);
        pilot_text_clear(&line);
        return;
    }
    pilot_text_append(&line, "assignment: ");
    append_count(&line, result->checked, "agency checked", "agencies checked");
    if (result->unchecked > 0) {
        pilot_text_append(&line, ", ");
        append_count(&line, result->unchecked, "without a registered one",
                     "without a registered one");
    }
    pilot_text_append(&line, "; ");
    append_grouped(&line, result->absent);
    pilot_text_append(&line, " of ");
    append_count(&line, result->assigned, "assigned unit", "assigned units");
    pilot_text_append(&line, result->absent == 1 ? " has no row" : " have no row");
    size_t told = 0;
    for (size_t i = 0; i < plan->arm_count && result->absent > 0; i++) {
        if (result->absent_by_arm[i] == 0)
            continue;
        pilot_text_appendf(&line, "%s%s ", told++ == 0 ? " (" : ", ", plan->arms[i].label);
        append_grouped(&line, result->absent_by_arm[i]);
    }
    fprintf(stderr, "%s%s\n", line.data, told > 0 ? ")" : "");
    pilot_text_clear(&line);
}

static void tell_problems(const pilot_intake_result_t *result, const char *report)
{
    uint64_t total = pilot_problems_total(result->problems);
    if (report) {
        fprintf(stderr, "the problems are listed in %s\n", report);
        return;
    }
    pilot_problems_print(result->problems, stderr, SHOWN);
    if (total > SHOWN)
        fprintf(stderr, "... and %" PRIu64 " more; --report FILE.csv lists them\n", total - SHOWN);
}

pilot_status_t pilot_intake_tell(const pilot_intake_result_t *result, const pilot_plan_t *plan,
                                 const pilot_intake_told_t *told, pilot_error_t *error)
{
    pilot_status_t status = PILOT_OK;
    if (told->report)
        status = pilot_problems_write(result->problems, told->report, error);
    if (status)
        return status;
    if (told->json) {
        pilot_text_t json = PILOT_TEXT_INIT;
        pilot_summary_result_json(result, plan, told->dry_run, &json);
        fwrite(json.data, 1, json.length, stdout);
        pilot_text_clear(&json);
    }
    if (pilot_problems_total(result->problems) > 0) {
        tell_problems(result, told->report);
        return PILOT_OK;
    }
    if (!told->json && !told->brief)
        status = pilot_summary_print(result, plan, told->width, stderr, error);
    if (status)
        return status;
    tell_assignment(result, plan);
    if (!told->brief)
        tell_verdict(result, told->dry_run);
    else if (pilot_summary_warnings(result) > 0)
        fprintf(stderr,
                "warnings about the data: %zu (pilot check PLAN.yaml DATA.csv tells them)\n",
                pilot_summary_warnings(result));
    return PILOT_OK;
}
