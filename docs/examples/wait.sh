#!/bin/sh
# Run a command when an analysis ends, when it is released and when it is taken back, of whichever pilot;
# the command's last argument is the analysis' number.
#   docs/examples/wait.sh COMMAND [ARGUMENT...]
# The connection is libpq's: PGHOST, PGDATABASE, PGUSER, PGSSLMODE, a password in ~/.pgpass.  psql tells of
# a notification when it has run a statement: so it is given an empty one every second.
[ $# -gt 0 ] || { echo "wait.sh COMMAND [ARGUMENT...]" >&2; exit 2; }
{ echo 'LISTEN pilot_results;'; while sleep 1 && echo 'DO $$ BEGIN END $$;'; do :; done; } |
    psql -Xq -v ON_ERROR_STOP=1 |
    sed -nu 's/^Asynchronous notification "pilot_results" with payload "\([0-9]*\)".*/\1/p' |
    while read -r analysis; do "$@" "$analysis" </dev/null; done
