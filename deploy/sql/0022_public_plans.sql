-- What was planned is the public's too: the versions of a pilot's plan that its releases go by, and those
-- before, without what is of agencies or lets anybody draw an assignment again.

CREATE VIEW dashboard.plans WITH (security_barrier = true) AS
SELECT p.name AS pilot, v.version AS plan_version, v.sha256 AS plan_sha256,
       date_trunc('day', v.registered_at, 'UTC') AS registered_at,
       COALESCE(v.submissions_before = 0 AND NOT EXISTS (
           SELECT FROM registry.plans n WHERE n.pilot = v.pilot AND n.version > v.version
                                          AND n.submissions_before = 0), false) AS in_force,
       (v.json::jsonb - ARRAY['agencies', 'seed', 'assignment', 'power', 'missing', 'unit_ids']
        #- '{comparison,by}')::text AS content
FROM registry.plans v
JOIN registry.pilots p USING (pilot)
WHERE v.version <= (SELECT max(w.version) FROM dashboard.releases r
                    JOIN work.analyses a USING (analysis) JOIN registry.plans w USING (plan)
                    WHERE r.pilot = p.name AND r.withdrawn_at IS NULL)
ORDER BY p.name COLLATE "C", v.version;
COMMENT ON VIEW dashboard.plans IS
    'Plans of pilots with a release, up to the version that the latest release goes by';
COMMENT ON COLUMN dashboard.plans.pilot IS 'The pilot''s name';
COMMENT ON COLUMN dashboard.plans.plan_version IS 'Version of the plan, from 1';
COMMENT ON COLUMN dashboard.plans.plan_sha256 IS 'Hash of the plan, as registered';
COMMENT ON COLUMN dashboard.plans.pilot IS 'Name of the pilot';
COMMENT ON COLUMN dashboard.plans.plan_version IS '1, 2, ... in the order of registration';
COMMENT ON COLUMN dashboard.plans.plan_sha256 IS 'Of the canonical JSON of the whole plan';
COMMENT ON COLUMN dashboard.plans.registered_at IS 'The day (UTC)';
COMMENT ON COLUMN dashboard.plans.in_force IS
    'The latest version that was registered before any data: analyses of it may be confirmatory';
COMMENT ON COLUMN dashboard.plans.content IS
    'JSON of the plan as written, without agencies and their attributes, seeds, and what is said of data that is missing';
GRANT SELECT ON dashboard.plans TO pilot_dashboard, pilot_evaluator, pilot_agency;
