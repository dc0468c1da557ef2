"""What Python's json reads and refuses, for tests/unit/core/test_json_cases.c, in the classes of JSONTestSuite
(valid, invalid, left to the implementation), made by rules of our own. No package is needed.

    tools/golden/make_json_cases.py tests/data/json

sweeps.txt: for each sweep a name, the number of texts, and a bit for each in hexadecimal (first text, highest
bit): 1 is valid. The texts are listed by the same loops here and in the test.
cases.tsv: a name, the text in hexadecimal, and its value as a tree ("-" invalid). Names begin with y_ (valid),
n_ (invalid), or i_ (Python reads it, the standard leaves it open).
"""
import itertools
import json
import sys
from pathlib import Path

NUMBER = ["0", "1", "-", "+", ".", "e", "E"]
TOKENS = ["[", "]", "{", "}", ",", ":", "1", '"a"']


def constant(name):
    raise ValueError(name)


def read(text):
    return json.loads(text.decode("utf-8"), parse_constant=constant)


def valid(text):
    try:
        read(text)
        return True
    except (ValueError, RecursionError):
        return False


def words(symbols, most):
    for n in range(1, most + 1):
        for w in itertools.product(symbols, repeat=n):
            yield "".join(w).encode()


def sweeps():
    yield "number", words(NUMBER, 5)
    yield "structure", words(TOKENS, 5)
    yield "byte", (bytes([b]) for b in range(256))
    yield "behind", (b"1" + bytes([b]) for b in range(256))
    yield "escape", (b'"\\' + bytes([b]) + b'"' for b in range(256))
    yield "hex", (b'"\\u00' + bytes([b]) + b'0"' for b in range(256))
    yield "utf8", (b'"' + bytes([a, b]) + b'"' for a in range(256) for b in range(256))
    for first in (0xE0, 0xE1, 0xED, 0xEF):
        yield "utf8-%02x" % first, (b'"' + bytes([first, a, b]) + b'"' for a in range(256) for b in (0x7F, 0x80, 0xBF, 0xC0))
    for first in (0xF0, 0xF1, 0xF4, 0xF5):
        yield "utf8-%02x" % first, (b'"' + bytes([first, a, 0x80, b]) + b'"' for a in range(256) for b in (0x7F, 0x80, 0xBF, 0xC0))


def tree(v):
    if v is None or isinstance(v, bool):
        return {None: "n", True: "t", False: "f"}[v]
    if isinstance(v, int):
        return "i%d" % v if -(2**63) <= v < 2**63 else "r" + float(v).hex()
    if isinstance(v, float):
        return "r" + v.hex()
    if isinstance(v, str):
        return "s" + v.encode("utf-8", "surrogatepass").hex()
    if isinstance(v, list):
        return "[" + "".join(map(tree, v)) + "]"
    return "{" + "".join(tree(k) + tree(x) for k, x in v.items()) + "}"


def y_cases():
    for w in (b" ", b"\t", b"\n", b"\r", b"\r\n \t"):
        for t in (b"[", b"1", b",", b"2", b"]"):
            yield "space", b"[1,2]".replace(t, w + t + w)
    for t in (b"[]", b"{}", b'""', b"0", b"-0", b"true", b"false", b"null", b"[[]]", b"[{}]", b'{"":0}', b'{"a":[]}', b'{"a":{"b":{}}}'):
        yield "small", t
    for n in (1, 9, 10, 123, 2**31, 2**53 - 1, 2**53 + 1, 2**63 - 1):
        yield "integer", b"%d" % n
        yield "integer", b"-%d" % n
    yield "integer", b"-%d" % 2**63
    for t in ("0.0", "-0.0", "0.1", "-0.1", "1.5", "123.456789", "1e0", "1E0", "1e+1", "1e-1", "1.0E+2", "-1.25e-3", "0e1", "0e+1", "0E-1", "1e22",
              "1e23", "9007199254740993.0", "2.2250738585072014e-308", "1.7976931348623157e308", "0." + "1" * 400, "3" * 17 + ".5", "0.000000000000000000000001"):
        yield "real", t.encode()
    for c in '"\\/bfnrt':
        yield "escape", b'"\\' + c.encode() + b'"'
    for cp in (0, 1, 0x1F, 0x20, 0x22, 0x5C, 0x7F, 0x80, 0xFF, 0x7FF, 0x800, 0xD7FF, 0xE000, 0xFDD0, 0xFFFE, 0xFFFF):
        yield "u", b'"\\u%04x"' % cp
        yield "u", b'"\\u%04X"' % cp
    for hi, lo in ((0xD800, 0xDC00), (0xD83D, 0xDE00), (0xDBFF, 0xDFFF)):
        yield "pair", b'"\\u%04x\\u%04X"' % (hi, lo)
    for s in ("é", "€", "\U0001F600", "\U0010FFFF", "\u2028\u2029", "\uFEFF", "\x7f", "a/b", "日本語", "e\u0301"):
        yield "text", ('"%s"' % s).encode()
        yield "key", ('{"%s":"%s"}' % (s, s)).encode()
    yield "many", b"[" + b",".join(b"%d" % i for i in range(1000)) + b"]"
    yield "long", b'"' + b"x" * 3000 + b'"'
    yield "deep", b"[" * 64 + b"]" * 64
    yield "mixed", b'{"a":1,"b":[true,null,{"c":"\\ud83d\\ude00","d":-1.5e3}],"e":{"f":[]}}'


def n_cases():
    for t in (b"", b" ", b"[1,2", b"[1,,2]", b"[,1]", b"[1,]", b"[1 2]", b"[1:2]", b'{"a"}', b'{"a":}', b'{:1}', b'{"a":1,}', b'{,"a":1}',
              b'{"a" 1}', b'{"a":1 "b":2}', b"{a:1}", b"{1:1}", b"{'a':1}", b'{"a":1}}', b"[]]", b"[}", b"{]", b"[1]x", b"{}{}", b"1 2",
              b"tru", b"True", b"TRUE", b"nul", b"NaN", b"Infinity", b"-Infinity", b"[nan]", b"undefined", b"/**/1", b"1//", b"#1", b"[1]\x00",
              b"[1\x00]", b"[true\x00,1]", b'{"a"\x00:1}', b"\x00", b"[\x00]", b"\xEF\xBB\xBF{}", b"\xFF\xFE[\x00]\x00", b"[\x0c]", b"[\xc2\xa0]", b"[\xe2\x80\x8b1]"):
        yield "form", t
    for t in (b"01", b"-01", b"+1", b".5", b"1.", b"1.e1", b"1e", b"1e+", b"0x1", b"1_000", b"1,5", b"--1", b"-", b"-a", b"1a", b"0.1.2", b"1e1.5",
              b"\xef\xbc\x91", b"1\x00"):
        yield "number", t
    for t in (b'"', b'"a', b"'a'", b'"\\"', b'"\\x41"', b'"\\u"', b'"\\u1"', b'"\\u12"', b'"\\u123"', b'"\\u123g"', b'"\\U0041"', b'"\\0"',
              b'"\\a"', b'"\\\n"', b'"a\nb"', b'"a\tb"', b'"\x00"', b'"\x1f"', b'"\\', b'["a]', b'"\\u 041"', b'"\\u+041"'):
        yield "string", t
    for t in (b"\xff", b"\xc0\x80", b"\xc1\xbf", b"\xe0\x80\x80", b"\xe0\x9f\xbf", b"\xed\xa0\x80", b"\xed\xbf\xbf", b"\xf0\x80\x80\x80", b"\xf0\x8f\xbf\xbf",
              b"\xf4\x90\x80\x80", b"\xf5\x80\x80\x80", b"\x80", b"\xbf", b"\xc3", b"\xe2\x82", b"\xf0\x9f\x98", b"\xfe", b"\xfc\x80\x80\x80\x80\x80"):
        yield "utf8", b'["' + t + b'"]'
        yield "key", b'{"' + t + b'":1}'


def i_cases():
    for t in ("1e400", "-1e400", "[1e309]"):
        yield "overflow", t.encode()
    for t in ("1e-400", "-1e-400", "123e-10000000"):
        yield "underflow", t.encode()
    for t in (2**63, 2**64, 10**30):
        yield "integer", b"%d" % t
        yield "integer", b"-%d" % (t + 1)
    for t in (b"\\ud800", b"\\udc00", b"\\ud800\\ud800", b"\\udc00\\ud800", b"\\ud83dx", b"\\ud83d\\n", b"a\\uDFFFb"):
        yield "surrogate", b'"' + t + b'"'
    yield "twice", b'{"a":1,"a":2}'
    yield "twice", b'{"a":1,"b":2,"\\u0061":1}'
    yield "deep", b"[" * 65 + b"]" * 65
    yield "deep", b'{"a":' * 65 + b"1" + b"}" * 65
    yield "deep", b"[" * 500 + b"]" * 500


def main():
    sys.setrecursionlimit(10000)
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    lines, total = [], 0
    for name, texts in sweeps():
        bits = "".join("1" if valid(t) else "0" for t in texts)
        total += len(bits)
        n = len(bits)
        lines.append("%s %d %x" % (name, n, int("1" + bits + "0" * (-(n + 1) % 4), 2)))
    (out / "sweeps.txt").write_text("\n".join(lines) + "\n")
    rows = []
    for kind, cases in (("y", y_cases()), ("n", n_cases()), ("i", i_cases())):
        for i, (name, t) in enumerate(cases):
            assert valid(t) == (kind != "n"), (kind, name, t)
            rows.append("%s_%s_%d\t%s\t%s" % (kind, name, i, t.hex(), "-" if kind == "n" else tree(read(t))))
    (out / "cases.tsv").write_text("\n".join(rows) + "\n")
    print(total, "texts in sweeps,", len(rows), "cases")


if __name__ == "__main__":
    main()
