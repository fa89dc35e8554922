-- What people and their programs read: views of stable columns, in a stable order.
-- Text that does not apply is NULL (subgroup of the whole sample, agency of a pooled row).

CREATE VIEW results.analyses AS
SELECT a.analysis, p.name AS pilot, v.version AS plan_version, a.state, a.confirmatory,
       CASE WHEN d.withdrawn THEN 'withdrawn' WHEN d.superseded THEN 'superseded'
            ELSE 'current' END AS data_state,
       v.sha256 AS plan_sha256, a.data_sha256, a.software_version, a.cpu_class, a.launched_by,
       a.launched_at, a.finished_at, COALESCE(a.job_count, 0) AS jobs,
       (SELECT count(*) FROM work.jobs j JOIN work.job_results r USING (job)
        WHERE j.analysis = a.analysis) AS jobs_done,
       (SELECT count(*) FROM work.jobs j
        WHERE j.analysis = a.analysis
          AND NOT EXISTS (SELECT FROM work.job_results r WHERE r.job = j.job)
          AND EXISTS (SELECT FROM work.failures f WHERE f.job = j.job AND f.given_up
                                                    AND f.retries = a.retries)) AS jobs_failed
FROM work.analyses a
JOIN registry.pilots p USING (pilot)
JOIN registry.plans v USING (plan)
CROSS JOIN LATERAL (
    SELECT bool_or(s.state = 'withdrawn') AS withdrawn,
           bool_or(s.state = 'superseded') AS superseded
    FROM work.pins n JOIN registry.submissions s USING (submission)
    WHERE n.analysis = a.analysis) AS d
ORDER BY a.analysis;
COMMENT ON VIEW results.analyses IS 'Every analysis: what it froze, its state, its jobs';
COMMENT ON COLUMN results.analyses.data_state IS
    'current: its submissions are the latest; superseded: some have a newer revision; withdrawn: some were withdrawn';

CREATE VIEW results.effects AS
SELECT p.name AS pilot, a.analysis,
       CASE WHEN e.agency IS NULL THEN 'pooled' ELSE 'agency' END AS scope, e.agency,
       e.outcome, e.subgroup, e.level, e.arm, e.control, e.estimand, e.estimator,
       e.parameter, e.std_error_type, e.estimate, e.std_error, e.df, e.statistic, e.p_value,
       e.ci_low, e.ci_high, e.p_randomization, e.p_randomization_mcse,
       e.ci_randomization_low, e.ci_randomization_high, e.p_adjusted, e.adjustment,
       e.control_mean, e.n, e.n_arm, e.n_control, e.clusters, e.blocks, e.status, e.reason,
       e.detail, e.ordinal
FROM work.effects e
JOIN work.analyses a USING (analysis)
JOIN registry.pilots p USING (pilot)
ORDER BY a.analysis, e.agency NULLS LAST, e.ordinal;
COMMENT ON VIEW results.effects IS
    'One row an effect: agency (NULL: pooled), outcome, subgroup, contrast, estimator';

CREATE VIEW results.comparisons AS
SELECT p.name AS pilot, a.analysis,
       c.outcome, c.subgroup, c.level, c.arm, c.control, c.estimand, c.estimator,
       c.parameter, c.method, c.test, c.k, c.estimate, c.std_error, c.df, c.statistic,
       c.p_value, c.ci_low, c.ci_high, c.pi_low, c.pi_high, c.tau2, c.tau2_low, c.tau2_high,
       c.q, c.q_df, c.q_p_value, c.i2, c.h2, c.headline, c.status, c.reason, c.detail, c.ordinal
FROM work.comparisons c
JOIN work.analyses a USING (analysis)
JOIN registry.pilots p USING (pilot)
ORDER BY a.analysis, c.ordinal;
COMMENT ON VIEW results.comparisons IS
    'Agencies'' effects compared: mean effect, heterogeneity and prediction interval by method and test';

CREATE VIEW results.agencies AS
SELECT p.name AS pilot, a.analysis,
       e.outcome, e.subgroup, e.level, e.arm, e.control, e.estimand, e.estimator,
       e.parameter, e.agency, e.estimate, e.std_error, e.eb_estimate, e.eb_std_error,
       e.weight, e.rank, e.rank_low, e.rank_high, e.leave_one_out_estimate, e.status,
       e.reason, e.ordinal
FROM work.agency_effects e
JOIN work.analyses a USING (analysis)
JOIN registry.pilots p USING (pilot)
ORDER BY a.analysis, e.agency, e.ordinal;
COMMENT ON VIEW results.agencies IS 'Each agency''s effect beside its empirical Bayes estimate and rank';

CREATE VIEW results.quality AS
SELECT p.name AS pilot, a.analysis, q.agency,
       q."check", q.arm, q.variable, q.value, q.statistic, q.df, q.p_value, q.alarm,
       q.detail, q.ordinal
FROM work.quality q
JOIN work.analyses a USING (analysis)
JOIN registry.pilots p USING (pilot)
ORDER BY a.analysis, q.agency NULLS LAST, q.ordinal;
COMMENT ON VIEW results.quality IS 'Checks of the data of an analysis';

CREATE VIEW results.submissions AS
SELECT p.name AS pilot, g.name AS agency, s.revision, s.state, s.rows, s.content_sha256,
       s.file_sha256, s.submitted_by, s.submitted_at
FROM registry.submissions s
JOIN registry.agencies g USING (agency)
JOIN registry.pilots p USING (pilot)
ORDER BY p.name COLLATE "C", g.name, s.submission;
COMMENT ON VIEW results.submissions IS 'Every submission of every agency, rejected ones too';

-- ---- the latest finished confirmatory analysis of each pilot -------------------------------------

CREATE VIEW results.latest_analyses AS
SELECT a.* FROM results.analyses a
WHERE a.analysis IN (SELECT DISTINCT ON (b.pilot) b.analysis FROM results.analyses b
                     WHERE b.state = 'done' AND b.confirmatory AND b.data_state <> 'withdrawn'
                     ORDER BY b.pilot, b.analysis DESC)
ORDER BY a.analysis;
COMMENT ON VIEW results.latest_analyses IS
    'Each pilot''s latest finished confirmatory analysis whose data was not withdrawn';

CREATE VIEW results.latest_effects AS
SELECT v.* FROM results.effects v WHERE v.analysis IN (SELECT analysis FROM results.latest_analyses);
COMMENT ON VIEW results.latest_effects IS 'results.effects of each pilot''s latest analysis';

CREATE VIEW results.latest_comparisons AS
SELECT v.* FROM results.comparisons v WHERE v.analysis IN (SELECT analysis FROM results.latest_analyses);
COMMENT ON VIEW results.latest_comparisons IS 'results.comparisons of each pilot''s latest analysis';

CREATE VIEW results.latest_agencies AS
SELECT v.* FROM results.agencies v WHERE v.analysis IN (SELECT analysis FROM results.latest_analyses);
COMMENT ON VIEW results.latest_agencies IS 'results.agencies of each pilot''s latest analysis';

CREATE VIEW results.latest_quality AS
SELECT v.* FROM results.quality v WHERE v.analysis IN (SELECT analysis FROM results.latest_analyses);
COMMENT ON VIEW results.latest_quality IS 'results.quality of each pilot''s latest analysis';

CREATE VIEW results.latest_submissions AS
SELECT l.pilot, g.name AS agency, s.revision, s.state, s.rows, s.content_sha256, s.file_sha256,
       s.submitted_by, s.submitted_at
FROM results.latest_analyses l
JOIN work.pins n USING (analysis)
JOIN registry.submissions s USING (submission)
JOIN registry.agencies g ON g.agency = s.agency
ORDER BY l.pilot COLLATE "C", n.ordinal;
COMMENT ON VIEW results.latest_submissions IS 'The submissions that each pilot''s latest analysis used';
