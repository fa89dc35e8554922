#!/bin/bash
# A password given in every way that is allowed shows nowhere: not in arguments or environments of
# what we start, in what is printed or logged, nor in what the server shows and logs of us.  People's
# data does not stand in the server's log either.
. "$(dirname "$0")/server.sh"
pg_tls || { echo "Bail out! no PostgreSQL with TLS"; exit 1; }
# As a DBA would set it who wants every statement, and nothing about people: docs/operations/server.md.
sql "ALTER SYSTEM SET log_statement = 'all'" && sql "ALTER SYSTEM SET log_parameter_max_length = 0" &&
    sql "ALTER SYSTEM SET log_error_verbosity = terse" && sql "SELECT pg_reload_conf()" >"$T/log"
password=Wr0ng-h0rse-4711
PGOPTIONS='-c log_statement=none' sql "CREATE ROLE operator LOGIN SUPERUSER PASSWORD '$password'" >"$T/log"
ulimit -S -c "$(ulimit -H -c)"
export HOME=$T/home
mkdir "$HOME" "$T/seen"

where="host=$PG_HOST hostaddr=127.0.0.1 port=$PG_PORT dbname=postgres user=operator"
verified="$where sslmode=verify-full sslrootcert=$PG_CA"
cat >"$T/plan.yaml" <<'YAML'
version: 1
pilot: hidden
unit_ids: plain
columns: {unit: person, agency: office, arm: arm, cluster: village}
arms: {control: before, treatments: [after]}
outcomes: [{name: income, type: continuous}]
covariates: [{name: faith, type: categorical}]
YAML
(echo person,office,arm,village,income,faith
    for i in $(seq 400); do
        echo "pers-Zaphod-$i,office $((i % 2)),$([ $((i / 20 % 2)) = 0 ] && echo before || echo after)$(
        ),vill-Zaphod-$((i / 20)),73194$i.25,faith-Zaphod-$((i % 3))"
    done) >"$T/people.csv"
sed '2s/73194/73195/' "$T/people.csv" >"$T/changed.csv"

# While the command runs: what everybody can see of the processes of this test, again and again.
watch() {
    local pid name
    while :; do
        for pid in $(pgrep '^pilot'); do
            grep -azqx "PILOT_TEST_MARK=$T" "/proc/$pid/environ" 2>/dev/null || continue
            name=$(cat "/proc/$pid/comm" 2>/dev/null) && [ -n "$name" ] || continue # it has just ended
            cat "/proc/$pid/cmdline" 2>/dev/null | tr '\0' '\n' >>"$T/seen/arguments"
            # The environment of `pilot` itself is what the person made it.
            [ "$name" = pilot ] || cat "/proc/$pid/environ" 2>/dev/null | tr '\0' '\n' >>"$T/seen/environment"
            # The first look may come before the program's first line; the last one counts.
            [ ! -e "$T/seen/$name-$pid" ] ||
                grep '^Max core' "/proc/$pid/limits" 2>/dev/null >"$T/seen/limits-$pid"
            : >"$T/seen/$name-$pid"
            echo "$name" >>"$T/seen/names"
        done
        sql "SELECT application_name, query FROM pg_stat_activity WHERE usename = 'operator'" >>"$T/seen/activity" 2>&1
        sleep 0.1
    done
}
given() { # name, command...
    local name=$1
    shift
    watch 2>/dev/null &
    local watcher=$!
    try "$@"
    kill "$watcher"
    wait "$watcher" 2>/dev/null
    cat "$T/out" "$T/err" >>"$T/seen/printed"
    well "$name"
}
export PILOT_DEBUG_POINT=sleep_in_job_ms=300
run=("$PILOT" run "$T/plan.yaml" "$T/people.csv" --workers 1)
PGPASSWORD=$password given "init with PGPASSWORD" "$PILOT" init --db "$verified"
PGPASSWORD=$password given "run with PGPASSWORD" "${run[@]}" --db "$verified"
PILOT_DB="$verified password=$password" given "run with the password in PILOT_DB" "${run[@]}"
PILOT_DB="postgresql://operator:$password@$PG_HOST:$PG_PORT/postgres?hostaddr=127.0.0.1&sslmode=verify-full&sslrootcert=$PG_CA" \
    given "run with a URI in PILOT_DB" "${run[@]}"
echo "db = $verified password=$password" >"$T/config"
given "run with a config file" "${run[@]}" --config "$T/config"
PILOT_CONFIG=$T/config given "submit" "$PILOT" submit hidden "$T/changed.csv"
PILOT_CONFIG=$T/config given "launch --follow" "$PILOT" launch hidden --follow
echo "$PG_HOST:$PG_PORT:postgres:operator:$password" >"$T/passfile"
chmod 600 "$T/passfile"
PGPASSFILE=$T/passfile given "run with a password file" "${run[@]}" --db "$verified"
(echo "[pilot]"; printf '%s\n' $verified "password=$password") >"$T/services"
PGSERVICEFILE=$T/services given "run with a service file" "${run[@]}" --db service=pilot
unset PILOT_DEBUG_POINT

# What fails tells where and why, with no password either.
for bad in "${verified/user=operator/user=nobody} password=$password" "${verified/port=$PG_PORT/port=1} password=$password" \
    "${verified/dbname=postgres/dbname=none} password=$password" "$verified password=$password nonsense"; do
    try env PILOT_DB="$bad" "${run[@]}"
    cat "$T/err" >>"$T/seen/printed"
    [ "$status" -eq 4 ] || [ "$status" -eq 2 ]
    ok $? "a wrong PILOT_DB fails"
    for daemon in "pilot-coordinator --bind" "pilot-worker --connect"; do
        # shellcheck disable=SC2086
        try env PILOT_DB="$bad" timeout 20 "$BUILD"/$daemon "ipc://$T/farm.sock"
        cat "$T/err" >>"$T/seen/printed"
        [ "$status" -eq 4 ] || [ "$status" -eq 2 ]
        ok $? "${daemon%% *} too"
    done
done
try env PILOT_DB="$verified password=$password" "$PILOT" up
cat "$T/err" >>"$T/seen/printed"
is "$status" 2 "pilot up is not for a server"

# ---- what was seen ---------------------------------------------------------------------------------
is "$(sort -u "$T/seen/names" | tr '\n' ' ')" "pilot pilot-coordinat pilot-worker " "all three programs were looked at"
like "$(cat "$T/seen/environment")" "^PILOT_DB=.*host='$PG_HOST'" "the environment of children was, too"
like "$(cat "$T/seen/arguments")" "^--connect" "and their arguments"
like "$(cat "$T/seen/activity")" "^pilot-coordinator (lease|writer|planner)" "and their sessions"
like "$(cat "$PG_HOME/log")" "seal_load" "and PostgreSQL's log of all statements"
for place in arguments environment printed activity; do
    is "$(grep -ac "$password" "$T/seen/$place")" 0 "no password in $place"
    is "$(grep -ac 'Zaphod\|73194' "$T/seen/$place")" 0 "nor a person's value"
done
is "$(grep -a '^PGPASSWORD' "$T/seen/environment" | sort -u)" "" "children have no PGPASSWORD at all"
is "$(cat "$T"/seen/limits-* | awk '{ print $5 }' | sort -u)" 1 "no core file would be written, whatever core_pattern is"
is "$(grep -ac "$password" "$PG_HOME/log")" 0 "no password in PostgreSQL's log"
is "$(grep -ac 'Zaphod\|73194' "$PG_HOME/log")" 0 "nor a person's value: statements have parameters"
finish
