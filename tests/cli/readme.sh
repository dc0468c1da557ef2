#!/bin/bash
# readme.sh LEMMA SOURCE - every `lemma` line of README's Use section, in order, as it stands there
set -u
lemma=$1 source=$2
dir=$(mktemp -d /tmp/lemma-readme-XXXXXX)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
ln -s "$source/recipes" recipes
PATH=$(dirname "$lemma"):$PATH
export PATH MODEL=out/policy
awk '/^## Use/ { on = 1 } on && /^```sh/ { block = 1; next } block && /^```/ { exit } block && /^lemma / { sub(/ +# .*$/, ""); print }' "$source/README.md" |
  sed "s|/tmp/quick|$dir/demo-quick|" >lines
n=0
while read -r line; do
  n=$((n + 1))
  bash -c "$line" >out.txt 2>&1 </dev/null || { echo "FAILED: $line"; tail -3 out.txt; exit 1; }
done <lines
[ "$n" -ge 18 ] || { echo "FAILED: only $n lines found in README's Use section"; exit 1; }
# what it leads to has learned: more than half of the answers to unseen problems are right
right=$(lemma select out/scored.jsonl --k 1 --json 2>/dev/null | tr -d ' \n' | grep -o '"name":"pass@1","protocol":"exact","value":[0-9.]*' | head -n 1 | sed 's/.*://')
awk -v r="$right" 'BEGIN { exit !(r > 0.5) }' || { echo "FAILED: pass@1 is $right after README's Use section"; exit 1; }
echo "$n lines of README ran; pass@1 $right"
