#!/bin/bash
# `pilot audit` and `pilot diff` as people use them; an analysis that was not planned says so everywhere.
. "$(dirname "$0")/common.sh"
command -v jq >/dev/null || { echo "1..0 # SKIP jq is not here"; exit 0; }
audit() { try "$PILOT" audit --dir "$DIR" "$@"; }

try "$PILOT" run "$PLAN" "$DATA" --dir "$DIR" --workers 1 --format csv
well "a pilot is run"
is "$(tail -n +2 "$T/out" | grep -vc ',true$')" 0 "each row of a confirmatory analysis says so"
is "$(grep -c 'not confirmatory' "$T/err")" 0 "and nothing says otherwise"
audit --format csv
well "the log as CSV"
is "$(head -1 "$T/out")" "entry,at,actor,application,address,action,pilot,agency,subject,previous_hash,hash" "its columns"
is "$(cut -d, -f6 "$T/out" | tail -n +2 | grep -v -e migrated -e release | uniq | tr '\n' ' ')" \
    "begun plan_registered submitted launched handed_out ended " "what a run leaves in it"
like "$out" '^1,20[0-9-]{8}T[0-9:]{8}\.[0-9]{6}Z,' "times are RFC 3339 in UTC, to the microsecond"
sed -n '/^```python$/,/^```$/p' docs/operations/audit.md | sed '1d;$d' >"$T/verify.py"
hand=$(python3 "$T/verify.py" <"$T/out")
audit --verify
well "it verifies"
is "$out" "$hand" "and by hand, to the same head"
head=$out
hash=${out##* }
audit --format json --action launched --pilot star_kindergarten
is "$(jq -r '.[0].subject.confirmatory' "$T/out")" true "as JSON, of one action"
audit --format json --pilot nothing
is "$out" "[]" "of a pilot that is not there"
audit --format json --output "$T/log.json"
is "$(jq -r '.[-1].hash' "$T/log.json")" "$hash" "into a file"
audit --since 2999-01-01
is "$out" "" "of the future"
like "$err" "no such entry" "there is nothing"
fails 2 "is not a time" "a time that is none" "$PILOT" audit --since soon --dir "$DIR"
fails 2 "is of --verify" "--expect alone" "$PILOT" audit --expect "$hash" --dir "$DIR"
fails 2 "exclude" "--from and --expect" "$PILOT" audit --verify --expect "$hash" --from "1:$hash" --dir "$DIR"
fails 2 "no other option" "--verify of a part" "$PILOT" audit --verify --pilot x --dir "$DIR"
audit
well "the log as a table"
like "$out" '^ +[0-9]+  20[0-9-]+ [0-9:]+ +[a-z]+ +launched +star_kindergarten' "who did what, when"
handed=$("$PILOT" audit --dir "$DIR" --action handed_out --format json |
    jq -r '[.[].subject.workers[]] | join(",")' | tr , '\n' |
    awk -F- '{ for (i = $1; i <= ($2 == "" ? $1 : $2); i++) print i }' | sort -nu | wc -l)
is "$handed" 79 "each submission was handed to a worker"

# ---- another plan, after the data -----------------------------------------------------------------
try "$PILOT" diff star_kindergarten --dir "$DIR"
well "nothing differs yet"
is "$out" "" "and nothing is shown"
try "$PILOT" diff star_kindergarten --dir "$DIR" --format json
is "$out" "[]" "nor to programs"
sed -e 's/name: math, type: continuous, role: secondary/name: math, type: continuous, role: primary/' \
    -e 's/^seed:.*/seed: 7/' "$PLAN" >"$T/second.yaml"
try "$PILOT" register "$T/second.yaml" --dir "$DIR"
like "$err" "version 1 was locked when analysis 1 was launched .*analyses of version 2 are deviations" \
    "a plan after the launch is told to be a deviation"
sed 's/^title:.*/title: Another/' "$T/second.yaml" >"$T/third.yaml"
try "$PILOT" register "$T/third.yaml" --dir "$DIR"
try "$PILOT" diff star_kindergarten --dir "$DIR"
well "diff with deviations"
like "$out" 'outcomes\[math\]\.role +secondary +primary +2 ' "a key that another version changed"
like "$out" '^title .* 3 ' "a key that the last one changed"
like "$err" '^version 1: registered .* before any data; locked .*; in force when data arrived$' "what it was"
like "$err" '^version 3: registered .* by .*, 79 submissions had arrived$' "and what it is"
try "$PILOT" diff star_kindergarten --dir "$DIR" --format json
is "$(jq -c '[.[] | select(.path == "outcomes[math].role") | [.change, .before, .after, .version, .submissions_before]]' "$T/out")" \
    '[["changed","secondary","primary",2,79]]' "the same to programs"
try "$PILOT" diff star_kindergarten --dir "$DIR" --from 2 --to 3
is "$(grep -c . "$T/out")" 2 "two versions by number: one difference"
try "$PILOT" diff star_kindergarten --dir "$DIR" --from 3 --to 1 --format json
is "$(jq -r '.[] | select(.path == "outcomes[math].role") | .after' "$T/out")" secondary "and backwards"
fails 2 "no plan version 9" "a version that is not there" "$PILOT" diff star_kindergarten --to 9 --dir "$DIR"
fails 2 "no pilot 'nothing'" "a pilot that is not there" "$PILOT" diff nothing --dir "$DIR"

late="plan version 3 was registered after data had arrived"
try "$PILOT" launch star_kindergarten --follow --workers 1 --dir "$DIR"
like "$err" "not confirmatory: $late" "its launch says that it is not confirmatory"
for view in effects comparison agencies quality conventions; do
    try "$PILOT" results star_kindergarten --view $view --dir "$DIR"
    is "$(tail -1 "$T/out")" "Not confirmatory: $late" "$view: so does the table"
    like "$err" "not confirmatory: $late" "$view: and stderr"
    try "$PILOT" results star_kindergarten --view $view --format csv --dir "$DIR"
    is "$(tail -n +2 "$T/out" | grep -vcE ',false(,|$)')" 0 "$view: and each row of the CSV"
    like "$err" "not confirmatory: $late" "$view: and stderr beside it"
    try "$PILOT" results star_kindergarten --view $view --format json --dir "$DIR"
    is "$(jq 'all(.confirmatory == false)' "$T/out")" true "$view: and of the JSON"
done
try "$PILOT" status 2 --dir "$DIR"
like "$out" "confirmatory +no: $late" "status tells why"
try "$PILOT" register "$PLAN" --dir "$DIR"
like "$err" "version 4 is, unchanged, the plan in force when data arrived: analyses of it are confirmatory" \
    "the first plan again is the plan"
try "$PILOT" launch star_kindergarten --follow --workers 1 --dir "$DIR"
is "$(grep -c 'not confirmatory' "$T/err")" 0 "and its analysis is confirmatory"
try "$PILOT" launch star_kindergarten --exploratory "a hunch" --follow --workers 1 --dir "$DIR"
try "$PILOT" results star_kindergarten --dir "$DIR"
is "$(tail -1 "$T/out")" "Not confirmatory: exploratory: a hunch" "unless it is exploratory, for that reason"
try "$PILOT" results star_kindergarten --analysis 3 --dir "$DIR"
is "$(grep -ci 'not confirmatory' "$T/out")" 0 "a confirmatory table has no such line"
audit --verify --expect "${head#entry }"
is "$status" 2 "the printed line is not the option's form"
number=${head#entry }
audit --verify --expect "${number%%,*}:$hash"
well "after all that the first head is still in the log"

# A stored plan that somebody changed beneath its hash is not computed.
try "$PILOT" up --workers 1 --dir "$DIR"
well "up"
(cd / && psql -Xq -h "$(sed -n 5p "$DIR/postgresql/postmaster.pid")" -U pilot -d pilot -c "BEGIN;
    SET LOCAL session_replication_role = replica; UPDATE registry.plans SET source = replace(source, 'primary',
    'secondary') WHERE version = 4; COMMIT") >"$T/log" 2>&1
is "$(cat "$T/log")" "" "a plan is changed behind everybody's back"
try "$PILOT" launch star_kindergarten --follow --dir "$DIR"
is "$status" 1 "its analysis fails"
grep -qs "is not the one that its SHA-256 is of" "$DIR"/log/*
ok $? "and the log says why"
finish
