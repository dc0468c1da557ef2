#!/usr/bin/env python3
# filter.py - the filters of 'lemma data filter' in straightforward Python: rows to compare speed and verdicts on, and the verdicts
"""filter.py rows DATA OUT BYTES   prompts and responses of the shared files, about BYTES of them
filter.py run IN OUT             a line "NAME NAME ..." of the filters that each row fails; says MB/s
filter.py compare OURS THEIRS N  OURS: the --dropped file of lemma over N rows; filters whose verdicts must agree row by row"""
import gzip
import json
import re
import sys
import time
import unicodedata
import zlib
from collections import Counter
from fractions import Fraction


def rows(data, out, size):
    def read(name):
        with gzip.open(f"{data}/{name}", "rt", encoding="utf-8") as f:
            text = f.read()
        return json.loads(text) if text.lstrip().startswith("[") else [json.loads(line) for line in text.splitlines() if line.strip()]

    pairs = [(r["question"], r["answer"]) for r in read("bench/gsm8k/train.jsonl.gz")]
    pairs += [(r["problem"], r["solution"]) for r in read("bench/math/math_train7500.jsonl.gz")]
    pairs += [(r["instruction"], r["output"]) for r in read("sft/evol-codealpaca-2k-1.json.gz")]
    pairs += [(r["instruction"], r.get("output") or r["response"]) for r in read("sft/roleplay-simple-deduped-roleplay-instruct.json.gz")]
    for r in read("outputs/mathcoder/gsm8k_multi.jsonl.gz"):
        pairs += [(r["question"], text) for s in r["samples"] for text in s.values() if isinstance(text, str) and len(text) > 100]
    step = 7919  # spread over the sources, the same each time
    order = sorted(range(len(pairs)), key=lambda i: i * step % len(pairs))
    with open(out, "w", encoding="utf-8") as f:
        for i in order:
            line = json.dumps({"prompt": pairs[i][0], "response": pairs[i][1]}, ensure_ascii=False)
            f.write(line + "\n")
            size -= len(line)
            if size < 0:
                break


def loops(items, longest, fill, times):
    for p in range(1, min(longest, len(items) - 1) + 1):
        need, run = max(p * times, fill) - p, 0
        for i in range(p, len(items)):
            run = run + 1 if items[i] == items[i - p] else 0
            if run >= need and need > 0:
                return items[i - run - p + 1:i - run + 1]
    return None


def repetition(text):
    words = re.findall(r"[^ \t\n\v\f\r]+", text)
    if loops(words, 100, 40, 4):
        return True
    for w in words:
        if len(w.encode()) >= 200:
            unit = loops(w.encode(), 64, 200, 4)
            if unit and any(chr(c).isalnum() or c >= 128 for c in unit):
                return True
    lines = Counter(t for t in (line.strip(" \t\v\f\r") for line in text.split("\n")) if len(t.encode()) >= 20 and len(t.split()) >= 3)
    if lines and max(lines.values()) >= 5:
        return True
    b = text.encode()
    return len(b) >= 1000 and len(b) / len(zlib.compress(b)) > 5


def boxed(text):
    for m in re.finditer(r"\\(boxed|fbox)(?![A-Za-z])[ \t]*", text):
        rest = text[m.end():]
        if re.match(r"[-0-9]", rest):
            return True
        depth = i = 0
        while i < len(rest) and (i > 0 or rest[:1] == "{"):
            depth += (rest[i] == "{") - (rest[i] == "}")
            i += 2 if rest[i] == "\\" else 1
            if depth == 0:
                if rest[1:i - 1].strip():
                    return True
                break
    return False


def latin(text):
    text = re.sub(r"\\[A-Za-z]*", "\\\\", text)
    of_it = all_ = 0
    for run in re.finditer(r"[^\W\d_]+", text):
        for script, n in runs(run.group()):
            if script == "GREEK" or n < 2 and script not in ("HANGUL", "CJK", "HIRAGANA", "KATAKANA"):
                continue
            all_ += n
            of_it += n if script == "LATIN" else 0
    return of_it, all_


def runs(word):
    out = []
    for c in word:
        s = unicodedata.name(c, "?").split()[0]
        s = "LATIN" if s == "FULLWIDTH" else s
        if out and out[-1][0] == s:
            out[-1][1] += 1
        else:
            out.append([s, 1])
    return out


def arithmetic(text):
    number = r"\$?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
    for m in re.finditer(rf"(?<![\w.,/^%)}}*+\-])({number}(?: ?[-+*/] ?{number})+) ?= ?({number})(?![\w,./^*+%-])", text):
        left = m[1].replace(",", "").replace("$", "").replace(" ", "")
        right = m[2].replace(",", "").replace("$", "")
        parts = re.split(r"([-+*/])", left)
        try:
            terms, sign = [Fraction(parts[0])], []
            for op, v in zip(parts[1::2], parts[2::2]):
                if op == "*":
                    terms[-1] *= Fraction(v)
                elif op == "/":
                    terms[-1] /= Fraction(v)
                else:
                    terms.append(Fraction(v) if op == "+" else -Fraction(v))
        except ZeroDivisionError:
            continue
        value, r = sum(terms), Fraction(right)
        unit = Fraction(1, 10 ** len(right.partition(".")[2]))
        exact = "." not in right and value.denominator == 1
        if value != r and (exact or abs(value - r) >= unit):
            return True
    return False


def run(path, out):
    with open(path, encoding="utf-8") as f:
        size = len(f.read().encode())
    start = time.process_time()
    with open(path, encoding="utf-8") as f, open(out, "w", encoding="utf-8") as g:
        for line in f:
            r = json.loads(line)
            p, t = r["prompt"], r["response"]
            failed = []
            if len(p.split()) > 300:
                failed.append("prompt-words")
            if len(t.split()) > 2500:
                failed.append("response-words")
            if repetition(t):
                failed.append("repetition")
            if not boxed(t):
                failed.append("boxed")
            a, b = latin(p), latin(t)
            n = a[1] + b[1]
            if n >= 10 and (a[0] + b[0]) / n < 0.9:
                failed.append("script")
            if arithmetic(t):
                failed.append("arithmetic")
            g.write(" ".join(failed) + "\n")
    seconds = time.process_time() - start
    print(f"Python: {size / 1e6:.1f} MB in {seconds:.2f} s of processor time, {size / 1e6 / seconds:.2f} MB/s")


def compare(ours, theirs, n):
    names = ["prompt-words", "response-words", "repetition", "boxed", "script", "arithmetic"]
    mine = [set() for _ in range(n)]
    with open(ours, encoding="utf-8") as f:
        for line in f:
            r = json.loads(line)
            mine[int(r["_source"].rpartition(":")[2]) - 1] = set(r["_detail"])
    with open(theirs, encoding="utf-8") as f:
        other = [set(line.split()) for line in f]
    bad = 0
    for name in names:
        differ = [i for i in range(n) if (name in mine[i]) != (name in other[i])]
        print(f"{name}: lemma {sum(name in s for s in mine)}, Python {sum(name in s for s in other)}, differ {len(differ)} {[i + 1 for i in differ[:5]]}")
        bad += name != "arithmetic" and bool(differ)  # another parser: the counts are told
    sys.exit(bad > 0)


if __name__ == "__main__":
    if sys.argv[1:2] == ["rows"]:
        rows(sys.argv[2], sys.argv[3], int(sys.argv[4]))
    elif sys.argv[1:2] == ["run"]:
        run(sys.argv[2], sys.argv[3])
    elif sys.argv[1:2] == ["compare"]:
        compare(sys.argv[2], sys.argv[3], int(sys.argv[4]))
    else:
        sys.exit(__doc__)
