#!/usr/bin/env bash
# PostgreSQL goes down at once in the middle and comes back.
. "$(dirname "$0")/common.sh"
undisturbed

coordinator coordinator "$ENDPOINT"
coordinator=$started
worker worker-a sleep_in_job_ms=400
worker worker-b sleep_in_job_ms=400
analysis=$(launch)
until_true 30 stored_at_least "$analysis" 1
pg_stop immediate
sleep 2.5
kill -0 "$coordinator" 2>/dev/null
ok $? "the coordinator lives on without a database, past its lease"
pg_start
same_as_undisturbed "$analysis"
is "$(sql "SELECT count(*) FROM work.failures WHERE given_up")" 0 "nothing was given up"
end_softly "$coordinator"
is "$ended" 0 "the coordinator ends in order"

pg_stop immediate
try "$BUILD/pilot-coordinator" --bind "$ENDPOINT" --db "$CONNINFO"
is "$status" 4 "without a database a coordinator does not start: exit status 4"
is "$(grep -c '^pilot-coordinator: ' "$T/err")" 1 "and says so in one line"
finish
