#!/usr/bin/env bash
# One effect in two thousand agencies, on one core; and, where R has metafor, how many times longer its
# rma and influence take for COMPARED agencies (for two thousand they would take hours).
#   PILOT_BUILD=build COMPARED=200
set -euo pipefail
cd "$(dirname "$0")/../.."
program=${PILOT_BUILD:-build}/bench/comparison_figures
compared=${COMPARED:-200}
export OPENBLAS_NUM_THREADS=1
"$program"
Rscript -e 'quit(status = !requireNamespace("metafor", quietly = TRUE))' >/dev/null 2>&1 || exit 0
data=$(mktemp)
trap 'rm -f "$data"' EXIT
"$program" --data "$compared" >"$data"
theirs=$(Rscript - "$data" <<'R'
suppressMessages(library(metafor))
d <- read.csv(commandArgs(TRUE)[1])
cat(system.time(influence(rma(d$yi, d$vi, method = "REML", test = "knha")))[["elapsed"]])
R
)
ours=$("$program" --seconds "$compared")
awk -v ours="$ours" -v theirs="$theirs" -v compared="$compared" 'BEGIN {
    ratio = theirs / ours
    verdict = ratio >= 100 ? "met" : "missed"
    printf "metafor: rma and influence of %d agencies, against ours\t%.0f\ttimes\t>= 100\t%s\n", compared, ratio, verdict
}'
