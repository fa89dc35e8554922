#!/usr/bin/env bash
# The coordinator is killed in the middle: restarted, and with a standby that takes over.
. "$(dirname "$0")/common.sh"
undisturbed

coordinator one "$ENDPOINT"
one=$started
worker worker-a sleep_in_job_ms=400
worker worker-b sleep_in_job_ms=400
analysis=$(launch)
until_true 10 stored_at_least "$analysis" 1
kill_hard "$one"
coordinator again "$ENDPOINT"
again=$started
same_as_undisturbed "$analysis"
is "$(sql "SELECT count(*) FROM work.failures")" 0 "a new coordinator is no failure of the jobs"

# A standby on another endpoint; workers know both.
epoch=$(sql "SELECT epoch FROM work.lease")
coordinator standby "$SECOND"
standby=$started
until_true 5 grep -q event=standby "$T/standby.log"
ok $? "a second coordinator waits"
analysis=$(launch)
until_true 10 stored_at_least "$analysis" 1
kill_hard "$again"
same_as_undisturbed "$analysis"
is "$(sql "SELECT epoch FROM work.lease")" $((epoch + 1)) "the standby raised the epoch once"

# A coordinator that sleeps through its lease must not write any more.
coordinator sleeper "$ENDPOINT"
sleeper=$started
until_true 5 grep -q event=standby "$T/sleeper.log"
kill -STOP "$standby"
until_true 10 grep -q event=started "$T/sleeper.log"
ok $? "a stopped coordinator's lease runs out"
kill -CONT "$standby"
wait "$standby"
is "$?" 4 "when it wakes up it ends with 4"
unset "running[$standby]"
like "$(tail -1 "$T/standby.log")" 'pilot-coordinator: another coordinator has taken over' "and says why"

# An endpoint that is taken.
fails_coordinator() { "$BUILD/pilot-coordinator" --bind "$ENDPOINT" --db "$CONNINFO"; }
try fails_coordinator
is "$status" 4 "an endpoint in use: exit status 4"
like "$err" 'in use' "in one line"
analysis=$(launch)
same_as_undisturbed "$analysis"
finish
