-- A pilot's headline and its forest, as the public may see them.
--   psql -X -v pilot=star_kindergarten -f docs/examples/forest.sql
-- The connection is libpq's: PGHOST, PGDATABASE, PGUSER, PGSSLMODE, a password in ~/.pgpass.
\set ON_ERROR_STOP on
\set QUIET on
\pset null ''
\pset footer off

SELECT count(*) = 0 AS nothing, COALESCE(max(analysis), 0) AS latest
FROM dashboard.analyses WHERE pilot = :'pilot' AND latest \gset
\if :nothing
    \echo nothing is released of :pilot
    \quit
\endif

-- All agencies together, the whole sample.  What has no number has a mark that says why.
SELECT outcome, arm, estimand, estimator, COALESCE(estimate::text, estimate_mark::text) AS effect,
       ci_low, ci_high, COALESCE(p_value::text, p_value_mark::text) AS p, COALESCE(n::text, n_mark::text) AS n
FROM dashboard.effects
WHERE analysis = :'latest' AND scope = 'pooled' AND subgroup IS NULL
ORDER BY ordinal;

-- Agencies compared: the mean effect, and where the effect of a further agency lies.
SELECT outcome, arm, k AS agencies, estimate AS effect, ci_low, ci_high, pi_low, pi_high, i2
FROM dashboard.comparisons
WHERE analysis = :'latest' AND headline AND subgroup IS NULL
ORDER BY ordinal;

-- The forest of the first contrast: one row an agency, its interval drawn on a scale of 40 places.
WITH forest AS (
    SELECT agency, e.estimate, e.ci_low, e.ci_high, g.eb_estimate, e.estimate_mark AS mark
    FROM dashboard.agencies g
    JOIN dashboard.effects e USING (analysis, outcome, agency, ordinal)
    WHERE g.analysis = :'latest' AND g.ordinal = 0
),
scale AS (SELECT min(ci_low) AS low, max(ci_high) AS high FROM forest),
place AS (
    SELECT f.*, width_bucket(f.ci_low, s.low, s.high, 39) AS first,
           width_bucket(f.estimate, s.low, s.high, 39) AS middle,
           width_bucket(f.ci_high, s.low, s.high, 39) AS last
    FROM forest f CROSS JOIN scale s
)
SELECT agency, estimate AS effect, eb_estimate AS shrunken,
       CASE mark WHEN 'c' THEN 'hidden' WHEN 'z' THEN 'not estimable' ELSE
           overlay(repeat(' ', first - 1) || repeat('-', last - first + 1) PLACING 'o' FROM middle) END AS interval
FROM place
ORDER BY eb_estimate DESC NULLS LAST, agency;
