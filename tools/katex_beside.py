#!/usr/bin/env python3
"""katex_beside.py LEMMA DATA OUT [N] - KaTeX (Debian's libjs-katex, node-katex) beside our MathML over N distinct
formulas of real responses, solutions and golds: what only one of them renders, and a page of both to look at.

OUT gets counts.json, failed.txt (formulas that KaTeX renders and we show as text, by what is in them) and
beside.html: open it in Chromium. Formulas are taken from all files in equal parts, by the order of their hash."""
import gzip, hashlib, html, json, os, re, subprocess, sys

FILES = ["outputs/qwen25math_rm_maj/math_cot_100.jsonl.gz", "stepwise/prm800k/phase1_train_plus.jsonl.gz",
         "stepwise/openr/samples_math-aps.jsonl.gz", "stepwise/prmbench/prm800k_test_p1_4o_confidence.jsonl.gz",
         "outputs/mathcoder/gsm8k_multi.jsonl.gz", "bench/math/math500.jsonl.gz", "bench/math/math_train7500.jsonl.gz",
         "bench/qwen25math/aime24/test.jsonl.gz", "bench/qwen25math/minerva_math/test.jsonl.gz",
         "bench/rl_train/dapo17k.jsonl.gz"]
SEGMENT = re.compile(r"\$\$(.+?)\$\$|\\\[(.+?)\\\]|\\\((.+?)\\\)|\$([^$\n]*[^$\s])\$", re.S)
GOLDS = ("answer", "expected_answer", "gold", "solution_answer", "reference")

NODE = """
const katex = require(process.argv[1]), rows = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const out = rows.map(function (f) {
  try { return {html: katex.renderToString(f, {displayMode: false, throwOnError: true, strict: 'ignore'})}; }
  catch (e) { return {error: String(e.message)}; }
});
process.stdout.write(JSON.stringify(out));
"""


def texts(v, key=""):
    if isinstance(v, str):
        yield key, v
    elif isinstance(v, list):
        for x in v:
            yield from texts(x, key)
    elif isinstance(v, dict):
        for k, x in v.items():
            yield from texts(x, k)


def formulas(path):
    found = set()
    opened = gzip.open if path.endswith(".gz") else open
    with opened(path, "rt", encoding="utf-8", errors="replace") as f:
        for line in f:
            try:
                row = json.loads(line)
            except ValueError:
                continue
            for key, text in texts(row):
                if key in GOLDS and len(text) < 200 and "\\" in text and "$" not in text:
                    found.add(text.strip())
                for m in SEGMENT.finditer(text):
                    s = next(g for g in m.groups() if g is not None).strip()
                    if s and "\n\n" not in s and ("\\" in s or "^" in s or "_" in s):
                        found.add(s)
    return found


def ours(lemma, rows, out):
    """Each formula is the whole problem of a row; the page's list of problems has its MathML in the summary."""
    path, page = os.path.join(out, "rows.jsonl"), os.path.join(out, "rows.html")
    with open(path, "w") as f:
        for s in rows:
            f.write(json.dumps({"problem": "\\(" + s + "\\)", "expected_answer": "1", "completions": ["1"],
                                "predicted_answer": ["1"], "correct": [True]}) + "\n")
    result = os.path.join(out, "select.json")
    quiet = {"check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run([lemma, "select", path, "--k", "1", "--out", result, "--overwrite"], **quiet)
    subprocess.run([lemma, "report", result, "--examples", path, "--out", page, "--overwrite"], **quiet)
    text = open(page, encoding="utf-8").read()
    items = re.findall(r'<details class="item.*?</details>', text, re.S)
    assert len(items) == len(rows), (len(items), len(rows))
    maths = [re.search(r"<math.*?</math>", html.unescape(i) if "<math" not in i else i, re.S) for i in items]
    return [m.group(0) if m else None for m in maths], re.search(r"<style>.*?</style>", text, re.S).group(0)


def kinds(s):
    return sorted(set(re.findall(r"\\begin\{[^}]*\}|\\[a-zA-Z]+|\\.", s))) or ["no command"]


def main():
    lemma, data, out = sys.argv[1:4]
    n = int(sys.argv[4]) if len(sys.argv) > 4 else 600
    os.makedirs(out, exist_ok=True)
    chosen = {}
    per = -(-n // len(FILES))
    for name in FILES:
        path = os.path.join(data, name)
        if not os.path.exists(path):
            print("absent:", path)
            continue
        for s in sorted(formulas(path) - set(chosen), key=lambda s: hashlib.sha256(s.encode()).digest())[:per]:
            chosen[s] = name
    rows = list(chosen)
    katex = json.loads(subprocess.run(["node", "-e", NODE, "/usr/share/javascript/katex/katex.js"], input=json.dumps(rows),
                                      capture_output=True, text=True, check=True).stdout)
    mine, style = ours(lemma, rows, out)
    count = {"formulas": len(rows), "both": 0, "katex alone": 0, "ours alone": 0, "neither": 0}
    failed, by_kind = [], {}
    for s, k, m in zip(rows, katex, mine):
        what = ("both" if m else "katex alone") if "html" in k else ("ours alone" if m else "neither")
        count[what] += 1
        if what == "katex alone":
            failed.append(s)
            for c in kinds(s):
                by_kind[c] = by_kind.get(c, 0) + 1
    json.dump(count, open(os.path.join(out, "counts.json"), "w"), indent=1)
    with open(os.path.join(out, "failed.txt"), "w") as f:
        for c, m in sorted(by_kind.items(), key=lambda x: -x[1]):
            f.write(f"{m}\t{c}\n")
        f.write("\n")
        f.writelines(s.replace("\n", " ") + "\n" for s in failed)
    with open(os.path.join(out, "beside.html"), "w") as f:
        f.write('<!doctype html><meta charset="utf-8"><link rel="stylesheet" href="/usr/share/javascript/katex/katex.css">'
                f"{style}<style>td{{border:1px solid #ccc;padding:.3rem .6rem;max-width:30rem;overflow:hidden}}</style><table>")
        for i, (s, k, m) in enumerate(zip(rows, katex, mine)):
            if m and "html" in k:
                f.write(f"<tr><td>{i}<td>{m}<td>{re.sub('<span class=.katex-mathml.*?</math></span>', '', k['html'], flags=re.S)}\n")
    print(json.dumps(count))


if __name__ == "__main__":
    main()
