-- What an agency reads of tables that hold other agencies' rows too comes through a fence.
--
-- Row-level security keeps rows back, and no more.  A condition made of leakproof operators (=, <) may
-- be tried before the policy, as an index condition even, and EXPLAIN ANALYZE tells whether the policy
-- was asked at all: `estimate < 1.5` of another agency's effect, bisected, gives the effect.  So an
-- agency's login has no right on such tables.  A function reads them for it, whole, under the same
-- policies; conditions of the query see only rows that the function gave.

-- The role that it reads as: under the policies of pilot_agency, with the right to read that agencies
-- lack.  Nobody logs in as it.
GRANT pilot_agency TO pilot_fence;

CREATE FUNCTION registry.own_rows(shape anyelement) RETURNS SETOF anyelement
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    source regclass;
BEGIN
    -- A table or view of the caller's own making would run the caller's functions behind the fence.
    SELECT c.oid INTO source FROM pg_type t JOIN pg_class c ON c.oid = t.typrelid
        JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE t.oid = pg_typeof(shape) AND c.relkind IN ('r', 'p', 'v')
          AND n.nspname IN ('registry', 'outcomes', 'results');
    IF source IS NULL THEN
        RAISE EXCEPTION 'own_rows reads tables of registry and outcomes and views of results: '
                        'registry.own_rows(NULL::results.effects)' USING ERRCODE = 'PL003';
    END IF;
    RETURN QUERY EXECUTE format('SELECT * FROM %s', source);
END $$;
COMMENT ON FUNCTION registry.own_rows(anyelement) IS
    'The login''s own rows of a table or view: SELECT * FROM registry.own_rows(NULL::outcomes.<pilot>)';
GRANT CREATE ON SCHEMA registry TO pilot_fence;
ALTER FUNCTION registry.own_rows(anyelement) OWNER TO pilot_fence;
REVOKE CREATE ON SCHEMA registry FROM pilot_fence;
REVOKE ALL ON FUNCTION registry.own_rows(anyelement) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION registry.own_rows(anyelement) TO pilot_agency, pilot_evaluator, pilot_owner;

-- Rights of pilot_agency to read become the fence's: of a table or view, and of its columns.
CREATE FUNCTION registry.fence_rights(fenced regclass) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    item record;
BEGIN
    FOR item IN
        SELECT '' AS columns FROM pg_class c, aclexplode(c.relacl) AS x
        WHERE c.oid = fenced AND x.grantee = 'pilot_agency'::regrole AND x.privilege_type = 'SELECT'
        UNION ALL
        SELECT format(' (%I)', a.attname) FROM pg_attribute a, aclexplode(a.attacl) AS x
        WHERE a.attrelid = fenced AND x.grantee = 'pilot_agency'::regrole
          AND x.privilege_type = 'SELECT'
    LOOP
        EXECUTE format('GRANT SELECT%s ON %s TO pilot_fence', item.columns, fenced);
        EXECUTE format('REVOKE SELECT%s ON %s FROM pilot_agency', item.columns, fenced);
    END LOOP;
END $$;
COMMENT ON FUNCTION registry.fence_rights(regclass) IS
    'Let the fence read what pilot_agency was granted to read, in its place';

-- Under the view's name stands one that gives evaluators all rows, and an agency those of the same
-- statement as the fence sees it.  Which half is read is decided before anything is.
CREATE FUNCTION registry.fence_view(view_name text, definition text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    EXECUTE format('CREATE OR REPLACE VIEW results.%I WITH (security_invoker = true) AS %s',
                   'own_' || view_name, definition);
    EXECUTE format('CREATE OR REPLACE VIEW results.%1$I AS SELECT * FROM (%3$s) AS everything '
                   'WHERE pg_has_role(current_user, ''pilot_evaluator'', ''MEMBER'') UNION ALL '
                   'SELECT * FROM registry.own_rows(NULL::results.%2$I) '
                   'WHERE NOT pg_has_role(current_user, ''pilot_evaluator'', ''MEMBER'')',
                   view_name, 'own_' || view_name, rtrim(definition, E'; \n'));
    EXECUTE format('GRANT SELECT ON results.%I TO pilot_fence', 'own_' || view_name);
    EXECUTE format('GRANT SELECT ON results.%I TO pilot_evaluator, pilot_agency, pilot_fence',
                   view_name);
    EXECUTE format('COMMENT ON VIEW results.%I IS %L', 'own_' || view_name,
                   format('What results.%I is to an agency: read by registry.own_rows', view_name));
END $$;
COMMENT ON FUNCTION registry.fence_view(text, text) IS
    'Make or change a view of results that agencies read too: its name and its SELECT';

DO $$
DECLARE
    item record;
BEGIN
    -- Tables whose policies give an agency its own rows.
    FOR item IN SELECT p.polrelid::regclass AS name FROM pg_policy p WHERE p.polname = 'own' LOOP
        PERFORM registry.fence_rights(item.name);
    END LOOP;
    -- All views of results, in the order in which they build on each other.
    CREATE TEMPORARY TABLE fenced ON COMMIT DROP AS
        SELECT c.oid, c.relname::text AS name,
               -- The latest_* views said no order of their own; which plan they get must not say it.
               rtrim(pg_get_viewdef(c.oid), E'; \n') || COALESCE((
                   SELECT ' ORDER BY ' || string_agg('v.' || a.attname || CASE a.attname
                              WHEN 'agency' THEN ' NULLS LAST' ELSE '' END, ', ' ORDER BY u.place)
                   FROM unnest(ARRAY['analysis', 'agency', 'ordinal', 'place', 'point'])
                       WITH ORDINALITY AS u (name, place)
                   JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = u.name
                   WHERE pg_get_viewdef(c.oid) ~ 'FROM results\.[a-z]+ v\s+WHERE \(v\.analysis IN'),
                   '') AS definition,
               has_table_privilege('pilot_agency', c.oid, 'SELECT') AS for_agencies,
               obj_description(c.oid, 'pg_class') AS comment
        FROM pg_class c WHERE c.relnamespace = 'results'::regnamespace AND c.relkind = 'v';
    FOR item IN SELECT f.* FROM pg_temp.fenced f WHERE f.for_agencies LOOP
        EXECUTE format('REVOKE ALL ON results.%I FROM pilot_evaluator, pilot_agency', item.name);
        EXECUTE format('ALTER VIEW results.%I RENAME TO %I', item.name, 'own_' || item.name);
    END LOOP;
    FOR item IN SELECT f.* FROM pg_temp.fenced f ORDER BY f.oid LOOP
        IF item.for_agencies THEN
            PERFORM registry.fence_view(item.name, item.definition);
            EXECUTE format('COMMENT ON VIEW results.%I IS %L', item.name, item.comment);
        ELSE
            EXECUTE format('CREATE OR REPLACE VIEW results.%I WITH (security_invoker = true) AS %s',
                           item.name, item.definition);
        END IF;
    END LOOP;
    -- What was said of their columns.
    FOR item IN
        SELECT f.name, a.attname, d.description FROM pg_temp.fenced f
        JOIN pg_description d ON d.classoid = 'pg_class'::regclass AND d.objoid = f.oid
        JOIN pg_attribute a ON a.attrelid = d.objoid AND a.attnum = d.objsubid
        WHERE f.for_agencies AND d.objsubid > 0
    LOOP
        EXECUTE format('COMMENT ON COLUMN results.%I.%I IS %L', item.name, item.attname,
                       item.description);
    END LOOP;
END $$;

-- A plan shows how many rows it expects, by statistics of all agencies' values.  Where a fenced view
-- can be asked by a column, none are kept but of numbers that identify rows.
DO $$
DECLARE
    item record;
BEGIN
    FOR item IN SELECT a.attrelid::regclass AS name, a.attname FROM pg_attribute a
                WHERE a.attrelid IN (SELECT p.polrelid FROM pg_policy p WHERE p.polname = 'own')
                  AND a.attrelid IN (SELECT c.oid FROM pg_class c WHERE c.relkind = 'r')
                  AND a.attnum > 0 AND NOT a.attisdropped
                  AND NOT (a.atttypid = 'int8'::regtype AND a.attname IN
                           ('pilot', 'plan', 'agency', 'load', 'submission', 'analysis', 'job',
                            'run', 'assignment')) LOOP
        EXECUTE format('ALTER TABLE %s ALTER %I SET STATISTICS 0', item.name, item.attname);
    END LOOP;
END $$;

-- What pilot status shows of tables behind the fence.
CREATE FUNCTION work.analysis_size(analysis_id bigint, OUT agencies bigint, OUT rows bigint,
                                   OUT superseded bigint, OUT withdrawn bigint, OUT retries int)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT count(*), sum(n.rows)::bigint, count(*) FILTER (WHERE s.state = 'superseded'),
           count(*) FILTER (WHERE s.state = 'withdrawn'),
           (SELECT a.retries FROM work.analyses a
            WHERE a.analysis = analysis_id AND work.may_see(analysis_id))
    FROM work.pins n JOIN registry.submissions s USING (submission)
    WHERE n.analysis = analysis_id
      AND (pg_has_role(session_user, 'pilot_evaluator', 'MEMBER')
           OR n.submission IN (SELECT registry.own_submission_ids()))
$$;
COMMENT ON FUNCTION work.analysis_size(bigint) IS
    'Agencies and rows of an analysis and what became of their data, as far as the login may see them, and how often it was retried';
REVOKE ALL ON FUNCTION work.analysis_size(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION work.analysis_size(bigint) TO pilot_evaluator, pilot_agency;
