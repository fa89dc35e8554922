#!/usr/bin/env bash
# Every benchmark, then the figures alone: name, figure, unit, goal, met|missed; tab-separated.
set -uo pipefail
cd "$(dirname "$0")/../.."
figures=$(mktemp)
trap 'rm -f "$figures"' EXIT
for bench in tests/bench/*.sh; do
    case $bench in */all.sh | */common.sh) continue ;; esac
    echo "# $bench" >&2
    bash "$bench" | grep -P '^[^\t]+\t[^\t]+\t[^\t]*\t[^\t]*\t(met|missed)$' >>"$figures" ||
        printf '%s\t\t\t\tmissed\n' "$(basename "$bench" .sh): no figure" >>"$figures"
done
cat "$figures"
