/* libFuzzer: any bytes as CSV files.  The first byte picks plan and memory, the second the size of
 * the pieces; "\n====\n" parts files.
 *
 * Whatever the bytes: the reader tells the same in one piece and in many; a verdict does not depend
 * on the memory; a report is UTF-8, and holds no text of the data. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "csv_reader.h"
#include "intake.h"
#include "pilot/text.h"

#define MOST_FILES 3

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static const char *const sources[] = {
    "version: 1\npilot: p\ncolumns: {unit: id, agency: site, arm: arm}\n"
    "arms: {control: c, treatments: [t]}\noutcomes: [{name: y, type: continuous}]\n",
    "version: 1\npilot: p\ncolumns: {arm: arm}\narms: {control: c, treatments: [t]}\n"
    "outcomes: [{name: y, type: continuous}]\ncovariates: [{name: k, type: categorical}]\n",
    "version: 1\npilot: p\ncolumns: {unit: id, agency: site, arm: arm, block: block,\n"
    "  cluster: group, weight: w, received: got, probability: prob}\n"
    "arms: {control: c, treatments: [t]}\noutcomes:\n  - {name: y, type: continuous}\n"
    "  - {name: b, type: binary}\n  - {name: s, type: binary, success: [yes]}\n"
    "  - {name: l, type: ordinal, levels: [low, mid, high]}\n  - {name: n, type: count}\n"
    "  - {name: d, type: duration, event: e, horizon: 12}\n"
    "covariates: [x, {name: k, type: categorical}]\n",
    "version: 1\npilot: p\ncolumns: {unit: id, agency: site, arm: arm, cluster: group}\n"
    "arms: {control: c, treatments: [t]}\noutcomes: [{name: y, type: continuous}]\n"
    "analysis: {level: across}\n"};
#define PLANS (sizeof sources / sizeof *sources)
static pilot_plan_t *plans[PLANS];

static void demand(int condition)
{
    if (!condition)
        abort();
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    for (size_t i = 0; i < PLANS; i++)
        demand(pilot_plan_parse(sources[i], strlen(sources[i]), "plan", &plans[i], NULL) == 0);
    return 0;
}

static void on_field(void *context, size_t position, const char *bytes, size_t length, bool valid)
{
    pilot_text_appendf(context, "%zu:%d:%zu:", position, valid, length);
    pilot_text_append_bytes(context, bytes, length);
    demand(valid == pilot_utf8_valid(bytes, length, NULL));
}

static void on_record(void *context, size_t fields, uint64_t line)
{
    demand(fields > 0 && line > 0);
    pilot_text_appendf(context, "=%zu@%llu\n", fields, (unsigned long long)line);
}

static void read_in_pieces(const char *bytes, size_t length, size_t piece, pilot_text_t *text)
{
    const pilot_csv_handler_t handler = {.field = on_field, .record = on_record, .context = text};
    pilot_csv_t *csv = pilot_csv_new(&handler);
    for (size_t i = 0; i < length; i += piece)
        pilot_csv_feed(csv, bytes + i, length - i < piece ? length - i : piece);
    pilot_csv_end_t end = pilot_csv_finish(csv);
    pilot_text_appendf(text, "end %d@%llu", end, (unsigned long long)pilot_csv_line(csv));
    pilot_csv_free(csv);
}

static void check_reader(const char *bytes, size_t length, size_t piece)
{
    pilot_text_t whole = PILOT_TEXT_INIT, parts = PILOT_TEXT_INIT;
    read_in_pieces(bytes, length, length + 1, &whole);
    read_in_pieces(bytes, length, piece, &parts);
    demand(whole.length == parts.length && memcmp(whole.data, parts.data, whole.length) == 0);
    pilot_text_clear(&whole);
    pilot_text_clear(&parts);
}

static size_t split(const char *bytes, size_t length, const char **file, size_t *file_length)
{
    static const char mark[] = "\n====\n";
    size_t count = 0;
    while (count + 1 < MOST_FILES) {
        const char *next = memmem(bytes, length, mark, sizeof mark - 1);
        if (!next)
            break;
        file[count] = bytes;
        file_length[count++] = (size_t)(next - bytes);
        length -= (size_t)(next - bytes) + sizeof mark - 1;
        bytes = next + sizeof mark - 1;
    }
    file[count] = bytes;
    file_length[count] = length;
    return count + 1;
}

/* What was decided, as text. */
static void decide(const pilot_plan_t *plan, const char *const *file, const size_t *length,
                   size_t files, size_t memory, pilot_text_t *text)
{
    const pilot_intake_options_t options = {
        .interrupt_fd = -1, .single_thread = true, .content = true, .memory = memory};
    pilot_intake_result_t result;
    pilot_error_t error = {0};
    pilot_status_t status =
        pilot_intake_check_bytes(plan, file, length, files, &options, &result, &error);
    demand(status == PILOT_OK || status == PILOT_E_DATA);
    demand((status == PILOT_OK) == (pilot_problems_total(result.problems) == 0));
    pilot_problems_csv(result.problems, text);
    demand(pilot_utf8_valid(text->data, text->length, NULL));
    /* The tests' marker for a person's data; no plan and no message has it. */
    demand(!strstr(text->data, "SECRET"));
    pilot_text_t json = PILOT_TEXT_INIT;
    pilot_problems_json(result.problems, &json);
    pilot_text_clear(&json);
    for (size_t i = 0; status == PILOT_OK && i < result.agencies; i++)
        pilot_text_appendf(text, "%s %s %llu\n", result.agency[i].name,
                           result.agency[i].content_sha256,
                           (unsigned long long)result.agency[i].rows);
    pilot_intake_clear(&result);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return -1;
    const pilot_plan_t *plan = plans[data[0] % PLANS];
    const char *bytes = (const char *)data + 2;
    size_t piece = (size_t)data[1] % 64 + 1;
    check_reader(bytes, size - 2, piece);
    const char *file[MOST_FILES];
    size_t length[MOST_FILES];
    size_t files = split(bytes, size - 2, file, length);
    pilot_text_t roomy = PILOT_TEXT_INIT, tight = PILOT_TEXT_INIT;
    decide(plan, file, length, files, 0, &roomy);
    decide(plan, file, length, files, 1, &tight);
    demand(roomy.length == tight.length && memcmp(roomy.data, tight.data, roomy.length) == 0);
    pilot_text_clear(&roomy);
    pilot_text_clear(&tight);
    return 0;
}
