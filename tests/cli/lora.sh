#!/bin/sh
# lora.sh LEMMA - adapters in sft, rm train and prm train: the same bytes whatever the threads, passes and kills, files, wrong options
set -eu
lemma=$1
dir=$(mktemp -d /tmp/lemma-lora-XXXXXX)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
fail() { echo "lora: $*" >&2; exit 1; }
# refused PART COMMAND...: exit 2, and says that
refused() {
    part=$1 rc=0
    shift
    "$@" >said 2>&1 || rc=$?
    [ "$rc" -eq 2 ] || { cat said >&2; fail "status $rc, not 2: $*"; }
    grep -qF -- "$part" said || { cat said >&2; fail "does not say '$part': $*"; }
}
# same A B: the same files with the same bytes, but for what tells time and the command line
same() { diff -r -x manifest.json -x 'events.out*' "$1" "$2" >&2 || fail "$1 and $2 differ"; }

i=0
while [ $i -lt 24 ]; do
    i=$((i + 1))
    printf '%s\n' "{\"id\":\"p$i\",\"problem\":\"what is $i + 1\",\"solution\":\"it is $((i + 1))\",\"expected_answer\":\"$((i + 1))\"}" >>rows.jsonl
    printf '%s\n' "{\"id\":\"p$i\",\"problem\":\"what is $i + 1\",\"completions\":[\"it is\\n\\n$((i + 1))\",\"it is\\n\\n$i\",\"no\"],\"correct\":[true,false,false]}" >>cand.jsonl
    printf '%s\n' "{\"prompt\":\"what is $i + 1\",\"completions\":[\"it is\",\"$((i + 1))\"],\"labels\":[true,$([ $((i % 2)) = 1 ] && echo true || echo false)]}" >>steps.jsonl
done
"$lemma" sft --from-scratch --layers 2 --width 32 --heads 2 --vocab 270 --context 128 --batch 4 --max-steps 4 --data rows.jsonl --out base --quiet >/dev/null
"$lemma" rm sample cand.jsonl --random --per-problem 2 --out lists.jsonl --quiet >/dev/null

sft() { out=$1; shift; "$lemma" sft --model base --data rows.jsonl --lora-rank 3 --lora-alpha 5 --lr 1e-2 --batch 4 --epochs 10 --checkpoint-every 5 --out "$out" --quiet "$@" >/dev/null; }
sft one --threads 1
sft two --threads 2 --max-rows 64 --recompute layers
same one two
cmp -s base/model.safetensors one/model.safetensors && fail "nothing was learned"
[ "$(ls one/adapter)" = "$(printf 'adapter_config.json\nadapter_model.safetensors')" ] || fail "adapter/ holds $(ls one/adapter)"
grep -q '"r": 3' one/adapter/adapter_config.json || fail "no rank in adapter_config.json"

# With dropout too, and it does something.
sft drop1 --threads 1 --lora-dropout 0.3
sft drop2 --threads 2 --max-rows 64 --lora-dropout 0.3
same drop1 drop2
cmp -s one/model.safetensors drop1/model.safetensors && fail "--lora-dropout changes nothing"
grep -q '"lora_dropout": 0.3' drop1/adapter/adapter_config.json || fail "no dropout in adapter_config.json"
k=0
while [ $k -lt 6 ]; do
    k=$((k + 1))
    timeout -s KILL "0.$k" "$lemma" sft --model base --data rows.jsonl --lora-rank 3 --lora-alpha 5 --lr 1e-2 --batch 4 --epochs 10 --checkpoint-every 5 --lora-dropout 0.3 --out drop3 --quiet >/dev/null 2>&1 || true
done
sft drop3 --lora-dropout 0.3 --recompute layers # what is computed again is no part of the job
same drop1 drop3

# With moments of 8 bits, too.
sft eight1 --threads 1 --moments int8
sft eight2 --threads 2 --max-rows 64 --moments int8
same eight1 eight2
cmp -s one/model.safetensors eight1/model.safetensors && fail "--moments int8 changes nothing"
k=0
while [ $k -lt 6 ]; do
    k=$((k + 1))
    timeout -s KILL "0.$k" "$lemma" sft --model base --data rows.jsonl --lora-rank 3 --lora-alpha 5 --lr 1e-2 --batch 4 --epochs 10 --checkpoint-every 5 --moments int8 --out eight3 --quiet >/dev/null 2>&1 || true
done
sft eight3 --moments int8
same eight1 eight3
rc=0
"$lemma" sft --from-scratch --data rows.jsonl --moments int8 --optimizer muon --out no >said 2>&1 || rc=$?
[ $rc -eq 2 ] || fail "int8 moments of Muon: status $rc"
grep -qF -- "Muon keeps its momentum in fp32" said || fail "int8 moments of Muon are not refused by name"

# What was saved beside the merged model merges into the same weights; a folder of an adapter alone says how.
"$lemma" model merge base one/adapter --out again --quiet >/dev/null
cmp one/model.safetensors again/model.safetensors || fail "the saved adapter merges into other weights"
rc=0
"$lemma" model info one/adapter >said 2>&1 || rc=$?
[ $rc -eq 3 ] || fail "an adapter alone: status $rc"
grep -qF "merge it: lemma model merge base one/adapter --out DIR" said || { cat said >&2; fail "the command that merges is not said"; }
cp base/tokenizer.json one/adapter/
echo '{"eos_token": "<|im_end|>"}' >one/adapter/tokenizer_config.json
"$lemma" model merge base one/adapter --out own --quiet >/dev/null
cmp one/adapter/tokenizer_config.json own/tokenizer_config.json || fail "the adapter's own tokenizer was not taken"
cmp base/lemma.json own/lemma.json || fail "lemma.json is not the base's"
rm one/adapter/tokenizer*

# Killed on its way and gone on.
k=0
while [ $k -lt 6 ]; do
    k=$((k + 1))
    timeout -s KILL "0.$k" "$lemma" sft --model base --data rows.jsonl --lora-rank 3 --lora-alpha 5 --lr 1e-2 --batch 4 --epochs 10 --checkpoint-every 5 --out killed --quiet >/dev/null 2>&1 || true
done
sft killed
same one killed

# Stages: each starts from the merged model of the one before.
cat >stages.yaml <<'YAML'
model: base
lora-rank: 2
lora-targets: q,v
rslora: true
lr: 1e-2
batch: 4
epochs: 2
stages: [{name: a, data: [rows.jsonl]}, {name: b, data: [rows.jsonl], lr: 5e-3}]
YAML
"$lemma" sft --config stages.yaml --out staged --quiet >/dev/null
[ -e staged/stages/1-a/adapter/adapter_config.json ] || fail "the first stage has no adapter"
grep -q '"base_model_name_or_path": "staged/stages/1-a"' staged/adapter/adapter_config.json || fail "the last adapter is not said to be of the first stage's model"

for command in "rm train --lists lists.jsonl --batch 4" "rm train --lora-dropout 0.2 --lists lists.jsonl --batch 4" "rm train --loss dpo --lora-dropout 0.2 --lists lists.jsonl --batch 4" "prm train --data steps.jsonl --batch 4 --val-share 0"; do
    for threads in 1 2; do
        # shellcheck disable=SC2086
        "$lemma" $command --model base --lora-rank 2 --lr 1e-2 --max-steps 6 --threads $threads --max-rows $((threads * 150)) --out "r$threads" --quiet >/dev/null
    done
    same r1 r2
    "$lemma" model info r1 >/dev/null || fail "$command: not opened"
    [ -e r1/adapter/adapter_model.safetensors ] || fail "$command: no adapter"
    rm -rf r1 r2
done

# Over a base of int8 (and bf16): the same bytes whatever the threads, passes and kills; what is merged is stored as
# bf16 and is the base's numbers with the adapter in them; without adapters it is refused, with the way out.
"$lemma" sft --from-scratch --untied --layers 2 --width 160 --heads 2 --vocab 270 --context 128 --batch 4 --max-steps 4 --data rows.jsonl --out wide --quiet >/dev/null 2>&1
"$lemma" model quantize wide --keep down_proj --out eight --quiet >/dev/null
eight() { out=$1; shift; "$lemma" sft --model eight --data rows.jsonl --lora-rank 3 --lr 1e-2 --batch 4 --max-steps 20 --checkpoint-every 5 --out "$out" --quiet "$@" >/dev/null 2>&1; }
for compute in f32 bf16; do
    rm -rf e1 e2
    eight e1 --threads 1 --compute $compute --eval rows.jsonl --eval-n 4 --eval-tokens 8 --val rows.jsonl
    eight e2 --threads 2 --compute $compute --eval rows.jsonl --eval-n 4 --eval-tokens 8 --val rows.jsonl --max-rows 64
    same e1 e2
done
grep -q quantization_config e1/config.json && fail "the merged model says it is int8"
grep -q '"torch_dtype": "bfloat16"\|"dtype": "bfloat16"' e1/config.json || fail "the merged model is not bf16"
grep -q '"base_model_name_or_path": "eight"' e1/adapter/adapter_config.json || fail "the adapter is not said to be of the int8 model"
"$lemma" model merge wide e1/adapter --out e3 --quiet >/dev/null || fail "the adapter does not merge into the source"
"$lemma" sample --model e1 --prompts rows.jsonl --n 1 --max-tokens 4 --out e4.jsonl --quiet >/dev/null || fail "the merged model does not sample"
k=0
while [ $k -lt 4 ]; do
    k=$((k + 1))
    timeout -s KILL "0.$k" "$lemma" sft --model eight --data rows.jsonl --lora-rank 3 --lr 1e-2 --batch 4 --max-steps 20 --checkpoint-every 5 --out ekilled --quiet >/dev/null 2>&1 || true
done
eight ekilled
rm -rf e1
eight e1
same e1 ekilled
for command in "rm train --lists lists.jsonl --batch 4" "rm train --loss dpo --lists lists.jsonl --batch 4" "prm train --data steps.jsonl --batch 4 --val-share 0" "prm train --data steps.jsonl --batch 4 --val-share 0 --head generative"; do
    for threads in 1 2; do
        # shellcheck disable=SC2086
        "$lemma" $command --model eight --lora-rank 2 --lr 1e-2 --max-steps 4 --threads $threads --max-rows $((threads * 150)) --out "r$threads" --quiet >/dev/null 2>&1
    done
    same r1 r2
    "$lemma" model info r1 >/dev/null || fail "$command on int8: not opened"
    [ -e r1/adapter/adapter_model.safetensors ] || fail "$command on int8: no adapter"
    rm -rf r1 r2
    rc=0
    # shellcheck disable=SC2086
    "$lemma" $command --model eight --dry-run --out x >said 2>&1 || rc=$?
    [ $rc -eq 3 ] || fail "$command on int8 without adapters: status $rc"
    grep -qF "learns by adapters alone: give --lora-rank N, or take the model that it was made from" said || { cat said >&2; fail "the way out is not said"; }
done
rc=0
"$lemma" sft --model eight --data rows.jsonl --out x >said 2>&1 || rc=$?
[ $rc -eq 3 ] || fail "sft on int8 without adapters: status $rc"
sed 's/^model: base/model: eight/' stages.yaml >eight.yaml
"$lemma" sft --config eight.yaml --out estaged --quiet >/dev/null 2>&1
[ -e estaged/stages/1-a/adapter/adapter_config.json ] || fail "no first stage over int8"
refused "adapters are beside layers that are there" "$lemma" rm train --model base --lists lists.jsonl --add-layers 1 --lora-rank 2 --out x

refused "'z' is none of all, q_proj, k_proj" "$lemma" sft --model base --data rows.jsonl --lora-rank 2 --lora-targets q,z --out x
refused "--lora-rank" "$lemma" sft --model base --data rows.jsonl --lora-rank 2000 --out x
refused "--lora-dropout: a share of at least 0 and below 1" "$lemma" sft --model base --data rows.jsonl --lora-rank 2 --lora-dropout 1 --out x
refused "adapters learn by AdamW" "$lemma" sft --model base --data rows.jsonl --lora-rank 2 --optimizer muon --out x
refused "is for a model that is there" "$lemma" sft --from-scratch --layers 1 --width 32 --heads 2 --data rows.jsonl --lora-rank 2 --out x
refused "one of them says what learns" "$lemma" rm train --model base --lists lists.jsonl --freeze-body --lora-rank 2 --out x
[ ! -e x ] || fail "a refused command left something"
echo ok
