#!/bin/bash
# Writes docs/methods/coverage.md: what was simulated, and the tables.
#   tests/coverage/page.sh PROGRAM REPETITIONS PAGE
set -euo pipefail
program=$1 repetitions=$2 page=$3
trap 'rm -f "$page.new"' EXIT
{
    cat <<END
# Coverage: how often a 95 % interval holds the effect

Made by \`make coverage\` (\`tests/coverage\`), $repetitions repetitions a cell, seed 1985. A share of 95 % has a
Monte-Carlo error of $(awk "BEGIN {printf \"%.1f\", 100 * sqrt(.95 * .05 / $repetitions)}") points; below 93 % it is **bold**.

Each repetition draws new people: three covariates (one binary) that explain part of the outcome, an effect that differs from
person to person and with a covariate, blocks with outcomes of their own, clusters that share an effect (intra-cluster correlation
about 0.15). The truth is the mean effect in the population, from a million people. Outcomes: normal; skewed (log-normal,
skewness about 6); binary with a share of about one half; rare (about 6 %); count.

\`auto\` is the default estimator; beside it the three that it chooses among, for the same data. *width*: mean length of
\`auto\`'s interval over that of \`difference_in_means\`. *no interval*: repetitions, in percent, in which \`auto\` gave none
(the row then has a reason).

## Where coverage is poor, and what \`auto\` does about it

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

## The tables
END
    "$program" "$repetitions"
} >"$page.new"
mv "$page.new" "$page"
echo "wrote $page"
