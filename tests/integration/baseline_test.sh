#!/usr/bin/env bash
# outcomes.baseline: a regressor of that outcome alone, against estimatr and against the same column
# written as a covariate.
. "$(dirname "$0")/common.sh"
GOLDEN=$ROOT/tests/golden/baseline

plan() { # NAME OUTCOMES COVARIATES ESTIMATORS COLUMNS
    cat <<YAML
version: 1
pilot: $1
columns: {unit: id, agency: site, arm: arm${5-}}
arms: {control: c, treatments: [a, b]}
outcomes: [$2]
covariates: [$3]
analysis: {estimators: [$4]}
YAML
}
rows() { # PLAN DATA: its effects from the agency on
    try "$PILOT" run "$T/$1.yaml" "$2" --dir "$DIR" --view effects --format csv --output "$T/$1.csv"
    well "$1"
    cut -d, -f4- "$T/$1.csv" | tail -n +2 >"$T/$1.rows"
}

score="{name: score, type: continuous, baseline: before}"
visits="{name: visits, type: count}"
plan both "$score, $visits" x "ols, lin" >"$T/both.yaml"
rows both "$GOLDEN/units.csv"
is "$(grep -c baseline <<<"$err")" 0 "nothing says that baselines are not used"
awk -F, -v OFS=, 'NR == FNR {if (FNR > 1) {key = $1 "," $2 "," $3 "," $4; want[key] = $5 OFS $6 OFS $7}; next}
    ($1 "," $2 "," $5 "," $8) in want {
        split(want[$1 "," $2 "," $5 "," $8], w, ",")
        split($11 OFS $12 OFS $13, got, ",")
        for (i in w) {d = got[i] - w[i]; d = d < 0 ? -d : d; s = w[i] < 0 ? -w[i] : w[i]; if (d > 1e-9 * s) bad++}
        seen++
    } END {print (seen + 0) " " (bad + 0)}' "$GOLDEN/estimates.csv" "$T/both.rows" >"$T/compared"
is "$(cat "$T/compared")" "32 0" "estimatr's estimates, standard errors and df, by agency and pooled, to 1e-9"

# The same as a covariate: not a byte differs, whatever stands beside it.
plan covariate "{name: score, type: continuous}" "before, x" "ols, lin" >"$T/covariate.yaml"
rows covariate "$GOLDEN/units.csv"
grep ',score,' "$T/both.rows" >"$T/of.score"
same "$T/of.score" "$T/covariate.rows" "a baseline is the first covariate of its outcome"
plan alone "$visits" x "ols, lin" >"$T/alone.yaml"
rows alone "$GOLDEN/units.csv"
grep ',visits,' "$T/both.rows" >"$T/of.visits"
same "$T/of.visits" "$T/alone.rows" "and of no other"
plan without "{name: score, type: continuous}" x "ols, lin" >"$T/without.yaml"
rows without "$GOLDEN/units.csv"
cmp -s "$T/of.score" "$T/without.rows"
ok $((1 - $?)) "it makes a difference"

# iv, in both orders of outcomes; what was received is x above 0, or the arm.
awk -F, -v OFS=, '{print $0, NR == 1 ? "got" : ($4 > 0.8 ? 0 : $3 != "c")}' "$GOLDEN/units.csv" >"$T/got.csv"
plan ivs "$score, $visits" x "iv" ", received: got" >"$T/ivs.yaml"
plan iv "{name: score, type: continuous}" "before, x" "iv" ", received: got" >"$T/iv.yaml"
rows ivs "$T/got.csv"
rows iv "$T/got.csv"
grep ',score,' "$T/ivs.rows" >"$T/of.iv"
same "$T/of.iv" "$T/iv.rows" "iv too"
is "$(wc -l <"$T/iv.rows")" 8 "by agency and pooled"

# One agency pooled is that agency.
grep -E '^site|^east' "$GOLDEN/units.csv" >"$T/east.csv"
sed 's/pilot: both/pilot: east/' "$T/both.yaml" >"$T/east.yaml"
rows east "$T/east.csv"
sed -n 's/^east,//p' "$T/east.rows" >"$T/agency"
sed -n 's/^,//p' "$T/east.rows" >"$T/pooled"
same "$T/agency" "$T/pooled" "one agency pooled is its own estimate, bit for bit"
try "$PILOT" results both --view quality --format csv --dir "$DIR"
is "$(grep -c ',balance,[ab],score_baseline,' <<<"$out")" 8 "a baseline is checked for balance"
finish
