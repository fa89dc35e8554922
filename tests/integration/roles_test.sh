#!/bin/bash
# Every program under a login that may do its own work only: evaluator, agencies, coordinator,
# worker.
. "$(dirname "$0")/server.sh"
try "$PILOT" init --db "$CONNINFO"
well "init by the superuser"
logins eva north south farm hand
sql "SELECT registry.grant_role('pilot_evaluator', 'eva'), registry.grant_role('pilot_coordinator', 'farm'),
    registry.grant_role('pilot_worker', 'hand')" >"$T/log"

cat >"$T/plan.yaml" <<'YAML'
version: 1
pilot: two
columns: {unit: id, agency: agency, arm: arm, block: block}
arms: {control: c, treatments: [t]}
outcomes: [{name: y, type: continuous}, {name: b, type: binary}]
covariates: [x, {name: g, type: categorical}]
subgroups: [g]
analysis: {estimators: [difference_in_means, ols, lin]}
unit_ids: plain
YAML
rows() { # agency, seed
    awk -v agency="$1" -v seed="$2" 'BEGIN {
        srand(seed); print "id,agency,arm,block,y,b,x,g"
        for (i = 1; i <= 200; i++)
            printf "%d,%s,%s,b%d,%.6f,%d,%.6f,%s\n", i, agency, i % 2 ? "t" : "c", i % 3 == 0, rand() * 10 + i % 2,
                rand() < 0.4, rand(), rand() < 0.5 ? "m" : "f"
    }'
}
rows North 1 >"$T/north.csv"
rows South 2 >"$T/south.csv"
cat "$T/north.csv" <(tail -n +2 "$T/south.csv") >"$T/both.csv"

try "$PILOT" register "$T/plan.yaml" --db "$(as eva)"
well "the evaluator registers the plan"
sql "SELECT registry.grant_agency('two', 'North', 'north'), registry.grant_agency('two', 'South', 'south')" >"$T/log"
try "$PILOT" submit two "$T/north.csv" --db "$(as north)"
well "an agency submits"
try "$PILOT" submit two "$T/south.csv" --db "$(as south)"
well "so does another"
try "$PILOT" submit two "$T/north.csv" --db "$(as south)"
[ "$status" -ne 0 ]
ok $? "nobody submits for another agency"
try "$PILOT" launch two --db "$(as north)"
[ "$status" -ne 0 ]
ok $? "an agency launches nothing"
try "$PILOT" launch two --db "$(as eva)"
well "the evaluator launches"
analysis=${out:-0}
is "$(sql "SELECT count(*) FROM results.submissions WHERE state = 'accepted'")" 2 "two submissions are accepted"

start_farm 2 "$(as farm)" "$(as hand)"
for _ in $(seq 1 300); do
    state=$(sql "SELECT state FROM work.analyses WHERE analysis = $analysis")
    [ "$state" = done ] || [ "$state" = failed ] && break
    sleep 0.1
done
is "$state" done "coordinator and worker compute it under their own logins"
[ "$state" = done ] || sed 's/^/# /' "$T/coordinator.log" "$T/worker.log"
end_farm

try "$PILOT" results two --view effects --format csv --db "$(as eva)"
well "the evaluator reads the results"
cut -d, -f1,3- "$T/out" >"$T/server.csv"
try "$PILOT" run "$T/plan.yaml" "$T/both.csv" --dir "$T/embedded" --view effects --format csv
cut -d, -f1,3- "$T/out" >"$T/embedded.csv"
same "$T/embedded.csv" "$T/server.csv" "the same numbers as on one machine without rights"
try "$PILOT" results two --db "$(as north)"
well "an agency reads its effects at the terminal"
like "$out" "North" "and finds itself there"
is "$(grep -c South "$T/out")" 0 "and nobody else"
try "$PILOT" results two --view effects --format csv --db "$(as north)"
well "an agency reads its effects"
is "$(tail -n +2 "$T/out" | cut -d, -f3,4 | sort -u)" agency,North "and no other's, nor pooled ones"
is "$(CONNINFO=$(as north) sql "SELECT count(*), min(agency) FROM results.submissions")" "1|North" \
    "it sees its own submission"
is "$(CONNINFO=$(as north) sql "SELECT count(*) FROM registry.own_rows(NULL::outcomes.two)")" 200 "and its own unit rows"
is "$(CONNINFO=$(as hand) sql "SELECT count(*) FROM outcomes.two")" 0 \
    "a worker reads no unit rows when no analysis is under way"
CONNINFO=$(as eva) sql "SELECT count(*) FROM outcomes.two" >"$T/out" 2>"$T/err"
[ $? -ne 0 ]
ok $? "an evaluator never does"
finish
