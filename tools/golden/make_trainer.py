"""make_trainer.py - training runs of ten steps, by PyTorch in double precision: what the trainer must do, step by step

Usage: /opt/oracle/bin/python tools/golden/make_trainer.py tests/data/golden/trainer model
       build/tests/golden_test_trainer order | /opt/oracle/bin/python tools/golden/make_trainer.py tests/data/golden/trainer
Made with PyTorch 2.15. The files are committed; tests never run this. The order of items is the trainer's own (a keyed permutation), read from stdin and written
into cases.json; everything else is stated here again: the model, the losses, masks and weights, accumulation, clipping, decay groups, warm-up, schedules, AdamW.

  model/config.json, model.safetensors   a small random Qwen2 with a scalar head and a tied language-model head
  cases.json                             rows, options and the order of items of each run
  expected.safetensors                   losses, norms, rates, a weighted sum of each tensor after each step, and all tensors after steps 1 and 10
"""
import json
import math
import os
import sys

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

D, FFN, H, KH, E, V, L = 16, 16, 2, 1, 8, 24, 2
EPS_NORM, THETA, STEPS = 1e-5, 10000.0, 10


def make_model():
    gen = torch.Generator().manual_seed(5)
    p = {}

    def matrix(name, *shape):
        p[name] = 0.4 * torch.randn(*shape, generator=gen)

    def norm(name, n):
        p[name] = 1 + 0.2 * torch.randn(n, generator=gen)

    matrix("model.embed_tokens.weight", V, D)
    for i in range(L):
        b = f"model.layers.{i}."
        norm(b + "input_layernorm.weight", D)
        for name, n in (("q", H * E), ("k", KH * E), ("v", KH * E)):
            matrix(b + f"self_attn.{name}_proj.weight", n, D)
            matrix(b + f"self_attn.{name}_proj.bias", n)
        matrix(b + "self_attn.o_proj.weight", D, H * E)
        norm(b + "post_attention_layernorm.weight", D)
        matrix(b + "mlp.gate_proj.weight", FFN, D)
        matrix(b + "mlp.up_proj.weight", FFN, D)
        matrix(b + "mlp.down_proj.weight", D, FFN)
    norm("model.norm.weight", D)
    matrix("score.weight", 1, D)
    return p


CONFIG = {"architectures": ["Qwen2ForSequenceClassification"], "model_type": "qwen2", "hidden_size": D, "intermediate_size": FFN,
          "num_attention_heads": H, "num_key_value_heads": KH, "num_hidden_layers": L, "vocab_size": V, "max_position_embeddings": 64,
          "rms_norm_eps": EPS_NORM, "rope_theta": THETA, "tie_word_embeddings": True, "num_labels": 1,
          "id2label": {"0": "LABEL_0"}, "label2id": {"LABEL_0": 0}, "pad_token_id": None}


HALF = False  # products of bf16, as src/model/net.h states the places of rounding; set for a run


def half(x):  # to the nearest bf16, ties to even
    return x.float().bfloat16().to(x.dtype)


class HalfProduct(torch.autograd.Function):
    """y = x W^T, dx = dy W, dW = dy^T x: each operand rounded once, nothing else"""
    @staticmethod
    def forward(ctx, x, w):
        ctx.save_for_backward(x, w)
        return half(x) @ half(w).T

    @staticmethod
    def backward(ctx, dy):
        x, w = ctx.saved_tensors
        return half(dy) @ half(w), half(dy).T @ half(x)


class HalfRows(torch.autograd.Function):
    """rows of an embedding, rounded; the gradient goes through as it is"""
    @staticmethod
    def forward(ctx, x):
        return half(x)

    @staticmethod
    def backward(ctx, dy):
        return dy


class HalfAttention(torch.autograd.Function):
    """q [T,H,E], k and v [S,H,E], mask [T,S]: q, k, v rounded; exp(score - largest) too, but not their sum, before they are multiplied by the values.
    Gradients are those of the rounded q, k, v, with probabilities as they are"""
    @staticmethod
    def forward(ctx, q, k, v, mask):
        q, k, v = half(q), half(k), half(v)
        score = torch.einsum("the,she->hts", q, k) / math.sqrt(E) + mask
        p = (score - score.amax(-1, keepdim=True)).exp()
        total = p.sum(-1, keepdim=True)
        out = torch.einsum("hts,she->the", half(p), v) / total.squeeze(-1).T[..., None]
        ctx.save_for_backward(q, k, v, p / total, out)
        return out

    @staticmethod
    def backward(ctx, dout):
        q, k, v, p, out = ctx.saved_tensors
        delta = (dout * out).sum(-1).T[..., None]
        ds = p * (torch.einsum("the,she->hts", dout, v) - delta) / math.sqrt(E)
        return (torch.einsum("hts,she->the", ds, k), torch.einsum("hts,the->she", ds, q), torch.einsum("hts,the->she", p, dout), None)


def linear(x, w, bias=None):
    y = HalfProduct.apply(x, w) if HALF else x @ w.T
    return y if bias is None else y + bias


def rmsnorm(x, w):
    return x * torch.rsqrt((x * x).mean(-1, keepdim=True) + EPS_NORM) * w


def rotate(x, pos):  # [T,heads,E]
    freq = THETA ** (-torch.arange(0, E, 2, dtype=torch.float64) / E)
    angle = torch.tensor(pos, dtype=torch.float64)[:, None] * freq[None]
    c, s = angle.cos()[:, None], angle.sin()[:, None]
    a, b = x[..., :E // 2], x[..., E // 2:]
    return torch.cat([a * c - b * s, b * c + a * s], -1)


def hidden_states(p, ids, pos=None, hidden=None):
    """pos: of each token, else 0, 1, ..; hidden [T,T]: what a token does not see, else what comes later"""
    x = p["model.embed_tokens.weight"][torch.tensor(ids)]
    x = HalfRows.apply(x) if HALF else x
    T = len(ids)
    pos = range(T) if pos is None else pos
    hidden = torch.ones(T, T, dtype=torch.bool).triu(1) if hidden is None else hidden
    mask = torch.zeros(T, T, dtype=torch.float64).masked_fill(hidden, float("-inf"))
    for i in range(L):
        b = f"model.layers.{i}."
        h = rmsnorm(x, p[b + "input_layernorm.weight"])
        q, k, v = (linear(h, p[b + f"self_attn.{n}_proj.weight"], p[b + f"self_attn.{n}_proj.bias"]) for n in "qkv")
        q, k = rotate(q.view(T, H, E), list(pos)), rotate(k.view(T, KH, E), list(pos)).repeat_interleave(H // KH, 1)
        v = v.view(T, KH, E).repeat_interleave(H // KH, 1)
        if HALF:
            out = HalfAttention.apply(q, k, v, mask).reshape(T, H * E)
        else:
            score = torch.einsum("the,she->hts", q, k) / math.sqrt(E) + mask
            out = torch.einsum("hts,she->the", score.softmax(-1), v).reshape(T, H * E)
        x = x + linear(out, p[b + "self_attn.o_proj.weight"])
        h = rmsnorm(x, p[b + "post_attention_layernorm.weight"])
        act = F.silu(linear(h, p[b + "mlp.gate_proj.weight"])) * linear(h, p[b + "mlp.up_proj.weight"])
        x = x + linear(act, p[b + "mlp.down_proj.weight"])
    return rmsnorm(x, p["model.norm.weight"])


def token_losses(p, hidden, ids):
    """-log p of ids[t] by row t-1, for t = 1 .. ; [T-1]"""
    logits = linear(hidden[:-1], p["model.embed_tokens.weight"])
    return F.cross_entropy(logits, torch.tensor(ids[1:]), reduction="none")


def soft_ce(score, label):
    return F.softplus(-score) * label + F.softplus(score) * (1 - label)


def sft_loss(p, rows, opts):
    total, count = 0, 0
    for r in rows:
        keep = torch.tensor(r["mask"][1:], dtype=torch.bool)
        total = total + token_losses(p, hidden_states(p, r["ids"]), r["ids"])[keep].sum()
        count += int(keep.sum())
    return total / count, total / count


def process_loss(p, rows, opts):
    total, count = 0, 0
    for r in rows:
        score = (hidden_states(p, r["ids"]) @ p["score.weight"].T)[:, 0]
        for t, y in enumerate(r["labels"]):
            if y >= 0:
                total, count = total + soft_ce(score[t], y), count + 1
    return total / count, total / count


def prefix_value(item, k, t):
    """mean outcome of the responses that share the first t+1 tokens of response k"""
    same = [j for j, r in enumerate(item["responses"]) if r[:t + 1] == item["responses"][k][:t + 1]]
    return sum(item["labels"][j] for j in same) / len(same)


def ranking(kind, score, label):
    pos = [score[i] for i in range(len(label)) if label[i]]
    neg = [score[i] for i in range(len(label)) if not label[i]]
    if kind == "bt":
        return sum(-F.logsigmoid(a - b) for a in pos for b in neg) / (len(pos) * len(neg)) if pos and neg else 0 * score[0]
    if kind == "pair":
        return -F.logsigmoid(pos[0] - neg[0]) if pos and neg else 0 * score[0]
    y = torch.tensor([float(x) for x in label], dtype=torch.float64)
    s = torch.stack(score)
    return {"ce": lambda: soft_ce(s, y), "mse": lambda: (s - y) ** 2, "mse-sigmoid": lambda: (torch.sigmoid(s) - y) ** 2}[kind]().mean()


def response_states(p, item):
    """hidden states of prompt + response, for each response"""
    prompt, n0 = item["prompt"], len(item["prompt"])
    if not HALF:
        return [hidden_states(p, prompt + r) for r in item["responses"]]
    # A prompt's gradient is the sum over the responses, rounded once: it must be computed once here too.
    ids, pos, owner = list(prompt), list(range(n0)), [-1] * n0
    for k, r in enumerate(item["responses"]):
        ids, pos, owner = ids + r, pos + list(range(n0, n0 + len(r))), owner + [k] * len(r)
    owner = torch.tensor(owner)
    apart = (owner[:, None] != owner[None]) & (owner[None] >= 0)
    h = hidden_states(p, ids, pos, apart | torch.ones_like(apart).triu(1))
    return [h[(owner < 0) | (owner == k)] for k in range(len(item["responses"]))]


def list_loss(p, items, o):
    tokens = sum(len(r) for it in items for r in it["responses"])
    good = sum(len(r) for it in items for r, y in zip(it["responses"], it["labels"]) if y)
    rank, extra = 0, 0
    for it in items:
        scores, n0, states = [], len(it["prompt"]), response_states(p, it)
        for k, r in enumerate(it["responses"]):
            ids, h = it["prompt"] + r, states[k]
            score = (h @ p["score.weight"].T)[:, 0]
            scores.append(score[-1])
            if o.get("value_weight"):
                for t in range(len(r)):
                    y = prefix_value(it, k, t) if o.get("prefix_values") else float(it["labels"][k])
                    extra = extra + o["value_weight"] / tokens * soft_ce(score[n0 + t], y)
            if o.get("lm_weight") and it["labels"][k]:
                extra = extra + o["lm_weight"] / good * token_losses(p, h, ids)[n0 - 1:].sum()
        rank = rank + ranking(o["loss"], scores, it["labels"]) / len(items)
        extra = extra + o.get("center", 0) * (sum(scores) / len(scores)) ** 2 / len(items)
    return rank, rank + extra


def rate(o, step):
    warm = math.ceil(o["warmup"] * STEPS)
    if step < warm:
        return o["lr"] * (step + 1) / warm
    t = (step - warm) / (STEPS - warm - 1)
    f = {"cosine": 0.5 * (1 + math.cos(math.pi * t)), "linear": 1 - t, "constant": 1}[o["schedule"]]
    return o["lr"] * (o["min_lr_ratio"] + (1 - o["min_lr_ratio"]) * f)


def weighted_sum(x):
    flat = x.reshape(-1)
    return (flat * torch.cos(0.7 * torch.arange(1, len(flat) + 1, dtype=torch.float64))).sum()


def newton_schulz(u):
    """Muon's five steps, in double precision (torch.optim.Muon does them in bfloat16)"""
    x = u / (u.norm() + 1e-7)
    if x.shape[0] > x.shape[1]:
        x = x.T
    for _ in range(5):
        gram = x @ x.T
        x = 3.4445 * x + (-4.775 * gram + 2.0315 * gram @ gram) @ x
    return x.T if u.shape[0] > u.shape[1] else x


def muon_step(w, m, g, lr, decay):
    """torch.optim.Muon(momentum=0.95, nesterov=True, adjust_lr_fn="match_rms_adamw"); its momentum is 0.05 of this one"""
    m = 0.95 * m + g
    w.mul_(1 - lr * decay)
    w -= lr * 0.2 * math.sqrt(max(w.shape)) * newton_schulz(0.95 * m + g)
    return m


def same_as_torch():
    """What stands above against PyTorch's own, as near as bfloat16 lets it be: the direction of ten steps."""
    gen = torch.Generator().manual_seed(1)
    for shape in ((16, 8), (8, 16), (16, 16)):
        a = torch.randn(*shape, generator=gen, dtype=torch.float64)
        ours, theirs, m = a.clone(), torch.nn.Parameter(a.clone()), torch.zeros_like(a)
        opt = torch.optim.Muon([theirs], lr=0.02, weight_decay=0.1, momentum=0.95, nesterov=True, adjust_lr_fn="match_rms_adamw")
        for _ in range(10):
            g = torch.randn(*shape, generator=gen, dtype=torch.float64)
            m = muon_step(ours, m, g, 0.02, 0.1)
            theirs.grad = g.clone()
            opt.step()
        moved, apart = float((theirs.detach() - a).norm()), float((theirs.detach() - ours).norm())
        print(f"Muon {shape}: moved {moved:.4f}, apart {apart:.4f}", file=sys.stderr)
        assert apart < 0.02 * moved


def run(name, kind, rows, o, order, start, out):
    global HALF
    HALF = bool(o.get("bf16"))
    p = {k: v.double().clone().requires_grad_(True) for k, v in start.items()}
    m = {k: torch.zeros_like(v) for k, v in p.items()}
    v2 = {k: torch.zeros_like(v) for k, v in p.items()}
    loss_of = {"sft": sft_loss, "process": process_loss, "lists": list_loss}[kind]
    losses, norms, rates, sums = [], [], [], []
    for step in range(STEPS):
        batch = [rows[i] for i in order[step * o["batch"]:(step + 1) * o["batch"]]]
        told, loss = loss_of(p, batch, o)
        grads = dict(zip(p, torch.autograd.grad(loss, list(p.values()), allow_unused=True)))
        norm = math.sqrt(sum(float((g * g).sum()) for g in grads.values() if g is not None))
        scale = o["clip"] / norm if o["clip"] > 0 and norm > o["clip"] else 1.0
        lr = rate(o, step)
        with torch.no_grad():
            for k, w in p.items():
                g = (grads[k] if grads[k] is not None else torch.zeros_like(w)) * scale
                if o.get("muon") and w.dim() == 2 and ".layers." in k:
                    m[k] = muon_step(w, m[k], g, lr, o["weight_decay"])
                    continue
                m[k] = o["beta1"] * m[k] + (1 - o["beta1"]) * g
                v2[k] = o["beta2"] * v2[k] + (1 - o["beta2"]) * g * g
                if w.dim() == 2:
                    w.mul_(1 - lr * o["weight_decay"])
                w -= lr * (m[k] / (1 - o["beta1"] ** (step + 1))) / ((v2[k] / (1 - o["beta2"] ** (step + 1))).sqrt() + o["eps"])
        losses.append(float(told.detach()))
        norms.append(norm)
        rates.append(lr)
        sums.append([float(weighted_sum(w.detach())) for w in p.values()])
        if step in (0, STEPS - 1):
            for k, w in p.items():
                out[f"{name}.{step + 1}.{k}"] = w.detach().float().contiguous()
    for key, x in (("losses", losses), ("norms", norms), ("rates", rates), ("sums", sums)):
        out[f"{name}.{key}"] = torch.tensor(x, dtype=torch.float32)


def save_model(folder):
    start = make_model()
    save_file(start, os.path.join(folder, "model", "model.safetensors"), metadata={"format": "pt"})
    with open(os.path.join(folder, "model", "config.json"), "w") as f:
        json.dump(CONFIG, f, indent=1)
    return start


def main():
    folder = sys.argv[1]
    if sys.stdin.isatty() or len(sys.argv) > 2:  # only the model, so that the order can be printed
        os.makedirs(os.path.join(folder, "model"), exist_ok=True)
        save_model(folder)
        return
    same_as_torch()
    order = json.load(sys.stdin)
    with open(os.path.join(folder, "cases.json")) as f:
        cases = json.load(f)
    start = save_model(folder)
    cases["tensors"] = list(start)
    out = {}
    for name, c in cases["runs"].items():
        c["order"] = order[name]
        run(name, c["kind"], cases[c["kind"]], c["options"], c["order"], start, out)
    save_file(out, os.path.join(folder, "expected.safetensors"))
    with open(os.path.join(folder, "cases.json"), "w") as f:
        f.write(json.dumps(cases).replace('"runs"', '\n"runs"').replace('}, "', '},\n "') + "\n")


main()
