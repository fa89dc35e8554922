#!/bin/bash
# Bad input: one clear line, the exit status of the contract, nothing stored.
. "$(dirname "$0")/common.sh"

"$PILOT" status --dir "$DIR" >"$T/log" 2>&1
"$PILOT" up --dir "$DIR" --workers 1 >"$T/log" 2>&1 # commands below then find a running server

plan() { # file, sed expression on the demo's plan
    sed -E "$2" "$PLAN" >"$T/$1"
}
run() {
    echo "$PILOT" run "$@" --dir "$DIR"
}
bad_plan() { # exit status, pattern, name, sed expression
    plan bad.yaml "$4"
    fails "$1" "$2" "$3" $(run "$T/bad.yaml" "$DATA")
}
bad_data() { # pattern of the report, name; the CSV stands in $T/bad.csv
    try $(run "$T/small.yaml" "$T/bad.csv")
    is "$status" 3 "$2: exit status 3"
    like "$err" "$1" "$2: says what is wrong"
    is "$out" "" "$2: nothing on stdout"
}

# ---- usage ---------------------------------------------------------------------------------------
fails 2 "command is missing" "no command" "$PILOT"
fails 2 "did you mean 'run'" "a mistyped command" "$PILOT" rum
fails 2 "not in this version" "a command of a later version" "$PILOT" keygen
fails 2 "report needs a file" "a report without a file" "$PILOT" report star_kindergarten
fails 2 "" "a report that cannot be written" "$PILOT" run "$PLAN" "$DATA" --report "$T/nowhere/x.html"
fails 2 "exclude each other" "--dir with --db" "$PILOT" status --dir "$DIR" --db dbname=x
fails 2 "usage: pilot run" "run without data" "$PILOT" run "$PLAN"
fails 2 "workers" "a bad number of workers" "$PILOT" run "$PLAN" "$DATA" --workers 0
fails 2 "workers" "too many workers" "$PILOT" run "$PLAN" "$DATA" --workers 65
fails 2 "view" "a view that does not exist" "$PILOT" results star_kindergarten --view nothing
fails 2 "too many" "an argument too many" "$PILOT" status 1 2
fails 2 "not the number of an analysis" "an analysis that is no number" "$PILOT" status x --dir "$DIR"
fails 2 "no analysis 99" "an analysis that does not exist" "$PILOT" status 99 --dir "$DIR"
fails 2 "no analysis 99" "cancel what does not exist" "$PILOT" cancel 99 --dir "$DIR"
fails 2 "no analysis 99" "retry what does not exist" "$PILOT" retry 99 --dir "$DIR"
fails 2 "no pilot" "results of an unknown pilot" "$PILOT" results nothing --dir "$DIR"
fails 2 "no pilot" "launch of an unknown pilot" "$PILOT" launch nothing --dir "$DIR"
fails 2 "cannot write .*/none/x.csv" "an output that cannot be written" \
    "$PILOT" run "$PLAN" "$DATA" --dir "$DIR" --output "$T/none/x.csv"
fails 2 "nothing.yaml" "a plan that is not there" $(run "$T/nothing.yaml" "$DATA")
fails 2 "nothing.csv" "data that is not there" $(run "$PLAN" "$T/nothing.csv")

# ---- plans ---------------------------------------------------------------------------------------
bad_plan 2 'bad.yaml:[0-9]+:[0-9]+: .*colour' "an unknown key" 's/^title:/colour:/'
bad_plan 2 'bad.yaml:[0-9]+:[0-9]+: ' "a bad type" 's/^seed: .*/seed: [1]/'
bad_plan 2 'bad.yaml:[0-9]+:[0-9]+: ' "two controls" 's/control: regular/control: [regular, small]/'
bad_plan 3 'readings' "an outcome that is not in the CSV" 's/name: reading,/name: reading, column: readings,/'

# ---- data ----------------------------------------------------------------------------------------
cat >"$T/small.yaml" <<'YAML'
version: 1
pilot: small
columns: {unit: id, agency: place, arm: arm}
arms: {control: c, treatments: [t]}
outcomes: [{name: y, type: continuous}]
YAML
good() {
    echo 'id,place,arm,y'
    for i in $(seq 1 40); do echo "$i,here,$([ $((i % 2)) = 0 ] && echo c || echo t),$((i * i % 7))"; done
}
csv() { # sed expression on good data
    good | sed -E "$1" >"$T/bad.csv"
}
: >"$T/bad.csv"
bad_data 'empty' "an empty file"
csv '5s/^4,/3,/'
bad_data 'duplicate_unit' "a unit twice"
csv '5s/,c,/,x,/'
bad_data 'unknown_arm' "an unknown arm"
csv '5s/$/,1,2/'
bad_data 'bad_row' "a ragged row"
csv '5s/[0-9]+$/abc/'
bad_data 'not_a_number' "text in a number"
csv '5s/[0-9]+$/inf/'
bad_data 'not_a_number' "inf in a number"
csv '5s/here/h\xffre/'
bad_data 'bad_encoding' "invalid UTF-8"
csv '5s/here/h\x00re/'
bad_data 'bad_' "a NUL byte"
csv '5s/here/"here/'
bad_data 'bad_quoting' "an open quote"
good | tail -n +2 | sed 's/here/secretplace/' >"$T/bad.csv"
bad_data 'missing_column' "no header"
is "$(cat "$T/err" | grep -c secretplace)" 0 "no header: not a word of the first row"
(head -c 1100000 /dev/zero | tr '\0' x; echo) >"$T/long"
(good; echo "99,$(cat "$T/long"),c,1") >"$T/bad.csv"
bad_data '(too_large|bad_row)' "a field of 1 MB"
sed 's/arm: arm}/arm: arm, cluster: k}/' "$T/small.yaml" >"$T/clustered.yaml"
good | awk -F, -v OFS=, 'NR == 1 { print $0, "k"; next } { print $0, int(NR / 3) }' >"$T/bad.csv"
mv "$T/small.yaml" "$T/kept.yaml" && sed 's/pilot: small/pilot: clustered/' "$T/clustered.yaml" >"$T/small.yaml"
bad_data 'cluster_in_two_arms' "a cluster in two arms"
mv "$T/kept.yaml" "$T/small.yaml"
is "$("$PILOT" results small --dir "$DIR" --view submissions --format csv 2>"$T/log" | grep -c accepted)" 0 \
    "nothing of all this was stored"

# ---- what must work ------------------------------------------------------------------------------
good | sed 's/$/\r/' | sed '1s/^/\xef\xbb\xbf/' >"$T/crlf.csv"
try $(run "$T/small.yaml" "$T/crlf.csv") --format csv
well "a BOM and CRLF are fine"
cp "$T/out" "$T/plain"
good | sed -E 's/here/"here"/' >"$T/quoted.csv"
try $(run "$T/small.yaml" "$T/quoted.csv") --format csv
well "quotes are fine"
is "$(cut -d, -f1,3- "$T/out")" "$(cut -d, -f1,3- "$T/plain")" "and change nothing"
sed -E 's/\[t\]/["a\\"b'"'"'; drop table x"]/' "$T/small.yaml" | sed 's/pilot: small/pilot: odd/' >"$T/odd.yaml"
good | sed -E "s/,t,/,\"a\"\"b'; drop table x\",/; s/here/Ünïcode/" >"$T/odd.csv"
try $(run "$T/odd.yaml" "$T/odd.csv") --format csv
well "arms and agencies of any name work"
like "$out" "a\"\"b'; drop table x" "and come out as they went in"

awk -v OFS=, 'BEGIN {
    row = "id,place,arm,y"
    for (i = 5; i <= 10000; i++) row = row ",extra" i
    print row
    for (k = 1; k <= 40; k++) {
        row = k ",here," (k % 2 ? "t" : "c") "," (k * k % 7)
        for (i = 5; i <= 10000; i++) row = row ",1"
        print row
    }
}' >"$T/wide.csv"
try $(run "$T/small.yaml" "$T/wide.csv") --format csv
like "$status" '^(0|3)$' "10,000 columns work or are refused clearly"
long=$(printf 'n%.0s' $(seq 500))
sed "s/\[t\]/[$long]/; s/pilot: small/pilot: long/" "$T/small.yaml" >"$T/long.yaml"
good | sed -E "s/,t,/,$long,/; s/here/$long/" >"$T/long.csv"
try $(run "$T/long.yaml" "$T/long.csv")
well "arms and agencies of 500 characters work"
is "$(awk 'length > 80' "$T/out" | wc -l)" 0 "and the table still fits, its headings too"

# ---- directories and servers ---------------------------------------------------------------------
fails 4 "." "a server that is not there" "$PILOT" status --db "host=$T dbname=x connect_timeout=2"
fails 4 "." "the same in the environment" env PILOT_DB="host=$T dbname=x" "$PILOT" status
try env PGHOST=/nowhere PGPORT=1 PGUSER=x PGDATABASE=y PGOPTIONS=-z PGSERVICE=n PGSSLMODE=verify-full \
    "$PILOT" status --dir "$DIR"
well "PG* variables mean nothing in embedded mode"
long=$T/$(printf 'a%.0s' $(seq 1 120))/$(printf 'b%.0s' $(seq 1 120))
try "$PILOT" status --dir "$long/x"
like "$status" '^(0|2)$' "a very long path works or is refused clearly"
"$PILOT" down --dir "$long/x" >"$T/log" 2>&1
touch "$T/file"
fails 2 "file" "a data directory that is a file" "$PILOT" status --dir "$T/file"
if [ "$(id -u)" -eq 0 ]; then
    folder=$(mktemp -d /root/pilot-test-XXXXXX)
    try "$PILOT" status --dir "$folder/data"
    is "$status" 2 "a directory below /root, as root: exit status 2"
    like "$err" "/root" "and the folder is named"
    rm -rf "$folder"
    chmod 755 "$T"
    mkdir -m 755 "$T/locked"
    try runuser -u nobody -- "$PILOT" status --dir "$T/locked/data"
    is "$status" 2 "no right to the directory: exit status 2"
fi
finish
