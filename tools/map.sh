#!/bin/sh
# map.sh - prints the tree as Markdown, from the first line of every file
set -eu
cd "$(dirname "$0")/.."
echo "# Map of the tree"
echo
echo "Made by \`./dev map\` from the first line of each file."
find src tests bench -name '*.[ch]' | LC_ALL=C sort | xargs awk '
    FNR == 1 {
        dir = FILENAME; sub(/\/[^\/]*$/, "", dir); base = FILENAME; sub(/.*\//, "", base)
        if (dir != last) { printf "\n## %s\n\n", dir; last = dir }
        text = $0; sub(/^\/\* [^ ]+ - /, "", text); sub(/ *\*\/.*$/, "", text)
        printf "- `%s` %s\n", base, text
    }'
