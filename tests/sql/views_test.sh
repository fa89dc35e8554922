#!/bin/bash
# The result views have the contract's columns, in its order; only `ordinal` (and a curve's
# `point`, a convention's `place`) is added, and whether the analysis is confirmatory, at the end.
. "$(dirname "$0")/common.sh"
use_database views
migrate 1 "$LATEST"

like_end() { # text, end, name
    [ "${1%"$2"}" != "$1" ]
    ok $? "$3"
}

columns_are() { # view, columns parted by blanks
    local got
    got=$(sql "SELECT string_agg(attname, ' ' ORDER BY attnum) FROM pg_attribute
        WHERE attrelid = 'results.$1'::regclass AND attnum > 0")
    case $1 in
    *analyses) got=${got% not_confirmatory} ;;
    *submissions) ;;
    *agencies)
        like_end "$got" " confirmatory $beside" "results.$1 has at its end how each stands beside the others"
        got=${got% confirmatory "$beside"}
        ;;
    *effects)
        like_end "$got" " confirmatory control_std_dev" "results.$1 ends with what was appended"
        got=${got% confirmatory control_std_dev}
        ;;
    *)
        like_end "$got" " confirmatory" "results.$1 tells at its end whether it was planned"
        got=${got% confirmatory}
        ;;
    esac
    got=${got% point}
    got=${got% place}
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
beside="ceb_estimate p_exceeds rank_simultaneous_low rank_simultaneous_high hat std_residual"
beside+=" cooks_distance dfbetas"
contrast="outcome subgroup level arm control estimand estimator parameter"
averages="pilot analysis $contrast weighting k estimate std_error df statistic p_value ci_low ci_high"
averages+=" status reason detail"
moderators="pilot analysis $contrast kind attribute attribute_level k estimate std_error df df_residual"
moderators+=" statistic p_value ci_low ci_high tau2 i2 r2 status reason detail"
distribution="pilot analysis $contrast part threshold k share ci_low ci_high status reason detail"
attributes="pilot analysis agency id attribute value"
quality="pilot analysis agency check arm variable value statistic df p_value alarm detail"
analyses="analysis pilot plan_version state confirmatory data_state plan_sha256 data_sha256"
analyses+=" software_version cpu_class launched_by launched_at finished_at jobs jobs_done jobs_failed"
curves="pilot analysis scope agency outcome subgroup level arm curve x y std_error ci_low ci_high"
curves+=" at_risk events detail"
conventions="pilot analysis scope agency outcome subgroup level arm control estimand estimator"
conventions+=" parameter convention std_error_type estimate std_error df p_value ci_low ci_high n"
conventions+=" clusters blocks status reason"
submissions="pilot agency revision state rows content_sha256 file_sha256 submitted_by submitted_at verdict warnings withdrawn_by withdrawn_at withdrawn_reason"

for prefix in "" latest_; do
    columns_are "${prefix}analyses" "$analyses"
    columns_are "${prefix}effects" "$effects"
    columns_are "${prefix}comparisons" "$comparisons"
    columns_are "${prefix}agencies" "$agencies"
    columns_are "${prefix}averages" "$averages"
    columns_are "${prefix}moderators" "$moderators"
    columns_are "${prefix}distribution" "$distribution"
    columns_are "${prefix}agency_attributes" "$attributes"
    columns_are "${prefix}quality" "$quality"
    columns_are "${prefix}curves" "$curves"
    columns_are "${prefix}conventions" "$conventions"
    columns_are "${prefix}submissions" "$submissions"
done

# Analyses 1 (done, confirmatory), 2 (done, exploratory), 3 (running), 4 (done, confirmatory).
sql "INSERT INTO registry.pilots (name) VALUES ('p');
    INSERT INTO registry.plans (pilot, version, sha256, json, source, columns)
        VALUES (1, 1, repeat('a', 64), '{}', 'x', '{}')"
sql "INSERT INTO registry.agencies (pilot, name) VALUES (1, 'b'), (1, 'B');
    INSERT INTO registry.loads (pilot, plan, state) VALUES (1, 1, 'sealed');
    INSERT INTO registry.submissions (submission, agency, load, revision, state, rows)
        VALUES (1, 1, 1, 1, 'superseded', 5), (2, 1, 1, 2, 'accepted', 6), (3, 2, 1, 1, 'accepted', 7);
    INSERT INTO work.analyses (pilot, plan, data_sha256, state, exploratory_reason)
        VALUES (1, 1, 'x', 'done', NULL), (1, 1, 'x', 'done', 'to see'),
               (1, 1, 'x', 'running', NULL), (1, 1, 'x', 'done', NULL);
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

# ---- conventions: what each row keeps, and what the view makes of it -----------------------------
regression() { # ordinal, agency or NULL, type, standard error or NULL, clusters or NULL, "columns", "values"
    sql "INSERT INTO work.effects (analysis, job, ordinal, agency, outcome, arm, control, estimand,
        estimator, std_error_type, estimate, std_error, df, p_value, ci_low, ci_high, clusters,
        status, reason, $6) VALUES (4, 1, $1, $2, 'z$1', 't', 'c', 'itt', 'ols', '$3', 7, $4, 9, 0.9,
        -9, 99, $5, CASE WHEN $4 IS NULL THEN 'not_estimable' ELSE 'ok' END,
        CASE WHEN $4 IS NULL THEN 'leverage_one' END, $7)"
}
stata="stata_std_error, stata_df, stata_p_value, stata_ci_low, stata_ci_high"
fixest="fixest_std_error, fixest_df, fixest_p_value, fixest_ci_low, fixest_ci_high"
estimatr="estimatr_std_error, estimatr_df, estimatr_p_value, estimatr_ci_low, estimatr_ci_high"
regression 10 "'B'" HC2 1 NULL "$stata" "2, 9, 0.2, -2, 22"
regression 11 "'B'" classical 1 NULL "$stata, $estimatr" "2, 9, 0.2, -2, 22, 3, 9, 0.3, -3, 33"
regression 12 "'B'" HC2 NULL NULL "$stata" "2, 9, 0.2, -2, 22"
regression 13 NULL CR2 1 4 "$stata, $fixest" "2, 3, 0.2, -2, 22, 4, 3, 0.4, -4, 44"
regression 14 NULL CR1 2 4 "$stata" "2, 3, 0.2, -2, 22"
regression 15 NULL HC2 NULL NULL "stata_std_error" "NULL"
conventions_of() { # ordinal
    sql "SELECT string_agg(concat_ws(',', convention, std_error_type, std_error, df, p_value, ci_low,
        ci_high, status, reason), ' ') FROM (SELECT * FROM results.latest_conventions) AS v
        WHERE ordinal = $1"
}
is "$(conventions_of 10)" "plan,HC2,1,9,0.9,-9,99,ok estimatr,HC2,1,9,0.9,-9,99,ok \
stata,HC1,2,9,0.2,-2,22,ok fixest,HC1,2,9,0.2,-2,22,ok" \
    "HC2 is estimatr's convention, and fixest's is Stata's unless it has its own"
is "$(conventions_of 11)" "plan,classical,1,9,0.9,-9,99,ok estimatr,HC2,3,9,0.3,-3,33,ok \
stata,HC1,2,9,0.2,-2,22,ok fixest,HC1,2,9,0.2,-2,22,ok" "else estimatr's stands apart"
is "$(conventions_of 12)" "plan,HC2,9,0.9,-9,99,not_estimable,leverage_one \
stata,HC1,2,9,0.2,-2,22,ok fixest,HC1,2,9,0.2,-2,22,ok" \
    "where HC2 is refused Stata's number is no less known"
is "$(conventions_of 13)" "plan,CR2,1,9,0.9,-9,99,ok estimatr,CR2,1,9,0.9,-9,99,ok \
stata,CR1,2,3,0.2,-2,22,ok fixest,CR1,4,3,0.4,-4,44,ok" "clusters: CR2, CR1, and fixest's own CR1"
is "$(conventions_of 14)" "plan,CR1,2,9,0.9,-9,99,ok stata,CR1,2,3,0.2,-2,22,ok \
fixest,CR1,2,3,0.2,-2,22,ok" "a convention that was not computed has no row"
is "$(conventions_of 15)" "" "nor has an effect that no convention has a standard error for"
is "$(sql "SELECT string_agg(concat(agency, ordinal, place), ' ') FROM (SELECT *
    FROM results.conventions WHERE ordinal IN (10, 13)) AS v")" \
    "B100 B101 B102 B103 130 131 132 133" "agencies first, pooled last; the plan's own first"
sql "DELETE FROM work.effects WHERE ordinal >= 10"

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
