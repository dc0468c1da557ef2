#!/bin/sh
# ci.sh - the checks, every test, and the fast suites again under ASan and UBSan; ends with ctest's summary
# The sweeps of kills and faults and the scripts of the command line run in the release build only: they start the program hundreds of times.
set -eu
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0 stop=

# part NAME COMMAND...: its minutes and its verdict go into the table. After a failed build nothing that needs it runs.
part() {
    name=$1
    shift
    if [ -n "$stop" ]; then
        printf '%-16s %7s  %s\n' "$name" - "not run" >>"$work/table"
        return 0
    fi
    printf '\n== %s\n' "$name"
    began=$(date +%s) verdict=ok
    "$@" || { verdict=FAILED failed=1; }
    took=$(($(date +%s) - began))
    printf '%-16s %7s  %s\n' "$name" "$(minutes "$took")" "$verdict" >>"$work/table"
    case $name:$verdict in *setup:FAILED | *build:FAILED) stop=1 ;; esac
}

minutes() { awk -v s="$1" 'BEGIN { printf "%.1f", s / 60 }'; }

load() { cut -d' ' -f1 /proc/loadavg 2>/dev/null || echo '?'; }

# Of all tests; that of the sanitized suites follows only where it says that something failed.
summaries() {
    [ ! -e "$work/release" ] || { echo; cat "$work/release"; }
    [ -e "$work/sanitized" ] || return 0
    grep -q ' 0 tests failed' "$work/sanitized" || { printf '\nunder ASan and UBSan:\n'; cat "$work/sanitized"; }
}

start=$(date +%s) load_before=$(load)
part setup ./dev setup check
part build ./dev build release --werror
part check ./dev check
part tests ./dev test release --summary "$work/release"
part "sanitized build" ./dev build dev --werror -L unit -L ops -L golden -L far -L fuzz
part "sanitized tests" ./dev test dev -L unit -L ops -L golden -L far -L fuzz --summary "$work/sanitized"
printf '\npart             minutes\n'
cat "$work/table"
printf '%-16s %7s  on %s processors, load %s before and %s after\n' all "$(minutes $(($(date +%s) - start)))" "$(getconf _NPROCESSORS_ONLN)" "$load_before" "$(load)"
summaries
exit "$failed"
