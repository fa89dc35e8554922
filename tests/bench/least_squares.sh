#!/usr/bin/env bash
# Least squares alone, on one core.      PILOT_BUILD=build
set -euo pipefail
cd "$(dirname "$0")/../.."
OPENBLAS_NUM_THREADS=1 "${PILOT_BUILD:-build}/bench/ols_figures"
