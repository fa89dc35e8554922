#!/bin/bash
# pilot grant, revoke and grants: who may do what on a server, and one line for what cannot be done.
. "$(dirname "$0")/server.sh"

fails 2 "everybody who can open the folder is the owner" "grant in an embedded database" \
    "$PILOT" grant evaluator eva --dir "$T/embedded"
fails 2 "everybody who can open the folder is the owner" "grants there" "$PILOT" grants --dir "$T/embedded"
is "$(ls "$T/embedded" 2>/dev/null)" "" "which starts no database"
try "$PILOT" init --db "$CONNINFO"
well "init"
for login in boss eva north 'Süd "x"'; do sql "CREATE ROLE \"${login//\"/\"\"}\" LOGIN"; done >"$T/log"
sql "GRANT pilot_owner TO boss" >"$T/log"
DB=$(as boss)
try "$PILOT" grants --db "$DB"
like "$out" '^owner +boss' "the owner stands in the list from the start"

# ---- roles for all pilots --------------------------------------------------------------------------
for role in evaluator coordinator worker dashboard auditor; do
    try "$PILOT" grant "$role" eva --db "$DB"
    well "grant $role"
    is "$err" "eva is $role from now on" "$role: says so"
    is "$(sql "SELECT pg_has_role('eva', 'pilot_$role', 'MEMBER')")" t "$role: it is so"
done
try "$PILOT" grant evaluator eva --db "$DB"
is "$status $err" "0 eva is evaluator already" "a second time: nothing to do"
try "$PILOT" grants --db "$DB"
is "$(grep -c ' eva' <<<"$out")" 5 "grants lists them"
try "$PILOT" revoke worker eva --db "$DB"
is "$status $err" "0 eva is worker no longer" "revoke"
is "$(sql "SELECT pg_has_role('eva', 'pilot_worker', 'MEMBER')")" f "it is so"
fails 2 "eva was not granted worker" "revoke what is not granted" "$PILOT" revoke worker eva --db "$DB"

# ---- agencies --------------------------------------------------------------------------------------
fails 2 'there is no pilot "two"' "a pilot that is not there" \
    "$PILOT" grant agency North --pilot two --login north --db "$DB"
cat >"$T/plan.yaml" <<'YAML'
version: 1
pilot: two
columns: {unit: id, agency: agency, arm: arm}
arms: {control: c, treatments: [t]}
outcomes: [{name: y, type: continuous}]
YAML
try "$PILOT" register "$T/plan.yaml" --db "$(as eva)"
well "the evaluator registers a plan"
try "$PILOT" grant agency North --pilot two --login north --db "$DB"
is "$status $err" "0 north submits for agency North of pilot two from now on" "grant agency"
try "$PILOT" grant agency North --pilot two --login north --db "$DB"
is "$status $err" "0 north submits for agency North of pilot two already" "a second time"
try "$PILOT" grant agency "Ä'\"; DROP" --pilot two --login 'Süd "x"' --db "$DB"
well "names are names, whatever is in them"
try "$PILOT" grants --pilot two --db "$DB"
is "$(grep -c '^agency' <<<"$out")" 2 "grants --pilot lists its agencies"
like "$out" "agency +north +two +North +boss +20" "login, pilot, agency, by whom and when"
try "$PILOT" grants --db "$(as eva)"
is "$(grep -c '^agency' <<<"$out")" 2 "an evaluator sees them too"
fails 2 'there is no pilot "other"' "grants of a pilot that is not there" "$PILOT" grants --pilot other --db "$DB"
fails 2 'there is no login "nobody"; create it first' "a login that is not there" \
    "$PILOT" grant agency North --pilot two --login nobody --db "$DB"
fails 2 'there is no login "pilot_agency"' "a role that cannot log in" "$PILOT" grant worker pilot_agency --db "$DB"
fails 2 "north was not granted agency 'South'" "revoke an agency that is not granted" \
    "$PILOT" revoke agency South --pilot two --login north --db "$DB"
try "$PILOT" revoke agency North --pilot two --login north --db "$DB"
is "$status $err" "0 north submits no longer for agency North of pilot two" "revoke agency"
is "$(sql "SELECT pg_has_role('north', 'pilot_agency', 'MEMBER')")" f "its last grant takes the role away"

# ---- a login that is dropped, and one of the same name ---------------------------------------------
"$PILOT" grant agency North --pilot two --login north --db "$DB" 2>"$T/log"
sql "DROP ROLE north; CREATE ROLE north LOGIN" >"$T/log"
try "$PILOT" grants --pilot two --db "$DB"
like "$out" "agency +\(dropped login [0-9]+\) +two +North" "grants shows what is left of a dropped login"
"$PILOT" grant agency East --pilot two --login north --db "$DB" 2>"$T/log"
is "$(CONNINFO=$(as north) sql "SELECT registry.own_agencies('two')")" East \
    "a new login of its name has its own grants alone"
is "$(sql "SELECT count(*) FROM registry.grants g WHERE NOT EXISTS (SELECT FROM pg_roles WHERE oid = g.login)")" 0 \
    "and the next grant forgets the dropped one's"
sql "ALTER ROLE north RENAME TO nord" >"$T/log"
is "$(CONNINFO=$(as nord) sql "SELECT registry.own_agencies('two')")" East "a renamed login keeps its grants"

# ---- who may not, and what cannot be ---------------------------------------------------------------
fails 4 "only owners grant and revoke, and the login 'eva' is none" "an evaluator grants nothing" \
    "$PILOT" grant worker eva --db "$(as eva)"
fails 4 "only owners grant and revoke" "and revokes nothing" \
    "$PILOT" revoke agency East --pilot two --login nord --db "$(as eva)"
sql "CREATE ROLE newcomer LOGIN" >"$T/log"
fails 4 "has no role of pilot's in this database" "a login without a role" "$PILOT" grants --db "$(as newcomer)"
fails 2 "there is no role 'evaluater': did you mean 'evaluator'" "a role that is not there" \
    "$PILOT" grant evaluater eva --db "$DB"
fails 2 "GRANT pilot_owner TO login" "owners" "$PILOT" grant owner eva --db "$DB"
fails 2 "pilot is missing: pilot grant agency NAME --pilot PILOT --login LOGIN" "an agency of no pilot" \
    "$PILOT" grant agency North --login nord --db "$DB"
fails 2 "login is missing: pilot revoke agency" "an agency without a login" \
    "$PILOT" revoke agency North --pilot two --db "$DB"
fails 2 "login is for agencies: pilot grant worker LOGIN" "a login where it is no option" \
    "$PILOT" grant worker --login eva nord --db "$DB"
for command in grant revoke grants; do
    try "$PILOT" help "$command"
    like "$out" "^Usage: pilot $command " "help tells of $command"
done
is "$("$PILOT" help --completion | grep -c -- '--login')" 2 "so does the completion"
finish
