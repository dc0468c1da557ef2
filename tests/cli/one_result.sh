#!/bin/sh
# one_result.sh LEMMA - sampling, scoring and training have the same bytes for 1 to 16 threads, any slots, passes and order of rows, and over
# kills, in every --compute on every path of this processor
set -eu
lemma=$1
dir=$(mktemp -d /tmp/lemma-one-XXXXXX)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

fail() { echo "$*"; exit 1; }

# Rows of different lengths; the last two begin alike.
i=0
for text in 'What is 1+1?' '3*4' 'Say nine.' 'A box holds 12 eggs. Three boxes and two eggs: how many?' '7-6' 'Tom has 5 apples, and eats 2.' 'x' \
  'A train leaves at 9 and comes at 11: hours?' 'A train leaves at 9 and comes at 12: hours?'; do
  i=$((i + 1))
  printf '{"id":"p%d","problem":"%s","answer":"%d"}\n' $i "$text" $i
done >p.jsonl
sort -r p.jsonl >back.jsonl
sed 's/"answer":/"solution":/' p.jsonl >rows.jsonl
for i in 1 2 3 4 5 6; do
  printf '{"problem":"p %d","expected_answer":"%d","responses":["it is %d, surely","it is 3","so: %d"],"labels":[1,0,%d]}\n' $i $i $i $i $((i % 2))
done >lists.jsonl

lemma() { "$lemma" "$@" --quiet </dev/null >out.txt 2>&1 || fail "LEMMA_CPU=$LEMMA_CPU lemma $*: $(cat out.txt)"; }
same() { cmp -s "$1" "$2" || fail "$LEMMA_CPU: $1 and $2 differ ($3)"; }
LEMMA_CPU=generic
export LEMMA_CPU
lemma sft --from-scratch --layers 2 --width 96 --heads 3 --vocab 300 --context 128 --batch 1 --data rows.jsonl --limit 1 --out m
lemma rm train --model m --lists lists.jsonl --batch 1 --max-steps 1 --val-share 0 --out rm

sampled() { # what it is compared with, then how
  to=$1
  shift
  rm -f b.jsonl*
  lemma sample --model m --n 5 --max-tokens 20 --temperature 1 --compute $compute --out b.jsonl "$@"
  sort b.jsonl >b.sorted
  same b.sorted "$to" "sample --compute $compute $*"
}

samples() {
  lemma sample --model m --prompts p.jsonl --n 5 --max-tokens 20 --temperature 1 --compute $compute --threads 1 --out a.$compute.jsonl
  sort a.$compute.jsonl >a.$compute
  sampled a.$compute --prompts p.jsonl --threads 2 --slots 1
  sampled a.$compute --prompts p.jsonl --threads 3 --slots 7
  sampled a.$compute --prompts back.jsonl --threads 5
  sampled a.$compute --prompts back.jsonl --threads 8 --slots 13
  sampled a.$compute --prompts p.jsonl --threads 16 --slots 2
  rm -f b.jsonl*
  for ms in 15 25 35 45; do
    timeout -s KILL 0.0$ms "$lemma" sample --model m --prompts p.jsonl --n 5 --max-tokens 20 --temperature 1 --compute $compute --threads 2 --out b.jsonl \
      --quiet </dev/null >out.txt 2>&1 || :
  done
  # A killed run's lock goes a moment later.
  for tries in 1 2 3 4 5 6 7 8 9 10; do
    if "$lemma" sample --model m --prompts p.jsonl --n 5 --max-tokens 20 --temperature 1 --compute $compute --threads 3 --out b.jsonl --quiet \
      </dev/null >out.txt 2>&1; then break; fi
    [ "$tries" -lt 10 ] || fail "after kills: $(cat out.txt)"
    sleep 0.2
  done
  same b.jsonl a.$compute.jsonl "kills in between, --compute $compute"
}

scores() {
  sort -r a.$compute.jsonl >r.jsonl
  for head in "" "--head logprob"; do
    model=rm first= ways="1:4096 2:128 5:4096 16:300"
    [ -z "$head" ] || { model=m ways="1:4096 3:150 8:128"; }
    for how in $ways; do
      set -- a.$compute.jsonl "${how%:*}" "${how#*:}"
      [ "$2" = 1 ] || set -- r.jsonl "$2" "$3"
      rm -f s.jsonl*
      lemma rm score "$1" --model $model $head --compute $compute --threads "$2" --max-rows "$3" --out s.jsonl
      sort s.jsonl >s.sorted
      [ -n "$first" ] || cp s.sorted s.$model.$compute
      first=s.$model.$compute
      same s.sorted "$first" "rm score $head --compute $compute: $how"
    done
  done
}

trained() { # a name, threads and rows of a pass, then the command
  what=$1 ways=$2 first=
  shift 2
  for how in 1:4096 $ways; do
    rm -rf t t.*
    lemma "$@" --compute $compute --threads "${how%:*}" --max-rows "${how#*:}" --out t
    [ -n "$first" ] || cp t/model.safetensors $what.$compute
    first=$what.$compute
    same t/model.safetensors "$first" "$* --compute $compute: $how"
  done
}

trainings() {
  trained sft "3:130 8:200 16:4096" sft --model m --data rows.jsonl --batch 4 --max-steps 2 --lr 1e-3
  trained lora "2:130 5:300" sft --model m --data rows.jsonl --batch 4 --max-steps 2 --lr 1e-3 --lora-rank 4
  trained rm "2:130 16:300" rm train --model m --lists lists.jsonl --batch 2 --max-steps 2 --val-share 0 --lm-weight 0.5
}

paths=0
for LEMMA_CPU in generic avx2 avx512 avx512bf16; do
  "$lemma" sample --model m --prompts p.jsonl --n 1 --max-tokens 1 --out try.jsonl --quiet >out.txt 2>&1 || continue
  rm -f try.jsonl*
  paths=$((paths + 1))
  for compute in f32 bf16 int8; do
    samples
    scores
    [ $compute = int8 ] || trainings
  done
  for compute in bf16 int8; do
    if cmp -s a.f32 a.$compute; then fail "$LEMMA_CPU: --compute $compute has the bytes of f32"; fi
  done
  mkdir of.$LEMMA_CPU
  mv a.*.jsonl s.rm.* s.m.* sft.* lora.* rm.* of.$LEMMA_CPU/
  rm -f ./*.manifest.json a.*
done
# The path of Zen 4 and 5 is that of AVX-512 but for products of bf16, which attention has in int8 too.
if [ -d of.avx512bf16 ]; then
  LEMMA_CPU=avx512bf16
  for f in a.f32.jsonl s.rm.f32 sft.f32 lora.f32 rm.f32; do same of.avx512bf16/$f of.avx512/$f "two paths"; done
  if cmp -s of.avx512bf16/sft.bf16 of.avx512/sft.bf16; then fail "products of bf16 are of one order on both paths"; fi
fi
[ "$paths" -gt 0 ]
echo "$paths paths"
