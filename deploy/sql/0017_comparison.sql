-- What agencies are compared by: influence and ranks of each, averages by people and by agencies, the
-- effect by attributes of agencies, and how true effects are spread.  And what a plan lists of agencies.

-- ---- agencies that the plan lists -----------------------------------------------------------------

CREATE TABLE registry.plan_agencies (
    plan       bigint NOT NULL REFERENCES registry.plans,
    pilot      bigint NOT NULL REFERENCES registry.pilots,
    place      int NOT NULL,
    agency     text COLLATE "C" NOT NULL,
    id         text COLLATE "C",
    attributes jsonb NOT NULL,
    PRIMARY KEY (plan, agency)
);
COMMENT ON TABLE registry.plan_agencies IS
    'The agencies that a version of a plan lists, from its canonical JSON: known without any data of theirs';
COMMENT ON COLUMN registry.plan_agencies.place IS 'In the plan, from 1';
COMMENT ON COLUMN registry.plan_agencies.id IS 'Across pilots an agency is known by this alone';
COMMENT ON COLUMN registry.plan_agencies.attributes IS 'Names to texts, as written';
SELECT registry.guard_table('registry.plan_agencies', 'pilot_evaluator',
                            '(pilot, agency) IN (SELECT g.pilot, g.name FROM registry.agencies g)');
GRANT SELECT ON registry.plan_agencies TO pilot_evaluator, pilot_agency, pilot_worker;
GRANT SELECT (plan) ON work.analyses TO pilot_worker;
CREATE POLICY pinned ON registry.plan_agencies FOR SELECT TO pilot_worker
    USING (plan IN (SELECT a.plan FROM work.analyses a WHERE a.state IN ('queued', 'running')));
SELECT registry.fence_rights('registry.plan_agencies');
ALTER TABLE registry.plan_agencies ALTER place SET STATISTICS 0, ALTER agency SET STATISTICS 0,
    ALTER id SET STATISTICS 0, ALTER attributes SET STATISTICS 0;

-- An agency is written as its name alone or as a mapping.
CREATE FUNCTION registry.listed_agencies(plan_json text)
RETURNS TABLE (place int, agency text, id text, attributes jsonb)
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT e.place::int,
           CASE jsonb_typeof(e.item) WHEN 'object' THEN e.item ->> 'name' ELSE e.item #>> '{}' END,
           CASE jsonb_typeof(e.item) WHEN 'object' THEN e.item ->> 'id' END,
           CASE WHEN jsonb_typeof(e.item) = 'object'
                 AND jsonb_typeof(e.item -> 'attributes') = 'object'
                THEN e.item -> 'attributes' ELSE '{}' END
    FROM (SELECT plan_json::jsonb -> 'agencies' AS list) AS p,
         jsonb_array_elements(CASE jsonb_typeof(p.list) WHEN 'array' THEN p.list ELSE '[]' END)
             WITH ORDINALITY AS e (item, place)
$$;
COMMENT ON FUNCTION registry.listed_agencies(text) IS 'What the canonical JSON of a plan lists';

CREATE FUNCTION registry.list_agencies() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO registry.plan_agencies (plan, pilot, place, agency, id, attributes)
        SELECT NEW.plan, NEW.pilot, l.place, l.agency, l.id, l.attributes
        FROM registry.listed_agencies(NEW.json) AS l WHERE l.agency IS NOT NULL
        ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER plans_list AFTER INSERT ON registry.plans
    FOR EACH ROW EXECUTE FUNCTION registry.list_agencies();
INSERT INTO registry.plan_agencies (plan, pilot, place, agency, id, attributes)
    SELECT p.plan, p.pilot, l.place, l.agency, l.id, l.attributes
    FROM registry.plans p, registry.listed_agencies(p.json) AS l WHERE l.agency IS NOT NULL
    ON CONFLICT DO NOTHING;
REVOKE ALL ON FUNCTION registry.listed_agencies(text), registry.list_agencies() FROM PUBLIC;

CREATE VIEW results.agency_attributes WITH (security_invoker = true) AS
SELECT p.name AS pilot, a.analysis, l.agency, l.id, t.attribute COLLATE "C" AS attribute, t.value,
       a.confirmatory
FROM work.analyses a
JOIN registry.pilots p USING (pilot)
JOIN registry.plan_agencies l USING (plan)
LEFT JOIN LATERAL jsonb_each_text(l.attributes) AS t (attribute, value) ON true
ORDER BY a.analysis, l.agency, t.attribute COLLATE "C";
COMMENT ON VIEW results.agency_attributes IS
    'What the plan of an analysis says of agencies, one row an attribute; of an agency without any one row with attribute NULL';
COMMENT ON COLUMN results.agency_attributes.id IS 'By which an agency is known across pilots; NULL: the plan gives none';
COMMENT ON COLUMN results.agency_attributes.value IS 'As written in the plan';

CREATE VIEW results.latest_agency_attributes WITH (security_invoker = true) AS
SELECT v.* FROM results.agency_attributes v
WHERE v.analysis IN (SELECT analysis FROM results.latest_analyses)
ORDER BY v.analysis, v.agency, v.attribute;
COMMENT ON VIEW results.latest_agency_attributes IS 'results.agency_attributes of each pilot''s latest analysis';
GRANT SELECT ON results.agency_attributes, results.latest_agency_attributes TO pilot_evaluator;

-- A listed agency of which no data was ever accepted is missing: no revision, nothing else known.
SELECT registry.fence_view('submissions', $view$
    SELECT v.pilot, v.agency, v.revision, v.state, v.rows, v.content_sha256, v.file_sha256,
           v.submitted_by, v.submitted_at, v.verdict, v.warnings, v.withdrawn_by, v.withdrawn_at,
           v.withdrawn_reason
    FROM (
        SELECT p.name AS pilot, g.name AS agency, s.revision, s.state, s.rows, s.content_sha256,
               s.file_sha256, s.submitted_by, s.submitted_at,
               CASE WHEN s.state = 'accepted' AND s.warnings > 0 THEN 'accepted_with_warnings'
                    ELSE s.state END AS verdict,
               s.warnings, s.withdrawn_by, s.withdrawn_at, s.withdrawn_reason,
               s.submission
        FROM registry.submissions s
        JOIN registry.agencies g USING (agency)
        JOIN registry.pilots p ON p.pilot = g.pilot
        UNION ALL
        SELECT p.name, l.agency, NULL, 'missing', NULL, NULL, NULL, NULL, NULL, 'missing', NULL, NULL,
               NULL, NULL, NULL
        FROM (SELECT DISTINCT ON (n.pilot) n.pilot, n.plan FROM registry.plans n
              ORDER BY n.pilot, n.version DESC) AS n
        JOIN registry.plan_agencies l USING (plan)
        JOIN registry.pilots p ON p.pilot = n.pilot
        WHERE NOT EXISTS (SELECT FROM registry.submissions s JOIN registry.agencies g USING (agency)
                          WHERE g.pilot = n.pilot AND g.name = l.agency AND s.state <> 'rejected')
    ) AS v ORDER BY v.pilot COLLATE "C", v.agency, v.submission $view$);

SELECT registry.fence_view('latest_submissions', $view$
    SELECT v.pilot, v.agency, v.revision, v.state, v.rows, v.content_sha256, v.file_sha256,
           v.submitted_by, v.submitted_at, v.verdict, v.warnings, v.withdrawn_by, v.withdrawn_at,
           v.withdrawn_reason
    FROM (
        SELECT l.pilot, g.name AS agency, s.revision, s.state, s.rows, s.content_sha256, s.file_sha256,
               s.submitted_by, s.submitted_at,
               CASE WHEN s.state = 'accepted' AND s.warnings > 0 THEN 'accepted_with_warnings'
                    ELSE s.state END AS verdict,
               s.warnings, s.withdrawn_by, s.withdrawn_at, s.withdrawn_reason
        FROM results.latest_analyses l
        JOIN work.pins n USING (analysis)
        JOIN registry.submissions s USING (submission)
        JOIN registry.agencies g ON g.agency = s.agency
        UNION ALL
        SELECT l.pilot, m.agency, NULL, 'missing', NULL, NULL, NULL, NULL, NULL, 'missing', NULL, NULL,
               NULL, NULL
        FROM results.latest_analyses l
        JOIN work.analyses a USING (analysis)
        JOIN registry.plan_agencies m USING (plan)
        WHERE NOT EXISTS (SELECT FROM work.pins n
                          WHERE n.analysis = l.analysis AND n.agency = m.agency)
    ) AS v ORDER BY v.pilot COLLATE "C", v.agency $view$);
COMMENT ON VIEW results.submissions IS
    'Every submission of every agency, rejected ones too; an agency that the latest plan lists and that has no accepted data is missing';
COMMENT ON VIEW results.latest_submissions IS
    'The submissions that each pilot''s latest analysis used; an agency that its plan lists and that it had no data of is missing';
COMMENT ON COLUMN results.submissions.state IS
    'accepted, rejected, superseded, withdrawn; missing: listed by the latest plan, without accepted data (revision is NULL)';
COMMENT ON COLUMN results.submissions.verdict IS
    'accepted, accepted_with_warnings, rejected, superseded, withdrawn or missing';

-- ---- each agency beside the others ----------------------------------------------------------------

ALTER TABLE work.agency_effects
    ADD COLUMN ceb_estimate float8,
    ADD COLUMN p_exceeds float8,
    ADD COLUMN rank_simultaneous_low float8,
    ADD COLUMN rank_simultaneous_high float8,
    ADD COLUMN hat float8,
    ADD COLUMN std_residual float8,
    ADD COLUMN cooks_distance float8,
    ADD COLUMN dfbetas float8;

CREATE OR REPLACE VIEW results.agencies WITH (security_invoker = true) AS
SELECT p.name AS pilot, a.analysis,
       e.outcome, e.subgroup, e.level, e.arm, e.control, e.estimand, e.estimator,
       e.parameter, e.agency, e.estimate, e.std_error, e.eb_estimate, e.eb_std_error,
       e.weight, e.rank, e.rank_low, e.rank_high, e.leave_one_out_estimate, e.status,
       e.reason, e.ordinal, a.confirmatory, e.ceb_estimate, e.p_exceeds, e.rank_simultaneous_low,
       e.rank_simultaneous_high, e.hat, e.std_residual, e.cooks_distance, e.dfbetas
FROM work.agency_effects e
JOIN work.analyses a USING (analysis)
JOIN registry.pilots p USING (pilot)
ORDER BY a.analysis, e.agency, e.ordinal;
CREATE OR REPLACE VIEW results.latest_agencies WITH (security_invoker = true) AS
SELECT v.* FROM results.agencies v
WHERE v.analysis IN (SELECT analysis FROM results.latest_analyses)
ORDER BY v.analysis, v.agency, v.ordinal;

COMMENT ON COLUMN results.agencies.rank IS 'Of the estimate; 1: the best, by better: of the outcome. Ties share the mean';
COMMENT ON COLUMN results.agencies.rank_low IS 'With rank_high: holds the rank of the agency''s true effect, at the plan''s confidence';
COMMENT ON COLUMN results.agencies.ceb_estimate IS 'Constrained empirical Bayes: spread as the effects are, eb_estimate is less';
COMMENT ON COLUMN results.agencies.p_exceeds IS 'Probability that the effect is better than analysis.smallest_effect (0 without one)';
COMMENT ON COLUMN results.agencies.rank_simultaneous_low IS 'With rank_simultaneous_high: hold the ranks of all agencies at once';
COMMENT ON COLUMN results.agencies.hat IS 'Leverage on the headline average, 0 to 1';
COMMENT ON COLUMN results.agencies.std_residual IS 'Studentized residual from the average without the agency';
COMMENT ON COLUMN results.agencies.cooks_distance IS 'How far the average moves without the agency: squared, in units of its variance';
COMMENT ON COLUMN results.agencies.dfbetas IS 'How far the average moves without the agency: in standard errors';

-- ---- new tables ----------------------------------------------------------------------------------

-- ordinal is the effect's place in the plan, as in work.agency_effects; place is the row's within it.
CREATE TABLE work.averages (
    analysis bigint NOT NULL,
    job bigint NOT NULL,
    ordinal int NOT NULL,
    place int NOT NULL,
    outcome text NOT NULL,
    subgroup text,
    level text,
    arm text NOT NULL,
    control text NOT NULL,
    estimand text NOT NULL,
    estimator text NOT NULL,
    parameter text,
    weighting text NOT NULL CHECK (weighting IN ('person', 'site')),
    k int NOT NULL,
    estimate float8,
    std_error float8,
    df float8,
    statistic float8,
    p_value float8,
    ci_low float8,
    ci_high float8,
    status text NOT NULL,
    reason text,
    detail text,
    PRIMARY KEY (analysis, ordinal, place)
);
COMMENT ON TABLE work.averages IS
    'Averages of agencies'' effects that no model of their spread enters: of what people gain (person: by n) and of what agencies gain (site)';
REVOKE ALL ON work.averages FROM PUBLIC;
GRANT SELECT ON work.averages TO pilot_evaluator, pilot_coordinator;
GRANT INSERT ON work.averages TO pilot_coordinator;

CREATE VIEW results.averages WITH (security_invoker = true) AS
SELECT p.name AS pilot, a.analysis,
       v.outcome, v.subgroup, v.level, v.arm, v.control, v.estimand, v.estimator,
       v.parameter, v.weighting, v.k, v.estimate, v.std_error, v.df, v.statistic, v.p_value,
       v.ci_low, v.ci_high, v.status, v.reason, v.detail, v.ordinal, v.place, a.confirmatory
FROM work.averages v
JOIN work.analyses a USING (analysis)
JOIN registry.pilots p USING (pilot)
ORDER BY a.analysis, v.ordinal, v.place;
COMMENT ON VIEW results.averages IS
    'Averages of agencies'' effects that no model of their spread enters: of what people gain (person: by n) and of what agencies gain (site)';
COMMENT ON COLUMN results.averages.confirmatory IS 'Of the analysis; why not: results.analyses.not_confirmatory';
COMMENT ON COLUMN results.averages.ordinal IS 'Place of the effect in the plan, as in results.agencies';
CREATE VIEW results.latest_averages WITH (security_invoker = true) AS
SELECT v.* FROM results.averages v
WHERE v.analysis IN (SELECT analysis FROM results.latest_analyses)
ORDER BY v.analysis, v.ordinal, v.place;
COMMENT ON VIEW results.latest_averages IS 'results.averages of each pilot''s latest analysis';
GRANT SELECT ON results.averages, results.latest_averages TO pilot_evaluator;

CREATE TABLE work.moderators (
    analysis bigint NOT NULL,
    job bigint NOT NULL,
    ordinal int NOT NULL,
    place int NOT NULL,
    outcome text NOT NULL,
    subgroup text,
    level text,
    arm text NOT NULL,
    control text NOT NULL,
    estimand text NOT NULL,
    estimator text NOT NULL,
    parameter text,
    kind text NOT NULL CHECK (kind IN ('intercept', 'coefficient', 'test', 'residual', 'group')),
    attribute text,
    attribute_level text,
    k int NOT NULL,
    estimate float8,
    std_error float8,
    df float8,
    df_residual float8,
    statistic float8,
    p_value float8,
    ci_low float8,
    ci_high float8,
    tau2 float8,
    i2 float8,
    r2 float8,
    status text NOT NULL,
    reason text,
    detail text,
    PRIMARY KEY (analysis, ordinal, place)
);
COMMENT ON TABLE work.moderators IS
    'How the effect differs by attributes of agencies (comparison.by): coefficients, tests, what spread is left, and the pooled effect of each level';
REVOKE ALL ON work.moderators FROM PUBLIC;
GRANT SELECT ON work.moderators TO pilot_evaluator, pilot_coordinator;
GRANT INSERT ON work.moderators TO pilot_coordinator;

CREATE VIEW results.moderators WITH (security_invoker = true) AS
SELECT p.name AS pilot, a.analysis,
       v.outcome, v.subgroup, v.level, v.arm, v.control, v.estimand, v.estimator,
       v.parameter, v.kind, v.attribute, v.attribute_level, v.k, v.estimate, v.std_error,
       v.df, v.df_residual, v.statistic, v.p_value, v.ci_low, v.ci_high, v.tau2, v.i2, v.r2,
       v.status, v.reason, v.detail, v.ordinal, v.place, a.confirmatory
FROM work.moderators v
JOIN work.analyses a USING (analysis)
JOIN registry.pilots p USING (pilot)
ORDER BY a.analysis, v.ordinal, v.place;
COMMENT ON VIEW results.moderators IS
    'How the effect differs by attributes of agencies (comparison.by): coefficients, tests, what spread is left, and the pooled effect of each level';
COMMENT ON COLUMN results.moderators.confirmatory IS 'Of the analysis; why not: results.analyses.not_confirmatory';
COMMENT ON COLUMN results.moderators.ordinal IS 'Place of the effect in the plan, as in results.agencies';
CREATE VIEW results.latest_moderators WITH (security_invoker = true) AS
SELECT v.* FROM results.moderators v
WHERE v.analysis IN (SELECT analysis FROM results.latest_analyses)
ORDER BY v.analysis, v.ordinal, v.place;
COMMENT ON VIEW results.latest_moderators IS 'results.moderators of each pilot''s latest analysis';
GRANT SELECT ON results.moderators, results.latest_moderators TO pilot_evaluator;

CREATE TABLE work.distribution (
    analysis bigint NOT NULL,
    job bigint NOT NULL,
    ordinal int NOT NULL,
    place int NOT NULL,
    outcome text NOT NULL,
    subgroup text,
    level text,
    arm text NOT NULL,
    control text NOT NULL,
    estimand text NOT NULL,
    estimator text NOT NULL,
    parameter text,
    part text NOT NULL CHECK (part IN ('harm', 'none', 'benefit')),
    threshold float8,
    k int NOT NULL,
    share float8,
    ci_low float8,
    ci_high float8,
    status text NOT NULL,
    reason text,
    detail text,
    PRIMARY KEY (analysis, ordinal, place)
);
COMMENT ON TABLE work.distribution IS
    'The share of agencies whose true effect harms, is within the threshold of nothing, benefits';
REVOKE ALL ON work.distribution FROM PUBLIC;
GRANT SELECT ON work.distribution TO pilot_evaluator, pilot_coordinator;
GRANT INSERT ON work.distribution TO pilot_coordinator;

CREATE VIEW results.distribution WITH (security_invoker = true) AS
SELECT p.name AS pilot, a.analysis,
       v.outcome, v.subgroup, v.level, v.arm, v.control, v.estimand, v.estimator,
       v.parameter, v.part, v.threshold, v.k, v.share, v.ci_low, v.ci_high, v.status,
       v.reason, v.detail, v.ordinal, v.place, a.confirmatory
FROM work.distribution v
JOIN work.analyses a USING (analysis)
JOIN registry.pilots p USING (pilot)
ORDER BY a.analysis, v.ordinal, v.place;
COMMENT ON VIEW results.distribution IS
    'The share of agencies whose true effect harms, is within the threshold of nothing, benefits';
COMMENT ON COLUMN results.distribution.confirmatory IS 'Of the analysis; why not: results.analyses.not_confirmatory';
COMMENT ON COLUMN results.distribution.ordinal IS 'Place of the effect in the plan, as in results.agencies';
CREATE VIEW results.latest_distribution WITH (security_invoker = true) AS
SELECT v.* FROM results.distribution v
WHERE v.analysis IN (SELECT analysis FROM results.latest_analyses)
ORDER BY v.analysis, v.ordinal, v.place;
COMMENT ON VIEW results.latest_distribution IS 'results.distribution of each pilot''s latest analysis';
GRANT SELECT ON results.distribution, results.latest_distribution TO pilot_evaluator;

COMMENT ON COLUMN results.averages.k IS 'Agencies with an estimate and a positive standard error';
COMMENT ON COLUMN results.moderators.kind IS
    'intercept, coefficient: of the model of all attributes; test: of one attribute, or (attribute NULL) of all; residual: spread that is left; group: pooled effect of the agencies of one level';
COMMENT ON COLUMN results.moderators.attribute_level IS 'Of a text attribute; the first one, by bytes, is the reference of the coefficients';
COMMENT ON COLUMN results.moderators.statistic IS 'Of a test: F, or chi-square where df_residual is NULL; of residual: Q';
COMMENT ON COLUMN results.moderators.r2 IS 'Share of the spread of effects that the attributes explain';
COMMENT ON COLUMN results.distribution.threshold IS 'analysis.smallest_effect; 0 where the plan gives none or it is on another scale';

COMMENT ON COLUMN work.jobs.first_outcome IS
    'Of a whole job, and of a compare job that does not take all: its outcomes, numbered from 0 in plan order, both ends included';

-- ---- retry, and analyses that have rows -----------------------------------------------------------

CREATE OR REPLACE FUNCTION work.retry(analysis_id bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    current_analysis work.analyses := work.lock_analysis(analysis_id);
    first_failed smallint;
    later bigint[];
    name text;
BEGIN
    IF current_analysis.state NOT IN ('failed', 'cancelled') THEN
        RAISE EXCEPTION 'analysis % is % and has nothing to retry', analysis_id,
            current_analysis.state USING ERRCODE = 'PL003';
    END IF;
    SELECT min(j.stage) INTO first_failed FROM work.jobs j
        WHERE j.analysis = analysis_id
          AND NOT EXISTS (SELECT FROM work.job_results r WHERE r.job = j.job);
    later := ARRAY (SELECT j.job FROM work.jobs j
                    WHERE j.analysis = analysis_id AND j.stage > first_failed);
    -- What stands in for results of failed jobs goes, and what was computed without them.
    FOREACH name IN ARRAY '{effects,comparisons,agency_effects,averages,moderators,distribution}'::text[] LOOP
        EXECUTE format('DELETE FROM work.%I WHERE analysis = $1 AND (status = ''job_failed'' '
                       'OR job = ANY ($2))', name) USING analysis_id, later;
    END LOOP;
    DELETE FROM work.quality q WHERE q.analysis = analysis_id AND q.job = ANY (later);
    DELETE FROM work.job_results r USING work.jobs j
        WHERE r.job = j.job AND j.analysis = analysis_id AND j.stage > first_failed;
    UPDATE work.analyses a SET state = 'queued', retries = retries + 1, cancel_requested = false,
                               finished_at = NULL WHERE a.analysis = analysis_id;
    PERFORM pg_notify('pilot_work', analysis_id::text);
END $$;

-- ---- what of it is released -----------------------------------------------------------------------
-- Marks as in the other released tables.  Rows that were released before this step had no such numbers.

ALTER TABLE dashboard.agencies
    ADD COLUMN ceb_estimate float8,
    ADD COLUMN p_exceeds float8,
    ADD COLUMN rank_simultaneous_low float8,
    ADD COLUMN rank_simultaneous_high float8,
    ADD COLUMN hat float8,
    ADD COLUMN std_residual float8,
    ADD COLUMN cooks_distance float8,
    ADD COLUMN dfbetas float8,
    ADD COLUMN ceb_estimate_mark dashboard.mark DEFAULT 'z',
    ADD COLUMN p_exceeds_mark dashboard.mark DEFAULT 'z',
    ADD COLUMN rank_simultaneous_low_mark dashboard.mark DEFAULT 'z',
    ADD COLUMN rank_simultaneous_high_mark dashboard.mark DEFAULT 'z',
    ADD COLUMN hat_mark dashboard.mark DEFAULT 'z',
    ADD COLUMN std_residual_mark dashboard.mark DEFAULT 'z',
    ADD COLUMN cooks_distance_mark dashboard.mark DEFAULT 'z',
    ADD COLUMN dfbetas_mark dashboard.mark DEFAULT 'z';

CREATE TABLE dashboard.averages (
    pilot text COLLATE "C" NOT NULL,
    analysis bigint NOT NULL,
    outcome text NOT NULL,
    subgroup text,
    level text,
    arm text NOT NULL,
    control text NOT NULL,
    estimand text NOT NULL,
    estimator text NOT NULL,
    parameter text,
    weighting text NOT NULL CHECK (weighting IN ('person', 'site')),
    k bigint,
    estimate float8,
    std_error float8,
    df float8,
    statistic float8,
    p_value float8,
    ci_low float8,
    ci_high float8,
    status text NOT NULL,
    reason text,
    detail text,
    ordinal int NOT NULL,
    place int NOT NULL,
    k_mark dashboard.mark,
    estimate_mark dashboard.mark,
    std_error_mark dashboard.mark,
    df_mark dashboard.mark,
    statistic_mark dashboard.mark,
    p_value_mark dashboard.mark,
    ci_low_mark dashboard.mark,
    ci_high_mark dashboard.mark,
    confirmatory boolean NOT NULL,
    PRIMARY KEY (analysis, ordinal, place),
    CONSTRAINT no_averages_detail CHECK (detail IS NULL)
);
COMMENT ON TABLE dashboard.averages IS 'results.averages after disclosure control';
COMMENT ON COLUMN dashboard.averages.detail IS 'Always NULL: details hold counts';
CREATE INDEX averages_panel ON dashboard.averages (pilot, analysis, outcome);

CREATE TABLE dashboard.moderators (
    pilot text COLLATE "C" NOT NULL,
    analysis bigint NOT NULL,
    outcome text NOT NULL,
    subgroup text,
    level text,
    arm text NOT NULL,
    control text NOT NULL,
    estimand text NOT NULL,
    estimator text NOT NULL,
    parameter text,
    kind text NOT NULL CHECK (kind IN ('intercept', 'coefficient', 'test', 'residual', 'group')),
    attribute text,
    attribute_level text,
    k bigint,
    estimate float8,
    std_error float8,
    df float8,
    df_residual float8,
    statistic float8,
    p_value float8,
    ci_low float8,
    ci_high float8,
    tau2 float8,
    i2 float8,
    r2 float8,
    status text NOT NULL,
    reason text,
    detail text,
    ordinal int NOT NULL,
    place int NOT NULL,
    k_mark dashboard.mark,
    estimate_mark dashboard.mark,
    std_error_mark dashboard.mark,
    df_mark dashboard.mark,
    df_residual_mark dashboard.mark,
    statistic_mark dashboard.mark,
    p_value_mark dashboard.mark,
    ci_low_mark dashboard.mark,
    ci_high_mark dashboard.mark,
    tau2_mark dashboard.mark,
    i2_mark dashboard.mark,
    r2_mark dashboard.mark,
    confirmatory boolean NOT NULL,
    PRIMARY KEY (analysis, ordinal, place),
    CONSTRAINT no_moderators_detail CHECK (detail IS NULL)
);
COMMENT ON TABLE dashboard.moderators IS 'results.moderators after disclosure control';
COMMENT ON COLUMN dashboard.moderators.detail IS 'Always NULL: details hold counts';
CREATE INDEX moderators_panel ON dashboard.moderators (pilot, analysis, outcome);

CREATE TABLE dashboard.distribution (
    pilot text COLLATE "C" NOT NULL,
    analysis bigint NOT NULL,
    outcome text NOT NULL,
    subgroup text,
    level text,
    arm text NOT NULL,
    control text NOT NULL,
    estimand text NOT NULL,
    estimator text NOT NULL,
    parameter text,
    part text NOT NULL CHECK (part IN ('harm', 'none', 'benefit')),
    threshold float8,
    k bigint,
    share float8,
    ci_low float8,
    ci_high float8,
    status text NOT NULL,
    reason text,
    detail text,
    ordinal int NOT NULL,
    place int NOT NULL,
    threshold_mark dashboard.mark,
    k_mark dashboard.mark,
    share_mark dashboard.mark,
    ci_low_mark dashboard.mark,
    ci_high_mark dashboard.mark,
    confirmatory boolean NOT NULL,
    PRIMARY KEY (analysis, ordinal, place),
    CONSTRAINT no_distribution_detail CHECK (detail IS NULL)
);
COMMENT ON TABLE dashboard.distribution IS 'results.distribution after disclosure control';
COMMENT ON COLUMN dashboard.distribution.detail IS 'Always NULL: details hold counts';
CREATE INDEX distribution_panel ON dashboard.distribution (pilot, analysis, outcome);

-- Each number has a mark of its own where it is not there, and none where it is.
DO $$
DECLARE
    item record;
BEGIN
    FOR item IN SELECT a.attrelid::regclass AS name, left(a.attname, -length('_mark')) AS number,
                       a.attname AS mark
                FROM pg_attribute a WHERE a.atttypid = 'dashboard.mark'::regtype
                  AND a.attrelid IN (SELECT c.oid FROM pg_class c WHERE c.relkind = 'r'
                                     AND c.relnamespace = 'dashboard'::regnamespace)
                  AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conrelid = a.attrelid
                                  AND c.conname = 'marked_' || left(a.attname, -length('_mark')))
                ORDER BY a.attrelid, a.attnum LOOP
        EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I CHECK ((%I IS NULL) = (%I IS NOT NULL))',
                       item.name, 'marked_' || item.number, item.number, item.mark);
        EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', item.name, item.mark,
                       format('Why %s is NULL', item.number));
    END LOOP;
    FOR item IN SELECT unnest(ARRAY['averages', 'moderators', 'distribution']) AS name LOOP
        PERFORM registry.guard_table(format('dashboard.%I', item.name)::regclass,
            'pilot_dashboard, pilot_evaluator, pilot_agency, pilot_coordinator', '');
        EXECUTE format('CREATE POLICY coordinator ON dashboard.%I FOR INSERT TO pilot_coordinator '
                       'WITH CHECK (true)', item.name);
        EXECUTE format('GRANT SELECT ON dashboard.%I TO pilot_dashboard, pilot_evaluator, pilot_agency',
                       item.name);
        EXECUTE format('GRANT SELECT, INSERT ON dashboard.%I TO pilot_coordinator', item.name);
    END LOOP;
END $$;

CREATE VIEW dashboard.agency_attributes WITH (security_barrier = true) AS
SELECT r.pilot, r.analysis, l.agency, l.id, t.attribute COLLATE "C" AS attribute, t.value,
       a.confirmatory
FROM dashboard.releases r
JOIN work.analyses a USING (analysis)
JOIN registry.plan_agencies l USING (plan)
LEFT JOIN LATERAL jsonb_each_text(l.attributes) AS t (attribute, value) ON true
WHERE r.withdrawn_at IS NULL
ORDER BY r.analysis, l.agency, t.attribute COLLATE "C";
COMMENT ON VIEW dashboard.agency_attributes IS
    'results.agency_attributes of released analyses: the plan is public, so write no attribute that is not';
GRANT SELECT ON dashboard.agency_attributes TO pilot_dashboard, pilot_evaluator, pilot_agency;

CREATE OR REPLACE VIEW dashboard.submissions WITH (security_barrier = true) AS
SELECT v.pilot, v.agency, v.revision, v.state, v.rows, NULL::text AS content_sha256,
       NULL::text AS file_sha256, NULL::text AS submitted_by, v.submitted_at, v.state AS verdict,
       NULL::int AS warnings, NULL::text AS withdrawn_by, v.withdrawn_at,
       NULL::text AS withdrawn_reason, v.rows_mark
FROM (
    SELECT p.name AS pilot, g.name AS agency, s.revision, s.state, told.rows,
           date_trunc('day', s.submitted_at, 'UTC') AS submitted_at,
           date_trunc('day', s.withdrawn_at, 'UTC') AS withdrawn_at,
           COALESCE(told.rows_mark, CASE WHEN told.rows IS NULL THEN 'c'::dashboard.mark END)
               AS rows_mark, s.submission
    FROM registry.submissions s
    JOIN registry.agencies g USING (agency)
    JOIN registry.pilots p USING (pilot)
    LEFT JOIN LATERAL (
        SELECT m.rows, m.rows_mark FROM work.released_submissions m
        JOIN dashboard.releases r USING (analysis)
        WHERE m.submission = s.submission AND r.withdrawn_at IS NULL AND s.state <> 'withdrawn'
        ORDER BY m.analysis DESC LIMIT 1) AS told ON true
    WHERE s.state <> 'rejected' AND EXISTS (SELECT FROM dashboard.releases r WHERE r.pilot = p.name)
    UNION ALL
    SELECT n.pilot, l.agency, NULL, 'missing', NULL, NULL, NULL, 'z', NULL
    FROM (SELECT DISTINCT ON (r.pilot) r.pilot, a.plan, a.pilot AS pilot_id
          FROM dashboard.releases r JOIN work.analyses a USING (analysis)
          ORDER BY r.pilot, r.analysis DESC) AS n
    JOIN registry.plan_agencies l USING (plan)
    WHERE NOT EXISTS (SELECT FROM registry.submissions s JOIN registry.agencies g USING (agency)
                      WHERE g.pilot = n.pilot_id AND g.name = l.agency AND s.state <> 'rejected')
) AS v
ORDER BY v.pilot COLLATE "C", v.agency, v.submission;
COMMENT ON VIEW dashboard.submissions IS
    'Every accepted submission of pilots with a release, and listed agencies without any (state missing); rows are told where a release tells them, rounded';

CREATE OR REPLACE FUNCTION work.withdraw_releases() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    released bigint[];
    name text;
BEGIN
    PERFORM work.lock_releases(a.pilot) FROM registry.agencies a WHERE a.agency = NEW.agency;
    -- A largest value is one unit's.
    DELETE FROM work.contributions c USING work.pins n
        WHERE n.submission = NEW.submission AND c.analysis = n.analysis AND c.agency = n.agency;
    SELECT array_agg(r.analysis) INTO released FROM work.pins n JOIN dashboard.releases r USING (analysis)
        WHERE n.submission = NEW.submission AND r.withdrawn_at IS NULL;
    IF released IS NOT NULL THEN
        FOREACH name IN ARRAY '{effects,comparisons,agencies,averages,moderators,distribution,quality,curves}'::text[] LOOP
            EXECUTE format('DELETE FROM dashboard.%I WHERE analysis = ANY ($1)', name) USING released;
        END LOOP;
        UPDATE dashboard.releases SET withdrawn_at = now() WHERE analysis = ANY (released);
        PERFORM pg_notify('pilot_results', u.analysis::text) FROM unnest(released) AS u (analysis);
    END IF;
    RETURN NULL;
END $$;
