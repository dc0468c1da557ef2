#!/usr/bin/env python3
# same_verdicts.py - do two builds of lemma grade alike? All shared pairs and responses, by every policy
"""usage: tools/same_verdicts.py OLD NEW [DATA [POLICY...]]

OLD and NEW are programs, DATA the folder of real files (../shared/data). Pairs of the shared grading files and golds of the
benchmarks against themselves, and responses of real models, are graded by both; the rows must be the same byte for byte.
For changes of the grader that change nothing. Exit status 1 where a row differs, and the first of them is shown."""
import glob
import gzip
import json
import os
import subprocess
import sys
import tempfile

POLICIES = ["std", "strict", "lenient", "hendrycks", "prm800k", "minerva", "qwen", "math-verify"]


def lines(path):
    with (gzip.open if path.endswith(".gz") else open)(path, "rt", encoding="utf-8") as f:
        return [json.loads(line) for line in f if line.strip()]


def text(v):
    return v if isinstance(v, str) else None


def pairs(data):
    out = []
    for path in sorted(glob.glob(data + "/grading/*.jsonl.gz")):
        for r in lines(path):
            g, p = text(r.get("gold")), text(r.get("pred"))
            if g and p:
                out += [(g, p), (p, g)]
    golds = []
    for path in sorted(glob.glob(data + "/bench/**/*.jsonl*", recursive=True)):
        for r in lines(path) if path.endswith((".jsonl", ".jsonl.gz")) else []:
            golds += [t for t in (text(r.get(k)) for k in ("answer", "expected_answer", "final_answer")) if t and len(t) < 200]
    golds = sorted(set(golds))
    return out + [(g, g) for g in golds] + list(zip(golds, golds[1:]))


def responses(data):
    out = []
    for r in lines(data + "/outputs/qwen25math_rm_maj/math_cot_100.jsonl.gz"):
        out += [(str(r.get("answer", r.get("gt", ""))), c) for c in r["code"]]
    for r in lines(data + "/outputs/gsm8k_openai/example_model_solutions.jsonl.gz"):
        gold = r["ground_truth"].split("####")[-1].strip()
        out += [(gold, v["solution"]) for v in r.values() if isinstance(v, dict) and "solution" in v]
    for path in glob.glob(data + "/outputs/mathcoder/*.gz"):
        for r in lines(path):
            out += [(str(r["gold"]), s["text"]) for s in r["samples"] if text(s.get("text"))]
    return [p for p in out if p[0] and p[1]]


def graded(program, rows, policy, extra, folder, name):
    out = os.path.join(folder, name)
    run = subprocess.run([program, "grade", rows, "--gold-field", "gold", "--pred-field", "pred", "--policy", policy, "--out", out,
                          "--overwrite"] + extra, capture_output=True, text=True)
    if run.returncode:
        sys.exit(f"{program} --policy {policy}: exit {run.returncode}: {run.stderr.strip()}")
    with open(out, encoding="utf-8") as f:
        return f.read()


def main(argv):
    if len(argv) < 3:
        sys.exit(__doc__)
    data = argv[3] if len(argv) > 3 else "../shared/data"
    wrong = total = 0
    with tempfile.TemporaryDirectory() as folder:
        for kind, found, extra in (("pairs", pairs(data), []), ("responses", responses(data), ["--responses"])):
            rows = os.path.join(folder, kind + ".jsonl")
            with open(rows, "w", encoding="utf-8") as f:
                for i, (g, p) in enumerate(found):
                    f.write(json.dumps({"id": i, "gold": g, "pred": p}) + "\n")
            for policy in argv[4:] or POLICIES:
                a, b = (graded(program, rows, policy, extra, folder, n) for program, n in ((argv[1], "a.jsonl"), (argv[2], "b.jsonl")))
                total += len(found)
                differ = [(x, y) for x, y in zip(a.splitlines(), b.splitlines()) if x != y] if a != b else []
                wrong += len(differ)
                print(f"{kind} {policy}: {len(found)} rows, {len(differ)} differ", flush=True)
                for x, y in differ[:3]:
                    print(f"  old {x[-400:]}\n  new {y[-400:]}")
    print(f"{total} verdicts, {wrong} differ")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
