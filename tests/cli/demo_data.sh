#!/bin/bash
# lemma demo data: several teachers solve the same problems; wrong golds are those of a mistake, and as many as asked
# usage: demo_data.sh LEMMA
lemma=$1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
fail() {
    echo "demo_data: $*" >&2
    exit 1
}
of() { grep -o "\"$1\":\"[^\"]*\"" "$2"; }

small=(--sft 300 --easy 10 --general 10 --val 10 --test 20 --mistakes --quiet)
"$lemma" demo data --out one --rm 200 "${small[@]}" || fail "one teacher"
"$lemma" demo data --out two --rm 200 "${small[@]}" --teachers 2 --wrong-golds 0.1 || fail "two teachers"

[ ! -e one/math-2.jsonl ] || fail "a second teacher unasked"
cmp -s one/math.jsonl two/math.jsonl || fail "a second teacher changes the first"
for column in id problem expected_answer; do
    diff -q <(of "$column" two/math.jsonl) <(of "$column" two/math-2.jsonl) >/dev/null || fail "$column of the second teacher"
done
! diff -q <(of solution two/math.jsonl) <(of solution two/math-2.jsonl) >/dev/null || fail "both teachers say the same"

# 20 of 200 are asked for; the kinds without mistakes keep theirs
diff -q <(of problem one/rm-a.jsonl) <(of problem two/rm-a.jsonl) >/dev/null || fail "wrong golds change the problems"
changed=$(diff <(of expected_answer one/rm-a.jsonl) <(of expected_answer two/rm-a.jsonl) | grep -c '^>')
named=$(of gold two/rm-a.jsonl | grep -vc '"right"')
[ "$changed" -eq "$named" ] && [ "$named" -ge 7 ] && [ "$named" -le 10 ] || fail "$changed golds changed, $named named"
! grep -q '"gold"' one/rm-a.jsonl two/test.jsonl two/val.jsonl || fail "held-out golds are not to change"
exit 0
