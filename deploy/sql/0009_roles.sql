-- Who may do what: roles, grants, row-level security.
--
-- Roles belong to the whole cluster, so they may be there already.  Who asks is session_user: inside
-- a function that runs with its owner's rights current_user is pilot_owner.  PL006: not allowed.

DO $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['pilot_owner', 'pilot_evaluator', 'pilot_agency',
        'pilot_coordinator', 'pilot_worker', 'pilot_dashboard', 'pilot_auditor', 'pilot_fence'] LOOP
        IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.rolname = wanted) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
            EXCEPTION WHEN duplicate_object OR unique_violation THEN
                NULL; -- another database of the cluster was quicker
            WHEN insufficient_privilege THEN
                RAISE EXCEPTION 'role % is missing and % may not create it; run pilot init as a '
                    'superuser or a role with CREATEROLE', wanted, current_user
                    USING ERRCODE = 'PL006';
            END;
        END IF;
    END LOOP;
    -- Who migrates hands everything to pilot_owner, and must be of it to do so.
    IF NOT pg_has_role(current_user, 'pilot_owner', 'MEMBER') THEN
        EXECUTE format('GRANT pilot_owner TO %I', current_user);
    END IF;
    FOREACH wanted IN ARRAY ARRAY['pilot_evaluator', 'pilot_agency', 'pilot_coordinator',
        'pilot_worker', 'pilot_dashboard', 'pilot_auditor', 'pilot_fence'] LOOP
        IF NOT EXISTS (SELECT FROM pg_catalog.pg_auth_members m
                       WHERE m.roleid = wanted::regrole AND m.member = 'pilot_owner'::regrole
                         AND m.admin_option) THEN
            EXECUTE format('GRANT %I TO pilot_owner WITH ADMIN OPTION', wanted);
        END IF;
    END LOOP;
END $$;

-- ---- whose agency is this ------------------------------------------------------------------------

CREATE FUNCTION registry.is_owner() RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
RETURN pg_has_role(session_user, 'pilot_owner', 'MEMBER');
COMMENT ON FUNCTION registry.is_owner() IS 'May the login do everything? (owners and superusers)';

CREATE TABLE registry.grants (
    agency     bigint NOT NULL REFERENCES registry.agencies,
    login      regrole NOT NULL,
    granted_by text NOT NULL DEFAULT session_user,
    granted_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (agency, login)
);
COMMENT ON TABLE registry.grants IS 'Which login submits for which agency of a pilot, and sees its data';
CREATE INDEX grants_login ON registry.grants (login);

CREATE FUNCTION registry.own_agency_ids() RETURNS SETOF bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp ROWS 2 AS $$
    SELECT g.agency FROM registry.grants g WHERE g.login = quote_ident(session_user)::regrole
$$;
COMMENT ON FUNCTION registry.own_agency_ids() IS 'Agencies that the login submits for';

CREATE FUNCTION registry.own_pilot_ids() RETURNS SETOF bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp ROWS 2 AS $$
    SELECT DISTINCT a.pilot FROM registry.agencies a
    WHERE a.agency IN (SELECT registry.own_agency_ids())
$$;
COMMENT ON FUNCTION registry.own_pilot_ids() IS 'Pilots of the login''s agencies';

CREATE FUNCTION registry.own_submission_ids() RETURNS SETOF bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp ROWS 10 AS $$
    SELECT s.submission FROM registry.submissions s
    WHERE s.agency IN (SELECT registry.own_agency_ids())
$$;
COMMENT ON FUNCTION registry.own_submission_ids() IS 'Submissions of the login''s agencies';

-- The report of a load that holds another agency's data too tells of that data.
CREATE FUNCTION registry.own_load_ids() RETURNS SETOF bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp ROWS 10 AS $$
    SELECT DISTINCT s.load FROM registry.submissions s
    WHERE s.agency IN (SELECT registry.own_agency_ids())
      AND NOT EXISTS (SELECT FROM registry.submissions o WHERE o.load = s.load
                      AND o.agency NOT IN (SELECT registry.own_agency_ids()))
$$;
COMMENT ON FUNCTION registry.own_load_ids() IS 'Loads of the login''s agencies alone';

-- A pilot that a login has no business with is a pilot that there is not.
CREATE OR REPLACE FUNCTION registry.find_pilot(pilot_name text) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found_pilot bigint;
BEGIN
    SELECT p.pilot INTO found_pilot FROM registry.pilots p
        WHERE p.name = pilot_name
          AND (pg_has_role(session_user, 'pilot_evaluator', 'MEMBER')
               OR p.pilot IN (SELECT registry.own_pilot_ids()));
    IF found_pilot IS NULL THEN
        RAISE EXCEPTION 'there is no pilot "%"; register its plan first (pilot register PLAN.yaml)',
            left(pilot_name, 100) USING ERRCODE = 'PL001';
    END IF;
    RETURN found_pilot;
END $$;

-- In a subquery find_pilot is asked once, not for every agency.
CREATE FUNCTION registry.own_agencies(pilot_name text) RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT a.name FROM registry.agencies a
    WHERE a.pilot = (SELECT registry.find_pilot(pilot_name)) AND a.agency IN (SELECT registry.own_agency_ids())
    ORDER BY a.name
$$;
COMMENT ON FUNCTION registry.own_agencies(text) IS
    'Names of the pilot''s agencies that the login submits for; an owner may submit for all, granted or not';

CREATE FUNCTION registry.find_login(login_name text) RETURNS regrole
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found_login regrole;
BEGIN
    SELECT r.oid INTO found_login FROM pg_roles r
        WHERE r.rolname = login_name AND r.rolcanlogin;
    IF found_login IS NULL THEN
        RAISE EXCEPTION 'there is no login "%"; create it first (createuser --pwprompt)',
            left(login_name, 100) USING ERRCODE = 'PL001';
    END IF;
    RETURN found_login;
END $$;

-- A grant holds the login's oid, so that a new login of an old name inherits nothing; the oid itself
-- may come back one day, and in another cluster's restore at once.  One change of grants at a time:
-- a login's last grant takes its role away.
CREATE FUNCTION registry.tidy_grants() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    LOCK TABLE registry.grants IN SHARE ROW EXCLUSIVE MODE;
    DELETE FROM registry.grants g
        WHERE NOT EXISTS (SELECT FROM pg_roles r WHERE r.oid = g.login);
END $$;
COMMENT ON FUNCTION registry.tidy_grants() IS 'Forget the grants of logins that were dropped';

CREATE FUNCTION registry.grant_agency(pilot_name text, agency_name text, login_name text)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    pilot_id bigint := registry.find_pilot(pilot_name);
    found_login regrole := registry.find_login(login_name);
    agency_id bigint;
BEGIN
    PERFORM registry.tidy_grants();
    IF agency_name IS NULL OR octet_length(agency_name) NOT BETWEEN 1 AND 2000 THEN
        RAISE EXCEPTION 'an agency has a name of 1 to 2000 bytes' USING ERRCODE = 'PL003';
    END IF;
    INSERT INTO registry.agencies (pilot, name) VALUES (pilot_id, agency_name)
        ON CONFLICT (pilot, name) DO NOTHING;
    SELECT a.agency INTO agency_id FROM registry.agencies a
        WHERE a.pilot = pilot_id AND a.name = agency_name;
    IF NOT pg_has_role(found_login, 'pilot_agency', 'MEMBER') THEN
        EXECUTE format('GRANT pilot_agency TO %I', login_name);
    END IF;
    INSERT INTO registry.grants (agency, login) VALUES (agency_id, found_login)
        ON CONFLICT DO NOTHING;
    RETURN FOUND;
END $$;
COMMENT ON FUNCTION registry.grant_agency(text, text, text) IS
    'Let a login submit for an agency of a pilot; false: it could already';

CREATE FUNCTION registry.revoke_agency(pilot_name text, agency_name text, login_name text)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found_login regrole := registry.find_login(login_name);
BEGIN
    PERFORM registry.tidy_grants();
    DELETE FROM registry.grants g USING registry.agencies a
        WHERE a.agency = g.agency AND a.pilot = (SELECT registry.find_pilot(pilot_name))
          AND a.name = agency_name AND g.login = found_login;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    IF NOT EXISTS (SELECT FROM registry.grants g WHERE g.login = found_login) THEN
        EXECUTE format('REVOKE pilot_agency FROM %I', login_name);
    END IF;
    RETURN true;
END $$;
COMMENT ON FUNCTION registry.revoke_agency(text, text, text) IS
    'Undo registry.grant_agency; false: there was no such grant';

-- The plan as an agency needs it: what it lists of other agencies is not its business.
CREATE FUNCTION registry.submission_plan(pilot_name text, OUT plan bigint, OUT version int,
                                         OUT sha256 text, OUT source text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    pilot_id bigint := registry.find_pilot(pilot_name);
    content jsonb;
BEGIN
    SELECT p.plan, p.version, p.sha256, p.source, p.json::jsonb
        INTO plan, version, sha256, source, content
        FROM registry.plans p WHERE p.pilot = pilot_id ORDER BY p.version DESC LIMIT 1;
    IF plan IS NULL THEN
        RAISE EXCEPTION 'pilot "%" has no plan; register it first (pilot register PLAN.yaml)',
            pilot_name USING ERRCODE = 'PL001';
    END IF;
    IF content ? 'agencies' AND NOT pg_has_role(session_user, 'pilot_evaluator', 'MEMBER') THEN
        source := (content - 'agencies' || COALESCE((
            SELECT jsonb_build_object('agencies', jsonb_agg(e.item))
            FROM jsonb_array_elements(content -> 'agencies') AS e (item)
            WHERE e.item ->> 'name' IN (SELECT registry.own_agencies(pilot_name))
            HAVING count(*) > 0), '{}'))::text;
        -- What JSON may hold as it is and YAML may not.
        FOR code IN 127..159 LOOP
            source := replace(source, chr(code), '\u' || lpad(to_hex(code), 4, '0'));
        END LOOP;
    END IF;
END $$;
COMMENT ON FUNCTION registry.submission_plan(text) IS
    'The latest plan of a pilot; for an agency without the entries of other agencies (JSON then, which is YAML)';

-- ---- loads: what an agency's own client is allowed -----------------------------------------------

ALTER TABLE registry.agencies
    ADD COLUMN unit_key text CHECK (unit_key ~ '^[0-9a-f]{64}$');
COMMENT ON COLUMN registry.agencies.unit_key IS
    'Fingerprint of the key that the agency makes pseudonyms of its units with; the key stays there';
ALTER TABLE registry.submissions
    ADD COLUMN unit_key text CHECK (unit_key ~ '^[0-9a-f]{64}$'),
    ADD COLUMN warnings int NOT NULL DEFAULT 0 CHECK (warnings >= 0);
COMMENT ON COLUMN registry.submissions.warnings IS 'How many warnings the agency got; what they say: registry.summaries';

CREATE TABLE registry.summaries (
    submission bigint PRIMARY KEY REFERENCES registry.submissions ON DELETE CASCADE,
    summary    jsonb NOT NULL CHECK (jsonb_typeof(summary) = 'object'),
    warnings   jsonb NOT NULL CHECK (jsonb_typeof(warnings) = 'array')
);
COMMENT ON TABLE registry.summaries IS
    'What the agency was told of its submission, for it to compare the next one with; nobody else reads it';

ALTER TYPE registry.manifest_entry ADD ATTRIBUTE unit_key text, ADD ATTRIBUTE summary jsonb,
    ADD ATTRIBUTE warnings jsonb;

-- An agency's login submits for its agencies; whether another one exists is not told.  Its grants
-- stay until the transaction ends; one that was taken away meanwhile is gone, whatever snapshot the
-- transaction chose to see.
CREATE FUNCTION registry.check_rights(pilot_id bigint, names text[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF registry.is_owner() THEN
        RETURN;
    END IF;
    PERFORM FROM registry.grants g WHERE g.login = quote_ident(session_user)::regrole
        ORDER BY g.agency FOR KEY SHARE;
    -- As sets: one hash of each, however many agencies there are and whatever the planner knows.
    IF EXISTS (
        SELECT u.name COLLATE "C" FROM unnest(names) AS u (name)
        EXCEPT
        SELECT a.name FROM registry.agencies a JOIN registry.grants g USING (agency)
        WHERE a.pilot = pilot_id AND g.login = quote_ident(session_user)::regrole) THEN
        RAISE EXCEPTION 'this login may not submit for one of the agencies in the data'
            USING ERRCODE = 'PL006';
    END IF;
END $$;

CREATE FUNCTION registry.check_unit_keys(current_load registry.loads,
                                         entries registry.manifest_entry[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    plain boolean;
    bad text;
BEGIN
    SELECT COALESCE(p.json::jsonb ->> 'unit_ids' = 'plain', false) INTO plain
        FROM registry.plans p WHERE p.plan = current_load.plan;
    SELECT a.name INTO bad FROM unnest(entries) AS e
        JOIN registry.agencies a ON a.pilot = current_load.pilot AND a.name = e.agency
        WHERE a.unit_key IS NOT NULL
          AND (a.unit_key <> e.unit_key OR (e.unit_key IS NULL AND NOT plain))
        ORDER BY a.name LIMIT 1;
    IF bad IS NOT NULL THEN
        RAISE EXCEPTION 'the units of agency "%" come with another key than in its first submission; '
            'use the key file of then', left(bad, 60) USING ERRCODE = 'PL002';
    END IF;
    UPDATE registry.agencies a SET unit_key = e.unit_key FROM unnest(entries) AS e
        WHERE a.pilot = current_load.pilot AND a.name = e.agency AND a.unit_key IS NULL
          AND e.unit_key IS NOT NULL;
END $$;

CREATE OR REPLACE FUNCTION registry.begin_load(pilot_name text, plan_id bigint,
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
    IF NOT registry.is_owner() THEN
        EXECUTE format('GRANT SELECT, INSERT, DELETE ON outcomes.%I TO %I', partition,
                       session_user);
        -- A client that hangs in the middle keeps a new plan from being registered.
        PERFORM set_config('idle_in_transaction_session_timeout', '5min', true);
    END IF;
END $$;

CREATE OR REPLACE FUNCTION registry.reserve_submissions(amount int) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    current_load registry.loads := registry.open_load();
BEGIN
    IF amount IS NULL OR amount < 1 OR amount > 1048576 - current_load.reserved THEN
        RAISE EXCEPTION 'a load can hold at most 1048576 agencies' USING ERRCODE = 'PL002';
    END IF;
    UPDATE registry.loads l SET reserved = reserved + amount WHERE l.load = current_load.load;
    RETURN current_load.load * 1048576 + current_load.reserved;
END $$;

CREATE OR REPLACE FUNCTION registry.store_submissions(current_load registry.loads,
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
    PERFORM registry.check_unit_keys(current_load, entries);
    UPDATE registry.submissions s SET state = 'superseded'
        FROM registry.agencies a, unnest(entries) AS e
        WHERE s.agency = a.agency AND a.pilot = current_load.pilot AND a.name = e.agency
          AND s.state = 'accepted';
    INSERT INTO registry.submissions (submission, agency, load, revision, state, rows,
                                      content_sha256, file_sha256, columns, unit_key, warnings)
        SELECT e.submission, a.agency, current_load.load,
               COALESCE((SELECT max(s.revision) FROM registry.submissions s
                         WHERE s.agency = a.agency), 0) + 1,
               'accepted', e.rows, e.content_sha256, e.file_sha256, e.columns, e.unit_key,
               COALESCE(jsonb_array_length(e.warnings), 0)
        FROM unnest(entries) AS e
        JOIN registry.agencies a ON a.pilot = current_load.pilot AND a.name = e.agency;
    INSERT INTO registry.dictionaries (submission, column_name, labels)
        SELECT e.submission, d.key,
               ARRAY (SELECT jsonb_array_elements_text(d.value))
        FROM unnest(entries) AS e, jsonb_each(e.dictionaries) AS d;
    INSERT INTO registry.summaries (submission, summary, warnings)
        SELECT e.submission, COALESCE(e.summary, '{}'), COALESCE(e.warnings, '[]')
        FROM unnest(entries) AS e WHERE e.summary IS NOT NULL OR e.warnings IS NOT NULL;
    RETURN QUERY
        SELECT s.submission, a.name::text, s.revision, s.state
        FROM registry.submissions s JOIN registry.agencies a USING (agency)
        WHERE s.load = current_load.load ORDER BY a.name;
END $$;

CREATE OR REPLACE FUNCTION registry.attach_load(pilot_name text, current_load registry.loads,
                                                partition text, submission_count int)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- From here to the commit other loads of the pilot wait: what takes time comes before.
    EXECUTE format('ALTER TABLE outcomes.%I ALTER pilot_submission SET STATISTICS 10, '
                   'ALTER pilot_submission SET (n_distinct = %s)', partition, submission_count);
    EXECUTE format('ANALYZE outcomes.%I (pilot_submission)', partition);
    IF NOT registry.is_owner() THEN
        EXECUTE format('REVOKE ALL ON outcomes.%I FROM %I', partition, session_user);
    END IF;
    EXECUTE format('ALTER TABLE outcomes.%I ATTACH PARTITION outcomes.%I FOR VALUES FROM (%s) TO (%s)',
                   pilot_name, partition, current_load.load * 1048576,
                   (current_load.load + 1) * 1048576);
    -- They have done their work; a planner need not read them in every partition.
    EXECUTE format('ALTER TABLE outcomes.%I DROP CONSTRAINT pilot_range, '
                   'DROP CONSTRAINT pilot_values', partition);
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
    IF current_load.load IS DISTINCT FROM load_id THEN
        RAISE EXCEPTION 'that load is not open in this transaction' USING ERRCODE = 'PL003';
    END IF;
    SELECT p.name INTO pilot_name FROM registry.pilots p WHERE p.pilot = current_load.pilot;
    partition := registry.partition_name(pilot_name, load_id);
    SELECT COALESCE(array_agg(e), '{}') INTO entries
        FROM jsonb_populate_recordset(NULL::registry.manifest_entry, manifest) AS e;
    PERFORM registry.check_manifest(current_load, partition, entries);
    PERFORM registry.check_rights(current_load.pilot, ARRAY (SELECT e.agency FROM unnest(entries) AS e));
    RETURN QUERY SELECT * FROM registry.store_submissions(current_load, entries);
    -- An owner could write the tables without us; its client, and the workers, count too.
    IF NOT registry.is_owner() THEN
        PERFORM registry.check_rows(current_load, partition);
        PERFORM registry.check_assigned(current_load, partition);
    END IF;
    PERFORM registry.index_load(partition, (SELECT sum(e.rows)::bigint FROM unnest(entries) AS e));
    PERFORM registry.attach_load(pilot_name, current_load, partition, cardinality(entries));
    UPDATE registry.loads l SET state = 'sealed', ended_at = now() WHERE l.load = load_id;
    -- Others wait for this commit now: a client that does not send it at once is given up.
    IF NOT registry.is_owner() THEN
        PERFORM set_config('idle_in_transaction_session_timeout', '10s', true);
    END IF;
END $$;

CREATE OR REPLACE FUNCTION registry.current_submissions(pilot_name text)
RETURNS TABLE (agency text, submission bigint, revision int, rows bigint, content_sha256 text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT a.name, s.submission, s.revision, s.rows, s.content_sha256
    FROM registry.submissions s JOIN registry.agencies a USING (agency)
    WHERE a.pilot = (SELECT registry.find_pilot(pilot_name)) AND s.state = 'accepted'
      AND (pg_has_role(session_user, 'pilot_evaluator', 'MEMBER')
           OR a.agency IN (SELECT registry.own_agency_ids()))
    ORDER BY a.name
$$;

CREATE OR REPLACE FUNCTION registry.reject_load(pilot_name text, plan_id bigint, agencies text[],
                                                file_sha256 text, problems jsonb) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    pilot_id bigint := registry.find_pilot(pilot_name);
    load_id bigint;
    names text[] := agencies;
BEGIN
    IF NOT EXISTS (SELECT FROM registry.plans p WHERE p.plan = plan_id AND p.pilot = pilot_id) THEN
        RAISE EXCEPTION 'pilot "%" has no such plan', pilot_name USING ERRCODE = 'PL001';
    END IF;
    IF NOT registry.is_owner() THEN
        SELECT array_agg(n) INTO names FROM unnest(agencies) AS u (n)
            WHERE n IN (SELECT registry.own_agencies(pilot_name));
        IF names IS NULL THEN
            RAISE EXCEPTION 'this login may not submit for any of the agencies in the data'
                USING ERRCODE = 'PL006';
        END IF;
    END IF;
    INSERT INTO registry.loads AS l (pilot, plan, state, ended_at)
        VALUES (pilot_id, plan_id, 'rejected', now()) RETURNING l.load INTO load_id;
    INSERT INTO registry.agencies (pilot, name)
        SELECT DISTINCT pilot_id, n FROM unnest(names) AS u (n)
        ON CONFLICT (pilot, name) DO NOTHING;
    INSERT INTO registry.submissions (submission, agency, load, state, rows, file_sha256)
        SELECT load_id * 1048576 + row_number() OVER (ORDER BY a.name) - 1, a.agency, load_id,
               'rejected', 0, reject_load.file_sha256
        FROM registry.agencies a WHERE a.pilot = pilot_id AND a.name = ANY (names);
    INSERT INTO registry.problems (load, ordinal, file, row, "column", code, message)
        SELECT load_id, p.place, COALESCE((p.item ->> 'file')::int, 1), (p.item ->> 'row')::bigint,
               p.item ->> 'column', p.item ->> 'code', p.item ->> 'message'
        FROM jsonb_array_elements(problems) WITH ORDINALITY AS p (item, place)
        WHERE p.place <= 2000;
    RETURN load_id;
END $$;

CREATE OR REPLACE FUNCTION registry.current_assignments(pilot_name text)
RETURNS TABLE (agency text, assignment bigint, units bigint, arms text[], salt bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT g.name, a.assignment, a.units, a.arms, a.salt
    FROM registry.assignments a JOIN registry.agencies g USING (agency)
    WHERE g.pilot = (SELECT registry.find_pilot(pilot_name)) AND a.state = 'registered'
      AND (registry.is_owner() OR g.agency IN (SELECT registry.own_agency_ids()))
    ORDER BY g.name
$$;

CREATE OR REPLACE FUNCTION registry.assigned_parts(assignment_id bigint)
RETURNS TABLE (keys bigint[], arms smallint[], blocks int[], clusters int[])
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    -- Until this transaction ends it is not replaced.
    PERFORM FROM registry.assignments a
        WHERE a.assignment = assignment_id AND a.state = 'registered'
          AND (registry.is_owner() OR a.agency IN (SELECT registry.own_agency_ids())) FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the registered assignment was replaced meanwhile; submit again'
            USING ERRCODE = 'PL002';
    END IF;
    RETURN QUERY SELECT u.keys, u.arms, u.blocks, u.clusters FROM registry.assigned_units u
        WHERE u.assignment = assignment_id ORDER BY u.part;
END $$;

-- ---- analyses ------------------------------------------------------------------------------------

CREATE FUNCTION work.may_see(analysis_id bigint) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT pg_has_role(session_user, 'pilot_evaluator', 'MEMBER')
        OR EXISTS (SELECT FROM work.pins n WHERE n.analysis = analysis_id
                   AND n.submission IN (SELECT registry.own_submission_ids()))
$$;

CREATE FUNCTION work.jobs_done(analysis_id bigint) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT count(*) FROM work.jobs j JOIN work.job_results r USING (job)
    WHERE j.analysis = analysis_id AND work.may_see(analysis_id)
$$;
CREATE FUNCTION work.jobs_failed(analysis_id bigint) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT count(*) FROM work.jobs j JOIN work.analyses a USING (analysis)
    WHERE j.analysis = analysis_id AND work.may_see(analysis_id)
      AND NOT EXISTS (SELECT FROM work.job_results r WHERE r.job = j.job)
      AND EXISTS (SELECT FROM work.failures f WHERE f.job = j.job AND f.given_up
                                                AND f.retries = a.retries)
$$;

CREATE OR REPLACE VIEW results.analyses AS
SELECT a.analysis, p.name AS pilot, v.version AS plan_version, a.state, a.confirmatory,
       CASE WHEN d.withdrawn THEN 'withdrawn' WHEN d.superseded THEN 'superseded'
            ELSE 'current' END AS data_state,
       v.sha256 AS plan_sha256, a.data_sha256, a.software_version, a.cpu_class, a.launched_by,
       a.launched_at, a.finished_at, COALESCE(a.job_count, 0) AS jobs,
       work.jobs_done(a.analysis) AS jobs_done, work.jobs_failed(a.analysis) AS jobs_failed
FROM work.analyses a
JOIN registry.pilots p USING (pilot)
JOIN registry.plans v USING (plan)
CROSS JOIN LATERAL (
    SELECT bool_or(s.state = 'withdrawn') AS withdrawn,
           bool_or(s.state = 'superseded') AS superseded
    FROM work.pins n JOIN registry.submissions s USING (submission)
    WHERE n.analysis = a.analysis) AS d
ORDER BY a.analysis;

-- ---- row-level security --------------------------------------------------------------------------
-- Forced for the owner too: what its functions may touch is said by its policy, not by default.

CREATE FUNCTION registry.guard_table(guarded regclass, readers text, own text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', guarded);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', guarded);
    EXECUTE format('CREATE POLICY owner ON %s TO pilot_owner USING (true) WITH CHECK (true)', guarded);
    IF readers <> '' THEN
        EXECUTE format('CREATE POLICY readers ON %s FOR SELECT TO %s USING (true)', guarded, readers);
    END IF;
    IF own <> '' THEN
        EXECUTE format('CREATE POLICY own ON %s FOR SELECT TO pilot_agency USING (%s)', guarded, own);
    END IF;
END $$;
COMMENT ON FUNCTION registry.guard_table IS
    'Row-level security as every table with an agency has it: all rows for the owner''s functions and the roles in readers, those of condition own for an agency';

-- An agency reads its own unit rows, through registry.own_rows; a worker those of the analyses under
-- way.  Partitions are nobody's but the owner's.
CREATE FUNCTION registry.guard_outcomes(pilot_name text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    parent regclass := format('outcomes.%I', pilot_name);
    pinned text;
BEGIN
    SELECT format('SELECT n.submission FROM work.pins n JOIN work.analyses a USING (analysis) '
                  'WHERE a.pilot = %s AND a.state IN (''queued'', ''running'') ORDER BY n.submission',
                  p.pilot) INTO pinned
        FROM registry.pilots p WHERE p.name = pilot_name;
    PERFORM registry.guard_table(parent, '',
        'pilot_submission = ANY (ARRAY (SELECT registry.own_submission_ids()))');
    -- A search in a sorted array that is made once a query: IN (SELECT ...) would make its own table
    -- of all pins for each partition, which takes longer than reading the rows.
    EXECUTE format('CREATE POLICY pinned ON %s FOR SELECT TO pilot_worker USING '
                   '((ARRAY (%s))[width_bucket(pilot_submission, ARRAY (%s))] = pilot_submission)',
                   parent, pinned, pinned);
    EXECUTE format('GRANT SELECT ON %s TO pilot_fence, pilot_worker', parent);
END $$;

CREATE OR REPLACE FUNCTION registry.shape_outcomes(pilot_name text, columns text[], types text[])
RETURNS void
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
        PERFORM registry.guard_outcomes(pilot_name);
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

SELECT registry.guard_table('registry.pilots', 'pilot_evaluator, pilot_coordinator',
                            'pilot IN (SELECT registry.own_pilot_ids())');
SELECT registry.guard_table('registry.plans', 'pilot_evaluator, pilot_coordinator',
                            'pilot IN (SELECT registry.own_pilot_ids())');
SELECT registry.guard_table('registry.agencies', 'pilot_evaluator',
                            'agency IN (SELECT registry.own_agency_ids())');
SELECT registry.guard_table('registry.grants', 'pilot_evaluator',
                            'agency IN (SELECT registry.own_agency_ids()) '
                            'AND login = quote_ident(session_user)::regrole');
SELECT registry.guard_table('registry.loads', 'pilot_evaluator', '');
SELECT registry.guard_table('registry.submissions', 'pilot_evaluator, pilot_worker',
                            'agency IN (SELECT registry.own_agency_ids())');
SELECT registry.guard_table('registry.dictionaries', '',
                            'submission IN (SELECT registry.own_submission_ids())');
CREATE POLICY pinned ON registry.dictionaries FOR SELECT TO pilot_worker
    USING (submission IN (SELECT n.submission FROM work.pins n JOIN work.analyses a USING (analysis)
                          WHERE a.state IN ('queued', 'running')));
SELECT registry.guard_table('registry.summaries', '',
                            'submission IN (SELECT registry.own_submission_ids())');
SELECT registry.guard_table('registry.problems', 'pilot_evaluator',
                            'load IN (SELECT registry.own_load_ids())');
SELECT registry.guard_table('registry.assignments', 'pilot_evaluator',
                            'agency IN (SELECT registry.own_agency_ids())');
SELECT registry.guard_table('registry.assigned_units', '', '');
SELECT registry.guard_table('work.analyses', 'pilot_evaluator, pilot_coordinator, pilot_worker',
                            'analysis IN (SELECT n.analysis FROM work.pins n)');
CREATE POLICY coordinator ON work.analyses FOR UPDATE TO pilot_coordinator
    USING (true) WITH CHECK (true);
SELECT registry.guard_table('work.pins', 'pilot_evaluator, pilot_coordinator, pilot_worker',
                            'submission IN (SELECT registry.own_submission_ids())');
SELECT registry.guard_table('work.effects', 'pilot_evaluator, pilot_coordinator, pilot_worker',
                            '(analysis, agency) IN (SELECT n.analysis, n.agency FROM work.pins n)');
SELECT registry.guard_table('work.agency_effects', 'pilot_evaluator, pilot_coordinator', '');
SELECT registry.guard_table('work.quality', 'pilot_evaluator, pilot_coordinator, pilot_worker', '');
SELECT registry.guard_table('work.curves', 'pilot_evaluator, pilot_coordinator', '');
CREATE POLICY coordinator ON work.effects FOR INSERT TO pilot_coordinator WITH CHECK (true);
CREATE POLICY coordinator ON work.agency_effects FOR INSERT TO pilot_coordinator WITH CHECK (true);
CREATE POLICY coordinator ON work.quality FOR INSERT TO pilot_coordinator WITH CHECK (true);
CREATE POLICY coordinator ON work.curves FOR INSERT TO pilot_coordinator WITH CHECK (true);

DO $$
DECLARE
    item record;
BEGIN
    FOR item IN SELECT p.name FROM registry.pilots p
                WHERE to_regclass(format('outcomes.%I', p.name)) IS NOT NULL LOOP
        PERFORM registry.guard_outcomes(item.name);
    END LOOP;
    FOR item IN SELECT c.oid::regclass AS name FROM pg_class c
                WHERE c.relnamespace = 'results'::regnamespace AND c.relkind = 'v' LOOP
        EXECUTE format('ALTER VIEW %s SET (security_invoker = true)', item.name);
    END LOOP;
END $$;

-- ---- what each role may ---------------------------------------------------------------------------

GRANT USAGE ON SCHEMA registry TO pilot_evaluator, pilot_agency, pilot_coordinator, pilot_worker,
    pilot_dashboard, pilot_auditor;
GRANT SELECT ON registry.schema_version TO pilot_evaluator, pilot_agency, pilot_coordinator,
    pilot_worker, pilot_dashboard, pilot_auditor;
GRANT USAGE ON SCHEMA work TO pilot_evaluator, pilot_agency, pilot_coordinator, pilot_worker;
GRANT USAGE ON SCHEMA results TO pilot_evaluator, pilot_agency;
GRANT USAGE ON SCHEMA outcomes TO pilot_agency, pilot_worker;
GRANT USAGE ON SCHEMA dashboard TO pilot_evaluator, pilot_agency, pilot_dashboard,
    pilot_coordinator;

-- Policies ask these of whoever reads a guarded table.
GRANT EXECUTE ON FUNCTION registry.own_agency_ids(), registry.own_pilot_ids(),
    registry.own_submission_ids(), registry.own_load_ids(), registry.own_agencies(text),
    registry.is_owner(),
    registry.find_pilot(text), registry.submission_plan(text)
    TO pilot_evaluator, pilot_agency, pilot_coordinator, pilot_worker;

-- Evaluators: plans, launches, results; no unit rows, no labels, no agency's own summary.
GRANT SELECT ON registry.pilots, registry.plans, registry.agencies, registry.grants, registry.loads,
    registry.submissions, registry.problems, registry.assignment_runs, work.lease, work.analyses,
    work.pins, work.jobs, work.failures, work.effects, work.comparisons, work.agency_effects,
    work.quality, work.curves TO pilot_evaluator;
GRANT SELECT (assignment, run, agency, content_sha256, units, arms, counts, late, state, replaced_by,
              replaced_at, reason) ON registry.assignments TO pilot_evaluator;
GRANT SELECT (job, digest, worker, epoch, unit_rows, pull_us, compute_us, stored_at)
    ON work.job_results TO pilot_evaluator;
GRANT SELECT ON ALL TABLES IN SCHEMA results TO pilot_evaluator;
GRANT EXECUTE ON FUNCTION registry.register_plan(text, text, text, text, text[], text[]),
    registry.current_submissions(text), registry.begin_assignment(text, bigint, jsonb, text, text),
    registry.register_assignment(bigint, text, jsonb, text),
    registry.add_assigned_units(bigint, bigint[], smallint[], int[], int[]),
    work.launch(text, bigint[], text), work.cancel(bigint), work.retry(bigint),
    work.may_see(bigint), work.jobs_done(bigint), work.jobs_failed(bigint) TO pilot_evaluator;

-- Agencies: their own submissions, unit rows and effects.
GRANT SELECT ON registry.pilots, registry.agencies, registry.grants, registry.submissions,
    registry.dictionaries, registry.summaries, registry.problems, work.pins, work.effects
    TO pilot_agency;
GRANT SELECT (assignment, run, agency, content_sha256, units, arms, counts, late, state, replaced_by,
              replaced_at, reason) ON registry.assignments TO pilot_agency;
GRANT SELECT (plan, pilot, version, sha256, columns, across, clustered, registered_at)
    ON registry.plans TO pilot_agency;
GRANT SELECT ON work.analyses TO pilot_agency;
GRANT SELECT ON results.analyses, results.effects, results.submissions, results.latest_analyses,
    results.latest_effects, results.latest_submissions, results.conventions,
    results.latest_conventions TO pilot_agency;
GRANT EXECUTE ON FUNCTION registry.begin_load(text, bigint), registry.reserve_submissions(int),
    registry.seal_load(bigint, jsonb), registry.reject_load(text, bigint, text[], text, jsonb),
    registry.current_submissions(text), registry.current_assignments(text),
    registry.assigned_parts(bigint), work.may_see(bigint), work.jobs_done(bigint),
    work.jobs_failed(bigint) TO pilot_agency;

-- The coordinator: work and results.
GRANT SELECT ON registry.pilots, registry.plans, work.pins TO pilot_coordinator;
GRANT SELECT ON work.analyses, work.lease, work.jobs, work.job_results, work.failures, work.effects,
    work.comparisons, work.agency_effects, work.quality, work.curves TO pilot_coordinator;
GRANT INSERT ON work.jobs, work.job_results, work.failures, work.effects, work.comparisons,
    work.agency_effects, work.quality, work.curves TO pilot_coordinator;
GRANT UPDATE ON work.lease TO pilot_coordinator;
GRANT UPDATE (state, finished_at, software_version, cpu_class, job_count, planned)
    ON work.analyses TO pilot_coordinator;

-- Workers: pinned unit rows and what earlier jobs gave; they write nothing.
GRANT SELECT (submission, state) ON registry.submissions TO pilot_worker;
GRANT SELECT ON registry.dictionaries, work.pins, work.jobs, work.effects, work.quality TO pilot_worker;
GRANT SELECT (analysis, pilot, state) ON work.analyses TO pilot_worker;
GRANT SELECT (job, part) ON work.job_results TO pilot_worker;

-- ---- everything belongs to pilot_owner -----------------------------------------------------------

DO $$
DECLARE
    item record;
BEGIN
    FOR item IN SELECT n.oid::regnamespace AS name FROM pg_namespace n
                WHERE n.nspname IN ('registry', 'outcomes', 'work', 'results', 'dashboard') LOOP
        EXECUTE format('ALTER SCHEMA %s OWNER TO pilot_owner', item.name);
    END LOOP;
    FOR item IN SELECT c.oid::regclass AS name,
                       CASE c.relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END AS kind
                FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE n.nspname IN ('registry', 'outcomes', 'work', 'results', 'dashboard')
                  AND c.relkind IN ('r', 'p', 'v') LOOP
        EXECUTE format('ALTER %s %s OWNER TO pilot_owner', item.kind, item.name);
    END LOOP;
    FOR item IN SELECT t.oid::regtype AS name FROM pg_type t JOIN pg_class c ON c.oid = t.typrelid
                WHERE c.relkind = 'c' AND c.relnamespace = 'registry'::regnamespace LOOP
        EXECUTE format('ALTER TYPE %s OWNER TO pilot_owner', item.name);
    END LOOP;
    FOR item IN SELECT f.oid::regprocedure AS name FROM pg_proc f JOIN pg_namespace n
                    ON n.oid = f.pronamespace
                WHERE n.nspname IN ('registry', 'work', 'results', 'dashboard') LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', item.name);
        EXECUTE format('ALTER FUNCTION %s OWNER TO pilot_owner', item.name);
    END LOOP;
END $$;
ALTER DEFAULT PRIVILEGES FOR ROLE pilot_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
