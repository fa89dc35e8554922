#!/bin/bash
# The audit log: what is noted by whom, that nobody changes it, and that verifying finds it if
# somebody did.
. "$(dirname "$0")/common.sh"
PILOT=$(cd "${PILOT_BUILD:-build}" && pwd)/pilot
use_database audit
migrate 1 "$LATEST"
OWNER=$CONNINFO
as() { # login, statement
    CONNINFO=${OWNER/user=postgres/user=$1} try_sql <<<"$2"
}
for login in audit_eva audit_north audit_coo audit_wor audit_das audit_aud audit_own; do
    sql "CREATE ROLE $login LOGIN" >/dev/null
done
sql "GRANT pilot_owner TO audit_own" >/dev/null
grant() { sql "SELECT registry.grant_role('pilot_$1', 'audit_$2')" >/dev/null 2>&1; }
grant evaluator eva && grant coordinator coo && grant worker wor && grant dashboard das && grant auditor aud

last() { # condition: the newest entry's who, action, pilot, agency, subject
    sql "SELECT actor, action, COALESCE(pilot, '-'), COALESCE(agency, '-'), subject ${1:-} FROM registry.audit_log
        ORDER BY entry DESC LIMIT 1"
}
count() { sql "SELECT count(*) FROM registry.audit_log ${1:-}"; }
is "$(sql "SELECT action FROM registry.audit_log WHERE entry = 1")" begun "the log begins with the tables"
is "$(last)" 'postgres|granted|-|-|{"role": "pilot_auditor", "login": "audit_aud"}' "a role that is granted is logged"
before=$(count)
grant auditor aud
is "$(count)" "$before" "a grant that changes nothing is not"
sql "SELECT registry.revoke_role('pilot_dashboard', 'audit_das')" >/dev/null
is "$(last)" 'postgres|revoked|-|-|{"role": "pilot_dashboard", "login": "audit_das"}' "a revocation is logged"
grant dashboard das

# ---- what is logged -------------------------------------------------------------------------------
CONNINFO=${OWNER/user=postgres/user=audit_eva}
register p '{pilot_unit,pilot_arm}' '{text,int2}' >/dev/null
CONNINFO=$OWNER
is "$(last)" "audit_eva|plan_registered|p|-|{\"sha256\": \"$HASH\", \"version\": 1, \"submissions_before\": 0}" \
    "a plan is logged, under who registered it"
is "$(sql "SELECT application, address FROM registry.audit_log ORDER BY entry DESC LIMIT 1")" 'psql|' \
    "with the program; no address: the client is on the server"
sql "SELECT registry.grant_agency('p', 'north', 'audit_north')" >/dev/null
is "$(last)" 'postgres|granted|p|north|{"role": "pilot_agency", "login": "audit_north"}' "an agency's grant is logged"

FILLED='["pilot_unit","pilot_arm"]'
LABELS='{"pilot_arm":["c","t"]}'
load() { # agencies' manifest with offsets, rows (offset, row, unit, arm)
    cat <<SQL | try_sql
BEGIN;
SELECT load, partition FROM registry.begin_load('p', (SELECT max(plan) FROM registry.plans)) \gset
SELECT registry.reserve_submissions(2000) AS first \gset
INSERT INTO outcomes.:"partition" (pilot_submission, pilot_row, pilot_unit, pilot_arm)
    SELECT :first + s, r, u, a FROM ($2) AS v (s, r, u, a);
SELECT count(*) FROM registry.seal_load(:load, (
    SELECT jsonb_agg(jsonb_set(e, '{submission}', to_jsonb(:first + (e ->> 'submission')::int)))
    FROM jsonb_array_elements(($1)::jsonb) AS e));
${3:-COMMIT};
SQL
}
ONE="\$json\$[$(entry 0 north 2 "$FILLED" "$LABELS")]\$json\$"
ROWS="VALUES (0, 1, 'u1', 0::int2), (0, 2, 'u2', 1)"
before=$(count)
is "$(load "$ONE" "$ROWS" ROLLBACK)" 1 "a load is taken back"
is "$(count)" "$before" "and is not logged"
is "$(load "$ONE" "$ROWS")" 1 "a load is sealed"
is "$(last)" "postgres|submitted|p|north|$(sql "SELECT jsonb_build_object('load', load, 'plan_version', 1,
    'agencies', 1, 'rows', 2, 'submissions', submission::text, 'sha256', encode(sha256(
    '5:north,7:2097152,1:1,1:2,64:$HASH,64:$HASH,-,'), 'hex'), 'list', jsonb_build_array(
    jsonb_build_object('agency', 'north', 'submission', submission, 'revision', 1, 'rows', 2,
    'content_sha256', '$HASH', 'file_sha256', '$HASH'))) FROM registry.submissions")" \
    "a submission is logged with its hashes, the rolled back one left no gap"
is "$(sql "SELECT max(entry) - count(*) FROM registry.audit_log")" 0 "entries have no gaps"
MANY="SELECT jsonb_agg(jsonb_build_object('submission', i, 'agency', 'a' || i, 'rows', 1, 'content_sha256',
    '$HASH', 'file_sha256', '$HASH', 'columns', '$FILLED'::jsonb, 'dictionaries', '$LABELS'::jsonb))
    FROM generate_series(0, 1999) AS i"
before=$(count)
is "$(load "$MANY" "SELECT i, i + 1, 'u' || i, (i % 2)::int2 FROM generate_series(0, 1999) AS i")" 2000 \
    "a load of 2000 agencies is sealed"
is "$(($(count) - before))" 1 "it is one entry"
is "$(last "- 'load' - 'sha256'")" 'postgres|submitted|p|-|{"rows": 2000, "agencies": 2000, "submissions": "3145728-3147727", "plan_version": 1}' \
    "which counts the agencies and does not list them"
want=$("$PG_BIN/psql" -XqAt -d "$OWNER" -c "SELECT concat(length(g.name), ':', g.name, ',', length(s.submission::text), ':', s.submission,
    ',1:1,1:1,64:', s.content_sha256, ',64:', s.file_sha256, ',-,') FROM registry.submissions s JOIN registry.agencies g USING (agency)
    WHERE s.load = 3 ORDER BY g.name" | tr -d '\n' | sha256sum | cut -d' ' -f1)
is "$(sql "SELECT subject ->> 'sha256' FROM registry.audit_log ORDER BY entry DESC LIMIT 1")" "$want" \
    "their hash is of what is stored, in the order of names"
is "$(sql "SELECT encode(decode(subject ->> 'sha256', 'hex'), 'hex') = registry.audit_submissions(
    ARRAY (SELECT submission FROM registry.submissions WHERE load = 3)) ->> 'sha256'
    FROM registry.audit_log ORDER BY entry DESC LIMIT 1")" t "and can be computed again later"
as audit_north "SELECT registry.reject_load('p', 1, '{north}', '$HASH', '[{\"code\": \"not_a_number\", \"message\": \"m\"},
    {\"code\": \"not_a_number\", \"message\": \"m\"}, {\"code\": \"bad_row\", \"message\": \"m\"}]')" >/dev/null
is "$(last "-> 'problems'")" 'audit_north|rejected|p|north|{"bad_row": 1, "not_a_number": 2}' \
    "a rejected load is logged with counts by code"
launch() { as audit_eva "SELECT work.launch('p', NULL, $1)"; }
number=$(launch NULL)
is "$(last "- 'data_sha256' - 'pins_sha256' - 'plan_sha256'")" \
    "audit_eva|launched|p|-|{\"rows\": 2002, \"agencies\": 2001, \"analysis\": $number, \"submissions\": \"2097152,3145728-3147727\", \"confirmatory\": true, \"plan_version\": 1}" \
    "a launch is logged with what it froze"
is "$(sql "SELECT subject ->> 'pins_sha256' FROM registry.audit_log ORDER BY entry DESC LIMIT 1")" \
    "$(sql "SELECT string_agg(submission::text, ',' ORDER BY ordinal) FROM work.pins" | tr -d '\n' | sha256sum | cut -d' ' -f1)" \
    "its pins by their hash"
as audit_coo "SELECT work.note_handed('[{\"analysis\": $number, \"epoch\": 1, \"jobs\": 2, \"workers\": {\"w\": \"0-5\"}}]')" >/dev/null
is "$(last)" "audit_coo|handed_out|p|-|{\"jobs\": 2, \"epoch\": 1, \"workers\": {\"w\": \"0-5\"}, \"analysis\": $number}" \
    "what the coordinator hands out is logged"
as audit_eva "SELECT work.cancel($number)" >/dev/null
is "$(sql "SELECT string_agg(action || ':' || subject, ' ' ORDER BY entry) FROM (SELECT * FROM registry.audit_log ORDER BY entry DESC LIMIT 2) AS l")" \
    "cancelled:{\"was\": \"queued\", \"analysis\": $number} ended:{\"state\": \"cancelled\", \"analysis\": $number}" \
    "a cancellation is logged, and the end"
as audit_eva "SELECT work.retry($number)" >/dev/null
is "$(last)" "audit_eva|retried|p|-|{\"was\": \"cancelled\", \"retries\": 1, \"analysis\": $number}" "so is a retry"
launch "'to see'" >/dev/null
is "$(last "->> 'not_confirmatory'")" "audit_eva|launched|p|-|exploratory: to see" "an exploratory launch with its reason"
as audit_north "SELECT registry.withdraw('p', 'north', 'consent')" >/dev/null
is "$(last "- 'list' - 'sha256'")" \
    'audit_north|withdrawn|p|north|{"rows": 2, "reason": "consent", "agencies": 1, "submissions": "2097152"}' "a withdrawal is logged"
before=$(count)
sql "UPDATE registry.submissions SET state = 'withdrawn' WHERE submission BETWEEN 3145728 AND 3146000"
is "$(($(count) - before)) $(last "->> 'agencies'")" "1 postgres|withdrawn|p|-|273" \
    "a withdrawal by hand too, one entry for all of it"
sql "UPDATE registry.agencies SET unit_key = '$HASH' WHERE name = 'north'"
is "$(last "- 'list'" | cut -d'|' -f2)" withdrawn "an agency's first key is told by its submission"
sql "UPDATE registry.agencies SET unit_key = NULL WHERE name = 'north'"
is "$(last)" "postgres|unit_key_reset|p|north|{\"was\": \"$HASH\"}" "a reset of its key is logged"
cat <<SQL | try_sql >/dev/null
BEGIN;
SELECT registry.begin_assignment('p', 1, '{"sha256": "$HASH", "file_sha256": "$HASH", "seed": 1, "software_version": "1"}', '{}') AS run \gset
SELECT assignment FROM registry.register_assignment(:run, 'west', '{"content_sha256": "$HASH", "units": 2, "arms": ["c", "t"],
    "counts": [1, 1], "salt": "00000000000000000000000000000000"}') \gset
SELECT registry.add_assigned_units(:assignment, '{1,2}', '{0,1}', NULL, NULL);
COMMIT;
SQL
like_last=$(last "- 'sha256' - 'file_sha256'")
is "$like_last" 'postgres|assignment_registered|p|west|{"run": 1, "late": 0, "units": 2, "agencies": ["west"], "assignments": 1}' \
    "a registered assignment is logged"
sql "UPDATE registry.assignments SET state = 'replaced', reason = 'why', replaced_by = 'x', replaced_at = now()"
is "$(last)" 'postgres|assignment_replaced|p|west|{"reason": "why", "agencies": ["west"], "assignments": 1}' \
    "a replaced one with its reason"
sql "INSERT INTO registry.purges (pilot, load, keep, older_than, submissions, rows, dropped)
    VALUES (1, 2, 1, '1 day', '{2097152}', 2, true), (1, 3, 1, '1 day', '{3145728,3145729}', 2, false)"
is "$(last)" 'postgres|purged|p|-|{"keep": 1, "rows": 4, "count": 3, "loads": [2, 3], "older_than": "1 day", "submissions": "2097152,3145728-3145729"}' \
    "a purge is one entry"
sql "SELECT registry.revoke_agency('p', 'north', 'audit_north')" >/dev/null
is "$(last)" 'postgres|revoked|p|north|{"role": "pilot_agency", "login": "audit_north"}' "so is a grant that is taken back"

# ---- who may --------------------------------------------------------------------------------------
is "$(as audit_aud "SELECT count(*) > 20 FROM registry.audit_log")" t "an auditor reads the log"
for login in eva north coo wor das; do
    is "$(as "audit_$login" "SELECT count(*) FROM registry.audit_log" | cut -c1-5)" 42501 "audit_$login does not"
done
for verb in "INSERT INTO registry.audit_log SELECT * FROM registry.audit_log LIMIT 1" "UPDATE registry.audit_log SET actor = 'x'" \
    "DELETE FROM registry.audit_log" "TRUNCATE registry.audit_log" "UPDATE registry.audit_head SET entry = 1" \
    "DELETE FROM registry.audit_pending" "INSERT INTO registry.audit_pending (action, subject) VALUES ('x', '{}')" \
    "SELECT registry.note_audit('x', NULL, NULL, '{}')" "SELECT work.note_handed('[]')"; do
    is "$(as audit_aud "$verb" | cut -c1-5)" 42501 "an auditor may not: ${verb%% *} ${verb#* }"
done
is "$(as audit_eva "SELECT work.note_handed('[]')" | cut -c1-5)" 42501 "nor may an evaluator log for the coordinator"
for verb in "UPDATE registry.audit_log SET actor = 'x'" "DELETE FROM registry.audit_log" "TRUNCATE registry.audit_log"; do
    is "$(as audit_own "SET ROLE pilot_owner; $verb" | cut -c1-5)" 42501 "its owner has no right to ${verb%% *}"
    is "$(try_sql <<<"$verb")" "PL006 the audit log is append-only" "a superuser is refused ${verb%% *}"
done
is "$(try_sql <<<"DELETE FROM registry.audit_head")" "PL006 the audit log is append-only" "the head stays"

# ---- at once --------------------------------------------------------------------------------------
before=$(count)
for client in 1 2 3 4 5 6; do
    for _ in $(seq 25); do
        echo "BEGIN; SELECT registry.note_audit('tested', 1, NULL, '{\"client\": $client}'); SELECT registry.note_audit('tested', 1, NULL, '{}'); COMMIT;"
    done | "$PG_BIN/psql" -Xq -v ON_ERROR_STOP=1 -d "$OWNER" >"$T/client$client" 2>&1 &
done
wait
is "$(($(count) - before))" 300 "six clients that commit at once lose no entry"
is "$(sql "SELECT max(entry) - count(*) FROM registry.audit_log")" 0 "and leave no gap"
is "$(sql "SELECT count(*) FROM registry.audit_pending")" 0 "nothing waits outside of the chain"
(echo "BEGIN; SELECT registry.note_audit('tested', 1, NULL, '{}');"; sleep 1; echo "COMMIT;") |
    "$PG_BIN/psql" -Xq -d "$OWNER" >"$T/slow" 2>&1 &
sleep 0.3
is "$(try_sql <<<"SET lock_timeout = '300ms'; SELECT 1 FROM registry.note_audit('tested', 1, NULL, '{}')")" 1 \
    "a long transaction does not hold up the others"
wait
is "$(try_sql <<<"BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1 FROM registry.audit_head;
    \\! $PG_BIN/psql -Xqd '$OWNER' -c \"SELECT registry.note_audit('tested', 1, NULL, '{}')\" >/dev/null
    SELECT registry.note_audit('tested', 1, NULL, '{}'); COMMIT" | sed -n 's/^\(.....\) .*/\1/p')" 40001 \
    "where a snapshot is too old the transaction is to be tried again, and breaks nothing"

# ---- verify ---------------------------------------------------------------------------------------
verify() { # database, options: what it says, and its exit status
    local database=$1
    shift
    "$PILOT" audit --verify --db "host=$PG_HOME user=${LOGIN:-postgres} dbname=$database" "$@" >"$T/out" 2>"$T/err"
    echo "$? $(cat "$T/out")$(grep '^pilot: ' "$T/err" | sed 's/^pilot: //')"
}
entries=$(count)
head=$(sql "SELECT encode(hash, 'hex') FROM registry.audit_log ORDER BY entry DESC LIMIT 1")
noted=$(sql "SELECT encode(hash, 'hex') FROM registry.audit_log WHERE entry = 9")
good="0 entry $entries, hash $head"
is "$(verify audit)" "$good" "the chain is whole, and its head is told"
is "$(LOGIN=audit_aud verify audit)" "$good" "an auditor can tell that"
is "$(LOGIN=audit_eva verify audit | cut -c1)" 4 "an evaluator cannot"
is "$(verify audit --from "9:$noted")" "$good" "from a noted entry on"
is "$(verify audit --expect "9:$noted")" "$good" "with a noted entry in it"
is "$(verify audit --expect "${noted^^}")" "$good" "known by its hash alone"
is "$(verify audit --expect "$head")" "$good" "and the head itself"
wrong=$(printf '0%.0s' $(seq 64))
prefix="1 the audit log is not as it was written: "
is "$(verify audit --expect "9:$wrong")" "${prefix}entry 9 is whole but not the one that was noted: it, or one before it, was written anew" \
    "another hash than the noted one"
is "$(verify audit --from "9:$wrong" | cut -c1)" 1 "from there on as well"
is "$(verify audit --expect "$((entries + 5)):$wrong")" \
    "${prefix}entry $((entries + 5)) was noted and is missing: the log ends with entry $entries" "an entry that is not there any more"
is "$(verify audit --from "$((entries + 5)):$wrong")" \
    "${prefix}entry $((entries + 5)) is missing: the log ends with entry $entries" "nor to begin with"
is "$(verify audit --expect "$wrong" | cut -c1-60)" "$(cut -c1-60 <<<"${prefix}no entry has the hash that was noted")" "a hash that no entry has"
is "$(verify audit --from "$noted" | cut -c1)" 2 "--from needs a number"
is "$(verify audit --expect 12)" "2 '12' is not an entry's number and hash, N:HASH, as \`pilot audit --verify\` prints them" "what is no hash"

# What a superuser can do who switches triggers off.
tampered() { # statement, what is found, name
    copies=$((copies + 1))
    CONNINFO=${OWNER/dbname=audit/dbname=postgres} sql "CREATE DATABASE tampered$copies TEMPLATE audit" >/dev/null
    CONNINFO=${OWNER/dbname=audit/dbname=tampered$copies} try_sql >"$T/tampered" \
        <<<"BEGIN; SET LOCAL session_replication_role = replica; $1; COMMIT"
    is "$(cat "$T/tampered")" "" "$3: done"
    is "$(verify "tampered$copies" "${@:4}")" "$2" "$3: found"
}
copies=0
changed="was changed: its hash is of other contents"
tampered "UPDATE registry.audit_log SET subject = subject || '{\"rows\": 3}' WHERE entry = 14" "${prefix}entry 14 $changed" "a count"
tampered "UPDATE registry.audit_log SET actor = 'audit_eva' WHERE entry = 5" "${prefix}entry 5 $changed" "who"
tampered "UPDATE registry.audit_log SET at = at + interval '1 microsecond' WHERE entry = 5" "${prefix}entry 5 $changed" "when"
tampered "ALTER TABLE registry.audit_log DROP CONSTRAINT audit_log_no_empty_text;
    UPDATE registry.audit_log SET agency = '' WHERE entry = 5" "${prefix}entry 5 $changed" "an empty text for none"
tampered "UPDATE registry.audit_log SET address = application, application = address WHERE entry = 5" "${prefix}entry 5 $changed" \
    "a text in another's place"
tampered "UPDATE registry.audit_log SET pilot = left(pilot || action, 1), action = action || 'x' WHERE entry = 14" \
    "${prefix}entry 14 $changed" "the border between two texts"
tampered "UPDATE registry.audit_log SET hash = decode('$wrong', 'hex') WHERE entry = 7" "${prefix}entry 7 $changed" "a hash"
tampered "UPDATE registry.audit_log SET previous_hash = decode('$wrong', 'hex') WHERE entry = 7" "${prefix}entry 7 $changed" "the link"
tampered "DELETE FROM registry.audit_log WHERE entry = 7" "${prefix}entry 7 is missing: entry 8 comes next" "an entry deleted"
tampered "DELETE FROM registry.audit_log WHERE entry = 1" "${prefix}entry 1 is missing: entry 2 comes next" "the first deleted"
tampered "DELETE FROM registry.audit_log WHERE entry > $((entries - 2))" \
    "${prefix}entry $((entries - 1)) is missing: the head is entry $entries" "the last ones deleted"
tampered "DELETE FROM registry.audit_log" "${prefix}entry 1 is missing: the head is entry $entries" "all deleted"
tampered "DELETE FROM registry.audit_head" \
    "${prefix}entry $((entries + 1)) and all after it cannot be told: the row of the head is gone" "the head deleted"
tampered "UPDATE registry.audit_head SET entry = entry - 1" \
    "${prefix}entry $entries is not the head, which is entry $((entries - 1)) with another hash" "the head set back"
tampered "ALTER TABLE registry.audit_log DROP CONSTRAINT audit_log_pkey;
    INSERT INTO registry.audit_log SELECT * FROM registry.audit_log WHERE entry = 7" \
    "${prefix}entry 7 stands twice, or out of its order" "an entry put in"
rehash="registry.audit_log SET hash = registry.audit_hash(audit_log)"
tampered "UPDATE registry.audit_log SET actor = 'x' WHERE entry = 7; UPDATE $rehash WHERE entry = 7" \
    "${prefix}entry 8 does not follow entry 7: one of them was put in another's place" "an entry changed with its hash"
tampered "UPDATE registry.audit_log SET entry = entry + 1000000 WHERE entry IN (7, 8);
    UPDATE registry.audit_log SET entry = 1000015 - entry WHERE entry > 1000000; UPDATE $rehash WHERE entry IN (7, 8)" \
    "${prefix}entry 7 does not follow entry 6: one of them was put in another's place" "two entries exchanged"
tampered "CREATE OR REPLACE FUNCTION registry.audit_hash(log registry.audit_log) RETURNS bytea LANGUAGE sql AS
    'SELECT (\$1).hash'; UPDATE registry.audit_log SET actor = 'x' WHERE entry = 7" "${prefix}entry 7 $changed" \
    "an entry, and the function that computes hashes"
tampered "UPDATE registry.audit_log SET pilot = NULL, subject = '{}' WHERE entry = $entries; UPDATE $rehash WHERE entry = $entries;
    UPDATE registry.audit_head SET hash = (SELECT hash FROM registry.audit_log WHERE entry = $entries)" \
    "${prefix}entry $entries is whole but not the one that was noted: it, or one before it, was written anew" \
    "the last one rewritten with its head, against a note" --expect "$entries:$head"
tampered "DELETE FROM registry.audit_log WHERE entry > 9; UPDATE registry.audit_head SET entry = 9, hash = decode('$noted', 'hex')" \
    "${prefix}entry $entries was noted and is missing: the log ends with entry 9" "the end taken away with the head, against a note" \
    --expect "$entries:$head"
is "$(verify "tampered$copies")" "0 entry 9, hash $noted" "which nobody can tell without a note"
tampered "DO \$\$ DECLARE l registry.audit_log; p bytea; BEGIN
    UPDATE registry.audit_log SET actor = 'x' WHERE entry = 7;
    FOR l IN SELECT * FROM registry.audit_log ORDER BY entry LOOP
        l.previous_hash := COALESCE(p, l.previous_hash); p := registry.audit_hash(l);
        UPDATE registry.audit_log SET previous_hash = l.previous_hash, hash = p WHERE entry = l.entry;
    END LOOP; UPDATE registry.audit_head SET hash = p; END \$\$" \
    "${prefix}entry 9 is whole but not the one that was noted: it, or one before it, was written anew" \
    "the whole chain written anew, against a note" --from "9:$noted"
is "$(verify "tampered$copies" | cut -c1)" 0 "which nobody can tell without one either"
tampered "SET LOCAL session_replication_role = origin; ALTER TABLE registry.audit_pending DISABLE TRIGGER audit_chain;
    INSERT INTO registry.grants (agency, login) VALUES (1, 'audit_north'); ALTER TABLE registry.audit_pending ENABLE TRIGGER audit_chain" \
    "${prefix}entry $((entries + 1)) was never written: 1 notes wait in registry.audit_pending, so its trigger is or was off" \
    "an event while the chain was switched off"

# By hand: the recipe of the page.
sed -n '/^```python$/,/^```$/p' docs/operations/audit.md | sed '1d;$d' >"$T/verify.py"
"$PILOT" audit --format csv --db "$OWNER" >"$T/log.csv"
is "$(python3 "$T/verify.py" <"$T/log.csv")" "entry $entries, hash $head" "the recipe of the page verifies an exported log"
sed 's/audit_eva/audit_evb/' "$T/log.csv" | python3 "$T/verify.py" >"$T/out" 2>&1
is "$? $(grep -c 'entry [0-9]* was changed' "$T/out")" "1 1" "and finds a changed one"
finish
