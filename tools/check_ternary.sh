#!/bin/sh
# check_ternary.sh [shrink] - at most one ?: in a line, outside tables at file scope, but for as many lines a file as tools/ternary.allow
# grants; with `shrink`, writes the list anew with what is left
set -eu
cd "$(dirname "$0")/.."
list=tools/ternary.allow
new=$(mktemp)
trap 'rm -f "$new"' EXIT
status=0
find src tests bench -name '*.[ch]' | LC_ALL=C sort | xargs awk -f tools/strip.awk | awk -v list="$list" -v new="$new" '
    BEGIN {
        while ((getline line < list) > 0) {
            split(line, w, " ")
            if (line ~ /^#/) print line >new
            else if (w[1] != "") { listed[w[1]] = w[2] + 0; order[++n] = w[1] }
        }
    }
    {
        f = $0; sub(/:.*/, "", f)
        rest = substr($0, length(f) + 2); at = rest; sub(/:.*/, "", at); text = substr(rest, length(at) + 2)
        if (f != last) { depth = 0; table = -1; last = f; file[++files] = f }
        # A brace behind "=", at file scope or of a static const array, opens a table until it closes.
        if (table < 0 && text ~ /=[ \t]*\{/ && (depth == 0 || text ~ /static const/)) table = depth
        was_table = table
        t = text; depth += gsub(/\{/, "", t); depth -= gsub(/\}/, "", t)
        if (depth <= table) table = -1
        if (text ~ /^[ \t]*#/) next
        marks = gsub(/\?/, "", text)
        if (marks < 2 || was_table >= 0) next
        found[f]++; where[f] = where[f] sprintf("%s:%s: %d ?: in a line\n", f, at, marks)
    }
    END {
        for (i = 1; i <= files; i++) {
            f = file[i]
            if (!(f in found)) continue
            allowed = (f in listed) ? listed[f] : 0
            if (found[f] <= allowed) continue
            printf "%s", where[f]; bad++
            if (allowed) printf "%s: %d such lines, %d allowed\n", f, found[f], allowed
        }
        for (i = 1; i <= n; i++) {
            f = order[i]; now = (f in found) ? found[f] : 0; total += now
            if (now) printf "%s %d\n", f, (now < listed[f] ? now : listed[f]) >new
            if (now >= listed[f]) continue
            printf "%s: %s has %d such lines, listed with %d: shrink the list\n", list, f, now, listed[f]; bad++
        }
        if (!bad && total) printf "note: %d lines listed\n", total
        exit bad > 0
    }' || status=$?
[ "${1:-}" != shrink ] || { cat "$new" >"$list"; exit 0; }
exit $status
