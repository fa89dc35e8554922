#!/bin/bash
# docs/operations/server.md, line by line: its certificates, settings and pg_hba.conf, and everybody at
# work across the network with no right more than the page gives.
. "$(dirname "$0")/server.sh"
page() { # first line of a block
    sed -n "/^$1/,/^\`\`\`/p" docs/operations/server.md | grep -v '^```'
}
each_statement() { # as psql would send them from a file: ALTER SYSTEM must stand alone
    page "$1" | "$PG_BIN/psql" -Xq -v ON_ERROR_STOP=1 -d "$2" >"$T/log" 2>&1
    ok $? "the page's block: $1"
}
page "# certificates" >"$T/certificates"
(cd "$T" && bash -e "$T/certificates") >"$T/log" 2>&1
ok $? "certificates"
install -m 600 "$T/server.key" "$PG_HOME/data/server.key"
install -m 644 "$T/server.crt" "$PG_HOME/data/server.crt"
[ "$(id -u)" -ne 0 ] || chown postgres "$PG_HOME"/data/server.*
each_statement "-- settings" "$CONNINFO"
each_statement "-- the database" "$CONNINFO"
PG_PORT=$((20000 + $$ % 20000))
while (exec 3<>"/dev/tcp/127.0.0.1/$PG_PORT") 2>/dev/null; do PG_PORT=$((PG_PORT + 1)); done
printf "listen_addresses = '127.0.0.1'\nport = %s\nlog_statement = 'all'\n" "$PG_PORT" >>"$PG_HOME/data/postgresql.conf"
# The superuser of this test is not of that name in the system; addresses are this machine's.
page "# pg_hba.conf" | sed -e 's/peer$/trust/' -e 's|10.0.0.0/8|127.0.0.1/32|' >"$PG_HOME/data/pg_hba.conf"
pg_stop && pg_start
CONNINFO="host=$PG_HOME port=$PG_PORT user=postgres dbname=pilot"
try "$PILOT" init --db "$CONNINFO"
well "pilot init"
each_statement "-- who may connect" "$CONNINFO"
PGOPTIONS='-c log_statement=none' sql "CREATE ROLE eva LOGIN PASSWORD 'e'; CREATE ROLE north LOGIN PASSWORD 'n'; CREATE ROLE farm LOGIN PASSWORD 'f';
    CREATE ROLE hand LOGIN PASSWORD 'h'; CREATE ROLE board LOGIN PASSWORD 'b'; CREATE ROLE boss LOGIN PASSWORD 'o' IN ROLE pilot_owner;
    CREATE ROLE stranger LOGIN PASSWORD 's'"
sql "SELECT registry.grant_role('pilot_evaluator', 'eva'), registry.grant_role('pilot_coordinator', 'farm'),
    registry.grant_role('pilot_worker', 'hand'), registry.grant_role('pilot_dashboard', 'board')" >"$T/log"
(for login in eva north farm hand board stranger; do echo "*:*:*:$login:${login:0:1}"; done; echo "*:*:*:boss:o") >"$T/passfile"
chmod 600 "$T/passfile"
export PGPASSFILE=$T/passfile
as() {
    echo "host=db.example.org hostaddr=127.0.0.1 port=$PG_PORT dbname=pilot user=$1 sslmode=verify-full sslrootcert=$T/ca.crt channel_binding=require"
}
cat >"$T/plan.yaml" <<'YAML'
version: 1
pilot: training
unit_ids: plain
columns: {unit: id, arm: arm, cluster: village}
arms: {control: c, treatments: [t]}
outcomes: [{name: y, type: continuous}]
YAML
(echo id,arm,village,y; for i in $(seq 200); do echo "zaphod$i,$([ $((i / 10 % 2)) = 0 ] && echo c || echo t),zaphod$((i / 10)),$((i * 7 % 11))"; done) >"$T/data.csv"
sed 's/,5$/,6/' "$T/data.csv" >"$T/data2.csv"
try "$PILOT" register "$T/plan.yaml" --db "$(as eva)"
well "an evaluator registers"
try "$PILOT" grant agency "North County" --pilot training --login north --db "$(as boss)"
well "an owner grants, across the network"
for file in data data2; do
    try "$PILOT" submit training "$T/$file.csv" --agency "North County" --db "$(as north)"
    well "an agency submits $file.csv"
done
start_farm 1 "$(as farm)" "$(as hand)"
try "$PILOT" launch training --db "$(as eva)"
well "an evaluator launches"
for _ in $(seq 300); do
    state=$(sql "SELECT state FROM work.analyses WHERE analysis = ${out:-0}")
    case $state in done | failed) break ;; esac
    sleep 0.1
done
is "$state" done "coordinator and worker compute it with no right more"
end_farm
try "$PILOT" results training --format csv --db "$(as eva)"
well "results"
try "$PILOT" purge training --keep 0 --older-than 0d --db "$(as boss)"
well "an owner purges"
fails 4 "permission denied" "nobody else does" "$PILOT" purge --db "$(as eva)"
fails 4 "no pg_hba.conf entry" "a login without a role is not let in" "$PILOT" status --db "$(as stranger)"
fails 4 "no pg_hba.conf entry .*no encryption" "nor anybody unencrypted" "$PILOT" status --db "$(as eva) sslmode=disable channel_binding=prefer"
"$PG_BIN/psql" -Xq -d "$(as north)" -c "CREATE TEMP TABLE x (a int)" >"$T/log" 2>&1
[ $? -ne 0 ]
ok $? "an agency makes no temporary tables"

# ---- the server's log ----------------------------------------------------------------------------------
is "$(grep -ac zaphod "$PG_HOME/log")" 0 "no label and no id stands in the server's log"
bad_copy() {
    printf '%s\n' "BEGIN; SELECT load, partition FROM registry.begin_load('training', 1) \\gset" \
        "SELECT registry.reserve_submissions(1) AS first \\gset" \
        "COPY outcomes.:\"partition\" (pilot_submission, pilot_row, pilot_unit, pilot_arm, pilot_cluster, y) FROM STDIN;" \
        "1	1	u	0	0	zaphod" '\.' | "$PG_BIN/psql" -Xq -d "$(as north)" >"$T/log" 2>&1
}
bad_copy
is "$(grep -ac 'invalid input syntax.*zaphod' "$PG_HOME/log")" 1 "a client of somebody's own can have a value quoted"
sql "ALTER ROLE north SET log_min_messages = fatal"
bad_copy
is "$(grep -ac 'invalid input syntax.*zaphod' "$PG_HOME/log")" 1 "unless the login's log_min_messages is fatal"
like "$(cat "$T/log")" 'invalid input syntax.*zaphod' "which the agency itself is told all the same"

# ---- the page's queries ----------------------------------------------------------------------------------
for login in boss postgres; do
    target=$(as "$login")
    [ $login = boss ] || target=$CONNINFO
    sed -n '/^## Watching/,$p' docs/operations/server.md | sed -n '/^```sql/,/^```$/p' | grep -v '^```' |
        "$PG_BIN/psql" -XqAt -v ON_ERROR_STOP=1 -d "$target" >"$T/log" 2>&1
    ok $? "the queries of Watching run, as $login"
done
finish
