#!/bin/sh
# check_statics.sh BUILD - no mutable static storage: nothing in .data, .bss, .tdata or .tbss but what tools/statics.allow names with a reason
set -eu
cd "$(dirname "$0")/.."
build=${1:-build}
for lib in "$build"/liblemma_*.a; do
    [ -e "$lib" ] || { echo "$build: no libraries; build first"; exit 1; }
    objdump -t "$lib" 2>/dev/null | awk -v lib="$(basename "$lib")" '
        BEGIN { while ((getline line < "tools/statics.allow") > 0) { split(line, w, " "); if (line !~ /^#/ && w[1] != "") allow[w[1]] = 1 } }
        /file format/ { object = $1; sub(/:$/, "", object) }
        {
            for (i = 1; i <= NF; i++) if ($i ~ /^\.(data|bss|tdata|tbss)/ || $i == "*COM*") break
            if (i > NF || $i ~ /^\.data\.rel\.ro/) next
            size = $(i + 1); name = $NF
            if (size ~ /^0+$/ || name ~ /^\./) next
            plain = name; sub(/\.[0-9]+$/, "", plain)
            if (!(plain in allow)) printf "%s(%s): %s in %s\n", lib, object, name, $i
        }'
done | { ! grep .; }
