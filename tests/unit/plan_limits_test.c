/* What makes a file no plan at all, and how large a plan may be. */
#include "pilot/plan.h"

#include <string.h>

#include "../harness/tap.h"
#include "pilot/memory.h"

#define VERSION "version: 1\n"
#define PILOT "pilot: p\n"
#define COLUMNS "columns: {arm: a, unit: u}\n"
#define ARMS "arms: {control: c, treatments: [t]}\n"
#define OUTCOMES "outcomes: [{name: y, type: continuous}]\n"
#define PLAN VERSION PILOT COLUMNS ARMS OUTCOMES

static void check_message(const char *source, size_t length, const char *message)
{
    pilot_plan_t *plan = NULL;
    pilot_error_t error = {0};
    pilot_status_t status = pilot_plan_parse(source, length, "plan.yaml", &plan, &error);
    char *want PILOT_AUTOFREE = pilot_format("plan.yaml:%s", message);
    if (!ok(status == PILOT_E_PLAN && !plan, "refused: %.60s", message))
        pilot_plan_free(plan);
    is_text(error.message, want, "says: %.60s", message);
}

/* ---- the file -------------------------------------------------------------------------------- */

static void test_bytes(void)
{
    check_message("", 0, "1:1: the file is empty; a plan begins with 'version: 1'");
    check_message("version: 1\npilot: a\0b", 21, "2:9: there is a NUL byte; a plan is UTF-8 text");
    check_message("version: 1\npilot: \xc3\xbc\xff", 21,
                  "2:9: the byte 0xff is not UTF-8; save the plan as UTF-8");
    check_message("version: 1\npilot: \x01\n", 20,
                  "2:8: the character U+0001 is not allowed in YAML");
    size_t large = PILOT_PLAN_MAX_BYTES + 1;
    char *source PILOT_AUTOFREE = pilot_alloc_raw(large, 1);
    memset(source, '#', large);
    pilot_plan_t *plan = NULL;
    pilot_error_t error = {0};
    ok(pilot_plan_parse(source, large, "plan.yaml", &plan, &error) == PILOT_E_PLAN,
       "more than 4 MiB are refused");
    is_text(error.message, "plan.yaml: the file is larger than 4 MiB, the most that a plan can be",
            "and the message says so");
}

static void test_reading(void)
{
    pilot_plan_t *plan = NULL;
    pilot_error_t error = {0};
    ok(pilot_plan_read("/nowhere/plan.yaml", &plan, &error) == PILOT_E_FILE,
       "a file that is not there is refused");
    is_text(error.message, "/nowhere/plan.yaml: the plan cannot be read: No such file or directory",
            "and the message says so");
    ok(pilot_plan_read("/tmp", &plan, &error) == PILOT_E_FILE, "a folder is refused");
    is_text(error.message, "/tmp: the plan cannot be read: Is a directory",
            "and the message says so");
    ok(pilot_plan_read("/nowhere/plan.yaml", &plan, NULL) == PILOT_E_FILE && !plan,
       "the error may be left out, and the plan is untouched");
}

/* ---- limits ---------------------------------------------------------------------------------- */

static void test_texts(void)
{
    pilot_text_t source = PILOT_TEXT_INIT;
    pilot_text_append(&source, PLAN "title: ");
    for (int i = 0; i < 4097; i++)
        pilot_text_append_char(&source, 'x');
    check_message(source.data, source.length, "6:8: title: the text is longer than 4096 bytes");
    pilot_text_reset(&source);
    pilot_text_append(&source, PLAN "unit_ids: ");
    for (int i = 0; i < 60; i++)
        pilot_text_append(&source, "\xc3\xbc");
    pilot_text_t message = PILOT_TEXT_INIT;
    pilot_text_append(&message, "6:11: unit_ids: '");
    for (int i = 0; i < 45; i++)
        pilot_text_append(&message, "\xc3\xbc");
    pilot_text_append(&message, "...' is not one of plain, hmac");
    check_message(source.data, source.length, message.data);
    pilot_text_clear(&source);
    pilot_text_clear(&message);
}

static void test_counts(void)
{
    pilot_text_t source = PILOT_TEXT_INIT;
    pilot_text_append(&source, VERSION PILOT COLUMNS "arms: {control: c, treatments: [");
    for (int i = 0; i < 64; i++)
        pilot_text_appendf(&source, "t%d, ", i);
    pilot_text_append(&source, "]}\n" OUTCOMES);
    check_message(source.data, source.length,
                  "4:32: arms.treatments: there are 64; at most 63 are possible");
    pilot_text_reset(&source);
    pilot_text_append(&source, VERSION PILOT COLUMNS ARMS "outcomes:\n");
    for (int i = 0; i < 250; i++)
        pilot_text_appendf(&source, "- {name: y%d, type: duration, event: e, baseline: b}\n", i);
    pilot_text_append(&source, "covariates: [");
    for (int i = 0; i < 51; i++)
        pilot_text_appendf(&source, "x%d, ", i);
    pilot_text_append(&source, "]\n");
    check_message(source.data, source.length,
                  "6:1: the plan stores 801 columns of outcomes and covariates; at most 800 are "
                  "possible");
    pilot_text_reset(&source);
    pilot_text_append(&source, "power: [");
    for (int i = 0; i < 500001; i++)
        pilot_text_append(&source, "a,");
    pilot_plan_t *plan = NULL;
    pilot_error_t error = {0};
    ok(pilot_plan_parse(source.data, source.length, "f", &plan, &error) == PILOT_E_PLAN,
       "half a million entries are refused");
    ok(strstr(error.message, ": the plan has more than 500000 entries") != NULL, "by number");
    pilot_text_clear(&source);
}

int main(void)
{
    test_bytes();
    test_reading();
    test_texts();
    test_counts();
    return tap_done();
}
