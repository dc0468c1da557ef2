#!/usr/bin/env python3
# minerva.py - the real minerva_math grader of lm-evaluation-harness over a file of pairs
"""minerva.py run SOURCES IN OUT: SOURCES holds minerva_utils.py, which is lm_eval/tasks/minerva_math/utils.py of the lm-eval 0.4.8 wheel; needs
sympy 1.12 or later and antlr4-python3-runtime 4.11."""
import sys

import importlib.util  # noqa: E402
import os  # noqa: E402
import types  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))


def module(name, path):
    spec = importlib.util.spec_from_file_location(name, path)
    m = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(m)
    return m


def load(sources):
    sys.modules.setdefault("datasets", types.SimpleNamespace(Dataset=object))
    sys.modules.setdefault("math_verify", types.SimpleNamespace(parse=None, verify=None))  # imported there for a second metric
    m = module("minerva_utils", os.path.join(sources, "minerva_utils.py"))
    return lambda gold, pred: m.is_equiv(m.normalize_final_answer(pred), m.normalize_final_answer(gold))


if __name__ == "__main__":
    module("table_watch", os.path.join(HERE, "table_watch.py")).main(load, __doc__)
