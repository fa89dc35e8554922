#!/bin/bash
# Launch, cancel, retry: what is frozen, and what is refused.
. "$(dirname "$0")/common.sh"
use_database launch
migrate 1 "$LATEST"

# Load rows $3 (offset, row, unit, arm code, cluster code) of pilot $1, manifest $2, for its latest plan.
load() {
    cat <<SQL | try_sql
BEGIN;
SELECT load, partition FROM registry.begin_load('$1', (SELECT max(plan) FROM registry.plans
    JOIN registry.pilots USING (pilot) WHERE name = '$1')) \gset
SELECT registry.reserve_submissions(2) AS first \gset
INSERT INTO outcomes.:"partition" (pilot_submission, pilot_row, pilot_unit, pilot_arm, pilot_cluster)
    SELECT :first + s, r, u, a, c FROM (VALUES $3) AS v (s, r, u, a, c);
SELECT count(*) FROM registry.seal_load(:load, (
    SELECT jsonb_agg(jsonb_set(e, '{submission}', to_jsonb(:first + (e ->> 'submission')::int)))
    FROM jsonb_array_elements(\$json\$[$2]\$json\$) AS e));
COMMIT;
SQL
}
launch() { echo "SELECT work.launch($1)" | try_sql; }
FILLED='["pilot_unit","pilot_arm","pilot_cluster"]'
LABELS='{"pilot_arm":["c","t"],"pilot_cluster":["k1","k2"]}'
SWAPPED='{"pilot_arm":["t","c"],"pilot_cluster":["k2","k1"]}'
BOTH="$(entry 0 b 2 "$FILLED" "$LABELS"), $(entry 1 B 1 "$FILLED" "$SWAPPED" "${HASH//a/b}")"
ROWS="(0, 1, 'u1', 0::int2, 0), (0, 2, 'u2', 1, 1), (1, 3, 'u3', 0, 0)"

is "$(launch "'p'")" \
    'PL001 there is no pilot "p"; register its plan first (pilot register PLAN.yaml)' \
    "an unknown pilot is named"
register p '{pilot_unit,pilot_arm,pilot_cluster}' '{text,int2,int4}' >/dev/null
is "$(launch "'p'")" \
    'PL002 pilot "p" has no accepted data to analyse; submit some first (pilot submit)' \
    "a pilot without data cannot be launched"
is "$(load p "$BOTH" "$ROWS")" 2 "data is loaded"
is "$(launch "'p'")" 1 "an analysis is launched"
is "$(sql "SELECT ordinal, agency, rows FROM work.pins WHERE analysis = 1 ORDER BY ordinal")" \
    "$(printf '0|B|1\n1|b|2')" "it pins every agency, in byte order"
want=$(printf '1:B:%s\n1:b:%s\n' "${HASH//a/b}" "$HASH" | sha256sum | cut -d' ' -f1)
is "$(sql "SELECT state, confirmatory, data_sha256, launched_by FROM results.analyses")" \
    "queued|t|$want|postgres" "its data is named by a hash over agencies and their content"
is "$(launch "'p', ARRAY[1048576], 'to see'")" 2 "one submission alone can be analysed"
is "$(sql "SELECT string_agg(agency, ' ') FROM work.pins WHERE analysis = 2")" b "it alone is pinned"
is "$(sql "SELECT confirmatory, exploratory_reason FROM work.analyses WHERE analysis = 2")" \
    "f|to see" "with a reason it is exploratory"
is "$(launch "'p', ARRAY[1048576, 99]")" \
    'PL005 a submission to be analysed is not there or was withdrawn' \
    "a submission that is not there is refused"
is "$(load p "$(entry 0 b 1 "$FILLED" "$LABELS" "${HASH//a/c}")" "(0, 1, 'u1', 0::int2, 0)")" 1 \
    "an agency's revision is loaded"
launch "'p'" >/dev/null
is "$(sql "SELECT string_agg(agency || rows, ' ' ORDER BY ordinal) FROM work.pins n
    WHERE analysis = (SELECT max(analysis) FROM work.analyses)")" "B1 b1" \
    "the next analysis takes the revision"
is "$(launch "'p', ARRAY[1048576]" | grep -c PL)" 0 "a superseded submission can still be analysed"
sql "UPDATE registry.submissions SET state = 'withdrawn' WHERE submission = 1048576"
is "$(launch "'p', ARRAY[1048576]")" \
    'PL002 pilot "p" has no accepted data to analyse; submit some first (pilot submit)' \
    "a withdrawn one cannot"
sql "UPDATE registry.submissions SET state = 'superseded' WHERE submission = 1048576" # analysis 2 is retried below

register p '{pilot_unit,pilot_arm,pilot_cluster,y,z}' '{text,int2,int4,float8,float8}' '' \
    "${HASH//a/d}" >/dev/null
is "$(launch "'p'")" \
    'PL002 these agencies must submit again, with the columns that the plan needs: B (y, z), b (y, z)' \
    "agencies that lack a column are listed with it"
is "$(sql "SELECT work.short_list(array_agg('agency ' || i)) FROM generate_series(1, 20) AS i")" \
    "agency 1, agency 2, agency 3, agency 4, agency 5, agency 6, agency 7, agency 8 and 12 more" \
    "a long list is cut"
register p '{pilot_unit,pilot_arm,pilot_cluster}' '{text,int2,int4}' >/dev/null
number=$(launch "'p'")
is "$(sql "SELECT confirmatory, plan_version, not_confirmatory FROM results.analyses
    WHERE analysis = $number")" "t|3|" \
    "the plan in force when data came, registered again unchanged, is still confirmatory"
register p '{pilot_unit,pilot_arm,pilot_cluster}' '{text,int2,int4}' ', "title": "new"' \
    "${HASH//a/e}" >/dev/null
number=$(launch "'p'")
is "$(sql "SELECT confirmatory, plan_version, not_confirmatory FROM results.analyses
    WHERE analysis = $number")" "f|4|plan version 4 was registered after data had arrived" \
    "a plan that came after the first data is not confirmatory"
number=$(launch "'p', NULL, E'a\\nlook'")
is "$(sql "SELECT not_confirmatory FROM results.analyses WHERE analysis = $number")" \
    "exploratory: a look; plan version 4 was registered after data had arrived" "both reasons are told"
register p '{pilot_unit,pilot_arm,pilot_cluster}' '{text,int2,int4}' ', "title": "x"' >/dev/null
number=$(launch "'p'")
is "$(sql "SELECT confirmatory FROM results.analyses WHERE analysis = $number")" "f" \
    "the hash of the plan in force with another content is not that plan"
is "$(try_sql <<<"UPDATE work.analyses SET confirmatory = true, not_confirmatory = NULL
    WHERE analysis = $number")" "PL003 what an analysis has frozen does not change" \
    "no analysis becomes confirmatory later"
is "$(try_sql <<<"UPDATE registry.plans SET submissions_before = 0")" \
    "PL003 a registered plan does not change; register another version" "nor does a plan become early"
is "$(sql "SELECT plan_version, submissions_before, locked_by, in_force FROM results.plans
    WHERE pilot = 'p'")" "$(printf '1|0|1|t\n2|3||f\n3|3||f\n4|3||f\n5|3||f')" \
    "results.plans tells which version was locked, and what had come before each"

# ---- level across ----------------------------------------------------------------------------------
ACROSS=', "columns": {"unit": "id"}, "analysis": {"level": "across"}'
register q '{pilot_unit,pilot_arm,pilot_cluster}' '{text,int2,int4}' "$ACROSS" >/dev/null
load q "$BOTH" "(0, 1, 'u1', 0::int2, 0), (0, 2, 'u2', 1, 1), (1, 3, 'u3', 0, 0)" >/dev/null
is "$(launch "'q'" | grep -c PL)" 0 "across: clusters that keep their arm by label are taken"
load q "$BOTH" "(0, 1, 'u1', 0::int2, 0), (0, 2, 'u2', 1, 1), (1, 3, 'u3', 1, 0)" >/dev/null
is "$(launch "'q'")" \
    'PL002 at level across a label means one cluster in all agencies, and clusters of two arms share a label (labels: 1); make labels differ' \
    "across: a cluster in two arms of two agencies is refused"
load q "$BOTH" "(0, 1, 'u1', 0::int2, 0), (0, 2, 'u2', 1, 1), (1, 3, 'u2', 0, 0)" >/dev/null
is "$(launch "'q'")" \
    'PL002 at level across a unit belongs to one agency, and 1 of them stand in more than one' \
    "across: a unit in two agencies is refused"
register r '{pilot_unit,pilot_arm}' '{text,int2}' "$ACROSS" >/dev/null
sql "ALTER TABLE outcomes.r ADD pilot_cluster int"
load r "$(entry 0 b 2 '["pilot_unit","pilot_arm"]' "$LABELS"), \
    $(entry 1 B 1 '["pilot_unit","pilot_arm"]' "$LABELS")" \
    "(0, 1, 'u1', 0::int2, 0), (0, 2, 'u2', 1, 1), (1, 3, 'u3', 1, 0)" >/dev/null
is "$(launch "'r'")" \
    'PL002 at level across without a cluster column whole agencies are in one arm; these have more than one (name the cluster column, or use level agency): b' \
    "across: an agency in two arms is named"

# ---- cancel and retry ------------------------------------------------------------------------------
is "$(echo "SELECT work.cancel(999)" | try_sql)" \
    'PL001 there is no analysis 999; pilot status lists them' "an unknown analysis is named"
sql "SELECT work.cancel(1)" >/dev/null
is "$(sql "SELECT state, finished_at IS NOT NULL FROM work.analyses WHERE analysis = 1")" \
    "cancelled|t" "a queued analysis is cancelled at once"
is "$(echo "SELECT work.cancel(1)" | try_sql)" 'PL003 analysis 1 has already ended (cancelled)' \
    "an ended one cannot be cancelled"
sql "UPDATE work.lease SET expires_at = now() + interval '1 hour';
    UPDATE work.analyses SET state = 'running' WHERE analysis = 2; SELECT work.cancel(2)" >/dev/null
is "$(sql "SELECT state, cancel_requested FROM work.analyses WHERE analysis = 2")" "running|t" \
    "a running one is asked to end"
is "$(echo "SELECT work.retry(2)" | try_sql)" 'PL003 analysis 2 is running and has nothing to retry' \
    "a running one cannot be retried"
sql "UPDATE work.lease SET expires_at = NULL; UPDATE work.analyses SET state = 'running'
    WHERE analysis = 3; SELECT work.cancel(3)" >/dev/null
is "$(sql "SELECT state FROM work.analyses WHERE analysis = 3")" "cancelled" \
    "without a coordinator it is cancelled at once"
sql "INSERT INTO work.jobs (analysis, kind, stage) VALUES (2, 1, 0), (2, 1, 0), (2, 2, 1), (2, 5, 1);
    INSERT INTO work.job_results (job, digest, epoch) VALUES (1, 'x', 1), (3, 'x', 1), (4, 'x', 1);
    INSERT INTO work.effects (analysis, job, ordinal, agency, outcome, arm, control, estimand,
        estimator, status) VALUES (2, 1, 0, 'a', 'y', 't', 'c', 'itt', 'ols', 'ok'),
        (2, 2, 0, 'b', 'y', 't', 'c', 'itt', 'ols', 'job_failed'),
        (2, 3, 0, NULL, 'y', 't', 'c', 'itt', 'ols', 'partial');
    INSERT INTO work.comparisons (analysis, job, ordinal, outcome, arm, control, estimand, estimator,
        method, test, k, headline, status) VALUES (2, 4, 0, 'y', 't', 'c', 'itt', 'ols', 'reml', 'knha', 1, true, 'ok');
    INSERT INTO work.agency_effects (analysis, job, ordinal, agency, outcome, arm, control, estimand,
        estimator, status) VALUES (2, 4, 0, 'a', 'y', 't', 'c', 'itt', 'ols', 'ok');
    UPDATE work.analyses SET state = 'failed', finished_at = now() WHERE analysis = 2;
    SELECT work.retry(2)" >/dev/null
is "$(sql "SELECT state, retries, cancel_requested, finished_at FROM work.analyses WHERE analysis = 2")" \
    "queued|1|f|" "a failed analysis is queued again"
is "$(sql "SELECT string_agg(job::text, ' ') FROM work.job_results")" "1" \
    "results of jobs before the failed one are kept, later ones go"
is "$(sql "SELECT string_agg(status, ' ') FROM work.effects")" "ok" "so do their rows"
is "$(sql "SELECT count(*) FROM work.comparisons")" 0 "and comparisons"
is "$(sql "SELECT count(*) FROM work.agency_effects")" 0 "and agencies' rows"
finish
