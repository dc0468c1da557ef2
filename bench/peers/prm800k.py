#!/usr/bin/env python3
# prm800k.py - the real PRM800K grader (openai/prm800k, prm800k/grading) over a file of pairs
"""prm800k.py run SOURCES IN OUT: SOURCES/grading holds grader.py and math_normalize.py as published; needs sympy and pylatexenc."""
import sys

import importlib.util  # noqa: E402
import os  # noqa: E402
import warnings  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))


def load(sources):
    warnings.filterwarnings("ignore")
    sys.path.insert(0, sources)
    from grading import grader

    return lambda gold, pred: grader.grade_answer(pred, gold)


if __name__ == "__main__":
    spec = importlib.util.spec_from_file_location("table_watch", os.path.join(HERE, "table_watch.py"))
    watch = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(watch)
    watch.main(load, __doc__)
