"""convert_llama2c.py - makes a Hugging Face folder of a llama2.c checkpoint and its vocabulary

Usage: python3 tools/convert_llama2c.py ../shared/data/weights/stories260K/stories260K.bin ../shared/data/weights/stories260K/tok512.bin DIR
Writes config.json, model.safetensors (F32), tokenizer.model (SentencePiece, BPE by scores) and tokenizer_config.json; needs Python alone.

Format (karpathy/llama2.c export.py, version 0): seven int32 (dim, hidden_dim, layers, heads, kv_heads, vocab, seq_len; vocab negative: the head is not
shared), then float32 tensors, each for all layers: embedding, attention norms, wq, wk, wv, wo, ffn norms, w1, w2, w3, the last norm, two tables of
angles, and the head unless shared. llama2.c rotates neighbouring pairs (2i, 2i+1) of a head, Hugging Face the pair (i, i + E/2): rows of wq and wk are
put in that order. Vocabulary: int32 longest length, then per id a float32 score, an int32 length, and the bytes.
"""
import json
import os
import struct
import sys

RMS_EPS, THETA = 1e-5, 10000.0  # constants of run.c


def fail(text):
    sys.exit("convert_llama2c: " + text)


class Reader:
    def __init__(self, path):
        self.path, self.data, self.at = path, open(path, "rb").read(), 0

    def take(self, n):
        if n < 0 or self.at + n > len(self.data):
            fail(f"{self.path}: {n} bytes at {self.at} expected, {len(self.data) - self.at} left")
        self.at += n
        return self.data[self.at - n:self.at]

    def ints(self, n):
        return struct.unpack(f"<{n}i", self.take(4 * n))

    def matrix(self, rows, cols):
        """A list of rows, as bytes."""
        return [self.take(4 * cols) for _ in range(rows)]


def halves(rows, heads):
    """Rows (2i, 2i+1) of each head become (i, i + E/2)."""
    size = len(rows) // heads
    return [rows[h * size + 2 * i + k] for h in range(heads) for k in range(2) for i in range(size // 2)]


def read_model(path):
    r = Reader(path)
    dim, ffn, layers, heads, kv_heads, vocab, context = r.ints(7)
    tied, vocab = vocab > 0, abs(vocab)
    if min(dim, ffn, layers, heads, kv_heads, vocab, context) < 1 or max(dim, ffn, layers, vocab, context) > 1 << 20 or dim % heads or heads % kv_heads:
        fail(f"{path}: a header of {(dim, ffn, layers, heads, kv_heads, vocab, context)}")
    kv = dim // heads * kv_heads
    tensors = {"model.embed_tokens.weight": r.matrix(vocab, dim)}
    parts = [("input_layernorm", 1, dim, 0), ("self_attn.q_proj", dim, dim, heads), ("self_attn.k_proj", kv, dim, kv_heads),
             ("self_attn.v_proj", kv, dim, 0), ("self_attn.o_proj", dim, dim, 0), ("post_attention_layernorm", 1, dim, 0),
             ("mlp.gate_proj", ffn, dim, 0), ("mlp.down_proj", dim, ffn, 0), ("mlp.up_proj", ffn, dim, 0)]
    for name, rows, cols, turned in parts:
        for i in range(layers):
            w = r.matrix(rows, cols)
            tensors[f"model.layers.{i}.{name}.weight"] = halves(w, turned) if turned else w
    tensors["model.norm.weight"] = r.matrix(1, dim)
    r.take(4 * context * (dim // heads))  # angles
    if not tied:
        tensors["lm_head.weight"] = r.matrix(vocab, dim)
    if r.at != len(r.data):
        fail(f"{path}: {len(r.data) - r.at} bytes are left over")
    config = dict(architectures=["LlamaForCausalLM"], model_type="llama", vocab_size=vocab, hidden_size=dim, intermediate_size=ffn,
                  num_hidden_layers=layers, num_attention_heads=heads, num_key_value_heads=kv_heads, hidden_act="silu",
                  max_position_embeddings=context, rope_theta=THETA, rms_norm_eps=RMS_EPS, tie_word_embeddings=tied, bos_token_id=1, eos_token_id=2,
                  torch_dtype="float32")
    return config, tensors


def write_safetensors(path, tensors):
    header, at = {"__metadata__": {"format": "pt"}}, 0
    for name in sorted(tensors):
        rows = tensors[name]
        size = sum(map(len, rows))
        shape = [len(rows[0]) // 4] if name.endswith("norm.weight") else [len(rows), len(rows[0]) // 4]
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text)
        for name in sorted(tensors):
            f.write(b"".join(tensors[name]))


def field(number, wire, payload):
    """One protobuf field: a varint (0), a fixed32 (5) or bytes (2)."""
    def varint(n):
        out = b""
        while n > 127:
            out, n = out + bytes([n & 127 | 128]), n >> 7
        return out + bytes([n])
    key = varint(number << 3 | wire)
    if wire == 0:
        return key + varint(payload)
    return key + (payload if wire == 5 else varint(len(payload)) + payload)


def read_pieces(path, vocab):
    """(text, score, type) of each id; types of sentencepiece_model.proto: 1 normal, 2 unknown, 3 control, 6 byte."""
    r = Reader(path)
    r.ints(1)
    pieces = []
    for i in range(vocab):
        score, n = struct.unpack("<fi", r.take(8))
        text = r.take(n)
        if i < 3:
            pieces.append(((b"<unk>", b"<s>", b"</s>")[i], 0.0, 2 if i == 0 else 3))
        elif i < 259:
            if text != b"<0x%02X>" % (i - 3):
                fail(f"{path}: id {i} is no byte token")
            pieces.append((text, 0.0, 6))
        else:
            pieces.append((text.replace(b" ", "\u2581".encode()), score, 1))
    if r.at != len(r.data):
        fail(f"{path}: {len(r.data) - r.at} bytes are left over")
    return pieces


def write_sentencepiece(path, pieces):
    out = b""
    for text, score, kind in pieces:
        out += field(1, 2, field(1, 2, text) + field(2, 5, struct.pack("<f", score)) + field(3, 0, kind))
    # trainer_spec: model_type BPE, vocab_size, byte_fallback, unk, bos, eos ids; normalizer_spec: identity, dummy prefix, spaces kept
    out += field(2, 2, field(3, 0, 2) + field(4, 0, len(pieces)) + field(35, 0, 1) + field(40, 0, 0) + field(41, 0, 1) + field(42, 0, 2))
    out += field(3, 2, field(1, 2, b"identity") + field(3, 0, 1) + field(4, 0, 0) + field(5, 0, 1))
    with open(path, "wb") as f:
        f.write(out)


def main():
    if len(sys.argv) != 4:
        fail("usage: python3 tools/convert_llama2c.py MODEL.bin TOKENIZER.bin DIR")
    if sys.byteorder != "little":
        fail("needs a little-endian machine")
    config, tensors = read_model(sys.argv[1])
    pieces = read_pieces(sys.argv[2], config["vocab_size"])
    folder = sys.argv[3]
    os.makedirs(folder, exist_ok=True)
    write_safetensors(os.path.join(folder, "model.safetensors"), tensors)
    write_sentencepiece(os.path.join(folder, "tokenizer.model"), pieces)
    with open(os.path.join(folder, "config.json"), "w") as f:
        json.dump(config, f, indent=2)
    with open(os.path.join(folder, "tokenizer_config.json"), "w") as f:
        json.dump(dict(tokenizer_class="LlamaTokenizer", bos_token="<s>", eos_token="</s>", unk_token="<unk>", add_bos_token=True,
                       add_eos_token=False, legacy=True), f, indent=2)


main()
