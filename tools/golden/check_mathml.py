#!/usr/bin/env python3
"""check_mathml.py BUILD FILE... - mathematics of real problems and solutions as MathML: how much is converted, whether all of it is
well-formed XML, and whether it has the symbols that PyPI's latex2mathml finds.

Needs latex2mathml (python3 -m venv /opt/mathml; pip install latex2mathml). FILE: JSONL, .gz or not; all texts are read."""
import gzip, json, re, subprocess, sys, tempfile
import xml.etree.ElementTree as ET
from collections import Counter
import latex2mathml.converter as l2m

def texts(v):
    if isinstance(v, str): yield v
    elif isinstance(v, dict):
        for x in v.values(): yield from texts(x)
    elif isinstance(v, list):
        for x in v: yield from texts(x)

segments = []
for path in sys.argv[2:]:
    for line in (gzip.open if path.endswith(".gz") else open)(path, "rt"):
        for t in texts(json.loads(line)):
            for m in re.finditer(r"\$\$(.+?)\$\$|\\\[(.+?)\\\]|\$([^$\s][^$]*?)\$", t, re.S):
                s = next(g for g in m.groups() if g)
                segments.append(s.replace("\n", " "))
segments = sorted(set(segments))
with tempfile.NamedTemporaryFile("w", suffix=".txt") as f:
    f.write("\n".join(segments) + "\n"); f.flush()
    out = subprocess.run([sys.argv[1] + "/tests/report_test_mathml", f.name], capture_output=True, text=True).stdout.split("\n")[:-1]
assert len(out) == len(segments), (len(out), len(segments))

same = {"−": "-", "\u00a0": "", "ϕ": "φ", "∣": "|", "⟂": "⊥", "ˉ": "‾", "¯": "‾", "→": "→", "⋅": "·", "∙": "•", "∗": "*", "∼": "~", "′": "'", "ϵ": "ε", "―": "‾"}
def tokens(xml):
    got = "".join("".join(e.itertext()) for e in ET.fromstring(xml).iter() if e.tag.split("}")[-1] in ("mi", "mn", "mo", "mtext"))
    for a, b in same.items(): got = got.replace(a, b)
    return Counter(re.sub(r"\s", "", got))

converted = wrong = compared = broken = 0
unknown = Counter()
for s, x in zip(segments, out):
    if not x:
        unknown.update(set(re.findall(r"\\[a-zA-Z]+", s)) or {"(no command)"})
        continue
    converted += 1
    try: mine = tokens(x)
    except ET.ParseError as e:
        broken += 1; print("not XML:", s, e); continue
    if converted % 7: continue
    try: theirs = tokens(l2m.convert(s))
    except Exception: continue
    compared += 1
    if mine != theirs:
        wrong += 1
        if wrong <= 25: print("differs:", s, "| only here", dict(mine - theirs), "| only there", dict(theirs - mine))
print("%d segments, %d converted (%.2f %%), %d not XML; %d compared, %d differ" % (len(segments), converted, 100 * converted / len(segments), broken, compared, wrong))
print("commands in segments that were not converted:", unknown.most_common(25))
sys.exit(broken > 0)
