/* Plans whose parts contradict each other, and what `power` must not say. */
#include "plan_wrong.h"

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
        {PLAN "agencies: [{name: 1, attributes: {region: east}}]\ncomparison: {by: [region, "
              "region]}\n",
         "7:27: comparison.by: 'region' is listed twice"},
        {PLAN "agencies: [{name: 1, attributes: {region: east}}]\ncomparison: {by: [region]}\n"
              "analysis: {level: across}\n",
         "7:18: comparison.by: at level across agencies have no effects of their own to be "
         "compared; leave it out"},
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
    test_arms();
    test_outcomes();
    test_names();
    test_subgroups();
    test_analysis();
    test_power();
    return tap_done();
}
