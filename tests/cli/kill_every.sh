#!/bin/bash
# kill_every.sh LEMMA KILLS - each command that writes, killed with SIGKILL at random moments, ends with the bytes of an uninterrupted run
set -u
lemma=$1 kills=$2
dir=$(mktemp -d /tmp/lemma-kills-XXXXXX)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
export LEMMA_CPU=${LEMMA_CPU:-generic} # one path, whatever the load
fail() { echo "FAILED: $*"; exit 1; }
ms() { echo $(($(date +%s%N) / 1000000)); }

"$lemma" demo data --general 40 --sft 150 --easy 30 --rm 60 --val 5 --test 10 --max-steps 3 --min-steps 2 --out d --quiet || fail "no data"
"$lemma" sft --from-scratch --layers 1 --width 32 --heads 2 --vocab 512 --context 192 --batch 8 --lr 3e-3 --data d/math.jsonl --out base --quiet || fail "no model"
"$lemma" sample --model base --prompts d/rm-a.jsonl --n 6 --temperature 1 --max-tokens 24 --out pool --quiet || fail "no candidates"
# every second candidate counts as right, so that there are lists of both classes
sed 's/^{/{"correct":[true,false,true,false,true,false],/' pool >graded.jsonl
"$lemma" rm sample graded.jsonl --random --out lists.jsonl --quiet || fail "no lists"
"$lemma" rm train --model base --lists lists.jsonl --batch 4 --max-steps 4 --out rm0 --quiet || fail "no reward model"
"$lemma" rm score graded.jsonl --model rm0 --out scored.jsonl --quiet || fail "no scores"
for i in $(seq 120); do echo "{\"prompt\":\"what is $((i % 40))?\",\"completions\":[\"it is $i\",\"so $((i * 7 % 11))\"],\"labels\":[1,$((i % 2))]}"; done >steps.jsonl
"$lemma" prm train --model base --data steps.jsonl --batch-tokens 300 --max-steps 2 --out prm0 --quiet || fail "no process reward model"
"$lemma" sft --model base --batch 8 --lr 3e-3 --max-steps 4 --data d/math.jsonl --out base1 --quiet || fail "no second model"
for k in 1 2 3 4; do sed "s/\"id\":\"/&$k-/" graded.jsonl; done >many.jsonl # an id stands once
sed 's/"correct":[^]]*\],//' many.jsonl >raw.jsonl
cat >r.yaml <<'Y'
name: r
vars: {out: run}
stages:
  - {name: policy, command: sft, from-scratch: true, layers: 1, width: 32, heads: 2, vocab: 512, context: 192, lr: 1e-3, batch: 8, max-steps: 12, checkpoint-every: 3, data: d/math.jsonl, out: "${out}/policy"}
  - {name: pool, command: sample, model: "${out}/policy", prompts: d/test.jsonl, n: 4, max-tokens: 16, out: "${out}/pool.jsonl"}
  - {name: grade, command: grade, words: ["${out}/pool.jsonl"], out: "${out}/graded.jsonl"}
  - {name: score, command: rm score, words: ["${out}/graded.jsonl"], model: rm0, out: "${out}/scored.jsonl"}
  - {name: select, command: select, words: ["${out}/scored.jsonl"], k: "1,4", out: "${out}/select.json"}
  - {name: page, command: report, words: ["${out}/select.json"], out: "${out}/page.html"}
Y

# all_of OUT: what a command leaves, without times
all_of() { top=${1%%/*}; find "$top" "$top".* \( -name '*.lock' -o -name timing.json \) -prune -o -type f -print 2>/dev/null | LC_ALL=C sort | while read -r f; do echo "$f $(sha256sum <"$f")"; done; }

discard() { rm -rf "${1%%/*}" "${1%%/*}".*; }

total=0
# kill_it OUT WORDS...: one command, killed until it has survived the share of kills that it gets
kill_it() {
  out=$1; shift
  begin=$(ms)
  "$lemma" "$@" --out "$out" --quiet >/dev/null 2>&1 || fail "lemma $*"
  took=$(($(ms) - begin))
  all_of "$out" >whole.txt
  grep skipped whole.txt >>lists.txt
  [ "$(wc -l <whole.txt)" -ge 1 ] || fail "lemma $*: nothing written"
  discard "$out"
  done=0 tries=0 torn=0
  while [ $done -lt "$share" ] && [ $tries -lt $((share * 6)) ]; do
    tries=$((tries + 1))
    delay=$((RANDOM * took / 32768 + 1))
    "$lemma" "$@" --out "$out" --quiet >/dev/null 2>&1 &
    pid=$!
    sleep "$(printf '0.%03d' $((delay % 1000)))"
    [ $delay -ge 1000 ] && sleep $((delay / 1000))
    if kill -9 $pid 2>/dev/null; then done=$((done + 1)); fi
    wait $pid 2>/dev/null
    [ -d "$out.job" ] && torn=$((torn + 1))
    # now and then the run ends, and the next one begins anew
    if [ $((tries % 3)) = 0 ]; then finish "$@"; discard "$out"; fi
  done
  finish "$@"
  discard "$out"
  total=$((total + done))
  echo "$1 $2: $done kills, $torn left unfinished work, same bytes ($took ms)"
}
finish() {
  "$lemma" "$@" --out "$out" --quiet >said.txt 2>&1 || { cat said.txt; fail "lemma $* after a kill"; }
  all_of "$out" >now.txt
  cmp -s whole.txt now.txt || { diff whole.txt now.txt | head -5; fail "lemma $*: other bytes after kills"; }
}

share=$((kills / 19 + 1))
kill_it m sft --from-scratch --layers 1 --width 32 --heads 2 --vocab 512 --context 192 --batch 8 --max-steps 16 --checkpoint-every 2 --data d/math.jsonl
kill_it mu sft --from-scratch --layers 1 --width 32 --heads 2 --vocab 512 --context 192 --optimizer muon --batch-tokens 600 --max-steps 14 --checkpoint-every 1 --data d/math.jsonl --val d/easy.jsonl --val-every 1 --keep best --patience 9 --eval d/test.jsonl --eval-n 5 --eval-every 4 --eval-tokens 8
printf 'stages: [{name: one, max-steps: 6}, {name: two, max-steps: 5, optimizer: muon}]\n' >two-stages.yaml
kill_it st sft --config two-stages.yaml --model base --batch 8 --lr 1e-3 --checkpoint-every 2 --data d/math.jsonl
kill_it s.jsonl sample --model base --prompts d/rm-b.jsonl --n 8 --temperature 1 --max-tokens 40
kill_it sy.jsonl synth answer d/rm-b.jsonl --model base --n 4 --temperature 1 --max-tokens 24
kill_it pa.jsonl prm annotate --model base --data pool --n 4 --step-separator '\n' --temperature 1 --max-tokens 24 --early-stop
kill_it pj.jsonl prm annotate --model base --data pool --n 2 --step-separator '\n' --temperature 1 --max-tokens 12 --judge prm0
kill_it g.jsonl grade raw.jsonl
kill_it l.jsonl rm sample many.jsonl --random --lists 20
kill_it rm rm train --model base --lists lists.jsonl --batch 4 --max-steps 10 --checkpoint-every 1
kill_it prm prm train --model base --data steps.jsonl --batch-tokens 300 --max-steps 30 --checkpoint-every 2
kill_it im rm train --model base --lists lists.jsonl --batch 4 --max-steps 10 --checkpoint-every 2 --lr 1e-2 --loss implicit --val lists.jsonl --val-every 1 --keep best
kill_it ge rm train --model base --lists lists.jsonl --batch 4 --max-steps 10 --checkpoint-every 1 --head generative
kill_it sc.jsonl rm score many.jsonl --model rm0 --max-rows 128
kill_it se.jsonl search --model base --rm rm0 --prompts d/rm-b.jsonl --limit 20 --n 8 --width 2 --depth 6 --step-separator '\n' --step-tokens 12 --max-tokens 60 --temperature 1 --budget-tokens 400 --trace se.jsonl.trace
kill_it sp.jsonl prm score many.jsonl --model base --head rlhflow --max-rows 256
kill_it lp.jsonl rm score many.jsonl --model base --head logprob --tokens --max-rows 128
kill_it im.jsonl rm score many.jsonl --model base1 --head implicit --reference base --max-rows 128
kill_it sel.json select scored.jsonl --k 1,2,4
"$lemma" select scored.jsonl --k 1,2,4 --out sel0.json --quiet >/dev/null || fail "no metrics"
kill_it pages/page.html report sel0.json
kill_it c model convert base --shard-size 20KB
kill_it dd demo data --general 200 --sft 400 --easy 50 --rm 60 --val 5 --test 10
# rows left out: the list beside the result is the same
for f in d/math.jsonl d/rm-b.jsonl many.jsonl; do { echo '{"cut'; head -20 $f; echo '{"problem":7}'; tail -n +21 $f; echo '[]'; } >torn-${f##*/}; done
skip='--on-error skip --max-bad 0.2'
# shellcheck disable=SC2086  # options are words
{
  kill_it mt sft --model base --batch 8 --lr 3e-3 --max-steps 12 --checkpoint-every 2 --data torn-math.jsonl $skip
  kill_it ts.jsonl sample --model base --prompts torn-rm-b.jsonl --n 8 --temperature 1 --max-tokens 40 $skip
  kill_it tc.jsonl rm score torn-many.jsonl --model rm0 --max-rows 128 $skip
}
for f in mt ts.jsonl tc.jsonl; do grep -q "^$f.skipped " lists.txt || fail "$f: no list of the rows left out"; done
kill_it ids.txt tokenize base d/general.jsonl
kill_it run run r.yaml
echo "$total kills in all, every result as without them"
[ "$total" -ge "$((kills * 3 / 4))" ] || fail "too few kills hit a running command"

# an unfinished run is not gone on with under another option: refused with both values, and kept as it is
refused() {
  out=$1 words=$2; shift 2
  "$lemma" "$@" --out "$out" >said.txt 2>&1; rc=$?
  [ $rc = 2 ] && grep -qF -- "$words" said.txt || { cat said.txt; fail "status $rc for: $*"; }
}
# saved OUT: an unfinished run that has something to lose: a checkpoint, or a journal of more than its header
saved() { [ -d "$1.job/checkpoints" ] || [ "$(head -c 100000 "$1.job/journal" 2>/dev/null | wc -l)" -ge 2 ]; }
unfinished() {
  out=$1; shift
  for _ in 1 2 3 4 5 6 7 8; do
    discard "$out"
    "$lemma" "$@" --out "$out" --quiet >/dev/null 2>&1 &
    pid=$!
    for _ in $(seq 4000); do kill -0 $pid 2>/dev/null || break; saved "$out" && break; sleep 0.005; done
    kill -9 $pid 2>/dev/null; wait $pid 2>/dev/null
    saved "$out" && return 0
  done
  fail "no unfinished run of: $*"
}
sft="sft --from-scratch --layers 1 --width 32 --heads 2 --vocab 512 --context 192 --batch 8 --checkpoint-every 2 --data d/math.jsonl"
unfinished um $sft --max-steps 400 --lr 1e-4
refused um '--lr was 0.0001, is now 0.01' $sft --max-steps 400 --lr 1e-2
refused um '--max-steps was 400, is now 300' $sft --max-steps 300 --lr 1e-4
refused um '--schedule was "cosine", is now "linear"' $sft --max-steps 400 --lr 1e-4 --schedule linear
cp d/math.jsonl math.keep; echo '{"problem":"new","solution":"1","expected_answer":"1"}' >>d/math.jsonl
refused um '--data d/math.jsonl: its content changed' $sft --max-steps 400 --lr 1e-4
mv math.keep d/math.jsonl
unfinished ur rm train --model base --lists lists.jsonl --batch 4 --max-steps 200 --checkpoint-every 1
refused ur '--lr was 5e-06, is now 0.05' rm train --model base --lists lists.jsonl --batch 4 --max-steps 200 --checkpoint-every 1 --lr 5e-2
unfinished up prm train --model base --data steps.jsonl --batch-tokens 300 --max-steps 400 --checkpoint-every 1
refused up '--batch-tokens was 300, is now 400' prm train --model base --data steps.jsonl --batch-tokens 400 --max-steps 400 --checkpoint-every 1
unfinished us.jsonl sample --model base --prompts d/rm-b.jsonl --n 40 --temperature 1 --max-tokens 80
refused us.jsonl '--temperature was 1.0, is now 0.5' sample --model base --prompts d/rm-b.jsonl --n 40 --temperature 0.5 --max-tokens 80
unfinished up.jsonl prm annotate --model base --data pool --n 40 --step-separator '\n' --temperature 1 --max-tokens 80
refused up.jsonl '--search was "full", is now "binary"' prm annotate --model base --data pool --n 40 --step-separator '\n' --temperature 1 --max-tokens 80 --search binary
# a run that was killed while its judge worked goes on behind the problems that are judged
for _ in $(seq 30); do cat pool; done >pools
judged="prm annotate --model base --data pools --n 1 --early-stop --search binary --max-tokens 1 --judge prm0 --threads 1"
"$lemma" $judged --out whole.jsonl --quiet || fail "no judged rows"
for _ in 1 2 3 4 5 6 7 8; do
  discard uj.jsonl
  "$lemma" $judged --out uj.jsonl --quiet >/dev/null 2>&1 &
  pid=$!
  for _ in $(seq 4000); do kill -0 $pid 2>/dev/null || break; grep -qa 'judge:' uj.jsonl.job/journal 2>/dev/null && break; sleep 0.005; done
  kill -9 $pid 2>/dev/null; wait $pid 2>/dev/null
  [ -d uj.jsonl.job ] && break
done
"$lemma" $judged --out uj.jsonl >said.txt 2>&1 || { cat said.txt; fail "a judge after a kill"; }
grep -q 'going on: [1-9][0-9]* problems are judged already' said.txt || { cat said.txt; fail "the judge began anew"; }
cmp -s whole.jsonl uj.jsonl || fail "a judge after a kill: other bytes"
cp base/config.json keep.json; sed -i 's/"rms_norm_eps": [^,]*/"rms_norm_eps": 2e-05/' base/config.json
refused us.jsonl 'the content of config.json changed' sample --model base --prompts d/rm-b.jsonl --n 40 --temperature 1 --max-tokens 80
cp keep.json base/config.json
"$lemma" run r.yaml --quiet >/dev/null 2>&1 || fail "the recipe"
refused run 'stage policy (sft): run/policy exists and is not the result of this job: --lr was 0.001, is now 0.01' run r.yaml policy.lr=1e-2
sed -i 's/"rms_norm_eps": [^,]*/"rms_norm_eps": 3e-05/' rm0/config.json
refused run 'stage score (rm score)' run r.yaml
echo "changed options, inputs and model folders are refused by name"
