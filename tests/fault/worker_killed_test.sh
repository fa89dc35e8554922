#!/usr/bin/env bash
# A worker is killed in the middle: its jobs go to another one, the results stay the same.
. "$(dirname "$0")/common.sh"
undisturbed

coordinator coordinator "$ENDPOINT"
worker first sleep_in_job_ms=600
first=$started
worker second sleep_in_job_ms=300
until_true 30 grep -qs 'event=worker_joined.*' "$T/coordinator.log"
analysis=$(launch)
until_true 30 stored_at_least "$analysis" 1
kill_hard "$first"
same_as_undisturbed "$analysis"
until_true 30 grep -qs event=worker_lost "$T/coordinator.log"
ok $? "the coordinator noticed"
is "$(sql "SELECT count(*) FROM work.failures WHERE given_up")" 0 "nothing was given up"

# A worker that is stopped, not dead: silent, lost, and back again later.
worker third sleep_in_job_ms=400
third=$started
analysis=$(launch)
sleep 0.3
kill -STOP "$third"
same_as_undisturbed "$analysis"
kill -CONT "$third"
end_softly "$third"
is "$ended" 0 "a worker that was asleep for long ends in order"

# Several analyses at once, and a worker that dies among them.
worker fourth die_on_job_number=4
first=$(launch) second=$(launch) third=$(launch)
for analysis in "$first" "$second" "$third"; do same_as_undisturbed "$analysis"; done
finish
