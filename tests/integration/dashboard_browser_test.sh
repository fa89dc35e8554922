#!/bin/bash
# pilot dashboard in a real browser: clicked through with scripts and without, at 1280 and at 390
# pixels, light and dark; labels, names, headings, tables, contrast; nothing that the policy forbids;
# an analysis that ends while somebody looks.  Screenshots go to $PILOT_SCREENSHOTS if that is set.
. "$(dirname "$0")/server.sh"
. tests/integration/dashboard.sh
. tests/integration/browser.sh
if ! has_browser; then
    echo "1..0 # SKIP there is no chromium with chromedriver here"
    exit 0
fi
OWNER=$CONNINFO
more_cleanup() {
    [ -z "${session:-}" ] || close_browser
    [ -z "${driver:-}" ] || kill "$driver" 2>/dev/null
    [ -z "${dashboard:-}" ] || kill -9 "$dashboard" 2>/dev/null
    pg_stop immediate
}
try "$PILOT" init --db "$OWNER"
well "init"
logins dashboard_public
try "$PILOT" grant dashboard dashboard_public --db "$OWNER"
well "a login for the dashboard"
run() { # plan, data
    try "$PILOT" run "$1" "$2" --db "$OWNER" --workers 2 --format csv
    well "a run of $(basename "$1")"
}
run "$PLAN" "$DATA"
run "$PLAN" "$DATA"
# Long names, and some that look like markup.
awk -F, -v OFS=, 'NR > 1 { $2 = "The Office for <Education> & \"\"Early\"\" Childhood of County No. " $2 ", Département Österreich 教育"; $2 = "\"" $2 "\"" } { print }' \
    "$DATA" >"$T/long.csv"
sed 's/pilot: star_kindergarten/pilot: a_pilot_whose_name_is_as_long_as_names_may_be_x/' "$PLAN" >"$T/long.yaml"
run "$T/long.yaml" "$T/long.csv"
# One agency alone.
awk -F, 'NR == 1 || $2 == 9' "$DATA" >"$T/one.csv"
sed 's/pilot: star_kindergarten/pilot: one/' "$PLAN" >"$T/one.yaml"
run "$T/one.yaml" "$T/one.csv"
is_released() { [ "$(sql "SELECT count(*) FROM dashboard.releases")" = "$1" ]; }
wait_for is_released 4
start_dashboard --db "$(as dashboard_public)"
ok $? "the dashboard starts"
start_driver
ok $? "a browser's driver starts"

good_page() { # name
    local problems
    problems=$(script "$(cat tests/integration/page_checks.js)")
    is "$problems" "[]" "$1"
}
keep_picture() { # name
    [ -z "${PILOT_SCREENSHOTS:-}" ] || screenshot "$PILOT_SCREENSHOTS/$1.png"
}

# ---- the checks themselves ------------------------------------------------------------------------
open_browser on
ok $? "a browser opens"
set_width 390
go "data:text/html,<html><title></title><body><h1>A</h1><h3>B</h3><p id=a>word word</p><p id=a style='color:%23999'>grey</p>\
<input><img src=x><svg width=9 height=9></svg><a href=%23nowhere>x</a><button></button><table><tr><td>1</td></tr></table>\
<div style='width:900px'>wide</div></body></html>"
found=$(script "$(cat tests/integration/page_checks.js)")
for problem in "no language" "no title" "not one <main>" "is there twice" "no label" "without words" "leads nowhere" \
    "an image without alt" "picture without a role" "picture without a name" "leaves levels out" "table without caption" \
    "table without heads" "a contrast of 2" "scrolls sideways: 9"; do
    like "$found" "$problem" "a page with this problem is found out: $problem"
done
go "$URL/"
console >/dev/null
script 'const s = document.createElement("style"); s.textContent = "p{}"; document.head.append(s);
    const i = document.createElement("script"); i.textContent = "window.ran = 1"; document.head.append(i)' >/dev/null
is "$(script 'return window.ran || 0')" 0 "a script that found its way into a page does not run"
like "$(console)" "Content Security Policy" "and the console tells that the policy was broken"

# ---- every page, wide and narrow, light and dark --------------------------------------------------
encoded=$(jq -rn --arg name "$(sql "SELECT min(agency) FROM dashboard.effects WHERE pilot LIKE 'a\\_%'")" '$name | @uri')
pages=(home=/ pilot=/pilot/star_kindergarten "all=/pilot/star_kindergarten?page=all" agency=/pilot/star_kindergarten/agency/11
    compare=/compare long=/pilot/a_pilot_whose_name_is_as_long_as_names_may_be_x
    "longagency=/pilot/a_pilot_whose_name_is_as_long_as_names_may_be_x/agency/$encoded" one=/pilot/one missing=/nothing)
for width in 1280 390; do
    set_width "$width"
    for scheme in light dark; do
        set_scheme "$scheme"
        for page in "${pages[@]}"; do
            go "$URL${page#*=}"
            script "document.querySelectorAll('details').forEach(d => { d.open = true })" >/dev/null
            good_page "${page%%=*} at $width pixels, $scheme, is well made"
            keep_picture "${page%%=*}-$width-$scheme"
        done
    done
done
said=$(console)
is "$(grep -v '404 (Not Found)' <<<"$said" | grep -c .)" 0 "the console says nothing: no violation of the policy, no error"
grep -v '404 (Not Found)' <<<"$said" | head -5 | sed 's/^/# /'
set_scheme light

# ---- clicked through ------------------------------------------------------------------------------
set_width 1280
clicked_through() { # scripts: on | off
    go "$URL/"
    click "$(link star_kindergarten)"
    is "$(address)" "$URL/pilot/star_kindergarten" "scripts $1: a pilot's name leads to its page"
    is "$(text_of h1)" "Smaller classes in Tennessee kindergartens" "scripts $1: which bears its title"
    click "$(link 11)"
    like "$(address)" '/pilot/star_kindergarten/agency/11\?analysis=2$' "scripts $1: an agency's name leads to its page"
    click "$(link star_kindergarten)"
    like "$(address)" '/pilot/star_kindergarten\?analysis=2$' "scripts $1: and back"
    type_into "$(element 'input[name=q]')" 7
    click "$(element 'form.search button')"
    like "$(address)" '[?&]q=7' "scripts $1: a search is an address"
    is "$(script 'return Array.from(document.querySelectorAll("td a, th a")).filter(a => a.pathname.includes("/agency/")).every(a => a.textContent.includes("7"))')" \
        true "scripts $1: what is found has what was searched for"
    click "$(link Effect)"
    like "$(address)" 'sort=estimate&q=7' "scripts $1: sorted, it still has"
    is "$(script 'return document.querySelector("th[aria-sort=ascending]").textContent')" '"Effect"' "scripts $1: the head says so"
    go "$URL/pilot/star_kindergarten"
    click "$(element 'option[value="1"]')"
    click "$(element 'form.choose button')"
    like "$(address)" '\?analysis=1$' "scripts $1: an earlier analysis can be chosen"
    click "$(element 'details.contrasts summary')"
    click "$(link "math: small against regular")"
    like "$(address)" 'analysis=1&outcome=math&arm=small.*#agencies$' "scripts $1: another outcome is an address"
    like "$(text_of '#agencies')" "math: small" "scripts $1: and shown"
    click "$(link Next)"
    like "$(address)" 'outcome=math.*page=2' "scripts $1: so is the next page"
    click "$(link Compare)"
    click "$(element 'input[value=one]')"
    click "$(element 'form.choose button')"
    like "$(address)" '/compare\?pilot=' "scripts $1: pilots are compared by their boxes"
}
clicked_through on
go "$URL/"
wd POST /actions '{"actions": [{"type": "key", "id": "keys", "actions": [{"type": "keyDown", "value": "\uE004"}, {"type": "keyUp", "value": "\uE004"}]}]}' >/dev/null
is "$(script 'return document.activeElement.getAttribute("href")')" '"#content"' "the first key leads to the content"
outline=$(script 'const s = getComputedStyle(document.activeElement); return s.outlineStyle + parseFloat(s.outlineWidth)')
like "$outline" '^"(solid|auto)[1-9]' "and where one is can be seen"

# ---- while an analysis runs -----------------------------------------------------------------------
go "$URL/"
script 'window.untouched = true' >/dev/null
make_large 10
"$PILOT" run "$T/large.yaml" "$T/large.csv" --db "$OWNER" --workers 2 --format csv >"$T/out" 2>"$T/err" &
running=$!
page_has() { [ "$(script "return $1")" = true ]; }
wait_for page_has 'Array.from(document.querySelectorAll("progress")).length > 0'
ok $? "an analysis that was launched appears on the page that is open"
keep_picture running-1280
wait_for page_has 'Array.from(document.querySelectorAll("progress")).some(p => p.value > 0)'
ok $? "its bar moves"
wait "$running"
is $? 0 "it ends"
wait_for page_has '!!document.querySelector("a[href=\"/pilot/large\"]")'
ok $? "its results appear"
is "$(script 'return window.untouched')" true "and the page was not loaded again"
good_page "the page that was changed is well made"
is "$(console | grep -c .)" 0 "the console says nothing"
close_browser

# ---- without scripts ------------------------------------------------------------------------------
open_browser off
ok $? "a browser without scripts opens"
go "$URL/"
is "$(console | grep -c .)" 0 "the console says nothing"
clicked_through off
close_browser
session=''
finish
