#!/usr/bin/env bash
# Cancelled in the middle, then taken up again; and the coordinator drained in the middle.
. "$(dirname "$0")/common.sh"
undisturbed

coordinator coordinator "$ENDPOINT"
coordinator=$started
worker worker-a sleep_in_job_ms=500
analysis=$(launch)
until_true 30 stored_at_least "$analysis" 1
"$PILOT" cancel "$analysis" --db "$CONNINFO" >"$T/cancel" 2>&1
ok $? "pilot cancel is taken"
until_true 30 state_is "$analysis" cancelled
ok $? "the analysis ends as cancelled"
sleep 1.2 # results that are still on their way
stored=$(sql "SELECT count(*) FROM work.job_results JOIN work.jobs USING (job) WHERE analysis = $analysis")
ok "$((stored >= $(sql "SELECT count(*) FROM work.jobs WHERE analysis = $analysis")))" \
    "its last jobs were not computed ($stored were)"
"$PILOT" retry "$analysis" --db "$CONNINFO" >"$T/retry" 2>&1
ok $? "pilot retry takes it up"
same_as_undisturbed "$analysis"

# SIGTERM in the middle: what is under way is stored, the lease is free, a successor goes on.
analysis=$(launch)
until_true 30 stored_at_least "$analysis" 1
end_softly "$coordinator"
is "$ended" 0 "a coordinator drains in the middle of an analysis"
is "$(sql "SELECT holder IS NULL FROM work.lease")" t "and gives its lease back"
coordinator successor "$ENDPOINT"
same_as_undisturbed "$analysis"
is "$(sql "SELECT count(*) FROM work.failures")" 0 "none of this was a failure of a job"
finish
