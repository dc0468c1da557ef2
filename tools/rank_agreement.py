#!/usr/bin/env python3
# rank_agreement.py - do two scores of the same candidates put them in the same order? Shares of pairs within a problem, with intervals
"""tools/rank_agreement.py FILE.jsonl A=B [C=D]...

FILE has rows of candidates with lists of scores in the fields A and B (`rm score --field`). Of the pairs of a row whose scores differ in A, the share that
B puts in the same order; and the same of pairs of a right and a wrong candidate, where the rows say which is (`correct`). Intervals of 95 %: percentiles of
2,000 draws of problems with replacement. An independent count of what `lemma model quantize --prompts` says.
"""
import json
import random
import sys

DRAWS = 2000


def same_order(a, b, i, j):
    return (a[i] < a[j] and b[i] < b[j]) or (a[i] > a[j] and b[i] > b[j])


def pairs_of(a, b, chosen):
    """(pairs, of them in the same order)"""
    n = kept = 0
    for i in range(len(a)):
        for j in range(i):
            if a[i] != a[j] and chosen(i, j):
                n += 1
                kept += same_order(a, b, i, j)
    return n, kept


def told(per_row):
    rng = random.Random(1)
    share = lambda rows: 100 * sum(k for _, k in rows) / sum(n for n, _ in rows)
    drawn = sorted(share(rng.choices(per_row, k=len(per_row))) for _ in range(DRAWS))
    low, high = drawn[DRAWS // 40], drawn[DRAWS - 1 - DRAWS // 40]
    return f"{sum(n for n, _ in per_row)} pairs, {share(per_row):.2f} % [{low:.2f}, {high:.2f}]"


def main():
    if len(sys.argv) < 3 or not all("=" in x for x in sys.argv[2:]):
        sys.exit(__doc__)
    with open(sys.argv[1], encoding="utf-8") as f:
        rows = [json.loads(line) for line in f]
    for names in sys.argv[2:]:
        a, b = names.split("=")
        every = [pairs_of(r[a], r[b], lambda i, j: True) for r in rows]
        line = f"{a}, {b}: {told([x for x in every if x[0]])}"
        if all("correct" in r for r in rows):
            apart = [pairs_of(r[a], r[b], lambda i, j: r["correct"][i] != r["correct"][j]) for r in rows]
            line += f"; right against wrong {told([x for x in apart if x[0]])}"
        print(line)


main()
