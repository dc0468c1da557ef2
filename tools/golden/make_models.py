"""make_models.py - tiny random Llama and Qwen2 models with logits, losses, gradients and ten AdamW steps, by PyTorch and Transformers

Usage: /opt/oracle/venv/bin/python tools/golden/make_models.py tests/data/golden
Made with PyTorch 1.13 and Transformers 4.46, in fp32 on one thread, each sequence alone (no padding). The files are committed; tests never run this.

  <name>/config.json, model.safetensors   the model as Transformers saves it
  <name>/cases.json                       token ids, loss masks, labels, hyper-parameters
  <name>/expected.safetensors             what PyTorch computed from them
"""
import json
import math
import os
import sys

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from transformers import (LlamaConfig, LlamaForCausalLM, LlamaForSequenceClassification, Qwen2Config, Qwen2ForCausalLM,
                          Qwen2ForSequenceClassification)

SHAPES = {
    "llama": (LlamaConfig, dict(hidden_size=48, intermediate_size=72, num_hidden_layers=2, num_attention_heads=6, num_key_value_heads=2,
                                vocab_size=97, max_position_embeddings=256, rms_norm_eps=1e-5, rope_theta=10000.0,
                                tie_word_embeddings=False, initializer_range=0.15, bos_token_id=1, eos_token_id=2, pad_token_id=0)),
    "qwen2": (Qwen2Config, dict(hidden_size=32, intermediate_size=80, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2,
                                vocab_size=128, max_position_embeddings=128, rms_norm_eps=1e-6, rope_theta=1000000.0,
                                tie_word_embeddings=True, initializer_range=0.15, bos_token_id=1, eos_token_id=2, pad_token_id=0,
                                use_sliding_window=False)),
}
CAUSAL = {"llama": LlamaForCausalLM, "qwen2": Qwen2ForCausalLM}
REWARD = {"llama": LlamaForSequenceClassification, "qwen2": Qwen2ForSequenceClassification}
LENGTHS = [40, 9, 33, 70, 1 + 32]
STEPS, LR, WARMUP, MIN_RATIO = 10, 1e-3, 2, 0.1


def make(cls, config, seed):
    """Random everything: norms away from 1 and biases away from 0, so that their gradients and uses are tested."""
    torch.manual_seed(seed)
    model = cls(config).float().eval()
    with torch.no_grad():
        for name, p in model.named_parameters():
            if name.endswith("norm.weight"):
                p.copy_(1 + 0.2 * torch.randn_like(p))
            elif name.endswith("bias"):
                p.copy_(0.3 * torch.randn_like(p))
            elif name == "score.weight":
                p.copy_(0.3 * torch.randn_like(p))
    return model


def learning_rate(step):
    if step < WARMUP:
        return LR * (step + 1) / WARMUP
    x = (step - WARMUP) / (STEPS - WARMUP - 1)  # the last step has the lowest rate, as in train/schedule.c
    return LR * (MIN_RATIO + (1 - MIN_RATIO) * 0.5 * (1 + math.cos(math.pi * x)))


def batch_loss(model, ids, masks):
    """Mean over trained tokens: token t+1 is trained on where its mask is set."""
    total, count = 0.0, 0
    for row, mask in zip(ids, masks):
        logits = model(input_ids=torch.tensor([row])).logits[0]
        target = torch.tensor(row[1:])
        keep = torch.tensor(mask[1:], dtype=torch.bool)
        total = total + F.cross_entropy(logits[:-1], target, reduction="none")[keep].sum()
        count += int(keep.sum())
    return total / count


def gradients(model, out, prefix="grad."):
    for name, p in model.named_parameters():
        out[prefix + name] = (torch.zeros_like(p) if p.grad is None else p.grad).clone().contiguous()


def causal(name, folder):
    cls, fields = SHAPES[name]
    model = make(CAUSAL[name], cls(**fields), 1)
    model.save_pretrained(folder)
    gen = torch.Generator().manual_seed(7)
    ids = [torch.randint(1, fields["vocab_size"], (n,), generator=gen).tolist() for n in LENGTHS]  # id 0 is padding: no gradient in PyTorch
    masks = [[int(i >= n // 3 and i % 7 != 5) for i in range(n)] for n in LENGTHS]
    out = {}
    for i, row in enumerate(ids):
        with torch.no_grad():
            out[f"logits.{i}"] = model(input_ids=torch.tensor([row])).logits[0].contiguous()
    loss = batch_loss(model, ids, masks)
    loss.backward()
    out["loss"] = loss.detach().reshape(1)
    gradients(model, out)
    decay = [p for p in model.parameters() if p.dim() >= 2]
    plain = [p for p in model.parameters() if p.dim() < 2]
    opt = torch.optim.AdamW([{"params": decay, "weight_decay": 0.1}, {"params": plain, "weight_decay": 0.0}], lr=LR, betas=(0.9, 0.95), eps=1e-8)
    rates, losses, norms = [], [], []
    for step in range(STEPS):
        pick = [step % len(ids), (step + 2) % len(ids)]
        for group in opt.param_groups:
            group["lr"] = learning_rate(step)
        opt.zero_grad()
        loss = batch_loss(model, [ids[i] for i in pick], [masks[i] for i in pick])
        loss.backward()
        norms.append(float(torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)))
        opt.step()
        rates.append(learning_rate(step))
        losses.append(float(loss))
    out["losses"], out["norms"] = torch.tensor(losses), torch.tensor(norms)
    for n, p in model.named_parameters():
        out["after." + n] = p.detach().clone().contiguous()
    save_file(out, os.path.join(folder, "expected.safetensors"))
    with open(os.path.join(folder, "cases.json"), "w") as f:
        json.dump({"ids": ids, "masks": masks, "rates": rates, "beta1": 0.9, "beta2": 0.95, "eps": 1e-8, "weight_decay": 0.1, "clip": 1.0}, f)


def reward(name, folder):
    cls, fields = SHAPES[name]
    model = make(REWARD[name], cls(num_labels=1, **fields), 3)
    model.save_pretrained(folder)
    gen = torch.Generator().manual_seed(11)
    vocab = fields["vocab_size"]
    prompt = torch.randint(3, vocab, (37,), generator=gen).tolist()
    responses = [torch.randint(3, vocab, (n,), generator=gen).tolist() for n in (5, 31, 1, 40, 32, 17)]
    labels = [1, 1, 0, 1, 0, 0]
    scores = torch.stack([model(input_ids=torch.tensor([prompt + r])).logits[0, 0] for r in responses])
    pos = scores[torch.tensor(labels) == 1]
    neg = scores[torch.tensor(labels) == 0]
    loss = -F.logsigmoid(pos[:, None] - neg[None, :]).mean()
    loss.backward()
    out = {"scores": scores.detach(), "loss": loss.detach().reshape(1)}
    gradients(model, out)
    save_file(out, os.path.join(folder, "expected.safetensors"))
    with open(os.path.join(folder, "cases.json"), "w") as f:
        json.dump({"prompt": prompt, "responses": responses, "labels": labels}, f)


def main():
    torch.set_num_threads(1)
    for name in SHAPES:
        causal(name, os.path.join(sys.argv[1], name))
        reward(name, os.path.join(sys.argv[1], name + "_rm"))


main()
