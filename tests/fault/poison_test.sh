#!/usr/bin/env bash
# A job that kills its worker every time: given up after three, the rest goes on, retry mends it.
. "$(dirname "$0")/common.sh"
undisturbed

coordinator coordinator "$ENDPOINT"
poison=$(sql "SELECT max(job) + 1 FROM work.jobs")
start supervisor respawn "die_in_job=$poison"
supervisor=$started
analysis=$(launch)
until_true 60 state_is "$analysis" failed
ok $? "the analysis ends as failed"
is "$(sql "SELECT count(*) FROM work.failures WHERE job = $poison")" 3 "after three deaths"
is "$(sql "SELECT count(*) FILTER (WHERE given_up) || ' ' || min(reason) FROM work.failures
           WHERE job = $poison")" "1 worker_lost" "the last of which gave the job up"
lost=$(sql "SELECT count(*) FROM work.pins p JOIN work.jobs j USING (analysis)
            WHERE j.job = $poison AND p.ordinal BETWEEN j.first_pin AND j.last_pin")
# The demo lets `auto` choose: one estimate a contrast, whatever estimator it comes from.
keys=$(sql "SELECT count(DISTINCT (outcome, arm)) FROM work.effects
            WHERE analysis = $analysis AND level IS NULL AND agency IS NOT NULL")
is "$(sql "SELECT count(*) FROM work.effects WHERE analysis = $analysis AND status = 'job_failed'
           AND agency IS NOT NULL AND reason = 'job_failed' AND estimate IS NULL")" \
    $((lost * keys)) "every agency of the lost job has a row for each estimate that is missing"
ok "$(sql "SELECT (count(*) = 0)::int FROM work.effects WHERE analysis = $analysis
           AND status <> 'job_failed'")" "the others' effects are there"
"$PILOT" launch --help >"$T/help" 2>&1
touch "$T/enough"
end_softly "$supervisor"

worker healthy
"$PILOT" retry "$analysis" --db "$CONNINFO" >"$T/retry" 2>&1
ok $? "pilot retry takes it up"
same_as_undisturbed "$analysis"

# Every job is poison: nothing can be estimated, the analysis ends and says so in every row.
end_softly "$started"
rm "$T/enough"
start supervisor-of-all respawn die_on_job_number=1
supervisor=$started
analysis=$(launch)
until_true 90 state_is "$analysis" failed
ok $? "when every job kills its worker the analysis still ends"
touch "$T/enough"
is "$(sql "SELECT count(*) FILTER (WHERE status <> 'job_failed') || ' ' || count(DISTINCT agency)
           || ' ' || count(*) FILTER (WHERE agency IS NULL) FROM work.effects
           WHERE analysis = $analysis")" "0 79 $keys" \
    "with rows for every agency, and for the pooled estimates"
is "$(sql "SELECT count(*) FILTER (WHERE headline AND status = 'job_failed') || ' of ' || count(*)
           FROM work.comparisons WHERE analysis = $analysis")" "$keys of $keys" \
    "and for the comparisons"
end_softly "$supervisor"
worker healthy-again
"$PILOT" retry "$analysis" --db "$CONNINFO" >"$T/retry" 2>&1
same_as_undisturbed "$analysis"
finish
