#!/usr/bin/env bash
# Effects of 2,000 agencies x 2,000 rows, 3 outcomes, 2 contrasts, difference_in_means and ols with 3
# covariates, per agency and pooled, by two workers; against one connection's COPY of the same columns.
# Then with lin too, each by sex, and the gap between the sexes.
#   tests/bench/evaluate.sh [ROWS [AGENCIES]]     PILOT_BUILD=build
set -euo pipefail
cd "$(dirname "$0")/../.."
BUILD=$(cd "${PILOT_BUILD:-build}" && pwd)
ROWS=${1:-4000000}
AGENCIES=${2:-2000}
ROUNDS=3
. tests/harness/postgres.sh
T=$(mktemp -d /tmp/pilot-evaluate-XXXXXX)
export PILOT_KEYS=$T/keys # not the person's own
chmod 711 "$T"
pids=()
end_daemons() {
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait 2>/dev/null || true
    pids=()
}
leave() {
    end_daemons
    pg_stop immediate || true
    rm -rf "$T"
}
trap leave EXIT

figure() { # name, figure, unit, goal, condition
    printf '%s\t%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "$4" "$(awk "BEGIN {print ($5) ? \"met\" : \"missed\"}")"
}
seconds() { # command...: prints its wall time
    local begun=$(date +%s%N)
    "$@" >/dev/null
    awk "BEGIN {print ($(date +%s%N) - $begun) / 1e9}"
}
median() { sort -g | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'; }
ratio() { awk "BEGIN {printf \"%.2f\", $1 / $2}"; }

pg_create "$T"
"$BUILD/bench/generate_pilot" --plan >"$T/plan.yaml"
"$BUILD/bench/generate_pilot" --rows "$ROWS" --agencies "$AGENCIES" >"$T/data.csv"
"$BUILD/pilot" init --db "$CONNINFO" >&2
"$BUILD/pilot" register "$T/plan.yaml" --db "$CONNINFO" >&2
"$BUILD/pilot" submit generated "$T/data.csv" --db "$CONNINFO" >&2
rm "$T/data.csv"

raw() {
    sql "COPY (SELECT pilot_submission, pilot_unit, pilot_arm, outcome_1, outcome_2, outcome_3,
         age, before, female FROM outcomes.generated) TO STDOUT (FORMAT binary)"
}
start_daemons() { # cache
    "$BUILD/pilot-coordinator" --bind "ipc://$T/farm.sock" --db "$CONNINFO" 2>"$T/coordinator.log" &
    pids+=($!)
    for i in 1 2; do
        "$BUILD/pilot-worker" --connect "ipc://$T/farm.sock" --db "$CONNINFO" --threads 1 \
            --cache "$1" 2>"$T/worker$i.log" &
        pids+=($!)
    done
    until [ "$(grep -c event=worker_joined "$T/coordinator.log")" = 2 ]; do sleep 0.05; done
}
# Until the results stand; its release follows at once, and the next must not run beside it.
analyse() {
    seconds "$BUILD/pilot" launch generated --follow --db "$CONNINFO"
    local begun=$(date +%s%N)
    until [ "$(sql "SELECT count(*) FROM work.analyses WHERE state = 'done' AND analysis NOT IN (SELECT analysis FROM dashboard.releases)")" = 0 ]; do
        sleep 0.02
    done
    awk "BEGIN {print ($(date +%s%N) - $begun) / 1e9}" >>"$T/release"
}
peak() { # MB, the larger of the two workers
    for pid in "${pids[@]:1}"; do awk '/VmHWM/ {print int($2 / 1024)}' "/proc/$pid/status"; done |
        sort -n | tail -1
}

raw >/dev/null # so that all that follows finds the same pages in memory
for round in $(seq $ROUNDS); do
    seconds raw >>"$T/raw"
    start_daemons 512MB
    analyse >>"$T/cold"
    analyse >>"$T/warm"
    peak >>"$T/peak"
    end_daemons
done
start_daemons 32MB
analyse >>"$T/small"
small_peak=$(peak)
end_daemons

release=$(median <"$T/release")
rm "$T/release"

# The plan's next version asks for more of the same columns.
"$BUILD/bench/generate_pilot" --plan --subgroups \
    --estimators '[difference_in_means, ols, lin]' >"$T/plan.yaml"
"$BUILD/pilot" register "$T/plan.yaml" --db "$CONNINFO" >&2
for round in $(seq $ROUNDS); do
    seconds raw >>"$T/raw"
    start_daemons 512MB
    analyse >>"$T/full"
    analyse >>"$T/full_warm"
    end_daemons
done

raw=$(median <"$T/raw")
cold=$(median <"$T/cold")
warm=$(median <"$T/warm")
echo "raw $raw s, cold $cold s, warm $warm s, with a cache of 32 MB $(cat "$T/small") s" >&2
failed=$(sql "SELECT count(*) FROM work.analyses WHERE state <> 'done'")
rows=$(sql "SELECT count(*) FROM work.effects")
# 3 outcomes x 2 contrasts x 2 estimators; x 3 estimators x (whole sample, 2 levels, their gap)
wanted=$(((2 * ROUNDS + 1) * 12 * (AGENCIES + 1) + 2 * ROUNDS * 72 * (AGENCIES + 1)))
[ "$failed" = 0 ] && [ "$rows" = $wanted ] || {
    echo "$failed analyses not done, $rows effects instead of $wanted" >&2
    exit 1
}
x=$(ratio "$cold" "$raw")
figure 'evaluate: data not in cache' "$x" 'x raw COPY' '<= 2.5' "$x <= 2.5"
x=$(ratio "$warm" "$raw")
figure 'evaluate: data in cache' "$x" 'x raw COPY' '<= 1.5' "$x <= 1.5"
figure 'evaluate: and until it is released' "$(ratio "$release" "$raw")" 'x raw COPY more' '(none)' 1
full=$(median <"$T/full")
echo "with lin, subgroups and gaps: cold $full s, warm $(median <"$T/full_warm") s" >&2
x=$(ratio "$full" "$raw")
figure 'evaluate: with lin, by sex, and gap, not in cache' "$x" 'x raw COPY' '<= 3' "$x <= 3"
x=$(ratio "$(median <"$T/full_warm")" "$raw")
figure 'evaluate: with lin, by sex, and gap, in cache' "$x" 'x raw COPY' '<= 3' "$x <= 3"
figure 'evaluate: with lin, by sex, and gap, and until it is released' \
    "$(ratio "$(median <"$T/release")" "$raw")" 'x raw COPY more' '(none)' 1
largest=$(sql "SELECT ceil(3 * 100 * max(rows) / 1e6) FROM registry.submissions")
x=$(sort -n "$T/peak" | tail -1)
figure "evaluate: worker's peak memory, cache 512 MB" "$x" MB "<= $((512 + 100 + largest))" \
    "$x <= 512 + 100 + $largest"
figure "evaluate: worker's peak memory, cache 32 MB" "$small_peak" MB "<= $((32 + 100 + largest))" \
    "$small_peak <= 32 + 100 + $largest"

# One agency side by side with R, where that is installed.
if command -v Rscript >/dev/null && Rscript -e 'library(estimatr)' >/dev/null 2>&1; then
    "$BUILD/bench/generate_pilot" --rows 2000 --agencies 1 >"$T/one.csv"
    theirs=$(Rscript tests/bench/evaluate_one.R "$T/one.csv")
    ours=$(sql "SELECT round((sum(r.compute_us) / 1e3 / $AGENCIES)::numeric, 3) FROM work.job_results r
                JOIN work.jobs j USING (job) WHERE j.kind = 1
                AND j.analysis = 2")
    echo "one agency of 2,000 rows: R $theirs ms, ours $ours ms" >&2
    x=$(awk "BEGIN {printf \"%d\", $theirs / $ours}")
    figure "evaluate: one agency, against estimatr" "$x" 'times faster' '>= 10' "$x >= 10"
fi
