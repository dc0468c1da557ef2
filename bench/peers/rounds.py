# rounds.py - measurements in rounds: one after the other, the load of other programs watched, disturbed rounds dropped
"""A round measures every program of a work once, in order. What is compared is compared within a round: a ratio is the median of its rounds' ratios.

A measurement is disturbed when other programs took more than DISTURBED of the machine's processor time meanwhile, or the host took it (steal): both
stand in /proc/stat, the measured program's own time comes from the kernel's accounting of that process. A round with a disturbed measurement is
dropped; when no round is left, all are used and the figure is marked.
"""
import json
import os
import re
import subprocess
import sys
import tempfile
import time

DISTURBED = 0.08
TICK = os.sysconf("SC_CLK_TCK")
CORES = os.cpu_count() or 1


class Failed(Exception):
    pass


def cpu_times():
    """Seconds of all processors since boot: busy with anything, taken by the host."""
    with open("/proc/stat", encoding="ascii") as f:
        v = [int(x) / TICK for x in f.readline().split()[1:9]]
    return sum(v[0:3]) + v[5] + v[6], v[7]  # user nice system idle iowait irq softirq steal


class Watch:
    def __init__(self):
        self.begin, (self.busy, self.steal) = time.monotonic(), cpu_times()

    def end(self, own):
        """own: processor seconds of what was measured; returns wall seconds and the share of the machine that others took."""
        wall, (busy, steal) = time.monotonic() - self.begin, cpu_times()
        others = max(0.0, busy - self.busy - own) + max(0.0, steal - self.steal)
        return wall, others / max(wall * CORES, 1e-9)


def run(command, timeout, env=None):
    """One program to its end. Returns its standard output, standard error and {wall, others, memory}."""
    w = Watch()
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        p = subprocess.Popen(command, stdout=out, stderr=err, env=env, stdin=subprocess.DEVNULL)
        end = time.monotonic() + timeout
        status = None
        while status is None:
            pid, code, use = os.wait4(p.pid, os.WNOHANG)
            if pid:
                status = os.waitstatus_to_exitcode(code)
            elif time.monotonic() > end:
                p.kill()
                os.wait4(p.pid, 0)
                p.returncode = -9
                raise Failed(f"stopped after {timeout:.0f} s")
            else:
                time.sleep(0.005)
        p.returncode = status
        wall, others = w.end(use.ru_utime + use.ru_stime)
        out.seek(0)
        err.seek(0)
        text, told = out.read(), err.read()
    if status:
        lines = [x for x in told.strip().splitlines() if x.strip()]
        raise Failed(f"{os.path.basename(command[0])}: status {status}: {(lines or [''])[-1][:160]}")
    return text, told, {"wall": wall, "others": others, "memory": use.ru_maxrss * 1024}


class Server:
    """A program that answers one JSON object a line, so that it loads its libraries once."""

    def __init__(self, command):
        self.command, self.p = command, None

    def ask(self, question, timeout):
        if self.p is None or self.p.poll() is not None:
            self.p = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            if "work" in question and question["work"] != "version":
                self.ask({"work": "version"}, timeout)
        w, before = Watch(), self.own()
        try:
            self.p.stdin.write(json.dumps(question) + "\n")
            self.p.stdin.flush()
            line = self.line(timeout)
        except OSError as e:
            self.stop()
            raise Failed(f"{os.path.basename(self.command[1])}: {e}") from e
        wall, others = w.end(self.own() - before)
        answer = json.loads(line)
        if "error" in answer:
            raise Failed(answer["error"][:200])
        return answer, {"wall": wall, "others": others, "memory": answer.get("memory", 0)}

    def line(self, timeout):
        import select
        if not select.select([self.p.stdout], [], [], timeout)[0]:
            self.stop()
            raise Failed(f"stopped after {timeout:.0f} s")
        line = self.p.stdout.readline()
        if not line:
            self.stop()
            raise Failed("it ended without an answer")
        return line

    def own(self):
        try:
            with open(f"/proc/{self.p.pid}/stat", encoding="ascii") as f:
                v = f.read().rsplit(")", 1)[1].split()
            return (int(v[11]) + int(v[12])) / TICK
        except OSError:
            return 0.0

    def stop(self):
        if self.p:
            self.p.kill()
            self.p.wait()
            self.p = None


class Work:
    """programs: name -> function(timeout) -> ({metric: value}, {wall, others, memory}). rounds: one dict a round, name -> ({}, {}) or a text why not."""

    def __init__(self, title, programs, **more):
        self.title, self.programs, self.rounds = title, programs, []
        self.more = more

    def cost(self):
        return sum(r["_wall"] for r in self.rounds) / len(self.rounds) if self.rounds else 0

    def measure(self, deadline, say):
        r, begin = {}, time.monotonic()
        for name, f in self.programs.items():
            gone = [x[name] for x in self.rounds if isinstance(x.get(name), str)]
            left = deadline - time.monotonic()
            if gone:
                r[name] = gone[0]  # it will not do better now
                continue
            try:
                r[name] = f(max(left, 5.0)) if left > 1 else "out of time"
            except Failed as e:
                r[name] = str(e)
            except (ValueError, KeyError, OSError, AttributeError) as e:
                r[name] = f"{type(e).__name__}: {e}"[:160]
            say(f"  {self.title}, {name}: {tell(r[name])}")
        r["_wall"] = time.monotonic() - begin
        self.rounds.append(r)

    def disturbed(self, r):
        return any(x[1]["others"] > DISTURBED for n, x in r.items() if isinstance(x, tuple))

    def used(self):
        """The rounds that count, and whether they are disturbed."""
        quiet = [r for r in self.rounds if not self.disturbed(r)]
        return (quiet, False) if quiet else (self.rounds, True)

    def values(self, name, metric):
        return [r[name][0][metric] for r in self.used()[0] if isinstance(r.get(name), tuple) and metric in r[name][0]]

    def memory(self, name):
        return max((r[name][1]["memory"] for r in self.rounds if isinstance(r.get(name), tuple)), default=0)

    def why_not(self, name):
        return next((r[name] for r in self.rounds if isinstance(r.get(name), str)), None)

    def best(self, names, metric):
        there = [n for n in names if self.values(n, metric)]
        return max(there, key=lambda n: median(self.values(n, metric)), default=None)

    def ratio(self, ours, theirs, metric):
        """Median over the rounds that have both."""
        pairs = [(r[ours][0].get(metric), r[theirs][0].get(metric)) for r in self.used()[0] if isinstance(r.get(ours), tuple) and isinstance(r.get(theirs), tuple)]
        pairs = [a / b for a, b in pairs if a and b]
        return median(pairs) if pairs else None


def tell(x):
    if isinstance(x, str):
        return x
    return ", ".join(f"{k} {v:.4g}" for k, v in x[0].items() if isinstance(v, (int, float))) + f" ({x[1]['wall']:.1f} s, others {100 * x[1]['others']:.0f} %)"


def median(x):
    s = sorted(x)
    return (s[(len(s) - 1) // 2] + s[len(s) // 2]) / 2


def spread(x):
    return (max(x) - min(x)) / median(x) if len(x) > 1 else 0.0


def number(pattern, text):
    m = re.findall(pattern, text)
    if not m:
        raise Failed(f"no '{pattern}' in what it printed")
    return float(m[-1].replace(",", ""))


def say(text):
    print(text, file=sys.stderr, flush=True)
