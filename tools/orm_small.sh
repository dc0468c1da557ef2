#!/bin/sh
# orm_small.sh OUT - the small outcome reward model of docs/orm.md: text, start model, lists, model, figures on ProcessBench gsm8k
#
# Reads $LEMMA_DATA (MANIFEST.md there); LEMMA names the program. With SEED=2 LISTS="3 4" VAL=no the second look of docs/orm.md.
# Every stage is a job: the same command goes on where it was stopped, and ends with the same bytes on the same compute path.
set -eu
[ $# -eq 1 ] || { sed -n '2,5s/^# \{0,1\}//p' "$0"; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
lemma=${LEMMA:-$here/../build/lemma}
python=${PYTHON:-python3}
seed=${SEED:-1} lists=${LISTS:-1 2} val=${VAL:-yes}
export LEMMA_DATA="${LEMMA_DATA:-/work/shared/data}"
mkdir -p "$1"
cd "$1"
make() { # NAME ARGUMENTS: a file that is not there yet
    out=$1
    shift
    [ -e "$out" ] || "$python" "$here/orm_small.py" "$@"
}

make texts.jsonl texts texts.jsonl
"$lemma" sft --from-scratch --layers 4 --width 192 --heads 6 --ffn 512 --vocab 4096 --context 1024 --data texts.jsonl --epochs 2 --batch 16 \
    --lr 2e-3 --min-lr-ratio 0.05 --beta2 0.98 --weight-decay 0.01 --out base

set -- --model base --loss ce --value-weight 1 --value-labels prefix --lm-weight 0.1 --lr 8e-4 --beta2 0.98 --weight-decay 0.01 \
    --batch 4 --epochs 1 --max-rows 8192 --seed "$seed"
for i in $lists; do
    make "l$i.jsonl" lists train "$i" "l$i.jsonl"
    set -- "$@" --lists "l$i.jsonl"
done
make ldev.jsonl lists dev 9 ldev.jsonl
if [ "$val" = yes ]; then set -- "$@" --val ldev.jsonl --val-every 70 --keep best --keep-by auc; else set -- "$@" --val-share 0; fi
"$lemma" rm train "$@" --out "orm-$seed"

make dev.jsonl rows dev 9 dev.jsonl
make planted.jsonl planted planted.jsonl
make test.jsonl test test.jsonl
for f in dev planted test; do
    "$lemma" rm score $f.jsonl --model "orm-$seed" --max-rows 8192 --out "scored-$f-$seed.jsonl"
    "$python" "$here/orm_small.py" figures "scored-$f-$seed.jsonl"
done
if [ -e scored-test-1.jsonl ] && [ -e scored-test-2.jsonl ]; then
    make sum.jsonl sum scored-test-1.jsonl scored-test-2.jsonl sum.jsonl
    "$python" "$here/orm_small.py" figures sum.jsonl
fi
