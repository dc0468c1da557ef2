#!/bin/sh
# check_unused.sh BUILD [shrink] - every exported symbol is used by another file of src/, or tools/unused.allow names it with a reason
#
# The reason "test seam" holds for as long as a test, a fuzz target or a benchmark uses the symbol. With `shrink` the list is written
# anew without what is used by now, or gone.
set -eu
cd "$(dirname "$0")/.."
build=${1:-build}
list=tools/unused.allow
new=$(mktemp)
trap 'rm -f "$new"' EXIT
status=0
# Objects of sources that are gone stay in a build folder: they are passed over.
find "$build" -name '*.c.o' | LC_ALL=C sort | while read -r o; do
    case $o in
    */lemma_*.dir/src/* | */lemma.dir/src/*) src=${o#*.dir/}; src=${src%.o}; [ -e "$src" ] || continue; part=src ;;
    *) part=tests ;;
    esac
    nm --extern-only "$o" | awk -v part="$part" -v o="$o" -v src="${src:-}" '{ print part, part == "src" ? src : o, $(NF - 1), $NF }'
done | awk -v list="$list" -v new="$new" '
    BEGIN {
        while ((getline line < list) > 0) {
            split(line, w, " ")
            if (line ~ /^#/) print line >new
            else if (w[1] != "") { text[w[1]] = line; listed[w[1]] = line ~ /test seam/ ? "seam" : "other"; order[++entries] = w[1] }
        }
    }
    $3 == "U" || $3 == "w" { if ($1 == "src") used[$4] = 1; else tested[$4] = 1; next }
    $1 == "src" && $4 ~ /^lem_/ && !($4 in home) { home[$4] = $2; symbol[++symbols] = $4 }
    END {
        for (i = 1; i <= symbols; i++) {
            s = symbol[i]
            if (s in used) continue
            if ((s in listed) && (listed[s] != "seam" || (s in tested))) continue
            if (s in tested) why = "is used by tests only: list it in tools/unused.allow as a test seam, or test it through what uses it"
            else if (s in listed) why = "is listed as a test seam, but no test uses it"
            else why = "is used by no other file: make it static, or delete it"
            printf "%s: %s %s\n", home[s], s, why; bad++
        }
        for (i = 1; i <= entries; i++) {
            s = order[i]
            if ((s in home) && !(s in used)) { print text[s] >new; continue }
            printf "%s: %s is %s: shrink the list\n", list, s, (s in home) ? "used in src/" : "gone"; bad++
        }
        if (!symbols) { print "no objects; build first"; bad++ }
        if (!bad && entries) printf "note: %d listed\n", entries
        exit bad > 0
    }' || status=$?
[ "${2:-}" != shrink ] || { cat "$new" >"$list"; exit 0; }
exit $status
