#!/bin/bash
# Register, load, seal, reject: what goes through, and every refusal.
. "$(dirname "$0")/common.sh"
use_database load
migrate 1 "$LATEST"

COLUMNS='{pilot_unit,pilot_arm,y,"Ünï\"x",cat}'
TYPES='{text,int2,float8,float8,int4}'
FILLED='["pilot_unit","pilot_arm","y","Ünï\"x","cat"]'
LABELS='{"pilot_arm":["t","c"],"cat":["a'\''b","\""]}'

# ---- plans ---------------------------------------------------------------------------------------
is "$(register p "$COLUMNS" "$TYPES")" "1|t" "a first plan is version 1"
is "$(register p "$COLUMNS" "$TYPES")" "1|f" "the same plan again is no new version"
OTHER=$(printf 'b%.0s' $(seq 64))
is "$(register p '{pilot_unit,pilot_arm,y,z}' '{text,int2,float8,float8}' '' "$OTHER")" "2|t" \
    "a changed plan is the next version"
is "$(sql "SELECT string_agg(attname, ' ' ORDER BY attnum) FROM pg_attribute
    WHERE attrelid = 'outcomes.p'::regclass AND attnum > 0")" \
    'pilot_submission pilot_row pilot_unit pilot_arm y Ünï"x cat z' "its new columns are added"
is "$(register p "$COLUMNS" "$TYPES")" "3|t" "an older plan again is a new version"
is "$(register p '{pilot_unit,pilot_arm,y}' '{text,int2,int4}' '' "$OTHER")" \
    'PL003 column "y" is stored as double precision in pilot "p" and this plan makes it integer; a column cannot change its type: use a new pilot name' \
    "a column keeps its type"
is "$(register p '{pilot_unit,pilot_arm,"a; drop table x"}' '{text,int2,text; drop table x}')" \
    'PL003 column "a; drop table x" of the plan has a name or a type that cannot be stored' \
    "a type that is none is refused"
is "$(register p '{pilot_unit,pilot_arm,pilot_row}' '{text,int2,int4}')" \
    'PL003 column "pilot_row" of the plan has a name or a type that cannot be stored' \
    "our own columns are refused"
is "$(register p '{pilot_unit,pilot_arm,y,y}' '{text,int2,float8,float8}' '' "$OTHER")" \
    'PL003 column "y" stands twice in the plan' "a column stands once"
is "$(register p '{pilot_unit,y}' '{text,float8}')" 'PL003 the columns of the plan are not complete' \
    "a plan without arms is refused"
is "$(register 'Bad Name' "$COLUMNS" "$TYPES" | cut -c1-5)" 23514 "a pilot's name is checked"

# Loads come from a login that submits for two agencies; another one submits for none of them.
sql "CREATE ROLE agency LOGIN; CREATE ROLE other LOGIN;
    SELECT registry.grant_agency('p', name, 'agency') FROM unnest(ARRAY['B', 'A\"; drop', 'A']) AS name;
    SELECT registry.grant_agency('p', 'C', 'other')" >"$T/granted"
OWNER=$CONNINFO
AGENCY=${CONNINFO/user=postgres/user=agency}
OTHER_AGENCY=${CONNINFO/user=postgres/user=other}

# ---- loads ---------------------------------------------------------------------------------------
# Statements of a whole load: rows from $1 (submission offset, row, unit, arm, y, x, cat), manifest
# from $2; :first is the first submission.
load() { # rows, manifest, [number of submissions], [plan], [conninfo]
    cat <<SQL | CONNINFO=${5:-$AGENCY} try_sql
BEGIN;
SELECT load, partition FROM registry.begin_load('p', ${4:-3}) \gset
SELECT registry.reserve_submissions(${3:-2}) AS first \gset
INSERT INTO outcomes.:"partition" (pilot_submission, pilot_row, pilot_unit, pilot_arm, y, "Ünï""x", cat)
    SELECT :first + s, r, u, a, y, x, c FROM (VALUES $1) AS v (s, r, u, a, y, x, c);
SELECT agency, revision, state FROM registry.seal_load(:load, (
    SELECT jsonb_agg(jsonb_set(e, '{submission}', to_jsonb(:first + (e ->> 'submission')::int)))
    FROM jsonb_array_elements(\$json\$[$2]\$json\$) AS e));
COMMIT;
SQL
}
ROWS="(0, 1, 'u1', 0::int2, 1.5::float8, NULL::float8, 0), (0, 2, 'u2', 1, 2.5, 1, NULL), (1, 3, 'u1', 1, -1, 2, 1)"
GOOD="$(entry 0 'B' 2 "$FILLED" "$LABELS"), $(entry 1 'A\"; drop' 1 "$FILLED" "$LABELS")"
is "$(load "$ROWS" "$GOOD")" "$(printf 'A"; drop|1|accepted\nB|1|accepted')" \
    "a load is accepted, its agencies in byte order"
is "$(sql "SELECT count(*), sum(y) FROM outcomes.p")" "3|3" "its rows are in the pilot's table"
is "$(sql "SELECT agency, revision, rows FROM registry.current_submissions('p')")" \
    "$(printf 'A"; drop|1|1\nB|1|2')" "its submissions are the current ones"
is "$(sql "SELECT labels FROM registry.dictionaries WHERE column_name = 'cat' LIMIT 1")" \
    "{a'b,\"\\\"\"}" "labels keep every character"
is "$(sql "SELECT count(*) FROM pg_constraint WHERE conrelid = 'outcomes.p\$1'::regclass")" 0 \
    "a sealed partition keeps no constraint for planners to read"

kept=$(sql "SELECT count(*) FROM registry.loads, registry.submissions")
refused() { # what, rows, manifest, message, [number], [plan]
    is "$(load "$2" "$3" "${5:-2}" "${6:-3}")" "$4" "$1 is refused"
}
one() { entry 0 B "$1" "$FILLED" "${2:-$LABELS}"; }
DIFFER='PL002 the rows of the load differ from its manifest (their count, or a code without a label)'
SINGLE="(0, 1, 'u', 0::int2, 1::float8, 1::float8, 0)"
refused "a wrong number of rows" "$SINGLE" "$(one 2)" "$DIFFER"
refused "a row of no manifest" "$ROWS" "$(one 2)" "$DIFFER"
refused "an agency without rows" "$SINGLE" "$(one 1), $(entry 1 A 1 "$FILLED" "$LABELS")" "$DIFFER"
refused "a code without a label" "(0, 1, 'u', 2::int2, 1::float8, 1::float8, 0)" "$(one 1)" "$DIFFER"
refused "a category without a dictionary" "$SINGLE" "$(one 1 '{"pilot_arm":["t"]}')" "$DIFFER"
refused "a negative code" "(0, 1, 'u', (-1)::int2, 1::float8, 1::float8, 0)" "$(one 1)" \
    '23514 new row for relation "p$7" violates check constraint "pilot_values"'
for number in NaN Infinity -Infinity; do
    is "$(load "(0, 1, 'u', 0::int2, '$number'::float8, 1::float8, 0)" "$(one 1)" |
        cut -d'"' -f1,4)" '23514 new row for relation "pilot_values' "$number is refused"
done
refused "a unit that stands twice" "(0, 1, 'u', 0::int2, 1::float8, 1::float8, 0), (0, 2, 'u', 0, 1, 1, 0)" \
    "$(one 2)" 'PL002 a unit stands twice in the data of one agency'
is "$(load "(0, 1, NULL, 0::int2, 1::float8, 1::float8, 0)" "$(one 1)" | cut -c1-5)" 23502 \
    "a missing unit is refused"
is "$(load "(2, 1, 'u', 0::int2, 1::float8, 1::float8, 0)" "$(entry 2 B 1 "$FILLED" "$LABELS")")" \
    'PL002 the manifest of the load names a submission that is not of this load' \
    "an id that was not reserved is refused"
is "$(load "(1048576, 1, 'u', 0::int2, 1::float8, 1::float8, 0)" "$(one 1)" | cut -c1-5)" 23514 \
    "another load's id is refused"
refused "an arm that the plan does not have" "$SINGLE" "$(one 1 '{"pilot_arm":["x"],"cat":["a"]}')" \
    'PL002 the manifest of the load names an arm that the plan does not have'
refused "an agency that stands twice" "$ROWS" "$(one 2), $(entry 1 B 1 "$FILLED" "$LABELS")" \
    'PL002 the manifest of the load names an agency or a submission twice'
refused "an agency without a name" "$SINGLE" "$(entry 0 '' 1 "$FILLED" "$LABELS")" \
    'PL002 the manifest of the load names an agency in no or more than 2000 bytes'
refused "a column that is not there" "$SINGLE" "$(entry 0 B 1 '["nope"]' "$LABELS")" \
    'PL002 the manifest of the load names a column that the pilot does not have'
refused "an incomplete manifest" "$SINGLE" '{"submission": 0, "agency": "B"}' \
    'PL002 the manifest of the load is incomplete'
refused "a manifest that is no hash's" "$SINGLE" "$(entry 0 B 1 "$FILLED" "$LABELS" nohash)" \
    '23514 new row for relation "submissions" violates check constraint "submissions_content_sha256_check"'
refused "another pilot's plan" "$SINGLE" "$(one 1)" 'PL001 pilot "p" has no such plan' 2 99
refused "more agencies than a load holds" "$SINGLE" "$(one 1)" \
    'PL002 a load can hold at most 1048576 agencies' 1048577
is "$(echo "SELECT registry.reserve_submissions(1)" | try_sql)" \
    "PL003 no load is open in this transaction" "ids are reserved for an open load only"
is "$(echo "SELECT * FROM registry.seal_load(1, '[]')" | try_sql)" \
    "PL003 no load is open in this transaction" "a sealed load is not sealed again"
is "$(echo "BEGIN; SELECT load AS l FROM registry.begin_load('p', 3) \gset
    SELECT * FROM registry.seal_load(:l, '[]')" | try_sql)" "PL002 the load holds no agency" \
    "an empty load is refused"
is "$(echo "BEGIN; SELECT load FROM registry.begin_load('p', 3) \gset
    COMMIT;" | try_sql)" "PL003 the load was not sealed" "an open load cannot be committed"
is "$(echo "SELECT * FROM registry.begin_load('nope', 1)" | try_sql)" \
    'PL001 there is no pilot "nope"; register its plan first (pilot register PLAN.yaml)' \
    "an unknown pilot is named"
is "$(sql "SELECT count(*) FROM registry.loads, registry.submissions")" "$kept" \
    "what was refused left nothing"
is "$(sql "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'outcomes' AND c.relkind = 'r'")" 1 "nor a table"

is "$(load "$ROWS" "$GOOD")" "$(printf 'A"; drop|2|accepted\nB|2|accepted')" \
    "a second load is a revision"
is "$(sql "SELECT agency, revision, state FROM results.submissions WHERE agency = 'B'")" \
    "$(printf 'B|1|superseded\nB|2|accepted')" "the older one is superseded"
is "$(sql "SELECT count(*) FROM outcomes.p")" 6 "and keeps its rows"
is "$(sql "EXPLAIN SELECT FROM outcomes.p WHERE pilot_submission = 1048576" |
    grep -c 'on "p\$')" 1 "one submission is looked for in one partition"

# ---- rejected loads --------------------------------------------------------------------------------
is "$(echo "SELECT registry.reject_load('p', 3, '{B,New}', '$HASH', '[{\"file\": 1, \"row\": 7,
    \"column\": \"y\", \"code\": \"not_a_number\", \"message\": \"not a number\"},
    {\"code\": \"bad_row\", \"message\": \"m\"}]') > 0" | try_sql)" t "a rejected load is kept"
is "$(sql "SELECT agency, revision, state, rows FROM results.submissions WHERE state = 'rejected'")" \
    "$(printf 'B||rejected|0\nNew||rejected|0')" "as rejected submissions without rows or revision"
is "$(sql "SELECT file, row, \"column\", code, message FROM registry.problems ORDER BY ordinal")" \
    "$(printf '1|7|y|not_a_number|not a number\n1|||bad_row|m')" "with its report"
is "$(sql "SELECT agency FROM registry.current_submissions('p')")" "$(printf 'A"; drop\nB')" \
    "and changes nothing that was accepted"
is "$(echo "SELECT registry.reject_load('p', 3, NULL, NULL, '[]') > 0" | try_sql)" t \
    "a load whose agencies are unknown can be rejected"

# ---- who may do what -------------------------------------------------------------------------------
as_agency() { echo "$1" | CONNINFO=$AGENCY try_sql; }
is "$(as_agency "SELECT count(*) FROM registry.own_rows(NULL::outcomes.p)")" 6 "an agency reads its own rows"
is "$(echo "SELECT count(*) FROM registry.own_rows(NULL::outcomes.p)" | CONNINFO=$OTHER_AGENCY try_sql)" 0 \
    "and nobody else's"
is "$(load "$ROWS" "$GOOD" 2 3 "$OTHER_AGENCY")" \
    'PL006 this login may not submit for one of the agencies in the data' \
    "nobody submits for another agency"
is "$(load "$SINGLE" "$(entry 0 Nobody 1 "$FILLED" "$LABELS")" 2 3 "$OTHER_AGENCY")" \
    'PL006 this login may not submit for one of the agencies in the data' \
    "nor learns whether there is one of that name"
is "$(as_agency "INSERT INTO outcomes.\"p\$1\" DEFAULT VALUES")" \
    '42501 permission denied for table p$1' "nor write to a partition that is sealed"
is "$(echo "SELECT count(*) FROM registry.own_rows(NULL::registry.submissions)" | CONNINFO=$OTHER_AGENCY try_sql)" 0 \
    "nor sees another's submissions"
is "$(as_agency "SELECT registry.store_submissions(NULL, NULL)")" \
    "42501 permission denied for function store_submissions" "nor call what seal_load calls"
is "$(load "$ROWS" "$GOOD" 2 3 "$OWNER")" "$(printf 'A"; drop|3|accepted\nB|3|accepted')" \
    "the owner can load too"
is "$(load "$SINGLE" "$(one 2)" 2 3 "$OWNER")" \
    'PL002 the load holds more or fewer rows than its manifest says' "its rows are counted"
is "$(load "$SINGLE, (0, 2, 'u', 0, 1, 1, 0)" "$(one 2)" 2 3 "$OWNER")" \
    'PL002 a unit stands twice in the data of one agency' "its units stand once"

patience() { # of the server, in the transaction of a load
    cat <<SQL | CONNINFO=$AGENCY try_sql
BEGIN;
SELECT load, partition FROM registry.begin_load('p', 3) \gset
SHOW idle_in_transaction_session_timeout;
SELECT registry.reserve_submissions(1) AS first \gset
INSERT INTO outcomes.:"partition" (pilot_submission, pilot_row, pilot_unit, pilot_arm)
    VALUES (:first, 1, 'u', 0);
SELECT agency FROM registry.seal_load(:load, (
    SELECT jsonb_agg(jsonb_set(e, '{submission}', to_jsonb(:first + (e ->> 'submission')::int)))
    FROM jsonb_array_elements(\$json\$[$(entry 0 A 1 "$FILLED" "$LABELS")]\$json\$) AS e));
SHOW idle_in_transaction_session_timeout;
ROLLBACK;
SHOW idle_in_transaction_session_timeout;
SQL
}
is "$(patience)" "$(printf '5min\nA\n10s\n0')" "a session that idles in a load is ended, soon once others wait for it"

# ---- keys, summaries, warnings ------------------------------------------------------------------------
with_key() { # fingerprint digit
    local given
    given=$(entry 0 B 1 "$FILLED" "$LABELS")
    echo "${given%\}}, \"unit_key\": \"$(printf "$1%.0s" $(seq 64))\", \"summary\": {\"rows\": 1},
        \"warnings\": [{\"code\": \"srm\"}]}"
}
is "$(load "$SINGLE" "$(with_key 1)")" 'PL002 a unit id is not a pseudonym: those have 22 letters' \
    "raw ids do not go as pseudonyms"
SINGLE=${SINGLE/"'u'"/"'abcdefghijklmnopqrstuQ'"}
is "$(load "$SINGLE" "$(with_key 1)")" "B|4|accepted" "an agency's first key is kept"
is "$(load "$SINGLE" "$(with_key 2)")" \
    'PL002 the units of agency "B" come with another key than in its first submission; use the key file of then' \
    "another key is refused"
is "$(load "$SINGLE" "$(one 1)")" \
    'PL002 the units of agency "B" come with another key than in its first submission; use the key file of then' \
    "and so is none"
is "$(load "$SINGLE" "$(with_key 1)")" "B|5|accepted" "the same key goes on"
is "$(as_agency "SELECT summary ->> 'rows', jsonb_array_length(warnings) FROM registry.own_rows(NULL::registry.summaries)")" \
    "$(printf '1|1\n1|1')" "the agency reads what it was told"
is "$(as_agency "SELECT warnings FROM registry.own_rows(NULL::registry.submissions) WHERE revision = 5")" 1 "its warnings are counted"
is "$(echo "SELECT count(*) FROM registry.own_rows(NULL::registry.summaries)" | CONNINFO=$OTHER_AGENCY try_sql)" 0 \
    "nobody else reads them"
finish
