"""random_int8_model.py - a model folder of int8 with random weights of a given shape, written shard by shard: to try what fits

Usage: python3 tools/random_int8_model.py OUT [--tokenizer DIR] [--layers 28 --width 3584 --ffn 18944 --heads 28 --kv-heads 4 --vocab 152064]
The default shape is that of Qwen2.5-7B (7.1 GB of int8 and scales, 1.1 GB of embedding). Needs numpy, and memory for one matrix.
"""
import argparse
import json
import os
import shutil

import numpy as np

GROUP = 128


def parts(a):
    """Name, type and shape of each tensor, by shard."""
    head = a.width // a.heads
    q, kv = a.heads * head, a.kv_heads * head
    yield [("model.embed_tokens.weight", "BF16", (a.vocab, a.width))]
    for i in range(a.layers):
        at, shard = f"model.layers.{i}.", []
        for name, n, k in (("self_attn.q_proj", q, a.width), ("self_attn.k_proj", kv, a.width), ("self_attn.v_proj", kv, a.width),
                           ("self_attn.o_proj", a.width, q), ("mlp.gate_proj", a.ffn, a.width), ("mlp.up_proj", a.ffn, a.width),
                           ("mlp.down_proj", a.width, a.ffn)):
            shard.append((f"{at}{name}.weight", "I8", (n, k)))
            shard.append((f"{at}{name}.weight_scale", "F32", (n, -(-k // GROUP))))
        for name, n in (("self_attn.q_proj.bias", q), ("self_attn.k_proj.bias", kv), ("self_attn.v_proj.bias", kv),
                        ("input_layernorm.weight", a.width), ("post_attention_layernorm.weight", a.width)):
            shard.append((at + name, "F32", (n,)))
        yield shard
    yield [("lm_head.weight", "I8", (a.vocab, a.width)), ("lm_head.weight_scale", "F32", (a.vocab, -(-a.width // GROUP))),
           ("model.norm.weight", "F32", (a.width,))]


def values(rng, name, dtype, shape):
    if name.endswith("norm.weight"):
        return np.ones(shape, np.float32)
    if name.endswith("bias"):
        return np.zeros(shape, np.float32)
    if name.endswith("_scale"):
        return np.full(shape, 0.02 / 73, np.float32)  # q is uniform: of standard deviation 73
    if dtype == "I8":
        return rng.integers(-127, 128, shape, np.int8)
    x = (rng.standard_normal(shape[1], np.float32) * 0.02)[None, :] * (1 + np.arange(shape[0], dtype=np.float32)[:, None] % 7)
    return (x.view(np.uint32) >> 16).astype(np.uint16)  # bf16


def main():
    p = argparse.ArgumentParser()
    p.add_argument("out")
    p.add_argument("--tokenizer", default="recipes/demo-base")
    for name, value in (("layers", 28), ("width", 3584), ("ffn", 18944), ("heads", 28), ("kv-heads", 4), ("vocab", 152064)):
        p.add_argument(f"--{name}", type=int, default=value)
    a = p.parse_args()
    os.makedirs(a.out)
    rng = np.random.default_rng(1)
    size = {"I8": 1, "BF16": 2, "F32": 4}
    where, total, shards = {}, 0, list(parts(a))
    for i, shard in enumerate(shards):
        file = f"model-{i + 1:05d}-of-{len(shards):05d}.safetensors"
        shard.sort(key=lambda t: (-size[t[1]], t[0]))
        header, end = {}, 0
        for name, dtype, shape in shard:
            n = size[dtype] * int(np.prod(shape))
            header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [end, end + n]}
            where[name] = file
            end += n
        total += end
        text = json.dumps(header).encode()
        text += b" " * (-len(text) % 8)
        with open(os.path.join(a.out, file), "wb") as f:
            f.write(len(text).to_bytes(8, "little") + text)
            for t in shard:
                f.write(values(rng, *t).tobytes())
    with open(os.path.join(a.out, "model.safetensors.index.json"), "w") as f:
        json.dump({"metadata": {"total_size": total}, "weight_map": where}, f)
    config = {"architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2", "hidden_size": a.width, "intermediate_size": a.ffn,
              "num_hidden_layers": a.layers, "num_attention_heads": a.heads, "num_key_value_heads": a.kv_heads, "vocab_size": a.vocab,
              "max_position_embeddings": 4096, "rms_norm_eps": 1e-6, "rope_theta": 1e6, "tie_word_embeddings": False, "hidden_act": "silu",
              "torch_dtype": "bfloat16", "eos_token_id": 2,
              "quantization_config": {"quant_method": "lemma-int8", "format": 1, "group_size": GROUP, "keep": []}}
    with open(os.path.join(a.out, "config.json"), "w") as f:
        json.dump(config, f, indent=2)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        if os.path.exists(os.path.join(a.tokenizer, name)):
            shutil.copy(os.path.join(a.tokenizer, name), a.out)


main()
