#!/bin/bash
# Released tables: what they refuse, who reads them, what a withdrawal takes back, and how many units
# two submissions differ by.
. "$(dirname "$0")/common.sh"
use_database release
migrate 1 "$LATEST"

COLUMNS='{pilot_unit,pilot_arm,y,cat}'
FILLED='["pilot_unit","pilot_arm","y","cat"]'
LABELS='{"pilot_arm":["c","t"],"cat":["blue","red"]}'
SWAPPED='{"pilot_arm":["t","c"],"cat":["red","blue"]}'
register p "$COLUMNS" '{text,int2,float8,int4}' >/dev/null
# One agency's submission; its id.  load AGENCY ROWS COUNT DICTIONARIES HASH-LETTER
load() {
    cat <<SQL | try_sql | tail -1
BEGIN;
SELECT load, partition FROM registry.begin_load('p', 1) \gset
SELECT registry.reserve_submissions(1) AS first \gset
INSERT INTO outcomes.:"partition" (pilot_submission, pilot_row, pilot_unit, pilot_arm, y, cat)
    SELECT :first, row_number() OVER (), u, a, y, c FROM (VALUES $2) AS v (u, a, y, c);
SELECT submission FROM registry.seal_load(:load, (
    SELECT jsonb_agg(jsonb_set(e, '{submission}', to_jsonb(:first)))
    FROM jsonb_array_elements(\$json\$[$(entry 0 "$1" "$3" "$FILLED" "$4" "${HASH//a/$5}")]\$json\$) AS e));
COMMIT;
SQL
}

# ---- how many units differ ------------------------------------------------------------------------
first=$(load a "('u1', 0::int2, 1::float8, 0), ('u2', 1, 2, 1), ('u3', 1, 2, NULL)" 3 "$LABELS" a)
same=$(load a "('u1', 1::int2, 1::float8, 1), ('u2', 0, 2, 0), ('u3', 0, 2, NULL)" 3 "$SWAPPED" b)
moved=$(load a "('u1', 0::int2, 1::float8, 0), ('u2', 1, 2.5, 1), ('u3', 1, 2, NULL)" 3 "$LABELS" c)
fewer=$(load a "('u1', 0::int2, 1::float8, 0), ('u3', 1, 2.5::float8, 1)" 2 "$LABELS" d)
more=$(load a "('u0', 1::int2, 1::float8, 0), ('u1', 0, 1, 0), ('u3', 1, 2.5, 1)" 3 "$LABELS" e)
other=$(load b "('u1', 0::int2, 1::float8, 0)" 1 "$LABELS" a)
changed() { sql "SELECT work.changed_units($1, $2)"; }
is "$(changed "$first" "$first")" 0 "a submission is the same as itself"
is "$(changed "$first" "$same")" 0 "codes count by their labels"
is "$(changed "$first" "$moved")" 1 "a value that changed is one unit"
is "$(changed "$moved" "$fewer")" 1 "a unit that left is one unit, whatever the others are called"
is "$(changed "$fewer" "$more")" 1 "one that came too"
is "$(changed "$first" "$more")" 2 "two are two"
is "$(changed "$more" "$first")" 2 "in both directions"
is "$(changed "$first" "$other")" "" "agencies are not compared with others"
is "$(changed "$first" 77)" "" "nor with what is not there"
sql "DELETE FROM outcomes.p WHERE pilot_submission = $first AND pilot_row = 1"
is "$(changed "$first" "$moved")" "" "where rows are gone nobody knows"
sql "UPDATE registry.submissions SET state = 'withdrawn' WHERE submission = $moved"
is "$(changed "$moved" "$fewer")" "" "nor where they were withdrawn"

# ---- constraints ----------------------------------------------------------------------------------
sql "INSERT INTO work.analyses (pilot, plan, data_sha256, state, exploratory_reason, job_count)
        VALUES (1, 1, 'x', 'done', NULL, 2), (1, 1, 'x', 'done', 'to see', 2), (1, 1, 'x', 'failed', NULL, 2);
    INSERT INTO work.pins VALUES (1, 0, $more, 'a', 3), (1, 1, $other, 'b', 1), (2, 0, $more, 'a', 3)"
is "$(sql "SELECT string_agg(r::text, ' ') FROM work.pending_releases() AS r")" "1 2" \
    "what is done is to be released; what failed is not"
sql "INSERT INTO dashboard.releases (analysis, pilot, minimum_count, round_to, engine, rows, suppressed)
    VALUES (1, 'p', 12, 5, 1, 2, 1), (2, 'p', 10, 7, 1, 1, 0)"
is "$(sql "SELECT count(*) FROM work.pending_releases()")" 0 "what is released is not to be released again"
is "$(sql "SELECT pilot, source, minimum_count, round_to, withdrawn, confirmatory FROM work.begin_release(1)")" \
    "p|source|12|7|f|t" "the strictest rules of earlier releases hold"
is "$(try_sql <<<"SELECT work.begin_release(3)")" "PL003 analysis 3 is not done" "what failed cannot be released"

KEY="pilot, analysis, scope, agency, outcome, arm, control, estimand, estimator, status, ordinal, confirmatory"
# All numbers but estimate, std_error and n, which the caller says.
OTHERS="df statistic p_value ci_low ci_high p_randomization p_randomization_mcse ci_randomization_low \
ci_randomization_high p_adjusted control_mean control_std_dev n_arm n_control clusters blocks"
MARKS=$(printf '%s_mark, ' $OTHERS)
effect() { # ordinal, "more columns", "their values"
    try_sql <<<"INSERT INTO dashboard.effects ($KEY, $MARKS $2) VALUES
        ('p', 1, 'agency', 'a', 'y', 't', 'c', 'itt', 'ols', 'ok', $1, true,
        $(printf "'z', %.0s" $OTHERS) $3)" | cut -d' ' -f1,9-
}
is "$(effect 0 "estimate, std_error, n" "1, 2, 40")" "" "a shown effect"
is "$(effect 1 "estimate_mark, std_error_mark, n_mark" "'c', 'c', 'k'")" "" "a suppressed one"
is "$(effect 2 "estimate_mark, std_error, n" "'z', 2, 0")" "" "marks stand alone"
refused() { # name, columns, values, constraint
    is "$(effect 3 "$2" "$3")" "23514 constraint \"$4\"" "$1 is refused"
}
refused "a number with a mark" "estimate, estimate_mark, std_error, n" "1, 'c', 2, 40" marked_estimate
refused "no number and no mark" "std_error, n" "2, 40" marked_estimate
refused "a count with a mark" "estimate, std_error, n, n_mark" "1, 2, 40, 'k'" marked_n
refused "no count and no mark" "estimate, std_error" "1, 2" marked_n
refused "a detail" "estimate, std_error, n, detail" "1, 2, 40, 'x'" no_effects_detail
is "$(sql "SELECT count(*) FROM pg_constraint WHERE conname LIKE 'marked%' AND connamespace = 'dashboard'::regnamespace")" \
    84 "so it is with every number of every table"
is "$(try_sql <<<"SELECT 'x'::dashboard.mark" | cut -c1-5)" 22P02 "there are three marks"
is "$(effect 0 "estimate, std_error, n" "1, 2, 40" | cut -c1-5)" 23505 "an effect is released once"
is "$(try_sql <<<"INSERT INTO dashboard.releases (analysis, pilot, minimum_count, round_to, engine, rows, suppressed)
    VALUES (1, 'p', 10, 5, 1, 0, 0)" | cut -c1-5)" 23505 "so is an analysis"

# ---- the same columns as results ------------------------------------------------------------------
columns() {
    sql "SELECT string_agg(attname, ' ' ORDER BY attnum) FROM pg_attribute
        WHERE attrelid = '$1'::regclass AND attnum > 0"
}
for name in effects comparisons agencies averages moderators distribution quality curves analyses \
    submissions agency_attributes; do
    want=$(columns "results.$name")
    want=${want% confirmatory*} # among the columns behind the others, with what was appended since
    want=${want% not_confirmatory}
    [[ "$(columns "dashboard.$name") " == "$want "* ]]
    ok $? "dashboard.$name begins with the columns of results.$name"
done

# ---- who reads what -------------------------------------------------------------------------------
sql "INSERT INTO work.released_submissions (analysis, submission, agency, rows, rows_mark)
        VALUES (1, $more, 'a', 5, NULL), (1, $other, 'b', NULL, 'c');
    CREATE ROLE release_public LOGIN; GRANT pilot_dashboard TO release_public;
    CREATE ROLE release_coordinator LOGIN; GRANT pilot_coordinator TO release_coordinator"
OWNER=$CONNINFO
as() { # login, statement
    CONNINFO=${OWNER/user=postgres/user=$1} try_sql <<<"$2"
}
is "$(as release_public "SELECT count(*) FROM dashboard.effects")" 3 "the public reads effects"
is "$(as release_public "SELECT analysis, state, data_state, launched_by, data_sha256, jobs_done, latest
    FROM dashboard.analyses")" "$(printf '1|done|current|||2|t\n2|done|current|||2|f')" \
    "and analyses, without logins and hashes"
# Analysis 3, which failed, as if it were still under way.
sql "UPDATE work.analyses SET state = 'running', finished_at = NULL, job_count = 7 WHERE analysis = 3"
is "$(as release_public "SELECT pilot, state, jobs, jobs_done, jobs_failed IS NULL, released_at IS NULL, latest,
    launched_by FROM dashboard.analyses WHERE analysis = 3")" "$(printf 'p|running|7|0|t|t|f|')" \
    "an analysis under way shows its progress and no more"
is "$(as release_public "SELECT string_agg(analysis::text, ' ') FROM dashboard.analyses WHERE latest")" 1 \
    "it is not the latest before it is released"
for state in failed cancelled; do
    sql "UPDATE work.analyses SET state = '$state', finished_at = now() WHERE analysis = 3"
    is "$(as release_public "SELECT count(*) FROM dashboard.analyses WHERE analysis = 3")" 0 "one that $state is not told"
done
sql "UPDATE work.analyses SET state = 'failed' WHERE analysis = 3"
is "$(as release_public "SELECT DISTINCT agency, rows, rows_mark, content_sha256, file_sha256, submitted_by
    FROM dashboard.submissions WHERE state = 'accepted' ORDER BY agency")" "$(printf 'a|5||||\nb||c|||')" \
    "and submissions: rows as the release tells them"
is "$(as release_public "SELECT count(*) FROM dashboard.submissions WHERE rows_mark IS NULL")" 1 \
    "of no release, no rows"
for object in results.effects work.effects work.contributions work.released_submissions work.release_memory registry.submissions \
    outcomes.p registry.pilots work.analyses; do
    is "$(as release_public "SELECT count(*) FROM $object" | cut -c1-5)" 42501 "the public does not read $object"
done
for call in "work.changed_units(1, 2)" "work.begin_release(1)" "work.pending_releases()" "work.rows_as_text('x', 1, '{}')"; do
    is "$(as release_public "SELECT $call" | cut -c1-5)" 42501 "nor calls ${call%%(*}"
done
for verb in "INSERT INTO dashboard.releases DEFAULT VALUES" "DELETE FROM dashboard.effects" \
    "UPDATE dashboard.effects SET n = 1" "TRUNCATE dashboard.curves"; do
    is "$(as release_public "$verb" | cut -c1-5)" 42501 "nor does it ${verb%% *}"
done
is "$(as release_coordinator "DELETE FROM dashboard.effects" | cut -c1-5)" 42501 "a coordinator deletes nothing"
is "$(as release_coordinator "UPDATE dashboard.effects SET n = 1" | cut -c1-5)" 42501 "nor changes what is released"
is "$(as release_coordinator "SELECT work.changed_units($fewer, $more)")" 1 "it learns a count"
is "$(as release_coordinator "SELECT count(*) FROM outcomes.p" | cut -c1-5)" 42501 "and sees no unit row"
as release_coordinator "INSERT INTO work.contributions (analysis, job, ordinal, agency, outcome, arm, units)
    VALUES (1, 1, 0, 'a', 'y', 'c', 4), (1, 1, 0, 'b', 'y', 'c', 4)" >/dev/null
is "$(sql "SELECT count(*) FROM work.contributions")" 2 "contributions are its own to write"

# ---- at the same time -----------------------------------------------------------------------------
# A withdrawal that has taken rows waits for a release under way, which does not wait for it.
wait_for() { # condition
    for _ in $(seq 100); do
        [ "$(sql "SELECT $1")" = t ] && return
        sleep 0.05
    done
    return 1
}
{ echo "BEGIN; SELECT pilot FROM work.begin_release(2);"
  while [ ! -e "$T/go" ]; do sleep 0.05; done
  echo "SELECT 'changed ' || COALESCE(work.changed_units($fewer, $more)::text, 'nobody knows');
        INSERT INTO dashboard.curves (pilot, analysis, scope, outcome, arm, curve, ordinal, point, y_mark, confirmatory)
        VALUES ('p', 2, 'pooled', 'y', 't', 'kaplan_meier', 0, 0, 'c', true); COMMIT;"; } |
    CONNINFO=$OWNER try_sql >"$T/releasing" &
releasing=$!
wait_for "EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory')"
{ echo "BEGIN; TRUNCATE outcomes.\"$(sql "SELECT registry.partition_name('p', load) FROM registry.submissions WHERE submission = $more")\";
        UPDATE registry.submissions SET state = 'withdrawn' WHERE submission = $more; ROLLBACK;"; } | try_sql >"$T/withdrawing" &
withdrawing=$!
wait_for "EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted)"
ok $? "a withdrawal waits for a release of the pilot"
touch "$T/go"
wait $releasing $withdrawing
is "$(cat "$T/releasing")" "$(printf 'p\nchanged nobody knows')" \
    "which does not wait for rows that are being taken away"
is "$(cat "$T/withdrawing")" "" "and neither fails"

# ---- withdrawal -----------------------------------------------------------------------------------
sql "UPDATE registry.submissions SET state = 'superseded' WHERE submission = $more"
is "$(sql "SELECT count(*) FROM dashboard.curves")" 1 "what was released meanwhile is there"
is "$(sql "SELECT data_state FROM dashboard.analyses WHERE analysis = 1")" superseded "a revision is told"
sql "UPDATE registry.submissions SET state = 'withdrawn' WHERE submission = $other"
is "$(sql "SELECT count(*) FROM dashboard.effects WHERE analysis = 1")" 0 "a withdrawal takes back what used the data"
is "$(sql "SELECT string_agg(analysis::text, ' ') FROM dashboard.analyses")" 2 "and nothing else"
is "$(sql "SELECT string_agg(agency, ' ') FROM work.contributions")" a "what its largest units were is forgotten"
is "$(sql "SELECT withdrawn_at IS NOT NULL, minimum_count FROM dashboard.releases WHERE analysis = 1")" "t|12" \
    "that it was released is remembered"
is "$(sql "SELECT state, rows, rows_mark FROM dashboard.submissions WHERE agency = 'b'")" "withdrawn||c" \
    "rows of what was withdrawn are told no more"
is "$(sql "SELECT withdrawn FROM work.begin_release(1)")" t "it would not be released again"
is "$(sql "SELECT minimum_count FROM work.begin_release(2)")" 12 "its rules hold on"
finish
