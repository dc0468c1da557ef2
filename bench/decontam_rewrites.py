"""decontam_rewrites.py - how many rewritten test questions each rule of `lemma data decontam` keeps

Usage: python3 bench/decontam_rewrites.py build/lemma ../shared/data
Every GSM8K test question is rewritten by rule: other numbers; other numbers and names; a preamble of 60 words before it; an instruction of 40
words behind it; one word of seven replaced. PRMBench's questions come changed by GPT-4o and are held against their originals. What a rule keeps of these
is a miss. Beside them stand training sets that were not made from the test sets: what a rule drops of these is for a person to judge.
"""
import gzip
import json
import os
import random
import re
import subprocess
import sys
import tempfile

NAMES = ["Olivia", "Noah", "Emma", "Liam", "Ava", "Mason", "Sophia", "Lucas", "Mia", "Ethan", "Harper", "Logan"]
FIRST = re.compile(r"^([A-Z][a-z]+)(?= (?:has|is|was|had|buys|bought|decides|sells|runs|wants|and|can|gets|makes|eats))")
FILLER = ("river stone window garden letter market bottle engine forest bridge candle planet silver basket thunder meadow pepper anchor velvet lantern "
          "copper saddle orchard pillow harbor tunnel feather cabinet blanket whistle").split()


def numbers(t, r):
    return re.sub(r"\d+", lambda m: str(int(m.group()) + r.randint(1, 9)), t)


def names(t, r):
    for n in sorted(set(re.findall(r"(?<=[a-z,] )([A-Z][a-z]+)", t)) | set(FIRST.findall(t))):
        t = re.sub(r"\b%s\b" % n, r.choice(NAMES), t)
    return numbers(t, r)


def before(t, r):
    return " ".join(r.choice(FILLER) for _ in range(60)) + ". " + t


def behind(t, r):
    return t + " " + " ".join(r.choice(FILLER) for _ in range(40))


def synonyms(t, r):
    w = t.split(" ")
    for i in range(r.randint(0, 6), len(w), 7):
        w[i] = r.choice(FILLER)
    return " ".join(w)


def rows(path):
    text = gzip.open(path, "rt", encoding="utf-8").read()
    return json.loads(text) if text.lstrip().startswith("[") else [json.loads(x) for x in text.split("\n") if x.strip()]


def write(path, prompts):
    with open(path, "w", encoding="utf-8") as f:
        for p in prompts:
            f.write(json.dumps({"problem": p}) + "\n")


def run(binary, train, test, rule, folder):
    out = subprocess.run([binary, "data", "decontam", train, "--against", test, "--rule", rule, "--out", os.path.join(folder, "kept"), "--overwrite", "--quiet", "--json"],
                         stdout=subprocess.PIPE, check=True).stdout
    o = json.loads(out)
    return o["rows"], o["kept"]


def main(binary, data):
    os.environ["LEMMA_DATA"] = data
    with tempfile.TemporaryDirectory() as folder:
        questions = [x["question"] for x in rows(os.path.join(data, "bench/gsm8k/test.jsonl.gz"))]
        print("| rewritten test questions | rows | kept by acemath | kept by the default |\n|---|---|---|---|")
        for name, change in (("GSM8K, other numbers", numbers), ("GSM8K, other numbers and names", names), ("GSM8K behind 60 other words", before),
                             ("GSM8K before 40 other words", behind), ("GSM8K, each seventh word another", synonyms)):
            r = random.Random(1)
            path = os.path.join(folder, "rewritten.jsonl")
            write(path, [change(q, r) for q in questions])
            n, paper = run(binary, path, "gsm8k", "acemath", folder)
            print("| %s | %d | %d | %d |" % (name, n, paper, run(binary, path, "gsm8k", "lemma", folder)[1]))
        kinds = os.path.join(data, "stepwise/prmbench")
        pairs = {x["modified_question"]: x["original_question"] for k in sorted(os.listdir(kinds)) for x in rows(os.path.join(kinds, k))
                 if x["modified_question"] != x["original_question"]}
        train, test = os.path.join(folder, "m.jsonl"), os.path.join(folder, "o.jsonl")
        write(train, pairs.keys())
        write(test, sorted(set(pairs.values())))
        n, paper = run(binary, train, test, "acemath", folder)
        print("| PRMBench's changed questions | %d | %d | %d |" % (n, paper, run(binary, train, test, "lemma", folder)[1]))
        print("\n| training rows | test set | rows | dropped by acemath | dropped by the default |\n|---|---|---|---|---|")
        for train, test in (("math/math_train7500.jsonl.gz", "math500"), ("gsm8k/train.jsonl.gz", "gsm8k"), ("rl_train/dapo17k.jsonl.gz", "math500"),
                            ("rl_train/dapo17k.jsonl.gz", "aime24"), ("rl_train/aime_1983_2023.json.gz", "aime24"), ("rl_train/dapo17k.jsonl.gz", "minerva_math"),
                            ("gsm8k/train.jsonl.gz", "svamp"), ("rl_train/dapo17k.jsonl.gz", "amc23")):
            path = os.path.join(data, "bench", train)
            n, paper = run(binary, path, test, "acemath", folder)
            print("| %s | %s | %d | %d | %d |" % (train, test, n, n - paper, n - run(binary, path, test, "lemma", folder)[1]))


if __name__ == "__main__":
    main(*sys.argv[1:])
