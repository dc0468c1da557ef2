"""make_archs.py - tiny random models of every family and every scaling of positions, with logits, loss and all gradients, by PyTorch and Transformers

Usage: /opt/oracle/venv/bin/python tools/golden/make_archs.py tests/data/golden   (PyTorch 1.13, Transformers 4.46: what that version computes)
       /opt/oracle/v53/bin/python tools/golden/make_archs.py tests/data/golden    (PyTorch 2.1, Transformers 4.53: Qwen3, windows by layer, newer yarn)
Each makes the folders of its version, in fp32 on one thread, each sequence alone, plain ("eager") attention. The files are committed; tests never run this.

  <name>/config.json, model.safetensors   the model as Transformers saves it
  <name>/cases.json                       token ids and loss masks
  <name>/expected.safetensors             what PyTorch computed from them

Sequences are longer than the windows and than the contexts before scaling. Dynamic scaling is computed token by token with the cache, through which
gradients flow: the definition of src/model/rope.h. InternLM2 is no part of Transformers; it is Llama with other names and one projection for queries, keys
and values, whose rows are laid out by kv head (its group of queries, then its keys, then its values): so its folder is a Llama put in that form.
"""
import json
import os
import sys

import torch
import torch.nn.functional as F
import transformers
from safetensors.torch import load_file, save_file

OLD = transformers.__version__.startswith("4.46.")
SMALL = dict(hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, head_dim=16, vocab_size=64,
             max_position_embeddings=256, rms_norm_eps=1e-5, rope_theta=10000.0, tie_word_embeddings=False, initializer_range=0.25, bos_token_id=1,
             eos_token_id=2, pad_token_id=0)
LLAMA3 = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 48}
CASES = [  # folder, by the old version, family, fields
    ("llama_bias", True, "Llama", dict(attention_bias=True, mlp_bias=True)),
    ("llama_linear", True, "Llama", dict(rope_scaling={"type": "linear", "factor": 4.0})),
    ("llama_dynamic", True, "Llama", dict(rope_scaling={"rope_type": "dynamic", "factor": 4.0}, max_position_embeddings=32)),
    ("llama_yarn", True, "Llama", dict(rope_scaling={"rope_type": "yarn", "factor": 4.0, "beta_fast": 4.0}, max_position_embeddings=32)),
    ("llama_llama3", True, "Llama", dict(rope_scaling=LLAMA3, tie_word_embeddings=True)),
    ("mistral", True, "Mistral", dict(sliding_window=20)),
    ("mistral_full", True, "Mistral", dict(sliding_window=None, head_dim=24, num_attention_heads=2, num_key_value_heads=1)),
    ("qwen2_window", False, "Qwen2", dict(use_sliding_window=True, sliding_window=35, max_window_layers=1)),
    ("qwen2_yarn", False, "Qwen2", dict(max_position_embeddings=128, rope_scaling={
        "rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32, "mscale": 0.7, "mscale_all_dim": 1.3})),
    ("qwen3", False, "Qwen3", dict(tie_word_embeddings=True)),
    ("qwen3_window", False, "Qwen3", dict(attention_bias=True, use_sliding_window=True, sliding_window=9, max_window_layers=1,
                                          layer_types=["sliding_attention", "full_attention"])),
]
INTERNLM2 = {"embed_tokens": "tok_embeddings", "input_layernorm": "attention_norm", "self_attn.o_proj": "attention.wo",
             "post_attention_layernorm": "ffn_norm", "mlp.gate_proj": "feed_forward.w1", "mlp.up_proj": "feed_forward.w3",
             "mlp.down_proj": "feed_forward.w2", "lm_head": "output"}
LENGTHS = [70, 33, 9]


def make(cls, config):
    """Random everything: norms away from 1 and biases away from 0, so that their gradients and uses are tested."""
    torch.manual_seed(5)
    model = cls._from_config(config, attn_implementation="eager").float().eval()
    with torch.no_grad():
        for name, p in model.named_parameters():
            if name.endswith("norm.weight"):
                p.copy_(1 + 0.2 * torch.randn_like(p))
            elif name.endswith("bias"):
                p.copy_(0.3 * torch.randn_like(p))
    return model


def logits_of(model, row):
    scaling = getattr(model.config, "rope_scaling", None) or {}
    if scaling.get("rope_type", scaling.get("type")) != "dynamic":
        return model(input_ids=torch.tensor([row])).logits[0]
    cache, out = transformers.DynamicCache(), []
    for token in row:
        step = model(input_ids=torch.tensor([[token]]), past_key_values=cache, use_cache=True)
        out.append(step.logits[0])
    return torch.cat(out)


def one(name, folder, family, fields):
    config = getattr(transformers, family + "Config")(**{**SMALL, **fields})
    model = make(getattr(transformers, family + "ForCausalLM"), config)
    model.save_pretrained(folder)
    gen = torch.Generator().manual_seed(13)
    ids = [torch.randint(1, config.vocab_size, (n,), generator=gen).tolist() for n in LENGTHS]  # id 0 is padding: no gradient in PyTorch
    masks = [[int(i >= n // 3 and i % 7 != 5) for i in range(n)] for n in LENGTHS]
    out, total, count = {}, 0.0, 0
    for i, (row, mask) in enumerate(zip(ids, masks)):
        logits = logits_of(model, row)
        out[f"logits.{i}"] = logits.detach().clone().contiguous()
        keep = torch.tensor(mask[1:], dtype=torch.bool)
        total = total + F.cross_entropy(logits[:-1], torch.tensor(row[1:]), reduction="none")[keep].sum()
        count += int(keep.sum())
    loss = total / count
    loss.backward()
    out["loss"] = loss.detach().reshape(1)
    for n, p in model.named_parameters():
        out["grad." + n] = p.grad.clone().contiguous()
    save_file(out, os.path.join(folder, "expected.safetensors"))
    with open(os.path.join(folder, "cases.json"), "w") as f:
        json.dump({"ids": ids, "masks": masks}, f)
    for extra in ("generation_config.json",):
        if os.path.exists(os.path.join(folder, extra)):
            os.remove(os.path.join(folder, extra))
    print(f"{name:16} loss {float(loss):.6f}, {sum(os.path.getsize(os.path.join(folder, f)) for f in os.listdir(folder)) // 1024} KiB")


def as_internlm2(tensors, config, prefix=""):
    """Renames a Llama's tensors (weights or gradients) and joins q, k and v."""
    out = {}
    for name, t in tensors.items():
        if "k_proj" in name or "v_proj" in name or not name.startswith(prefix):
            continue
        if "q_proj" in name:
            q, k, v = (tensors[name.replace("q_proj", p)] for p in ("q_proj", "k_proj", "v_proj"))
            heads, dim = config.num_key_value_heads, config.head_dim
            parts = [x.reshape(heads, -1, *x.shape[1:]) for x in (q, k, v)]
            out[name.replace("self_attn.q_proj", "attention.wqkv")] = torch.cat(parts, 1).reshape(-1, *q.shape[1:]).contiguous()
            continue
        for old, new in INTERNLM2.items():
            name = name.replace(old, new)
        out[name] = t.clone().contiguous()
    return out


def internlm2(folder):
    shape = dict(hidden_size=32, head_dim=8, intermediate_size=16, attention_bias=True)
    one("internlm2", folder, "Llama", shape)
    config = transformers.LlamaConfig.from_pretrained(folder)
    path = os.path.join(folder, "model.safetensors")
    save_file(as_internlm2(load_file(path), config), path, metadata={"format": "pt"})
    path = os.path.join(folder, "expected.safetensors")
    expected = load_file(path)
    kept = {k: v for k, v in expected.items() if not k.startswith("grad.")}
    save_file({**kept, **as_internlm2(expected, config, "grad.")}, path)
    path = os.path.join(folder, "config.json")
    with open(path) as f:
        fields = json.load(f)
    for name in ("attention_bias", "mlp_bias", "head_dim", "pretraining_tp"):
        fields.pop(name, None)
    fields.update(architectures=["InternLM2ForCausalLM"], model_type="internlm2", bias=True)
    with open(path, "w") as f:
        json.dump(fields, f, indent=2)


def main():
    torch.set_num_threads(1)
    for name, old, family, fields in CASES:
        if old == OLD:
            one(name, os.path.join(sys.argv[1], name), family, fields)
    if OLD:
        internlm2(os.path.join(sys.argv[1], "internlm2"))


main()
