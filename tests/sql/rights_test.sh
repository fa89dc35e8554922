#!/bin/bash
# Who may do what: every role against every object with every verb, tried, and compared with the
# tables of docs/operations/rights.md.  --propose writes what was found into that page, to be reviewed.
. "$(dirname "$0")/common.sh"
. tests/sql/rights_data.sh
build_rights_data || { sed 's/^/# /' "$T/log"; echo "Bail out! no data of two agencies"; exit 1; }
perl tests/sql/rights_matrix.pl "$PG_BIN/psql" "$CONNINFO" "$@" docs/operations/rights.md
