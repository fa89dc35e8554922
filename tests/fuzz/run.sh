#!/usr/bin/env bash
# Fuzz what parses: tests/fuzz/run.sh SECONDS NAME...   (libFuzzer; one after the other)
# `submit` runs the real way into a PostgreSQL of its own.  A finding is kept as build-fuzz/NAME/crash-*, and the exit status is 1.
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=$1
shift
command -v clang >/dev/null || { echo 'fuzz: clang is missing; apt-get install clang libclang-rt-14-dev' >&2; exit 2; }
make --no-print-directory BUILD=build-fuzz CC=clang SAN=fuzzer-no-link,address,undefined \
    build-fuzz/libpilot-{base,plan,wire,store,stat,cli}.a
. tests/harness/postgres.sh
leave() {
    [ -z "${PG_HOME:-}" ] || pg_stop immediate
    [ -z "${folder:-}" ] || rm -rf "$folder"
}
trap leave EXIT
for name; do
    mkdir -p "build-fuzz/$name/corpus"
    # shellcheck disable=SC2046
    clang -g -O1 -std=gnu17 -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -Iinclude -Icli \
        -isystem build-fuzz/gen/proto $(pkg-config --cflags libpq libprotobuf-c libzmq smartcols) \
        "tests/fuzz/${name}_fuzz.c" build-fuzz/libpilot-{cli,store,wire,plan,stat,base}.a \
        $(pkg-config --libs libzmq gsl libprotobuf-c yaml-0.1 libpq smartcols libcrypto libsodium openblas lapacke) \
        -lcsv -lm -lpthread -o "build-fuzz/$name/fuzz"
    dictionary=()
    if [ "$name" = plan ]; then
        # Every key and every choice of the schema.
        grep -ohE '"[]A-Za-z0-9_.|*[-]+' lib/plan/schema.c lib/plan/estimators.c | cut -d'"' -f2 |
            tr '].|*[' '\n' | sort -u | sed '/^-*$/d; s/.*/"&"/' >"build-fuzz/$name/dictionary"
        dictionary=(-dict=dictionary)
    fi
    length=()
    if [ "$name" = submit ]; then # into a real database
        folder=$(mktemp -d /tmp/pilot-fuzz-XXXXXX)
        chmod 711 "$folder"
        pg_create "$folder" || { echo 'fuzz: no PostgreSQL could be started' >&2; exit 2; }
        echo 'fsync = off' >>"$PG_HOME/data/postgresql.conf"
        pg_stop && pg_start
        export PILOT_FUZZ_DB="host=$PG_HOME user=postgres"
        length=(-max_len=4096 -report_slow_units=30)
    fi
    (cd "build-fuzz/$name" && ./fuzz "${dictionary[@]}" "${length[@]}" -max_total_time="$seconds" -timeout=30 -rss_limit_mb=1024 -print_final_stats=1 \
        corpus "../../tests/fuzz/corpus/$name") 2>"build-fuzz/$name/log" ||
        { tail -n 40 "build-fuzz/$name/log" >&2; echo "fuzz: $name has a finding in build-fuzz/$name" >&2; exit 1; }
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "build-fuzz/$name/log")
    echo "fuzz: $name: $runs inputs in $seconds s, no finding"
done
