#!/bin/bash
# What people see of dashboard.* and results.* with other programs: every column says what it is, keys
# find what panels ask for, and there are no more indexes than that.
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
finish
