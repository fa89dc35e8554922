#!/bin/bash
# Pseudonyms on a server: no raw id arrives there, keys are held to, assignment and its way back.
. "$(dirname "$0")/server.sh"
try "$PILOT" init --db "$CONNINFO"
well "init"

# ---- plans and data ----------------------------------------------------------------------------------
plan() { # name, more lines
    cat <<YAML
version: 1
pilot: $1
columns: {unit: person, agency: office, arm: arm, block: site${3:+, $3}}
arms: {control: usual, treatments: [new]}
outcomes: [{name: y, type: continuous}]
covariates: [age, {name: kind, type: categorical}]
seed: 20261123
${2:-}
YAML
}
plan reading >"$T/plan.yaml"
# Ids that nothing else could be: 60 for each office; the secret column is not in the plan.
rows() { # offices
    echo person,office,arm,site,team,y,age,kind,secret_column
    for office in "$@"; do
        for i in $(seq 60); do
            echo "RAWID-$((90000 + i)),$office,$([ $((i % 2)) = 0 ] && echo usual || echo new),s$((i % 3)),t$((i / 4)),$((i * 7 % 13)).5,$((20 + i % 9)),k$((i % 4)),SECRETVALUE$i"
        done
    done
}
rows north south >"$T/both.csv"
rows north >"$T/north.csv"
dump() { # everything that the server stores
    pg_as_owner "$PG_BIN/pg_dump" -d "$CONNINFO" >"$T/dump" 2>"$T/dump.err" || cat "$T/dump.err"
}
raw_ids() { # how many lines of the dump and of the server's log hold one of our ids, or more that is ours alone
    cat "$T/dump" "$PG_HOME/log" | grep -c -e RAWID -e SECRETVALUE -e secret_column
}
key_of() { # pilot, agency
    "$PILOT" key "$1" --agency "$2" | sed -n 's/^file: //p'
}

# ---- the first submission ------------------------------------------------------------------------------
sql "ALTER SYSTEM SET log_statement = 'all'" && sql "SELECT pg_reload_conf()" >"$T/log"
try "$PILOT" register "$T/plan.yaml" --db "$CONNINFO"
well "register"
try "$PILOT" submit reading "$T/both.csv" --db "$CONNINFO" --dry-run
well "a dry run"
is "$(ls "$PILOT_KEYS" 2>/dev/null | wc -l)" 0 "leaves no key"
try "$PILOT" submit reading "$T/both.csv" --db "$CONNINFO"
well "submit"
like "$err" "2 keys for pseudonyms of units were made in $PILOT_KEYS" "says that keys were made"
is "$(stat -c %a "$PILOT_KEYS" "$PILOT_KEYS"/* | xargs)" "700 600 600" "which nobody else can read"
dump
is "$(raw_ids)" 0 "no raw id is in the database or the server's log, nor a column that the plan does not name"
is "$(sql "SELECT count(DISTINCT pilot_unit), min(length(pilot_unit)), max(length(pilot_unit)) FROM outcomes.reading")" \
    "120|22|22" "each of 2 x 60 units has a pseudonym of its own: the same id is another one in another agency"
is "$(sql "SELECT count(*) FROM (SELECT row_number() OVER (ORDER BY pilot_submission, pilot_unit) AS place, pilot_row FROM outcomes.reading) r WHERE place <> pilot_row")" \
    0 "rows are counted in the order of pseudonyms, which tells nothing of the file"
hex=$(sed -n 's/^key: //p' "$(key_of reading north)")
own=$(printf RAWID-90001 | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$hex" -binary | head -c 16 | basenc --base64url | tr -d =)
is "$(sql "SELECT count(*) FROM outcomes.reading WHERE pilot_unit = '$own'")" 1 "openssl makes the same pseudonym"
is "$(sql "SELECT a.unit_key FROM registry.agencies a WHERE a.name = 'north'")" \
    "$("$PILOT" key reading --agency north --fingerprint)" "the server has the fingerprint"
is "$(sql "SELECT count(*) FROM registry.submissions WHERE file_sha256 = '$(sha256sum <"$T/both.csv" | cut -d' ' -f1)'")" 0 \
    "and not the hash of a file with raw ids, which would let somebody try ids"
is "$(sql "SELECT file_sha256 FROM registry.submissions JOIN registry.agencies USING (agency) WHERE name = 'north'")" \
    "$("$PILOT" key reading --agency north --file-hash "$T/both.csv")" "but one under the key"
try "$PILOT" submit reading "$T/both.csv" --db "$CONNINFO"
like "$err" "unchanged: 2 agencies" "the same file under the same key is the same content"
(head -1 "$T/both.csv" && tail -n +2 "$T/both.csv" | shuf --random-source=<(yes)) >"$T/shuffled.csv"
try "$PILOT" submit reading "$T/shuffled.csv" --db "$CONNINFO"
like "$err" "unchanged: 2 agencies" "in any order of rows"

# ---- what is rejected tells nothing either -------------------------------------------------------------
(cat "$T/north.csv" && sed -n 2p "$T/north.csv" && sed -n '3s/usual/other/p' "$T/north.csv" | sed 's/RAWID-9/RAWID-8/') >"$T/wrong.csv"
try "$PILOT" submit reading "$T/wrong.csv" --db "$CONNINFO" --report "$T/report.csv"
is "$status" 3 "a file with a unit twice is rejected"
like "$(cat "$T/report.csv")" duplicate_unit "as such"
dump
is "$(cat "$T/dump" "$PG_HOME/log" "$T/report.csv" "$T/err" | grep -c RAWID)" 0 "and its report holds no id"

# ---- another key -----------------------------------------------------------------------------------------
north=$(key_of reading north)
before=$(sql "SELECT count(*) FROM registry.loads")
fails 2 "is not the key that agency north first submitted with.*nothing was sent" "another key" \
    env PILOT_KEYS="$T/other" bash -c "'$PILOT' pseudonymize '$T/plan.yaml' '$T/north.csv' --output '$T/o.csv' 2>/dev/null; exec '$PILOT' submit reading '$T/north.csv' --db '$CONNINFO'"
fails 2 "$T/none/reading-.*import" "no key" "$PILOT" submit reading "$T/north.csv" --db "$CONNINFO" --keys "$T/none"
is "$(ls "$T/none" 2>/dev/null | wc -l)" 0 "none is made where the server knows one"
chmod 644 "$north"
fails 2 "$north.*chmod 600" "a key that others can read" "$PILOT" submit reading "$T/north.csv" --db "$CONNINFO"
chmod 600 "$north"
is "$(sql "SELECT count(*) FROM registry.loads")" "$before" "all before anything was sent"

# ---- backup, loss, reset -----------------------------------------------------------------------------------
try "$PILOT" key reading --agency north --export "$T/backup.key"
well "a copy of the key"
is "$(stat -c %a "$T/backup.key")" 600 "is as secret"
fails 2 "there already" "export onto a file" "$PILOT" key reading --agency north --export "$T/backup.key"
mv "$north" "$T/away.key"
fails 2 "is made at the first submission" "no key to look at" "$PILOT" key reading --agency north
fails 2 "another pilot or agency" "the wrong copy" "$PILOT" key reading --agency south --import "$T/backup.key"
try "$PILOT" key reading --agency north --import "$T/backup.key"
well "the copy back in its place"
try "$PILOT" submit reading "$T/north.csv" --db "$CONNINFO"
like "$err" "unchanged" "and all goes on"
echo broken >"$north"
fails 2 "not a key of pilot's" "a broken key file" "$PILOT" submit reading "$T/north.csv" --db "$CONNINFO"
fails 2 "move it away" "import onto it" "$PILOT" key reading --agency north --import "$T/backup.key"
rm "$north"
fails 2 "why" "a reset without a reason" "$PILOT" key reading --agency north --reset "" --db "$CONNINFO"
fails 2 "no key of such an agency" "of nobody's key" "$PILOT" key reading --agency west --reset lost --db "$CONNINFO"
try "$PILOT" key reading --agency north --reset "the disk burnt" --db "$CONNINFO"
well "the owner forgets the key"
is "$(sql "SELECT reason, reset_by, unit_key <> '' FROM registry.unit_key_resets")" "the disk burnt|postgres|t" "which is recorded"
try "$PILOT" submit reading "$T/north.csv" --db "$CONNINFO"
well "the agency comes with another one"
is "$(sql "SELECT count(*) FROM registry.submissions s JOIN registry.agencies USING (agency) WHERE name = 'north' AND s.state = 'accepted' AND revision = 2")" \
    1 "the same file is then another content"
is "$(sql "SELECT count(*) FROM outcomes.reading o JOIN outcomes.reading p USING (pilot_unit) WHERE o.pilot_submission <> p.pilot_submission")" \
    0 "and no unit can be matched with before"

# ---- who may --------------------------------------------------------------------------------------------------
sql "CREATE ROLE clerk LOGIN; CREATE ROLE analyst LOGIN; SELECT registry.grant_agency('reading', 'north', 'clerk');
    SELECT registry.grant_role('pilot_evaluator', 'analyst')" >"$T/log"
as() { # login, statement
    "$PG_BIN/psql" -XqAt -d "${CONNINFO/user=postgres/user=$1}" -c "$2" 2>&1
}
is "$(as clerk "SELECT agency FROM registry.unit_keys('reading')")" north "an agency asks for its own fingerprint alone"
like "$(as analyst "SELECT * FROM registry.unit_keys('reading')")" "permission denied" "nobody else asks"
like "$(as clerk "SELECT registry.reset_unit_key('reading', 'north', 'x')")" "permission denied" "an agency cannot reset its key"
like "$(as analyst "SELECT registry.reset_unit_key('reading', 'north', 'x')")" "permission denied" "nor can an evaluator"
is "$(as analyst "SELECT count(*) FROM registry.unit_key_resets")" 1 "an evaluator sees that a key was reset"
like "$(as clerk "SELECT * FROM registry.unit_key_resets")" "permission denied" "an agency sees no list of resets"
clerk=${CONNINFO/user=postgres/user=clerk}
try "$PILOT" submit reading "$T/north.csv" --db "$clerk"
like "$err" "unchanged" "a clerk submits under the agency's key"
sed 's/RAWID-90060/RAWID-90061/' "$T/north.csv" >"$T/north2.csv"
try "$PILOT" submit reading "$T/north2.csv" --db "$clerk"
well "and a new revision"
dump
is "$(raw_ids)" 0 "still no raw id is anywhere"

# ---- two at once --------------------------------------------------------------------------------------------
plan twice >"$T/twice.yaml"
"$PILOT" register "$T/twice.yaml" --db "$CONNINFO" >"$T/log" 2>&1
for i in 1 2; do
    "$PILOT" submit twice "$T/north.csv" --db "$CONNINFO" 2>"$T/at_once.$i" &
done
wait %1 %2 2>/dev/null; wait
is "$(ls "$PILOT_KEYS"/twice-* | wc -l)" 1 "two submissions at once have one key"
is "$(cat "$T"/at_once.? | grep -c '^pilot: ')" 0 "and both are well"
is "$(sql "SELECT count(DISTINCT s.content_sha256), count(DISTINCT s.unit_key) FROM registry.submissions s JOIN registry.agencies a USING (agency) JOIN registry.pilots p USING (pilot) WHERE p.name = 'twice'")" \
    "1|1" "with the same content"

# ---- assignment ------------------------------------------------------------------------------------------------
plan drawn "assignment: {unregistered: reject}" >"$T/drawn.yaml"
cut -d, -f1,2,4,5,9 "$T/both.csv" >"$T/units.csv" # no arms yet
fails 3 "no pseudonyms.*pilot pseudonymize drawn" "raw ids cannot be assigned on a server" \
    "$PILOT" assign "$T/drawn.yaml" "$T/units.csv" --register --db "$CONNINFO"
is "$(cat "$T/err" | grep -c RAWID)" 0 "which is said without an id"
try "$PILOT" pseudonymize "$T/drawn.yaml" "$T/units.csv" --output "$T/pseudonyms.csv"
well "the agency makes pseudonyms, without a database"
is "$(head -1 "$T/pseudonyms.csv")" "person,office,site" "only what is assigned by is written"
is "$(grep -c -e RAWID -e SECRET "$T/pseudonyms.csv")" 0 "and no raw id"
is "$(tail -n +2 "$T/pseudonyms.csv" | wc -l)" 120 "for each unit"
try "$PILOT" assign "$T/drawn.yaml" "$T/pseudonyms.csv" --register --output "$T/assigned.csv" --db "$CONNINFO"
well "the evaluator draws from them"
try "$PILOT" pseudonymize drawn "$T/units.csv" --assigned "$T/assigned.csv" --output "$T/own.csv" --db "$CONNINFO"
well "the agency learns whose arms they are"
is "$(head -1 "$T/own.csv")" "person,office,site,arm" "in a list of its own ids"
is "$(cut -d, -f1 "$T/own.csv" | cmp - <(cut -d, -f1 "$T/units.csv") && echo same)" same "in the order of its own"
arms() { tail -n +2 "$1" | rev | cut -d, -f1 | rev | sort | uniq -c | xargs; }
is "$(arms "$T/own.csv")" "$(arms "$T/assigned.csv")" "with the arms that were drawn"
awk -F, -v OFS=, 'NR == FNR { arm[$1 "," $2] = $4; next } FNR > 1 { $3 = arm[$1 "," $2] } { print }' \
    "$T/own.csv" "$T/both.csv" >"$T/outcome.csv"
try "$PILOT" submit drawn "$T/outcome.csv" --db "$CONNINFO"
well "its data fits the assignment"
like "$err" "2 agencies checked" "which is checked"
sed '2s/,usual,/,SWAP,/; 2s/,new,/,usual,/; 2s/,SWAP,/,new,/' "$T/outcome.csv" >"$T/swapped.csv"
try "$PILOT" submit drawn "$T/swapped.csv" --db "$CONNINFO" --report "$T/report.csv"
is "$status" 3 "one unit in another arm is rejected"
like "$(cat "$T/report.csv")" assignment_differs "as such"
try "$PILOT" check "$T/drawn.yaml" "$T/outcome.csv" --assignment "$T/assigned.csv" --db "$CONNINFO"
well "check compares with the drawn file too, under the key"
fails 3 "have no arm" "another list" "$PILOT" pseudonymize "$T/drawn.yaml" <(sed 's/RAWID-90001/RAWID-1/' "$T/units.csv") --assigned "$T/assigned.csv"
fails 2 "has no key" "the way back without the key" \
    "$PILOT" pseudonymize "$T/drawn.yaml" "$T/units.csv" --assigned "$T/assigned.csv" --keys "$T/none"
dump
is "$(raw_ids)" 0 "in all this no raw id came to the server"

# ---- the unit's column as something else too ----------------------------------------------------------------------
plan same "" "cluster: person" >"$T/same.yaml"
"$PILOT" register "$T/same.yaml" --db "$CONNINFO" >"$T/log" 2>&1
try "$PILOT" submit same "$T/both.csv" --db "$CONNINFO"
well "a cluster of the unit's column"
is "$(sql "SELECT count(*) FROM outcomes.same o JOIN registry.dictionaries d ON d.submission = o.pilot_submission AND d.column_name = 'pilot_cluster' WHERE d.labels[o.pilot_cluster + 1] = o.pilot_unit")" \
    120 "has the unit's pseudonym"
for key in weight received probability; do
    plan worse "" "$key: person" >"$T/worse.yaml"
    fails 2 "person|unit" "$key of the unit's column" "$PILOT" register "$T/worse.yaml" --db "$CONNINFO"
    fails 2 "person|unit" "is refused by check" "$PILOT" check "$T/worse.yaml" --db "$CONNINFO"
done
plan unnamed | sed 's/unit: person, //' >"$T/unnamed.yaml"
"$PILOT" register "$T/unnamed.yaml" --db "$CONNINFO" >"$T/log" 2>&1
try "$PILOT" submit unnamed "$T/both.csv" --db "$CONNINFO"
well "units without ids"
is "$(sql "SELECT count(*) FROM outcomes.unnamed WHERE length(pilot_unit) = 22")" 120 "are pseudonyms of their rows' numbers"
dump
is "$(raw_ids)" 0 "and no raw id is stored"

# ---- as the plan says ------------------------------------------------------------------------------------------------
plan open "unit_ids: plain" >"$T/open.yaml"
"$PILOT" register "$T/open.yaml" --db "$CONNINFO" >"$T/log" 2>&1
try "$PILOT" submit open "$T/both.csv" --db "$CONNINFO"
well "unit_ids: plain on a server"
is "$(sql "SELECT count(*) FROM outcomes.open WHERE pilot_unit LIKE 'RAWID%'")" 120 "stores ids as they are"
is "$(ls "$PILOT_KEYS" | grep -c ^open)" 0 "without keys"
fails 2 "unit_ids: plain" "no pseudonyms are made" "$PILOT" pseudonymize "$T/open.yaml" "$T/units.csv"
plan hidden "unit_ids: hmac" >"$T/hidden.yaml"
try "$PILOT" run "$T/hidden.yaml" "$T/both.csv" --dir "$DIR" --workers 1
well "unit_ids: hmac in the embedded database"
is "$(ls "$PILOT_KEYS" | grep -c ^hidden)" 2 "makes keys"
try "$PILOT" run "$T/hidden.yaml" "$T/both.csv" --db "$CONNINFO" --workers 1 --view effects --format csv
cut -d, -f1,3- "$T/out" >"$T/one"
try "$PILOT" results hidden --dir "$DIR" --view effects --format csv
cut -d, -f1,3- "$T/out" >"$T/two"
same "$T/one" "$T/two" "the same key gives the same bits, whichever the database"
plan across "analysis: {level: across}" >"$T/across.yaml"
try "$PILOT" check "$T/across.yaml" --db "$CONNINFO"
like "$err" "nobody can see whether two agencies have the same unit" "at level across check says what pseudonyms cost"
finish
