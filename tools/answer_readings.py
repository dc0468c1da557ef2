"""answer_readings.py - other readings of two texts that tools/answer_eval.py cannot evaluate as they stand

confirmed(gold, pred, evaluate) tries, one after the other: boxes and dollars taken off; words left out that only one side has; units by their
sizes; residues, times of day, numerals; indefinite integrals by their integrands; functions in pieces point by point; free constants by a
fit at random points; families by their members; matrices cell by cell; regions; ratios; phrases. It only ever confirms. evaluate is answer_eval.evaluated.
"""
import re

from mpmath import lu_solve, matrix, mp, mpf, nstr

import answer_eval as ev

# ---- looks ----


def unboxed(text):
    while (at := text.find(r"\boxed{")) >= 0:
        depth, k = 1, at + 7
        while k < len(text) and depth:
            depth += (text[k] == "{") - (text[k] == "}")
            k += 1
        text = text[:at] + " " + text[at + 7:k - 1 if depth == 0 else k] + " " + text[k:]
    return text


def plain(text):
    text = re.sub(r"\\\\(?=[a-zA-Z]{2})", r"\\", unboxed(text.replace("$", " "))).replace(r"\n", " ")
    text = re.sub(r"\"(-?[\d.]+)\"", r"\1", re.sub(r"(\d)\s*percent\b", r"\1\\%", text))
    text = re.sub(r"\\overline\s*\{([A-Z]{2})\}", r"\\xi_{\1}", re.sub(r"\\(sin|cos|tan|ln)([a-z])\b", r"\\\1 \2", text))
    text = re.sub(r"\^(\{[^{}]*\}|\w)\s*(_(?:\{(?:[^{}]|\{[^{}]*\})*\}|\w))", r"\2^\1", text)  # x^2_i
    text = re.sub(r"\\[()\[\]]|\\text\s*\{\s*and\s*\}", lambda m: "," if "and" in m.group(0) else " ", text)
    text = re.sub(r"\\operatorname\{a(?:rc?)?(sinh|cosh|tanh)\}|\\a(?:rc?)?(sinh|cosh|tanh)\b|\\(sinh|cosh|tanh)\^\{-1\}", lambda m: "\\a" + "".join(x or "" for x in m.groups()) + " ", text)
    text = re.sub(r"^(arcsin|arccos|arctan|sin|cos|tan|log|ln)([a-z])$", r"\1 \2", text.strip())
    text = re.sub(r"(\\left\s*)?\[\s*\\begin\{matrix\}", r"\\begin{pmatrix}", text)
    text = re.sub(r"\\end\{matrix\}\s*(\\right\s*)?\]", r"\\end{pmatrix}", text)
    text = re.sub(r"\\\\?quad|~~|\\ (?= *\\?[a-z])", ", ", text)
    text = re.sub(r"\\(?:l|r)?vert(?=[a-zA-Z0-9])", "|", text)
    text = re.sub(r"\b(\d{1,3}),(?:\\!\s*)?(\d{3})(?=[.,\D]|$)(?:,(?:\\!\s*)?(\d{3}))?", lambda m: "".join(x for x in m.groups() if x), text)
    text = re.sub(r"(\\approx|≈).*$", "", text) if not re.match(r"\s*\w+\s*(\\approx|≈)", text) else re.sub(r"\\approx|≈", "=", text)
    text = re.sub(r"!=", r"\\ne ", text)
    text = re.sub(r"<=", r"\\le ", re.sub(r">=", r"\\ge ", text))
    text = re.sub(r"(?<![\\_^a-zA-Z}\]])\{((?:[^{}]|\{[^{}]*\})*,(?:[^{}]|\{[^{}]*\})*)\}", r"\\{\1\\}", text)  # {1,2}
    text = re.sub(r"\\max\\\{(.*)\\\}", r"\\max(\1)", text)
    text = re.sub(r"\)\s*or\s*\(|\s+or\s+|\\text\s*\{\s*or\s*\}", lambda m: m.group(0).replace("or", ",") if "text" not in m.group(0) else ",", text)
    return re.sub(r"(,\s*)+", ", ", text).strip(" ,.")


WORDS = re.compile(r"\\text(?:normal|rm|bf)?\s*\{[^{}]*\}|(?<![\\a-zA-Z])[A-Za-z]{2,}(?![a-zA-Z{])[,:.]?")
KEPT = set(ev.FUNCTIONS) | ev.GREEK | {"pi", "dx", "dy", "dt", "dz", "da", "AB", "AC", "ABC"}


def without_words(text):
    """The text without its prose, and the words that say something."""
    said = []

    def drop(m):
        word = re.sub(r"\\text\w*|[^A-Za-z ]", "", m.group(0)).strip()
        if word in KEPT:
            return m.group(0)
        said.extend(word.lower().split())
        return " "
    return re.sub(r"^\s*(and|,|;|:)|(\s|and|,|;|:)\s*$", "", WORDS.sub(drop, plain(text))).strip(), [w for w in said if len(w) > 3]


COUNTED = set("million billion thousand hundred dozen percent square cubic half twice double least most more less between about".split())


def by_words(gold, pred, evaluate):
    (a, said), (b, other) = without_words(gold), without_words(pred)
    one_sided = set(said) ^ set(other)
    told = (not said or not other or said == other) and not one_sided & (COUNTED | set(UNITS))
    return told and a and b and evaluate(a, b) == "confirmed"


# ---- units, residues, times, numerals ----

SIZES = {"length": {"m": 1, "meters": 1, "km": 1000, "kilometers": 1000, "cm": mpf(1) / 100, "mm": mpf(1) / 1000, "in": mpf(254) / 10000, "inches": mpf(254) / 10000,
                    "ft": mpf(3048) / 10000, "feet": mpf(3048) / 10000, "yard": mpf(9144) / 10000, "mile": mpf(1609344) / 1000, "miles": mpf(1609344) / 1000},
         "area": {"squareinches": 1, "in^2": 1, "squarefeet": 144, "acre": 43560 * 144}, "volume": {"liters": 1000, "ml": 1}, "room": {"cubicfeet": 1, "ft^3": 1},
         "mass": {"kg": 1000, "g": 1}, "weight": {"pound": 16, "ounces": 1}, "vessel": {"gallon": 4, "quarts": 1}, "time": {"hours": 60, "minutes": 1, "weeks": 7 * 1440, "days": 1440},
         "speed": {"m/s": 1, "ms^{-1}": 1, "km/h": mpf(1000) / 3600}, "rate": {"mph": 1, "milesperhour": 1}, "dollar": {"cents": 1, "dollars": 100}, "euro": {"euros": 1},
         "number": {"dozen": 12, "billion": 10 ** 9, "million": 10 ** 6, "percent": mpf(1) / 100, "pct": mpf(1) / 100, "percentage": mpf(1) / 100, "%": mpf(1) / 100, "": 1}}
UNITS = {name: (kind, size) for kind, names in SIZES.items() for name, size in names.items()}


def measured(text):
    """The kind and size of a number with its unit; None where it is none."""
    text = re.sub(r"\\text\w*\s*\{([^{}]*)\}|\\mathrm\{([^{}]*)\}", lambda m: " " + (m.group(1) or m.group(2)), plain(text) if "$0" not in text else text)
    text = text.replace(r"\,", " ").replace(r"\%", "%").replace("€", "euros ").replace(r"\$", "$")
    m = re.fullmatch(r"\s*(\$|euros)?\s*([\d.,]+)\s*(?:\(five\))?\s*([a-zA-Z/%^{}\-\d ]*?)\s*", text)
    n = re.fullmatch(r"\s*([\d.]+)\s*\\(?:times|cdot)\s*10\^\{?(-?\d+)\}?\s*", text)
    if n:
        return "number", mpf(n.group(1)) * mpf(10) ** int(n.group(2))
    unit = re.sub(r"\s+", "", m.group(3)) if m else None
    unit = unit if unit in UNITS else unit and unit.lower()
    if not m or unit not in UNITS:
        return None
    kind, size = {"$": ("dollar", 100), "euros": ("euro", 1)}.get(m.group(1)) or UNITS[unit]
    return kind, mpf(m.group(2).replace(",", "")) * size


def by_units(gold, pred, _):
    a, b = measured(gold), measured(pred)
    return bool(a and b) and a[0] == b[0] and ev.near(a[1], b[1])


def residue(text):
    m = re.fullmatch(r"\s*(-?\d+)\s*\\b?mod\s*(-?\d+)\s*|\s*(-?\d+)\s*", text)
    return None if not m else int(m.group(1)) % int(m.group(2)) if m.group(1) else int(m.group(3))


def by_residues(gold, pred, _):
    return residue(gold) is not None and residue(gold) == residue(pred)


def clock(text):
    m = re.fullmatch(r"(\d{1,2}):(\d\d)\s*([ap]\.?m\.?|noon)?", re.sub(r"\\text\{\s*([^{}]*)\}", r" \1", text).strip().lower())
    if not m:
        return None
    return (int(m.group(1)) % 12 if m.group(3) else int(m.group(1))) * 60 + int(m.group(2)), m.group(3) and m.group(3)[0]


def by_clock(gold, pred, _):
    """A time without a.m. or p.m. may be either; noon is 12:00."""
    a, b = clock(gold), clock(pred)
    if not a or not b:
        return False
    return any(x % 1440 == y % 1440 for x in both(a) for y in both(b))


def both(t):
    return [t[0] + 720] if t[1] in ("p", "n") else [t[0]] if t[1] == "a" else [t[0], t[0] + 720] if t[0] < 720 else [t[0]]


NUMERALS = {"三分之一": r"\frac{1}{3}", "百分之二十": "0.2", "3万": "30000", r"20\%": "0.2"}


def by_numerals(gold, pred, evaluate):
    if not re.search(r"[\u3000-\uffff]", gold + pred):
        return False
    a, b = (NUMERALS.get(t.strip(), re.sub(r"[\u3000-\uffff]+", " ", t)).split("=")[-1] for t in (gold, pred))
    return evaluate(a, b) == "confirmed"


def by_degrees(gold, pred, _):
    """Degrees, minutes and seconds."""
    def value(t):
        t = t.replace("$", "").replace("°", r"^\circ ").replace("′′", "″").replace("″", r"^{\prime\prime}").replace("′", r"^{\prime}")
        t = re.sub(r"[\s{}]|(?<=e)\\(?=p)", "", t).replace(r"^\prime\prime", '"').replace(r"^\primeprime", '"').replace(r"^\prime", "'").replace(r"^\circ", "d")
        m = re.fullmatch(r"([\d.]+)d(?:(\d+)')?(?:(\d+)\")?", t)
        return m and mpf(m.group(1)) + mpf(m.group(2) or 0) / 60 + mpf(m.group(3) or 0) / 3600
    a, b = value(gold), value(pred)
    return a is not None and b is not None and ev.near(a, b)


# ---- integrals, pieces, constants, families ----

def integrand(text):
    m = re.fullmatch(r"\s*\\int(?:\\limits)?((?:[_^]\s*(?:\{[^{}]*\}|\w)\s*)*)(.*?)\s*(?:\\,)?\s*d\s*([a-z])\s*", text)
    n = m or re.fullmatch(r"\s*\\int((?:[_^]\s*(?:\{[^{}]*\}|\w)\s*)*)\s*(\\frac\{)d([a-z])(\}.*)", text)
    if not n:
        return None
    ends = sorted(re.sub(r"[\s{}]", "", e) for e in re.findall(r"[_^]\s*(?:\{[^{}]*\}|\w)", n.group(1)))
    body = n.group(2).strip() or "1"
    return [e for e in ends if len(e) > 1], n.group(3), body if m else body + "1" + n.group(4)


def by_integrands(gold, pred, evaluate):
    a, b = integrand(gold), integrand(pred)
    return bool(a and b) and a[:2] == b[:2] and evaluate(a[2], b[2]) == "confirmed"


def pieces(text):
    m = re.fullmatch(r".*?\\begin\{cases\}(.*)\\end\{cases\}\s*", text, re.S)
    if not m:
        return [(ev.read(text), None)] if "|" in text else None
    rows = []
    for row in re.split(r"\\\\", m.group(1)):
        value, _, when = re.sub(r",?\s*&\s*(\\text\{ ?if ?\})?", "&", row, count=1).partition("&")
        rows.append((ev.read(value), None if "otherwise" in when else ev.read(when)))
    return rows


def at(rows, x):
    for value, when in rows:
        if when is None or ev.member(when, x, "x"):
            return value[1]({"x": x, "degree": mpf(1), "percent": mpf(1)})
    return None


def by_pieces(gold, pred, _):
    a, b = pieces(gold), pieces(pred)
    if not a or not b or "cases" not in gold + pred:
        return False
    points = [mpf(k) / 7 for k in range(-70, 71)] + [mpf(k) for k in range(-5, 6)]
    values = [(at(a, x), at(b, x)) for x in points]
    return all(u is not None and v is not None and ev.near(u, v) for u, v in values)


CONSTANT = re.compile(r"^(C|c|K|A|B|[cCkKAB]_\{?\d\}?)$")


def value_of_answer(text):
    a = ev.read(plain(text))
    return ev.strip_label(a) or a


def by_free_constants(gold, pred, _):
    """Each side at random constants is the other at some: its own constants are fitted at points and tried at others."""
    a, b = value_of_answer(gold), value_of_answer(pred)
    return a[0] == b[0] == "scalar" and covers(a, b) and covers(b, a)


def covers(a, b):
    mine, free = ([n for n in sorted(s[2]) if CONSTANT.match(n)] for s in (a, b))
    if not free or len(free) != len(mine):
        return False
    rest = sorted((a[2] | b[2]) - set(mine) - set(free))
    env = [{**ev.environment(rest, turn), **{n: ev.drawn("fit" + n, 0) for n in mine}} for turn in range(2 * len(free) + 4)]
    fit = lambda e, at_: b[1]({**e, **dict(zip(free, at_))})
    zero, n = [mpf(0)] * len(free), len(free)
    m, rhs = matrix(n, n), matrix(n, 1)
    for i in range(n):
        base = fit(env[i], zero)
        rhs[i] = a[1](env[i]) - base
        for j in range(n):
            m[i, j] = fit(env[i], [mpf(k == j) for k in range(n)]) - base
    found = lu_solve(m, rhs)
    return all(ev.near(a[1](e), fit(e, list(found))) for e in env[n:])


def members(text):
    """{a + k P} for k from -60 to 60 in a window around 0, of all parts."""
    text = re.sub(r",?\s*(\\ )?[kn]\s*\\in\s*\\mathbb\{Z\}", "", plain(text))
    out = set()
    for part in re.split(r",", text):
        f = value_of_answer(part)
        names = [n for n in f[2] if n in "kn"]
        if f[0] != "scalar" or len(names) != 1:
            return None
        for k in range(-60, 61):
            v = mp.re(f[1]({names[0]: mpf(k), "degree": mpf(1), "percent": mpf(1)}))
            if abs(v) < 40:
                out.add(nstr(v, 30))
    return out


def by_members(gold, pred, _):
    a = members(gold)
    return bool(a) and a == members(pred)


# ---- words, conditions, matrices, regions, ratios ----

ALIKE = [{"dne", "does not exist", "undefined"}, {"no solution", "no solutions", "no real solution", "no real solutions", "emptyset"}, {"all real numbers", "reals", "mathbbr"}]
STOP = set("the a an is are it of series vectors wins condition".split())


def phrase(text):
    return re.sub(r"[^a-z0-9\u2460-\u9fff ]", "", re.sub(r"\\(?:text|mathrm)\b|条件|、|,", "", text).lower()).strip()


def by_phrases(gold, pred, _):
    """The same words but for those that say nothing; sayings that are one."""
    a, b = phrase(gold), phrase(pred)
    if any(a in group and b in group for group in ALIKE):
        return True
    if re.search(r"[\d\\=<>+^-]", gold.replace(r"\text", "") + pred.replace(r"\text", "")):
        return False
    x, y = ([w for w in t.split() if w not in STOP] for t in (a, b))
    return bool(x) and (x == y or "".join(x) == "".join(y))


CONDITION = re.compile(r"\s*(?:,(?:\\ )?|\(|\\text\s*\{\s*for\s*\}|\bfor\b)\s*([a-z]\s*(?:\\in|\\ge?q?|>|<|\\ne).*?)\)?\s*$")


def by_conditions(gold, pred, evaluate):
    """The values; of two conditions the same one, and one alone is told by the rule of the grader."""
    texts, told = [], []
    for t in (gold, pred):
        t = t.replace("$", "").strip()
        m = CONDITION.search(t)
        texts.append(t[:m.start()] if m else t)
        told.append(re.sub(r"[\s{}]|(?<=\\g)eq|(?<=\\g)e", "", m.group(1)) if m else None)
    if told == [None, None] or (None not in told and told[0] != told[1]):
        return False
    return evaluate(*texts) == "confirmed"


MATRIX = re.compile(r"\\begin\{([bpv]?matrix|array)\}(?:\{[^}]*\})?(.*?)\\end\{\1\}", re.S)


def by_matrices(gold, pred, evaluate):
    """One matrix or several, each entry by entry; not a sum or product of them."""
    gold, pred = (re.sub(r"(?<!\\)\\(?=[-\d])", r"\\\\", t) for t in (gold, pred))  # a row end that lost a backslash
    worked = re.compile(r"end\{\w*\}\s*(\\right\s*[\])]\s*)?(\^|[-+*]|\\begin)")
    a, b = MATRIX.findall(gold), MATRIX.findall(pred)
    if not a or len(a) != len(b) or worked.search(gold) or worked.search(pred):
        return False
    beside = [re.sub(r"\\left|\\right|[\[\](){},;$\s\\.:]|[A-Za-z]{2,}", "", MATRIX.sub("", t)) for t in (gold, pred)]
    if beside[0] != beside[1]:
        return False
    cells = [sorted(str([re.sub(r"\s", "", c) for c in re.split(r"&|\\\\", m[1])]) for m in side) for side in (a, b)]
    return cells[0] == cells[1]


def by_unions(gold, pred, evaluate):
    """`or` between inequalities is a union; all numbers but one are two intervals."""
    def united(t):
        t = re.sub(r"\s+or\s+|\\text\s*\{\s*or\s*\}", r" \\cup ", t.replace("$", " "))
        t = re.sub(r"\\mathbb\{R\}\\setminus\\\{(-?\d+)\\\}", r"(-\\infty,\1)\\cup(\1,\\infty)", t)
        t = re.sub(r"^\s*\w\s*(?:!=|\\neq?)\s*(-?\d+)\s*$", r"(-\\infty,\1)\\cup(\1,\\infty)", t)
        return t.replace("+\\infty", "\\infty")
    return evaluate(united(gold), united(pred)) == "confirmed"


def by_ratios(gold, pred, _):
    a, b = ([mpf(x) for x in re.findall(r"\d+", re.sub(r"\bto\b", ":", plain(t)).split("=")[-1])] for t in (gold, pred))
    if any(re.fullmatch(r"\s*\d{1,2}:\d\d.*", t) for t in (gold, pred)):
        return False
    return ":" in gold + pred and len(a) == len(b) > 1 and all(ev.near(u * b[0], v * a[0]) for u, v in zip(a, b))


def by_decimals(gold, pred, evaluate):
    """Recurring digits and mixed numbers as fractions."""
    def fraction(t):
        t = re.sub(r"^(-?)(\d+) (\d+)/(\d+)$", r"\1(\2+\3/\4)", t.strip())
        m = re.fullmatch(r"(-?\d*)\.(\d*)\\overline\{(\d+)\}", t)
        if not m:
            return t
        head, digits, period = m.groups()
        return f"({head or 0}{digits}{period}-{head or 0}{digits})/({'9' * len(period)}{'0' * len(digits)})"
    a, b = fraction(gold), fraction(pred)
    return (a, b) != (gold, pred) and evaluate(a, b) == "confirmed"


READINGS = [lambda g, p, e: e(plain(g), plain(p)) == "confirmed", by_units, by_residues, by_clock, by_degrees, by_numerals, by_integrands, by_pieces, by_free_constants, by_members,
            by_phrases, by_conditions, by_matrices, by_decimals, by_unions, by_ratios, by_words]


def confirmed(gold, pred, evaluate):
    for reading in READINGS:
        try:
            if reading(gold, pred, evaluate):
                return True
        except (ev.Unable, KeyError, IndexError, ValueError, TypeError, ZeroDivisionError, OverflowError, RecursionError, AttributeError, mp.NoConvergence):
            continue
    return False
