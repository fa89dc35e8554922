#!/usr/bin/env bash
# Empty jobs through coordinator and two workers into PostgreSQL, end to end.
#   tests/bench/farm.sh [JOBS]     PILOT_BUILD=build
set -euo pipefail
cd "$(dirname "$0")/../.."
BUILD=$(cd "${PILOT_BUILD:-build}" && pwd)
JOBS=${1:-100000}
. tests/harness/postgres.sh
T=$(mktemp -d /tmp/pilot-farm-XXXXXX)
export PILOT_KEYS=$T/keys # not the person's own
chmod 711 "$T"
pids=()
leave() {
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait 2>/dev/null || true
    pg_stop immediate || true
    rm -rf "$T"
}
trap leave EXIT

pg_create "$T"
"$BUILD/pilot" init --db "$CONNINFO" >&2
cat >"$T/empty.yaml" <<'YAML'
version: 1
pilot: empty
columns: {arm: arm}
arms: {control: a, treatments: [b]}
outcomes: [{name: y, type: continuous}]
YAML
"$BUILD/pilot" register "$T/empty.yaml" --db "$CONNINFO" >"$T/register.log" 2>&1

ENDPOINT=ipc://$T/farm.sock
"$BUILD/pilot-coordinator" --bind "$ENDPOINT" --db "$CONNINFO" 2>"$T/coordinator.log" &
coordinator=$!
pids+=($coordinator)
for i in 1 2; do
    "$BUILD/pilot-worker" --connect "$ENDPOINT" --db "$CONNINFO" --threads 1 2>"$T/worker$i.log" &
    pids+=($!)
done
until [ "$(grep -c event=worker_joined "$T/coordinator.log")" = 2 ]; do sleep 0.05; done

# One transaction, so the clock starts when the coordinator can see the jobs.
sql "BEGIN;
     INSERT INTO work.analyses (pilot, plan, state, data_sha256, planned, job_count)
     SELECT pilot, plan, 'queued', repeat('0', 64), true, $JOBS FROM registry.plans;
     INSERT INTO work.jobs (analysis, kind, stage)
     SELECT analysis, 0, 0 FROM work.analyses, generate_series(1, $JOBS);
     COMMIT;
     ANALYZE work.jobs"
sql "SELECT pg_notify('pilot_work', '')"
began=$(date +%s%N)
until [ "$(sql "SELECT state FROM work.analyses")" = done ]; do
    sleep 0.1
    kill -0 "$coordinator" || { cat "$T/coordinator.log" >&2; exit 1; }
done
ended=$(date +%s%N)
stored=$(sql "SELECT count(*) FROM work.job_results")
seconds=$(sql "SELECT round(extract(epoch FROM max(stored_at) - min(stored_at))::numeric, 3) FROM work.job_results")
peak=$(awk '/VmHWM/ {print int($2 / 1024)}' "/proc/$coordinator/status")

figure() { # name, figure, unit, goal, condition
    printf '%s\t%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "$4" "$(awk "BEGIN {print ($5) ? \"met\" : \"missed\"}")"
}
[ "$stored" = "$JOBS" ] || echo "only $stored of $JOBS results stored" >&2
echo "first to last commit: $seconds s" >&2
rate=$(awk "BEGIN {printf \"%d\", $stored / (($ended - $began) / 1e9)}")
figure "farm: empty jobs stored, two workers" "$rate" jobs/s '>= 20000' "$rate >= 20000 && $stored == $JOBS"
figure "farm: coordinator's peak memory at $JOBS jobs" "$peak" MB '<= 200' "$peak <= 200"
