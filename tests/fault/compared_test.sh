#!/usr/bin/env bash
# The job that compares agencies is given up: its rows say so, a retry mends it.
. "$(dirname "$0")/common.sh"
python3 tests/harness/star_attributes.py "$PLAN" "$DATA" >"$T/compared.yaml"
"$PILOT" register "$T/compared.yaml" --db "$CONNINFO" >"$T/register.log" 2>&1
ok $? "a plan that compares schools by attributes is registered"
undisturbed
calm=$analysis
is "$(sql "SELECT count(*) > 100 FROM work.moderators WHERE analysis = $calm")" t "moderators are among its rows"

# Job numbers of the next analysis go on from here, in the same order.
poison=$(sql "SELECT (SELECT max(job) FROM work.jobs) + j.job - (SELECT min(job) - 1 FROM work.jobs
    WHERE analysis = $calm) FROM work.jobs j WHERE analysis = $calm AND kind = 5")
coordinator coordinator "$ENDPOINT"
start supervisor respawn "die_in_job=$poison"
supervisor=$started
analysis=$(launch)
until_true 60 state_is "$analysis" failed
ok $? "an analysis without it ends as failed"
touch "$T/enough"
end_softly "$supervisor"
for table in "comparisons 4" "averages 8" "distribution 12" "moderators 4"; do
    set -- $table
    is "$(sql "SELECT count(*) || ' ' || string_agg(DISTINCT status || ' ' || reason, ',') FROM work.$1
        WHERE analysis = $analysis")" "$2 job_failed job_failed" "rows of $1 stand for the lost ones, whole sample alone"
done
is "$(sql "SELECT count(*) FROM work.agency_effects WHERE analysis = $analysis")" 0 "no agency is ranked"
is "$(sql "SELECT count(*) FROM work.effects WHERE analysis = $analysis AND status = 'job_failed'")" 0 \
    "no effect is lost with it"
is "$(sql "SELECT count(*) FROM dashboard.releases WHERE analysis = $analysis")" 0 "nothing of it is released"
worker healthy
"$PILOT" retry "$analysis" --db "$CONNINFO" >"$T/retry" 2>&1
same_as_undisturbed "$analysis"
finish
