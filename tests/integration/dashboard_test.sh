#!/bin/bash
# pilot dashboard: every address, method and header; what is shown equals dashboard.*; hostile names;
# rights; a database that goes and comes; progress and events while an analysis runs.
. "$(dirname "$0")/server.sh"
. tests/integration/dashboard.sh
OWNER=$CONNINFO
PUBLIC=$(as dashboard_public)
stop_farm_and_server() {
    [ -z "${dashboard:-}" ] || kill -9 "$dashboard" 2>/dev/null
    [ -z "${coordinator:-}" ] || kill -9 "$coordinator" "$worker" 2>/dev/null
    pg_stop immediate
}
more_cleanup() { stop_farm_and_server; }
try "$PILOT" init --db "$OWNER"
well "init"
logins dashboard_public dashboard_nobody dashboard_evaluator

# ---- who may start it -----------------------------------------------------------------------------
fails 4 "no role of pilot" "a login without a role" \
    "$PILOT" dashboard --listen 127.0.0.1:0 --db "$(as dashboard_nobody)"
try "$PILOT" grant evaluator dashboard_evaluator --db "$OWNER"
fails 4 "is no dashboard's" "an evaluator" "$PILOT" dashboard --listen 127.0.0.1:0 --db "$(as dashboard_evaluator)"
try "$PILOT" grant dashboard dashboard_public --db "$OWNER"
well "a login for the dashboard"
sql "GRANT SELECT ON results.effects TO pilot_dashboard"
fails 4 "may use results.effects" "a role that may read more" "$PILOT" dashboard --listen 127.0.0.1:0 --db "$PUBLIC"
sql "REVOKE SELECT ON results.effects FROM pilot_dashboard"
sql "ALTER ROLE dashboard_public SET log_statement = 'all'"
for listen in 127.0.0.1 127.0.0.1:http 127.0.0.1:65536 "[::1" ":80" "::1:80" ""; do
    fails 2 "--listen" "--listen '$listen'" "$PILOT" dashboard "--listen=$listen" --db "$PUBLIC"
done
fails 2 "there is no host" "a host that is not there" "$PILOT" dashboard --listen nowhere.invalid:80 --db "$PUBLIC"
start_dashboard --db "$PUBLIC"
ok $? "it starts, as a login that is nothing else"
fails 2 "in use" "an address that is taken" "$PILOT" dashboard --listen "${URL#http://}" --db "$PUBLIC"

# ---- before anything is released ------------------------------------------------------------------
get /
is "$status" 200 "the first page is there"
like "$body" "Nothing is released yet" "and says that there is nothing"
get /pilot/star_kindergarten
is "$status" 404 "a pilot that is not released is not found"
get /compare
is "$status" 200 "nothing can be compared, and that is a page"
curl -sN -m 120 "$URL/events" >"$T/events" &
listener=$!
try "$PILOT" run "$PLAN" "$DATA" --db "$OWNER" --workers 2 --format csv
well "a run of 79 schools"
is_released() { [ "$(sql "SELECT count(*) FROM dashboard.releases")" = "$1" ]; }
wait_for is_released 1
shows() { get "$1" && grep -q "$2" "$T/body"; }
wait_for shows / /pilot/star_kindergarten
ok $? "the first page has it without being started again"

# ---- addresses ------------------------------------------------------------------------------------
PAGE=/pilot/star_kindergarten
for path in / "$PAGE" "$PAGE/agency/11" "/compare?pilot=star_kindergarten" "$PAGE?analysis=1&outcome=math&arm=small" \
    "$PAGE?sort=-estimate&page=2&q=1" "$PAGE?page=all"; do
    get "$path"
    is "$status" 200 "$path is a page"
    is "$(header Content-Type)" "text/html; charset=utf-8" "$path: of HTML"
    is "$(grep -c ' style=\| onclick=\| onload=\|<style\|javascript:' "$T/body")" 0 "$path: without inline styles and scripts"
done
for path in /nothing /pilot /pilot/ /pilot/nothing "$PAGE/" "$PAGE/agency" "$PAGE/agency/none" "$PAGE?analysis=99" \
    "$PAGE?outcome=none" "/a/b/c/d/e/f/g/h/i/j" "$PAGE?format=csv&table=none" /etc/passwd /../../etc/passwd; do
    get "$path" --path-as-is
    is "$status" 404 "$path is not found"
    like "$body" "<h1>There is no such page</h1>" "$path: in plain words"
done
for path in "$PAGE?analysis=x" "$PAGE?analysis=-1" "$PAGE?analysis=99999999999999999999" "$PAGE?sort=nothing" \
    "$PAGE?sort=estimate%3B" "$PAGE?page=0" "$PAGE?page=x" "$PAGE?format=xml" "/%" "/%0" "/%zz" "/%00" "/pilot/%ff" \
    "/?q=%c0%af" "/compare?$(printf 'pilot=p%s&' 1 2 3 4 5 6 7 8 9)" "/?$(printf 'a=%s&' $(seq 40))"; do
    get "$path"
    is "$status" 400 "$path is refused"
done
get "/?q=$(printf 'x%.0s' $(seq 2100))"
is "$status" 414 "an address of more than 2,048 bytes is refused"
get "/?q=$(printf 'x%.0s' $(seq 40000))"
like "$status" '^(414|431|400)$' "a far longer one too"

# ---- methods --------------------------------------------------------------------------------------
for method in POST PUT DELETE PATCH OPTIONS TRACE CONNECTX; do
    get / -X "$method"
    is "$status" 405 "$method is refused"
    is "$(header Allow)" "GET, HEAD" "$method: with what is allowed"
done
get / -X POST --data-binary @"$DATA"
is "$status" 405 "a body is refused"
get / -X GET --data x
is "$status" 400 "a GET has no body"
get / -I
is "$status $(wc -c <"$T/body")" "200 $(wc -c <"$T/head.crlf")" "HEAD gives headers alone"
get /
length=$(header Content-Length)
is "$length" "$(wc -c <"$T/body")" "Content-Length is the page's"

# ---- headers --------------------------------------------------------------------------------------
for path in / /nothing /style.css /script.js "/?format=csv" "$PAGE?format=json"; do
    get "$path"
    is "$(header Content-Security-Policy)" "default-src 'none'; style-src 'self'; script-src 'self'; \
img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'" "$path: the policy"
    is "$(header X-Content-Type-Options)/$(header Referrer-Policy)/$(header X-Frame-Options)" \
        "nosniff/no-referrer/DENY" "$path: nosniff, no referrer, no frames"
    is "$(header Set-Cookie)$(header Server)" "" "$path: no cookies"
done
get /
etag=$(header ETag)
is "$(header Cache-Control)" no-cache "a browser asks again before it shows an old page"
get / -H "If-None-Match: $etag"
is "$status/$(wc -c <"$T/body")/$(header ETag)" "304/0/$etag" "and is told that it has not changed"
get / -H 'If-None-Match: "other"'
is "$status" 200 "or gets the new one"
get /nothing
is "$(header Cache-Control)" no-store "an error is not kept"

# ---- names of the server --------------------------------------------------------------------------
for host in evil.example evil.example:80 127.0.0.1.evil.example localhost.evil.example "[::1].evil" 10.0.0.1 "" "a b"; do
    get / -H "Host: $host"
    like "$status" '^(421|400)$' "Host '$host' is refused"
done
for host in localhost LOCALHOST:8080 127.0.0.1 127.8.8.8:1 '[::1]:8080' pilot.localhost localhost.; do
    get / -H "Host: $host"
    is "$status" 200 "Host $host is ours"
done

# ---- what is shown is what dashboard.* holds ------------------------------------------------------
as_csv() { # SQL: as RFC 4180, LF
    "$PG_BIN/psql" -XqAt -d "$OWNER" -c "COPY ($1) TO STDOUT (FORMAT csv, HEADER)"
}
cell() { # column...: the number or its mark
    local column
    for column; do printf ', COALESCE(t.%s::text, t.%s_mark::text) AS %s' "$column" "$column" "$column"; done
}
contrast="t.outcome = 'reading' AND t.arm = 'small' AND t.subgroup IS NULL AND t.estimand = 'itt'"
agencies="SELECT agency, analysis, estimator$(cell estimate std_error eb_estimate eb_std_error ceb_estimate p_exceeds rank rank_low \
rank_high rank_simultaneous_low rank_simultaneous_high weight leave_one_out_estimate), status, reason
    FROM dashboard.agencies t WHERE $contrast"
get "$PAGE?outcome=reading&arm=small&format=csv&page=all"
is "$(header Content-Type)" "text/csv; charset=utf-8; header=present" "CSV is CSV"
is "$(tr -cd '\r' <"$T/body" | wc -c)" "$(wc -l <"$T/body")" "its lines end as RFC 4180 has it"
is "$(tr -d '\r' <"$T/body" | md5sum)" "$(as_csv "$agencies ORDER BY agency COLLATE \"C\"" | md5sum)" \
    "agencies' CSV is what dashboard.agencies holds"
get "$PAGE?outcome=reading&arm=small&format=csv"
is "$(tr -d '\r' <"$T/body" | md5sum)" "$(as_csv "$agencies ORDER BY agency COLLATE \"C\" LIMIT 50" | md5sum)" \
    "a page's CSV is the page's rows"
get "$PAGE?outcome=reading&arm=small&sort=-estimate&page=2&format=csv"
is "$(tr -d '\r' <"$T/body" | md5sum)" \
    "$(as_csv "$agencies ORDER BY t.estimate DESC NULLS LAST, agency COLLATE \"C\" LIMIT 50 OFFSET 50" | md5sum)" \
    "in the order that was asked for"
get "$PAGE?outcome=reading&arm=small&q=7&format=csv"
is "$(tr -d '\r' <"$T/body" | md5sum)" \
    "$(as_csv "$agencies AND position('7' IN agency) > 0 ORDER BY agency COLLATE \"C\"" | md5sum)" "and of what was searched for"
get "$PAGE?outcome=reading&arm=small&q=%25&format=csv"
is "$(wc -l <"$T/body")" 1 "% is no wildcard"
get "$PAGE?outcome=reading&arm=small&q=%27%20OR%20true%20--&format=csv"
is "$status $(wc -l <"$T/body")" "200 1" "nor is SQL, SQL"
get "$PAGE?outcome=reading&arm=small&format=json&page=all"
is "$(header Content-Type)" "application/json" "JSON is JSON"
is "$(jq -r '.[] | [.agency, .estimate, .estimate_mark] | @csv' "$T/body" | md5sum)" \
    "$(sql "SELECT agency, estimate, estimate_mark FROM dashboard.agencies t WHERE $contrast ORDER BY agency COLLATE \"C\"" |
        awk -F'|' '{ printf "\"%s\",%s,%s\n", $1, $2, $3 == "" ? "" : "\"" $3 "\"" }' | md5sum)" "with a null and its mark"
get "/?format=json&table=submissions&page=all"
is "$(jq length "$T/body")" "$(sql "SELECT count(*) FROM dashboard.submissions")" "submissions are the live view's"
get "$PAGE/agency/11?format=json&table=effects"
is "$(jq length "$T/body")" "$(sql "SELECT count(*) FROM dashboard.effects WHERE agency = '11'")" "an agency has all its effects"
get "$PAGE?outcome=reading&arm=small"
is "$(grep -c '<tr><td' "$T/body")" 0 "every row has a head"
first=$(sql "SELECT agency FROM dashboard.agencies t WHERE $contrast ORDER BY agency COLLATE \"C\" LIMIT 1")
like "$body" "href=\"/pilot/star_kindergarten/agency/$first\?analysis=1\"" "an agency's name leads to its page"

# ---- what an attacker would name an agency --------------------------------------------------------
evil='<script>alert(1)</script>'
awk -F, -v OFS=, -v evil="\"$evil \"\"&amp;'/../?#%41\"" 'NR > 1 && $2 == 11 { $2 = evil } { print }' "$DATA" >"$T/evil.csv"
sed 's/pilot: star_kindergarten/pilot: evil/; s/title: .*/title: "<img src=x onerror=alert(2)>"/' "$PLAN" >"$T/evil.yaml"
try "$PILOT" run "$T/evil.yaml" "$T/evil.csv" --db "$OWNER" --workers 2 --format csv
well "a run with a hostile name"
wait_for is_released 2
name="$evil \"&amp;'/../?#%41"
encoded=$(jq -rn --arg name "$name" '$name | @uri' | sed "s/'/%27/g")
wait_for shows /pilot/evil alert
for path in / /pilot/evil "/pilot/evil/agency/$encoded" "/compare?pilot=evil" "/?q=$encoded" "/compare?pilot=$encoded"; do
    get "$path" --path-as-is
    is "$status" 200 "$path is a page"
    is "$(grep -c '<script>\|<img src=x\|alert(1)</script>' "$T/body")" 0 "what it holds is text"
done
get "/pilot/evil/agency/$encoded" --path-as-is
like "$body" '&lt;script&gt;alert\(1\)&lt;/script&gt; &quot;&amp;amp;&#39;/../\?#%41' "the name is shown as it is"
get "/?q=$encoded&table=submissions&format=json"
is "$(jq -r '.[].agency' "$T/body")" "$name" "and found, and the same in JSON"
get "/pilot/$encoded"
is "$status" 404 "as a pilot it is not found"
is "$(grep -c '<script>' "$T/body")" 0 "and not repeated"
get "/?q=%3Cscript%3Ex&sort=agency"
is "$(grep -c '<script>x' "$T/body")" 0 "what was searched for is text too"

# ---- random addresses -----------------------------------------------------------------------------
answers=$(awk -v seed="${DASHBOARD_SEED:-1985}" 'BEGIN {
    srand(seed)
    split("/ pilot star_kindergarten agency 11 evil compare ? & = + % %2F %00 %ff .. ; \" < > ! $ * ( ) , : @ ~ analysis outcome arm sort page q format table csv json html 1 -1 99999999999999999999 reading - [] {} | %C3%A9 %F0%9F%98%80 all estimate", word, " ")
    n = length(word)
    for (i = 0; i < 400; i++) { u = "/"; for (j = 0; j < 1 + rand() * 9; j++) u = u word[1 + int(rand() * n)]; print u }
}' | while read -r path; do
    curl -s -g -m 20 --path-as-is -o "$T/body" -w '%{http_code}\n' "$URL${path// /}"
done | sort | uniq -c | awk '{ print $2 }' | tr '\n' ' ')
like "$answers" '^(200 )?(400 )?(404 )?$' "random addresses are pages, refused or not found, and never anything else: $answers"
kill -0 "$dashboard"
ok $? "it is still there"

# ---- limits ---------------------------------------------------------------------------------------
get / --http1.0 -H 'Host:'
is "$status" 400 "a request that names no host is refused"
get /events -I
is "$status/$(header Content-Type)" "200/text/event-stream" "HEAD of the stream of events ends"
codes=$(for _ in $(seq 140); do
    curl -sN -m 4 -o /dev/null -w '%{http_code}\n' "$URL/events" &
done | sort | uniq -c | awk '{ printf "%s:%s ", $2, $1 }')
like "$codes" '^200:1[0-2][0-9] 503:1[0-9] $' "of 140 listeners at once the last ones are sent away: $codes"
get /
is "$status" 200 "pages are there all the while"

# ---- slow clients ---------------------------------------------------------------------------------
exec 3<>"/dev/tcp/127.0.0.1/${URL##*:}"
began=$SECONDS
printf 'GET / HTTP/1.1\r\nHost: localhost\r\n' >&3
(for _ in $(seq 30); do printf 'X: y\r\n' >&3 || break; sleep 1; done) 2>/dev/null &
dripping=$!
timeout 40 cat <&3 >"$T/drip"
took=$((SECONDS - began))
kill "$dripping" 2>/dev/null
exec 3>&-
[ "$took" -ge 8 ] && [ "$took" -le 16 ]
ok $? "who drips a head, line by line, is cut off after ten seconds ($took)"
get /
is "$status" 200 "others do not notice"

# ---- the database goes and comes ------------------------------------------------------------------
pg_stop immediate
is_down() { get "$1" && [ "$status" = 503 ]; }
wait_for is_down /
ok $? "without a database it says 503"
like "$body" "database does not answer" "in plain words"
is "$(header Retry-After)" 5 "and when to try again"
get /style.css
is "$status" 200 "what needs none is there"
get "/pilot/star_kindergarten"
is "$status" 503 "nothing old is shown as if it were new"
pg_start
is_up() { get "$1" && [ "$status" = 200 ]; }
wait_for is_up /
ok $? "when it is back, so are the pages"
wait_for is_up "$PAGE?outcome=reading&arm=small"
ok $? "all of them"

# ---- progress -------------------------------------------------------------------------------------
make_large 12
for file in large; do
    try "$PILOT" register "$T/$file.yaml" --db "$OWNER"
    well "a larger pilot"
    try "$PILOT" submit "$file" "$T/$file.csv" --db "$OWNER"
    well "its data"
done
analysis=$("$PILOT" launch large --db "$OWNER" 2>"$T/err")
under_way() { get "/?format=json&table=running" && [ "$(jq length "$T/body")" = 1 ]; }
wait_for under_way
ok $? "an analysis that nobody computes yet is shown"
is "$(jq -r '.[] | [.analysis, .pilot, .state, .jobs_done] | @csv' "$T/body")" "$analysis,\"large\",\"queued\",0" "as queued"
get /
like "$body" "<progress [^>]*value=\"0\"" "with an empty bar"
is "$(grep -c 'href="/pilot/large' "$T/body")" 0 "and no link to what is not released"
kill "$listener" 2>/dev/null
curl -sN -m 300 "$URL/events" >"$T/events" &
listener=$!
start_farm 1 "$OWNER" "$OWNER"
seen=''
for _ in $(seq 600); do
    get "/?format=json&table=running"
    [ "$status" = 200 ] || break
    seen+=$(jq -r '.[] | "\(.state):\(.jobs_done)/\(.jobs) "' "$T/body")
    [ "$(jq length "$T/body")" = 0 ] && break
    sleep 0.1
done
like "$seen" 'running:[0-9]+/[1-9]' "it is shown as running"
wait_for is_released 3
wait_for shows / /pilot/large
ok $? "and then as a pilot with results"
told() { grep -q "$1" "$T/events"; }
wait_for told "\"pilot\" *: *\"large\""
ok $? "listeners were told of its progress"
is "$(grep -o '"jobs_done" *: *[0-9]*' "$T/events" | sort -u | wc -l | awk '{ print ($1 >= 2) }')" 1 "more than once"
like "$(tail -20 "$T/events")" '^event: results' "and of its end"
get "/?format=json&table=running"
is "$(jq length "$T/body")" 0 "nothing is under way any more"
end_farm
kill "$listener" 2>/dev/null

# ---- data is withdrawn ----------------------------------------------------------------------------
get /pilot/evil
is "$status" 200 "a page is there, and kept"
try "$PILOT" withdraw evil --agency "$name" --yes --reason "a mistake" --db "$OWNER"
well "an agency withdraws"
wait_for shows /pilot/evil "There is no such page"
ok $? "what used its data is gone at once, from the kept pages too"

# ---- only dashboard.* -----------------------------------------------------------------------------
grep -E 'statement: |execute ' "$PG_HOME/log" | grep -v 'CREATE\|GRANT' >"$T/statements"
grep 'pilot_dashboard\|dashboard\.' "$T/statements" | grep -oE '(FROM|JOIN) +[a-z_]+\.[a-z_]+' |
    sort -u >"$T/read"
is "$(grep -c 'FROM dashboard\.analyses' "$T/read")" 1 "the log of its statements was kept"
is "$(grep -vE ' (dashboard|pg_catalog)\.' "$T/read" | tr '\n' ';')" "" "it reads dashboard.* and nothing else"

# ---- its end --------------------------------------------------------------------------------------
curl -sN -m 60 "$URL/events" >"$T/events" &
listener=$!
sleep 0.3
began=$(date +%s%N)
kill -TERM "$dashboard"
wait "$dashboard"
is $? 0 "SIGTERM ends it well"
[ $(($(date +%s%N) - began)) -lt 3000000000 ]
ok $? "within seconds, listeners or not"
wait "$listener"
is $? 0 "a listener sees the end of its stream"
is "$(grep -vc '^pilot dashboard: \|level=' "$T/dashboard.log")" 0 "its log has one line an event"
dashboard=''

# ---- other addresses ------------------------------------------------------------------------------
"$PILOT" dashboard --listen '[::1]:0' --db "$PUBLIC" 2>"$T/dashboard.log" &
dashboard=$!
if wait_for grep -q 'http://\[::1\]:' "$T/dashboard.log"; then
    URL=$(sed -n 's/^pilot dashboard: \(http:[^ ]*\)\/ .*/\1/p' "$T/dashboard.log")
    get / -g
    is "$status" 200 "it listens on IPv6"
else
    echo "# no IPv6 here: $(cat "$T/dashboard.log")"
fi
kill -INT "$dashboard" 2>/dev/null
wait "$dashboard" 2>/dev/null
start_dashboard --db "$PUBLIC" --host pilots.example,www.pilots.example
get / -H 'Host: www.pilots.example'
is "$status" 200 "a name that is given is ours"
get / -H 'Host: evil.example'
is "$status" 421 "others are not"
kill "$dashboard"
wait "$dashboard"
dashboard=''

# ---- embedded -------------------------------------------------------------------------------------
try "$PILOT" run "$PLAN" "$DATA" --dir "$DIR" --workers 2 --format csv
well "an embedded run"
start_dashboard --dir "$DIR"
ok $? "the embedded database has a dashboard too"
get /pilot/star_kindergarten
is "$status" 200 "with its pages"
sed 's/pilot: star_kindergarten/pilot: lower/; s/secondary, better: higher/secondary, better: lower/
    s/  - {name: math/  - {name: above, type: binary, column: free_lunch, better: lower}\n&/; /{name: free_lunch/d
    s/estimators: auto .*/estimators: [difference_in_means, odds_ratio]/' "$PLAN" >"$T/lower.yaml"
try "$PILOT" run "$T/lower.yaml" "$DATA" --dir "$DIR" --workers 2 --format csv
well "a run where lower is better"
wait_for shows /pilot/lower Summary
get "/compare?pilot=lower&format=json"
is "$(jq -c 'map(select(.standardized) | [.outcome, .estimate * .standardized > 0, .standardized_low < .standardized_high]) | unique' "$T/body")" \
    '[["math",false,true],["reading",true,true]]' "side by side, more is better"
get "/compare?pilot=lower"
like "$body" '<td>odds_ratio</td><td class="n">[^/]*</td><td class="n">×[0-9.]+</td>' "a logarithm is told as a ratio"
try "$PILOT" report lower --dir "$DIR" --audience public --format md --output -
is "$(grep -c '^| *reading: .*odds ratio' "$T/out")" 0 "what fits no outcome is not called suppressed"
is "$("$PILOT" status --dir "$DIR" >"$T/out" 2>&1; echo $?)" 0 "beside other commands"
kill -INT "$dashboard"
wait "$dashboard"
is $? 0 "Ctrl-C ends it"
dashboard=''
finish
