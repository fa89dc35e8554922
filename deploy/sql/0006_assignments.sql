-- Registered assignments: who was drawn into which arm, before any data.
-- Rights and error codes are those of the earlier steps.
--
-- Units, blocks and clusters are kept as salted hashes: enough to check a submission against, and
-- no list of people.  key = the first 8 bytes of SHA-256(salt, unit), as a bigint; block and cluster
-- likewise, the first 4 bytes, as an int.

CREATE TABLE registry.assignment_runs (
    run              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    pilot            bigint NOT NULL REFERENCES registry.pilots,
    plan             bigint NOT NULL REFERENCES registry.plans,
    sha256           text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    file_sha256      text NOT NULL CHECK (file_sha256 ~ '^[0-9a-f]{64}$'),
    seed             numeric(20) NOT NULL CHECK (seed BETWEEN 0 AND 18446744073709551615),
    software_version text NOT NULL,
    audit            text NOT NULL,
    registered_by    text NOT NULL DEFAULT session_user,
    registered_at    timestamptz NOT NULL DEFAULT now(),
    begun_in         xid8 NOT NULL DEFAULT pg_current_xact_id()
);
COMMENT ON TABLE registry.assignment_runs IS 'One pilot assign --register each';
COMMENT ON COLUMN registry.assignment_runs.sha256 IS 'Of all agencies'' assignments in it';
COMMENT ON COLUMN registry.assignment_runs.audit IS 'JSON: seed, method, counts and hashes, as --audit writes it';

CREATE TABLE registry.assignments (
    assignment     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run            bigint NOT NULL REFERENCES registry.assignment_runs,
    agency         bigint NOT NULL REFERENCES registry.agencies,
    content_sha256 text NOT NULL CHECK (content_sha256 ~ '^[0-9a-f]{64}$'),
    units          bigint NOT NULL CHECK (units > 0),
    arms           text[] NOT NULL,
    counts         bigint[] NOT NULL CHECK (cardinality(counts) = cardinality(arms)),
    salt           bytea NOT NULL CHECK (octet_length(salt) = 16),
    late           boolean NOT NULL,
    state          text NOT NULL DEFAULT 'registered' CHECK (state IN ('registered', 'replaced')),
    replaced_by    text,
    replaced_at    timestamptz,
    reason         text CHECK (reason <> ''),
    CHECK ((state = 'replaced') = (reason IS NOT NULL AND replaced_by IS NOT NULL
                                   AND replaced_at IS NOT NULL))
);
COMMENT ON TABLE registry.assignments IS 'One agency''s units and arms, as they were registered';
COMMENT ON COLUMN registry.assignments.content_sha256 IS
    'As of a submission, over the columns unit, arm, block and cluster';
COMMENT ON COLUMN registry.assignments.counts IS 'Units in each of arms';
COMMENT ON COLUMN registry.assignments.late IS 'The agency had accepted data when it was registered';
COMMENT ON COLUMN registry.assignments.reason IS 'Why it was replaced';
CREATE UNIQUE INDEX assignments_one_registered ON registry.assignments (agency)
    WHERE state = 'registered';

CREATE TABLE registry.assigned_units (
    assignment bigint NOT NULL REFERENCES registry.assignments,
    part       int NOT NULL,
    keys       bigint[] NOT NULL,
    arms       smallint[] NOT NULL,
    blocks     int[],
    clusters   int[],
    PRIMARY KEY (assignment, part),
    CHECK (cardinality(arms) = cardinality(keys)
           AND (blocks IS NULL OR cardinality(blocks) = cardinality(keys))
           AND (clusters IS NULL OR cardinality(clusters) = cardinality(keys)))
);
COMMENT ON TABLE registry.assigned_units IS
    'Units of an assignment in the order of their keys, 65536 a part; arms index registry.assignments.arms from 0';
-- Hashes do not compress.
ALTER TABLE registry.assigned_units ALTER keys SET STORAGE EXTERNAL,
    ALTER blocks SET STORAGE EXTERNAL, ALTER clusters SET STORAGE EXTERNAL;

-- ---- register ------------------------------------------------------------------------------------
-- begin_assignment, and for each agency register_assignment and its add_assigned_units, share one
-- transaction.

CREATE FUNCTION registry.has_data(agency_ids bigint[]) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM registry.submissions s
                   WHERE s.agency = ANY (agency_ids) AND s.state = 'accepted')
$$;

CREATE FUNCTION registry.replace_assignments(assignment_ids bigint[], why text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF why IS NULL OR why = '' THEN
        RAISE EXCEPTION 'another assignment is registered already; to replace it say why '
                        '(--replace REASON)' USING ERRCODE = 'PL002';
    END IF;
    IF registry.has_data(ARRAY (SELECT a.agency FROM registry.assignments a
                                WHERE a.assignment = ANY (assignment_ids))) THEN
        RAISE EXCEPTION 'another assignment is registered, and data was accepted under it: it '
                        'cannot be replaced' USING ERRCODE = 'PL002';
    END IF;
    UPDATE registry.assignments a
        SET state = 'replaced', replaced_by = session_user, replaced_at = now(), reason = why
        WHERE a.assignment = ANY (assignment_ids);
END $$;

CREATE FUNCTION registry.begin_assignment(pilot_name text, plan_id bigint, about jsonb, audit text,
                                          why text DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    pilot_id bigint := registry.find_pilot(pilot_name);
    is_across boolean;
    others bigint[];
    new_run bigint;
BEGIN
    SELECT p.across INTO is_across FROM registry.plans p
        WHERE p.plan = plan_id AND p.pilot = pilot_id;
    IF is_across IS NULL THEN
        RAISE EXCEPTION 'pilot "%" has no such plan', pilot_name USING ERRCODE = 'PL001';
    END IF;
    PERFORM FROM registry.pilots p WHERE p.pilot = pilot_id FOR UPDATE;
    IF is_across THEN
        -- One draw over all agencies: it stands or goes as a whole.
        SELECT array_agg(a.assignment) INTO others
            FROM registry.assignments a JOIN registry.assignment_runs r USING (run)
            WHERE r.pilot = pilot_id AND a.state = 'registered'
              AND r.sha256 <> about ->> 'sha256';
        IF others IS NOT NULL THEN
            PERFORM registry.replace_assignments(others, why);
        END IF;
    END IF;
    INSERT INTO registry.assignment_runs (pilot, plan, sha256, file_sha256, seed,
                                          software_version, audit)
        VALUES (pilot_id, plan_id, about ->> 'sha256', about ->> 'file_sha256',
                (about ->> 'seed')::numeric, about ->> 'software_version', audit)
        RETURNING run INTO new_run;
    RETURN new_run;
END $$;
COMMENT ON FUNCTION registry.begin_assignment IS
    'Open a registration of assignments, in this transaction; about: sha256, file_sha256, seed, software_version';

CREATE FUNCTION registry.register_assignment(run_id bigint, agency_name text, about jsonb,
                                             why text DEFAULT NULL,
                                             OUT assignment bigint, OUT state text,
                                             OUT late boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    current_run registry.assignment_runs;
    agency_id bigint;
    present registry.assignments;
BEGIN
    SELECT * INTO current_run FROM registry.assignment_runs r
        WHERE r.run = run_id AND r.begun_in = pg_current_xact_id_if_assigned()
          AND r.registered_by = session_user;
    IF current_run.run IS NULL THEN
        RAISE EXCEPTION 'no registration is open in this transaction' USING ERRCODE = 'PL003';
    END IF;
    IF agency_name IS NULL OR octet_length(agency_name) NOT BETWEEN 1 AND 2000 THEN
        RAISE EXCEPTION 'an agency has a name of 1 to 2000 bytes' USING ERRCODE = 'PL002';
    END IF;
    INSERT INTO registry.agencies (pilot, name) VALUES (current_run.pilot, agency_name)
        ON CONFLICT (pilot, name) DO NOTHING;
    SELECT g.agency INTO agency_id FROM registry.agencies g
        WHERE g.pilot = current_run.pilot AND g.name = agency_name FOR UPDATE;
    SELECT * INTO present FROM registry.assignments a
        WHERE a.agency = agency_id AND a.state = 'registered' FOR UPDATE;
    IF present.content_sha256 = about ->> 'content_sha256' THEN
        assignment := present.assignment;
        state := 'same';
        late := present.late;
        RETURN;
    END IF;
    state := 'new';
    IF present.assignment IS NOT NULL THEN
        PERFORM registry.replace_assignments(ARRAY[present.assignment], why);
        state := 'replaced';
    END IF;
    late := registry.has_data(ARRAY[agency_id]);
    INSERT INTO registry.assignments AS a (run, agency, content_sha256, units, arms, counts, salt, late)
        VALUES (run_id, agency_id, about ->> 'content_sha256', (about ->> 'units')::bigint,
                ARRAY (SELECT jsonb_array_elements_text(about -> 'arms')),
                ARRAY (SELECT jsonb_array_elements_text(about -> 'counts')::bigint),
                decode(about ->> 'salt', 'hex'), late)
        RETURNING a.assignment INTO assignment;
END $$;
COMMENT ON FUNCTION registry.register_assignment IS
    'One agency of an open registration; state: same (nothing to do), new or replaced (then its units must follow). '
    'about: content_sha256, units, arms, counts, salt';

CREATE FUNCTION registry.add_assigned_units(assignment_id bigint, keys bigint[], arms smallint[],
                                            blocks int[], clusters int[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    next_part int;
    arm_count int;
BEGIN
    SELECT cardinality(a.arms), (SELECT count(*) FROM registry.assigned_units u
                                 WHERE u.assignment = assignment_id)
        INTO arm_count, next_part
        FROM registry.assignments a JOIN registry.assignment_runs r USING (run)
        WHERE a.assignment = assignment_id AND r.begun_in = pg_current_xact_id_if_assigned()
          AND r.registered_by = session_user;
    IF arm_count IS NULL THEN
        RAISE EXCEPTION 'no such assignment is being registered in this transaction'
            USING ERRCODE = 'PL003';
    END IF;
    IF array_position(keys, NULL) IS NOT NULL OR array_position(blocks, NULL) IS NOT NULL
       OR array_position(clusters, NULL) IS NOT NULL
       OR EXISTS (SELECT FROM unnest(arms) AS u (arm)
                  WHERE (arm BETWEEN 0 AND arm_count - 1) IS NOT TRUE) THEN
        RAISE EXCEPTION 'the assigned units are not complete' USING ERRCODE = 'PL002';
    END IF;
    INSERT INTO registry.assigned_units (assignment, part, keys, arms, blocks, clusters)
        VALUES (assignment_id, next_part, keys, arms, blocks, clusters);
END $$;
COMMENT ON FUNCTION registry.add_assigned_units IS 'The next units of an assignment, in the order of their keys';

-- An assignment that lacks some of its units would reject good data.
CREATE FUNCTION registry.refuse_incomplete_assignment() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.counts IS DISTINCT FROM (
        SELECT array_agg((SELECT count(*) FROM registry.assigned_units u, unnest(u.arms) AS code
                          WHERE u.assignment = NEW.assignment AND code = place - 1)
                         ORDER BY place)
        FROM generate_subscripts(NEW.arms, 1) AS place)
       OR NEW.units <> (SELECT sum(c) FROM unnest(NEW.counts) AS c) THEN
        RAISE EXCEPTION 'the assignment lacks some of its units' USING ERRCODE = 'PL002';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER assignments_complete AFTER INSERT ON registry.assignments
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION registry.refuse_incomplete_assignment();

-- ---- check ---------------------------------------------------------------------------------------

CREATE FUNCTION registry.current_assignments(pilot_name text)
RETURNS TABLE (agency text, assignment bigint, units bigint, arms text[], salt bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT g.name, a.assignment, a.units, a.arms, a.salt
    FROM registry.assignments a JOIN registry.agencies g USING (agency)
    WHERE g.pilot = registry.find_pilot(pilot_name) AND a.state = 'registered'
    ORDER BY g.name
$$;
COMMENT ON FUNCTION registry.current_assignments IS 'Each agency''s registered assignment';

CREATE FUNCTION registry.assigned_parts(assignment_id bigint)
RETURNS TABLE (keys bigint[], arms smallint[], blocks int[], clusters int[])
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    -- Until this transaction ends it is not replaced.
    PERFORM FROM registry.assignments a
        WHERE a.assignment = assignment_id AND a.state = 'registered' FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the registered assignment was replaced meanwhile; submit again'
            USING ERRCODE = 'PL002';
    END IF;
    RETURN QUERY SELECT u.keys, u.arms, u.blocks, u.clusters FROM registry.assigned_units u
        WHERE u.assignment = assignment_id ORDER BY u.part;
END $$;
COMMENT ON FUNCTION registry.assigned_parts IS 'The units of a registered assignment, in the order of their keys';

CREATE FUNCTION registry.hash_label(salt bytea, label text) RETURNS bit(64)
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
RETURN ('x' || encode(substr(sha256(salt || convert_to(label, 'UTF8')), 1, 8), 'hex'))::bit(64);

-- By code: the hashes of a submission's labels of blocks or clusters; NULL if it has none.
CREATE FUNCTION registry.hash_dictionary(submission_id bigint, named text, salt bytea) RETURNS int[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT (SELECT array_agg(registry.hash_label(salt, u.label)::bit(32)::int ORDER BY u.place)
            FROM unnest(d.labels) WITH ORDINALITY AS u (label, place))
    FROM registry.dictionaries d WHERE d.submission = submission_id AND d.column_name = named
$$;

CREATE FUNCTION registry.count_differing(partition text, submission_id bigint, assignment_id bigint)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    assigned registry.assignments;
    labels text[];
    blocks int[];
    clusters int[];
    differing bigint;
BEGIN
    SELECT * INTO assigned FROM registry.assignments a WHERE a.assignment = assignment_id;
    SELECT d.labels INTO labels FROM registry.dictionaries d
        WHERE d.submission = submission_id AND d.column_name = 'pilot_arm';
    blocks := registry.hash_dictionary(submission_id, 'pilot_block', assigned.salt);
    clusters := registry.hash_dictionary(submission_id, 'pilot_cluster', assigned.salt);
    EXECUTE format(
        'SELECT count(*) FROM outcomes.%I r LEFT JOIN (SELECT v.* FROM registry.assigned_units u, '
        'unnest(u.keys, u.arms, u.blocks, u.clusters) AS v (key, arm, block, cluster) '
        'WHERE u.assignment = $2) AS v '
        'ON v.key = registry.hash_label($3, r.pilot_unit)::bigint '
        'AND $4[v.arm + 1] = $5[r.pilot_arm + 1]%s%s '
        'WHERE r.pilot_submission = $1 AND v.key IS NULL', partition,
        CASE WHEN blocks IS NOT NULL
             THEN ' AND COALESCE(v.block = $6[r.pilot_block + 1], true)' END,
        CASE WHEN clusters IS NOT NULL
             THEN ' AND COALESCE(v.cluster = $7[r.pilot_cluster + 1], true)' END)
        INTO differing
        USING submission_id, assignment_id, assigned.salt, assigned.arms, labels, blocks, clusters;
    RETURN differing;
END $$;

-- What the client has checked already, for callers that could have left it out.
CREATE FUNCTION registry.check_assigned(current_load registry.loads, partition text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    needed boolean;
    item record;
BEGIN
    SELECT COALESCE(p.json::jsonb #>> '{assignment,unregistered}' = 'reject', false)
           OR (p.across AND EXISTS (
               SELECT FROM registry.assignments a JOIN registry.agencies g USING (agency)
               WHERE g.pilot = current_load.pilot AND a.state = 'registered'))
        INTO needed FROM registry.plans p WHERE p.plan = current_load.plan;
    FOR item IN
        SELECT s.submission, a.assignment FROM registry.submissions s
        LEFT JOIN registry.assignments a ON a.agency = s.agency AND a.state = 'registered'
        WHERE s.load = current_load.load AND (a.assignment IS NOT NULL OR needed)
    LOOP
        IF item.assignment IS NULL THEN
            RAISE EXCEPTION 'an agency of the load has no registered assignment'
                USING ERRCODE = 'PL002';
        END IF;
        IF registry.count_differing(partition, item.submission, item.assignment) > 0 THEN
            RAISE EXCEPTION 'rows of the load differ from the registered assignment'
                USING ERRCODE = 'PL002';
        END IF;
    END LOOP;
END $$;

CREATE OR REPLACE FUNCTION registry.seal_load(load_id bigint, manifest jsonb)
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
        PERFORM registry.check_assigned(current_load, partition);
    END IF;
    PERFORM registry.index_load(partition, (SELECT sum(e.rows)::bigint FROM unnest(entries) AS e));
    PERFORM registry.attach_load(pilot_name, current_load, partition, cardinality(entries));
    UPDATE registry.loads l SET state = 'sealed', ended_at = now() WHERE l.load = load_id;
END $$;
COMMENT ON FUNCTION registry.seal_load IS
    'Check the rows of the open load against the manifest and the registered assignments, accept its submissions, attach it';

-- ---- results -------------------------------------------------------------------------------------

CREATE VIEW results.assignments AS
SELECT p.name AS pilot, g.name AS agency, a.state, a.units, a.arms, a.counts, a.content_sha256,
       r.seed, v.version AS plan_version, a.late, r.registered_by, r.registered_at,
       a.replaced_by, a.replaced_at, a.reason
FROM registry.assignments a
JOIN registry.assignment_runs r USING (run)
JOIN registry.agencies g USING (agency)
JOIN registry.pilots p ON p.pilot = g.pilot
JOIN registry.plans v USING (plan)
ORDER BY p.name COLLATE "C", g.name, a.assignment;
COMMENT ON VIEW results.assignments IS 'Every registered assignment of every agency, replaced ones too';

-- How many of the assigned units the frozen data has, arm by arm: one row an agency and arm, and
-- one an arm over all agencies with an assignment, those without data too.
CREATE FUNCTION work.note_assignments() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    item record;
BEGIN
    FOR item IN
        SELECT DISTINCT n.analysis, p.name, p.pilot FROM new_pins n
        JOIN work.analyses w USING (analysis) JOIN registry.pilots p USING (pilot)
        WHERE EXISTS (SELECT FROM registry.assignments a JOIN registry.agencies g USING (agency)
                      WHERE g.pilot = p.pilot AND a.state = 'registered')
    LOOP
        EXECUTE format(
            'WITH found AS (SELECT r.pilot_submission, d.labels[r.pilot_arm + 1] AS arm, '
            'r.units FROM (SELECT pilot_submission, pilot_arm, count(*) AS units '
            'FROM outcomes.%I WHERE pilot_submission IN (SELECT submission FROM new_pins '
            'WHERE analysis = $1) GROUP BY 1, 2) AS r '
            'JOIN registry.dictionaries d ON d.submission = r.pilot_submission '
            'AND d.column_name = ''pilot_arm''), '
            'assigned AS (SELECT g.name AS agency, n.submission, u.arm, u.units, '
            'u.place FROM registry.assignments a JOIN registry.agencies g USING (agency) '
            'LEFT JOIN (registry.submissions s JOIN new_pins n ON n.submission = s.submission '
            'AND n.analysis = $1) ON s.agency = a.agency, '
            'unnest(a.arms, a.counts) WITH ORDINALITY AS u (arm, units, place) '
            'WHERE g.pilot = $2 AND a.state = ''registered''), '
            'met AS (SELECT a.agency, a.submission, a.arm, a.place, a.units AS assigned, '
            'COALESCE(f.units, 0) AS units FROM assigned a LEFT JOIN found f '
            'ON f.pilot_submission = a.submission AND f.arm = a.arm) '
            'INSERT INTO work.quality (analysis, job, ordinal, agency, "check", arm, value, alarm, '
            'detail) SELECT $1, 0, 2000000000 + row_number() OVER (PARTITION BY m.agency '
            'ORDER BY min(m.place), m.arm), m.agency, ''assignment'', m.arm, sum(m.assigned), '
            'bool_or(m.units > m.assigned), format(''%%s of %%s assigned units are in the data'', '
            'sum(m.units), sum(m.assigned)) || CASE WHEN m.agency IS NULL AND '
            'count(*) > count(m.submission) THEN format(''; %%s of %%s agencies have no data'', '
            'count(*) - count(m.submission), count(*)) ELSE '''' END '
            'FROM (SELECT * FROM met WHERE submission IS NOT NULL UNION ALL '
            'SELECT NULL, submission, arm, place, assigned, units FROM met) AS m '
            'GROUP BY m.agency, m.arm', item.name) USING item.analysis, item.pilot;
    END LOOP;
    RETURN NULL;
END $$;
CREATE TRIGGER pins_note_assignments AFTER INSERT ON work.pins REFERENCING NEW TABLE AS new_pins
    FOR EACH STATEMENT EXECUTE FUNCTION work.note_assignments();

-- Nobody but the owner, until the operator grants more.
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA registry FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA work FROM PUBLIC;
