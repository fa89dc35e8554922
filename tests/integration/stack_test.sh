#!/bin/bash
# `pilot up` and `pilot down`; steering of analyses.
. "$(dirname "$0")/common.sh"

try "$PILOT" down --dir "$DIR"
well "down where there is nothing is fine"
ok "$([ ! -e "$DIR" ]; echo $?)" "and makes nothing"
try "$PILOT" up --dir "$DIR" --workers 2
well "up"
like "$err" "up with 2 workers" "says so"
try "$PILOT" up --dir "$DIR" --workers 2
well "up a second time is fine"
like "$err" "already up with 2 workers" "and says so"
ok "$([ "$(processes_of_test | grep -c '[p]ilot-\|[p]ostgres -D')" -ge 4 ]; echo $?)" "database, coordinator and workers run"
is "$(ls "$DIR/log" | grep -Ec 'coordinator.log|worker-[12].log')" 3 "logs lie in DIR/log"
try "$PILOT" register "$PLAN" --dir "$DIR"
try "$PILOT" submit star_kindergarten "$DATA" --dir "$DIR"
well "submit"
try "$PILOT" launch star_kindergarten --dir "$DIR"
is "$out" 1 "launch prints the number"
is "$err" "" "and nothing else: it is being computed"
for _ in $(seq 1 300); do
    state=$("$PILOT" status 1 --dir "$DIR" 2>"$T/log" | awk '$1 == "state" { print $2 }')
    [ "$state" = "done" ] && break
    sleep 0.2
done
is "$state" "done" "the background stack computes it"
try "$PILOT" launch star_kindergarten --dir "$DIR" --follow --exploratory "a second look"
well "launch --follow waits for it"
try "$PILOT" status 2 --dir "$DIR"
like "$out" 'confirmatory +no' "it is exploratory"
like "$out" 'a second look' "and says why"
try "$PILOT" run "$PLAN" "$DATA" --dir "$DIR"
well "run uses what is up"
is "$(grep -c 'not confirmatory' <<<"$err")" 0 "a plan that came before the data is confirmatory"
try "$PILOT" status --dir "$DIR"
is "$(grep -c ' done ' <<<"$out")" 3 "status lists three that are done"
is "$(awk 'length > 80' "$T/out" | wc -l)" 0 "within 80 columns"
try "$PILOT" jobs 1 --dir "$DIR"
well "jobs"
is "$(grep -Ec ' stored ' <<<"$out")" "$(($(wc -l <<<"$out") - 1))" "all are stored"
try "$PILOT" jobs 1 --sql --dir "$DIR"
like "$out" 'FROM outcomes.star_kindergarten' "jobs --sql tells what a job reads"
fails 2 "already ended" "cancel what has ended" "$PILOT" cancel 1 --dir "$DIR"
fails 2 "nothing to retry" "retry what has succeeded" "$PILOT" retry 1 --dir "$DIR"
try "$PILOT" down --dir "$DIR"
well "down"
is "$(processes_of_test)" "" "nothing is left running"
try "$PILOT" launch star_kindergarten --dir "$DIR"
like "$err" "queued" "without up it is queued"
try "$PILOT" cancel 4 --dir "$DIR"
well "cancel what is queued"
try "$PILOT" status 4 --dir "$DIR"
like "$out" 'state +cancelled' "it is cancelled"
try "$PILOT" retry 4 --dir "$DIR"
well "retry takes it up again"
try "$PILOT" up --dir "$DIR" --workers 1
for _ in $(seq 1 300); do
    state=$("$PILOT" status 4 --dir "$DIR" 2>"$T/log" | awk '$1 == "state" { print $2 }')
    [ "$state" = "done" ] && break
    sleep 0.2
done
is "$state" "done" "and the stack computes it"
fails 2 "embedded" "up with a server" "$PILOT" up --db dbname=x
sed 's/^title: .*/title: Thought of later/' "$PLAN" >"$T/later.yaml"
try "$PILOT" register "$T/later.yaml" --dir "$DIR"
try "$PILOT" launch star_kindergarten --dir "$DIR"
like "$err" 'not confirmatory: plan version [0-9]+ was registered after' "a plan that came after the data is told to be exploratory"
finish
