#!/bin/sh
# Dependencies point downwards only: who may include what.  Prints each breach; exit 1 if any.
#   tests/harness/include-laws.sh            over the tree
set -eu
cd "$(dirname "$0")/../.."
breaches=$(mktemp)
trap 'rm -f "$breaches"' EXIT


check() { # folder, extended regex of forbidden includes, why
    grep -nE "^#include [<\"]($2)" -r "$1" --include='*.c' --include='*.h' 2>/dev/null |
        while IFS= read -r line; do echo "$line: $3"; done >>"$breaches"
}
check lib/base 'libpq|zmq|gsl|yaml|csv|pilot\.pb-c|pilot/(plan|frame|estimate|ols|dim|meta|database|cluster|wire)' \
    'lib/base knows nothing of ours and no service library'
check lib/stat 'libpq|zmq|yaml|csv|pilot\.pb-c|pilot/(log|plan|database|cluster|migrate|wire|spec|options)|unistd|sys/|stdio_ext|time\.h' \
    'lib/stat is pure: no I/O, no log, no other room'
check lib/plan 'libpq|zmq|gsl|csv|pilot/(database|cluster|ols|dim|meta)' 'lib/plan knows base and proto only'
check lib/wire 'libpq|gsl|yaml|csv|pilot/(database|cluster|ols|dim|meta)' 'lib/wire knows base, proto, plan and libzmq only'
check lib/store 'zmq|gsl|yaml|csv|pilot\.pb-c|pilot/(plan|wire|ols|dim|meta)' 'lib/store knows base and libpq only'
check coordinator 'gsl|cblas|lapacke|pilot/(ols|pooled_ols|dim|meta|quality|design_matrix)' \
    'the coordinator computes no statistics'
check cli 'gsl|cblas|lapacke|pilot/(ols|pooled_ols|dim|meta|quality|design_matrix)' 'the tool computes no statistics'
for room in coordinator worker cli; do
    for other in coordinator worker cli; do
        [ $room = $other ] || check $room "(\.\./)*$other/" "$room may not reach into $other"
    done
done
check lib '(\.\./)+(coordinator|worker|cli)/' 'lib reaches upwards'

sort -u "$breaches"
[ ! -s "$breaches" ]
