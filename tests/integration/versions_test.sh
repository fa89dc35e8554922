#!/bin/bash
# Who may connect to what: every program under every role against a database that is older, newer,
# or not theirs; what pilot init needs, and what it says when it has not got it.
. "$(dirname "$0")/server.sh"
as() { # login, database
    echo "host=$PG_HOME user=$1 dbname=${2:-pilot}"
}
version=$(ls deploy/sql/*.sql | wc -l)

# ---- init, step by step as a DBA may have it ---------------------------------------------------------
sql "CREATE ROLE operator LOGIN; CREATE ROLE stranger LOGIN; CREATE ROLE second LOGIN"
sql "CREATE DATABASE pilot ENCODING 'UTF8' TEMPLATE template0"
fails 4 "makes schemas in database \"pilot\", which 'operator' may not: run it as the database's owner" \
    "init without rights in the database" "$PILOT" init --db "$(as operator)"
sql "ALTER DATABASE pilot OWNER TO operator"
fails 4 "makes roles .*which 'operator' may not: run it as a superuser, or with CREATEROLE" \
    "init that may not make roles" "$PILOT" init --db "$(as operator)"
is "$(CONNINFO=$(as operator) sql "SELECT count(*) FROM pg_namespace WHERE nspname IN ('registry', 'work')")" 0 \
    "leaves nothing"
sql "ALTER ROLE operator CREATEROLE"
try "$PILOT" init --db "$(as operator)"
well "init by the database's owner with CREATEROLE, who is no superuser"
is "$(CONNINFO=$(as operator) sql "SELECT max(version) FROM registry.schema_version")" "$version" "makes all of it"
sql "CREATE DATABASE other OWNER second ENCODING 'UTF8' TEMPLATE template0"
try "$PILOT" init --db "$(as postgres other)"
well "a second database in the same cluster finds the roles there"
sql "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0"
fails 4 "encoding is not UTF8" "a database of another encoding" "$PILOT" init --db "$(as postgres latin)"

# ---- roles -------------------------------------------------------------------------------------------
for role in evaluator coordinator worker dashboard auditor; do
    sql "CREATE ROLE login_$role LOGIN"
    CONNINFO=$(as operator) sql "SELECT registry.grant_role('pilot_$role', 'login_$role')"
done >"$T/log"
sql "CREATE ROLE login_agency LOGIN IN ROLE pilot_agency"
# Each program under each login: the last line of what it says.
says() { # login
    local daemon
    try "$PILOT" status --db "$(as "$1")"
    echo "$status $(tail -1 "$T/err")"
    for daemon in "pilot-coordinator --bind" "pilot-worker --connect"; do
        # shellcheck disable=SC2086
        try timeout 20 "$BUILD"/$daemon "ipc://$T/farm.sock" --db "$(as "$1")"
        echo "$status $(tail -1 "$T/err")"
    done
}
all_say() { # login, regex, name
    local said
    said=$(says "$1")
    is "$(grep -cE "^4 pilot[a-z-]*: $2" <<<"$said")" 3 "$3: every program as $1"
    [ "$(grep -cE "^4 pilot[a-z-]*: $2" <<<"$said")" -eq 3 ] || sed 's/^/# /' <<<"$said"
}
all_say stranger "the login 'stranger' has no role of pilot's in this database; the DBA gives it one with pilot grant" \
    "a login without a role"
fails 4 "has no role of pilot's" "and may not init" "$PILOT" init --db "$(as stranger)"
try "$PILOT" status --db "$(as login_dashboard)"
is "$status" 4 "what a role does not give: exit status 4"
like "$err" "^pilot: PostgreSQL: permission denied .*: this login has no role that may do so; .*pilot grant" "and says who can help"

sql_in() { CONNINFO=$(as postgres) sql "$1" >"$T/log"; }
sql_in "DELETE FROM registry.schema_version WHERE version = $version"
for role in evaluator agency coordinator worker dashboard auditor; do
    all_say login_$role "the database's schema has version $((version - 1)), this program needs $version; run pilot init" "an older database"
done
fails 4 "belong to pilot_owner: run pilot init as a superuser, or have the DBA GRANT pilot_owner TO \"login_evaluator\"" \
    "nor may an evaluator init" "$PILOT" init --db "$(as login_evaluator)"
sql_in "INSERT INTO registry.schema_version VALUES ($version, 'again'), ($version + 1, 'later')"
for role in evaluator agency coordinator worker dashboard auditor; do
    all_say login_$role "the database's schema has version $((version + 1)) and this program knows $version; use a newer pilot" "a newer database"
done
fails 4 "version $((version + 1)) and this program knows $version" "nor does init touch a newer one" "$PILOT" init --db "$(as postgres)"
sql_in "DELETE FROM registry.schema_version WHERE version > $version"

# Before there were roles nobody but the owner could read the version.
sql "CREATE DATABASE old ENCODING 'UTF8' TEMPLATE template0"
for number in 1 2; do
    CONNINFO=$(as postgres old) sql "$(cat "$(ls deploy/sql/*.sql | sed -n "${number}p")")
        INSERT INTO registry.schema_version VALUES ($number, '')" >"$T/log"
done
as() { echo "host=$PG_HOME user=$1 dbname=${2:-old}"; }
all_say login_worker "the database's schema is older than this program, which needs version $version; run pilot init as its owner" \
    "a database from before the roles"
as() { echo "host=$PG_HOME user=$1 dbname=${2:-postgres}"; }
all_say login_worker "the database has no pilot schema yet; run pilot init" "a database without ours"
finish
