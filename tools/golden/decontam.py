#!/usr/bin/env python3
"""decontam.py - the decisions of `lemma data decontam`, by brute force from the definitions in docs/decontamination.md

Usage: decontam.py DATA OUT     writes OUT/SET-RULE.tsv for the sets below: line of the training file, line of the test file, rule, shared n-grams,
words of the longest common subsequence. Standard library only; nothing of Lemma is used. tests/cli/test_decontam.c compares.
"""
import gzip
import json
import os
import sys
import unicodedata

SETS = [
    ("math500", "bench/math/math_train7500.jsonl.gz", "problem", "bench/math/math500.jsonl.gz", "problem"),
    ("gsm8k", "bench/gsm8k/train.jsonl.gz", "question", "bench/gsm8k/test.jsonl.gz", "question"),
    ("aime24", "bench/rl_train/aime_1983_2023.json.gz", "problem", "bench/qwen25math/aime24/test.jsonl.gz", "problem"),
]
N, LCS, WHOLE, CONTAINED, REWORDED, LEAST_PROSE, STOCK = 13, 0.6, 0.5, 0.85, 0.75, 15, 3


def load(path, field):
    text = gzip.open(path, "rt", encoding="utf-8").read()
    rows = json.loads(text) if text.lstrip().startswith("[") else [json.loads(x) for x in text.split("\n") if x.strip()]
    return [row[field] for row in rows]


def alone(c):
    return "\u3041" <= c <= "\u30ff" or "\u3400" <= c <= "\u9fff" or "\U00020000" <= c <= "\U0003ffff"


def words(text):
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    out = ""
    for c in text:
        if unicodedata.category(c)[0] not in "LMN":
            out += " "
        else:
            out += " %s " % c if alone(c) else c
    return out.split()


def prose(w):
    return [x for x in w if len(x.encode()) >= 3 and not any("0" <= c <= "9" for c in x)]


def common(a, b):
    """Length of the longest common subsequence, by the textbook's table."""
    table = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            table[i + 1][j + 1] = table[i][j] + 1 if x == y else max(table[i][j + 1], table[i + 1][j])
    return table[len(a)][len(b)]


def grams(w, n):
    return [tuple(w[i:i + n]) for i in range(len(w) - n + 1)]


def shared_run(a, b, counted):
    """The longest run of n-grams that count, each taken where b has it first: its place in a and in b, and its words."""
    first = {}
    for j, g in enumerate(grams(b, N)):
        first.setdefault(g, j)
    best, last = (0, 0, 0), None
    for i, g in enumerate(grams(a, N)):
        if g not in counted or g not in first:
            continue
        j = first[g]
        length = last[2] + 1 if last and (last[0], last[1]) == (i - 1, j - 1) else N
        last = (i, j, length)
        if length > best[2]:
            best = (i + N - length, j + N - length, length)
    return best


def decide(a, b, shared, counted, paper):
    """The rule by which a training prompt's words a are contaminated by a test prompt's words b; None: they share nothing."""
    if a and a == b:
        return "exact"
    lcs = common(a, b)
    if shared:
        enough = lcs / len(a) > LCS
        if paper:
            return "ngram+lcs" if enough else "none"
        at_a, at_b, run = shared_run(a, b, counted)
        if enough and (lcs / max(len(a), len(b)) > WHOLE or run >= 1.5 * N):
            return "ngram+lcs"
        side = len(b) // 4
        begin, end = max(0, at_a - at_b - side), at_a + len(b) - at_b + side
        if common(a[begin:end], b) > CONTAINED * len(b):
            return "contained"
    p, q = prose(a), prose(b)
    alike = common(p, q)
    if not paper and alike >= LEAST_PROSE and alike > REWORDED * max(len(p), len(q)):
        return "reworded"
    return "none" if shared else None


def decisions(train, test, paper):
    """All matches, in the order of training rows, then of test rows."""
    tests = []
    for line, w in enumerate(test):
        if w and w not in [x for _, x in tests]:
            tests.append((line, w))
    half, stock = (N + 1) // 2, 0 if paper else STOCK
    have = {n: {} for n in (N, half)}
    for n in have:
        for k, (_, w) in enumerate(tests):
            for g in set(grams(w, n)):
                have[n].setdefault(g, []).append(k)
    counted = {n: {g: ks for g, ks in have[n].items() if not stock or len(ks) < stock} for n in have}
    for line, w in enumerate(train):
        shared, candidates = {}, set()
        for g in grams(w, N):
            for k in counted[N].get(g, ()):
                shared[k] = shared.get(k, 0) + 1
        if not paper:
            for g in grams(w, half):
                candidates.update(counted[half].get(g, ()))
        candidates.update(k for k, (_, t) in enumerate(tests) if t == w)
        for k in sorted(candidates | set(shared)):
            rule = decide(w, tests[k][1], shared.get(k, 0), counted[N], paper)
            if rule:
                yield line + 1, tests[k][0] + 1, rule, shared.get(k, 0), common(w, tests[k][1])


def main(data, out):
    for name, train, train_field, test, test_field in SETS:
        a = [words(x) for x in load(os.path.join(data, train), train_field)]
        b = [words(x) for x in load(os.path.join(data, test), test_field)]
        for rule in ("acemath", "lemma"):
            with open(os.path.join(out, "%s-%s.tsv" % (name, rule)), "w") as f:
                for row in decisions(a, b, rule == "acemath"):
                    f.write("%d\t%d\t%s\t%d\t%d\n" % row)


if __name__ == "__main__":
    main(*sys.argv[1:])
