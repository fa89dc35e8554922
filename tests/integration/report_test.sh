#!/bin/bash
# `pilot report`: its numbers are those of results, its words follow from them, it needs nothing but
# itself, and the public's holds nothing that is not released.
. "$(dirname "$0")/common.sh"

report() { try "$PILOT" report "$@"; }
# The CSV that a page holds, by its name.
csv_in() { # FILE NAME
    perl -0ne 'if (/download="'"$2"'\.csv" href="data:text\/csv;charset=utf-8,([^"]*)"/) {
        my $csv = $1; $csv =~ s/%([0-9A-F]{2})/chr hex $1/ge; print $csv }' "$1"
}
# Text without tags, blanks as one.
words_of() { sed -E '/<style>/,/<\/style>/d; s/<[^>]*>/ /g; s/&lt;/</g; s/&gt;/>/g' "$1" | tr -s ' \n' ' '; }
# What is wrong with a page: nothing.
faults() { # FILE
    xmllint --html --noout "$1" 2>&1 | grep -a ' error : ' | grep -av 'Tag [a-z]* invalid'
    perl -0ne 'my $page = $_;
        my %seen; $seen{$1}++ while $page =~ / id="([^"]*)"/g;
        $seen{$_} > 1 and print "id $_ twice\n" for sort keys %seen;
        $page =~ /href="#([^"]*)"/ or print "no contents\n";
        while ($page =~ /href="#([^"]*)"/g) { $seen{$1} or print "no $1 to go to\n" }
        my $level = 0;
        while ($page =~ /<h([1-6])/g) { $1 > $level + 1 and print "h$1 behind h$level\n"; $level = $1 }
        (my $count = () = $page =~ /<h1/g) == 1 or print "$count h1\n";
        $page =~ /<html lang="en">/ or print "no language\n";
        $page =~ /<main id="main">/ or print "no main\n";
        while ($page =~ /<table.*?<\/table>/gs) {
            my $table = $&;
            $table =~ /<caption>[^<]+/ or print "a table without a caption\n";
            $table =~ /<th(?! scope)/ and $table !~ /<thead/ and print "a header without scope\n";
        }
        while ($page =~ /<svg[^>]*>/g) { $& =~ /role="img"/ or print "a picture without a role: $&\n" }
        while ($page =~ /(src|href|action)\s*=\s*["\x27]?([^"\x27\s>]*)/gi) {
            $2 =~ /^(#|data:text\/csv)/ or print "an address: $2\n" }
        while ($page =~ m{https?://[^\s<"]*}g) { print "an address: $&\n" }
        $page =~ /url\(|\@import/ and print "a style from elsewhere\n"' "$1"
}

# ---- the demo ------------------------------------------------------------------------------------
try "$PILOT" run "$PLAN" "$DATA" --dir "$DIR" --report "$T/run.html"
is "$status" 0 "a run with a report"
like "$err" "^report: $T/run.html$" "it tells where"
report star_kindergarten --dir "$DIR" --output "$T/report.html"
well "a report"
is "$out" "" "nothing on standard output"
same "$T/run.html" "$T/report.html" "the same analysis gives the same bytes"
report star_kindergarten --dir "$DIR" --output -
same "$T/out" "$T/report.html" "- is standard output"
is "$(faults "$T/report.html")" "" "sound, with no address of anything else"
is "$(($(wc -c <"$T/report.html") < 1000000))" 1 "below 1 MB"

"$PILOT" results star_kindergarten --dir "$DIR" --view comparison --format csv --all 2>"$T/log" |
    grep -E ',true,[a-z_]*,[a-z_]*,[^,]*,true$' | cut -d, -f3- | sed 's/,true$//' >"$T/want"
csv_in "$T/report.html" comparison | tail -n +2 >"$T/got"
is "$(wc -l <"$T/got")" 16 "the averages' CSV has all headline rows"
same "$T/got" "$T/want" "with the digits of results"
"$PILOT" results star_kindergarten --dir "$DIR" --view agencies --format csv 2>"$T/log" |
    grep '^star_kindergarten,1,reading,,,small,' | cut -d, -f11-15 | LC_ALL=C sort >"$T/want"
csv_in "$T/report.html" agencies-10 | tail -n +2 | cut -d, -f1,3,4,8,9 | LC_ALL=C sort >"$T/got"
is "$(wc -l <"$T/got")" 79 "the agencies' CSV has every agency"
same "$T/got" "$T/want" "with the digits of results"
"$PILOT" results star_kindergarten --dir "$DIR" --view effects --format csv 2>"$T/log" |
    grep ',pooled,' | cut -d, -f5-19 >"$T/want"
csv_in "$T/report.html" effects | tail -n +2 | cut -d, -f1-15 >"$T/got"
same "$T/got" "$T/want" "pooled effects with the digits of results"

words_of "$T/report.html" >"$T/words"
like "$(cat "$T/words")" 'reading: small against regular: better. On average over 78 agencies, the effect is \+6\.6 \(95% interval 3\.3 to 9\.8; p <0\.001\); the mean of regular is 434\.7\.' \
    "the summary tells a benefit with its numbers"
like "$(cat "$T/words")" 'reading: regular\+aide against regular: could not tell: the interval holds both harm and benefit' \
    "and what could not be told"
like "$(cat "$T/words")" 'A new agency may expect an effect between -17\.1 and 30\.2' "and what a new agency may expect"
is "$(grep -ci significant "$T/words")" 0 "nothing is called significant"
like "$(cat "$T/words")" "SHA-256 of the plan [0-9a-f]{64} SHA-256 of the data [0-9a-f]{64}" "hashes are there"
like "$(cat "$T/words")" "pilot report star_kindergarten --analysis 1 --output report.html" "and the command"
like "$(cat "$T/words")" "[0-9]+ quality checks ring" "alarms are told"
is "$(grep -o '<h2[^>]*>[^<]*' "$T/report.html" | sed 's/.*>//' | head -3 | paste -sd,)" \
    "Summary,Quality alarms,What was planned" "alarms come before the numbers"

# ---- Markdown ------------------------------------------------------------------------------------
report star_kindergarten --dir "$DIR" --output "$T/report.md"
well "Markdown by the file's name"
is "$(head -1 "$T/report.md")" "# Smaller classes in Tennessee kindergartens" "its title"
is "$(grep -c '<[a-z]' "$T/report.md")" 0 "no HTML in it"
like "$(cat "$T/report.md")" '^- \*\*reading: small against regular: better\.\*\* On average' "its summary"
report star_kindergarten --dir "$DIR" --output - --format md
same "$T/out" "$T/report.md" "or by --format"

# ---- the public's --------------------------------------------------------------------------------
report star_kindergarten --dir "$DIR" --audience public --output "$T/public.html"
well "the public's report"
is "$(faults "$T/public.html")" "" "it is as sound"
"$PILOT" results star_kindergarten --dir "$DIR" --audience public --view comparison --format csv --all 2>"$T/log" |
    grep -E ',true,[a-z_]*,[a-z_]*,[^,]*,true$' | cut -d, -f3-15 | sed 's/\bz\b//g' >"$T/want"
csv_in "$T/public.html" comparison | tail -n +2 | cut -d, -f1-13 | sed 's/\bz\b//g' >"$T/got"
same "$T/got" "$T/want" "its numbers are the released ones"
"$PILOT" results star_kindergarten --dir "$DIR" --view agencies --format csv 2>"$T/log" >"$T/all.csv"
"$PILOT" results star_kindergarten --dir "$DIR" --audience public --view agencies --format csv 2>"$T/log" >"$T/released.csv"
paste -d, <(cut -d, -f12 "$T/released.csv") <(cut -d, -f12,13 "$T/all.csv") | grep '^c,' | tr ',' '\n' |
    grep -E '^-?[0-9]+\.[0-9]{6}' | sed -E 's/^(-?[0-9]+\.[0-9]{6}).*/\1/' | sort -u >"$T/hidden"
is "$(($(wc -l <"$T/hidden") > 10))" 1 "some numbers of agencies are suppressed"
is "$(grep -cFf "$T/hidden" "$T/public.html")" 0 "none of them is in the page"
is "$(($(grep -cFf "$T/hidden" "$T/report.html") > 0))" 1 "the evaluators' page has them"
data=$(words_of "$T/report.html" | grep -oE 'SHA-256 of the data [0-9a-f]{64}' | grep -oE '[0-9a-f]{64}')
is "$(grep -c "$data" "$T/public.html")" 0 "the hash of the data is not in it"
like "$(words_of "$T/public.html")" "What was planned Version 1 of the plan, registered [0-9-]{10}, before any data" "the plan is"

# ---- plans and agencies --------------------------------------------------------------------------
awk 'BEGIN { srand(5); print "site,arm,score,sex"
    for (s = 1; s <= 3; s++) for (i = 1; i <= 40; i++)
        printf "<b>site %d & \"sons\"</b>,%s,%.3f,%d\n", s, i % 2 ? "new" : "old", rand() * 10 + (i % 2) * 3, i % 3 == 0 }' |
    sed -E 's/^(<b>.*<\/b>),/"\1",/; s/"sons"/""sons""/' >"$T/hostile.csv"
cat >"$T/hostile.yaml" <<'YAML'
version: 1
pilot: hostile
title: "<script>alert(1)</script> & so on"
columns: {agency: site, arm: arm}
arms: {control: old, treatments: [new]}
outcomes: [{name: score, type: continuous, role: primary}]
subgroups: [{name: sex, type: binary}]
agencies: [{name: "absent <i>one</i>"}]
disclosure: {minimum_count: 500}
YAML
try "$PILOT" run "$T/hostile.yaml" "$T/hostile.csv" --dir "$DIR" --report "$T/hostile.html"
is "$status" 0 "names that look like HTML"
is "$(grep -c 'script>alert\|<b>site\|<i>one' "$T/hostile.html")" 0 "stay text"
is "$(faults "$T/hostile.html")" "" "and break nothing"
like "$(words_of "$T/hostile.html")" "No data of 1 agency that the plan lists: absent <i>one" "a missing agency is told"
report hostile --dir "$DIR" --audience public --output "$T/nothing.html"
well "a report of which everything is suppressed"
is "$(faults "$T/nothing.html")" "" "is a page all the same"
like "$(words_of "$T/nothing.html")" "score: new against old: not shown, so that nobody can be recognized" "and says so"

sed 's/role: primary/role: primary, better: lower/; s/minimum_count: 500/minimum_count: 5/' "$T/hostile.yaml" >"$T/changed.yaml"
"$PILOT" register "$T/changed.yaml" --dir "$DIR" >"$T/log" 2>&1
"$PILOT" launch hostile --follow --exploratory "another look" --dir "$DIR" >"$T/log" 2>&1
report hostile --dir "$DIR" --output "$T/changed.html"
well "a report of a changed plan"
like "$(words_of "$T/changed.html")" "This analysis is not confirmatory: " "that it is not confirmatory comes first"
like "$(words_of "$T/changed.html")" 'outcomes\[score\]\.better \(not given\) lower 2 ' "each deviation is told"
like "$(words_of "$T/changed.html")" "score: new against old: worse" "which way is better follows the plan"
report hostile --dir "$DIR" --analysis 2 --output "$T/first.html"
same "$T/first.html" "$T/hostile.html" "an earlier analysis by its id"

grep -v 'site [23]' "$T/hostile.csv" >"$T/one.csv"
sed 's/pilot: hostile/pilot: single/; /agencies:/d' "$T/hostile.yaml" >"$T/one.yaml"
try "$PILOT" run "$T/one.yaml" "$T/one.csv" --dir "$DIR" --report "$T/one.html"
is "$(faults "$T/one.html")" "" "one agency: a page"
like "$(words_of "$T/one.html")" "Over 40 units, the effect is" "answered by its units"
like "$(words_of "$T/one.html")" "Only one agency" "with what that cannot tell"
grep -v ',new,' "$T/one.csv" >"$T/armless.csv"
sed 's/pilot: hostile/pilot: armless/; /agencies:/d' "$T/hostile.yaml" >"$T/armless.yaml"
try "$PILOT" run "$T/armless.yaml" "$T/armless.csv" --dir "$DIR" --report "$T/armless.html"
is "$(faults "$T/armless.html")" "" "an arm without anybody: a page"
like "$(words_of "$T/armless.html")" "score: new against old: not told: " "which says why it tells nothing"

sed 's/pilot: hostile/pilot: extra/; /agencies:/d; s/treatments: \[new\]/treatments: [new, never]/' "$T/hostile.yaml" >"$T/extra.yaml"
try "$PILOT" run "$T/extra.yaml" "$T/hostile.csv" --dir "$DIR" --report "$T/extra.html"
like "$(words_of "$T/extra.html")" "Arm Assigned Received Analysed old - 60 60 new - 60 60 never - 0 0" \
    "a contrast that nobody is in takes no unit from the others"

# ---- what goes wrong -----------------------------------------------------------------------------
echo before >"$T/kept.html"
report nobody --dir "$DIR" --output "$T/kept.html"
like "$err" "no finished analysis of a pilot 'nobody'" "an unknown pilot: says so"
is "$(cat "$T/kept.html")" before "and leaves the file alone"
report star_kindergarten --dir "$DIR" --analysis 99 --output "$T/none.html"
like "$err" "no analysis 99 of pilot star_kindergarten" "an unknown analysis: says so"
is "$(ls "$T" | grep -c none.html)" 0 "and writes none"
report star_kindergarten --dir "$DIR"
is "$status" 2 "no --output: a usage error"
report star_kindergarten --dir "$DIR" --output "$T/nowhere/x.html"
is "$status" 2 "a folder that is not there: as with other files"
report star_kindergarten --dir "$DIR" --output "$T/x.html" --format pdf
is "$status" 2 "a format that there is not"
finish
