# table_watch.py - runs a grader over pairs in a watched process: one verdict and one time per row, a hang costs its row alone
import json
import multiprocessing as mp
import os
import signal
import sys
import time

LIMIT = float(os.environ.get("PEER_LIMIT", "30"))  # seconds per row


def rows_of(path):
    with open(path, encoding="utf-8") as f:
        return [json.loads(line) for line in f if line.strip()]


def child(load, sources, rows, pipe):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    equal = load(sources)
    pipe.send(("ready", None, 0.0))
    for n, row in rows:
        pipe.send(("start", n, 0.0))
        begin, error = time.perf_counter(), None
        try:
            verdict = bool(equal(row["gold"], row["pred"]))
        except Exception as e:  # the grader's own failure is its verdict
            verdict, error = False, f"{type(e).__name__}: {e}"[:200]
        pipe.send(("done", (n, verdict, error), time.perf_counter() - begin))
    pipe.send(("end", None, 0.0))


def run(load, sources, path, out):
    """load(sources) returns equal(gold, pred); OUT gets {id, correct, seconds[, error | timeout]} per row, in order."""
    rows = rows_of(path)
    done = {}
    while len(done) < len(rows):
        todo = [(n, r) for n, r in enumerate(rows) if n not in done]
        here, there = mp.Pipe(False)
        process = mp.Process(target=child, args=(load, sources, todo, there), daemon=True)
        process.start()
        there.close()
        now, alive = None, True
        while alive:
            if not here.poll(LIMIT if now is not None else 120):
                if now is None:
                    sys.exit("the grader does not start")
                done[now] = {"correct": False, "seconds": LIMIT, "timeout": True}
                alive = False
                continue
            try:
                kind, what, seconds = here.recv()
            except EOFError:
                sys.exit("the grader has died")
            if kind == "start":
                now = what
            elif kind == "done":
                n, verdict, error = what
                done[n] = {"correct": verdict, "seconds": round(seconds, 6)}
                if error:
                    done[n]["error"] = error
            alive = kind != "end"
        process.kill()
        process.join()
    with open(out, "w", encoding="utf-8") as f:
        for n, r in enumerate(rows):
            f.write(json.dumps({"id": r["id"], **done[n]}) + "\n")


def main(load, doc):
    if len(sys.argv) != 5 or sys.argv[1] != "run":
        sys.exit(doc)
    run(load, *sys.argv[2:])
