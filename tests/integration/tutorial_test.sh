#!/bin/bash
# The tutorial's section on a server, block by block as it stands, each under its own login.
. "$(dirname "$0")/server.sh"
export PATH=$BUILD:$PATH
logins eva farm hand ada north south
cd "$T" || exit 1
cat >counties.yaml <<'YAML'
version: 1
pilot: counties
title: Budgets for social workers
columns: {unit: id, arm: arm, block: office}
arms: {control: usual, treatments: [budget]}
outcomes: [{name: income, type: continuous}, {name: housed, type: binary}]
covariates: [age, {name: sex, type: categorical}]
subgroups: [sex]
YAML
rows() { # seed
    awk -v seed="$1" 'BEGIN {
        srand(seed); print "id,name,arm,office,income,housed,age,sex"
        for (i = 1; i <= 240; i++)
            printf "case-%d,Secret Name %d,%s,o%d,%.2f,%d,%d,%s\n", i, i, i % 2 ? "budget" : "usual", i % 3,
                900 + rand() * 400 + (i % 2) * 50, rand() < 0.5, 20 + rand() * 40, rand() < 0.5 ? "f" : "m"
    }'
}
rows 1 >north.csv
rows 2 >south.csv

block() { # first line
    sed -n "/^# $1\$/,/^\`\`\`/p" "$ROOT/docs/tutorial.md" | grep -v '^```' |
        sed "s|ipc:///run/pilot|ipc://$T|"
}
run_block() { # first line, login
    local line
    block "$1" >"$T/block"
    [ "$(wc -l <"$T/block")" -gt 1 ]
    ok $? "the block: $1"
    : >"$T/said"
    while IFS= read -r line; do
        try env PILOT_DB="$(as "$2")" bash -c "$line" </dev/null
        well "$2: $line"
        printf '%s\n%s\n' "$out" "$err" >>"$T/said"
        [ "$line" = "pilot register counties.yaml" ] || wide=$((wide + $(grep -cE '.{81}' "$T/out")))
    done < <(tail -n +2 "$T/block")
}

wide=0
run_block "operator, first" postgres
run_block "evaluator, first" eva
run_block "operator, then" postgres
run_block "agency north" north
is "$(grep -c '^accepted: ' "$T/said")" 2 "tried, then accepted"
run_block "agency south" south
for what in coordinator worker; do
    login=farm
    [ $what = worker ] && login=hand
    line=$(block $what | tail -n +2)
    PILOT_DB=$(as $login) $line 2>"$T/$what.log" &
    children="${children:-} $!"
done
run_block "evaluator, then" eva
for _ in $(seq 1 300); do
    state=$(sql "SELECT state FROM results.analyses")
    [ "$state" = done ] && [ "$(sql 'SELECT count(*) FROM dashboard.releases')" = 1 ] && break
    sleep 0.1
done
is "$state" done "the analysis ends"
run_block "evaluator, at the end" eva
like "$(cat "$T/said")" '^income: budget - usual' "with effects"
run_block "auditor" ada
like "$(cat "$T/said")" 'submitted +counties +North' "the log tells who submitted"
# shellcheck disable=SC2086 # several numbers
kill $children
wait
is "$wide" 0 "no line of what they read is wider than 80 columns"
is "$("$PG_BIN/pg_dump" -d "$CONNINFO" | grep -cE 'case-[0-9]|Secret Name')" 0 \
    "neither an id nor a column that the plan does not name came to the server"
finish
