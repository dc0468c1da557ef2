#!/bin/sh
# best-of-n.sh - candidates, their grades, scores and the best-of-N table as a chain of Slurm jobs
#   MODEL=runs/sft PROMPTS=gsm8k/test.jsonl RM=runs/rm OUT=runs N=64 SHARDS=16 recipes/slurm/best-of-n.sh
# Without RM nothing is scored. SAMPLE holds further options of lemma sample, SBATCH those of sbatch (partition, account, mem).
# Run again, it sends all jobs again: what is finished ends at once, what was killed goes on.
# To divide the rows of dead sampling tasks over others instead:
#   DEAD=2/16,9/16 OVER=8 MODEL=… (as before) recipes/slurm/best-of-n.sh
set -eu
here=$(dirname "$0")
: "${MODEL:?folder of the model that samples}" "${PROMPTS:?file of problems}"
OUT=${OUT:-runs} N=${N:-64} SHARDS=${SHARDS:-8} RM=${RM:-} DEAD=${DEAD:-} OVER=${OVER:-2} SAMPLE=${SAMPLE:-} SBATCH=${SBATCH:-}
mkdir -p "$OUT"

# The options in SAMPLE and SBATCH are words.
# shellcheck disable=SC2086
{
  # array ID-BEFORE COMMAND… - shards of a command; prints the job's number
  array() {
    after=$1
    shift
    sbatch --parsable $SBATCH ${after:+--dependency=afterok:$after} --array="1-$SHARDS" --export="ALL,SHARDS=$SHARDS" "$here/shard.sbatch" "$@"
  }
  one() {
    after=$1
    shift
    sbatch --parsable $SBATCH --dependency="afterok:$after" "$here/one.sbatch" "$@"
  }
  set -- sample --model "$MODEL" --prompts "$PROMPTS" --n "$N" --out "$OUT/candidates.jsonl" $SAMPLE
  if [ -n "$DEAD" ]; then
    id=$(sbatch --parsable $SBATCH --array="1-$OVER" --export=ALL,SHARD=auto "$here/shard.sbatch" "$@" --take-over "$DEAD")
  else
    id=$(array '' "$@")
  fi
  id=$(one "$id" merge "$OUT/candidates.jsonl")
  id=$(one "$id" grade "$OUT/candidates.jsonl" --out "$OUT/graded.jsonl")
  last=$OUT/graded.jsonl
  if [ -n "$RM" ]; then
    id=$(array "$id" rm score "$OUT/graded.jsonl" --model "$RM" --out "$OUT/scored.jsonl")
    id=$(one "$id" merge "$OUT/scored.jsonl")
    last=$OUT/scored.jsonl
  fi
  id=$(one "$id" select "$last" --out "$OUT/best-of-n.json")
}
echo "$OUT/best-of-n.json comes from job $id"
