-- Rows of results come in hundreds of thousands.  A foreign key looks its analysis up once a row,
-- half of the time that a row takes; all rows of a batch belong to jobs whose own rows (work.jobs,
-- work.job_results) have foreign keys and are written in the same transaction.  What is left for
-- these tables to see to is that no analysis goes away from under its rows.

ALTER TABLE work.effects DROP CONSTRAINT effects_analysis_fkey;
ALTER TABLE work.agency_effects DROP CONSTRAINT agency_effects_analysis_fkey;
ALTER TABLE work.quality DROP CONSTRAINT quality_analysis_fkey;
ALTER TABLE work.curves DROP CONSTRAINT curves_analysis_fkey;

CREATE FUNCTION work.keep_analysis() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM work.effects WHERE analysis = OLD.analysis)
       OR EXISTS (SELECT FROM work.agency_effects WHERE analysis = OLD.analysis)
       OR EXISTS (SELECT FROM work.quality WHERE analysis = OLD.analysis)
       OR EXISTS (SELECT FROM work.curves WHERE analysis = OLD.analysis) THEN
        RAISE EXCEPTION 'analysis % has results; delete them first', OLD.analysis
            USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN OLD;
END $$;
COMMENT ON FUNCTION work.keep_analysis() IS 'No analysis is deleted while it has results';
CREATE TRIGGER keep_analysis BEFORE DELETE ON work.analyses
    FOR EACH ROW EXECUTE FUNCTION work.keep_analysis();
REVOKE ALL ON FUNCTION work.keep_analysis() FROM PUBLIC;
