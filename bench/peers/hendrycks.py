#!/usr/bin/env python3
# hendrycks.py - the real MATH grader (hendrycks/math, modeling/math_equivalence.py) over a file of pairs
"""hendrycks.py run SOURCES IN OUT: SOURCES holds math_equivalence.py as published (it is on no registry), or hendrycks_math_utils.py, the same
rules from the lm-eval wheel (lm_eval/tasks/hendrycks_math/utils.py)."""
import sys

import importlib.util  # noqa: E402
import os  # noqa: E402
import types  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))


def module(name, path):
    spec = importlib.util.spec_from_file_location(name, path)
    m = importlib.util.module_from_spec(spec)
    sys.modules[name] = m
    spec.loader.exec_module(m)
    return m


def load(sources):
    sys.modules.setdefault("datasets", types.SimpleNamespace(Dataset=object))
    names = [n for n in ("math_equivalence.py", "hendrycks_math_utils.py") if os.path.exists(os.path.join(sources, n))]
    return module("math_equivalence", os.path.join(sources, names[0])).is_equiv


if __name__ == "__main__":
    module("table_watch", os.path.join(HERE, "table_watch.py")).main(load, __doc__)
