-- Submissions as agencies know them: what one came to against the one before, rules that the server
-- checks for clients that are not ours, withdrawal.
-- Rights and error codes are those of the earlier steps.

-- ---- the revision before -------------------------------------------------------------------------

-- What a client once sent may hold anything.
CREATE FUNCTION registry.number_in(content jsonb, key text) RETURNS float8
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
RETURN CASE WHEN jsonb_typeof(content -> key) = 'number'
             AND abs((content ->> key)::numeric) < 1e300 THEN (content ->> key)::float8 END;
CREATE FUNCTION registry.count_in(content jsonb, key text) RETURNS bigint
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
RETURN CASE WHEN registry.number_in(content, key) BETWEEN 0 AND 9e15
            THEN (content ->> key)::numeric::bigint END;

CREATE FUNCTION registry.previous_summaries(pilot_name text, agency_names text[])
RETURNS TABLE (agency text, revision int, rows bigint, item text, name text, amount bigint,
               numbers bigint, mean float8, sd float8)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT a.name, s.revision, s.rows, i.item, i.name, i.amount, i.numbers, i.mean, i.sd
    FROM registry.agencies a
    JOIN registry.submissions s ON s.agency = a.agency AND s.state = 'accepted'
    LEFT JOIN registry.summaries m USING (submission)
    LEFT JOIN LATERAL (
        SELECT 'arm' AS item, k AS name, registry.count_in(m.summary -> 'arms', k) AS amount,
               NULL::bigint AS numbers, NULL::float8 AS mean, NULL::float8 AS sd
        FROM jsonb_object_keys(CASE WHEN jsonb_typeof(m.summary -> 'arms') = 'object'
                                    THEN m.summary -> 'arms' ELSE '{}' END) AS k
        UNION ALL
        SELECT 'column', c.key, registry.count_in(c.value, 'missing'),
               registry.count_in(c.value, 'numbers'), registry.number_in(c.value, 'mean'),
               registry.number_in(c.value, 'sd')
        FROM jsonb_each(CASE WHEN jsonb_typeof(m.summary -> 'columns') = 'object'
                             THEN m.summary -> 'columns' ELSE '{}' END) AS c) AS i ON true
    WHERE a.pilot = (SELECT registry.find_pilot(pilot_name)) AND a.name = ANY (agency_names)
      AND (registry.is_owner() OR a.agency IN (SELECT registry.own_agency_ids()))
    ORDER BY a.name
$$;
COMMENT ON FUNCTION registry.previous_summaries(text, text[]) IS
    'The accepted submissions of own agencies and what they came to: one row an arm and a column';

CREATE FUNCTION registry.unit_changes(pilot_name text, submission_ids bigint[])
RETURNS TABLE (submission bigint, added bigint, removed bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    pilot_id bigint := registry.find_pilot(pilot_name);
    item record;
BEGIN
    FOR item IN
        SELECT s.submission, p.submission AS previous
        FROM registry.submissions s JOIN registry.agencies a USING (agency)
        CROSS JOIN LATERAL (SELECT o.submission FROM registry.submissions o
                            WHERE o.agency = s.agency AND o.revision < s.revision
                              AND o.state = 'superseded'
                            ORDER BY o.revision DESC LIMIT 1) AS p
        WHERE a.pilot = pilot_id AND s.submission = ANY (submission_ids)
          AND (registry.is_owner() OR s.agency IN (SELECT registry.own_agency_ids()))
    LOOP
        submission := item.submission;
        EXECUTE format(
            'SELECT count(*) FILTER (WHERE o.pilot_unit IS NULL), '
            'count(*) FILTER (WHERE n.pilot_unit IS NULL) '
            'FROM (SELECT pilot_unit FROM outcomes.%1$I WHERE pilot_submission = %2$s) AS n '
            'FULL JOIN (SELECT pilot_unit FROM outcomes.%1$I WHERE pilot_submission = %3$s) AS o '
            'USING (pilot_unit)', pilot_name, item.submission, item.previous)
            INTO added, removed;
        RETURN NEXT;
    END LOOP;
END $$;
COMMENT ON FUNCTION registry.unit_changes(text, bigint[]) IS
    'How many units each of these submissions has that the revision before had not, and the other way round';

-- ---- what the client checks, for clients that are not ours ---------------------------------------

-- Covariates and subgroups may be written as plain names.
CREATE FUNCTION registry.plan_rules(plan_id bigint)
RETURNS TABLE (column_name text, rule text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH plan AS (SELECT p.json::jsonb AS content, p.columns FROM registry.plans p
                  WHERE p.plan = plan_id),
    outcome AS (
        SELECT o.item ->> 'name' AS name, COALESCE(o.item ->> 'type', 'continuous') AS type,
               CASE WHEN jsonb_typeof(o.item -> 'levels') = 'array'
                    THEN jsonb_array_length(o.item -> 'levels') END AS levels
        FROM plan, jsonb_array_elements(content -> 'outcomes') AS o (item)
        WHERE jsonb_typeof(o.item) = 'object'),
    covariate AS (
        SELECT c.item ->> 'name' AS name, c.item ->> 'type' AS type, false AS subgroup
        FROM plan, jsonb_array_elements(COALESCE(content -> 'covariates', '[]')) AS c (item)
        WHERE jsonb_typeof(c.item) = 'object'
        UNION ALL
        SELECT c.item ->> 'name', c.item ->> 'type', true
        FROM plan, jsonb_array_elements(COALESCE(content -> 'subgroups', '[]')) AS c (item)
        WHERE jsonb_typeof(c.item) = 'object'),
    wanted AS (
        SELECT 'pilot_unit' AS name, '%1$I <> '''' AND octet_length(%1$I) <= 2000' AS rule
        UNION ALL VALUES ('pilot_weight', '%I >= 0'), ('pilot_probability', '%1$I > 0 AND %1$I <= 1'),
                         ('pilot_wave', '%I IS NOT NULL')
        UNION ALL
        SELECT n.name, CASE o.type
                   WHEN 'binary' THEN '%I IN (0, 1)'
                   WHEN 'count' THEN '%1$I >= 0 AND %1$I = floor(%1$I)'
                   WHEN 'ordinal' THEN '%1$I >= 0 AND %1$I < ' || o.levels || ' AND %1$I = floor(%1$I)'
                   WHEN 'duration' THEN '%I >= 0' END
        FROM outcome o, unnest(ARRAY[o.name, o.name || '_baseline']) AS n (name)
        UNION ALL
        SELECT o.name || '_event', '%I IN (0, 1)' FROM outcome o WHERE o.type = 'duration'
        UNION ALL
        SELECT c.name, '%I IN (0, 1)' FROM covariate c WHERE c.type = 'binary')
    SELECT DISTINCT ON (w.name) w.name, format(w.rule, w.name)
    FROM plan, wanted w WHERE w.rule IS NOT NULL AND w.name = ANY (plan.columns)
    ORDER BY w.name, w.rule
$$;
COMMENT ON FUNCTION registry.plan_rules(bigint) IS
    'What a plan asks of values of its columns, as SQL conditions that do not fail';

CREATE FUNCTION registry.check_labels(current_load registry.loads, partition text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    bad text;
BEGIN
    SELECT d.column_name INTO bad
        FROM registry.dictionaries d JOIN registry.submissions s USING (submission)
        WHERE s.load = current_load.load
          AND (d.column_name NOT IN (
                   SELECT a.attname FROM pg_attribute a
                   WHERE a.attrelid = to_regclass(format('outcomes.%I', partition)) AND a.attnum > 0
                     AND NOT a.attisdropped AND a.attname NOT IN ('pilot_submission', 'pilot_row')
                     AND (a.atttypid IN ('int4'::regtype, 'int2'::regtype)
                          OR a.attname = 'pilot_received'))
               OR cardinality(d.labels) > 2000000
               OR (d.column_name IN ('pilot_arm', 'pilot_received')
                   AND NOT d.labels <@ ARRAY (SELECT registry.plan_arms(current_load.plan)))
               OR EXISTS (SELECT FROM unnest(d.labels) AS u (label)
                          WHERE u.label IS NULL OR octet_length(u.label) > 2000
                             OR (u.label = '' AND d.column_name LIKE 'pilot\_%'))
               OR (SELECT count(DISTINCT u.label) < count(*) FROM unnest(d.labels) AS u (label)))
        LIMIT 1;
    IF bad IS NOT NULL THEN
        RAISE EXCEPTION 'the labels of column "%" are not as they must be: each once, in at most 2000 '
                        'bytes, arms as the plan has them', left(bad, 63) USING ERRCODE = 'PL002';
    END IF;
    SELECT c INTO bad
        FROM registry.submissions s JOIN registry.plans p ON p.plan = current_load.plan,
             unnest(p.columns) AS u (c)
        WHERE s.load = current_load.load AND NOT c = ANY (s.columns) LIMIT 1;
    IF bad IS NOT NULL THEN
        RAISE EXCEPTION 'the data lacks column "%" of the plan', bad USING ERRCODE = 'PL002';
    END IF;
END $$;

-- One scan: counts, the greatest codes of each submission, the columns in which a value breaks its
-- rule.
CREATE OR REPLACE FUNCTION registry.check_rows(current_load registry.loads, partition text)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    aggregates text;
    comparisons text;
    rules text;
    bad text;
BEGIN
    PERFORM registry.check_labels(current_load, partition);
    SELECT string_agg(format(', max(%I) AS code_%s', a.attname, a.attnum), '' ORDER BY a.attnum),
           string_agg(format(' OR f.code_%1$s >= COALESCE((SELECT cardinality(d.labels) '
                             'FROM registry.dictionaries d WHERE d.submission = s.submission '
                             'AND d.column_name = %2$L), 0)', a.attnum, a.attname),
                      '' ORDER BY a.attnum)
        INTO aggregates, comparisons
        FROM pg_attribute a
        WHERE a.attrelid = to_regclass(format('outcomes.%I', partition)) AND a.attnum > 0
          AND NOT a.attisdropped AND a.attname NOT IN ('pilot_submission', 'pilot_row')
          AND a.atttypid IN ('int4'::regtype, 'int2'::regtype);
    SELECT COALESCE(string_agg(format(', CASE WHEN bool_or(NOT (%s)) THEN %L END', r.rule,
                                      r.column_name), '' ORDER BY r.column_name), '')
        INTO rules FROM registry.plan_rules(current_load.plan) AS r;
    EXECUTE format('SELECT CASE WHEN s.rows IS DISTINCT FROM f.row_count%s THEN ''manifest'' '
                   'ELSE f.broken END FROM (SELECT pilot_submission, count(*) AS row_count%s, '
                   'COALESCE(NULL::text%s) AS broken '
                   'FROM outcomes.%I GROUP BY pilot_submission) AS f '
                   'FULL JOIN (SELECT * FROM registry.submissions WHERE load = $1) AS s '
                   'ON s.submission = f.pilot_submission ORDER BY 1 NULLS LAST LIMIT 1',
                   comparisons, aggregates, rules, partition)
        INTO bad USING current_load.load;
    IF bad = 'manifest' THEN
        RAISE EXCEPTION 'the rows of the load differ from its manifest (their count, or a code '
                        'without a label)' USING ERRCODE = 'PL002';
    ELSIF bad IS NOT NULL THEN
        RAISE EXCEPTION 'column "%" has a value that the plan does not allow', bad
            USING ERRCODE = 'PL002';
    END IF;
    PERFORM registry.check_received(current_load, partition);
    PERFORM registry.check_clusters(current_load, partition);
END $$;

-- Treatment received as labels: numbers that are codes.
CREATE FUNCTION registry.check_received(current_load registry.loads, partition text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    bad boolean;
BEGIN
    IF NOT EXISTS (SELECT FROM registry.dictionaries d JOIN registry.submissions s USING (submission)
                   WHERE s.load = current_load.load AND d.column_name = 'pilot_received') THEN
        RETURN;
    END IF;
    EXECUTE format('SELECT EXISTS (SELECT FROM outcomes.%I r '
                   'JOIN registry.dictionaries d ON d.submission = r.pilot_submission '
                   'AND d.column_name = ''pilot_received'' WHERE r.pilot_received IS NOT NULL '
                   'AND NOT (r.pilot_received >= 0 AND r.pilot_received < cardinality(d.labels) '
                   'AND r.pilot_received = floor(r.pilot_received)))', partition)
        INTO bad;
    IF bad THEN
        RAISE EXCEPTION 'column "pilot_received" has a code without a label' USING ERRCODE = 'PL002';
    END IF;
END $$;

CREATE FUNCTION registry.check_clusters(current_load registry.loads, partition text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    amount bigint;
BEGIN
    IF NOT (SELECT p.clustered FROM registry.plans p WHERE p.plan = current_load.plan) THEN
        RETURN;
    END IF;
    EXECUTE format('SELECT count(*) FROM (SELECT FROM outcomes.%I GROUP BY pilot_submission, '
                   'pilot_cluster HAVING min(pilot_arm) <> max(pilot_arm)) AS torn', partition)
        INTO amount;
    IF amount > 0 THEN
        RAISE EXCEPTION 'rows of one cluster are in two arms (clusters: %)', amount
            USING ERRCODE = 'PL002';
    END IF;
END $$;

-- ---- content_sha256, for clients that would rather not compute it --------------------------------

CREATE FUNCTION registry.content_text(value text) RETURNS bytea
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
RETURN '\x02'::bytea || int4send(octet_length(value)) || convert_to(value, 'UTF8');

CREATE FUNCTION registry.content_sha256(entry jsonb) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    current_load registry.loads := registry.open_load();
    partition text;
    head bytea;
    fields text;
    joins text;
    content bytea;
BEGIN
    SELECT registry.partition_name(p.name, current_load.load) INTO partition
        FROM registry.pilots p WHERE p.pilot = current_load.pilot;
    SELECT 'pilot content 1' || E'\\x0a'::bytea
               || string_agg(registry.content_text(a.attname), '' ORDER BY a.attname COLLATE "C"),
           string_agg(CASE
               WHEN a.atttypid = 'text'::regtype THEN format(
                   'COALESCE(registry.content_text(r.%I), ''\x00'')', a.attname)
               WHEN d.labels IS NOT NULL THEN format('COALESCE(l%s.bytes, ''\x00'')', a.attnum)
               ELSE format('COALESCE(''\x01''::bytea || float8send(r.%I::float8 + 0), ''\x00'')',
                           a.attname) END, ' || ' ORDER BY a.attname COLLATE "C"),
           string_agg(CASE WHEN d.labels IS NOT NULL THEN format(
               ' LEFT JOIN (SELECT place - 1 AS code, registry.content_text(label) AS bytes '
               'FROM jsonb_array_elements_text($1 -> ''dictionaries'' -> %1$L) WITH ORDINALITY '
               'AS u (label, place)) AS l%2$s ON l%2$s.code = r.%1$I', a.attname, a.attnum) END, '')
        INTO head, fields, joins
        FROM jsonb_array_elements_text(entry -> 'columns') AS c (name)
        JOIN pg_attribute a ON a.attname = c.name AND a.attnum > 0
             AND a.attrelid = to_regclass(format('outcomes.%I', partition))
        CROSS JOIN LATERAL (SELECT entry -> 'dictionaries' -> c.name AS labels) AS d;
    IF fields IS NULL THEN
        RAISE EXCEPTION 'the manifest of the load is incomplete' USING ERRCODE = 'PL002';
    END IF;
    EXECUTE format('SELECT string_agg(%s, '''' ORDER BY r.pilot_unit) FROM outcomes.%I r%s '
                   'WHERE r.pilot_submission = ($1 ->> ''submission'')::bigint',
                   fields, partition, joins) INTO content USING entry;
    RETURN encode(sha256(head || COALESCE(content, '')), 'hex');
END $$;
COMMENT ON FUNCTION registry.content_sha256(jsonb) IS
    'content_sha256 (docs/data.md) of rows of the open load; entry: submission, columns and dictionaries of its manifest';

-- ---- withdrawal ----------------------------------------------------------------------------------

ALTER TABLE registry.submissions
    ADD COLUMN withdrawn_by text, ADD COLUMN withdrawn_at timestamptz,
    ADD COLUMN withdrawn_reason text CHECK (octet_length(withdrawn_reason) BETWEEN 1 AND 2000);
COMMENT ON COLUMN registry.submissions.withdrawn_reason IS 'As who withdrew it put it; NULL: not told';

-- Rows that vanish leave their file at once where it was theirs alone, else by vacuum.
CREATE FUNCTION registry.delete_rows(pilot_name text, submission_ids bigint[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    item record;
    partition text;
    deleted bigint;
    total bigint := 0;
BEGIN
    FOR item IN
        SELECT s.load, array_agg(s.submission) AS own,
               NOT EXISTS (SELECT FROM registry.submissions o WHERE o.load = s.load
                           AND NOT o.submission = ANY (submission_ids)
                           AND o.state IN ('accepted', 'superseded')) AS alone
        FROM registry.submissions s WHERE s.submission = ANY (submission_ids)
        GROUP BY s.load ORDER BY s.load
    LOOP
        partition := registry.partition_name(pilot_name, item.load);
        CONTINUE WHEN to_regclass(format('outcomes.%I', partition)) IS NULL;
        IF item.alone THEN
            EXECUTE format('SELECT count(*) FROM outcomes.%I', partition) INTO deleted;
            EXECUTE format('TRUNCATE outcomes.%I', partition);
            total := total + deleted;
        ELSE
            EXECUTE format('DELETE FROM outcomes.%I WHERE pilot_submission = ANY ($1)', partition)
                USING item.own;
            GET DIAGNOSTICS deleted = ROW_COUNT;
            total := total + deleted;
            EXECUTE format('ALTER TABLE outcomes.%I SET (autovacuum_enabled = true, '
                           'autovacuum_vacuum_threshold = 0, autovacuum_vacuum_scale_factor = 0)',
                           partition);
        END IF;
    END LOOP;
    RETURN total;
END $$;

-- What jobs left for later ones can hold labels of clusters.
CREATE FUNCTION work.forget_parts(analysis_id bigint) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE work.job_results r SET part = NULL FROM work.jobs j
        WHERE r.job = j.job AND j.analysis = analysis_id AND r.part IS NOT NULL
$$;

CREATE FUNCTION work.mind_withdrawn() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM work.pins n JOIN registry.submissions s USING (submission)
                   WHERE n.analysis = NEW.analysis AND s.state = 'withdrawn') THEN
        RETURN NULL;
    END IF;
    IF NEW.state = 'queued' THEN
        RAISE EXCEPTION 'data of analysis % was withdrawn; launch a new one', NEW.analysis
            USING ERRCODE = 'PL005';
    END IF;
    PERFORM work.forget_parts(NEW.analysis);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION work.mind_withdrawn() IS
    'An analysis of withdrawn data is not taken up again, and keeps no parts when it has ended';
CREATE TRIGGER mind_withdrawn AFTER UPDATE OF state ON work.analyses FOR EACH ROW
    WHEN (NEW.state IS DISTINCT FROM OLD.state AND NEW.state <> 'running')
    EXECUTE FUNCTION work.mind_withdrawn();

CREATE FUNCTION registry.withdraw(pilot_name text, agency_name text, reason text DEFAULT NULL,
                                  OUT revisions int, OUT rows bigint, OUT analyses int,
                                  OUT unfinished int)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    pilot_id bigint := registry.find_pilot(pilot_name);
    agency_id bigint;
    ids bigint[];
BEGIN
    SELECT a.agency INTO agency_id FROM registry.agencies a
        WHERE a.pilot = pilot_id AND a.name = agency_name
          AND (registry.is_owner() OR a.agency IN (SELECT registry.own_agency_ids()))
        FOR UPDATE;
    IF agency_id IS NULL THEN
        RAISE EXCEPTION 'there is no agency "%" of pilot "%" that this login submits for',
            left(agency_name, 60), pilot_name USING ERRCODE = 'PL001';
    END IF;
    SELECT array_agg(s.submission), count(*) INTO ids, revisions FROM registry.submissions s
        WHERE s.agency = agency_id AND s.state IN ('accepted', 'superseded');
    IF ids IS NULL THEN
        RAISE EXCEPTION 'agency "%" has no data in pilot "%" to withdraw', left(agency_name, 60),
            pilot_name USING ERRCODE = 'PL002';
    END IF;
    rows := registry.delete_rows(pilot_name, ids);
    DELETE FROM registry.dictionaries d WHERE d.submission = ANY (ids);
    DELETE FROM registry.summaries m WHERE m.submission = ANY (ids);
    DELETE FROM registry.problems p WHERE p.load IN (
        SELECT s.load FROM registry.submissions s
        WHERE s.agency = agency_id AND s.state = 'rejected'
          AND NOT EXISTS (SELECT FROM registry.submissions o
                          WHERE o.load = s.load AND o.agency <> agency_id));
    UPDATE registry.submissions s
        SET state = 'withdrawn', withdrawn_by = session_user, withdrawn_at = now(),
            withdrawn_reason = NULLIF(left(withdraw.reason, 500), '')
        WHERE s.submission = ANY (ids);
    PERFORM work.forget_parts(w.analysis) FROM work.analyses w
        WHERE w.state IN ('done', 'failed', 'cancelled')
          AND EXISTS (SELECT FROM work.pins n WHERE n.analysis = w.analysis
                      AND n.submission = ANY (ids));
    SELECT count(*), count(*) FILTER (WHERE w.state IN ('queued', 'running'))
        INTO analyses, unfinished FROM work.analyses w
        WHERE EXISTS (SELECT FROM work.pins n WHERE n.analysis = w.analysis
                      AND n.submission = ANY (ids));
END $$;
COMMENT ON FUNCTION registry.withdraw(text, text, text) IS
    'Delete all data of an agency in a pilot; hashes and counts stay. analyses: those that used it, of which unfinished will fail';

-- ---- views ---------------------------------------------------------------------------------------

CREATE OR REPLACE VIEW results.submissions WITH (security_invoker = true) AS
SELECT p.name AS pilot, g.name AS agency, s.revision, s.state, s.rows, s.content_sha256,
       s.file_sha256, s.submitted_by, s.submitted_at,
       CASE WHEN s.state = 'accepted' AND s.warnings > 0 THEN 'accepted_with_warnings'
            ELSE s.state END AS verdict,
       s.warnings, s.withdrawn_by, s.withdrawn_at, s.withdrawn_reason
FROM registry.submissions s
JOIN registry.agencies g USING (agency)
JOIN registry.pilots p ON p.pilot = g.pilot
ORDER BY p.name COLLATE "C", g.name, s.submission;
COMMENT ON COLUMN results.submissions.verdict IS
    'accepted, accepted_with_warnings, rejected, superseded or withdrawn';

CREATE OR REPLACE VIEW results.latest_submissions WITH (security_invoker = true) AS
SELECT l.pilot, g.name AS agency, s.revision, s.state, s.rows, s.content_sha256, s.file_sha256,
       s.submitted_by, s.submitted_at,
       CASE WHEN s.state = 'accepted' AND s.warnings > 0 THEN 'accepted_with_warnings'
            ELSE s.state END AS verdict,
       s.warnings, s.withdrawn_by, s.withdrawn_at, s.withdrawn_reason
FROM results.latest_analyses l
JOIN work.pins n USING (analysis)
JOIN registry.submissions s USING (submission)
JOIN registry.agencies g ON g.agency = s.agency
ORDER BY l.pilot COLLATE "C", n.ordinal;

GRANT EXECUTE ON FUNCTION registry.previous_summaries(text, text[]),
    registry.unit_changes(text, bigint[]), registry.content_sha256(jsonb),
    registry.withdraw(text, text, text) TO pilot_agency;
REVOKE ALL ON FUNCTION registry.number_in(jsonb, text), registry.count_in(jsonb, text),
    registry.previous_summaries(text, text[]), registry.unit_changes(text, bigint[]),
    registry.plan_rules(bigint), registry.check_labels(registry.loads, text),
    registry.check_received(registry.loads, text), registry.check_clusters(registry.loads, text),
    registry.content_text(text), registry.content_sha256(jsonb),
    work.forget_parts(bigint), work.mind_withdrawn(), registry.delete_rows(text, bigint[]), registry.withdraw(text, text, text) FROM PUBLIC;
