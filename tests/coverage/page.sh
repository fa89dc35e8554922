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

- Few units: \`lin\` falls to 90–93 % at 12 units. \`auto\` takes \`difference_in_means\` below 20 units, \`ols\`
  while an arm has fewer than 20, and interacts one covariate column for every 20 units of the smallest arm.
- Few clusters: counted in clusters, not in people, so that ten clusters of 20 do not pass for 200 units. CR2 with
  Satterthwaite's degrees of freedom holds 93–96 % with ten clusters, of unequal size too.
- Rare, skewed or count outcomes with a small treated arm (20 of 100, 50 of 1,000): every estimator is below 95 %, down to
  86 % where the treated arm expects one or two events. No choice among these three mends that: the t interval is symmetric and the
  estimate is not. \`auto\` does not hide it; for a binary outcome \`risk_ratio\` or \`odds_ratio\` (below) is the better
  question to ask, for a count \`rate_ratio\`.
- Small blocks with one treated unit each: Pashley and Miratrix's variance holds for normal outcomes; skewed and rare ones fall to
  89–93 %.

In the tables, \`auto\` is the default estimator; beside it stand the three that it chooses among, for the same data. *width*: mean
length of \`auto\`'s interval over that of \`difference_in_means\`. *no interval*: repetitions, in percent, in which \`auto\`
gave none (the row then has a reason).

## Contrasts and instruments: where coverage is poor, and what to do

- **Few units or clusters.** \`hajek\`, \`horvitz_thompson\`, the ratios, \`quantile\` and \`rmst\` take the normal distribution for
  reference, which counts the variance as known. With ten clusters \`hajek\`, the ratios, \`quantile\` and \`rmst\` hold 89–92 %; with
  12 units \`hajek\` 91–93 %, \`rmst\` 89 %. Use \`difference_in_means\`, \`ols\` or \`rank\` there: their t distribution has the
  degrees of freedom for it. With 30 units, or 40 clusters, 93 % and more; clusters of very unequal size want more of them
  (counts: 92 %).
- **Small treated arm, skewed or rare outcome** (20 of 100): \`hajek\` and \`horvitz_thompson\` fall to 86–90 %, \`rmst\` to 91 %, as
  means do; so does a \`lee_bounds\` of a skewed outcome (93 %). Ratios stand on the log scale, where the estimate is nearly
  symmetric, and take the score interval if a cell is 0: 94 % and more. For skewed numbers use \`rank\` or \`quantile\`.
- **\`variance_ratio\` of a skewed outcome**: 83–93 % in every design, and more people help slowly, since the fourth moment is
  hardly known. Take logarithms of the outcome first, or compare quantiles.
- **\`rmst\` in small blocks** with censoring before the horizon: 88 % with two units an arm. One of the two is often censored,
  and Greenwood's variance of the other is 0 (on average the variance is 0.7 of what it should be; more blocks do not mend that);
  besides, blocks not followed up to the horizon drop out, which the row says. Use \`log_rank\`, which needs no curve in the block, or
  larger blocks; five units an arm give 93 %.
- **One unit of an arm in each block** (pairs; one treated of four): the bound in \`horvitz_thompson\` and \`hajek\`'s variance makes
  most intervals too wide (97–100 %), which does not help a rare outcome (\`hajek\`: 90 %). \`difference_in_means\` has the right ones.
  \`rank\`, \`quantile\`, \`lee_bounds\` and \`variance_ratio\` have no variance with one treated of four ("-"), \`variance_ratio\` none
  below four units an arm, \`rmst\` none with pairs.
- **\`rank\`**: 93–97 % everywhere; above 96 % in small blocks, where Welch's degrees of freedom are cautious.
- **\`lee_bounds\`** counts how often the interval holds the effect among those who are seen in either arm. Its ends hold those of
  the identified set in 95 %, and so what lies between them more often: 95–99 % is no fault.
- **\`iv\`** (first stage about 0.55): 97–98 % with 12 and 30 units, where the first stage is noisy. A weak first stage is flagged
  (\`weak_first_stage\`), and \`detail\` has the Anderson–Rubin interval, which does not mind.
- **\`log_rank\`** is a test: under no effect its interval holds 0 in 94–95 % everywhere, ten clusters and pairs included.

## Agencies compared: what to know

- **Ranks** ([ranks of agencies](ranks-of-agencies.md)): with known standard errors the marginal sets hold in 94–100 %, the simultaneous ones in
  94–100 %. The least is at equal effects, where a set must hold all ranks; spread effects are held more often. The columns are the mean over
  agencies, the agency with the least (the lowest of k numbers, so below the mean by chance), and all at once. *width*: ranks in the set over k.
  With standard errors of 20 degrees of freedom 89 % of the simultaneous sets hold; with 100, 93 %.
- **Shares** ([distribution](distribution.md)): standard errors about 0.3 (log standard deviation 0.5), smallest effect 0.2. Intervals hold in
  98.6 % and more: they allow for every distribution of effects. *error*: root mean square of the estimate less the truth. *no interval*: repetitions, in
  percent, in which no distribution was compatible; 1,000 agencies have a quarter of the repetitions.

In these tables a number in brackets is the share of repetitions, in percent, without an interval; "-" is a design in which there
is none in more than nine of ten. An interval may have one end alone (ratios with a 0 cell). Truths: \`rank\` within blocks;
\`variance_ratio\` of the variances within blocks; \`quantile\` of everybody's outcomes; \`rmst\` up to a declared horizon of 0.5.
END
    "$program" "$repetitions"
} >"$page.new"
mv "$page.new" "$page"
echo "wrote $page"
