-- Keys of pseudonyms: the server knows fingerprints only, and holds each agency to its key.

CREATE TABLE registry.unit_key_resets (
    reset    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    agency   bigint NOT NULL REFERENCES registry.agencies,
    unit_key text NOT NULL CHECK (unit_key ~ '^[0-9a-f]{64}$'),
    reason   text NOT NULL CHECK (octet_length(reason) BETWEEN 1 AND 2000),
    reset_by text NOT NULL DEFAULT session_user,
    reset_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE registry.unit_key_resets IS
    'Fingerprints of keys that were given up, and why; an agency''s next submission comes with another one';
CREATE INDEX unit_key_resets_agency ON registry.unit_key_resets (agency);
SELECT registry.guard_table('registry.unit_key_resets', 'pilot_evaluator', '');
GRANT SELECT ON registry.unit_key_resets TO pilot_evaluator;

CREATE FUNCTION registry.unit_keys(pilot_name text) RETURNS TABLE (agency text, unit_key text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT a.name, a.unit_key FROM registry.agencies a
    WHERE a.pilot = (SELECT registry.find_pilot(pilot_name)) AND a.unit_key IS NOT NULL
      AND (registry.is_owner() OR a.agency IN (SELECT registry.own_agency_ids()))
    ORDER BY a.name
$$;
COMMENT ON FUNCTION registry.unit_keys(text) IS
    'Fingerprint of each agency''s key, where there is one: of the agencies that the login submits for';
REVOKE ALL ON FUNCTION registry.unit_keys(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION registry.unit_keys(text) TO pilot_agency;

CREATE FUNCTION registry.reset_unit_key(pilot_name text, agency_name text, reason text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    pilot_id bigint := registry.find_pilot(pilot_name);
    found_agency registry.agencies;
BEGIN
    IF NOT registry.is_owner() THEN
        RAISE EXCEPTION 'only an owner of the database may let an agency come with another key'
            USING ERRCODE = 'PL006';
    END IF;
    IF reason IS NULL OR octet_length(reason) NOT BETWEEN 1 AND 2000 THEN
        RAISE EXCEPTION 'say why, in 1 to 2000 bytes' USING ERRCODE = 'PL003';
    END IF;
    SELECT * INTO found_agency FROM registry.agencies a
        WHERE a.pilot = pilot_id AND a.name = agency_name FOR UPDATE;
    IF found_agency.unit_key IS NULL THEN
        RAISE EXCEPTION 'the pilot knows no key of such an agency' USING ERRCODE = 'PL001';
    END IF;
    INSERT INTO registry.unit_key_resets (agency, unit_key, reason)
        VALUES (found_agency.agency, found_agency.unit_key, reset_unit_key.reason);
    UPDATE registry.agencies a SET unit_key = NULL WHERE a.agency = found_agency.agency;
END $$;
COMMENT ON FUNCTION registry.reset_unit_key(text, text, text) IS
    'Owners only: forget an agency''s key because it is lost.  Its next submission may come with another; no unit of that one can be matched with earlier ones or with a registered assignment';
REVOKE ALL ON FUNCTION registry.reset_unit_key(text, text, text) FROM PUBLIC;

-- What a client of any language could forget.  The plan's word holds for everybody; where it has
-- none, an agency's login still brings pseudonyms: those who own the database decide otherwise.
CREATE FUNCTION registry.check_pseudonyms() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    current_load registry.loads;
    pilot_name text;
    plan_json jsonb;
    bad boolean;
BEGIN
    SELECT l.* INTO current_load FROM registry.loads l
        WHERE l.load = (SELECT max(n.load) FROM new_rows n WHERE n.state = 'accepted');
    IF current_load.load IS NULL THEN
        RETURN NULL;
    END IF;
    SELECT p.json::jsonb INTO plan_json FROM registry.plans p WHERE p.plan = current_load.plan;
    IF (plan_json ->> 'unit_ids' = 'hmac'
        OR (NOT plan_json ? 'unit_ids' AND plan_json #>> '{columns,unit}' IS NOT NULL
            AND NOT registry.is_owner()))
       AND EXISTS (SELECT FROM new_rows n WHERE n.state = 'accepted' AND n.unit_key IS NULL) THEN
        RAISE EXCEPTION 'unit ids must be pseudonyms, and the manifest must say with the fingerprint '
            'of which key they were made (unit_key)' USING ERRCODE = 'PL002';
    END IF;
    IF NOT registry.is_owner()
       AND EXISTS (SELECT FROM new_rows n WHERE n.state = 'accepted' AND n.unit_key IS NOT NULL) THEN
        SELECT p.name INTO pilot_name FROM registry.pilots p WHERE p.pilot = current_load.pilot;
        EXECUTE format(
            'SELECT EXISTS (SELECT FROM outcomes.%I r WHERE octet_length(r.pilot_unit) <> 22 AND '
            'r.pilot_submission IN (SELECT n.submission FROM new_rows n WHERE n.unit_key IS NOT NULL))',
            registry.partition_name(pilot_name, current_load.load)) INTO bad;
        IF bad THEN
            RAISE EXCEPTION 'a unit id is not a pseudonym: those have 22 letters'
                USING ERRCODE = 'PL002';
        END IF;
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION registry.check_pseudonyms() IS
    'Refuse raw unit ids where the plan, or the agency''s login, asks for pseudonyms';
REVOKE ALL ON FUNCTION registry.check_pseudonyms() FROM PUBLIC;
CREATE TRIGGER submissions_pseudonyms AFTER INSERT ON registry.submissions
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION registry.check_pseudonyms();
