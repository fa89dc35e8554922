#!/bin/bash
# A backup as docs/operations/server.md has it, restored into another cluster: the same results byte
# for byte, the same numbers computed again, the next submission, the same rights.
. "$(dirname "$0")/common.sh"
. tests/harness/postgres.sh
more_cleanup() {
    for PG_HOME in "$T"/first/postgres "$T"/second/postgres; do
        [ -d "$PG_HOME/data" ] && pg_stop immediate
    done
}
mkdir -m 755 "$T/first" "$T/second"
pg_create "$T/first" || { echo "Bail out! no PostgreSQL"; exit 1; }
as() { echo "host=$PG_HOME user=$1 dbname=pilot"; }
sql "CREATE DATABASE pilot ENCODING 'UTF8' LOCALE 'C' TEMPLATE template0"
CONNINFO=$(as postgres)
try "$PILOT" init --db "$CONNINFO"
well "init"
for login in eva north south farm hand boss; do sql "CREATE ROLE $login LOGIN PASSWORD 'of $login'"; done >"$T/log"
sql "GRANT pilot_owner TO boss; SELECT registry.grant_role('pilot_evaluator', 'eva'),
    registry.grant_role('pilot_coordinator', 'farm'), registry.grant_role('pilot_worker', 'hand')" >"$T/log"

cat >"$T/plan.yaml" <<'YAML'
version: 1
pilot: two
columns: {unit: id, agency: agency, arm: arm, block: block}
arms: {control: c, treatments: [t]}
outcomes: [{name: y, type: continuous}, {name: b, type: binary}]
covariates: [x, {name: "gro\"up, 'Ünï", type: categorical, column: g}]
subgroups: ["gro\"up, 'Ünï"]
analysis: {estimators: [difference_in_means, ols, lin]}
unit_ids: plain
YAML
rows() { # agency, seed
    awk -v agency="$1" -v seed="$2" 'BEGIN {
        srand(seed); print "id,agency,arm,block,y,b,x,g"
        for (i = 1; i <= 200; i++)
            printf "%d,%s,%s,b%d,%.6f,%d,%.6f,%s\n", i, agency, i % 2 ? "t" : "c", i % 3 == 0, rand() * 10 + i % 2,
                rand() < 0.4, rand(), rand() < 0.5 ? "m" : "f\\\"\"\t"
    }' | sed 's/,\([^,]*\)$/,"\1"/'
}
rows North 1 >"$T/north.csv"
rows South 2 >"$T/south.csv"
rows North 3 >"$T/north2.csv"
rows North 4 >"$T/north3.csv"
rows South 5 >"$T/south2.csv"
try "$PILOT" register "$T/plan.yaml" --db "$(as eva)"
well "a plan"
sql "SELECT registry.grant_agency('two', 'North', 'north'), registry.grant_agency('two', 'South', 'south')" >"$T/log"

# Compute an analysis with a farm of its own; $analysis is its id, $state how it ended.
analyse() {
    "$BUILD/pilot-coordinator" --bind "ipc://$T/farm.sock" --db "$(as farm)" 2>"$T/coordinator.log" &
    local coordinator=$!
    "$BUILD/pilot-worker" --threads 1 --connect "ipc://$T/farm.sock" --db "$(as hand)" 2>"$T/worker.log" &
    local worker=$!
    analysis=$("$PILOT" launch two --db "$(as eva)" 2>"$T/err")
    for _ in $(seq 300); do
        state=$(sql "SELECT state FROM work.analyses WHERE analysis = ${analysis:-0}")
        case $state in done | failed) break ;; esac
        sleep 0.1
    done
    kill "$worker" "$coordinator"
    wait "$worker" "$coordinator"
    "$PILOT" results two --view effects --format csv --db "$(as eva)" --analysis "$analysis" 2>"$T/err" | cut -d, -f1,3-
}
for file in north south north2; do
    try "$PILOT" submit two "$T/$file.csv" --db "$(as "${file%2}")"
    well "$file.csv is submitted"
done
analyse >"$T/first.csv"
is "$state" done "an analysis is computed"
try "$PILOT" submit two "$T/north3.csv" --db "$(as north)"
well "another revision"
sql "SELECT registry.purge('two', 1, '0 days')" >"$T/log"
is "$(sql "SELECT count(*) FROM registry.purges")" 1 "the first one is purged"

# Everything that can be read, a table or view at a time.
contents() {
    local name
    for name in $(sql "SELECT c.oid::regclass FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname IN ('registry', 'outcomes', 'work', 'results', 'dashboard') AND c.relkind IN ('r', 'p', 'v')
            ORDER BY c.oid::regclass::text COLLATE \"C\""); do
        echo "== $name"
        case $name in
        results.* | dashboard.*) sql "COPY (SELECT * FROM $name) TO STDOUT" ;; # in their own order
        *) sql "COPY (SELECT * FROM $name) TO STDOUT" | LC_ALL=C sort ;;
        esac
    done
}
rights() {
    {
        sql "SELECT n.nspname, c.relname, c.relrowsecurity, c.relforcerowsecurity, pg_get_userbyid(c.relowner),
            a.grantee::regrole, a.privilege_type, a.is_grantable
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace,
                aclexplode(COALESCE(c.relacl, acldefault('r', c.relowner))) a
            WHERE n.nspname IN ('registry', 'outcomes', 'work', 'results', 'dashboard') AND c.relkind IN ('r', 'p', 'v')"
        sql "SELECT attrelid::regclass, attname, attacl FROM pg_attribute WHERE attacl IS NOT NULL AND attrelid > 16384"
        sql "SELECT polrelid::regclass, polname, polcmd, ARRAY(SELECT unnest(polroles)::regrole::text ORDER BY 1),
            pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid) FROM pg_policy"
        sql "SELECT p.oid::regprocedure, pg_get_userbyid(p.proowner), p.prosecdef, p.proconfig,
            ARRAY(SELECT a.grantee::text || a.privilege_type FROM aclexplode(p.proacl) a WHERE a.grantee = 0)
            FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname IN ('registry', 'work')"
        sql "SELECT roleid::regrole, member::regrole, admin_option FROM pg_auth_members"
        sql "SELECT rolname, rolpassword FROM pg_authid WHERE rolname !~ '^pg_'"
        sql "SELECT tgrelid::regclass, tgname, tgenabled FROM pg_trigger WHERE NOT tgisinternal"
    } 2>&1 | LC_ALL=C sort
}
contents >"$T/contents.first" 2>&1
rights >"$T/rights.first" 2>&1
is "$(grep -c ERROR "$T/contents.first" "$T/rights.first" | tr '\n' ' ')" "$T/contents.first:0 $T/rights.first:0 " "all of it can be read"

# ---- the recipe ------------------------------------------------------------------------------------
# The lines of the page, with this test's folders.
recipe() { # heading of the block
    sed -n "/^# $1\$/,/^\`\`\`/p" docs/operations/server.md | grep -v '^```' |
        sed "s|/backup/|$T/|g"
}
run_recipe() {
    recipe "$1" >"$T/recipe"
    [ -s "$T/recipe" ] &&
        PATH=$PG_BIN:$PATH PGHOST=$PG_HOME PGUSER=postgres bash -e "$T/recipe" >"$T/out" 2>"$T/err"
}
run_recipe "back up"
ok $? "the documented backup runs"
is "$(cat "$T/err")" "" "and says nothing"
"$PG_BIN/pg_dump" -Fc -d "$(as boss)" -f "$T/refused.dump" 2>"$T/err"
like "$(cat "$T/err")" "row-level security" "a dump by another login is refused, not silently short"
"$PG_BIN/pg_dump" -Fc --role=pilot_owner --enable-row-security -d "$(as boss)" -f "$T/owner.dump" 2>"$T/err"
ok $? "a member of pilot_owner can dump with --role and --enable-row-security"
for dump in owner pilot; do
    "$PG_BIN/pg_restore" -a -f - "$T/$dump.dump" | grep -v '^--\|^SET\|restrict ' | LC_ALL=C sort >"$T/$dump.sql"
done
same "$T/owner.sql" "$T/pilot.sql" "which holds the same rows"
diff "$T/owner.sql" "$T/pilot.sql" | cut -c1-200 | head -5 | sed 's/^/# /'
pg_stop
pg_create "$T/second"
run_recipe "restore"
ok $? "the documented restore runs, in another cluster"
is "$(grep -v 'role "postgres" already exists' "$T/err")" "" "and says nothing, but that one role is there"
CONNINFO=$(as postgres)

# ---- the same ----------------------------------------------------------------------------------------
contents >"$T/contents.second" 2>&1
rights >"$T/rights.second" 2>&1
same "$T/contents.first" "$T/contents.second" "every table and view is the same, byte for byte"
same "$T/rights.first" "$T/rights.second" "so are owners, rights, policies, functions, roles and passwords"
diff "$T/rights.first" "$T/rights.second" | head -20 | sed 's/^/# /'
is "$("$PILOT" results two --view effects --format csv --analysis "$analysis" --db "$(as eva)" 2>"$T/err" | cut -d, -f1,3- | md5sum)" \
    "$(md5sum <"$T/first.csv")" "pilot results gives the same"
is "$(CONNINFO=$(as north) sql "SELECT count(*), min(agency) FROM results.submissions")" "3|North" "an agency sees its own submissions"
is "$(CONNINFO=$(as north) sql "SELECT count(DISTINCT pilot_submission) FROM registry.own_rows(NULL::outcomes.two)")" 2 "and its own unit rows"
CONNINFO=$(as eva) sql "SELECT count(*) FROM outcomes.two" >"$T/out" 2>"$T/err"
[ $? -ne 0 ]
ok $? "an evaluator sees none"
try "$PILOT" submit two "$T/south2.csv" --db "$(as north)"
[ "$status" -ne 0 ]
ok $? "nobody submits for another"

try "$PILOT" audit --verify --db "$(as postgres)"
well "the audit log's chain holds"

# ---- and on it goes ------------------------------------------------------------------------------------
try "$PILOT" submit two "$T/north2.csv" --db "$(as north)"
well "an agency submits the data of the first analysis again"
analyse >"$T/second.csv"
is "$state" done "an analysis is computed there"
same "$T/first.csv" "$T/second.csv" "whose numbers are the same in the restored database"
try "$PILOT" submit two "$T/south2.csv" --db "$(as south)"
well "so does another agency"
is "$(sql "SELECT max(revision), count(DISTINCT submission) = count(*) FROM registry.submissions")" "4|t" \
    "ids go on where they were"
try "$PILOT" audit --verify --db "$(as postgres)"
well "and the chain goes on"
is "$(sql "SELECT count(*) FROM registry.purge('two', 0, '0 days')")" 3 "the rest can be purged"

# ---- embedded: copy the folder -------------------------------------------------------------------------
try "$PILOT" run "$T/plan.yaml" "$T/north.csv" "$T/south.csv" --dir "$T/embedded" --workers 1 --format csv
well "an embedded run"
"$PILOT" results two --view effects --format csv --dir "$T/embedded" >"$T/embedded.csv" 2>"$T/err"
try "$PILOT" down --dir "$T/embedded"
cp -a "$T/embedded" "$T/copy"
rm -rf "$T/embedded"
"$PILOT" results two --view effects --format csv --dir "$T/copy" >"$T/copy.csv" 2>"$T/err"
same "$T/embedded.csv" "$T/copy.csv" "a copied folder has the same results"
try "$PILOT" up --workers 1 --dir "$T/copy"
socket=$(sed -n 5p "$T/copy/postgresql/postmaster.pid")
(cd / && "$PG_BIN/pg_dump" -Fc -h "$socket" -U pilot -d pilot) >"$T/embedded.dump" 2>"$T/err"
ok $? "pg_dump works while it runs"
is "$("$PG_BIN/pg_restore" -a -f - -n work -t effects "$T/embedded.dump" | grep -c difference_in_means)" \
    "$(grep -c difference_in_means "$T/copy.csv")" "and has all effects"
try "$PILOT" down --dir "$T/copy"
finish
