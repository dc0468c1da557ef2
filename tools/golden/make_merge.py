"""tests/data/golden/lora/merge/: adapters that PEFT saves, and what merge_and_unload makes of them

  /opt/tf5/bin/python tools/golden/make_merge.py tests/data/golden

Made with PEFT 0.21.2, PyTorch and Transformers 5.24. The files are committed; tests never run this.

  NAME/adapter_config.json, adapter_model.safetensors
  NAME/merged.safetensors    the tensors that differ from the base's, merged in double and rounded to fp32
  cases.json                 of each: base folder, ids, and what the merged model says of them: greedy ids of a language model, else its outputs"""
import json
import os
import sys

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, AutoModelForTokenClassification

CASES = {
    "llama": ("llama", AutoModelForCausalLM, {}, "../llama-adapter"),
    "qwen2": ("qwen2", AutoModelForCausalLM, {}, "../qwen2-adapter"),
    "patterns": ("llama", AutoModelForCausalLM, {"r": 3, "lora_alpha": 5, "target_modules": ["q_proj", "v_proj", "down_proj"], "layers_to_transform": [1],
                                                 "rank_pattern": {"self_attn.q_proj": 5}, "alpha_pattern": {"^model.layers.1.mlp.down_proj": 9, "q_proj": 2}}, None),
    "biases": ("qwen2", AutoModelForCausalLM, {"r": 2, "lora_alpha": 4, "target_modules": r".*\.(q|up)_proj", "bias": "all", "use_rslora": True}, None),
    "linear": ("qwen3", AutoModelForCausalLM, {"r": 1, "lora_alpha": 2, "target_modules": "all-linear"}, None),
    "head": ("llama", AutoModelForSequenceClassification, {"r": 2, "lora_alpha": 4, "target_modules": ["k_proj", "o_proj"], "task_type": "SEQ_CLS"}, None),
    "steps": ("qwen2", AutoModelForTokenClassification, {"r": 2, "lora_alpha": 4, "target_modules": ["gate_proj"], "task_type": "TOKEN_CLS"}, None),
    "embed": ("llama", AutoModelForCausalLM, {"r": 2, "lora_alpha": 4, "target_modules": ["v_proj", "lm_head"], "modules_to_save": ["embed_tokens", "norm"]}, None),
}


def make(root, name, base, kind, how, folder):
    torch.manual_seed(len(name) + 17)
    labels = {"num_labels": 1} if "head" == name else {"num_labels": 2} if name == "steps" else {}
    model = kind.from_pretrained(os.path.join(root, base), dtype=torch.float32, **labels)
    if folder:
        model = PeftModel.from_pretrained(model, os.path.join(root, "lora", "merge", folder))
    else:
        model = get_peft_model(model, LoraConfig(**{"task_type": "CAUSAL_LM", **how}))
        for key, p in model.named_parameters():
            if p.requires_grad:
                p.data = torch.randn_like(p) * (0.3 if "lora_" in key else 0.1)
        model.save_pretrained(os.path.join(root, "lora", "merge", name))
        readme = os.path.join(root, "lora", "merge", name, "README.md")
        if os.path.exists(readme):
            os.remove(readme)
    before = kind.from_pretrained(os.path.join(root, base), dtype=torch.float32, **labels).state_dict()
    merged = model.double().merge_and_unload()
    changed = {k: v.float().contiguous() for k, v in merged.state_dict().items() if k not in before or not torch.equal(v.float(), before[k])}
    save_file(changed, os.path.join(root, "lora", "merge", f"{name}-merged.safetensors"))
    ids = torch.randint(3, 60, (1, 12))
    merged = merged.eval()
    if kind is AutoModelForCausalLM:
        said = merged.generate(ids, max_new_tokens=12, do_sample=False, eos_token_id=None, pad_token_id=0)[0, 12:].tolist()
    else:
        merged.config.pad_token_id = None
        said = merged(input_ids=ids).logits.flatten().tolist()
    return {"base": base, "ids": ids[0].tolist(), "said": said}


def main():
    root = sys.argv[1]
    os.makedirs(os.path.join(root, "lora", "merge"), exist_ok=True)
    cases = {name: make(root, name, *c) for name, c in CASES.items()}
    with open(os.path.join(root, "lora", "merge", "cases.json"), "w") as f:
        json.dump(cases, f, indent=1)
        f.write("\n")


main()
