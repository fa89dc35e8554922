-- What the public sees: rows of results after disclosure control, filled once when an analysis ends.

-- ---- what one arm's largest units make up ---------------------------------------------------------

-- The coordinator's alone: a largest value is one person's.
CREATE TABLE work.contributions (
    analysis bigint NOT NULL,
    job      bigint NOT NULL,
    ordinal  int NOT NULL,
    agency   text COLLATE "C" NOT NULL,
    outcome  text NOT NULL,
    subgroup text,
    level    text,
    arm      text NOT NULL,
    units    bigint NOT NULL,
    total    float8,
    largest  float8,
    second   float8
);
COMMENT ON TABLE work.contributions IS
    'Of each arm''s units with an outcome: how many, the sum of |weight * value| and its two largest terms; for disclosure control alone';
CREATE UNIQUE INDEX contributions_key ON work.contributions (analysis, agency, ordinal);
SELECT registry.guard_table('work.contributions', 'pilot_coordinator', '');
CREATE POLICY coordinator ON work.contributions FOR INSERT TO pilot_coordinator WITH CHECK (true);
GRANT SELECT, INSERT ON work.contributions TO pilot_coordinator;

-- ---- released tables ------------------------------------------------------------------------------

CREATE TYPE dashboard.mark AS ENUM ('c', 'k', 'z');
COMMENT ON TYPE dashboard.mark IS
    'Why a number is NULL: c suppressed, k low (it would be rounded to 0), z not applicable';
REVOKE ALL ON TYPE dashboard.mark FROM PUBLIC;
GRANT USAGE ON TYPE dashboard.mark TO pilot_coordinator, pilot_dashboard, pilot_evaluator, pilot_agency;

CREATE TABLE dashboard.releases (
    analysis      bigint PRIMARY KEY REFERENCES work.analyses,
    pilot         text NOT NULL REFERENCES registry.pilots (name),
    released_at   timestamptz NOT NULL DEFAULT now(),
    minimum_count int NOT NULL CHECK (minimum_count >= 1),
    round_to      int NOT NULL CHECK (round_to >= 1),
    engine        int NOT NULL,
    rows          bigint NOT NULL CHECK (rows >= 0),
    suppressed    bigint NOT NULL CHECK (suppressed BETWEEN 0 AND rows),
    withdrawn_at  timestamptz
);
COMMENT ON TABLE dashboard.releases IS 'What was released when, by which rules; a release stays here when its rows are withdrawn';
COMMENT ON COLUMN dashboard.releases.minimum_count IS 'The largest of the plan''s and of earlier releases of the pilot';
COMMENT ON COLUMN dashboard.releases.round_to IS 'The largest of the plan''s and of earlier releases of the pilot';
COMMENT ON COLUMN dashboard.releases.engine IS 'Version of the rules of disclosure control: docs/methods/disclosure.md';
COMMENT ON COLUMN dashboard.releases.rows IS 'Of all released tables';
COMMENT ON COLUMN dashboard.releases.suppressed IS 'Of these, with a mark c in some column';
COMMENT ON COLUMN dashboard.releases.withdrawn_at IS 'Some of its data was withdrawn: its rows are gone from the other tables';
CREATE INDEX releases_pilot ON dashboard.releases (pilot, analysis);

CREATE TABLE dashboard.effects (
    pilot          text COLLATE "C" NOT NULL,
    analysis       bigint NOT NULL,
    scope          text NOT NULL CHECK (scope IN ('agency', 'pooled')),
    agency         text COLLATE "C",
    outcome        text NOT NULL,
    subgroup       text,
    level          text,
    arm            text NOT NULL,
    control        text NOT NULL,
    estimand       text NOT NULL,
    estimator      text NOT NULL,
    parameter      text,
    std_error_type text,
    estimate       float8,
    std_error      float8,
    df             float8,
    statistic      float8,
    p_value        float8,
    ci_low         float8,
    ci_high        float8,
    p_randomization       float8,
    p_randomization_mcse  float8,
    ci_randomization_low  float8,
    ci_randomization_high float8,
    p_adjusted     float8,
    adjustment     text,
    control_mean   float8,
    n              bigint,
    n_arm          bigint,
    n_control      bigint,
    clusters       bigint,
    blocks         bigint,
    status         text NOT NULL,
    reason         text,
    detail         text,
    ordinal        int NOT NULL,
    estimate_mark            dashboard.mark,
    std_error_mark           dashboard.mark,
    df_mark                  dashboard.mark,
    statistic_mark           dashboard.mark,
    p_value_mark             dashboard.mark,
    ci_low_mark              dashboard.mark,
    ci_high_mark             dashboard.mark,
    p_randomization_mark     dashboard.mark,
    p_randomization_mcse_mark dashboard.mark,
    ci_randomization_low_mark dashboard.mark,
    ci_randomization_high_mark dashboard.mark,
    p_adjusted_mark          dashboard.mark,
    control_mean_mark        dashboard.mark,
    n_mark                   dashboard.mark,
    n_arm_mark               dashboard.mark,
    n_control_mark           dashboard.mark,
    clusters_mark            dashboard.mark,
    blocks_mark              dashboard.mark,
    confirmatory   boolean NOT NULL,
    CONSTRAINT no_effects_detail CHECK (detail IS NULL)
);
COMMENT ON TABLE dashboard.effects IS 'results.effects after disclosure control: one row an effect, agency NULL: pooled';
COMMENT ON COLUMN dashboard.effects.detail IS 'Always NULL: details hold counts';
COMMENT ON COLUMN dashboard.effects.n IS 'Rounded, as are n_arm, n_control, clusters and blocks';
CREATE UNIQUE INDEX effects_key ON dashboard.effects (analysis, agency, ordinal) NULLS NOT DISTINCT;
CREATE INDEX effects_panel ON dashboard.effects (pilot, analysis, outcome, agency);

CREATE TABLE dashboard.comparisons (
    pilot     text COLLATE "C" NOT NULL,
    analysis  bigint NOT NULL,
    outcome   text NOT NULL,
    subgroup  text,
    level     text,
    arm       text NOT NULL,
    control   text NOT NULL,
    estimand  text NOT NULL,
    estimator text NOT NULL,
    parameter text,
    method    text NOT NULL,
    test      text NOT NULL,
    k         bigint,
    estimate  float8,
    std_error float8,
    df        float8,
    statistic float8,
    p_value   float8,
    ci_low    float8,
    ci_high   float8,
    pi_low    float8,
    pi_high   float8,
    tau2      float8,
    tau2_low  float8,
    tau2_high float8,
    q         float8,
    q_df      float8,
    q_p_value float8,
    i2        float8,
    h2        float8,
    headline  boolean NOT NULL,
    status    text NOT NULL,
    reason    text,
    detail    text,
    ordinal   int NOT NULL,
    k_mark                   dashboard.mark,
    estimate_mark            dashboard.mark,
    std_error_mark           dashboard.mark,
    df_mark                  dashboard.mark,
    statistic_mark           dashboard.mark,
    p_value_mark             dashboard.mark,
    ci_low_mark              dashboard.mark,
    ci_high_mark             dashboard.mark,
    pi_low_mark              dashboard.mark,
    pi_high_mark             dashboard.mark,
    tau2_mark                dashboard.mark,
    tau2_low_mark            dashboard.mark,
    tau2_high_mark           dashboard.mark,
    q_mark                   dashboard.mark,
    q_df_mark                dashboard.mark,
    q_p_value_mark           dashboard.mark,
    i2_mark                  dashboard.mark,
    h2_mark                  dashboard.mark,
    confirmatory boolean NOT NULL,
    PRIMARY KEY (analysis, ordinal),
    CONSTRAINT no_comparisons_detail CHECK (detail IS NULL)
);
COMMENT ON TABLE dashboard.comparisons IS 'results.comparisons after disclosure control: agencies'' effects compared, by method and test';
CREATE INDEX comparisons_panel ON dashboard.comparisons (pilot, analysis, outcome);

CREATE TABLE dashboard.agencies (
    pilot        text COLLATE "C" NOT NULL,
    analysis     bigint NOT NULL,
    outcome      text NOT NULL,
    subgroup     text,
    level        text,
    arm          text NOT NULL,
    control      text NOT NULL,
    estimand     text NOT NULL,
    estimator    text NOT NULL,
    parameter    text,
    agency       text COLLATE "C" NOT NULL,
    estimate     float8,
    std_error    float8,
    eb_estimate  float8,
    eb_std_error float8,
    weight       float8,
    rank         float8,
    rank_low     float8,
    rank_high    float8,
    leave_one_out_estimate float8,
    status       text NOT NULL,
    reason       text,
    ordinal      int NOT NULL,
    estimate_mark            dashboard.mark,
    std_error_mark           dashboard.mark,
    eb_estimate_mark         dashboard.mark,
    eb_std_error_mark        dashboard.mark,
    weight_mark              dashboard.mark,
    rank_mark                dashboard.mark,
    rank_low_mark            dashboard.mark,
    rank_high_mark           dashboard.mark,
    leave_one_out_estimate_mark dashboard.mark,
    confirmatory boolean NOT NULL,
    PRIMARY KEY (analysis, agency, ordinal)
);
COMMENT ON TABLE dashboard.agencies IS 'results.agencies after disclosure control: each agency''s effect beside its empirical Bayes estimate and rank';
CREATE INDEX agencies_panel ON dashboard.agencies (pilot, analysis, outcome, agency);

CREATE TABLE dashboard.quality (
    pilot     text COLLATE "C" NOT NULL,
    analysis  bigint NOT NULL,
    agency    text COLLATE "C",
    "check"   text NOT NULL,
    arm       text,
    variable  text,
    value     float8,
    statistic float8,
    df        float8,
    p_value   float8,
    alarm     boolean,
    detail    text,
    ordinal   int NOT NULL,
    value_mark               dashboard.mark,
    statistic_mark           dashboard.mark,
    df_mark                  dashboard.mark,
    p_value_mark             dashboard.mark,
    confirmatory boolean NOT NULL,
    CONSTRAINT no_quality_detail CHECK (detail IS NULL)
);
COMMENT ON TABLE dashboard.quality IS 'results.quality after disclosure control';
COMMENT ON COLUMN dashboard.quality.alarm IS 'NULL where no number of the row is shown';
CREATE UNIQUE INDEX quality_key ON dashboard.quality (analysis, agency, ordinal) NULLS NOT DISTINCT;
CREATE INDEX quality_panel ON dashboard.quality (pilot, analysis, agency);

CREATE TABLE dashboard.curves (
    pilot     text COLLATE "C" NOT NULL,
    analysis  bigint NOT NULL,
    scope     text NOT NULL CHECK (scope IN ('agency', 'pooled')),
    agency    text COLLATE "C",
    outcome   text NOT NULL,
    subgroup  text,
    level     text,
    arm       text NOT NULL,
    curve     text NOT NULL,
    x         float8,
    y         float8,
    std_error float8,
    ci_low    float8,
    ci_high   float8,
    at_risk   float8,
    events    float8,
    detail    text,
    ordinal   int NOT NULL,
    point     int NOT NULL,
    y_mark                   dashboard.mark,
    confirmatory boolean NOT NULL,
    CONSTRAINT hidden_curve CHECK (y_mark IS NULL
        OR num_nonnulls(x, std_error, ci_low, ci_high, at_risk, events) = 0),
    CONSTRAINT no_curves_detail CHECK (detail IS NULL)
);
COMMENT ON TABLE dashboard.curves IS 'results.curves after disclosure control: every curve is one row with the mark c, since its steps are times of single units';
CREATE UNIQUE INDEX curves_key ON dashboard.curves (analysis, agency, ordinal, point) NULLS NOT DISTINCT;
CREATE INDEX curves_panel ON dashboard.curves (pilot, analysis, outcome, agency);

-- Each number has a mark of its own where it is not there, and none where it is.
DO $$
DECLARE
    item record;
BEGIN
    FOR item IN SELECT a.attrelid::regclass AS name, left(a.attname, -length('_mark')) AS number,
                       a.attname AS mark
                FROM pg_attribute a WHERE a.atttypid = 'dashboard.mark'::regtype
                ORDER BY a.attrelid, a.attnum LOOP
        EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I CHECK ((%I IS NULL) = (%I IS NOT NULL))',
                       item.name, 'marked_' || item.number, item.number, item.mark);
        EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', item.name, item.mark,
                       format('Why %s is NULL', item.number));
    END LOOP;
END $$;

CREATE TABLE work.released_submissions (
    analysis   bigint NOT NULL REFERENCES dashboard.releases,
    submission bigint NOT NULL REFERENCES registry.submissions,
    agency     text COLLATE "C" NOT NULL,
    rows       bigint,
    rows_mark  dashboard.mark,
    PRIMARY KEY (analysis, submission),
    CONSTRAINT marked_rows CHECK ((rows_mark IS NOT NULL) = (rows IS NULL))
);
COMMENT ON TABLE work.released_submissions IS 'What a release tells of the number of rows of each submission';
CREATE INDEX released_submissions_of ON work.released_submissions (submission);

CREATE TABLE work.release_memory (
    analysis bigint PRIMARY KEY REFERENCES dashboard.releases,
    memory   bytea NOT NULL
);
COMMENT ON TABLE work.release_memory IS
    'What later releases of the pilot must know of a release: true counts, for the coordinator alone';
GRANT SELECT, INSERT ON work.release_memory TO pilot_coordinator;

DO $$
DECLARE
    item regclass;
BEGIN
    FOREACH item IN ARRAY ARRAY['dashboard.releases', 'dashboard.effects', 'dashboard.comparisons',
            'dashboard.agencies', 'dashboard.quality', 'dashboard.curves']::regclass[] LOOP
        PERFORM registry.guard_table(item,
            'pilot_dashboard, pilot_evaluator, pilot_agency, pilot_coordinator', '');
        EXECUTE format('CREATE POLICY coordinator ON %s FOR INSERT TO pilot_coordinator '
                       'WITH CHECK (true)', item);
        EXECUTE format('GRANT SELECT ON %s TO pilot_dashboard, pilot_evaluator, pilot_agency', item);
        EXECUTE format('GRANT SELECT, INSERT ON %s TO pilot_coordinator', item);
    END LOOP;
    PERFORM registry.guard_table('work.released_submissions', 'pilot_coordinator', '');
END $$;
CREATE POLICY coordinator ON work.released_submissions FOR INSERT TO pilot_coordinator WITH CHECK (true);
GRANT SELECT, INSERT ON work.released_submissions TO pilot_coordinator;

-- ---- live views -----------------------------------------------------------------------------------
-- They run with their owner's rights: who reads them needs no right below them.

CREATE VIEW dashboard.analyses WITH (security_barrier = true) AS
SELECT a.analysis, p.name AS pilot, v.version AS plan_version, a.state, a.confirmatory,
       CASE WHEN EXISTS (SELECT FROM work.pins n JOIN registry.submissions s USING (submission)
                         WHERE n.analysis = a.analysis AND s.state = 'superseded')
            THEN 'superseded' ELSE 'current' END AS data_state,
       v.sha256 AS plan_sha256, NULL::text AS data_sha256, a.software_version, a.cpu_class,
       NULL::text AS launched_by, a.launched_at, a.finished_at, COALESCE(a.job_count, 0) AS jobs,
       COALESCE(a.job_count, 0) AS jobs_done, 0::bigint AS jobs_failed,
       r.released_at, r.minimum_count, r.round_to,
       a.analysis = max(a.analysis) FILTER (WHERE a.confirmatory) OVER (PARTITION BY a.pilot)
           IS TRUE AS latest
FROM dashboard.releases r
JOIN work.analyses a USING (analysis)
JOIN registry.pilots p ON p.pilot = a.pilot
JOIN registry.plans v USING (plan)
WHERE r.withdrawn_at IS NULL
ORDER BY a.analysis;
COMMENT ON VIEW dashboard.analyses IS 'Every released analysis whose data was not withdrawn';
COMMENT ON COLUMN dashboard.analyses.data_sha256 IS 'Always NULL: who knows all rows but one could find that one';
COMMENT ON COLUMN dashboard.analyses.launched_by IS 'Always NULL: the names of logins are not the public''s';
COMMENT ON COLUMN dashboard.analyses.latest IS 'The pilot''s latest confirmatory one';

CREATE VIEW dashboard.submissions WITH (security_barrier = true) AS
SELECT p.name AS pilot, g.name AS agency, s.revision, s.state, told.rows,
       NULL::text AS content_sha256, NULL::text AS file_sha256, NULL::text AS submitted_by,
       date_trunc('day', s.submitted_at, 'UTC') AS submitted_at, s.state AS verdict,
       NULL::int AS warnings, NULL::text AS withdrawn_by,
       date_trunc('day', s.withdrawn_at, 'UTC') AS withdrawn_at, NULL::text AS withdrawn_reason,
       COALESCE(told.rows_mark, CASE WHEN told.rows IS NULL THEN 'c'::dashboard.mark END)
           AS rows_mark
FROM registry.submissions s
JOIN registry.agencies g USING (agency)
JOIN registry.pilots p USING (pilot)
LEFT JOIN LATERAL (
    SELECT m.rows, m.rows_mark FROM work.released_submissions m
    JOIN dashboard.releases r USING (analysis)
    WHERE m.submission = s.submission AND r.withdrawn_at IS NULL AND s.state <> 'withdrawn'
    ORDER BY m.analysis DESC LIMIT 1) AS told ON true
WHERE s.state <> 'rejected' AND EXISTS (SELECT FROM dashboard.releases r WHERE r.pilot = p.name)
ORDER BY p.name COLLATE "C", g.name, s.submission;
COMMENT ON VIEW dashboard.submissions IS 'Every accepted submission of pilots with a release; rows are told where a release tells them, rounded';
COMMENT ON COLUMN dashboard.submissions.content_sha256 IS 'Always NULL, as file_sha256: who knows all rows but one could find that one';
COMMENT ON COLUMN dashboard.submissions.submitted_at IS 'The day (UTC), as withdrawn_at: the order of loads would tell whose partition is how large in the catalogs';
COMMENT ON COLUMN dashboard.submissions.submitted_by IS 'Always NULL, as withdrawn_by: the names of logins are not the public''s';
COMMENT ON COLUMN dashboard.submissions.warnings IS 'Always NULL, as withdrawn_reason: what an agency is told is its own';
GRANT SELECT ON dashboard.analyses, dashboard.submissions
    TO pilot_dashboard, pilot_evaluator, pilot_agency;

-- ---- a release ------------------------------------------------------------------------------------

-- Releases and withdrawals of a pilot come one after the other.
CREATE FUNCTION work.lock_releases(pilot_id bigint) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp
RETURN pg_advisory_xact_lock(1885957744, (pilot_id % 2147483648)::int);
COMMENT ON FUNCTION work.lock_releases(bigint) IS 'Until the transaction ends nothing else of the pilot is released or withdrawn';

CREATE FUNCTION work.pending_releases() RETURNS SETOF bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT a.analysis FROM work.analyses a
    WHERE a.state = 'done' AND NOT EXISTS (SELECT FROM dashboard.releases r
                                           WHERE r.analysis = a.analysis)
    ORDER BY a.analysis
$$;
COMMENT ON FUNCTION work.pending_releases() IS 'Analyses that are done and not yet released, oldest first';

CREATE FUNCTION work.begin_release(analysis_id bigint, OUT pilot text, OUT source text,
                                   OUT minimum_count int, OUT round_to int, OUT withdrawn boolean,
                                   OUT confirmatory boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    found_analysis work.analyses;
BEGIN
    SELECT * INTO found_analysis FROM work.analyses a WHERE a.analysis = analysis_id;
    IF found_analysis.analysis IS NULL OR found_analysis.state <> 'done' THEN
        RAISE EXCEPTION 'analysis % is not done', analysis_id USING ERRCODE = 'PL003';
    END IF;
    PERFORM work.lock_releases(found_analysis.pilot);
    confirmatory := found_analysis.confirmatory;
    SELECT p.name, v.source INTO pilot, source FROM registry.pilots p, registry.plans v
        WHERE p.pilot = found_analysis.pilot AND v.plan = found_analysis.plan;
    SELECT COALESCE(max(r.minimum_count), 1), COALESCE(max(r.round_to), 1)
        INTO minimum_count, round_to
        FROM dashboard.releases r WHERE r.pilot = begin_release.pilot;
    withdrawn := EXISTS (SELECT FROM work.pins n JOIN registry.submissions s USING (submission)
                         WHERE n.analysis = analysis_id AND s.state = 'withdrawn');
END $$;
COMMENT ON FUNCTION work.begin_release(bigint) IS
    'Lock the pilot''s releases; its plan, the strictest rules of its earlier releases, and whether data was withdrawn';

-- How many units differ between two submissions of an agency, whoever they are: rows are compared
-- without their unit ids, codes by their labels, on the columns that both have.  Whoever takes rows
-- away (a withdrawal, a purge) is not waited for: it may wait for the release.
CREATE FUNCTION work.changed_units(before_id bigint, after_id bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    before registry.submissions;
    after registry.submissions;
    pilot_name text;
    tables text[];
    common text[];
    item text;
    old_rows text;
    new_rows text;
    stored bigint;
    changed bigint;
BEGIN
    SELECT * INTO before FROM registry.submissions s WHERE s.submission = before_id;
    SELECT * INTO after FROM registry.submissions s WHERE s.submission = after_id;
    IF before.submission IS NULL OR after.submission IS NULL OR before.agency <> after.agency
       OR before.state NOT IN ('accepted', 'superseded') OR after.state NOT IN ('accepted', 'superseded') THEN
        RETURN NULL;
    END IF;
    SELECT p.name INTO pilot_name FROM registry.agencies a JOIN registry.pilots p USING (pilot)
        WHERE a.agency = after.agency;
    tables := ARRAY[format('outcomes.%I', registry.partition_name(pilot_name, before.load)),
                    format('outcomes.%I', registry.partition_name(pilot_name, after.load))];
    BEGIN
        FOREACH item IN ARRAY tables LOOP
            EXECUTE format('LOCK TABLE ONLY %s IN ACCESS SHARE MODE NOWAIT', item);
        END LOOP;
    EXCEPTION WHEN lock_not_available OR undefined_table THEN
        RETURN NULL;
    END;
    EXECUTE format('SELECT count(*) FROM %s WHERE pilot_submission = %s', tables[1], before_id)
        INTO stored;
    IF stored <> before.rows THEN
        RETURN NULL; -- purged
    END IF;
    common := ARRAY (SELECT c FROM unnest(before.columns) AS u (c)
                     WHERE c = ANY (after.columns) AND c <> 'pilot_unit' ORDER BY c);
    old_rows := work.rows_as_text(tables[1], before_id, common);
    new_rows := work.rows_as_text(tables[2], after_id, common);
    EXECUTE format('SELECT greatest((SELECT count(*) FROM (%1$s EXCEPT ALL %2$s) AS gone), '
                   '(SELECT count(*) FROM (%2$s EXCEPT ALL %1$s) AS come))', old_rows, new_rows)
        INTO changed;
    RETURN changed;
END $$;
COMMENT ON FUNCTION work.changed_units(bigint, bigint) IS
    'How many units two submissions of one agency differ by, at least; NULL: rows of one are gone, so nobody knows';

CREATE FUNCTION work.rows_as_text(parent text, submission_id bigint, columns text[]) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT format('SELECT ROW(%s)::text FROM %s WHERE pilot_submission = %s',
        string_agg(CASE WHEN EXISTS (SELECT FROM registry.dictionaries d
                                     WHERE d.submission = submission_id AND d.column_name = c)
            THEN format('(SELECT d.labels FROM registry.dictionaries d WHERE d.submission = %s '
                        'AND d.column_name = %L)[%I + 1]', submission_id, c, c)
            ELSE format('%I', c) END, ', ' ORDER BY c), parent, submission_id)
    FROM unnest(columns) AS u (c)
$$;
COMMENT ON FUNCTION work.rows_as_text(text, bigint, text[]) IS
    'SQL that gives each unit row of a submission as one text, codes as labels';

-- What of an analysis with withdrawn data was released leaves; that it was released is remembered.
CREATE FUNCTION work.withdraw_releases() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    released bigint[];
BEGIN
    PERFORM work.lock_releases(a.pilot) FROM registry.agencies a WHERE a.agency = NEW.agency;
    -- A largest value is one unit's.
    DELETE FROM work.contributions c USING work.pins n
        WHERE n.submission = NEW.submission AND c.analysis = n.analysis AND c.agency = n.agency;
    SELECT array_agg(r.analysis) INTO released FROM work.pins n JOIN dashboard.releases r USING (analysis)
        WHERE n.submission = NEW.submission AND r.withdrawn_at IS NULL;
    IF released IS NOT NULL THEN
        DELETE FROM dashboard.effects WHERE analysis = ANY (released);
        DELETE FROM dashboard.comparisons WHERE analysis = ANY (released);
        DELETE FROM dashboard.agencies WHERE analysis = ANY (released);
        DELETE FROM dashboard.quality WHERE analysis = ANY (released);
        DELETE FROM dashboard.curves WHERE analysis = ANY (released);
        UPDATE dashboard.releases SET withdrawn_at = now() WHERE analysis = ANY (released);
        PERFORM pg_notify('pilot_results', u.analysis::text) FROM unnest(released) AS u (analysis);
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION work.withdraw_releases() IS 'Take what was released of withdrawn data back';
CREATE TRIGGER withdraw_releases AFTER UPDATE OF state ON registry.submissions
    FOR EACH ROW WHEN (NEW.state = 'withdrawn' AND OLD.state <> 'withdrawn')
    EXECUTE FUNCTION work.withdraw_releases();

REVOKE ALL ON FUNCTION work.lock_releases(bigint), work.pending_releases(), work.begin_release(bigint),
    work.changed_units(bigint, bigint), work.rows_as_text(text, bigint, text[]),
    work.withdraw_releases() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION work.pending_releases(), work.begin_release(bigint),
    work.changed_units(bigint, bigint) TO pilot_coordinator;
