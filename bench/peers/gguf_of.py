#!/usr/bin/env python3
# gguf_of.py - a model folder of bench_peer as a GGUF file for llama.cpp: the same weights, without a vocabulary
"""gguf_of.py DIR OUT f32|bf16|q8_0: needs gguf and numpy of PyPI."""
import json
import struct
import sys

import gguf
import numpy as np

NAMES = {"self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output",
         "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down", "input_layernorm": "attn_norm",
         "post_attention_layernorm": "ffn_norm"}


def tensors(path):
    with open(path, "rb") as f:
        size = struct.unpack("<Q", f.read(8))[0]
        header = json.loads(f.read(size))
    data = np.memmap(path, np.uint16, "r", offset=8 + size)
    for name, t in header.items():
        if name != "__metadata__":
            assert t["dtype"] == "BF16", (name, t["dtype"])
            a, b = t["data_offsets"]
            yield name, (data[a // 2:b // 2].astype(np.uint32) << 16).view(np.float32).reshape(t["shape"])


def new_name(name):
    if name == "model.embed_tokens.weight":
        return "token_embd.weight"
    if name == "model.norm.weight":
        return "output_norm.weight"
    _, _, layer, rest = name.split(".", 3)
    module, kind = rest.rsplit(".", 1)
    return f"blk.{layer}.{NAMES[module]}.{kind}"


def rotated(x, heads):  # llama.cpp's Llama turns neighbouring values, Transformers' those half a head apart
    return x.reshape(heads, 2, x.shape[0] // heads // 2, *x.shape[1:]).swapaxes(1, 2).reshape(x.shape)


def main(folder, out, kind):
    with open(f"{folder}/config.json", encoding="utf-8") as f:
        c = json.load(f)
    arch = c["model_type"]
    w = gguf.GGUFWriter(out, arch)
    w.add_block_count(c["num_hidden_layers"])
    w.add_context_length(c["max_position_embeddings"])
    w.add_embedding_length(c["hidden_size"])
    w.add_feed_forward_length(c["intermediate_size"])
    w.add_head_count(c["num_attention_heads"])
    w.add_head_count_kv(c["num_key_value_heads"])
    w.add_layer_norm_rms_eps(c["rms_norm_eps"])
    w.add_rope_freq_base(c["rope_theta"])
    w.add_rope_dimension_count(c["hidden_size"] // c["num_attention_heads"])
    w.add_vocab_size(c["vocab_size"])
    w.add_string("tokenizer.ggml.model", "none")
    types = gguf.GGMLQuantizationType
    asked = {"f32": types.F32, "bf16": types.BF16, "q8_0": types.Q8_0}[kind]
    for name, x in tensors(f"{folder}/model.safetensors"):
        if arch == "llama" and ("q_proj" in name or "k_proj" in name):
            x = rotated(x, c["num_attention_heads" if "q_proj" in name else "num_key_value_heads"])
        t = asked if x.ndim == 2 else types.F32
        x = np.ascontiguousarray(x)
        w.add_tensor(new_name(name), x if t == types.F32 else gguf.quants.quantize(x, t), raw_dtype=t)
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
