#!/bin/bash
# The result views have the contract's columns, in its order; only `ordinal` (and a
# curve's `point`) is added, at the end.
. "$(dirname "$0")/common.sh"
use_database views
migrate 1 "$LATEST"

columns_are() { # view, columns parted by blanks
    local got
    got=$(sql "SELECT string_agg(attname, ' ' ORDER BY attnum) FROM pg_attribute
        WHERE attrelid = 'results.$1'::regclass AND attnum > 0")
    got=${got% point}
    is "${got% ordinal}" "$2" "results.$1 has the contract's columns"
}

effects="pilot analysis scope agency outcome subgroup level arm control estimand estimator parameter"
effects+=" std_error_type estimate std_error df statistic p_value ci_low ci_high p_randomization"
effects+=" p_randomization_mcse ci_randomization_low ci_randomization_high p_adjusted adjustment"
effects+=" control_mean n n_arm n_control clusters blocks status reason detail"
comparisons="pilot analysis outcome subgroup level arm control estimand estimator parameter method"
comparisons+=" test k estimate std_error df statistic p_value ci_low ci_high pi_low pi_high tau2"
comparisons+=" tau2_low tau2_high q q_df q_p_value i2 h2 headline status reason detail"
agencies="pilot analysis outcome subgroup level arm control estimand estimator parameter agency"
agencies+=" estimate std_error eb_estimate eb_std_error weight rank rank_low rank_high"
agencies+=" leave_one_out_estimate status reason"
quality="pilot analysis agency check arm variable value statistic df p_value alarm detail"
analyses="analysis pilot plan_version state confirmatory data_state plan_sha256 data_sha256"
analyses+=" software_version cpu_class launched_by launched_at finished_at jobs jobs_done jobs_failed"
curves="pilot analysis scope agency outcome subgroup level arm curve x y std_error ci_low ci_high"
curves+=" at_risk events detail"
submissions="pilot agency revision state rows content_sha256 file_sha256 submitted_by submitted_at"

for prefix in "" latest_; do
    columns_are "${prefix}analyses" "$analyses"
    columns_are "${prefix}effects" "$effects"
    columns_are "${prefix}comparisons" "$comparisons"
    columns_are "${prefix}agencies" "$agencies"
    columns_are "${prefix}quality" "$quality"
    columns_are "${prefix}curves" "$curves"
    columns_are "${prefix}submissions" "$submissions"
done

# Analyses 1 (done, confirmatory), 2 (done, exploratory), 3 (running), 4 (done, confirmatory).
sql "INSERT INTO registry.pilots (name) VALUES ('p');
    INSERT INTO registry.plans (pilot, version, sha256, json, source, columns)
        VALUES (1, 1, repeat('a', 64), '{}', 'x', '{}');
    INSERT INTO registry.agencies (pilot, name) VALUES (1, 'b'), (1, 'B');
    INSERT INTO registry.loads (pilot, plan, state) VALUES (1, 1, 'sealed');
    INSERT INTO registry.submissions (submission, agency, load, revision, state, rows)
        VALUES (1, 1, 1, 1, 'superseded', 5), (2, 1, 1, 2, 'accepted', 6), (3, 2, 1, 1, 'accepted', 7);
    INSERT INTO work.analyses (pilot, plan, data_sha256, state, confirmatory)
        VALUES (1, 1, 'x', 'done', true), (1, 1, 'x', 'done', false),
               (1, 1, 'x', 'running', true), (1, 1, 'x', 'done', true);
    INSERT INTO work.pins VALUES (1, 0, 1, 'b', 5), (4, 0, 3, 'B', 7), (4, 1, 2, 'b', 6);
    INSERT INTO work.jobs (analysis, kind, stage) VALUES (3, 1, 0), (3, 1, 0), (3, 2, 1);
    UPDATE work.analyses SET job_count = 3, retries = 1 WHERE analysis = 3;
    INSERT INTO work.job_results (job, digest, epoch) VALUES (1, 'x', 1);
    INSERT INTO work.failures (job, retries, reason, given_up)
        VALUES (2, 1, 'job_failed', true), (3, 0, 'job_failed', true), (1, 1, 'job_failed', true);
    INSERT INTO work.effects (analysis, job, ordinal, agency, outcome, arm, control, estimand,
        estimator, status)
        SELECT a, 1, o, g, 'y' || o, 't', 'c', 'itt', 'ols', 'ok' FROM unnest('{1,4}'::int[]) AS a,
        unnest('{1,0}'::int[]) AS o, unnest('{b,B,NULL}'::text[]) AS g"
is "$(sql "SELECT analysis FROM results.latest_analyses")" 4 \
    "the latest analysis is the last one that is done and confirmatory"
is "$(sql "SELECT DISTINCT analysis FROM results.latest_effects")" 4 "latest effects are of it"
is "$(try_sql <<<"INSERT INTO work.effects (analysis, job, ordinal, outcome, arm, control, estimand,
    estimator, status) VALUES (1, 1, 77, 'y0', 't', 'c', 'itt', 'ols', 'ok')" | cut -c1-5)" 23505 \
    "a second row of the same outcome, contrast, estimand, estimator and parameter is refused"
sql "INSERT INTO work.effects (analysis, job, ordinal, outcome, arm, control, estimand, estimator,
    parameter, status) VALUES (1, 1, 77, 'y0', 't', 'c', 'itt', 'ols', '0.5', 'ok'),
    (1, 1, 78, 'y0', 't', 'c', 'gap', 'ols', '0.5', 'ok');
    DELETE FROM work.effects WHERE ordinal >= 77"
sql "INSERT INTO work.curves (analysis, job, ordinal, agency, outcome, arm, curve, point, x, y)
    SELECT 4, 1, 0, g, 'y', 't', 'kaplan_meier', p, p, 1 FROM unnest('{b,B,NULL}'::text[]) AS g,
    generate_series(0, 1) AS p"
is "$(sql "SELECT string_agg(concat(agency, x, scope), ' ') FROM results.latest_curves")" \
    "B0agency B1agency b0agency b1agency 0pooled 1pooled" "curves come by agency, pooled last, by x"
is "$(sql "SELECT string_agg(concat(agency, ordinal), ' ') FROM
    (SELECT * FROM results.effects WHERE analysis = 1) AS e")" "B0 B1 b0 b1 0 1" \
    "effects come by agency's bytes, then in plan order, pooled ones last"
is "$(sql "SELECT string_agg(DISTINCT scope, ' ' ORDER BY scope) FROM results.effects
    WHERE agency IS NULL")" "pooled" "a row without an agency is pooled"
is "$(sql "SELECT jobs, jobs_done, jobs_failed FROM results.analyses WHERE analysis = 3")" \
    "3|1|1" "a job counts as failed when it was given up in this round and has no result"
is "$(sql "SELECT data_state FROM results.analyses WHERE analysis IN (1, 4)")" \
    "$(printf 'superseded\ncurrent')" "data_state tells of newer revisions"
is "$(sql "SELECT agency, revision FROM results.latest_submissions")" "$(printf 'B|1\nb|2')" \
    "latest submissions are those that the analysis pinned"
sql "UPDATE registry.submissions SET state = 'withdrawn' WHERE submission = 2"
is "$(sql "SELECT data_state FROM results.analyses WHERE analysis = 4")" withdrawn \
    "data_state tells of a withdrawal"
is "$(sql "SELECT analysis FROM results.latest_analyses")" 1 \
    "an analysis of withdrawn data is no longer the latest"
finish
