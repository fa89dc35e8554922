#!/bin/bash
# Results as a person at a terminal sees them: the forest plot, sorting, the pager; JSON lines.
. "$(dirname "$0")/common.sh"

try "$PILOT" run "$PLAN" "$DATA" --dir "$DIR"
well "a run"
like "$out" "◆ pooled, ━ interval, ┄ prediction" "its comparison is drawn, and says how"
is "$(($(wc -L <"$T/out") <= 80))" 1 "in 80 columns"
"$PILOT" up --dir "$DIR" --workers 1 >"$T/log" 2>&1
show() {
    try "$PILOT" results star_kindergarten --dir "$DIR" "$@"
}

# ---- plot -----------------------------------------------------------------------------------------
show --view agencies
well "agencies"
like "$out" "^\(pooled\) .*◆" "beneath the agencies of a contrast stands what they come to"
like "$out" "^a new agency: \[-[0-9.]+, [0-9.]+\]; τ [0-9.]+, I² [0-9]+%" "with what is predicted"
like "$out" "^14 .*no_control_units" "an agency without an effect says why where the plot would be"
like "$out" "─── 0 ───" "an axis tells where no effect is"
is "$(($(wc -L <"$T/out") <= 80))" 1 "in 80 columns"
try env LC_ALL=C "$PILOT" results star_kindergarten --dir "$DIR" --view agencies
is "$(LC_ALL=C grep -c '[^ -~]' "$T/out")" 0 "without UTF-8 everything is ASCII"
like "$out" "^\(pooled\) .*#" "and drawn all the same"
# bash lives on when a child that got the same Ctrl-C ends well; other shells die of it.
in_terminal() { # columns, rows, command: what the terminal shows
    SHELL=/bin/bash script -qec "stty cols $1 rows $2; $3" /dev/null </dev/null 2>&1 | tr -d '\r'
}
results="$PILOT results star_kindergarten --dir $DIR --view agencies"
for columns in 40 80 120; do
    in_terminal $columns 50 "$results --no-pager 2>/dev/null" >"$T/wide"
    is "$(($(grep -v : "$T/wide" | wc -L) <= columns))" 1 "a terminal of $columns columns is kept to"
done
like "$(head -1 "$T/wide")" "effect  std. error  shrunken  std. error" "more columns where there is room"
like "$(TERM=dumb in_terminal 80 50 "$results --no-pager")" "◆" "a dumb terminal gets it too"

for view in averages distribution; do
    show --view $view
    like "$out" "0 ───" "$view is drawn"
    is "$(($(wc -L <"$T/out") <= 80))" 1 "in 80 columns"
done

# ---- order ----------------------------------------------------------------------------------------
show --view agencies --sort=-estimate --top 3 --format csv
well "the three largest"
first=$(awk -F, '$3 == "reading" && $6 == "small" && $4 == "" && $8 == "itt" {print $12}' "$T/out")
is "$(wc -l <<<"$first")" 3 "of each contrast"
is "$first" "$(sort -gr <<<"$first")" "the largest first"
show --view agencies --format csv
is "$(head -1 <<<"$first")" "$(awk -F, '$3 == "reading" && $6 == "small" && $4 == "" && $8 == "itt" {print $12}' "$T/out" |
    sort -gr | head -1)" "and they are the largest"
show --view agencies --sort eb --top 2
is "$(grep -c '^(pooled)' "$T/out")" "$(grep -c ': .* - ' "$T/out")" "the answer stands beneath all the same"
show --view effects --sort p --top 1 --format csv
is "$(awk -F, '$3 == "pooled" && $11 != "lee_bounds"' "$T/out" | wc -l)" "$(awk -F, '$3 == "agency" && $11 != "lee_bounds"' "$T/out" | wc -l)" \
    "pooled effects are not counted among agencies'"
show --view agencies --sort name
well "by name"
is "$(awk '/^reading: small - regular, auto$/ {on = 1; next} /^$/ {on = 0} on && $1 ~ /^[0-9]+$/ {print $1}' "$T/out" |
    LC_ALL=C sort -c 2>&1)" "" "in byte order"
fails 2 "has nothing to sort by 'eb'" "a column that the view has not" "$PILOT" results star_kindergarten --dir "$DIR" --sort eb
fails 2 "not of --view quality" "another view" "$PILOT" results star_kindergarten --dir "$DIR" --view quality --top 3
fails 2 "sort" "no such column" "$PILOT" results star_kindergarten --dir "$DIR" --sort size
fails 2 "top" "no rows" "$PILOT" results star_kindergarten --dir "$DIR" --top 0

# ---- JSON lines -----------------------------------------------------------------------------------
for view in effects comparison agencies quality submissions; do
    show --view $view --format json
    cp "$T/out" "$T/array"
    show --view $view --format jsonl
    well "$view as JSON lines"
    is "$(jq -c . "$T/out")" "$(jq -c '.[]' "$T/array")" "the objects of the array"
    is "$(wc -l <"$T/out")" "$(jq length "$T/array")" "one a line"
done
show --view effects --output "$T/effects.jsonl"
is "$(jq -s length "$T/effects.jsonl")" "$(wc -l <"$T/effects.jsonl")" "a file's name says so too"

# ---- pager ----------------------------------------------------------------------------------------
mkdir "$T/bin"
printf '#!/bin/sh\ncat >"%s"\necho "LESS=$LESS" >>"%s"\n' "$T/paged" "$T/paged" >"$T/bin/less"
chmod +x "$T/bin/less"
paged() { # more environment, more arguments: exit status in $status, what the terminal shows in $out
    rm -f "$T/paged"
    out=$(in_terminal 80 24 "env -u PAGER PATH=$T/bin:$PATH TERM=xterm $1 $results $2; echo status \$?")
    status=$(sed -n 's/^status //p' <<<"$out")
}
paged "" ""
is "$status" 0 "a long table goes through less"
like "$(head -1 "$T/paged")" "^agency" "which gets the table"
is "$(tail -1 "$T/paged")" "LESS=FRSX" "and options, unless the person has their own"
is "$(grep -c ◆ <<<"$out")" 0 "and nobody else"
paged "PAGER='head -1'" ""
is "$status" 0 "a pager that has seen enough is no error"
like "$out" "^agency" "PAGER is asked first"
is "$([ -e "$T/paged" ]; echo $?)" 1 "not less"
for none in "PAGER=" "PAGER=cat" "TERM=dumb" "PAGER=no-such-program"; do
    paged "$none" ""
    is "$status" 0 "$none: exit status 0"
    like "$out" "◆" "$none: the table is printed"
done
paged "" --no-pager
like "$out" "◆" "--no-pager: the table is printed"
paged "" "--format csv"
is "$([ -e "$T/paged" ]; echo $?)" 1 "CSV never goes through a pager"
paged "PAGER='exit 3;'" ""
is "$status" 0 "the pager's own exit status does not count"
paged "PAGER='kill -INT \$\$'" ""
is "$status" 130 "a pager that dies of Ctrl-C: interrupted"
try env PAGER=false "$PILOT" results star_kindergarten --dir "$DIR" --view agencies
like "$out" "◆" "where stdout is no terminal there is no pager"
# Ctrl-C is the pager's: one that lives on keeps pilot waiting, and ends well.
cat >"$T/bin/patient" <<'EOF'
#!/bin/sh
trap 'echo heard' INT
cat >/dev/null
kill -INT 0
sleep 0.2
EOF
chmod +x "$T/bin/patient"
paged "PAGER=patient" ""
like "$out" "heard" "Ctrl-C reaches the pager"
is "$status" 0 "and pilot waits for its end"
# SIGTERM for pilot ends the pager too.
printf '#!/bin/sh\necho $$ >"%s"\nexec sleep 300\n' "$T/child" >"$T/bin/endless"
chmod +x "$T/bin/endless"
in_terminal 80 24 "env PAGER=endless PATH=$T/bin:$PATH TERM=xterm $results & echo \$! >$T/pid; wait \$!; echo status \$?" >"$T/ended" &
waiting=$!
for _ in $(seq 300); do
    [ -s "$T/child" ] && [ -s "$T/pid" ] && break
    sleep 0.05
done
kill -TERM "$(cat "$T/pid")"
wait $waiting
like "$(cat "$T/ended")" "status 130" "SIGTERM while it pages: 130"
[ -d "/proc/$(cat "$T/child")" ]
is $? 1 "and no pager is left"
finish
