-- A pilot of :agencies agencies, :outcomes outcomes and :analyses analyses in dashboard.*, as releases
-- leave it: rows by analysis, then by agency, then in plan order.  Every seventh row is hidden.
-- Numbers are made up of row and column; columns are taken from the catalogs, so that a table may grow.
SET ROLE pilot_owner;
SET synchronous_commit = off;
SET search_path = pg_catalog, pg_temp;

-- key says some columns; the numbers that can have a mark, and the marks, are filled; others are NULL.
CREATE FUNCTION pg_temp.fill(target regclass, key jsonb, source text) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    columns text;
    told text;
    rows bigint;
BEGIN
    SELECT string_agg(quote_ident(c.attname), ', ' ORDER BY c.attnum),
           string_agg(CASE
               WHEN key ? c.attname THEN key ->> c.attname
               WHEN c.atttypid = 'dashboard.mark'::regtype
                   THEN 'CASE WHEN hidden THEN ''c''::dashboard.mark END'
               WHEN m.attname IS NULL THEN 'NULL'
               ELSE format('CASE WHEN NOT hidden THEN ((row * 7919 + %s * 104729) %% 1999 / 99.0)::%s END',
                           c.attnum, format_type(c.atttypid, c.atttypmod)) END, ', ' ORDER BY c.attnum)
        INTO columns, told
        FROM pg_attribute c LEFT JOIN pg_attribute m
            ON m.attrelid = c.attrelid AND m.attname = c.attname || '_mark'
        WHERE c.attrelid = target AND c.attnum > 0 AND NOT c.attisdropped
          AND c.attgenerated = '';
    EXECUTE format('INSERT INTO %s (%s) SELECT %s FROM (%s) AS made', target, columns, told, source);
    GET DIAGNOSTICS rows = ROW_COUNT;
    RETURN rows;
END $$;

CREATE FUNCTION pg_temp.fill_analysis(analysis bigint, agencies int, outcomes int) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    key jsonb := jsonb_build_object('pilot', '''big''', 'analysis', analysis, 'confirmatory', 'true',
        'outcome', 'format(''outcome_%s'', o)', 'arm', '''treated''', 'control', '''control''',
        'estimand', '''itt''', 'estimator', '''ols''', 'ordinal', 'o - 1',
        'status', 'CASE WHEN hidden THEN ''suppressed'' ELSE ''ok'' END');
    made text := format('SELECT g, o, format(''agency %%s'', lpad(g::text, 4, ''0'')) AS agency, '
        '(g * %2$s + o)::bigint AS row, (g * %2$s + o + %3$s) %% 7 = 0 AS hidden '
        'FROM generate_series(1, %1$s) AS g, generate_series(1, %2$s) AS o', agencies, outcomes, analysis);
    pooled text := format('SELECT o, m, t, NULL::text AS agency, o::bigint AS row, false AS hidden '
        'FROM generate_series(1, %s) AS o, unnest(ARRAY[''fixed'', ''dl'', ''pm'', ''reml'']) AS m, '
        'unnest(ARRAY[''z'', ''knha'', ''adhoc'']) AS t', outcomes);
    first text := pooled || ' WHERE m = ''reml'' AND t = ''knha''';
BEGIN
    PERFORM pg_temp.fill('dashboard.effects', key || '{"scope": "''agency''", "agency": "agency"}', made);
    PERFORM pg_temp.fill('dashboard.effects', key || '{"scope": "''pooled''"}', first);
    PERFORM pg_temp.fill('dashboard.effects', key || jsonb_build_object('scope', '''pooled''',
        'subgroup', '''female''', 'level', '''1''', 'ordinal', outcomes || ' + o'), first);
    PERFORM pg_temp.fill('dashboard.agencies', key || '{"agency": "agency"}', made);
    PERFORM pg_temp.fill('dashboard.comparisons', key || '{"method": "m", "test": "t",
        "headline": "m = ''reml'' AND t = ''knha''", "ordinal": "row_number() OVER () - 1"}', pooled);
    PERFORM pg_temp.fill('dashboard.averages', key || '{"weighting": "w", "place": "place"}', format(
        'SELECT o, w, place, o::bigint AS row, false AS hidden FROM generate_series(1, %s) AS o, '
        'unnest(ARRAY[''person'', ''site'']) WITH ORDINALITY AS u (w, place)', outcomes));
    PERFORM pg_temp.fill('dashboard.moderators', key || '{"kind": "w", "place": "place",
        "attribute": "''mechanism''"}', format('SELECT o, w, place, o::bigint AS row, o = 2 AS hidden '
        'FROM generate_series(1, %s) AS o, unnest(ARRAY[''intercept'', ''coefficient'', ''test'', '
        '''residual'', ''group'', ''group'']) WITH ORDINALITY AS u (w, place)', outcomes));
    PERFORM pg_temp.fill('dashboard.distribution', key || '{"part": "w", "place": "place"}', format(
        'SELECT o, w, place, o::bigint AS row, o = 2 AS hidden FROM generate_series(1, %s) AS o, '
        'unnest(ARRAY[''harm'', ''none'', ''benefit'']) WITH ORDINALITY AS u (w, place)', outcomes));
    PERFORM pg_temp.fill('dashboard.quality', key || '{"check": "''sample_ratio''", "alarm": "o = 1"}',
        first);
    -- A tenth of the agencies has an alarm.
    PERFORM pg_temp.fill('dashboard.quality', key || '{"agency": "agency", "variable": "format(''outcome_%s'', o)",
        "check": "CASE o % 4 WHEN 0 THEN ''sample_ratio'' WHEN 1 THEN ''attrition'' WHEN 2 THEN ''balance'' ELSE ''count'' END",
        "alarm": "CASE WHEN NOT hidden THEN g % 10 = 0 AND o = 1 END"}', made);
END $$;

-- The records behind them, so that the live views have something to show.
SELECT set_config('pilot.agencies', :'agencies', false), set_config('pilot.outcomes', :'outcomes', false),
       set_config('pilot.analyses', :'analyses', false) \g /dev/null
INSERT INTO registry.pilots (name) VALUES ('big');
INSERT INTO registry.plans (pilot, version, sha256, json, source, columns)
    SELECT pilot, 1, repeat('a', 64), jsonb_build_object('agencies', (
               SELECT jsonb_agg(jsonb_build_object('name', format('agency %s', lpad(g::text, 4, '0'))))
               FROM generate_series(1, :agencies + 1) AS g))::text, 'made', '{}'
    FROM registry.pilots WHERE name = 'big'; -- it lists one more than have sent data
DO $$
DECLARE
    agencies int := current_setting('pilot.agencies')::int;
    outcomes int := current_setting('pilot.outcomes')::int;
    pilot_id bigint;
    plan_id bigint;
    load_id bigint;
    item bigint;
BEGIN
    SELECT p.pilot, p.plan INTO pilot_id, plan_id FROM registry.plans p JOIN registry.pilots USING (pilot)
        WHERE name = 'big';
    INSERT INTO registry.loads (pilot, plan, state) VALUES (pilot_id, plan_id, 'sealed')
        RETURNING load INTO load_id;
    INSERT INTO registry.agencies (pilot, name)
        SELECT pilot_id, format('agency %s', lpad(g::text, 4, '0')) FROM generate_series(1, agencies) AS g;
    INSERT INTO registry.submissions (submission, agency, load, revision, state, rows)
        SELECT a.agency, a.agency, load_id, 1, 'accepted', 100 FROM registry.agencies a WHERE a.pilot = pilot_id;
    FOR i IN 1 .. current_setting('pilot.analyses')::int LOOP
        INSERT INTO work.analyses (pilot, plan, data_sha256, state, finished_at, job_count, planned)
            VALUES (pilot_id, plan_id, 'x', 'done', now(), 8, true) RETURNING analysis INTO item;
        INSERT INTO work.pins (analysis, ordinal, submission, agency, rows)
            SELECT item, row_number() OVER (ORDER BY a.name) - 1, a.agency, a.name, 100
            FROM registry.agencies a WHERE a.pilot = pilot_id;
        INSERT INTO dashboard.releases (analysis, pilot, minimum_count, round_to, engine, rows, suppressed)
            VALUES (item, 'big', 10, 5, 1, 0, 0);
        INSERT INTO work.released_submissions (analysis, submission, agency, rows)
            SELECT item, n.submission, n.agency, n.rows FROM work.pins n WHERE n.analysis = item;
        PERFORM pg_temp.fill_analysis(item, agencies, outcomes);
    END LOOP;
    INSERT INTO work.analyses (pilot, plan, data_sha256) VALUES (pilot_id, plan_id, 'x');
END $$;
