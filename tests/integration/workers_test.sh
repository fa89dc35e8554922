#!/bin/bash
# Children of `pilot run` that die: a worker is replaced and the numbers stay, a coordinator's death
# is told; kill -9 of `pilot` itself leaves no child.
. "$(dirname "$0")/common.sh"

child() { # program: the pid of one that this test started
    for pid in $(pgrep -x "${1:0:15}"); do
        tr '\0' '\n' 2>/dev/null <"/proc/$pid/environ" | grep -qx "PILOT_TEST_MARK=$T" && echo "$pid" &&
            return
    done
    return 1
}
await_child() {
    for _ in $(seq 3000); do
        child "$1" && return
        sleep 0.01
    done
    return 1
}

make_large
large() {
    "$PILOT" run "$T/large.yaml" "$T/large.csv" --dir "$DIR" --workers 2 --format csv --view effects "$@"
}
large >"$T/calm" 2>"$T/err"
is $? 0 "a run of 1,580 agencies"
cut -d, -f1,3- "$T/calm" >"$T/calm.csv"

for delay in 0 0.1 0.3; do
    large >"$T/stormy" 2>"$T/err" &
    job=$!
    victim=$(await_child pilot-worker)
    sleep $delay
    kill -9 "$victim"
    wait $job
    is $? 0 "a worker killed ${delay} s after its start: the run ends well"
    cut -d, -f1,3- "$T/stormy" >"$T/stormy.csv"
    same "$T/calm.csv" "$T/stormy.csv" "and its numbers are the same"
done

large >"$T/out" 2>"$T/err" &
job=$!
kill -9 "$(await_child pilot-coordinator)"
wait $job
is $? 4 "a killed coordinator: exit status 4"
like "$(cat "$T/err")" "pilot-coordinator was killed" "says so"
is "$(grep -c '^pilot: ' "$T/err")" 1 "in one line"
is "$(processes_of_test)" "" "no process is left"

setsid "$PILOT" run "$T/large.yaml" "$T/large.csv" --dir "$DIR" --workers 2 >"$T/out" 2>"$T/err" &
job=$!
await_child pilot-worker >"$T/log"
kill -9 "$(child pilot)"
wait $job 2>"$T/log"
for _ in $(seq 200); do
    processes_of_test | grep -q 'build.*/pilot' || break
    sleep 0.05
done
is "$(processes_of_test | grep -c 'build.*/pilot')" 0 "kill -9 of pilot: its children die too"
large >"$T/after" 2>"$T/err"
is $? 0 "a run afterwards ends well"
cut -d, -f1,3- "$T/after" >"$T/after.csv"
same "$T/calm.csv" "$T/after.csv" "with the same numbers"
is "$(processes_of_test)" "" "and leaves no process"
finish
