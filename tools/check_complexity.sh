#!/bin/sh
# check_complexity.sh [shrink] - functions over cyclomatic complexity 15, except those that tools/complexity.allow names with their present
# figure; with `shrink`, writes the list anew without what is at 15 or gone
set -eu
cd "$(dirname "$0")/.."
command -v pmccabe >/dev/null 2>&1 || { echo "pmccabe is not installed"; exit 77; }
list=tools/complexity.allow
new=$(mktemp)
trap 'rm -f "$new"' EXIT
status=0
# The first column counts a switch once, however many cases it has: a switch over an enum is a table.
find src tests bench -name '*.[ch]' | LC_ALL=C sort | xargs pmccabe | awk -v list="$list" -v new="$new" '
    BEGIN {
        limit = 15
        while ((getline line < list) > 0) {
            split(line, w, " ")
            if (line ~ /^#/) print line >new
            else if (w[1] != "") { listed[w[1]] = w[2] + 0; order[++n] = w[1] }
        }
    }
    {
        file = $6; sub(/\([0-9]+\):$/, "", file)
        at = $6; sub(/^.*\(/, "", at); sub(/\):$/, "", at)
        key = file ":" $7
        if ($1 + 0 > found[key]) { found[key] = $1 + 0; where[key] = at }
    }
    END {
        for (key in found) {
            allowed = (key in listed) ? listed[key] : limit
            if (found[key] <= allowed) continue
            name = key; sub(/^.*:/, "", name); file = key; sub(/:[^:]*$/, "", file)
            printf "%s:%d: %s() has complexity %d, %d allowed\n", file, where[key], name, found[key], allowed; bad++
        }
        for (i = 1; i <= n; i++) {
            key = order[i]; now = (key in found) ? found[key] : 0
            if (now > limit) printf "%s %d\n", key, (now < listed[key] ? now : listed[key]) >new
            if (now == 0) why = "is gone"
            else if (now <= limit) why = "has complexity " now
            else if (now < listed[key]) why = "has complexity " now ", listed with " listed[key]
            else { key ~ /^src\/(answer|grade)\// ? inside++ : outside++; continue }
            printf "%s: %s %s: shrink the list\n", list, key, why; bad++
        }
        if (!bad) printf "note: %d listed outside answer/ and grade/, %d inside\n", outside, inside
        exit bad > 0
    }' || status=$?
[ "${1:-}" != shrink ] || { cat "$new" >"$list"; exit 0; }
exit $status
