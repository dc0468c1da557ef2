#!/bin/bash
# synth_kills.sh LEMMA FAULTD ITEMS KILLS - a synthesis with 30 % faults, killed at random moments: each item once or dead, none billed twice
# The issue's figures are 10000 items and 200 kills (about four minutes).
set -u
lemma=$(readlink -f "$1") faultd=$(readlink -f "$2") items=$3 kills=$4
dir=$(mktemp -d /tmp/lemma-synth-XXXXXX)
fail() { echo "FAILED: $*"; exit 1; }
cd "$dir" || exit 1
mkfifo hold
"$faultd" --rate 0.3 --seed 7 --after 0 --delay 0.05 --bills bills <hold >port 2>server.txt &
server=$!
exec 9>hold
trap 'kill $server 2>/dev/null; rm -rf "$dir"' EXIT
for _ in $(seq 200); do [ -s port ] && break; sleep 0.05; done
[ -s port ] || fail "no server"
for i in $(seq "$items"); do echo "{\"id\":\"p$i\",\"problem\":\"Add $i and $((i * 7 % 1000))\"}"; done >p.jsonl
set -- synth answer p.jsonl --endpoint "http://127.0.0.1:$(cat port)/v1" --teacher t --suffix '' --out a.jsonl \
    --max-tokens 20 --concurrency 16 --timeout 3 --retry-base 0.01 --max-failed 1 --quiet

# All kills fall into the work.
done=0 runs=0 RANDOM=5
longest=$((items * 4 / kills)) # milliseconds: about half of what the items take, over the kills
while [ $done -lt "$kills" ] && [ ! -e a.jsonl.manifest.json ]; do
    runs=$((runs + 1))
    "$lemma" "$@" >/dev/null 2>said.txt &
    pid=$!
    sleep "$(printf '0.%03d' $((RANDOM % (longest < 999 ? longest : 999) + 20)))"
    kill -9 $pid 2>/dev/null && done=$((done + 1))
    wait $pid 2>/dev/null
done
begun=$done
for _ in 1 2 3 4 5 6; do "$lemma" "$@" --json >told.json 2>said.txt; rc=$?; [ $rc = 6 ] || break; done
[ $rc = 0 ] || { cat said.txt; fail "status $rc"; }
[ $((begun * 4)) -ge $((kills * 3)) ] || fail "only $begun kills before it was complete"

# each item once: in the result or among the dead letters
id() { sed 's/^{"id":"\([^"]*\)".*/\1/' "$1"; }
{ id a.jsonl; id a.jsonl.dead.jsonl; } | sort >ids
[ "$(wc -l <ids)" = "$items" ] && [ "$(sort -u ids | wc -l)" = "$items" ] || fail "$(wc -l <ids) rows of $items items"
# each with the reply to its own prompt
wrong=$(sed -n 's/.*"content":"\(Add [^"]*\)"},{"role":"assistant","content":"\[\[\([^]]*\)\]\].*/\1|\2/p' a.jsonl | awk -F'|' '$1 == $2 { n++ } END { print n + 0 }')
[ "$wrong" = "$(wc -l <a.jsonl)" ] || fail "$wrong of $(wc -l <a.jsonl) rows have the reply to their prompt"
# none billed twice, and what was billed is in the result, or among the dead letters as such
twice=$(cut -d' ' -f1 bills | sort | uniq -d | wc -l)
[ "$twice" = 0 ] || fail "$twice requests were billed twice"
billed=$(wc -l <bills)
unsure=$(grep -cE '"_billed":"(maybe|yes)"' a.jsonl.dead.jsonl)
[ "$billed" -le $(($(wc -l <a.jsonl) + unsure)) ] || fail "$billed bills, but $(wc -l <a.jsonl) rows and $unsure dead letters that may have been billed"
# the ledger holds at least the tokens that were billed
tokens=$(awk '{ n += $2 } END { print n }' bills)
held=$(sed 's/.*"prompt_tokens":\([0-9]*\),"completion_tokens":\([0-9]*\).*/\1 \2/' told.json | awk '{ print $1 + $2 }')
[ "$held" -ge "$tokens" ] || fail "$tokens tokens were billed, the ledger holds $held"
echo "$items items, $begun kills: $(wc -l <a.jsonl) answered, $(wc -l <a.jsonl.dead.jsonl) dead letters ($unsure may have been billed), $billed bills, none twice; $tokens tokens billed, $held in the ledger"
