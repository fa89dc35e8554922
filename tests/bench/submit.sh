#!/usr/bin/env bash
# pilot submit against raw \copy of the same CSV into an equal logged table without index, on the same
# server in the same run: 4,000,000 rows, 2,000 agencies, 12 columns, 478 MB; grouped and shuffled.
# Each is done ROUNDS times in turn, and the least time counts.
# Prints name, figure, unit, goal, met|missed; tab-separated.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=$(cd "${PILOT_BUILD:-build}" && pwd)
rows=${ROWS:-4000000} agencies=${AGENCIES:-2000} rounds=${ROUNDS:-2}
unset PILOT_DIR PILOT_DB PILOT_CONFIG PILOT_KEYS
folder=$(mktemp -d "${BENCH_DIR:-/tmp}/pilot-bench-XXXXXX")
chmod 711 "$folder"
export PILOT_KEYS=$folder/keys
dir=$folder/data
leave() {
    "$build/pilot" down --dir "$dir" 2>/dev/null || true
    rm -rf "$folder"
}
trap leave EXIT

"$build/bench/generate_pilot" --rows "$rows" --agencies "$agencies" >"$folder/grouped.csv"
"$build/bench/generate_pilot" --rows "$rows" --agencies "$agencies" --shuffle >"$folder/shuffled.csv"
"$build/pilot" up --dir "$dir" --workers 1 2>/dev/null

sql() {
    psql -X -q -At -h "$(sed -n 5p "$dir/postgresql/postmaster.pid")" \
        -p "$(sed -n 4p "$dir/postgresql/postmaster.pid")" -U pilot -d pilot "$@"
}
now() { date +%s%N; }
least() { # file of numbers
    sort -n "$1" | head -n 1
}
figure() { # name, figure, unit, goal
    local verdict=missed
    awk -v a="$2" -v b="$4" 'BEGIN { exit !(a <= b) }' && verdict=met
    printf '%s\t%s\t%s\t<= %s\t%s\n' "$1" "$2" "$3" "$4" "$verdict"
}

raw() {
    sql -c 'DROP TABLE IF EXISTS public.raw' -c 'CREATE TABLE public.raw (unit text COLLATE "C", agency text, arm text,
        outcome_1 float8, outcome_2 float8, outcome_3 float8, age float8, before float8, female float8,
        region text, hours float8, visits float8)' 2>/dev/null
    sql -c CHECKPOINT
    local start
    start=$(now)
    sql -c "\\copy public.raw FROM '$folder/grouped.csv' (FORMAT csv, HEADER)"
    echo $((($(now) - start) / 1000000)) >>"$folder/raw"
    sql -c 'DROP TABLE public.raw'
}

number=0
submit() { # grouped | shuffled
    number=$((number + 1))
    "$build/bench/generate_pilot" --agencies "$agencies" --plan --all-columns |
        sed "s/^pilot: .*/pilot: bench_$number/" >"$folder/plan.yaml"
    "$build/pilot" register "$folder/plan.yaml" --dir "$dir" >/dev/null 2>&1
    sql -c CHECKPOINT
    local start pid memory line
    start=$(now)
    "$build/pilot" submit "bench_$number" "$folder/$1.csv" --dir "$dir" 2>/dev/null &
    pid=$!
    memory=0
    while line=$(grep VmHWM "/proc/$pid/status" 2>/dev/null); do
        memory=$(awk '{ print $2 }' <<<"$line")
        sleep 0.1
    done
    wait $pid
    echo $((($(now) - start) / 1000000)) >>"$folder/$1"
    echo "$memory" >>"$folder/memory"
}

for _ in $(seq "$rounds"); do
    raw
    submit grouped
    submit shuffled
done
raw=$(least "$folder/raw") grouped=$(least "$folder/grouped") shuffled=$(least "$folder/shuffled")
echo "# raw $(xargs <"$folder/raw") ms; grouped $(xargs <"$folder/grouped") ms; shuffled $(xargs <"$folder/shuffled") ms" >&2
figure 'submit grouped / raw copy' "$(awk "BEGIN { printf \"%.2f\", $grouped / $raw }")" ratio 1.0
figure 'submit shuffled / raw copy' "$(awk "BEGIN { printf \"%.2f\", $shuffled / $raw }")" ratio 1.3
figure 'submit memory' "$(sort -n "$folder/memory" | tail -n 1 | awk '{ printf "%.0f", $1 / 1024 }')" MB 200
