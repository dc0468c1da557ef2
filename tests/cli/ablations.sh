#!/bin/bash
# The recipes of recipes/ablations, each run whole with a few rows: every stage works, and one report shows every table
# usage: ablations.sh LEMMA REPO
lemma=$1 repo=$2
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
ln -s "$repo/recipes" recipes
run() {
    "$lemma" run "recipes/ablations/$1.yaml" --quiet "${@:2}" >"log.$1" 2>&1 && return
    echo "ablations: $1.yaml" >&2
    tail -5 "log.$1" >&2
    exit 1
}
run start data.general=60 data.easy=40 data.sft=160 data.rm=60 data.test=12 data.max-steps=3 pool.n=4 test.n=16
few=(random sorted pairwise bce mse backbone)
run losses "${few[@]/%/.max-steps=3}"
run stages
run teachers sft-half.limit=20
run sizes
run best-of-1024 orm.max-steps=3 steps.limit=6 problems=4 sample-{a,b}.n=16
"$lemma" report out/ablations --quiet || exit 1
for title in 'Which loss' 'Two stages, or one' 'Whose solutions' 'More problems'; do
    grep -q "$title" out/ablations/report.html || {
        echo "ablations: the report lacks '$title'" >&2
        exit 1
    }
done
exit 0
