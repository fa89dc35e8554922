#!/bin/bash
# The server across a network: TLS with a private CA, SCRAM, passwords from every place that libpq
# knows, a client certificate; and one clear line for what can be wrong with each.
. "$(dirname "$0")/server.sh"
pg_tls || { echo "Bail out! no PostgreSQL with TLS"; exit 1; }
sql "CREATE ROLE operator LOGIN SUPERUSER PASSWORD 'correct horse'" >"$T/log"
export HOME=$T/home
mkdir "$HOME"

where="host=$PG_HOST hostaddr=127.0.0.1 port=$PG_PORT dbname=postgres user=operator"
verified="$where sslmode=verify-full sslrootcert=$PG_CA"
export PGPASSWORD='correct horse'

# ---- everything over TLS ---------------------------------------------------------------------------
try "$PILOT" init --db "$verified channel_binding=require"
well "init, with channel binding"
PLAIN=$T/plain.yaml # the order of units decides the last bits
{ cat "$PLAN" && echo "unit_ids: plain"; } >"$PLAIN"
try "$PILOT" run "$PLAIN" "$DATA" --dir "$T/embedded" --view effects --format csv
cut -d, -f1,3- "$T/out" >"$T/embedded.csv"
try "$PILOT" run "$PLAIN" "$DATA" --db "$verified" --workers 2 --view effects --format csv
well "run: pilot, coordinator and workers over TLS"
cut -d, -f1,3- "$T/out" >"$T/server.csv"
same "$T/embedded.csv" "$T/server.csv" "gives the same effects, byte for byte"

start_farm 1 "$verified" "$verified"
try "$PILOT" launch star_kindergarten --db "$verified"
well "launch"
analysis=$out
for _ in $(seq 300); do
    state=$(sql "SELECT state FROM work.analyses WHERE analysis = $analysis")
    [ "$state" = done ] && break
    sleep 0.1
done
is "$state" done "daemons over TLS compute it"
is "$(sql "SELECT count(*) FILTER (WHERE NOT s.ssl), count(*) > 3, min(s.version)
    FROM pg_stat_activity a JOIN pg_stat_ssl s USING (pid) WHERE a.usename = 'operator'")" \
    "0|t|TLSv1.3" "every session of theirs is encrypted"
end_farm

# ---- what can be wrong: one line with what, where and what to do -----------------------------------
place="connection to server at \"127.0.0.1\", port $PG_PORT failed:"
wrong() { # name, regex after the place, conninfo
    fails 4 "^pilot: PostgreSQL: $place $2" "$1" "$PILOT" status --db "$3"
}
tls_ca other
wrong "another CA" "SSL error: certificate verify failed: .*not issued by a CA in sslrootcert.*sslrootcert=FILE" \
    "$where sslmode=verify-full sslrootcert=$PG_HOME/tls/other.crt"
wrong "no CA's file" "root certificate file .* does not exist: give the file of the CA .*sslrootcert=FILE" \
    "$where sslmode=verify-full"
wrong "no encryption" "FATAL:  no pg_hba.conf entry .*no encryption: .*use sslmode=verify-full" "$where sslmode=disable"
wrong "a login without a place" 'FATAL:  password authentication failed for user "nobody": check the password' \
    "${verified/user=operator/user=nobody}"
PGPASSWORD=wrong wrong "a wrong password" \
    'FATAL:  password authentication failed for user "operator": check the password where it is kept: .*pgpass' "$verified"
is "$(grep -c wrong <<<"$err")" 0 "which does not repeat the password"
(unset PGPASSWORD && wrong "no password" "fe_sendauth: no password supplied: put the password into ~/.pgpass" "$verified"
    echo "$checks $failures" >"$T/counts")
read -r checks failures <"$T/counts"
fails 4 'failed: server certificate for "db.pilot.test" does not match host name "other.name": connect by a name' \
    "another host name" "$PILOT" status --db "${verified/host=$PG_HOST/host=other.name}"
for daemon in "pilot-coordinator --bind" "pilot-worker --connect"; do
    name=${daemon%% *}
    # shellcheck disable=SC2086
    try timeout 20 "$BUILD"/$daemon "ipc://$T/farm.sock" --db "$where sslmode=verify-full sslrootcert=$PG_HOME/tls/other.crt"
    is "$status" 4 "$name with another CA: exit status 4"
    like "$err" "^$name: PostgreSQL: $place SSL error: certificate verify failed: .*sslrootcert" "$name: says so"
    is "$(grep -c . <<<"$err")" 1 "$name: in one line"
done

tls_issue ca expired "subjectAltName=DNS:$PG_HOST" -days -1 && tls_show expired
wrong "a certificate that has expired" "SSL error: certificate verify failed: .*has expired" "$verified"
tls_show server
try "$PILOT" status --db "$verified"
well "the valid one again"
sql "SET password_encryption = 'md5'; CREATE ROLE old_login LOGIN PASSWORD 'correct horse'" >"$T/log" 2>&1
wrong "a login whose password is stored as MD5" 'FATAL:  password authentication failed for user "old_login"' \
    "${verified/user=operator/user=old_login}"

# ---- a client certificate in place of a password ---------------------------------------------------
tls_issue ca by_key extendedKeyUsage=clientAuth && chmod 600 "$PG_HOME/tls/by_key.key"
sql "CREATE ROLE by_key LOGIN SUPERUSER IN ROLE by_certificate" >"$T/log"
with_key="${verified/user=operator/user=by_key} sslcert=$PG_HOME/tls/by_key.crt sslkey=$PG_HOME/tls/by_key.key"
try env -u PGPASSWORD "$PILOT" run "$PLAIN" "$DATA" --db "$with_key" --workers 1 --view effects --format csv
well "a login by client certificate"
cut -d, -f1,3- "$T/out" >"$T/server.csv"
same "$T/embedded.csv" "$T/server.csv" "does all that the others do"
wrong "and without its certificate" "FATAL:  connection requires a valid client certificate: give sslcert=FILE" \
    "${verified/user=operator/user=by_key}"
wrong "another's certificate" 'FATAL:  certificate authentication failed for user "by_other": .*common name' \
    "$(sql "CREATE ROLE by_other LOGIN IN ROLE by_certificate")${with_key/user=by_key/user=by_other}"
wrong "channel binding cannot be had with it" "channel binding required.*: .*channel_binding" \
    "$with_key channel_binding=require"

# ---- where a password may be kept ------------------------------------------------------------------
unset PGPASSWORD
echo "$PG_HOST:$PG_PORT:postgres:operator:correct horse" >"$T/passfile"
chmod 600 "$T/passfile"
cp -p "$T/passfile" "$HOME/.pgpass"
try "$PILOT" status --db "$verified"
well "~/.pgpass"
rm "$HOME/.pgpass"
try env PGPASSFILE="$T/passfile" "$PILOT" status --db "$verified"
well "PGPASSFILE"
try "$PILOT" status --db "$verified passfile=$T/passfile"
well "passfile="
try env PILOT_DB="$verified password='correct horse'" "$PILOT" status
well "PILOT_DB"
echo "db = postgresql://operator:correct%20horse@$PG_HOST:$PG_PORT/postgres?hostaddr=127.0.0.1&sslmode=verify-full&sslrootcert=$PG_CA" >"$T/config"
try "$PILOT" status --config "$T/config"
well "a config file"
(echo "[pilot]"; printf '%s\n' $verified; echo "password=correct horse") >"$T/services"
try env PGSERVICEFILE="$T/services" "$PILOT" status --db service=pilot
well "a service file"
try env PGSERVICEFILE="$T/services" PGPASSWORD=wrong "$PILOT" run "$PLAIN" "$DATA" --db service=pilot --workers 1 --format csv
well "which is stronger than PGPASSWORD, for coordinator and workers too"
fails 2 "^pilot: --db: a password on the command line .*pgpass.*PGPASSWORD or PILOT_DB" "but never an argument" \
    "$PILOT" status --db "$verified password='correct horse'"
is "$(grep -c horse <<<"$err")" 0 "which is not repeated"
for daemon in "pilot-coordinator --bind" "pilot-worker --connect"; do
    # shellcheck disable=SC2086
    try timeout 20 "$BUILD"/$daemon "ipc://$T/farm.sock" --db "$verified password='correct horse'"
    is "$status" 2 "${daemon%% *}: neither: exit status 2"
    like "$err" "^${daemon%% *}: --db: a password on the command line" "${daemon%% *}: says so"
done
finish
