"""make_scores.py - what `prm score --head rlhflow`, `rm score --head logprob` and `--head implicit` must give, by PyTorch and Transformers

Usage: PYTHONPATH=... /opt/oracle/bin/python tools/golden/make_scores.py tests/data/golden_heads/rlhflow_prm tests/data/golden_heads/rlhflow_mixed
Made with PyTorch 2.15 and Transformers 4.51, in fp32 on one thread, each sequence alone. Tests never run this. The second folder is the first with
other weights, drawn until both signs occur among its steps.

  cases_compat.json    RLHFlow's script (recipe.md 5.4): one forward for each step, every sign before it '+', empty pieces are steps too
  cases_mistral.json   the same for pieces between 'ки\\n', as the script splits the solutions of Mistral's data
  cases_signs.json     the same for the steps that are not empty, every sign before a step the one that this model gave
  cases_logprob.json   log p of each token of the reply and of <|eot_id|>, by teacher forcing
  cases_implicit.json  beta * (log p - log p of the same weights under rope_theta 500), summed over the tokens that begin in each step
"""
import json
import os
import shutil
import sys

import torch
from safetensors.torch import save_file
from transformers import AutoTokenizer, LlamaForCausalLM

# The rows of make_heads.py, and some whose signs or pieces differ.
ROWS = [
    ("What is 12 + 30?", ["First add the tens.\n\n10 + 30 = 40.\n\nSo 12 + 30 = 42.\n\nThe answer is \\boxed{42}.",
                          "First add the tens.\n\n10 + 30 = 40.\n\nThe answer is \\boxed{40}.", "42", "First add the tens.", "42\n\n"]),
    ("Ein Kreis hat Radius 3. Fl\u00e4che?", ["A = \u03c0 r\u00b2\n\nA = 9\u03c0", "A = \u03c0 r\u00b2\n\nA = 6\u03c0\n\n\n\nHence \\boxed{6\u03c0}.\n\n",
                                              "A = \u03c0 r\u00b2\n\nA = 9\u03c0", "\n\nA\n\n \n\n=\n\n9"]),
    ("Tom has 5 apples - he eats 2 + 1. How many are left?",
     ["Step 1: He eats 2 + 1 = 3.\n\nStep 2: 5 - 3 = 2.\n\nThe answer is 2", "Step 1: 5 - 2 = 3.\nStep 2: 3 + 1 = 4.\n\nThe answer is 4",
      "He\n\neats\n\n3.\n\n2\n\nare\n\nleft", "+\n\n-\n\n+\n\n- + -\n\nis\n\nthe\n\n2"]),
]
BETA = 0.05


def logits(model, ids):
    with torch.no_grad():
        return model(torch.tensor([ids])).logits[0]


def chat_ids(tok, messages, **more):
    return tok(tok.apply_chat_template(messages, tokenize=False, **more), add_special_tokens=False).input_ids


def steps(m, t, problem, pieces, own):
    """p(+) of each step; own: the signs before it are the model's."""
    plus, minus = (t.encode(s, add_special_tokens=False)[-1] for s in "+-")
    out, talk = [], []
    for i, s in enumerate(pieces):
        talk += [{"role": "user", "content": problem + " " + s if i == 0 else s}, {"role": "assistant", "content": "+"}]
        ids = chat_ids(t, talk)
        assert ids[-2] == plus
        out.append(float(logits(m, ids)[-3, [plus, minus]].softmax(-1)[0]))
        if own and out[-1] < 0.5:
            talk[-1] = {"role": "assistant", "content": "-"}
    return out


def compat(m, t, p, a):
    return steps(m, t, p, [s.strip() for s in a.split("\n\n")], False)


def mistral(m, t, p, a):
    return steps(m, t, p, [s.strip() for s in a.split("\u043a\u0438\n")], False)


def signs(m, t, p, a):
    return steps(m, t, p, [s.strip() for s in a.split("\n\n") if s.strip()], True)


def reply(t, p, a):
    """Prompt, and reply with its end."""
    prompt = chat_ids(t, [{"role": "user", "content": p}], add_generation_prompt=True)
    return prompt, t.encode(a, add_special_tokens=False) + [t.convert_tokens_to_ids("<|eot_id|>")]


def logprob(m, t, p, a):
    prompt, text = reply(t, p, a)
    lp = logits(m, prompt + text).double().log_softmax(-1)
    return [float(lp[len(prompt) + i - 1, x]) for i, x in enumerate(text)]


def step_of(t, text, a):
    """The step in which each token begins: bytes are counted, blank pieces belong to the step before."""
    raw, at, of = a.encode(), 0, []
    ends, n = [], 0
    for piece in a.split("\n\n"):
        n += len((piece + "\n\n").encode())
        ends.append((n, bool(piece.strip())))
    number, table = -1, []
    for end, real in ends:
        number += real
        table.append((end, max(number, 0)))
    for x in text[:-1]:
        of.append(next(s for end, s in table if at < end))
        at += len(t.decode([x]).encode()) if "\ufffd" not in t.decode([x]) else len(bytes_of(t, x))
    assert at == len(raw), (at, len(raw))
    return of + [number]


def bytes_of(t, x):
    """Byte-level vocabularies spell each byte as one character."""
    return t.convert_ids_to_tokens(x)


def implicit(m, reference):
    def one(_, t, p, a):
        _, text = reply(t, p, a)
        of = step_of(t, text, a)
        gain = [0.0] * (max(of) + 1)
        for s, x, y in zip(of, logprob(m, t, p, a), logprob(reference, t, p, a)):
            gain[s] += BETA * (x - y)
        return gain
    return one


def mixed(m, t):
    """Signs of both kinds before steps, and steps whose value they change."""
    seen = [x < 0.5 for p, cs in ROWS for a in cs for x in signs(m, t, p, a)[:-1]]
    return sum(seen) > 6 and sum(not x for x in seen) > 6


def draw(source, tok):
    for seed in range(1000):
        torch.manual_seed(seed)
        model = LlamaForCausalLM.from_pretrained(source).float().eval()
        with torch.no_grad():
            for name, p in model.named_parameters():
                if not name.endswith("norm.weight"):
                    p.copy_(p.std() * torch.randn_like(p))
            model.lm_head.weight[tok.convert_tokens_to_ids("+")] *= 3
        if mixed(model, tok):
            print("seed", seed)
            return model


def main():
    source, folder = sys.argv[1:3]
    torch.set_num_threads(1)
    tok = AutoTokenizer.from_pretrained(source)
    model = draw(source, tok)
    os.makedirs(folder, exist_ok=True)
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json"):
        shutil.copy(os.path.join(source, name), folder)
    save_file({k: v.clone() for k, v in model.state_dict().items()}, os.path.join(folder, "model.safetensors"), metadata={"format": "pt"})
    reference = LlamaForCausalLM.from_pretrained(folder, rope_theta=500.0).float().eval()
    for name, score in (("compat", compat), ("mistral", mistral), ("signs", signs), ("logprob", logprob), ("implicit", implicit(model, reference))):
        given = [(p, [a.replace("\n\n", " \u043a\u0438\n") + " \u043a\u0438" * (i % 2) for i, a in enumerate(cs)]) for p, cs in ROWS] if name == "mistral" else ROWS
        rows = [{"problem": p, "completions": cs, "scores": [score(model, tok, p, a) for a in cs]} for p, cs in given]
        with open(os.path.join(folder, f"cases_{name}.json"), "w") as f:
            json.dump({"rows": rows}, f, ensure_ascii=False, indent=None)
            f.write("\n")
        print(name, rows[2]["scores"][2])


main()
