-- One effect's standard error as other programs give it.

-- In the effect's own row: rows come in hundreds of thousands, and what costs is another row.  What
-- other columns tell already is NULL; results.conventions puts it together.
ALTER TABLE work.effects
    ADD COLUMN estimatr_std_error float8, ADD COLUMN estimatr_df float8,
    ADD COLUMN estimatr_p_value float8, ADD COLUMN estimatr_ci_low float8,
    ADD COLUMN estimatr_ci_high float8,
    ADD COLUMN stata_std_error float8, ADD COLUMN stata_df float8,
    ADD COLUMN stata_p_value float8, ADD COLUMN stata_ci_low float8,
    ADD COLUMN stata_ci_high float8,
    ADD COLUMN fixest_std_error float8, ADD COLUMN fixest_df float8,
    ADD COLUMN fixest_p_value float8, ADD COLUMN fixest_ci_low float8,
    ADD COLUMN fixest_ci_high float8;
COMMENT ON COLUMN work.effects.estimatr_std_error IS 'Of regressions: HC2 or CR2; NULL where std_error is that already';
COMMENT ON COLUMN work.effects.stata_std_error IS 'Of regressions: HC1, or CR1 where there are clusters';
COMMENT ON COLUMN work.effects.fixest_std_error IS 'Of regressions: NULL where it is Stata''s';

CREATE VIEW results.conventions AS
SELECT p.name AS pilot, a.analysis,
       CASE WHEN e.agency IS NULL THEN 'pooled' ELSE 'agency' END AS scope, e.agency,
       e.outcome, e.subgroup, e.level, e.arm, e.control, e.estimand, e.estimator,
       e.parameter, v.convention, v.std_error_type, e.estimate, v.std_error, v.df, v.p_value,
       v.ci_low, v.ci_high, e.n, e.clusters, e.blocks,
       CASE WHEN v.place > 0 AND e.status = 'not_estimable' THEN 'ok' ELSE e.status END AS status,
       CASE WHEN v.place > 0 AND e.status = 'not_estimable' THEN NULL ELSE e.reason END AS reason,
       e.ordinal, v.place
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
COMMENT ON VIEW results.conventions IS
    'Standard errors of ols and lin side by side: plan is the row of results.effects, the others are what that program gives';

CREATE VIEW results.latest_conventions AS
SELECT v.* FROM results.conventions v
WHERE v.analysis IN (SELECT analysis FROM results.latest_analyses);
COMMENT ON VIEW results.latest_conventions IS 'results.conventions of each pilot''s latest analysis';
