#!/usr/bin/env python3
# qwen.py - the real Qwen2.5-Math grader over a file of pairs, one watched process per core, one verdict per row
"""Runs the published grader (QwenLM/Qwen2.5-Math, folder evaluation: parser.py, grader.py, latex2sympy) as the oracle of `--policy qwen`.

  qwen.py pairs DATA OUT        writes the pairs of DATA (../shared/data) to OUT/<set>.jsonl
  qwen.py run SOURCES IN OUT    grades the rows of IN with the sources in the folder SOURCES; OUT gets one row per row, in order
  qwen.py table ORACLE OURS     compares two verdict files row by row and prints every difference

A pair has gold and either pred (an answer) or response (a whole solution), and task. Gold: strip_string, twice for task math, whose gold is itself
extracted from a solution; Minerva's keeps its units. Prediction: extract_answer (responses only), strip_string, and strip_string again when it did
not come from extract_answer; then main()'s multiple choice rule. SOURCES/../venv must hold sympy 1.12, antlr4-python3-runtime 4.11.1, regex and
word2number. latex2sympy keeps assignments of earlier rows in a global table; it is emptied before each row, so that rows are independent.
"""
import sys

import glob  # noqa: E402
import gzip  # noqa: E402
import json  # noqa: E402
import multiprocessing as mp  # noqa: E402
import os  # noqa: E402
import time  # noqa: E402

LIMIT = float(os.environ.get("QWEN_LIMIT", "20"))  # seconds per row; the original gives 3 on an idle machine


def rows_of(path):
    with (gzip.open if path.endswith(".gz") else open)(path, "rt", encoding="utf-8") as f:
        return [json.loads(line) for line in f if line.strip()]


def write(path, rows):
    with open(path, "w", encoding="utf-8") as f:
        for r in rows:
            f.write(json.dumps(r, ensure_ascii=False) + "\n")
    print(path, len(rows))


def make_pairs(data, out):
    os.makedirs(out, exist_ok=True)
    math = []
    for r in rows_of(f"{data}/outputs/qwen25math_rm_maj/math_cot_100.jsonl.gz"):
        for k, code in enumerate(r["code"]):
            math.append({"id": f"{r['idx']}/{k}", "task": "math", "gold": r["gt"], "response": code,
                         "published_pred": r["pred"][k], "published_score": bool(r["score"][k])})
    write(f"{out}/math800.jsonl", math)
    gsm = []
    for n, r in enumerate(rows_of(f"{data}/outputs/gsm8k_openai/example_model_solutions.jsonl.gz")):
        for key, v in r.items():
            if isinstance(v, dict):
                gsm.append({"id": f"{n}/{key}", "task": "gsm8k", "gold": r["ground_truth"].split("A:")[-1].strip(), "response": v["solution"],
                            "label": v["is_correct"]})
    write(f"{out}/gsm8k5276.jsonl", gsm)
    for f in sorted(glob.glob(f"{data}/grading/*.jsonl.gz")):
        pairs = [{"id": str(r["id"]), "task": "minerva" if r.get("ds") == "minerva_math" else "math", "gold": str(r["gold"]),
                  "pred": str(r["pred"]), "label": r.get("label", r.get("expected")), "how": r.get("how", "")} for r in rows_of(f) if "gold" in r]
        for task in ["math", "minerva"]:
            rows = [p for p in pairs if p["task"] == task]
            if rows:
                write(f"{out}/{os.path.basename(f)[:-len('.jsonl.gz')]}_{task}.jsonl", rows)


NAMES = {"math": "math", "gsm8k": "gsm8k", "minerva": "minerva_math", "choice": "mmlu_stem", "college": "college_math"}


class Peer:
    def __init__(self, sources):
        sys.path[:0] = [sources, os.path.join(sources, "l2s")]
        import grader
        import latex2sympy2
        import parser
        self.parser, self.grader, self.l2s = parser, grader, latex2sympy2

    def texts(self, row):
        p, name = self.parser, NAMES[row.get("task", "math")]
        skip = name in p.STRIP_EXCEPTIONS
        gold = p.strip_string(row["gold"], skip_unit=skip)
        if name == "math":
            gold = p.strip_string(gold)
        if skip:
            gold = gold.replace("\\neq", "\\ne").replace("\\leq", "\\le").replace("\\geq", "\\ge")
        code = row.get("response", row.get("pred"))
        first = p.extract_answer(code, name) if "response" in row else p.strip_string(code, skip_unit=skip)
        pred = p.strip_string(first, skip_unit=skip)
        if gold in ["A", "B", "C", "D", "E"]:
            if pred not in ["A", "B", "C", "D", "E"]:
                pred = p.choice_answer_clean(code)
        elif all(c in "ABCDE" for c in gold) and not all(c in "ABCDE" for c in pred):
            pred = "".join(c for c in pred if c in "ABCDE")
        return gold, pred

    def grade(self, row):
        self.l2s.variances, self.l2s.var = {}, {}
        gold, pred = self.texts(row)
        start = time.perf_counter()
        equal = self.grader.math_equal(pred, gold)
        return {"id": row["id"], "gold": gold, "predicted_answer": pred, "correct": bool(equal), "ms": round((time.perf_counter() - start) * 1e3, 2)}


def worker(sources, pipe):
    sys.set_int_max_str_digits(4300)
    peer = Peer(sources)
    pipe.send("ready")
    while True:
        row = pipe.recv()
        if row is None:
            return
        try:
            pipe.send(peer.grade(row))
        except Exception as e:  # the original's pool would stop the whole run here
            pipe.send({"id": row["id"], "correct": False, "error": f"{type(e).__name__}: {e}"[:200]})


def start_worker(sources):
    here, there = mp.Pipe()
    process = mp.Process(target=worker, args=(sources, there), daemon=True)
    process.start()
    there.close()
    here.recv()  # EOFError when the worker dies
    return process, here


def run(sources, path, out):
    rows, process, pipe, timeouts = rows_of(path), None, None, 0
    start = time.time()
    with open(out, "w", encoding="utf-8") as f:
        for row in rows:
            if process is None:
                process, pipe = start_worker(sources)
            pipe.send(row)
            if pipe.poll(LIMIT):
                answer = pipe.recv()
            else:
                process.kill()
                process.join()
                process, timeouts = None, timeouts + 1
                answer = {"id": row["id"], "correct": False, "timeout": True}
            f.write(json.dumps(answer, ensure_ascii=False) + "\n")
            f.flush()
    if process is not None:
        pipe.send(None)
        process.join()
    seconds = time.time() - start
    print(f"{path}: {len(rows)} rows, {timeouts} stopped after {LIMIT:g} s, {seconds:.1f} s, {len(rows) / max(seconds, 1e-9):.1f} rows/s")


def table(oracle, ours):
    a, b = rows_of(oracle), rows_of(ours)
    if len(a) != len(b):
        sys.exit(f"{oracle} has {len(a)} rows, {ours} has {len(b)}")
    texts = verdicts = 0
    for x, y in zip(a, b):
        if x.get("timeout") or "error" in x:
            x["predicted_answer"] = y.get("predicted_answer")
        text = "response" not in y or x["predicted_answer"] == y.get("predicted_answer")  # a pair's prediction is echoed as it was given
        same = x["correct"] == bool(y.get("correct"))
        texts, verdicts = texts + text, verdicts + same
        if not (text and same):
            print(json.dumps({"id": x["id"], "gold": x.get("gold"), "oracle": [x["predicted_answer"], x["correct"]],
                              "ours": [y.get("predicted_answer"), y.get("correct"), y.get("rule")]}, ensure_ascii=False))
    print(f"{oracle}: answers {texts}/{len(a)}, verdicts {verdicts}/{len(a)} = {100 * verdicts / max(len(a), 1):.2f} %")


if __name__ == "__main__":
    if len(sys.argv) == 4 and sys.argv[1] == "pairs":
        make_pairs(*sys.argv[2:])
    elif len(sys.argv) == 5 and sys.argv[1] == "run":
        run(*sys.argv[2:])
    elif len(sys.argv) == 4 and sys.argv[1] == "table":
        table(*sys.argv[2:])
    else:
        sys.exit(__doc__)
