# works.py - what bench/peers/run measures: programs, models from a seed, works with their goals, growth curves
import gzip
import json
import os
import random
import re
import subprocess

import table
from rounds import Failed, Server, Work, number, run, say

HERE = os.path.dirname(os.path.abspath(__file__))
VOCABULARY = {"1M": "minimind/tokenizer.json", "15M": "minimind/tokenizer.json", "110M": "llama2/tokenizer.json", "0.5B": "qwen2/qwen.tiktoken",
              "1.5B": "qwen2/qwen.tiktoken"}
SHAPE = {"1M": (5, 128, 352, 4, 4, 6400), "15M": (6, 384, 1024, 6, 6, 6400), "110M": (12, 768, 2048, 12, 12, 32000),
         "0.5B": (24, 896, 4864, 14, 2, 151936), "1.5B": (28, 1536, 8960, 12, 2, 151936), "7B": (28, 3584, 18944, 28, 4, 152064)}
FLAGS = "-b 2048 -ub 512 -pps -no-kvu -fa on".split()
WORDS = "the sum of two numbers is we add then find answer x = 3 14 so let be total apples".split()
CELL = 240  # seconds that preparation may take for a file


def parameters(shape, head=True):
    """Of products: the vocabulary counts once, as the head."""
    L, D, F, H, K, V = SHAPE[shape]
    return L * (2 * D * D + 2 * D * D * K // H + 3 * D * F) + (V * D if head else 0)


class Programs:
    def __init__(self, root, build, a):
        env = os.environ.get
        self.root, self.build, self.a = root, build, a
        self.work = env("WORK", "/tmp/lemma-peers")
        self.data = env("LEMMA_DATA", os.path.join(root, "../shared/data"))
        self.llama = os.path.join(env("LLAMA", "/opt/llama"), "llama-batched-bench")
        self.python = env("PEER_TORCH", "/opt/peers/bin/python")
        self.python_mv = env("PEER_PYTHON_MV", "/opt/mv/bin/python")
        self.lemma, self.peer = os.path.join(build, "lemma"), os.path.join(build, "bench", "bench_peer")
        self.threads, self.remarks = str(a.threads), set()
        self.torch = Server([self.python, os.path.join(HERE, "torch_peer.py"), self.threads])
        self.kinds = run([self.peer, "kinds"], 30)[0].split()
        self.train_kinds = self.asked_of("sft")
        self.sizes = ("1M", "1M", "1M") if a.small else ("15M", "110M", "0.5B")

    def asked_of(self, command):
        """Which --compute a training command has."""
        text = " ".join(run([self.lemma, command, "--help"], 30)[0].split())
        if "--compute NAME" not in text:
            return ["f32"]
        choices = text.split("--compute NAME", 1)[1].split(" --", 1)[0].rsplit(":", 1)[-1]
        return [k.strip() for k in choices.split("[")[0].split(",") if k.strip() in ("f32", "bf16")] or ["f32"]

    # ---- preparation ----

    def path(self, name):
        return os.path.join(self.work, name)

    def made(self, name, make):
        if not os.path.exists(self.path(name)):
            say(f"making {name}")
            make(self.path(name) + ".part")
            os.replace(self.path(name) + ".part", self.path(name))
        return self.path(name)

    def folder(self, shape, reward=False):
        vocabulary = os.path.join(self.data, "tokenizers", VOCABULARY[shape])
        if not os.path.exists(vocabulary):
            raise Failed(f"{vocabulary} is missing: set LEMMA_DATA")
        return self.made(shape + ("-rm" if reward else ""), lambda at: run([self.peer, "make", at, shape, vocabulary] + ["reward"] * reward, CELL))

    def gguf(self, shape, kind):
        if not os.path.exists(self.llama):
            raise Failed(f"llama.cpp is not there: {self.llama} (bench/peers/llama makes it)")
        folder = self.folder(shape)
        return self.made(f"{shape}-{kind}.gguf", lambda at: run([self.python, os.path.join(HERE, "gguf_of.py"), folder, at, kind], CELL))

    def prepare(self):
        os.makedirs(self.work, exist_ok=True)
        for shape in set(self.sizes):
            self.folder(shape)
        self.folder(self.sizes[1], True)
        draw = random.Random(1)
        self.texts = [" ".join(draw.choice(WORDS) for _ in range(20 + int(draw.random() * draw.random() * 300))) for _ in range(8 if self.a.small else 32)]
        self.sft_rows = self.rows("sft.jsonl", [{"text": t} for t in self.texts])
        self.n_lists = 2 if self.a.small else 8
        words = lambda n: " ".join(draw.choice(WORDS) for _ in range(n))  # noqa: E731
        self.list_rows = self.rows("lists.jsonl", [{"id": str(i), "problem": words(55), "responses": [words(60) for _ in range(6)], "labels": [1, 1, 1, 0, 0, 0]}
                                                   for i in range(self.n_lists)])

    def rows(self, name, rows):
        with open(self.path(name), "w", encoding="utf-8") as f:
            f.writelines(json.dumps(r) + "\n" for r in rows)
        return self.path(name)

    def real_lengths(self):
        """Tokens of 64 real solutions of MATH (a token is about 3 bytes of such text), at most 800."""
        try:
            with gzip.open(os.path.join(self.data, "outputs/qwen25math_rm_maj/math_cot_100.jsonl.gz"), "rt", encoding="utf-8") as f:
                texts = [c for line in f for c in json.loads(line)["code"]]
        except OSError:
            texts = ["x" * n for n in range(300, 2100, 28)]
        return [max(20, min(800, len(t) // 3)) for t in texts[::max(1, len(texts) // 64)]][:64]

    def limits(self):
        return json.loads(run([os.path.join(self.build, "bench", "bench_limits"), self.threads], 60)[0])

    def facts(self):
        doctor = json.loads(run([self.lemma, "doctor", "--json"], 60)[0])["machine"]
        try:
            versions = self.torch.ask({"work": "version"}, 120)[0]
        except (Failed, OSError) as e:
            versions = {"error": str(e)}
        with open("/proc/cpuinfo", encoding="ascii") as f:
            info = f.read()
        llama = os.path.join(os.path.dirname(self.llama), "VERSION")
        head = subprocess.run(["git", "-C", self.root, "log", "-1", "--format=%h"], capture_output=True, text=True).stdout.strip()
        return {"cpu": doctor["cpu"], "path": doctor["compute_path"], "memory": doctor["memory"], "versions": versions, "limits": self.limits(),
                "zen": "AuthenticAMD" in info and "avx512_bf16" in info, "load": os.getloadavg(), "commit": head, "kinds": self.kinds,
                "train_kinds": self.train_kinds, "llama": open(llama, encoding="utf-8").read().strip() if os.path.exists(llama) else "",
                "memory_table": self.memory_table(), "open": self.open_times(), "plan": self.plan()}

    def memory_table(self):
        try:
            return run([os.path.join(HERE, "memory"), self.lemma, self.data], 75)[0]
        except Failed as e:
            return f"not printed: {e}\n"

    def open_times(self):
        try:
            return run([os.path.join(self.build, "bench", "bench_open"), "time", self.folder(self.sizes[2]), self.threads, "5"], 60)[0]
        except Failed as e:
            return f"not measured: {e}\n"

    def plan(self):
        """What `sft --dry-run` says that the SFT work below takes, in bytes."""
        return 1e9 * number(r"memory ([\d.]+) GB", run(self.sft_command(self.folder(self.sizes[0]), "f32", 1) + ["--dry-run"], CELL)[1])

    def stop(self):
        self.torch.stop()

    # ---- one measurement ----

    def cell(self, left):
        """Seconds that it may take: on a disturbed machine a single one would otherwise take the time of all."""
        return min(left, max(20.0, 0.06 * 60 * self.a.minutes))

    def lemma_sample(self, shape, kind, n, prompt, new, threads=None):
        def measure(timeout):
            text, _, use = run([self.peer, "sample", self.folder(shape), kind, threads or self.threads, str(n), str(prompt), str(new)], self.cell(timeout))
            return json.loads(text), use
        return measure

    def llama_sample(self, shape, kind, n, prompt, new, threads=None):
        context = n * (prompt + new + 32) + 512  # -no-kvu divides it among the sequences

        t = threads or self.threads

        def rows_of(more, timeout):
            # the last line may be lost, as its logger is not waited for: so one stream more behind it
            command = [self.llama, "-m", self.gguf(shape, kind), "-c", str(context), "-npp", str(prompt), "-ntg", str(new), "-npl", f"{n},1", "-t", t, "-tb", t]
            text, _, use = run(command + FLAGS + ["--output-format", "jsonl"] + more, self.cell(timeout))
            rows = [json.loads(x) for x in text.splitlines() if x.startswith("{")]
            return [r for r in rows if r["pl"] == n], use

        def measure(timeout):
            try:
                rows, use = rows_of([], timeout)
            except Failed as e:
                if "status -4" not in str(e):
                    raise
                rows, use = rows_of(["--no-repack"], timeout)  # its tiles end with an illegal instruction here (ggml 0.25)
                self.remarks.add(f"llama.cpp {kind} ends with an illegal instruction in its products on the tile unit; measured with `--no-repack`, which leaves that unit out")
            if not rows:
                raise Failed("llama-batched-bench printed no figure (does the context fit?)")
            return {"prefill": prompt / rows[0]["t_pp"], "decode": rows[0]["speed_tg"]}, use
        return measure

    def asks(self, **question):
        def measure(timeout):
            if not os.path.exists(self.python):
                raise Failed(f"{self.python} is not there (PyTorch, Transformers, TRL)")
            return self.torch.ask(question, self.cell(timeout))
        return measure

    def lemma_score(self, shape, kind, n, prompt, lengths):
        def measure(timeout):
            command = [self.peer, "score", self.folder(shape, True), kind, self.threads, str(n), str(prompt), ",".join(map(str, lengths))]
            text, _, use = run(command, self.cell(timeout))
            return json.loads(text), use
        return measure

    def sft_command(self, folder, kind, steps):
        return [self.lemma, "sft", "--model", folder, "--data", self.sft_rows, "--max-steps", str(steps), "--batch", str(len(self.texts)), "--fresh",
                "--checkpoint-every", "0", "--threads", self.threads, "--out", self.path("sft")] + (["--compute", kind] if kind != "f32" else [])

    def lemma_sft(self, shape, kind, steps):
        def measure(timeout):
            _, told, use = run(self.sft_command(self.folder(shape), kind, steps), self.cell(timeout))
            return {"tokens": number(r"([\d,.]+) tokens/s", told)}, use
        return measure

    def lemma_reward(self, shape, kind, steps):
        def measure(timeout):
            command = [self.lemma, "rm", "train", "--model", self.folder(shape), "--lists", self.list_rows, "--val-share", "0", "--max-steps", str(steps),
                       "--epochs", str(steps), "--batch", str(self.n_lists), "--fresh", "--checkpoint-every", "0", "--threads", self.threads, "--system", "",
                       "--out", self.path("rm")] + (["--compute", kind] if kind != "f32" else [])
            _, told, use = run(command, self.cell(timeout))
            with open(self.path("rm/telemetry.jsonl"), encoding="utf-8") as f:
                tokens = json.loads(f.readline())["tokens_read"]
            return {"responses": 6 * self.n_lists * number(r"\(([\d.]+) steps/s\)", told), "tokens_a_list": tokens / self.n_lists}, use
        return measure

    def lemma_grade(self, pairs):
        def measure(timeout):
            command = [self.lemma, "grade", pairs, "--gold-field", "gold", "--pred-field", "pred", "--threads", "1", "--quiet", "--json"]
            text, _, use = run(command, self.cell(timeout))
            return {"pairs": json.loads(text)["pairs_per_second"]}, use
        return measure

    def math_verify(self, pairs):
        def measure(timeout):
            if not os.path.exists(self.python_mv):
                raise Failed(f"{self.python_mv} is not there (math-verify)")
            out = self.path("math-verify.jsonl")
            _, _, use = run([self.python_mv, os.path.join(HERE, "math_verify.py"), "run", self.work, pairs, out], self.cell(timeout))
            times = [r["seconds"] for r in table.rows_of(out) if "seconds" in r]
            return {"pairs": len(times) / sum(times)}, use
        return measure


# ---- works ----


def generation(p, shape, title, n, prompt, new, metrics, torch=True):
    programs = {f"Lemma {k}": p.lemma_sample(shape, k, n, prompt, new) for k in p.kinds}
    programs |= {f"llama.cpp {k}": p.llama_sample(shape, k, n, prompt, new) for k in ("bf16", "q8_0")}
    for d in ("bf16", "fp32") if torch else ():
        programs[f"Transformers {d}"] = p.asks(work="sample", dir=p.folder(shape), dtype=d, candidates=n, prompt=prompt, new=new)
    if p.a.quick and not p.a.small:
        programs.pop("Transformers fp32", None)
    return Work(title, programs, metrics=metrics, flops=2 * parameters(shape), shape=shape)


SIXTEEN = ("Lemma f32", "Lemma bf16", "Lemma bf16xbf16")
GOALS = {"candidates": [(SIXTEEN, ("llama.cpp bf16",), 1.8), (("Lemma int8",), ("llama.cpp q8_0",), 3.3)],
         "prefill": [(SIXTEEN, ("llama.cpp bf16", "Transformers bf16"), 1.4)], "stream": [(SIXTEEN, ("llama.cpp bf16",), 1.1)],
         "score": [(SIXTEEN, ("Transformers bf16",), 2.2)], "score real": [(SIXTEEN, ("Transformers bf16",), 3.0)],
         "sft": [(SIXTEEN, ("PyTorch bf16, packed",), 1.25), (SIXTEEN, ("TRL SFTTrainer bf16, padded",), 2.5)],
         "reward": [(SIXTEEN, ("PyTorch bf16, each response once",), 2.0), (SIXTEEN, ("TRL RewardTrainer bf16, padded pairs",), 6.0)], "grade": []}


def generations(p):
    small, new = p.a.small, 16 if p.a.quick else 64
    n, prompt = (4, 32) if small else (64, 128)
    for shape in dict.fromkeys(p.sizes[1:]):
        half = 1 if shape != "0.5B" else 2
        yield generation(p, shape, f"{shape}: {n} candidates of one prompt of {prompt}, {new // half} tokens each", n, prompt, new // half,
                         [("decode", "tokens/s", "candidates")])
        yield generation(p, shape, f"{shape}: one stream, prompt of {64 if small else 512}", 1, 64 if small else 512, 48 // half,
                         [("prefill", "tokens/s", "prefill"), ("decode", "tokens/s", "stream")])


def scorings(p):
    shape, small = p.sizes[1], p.a.small
    n, prompt, equal = (4, 20, [30]) if small else (64, 150, [250])
    for title, key, lengths in (("solutions of 250 tokens", "score", equal), ("solutions of real lengths", "score real", [40, 20, 60] if small else p.real_lengths())):
        programs = {f"Lemma {k}": p.lemma_score(shape, k, n, prompt, lengths) for k in p.kinds if k != "bf16" and not (p.a.quick and k == "f32" and len(p.kinds) > 2)}
        for d in ("bf16",) if p.a.quick else ("bf16", "fp32"):
            programs[f"Transformers {d}"] = p.asks(work="score", dir=p.folder(shape, True), dtype=d, n=n, prompt=prompt, lengths=lengths)
        tokens = prompt + sum(lengths[i % len(lengths)] for i in range(n))
        yield Work(f"{shape}: scoring {n} {title} of one problem of {prompt} ({tokens:,} tokens computed once)", programs, metrics=[("items", "solutions/s", key)],
                   flops=2 * parameters(shape, False) * tokens / n, shape=shape)


def trainings(p):
    shape, steps = p.sizes[0], 1 if p.a.small else 2
    folder, names = p.folder(shape), {"f32": "Lemma f32", "bf16": "Lemma bf16xbf16"}
    counts = row_lengths(p)
    for s in [shape] if p.a.quick else [shape, p.sizes[1]]:
        programs = {names[k]: p.lemma_sft(s, k, steps) for k in p.train_kinds}
        for how, dtype, name in (("packed", "bf16", "PyTorch bf16, packed"), ("packed", "fp32", "PyTorch fp32, packed"), ("trl", "bf16", "TRL SFTTrainer bf16, padded"),
                                 ("padded", "bf16", "PyTorch bf16, padded")):
            programs[name] = p.asks(work="sft", dir=p.folder(s), dtype=dtype, how=how, lengths=counts, steps=steps)
        yield Work(f"{s}: SFT step of {len(counts)} rows of mixed length ({sum(counts):,} tokens)", programs, metrics=[("tokens", "tokens/s", "sft")],
                   flops=6 * parameters(s), shape=s)
    programs = {names[k]: p.lemma_reward(shape, k, steps) for k in p.train_kinds}
    for how, dtype, name in (("once", "bf16", "PyTorch bf16, each response once"), ("trl", "bf16", "TRL RewardTrainer bf16, padded pairs"),
                             ("pairs", "bf16", "PyTorch bf16, padded pairs"), ("once", "fp32", "PyTorch fp32, each response once")):
        programs[name] = p.asks(work="reward", dir=folder, dtype=dtype, how=how, lists=p.n_lists, length=66, steps=steps)
    yield Work(f"{shape}: reward step, lists of six responses, prompt and response of about 66", programs, metrics=[("responses", "responses/s", "reward")],
               flops=6 * parameters(shape, False) * 66 * 7 / 6, shape=shape)


def row_lengths(p):
    """Tokens of each training row, by Lemma; one more ends the row."""
    with open(p.path("texts.txt"), "w", encoding="utf-8") as f:
        f.writelines(t + "\n" for t in p.texts)
    text = run([p.lemma, "tokenize", p.folder(p.sizes[0]), p.path("texts.txt")], 60)[0]
    return [len(json.loads(line)) + 1 for line in text.splitlines()]


def grading(p):
    sets = table.make_sets(p.data, 60 if p.a.small else 300)
    pairs = [r for name in ("mutated", "MATH responses") for r in sets[name]]
    few = p.rows("pairs.jsonl", [dict(r, id=str(i)) for i, r in enumerate(pairs)])
    many = p.rows("pairs-many.jsonl", [dict(r, id=f"{k}-{i}") for k in range(40) for i, r in enumerate(pairs)])
    return Work(f"grading: {len(pairs)} pairs, mutated golds and MATH responses, one thread", {"Lemma std": p.lemma_grade(many), "Math-Verify": p.math_verify(few)},
                metrics=[("pairs", "pairs/s", "grade")], flops=0, shape="")


def tried(make, *a):
    try:
        made = make(*a)
        return [made] if isinstance(made, Work) else list(made)
    except (Failed, OSError, KeyError) as e:
        say(f"left out: {make.__name__}: {e}")
        return [Work(f"{make.__name__}: left out, {e}", {}, metrics=[], flops=0, shape="")]


def works_of(p):
    works = tried(generations, p) + tried(trainings, p) + tried(scorings, p) + tried(grading, p)
    return [w for w in works if re.search(p.a.only, w.title)]


def curves_of(p):
    """Each point is a work of its own: Lemma's two kinds beside llama.cpp bf16."""
    shape, small, new = p.sizes[1], p.a.small, 16
    kind = "bf16xbf16" if "bf16xbf16" in p.kinds else "f32"

    def point(curve, x, s, n, prompt, threads=None):
        programs = {f"Lemma {k}": p.lemma_sample(s, k, n, prompt, new, threads) for k in dict.fromkeys(["f32", kind])}
        programs["llama.cpp bf16"] = p.llama_sample(s, "bf16", n, prompt, new, threads)
        return Work(f"curve {curve} {x}", programs, metrics=[("decode", "tokens/s", ""), ("prefill", "tokens/s", "")], flops=2 * parameters(s), shape=s, curve=curve, x=x)
    out = [point("candidates", n, shape, n, 32 if small else 128) for n in ((1, 4) if small else (1, 4, 16, 256))]
    out += [point("threads", t, shape, 4 if small else 64, 32 if small else 128, t) for t in ("1", "2")[:p.a.threads]]
    out += [point("prompt", n, shape, 4 if small else 16, n) for n in ((32, 64) if small else (64, 512, 2048, 8192))]
    if not small:
        out += [point("parameters", s, s, 16, 128) for s in ("15M", "110M", "0.5B") + (() if p.a.quick else ("1.5B",))]
    return [w for w in out if re.search(p.a.only, w.title)]
