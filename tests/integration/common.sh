# Sourced by the integration tests: TAP checks, a temporary folder, and the programs under test.
# Each test has its own data directory; what it started is ended when it leaves.
set -u
cd "$(dirname "$0")/../.."
ROOT=$PWD
BUILD=$(cd "${PILOT_BUILD:-build}" && pwd)
PILOT=$BUILD/pilot
PLAN=$ROOT/deploy/demo/star_kindergarten.yaml
DATA=$ROOT/deploy/demo/star_kindergarten.csv
unset PILOT_DIR PILOT_DB PILOT_CONFIG PILOT_WORKERS XDG_CONFIG_HOME
export LC_ALL=C.UTF-8

T=$(mktemp -d /tmp/pilot-test-XXXXXX)
chmod 711 "$T" # as root, PostgreSQL runs as another user and must get through
DIR=$T/data
export PILOT_KEYS=$T/keys # not the person's own
checks=0
failures=0

leave() {
    for data in "$T"/*/postgresql; do
        [ -d "$data" ] && "$PILOT" down --dir "${data%/postgresql}" >"$T/down" 2>&1
    done
    type more_cleanup >/dev/null 2>&1 && more_cleanup
    rm -rf "$T"
}
trap leave EXIT

ok() { # condition's status, name
    checks=$((checks + 1))
    if [ "$1" -eq 0 ]; then
        echo "ok $checks - $2"
    else
        failures=$((failures + 1))
        echo "not ok $checks - $2"
    fi
}

is() { # got, want, name
    [ "$1" = "$2" ]
    ok $? "$3"
    [ "$1" = "$2" ] || printf '%s\n' "got:  $1" "want: $2" | head -c 2000 | sed 's/^/# /'
}

like() { # text, extended regular expression, name
    grep -Eq -- "$2" <<<"$1"
    local status=$?
    ok $status "$3"
    [ $status -eq 0 ] || printf '%s\n' "got:  $1" "want: $2" | head -c 2000 | sed 's/^/# /'
}

same() { # file, file, name
    cmp -s "$1" "$2"
    ok $? "$3"
}

# Run a command: $status, $out (stdout), $err (stderr).
try() {
    "$@" >"$T/out" 2>"$T/err"
    status=$?
    out=$(cat "$T/out")
    err=$(cat "$T/err")
}

# The command of the last `try` ended with status 0; what it said, if not.
well() { # name
    is "$status" 0 "$1"
    [ "$status" -eq 0 ] || printf '%s\n' "$err" | tail -5 | sed 's/^/# /'
}

# A failure: its exit status, and one line on stderr that matches.  fails STATUS REGEX NAME COMMAND...
fails() {
    local want=$1 pattern=$2 name=$3
    shift 3
    try "$@"
    is "$status" "$want" "$name: exit status $want"
    like "$err" "$pattern" "$name: says so"
    is "$(grep -c '^pilot: ' "$T/err")" 1 "$name: in one line"
    is "$out" "" "$name: nothing on stdout"
}

# $T/large.yaml and $T/large.csv: the demo's rows so many times, each time under other schools, so that
# there is time for something to happen.
make_large() { # times (20)
    (head -1 "$DATA"
        for copy in $(seq 1 "${1:-20}"); do
            tail -n +2 "$DATA" | awk -F, -v OFS=, -v c="$copy" -v header="$(head -1 "$DATA")" '
                BEGIN { n = split(header, h, ","); for (i = 1; i <= n; i++) at[h[i]] = i }
                { $at["school"] = "c" c "-" $at["school"]; print }'
        done) >"$T/large.csv"
    sed 's/pilot: star_kindergarten/pilot: large/' "$PLAN" >"$T/large.yaml"
}

# Wait until the process would heed Ctrl-C: before that, a script's background job ignores it.
heeds_interrupt() { # PID
    local caught
    for _ in $(seq 600); do
        caught=$(sed -n 's/^SigCgt:[^0-9a-f]*//p' "/proc/$1/status" 2>/dev/null) || return 1
        [ $((0x${caught:-0} & 2)) -ne 0 ] && return
        sleep 0.05
    done
    return 1
}

# What this test has started and is still there: our programs, known by a mark in their environment,
# and PostgreSQL, known by its folder.
export PILOT_TEST_MARK=$T
processes_of_test() {
    local pid command
    for pid in $(pgrep '^p(ilot|ost)'); do
        command=$(tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline")
        if [[ $command == *" -D $T/"* ]] ||
            tr '\0' '\n' 2>/dev/null <"/proc/$pid/environ" | grep -aqx "PILOT_TEST_MARK=$T"; then
            echo "$command"
        fi
    done
}

finish() {
    echo "1..$checks"
    exit $((failures > 0))
}
