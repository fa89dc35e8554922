#!/bin/bash
# Writes docs/methods/coverage.md: what was simulated, and the tables.
#   tests/coverage/page.sh PROGRAM REPETITIONS PAGE
set -euo pipefail
program=$1 repetitions=$2 page=$3
trap 'rm -f "$page.new"' EXIT
error() { awk "BEGIN {printf \"%.1f\", 100 * sqrt(.95 * .05 / $1)}"; }
{
    cat <<END
# Coverage: how often a 95 % interval holds the effect

Made by \`make coverage COVERAGE_REPETITIONS=$repetitions\` (\`tests/coverage\`): $repetitions repetitions a cell, seed 1985.
A share of 95 % has a Monte-Carlo error of $(error "$repetitions") points; below 93 % it is **bold**. The bootstraps (\`quantile\`,
\`variance_ratio\`) run in every second repetition, with 399 draws: $(error $((repetitions / 2))) points.

Each repetition draws new people: three covariates (one binary) that explain part of the outcome, an effect that differs from
person to person and with a covariate, blocks with outcomes of their own, clusters that share an effect (intra-cluster correlation
about 0.15). The truth is that of the population, from a million people (contrasts: 400,000). Outcomes: normal; skewed
(log-normal, skewness about 6); binary with a share of about one half; rare (about 6 %); count; duration.

## Means: where coverage is poor, and what \`auto\` does about it

- Few units: \`ols\` and \`lin\` fall to 90–92 % at 12 units. \`auto\` takes \`difference_in_means\` below 20 units, \`ols\`
  while an arm has fewer than 20, and interacts one covariate column for every 20 units of the smallest arm.
- Few clusters: counted in clusters, not in people, so that ten clusters of 20 do not pass for 200 units. CR2 with
  Satterthwaite's degrees of freedom holds 93–96 % with ten clusters of unequal size.
- Rare or very skewed outcomes with a small treated arm (20 of 100, 50 of 1,000): every estimator is below 95 %, down to
  84 % where the treated arm expects one or two events. No choice among these three mends that: the t interval is symmetric and the
  estimate is not. \`auto\` does not hide it; for a binary outcome \`risk_ratio\` or \`odds_ratio\` (score intervals) is the better
  question to ask.
- Small blocks with one treated unit each: Pashley and Miratrix's variance holds for normal outcomes; skewed ones fall to about
  90 %.

In the tables, \`auto\` is the default estimator; beside it stand the three that it chooses among, for the same data. *width*: mean
length of \`auto\`'s interval over that of \`difference_in_means\`. *no interval*: repetitions, in percent, in which \`auto\`
gave none (the row then has a reason).

## Contrasts and instruments: where coverage is poor, and what to do

- **Few units or clusters.** \`hajek\`, \`horvitz_thompson\`, the ratios, \`quantile\` and \`rmst\` take the normal distribution for
  reference, which counts the variance as known. With ten clusters that costs four to six points (\`hajek\`, ratios,
  \`quantile\`, \`rmst\`: 88–91 %), with twelve units two to five. Use \`difference_in_means\`, \`ols\` or \`rank\` there: their t
  distribution has the degrees of freedom for it. From about 40 clusters or 30 units an arm nothing is left of it.
- **Small treated arm, skewed or rare outcome** (20 of 100): \`hajek\` and \`horvitz_thompson\` fall to 86–90 %, \`rmst\` to 91 %, as
  means do. Ratios stand on the log scale, where the estimate is nearly symmetric, and take the score interval if a cell is 0:
  95 % and more. For skewed numbers use \`rank\` or \`quantile\`.
- **\`variance_ratio\` of a skewed outcome**: 84–90 % in every design, and more people help slowly, since the fourth moment is
  hardly known. Take logarithms of the outcome first, or compare quantiles.
- **One unit of an arm in each block** (pairs; one treated of four): the bound in \`horvitz_thompson\` and \`hajek\`'s variance makes
  intervals too wide (97–99 %). \`difference_in_means\` has the right ones. \`rank\`, \`quantile\` and \`variance_ratio\` have no
  variance with one treated of four (-); \`rmst\` neither with pairs.
- **\`lee_bounds\`** counts how often the interval holds the effect among those who are seen in either arm. It holds the
  identified set's ends in 95 %, so what lies between them more often; that it is above 95 % is no fault.
- **\`iv\`** (first stage about 0.55): above 95 % with 12 and 30 units, where the first stage is noisy; where it is too weak there is
  no interval (in brackets), and the row says \`weak_first_stage\`.
- **\`log_rank\`** is a test: under no effect its interval holds 0 in 94–96 % everywhere, ten clusters included.

In these tables a number in brackets is the share of repetitions, in percent, without an interval; "-" is a design in which there
is none in more than nine of ten. An interval may have one end alone (ratios with a 0 cell). Truths: \`rank\` within blocks;
\`variance_ratio\` of the variances within blocks; \`quantile\` of everybody's outcomes; \`rmst\` up to a declared horizon of 0.5.
END
    "$program" "$repetitions"
} >"$page.new"
mv "$page.new" "$page"
echo "wrote $page"
