#!/bin/bash
# readme.sh LEMMA SOURCE - every line of README's Use section, in order, as it stands there
set -u
lemma=$1 source=$2
dir=$(mktemp -d /tmp/lemma-readme-XXXXXX)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
ln -s "$source/recipes" recipes
PATH=$(dirname "$lemma"):$PATH
export PATH MODEL=out/policy
# but for the PATH, which is this build's
awk '/^## Use/ { on = 1 } on && /^```sh/ { block = 1; next } block && /^```/ { exit } block && !/^export PATH/' "$source/README.md" |
  sed "s|/tmp/quick|$dir/demo-quick|" >lines
bash -c 'set -eE; trap "echo \"FAILED: \$BASH_COMMAND\"" ERR; . ./lines' >out.txt 2>&1 </dev/null || { tail -5 out.txt; exit 1; }
n=$(grep -c '\blemma [a-z]' lines)
[ "$n" -ge 18 ] || { echo "FAILED: only $n lines found in README's Use section"; exit 1; }
# what it leads to has learned: more than half of the answers to unseen problems are right
right=$(lemma select out/scored.jsonl --k 1 --json 2>/dev/null | tr -d ' \n' | grep -o '"name":"pass@1","protocol":"exact","value":[0-9.]*' | head -n 1 | sed 's/.*://')
awk -v r="$right" 'BEGIN { exit !(r > 0.5) }' || { echo "FAILED: pass@1 is $right after README's Use section"; exit 1; }
echo "$n lines of README ran; pass@1 $right"
