#!/bin/bash
# How many sessions each program holds, and under which names, as docs/operations/server.md says.
. "$(dirname "$0")/server.sh"
sql "CREATE ROLE operator LOGIN SUPERUSER" >"$T/log"
database="host=$PG_HOME user=operator dbname=postgres"
try "$PILOT" init --db "$database"
well "init"

# The most sessions at one time, by name, while the command runs: "name count" a line in $T/most.
watch() {
    while :; do
        sql "SELECT application_name, count(*) FROM pg_stat_activity WHERE usename = 'operator' GROUP BY 1" >>"$T/seen"
        sleep 0.02
    done
}
most() { # command...
    : >"$T/seen"
    watch 2>/dev/null &
    local watcher=$!
    try "$@"
    kill "$watcher"
    wait "$watcher" 2>/dev/null
    sort -t'|' -k1,1 -k2,2nr "$T/seen" | sort -t'|' -u -k1,1 | tr '\n' ' ' >"$T/most"
}
export PILOT_DEBUG_POINT=sleep_in_job_ms=50
most "$PILOT" run "$PLAN" "$DATA" --db "$database" --workers 2 --format csv
well "run"
is "$(cat "$T/most")" "pilot|1 pilot-coordinator lease|1 pilot-coordinator planner|1 pilot-coordinator releaser|1 pilot-coordinator writer|1 pilot-worker|2 " \
    "a run with two workers: one session, four, and one a worker"
unset PILOT_DEBUG_POINT
make_large 6
most "$PILOT" submit star_kindergarten "$DATA" --db "$database"
well "submit the same"
most "$PILOT" run "$T/large.yaml" "$T/large.csv" --db "$database" --workers 1 --format csv
well "run a larger one"
is "$(cat "$T/most")" "pilot|1 pilot-coordinator lease|1 pilot-coordinator planner|1 pilot-coordinator releaser|1 pilot-coordinator writer|1 pilot-worker|1 " \
    "the size of the data does not matter"

# Daemons at rest, and at work.
"$BUILD/pilot-coordinator" --bind "ipc://$T/farm.sock" --db "$database" 2>"$T/coordinator.log" &
coordinator=$!
for _ in $(seq 100); do
    [ "$(sql "SELECT count(*) FROM pg_stat_activity WHERE usename = 'operator'")" -ge 2 ] && break
    sleep 0.1
done
"$BUILD/pilot-worker" --threads 4 --connect "ipc://$T/farm.sock" --db "$database" 2>"$T/worker.log" &
worker=$!
sleep 1
is "$(sql "SELECT count(*) FILTER (WHERE application_name LIKE 'pilot-coordinator %'), count(*) FILTER (WHERE application_name = 'pilot-worker')
    FROM pg_stat_activity WHERE usename = 'operator'")" "2|0" "a coordinator at rest holds two sessions; a worker without jobs none"
"$BUILD/pilot-coordinator" --bind "ipc://$T/standby.sock" --db "$database" 2>"$T/standby.log" &
standby=$!
sleep 1
is "$(sql "SELECT application_name, count(*) FROM pg_stat_activity WHERE usename = 'operator' GROUP BY 1 ORDER BY 1" | tr '\n' ' ')" \
    "pilot-coordinator lease|2 pilot-coordinator planner|1 " "one that waits for its turn holds one"
most "$PILOT" launch large --follow --db "$database"
well "an analysis"
workers=$(tr ' ' '\n' <"$T/most" | sed -n 's/^pilot-worker|//p')
[ "${workers:-0}" -ge 1 ] && [ "${workers:-0}" -le 4 ]
ok $? "a worker of four threads at work holds at most four (${workers:-0})"
is "$(grep -o 'pilot-coordinator writer|.' "$T/most")" "pilot-coordinator writer|1" "a coordinator that stores results has its third"
is "$(sql "SELECT count(*) FROM pg_stat_activity WHERE usename = 'operator' AND state LIKE 'idle in transaction%'")" 0 \
    "none waits in a transaction"
kill "$worker" "$coordinator" "$standby"
wait "$worker" "$coordinator" "$standby"
is "$(sql "SELECT count(*) FROM pg_stat_activity WHERE usename = 'operator'")" 0 "all are gone in the end"

# A server that is full says so.
sql "ALTER ROLE operator NOSUPERUSER CONNECTION LIMIT 0" >"$T/log"
fails 4 "too many connections for role \"operator\": try again later, or have max_connections raised" \
    "no session left" "$PILOT" status --db "$database"
finish
