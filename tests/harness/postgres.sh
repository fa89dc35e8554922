# Sourced by tests that need a PostgreSQL of their own, to be stopped and started at will.
#   pg_create DIR    a new cluster with its socket below DIR, started; sets $CONNINFO and $PGDATA
#   pg_stop [MODE]   fast (default) or immediate
#   pg_start
#   sql STATEMENT    as superuser: rows unaligned, fields parted by |
# As root PostgreSQL runs as `postgres`, so DIR must be within its reach.
PG_BIN=${PG_BIN:-$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1)}

pg_as_owner() {
    if [ "$(id -u)" -eq 0 ]; then
        (cd / && runuser -u postgres -- "$@")
    else
        "$@"
    fi
}

pg_create() {
    PG_HOME=$1/postgres
    mkdir -m 755 -p "$PG_HOME"
    [ "$(id -u)" -ne 0 ] || chown postgres "$PG_HOME"
    pg_as_owner "$PG_BIN/initdb" -D "$PG_HOME/data" -U postgres --encoding=UTF8 --locale=C \
        --auth=trust --no-sync >"$1/initdb.log" 2>&1 || return 1
    pg_as_owner sh -c "cat >>'$PG_HOME/data/postgresql.conf'" <<CONF
listen_addresses = ''
unix_socket_directories = '$PG_HOME'
shared_buffers = 256MB
max_wal_size = 2GB
logging_collector = off
CONF
    CONNINFO="host=$PG_HOME user=postgres dbname=postgres"
    export CONNINFO
    pg_start
}

pg_start() {
    pg_as_owner "$PG_BIN/pg_ctl" -D "$PG_HOME/data" -w -t 60 -l "$PG_HOME/log" start >/dev/null
}

pg_stop() {
    pg_as_owner "$PG_BIN/pg_ctl" -D "$PG_HOME/data" -w -m "${1:-fast}" stop >/dev/null 2>&1
}

sql() {
    "$PG_BIN/psql" -XqAt -v ON_ERROR_STOP=1 -d "$CONNINFO" -c "$1"
}
