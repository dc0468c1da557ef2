#!/usr/bin/env python3
"""orm_small.py - data and figures of docs/orm.md's small outcome reward model; tools/orm_small.sh runs it all.

  orm_small.py texts OUT.jsonl            what the start model reads: GSM8K train, short MATH train, right PRM800K solutions
  orm_small.py lists train|dev SEED OUT [RULE]   response lists composed of PRM800K's rated steps; RULE flat or share: how
                                          often a step is a wrong one; share has step labels too
  orm_small.py rows dev SEED OUT [RULE]   the same as candidate rows for 'lemma rm score'
  orm_small.py planted OUT                GSM8K-train solutions with one changed number, as candidate rows
  orm_small.py test OUT                   ProcessBench gsm8k as candidate rows (final_answer_correct)
  orm_small.py sum SCORED SCORED OUT      the rows of the first with the sum of both scores
  orm_small.py figures SCORED [FIELD]     AUC with its interval over problems, length alone, and length held fixed

Files are those under $LEMMA_DATA (MANIFEST.md there). Nothing here depends on time, hash seeds or threads.
"""
import collections, gzip, hashlib, json, os, random, re, statistics, sys

DATA = os.environ.get("LEMMA_DATA", "/work/shared/data")
PRM = "stepwise/prm800k/phase1_train_plus.jsonl.gz"
PB = "stepwise/processbench/gsm8k.json.gz"
FLAT = 0.3   # rule flat: chance that a step is a wrong one, where one was rated
SHARE = 0.6  # rule share: times the share of wrong ones among the rated steps at that place
OTHER = 0.5    # chance that a right step is another right one, so that a replaced step does not mean a wrong one
DRAWS = 4      # responses in a list
LONGEST = 1500  # bytes of problem and solution
JOIN = 0.5     # share of responses in which steps are joined to paragraphs, as other writers' are
CUT = 0.25     # share of responses that are cut after some step: short ones have fewer chances to be wrong


def rows(path):
    with gzip.open(os.path.join(DATA, path), "rt", encoding="utf-8") as f:
        if path.endswith(".json.gz"):
            return json.load(f)
        return [json.loads(line) for line in f]


def held_out(problem):
    return hashlib.sha256(problem.encode()).digest()[0] % 10 == 0


# ---- no problem of the test in the training text: stricter than AceMath's rule, one shared 13-gram is enough
def words(s):
    return re.sub(r"[^a-z0-9]+", " ", s.lower()).split()


def grams(s, n=13):
    w = words(s)
    return {tuple(w[i:i + n]) for i in range(len(w) - n + 1)} or {tuple(w)}


def test_grams():
    g = set()
    for r in rows(PB):
        g |= grams(r["problem"])
    for r in rows("bench/gsm8k/test.jsonl.gz"):
        g |= grams(r["question"])
    return g


# ---- PRM800K: paths of right steps, and what else was rated at each of their prefixes
def paths():
    """problem -> list of (step, right alternatives, wrong alternatives) per position, for each right finished path"""
    rate = collections.OrderedDict()
    done = collections.OrderedDict()
    for r in rows(PRM):
        k = (r["instruction"], tuple(r["responses"]), r["next_response"])
        rate.setdefault(k, []).append(r["rating"])
        if r["answer"] is not None and r["rating"] == 1:
            done[(k[0], k[1] + (k[2],))] = 1
    near = {}
    for (q, p, x), v in rate.items():
        a = near.setdefault((q, p), ([], []))
        if -1 in v:
            a[1].append(x)
        elif any(e is not None for e in v):
            a[0].append(x)
    out = collections.OrderedDict()
    for q, p in done:
        at = [near.get((q, p[:i]), ([], [])) for i in range(len(p))]
        if any(p[i] in at[i][1] for i in range(len(p))):
            continue
        out.setdefault(q, []).append([(p[i], at[i][0], at[i][1]) for i in range(len(p))])
    return out


def is_wrong(right, wrong, rng, rule):
    if rule == "flat":
        return bool(wrong) and rng.random() < FLAT
    return rng.random() * (len(right) + len(wrong)) < SHARE * len(wrong)


def one_step(s, rule):
    """rule share: a blank line ends a step, so that labels of steps fit"""
    return s if rule == "flat" else re.sub(r"\s*\n\s*\n\s*", "\n", s.strip())


def compose(path, rng, cut, rule):
    """one solution along the path: its steps, and whether each is right"""
    steps, good = [], []
    for own, right, wrong in path[:rng.randint(1, len(path)) if cut else len(path)]:
        if is_wrong(right, wrong, rng, rule):
            steps.append(one_step(rng.choice(wrong), rule))
            good.append(0)
        else:
            steps.append(one_step(rng.choice(right) if right and rng.random() < OTHER else own, rule))
            good.append(1)
    if rng.random() < JOIN:
        merged, ok = [], []
        for s, g in zip(steps, good):
            if merged and not s.startswith("# Answer") and rng.random() < 0.6:
                merged[-1] += " " + s
                ok[-1] = min(ok[-1], g)
            else:
                merged.append(s)
                ok.append(g)
        steps, good = merged, ok
    return steps, good


def lists(part, seed, rule):
    avoid = test_grams()
    n = 0
    for q, ps in paths().items():
        if held_out(q) != (part == "dev") or grams(q) & avoid:
            continue
        rng = random.Random(f"{seed} {q}")
        for path in rng.sample(ps, min(2, len(ps))):
            seen = collections.OrderedDict()
            for _ in range(4 * DRAWS):
                if len(seen) == DRAWS:
                    break
                steps, good = compose(path, rng, rng.random() < CUT, rule)
                text = "\n\n".join(steps)
                if len(text) + len(q) <= LONGEST:
                    seen.setdefault(text, good)
            if seen:
                n += 1
                yield f"{part}-{n}", q, seen


def write(path, items):
    with open(path + ".part", "w", encoding="utf-8") as f:  # what was interrupted is not taken for whole
        n = 0
        for x in items:
            f.write(json.dumps(x, ensure_ascii=False) + "\n")
            n += 1
    os.replace(path + ".part", path)
    print(f"{path}: {n} rows")


def do_lists(part, seed, out, rule="flat"):
    def one():
        for i, q, seen in lists(part, seed, rule):
            # a step's label here is that no step up to it is wrong: what an outcome model is to say of the beginning
            far = [[int(all(g[:k + 1])) for k in range(len(g))] for g in seen.values()]
            row = {"id": i, "problem": q, "responses": list(seen), "labels": [f[-1] for f in far]}
            yield row if rule == "flat" else dict(row, step_labels=far)
    write(out, one())


def do_rows(part, seed, out, rule="flat"):
    write(out, ({"id": i, "problem": q, "completions": list(s), "correct": [all(g) for g in s.values()]}
                for i, q, s in lists(part, seed, rule)))


def gsm(r):
    a = re.sub(r"<<[^>]*>>", "", r["answer"])
    a, _, x = a.partition("####")
    return [s.strip() for s in a.strip().split("\n") if s.strip()] + [f"The answer is {x.strip()}."]


def do_texts(out):
    avoid = test_grams()
    seen = set()

    def one():
        for r in rows("bench/gsm8k/train.jsonl.gz"):
            if not held_out(r["question"]):
                yield r["question"], "\n\n".join(gsm(r))
        for r in rows("bench/math/math_train7500.jsonl.gz"):
            if len(r["problem"]) + len(r["solution"]) < 800 and "[asy]" not in r["problem"]:
                yield r["problem"], r["solution"]
        for q, ps in paths().items():
            for p in ps[:2]:
                t = "\n\n".join(s for s, _, _ in p)
                if not held_out(q) and len(q) + len(t) <= LONGEST:
                    yield q, t

    def kept():
        left = 0
        for q, a in one():
            if grams(q) & avoid:
                left += 1
            elif (q, a) not in seen:
                seen.add((q, a))
                yield {"prompt": q, "completion": a}
        print(f"left out since they share 13 words with a test problem: {left}")
    every = list(kept())
    random.Random("texts").shuffle(every)
    write(out, every)


def do_planted(out):
    def one():
        for i, r in enumerate(rows("bench/gsm8k/train.jsonl.gz")):
            if not held_out(r["question"]):
                continue
            rng = random.Random(r["question"])
            s = gsm(r)
            k = rng.randrange(len(s) - 1)
            at = [m for m in re.finditer(r"\d+", s[k])]
            if not at:
                continue
            m = at[-1]
            x = int(m.group())
            bad = s[:k] + [s[k][:m.start()] + str(max(0, x + rng.choice([-10, -2, -1, 1, 2, 10, x]))) + s[k][m.end():]] + s[k + 1:]
            if bad != s:
                yield {"id": f"planted-{i}", "problem": r["question"], "completions": ["\n\n".join(s), "\n\n".join(bad)],
                       "correct": [True, False]}
    write(out, one())


def do_test(out):
    write(out, ({"id": r["id"], "problem": r["problem"], "completions": ["\n\n".join(r["steps"])],
                 "correct": [r["final_answer_correct"]]} for r in rows(PB)))


def do_sum(a, b, out):
    def one():
        for x, y in zip(open(a, encoding="utf-8"), open(b, encoding="utf-8")):
            x, y = json.loads(x), json.loads(y)
            x["rm_score"] = [None if s is None or t is None else s + t for s, t in zip(x["rm_score"], y["rm_score"])]
            yield x
    write(out, one())


# ---- figures
def auc(pairs):
    """share of (right, wrong) pairs in which the right one scores higher, ties half"""
    pairs = sorted(pairs)
    n, below, right, i = 0.0, 0, 0, 0
    while i < len(pairs):
        e = [0, 0]
        k = i
        while k < len(pairs) and pairs[k][0] == pairs[i][0]:
            e[pairs[k][1]] += 1
            k += 1
        n += e[1] * (below + e[0] / 2)
        below += e[0]
        right += e[1]
        i = k
    return n / right / below if right and below else float("nan")


def within(rows_, bins):
    """AUC of pairs of about one length: quantile bins of length, weighed by their number of pairs"""
    order = sorted(rows_, key=lambda r: r[2])
    top = low = 0.0
    for b in range(bins):
        part = order[len(order) * b // bins:len(order) * (b + 1) // bins]
        p = sum(r[1] for r in part)
        w = p * (len(part) - p)
        if w:
            top += w * auc([(r[0], r[1]) for r in part])
            low += w
    return top / low if low else float("nan")


def interval(groups, f, draws=1000):
    rng = random.Random(0)
    v = []
    for _ in range(draws):
        x = f([r for _ in groups for r in groups[rng.randrange(len(groups))]])
        if x == x:
            v.append(x)
    v.sort()
    return v[int(.025 * len(v))], v[int(.975 * len(v))]


def ranks(v):
    """mean ranks: ties share theirs"""
    order = sorted(range(len(v)), key=lambda i: v[i])
    out = [0.0] * len(v)
    i = 0
    while i < len(order):
        k = i
        while k < len(order) and v[order[k]] == v[order[i]]:
            k += 1
        for j in range(i, k):
            out[order[j]] = (i + k - 1) / 2
        i = k
    return out


def residual(rows_):
    """AUC of what is left of the score's ranks when a line in the ranks of length, problem length and steps is taken out"""
    n = len(rows_)
    x = [[r - (n - 1) / 2 for r in ranks([row[c] for row in rows_])] for c in (2, 3, 4)]
    y = [r - (n - 1) / 2 for r in ranks([row[0] for row in rows_])]
    basis = []
    for v in x:  # Gram-Schmidt
        for b in basis:
            k = sum(a * c for a, c in zip(v, b))
            v = [a - k * c for a, c in zip(v, b)]
        size = sum(a * a for a in v) ** .5
        if size > 1e-9 * n:
            basis.append([a / size for a in v])
    for b in basis:
        k = sum(a * c for a, c in zip(y, b))
        y = [a - k * c for a, c in zip(y, b)]
    return auc([(a, r[1]) for a, r in zip(y, rows_)])


def do_figures(path, field="rm_score", draws=1000):
    by = collections.OrderedDict()
    lost = 0
    for line in open(path, encoding="utf-8"):
        r = json.loads(line)
        for s, y, t in zip(r[field], r["correct"], r["completions"]):
            if s is None:
                lost += 1
            else:
                by.setdefault(r["problem"], []).append((s, int(y), len(t), len(r["problem"]), t.count("\n\n") + 1))
    g = list(by.values())
    every = [r for v in g for r in v]
    print(f"{path}: {len(every)} solutions of {len(g)} problems, {sum(r[1] for r in every)} right, {lost} without a score")
    for name, f in (("AUC", lambda v: auc([(r[0], r[1]) for r in v])),
                    ("length alone (shorter = right)", lambda v: auc([(-r[2], r[1]) for r in v])),
                    ("the problem's length alone", lambda v: auc([(-r[3], r[1]) for r in v])),
                    ("steps alone (fewer = right)", lambda v: auc([(-r[4], r[1]) for r in v])),
                    ("AUC with these three taken out", residual),
                    ("AUC in ten bins of length", lambda v: within(v, 10)),
                    ("AUC minus length alone", lambda v: auc([(r[0], r[1]) for r in v]) - auc([(-r[2], r[1]) for r in v]))):
        lo, hi = interval(g, f, int(draws))
        print(f"  {name}: {f(every):.3f} ({lo:.3f} to {hi:.3f})")
    rho = statistics.correlation(ranks([r[0] for r in every]), ranks([r[2] for r in every]))
    print(f"  rank correlation of score and length: {rho:.2f}")


if __name__ == "__main__":
    commands = {"texts": do_texts, "lists": do_lists, "rows": do_rows, "planted": do_planted, "test": do_test, "sum": do_sum,
                "figures": do_figures}
    if len(sys.argv) < 3 or sys.argv[1] not in commands:
        sys.exit(__doc__)
    commands[sys.argv[1]](*sys.argv[2:])
