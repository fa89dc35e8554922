# Sourced by tests of the dashboard.  Its --db is of a login that is pilot_dashboard and nothing else.

# Sets $dashboard and $URL; its log is $T/dashboard.log.
start_dashboard() { # option...
    : >"$T/dashboard.log"
    "$PILOT" dashboard --listen 127.0.0.1:0 "$@" 2>>"$T/dashboard.log" &
    dashboard=$!
    URL=''
    for _ in $(seq 200); do
        URL=$(sed -n 's/^pilot dashboard: \(http:[^ ]*\)\/ .*/\1/p' "$T/dashboard.log")
        [ -n "$URL" ] && return
        kill -0 "$dashboard" 2>/dev/null || return 1
        sleep 0.05
    done
    return 1
}

# Sets $status; the body is $T/body, the headers $T/head without CR.
get() { # path, curl option...
    local path=$1
    shift
    : >"$T/body"
    status=$(curl -s -m 60 -o "$T/body" -D "$T/head.crlf" -w '%{http_code}' "$@" "$URL$path")
    tr -d '\r' <"$T/head.crlf" >"$T/head" 2>/dev/null
    body=$(cat "$T/body")
}

header() { # name
    sed -n "s/^$1: //Ip" "$T/head"
}

# Until a command succeeds, half a minute at most.
wait_for() { # command...
    for _ in $(seq 300); do
        "$@" && return
        sleep 0.1
    done
    return 1
}
