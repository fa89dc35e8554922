# Sourced by tests that need a PostgreSQL of their own, to be stopped and started at will.
#   pg_create DIR    a new cluster with its socket below DIR, started; sets $CONNINFO and $PGDATA
#   pg_stop [MODE]   fast (default) or immediate
#   pg_start
#   sql STATEMENT    as superuser: rows unaligned, fields parted by |
#   pg_tls           after pg_create: also over TCP, encrypted only, passwords by SCRAM; sets
#                    $PG_PORT, $PG_HOST (a name that the server's certificate bears; the address is
#                    127.0.0.1) and $PG_CA (the file of the CA that issued it)
#   tls_ca NAME, tls_issue CA NAME EXTENSION [OPTION...]    more of these: below $PG_HOME/tls
# As root PostgreSQL runs as `postgres`, so DIR must be within its reach.  What the person's own PG...
# variables say is forgotten.
for variable in $(env | sed -n 's/^\(PG[A-Z]*\)=.*/\1/p'); do unset "$variable"; done
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

# $PG_HOME/tls/NAME.crt and .key: a certificate authority.
tls_ca() { # name
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
        -subj "/CN=$1" -keyout "$PG_HOME/tls/$1.key" -out "$PG_HOME/tls/$1.crt" 2>/dev/null
}

# A certificate of a CA; its common name is its name.
tls_issue() { # CA, name, extension (subjectAltName=DNS:...), options of `openssl x509`
    local ca=$1 name=$2 extension=$3
    shift 3
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$name" \
        -keyout "$PG_HOME/tls/$name.key" -out "$PG_HOME/tls/$name.csr" 2>/dev/null &&
        openssl x509 -req -in "$PG_HOME/tls/$name.csr" -CA "$PG_HOME/tls/$ca.crt" \
            -CAkey "$PG_HOME/tls/$ca.key" -CAcreateserial -out "$PG_HOME/tls/$name.crt" -days 2 \
            -extfile <(printf '%s\n' "$extension") "$@" 2>/dev/null
}

# Let the server show that certificate from now on.
tls_show() { # name
    install -m 600 "$PG_HOME/tls/$1.key" "$PG_HOME/data/server.key" &&
        install -m 644 "$PG_HOME/tls/$1.crt" "$PG_HOME/data/server.crt" || return 1
    [ "$(id -u)" -ne 0 ] || chown postgres "$PG_HOME"/data/server.*
    sql "SELECT pg_reload_conf()" >/dev/null
    sleep 0.3 # the postmaster reads it soon
}

pg_tls() {
    PG_HOST=db.pilot.test
    PG_CA=$PG_HOME/tls/ca.crt
    mkdir -m 755 "$PG_HOME/tls" && tls_ca ca &&
        tls_issue ca server "subjectAltName=DNS:$PG_HOST" || return 1
    cp "$PG_CA" "$PG_HOME/data/ca.crt" && tls_show server || return 1
    PG_PORT=$((20000 + $$ % 20000))
    while (exec 3<>"/dev/tcp/127.0.0.1/$PG_PORT") 2>/dev/null; do PG_PORT=$((PG_PORT + 1)); done
    cat >>"$PG_HOME/data/postgresql.conf" <<CONF
listen_addresses = '127.0.0.1'
port = $PG_PORT
ssl = on
ssl_ca_file = 'ca.crt'
ssl_min_protocol_version = 'TLSv1.2'
password_encryption = 'scram-sha-256'
CONF
    cat >"$PG_HOME/data/pg_hba.conf" <<HBA
local   all all                trust
hostssl all +by_certificate 127.0.0.1/32 cert
hostssl all all   127.0.0.1/32 scram-sha-256
HBA
    sql "CREATE ROLE by_certificate" >/dev/null
    pg_stop && CONNINFO="$CONNINFO port=$PG_PORT" && pg_start
}
