#!/bin/sh
# kill_resume.sh LEMMA RECIPE KILLS [var=value...] - a recipe killed with SIGKILL again and again ends with the same bytes as an uninterrupted run
set -eu
lemma=$1 recipe=$2 kills=$3
shift 3
dir=$(mktemp -d /tmp/lemma-kill-XXXXXX)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
start=$(date +%s%N)
LEMMA_CPU=${LEMMA_CPU:-auto} "$lemma" run "$recipe" out=run "$@" --quiet >/dev/null
LEMMA_CPU=$(sed -n 's/.*"compute_path": "\([a-z0-9]*\)".*/\1/p' run/run.json | head -n 1) # auto may choose another path under another load
export LEMMA_CPU
took=$(( ($(date +%s%N) - start) / 1000000 ))
mv run whole
# Delays walk over the whole run: the k-th kill comes after about k/KILLS of its length, plus a jitter from the count.
k=0 killed=0 waits=0
while :; do
  k=$((k + 1))
  delay=$(( (took * k / kills + k * 37 % 211) % (took + 1) + 20 ))
  if [ "$k" -le "$kills" ]; then
    rc=0; timeout -s KILL "$(printf '%d.%03d' $((delay / 1000)) $((delay % 1000)))" "$lemma" run "$recipe" out=run "$@" --quiet >/dev/null || rc=$?
  else
    rc=0; "$lemma" run "$recipe" out=run "$@" --quiet >/dev/null || rc=$?
  fi
  case $rc in
    0) if [ "$killed" -ge "$((kills / 2))" ] || [ "$k" -gt "$kills" ]; then break; fi
       # finished before enough kills: start over, killing elsewhere
       rm -rf run ;;
    137) killed=$((killed + 1)) waits=0; sleep 0.1 ;;
    8) # timeout ends with its child still dying: its lock goes a moment later
       waits=$((waits + 1))
       [ "$waits" -le 50 ] || { echo "run $k ended with status $rc"; exit 1; }
       k=$((k - 1)); sleep 0.2 ;;
    *) echo "run $k ended with status $rc"; exit 1 ;;
  esac
done
# What may differ: wall times, and empty lock files.
find whole run \( -name timing.json -o -name '*.lock' \) -delete
diff -r whole run
echo "$killed kills, then the same bytes in $(find run -type f | wc -l) files ($took ms uninterrupted)"
[ "$killed" -gt 0 ]
