#!/bin/sh
# terminal.sh LEMMA REPO - what a terminal gets: colours unless NO_COLOR, a bar unless it is dumb, the order of both streams
set -eu
lemma=$1
repo=$2
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
esc=$(printf '\033')

fail() { echo "terminal.sh: $*" >&2; exit 1; }
# on_terminal ASSIGNMENTS COMMAND: its output, as a terminal would get it
on_terminal() { script -qec "env $1 sh -c '$2'" /dev/null </dev/null; }

show="$lemma template show $repo/recipes/demo-base"
on_terminal "TERM=xterm" "$show" | grep -q "$esc\[32m" || fail "no colour on a terminal"
on_terminal "TERM=xterm NO_COLOR=1" "$show" | grep -q "$esc\[" && fail "colour with NO_COLOR"
$show | grep -q "$esc" && fail "colour in a file"

printf '{"problem":"p","solution":"1+1=2"}\n%.0s' 1 2 3 4 5 6 7 8 >rows.jsonl
train="$lemma sft --from-scratch --layers 2 --width 64 --vocab 300 --context 128 --batch 1 --data rows.jsonl --epochs 60 --fresh --out m"
on_terminal "TERM=xterm" "$train" | grep -q "$esc\[K" || fail "no bar on a terminal"
on_terminal "TERM=dumb" "$train" | grep -q "$esc" && fail "a bar that redraws itself on a dumb terminal"
on_terminal "TERM=dumb" "$train" | grep -q 'step' || fail "nothing is told on a dumb terminal"

# Both streams in one file: what a stage prints stands behind what was said before it, and before what is said after it.
cat >two.yaml <<YAML
name: two
vars: {out: r}
stages:
  - {name: first, command: grade, words: [a.jsonl], out: "\${out}/g.jsonl"}
  - {name: second, command: select, words: ["\${out}/g.jsonl"], k: [1], out: "\${out}/s.json"}
YAML
printf '{"problem":"p%d","expected_answer":"2","completions":["2","3"]}\n' 1 2 3 4 >a.jsonl
$lemma run two.yaml >all 2>&1 || { cat all; fail "the recipe did not run"; }
order=$(grep -n -E '^\[1/2\]|answers|^\[2/2\]|pass@1' all | cut -d: -f2- | cut -c1-5 | tr '\n' ' ')
case $order in
*'[1/2'*'[2/2'*pass@*) ;;
*) cat all; fail "the two streams are out of order: $order" ;;
esac
echo ok
