#!/bin/bash
# The agency's front door: template, check, dry run, submit, what it says, history, withdrawal; and the
# same by SQL, as docs/operations/submitting-by-sql.md has it.
. "$(dirname "$0")/server.sh"
page=$ROOT/docs/operations/submitting-by-sql.md
block() { sed -n "/^\`\`\`$1\$/,/^\`\`\`\$/p" "$page" | sed '1d;$d'; } # language
last() { tail -n 1 <<<"$err"; }

block yaml >"$T/letters.yaml"
try "$PILOT" init --db "$CONNINFO"
well "init"
logins eva north south
sql "SELECT registry.grant_role('pilot_evaluator', 'eva')" >"$T/log"
try "$PILOT" register "$T/letters.yaml" --db "$(as eva)"
well "the evaluator registers the plan"
sql "SELECT registry.grant_agency('letters', 'North', 'north'), registry.grant_agency('letters', 'South', 'south')" >"$T/log"
NORTH=$(as north)
SOUTH=$(as south)

# ---- template ------------------------------------------------------------------------------------
try "$PILOT" template "$T/letters.yaml" --output "$T/offline"
well "a template from a plan alone"
try "$PILOT" template letters --output "$T/online" --db "$NORTH"
well "and from the server, by an agency"
same "$T/offline/letters_template.csv" "$T/online/letters_template.csv" "they are the same"
same "$T/offline/letters_dictionary.md" "$T/online/letters_dictionary.md" "so are the dictionaries"
is "$(cat "$T/online/letters_template.csv")" "id,arm,region,paid,amount,sector" "the header row to fill"
try "$PILOT" check "$T/letters.yaml" "$T/online/letters_template.csv" --report "$T/report.csv"
is "$(cut -d, -f3 "$T/report.csv" | sort -u | tr '\n' ' ')" "code empty_file " "passes the checks of the header"
fails 2 "there already" "a template that somebody may have filled stays" \
    "$PILOT" template letters --output "$T/online" --db "$NORTH"
fails 2 "cannot make this folder" "a folder that cannot be" "$PILOT" template "$T/letters.yaml" --output "$T/a/b"
fails 2 'no pilot "nothing"' "a pilot that there is not" "$PILOT" template nothing --output "$T/x" --db "$NORTH"
fails 2 "cannot" "a plan that there is not" "$PILOT" template nothing.yaml --output "$T/x"

# ---- submit --------------------------------------------------------------------------------------
make_data() { # seed, rows, share of missing amounts, shift
    awk -v seed="$1" -v n="$2" -v missing="$3" -v shift="$4" 'BEGIN {
        srand(seed); print "id,region,arm,paid,amount,sector"
        for (i = 1; i <= n; i++)
            printf "u%d,r%d,%s,%d,%s,%s\n", i, i % 4, i % 2 ? "none" : "letter", rand() < 0.4,
                i % 100 < missing ? "" : sprintf("%.3f", 100 + shift + 10 * rand()), i % 3 ? "trade" : "it'"'"'s \"other\"" }' |
        sed 's/it.s "other"/"it'"'"'s ""other"""/'
}
make_data 1 400 2 0 >"$T/north.csv"
try "$PILOT" check "$T/letters.yaml" "$T/north.csv"
well "check, without a server"
is "$(last)" "valid: 1 agency, 400 rows" "its verdict is the last line"
like "$err" "^amount +2.0% +105" "it shows what is missing, and means"
try "$PILOT" submit letters "$T/north.csv" --dry-run --db "$NORTH"
well "a dry run"
is "$(last)" "accepted: 1 agency, 400 rows, revision 1 (dry run)" "says what would be"
is "$(sql "SELECT count(*) FROM registry.loads")|$(sql "SELECT count(*) FROM outcomes.letters")" "0|0" "and stores nothing"
try "$PILOT" submit letters "$T/north.csv" --db "$NORTH"
well "an agency that the login alone has need not be named"
is "$(last)" "accepted: 1 agency, 400 rows, revision 1" "the verdict is the last line"
is "$out" "" "and stdout is for programs"
is "$(awk 'length($0) > 80' "$T/err")" "" "no line is longer than 80 columns"
try "$PILOT" submit letters "$T/north.csv" --db "$NORTH"
is "$(last)" "unchanged: 1 agency had this same data already; nothing was stored" "the same data again"

make_data 1 400 2 0 | sed '2d;$d' >"$T/next.csv"
echo 'new,r1,letter,1,104,trade' >>"$T/next.csv"
try "$PILOT" submit letters "$T/next.csv" --db "$NORTH" --format json
well "a next revision, for a program"
python3 - "$T/out" <<'PY'
import json, sys
told = json.load(open(sys.argv[1]))
north = told["agencies"][0]
assert told["verdict"] == "accepted" and told["dry_run"] is False and told["rows"] == 399, told
assert (north["revision"], north["rows"], north["warnings"]) == (2, 399, []), north
assert (north["previous"]["rows"], north["previous"]["units_added"], north["previous"]["units_removed"]) == (400, 1, 2)
assert north["summary"]["arms"] == {"none": 199, "letter": 200}, north["summary"]
assert north["previous"]["summary"]["columns"]["amount"]["missing"] == 8
PY
ok $? "JSON tells verdict, counts, changes of units and the revision before"

try "$PILOT" submit letters "$T/next.csv" --db "$NORTH" --format json
like "$out" '"verdict":"unchanged"' "and that the same data again stored nothing"

rings() { # code, name, file
    try "$PILOT" submit letters "$3" --dry-run --db "$NORTH"
    well "$2"
    like "$err" "^warning: North: ([a-z]+: )?$1: " "rings: $1"
    like "$(last)" "^accepted_with_warnings: 1 agency, [0-9]+ rows, revision 3; [0-9]+ warnings? \(dry run" "and the verdict says so"
}
make_data 1 400 20 0 >"$T/missing.csv"
rings missing_share "more is missing than before" "$T/missing.csv"
make_data 1 400 2 30 >"$T/shifted.csv"
rings outcome_shift "an outcome far from before" "$T/shifted.csv"
make_data 1 300 2 0 >"$T/fewer.csv"
rings fewer_rows "fewer rows than before" "$T/fewer.csv"
make_data 1 400 2 0 | awk -F, -v OFS=, 'NR > 100 && $3 == "letter" { next } 1' >"$T/ratio.csv"
rings sample_ratio "arms out of proportion" "$T/ratio.csv"
is "$(sql "SELECT count(*) FROM registry.submissions")" 2 "none of it was stored"
try "$PILOT" submit letters "$T/missing.csv" --db "$NORTH"
like "$(last)" '^accepted_with_warnings: 1 agency, 400 rows, revision 3; 1 warning$' "it can be stored all the same"
try "$PILOT" submit letters "$T/missing.csv" --db "$SOUTH"
like "$err" '^South: 400 rows$' "another agency's is compared with its own alone"
is "$(grep -c warning <<<"$err")" 0 "and has no revision before"
sed '2s/none/never/; 3s/,r[0-9],/,,/' "$T/north.csv" >"$T/wrong.csv"
for dry in "" --dry-run; do
    try "$PILOT" submit letters "$T/wrong.csv" $dry --report "$T/report.csv" --db "$NORTH"
    is "$status" 3 "wrong data is rejected ${dry}"
    is "$(last)" "pilot: rejected: nothing was stored: 1 missing_value, 1 unknown_arm" "says the last line"
    is "$(sed 1d "$T/report.csv" | cut -d, -f1-3 | head -2 | tr '\n' ' ')" "2,arm,unknown_arm 3,region,missing_value " "and the report where"
    is "$(sql "SELECT count(*) FROM registry.submissions WHERE state = 'rejected'")" "$([ -n "$dry" ] && echo 1 || echo 1)" "a dry run keeps no report"
done
is "$(grep -c never "$T/report.csv")" 0 "no value of the data is in it"
try "$PILOT" submit letters "$T/wrong.csv" --db "$NORTH" --format json
like "$out" '"verdict":"rejected"' "a program is told too"
python3 -m json.tool "$T/out" >"$T/log"
ok $? "in JSON"

# ---- whose data ----------------------------------------------------------------------------------
fails 3 "wrong_agency" "an agency that is not the login's" "$PILOT" submit letters "$T/north.csv" --agency South --db "$NORTH"
fails 3 "wrong_agency" "as one that there is not" "$PILOT" submit letters "$T/north.csv" --agency Nowhere --db "$NORTH"
sed 's/unit: id,/unit: id, agency: site,/; s/pilot: letters/pilot: sites/' "$T/letters.yaml" >"$T/sites.yaml"
try "$PILOT" register "$T/sites.yaml" --db "$(as eva)"
sql "SELECT registry.grant_agency('sites', 'North', 'north'), registry.grant_agency('sites', 'North East', 'north')" >"$T/log"
awk -F, -v OFS=, 'NR == 1 { print $0, "site"; next } { print $0, NR % 2 ? "North" : "North East" }' "$T/north.csv" >"$T/sites.csv"
try "$PILOT" submit sites "$T/sites.csv" --db "$NORTH"
well "a login with two agencies"
like "$err" '^North East +200 +new +' "a line each"
sed '5s/North.*/South/' "$T/sites.csv" >"$T/foreign.csv"
before=$(sql "SELECT count(*) FROM registry.loads")
try "$PILOT" submit sites "$T/foreign.csv" --report "$T/report.csv" --db "$NORTH"
is "$status" 3 "a row of another agency"
is "$(sed -n 2p "$T/report.csv")" "5,site,wrong_agency,the row is of an agency that you may not submit for" "is told by its place"
is "$(sql "SELECT string_agg(DISTINCT a.name, ', ') FROM registry.agencies a JOIN registry.pilots p USING (pilot) WHERE p.name = 'sites'")" \
    "North, North East" "and no other agency comes to be"
sed '2,$s/North.*/South/' "$T/sites.csv" >"$T/foreign.csv"
try "$PILOT" submit sites "$T/foreign.csv" --db "$NORTH"
like "$(last)" 'rejected: nothing was stored: 400 wrong_agency$' "a file of another agency altogether"
fails 2 "submits for no agency|no pilot" "a login without an agency" "$PILOT" submit sites "$T/sites.csv" --db "$SOUTH"
sed 's/agency: site, //; s/pilot: sites/pilot: pair/' "$T/sites.yaml" >"$T/pair.yaml"
try "$PILOT" register "$T/pair.yaml" --db "$(as eva)"
sql "SELECT registry.grant_agency('pair', 'a', 'north'), registry.grant_agency('pair', 'b', 'north')" >"$T/log"
fails 2 "submits for 2 agencies" "two agencies and no column" "$PILOT" submit pair "$T/north.csv" --db "$NORTH"

# ---- what a new user does wrong ------------------------------------------------------------------
fails 2 "cannot open" "a file that there is not" "$PILOT" submit letters "$T/none.csv" --db "$NORTH"
fails 2 'no pilot "leters" that this login has a part in; ask its evaluators' "a pilot that there is not" "$PILOT" submit leters "$T/north.csv" --db "$NORTH"
fails 4 "cannot connect|could not|No such file|connection" "no server" "$PILOT" submit letters "$T/north.csv" --db "host=$T/nowhere dbname=x"
try "$PILOT" submit letters "$ROOT/deploy/demo/star_kindergarten.csv" --db "$NORTH"
is "$status" 3 "the wrong file altogether"
is "$(last)" "pilot: rejected: nothing was stored: 6 missing_column" "lacks columns"
if [ -c /dev/full ]; then
    try bash -c "\"$PILOT\" submit letters \"$T/north.csv\" --dry-run --format json --db \"$NORTH\" >/dev/full"
    is "$status" 2 "a full disk below stdout"
    like "$(last)" "^pilot: cannot write to standard output" "is told"
fi

# On a terminal.
terminal() { script -qec "$*" /dev/null 2>"$T/log" </dev/null; }
awk 'BEGIN { print "id,region,arm,paid,amount,sector"
    for (i = 1; i <= 1000000; i++) printf "u%d,r1,%s,1,%d.5,trade\n", i, i % 2 ? "none" : "letter", i % 1000 }' >"$T/large.csv"
out=$(terminal "stty cols 80; '$PILOT' submit letters '$T/large.csv' --dry-run --db '$NORTH'")
like "$out" $'\r'".*reading \[#+\.*\] +[0-9]+%" "progress is shown on a terminal"
try "$PILOT" submit letters "$T/large.csv" --dry-run --db "$NORTH"
is "$(grep -c 'reading' <<<"$err")" 0 "and nowhere else"
(exec "$PILOT" submit letters "$T/large.csv" --db "$NORTH" 2>"$T/err") &
job=$!
heeds_interrupt "$job" && kill -INT "$job"
wait "$job"
is "$?" 130 "Ctrl-C"
is "$(grep -c . "$T/err")" 1 "is one line"
is "$(sql "SELECT count(*) FROM registry.submissions WHERE rows > 100000")" 0 "and stores nothing"

# ---- history and withdrawal ----------------------------------------------------------------------
try "$PILOT" submissions letters --db "$NORTH"
well "the history"
like "$out" '^North +3 +accepted_with_warnings +400 +1 ' "revision, verdict, rows, warnings"
is "$(grep -c South <<<"$out")" 0 "of own agencies"
try "$PILOT" submissions letters --db "$(as eva)" --agency South --format csv
is "$(sed 1d "$T/out" | cut -d, -f2-5,10,11)" "South,1,accepted,400,accepted,0" "an evaluator sees all, or one agency"
is "$(sed 1d "$T/out" | cut -d, -f7)" "$(sha256sum "$T/missing.csv" | cut -d' ' -f1)" "with the hash of the file"
fails 2 'no pilot "other"' "of a pilot that there is not" "$PILOT" submissions other --db "$NORTH"
sql "CREATE ROLE farm LOGIN; CREATE ROLE hand LOGIN; SELECT registry.grant_role('pilot_coordinator', 'farm'),
    registry.grant_role('pilot_worker', 'hand')" >"$T/log"
try "$PILOT" launch letters --follow --workers 1 --db "$CONNINFO"
well "an analysis"
analysis=$out
try "$PILOT" submit letters "$T/north.csv" --db "$NORTH"
well "data after it"
try "$PILOT" status --db "$(as eva)"
like "$out" "some of its data has a newer revision" "status says so"
try "$PILOT" status "$analysis" --db "$(as eva)"
like "$out" "^data_state +superseded: 1 of 2 submissions have a newer revision" "and how much"
fails 2 "confirm it with --yes" "withdrawal wants to be confirmed" "$PILOT" withdraw letters --agency North --db "$NORTH"
fails 2 "no agency" "nobody withdraws for another" "$PILOT" withdraw letters --agency South --yes --db "$NORTH"
effects=$(sql "SELECT md5(string_agg(e::text, ';' ORDER BY ordinal, agency)) FROM work.effects e")
try "$PILOT" withdraw letters --agency North --yes --reason "asked for by the families" --db "$NORTH"
well "withdrawal"
like "$err" "^withdrawn: agency North, pilot letters: 1599 rows of 4 revisions deleted" "says what went"
like "$err" "1 finished analysis used it" "and what used it"
is "$(sql "SELECT md5(string_agg(e::text, ';' ORDER BY ordinal, agency)) FROM work.effects e")" "$effects" "numbers of the analysis stay"
is "$(sql "SELECT count(*) FROM results.latest_effects WHERE pilot = 'letters'")" 0 "it is no longer the latest"
try "$PILOT" status "$analysis" --db "$(as eva)"
like "$out" "^data_state +withdrawn: 1 of 2 submissions were withdrawn" "and status says why"
answered=$(printf 'no\n' | script -qec "'$PILOT' withdraw letters --agency South --db '$SOUTH'" /dev/null)
like "$answered" "nothing was withdrawn" "who does not say yes withdraws nothing"
is "$(sql "SELECT state FROM results.submissions WHERE agency = 'South'")" accepted "indeed"

# An analysis under way, in the embedded database.
cp "$T/north.csv" "$T/East.csv"
cp "$T/shifted.csv" "$T/West.csv"
"$PILOT" register "$T/letters.yaml" --dir "$DIR" >"$T/log" 2>&1
try "$PILOT" submit letters "$T/East.csv" "$T/West.csv" --dir "$DIR"
is "$(last)" "accepted: 2 agencies, 800 rows, revision 1" "a file is the agency of its name in the embedded database"
try "$PILOT" launch letters --dir "$DIR"
try "$PILOT" withdraw letters --agency East --yes --dir "$DIR"
well "withdrawal while an analysis waits"
like "$err" "^1 analysis that uses it is under way" "says so"
"$PILOT" up --workers 1 --dir "$DIR" 2>"$T/log"
for _ in $(seq 300); do
    "$PILOT" status 1 --dir "$DIR" >"$T/out" 2>"$T/log"
    grep -Eq '^state +(done|failed)' "$T/out" && break
    sleep 0.1
done
is "$(sed -n 's/^state  *//p' "$T/out")" failed "it fails"
try "$PILOT" results letters --format csv --dir "$DIR"
like "$out" ',East,.*,job_failed,data_withdrawn,' "with the reason"
try "$PILOT" submissions letters --agency West --dir "$DIR" --format csv
is "$(sed 1d <<<"$out" | cut -d, -f2,4,5)" "West,accepted,400" "the other agency's data stays"
try "$PILOT" retry 1 --dir "$DIR"
is "$status" 1 "it is not taken up again"
like "$err" "withdrawn; launch a new one" "and what to do is said"

# ---- the same by SQL -----------------------------------------------------------------------------
cd "$T" || exit 1
block sql >submit.sql
block python >submit.py
export PILOT_DB=$NORTH
by_psql() { "$PG_BIN/psql" "$PILOT_DB" -XqAt -v pilot=letters -v agency="${1:-North}" -f submit.sql >"$T/out" 2>"$T/err"; }
export PATH=$PG_BIN:$PATH
by_psql
is "$?|$(cat "$T/out")" "0|North|5|accepted" "the page's psql script submits"
try "$PILOT" submit letters "$T/north.csv"
is "$(last)" "unchanged: 1 agency had this same data already; nothing was stored" "what the client takes for the same data"
python3 submit.py letters North north.csv 2>"$T/err" >"$T/out"
is "$(cat "$T/err")" "unchanged: nothing was stored" "so does the Python script"
cp next.csv north.csv
python3 submit.py letters North north.csv 2>"$T/err" >"$T/out"
is "$?|$(cat "$T/out")" "0|North|6|accepted" "which submits too"
try "$PILOT" submit letters "$T/north.csv"
is "$(last)" "unchanged: 1 agency had this same data already; nothing was stored" "what the client would have"
by_psql South
like "$(cat "$T/err")" "may not submit for one of the agencies" "for its own agency alone"
sed -i '2s/letter/never/' north.csv
by_psql
is "$?" 3 "an arm that is none is refused"
is "$(sql "SELECT max(revision) FROM registry.submissions JOIN registry.agencies USING (agency) WHERE name = 'North'")" 6 "and nothing is stored"
finish
