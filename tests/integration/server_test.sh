#!/bin/bash
# Server mode: an existing PostgreSQL, init, the same numbers; a server that dies in the middle.
. "$(dirname "$0")/server.sh"

fails 4 "run pilot init" "a database without our tables" "$PILOT" status --db "$CONNINFO"
try "$PILOT" init --db "$CONNINFO"
well "init"
like "$err" "now at version" "says what it did"
try "$PILOT" init --db "$CONNINFO"
well "init again"
like "$err" "already" "has nothing to do"
# The order of units decides the last bits, so the comparison with the embedded database is of ids as
# they are.
PLAIN=$T/plain.yaml
{ cat "$PLAN" && echo "unit_ids: plain"; } >"$PLAIN"

try "$PILOT" run "$PLAIN" "$DATA" --dir "$T/embedded" --view effects --format csv
cut -d, -f1,3- "$T/out" >"$T/embedded.csv"
try "$PILOT" run "$PLAIN" "$DATA" --db "$CONNINFO" --workers 2 --view effects --format csv
well "run against a server"
cut -d, -f1,3- "$T/out" >"$T/server.csv"
same "$T/embedded.csv" "$T/server.csv" "gives the same effects, byte for byte"
is "$(sql "SELECT count(*) FROM results.effects WHERE analysis = 1")" "$(($(wc -l <"$T/server.csv") - 1))" \
    "which anybody with the right can read by SQL"
try "$PILOT" launch star_kindergarten --db "$CONNINFO"
like "$err" "no coordinator is serving" "launch says that nobody computes"
try env PILOT_DB="$CONNINFO" "$PILOT" status
well "PILOT_DB chooses the server"
echo "db = $CONNINFO" >"$T/config"
try "$PILOT" status --config "$T/config"
well "so does the config file"
try env PGHOST="$PG_HOME" PGUSER=postgres "$PILOT" status --db dbname=postgres
well "PG* variables complete --db"
try env PGHOST="$PG_HOME" PGUSER=postgres PGDATABASE=postgres "$PILOT" status --dir "$T/embedded"
is "$(grep -c star_kindergarten <<<"$out")" 1 "but never choose the server"
try env PILOT_DIR="$T/embedded" "$PILOT" status --db "$CONNINFO"
is "$(grep -c star_kindergarten <<<"$out")" 2 "a flag is stronger than the environment"
fails 2 "PILOT_DIR" "both in the environment" env PILOT_DIR="$T/embedded" PILOT_DB=x "$PILOT" status

cat >"$T/one.yaml" <<'YAML'
version: 1
pilot: one
columns: {unit: id, arm: arm}
arms: {control: c, treatments: [t]}
outcomes: [{name: y, type: continuous}]
YAML
(echo id,arm,y; for i in $(seq 40); do echo "$i,$([ $((i % 2)) = 0 ] && echo c || echo t),$((i % 7))"; done) >"$T/one.csv"
fails 2 "agency" "a file without an agency, in server mode" \
    "$PILOT" run "$T/one.yaml" "$T/one.csv" --db "$CONNINFO"
try "$PILOT" run "$T/one.yaml" "$T/one.csv" --agency north --db "$CONNINFO" --format csv
well "--agency names it"
like "$out" ',agency,north,y,' "one agency: effects are printed"

sql "CREATE DATABASE foreign_one" >"$T/log"
CONNINFO="host=$PG_HOME user=postgres dbname=foreign_one" sql \
    "CREATE SCHEMA results; CREATE TABLE results.mine (a int)" >"$T/log"
fails 4 "results|schema" "init refuses schemas that are not ours" \
    "$PILOT" init --db "host=$PG_HOME user=postgres dbname=foreign_one"
is "$(CONNINFO="host=$PG_HOME user=postgres dbname=foreign_one" sql \
    "SELECT count(*) FROM pg_namespace WHERE nspname IN ('registry', 'work')")" 0 "and leaves no trace"

# The server dies in the middle of a run.
PILOT_DEBUG_POINT=sleep_in_job_ms=2000 "$PILOT" run "$PLAIN" "$DATA" --db "$CONNINFO" --workers 1 >"$T/out" 2>"$T/err" &
job=$!
sleep 0.5
pg_stop immediate
wait $job
status=$?
is "$status" 4 "PostgreSQL dies in the middle: exit status 4"
is "$(grep -c '^pilot: ' "$T/err")" 1 "and one line"
is "$(processes_of_test)" "" "no process of ours is left"
pg_start
try "$PILOT" run "$PLAIN" "$DATA" --db "$CONNINFO" --workers 2 --view effects --format csv
well "when it is back, a run ends well"
cut -d, -f1,3- "$T/out" >"$T/server.csv"
same "$T/embedded.csv" "$T/server.csv" "with the same numbers"

# What was under way then belongs to whoever serves the database next.
start_farm 1 "$CONNINFO" "$CONNINFO"
for _ in $(seq 1 600); do
    left=$(sql "SELECT count(*) FROM work.analyses WHERE state IN ('queued', 'running')")
    [ "$left" = 0 ] && break
    sleep 0.1
done
end_farm
is "$left" 0 "the next coordinator leaves nothing of the one before unfinished"
is "$(sql "SELECT count(*) FROM work.analyses WHERE state <> 'done'")" 0 "and all are done"
finish
