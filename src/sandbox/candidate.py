# candidate.py - runs the program under test and calls its functions when the tests, elsewhere, ask for it
# Nothing here is trusted: the program may do to it what it likes, and still can only answer with values.
import resource, sys, types


def _serve(program, line):
    objects = []

    def keep(x):
        if len(objects) > 100000:
            raise Unsupported("too many objects")
        objects.append(x)
        return ["h", len(objects) - 1]

    value = lambda v: decode(v, objects.__getitem__)
    module = types.ModuleType("candidate")
    sys.modules["candidate"] = module

    def target(t):
        return getattr(module, t) if isinstance(t, str) else objects[t]

    def answer(m):
        if m[0] == "has":
            return ["l", [name in module.__dict__ for name in m[1]]]
        if m[0] == "call":
            return encode(target(m[1])(*[value(v) for v in m[2]], **{k: value(v) for k, v in m[3]}), keep)
        if m[0] == "get":
            return encode(getattr(objects[m[1]], m[2]), keep)
        setattr(objects[m[1]], m[2], value(m[3]))
        return None

    def reply(f):
        try:
            result = {"v": f()}
        except BaseException as e:
            result = {"e": [type(e).__name__, str(e)[:500]]}
        line.send(result)

    reply(lambda: exec(compile(program, "candidate.py", "exec"), module.__dict__))
    while True:
        m = line.receive()
        if m is None:
            return
        reply(lambda: answer(m))


def _main():
    line = Line(4, 5)
    line.send("ready")
    resource.setrlimit(resource.RLIMIT_NPROC, (64, 64))
    with open(3, "rb", closefd=False) as f:
        program = f.read()
    if b"random" in program:
        __import__("random").seed(0)
    sys.setrecursionlimit(3000)
    _serve(program, line)


_main()
