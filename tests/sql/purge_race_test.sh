#!/bin/bash
# Loads, purges, launches and withdrawals of the same agencies at the same time: none deadlocks, and
# in the end every submission has all of its rows or none.
. "$(dirname "$0")/common.sh"
use_database race
migrate 1 "$LATEST"

is "$(register p '{pilot_unit,pilot_arm,y}' '{text,int2,float8}')" "1|t" "a plan"
SECONDS=0
again() { # name, statement: as often as time allows
    while [ $SECONDS -lt 8 ]; do
        echo "$2" | try_sql >>"$T/$1.said" 2>&1
    done
}
loader() { # two agencies, in both orders
    local n=0
    while [ $SECONDS -lt 8 ]; do
        n=$((n + 1))
        load "$1 $((20 + n % 7)) $((n % 10))" "$2 $((30 + n % 5)) $((n % 10))" >>"$T/load-$1.said" 2>&1
    done
}
# try_sql keeps its complaint in a file: one folder each.
apart() {
    (T=$(mktemp -d "$T/apart-XXXXXX"); "$@"; cat "$T"/*.said >>"$OUT/said")
}
OUT=$T
apart loader north south &
apart loader south east &
apart loader east west &
apart again purge "SELECT sum(rows) IS NULL FROM registry.purge('p', 0, '0 days')" &
apart again purge "SELECT sum(rows) IS NULL FROM registry.purge('p', 1, '0 days')" &
apart again launch "SELECT work.cancel(work.launch('p', ARRAY(SELECT DISTINCT ON (agency) submission FROM registry.submissions
    WHERE state IN ('accepted', 'superseded') AND purged_at IS NULL ORDER BY agency, random())))" &
apart again withdraw "SELECT revisions > 0 FROM registry.withdraw('p', 'south')" &
wait $(jobs -p)
is "$(grep -c deadlock "$PG_HOME/log")" 0 "no deadlock"
is "$(grep -o '^[0-9A-Z]\{5\} ' "$T/said" | grep -v 'PL00[125]' | sort -u)" "" \
    "nothing fails but what finds its data gone: withdrawn, purged or none yet"
is "$(sql "SELECT count(*) > 5 FROM registry.loads WHERE state = 'sealed'")" t "there were loads"
is "$(sql "SELECT count(*) > 2 FROM registry.purges WHERE rows > 0")" t "and purges of them"
is "$(sql "SELECT count(*) > 2 FROM work.analyses")" t "and launches"
is "$(sql "SELECT count(*) > 0 FROM registry.submissions WHERE state = 'withdrawn'")" t "and withdrawals"
is "$(sql "SELECT count(*) FROM registry.submissions s LEFT JOIN (SELECT pilot_submission, count(*) AS n FROM outcomes.p GROUP BY 1) f
    ON f.pilot_submission = s.submission
    WHERE COALESCE(f.n, 0) <> CASE WHEN s.purged_at IS NULL AND s.state IN ('accepted', 'superseded') THEN s.rows ELSE 0 END")" 0 \
    "every submission has all of its rows, or none"
is "$(sql "SELECT count(*) FROM registry.submissions WHERE state = 'accepted' AND purged_at IS NOT NULL")" 0 "no accepted one was purged"
sql "SELECT count(*) FROM registry.purge('p', 0, '0 days')" >/dev/null
is "$(sql "SELECT count(*) FROM pg_class WHERE relnamespace = 'outcomes'::regnamespace AND relkind = 'r'")" \
    "$(sql "SELECT count(DISTINCT load) FROM registry.submissions WHERE state = 'accepted'")" \
    "when all is quiet a purge leaves the loads of accepted data alone"
finish
