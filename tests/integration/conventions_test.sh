#!/usr/bin/env bash
# `pilot results --conventions`: one plan without and one with clusters, each number against estimatr
# and sandwich (tests/golden/conventions); what people see of it; what is refused.
. "$(dirname "$0")/common.sh"

GOLDEN=$ROOT/tests/golden/conventions
plan() { # NAME COLUMNS STD_ERROR
    cat <<EOF
version: 1
pilot: $1
columns: {unit: unit, agency: agency, arm: arm, block: block$2}
arms: {control: c, treatments: [t, u]}
outcomes: [{name: y, type: continuous}]
covariates: [x]
analysis: {estimators: [difference_in_means, ols, lin], std_error: $3}
seed: 1
EOF
}
run() { # NAME
    "$PILOT" run "$T/$1.yaml" "$GOLDEN/units.csv" --dir "$DIR" --workers 2 >"$T/log" 2>&1
    ok $? "the plan '$1' runs"
}
show() {
    try "$PILOT" results "$@" --dir "$DIR"
}
plan plain "" auto >"$T/plain.yaml"
plan clustered ", cluster: cluster" auto >"$T/clustered.yaml"
plan fourth ", cluster: cluster" CR3 >"$T/fourth.yaml"
run plain
"$PILOT" up --dir "$DIR" --workers 1 >"$T/log" 2>&1
run clustered
run fourth

# ---- numbers -------------------------------------------------------------------------------------
for design in plain clustered; do
    show $design --conventions --format csv
    well "$design: conventions as CSV"
    cp "$T/out" "$T/$design.csv"
    # scope,agency,estimator,arm,convention,type,std_error,df,p,low,high: ours, then R's.
    awk -F, -v design="$design" 'function far(a, b, most) {
            d = a - b; if (d < 0) d = -d
            return d > most * (b < 0 ? -b : b) + 1e-300 || a == ""
        }
        NR == FNR { if (FNR > 1) ours[$3, $4, $11, $8, $13, $14] = $16 "," $17 "," $18 "," $19 "," $20; next }
        $1 == design {
            rows++
            split(ours[$2, $3, $4, $5, $6, $7], o, ",")
            if (far(o[1], $8, 1e-9) || far(o[2], $9, 1e-8) || far(o[3], $10, 1e-7) ||
                far(o[4], $11, 1e-8) || far(o[5], $12, 1e-8)) {
                bad++; print $0 " got " ours[$2, $3, $4, $5, $6, $7]
            }
        }
        END { print rows - bad, "of", rows }' "$T/$design.csv" "$GOLDEN/conventions.csv" >"$T/compared"
    is "$(cat "$T/compared")" "64 of 64" "$design: agencies' and pooled numbers are R's"
    is "$(tail -n +2 "$T/$design.csv" | wc -l)" 64 "$design: and there are no others"
done
is "$(cut -d, -f11 "$T/plain.csv" | sort -u | tr '\n' ' ')" "estimator lin ols " \
    "differences in means are no regressions"
show plain --view effects --format csv
is "$(awk -F, '$11 == "ols" {print $4, $8, $15, $16, $18}' "$T/out")" \
    "$(awk -F, '$11 == "ols" && $13 == "plan" {print $4, $8, $16, $17, $18}' "$T/plain.csv")" \
    "plan is the row of effects, digit by digit"
show plain --conventions --format json
is "$(jq length "$T/out")" 64 "as JSON too"
show plain --view conventions --format csv
same "$T/out" "$T/plain.csv" "--view conventions is the same"

# ---- for people ----------------------------------------------------------------------------------
show plain --conventions
well "conventions as a table"
is "$(LC_ALL=C.UTF-8 awk 'length > 80' "$T/out" | wc -l)" 0 "which fits 80 columns"
is "$(grep -A 5 '^y: t - c, ols' "$T/out" | cut -c1-19)" "$(printf '%s\n' 'y: t - c, ols, (poo' \
    'plan        HC2    ' 'estimatr    HC2    ' 'stata       HC1    ' 'fixest      HC1    ' \
    'HC1: HC0 x N/(N-K),')" "the plan's own first, then the others, then why they differ"
like "$out" 'HC1: HC0 x N/\(N-K\), 213/204; ' "with the numbers of the row"
is "$(grep -c ', a[123]:' "$T/out")" 0 "pooled effects alone"
like "$err" "--all shows each agency's" "which it says"
show plain --conventions --all
is "$(grep -c '^y: ' "$T/out")" 16 "--all shows all effects"
is "$(grep -c '^HC1: ' "$T/out")" 16 "each with its line"
show clustered --conventions
like "$out" '^plan +CR2 ' "clusters: CR2"
like "$out" '^CR1: CR0 x .*S/\(S-1\), df S-1; CR2: ' "and what sets CR1 apart"
show fourth --conventions
is "$(grep -c '^estimatr ' "$T/out")" 0 "a plan of CR3 has no row of CR2"
like "$out" "^estimatr: CR2 is computed where" "and says where there is one"
like "$out" '^plan +CR3 ' "the plan's own is CR3"
fails 2 "--conventions is --view conventions" "another view" \
    "$PILOT" results plain --conventions --view effects --dir "$DIR"
finish
