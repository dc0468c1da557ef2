#!/bin/sh
# slurm.sh LEMMA SOURCE - the scripts of recipes/slurm under a stand-in for sbatch that runs their jobs here: the table of an unsharded run, also when a task was killed and planned anew over two
set -eu
lemma=$1 source=$2
dir=$(mktemp -d /tmp/lemma-slurm-XXXXXX)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
export LEMMA_CPU=generic XDG_CACHE_HOME="$dir/cache"
fail() { echo "$*" >&2; tail -n 5 logs/* >&2 2>/dev/null || true; exit 1; }
mkdir bin jobs logs
ln -s "$lemma" bin/lemma
# The stand-in: numbers of jobs, arrays, afterok, --export, #SBATCH lines; the script is copied, as Slurm does, and each task has Slurm's variables.
# KILL_TASK=K: task K of the first array dies by SIGKILL once the file KILL_JOURNAL has KILL_LINES lines.
cat >bin/sbatch <<'S'
#!/bin/sh
set -eu
array='' after='' exports='' parsable=''
while [ "${1#--}" != "$1" ]; do
  case $1 in
    --parsable) parsable=1 ;;
    --array=*) array=${1#*=} ;;
    --dependency=afterok:*) after=${1#*:} ;;
    --export=ALL,*) exports=${1#*=ALL,} ;;
    --partition=*) ;;
    *) echo "sbatch: unknown option $1" >&2; exit 1 ;;
  esac
  shift
done
[ -f "$1" ] || { echo "sbatch: no script '$1'" >&2; exit 1; }
[ "$(head -c 2 "$1")" = '#!' ] || { echo "sbatch: $1 is no script" >&2; exit 1; }
if grep '^#SBATCH' "$1" | grep -qvE '^#SBATCH --(job-name|cpus-per-task|mem|time|output)=[^ ]+$|^#SBATCH --requeue$'; then echo "sbatch: $1: bad #SBATCH line" >&2; exit 1; fi
id=$(($(cat jobs/last 2>/dev/null || echo 100) + 1))
echo $id >jobs/last
cp "$1" "jobs/$id.script"
chmod +x "jobs/$id.script"
shift
echo "$*" >"jobs/$id.command"
[ -z "$parsable" ] || echo $id
IFS=:
for a in $after; do [ "$(cat "jobs/$a.state")" = ok ] || { echo never >"jobs/$id.state"; exit 0; }; done
IFS=,
for e in $exports; do export "${e%%=*}=${e#*=}"; done
unset IFS
state=ok
if [ -z "$array" ]; then "jobs/$id.script" "$@" >"logs/$id" 2>&1 || state=failed
else
  case $array in
    *-*) tasks=$(seq "${array%-*}" "${array#*-}") ;;
    *) tasks=$(echo "$array" | tr , ' ') ;;
  esac
  # shellcheck disable=SC2086
  set_variables() { SLURM_ARRAY_TASK_MIN=$1; SLURM_ARRAY_TASK_COUNT=$#; shift $(($# - 1)); SLURM_ARRAY_TASK_MAX=$1; }
  # shellcheck disable=SC2086
  set_variables $tasks
  export SLURM_ARRAY_TASK_MIN SLURM_ARRAY_TASK_MAX SLURM_ARRAY_TASK_COUNT SLURM_ARRAY_TASK_STEP=1 SLURM_ARRAY_JOB_ID=$id
  for t in $tasks; do
    export SLURM_ARRAY_TASK_ID="$t"
    "jobs/$id.script" "$@" >"logs/$id-$t" 2>&1 &
    pid=$!
    if [ "${KILL_TASK:-}" = "$t" ] && [ ! -e jobs/killed ]; then
      until [ -f "$KILL_JOURNAL" ] && [ "$(wc -l <"$KILL_JOURNAL")" -ge "$KILL_LINES" ]; do kill -0 $pid || exit 1; sleep 0.01; done
      kill -9 $pid
      touch jobs/killed
    fi
    wait $pid || state=failed
  done
fi
echo $state >"jobs/$id.state"
S
chmod +x bin/sbatch
export PATH="$dir/bin:$PATH"

i=0
while [ $i -lt 12 ]; do
  printf '{"id":"p%s","problem":"There are %s apples","expected_answer":"%s","solution":"it is %s"}\n' $i $i $i $i >>rows.jsonl
  i=$((i + 1))
done
{
  lemma sft --from-scratch --layers 1 --width 32 --heads 2 --vocab 270 --context 192 --batch 1 --max-steps 3 --lr 1e-3 --data rows.jsonl --out m
  lemma sample --model m --prompts rows.jsonl --n 2 --max-tokens 8 --out c.jsonl
  lemma grade c.jsonl --out g.jsonl
  lemma rm sample g.jsonl --random --per-problem 2 --out l.jsonl || true
} >logs/prepare 2>&1 || fail 'cannot prepare'
# A reward model needs right and wrong answers; the tiny model has none, so they are written by hand.
sed 's/"solution":"it is \([0-9]*\)"/"completions":["\\\\boxed{\1}","\\\\boxed{99}"]/' rows.jsonl >hand.jsonl
{
  lemma grade hand.jsonl --out h.jsonl
  lemma rm sample h.jsonl --random --per-problem 2 --out lists.jsonl
  lemma rm train --model m --lists lists.jsonl --batch 1 --max-steps 3 --out rm
} >logs/prepare 2>&1 || fail 'cannot prepare the reward model'

export MODEL=m PROMPTS=rows.jsonl RM=rm N=200 SHARDS=3 SAMPLE='--max-tokens 40 --slots 4 --quiet' SBATCH=--partition=cpu
# Unsharded.
{
  # shellcheck disable=SC2086
  lemma sample --model m --prompts rows.jsonl --n $N $SAMPLE --out whole/candidates.jsonl
  lemma grade whole/candidates.jsonl --out whole/graded.jsonl
  lemma rm score whole/graded.jsonl --model rm --out whole/scored.jsonl
  lemma select whole/scored.jsonl --out whole/best-of-n.json
} >logs/whole 2>&1 || fail 'the unsharded run failed'
same() {
  for f in candidates.jsonl graded.jsonl scored.jsonl best-of-n.json; do cmp "whole/$f" "$1/$f" || fail "$1/$f is not that of an unsharded run"; done
  cmp whole/candidates.jsonl.manifest.json "$1/candidates.jsonl.manifest.json" || fail "$1: another manifest"
}
chain() { "$source/recipes/slurm/best-of-n.sh" >logs/chain 2>&1 || fail 'best-of-n.sh failed'; }

OUT=one chain
same one
grep -q '^one/best-of-n.json comes from job [0-9]*$' logs/chain || fail 'what comes is not said'
OUT=one chain # again: all is there
grep -q 'already complete' "logs/$(($(cat jobs/last) - 2))-2" || fail 'a finished shard worked again'
same one

# Task 2 is killed: nothing behind it runs. Sent again by its number alone, it goes on from its journal.
export KILL_TASK=2 KILL_LINES=100
OUT=two KILL_JOURNAL=two/candidates.jsonl.shard-2-of-3.job/journal chain
if [ ! -e jobs/killed ] || [ -e two/candidates.jsonl ] || [ "$(cat "jobs/$(cat jobs/last).state")" != never ]; then fail 'the chain went on behind a dead task'; fi
cp -r two three
job=$(sbatch --parsable --array=2 --export=ALL,SHARDS=3 "$source/recipes/slurm/shard.sbatch" sample --model m --prompts rows.jsonl --n 200 --out two/candidates.jsonl --max-tokens 40 --slots 4)
grep -q 'going on: [1-9][0-9]* of 800 candidates are there already' "logs/$job-2" || fail 'task 2 did not go on from its journal'
OUT=two chain
same two
# Planned anew over two.
DEAD=2/3 OVER=2 OUT=three SAMPLE='--max-tokens 40 --slots 4' chain
for f in 2-of-6 5-of-6; do [ -e three/candidates.jsonl.shard-$f ] || fail "not planned anew over two: $f"; done
[ ! -e three/candidates.jsonl.shard-2-of-3 ] || fail 'the dead task was sent again'
grep -q 'taken over from three/candidates.jsonl.shard-2-of-3.job/journal: [1-9][0-9]* records' logs/*-1 || fail 'nothing was taken over'
same three
# Sent again as a part of an array under 'auto', a task would be another shard: refused.
job=$(sbatch --parsable --array=2 --export=ALL,SHARD=auto "$source/recipes/slurm/shard.sbatch" sample --model m --prompts rows.jsonl --n 200 --out three/candidates.jsonl --max-tokens 40)
[ "$(cat "jobs/$job.state")" = failed ] || fail 'a part of an array was taken for a whole one'
grep -q 'has rows that .* has done already' "logs/$job-2" || fail 'a part of an array was taken for a whole one'
echo "$(($(cat jobs/last) - 100)) jobs"
