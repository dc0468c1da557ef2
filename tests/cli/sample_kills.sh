#!/bin/bash
# sample_kills.sh LEMMA FAULTD ROWS KILLS - candidates and rollouts of servers, killed at random moments: the rows of an uninterrupted run, none asked for again
# that was there, none billed twice but as far as --resend says
set -u
lemma=$(readlink -f "$1") faultd=$(readlink -f "$2") rows=$3 kills=$4
dir=$(mktemp -d /tmp/lemma-remote-XXXXXX)
fail() { echo "FAILED: $*"; exit 1; }
cd "$dir" || exit 1
servers=()
trap '[ ${#servers[@]} -eq 0 ] || kill "${servers[@]}" 2>/dev/null; rm -rf "$dir"' EXIT
# serve NAME OPTIONS…: a server that ends with us; its port into the file NAME.port
serve() {
    local name=$1
    shift
    mkfifo "$name.hold"
    "$faultd" --vary 1 --logprobs 1 --bills "$name.bills" "$@" <"$name.hold" >"$name.port" 2>"$name.txt" &
    servers+=($!)
    sleep 600 >"$name.hold" &
    servers+=($!)
    for _ in $(seq 200); do [ -s "$name.port" ] && break; sleep 0.05; done
    [ -s "$name.port" ] || fail "no server"
}
url() { echo "http://127.0.0.1:$(cat "$1.port")/v1"; }

serve calm
serve one --fault reset-mid --times 1 --delay 0.02
serve two --fault 429-after --times 1 --after 0 --delay 0.05
serve bad --rate 0.3 --seed 7 --after 0 --delay 0.02
for i in $(seq "$rows"); do
    printf '{"id":"p%d","problem":"Add %d and %d","expected_answer":"%d","completions":["%d\\n\\nand\\n\\n\\\\boxed{%d}"]}\n' "$i" "$i" 7 "$i" "$i" "$i"
done >p.jsonl
both=(--served-model t --max-tokens 20 --n 5 --per-request 2 --quiet)
address=$(url one),$(url two)
trouble=(--concurrency 8 --timeout 2 --retry-base 0.01 --tries 100)

# try OUT COMMAND…: killed until it is complete or the kills are used up, then to its end
try() {
    local out=$1 done=0 rc
    shift
    while [ "$done" -lt "$kills" ] && [ ! -e "$out.manifest.json" ]; do
        "$lemma" "$@" --out "$out" "${both[@]}" "${trouble[@]}" --endpoint "$address" --resend "$resend" >/dev/null 2>said.txt &
        local pid=$!
        sleep "$(printf '0.%03d' $((RANDOM % 220 + 20)))"
        kill -9 $pid 2>/dev/null && done=$((done + 1))
        wait $pid 2>/dev/null
    done
    for _ in 1 2 3 4 5 6; do
        "$lemma" "$@" --out "$out" "${both[@]}" "${trouble[@]}" --endpoint "$address" --resend "$resend" >/dev/null 2>said.txt
        rc=$?
        [ $rc = 6 ] || break
    done
    [ $rc = 0 ] || { cat said.txt; fail "$out: status $rc"; }
    killed=$done
}
RANDOM=5

# --resend 100: as often as it takes; the rows are those of a calm server
resend=100
for command in "sample --prompts p.jsonl" "prm annotate --data p.jsonl"; do
    # shellcheck disable=SC2086 # the command is words
    "$lemma" $command --endpoint "$(url calm)" --out whole "${both[@]}" 2>said.txt || { cat said.txt; fail "$command"; }
    rm -f one.bills two.bills
    # shellcheck disable=SC2086
    try broken $command
    cmp whole broken || fail "$command: other rows after $killed kills"
    again=$(cat one.bills two.bills | awk '$3 == "ok" { n[$1]++ } END { for (i in n) if (n[i] > 1) m++; print m + 0 }')
    [ "$again" -le $((killed * 8)) ] || fail "$again requests were answered twice, $killed kills of 8 requests under way"
    echo "$command: $(wc -l <whole) rows, $killed kills: the bytes of an uninterrupted run; $(cat one.bills two.bills | wc -l) bills for $(wc -l <calm.bills) choices' requests"
    rm -rf whole* broken* calm.bills
done

# shards: two that ended, one that died over two others; merged, the bytes and the manifest of one run, and no request sent twice
for command in "sample --prompts p.jsonl" "prm annotate --early-stop --data p.jsonl"; do
    # part OUT EXIT MORE…
    part() {
        local out=$1 want=$2 rc=0
        shift 2
        # shellcheck disable=SC2086
        "$lemma" $command --endpoint "$(url calm)" --out "$out" "${both[@]}" "$@" >/dev/null 2>said.txt || rc=$?
        [ $rc = "$want" ] || { cat said.txt; fail "$command $*: status $rc"; }
    }
    rm -f calm.bills
    part whole 0
    requests=$(wc -l <calm.bills)
    rm -f calm.bills
    part parts 0 --shard 1/3
    part parts 0 --shard 3/3
    part parts 7 --shard 2/3 --concurrency 1 --budget-requests 5
    part parts 0 --shard 1/2 --take-over 2/3
    part parts 0 --shard 2/2 --take-over 2/3
    "$lemma" merge parts >/dev/null 2>said.txt || { cat said.txt; fail "merge"; }
    cmp parts whole && cmp parts.manifest.json whole.manifest.json || fail "$command: other bytes from shards"
    [ "$(wc -l <calm.bills)" = "$requests" ] || fail "$command: $(wc -l <calm.bills) requests in shards, $requests in one run"
    echo "$command: three shards, one of them dead and divided over two: the bytes of one run, $requests requests"
    rm -rf whole* parts*
done

# without --resend nothing is billed twice, whatever dies
resend=0 address=$(url bad),$(url two)
both+=(--max-failed 1)
rm -f bad.bills two.bills
try once sample --prompts p.jsonl
twice=$(cat bad.bills two.bills | cut -d' ' -f1 | sort | uniq -d | wc -l)
[ "$twice" = 0 ] || fail "$twice requests were billed twice"
failed=$(grep -o '"failed"' once | wc -l)
[ "$(wc -l <once)" = "$rows" ] || fail "rows are missing"
echo "without --resend, $killed kills: $(cat bad.bills two.bills | wc -l) bills, none twice; $failed of $((rows * 5)) candidates failed"
