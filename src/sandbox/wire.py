# wire.py - values between the program and its tests, as lines of JSON; only plain values ever arrive
import collections, json, sys

MAX_LINE = 16 << 20
MAX_ITEMS = 200000
_TYPES = (int, float, str, bool, list, tuple, dict, set, bytes, complex)


class Unsupported(Exception):
    pass


def _is(x, module, name):
    """Whether x is an instance of a class of the library; a module that nobody imported has none."""
    return module in sys.modules and isinstance(x, getattr(sys.modules[module], name))


def _library(module, name):
    return lambda *a: getattr(__import__(module), name)(*a)


def encode(x, other):
    """x as what JSON can hold; other(x) is asked about objects that are no plain values."""
    if x is None or x is True or x is False:
        return x
    if isinstance(x, bool):
        return bool(x)
    if isinstance(x, int):
        n = int.__int__(x)
        return n if -(1 << 62) < n < 1 << 62 else ["I", hex(n)]
    if isinstance(x, float):
        f = float.__float__(x)
        return f if f - f == 0 else ["f", repr(f)]
    if isinstance(x, str):
        return str.__str__(x)
    many = lambda items: [encode(y, other) for y in items]
    if isinstance(x, list):
        return ["l", many(list.__iter__(x))]
    if isinstance(x, tuple):
        return ["t", many(tuple.__iter__(x))]
    if isinstance(x, set):
        return ["s", many(set.__iter__(x))]
    if isinstance(x, frozenset):
        return ["z", many(frozenset.__iter__(x))]
    if isinstance(x, dict):
        kind = "o" if isinstance(x, collections.OrderedDict) else "C" if isinstance(x, collections.Counter) else "d"
        return [kind, [[encode(k, other), encode(v, other)] for k, v in dict.items(x)]]
    if isinstance(x, (bytes, bytearray)):
        return ["b" if isinstance(x, bytes) else "B", x.hex()]
    if isinstance(x, complex):
        return ["c", encode(x.real, other), encode(x.imag, other)]
    if isinstance(x, range):
        return ["r", x.start, x.stop, x.step]
    if isinstance(x, collections.deque):
        return ["q", many(x)]
    if _is(x, "decimal", "Decimal"):
        return ["D", str(x)]
    if _is(x, "fractions", "Fraction"):
        return ["F", hex(x.numerator), hex(x.denominator)]
    if _is(x, "datetime", "datetime"):
        return ["T", x.isoformat()]
    if _is(x, "datetime", "date"):
        return ["A", x.isoformat()]
    if _is(x, "datetime", "timedelta"):
        return ["E", x.days, x.seconds, x.microseconds]
    if isinstance(x, type) and x in _TYPES:
        return ["y", x.__name__]
    if hasattr(type(x), "__next__") or isinstance(x, (type({}.keys()), type({}.values()), type({}.items()))):
        items = []
        for y in x:
            items.append(encode(y, other))
            if len(items) > MAX_ITEMS:
                raise Unsupported("an iterator of more than %d items" % MAX_ITEMS)
        return ["g", items]
    return other(x)


def decode(v, other):
    """The inverse; exact built-in types, whatever was sent. other(id) makes what stands for an object."""
    if v is None or isinstance(v, (bool, int, float, str)):
        return v
    if not isinstance(v, list) or not v:
        raise Unsupported("a value that is none")
    kind, *a = v
    many = lambda: [decode(y, other) for y in a[0]]
    if kind == "I":
        return int(a[0], 16)
    if kind == "f":
        return {"inf": float("inf"), "-inf": float("-inf")}.get(a[0], float("nan"))
    if kind == "l":
        return many()
    if kind in _OF_LIST:
        return _OF_LIST[kind](many())
    if kind in _OF_PAIRS:
        return _OF_PAIRS[kind]([(decode(k, other), decode(w, other)) for k, w in a[0]])
    if kind == "c":
        return complex(decode(a[0], other), decode(a[1], other))
    if kind == "F":
        return __import__("fractions").Fraction(int(a[0], 16), int(a[1], 16))
    if kind == "h":
        return other(a[0])
    if kind in _OF_SCALARS:
        return _OF_SCALARS[kind](*a)
    raise Unsupported("a value of an unknown kind")


_OF_LIST = {"t": tuple, "s": set, "z": frozenset, "q": collections.deque, "g": iter}
_OF_PAIRS = {"d": dict, "o": collections.OrderedDict, "C": lambda p: collections.Counter(dict(p))}
_OF_SCALARS = {
    "b": bytes.fromhex,
    "B": bytearray.fromhex,
    "r": range,
    "D": _library("decimal", "Decimal"),
    "T": lambda t: __import__("datetime").datetime.fromisoformat(t),
    "A": lambda t: __import__("datetime").date.fromisoformat(t),
    "y": lambda name: {t.__name__: t for t in _TYPES}[name],
    "E": _library("datetime", "timedelta"),
}


class Line:
    """Lines of JSON over two descriptors."""

    def __init__(self, fd_in, fd_out):
        self.input = open(fd_in, "rb", closefd=False)
        self.output = open(fd_out, "wb", closefd=False)

    def send(self, message):
        self.output.write(json.dumps(message, allow_nan=False).encode() + b"\n")
        self.output.flush()

    def receive(self):
        """None at the end."""
        line = self.input.readline(MAX_LINE)
        if not line.endswith(b"\n"):
            if len(line) >= MAX_LINE:
                raise Unsupported("a value of more than 16 MiB")
            return None
        return json.loads(line)
