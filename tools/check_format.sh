#!/bin/sh
# check_format.sh - clang-format agrees with every source file (skipped where clang-format is absent)
set -eu
cd "$(dirname "$0")/.."
command -v clang-format >/dev/null 2>&1 || { echo "clang-format is not installed"; exit 77; }
find src tests bench -name '*.[ch]' | LC_ALL=C sort | while read -r f; do
    clang-format "$f" | cmp -s "$f" - || echo "$f: differs from ./dev fmt"
done | { ! grep .; }
