#!/bin/bash
# pilot power: tables, CSV, JSON and a picture from a plan alone; wrong input; interrupts.
. "$(dirname "$0")/common.sh"

cat >"$T/letters.yaml" <<'YAML'
version: 1
pilot: letters
title: "Letters <&> reminders"
columns: {unit: id, agency: office, arm: letter}
arms: {control: none, treatments: [plain, personal], probabilities: {none: 0.4, plain: 0.3, personal: 0.3}}
outcomes:
  - {name: recertified, type: binary}
  - {name: days, type: continuous, role: secondary, better: lower}
covariates: [age]
analysis: {smallest_effect: {recertified: 0.05}}
power:
  units: 2400
  agencies: 8
  attrition: 0.1
  outcomes:
    recertified: {mean: 0.62, effect_sd: 0.02}
seed: 7
YAML
cat >"$T/two.yaml" <<'YAML'
version: 1
pilot: two
columns: {arm: arm}
arms: {control: c, treatments: [t]}
outcomes: [{name: y, type: continuous}]
YAML
cat >"$T/schools.yaml" <<'YAML'
version: 1
pilot: schools
columns: {arm: arm, cluster: school}
arms: {control: usual, treatments: [tutoring]}
outcomes: [{name: reading, type: continuous}]
power: {clusters: 40, cluster_size: 25, icc: 0.1, outcomes: {reading: {sd: 30, effect: 10}}}
YAML
with() { # plan, sed expression: $T/bad.yaml
    sed -E "$2" "$T/$1.yaml" >"$T/bad.yaml"
}
column() { # name, row's number: of the CSV in $T/out
    awk -F, -v name="$1" -v row="$2" '
        NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i }
        NR == row + 1 { print $at[name] }' "$T/out"
}
about() { # got, want, name: to four digits
    ok "$(awk -v a="$1" -v b="$2" 'BEGIN { d = a - b; if (d < 0) d = -d; print !(d < 5e-5 * b) }')" "$3 ($1)"
}

# ---- what textbooks have -------------------------------------------------------------------------
try "$PILOT" power "$T/two.yaml" --effect 0.5 --format csv
well "an effect alone"
is "$(column units_needed 1)" 128 "half a standard deviation needs 64 units an arm"
is "$(column effect_unit 1)" sd "in standard deviations, for want of one"
try "$PILOT" power "$T/two.yaml" --units 100 --format csv
about "$(column detectable_effect 1)" 0.56588 "50 units an arm detect 0.566, as power.t.test says"
is "$(column power 1)" "" "without an effect there is no power to tell"
try "$PILOT" power "$T/two.yaml" --units 100 --effect 0.5 --power 0.9 --format csv
about "$(column power 1)" 0.6969 "both: the power"
is "$(column units_needed 1)" 172 "power 0.9 needs 86 units an arm"
with two 's/type: continuous/type: binary/'
echo 'power: {test: textbook, outcomes: {y: {mean: 0.5}}}' >>"$T/bad.yaml"
try "$PILOT" power "$T/bad.yaml" --effect 0.1 --format csv
is "$(column units_needed 1)" 776 "shares: 388 units an arm, as power.prop.test says"
try "$PILOT" power "$T/schools.yaml" --format csv
is "$(column clusters 1) $(column df 1)" "40 38" "clusters"
with schools 's/type: continuous/type: continuous, role: primary/; s/^power/analysis: {multiplicity: holm}\npower/; s/\[tutoring\]/[tutoring, meals]/'
try "$PILOT" power "$T/bad.yaml" --format csv
about "$(column alpha 1)" 0.025 "two contrasts share alpha under holm"
like "$err" "holm: alpha is shared" "and this is said"

# ---- forms ---------------------------------------------------------------------------------------
try "$PILOT" power "$T/letters.yaml"
well "the table"
is "$err" "" "nothing on stderr where nothing was assumed"
like "$out" "^recertified: plain, personal - none" "arms of the same share are told together"
like "$out" "^one agency +300 " "an agency's own power"
like "$out" "^pooled +2400 +720/960 " "all agencies' power"
like "$out" "^comparison +2400 " "the comparison's power"
like "$out" "^The power curve" "the curve"
is "$(awk 'length > 80' "$T/out")" "" "80 columns"
try "$PILOT" power "$T/letters.yaml" --output "$T/power.json" --svg "$T/power.svg"
well "JSON and a picture"
is "$out" "" "nothing on stdout"
jq -e '.[0].row == "design" and .[0].units == 2400 and .[0].clusters == null' "$T/power.json" >"$T/log"
ok $? "the JSON is one array of rows"
is "$(grep -c '<polyline class="curve' "$T/power.svg")" 5 "the picture has a curve each"
is "$(grep -c '<script' "$T/power.svg")" 0 "and no script"
is "$(tail -1 "$T/power.svg")" "</svg>" "and an end"
like "$(cat "$T/power.svg")" "Letters &lt;&amp;&gt; reminders" "names are escaped"
"$PILOT" power "$T/letters.yaml" --format csv >"$T/one"
"$PILOT" power "$T/letters.yaml" --output "$T/two.csv"
same "$T/one" "$T/two.csv" "a file's name tells its format"
"$PILOT" power - <"$T/letters.yaml" --format csv >"$T/three"
same "$T/one" "$T/three" "a plan from standard input"
try "$PILOT" power --help
like "$out" "simulate N" "help"
like "$("$PILOT" help --completion)" "power\) words=. --units --effect" "completion"
like "$("$PILOT" help --man)" "pilot power PLAN.yaml" "manual"
is "$(ls -d "$DIR" 2>/dev/null)" "" "no database was made"

# ---- simulation ----------------------------------------------------------------------------------
try "$PILOT" power "$T/letters.yaml" --simulate 200 --format csv
well "simulated pilots"
cp "$T/out" "$T/first"
is "$(column simulations 1)" 200 "as many as were asked for"
ok "$(awk -v a="$(column power 1)" -v b="$(column power_simulated 1)" 'BEGIN { print !(a - b < 0.15 && b - a < 0.15) }')" \
    "they agree with the formula"
"$PILOT" power "$T/letters.yaml" --simulate 200 --format csv >"$T/again"
same "$T/first" "$T/again" "the same seed gives the same numbers"
sed 's/^seed: 7/seed: 8/' "$T/letters.yaml" >"$T/other.yaml"
"$PILOT" power "$T/other.yaml" --simulate 200 --format csv >"$T/other"
ok "$(cmp -s "$T/first" "$T/other"; echo $((1 - $?)))" "another seed gives others"
sed 's/^power:/power:\n  simulations: 50/' "$T/letters.yaml" >"$T/plan50.yaml"
try "$PILOT" power "$T/plan50.yaml" --format csv
is "$(column simulations 1)" 50 "the plan may ask for them"
fails 2 "no outcome has an effect" "simulations without an effect" "$PILOT" power "$T/two.yaml" --units 50 --simulate 10
fails 2 "more than can be drawn" "too many units to draw" \
    "$PILOT" power "$T/two.yaml" --units 1000000000 --effect 1 --simulate 10
for moment in 0.05 0.5; do
    setsid "$PILOT" power "$T/letters.yaml" --simulate 1000000 --output "$T/never.csv" >"$T/out" 2>"$T/err" &
    job=$!
    sleep $moment
    pid=$(pgrep -f -- "power $T/letters.yaml --simulate 1000000" | head -1)
    heeds_interrupt "$pid"
    begun=$(date +%s%N)
    kill -INT "$pid"
    wait $job
    is $? 130 "Ctrl-C after $moment s: exit status 130"
    ok "$([ $((($(date +%s%N) - begun) / 1000000)) -lt 5000 ]; echo $?)" "Ctrl-C after $moment s: ends at once"
    is "$(ls "$T" | grep -c never)" 0 "Ctrl-C after $moment s: no half-written output"
done

# ---- wrong input ---------------------------------------------------------------------------------
bad() { # pattern, name, plan, sed expression
    with "$3" "$4"
    fails 2 "$1" "$2" "$PILOT" power "$T/bad.yaml"
}
fails 2 "usage: pilot power" "no plan" "$PILOT" power
fails 2 "nothing.yaml" "a plan that is not there" "$PILOT" power "$T/nothing.yaml"
fails 2 "too many" "two plans" "$PILOT" power "$T/two.yaml" "$T/two.yaml"
fails 2 "neither a size of the pilot nor an effect" "neither size nor effect" "$PILOT" power "$T/two.yaml"
fails 2 "'-1' is not a number above 0" "an effect below 0" "$PILOT" power "$T/two.yaml" --effect -1
fails 2 "'x' is not a number above 0" "an effect that is no number" "$PILOT" power "$T/two.yaml" --effect x
fails 2 "out of its range" "a share above 1" "$PILOT" power "$T/letters.yaml" --effect 0.5
fails 2 "'1' is not a number between 0 and 1" "certainty" "$PILOT" power "$T/two.yaml" --effect 1 --power 1
fails 2 "is not above 0.05" "less power than without an effect" "$PILOT" power "$T/two.yaml" --effect 1 --power 0.05
fails 2 "fewer than the 8 agencies" "fewer units than agencies" "$PILOT" power "$T/letters.yaml" --units 7
fails 2 "--units: '0'" "no units" "$PILOT" power "$T/two.yaml" --units 0
fails 2 "--simulate: '0'" "no simulations" "$PILOT" power "$T/two.yaml" --effect 1 --simulate 0
fails 2 "cannot write .*none" "a picture that cannot be written" \
    "$PILOT" power "$T/two.yaml" --effect 1 --svg "$T/none/x.svg"
bad 'bad.yaml:[0-9]+:[0-9]+: unknown key .unitz.' "an unknown key" letters 's/units: 2400/unitz: 2400/'
bad 'bad.yaml:[0-9]+:[0-9]+: power.icc: the plan has no clusters' "clusters that the plan lacks" letters 's/attrition: 0.1/icc: 0.1/'
bad 'power.icc is missing' "clusters without a likeness" schools 's/icc: 0.1, //'
bad 'power.cluster_size is missing' "clusters without a size" schools 's/clusters: 40, cluster_size: 25, //'
bad 'power.outcomes.reading.mean is missing' "a count without a mean" schools 's/type: continuous/type: count/; s/sd: 30/sd: 3/'
finish
