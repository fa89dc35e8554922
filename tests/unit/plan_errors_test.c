/* Every way that a plan can be wrong by itself: YAML, keys, types, values. */
#include "plan_wrong.h"

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
        {PLAN "analysis: {bootstrap_draws: 1}\n",
         "6:29: analysis.bootstrap_draws: one draw has no spread; write 0 (the default, 999) or at "
         "least 2"},
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
         "6:29: disclosure.minimum_count: 'few' is not a whole number between 1 and 1000"},
        {PLAN "disclosure: {minimum_count: 0}\n",
         "6:29: disclosure.minimum_count: '0' is not a whole number between 1 and 1000"},
        {PLAN "disclosure: {round_to: 0}\n",
         "6:24: disclosure.round_to: '0' is not a whole number between 1 and 1000"},
        {PLAN "unit_ids: hashed\n", "6:11: unit_ids: 'hashed' is not one of plain, hmac"},
        {PLAN "seed: -1\n", "6:7: seed: '-1' is not a whole number between 0 and "
                            "18446744073709551615"},
        {PLAN "seed: 18446744073709551616\n",
         "6:7: seed: '18446744073709551616' is not a whole number between 0 and "
         "18446744073709551615"},
    };
    CHECK(cases);
}

int main(void)
{
    test_yaml();
    test_keys();
    test_types();
    test_values();
    test_values_of_analysis();
    return tap_done();
}
