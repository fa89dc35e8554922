#!/usr/bin/env bash
# From units to arms, registration, and submissions that are checked against it.
. "$(dirname "$0")/common.sh"

assign() { try "$PILOT" assign "$@"; }
submit() { try "$PILOT" submit "$@" --dir "$DIR"; }

cat >"$T/plan.yaml" <<'END'
version: 1
pilot: letters
columns: {unit: id, agency: site, arm: letter, block: stratum, cluster: team, probability: p}
arms: {control: none, treatments: [short, long], probabilities: {none: 0.5, short: 0.3, long: 0.2}}
outcomes: [{name: y, type: continuous}]
seed: 271828182845
END
{
    echo name,site,id,stratum,team,letter
    for site in east nort west; do
        for i in $(seq 0 59); do
            echo "\"Ann \"\"$i\",$site,u$i,s$((i % 3)),t$((i / 3 % 9 * 3 + i % 3)),?"
        done
    done
} >"$T/units.csv"

# ---- the draw ----
assign "$T/plan.yaml" "$T/units.csv" --audit "$T/audit.json"
well 'units are assigned'
cp "$T/out" "$T/arms.csv"
is "$(head -1 "$T/arms.csv")" id,site,stratum,team,letter,p 'the columns are those that the plan names'
is "$(cut -d, -f1-4 "$T/arms.csv" | tail -n +2 | md5sum)" \
    "$(awk -F, -v OFS=, 'NR > 1 { print $3, $2, $4, $5 }' "$T/units.csv" | md5sum)" \
    'the rows are those of the file, in its order'
is "$(tail -n +2 "$T/arms.csv" | cut -d, -f5,6 | sort -u)" \
    "$(printf 'long,0.2\nnone,0.5\nshort,0.3')" 'each unit has the probability of its arm'
is "$(tail -n +2 "$T/arms.csv" | cut -d, -f2,4,5 | sort -u | cut -d, -f1,2 | uniq -d)" '' \
    'each team is in one arm'
like "$err" '^180 units in 81 clusters, 9 blocks, 3 agencies: none ' 'a line tells the counts'
like "$err" '^clusters: none (39|4[0-2]), short 2[3-6], long 1[5-8]$' 'of clusters too'
is "$(grep -c '^  block [1-9]: none ' <<<"$err")" 9 'and of few blocks each'
like "$err" "file's column of arms is not read" 'the arms in the file are not read, with a word'
is "$(grep -c 'Ann\|s0\|t1' <<<"$err")" 0 'no value of a row is told'
is "$(jq -r '[.pilot, .seed, .units, .randomized, .randomized_count, .file_sha256] | join(" ")' "$T/audit.json")" \
    "letters 271828182845 180 cluster 81 $(sha256sum "$T/units.csv" | cut -d' ' -f1)" \
    'the audit record says what was drawn'
is "$(jq -c '[.arms, .weights, (.counts | add), (.agencies | length)]' "$T/audit.json")" \
    '[["none","short","long"],[5,3,2],180,3]' 'with arms, shares and counts'
like "$(jq -r .made_at "$T/audit.json")" '^20..-..-..T..:..:..Z$' 'and the time'
assign "$T/plan.yaml" "$T/units.csv" --output "$T/again.csv"
same "$T/again.csv" "$T/arms.csv" 'the same again gives the same'
is "$out" '' 'to a file nothing stands on stdout'
{ head -n 1 "$T/units.csv" && tail -n +2 "$T/units.csv" | sort -t, -k3,3r; } >"$T/sorted.csv"
assign "$T/plan.yaml" "$T/sorted.csv" --audit "$T/sorted.json"
is "$(sort "$T/out")" "$(sort "$T/arms.csv")" 'the order of rows does not matter'
is "$(jq -r .sha256 "$T/sorted.json")" "$(jq -r .sha256 "$T/audit.json")" "nor for the assignment's hash"
grep -e ,east, -e ^name "$T/units.csv" >"$T/east-alone.csv"
assign "$T/plan.yaml" - <"$T/east-alone.csv"
is "$(tail -n +2 <<<"$out")" "$(grep ,east, "$T/arms.csv")" 'an agency alone gets the same as among others'
sed 's/271828182845/3/' "$T/plan.yaml" >"$T/seed.yaml"
assign "$T/seed.yaml" "$T/units.csv"
ok "$([ "$out" != "$(cat "$T/arms.csv")" ]; echo $?)" 'another seed gives another assignment'
sed 's/^seed:.*/seed: 3\nassignment: {seed: 271828182845}/' "$T/plan.yaml" >"$T/own.yaml"
assign "$T/own.yaml" "$T/units.csv"
is "$out" "$(cat "$T/arms.csv")" 'the assignment may have a seed of its own'
sed '/^seed/d' "$T/plan.yaml" >"$T/seedless.yaml"
assign "$T/seedless.yaml" "$T/units.csv"
like "$err" 'the plan gives no seed' 'a plan without a seed is told so'

# ---- other designs ----
cat >"$T/simple.yaml" <<'END'
version: 1
pilot: simple
columns: {unit: id, arm: arm}
arms: {control: c, treatments: [t, v, w]}
outcomes: [{name: y, type: continuous}]
seed: 5
END
seq 1 10 | sed '1i id' >"$T/east.csv"
assign "$T/simple.yaml" "$T/east.csv"
is "$(tail -n +2 <<<"$out" | cut -d, -f2 | sort | uniq -c | awk '{ print $1 }' | sort | tr '\n' ' ')" \
    '2 2 3 3 ' 'ten units in four arms: each two or three'
like "$err" 'units of the agency east, as the file is called' 'whose they are comes from the file'
printf 'id\nonly\n' >"$T/one.csv"
assign "$T/simple.yaml" "$T/one.csv"
well 'one unit is assigned'
is "$(grep -c 'got nobody' <<<"$err")" 3 'and three arms are told to have nobody'
sed 's/columns:.*/columns: {unit: id, agency: site, arm: arm}/; s/^seed/analysis: {level: across}\nseed/' \
    "$T/simple.yaml" >"$T/across.yaml"
awk -F, -v OFS=, '{ if (NR > 1) $3 = $2 $3; print }' "$T/units.csv" >"$T/global.csv"
assign "$T/across.yaml" "$T/global.csv"
is "$(tail -n +2 <<<"$out" | cut -d, -f2,3 | sort -u | wc -l)" 3 'at level across whole agencies are assigned'
like "$err" '^180 units, 3 agencies: ' 'and counted'
assign "$T/across.yaml" "$T/units.csv"
like "$err" '120 duplicate_unit$' 'and a unit belongs to one of them'
sed 's/unit: id, //' "$T/simple.yaml" >"$T/unitless.yaml"
assign "$T/unitless.yaml" "$T/east.csv"
like "$err" 'known by the number of their row' 'without a unit column rows are units'
is "$(head -1 <<<"$out") $(wc -l <<<"$out")" 'arm 11' 'and the arms alone are written'

# ---- what cannot be ----
refuses() { # status, pattern, name, arguments of assign
    local want=$1 pattern=$2 name=$3
    shift 3
    assign "$@"
    is "$status" "$want" "$name: exit status $want"
    like "$(tail -n 1 <<<"$err")" "$pattern" "$name: says so"
    is "$out" '' "$name: nobody is assigned"
}
file() { # name, line...
    printf '%s\n' "${@:2}" >"$T/$1.csv"
}
refuses 2 '^pilot: .*nowhere.csv: cannot open' 'no such file' "$T/plan.yaml" "$T/nowhere.csv"
refuses 3 '[345] missing_column$' 'missing columns' "$T/plan.yaml" "$T/east.csv"
file twice id a b a a
refuses 3 '2 duplicate_unit$' 'units that stand twice' "$T/simple.yaml" "$T/twice.csv"
: >"$T/empty.csv"
refuses 3 '1 empty_file$' 'an empty file' "$T/simple.yaml" "$T/empty.csv"
file header id
refuses 3 '1 empty_file$' 'a header alone' "$T/simple.yaml" "$T/header.csv"
file blockless id,site,stratum,team 1,x,,t
refuses 3 '1 missing_value$' 'a unit without a block' "$T/plan.yaml" "$T/blockless.csv"
file blocks id,site,stratum,team 1,x,a,t 2,x,b,t 3,x,b,t 4,y,b,t
refuses 3 '1 cluster_in_two_blocks$' 'a cluster in two blocks' "$T/plan.yaml" "$T/blocks.csv" \
    --report "$T/report.csv"
is "$(sed -n 2p "$T/report.csv")" \
    '3,team,cluster_in_two_blocks,the cluster of this row has rows in another block' 'the report says where'
refuses 2 '--replace goes with --register' 'a reason without registration' \
    "$T/plan.yaml" "$T/units.csv" --replace x
refuses 2 'say why' 'no reason' "$T/plan.yaml" "$T/units.csv" --register --replace '' --dir "$DIR"
refuses 2 'nowhere' 'a folder that is not there' "$T/plan.yaml" "$T/units.csv" --output "$T/nowhere/a.csv"
refuses 2 'PLAN.yaml|argument' 'one operand' "$T/plan.yaml"

# ---- Ctrl-C ----
mkfifo "$T/pipe"
exec 9<>"$T/pipe"
head -20 "$T/units.csv" >&9
setsid "$PILOT" assign "$T/plan.yaml" "$T/pipe" --output "$T/never.csv" >"$T/out" 2>"$T/err" &
job=$!
sleep 0.5
pid=$(pgrep -f -- "assign $T/plan.yaml $T/pipe" | head -1)
heeds_interrupt "$pid"
kill -INT "$pid"
wait $job
is $? 130 'Ctrl-C ends it'
exec 9>&-
is "$(ls "$T" | grep -c never)" 0 'and leaves no file'

# ---- registration ----
"$PILOT" up --dir "$DIR" --workers 1 2>"$T/up" || cat "$T/up" >&2
register() { assign "$@" --register --output "$T/registered.csv" --dir "$DIR"; }
register "$T/plan.yaml" "$T/units.csv"
well 'an assignment is registered'
like "$err" '^registered: 3 agencies$' 'and says so'
same "$T/registered.csv" "$T/arms.csv" 'it is the same as without a database'
register "$T/plan.yaml" "$T/sorted.csv"
well 'the same again is no error'
like "$err" '^registered already: the same assignment; nothing was stored$' 'and says that nothing was stored'
rm "$T/registered.csv"
register "$T/seed.yaml" "$T/units.csv"
is "$status" 3 'another assignment is refused'
like "$err" '^pilot: .*--replace REASON' 'and says what to do'
ok "$([ ! -e "$T/registered.csv" ]; echo $?)" 'nor written'
try "$PILOT" register "$T/plan.yaml" --dir "$DIR"
like "$err" 'same plan as version 1' 'nor was its plan registered'
register "$T/seed.yaml" "$T/units.csv" --replace 'the seed was drawn again in public'
well 'with a reason it is replaced'
register "$T/plan.yaml" "$T/units.csv" --replace 'and back'
well 'as often as needed'

awk -F, -v OFS=, 'NR == 1 { print $0, "y" } NR > 1 { print $0, NR % 7 }' "$T/arms.csv" >"$T/data.csv"
accepted() { "$PILOT" results letters --view submissions --format csv --dir "$DIR" | grep -c ',accepted,'; }
awk -F, -v OFS=, 'NR == 5 { $5 = $5 == "none" ? "long" : "none" } { print }' "$T/data.csv" >"$T/changed.csv"
submit letters "$T/changed.csv" --report "$T/report.csv"
is "$status" 3 'a changed arm is rejected'
is "$(grep assignment_differs "$T/report.csv" | head -1)" \
    '5,letter,assignment_differs,not the arm that the unit was assigned to' 'with its row'
awk -F, -v OFS=, 'NR == 7 { $1 = "somebody" } NR == 9 { $3 = "s9" } { print }' "$T/data.csv" >"$T/changed.csv"
submit letters "$T/changed.csv" --report "$T/report.csv"
is "$(sed -n 2,3p "$T/report.csv")" '7,id,assignment_differs,the unit was never assigned
9,stratum,assignment_differs,not the block that the unit was assigned in' \
    'so are a unit that was never assigned, and another block'
like "$err" '2 assignment_differs$' 'and nothing else'
awk -F, -v OFS=, 'NR == 11 { $4 = "t99" } { print }' "$T/data.csv" >"$T/changed.csv"
submit letters "$T/changed.csv"
like "$err" ':11: team: assignment_differs: not the cluster that the unit was assigned in$' 'and another cluster'
awk -F, -v OFS=, 'NR == 12 { $7 = "x" } NR == 13 { $1 = "somebody" } { print }' "$T/data.csv" >"$T/changed.csv"
submit letters "$T/changed.csv"
like "$err" '1 not_a_number, 1 assignment_differs' 'beside other problems'
is "$(accepted)" 0 'nothing was stored of these'
{ head -1 "$T/data.csv" && tail -n +2 "$T/data.csv" | sed '3,7d' | sort -t, -k1,1; } >"$T/kept.csv"
submit letters "$T/kept.csv"
well 'scattered rows of assigned units are accepted'
like "$err" '^assignment: 3 agencies checked; 5 of 180 assigned units have no row \(' 'and the missing are counted'
submit letters "$T/kept.csv"
like "$err" '^unchanged: 3 agencies' 'the same data again is checked and unchanged'
register "$T/seed.yaml" "$T/units.csv" --replace 'too late'
is "$status" 3 'after data was accepted nothing is replaced'
like "$err" 'data was accepted under it' 'and says why'
try "$PILOT" run "$T/plan.yaml" "$T/changed.csv" --dir "$DIR"
is "$status" 3 'run checks too'
try "$PILOT" run "$T/plan.yaml" "$T/kept.csv" --dir "$DIR" --view quality --format csv
well 'and runs what is right'
is "$(grep -c ',assignment,' <<<"$out")" 12 'the registered counts stand in quality'
is "$(grep '^letters,[0-9]*,,assignment,' <<<"$out" | grep -o '[0-9]* of [0-9]* assigned' |
    awk '{ a += $1; b += $3 } END { print a, b }')" '175 180' 'pooled over agencies'
like "$err" '^assignment: 3 agencies checked' 'and run says how the data compares'

# ---- given arms ----
assign "$T/plan.yaml" "$T/arms.csv" --register --as-given --dir "$DIR"
like "$err" '^registered already' 'what was drawn and what was read are one assignment'
sed 's/pilot: simple/pilot: lottery/; s/^seed/assignment: {unregistered: reject}\nseed/' \
    "$T/simple.yaml" >"$T/lottery.yaml"
file north id,arm,y 1,c,1 2,t,2 3,v,3
"$PILOT" register "$T/lottery.yaml" --dir "$DIR" >"$T/sha" 2>"$T/err"
submit lottery "$T/north.csv"
like "$err" '1 assignment_differs$' 'a plan may reject what is not registered'
assign "$T/lottery.yaml" "$T/north.csv" --register --as-given --dir "$DIR"
well 'a public draw is registered as it is'
is "$out" '' 'and writes nothing'
submit lottery "$T/north.csv"
well 'then the data is accepted'
like "$err" '0 of 3 assigned units have no row$' 'all of it'
submit lottery "$T/north.csv" --agency south
like "$err" 'no assignment of this agency is registered' "another agency's is not"

# ---- without a database ----
try "$PILOT" check "$T/plan.yaml" "$T/kept.csv" --assignment "$T/arms.csv"
well 'data is checked against a file'
like "$err" '^assignment: 3 agencies checked; 5 of 180' 'and compared'
try "$PILOT" check "$T/plan.yaml" "$T/changed.csv" --assignment "$T/arms.csv"
is "$status" 3 'a unit that it lacks is found there too'
fails 2 'give the data to check too' 'an assignment without data' \
    "$PILOT" check "$T/plan.yaml" --assignment "$T/arms.csv"
finish
