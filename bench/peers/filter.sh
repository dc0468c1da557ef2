#!/bin/sh
# filter.sh - lemma data filter beside the same filters in Python: verdicts row by row and speed, in one run
# usage: filter.sh LEMMA DATA WORK [MEGABYTES]    DATA: the shared files; WORK: an empty folder
set -eu
lemma=$1 data=$2 work=$3 mb=${4:-8}
here=$(dirname "$0")
python3 "$here/filter.py" rows "$data" "$work/rows.jsonl" "$((mb * 1000000))"
filter() { "$lemma" data filter "$work/rows.jsonl" "$@" --fresh --out "$work/kept.jsonl" --quiet; }
speed() { # NAME OPTIONS...: the best of three, in processor time
    name=$1
    shift
    best=
    for _ in 1 2 3; do
        s=$( { command time -f '%U %S' "$lemma" data filter "$work/rows.jsonl" "$@" --fresh --out "$work/kept.jsonl" --quiet >/dev/null; } 2>&1 | awk 'END { print $1 + $2 }')
        best=$(printf '%s %s' "$s" "$best" | awk '{ print ($2 == "" || $1 < $2) ? $1 : $2 }')
    done
    bytes=$(wc -c <"$work/rows.jsonl")
    echo "$bytes $best $name" | awk '{ printf "lemma, %s: %.1f MB in %.2f s of processor time, %.1f MB/s\n", $3, $1 / 1e6, $2, $1 / 1e6 / $2 }'
}
all="--preset acemath --script latin --arithmetic"
# shellcheck disable=SC2086 # the options are words
filter $all --dropped "$work/dropped.jsonl" >/dev/null
# shellcheck disable=SC2086
speed all $all
speed lengths --max-prompt-words 300 --max-response-words 2500
speed repetition --repetition
speed boxed --boxed
speed script --script latin
speed arithmetic --arithmetic
python3 "$here/filter.py" run "$work/rows.jsonl" "$work/python.txt"
python3 "$here/filter.py" compare "$work/dropped.jsonl" "$work/python.txt" "$(wc -l <"$work/rows.jsonl")"
