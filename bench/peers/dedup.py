#!/usr/bin/env python3
# dedup.py - data dedup beside a Python set and PyPI's datasketch, on the same rows in one run, as Markdown tables
"""dedup.py LEMMA DATA WORK [ROWS]

LEMMA is the program, DATA the folder ../shared/data, WORK a scratch folder with room for some 3 KB a row. ROWS (2,500,000) rows are generated: 25 words
each, one in ten a copy in other letters, one in twenty a copy with a word changed. Run by a Python that has datasketch (measured with 2.0.0); each tool runs
as a process of its own, lemma on one thread; time is processor time, memory the largest resident set. Prints the tables.
"""
import gzip
import json
import os
import random
import shutil
import sys
import unicodedata

BANDS, ROWS_OF_BAND, SHINGLE = 21, 6, 5


def field_of(row):
    return row.get("problem") or row["question"]


def peer_set(path, out):
    """AceMath's rule as one would write it: the first of each lower-cased prompt, its line as it stands."""
    seen = set()
    with open(path, encoding="utf-8") as f, open(out, "w", encoding="utf-8") as o:
        for line in f:
            key = json.loads(line)["problem"].lower()
            if key not in seen:
                seen.add(key)
                o.write(line)


def peer_datasketch(path, out):
    """The first row of what LSH finds near; no exact check, which datasketch has not."""
    from datasketch import MinHash, MinHashLSH
    lsh = MinHashLSH(params=(BANDS, ROWS_OF_BAND), num_perm=BANDS * ROWS_OF_BAND)
    with open(path, encoding="utf-8") as f, open(out, "w", encoding="utf-8") as o:
        for i, line in enumerate(f):
            s = unicodedata.normalize("NFKC", field_of(json.loads(line))).casefold()
            w = "".join(c if unicodedata.category(c)[0] in "LMN" else " " for c in s).split()
            m = MinHash(num_perm=BANDS * ROWS_OF_BAND)
            m.update_batch({" ".join(w[k:k + SHINGLE]).encode() for k in range(max(1, len(w) - SHINGLE + 1))})
            if not lsh.query(m):
                o.write(line)
            lsh.insert(i, m)


def generate(path, n):
    rng = random.Random(1)
    words = ["".join(rng.choice("etaoinshrdlu") for _ in range(rng.randint(2, 9))) for _ in range(20000)]
    last = []
    with open(path, "w", encoding="utf-8") as f:
        for i in range(n):
            dice = rng.random()
            text = rng.choice(last) if last and dice < 0.15 else rng.choices(words, k=25)
            if dice < 0.05:
                text = list(text)
                text[0] = words[i % len(words)]
            if len(last) < 100000:
                last.append(text)
            else:
                last[i % 100000] = text
            line = " ".join(text)
            f.write(json.dumps({"problem": line.capitalize() if dice < 0.1 else line, "id": i}) + "\n")


def run(command):
    pid = os.posix_spawn(command[0], command, os.environ, file_actions=[(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)])
    _, status, usage = os.wait4(pid, 0)
    if status:
        sys.exit(f"{command}: status {status}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def count(path):
    with open(path, "rb") as f:
        return sum(1 for _ in f)


def row(name, command, out, n, size):
    seconds, mb = run(command)
    print(f"| {name} | {seconds:,.1f} | {n / seconds:,.0f} | {size / seconds / 1e6:,.1f} | {mb:,.0f} | {n - count(out):,} |", flush=True)


def table(title, path, work, cases):
    n, size = count(path), os.path.getsize(path)
    print(f"\n**{title}**: {n:,} rows, {size / 1e6:,.0f} MB\n\n| tool | seconds | rows/s | MB/s | memory MB | left out |\n" + "|---" * 6 + "|")
    outs = []
    for name, command in cases:
        out = os.path.join(work, f"out{len(outs)}.jsonl")
        row(name, [c.replace("OUT", out) for c in command], out, n, size)
        outs.append(out)
    return outs


def same(a, b):
    with open(a, "rb") as x, open(b, "rb") as y:
        while True:
            p, q = x.read(1 << 20), y.read(1 << 20)
            if p != q:
                return False
            if not p:
                return True


def main(lemma, data, work, rows=2500000):
    os.makedirs(work, exist_ok=True)
    me = [sys.executable, os.path.abspath(__file__)]
    path, real = os.path.join(work, "rows.jsonl"), os.path.join(work, "dapo.jsonl")
    run(me + ["generate", path, str(rows)])  # apart: a child's resident set counts from what its parent held
    with gzip.open(os.path.join(data, "bench/rl_train/dapo17k.jsonl.gz"), "rb") as f, open(real, "wb") as o:
        shutil.copyfileobj(f, o)
    dedup = [os.path.abspath(lemma), "data", "dedup"]
    more = ["--out", "OUT", "--overwrite", "--quiet", "--threads", "1"]
    outs = table("the same after lower-casing", path, work, [
        ("Python set", me + ["peer-set", path, "OUT"]), ("lemma", dedup + [path] + more),
        ("lemma, --memory 16", dedup + [path, "--memory", "16"] + more)])
    print(f"\nlemma's two outputs are {'the same bytes' if same(outs[1], outs[2]) else 'DIFFERENT'}")
    near = ["--rule", "near"]
    table("near, real prompts (DAPO-17k)", real, work, [
        ("datasketch", me + ["peer-datasketch", real, "OUT"]), ("lemma", dedup + [real] + near + more)])
    outs = table("near, generated", path, work, [
        ("lemma", dedup + [path] + near + more), ("lemma, --memory 64", dedup + [path, "--memory", "64"] + near + more)])
    print(f"\nlemma's two outputs are {'the same bytes' if same(outs[0], outs[1]) else 'DIFFERENT'}")


if __name__ == "__main__":
    if len(sys.argv) == 4 and sys.argv[1] == "peer-set":
        peer_set(*sys.argv[2:])
    elif len(sys.argv) == 4 and sys.argv[1] == "generate":
        generate(sys.argv[2], int(sys.argv[3]))
    elif len(sys.argv) == 4 and sys.argv[1] == "peer-datasketch":
        peer_datasketch(*sys.argv[2:])
    elif len(sys.argv) in (4, 5):
        main(*sys.argv[1:])
    else:
        sys.exit(__doc__)
