#!/bin/bash
# deploy/grafana on real releases: its files are sound, its login reads the dashboard and nothing else,
# and every statement returns rows of a real pilot and of a made one with odd names.
. "$(dirname "$0")/server.sh"
OWNER=$CONNINFO
PUBLIC=$(as grafana)
GRAFANA=$ROOT/deploy/grafana
export PG_BIN

# ---- files ----------------------------------------------------------------------------------------
is "$(tests/harness/panels.pl check "$GRAFANA"/dashboards/*.json)" "" "the dashboards are sound"
spoiled() { # name, jq filter, what is said
    jq "$2" "$GRAFANA/dashboards/quality.json" >"$T/spoiled.json"
    like "$(tests/harness/panels.pl check "$T/spoiled.json")" "$3" "found: $1"
}
first='.panels[0].targets[0].rawSql'
spoiled "a macro" "$first += \" WHERE \$__timeFilter(at)\"" "asks with a macro"
spoiled "a variable that is not there" "$first += \"\${nobody:sqlstring}\"" "variable nobody, which is not there"
spoiled "a variable without quotes" "$first += \" '\$pilot'\"" "without :sqlstring"
spoiled "a schema of the farm" "$first = \"SELECT * FROM work.effects\"" "more than schema dashboard"
spoiled "a statement that writes" "$first = \"DELETE FROM dashboard.effects\"" "writes"
spoiled "a missing number that becomes 0" "$first = \"SELECT COALESCE(estimate, 0)\"" "makes a missing number 0"
spoiled "a panel that does not say what is empty" "del(.panels[0].fieldConfig.defaults.noValue)" "an empty cell"
spoiled "two panels in one place" ".panels[1].gridPos = .panels[0].gridPos" "lies on panel"
spoiled "another datasource" '.panels[0].targets[0].datasource.uid = "other"' "another datasource"
spoiled "a panel without data" ".panels[0].targets = []" "has no data"
spoiled "lines across missing points" ".panels[0].fieldConfig.defaults.custom.spanNulls = true" "across missing"
spoiled "a link to nowhere" '.panels[0].fieldConfig.overrides = [{matcher: {options: "alarms"}, properties: [{id: "links", value: [{url: "/d/x?y"}]}]}]' "links to nowhere"
jq '.panels[0].fieldConfig.overrides[0].matcher.options = "nothing"' "$GRAFANA/dashboards/overview.json" >"$T/dressed.json"

yaml() { # file: as JSON
    perl -MCPAN::Meta::YAML -MJSON::PP -e 'print encode_json(CPAN::Meta::YAML->read(shift)->[0])' "$1"
}
source=$(yaml "$GRAFANA/provisioning/datasources/pilot.yaml")
is "$(jq -r '.datasources[0] | [.uid, .type, .jsonData.sslmode, .editable] | join(" ")' <<<"$source")" \
    "pilot grafana-postgresql-datasource verify-full false" "the datasource looks at the server's certificate"
is "$(jq -c '[.datasources[0] | .url, .user, .secureJsonData.password, .jsonData.database | startswith("$PILOT_GRAFANA_")]' <<<"$source")" \
    "[true,true,true,true]" "host, login, password and database come from the environment"
is "$(jq -r '[.. | objects | keys[] | select(test("password"; "i"))] | join(" ")' <<<"$source")" password "there is one password"
is "$(yaml "$GRAFANA/provisioning/dashboards/pilot.yaml" | jq -r '.providers[0] | [.type, .allowUiUpdates, .options.path] | join(" ")')" \
    'file false $PILOT_GRAFANA_DASHBOARDS' "the dashboards come from a folder"

# ---- data -----------------------------------------------------------------------------------------
"$PILOT" init --db "$OWNER" 2>"$T/log"
logins grafana
try "$PILOT" grant dashboard grafana --db "$OWNER"
well "a login for Grafana"
try "$PILOT" run "$PLAN" "$DATA" --db "$OWNER" --workers 2 --output "$T/effects"
well "a real pilot"

cat >"$T/made.yaml" <<'YAML'
version: 1
pilot: made
columns: {unit: id, agency: office, arm: arm}
arms: {control: c, treatments: [t, "it's"], probabilities: {c: 0.34, t: 0.33, "it's": 0.33}}
outcomes: [{name: delay, type: continuous, better: lower}, {name: done, type: binary}]
covariates: [age]
subgroups: [{name: urban, type: binary}]
analysis: {estimators: [ols, difference_in_means], smallest_effect: {delay: 0.5}}
comparison: {by: [mechanism]}
agencies:
  - {name: "O'Brien & \"Sons\"", attributes: {mechanism: autonomy}}
  - {name: b, attributes: {mechanism: autonomy}}
  - {name: c, attributes: {mechanism: connection}}
  - {name: d, attributes: {mechanism: connection}}
  - {name: e, attributes: {mechanism: autonomy}}
  - {name: f, attributes: {mechanism: connection}}
  - {name: small, attributes: {mechanism: autonomy}}
  - {name: silent}
unit_ids: plain
YAML
# Seven offices, one of twelve people; in b far too many are treated.
awk 'BEGIN {
    srand(5); print "id,office,arm,delay,done,age,urban"
    n = split("\"O'\''Brien & \"\"Sons\"\"\" b c d e f small", office, " ")
    office[1] = "\"O'\''Brien & \"\"Sons\"\"\""; split("b c d e f small", rest, " ")
    for (k = 1; k <= 6; k++) office[k + 1] = rest[k]
    for (k = 1; k <= 7; k++) for (i = 1; i <= (k == 7 ? 12 : 240); i++) {
        u = rand(); arm = u < 1 / 3 ? "c" : u < 2 / 3 ? "t" : "it'\''s"
        if (k == 2 && arm == "c" && rand() < 0.5) arm = "t"
        x = 10 + rand() * 4 + rand() * 4 - (arm == "c" ? 0 : 0.4 * k)
        printf "%d,%s,%s,%.3f,%d,%d,%d\n", i, office[k], arm, x, rand() < 0.5, 20 + 40 * rand(), rand() < 0.5
    }
}' >"$T/made.csv"
try "$PILOT" run "$T/made.yaml" "$T/made.csv" --db "$OWNER" --workers 2 --output "$T/effects"
well "a made pilot"
# Ranks are told where nobody is hidden: the six large offices alone.
sed 's/^pilot: made/pilot: whole/; /name: small/d; s/^subgroups: .*/subgroups: []/; s/, {name: done, type: binary}//' "$T/made.yaml" >"$T/whole.yaml"
grep -v ',small,' "$T/made.csv" >"$T/whole.csv"
try "$PILOT" run "$T/whole.yaml" "$T/whole.csv" --db "$OWNER" --workers 2 --output "$T/effects"
well "a pilot of which nothing is hidden"
try "$PILOT" launch made --db "$OWNER"
well "an analysis that waits"

# ---- statements -----------------------------------------------------------------------------------
rows() { # pilot, more variables
    tests/harness/panels.pl rows "$PUBLIC" "pilot=$1" "${@:2}" "$GRAFANA"/dashboards/*.json >"$T/rows"
}
rows made "agency=O'Brien & \"Sons\"" "arm=it's"
is "$?:$(grep -P '\terror|\t0(\t|$)' "$T/rows" | cut -f2)" "0:Ranks" \
    "each statement returns rows of the made pilot, whatever its names are, but for ranks: some are hidden"
rows whole "agency=O'Brien & \"Sons\""
is "$?:$(grep -P '\terror|\t0(\t|$)' "$T/rows" | cut -f2)" "0:For whom" "ranks are there where nobody is hidden"
rows made agency=small outcome=done
is "$?" 0 "none fails at an agency whose numbers are hidden"
rows star_kindergarten
is "$?:$(grep -P '\terror|\t0(\t|$)' "$T/rows" | cut -f2 | tr '\n' ,)" "0:Which agencies gain more,Ranks," \
    "nor of the real one, save ranks, and what its plan does not ask for"
is "$(tests/harness/panels.pl rows "$PUBLIC" "$T/dressed.json" | grep -c 'dresses nothing')" 1 \
    "found: a panel that dresses a column that it does not get"
forest() { # SELECT list and more
    local statement
    statement=$(tests/harness/panels.pl sql "$PUBLIC" pilot=made "$GRAFANA/dashboards/pilot.json" |
        awk -F'\t' '$2 == "Forest" { print $3 }')
    sql "SELECT $1 FROM ($statement) AS q ${2:-}"
}
is "$(forest "count(*), count(estimate) BETWEEN 1 AND 6")" "7|t" "the forest has a row for each agency, and numbers of those that may be shown"
is "$(forest "estimate, low, units, note" "WHERE agency = 'small'")" "|||hidden" "the small one has none, not 0"
is "$(sql "SELECT string_agg(c.oid::regclass::text, ' ') FROM pg_class c
    WHERE c.relnamespace IN ('work'::regnamespace, 'results'::regnamespace, 'registry'::regnamespace, 'outcomes'::regnamespace)
    AND c.relkind IN ('r', 'v', 'p') AND has_table_privilege('grafana', c.oid, 'SELECT')")" registry.schema_version \
    "Grafana's login reads nothing else, save which version the schema has"
finish
