#!/bin/bash
# One agency, and every other login, against the rows of another agency.
. "$(dirname "$0")/common.sh"
. tests/sql/rights_data.sh
build_rights_data || { sed 's/^/# /' "$T/log"; echo "Bail out! no data of two agencies"; exit 1; }
OWNER=$CONNINFO
run() { # login, statements: what they give, or SQLSTATE and message of the first error
    CONNINFO=$(as "$1") try_sql <<<"$2"
}
explain() { # login, query: its plan with what was executed, without times
    run "$1" "EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off) $2"
}
refused() { # got, name: for want of a right
    [[ $1 == 42501* || $1 == PL00[136]* ]]
    ok $? "$2"
    [[ $1 == 42501* || $1 == PL00[136]* ]] || echo "# got: ${1:0:300}"
}
equal() { # login, query, query, name: they come out the same
    is "$(run "$1" "$2")" "$(run "$1" "$3")" "$4"
}
north=$(sql "SELECT submission FROM registry.submissions JOIN registry.agencies USING (agency) WHERE name = 'North' AND state = 'accepted'")
load=$((north / 1048576))
north_partition=$(sql "SELECT format('outcomes.%I', registry.partition_name('two', $load))")
plan=$(sql "SELECT plan FROM registry.plans JOIN registry.pilots USING (pilot) WHERE name = 'two'")
other_plan=$(sql "SELECT plan FROM registry.plans JOIN registry.pilots USING (pilot) WHERE name = 'other'")

# ---- what a plan tells: conditions before the policy, and expected rows ----------------------------
effect=$(sql "SELECT estimate FROM results.effects WHERE analysis = 1 AND agency = 'North' ORDER BY ordinal LIMIT 1")
for view in effects latest_effects conventions; do
    for agency in North Nobody; do
        explain south "SELECT FROM results.$view WHERE agency = '$agency' AND estimate < $effect + 1" >"$T/$agency.above"
        explain south "SELECT FROM results.$view WHERE agency = '$agency' AND estimate < $effect - 1" >"$T/$agency.below"
    done
    for file in North Nobody; do
        sed -i "s/Nobody/North/; s/estimate < '[^']*'/estimate/" "$T/$file.above" "$T/$file.below"
    done
    is "$(cat "$T/North.above")" "$(cat "$T/North.below")" "results.$view: no bisection of another agency's effect by EXPLAIN ANALYZE"
    is "$(cat "$T/North.above")" "$(cat "$T/Nobody.above")" "results.$view: nor does it tell that the agency is there"
    grep -q 'Function Scan on own_rows' "$T/North.above"
    ok $? "results.$view: it is read through the fence"
    is "$(grep -c 'actual rows=[1-9].* on effects' "$T/North.above")" 0 "results.$view: the table is not read at all"
done
sql "ANALYZE" # all that the server would keep
for column in estimate std_error p_value control_mean; do
    low=$(run south "EXPLAIN SELECT FROM results.effects WHERE $column < -1e9" | sed 's/-1000000000//')
    high=$(run south "EXPLAIN SELECT FROM results.effects WHERE $column < 1e9" | sed 's/1000000000//')
    is "$high" "$low" "no statistics of $column: a plan expects the same rows for every bound"
done
low=$(run south "EXPLAIN SELECT FROM results.submissions WHERE rows < 1")
is "$(run south "EXPLAIN SELECT FROM results.submissions WHERE rows < 9" | sed 's/rows < 9/rows < 1/')" "$low" "nor of others' row counts"
low=$(run south "EXPLAIN SELECT FROM results.submissions WHERE agency = 'South'" | sed 's/South/North/')
is "$(run south "EXPLAIN SELECT FROM results.submissions WHERE agency = 'North'")" "$low" "nor of their names"

# ---- functions of one's own in a condition ---------------------------------------------------------
leak="CREATE FUNCTION pg_temp.leak(v text) RETURNS boolean COST 0.0000001 LANGUAGE plpgsql AS
    'BEGIN RAISE EXCEPTION ''seen %'', v; END';"
spy="CREATE TEMP TABLE seen (v text); CREATE FUNCTION pg_temp.spy(v text) RETURNS boolean COST 0.0000001
    LANGUAGE plpgsql AS 'BEGIN INSERT INTO pg_temp.seen VALUES (v); RETURN true; END';"
for view in effects submissions latest_effects latest_submissions conventions; do
    is "$(run south "$spy SELECT FROM results.$view WHERE pg_temp.spy(agency); SELECT DISTINCT v FROM pg_temp.seen")" \
        "South" "results.$view: a cheap function in WHERE sees own rows alone"
done
is "$(run south "$spy SELECT FROM registry.own_rows(NULL::outcomes.two) WHERE pg_temp.spy(pilot_unit); SELECT DISTINCT left(v, 1) FROM pg_temp.seen")" \
    S "and of unit rows"
is "$(run south "SELECT count(*) FROM results.effects WHERE CASE agency WHEN 'North' THEN 1 / (n - n) ELSE 1 END = 1")" \
    "$(run south "SELECT count(*) FROM results.effects")" "a division by zero on another's row does not happen"
is "$(run south "SELECT count(*) FROM results.submissions WHERE agency = 'South' OR agency::int > 0" | grep -c North)" 0 "a cast does not quote another's value"
is "$(run south "CREATE OPERATOR pg_temp.=== (LEFTARG = text, RIGHTARG = text, FUNCTION = texteq, RESTRICT = eqsel); $spy
    SELECT count(*) FROM results.effects WHERE agency OPERATOR(pg_temp.===) 'North'")" 0 "an operator of one's own finds nothing"

# ---- reading past the views ------------------------------------------------------------------------
for table in $(sql "SELECT c.oid::regclass FROM pg_class c WHERE c.relnamespace::regnamespace::text IN ('registry', 'work')
    AND c.relkind = 'r' AND c.relrowsecurity"); do
    refused "$(run south "SELECT * FROM $table")" "$table is not to be read by an agency"
done
for login in south eva board audit farm stranger; do
    refused "$(run "$login" "SELECT * FROM outcomes.two")" "$login: unit rows through the parent"
    refused "$(run "$login" "COPY (TABLE outcomes.two) TO STDOUT")" "$login: COPY of the parent"
    refused "$(run "$login" "SELECT * FROM $north_partition")" "$login: unit rows of a partition"
    refused "$(run "$login" "COPY $north_partition TO STDOUT")" "$login: COPY of a partition"
    refused "$(run "$login" "COPY (TABLE $north_partition) TO STDOUT")" "$login: COPY of a query"
done
refused "$(run hand "SELECT * FROM $north_partition")" "a worker reads no partition by itself"
refused "$(run south "CREATE TEMP TABLE t (a int); SELECT * FROM registry.own_rows(NULL::pg_temp.t)")" "no fence for a table of one's own"
refused "$(run south "CREATE TEMP VIEW v AS SELECT * FROM results.effects; SELECT * FROM registry.own_rows(NULL::pg_temp.v)")" "nor for a view"
refused "$(run south "SELECT * FROM registry.own_rows(NULL::pg_catalog.pg_authid)")" "nor for a system table"
refused "$(run south "SELECT * FROM registry.own_rows(NULL::registry.plans)")" "nor for plans: they name other agencies"
is "$(run south "SELECT count(*) FROM registry.own_rows(NULL::outcomes.other)")" 0 "none of a pilot without a grant"
is "$(run south "SELECT count(*) FROM registry.own_rows(NULL::registry.problems) p WHERE p.load IN (SELECT load
    FROM registry.own_rows(NULL::registry.submissions))")" "$(run south "SELECT count(*) FROM registry.own_rows(NULL::registry.problems)")" "reports of own loads alone"
# A load of two agencies that was rejected: what it says is about both.
sql "SELECT registry.reject_load('two', $plan, '{North,South}', NULL, '[{\"code\": \"bad_row\", \"message\": \"m\", \"row\": 77}]')" >"$T/log"
is "$(run south "SELECT count(*) FROM registry.own_rows(NULL::registry.problems) WHERE row = 77")" 0 "no report of a load that is another's too"
is "$(run south "SELECT source FROM registry.submission_plan('two')" | grep -c -i north)" 0 "the plan is told without other agencies"
is "$(run south "SELECT data_state FROM results.analyses WHERE analysis = 1")" superseded "own data has a newer revision"

# ---- what is not there and what is not mine: the same words ----------------------------------------
same_error() { # call with %s, of another, of nobody, name
    local mine=${1//%s/$2} none=${1//%s/$3}
    is "$(run south "$mine" | sed "s/$2/X/g")" "$(run south "$none" | sed "s/$3/X/g")" "$4: not mine is not there"
    [ -n "$(run south "$mine")" ]
    ok $? "$4: and it is refused"
}
for call in find_pilot own_agencies submission_plan current_submissions current_assignments unit_keys; do
    same_error "SELECT registry.$call('%s')" other absent "$call"
done
same_error "SELECT registry.begin_load('%s', $plan)" other absent "begin_load"
same_error "SELECT registry.begin_load('two', %s)" "$other_plan" 99999 "begin_load, a plan"
same_error "SELECT registry.reject_load('%s', $plan, '{South}', NULL, '[]')" other absent "reject_load"
same_error "SELECT registry.reject_load('two', $plan, '{%s}', NULL, '[]')" North Nobody "reject_load, an agency"
same_error "SELECT registry.withdraw('two', '%s', 'why')" North Nobody "withdraw"
same_error "SELECT registry.withdraw('%s', 'South', 'why')" other absent "withdraw, a pilot"
assignment=$(sql "SELECT assignment FROM registry.assignments JOIN registry.agencies USING (agency) WHERE name = 'North' AND state = 'registered'")
same_error "SELECT registry.assigned_parts(%s)" "$assignment" 99999 "assigned_parts"
same_error "SELECT registry.seal_load(%s, '[]')" "$load" 99999 "seal_load"
equal south "SELECT * FROM registry.unit_changes('two', ARRAY[$north])" "SELECT * FROM registry.unit_changes('two', ARRAY[99])" "unit_changes of another's submission"
equal south "SELECT * FROM registry.previous_summaries('two', '{North}')" "SELECT * FROM registry.previous_summaries('two', '{Nobody}')" "previous_summaries"
foreign=$(sql "SELECT max(analysis) FROM work.analyses JOIN registry.pilots USING (pilot) WHERE name = 'other'")
for call in work.may_see work.jobs_done work.jobs_failed work.analysis_size; do
    equal south "SELECT $call($foreign)" "SELECT $call(99999)" "$call of another pilot's analysis"
done
for call in "work.launch('two')" "work.cancel($foreign)" "work.retry(1)" "registry.register_plan('two','','','','{}','{}')" \
    "registry.grant_agency('two', 'North', 'south')" "registry.grant_role('pilot_evaluator', 'south')" \
    "registry.reset_unit_key('two', 'North', 'x')" "registry.store_submissions(NULL, NULL)" "registry.delete_rows('two\$1', '{}')" \
    "registry.check_rights(1, '{North}')" "registry.content_text('a')" "work.changed_units(1, 2)" "registry.purge('two')"; do
    refused "$(run south "SELECT $call")" "an agency may not: ${call%%(*}"
done
for trigger in $(sql "SELECT p.oid::regproc FROM pg_proc p WHERE p.prorettype = 'trigger'::regtype
    AND p.pronamespace::regnamespace::text IN ('registry', 'work', 'results', 'dashboard')"); do
    refused "$(run south "CREATE TEMP TABLE t (load bigint, plan bigint, agency bigint); CREATE TRIGGER g AFTER INSERT ON pg_temp.t
        FOR EACH ROW EXECUTE FUNCTION $trigger(); INSERT INTO t DEFAULT VALUES")" "no trigger of one's own with $trigger"
done

# ---- who one is ------------------------------------------------------------------------------------
for role in north pilot_owner pilot_evaluator pilot_worker pilot_fence postgres; do
    refused "$(run south "SET ROLE $role")" "SET ROLE $role"
    refused "$(run south "SET SESSION AUTHORIZATION $role")" "SET SESSION AUTHORIZATION $role"
done
is "$(run south "SET ROLE pilot_agency; SELECT DISTINCT agency FROM results.submissions")" South "SET ROLE pilot_agency changes nothing"
is "$(run south "RESET SESSION AUTHORIZATION; RESET ROLE; SELECT DISTINCT agency FROM results.submissions")" South "nor does RESET"
for variable in row_security=off search_path=pg_temp,registry session_replication_role=replica role=north; do
    is "$(run south "SET ${variable/=/ = }; SELECT DISTINCT agency FROM results.submissions" | grep -c North)" 0 "nor SET ${variable%%=*}"
done
shadow="CREATE FUNCTION pg_temp.own_submission_ids() RETURNS SETOF bigint LANGUAGE sql AS 'SELECT $north';
    CREATE TEMP TABLE grants (agency bigint, login regrole); INSERT INTO grants SELECT g, 'south'::regrole FROM generate_series(1, 9) g;
    CREATE FUNCTION pg_temp.pg_has_role(name, name, text) RETURNS boolean LANGUAGE sql AS 'SELECT true';
    CREATE FUNCTION pg_temp.quote_ident(name) RETURNS text LANGUAGE sql AS 'SELECT ''north''';
    SET search_path = pg_temp, pg_catalog;"
is "$(run south "$shadow SELECT DISTINCT agency FROM results.submissions")" South "shadowed names change no view"
is "$(run south "$shadow SELECT registry.own_agencies('two')")" South "nor a function"
refused "$(run south "$shadow SELECT registry.withdraw('two', 'North', 'why')")" "nor a withdrawal"
for schema in registry outcomes work results dashboard public; do
    refused "$(run south "CREATE TABLE $schema.mine ()")" "no table of one's own in $schema"
    refused "$(run south "CREATE FUNCTION $schema.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'")" "no function in $schema"
done
refused "$(run south "CREATE SCHEMA mine")" "nor a schema"

# ---- loads -----------------------------------------------------------------------------------------
columns=$(sql "SELECT string_agg(quote_ident(c), ', ' ORDER BY c <> 'pilot_unit', place) FROM registry.plans, unnest(columns) WITH ORDINALITY AS u (c, place) WHERE plan = $plan")
rest=$(sql "SELECT repeat(', 0', cardinality(columns) - 1) FROM registry.plans WHERE plan = $plan")
begin="BEGIN; SELECT load, partition FROM registry.begin_load('two', $plan) \\gset
SELECT registry.reserve_submissions(1) AS first \\gset
INSERT INTO outcomes.:\"partition\" (pilot_submission, pilot_row, $columns) SELECT"
entry='jsonb_build_array(jsonb_build_object($q$submission$q$, :first, $q$agency$q$, $q$%s$q$, $q$rows$q$, 1, $q$content_sha256$q$, repeat($q$a$q$, 64),
    $q$columns$q$, string_to_array($q$'"${columns// /}"'$q$, $q$,$q$), $q$dictionaries$q$,
    $q${"pilot_arm":["c","t"],"pilot_block":["b"],"g":["m"]}$q$::jsonb))'
seal() { echo "SELECT registry.seal_load(:load, ${entry//%s/$1});"; }
refused "$(run south "$begin :first, 1, 'u'$rest; $(seal North)")" "nobody seals for another agency"
is "$(run south "$begin $north, 1, 'u'$rest;" | cut -c1-5)" 23514 "no row under another's submission id"
is "$(run south "$begin :first + 1, 1, 'u'$rest; $(seal South)" | cut -c1-5)" PL002 "nor under an id that was not reserved"
refused "$(run south "$begin :first, 1, 'u'$rest; SELECT * FROM $north_partition")" "an open load opens no other partition"
is "$(run south "$begin :first, 1, 'u'$rest; SELECT registry.reserve_submissions(1048576)" | cut -c1-5)" PL002 "2^20 submissions are the most of a load"
is "$(run south "$begin :first, 1, 'u'$rest; SELECT registry.reserve_submissions(2147483647)" | cut -c1-5)" PL002 "2^31 are no overflow"
is "$(run south "$begin :first, 1, 'u'$rest; CREATE TRIGGER t BEFORE INSERT ON outcomes.:\"partition\" FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();" | cut -c1-5)" \
    42501 "no trigger on the private table"
is "$(run south "$begin :first, 1, 'u'$rest; COMMIT;" | cut -c1-5)" PL003 "a load that is not sealed cannot be committed"
is "$(run south "$begin :first, 1, 'u'$rest; SET CONSTRAINTS ALL IMMEDIATE;" | cut -c1-5)" PL003 "nor can that be put off or got over"
sql "CREATE ROLE late LOGIN; SELECT registry.grant_agency('two', 'Late', 'late'), registry.grant_agency('other', 'Late', 'late')" >"$T/log"
is "$(run late "CREATE FUNCTION pg_temp.seal(l bigint, m jsonb, u text) RETURNS text LANGUAGE plpgsql AS
    'BEGIN PERFORM registry.seal_load(l, m); RETURN u; END'; $begin :first, 1, 'u'$rest;
    INSERT INTO outcomes.:\"partition\" (pilot_submission, pilot_row, $columns)
        SELECT :first, 2, pg_temp.seal(:load, ${entry//%s/Late}, 'v')$rest" | cut -c1-5)" \
    55006 "a load is not sealed from within the statement that fills it"
is "$(run south "BEGIN; SELECT 1; PREPARE TRANSACTION 'mine'" | tail -1 | cut -c1-5)" 55000 "no transaction is left prepared"
# A load that was begun before its grant is revoked.
for isolation in "READ COMMITTED" "REPEATABLE READ" SERIALIZABLE; do
    sql "SELECT registry.grant_agency('two', 'Late', 'late')" >"$T/log"
    got=$(run late "${begin/BEGIN;/BEGIN ISOLATION LEVEL $isolation;} :first, 1, 'u'$rest;
\\! $PG_BIN/psql -XqAt -d '$OWNER' -c \"SELECT registry.revoke_agency('two', 'Late', 'late')\" >$T/log
$(seal Late) COMMIT;")
    [[ $got == PL006* || $got == 40001* ]]
    ok $? "a load that was begun before its grant was revoked is not sealed ($isolation)"
    is "$(sql "SELECT count(*) FROM registry.submissions JOIN registry.agencies USING (agency) WHERE name = 'Late'")" 0 "and leaves nothing"
done
sql "SELECT registry.grant_agency('two', 'Late', 'late')" >"$T/log"
is "$(run late "$begin :first, 1, 'u'$rest; $(seal Late) ROLLBACK;" | grep -c Late)" 1 "one whose grant stands is"

# ---- other ways out --------------------------------------------------------------------------------
is "$(run south "SELECT count(*) FROM pg_stats WHERE schemaname IN ('registry', 'outcomes', 'work') AND tablename <> 'schema_version'")" 0 "pg_stats shows no statistics"
refused "$(run south "SELECT * FROM pg_statistic")" "nor does pg_statistic"
refused "$(run south "SELECT * FROM pg_authid")" "no passwords"
is "$(sql "SELECT count(*) FROM pg_largeobject_metadata")" 0 "nothing is in large objects"
("$PG_BIN/psql" -XqAt -d "$(as north)" -c "SELECT pg_sleep(3), 'secret of North'" >"$T/log" 2>&1 &)
sleep 0.5
is "$(run south "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%secret of%' AND usename <> 'south'")" 0 "another's query is not shown"
for sequence in $(sql "SELECT c.oid::regclass FROM pg_class c WHERE c.relkind = 'S' AND c.relnamespace::regnamespace::text IN ('registry', 'work')"); do
    refused "$(run south "SELECT last_value FROM $sequence")" "$sequence is not read"
done
got=$(run south "LISTEN pilot_work; LISTEN pilot_results;
\\! $PG_BIN/psql -XqAt -d '$(as eva)' -c \"SELECT work.launch('other')\" >$T/log
SELECT 1;")
is "$(grep -o 'with payload "[^"]*"' <<<"$got" | grep -vc 'payload "[0-9]*"')" 0 "notifications carry numbers only"
is "$(grep -c North <<<"$got")" 0 "and no name"
is "$(sql "SELECT count(*) FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (i.indkey)
    WHERE c.relname IN ('submissions', 'agencies') AND i.indisunique AND a.attname LIKE '%sha256'")" 0 "no unique index holds a content hash"
sql "CREATE TABLE registry.later (a int); ALTER TABLE registry.later OWNER TO pilot_owner; SET ROLE pilot_owner;
    CREATE FUNCTION registry.later() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE TABLE registry.later2 (a int)" >"$T/log"
for object in "SELECT * FROM registry.later" "SELECT * FROM registry.later2" "SELECT registry.later()"; do
    refused "$(run south "$object")" "a later object is nobody's: $object"
done

# ---- other logins ----------------------------------------------------------------------------------
for login in eva farm hand board audit stranger; do
    [ "$login" = eva ] || refused "$(run "$login" "SELECT * FROM results.effects")" "$login reads no results"
    refused "$(run "$login" "SELECT * FROM registry.summaries")" "$login does not read what agencies were told"
    [ "$login" = hand ] || refused "$(run "$login" "SELECT * FROM registry.dictionaries")" "$login does not read labels"
    refused "$(run "$login" "SELECT * FROM registry.assigned_units")" "$login does not read who was assigned"
    refused "$(run "$login" "SELECT registry.grant_role('pilot_owner', '$login')")" "$login makes itself no owner"
    refused "$(run "$login" "GRANT pilot_owner TO $login")" "nor by PostgreSQL"
    refused "$(run "$login" "SET ROLE pilot_fence")" "$login does not become the fence"
done
for verb in "INSERT INTO work.quality DEFAULT VALUES" "UPDATE work.lease SET epoch = 9" "DELETE FROM work.effects" "SELECT work.launch('two')" \
    "INSERT INTO registry.audit_pending DEFAULT VALUES"; do
    refused "$(run hand "$verb")" "a worker does not: $verb"
done
is "$(run hand "SELECT count(DISTINCT pilot_submission) FROM outcomes.two")" "$(sql "SELECT count(*) FROM work.pins JOIN work.analyses USING (analysis)
    JOIN registry.pilots USING (pilot) WHERE name = 'two' AND state IN ('queued', 'running')")" "a worker reads what is pinned"
refused "$(run eva "SELECT count(*) FROM registry.own_rows(NULL::outcomes.two)")" "an evaluator gets no unit rows from the fence"
refused "$(run farm "SELECT * FROM registry.own_rows(NULL::outcomes.two)")" "nor a coordinator"

# ---- every function that runs with its owner's rights ----------------------------------------------
functions="FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang WHERE p.pronamespace::regnamespace::text IN
    ('registry', 'work', 'results', 'dashboard') AND p.proname <> 'later'"
is "$(sql "SELECT string_agg(p.oid::regprocedure::text, ' ') $functions AND NOT COALESCE(p.proconfig @> ARRAY['search_path=pg_catalog, pg_temp'], false)")" "" \
    "every function has a fixed search_path"
is "$(sql "SELECT string_agg(p.oid::regprocedure::text, ' ') $functions AND p.proowner NOT IN ('pilot_owner'::regrole, 'pilot_fence'::regrole)")" "" \
    "and belongs to pilot_owner"
is "$(sql "SELECT string_agg(p.oid::regprocedure::text, ' ') $functions AND p.proowner = 'pilot_fence'::regrole")" "registry.own_rows(anyelement)" "the fence has one function"
is "$(sql "SELECT string_agg(p.oid::regprocedure::text, ' ') $functions AND l.lanname NOT IN ('sql', 'plpgsql')")" "" "in sql or plpgsql"
is "$(sql "SELECT string_agg(p.oid::regprocedure::text, ' ') $functions AND has_function_privilege('public', p.oid, 'EXECUTE')")" "" "PUBLIC may call none"
is "$(sql "SELECT string_agg(DISTINCT p.oid::regprocedure::text, ' ') $functions AND regexp_replace(p.prosrc, '--[^\n]*', '', 'g') ~* 'EXECUTE\\s+([^;]*\\|\\|\\s*[a-z_]+\\s*(\\|\\||;|USING|INTO))'")" "" \
    "no statement is put together with ||"
is "$(sql "SELECT string_agg(DISTINCT p.oid::regprocedure::text, ' ') $functions AND regexp_replace(p.prosrc, '--[^\n]*', '', 'g') ~*
    '\\m(from|join|update)\\s+(grants|agencies|submissions|plans|pilots|analyses|pins|jobs|effects|dictionaries|problems|assignments|lease)\\M'")" "" \
    "tables are named with their schema"
is "$(sql "SELECT string_agg(c.oid::regclass::text, ' ') FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname IN ('agency', 'submission', 'pilot_submission')
    WHERE c.relnamespace::regnamespace::text IN ('registry', 'work', 'outcomes', 'dashboard') AND c.relkind IN ('r', 'p') AND NOT c.relispartition
    AND NOT (c.relrowsecurity AND c.relforcerowsecurity) AND c.relname NOT IN ('audit_log', 'audit_pending')")" "" \
    "every table with an agency has row-level security, forced"
is "$(sql "SELECT string_agg(DISTINCT c.oid::regclass::text, ' ') FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid WHERE p.polname = 'own'
    AND (has_table_privilege('pilot_agency', c.oid, 'SELECT') OR has_any_column_privilege('pilot_agency', c.oid, 'SELECT'))")" "" \
    "an agency has no right on a table that holds others' rows"
finish
