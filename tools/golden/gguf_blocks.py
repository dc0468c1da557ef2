#!/usr/bin/env python3
"""Values of GGUF's block types as PyPI's `gguf` unpacks them -> tests/data/gguf/blocks.json

  gguf_blocks.py          needs gguf and numpy; blocks are random bytes with scales that are finite"""
import json
import os

import gguf
import numpy as np

SCALES = {"Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0], "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208], "F16": [0], "BF16": [], "F32": []}


def blocks(name, count, rng):
    kind = gguf.GGMLQuantizationType[name]
    values, size = gguf.GGML_QUANT_SIZES[kind]
    raw = rng.integers(0, 256, (count, size), dtype=np.uint8)
    for at in SCALES[name]:
        raw[:, at:at + 2] = rng.normal(0, 0.05, (count, 1)).astype(np.float16).view(np.uint8)
    if name in ("F32", "BF16"):
        raw = rng.normal(0, 1, (count, 1)).astype(np.float32).view(np.uint8)[:, 4 - size:].copy()
    out = gguf.quants.dequantize(raw.reshape(1, -1), kind).astype(np.float32).reshape(-1)
    assert len(out) == count * values and np.isfinite(out).all()
    return {"type": int(kind), "bytes": raw.tobytes().hex(), "values": out.view(np.uint32).tobytes().hex()}


here = os.path.dirname(os.path.abspath(__file__))
rng = np.random.default_rng(1)
table = {n: blocks(n, 2 if n.endswith("_K") else 4, rng) for n in SCALES}
json.dump(table, open(os.path.join(here, "../../tests/data/gguf/blocks.json"), "w"), indent=0)
