#!/bin/bash
# What people see of dashboard.* and results.* with other programs: every column says what it is, keys
# find what panels ask for, there are no more indexes than that, and Grafana's panels show what is there.
. "$(dirname "$0")/common.sh"
use_database panels
migrate 1 "$LATEST"

relations="FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname IN ('dashboard', 'results') AND c.relkind IN ('r', 'v', 'm', 'p')"
silent_columns() {
    sql "SELECT format('%s.%s', c.oid::regclass, a.attname)
        ${relations/WHERE/JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped WHERE}
        AND col_description(c.oid, a.attnum) IS NULL ORDER BY 1"
}
is "$(sql "SELECT c.oid::regclass $relations AND obj_description(c.oid, 'pg_class') IS NULL")" "" \
    "every table and view of results and dashboard says what it is"
is "$(silent_columns)" "" "so does every column"
sql "CREATE TABLE dashboard.mute (loud int, silent int); COMMENT ON COLUMN dashboard.mute.loud IS 'x'"
is "$(silent_columns)" "$(printf 'dashboard.mute.silent')" "a column that says nothing is found"
sql "DROP TABLE dashboard.mute"
is "$(sql "SELECT count(*) FROM (SELECT table_name, column_name FROM information_schema.columns
    WHERE table_schema = 'dashboard' AND column_name <> lower(column_name)) AS c")" 0 \
    "names need no quotes for their letters"

said() { # relation.column
    sql "SELECT col_description('${1%.*}'::regclass, (SELECT attnum FROM pg_attribute
        WHERE attrelid = '${1%.*}'::regclass AND attname = '${1##*.}'))"
}
is "$(said dashboard.quality.agency)" "The agency's name; NULL: all agencies together" \
    "a column is described as what it is in its table"
is "$(said dashboard.agencies.agency)" "The agency's name" "the same name elsewhere as it is there"
is "$(said dashboard.effects.n)" "Rounded, as are n_arm, n_control, clusters and blocks" \
    "what was said before stays"

# ---- indexes --------------------------------------------------------------------------------------
indexes() { # table: its indexes' columns and conditions
    sql "SELECT string_agg(regexp_replace(pg_get_indexdef(indexrelid), '^.* USING btree ', ''), '; ' ORDER BY indexrelid::regclass::text)
        FROM pg_index WHERE indrelid = '$1'::regclass"
}
is "$(indexes dashboard.effects)" "(analysis, outcome, agency, ordinal) NULLS NOT DISTINCT; (analysis, ordinal) WHERE (scope = 'pooled'::text)" \
    "effects: one key, and all agencies together"
is "$(indexes dashboard.agencies)" "(analysis, outcome, agency, ordinal)" "agencies: one key"
is "$(indexes dashboard.quality)" "(analysis) WHERE alarm; (analysis, agency, ordinal) NULLS NOT DISTINCT" \
    "quality: one key, and the alarms"

# ---- the statements of deploy/grafana --------------------------------------------------------------
"$PG_BIN/psql" -Xq -v ON_ERROR_STOP=1 -v agencies=20 -v outcomes=3 -v analyses=2 -d "$CONNINFO" \
    -f tests/bench/panels_fill.sql >"$T/fill" 2>&1
ok $? "a made pilot fills the released tables"
sql "CREATE ROLE panels_public LOGIN; GRANT pilot_dashboard TO panels_public"
PUBLIC=${CONNINFO/user=postgres/user=panels_public}
is "$(CONNINFO=$PUBLIC sql "SELECT string_agg(DISTINCT table_schema, ' ') FROM information_schema.tables
    WHERE table_schema NOT IN ('pg_catalog', 'information_schema') AND table_name <> 'schema_version'")" dashboard \
    "a tool that lists what its login may read finds schema dashboard alone"
is "$(CONNINFO=$PUBLIC sql "SELECT col_description('dashboard.agencies'::regclass, 3)")" \
    "The outcome, as the plan names it" "and what its columns mean"
export PG_BIN
panels() { # mode, more arguments
    local mode=$1
    shift
    tests/harness/panels.pl "$mode" "$PUBLIC" "$@" deploy/grafana/dashboards/*.json
}
panels rows >"$T/rows"
ok $? "the dashboard's login may run every statement"
is "$(grep -c . "$T/rows")" "$(jq -s 'map([.templating.list[], (.panels[].targets[])] | length) | add' \
    deploy/grafana/dashboards/*.json)" "none is left out"
is "$(grep -P '\terror|\t0(\t|$)' "$T/rows")" "" "each returns rows"
cell() { # panel, column, condition: of the statement of that panel
    local statement
    statement=$(panels sql analysis=1 | awk -F'\t' -v panel="$1" '$1 == "pilot-one" && $2 == panel { print $3 }')
    sql "SELECT count(*) FILTER (WHERE $2), count(*) FROM ($statement) AS q WHERE $3"
}
is "$(sql "SELECT count(*) > 0 FROM dashboard.agencies WHERE analysis = 1 AND outcome = 'outcome_1' AND estimate_mark = 'c'")" t \
    "some agencies are hidden"
is "$(cell Forest "estimate IS NULL AND units IS NULL AND low IS NULL AND shrunken IS NULL" "note = 'hidden'")" \
    "$(sql "SELECT format('%s|%s', count(*), count(*)) FROM dashboard.agencies
        WHERE analysis = 1 AND outcome = 'outcome_1' AND estimate_mark = 'c'")" \
    "a hidden agency is there without a number"
is "$(cell "Agencies by effect" "estimate IS NULL OR low IS NULL" true | cut -d'|' -f1)" 0 \
    "and not among those that are drawn"
is "$(cell "For whom" "estimate IS NOT NULL" "subgroup = 'female'")" "1|1" "levels of subgroups are told"
for statement in 1 2 3 4; do
    awk '/^```sql$/ { on = 1; next } /^```$/ { on = 0 } on' docs/operations/dashboards.md |
        sed 's/star_kindergarten/big/; s/analysis = 12/analysis = 1/; s/reading/outcome_1/; s/small/treated/' |
        awk -v RS='' -v n=$statement 'NR == n' >"$T/statement"
    is "$(CONNINFO=$PUBLIC sql "SELECT count(*) > 0 FROM ($(sed 's/;//; /^--/d' "$T/statement")) AS q")" t \
        "the page's statement gives rows: $(sed -n 's/^-- //p' "$T/statement")"
done
sql "INSERT INTO dashboard.releases (analysis, pilot, minimum_count, round_to, engine, rows, suppressed)
        SELECT analysis, 'big', 10, 5, 1, 0, 0 FROM work.analyses WHERE state = 'queued';
    UPDATE dashboard.releases SET withdrawn_at = now()" # nothing is released or under way
is "$(panels rows | grep -P '\terror')" "" "nothing fails where nothing is released"
finish
