#!/bin/sh
# browser.sh LEMMA - the report in Chromium: its script runs under the content policy, filters, and nothing is requested
set -eu
lemma=$1
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)
[ -n "$browser" ] || { echo "skipped: no Chromium"; exit 77; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
for i in 1 2 3 4 5; do
    right=false
    [ $((i % 2)) = 0 ] && right=true
    printf '{"id":"%s","problem":"Problem %s","expected_answer":"1","completions":["one","two"],"predicted_answer":["1","2"],"correct":[%s,false],"rm_score":[%s,0.5],"level":%s}\n' \
        "$i" "$i" "$right" "0.$i" "$i"
done >rows.jsonl
"$lemma" select rows.jsonl --out select.json >/dev/null 2>&1
"$lemma" report select.json --examples rows.jsonl --out page.html >/dev/null 2>&1
dom() {
    timeout 60 "$browser" --headless --no-sandbox --disable-gpu --no-first-run --user-data-dir="$dir/profile" --enable-logging=stderr \
        --dump-dom "file://$dir/$1" 2>log
}
dom page.html >dom.html
grep -q 'id="found">5 of 5 shown<' dom.html || { echo "the page's script did not run"; cat log; exit 1; }
if grep -i 'CONSOLE' log; then echo "the page writes to the console"; exit 1; fi
if grep -Eo '(src|href)="(https?:)?//[^"]*"' page.html; then echo "the page names another host"; exit 1; fi
# The same page without its policy, and a reader who chooses the second tag of the first filter and searches.
sed -e 's/<meta http-equiv="Content-Security-Policy"[^>]*>//' \
    -e 's#</body>#<script>var f=document.getElementById("browse"),s=f.querySelectorAll("select")[0],q=f.querySelector("input");s.selectedIndex=1;s.onchange();document.title=document.getElementById("found").textContent;q.value="problem 4";q.oninput();document.title+=" / "+document.getElementById("found").textContent</script></body>#' \
    page.html >chosen.html
dom chosen.html >dom.html
grep -o '<title>[^<]*' dom.html
n=$(grep -o '<option value="t[0-9]*">[^<]*([0-9]*)' page.html | head -1 | sed 's/.*(\([0-9]*\))/\1/')
grep -q "<title>$n of 5 shown / [01] of 5 shown<" dom.html || { echo "the filter does not filter"; exit 1; }
echo "ok"
