#!/usr/bin/env bash
# Data goes in whole or not at all: revisions, the same data again, rejections, and every odd file,
# on a real embedded database.
. "$(dirname "$0")/common.sh"

sql() { # query
    psql -X -q -At -h "$(sed -n 5p "$DIR/postgresql/postmaster.pid")" \
        -p "$(sed -n 4p "$DIR/postgresql/postmaster.pid")" -U pilot -d pilot -c "$1"
}
submissions() { "$PILOT" results "$1" --view submissions --format csv --dir "$DIR"; }
accepted() { submissions "$1" | grep -c ',accepted,'; }
submit() { try "$PILOT" submit "$@" --dir "$DIR"; }
rejected() { # pattern of the last line, name, arguments of submit
    local pattern=$1 name=$2
    shift 2
    submit "$@"
    is "$status" 3 "$name: exit status 3"
    like "$(tail -n 1 <<<"$err")" "^pilot: .*rejected.*$pattern" "$name: the last line says so"
    is "$out" "" "$name: nothing on stdout"
}

cat >"$T/plan.yaml" <<'END'
version: 1
pilot: odd
columns: {unit: id, agency: site, arm: arm}
arms: {control: "it's \"c\"; drop table x", treatments: [Ünïcode]}
outcomes: [{name: y, type: continuous}]
covariates: [{name: k, type: categorical}]
END
cat >"$T/single.yaml" <<'END'
version: 1
pilot: single
columns: {arm: arm}
arms: {control: c, treatments: [t]}
outcomes: [{name: y, type: continuous}]
END
"$PILOT" up --dir "$DIR" --workers 1 2>"$T/up" || cat "$T/up" >&2
for plan in "$PLAN" "$T/plan.yaml" "$T/single.yaml"; do
    "$PILOT" register "$plan" --dir "$DIR" >"$T/sha" 2>"$T/err" || cat "$T/err" >&2
done

# ---- revisions ----
submit star_kindergarten "$DATA"
is "$status" 0 'STAR is accepted'
like "$err" '^accepted_with_warnings: 79 agencies, 6,325 rows, revision 1; 7 warnings$' 'and says how much'
is "$(sql 'SELECT count(*) FROM outcomes.star_kindergarten')" 6325 'all rows are stored'
is "$(sql "SELECT count(*) FROM (SELECT pilot_submission, lag(pilot_submission) OVER (ORDER BY ctid) AS before FROM outcomes.star_kindergarten) AS r WHERE before IS DISTINCT FROM pilot_submission")" \
    79 'grouped by submission'
submit star_kindergarten "$DATA"
is "$status" 0 'the same file again is no error'
like "$err" '^unchanged: 79 agencies .* nothing was stored$' 'and says that nothing was stored'
{ head -n 1 "$DATA" && tail -n +2 "$DATA" | sort -t, -k4,4 -k1,1r; } >"$T/sorted.csv"
submit star_kindergarten "$T/sorted.csv"
like "$err" '^unchanged: 79 agencies' 'the same rows in another order are the same data'
awk -F, 'BEGIN { OFS = "," } { print $9, $8, $7, $6, $5, $4, $3, $2, $1, $10 }' "$DATA" >"$T/columns.csv"
submit star_kindergarten "$T/columns.csv"
like "$err" '^unchanged: 79 agencies' 'the same columns in another order too'
head -n 3000 "$DATA" >"$T/one.csv"
{ head -n 1 "$DATA" && tail -n +3001 "$DATA"; } >"$T/two.csv"
submit star_kindergarten "$T/one.csv" "$T/two.csv"
like "$err" '^unchanged: 79 agencies' 'two files of one load are one submission an agency'
sed '2s/,447,/,448,/' "$DATA" >"$T/changed.csv"
submit star_kindergarten "$T/changed.csv"
like "$err" '^accepted: 1 agency, [0-9]+ rows, revision 2; unchanged: 78 agencies$' \
    'only a changed agency gets a revision'
is "$(submissions star_kindergarten | grep -c ',superseded,')" 1 'which supersedes one submission'
is "$(submissions star_kindergarten | grep ',2,accepted,' | cut -d, -f7)" \
    "$(sha256sum "$T/changed.csv" | cut -d' ' -f1)" 'the hash of the file is kept'

# ---- rejections store nothing ----
before=$(submissions star_kindergarten | grep -v ',rejected,' | md5sum)
rows=$(sql 'SELECT count(*) FROM outcomes.star_kindergarten')
tables=$(sql "SELECT count(*) FROM pg_class WHERE relnamespace = 'outcomes'::regnamespace")
{ sed '3s/,small,/,tiny,/' "$DATA" && sed -n 2p "$DATA"; } >"$T/bad.csv"
rejected '1 unknown_arm, 1 duplicate_unit$' 'an unknown arm and a duplicate' \
    star_kindergarten "$T/bad.csv" --report "$T/report.csv"
is "$(cat "$T/report.csv")" 'row,column,code,message
3,class_type,unknown_arm,not one of the plan'"'"'s arms
6327,student,duplicate_unit,the unit is already in row 2 of its agency
,,unknown_arm,1 problem of this kind in all
,,duplicate_unit,1 problem of this kind in all' 'the report says where'
is "$(submissions star_kindergarten | grep -v ',rejected,' | md5sum)" "$before" 'no submission changed'
is "$(sql 'SELECT count(*) FROM outcomes.star_kindergarten')" "$rows" 'no row was stored'
is "$(sql "SELECT count(*) FROM pg_class WHERE relnamespace = 'outcomes'::regnamespace")" "$tables" \
    'no table is left over'
is "$(sql "SELECT code FROM registry.problems WHERE row = 3")" unknown_arm 'the report is kept'
fails 2 'nowhere' 'a report that cannot be written' \
    "$PILOT" submit star_kindergarten "$T/bad.csv" --report "$T/nowhere/report.csv" --dir "$DIR"
tail -n +2 "$DATA" >"$T/headerless.csv"
rejected missing_column 'a file without a header' star_kindergarten "$T/headerless.csv"
is "$(grep -c 's00001\|small' <<<"$err")" 0 'no word of its first row in any message'

# ---- odd files ----
printf 'id,site,arm,y,k\n' >"$T/header"
name500=$(printf 'x%.0s' $(seq 500))
{
    cat "$T/header"
    printf '1,"a""b'"'"'; drop table x",Ünïcode,1,k1\n2,"a""b'"'"'; drop table x","it'"'"'s ""c""; drop table x",2,"k\n2"\n'
    printf '1,Ünïcode,Ünïcode,1,NA\n1,%s,Ünïcode,1.5,\n' "$name500"
} >"$T/names.csv"
submit odd "$T/names.csv"
like "$err" '^accepted_with_warnings: 3 agencies, 4 rows' 'names with quotes, umlauts and 500 characters work'
submissions odd >"$T/names.out"
is "$(grep -c "^odd,\"a\"\"b'; drop table x\",1,accepted,2," "$T/names.out")" 1 'the quoted name comes back'
is "$(grep -c "^odd,$name500,1,accepted,1," "$T/names.out")" 1 'the long name comes back'
is "$(sql "SELECT labels[1] FROM registry.dictionaries WHERE column_name = 'k' AND cardinality(labels) = 2")" \
    k1 'labels are stored'
{ printf '\xef\xbb\xbf' && sed 's/$/\r/' "$T/header" && printf '1,bom,Ünïcode,1,"two\r\nlines"\r\n2,bom,Ünïcode,,\r\n'; } >"$T/bom.csv"
submit odd "$T/bom.csv"
like "$err" '^accepted: 1 agency, 2 rows' 'byte-order mark, CRLF and a line end within quotes'
{ cat "$T/header" && printf '1,nul,Ünïcode,1,a\0b\n'; } >"$T/nul.csv"
rejected bad_encoding 'NUL' odd "$T/nul.csv"
{ cat "$T/header" && printf '1,nul,Ünïcode,1,\xe9\n'; } >"$T/latin.csv"
rejected bad_encoding 'invalid UTF-8' odd "$T/latin.csv"
{ cat "$T/header" && printf '1,q,Ünïcode,1,a"b\n2,q,Ünïcode,1,b\n'; } >"$T/quote.csv"
rejected bad_quoting 'a quote out of place' odd "$T/quote.csv"
{ cat "$T/header" && printf '1,q,Ünïcode,1\n'; } >"$T/ragged.csv"
rejected bad_row 'a ragged row' odd "$T/ragged.csv"
{ cat "$T/header" && printf '1,q,Ünïcode,inf,\n'; } >"$T/inf.csv"
rejected not_a_number 'inf' odd "$T/inf.csv"
: >"$T/empty.csv"
rejected empty_file 'an empty file' odd "$T/empty.csv"
rejected empty_file 'a header only' odd "$T/header"
{ cat "$T/header" && printf '1,big,Ünïcode,1,' && head -c 1048576 /dev/zero | tr '\0' x && echo; } >"$T/big.csv"
rejected too_large 'a field of 1 MB' odd "$T/big.csv"
{ printf 'id,site,arm,y,k' && printf ',c%d' $(seq 9995) && printf '\n1,wide,Ünïcode,1,k' && printf ',%d' $(seq 9995) && echo; } >"$T/wide.csv"
submit odd "$T/wide.csv"
like "$err" '^accepted: 1 agency, 1 row, revision 1$' '10,000 columns'
fails 2 'cannot open: No such file' 'a missing file' "$PILOT" submit odd "$T/none.csv" --dir "$DIR"
fails 2 'is a folder' 'a folder' "$PILOT" submit odd "$T" --dir "$DIR"
fails 2 'no pilot "nobody"' 'an unknown pilot' "$PILOT" submit nobody "$DATA" --dir "$DIR"

# ---- whose data it is ----
mkdir -p "$T/north"
printf 'arm,y\nc,1\nt,2\n' >"$T/north/south.csv"
submit single "$T/north/south.csv"
is "$(submissions single | cut -d, -f2 | tail -n 1)" south 'without an agency column the file names the agency'
submit single "$T/north/south.csv" --agency 'the north'
is "$(submissions single | cut -d, -f2 | sort | tail -n 1)" 'the north' '--agency names it'
submit single <(printf 'arm,y\nc,1\nt,2\n') --agency piped
like "$err" '^accepted: 1 agency, 2 rows' 'a pipe is read'
submit single - --agency piped < <(printf 'y,arm\n1,c\n2,t\n')
like "$err" '^unchanged: 1 agency' 'and so is standard input'
fails 2 'cannot be an agency' 'which names no agency' "$PILOT" submit single - --dir "$DIR" </dev/null
rejected wrong_agency 'rows of another agency' odd "$T/names.csv" --agency Ünïcode

# ---- check: the same verdicts without a database ----
try "$PILOT" check "$PLAN" "$DATA" --dir "$T/unused"
is "$status" 0 'check accepts good data'
like "$err" '^valid_with_warnings: 79 agencies, 6,325 rows; 7 warnings$' 'and says how much'
try "$PILOT" check "$PLAN" "$T/bad.csv" --report "$T/checked.csv" --dir "$T/unused"
is "$status" 3 'check rejects bad data'
like "$err" '^pilot: the data is not valid: 1 unknown_arm, 1 duplicate_unit$' 'and says so'
same "$T/checked.csv" "$T/report.csv" 'with the same report'
is "$([ -e "$T/unused" ] && echo there)" '' 'and makes no database'

# ---- rows in any order, more than memory holds at a time ----
"$BUILD/bench/generate_pilot" --rows 60000 --agencies 40 --plan >"$T/generated.yaml"
"$BUILD/bench/generate_pilot" --rows 60000 --agencies 40 >"$T/grouped.csv"
"$BUILD/bench/generate_pilot" --rows 60000 --agencies 40 --shuffle >"$T/shuffled.csv"
"$PILOT" register "$T/generated.yaml" --dir "$DIR" >"$T/sha" 2>"$T/err"
mkdir "$T/temporary"
export TMPDIR=$T/temporary
submit generated "$T/shuffled.csv"
like "$err" '^accepted: 40 agencies, 60,000 rows, revision 1$' 'scattered rows are accepted'
is "$(sql "SELECT count(*) FROM (SELECT pilot_submission, lag(pilot_submission) OVER (ORDER BY ctid) AS before FROM outcomes.generated) AS r WHERE before IS DISTINCT FROM pilot_submission")" \
    40 'and stored grouped'
submit generated "$T/grouped.csv"
like "$err" '^unchanged: 40 agencies' 'grouped, they are the same data'
unset TMPDIR
is "$(ls -A "$T/temporary")" '' 'no temporary file is left'

# ---- interruption ----
copying() { # wait until rows flow; prints the server process
    local process=
    for _ in $(seq 1200); do
        process=$(sql "SELECT pid FROM pg_stat_activity WHERE query LIKE 'COPY outcomes%' AND state = 'active' LIMIT 1")
        [ -n "$process" ] && break
        sleep 0.05
    done
    echo "$process"
}
"$BUILD/bench/generate_pilot" --rows 1000000 --agencies 40 --seed 2 >"$T/large.csv"
before=$(submissions generated | md5sum)
"$PILOT" submit generated "$T/large.csv" --dir "$DIR" 2>"$T/err" &
pid=$!
copying >"$T/process"
kill -INT $pid
wait $pid
is $? 130 'Ctrl-C ends a load'
is "$(submissions generated | md5sum)" "$before" 'and nothing of it is stored'
mkfifo "$T/silent"
"$PILOT" submit generated "$T/silent" --dir "$DIR" 2>"$T/err" &
pid=$!
for _ in $(seq 600); do
    readlink "/proc/$pid/fd/"* 2>/dev/null | grep -q silent && break
    sleep 0.05
done
kill -INT $pid
wait $pid
is $? 130 'Ctrl-C ends the wait for a pipe that nobody writes'
"$PILOT" submit generated "$T/large.csv" --dir "$DIR" 2>"$T/err" &
pid=$!
kill -9 "$(copying)"
wait $pid
is $? 4 'a server that dies in the middle'
is "$(wc -l <"$T/err")" 1 'in one line'
for _ in $(seq 300); do
    sql 'SELECT 1' >/dev/null 2>&1 && break
    sleep 0.2
done
is "$(submissions generated | md5sum)" "$before" 'and nothing of it is stored then'

# ---- no room for the temporary file ----
TMPDIR=$T/nowhere submit generated "$T/shuffled.csv"
is "$status" 2 'no folder for temporary files: exit status 2'
like "$err" '^pilot: .*nowhere: cannot make a temporary file' 'in one line'
finish
