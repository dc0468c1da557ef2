"""tests/data/golden/processors.json: log-probabilities after Transformers' processors, in the order of `generate`.

  /opt/tf5/bin/python tools/golden/make_processors.py

Each case: logits (fp32), the ids that were seen, options, and log-softmax of what is left (null: not to be drawn).
"greedy": what generate(do_sample=False, repetition_penalty=…) makes of tests/data/folders/base."""
import json
import os

import torch
import transformers
from transformers.generation import logits_process as lp

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
V = 48


def case(k, seen, penalty, temperature, top_k, top_p, min_p):
    torch.manual_seed(k)
    logits = torch.randn(1, V) * 2.5
    x, ids = logits.clone(), torch.tensor([seen], dtype=torch.long)
    steps = []
    if penalty != 1:
        steps.append(lp.RepetitionPenaltyLogitsProcessor(penalty))
    if temperature != 1:
        steps.append(lp.TemperatureLogitsWarper(temperature))
    if top_k:
        steps.append(lp.TopKLogitsWarper(top_k))
    if top_p < 1:
        steps.append(lp.TopPLogitsWarper(top_p))
    if min_p:
        steps.append(lp.MinPLogitsWarper(min_p))
    for s in steps:
        x = s(ids, x)
    out = torch.log_softmax(x[0].double(), -1)
    return {"logits": [float(v) for v in logits[0]], "seen": seen, "repetition_penalty": penalty, "temperature": temperature, "top_k": top_k, "top_p": top_p,
            "min_p": min_p, "logprob": [None if v == float("-inf") else float(v) for v in out]}


def greedy(penalty):
    folder = os.path.join(ROOT, "tests/data/folders/base")
    tok = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    ids = tok.apply_chat_template([{"role": "user", "content": "What is 6*7?"}], add_generation_prompt=True, tokenize=True, return_dict=False)
    made = model.generate(torch.tensor([ids]), do_sample=False, repetition_penalty=penalty, max_new_tokens=24)
    return {"repetition_penalty": penalty, "tokens": [int(i) for i in made[0, len(ids):]], "text": tok.decode(made[0, len(ids):], skip_special_tokens=True)}


CASES = [([], 1, 1, 0, 1, 0), ([3, 7, 3, 40, 7], 1.3, 1, 0, 1, 0), ([3, 7, 3, 40], 0.7, 1, 0, 1, 0), (list(range(V)), 2.0, 0.7, 0, 1, 0), ([], 1, 1, 0, 1, 0.1),
         ([], 1, 0.5, 0, 1, 0.05), ([], 1, 1.5, 0, 1, 0.3), ([1, 2, 3, 4, 5], 1.2, 0.8, 10, 1, 0), ([9, 9, 9], 1.5, 0.8, 0, 0.9, 0), ([9, 8], 1.1, 0.9, 20, 0.9, 0.08),
         ([0, 47], 1.25, 1.2, 30, 0.95, 0.02), ([], 1, 1, 0, 1, 1.0)]
with open(os.path.join(ROOT, "tests/data/golden/processors.json"), "w") as f:
    json.dump({"transformers": transformers.__version__, "cases": [case(k, *c) for k, c in enumerate(CASES)], "greedy": [greedy(p) for p in (1.0, 1.3, 3.0)]}, f)
    f.write("\n")
