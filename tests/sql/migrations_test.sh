#!/bin/bash
# Every migration applies to a fresh database, and to one that the previous ones made and used.
. "$(dirname "$0")/common.sh"

rows_everywhere() { # rows that an upgrade must keep
    sql "INSERT INTO registry.pilots (name) VALUES ('kept');
        INSERT INTO registry.plans (pilot, version, sha256, json, source, columns)
            SELECT pilot, 1, repeat('a', 64), '{}', 'x', '{pilot_unit,pilot_arm}'
            FROM registry.pilots;
        INSERT INTO registry.agencies (pilot, name) SELECT pilot, 'Ünï \"code' FROM registry.pilots;
        INSERT INTO registry.loads (pilot, plan, state) SELECT pilot, plan, 'sealed'
            FROM registry.plans;
        INSERT INTO registry.submissions (submission, agency, load, revision, state, rows,
            content_sha256) SELECT load * 1048576, agency, load, 1, 'accepted', 2, repeat('b', 64)
            FROM registry.loads, registry.agencies;
        INSERT INTO work.analyses (pilot, plan, data_sha256, state, finished_at)
            SELECT pilot, plan, repeat('c', 64), 'done', now() FROM registry.plans;
        INSERT INTO work.pins SELECT analysis, 0, submission, 'Ünï \"code', 2
            FROM work.analyses, registry.submissions;
        INSERT INTO work.jobs (analysis, kind, stage) SELECT analysis, 1, 0 FROM work.analyses;
        INSERT INTO work.job_results (job, digest, epoch) SELECT job, 'x', 1 FROM work.jobs;
        INSERT INTO work.effects (analysis, job, ordinal, agency, outcome, arm, control, estimand,
            estimator, estimate, status) SELECT analysis, job, 0, 'Ünï \"code', 'y', 't', 'c', 'itt',
            'ols', 1.5, 'ok' FROM work.jobs;"
}

use_database fresh
migrate 1 "$LATEST"
ok $? "all $LATEST migrations apply to an empty database"
is "$(sql "SELECT count(*) FROM registry.schema_version")" "$LATEST" "each is recorded"
rows_everywhere
ok $? "the tables take rows"
is "$(sql "SELECT agency, estimate FROM results.effects")" 'Ünï "code|1.5' "a view shows them"

for last in $(seq 2 "$LATEST"); do
    use_database "upgrade_$last"
    migrate 1 $((last - 1))
    rows_everywhere
    migrate "$last" "$last"
    ok $? "migration $last applies to a schema of version $((last - 1)) in use"
    is "$(sql "SELECT p.name, a.name, s.rows, e.estimate FROM registry.pilots p
        JOIN registry.agencies a USING (pilot) JOIN registry.submissions s USING (agency)
        JOIN work.pins n USING (submission) JOIN work.effects e USING (analysis)")" \
        'kept|Ünï "code|2|1.5' "migration $last keeps the rows"
done

for file in deploy/sql/*.sql; do
    ! grep -niE '^ *(BEGIN|COMMIT|ROLLBACK) *;' "$file" >/dev/null
    ok $? "$(basename "$file") leaves its transaction to the program"
done

use_database roles
migrate 1 "$LATEST"
is "$(sql "SELECT count(*) FROM pg_proc f JOIN pg_namespace n ON n.oid = f.pronamespace
    WHERE n.nspname IN ('registry', 'work', 'results', 'dashboard')
      AND has_function_privilege('public', f.oid, 'EXECUTE')")" 0 "no function is for everybody"
is "$(sql "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname IN ('registry', 'work', 'results', 'dashboard', 'outcomes')
      AND c.relkind IN ('r', 'v', 'p')
      AND has_table_privilege('public', c.oid, 'SELECT, INSERT, UPDATE, DELETE')")" 0 \
    "no table or view is for everybody"
is "$(sql "SELECT string_agg(f.proname, ' ') FROM pg_proc f JOIN pg_namespace n
    ON n.oid = f.pronamespace WHERE n.nspname IN ('registry', 'work')
    AND NOT COALESCE(array_to_string(f.proconfig, ' ') LIKE
                     '%search_path=pg_catalog, pg_temp%', false)")" "" \
    "every function fixes its search_path"
finish
