#!/bin/sh
# ctest.sh BUILD JOBS SUMMARY [ctest arguments] - ctest, its summary held back until the cases skipped inside programs are listed
# SUMMARY is a file that gets the summary instead of the screen, or "-".
set -eu
dir=$1 jobs=$2 summary=$3
shift 3
status_file="$dir/ctest.status"
{ rc=0; ctest --test-dir "$dir" --output-on-failure --no-label-summary --no-tests=error -j "$jobs" "$@" 2>&1 || rc=$?; echo "$rc" >"$status_file"; } |
    awk -v log_file="$dir/Testing/Temporary/LastTest.log" -v summary="$summary" '
        /% tests passed/ { held = 1 }
        held { tail = tail $0 "\n"; next }
        { print; fflush() }
        END {
            while ((getline line < log_file) > 0) {
                if (line ~ /^[0-9]+\/[0-9]+ Test: /) { name = line; sub(/^.*Test: /, "", name) }
                if (line ~ /^\[  SKIPPED \] /) { sub(/^\[  SKIPPED \] /, "", line); sub(/^[0-9]+ test\(s\).*/, "", line)
                    if (line != "" && !seen[name line]++) { n++; list = list "\t" name ": " line "\n" } }
            }
            if (n) printf "\n%d cases inside these programs were skipped (their input is absent here):\n%s", n, list
            if (summary != "-") printf "%s", tail >summary
            else printf "\n%s", tail
        }'
exit "$(cat "$status_file")"
