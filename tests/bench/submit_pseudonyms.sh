#!/usr/bin/env bash
# pilot submit as an agency does it, against raw \copy by the same login on the same server in the same run: pseudonyms,
# row-level security, and the server's own check of rows.  4,000,000 rows, 12 columns, grouped.  One login is granted all
# agencies; their keys are made before.  Least of ROUNDS.
# Prints name, figure, unit, goal, met|missed; tab-separated.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/harness/postgres.sh
build=$(cd "${PILOT_BUILD:-build}" && pwd)
rows=${ROWS:-4000000} agencies=${AGENCIES:-2000} rounds=${ROUNDS:-2}
unset PILOT_DIR PILOT_DB PILOT_CONFIG
folder=$(mktemp -d "${BENCH_DIR:-/tmp}/pilot-bench-XXXXXX")
chmod 711 "$folder"
export PILOT_KEYS=$folder/keys
leave() {
    pg_stop immediate || true
    rm -rf "$folder"
}
trap leave EXIT
pg_create "$folder"
"$build/pilot" init --db "$CONNINFO" 2>/dev/null
sql "CREATE ROLE clerk LOGIN; CREATE SCHEMA raw AUTHORIZATION clerk" >/dev/null
clerk=${CONNINFO/user=postgres/user=clerk}
"$build/bench/generate_pilot" --rows "$rows" --agencies "$agencies" >"$folder/data.csv"
"$build/bench/generate_pilot" --rows $((10 * agencies)) --agencies "$agencies" >"$folder/small.csv"
now() { date +%s%N; }
least() { sort -n "$1" | head -n 1; }

raw() {
    "$PG_BIN/psql" -Xq -d "$clerk" -c 'DROP TABLE IF EXISTS raw.rows' -c 'CREATE TABLE raw.rows (unit text COLLATE "C",
        agency text, arm text, outcome_1 float8, outcome_2 float8, outcome_3 float8, age float8, before float8,
        female float8, region text, hours float8, visits float8)' 2>/dev/null
    sql CHECKPOINT
    local start
    start=$(now)
    "$PG_BIN/psql" -Xq -d "$clerk" -c "\\copy raw.rows FROM '$folder/data.csv' (FORMAT csv, HEADER)"
    echo $((($(now) - start) / 1000000)) >>"$folder/raw"
}

plan() { # pilot, unit_ids
    "$build/bench/generate_pilot" --agencies "$agencies" --plan --all-columns | sed "s/^pilot: .*/pilot: $1/" >"$folder/plan.yaml"
    [ "$2" = hmac ] || echo "unit_ids: $2" >>"$folder/plan.yaml"
    "$build/pilot" register "$folder/plan.yaml" --db "$CONNINFO" >/dev/null 2>&1
    sql "SELECT count(registry.grant_agency('$1', 'agency-' || lpad(n::text, 5, '0'), 'clerk'))
        FROM generate_series(1, $agencies) AS n" >/dev/null
}

number=0
submit() { # hmac | plain
    number=$((number + 1))
    plan "bench_$number" "$1"
    [ "$1" = plain ] || "$build/pilot" pseudonymize "$folder/plan.yaml" "$folder/small.csv" --output "$folder/o.csv" 2>/dev/null
    sql CHECKPOINT
    local start
    start=$(now)
    "$build/pilot" submit "bench_$number" "$folder/data.csv" --db "$clerk" 2>"$folder/said" || { cat "$folder/said" >&2; exit 1; }
    echo $((($(now) - start) / 1000000)) >>"$folder/$1"
}

for _ in $(seq "$rounds"); do
    raw
    submit hmac
    submit plain
done
raw=$(least "$folder/raw") hmac=$(least "$folder/hmac") plain=$(least "$folder/plain")
echo "# raw $(xargs <"$folder/raw") ms; pseudonyms $(xargs <"$folder/hmac") ms; plain ids $(xargs <"$folder/plain") ms" >&2
figure() { # name, milliseconds, goal
    awk -v name="$1" -v a="$2" -v b="$raw" -v goal="$3" \
        'BEGIN { printf "%s\t%.2f\tratio\t<= %s\t%s\n", name, a / b, goal, a / b <= goal ? "met" : "missed" }'
}
figure 'submit by an agency, pseudonyms / raw copy' "$hmac" 1.6
figure 'submit by an agency, plain ids / raw copy' "$plain" 1.6
