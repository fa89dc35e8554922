-- The standard deviation of the outcome in the control arm: effects of different pilots can be told in
-- its units.

ALTER TABLE work.effects ADD COLUMN control_std_dev float8;
COMMENT ON COLUMN work.effects.control_std_dev IS
    'Standard deviation of the outcome in the control arm, over the rows of control_mean';

-- What was released before has none.
ALTER TABLE dashboard.effects ADD COLUMN control_std_dev float8,
    ADD COLUMN control_std_dev_mark dashboard.mark DEFAULT 'z';
ALTER TABLE dashboard.effects ALTER COLUMN control_std_dev_mark DROP DEFAULT,
    ADD CONSTRAINT marked_control_std_dev
        CHECK ((control_std_dev IS NULL) = (control_std_dev_mark IS NOT NULL));
COMMENT ON COLUMN dashboard.effects.control_std_dev IS
    'Of a continuous outcome, where control_mean is shown';
COMMENT ON COLUMN dashboard.effects.control_std_dev_mark IS 'Why control_std_dev is NULL';

SELECT registry.fence_view('effects', $view$
SELECT p.name AS pilot, a.analysis,
       CASE WHEN e.agency IS NULL THEN 'pooled' ELSE 'agency' END AS scope, e.agency,
       e.outcome, e.subgroup, e.level, e.arm, e.control, e.estimand, e.estimator,
       e.parameter, e.std_error_type, e.estimate, e.std_error, e.df, e.statistic, e.p_value,
       e.ci_low, e.ci_high, e.p_randomization, e.p_randomization_mcse,
       e.ci_randomization_low, e.ci_randomization_high, e.p_adjusted, e.adjustment,
       e.control_mean, e.n, e.n_arm, e.n_control, e.clusters, e.blocks, e.status, e.reason,
       e.detail, e.ordinal, a.confirmatory, e.control_std_dev
FROM work.effects e
JOIN work.analyses a USING (analysis)
JOIN registry.pilots p USING (pilot)
ORDER BY a.analysis, e.agency NULLS LAST, e.ordinal$view$);
SELECT registry.fence_view('latest_effects', $view$
SELECT v.* FROM results.effects v
WHERE v.analysis IN (SELECT latest_analyses.analysis FROM results.latest_analyses)
ORDER BY v.analysis, v.agency NULLS LAST, v.ordinal$view$);
COMMENT ON COLUMN results.effects.control_std_dev IS
    'Standard deviation of the outcome in the control arm (n - 1), over the rows of control_mean; NULL where control_mean is no mean of an outcome';
