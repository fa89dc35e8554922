-- Purge: rows of superseded submissions go by a rule; what was submitted, and its hash, stays known.

ALTER TABLE registry.submissions ADD COLUMN purged_at timestamptz;
COMMENT ON COLUMN registry.submissions.purged_at IS
    'When registry.purge deleted its rows; record, count and hash stay';
CREATE INDEX pins_submission ON work.pins (submission);

CREATE TABLE registry.purges (
    purge       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    pilot       bigint NOT NULL REFERENCES registry.pilots,
    load        bigint NOT NULL REFERENCES registry.loads,
    keep        int NOT NULL,
    older_than  interval NOT NULL,
    submissions bigint[] NOT NULL,
    rows        bigint NOT NULL,
    dropped     boolean NOT NULL,
    purged_by   text NOT NULL DEFAULT session_user,
    purged_at   timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE registry.purges IS 'What registry.purge deleted, one row a load';
COMMENT ON COLUMN registry.purges.dropped IS
    'Nothing of the load was left: its partition went as a whole';

-- Superseded submissions that the rule lets go: more than `keep` newer ones of the same agency are
-- superseded too, they were superseded more than older_than ago, and no analysis that waits or runs
-- has pinned them.  The accepted one is never among them.
CREATE FUNCTION registry.purgeable(pilot_id bigint, keep int, older_than interval)
RETURNS TABLE (submission bigint, load bigint, rows bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT r.submission, r.load, r.rows
    FROM (SELECT s.*, count(*) FILTER (WHERE s.state = 'superseded')
                      OVER (PARTITION BY s.agency ORDER BY s.revision DESC) AS place,
                 lead(s.submitted_at) OVER (PARTITION BY s.agency ORDER BY s.revision)
                     AS superseded_at
          FROM registry.submissions s JOIN registry.agencies a USING (agency)
          WHERE a.pilot = pilot_id AND s.revision IS NOT NULL) AS r
    WHERE r.state = 'superseded' AND r.purged_at IS NULL AND r.place > keep
      AND r.superseded_at < now() - older_than
      AND NOT EXISTS (SELECT FROM work.pins n JOIN work.analyses x USING (analysis)
                      WHERE n.submission = r.submission AND x.state IN ('queued', 'running'))
$$;

-- Rows of withdrawn submissions are gone already: a load of these alone is an empty partition.
CREATE FUNCTION registry.is_empty_load(load_id bigint, without bigint[]) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT NOT EXISTS (SELECT FROM registry.submissions s WHERE s.load = load_id
                       AND s.state IN ('accepted', 'superseded') AND s.purged_at IS NULL
                       AND NOT s.submission = ANY (without))
       AND NOT EXISTS (SELECT FROM registry.submissions s JOIN work.pins n USING (submission)
                       JOIN work.analyses x USING (analysis)
                       WHERE s.load = load_id AND x.state IN ('queued', 'running'))
$$;

CREATE FUNCTION registry.partition_of(pilot_name text, load_id bigint) RETURNS regclass
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT to_regclass(format('outcomes.%I', registry.partition_name(pilot_name, load_id)))
$$;

-- Nothing here waits: what others hold is left for the next purge.  A launch holds its submissions
-- FOR KEY SHARE, by the foreign key of its pins; one that comes later finds purged_at set
-- (work.refuse_purged).  A load that is sealed, and a withdrawal, begin with their agencies FOR UPDATE:
-- they wait for the purge before they hold anything that it wants.
CREATE FUNCTION registry.lock_purgeable(pilot_id bigint, keep int, older_than interval)
RETURNS bigint[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    agencies bigint[];
    held bigint[];
BEGIN
    SELECT array_agg(l.agency) INTO agencies
        FROM (SELECT a.agency FROM registry.agencies a
              WHERE a.agency IN (SELECT s.agency FROM registry.submissions s
                                 JOIN registry.purgeable(pilot_id, keep, older_than) USING (submission))
              ORDER BY a.agency FOR KEY SHARE SKIP LOCKED) AS l;
    SELECT array_agg(l.submission) INTO held
        FROM (SELECT s.submission FROM registry.submissions s
              WHERE s.agency = ANY (agencies)
                AND s.submission IN (SELECT g.submission
                                     FROM registry.purgeable(pilot_id, keep, older_than) AS g)
              ORDER BY s.submission FOR UPDATE SKIP LOCKED) AS l;
    -- Again, with what was committed before the locks were had.
    SELECT array_agg(g.submission ORDER BY g.submission) INTO held
        FROM registry.purgeable(pilot_id, keep, older_than) AS g WHERE g.submission = ANY (held);
    RETURN COALESCE(held, '{}');
END $$;

-- The partition of a load that has nothing left.  Dropping it needs the whole table for a moment,
-- truncating it the partition; where those who read or load do not let go in time its rows are
-- deleted, and the next purge drops it.  A load that waits for the agencies of this purge has locks on
-- both, so the purge gives way long before the server looks for deadlocks (deadlock_timeout, 1 s).
CREATE FUNCTION registry.drop_load(partition regclass, try_drop boolean) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET lock_timeout = '200ms' AS $$
DECLARE
    command text;
BEGIN
    FOREACH command IN ARRAY CASE WHEN try_drop THEN '{DROP TABLE,TRUNCATE}'
                                  ELSE '{TRUNCATE}' END::text[] LOOP
        BEGIN
            EXECUTE format('%s %s', command, partition);
            RETURN command = 'DROP TABLE';
        EXCEPTION WHEN lock_not_available THEN
            NULL;
        END;
    END LOOP;
    EXECUTE format('DELETE FROM %s', partition);
    RETURN false;
END $$;

CREATE FUNCTION registry.purge_load(purged registry.purges, partition regclass, is_empty boolean,
                                    try_drop boolean, OUT bytes bigint, OUT dropped boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    bytes := pg_total_relation_size(partition);
    IF is_empty THEN
        dropped := registry.drop_load(partition, try_drop);
        RETURN;
    END IF;
    EXECUTE format('DELETE FROM %s WHERE pilot_submission = ANY ($1)', partition)
        USING purged.submissions;
    -- Sealed rows never change, so nobody vacuums them; now there is something to free.
    EXECUTE format('ALTER TABLE %s SET (autovacuum_enabled = true)', partition);
    dropped := false;
    bytes := bytes * purged.rows / GREATEST((SELECT sum(s.rows) FROM registry.submissions s
                                             WHERE s.load = purged.load), 1);
END $$;

CREATE FUNCTION registry.purge_pilot(purged registry.pilots, keep int, older_than interval)
RETURNS TABLE (load bigint, submissions bigint, rows bigint, bytes bigint, dropped boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    held bigint[] := registry.lock_purgeable(purged.pilot, keep, older_than);
    try_drop boolean := true;
    item record;
    entry registry.purges;
    entries registry.purges[] := '{}';
BEGIN
    UPDATE registry.submissions s SET purged_at = now() WHERE s.submission = ANY (held);
    -- Labels are people's data too.
    DELETE FROM registry.dictionaries d WHERE d.submission = ANY (held);
    -- Drops last: they hold the table until the transaction ends.
    FOR item IN
        SELECT l.load, array_remove(array_agg(s.submission ORDER BY s.submission), NULL) AS gone,
               COALESCE(sum(s.rows), 0)::bigint AS rows,
               registry.is_empty_load(l.load, held) AS empty,
               registry.partition_of(purged.name, l.load) AS partition
        FROM registry.loads l
        LEFT JOIN registry.submissions s ON s.load = l.load AND s.submission = ANY (held)
        WHERE l.pilot = purged.pilot AND l.state = 'sealed'
          AND registry.partition_of(purged.name, l.load) IS NOT NULL
        GROUP BY l.load
        HAVING count(s.submission) > 0 OR registry.is_empty_load(l.load, held)
        ORDER BY 4, 1
    LOOP
        entry.load := item.load;
        entry.submissions := item.gone;
        entry.rows := item.rows;
        SELECT d.bytes, d.dropped INTO bytes, dropped
            FROM registry.purge_load(entry, item.partition, item.empty, try_drop) AS d;
        try_drop := try_drop AND (dropped OR NOT item.empty);
        entry.dropped := dropped;
        entries := entries || entry;
        load := item.load;
        submissions := cardinality(item.gone);
        rows := item.rows;
        RETURN NEXT;
    END LOOP;
    INSERT INTO registry.purges (pilot, load, keep, older_than, submissions, rows, dropped)
        SELECT purged.pilot, e.load, purge_pilot.keep, purge_pilot.older_than, e.submissions,
               e.rows, e.dropped
        FROM unnest(entries) AS e;
END $$;

CREATE FUNCTION registry.preview_purge(purged registry.pilots, keep int, older_than interval)
RETURNS TABLE (load bigint, submissions bigint, rows bigint, bytes bigint, dropped boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH gone AS (SELECT * FROM registry.purgeable(purged.pilot, keep, older_than)),
    loads AS (
        SELECT l.load, count(g.submission) AS submissions,
               COALESCE(sum(g.rows), 0)::bigint AS rows,
               registry.is_empty_load(l.load, COALESCE((SELECT array_agg(submission) FROM gone),
                                                       '{}')) AS empty,
               registry.partition_of(purged.name, l.load) AS partition
        FROM registry.loads l LEFT JOIN gone g USING (load)
        WHERE l.pilot = purged.pilot AND l.state = 'sealed' GROUP BY l.load)
    SELECT l.load, l.submissions, l.rows,
           CASE WHEN l.empty THEN pg_total_relation_size(l.partition)
                ELSE pg_total_relation_size(l.partition) * l.rows
                     / GREATEST((SELECT sum(s.rows) FROM registry.submissions s
                                 WHERE s.load = l.load), 1) END::bigint, l.empty
    FROM loads l WHERE l.partition IS NOT NULL AND (l.submissions > 0 OR l.empty)
    ORDER BY l.load
$$;

CREATE FUNCTION registry.purge(pilot_name text DEFAULT NULL, keep int DEFAULT 1,
                               older_than interval DEFAULT '90 days',
                               dry_run boolean DEFAULT false)
RETURNS TABLE (pilot text, load bigint, submissions bigint, rows bigint, bytes bigint,
               dropped boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    pilot_id bigint := CASE WHEN pilot_name IS NOT NULL THEN registry.find_pilot(pilot_name) END;
    item registry.pilots;
BEGIN
    IF keep IS NULL OR keep < 0 OR older_than IS NULL OR older_than < interval '0' THEN
        RAISE EXCEPTION 'a purge keeps 0 or more superseded revisions, and what is younger than 0 '
                        'or more days' USING ERRCODE = 'PL003';
    END IF;
    FOR item IN
        SELECT * FROM registry.pilots p WHERE pilot_id IS NULL OR p.pilot = pilot_id ORDER BY p.name
    LOOP
        IF dry_run THEN
            RETURN QUERY SELECT item.name, v.*
                FROM registry.preview_purge(item, keep, older_than) AS v;
        ELSE
            -- One purge of a pilot at a time.
            PERFORM FROM registry.pilots p WHERE p.pilot = item.pilot FOR NO KEY UPDATE;
            RETURN QUERY SELECT item.name, v.*
                FROM registry.purge_pilot(item, keep, older_than) AS v;
        END IF;
    END LOOP;
END $$;
COMMENT ON FUNCTION registry.purge IS
    'Delete the rows of superseded submissions, but for each agency''s latest `keep` of them and what was superseded within older_than; never what an unfinished analysis needs, nor accepted data';

-- ---- analyses whose rows are gone ----------------------------------------------------------------

CREATE FUNCTION work.refuse_purged() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM new_pins n JOIN registry.submissions s USING (submission)
               WHERE s.purged_at IS NOT NULL) THEN
        RAISE EXCEPTION 'a submission to be analysed was purged: its rows are gone'
            USING ERRCODE = 'PL005';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER pins_refuse_purged AFTER INSERT ON work.pins REFERENCING NEW TABLE AS new_pins
    FOR EACH STATEMENT EXECUTE FUNCTION work.refuse_purged();

CREATE FUNCTION work.refuse_retry_of_purged() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    agencies text[];
BEGIN
    -- The locks, in the order of a purge, keep one away until the analysis is queued.
    PERFORM FROM registry.submissions s JOIN work.pins n USING (submission)
        WHERE n.analysis = NEW.analysis ORDER BY s.submission FOR KEY SHARE OF s;
    SELECT array_agg(n.agency ORDER BY n.ordinal) INTO agencies
        FROM work.pins n JOIN registry.submissions s USING (submission)
        WHERE n.analysis = NEW.analysis AND s.purged_at IS NOT NULL;
    IF agencies IS NOT NULL THEN
        RAISE EXCEPTION 'analysis % cannot be taken up again: rows that it froze were purged (of %); '
                        'launch a new one on the current data (pilot launch)', NEW.analysis,
            work.short_list(agencies) USING ERRCODE = 'PL005';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER analyses_refuse_purged BEFORE UPDATE OF retries ON work.analyses
    FOR EACH ROW WHEN (NEW.retries > OLD.retries)
    EXECUTE FUNCTION work.refuse_retry_of_purged();

CREATE VIEW results.purged WITH (security_invoker) AS
SELECT p.name AS pilot, n.analysis, count(*) AS agencies, sum(n.rows)::bigint AS rows,
       max(s.purged_at) AS purged_at
FROM work.pins n
JOIN registry.submissions s USING (submission)
JOIN work.analyses x USING (analysis)
JOIN registry.pilots p ON p.pilot = x.pilot
WHERE s.purged_at IS NOT NULL
GROUP BY p.name, n.analysis
ORDER BY n.analysis;
COMMENT ON VIEW results.purged IS
    'Analyses whose numbers stand but cannot be computed again: of how many agencies rows were purged';

-- ---- rights ----------------------------------------------------------------------------------------
-- Functions are the owner's alone: nobody else may purge.

GRANT SELECT ON registry.purges TO pilot_evaluator, pilot_auditor;
GRANT SELECT ON results.purged TO pilot_evaluator, pilot_agency;
