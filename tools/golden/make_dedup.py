"""make_dedup.py - what `data dedup` must find, by plain Python: sets of texts, all pairs of shingle sets, and PyPI's datasketch beside them

Usage: python tools/golden/make_dedup.py tests/data/golden/dedup ../shared/data
Needs datasketch (made with 2.0.0). Tests never run this.

  rows.jsonl     some 200 rows of our own: prompts, copies of them changed in letters, signs, scripts and words, and rows without a prompt
  expected.json  for each rule, [row, kept row] of every row left out; near: all pairs over the threshold with their coefficients, too
  real.json      for files of the shared data: repeats by each rule, and the pairs over the threshold by all pairs and by datasketch
"""
import gzip
import itertools
import json
import os
import random
import re
import sys
import unicodedata

from datasketch import MinHash, MinHashLSH

THRESHOLD = 0.8
NEAR = {"words5": (5, False, 0.8), "words3": (3, False, 0.6), "chars6": (6, True, 0.7)}


# ---- the rules, written from their descriptions ----
def words(s):
    s = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", s).casefold())
    return " ".join("".join(c if unicodedata.category(c)[0] in "LMN" else " " for c in s).split())


RULES = {
    "exact": lambda s: s,
    "lower": str.lower,
    "ascii": lambda s: " ".join(re.sub("[^a-z0-9]", " ", re.sub("[A-Z]", lambda m: m.group().lower(), s)).split()),
    "normalized": words,
}


def repeats(texts, rule):
    seen, out = {}, []
    for i, t in enumerate(texts):
        key = RULES[rule](t)
        if not key:
            continue
        if key in seen:
            out.append([i, seen[key]])
        else:
            seen[key] = i
    return out


def shingles(text, n, chars):
    units = list(text) if chars else text.split()
    if not units:
        return frozenset()
    join = "".join if chars else " ".join
    return frozenset(join(units[i:i + n]) for i in range(max(1, len(units) - n + 1)))


def all_pairs(sets, threshold):
    """All pairs at the threshold and above: every pair that shares a shingle is looked at (pairs that share none have coefficient 0)."""
    holders = {}
    for i, s in enumerate(sets):
        for x in s:
            holders.setdefault(x, []).append(i)
    shared = {}
    for ids in holders.values():
        for pair in itertools.combinations(ids, 2):
            shared[pair] = shared.get(pair, 0) + 1
    out = []
    for (i, k), both in sorted(shared.items()):
        j = both / (len(sets[i]) + len(sets[k]) - both)
        if j >= threshold:
            out.append([i, k, j])
    return out


def clusters(n, pairs):
    """[row, kept row] where the first row of what pairs connect is kept."""
    parent = list(range(n))

    def find(i):
        while parent[i] != i:
            i = parent[i]
        return i

    for i, k, *_ in pairs:
        a, b = sorted((find(i), find(k)))
        parent[b] = a
    return [[i, find(i)] for i in range(n) if find(i) != i]


# ---- rows of our own ----
STOCK = ("the sum of all positive integers less than one hundred that are divisible by three or by five is written on the board and then "
         "each student in turn erases two numbers and writes their difference until one number remains what is the largest value that it "
         "can have if the first student must erase the two smallest numbers on the board").split()


def own_rows():
    rng = random.Random(11)
    names = ["Anna", "Bob", "Chloé", "Straße", "ΣΊΣΥΦΟΣ", "Ж", "数学"]
    rows = []
    for k in range(60):
        text = [rng.choice(STOCK) for _ in range(rng.randint(3, 70))]
        text.insert(rng.randrange(len(text)), rng.choice(names))
        rows.append(" ".join(text).capitalize() + rng.choice(["?", ".", "", " $x^2$."]))
    for base in list(rows):
        for _ in range(rng.randint(0, 5)):
            w = base.split(" ")
            kind = rng.randrange(7)
            if kind == 0:
                text = base.upper() if "ß" not in base and "Σ" not in base.upper() else base.lower()
            elif kind == 1:
                text = base.replace(" ", rng.choice(["  ", "\u00a0", ", ", " - "]))
            elif kind == 2:
                text = base
            else:
                for _ in range(kind - 2):
                    at = rng.randrange(len(w))
                    if kind % 2:
                        w[at] = rng.choice(STOCK)
                    else:
                        w.insert(at, rng.choice(STOCK))
                text = " ".join(w)
            rows.append(text)
    rows += ["", "?", "!?", "\uff11\uff12 \uff21", "12 a", "\ufb01ne", "fine", "e\u0301t\u00e9", "\u00e9te\u0301"]
    rng.shuffle(rows)
    return rows


def expected(texts):
    out = {"rules": {rule: repeats(texts, rule) for rule in RULES}, "near": {}}
    for name, (n, chars, threshold) in NEAR.items():
        sets = [shingles(words(t), n, chars) for t in texts]
        pairs = all_pairs(sets, threshold)
        out["near"][name] = {"n": n, "chars": chars, "threshold": threshold, "pairs": pairs, "left_out": clusters(len(texts), pairs)}
    return out


# ---- files of the shared data ----
FILES = {"dapo17k": ("bench/rl_train/dapo17k.jsonl.gz", "problem"), "math_train": ("bench/math/math_train7500.jsonl.gz", None),
         "gsm8k_train": ("bench/gsm8k/train.jsonl.gz", "question")}


def by_datasketch(sets, threshold, permutations=128):
    lsh, hashes = MinHashLSH(threshold=threshold, num_perm=permutations), []
    for i, s in enumerate(sets):
        m = MinHash(num_perm=permutations, seed=1)
        m.update_batch([x.encode() for x in s])
        lsh.insert(i, m)
        hashes.append(m)
    return {tuple(sorted((i, k))) for i, m in enumerate(hashes) for k in lsh.query(m) if k != i}


def of_file(path, field):
    with gzip.open(path, "rt", encoding="utf-8") as f:
        rows = [json.loads(line) for line in f]
    field = field or next(k for k in ("problem", "question", "prompt") if k in rows[0])
    texts = [r[field] for r in rows]
    sets = [shingles(words(t), 5, False) for t in texts]
    pairs = all_pairs(sets, THRESHOLD)
    found = by_datasketch(sets, THRESHOLD)
    hit = sum((i, k) in found for i, k, _ in pairs)
    print(f"{path}: {len(texts)} rows, {len(pairs)} pairs at {THRESHOLD}; datasketch finds {hit} of them and {len(found) - hit} below", file=sys.stderr)
    return {"rows": len(texts), "repeats": {rule: len(repeats(texts, rule)) for rule in RULES}, "pairs": [p[:2] for p in pairs],
            "left_out": len(clusters(len(texts), pairs)), "datasketch_found": hit, "datasketch_below": len(found) - hit}


def main(folder, data):
    os.makedirs(folder, exist_ok=True)
    texts = own_rows()
    with open(os.path.join(folder, "rows.jsonl"), "w", encoding="utf-8") as f:
        f.writelines(json.dumps({"problem": t}, ensure_ascii=False) + "\n" for t in texts)
    for name, value in (("expected", expected(texts)),
                        ("real", {k: {"path": p, **of_file(os.path.join(data, p), field)} for k, (p, field) in FILES.items()})):
        with open(os.path.join(folder, name + ".json"), "w", encoding="utf-8") as f:
            json.dump(value, f, separators=(",", ":"), sort_keys=True)
            f.write("\n")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
