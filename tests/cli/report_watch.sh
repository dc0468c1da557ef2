#!/bin/sh
# report_watch.sh LEMMA - report --watch follows a training run and a sampling run that go on, one that is killed, and is interrupted itself
set -eu
lemma=$1
dir=$(mktemp -d /tmp/lemma-watch-XXXXXX)
job= watch=
end() {
    [ -z "$job" ] || kill -9 "$job" 2>/dev/null || true
    [ -z "$watch" ] || kill -9 "$watch" 2>/dev/null || true
    wait
    rm -rf "$dir"
}
trap end EXIT
cd "$dir"
fail() { echo "$1"; cat ./*.log; exit 1; }
# until WHAT COMMAND...: up to 90 s
until_true() {
    what=$1 tries=0
    shift
    until "$@" 2>/dev/null; do
        tries=$((tries + 1))
        [ "$tries" -lt 900 ] || fail "not seen in 90 s: $what"
        sleep 0.1
    done
}
says() { grep -q "$2" "$1"; }
held_by() { [ "$(cat "$2")" = "$1" ]; } # a job that was killed leaves its lock file behind, with its own number
ends_with() { # PID STATUS WHAT
    rc=0
    wait "$1" || rc=$?
    [ "$rc" = "$2" ] || fail "$3 ended with status $rc, not $2"
}

"$lemma" demo data --out data --general 150 --sft 400 --easy 200 --rm 80 --val 20 --test 20 --min-steps 2 --max-steps 4 --easy-steps 3 --quiet >/dev/null
sft() {
    exec "$lemma" sft --from-scratch --layers 1 --width 32 --heads 2 --vocab 300 --context 256 --batch 8 --max-rows 1024 --data data/math.jsonl \
        --max-steps "$1" --checkpoint-every 50 --threads 1 --out policy --quiet
}

# A training run, to its end: the page has its curve while it runs and loads itself again; the last page is that of lemma report.
sft 1500 >sft.log 2>&1 &
job=$!
until_true "the lock of sft" held_by "$job" policy.lock
"$lemma" report policy --watch --every 1 >watch.log 2>&1 &
watch=$!
until_true "the curve of the running sft" says watch.html 'policy: loss<'
says watch.html '<meta http-equiv="refresh" content="1">' || fail "the page does not load itself again"
says watch.html 'state</dt><dd>runs<' || fail "the page does not say that the job runs"
ends_with "$job" 0 sft
job=
ends_with "$watch" 0 "the watch of sft"
watch=
if says watch.html 'http-equiv="refresh"'; then fail "the last page loads itself again"; fi
if says watch.html 'Under way'; then fail "the last page says that something is under way"; fi
says watch.html 'policy: loss<\|training: loss<' || fail "the last page has no curve"
"$lemma" report policy --out plain.html --quiet
sed "s/href=\"watch/href=\"plain/" watch.html | cmp - plain.html || fail "the last page is not that of lemma report"

# A sampling run that is killed: status 1, and the page says that the same command goes on.
sample() { exec "$lemma" sample --model policy --prompts data/test.jsonl --n 1024 --temperature 1 --max-tokens 200 --threads 1 --slots 1 --out s.jsonl --quiet; }
sample >sample.log 2>&1 &
job=$!
until_true "the lock of sample" held_by "$job" s.jsonl.lock
"$lemma" report --watch s.jsonl --every 1 --out w.html >watch.log 2>&1 &
watch=$!
until_true "the candidates of the running sample" says w.html 'candidates</dt><dd>[1-9][0-9]* of 20480'
says w.html 'state</dt><dd>runs<' || fail "the page does not say that the job runs"
# It is made again as the job goes on, and not while the job stands still.
candidates() { grep -o 'candidates</dt><dd>[0-9]*' w.html; }
first=$(candidates)
more() { [ "$(candidates)" != "$first" ]; }
until_true "more candidates on the page" more
kill -STOP "$job"
rests() { before=$(stat -c '%i %y' w.html) && sleep 3 && [ "$before" = "$(stat -c '%i %y' w.html)" ]; }
tries=0
until rests; do
    tries=$((tries + 1))
    [ "$tries" -lt 10 ] || fail "the page is made again though nothing changes"
done
kill -9 "$job"
wait "$job" 2>/dev/null || true
job=
ends_with "$watch" 1 "the watch of a killed sample"
watch=
says watch.log 'a job ended before it was finished; the same command goes on with it' || fail "nothing is said of the killed job"
says w.html 'ended before it was finished; the same command goes on with it' || fail "the page does not say that the job was killed"
if says w.html 'http-equiv="refresh"'; then fail "the page of a killed job loads itself again"; fi

# Its continuation, and a watch that is interrupted: status 130, the job goes on, the page rests.
sample >sample.log 2>&1 &
job=$!
until_true "the lock of sample" held_by "$job" s.jsonl.lock
"$lemma" report --watch s.jsonl --every 1 --out w.html >watch.log 2>&1 &
watch=$!
until_true "the page of the job that goes on" says w.html 'state</dt><dd>runs<'
kill -INT "$watch"
ends_with "$watch" 130 "the watch that is interrupted"
watch=
kill -0 "$job" || fail "the job did not go on"
if says w.html 'http-equiv="refresh"'; then fail "the page of an interrupted watch loads itself again"; fi
[ ! -e w.html.job ] && [ ! -e w.html.lock ] || fail "the interrupted watch left its lock"

# A job that is not there, a page that is somebody's, and a stage of a recipe are refused.
rc=0; "$lemma" report --watch nothing.jsonl --out n.html >watch.log 2>&1 || rc=$?
[ "$rc" = 3 ] || fail "a watch of nothing ended with status $rc"
echo mine >m.html
rc=0; "$lemma" report --watch s.jsonl --every 1 --out m.html >watch.log 2>&1 || rc=$?
[ "$rc" = 2 ] && [ "$(cat m.html)" = mine ] || fail "somebody's file was replaced (status $rc)"
printf 'name: w\nstages:\n  - {name: r, command: report, words: ["policy"], watch: true, out: r.html}\n' >w.yaml
rc=0; "$lemma" run w.yaml >watch.log 2>&1 || rc=$?
[ "$rc" = 2 ] || fail "a watching stage ended with status $rc"
echo "ok"
