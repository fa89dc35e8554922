#!/bin/bash
# Assignments: register, replace, check a load against them, and what an analysis notes of them.
. "$(dirname "$0")/common.sh"
use_database assignments
migrate 1 "$LATEST"

OTHER=$(printf 'b%.0s' $(seq 64))
SALT=000102030405060708090a0b0c0d0e0f
COLUMNS='{pilot_unit,pilot_arm,pilot_block,y}'
TYPES='{text,int2,int4,float8}'
register p "$COLUMNS" "$TYPES" >"$T/registered"
register w "$COLUMNS" "$TYPES" ', "analysis": {"level": "across"}' >>"$T/registered"
register strict "$COLUMNS" "$TYPES" ', "assignment": {"unregistered": "reject"}' >>"$T/registered"
is "$(sort -u "$T/registered")" "1|t" "three pilots are there"

sql "CREATE ROLE clerk LOGIN; CREATE ROLE agency LOGIN; GRANT pilot_evaluator TO clerk;
    SELECT registry.grant_agency(pilot, name, 'agency') FROM unnest(ARRAY['p', 'w', 'strict']) AS pilot,
        unnest(ARRAY['A', 'B', 'C']) AS name" >"$T/granted"
OWNER=$CONNINFO
CLERK=${CONNINFO/user=postgres/user=clerk}
AGENCY=${CONNINFO/user=postgres/user=agency}

# The hash of a label, worked out outside the database: decimal of 8 bytes, or of 4.
hash_of() { # label, bytes
    printf '%s' "$1" | perl -MDigest::SHA=sha256 -e '
        local $/; my $label = <STDIN>; my $digest = sha256(pack("H*", $ARGV[0]) . $label);
        print $ARGV[1] == 8 ? unpack("q>", $digest) : unpack("l>", $digest)' "$SALT" "$2"
}
keys() { # labels
    local label list=
    for label; do list=$list,$(hash_of "$label" 8); done
    echo "{${list#,}}"
}
BLOCK=$(hash_of north 4)
is "$(sql "SELECT registry.hash_label('\\x$SALT', 'u1')::bigint,
    registry.hash_label('\\x$SALT', 'north')::bit(32)::int")" "$(hash_of u1 8)|$BLOCK" \
    "the database hashes labels as the client does"

run_about() { echo "{\"sha256\": \"$1\", \"file_sha256\": \"$HASH\", \"seed\": \"18446744073709551615\", \"software_version\": \"0\"}"; }
about() { # content, units, counts
    echo "{\"content_sha256\": \"$1\", \"units\": $2, \"arms\": [\"c\", \"t\", \"v\"], \"counts\": $3, \"salt\": \"$SALT\"}"
}
# A whole registration of one agency by the clerk: units u1 u2 u3 in c t t, block north.
UNITS="(:assignment, '$(keys u1 u2 u3)', '{0,1,1}', '{$BLOCK,$BLOCK,$BLOCK}', NULL)"
enrol() { # pilot, agency, sha256, [reason], [units], [about]
    local reason=NULL
    [ -n "${4:-}" ] && reason="'$4'"
    cat <<SQL | CONNINFO=$CLERK try_sql
BEGIN;
SELECT registry.begin_assignment('$1', (SELECT $(plan_of "$1")), '$(run_about "$3")', '{}', $reason) AS run \gset
SELECT assignment, state, late FROM registry.register_assignment(:run, '$2', '${6:-$(about "$3" 3 "[1, 2, 0]")}', $reason) \gset
\if $([ "${5:-}" = none ] && echo false || echo true)
SELECT registry.add_assigned_units${5:-$UNITS} \g $T/void
\endif
SELECT :'state', :'late';
COMMIT;
SQL
}
plan_of() { sql "SELECT plan FROM registry.plans JOIN registry.pilots USING (pilot) WHERE name = '$1'"; }

# ---- register ------------------------------------------------------------------------------------
is "$(enrol p A "$HASH")" "new|f" "an assignment is registered"
is "$(sql "SELECT pilot, agency, state, units, arms, counts, seed, late, registered_by FROM results.assignments")" \
    "p|A|registered|3|{c,t,v}|{1,2,0}|18446744073709551615|f|clerk" "and can be read"
is "$(enrol p A "$HASH" '' none)" "same|f" "the same again changes nothing"
is "$(sql "SELECT count(*) FROM registry.assignments")" 1 "nor adds a row"
WHY='PL002 another assignment is registered already; to replace it say why (--replace REASON)'
is "$(enrol p A "$OTHER")" "$WHY" "another one is refused"
is "$(enrol p A "$OTHER" 'wrong file')" "replaced|f" "unless there is a reason"
is "$(sql "SELECT state, replaced_by, reason FROM results.assignments ORDER BY state")" \
    "$(printf 'registered||\nreplaced|clerk|wrong file')" "which is kept, with who did it"
is "$(sql "SELECT agency, units, arms FROM registry.current_assignments('p')")" "A|3|{c,t,v}" \
    "one is the current one"
is "$(enrol p B "$HASH")" "new|f" "each agency has its own"

refused() { # name, message, units, [about]
    is "$(enrol p C "$HASH" '' "$3" "${4:-$(about "$HASH" 3 '[1, 2, 0]')}")" "$2" "$1 is refused"
}
LACKS=$(printf 'new|f\nPL002 the assignment lacks some of its units')
NOT='PL002 the assigned units are not complete'
refused "one without units" "$LACKS" none
refused "one with fewer units" "$LACKS" "(:assignment, '$(keys u1 u2)', '{0,1}', NULL, NULL)"
refused "one whose arms do not add up" "$LACKS" "(:assignment, '$(keys u1 u2 u3)', '{0,0,1}', NULL, NULL)"
refused "one with other counts than units" "$LACKS" "$UNITS" "$(about "$HASH" 4 '[1, 2, 0]')"
refused "an arm that is none" "$NOT" "(:assignment, '$(keys u1 u2 u3)', '{0,1,3}', NULL, NULL)"
refused "an arm below none" "$NOT" "(:assignment, '$(keys u1 u2 u3)', '{0,1,-1}', NULL, NULL)"
refused "an arm that is missing" "$NOT" "(:assignment, '$(keys u1 u2 u3)', '{0,1,NULL}', NULL, NULL)"
refused "a key that is missing" "$NOT" "(:assignment, '{1,2,NULL}', '{0,1,1}', NULL, NULL)"
is "$(enrol p C "$HASH" '' "(:assignment, '{1,2,3}', '{0,1}', NULL, NULL)" | cut -c1-5)" 23514 \
    "arrays of two lengths are refused"
is "$(enrol p C "$HASH" '' "(1, '{1}', '{0}', NULL, NULL)")" \
    'PL003 no such assignment is being registered in this transaction' \
    "nothing is added to one that is registered"
is "$(enrol p '' "$HASH")" 'PL002 an agency has a name of 1 to 2000 bytes' "an agency has a name"
is "$(echo "SELECT * FROM registry.register_assignment(1, 'A', '{}')" | CONNINFO=$CLERK try_sql)" \
    'PL003 no registration is open in this transaction' "an agency alone cannot be registered"
is "$(echo "SELECT registry.begin_assignment('p', 99, '$(run_about "$HASH")', '{}')" | try_sql)" \
    'PL001 pilot "p" has no such plan' "nor for a plan that is not there"
is "$(sql "SELECT count(*) FROM registry.assignments")" 3 "what was refused left nothing"

# ---- check ---------------------------------------------------------------------------------------
FILLED='["pilot_unit","pilot_arm","pilot_block","y"]'
LABELS='{"pilot_arm":["t","c","v"],"pilot_block":["south","north"]}'
load() { # pilot, agency, rows, number of rows, [conninfo]
    cat <<SQL | CONNINFO=${5:-$AGENCY} try_sql
BEGIN;
SELECT load, partition FROM registry.begin_load('$1', $(plan_of "$1")) \gset
SELECT registry.reserve_submissions(1) AS first \gset
INSERT INTO outcomes.:"partition" (pilot_submission, pilot_row, pilot_unit, pilot_arm, pilot_block, y)
    SELECT :first, r, u, a, b, 0 FROM (VALUES $3) AS v (r, u, a, b);
SELECT agency, revision, state FROM registry.seal_load(:load,
    jsonb_build_array('$(entry 0 "$2" "$4" "$FILLED" "$LABELS")'::jsonb || jsonb_build_object('submission', :first)));
COMMIT;
SQL
}
DIFFERS='PL002 rows of the load differ from the registered assignment'
is "$(load p A "(1, 'u1', 0::int2, 1)" 1)" "$DIFFERS" "another arm is refused"
is "$(load p A "(1, 'u1', 1::int2, 1), (2, 'u4', 0, 1)" 2)" "$DIFFERS" "a unit that was never assigned is refused"
is "$(load p A "(1, 'u1', 1::int2, 0)" 1)" "$DIFFERS" "another block is refused"
is "$(load p A "(1, 'u1', 1::int2, 1), (2, 'u2', 0, 1)" 2)" "A|1|accepted" \
    "units as they were assigned are accepted, whatever the codes"
is "$(load p C "(1, 'x', 0::int2, 0)" 1)" "C|1|accepted" "an agency without an assignment is accepted"
is "$(load strict C "(1, 'x', 0::int2, 0)" 1)" \
    'PL002 an agency of the load has no registered assignment' "unless the plan says otherwise"
is "$(enrol p A "$HASH" 'again')" \
    'PL002 another assignment is registered, and data was accepted under it: it cannot be replaced' \
    "after data was accepted it is not replaced"
is "$(enrol p C "$HASH")" "new|t" "an assignment that comes after data is late"
is "$(echo "SELECT keys, arms FROM registry.assigned_parts((SELECT assignment FROM
    registry.current_assignments('p') WHERE agency = 'A'))" | CONNINFO=$AGENCY try_sql)" \
    "$(keys u1 u2 u3)|{0,1,1}" "its units can be read"
is "$(echo "SELECT registry.assigned_parts(1)" | CONNINFO=$AGENCY try_sql)" \
    'PL002 the registered assignment was replaced meanwhile; submit again' "one that was replaced cannot"

# ---- level across: one draw over all agencies ------------------------------------------------------
is "$(load w A "(1, 'u1', 1::int2, 1)" 1 | tail -1)" "A|1|accepted" "across: without any assignment data is accepted"
is "$(enrol w B "$HASH")" "new|f" "across: an assignment is registered"
is "$(load w C "(1, 'u9', 1::int2, 1)" 1)" 'PL002 an agency of the load has no registered assignment' \
    "across: an agency that it does not have is refused"
is "$(enrol w C "$OTHER")" "$WHY" "across: another draw is refused though its agency is new"
is "$(enrol w C "$OTHER" 'why')" "new|f" "across: it replaces the whole"
is "$(sql "SELECT agency, state FROM results.assignments WHERE pilot = 'w' ORDER BY 1")" \
    "$(printf 'B|replaced\nC|registered')" "across: nothing of the one before is left"

# ---- what an analysis notes --------------------------------------------------------------------------
is "$(echo "SELECT work.launch('strict')" | try_sql | cut -c1-5)" PL002 "without data there is no analysis"
is "$(echo "SELECT work.launch('p')" | try_sql)" 1 "an analysis is launched"
is "$(sql "SELECT agency, arm, value, alarm, detail FROM results.quality WHERE \"check\" = 'assignment' ORDER BY ordinal, agency NULLS LAST")" \
    "A|c|1|f|1 of 1 assigned units are in the data
C|c|1|f|0 of 1 assigned units are in the data
|c|3|f|1 of 3 assigned units are in the data; 1 of 3 agencies have no data
A|t|2|f|1 of 2 assigned units are in the data
C|t|2|f|1 of 2 assigned units are in the data
|t|6|f|2 of 6 assigned units are in the data; 1 of 3 agencies have no data
A|v|0|f|0 of 0 assigned units are in the data
C|v|0|f|0 of 0 assigned units are in the data
|v|0|f|0 of 0 assigned units are in the data; 1 of 3 agencies have no data" "and has the registered counts"
register free "$COLUMNS" "$TYPES" >"$T/registered"
sql "SELECT registry.grant_agency('free', 'A', 'agency')" >"$T/granted"
load free A "(1, 'u1', 1::int2, 1)" 1 >"$T/loaded"
is "$(echo "SELECT work.launch('free')" | try_sql)" 2 "a pilot without assignments launches too"
is "$(sql "SELECT count(*) FROM work.quality WHERE analysis = 2")" 0 "and notes nothing"

# ---- who may do what -----------------------------------------------------------------------------------
is "$(echo "SELECT * FROM registry.assigned_units" | CONNINFO=$CLERK try_sql)" \
    "42501 permission denied for table assigned_units" "tables are the functions' alone"
is "$(echo "SELECT registry.replace_assignments('{1}', 'x')" | CONNINFO=$CLERK try_sql)" \
    "42501 permission denied for function replace_assignments" "so are the steps"
is "$(echo "SELECT registry.begin_assignment('p', 1, '{}', '{}')" | CONNINFO=$AGENCY try_sql)" \
    "42501 permission denied for function begin_assignment" "an agency registers nothing"
finish
