/* generate_hostile.c - a plan, and data for it, with an attack in every text that they can hold.
 *
 *   generate_hostile ATTACK.bytes PILOT FOLDER
 *
 * FOLDER gets plan.yaml, data.csv, columns.csv (what is stored of the data: place in the file,
 * name, kind) and one file for each of agency, other (agency), outcome, arm, treatment, category.
 * The plan is made by walking the schema: a key that the format gets one day is attacked as soon as
 * it holds text. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../lib/plan/schema.h"
#include "pilot/memory.h"
#include "pilot/plan.h"
#include "pilot/text.h"

#define UNITS 24

typedef struct generator {
    const char *attack, *pilot;
    pilot_text_t plan;
    unsigned texts; /* each is told from the others by its number */
    char *agency[2], *arm[2], *outcome[5], *attribute;
    size_t element; /* which outcome, agency or covariate is being written */
} generator_t;

static void fail(const char *what, const char *detail)
{
    fprintf(stderr, "generate_hostile: %s: %s\n", what, detail);
    exit(1);
}

/* The attack and a number, at most so many bytes; a name has no control characters. */
static char *hostile(generator_t *generator, size_t most, bool is_name)
{
    char number[16];
    snprintf(number, sizeof number, "~%u", ++generator->texts);
    size_t length = strlen(generator->attack), room = most - strlen(number);
    if (length > room) {
        length = room;
        while (length > 0 && ((unsigned char)generator->attack[length] & 0xc0) == 0x80)
            length--;
    }
    char *text = pilot_format("%.*s%s", (int)length, generator->attack, number);
    for (char *c = text; *c && is_name; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '_';
    return text;
}

/* A double-quoted scalar: what YAML would not print is escaped. */
static void append_scalar(pilot_text_t *text, const char *value)
{
    pilot_text_append_char(text, '"');
    for (; *value; value++) {
        if (*value == '"' || *value == '\\')
            pilot_text_appendf(text, "\\%c", *value);
        else if ((unsigned char)*value < 0x20 || *value == 0x7f)
            pilot_text_appendf(text, "\\x%02x", (unsigned)*value);
        else if ((unsigned char)*value == 0xc2 && (unsigned char)value[1] < 0xa0)
            pilot_text_appendf(text, "\\x%02x", (unsigned)(unsigned char)*++value);
        else
            pilot_text_append_char(text, *value);
    }
    pilot_text_append_char(text, '"');
}

static void write_value(generator_t *generator, const pilot_schema_row_t *row);

static bool starts_with(const char *path, const char *with)
{
    return strncmp(path, with, strlen(with)) == 0;
}

/* What must agree with other parts of the plan, and numbers, of which few are needed. */
static const struct {
    const char *path, *value;
} given[] = {
    {"version", "1"},
    {"columns.wave", NULL},
    {"arms.probabilities", NULL},
    {"outcomes[].horizon", "12"},
    {"analysis.level", "agency"},
    {"analysis.estimators", "[difference_in_means]"},
    {"analysis.std_error", "auto"},
    {"comparison.method", "reml"},
    {"comparison.test", "knha"},
    {"comparison.prediction_df", "k-2"},
    {"disclosure", NULL},
    {"unit_ids", "plain"},
    {"power", NULL},
    {"assignment", NULL},
};

/* Five outcomes, one a type, each with the keys that its type may have. */
static const char *const types[5] = {"continuous", "binary", "count", "ordinal", "duration"};

static bool belongs(const generator_t *generator, const char *path)
{
    size_t type = generator->element;
    if (strcmp(path, "outcomes[].success") == 0)
        return type == 1;
    if (strcmp(path, "outcomes[].levels") == 0)
        return type == 3;
    if (strcmp(path, "outcomes[].event") == 0 || strcmp(path, "outcomes[].horizon") == 0)
        return type == 4;
    if (strcmp(path, "outcomes[].stands_for") == 0)
        return type == 1;
    if (strcmp(path, "outcomes[].baseline") == 0)
        return type == 0;
    return true;
}

/* A plan's own text for that path, or NULL: any. */
static const char *fixed_text(const generator_t *generator, const char *path)
{
    size_t element = generator->element;
    if (strcmp(path, "pilot") == 0)
        return generator->pilot;
    if (strcmp(path, "outcomes[].name") == 0)
        return generator->outcome[element];
    if (strcmp(path, "outcomes[].type") == 0)
        return types[element];
    if (strcmp(path, "outcomes[].stands_for") == 0)
        return generator->outcome[0];
    if (strcmp(path, "covariates[].type") == 0 || strcmp(path, "subgroups[].type") == 0)
        return element % 2 ? "continuous" : "categorical";
    if (strcmp(path, "arms.control") == 0 || strcmp(path, "arms.treatments[]") == 0)
        return generator->arm[strcmp(path, "arms.control") != 0];
    if (strcmp(path, "comparison.by[]") == 0)
        return generator->attribute;
    if (strcmp(path, "agencies[].name") == 0)
        return generator->agency[element];
    return NULL;
}

/* Does it hold text somewhere, or must it be there? */
static bool is_wanted(const generator_t *generator, const pilot_schema_row_t *row)
{
    for (size_t i = 0; i < sizeof given / sizeof *given; i++)
        if (strcmp(row->path, given[i].path) == 0 && !given[i].value)
            return false;
    if (!belongs(generator, row->path))
        return false;
    bool number = row->kind == PILOT_KIND_NUMBER || row->kind == PILOT_KIND_WHOLE ||
                  row->kind == PILOT_KIND_SEED;
    bool word = row->kind == PILOT_KIND_WORD || row->kind == PILOT_KIND_CHOICE;
    if (strcmp(row->path, "outcomes[].horizon") == 0)
        return true;
    return row->flags & PILOT_REQUIRED || (!number && (!word || fixed_text(generator, row->path) ||
                                                       starts_with(row->path, "unit_ids")));
}

static void write_mapping(generator_t *generator, const char *path)
{
    const char *key;
    bool first = true;
    pilot_text_append_char(&generator->plan, '{');
    for (size_t i = 0; i < pilot_schema_rows; i++) {
        const pilot_schema_row_t *row = &pilot_schema[i];
        if (row->path == path || !pilot_schema_is_child(path, row, &key) ||
            !is_wanted(generator, row))
            continue;
        pilot_text_appendf(&generator->plan, "%s%s: ", first ? "" : ", ", key);
        write_value(generator, row);
        first = false;
    }
    pilot_text_append_char(&generator->plan, '}');
}

static size_t elements_of(const char *path)
{
    if (strcmp(path, "outcomes") == 0)
        return 5;
    return strcmp(path, "subgroups") == 0 || strcmp(path, "arms.treatments") == 0 ||
                   strcmp(path, "comparison.by") == 0
               ? 1
               : 2;
}

static void write_list(generator_t *generator, const pilot_schema_row_t *row)
{
    const pilot_schema_row_t *item = pilot_schema_find(row->path, "[]");
    size_t count = elements_of(row->path);
    pilot_text_append_char(&generator->plan, '[');
    for (size_t i = 0; i < count; i++) {
        pilot_text_append(&generator->plan, i > 0 ? ", " : "");
        if (row->kind == PILOT_KIND_LIST)
            generator->element = i;
        write_value(generator, item);
    }
    pilot_text_append_char(&generator->plan, ']');
}

/* {key: value}; keys are outcomes' names where the plan wants those. */
static void write_entries(generator_t *generator, const pilot_schema_row_t *row)
{
    const char *known = NULL;
    if (strcmp(row->path, "analysis.smallest_effect") == 0)
        known = generator->outcome[0];
    if (strcmp(row->path, "agencies[].attributes") == 0)
        known = generator->attribute;
    char *key PILOT_AUTOFREE = known ? pilot_strdup(known) : hostile(generator, 60, true);
    const pilot_schema_row_t *value = pilot_schema_find(row->path, ".*");
    pilot_text_append_char(&generator->plan, '{');
    append_scalar(&generator->plan, key);
    pilot_text_append(&generator->plan, ": ");
    if (value && value->kind == PILOT_KIND_NUMBER)
        pilot_text_append(&generator->plan, "1");
    else if (value)
        write_value(generator, value);
    pilot_text_append_char(&generator->plan, '}');
}

static void write_value(generator_t *generator, const pilot_schema_row_t *row)
{
    pilot_text_t *plan = &generator->plan;
    const char *fixed = fixed_text(generator, row->path);
    for (size_t i = 0; i < sizeof given / sizeof *given && !fixed; i++) {
        if (strcmp(row->path, given[i].path) == 0 && given[i].value) {
            pilot_text_append(plan, given[i].value);
            return;
        }
    }
    if (fixed) {
        append_scalar(plan, fixed);
        return;
    }
    switch (row->kind) {
    case PILOT_KIND_MAPPING:
    case PILOT_KIND_ANYTHING:
        write_mapping(generator, row->path);
        return;
    case PILOT_KIND_ENTRIES:
        write_entries(generator, row);
        return;
    case PILOT_KIND_LIST:
    case PILOT_KIND_TEXTS:
        write_list(generator, row);
        return;
    case PILOT_KIND_TEXT:
    case PILOT_KIND_ANY_TEXT:
    case PILOT_KIND_NAME: {
        char *text PILOT_AUTOFREE = hostile(generator, row->kind == PILOT_KIND_NAME ? 63 : 1500,
                                            row->kind == PILOT_KIND_NAME);
        append_scalar(plan, text);
        return;
    }
    default:
        fail("the plan's format has a key that must be given and is not text; say what to write",
             row->path);
    }
}

/* ---- data ------------------------------------------------------------------------------------ */

static void put_field(FILE *file, const char *value, bool last)
{
    fputc('"', file);
    for (; *value; value++) {
        if (*value == '"')
            fputc('"', file);
        fputc(*value, file);
    }
    fputs(last ? "\"\n" : "\",", file);
}

static char *value_of(generator_t *generator, const pilot_stored_column_t *column, size_t unit,
                      const char *label)
{
    switch (column->kind) {
    case PILOT_VALUE_UNIT:
        return hostile(generator, 1500, false);
    case PILOT_VALUE_ARM:
    case PILOT_VALUE_RECEIVED:
        return pilot_strdup(generator->arm[unit % 2]);
    case PILOT_VALUE_CODE:
    case PILOT_VALUE_CATEGORY:
    case PILOT_VALUE_AGENCY:
        return pilot_format("%s/%zu", label,
                            column->kind == PILOT_VALUE_CODE ? unit / 4 : unit % 3);
    case PILOT_VALUE_SUCCESS:
        return pilot_strdup(column->outcome->success.item[unit % 3 == 0]);
    case PILOT_VALUE_LEVEL:
        return pilot_strdup(column->outcome->levels.item[unit % 3 == 0]);
    case PILOT_VALUE_WEIGHT:
    case PILOT_VALUE_SHARE:
        return pilot_strdup("0.5");
    case PILOT_VALUE_BINARY:
        return pilot_format("%zu", unit % 2);
    default:
        return pilot_format("%zu", unit * unit % 7);
    }
}

static FILE *open_in(const char *folder, const char *name)
{
    char *path PILOT_AUTOFREE = pilot_format("%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    if (!file)
        fail("cannot write", path);
    return file;
}

static void write_text(const char *folder, const char *name, const char *text)
{
    FILE *file = open_in(folder, name);
    fputs(text, file);
    fclose(file);
}

/* Clusters are whole in one arm: a cluster's units differ by two. */
static void write_data(generator_t *generator, const pilot_plan_t *plan, const char *folder)
{
    size_t count;
    const pilot_stored_column_t *column = pilot_plan_stored_columns(plan, &count);
    char *label PILOT_AUTOFREE = hostile(generator, 1500, false);
    FILE *data = open_in(folder, "data.csv"), *columns = open_in(folder, "columns.csv");
    for (size_t i = 0; i < count; i++) {
        fprintf(columns, "%zu,", i + 2);
        put_field(columns, column[i].name, false);
        fprintf(columns, "%d\n", (int)column[i].kind);
        put_field(data, column[i].header, false);
    }
    put_field(data, plan->columns.agency, true);
    for (size_t unit = 0; unit < 2 * UNITS; unit++) {
        for (size_t i = 0; i < count; i++) {
            size_t number = unit;
            if (strcmp(column[i].name, "pilot_cluster") == 0)
                number = unit / 4 * 8 + unit % 2 * 4;
            char *value PILOT_AUTOFREE = value_of(generator, &column[i], number, label);
            put_field(data, value, false);
        }
        put_field(data, generator->agency[unit / UNITS], true);
    }
    if (fclose(data) != 0 || fclose(columns) != 0)
        fail("cannot write to", folder);
    char *category PILOT_AUTOFREE = pilot_format("%s/0", label);
    write_text(folder, "category", category);
}

static char *read_attack(const char *path)
{
    static char bytes[4096];
    FILE *file = fopen(path, "r");
    size_t length = file ? fread(bytes, 1, sizeof bytes - 1, file) : 0;
    if (!file || memchr(bytes, '\0', length))
        fail("cannot be used", path);
    bytes[length] = '\0';
    fclose(file);
    return bytes;
}

static void clear(generator_t *generator)
{
    pilot_text_clear(&generator->plan);
    for (size_t i = 0; i < 2; i++) {
        free(generator->agency[i]);
        free(generator->arm[i]);
    }
    for (size_t i = 0; i < 5; i++)
        free(generator->outcome[i]);
    free(generator->attribute);
}

int main(int argc, char **argv)
{
    if (argc != 4)
        fail("usage", "generate_hostile ATTACK.bytes PILOT FOLDER");
    generator_t generator = {.attack = read_attack(argv[1]), .pilot = argv[2]};
    for (size_t i = 0; i < 2; i++) {
        generator.agency[i] = hostile(&generator, 1500, false);
        generator.arm[i] = hostile(&generator, 1500, false);
    }
    generator.attribute = hostile(&generator, 60, false);
    for (size_t i = 0; i < 5; i++)
        generator.outcome[i] = hostile(&generator, 50, true);
    write_mapping(&generator, "");
    pilot_text_append_char(&generator.plan, '\n');
    write_text(argv[3], "plan.yaml", generator.plan.data);
    pilot_plan_t *plan = NULL;
    pilot_error_t error = {0};
    if (pilot_plan_parse(generator.plan.data, generator.plan.length, "plan", &plan, &error))
        fail("the plan is not one; a new key may need a word in `given`", error.message);
    write_data(&generator, plan, argv[3]);
    write_text(argv[3], "agency", generator.agency[0]);
    write_text(argv[3], "other", generator.agency[1]);
    write_text(argv[3], "outcome", generator.outcome[0]);
    write_text(argv[3], "arm", generator.arm[0]);
    write_text(argv[3], "treatment", generator.arm[1]);
    printf("%u\n", generator.texts);
    pilot_plan_free(plan);
    clear(&generator);
    return 0;
}
