# page.py - docs/performance.md from the rounds of bench/peers/run
import time

from rounds import DISTURBED, median, spread
from works import GOALS


def num(x):
    return "–" if x is None else f"{x:,.0f}" if x >= 100 else f"{x:.1f}" if x >= 10 else f"{x:.2f}"


def fastest(facts, kind):
    """GFLOP/s or GOP/s of the fastest unit that computes this kind of number."""
    l = facts["limits"]
    names = ("int8_dot", "int8_tile") if kind == "int8" else ("fp32_fma", "bf16_dot", "bf16_tile")
    return max(l[n] for n in names)


def table_of(w, metric, unit, facts):
    names = list(w.programs)
    best = w.best([n for n in names if not n.startswith("Lemma")], metric)
    yield f"| program | {unit} | spread | share of the fastest arithmetic | memory, GB | Lemma's best / this |\n|---|---:|---:|---:|---:|---:|"
    ours = w.best([n for n in names if n.startswith("Lemma") and not n.endswith("int8")], metric)
    for n in names:
        x = w.values(n, metric)
        if not x:
            yield f"| {n} | {w.why_not(n) or 'not measured'} | | | | |"
            continue
        share = w.more["flops"] * median(x) / 1e9 / max(fastest(facts, n.rsplit(" ", 1)[-1]), 1e-9) if w.more["flops"] and n.startswith("Lemma") else None
        ratio = w.ratio(ours, n, metric) if ours and not n.startswith("Lemma") else None
        text = f"**{num(median(x))}**" if n in (ours, best) else num(median(x))
        yield (f"| {n} | {text} | {100 * spread(x):.0f} % | {f'{100 * share:.0f} %' if share else ''} | {w.memory(n) / 1e9:.2f} | "
               f"{f'{ratio:.2f}' if ratio else ''} |")


def goals_of(w, metric, key, facts):
    for ours, theirs, least in GOALS.get(key, []):
        a, b = w.best(ours, metric), w.best(theirs, metric)
        if a is None or b is None:
            gone = [n for n, x in (("Lemma" if len(ours) > 1 else ours[0], a), (" or ".join(theirs), b)) if x is None]
            yield w, key, least, None, f"no figure of {' and of '.join(gone)}"
            continue
        yield w, key, least, w.ratio(a, b, metric), f"{a} / {b}"


def verdict(ratio, least, zen, disturbed):
    if ratio is None:
        return "not measured"
    if disturbed:  # a program whose threads wait by spinning loses far more than another
        return "disturbed: no verdict"
    return ("met" if ratio >= least else "**below**") + ("" if zen else " (not required on this processor)")


def summary(works, facts):
    yield "| work | Lemma / peer | ratio | goal | |\n|---|---|---:|---:|---|"
    for w in works:
        for metric, _, key in w.more["metrics"]:
            for w2, key2, least, ratio, what in goals_of(w, metric, key, facts):
                disturbed = bool(w2.rounds) and w2.used()[1]
                mark = " †" if disturbed and ratio is not None else ""
                title = w2.title.split(":")[0] + ": " + {"candidates": "candidates of one prompt", "score": "scoring, equal lengths", "score real": "scoring, real lengths",
                                                        "sft": "SFT step", "reward": "reward step, six responses", "stream": "one stream"}.get(key2, key2)
                yield f"| {title} | {what} | {num(ratio)}{mark} | ≥ {least:g} | {verdict(ratio, least, facts['zen'], disturbed)} |"


def curves_tables(curves):
    for name, unit in (("candidates", "candidates of one prompt"), ("prompt", "tokens of prompt, 16 candidates"), ("threads", "threads, 64 candidates"), ("parameters", "parameters, 16 candidates")):
        points = [w for w in curves if w.more["curve"] == name and w.rounds]
        programs = list(dict.fromkeys(n for w in points for n in w.programs))
        if not points:
            continue
        yield f"\n**{unit}**\n"
        yield f"| decode, tokens/s | {' | '.join(str(w.more['x']) for w in points)} |\n|---|{'---:|' * len(points)}"
        for n in programs:
            cells = [(num(median(w.values(n, 'decode'))) + (" †" if w.used()[1] else "")) if w.values(n, "decode") else "–" for w in points]
            yield f"| {n} | {' | '.join(cells)} |"
        if name == "prompt":
            for n in programs:
                yield f"| {n}, prefill | {' | '.join(num(median(w.values(n, 'prefill'))) if w.values(n, 'prefill') else '–' for w in points)} |"


def left_out(works, curves, a):
    for w in works + curves:
        if not w.rounds:
            yield f"* {w.title}"
        elif not w.more.get("curve") and len(w.rounds) < a.rounds:
            yield f"* {w.title}: {len(w.rounds)} of {a.rounds} rounds"
        for n in w.programs:
            why = w.why_not(n)
            if why and w.rounds:
                yield f"* {w.title}, {n}: {why}"


def head(works, facts, a):
    l, after, v = facts["limits"], facts["limits_after"], facts["versions"]
    rounds = [r for w in works for r in w.rounds]
    lost = sum(w.disturbed(r) for w in works for r in w.rounds)
    worst = max((x[1]["others"] for r in rounds for x in r.values() if isinstance(x, tuple)), default=0)
    yield "# Lemma beside its peers\n"
    yield (f"Printed by `bench/peers/run{' --quick' if a.quick else ''}{' --small' if a.small else ''}` on {time.strftime('%Y-%m-%d %H:%M', time.gmtime())} UTC, commit {facts['commit']}, in "
           f"{facts['minutes']:.1f} minutes; do not edit. What was tried for speed: [performance-log.md](performance-log.md).\n")
    yield f"* Processor: {facts['cpu']}, {a.threads} threads, {facts['memory']}; Lemma's path {facts['path']}."
    yield (f"* Arithmetic, from registers, at the beginning (at the end): fp32 FMA {l['fp32_fma']} ({after['fp32_fma']}) GFLOP/s, bf16 dot {l['bf16_dot']} ({after['bf16_dot']}), bf16 tiles "
           f"{l['bf16_tile']} ({after['bf16_tile']}), int8 dot {l['int8_dot']} ({after['int8_dot']}) GOP/s, int8 tiles {l['int8_tile']} ({after['int8_tile']}). 0: not there.")
    yield (f"* Goals are those of engine.md, section 5; they are required on Zen 4 and 5{', which this is' if facts['zen'] else ' only: here ratios are printed, not required'}.")
    yield (f"* Peers: llama.cpp {facts['llama'] or 'not there'} (`-pps -no-kvu -fa on`), PyTorch {v.get('torch', 'not there')}, Transformers {v.get('transformers', 'not there')}, TRL "
           f"{v.get('trl', v.get('trl_error', 'not there'))}. Models are drawn from a seed; all programs have the same weights. llama.cpp does not draw tokens; Lemma and Transformers do. Transformers "
           "computes the prompt once and copies its keys and values. Training: AdamW; bf16 is autocast over fp32 weights.")
    yield (f"* Rounds: programs one after the other, then again. Load when it began {facts['load'][0]:.1f}; {lost} of {len(rounds)} rounds had other programs or the host take more than "
           f"{100 * DISTURBED:.0f} % of the processors (most: {100 * worst:.0f} %) and are dropped where a quiet round is left. **†: no quiet round, figures are lower bounds and ratios no verdict.** Spread: largest less "
           "smallest of the rounds that count, over the median; a ratio is the median of the rounds' ratios.")
    yield f"* Lemma computes here in: {', '.join(facts['kinds'])} (sampling, scoring), {', '.join(facts['train_kinds'])} (training). `bf16` is bf16 weights, fp32 products; `bf16xbf16` is `--compute bf16`."
    yield from (f"* {r}." for r in facts["remarks"])
    if "int8" not in facts["kinds"]:
        yield "* int8: this build has none, so goals against q8_0 have no figure."


def text(works, curves, facts, a):
    out = list(head(works, facts, a))
    out += ["\n## Goals\n", *summary(works, facts), "\n## Figures"]
    for w in works:
        if not w.rounds or not w.programs:
            continue
        for metric, unit, key in w.more["metrics"]:
            mark = " †" if w.used()[1] else ""
            out += [f"\n**{w.title}**{': ' + key if len(w.more['metrics']) > 1 else ''} ({len(w.used()[0])} of {len(w.rounds)} rounds{mark})\n", *table_of(w, metric, unit, facts)]
    out += ["\n## Growth\n", "One round a point.", *curves_tables(curves)]
    sft = next((w for w in works if w.more["metrics"] and w.more["metrics"][0][2] == "sft"), None)
    out.append("\n## Memory\n")
    if sft and sft.memory("Lemma f32"):
        out.append(f"The first SFT step above: planned by `--dry-run` {facts['plan'] / 1e9:.2f} GB, used {sft.memory('Lemma f32') / 1e9:.2f} GB.\n")
    out += ["What `lemma sft --dry-run` plans, in GiB (`bench/peers/memory`); bold fits in 24 GiB. Tokens: `--max-len` and `--max-rows`.\n", facts["memory_table"].rstrip()]
    out += ["\n## Opening\n", "From a folder in the page cache to the first token (`bench_open time`, the 0.5 B shape):\n", "```", facts["open"].rstrip(), "```"]
    gone = list(left_out(works, curves, a))
    if gone:
        out += ["\n## Left out\n", *gone]
    return "\n".join(out) + "\n"
