#!/bin/sh
# errors.sh LEMMA TESTDATA - wrong input gives one clear line, the right exit status, and loses nothing
set -u
lemma=$1 data=$2
dir=$(mktemp -d /tmp/lemma-errors-XXXXXX)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
bad=0
# expect STATUS WORDS -- COMMAND...: exactly one line on stderr that begins "lemma" and holds the words
expect() {
  status=$1 words=$2; shift 3
  "$@" >out.txt 2>err.txt; rc=$?
  grep '^lemma[ :]' err.txt >line.txt || true
  if [ "$rc" != "$status" ] || [ "$(wc -l <line.txt)" != 1 ] || ! grep -qF -- "$words" line.txt; then
    echo "FAILED (status $rc, wanted $status with '$words'): $*"; cat err.txt; bad=1
  fi
}
printf '{"problem":"p","solution":"1+1=2","expected_answer":"2"}\n{"problem":"q","solution":"2","expected_answer":"2"}\n' >rows.jsonl
"$lemma" sft --from-scratch --layers 1 --width 32 --heads 2 --vocab 270 --context 64 --batch 1 --data rows.jsonl --out model --quiet >/dev/null 2>&1 || { echo "no model"; exit 1; }

expect 2 "did you mean 'sft'" -- "$lemma" sfft
expect 2 "did you mean '--batch'" -- "$lemma" sft --bach 3
expect 2 "--out DIR is missing" -- "$lemma" sft --from-scratch --data rows.jsonl
expect 3 "nothere.jsonl" -- "$lemma" sft --from-scratch --data nothere.jsonl --out m2
printf '{"problem":"p"\n' >broken.jsonl
expect 3 "broken.jsonl:1" -- "$lemma" sft --from-scratch --data broken.jsonl --out m2
printf '{"problem":"p","solution":""}\n{"messages":[{"role":"user","content":"x"}]}\n' >nothing.jsonl
expect 3 "nothing.jsonl:" -- "$lemma" sft --from-scratch --vocab 270 --data nothing.jsonl --out m2
expect 2 "is not the result of this job: --width was 32, is now 64" -- "$lemma" sft --from-scratch --layers 1 --width 64 --heads 2 --vocab 270 --context 64 --batch 1 --data rows.jsonl --out model

# a truncated model; a model with another head; another architecture; no tokenizer
cp -r model cut; size=$(stat -c %s cut/model.safetensors); truncate -s $((size - 5)) cut/model.safetensors
expect 3 "model.safetensors" -- "$lemma" sample --model cut --prompts rows.jsonl --n 1 --out s.jsonl
printf '{"problem":"p","completions":["2"],"correct":[true]}\n' >cand.jsonl
expect 3 "score.weight" -- "$lemma" rm score cand.jsonl --model model --out s.jsonl
cp -r model other; sed -i 's/LlamaForCausalLM/GPT2LMHeadModel/' other/config.json
expect 3 "GPT2LMHeadModel" -- "$lemma" sample --model other --prompts rows.jsonl --n 1 --out s.jsonl
cp -r model mute; rm mute/tokenizer.json
expect 3 "tokenizer.json" -- "$lemma" sample --model mute --prompts rows.jsonl --n 1 --out s.jsonl
[ ! -e s.jsonl ] || { echo "FAILED: an output file of a failed command stayed"; bad=1; }

# a prompt longer than the context, alone: nothing to sample
{ printf '{"problem":"'; i=0; while [ $i -lt 400 ]; do printf 'word %d ' $i; i=$((i + 1)); done; printf '","answer":1}\n'; } >long.jsonl
expect 3 "context" -- "$lemma" sample --model model --prompts long.jsonl --n 1 --max-tokens 8 --out s2.jsonl

# a full disk: the output is not there, the cause is named, and a second run without the cause is whole
printf '{"problem":"p","expected_answer":"2","completions":["2","3"]}\n' >rows2.jsonl
rc=$( { ( ulimit -f 0; "$lemma" grade rows2.jsonl --out graded.jsonl 2>&1; echo "status $?" ) | cat; } ) # the limit would hold for a file of errors too
case $rc in
*graded.jsonl*"File too large"*"status 8"*) ;;
*) echo "FAILED: full disk: $rc"; bad=1 ;;
esac
[ ! -e graded.jsonl ] || { echo "FAILED: a half-written file"; bad=1; }
"$lemma" grade rows2.jsonl --out graded.jsonl --quiet >/dev/null 2>&1 || { echo "FAILED: grading after the disk was free again"; bad=1; }
expect 2 "--policy was not given, is now \"strict\"" -- "$lemma" grade rows2.jsonl --policy strict --out graded.jsonl
expect 3 "both right and wrong" -- "$lemma" rm sample cand.jsonl --random --out lists.jsonl
expect 3 "lemma rm score" -- "$lemma" rm sample graded.jsonl --out lists.jsonl
printf 'name: x\nstages: []\n' >r.yaml
expect 2 "r.yaml" -- "$lemma" run r.yaml
printf 'name: x\nvars: {out: o}\nstages:\n  - {name: a, command: sfft}\n' >r.yaml
expect 2 "sfft" -- "$lemma" run r.yaml

# rows of kinds: what cannot be told, made or trained is said by name
printf '{"name":"n","instances":[]}\n' >other.jsonl
expect 2 "--to" -- "$lemma" data convert rows.jsonl --out c.jsonl
expect 2 "rows of kind question-answer (questions with an answer) cannot become rlhflow: they have no labelled steps" -- "$lemma" data convert rows.jsonl --to rlhflow --out c.jsonl
expect 3 "the columns are name, instances" -- "$lemma" data convert other.jsonl --to messages --out c.jsonl
expect 2 "read twice; name a file" -- sh -c "printf '{\"prompt\":\"p\",\"completion\":\"c\",\"label\":true}\n' | '$lemma' data convert - --to lists --out c.jsonl"
[ ! -e c.jsonl ] || { echo "FAILED: an output file of a failed conversion stayed"; bad=1; }
printf '{"problem":"p","responses":["a"],"labels":[1]}\n' >alone.jsonl
expect 3 "rows of kind lists (response lists) are not what sft trains" -- "$lemma" sft --model model --data alone.jsonl --out m2

# folders in several files: converted, sampled from, and refused by name when a part is missing
expect 2 "--out DIR is missing" -- "$lemma" model convert model
expect 2 "none of f32, f16, bf16" -- "$lemma" model convert model --out conv --dtype int8
expect 2 "expects a size such as 5GB" -- "$lemma" model convert model --out conv --shard-size many
expect 2 "exclude each other" -- "$lemma" model convert model --out conv --tie --untie
expect 3 "nowhere: no such file" -- "$lemma" model convert nowhere --out conv
expect 3 "nowhere: no such folder; a model folder is expected here" -- "$lemma" model info nowhere
expect 3 "Qwen/Qwen2.5-Math-1.5B: no such folder; a model folder is expected here, nothing is downloaded" -- "$lemma" model info Qwen/Qwen2.5-Math-1.5B
for command in "tokenize" "template show" "sample --prompts rows.jsonl --out s.jsonl --model" "sft --data rows.jsonl --out m2 --model" "model convert --out conv"; do
  expect 3 "Qwen/Qwen2.5: no such folder; a model folder is expected here, nothing is downloaded" -- "$lemma" $command Qwen/Qwen2.5 # shellcheck disable=SC2086
done
expect 3 "nowhere.jsonl: no such file" -- "$lemma" select nowhere.jsonl
"$lemma" model convert model --out conv --quiet || { echo "FAILED: convert"; bad=1; }
for f in config.json model.safetensors tokenizer.json tokenizer_config.json; do cmp model/$f conv/$f || bad=1; done
expect 2 "--dtype was not given, is now" -- "$lemma" model convert model --dtype bf16 --out conv
"$lemma" model convert model --out parts --shard-size 20KB --quiet || { echo "FAILED: convert into shards"; bad=1; }
for m in model parts; do
  "$lemma" sample --model $m --prompts rows.jsonl --n 2 --max-tokens 8 --out from-$m.jsonl --quiet || { echo "FAILED: sample from $m"; bad=1; }
done
cmp from-model.jsonl from-parts.jsonl || { echo "FAILED: one file and shards differ"; bad=1; }
rm parts/model-00002-of-*
expect 3 "model-00002-of-" -- "$lemma" sample --model parts --prompts rows.jsonl --n 1 --out s3.jsonl
rm parts/*.safetensors* && printf 'PK' >parts/pytorch_model.bin
expect 3 "only pytorch_model.bin is there" -- "$lemma" sample --model parts --prompts rows.jsonl --n 1 --out s3.jsonl
[ $bad = 0 ] && echo "all error cases answered as they should"
exit $bad
