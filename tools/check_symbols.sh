#!/bin/sh
# check_symbols.sh BUILD - every symbol that a library exports begins with lem_, and no two have the same
set -eu
cd "$(dirname "$0")/.."
build=${1:-build}
for lib in "$build"/liblemma_*.a; do
    [ -e "$lib" ] || { echo "$build: no libraries; build first"; exit 1; }
    nm --extern-only --defined-only "$lib" 2>/dev/null | awk -v lib="$(basename "$lib")" '
        /\.o:$/ { object = $1; sub(/:$/, "", object) }
        NF == 3 && $3 !~ /^lem_/ && $3 !~ /^__(gcov|asan|odr|start|stop)/ { printf "%s(%s): exports %s\n", lib, object, $3 }'
done | { ! grep .; }
# The linker takes the first of two without a word.
nm --extern-only --defined-only "$build"/liblemma_*.a 2>/dev/null | awk 'NF == 3 && $3 ~ /^lem_/ && n[$3]++ == 1 { print $3 ": defined twice" }' | { ! grep .; }
