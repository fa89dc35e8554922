#!/bin/bash
# `pilot compare`: effects of several pilots in standard deviations of their control groups.
. "$(dirname "$0")/common.sh"

# Made pilots: agencies n1 .. n6, 40 units an arm, the outcome in the pilot's own unit.
make_pilot() { # name, unit, effect, better, seed
    cat >"$T/$1.yaml" <<EOF
version: 1
pilot: $1
title: Made
columns: {unit: unit, agency: agency, arm: arm}
arms: {control: old, treatments: [new]}
outcomes:
  - {name: score_$1, type: continuous, role: primary, better: $4}
  - {name: other, type: continuous, role: secondary, better: higher}
analysis: {estimators: [difference_in_means]}
agencies:
  - {name: n1, id: x-1, attributes: {mechanism: autonomy}}
  - {name: n2, id: x-2, attributes: {mechanism: autonomy}}
  - {name: n3, id: x-3, attributes: {mechanism: competence}}
  - {name: n4, id: x-4, attributes: {mechanism: competence}}
  - {name: n5, attributes: {mechanism: competence}}
  - {name: n6}
EOF
    awk -v unit="$2" -v effect="$3" -v seed="$5" -v name="$1" 'BEGIN {
        srand(seed); print "unit,agency,arm,score_" name ",other"
        for (a = 1; a <= 6; a++) for (i = 1; i <= 80; i++) {
            y = 0; for (k = 0; k < 12; k++) y += rand(); y -= 6
            arm = i % 2 ? "old" : "new"
            if (arm == "new") y += effect + (a - 3.5) * 0.1
            printf "u%d,n%d,%s,%.6f,%.6f\n", i, a, arm, unit * y, y * 3 + rand() }
    }' >"$T/$1.csv"
    try "$PILOT" run "$T/$1.yaml" "$T/$1.csv" --dir "$DIR"
    well "pilot $1"
}
make_pilot alpha 10 0.3 higher 1
make_pilot beta 0.01 -0.2 lower 2
make_pilot gamma 500 0.1 higher 3
cat >"$T/binary.yaml" <<EOF
version: 1
pilot: shares
title: Made
columns: {unit: unit, agency: agency, arm: arm}
arms: {control: old, treatments: [new]}
outcomes: [{name: done, type: binary, role: secondary, better: higher}]
EOF
(echo unit,agency,arm,done; for i in $(seq 60); do echo "u$i,solo,$([ $((i % 2)) = 0 ] && echo old || echo new),$((i % 3 > 0))"; done) >"$T/binary.csv"
try "$PILOT" run "$T/binary.yaml" "$T/binary.csv" --dir "$DIR"
well "pilot shares"
try "$PILOT" register "$PLAN" --dir "$DIR"
"$PILOT" up --dir "$DIR" --workers 1 >"$T/log" 2>&1

compare() {
    try "$PILOT" compare "$@" --dir "$DIR"
}
field() { # jq filter of one row
    jq -r ".[] | select($1) | $2" "$T/out"
}
near() { # got, want, name
    awk -v a="$1" -v b="$2" 'BEGIN { d = a - b; exit !(a != "" && b != "" && d * d <= 1e-16 * (1 + b * b)) }'
    ok $? "$3"
}

# ---- numbers --------------------------------------------------------------------------------------
compare alpha beta gamma --format json
well "three pilots"
cp "$T/out" "$T/three"
is "$(jq -r '.[] | "\(.pilot) \(.k)"' "$T/three")" $'alpha 6\nbeta 6\ngamma 6\nnull 18' "a row each, and one of all"
for name in alpha beta gamma; do
    "$PILOT" results $name --dir "$DIR" --format json >"$T/effects" 2>"$T/err"
    "$PILOT" results $name --dir "$DIR" --format json --view comparison >"$T/comparison" 2>"$T/err"
    unit=$(jq -r ".[] | select(.scope == \"pooled\" and .outcome == \"score_$name\") | .control_std_dev" "$T/effects")
    pooled=$(jq -r ".[] | select(.outcome == \"score_$name\" and .method == \"reml\" and .test == \"knha\") | .estimate" "$T/comparison")
    sign=$([ $name = beta ] && echo -1 || echo 1)
    cp "$T/three" "$T/out"
    near "$(field ".pilot == \"$name\"" .estimate)" "$(awk -v a="$pooled" -v u="$unit" -v s=$sign 'BEGIN { printf "%.17g", s * a / u }')" \
        "$name: its comparison over the deviation of its control group$([ $name = beta ] && echo ', the sign turned')"
done
like "$err$(compare alpha; echo "$err")" "alpha: analysis 1 \(confirmatory\), score_alpha: 6 effects" "says which analysis and outcome"
compare gamma alpha beta --format json
is "$(jq -S 'sort_by(.pilot)' "$T/out")" "$(jq -S 'sort_by(.pilot)' "$T/three")" "the order of pilots does not matter"
compare alpha beta gamma --by mechanism --format json
well "by mechanism"
is "$(jq -r '.[] | "\(.group) \(.pilot) \(.k)"' "$T/out")" "autonomy alpha 2
autonomy beta 2
autonomy gamma 2
autonomy null 6
competence alpha 3
competence beta 3
competence gamma 3
competence null 9
null null 15" "groups, their pilots, all"
is "$(field '.group == "autonomy" and .pilot == null' .pilots)" 3 "how many pilots are in a group"
like "$err" "alpha: 1 effects of agencies without the attribute mechanism are left out" "what has no such attribute is told"
compare alpha beta --by agency --format json
is "$(jq -r '.[] | select(.pilot == null) | "\(.group) \(.k)"' "$T/out")" $'x-1 2\nx-2 2\nx-3 2\nx-4 2\nnull 8' \
    "agencies are matched by the ids that plans give them"
compare alpha beta --outcome other --format json
is "$(field '.pilot == "alpha"' .outcomes)" other "another outcome"
compare alpha beta --outcome other --outcome=score_alpha --format json
is "$(field '.pilot == "alpha"' '"\(.outcomes) \(.k)"')" "other, score_alpha 6" "several outcomes: an agency counts once"
compare alpha --format csv
is "$(head -1 "$T/out")" "by,group,pilot,analysis,confirmatory,outcomes,pilots,k,estimate,std_error,df,statistic,p_value,ci_low,ci_high,pi_low,pi_high,tau2,i2,status,reason,detail" "columns"
compare alpha beta --format jsonl
is "$(jq -s length "$T/out")" "$(wc -l <"$T/out")" "JSON lines"
compare alpha beta --output "$T/c.json"
is "$(jq length "$T/c.json")" 3 "a file"

# ---- what takes no part ---------------------------------------------------------------------------
compare alpha shares star_kindergarten --format json
well "with pilots that lack a number"
is "$(field '.pilot == "shares"' '"\(.k) \(.status) \(.detail)"')" "0 not_estimable its plan has no primary outcome" "one without a primary outcome"
is "$(field '.pilot == "star_kindergarten"' .detail)" "no finished analysis of data that is there" "one without an analysis"
like "$err" "star_kindergarten: takes no part: no finished analysis" "says so"
compare shares --outcome done --format json
is "$(jq -r '.[0] | "\(.pilot) \(.k) \(.status)"' "$T/out")" "shares 1 ok" "one agency is its own answer"
compare shares --by mechanism --outcome done
well "nothing takes part"
like "$err" "shares: analysis [0-9]+ takes no part: its agencies lack the attribute" "says so"
try "$PILOT" launch alpha --dir "$DIR" --exploratory "once more" --follow
well "a second analysis of alpha"
compare alpha --format json
is "$(field '.pilot == "alpha"' '"\(.analysis) \(.confirmatory)"')" "1 true" "the confirmatory analysis counts, not the latest"
fails 2 "there is no pilot 'nobody'" "a pilot that there is not" "$PILOT" compare alpha nobody --dir "$DIR"
fails 2 "named twice" "a pilot twice" "$PILOT" compare alpha alpha --dir "$DIR"
fails 2 "PILOT" "no pilot" "$PILOT" compare --dir "$DIR"

# ---- for people -----------------------------------------------------------------------------------
compare alpha beta gamma --by mechanism
well "a table"
like "$out" "^mechanism = autonomy" "by heading"
like "$out" "^\(pooled\) .*◆" "drawn"
like "$out" "in standard deviations of each pilot's control group; more is better" "says its unit"
is "$(($(wc -L <"$T/out") <= 80))" 1 "in 80 columns"
try env LC_ALL=C "$PILOT" compare alpha beta --dir "$DIR"
is "$(LC_ALL=C grep -c '[^ -~]' "$T/out")" 0 "in ASCII where there is no UTF-8"

# ---- the public -----------------------------------------------------------------------------------
compare alpha beta --audience public --format json
well "what is released"
is "$(field '.pilot == "alpha"' '.k > 0')" true "alpha's effects"
near_public=$(field '.pilot == "alpha"' .estimate)
near_own=$(jq -r '.[] | select(.pilot == "alpha") | .estimate' "$T/three")
awk -v a="$near_public" -v b="$near_own" 'BEGIN { d = a - b; exit !(d * d < 0.01 && a != b) }'
ok $? "near the truth, and rounded"
compare shares --outcome done --audience public --format json
is "$(jq -r '.[0].detail' "$T/out")" "no standard deviation of its control group is released" "of shares there is none"
fails 2 "nothing is released of a pilot 'star_kindergarten'" "a pilot without a release" "$PILOT" compare star_kindergarten --audience public --dir "$DIR"
for name in man completion; do
    "$PILOT" help --$name >"$T/help"
    is "$(grep -c compare "$T/help" | sed 's/^[1-9].*/some/')" some "--$name tells of it"
done
finish
