#!/bin/sh
# check_shell.sh - the shell scripts parse, and shellcheck has no complaint where it is installed
set -eu
cd "$(dirname "$0")/.."
for f in dev .ci/run tools/*.sh; do sh -n "$f"; done
command -v shellcheck >/dev/null 2>&1 || exit 0
shellcheck -S warning -s sh dev .ci/run tools/*.sh
