#!/usr/bin/env bash
# pilot dashboard under load: pages of 79 schools a second from the cache (wrk, 64 connections), the time
# of a page that has to be made, and whether memory grows: the same load again and again, with pages
# forgotten and addresses invented in between, and listeners that come and go.
# Prints name, figure, unit, goal, met|missed; tab-separated.
#   SECONDS_EACH (5), ROUNDS (6)
set -euo pipefail
cd "$(dirname "$0")/../.."
build=$(cd "${PILOT_BUILD:-build}" && pwd)
seconds=${SECONDS_EACH:-5} rounds=${ROUNDS:-6}
command -v wrk >/dev/null || { echo "dashboard: wrk is not here; apt-get install wrk" >&2; exit 1; }
unset PILOT_DIR PILOT_DB PILOT_CONFIG PILOT_KEYS
folder=$(mktemp -d "${BENCH_DIR:-/tmp}/pilot-bench-XXXXXX")
chmod 711 "$folder"
export PILOT_KEYS=$folder/keys
dir=$folder/data
leave() {
    [ -z "${dashboard:-}" ] || kill "$dashboard" 2>/dev/null || true
    "$build/pilot" down --dir "$dir" 2>/dev/null || true
    rm -rf "$folder"
}
trap leave EXIT

"$build/pilot" run deploy/demo/star_kindergarten.yaml deploy/demo/star_kindergarten.csv --dir "$dir" --workers 2 \
    >/dev/null 2>&1
"$build/pilot" dashboard --listen 127.0.0.1:0 --dir "$dir" 2>"$folder/log" &
dashboard=$!
url=''
for _ in $(seq 300); do
    url=$(sed -n 's/^pilot dashboard: \(http:[^ ]*\)\/ .*/\1/p' "$folder/log")
    [ -z "$url" ] || break
    sleep 0.1
done
page=$url/pilot/star_kindergarten

least() { # name, figure, unit, goal
    awk -v name="$1" -v a="$2" -v unit="$3" -v b="$4" \
        'BEGIN { printf "%s\t%s\t%s\t>= %s\t%s\n", name, a, unit, b, (a >= b ? "met" : "missed") }'
}
most() {
    awk -v name="$1" -v a="$2" -v unit="$3" -v b="$4" \
        'BEGIN { printf "%s\t%s\t%s\t<= %s\t%s\n", name, a, unit, b, a <= b ? "met" : "missed" }'
}
load() { # address: requests a second; what is not 2xx ends the benchmark
    wrk -t1 -c64 -d"${seconds}s" "$1" >"$folder/wrk"
    ! grep 'Non-2xx\|Socket errors' "$folder/wrk" >&2
    awk '/^Requests\/sec/ { printf "%d", $2 }' "$folder/wrk"
}
memory() { awk '/^VmRSS/ { print $2 }' "/proc/$dashboard/status"; }
took() { # address: milliseconds
    curl -s -o /dev/null -w '%{time_total}' "$1" | awk '{ printf "%d", $1 * 1000 + 0.5 }'
}

# Each with a query of its own is made anew.
slowest=0
for i in 1 2 3 4 5; do
    ms=$(took "$page?page=all&q=&analysis=1&n=$i")
    [ "$ms" -le "$slowest" ] || slowest=$ms
done
most "dashboard: a page of 79 schools, made" "$slowest" ms 1000
least "dashboard: that page from the cache" "$(load "$page")" pages/s 2000
least "dashboard: the first page from the cache" "$(load "$url/")" pages/s 2000

before=0
for round in $(seq "$rounds"); do
    load "$page" >/dev/null
    # More addresses than the cache holds: the least used go.
    seq 1 300 | sed "s|.*|url = \"$url/?q=round${round}-&\"|" | curl -s --output /dev/null --parallel --parallel-max 20 -K - \
        >/dev/null 2>&1
    for _ in 1 2 3 4 5 6 7 8; do
        curl -sN -m 1 -o /dev/null "$url/events" &
    done
    wait $(jobs -p | grep -v "^$dashboard$") || true
    # The first rounds fill cache and heap.
    [ "$round" -ne $(((rounds + 1) / 2)) ] || before=$(memory)
done
most "dashboard: memory at the end beside half-way" \
    "$(awk -v a="$(memory)" -v b="$before" 'BEGIN { printf "%.2f", a / b }')" times 1.10
most "dashboard: memory" "$(($(memory) / 1024))" MB 200
