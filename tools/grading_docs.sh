#!/bin/sh
# grading_docs.sh BUILD - prints docs/grading.md with the tables of the comparison's rules as they are
set -eu
cd "$(dirname "$0")/.."
TABLES=$("${1:-build}/tests/answer_test_compare_table" --print)
export TABLES
awk '
    /^<!-- end of the order -->/ { skip = 0 }
    !skip { print }
    /^<!-- order of the rules -->/ { print ENVIRON["TABLES"]; skip = 1 }' docs/grading.md
