#!/usr/bin/env bash
# The coordinator is killed in the middle: restarted, and with a standby that takes over.
. "$(dirname "$0")/common.sh"
undisturbed

coordinator one "$ENDPOINT"
one=$started
worker worker-a sleep_in_job_ms=400
worker worker-b sleep_in_job_ms=400
analysis=$(launch)
until_true 30 stored_at_least "$analysis" 1
kill_hard "$one"
coordinator again "$ENDPOINT"
again=$started
same_as_undisturbed "$analysis"
is "$(sql "SELECT count(*) FROM work.failures")" 0 "a new coordinator is no failure of the jobs"

# Killed between commit and acknowledgement: results come a second time and are compared.
end_softly "$again"
PILOT_DEBUG_POINT=die_after_commit=2 coordinator dies "$ENDPOINT"
dies=$started
analysis=$(launch)
wait "$dies" 2>/dev/null
unset "running[$dies]"
stored_at_least "$analysis" 1
ok $? "a coordinator that dies after a commit has stored results"
PILOT_DEBUG_POINT=die_before_commit=1 coordinator dies-before "$ENDPOINT"
wait "$started" 2>/dev/null
unset "running[$started]"
coordinator again "$ENDPOINT"
again=$started
same_as_undisturbed "$analysis"
is "$(grep -c event=result_mismatch "$T/again.log")" 0 "a second delivery was the same"

end_softly "$again"
PILOT_DEBUG_POINT=die_after_commit=2 coordinator dies "$ENDPOINT"
dies=$started
analysis=$(launch)
wait "$dies" 2>/dev/null
unset "running[$dies]"
sql "UPDATE work.job_results SET digest = '\\x00' FROM work.jobs j
     WHERE j.job = job_results.job AND analysis = $analysis"
coordinator again "$ENDPOINT"
again=$started
until_true 30 grep -qs event=result_mismatch "$T/again.log"
ok $? "one that differs raises an alarm"
until_true 60 state_is "$analysis" done
ok $? "and the analysis goes on with what was first"

# A standby on another endpoint; workers know both.
epoch=$(sql "SELECT epoch FROM work.lease")
coordinator standby "$SECOND"
standby=$started
until_true 30 grep -qs event=standby "$T/standby.log"
ok $? "a second coordinator waits"
analysis=$(launch)
until_true 30 stored_at_least "$analysis" 1
kill_hard "$again"
same_as_undisturbed "$analysis"
is "$(sql "SELECT epoch FROM work.lease")" $((epoch + 1)) "the standby raised the epoch once"

# A coordinator that sleeps through its lease must not write any more.
coordinator sleeper "$ENDPOINT"
sleeper=$started
until_true 30 grep -qs event=standby "$T/sleeper.log"
kill -STOP "$standby"
until_true 30 grep -qs event=started "$T/sleeper.log"
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

# Whoever died when: what has a result stands in the log as handed out, and the log is whole.
sql "CREATE VIEW public.logged AS SELECT (subject ->> 'analysis')::bigint AS analysis, g.pin
    FROM registry.audit_log, jsonb_each_text(subject -> 'workers') AS w, string_to_table(w.value, ',') AS part,
    generate_series(split_part(part, '-', 1)::int, COALESCE(NULLIF(split_part(part, '-', 2), ''), split_part(part, '-', 1))::int)
        AS g (pin) WHERE action = 'handed_out'"
is "$(sql "SELECT count(*) > 0 FROM public.logged")" t "hand-outs are logged"
is "$(sql "SELECT count(*) FROM work.jobs j JOIN work.job_results r USING (job),
    generate_series(j.first_pin, j.last_pin) AS pin WHERE j.kind IN (1, 3)
    AND NOT EXISTS (SELECT FROM public.logged l WHERE l.analysis = j.analysis AND l.pin = pin)")" 0 \
    "no result is stored of a submission whose hand-out is not logged"
is "$(sql "SELECT count(DISTINCT pin) FROM public.logged")" "$(sql "SELECT count(*) FROM work.pins WHERE analysis = $analysis")" \
    "every submission went to a worker"
try "$PILOT" audit --verify --db "$CONNINFO"
well "the audit log is whole"
finish
