# Sourced by the fault tests: a PostgreSQL, a coordinator and workers of their own, all of which can
# be killed, and STAR kindergarten submitted.  Builds on the integration tests' checks.
. tests/integration/common.sh
. tests/harness/postgres.sh
PLAN=$ROOT/deploy/demo/star_kindergarten.yaml
ENDPOINT=ipc://$T/one.sock
SECOND=ipc://$T/two.sock
declare -A running=()

more_cleanup() {
    for pid in "${!running[@]}"; do kill -9 "$pid" 2>/dev/null; done
    wait 2>/dev/null
    pg_stop immediate
}

# start NAME COMMAND...: in the background, its stderr in $T/NAME.log; sets $started
start() {
    local name=$1
    shift
    "$@" 2>>"$T/$name.log" &
    started=$!
    running[$started]=$name
}

kill_hard() {
    kill -9 "$1" 2>/dev/null
    wait "$1" 2>/dev/null
    unset "running[$1]"
}

end_softly() {
    kill -TERM "$1" 2>/dev/null
    wait "$1" 2>/dev/null
    ended=$?
    unset "running[$1]"
}

coordinator() { # NAME ENDPOINT
    start "$1" "$BUILD/pilot-coordinator" --bind "$2" --db "$CONNINFO" --lease-ttl 1500 \
        --heartbeat 200
}

worker() { # NAME [DEBUG_POINT]
    start "$1" env PILOT_DEBUG_POINT="${2:-}" "$BUILD/pilot-worker" --threads 1 \
        --connect "$ENDPOINT,$SECOND" --db "$CONNINFO"
}

# respawn DEBUG_POINT: a worker that dies, and is started anew until $T/enough is there, as a
# supervisor would.
respawn() {
    while [ ! -e "$T/enough" ]; do
        PILOT_DEBUG_POINT=$1 "$BUILD/pilot-worker" --threads 1 \
            --connect "$ENDPOINT" --db "$CONNINFO" &
        child=$!
        trap 'kill $child' TERM
        wait $child
    done 2>>"$T/respawn.log"
}

until_true() { # SECONDS COMMAND...
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        [ $SECONDS -lt $end ] || return 1
        sleep 0.05
    done
}

state_is() { # ANALYSIS STATE
    [ "$(sql "SELECT state FROM work.analyses WHERE analysis = $1" 2>/dev/null)" = "$2" ]
}

stored_at_least() { # ANALYSIS COUNT
    [ "$(sql "SELECT count(*) FROM work.job_results JOIN work.jobs USING (job)
              WHERE analysis = $1" 2>/dev/null || echo 0)" -ge "$2" ]
}

launch() {
    "$PILOT" launch star_kindergarten --db "$CONNINFO" --exploratory test 2>"$T/launch.err"
}

# Everything that an analysis says, without the ids of analysis and jobs.
dump() { # ANALYSIS FILE
    for table in effects comparisons agency_effects averages moderators distribution quality; do
        sql "SELECT to_jsonb(t) - 'analysis' - 'job' FROM work.$table t WHERE analysis = $1
             ORDER BY to_jsonb(t) ->> 'agency' NULLS FIRST, ordinal, (to_jsonb(t) ->> 'place')::int"
    done >"$2"
}

pg_create "$T" || { echo "Bail out! no PostgreSQL"; exit 1; }
{
    "$PILOT" init --db "$CONNINFO" &&
        "$PILOT" register "$PLAN" --db "$CONNINFO" &&
        "$PILOT" submit star_kindergarten "$DATA" --db "$CONNINFO"
} >"$T/setup.log" 2>&1 || { echo "Bail out! $(tail -1 "$T/setup.log")"; exit 1; }

# What an undisturbed run gives.
undisturbed() {
    coordinator calm "$ENDPOINT"
    local calm=$started
    worker calm-worker
    local calm_worker=$started
    analysis=$(launch)
    until_true 60 state_is "$analysis" done
    ok $? "an undisturbed analysis is done"
    dump "$analysis" "$T/expected"
    ok "$(($(wc -l <"$T/expected") < 500))" "and says a lot ($(wc -l <"$T/expected") rows)"
    end_softly "$calm_worker"
    is "$ended" 0 "a worker drains and exits with 0"
    end_softly "$calm"
    is "$ended" 0 "a coordinator drains and exits with 0"
}

# The disturbed analysis has ended well and says the same.
same_as_undisturbed() { # ANALYSIS
    until_true 60 state_is "$1" done
    ok $? "the analysis is done all the same"
    dump "$1" "$T/got"
    same "$T/got" "$T/expected" "its results are the same, bit for bit"
}
