"""make_prm.py - losses and gradients of process reward objectives, by PyTorch and Transformers

Usage: python tools/golden/make_prm.py tests/data/golden
Reads the models that make_models.py wrote (llama, llama_rm, qwen2, qwen2_rm), in fp32 on one thread, each row alone. Writes <folder>/prm/cases.json:
token ids, labels, and for each case the loss and, of each tensor's gradient, its norm and some of its elements. Tests never run this.

  scalar       mean over labels of the cross-entropy of sigmoid(score at the token) with the label, hard or soft
  signs        mean over labels of -y*log p(good) - (1-y)*log p(bad) at the token, over the vocabulary
  signs-also   the same and the tokens of `also`, each predicted by the one before it: mean over labels and those (RLHFlow's mask)
"""
import json
import os
import sys

import torch
import torch.nn.functional as F
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification

LENGTHS = (23, 9, 40)
GOOD, BAD = 10, 12
SAMPLES = 24


def rows(vocab, soft):
    gen = torch.Generator().manual_seed(21)
    choices = (0.0, 0.125, 0.625, 1.0) if soft else (0.0, 1.0)
    out = []
    for n in LENGTHS:
        ids = torch.randint(3, vocab, (n,), generator=gen).tolist()
        at = [i for i in range(4, n - 2, 5)]
        label = [choices[int(torch.randint(0, len(choices), (1,), generator=gen))] for _ in at]
        for i, y in zip(at, label):
            if not soft:
                ids[i + 1] = GOOD if y else BAD
        out.append({"ids": ids, "at": at, "label": label, "also": sorted({j for i in at for j in (i, i + 2)})})
    return out


def scalar_loss(model, data):
    terms = []
    for row in data:
        hidden = model.model(input_ids=torch.tensor([row["ids"]])).last_hidden_state[0]
        score = model.score(hidden)[:, 0]
        terms += [F.binary_cross_entropy_with_logits(score[i], torch.tensor(y)) for i, y in zip(row["at"], row["label"])]
    return torch.stack(terms).mean()


def sign_loss(model, data, also):
    terms = []
    for row in data:
        logp = F.log_softmax(model(input_ids=torch.tensor([row["ids"]])).logits[0], dim=-1)
        terms += [-y * logp[i, GOOD] - (1 - y) * logp[i, BAD] for i, y in zip(row["at"], row["label"])]
        if also:
            terms += [-logp[j - 1, row["ids"][j]] for j in row["also"]]
    return torch.stack(terms).mean()


def pieces(model):
    out = {}
    for name, p in model.named_parameters():
        g = (torch.zeros_like(p) if p.grad is None else p.grad).flatten()
        step = max(1, g.numel() // SAMPLES)
        out[name] = {"norm": float(g.double().norm()), "step": step, "values": [float(x) for x in g[::step]]}
    return out


def case(folder, name, soft, kind):
    scalar = kind == "scalar"
    cls = AutoModelForSequenceClassification if scalar else AutoModelForCausalLM
    model = cls.from_pretrained(os.path.join(folder, name), torch_dtype=torch.float32).eval()
    data = rows(model.config.vocab_size, soft)
    loss = scalar_loss(model, data) if scalar else sign_loss(model, data, kind == "signs-also")
    loss.backward()
    return {"model": name, "kind": kind, "soft": soft, "good": GOOD, "bad": BAD, "rows": data, "loss": float(loss), "gradient": pieces(model)}


def main():
    torch.set_num_threads(1)
    folder = sys.argv[1]
    cases = [case(folder, "llama_rm", False, "scalar"), case(folder, "qwen2_rm", True, "scalar"), case(folder, "qwen2", False, "signs"),
             case(folder, "llama", True, "signs"), case(folder, "llama", False, "signs-also")]
    os.makedirs(os.path.join(folder, "prm"), exist_ok=True)
    with open(os.path.join(folder, "prm", "cases.json"), "w") as f:
        json.dump(cases, f)
        f.write("\n")


main()
