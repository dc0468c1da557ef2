"""answer_eval.py - a second reader of answers: what two texts are worth at 60 digits, without a line of the grader

compare(gold, pred) says "confirmed", "contradicted" or why it cannot tell. It reads LaTeX and plain text into closures and evaluates both at the
same random points (symbols and unknown functions are drawn by name); sets, lists, tuples, matrices part by part, equations up to a factor,
intervals and inequalities by members. Needs mpmath.
"""
import hashlib
import itertools
import re

from mpmath import mp, mpc, mpf

mp.dps = 60
CLOSE = mpf(10) ** -45
MAX_TERMS = 3000


class Unable(Exception):
    """This text, or this pair, is none that is read here; the argument is the kind."""


# ---- tokens ----

SPACES = re.compile(r"\\(?:[,;:! ]|quad|qquad|displaystyle|limits|left(?![a-z])|right(?![a-z])|big[lr]?|Big[lr]?|bigg[lr]?|mleft|mright)(?![a-zA-Z])")
ALIASES = [(r"\ulcorner", r"\lceil "), (r"\urcorner", r"\rceil "), (r"\llcorner", r"\lfloor "), (r"\lrcorner", r"\rfloor "), (r"\lgroup", "("), (r"\rgroup", ")"),
           (r"\lbrack", "("), (r"\rbrack", ")"), (r"\ceil", r"\text{ceil}"), (r"\floor", r"\text{floor}"), (r"\overline", r"\bar"), (r"\limits", " "), (r"\dfrac", r"\frac"), (r"\tfrac", r"\frac"), (r"\cfrac", r"\frac"), (r"\leqslant", r"\le"), (r"\geqslant", r"\ge"), (r"\leq", r"\le"),
           (r"\geq", r"\ge"), (r"\neq", r"\ne"), ("−", "-"), ("–", "-"), ("π", r"\pi "), ("√", r"\sqrt "), ("×", r"\times "), ("·", r"\cdot "), ("°", r"^\circ "),
           ("≤", r"\le "), ("≥", r"\ge "), ("∞", r"\infty "), ("∪", r"\cup "), (r"\dbinom", r"\binom"), (r"\tbinom", r"\binom"), (r"\cdots", r"\ldots"),
           (r"\dots", r"\ldots"), (r"\lbrace", r"\{"), (r"\rbrace", r"\}"), (r"\degree", r"^\circ "), (r"\varnothing", r"\emptyset"), ("∅", r"\emptyset "),
           ("（", "("), ("）", ")"), ("，", ","), (r"\lvert", "|"), (r"\rvert", "|"), (r"\vert", "|"), (r"\textbf", r"\text"), (r"\textrm", r"\text"), ("≠", r"\ne "),
           (r"\tan^{-1}", r"\arctan"), (r"\sin^{-1}", r"\arcsin"), (r"\cos^{-1}", r"\arccos"), (r"\sinh^{-1}", r"\asinh"), (r"\cosh^{-1}", r"\acosh"), (r"\tanh^{-1}", r"\atanh"), ("±", r"\pm "), (r"\operatorname", r"\text"), (r"\mbox", r"\text"),
           (r"\mathrm", r"\text"), (r"\%", "%"), (r"\$", "$"), (r"\mathbb{R}", r"\reals "), (r"\cos^{-1}", r"\arccos"), (r"\imath", "i"), ("**", "^")]
TOKEN = re.compile(r"\\text\s*\{[^{}]*\}|\\[a-zA-Z]+|\\.|\d+\.?\d*|\.\d+|[a-zA-Z]+|\S")
FUNCTIONS = {"sin": mp.sin, "cos": mp.cos, "tan": mp.tan, "cot": mp.cot, "sec": mp.sec, "csc": mp.csc, "arcsin": mp.asin, "arccos": mp.acos, "arctan": mp.atan,
             "asin": mp.asin, "acos": mp.acos, "atan": mp.atan, "sinh": mp.sinh, "cosh": mp.cosh, "tanh": mp.tanh, "asinh": mp.asinh, "acosh": mp.acosh, "atanh": mp.atanh, "exp": mp.exp, "ln": mp.log,
             "log": lambda x: mp.log(x) / mp.log(10), "lg": lambda x: mp.log(x) / mp.log(10), "abs": abs, "floor": mp.floor, "ceil": mp.ceil,
             "gcd": None, "lcm": None, "max": None, "min": None, "sqrt": None, "arcsec": mp.asec, "arccot": mp.acot, "arccsc": mp.acsc}
GREEK = set("alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta kappa lambda mu nu xi rho sigma tau phi varphi chi psi omega Gamma Delta "
            "Theta Lambda Xi Pi Sigma Phi Psi Omega ell hbar".split())
RELATIONS = {"=": "=", "<": "<", ">": ">", r"\le": "<=", r"\ge": ">=", r"\ne": "!=", r"\lt": "<", r"\gt": ">", r"\in": "in"}
OPEN, SHUT = {"(": ")", "[": "]", "{": "}", r"\{": r"\}"}, {")", "]", "}", r"\}"}


def tokens(text):
    if re.search(r"[^\x00-\x7f]", text := clean(text)):
        raise Unable("letters beyond ASCII")
    return [t for t in TOKEN.findall(text) if t.strip()]


def clean(text):
    text = text.strip()
    for _ in range(3):
        for start, end in (("$$", "$$"), ("$", "$"), (r"\(", r"\)"), (r"\[", r"\]"), (r"\boxed{", "}")):
            if len(text) > len(start) + len(end) - 1 and text.startswith(start) and text.endswith(end) and text.count(start[0]) <= 2 + (start[0] != "$") * 99:
                inner = text[len(start):-len(end)]
                if balanced(inner):
                    text = inner.strip()
    for old, new in ALIASES:
        text = re.sub(re.escape(old) + r"(?![a-zA-Z])", lambda _: new, text) if old[0] == "\\" and old[-1].isalpha() else text.replace(old, new)
    text = re.sub(r"(?<=\d)(?:\{,\}|,\\!|\\,|\\!|,\\ )(?=\d{3}(?!\d))", "", text)
    text = re.sub(r"(?<![\w.\\])(\d+(?:\.\d+)?|\.\d+)[eE]([+-]?\d+)(?![\w.])", r"(\1*10^{\2})", text)
    text = re.sub(r"\\text\s*\{\s*and\s*\}|(?<![a-zA-Z\\])and(?![a-zA-Z])", ",", text)
    text = SPACES.sub(" ", text)
    return text.strip().rstrip(".").replace("~", " ").strip()


def balanced(text):
    depth = 0
    for c in text:
        depth += (c == "{") - (c == "}")
        if depth < 0:
            return False
    return depth == 0


# ---- scalars: closures from an environment (name -> number) to a number ----

def constant(v):
    return lambda env: v


def is_real(x):
    return not isinstance(x, mpc) or abs(x.imag) < CLOSE * (1 + abs(x.real))


def power(a, b):
    def value(env):
        x, y = a(env), b(env)
        if x == 0 and mp.re(y) <= 0:
            raise Unable("no value") if y != 0 else Unable("0^0")
        if abs(y) > 10 ** 7 or abs(x) > mpf(10) ** 10 ** 4:
            raise Unable("too large")
        if is_real(x) and mp.re(x) < 0 and is_real(y) and mp.re(y) != mp.nint(mp.re(y)):
            q = mp.identify(mp.re(y)) if False else odd_root(mp.re(y))
            if q:
                return (-1) ** q * (-mp.re(x)) ** mp.re(y)
        return x ** y
    return value


def odd_root(y):
    """The numerator of a fraction with a small odd denominator, else None."""
    for d in (3, 5, 7, 9):
        n = y * d
        if abs(n - mp.nint(n)) < CLOSE:
            return int(mp.nint(n))
    return None


def unknown_function(name, args):
    key = name + "(" + ";".join(mp.nstr(a, 40) for a in args) + ")"
    return drawn(key, 0)


def drawn(name, turn):
    h = int.from_bytes(hashlib.sha256(f"{turn}:{name}".encode()).digest(), "big")
    return mpf(h) / mpf(2) ** 256 * mpf("1.7") + mpf("0.23")


class Reader:
    """Recursive descent over tokens; every method returns a closure."""

    def __init__(self, toks, functions=frozenset()):
        self.t, self.i, self.functions, self.bars, self.names = toks, 0, functions, 0, set()
        self.minus = False  # right behind a sign

    def peek(self, k=0):
        return self.t[self.i + k] if self.i + k < len(self.t) else ""

    def take(self):
        self.i += 1
        return self.t[self.i - 1] if self.i <= len(self.t) else ""

    def need(self, what):
        if self.take() != what:
            raise Unable("syntax")

    def sum(self):
        total = self.signed()
        while self.peek() in ("+", "-"):
            sign, part = self.take(), self.signed()
            total = (lambda a, b, s: lambda env: a(env) + (b(env) if s == "+" else -b(env)))(total, part, sign)
        return total

    def signed(self):
        if self.peek() in ("+", "-"):
            sign, self.minus = self.take(), True
            part, self.minus = self.signed(), False
            return part if sign == "+" else lambda env: -part(env)
        return self.product()

    def product(self):
        total = self.factor()
        while True:
            t = self.peek()
            if t in ("*", r"\cdot", r"\times", r"\ast"):
                self.take()
                part = self.signed_factor()
                total = (lambda a, b: lambda env: a(env) * b(env))(total, part)
            elif t in ("/", r"\div", ":"):
                if t == ":":
                    raise Unable("ratio")
                self.take()
                part = self.signed_factor()
                total = (lambda a, b: lambda env: a(env) / nonzero(b(env)))(total, part)
            elif t in (r"\mod", r"\bmod"):
                if self.minus:
                    raise Unable("a residue of a negative number")
                self.take()
                part = self.signed_factor()
                total = (lambda a, b: lambda env: modulo(a(env), nonzero(b(env))))(total, part)
            elif self.starts_factor(t):
                if re.match(r"\d", t) and re.match(r"\d", self.peek(-1)):
                    raise Unable("numbers side by side")
                part = self.factor()
                total = (lambda a, b: lambda env: a(env) * b(env))(total, part)
            else:
                return total

    def signed_factor(self):
        if self.peek() in ("+", "-"):
            sign, part = self.take(), self.signed_factor()
            return part if sign == "+" else lambda env: -part(env)
        return self.factor()

    def starts_factor(self, t):
        if not t or t in RELATIONS or t in SHUT or t in ",;&":
            return False
        if t == "|":
            return not self.bars
        return t[0].isalnum() or t in OPEN or (t[0] == "\\" and t not in (r"\\", r"\cup", r"\cap", r"\pm", r"\mp", r"\approx", r"\ldots", r"\setminus", r"\pmod", r"\bmod", r"\mod", r"\rceil", r"\rfloor"))

    def factor(self):
        base = self.atom()
        while True:
            t = self.peek()
            if t == "^" and self.peek(1) == r"\circ" or t == "^" and self.peek(1) == "{" and self.peek(2) == r"\circ":
                self.i += 2 if self.peek(1) == r"\circ" else 4
                base = (lambda a: lambda env: a(env) * env["degree"])(base)
            elif t == "^":
                self.take()
                base = power(base, self.argument())
            elif t == "!":
                self.take()
                if self.peek() == "!":
                    self.take()
                    base = (lambda a: lambda env: mp.fac2(whole(a(env), 2000)))(base)
                else:
                    base = (lambda a: lambda env: mp.factorial(whole(a(env), 5000)))(base)
            elif t == "%":
                self.take()
                base = (lambda a: lambda env: a(env) / env["percent"])(base)
            else:
                return base

    def argument(self):
        """What ^ or a macro takes: a group, or one token."""
        t = self.peek()
        if t == "{":
            return self.group()
        if t == "-":
            self.take()
            part = self.argument()
            return lambda env: -part(env)
        if t == "(":
            return self.atom()
        if t and t[0].isdigit() and len(t) > 1 and self.peek(-1) != "^":  # \frac12
            self.t[self.i:self.i + 1] = [t[0], t[1:]]
        elif t and t[0].isalpha() and len(t) > 1 and t not in ("pi",) and self.peek(-1) != "^":
            self.t[self.i:self.i + 1] = [t[0], t[1:]]
        return self.atom()

    def group(self):
        self.need("{")
        part = self.sum()
        self.need("}")
        return part

    def atom(self):
        t = self.take()
        if not t:
            raise Unable("syntax")
        if t[0].isdigit() or (t[0] == "." and len(t) > 1):
            return self.number(t)
        if t in ("(", "["):
            bars, self.bars = self.bars, 0
            part = self.sum()
            self.bars = bars
            if self.take() != OPEN[t]:
                raise Unable("syntax")
            return part
        if t == "{":
            self.i -= 1
            return self.group()
        if t == "|":
            self.bars += 1
            part = self.sum()
            self.need("|")
            self.bars -= 1
            return lambda env: abs(part(env))
        if t[0] == "\\":
            return self.command(t[1:])
        if t[0].isalpha():
            return self.letters(t)
        raise Unable("syntax")

    def number(self, t):
        nxt = self.peek()
        if nxt == r"\frac" and "." not in t:
            mixed = re.match(r"\{?\d+\}?\{?\d+\}?$", "".join(self.t[self.i + 1:self.i + 7])) or re.match(r"\{\d+\}\{\d+\}", "".join(self.t[self.i + 1:self.i + 7]))
            part = self.factor()
            return (lambda env: mpf(t) + part(env)) if mixed else (lambda env: mpf(t) * part(env))
        if nxt == "_":
            raise Unable("base")
        return constant(mpf(t))

    def subscript(self, name):
        while self.peek() == "_":
            self.take()
            if self.peek() == "{":
                depth, start = 0, self.i
                while True:
                    t = self.take()
                    depth += (t == "{") - (t == "}")
                    if depth == 0:
                        break
                    if not t:
                        raise Unable("syntax")
                name += "_" + "".join(self.t[start + 1:self.i - 1])
            else:
                name += "_" + self.take()
        while self.peek() == "'" or (self.peek() == "^" and self.peek(1) == r"\prime"):
            self.i += 1 if self.peek() == "'" else 2
            name += "'"
        return name

    def symbol(self, name):
        name = self.subscript(name)
        if name in ("e", "i"):
            return lambda env: env.get(name, mp.e if name == "e" else mpc(0, 1))
        if self.peek() == "(" and (name in self.functions or name[-1] == "'" or name in "fφ"):
            args = self.arguments()
            return lambda env: unknown_function(name, [a(env) for a in args])
        self.names.add(name)
        return lambda env: env[name]

    def arguments(self):
        self.need("(")
        args = [self.sum()]
        while self.peek() == ",":
            self.take()
            args.append(self.sum())
        self.need(")")
        return args

    def letters(self, t):
        if t in FUNCTIONS:
            return self.function(t)
        if t == "pi":
            return constant(mp.pi)
        if t in GREEK:
            return self.symbol(t)
        if t in ("infinity", "inf", "oo"):
            return constant(mp.inf)
        for name in sorted(FUNCTIONS, key=len, reverse=True):
            if len(t) > len(name) and t.startswith(name) and len(t) - len(name) == 1:
                self.i -= 1
                self.t[self.i:self.i + 1] = [name, t[len(name):]]
                return self.letters(self.take())
        if len(t) > 3 and t not in GREEK:
            raise Unable("word")
        if len(t) > 1:
            self.i -= 1
            self.t[self.i:self.i + 1] = list(t)
            t = self.take()
        return self.symbol(t)

    def command(self, c):
        if c == "frac":
            a, b = self.argument(), self.argument()
            return lambda env: a(env) / nonzero(b(env))
        if c == "sqrt":
            return self.root()
        if c == "binom":
            a, b = self.argument(), self.argument()
            return lambda env: mp.binomial(a(env), b(env))
        if c == "pi":
            return constant(mp.pi)
        if c == "infty":
            return constant(mp.inf)
        if c in FUNCTIONS:
            return self.function(c)
        if c in GREEK:
            return self.symbol(c)
        if c in ("lfloor", "lceil"):
            part = self.sum()
            self.need("\\r" + c[1:])
            return lambda env: (mp.floor if c == "lfloor" else mp.ceil)(mp.re(part(env)))
        if c in ("sum", "prod"):
            return self.series(c)
        if c == "int":
            return self.integral()
        if c == "lim":
            return self.limit()
        m = re.fullmatch(r"text\s*\{\s*(\w+)\s*\}", c)
        if m and m[1] in FUNCTIONS:
            return self.function(m[1])
        if c in ("bar", "vec", "hat") and self.peek() and self.peek() != "{" and self.peek()[0].isalpha():
            return self.symbol(c + self.take())
        if c in ("bar", "vec", "hat") and self.peek() == "{" and self.peek(2) == "}" and len(self.peek(1)) == 1 and self.peek(1).isalpha():
            self.i += 3
            return self.symbol(c + self.peek(-2))
        if c.startswith("text"):
            raise Unable("words")
        raise Unable("command " + c)

    def root(self):
        degree = None
        if self.peek() == "[":
            self.take()
            degree = self.sum()
            self.need("]")
        a = self.argument()
        if degree is None:
            return lambda env: mp.sqrt(a(env))
        return power(a, lambda env: 1 / degree(env))

    def function(self, name):
        if name == "sqrt":
            return self.root()
        f = FUNCTIONS[name]
        if f is None:
            return self.of_several(name)
        base, expo = None, None
        while self.peek() in ("_", "^"):
            if self.take() == "_":
                base = self.argument()
            else:
                expo = self.argument()
        arg = self.function_argument()

        def value(env):
            x = arg(env)
            if base:
                y = mp.log(x) / mp.log(base(env))
            else:
                y = f(mp.re(x) if name in ("floor", "ceil") else x)
            return y ** expo(env) if expo else y
        return value

    def of_several(self, name):
        args = self.arguments()

        def value(env):
            v = [mp.re(a(env)) for a in args]
            if name in ("max", "min"):
                return max(v) if name == "max" else min(v)
            import math
            scale = next((10 ** k for k in range(0, 40) if all(abs(x * 10 ** k - mp.nint(x * 10 ** k)) < CLOSE for x in v)), None)
            if scale is None:
                raise Unable("no whole number")
            n = [int(mp.nint(x * scale)) for x in v]
            return mpf(math.gcd(*n) if name == "gcd" else math.lcm(*n)) / scale
        return value

    def function_argument(self):
        if self.peek() in ("(", "{", "["):
            return self.atom()
        total = self.factor()
        while True:
            t = self.peek()
            if not self.starts_factor(t) or t in ("(", "[", r"\{") or t.lstrip("\\") in FUNCTIONS or (t == "|"):
                if t == "/" and False:
                    pass
                return total
            part = self.factor()
            total = (lambda a, b: lambda env: a(env) * b(env))(total, part)

    def bounds(self):
        low = high = var = None
        for _ in range(2):
            if self.peek() == "_":
                self.take()
                if self.peek() == "{" and self.peek(2) == "=":
                    self.take()
                    var = self.take()
                    self.take()
                    low = self.sum()
                    self.need("}")
                else:
                    low = self.argument()
            elif self.peek() == "^":
                self.take()
                high = self.argument()
        return var, low, high

    def series(self, kind):
        var, low, high = self.bounds()
        if not var or not high:
            raise Unable("sum")
        self.names.discard(var)
        body = self.product()

        def value(env):
            a, b = low(env), high(env)
            term = lambda k: body({**env, var: mpf(k)})  # noqa: E731
            if b == mp.inf:
                if kind == "prod":
                    raise Unable("infinite product")
                return mp.nsum(lambda k: mp.re(term(k)), [a, mp.inf])
            a, b = int(whole(a, 10 ** 9)), int(whole(b, 10 ** 9))
            if b - a > MAX_TERMS:
                raise Unable("long sum")
            total = mpf(0) if kind == "sum" else mpf(1)
            for k in range(a, b + 1):
                total = total + term(k) if kind == "sum" else total * term(k)
            return total
        return value

    def integral(self):
        _, low, high = self.bounds()
        if not low or not high:
            raise Unable("indefinite integral")
        depth = 0
        for k in range(self.i, len(self.t)):
            depth += (self.t[k] in OPEN) - (self.t[k] in SHUT)
            if re.fullmatch(r"d[a-z]", self.t[k]) and depth == 0 or (self.t[k] == "d" and depth == 0):
                break
        else:
            raise Unable("integral")
        var = self.t[k][1] if len(self.t[k]) == 2 else self.t[k + 1]
        inner = Reader(self.t[self.i:k], self.functions)
        body = inner.sum() if k > self.i else constant(mpf(1))
        if inner.i != len(inner.t):
            raise Unable("integral")
        self.names |= inner.names - {var}
        self.i = k + (1 if len(self.t[k]) == 2 else 2)
        return lambda env: mp.quad(lambda x: body({**env, var: x}), [low(env), high(env)])

    def limit(self):
        self.need("_")
        self.need("{")
        var = self.take()
        if self.take() not in (r"\to", r"\rightarrow"):
            raise Unable("limit")
        at = self.sum()
        side = 0
        if self.peek() == "^":
            self.take()
            side = 1 if self.take() == "+" else -1
        self.need("}")
        body = self.product()
        self.names.discard(var)

        def value(env):
            a = at(env)
            return mp.limit(lambda x: body({**env, var: x}), a, direction=side or 1) if a != mp.inf else mp.limit(lambda x: body({**env, var: x}), mp.inf)
        return value


def nonzero(v):
    if v == 0:
        raise Unable("no value")
    return v


def modulo(x, y):
    return x - y * mp.floor(x / y)


def whole(v, most):
    n = mp.nint(mp.re(v))
    if abs(v - n) > CLOSE or n < 0 or n > most:
        raise Unable("no whole number")
    return n


# ---- answers: ("scalar", f, names), ("group", open, shut, parts), ("relation", ops, sides), ("matrix", rows), ("words", text) ----

DRESS = re.compile(r"\s*\\text\s*\{\s*([^{}]*)\}(\s*\^\s*(\{-?\d+\}|\d))?\s*$")


def split(toks, marks):
    parts, now, depth = [], [], 0
    bars = 0
    for t in toks:
        depth += (t in OPEN) - (t in SHUT)
        if t in marks and depth == 0 and not bars % 2:
            parts.append(now)
            now = []
        else:
            now.append(t)
    return parts + [now]


def read(text, functions=frozenset()):
    text = clean(text)
    if not text:
        raise Unable("empty")
    m = re.fullmatch(r"\\text\s*\{([^{}]*)\}", text)
    if m and not re.fullmatch(r"\s*[-\d.,/\s]+", m.group(1)):
        return ("words", m.group(1))
    if re.fullmatch(r"[A-Za-z][a-z]{3,}( [a-z]+)*", text) and text not in GREEK and text not in FUNCTIONS:
        return ("words", text)
    text = re.sub(r"^\$\s*", "", text)
    m = re.fullmatch(r"\\begin\{([bpv]?matrix|array)\}(?:\{[^}]*\})?(.*)\\end\{\1\}", text, re.S)
    if m:
        rows = [r for r in re.split(r"\\\\", m.group(2)) if r.strip()]
        return ("matrix", m.group(1) == "vmatrix", [[read(c, functions) for c in r.split("&")] for r in rows])
    while True:
        d = DRESS.search(text)
        if not d or not text[:d.start()].strip():
            break
        text = text[:d.start()]
    return of_tokens(tokens(text), functions)


def of_tokens(toks, functions):
    if not toks:
        raise Unable("empty")
    parts = split(toks, {",", ";"})
    if len(parts) > 1:
        whole_number = "".join(toks)
        if re.fullmatch(r"-?\d{1,3}(,\d{3})+(\.\d+)?", whole_number):
            return scalar([whole_number.replace(",", "").lstrip("-")] if whole_number[0] != "-" else ["-", whole_number[1:].replace(",", "")], functions)
        return ("group", "", "", [of_tokens(p, functions) for p in parts])
    unions = split(toks, {r"\cup"})
    if len(unions) > 1:
        return ("union", [of_tokens(p, functions) for p in unions])
    sides = split(toks, set(RELATIONS))
    if len(sides) > 1:
        marks, depth = [], 0
        for t in toks:
            depth += (t in OPEN) - (t in SHUT)
            if depth == 0 and t in RELATIONS:
                marks.append(RELATIONS[t])
        return ("relation", marks, [of_tokens(s, functions) for s in sides])
    if toks[0] in (r"\{", "(", "[", "]") and toks[-1] in (r"\}", ")", "]", "["):
        inner = toks[1:-1]
        depth = 0
        for t in inner:
            depth += (t in OPEN) - (t in SHUT)
            if depth < 0:
                break
        else:
            parts = split(inner, {",", ";"})
            if len(parts) > 1 or toks[0] == r"\{":
                return ("group", toks[0], toks[-1], [of_tokens(p, functions) for p in parts] if inner else [])
    if toks in ([r"\emptyset"],):
        return ("group", r"\{", r"\}", [])
    if toks == [r"\reals"]:
        inf = scalar([r"\infty"], functions)
        return ("group", "(", ")", [scalar(["-", r"\infty"], functions), inf])
    for k, t in enumerate(toks):
        if t in (r"\pm", r"\mp"):
            if sum(x in (r"\pm", r"\mp") for x in toks) > 1:
                raise Unable("several signs")
            return ("group", "", "", [of_tokens(toks[:k] + [s] + toks[k + 1:], functions) for s in "+-"])
    return scalar(toks, functions)


def scalar(toks, functions):
    r = Reader(list(toks), functions)
    f = r.sum()
    if r.i != len(r.t):
        raise Unable("syntax")
    return ("scalar", f, frozenset(r.names))


# ---- comparison ----

def environment(names, turn):
    env = {"degree": mpf(1), "percent": mpf(1)}
    for n in names:
        v = drawn(n, turn)
        env[n] = -v if turn % 3 == 2 else v
    if turn >= 6:
        for n in names:
            env[n] = mpf(int(drawn(n, turn) * 7) + 2)
    return env


def near(a, b, scale=CLOSE):
    if a == b:
        return True
    return mp.isfinite(a) and mp.isfinite(b) and abs(a - b) <= scale * (1 + max(abs(a), abs(b)))


def values(f, names, turns=range(8), **units):
    out = []
    for turn in turns:
        env = {**environment(names, turn), **units}
        try:
            v = f(env)
            out.append(v if mp.isfinite(v) or not names else None)
        except Unable:
            if not names:
                raise
            out.append(None)
        except (ZeroDivisionError, ValueError, OverflowError, mp.NoConvergence):
            out.append(None)
        if not names:
            break
    return out


def same_scalar(a, b):
    names = a[2] | b[2]
    verdict = None
    for percent, degree in itertools.product((1, 100), (1, mp.pi / 180)):
        units = {"percent": mpf(percent), "degree": mpf(degree)}
        x, y = values(a[1], names, **units), values(b[1], names, **units)
        for other in ({"percent": mpf(1)}, {"degree": mpf(1)}, {}):
            z = values(b[1], names, **{**units, **other})
            w = values(a[1], names, **{**units, **other})
            if agree(x, z, names) or agree(w, y, names):
                return True
            verdict = False if told(x, z, names) else verdict
        if percent == 1 and degree == 1 and verdict is None and not told(x, y, names):
            raise Unable("no value")
    return False


def pairs_of(x, y):
    return [(u, v) for u, v in zip(x, y) if u is not None and v is not None]


def agree(x, y, names):
    p = [(u, v) for u, v in pairs_of(x, y) if is_real(u) or not is_real(v) or True]
    return len(p) >= (1 if not names else 3) and all(near(u, v) for u, v in real_first(p))


def real_first(p):
    real = [(u, v) for u, v in p if is_real(u) and is_real(v)]
    return real if len(real) >= 3 else p


def told(x, y, names):
    return len(pairs_of(x, y)) >= (1 if not names else 3)


def value_of(s):
    v = values(s[1], s[2])[0]
    if v is None:
        raise Unable("no value")
    return v


def strip_label(a):
    """The right side of 'x = value'."""
    if a[0] == "relation" and a[1] == ["="] and a[2][0][0] == "scalar":
        return a[2][1]
    if a[0] == "relation" and a[1] == ["in"]:
        return a[2][1]
    if a[0] == "relation" and all(m == "=" for m in a[1]):
        return a[2][-1]
    return None


def proportional(a, b):
    left = [difference(s) for s in (a, b)]
    names = left[0][1] | left[1][1]
    x, y = values(left[0][0], names), values(left[1][0], names)
    p = [(u, v) for u, v in pairs_of(x, y)]
    if len(p) < 3 or any(abs(u) < CLOSE or abs(v) < CLOSE for u, v in p):
        raise Unable("equation")
    return all(near(u * p[0][1], v * p[0][0]) for u, v in p[1:])


def difference(a):
    l, r = a[2]
    if l[0] != "scalar" or r[0] != "scalar":
        raise Unable("relation of groups")
    return (lambda env: l[1](env) - r[1](env)), l[2] | r[2]


# ---- regions of one variable by members ----

def member(a, x, name):
    kind = a[0]
    if kind == "union":
        return any(member(p, x, name) for p in a[1])
    if kind == "group" and len(a[3]) == 2 and a[1] in ("(", "[", "]") and a[2] in (")", "]", "["):
        low, high = (value_of(p) for p in a[3])
        return (low < x or (low == x and a[1] == "[")) and (x < high or (x == high and a[2] == "]"))
    if kind == "group" and a[1] == r"\{":
        return any(near(value_of(p), x) for p in a[3])
    if kind == "relation" and a[1] == ["in"]:
        return member(a[2][1], x, name)
    if kind == "relation":
        sides = [mp.re(s[1]({name: x, "degree": mpf(1), "percent": mpf(1)})) for s in a[2]]
        ops = {"<": lambda u, v: u < v, ">": lambda u, v: u > v, "<=": lambda u, v: u <= v, ">=": lambda u, v: u >= v, "=": near, "!=": lambda u, v: not near(u, v)}
        return all(ops[o](u, v) for o, u, v in zip(a[1], sides, sides[1:]))
    raise Unable("region")


def corners(a):
    if a[0] == "union":
        return [c for p in a[1] for c in corners(p)]
    if a[0] == "group":
        return [value_of(p) for p in a[3]]
    if a[0] == "relation":
        return [value_of(s) for s in a[2] if s[0] == "scalar" and not s[2]] + [c for s in a[2] if s[0] in ("group", "union") for c in corners(s)]
    return []


def names_in(a):
    if a[0] == "scalar":
        return a[2]
    parts = a[1] if a[0] == "union" else a[3] if a[0] == "group" else a[2] if a[0] == "relation" else []
    return frozenset().union(*[names_in(p) for p in parts]) if parts else frozenset()


def same_region(a, b):
    name = next(iter(names_in(a) | names_in(b)), "x")
    if len(names_in(a)) > 1 or len(names_in(b)) > 1:
        raise Unable("region of several variables")
    edge = [c for c in corners(a) + corners(b) if mp.isfinite(c) and is_real(c)]
    points = [mpf(k) / 7 + mpf(1) / 1000 for k in range(-150, 151)] + [mpf(k) / 2 for k in range(-40, 41)] + [c + d for c in edge for d in (0, mpf("1e-6"), -mpf("1e-6"), 1, -1)] + [mpf(10) ** 9, -mpf(10) ** 9]
    return all(member(a, mp.re(x), name_of(a, name)) == member(b, mp.re(x), name_of(b, name)) for x in points)


def name_of(a, fallback):
    return next(iter(names_in(a)), fallback)


def is_region(a):
    if a[0] == "union" or (a[0] == "group" and a[1] in ("(", "[", "]") and len(a[3]) == 2):
        return True
    return a[0] == "relation" and any(o != "=" for o in a[1])


# ---- any two answers ----

def same(a, b):
    if a[0] == "scalar" and b[0] == "scalar":
        return same_scalar(a, b)
    if a[0] == "words" and b[0] == "words":
        key = [re.sub(r"\b(the|a|an)\b|[^a-z0-9]", "", w[1].lower()) for w in (a, b)]
        if key[0] == key[1]:
            return True
        raise Unable("words")
    if a[0] == "relation" and b[0] == "relation" and all(o == "=" for o in a[1] + b[1]):
        return same_equation(a, b)
    if is_region(a) and is_region(b) and (a[0] != "group" or b[0] != "group" or any(v != w for v, w in zip(a[1:3], b[1:3]))):
        return same_region(a, b)
    for x, y in ((a, b), (b, a)):
        bare = strip_label(x)
        if bare is not None and not (y[0] == "relation" and is_region(y)):
            return same(bare, y) if x is a else same(y, bare)
    if a[0] == "matrix" and b[0] == "matrix":
        if [len(r) for r in a[2]] != [len(r) for r in b[2]]:
            return False
        return all(same(x, y) for r, s in zip(a[2], b[2]) for x, y in zip(r, s))
    if "matrix" in (a[0], b[0]):
        m, o = (a, b) if a[0] == "matrix" else (b, a)
        flat = [c for r in m[2] for c in r]
        if o[0] == "group" and len(o[3]) == len(flat):
            return all(same(x, y) for x, y in zip(flat, o[3]))
        raise Unable("matrix")
    if a[0] == "group" and b[0] == "group":
        return same_group(a, b)
    for x, y in ((a, b), (b, a)):
        if x[0] == "group" and len(x[3]) == 1:
            return same(x[3][0], y)
    if is_region(a) and is_region(b):
        return same_region(a, b)
    if "words" in (a[0], b[0]):
        raise Unable("words")
    raise Unable(f"{a[0]} against {b[0]}")


def same_equation(a, b):
    if len(a[2]) > 2 or len(b[2]) > 2:
        return same(strip_label(a), strip_label(b))
    simple = [s[2][0][0] == "scalar" and len(s[2][0][2]) == 1 and s[2][1][0] != "scalar" for s in (a, b)]
    if any(simple):
        return same(a[2][1], b[2][1])
    return proportional(a, b)


def same_group(a, b):
    x, y = a[3], b[3]
    ordered = a[1] in ("(", "[") and b[1] in ("(", "[")
    if ordered and a[1:3] != b[1:3] and len(x) == 2:
        return False
    if len(x) == len(y) and all(attempt(u, v) for u, v in zip(x, y)):
        return True
    if ordered:
        return False
    return cover(x, y) and cover(y, x)


def attempt(u, v):
    try:
        return same(u, v)
    except Unable as why:
        if u[0] == v[0]:
            raise why
        return False


def cover(x, y):
    return all(any(attempt(u, v) for v in y) for u in x)


def applied(*texts):
    """Letters that both texts apply to a number or a single symbol, as the grader's documentation says."""
    found = set()
    for t in texts:
        found |= set(re.findall(r"(?<![a-zA-Z\\])([a-zA-Z](?:_\w)?'*)\((?:-?\d+|[a-zA-Z](?:,[a-zA-Z])*)\)", t))
        found |= set(re.findall(r"(?<![a-zA-Z\\])([f-hF-HP-S](?:_\w)?'*)\(", t))
    return frozenset(found)


KINDS = [("units", re.compile(r"\\text\{|\\mathrm\{|\\%|%|\$\d|\\circ|°|\d ?(?:mph|kg|km|m/s|pct)")), ("free constants", re.compile(r"[+=]?\b[cCK]_?\d?\b|[AB]e\^|[kn]\\pi")),
         ("parameters", re.compile(r"[xyz]=[^,;]*[ts]\b.*[,;]")), ("notation", re.compile(r"_\{?\d|\dj\b|\\odot|\\pmod|\\choose|f\(x\)|;"))]


def kind_not_read(*texts):
    """Why two texts that evaluate differently may say the same: what this reader drops or takes for letters; None where it reads all of them."""
    return next((kind for kind, mark in KINDS if any(mark.search(t) for t in texts)), None)


def written(text):
    """The text without what changes only its looks."""
    text = re.sub(r"\\boxed(?=\{)|\$|~", "", clean(text))
    text = re.sub(r"\\(?:lvert|rvert|vert)(?=[a-z])", "|", text)
    text = re.sub(r"\s+", "", text).replace("{}", "")
    while True:
        bare = re.sub(r"(?<![a-zA-Z}\]])\{([a-zA-Z0-9])\}", r"\1", text)
        if bare == text:
            return text.strip(".")
        text = bare


def compare(gold, pred):
    """"confirmed", "written alike", "contradicted", or "unable: why". What cannot be evaluated is still the same where it is written alike."""
    told = evaluated(gold, pred)
    if told.startswith("unable") and written(gold) == written(pred):
        return "written alike"
    kind = kind_not_read(gold, pred) if told == "contradicted" else None
    return f"unable: {kind}" if kind else told


def evaluated(gold, pred):
    try:
        fs = applied(gold, pred)
        return "confirmed" if same(read(gold, fs), read(pred, fs)) else "contradicted"
    except Unable as why:
        return f"unable: {why}"
    except RecursionError:
        return "unable: deep"
    except (KeyError, IndexError):
        return "unable: syntax"
    except (ZeroDivisionError, ValueError, OverflowError, TypeError, mp.NoConvergence, MemoryError) as why:
        return f"unable: {type(why).__name__}"
