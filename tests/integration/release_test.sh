#!/bin/bash
# What the public sees of schools, some of them small: suppressed, rounded, marked; a revision that
# differs by one pupil, a withdrawal, a coordinator that dies while it releases; the dashboard's rights.
. "$(dirname "$0")/server.sh"
OWNER=$CONNINFO
PUBLIC="host=$PG_HOME user=release_public dbname=postgres"
export PILOT_KEYS=$T/keys
pilot_run() { # plan, data
    try "$PILOT" run "$1" "$2" --db "$OWNER" --workers 2 --format csv
}
# Rows of dashboard.$1 beside those that they were made of.
beside="dashboard.effects d JOIN work.effects w USING (analysis, ordinal) WHERE d.agency IS NOT DISTINCT FROM w.agency"

try "$PILOT" init --db "$OWNER"
well "init"
pilot_run "$PLAN" "$DATA"
well "a run of 79 schools"
sql "CREATE ROLE release_public LOGIN"
try "$PILOT" grant dashboard release_public --db "$OWNER"
well "a login for the dashboard"
try "$PILOT" report star_kindergarten --audience public --output "$T/public.html" --db "$PUBLIC"
well "that login writes the public's report"
try "$PILOT" report star_kindergarten --output "$T/all.html" --db "$PUBLIC"
is "$status:$(ls "$T" | grep -c all.html)" "4:0" "and not the evaluators'"
like "$err" "audience public" "it says what it may have"

# ---- what is released -----------------------------------------------------------------------------
is "$(sql "SELECT count(*), min(minimum_count), min(round_to) FROM dashboard.releases")" "1|10|5" \
    "the analysis was released once it ended, by the plan's rules"
is "$(sql "SELECT (SELECT rows FROM dashboard.releases) = (SELECT count(*) FROM dashboard.effects)
    + (SELECT count(*) FROM dashboard.comparisons) + (SELECT count(*) FROM dashboard.agencies)
    + (SELECT count(*) FROM dashboard.averages) + (SELECT count(*) FROM dashboard.moderators)
    + (SELECT count(*) FROM dashboard.distribution)
    + (SELECT count(*) FROM dashboard.quality) + (SELECT count(*) FROM dashboard.curves)")" t \
    "the record tells how many rows there are"
is "$(sql "SELECT count(*), count(*) FILTER (WHERE agency IS NOT NULL AND \"check\" LIKE '%balance%')
    FROM dashboard.quality")" "$(sql "SELECT count(*) FROM work.quality WHERE agency IS NULL OR
    \"check\" NOT IN ('balance', 'variance_ratio', 'balance_omnibus', 'attrition_covariates')")|0" \
    "checks of covariates are told of everybody alone, all others of every agency"
for pair in effects:effects comparisons:comparisons agencies:agency_effects averages:averages \
    distribution:distribution; do
    is "$(sql "SELECT count(*) FROM dashboard.${pair%:*}")" "$(sql "SELECT count(*) FROM work.${pair#*:}")" \
        "every row of ${pair%:*} is there, suppressed or not"
done
is "$(sql "SELECT count(*) > 0 FROM $beside AND w.n_control BETWEEN 1 AND 9")" t "some schools have few pupils in an arm"
for count in n n_arm n_control clusters; do
    is "$(sql "SELECT count(*) FROM $beside AND w.$count BETWEEN 1 AND 9 AND d.${count}_mark IS NULL")" 0 \
        "no $count below 10 is shown"
    is "$(sql "SELECT count(*) FROM dashboard.effects WHERE $count % 5 <> 0")" 0 "what is shown of $count is rounded to 5"
done
is "$(sql "SELECT count(*) > 0 FROM dashboard.effects WHERE n_arm_mark = 'c'")" t "something is suppressed"
is "$(sql "SELECT count(*) > 0 FROM dashboard.effects WHERE n_arm IS NOT NULL")" t "and something is shown"
is "$(sql "SELECT count(*) > 0 FROM dashboard.effects WHERE scope = 'pooled' AND subgroup IS NULL AND estimate_mark IS NULL")" t \
    "all schools together have an effect"
is "$(sql "SELECT count(*) FROM $beside AND d.estimate IS NOT NULL AND w.df < 10")" 0 \
    "no effect of fewer than 10 residual degrees of freedom is shown"
is "$(sql "SELECT count(*) FROM $beside AND d.status = 'suppressed' AND (d.reason <> 'below_minimum_count'
    OR num_nonnulls(d.estimate, d.std_error, d.df, d.control_mean, d.control_std_dev, d.p_value, d.std_error_type) > 0)")" 0 \
    "a row whose effect is hidden says no more than its counts"
is "$(sql "SELECT count(*) FROM dashboard.effects d WHERE d.control_std_dev IS NOT NULL AND d.control_mean IS NULL")" 0 \
    "no standard deviation of a control arm is shown where its mean is not"
is "$(sql "SELECT count(*) > 0 FROM $beside AND d.control_std_dev IS NOT NULL
    AND abs(d.control_std_dev - w.control_std_dev) < w.std_error")" t "and some are"
is "$(sql "SELECT count(*) FROM $beside AND d.status <> 'suppressed' AND d.status <> w.status")" 0 \
    "the others keep their status"
is "$(sql "SELECT count(*) FROM dashboard.submissions WHERE rows % 5 <> 0 OR rows < 10")" 0 "rows of submissions are rounded"
first=$(sql "SELECT string_agg(d::text, ';' ORDER BY agency, ordinal) FROM dashboard.effects d WHERE analysis = 1" | md5sum)

# ---- as the public reads it -----------------------------------------------------------------------
public() { # more arguments
    try "$PILOT" results star_kindergarten --audience public --db "$PUBLIC" "$@"
}
for view in effects comparison agencies quality submissions; do
    public --view "$view"
    well "the public reads $view"
done
public --view curves
like "$err" "no rows in curves" "this plan has no curves"
fails 2 "conventions are not released" "conventions" \
    "$PILOT" results star_kindergarten --audience public --view conventions --db "$PUBLIC"
public --format csv
is "$(head -1 "$T/out" | tr , '\n' | grep -c mark)" 0 "CSV has the columns of results"
is "$(wc -l <"$T/out")" "$(($(sql "SELECT count(*) FROM dashboard.effects WHERE analysis = 1") + 1))" "and all rows"
like "$out" ',c,c,c,' "with marks in the cells"
# Of hidden rows the estimator that `auto` took is not told.
contrasts() { cut -d, -f1-12 | sed -E 's/,(difference_in_means|ols|lin|auto),/,auto,/'; }
is "$(contrasts <"$T/out" | md5sum)" \
    "$("$PILOT" results star_kindergarten --db "$OWNER" --format csv 2>"$T/err" | contrasts | md5sum)" \
    "they are the rows of results, in their order"
is "$(sql "SELECT count(*) > 0 AND bool_and(estimator = 'auto') FROM dashboard.effects
    WHERE status = 'suppressed' AND estimator <> 'lee_bounds'")" \
    t "which estimator was taken for a hidden row is not told: it depends on n"
low=$(sql "SELECT ci_low FROM dashboard.effects WHERE analysis = 1 AND scope = 'pooled' AND ordinal = 0")
set_low() { # SQL of the number, of its mark
    sql "UPDATE dashboard.effects SET ci_low = $1, ci_low_mark = $2
        WHERE analysis = 1 AND scope = 'pooled' AND ordinal = 0" >>"$T/log"
}
set_low NULL "'k'"
public
like "$out" '\[k, [0-9.-]+\]' "one limit of an interval may be low, the other is told"
set_low "$low" NULL
public --format json
like "$out" '"n":null,.*"estimate_mark":"c".*"n_mark":"c"' "JSON has null, and marks of their own"
is "$(grep -c '"n":"' "$T/out")" 0 "and no mark where a number would be"
public --view effects --format table
like "$out" ' c +c +c( |$)' "a table for people has them too"
fails 2 "nothing is released of a pilot 'other'" "an unknown pilot" \
    "$PILOT" results other --audience public --db "$PUBLIC"
fails 2 "nothing is released of analysis 77" "an analysis that is not released" \
    "$PILOT" results star_kindergarten --analysis 77 --audience public --db "$PUBLIC"
try "$PILOT" results star_kindergarten --db "$PUBLIC"
is "$status" 4 "what evaluators see the public does not"
is "$(CONNINFO=$PUBLIC sql "SELECT string_agg(c.oid::regclass::text, ' ' ORDER BY c.oid::regclass::text)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE nspname IN ('registry', 'outcomes', 'work', 'results', 'dashboard') AND relkind IN ('r', 'p', 'v')
    AND has_table_privilege(c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE')")" \
    "dashboard.agencies dashboard.agency_attributes dashboard.analyses dashboard.averages \
dashboard.comparisons dashboard.curves dashboard.distribution dashboard.effects dashboard.moderators \
dashboard.plans dashboard.quality dashboard.releases dashboard.submissions registry.schema_version" \
    "the dashboard's login reads dashboard.* and the schema's version, and nothing else"
is "$(CONNINFO=$PUBLIC sql "SELECT count(*) FROM pg_proc f JOIN pg_namespace n ON n.oid = f.pronamespace
    WHERE nspname IN ('registry', 'outcomes', 'work', 'results', 'dashboard')
    AND has_function_privilege(f.oid, 'EXECUTE')")" 0 "and calls no function"

# ---- a revision that differs by one pupil ---------------------------------------------------------
# A pupil of the regular arm of a school of which counts are shown.
school=$(sql "SELECT agency FROM dashboard.effects WHERE scope = 'agency' AND n IS NOT NULL AND n_control IS NOT NULL
    AND subgroup IS NULL ORDER BY agency LIMIT 1")
awk -F, -v school="$school" '!gone && $2 == school && $3 == "regular" && $4 != "NA" && $4 != "" { gone = 1; next } { print }' \
    "$DATA" >"$T/revised.csv"
is "$(wc -l <"$T/revised.csv")" "$(($(wc -l <"$DATA") - 1))" "one pupil of school $school is gone"
pilot_run "$PLAN" "$T/revised.csv"
well "the schools again"
is "$(sql "SELECT count(*) FROM dashboard.releases")" 2 "a second release"
# What the two tell together of one pupil: a count that moved while the truth moved by one, or an
# effect of the same school before and after.
is "$(sql "SELECT count(*) FROM dashboard.effects a JOIN dashboard.effects b USING (ordinal)
    WHERE a.analysis = 1 AND b.analysis = 2 AND a.agency = '$school' AND b.agency = '$school'
    AND (a.estimate <> b.estimate OR a.control_mean <> b.control_mean OR a.control_std_dev <> b.control_std_dev
         OR a.n <> b.n
         OR a.n_control <> b.n_control)")" 0 "no number of that school is shown before and after"
is "$(sql "SELECT count(*) FROM dashboard.effects a JOIN dashboard.effects b USING (ordinal)
    JOIN work.effects x ON x.analysis = 1 AND x.ordinal = a.ordinal AND x.agency IS NULL
    JOIN work.effects y ON y.analysis = 2 AND y.ordinal = a.ordinal AND y.agency IS NULL
    WHERE a.analysis = 1 AND b.analysis = 2 AND a.scope = 'pooled' AND b.scope = 'pooled'
    AND abs(x.n - y.n) BETWEEN 1 AND 9 AND a.n <> b.n")" 0 "no pooled count moves with one pupil"
is "$(sql "SELECT string_agg(d::text, ';' ORDER BY agency, ordinal) FROM dashboard.effects d WHERE analysis = 1" | md5sum)" \
    "$first" "the first release stays as it was"
is "$(sql "SELECT data_state FROM dashboard.analyses WHERE analysis = 1")" superseded "and says that there is a revision"

# ---- a coordinator that dies in a release ---------------------------------------------------------
PILOT_DEBUG_POINT=die_in_release=1 "$PILOT" run "$PLAN" "$DATA" --db "$OWNER" --workers 1 >"$T/out" 2>"$T/err"
is $? 0 "the coordinator dies before it commits the release: the results stand"
is "$(sql "SELECT state FROM work.analyses WHERE analysis = 3")" done "the analysis has ended"
is "$(sql "SELECT count(*) FROM dashboard.effects WHERE analysis = 3")" 0 "and nothing of it is released"
# An analysis that ended unreleased, as those before this version did.
sql "CREATE TABLE kept AS SELECT * FROM dashboard.effects WHERE analysis = 2;
    DELETE FROM work.release_memory WHERE analysis = 2;
    DELETE FROM work.released_submissions WHERE analysis = 2;
    DELETE FROM dashboard.effects WHERE analysis = 2; DELETE FROM dashboard.comparisons WHERE analysis = 2;
    DELETE FROM dashboard.agencies WHERE analysis = 2; DELETE FROM dashboard.quality WHERE analysis = 2;
    DELETE FROM dashboard.averages WHERE analysis = 2; DELETE FROM dashboard.moderators WHERE analysis = 2;
    DELETE FROM dashboard.distribution WHERE analysis = 2;
    DELETE FROM dashboard.releases WHERE analysis = 2"
# They have no more rights than they need.
for role in coordinator worker; do
    sql "CREATE ROLE release_$role LOGIN"
    try "$PILOT" grant $role release_$role --db "$OWNER"
    well "a login for the $role"
done
start_farm 1 "${PUBLIC/release_public/release_coordinator}" "${PUBLIC/release_public/release_worker}"
for _ in $(seq 1 300); do
    [ "$(sql "SELECT count(*) FROM dashboard.releases")" = 3 ] && break
    sleep 0.1
done
end_farm
is "$(sql "SELECT string_agg(analysis::text, ' ' ORDER BY analysis) FROM dashboard.releases")" "1 2 3" \
    "the next coordinator releases it, and makes up for what was left"
like "$(cat "$T/coordinator.log")" 'event=released .*analysis=3 rows=' "and logged"
is "$(sql "SELECT count(*) FROM (SELECT * FROM kept EXCEPT SELECT * FROM dashboard.effects) AS other")" 0 \
    "the same rows are released again"

# ---- a withdrawal ---------------------------------------------------------------------------------
try "$PILOT" withdraw star_kindergarten --agency "$school" --yes --reason "parents asked" --db "$OWNER"
well "school $school withdraws its data"
for table in effects comparisons agencies averages moderators distribution quality; do
    is "$(sql "SELECT count(*) FROM dashboard.$table")" 0 "what used it has left dashboard.$table"
done
is "$(sql "SELECT count(*) FROM dashboard.releases WHERE withdrawn_at IS NOT NULL")" 3 "that it was released is remembered"
public
is "$status" 2 "the public finds nothing"
grep -v "^[^,]*,$school," "$DATA" >"$T/without.csv"
pilot_run "$PLAN" "$T/without.csv"
well "the other schools again"
is "$(sql "SELECT count(*) FROM dashboard.effects WHERE agency = '$school'")" 0 "are released without it"
is "$(sql "SELECT count(*) FROM dashboard.effects a
    JOIN work.effects x ON x.analysis = 1 AND x.ordinal = a.ordinal AND x.agency IS NULL
    JOIN work.effects y ON y.analysis = a.analysis AND y.ordinal = a.ordinal AND y.agency IS NULL
    WHERE a.scope = 'pooled' AND a.n IS NOT NULL AND x.n - y.n BETWEEN 1 AND 9")" 0 \
    "and no total from which the school's small counts could be had"
is "$(sql "SELECT count(*) FROM dashboard.analyses WHERE latest")" 1 "one analysis is the latest"
finish
