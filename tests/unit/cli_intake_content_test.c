/* An agency's content_sha256: what it depends on, and that it is what the documents say. */
#include "../../cli/intake.h"

#include <string.h>

#include "../harness/plan_text.h"
#include "../harness/tap.h"

static const char source[] = "version: 1\n"
                             "pilot: p\n"
                             "columns: {unit: id, agency: site, arm: arm}\n"
                             "arms: {control: c, treatments: [t]}\n"
                             "outcomes: [{name: y, type: continuous}]\n";

/* The same rows in any order, in one file or two, in memory or spilled: one content. */
static void test_content(const pilot_plan_t *plan)
{
    pilot_text_t rows[2] = {PILOT_TEXT_INIT, PILOT_TEXT_INIT};
    for (int file = 0; file < 2; file++) {
        pilot_text_append(&rows[file], file == 0 ? "id,site,arm,y\n" : "y,arm,x,site,id\n");
        for (int i = 0; i < 3000; i++) {
            int row = file == 0 ? i : (i * 7919 + 5) % 3000;
            const char *arm = row % 3 == 0 ? "t" : "c";
            if (file == 0)
                pilot_text_appendf(&rows[file], "u%d,s%d,%s,%d\n", row, row / 100, arm, row % 17);
            else
                pilot_text_appendf(&rows[file], "%d.0,%s,x%d,s%d,u%d\n", row % 17, arm, i,
                                   row / 100, row);
        }
    }
    pilot_intake_result_t result[3];
    const pilot_intake_options_t options = {
        .interrupt_fd = -1, .single_thread = true, .content = true};
    const pilot_intake_options_t tight = {
        .interrupt_fd = -1, .single_thread = true, .content = true, .memory = 1};
    for (int i = 0; i < 3; i++) {
        const char *bytes = rows[i > 0].data;
        size_t length = rows[i > 0].length;
        ok(pilot_intake_check_bytes(plan, &bytes, &length, 1, i == 2 ? &tight : &options,
                                    &result[i], NULL) == PILOT_OK,
           "3,000 rows of 30 agencies are valid");
        ok(result[i].agencies == 30 && result[i].rows == 3000, "all are counted");
        ok(result[i].scattered == (i > 0), "it is known whether they are scattered");
    }
    size_t same = 0;
    for (size_t i = 0; i < 30; i++)
        same +=
            strcmp(result[0].agency[i].content_sha256, result[1].agency[i].content_sha256) == 0 &&
            strcmp(result[0].agency[i].content_sha256, result[2].agency[i].content_sha256) == 0;
    ok(same == 30, "each agency's content is the same, whatever order and memory");
    ok(strcmp(result[0].agency[0].content_sha256, result[0].agency[1].content_sha256) != 0,
       "agencies differ");
    for (int i = 0; i < 3; i++)
        pilot_intake_clear(&result[i]);
    pilot_text_clear(&rows[0]);
    pilot_text_clear(&rows[1]);
}

static void put_text(pilot_text_t *bytes, const char *text)
{
    const char head[5] = {2, 0, 0, 0, (char)strlen(text)};
    pilot_text_append_bytes(bytes, head, sizeof head);
    pilot_text_append(bytes, text);
}

/* docs/data.md's definition, written out: names, then rows by unit, absent values too. */
static void test_definition(const pilot_plan_t *plan)
{
    static const char csv[] = "id,site,arm,y\nu2,a,t,NA\nu10,a,c,1.5\n";
    static const char one_and_a_half[9] = {1, 0x3f, (char)0xf8};
    pilot_text_t bytes = PILOT_TEXT_INIT;
    pilot_text_append(&bytes, "pilot content 1\n");
    put_text(&bytes, "pilot_arm");
    put_text(&bytes, "pilot_unit");
    put_text(&bytes, "y");
    put_text(&bytes, "c");
    put_text(&bytes, "u10");
    pilot_text_append_bytes(&bytes, one_and_a_half, sizeof one_and_a_half);
    put_text(&bytes, "t");
    put_text(&bytes, "u2");
    pilot_text_append_bytes(&bytes, "", 1);
    uint8_t digest[PILOT_SHA256_SIZE];
    char want[PILOT_SHA256_HEX_SIZE];
    pilot_sha256_of(bytes.data, bytes.length, digest);
    pilot_hex(digest, sizeof digest, want);
    const char *data = csv;
    size_t length = sizeof csv - 1;
    const pilot_intake_options_t options = {.interrupt_fd = -1, .content = true};
    pilot_intake_result_t result;
    pilot_intake_check_bytes(plan, &data, &length, 1, &options, &result, NULL);
    is_text(result.agency[0].content_sha256, want, "content_sha256 is what the document says");
    pilot_intake_clear(&result);
    pilot_text_clear(&bytes);
}

int main(void)
{
    pilot_plan_t *plan = test_plan(source);
    test_content(plan);
    test_definition(plan);
    pilot_plan_free(plan);
    return tap_done();
}
