#!/bin/bash
# pilot purge: old revisions go, results stay and say so; the embedded database's too.
. "$(dirname "$0")/common.sh"
cat >"$T/plan.yaml" <<'YAML'
version: 1
pilot: small
unit_ids: plain
columns: {unit: id, arm: arm}
arms: {control: c, treatments: [t]}
outcomes: [{name: y, type: continuous}]
YAML
rows() { # shift of y
    echo id,arm,y
    for i in $(seq 60); do echo "$i,$([ $((i % 2)) = 0 ] && echo c || echo t),$((i % 7 + $1))"; done
}
for n in 1 2 3; do
    mkdir "$T/$n"
    rows $n >"$T/$n/north.csv"
    try "$PILOT" run "$T/plan.yaml" "$T/$n/north.csv" --dir "$DIR" --format csv
done
well "three revisions, three analyses"
try "$PILOT" results small --analysis 1 --format csv --dir "$DIR"
before=$out
try "$PILOT" purge --dir "$DIR"
well "purge"
is "$out" "" "nothing is old enough"
like "$err" "nothing to purge" "which is said"
try "$PILOT" purge small --keep 0 --older-than 0d --dry-run --dir "$DIR"
well "a dry run"
like "$out" "small +1 +1 +60 +[0-9.]+ kB +the whole load" "shows loads"
like "$err" "^would delete the rows of 2 superseded submissions: 120 \(.*--dry-run" "and the sum"
try "$PILOT" purge small --keep 1 --older-than 0d --dir "$DIR"
well "a purge that keeps one"
like "$err" "^deleted the rows of 1 superseded submission: 60 " "deletes the other"
try "$PILOT" results small --analysis 1 --format csv --dir "$DIR"
is "$out" "$before" "the results of its analysis stay as they were"
like "$err" "cannot be computed again: rows of 1 agency were purged on 20" "and say that its rows are gone"
try "$PILOT" status 1 --dir "$DIR"
like "$err" "cannot be computed again: rows of 1 agency" "so does status"
try "$PILOT" status 2 --dir "$DIR"
is "$(grep -c purged <<<"$err")" 0 "not of the others"
try "$PILOT" results small --view submissions --format csv --dir "$DIR"
is "$(tail -n +2 "$T/out" | wc -l)" 3 "all submissions are still listed"
rows 4 >"$T/north.csv"
try "$PILOT" run "$T/plan.yaml" "$T/north.csv" --dir "$DIR" --format csv
well "the next run goes on as ever"
fails 2 "'90x' is not an age: write 90d" "an age that is none" "$PILOT" purge --older-than 90x --dir "$DIR"
fails 2 "no pilot \"other\"" "a pilot that is none" "$PILOT" purge other --dir "$DIR"
finish
