#!/usr/bin/env bash
# Every statement of deploy/grafana on a pilot of 2,000 agencies, 20 outcomes and 50 analyses, as a
# dashboard's login: milliseconds to plan and run it, best of five.  And what the indexes of the released
# tables cost: 144,000 rows written with them, beside none.  Needs 4 GB below BENCH_DIR, and minutes.
# Prints name, figure, unit, goal, met|missed; tab-separated.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=$(cd "${PILOT_BUILD:-build}" && pwd)
agencies=${AGENCIES:-2000} outcomes=${OUTCOMES:-20} analyses=${ANALYSES:-50} rows=${ROWS:-144000}
unset PILOT_DIR PILOT_DB PILOT_CONFIG
T=$(mktemp -d "${BENCH_DIR:-/tmp}/pilot-bench-XXXXXX")
chmod 711 "$T"
. tests/harness/postgres.sh
trap 'pg_stop immediate; rm -rf "$T"' EXIT
pg_create "$T"
"$build/pilot" init --db "$CONNINFO" 2>/dev/null
"$PG_BIN/psql" -Xq -v ON_ERROR_STOP=1 -v agencies="$agencies" -v outcomes="$outcomes" \
    -v analyses="$analyses" -d "$CONNINFO" -f tests/bench/panels_fill.sql
sql "CREATE ROLE panels LOGIN; GRANT pilot_dashboard TO panels"
sql "VACUUM ANALYZE"
echo "# $(sql "SELECT string_agg(format('%s %s', relname, n_live_tup), ', ' ORDER BY relname)
    FROM pg_stat_user_tables WHERE schemaname = 'dashboard' AND n_live_tup > 0") rows; database $(sql \
    "SELECT pg_size_pretty(pg_database_size('postgres'))")" >&2

figure() { # name, figure, unit, goal
    local verdict=missed
    awk -v a="$2" -v b="$4" 'BEGIN { exit !(a <= b) }' && verdict=met
    printf '%s\t%s\t%s\t<= %s\t%s\n' "$1" "$2" "$3" "$4" "$verdict"
}

# ---- reading --------------------------------------------------------------------------------------
export PG_BIN
tests/harness/panels.pl explain "${CONNINFO/user=postgres/user=panels}" pilot=big \
    agency="agency $(printf %04d $((agencies / 3)))" deploy/grafana/dashboards/*.json >"$T/times"
sed 's/^/# /' "$T/times" | sort -t$'\t' -k3 -n -r | head -12 >&2
cut -f3 "$T/times" | sort -n >"$T/sorted"
count=$(wc -l <"$T/sorted")
figure "panels: the median statement of $count" "$(sed -n "$(((count + 1) / 2))p" "$T/sorted")" ms 10
figure "panels: the slowest" "$(tail -1 "$T/sorted")" ms 50

# ---- writing --------------------------------------------------------------------------------------
took() { # table: best of seven, rolled back each time
    for _ in 1 2 3 4 5 6 7; do
        "$PG_BIN/psql" -XqAt -d "$CONNINFO" -c '\timing on' -c BEGIN \
            -c "INSERT INTO $1 SELECT * FROM written" -c ROLLBACK | sed -n 's/^Time: \([0-9.]*\) ms.*/\1/p' | sort -n | tail -1
    done | sort -n | head -1
    sql "VACUUM $1"
}
for name in effects agencies quality; do
    sql "DROP TABLE IF EXISTS written, bare;
        CREATE TABLE bare (LIKE dashboard.$name INCLUDING CONSTRAINTS);
        CREATE TABLE written AS SELECT * FROM dashboard.$name WHERE agency IS NOT NULL
            ORDER BY analysis, agency, ordinal LIMIT $rows;
        UPDATE written SET agency = agency || ' of ' || analysis, analysis = 1000000" 2>/dev/null
    sql "VACUUM FULL written"
    keyed=$(took "dashboard.$name")
    bare=$(took bare)
    echo "# $rows rows of $name: $keyed ms, without indexes $bare ms" >&2
    figure "panels: $rows rows of $name, times as long as without indexes" \
        "$(awk "BEGIN { printf \"%.2f\", $keyed / $bare }")" x 4
done
