"""decontam.py - `lemma data decontam` against a straightforward Python program, on the same rows in one run

Usage: python3 bench/peers/decontam.py build/lemma ../shared/data
The Python program is what a recipe's author writes: a regular expression as normaliser, a dictionary of 13-grams, and for rows that share one the
bit-parallel longest common subsequence in Python's integers. Both decide by the paper's rule and must drop the same rows. One thread each; the
best of three runs; seconds are of the processor. allenai's `decon` is on none of the registries that can be reached (PyPI's `decontaminate` has no files).
"""
import gzip
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time

SETS = [("math500", "bench/math/math_train7500.jsonl.gz", "problem", "bench/math/math500.jsonl.gz", "problem"),
        ("gsm8k", "bench/gsm8k/train.jsonl.gz", "question", "bench/gsm8k/test.jsonl.gz", "question"),
        ("math500", "bench/rl_train/dapo17k.jsonl.gz", "problem", "bench/math/math500.jsonl.gz", "problem"),
        ("mmlu_stem", "sft/t0_half.jsonl.gz", "prompt", "bench/qwen25math/mmlu_stem/test.jsonl.gz", "question")]
COPIES = 10
WORD = re.compile(r"[^\W_]+")


def words(text):
    return WORD.findall(text.lower())


def common(a, b):
    at, full = {}, (1 << len(b)) - 1
    for i, w in enumerate(b):
        at[w] = at.get(w, 0) | 1 << i
    v = full
    for w in a:
        u = v & at.get(w, 0)
        v = (v + u | v - u) & full
    return len(b) - bin(v).count("1")


def grams(w):
    return zip(*(w[i:] for i in range(13)))


def python(rows, field, test, test_field):
    """Indices of the dropped rows; seconds of reading JSON, and of all."""
    start = time.process_time()
    tests = [words(json.loads(x)[test_field]) for x in gzip.open(test, "rt", encoding="utf-8")]
    index, whole = {}, set(map(tuple, tests))
    for k, w in enumerate(tests):
        for g in grams(w):
            index.setdefault(g, []).append(k)
    dropped, reading = [], 0.0
    for i, line in enumerate(open(rows, encoding="utf-8")):
        before = time.process_time()
        text = json.loads(line)[field]
        reading += time.process_time() - before
        w = words(text)
        near = {k for g in grams(w) for k in index.get(g, ())}
        if tuple(w) in whole or any(common(w, tests[k]) > 0.6 * len(w) for k in near):
            dropped.append(i)
    return dropped, reading, time.process_time() - start


def lemma(binary, rows, benchmark, field, folder):
    out = os.path.join(folder, "kept.jsonl")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([binary, "data", "decontam", rows, "--against", benchmark, "--rule", "acemath", "--domain", "math", "--threads", "1", "--map", "prompt=" + field,
                    "--out", out, "--dropped", out + ".dropped", "--overwrite", "--quiet"], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    dropped = [int(json.loads(x)["_source"].rsplit(":", 1)[1]) - 1 for x in open(out + ".dropped", encoding="utf-8")]
    return dropped, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main(binary, data):
    os.environ["LEMMA_DATA"] = data
    print("| training rows, ten times over | test set | MB | rows dropped | Python MB/s (without json) | lemma MB/s, whole command | ratio | other decisions |")
    print("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for benchmark, train, field, test, test_field in SETS:
            rows = os.path.join(folder, "rows.jsonl")
            text = gzip.open(os.path.join(data, train), "rb").read()
            with open(rows, "wb") as f:
                for _ in range(COPIES):
                    f.write(text)
            size = os.path.getsize(rows) / 1e6
            theirs, reading, seconds = python(rows, field, os.path.join(data, test), test_field)
            best = 1e9
            for _ in range(3):
                ours, took = lemma(binary, rows, benchmark, field, folder)
                best = min(best, took)
            differ = len(set(ours) ^ set(theirs))
            print("| %s | %s | %.0f | %d | %.1f (%.1f) | %.1f | %.1f | %d |" % (os.path.basename(train), benchmark, size, len(ours), size / seconds,
                  size / (seconds - reading), size / best, seconds / best, differ), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
