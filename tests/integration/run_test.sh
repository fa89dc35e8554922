#!/bin/bash
# `pilot run`: the same numbers whatever the workers, the second time, and step by step.
. "$(dirname "$0")/common.sh"

VIEWS="effects comparison agencies quality submissions"
# Everything but what names the analysis or the moment.
results() { # DIR, file's stem
    for view in effects comparison agencies quality; do
        "$PILOT" results star_kindergarten --dir "$1" --view $view --format csv 2>>"$T/log" |
            cut -d, -f1,3- >"$2.$view"
    done
}

try "$PILOT" run "$PLAN" "$DATA" --dir "$DIR" --workers 1
well "run ends well with one worker"
like "$out" "reading: small - regular" "prints the comparison"
like "$err" "79 agencies, 6325 rows" "says what it analyses on stderr"
like "$err" "results star_kindergarten --dir .* --view effects" "says where to look further"
is "$(($(wc -L <"$T/out") <= 80))" 1 "the table fits 80 columns"
is "$(grep -c "$(printf '\033')" "$T/err")" 0 "no terminal control on stderr when it is no terminal"
results "$DIR" "$T/one"
is "$(wc -l <"$T/one.effects")" "$(sort -u "$T/one.effects" | wc -l)" "no effect stands twice"
ok "$([ "$(wc -l <"$T/one.effects")" -gt 600 ]; echo $?)" "effects of 79 schools are there"
is "$(grep -c ',true,' "$T/one.comparison")" 16 "one headline a contrast, estimator, subgroup and gap"

try "$PILOT" run "$PLAN" "$DATA" --dir "$DIR" --workers 1
well "a second run ends well"
results "$DIR" "$T/again"
for view in effects comparison agencies quality; do
    same "$T/one.$view" "$T/again.$view" "a second run: the same $view, byte for byte"
done
is "$("$PILOT" results star_kindergarten --dir "$DIR" --view submissions --format csv 2>/dev/null |
    grep -c ',accepted,')" 79 "the same data is stored once"

for workers in 2 7; do
    try "$PILOT" run "$PLAN" "$DATA" --dir "$T/w$workers" --workers $workers
    well "run ends well with $workers workers"
    results "$T/w$workers" "$T/w"
    for view in effects comparison agencies quality; do
        same "$T/one.$view" "$T/w.$view" "$workers workers: the same $view, byte for byte"
    done
done

# Step by step in a fresh directory; the rows of the file in another order.
(head -1 "$DATA"; tail -n +2 "$DATA" | tac) >"$T/reversed.csv"
try "$PILOT" register "$PLAN" --dir "$T/steps"
well "register"
like "$out" '^[0-9a-f]{64}$' "register prints the plan's hash and nothing else"
try "$PILOT" submit star_kindergarten "$T/reversed.csv" --dir "$T/steps"
well "submit"
try "$PILOT" launch star_kindergarten --dir "$T/steps"
is "$out" 1 "launch prints the analysis and nothing else"
like "$err" "queued; run .pilot up" "launch says that it is only queued"
try "$PILOT" launch star_kindergarten --dir "$T/steps" --follow --workers 2
well "launch --follow computes"
results "$T/steps" "$T/steps-results"
for view in effects comparison agencies quality; do
    same "$T/one.$view" "$T/steps-results.$view" "step by step, other order of rows: the same $view"
done

# Agencies that the plan expects and that did not come.
(cat "$PLAN"; printf 'agencies: [{name: 11}, {name: nowhere}]\n') >"$T/expects.yaml"
try "$PILOT" run "$PLAN" "$DATA" --dir "$T/steps" --view moderators
like "$err" "no rows in moderators" "a view that the plan asks nothing of says so"
try "$PILOT" run "$T/expects.yaml" "$DATA" --dir "$T/steps"
like "$err" "no data of 1 agency that the plan lists: nowhere" "an expected agency without data is told"

# Two at once on one directory.
"$PILOT" run "$PLAN" "$DATA" --dir "$DIR" --workers 1 --format csv --output "$T/a.csv" 2>"$T/a.err" &
first=$!
"$PILOT" run "$PLAN" "$DATA" --dir "$DIR" --workers 1 --format csv --output "$T/b.csv" 2>"$T/b.err"
is $? 0 "of two at once, one ends well"
wait $first
is $? 0 "and the other"
cut -d, -f1,3- "$T/a.csv" >"$T/a.cut"
cut -d, -f1,3- "$T/b.csv" >"$T/b.cut"
same "$T/a.cut" "$T/one.comparison" "the first has the right numbers"
same "$T/b.cut" "$T/one.comparison" "so has the second"

# On a terminal.
if command -v script >"$T/log"; then
    script -qec "'$PILOT' run '$PLAN' '$DATA' --dir '$DIR'" /dev/null </dev/null >"$T/terminal"
    is $? 0 "run ends well on a terminal"
    like "$(cat "$T/terminal")" "planning|jobs" "and shows progress there"
    is "$(tail -1 "$T/terminal" | grep -c 'pilot.* status')" 1 "which it wipes away"
fi

# Nothing left behind.
is "$(processes_of_test)" "" "no process is left"
finish
