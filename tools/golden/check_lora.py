"""check_lora.py - PEFT opens the adapters that lemma saved: base + adapter computes what the merged folder does

Usage: /opt/tf5/bin/python tools/golden/check_lora.py BASE OUT    (OUT of `lemma sft --model BASE --lora-rank N`)
By hand; prints the largest difference of log-probabilities, and ends with 1 above 1e-4."""
import sys

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM

base, out = sys.argv[1], sys.argv[2]
torch.manual_seed(1)
plain = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
merged = AutoModelForCausalLM.from_pretrained(out, dtype=torch.float32)
ids = torch.randint(0, plain.config.vocab_size, (3, 40))
with torch.no_grad():
    before = plain(input_ids=ids).logits.log_softmax(-1)
    adapted = PeftModel.from_pretrained(plain, f"{out}/adapter")(input_ids=ids).logits.log_softmax(-1)
    want = merged(input_ids=ids).logits.log_softmax(-1)
print(f"adapter in PEFT against the merged folder: {float((adapted - want).abs().max()):.2e}; against the base: {float((adapted - before).abs().max()):.2e}")
sys.exit(float((adapted - want).abs().max()) > 1e-4)
