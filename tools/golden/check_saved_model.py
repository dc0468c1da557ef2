"""check_saved_model.py - opens folders saved by Lemma in Transformers and compares logits and scores

Usage: mkdir /tmp/saved && LEMMA_DATA=../shared/data build/tests/golden_test_golden_save /tmp/saved
       /opt/oracle/v53/bin/python tools/golden/check_saved_model.py /tmp/saved [../shared/data/weights/verl_arith]
InternLM2 is no part of Transformers: skipped. Transformers 4.53 knows all other families; 4.46 skips Qwen3 and the folders that mean something else to it (windows by layer, newer yarn).
"""
import os
import sys

import torch
import transformers
from safetensors.torch import load_file
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSequenceClassification


OLD = transformers.__version__.startswith("4.46.")
NOT_OLD = ("qwen2_window", "qwen2_yarn", "qwen3")


def logits_of(model, ids):
    """With dynamic scaling fed token by token (src/model/rope.h)."""
    if (getattr(model.config, "rope_scaling", None) or {}).get("rope_type") != "dynamic":
        return model(input_ids=torch.tensor([ids])).logits[0]
    cache = transformers.DynamicCache()
    return torch.cat([model(input_ids=torch.tensor([[i]]), past_key_values=cache, use_cache=True).logits[0] for i in ids])


def compare(name, folder, ours, ids):
    arch = AutoConfig.from_pretrained(folder).architectures[0]
    cls = AutoModelForSequenceClassification if arch.endswith("SequenceClassification") else AutoModelForCausalLM
    model, info = cls.from_pretrained(folder, torch_dtype=torch.float32, attn_implementation="eager", output_loading_info=True)
    assert type(model).__name__ == arch and not info["missing_keys"] and not info["mismatched_keys"], info
    with torch.no_grad():
        if cls is AutoModelForCausalLM:
            theirs = logits_of(model, ids)
        else:
            theirs = torch.stack([model(input_ids=torch.tensor([ids[: i + 1]])).logits[0] for i in range(len(ids))])
    gap = float((ours - theirs).abs().max() / theirs.abs().max())
    print(f"{name:28} {arch:32} relative gap {gap:.1e} unexpected {info['unexpected_keys']}")
    assert gap < 1e-5
    return gap


def main():
    torch.set_num_threads(1)
    root = sys.argv[1]
    for name in sorted(os.listdir(root)):
        folder = os.path.join(root, name)
        if not os.path.isdir(folder) or name.startswith("internlm2") or (OLD and name.startswith(NOT_OLD)):
            continue
        ours = load_file(os.path.join(folder, "ours.safetensors"))["output"]
        vocab = AutoConfig.from_pretrained(folder).vocab_size
        compare(name, folder, ours, [(1 + 3 * i) % vocab for i in range(len(ours))])
    if len(sys.argv) > 2:
        ours = load_file(os.path.join(root, "verl_arith.safetensors"))["output"]
        compare("verl_arith", sys.argv[2], ours, [3, 4, 10, 5, 6, 11, 7, 8])
    print("ok")


main()
