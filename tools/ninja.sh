#!/bin/sh
# ninja.sh BUILD JOBS [TARGET...] - compiles with progress: ninja's own on a terminal, elsewhere a line every ten seconds
set -eu
. "$(dirname "$0")/progress.sh"
dir=$1 jobs=$2
shift 2

# Measured: 62 s of processor time for 345 files.
announce_first_build() {
    [ ! -e "$dir/.ninja_log" ] || return 0
    files=$(grep -c '"file":' "$dir/compile_commands.json" || true)
    minutes=$(((files * 62 / 345 / jobs + 59) / 60))
    echo "dev: compiling $files files with $jobs processes, which takes about $minutes min on an idle machine" >&2
}

# Passes on what is not progress: warnings, errors and what failed.
watch_ninja() {
    while IFS= read -r line; do
        case $line in
        @@*)
            count=${line#@@}
            count=${count%%@@*}
            [ "${count#*/}" -lt 3 ] || show "dev: compiled ${count%/*} of ${count#*/}" # 1/2 is CMake
            ;;
        'ninja: Entering directory'* | 'ninja: no work to do.') ;;
        *) printf '%s\n' "$line" >&2 ;;
        esac
    done
}

announce_first_build
if [ -n "$progress_tty" ] && [ "${TERM:-dumb}" != dumb ]; then
    cd "$dir"
    NINJA_STATUS='[%f/%t %es] ' exec ninja -j "$jobs" "$@" >&2
fi
status_file="$dir/ninja.status"
{ rc=0; NINJA_STATUS='@@%f/%t@@' ninja -C "$dir" -j "$jobs" "$@" 2>&1 || rc=$?; echo "$rc" >"$status_file"; } | watch_ninja
exit "$(cat "$status_file")"
