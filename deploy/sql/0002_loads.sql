-- Plans and loads: register, begin, reserve, seal, reject.
-- Every function runs with its owner's rights and a fixed search_path; who may call them is
-- granted by the operator.  Errors for a person: PL001 not found, PL002 data, PL003 usage or
-- plan, PL004 schema, PL005 withdrawn; the message is the whole line.

-- ---- plans -------------------------------------------------------------------------------------

CREATE FUNCTION registry.find_pilot(pilot_name text) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found_pilot bigint;
BEGIN
    SELECT p.pilot INTO found_pilot FROM registry.pilots p WHERE p.name = pilot_name;
    IF found_pilot IS NULL THEN
        RAISE EXCEPTION 'there is no pilot "%"; register its plan first (pilot register PLAN.yaml)',
            left(pilot_name, 100) USING ERRCODE = 'PL001';
    END IF;
    RETURN found_pilot;
END $$;
COMMENT ON FUNCTION registry.find_pilot IS 'Id of a pilot by name, or error PL001';

CREATE FUNCTION registry.check_columns(columns text[], types text[]) RETURNS void
LANGUAGE plpgsql IMMUTABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    bad text;
BEGIN
    IF cardinality(columns) IS DISTINCT FROM cardinality(types) OR NOT 'pilot_unit' = ANY (columns)
       OR NOT 'pilot_arm' = ANY (columns) OR array_position(columns, NULL) IS NOT NULL THEN
        RAISE EXCEPTION 'the columns of the plan are not complete' USING ERRCODE = 'PL003';
    END IF;
    SELECT c INTO bad FROM unnest(columns, types) AS u (c, t)
        WHERE octet_length(c) NOT BETWEEN 1 AND 63 OR c IN ('pilot_submission', 'pilot_row')
           OR t IS NULL OR t NOT IN ('text', 'float8', 'int4', 'int2') LIMIT 1;
    IF bad IS NOT NULL THEN
        RAISE EXCEPTION 'column "%" of the plan has a name or a type that cannot be stored', bad
            USING ERRCODE = 'PL003';
    END IF;
    SELECT c INTO bad FROM unnest(columns) AS u (c) GROUP BY c HAVING count(*) > 1 LIMIT 1;
    IF bad IS NOT NULL THEN
        RAISE EXCEPTION 'column "%" stands twice in the plan', bad USING ERRCODE = 'PL003';
    END IF;
END $$;

-- Create outcomes.<pilot>, or add the columns that it lacks.
CREATE FUNCTION registry.shape_outcomes(pilot_name text, columns text[], types text[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    parent oid := to_regclass(format('outcomes.%I', pilot_name));
    item record;
BEGIN
    IF parent IS NULL THEN
        EXECUTE format('CREATE TABLE outcomes.%I (pilot_submission bigint NOT NULL, '
                       'pilot_row int NOT NULL) PARTITION BY RANGE (pilot_submission)', pilot_name);
        EXECUTE format('COMMENT ON TABLE outcomes.%I IS %L', pilot_name,
                       'Unit rows, one partition a load; what codes mean: registry.dictionaries');
        parent := to_regclass(format('outcomes.%I', pilot_name));
    END IF;
    FOR item IN
        SELECT u.c AS name, u.t AS type, a.atttypid AS stored_type
        FROM unnest(columns, types) WITH ORDINALITY AS u (c, t, place)
        LEFT JOIN pg_attribute a ON a.attrelid = parent AND a.attname = u.c
                                AND a.attnum > 0 AND NOT a.attisdropped
        ORDER BY u.place
    LOOP
        IF item.stored_type IS NULL THEN
            EXECUTE format('ALTER TABLE outcomes.%I ADD COLUMN %I %s%s', pilot_name, item.name,
                           item.type, CASE item.type WHEN 'text' THEN ' COLLATE "C"' ELSE '' END);
        ELSIF item.stored_type <> to_regtype(item.type) THEN
            RAISE EXCEPTION 'column "%" is stored as % in pilot "%" and this plan makes it %; '
                            'a column cannot change its type: use a new pilot name',
                item.name, format_type(item.stored_type, NULL), pilot_name,
                format_type(to_regtype(item.type), NULL) USING ERRCODE = 'PL003';
        END IF;
    END LOOP;
END $$;

CREATE FUNCTION registry.register_plan(pilot_name text, plan_sha256 text, plan_json text,
                                       plan_source text, columns text[], types text[],
                                       OUT plan bigint, OUT version int, OUT is_new boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    content jsonb := plan_json::jsonb;
    pilot_id bigint;
    latest_sha256 text;
BEGIN
    PERFORM registry.check_columns(columns, types);
    INSERT INTO registry.pilots (name) VALUES (pilot_name) ON CONFLICT (name) DO NOTHING;
    SELECT p.pilot INTO pilot_id FROM registry.pilots p WHERE p.name = pilot_name FOR UPDATE;
    SELECT p.plan, p.version, p.sha256 INTO plan, version, latest_sha256 FROM registry.plans p
        WHERE p.pilot = pilot_id ORDER BY p.version DESC LIMIT 1;
    is_new := latest_sha256 IS DISTINCT FROM plan_sha256;
    IF NOT is_new THEN
        RETURN;
    END IF;
    PERFORM registry.shape_outcomes(pilot_name, columns, types);
    INSERT INTO registry.plans AS p
        (pilot, version, sha256, json, source, columns, across, clustered)
        VALUES (pilot_id, COALESCE(register_plan.version, 0) + 1, plan_sha256, plan_json,
                plan_source, register_plan.columns,
                COALESCE(content #>> '{analysis,level}' = 'across', false),
                'pilot_cluster' = ANY (register_plan.columns))
        RETURNING p.plan, p.version INTO plan, version;
END $$;
COMMENT ON FUNCTION registry.register_plan IS
    'Store a plan and shape outcomes.<pilot> for it; the latest version''s sha256 again is no new version';

-- ---- loads -------------------------------------------------------------------------------------
-- begin_load, reserve_submissions, COPY and seal_load share one transaction.

CREATE FUNCTION registry.partition_name(pilot_name text, load_id bigint) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
RETURN left(pilot_name, 43) || '$' || load_id;

-- Numbers are finite (x - x is NaN otherwise, and NaN = 0 is false), codes are not negative: checked
-- while rows arrive, when the server has time; a scan of its own would cost more.
CREATE FUNCTION registry.value_constraint(partition text) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT format('ALTER TABLE outcomes.%I ADD CONSTRAINT pilot_values CHECK (%s)', partition,
                  string_agg(CASE WHEN a.atttypid = 'float8'::regtype
                                  THEN format('%1$I - %1$I = 0', a.attname)
                                  ELSE format('%I >= 0', a.attname) END,
                             ' AND ' ORDER BY a.attnum))
    FROM pg_attribute a
    WHERE a.attrelid = to_regclass(format('outcomes.%I', partition)) AND a.attnum > 0
      AND NOT a.attisdropped AND a.attname <> 'pilot_submission'
      AND a.atttypid IN ('float8'::regtype, 'int4'::regtype, 'int2'::regtype)
$$;

CREATE FUNCTION registry.begin_load(pilot_name text, plan_id bigint,
                                    OUT load bigint, OUT partition text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    pilot_id bigint := registry.find_pilot(pilot_name);
    needed text[];
    item text;
BEGIN
    SELECT p.columns INTO needed FROM registry.plans p
        WHERE p.plan = plan_id AND p.pilot = pilot_id;
    IF needed IS NULL THEN
        RAISE EXCEPTION 'pilot "%" has no such plan', pilot_name USING ERRCODE = 'PL001';
    END IF;
    INSERT INTO registry.loads AS l (pilot, plan) VALUES (pilot_id, plan_id)
        RETURNING l.load INTO load;
    partition := registry.partition_name(pilot_name, load);
    -- Rows never change once they are sealed, and are frozen as they come: nothing to vacuum.
    EXECUTE format('CREATE TABLE outcomes.%I (LIKE outcomes.%I, CONSTRAINT pilot_range CHECK '
                   '(pilot_submission >= %s AND pilot_submission < %s)) '
                   'WITH (autovacuum_enabled = false)', partition, pilot_name,
                   load * 1048576, (load + 1) * 1048576);
    FOREACH item IN ARRAY needed LOOP
        IF item IN ('pilot_unit', 'pilot_arm', 'pilot_block', 'pilot_cluster', 'pilot_weight',
                    'pilot_probability') THEN
            EXECUTE format('ALTER TABLE outcomes.%I ALTER %I SET NOT NULL', partition, item);
        END IF;
    END LOOP;
    EXECUTE registry.value_constraint(partition);
    IF session_user <> current_user THEN
        EXECUTE format('GRANT SELECT, INSERT, DELETE ON outcomes.%I TO %I', partition,
                       session_user);
    END IF;
END $$;
COMMENT ON FUNCTION registry.begin_load IS
    'Open a load and make the table, not yet attached, that the caller may fill in this transaction';

CREATE FUNCTION registry.open_load() RETURNS registry.loads
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found_load registry.loads;
BEGIN
    SELECT * INTO found_load FROM registry.loads l
        WHERE l.begun_in = pg_current_xact_id_if_assigned() AND l.state = 'open'
          AND l.begun_by = session_user
        ORDER BY l.load DESC LIMIT 1;
    IF found_load.load IS NULL THEN
        RAISE EXCEPTION 'no load is open in this transaction' USING ERRCODE = 'PL003';
    END IF;
    RETURN found_load;
END $$;

CREATE FUNCTION registry.reserve_submissions(amount int) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    current_load registry.loads := registry.open_load();
BEGIN
    IF amount IS NULL OR amount < 1 OR current_load.reserved + amount > 1048576 THEN
        RAISE EXCEPTION 'a load can hold at most 1048576 agencies' USING ERRCODE = 'PL002';
    END IF;
    UPDATE registry.loads l SET reserved = reserved + amount WHERE l.load = current_load.load;
    RETURN current_load.load * 1048576 + current_load.reserved;
END $$;
COMMENT ON FUNCTION registry.reserve_submissions IS
    'First of so many consecutive submission ids for the load that this transaction has open';

CREATE FUNCTION registry.current_submissions(pilot_name text)
RETURNS TABLE (agency text, submission bigint, revision int, rows bigint, content_sha256 text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT a.name, s.submission, s.revision, s.rows, s.content_sha256
    FROM registry.submissions s JOIN registry.agencies a USING (agency)
    WHERE a.pilot = registry.find_pilot(pilot_name) AND s.state = 'accepted'
    ORDER BY a.name
$$;
COMMENT ON FUNCTION registry.current_submissions IS 'Each agency''s accepted submission';

CREATE TYPE registry.manifest_entry AS (
    submission     bigint,
    agency         text,
    rows           bigint,
    content_sha256 text,
    file_sha256    text,
    columns        text[],
    dictionaries   jsonb
);

CREATE FUNCTION registry.plan_arms(plan_id bigint) RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT p.json::jsonb #>> '{arms,control}' FROM registry.plans p WHERE p.plan = plan_id
    UNION ALL
    SELECT t.label FROM registry.plans p,
                        jsonb_array_elements_text(p.json::jsonb #> '{arms,treatments}') AS t (label)
    WHERE p.plan = plan_id
$$;

-- The manifest by itself: ids of this load, each agency once, columns that exist.
CREATE FUNCTION registry.check_manifest(current_load registry.loads, partition text,
                                        entries registry.manifest_entry[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    bad text;
BEGIN
    IF cardinality(entries) = 0 THEN
        RAISE EXCEPTION 'the load holds no agency' USING ERRCODE = 'PL002';
    END IF;
    SELECT CASE
        WHEN e.submission IS NULL OR e.agency IS NULL OR e.rows IS NULL OR e.rows < 1
             OR e.content_sha256 IS NULL OR e.columns IS NULL THEN 'is incomplete'
        WHEN e.submission < current_load.load * 1048576
             OR e.submission >= current_load.load * 1048576 + current_load.reserved
             THEN 'names a submission that is not of this load'
        WHEN octet_length(e.agency) NOT BETWEEN 1 AND 2000
             THEN 'names an agency in no or more than 2000 bytes'
        WHEN NOT e.columns <@ (SELECT array_agg(a.attname::text) FROM pg_attribute a
                               WHERE a.attrelid = to_regclass(format('outcomes.%I', partition))
                                 AND a.attnum > 0)
             THEN 'names a column that the pilot does not have'
        END INTO bad
        FROM unnest(entries) AS e ORDER BY 1 NULLS LAST LIMIT 1;
    IF bad IS NULL AND EXISTS (
        SELECT FROM unnest(entries) AS e,
                    jsonb_array_elements_text(e.dictionaries -> 'pilot_arm') AS arm (label)
        WHERE NOT arm.label IN (SELECT * FROM registry.plan_arms(current_load.plan))) THEN
        bad := 'names an arm that the plan does not have';
    END IF;
    IF bad IS NULL AND (SELECT count(DISTINCT e.agency) <> count(*)
                               OR count(DISTINCT e.submission) <> count(*)
                        FROM unnest(entries) AS e) THEN
        bad := 'names an agency or a submission twice';
    END IF;
    IF bad IS NOT NULL THEN
        RAISE EXCEPTION 'the manifest of the load %', bad USING ERRCODE = 'PL002';
    END IF;
END $$;

CREATE FUNCTION registry.store_submissions(current_load registry.loads,
                                           entries registry.manifest_entry[])
RETURNS TABLE (submission bigint, agency text, revision int, state text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    INSERT INTO registry.agencies (pilot, name)
        SELECT current_load.pilot, e.agency FROM unnest(entries) AS e
        WHERE NOT EXISTS (SELECT FROM registry.agencies a
                          WHERE a.pilot = current_load.pilot AND a.name = e.agency)
        ORDER BY e.agency COLLATE "C"
        ON CONFLICT (pilot, name) DO NOTHING;
    -- One load of an agency at a time; everybody locks in the same order.
    PERFORM FROM registry.agencies a
        WHERE a.pilot = current_load.pilot AND a.name IN (SELECT e.agency FROM unnest(entries) AS e)
        ORDER BY a.name FOR UPDATE;
    UPDATE registry.submissions s SET state = 'superseded'
        FROM registry.agencies a, unnest(entries) AS e
        WHERE s.agency = a.agency AND a.pilot = current_load.pilot AND a.name = e.agency
          AND s.state = 'accepted';
    INSERT INTO registry.submissions (submission, agency, load, revision, state, rows,
                                      content_sha256, file_sha256, columns)
        SELECT e.submission, a.agency, current_load.load,
               COALESCE((SELECT max(s.revision) FROM registry.submissions s
                         WHERE s.agency = a.agency), 0) + 1,
               'accepted', e.rows, e.content_sha256, e.file_sha256, e.columns
        FROM unnest(entries) AS e
        JOIN registry.agencies a ON a.pilot = current_load.pilot AND a.name = e.agency;
    INSERT INTO registry.dictionaries (submission, column_name, labels)
        SELECT e.submission, d.key,
               ARRAY (SELECT jsonb_array_elements_text(d.value))
        FROM unnest(entries) AS e, jsonb_each(e.dictionaries) AS d;
    RETURN QUERY
        SELECT s.submission, a.name::text, s.revision, s.state
        FROM registry.submissions s JOIN registry.agencies a USING (agency)
        WHERE s.load = current_load.load ORDER BY a.name;
END $$;

-- Rows against manifest: one scan for the counts and the greatest codes of each submission.
CREATE FUNCTION registry.check_rows(current_load registry.loads, partition text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    aggregates text;
    comparisons text;
    bad boolean;
BEGIN
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
    EXECUTE format('SELECT EXISTS (SELECT FROM (SELECT pilot_submission, count(*) AS row_count%s '
                   'FROM outcomes.%I GROUP BY pilot_submission) AS f '
                   'FULL JOIN (SELECT * FROM registry.submissions WHERE load = $1) AS s '
                   'ON s.submission = f.pilot_submission WHERE s.rows IS DISTINCT FROM f.row_count%s)',
                   aggregates, partition, comparisons)
        INTO bad USING current_load.load;
    IF bad THEN
        RAISE EXCEPTION 'the rows of the load differ from its manifest (their count, or a code '
                        'without a label)' USING ERRCODE = 'PL002';
    END IF;
END $$;

-- One sort in memory beats runs on disk; if it does not fit, small runs beat large ones.
CREATE FUNCTION registry.index_load(partition text, row_count bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET maintenance_work_mem = '32MB' AS $$
BEGIN
    IF row_count BETWEEN 400000 AND 5000000 THEN
        SET LOCAL maintenance_work_mem = '512MB';
    END IF;
    EXECUTE format('CREATE UNIQUE INDEX ON outcomes.%I (pilot_submission, pilot_unit) '
                   'WITH (fillfactor = 100)', partition);
    -- The build has counted the rows (as a float4).
    IF (SELECT abs(c.reltuples - row_count) > row_count * 1e-6 FROM pg_class c
        WHERE c.oid = to_regclass(format('outcomes.%I', partition))) THEN
        RAISE EXCEPTION 'the load holds more or fewer rows than its manifest says'
            USING ERRCODE = 'PL002';
    END IF;
EXCEPTION WHEN unique_violation THEN
    RAISE EXCEPTION 'a unit stands twice in the data of one agency' USING ERRCODE = 'PL002';
END $$;

CREATE FUNCTION registry.attach_load(pilot_name text, current_load registry.loads, partition text,
                                     submission_count int)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    EXECUTE format('ALTER TABLE outcomes.%I ATTACH PARTITION outcomes.%I FOR VALUES FROM (%s) TO (%s)',
                   pilot_name, partition, current_load.load * 1048576,
                   (current_load.load + 1) * 1048576);
    -- They have done their work; a planner need not read them in every partition.
    EXECUTE format('ALTER TABLE outcomes.%I DROP CONSTRAINT pilot_range, '
                   'DROP CONSTRAINT pilot_values, ALTER pilot_submission SET STATISTICS 10, '
                   'ALTER pilot_submission SET (n_distinct = %s)', partition, submission_count);
    EXECUTE format('ANALYZE outcomes.%I (pilot_submission)', partition);
    IF session_user <> current_user THEN
        EXECUTE format('REVOKE ALL ON outcomes.%I FROM %I', partition, session_user);
    END IF;
END $$;

CREATE FUNCTION registry.seal_load(load_id bigint, manifest jsonb)
RETURNS TABLE (submission bigint, agency text, revision int, state text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    current_load registry.loads := registry.open_load();
    pilot_name text;
    partition text;
    entries registry.manifest_entry[];
BEGIN
    IF current_load.load <> load_id THEN
        RAISE EXCEPTION 'that load is not open in this transaction' USING ERRCODE = 'PL003';
    END IF;
    SELECT p.name INTO pilot_name FROM registry.pilots p WHERE p.pilot = current_load.pilot;
    partition := registry.partition_name(pilot_name, load_id);
    SELECT COALESCE(array_agg(e), '{}') INTO entries
        FROM jsonb_populate_recordset(NULL::registry.manifest_entry, manifest) AS e;
    PERFORM registry.check_manifest(current_load, partition, entries);
    RETURN QUERY SELECT * FROM registry.store_submissions(current_load, entries);
    -- The owner of the tables could write them without us; its client, and the workers, count too.
    IF session_user <> current_user THEN
        PERFORM registry.check_rows(current_load, partition);
    END IF;
    PERFORM registry.index_load(partition, (SELECT sum(e.rows)::bigint FROM unnest(entries) AS e));
    PERFORM registry.attach_load(pilot_name, current_load, partition, cardinality(entries));
    UPDATE registry.loads l SET state = 'sealed', ended_at = now() WHERE l.load = load_id;
END $$;
COMMENT ON FUNCTION registry.seal_load IS
    'Check the rows of the open load against the manifest, accept its submissions, attach it';

-- An open load that is committed would be a table that nobody reads.
CREATE FUNCTION registry.refuse_open_load() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM registry.loads l WHERE l.load = NEW.load AND l.state = 'open') THEN
        RAISE EXCEPTION 'the load was not sealed' USING ERRCODE = 'PL003';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER loads_sealed AFTER INSERT ON registry.loads
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION registry.refuse_open_load();

CREATE FUNCTION registry.reject_load(pilot_name text, plan_id bigint, agencies text[],
                                     file_sha256 text, problems jsonb) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    pilot_id bigint := registry.find_pilot(pilot_name);
    load_id bigint;
BEGIN
    IF NOT EXISTS (SELECT FROM registry.plans p WHERE p.plan = plan_id AND p.pilot = pilot_id) THEN
        RAISE EXCEPTION 'pilot "%" has no such plan', pilot_name USING ERRCODE = 'PL001';
    END IF;
    INSERT INTO registry.loads AS l (pilot, plan, state, ended_at)
        VALUES (pilot_id, plan_id, 'rejected', now()) RETURNING l.load INTO load_id;
    INSERT INTO registry.agencies (pilot, name)
        SELECT DISTINCT pilot_id, n FROM unnest(agencies) AS u (n)
        ON CONFLICT (pilot, name) DO NOTHING;
    INSERT INTO registry.submissions (submission, agency, load, state, rows, file_sha256)
        SELECT load_id * 1048576 + row_number() OVER (ORDER BY a.name) - 1, a.agency, load_id,
               'rejected', 0, reject_load.file_sha256
        FROM registry.agencies a WHERE a.pilot = pilot_id AND a.name = ANY (agencies);
    INSERT INTO registry.problems (load, ordinal, file, row, "column", code, message)
        SELECT load_id, p.place, COALESCE((p.item ->> 'file')::int, 1), (p.item ->> 'row')::bigint,
               p.item ->> 'column', p.item ->> 'code', p.item ->> 'message'
        FROM jsonb_array_elements(problems) WITH ORDINALITY AS p (item, place)
        WHERE p.place <= 2000;
    RETURN load_id;
END $$;
COMMENT ON FUNCTION registry.reject_load IS 'Keep the report of a load that was not accepted';

-- Nobody but the owner, until the operator grants more.
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA registry FROM PUBLIC;
