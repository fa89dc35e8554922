-- Plans are locked by the first launch, an analysis is confirmatory or tells why not, and the audit log
-- has plans, launches, purges and releases: see docs/operations/audit.md.

-- ---- plans ----------------------------------------------------------------------------------------

ALTER TABLE registry.plans ADD COLUMN submissions_before bigint;
COMMENT ON COLUMN registry.plans.submissions_before IS
    'Accepted submissions that had come before the plan was registered (committed); 0: a plan made before the data';
UPDATE registry.plans p SET submissions_before = (
    SELECT count(*) FROM registry.submissions s JOIN registry.loads l USING (load)
    WHERE l.pilot = p.pilot AND l.state = 'sealed' AND l.begun_at < p.registered_at);

CREATE FUNCTION registry.count_accepted(pilot_id bigint) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT count(*) FROM registry.submissions s JOIN registry.agencies a USING (agency)
    WHERE a.pilot = pilot_id AND s.state <> 'rejected'
$$;

CREATE FUNCTION registry.locked_version(pilot_id bigint) RETURNS int
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT p.version FROM work.analyses a JOIN registry.plans p USING (plan)
    WHERE a.pilot = pilot_id ORDER BY a.analysis LIMIT 1
$$;
COMMENT ON FUNCTION registry.locked_version IS 'Version of the plan that the first launch locked; NULL: none yet';

-- At commit, under the head's lock: whose entry stands before this one's has committed, whose stands
-- behind has not.
CREATE FUNCTION registry.note_plan() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    before bigint;
BEGIN
    PERFORM FROM registry.audit_head FOR UPDATE;
    before := registry.count_accepted(NEW.pilot);
    UPDATE registry.plans p SET submissions_before = before WHERE p.plan = NEW.plan;
    PERFORM registry.note_audit('plan_registered', NEW.pilot, NULL, jsonb_build_object(
        'version', NEW.version, 'sha256', NEW.sha256, 'submissions_before', before,
        'locked_version', registry.locked_version(NEW.pilot)));
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER plans_audit AFTER INSERT ON registry.plans
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION registry.note_plan();

CREATE FUNCTION registry.keep_plan() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF OLD.submissions_before IS NOT NULL
       OR (to_jsonb(NEW) - 'submissions_before') <> (to_jsonb(OLD) - 'submissions_before') THEN
        RAISE EXCEPTION 'a registered plan does not change; register another version'
            USING ERRCODE = 'PL003';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER plans_keep BEFORE UPDATE ON registry.plans
    FOR EACH ROW EXECUTE FUNCTION registry.keep_plan();

-- Why an analysis of a plan would not be the one that was planned; NULL: it would.  The plan in
-- force when data came, registered again later without a change, is still that plan.
CREATE FUNCTION work.why_late(plan_id bigint) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    current_plan registry.plans;
    in_force registry.plans;
BEGIN
    SELECT * INTO STRICT current_plan FROM registry.plans p WHERE p.plan = plan_id;
    IF COALESCE(current_plan.submissions_before,
                registry.count_accepted(current_plan.pilot)) = 0 THEN
        RETURN NULL;
    END IF;
    SELECT * INTO in_force FROM registry.plans p
        WHERE p.pilot = current_plan.pilot AND p.submissions_before = 0
        ORDER BY p.version DESC LIMIT 1;
    IF (in_force.sha256, in_force.json) = (current_plan.sha256, current_plan.json) THEN
        RETURN NULL;
    END IF;
    RETURN format('plan version %s was registered after data had arrived', current_plan.version);
END $$;
COMMENT ON FUNCTION work.why_late IS
    'Why an analysis of this plan is not confirmatory, or NULL; the plan in force when data arrived stays so if it is registered again unchanged';

-- ---- analyses -------------------------------------------------------------------------------------

ALTER TABLE work.analyses ADD COLUMN not_confirmatory text;
COMMENT ON COLUMN work.analyses.not_confirmatory IS 'Why not; NULL: it is confirmatory';
UPDATE work.analyses a SET not_confirmatory =
    CASE WHEN a.exploratory_reason IS NOT NULL THEN 'exploratory: ' || a.exploratory_reason
         ELSE format('plan version %s was registered after data had arrived', p.version) END
    FROM registry.plans p WHERE p.plan = a.plan AND NOT a.confirmatory;
ALTER TABLE work.analyses ADD CHECK (confirmatory = (not_confirmatory IS NULL));

CREATE FUNCTION work.judge_analysis() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    NEW.not_confirmatory := NULLIF(concat_ws('; ',
        'exploratory: ' || regexp_replace(NEW.exploratory_reason, '[[:cntrl:]]+', ' ', 'g'),
        work.why_late(NEW.plan)), '');
    NEW.confirmatory := NEW.not_confirmatory IS NULL;
    RETURN NEW;
END $$;
CREATE TRIGGER analyses_judge BEFORE INSERT ON work.analyses
    FOR EACH ROW EXECUTE FUNCTION work.judge_analysis();

CREATE FUNCTION work.keep_frozen() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF (NEW.pilot, NEW.plan, NEW.confirmatory, NEW.exploratory_reason, NEW.not_confirmatory,
        NEW.data_sha256, NEW.launched_by, NEW.launched_at)
       IS DISTINCT FROM (OLD.pilot, OLD.plan, OLD.confirmatory, OLD.exploratory_reason,
        OLD.not_confirmatory, OLD.data_sha256, OLD.launched_by, OLD.launched_at) THEN
        RAISE EXCEPTION 'what an analysis has frozen does not change' USING ERRCODE = 'PL003';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER analyses_keep BEFORE UPDATE ON work.analyses
    FOR EACH ROW EXECUTE FUNCTION work.keep_frozen();

-- A launch inserts its pins after the analysis: told at commit.
CREATE FUNCTION work.note_launch() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    pins bigint[];
BEGIN
    SELECT array_agg(n.submission ORDER BY n.ordinal) INTO pins FROM work.pins n
        WHERE n.analysis = NEW.analysis;
    PERFORM registry.note_audit('launched', NEW.pilot, registry.audit_agency(pins),
        jsonb_build_object('analysis', NEW.analysis, 'data_sha256', NEW.data_sha256,
            'plan_version', p.version, 'plan_sha256', p.sha256, 'confirmatory', NEW.confirmatory,
            'not_confirmatory', NEW.not_confirmatory,
            'pins_sha256', encode(sha256(convert_to(
                COALESCE(array_to_string(pins, ','), ''), 'UTF8')), 'hex'))
        || (registry.audit_submissions(pins) - 'list' - 'sha256'))
        FROM registry.plans p WHERE p.plan = NEW.plan;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER analyses_audit AFTER INSERT ON work.analyses
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION work.note_launch();

-- ---- results: whether it was planned, in every view ------------------------------------------------

CREATE OR REPLACE VIEW results.analyses WITH (security_invoker = true) AS
SELECT a.analysis, p.name AS pilot, v.version AS plan_version, a.state, a.confirmatory,
       CASE WHEN d.withdrawn THEN 'withdrawn' WHEN d.superseded THEN 'superseded'
            ELSE 'current' END AS data_state,
       v.sha256 AS plan_sha256, a.data_sha256, a.software_version, a.cpu_class, a.launched_by,
       a.launched_at, a.finished_at, COALESCE(a.job_count, 0) AS jobs,
       work.jobs_done(a.analysis) AS jobs_done, work.jobs_failed(a.analysis) AS jobs_failed, a.not_confirmatory
FROM work.analyses a
JOIN registry.pilots p USING (pilot)
JOIN registry.plans v USING (plan)
CROSS JOIN LATERAL (
    SELECT bool_or(s.state = 'withdrawn') AS withdrawn,
           bool_or(s.state = 'superseded') AS superseded
    FROM work.pins n JOIN registry.submissions s USING (submission)
    WHERE n.analysis = a.analysis) AS d
ORDER BY a.analysis;
COMMENT ON COLUMN results.analyses.not_confirmatory IS 'Why not; NULL: it is confirmatory';
CREATE OR REPLACE VIEW results.effects WITH (security_invoker = true) AS
SELECT p.name AS pilot, a.analysis,
       CASE WHEN e.agency IS NULL THEN 'pooled' ELSE 'agency' END AS scope, e.agency,
       e.outcome, e.subgroup, e.level, e.arm, e.control, e.estimand, e.estimator,
       e.parameter, e.std_error_type, e.estimate, e.std_error, e.df, e.statistic, e.p_value,
       e.ci_low, e.ci_high, e.p_randomization, e.p_randomization_mcse,
       e.ci_randomization_low, e.ci_randomization_high, e.p_adjusted, e.adjustment,
       e.control_mean, e.n, e.n_arm, e.n_control, e.clusters, e.blocks, e.status, e.reason,
       e.detail, e.ordinal, a.confirmatory
FROM work.effects e
JOIN work.analyses a USING (analysis)
JOIN registry.pilots p USING (pilot)
ORDER BY a.analysis, e.agency NULLS LAST, e.ordinal;
COMMENT ON COLUMN results.effects.confirmatory IS 'Of the analysis; why not: results.analyses.not_confirmatory';
CREATE OR REPLACE VIEW results.comparisons WITH (security_invoker = true) AS
SELECT p.name AS pilot, a.analysis,
       c.outcome, c.subgroup, c.level, c.arm, c.control, c.estimand, c.estimator,
       c.parameter, c.method, c.test, c.k, c.estimate, c.std_error, c.df, c.statistic,
       c.p_value, c.ci_low, c.ci_high, c.pi_low, c.pi_high, c.tau2, c.tau2_low, c.tau2_high,
       c.q, c.q_df, c.q_p_value, c.i2, c.h2, c.headline, c.status, c.reason, c.detail, c.ordinal, a.confirmatory
FROM work.comparisons c
JOIN work.analyses a USING (analysis)
JOIN registry.pilots p USING (pilot)
ORDER BY a.analysis, c.ordinal;
COMMENT ON COLUMN results.comparisons.confirmatory IS 'Of the analysis; why not: results.analyses.not_confirmatory';
CREATE OR REPLACE VIEW results.agencies WITH (security_invoker = true) AS
SELECT p.name AS pilot, a.analysis,
       e.outcome, e.subgroup, e.level, e.arm, e.control, e.estimand, e.estimator,
       e.parameter, e.agency, e.estimate, e.std_error, e.eb_estimate, e.eb_std_error,
       e.weight, e.rank, e.rank_low, e.rank_high, e.leave_one_out_estimate, e.status,
       e.reason, e.ordinal, a.confirmatory
FROM work.agency_effects e
JOIN work.analyses a USING (analysis)
JOIN registry.pilots p USING (pilot)
ORDER BY a.analysis, e.agency, e.ordinal;
COMMENT ON COLUMN results.agencies.confirmatory IS 'Of the analysis; why not: results.analyses.not_confirmatory';
CREATE OR REPLACE VIEW results.quality WITH (security_invoker = true) AS
SELECT p.name AS pilot, a.analysis, q.agency,
       q."check", q.arm, q.variable, q.value, q.statistic, q.df, q.p_value, q.alarm,
       q.detail, q.ordinal, a.confirmatory
FROM work.quality q
JOIN work.analyses a USING (analysis)
JOIN registry.pilots p USING (pilot)
ORDER BY a.analysis, q.agency NULLS LAST, q.ordinal;
COMMENT ON COLUMN results.quality.confirmatory IS 'Of the analysis; why not: results.analyses.not_confirmatory';
CREATE OR REPLACE VIEW results.curves WITH (security_invoker = true) AS
SELECT p.name AS pilot, a.analysis,
       CASE WHEN c.agency IS NULL THEN 'pooled' ELSE 'agency' END AS scope, c.agency,
       c.outcome, c.subgroup, c.level, c.arm, c.curve, c.x, c.y, c.std_error, c.ci_low, c.ci_high,
       c.at_risk, c.events, c.detail, c.ordinal, c.point, a.confirmatory
FROM work.curves c
JOIN work.analyses a USING (analysis)
JOIN registry.pilots p USING (pilot)
ORDER BY a.analysis, c.agency NULLS LAST, c.ordinal, c.point;
COMMENT ON COLUMN results.curves.confirmatory IS 'Of the analysis; why not: results.analyses.not_confirmatory';
CREATE OR REPLACE VIEW results.conventions WITH (security_invoker = true) AS
SELECT p.name AS pilot, a.analysis,
       CASE WHEN e.agency IS NULL THEN 'pooled' ELSE 'agency' END AS scope, e.agency,
       e.outcome, e.subgroup, e.level, e.arm, e.control, e.estimand, e.estimator,
       e.parameter, v.convention, v.std_error_type, e.estimate, v.std_error, v.df, v.p_value,
       v.ci_low, v.ci_high, e.n, e.clusters, e.blocks,
       CASE WHEN v.place > 0 AND e.status = 'not_estimable' THEN 'ok' ELSE e.status END AS status,
       CASE WHEN v.place > 0 AND e.status = 'not_estimable' THEN NULL ELSE e.reason END AS reason,
       e.ordinal, v.place, a.confirmatory
FROM work.effects e
JOIN work.analyses a USING (analysis)
JOIN registry.pilots p USING (pilot)
CROSS JOIN LATERAL (SELECT COALESCE(e.std_error_type IN ('HC2', 'CR2'), false) AS own,
                           e.fixest_std_error IS NULL AS as_stata, e.clusters IS NOT NULL AS clustered) AS w
CROSS JOIN LATERAL (VALUES
    (0, 'plan', e.std_error_type, e.std_error, e.df, e.p_value, e.ci_low, e.ci_high),
    (1, 'estimatr', CASE WHEN clustered THEN 'CR2' ELSE 'HC2' END,
     CASE WHEN own THEN e.std_error ELSE e.estimatr_std_error END,
     CASE WHEN own THEN e.df ELSE e.estimatr_df END,
     CASE WHEN own THEN e.p_value ELSE e.estimatr_p_value END,
     CASE WHEN own THEN e.ci_low ELSE e.estimatr_ci_low END,
     CASE WHEN own THEN e.ci_high ELSE e.estimatr_ci_high END),
    (2, 'stata', CASE WHEN clustered THEN 'CR1' ELSE 'HC1' END, e.stata_std_error, e.stata_df,
     e.stata_p_value, e.stata_ci_low, e.stata_ci_high),
    (3, 'fixest', CASE WHEN clustered THEN 'CR1' ELSE 'HC1' END,
     CASE WHEN as_stata THEN e.stata_std_error ELSE e.fixest_std_error END,
     CASE WHEN as_stata THEN e.stata_df ELSE e.fixest_df END,
     CASE WHEN as_stata THEN e.stata_p_value ELSE e.fixest_p_value END,
     CASE WHEN as_stata THEN e.stata_ci_low ELSE e.fixest_ci_low END,
     CASE WHEN as_stata THEN e.stata_ci_high ELSE e.fixest_ci_high END))
    AS v (place, convention, std_error_type, std_error, df, p_value, ci_low, ci_high)
WHERE e.stata_std_error IS NOT NULL AND (v.place = 0 OR v.std_error IS NOT NULL)
ORDER BY a.analysis, e.agency NULLS LAST, e.ordinal, v.place;
COMMENT ON COLUMN results.conventions.confirmatory IS 'Of the analysis; why not: results.analyses.not_confirmatory';

CREATE OR REPLACE VIEW results.latest_analyses WITH (security_invoker = true) AS
SELECT a.* FROM results.analyses a
WHERE a.analysis IN (SELECT DISTINCT ON (b.pilot) b.analysis FROM results.analyses b
                     WHERE b.state = 'done' AND b.confirmatory AND b.data_state <> 'withdrawn'
                     ORDER BY b.pilot, b.analysis DESC)
ORDER BY a.analysis;
CREATE OR REPLACE VIEW results.latest_effects WITH (security_invoker = true) AS
SELECT v.* FROM results.effects v WHERE v.analysis IN (SELECT analysis FROM results.latest_analyses);
CREATE OR REPLACE VIEW results.latest_comparisons WITH (security_invoker = true) AS
SELECT v.* FROM results.comparisons v WHERE v.analysis IN (SELECT analysis FROM results.latest_analyses);
CREATE OR REPLACE VIEW results.latest_agencies WITH (security_invoker = true) AS
SELECT v.* FROM results.agencies v WHERE v.analysis IN (SELECT analysis FROM results.latest_analyses);
CREATE OR REPLACE VIEW results.latest_quality WITH (security_invoker = true) AS
SELECT v.* FROM results.quality v WHERE v.analysis IN (SELECT analysis FROM results.latest_analyses);
CREATE OR REPLACE VIEW results.latest_curves WITH (security_invoker = true) AS
SELECT v.* FROM results.curves v WHERE v.analysis IN (SELECT analysis FROM results.latest_analyses);
CREATE OR REPLACE VIEW results.latest_conventions WITH (security_invoker = true) AS
SELECT v.* FROM results.conventions v
WHERE v.analysis IN (SELECT analysis FROM results.latest_analyses);

CREATE VIEW results.plans WITH (security_invoker = true) AS
SELECT p.name AS pilot, v.version AS plan_version, v.sha256 AS plan_sha256, v.registered_by,
       v.registered_at, v.submissions_before, l.launched_at AS locked_at, l.analysis AS locked_by,
       COALESCE(v.submissions_before = 0 AND NOT EXISTS (
           SELECT FROM registry.plans n WHERE n.pilot = v.pilot AND n.version > v.version
                                          AND n.submissions_before = 0), false) AS in_force
FROM registry.plans v
JOIN registry.pilots p USING (pilot)
LEFT JOIN LATERAL (SELECT a.plan, a.analysis, a.launched_at FROM work.analyses a
                   WHERE a.pilot = v.pilot ORDER BY a.analysis LIMIT 1) AS l ON l.plan = v.plan
ORDER BY p.name COLLATE "C", v.version;
COMMENT ON VIEW results.plans IS 'Every version of every plan: when, before how many submissions, which was locked';
COMMENT ON COLUMN results.plans.locked_at IS 'The pilot''s first launch, of this version: it is locked';
COMMENT ON COLUMN results.plans.locked_by IS 'The analysis that was launched then';
COMMENT ON COLUMN results.plans.in_force IS
    'The latest version that was registered before any data: analyses of it are confirmatory';

-- ---- purges and releases --------------------------------------------------------------------------

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

GRANT SELECT ON results.plans TO pilot_evaluator;
GRANT EXECUTE ON FUNCTION work.why_late(bigint) TO pilot_evaluator;
