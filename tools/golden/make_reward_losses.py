"""make_reward_losses.py - losses and gradients of every objective over response lists, by PyTorch in double

Usage: /opt/oracle/bin/python tools/golden/make_reward_losses.py tests/data/golden
Made with PyTorch 2.15 in float64, each sequence alone. The model is Qwen2 written out here (PyTorch alone, without Transformers) and checked
against what Transformers computed: the scores of qwen2_rm and the logits of qwen2 must come out within 1e-4, or nothing is written. The
files are committed; tests never run this.

  reward_losses/lm, reward_losses/rm  a random model of two layers, as a language model and with a scalar head
  reward_losses/cases.json            lists (prompt, responses, labels, soft labels, weights), options
  reward_losses/expected.safetensors  CASE.loss, CASE.scores, and CASE.grad.NAME of every parameter
"""
import json
import os
import sys

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file

BETA, MARGIN, CENTER, GOOD, BAD, VOCAB = 0.3, 0.7, 0.25, 17, 23, 40


class Qwen2:
    def __init__(self, folder):
        with open(os.path.join(folder, "config.json")) as f:
            self.c = json.load(f)
        self.p = {k: v.double().requires_grad_(True) for k, v in load_file(os.path.join(folder, "model.safetensors")).items()}

    def hidden(self, ids):
        c, p = self.c, self.p
        heads, kv = c["num_attention_heads"], c["num_key_value_heads"]
        size, n = c["hidden_size"] // heads, len(ids)
        theta = c.get("rope_theta") or c["rope_parameters"]["rope_theta"]
        angle = torch.arange(n).double()[:, None] / theta ** (torch.arange(0, size, 2).double() / size)
        cos, sin = torch.cat([angle, angle], 1).cos(), torch.cat([angle, angle], 1).sin()
        norm = lambda x, w: x / torch.sqrt((x * x).mean(-1, keepdim=True) + c["rms_norm_eps"]) * w
        turn = lambda x: x * cos[:, None] + torch.cat([-x[..., size // 2:], x[..., :size // 2]], -1) * sin[:, None]
        x = p["model.embed_tokens.weight"][torch.tensor(ids)]
        future = torch.triu(torch.full((n, n), float("-inf"), dtype=torch.float64), 1)
        for i in range(c["num_hidden_layers"]):
            w = lambda name: p[f"model.layers.{i}.{name}"]
            h = norm(x, w("input_layernorm.weight"))
            proj = lambda s, m: (h @ w(f"self_attn.{s}_proj.weight").T + w(f"self_attn.{s}_proj.bias")).view(n, m, size)
            q, k, v = turn(proj("q", heads)), turn(proj("k", kv)), proj("v", kv)
            k, v = k.repeat_interleave(heads // kv, 1), v.repeat_interleave(heads // kv, 1)
            a = torch.softmax(torch.einsum("qhd,khd->hqk", q, k) / size ** 0.5 + future, -1)
            x = x + torch.einsum("hqk,khd->qhd", a, v).reshape(n, -1) @ w("self_attn.o_proj.weight").T
            h = norm(x, w("post_attention_layernorm.weight"))
            x = x + (F.silu(h @ w("mlp.gate_proj.weight").T) * (h @ w("mlp.up_proj.weight").T)) @ w("mlp.down_proj.weight").T
        return norm(x, p["model.norm.weight"])

    def logits(self, ids):
        return self.hidden(ids) @ self.p["model.embed_tokens.weight"].T

    def score(self, ids):
        return (self.hidden(ids)[-1] @ self.p["score.weight"].T)[0]

    def logp(self, prompt, response):
        lp = torch.log_softmax(self.logits(prompt + response), -1)
        return sum(lp[len(prompt) - 1 + t, token] for t, token in enumerate(response))


CONFIG = {"hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 1,
          "vocab_size": VOCAB, "max_position_embeddings": 64, "rms_norm_eps": 1e-6, "rope_theta": 10000.0, "tie_word_embeddings": True,
          "hidden_act": "silu", "model_type": "qwen2", "bos_token_id": 1, "eos_token_id": 2}


def write_model(folder, architecture, head):
    """Random everything: norms away from 1 and biases away from 0."""
    gen = torch.Generator().manual_seed(9)
    c, draw = CONFIG, lambda scale, *shape: (scale * torch.randn(shape, generator=gen)).float()
    d, f = c["hidden_size"], c["intermediate_size"]
    kv = d // c["num_attention_heads"] * c["num_key_value_heads"]
    p = {"model.embed_tokens.weight": draw(0.3, VOCAB, d), "model.norm.weight": 1 + draw(0.2, d)}
    for i in range(c["num_hidden_layers"]):
        at = f"model.layers.{i}."
        for name, n, m in (("self_attn.q_proj", d, d), ("self_attn.k_proj", kv, d), ("self_attn.v_proj", kv, d), ("self_attn.o_proj", d, d),
                           ("mlp.gate_proj", f, d), ("mlp.up_proj", f, d), ("mlp.down_proj", d, f)):
            p[at + name + ".weight"] = draw(0.3, n, m)
            if name[-6:] in ("q_proj", "k_proj", "v_proj"):
                p[at + name + ".bias"] = draw(0.3, n)
        p[at + "input_layernorm.weight"] = 1 + draw(0.2, d)
        p[at + "post_attention_layernorm.weight"] = 1 + draw(0.2, d)
    if head:
        p["score.weight"] = draw(0.3, 1, d)
    os.makedirs(folder, exist_ok=True)
    save_file(p, os.path.join(folder, "model.safetensors"))
    extra = {"num_labels": 1, "id2label": {"0": "LABEL_0"}, "label2id": {"LABEL_0": 0}} if head else {}
    with open(os.path.join(folder, "config.json"), "w") as file:
        json.dump({"architectures": [architecture], "torch_dtype": "float32", **CONFIG, **extra}, file)
    return Qwen2(folder)


def lists():
    gen = torch.Generator().manual_seed(31)
    draw = lambda n: torch.randint(3, VOCAB, (n,), generator=gen).tolist()
    shapes = [(9, (5, 12, 1, 7), [1, 0, 0, 1]), (17, (3, 30), [0, 1]), (4, (8, 2, 11, 6, 9, 4), [0, 0, 1, 0, 0, 0])]
    out = []
    for prompt, lengths, labels in shapes:
        soft = [round(0.9 * y + 0.1 * k / len(labels), 3) for k, y in enumerate(labels)]
        weights = [1 + (3 * k + len(labels)) % 4 / 2 for k in range(len(labels))]
        out.append({"prompt": draw(prompt), "responses": [draw(n) for n in lengths], "labels": labels, "soft": soft, "weights": weights})
    return out


def pairs(x, r, each):
    y, w = torch.tensor(x["labels"]), torch.tensor(x["weights"]).double()
    pos, neg = r[y == 1], r[y == 0]
    ww = w[y == 1][:, None] * w[y == 0][None, :]
    return (ww * each(pos[:, None] - neg[None, :])).sum() / ww.sum()


def points(x, r, each):
    w = torch.tensor(x["weights"]).double()
    return (w * each(r, torch.tensor(x["labels"]).double())).sum() / w.sum()


def first(x, r):
    y = x["labels"]
    return -F.logsigmoid(r[y.index(1)] - r[y.index(0)])


LOSSES = {
    "bt": lambda x, r: pairs(x, r, lambda d: -F.logsigmoid(d)),
    "pair": first,
    "ce": lambda x, r: points(x, r, lambda a, y: F.binary_cross_entropy_with_logits(a, y, reduction="none")),
    "mse": lambda x, r: points(x, r, lambda a, y: F.mse_loss(a, y, reduction="none")),
    "mse-sigmoid": lambda x, r: points(x, r, lambda a, y: F.mse_loss(torch.sigmoid(a), y, reduction="none")),
    "margin": lambda x, r: pairs(x, r, lambda d: torch.clamp(MARGIN - d, min=0)),
}


def record(out, name, model, loss, plain, scores):
    for p in model.p.values():
        p.grad = None
    loss.backward()
    out[name + ".loss"] = plain.detach().reshape(1).float()
    out[name + ".scores"] = torch.cat(scores).detach().float()
    for key, p in model.p.items():
        out[f"{name}.grad.{key}"] = (torch.zeros_like(p) if p.grad is None else p.grad).float().contiguous()


def scalar(out, model, data):
    for name, loss in LOSSES.items():
        r = [torch.stack([model.score(x["prompt"] + a) for a in x["responses"]]) for x in data]
        plain = sum(loss(x, s) for x, s in zip(data, r)) / len(data)
        record(out, name, model, plain, plain, r)
    r = [torch.stack([model.score(x["prompt"] + a) for a in x["responses"]]) for x in data]
    plain = sum(LOSSES["bt"](x, s) for x, s in zip(data, r)) / len(data)
    record(out, "center", model, plain + CENTER * sum(s.mean() ** 2 for s in r) / len(data), plain, r)


def implicit(out, model, data, reference):
    for name, loss in (("implicit", "ce"), ("dpo", "bt")):
        r = [BETA * torch.stack([model.logp(x["prompt"], a) - ref[k] for k, a in enumerate(x["responses"])])
             for x, ref in zip(data, reference)]
        plain = sum(LOSSES[loss](x, s) for x, s in zip(data, r)) / len(data)
        record(out, name, model, plain, plain, r)


def generative(out, model, data):
    total, weight, scores = 0, 0, []
    for x in data:
        lp = torch.stack([torch.log_softmax(model.logits(x["prompt"] + a)[-1], -1) for a in x["responses"]])
        y, w = torch.tensor(x["soft"]).double(), torch.tensor(x["weights"]).double()
        total = total - (w * (y * lp[:, GOOD] + (1 - y) * lp[:, BAD])).sum()
        weight += w.sum()
        scores.append(lp[:, GOOD] - lp[:, BAD])
    record(out, "generative", model, total / weight, total / weight, scores)


def check(folder):
    """What Transformers computed is what is computed here."""
    rm, lm = Qwen2(os.path.join(folder, "qwen2_rm")), Qwen2(os.path.join(folder, "qwen2"))
    for model, name in ((rm, "qwen2_rm"), (lm, "qwen2")):
        want = load_file(os.path.join(folder, name, "expected.safetensors"))
        cases = json.load(open(os.path.join(folder, name, "cases.json")))
        if name == "qwen2_rm":
            got = torch.stack([model.score(cases["prompt"] + r) for r in cases["responses"]])
            gap = (got - want["scores"]).abs().max().detach()
        else:
            gap = max((model.logits(row) - want[f"logits.{i}"]).abs().max().detach() for i, row in enumerate(cases["ids"]))
        print(name, "differs from Transformers by at most", float(gap))
        assert gap < 1e-4


def main():
    torch.set_num_threads(1)
    check(sys.argv[1])
    folder = os.path.join(sys.argv[1], "reward_losses")
    rm = write_model(os.path.join(folder, "rm"), "Qwen2ForSequenceClassification", True)
    lm = write_model(os.path.join(folder, "lm"), "Qwen2ForCausalLM", False)
    data, out = lists(), {}
    scalar(out, rm, data)
    generative(out, lm, data)
    with torch.no_grad():
        reference = [[lm.logp(x["prompt"], a) for a in x["responses"]] for x in data]
        gen = torch.Generator().manual_seed(5)  # away from the reference, or every score would be 0
        step = {k: 0.02 * torch.randn(p.shape, generator=gen).float() for k, p in lm.p.items()}
        for k, p in lm.p.items():
            p.add_(step[k].double())
    implicit(out, lm, data, reference)
    out["reference"] = torch.tensor([float(v) for ref in reference for v in ref])
    for k, v in step.items():
        out["step." + k] = v.contiguous()
    save_file(out, os.path.join(folder, "expected.safetensors"))
    with open(os.path.join(folder, "cases.json"), "w") as f:
        json.dump({"lists": data, "beta": BETA, "margin": MARGIN, "center": CENTER, "good": GOOD, "bad": BAD}, f)


main()
