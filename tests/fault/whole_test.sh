#!/usr/bin/env bash
# Jobs that hold the rows of all agencies: their worker dies, they are given up, data is withdrawn.
. "$(dirname "$0")/common.sh"
sed 's/^  estimators:.*/  estimators: [difference_in_means, rank, hajek]/' \
    "$PLAN" >"$T/whole.yaml"
grep -q hajek "$T/whole.yaml" || echo "Bail out! the demo's plan has other estimators"
"$PILOT" register "$T/whole.yaml" --db "$CONNINFO" >"$T/register.log" 2>&1
ok $? "the plan with estimators of one contrast is registered"
# Curves are results too.
dump() { # ANALYSIS FILE
    for table in effects comparisons agency_effects quality curves; do
        sql "SELECT to_jsonb(t) - 'analysis' - 'job' FROM work.$table t WHERE analysis = $1
             ORDER BY to_jsonb(t) ->> 'agency' NULLS FIRST, ordinal"
    done >"$2"
}
undisturbed
calm=$analysis
is "$(sql "SELECT count(*) FROM work.jobs WHERE analysis = $calm AND kind = 6")" 1 \
    "one job holds all rows"
rows=$(sql "SELECT count(*) FROM work.effects JOIN work.jobs USING (job)
            WHERE effects.analysis = $calm AND kind = 6")
is "$rows" "$(sql "SELECT count(*) FROM work.effects WHERE analysis = $calm AND agency IS NULL
            AND estimator IN ('rank', 'hajek')")" "and gives their pooled rows"

# Job numbers of the next analysis go on from here, in the same order.
next_whole() {
    sql "SELECT (SELECT max(job) FROM work.jobs) + j.job - (SELECT min(job) - 1 FROM work.jobs
         WHERE analysis = $calm) FROM work.jobs j WHERE analysis = $calm AND kind = 6"
}

coordinator coordinator "$ENDPOINT"
worker doomed "die_in_job=$(next_whole)"
doomed=$started
analysis=$(launch)
until_true 60 grep -qs event=worker_lost "$T/coordinator.log"
ok $? "the worker dies with all rows in its hands"
wait "$doomed" 2>/dev/null
unset "running[$doomed]"
worker heir
heir=$started
same_as_undisturbed "$analysis"
# The job before it is blamed where the worker died with that job's result still to be sent.
is "$(sql "SELECT count(*) FROM work.failures JOIN work.jobs USING (job)
           WHERE analysis = $analysis")" 1 "one job failed, once"
end_softly "$heir"

# Three deaths: the rows say so, everything else is there, retry mends it.
poison=$(next_whole)
start supervisor respawn "die_in_job=$poison"
supervisor=$started
analysis=$(launch)
until_true 60 state_is "$analysis" failed
ok $? "an analysis without that job ends as failed"
touch "$T/enough"
end_softly "$supervisor"
is "$(sql "SELECT count(*) || ' ' || count(DISTINCT (outcome, arm, estimator)) || ' ' ||
           string_agg(DISTINCT estimator, ' ' ORDER BY estimator) || ' ' ||
           string_agg(DISTINCT reason, ' ') FROM work.effects
           WHERE analysis = $analysis AND status = 'job_failed' AND agency IS NULL")" \
    "8 8 hajek rank job_failed" \
    "each pooled row of its estimators says job_failed"
is "$(sql "SELECT count(*) FROM work.effects WHERE analysis = $analysis AND agency IS NOT NULL
           AND status = 'job_failed'")" 0 "agencies' rows are all there"
is "$(sql "SELECT count(*) FILTER (WHERE status = 'partial') FROM work.comparisons
           WHERE analysis = $analysis")" 0 "and compared in full"
worker healthy
healthy=$started
"$PILOT" retry "$analysis" --db "$CONNINFO" >"$T/retry" 2>&1
same_as_undisturbed "$analysis"
end_softly "$healthy"

# Data withdrawn between launch and work: no pooled number of a part of the rows.
analysis=$(launch)
gone=$(sql "SELECT submission FROM work.pins WHERE analysis = $analysis AND ordinal = 0")
sql "DELETE FROM outcomes.star_kindergarten WHERE pilot_submission = $gone;
     UPDATE registry.submissions SET state = 'withdrawn' WHERE submission = $gone"
worker last
until_true 60 state_is "$analysis" failed
ok $? "an analysis of withdrawn data fails"
is "$(sql "SELECT DISTINCT status || ' ' || reason FROM work.effects WHERE analysis = $analysis
           AND agency IS NULL AND estimator = 'rank'")" "job_failed data_withdrawn" \
    "pooled ranks say why they are not there"
is "$(sql "SELECT DISTINCT status FROM work.effects WHERE analysis = $analysis
           AND agency IS NULL AND estimator = 'difference_in_means'")" "partial" \
    "what merges from parts is given of the others, as partial"
finish
