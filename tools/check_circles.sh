#!/bin/sh
# check_circles.sh BUILD - no circles between the files of a folder, except as many as tools/circles.allow grants a folder
#
# An arrow A -> B stands for a symbol that A uses and B, of the same library, defines. A circle is a set of files each of which
# reaches each other one. Counted are the files that lie in circles: that number falls with every arrow that is taken out well.
set -eu
cd "$(dirname "$0")/.."
build=${1:-build}
for dir in "$build"/CMakeFiles/lemma_*.dir; do
    [ -d "$dir/src" ] || continue
    # Objects of sources that are gone stay in a build folder: they are passed over.
    find "$dir/src" -name '*.c.o' | LC_ALL=C sort | while read -r o; do
        src=${o#"$dir"/}
        src=${src%.o}
        [ -e "$src" ] || continue
        nm --extern-only "$o" | awk -v src="$src" '{ print src, $(NF - 1), $NF }'
    done
done | awk '
    BEGIN {
        while ((getline line < "tools/circles.allow") > 0) {
            split(line, w, " ")
            if (line !~ /^#/ && w[1] != "") { listed[w[1]] = w[2] + 0; order[++entries] = w[1] }
        }
    }
    function library(path, p) { split(path, p, "/"); return p[2] }
    # The deepest folder that holds both, without "src/".
    function common(a, b, p, q, n, i, out) {
        n = split(a, p, "/"); split(b, q, "/"); out = ""
        for (i = 2; i < n && p[i] == q[i]; i++) out = out (out == "" ? "" : "/") p[i]
        return out
    }
    # Marks in reach[from, *] what can be come to from `from`.
    function walk(from, todo, n, at, i) {
        n = 1; todo[1] = from
        while (n) {
            at = todo[n--]
            for (i = 1; i <= arrows[at]; i++) {
                if ((from, arrow[at, i]) in reach) continue
                reach[from, arrow[at, i]] = 1; todo[++n] = arrow[at, i]
            }
        }
    }
    !($1 in seen) { seen[$1] = 1; file[++files] = $1 }
    $2 == "U" || $2 == "w" { uses[++n_uses] = $1 " " $3; next }
    { home[library($1), $3] = $1 }
    END {
        for (i = 1; i <= n_uses; i++) {
            split(uses[i], w, " "); key = library(w[1]) SUBSEP w[2]
            if (!(key in home) || home[key] == w[1] || (w[1], home[key]) in has) continue
            has[w[1], home[key]] = 1; arrow[w[1], ++arrows[w[1]]] = home[key]
        }
        for (i = 1; i <= files; i++) walk(file[i])
        for (i = 1; i <= files; i++) {
            a = file[i]
            if ((a in placed) || !((a, a) in reach)) continue
            folder = a; sub(/^src\//, "", folder); sub(/\/[^\/]*$/, "", folder); text = ""; size = 0
            for (j = i; j <= files; j++) {
                b = file[j]
                if (!((a, b) in reach) || !((b, a) in reach)) continue
                placed[b] = 1; size++; text = text " " b; folder = common("src/" folder "/", b)
            }
            inside[folder] += size; circles[folder] = circles[folder] sprintf("src/%s: a circle of %d files:%s\n", folder, size, text)
        }
        for (folder in inside) {
            allowed = (folder in listed) ? listed[folder] : 0
            if (inside[folder] <= allowed) continue
            printf "%s", circles[folder]; bad++
            if (allowed) printf "src/%s: %d files lie in circles, %d allowed\n", folder, inside[folder], allowed
        }
        for (i = 1; i <= entries; i++) {
            total += listed[order[i]]
            if (inside[order[i]] + 0 >= listed[order[i]]) continue
            printf "tools/circles.allow: %s has %d files in circles, listed with %d: shrink the list\n", order[i], inside[order[i]] + 0, listed[order[i]]; bad++
        }
        if (!files) { print "no objects; build first"; bad++ }
        if (!bad && total) printf "note: %d files lie in circles that the list grants\n", total
        exit bad > 0
    }'
