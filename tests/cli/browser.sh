#!/bin/sh
# browser.sh LEMMA - pages in Chromium at three widths, light and dark: script, filters, marks, contrast, names, print; nothing requested, nothing said
set -eu
lemma=$1
here=$(cd "$(dirname "$0")" && pwd)
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)
[ -n "$browser" ] || { echo "skipped: no Chromium"; exit 77; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

# rows N K SET: N problems with K candidates each; the second one's answer is wrong, and of every third problem of set a all but the first one's
rows() {
    awk -v n="$1" -v k="$2" -v set="$3" 'BEGIN {
        for (i = 1; i <= n; i++) {
            text = answer = right = score = steps = finish = ""
            for (c = 0; c < k; c++) {
                comma = c ? "," : ""
                good = set == "a" && i % 3 == 0 ? c == 0 : c != 1
                text = text comma "\"First, **note** that $x_" c "^2 + \\\\frac{" i "}{2} = 3$ and 2*3*4 = 24.\\n\\nThen \\\\[ \\\\sum_{j=1}^{n} j^2 = \\\\frac{n(n+1)(2n+1)}{6} \\\\]\\n\\n- one\\n- two" (i == 2 && c == 3 ? " needle" : "") "\\n\\nSo it is \\\\boxed{" (good ? 1 : 6) "}.\""
                answer = answer comma "\"" (good ? 1 : 6) "\""
                right = right comma (good ? "true" : "false")
                score = score comma (c % 7) / 7
                steps = steps comma "[0.9,0.55,0.3,0." (1 + c % 9) "]"
                finish = finish comma (c == 2 ? "\"length\"" : "\"stop\"")
            }
            printf "{\"id\":\"%s%d\",\"problem\":\"Problem %d of %s: what is $\\\\sqrt{1}$?\",\"expected_answer\":\"1\",\"level\":%d,\"subject\":\"s%d\",\"completions\":[%s],\"predicted_answer\":[%s],\"correct\":[%s],\"rm_score\":[%s],\"step_scores\":[%s],\"finish_reason\":[%s]}\n", set, i, i, (set == "b" || set == "a" ? "both" : set), i % 5, i % 2, text, answer, right, score, steps, finish
        }
    }'
}

# chrome PAGE FLAG...: what Chromium makes of it; what it says goes to log, what it asks the network for to net.json. As one process it starts
# several times as fast where tests run side by side; once in a while it does not end, though all is written.
chrome() {
    shown=$1
    shift
    rm -rf profile page.pdf
    timeout -k 5 90 "$browser" --headless --no-sandbox --single-process --no-zygote --disable-gpu --no-first-run --hide-scrollbars \
        --disable-background-networking --disable-component-update --disable-sync --host-resolver-rules='MAP * ~NOTFOUND' \
        --user-data-dir="$dir/profile" --enable-logging=stderr --log-net-log="$dir/net.json" "$@" "file://$dir/$shown" >chrome.out 2>log ||
        grep -q '</html>' chrome.out || [ -s page.pdf ] || { echo "skipped: Chromium does not end within 90 s"; exit 77; }
    cat chrome.out
}
fail() { echo "$*"; exit 1; }
expect() { grep -q "^$1\$" said || { cat said; fail "$page, scheme $scheme, $width px: '$1' expected"; }; }

# look PAGE SCHEME CHOICES WIDTH...: what browser.js says of the page in frames of these widths, as WIDTH.said. It is put into a copy without the
# policy, which would not let it.
look() {
    page=$1 scheme=$2 choices=$3
    shift 3
    sed -e 's/<meta http-equiv="Content-Security-Policy"[^>]*>//' -e '/<\/body>/d' -e '/<\/html>/d' "$page" >copy.html
    { echo "<script>window.choices = $choices;"; cat "$here/browser.js"; echo "</script></body></html>"; } >>copy.html
    {
        echo '<!doctype html><pre id="said"></pre><script>onmessage = function (e) { document.getElementById("said").append(e.data); };</script>'
        for w in "$@"; do echo "<iframe src=\"copy.html\" width=\"$w\" height=\"1400\" frameborder=\"0\"></iframe>"; done
    } >frames.html
    chrome frames.html --window-size=1700,1400 --blink-settings=preferredColorScheme="$scheme" --dump-dom >raw.html
    sed -e 's/&lt;/</g' -e 's/&gt;/>/g' -e 's/&amp;/\&/g' raw.html >dom.html
    page=$1
    for w in "$@"; do
        sed -n "/$w px\$/,/^end of it/p" dom.html >"$w.said"
        [ -s "$w.said" ] || { cat log dom.html | head -c 4000; fail "$1: nothing was said at $w px"; }
    done
}

# holds PAGE CHOICES: what holds of every page at all widths, light and dark
holds() {
    for scheme in 0 1; do
        look "$1" "$scheme" "$2" 400 900 1600
        page=$1
        for width in 400 900 1600; do
            cp "$width.said" said
            dark=false
            [ "$scheme" = 1 ] || dark=true
            for line in "dark=$dark" 'scroll=true' 'wide=' 'pale=' 'unnamed=0' 'opened=yes' 'maths=true' 'resources=0' 'plain=true' 'colours on paper=exact'; do expect "$line"; done
            if grep '^error=' said; then fail "$page: the script failed"; fi
        done
    done
}

# untouched PAGE: the page itself, under its policy, and on paper
untouched() {
    chrome "$1" --dump-dom >dom.html
    page=$1
    grep -q 'id="found">[0-9]* of [0-9]* shown<' dom.html || { cat log; fail "$page: the script did not run"; }
    if grep -i 'CONSOLE' log; then fail "$page writes to the console"; fi
    # All but what Chromium asks for by itself.
    if grep -Eo '"url":"(http|ws)s?:[^"]*"' net.json | grep -vE '//[a-z0-9.-]*(google|googleapis|gstatic|gvt1)\.com/'; then fail "$page asks for something"; fi
    if grep -Eo '(src|href)="(https?:)?//[^"]*"' "$page"; then fail "$page names another host"; fi
    grep -q '<form id="browse" hidden' "$page" || fail "$page: without scripts the filter shows"
    chrome "$1" --print-to-pdf="$dir/page.pdf" --blink-settings=preferredColorScheme=0 >/dev/null
    [ "$(head -c 5 page.pdf)" = %PDF- ] || { cat log; fail "$1 does not print"; }
    printed=$1
}
# whole TITLE LAST: on paper nothing scrolls: each table whose first column is TITLE has its last one, LAST
whole() {
    command -v pdftotext >/dev/null || { echo "how $printed prints is not looked at: no poppler-utils"; return 0; }
    pdftotext -layout page.pdf - | grep -E "^ *$1 " >heads || fail "$printed prints no table of $1"
    if grep -vq "$2 *\$" heads; then cat heads; fail "$printed prints a table of $1 without $2"; fi
}

rows 6 4 a >a.jsonl
rows 6 4 b >b.jsonl
"$lemma" select a.jsonl --out select.json >/dev/null 2>&1
"$lemma" report select.json --examples a.jsonl,b.jsonl --out page.html >/dev/null 2>&1
untouched page.html
whole level pass@4
whole subject pass@4
whole score "ended above cut"
holds page.html '[["vote","wrong"],["flipped","right here"],["holds","truncated"],["level","3"],["subject","s1"],["set","a ("]]'
expect 'shown=12 of 12 shown'
expect 'needle=2 of 12 shown'
expect 'steps=0.9,.*lowest.*'
expect 'vote/wrong=2 of 12 shown'
expect 'flipped/right here=2 of 12 shown'
expect 'holds/truncated=12 of 12 shown'
expect 'level/3=2 of 12 shown'
expect 'subject/s1=6 of 12 shown'
expect 'set/a (=6 of 12 shown'

# Marks are set on the page of an audit and come back.
# shellcheck disable=SC2016
printf '{"id":"1","problem":"Is $x$ one?","expected_answer":"1","completions":["so $x = 1$: \\\\boxed{1}","\\\\boxed{-1} needle","\\\\boxed{1.001}","\\\\boxed{2}"]}\n' >grade.jsonl
"$lemma" grade grade.jsonl --against lenient --audit audit.html >/dev/null 2>&1
untouched audit.html
holds audit.html '[["case","near miss"],["mark","not marked"]]'
expect 'href=true'
sed -n '/^marks=/,/^end/p' said | sed -e 1d -e '$d' >marks.jsonl
[ "$(grep -c '"mark":' marks.jsonl)" = 2 ] || { cat said; fail "audit.html: two marks expected"; }
"$lemma" grade grade.jsonl --against lenient --marks marks.jsonl >said 2>&1
grep 'marked by a person: 2 answers right or wrong, 0 unsure; std agrees on 1 (50.0 %)' said || { cat said marks.jsonl; fail "the marks do not come back"; }

# A large page has all problems in under 30 MB.
rows 1319 64 large >large.jsonl
"$lemma" report select.json --examples large.jsonl --out large.html >/dev/null 2>&1
[ "$(wc -c <large.html)" -lt 30000000 ] || fail "large.html has $(wc -c <large.html) bytes"
[ "$(grep -c '<details class="item' large.html)" = 1319 ] || fail "large.html has not all problems"
echo "1,319 x 64: $(wc -c <large.html) bytes"
echo "ok"
