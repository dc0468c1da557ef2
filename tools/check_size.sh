#!/bin/sh
# check_size.sh - functions over 80 lines and files over 1000, except those that tools/size.allow names with a limit and a reason
set -eu
cd "$(dirname "$0")/.."
find src tests bench -name '*.[ch]' | LC_ALL=C sort | LC_ALL=C xargs awk '
    BEGIN { while ((getline line < "tools/size.allow") > 0) { split(line, w, " "); if (line !~ /^#/ && w[1] != "") allow[w[1]] = w[2] + 0 } }
    function close_file() {
        limit = (file in allow) ? allow[file] : 1000
        if (lines > limit) { printf "%s: %d lines, %d allowed\n", file, lines, limit; bad++ }
    }
    FNR == 1 { if (file != "") close_file(); file = FILENAME; inside = 0; header = "" }
    { lines = FNR }
    { columns = $0; gsub(/[\200-\277]/, "", columns) } # bytes of UTF-8 that continue a character take no column
    length(columns) > 110 { printf "%s:%d: %d columns, 110 allowed\n", FILENAME, FNR, length(columns); bad++ }
    !inside && /^[A-Za-z_].*\(/ { header = $0; start = FNR }
    !inside && /^[^#\/ \t].*\{$|^\{$/ && header != "" && $0 !~ /^(struct|union|enum|typedef|extern "C")/ && $0 !~ /=[ ]*\{$/ {
        name = header; sub(/\(.*/, "", name); sub(/.*[ *]/, "", name); inside = 1; next
    }
    inside && /^\}/ {
        n = FNR - start + 1; key = FILENAME ":" name; limit = (key in allow) ? allow[key] : 80
        if (n > limit) { printf "%s:%d: %s() has %d lines, %d allowed\n", FILENAME, start, name, n, limit; bad++ }
        inside = 0; header = ""
    }
    !inside && /;[ \t]*(\/\*.*)?$/ { header = "" }
    END { close_file(); exit bad > 0 }'
