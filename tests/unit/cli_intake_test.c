/* Every code of the rejection report, row by row as the agency reads it. */
#include "../../cli/intake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../harness/plan_text.h"
#include "../harness/tap.h"
#include "pilot/memory.h"

static const char small_source[] = "version: 1\n"
                                   "pilot: p\n"
                                   "columns: {unit: id, agency: site, arm: arm}\n"
                                   "arms: {control: c, treatments: [t]}\n"
                                   "outcomes: [{name: y, type: continuous}]\n";

static const char full_source[] =
    "version: 1\n"
    "pilot: p\n"
    "columns: {unit: id, agency: site, arm: arm, block: block, cluster: group, weight: w,\n"
    "  received: got, probability: prob}\n"
    "arms: {control: c, treatments: [t]}\n"
    "outcomes:\n"
    "  - {name: y, type: continuous}\n"
    "  - {name: b, type: binary}\n"
    "  - {name: s, type: binary, success: [yes]}\n"
    "  - {name: l, type: ordinal, levels: [low, mid, high]}\n"
    "  - {name: n, type: count}\n"
    "  - {name: d, type: duration, event: e, horizon: 12}\n"
    "covariates: [x, {name: k, type: categorical}]\n";
#define FULL_HEADER "id,site,arm,block,group,w,got,prob,y,b,s,l,n,d,e,x,k\n"

/* The report without its first line and without the counts by code; "" when all is well.  Caller
 * frees. */
static char *report_files(const pilot_plan_t *plan, const char *const *bytes, const size_t *length,
                          size_t count, const pilot_intake_options_t *options)
{
    pilot_intake_result_t result;
    pilot_error_t error = {0};
    pilot_status_t status =
        pilot_intake_check_bytes(plan, bytes, length, count, options, &result, &error);
    pilot_text_t csv = PILOT_TEXT_INIT;
    if (status == PILOT_OK) {
        pilot_text_append(&csv, "");
    } else if (status == PILOT_E_DATA) {
        pilot_problems_csv(result.problems, &csv);
        char *counts = strstr(csv.data, "\n,,");
        counts[1] = '\0';
    } else {
        pilot_text_append(&csv, error.message);
    }
    pilot_intake_clear(&result);
    char *text = pilot_text_take(&csv);
    const char *head = "row,column,code,message\n";
    if (strncmp(text, head, strlen(head)) == 0)
        memmove(text, text + strlen(head), strlen(text) - strlen(head) + 1);
    return text;
}

static void check_bytes(const pilot_plan_t *plan, const char *bytes, size_t length,
                        const char *want, const char *name)
{
    const pilot_intake_options_t options = {.interrupt_fd = -1, .single_thread = true};
    const pilot_intake_options_t threaded = {.interrupt_fd = -1};
    char *got PILOT_AUTOFREE = report_files(plan, &bytes, &length, 1, &options);
    is_text(got, want, "%s", name);
    char *again PILOT_AUTOFREE = report_files(plan, &bytes, &length, 1, &threaded);
    is_text(again, want, "%s (two threads)", name);
}

static void check(const pilot_plan_t *plan, const char *csv, const char *want, const char *name)
{
    check_bytes(plan, csv, strlen(csv), want, name);
}

static void test_header(const pilot_plan_t *plan)
{
    check(plan, "id,site,arm,y\n1,a,c,1\n2,a,t,2\n", "", "good data has no problems");
    check(plan, "y,extra,arm,id,site\n1,x,c,1,a\n", "", "columns in any order, others are ignored");
    check(plan, "id,arm\n1,c\n",
          "1,site,missing_column,the plan names this column and the file has none with this "
          "header\n"
          "1,y,missing_column,the plan names this column and the file has none with this header\n",
          "each missing column is told");
    check(plan, "Anna,11,c,3.5\nBert,11,t,4.5\n",
          "1,site,missing_column,the plan names this column and the file has none with this "
          "header\n"
          "1,id,missing_column,the plan names this column and the file has none with this header\n"
          "1,arm,missing_column,the plan names this column and the file has none with this "
          "header\n"
          "1,y,missing_column,the plan names this column and the file has none with this header\n",
          "a file without header: no word of it");
    check(
        plan, "id;site;arm;y\n1;a;c;1\n",
        "1,site,missing_column,the file has one column only: columns must be separated by commas\n"
        "1,id,missing_column,the file has one column only: columns must be separated by commas\n"
        "1,arm,missing_column,the file has one column only: columns must be separated by commas\n"
        "1,y,missing_column,the file has one column only: columns must be separated by commas\n",
        "semicolons instead of commas");
    check(plan, "id,y,site,arm,y\n1,2,a,c,1\n",
          "1,y,duplicate_column,more than one column of the file has this header\n",
          "a named column twice");
    check(plan, "id,site,site,arm,y\n1,a,a,c,1\n",
          "1,site,duplicate_column,more than one column of the file has this header\n",
          "the agency column twice");
    check(plan, "id,z,z,site,arm,y\n1,2,3,a,c,1\n", "", "other columns may stand twice");
    check(plan, "id,site,arm,y,\xff\n1,a,c,1,2\n",
          "1,#5,bad_encoding,\"the header is not valid UTF-8, or holds a NUL byte\"\n",
          "a header that is not UTF-8, by position");
    check(plan, "\xef\xbb\xbfid,site,arm,y\r\n1,a,c,1\r\n", "", "byte-order mark and CRLF");
    check(plan, "\"id\",\"site\",\"arm\",\"y\"\n\"1\",\"a\",\"c\",\"1\"\n", "",
          "quoted header and fields");
}

static void test_files(const pilot_plan_t *plan)
{
    check(plan, "", "1,,empty_file,the file is empty\n", "no byte");
    check(plan, "\n\n", "1,,empty_file,the file is empty\n", "blank lines only");
    check(plan, "\xef\xbb\xbf", "1,,empty_file,the file is empty\n", "a byte-order mark only");
    check(plan, "id,site,arm,y\n", "1,,empty_file,the file has a header row and no data\n",
          "a header only");
    check(plan, "id,site,arm,y\n1,a,c,1", "", "no line end at the end");
    check(plan, "id,site,arm,y\n\n1,a,c,1\n\n\n2,a,c,1\n\n", "", "blank lines are no rows");
    check(plan, "id,site,arm,y\r1,a,c,1\r2,a,c,z\r",
          "3,y,not_a_number,\"not a number (digits, a point, an exponent; no blanks or thousands "
          "marks)\"\n",
          "a lone CR ends a row");
    check(plan, "id,site,arm,note,y\n1,a,c,\"two\nlines\",1\n2,a,c,\"one \"\"line\"\"\",x\n",
          "4,y,not_a_number,\"not a number (digits, a point, an exponent; no blanks or thousands "
          "marks)\"\n",
          "rows are counted by the line where they start");
    check(plan, "id,site,arm,note,y\r\n1,a,c,\"two\r\nlines\r\",1\r\n2,a,q,,1\r\n",
          "5,arm,unknown_arm,not one of the plan's arms\n", "CRLF and CR within quotes count");
}

static void test_rows(const pilot_plan_t *plan)
{
    check(plan, "id,site,arm,y\n1,a,c\n2,a,c,1,2\n3,a,c,4\n",
          "2,,bad_row,the row has 3 fields and the header row 4\n"
          "3,,bad_row,the row has 5 fields and the header row 4\n",
          "ragged rows");
    check(plan, "id,site,arm,y\n1,a,c,x,9\n",
          "2,,bad_row,the row has 5 fields and the header row 4\n",
          "of a ragged row nothing else is told");
    check(plan, "id,site,arm,y\n1,a,c,1\n2,\"a\"b,c,1\n3,a,q,1\n",
          "3,,bad_quoting,\"a quote inside a field, or one that is not closed; the rest of the "
          "file was not read\"\n",
          "a quote out of place ends the report");
    check(plan, "id,site,arm,y\n1,a,q,1\n2,a,c,\"1\n3,a,c,1\n",
          "2,arm,unknown_arm,not one of the plan's arms\n"
          "3,,bad_quoting,\"a quote inside a field, or one that is not closed; the rest of the "
          "file was not read\"\n",
          "a quote that is not closed");
    check(plan, "id,site,arm,y\n1,a,c,1\n2,a\xe9,c,1\n",
          "3,site,bad_encoding,\"not valid UTF-8, or holds a NUL byte\"\n", "Latin-1 in an agency");
    static const char nul[] = "id,site,arm,y,z\n1,a,c,1,x\0y\n";
    check_bytes(plan, nul, sizeof nul - 1,
                "2,#5,bad_encoding,\"not valid UTF-8, or holds a NUL byte\"\n",
                "NUL in a column that is not kept, by position");
    check(plan, "id,site,arm,y\n,a,c,1\n2,,c,1\n3,a,,1\n4,a,c,\n",
          "2,id,missing_value,every row needs a unit\n"
          "3,site,missing_value,every row needs an agency\n"
          "4,arm,missing_value,every row needs an arm\n",
          "unit, agency and arm are needed, an outcome may be missing");
    check(plan, "id,site,arm,y\nNA,NA,c,NA\n", "", "a unit and an agency may be called NA");
    check(plan, "id,site,arm,y\n1,a,tt,1\n2,a,C,1\n3,a, c,1\n",
          "2,arm,unknown_arm,not one of the plan's arms\n"
          "3,arm,unknown_arm,not one of the plan's arms\n"
          "4,arm,unknown_arm,not one of the plan's arms\n",
          "unknown arms; blanks and case count");
    check(plan, "id,site,arm,y\n7,a,c,1\n8,a,c,1\n7,b,c,1\n7,a,t,1\n8,b,c,1\n",
          "5,id,duplicate_unit,the unit is already in row 2 of its agency\n",
          "a unit twice in an agency, not in two agencies");
    check(plan, "id,site,arm,y\n7,a,q,x\n7,a,c,1\n",
          "2,arm,unknown_arm,not one of the plan's arms\n"
          "2,y,not_a_number,\"not a number (digits, a point, an exponent; no blanks or thousands "
          "marks)\"\n"
          "3,id,duplicate_unit,the unit is already in row 2 of its agency\n",
          "all problems of a row, and its unit still counts");
}

#define NOT_A_NUMBER                                                                               \
    "not_a_number,\"not a number (digits, a point, an exponent; no blanks or thousands marks)\"\n"

static void test_numbers(const pilot_plan_t *plan)
{
    static const char *const good[] = {"0",  "-1", "+1.5", "1e3",   "1E-3",  "1.",
                                       ".5", "-0", "007",  "1e308", "1e-999"};
    static const char *const bad[] = {"x",     "1,5", " 1", "1 ", "0x10",  "inf", "nan",  "1e",
                                      "1.2.3", "-",   ".",  "e5", "1_000", "--1", "1e5.5"};
    char csv[128];
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        snprintf(csv, sizeof csv, "id,site,arm,y\n1,a,c,\"%s\"\n", good[i]);
        check(plan, csv, "", good[i]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(csv, sizeof csv, "id,site,arm,y\n1,a,c,\"%s\"\n", bad[i]);
        check(plan, csv, "2,y," NOT_A_NUMBER, bad[i]);
    }
    check(plan, "id,site,arm,y\n1,a,c,1e999\n",
          "2,y,out_of_range,a number beyond what a double holds\n", "beyond a double");
}

static void test_kinds(const pilot_plan_t *plan)
{
    check(plan,
          FULL_HEADER "1,a,c,B1,G1,1,c,0.5,1.5,0,yes,low,3,2.5,1,7,k1\n"
                      "2,a,t,B1,G2,0,t,1,,NA,no,high,0,0,0,NA,\n",
          "", "a row of every kind");
    check(plan, FULL_HEADER "1,a,c,,,,,,1,0,yes,low,3,2,1,7,k\n",
          "2,block,missing_value,must not be empty\n"
          "2,group,missing_value,must not be empty\n"
          "2,w,missing_value,must not be missing\n"
          "2,prob,missing_value,must not be missing\n",
          "block, cluster, weight and probability are needed");
    check(plan, FULL_HEADER "1,a,c,B,G,-1,c,0,1,2,yes,lowest,-3,-2,0.5,x,k\n",
          "2,w,out_of_range,a weight must be 0 or more\n"
          "2,prob,out_of_range,a probability must be above 0 and at most 1\n"
          "2,b,not_binary,must be 0 or 1\n"
          "2,l,unknown_level,not one of the plan's levels of this outcome\n"
          "2,n,out_of_range,\"a count must be a whole number, 0 or more\"\n"
          "2,d,out_of_range,a duration must be 0 or more\n"
          "2,e,not_binary,must be 0 or 1\n"
          "2,x," NOT_A_NUMBER,
          "values that do not fit their kind");
    check(plan, FULL_HEADER "1,a,c,B,G,1,c,1.5,1,1.0,yes,low,2.5,2,1,7,k\n",
          "2,prob,out_of_range,a probability must be above 0 and at most 1\n"
          "2,n,out_of_range,\"a count must be a whole number, 0 or more\"\n",
          "a probability above 1, half a count; 1.0 is binary");
    check(plan, FULL_HEADER "1,a,c,B,G,1,dose,1,1,1,yes,low,2,2,1,7,k\n",
          "2,got,not_a_number,neither a number nor an arm of the plan\n",
          "received: neither number nor arm");
    check(plan,
          FULL_HEADER "1,a,c,B,G,1,c,1,1,1,yes,low,2,2,1,7,k\n"
                      "2,a,c,B,G,1,0.5,1,1,1,yes,low,2,2,1,7,k\n",
          "3,got,not_a_number,numbers and arms are mixed within the agency\n",
          "received: arms and numbers mixed");
    check(plan,
          FULL_HEADER "1,a,c,B,G,1,c,1,1,1,yes,low,2,2,1,7,k\n"
                      "2,b,c,B,G,1,0.5,1,1,1,yes,low,2,2,1,7,k\n",
          "", "received: each agency decides for itself");
}

static void test_clusters(const pilot_plan_t *plan)
{
    check(plan,
          FULL_HEADER "1,a,c,B,G,1,c,1,1,1,yes,low,2,2,1,7,k\n"
                      "2,a,c,B,G,1,c,1,1,1,yes,low,2,2,1,7,k\n"
                      "9,a,t,B,G,1,c,1,1,1,yes,low,2,2,1,7,k\n"
                      "0,a,t,B,G,1,c,1,1,1,yes,low,2,2,1,7,k\n"
                      "5,b,t,B,G,1,c,1,1,1,yes,low,2,2,1,7,k\n",
          "4,group,cluster_in_two_arms,the cluster of this row has rows in another arm\n",
          "a cluster in two arms of an agency: told once, where it is seen first");
    char source[1200];
    snprintf(source, sizeof source, "%sanalysis: {level: across}\n", full_source);
    pilot_plan_t *across = test_plan(source);
    check(across,
          FULL_HEADER "1,a,c,B,G,1,c,1,1,1,yes,low,2,2,1,7,k\n"
                      "2,b,t,B,G,1,c,1,1,1,yes,low,2,2,1,7,k\n"
                      "3,b,t,B,H,1,c,1,1,1,yes,low,2,2,1,7,k\n",
          "3,group,cluster_in_two_arms,the cluster of this row has rows in another arm\n",
          "at level across clusters are the same in all agencies");
    pilot_plan_free(across);
}

static void test_sizes(const pilot_plan_t *plan)
{
    pilot_text_t csv = PILOT_TEXT_INIT;
    pilot_text_append(&csv, "id,site,arm,y,z\n1,a,c,1,");
    for (int i = 0; i < 1 << 20; i++)
        pilot_text_append_char(&csv, 'x');
    pilot_text_append(&csv, "\n2,a,c,x,1\n");
    check_bytes(plan, csv.data, csv.length,
                "2,#5,too_large,longer than 64 KB\n"
                "3,y," NOT_A_NUMBER,
                "a field of 1 MB");
    pilot_text_reset(&csv);
    pilot_text_append(&csv, "id,site,arm,y\n");
    for (int i = 0; i < 2001; i++)
        pilot_text_append_char(&csv, 'u');
    pilot_text_append(&csv, ",a,c,1\n");
    check_bytes(plan, csv.data, csv.length, "2,id,too_large,\"longer than 2,000 bytes\"\n",
                "a unit of 2,001 bytes");
    pilot_text_reset(&csv);
    pilot_text_append(&csv, "id,site,arm,y\n1,a,c,\"");
    for (int i = 0; i < 17 << 20; i++)
        pilot_text_append_char(&csv, '5');
    check_bytes(plan, csv.data, csv.length,
                "2,,too_large,the row is larger than 16 MB (a quote that is not closed?); the "
                "rest of the file was not read\n",
                "a quote that is open for 17 MB");
    pilot_text_reset(&csv);
    pilot_text_append(&csv, "id,site,arm,y\n1,a,c,1");
    for (int i = 0; i < 100000; i++)
        pilot_text_append_char(&csv, ',');
    pilot_text_append(&csv, "\n");
    check_bytes(plan, csv.data, csv.length,
                "2,,too_large,\"the row has more than 100,000 fields; the rest of the file was not "
                "read\"\n",
                "100,004 fields");
    pilot_text_reset(&csv);
    pilot_text_append(&csv, "id");
    for (int i = 0; i < 9996; i++)
        pilot_text_appendf(&csv, ",c%d", i);
    pilot_text_append(&csv, ",site,arm,y\n1");
    for (int i = 0; i < 9996; i++)
        pilot_text_append(&csv, ",5");
    pilot_text_append(&csv, ",a,c,1\n");
    check_bytes(plan, csv.data, csv.length, "", "10,000 columns");
    pilot_text_clear(&csv);
}

static void test_shared_columns(void)
{
    pilot_plan_t *plan = test_plan("version: 1\npilot: p\n"
                                   "columns: {unit: id, agency: site, block: site, arm: arm}\n"
                                   "arms: {control: c, treatments: [t]}\n"
                                   "outcomes:\n  - {name: a, column: v, type: continuous}\n"
                                   "  - {name: b, column: v, type: binary}\n");
    check(plan, "id,site,arm,v\n1,x,c,1\n2,x,t,0\n", "", "a column may be used twice");
    check(plan, "id,site,arm,v\n1,x,c,2\n2,x,t,q\n",
          "2,v,not_binary,must be 0 or 1\n"
          "3,v," NOT_A_NUMBER "3,v,not_binary,must be 0 or 1\n",
          "and is then checked for both");
    check(plan, "id,arm,v\n1,c,1\n",
          "1,site,missing_column,the plan names this column and the file has none with this "
          "header\n",
          "but is missed once");
    pilot_plan_free(plan);
}

static void test_too_many_agencies(const pilot_plan_t *plan)
{
    pilot_text_t csv = PILOT_TEXT_INIT;
    pilot_text_append(&csv, "id,site,arm,y\n");
    for (int i = 0; i < 100002; i++)
        pilot_text_appendf(&csv, "1,s%d,c,1\n", i);
    check_bytes(plan, csv.data, csv.length,
                "100002,site,too_large,\"more than 100,000 agencies; is this the agency's column? "
                "reading stopped here\"\n",
                "100,001 agencies");
    pilot_text_clear(&csv);
}

static void test_several_files(const pilot_plan_t *plan)
{
    const char *const files[] = {"id,site,arm,y\n1,a,c,1\n2,b,c,1\n",
                                 "id,arm,y,site\n3,t,1,a\n2,t,1,b\n"};
    const size_t length[] = {strlen(files[0]), strlen(files[1])};
    const pilot_intake_options_t options = {.interrupt_fd = -1, .single_thread = true};
    char *got PILOT_AUTOFREE = report_files(plan, files, length, 2, &options);
    is_text(got, "3,id,duplicate_unit,2.csv: the unit is already in row 3 of file 1\n",
            "a unit in two files is told, with the file's name");
    const pilot_intake_options_t mine = {.interrupt_fd = -1, .single_thread = true, .agency = "a"};
    char *wrong PILOT_AUTOFREE = report_files(plan, files, length, 1, &mine);
    is_text(wrong, "3,site,wrong_agency,the row is of another agency than the one that submits\n",
            "a row of another agency than --agency");
}

/* More problems than are kept: the first 1,000 rows, and all in the counts. */
static void test_many_problems(const pilot_plan_t *plan)
{
    pilot_text_t csv = PILOT_TEXT_INIT;
    pilot_text_append(&csv, "id,site,arm,y\n");
    for (int i = 0; i < 20000; i++)
        pilot_text_appendf(&csv, "%d,a,c,%s\n", i % 19999, i % 2 ? "x" : "1");
    const char *bytes = csv.data;
    size_t length = csv.length;
    const pilot_intake_options_t options = {.interrupt_fd = -1};
    pilot_intake_result_t result;
    pilot_error_t error = {0};
    ok(pilot_intake_check_bytes(plan, &bytes, &length, 1, &options, &result, &error) ==
           PILOT_E_DATA,
       "20,000 rows with 10,001 problems are rejected");
    is_text(error.message, "the data is not valid: 10000 not_a_number, 1 duplicate_unit",
            "the last line counts them by code");
    pilot_text_t report = PILOT_TEXT_INIT;
    pilot_problems_csv(result.problems, &report);
    size_t lines = 0;
    for (const char *c = report.data; *c; c++)
        lines += *c == '\n';
    ok(lines == 1 + 1000 + 2, "the report has 1,000 rows and a count for each code (%zu)", lines);
    ok(strncmp(report.data, "row,column,code,message\n3,y,not_a_number,", 40) == 0,
       "from the first one on");
    ok(strstr(report.data, "\n2001,y,not_a_number") && !strstr(report.data, "\n2003,"),
       "in the order of the rows");
    ok(strstr(report.data, "\n,,not_a_number,10000 problems of this kind in all\n"
                           ",,duplicate_unit,1 problem of this kind in all\n") != NULL,
       "with counts at the end");
    pilot_text_clear(&report);
    pilot_text_clear(&csv);
    pilot_intake_clear(&result);
}

int main(void)
{
    pilot_plan_t *small = test_plan(small_source);
    pilot_plan_t *full = test_plan(full_source);
    test_header(small);
    test_files(small);
    test_rows(small);
    test_numbers(small);
    test_kinds(full);
    test_clusters(full);
    test_shared_columns();
    test_sizes(small);
    test_too_many_agencies(small);
    test_several_files(small);
    test_many_problems(small);
    pilot_plan_free(small);
    pilot_plan_free(full);
    return tap_done();
}
