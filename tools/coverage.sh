#!/bin/sh
# coverage.sh BUILD - share of executed lines per folder of src/, from gcov counters
set -eu
cd "$(dirname "$0")/.."
build=$(cd "${1:-build-cov}" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
find "$build" -path '*lemma_*.dir*' -name '*.gcda' | while read -r f; do
    (cd "$work" && gcov -n -s "$PWD" "$f" 2>/dev/null) || true
done | awk '
    /^File / { file = $0; gsub(/^File .|.$/, "", file) }
    /^Lines executed:/ && file ~ /src\/[a-z]+\/.*\.c$/ {
        folder = file; sub(/.*src\//, "", folder); sub(/\/.*/, "", folder)
        share = $2; sub(/executed:/, "", share); sub(/%/, "", share); n = $4
        total[folder] += n; hit[folder] += n * share / 100; file = ""
    }
    END { for (f in total) printf "%-10s %6.1f %%  of %6d lines\n", f, 100 * hit[f] / total[f], total[f] }' | LC_ALL=C sort
