#!/usr/bin/env python3
# loss_curves.py - does training in bf16, or with moments of int8, lose anything? `lemma sft` over seeds with both values of an option, loss of held-out rows at each look
"""tools/loss_curves.py LEMMA --data FILE --val FILE --work DIR [--vary compute=f32,bf16] [--seeds 5] [--looks 10] -- OPTIONS OF sft

For each seed (weights, order of rows) trains with --compute f32 and with --compute bf16 (or both values of another option, --vary moments=f32,int8) and looks --looks times. Prints, for each look, the mean over seeds
of both, the deviation of the seeds with the first, and the mean of the differences of the same seed with its 95 % interval (Student's t). Ends with 1 where the
mean difference of a look behind the first is beyond the deviation of the seeds. What is there in DIR is kept: run again, it goes on.
"""
import argparse
import json
import math
import os
import statistics
import subprocess
import sys

T95 = {1: 12.71, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306, 9: 2.262}


def arguments():
    argv = sys.argv[1:]
    at = argv.index("--") if "--" in argv else len(argv)
    p = argparse.ArgumentParser(usage=__doc__)
    p.add_argument("lemma")
    p.add_argument("--data", required=True)
    p.add_argument("--val", required=True)
    p.add_argument("--work", required=True)
    p.add_argument("--vary", default="compute=f32,bf16")
    p.add_argument("--seeds", type=int, default=5)
    p.add_argument("--looks", type=int, default=10)
    return p.parse_args(argv[:at]), argv[at + 1:]


def curve(a, options, seed, name, value, every):
    """{step: loss of the held-out rows} of one run."""
    out = os.path.join(a.work, f"{value}-{seed}")
    command = [a.lemma, "sft", "--data", a.data, "--val", a.val, "--seed", str(seed), f"--{name}", value, "--val-every", str(every), "--out", out,
               "--checkpoint-every", "0", "--quiet", *options]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"loss_curves.py: {' '.join(command)}: {done.stderr.strip()}")
    rows = [json.loads(line) for line in open(os.path.join(out, "telemetry.jsonl"), encoding="utf-8")]
    return {r["step"]: r["val_loss"] for r in rows if "val_loss" in r}


def steps_of(a, options):
    command = [a.lemma, "sft", "--data", a.data, "--val", a.val, "--dry-run", "--json", "--out", os.path.join(a.work, "plan"), *options]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"loss_curves.py: {' '.join(command)}: {done.stderr.strip()}")
    return json.loads(done.stdout.splitlines()[-1])["stages"][0]["steps"]


def main():
    a, options = arguments()
    os.makedirs(a.work, exist_ok=True)
    every = max(1, steps_of(a, options) // a.looks)
    name, _, values = a.vary.partition("=")
    one, other = values.split(",")
    runs = {}
    for seed in range(1, a.seeds + 1):
        for value in (one, other):
            runs[value, seed] = curve(a, options, seed, name, value, every)
            print(f"seed {seed} {value}: {list(runs[value, seed].values())[-1]:.4f}", file=sys.stderr, flush=True)
    print(f"| step | {one} | deviation of seeds | {other} | {other} less {one}, same seed | |\n|---:|---:|---:|---:|---:|---|")
    beyond = 0
    for step in sorted(runs[one, 1]):
        f = [runs[one, s][step] for s in range(1, a.seeds + 1)]
        b = [runs[other, s][step] for s in range(1, a.seeds + 1)]
        d = [y - x for x, y in zip(f, b)]
        mean, half = statistics.mean(d), T95[a.seeds - 1] * statistics.stdev(d) / math.sqrt(a.seeds)
        inside = step == 0 or abs(mean) <= statistics.stdev(f)
        beyond += not inside
        print(f"| {step} | {statistics.mean(f):.4f} | {statistics.stdev(f):.4f} | {statistics.mean(b):.4f} | {mean:+.5f} [{mean - half:+.5f}, {mean + half:+.5f}] | "
              f"{'within' if inside else '**beyond**'} |")
    sys.exit(1 if beyond else 0)


if __name__ == "__main__":
    main()
