#!/bin/sh
# qwen.sh - lemma grade --policy qwen against the real Qwen2.5-Math grader: verdict table and speed in one run
# usage: qwen.sh LEMMA SOURCES DATA WORK    SOURCES: evaluation/{parser,grader}.py and l2s/ (latex2sympy) beside ../venv; WORK: an empty folder
set -eu
lemma=$1 sources=$2 data=$3 work=$4
here=$(dirname "$0")
python3 "$here/qwen.py" pairs "$data" "$work/pairs" > /dev/null
mkdir -p "$work/oracle" "$work/ours"
for pairs in "$work"/pairs/*.jsonl; do
    set=$(basename "$pairs" .jsonl)
    case $set in
    math800) fields="--pred-field response --responses --task math" ;;
    gsm8k5276) fields="--pred-field response --responses --task gsm8k" ;;
    *_minerva) fields="--pred-field pred --task minerva" ;;
    *) fields="--pred-field pred --task math" ;;
    esac
    echo "== $set"
    # shellcheck disable=SC2086 # the fields are words
    "$lemma" grade "$pairs" --gold-field gold $fields --policy qwen --out "$work/ours/$set.jsonl" 2>&1 | grep row
    "$sources/../venv/bin/python" -W ignore "$here/qwen.py" run "$sources" "$pairs" "$work/oracle/$set.jsonl"
    python3 "$here/qwen.py" table "$work/oracle/$set.jsonl" "$work/ours/$set.jsonl"
done
