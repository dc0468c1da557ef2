#!/usr/bin/env python3
# table.py - verdicts and speed of the public graders and of lemma's policies on the same pairs, as one Markdown table
"""table.py LEMMA DATA WORK [LIMIT]

LEMMA is the program, DATA the folder ../shared/data, WORK a scratch folder. WORK/sources holds what is there of the peers: math_equivalence.py or
hendrycks_math_utils.py, grading/grader.py and grading/math_normalize.py, minerva_utils.py, qwen/ (its evaluation folder). PEER_PYTHON (sympy,
pylatexenc, antlr4 4.11) and PEER_PYTHON_MV (math-verify) name the interpreters. A peer that is not there is left out, and the table says so.
Prints the table; each verdict lies in WORK/<set>.<grader>.jsonl. LIMIT takes so many pairs of each set, evenly spread.
"""
import sys

import gzip  # noqa: E402
import json  # noqa: E402
import os  # noqa: E402
import subprocess  # noqa: E402
import time  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
REPEATS = 20
POLICIES = ["std", "strict", "lenient", "qwen", "math-verify", "prm800k", "hendrycks", "minerva"]


def rows_of(path):
    with (gzip.open if path.endswith(".gz") else open)(path, "rt", encoding="utf-8") as f:
        return [json.loads(line) for line in f if line.strip()]


def last_box(text):
    at = text.rfind("\\boxed{")
    depth = 0
    for i in range(at + 6, len(text)) if at >= 0 else ():
        depth += (text[i] == "{") - (text[i] == "}")
        if depth == 0:
            return text[at + 7:i]
    return None


def make_sets(data, limit):
    sets = {"mutated": [], "peers' tests": [], "MATH responses": []}
    folder = os.path.join(data, "grading")
    for name in sorted(os.listdir(folder)):
        into = "mutated" if name.startswith("mutated") else "peers' tests"
        for r in rows_of(os.path.join(folder, name)):
            label = r.get("label", r.get("expected"))
            if isinstance(r.get("gold"), str) and isinstance(r.get("pred"), str) and isinstance(label, bool):
                sets[into].append({"gold": r["gold"], "pred": r["pred"], "label": label})
    for r in rows_of(os.path.join(data, "outputs/qwen25math_rm_maj/math_cot_100.jsonl.gz")):
        for k, response in enumerate(r["code"]):
            box = last_box(response)
            if box is not None:
                sets["MATH responses"].append({"gold": r["answer"], "pred": box, "label": bool(r["score"][k])})
    for name, rows in sets.items():
        if limit and len(rows) > limit:
            rows = sets[name] = [rows[i * len(rows) // limit] for i in range(limit)]
        for i, r in enumerate(rows):
            r["id"] = str(i)
            r["task"] = "math"
    return sets


def run(command):
    begin = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.stderr.write(f"{command[0:3]}: status {done.returncode}\n{done.stderr[-400:]}\n")
    return time.perf_counter() - begin, done.returncode


def share(times, q):
    return sorted(times)[min(len(times) - 1, int(q * len(times)))] * 1e3 if times else 0.0


def line(name, rows, out, wall):
    got = rows_of(out)
    assert len(got) == len(rows), (name, len(got), len(rows))
    times = [g["seconds"] for g in got if "seconds" in g]
    right = [g["correct"] is True for g in got]
    undecided = sum(1 for g in got if g["correct"] is None)
    missed = sum(1 for r, v in zip(rows, right) if r["label"] and not v)
    false = sum(1 for r, v in zip(rows, right) if not r["label"] and v)
    seconds = sum(times) if times else wall
    detail = f"{share(times, .5):.2f} | {share(times, .99):.1f} | {max(times) * 1e3:.0f}" if times else "– | – | –"
    hangs = sum(1 for g in got if g.get("timeout"))
    return f"| {name} | {missed} | {false} | {undecided} | {len(rows) / seconds:,.0f} | {detail} | {hangs} |"


def peers(work):
    s = os.path.join(work, "sources")
    python, mv = os.environ.get("PEER_PYTHON", sys.executable), os.environ.get("PEER_PYTHON_MV", sys.executable)
    there = lambda *names: any(os.path.exists(os.path.join(s, n)) for n in names)  # noqa: E731
    yield "Math-Verify", [mv, f"{HERE}/math_verify.py", "run", s], subprocess.run([mv, "-c", "import math_verify"], capture_output=True, cwd="/").returncode == 0
    yield "Qwen2.5-Math", [os.environ.get("PEER_PYTHON_QWEN", python), f"{HERE}/qwen.py", "run", os.path.join(s, "qwen")], there("qwen/grader.py")
    yield "prm800k", [python, f"{HERE}/prm800k.py", "run", s], there("grading/grader.py")
    yield "minerva_math", [python, f"{HERE}/minerva.py", "run", s], there("minerva_utils.py")
    yield "hendrycks", [python, f"{HERE}/hendrycks.py", "run", s], there("math_equivalence.py", "hendrycks_math_utils.py")


def main(lemma, data, work, limit=0):
    os.makedirs(work, exist_ok=True)
    for name, rows in make_sets(data, int(limit)).items():
        slug = name.replace("'", "").replace(" ", "_")
        path = os.path.join(work, f"{slug}.jsonl")
        with open(path, "w", encoding="utf-8") as f:
            f.writelines(json.dumps(r) + "\n" for r in rows)
        many = os.path.join(work, "many.jsonl")
        with open(many, "w", encoding="utf-8") as f:
            f.writelines(json.dumps(r) + "\n" for r in rows * REPEATS)
        print(f"\n**{name}**: {len(rows)} pairs, {sum(r['label'] for r in rows)} of them equal\n")
        print("| grader | false negatives | false positives | undecided | pairs/s | p50 ms | p99 ms | max ms | stopped |\n" + "|---" * 9 + "|")
        for peer, command, there in peers(work):
            out = os.path.join(work, f"{slug}.{peer}.jsonl")
            wall, status = run(command + [path, out]) if there else (0, 0)
            print(f"| {peer} | not there |" + " |" * 7 if not there else f"| {peer} | failed |" + " |" * 7 if status else line(peer, rows, out, wall), flush=True)
        for policy in POLICIES:
            out = os.path.join(work, f"{slug}.lemma-{policy}.jsonl")
            grade = [lemma, "grade", "--gold-field", "gold", "--pred-field", "pred", "--policy", policy, "--threads", "1", "--overwrite", "--quiet"]
            status = run(grade + [path, "--out", out])[1]
            rates = []
            for _ in range(0 if status else 3):  # the same pairs many times: a few hundred take a few milliseconds
                summary = subprocess.run(grade + [many, "--json"], capture_output=True, text=True).stdout
                rates.append(json.loads(summary)["pairs_per_second"])
            print(f"| lemma {policy} | failed |" + " |" * 7 if status else line(f"lemma {policy}", rows, out, len(rows) / sorted(rates)[1]), flush=True)


if __name__ == "__main__":
    if len(sys.argv) not in (4, 5):
        sys.exit(__doc__)
    main(*sys.argv[1:])
