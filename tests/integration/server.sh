# Sourced in common.sh's stead by tests of a server: a PostgreSQL of their own, logins, and a farm of
# one coordinator and one worker.
. "$(dirname "$0")/common.sh"
. tests/harness/postgres.sh
more_cleanup() {
    [ -z "${coordinator:-}" ] || {
        kill -9 "$coordinator" "$worker"
        wait "$coordinator" "$worker"
    } 2>/dev/null
    pg_stop immediate
}
pg_create "$T" || { echo "Bail out! no PostgreSQL"; exit 1; }

as() { # login, database: its --db
    echo "host=$PG_HOME user=$1 dbname=${2:-postgres}"
}

logins() { # name...
    local login
    for login; do sql "CREATE ROLE $login LOGIN"; done >"$T/log"
}

# Sets $coordinator and $worker, whose logs are $T/coordinator.log and $T/worker.log.
start_farm() { # threads, the coordinator's --db, the worker's
    "$BUILD/pilot-coordinator" --bind "ipc://$T/farm.sock" --db "$2" 2>"$T/coordinator.log" &
    coordinator=$!
    "$BUILD/pilot-worker" --threads "$1" --connect "ipc://$T/farm.sock" --db "$3" 2>"$T/worker.log" &
    worker=$!
}

end_farm() {
    kill "$worker" "$coordinator"
    wait "$worker" "$coordinator"
    coordinator='' worker=''
}
