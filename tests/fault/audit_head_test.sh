#!/usr/bin/env bash
# Somebody holds the audit log's head: the coordinator's writes wait, its lease does not.
. "$(dirname "$0")/common.sh"
coordinator one "$ENDPOINT"
one=$started
worker worker-a
analysis=$(launch)
until_true 60 state_is "$analysis" done
ok $? "an undisturbed analysis is done"
epoch=$(sql "SELECT epoch FROM work.lease")
analysis=$(launch)
mkfifo "$T/hold"
"$PG_BIN/psql" -Xq -d "$CONNINFO" <"$T/hold" >"$T/hold.log" 2>&1 &
holder=$!
exec 3>"$T/hold"
echo "BEGIN; SELECT FROM registry.audit_head FOR UPDATE;" >&3
sleep 5 # more than three times the lease
is "$(sql "SELECT epoch, expires_at > clock_timestamp() FROM work.lease")" "$epoch|t" "the lease is renewed meanwhile"
kill -0 "$one" 2>/dev/null
ok $? "and the coordinator lives"
echo "COMMIT;" >&3
exec 3>&-
wait $holder
until_true 60 state_is "$analysis" done
ok $? "when the head is free again the analysis is done"
is "$(sql "SELECT epoch FROM work.lease")" "$epoch" "by the same coordinator"
try "$PILOT" audit --verify --db "$CONNINFO"
well "the audit log is whole"
finish
