#!/bin/bash
# Purge: which rows go by the rule and which never do; what stays known; rights; what a crash leaves.
. "$(dirname "$0")/common.sh"
use_database purge
migrate 1 "$LATEST"
OWNER=$CONNINFO

# Everything so far happened so many days earlier.
age() { # days
    sql "SET session_replication_role = replica;
        UPDATE registry.submissions SET submitted_at = submitted_at - interval '$1 days'"
}
purge() { # arguments of registry.purge
    sql "SELECT load, submissions, rows, dropped FROM registry.purge(${1:-})"
}
rows_of() { # agency, revision
    sql "SELECT count(*) FROM outcomes.p WHERE pilot_submission = (SELECT submission
        FROM registry.submissions JOIN registry.agencies USING (agency)
        WHERE name = '$1' AND revision = $2)"
}
partitions() {
    sql "SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class
        WHERE relnamespace = 'outcomes'::regnamespace AND relkind = 'r'"
}

is "$(register p '{pilot_unit,pilot_arm,y}' '{text,int2,float8}')" "1|t" "a plan"
load "north 100 1" "south 50 1"; age 100
load "north 110 2" "south 60 2"; age 100
load "north 120 3"; age 100
load "north 130 4"
is "$(partitions)" 'p$1 p$2 p$3 p$4' "four loads"

# ---- the rule --------------------------------------------------------------------------------------
before=$(sql "SELECT md5(string_agg(t::text, '' ORDER BY pilot_submission, pilot_row)) FROM outcomes.p t")
is "$(purge "dry_run => true")" $'1|1|100|f\n2|1|110|f' \
    "by default each agency's latest superseded revision stays, and what was superseded in 90 days"
is "$(purge "dry_run => true, keep => 0")" $'1|2|150|t\n2|1|110|f' "revision 3 was superseded today"
is "$(purge "dry_run => true, keep => 0, older_than => '0 days'")" $'1|2|150|t\n2|1|110|f\n3|1|120|t' \
    "with neither all that is superseded goes"
is "$(purge "dry_run => true, older_than => '250 days'")" "" "nothing is that old"
is "$(purge "dry_run => true, keep => 2")" "1|1|100|f" "two revisions more than the accepted one stay"
is "$(purge "'other'" 2>&1 | grep -c 'there is no pilot')" 1 "an unknown pilot"
is "$(echo "SELECT registry.purge(keep => -1)" | try_sql | cut -c1-5)" PL003 "less than none cannot be kept"
is "$(echo "SELECT registry.purge(older_than => '-1 day')" | try_sql | cut -c1-5)" PL003 "nor the future"
is "$(sql "SELECT md5(string_agg(t::text, '' ORDER BY pilot_submission, pilot_row)) FROM outcomes.p t")" \
    "$before" "a dry run changes nothing"

# ---- what an analysis needs --------------------------------------------------------------------------
launch() { # revisions of north
    sql "SELECT work.launch('p', (SELECT array_agg(submission) FROM registry.submissions
        JOIN registry.agencies USING (agency) WHERE name = 'north' AND revision = $1))"
}
old=$(launch 1)
is "$(purge "dry_run => true, keep => 0")" $'1|1|50|f\n2|1|110|f' "what a queued analysis pins stays, and with it its load"
sql "UPDATE work.analyses SET state = 'running' WHERE analysis = $old"
is "$(purge "dry_run => true, keep => 0")" $'1|1|50|f\n2|1|110|f' "so does a running one's"
sql "UPDATE work.analyses SET state = 'failed' WHERE analysis = $old"

# ---- doing it ----------------------------------------------------------------------------------------
is "$(purge "keep => 0")" $'2|1|110|f\n1|2|150|t' "the same is done as was told, drops last"
is "$(partitions)" 'p$2 p$3 p$4' "a load of which nothing is left is dropped"
is "$(rows_of north 1) $(rows_of north 2) $(rows_of south 2) $(rows_of north 3) $(rows_of north 4)" "0 0 60 120 130" \
    "rows of the others are there"
is "$(sql "SELECT name, revision, state, rows, left(content_sha256, 1), purged_at IS NOT NULL
    FROM registry.submissions JOIN registry.agencies USING (agency) ORDER BY name, revision")" \
    'north|1|superseded|100|1|t
north|2|superseded|110|2|t
north|3|superseded|120|3|f
north|4|accepted|130|4|f
south|1|superseded|50|1|t
south|2|accepted|60|2|f' "records, states, counts and hashes are kept"
is "$(sql "SELECT count(*) FROM registry.dictionaries WHERE submission IN
    (SELECT submission FROM registry.submissions WHERE purged_at IS NOT NULL)")" 0 "labels, which are data, are not"
is "$(sql "SELECT 'autovacuum_enabled=true' = ANY (reloptions) FROM pg_class WHERE oid = 'outcomes.\"p\$2\"'::regclass")" t \
    "autovacuum looks after what was deleted from"
is "$(sql "SELECT load, cardinality(submissions), rows, dropped, purged_by FROM registry.purges ORDER BY 1")" \
    $'1|2|150|t|postgres\n2|1|110|f|postgres' "a purge is on record"
is "$(purge)" "" "a second one finds nothing"
is "$(load "north 140 5" | cut -c1-5)" "" "the next load goes on as ever"

# ---- analyses whose rows are gone --------------------------------------------------------------------
is "$(sql "SELECT pilot, analysis, agencies, rows FROM results.purged")" "p|$old|1|100" "which these are can be read"
is "$(echo "SELECT work.retry($old)" | try_sql)" \
    "PL005 analysis $old cannot be taken up again: rows that it froze were purged (of north); launch a new one on the current data (pilot launch)" \
    "retry says so"
is "$(sql "SELECT state, retries FROM work.analyses WHERE analysis = $old")" "failed|0" "and leaves it as it was"
is "$(echo "SELECT work.launch('p', ARRAY(SELECT submission FROM registry.submissions WHERE purged_at IS NOT NULL LIMIT 1))" | try_sql)" \
    "PL005 a submission to be analysed was purged: its rows are gone" "no new analysis can take purged data"
sql "UPDATE work.analyses SET state = 'failed' WHERE analysis = $(launch 3)"
is "$(sql "SELECT work.retry(max(analysis)) FROM work.analyses")" "" "others can be taken up again"
sql "SELECT work.cancel(max(analysis)) FROM work.analyses" >/dev/null

# ---- at the same time ---------------------------------------------------------------------------------
# A launch that has not committed holds what it pins.
(printf '%s\n' "BEGIN; SELECT work.launch('p', ARRAY(SELECT submission FROM registry.submissions
    JOIN registry.agencies USING (agency) WHERE name = 'north' AND revision = 3));"; sleep 2; echo "COMMIT;") |
    "$PG_BIN/psql" -Xq -d "$CONNINFO" >"$T/launch" &
sleep 1
is "$(purge "keep => 0, older_than => '0 days'")" '4|1|130|t' "a purge leaves what a launch under way holds"
wait
is "$(rows_of north 3)" 120 "its rows are there"
sql "SELECT work.cancel(max(analysis)) FROM work.analyses" >/dev/null
# A purge that has not committed makes a launch wait, and fail.
(printf '%s\n' "BEGIN; SELECT registry.purge('p', 0, '0 days');"; sleep 2; echo "COMMIT;") |
    "$PG_BIN/psql" -Xq -d "$CONNINFO" >"$T/purge" &
sleep 1
is "$(echo "SELECT work.launch('p', ARRAY(SELECT submission FROM registry.submissions
    JOIN registry.agencies USING (agency) WHERE name = 'north' AND revision = 3))" | try_sql | cut -c1-5)" \
    PL005 "a launch during a purge waits and finds its data gone"
wait
# A reader that does not let go: the partition is emptied now, and dropped another time.
load "north 150 6"
(printf '%s\n' "BEGIN; SELECT count(*) FROM outcomes.p WHERE pilot_submission > 100000000;"; sleep 3; echo "COMMIT;") |
    "$PG_BIN/psql" -Xq -d "$CONNINFO" >"$T/reader" &
sleep 1
is "$(purge "keep => 0, older_than => '0 days'")" '5|1|140|f' "a table that is read: the partition is emptied"
is "$(partitions)" 'p$2 p$5 p$6' "and still there"
is "$(sql 'SELECT count(*), pg_relation_size('"'"'outcomes."p$5"'"'"') FROM outcomes."p$5"')" "0|0" "without its rows"
wait
is "$(purge)" '5|0|0|t' "the next purge drops it"
load "north 155 6"
(printf '%s\n' "BEGIN; LOCK TABLE outcomes.\"p\$6\" IN ACCESS SHARE MODE;"; sleep 3; echo "COMMIT;") |
    "$PG_BIN/psql" -Xq -d "$CONNINFO" >"$T/reader" 2>&1 &
sleep 1
is "$(purge "keep => 0, older_than => '0 days'")" '6|1|150|f' "a partition that is read itself: its rows are deleted"
is "$(sql 'SELECT count(*) FROM outcomes."p$6"')" 0 "so that they are gone in any case"
wait
is "$(purge)" '6|0|0|t' "and the next purge drops that one, too"
is "$(sql "SELECT count(*) FROM registry.submissions s WHERE state = 'accepted' AND purged_at IS NOT NULL")" 0 \
    "no accepted data was ever purged"

# A withdrawal or a new load of the agency under way: its revisions are left alone, nobody waits.
load "north 160 7"
(printf '%s\n' "BEGIN; SELECT registry.withdraw('p', 'north');"; sleep 2; echo "ROLLBACK;") |
    "$PG_BIN/psql" -Xq -d "$CONNINFO" >"$T/withdraw" 2>&1 &
sleep 1
SECONDS=0
is "$(purge "keep => 0, older_than => '0 days'")" "" "a purge leaves an agency alone that withdraws its data"
[ "$SECONDS" -le 1 ]
ok $? "and does not wait for it"
wait
# A purge under way: a withdrawal waits for it, and both end well.
(printf '%s\n' "BEGIN; SELECT registry.purge('p', 0, '0 days');"; sleep 2; echo "COMMIT;") |
    "$PG_BIN/psql" -Xq -d "$CONNINFO" >"$T/purge" 2>&1 &
sleep 1
is "$(echo "BEGIN; SELECT revisions FROM registry.withdraw('p', 'north'); ROLLBACK;" | try_sql)" 8 "a withdrawal waits for a purge and is then done"
wait
is "$(grep -c ERROR "$T/withdraw" "$T/purge" | tr '\n' ' ')" "$T/withdraw:0 $T/purge:0 " "and none of them fails"

# ---- rights --------------------------------------------------------------------------------------------
sql "CREATE ROLE boss LOGIN IN ROLE pilot_owner; CREATE ROLE eva LOGIN IN ROLE pilot_evaluator;
    CREATE ROLE agent LOGIN IN ROLE pilot_agency; CREATE ROLE watcher LOGIN IN ROLE pilot_auditor"
load "south 70 7"
for login in eva agent watcher; do
    is "$(echo "SELECT registry.purge('p')" | CONNINFO=${OWNER/user=postgres/user=$login} try_sql | cut -c1-5)" 42501 "$login may not purge"
done
is "$(CONNINFO=${OWNER/user=postgres/user=boss} purge "keep => 0, older_than => '0 days'")" '2|1|60|t' "a member of pilot_owner may"
is "$(sql "SELECT purged_by FROM registry.purges ORDER BY purge DESC LIMIT 1")" boss "and is on record"
is "$(CONNINFO=${OWNER/user=postgres/user=eva} sql "SELECT count(*) > 0 FROM registry.purges")" t "evaluators and auditors read the record"
is "$(CONNINFO=${OWNER/user=postgres/user=eva} sql "SELECT count(*) FROM results.purged")" "$(sql "SELECT count(*) FROM results.purged")" \
    "and which analyses it concerns"

# ---- all pilots, and withdrawn data ---------------------------------------------------------------------
is "$(register q '{pilot_unit,pilot_arm,y}' '{text,int2,float8}')" "1|t" "another pilot"
pilot=q load "east 10 1"
pilot=q load "east 11 2"
load "south 80 8"
is "$(sql "SELECT pilot, rows, dropped FROM registry.purge(keep => 0, older_than => '0 days', dry_run => true)")" \
    $'p|70|t\nq|10|t' "without a name all pilots are purged"
is "$(sql "SELECT rows FROM registry.purge('q', 0, '0 days')")" 10 "or one"
pilot=q load "west 12 1"
sql "SET session_replication_role = replica; UPDATE registry.submissions SET state = 'withdrawn' WHERE rows = 12;
    DELETE FROM outcomes.q WHERE pilot_submission = (SELECT submission FROM registry.submissions WHERE rows = 12)"
is "$(sql "SELECT submissions, rows, dropped FROM registry.purge('q')")" "0|0|t" "a load of withdrawn data alone is an empty partition, which goes"

# ---- crashes ----------------------------------------------------------------------------------------------
# Loads are transactions: an end of any kind leaves no table and no record.  What a crash of the
# server itself can leave is a file that no table owns; the query is that of the DBA's page.
orphans=$(sed -n '/^-- orphaned files/,/;$/p' docs/operations/server.md)
was=$(partitions)
loads=$(sql "SELECT count(*) FROM registry.loads")
is "$(sql "$orphans" | grep -c .)" 0 "no file without a table"
(printf '%s\n' "BEGIN; SELECT load, partition FROM registry.begin_load('p', (SELECT max(plan) FROM registry.plans WHERE pilot = 1)) \gset" \
    "INSERT INTO outcomes.:\"partition\" (pilot_submission, pilot_row, pilot_unit, pilot_arm, y) SELECT :load::bigint * 1048576, n, n, 1, 1 FROM generate_series(1, 50000) n;" \
    "CHECKPOINT; SELECT 'there';"; until [ -e "$T/crashed" ]; do sleep 0.1; done) | "$PG_BIN/psql" -XqAt -d "$CONNINFO" >"$T/crash" 2>&1 &
for _ in $(seq 100); do grep -q there "$T/crash" && break; sleep 0.1; done
pg_stop immediate
touch "$T/crashed"
pg_start
is "$(partitions)" "$was" "a crash in the middle of a load leaves no table"
is "$(sql "SELECT count(*) FROM registry.loads")" "$loads" "and no record"
is "$(sql "$orphans" | awk -F'|' '{ bytes += $2 } END { print (bytes > 2000000) }')" 1 "a server that crashed may leave a file, which the documented query finds"
finish
