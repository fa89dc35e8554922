#!/bin/bash
# SQL injection through every text that a plan, a data file or an option can hold: the plan is made by
# walking the format's own table (tests/bench/generate_hostile.c), so that a new key is attacked too.
# What must hold: a canary lives, the schema is what it was, and every text comes back byte for byte.
. "$(dirname "$0")/server.sh"
OWNER=$CONNINFO
"$PILOT" init --db "$CONNINFO" >"$T/log" 2>&1
sql "CREATE TABLE public.canary (song text); INSERT INTO public.canary VALUES ('tweet');
    CREATE ROLE eva LOGIN; GRANT SELECT, DELETE, INSERT ON public.canary TO PUBLIC;
    SELECT registry.grant_role('pilot_evaluator', 'eva')" >"$T/log"
EVA="host=$PG_HOME user=eva dbname=postgres"

# ---- attacks ----------------------------------------------------------------------------------------
mkdir "$T/attacks"
attack() { # bytes as of printf %b
    count=$((${count:-0} + 1))
    printf %b "$1" >"$T/attacks/$count"
}
attack "'"
attack '"'
attack "''\"\"''\\\\\\\\"
attack "'; DROP TABLE public.canary; --"
attack '"; DROP TABLE public.canary; --'
attack "\\\\'; DELETE FROM public.canary; --"
attack '$$; DROP TABLE public.canary; $$ $body$ %I %L %s %1$s %n %% $1 :1 :name ?'
attack "\"); DROP TABLE public.canary; COMMIT; -- 1'); DROP TABLE public.canary; COMMIT; /*"
attack "E'\\\\x27' U&'\\\\0027' \\\\u0027 \\\\u0000 {\"a\":[1],\"b\\\\\"}],\"c\":{ } {a,\"b\",NULL}"
attack 'line\none\r\ntwo\ttab,;\t"x",\\\\.\n\\\\N'
attack "\xca\xbc \xef\xbc\x87 \xe2\x80\x98 \xe2\x80\x9c \xef\xbc\x82 \xe2\x80\xae\xe2\x80\x8b \xf0\x9f\x90\xa4 \xcc\x81\xc3\xa9"
attack "$(printf '\\xc3\\xa9%.0s' $(seq 40))"
attack "$(printf 'x%.0s' $(seq 700))"
attack "=cmd|' /C calc'!A0 <script>alert(1)</script> &amp; \`id\` \$(id) ; id | id ../../etc/passwd"
attack 'NULL'
attack '\x01\x02\x1b[31m\x7f\xc2\x80\xc2\x9f'

dump() {
    CONNINFO=$OWNER "$PG_BIN/pg_dump" -d "$OWNER" --schema-only --exclude-schema=outcomes |
        grep -v '^\\\(un\)\?restrict ' | md5sum
}
before=$(dump)

# ---- each attack: register, grant, submit, under logins of its own --------------------------------------
# One line a failure in $T/failed; all attacks are one check a kind.
: >"$T/failed"
texts=0
note() { [ "$1" -eq 0 ] || echo "attack $number: $2: $(tail -n 1 "$T/err" | head -c 200)" >>"$T/failed"; }
for number in $(seq "$count"); do
    folder=$T/h$number
    bytes=$(cat "$T/attacks/$number")
    mkdir "$folder"
    made=$("$BUILD/bench/generate_hostile" "$T/attacks/$number" "hostile_$number" "$folder" 2>"$T/err")
    note $? "a plan and data"
    texts=$((texts + ${made:-0}))
    agency=$(cat "$folder/agency") other=$(cat "$folder/other")
    login=$(printf '%s' "$bytes" | tr '\n' '_' | iconv -f UTF-8 -t UTF-8 -c | head -c 40 | iconv -f UTF-8 -t UTF-8 -c 2>"$T/log")$number
    "$PG_BIN/psql" -XqAt -v ON_ERROR_STOP=1 -v login="$login" -d "$OWNER" <<<'CREATE ROLE :"login" LOGIN;' 2>"$T/err"
    note $? "a login"
    try "$PILOT" register "$folder/plan.yaml" --db "$EVA"
    note "$status" register
    try "$PILOT" grant agency "$agency" --pilot "hostile_$number" --login "$login" --db "$OWNER"
    note "$status" grant
    try "$PILOT" grant agency "$other" --pilot "hostile_$number" --login "$login" --db "$OWNER"
    note "$status" grant
    # A file of a hostile name, from a program of a hostile name.
    name=$T/h$number/$(printf '%s' "$bytes" | tr '/\n' '__' | head -c 100).csv
    mv "$folder/data.csv" "$name"
    try env PGUSER="$login" PGHOST="$PG_HOME" PGDATABASE=postgres PGAPPNAME="$bytes" \
        "$PILOT" submit "hostile_$number" "$name" --db 'application_name='
    note "$status" submit
    try env PGUSER="$login" PGHOST="$PG_HOME" PGDATABASE=postgres \
        "$PILOT" submit "hostile_$number" "$name" --db "options=''"
    grep -q '^unchanged: 2 agencies' "$T/err"
    note $? "submit again"
    # The option against the data: rows of the other agency are refused under the first one's name.
    try env PGUSER="$login" PGHOST="$PG_HOME" PGDATABASE=postgres \
        "$PILOT" submit "hostile_$number" "$name" --agency "$agency" --db "options=''"
    [ "$status" -eq 3 ] && grep -q 'wrong_agency' "$T/err"
    note $? "--agency"
    try env PGUSER="$login" PGHOST="$PG_HOME" PGDATABASE=postgres \
        "$PILOT" submissions "hostile_$number" --agency "$other" --format json --db "options=''"
    is_one=$(jq 'length' "$T/out" 2>>"$T/err")
    [ "$status" -eq 0 ] && [ "${is_one:-0}" -ge 1 ]
    note $? "submissions"
    try "$PILOT" launch "hostile_$number" --exploratory "$bytes" --db "$EVA"
    note "$status" launch
    # The values, through the tables: decoded by the dictionaries they are the file's.
    cp "$name" "$folder/copy.csv"
    last=$(($("$PG_BIN/psql" -XqAt -d "$OWNER" -c "SELECT cardinality(columns) FROM registry.plans JOIN registry.pilots USING (pilot) WHERE name = 'hostile_$number'") + 2))
    fields=$(for place in $(seq 2 "$last"); do printf 'c%d text,' "$place"; done)
    list=$(for place in $(seq 2 "$last"); do printf 'c%d,' "$place"; done)
    differ=$("$PG_BIN/psql" -XqAt -v ON_ERROR_STOP=1 -d "$OWNER" 2>"$T/err" <<SQL
CREATE TEMP TABLE stored_columns (place int, name text, kind int);
CREATE TEMP TABLE file (${fields%,});
\\copy stored_columns FROM '$folder/columns.csv' (FORMAT csv)
\\copy file (${list%,}) FROM '$folder/copy.csv' (FORMAT csv, HEADER)
CREATE TEMP TABLE differing (n bigint);
DO \$do\$
DECLARE
    item record;
    found bigint;
BEGIN
    FOR item IN SELECT * FROM stored_columns WHERE kind IN (0, 2, 3, 4, 5, 8) LOOP
        EXECUTE format('SELECT count(*) FROM (
            (SELECT c$last AS agency, c2 AS unit, %s FROM file EXCEPT ALL
             SELECT a.name, o.pilot_unit, %s FROM outcomes.hostile_$number o
             JOIN registry.submissions s ON s.submission = o.pilot_submission JOIN registry.agencies a USING (agency))) d',
            CASE WHEN item.kind IN (5, 8) THEN format('c%s::float8', item.place) ELSE 'c' || item.place END,
            CASE WHEN item.kind IN (0, 5, 8) THEN format('o.%I', item.name)
                 ELSE format('(SELECT d.labels[o.%I + 1] FROM registry.dictionaries d
                     WHERE d.submission = o.pilot_submission AND d.column_name = %L)', item.name, item.name) END)
            INTO found;
        INSERT INTO differing VALUES (found);
    END LOOP;
END \$do\$;
SELECT sum(n), count(*) >= 9 FROM differing;
SQL
    )
    [ "$differ" = "0|t" ]
    note $? "values ($differ)"
done
is "$(cat "$T/failed")" "" "$count attacks in every text of a plan and its data: registered, granted, submitted, launched"
ok "$((texts < 60 * count))" "that is $texts texts"

# ---- results -----------------------------------------------------------------------------------------
start_farm 2 "$OWNER" "$OWNER"
for _ in $(seq 600); do
    left=$(sql "SELECT count(*) FROM work.analyses WHERE state IN ('queued', 'running')")
    [ "$left" = 0 ] && break
    sleep 0.1
done
is "$(sql "SELECT count(*) FROM work.analyses WHERE state = 'done'")" "$count" "all are computed"
end_farm
: >"$T/failed"
for number in $(seq "$count"); do
    folder=$T/h$number
    try "$PILOT" results "hostile_$number" --view effects --format json --db "$EVA"
    note "$status" "results as JSON"
    cp "$T/out" "$folder/effects.json"
    try "$PILOT" results "hostile_$number" --view effects --format csv --db "$EVA"
    note "$status" "results as CSV"
    cp "$T/out" "$folder/effects.csv"
    try "$PILOT" results "hostile_$number" --view effects --db "$EVA"
    note "$status" "results as a table"
    [ "$(tr -d '[:print:][:space:]\200-\377' <"$T/out" | wc -c)" -eq 0 ]
    note $? "a table without control characters"
    # Read back by somebody else's parser.
    jq -e --rawfile agency "$folder/agency" --rawfile outcome "$folder/outcome" --rawfile arm "$folder/treatment" \
        'any(.[]; .agency == $agency) and any(.[]; .outcome == $outcome) and any(.[]; .arm == $arm)' \
        "$folder/effects.json" >"$T/log" 2>"$T/err"
    note $? "texts in JSON"
    found=$("$PG_BIN/psql" -XqAt -v ON_ERROR_STOP=1 -d "$OWNER" 2>"$T/err" <<SQL
CREATE TEMP TABLE effects ("$(head -n 1 "$folder/effects.csv" | sed 's/,/" text, "/g')" text);
\\copy effects FROM '$folder/effects.csv' (FORMAT csv, HEADER)
SELECT bool_or(agency = pg_read_file('$folder/agency')) AND bool_or(outcome = pg_read_file('$folder/outcome'))
   AND bool_or(arm = pg_read_file('$folder/treatment')) FROM effects;
SQL
    )
    [ "$found" = t ]
    note $? "texts in CSV"
done
is "$(cat "$T/failed")" "" "every text comes back byte for byte through views, CSV and JSON"

# ---- withdrawal, and NUL -------------------------------------------------------------------------------
: >"$T/failed"
for number in 1 4 7 10 11; do
    bytes=$(cat "$T/attacks/$number")
    try "$PILOT" withdraw "hostile_$number" --agency "$(cat "$T/h$number/agency")" --reason "$bytes" --yes --db "$OWNER"
    note "$status" withdraw
    [ "$(sql "SELECT count(*) FROM registry.submissions JOIN registry.agencies USING (agency)
        JOIN registry.pilots USING (pilot) WHERE pilots.name = 'hostile_$number' AND state = 'withdrawn'")" -ge 1 ]
    note $? "withdrawn"
done
is "$(cat "$T/failed")" "" "reasons of withdrawals too"
printf 'version: 1\npilot: nul\ntitle: a\0b\n' >"$T/nul.yaml"
fails 2 'NUL' "NUL in a plan" "$PILOT" register "$T/nul.yaml" --db "$EVA"
sed 's/hostile_1\b/hostile_nul/' "$T/h1/plan.yaml" >"$T/nul.yaml"
for text in "a'; DROP TABLE public.canary; --" 'Hostile' 'x"' "$(printf 'a%.0s' $(seq 64))"; do
    sed "s|pilot: \"hostile_1\"|pilot: \"$(sed 's/"/\\\\"/g' <<<"$text")\"|" "$T/h1/plan.yaml" >"$T/name.yaml"
    fails 2 "not a pilot's name" "a pilot called $text" "$PILOT" register "$T/name.yaml" --db "$EVA"
done
fails 2 'no pilot' "a pilot asked for by injection" "$PILOT" submit "x'; DROP TABLE public.canary; --" "$T/h1/copy.csv" --db "$EVA"

# ---- nothing has happened ----------------------------------------------------------------------------
CONNINFO=$OWNER
is "$(sql "SELECT song FROM public.canary")" tweet "the canary sings"
is "$(dump)" "$before" "the schema is what it was"
is "$(sql "SELECT count(*) FROM pg_class c WHERE c.relnamespace = 'outcomes'::regnamespace AND c.relkind = 'p'")" \
    "$count" "a table a pilot, and no other"
try "$PILOT" audit --verify --db "$OWNER"
well "the audit log holds all of it, and its chain"
is "$(grep -c 'syntax error' "$PG_HOME/log")" 0 "no statement was ever broken"
finish
