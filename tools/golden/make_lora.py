"""make_lora.py - ten steps of LoRA by PEFT in double precision: what adapters must learn

Usage: /opt/tf5/bin/python tools/golden/make_lora.py tests/data/golden
Made with PEFT 0.21.2, PyTorch and Transformers 5.24. The files are committed; tests never run this.

  lora/cases.json                    sequences, and of each run: base folder, rank, alpha, targets, losses and norms of its ten steps
  lora/RUN-first.safetensors         A and B before the first step, PEFT's own drawing, under PEFT's names
  lora/RUN-last.safetensors          A and B after the tenth
  lora/RUN-adapter/                  what PEFT saves of them, which `lemma model merge` and tests read
"""
import json
import os
import sys

import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM

RUNS = {
    "llama": {"base": "llama", "rank": 4, "alpha": 8, "targets": "all", "rslora": False, "decay": 0.1, "clip": 1.0},
    "qwen2": {"base": "qwen2", "rank": 2, "alpha": 3, "targets": "q,v,down", "rslora": True, "decay": 0.0, "clip": 0.05},
}
MODULES = {"q": "q_proj", "k": "k_proj", "v": "v_proj", "o": "o_proj", "gate": "gate_proj", "up": "up_proj", "down": "down_proj"}
LR, BETAS, EPS, STEPS = 0.02, (0.9, 0.95), 1e-8, 10


def pairs(model):
    """A and B, under the names that PEFT saves."""
    return {k.replace(".default", ""): v.detach().float().clone().contiguous() for k, v in model.named_parameters() if "lora_" in k}


def run(root, name, how, sequences):
    torch.manual_seed(11)
    base = AutoModelForCausalLM.from_pretrained(os.path.join(root, how["base"]), dtype=torch.float64)
    targets = list(MODULES) if how["targets"] == "all" else how["targets"].split(",")
    model = get_peft_model(base, LoraConfig(r=how["rank"], lora_alpha=how["alpha"], use_rslora=how["rslora"], lora_dropout=0.0,
                                            target_modules=[MODULES[t] for t in targets], task_type="CAUSAL_LM"))
    for p in model.parameters():
        p.data = p.data.double()
    save_file(pairs(model), os.path.join(root, "lora", f"{name}-first.safetensors"))
    learned = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(learned, lr=LR, betas=BETAS, eps=EPS, weight_decay=how["decay"])
    losses, norms = [], []
    for step in range(STEPS):
        ids = torch.tensor([sequences[step % len(sequences)]])
        logp = model(input_ids=ids).logits[0, :-1].log_softmax(-1)
        loss = -logp[torch.arange(ids.shape[1] - 1), ids[0, 1:]].mean()
        optimizer.zero_grad()
        loss.backward()
        norms.append(float(torch.nn.utils.clip_grad_norm_(learned, how["clip"])))
        losses.append(float(loss))
        optimizer.step()
    save_file(pairs(model), os.path.join(root, "lora", f"{name}-last.safetensors"))
    model.float().save_pretrained(os.path.join(root, "lora", f"{name}-adapter"))
    readme = os.path.join(root, "lora", f"{name}-adapter", "README.md")
    if os.path.exists(readme):
        os.remove(readme)
    return {**how, "losses": losses, "norms": norms}


def main():
    root = sys.argv[1]
    os.makedirs(os.path.join(root, "lora"), exist_ok=True)
    torch.manual_seed(3)
    vocab = min(json.load(open(os.path.join(root, r["base"], "config.json")))["vocab_size"] for r in RUNS.values())
    sequences = [torch.randint(0, vocab, (n,)).tolist() for n in (17, 9, 23)]
    runs = {name: run(root, name, how, sequences) for name, how in RUNS.items()}
    cases = {"lr": LR, "beta1": BETAS[0], "beta2": BETAS[1], "eps": EPS, "sequences": sequences, "runs": runs}
    with open(os.path.join(root, "lora", "cases.json"), "w") as f:
        json.dump(cases, f, indent=1)
        f.write("\n")


if __name__ == "__main__":
    main()
