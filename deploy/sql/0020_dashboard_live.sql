-- An analysis under way can be watched: that it runs, and how many of its jobs are done.
--
-- Jobs are the farm's work, not people: their number tells roughly how many agencies there are, which
-- the release tells when the analysis ends.  Of an analysis under way nothing else is shown: not whether
-- a job failed (a withdrawal would show), and of its data no more than of a released one's.  One that
-- failed or was cancelled is not there at all.

CREATE OR REPLACE VIEW dashboard.analyses WITH (security_barrier = true) AS
SELECT a.analysis, p.name AS pilot, v.version AS plan_version, a.state, a.confirmatory,
       CASE WHEN EXISTS (SELECT FROM work.pins n JOIN registry.submissions s USING (submission)
                         WHERE n.analysis = a.analysis AND s.state = 'superseded')
            THEN 'superseded' ELSE 'current' END AS data_state,
       v.sha256 AS plan_sha256, NULL::text AS data_sha256, a.software_version, a.cpu_class,
       NULL::text AS launched_by, a.launched_at, a.finished_at, COALESCE(a.job_count, 0) AS jobs,
       -- Written out: who reads a view needs the right to call the functions in it.
       CASE WHEN r.analysis IS NOT NULL THEN COALESCE(a.job_count, 0)
            ELSE (SELECT count(*) FROM work.jobs j JOIN work.job_results d USING (job)
                  WHERE j.analysis = a.analysis) END AS jobs_done,
       CASE WHEN r.analysis IS NOT NULL THEN 0::bigint END AS jobs_failed,
       r.released_at, r.minimum_count, r.round_to,
       a.analysis = max(a.analysis) FILTER (WHERE a.confirmatory AND r.analysis IS NOT NULL)
           OVER (PARTITION BY a.pilot) IS TRUE AS latest
FROM work.analyses a
LEFT JOIN dashboard.releases r USING (analysis)
JOIN registry.pilots p ON p.pilot = a.pilot
JOIN registry.plans v USING (plan)
WHERE CASE WHEN r.analysis IS NULL THEN a.state IN ('queued', 'running', 'done')
           ELSE r.withdrawn_at IS NULL END
ORDER BY a.analysis;
COMMENT ON VIEW dashboard.analyses IS
    'Every released analysis whose data was not withdrawn, and those under way (queued, running, or done and about to be released), live: released_at is NULL';
COMMENT ON COLUMN dashboard.analyses.released_at IS 'NULL while it is under way: there are no rows of it in the tables yet';
COMMENT ON COLUMN dashboard.analyses.jobs_done IS 'Of an analysis under way: so far';
COMMENT ON COLUMN dashboard.analyses.jobs_failed IS '0 of a released analysis; not told while it is under way';
COMMENT ON COLUMN dashboard.analyses.latest IS 'The pilot''s latest confirmatory one that is released';
