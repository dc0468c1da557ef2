#!/usr/bin/env python3
# math_verify.py - the real Math-Verify (PyPI math-verify) over a file of pairs
"""math_verify.py run SOURCES IN OUT: SOURCES is not used; needs math-verify[antlr4_13_2]. A text without a mark is put between dollars."""
import sys

sys.path.pop(0)  # this folder holds a math_verify.py, which would hide the package
import importlib.util  # noqa: E402
import logging  # noqa: E402
import os  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))


def load(sources):
    logging.disable(logging.CRITICAL)
    from math_verify import parse, verify

    def wrapped(text):
        return text if any(mark in text for mark in ("$", "\\[", "\\(", "\\boxed")) else "$" + text + "$"

    return lambda gold, pred: verify(parse(wrapped(gold)), parse(wrapped(pred)))


if __name__ == "__main__":
    spec = importlib.util.spec_from_file_location("table_watch", os.path.join(HERE, "table_watch.py"))
    watch = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(watch)
    watch.main(load, __doc__)
