-- The audit log: see docs/operations/audit.md.
-- Rights and error codes are those of the earlier steps.

-- ---- the chain ------------------------------------------------------------------------------------
-- Triggers note what happened in registry.audit_pending; a deferred trigger moves each note into the
-- log when the transaction commits.  Only there is the lock on the head taken, which keeps entries
-- without gaps and in the order of commits: a long transaction does not hold it.

CREATE TABLE registry.audit_log (
    entry         bigint PRIMARY KEY CHECK (entry > 0),
    at            timestamptz NOT NULL,
    actor         text NOT NULL,
    application   text,
    address       text,
    action        text NOT NULL CHECK (action ~ '^[a-z][a-z_]{0,39}$'),
    pilot         text,
    agency        text,
    subject       jsonb NOT NULL,
    previous_hash bytea NOT NULL CHECK (octet_length(previous_hash) = 32),
    hash          bytea NOT NULL CHECK (octet_length(hash) = 32),
    -- So that an empty field of an exported log is NULL.
    CONSTRAINT audit_log_no_empty_text CHECK (application <> '' AND address <> '' AND pilot <> ''
                                              AND agency <> '' AND actor <> '')
);
COMMENT ON TABLE registry.audit_log IS
    'What was registered, granted, submitted, launched, handed out: append-only, each entry chained to the one before';
COMMENT ON COLUMN registry.audit_log.entry IS 'From 1, without gaps, in the order of commits';
COMMENT ON COLUMN registry.audit_log.at IS 'When the transaction committed, by the clock of the server';
COMMENT ON COLUMN registry.audit_log.actor IS 'session_user';
COMMENT ON COLUMN registry.audit_log.application IS 'application_name, as the client says';
COMMENT ON COLUMN registry.audit_log.address IS 'Where the client is; NULL: on the server itself';
COMMENT ON COLUMN registry.audit_log.subject IS 'Ids, hashes, counts and reasons; never a value of people''s data';
COMMENT ON COLUMN registry.audit_log.hash IS 'registry.audit_hash of the other columns';

CREATE TABLE registry.audit_head (
    one   boolean PRIMARY KEY DEFAULT true CHECK (one),
    entry bigint NOT NULL,
    hash  bytea NOT NULL
) WITH (fillfactor = 10);
COMMENT ON TABLE registry.audit_head IS 'Number and hash of the last entry of registry.audit_log';
INSERT INTO registry.audit_head (entry, hash) VALUES (0, decode(repeat('00', 32), 'hex'));

CREATE TABLE registry.audit_pending (
    pending     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    actor       text NOT NULL DEFAULT session_user,
    application text DEFAULT NULLIF(current_setting('application_name'), ''),
    address     text DEFAULT host(inet_client_addr()),
    action      text NOT NULL,
    pilot       text,
    agency      text,
    subject     jsonb NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000); -- no row stays
COMMENT ON TABLE registry.audit_pending IS
    'Notes of transactions under way; a row that others can see means that the chaining trigger is off';

-- Each field as LENGTH:BYTES, in UTF-8; "-," is NULL.  Whoever verifies writes the same down.
CREATE FUNCTION registry.audit_field(field text) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
RETURN COALESCE(octet_length(field) || ':' || field || ',', '-,');

CREATE FUNCTION registry.audit_hash(log registry.audit_log) RETURNS bytea
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN sha256(convert_to(
        registry.audit_field('pilot audit 1') || registry.audit_field(log.entry::text)
        || registry.audit_field((extract(epoch FROM log.at) * 1000000)::bigint::text)
        || registry.audit_field(log.actor) || registry.audit_field(log.application)
        || registry.audit_field(log.address) || registry.audit_field(log.action)
        || registry.audit_field(log.pilot) || registry.audit_field(log.agency)
        || registry.audit_field(log.subject::text)
        || registry.audit_field(encode(log.previous_hash, 'hex')), 'UTF8'));
END $$;
COMMENT ON FUNCTION registry.audit_hash IS
    'SHA-256 over "pilot audit 1", entry, microseconds since 1970, actor, application, address, action, pilot, agency, subject and previous hash in hex, each as LENGTH:BYTES,';

CREATE FUNCTION registry.chain_audit() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    head registry.audit_head;
    log registry.audit_log;
BEGIN
    SELECT * INTO STRICT head FROM registry.audit_head FOR UPDATE;
    log := (head.entry + 1, clock_timestamp(), NEW.actor, NEW.application, NEW.address, NEW.action,
            NEW.pilot, NEW.agency, NEW.subject, head.hash, NULL);
    log.hash := registry.audit_hash(log);
    INSERT INTO registry.audit_log SELECT log.*;
    UPDATE registry.audit_head SET entry = log.entry, hash = log.hash;
    DELETE FROM registry.audit_pending p WHERE p.pending = NEW.pending;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER audit_chain AFTER INSERT ON registry.audit_pending
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION registry.chain_audit();

CREATE FUNCTION registry.refuse_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = 'PL006';
END $$;
CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON registry.audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION registry.refuse_change();
CREATE TRIGGER audit_head_stays BEFORE DELETE OR TRUNCATE ON registry.audit_head
    FOR EACH STATEMENT EXECUTE FUNCTION registry.refuse_change();

-- ---- notes ----------------------------------------------------------------------------------------

CREATE FUNCTION registry.note_audit(action text, pilot_id bigint, agency_id bigint, subject jsonb)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO registry.audit_pending (action, pilot, agency, subject)
        VALUES (action, (SELECT p.name FROM registry.pilots p WHERE p.pilot = pilot_id),
                (SELECT a.name FROM registry.agencies a WHERE a.agency = agency_id),
                jsonb_strip_nulls(subject));
END $$;
COMMENT ON FUNCTION registry.note_audit IS
    'One entry for the audit log when this transaction commits; keys of the subject without a value are left out';

-- '3-5,9' of {3,4,5,9}; NULL when that takes more than 64 ranges.
CREATE FUNCTION registry.audit_ranges(numbers bigint[]) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
RETURN (SELECT CASE WHEN count(*) <= 64 THEN string_agg(
               CASE WHEN first = last THEN first::text ELSE first || '-' || last END, ','
               ORDER BY first) END
        FROM (SELECT min(n) AS first, max(n) AS last
              FROM (SELECT n, n - row_number() OVER (ORDER BY n) AS run
                    FROM unnest(numbers) AS u (n)) AS numbered GROUP BY run) AS ranges);

-- Names, where there are at most 20 of them.
CREATE FUNCTION registry.audit_names(names text[]) RETURNS jsonb
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
RETURN CASE WHEN cardinality(names) <= 20 THEN to_jsonb(names) END;

-- What stands for a set of submissions: how many, one hash over them in the order of their agencies'
-- names, and where there are at most 20 each of them.
CREATE FUNCTION registry.audit_submissions(submission_ids bigint[]) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT jsonb_build_object(
        'agencies', count(*), 'rows', COALESCE(sum(s.rows), 0),
        'submissions', registry.audit_ranges(array_agg(s.submission)),
        'sha256', encode(sha256(COALESCE(string_agg(convert_to(
            registry.audit_field(a.name) || registry.audit_field(s.submission::text)
            || registry.audit_field(s.revision::text) || registry.audit_field(s.rows::text)
            || registry.audit_field(s.content_sha256) || registry.audit_field(s.file_sha256)
            || registry.audit_field(s.unit_key), 'UTF8'), ''::bytea ORDER BY a.name, s.submission), ''::bytea)), 'hex'),
        'list', CASE WHEN count(*) <= 20 THEN jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
            'agency', a.name, 'submission', s.submission, 'revision', s.revision, 'rows', s.rows,
            'content_sha256', s.content_sha256, 'file_sha256', s.file_sha256,
            'unit_key', s.unit_key))
            ORDER BY a.name, s.submission) END)
    FROM registry.submissions s JOIN registry.agencies a USING (agency)
    WHERE s.submission = ANY (submission_ids)
$$;
COMMENT ON FUNCTION registry.audit_submissions IS
    'Count, hash and (of at most 20) list of submissions as the audit log tells them; sha256 is over agency, submission, revision, rows, content hash, file hash and unit key, each as LENGTH:BYTES,';

-- The agency, where a set of submissions is of one.
CREATE FUNCTION registry.audit_agency(submission_ids bigint[]) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN count(DISTINCT s.agency) = 1 THEN min(s.agency) END
    FROM registry.submissions s WHERE s.submission = ANY (submission_ids)
$$;

-- ---- analyses -------------------------------------------------------------------------------------

CREATE FUNCTION work.note_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.cancel_requested AND NOT OLD.cancel_requested THEN
        PERFORM registry.note_audit('cancelled', NEW.pilot, NULL,
            jsonb_build_object('analysis', NEW.analysis, 'was', OLD.state));
    END IF;
    IF NEW.retries > OLD.retries THEN
        PERFORM registry.note_audit('retried', NEW.pilot, NULL, jsonb_build_object(
            'analysis', NEW.analysis, 'was', OLD.state, 'retries', NEW.retries));
    END IF;
    IF NEW.state IN ('done', 'failed', 'cancelled') AND OLD.state <> NEW.state THEN
        PERFORM registry.note_audit('ended', NEW.pilot, NULL, jsonb_build_object(
            'analysis', NEW.analysis, 'state', NEW.state, 'jobs', NEW.job_count,
            'software_version', NEW.software_version, 'cpu_class', NEW.cpu_class));
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER analyses_audit_change AFTER UPDATE ON work.analyses FOR EACH ROW
    WHEN (OLD.state <> NEW.state OR OLD.retries <> NEW.retries
          OR OLD.cancel_requested <> NEW.cancel_requested)
    EXECUTE FUNCTION work.note_change();

-- Of the coordinator: jobs that it has handed to workers, one object an analysis:
-- {"analysis": 7, "epoch": 3, "jobs": 12, "workers": {"NAME": "0-99,105"}}, ordinals of work.pins.
CREATE FUNCTION work.note_handed(handed jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO registry.audit_pending (action, pilot, subject)
        SELECT 'handed_out', p.name, h.item
        FROM jsonb_array_elements(handed) WITH ORDINALITY AS h (item, place)
        JOIN work.analyses a ON a.analysis = (h.item ->> 'analysis')::bigint
        JOIN registry.pilots p USING (pilot) ORDER BY h.place;
END $$;
COMMENT ON FUNCTION work.note_handed IS
    'Log which workers got which pins of which analyses; of the coordinator, in its fenced transaction';

-- ---- data -----------------------------------------------------------------------------------------

-- At commit: sealed or rejected, one entry a load.
CREATE FUNCTION registry.note_load() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    ended registry.loads;
    ids bigint[];
    about jsonb;
BEGIN
    SELECT * INTO ended FROM registry.loads l WHERE l.load = NEW.load;
    SELECT array_agg(s.submission) INTO ids FROM registry.submissions s WHERE s.load = NEW.load;
    SELECT jsonb_build_object('load', NEW.load, 'plan_version', p.version) INTO about
        FROM registry.plans p WHERE p.plan = ended.plan;
    IF ended.state = 'sealed' THEN
        PERFORM registry.note_audit('submitted', ended.pilot, registry.audit_agency(ids),
                                    about || registry.audit_submissions(ids));
    ELSIF ended.state = 'rejected' THEN
        PERFORM registry.note_audit('rejected', ended.pilot, registry.audit_agency(ids),
            about || (registry.audit_submissions(ids) - 'rows') || jsonb_build_object('problems', (
                SELECT jsonb_object_agg(c.code, c.amount) FROM (
                    -- The report's last line of a code counts what the report leaves out, too.
                    SELECT r.code, COALESCE(max(substring(r.message
                        FROM '^([0-9]{1,18}) problems? of this kind in all$')::bigint) FILTER
                        (WHERE r.row IS NULL), count(*)) AS amount FROM registry.problems r
                    WHERE r.load = NEW.load GROUP BY r.code) AS c)));
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER loads_audit AFTER INSERT ON registry.loads
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION registry.note_load();

-- One entry a statement, pilot and reason.
CREATE FUNCTION registry.note_withdrawal() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    item record;
BEGIN
    FOR item IN
        SELECT a.pilot, n.withdrawn_reason, array_agg(n.submission) AS ids
        FROM new_rows n JOIN old_rows o USING (submission)
        JOIN registry.agencies a ON a.agency = n.agency
        WHERE n.state = 'withdrawn' AND o.state <> 'withdrawn'
        GROUP BY a.pilot, n.withdrawn_reason ORDER BY a.pilot, n.withdrawn_reason
    LOOP
        PERFORM registry.note_audit('withdrawn', item.pilot, registry.audit_agency(item.ids),
            registry.audit_submissions(item.ids)
            || jsonb_build_object('reason', item.withdrawn_reason));
    END LOOP;
    RETURN NULL;
END $$;
CREATE TRIGGER submissions_audit AFTER UPDATE ON registry.submissions
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION registry.note_withdrawal();

-- ---- assignments ----------------------------------------------------------------------------------

CREATE FUNCTION registry.note_assignment() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM registry.note_audit('assignment_registered', NEW.pilot,
        CASE WHEN count(DISTINCT a.agency) = 1 THEN min(a.agency) END, jsonb_build_object(
            'run', NEW.run, 'sha256', NEW.sha256, 'file_sha256', NEW.file_sha256,
            'assignments', count(a.assignment), 'units', COALESCE(sum(a.units), 0),
            'late', count(*) FILTER (WHERE a.late),
            'agencies', registry.audit_names(array_agg(g.name::text ORDER BY g.name)
                                             FILTER (WHERE g.name IS NOT NULL))))
        FROM (SELECT) AS one
        LEFT JOIN registry.assignments a ON a.run = NEW.run
        LEFT JOIN registry.agencies g ON g.agency = a.agency;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER assignment_runs_audit AFTER INSERT ON registry.assignment_runs
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION registry.note_assignment();

CREATE FUNCTION registry.note_replacement() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    item record;
BEGIN
    FOR item IN
        SELECT g.pilot, n.reason, count(*) AS assignments,
               CASE WHEN count(*) = 1 THEN min(n.agency) END AS agency,
               array_agg(g.name::text ORDER BY g.name) AS names
        FROM new_rows n JOIN old_rows o USING (assignment)
        JOIN registry.agencies g ON g.agency = n.agency
        WHERE n.state = 'replaced' AND o.state <> 'replaced'
        GROUP BY g.pilot, n.reason ORDER BY g.pilot, n.reason
    LOOP
        PERFORM registry.note_audit('assignment_replaced', item.pilot, item.agency,
            jsonb_build_object('assignments', item.assignments, 'reason', item.reason,
                               'agencies', registry.audit_names(item.names)));
    END LOOP;
    RETURN NULL;
END $$;
CREATE TRIGGER assignments_audit AFTER UPDATE ON registry.assignments
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION registry.note_replacement();

-- ---- rights ---------------------------------------------------------------------------------------

CREATE FUNCTION registry.note_grant() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    item registry.grants := COALESCE(NEW, OLD);
BEGIN
    PERFORM registry.note_audit(CASE TG_OP WHEN 'INSERT' THEN 'granted' ELSE 'revoked' END,
        a.pilot, a.agency, jsonb_build_object('role', 'pilot_agency', 'login', COALESCE(
            (SELECT r.rolname::text FROM pg_roles r WHERE r.oid = item.login), item.login::text)))
        FROM registry.agencies a WHERE a.agency = item.agency;
    RETURN NULL;
END $$;
CREATE TRIGGER grants_audit AFTER INSERT OR DELETE ON registry.grants
    FOR EACH ROW EXECUTE FUNCTION registry.note_grant();

CREATE FUNCTION registry.note_role(action text, role_name text, login_name text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF (action = 'granted') <> EXISTS (
        SELECT FROM pg_auth_members m
        WHERE m.roleid = (SELECT r.oid FROM pg_roles r WHERE r.rolname = role_name)
          AND m.member = (SELECT r.oid FROM pg_roles r WHERE r.rolname = login_name)) THEN
        PERFORM registry.note_audit(action, NULL, NULL,
            jsonb_build_object('role', role_name, 'login', login_name));
    END IF;
END $$;
COMMENT ON FUNCTION registry.note_role IS 'Log a grant or revocation that is about to change something';

CREATE FUNCTION registry.grant_role(role_name text, login_name text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF role_name IS NULL OR role_name NOT IN ('pilot_evaluator', 'pilot_coordinator',
                                              'pilot_worker', 'pilot_dashboard', 'pilot_auditor') THEN
        RAISE EXCEPTION 'there is no role "%" to grant', left(role_name, 100) USING ERRCODE = 'PL003';
    END IF;
    PERFORM registry.find_login(login_name);
    PERFORM registry.note_role('granted', role_name, login_name);
    EXECUTE format('GRANT %I TO %I', role_name, login_name);
END $$;
COMMENT ON FUNCTION registry.grant_role(text, text) IS
    'Make a login an evaluator, coordinator, worker, dashboard or auditor; agencies: registry.grant_agency';

CREATE FUNCTION registry.revoke_role(role_name text, login_name text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF role_name IS NULL OR role_name NOT IN ('pilot_evaluator', 'pilot_coordinator',
                                              'pilot_worker', 'pilot_dashboard', 'pilot_auditor') THEN
        RAISE EXCEPTION 'there is no role "%" to revoke', left(role_name, 100) USING ERRCODE = 'PL003';
    END IF;
    PERFORM registry.find_login(login_name);
    PERFORM registry.note_role('revoked', role_name, login_name);
    EXECUTE format('REVOKE %I FROM %I', role_name, login_name);
END $$;
COMMENT ON FUNCTION registry.revoke_role(text, text) IS 'Undo registry.grant_role';

CREATE FUNCTION registry.note_unit_keys() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- The first key comes with a submission, whose entry has it.
    PERFORM registry.note_audit('unit_key_reset', n.pilot, n.agency,
                                jsonb_build_object('was', o.unit_key, 'is', n.unit_key))
        FROM new_rows n JOIN old_rows o USING (agency)
        WHERE o.unit_key IS NOT NULL AND n.unit_key IS DISTINCT FROM o.unit_key;
    RETURN NULL;
END $$;
CREATE TRIGGER agencies_audit AFTER UPDATE ON registry.agencies
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION registry.note_unit_keys();

-- ---- the database itself --------------------------------------------------------------------------

CREATE FUNCTION registry.note_migration() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM registry.note_audit('migrated', NULL, NULL,
        jsonb_build_object('version', NEW.version, 'name', NEW.name));
    RETURN NULL;
END $$;
CREATE TRIGGER schema_version_audit AFTER INSERT ON registry.schema_version
    FOR EACH ROW EXECUTE FUNCTION registry.note_migration();

-- ---- who may read it, and nobody may change it ----------------------------------------------------

ALTER TABLE registry.audit_log ENABLE ROW LEVEL SECURITY;
ALTER TABLE registry.audit_log FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON registry.audit_log FOR SELECT TO pilot_owner USING (true);
CREATE POLICY append ON registry.audit_log FOR INSERT TO pilot_owner WITH CHECK (true);
CREATE POLICY readers ON registry.audit_log FOR SELECT TO pilot_auditor USING (true);
SELECT registry.guard_table('registry.audit_pending', 'pilot_auditor', '');
REVOKE UPDATE, DELETE, TRUNCATE ON registry.audit_log FROM pilot_owner;
REVOKE DELETE, TRUNCATE ON registry.audit_head FROM pilot_owner;
GRANT SELECT ON registry.audit_log, registry.audit_head, registry.audit_pending TO pilot_auditor;
GRANT EXECUTE ON FUNCTION work.note_handed(jsonb) TO pilot_coordinator;

-- The first entry.
SELECT registry.note_audit('begun', NULL, NULL, jsonb_build_object(
    'plans', (SELECT count(*) FROM registry.plans),
    'submissions', (SELECT count(*) FROM registry.submissions),
    'analyses', (SELECT count(*) FROM work.analyses)));
