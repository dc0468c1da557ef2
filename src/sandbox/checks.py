# checks.py - runs the tests; what they call of the program is asked of candidate.py, in a sandbox of its own
# The program's code never runs here: a call sends plain values and gets plain values back.
import ast, builtins, json, os, re

LIBRARY = {
    "Counter": "collections", "OrderedDict": "collections", "deque": "collections", "defaultdict": "collections",
    "date": "datetime", "datetime": "datetime", "timedelta": "datetime", "Decimal": "decimal",
    "Fraction": "fractions",
}
MODULES = {"math", "cmath", "re", "sys", "collections", "itertools", "functools", "string", "random", "operator"}


class Gone(Exception):
    pass


class Raised(Exception):
    pass


def exception(name, text):
    e = getattr(builtins, name, None)
    # not those that need more than a text, nor those that would end an iterator of the tests' own without a word
    odd = (OSError, UnicodeError, StopIteration, StopAsyncIteration)
    if isinstance(e, type) and issubclass(e, Exception) and not issubclass(e, odd):
        return e(text)
    return Raised("%s: %s" % (name, text))


class Program:
    """The other side."""

    def __init__(self, line):
        self.line = line

    def result(self):
        try:
            m = self.line.receive()
        except (ValueError, RecursionError) as e:
            raise Raised("an answer that cannot be read: %s" % e)
        if m is None:
            raise Gone()
        if m == "ready":
            return m
        if not isinstance(m, dict):
            raise Raised("an answer that is none")
        if "e" in m:
            raise exception(str(m["e"][0]), str(m["e"][1]))
        try:
            return decode(m.get("v"), lambda i: Remote(self, int(i)))
        except Exception as e:
            raise Raised("an answer that cannot be read: %s: %s" % (type(e).__name__, e))

    def ask(self, *message):
        try:
            self.line.send(message)
        except BrokenPipeError:
            raise Gone()
        return self.result()

    def call(self, target, args, named):
        return self.ask("call", target, [encode(a, given) for a in args], [[k, encode(v, given)] for k, v in named.items()])


def given(x):
    if isinstance(x, Remote):
        return ["h", object.__getattribute__(x, "_id")]
    raise Unsupported("the tests hand over an object of type %s" % type(x).__name__)


class Remote:
    """An object of the program's own type. Equal to itself and to nothing else, whatever the program says."""

    __slots__ = ("_program", "_id")

    def __init__(self, program, i):
        object.__setattr__(self, "_program", program)
        object.__setattr__(self, "_id", i)

    def __call__(self, *args, **named):
        return self._program.call(self._id, args, named)

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return self._program.ask("get", self._id, name)

    def __setattr__(self, name, value):
        self._program.ask("set", self._id, name, encode(value, given))

    def __eq__(self, other):
        return isinstance(other, Remote) and self._id == other._id

    def __hash__(self):
        return hash(self._id)


def function(program, name):
    def called(*args, **named):
        return program.call(name, args, named)

    called.__name__ = name
    return called


def bind(program, tree, ns, entry):
    """Names that the tests use and do not define: ours where they are the library's, else the program's."""
    used = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
    used = sorted(used - set(dir(builtins)) or used)  # only a program named like a built-in function may replace one
    used = [entry] if entry else used
    for name, there in zip(used, program.ask("has", used)):
        if not there:
            continue
        if name in MODULES:
            ns[name] = __import__(name)
        elif name in LIBRARY:
            ns[name] = getattr(__import__(LIBRARY[name]), name)
        else:
            ns[name] = function(program, name)


def run(spec, program, report):
    """(end, why); what ends before "started" is said decides nothing"""
    ns = {"__name__": "tests"}
    try:
        if spec["prelude"]:
            exec(compile(spec["prelude"], "prompt", "exec"), ns)
        tree = ast.parse(spec["checks"], "tests")
        code = compile(tree, "tests", "exec")
    except Exception as e:
        return "broken", "the row's tests cannot be run: %s: %s" % (type(e).__name__, e)
    try:
        if program.result() != "ready":
            return "broken", "the program's sandbox answers in disorder"
    except Gone:
        return "broken", "the program's sandbox did not start"
    print("started", file=report, flush=True)
    try:
        program.result()
        bind(program, tree, ns, spec["entry"])
        if "random" in spec["checks"]:
            __import__("random").seed(0)
        exec(code, ns)
        if spec["entry"]:
            if spec["entry"] not in ns or "check" not in ns:
                return "failed", "NameError: name '%s' is not defined" % spec["entry"]
            ns["check"](ns[spec["entry"]])
        return "passed", ""
    except Gone:
        return "gone", "the program ended before its tests did"
    except MemoryError:
        return "memory", "MemoryError"
    except Unsupported as e:
        return "broken" if str(e).startswith("the tests") else "failed", str(e)
    except Exception as e:
        return "failed", explain(e)


def explain(e):
    at = e.__traceback__
    line = None
    while at:
        if at.tb_frame.f_code.co_filename == "tests":
            line = at.tb_lineno
        at = at.tb_next
    text = str(e) if isinstance(e, Raised) else "%s: %s" % (type(e).__name__, e)
    return (text.rstrip(": ") if line is None else "%s (line %d of the tests)" % (text.rstrip(": "), line))[:300]


def main():
    report = open(6, "w", closefd=False)
    with open(3, "rb", closefd=False) as f:
        spec = json.loads(f.read())
    try:
        end, why = run(spec, Program(Line(4, 5)), report)
    except BaseException as e:  # SystemExit of a test, an interpreter in distress
        end, why = "failed", type(e).__name__
    why = re.sub("0x[0-9a-f]{5,}", "0x...", why)  # an address is another one in each run
    why = "".join(c if " " <= c <= "~" else "?" for c in why[:300])
    print(json.dumps([spec["token"], end, why]), file=report, flush=True)
    os._exit(0)


main()
