#include "problem_report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "output.h"
#include "pilot/memory.h"

/* The list may grow to this before it is cut back, so that sorting is rare. */
#define GROWN (4 * PILOT_PROBLEMS_KEPT)

struct problem {
    uint32_t file;
    uint32_t position;
    uint64_t row;
    uint64_t arrival; /* equal places keep the order in which they were found */
    pilot_problem_code_t code;
    char *header;
    char *message;
};

struct pilot_problems {
    size_t files;
    const char *const *file_names;
    struct problem *list;
    size_t count, capacity;
    bool cut; /* list[KEPT - 1] bounds what is still of interest */
    struct problem bound;
    uint64_t arrivals;
    uint64_t total;
    uint64_t by_code[PILOT_PROBLEM_CODES];
};

const char *pilot_problem_code_name(pilot_problem_code_t code)
{
    static const char *const names[PILOT_PROBLEM_CODES] = {
        [PILOT_PROBLEM_MISSING_COLUMN] = "missing_column",
        [PILOT_PROBLEM_DUPLICATE_COLUMN] = "duplicate_column",
        [PILOT_PROBLEM_BAD_ENCODING] = "bad_encoding",
        [PILOT_PROBLEM_BAD_ROW] = "bad_row",
        [PILOT_PROBLEM_BAD_QUOTING] = "bad_quoting",
        [PILOT_PROBLEM_MISSING_VALUE] = "missing_value",
        [PILOT_PROBLEM_NOT_A_NUMBER] = "not_a_number",
        [PILOT_PROBLEM_OUT_OF_RANGE] = "out_of_range",
        [PILOT_PROBLEM_NOT_BINARY] = "not_binary",
        [PILOT_PROBLEM_UNKNOWN_LEVEL] = "unknown_level",
        [PILOT_PROBLEM_UNKNOWN_ARM] = "unknown_arm",
        [PILOT_PROBLEM_DUPLICATE_UNIT] = "duplicate_unit",
        [PILOT_PROBLEM_CLUSTER_IN_TWO_ARMS] = "cluster_in_two_arms",
        [PILOT_PROBLEM_CLUSTER_IN_TWO_BLOCKS] = "cluster_in_two_blocks",
        [PILOT_PROBLEM_ASSIGNMENT_DIFFERS] = "assignment_differs",
        [PILOT_PROBLEM_WRONG_AGENCY] = "wrong_agency",
        [PILOT_PROBLEM_EMPTY_FILE] = "empty_file",
        [PILOT_PROBLEM_TOO_LARGE] = "too_large",
    };
    return code < PILOT_PROBLEM_CODES ? names[code] : "";
}

pilot_problems_t *pilot_problems_new(size_t files, const char *const *file_names)
{
    pilot_problems_t *problems = PILOT_NEW(pilot_problems_t);
    problems->files = files;
    problems->file_names = file_names;
    return problems;
}

static void problem_clear(struct problem *problem)
{
    free(problem->header);
    free(problem->message);
}

void pilot_problems_reset(pilot_problems_t *problems)
{
    for (size_t i = 0; i < problems->count; i++)
        problem_clear(&problems->list[i]);
    problems->count = 0;
    problems->cut = false;
    problems->total = 0;
    memset(problems->by_code, 0, sizeof problems->by_code);
}

void pilot_problems_free(pilot_problems_t *problems)
{
    if (!problems)
        return;
    pilot_problems_reset(problems);
    free(problems->list);
    free(problems);
}

static int compare(const void *a, const void *b)
{
    const struct problem *x = a, *y = b;
    if (x->file != y->file)
        return x->file < y->file ? -1 : 1;
    if (x->row != y->row)
        return x->row < y->row ? -1 : 1;
    if (x->position != y->position)
        return x->position < y->position ? -1 : 1;
    return x->arrival < y->arrival ? -1 : x->arrival > y->arrival;
}

static void sort_and_cut(pilot_problems_t *problems)
{
    if (problems->count > 1)
        qsort(problems->list, problems->count, sizeof *problems->list, compare);
    if (problems->count <= PILOT_PROBLEMS_KEPT)
        return;
    for (size_t i = PILOT_PROBLEMS_KEPT; i < problems->count; i++)
        problem_clear(&problems->list[i]);
    problems->count = PILOT_PROBLEMS_KEPT;
    problems->cut = true;
    problems->bound = problems->list[PILOT_PROBLEMS_KEPT - 1];
}

static struct problem *next(pilot_problems_t *problems)
{
    if (problems->count >= GROWN)
        sort_and_cut(problems);
    problems->list = pilot_grow(problems->list, &problems->capacity, problems->count + 1,
                                sizeof *problems->list);
    return &problems->list[problems->count++];
}

void pilot_problems_add(pilot_problems_t *problems, const pilot_problem_place_t *place,
                        pilot_problem_code_t code, const char *message)
{
    problems->total++;
    problems->by_code[code]++;
    struct problem problem = {.file = place->file,
                              .position = place->position,
                              .row = place->row,
                              .arrival = problems->arrivals++,
                              .code = code};
    if (problems->cut && compare(&problem, &problems->bound) > 0)
        return;
    problem.header = place->header ? pilot_strdup(place->header) : NULL;
    problem.message = pilot_strdup(message);
    *next(problems) = problem;
}

void pilot_problems_merge(pilot_problems_t *into, pilot_problems_t *from)
{
    for (size_t i = 0; i < from->count; i++) {
        struct problem *problem = next(into);
        *problem = from->list[i];
        problem->arrival = into->arrivals++;
    }
    into->total += from->total;
    for (int code = 0; code < PILOT_PROBLEM_CODES; code++)
        into->by_code[code] += from->by_code[code];
    from->count = 0;
    pilot_problems_reset(from);
}

uint64_t pilot_problems_total(const pilot_problems_t *problems)
{
    return problems->total;
}

uint64_t pilot_problems_count(const pilot_problems_t *problems, pilot_problem_code_t code)
{
    return problems->by_code[code];
}

/* Codes that occur, most frequent first, then in the contract's order. */
static size_t ranked_codes(const pilot_problems_t *problems,
                           pilot_problem_code_t ret_codes[PILOT_PROBLEM_CODES])
{
    size_t count = 0;
    for (int code = 0; code < PILOT_PROBLEM_CODES; code++) {
        if (problems->by_code[code] == 0)
            continue;
        size_t place = count++;
        for (; place > 0 && problems->by_code[ret_codes[place - 1]] < problems->by_code[code];
             place--)
            ret_codes[place] = ret_codes[place - 1];
        ret_codes[place] = (pilot_problem_code_t)code;
    }
    return count;
}

void pilot_problems_summary(const pilot_problems_t *problems, pilot_text_t *text)
{
    pilot_problem_code_t codes[PILOT_PROBLEM_CODES];
    size_t count = ranked_codes(problems, codes);
    for (size_t i = 0; i < count; i++)
        pilot_text_appendf(text, "%s%" PRIu64 " %s", i > 0 ? ", " : "", problems->by_code[codes[i]],
                           pilot_problem_code_name(codes[i]));
}

static void append_column(pilot_text_t *text, const struct problem *problem)
{
    if (problem->header)
        pilot_text_append(text, problem->header);
    else if (problem->position > 0)
        pilot_text_appendf(text, "#%" PRIu32, problem->position);
}

static const char *file_name(const pilot_problems_t *problems, const struct problem *problem)
{
    return problem->file < problems->files ? problems->file_names[problem->file] : "";
}

static void append_message(const pilot_problems_t *problems, const struct problem *problem,
                           pilot_text_t *text)
{
    if (problems->files > 1)
        pilot_text_appendf(text, "%s: ", file_name(problems, problem));
    pilot_text_append(text, problem->message);
}

static void append_count(const pilot_problems_t *problems, pilot_problem_code_t code,
                         pilot_text_t *text)
{
    uint64_t count = problems->by_code[code];
    pilot_text_appendf(text, "%" PRIu64 " %s of this kind in all", count,
                       count == 1 ? "problem" : "problems");
}

void pilot_problems_csv(pilot_problems_t *problems, pilot_text_t *text)
{
    sort_and_cut(problems);
    pilot_text_t cell = PILOT_TEXT_INIT;
    pilot_text_append(text, "row,column,code,message\n");
    for (size_t i = 0; i < problems->count; i++) {
        const struct problem *problem = &problems->list[i];
        pilot_text_appendf(text, "%" PRIu64 ",", problem->row);
        pilot_text_reset(&cell);
        append_column(&cell, problem);
        pilot_text_append_csv(text, cell.data ? cell.data : "", cell.length);
        pilot_text_appendf(text, ",%s,", pilot_problem_code_name(problem->code));
        pilot_text_reset(&cell);
        append_message(problems, problem, &cell);
        pilot_text_append_csv(text, cell.data, cell.length);
        pilot_text_append_char(text, '\n');
    }
    pilot_problem_code_t codes[PILOT_PROBLEM_CODES];
    size_t count = ranked_codes(problems, codes);
    for (size_t i = 0; i < count; i++) {
        pilot_text_appendf(text, ",,%s,", pilot_problem_code_name(codes[i]));
        append_count(problems, codes[i], text);
        pilot_text_append_char(text, '\n');
    }
    pilot_text_clear(&cell);
}

pilot_status_t pilot_problems_write(pilot_problems_t *problems, const char *path,
                                    pilot_error_t *error)
{
    pilot_text_t text = PILOT_TEXT_INIT;
    pilot_problems_csv(problems, &text);
    pilot_status_t status = pilot_output_text(path, &text, error);
    pilot_text_clear(&text);
    return status;
}

void pilot_problems_print(pilot_problems_t *problems, FILE *stream, size_t limit)
{
    sort_and_cut(problems);
    for (size_t i = 0; i < problems->count && i < limit; i++) {
        const struct problem *problem = &problems->list[i];
        pilot_text_t column = PILOT_TEXT_INIT;
        append_column(&column, problem);
        fprintf(stream, "%s:%" PRIu64 ": %s%s%s: %s\n", file_name(problems, problem), problem->row,
                column.length > 0 ? column.data : "", column.length > 0 ? ": " : "",
                pilot_problem_code_name(problem->code), problem->message);
        pilot_text_clear(&column);
    }
}

static void append_json_entry(pilot_text_t *text, const char *key, const char *value, size_t length)
{
    pilot_text_appendf(text, ",\"%s\":", key);
    pilot_text_append_json(text, value, length);
}

void pilot_problems_json(pilot_problems_t *problems, pilot_text_t *text)
{
    sort_and_cut(problems);
    pilot_text_t cell = PILOT_TEXT_INIT;
    pilot_text_append_char(text, '[');
    for (size_t i = 0; i < problems->count; i++) {
        const struct problem *problem = &problems->list[i];
        pilot_text_appendf(text, "%s{\"file\":%" PRIu32 ",\"row\":%" PRIu64, i > 0 ? "," : "",
                           problem->file + 1, problem->row);
        pilot_text_reset(&cell);
        append_column(&cell, problem);
        if (cell.length > 0)
            append_json_entry(text, "column", cell.data, cell.length);
        const char *code = pilot_problem_code_name(problem->code);
        append_json_entry(text, "code", code, strlen(code));
        pilot_text_reset(&cell);
        append_message(problems, problem, &cell);
        append_json_entry(text, "message", cell.data, cell.length);
        pilot_text_append_char(text, '}');
    }
    pilot_problem_code_t codes[PILOT_PROBLEM_CODES];
    size_t count = ranked_codes(problems, codes);
    for (size_t i = 0; i < count; i++) {
        const char *code = pilot_problem_code_name(codes[i]);
        pilot_text_append(text, i > 0 || problems->count > 0 ? ",{\"file\":1" : "{\"file\":1");
        append_json_entry(text, "code", code, strlen(code));
        pilot_text_reset(&cell);
        append_count(problems, codes[i], &cell);
        append_json_entry(text, "message", cell.data, cell.length);
        pilot_text_append_char(text, '}');
    }
    pilot_text_append_char(text, ']');
    pilot_text_clear(&cell);
}
