/* Every way that a plan can be wrong, with the exact line that the person reads. */
#include "pilot/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../harness/tap.h"
#include "pilot/memory.h"

/* Five lines that make a plan; a case adds from line 6 on, or replaces one of them. */
#define VERSION "version: 1\n"
#define PILOT "pilot: p\n"
#define COLUMNS "columns: {arm: a, unit: u}\n"
#define ARMS "arms: {control: c, treatments: [t]}\n"
#define OUTCOMES "outcomes: [{name: y, type: continuous}]\n"
#define PLAN VERSION PILOT COLUMNS ARMS OUTCOMES
#define WITH_COLUMNS(text) VERSION PILOT text ARMS OUTCOMES
#define WITH_ARMS(text) VERSION PILOT COLUMNS text OUTCOMES
#define WITH_OUTCOMES(text) VERSION PILOT COLUMNS ARMS text
#define ONE(text) WITH_OUTCOMES("outcomes:\n  - " text "\n")
#define TWO(text) WITH_OUTCOMES("outcomes:\n  - {name: y, type: continuous}\n  - " text "\n")
#define NAME64 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijkl"
#define NAME60 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefgh"

struct wrong {
    const char *source, *message; /* without "plan.yaml:" */
};

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

static void check_all(const struct wrong *cases, size_t count)
{
    for (size_t i = 0; i < count; i++)
        check_message(cases[i].source, strlen(cases[i].source), cases[i].message);
}
#define CHECK(cases) check_all((cases), sizeof(cases) / sizeof *(cases))

static void test_yaml(void)
{
    static const struct wrong cases[] = {
        {"# nothing but a comment\n", "1:1: the plan is empty; a plan begins with 'version: 1'"},
        {"student,school\n1,2\n",
         "1:1: this is not a plan: lines such as 'version: 1' and 'pilot: NAME' are expected"},
        {"- version\n",
         "1:1: this is not a plan: lines such as 'version: 1' and 'pilot: NAME' are expected"},
        {"null\n",
         "1:1: this is not a plan: lines such as 'version: 1' and 'pilot: NAME' are expected"},
        {"version: 1\npilot: [a\n",
         "3:1: not valid YAML: did not find expected ',' or ']' (while parsing a flow sequence "
         "that begins at 2:8)"},
        {"version: 1\n\tpilot: a\n",
         "2:1: not valid YAML: found a tab character that violates indentation (while scanning a "
         "plain scalar that begins at 1:10)"},
        {"version: 1\npilot: \"\\q\"\n",
         "2:9: not valid YAML: found unknown escape character (while parsing a quoted scalar that "
         "begins at 2:8)"},
        {"version: 1\n---\nversion: 1\n",
         "2:1: a second document begins here; a plan is one document"},
        {"version: &one 1\n",
         "1:10: the anchor 'one' is not allowed; write the value where it is used"},
        {"a: &x [b]\n", "1:4: the anchor 'x' is not allowed; write the value where it is used"},
        {"a: &x {b: c}\n", "1:4: the anchor 'x' is not allowed; write the value where it is used"},
        {"pilot: *one\n", "1:8: the alias 'one' is not allowed; write the value itself"},
        {"version: !!int 1\n",
         "1:10: the tag 'tag:yaml.org,2002:int' is not allowed; a plan is text, lists and keys "
         "only"},
        {"version: ! 1\n", "1:10: the tag '!' is not allowed; a plan is text, lists and keys only"},
        {"arms: !set {a: b}\n",
         "1:7: the tag '!set' is not allowed; a plan is text, lists and keys only"},
        {"arms: !seq [a]\n",
         "1:7: the tag '!seq' is not allowed; a plan is text, lists and keys only"},
        {"%TAG ! tag:a\n---\n" PLAN, "1:1: the directive %TAG is not allowed; a plan has no tags"},
        {PLAN "...\xe2\x80\xa8%TAG ! tag:a\n",
         "6:5: the directive %TAG is not allowed; a plan has no tags"},
        {"%YAML 3.0\n---\n" PLAN, "1:1: not valid YAML: found incompatible YAML document"},
        {"pilot: \"a\\0b\"\n", "1:8: there is a NUL in this text; a plan has none"},
        {"a: [[[[[[[[[[[[[[[[[x\n", "1:19: the plan is nested more than 16 levels deep"},
        {PLAN "pilot: q\n",
         "6:1: the key 'pilot' is given twice (first in line 2); remove one of them"},
        {PLAN "power: {a: {b: 1, 'b': 2}}\n",
         "6:19: the key 'b' is given twice (first in line 6); remove one of them"},
        {PLAN "? [a]\n: b\n", "6:3: a key must be text"},
        {PLAN "power: {~: 1}\n", "6:9: a key cannot be absent; quote it if it is a name"},
    };
    CHECK(cases);
}

/* ---- keys and types -------------------------------------------------------------------------- */

static void test_keys(void)
{
    static const struct wrong cases[] = {
        {PLAN "outcome: []\n", "6:1: unknown key 'outcome'; did you mean 'outcomes'?"},
        {PLAN "zzz: 1\n", "6:1: unknown key 'zzz'; see docs/plan.md for the keys"},
        {PLAN "confidence: 0.9\n",
         "6:1: unknown key 'confidence'; did you mean 'analysis.confidence'?"},
        {PLAN "analysis:\n  confidenc: 0.9\n",
         "7:3: unknown key 'confidenc' in analysis; did you mean 'confidence'?"},
        {PLAN "Version: 1\n", "6:1: unknown key 'Version'; did you mean 'version'?"},
        {ONE("{name: y, kind: binary}"),
         "6:15: unknown key 'kind' in outcomes; see docs/plan.md for the keys"},
        {PILOT COLUMNS ARMS OUTCOMES, "1:1: the key 'version' is missing"},
        {VERSION COLUMNS ARMS OUTCOMES, "1:1: the key 'pilot' is missing"},
        {VERSION PILOT ARMS OUTCOMES, "1:1: the key 'columns' is missing"},
        {VERSION PILOT COLUMNS OUTCOMES, "1:1: the key 'arms' is missing"},
        {VERSION PILOT COLUMNS ARMS, "1:1: the key 'outcomes' is missing"},
        {VERSION PILOT COLUMNS ARMS "outcomes: null\n", "1:1: the key 'outcomes' is missing"},
        {WITH_COLUMNS("columns: {unit: u}\n"), "3:10: the key 'arm' is missing in columns"},
        {WITH_COLUMNS("columns: {arm: ~}\n"), "3:10: the key 'arm' is missing in columns"},
        {WITH_ARMS("arms: {treatments: [t]}\n"), "4:7: the key 'control' is missing in arms"},
        {WITH_ARMS("arms: {control: c}\n"), "4:7: the key 'treatments' is missing in arms"},
        {ONE("{name: y}"), "6:5: the key 'type' is missing in outcomes"},
        {ONE("{type: binary}"), "6:5: the key 'name' is missing in outcomes"},
        {PLAN "covariates: [{type: binary}]\n", "6:14: the key 'name' is missing in covariates"},
        {PLAN "agencies: [{id: a}]\n", "6:12: the key 'name' is missing in agencies"},
        {"version: 2\n" PILOT COLUMNS ARMS OUTCOMES,
         "1:10: version: '2' is not 1, the version of the plan format that this program reads"},
        {"version: one\n" PILOT COLUMNS ARMS OUTCOMES,
         "1:10: version: 'one' is not 1, the version of the plan format that this program reads"},
    };
    CHECK(cases);
}

static void test_types(void)
{
    static const struct wrong cases[] = {
        {PLAN "title: [a]\n", "6:8: title: a list is not one text"},
        {PLAN "title: {a: b}\n", "6:8: title: a mapping is not one text"},
        {PLAN "title:\n", "6:7: title: the text is empty; write null for an absent value"},
        {PLAN "title: ''\n", "6:8: title: the text is empty; write null for an absent value"},
        {WITH_COLUMNS("columns: a\n"), "3:10: columns: 'a' is not a mapping {key: value}"},
        {WITH_ARMS("arms: [c, t]\n"), "4:7: arms: a list is not a mapping {key: value}"},
        {WITH_ARMS("arms: {control: [c, d], treatments: [t]}\n"),
         "4:17: arms.control: a list is not one arm's label; a plan has one control"},
        {WITH_ARMS("arms: {control: c, treatments: t}\n"),
         "4:32: arms.treatments: 't' is not a list [item, item]"},
        {WITH_ARMS("arms: {control: c, treatments: []}\n"),
         "4:32: arms.treatments: at least one is needed"},
        {WITH_ARMS("arms: {control: c, treatments: [t, null]}\n"),
         "4:36: arms.treatments: an item of a list cannot be null"},
        {WITH_ARMS("arms: {control: c, treatments: [[t]]}\n"),
         "4:33: arms.treatments: a list is not one text"},
        {WITH_ARMS("arms: {control: c, treatments: ['']}\n"),
         "4:33: arms.treatments: the text is empty; write null for an absent value"},
        {WITH_OUTCOMES("outcomes: y\n"), "5:11: outcomes: 'y' is not a list [item, item]"},
        {WITH_OUTCOMES("outcomes: []\n"), "5:11: outcomes: at least one is needed"},
        {WITH_OUTCOMES("outcomes: [y]\n"),
         "5:12: outcomes: 'y' is not a mapping {name: ..., type: ...}"},
        {WITH_OUTCOMES("outcomes: [null]\n"), "5:12: outcomes: an item of a list cannot be null"},
        {PLAN "covariates: [[x]]\n",
         "6:14: covariates: a list is not a name or a mapping {name: ...}"},
        {PLAN "covariates: x\n", "6:13: covariates: 'x' is not a list [item, item]"},
        {PLAN "agencies: {a: b}\n", "6:11: agencies: a mapping is not a list [item, item]"},
        {PLAN "missing: NA\n", "6:10: missing: 'NA' is not a list [item, item]"},
        {PLAN "missing: [null]\n", "6:11: missing: an item of a list cannot be null"},
        {PLAN "assignment: {unregistered: perhaps}\n",
         "6:28: assignment.unregistered: 'perhaps' is not one of accept, reject"},
        {PLAN "assignment: {seed: -1}\n",
         "6:20: assignment.seed: '-1' is not a whole number between 0 and 18446744073709551615"},
        {PLAN "assignment: {a: b}\n", "6:14: unknown key 'a' in assignment; see docs/plan.md for "
                                      "the keys"},
        {PLAN "assignment: x\n", "6:13: assignment: 'x' is not a mapping {key: value}"},
        {PLAN "power: [x]\n", "6:8: power: a list is not a mapping {key: value}"},
        {PLAN "disclosure: 10\n", "6:13: disclosure: '10' is not a mapping {key: value}"},
        {PLAN "analysis: {smallest_effect: 5}\n",
         "6:29: analysis.smallest_effect: '5' is not a mapping {key: value}"},
        {PLAN "analysis: {smallest_effect: {y: null}}\n",
         "6:33: analysis.smallest_effect: a value cannot be null here; leave the key out"},
        {PLAN "analysis: {estimators: ols}\n",
         "6:24: analysis.estimators: 'ols' is not auto or a list [item, item]"},
        {PLAN "analysis: {estimators: []}\n",
         "6:24: analysis.estimators: the list is empty; write auto, or name one"},
    };
    CHECK(cases);
}

static void test_values(void)
{
    static const struct wrong cases[] = {
        {VERSION "pilot: My_pilot\n" COLUMNS ARMS OUTCOMES,
         "2:8: pilot: 'My_pilot' is not a pilot's name: a small letter, then at most 47 small "
         "letters, digits or _"},
        {VERSION "pilot: a23456789012345678901234567890123456789012345678b\n" COLUMNS ARMS OUTCOMES,
         "2:8: pilot: 'a23456789012345678901234567890123456789012345678b' is not a pilot's name: a "
         "small letter, then at most 47 small letters, digits or _"},
        {VERSION "pilot: 1a\n" COLUMNS ARMS OUTCOMES,
         "2:8: pilot: '1a' is not a pilot's name: a small letter, then at most 47 small letters, "
         "digits or _"},
        {ONE("{name: y, type: contiuous}"),
         "6:21: outcomes.type: 'contiuous' is not one of continuous, binary, count, ordinal, "
         "duration; did you mean 'continuous'?"},
        {ONE("{name: y, type: binary, role: tertiary}"),
         "6:35: outcomes.role: 'tertiary' is not one of primary, secondary"},
        {ONE("{name: y, type: binary, better: more}"),
         "6:37: outcomes.better: 'more' is not one of higher, lower"},
        {PLAN "covariates: [{name: x, type: ordinal}]\n",
         "6:30: covariates.type: 'ordinal' is not one of continuous, binary, categorical"},
        {PLAN "analysis: {level: school}\n",
         "6:19: analysis.level: 'school' is not one of agency, across"},
        {PLAN "analysis: {estimators: [ols, olz]}\n",
         "6:30: analysis.estimators: 'olz' is not one of difference_in_means, ols, lin, iv, "
         "horvitz_thompson, hajek, risk_ratio, odds_ratio, rate_ratio, quantile, rank, "
         "variance_ratio, rmst, log_rank, lee_bounds; did you mean 'ols'?"},
        {PLAN "analysis: {std_error: HC4}\n",
         "6:23: analysis.std_error: 'HC4' is not one of auto, classical, HC0, HC1, HC2, HC3, CR0, "
         "CR1, CR2, CR3; did you mean 'HC0'?"},
    };
    CHECK(cases);
}

static void test_values_of_analysis(void)
{
    static const struct wrong cases[] = {
        {PLAN "analysis: {confidence: 95}\n",
         "6:24: analysis.confidence: '95' is not a number between 0 and 1 (0.95 means 95 %)"},
        {PLAN "analysis: {confidence: 1}\n",
         "6:24: analysis.confidence: '1' is not a number between 0 and 1 (0.95 means 95 %)"},
        {PLAN "analysis: {confidence: high}\n",
         "6:24: analysis.confidence: 'high' is not a number between 0 and 1 (0.95 means 95 %)"},
        {PLAN "analysis: {covariates_missing: mean}\n",
         "6:32: analysis.covariates_missing: 'mean' is not one of impute, drop"},
        {PLAN "analysis: {randomization_draws: -1}\n",
         "6:33: analysis.randomization_draws: '-1' is not a whole number between 0 and 10000000"},
        {PLAN "analysis: {bootstrap_draws: 1e3}\n",
         "6:29: analysis.bootstrap_draws: '1e3' is not a whole number between 0 and 10000000"},
        {PLAN "analysis: {multiplicity: fdr}\n",
         "6:26: analysis.multiplicity: 'fdr' is not one of none, bonferroni, holm, hochberg, bh, "
         "by, sharpened_q, westfall_young, romano_wolf"},
        {PLAN "analysis: {smallest_effect: {y: 0}}\n",
         "6:33: analysis.smallest_effect: '0' is not a number above 0"},
        {PLAN "comparison: {method: random}\n",
         "6:22: comparison.method: 'random' is not one of fixed, dl, pm, reml"},
        {PLAN "comparison: {test: t}\n",
         "6:20: comparison.test: 't' is not one of z, knha, adhoc; did you mean 'z'?"},
        {PLAN "comparison: {prediction_df: k-3}\n",
         "6:29: comparison.prediction_df: 'k-3' is not one of k-2, k-1; did you mean 'k-2'?"},
        {PLAN "disclosure: {minimum_count: few}\n",
         "6:29: disclosure.minimum_count: 'few' is not a whole number between 0 and 1000000"},
        {PLAN "unit_ids: hashed\n", "6:11: unit_ids: 'hashed' is not one of plain, hmac"},
        {PLAN "seed: -1\n", "6:7: seed: '-1' is not a whole number between 0 and "
                            "18446744073709551615"},
        {PLAN "seed: 18446744073709551616\n",
         "6:7: seed: '18446744073709551616' is not a whole number between 0 and "
         "18446744073709551615"},
    };
    CHECK(cases);
}

/* ---- contradictions -------------------------------------------------------------------------- */

static void test_arms(void)
{
    static const struct wrong cases[] = {
        {WITH_ARMS("arms: {control: c, treatments: [t, c]}\n"),
         "4:36: arms.treatments: 'c' is the control already"},
        {WITH_ARMS("arms: {control: c, treatments: [t, 't']}\n"),
         "4:36: arms.treatments: 't' is listed twice"},
        {WITH_ARMS("arms: {control: c, treatments: [t], probabilities: {c: 0.5, u: 0.5}}\n"),
         "4:61: arms.probabilities: 'u' is not an arm of this plan"},
        {WITH_ARMS("arms: {control: c, treatments: [t], probabilities: {c: 0.5}}\n"),
         "4:52: arms.probabilities: the arm 't' has none; give every arm one"},
        {WITH_ARMS("arms: {control: c, treatments: [t], probabilities: {c: 0.5, t: 0.4}}\n"),
         "4:52: arms.probabilities: they add up to 0.9, not to 1"},
        {WITH_ARMS("arms: {control: c, treatments: [t], probabilities: {c: 0, t: 1}}\n"),
         "4:56: arms.probabilities: '0' is not a share between 0 and 1"},
        {WITH_ARMS("arms: {control: c, treatments: [t], probabilities: {c: [1], t: 1}}\n"),
         "4:56: arms.probabilities: a list is not a share between 0 and 1"},
        {WITH_COLUMNS("columns: {arm: a, unit: a}\n"),
         "3:25: columns.unit: 'a' is the arm column already"},
        {WITH_COLUMNS("columns: {arm: a, block: a}\n"),
         "3:26: columns.block: 'a' is the arm column already"},
        {WITH_COLUMNS("columns: {arm: a, unit: u, agency: u}\n"),
         "3:36: columns.agency: 'u' is the unit column already"},
    };
    CHECK(cases);
}

static void test_outcomes(void)
{
    static const struct wrong cases[] = {
        {ONE("{name: y, type: continuous, success: [yes]}"),
         "6:33: outcomes.success: it goes with type binary only, and 'y' is continuous"},
        {ONE("{name: y, type: binary, success: []}"),
         "6:38: outcomes.success: the list is empty; name a value that counts as 1"},
        {ONE("{name: y, type: binary, success: [yes, NA]}"),
         "6:44: outcomes.success: 'NA' means a missing value (see the key 'missing')"},
        {ONE("{name: y, type: binary, success: [yes, yes]}"),
         "6:44: outcomes.success: 'yes' is listed twice"},
        {ONE("{name: y, type: binary, levels: [a, b]}"),
         "6:29: outcomes.levels: it goes with type ordinal only, and 'y' is binary"},
        {ONE("{name: y, type: ordinal}"),
         "6:5: outcomes.levels: the ordinal outcome 'y' needs at least two levels, lowest first"},
        {ONE("{name: y, type: ordinal, levels: [a]}"),
         "6:38: outcomes.levels: the ordinal outcome 'y' needs at least two levels, lowest first"},
        {ONE("{name: y, type: ordinal, levels: [a, NA]}"),
         "6:42: outcomes.levels: 'NA' means a missing value (see the key 'missing')"},
        {ONE("{name: y, type: ordinal, levels: [a, a]}"),
         "6:42: outcomes.levels: 'a' is listed twice"},
        {ONE("{name: y, type: count, event: e}"),
         "6:28: outcomes.event: it goes with type duration only, and 'y' is count"},
        {ONE("{name: y, type: ordinal, levels: [a, b], horizon: 3}"),
         "6:46: outcomes.horizon: it goes with type duration only, and 'y' is ordinal"},
        {ONE("{name: y, type: duration, horizon: 0}"),
         "6:40: outcomes.horizon: '0' is not a number above 0"},
        {ONE("{name: y, type: duration, horizon: 3}"),
         "6:31: outcomes.horizon: it goes with outcomes.event, and 'y' has no event column"},
        {TWO("{name: z, type: binary, stands_for: x}"),
         "7:41: outcomes.stands_for: 'x' is not an outcome"},
        {TWO("{name: z, type: binary, stands_for: z}"),
         "7:41: outcomes.stands_for: 'z' would stand for itself"},
        {WITH_OUTCOMES("outcomes:\n  - {name: y, type: count, stands_for: z}\n"
                       "  - {name: z, type: count, stands_for: y}\n"),
         "6:40: outcomes.stands_for: 'y' would stand for itself"},
        {TWO("{name: z, type: ordinal, levels: [a, b], stands_for: y}"),
         "7:58: outcomes.stands_for: 'z' is ordinal; a target and its mission are compared by "
         "their means"},
        {WITH_OUTCOMES("outcomes:\n  - {name: y, type: duration, event: e}\n"
                       "  - {name: z, type: binary, stands_for: y}\n"),
         "7:41: outcomes.stands_for: 'y' is a duration with an event column; a target and its "
         "mission are compared by their means"},
        {PLAN "analysis: {smallest_effect: {z: 5}}\n",
         "6:30: analysis.smallest_effect: 'z' is not an outcome"},
        {ONE("{name: y, type: binary, column: a}"), "6:37: outcomes: 'a' is the arm column"},
        {ONE("{name: a, type: binary}"), "6:12: outcomes: 'a' is the arm column"},
        {ONE("{name: y, type: binary, column: u}"), "6:37: outcomes: 'u' is the unit column"},
        {ONE("{name: y, type: binary, baseline: a}"), "6:39: outcomes: 'a' is the arm column"},
        {ONE("{name: y, type: duration, event: u}"), "6:38: outcomes: 'u' is the unit column"},
        {ONE("{name: y, type: binary, baseline: y}"),
         "6:39: outcomes.baseline: 'y' is the outcome's own column"},
        {ONE("{name: y, type: duration, event: y}"),
         "6:38: outcomes.event: 'y' is the outcome's own column"},
    };
    CHECK(cases);
}

static void test_names(void)
{
    static const struct wrong cases[] = {
        {TWO("{name: y, type: binary}"), "7:12: outcomes.name: the name 'y' is taken already "
                                         "(line 6)"},
        {PLAN "covariates: [y]\n", "6:14: covariates.name: the name 'y' is taken already "
                                   "(line 5)"},
        {PLAN "covariates: [x, {name: x, type: binary}]\n",
         "6:24: covariates.name: the name 'x' is taken already (line 6)"},
        {WITH_OUTCOMES("outcomes:\n  - {name: y, type: count, baseline: b}\n"
                       "  - {name: y_baseline, type: count}\n"),
         "7:12: outcomes.name: the name 'y_baseline' is taken already (line 6)"},
        {WITH_OUTCOMES("outcomes:\n  - {name: y_event, type: count}\n"
                       "  - {name: y, type: duration, event: e}\n"),
         "7:38: outcomes.event: the name 'y_event' is taken already (line 6)"},
        {ONE("{name: pilot_unit, type: binary}"),
         "6:12: outcomes.name: the name 'pilot_unit' is reserved; choose another and give the CSV "
         "header in 'column'"},
        {PLAN "covariates: [ctid]\n",
         "6:14: covariates.name: the name 'ctid' is reserved; choose another and give the CSV "
         "header in 'column'"},
        {PLAN "covariates: [" NAME64 "]\n",
         "6:14: covariates.name: the name '" NAME64
         "' is longer than 63 bytes; shorten it and give the CSV header in 'column'"},
        {ONE("{name: " NAME60 ", type: count, baseline: b}"),
         "6:97: outcomes.baseline: its column '" NAME60
         "_baseline' would be longer than 63 bytes; shorten the outcome's name"},
        {PLAN "covariates: [\"a\\tb\"]\n",
         "6:14: covariates.name: a name has no control characters"},
        {PLAN "covariates: [{name: x, column: a}]\n", "6:32: covariates: 'a' is the arm column"},
        {PLAN "covariates: [{name: x, column: y}]\n",
         "6:32: covariates: 'y' is the column of the outcome 'y'"},
        {PLAN "subgroups: [{name: x, column: u}]\n", "6:31: subgroups: 'u' is the unit column"},
    };
    CHECK(cases);
}

static void test_subgroups(void)
{
    static const struct wrong cases[] = {
        {PLAN "covariates: [age]\nsubgroups: [age]\n",
         "7:13: subgroups: 'age' is a continuous covariate; a subgroup is binary or categorical"},
        {PLAN "subgroups: [y]\n",
         "6:13: subgroups: 'y' is an outcome; a subgroup is known before treatment"},
        {PLAN "covariates: [{name: female, type: binary}]\nsubgroups: [femal]\n",
         "7:13: subgroups: 'femal' is not a covariate; did you mean 'female'? (A column for "
         "subgroups alone is written {name: ...} here)"},
        {PLAN "subgroups: [x, x]\n", "6:16: subgroups: 'x' is listed twice"},
        {PLAN "covariates: [{name: f, type: binary}]\nsubgroups: [f, {name: f}]\n",
         "7:23: subgroups: 'f' is listed twice"},
        {PLAN "covariates: [{name: f, type: binary}]\nsubgroups: [{name: f, type: binary}]\n",
         "7:20: subgroups: 'f' is described under covariates; write only its name here"},
        {PLAN "subgroups: [{name: x, type: continuous}]\n",
         "6:29: subgroups.type: 'continuous' is not one of binary, categorical"},
        {PLAN "subgroups: [pilot_arm]\n",
         "6:13: subgroups.name: the name 'pilot_arm' is reserved; choose another and give the CSV "
         "header in 'column'"},
    };
    CHECK(cases);
}

static void test_analysis(void)
{
    static const struct wrong cases[] = {
        {PLAN "analysis: {estimators: [ols, ols]}\n",
         "6:30: analysis.estimators: 'ols' is listed twice"},
        {PLAN "analysis: {estimators: [iv]}\n",
         "6:25: analysis.estimators: iv needs columns.received"},
        {PLAN "analysis: {estimators: [ols, risk_ratio]}\n",
         "6:30: analysis.estimators: risk_ratio needs an outcome of type binary, and the plan has "
         "none"},
        {PLAN "analysis:\n  estimators:\n  - rate_ratio\n",
         "8:5: analysis.estimators: rate_ratio needs an outcome of type count or binary, and the "
         "plan has none"},
        {ONE("{name: m, type: ordinal, levels: [a, b]}") "analysis: {estimators: [quantile]}\n",
         "7:25: analysis.estimators: quantile needs an outcome of type continuous, count or "
         "duration, and the plan has none"},
        {PLAN "analysis: {estimators: [log_rank]}\n",
         "6:25: analysis.estimators: log_rank needs an outcome of type duration, and the plan has "
         "none"},
        {ONE("{name: d, type: duration}") "analysis: {estimators: [log_rank]}\n",
         "7:25: analysis.estimators: log_rank needs a duration with an event column "
         "(outcomes.event)"},
        {PLAN "analysis: {std_error: CR2}\n",
         "6:23: analysis.std_error: CR2 needs clusters; give columns.cluster, or write HC2"},
        {WITH_COLUMNS("columns: {arm: a, cluster: k}\n") "analysis: {std_error: HC2}\n",
         "6:23: analysis.std_error: HC2 does not hold for clusters (columns.cluster is given); "
         "write CR2"},
        {PLAN "analysis: {level: across, std_error: classical}\n",
         "6:38: analysis.std_error: classical does not hold for clusters (analysis.level is "
         "across); write CR2"},
        {PLAN "agencies: [{name: 1, attributes: {region: east}}]\ncomparison: {by: [region, "
              "size]}\n",
         "7:27: comparison.by: no agency has the attribute 'size' (see agencies.attributes)"},
        {PLAN "agencies: [{name: 1}, b, {name: '1'}]\n",
         "6:33: agencies.name: '1' is listed twice"},
        {PLAN "agencies: [{name: 1, id: a}, {name: 2, id: a}]\n",
         "6:44: agencies.id: 'a' is listed twice"},
    };
    CHECK(cases);
}

/* ---- power ----------------------------------------------------------------------------------- */

static void test_power(void)
{
    static const struct wrong cases[] = {
        {PLAN "power: {unit: 3}\n", "6:9: unknown key 'unit' in power; did you mean 'units'?"},
        {PLAN "power: {units: 0}\n",
         "6:16: power.units: '0' is not a whole number between 1 and 1000000000000"},
        {PLAN "power: {power: 1}\n",
         "6:16: power.power: '1' is not a number between 0 and 1 (0.8 means 80 %)"},
        {PLAN "power: {power: 0.05}\n",
         "6:9: power.power: it must be above 1 - analysis.confidence, which a test has without "
         "any effect"},
        {PLAN "power: {attrition: 1}\n",
         "6:20: power.attrition: '1' is not a share: at least 0, below 1"},
        {PLAN "power: {test: exact}\n",
         "6:15: power.test: 'exact' is not one of estimator, textbook"},
        {PLAN "power: {icc: 0.1}\n",
         "6:9: power.icc: the plan has no clusters; give columns.cluster, or analysis.level: "
         "across"},
        {PLAN "power: {blocks: 3}\n",
         "6:9: power.blocks: the plan has no blocks; give columns.block"},
        {PLAN "analysis: {level: across}\npower: {clusters: 3}\n",
         "7:9: power.clusters: the agencies are the clusters; write agencies"},
        {PLAN "analysis: {level: across}\npower: {units: 90, agencies: 10, cluster_size: 10}\n",
         "7:9: power.units: it is not clusters x cluster_size; give two of the three"},
        {PLAN "power: {units: 9, agencies: 10}\n",
         "6:9: power.units: there are fewer than agencies"},
        {PLAN "power: {outcomes: {z: {sd: 1}}}\n", "6:20: power.outcomes: 'z' is not an outcome"},
        {PLAN "power: {outcomes: {y: 3}}\n",
         "6:23: power.outcomes: '3' is not a mapping {key: value}"},
        {PLAN "power: {outcomes: {y: null}}\n",
         "6:23: power.outcomes: a value cannot be null here; leave the key out"},
        {PLAN "power: {outcomes: {y: {meen: 1}}}\n",
         "6:24: unknown key 'meen' in power.outcomes; did you mean 'mean'?"},
        {PLAN "power: {outcomes: {y: {sd: 0}}}\n",
         "6:28: power.outcomes.sd: '0' is not a number above 0"},
        {PLAN "power: {outcomes: {y: {icc: 0.1}}}\n",
         "6:24: power.outcomes.icc: the plan has no clusters; give columns.cluster, or "
         "analysis.level: "
         "across"},
        {ONE("{name: y, type: binary}") "power: {outcomes: {y: {sd: 0.5}}}\n",
         "7:24: power.outcomes.sd: that of a binary outcome follows from its mean; leave it out"},
        {ONE("{name: y, type: binary}") "power: {outcomes: {y: {mean: 30}}}\n",
         "7:30: power.outcomes.mean: a binary outcome's is a share between 0 and 1 (0.3 means 30 "
         "%)"},
        {ONE("{name: y, type: count}") "power: {outcomes: {y: {mean: 0}}}\n",
         "7:30: power.outcomes.mean: a count's is above 0"},
        {ONE("{name: y, type: binary}") "power: {outcomes: {y: {mean: 0.9, effect: 0.2}}}\n",
         "7:43: power.outcomes.effect: it takes the mean to 1.1, out of its range"},
        {PLAN "analysis: {level: across}\npower: {outcomes: {y: {effect_sd: 1}}}\n",
         "7:24: power.outcomes.effect_sd: with analysis.level across an agency has no effect of "
         "its own"},
    };
    CHECK(cases);
}

int main(void)
{
    test_power();
    test_yaml();
    test_keys();
    test_types();
    test_values();
    test_values_of_analysis();
    test_arms();
    test_outcomes();
    test_names();
    test_subgroups();
    test_analysis();
    return tap_done();
}
