#!/bin/bash
# llama.sh LEMMA - candidates and rollouts of a real llama-server, killed and resumed, graded; skipped without one (bench/peers/llama builds it)
set -u
lemma=$(readlink -f "$1")
server=${LLAMA_SERVER:-/opt/llama/llama-server} model=${LLAMA_MODEL:-/opt/llama/smollm2-135m.gguf}
[ -x "$server" ] && [ -e "$model" ] || { echo "skipped: $server or $model is absent"; exit 77; }
command -v curl >/dev/null || { echo "skipped: curl is absent"; exit 77; }
dir=$(mktemp -d /tmp/lemma-llama-XXXXXX)
cd "$dir" || exit 1
pid=
trap '[ -z "$pid" ] || kill $pid 2>/dev/null; rm -rf "$dir"' EXIT
fail() { echo "FAILED: $*"; tail -n 5 said.txt server.txt 2>/dev/null; exit 1; }

for _ in 1 2 3 4 5; do # a port that is free
    port=$((20000 + RANDOM % 20000))
    nice -n 5 "$server" -m "$model" --alias smollm2 --host 127.0.0.1 --port $port -c 4096 -np 4 -t 1 --poll 0 --api-key-file <(echo canary-0123) >server.txt 2>&1 &
    pid=$!
    for _ in $(seq 600); do
        curl -sf "http://127.0.0.1:$port/health" >/dev/null && break 2
        kill -0 $pid 2>/dev/null || break
        sleep 0.1
    done
done
kill -0 $pid 2>/dev/null || fail "llama-server does not start"
umask 077
echo canary-0123 >key
ask=(--endpoint "http://127.0.0.1:$port/v1" --served-model smollm2 --key-file key --concurrency 4)
for i in 1 2 3 4 5 6; do echo "{\"id\":\"p$i\",\"problem\":\"What is $i + $i?\",\"expected_answer\":\"$((i + i))\"}"; done >p.jsonl
run=(sample --prompts p.jsonl --n 4 --per-request 2 --temperature 0.8 --max-tokens 40 --out c.jsonl)

# a key that is wrong, a server that is another's
"$lemma" "${run[@]}" --endpoint "http://127.0.0.1:$port/v1" --served-model smollm2 >said.txt 2>&1
[ $? = 6 ] || fail "no key: exit 6 expected"
rm -rf c.jsonl*

# killed three times, then to its end: what is there is never asked for again
before=0 kills=0
for _ in 1 2 3; do
    "$lemma" "${run[@]}" "${ask[@]}" --resend 9 >/dev/null 2>&1 &
    job=$!
    for _ in $(seq 300); do
        there=$(grep -ac '"_id":"r:' c.jsonl.job/journal 2>/dev/null)
        [ "${there:-0}" -gt "$before" ] && break
        sleep 0.1
    done
    kill -9 $job 2>/dev/null && kills=$((kills + 1))
    wait $job 2>/dev/null
    before=${there:-0}
done
cp c.jsonl.job/journal journal.before || fail "no journal after a kill"
"$lemma" "${run[@]}" "${ask[@]}" --resend 9 --json >told.json 2>said.txt || fail "sample: status $?"
grep -q 'candidates are there already' said.txt || fail "nothing was there after $kills kills"
field() { sed "s/.*\"$1\":\([^,}]*\).*/\1/" told.json; }
[ "$(field candidates)" = 24 ] && [ "$(field failed)" = 0 ] || fail "candidates $(field candidates), failed $(field failed)"
# requests: one for two candidates (12), and at most those under way at each kill
[ "$(field requests)" -le $((12 + 4 * kills)) ] || fail "$(field requests) requests for 12, $kills kills"
[ "$(field unsure)" -le $((4 * kills)) ] || fail "$(field unsure) requests of unknown end"
[ "$(wc -l <c.jsonl)" = 6 ] || fail "rows"
grep -q '"logprob":\[null' c.jsonl && fail "log-probabilities are missing"
grep -q '"logprob":\[-[0-9]' c.jsonl || fail "no log-probabilities"
grep -q '"server": "llama' c.jsonl.manifest.json || fail "the server is not in the manifest: $(grep server c.jsonl.manifest.json)"
# each finished reply of before stands in the result
while read -r text; do grep -qF -- "$text" c.jsonl || fail "a finished candidate is lost: $text"; done \
    < <(grep -ao '"texts":\["\([^"\\]\|\\.\)*"' journal.before | sed 's/"texts":\["//; s/"$//' | grep -v '^$')

"$lemma" grade c.jsonl --out g.jsonl >/dev/null 2>said.txt || fail "grade: status $?"
[ "$(wc -l <g.jsonl)" = 6 ] || fail "graded rows"

# streams, text prompts, greedy
"$lemma" sample --prompts p.jsonl "${ask[@]}" --n 2 --stream --max-tokens 16 --out s.jsonl --limit 2 >/dev/null 2>said.txt || fail "--stream"
"$lemma" sample --prompts p.jsonl "${ask[@]}" --n 1 --temperature 0 --api text --template plain --max-tokens 16 --out t.jsonl --limit 2 >/dev/null 2>said.txt || fail "--api text"
grep -q '"logprob":\[-[0-9]' t.jsonl || fail "no log-probabilities of texts"

# rollouts continue what is there: behind "The answer is \boxed{4" nothing but a brace and an end makes the right answer
cat >steps.jsonl <<'ROWS'
{"id":"a","problem":"What is 2 + 2?","expected_answer":"4","completions":["2 + 2 is 4.\n\nThe answer is \\boxed{4}."]}
ROWS
for api in chat "text --template plain"; do
    # shellcheck disable=SC2086 # the options are words
    "$lemma" prm annotate --data steps.jsonl "${ask[@]}" --api $api --n 4 --per-request 2 --max-tokens 24 --out a.jsonl --json >told.json 2>said.txt || fail "prm annotate --api $api"
    [ "$(field rollouts)" = 4 ] && [ "$(field failed)" = 0 ] || fail "prm annotate --api $api: $(cat told.json)"
    grep -q '"step_counts":\[\[[0-4],4\],\[1,1\]\]' a.jsonl || fail "labels: $(cat a.jsonl)"
    rm -rf a.jsonl*
done
# benchmarks end to end, killed once and resumed: what was answered is not asked again
if [ ! -e "${LEMMA_DATA:-/none}/bench/math/math500.jsonl.gz" ]; then
    export LEMMA_DATA=$dir/data
    mkdir -p data/bench/gsm8k data/bench/math
    for i in 1 2 3 4 5; do
        echo "{\"question\":\"What is $i + 1?\",\"answer\":\"#### $((i + 1))\"}" >>data/bench/gsm8k/test.jsonl
        echo "{\"problem\":\"What is $i + 2?\",\"solution\":\"\\\\boxed{$((i + 2))}\",\"answer\":\"$((i + 2))\",\"subject\":\"Algebra\",\"level\":1}" >>data/bench/math/math500.jsonl
    done
fi
bench=(bench run gsm8k math500 "${ask[@]:0:4}" sample.key-file=key sample.concurrency=2 sample.resend=9 --rows 5 --n 2 --max-tokens 32 --out bench)
"$lemma" "${bench[@]}" >/dev/null 2>&1 &
job=$!
for _ in $(seq 300); do
    there=$(grep -ac '"_id":"r:' bench/math500/candidates.jsonl.job/journal 2>/dev/null)
    [ "${there:-0}" -gt 0 ] && break
    sleep 0.1
done
kill -9 $job 2>/dev/null
wait $job 2>/dev/null
cp bench/gsm8k/candidates.jsonl bench.before || fail "no candidates of gsm8k after a kill"
grep -ao '"texts":\["\([^"\\]\|\\.\)*"' bench/math500/candidates.jsonl.job/journal >bench.journal 2>/dev/null
"$lemma" "${bench[@]}" >bench.table 2>said.txt || fail "bench run: status $?"
cmp -s bench.before bench/gsm8k/candidates.jsonl || fail "what was finished was asked again"
while read -r text; do grep -qF -- "$text" bench/math500/candidates.jsonl || fail "a finished candidate of math500 is lost: $text"; done \
    < <(sed 's/"texts":\["//; s/"$//' bench.journal | grep -v '^$')
grep -q '^average of 2' bench.table || fail "no average: $(cat bench.table)"
grep -q '"server": "llama' bench/table.json || fail "the table does not say which server"
rm key
grep -rq canary . --exclude=server.txt && fail "the key is in a file"
echo "llama-server $("$server" --version 2>&1 | sed -n 's/^version: //p'): 24 candidates after $kills kills, graded; streams, texts, rollouts and benchmarks too"
