"""make_positions.py - where Transformers reads a classifier: tests/data/golden_heads/positions.json, read by tests/cli/test_folders.c

Usage: for v in tf5 tf437; do /opt/$v/bin/python tools/golden/make_positions.py tests/data/golden_heads/qwen2_classifier tests/data/golden_heads/positions.json; done
Made with Transformers 5.24.0 and 4.37.2 (torch 2.15), fp32, one thread. The first makes the token ids, which the tokenizers of 4.37.2 cannot; each fills in its own version's scores.
For each pad_token_id (none, the token that ends a turn, another that the template may write, one that nobody writes), eos_token_id and end of the template: the
score of the conversation alone, and in a batch of two with the pads on the right and on the left (null where Transformers refuses).
"""
import json
import os
import sys

import torch
import transformers
from transformers import AutoTokenizer, Qwen2ForSequenceClassification

torch.set_num_threads(1)
FOLDER, OUT = sys.argv[1:3]
START = "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] "
ENDS = {"line": "+ '<|im_end|>\n'", "turn": "+ '<|im_end|>'", "turn and eos": "+ '<|im_end|>' + ('<|endoftext|>' if loop.last else '')", "bare": "+ '\n'"}
TALK = [{"role": "user", "content": "What is 12 + 30?"}, {"role": "assistant", "content": "12 + 30 = 42"}]
LONGER = [{"role": "user", "content": "What is 12 + 30?"}, {"role": "assistant", "content": "First add the tens, then the ones: 12 + 30 = 42, I think."}]
NAME = "v5" if transformers.__version__.startswith("5") else "v4_37_2"


def template(end):
    return START + end + " }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"


def score(model, rows, side, pad):
    n = max(map(len, rows))
    fill = 0 if pad is None else pad
    ids = [r + [fill] * (n - len(r)) if side == "right" else [fill] * (n - len(r)) + r for r in rows]
    mask = [[1] * len(r) + [0] * (n - len(r)) if side == "right" else [0] * (n - len(r)) + [1] * len(r) for r in rows]
    try:
        with torch.no_grad():
            return float(model(torch.tensor(ids), attention_mask=torch.tensor(mask)).logits[0, 0])
    except ValueError:
        return None


def main():
    tok = AutoTokenizer.from_pretrained(FOLDER) if NAME == "v5" else None
    model = Qwen2ForSequenceClassification.from_pretrained(FOLDER).float().eval()
    known = json.load(open(OUT)) if os.path.exists(OUT) else []
    old = {(k["pad"], k["eos"], k["end"]): k for k in known}
    if tok:
        ids = {name: tok.convert_tokens_to_ids(name) for name in ("<|im_end|>", "<|endoftext|>", "<extra_0>")}
        old = {(pad, eos, end): {"pad": pad, "eos": eos, "end": end, "template": template(text), "ids": [
                   tok(tok.apply_chat_template(m, chat_template=template(text), tokenize=False), add_special_tokens=False).input_ids for m in (TALK, LONGER)]}
               for pad in (None, *ids.values()) for eos in (None, ids["<|im_end|>"], ids["<|endoftext|>"]) for end, text in ENDS.items()}
    out = []
    for (pad, eos, _), case in old.items():
        model.config.pad_token_id, model.config.eos_token_id = pad, eos
        a, b = case["ids"]
        case[NAME] = {"alone": score(model, [a], "right", pad), "right": score(model, [a, b], "right", pad), "left": score(model, [a, b], "left", pad)}
        out.append(case)
    with open(OUT, "w") as f:
        f.write("[\n" + ",\n".join(json.dumps(c) for c in out) + "\n]\n")
    print(NAME, len(out), "cases")


main()
