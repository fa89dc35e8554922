#!/usr/bin/env bash
# Ranks and shares of 2,000 agencies, on one core.      PILOT_BUILD=build
set -euo pipefail
cd "$(dirname "$0")/../.."
OPENBLAS_NUM_THREADS=1 "${PILOT_BUILD:-build}/bench/agency_figures"
