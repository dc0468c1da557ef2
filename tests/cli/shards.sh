#!/bin/sh
# shards.sh LEMMA DATA - every command that takes --shard: shards merged are the bytes of one run, also when one was killed, went on, or was planned anew
set -eu
lemma=$1 prm=$2/golden_heads/qwen_prm
dir=$(mktemp -d /tmp/lemma-shards-XXXXXX)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
export LEMMA_CPU=generic XDG_CACHE_HOME="$dir/cache"
fail() { echo "$*" >&2; [ ! -s said ] || cat said >&2; exit 1; }
checks=0
ok() { "$lemma" "$@" >said 2>&1 || fail "lemma $*"; }
# refuses STATUS PART COMMAND… - exit status and a part of the one line
refuses() {
  want=$1 part=$2 rc=0; shift 2
  "$lemma" "$@" >said 2>&1 || rc=$?
  [ "$rc" = "$want" ] || fail "lemma $*: status $rc, not $want"
  grep -qF -- "$part" said || fail "lemma $*: '$part' is not said"
  checks=$((checks + 1))
}

# Eleven rows in two files; candidates of them that are right, wrong, and of several lengths.
mkdir in
i=0
while [ $i -lt 11 ]; do
  [ $i -lt 4 ] && f=in/a.jsonl || f=in/b.jsonl
  more=''; [ $((i % 3)) -ne 0 ] || more=',"so\n\n9\n\nand then \\boxed{9}"'
  printf '{"problem":"There are %s apples","expected_answer":"%s","solution":"there are %s","completions":["one\\n\\nit is \\\\boxed{%s}","two\\n\\n\\\\boxed{7}"%s]}\n' "$i" "$i" "$i" "$i" "$more" >>"$f"
  i=$((i + 1))
done
cat in/a.jsonl in/b.jsonl >in.jsonl
gzip -k in.jsonl
sed 's/,"completions.*/}/' in.jsonl >train.jsonl
ok sft --from-scratch --layers 1 --width 32 --heads 2 --vocab 270 --context 192 --batch 1 --max-steps 3 --lr 1e-3 --data train.jsonl --out m
ok grade in.jsonl --out g.jsonl
ok rm sample g.jsonl --random --per-problem 2 --out l.jsonl
ok rm train --model m --lists l.jsonl --batch 1 --max-steps 3 --out rm

# same NAME END OPTIONS… - unsharded, then over several N: the same file and manifest, and both commands find it complete
same() {
  name=$1 end=$2 command=$3; shift 3
  # shellcheck disable=SC2086  # a command is one word or two
  set -- $command "$@"
  ok "$@" --out "$name-whole$end"
  for n in 1 3 14; do
    k=$n
    while [ "$k" -ge 1 ]; do ok "$@" --out "$name-$n$end" --shard "$k/$n"; k=$((k - 1)); done
    ok merge "$name-$n$end"
    cmp "$name-whole$end" "$name-$n$end" || fail "$*: $n shards give other bytes"
    cmp "$name-whole$end.manifest.json" "$name-$n$end.manifest.json" || fail "$*: $n shards give another manifest"
    ok merge "$name-$n$end"
    grep -q 'already complete' said || fail "merge of $name-$n$end works twice"
    [ "$command" = grade ] || { ok "$@" --out "$name-$n$end"; grep -q 'already complete' said || fail "$*: not complete after merge"; }
    checks=$((checks + 1))
  done
}
sample='--model m --n 3 --max-tokens 12 --prompts'
for c in "sample $sample" "rm score|--model rm" "prm score|--model $prm" "prm annotate|--model m --n 2 --max-tokens 6 --data" "grade|"; do
  case $c in
    *'|'*) command=${c%%|*} options=${c#*|} ;;
    *) command=sample options=$sample ;;
  esac
  id=$(echo "$command" | tr ' ' -)
  # shellcheck disable=SC2086  # options are words
  for k in file limit folder packed; do
    case $k in
      file) same "$id-$k" .jsonl "$command" $options in.jsonl ;;
      limit) same "$id-$k" .jsonl "$command" $options in.jsonl --limit 7 ;;
      folder) same "$id-$k" .jsonl "$command" $options in ;;
      packed) same "$id-$k" .jsonl.gz "$command" $options in.jsonl.gz ;;
    esac
  done
done
same pattern .jsonl sample --model m --n 2 --max-tokens 5 --prompts 'in/*.jsonl'
same judged .jsonl 'prm annotate' --judge "$prm" --data prm-annotate-file-whole.jsonl
same implicit .jsonl 'rm score' in.jsonl --model m --head implicit --reference m
{ head -5 in.jsonl; echo no row; tail -n +6 in.jsonl; } >bad.jsonl
same bad-sample .jsonl sample --model m --n 2 --max-tokens 5 --on-error skip --max-bad 1 --prompts bad.jsonl
same bad-score .jsonl 'rm score' bad.jsonl --model rm --on-error skip --max-bad 1
{ head -3 in.jsonl; echo no row; sed -n 4,7p in.jsonl; echo '{"problem":7,"completions":["x"]}'; tail -n +8 in.jsonl; } >bad2.jsonl
same bad-rows .jsonl 'rm score' bad2.jsonl --model rm --on-error skip --max-bad 1
same bad-annotate .jsonl 'prm annotate' --model m --n 1 --max-tokens 3 --on-error skip --max-bad 1 --data bad2.jsonl
for k in 1 3 14; do
  cmp "bad-sample-whole.jsonl.skipped" "bad-sample-$k.jsonl.skipped" && cmp "bad-rows-whole.jsonl.skipped" "bad-rows-$k.jsonl.skipped" || fail "$k shards list other rows as left out"
done
[ "$(wc -l <bad-rows-whole.jsonl.skipped)" = 2 ] || fail 'two rows were to be listed'
# What is merged is what the next command takes, and standard output takes a shard's rows alone.
ok grade sample-file-3.jsonl --out graded.jsonl
ok rm score graded.jsonl --model rm --out scored.jsonl
ok select scored.jsonl --k 1,2 --out table.json
for k in 1 2; do "$lemma" grade in.jsonl --shard $k/2 --out - 2>said >part-$k || fail "grade to stdout"; done
[ "$(cat part-1 part-2 | sort)" = "$(sort g.jsonl)" ] || fail 'two shards on standard output are not all rows'

# ---- killed, gone on, planned anew: many candidates, so that there is time
long="--model m --prompts in.jsonl --n 400 --max-tokens 60 --slots 4 --quiet"
records() { if [ -f "$1.job/journal" ]; then wc -l <"$1.job/journal"; else echo 0; fi; }
# kill_at OUT SHARD-FILE N COMMAND… - SIGKILL when its journal has N lines
kill_at() {
  file=$1 lines=$2; shift 2
  "$lemma" "$@" >said 2>&1 &
  pid=$!
  until [ "$(records "$file")" -ge "$lines" ]; do kill -0 $pid 2>/dev/null || fail "lemma $*: ended before it was killed"; sleep 0.01; done
  kill -9 $pid
  wait $pid 2>/dev/null || true
  [ ! -e "$file" ] || fail "$file is there though its run was killed"
}
# shellcheck disable=SC2086  # words
{
  ok sample $long --out whole.jsonl
  ok sample $long --out k.jsonl --shard 1/3
  ok sample $long --out k.jsonl --shard 3/3
  kill_at k.jsonl.shard-2-of-3 600 sample $long --out k.jsonl --shard 2/3
  refuses 2 'missing or unfinished 2/3; the commands above make them, and --shard I/N --take-over 2/3' merge k.jsonl
  grep -qF 'shard 2/3 is unfinished, the same command goes on with it: lemma sample --model m --prompts in.jsonl --n 400 --max-tokens 60 --shard 2/3 --out k.jsonl' said || fail 'the command that makes it is not told'
  mkdir saved && cp -r k.jsonl.* saved
  kill_at k.jsonl.shard-2-of-3 800 sample $long --out k.jsonl --shard 2/3
  ok sample $long --out k.jsonl --shard 2/3
  ok merge k.jsonl
  cmp whole.jsonl k.jsonl
  rm -rf k.jsonl*; cp -r saved/* .
  "$lemma" sample $long --out k.jsonl --shard 1/2 --take-over 2/3 2>said
  "$lemma" sample ${long% --quiet} --out k.jsonl --shard 2/2 --take-over 2/3 2>said
  grep -q 'taken over from k.jsonl.shard-2-of-3.job/journal: [1-9][0-9]* records' said || fail 'nothing was taken over'
  ok merge k.jsonl
  cmp whole.jsonl k.jsonl
  cmp whole.jsonl.manifest.json k.jsonl.manifest.json
  refuses 2 'has rows that 2/6 has done already' sample $long --out k.jsonl --shard 2/3
  # All three journals, one process.
  rm -rf k.jsonl*
  kill_at k.jsonl.shard-1-of-2 60 sample $long --out k.jsonl --shard 1/2
  kill_at k.jsonl.shard-2-of-2 60 sample $long --out k.jsonl --shard 2/2
  ok sample ${long% --quiet} --out k.jsonl --shard 1/1
  [ "$(grep -c 'taken over from' said)" = 2 ] || fail 'two journals were not taken over'
  ok merge k.jsonl
  cmp whole.jsonl k.jsonl
  # One that lives is left alone.
  rm -rf k.jsonl*
  "$lemma" sample $long --out k.jsonl --shard 2/3 >/dev/null 2>&1 &
  pid=$!
  until [ "$(records k.jsonl.shard-2-of-3)" -ge 2 ]; do sleep 0.01; done
  refuses 8 'rows of this shard are in work' sample $long --out k.jsonl --shard 1/2 --take-over 2/3
  kill -9 $pid
  wait $pid 2>/dev/null || true
  # Rollouts and scores have journals too.
  roll="--model m --data in.jsonl --n 60 --max-tokens 40 --slots 4 --quiet"
  ok prm annotate $roll --out r-whole.jsonl
  kill_at r.jsonl.shard-1-of-2 100 prm annotate $roll --out r.jsonl --shard 1/2
  ok prm annotate $roll --out r.jsonl --shard 2/2
  for k in 1 2 3; do ok prm annotate ${roll% --quiet} --out r.jsonl --shard $k/3 --take-over 1/2; done
  ok merge r.jsonl
  cmp r-whole.jsonl r.jsonl
  checks=$((checks + 6))
}
i=0
while [ $i -lt 60 ]; do cat in.jsonl; i=$((i + 1)); done >many.jsonl
for c in "rm score|rm" "prm score|$prm"; do
  command=${c%%|*} model=${c#*|} id=$(echo "${c%%|*}" | tr ' ' -)
  # shellcheck disable=SC2086
  {
    ok $command many.jsonl --model "$model" --out "$id.jsonl-whole"
    kill_at "$id.jsonl.shard-1-of-2" 20 $command many.jsonl --model "$model" --out "$id.jsonl" --shard 1/2
    ok $command many.jsonl --model "$model" --out "$id.jsonl" --shard 2/2
    ok $command many.jsonl --model "$model" --out "$id.jsonl" --shard 1/2 --take-over 1/2
    grep -q 'taken over from' said || fail "$command took nothing over"
    ok $command many.jsonl --model "$model" --out "$id.jsonl" --shard 2/2 --take-over 1/2
    ok merge "$id.jsonl"
  }
  cmp "$id.jsonl-whole" "$id.jsonl"
  checks=$((checks + 1))
done

# ---- what does not belong together
s="sample --model m --prompts in.jsonl --n 2 --max-tokens 5"
# shellcheck disable=SC2086
{
  ok $s --out a.jsonl --shard 1/2
  ok $s --out b.jsonl --shard 2/2 --seed 2
  ok $s --out c.jsonl --shard 2/3
  ok $s --out d.jsonl --shard 2/2
  one=a.jsonl.shard-1-of-2
  refuses 2 'b.jsonl.shard-2-of-2 is a shard of another job than a.jsonl.shard-1-of-2: --seed was 1, is now 2' merge $one b.jsonl.shard-2-of-2 --out o.jsonl
  refuses 2 'a.jsonl.shard-1-of-2 and c.jsonl.shard-2-of-3 have rows in common' merge $one c.jsonl.shard-2-of-3 --out o.jsonl
  refuses 2 'have rows in common; name the files that belong together' merge $one $one --out o.jsonl
  refuses 2 'missing or unfinished 2/2' merge $one --out o.jsonl
  grep -qF -- '--shard 2/2 --out a.jsonl' said || fail 'the missing shard is not told as a command'
  refuses 2 'missing or unfinished 1/3,3/3' merge c.jsonl
  refuses 2 'no shard of it is finished' merge nothing.jsonl
  refuses 3 'no such file' merge $one gone --out o.jsonl
  refuses 2 'is no shard of lemma' merge $one in.jsonl --out o.jsonl
  refuses 2 'it is a whole result, no shard' merge $one g.jsonl --out o.jsonl
  refuses 2 '--out FILE is missing' merge $one d.jsonl.shard-2-of-2
  refuses 2 '--seed: merging takes what the shards were made with' merge a.jsonl --seed 3
  refuses 2 '--limit: merging takes' merge a.jsonl --limit 3
  refuses 2 '1/3 has rows that 1/2 has done already' $s --out a.jsonl --shard 1/3
  refuses 2 "shard '4/3': I/N expected" $s --out o.jsonl --shard 4/3
  refuses 2 '--take-over needs --shard' $s --out o.jsonl --take-over 1/2
  refuses 2 'none of the variables is set' $s --out o.jsonl --shard auto
  refuses 2 '--audit is one page for all rows' grade in.jsonl --shard 1/2 --audit o.html
  cp d.jsonl.shard-2-of-2 saved.jsonl
  echo '{}' >>d.jsonl.shard-2-of-2
  refuses 3 'its content was changed since it was written' merge $one d.jsonl.shard-2-of-2 --out o.jsonl
  cp saved.jsonl d.jsonl.shard-2-of-2
  [ ! -e o.jsonl ] || fail 'o.jsonl was written'
  ok merge $one d.jsonl.shard-2-of-2 --out o.jsonl --dry-run
  [ ! -e o.jsonl ] || fail 'a dry run wrote o.jsonl'
  ok merge $one d.jsonl.shard-2-of-2 --out o.jsonl --json
  grep -q '"shards":2,"rows":11,"lines":11' said || fail 'merge --json'
  ok $s --out whole-2.jsonl
  cmp o.jsonl whole-2.jsonl
  echo mine >mine.jsonl
  refuses 2 'no manifest says that lemma wrote it' merge $one d.jsonl.shard-2-of-2 --out mine.jsonl
  [ "$(cat mine.jsonl)" = mine ] || fail 'somebody'\''s file was replaced'
  printf 'name: r\nvars: {out: run}\nstages:\n  - {name: a, command: sample, model: m, prompts: in.jsonl, out: run/g.jsonl, shard: 1/2}\n' >r.yaml
  refuses 2 'stage a: --shard: a stage of a recipe is not split' run r.yaml
}
# ---- launchers
ok_auto() { want=$1; shift; rm -rf auto.jsonl*; env "$@" "$lemma" grade in.jsonl --shard auto --out auto.jsonl >said 2>&1 || fail "$*"; [ -e "auto.jsonl.shard-$want" ] || fail "$*: not $want"; checks=$((checks + 1)); }
ok_auto 3-of-4 SLURM_ARRAY_TASK_ID=7 SLURM_ARRAY_TASK_MIN=3 SLURM_ARRAY_TASK_MAX=9 SLURM_ARRAY_TASK_STEP=2 SLURM_ARRAY_TASK_COUNT=4
ok_auto 2-of-3 OMPI_COMM_WORLD_RANK=1 OMPI_COMM_WORLD_SIZE=3 PMIX_RANK=1
ok_auto 1-of-2 PMI_RANK=0 PMI_SIZE=2
ok_auto 2-of-2 PMIX_RANK=1 SLURM_STEP_NUM_TASKS=2
rm -rf auto.jsonl*
SLURM_ARRAY_TASK_ID=7 ok grade in.jsonl --out auto.jsonl # an array may vary the seed: never without the option
[ -e auto.jsonl ] || fail 'Slurm'\''s variables counted without --shard'
SLURM_ARRAY_TASK_ID=9 SLURM_ARRAY_TASK_MIN=3 SLURM_ARRAY_TASK_STEP=1 SLURM_ARRAY_TASK_COUNT=2 refuses 2 'contradict each other' grade in.jsonl --shard auto --out o2.jsonl
echo "$checks checks of shards"
