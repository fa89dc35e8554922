# Sourced by the SQL tests: TAP checks, and a private PostgreSQL with the migrations to apply.
set -u
cd "$(dirname "$0")/../.."
. tests/harness/postgres.sh
T=$(mktemp -d /tmp/pilot-sql-XXXXXX)
chmod 711 "$T" # as root PostgreSQL runs as another user and must get through
checks=0
failures=0
trap 'pg_stop immediate; rm -rf "$T"' EXIT
if ! pg_create "$T"; then
    echo "Bail out! no PostgreSQL could be started"
    exit 1
fi

ok() { # status, name
    checks=$((checks + 1))
    if [ "$1" -eq 0 ]; then
        echo "ok $checks - $2"
    else
        failures=$((failures + 1))
        echo "not ok $checks - $2"
    fi
}

is() { # got, want, name
    [ "$1" = "$2" ]
    ok $? "$3"
    [ "$1" = "$2" ] || printf 'got:  %s\nwant: %s\n' "$1" "$2" | head -c 2000 | sed 's/^/# /'
}

finish() {
    echo "1..$checks"
    [ "$failures" -eq 0 ]
    exit $?
}

# A new database, which the following statements go to.
use_database() { # name
    CONNINFO="host=$PG_HOME user=postgres dbname=postgres"
    sql "CREATE DATABASE $1"
    CONNINFO="host=$PG_HOME user=postgres dbname=$1"
}

# Apply the migrations from the $1th to the $2th as the program does: one transaction a file.
migrate() {
    local number file
    for number in $(seq "$1" "$2"); do
        file=$(ls deploy/sql/*.sql | sed -n "${number}p")
        { [ "$number" -le 9 ] || echo "SET LOCAL ROLE pilot_owner;"
          cat "$file" && echo "INSERT INTO registry.schema_version (version, name)
            VALUES ($number, '$(basename "$file" .sql)');"; } |
            "$PG_BIN/psql" -Xq1 -v ON_ERROR_STOP=1 -d "$CONNINFO" >"$T/migrate" 2>&1 || {
            sed 's/^/# /' "$T/migrate"
            return 1
        }
    done
}
LATEST=$(ls deploy/sql/*.sql | wc -l)

# Statements from standard input; what they give, or "SQLSTATE message" of the first error.
try_sql() {
    "$PG_BIN/psql" -XqAt -v ON_ERROR_STOP=1 -v VERBOSITY=verbose -v SHOW_CONTEXT=never \
        -d "$CONNINFO" 2>"$T/complaint"
    sed -n 's/^.*ERROR:  \([0-9A-Z]\{5\}\): /\1 /p' "$T/complaint"
}

HASH=$(printf 'a%.0s' $(seq 64))

# A plan of pilot $1 with columns $2 and types $3; more JSON keys in $4 (", ...").
register() {
    echo "SELECT version, is_new FROM registry.register_plan('$1', '${5:-$HASH}', \$json\$
        {\"arms\": {\"control\": \"c\", \"treatments\": [\"t\", \"v\"]}${4:-}}\$json\$, 'source',
        '$2', '$3');" | try_sql
}

# One agency's entry of a manifest: submission offset, agency, rows, columns, dictionaries, hash.
entry() {
    echo "{\"submission\": $1, \"agency\": \"$2\", \"rows\": $3, \"content_sha256\": \"${6:-$HASH}\",
        \"file_sha256\": \"$HASH\", \"columns\": $4, \"dictionaries\": $5}"
}

# One load of pilot $pilot (p), its columns pilot_unit, pilot_arm and y: each argument "agency rows
# hash-digit".
load() {
    local entries='' rows='' at=0 entry
    for entry; do
        # shellcheck disable=SC2086
        set -- $entry
        rows+="${rows:+ UNION ALL }SELECT $at, n, 'u' || n, (n % 2)::int2, n::float8 FROM generate_series(1, $2) n"
        entries+="${entries:+, }{\"submission\": $at, \"agency\": \"$1\", \"rows\": $2, \"content_sha256\": \"$(printf "$3%.0s" $(seq 64))\",
            \"columns\": [\"pilot_unit\",\"pilot_arm\",\"y\"], \"dictionaries\": {\"pilot_arm\": [\"c\",\"t\"]}}"
        at=$((at + 1))
    done
    try_sql <<SQL
BEGIN;
SELECT load, partition FROM registry.begin_load('${pilot:-p}', (SELECT max(plan) FROM registry.plans JOIN registry.pilots USING (pilot) WHERE name = '${pilot:-p}')) \gset
SELECT registry.reserve_submissions($at) AS first \gset
INSERT INTO outcomes.:"partition" (pilot_submission, pilot_row, pilot_unit, pilot_arm, y)
    SELECT :first + s, r, u, a, y FROM ($rows) AS v (s, r, u, a, y);
SELECT FROM registry.seal_load(:load, (
    SELECT jsonb_agg(jsonb_set(e, '{submission}', to_jsonb(:first + (e ->> 'submission')::int)))
    FROM jsonb_array_elements(\$json\$[$entries]\$json\$) AS e));
COMMIT;
SQL
}
