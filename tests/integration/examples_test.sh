#!/bin/bash
# docs/examples: programs of others on a released pilot, as a dashboard's login; each where its language is
# installed.  They show what is there, say what is hidden, and wake when something is released or taken back.
. "$(dirname "$0")/server.sh"
OWNER=$CONNINFO
EXAMPLES=$ROOT/docs/examples

"$PILOT" init --db "$OWNER" 2>"$T/log"
logins reader
try "$PILOT" grant dashboard reader --db "$OWNER"
well "a login for programs"
export PGHOST=$PG_HOME PGUSER=reader PGDATABASE=postgres PATH="$PG_BIN:$PATH"
release() { # more options
    env -u PGHOST -u PGUSER -u PGDATABASE "$PILOT" run "$PLAN" "$DATA" --db "$OWNER" --workers 2 \
        --output "$T/effects" "$@" >"$T/run" 2>&1
}
skip() { # name, what is missing
    checks=$((checks + 1))
    echo "ok $checks - $1 # SKIP $2 is not installed"
}
wait_for() { # regular expression, file: until it is there, a minute long
    for _ in $(seq 600); do
        grep -Eq -- "$1" "$2" && return
        sleep 0.1
    done
    return 1
}
have_python() { /usr/bin/python3 -c 'import psycopg' 2>/dev/null; }
have_r() {
    command -v Rscript >/dev/null &&
        Rscript -e 'stopifnot(requireNamespace("DBI"), requireNamespace("RPostgres") || requireNamespace("RPostgreSQL"))' \
            >/dev/null 2>&1
}

# ---- before there is anything ---------------------------------------------------------------------
try psql -X -v pilot=star_kindergarten -f "$EXAMPLES/forest.sql"
is "$status:$out" "0:nothing is released of star_kindergarten" "psql: nothing is released"
if have_python; then
    try "$EXAMPLES/forest.py" star_kindergarten
    is "$status:$out" "0:star_kindergarten: nothing is released" "python: nothing is released"
fi

# ---- once -----------------------------------------------------------------------------------------
release
hidden=$(sql "SELECT count(*) FROM dashboard.agencies WHERE ordinal = 0 AND estimate_mark IS NOT NULL")
agencies=$(sql "SELECT count(*) FROM dashboard.agencies WHERE ordinal = 0")
effect=$(sql "SELECT estimate FROM dashboard.effects WHERE scope = 'pooled' AND ordinal = 0")
try psql -X -v pilot=star_kindergarten -f "$EXAMPLES/forest.sql"
well "psql: the example runs"
like "$out" "reading +\| small +\| itt +\|.*\| +$effect +\|" "psql: the headline"
is "$(grep -c -- '-o-\|hidden\|not estimable' "$T/out")" "$agencies" "psql: a row for each agency"
is "$(grep -c 'hidden\|not estimable' "$T/out")" "$hidden" "psql: a word where there is no number"

if have_python; then
    try "$EXAMPLES/forest.py" star_kindergarten
    well "python: the example runs"
    like "$out" "reading, small: $effect \[" "python: the headline"
    is "$(grep -c -- '-o-\| hidden$\| n/a$' "$T/out")" "$agencies" "python: a row for each agency"
    is "$(grep -c ' hidden$\| n/a$' "$T/out")" "$hidden" "python: a word where there is no number"
    try "$EXAMPLES/forest.py"
    is "$status" 1 "python: without a pilot it says how it is used"
else
    skip "python: the example runs" python3-psycopg
fi

if have_r; then
    try Rscript "$EXAMPLES/forest.R" star_kindergarten "$T/forest.pdf"
    well "R: the example runs"
    like "$out" "reading +small +$effect" "R: the headline"
    like "$out" "^$agencies agencies, $hidden of them without a number" "R: every agency is drawn, or said to be hidden"
    is "$(head -c 5 "$T/forest.pdf")" "%PDF-" "R: the forest is a picture"
else
    skip "R: the example runs" "R with DBI and RPostgres or RPostgreSQL"
fi

# ---- again, when something happens ----------------------------------------------------------------
: >"$T/woken"
cat >"$T/note" <<SH
#!/bin/sh
echo "analysis \$1" >>"$T/woken"
SH
chmod +x "$T/note"
setsid "$EXAMPLES/wait.sh" "$T/note" 2>"$T/wait.err" &
waiting=$!
have_python && { "$EXAMPLES/forest.py" star_kindergarten --wait >"$T/python" 2>&1 & python=$!; }
have_r && { Rscript "$EXAMPLES/forest.R" star_kindergarten "$T/forest.pdf" --wait >"$T/r" 2>&1 & r=$!; }
have_python && wait_for "analysis 1" "$T/python"
have_r && wait_for "agencies" "$T/r"
listening="SELECT count(*) > 0 FROM pg_stat_activity WHERE query ~ '^(LISTEN|DO)' AND application_name = 'psql' AND usename = 'reader'"
for _ in $(seq 100); do [ "$(sql "$listening")" = t ] && break || sleep 0.1; done
release
wait_for "analysis 2" "$T/woken"
ok $? "psql: a command runs after a release"
if have_python; then
    wait "$python"
    is "$?:$(grep -c '^star_kindergarten: analysis' "$T/python"):$(grep -c 'analysis 2' "$T/python")" "0:2:1" \
        "python: the next release is shown"
fi
if have_r; then
    wait "$r"
    is "$?:$(grep -c '^[0-9]* agencies, ' "$T/r")" "0:2" "R: the next release is shown"
fi
sql "UPDATE registry.submissions SET state = 'withdrawn' WHERE submission = (SELECT min(submission) FROM registry.submissions)"
wait_for "analysis 1" "$T/woken"
ok $? "psql: and after a withdrawal"
kill -- "-$waiting"
wait "$waiting" 2>/dev/null
if have_python; then
    try "$EXAMPLES/forest.py" star_kindergarten
    is "$out" "star_kindergarten: nothing is released" "python: what was taken back is not shown"
fi
finish
