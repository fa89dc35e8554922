#!/usr/bin/env bash
# Targets and the missions that they stand for, from CSV to results.quality: the alarm where the
# target alone moves and none where both do, by agency and pooled; the number of workers and what
# else the plan asks for touch no byte.
. "$(dirname "$0")/common.sh"

# Three agencies of 300 units.  Arm drill moves the tests alone, arm teach learning too; the tests
# follow learning in all arms.  Copies count mistakes: fewer are better.
awk 'BEGIN {
    x = 77
    print "site,id,class,arm,tests,learning,copies,age,sex"
    split("usual drill teach", arms)
    for (s = 1; s <= 3; s++) for (i = 1; i <= 300; i++) {
        t = (i + s) % 3; able = n(); age = sprintf("%.2f", 6 + 3 * u())
        learning = 50 + 10 * able + (t == 2 ? 6 : 0)
        tests = sprintf("%.3f", learning + 8 * n() + (t == 1 ? 8 : 0))
        if (u() < 0.03) tests = "NA"
        printf "site%d,u%03d,k%d,%s,%s,%.3f,%d,%s,%d\n", s, i, int(i / 10), arms[t + 1], tests,
            learning, 40 - 5 * able - 4 * (t == 1) + 3 * n(), age, int(2 * u())
    }
}
function u() { x = (x * 16807) % 2147483647; return x / 2147483647 }
function n(  k, sum) { sum = 0; for (k = 0; k < 12; k++) sum += u(); return sum - 6 }' >"$T/all.csv"

plan() { # NAME ESTIMATORS STANDS_FOR(tests, copies)
    cat <<EOF
version: 1
pilot: $1
columns: {unit: id, agency: site, arm: arm}
arms: {control: usual, treatments: [drill, teach]}
outcomes:
  - {name: copies, type: count, better: lower$4}
  - {name: tests, type: continuous$3}
  - {name: learning, type: continuous}
covariates: [age]
subgroups: [{name: sex, type: binary}]
analysis: {estimators: $2}
EOF
}
for name in lin auto rank; do
    estimators="[difference_in_means, lin]"
    [ $name = auto ] && estimators=auto
    [ $name = rank ] && estimators="[rank]"
    plan $name "$estimators" ", stands_for: learning" ", stands_for: tests" >"$T/$name.yaml"
done

view() { # VIEW FILE DIR PILOT
    "$PILOT" results "$4" --view "$1" --format csv --output "$2" --dir "$3" 2>"$T/view.err"
}

for workers in 1 3; do
    try "$PILOT" run "$T/lin.yaml" "$T/all.csv" --dir "$T/w$workers" --workers "$workers"
    is $status 0 "targets with $workers workers"
    view quality "$T/quality.$workers.csv" "$T/w$workers" lin
    view effects "$T/effects.$workers.csv" "$T/w$workers" lin
done
same "$T/quality.1.csv" "$T/quality.3.csv" "1 and 3 workers: the same bytes in quality"
is "$(grep -c stands_for <<<"$err")" 0 "nothing is said to be missing"

rows() { # FILE: agency check arm variable alarm, of the rows on targets
    grep -E ',decoupling(_correlation)?,' "$1" | cut -d, -f3-6,11
}
is "$(rows "$T/quality.1.csv" | wc -l)" 40 "2 pairs: for all of 3 agencies and pooled 2 effects and 3 correlations"
is "$(rows "$T/quality.1.csv" | grep -E ',tests,true$' | tr '\n' ' ')" \
    "site1,decoupling,drill,tests,true site2,decoupling,drill,tests,true site3,decoupling,drill,tests,true ,decoupling,drill,tests,true " \
    "tests that moved without learning ring in every agency and pooled, and no others"
is "$(rows "$T/quality.1.csv" | grep '^,' | cut -d, -f2-4 | tr '\n' ' ')" \
    "decoupling,drill,copies decoupling,teach,copies decoupling_correlation,usual,copies decoupling_correlation,drill,copies decoupling_correlation,teach,copies decoupling,drill,tests decoupling,teach,tests decoupling_correlation,usual,tests decoupling_correlation,drill,tests decoupling_correlation,teach,tests " \
    "pairs in plan order: effects, then correlations"
pooled=$(grep ',,decoupling,drill,tests,' "$T/quality.1.csv")
like "$pooled" 'tests stands for learning: target \+0\.[0-9]+ SD \(p < 0\.001\), mission [+-]0\.[0-9]+ SD \(p [0-9.]+\), by lin; the target moved and the mission did not' \
    "in words"
like "$(grep ',,decoupling,drill,copies,' "$T/quality.1.csv")" \
    'copies stands for tests: target \+' "fewer copies are better"
like "$(grep ',,decoupling,teach,tests,' "$T/quality.1.csv")" \
    'target \+0\.[0-9]+ SD \(p < 0\.001\), mission \+0\.[0-9]+ SD \(p < 0\.001\), by lin",true$' \
    "where both move no more is said"

# What else is asked for does not matter; nor do targets to what else there is.
plan lin "[difference_in_means, lin]" "" "" >"$T/plain.yaml"
try "$PILOT" run "$T/plain.yaml" "$T/all.csv" --dir "$T/plain" --workers 2
view effects "$T/effects.plain.csv" "$T/plain" lin
same "$T/effects.1.csv" "$T/effects.plain.csv" "effects are the same where nothing stands for anything"
for name in auto rank; do
    try "$PILOT" run "$T/$name.yaml" "$T/all.csv" --dir "$T/w1" --workers 2
    is $status 0 "targets where the plan asks for $name"
    view quality "$T/quality.$name.csv" "$T/w1" $name
    is "$(rows "$T/quality.$name.csv" | grep -c ',tests,true$')" 4 "ring too"
done
like "$(grep ',,decoupling,drill,tests,' "$T/quality.auto.csv")" 'by lin;' "auto takes lin"
like "$(grep ',,decoupling,drill,tests,' "$T/quality.rank.csv")" 'by ols;' "without a regression it is ols"
is "$(cut -d, -f3- "$T/quality.auto.csv" | grep ',decoupling_c')" \
    "$(cut -d, -f3- "$T/quality.rank.csv" | grep ',decoupling_c')" "with the same correlations"

# Whole classes of all agencies were drawn: pooled only.
sed 's/arm: arm}/arm: arm, cluster: site}/; s/analysis: {/analysis: {level: across, /' \
    "$T/lin.yaml" | sed 's/pilot: lin/pilot: across/' >"$T/across.yaml"
awk -F, -v OFS=, 'NR > 1 {split("usual drill teach", a, " "); c = substr($2, 2) % 12; $1 = "site" c
    $2 = $2 "s" NR; $4 = a[c % 3 + 1]} 1' "$T/all.csv" >"$T/across.csv"
try "$PILOT" run "$T/across.yaml" "$T/across.csv" --dir "$T/w1" --workers 2
is $status 0 "level across"
view quality "$T/quality.across.csv" "$T/w1" across
is "$(rows "$T/quality.across.csv" | wc -l) $(rows "$T/quality.across.csv" | grep -c '^,')" "10 10" \
    "gives pooled rows alone"
finish
