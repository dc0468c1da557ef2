#!/bin/sh
# map.sh - prints the tree as Markdown, from the purpose at the head of every file
set -eu
cd "$(dirname "$0")/.."
echo "# Map of the tree"
echo
echo "Made by \`./dev map\` from the purpose at the head of each file."
find src tests bench -name '*.[ch]' | LC_ALL=C sort | xargs awk '
    # A purpose goes on over the lines of its comment, until that ends or has an empty line.
    FNR == 1 {
        dir = FILENAME; sub(/\/[^\/]*$/, "", dir); base = FILENAME; sub(/.*\//, "", base)
        if (dir != last) { printf "%s\n## %s\n\n", end, dir; last = dir; end = "" }
        text = $0; sub(/^\/\* [^ ]+ - /, "", text); more = text !~ /\*\//; sub(/ *\*\/.*$/, "", text)
        printf "%s- `%s` %s", end, base, text; end = "\n"; next
    }
    more {
        more = !index($0, "*/"); text = $0; sub(/ *\*\/.*$/, "", text); sub(/^ *\* ?/, "", text)
        if (text == "") more = 0; else printf " %s", text
    }
    END { printf "%s", end }'
