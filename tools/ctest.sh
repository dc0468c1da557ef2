#!/bin/sh
# ctest.sh BUILD JOBS SUMMARY [ctest arguments] - ctest, its summary held back until the cases skipped inside programs are listed
# SUMMARY is a file that gets the summary instead of the screen, or "-".
set -eu
dir=$1 jobs=$2 summary=$3
shift 3
status_file="$dir/ctest.status"
tail_file="$dir/ctest.summary"

# Line by line as they come; awk would wait for a full buffer.
pass_on() {
    : >"$tail_file"
    held=
    while IFS= read -r line; do
        case $line in *'% tests passed'*) held=1 ;; esac
        if [ -n "$held" ]; then printf '%s\n' "$line" >>"$tail_file"; else printf '%s\n' "$line"; fi
    done
}

skipped_cases() {
    awk '
        /^[0-9]+\/[0-9]+ Test: / { name = $0; sub(/^.*Test: /, "", name) }
        /^\[  SKIPPED \] / {
            line = $0; sub(/^\[  SKIPPED \] /, "", line); sub(/^[0-9]+ test\(s\).*/, "", line)
            if (line != "" && !seen[name line]++) { n++; list = list "\t" name ": " line "\n" }
        }
        END { if (n) printf "\n%d cases inside these programs were skipped (their input is absent here):\n%s", n, list }' "$1"
}

{ rc=0; ctest --test-dir "$dir" --output-on-failure --no-label-summary --no-tests=error -j "$jobs" "$@" 2>&1 || rc=$?; echo "$rc" >"$status_file"; } | pass_on
log="$dir/Testing/Temporary/LastTest.log"
[ ! -e "$log" ] || skipped_cases "$log"
if [ "$summary" = - ]; then
    echo
    cat "$tail_file"
else
    cp "$tail_file" "$summary"
fi
exit "$(cat "$status_file")"
