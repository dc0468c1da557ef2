#!/bin/sh
# progress.sh - sourced: `show TEXT` rewrites one line on a terminal, and elsewhere prints a line every ten seconds

progress_interval=10
progress_last=$(date +%s) # so that work shorter than the interval prints nothing
progress_start=$progress_last
if [ -t 2 ]; then progress_tty=1; else progress_tty=; fi

# The terminal's line is cut at its width, lest it wrap and stay.
show() {
    if [ -n "$progress_tty" ]; then
        printf '\r\033[K%.*s' "$(($(progress_columns) - 1))" "$*" >&2
        return 0
    fi
    progress_now=$(date +%s)
    [ $((progress_now - progress_last)) -ge $progress_interval ] || return 0
    progress_last=$progress_now
    printf '%s, %s\n' "$*" "$(show_elapsed)" >&2
}

progress_columns() {
    progress_size=$(stty size 2>/dev/null <&2) || progress_size=
    progress_size=${progress_size#* }
    case $progress_size in '' | 0 | *[!0-9]*) progress_size=80 ;; esac
    echo "$progress_size"
}

show_end() {
    [ -z "$progress_tty" ] || printf '\r\033[K' >&2
}

# Minutes and seconds since the beginning, as 1:05.
show_elapsed() {
    progress_now=$(($(date +%s) - progress_start))
    printf '%d:%02d' $((progress_now / 60)) $((progress_now % 60))
}
