#!/usr/bin/env bash
# Every estimator on every type of outcome, by agency, by subgroup and pooled: no row is missing,
# none says what it cannot know, and the number of workers does not touch a byte.
. "$(dirname "$0")/common.sh"

# Four agencies of 60, 80, 100 and 120 units; the first has one level of sex only, the second lacks
# arm b.  Numbers from a small congruential generator, so every awk makes the same file.
awk 'BEGIN {
    x = 42
    print "site,id,arm,got,block,prob,weight,pass,score,visits,mood,days,ended,weeks,sex,town"
    split("c a b", arms); split("sad ok glad", moods); split("low high", towns)
    for (s = 1; s <= 4; s++) for (i = 1; i <= 40 + 20 * s; i++) {
        t = int(3 * u()); if (s == 2) t = int(2 * u())
        score = sprintf("%.3f", 10 + 2 * (u() + u() + u()) + t / 2)
        if (u() < (t == 1 && s == 4 ? 0.4 : 0.03)) score = "NA"
        days = sprintf("%.2f", 5 + 90 * u() + 5 * t); ended = u() < 0.7
        printf "agency%d,u%03d,%s,%s,b%d,%s,%d,%d,%s,%d,%s,%s,%d,%.1f,%d,%s\n", s, i, arms[t + 1],
            u() < 0.8 ? arms[t + 1] : "c", i % 3, s == 2 ? 0.5 : 0.25 + 0.25 * (t == 1), 1 + int(3 * u()), u() < 0.3 + t / 10,
            score, int(6 * u()), moods[1 + int(3 * u() * 0.7 + t * 0.45)], days, ended, 3 + 20 * u(),
            s == 1 ? 0 : int(2 * u()), towns[1 + int(2 * u())]
    }
}
function u() { x = (x * 16807) % 2147483647; return x / 2147483647 }' >"$T/all.csv"

plan() { # NAME ESTIMATORS
    cat <<EOF
version: 1
pilot: $1
columns: {unit: id, agency: site, arm: arm, block: block, probability: prob, received: got}
arms: {control: c, treatments: [a, b]}
outcomes:
  - {name: pass, type: binary}
  - {name: score, type: continuous}
  - {name: visits, type: count}
  - {name: mood, type: ordinal, levels: [sad, ok, glad]}
  - {name: days, type: duration, event: ended, horizon: 60}
  - {name: weeks, type: duration}
covariates: [{name: town, type: categorical}]
subgroups: [{name: sex, type: binary}]
analysis:
  estimators: $2
  bootstrap_draws: 99
seed: 7
EOF
}
CONTRASTS="horvitz_thompson, hajek, risk_ratio, odds_ratio, rate_ratio, quantile, rank, \
variance_ratio, rmst, log_rank, lee_bounds"
plan every "[difference_in_means, ols, lin, iv, $CONTRASTS]" >"$T/every.yaml"

view() { # VIEW FILE DIR PILOT
    "$PILOT" results "$4" --view "$1" --format csv --output "$2" --dir "$3" 2>"$T/view.err"
}

for workers in 1 3; do
    try "$PILOT" run "$T/every.yaml" "$T/all.csv" --dir "$T/w$workers" --workers "$workers"
    well "all estimators with $workers workers"
    for name in effects comparison agencies quality curves conventions; do
        view $name "$T/$name.$workers.csv" "$T/w$workers" every
    done
done
for name in effects comparison agencies quality curves conventions; do
    same "$T/$name.1.csv" "$T/$name.3.csv" "1 and 3 workers: the same bytes in $name"
done

# Rows of effects as: scope agency outcome subgroup level arm estimand estimator parameter estimate
# std_error n status reason, parted by |.  (Fields with commas are at the end, behind these.)
"$PILOT" results every --view effects --format json --dir "$T/w1" 2>"$T/json.err" |
    perl -MJSON::PP -0777 -ne 'for my $r (@{decode_json($_)}) {
        print join("|", map { defined $r->{$_} ? $r->{$_} : "" } qw(scope agency outcome subgroup
            level arm estimand estimator parameter estimate std_error n status reason detail)), "\n"
    }' >"$T/rows"
count() { # AWK CONDITION
    awk -F'|' "{scope = \$1; agency = \$2; outcome = \$3; subgroup = \$4; level = \$5; arm = \$6
        estimand = \$7; estimator = \$8; parameter = \$9; estimate = \$10; std_error = \$11; n = \$12
        status = \$13; reason = \$14; detail = \$15} $1" "$T/rows" | wc -l
}

# Rows a contrast: 16 pass, 20 score, 20 visits, 23 mood, 20 days, 20 weeks.  Subsets: 2 of the first
# agency, 3 and the gap between levels of the other three and of all together.
is "$(count 1)" $(((2 + 3 * 4 + 4) * 2 * 119)) "no row is missing"
is "$(cut -d'|' -f1-9 "$T/rows" | sort | uniq -d | wc -l)" 0 "and none comes twice"
is "$(count 'reason == "outcome_type"')" $(((2 + 3 * 4 + 4) * 2 * 31)) \
    "outcomes that an estimator is not for say outcome_type"
is "$(count 'reason == "outcome_type" && (estimate != "" || status != "not_estimable" ||
    parameter != "")')" 0 "without numbers"
is "$(count 'status == "ok" && (estimate == "" || std_error == "" && estimator != "lee_bounds")')" 0 \
    "a row that is ok has its estimate and standard error"
is "$(count 'status == "not_estimable" && reason == ""')" 0 "a row without estimate has a reason"
is "$(count 'reason == "not_in_this_version"')" 0 "every estimator is computed"
is "$(count 'estimand != "gap" && estimand != (estimator == "iv" ? "cace" : "itt")')" 0 \
    "estimands are what the estimators estimate"
is "$(count 'estimand == "gap" && (subgroup != "sex" || level != "1")')" 0 \
    "gaps stand at the level that is compared with the first"
is "$(count 'estimand == "gap"')" $((4 * 2 * 119)) "one for each row of that level"
is "$(count 'agency == "agency2" && arm == "b" && outcome == "score" && subgroup == "" &&
    reason == "no_treated_units"')" \
    "$(count 'agency == "agency2" && arm == "b" && outcome == "score" && subgroup == "" &&
    reason != "outcome_type"')" "an agency without the arm says so in every row"
is "$(awk -F'|' '$3 == "mood" && $8 == "ols" && $1 == "pooled" && $4 == "" && $6 == "a" {
    print $9}' "$T/rows" | tr '\n' ' ')" "sad ok glad " "an ordinal outcome has a row a category"
is "$(awk -F'|' '$3 == "mood" && $8 == "lin" && $1 == "pooled" && $4 == "" && $6 == "a" {
    s += $10} END {print (s * s < 1e-24)}' "$T/rows")" 1 "whose shares' changes add up to 0"
is "$(awk -F'|' '$3 == "days" && $8 == "rmst" {print $9}' "$T/rows" | sort -u)" 60 \
    "a declared horizon is the parameter"
for estimator in ${CONTRASTS//,/}; do
    is "$(count "estimator == \"$estimator\" && scope == \"pooled\" && subgroup == \"\" &&
        estimate != \"\" && arm == \"a\"" | sed 's/^[1-9].*/some/')" some "$estimator is given pooled"
done
is "$(awk -F, 'NR > 1' "$T/comparison.1.csv" | wc -l)" $((4 * 2 * 119 * 12)) \
    "each row is compared across agencies"

# ---- what people see -----------------------------------------------------------------------------
for name in effects comparison agencies quality curves conventions; do
    try "$PILOT" results every --dir "$T/w1" --view $name
    is "$(($(wc -L <"$T/out") <= 80))" 1 \
        "$name fits 80 columns with every estimator"
    is "$(grep -c outcome_type "$T/out")" 0 "and leaves out what does not fit the outcome"
done
try "$PILOT" results every --dir "$T/w1"
like "$out" '^pass: a - c, risk_ratio \(std. error: log\)$' "a ratio says what its standard error is of"
is "$(sed -n '/^pass: a - c, risk_ratio (std. error: log)$/,/pooled/p' "$T/out" | awk 'END {print $2}')" \
    "×$(awk -F'|' '$1 == "pooled" && $3 == "pass" && $4 == "" && $6 == "a" && $8 == "risk_ratio" {
        printf "%.3g", exp($10)}' "$T/rows")" "and stands as a ratio"
like "$out" '^score: a - c, quantile 0.25 \(gap: sex = 1 - first level\)$' "gaps say what they are"
like "$out" '^mood = sad: a - c, ols$' "a category belongs to the outcome"
try "$PILOT" results every --dir "$T/w1" --view comparison
for label in "iv (cace)" "quantile 0.25" "lee_bounds upper" "rmst 60"; do
    like "$out" "^${label//[()]/.} " "$label is one row of its contrast"
done
try "$PILOT" results every --dir "$T/w1" --alarms
is "$(tail -n +2 "$T/out" | grep -Ec ' yes( |$)')" "$(grep -c ',true,' "$T/quality.1.csv")" \
    "--alarms shows the checks that ring"
is "$(grep -c '^count' "$T/out")" 0 "and those alone"

# ---- curves --------------------------------------------------------------------------------------
is "$(cut -d, -f3-5,8,9 "$T/curves.1.csv" | sort -u | grep -c '^pooled,,days,[cab],kaplan_meier$')" 3 \
    "every arm has its pooled curve"
is "$(cut -d, -f4,5 "$T/curves.1.csv" | sort -u | grep -c 'agency[1-4],days')" 4 "and every agency's"
is "$(awk -F, 'NR > 1 {key = $4 $6 $7 $8
    if (key == last && ($11 > y || $10 <= x)) bad++
    if (key != last && ($10 != 0 || $11 != 1)) bad++
    last = key; x = $10; y = $11} END {print bad + 0}' "$T/curves.1.csv")" 0 \
    "they begin at 1, time goes on and shares go down"

# ---- attrition: bounds that the plan does not ask for --------------------------------------------
plan unasked "[difference_in_means]" >"$T/unasked.yaml"
for workers in 1 3; do
    try "$PILOT" run "$T/unasked.yaml" "$T/all.csv" --dir "$T/w$workers" --workers "$workers" \
        --view effects --format csv --output "$T/unasked.$workers.csv"
    well "a plan without bounds"
done
# The same but for the analysis' number.
cut -d, -f1,3- "$T/unasked.1.csv" >"$T/unasked.one"
cut -d, -f1,3- "$T/unasked.3.csv" >"$T/unasked.three"
same "$T/unasked.one" "$T/unasked.three" "1 and 3 workers: the same bytes"
view quality "$T/alarms.csv" "$T/w1" unasked
# agency,arm,outcome of alarms, and of bounds
awk -F, '$4 ~ /^attrition/ && $11 == "true" {print $3 "," $5 "," $6}' "$T/alarms.csv" |
    sort -u >"$T/rang"
awk -F, '$11 == "lee_bounds" {print $4 "," $8 "," $5}' "$T/unasked.1.csv" | sort >"$T/bounds"
ok "$(($(grep -c 'agency4,a,score' "$T/rang") != 1))" "attrition rings where units went missing"
sed p "$T/rang" >"$T/twice"
same "$T/bounds" "$T/twice" "each alarm brings a lower and an upper bound, by agency and pooled"
is "$(awk -F, '$11 == "lee_bounds" && !/attrition alarm/' "$T/unasked.1.csv" | wc -l)" 0 \
    "which say why they are there"
is "$(awk -F, '$11 == "lee_bounds" && $4 == "" && $12 == "lower" {print $5 $8}' "$T/unasked.1.csv" |
    grep -c scorea)" 1 "pooled ones too"
is "$(awk -F, '$3 == "agency" && $4 == "agency4" {last = $11} END {print last}' \
    "$T/unasked.1.csv")" lee_bounds "behind the rows that the plan asks for"
view comparison "$T/unasked.comparison" "$T/w1" unasked
is "$(grep -c lee_bounds "$T/unasked.comparison")" 0 "and are not compared across agencies"
numbers='$3 == "pooled" && $5 == "score" && $6 == "" && $8 == "a" && $11 == "lee_bounds" {
    print $12, $14, $15, $19, $20}'
is "$(awk -F, "$numbers" "$T/unasked.1.csv")" "$(awk -F, "$numbers" "$T/effects.1.csv")" \
    "they are the bounds that one could ask for"

# ---- one agency ----------------------------------------------------------------------------------
grep -E '^site|^agency3' "$T/all.csv" >"$T/one.csv"
sed 's/pilot: every/pilot: alone/' "$T/every.yaml" >"$T/alone.yaml"
try "$PILOT" run "$T/alone.yaml" "$T/one.csv" --dir "$T/alone" --view effects --format csv \
    --output "$T/alone.csv"
well "one agency alone"
sed -n 's/^alone,1,agency,agency3,//p' "$T/alone.csv" >"$T/agency.rows"
sed -n 's/^alone,1,pooled,,//p' "$T/alone.csv" >"$T/pooled.rows"
is "$(wc -l <"$T/agency.rows")" $((4 * 2 * 119)) "has all its rows"
same "$T/agency.rows" "$T/pooled.rows" "and pooled ones that are its own, bit for bit"

# ---- numbers at the end of what a double holds ----------------------------------------------------
awk -F, -v OFS=, 'NR > 1 && $1 == "agency2" {
    $9 = NR % 2 ? "1.7e308" : "-1.7e308"; $14 = "1e308"; $12 = "1e300" } 1' "$T/all.csv" >"$T/huge.csv"
sed 's/pilot: every/pilot: huge/' "$T/every.yaml" >"$T/huge.yaml"
try "$PILOT" run "$T/huge.yaml" "$T/huge.csv" --dir "$T/w1" --view effects --format csv \
    --output "$T/huge.effects.csv"
well "an agency whose sums go beyond all numbers"
is "$(wc -l <"$T/huge.effects.csv")" "$(wc -l <"$T/effects.1.csv")" "costs no row"
sed -n 's/^every,[0-9]*,agency,agency[134],//p' "$T/effects.1.csv" >"$T/others.before"
sed -n 's/^huge,[0-9]*,agency,agency[134],//p' "$T/huge.effects.csv" >"$T/others.after"
same "$T/others.before" "$T/others.after" "and no digit of the other agencies"
is "$(awk -F, '$3 == "pooled" && $5 == "pass" && $11 == "rank" && $14 != ""' \
    "$T/huge.effects.csv" | wc -l)" \
    "$(awk -F, '$3 == "pooled" && $5 == "pass" && $11 == "rank" && $14 != ""' \
        "$T/effects.1.csv" | wc -l)" "pooled numbers of other outcomes stand"

# ---- auto ----------------------------------------------------------------------------------------
plan chosen auto >"$T/chosen.yaml"
try "$PILOT" run "$T/chosen.yaml" "$T/all.csv" --dir "$T/w1" --view effects --format csv \
    --output "$T/chosen.csv"
well "estimators: auto"
is "$(awk -F, '$3 == "pooled" && $6 == "" && $8 == "a" && $11 != "lee_bounds" {
    print $5 ":" $11 ":" $12}' "$T/chosen.csv" | sed 's/:\(lin\|ols\|difference_in_means\):/:linear:/' |
    tr '\n' ' ')" \
    "pass:linear: score:linear: visits:linear: mood:linear:sad mood:linear:ok mood:linear:glad \
mood:rank: days:rmst:60 days:log_rank: weeks:linear: " \
    "auto takes shares and ranks of ordinal outcomes, survival of durations with events"
is "$(grep -E ',(ok|flagged),' "$T/chosen.csv" | grep -Ev 'lee_bounds|,gap,' |
    grep -vc 'auto: ')" 0 \
    "and every row with numbers says what it took"
finish
