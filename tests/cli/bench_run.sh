#!/bin/sh
# bench_run.sh LEMMA SOURCE KILL_RESUME - benchmarks end to end: the stages that it runs, the table, refusals, absent files, a run killed again and again
set -eu
lemma=$1 source=$2 kill_resume=$3
base=$source/recipes/demo-base
dir=$(mktemp -d /tmp/lemma-bench-XXXXXX)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
fail() { echo "bench_run: $*" >&2; exit 1; }
# Fails unless the command ends with that status and says that.
says() {
  want=$1 part=$2
  shift 2
  rc=0
  "$@" >said 2>&1 || rc=$?
  [ "$rc" -eq "$want" ] || { cat said >&2; fail "status $rc, not $want: $*"; }
  grep -qF -- "$part" said || { cat said >&2; fail "does not say '$part': $*"; }
}
export LEMMA_DATA=$dir/data
mkdir -p data/bench/gsm8k own
i=0
while [ $i -lt 6 ]; do
  i=$((i + 1))
  printf '%s\n' "{\"question\": \"Tom has $i apples and buys 2 more. How many apples does he have?\", \"answer\": \"$i + 2 = $((i + 2))\\n#### $((i + 2))\"}" >>data/bench/gsm8k/test.jsonl
  printf '%s\n' "{\"q\": \"What is $i + $i?\", \"a\": $((i + i)), \"kind\": \"$((i % 2))\"}" >>own/rows.jsonl
done
cat >own/mine.yaml <<'YAML'
name: mine
title: sums
kind: problems
files: [rows.jsonl]
get: made by the test
fields: {problem: q, gold: a, subject: kind}
gold: [field]
prompt: {system: Be brief.}
answer: number
by: [kind]
average: [macro, micro]
licence: CC0
YAML

"$lemma" bench run gsm8k own/mine.yaml --model "$base" --out run --max-tokens 48 >table 2>log || { cat log >&2; fail "does not run"; }
grep -q '^mine (macro over kind)' table || { cat table >&2; fail "no macro average"; }
[ "$(wc -l <table)" -eq 5 ] || { cat table >&2; fail "more than the table is printed"; }
says 0 'percent [95 % interval]' "$lemma" bench run gsm8k own/mine.yaml --model "$base" --out run --max-tokens 48 --all
[ "$(tail -n 1 said)" = 'run/report.html has it with all results' ] || { cat said >&2; fail "what was printed comes behind the last message"; }
for f in gsm8k/candidates.jsonl gsm8k/graded.jsonl gsm8k/select.json mine/select.json table.json table.md table.csv report.html report.md; do
  [ -s run/$f ] || fail "no run/$f"
done
grep -q '"benchmark": *"gsm8k"' run/table.json || fail "gsm8k is not in the table"
grep -q 'trial run' run/table.md || fail "6 of 1319 problems are not said to be a trial run"
grep -q '"sha256"' run/table.json || fail "the table does not say what it was made of"
grep -q 'Benchmarks' run/report.html || fail "the page lacks the table"
# The same command again does nothing, and says so; another is refused.
says 0 "complete" "$lemma" bench run gsm8k own/mine.yaml --model "$base" --out run --max-tokens 48
says 2 "max-tokens was 48" "$lemma" bench run gsm8k own/mine.yaml --model "$base" --out run --max-tokens 32

# Three shards, one of them killed and run again, then the same bytes as a whole run.
b() { "$lemma" bench run gsm8k own/mine.yaml --model "$base" --n 3 --max-tokens 24 --out "$@" 2>>shard.log; }
b whole >whole.table || fail "no whole run"
b parts --shard 1/3 >/dev/null && b parts --shard 3/3 >/dev/null || { cat shard.log >&2; fail "no shards"; }
if b parts >/dev/null; then fail "a shard is missing, and nothing is said"; fi
grep -q '2/3' shard.log || { cat shard.log >&2; fail "the missing shard is not named"; }
timeout -s KILL 0.05 "$lemma" bench run gsm8k own/mine.yaml --model "$base" --n 3 --max-tokens 24 --out parts --shard 2/3 >/dev/null 2>&1 || true
b parts --shard 2/3 >/dev/null || { cat shard.log >&2; fail "shard 2"; }
b parts >parts.table || { cat shard.log >&2; fail "the shards are not merged"; }
for f in gsm8k/candidates.jsonl gsm8k/graded.jsonl mine/candidates.jsonl mine/select.json table.csv; do cmp whole/$f parts/$f || fail "shards differ from a whole run"; done
cmp whole.table parts.table || fail "the tables differ"

# What is wrong is said before anything is done.
says 2 "did you mean" "$lemma" bench run gsm9k --model "$base" --out no
says 3 "math500" "$lemma" bench run gsm8k math500 --model "$base" --out no
says 2 "one of --model DIR and --endpoint URL" "$lemma" bench run gsm8k --out no
says 2 "--n 2 or more" "$lemma" bench run gsm8k --model "$base" --rm x --out no
says 2 "there are no stages 'smple'" "$lemma" bench run gsm8k smple.n=3 --model "$base" --out no
says 2 "stands twice" "$lemma" bench run gsm8k gsm8k --model "$base" --out no
says 2 "called 'rm'" "$lemma" bench run gsm8k --n 2 --model "$base" --rm a/rm --rm b/rm --out no
says 2 "a suite is run alone" "$lemma" bench run acemath7 gsm8k --model "$base" --skip-absent --out no
[ ! -e no ] || fail "a refused run left a folder"
# A suite of which files are absent: refused, or run in part and said so.
says 3 "benchmark math:" "$lemma" bench run acemath7 --model "$base" --out suite
says 0 "is left out" "$lemma" bench run acemath7 --model "$base" --skip-absent --rows 2 --max-tokens 16 --out suite
grep -q '"absent": *\[' suite/table.json || fail "the table does not name what is absent"

says 2 "expected DIR/BENCHMARK/select.json" "$lemma" bench table run/gsm8k/graded.jsonl
says 2 "mine is no member of the suite acemath7" "$lemma" bench table run/gsm8k/select.json run/mine/select.json --suite acemath7
# The published style: its layout of options, and its worked examples, whose file is an input of the job.
cat >own/choice.yaml <<'YAML'
name: choice
kind: choices
files: [choice.jsonl]
get: made by the test
fields: {problem: q, choices: c, gold: a, subject: s}
gold: letter-of-index
prompt: {style: mmlu-5shot, shots: 2, shots_from: own/dev.jsonl}
answer: letter
grade: {task: mmlu}
YAML
mkdir -p data/own
echo '{"q": "What is 1 + 1?", "c": ["1", "2", "9"], "a": 1, "s": "sums"}' >own/choice.jsonl
for k in 3 4 5; do echo "{\"q\": \"What is $k + 0?\", \"c\": [\"$k\", \"8\", \"9\"], \"a\": 0, \"s\": \"sums\"}"; done >data/own/dev.jsonl
tokens() { "$lemma" sample --model "$base" --benchmark own/choice.yaml --n 1 --out x.jsonl --dry-run --json "$@" 2>/dev/null | sed -n 's/.*"prompt_tokens": *\([0-9]*\).*/\1/p'; }
none=$(tokens) two=$(tokens --style published) one=$(tokens --style published --shots 1)
[ "$none" -lt "$one" ] && [ "$one" -lt "$two" ] || fail "worked examples do not reach the prompt: $none, $one, $two tokens"
says 2 "--style published is a benchmark's own" "$lemma" sample --model "$base" --prompts own/rows.jsonl --map problem=q --no-gold --style published --out x.jsonl
"$lemma" sample --model "$base" --benchmark own/choice.yaml --style published --n 1 --max-tokens 4 --out x.jsonl >/dev/null 2>&1 || fail "published style"
grep -q 'A. 1' x.jsonl || fail "options are not laid out as the style does"
echo '{"q": "What is 6 + 0?", "c": ["6", "8", "9"], "a": 0, "s": "sums"}' >>data/own/dev.jsonl
says 2 "its content changed" "$lemma" sample --model "$base" --benchmark own/choice.yaml --style published --n 1 --max-tokens 4 --out x.jsonl

# A benchmark of reward models: rows scored by each, and its table; nobody answers.
mkdir -p data/stepwise/processbench
cp "$source/tests/data/judge/processbench.jsonl" data/stepwise/processbench/gsm8k.jsonl
says 2 "--rm or --prm says which" "$lemma" bench run processbench --out no
says 2 "--rm or --prm says which" "$lemma" bench run processbench --prm x --model "$base" --out no
says 3 "rewardmath: none of its files" "$lemma" bench run rewardmath --rm x --out no
says 2 "a suite is run alone" "$lemma" bench run processbench gsm8k --prm x --out no
says 0 "f1" "$lemma" bench run processbench --prm qwen="$source/tests/data/golden_heads/qwen_prm" --out judged
[ -s judged/qwen/scored.jsonl ] && grep -q '"f1"' judged/qwen/score.json || { ls -R judged >&2; fail "no scores of processbench"; }
"$lemma" bench run processbench --prm qwen="$source/tests/data/golden_heads/qwen_prm" --out judged --json 2>/dev/null >judged.json || fail "--json"
grep -q '"rewards"' judged.json && grep -q '"f1"' judged.json || { cat judged.json >&2; fail "--json of reward models"; }
says 0 "complete" "$lemma" bench run processbench --prm qwen="$source/tests/data/golden_heads/qwen_prm" --out judged

# Several candidates and a reward model, killed again and again: the same bytes.
i=0
while [ $i -lt 6 ]; do
  i=$((i + 1))
  printf '%s\n' "{\"problem\": \"What is $i + 1?\", \"responses\": [\"It is $((i + 1)).\", \"It is $i.\"], \"labels\": [1, 0]}" >>lists.jsonl
done
"$lemma" rm train --model "$base" --lists lists.jsonl --epochs 1 --batch 2 --out rm >/dev/null 2>&1 || fail "no reward model"
"$lemma" bench run gsm8k own/mine.yaml --n 4 --max-tokens 24 --model "$base" --rm "$dir/rm" --out run --print-recipe >recipe.json
sed "s|own/mine.yaml|$dir/own/mine.yaml|" recipe.json >recipe.yaml
"$kill_resume" "$lemma" "$dir/recipe.yaml" 8
"$lemma" run recipe.yaml out=scored --quiet >/dev/null
grep -q 'rm@4' scored/table.csv || { cat scored/table.csv >&2; fail "no best-of-4 in the table"; }
echo "benchmarks run end to end"
