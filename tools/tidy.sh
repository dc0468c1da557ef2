#!/bin/sh
# tidy.sh BUILD JOBS [quick] [FILE...] - clang-tidy over src/ or those files; quick leaves out the analyzer, which takes most of the time
set -eu
build=$1 jobs=$2
shift 2
quick=
if [ "${1:-}" = quick ]; then
    quick='--checks=-clang-analyzer-*'
    shift
fi
if [ $# -eq 0 ]; then
    # shellcheck disable=SC2046
    set -- $(find src -name '*.c' | sort)
fi
log="$build/tidy.log"

# One file a process: version 14 no longer knows va_start in the second.
look() { xargs -r -P "$jobs" -n 1 clang-tidy -p "$build" --quiet ${quick:+"$quick"} "$@" >>"$log" 2>>"$log.err"; }

: >"$log"
: >"$log.err"
rc=0
printf '%s\n' "$@" | grep -vx src/core/err.c | look --extra-arg=-include --extra-arg="$PWD/tools/tidy.h" || rc=1
printf '%s\n' "$@" | grep -x src/core/err.c | look || rc=1 # where lem_fail is made
found=$(grep -E '(warning|error): ' "$log" | sort -u | wc -l)
if [ "$found" -gt 0 ]; then cat "$log" >&2; fi
if [ "$found" -eq 0 ] && [ "$rc" -ne 0 ]; then cat "$log.err" >&2; fi
echo "tidy: $found findings in $# files"
[ "$found" -eq 0 ] && [ "$rc" -eq 0 ]
