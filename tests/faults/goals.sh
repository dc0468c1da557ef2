#!/bin/bash
# goals.sh BUILD [SHARE [GOAL]] - the long runs behind docs/reliability.md: time against length, one problem among others, kills
#
# SHARE of the runs (1; 0.1 does a tenth); GOAL: slope, among or kills alone.
set -u
build=$(cd "$1" && pwd) share=${2:-1} only=${3:-}
here=$(cd "$(dirname "$0")" && pwd)
lemma=$build/lemma token=$here/../data/token
dir=$(mktemp -d /tmp/lemma-goals-XXXXXX)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
export LEMMA_CPU=${LEMMA_CPU:-generic} LC_ALL=C
fail() { echo "FAILED: $*"; exit 1; }
part() { awk -v n="$1" -v s="$share" 'BEGIN { k = int(n * s); print(k > 0 ? k : 1) }'; }

# repeat BYTES TEXT: as often as it is whole in so many bytes
repeat() { yes "$2" | head -n $(($1 / ${#2})) | tr -d '\n'; }

# ---- time against length: twice the text may not take much more than twice the time

seconds() { # of processor time, the best of three runs
  for _ in 1 2 3; do
    { TIMEFORMAT='%U %S'; time "$@" >out.txt 2>said.txt; } 2>took.txt || { cat said.txt; return 1; }
    awk '{ print $1 + $2 }' took.txt
  done | sort -n | head -n 1
}

worst_slope=0 worst_time=0 texts=0
# slope NAME TEXT COMMAND...: the command on 1 and 4 MiB of it, less what it takes for 1 KiB
slope() {
  local name=$1 text=$2 t0=0 t1=0 t4=0 s
  shift 2
  for kib in 1 1024 4096; do
    make_input $((kib << 10)) "$text"
    s=$(seconds "$@") && [ -n "$s" ] || fail "$name, $kib KiB: $(head -c 300 said.txt)"
    t0=$t1 t1=$t4 t4=$s
  done
  # what is below a hundredth of a second the clock cannot tell
  s=$(awk -v o="$t0" -v a="$t1" -v b="$t4" 'BEGIN { a -= o; b -= o; a = a > 0.01 ? a : 0.01; b = b > a ? b : a; printf "%.2f", log(b / a) / log(4) }')
  printf '%-28s %5.2f s of 1 MiB, %5.2f s of 4 MiB, slope %s\n' "$name" "$t1" "$t4" "$s"
  worst_slope=$(printf '%s\n%s\n' "$s" "$worst_slope" | sort -g | tail -n 1)
  worst_time=$(printf '%s\n%s\n' "$t4" "$worst_time" | sort -g | tail -n 1)
  texts=$((texts + 1))
}

slopes() {
  make_input() { { repeat "$1" "$2"; echo; } >text.txt; }
  for t in 'one letter=a' 'digits=7' 'blanks= ' "apostrophes='s" 'four-byte letters=𝕏' 'marks=é́̂' 'of a special token=<|im_' 'many words=ab cd, 12. '; do
    slope "tokenize, ${t%%=*}" "${t#*=}" "$lemma" tokenize "$token/gpt2_nfc" text.txt
  done
  make_input() { { printf '{"problem":"p","expected_answer":"2","completions":["so \\\\boxed{'; repeat "$1" "$2"; printf '}"]}\n'; } >rows.jsonl; }
  for t in 'braces={' 'boxes in boxes=\\boxed{' 'fractions=\\frac{1}' 'sums=1+' 'digits=7' 'dollars=$'; do
    slope "grade, ${t%%=*}" "${t#*=}" "$lemma" grade rows.jsonl
  done
  echo "$texts texts: worst slope $worst_slope, worst $worst_time s of 4 MiB"
  awk -v s="$worst_slope" -v t="$worst_time" 'BEGIN { exit !(s <= 1.2 && t <= 5) }' || fail "above a slope of 1.2, or 5 s"
}

# ---- one problem among others has one result, whatever stands beside it

among() {
  local runs slots=(1 2 3 7 8 16 32 33 64) i
  runs=$(part 1000)
  for i in $(seq 60); do echo "{\"id\":\"$i\",\"problem\":\"what is $i and $((i * i % 37))?\",\"solution\":\"it is $i\",\"expected_answer\":\"$i\"}"; done >all.jsonl
  "$lemma" sft --from-scratch --layers 1 --width 32 --heads 2 --vocab 300 --context 96 --batch 4 --max-steps 4 --data all.jsonl --out m --quiet || fail "no model"
  RANDOM=15
  for i in $(seq "$runs"); do
    seq 2 60 | while read -r k; do echo "$RANDOM $k"; done | sort -n | head -n $((RANDOM % 12)) | cut -d ' ' -f 2 >beside
    { echo 1; cat beside; } | while read -r k; do echo "$RANDOM $k"; done | sort -n | cut -d ' ' -f 2 | while read -r k; do sed -n "${k}p" all.jsonl; done >prompts.jsonl
    "$lemma" sample --model m --prompts prompts.jsonl --n 3 --temperature 1 --max-tokens 12 --threads $((RANDOM % 4 + 1)) --slots "${slots[RANDOM % 9]}" --out s.jsonl --fresh --quiet >said.txt 2>&1 || fail "sample: $(cat said.txt)"
    grep '^{"id":"1",' s.jsonl >now.txt
    [ "$(wc -l <now.txt)" = 1 ] || fail "no row of the problem"
    [ "$i" = 1 ] && mv now.txt first.txt
    [ "$i" = 1 ] || cmp -s first.txt now.txt || fail "run $i: another result"
  done
  echo "$runs runs of one problem among others, one result"
}

if [ "${only:-slope}" = slope ]; then slopes; fi
if [ "${only:-among}" = among ]; then among; fi
if [ "${only:-kills}" = kills ]; then "$here/../cli/kill_every.sh" "$lemma" "$(part 2000)"; fi
