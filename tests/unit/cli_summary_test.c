/* What data comes to, when a warning rings and when not, progress, templates. */
#include "../../cli/summary_print.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../cli/submit_progress.h"
#include "../../cli/template.h"
#include "../harness/plan_text.h"
#include "../harness/tap.h"
#include "pilot/memory.h"

static const char plain_source[] =
    "version: 1\npilot: p\ncolumns: {unit: id, arm: arm}\n"
    "arms: {control: c, treatments: [t]}\n"
    "outcomes: [{name: y, type: continuous}, {name: b, type: binary}]\n"
    "covariates: [{name: k, type: categorical}]\n";

#define is_int(got, want, ...) ok((got) == (want), __VA_ARGS__)

/* The plan with more lines. */
static pilot_plan_t *parse_more(const char *more)
{
    char *source PILOT_AUTOFREE = pilot_format("%s%s", plain_source, more);
    return test_plan(source);
}

static void check_data(const pilot_plan_t *plan, const char *csv, size_t memory,
                       pilot_intake_result_t *ret_result)
{
    size_t length = strlen(csv);
    const pilot_intake_options_t options = {
        .interrupt_fd = -1, .single_thread = true, .agency = "north", .memory = memory};
    pilot_error_t error = {0};
    if (pilot_intake_check_bytes(plan, &csv, &length, 1, &options, ret_result, &error)) {
        printf("Bail out! %s\n", error.message);
        exit(1);
    }
}

static void test_counts(void)
{
    pilot_plan_t *plan = test_plan(plain_source);
    pilot_intake_result_t result;
    check_data(plan,
               "id,arm,y,b,k\n3,c,1000000002,1,u\n1,t,1000000001,,\n2,c,1000000003,0,u\n4,t,,,v\n",
               0, &result);
    const pilot_summary_t *summary = result.agency[0].summary;
    size_t y = 2, b = 3, k = 4;
    is_int((long long)summary->rows, 4, "rows are counted");
    ok(summary->arm_rows[0] == 2 && summary->arm_rows[1] == 2, "by arm");
    ok(summary->column[y].missing == 1 && summary->column[b].missing == 2 &&
           summary->column[k].missing == 1,
       "what is missing is counted by column");
    ok(summary->column[y].numbers == 3 && summary->column[y].mean == 1000000002 &&
           summary->column[y].sd == 1,
       "mean and standard deviation at an offset of a billion");
    ok(!pilot_summary_has_mean(&summary->column[k]), "labels have no mean");
    is_int(summary->column[b].empty_arm, 1, "an arm that lacks it altogether");
    is_int(summary->column[y].empty_arm, PILOT_INTAKE_NO_ARM, "no arm lacks it altogether");
    pilot_intake_layout_t layout;
    pilot_text_t json = PILOT_TEXT_INIT;
    pilot_intake_layout_init(&layout, plan);
    pilot_summary_json(summary, &layout, &json);
    is_text(
        json.data,
        "{\"rows\":4,\"arms\":{\"c\":2,\"t\":2},\"columns\":{\"y\":{\"missing\":1,\"numbers\":3,"
        "\"mean\":1000000002,\"sd\":1},\"b\":{\"missing\":2,\"numbers\":2,\"mean\":0.5,\"sd\":"
        "0.7071067811865476},\"k\":{\"missing\":1}}}",
        "as JSON");
    pilot_text_clear(&json);
    pilot_intake_layout_clear(&layout);
    pilot_intake_clear(&result);
    pilot_plan_free(plan);
}

/* The same numbers bit for bit whatever the order of the file and the memory that there is. */
static void test_order(void)
{
    pilot_plan_t *plan = test_plan(plain_source);
    pilot_text_t up = PILOT_TEXT_INIT, down = PILOT_TEXT_INIT;
    pilot_text_append(&up, "id,arm,y,b,k\n");
    pilot_text_append(&down, "id,arm,y,b,k\n");
    for (int i = 0; i < 3000; i++) {
        int j = 2999 - i;
        pilot_text_appendf(&up, "%d,%s,%.17g,,\n", i, i % 2 ? "c" : "t", sin(i) * 1e6);
        pilot_text_appendf(&down, "%d,%s,%.17g,,\n", j, j % 2 ? "c" : "t", sin(j) * 1e6);
    }
    pilot_intake_result_t one, two;
    check_data(plan, up.data, 0, &one);
    check_data(plan, down.data, 20000, &two);
    const pilot_column_summary_t *a = &one.agency[0].summary->column[2];
    const pilot_column_summary_t *b = &two.agency[0].summary->column[2];
    ok(a->mean == b->mean && a->sd == b->sd, "the order of rows and runs on disk change no bit");
    pilot_intake_clear(&one);
    pilot_intake_clear(&two);
    pilot_text_clear(&up);
    pilot_text_clear(&down);
    pilot_plan_free(plan);
}

static void test_clusters(void)
{
    pilot_plan_t *plan = test_plan("version: 1\npilot: p\n"
                                   "columns: {unit: id, arm: arm, block: s, cluster: g}\n"
                                   "arms: {control: c, treatments: [t]}\n"
                                   "outcomes: [{name: y, type: continuous}]\n");
    pilot_intake_result_t result;
    check_data(plan, "id,arm,s,g,y\n1,c,x,1,1\n2,c,x,1,1\n3,t,x,2,1\n4,c,z,1,1\n5,t,x,2,1\n", 0,
               &result);
    const uint64_t *units = result.agency[0].summary->arm_units;
    ok(units[0] == 2 && units[1] == 1, "clusters within blocks are what was drawn");
    pilot_intake_clear(&result);
    pilot_plan_free(plan);
}

/* ---- warnings -------------------------------------------------------------------------------- */

/* So many rows of each arm, and of y. */
typedef struct made {
    uint64_t c, t, missing, numbers;
    double mean, sd;
} made_t;

static pilot_summary_t *make(const pilot_intake_layout_t *layout, const made_t *made)
{
    pilot_summary_t *summary = pilot_summary_new(2, layout->columns);
    summary->rows = made->c + made->t;
    summary->arm_rows[0] = summary->arm_units[0] = made->c;
    summary->arm_rows[1] = summary->arm_units[1] = made->t;
    summary->column[2].missing = made->missing;
    summary->column[2].numbers = summary->rows - made->missing;
    summary->column[2].mean = made->mean;
    summary->column[2].sd = made->sd;
    return summary;
}

/* Codes of the warnings, "code code". */
static void warn(const char *more, const made_t *now, const made_t *before, const char *want,
                 const char *name)
{
    pilot_plan_t *plan = parse_more(more);
    pilot_intake_layout_t layout;
    pilot_intake_layout_init(&layout, plan);
    pilot_summary_t *summary = make(&layout, now);
    pilot_previous_t previous = {0};
    pilot_warnings_t warnings = {0};
    pilot_text_t codes = PILOT_TEXT_INIT;
    pilot_text_append(&codes, "");
    if (before) {
        previous = (pilot_previous_t){.revision = 1,
                                      .rows = before->c + before->t,
                                      .summary = make(&layout, before),
                                      .known = PILOT_NEW_ARRAY(bool, layout.columns)};
        previous.known[2] = true;
    }
    pilot_warnings_find(&layout, summary, &previous, &warnings);
    for (size_t i = 0; i < warnings.count; i++)
        pilot_text_appendf(&codes, "%s%s", i > 0 ? " " : "", warnings.item[i].code);
    is_text(codes.data, want, "%s", name);
    pilot_text_clear(&codes);
    pilot_warnings_clear(&warnings);
    pilot_previous_clear(&previous);
    pilot_summary_free(summary);
    pilot_intake_layout_clear(&layout);
    pilot_plan_free(plan);
}

#define MADE(...) (&(const made_t){__VA_ARGS__})

static void test_sample_ratio(void)
{
    /* Pearson's chi-square of 100 units, 1 df: 10.89 at 66.5 %, and 10.828 is p = 0.001. */
    warn("", MADE(.c = 67, .t = 33), NULL, "sample_ratio",
         "67 : 33 is out of proportion to equal shares");
    warn("", MADE(.c = 66, .t = 34), NULL, "", "66 : 34 may be chance");
    warn("", MADE(.c = 9, .t = 0), NULL, "", "nine of nine in one arm may be chance too");
    warn("", MADE(.c = 11, .t = 0), NULL, "sample_ratio", "eleven of eleven may not");
}

static void test_declared(const char *probabilities)
{
    char *source PILOT_AUTOFREE = pilot_format(
        "version: 1\npilot: p\ncolumns: {unit: id, arm: arm%s}\n"
        "arms: {control: c, treatments: [t]%s}\noutcomes: [{name: y, type: continuous}]\n",
        probabilities ? "" : ", probability: pr", probabilities ? probabilities : "");
    pilot_plan_t *plan = test_plan(source);
    pilot_intake_layout_t layout;
    pilot_intake_layout_init(&layout, plan);
    const pilot_previous_t none = {0};
    for (int rings = 0; rings < 2; rings++) {
        pilot_summary_t *summary = pilot_summary_new(2, layout.columns);
        pilot_warnings_t warnings = {0};
        summary->rows = 300;
        summary->arm_units[0] = rings ? 150 : 200;
        summary->arm_units[1] = rings ? 150 : 100;
        pilot_warnings_find(&layout, summary, &none, &warnings);
        if (probabilities)
            is_int((long long)warnings.count, rings, "%s",
                   rings ? "equal arms ring where 2 : 1 was declared" : "2 : 1 does not");
        else
            is_int((long long)warnings.count, 0, "rows with own probabilities are not tested");
        if (rings && probabilities) {
            summary->arm_assigned = PILOT_NEW_ARRAY(uint64_t, 2);
            summary->arm_assigned[0] = summary->arm_assigned[1] = 150;
            pilot_warnings_clear(&warnings);
            pilot_warnings_find(&layout, summary, &none, &warnings);
            is_int((long long)warnings.count, 0, "a registered assignment comes before both");
        }
        pilot_warnings_clear(&warnings);
        pilot_summary_free(summary);
    }
    pilot_intake_layout_clear(&layout);
    pilot_plan_free(plan);
}

static void test_missing(void)
{
    warn("", MADE(.c = 50, .t = 50, .missing = 100), NULL, "missing_share",
         "an outcome that no row has");
    warn("", MADE(.c = 50, .t = 50, .missing = 51), NULL, "missing_share",
         "more than half is missing");
    warn("", MADE(.c = 50, .t = 50, .missing = 50), NULL, "", "half is not more than half");
    warn("", MADE(.c = 500, .t = 500, .missing = 100), MADE(.c = 500, .t = 500, .missing = 40),
         "missing_share", "10 % where 4 % were missing before");
    warn("", MADE(.c = 500, .t = 500, .missing = 80), MADE(.c = 500, .t = 500, .missing = 40), "",
         "4 points more are not many");
    warn("", MADE(.c = 10, .t = 10, .missing = 3), MADE(.c = 10, .t = 10, .missing = 1), "",
         "10 points more of 20 rows may be chance");
    warn("", MADE(.c = 500, .t = 500, .missing = 40), MADE(.c = 500, .t = 500, .missing = 100), "",
         "less missing than before is well");
}

static void test_shift(void)
{
    warn("", MADE(.c = 500, .t = 500, .mean = 10.6, .sd = 1),
         MADE(.c = 500, .t = 500, .mean = 10, .sd = 1), "outcome_shift",
         "0.6 standard deviations are far");
    warn("", MADE(.c = 500, .t = 500, .mean = 9.4, .sd = 1),
         MADE(.c = 500, .t = 500, .mean = 10, .sd = 1), "outcome_shift", "downwards too");
    warn("", MADE(.c = 500, .t = 500, .mean = 10.4, .sd = 1),
         MADE(.c = 500, .t = 500, .mean = 10, .sd = 1), "", "0.4 are not");
    warn("", MADE(.c = 5, .t = 5, .mean = 11, .sd = 1), MADE(.c = 5, .t = 5, .mean = 10, .sd = 1),
         "", "one standard deviation of ten rows may be chance");
    warn("", MADE(.c = 500, .t = 500, .mean = 60, .sd = 60),
         MADE(.c = 500, .t = 500, .mean = 1, .sd = 1), "outcome_shift", "minutes became seconds");
    warn("", MADE(.c = 500, .t = 500, .mean = 1), MADE(.c = 500, .t = 500, .mean = 0),
         "outcome_shift", "a constant that is another");
    warn("", MADE(.c = 500, .t = 500, .mean = 1), MADE(.c = 500, .t = 500, .mean = 1), "",
         "the same constant");
}

static void test_rows(void)
{
    warn("", MADE(.c = 44, .t = 45), MADE(.c = 50, .t = 50), "fewer_rows",
         "89 rows where there were 100");
    warn("", MADE(.c = 45, .t = 45), MADE(.c = 50, .t = 50), "", "90 are not so few");
    warn("", MADE(.c = 500, .t = 500), MADE(.c = 50, .t = 50), "", "more are well");
}

static void test_empty_arm(void)
{
    pilot_plan_t *plan = test_plan(plain_source);
    pilot_intake_result_t result;
    check_data(plan, "id,arm,y,b,k\n1,c,1,1,u\n2,t,,1,u\n3,c,1,0,u\n4,c,1,0,u\n", 0, &result);
    const pilot_warnings_t *warnings = &result.agency[0].warnings;
    is_int((long long)warnings->count, 1, "an outcome that an arm lacks");
    is_text(warnings->item[0].code, "missing_in_arm", "is told");
    is_text(warnings->item[0].message, "no row of arm t has it, and rows of other arms do",
            "with the arm");
    pilot_text_t json = PILOT_TEXT_INIT;
    pilot_warnings_json(warnings, &json);
    is_text(json.data,
            "[{\"code\":\"missing_in_arm\",\"column\":\"y\",\"message\":"
            "\"no row of arm t has it, and rows of other arms do\"}]",
            "as JSON");
    pilot_text_clear(&json);
    pilot_intake_clear(&result);
    check_data(plan, "id,arm,y,b,k\n1,c,1,1,u\n2,t,1,1,u\n3,c,,0,u\n4,c,1,0,u\n", 0, &result);
    is_int((long long)result.agency[0].warnings.count, 0, "where both have some nothing rings");
    pilot_intake_clear(&result);
    pilot_plan_free(plan);
}

/* ---- progress and templates ------------------------------------------------------------------ */

static void progress(const pilot_intake_progress_t *done, int64_t ms, const char *want,
                     const char *name)
{
    char line[128];
    pilot_submit_progress_line(line, sizeof line, done, ms);
    is_text(line, want, "%s", name);
    ok(strlen(line) < 80, "%s: in 80 columns", name);
}

static void test_progress(void)
{
    progress(&(pilot_intake_progress_t){.bytes = 500000, .total = 1000000, .rows = 1234}, 100,
             "reading [########........]  50%  0.5/1.0 MB  1234 rows", "half");
    progress(
        &(pilot_intake_progress_t){
            .bytes = 6000000000, .total = 12000000000, .rows = 2147483647, .again = true},
        3600000, "once more [########........]  50%  6000/12000 MB  2147483647 rows  60:00 left",
        "the longest line");
    progress(&(pilot_intake_progress_t){.bytes = 1000000, .rows = 5}, 5000,
             "reading 1.0 MB  5 rows", "no size known");
    progress(&(pilot_intake_progress_t){.bytes = 9, .total = 9, .rows = 5, .read = true}, 5000,
             "5 rows read; checking and storing", "all is read");
}

static void test_template(void)
{
    pilot_plan_t *plan = test_plan(
        "version: 1\npilot: p\ncolumns: {unit: id, agency: site, arm: arm, block: \"a,b\"}\n"
        "arms: {control: c, treatments: [t]}\n"
        "outcomes:\n  - {name: s, type: binary, column: 'y|n', success: [yes], role: primary}\n"
        "  - {name: l, type: ordinal, levels: [lo, hi], better: lower, baseline: x}\n"
        "covariates: [x, {name: b, type: binary, column: \"a,b\"}]\nmissing: [\"\", -9]\n");
    pilot_text_t text = PILOT_TEXT_INIT;
    pilot_template_header(plan, &text);
    is_text(text.data, "id,site,arm,\"a,b\",y|n,l,x\n", "each column once, quoted where need be");
    pilot_text_t data = PILOT_TEXT_INIT;
    pilot_intake_result_t result;
    pilot_text_appendf(&data, "%s1,north,c,0,yes,lo,\n2,north,t,1,-9,hi,\n", text.data);
    check_data(plan, data.data, 0, &result);
    is_int((long long)result.rows, 2, "a filled template passes");
    pilot_intake_clear(&result);
    pilot_text_clear(&data);
    pilot_text_reset(&text);
    pilot_dictionary_t own = {0};
    pilot_dictionary_code(&own, "north", 5);
    pilot_template_dictionary_csv(plan, &own, &text);
    ok(strstr(text.data, "\nsite,whose data the row is,text,north,,yes,agency\n") != NULL,
       "own agencies are named");
    ok(strstr(text.data, "\ny|n,outcome s; higher is better,category,any text; these count as 1: "
                         "yes,\"(empty), -9\",no,primary outcome\n") != NULL,
       "an outcome from text");
    ok(strstr(text.data, ",,yes,block; covariate\n") != NULL,
       "a column of two uses is needed if one use needs it");
    ok(strstr(text.data, "(from low to high)") != NULL && strstr(text.data, "lo, hi"),
       "levels are listed");
    pilot_text_reset(&text);
    pilot_template_dictionary_markdown(plan, NULL, &text);
    ok(strstr(text.data, "| y\\|n | outcome s; higher is better |") != NULL, "a bar ends no cell");
    pilot_text_clear(&text);
    pilot_dictionary_clear(&own);
    pilot_plan_free(plan);
}

int main(void)
{
    test_counts();
    test_order();
    test_clusters();
    test_sample_ratio();
    test_declared(", probabilities: {c: 0.6666666666666667, t: 0.3333333333333333}");
    test_declared(NULL);
    test_missing();
    test_shift();
    test_rows();
    test_empty_arm();
    test_progress();
    test_template();
    return tap_done();
}
