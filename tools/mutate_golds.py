#!/usr/bin/env python3
# mutate_golds.py - golds of the shared benchmarks rewritten: equal forms and unequal ones, to hold the grader to
"""mutate_golds.py make DATA OUT.jsonl [--seed N] [--per-gold K] [--most N]   rows gold, pred, label, how, task, src
mutate_golds.py score PAIRS.jsonl LEMMA [--list]                     grades them with the program LEMMA: errors by kind; exit 1 beyond the bounds

DATA is the folder of shared files. A rewriting states its label by construction; where tools/answer_eval.py reads both texts and says otherwise (x^2 y^3 with its letters swapped, 0 n with
another n), the pair is left out and counted."""
import argparse
import collections
import glob
import gzip
import json
import os
import random
import re
import subprocess
import sys
import tempfile

MOST_MISSED, MOST_ACCEPTED = 0.005, 0.0


# ---- golds ----

def boxed(text):
    at = max(text.rfind(r"\boxed{"), text.rfind(r"\fbox{"))
    if at < 0:
        return None
    start = text.index("{", at)
    depth = 0
    for k in range(start, len(text)):
        depth += (text[k] == "{") - (text[k] == "}")
        if depth == 0:
            return text[start + 1:k]
    return None


def rows_of(path):
    with (gzip.open(path, "rt") if path.endswith(".gz") else open(path, encoding="utf-8")) as f:
        text = f.read()
    return json.loads(text) if text.lstrip().startswith("[") else [json.loads(line) for line in text.splitlines() if line.strip()]


def gold_of(row):
    if "answer" in row and "#### " in str(row["answer"]):
        return str(row["answer"]).split("#### ")[-1].strip()
    for name in ("answer", "Answer", "correct"):
        if isinstance(row.get(name), (str, int, float)) and "choices" not in row:
            return str(row[name])
    return boxed(row.get("solution", ""))


TASKS = {"gsm8k": "gsm8k", "minerva": "minerva", "aime": "aime", "amc23": "amc", "aqua": "choice", "mmlu_stem": "choice"}


def golds(data):
    """Distinct (gold, task, source)."""
    seen = {}
    for path in sorted(glob.glob(data + "/bench/**/*.json*", recursive=True)):
        name = os.path.relpath(path, data + "/bench")
        if name.startswith(("code", "mmlu/")):
            continue
        task = next((t for key, t in TASKS.items() if key in name), "std")
        for k, row in enumerate(rows_of(path)):
            g = gold_of(row)
            if "mmlu_stem" in name:
                g = "ABCD"[row["answer"]]
            if g and g.strip() and len(g) < 300:
                seen.setdefault((g.strip(), task), f"{name}/{k}")
    for path in sorted(glob.glob(data + "/grading/*.jsonl.gz")):
        for row in rows_of(path):
            if "found" in path and row["label"] and row.get("pred") and row["task"] != "choice":
                seen.setdefault((row["gold"], row["task"]), row["id"] if "id" in row else "found")
            elif "mutated" in path:
                seen.setdefault((row["gold"], {"minerva_math": "minerva", "aime24": "aime", "amc23": "amc"}.get(row["ds"], "std")), row["src"])
    return [(g, t, s) for (g, t), s in sorted(seen.items())]


# ---- rewritings: name, label, function from (gold, random) to a text or None ----

INTEGER, DECIMAL = re.compile(r"-?\d+"), re.compile(r"-?\d*\.\d+")
FRACTION = re.compile(r"(-?)\\[dt]?frac\{(\d+)\}\{(\d+)\}")
GROUPED = re.compile(r"-?\d{1,3}(,\d{3})+")
LITERAL = re.compile(r"(?<![\w.,{\\])(?<!\\ )\d+(?![\d.,]|\s*_)")
EQUAL, UNEQUAL = [], []


def equal(f):
    EQUAL.append((f.__name__.replace("_", " "), True, f))
    return f


def unequal(f):
    UNEQUAL.append((f.__name__.replace("_", " "), False, f))
    return f


def is_math(g):
    return not re.search(r"\bto\b|[^\x00-\x7f]|\\!|\bk[mg]\b|\{or\}|\\[a-z]+[A-Z]", g) and not re.search(r"[A-Za-z]{3,}", re.sub(r"\\[a-zA-Z]+", "", g)) and r"\text" not in g and "\\begin" not in g


def is_scalar(g):
    return is_math(g) and not re.search(r"[,=<>;]|\\(le|ge|in|cup|cap|pm|mp|ne|leq|geq|lt|gt|approx|equiv|to|mid|quad|ldots|dots|cdots|pmod|infty)(?![a-z])|\\\{|\\\\|^[\[(].*[\])]$|:|%|\$|_|\\circ|°", g)


def parts(g):
    """Members of a flat tuple, set or list: (open, members, shut)."""
    m = re.fullmatch(r"(\\\{|\\left\\\{|\\left\(|\(|\\left\[|\[|)(.*?)(\\\}|\\right\\\}|\\right\)|\)|\\right\]|\]|)", g, re.S)
    if not m or not is_math(g) or re.search(r"[=<>;]|\\(le|ge|in|cup|cap|ldots|dots|leq|geq|mid)(?![a-z])", g) or GROUPED.fullmatch(g):
        return None
    members, depth, now = [], 0, ""
    for c in m.group(2):
        depth += (c in "([{") - (c in ")]}")
        if c == "," and depth == 0:
            members.append(now.strip())
            now = ""
        else:
            now += c
    members.append(now.strip())
    if len(members) < 2 or depth or any(not x for x in members) or len(set(members)) < len(members):
        return None
    return m.group(1), members, m.group(3)


@equal
def dollars(g, r): return f"${g}$" if "$" not in g else None
@equal
def brackets(g, r): return rf"\[{g}\]" if "$" not in g and "\\[" not in g else None
@equal
def full_stop(g, r): return g + "." if g[-1].isalnum() else None
@equal
def spaces(g, r): return re.sub(r"([+\-=])", r" \1 ", g) if is_math(g) and not re.search(r"e-|\d-\d", g) else None
@equal
def dfrac(g, r): return g.replace(r"\frac", r.choice([r"\dfrac", r"\tfrac"])) if r"\frac" in g else None
@equal
def left_right(g, r): return g.replace("(", r"\left(").replace(")", r"\right)") if "(" in g and "left" not in g and g.count("(") == g.count(")") and "\\(" not in g and g.count("[") + g.count("]") == 0 else None
@equal
def no_left_right(g, r): return re.sub(r"\\(left|right)(?![a-z])", "", g) if re.search(r"\\left[(\[]", g) else None
@equal
def slash(g, r):
    m = FRACTION.fullmatch(g)
    return f"{m[1]}{m[2]}/{m[3]}" if m else None
@equal
def unreduced(g, r):
    m, k = FRACTION.fullmatch(g), r.randint(2, 9)
    return rf"{m[1]}\frac{{{int(m[2]) * k}}}{{{int(m[3]) * k}}}" if m else None
@equal
def sign_inside(g, r):
    m = FRACTION.fullmatch(g)
    return r.choice([rf"\frac{{-{m[2]}}}{{{m[3]}}}", rf"\frac{{{m[2]}}}{{-{m[3]}}}"]) if m and m[1] else None
@equal
def mixed(g, r):
    m = FRACTION.fullmatch(g)
    if not m or int(m[2]) <= int(m[3]) or int(m[2]) % int(m[3]) == 0:
        return None
    w, n = divmod(int(m[2]), int(m[3]))
    return r.choice([rf"{m[1]}{w}\frac{{{n}}}{{{m[3]}}}", f"{m[1]}{w} {n}/{m[3]}"])
@equal
def decimal_of_fraction(g, r):
    m = FRACTION.fullmatch(g)
    d = int(m[3]) if m else 0
    while d and d % 2 == 0: d //= 2
    while d and d % 5 == 0: d //= 5
    return f"{m[1]}{int(m[2]) / int(m[3])!r}" if d == 1 and int(m[3]) < 1000 and int(m[2]) < 10 ** 6 and "e" not in repr(int(m[2]) / int(m[3])) else None
@equal
def repeating(g, r):
    m = FRACTION.fullmatch(g)
    if not m or int(m[3]) not in (3, 9, 99, 11, 33): return None
    w, n = divmod(int(m[2]), int(m[3]))
    size = 1 if int(m[3]) in (3, 9) else 2
    digits = str(n * (10 ** size - 1) // int(m[3])).zfill(size)
    return rf"{m[1]}{w}.\overline{{{digits}}}" if n else None
@equal
def fraction_of_integer(g, r):
    k = r.randint(2, 9)
    return rf"\frac{{{int(g) * k}}}{{{k}}}" if INTEGER.fullmatch(g) and len(g) < 15 else None
@equal
def sum_of_two(g, r):
    k = r.randint(1, 99)
    return f"{int(g) - k}+{k}" if INTEGER.fullmatch(g) and len(g) < 15 else None
@equal
def thousands(g, r):
    if not INTEGER.fullmatch(g) or abs(int(g)) < 1000 or g.lstrip("-")[0] == "0": return None
    return f"{int(g):,}".replace(",", r.choice([",", "{,}", r"\,", r",\!", " "]))
@equal
def no_thousands(g, r): return g.replace(",", "") if GROUPED.fullmatch(g) else None
@equal
def trailing_zero(g, r): return g + "0" if DECIMAL.fullmatch(g) else None
@equal
def whole_point_zero(g, r): return g + ".0" if INTEGER.fullmatch(g) and len(g) < 12 else None
@equal
def no_leading_zero(g, r): return g.replace("0.", ".", 1) if re.fullmatch(r"0\.\d+", g) else None
@equal
def scientific(g, r):
    m = re.fullmatch(r"(\d)(\d{2,})", g)
    return rf"{m[1]}.{m[2]}\times 10^{{{len(m[2])}}}" if m else None
@equal
def scientific_e(g, r):
    m = re.fullmatch(r"(-?[\d.]+)\s*\\times\s*10\^\{?(-?\d+)\}?", g)
    return f"{m[1]}e{m[2]}" if m else None
@equal
def scientific_latex(g, r):
    m = re.fullmatch(r"(-?[\d.]+)e([+-]?\d+)", g)
    return rf"{m[1]} {r.choice([chr(92) + 'times', chr(92) + 'cdot'])} 10^{{{int(m[2])}}}" if m else None
@equal
def label(g, r): return f"{r.choice('xyabkn')} = {g}" if is_scalar(g) and INTEGER.fullmatch(g) else None
@equal
def unit(g, r): return g + r.choice([r"\text{ cm}", r"\ \mathrm{m/s}", r"\text{ apples}", r"\,\mathrm{kg}", r"\text{ square units}"]) if re.fullmatch(r"\d+(\.\d+)?", g) else None
@equal
def money(g, r): return r"\$" + g if re.fullmatch(r"\d+(\.\d+)?", g) else None
@equal
def percent_word(g, r): return re.sub(r"\\?%", " percent", g) if re.fullmatch(r"-?[\d.]+\\?%", g) else None
@equal
def degree_sign(g, r): return r.choice([re.sub(r"\^\{?\\circ\}?", "°", g), re.sub(r"\^\{?\\circ\}?", r"\\text{ degrees}", g)]) if re.fullmatch(r"-?[\d.]+\^\{?\\circ\}?", g) else None
@equal
def no_degree(g, r): return re.sub(r"\^\{?\\circ\}?", "", g) if re.fullmatch(r"-?[\d.]+\^\{?\\circ\}?", g) else None
@equal
def no_unit(g, r):
    m = re.fullmatch(r"(-?[\d.]+)\s*\\(?:text|mbox|mathrm)\{[^{}]*\}(\^\d)?", g)
    return m[1] if m else None
@equal
def set_reversed(g, r):
    p = parts(g)
    return p[0] + ", ".join(reversed(p[1])) + p[2] if p and p[0] in ("", r"\{") else None
@equal
def list_and(g, r):
    p = parts(g)
    return ", ".join(p[1][:-1]) + r.choice([r" \text{ and } ", " and "]) + p[1][-1] if p and p[0] == "" and not any(re.fullmatch(r"\d{3}", x) for x in p[1]) else None
@equal
def list_as_set(g, r):
    p = parts(g)
    return r"\{" + ", ".join(p[1]) + r"\}" if p and p[0] == "" else None
@equal
def tuple_left_right(g, r):
    p = parts(g)
    return r"\left( " + " , ".join(p[1]) + r" \right)" if p and p[0] == "(" and p[2] == ")" else None
@equal
def doubled_members(g, r):
    p = parts(g)
    return p[0] + ",".join(rf"\frac{{2({x})}}{{2}}" for x in p[1]) + p[2] if p and p[0] and all(is_scalar(x) for x in p[1]) else None
@equal
def times_one(g, r): return rf"\frac{{3({g})}}{{3}}" if is_scalar(g) and "!" not in g else None
@equal
def minus_minus(g, r): return f"-(-({g}))" if is_scalar(g) else None
@equal
def plus_zero(g, r): return f"{g}+0" if is_scalar(g) else None
@equal
def commuted(g, r):
    m = re.fullmatch(r"([^-+(){}\\|][^+\-(){}|]*?)\s*\+\s*([^+\-(){}|]+)", g)
    return f"{m[2]}+{m[1]}" if m and is_scalar(g) else None
@equal
def root_as_power(g, r): return re.sub(r"\\sqrt\{(\d+)\}", r"\1^{1/2}", g) if re.fullmatch(r"\d*\\sqrt\{\d+\}", g) and re.match(r"\\", g) else None
@equal
def root_plain(g, r): return re.sub(r"\\sqrt\{(\d+)\}", r"sqrt(\1)", g) if re.search(r"\\sqrt\{\d+\}", g) and re.fullmatch(r"(\d*\\sqrt\{\d+\}|[-+\d])+", g) else None
@equal
def root_folded(g, r):
    m = re.fullmatch(r"(\d+)\\sqrt\{(\d+)\}", g)
    return rf"\sqrt{{{int(m[1]) ** 2 * int(m[2])}}}" if m else None
@equal
def root_short(g, r): return re.sub(r"\\sqrt\{(\d)\}", r"\\sqrt\1", g) if re.search(r"\\sqrt\{\d\}", g) else None
@equal
def root_rationalized(g, r):
    m = re.fullmatch(r"\\frac\{\\sqrt\{(\d+)\}\}\{(\d+)\}", g)
    return rf"\frac{{{m[1]}}}{{{m[2]}\sqrt{{{m[1]}}}}}" if m else None
@equal
def pi_sign(g, r): return re.sub(r"\\pi(?![a-z])", "π", g) if r"\pi" in g else None
@equal
def pi_first(g, r):
    m = re.fullmatch(r"(\d+)\\pi", g)
    return rf"\pi \cdot {m[1]}" if m else None
@equal
def cdot(g, r): return re.sub(r"(\d)(\\pi|\\sqrt|[a-z](?![a-z]))", r"\1 \\cdot \2", g) if is_scalar(g) and re.search(r"(?<![_^{])\d(\\pi|\\sqrt)", g) else None
@equal
def interval_as_inequality(g, r):
    m = re.fullmatch(r"(?:\\left)?([(\[])\s*(-?[\d.]+|-?\\frac\{\d+\}\{\d+\})\s*,\s*(-?[\d.]+|-?\\frac\{\d+\}\{\d+\})\s*(?:\\right)?([)\]])", g)
    return f"{m[2]} {'<' if m[1] == '(' else chr(92) + 'le'} x {'<' if m[4] == ')' else chr(92) + 'le'} {m[3]}" if m and (m[1] == "[" and m[4] == ")" or m[1] == "(" and m[4] == "]") else None
@equal
def plus_infinity(g, r): return re.sub(r"(?<![-+])\\infty", r"+\\infty", g) if re.search(r",\s*\\infty", g) else None
@equal
def no_label(g, r):
    m = re.fullmatch(r"([a-zA-Z])\s*=\s*([^=,;]+)", g)
    return m[2] if m and is_math(g) else None
@equal
def relation_turned(g, r):
    m = re.fullmatch(r"([a-z])\s*(<|>|\\leq?|\\geq?)\s*(-?[\d.]+)", g)
    turned = {"<": ">", ">": "<", r"\le": r"\ge", r"\leq": r"\geq", r"\ge": r"\le", r"\geq": r"\leq"}
    return f"{m[3]} {turned[m[2]]} {m[1]}" if m else None
@equal
def equation_scaled(g, r):
    m = re.fullmatch(r"([^=]*[a-z][^=]*[a-z][^=]*)=([^=,]+)", g)
    return f"3({m[1]})=3({m[2]})" if m and is_math(g) and not re.search(r"[,;_'()]|\\quad|\\\\|[<>]|\\[lg]e|\\text", g) else None
@equal
def matrix_brackets(g, r): return g.replace("{pmatrix}", "{bmatrix}") if g.count("{pmatrix}") == 2 else None
@equal
def text_dropped(g, r):
    m = re.fullmatch(r"\\text\{([^{}]+)\}", g)
    return r.choice([m[1], m[1].upper(), r"\mathrm{" + m[1] + "}", r"\textbf{" + m[1] + "}"]) if m and len(m[1]) > 2 and "(" not in m[1] else None
@equal
def chain(g, r):
    k = r.randint(1, 50)
    return f"{int(g) - k}+{k}={g}" if INTEGER.fullmatch(g) and 0 < int(g) < 10 ** 9 and not g.startswith("0") else None
@equal
def full_width(g, r): return g.translate({ord(c): ord(c) + 0xFEE0 for c in "0123456789"}) if re.fullmatch(r"\d+", g) else None
@equal
def boxed_again(g, r): return rf"\boxed{{{g}}}" if is_math(g) and "$" not in g else None


def changed_literal(g, r, step):
    spots = [m for m in LITERAL.finditer(g) if int(m[0]) < 10 ** 15]
    if not spots or not is_math(g):
        return None
    m = r.choice(spots)
    return g[:m.start()] + str(step(int(m[0]))) + g[m.end():]


@unequal
def off_by_one(g, r): return changed_literal(g, r, lambda v: v + 1)
@unequal
def digit(g, r):
    m = re.fullmatch(r"\d{2,12}", g)
    if not m: return None
    k = r.randrange(len(g))
    return g[:k] + str((int(g[k]) + r.randint(1, 9)) % 10) + g[k + 1:]
@unequal
def digits_swapped(g, r):
    if not re.fullmatch(r"[1-9]\d+", g) or g[-1] == g[-2] or (len(g) == 2 and g[-1] == "0"): return None
    return g[:-2] + g[-1] + g[-2]
@unequal
def sign(g, r): return (g[1:] if g[0] == "-" else "-" + g) if re.fullmatch(r"-?(\d*\.?\d+|\\frac\{\d+\}\{\d+\}|\d*\\sqrt\{\d+\}|\d+\\pi)", g) and not re.fullmatch(r"-?0*\.?0*", g) else None
@unequal
def times_ten(g, r): return g + "0" if re.fullmatch(r"-?[1-9]\d*", g) else None
@unequal
def hundredth(g, r): return f"{int(g) / 100}" if re.fullmatch(r"[1-9]\d{0,8}", g) else None
@unequal
def one_in_ten_thousand(g, r): return f"{int(g) * 1.0001:.4f}" if re.fullmatch(r"[1-9]\d{1,7}", g) else None
@unequal
def last_decimal(g, r):
    return g[:-1] + str((int(g[-1]) + r.randint(2, 8)) % 10) if DECIMAL.fullmatch(g) else None
@unequal
def fraction_turned(g, r):
    m = FRACTION.fullmatch(g)
    return rf"{m[1]}\frac{{{m[3]}}}{{{m[2]}}}" if m and m[2] != m[3] and m[2] != "0" else None
@unequal
def root_dropped(g, r): return re.sub(r"\\sqrt\{([^{}]+)\}", r"\1", g, count=1) if re.search(r"\\sqrt\{(?!1\}|0\})[^{}]+\}", g) and is_scalar(g) else None
@unequal
def pi_dropped(g, r): return g.replace(r"\pi", "", 1) if re.fullmatch(r"\d+\\pi", g) else None
@unequal
def inner_sign(g, r):
    spots = [m for m in re.finditer(r"(?<=[\w})!])\s*[+-]\s*(?=[\w\\(])(?!2?k)", g)]  # a whole parameter has both signs
    if not spots or not is_math(g) or "e-" in g or re.search(r"[cCK]_|\bC\b|\bA\b.*\bB\b", g): return None  # free constants take up a sign
    m = r.choice(spots)
    return g[:m.start()] + ("-" if "+" in m[0] else "+") + g[m.end():]
@unequal
def tuple_swapped(g, r):
    p = parts(g)
    return p[0] + ",".join([p[1][1], p[1][0]] + p[1][2:]) + p[2] if p and p[0].endswith("(") and p[2].endswith(")") else None
@unequal
def member_dropped(g, r):
    p = parts(g)
    if not p: return None
    k = r.randrange(len(p[1]))
    return p[0] + ", ".join(p[1][:k] + p[1][k + 1:]) + p[2]
@unequal
def member_added(g, r):
    p = parts(g)
    return p[0] + ", ".join(p[1] + [str(r.randint(10 ** 6, 10 ** 7))]) + p[2] if p else None
@unequal
def bracket_changed(g, r):
    m = re.fullmatch(r"(\\left)?([(\[])(.*,.*)(\\right)?([)\]])", g)
    if not m or "infty" in g or parts(g) is None or len(parts(g)[1]) != 2 or (m[2], m[5]) == ("(", ")"): return None
    return (m[1] or "") + m[2] + m[3] + (m[4] or "") + ("]" if m[5] == ")" else ")")
@unequal
def relation_changed(g, r):
    m = re.search(r"<|>|\\leq?(?![a-z])|\\geq?(?![a-z])", g)
    other = {"<": r"\le ", ">": r"\ge ", r"\le": "<", r"\leq": "<", r"\ge": ">", r"\geq": ">"}
    return g[:m.start()] + other[m[0]] + g[m.end():] if m and is_math(g) else None
@unequal
def other_unit(g, r):
    m = re.fullmatch(r"(-?[\d.]+)\s*\\(?:text|mbox|mathrm)\{\s*(cm|m|km|inches|feet|hours|minutes|grams|kg|meters|seconds)\s*\}", g)
    return rf"{m[1]}\text{{ {r.choice([u for u in ('cm', 'km', 'hours', 'kg') if u != m[2]])}}}" if m and float(m[1]) else None
@unequal
def unit_power(g, r):
    m = re.fullmatch(r"(-?[\d.]+)\s*\\(?:text|mbox|mathrm)\{\s*(cm|m|km|in|ft|inches|feet|units|meters)\s*\}(\^\{?2\}?)?", g)
    return rf"{m[1]}\text{{ {m[2]}}}^3" if m else None
@unequal
def other_label(g, r):
    m = re.fullmatch(r"([xyabkn])\s*=\s*(-?\d+)", g)
    return f"{'w' if m[1] != 'w' else 'z'} = {m[2]}" if m else None
@unequal
def other_letter(g, r):
    letters = [m for m in re.finditer(r"(?<![a-zA-Z\\{])[a-z](?![a-zA-Z])", g) if m[0] not in "eid"]
    if not is_math(g) or not letters or re.search(r"\\(text|begin|in|int|sum|cup)|=|_|<|>|\\[lg]e", g) or len({m[0] for m in letters}) < 2: return None
    m = r.choice(letters)
    return g[:m.start()] + ("w" if m[0] != "w" else "q") + g[m.end():]
@unequal
def exponent(g, r):
    m = re.search(r"(?<=[a-z])\^\{?(\d)\}?", g)
    return g[:m.start()] + "^{" + str(int(m[1]) + 1) + "}" + g[m.end():] if m and is_math(g) and "\\circ" not in g else None
@unequal
def false_chain(g, r): return f"{int(g) - 3}+2={int(g) - 1}" if INTEGER.fullmatch(g) and 10 < int(g) < 10 ** 9 and not g.startswith("0") else None
@unequal
def other_base(g, r):
    m = re.fullmatch(r"(\d+)_\{?(\d)\}?", g)
    return f"{m[1]}_{{{int(m[2]) + 1}}}" if m and len(m[1]) > 1 and int(m[2]) < 9 else None
@unequal
def member_of_list(g, r):
    p = parts(g)
    return r.choice(p[1]) if p else None
@unequal
def other_words(g, r):
    m = re.fullmatch(r"\\text\{([^{}]+)\}", g)
    return r"\text{" + r.choice(["parabola", "Thursday", "Evelyn", "no solution"]) + "}" if m and m[1].lower() not in ("parabola", "thursday", "evelyn", "no solution") and not re.search(r"\(", m[1]) else None


# ---- pairs ----

def mutations(gold, task, rand, count):
    if task == "choice":
        other = rand.choice([c for c in "ABCDE" if c != gold])
        yield from [("letter", True, f"({gold})"), ("letter small", True, gold.lower() + ")"), ("letter text", True, rf"\text{{({gold})}}"), ("other letter", False, other),
                    ("other letter text", False, rf"\text{{({other})}}")]
        return
    for kinds in (EQUAL, UNEQUAL):
        made = [(n, lab, f(gold, rand)) for n, lab, f in kinds if not (task in ("aime", "amc") and n in ("hundredth",))]
        made = [m for m in made if m[2] and m[2] != gold]
        rand.shuffle(made)
        yield from made[:count]


def allowed(task, name, gold):
    if gold.endswith(".0") and name in ("trailing zero",):
        return True
    if task == "minerva" and name in ("label", "money"):
        return False
    return not (task in ("aime", "amc") and name in ("label", "unit", "money"))


def make(args):
    import answer_eval
    rand = random.Random(args.seed)
    rows, seen, spoiled = [], set(), collections.Counter()
    for gold, task, src in golds(args.data):
        for name, lab, pred in mutations(gold, task, rand, args.per_gold):
            if not allowed(task, name, gold) or (gold, pred, task) in seen:
                continue
            seen.add((gold, pred, task))
            rows.append({"gold": gold, "pred": pred, "label": lab, "how": name, "task": task, "src": src})
    rand.shuffle(rows)
    kept = []
    for row in rows:
        if args.most and len(kept) >= args.most:
            break
        if row["task"] != "choice" and "unit" not in row["how"]:
            told = answer_eval.evaluated(row["gold"], row["pred"])
            if told == ("contradicted" if row["label"] else "confirmed"):
                spoiled[row["how"]] += 1
                if args.list:
                    print("spoiled", row["how"], "|", row["gold"], "|", row["pred"], file=sys.stderr)
                continue
            row["evaluated"] = not told.startswith("unable")
        kept.append(row)
    with open(args.out, "w", encoding="utf-8") as f:
        for row in kept:
            f.write(json.dumps(row, ensure_ascii=False) + "\n")
    print(f"{len(kept)} pairs of {len(golds(args.data))} golds, {sum(r['label'] for r in kept)} equal; {sum(r.get('evaluated', False) for r in kept)} labels "
          f"confirmed by evaluation, {sum(spoiled.values())} left out {dict(spoiled)}")


def graded(lemma, rows):
    """The rows with correct, verdict and rule, each by its task."""
    for task in sorted({r["task"] for r in rows}):
        some = [r for r in rows if r["task"] == task]
        with tempfile.TemporaryDirectory() as folder:
            with open(folder + "/pairs.jsonl", "w", encoding="utf-8") as f:
                f.writelines(json.dumps(r) + "\n" for r in some)
            subprocess.run([lemma, "grade", folder + "/pairs.jsonl", "--gold-field", "gold", "--pred-field", "pred", "--task", task, "--out", folder + "/graded.jsonl",
                            "--threads", "1"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            yield from ({**r, **{k: g[k] for k in ("correct", "verdict", "rule")}} for r, g in zip(some, rows_of(folder + "/graded.jsonl")))


def score(args):
    total, bad, listed = collections.Counter(), collections.Counter(), collections.defaultdict(list)
    for row in graded(args.lemma, rows_of(args.pairs)):
        ok = (row["correct"] is True) if row["label"] else (row["correct"] is not True)
        total[row["label"]] += 1
        if not ok:
            bad[row["label"]] += 1
            listed[row["label"], row["how"]].append(row)
    for (lab, how), rows in sorted(listed.items(), key=lambda x: (x[0][0], -len(x[1]))):
        print(f"{'missed' if lab else 'ACCEPTED'} {len(rows):5d}  {how}")
        for row in rows[:10 ** 6 if args.list else 3]:
            print(f"        {row['gold']}  |  {row['pred']}  |  {row['task']} {row['verdict']} ({row['rule']})")
    missed, accepted = bad[True] / max(1, total[True]), bad[False] / max(1, total[False])
    print(f"{bad[True]} of {total[True]} equal ones missed ({missed:.2%}), {bad[False]} of {total[False]} unequal ones accepted ({accepted:.2%})")
    return 1 if missed >= MOST_MISSED or accepted > MOST_ACCEPTED else 0


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    sub = p.add_subparsers(dest="verb", required=True)
    m = sub.add_parser("make")
    m.add_argument("data")
    m.add_argument("out")
    m.add_argument("--seed", type=int, default=1)
    m.add_argument("--per-gold", type=int, default=2, help="at most this many equal and this many unequal forms a gold")
    m.add_argument("--most", type=int, default=0, help="at most this many pairs")
    m.add_argument("--list", action="store_true")
    s = sub.add_parser("score")
    s.add_argument("pairs")
    s.add_argument("lemma")
    s.add_argument("--list", action="store_true")
    args = p.parse_args()
    return make(args) if args.verb == "make" else score(args)


if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    sys.exit(main())
