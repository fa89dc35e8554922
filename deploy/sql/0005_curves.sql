-- Estimators that need all rows in one place, rows with a parameter, and curves.

ALTER TABLE work.jobs ADD COLUMN first_outcome int, ADD COLUMN last_outcome int;
COMMENT ON COLUMN work.jobs.kind IS '0 noop 1 estimate 2 pool 3 residual 4 finish 5 compare 6 whole 7 bounds';
COMMENT ON COLUMN work.jobs.first_outcome IS 'Of a whole job: its outcomes, numbered from 0 in plan order, both ends included';

-- What a row is about says which row it is, beside its place.
CREATE UNIQUE INDEX effects_contrast ON work.effects
    (analysis, agency, outcome, subgroup, level, arm, estimand, estimator, parameter)
    NULLS NOT DISTINCT;

CREATE TABLE work.curves (
    analysis  bigint NOT NULL REFERENCES work.analyses,
    job       bigint NOT NULL,
    ordinal   int NOT NULL,
    agency    text COLLATE "C",
    outcome   text NOT NULL,
    subgroup  text,
    level     text,
    arm       text NOT NULL,
    curve     text NOT NULL,
    point     int NOT NULL,
    x         float8 NOT NULL,
    y         float8 NOT NULL,
    std_error float8,
    ci_low    float8,
    ci_high   float8,
    at_risk   float8,
    events    float8,
    detail    text
);
COMMENT ON TABLE work.curves IS 'Points of curves for pictures, the control''s too; ordinal counts curves in plan order within the agency, point counts from 0 by ascending x';
CREATE UNIQUE INDEX curves_key ON work.curves (analysis, agency, ordinal, point) NULLS NOT DISTINCT;
REVOKE ALL ON work.curves FROM PUBLIC;

CREATE VIEW results.curves AS
SELECT p.name AS pilot, a.analysis,
       CASE WHEN c.agency IS NULL THEN 'pooled' ELSE 'agency' END AS scope, c.agency,
       c.outcome, c.subgroup, c.level, c.arm, c.curve, c.x, c.y, c.std_error, c.ci_low, c.ci_high,
       c.at_risk, c.events, c.detail, c.ordinal, c.point
FROM work.curves c
JOIN work.analyses a USING (analysis)
JOIN registry.pilots p USING (pilot)
ORDER BY a.analysis, c.agency NULLS LAST, c.ordinal, c.point;
COMMENT ON VIEW results.curves IS
    'Curves for pictures, one row a point: kaplan_meier is the share without the event by time, an arm each';

CREATE VIEW results.latest_curves AS
SELECT v.* FROM results.curves v WHERE v.analysis IN (SELECT analysis FROM results.latest_analyses);
COMMENT ON VIEW results.latest_curves IS 'results.curves of each pilot''s latest analysis';
