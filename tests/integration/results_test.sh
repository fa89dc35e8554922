#!/bin/bash
# `pilot results`: columns of the contract, order, formats, files.
. "$(dirname "$0")/common.sh"

"$PILOT" run "$PLAN" "$DATA" --dir "$DIR" --output "$T/first.json" >"$T/log" 2>&1
ok $? "a run into a JSON file"
is "$(cat "$T/log" | grep -c reading)" 0 "prints no results besides"
is "$(jq length "$T/first.json")" 192 "all methods and tests of 12 contrasts and 4 gaps are in it"
"$PILOT" up --dir "$DIR" --workers 1 >"$T/log" 2>&1
show() {
    try "$PILOT" results star_kindergarten --dir "$DIR" "$@"
}
header() {
    show --view "$1" --format csv
    is "$(head -1 <<<"$out")" "$2" "$1: columns of the contract"
}
contrast=outcome,subgroup,level,arm,control,estimand,estimator,parameter
header effects "pilot,analysis,scope,agency,$contrast,std_error_type,estimate,std_error,df,statistic,p_value,ci_low,ci_high,p_randomization,p_randomization_mcse,ci_randomization_low,ci_randomization_high,p_adjusted,adjustment,control_mean,n,n_arm,n_control,clusters,blocks,status,reason,detail,confirmatory,control_std_dev"
cp "$T/out" "$T/effects.csv"
header comparison "pilot,analysis,$contrast,method,test,k,estimate,std_error,df,statistic,p_value,ci_low,ci_high,pi_low,pi_high,tau2,tau2_low,tau2_high,q,q_df,q_p_value,i2,h2,headline,status,reason,detail,confirmatory"
header agencies "pilot,analysis,$contrast,agency,estimate,std_error,eb_estimate,eb_std_error,weight,rank,rank_low,rank_high,leave_one_out_estimate,status,reason,confirmatory,ceb_estimate,p_exceeds,rank_simultaneous_low,rank_simultaneous_high,hat,std_residual,cooks_distance,dfbetas"
header averages "pilot,analysis,$contrast,weighting,k,estimate,std_error,df,statistic,p_value,ci_low,ci_high,status,reason,detail,confirmatory"
header moderators "pilot,analysis,$contrast,kind,attribute,attribute_level,k,estimate,std_error,df,df_residual,statistic,p_value,ci_low,ci_high,tau2,i2,r2,status,reason,detail,confirmatory"
header distribution "pilot,analysis,$contrast,part,threshold,k,share,ci_low,ci_high,status,reason,detail,confirmatory"
header quality "pilot,analysis,agency,check,arm,variable,value,statistic,df,p_value,alarm,detail,confirmatory"
header conventions "pilot,analysis,scope,agency,$contrast,convention,std_error_type,estimate,std_error,df,p_value,ci_low,ci_high,n,clusters,blocks,status,reason,confirmatory"
header submissions "pilot,agency,revision,state,rows,content_sha256,file_sha256,submitted_by,submitted_at,verdict,warnings,withdrawn_by,withdrawn_at,withdrawn_reason"
like "$out" 'T[0-9:]{8}Z,' "times are RFC 3339 in UTC"

cut -d, -f4 "$T/effects.csv" | tail -n +2 | uniq >"$T/agencies"
is "$(grep -c . "$T/agencies")" 79 "each agency's rows stand together"
is "$(tail -1 "$T/agencies")" "" "pooled rows come last"
grep . "$T/agencies" | LC_ALL=C sort -c 2>"$T/log"
ok $? "agencies are in byte order"
for view in effects comparison agencies averages distribution quality conventions submissions; do
    show --view $view --format json
    well "$view as JSON"
    jq -e 'type == "array" and length > 0' "$T/out" >"$T/log" 2>&1
    ok $? "$view: one array"
    cp "$T/out" "$T/rows.json"
    show --view $view --format csv
    is "$(jq length "$T/rows.json")" "$(($(wc -l <<<"$out") - 1))" "$view: as many rows as CSV has"
    show --view $view
    well "$view as a table"
    is "$(($(wc -L <"$T/out") <= 80))" 1 "$view: the table fits 80 columns"
done
is "$(jq -r '.[0].state' "$T/rows.json")" accepted "text is text in JSON"
show --view comparison --format json
is "$(jq -r '[.[] | select(.headline)] | length' "$T/out")" 16 "booleans are booleans in JSON"
is "$(jq -r '.[0].k | type' "$T/out")" number "numbers are numbers in JSON"
show --view comparison --all
like "$out" 'fixed +z ' "--all shows every method and test"
show --view comparison
is "$(grep -c '^auto ' <<<"$out")" 16 "else the headline alone"
like "$err" "analysis 1 \(confirmatory\)" "which analysis it is, on stderr"

show --view effects
is "$(grep -c '^reading: small - regular, auto$' <<<"$out")" 1 "agencies stand under one heading"
like "$out" '^16 +lin ' "beside what auto chose for each"
like "$out" '^1 +ols ' "which differs"

try env LC_ALL=C "$PILOT" results star_kindergarten --dir "$DIR" --view comparison
is "$(LC_ALL=C grep -c '[^ -~]' "$T/out")" 0 "in a locale without UTF-8 the table is ASCII"
show --format csv --output "$T/file.csv"
is "$out" "" "--output leaves stdout alone"
same "$T/file.csv" "$T/effects.csv" "and holds the same"
show --output "$T/named.csv"
same "$T/named.csv" "$T/effects.csv" "the name of the file chooses the format"
fails 2 "no analysis 7" "an analysis that the pilot does not have" \
    "$PILOT" results star_kindergarten --dir "$DIR" --analysis 7
fails 2 "cannot write" "a full disk" bash -c "'$PILOT' results star_kindergarten --dir '$DIR' --format csv 2>'$T/x' >/dev/full; s=\$?; grep '^pilot: ' '$T/x' >&2; exit \$s"
"$PILOT" results star_kindergarten --dir "$DIR" --format csv 2>"$T/log" | head -1 >"$T/out"
is "${PIPESTATUS[0]}" 0 "a reader that leaves early is no error"
finish
