-- For people's own dashboards: an index for what panels ask, and a comment on every column.

-- ---- indexes --------------------------------------------------------------------------------------
-- A release writes a hundred thousand rows, and every index takes as long again as the rows themselves.
-- So one index both says that a row is there once, and finds an outcome's rows: an analysis has few
-- outcomes, and an agency's rows of it are found within it too.  What concerns all agencies together,
-- and the alarms, are few rows of many: partial indexes, that cost other rows nothing.

CREATE UNIQUE INDEX effects_once ON dashboard.effects (analysis, outcome, agency, ordinal)
    NULLS NOT DISTINCT;
DROP INDEX dashboard.effects_key, dashboard.effects_panel;
ALTER INDEX dashboard.effects_once RENAME TO effects_key;
CREATE INDEX effects_pooled ON dashboard.effects (analysis, ordinal) WHERE scope = 'pooled';

ALTER TABLE dashboard.agencies DROP CONSTRAINT agencies_pkey,
    ADD PRIMARY KEY (analysis, outcome, agency, ordinal);
DROP INDEX dashboard.agencies_panel;

DROP INDEX dashboard.quality_panel;
CREATE INDEX quality_alarms ON dashboard.quality (analysis) WHERE alarm;

-- Of curves nobody reads more than that they are hidden; of the others an analysis has some hundred.
DROP INDEX dashboard.curves_panel, dashboard.comparisons_panel, dashboard.averages_panel,
    dashboard.moderators_panel, dashboard.distribution_panel;

-- The newest release that tells a submission's rows is the first one of this index.
DROP INDEX work.released_submissions_of;
CREATE INDEX released_submissions_of ON work.released_submissions (submission, analysis);

-- ---- comments -------------------------------------------------------------------------------------
-- A column means the same wherever it stands: said once here, for every table and view of results and
-- dashboard that says nothing of it yet.  The first line that fits holds.

CREATE TEMPORARY TABLE said (
    place     int GENERATED ALWAYS AS IDENTITY,
    relations text, -- a regular expression; NULL: all
    name      text NOT NULL,
    words     text NOT NULL
) ON COMMIT DROP;

INSERT INTO pg_temp.said (relations, name, words) VALUES
    -- what a row is about
    (NULL, 'pilot', 'The pilot''s name'),
    (NULL, 'analysis', 'The analysis'' number: of all pilots in one sequence'),
    (NULL, 'scope', 'agency: of one agency; pooled: of all together'),
    ('effects|quality|curves|conventions', 'agency', 'The agency''s name; NULL: all agencies together'),
    (NULL, 'agency', 'The agency''s name'),
    (NULL, 'outcome', 'The outcome, as the plan names it'),
    (NULL, 'subgroup', 'The column that parts units into levels; NULL: the whole sample'),
    (NULL, 'level', 'The subgroup''s level; NULL: the whole sample'),
    ('quality', 'arm', 'The arm; NULL: all arms'),
    ('curves', 'arm', 'The arm whose units the curve is of, the control''s too'),
    (NULL, 'arm', 'The treatment arm that is compared with control'),
    (NULL, 'control', 'The control arm'),
    (NULL, 'estimand', 'What is estimated: itt (all as assigned), cace (those who took it up), gap (a level''s effect less the first level''s), and others: docs/methods'),
    (NULL, 'estimator', 'How it is estimated; auto: by the plan''s rule, agency by agency'),
    (NULL, 'parameter', 'Quantile, category or horizon that the estimate is at; NULL: it has none'),
    ('agencies|averages|moderators|distribution', 'ordinal', 'Place of the effect in the plan, from 0: the same number in effects is the same contrast'),
    ('effects', 'ordinal', 'Order of the rows as the plan has them, from 0; of all agencies the same number is the same contrast'),
    ('curves', 'ordinal', 'Order of the curves, from 0'),
    (NULL, 'ordinal', 'Order of the rows, from 0'),
    ('conventions', 'place', 'Order of the conventions of one effect, from 0'),
    (NULL, 'place', 'Order of the rows of one effect, from 0'),
    ('curves', 'point', 'Order of a curve''s points, from 0'),
    (NULL, 'not_confirmatory', 'Why not; NULL: it is confirmatory'),
    (NULL, 'confirmatory', 'The analysis is the planned one; false: exploratory'),
    -- estimates
    ('comparisons|averages', 'estimate', 'The mean effect of the agencies, in units of the outcome'),
    ('moderators', 'estimate', 'The coefficient, or the mean effect of the level''s agencies, in units of the outcome'),
    ('agencies', 'estimate', 'The agency''s effect as it estimated it, in units of the outcome'),
    (NULL, 'estimate', 'The effect: arm less control, in units of the outcome (ratios: on the log scale)'),
    (NULL, 'std_error', 'Standard error of the estimate'),
    (NULL, 'std_error_type', 'Which standard error: HC2, CR2, … ; NULL: the estimator''s own'),
    ('moderators', 'df', 'Degrees of freedom: of t, of the numerator of F, of the heterogeneity that is left'),
    ('moderators', 'statistic', 'Test statistic: t of a coefficient, F or χ² of a test, Q of what is left'),
    ('quality', 'df', 'Degrees of freedom of the check''s test'),
    (NULL, 'df', 'Degrees of freedom of the test and the interval; NULL: normal'),
    ('quality', 'statistic', 'The check''s statistic: docs/methods/quality.md'),
    (NULL, 'statistic', 'Test statistic of no effect'),
    ('quality', 'p_value', 'p-value of the check'),
    (NULL, 'p_value', 'Two-sided p-value of no effect'),
    ('curves', 'ci_low', 'Lower end of the confidence interval of y'),
    ('curves', 'ci_high', 'Upper end of the confidence interval of y'),
    (NULL, 'ci_low', 'Lower end of the confidence interval, at the plan''s level'),
    (NULL, 'ci_high', 'Upper end of the confidence interval, at the plan''s level'),
    (NULL, 'p_randomization', 'p-value by drawing the assignment again'),
    (NULL, 'p_randomization_mcse', 'Its Monte Carlo standard error'),
    (NULL, 'ci_randomization_low', 'Lower end of the interval by drawing the assignment again'),
    (NULL, 'ci_randomization_high', 'Upper end of the interval by drawing the assignment again'),
    (NULL, 'p_adjusted', 'p-value adjusted for the number of outcomes that are tested'),
    (NULL, 'adjustment', 'How it was adjusted'),
    (NULL, 'control_mean', 'Mean of the outcome in the control arm'),
    (NULL, 'control_std_dev', 'Standard deviation of the outcome in the control arm'),
    (NULL, 'n', 'Units in both arms with the outcome'),
    (NULL, 'n_arm', 'Units of them in the treatment arm'),
    (NULL, 'n_control', 'Units of them in the control arm'),
    (NULL, 'clusters', 'Clusters of them; NULL: no clusters'),
    (NULL, 'blocks', 'Blocks of them; NULL: no blocks'),
    (NULL, 'status', 'ok, flagged, partial, not_estimable, job_failed or suppressed'),
    ('assignments', 'reason', 'Why it replaced an earlier one'),
    (NULL, 'reason', 'Why the status is not ok, of a closed list: docs/methods/reasons.md'),
    ('dashboard.', 'detail', 'Always NULL: details hold counts'),
    (NULL, 'detail', 'What else is to be said of the row'),
    ('conventions', 'convention', 'Whose convention of standard errors: plan, estimatr, stata or fixest'),
    -- across agencies
    ('comparisons', 'method', 'How the spread between agencies is estimated: fixed, dl, pm or reml'),
    ('comparisons', 'test', 'How the mean effect is tested: z, knha (Knapp and Hartung) or adhoc (the same, its factor at least 1)'),
    ('distribution', 'k', 'Agencies that the distribution is estimated from'),
    (NULL, 'k', 'Agencies that take part'),
    (NULL, 'pi_low', 'Lower end of the interval in which the effect of a further agency lies'),
    (NULL, 'pi_high', 'Upper end of the interval in which the effect of a further agency lies'),
    (NULL, 'tau2', 'Variance of true effects between agencies'),
    (NULL, 'tau2_low', 'Lower end of its confidence interval'),
    (NULL, 'tau2_high', 'Upper end of its confidence interval'),
    (NULL, 'q', 'Cochran''s Q: is there more spread than chance makes?'),
    (NULL, 'q_df', 'Degrees of freedom of Q'),
    (NULL, 'q_p_value', 'p-value of Q'),
    (NULL, 'i2', 'I²: per cent of the spread of estimates that is not chance'),
    (NULL, 'h2', 'H²: total spread over what chance makes'),
    (NULL, 'r2', 'R²: per cent of the variance between agencies that the attributes account for'),
    (NULL, 'headline', 'The plan''s method and test'),
    (NULL, 'weighting', 'person: by units; site: every agency alike'),
    (NULL, 'eb_estimate', 'Empirical Bayes estimate: the agency''s effect, drawn towards the mean as far as chance may have made it'),
    (NULL, 'eb_std_error', 'Standard error of the empirical Bayes estimate'),
    (NULL, 'ceb_estimate', 'Constrained empirical Bayes estimate: spread as the effects are, eb_estimate is less'),
    ('agencies', 'weight', 'Share of the agency in the mean effect'),
    (NULL, 'rank', 'Rank of the estimate; 1: the best, by better: of the outcome. Ties share the mean'),
    (NULL, 'rank_low', 'With rank_high: holds the rank of the agency''s true effect, at the plan''s confidence'),
    (NULL, 'rank_high', 'With rank_low: holds the rank of the agency''s true effect, at the plan''s confidence'),
    (NULL, 'rank_simultaneous_low', 'With rank_simultaneous_high: hold the ranks of all agencies at once'),
    (NULL, 'rank_simultaneous_high', 'With rank_simultaneous_low: hold the ranks of all agencies at once'),
    (NULL, 'p_exceeds', 'Probability that the effect is better than analysis.smallest_effect (0 without one)'),
    (NULL, 'leave_one_out_estimate', 'Mean effect of the other agencies'),
    (NULL, 'hat', 'Leverage of the agency on the headline average, 0 to 1'),
    (NULL, 'std_residual', 'Studentized residual from the average without the agency'),
    (NULL, 'cooks_distance', 'How far the average moves without the agency: squared, in units of its variance'),
    (NULL, 'dfbetas', 'How far the average moves without the agency: in standard errors'),
    ('moderators', 'kind', 'intercept, coefficient, test (of an attribute or of all), residual (heterogeneity that is left) or group (the agencies of a level)'),
    ('agency_attributes', 'attribute', 'Name of the attribute; NULL: the agency has none'),
    (NULL, 'attribute', 'The agencies'' attribute; NULL: of the whole model'),
    (NULL, 'attribute_level', 'Its level that the row is about; NULL: none'),
    ('moderators', 'df_residual', 'Degrees of freedom of the denominator of F'),
    (NULL, 'df_residual', 'Residual degrees of freedom'),
    ('distribution', 'part', 'harm, none or benefit: beyond the threshold for worse, between, beyond it for better'),
    (NULL, 'threshold', 'analysis.smallest_effect; 0 where the plan gives none or it is on another scale'),
    (NULL, 'share', 'Share of agencies whose true effect is in this part, 0 to 1'),
    ('agency_attributes', 'id', 'The agency''s id across pilots'),
    ('agency_attributes', 'value', 'What the plan says of the agency'),
    -- checks and curves
    ('quality', 'check', 'Which check: docs/methods/quality.md'),
    ('quality', 'variable', 'Outcome or covariate that is checked; NULL: none'),
    ('quality', 'value', 'What the check measures: a count, a share, a standardized difference'),
    ('quality', 'alarm', 'The check rings: a reason to look, not a verdict'),
    ('curves', 'curve', 'Which curve: kaplan_meier'),
    ('curves', 'x', 'Time or level'),
    ('curves', 'y', 'The curve''s value'),
    ('curves', 'at_risk', 'Units at risk just before x'),
    ('curves', 'events', 'Events at x'),
    -- analyses and releases
    (NULL, 'plan_version', 'Version of the plan, from 1'),
    (NULL, 'plan_sha256', 'Hash of the plan, as registered'),
    (NULL, 'data_sha256', 'Hash of all pinned submissions'),
    (NULL, 'software_version', 'Version of the programs that computed it'),
    (NULL, 'cpu_class', 'Class of processor: the same class gives the same bits'),
    ('analyses', 'state', 'queued, running, done, failed or cancelled'),
    ('submissions', 'state', 'accepted, rejected, superseded or withdrawn; missing: the plan lists the agency and it sent nothing'),
    ('assignments', 'state', 'Whether the assignment holds or was replaced'),
    ('analyses', 'data_state', 'current: its submissions are the latest; superseded: some have a newer revision'),
    (NULL, 'launched_by', 'The login that launched it'),
    (NULL, 'launched_at', 'When it was launched'),
    (NULL, 'finished_at', 'When it ended; NULL: it is under way'),
    (NULL, 'jobs', 'Jobs that it was parted into'),
    (NULL, 'jobs_done', 'Jobs whose results are stored'),
    (NULL, 'jobs_failed', 'Jobs that were given up'),
    (NULL, 'released_at', 'When it was released to these tables'),
    (NULL, 'minimum_count', 'Counts below are hidden'),
    (NULL, 'round_to', 'Counts are rounded to multiples of it'),
    (NULL, 'purged_at', 'When the rows were deleted'),
    ('purged', 'agencies', 'Agencies whose rows are gone'),
    ('purged', 'rows', 'Rows that are gone'),
    -- submissions, plans, assignments
    (NULL, 'revision', 'Number of the submission within the agency, from 1; NULL: rejected'),
    ('dashboard.submissions', 'rows', 'Rows, rounded, where a release tells them'),
    (NULL, 'rows', 'Rows of the file'),
    (NULL, 'rows_mark', 'Why rows is NULL'),
    (NULL, 'content_sha256', 'Hash of the stored rows'),
    (NULL, 'file_sha256', 'Hash of the file as it came'),
    (NULL, 'submitted_by', 'The login that submitted it'),
    (NULL, 'submitted_at', 'When it was submitted'),
    (NULL, 'verdict', 'The state, in one word for people'),
    (NULL, 'warnings', 'Warnings that the agency was told'),
    (NULL, 'withdrawn_by', 'The login that withdrew it'),
    (NULL, 'withdrawn_at', 'When it was withdrawn'),
    (NULL, 'withdrawn_reason', 'Why it was withdrawn'),
    (NULL, 'registered_by', 'The login that registered it'),
    (NULL, 'registered_at', 'When it was registered'),
    ('plans', 'submissions_before', 'Submissions that there were when it was registered'),
    ('assignments', 'seed', 'Seed of the draw'),
    ('assignments', 'units', 'Units that were assigned'),
    ('assignments', 'arms', 'The arms'),
    ('assignments', 'counts', 'Units of each arm, in the order of arms'),
    ('assignments', 'late', 'It was registered after data had come'),
    ('assignments', 'replaced_by', 'The login that replaced it'),
    ('assignments', 'replaced_at', 'When it was replaced; NULL: it holds');

DO $$
DECLARE
    item record;
BEGIN
    FOR item IN
        SELECT c.oid::regclass AS relation, c.relkind, a.attname AS name,
               (SELECT s.words FROM pg_temp.said s
                WHERE s.name = a.attname
                  AND (s.relations IS NULL OR format('%s.%s', n.nspname, c.relname) ~ s.relations)
                ORDER BY s.place LIMIT 1) AS words
        FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_attribute a ON a.attrelid = c.oid
        WHERE n.nspname IN ('dashboard', 'results') AND c.relkind IN ('r', 'v', 'm', 'p')
          AND a.attnum > 0 AND NOT a.attisdropped AND col_description(c.oid, a.attnum) IS NULL
    LOOP
        IF item.words IS NOT NULL THEN
            EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', item.relation, item.name, item.words);
        END IF;
    END LOOP;
END $$;
