#!/usr/bin/env python3
"""mutants.py - plants the defects of mutants.tsv one at a time and tells which test notices each

Usage: tools/mutants.py --check              every row still stands in its file (a second; ./dev check runs it)
       tools/mutants.py [--only REGEX] [--again] [--near] [--jobs N] [--minutes N] | --page
A row of mutants.tsv is one defect, its columns divided by tabs:
  file under src/ | exact old text, once in the file | new text | what it is | tests to ask first | why it may survive
The last two may be missing. The tree is copied to build-mutants/tree and built once; then each defect is put in, the programs that link
its file are built and run, nearest first (those of the row one by one, its folder's unit tests, golden and ops, other folders' unit tests),
and the first that fails has killed it: the row then names it first. A row that says why it may survive is asked of its own tests and its
folder's alone. Results are kept in build-mutants/results.jsonl, so that a run that was stopped goes on; --again asks all rows anew.
docs/mutants.md is the table; its minutes are processor time, which is what a quiet machine of one core takes at most.
"""
import argparse
import hashlib
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LIST = os.path.join(ROOT, "tools", "mutants.tsv")
WORK = os.path.join(ROOT, "build-mutants")
TREE = os.path.join(WORK, "tree")
BUILD = os.path.join(TREE, "build")  # where others have it, so that ccache knows the objects
RESULTS, BASELINE = os.path.join(WORK, "results.jsonl"), os.path.join(WORK, "baseline.json")
PAGE = os.path.join(ROOT, "docs", "mutants.md")
LEAST, SHARE = 120, 0.95
PAUSE = 100  # programs that are built at once
BATCH = 8    # programs that are built before the first of them is asked


class Row:
    def __init__(self, line, text):
        cells = text.split("\t") + ["", ""]
        if len(cells) < 6:
            raise SystemExit(f"tools/mutants.tsv:{line}: file, old, new and what expected, divided by tabs")
        self.line = line
        self.file, self.old, self.new, self.what, tests, self.why = cells[:6]
        self.tests = tests.split()
        self.key = "\t".join((self.file, self.old, self.new))

    def stale(self, root):
        try:
            with open(os.path.join(root, "src", self.file)) as f:
                n = f.read().count(self.old)
        except OSError:
            return f"src/{self.file} is not there"
        if self.old == self.new:
            return "old and new are the same"
        return None if n == 1 else f"the old text stands {n} times in src/{self.file}: {self.old}"


def read_rows():
    with open(LIST) as f:
        rows = [Row(i, t.rstrip("\n")) for i, t in enumerate(f, 1) if t.strip() and t[0] != "#"]
    return rows


def test_names():
    """Of programs: a unit test is named by its folder, others by their suite."""
    out = set()
    for at, _, files in os.walk(os.path.join(ROOT, "tests")):
        out |= {f"{os.path.basename(at)}_{f[:-2]}" for f in files if f.startswith("test_") and f.endswith(".c")}
    return out


def check(rows, root):
    names = test_names()
    bad = [f"tools/mutants.tsv:{r.line}: there is no test {t}" for r in rows for t in r.tests if t not in names]
    bad += [f"tools/mutants.tsv:{r.line}: {r.stale(root)}; give the text as it is now, or another defect of that kind" for r in rows if r.stale(root)]
    if len({r.key for r in rows}) != len(rows):
        bad.append("tools/mutants.tsv: a row stands there twice")
    if len(rows) < LEAST:
        bad.append(f"tools/mutants.tsv: {LEAST} defects expected, {len(rows)} found")
    return bad


def call(args, **more):
    return subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", **more)


def need(args):
    r = call(args)
    if r.returncode:
        raise SystemExit(f"mutants: {' '.join(args[:6])} failed:\n{r.stdout[-3000:]}")
    return r.stdout


def same(a, b):
    return os.path.exists(b) and os.path.getsize(a) == os.path.getsize(b) and open(a, "rb").read() == open(b, "rb").read()


def copy_tree():
    """The tree as it is, files that git ignores left out; what has not changed keeps its time, so that little is built again."""
    names = need(["git", "-C", ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"])
    files = {n for n in names.split("\0") if os.path.isfile(os.path.join(ROOT, n))}
    for n in files:
        old, new = os.path.join(ROOT, n), os.path.join(TREE, n)
        os.makedirs(os.path.dirname(new), exist_ok=True)
        if not same(old, new):
            shutil.copy(old, new)
            if not n.endswith((".c", ".h", ".md", ".py", ".tsv")) and os.path.exists(BASELINE):
                os.remove(BASELINE)  # what tests read; programs are known by what they hold
    for at, folders, there in os.walk(TREE):
        if at == TREE:
            folders[:] = [f for f in folders if f != "build"]
        for n in there:
            if os.path.relpath(os.path.join(at, n), TREE) not in files:
                os.remove(os.path.join(at, n))


def build(targets, jobs):
    for i in range(0, len(targets), PAUSE):
        r = call(["ninja", "-C", BUILD, f"-j{jobs}", *targets[i:i + PAUSE]])
        if r.returncode:
            return r.stdout
    return None


def configure():
    ccache = ["-DCMAKE_C_COMPILER_LAUNCHER=ccache"] if call(["which", "ccache"]).returncode == 0 else []
    need(["cmake", "-S", TREE, "-B", BUILD, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release", "-DCMAKE_EXE_LINKER_FLAGS=-Wl,-S",
          f"-DLEMMA_DATA_DIR={ROOT}/../shared/data", *ccache])


def symbols(path):
    out = call(["nm", "--defined-only", "-g", path]).stdout
    return {w[-1] for w in (line.split() for line in out.splitlines()) if len(w) == 3 and w[1] in "TDRBW"}


def targets_of(names):
    """What is built for tests of these names; commands run the program itself."""
    out = {n[4:] if n.startswith("far_") else n for n in names}
    return sorted(out | ({"lemma"} if any(n.startswith(("cli_", "faults_")) for n in names) else set()))


class Tests:
    """Programs by name: their suite, what they link, how long they take when all is well."""

    def __init__(self, jobs):
        self.suite, self.command, self.links, self.seconds = {}, {}, {}, {}
        self.env = dict(os.environ, LEMMA_DATA=f"{ROOT}/../shared/data")
        self.jobs = jobs
        self.read()

    def read(self):
        """Commands of programs that are built."""
        out = need(["ctest", "--test-dir", BUILD, "--show-only=json-v1"])
        for t in json.loads(out)["tests"]:
            if t.get("command", [BUILD])[0].endswith(".sh"):
                continue  # runs the program, links nothing
            props = {p["name"]: p["value"] for p in t["properties"]}
            self.suite[t["name"]] = (props.get("LABELS") or ["?"])[0]
            self.command[t["name"]] = t.get("command", [])

    def index(self, names):
        for n in names:
            self.links[n] = symbols(self.command[n][0])

    def linking(self, file):
        folder = file.split("/")[0]
        made = os.path.join(BUILD, "CMakeFiles", f"lemma_{folder}.dir", "src", file + ".o")  # of a header: all of its folder
        own = symbols(made if os.path.exists(made) else os.path.join(BUILD, f"liblemma_{folder}.a"))
        return [n for n, s in self.links.items() if s & own]

    def run(self, name, limit):
        env = dict(self.env, LEMMA_FAR="1") if self.suite[name] == "far" else self.env
        begin = time.time()
        try:
            r = call(["timeout", "-k", "5", str(int(limit)), *self.command[name]], env=env, cwd=os.path.join(BUILD, "tests"))
        except OSError as e:
            return f"cannot be started: {e}", 0
        took = time.time() - begin
        if r.returncode in (0, 77):
            return None, took
        if r.returncode in (125, 126, 127):
            raise SystemExit(f"mutants: {name} cannot be started: {r.stdout[-300:]}")
        if r.returncode in (124, 137):
            return f"no end within {int(limit)} s", took
        failed = re.findall(r"\[  FAILED  \] ([A-Za-z]\w+)$", r.stdout, re.M)
        return failed[0] if failed else f"exit {r.returncode}", took


FIRST, OWN, ALL = range(3)  # rounds: the tests of the row, those of its folder, whatever links the file


def last_round(row):
    return OWN if row.why else ALL


def programs(tests, row, turn):
    """Those to ask in that round."""
    folder, stem = row.file.split("/")[0], os.path.splitext(os.path.basename(row.file))[0]
    first = row.tests + [n for n in (f"{folder}_test_{stem}",) if n in tests.suite and n not in row.tests]
    own = [n for n in tests.suite if tests.suite[n] == "unit" and n.startswith(folder + "_test_") and n not in first]
    if turn == FIRST:
        return first
    if turn == OWN:
        return own
    return [n for n in tests.suite if tests.suite[n] in ("unit", "golden", "ops") and n not in first + own]


def in_order(tests, row, turn):
    """Batches of programs that are built together, the likely ones first."""
    names = [n for n in programs(tests, row, turn) if n in tests.seconds]
    if turn == FIRST:
        return [[n] for n in names]
    if turn == ALL:
        names = [n for n in tests.linking(row.file) if n in names]
    names.sort(key=lambda n: (tests.suite[n] == "unit", tests.seconds[n]))
    return [names[i:i + BATCH] for i in range(0, len(names), BATCH)]


def ask(tests, row, turn):
    """(killed by, how) or (None, '')"""
    for batch in in_order(tests, row, turn):
        told = build(targets_of(batch), tests.jobs)
        if told:
            return "?", "does not build: " + " ".join(re.findall(r"error: .*", told)[:1])
        for n in batch:
            why, _ = tests.run(n, max(60, 20 * tests.seconds[n]))
            if why:
                return n, why
    return None, ""


def put(path, text):
    with open(path, "w") as f:
        f.write(text)


def plant(tests, row, turn):
    path = os.path.join(TREE, "src", row.file)
    with open(path) as f:
        good = f.read()
    try:
        put(path, good.replace(row.old, row.new))
        return ask(tests, row, turn)
    finally:
        put(path, good)


def digest(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


def baseline(tests, names):
    """What passes without a defect, and how long it takes: known from the last run where the program is the same."""
    known = {}
    if os.path.exists(BASELINE):
        with open(BASELINE) as f:
            known = json.load(f)
    for n in names:
        key = "".join(digest(p) for p in [tests.command[n][0]] + [os.path.join(BUILD, t) for t in targets_of([n]) if t == "lemma"])
        if known.get(n, [""])[0] == key:
            continue
        why, took = tests.run(n, 600)
        known[n] = [key, None if why else took]
        if why:
            print(f"mutants: {n} fails without a defect ({why}) and is not asked", file=sys.stderr)
        put(BASELINE, json.dumps(known))
    tests.seconds.update((n, known[n][1]) for n in names if known[n][1] is not None)


def read_results():
    done = {}
    if os.path.exists(RESULTS):
        with open(RESULTS) as f:
            for line in f:
                r = json.loads(line)
                done[r["key"]] = r
    return done


def is_done(row, done):
    known = done.get(row.key)
    return bool(known) and (bool(known["by"]) or known["turn"] >= last_round(row))


def processor():
    """Seconds of all programs that have run for this one."""
    r = resource.getrusage(resource.RUSAGE_CHILDREN)
    return r.ru_utime + r.ru_stime


def name_killers(rows, done):
    """Each killed row names first what killed it, so that the next run asks that."""
    with open(LIST) as f:
        lines = f.read().split("\n")
    for r in rows:
        by = done.get(r.key, {}).get("by")
        if by and r.tests[:1] != [by]:
            cells = lines[r.line - 1].split("\t") + [""]
            cells[4] = " ".join([by] + [t for t in r.tests if t != by])
            lines[r.line - 1] = "\t".join(cells).rstrip("\t")
    put(LIST, "\n".join(lines))


def ask_round(tests, rows, done, turn, until):
    """Those that are still to be asked in that round; stops at that time."""
    fresh = {"by": None, "turn": -1, "seconds": 0, "processor": 0}
    left = [r for r in rows if not done.get(r.key, fresh)["by"] and done.get(r.key, fresh)["turn"] < turn <= last_round(r)]
    names = {n for r in left for n in programs(tests, r, turn)}
    if not names or time.time() > until:
        return
    told = build(targets_of(names), tests.jobs)
    if told:
        raise SystemExit(f"mutants: the tree does not build:\n{told[-3000:]}")
    tests.read()
    baseline(tests, sorted(names))
    if turn == ALL:
        tests.index(n for n in names if n in tests.seconds)
    for r in left:
        if time.time() > until:
            return
        t, used = time.time(), processor()
        by, how = plant(tests, r, turn)
        if by == "?":
            raise SystemExit(f"tools/mutants.tsv:{r.line}: {how}")
        before = done.get(r.key, fresh)
        done[r.key] = {"key": r.key, "by": by, "how": how, "turn": turn, "seconds": before["seconds"] + time.time() - t,
                       "processor": before["processor"] + processor() - used}
        with open(RESULTS, "a") as f:
            f.write(json.dumps(done[r.key]) + "\n")
        print(f"{'killed  ' if by else 'SURVIVED'} {time.time() - t:5.1f} s  {r.file}: {r.what}  {by or ''} {how}", flush=True)


def code(text):
    return "`" + text.replace("|", "\\|") + "`" if text else "nothing"


def page(rows, done):
    asked = [r for r in rows if is_done(r, done)]
    killed = [r for r in asked if done[r.key]["by"]]
    left = [r for r in asked if not done[r.key]["by"]]
    rest = [r for r in rows if r not in asked]
    minutes = sum(done[r.key]["processor"] for r in asked) / 60
    lines = ["# Planted defects", "",
             f"Written by `tools/mutants.py`, which plants the {len(rows)} defects of `tools/mutants.tsv` one at a time. {len(asked)} were asked in {minutes:.0f} "
             f"minutes of processor time: {len(killed)} were noticed by the tests that link the file ({100 * len(killed) / max(1, len(asked)):.1f} %), {len(left)} were not.", ""]
    if left:
        lines += ["## Not noticed", "", "| file | defect | why |", "|---|---|---|"]
        lines += [f"| {r.file} | {r.what}: {code(r.old.strip())} → {code(r.new.strip())} | {r.why or '**a test is missing**'} |" for r in left]
        lines += [""]
    if rest:
        lines += ["## Not asked yet", "", "| file | defect |", "|---|---|"] + [f"| {r.file} | {r.what} |" for r in rest] + [""]
    lines += ["## Noticed", "", "| file | defect | by |", "|---|---|---|"]
    lines += [f"| {r.file} | {r.what} | `{done[r.key]['by']}`: {done[r.key]['how']} |" for r in killed]
    put(PAGE, "\n".join(lines) + "\n")
    print(f"{len(killed)} of {len(asked)} noticed, {len(rest)} not asked yet")
    return len(left) <= (1 - SHARE) * len(rows) and all(r.why for r in left) and not rest


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--check", action="store_true")
    p.add_argument("--only", default="")
    p.add_argument("--again", action="store_true")
    p.add_argument("--jobs", type=int, default=2)
    p.add_argument("--near", action="store_true", help="ask the tests of the row and of its folder alone")
    p.add_argument("--page", action="store_true", help="only write docs/mutants.md from what is known")
    p.add_argument("--minutes", type=float, default=0, help="stop then; the next run goes on")
    a = p.parse_args()
    rows = read_rows()
    bad = check(rows, ROOT)
    if bad:
        raise SystemExit("\n".join(bad))
    if a.check:
        print(f"note: {len(rows)} defects")
        return
    if a.page:
        sys.exit(0 if page(rows, read_results()) else 1)
    copy_tree()
    configure()
    tests = Tests(a.jobs)
    done = {} if a.again else read_results()
    until = time.time() + 60 * a.minutes if a.minutes else float("inf")
    rows_asked = [r for r in rows if re.search(a.only, r.key)]
    for r in rows_asked:
        if a.only and not done.get(r.key, {"by": "none"})["by"]:
            del done[r.key]  # what survived is asked anew where it is named
    for turn in range(OWN + 1 if a.near else ALL + 1):
        ask_round(tests, rows_asked, done, turn, until)
    name_killers(rows, done)
    if not page(rows, done):
        sys.exit(1)


main()
