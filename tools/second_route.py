#!/usr/bin/env python3
# second_route.py - every "equal (exact)" of the grader over the shared pairs evaluated once more, by another reader at 60 digits
"""second_route.py LEMMA DATA [PAIRS.jsonl...] [--list]

Grades all pairs of DATA/grading, the golds against themselves, and the PAIRS given (tools/mutate_golds.py), by `std`; what the program LEMMA calls equal_exact
is read and evaluated by tools/answer_eval.py, and where that cannot read it by tools/answer_readings.py. Says how many are confirmed, by value or because both
texts differ in looks only, by another reading, argued in writing (tests/data/grading/argued.jsonl: gold, pred, why), contradicted and, by kind, open; exit 1 with one
contradicted or open."""
import argparse
import collections
import glob
import json
import multiprocessing
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import answer_eval  # noqa: E402
import answer_readings  # noqa: E402
import mutate_golds  # noqa: E402


def shared_pairs(data):
    for path in sorted(glob.glob(data + "/grading/*.jsonl.gz")):
        for row in mutate_golds.rows_of(path):
            task = row.get("task", {"minerva_math": "minerva", "aime24": "aime", "amc23": "amc"}.get(row.get("ds"), "std"))
            if row.get("pred") and row.get("gold") and task != "choice":
                yield {"gold": row["gold"], "pred": row["pred"], "task": task, "src": os.path.basename(path)}
    for gold, task, src in mutate_golds.golds(data):
        if task != "choice":
            yield {"gold": gold, "pred": gold, "task": task, "src": src}


ARGUED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tests/data/grading/argued.jsonl")


def evaluated(row):
    told = answer_eval.compare(row["gold"], row["pred"])
    again = told.startswith("unable") and answer_readings.confirmed(row["gold"], row["pred"], answer_eval.evaluated)
    return row, "read otherwise" if again else told


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("lemma")
    p.add_argument("data")
    p.add_argument("pairs", nargs="*")
    p.add_argument("--list", action="store_true")
    args = p.parse_args()
    rows = list(shared_pairs(args.data)) + [r for path in args.pairs for r in mutate_golds.rows_of(path) if r["task"] != "choice"]
    rows = list({(r["gold"], r["pred"], r["task"]): r for r in rows}.values())
    exact = [r for r in mutate_golds.graded(args.lemma, rows) if r["verdict"] == "equal_exact"]
    argued = {(r["gold"], r["pred"]) for r in mutate_golds.rows_of(ARGUED)} if os.path.exists(ARGUED) else set()
    told = collections.Counter()
    with multiprocessing.Pool(1) as pool:
        for row, what in pool.imap(evaluated, exact, 64):
            if what.startswith("unable") and (row["gold"], row["pred"]) in argued:
                what = "argued"
            told[what] += 1
            if what == "contradicted" or what.startswith("unable") or args.list:
                print(json.dumps({"what": what, **{k: row[k] for k in ("gold", "pred", "task", "rule", "src")}}, ensure_ascii=False))
    still = sum(n for what, n in told.items() if what.startswith("unable"))
    print(f"{len(rows)} pairs, {len(exact)} equal (exact): {told['confirmed']} confirmed by value, {told['written alike']} written alike, "
          f"{told['read otherwise']} by another reading, {told['argued']} argued, {told['contradicted']} contradicted, {still} open")
    for what, n in told.most_common():
        if what.startswith("unable"):
            print(f"{n:6d}  {what}")
    return 1 if told["contradicted"] or still else 0


if __name__ == "__main__":
    sys.exit(main())
