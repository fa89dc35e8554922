#!/usr/bin/env bash
# A submission that ends at any point, whoever dies: the client, its server process, PostgreSQL, the
# network, the disk's room.  Nothing of it is left but space that vacuum frees.  After the commit the
# client cannot know; then submitting again stores nothing twice.   ROWS sets the size (make soak).
. "$(dirname "$0")/../integration/common.sh"
. tests/harness/postgres.sh
rows=${ROWS:-20000}
more_cleanup() {
    kill -9 "${client:-}" "${proxy:-}" "${blocker:-}" 2>/dev/null
    wait 2>/dev/null
    pg_stop immediate
    umount "$T/small" 2>/dev/null
}
pg_create "$T" || { echo "Bail out! no PostgreSQL"; exit 1; }
OWNER=$CONNINFO
AGENCY="host=$PG_HOME user=north dbname=postgres"
"$PILOT" init --db "$OWNER" >"$T/log" 2>&1
cat >"$T/plan.yaml" <<'YAML'
version: 1
pilot: large
columns: {unit: id, arm: arm}
arms: {control: c, treatments: [t]}
outcomes: [{name: y, type: continuous}, {name: z, type: continuous}]
covariates: [x, {name: g, type: categorical}]
unit_ids: plain
YAML
"$PILOT" register "$T/plan.yaml" --db "$OWNER" >"$T/log" 2>&1
sql "CREATE ROLE north LOGIN; SELECT registry.grant_agency('large', 'north', 'north')" >"$T/log"
data() { # seed
    awk -v n="$rows" -v seed="$1" 'BEGIN { srand(seed); print "id,arm,y,z,x,g"
        for (i = 1; i <= n; i++) printf "u%d,%s,%.6f,%.6f,%d,g%d\n", i, i % 2 ? "t" : "c", rand(), rand(), i % 9, i % 5 }'
}
data 1 >"$T/data.csv"
mkdir "$T/temporary"
export TMPDIR=$T/temporary

# ---- what is left -----------------------------------------------------------------------------------
# Files of the database that belong to no relation, and their bytes, as the documentation finds them.
orphans() {
    sql "CHECKPOINT" >"$T/log"
    sql "$(sed -n '/^```sql$/,/^```$/p' docs/operations/load.md | sed '1d;$d')"
}
catalogs() { sql "SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'pg_catalog'::regnamespace"; }
# Everything that a load could leave, in one line.
left() {
    sql "SELECT (SELECT count(*) FROM registry.loads WHERE state <> 'rejected'), (SELECT count(*) FROM registry.submissions WHERE state <> 'rejected'),
        (SELECT count(*) FROM registry.dictionaries), (SELECT count(*) FROM outcomes.large),
        (SELECT count(*) FROM pg_class WHERE relnamespace = 'outcomes'::regnamespace AND relkind = 'r'),
        (SELECT count(*) FROM pg_locks l JOIN pg_class c ON c.oid = l.relation WHERE c.relnamespace = 'outcomes'::regnamespace
            AND l.pid <> pg_backend_pid())"
    ls -A "$T/temporary"
}
nothing="0|0|0|0|0|0"
no_session() {
    for _ in $(seq 400); do
        [ "$(sql "SELECT count(*) FROM pg_stat_activity WHERE usename = 'north'" 2>/dev/null)" = 0 ] && return
        sleep 0.05
    done
    return 1
}
served() {
    for _ in $(seq 300); do
        sql "SELECT 1" >/dev/null 2>&1 && return
        sleep 0.1
    done
    return 1
}
submit() { "$PILOT" submit large "$T/data.csv" --db "${1:-$AGENCY}" >"$T/out" 2>"$T/err"; }
# Start a client that stops itself (SIGSTOP) at a point; sets $client.
held() { # debug point, conninfo
    PILOT_DEBUG_POINT=$1 "$PILOT" submit large "$T/data.csv" --db "${2:-$AGENCY}" >"$T/out" 2>"$T/err" &
    client=$!
    for _ in $(seq 2400); do
        case $(sed -n 's/^State:\t\(.\).*/\1/p' "/proc/$client/status" 2>/dev/null) in
        T) return 0 ;;
        Z | '') return 1 ;;
        esac
        sleep 0.05
    done
    return 1
}
go_on() {
    kill -CONT "$client"
    wait "$client"
    status=$?
}
size_before=$(catalogs)
kills=0

# ---- the client is killed ---------------------------------------------------------------------------
# After every message that it sends, one more each time, until it lives to the end; the pieces of a
# COPY are too many: some of them.
bad= message=1 committed=
while :; do
    PILOT_DEBUG_POINT=die_at_message=$message submit 2>/dev/null
    status=$?
    [ $status -eq 137 ] || break
    kills=$((kills + 1))
    no_session || bad="$bad $message: a session is left;"
    state=$(left)
    if [ "$state" != "$nothing" ]; then
        # COMMIT was sent: from here on it may be there, whole.
        [ "$state" = "1|1|1|$rows|1|0" ] || [ "$state" = "1|1|2|$rows|1|0" ] || bad="$bad $message: $state;"
        committed=$message
        break
    fi
    step=1
    [ $message -lt 16 ] || step=$((message / 3))
    message=$((message + step))
done 2>"$T/log"
is "$bad" "" "a client killed after $kills different messages leaves nothing"
data 2 >"$T/data.csv"
reset() { # what was stored in peace
    base=$(left)
}
submit # so that the points after COPY are come by with small steps too
reset
for point in before_seal before_commit; do
    data $((kills + 3)) >"$T/data.csv"
    PILOT_DEBUG_POINT=die_$point=1 submit 2>"$T/log"
    status=$?
    kills=$((kills + 1))
    is "$status" 137 "a client is killed $point"
    no_session
    is "$(left)" "$base" "and leaves nothing"
done
PILOT_DEBUG_POINT=die_after_commit=1 submit 2>"$T/log"
is $? 137 "a client is killed after the commit, before it can tell"
no_session
kills=$((kills + 1))
stored=$(left)
is "$(cut -d'|' -f4 <<<"$stored")" $(($(cut -d'|' -f4 <<<"$base") + rows)) "all of it is stored"
submit
is $? 0 "submitting again ends well"
like "$(tail -n 1 "$T/err")" '^unchanged: 1 agency' "and says that it is there already"
is "$(left)" "$stored" "and stores nothing"
reset

# ---- its server process -----------------------------------------------------------------------------
next_data() { data $((seed = ${seed:-100} + 1)) >"$T/data.csv"; }
end_backend() { sql "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'north'" >"$T/log"; }
next_data
for point in hold_at_message=3 hold_at_message=12 hold_at_message=30 hold_before_seal=1 hold_before_commit=1; do
    held $point
    ok $? "a client comes to $point"
    end_backend
    go_on
    kills=$((kills + 1))
    is "$status" 4 "its server process is ended there: exit status 4"
    is "$(grep -c '^pilot: ' "$T/err")" 1 "and one line"
    no_session
    is "$(left)" "$base" "nothing is left"
done
# Within seal_load: it waits for a lock that we hold.
"$PG_BIN/psql" -XqAt -d "$OWNER" -c "BEGIN; LOCK TABLE outcomes.large IN SHARE UPDATE EXCLUSIVE MODE; SELECT pg_sleep(600)" >"$T/log" 2>&1 &
blocker=$!
submit &
client=$!
for _ in $(seq 400); do
    [ "$(sql "SELECT count(*) FROM pg_stat_activity WHERE usename = 'north' AND wait_event_type = 'Lock'")" = 1 ] && break
    sleep 0.05
done
end_backend
wait "$client"
is $? 4 "a server process is ended within seal_load"
sql "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)%' AND pid <> pg_backend_pid()" >"$T/log"
wait "$blocker" 2>/dev/null
no_session
is "$(left)" "$base" "nothing is left of that either"
kills=$((kills + 1))
is "$(orphans)" "" "no file is left that belongs to nothing"
# A commit that the server finishes while the client is cut off.
held hold_in_commit=1
for _ in $(seq 100); do
    [ "$(cut -d'|' -f1 <<<"$(left)")" != "$(cut -d'|' -f1 <<<"$base")" ] && break
    sleep 0.05
done
end_backend
go_on
kills=$((kills + 1))
like "$status $(tail -n 1 "$T/err")" "^(0 accepted|4 pilot: it is not known whether the data was stored; submit it again)" \
    "a client that does not hear the end of its commit says so"
submit
like "$(tail -n 1 "$T/err")" '^unchanged' "submitting again finds it there"
no_session
reset

# ---- the network ------------------------------------------------------------------------------------
# A proxy that forwards so many bytes of the client, then cuts the line, or falls silent.
cat >"$T/proxy.pl" <<'PERL'
use strict; use warnings; use IO::Socket::UNIX; use IO::Select;
my ($listen, $server, $most, $silent) = @ARGV;
my $in = IO::Socket::UNIX->new(Local => $listen, Listen => 1) or die;
my $client = $in->accept; my $to = IO::Socket::UNIX->new(Peer => $server) or die;
my $select = IO::Select->new($client, $to); my $seen = 0;
while (my @ready = $select->can_read) {
    for my $from (@ready) {
        my $length = sysread($from, my $bytes, 65536);
        exit unless $length;
        $seen += $length if $from == $client;
        if ($seen > $most) { sleep 600 if $silent; exit }
        my $other = $from == $client ? $to : $client;
        for (my $at = 0; $at < $length;) { $at += syswrite($other, $bytes, $length - $at, $at) // exit }
    }
}
PERL
mkdir -m 777 "$T/net"
through() { # bytes, silent
    rm -f "$T/net/.s.PGSQL.5432"
    perl "$T/proxy.pl" "$T/net/.s.PGSQL.5432" "$PG_HOME/.s.PGSQL.5432" "$1" "$2" &
    proxy=$!
    for _ in $(seq 100); do [ -S "$T/net/.s.PGSQL.5432" ] && break; sleep 0.02; done
}
next_data
for bytes in 100 3000 20000 200000; do
    through $bytes 0
    submit "${AGENCY/$PG_HOME/$T/net}"
    is $? 4 "the network is cut after $bytes bytes: exit status 4"
    is "$(grep -c '^pilot: ' "$T/err")" 1 "and one line"
    wait "$proxy" 2>/dev/null
    no_session
    is "$(left)" "$base" "nothing is left"
    kills=$((kills + 1))
done
through 50000 1
"$PILOT" submit large "$T/data.csv" --db "${AGENCY/$PG_HOME/$T/net}" >"$T/out" 2>"$T/err" &
client=$!
sleep 1
heeds_interrupt $client
kill -INT $client
wait $client
is $? 130 "a network that falls silent: Ctrl-C ends the wait"
kill -9 $proxy
wait $proxy 2>/dev/null
no_session
is "$(left)" "$base" "nothing is left"
kills=$((kills + 1))

# ---- the disk's room ----------------------------------------------------------------------------------
# A file system of its own where that can be had (as root), else a limit on the size of files.
next_data
if mkdir "$T/small" && mount -t tmpfs -o size=1m none "$T/small" 2>"$T/log"; then
    chown postgres "$T/small"
    sql "CREATE TABLESPACE small LOCATION '$T/small'" >"$T/log"
    sql "ALTER ROLE north SET default_tablespace = small" >"$T/log" && sql "GRANT CREATE ON TABLESPACE small TO pilot_owner, north" >"$T/log"
    submit
    is $? 4 "a full disk: exit status 4"
    like "$(tail -n 1 "$T/err")" "disk is full; make room there|No space left" "and says so"
    no_session
    is "$(left)" "$base" "nothing is left"
    sql "CHECKPOINT" >"$T/log"
    is "$(find "$T/small" -type f -size +0 | wc -l)" 0 "no file in that room either"
    sql "ALTER ROLE north RESET default_tablespace" >"$T/log"
    kills=$((kills + 1))
fi
pg_stop
if [ "$rows" -le 20000 ]; then
    # WAL needs files of 16 MB: what is limited is just above it, so the data is made larger.
    rows=300000 data 7 >"$T/data.csv"
fi
(ulimit -f 17000; pg_start)
submit
is $? 4 "files that may not grow: exit status 4"
is "$(grep -c '^pilot: ' "$T/err")" 1 "and one line"
served
no_session
is "$(left)" "$base" "nothing is left"
kills=$((kills + 1))
pg_stop && pg_start
is "$(orphans)" "" "and no file that belongs to nothing"
next_data

# ---- space ------------------------------------------------------------------------------------------
size_after=$(catalogs)
sql "VACUUM" >"$T/log"
dead=$(sql "SELECT COALESCE(sum(n_dead_tup), 0) FROM pg_stat_all_tables WHERE schemaname IN ('pg_catalog', 'registry', 'outcomes')")
echo "# $kills loads ended early: catalogs $((size_before / 1024)) kB before, $((size_after / 1024)) kB after, $(($(catalogs) / 1024)) kB after VACUUM"
sql "SELECT pg_stat_force_next_flush()" >"$T/log" 2>&1
ok "$([ "$dead" -lt 2000 ]; echo $?)" "VACUUM frees the dead space ($dead dead rows are left)"

# ---- PostgreSQL itself: see docs/operations/load.md ------------------------------------------------------------------------------
# A crash in the middle of a transaction that made a table: PostgreSQL does not remove its files.
next_data
held hold_before_seal=1
pg_stop immediate
go_on
is "$status" 4 "PostgreSQL stops at once in the middle: exit status 4"
is "$(grep -c '^pilot: ' "$T/err")" 1 "and one line"
pg_start && served
is "$(left)" "$base" "no row, no table, no load is left"
found=$(orphans)
echo "# files that belong to nothing after a crash: $(wc -l <<<"$found"), $(awk -F'|' '{ s += $2 } END { print s + 0 }' <<<"$found") bytes"
ok "$([ "$(wc -l <<<"$found")" -le 10 ]; echo $?)" "at most the files of that one table are, which the documented query lists"
submit
is $? 0 "and submitting again ends well"
reset
next_data
held hold_at_message=20
kill -9 "$(sql "SELECT pid FROM pg_stat_activity WHERE usename = 'north' LIMIT 1")"
go_on
is "$status" 4 "a server process that is killed hard: exit status 4"
served
is "$(left)" "$base" "nothing is left"
kills=$((kills + 2))
echo "# $kills ends tried"
finish
