#!/usr/bin/env bash
# AGENCIES agencies with ROWS rows each, every one under a login of its own: all at once through CLIENTS
# clients, against one after the other, and against one client with the same rows in one file.  And the
# time of a submission when its pilot has two thousand loads already, against the first ones.
# Prints name, figure, unit, goal, met|missed; tab-separated.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=$(cd "${PILOT_BUILD:-build}" && pwd)
agencies=${AGENCIES:-200} rows=${ROWS:-2000} loads=${LOADS:-2000}
unset PILOT_DIR PILOT_DB PILOT_CONFIG
T=$(mktemp -d "${BENCH_DIR:-/tmp}/pilot-bench-XXXXXX")
export PILOT_KEYS=$T/keys # not the person's own
chmod 711 "$T"
. tests/harness/postgres.sh
trap 'pg_stop immediate; rm -rf "$T"' EXIT
pg_create "$T"
sql "ALTER SYSTEM SET max_connections = $((agencies + 20))"
pg_stop && pg_start
"$build/pilot" init --db "$CONNINFO" 2>/dev/null
for pilot in crowd calm single many; do
    cat >"$T/plan.yaml" <<YAML
version: 1
pilot: $pilot
columns: {unit: id, agency: site, arm: arm, block: block}
arms: {control: c, treatments: [t]}
outcomes: [{name: y, type: continuous}, {name: b, type: binary}]
covariates: [x, {name: g, type: categorical}]
unit_ids: plain
YAML
    "$build/pilot" register "$T/plan.yaml" --db "$CONNINFO" >/dev/null 2>&1
done
awk -v agencies="$agencies" -v rows="$rows" -v folder="$T" 'BEGIN {
    srand(7)
    for (k = 1; k <= agencies; k++) {
        file = folder "/" k ".csv"
        print "id,site,arm,block,y,b,x,g" >file
        for (i = 1; i <= rows; i++)
            printf "u%d,site %d,%s,b%d,%.6f,%d,%.6f,%s\n", i, k, i % 2 ? "t" : "c", i % 3, rand() * 10,
                rand() < 0.4, rand(), rand() < 0.5 ? "m" : "f" >file
        close(file)
    }
}'
for k in $(seq "$agencies"); do
    echo "CREATE ROLE a$k LOGIN; SELECT registry.grant_agency(p, 'site $k', 'a$k') FROM unnest(ARRAY['crowd', 'calm', 'many']) AS p;"
done | "$PG_BIN/psql" -XqAt -v ON_ERROR_STOP=1 -d "$CONNINFO" >/dev/null
{ cat "$T/1.csv"; for k in $(seq 2 "$agencies"); do tail -n +2 "$T/$k.csv"; done; } >"$T/all.csv"

now() { date +%s%N; }
took() { echo $((($(now) - $1) / 1000000)); } # ms
submit() { "$build/pilot" submit "$1" "$2" --db "host=$PG_HOME user=${3:-postgres} dbname=postgres" 2>>"$T/said"; }
figure() { # name, figure, unit, goal
    local verdict=missed
    awk -v a="$2" -v b="$4" 'BEGIN { exit !(a <= b) }' && verdict=met
    printf '%s\t%s\t%s\t<= %s\t%s\n' "$1" "$2" "$3" "$4" "$verdict"
}
ratio() { awk "BEGIN { printf \"%.2f\", $1 / $2 }"; }

start=$(now)
submit single "$T/all.csv"
single=$(took "$start")
start=$(now)
for k in $(seq "$agencies"); do submit calm "$T/$k.csv" "a$k"; done
calm=$(took "$start")
start=$(now)
pids=
for k in $(seq "$agencies"); do
    submit crowd "$T/$k.csv" "a$k" &
    pids="$pids $!"
done
for pid in $pids; do wait "$pid"; done
crowd=$(took "$start")
[ "$(sql "SELECT count(*), sum(rows) FROM registry.submissions WHERE state = 'accepted'")" = \
    "$((2 * agencies + agencies))|$((3 * agencies * rows))" ] || { echo "# not all is there" >&2; exit 1; }
echo "# one file $single ms; one after the other $calm ms; at once $crowd ms" >&2

# Revisions of one hundred rows, each another: 20 at first, many by two clients, 20 at last.
{ head -1 "$T/1.csv"; sed -n 2,101p "$T/1.csv"; } >"$T/small.csv"
revision() { # number, login's number
    sed "s/^\(u[0-9]*\),site 1,/\1,site $2,/; 2s/,[0-9.]*,\([01]\),/,$1,\1,/" "$T/small.csv" >"$T/revision.$2.csv"
    submit many "$T/revision.$2.csv" "a$2"
}
twenty() { # first number
    local start
    start=$(now)
    for n in $(seq "$1" $(($1 + 19))); do revision "$n" 1; done
    echo $(($(took "$start") / 20))
}
first=$(twenty 1)
for k in 1 2; do
    for n in $(seq 21 $((loads / 2 + 10))); do revision "$n" "$k"; done &
done
wait
last=$(twenty 1000000)
echo "# a submission: $first ms at first, $last ms with $(sql "SELECT count(*) FROM pg_inherits WHERE inhparent = 'outcomes.many'::regclass") partitions" >&2
figure "submit at once / one after the other ($agencies agencies)" "$(ratio "$crowd" "$calm")" ratio 2.0
figure "submit at once / the same rows as one file" "$(ratio "$crowd" "$single")" ratio 2.0
figure "submit as load $((loads + 1)) / as the first" "$(ratio "$last" "$first")" ratio 2.0
