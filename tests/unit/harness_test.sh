#!/bin/bash
# The tests' own harness: what must make a run fail does, and each law of includes has teeth.
set -u
cd "$(dirname "$0")/../.."
T=$(mktemp -d /tmp/pilot-harness-XXXXXX)
trap 'rm -rf "$T"' EXIT
checks=0
failures=0

ok() { # status, name
    checks=$((checks + 1))
    [ "$1" -eq 0 ] || failures=$((failures + 1))
    [ "$1" -eq 0 ] && echo "ok $checks - $2" || echo "not ok $checks - $2"
}

# A run of test scripts with these bodies: exit status and last line.  runs STATUS LAST NAME BODY...
runs() {
    local want="$1 $2" name=$3 files=() number=0 out got
    shift 3
    for body; do
        number=$((number + 1))
        printf '%s\n' "$body" >"$T/$number.sh"
        files+=("$T/$number.sh")
    done
    out=$(TEST_SECONDS=1 tests/harness/run-tests.pl "${files[@]}" 2>&1)
    got="$? $(tail -1 <<<"$out")"
    [ "$got" = "$want" ]
    ok $? "$name"
    [ "$got" = "$want" ] || printf '# got  %s\n# want %s\n' "$got" "$want"
}

good='echo ok 1; echo ok 2; echo 1..2'
runs 0 "2 passed, 0 failed" "a good test passes" "$good"
runs 0 "4 passed, 0 failed" "checks of all tests are counted" "$good" "$good"
runs 1 "1 passed, 1 failed" "a check that fails" 'echo ok 1; echo not ok 2; echo 1..2; exit 1'
runs 1 "1 passed, 1 failed" "a check that fails, with exit status 0" 'echo ok 1; echo not ok 2; echo 1..2'
runs 1 "2 passed, 1 failed" "a good plan, but exit status 3" "$good; exit 3"
runs 1 "2 passed, 1 failed" "a crash after the plan" "$good; kill -SEGV \$\$"
runs 1 "1 passed, 1 failed" "a crash before the plan" 'echo ok 1; kill -SEGV $$'
runs 1 "1 passed, 1 failed" "fewer checks than planned" 'echo 1..2; echo ok 1'
runs 1 "2 passed, 1 failed" "an empty test among good ones" "$good" ':'
runs 1 "0 passed, 1 failed" "an empty test alone" ':'
runs 1 "3 passed, 1 failed" "a test that hangs" "$good" 'echo ok 1; sleep 60'
runs 1 "2 passed, 1 failed" "a test that bails out" "$good" 'echo "Bail out! no data"; exit 1'
runs 1 "0 passed, 0 failed" "everything skipped" 'echo "1..0 # SKIP"'
runs 1 "2 passed, 1 failed" "a sanitizer's report from a process that nobody waited for" \
    "echo leak >\${ASAN_OPTIONS##*log_path=}.1; $good"
runs 1 "0 passed, 0 failed" "no test at all"

cp -r --parents include lib/*/*.[ch] coordinator worker cli "$T"
tests/harness/include-laws.sh "$T" >"$T/out"
ok $? "the tree keeps the laws"

# A line that must not stand in a file.  breach FILE LINE REASON
breach() {
    mkdir -p "$T/before"
    cp "$T/$1" "$T/before/file"
    echo "$2" >>"$T/$1"
    tests/harness/include-laws.sh "$T" >"$T/out"
    [ $? -eq 1 ] && [ "$(grep -c . "$T/out")" -eq 1 ] && grep -qF "$1:" "$T/out" &&
        grep -q "$3" "$T/out"
    ok $? "$1: $2 is caught"
    cp "$T/before/file" "$T/$1"
}
breach lib/base/text.c '#include "pilot/plan.h"' 'base may not use plan'
breach lib/base/text.c '#include <pilot/estimate.h>' 'base may not use stat'
breach lib/base/text.c '#include <libpq-fe.h>' 'base may not use libpq'
breach lib/base/text.c '#  include "pilot.pb-c.h"' 'base may not use protobuf'
breach lib/stat/meta.c '#include "pilot/log.h"' 'pure'
breach lib/stat/meta.c '#include "pilot/wire.h"' 'stat may not use wire'
breach lib/stat/meta.c '#include <unistd.h>' 'pure'
breach lib/stat/meta.c '#include <sys/stat.h>' 'pure'
breach lib/plan/check.c '#include "pilot/frame.h"' 'plan may not use stat'
breach lib/plan/check.c '#include <gsl/gsl_cdf.h>' 'plan may not use gsl'
breach lib/wire/frame.c '#include "pilot/piece.h"' 'wire may not use stat'
breach lib/wire/frame.c '#include "pilot/database.h"' 'wire may not use store'
breach lib/store/migrate.c '#include "pilot/plan.h"' 'store may not use plan'
breach lib/store/migrate.c '#include <zmq.h>' 'store may not use zmq'
breach coordinator/planner.c '#include "pilot/pooled_ols.h"' 'coordinator may not use stat'
breach coordinator/planner.c '#include <gsl/gsl_math.h>' 'coordinator may not use gsl'
breach coordinator/queue.c '#include "pilot/database.h"' 'rules only'
breach coordinator/queue.c '#include <pthread.h>' 'rules only'
breach coordinator/queue.h '#include <zmq.h>' 'rules only'
breach worker/fetch.c '#include "../cli/output.h"' 'another folder'
breach worker/fetch.c '#include "coordinator/queue.h"' 'another folder'
breach worker/fetch.c '#include "output.h"' 'no such header'
breach worker/fetch.c '#include <yaml.h>' 'worker may not use yaml'
breach lib/wire/frame.c '#include "pilot/quality.h"' 'wire may not use stat'
breach cli/output.c '#include <zmq.h>' 'cli may not use zmq'
breach cli/output.c '#include <newlib/thing.h>' 'cli may not use newlib'
breach cli/output.c '#include HEADER' 'computed'
breach include/pilot/database.h '#include "pilot/plan.h"' 'store may not use plan'
breach include/pilot/dim.h '#include <libpq-fe.h>' 'stat may not use libpq'
echo >"$T/include/pilot/stranger.h"
tests/harness/include-laws.sh "$T" >"$T/out"
ok "$(($? != 1))" "a public header that belongs to no room is caught"

echo "1..$checks"
exit $((failures > 0))
