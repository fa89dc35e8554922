#!/bin/bash
# The main job on real data: Tennessee STAR, kindergarten; 79 schools, three arms, two outcomes.
# Run by `make demo`; the commands that it ends with work as they stand.
#   PILOT_DEMO_DIR   where the data goes (default: /tmp/pilot-demo-<uid>; `rm -r` it when done); the report
#                    stands beside it, under the same name with .html
set -euo pipefail
cd "$(dirname "$0")/../.."
pilot=${PILOT_BUILD:-build}/pilot
dir=${PILOT_DEMO_DIR:-/tmp/pilot-demo-$(id -u)}
exec "$pilot" run deploy/demo/star_kindergarten.yaml deploy/demo/star_kindergarten.csv --dir "$dir" \
    --report "$dir.html"
