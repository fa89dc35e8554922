#!/bin/bash
# Ctrl-C at several moments of `pilot run`: at once, exit 130, nothing half-written, no process left.
. "$(dirname "$0")/common.sh"

make_large
"$PILOT" status --dir "$DIR" >"$T/log" 2>&1 # the cluster exists
for moment in 0.05 0.3 0.6 1.0 1.4 1.8; do
    setsid "$PILOT" run "$T/large.yaml" "$T/large.csv" --dir "$DIR" --workers 2 --output "$T/never.csv" \
        >"$T/out" 2>"$T/err" &
    job=$!
    sleep $moment
    pid=$(pgrep -f -- "run $T/large.yaml $T/large.csv --dir $DIR" | head -1)
    [ -n "$pid" ] && heeds_interrupt "$pid"
    begun=$(date +%s%N)
    [ -n "$pid" ] && kill -INT "$pid"
    wait $job
    status=$?
    took=$((($(date +%s%N) - begun) / 1000000))
    if [ $status -eq 0 ]; then
        ok 0 "after ${moment} s: it was already done"
        rm -f "$T/never.csv"
    else
        is $status 130 "after ${moment} s: exit status 130"
        ok "$([ $took -lt 5000 ]; echo $?)" "after ${moment} s: ends at once ($took ms)"
        is "$(ls "$T" | grep -c never)" 0 "after ${moment} s: no half-written output"
    fi
    is "$(processes_of_test)" "" "after ${moment} s: no process is left"
done
try "$PILOT" run "$PLAN" "$DATA" --dir "$DIR"
well "a run afterwards ends well"
try "$PILOT" status --dir "$DIR"
is "$(grep -Ec ' (queued|running) ' <<<"$out")" 0 "no analysis is left running"
finish
