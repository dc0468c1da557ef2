"""check_stops.py - after every training command: does Transformers' generate stop where Lemma does, and give its greedy text?

Usage: /opt/tf5/bin/python tools/golden/check_stops.py build/lemma tests/data/folders/base
Sources: the folder as it is (ends [0, 2] in both files), the same as a base model (ends 0 alone, turns end with 2), and that in bf16. Each is
trained until it knows two replies. A language model must write them in `generate` (defaults of the saved folder, greedy) as `lemma sample` does,
and end by itself; a classifier must give the score of `rm score`. Value heads (Skywork) are no part of Transformers: their last hidden state times the
head. Prints a line for each, and fails where one differs.
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile

import torch
import transformers
from safetensors.torch import load_file
from transformers import AutoModel, AutoModelForCausalLM, AutoModelForSequenceClassification, AutoModelForTokenClassification, AutoTokenizer

transformers.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()
torch.set_num_threads(1)
LEMMA, BASE = sys.argv[1:3]
W = tempfile.mkdtemp()
PROBLEMS = {"1+1?": "it is 2", "1+2?": "three"}
TRAININGS = ["sft --data rows.jsonl", "rm train --lists lists.jsonl --head generative", "rm train --lists lists.jsonl --loss implicit --lm-weight 0",
             "rm train --lists lists.jsonl --loss dpo", "prm train --data steps.jsonl --val-share 0 --head generative",
             "rm train --lists lists.jsonl", "prm train --data steps.jsonl --val-share 0", "prm train --data steps.jsonl --val-share 0 --head two-class"]


def lemma(*words):
    r = subprocess.run([LEMMA, *words], capture_output=True, text=True, cwd=W)
    assert r.returncode == 0, (words, r.stderr)
    return r


def rows(name, items):
    with open(os.path.join(W, name), "w") as f:
        f.writelines(json.dumps(x) + "\n" for x in items)


def make_inputs():
    rows("rows.jsonl", [{"problem": p, "solution": s} for p, s in PROBLEMS.items()])
    rows("lists.jsonl", [{"problem": p, "responses": [s, "7"], "labels": [True, False]} for p, s in PROBLEMS.items()])
    rows("steps.jsonl", [{"problem": p, "steps": ["so", s], "step_counts": [[2, 2], [0, 2]]} for p, s in PROBLEMS.items()])
    rows("cand.jsonl", [{"id": p, "problem": p, "completions": [s, "7", "so\n" + s]} for p, s in PROBLEMS.items()])


def make_sources():
    base = os.path.join(W, "base")
    shutil.copytree(BASE, base)
    eos = os.path.join(W, "eos")
    shutil.copytree(BASE, eos)
    for name, key, value in (("config.json", "eos_token_id", 0), ("generation_config.json", "eos_token_id", 0), ("tokenizer_config.json", "eos_token", "<|endoftext|>")):
        with open(os.path.join(eos, name)) as f:
            d = json.load(f)
        d[key] = value
        with open(os.path.join(eos, name), "w") as f:
            json.dump(d, f)
    lemma("model", "convert", "eos", "--dtype", "bf16", "--out", "narrow")
    return ["base", "eos", "narrow"]


def chat(tok, p, **more):
    return tok.apply_chat_template([{"role": "user", "content": p}], tokenize=False, **more)


def check_texts(d):
    """Greedy text and how it ended, of both."""
    lemma("sample", "--model", d, "--prompts", "cand.jsonl", "--no-gold", "--n", "1", "--temperature", "0", "--max-tokens", "40", "--out", d + ".jsonl", "--quiet")
    tok = AutoTokenizer.from_pretrained(os.path.join(W, d))
    model = AutoModelForCausalLM.from_pretrained(os.path.join(W, d), dtype=torch.float32).eval()
    ours = [json.loads(x) for x in open(os.path.join(W, d + ".jsonl"))]
    out = []
    for row in ours:
        ids = tok(chat(tok, row["problem"], add_generation_prompt=True), add_special_tokens=False, return_tensors="pt")
        got = model.generate(**ids, do_sample=False, max_new_tokens=40, pad_token_id=0)[0][ids.input_ids.shape[1]:].tolist()
        text, ended = tok.decode(got, skip_special_tokens=True, clean_up_tokenization_spaces=False), len(got) < 40
        assert (text, ended, len(got)) == (row["completions"][0], row["finish_reason"][0] == "stop", row["tokens"][0]), (d, row, got, text)
        out.append(ended)
    return f"{sum(out)} of {len(out)} end by themselves, texts equal"


def reply_ids(tok, p, s):
    return tok.apply_chat_template([{"role": "user", "content": p}, {"role": "assistant", "content": s}], tokenize=False)


def check_scores(d, command):
    """rm_score, or the scores of steps, of both."""
    what = "rm score" if command.startswith("rm") else "prm score"
    system = ["--system", ""] if os.path.exists(os.path.join(W, d, "no")) else []
    lemma(*what.split(), "cand.jsonl", "--model", d, "--out", d + ".jsonl", "--quiet", *system)
    prompt = json.load(open(os.path.join(W, d, "lemma.json")))["prompt"]
    tok = AutoTokenizer.from_pretrained(os.path.join(W, d))
    worst = n = 0
    for row in map(json.loads, open(os.path.join(W, d + ".jsonl"))):
        for i, s in enumerate(row["completions"]):
            ours = [row["rm_score"][i]] if what == "rm score" else row["step_scores"][i]
            theirs = scores_of(d, command, tok, row["problem"], s, prompt)
            worst = max([worst] + [abs(x - y) for x, y in zip(ours, theirs, strict=True)])
            n += len(ours)
    assert worst < 2e-5, (d, worst)
    return f"{n} scores, worst difference {worst:.1e}"


def scores_of(d, command, tok, p, s, prompt):
    folder, arg = os.path.join(W, d), {"dtype": torch.float32}
    with torch.no_grad():
        if command.startswith("rm"):
            m = [{"role": "user", "content": p}, {"role": "assistant", "content": s}]
            if prompt["system"]:
                m.insert(0, {"role": "system", "content": prompt["system"]})
            ids = tok(tok.apply_chat_template(m, tokenize=False), add_special_tokens=False, return_tensors="pt")
            return [float(AutoModelForSequenceClassification.from_pretrained(folder, **arg).eval()(**ids).logits[0, 0])]
        ids, at = list(tok(p + "\n" if "two-class" not in command else p, add_special_tokens=False).input_ids), []
        for step in s.split(prompt["step_separator"]):
            ids += tok(step, add_special_tokens=False).input_ids + tok(prompt["step_separator"], add_special_tokens=False).input_ids
            at.append(len(ids) - 1)
        if "two-class" in command:
            return AutoModelForTokenClassification.from_pretrained(folder, **arg).eval()(torch.tensor([ids])).logits[0, at].softmax(-1)[:, 1].tolist()
        h = AutoModel.from_pretrained(folder, **arg).eval()(torch.tensor([ids])).last_hidden_state[0, at]
        w = load_file(os.path.join(folder, "model.safetensors"))
        return torch.sigmoid(h @ w["v_head.summary.weight"].float().T + w["v_head.summary.bias"].float())[:, 0].tolist()


def main():
    make_inputs()
    print("Transformers", transformers.__version__)
    for source in make_sources():
        for i, t in enumerate(TRAININGS):
            d = f"{source}-{i}"
            more = ["--lr", "1e-2", "--max-steps", "200" if i == 0 else "8", "--batch", "2", "--quiet", "--out", d]
            # what judges must write too: the language models among them start from one that knows its replies
            lemma(*t.split(), "--model", source if i in (0, 5, 6, 7) else f"{source}-0", *more)
            print(f"{source:7} {t:62} {check_texts(d) if i < 5 else check_scores(d, t)}")
    print("ok")
    shutil.rmtree(W)


main()
