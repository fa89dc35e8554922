#!/usr/bin/env bash
# Many agencies submit at the same moment, each under a login of its own: right data, wrong data, the
# same twice, revisions; clients are killed, server processes ended, sessions left idle.  What was
# accepted is whole; nothing else leaves anything.   AGENCIES and ROWS set the size (make soak).
. "$(dirname "$0")/../integration/common.sh"
. tests/harness/postgres.sh
agencies=${AGENCIES:-60} rows=${ROWS:-500}
end_idle() {
    cat "$T"/said/*.sleep 2>/dev/null | xargs -r kill 2>/dev/null
}
more_cleanup() {
    end_idle
    wait 2>/dev/null
    pg_stop immediate
}
pg_create "$T" || { echo "Bail out! no PostgreSQL"; exit 1; }
# What a DBA would see: every error with its SQLSTATE.
sql "ALTER SYSTEM SET log_error_verbosity = verbose"
sql "ALTER SYSTEM SET deadlock_timeout = '200ms'"
sql "ALTER SYSTEM SET max_connections = $((2 * agencies + 20))"
pg_stop && pg_start
as() { echo "host=$PG_HOME user=$1 dbname=postgres"; }
submit() { "$PILOT" submit "$1" "$2" --db "$(as "$3")"; } # pilot, file, login

"$PILOT" init --db "$CONNINFO" >"$T/log" 2>&1
cat >"$T/crowd.yaml" <<'YAML'
version: 1
pilot: crowd
columns: {unit: id, agency: site, arm: arm, block: block}
arms: {control: c, treatments: [t]}
outcomes: [{name: y, type: continuous}, {name: b, type: binary}]
covariates: [x, {name: g, type: categorical}]
unit_ids: plain
YAML
sed 's/crowd/calm/' "$T/crowd.yaml" >"$T/calm.yaml"
for plan in crowd calm; do
    "$PILOT" register "$T/$plan.yaml" --db "$CONNINFO" >"$T/log" 2>&1
    ok $? "$plan is registered"
done
# $T/K.csv and, another revision of it, $T/K.again.csv; site K is the agency of login aK.
mkdir "$T/data" "$T/said" "$T/temporary"
awk -v agencies="$agencies" -v rows="$rows" -v folder="$T/data" 'BEGIN {
    srand(7)
    for (k = 1; k <= agencies; k++) for (again = 0; again < 2; again++) {
        file = folder "/" k (again ? ".again" : "") ".csv"
        print "id,site,arm,block,y,b,x,g" >file
        for (i = 1; i <= rows; i++)
            printf "u%d,site %d,%s,b%d,%.6f,%s,%.6f,%s\n", i, k, i % 2 ? "t" : "c", i % 3, rand() * 10,
                rand() < 0.1 ? "NA" : rand() < 0.4, rand(), rand() < 0.5 ? "m" : "f" >file
        close(file)
    }
}'
{
    for k in $(seq "$agencies"); do
        echo "CREATE ROLE a$k LOGIN; SELECT registry.grant_agency('crowd', 'site $k', 'a$k');"
    done
} | "$PG_BIN/psql" -XqAt -v ON_ERROR_STOP=1 -d "$CONNINFO" >"$T/log" 2>&1
ok $? "$agencies agencies have a login each"

# Everything once in peace, as one load: what content hashes and rows must come out as.
{ head -1 "$T/data/1.csv" && tail -q -n +2 "$T"/data/*.again.csv; } >"$T/again.csv"
{ head -1 "$T/data/1.csv" && for k in $(seq "$agencies"); do tail -n +2 "$T/data/$k.csv"; done; } >"$T/all.csv"
for file in all again; do "$PILOT" submit calm "$T/$file.csv" --db "$CONNINFO" >"$T/log" 2>&1; done
is "$(sql "SELECT count(*), sum(rows) FROM registry.submissions WHERE state IN ('accepted', 'superseded')")" \
    "$((2 * agencies))|$((2 * agencies * rows))" "all of it is known from one writer in peace"
before=$(sql "SELECT count(*) FROM registry.loads")

# ---- what each agency does ------------------------------------------------------------------------
# said K N COMMAND...: what a client said, and its exit status, in $T/said.
said() {
    local name=$1.$2
    shift 2
    "$@" >"$T/said/$name.out" 2>"$T/said/$name"
    echo $? >"$T/said/$name.status"
}
a_moment() { sleep "$(printf "%d.%03d" $((($RANDOM % ${1:-$((agencies * 30))}) / 1000)) $((RANDOM % 1000)))"; }
idle() { # K: a session that fills a load, and then says no more
    { cat <<SQL
BEGIN;
SELECT load, partition FROM registry.begin_load('crowd', (SELECT plan FROM registry.submission_plan('crowd'))) \gset
SELECT registry.reserve_submissions(1) AS first \gset
INSERT INTO outcomes.:"partition" (pilot_submission, pilot_row, pilot_unit, pilot_arm, pilot_block)
    SELECT :first, i, i, 0, 0 FROM generate_series(1, 100) AS i;
SQL
        echo $BASHPID >"$T/said/$1.sleep"
        exec sleep 300; } | "$PG_BIN/psql" -XqAt -d "$(as "a$1")" >"$T/said/$1.idle" 2>&1
}
agency() { # K
    local k=$1 file=$T/data/$1.csv again=$T/data/$1.again.csv pid
    export TMPDIR=$T/temporary
    case $((k % 10)) in
    0 | 1) said "$k" 1 submit crowd "$file" "a$k" ;;
    2) # wrong: an arm that the plan does not have
        sed '7s/,[ct],/,x,/' "$file" >"$T/data/$k.wrong.csv"
        said "$k" 1 submit crowd "$T/data/$k.wrong.csv" "a$k"
        ;;
    3) # the same twice
        said "$k" 1 submit crowd "$file" "a$k"
        said "$k" 2 submit crowd "$file" "a$k"
        ;;
    4) # a revision; rows in no order
        said "$k" 1 submit crowd "$file" "a$k"
        said "$k" 2 submit crowd "$again" "a$k"
        ;;
    5) # the client is killed
        said "$k" 1 env PILOT_TEST_CLIENT="$k" "$PILOT" submit crowd "$file" --db "$(as "a$k")" &
        pid=$!
        a_moment
        for child in $(pgrep -P $pid); do kill -9 "$child" 2>/dev/null; done
        wait $pid 2>/dev/null
        ;;
    6) # its server process is ended
        said "$k" 1 submit crowd "$file" "a$k" &
        pid=$!
        a_moment
        sql "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'a$k'" >"$T/said/$k.killed"
        wait $pid
        ;;
    7) # one session of it idles in the middle of a load
        idle "$k" &
        a_moment 100
        said "$k" 1 submit crowd "$file" "a$k"
        ;;
    8) # two clients at once, with different data
        said "$k" 1 submit crowd "$file" "a$k" &
        pid=$!
        said "$k" 2 submit crowd "$again" "a$k"
        wait $pid
        ;;
    9) # rows of the neighbour among its own
        sed "9s/,site $k,/,site $((k - 1)),/" "$file" >"$T/data/$k.wrong.csv"
        said "$k" 1 submit crowd "$T/data/$k.wrong.csv" "a$k"
        ;;
    esac
}
pids=
for k in $(seq "$agencies"); do
    agency "$k" &
    pids="$pids $!"
done
wait $pids
# The idle ones are still there: nobody has waited for them.
is "$(sql "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction'")" \
    "$(((agencies + 3) / 10))" "sessions that idle in a load have held up nobody"
sql "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle in transaction'" >"$T/log"
end_idle
until_quiet() {
    for _ in $(seq 200); do
        [ "$(sql "SELECT count(*) FROM pg_stat_activity WHERE usename LIKE 'a%'")" = 0 ] && return
        sleep 0.05
    done
    return 1
}
until_quiet
ok $? "no server process of theirs is left"

# ---- what each was told -----------------------------------------------------------------------------
# Clients of one kind: all exit statuses are among those, and the last line of each matches.
told() { # kind, number of client, exit statuses, pattern, name
    local k status bad=
    for k in $(seq "$agencies"); do
        [ $((k % 10)) -eq "$1" ] || continue
        status=$(cat "$T/said/$k.$2.status" 2>/dev/null)
        [[ " $3 " == *" $status "* ]] && { [ "$status" = 137 ] || tail -n 1 "$T/said/$k.$2" | grep -Eq "$4"; } ||
            bad="$bad $k: $status $(tail -n 1 "$T/said/$k.$2");"
        [ "$status" = 0 ] || [ "$status" = 137 ] || [ "$(grep -c '^pilot: ' "$T/said/$k.$2")" = 1 ] || bad="$bad $k: not one line;"
    done
    is "$bad" "" "$5"
}
grouped=$(sed -E ':a; s/([0-9])([0-9]{3})($|,)/\1,\2\3/; ta' <<<"$rows")
stored="^accepted.*: 1 agency, $grouped rows, revision"
told 0 1 0 "$stored 1" "right data is accepted"
told 1 1 0 "$stored 1" "right data is accepted again"
told 2 1 3 '^pilot: rejected: nothing was stored: 1 unknown_arm' "wrong data is rejected"
told 3 1 0 "$stored 1" "the first of the same is accepted"
told 3 2 0 '^unchanged: 1 agency' "the second is nothing new"
told 4 1 0 "$stored 1" "the first revision is accepted"
told 4 2 0 "$stored 2" "the second one too"
told 5 1 '0 137' "$stored 1" "a client that was killed said nothing, or was done"
told 6 1 '0 4' "($stored 1|^pilot: .*(terminat|closed|lost|server))" \
    "a client whose server process was ended says so, or was done"
told 7 1 0 "$stored 1" "one idle session of an agency does not keep it from submitting"
told 8 1 0 "$stored [12]" "of two clients at once both are accepted"
told 8 2 0 "$stored [12]" "one after the other"
told 9 1 '3 4' '^pilot: .*(may not submit|agenc)' "nobody submits for the neighbour"

# ---- what is there ----------------------------------------------------------------------------------
# Revision N of each agency is the file it must be: its content hash and its rows, value by value.
sql "CREATE SCHEMA truth" >"$T/log"
table() { # name: as text, as it stands in the files
    sql "CREATE TABLE truth.$1 (id text, site text, arm text, block text, y float8, b text, x float8, g text)"
    sql "\\copy truth.$1 FROM '$2' (FORMAT csv, HEADER)"
}
table first "$T/all.csv"
table again "$T/again.csv"
sql "CREATE TABLE truth.loaded AS
    SELECT s.submission, s.revision, s.content_sha256, s.rows, a.name AS site FROM registry.submissions s
    JOIN registry.agencies a USING (agency) JOIN registry.pilots p USING (pilot)
    WHERE p.name = 'crowd' AND s.state IN ('accepted', 'superseded');
    CREATE TABLE truth.calm AS
    SELECT s.revision, s.content_sha256, a.name AS site FROM registry.submissions s
    JOIN registry.agencies a USING (agency) JOIN registry.pilots p USING (pilot)
    WHERE p.name = 'calm';
    CREATE TABLE truth.file AS
    SELECT l.submission, l.site, l.rows, c.revision AS file FROM truth.loaded l
    LEFT JOIN truth.calm c ON (c.site, c.content_sha256) = (l.site, l.content_sha256);
    CREATE TABLE truth.stored AS
    SELECT o.pilot_submission AS submission, o.pilot_unit AS id, s.site,
           (SELECT d.labels[o.pilot_arm + 1] FROM registry.dictionaries d
            WHERE d.submission = o.pilot_submission AND d.column_name = 'pilot_arm') AS arm,
           (SELECT d.labels[o.pilot_block + 1] FROM registry.dictionaries d
            WHERE d.submission = o.pilot_submission AND d.column_name = 'pilot_block') AS block,
           o.y, COALESCE(o.b::text, 'NA') AS b, o.x,
           (SELECT d.labels[o.g + 1] FROM registry.dictionaries d
            WHERE d.submission = o.pilot_submission AND d.column_name = 'g') AS g
    FROM outcomes.crowd o LEFT JOIN truth.loaded s ON s.submission = o.pilot_submission;
    ANALYZE" >"$T/log"
is "$(sql "SELECT count(*) FROM truth.file WHERE file IS NULL OR rows <> $rows")" 0 \
    "every accepted content hash is that of a file of its agency"
is "$(sql "SELECT count(*) FROM outcomes.crowd")" "$(sql "SELECT COALESCE(sum(rows), 0) FROM truth.loaded")" \
    "as many rows as were accepted"
differing() { # 1 = first, 2 = again
    sql "SELECT count(*) FROM (
        (SELECT f.submission, t.* FROM truth.$2 t JOIN truth.file f USING (site) WHERE f.file = $1
         EXCEPT ALL SELECT s.submission, s.id, s.site, s.arm, s.block, s.y, s.b, s.x, s.g FROM truth.stored s)
        UNION ALL
        (SELECT s.submission, s.id, s.site, s.arm, s.block, s.y, s.b, s.x, s.g FROM truth.stored s
         JOIN truth.file f USING (submission) WHERE f.file = $1
         EXCEPT ALL SELECT f.submission, t.* FROM truth.$2 t JOIN truth.file f USING (site) WHERE f.file = $1)) d"
}
is "$(differing 1 first)" 0 "every value of a first file is as in the file"
is "$(differing 2 again)" 0 "and of a revision"
is "$(sql "SELECT count(*) FROM truth.loaded l WHERE NOT EXISTS (
    SELECT FROM pg_class c WHERE c.oid = to_regclass(format('outcomes.%I', 'crowd$' || l.submission / 1048576))
    AND c.relispartition)")" 0 "every accepted submission has its partition"
expected=0 # agencies that must have something, and how much
for k in $(seq "$agencies"); do
    case $((k % 10)) in 0 | 1 | 3 | 7) expected=$((expected + 1)) ;; 4 | 8) expected=$((expected + 2)) ;; esac
    case $((k % 10)) in 5 | 6) [ "$(cat "$T/said/$k.1.status")" = 0 ] && expected=$((expected + 1)) ;; esac
done
uncertain=$(sql "SELECT count(*) FROM truth.loaded WHERE split_part(site, ' ', 2)::int % 10 IN (5, 6)")
for k in $(seq "$agencies"); do
    case $((k % 10)) in 5 | 6) [ "$(cat "$T/said/$k.1.status")" = 0 ] && uncertain=$((uncertain - 1)) ;; esac
done
is "$(sql "SELECT count(*) FROM truth.loaded")" "$((expected + uncertain))" \
    "who was told 'accepted' has it, and nobody else ($uncertain were cut off after the commit)"
is "$(sql "SELECT count(*) FROM registry.agencies a JOIN registry.pilots p USING (pilot) WHERE p.name = 'crowd'
    AND (SELECT count(*) FROM registry.submissions s WHERE s.agency = a.agency AND s.state = 'accepted') > 1")" \
    0 "one accepted submission an agency at most"

# ---- what is not there --------------------------------------------------------------------------------
is "$(sql "SELECT count(*) FROM registry.loads WHERE state = 'open'")" 0 "no load is open"
is "$(sql "SELECT count(*) FROM pg_class c WHERE c.relnamespace = 'outcomes'::regnamespace AND c.relkind = 'r'
    AND NOT EXISTS (SELECT FROM registry.submissions s WHERE 'crowd$' || s.load = c.relname
                    OR 'calm$' || s.load = c.relname)")" 0 "no table of a load that did not come about"
is "$(sql "SELECT count(*) FROM pg_class c WHERE c.relnamespace = 'outcomes'::regnamespace AND c.relkind = 'r'
    AND NOT c.relispartition")" 0 "none that is not attached"
is "$(sql "SELECT count(*) FROM pg_class c, aclexplode(c.relacl) x JOIN pg_roles r ON r.oid = x.grantee
    WHERE c.relnamespace = 'outcomes'::regnamespace AND r.rolname ~ '^a[0-9]'")" 0 "no right on a partition is left"
is "$(sql "SELECT count(*) FROM registry.dictionaries d JOIN registry.submissions s USING (submission)
    WHERE s.state = 'rejected'")" 0 "no dictionary of rejected data"
is "$(ls -A "$T/temporary")" "" "no temporary file"
is "$(sql "SELECT sum(deadlocks) FROM pg_stat_database")" 0 "no deadlock"
is "$(grep -Ec '40P01|XX000|PANIC' "$PG_HOME/log")" 0 "nor anything of the kind in the server's log"
grep -E '40P01|XX000|PANIC' "$PG_HOME/log" | head -3 | sed 's/^/# /'
if [ "$(sql "SELECT to_regclass('registry.audit_log') IS NOT NULL")" = t ]; then
    try "$PILOT" audit --verify --db "$CONNINFO"
    well "the audit log's chain holds"
fi

# ---- more clients than connections --------------------------------------------------------------------
sql "ALTER SYSTEM SET max_connections = 12"
pg_stop && pg_start
pids=
for k in $(seq 30); do
    said "$k" full submit crowd "$T/data/$k.csv" "a$k" &
    pids="$pids $!"
done
wait $pids
is "$(cat "$T"/said/*.full.status | sort | uniq -c | xargs)" "30 0" \
    "30 clients share 9 connections: all are served"
ok "$([ "$(grep -l 'no connection to spare' "$T"/said/*.full | wc -l)" -gt 0 ]; echo $?)" \
    "those that had to wait were told so"
is "$(grep -c 'no connection to spare' "$T"/said/*.full | cut -d: -f2 | sort -n | tail -1)" 1 "once"
finish
