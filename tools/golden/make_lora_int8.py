"""make_lora_int8.py - ten steps of LoRA by PEFT in double precision, on the numbers of a model of int8

Usage: /opt/peers/bin/python tools/golden/make_lora_int8.py tests/data/golden
Made with PEFT 0.21.2, PyTorch and Transformers 5.24. The files are committed; tests never run this.

  lora/int8-base/                    a folder as docs of model/quant.h have it, written here and not by Lemma: scale * q is the weight
  lora/int8.json                     sequences, and the run as in lora/cases.json
  lora/int8-first.safetensors, lora/int8-last.safetensors
"""
import json
import os
import sys
import tempfile

import make_lora
import numpy as np
import torch
from safetensors.torch import save_file
from transformers import LlamaConfig, LlamaForCausalLM

GROUP = 128
KEEP = ["v_proj"]
HOW = {"base": "", "rank": 2, "alpha": 4, "targets": "all", "rslora": False, "decay": 0.1, "clip": 1.0}


def rounded(w):
    """q [N,K] and scales [N,groups] of rows in groups of 128."""
    n, k = w.shape
    groups = (k + GROUP - 1) // GROUP
    padded = np.zeros((n, groups * GROUP), np.float32)
    padded[:, :k] = w
    padded = padded.reshape(n, groups, GROUP)
    scale = np.abs(padded).max(2).astype(np.float32) / np.float32(127)
    q = np.clip(np.rint(padded / scale[:, :, None]), -127, 127).astype(np.int8)
    numbers = (q.astype(np.float32) * scale[:, :, None]).reshape(n, -1)[:, :k]
    return q.reshape(n, -1)[:, :k].copy(), scale, numbers


def main():
    root = os.path.join(sys.argv[1], "lora")
    torch.manual_seed(5)
    config = LlamaConfig(hidden_size=160, intermediate_size=288, num_hidden_layers=2, num_attention_heads=5, num_key_value_heads=1,
                         head_dim=32, vocab_size=97, max_position_embeddings=64, tie_word_embeddings=False, initializer_range=0.03)
    model = LlamaForCausalLM(config).float()
    stored, twin = {}, {}
    for name, w in model.state_dict().items():
        x = w.numpy()
        if x.ndim == 1:
            stored[name] = twin[name] = w
        elif name.startswith("model.embed") or any(k in name for k in KEEP):
            stored[name] = w.bfloat16()
            twin[name] = stored[name].float()
        else:
            # rows and groups of different size, so that another group's scale is another number
            x = x * (1 + np.arange(x.shape[0])[:, None] % 3) * (1 + np.arange(x.shape[1])[None] // GROUP)
            q, scale, numbers = rounded(x.astype(np.float32))
            stored[name], stored[name + "_scale"] = torch.from_numpy(q), torch.from_numpy(scale)
            twin[name] = torch.from_numpy(numbers)
    base = os.path.join(root, "int8-base")
    os.makedirs(base, exist_ok=True)
    save_file({k: v.contiguous() for k, v in stored.items()}, os.path.join(base, "model.safetensors"), metadata={"format": "pt"})
    told = config.to_dict()
    told["architectures"] = ["LlamaForCausalLM"]
    told["quantization_config"] = {"quant_method": "lemma-int8", "format": 1, "group_size": GROUP, "keep": KEEP}
    with open(os.path.join(base, "config.json"), "w") as f:
        json.dump(told, f, indent=2)
        f.write("\n")
    sequences = [torch.randint(0, config.vocab_size, (n,)).tolist() for n in (17, 9, 23)]
    with tempfile.TemporaryDirectory() as work:
        config.save_pretrained(work)
        save_file({k: v.contiguous() for k, v in twin.items()}, os.path.join(work, "model.safetensors"), metadata={"format": "pt"})
        os.symlink(os.path.abspath(root), os.path.join(work, "lora"))
        run = make_lora.run(work, "int8", {**HOW, "base": "."}, sequences)
    run["base"] = "lora/int8-base"
    cases = {"lr": make_lora.LR, "beta1": make_lora.BETAS[0], "beta2": make_lora.BETAS[1], "eps": make_lora.EPS,
             "sequences": sequences, "runs": {"int8": run}}
    with open(os.path.join(root, "int8.json"), "w") as f:
        json.dump(cases, f, indent=1)
        f.write("\n")


main()
