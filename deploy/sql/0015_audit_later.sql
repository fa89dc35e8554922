-- The audit log of what came after it: purges and releases.

-- One entry a purge and pilot.
CREATE FUNCTION registry.note_purge() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM registry.note_audit('purged', g.pilot, NULL, jsonb_build_object(
            'keep', g.keep, 'older_than', g.older_than::text, 'rows', g.rows, 'loads', g.loads,
            'submissions', registry.audit_ranges(g.ids), 'count', cardinality(g.ids)))
        FROM (SELECT n.pilot, n.keep, n.older_than, sum(n.rows) AS rows,
                     array_agg(n.load ORDER BY n.load) AS loads,
                     ARRAY (SELECT u.id FROM new_rows o, unnest(o.submissions) AS u (id)
                            WHERE o.pilot = n.pilot ORDER BY u.id) AS ids
              FROM new_rows n GROUP BY n.pilot, n.keep, n.older_than) AS g;
    RETURN NULL;
END $$;
CREATE TRIGGER purges_audit AFTER INSERT ON registry.purges REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION registry.note_purge();

CREATE FUNCTION registry.note_release() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' OR (NEW.withdrawn_at IS NOT NULL AND OLD.withdrawn_at IS NULL) THEN
        PERFORM registry.note_audit(CASE TG_OP WHEN 'INSERT' THEN 'released'
                                               ELSE 'release_withdrawn' END, p.pilot, NULL,
            jsonb_build_object('analysis', NEW.analysis, 'rows', NEW.rows,
                               'suppressed', NEW.suppressed, 'engine', NEW.engine,
                               'minimum_count', NEW.minimum_count, 'round_to', NEW.round_to))
            FROM registry.pilots p WHERE p.name = NEW.pilot;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER releases_audit AFTER INSERT OR UPDATE ON dashboard.releases
    FOR EACH ROW EXECUTE FUNCTION registry.note_release();
