#!/bin/sh
# check_purpose.sh - the first line of every source file is /* name - purpose */ and names the file
set -eu
cd "$(dirname "$0")/.."
find src tests bench -name '*.[ch]' | LC_ALL=C sort | xargs awk '
    FNR == 1 {
        n = split(FILENAME, p, "/")
        if ($0 !~ /^\/\* [A-Za-z0-9_\/.]+ - ./) { printf "%s: first line is not /* name - purpose */\n", FILENAME; bad++ }
        else { name = $2; m = split(name, q, "/"); stem = p[n]; sub(/\.[ch]$/, "", stem); if (q[m] != p[n] && q[m] != stem) { printf "%s: first line names %s\n", FILENAME, name; bad++ } }
    }
    END { exit bad > 0 }'
for f in dev .ci/run tools/*.sh tools/*.awk; do
    head -n 2 "$f" | grep -q "^# $(basename "$f").* - ." || { echo "$f: its first comment is not '# name - purpose'"; exit 1; }
done
