-- Analyses: launch, cancel, retry.  Rights and error codes are those of the previous step.

CREATE FUNCTION work.short_list(names text[]) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
RETURN (SELECT string_agg(left(n, 60), ', ' ORDER BY place)
        FROM unnest(names) WITH ORDINALITY AS u (n, place) WHERE place <= 8)
       || CASE WHEN cardinality(names) > 8
               THEN format(' and %s more', cardinality(names) - 8) ELSE '' END;

-- What is frozen must have each column that the plan needs.
CREATE FUNCTION work.check_columns(plan_id bigint, submissions bigint[]) RETURNS void
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    lacking text[];
BEGIN
    SELECT array_agg(format('%s (%s)', left(a.name, 60), (
               SELECT string_agg(c, ', ') FROM unnest(p.columns) AS u (c)
               WHERE NOT c = ANY (s.columns))) ORDER BY a.name)
        INTO lacking
        FROM registry.plans p, registry.submissions s JOIN registry.agencies a USING (agency)
        WHERE p.plan = plan_id AND s.submission = ANY (submissions) AND NOT p.columns <@ s.columns;
    IF lacking IS NOT NULL THEN
        RAISE EXCEPTION 'these agencies must submit again, with the columns that the plan needs: %',
            work.short_list(lacking) USING ERRCODE = 'PL002';
    END IF;
END $$;

-- At level across labels are global: a unit stands once, and what was randomized (a cluster, or the
-- whole agency where the plan names no cluster) is in one arm.  Labels are people's data: only
-- their number is told.
CREATE FUNCTION work.check_across(pilot_name text, frozen registry.plans, submissions bigint[])
RETURNS void
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    amount bigint := 0;
    agencies text[];
BEGIN
    IF frozen.json::jsonb #>> '{columns,unit}' IS NOT NULL THEN
        EXECUTE format('SELECT count(*) FROM (SELECT FROM outcomes.%I WHERE pilot_submission = '
                       'ANY ($1) GROUP BY pilot_unit HAVING count(*) > 1) AS twice', pilot_name)
            INTO amount USING submissions;
    END IF;
    IF amount > 0 THEN
        RAISE EXCEPTION 'at level across a unit belongs to one agency, and % of them stand in '
                        'more than one', amount USING ERRCODE = 'PL002';
    END IF;
    IF frozen.clustered THEN
        EXECUTE format(
            'SELECT count(*) FROM (SELECT FROM (SELECT DISTINCT pilot_submission AS submission, '
            'pilot_cluster, pilot_arm FROM outcomes.%I WHERE pilot_submission = ANY ($1)) AS pair '
            'JOIN registry.dictionaries c ON c.submission = pair.submission '
            'AND c.column_name = ''pilot_cluster'' '
            'JOIN registry.dictionaries a ON a.submission = pair.submission '
            'AND a.column_name = ''pilot_arm'' '
            'GROUP BY c.labels[pair.pilot_cluster + 1] '
            'HAVING count(DISTINCT a.labels[pair.pilot_arm + 1]) > 1) AS torn', pilot_name)
            INTO amount USING submissions;
        IF amount > 0 THEN
            RAISE EXCEPTION 'at level across a label means one cluster in all agencies, and clusters of '
                            'two arms share a label (labels: %); make labels differ', amount USING ERRCODE = 'PL002';
        END IF;
        RETURN;
    END IF;
    EXECUTE format('SELECT array_agg(g.name ORDER BY g.name) FROM registry.submissions s '
                   'JOIN registry.agencies g USING (agency) WHERE s.submission IN '
                   '(SELECT pilot_submission FROM outcomes.%I WHERE pilot_submission = ANY ($1) '
                   'GROUP BY 1 HAVING min(pilot_arm) <> max(pilot_arm))', pilot_name)
        INTO agencies USING submissions;
    IF agencies IS NOT NULL THEN
        RAISE EXCEPTION 'at level across without a cluster column whole agencies are in one arm; '
                        'these have more than one (name the cluster column, or use level agency): %',
            work.short_list(agencies) USING ERRCODE = 'PL002';
    END IF;
END $$;

CREATE FUNCTION work.launch(pilot_name text, submissions bigint[] DEFAULT NULL,
                            exploratory text DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    pilot_id bigint := registry.find_pilot(pilot_name);
    frozen registry.plans;
    pins bigint[];
    first_submitted timestamptz;
    new_analysis bigint;
BEGIN
    SELECT * INTO frozen FROM registry.plans p WHERE p.pilot = pilot_id
        ORDER BY p.version DESC LIMIT 1;
    IF frozen.plan IS NULL THEN
        RAISE EXCEPTION 'pilot "%" has no plan', pilot_name USING ERRCODE = 'PL001';
    END IF;
    SELECT array_agg(s.submission ORDER BY a.name) INTO pins
        FROM registry.submissions s JOIN registry.agencies a USING (agency)
        WHERE a.pilot = pilot_id AND CASE WHEN submissions IS NULL THEN s.state = 'accepted'
            ELSE s.submission = ANY (submissions) AND s.state IN ('accepted', 'superseded') END;
    IF pins IS NULL THEN
        RAISE EXCEPTION 'pilot "%" has no accepted data to analyse; submit some first '
                        '(pilot submit)', pilot_name USING ERRCODE = 'PL002';
    END IF;
    IF cardinality(pins) <> cardinality(submissions) THEN
        RAISE EXCEPTION 'a submission to be analysed is not there or was withdrawn'
            USING ERRCODE = 'PL005';
    END IF;
    PERFORM work.check_columns(frozen.plan, pins);
    IF frozen.across THEN
        PERFORM work.check_across(pilot_name, frozen, pins);
    END IF;
    SELECT min(l.begun_at) INTO first_submitted FROM registry.loads l
        WHERE l.pilot = pilot_id AND l.state = 'sealed';
    INSERT INTO work.analyses AS n (pilot, plan, confirmatory, exploratory_reason, data_sha256)
        SELECT pilot_id, frozen.plan,
               exploratory IS NULL AND frozen.registered_at <= first_submitted, exploratory,
               encode(sha256(string_agg(convert_to(format(E'%s:%s:%s\n', octet_length(a.name),
                   a.name, s.content_sha256), 'UTF8'), ''::bytea ORDER BY a.name)), 'hex')
        FROM registry.submissions s JOIN registry.agencies a USING (agency)
        WHERE s.submission = ANY (pins)
        RETURNING n.analysis INTO new_analysis;
    INSERT INTO work.pins (analysis, ordinal, submission, agency, rows)
        SELECT new_analysis, row_number() OVER (ORDER BY a.name) - 1, s.submission, a.name, s.rows
        FROM registry.submissions s JOIN registry.agencies a USING (agency)
        WHERE s.submission = ANY (pins);
    PERFORM pg_notify('pilot_work', new_analysis::text);
    RETURN new_analysis;
END $$;
COMMENT ON FUNCTION work.launch IS
    'Freeze the latest plan and the given (or all accepted) submissions into an analysis';

CREATE FUNCTION work.lock_analysis(analysis_id bigint) RETURNS work.analyses
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found_analysis work.analyses;
BEGIN
    SELECT * INTO found_analysis FROM work.analyses a WHERE a.analysis = analysis_id FOR UPDATE;
    IF found_analysis.analysis IS NULL THEN
        RAISE EXCEPTION 'there is no analysis %; pilot status lists them', analysis_id
            USING ERRCODE = 'PL001';
    END IF;
    RETURN found_analysis;
END $$;

CREATE FUNCTION work.cancel(analysis_id bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    current_analysis work.analyses := work.lock_analysis(analysis_id);
    unattended boolean;
BEGIN
    IF current_analysis.state NOT IN ('queued', 'running') THEN
        RAISE EXCEPTION 'analysis % has already ended (%)', analysis_id, current_analysis.state
            USING ERRCODE = 'PL003';
    END IF;
    -- A queued one is nobody's yet; a running one is ended by its coordinator, if there is one.
    unattended := current_analysis.state = 'queued' OR NOT EXISTS (
        SELECT FROM work.lease l WHERE l.expires_at > clock_timestamp());
    UPDATE work.analyses a
        SET cancel_requested = true,
            state = CASE WHEN unattended THEN 'cancelled' ELSE a.state END,
            finished_at = CASE WHEN unattended THEN now() END
        WHERE a.analysis = analysis_id;
    PERFORM pg_notify('pilot_work', analysis_id::text);
END $$;
COMMENT ON FUNCTION work.cancel IS 'Ask for an end of an analysis; what is stored stays';

CREATE FUNCTION work.retry(analysis_id bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    current_analysis work.analyses := work.lock_analysis(analysis_id);
    first_failed smallint;
BEGIN
    IF current_analysis.state NOT IN ('failed', 'cancelled') THEN
        RAISE EXCEPTION 'analysis % is % and has nothing to retry', analysis_id,
            current_analysis.state USING ERRCODE = 'PL003';
    END IF;
    SELECT min(j.stage) INTO first_failed FROM work.jobs j
        WHERE j.analysis = analysis_id
          AND NOT EXISTS (SELECT FROM work.job_results r WHERE r.job = j.job);
    -- What stands in for results of failed jobs goes, and what was computed without them.
    DELETE FROM work.effects e WHERE e.analysis = analysis_id
        AND (e.status = 'job_failed' OR e.job IN (SELECT j.job FROM work.jobs j
             WHERE j.analysis = analysis_id AND j.stage > first_failed));
    DELETE FROM work.comparisons c WHERE c.analysis = analysis_id
        AND (c.status = 'job_failed' OR c.job IN (SELECT j.job FROM work.jobs j
             WHERE j.analysis = analysis_id AND j.stage > first_failed));
    DELETE FROM work.agency_effects e WHERE e.analysis = analysis_id
        AND (e.status = 'job_failed' OR e.job IN (SELECT j.job FROM work.jobs j
             WHERE j.analysis = analysis_id AND j.stage > first_failed));
    DELETE FROM work.quality q WHERE q.analysis = analysis_id
        AND q.job IN (SELECT j.job FROM work.jobs j
             WHERE j.analysis = analysis_id AND j.stage > first_failed);
    DELETE FROM work.job_results r USING work.jobs j
        WHERE r.job = j.job AND j.analysis = analysis_id AND j.stage > first_failed;
    UPDATE work.analyses a SET state = 'queued', retries = retries + 1, cancel_requested = false,
                               finished_at = NULL WHERE a.analysis = analysis_id;
    PERFORM pg_notify('pilot_work', analysis_id::text);
END $$;
COMMENT ON FUNCTION work.retry IS 'Queue a failed or cancelled analysis again; stored results are kept';

-- Nobody but the owner, until the operator grants more.
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA work FROM PUBLIC;
