/* What a valid plan becomes: the struct, its stored columns, its canonical JSON and hash, and the
 * lines about what is not computed. */
#include "pilot/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../lib/plan/schema.h"
#include "../harness/tap.h"
#include "pilot/memory.h"

#define DEMO "deploy/demo/star_kindergarten.yaml"
#define EXAMPLE "deploy/demo/star_kindergarten_full.yaml"

#define SHORT                                                                                      \
    "version: 1\npilot: p\ncolumns: {arm: a}\narms: {control: c, treatments: [t]}\n"               \
    "outcomes: [{name: y, type: continuous}]\n"

static pilot_plan_t *parse(const char *source)
{
    pilot_plan_t *plan = NULL;
    pilot_error_t error = {0};
    if (!ok(pilot_plan_parse(source, strlen(source), "plan.yaml", &plan, &error) == PILOT_OK,
            "a valid plan parses"))
        printf("# %s\n", error.message);
    return plan;
}

static void test_example(void)
{
    pilot_plan_t *plan = NULL;
    pilot_error_t error = {0};
    if (!ok(pilot_plan_read(EXAMPLE, &plan, &error) == PILOT_OK, "the full example parses")) {
        printf("# %s\n", error.message);
        return;
    }
    is_text(plan->pilot, "star_kindergarten", "pilot");
    is_text(plan->title, "Smaller classes in Tennessee kindergartens", "title");
    is_text(plan->columns.unit, "student", "columns.unit");
    is_text(plan->columns.agency, "school", "columns.agency");
    is_text(plan->columns.arm, "class_type", "columns.arm");
    ok(!plan->columns.block && !plan->columns.cluster && !plan->columns.weight &&
           !plan->columns.received && !plan->columns.probability && !plan->columns.wave,
       "null columns are absent");
    ok(plan->arm_count == 3, "three arms");
    is_text(plan->arms[0].label, "regular", "the control is arm 0");
    is_text(plan->arms[2].label, "regular+aide", "treatments follow in plan order");
    ok(plan->arms[1].has_probability && plan->arms[1].probability == 0.30,
       "probabilities belong to their arms");
    ok(plan->outcome_count == 2 && plan->covariate_count == 3, "two outcomes, three covariates");
    ok(plan->outcomes[0].role == PILOT_ROLE_PRIMARY &&
           plan->outcomes[1].role == PILOT_ROLE_SECONDARY,
       "roles");
    is_text(plan->outcomes[1].column, "math", "an outcome's column is its name by default");
    ok(plan->outcomes[0].has_smallest_effect && plan->outcomes[0].smallest_effect == 5 &&
           !plan->outcomes[1].has_smallest_effect,
       "the smallest effect belongs to its outcome");
    ok(plan->covariates[0].type == PILOT_COVARIATE_CONTINUOUS, "a plain name is continuous");
    ok(plan->covariates[2].type == PILOT_COVARIATE_CATEGORICAL, "a categorical covariate");
    ok(plan->subgroup_count == 1 && plan->subgroups[0] == 1 && !plan->covariates[1].subgroup_only,
       "the subgroup is the covariate of that name");
    ok(plan->level == PILOT_LEVEL_AGENCY && !plan->estimators_auto && plan->estimators.count == 3,
       "level and estimators");
    ok(plan->confidence == 0.95 && plan->covariates_missing == PILOT_MISSING_IMPUTE,
       "confidence and missing covariates");
    ok(plan->randomization_draws == 10000 && plan->bootstrap_draws == 0, "draws");
    is_text(plan->multiplicity, "holm", "multiplicity");
    is_text(plan->comparison_method, "reml", "comparison.method");
    ok(plan->agency_count == 1 && plan->agencies[0].attribute_count == 2, "agencies");
    is_text(plan->agencies[0].name, "11", "an agency's name is text");
    is_text(plan->agencies[0].attributes[1].value, "east", "an attribute's value");
    ok(plan->unit_ids == PILOT_UNIT_IDS_PLAIN && plan->seed == 1985, "unit_ids and seed");
    ok(plan->minimum_count == 10 && plan->round_to == 5, "disclosure");
    is_text(plan->sha256, "f8a2af52aca18263b5fadeb3a424cf01d53bcbb91b8094e5162cb9cb80343556",
            "the hash of the example does not change");
    pilot_plan_free(plan);
}

static void test_defaults(void)
{
    pilot_plan_t *plan = parse(SHORT);
    ok(!plan->title && !plan->columns.unit && !plan->columns.agency, "what is left out is absent");
    ok(plan->outcomes[0].role == PILOT_ROLE_PRIMARY &&
           plan->outcomes[0].better == PILOT_BETTER_HIGHER,
       "an outcome is primary, and more is better");
    ok(plan->level == PILOT_LEVEL_AGENCY && plan->estimators_auto && plan->estimators.count == 0,
       "estimators are auto at level agency");
    is_text(plan->std_error, "auto", "std_error");
    ok(plan->confidence == 0.95 && plan->covariates_missing == PILOT_MISSING_IMPUTE &&
           plan->randomization_draws == 0 && plan->bootstrap_draws == 0,
       "analysis");
    is_text(plan->multiplicity, "none", "multiplicity");
    is_text(plan->comparison_method, "reml", "comparison.method");
    is_text(plan->comparison_test, "knha", "comparison.test");
    is_text(plan->prediction_df, "k-2", "comparison.prediction_df");
    ok(plan->minimum_count == 10 && plan->round_to == 5 && plan->seed == 0, "disclosure, seed");
    ok(plan->unit_ids == PILOT_UNIT_IDS_DEFAULT, "unit_ids are the mode's own");
    ok(plan->missing.count == 2 && pilot_plan_is_missing(plan, "", 0) &&
           pilot_plan_is_missing(plan, "NA,1", 2),
       "the empty text and NA are missing");
    ok(!pilot_plan_is_missing(plan, "N", 1) && !pilot_plan_is_missing(plan, "na", 2) &&
           !pilot_plan_is_missing(plan, "NAN", 3),
       "nothing else is");
    pilot_text_t lines = PILOT_TEXT_INIT;
    pilot_plan_not_computed(plan, &lines);
    ok(lines.length == 0, "a plan that asks for nothing special gets no line");
    pilot_text_clear(&lines);
    is_text(plan->source, SHORT, "the source is kept as written");
    pilot_plan_free(plan);
}

static void test_scalars_are_text(void)
{
    pilot_plan_t *plan = parse("version: '1'\npilot: p\ncolumns: {arm: y, unit: 007}\n"
                               "arms: {control: 0, treatments: [no, N, null+, 'null', Null]}\n"
                               "outcomes: [{name: yes, type: binary, success: [on, 1.0, \"~\"]}]\n"
                               "missing: []\nseed: 18446744073709551615\n");
    is_text(plan->columns.unit, "007", "digits stay as written");
    is_text(plan->arms[0].label, "0", "0 is text");
    is_text(plan->arms[1].label, "no", "no is text");
    is_text(plan->arms[4].label, "null", "quoted null is text");
    is_text(plan->arms[5].label, "Null", "Null is text");
    is_text(plan->outcomes[0].name, "yes", "yes is text");
    is_text(plan->outcomes[0].success.item[1], "1.0", "1.0 is text");
    is_text(plan->outcomes[0].success.item[2], "~", "a quoted tilde is text");
    ok(plan->missing.count == 0 && !pilot_plan_is_missing(plan, "", 0),
       "an empty list of missing values leaves none");
    ok(plan->seed == UINT64_MAX, "the largest seed is read");
    ok(plan->has_seed && !plan->has_assignment_seed && plan->assignment_seed == UINT64_MAX &&
           plan->unregistered == PILOT_UNREGISTERED_ACCEPT,
       "the assignment takes the plan's seed; agencies without one are accepted");
    pilot_plan_free(plan);
    plan = parse(SHORT "seed: 1\nassignment: {seed: 2, unregistered: reject}\n");
    ok(plan->seed == 1 && plan->has_assignment_seed && plan->assignment_seed == 2 &&
           plan->unregistered == PILOT_UNREGISTERED_REJECT,
       "the assignment may have its own seed, and be needed");
    pilot_plan_free(plan);
    plan = parse(SHORT);
    ok(!plan->has_seed && plan->assignment_seed == 0, "without a seed it is 0");
    pilot_plan_free(plan);
}

static void test_arms(void)
{
    pilot_plan_t *plan = parse("version: 1\npilot: p\ncolumns: {arm: a}\n"
                               "arms: {control: small, treatments: [small+, \xc3\x9c]}\n"
                               "outcomes: [{name: y, type: count}]\n");
    ok(pilot_plan_arm_index(plan, "small,", 5) == 0, "the control's index is 0");
    ok(pilot_plan_arm_index(plan, "small+", 6) == 1, "a label that begins like another is itself");
    ok(pilot_plan_arm_index(plan, "\xc3\x9c", 2) == 2, "labels may be any UTF-8");
    ok(pilot_plan_arm_index(plan, "smal", 4) == -1 && pilot_plan_arm_index(plan, "", 0) == -1 &&
           pilot_plan_arm_index(plan, "Small", 5) == -1,
       "what is no arm has index -1");
    pilot_plan_free(plan);
    plan = parse("version: 1\npilot: p\ncolumns: {arm: a}\narms: {control: c, treatments: [s, t], "
                 "probabilities: {c: 0.3333, s: 0.3333, t: 0.3333}}\n"
                 "outcomes: [{name: y, type: count}]\n");
    is_close(plan->arms[1].probability, 1.0 / 3, 1e-12, "thirds in few digits are made to add up");
    pilot_plan_free(plan);
}

static const struct {
    const char *name, *header;
    pilot_value_kind_t kind;
    int outcome; /* -1: none */
} stored[] = {
    {"pilot_unit", "u", PILOT_VALUE_UNIT, -1},
    {"pilot_arm", "arm", PILOT_VALUE_ARM, -1},
    {"pilot_block", "b", PILOT_VALUE_CODE, -1},
    {"pilot_cluster", "k", PILOT_VALUE_CODE, -1},
    {"pilot_weight", "w", PILOT_VALUE_WEIGHT, -1},
    {"pilot_received", "r", PILOT_VALUE_RECEIVED, -1},
    {"pilot_probability", "p", PILOT_VALUE_SHARE, -1},
    {"pilot_wave", "v", PILOT_VALUE_CODE, -1},
    {"a", "A", PILOT_VALUE_NUMBER, -1},
    {"a_baseline", "A0", PILOT_VALUE_NUMBER, -1},
    {"b", "b", PILOT_VALUE_BINARY, -1},
    {"s", "s", PILOT_VALUE_SUCCESS, 2},
    {"s_baseline", "s0", PILOT_VALUE_SUCCESS, 2},
    {"c", "c", PILOT_VALUE_COUNT, -1},
    {"o", "o", PILOT_VALUE_LEVEL, 4},
    {"d", "d", PILOT_VALUE_DURATION, -1},
    {"d_event", "e", PILOT_VALUE_BINARY, -1},
    {"x", "x", PILOT_VALUE_NUMBER, -1},
    {"f", "Female", PILOT_VALUE_BINARY, -1},
    {"g", "g", PILOT_VALUE_CATEGORY, -1},
    {"region", "region", PILOT_VALUE_CATEGORY, -1},
    {"urban", "Urban", PILOT_VALUE_BINARY, -1},
};

static void test_stored_columns(void)
{
    pilot_plan_t *plan = parse(
        "version: 1\npilot: p\n"
        "columns: {unit: u, agency: g, arm: arm, block: b, cluster: k, weight: w, received: r,\n"
        "          probability: p, wave: v}\n"
        "arms: {control: 0, treatments: [1]}\n"
        "outcomes:\n"
        "  - {name: a, type: continuous, column: A, baseline: A0}\n"
        "  - {name: b, type: binary}\n"
        "  - {name: s, type: binary, success: [yes], baseline: s0}\n"
        "  - {name: c, type: count}\n"
        "  - {name: o, type: ordinal, levels: [low, high]}\n"
        "  - {name: d, type: duration, event: e, horizon: 12.5}\n"
        "covariates: [x, {name: f, column: Female, type: binary}, {name: g, type: categorical}]\n"
        "subgroups: [{name: region}, f, {name: urban, column: Urban, type: binary}]\n");
    size_t count;
    const pilot_stored_column_t *column = pilot_plan_stored_columns(plan, &count);
    ok(count == sizeof stored / sizeof *stored, "as many stored columns as the plan needs");
    for (size_t i = 0; i < count && i < sizeof stored / sizeof *stored; i++) {
        is_text(column[i].name, stored[i].name, "column %zu is %s", i, stored[i].name);
        is_text(column[i].header, stored[i].header, "%s comes from %s", stored[i].name,
                stored[i].header);
        ok(column[i].kind == stored[i].kind, "%s has its kind", stored[i].name);
        ok(stored[i].outcome < 0 ? !column[i].outcome
                                 : column[i].outcome == &plan->outcomes[stored[i].outcome],
           "%s has its outcome's rules, or none", stored[i].name);
    }
    ok(plan->covariate_count == 5 && plan->covariates[3].subgroup_only &&
           !plan->covariates[1].subgroup_only,
       "subgroups that are no covariates come last");
    ok(plan->subgroup_count == 3 && plan->subgroups[0] == 3 && plan->subgroups[1] == 1 &&
           plan->subgroups[2] == 4,
       "subgroups keep the plan's order");
    ok(plan->outcomes[5].has_horizon && plan->outcomes[5].horizon == 12.5, "the horizon is read");
    pilot_plan_free(plan);
    plan = parse(SHORT);
    column = pilot_plan_stored_columns(plan, &count);
    ok(count == 3 && !column[0].header, "without columns.unit the unit has no header");
    pilot_plan_free(plan);
}

/* ---- canonical JSON -------------------------------------------------------------------------- */

static void test_canonical(void)
{
    pilot_plan_t *plan = parse(SHORT "title: \"a\\\"\\\\\\n\\x01\\t/\\u00fc\\U0001F600\"\n");
    is_text(plan->json,
            "{\"arms\":{\"control\":\"c\",\"treatments\":[\"t\"]},\"columns\":{\"arm\":\"a\"},"
            "\"outcomes\":[{\"name\":\"y\",\"type\":\"continuous\"}],\"pilot\":\"p\","
            "\"title\":\"a\\\"\\\\\\n\\u0001\\t/\xc3\xbc\xf0\x9f\x98\x80\",\"version\":\"1\"}",
            "escapes are those of RFC 8785, everything else is as it is");
    pilot_plan_free(plan);
    /* the example of RFC 8785, section 3.2.3 */
    plan = parse(SHORT "agencies:\n- name: a\n  attributes:\n"
                       "    \"\\u20ac\": Euro Sign\n    \"\\r\": Carriage Return\n"
                       "    \"\\ufb33\": Hebrew Letter Dalet With Dagesh\n    \"1\": One\n"
                       "    \"\\U0001F600\": \"Emoji: Grinning Face\"\n    \"\\u0080\": Control\n"
                       "    \"\\u00f6\": Latin Small Letter O With Diaeresis\n");
    const char *keys = strstr(plan->json, "\"attributes\":");
    const char *want = "\"attributes\":{\"\\r\":\"Carriage Return\",\"1\":\"One\","
                       "\"\xc2\x80\":\"Control\","
                       "\"\xc3\xb6\":\"Latin Small Letter O With Diaeresis\","
                       "\"\xe2\x82\xac\":\"Euro Sign\","
                       "\"\xf0\x9f\x98\x80\":\"Emoji: Grinning Face\","
                       "\"\xef\xac\xb3\":\"Hebrew Letter Dalet With Dagesh\"}";
    ok(keys && strncmp(keys, want, strlen(want)) == 0, "keys are ordered by UTF-16 code units");
    pilot_plan_free(plan);
}

static void test_same_hash(void)
{
    static const char *const same[] = {
        SHORT "title: Small classes\nseed: 1\n",
        "seed: 1\ntitle: 'Small classes'\n" SHORT,
        "# a comment\n---\n" SHORT "title: \"Small classes\" # why\nseed: \"1\"\n...\n",
        "\xef\xbb\xbf" SHORT "title:\n  Small\n  classes\nseed: 1\n",
        "title: Small classes\r\nseed: 1\r\noutcomes:\r\n- type: continuous\r\n  name: y\r\n"
        "arms:\r\n  treatments:\r\n    - t\r\n  control: c\r\ncolumns:\r\n  arm: a\r\n"
        "pilot: p\r\nversion: 1",
    };
    static const char *const different[] = {
        SHORT,
        SHORT "title: Small classes\nseed: 01\n",
        SHORT "title: Small classes\nseed: 1\npower: null\n",
        SHORT "title: Small  classes\nseed: 1 \nmissing: ['', NA]\n",
    };
    pilot_plan_t *first = parse(same[0]);
    is_text(first->sha256, "79ce82e9a0eba281b7f1830331bc1b5f34fb6a464256dc52684c5905d297c4cb",
            "the hash of a short plan");
    for (size_t i = 1; i < sizeof same / sizeof *same; i++) {
        pilot_plan_t *plan = parse(same[i]);
        is_text(plan->sha256, first->sha256, "order, comments and quoting do not matter (%zu)", i);
        pilot_plan_free(plan);
    }
    for (size_t i = 0; i < sizeof different / sizeof *different; i++) {
        pilot_plan_t *plan = parse(different[i]);
        ok(strcmp(plan->sha256, first->sha256) != 0, "what is written does matter (%zu)", i);
        pilot_plan_free(plan);
    }
    pilot_plan_free(first);
}

/* ---- not computed ---------------------------------------------------------------------------- */

static void check_lines(const char *source, const char *want, const char *name)
{
    pilot_plan_t *plan = parse(source);
    pilot_text_t lines = PILOT_TEXT_INIT;
    pilot_plan_not_computed(plan, &lines);
    is_text(lines.data, want, "%s", name);
    pilot_text_clear(&lines);
    pilot_plan_free(plan);
}

static void test_not_computed(void)
{
    check_lines(SHORT "analysis: {estimators: auto, randomization_draws: 0, bootstrap_draws: 0, "
                      "multiplicity: none, smallest_effect: {}}\n"
                      "comparison: {by: []}\ndisclosure: {}\nunit_ids: plain\nassignment: {}\n"
                      "power: {}\nagencies: []\n",
                "", "what is switched off gets no line");
    check_lines(
        "version: 1\npilot: p\n"
        "columns: {arm: arm, received: r, probability: p, wave: v}\n"
        "arms: {control: c, treatments: [t]}\n"
        "outcomes:\n"
        "  - {name: y, type: continuous, baseline: y0, family: main}\n"
        "  - {name: z, type: continuous, baseline: z0, stands_for: y}\n"
        "  - {name: d, type: duration, event: e, horizon: 3}\n"
        "analysis:\n"
        "  estimators: [ols, iv, lin]\n"
        "  randomization_draws: 1000\n"
        "  bootstrap_draws: 10\n"
        "  multiplicity: bh\n"
        "  smallest_effect: {y: 1}\n"
        "comparison: {by: [region]}\n"
        "disclosure: {round_to: 5}\n"
        "agencies: [{name: 1, id: x, attributes: {region: east}}]\n"
        "unit_ids: hmac\n",
        "columns.wave: waves are stored; analyses by wave are not computed by this version\n"
        "outcomes.family: p-values are not adjusted for multiplicity by this version\n"
        "analysis.randomization_draws: randomization inference is not computed by this version\n"
        "analysis.multiplicity: p-values are not adjusted for multiplicity by this version\n",
        "everything that is asked for and not computed gets one line");
}

/* ---- the files that people copy from --------------------------------------------------------- */

static char *read_text(const char *path)
{
    FILE *file = fopen(path, "r");
    if (!file)
        return NULL;
    char *text = pilot_alloc(1 << 20, 1);
    size_t length = fread(text, 1, (1 << 20) - 1, file);
    text[length] = '\0';
    fclose(file);
    return text;
}

static void test_documents(void)
{
    pilot_plan_t *plan = NULL;
    ok(pilot_plan_read(DEMO, &plan, NULL) == PILOT_OK, "the demo's plan parses");
    pilot_text_t lines = PILOT_TEXT_INIT;
    pilot_plan_not_computed(plan, &lines);
    ok(lines.length == 0, "all that the demo asks for is computed");
    pilot_text_clear(&lines);
    pilot_plan_free(plan);
    char *text PILOT_AUTOFREE = read_text("docs/plan.md");
    for (size_t i = 0; text && i < pilot_schema_rows; i++) {
        char *label PILOT_AUTOFREE = pilot_schema_label(pilot_schema[i].path);
        char *quoted PILOT_AUTOFREE = pilot_format("`%s`", label);
        ok(!*label || strstr(text, quoted), "docs/plan.md tells of %s", label);
    }
    char *example PILOT_AUTOFREE = read_text(EXAMPLE);
    ok(text && example && strstr(text, example), "docs/plan.md shows the example");
    plan = parse("version: 1\npilot: letters\ncolumns: {arm: letter}\n"
                 "arms: {control: none, treatments: [reminder]}\n"
                 "outcomes: [{name: recertified, type: binary}]\n");
    ok(text && strstr(text, plan->json) && strstr(text, plan->sha256),
       "docs/plan.md shows the smallest plan's JSON and hash");
    pilot_plan_free(plan);
}

/* Plans with bytes changed, removed, doubled: any outcome but a crash, and every refusal has a
 * message (sanitizers see the rest). */
static void test_mutations(void)
{
    char *example PILOT_AUTOFREE = read_text(EXAMPLE);
    size_t length = strlen(example);
    uint64_t state = 1985;
    bool told = true;
    for (int round = 0; round < 3000; round++) {
        char *copy PILOT_AUTOFREE = pilot_alloc(length * 2 + 1, 1);
        memcpy(copy, example, length + 1);
        size_t size = length;
        for (int i = 0; i < 3; i++) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            size_t at = (size_t)(state >> 33) % (size - 64), span = (size_t)(state >> 20) % 60;
            if (state % 3 == 0) {
                copy[at] = "{}[]:,-#&*!|>'\"%@`\n\t ~0az\xc3\xff"[(state >> 8) % 28];
            } else if (state % 3 == 1) {
                memmove(copy + at, copy + at + span, size - at - span);
                size -= span;
            } else if (size + span < length * 2) {
                memmove(copy + at + span, copy + at, size - at);
                size += span;
            }
        }
        pilot_plan_t *plan = NULL;
        pilot_error_t error = {0};
        pilot_status_t status = pilot_plan_parse(copy, size, "p", &plan, &error);
        told = told && (status == PILOT_OK ? plan != NULL
                                           : status == PILOT_E_PLAN && error.message[0] && !plan);
        pilot_plan_free(plan);
    }
    ok(told, "3,000 damaged plans parse or are refused with a message");
}

int main(void)
{
    test_example();
    test_defaults();
    test_scalars_are_text();
    test_arms();
    test_stored_columns();
    test_canonical();
    test_same_hash();
    test_not_computed();
    test_documents();
    test_mutations();
    pilot_plan_free(NULL);
    return tap_done();
}
