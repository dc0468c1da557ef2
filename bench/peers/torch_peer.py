#!/usr/bin/env python3
# torch_peer.py - PyTorch, Transformers and TRL as peers: one process that measures what it is asked, line by line
"""torch_peer.py THREADS: reads one JSON object a line from standard input, answers one a line.

  {"work": "sample", "dir": D, "dtype": "bf16|fp32", "candidates": N, "prompt": P, "new": T}   prefill, decode (tokens/s)
  {"work": "score", "dir": D, "dtype": ..., "n": N, "prompt": P, "lengths": [..]}              items/s, padded batches of 16 of like length
  {"work": "sft", "dir": D, "dtype": ..., "how": "packed|padded|trl", "lengths": [..], "steps": S}   tokens/s; S steps of all lengths each
  {"work": "reward", "dir": D, "dtype": ..., "how": "once|pairs|trl", "lists": L, "length": P}   responses/s of lists of six, three right

bf16: weights in bf16 for inference, torch.autocast over fp32 weights for training. Weights are the folder's, ids are drawn from a seed.
"""
import sys

import json  # noqa: E402
import os  # noqa: E402
import resource  # noqa: E402
import time  # noqa: E402

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
import torch  # noqa: E402
import transformers  # noqa: E402

transformers.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()
DTYPE = {"bf16": torch.bfloat16, "fp32": torch.float32}
kept = {}  # the model that was used last


def model_of(q, cls, dtype):
    key = (q["dir"], cls.__name__, dtype)
    if key not in kept:
        kept.clear()
        kept[key] = cls.from_pretrained(q["dir"], dtype=dtype, attn_implementation="sdpa", **({"num_labels": 1} if "Sequence" in cls.__name__ else {}))
    return kept[key]


def ids_of(n, vocab, seed=1):
    return torch.randint(300, min(vocab, 5000), (n,), generator=torch.Generator().manual_seed(seed))


@torch.inference_mode()
def sample(q):
    model = model_of(q, transformers.AutoModelForCausalLM, DTYPE[q["dtype"]]).eval()
    ids = ids_of(q["prompt"], model.config.vocab_size)[None]
    model(ids[:, :8], logits_to_keep=1)
    begin = time.perf_counter()
    out = model(ids, use_cache=True, logits_to_keep=1)
    first = torch.multinomial(torch.softmax(out.logits[:, -1].float() / 0.8, -1), q["candidates"], replacement=True).T
    prefill = time.perf_counter() - begin
    cache = out.past_key_values  # the prompt is computed once and its keys and values copied: better than generate(num_return_sequences)
    cache.batch_repeat_interleave(q["candidates"])
    begin = time.perf_counter()
    for _ in range(q["new"] - 1):
        out = model(first, past_key_values=cache, use_cache=True)
        first = torch.multinomial(torch.softmax(out.logits[:, -1].float() / 0.8, -1), 1)
    decode = time.perf_counter() - begin
    return {"prefill": q["prompt"] / prefill, "decode": q["candidates"] * (q["new"] - 1) / decode}


@torch.inference_mode()
def score(q):
    model = model_of(q, transformers.AutoModelForSequenceClassification, DTYPE[q["dtype"]]).eval()
    prompt = ids_of(q["prompt"], model.config.vocab_size)
    lengths = sorted(q["lengths"][i % len(q["lengths"])] for i in range(q["n"]))
    rows = [torch.cat([prompt, ids_of(n, model.config.vocab_size, i + 2)]) for i, n in enumerate(lengths)]
    model(rows[0][None, :8])
    begin = time.perf_counter()
    for i in range(0, len(rows), 16):
        part = rows[i:i + 16]
        ids = torch.nn.utils.rnn.pad_sequence(part, batch_first=True)
        mask = torch.nn.utils.rnn.pad_sequence([torch.ones_like(r) for r in part], batch_first=True)
        model(ids, attention_mask=None if mask.all() else mask)
    return {"items": len(rows) / (time.perf_counter() - begin)}


def steps_of(model, q, batches, loss_of):
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5, fused=True)
    model.train()

    def step():
        for b in batches:
            with torch.autocast("cpu", torch.bfloat16, enabled=q["dtype"] == "bf16"):
                loss = loss_of(b)
            loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    begin = time.perf_counter()
    for _ in range(q.get("steps", 1)):
        step()
    return time.perf_counter() - begin


def packed(lengths, vocab, width=512):
    """Rows of whole sequences, the longest first into the first row with room; positions begin anew, which Transformers reads as a border."""
    rows = []
    for i in sorted(range(len(lengths)), key=lambda i: -lengths[i]):
        row = next((r for r in rows if sum(lengths[k] for k in r) + lengths[i] <= width), None)
        row.append(i) if row is not None else rows.append([i])
    for r in rows:
        ids = torch.cat([ids_of(lengths[i], vocab, i) for i in r])[None]
        positions = torch.cat([torch.arange(lengths[i]) for i in r])[None]
        labels = ids.clone()
        labels[positions == 0] = -100
        yield {"input_ids": ids, "position_ids": positions, "labels": labels}


def padded(lengths, vocab, size=8):
    for i in range(0, len(lengths), size):
        rows = [ids_of(n, vocab, i) for n in lengths[i:i + size]]
        ids = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)
        mask = torch.nn.utils.rnn.pad_sequence([torch.ones_like(r) for r in rows], batch_first=True)
        yield {"input_ids": ids, "attention_mask": mask, "labels": ids.masked_fill(mask == 0, -100)}


def trl_args(q, cls, **more):
    return cls(output_dir="/tmp/torch_peer_trl", max_steps=q.get("steps", 1), learning_rate=1e-5, bf16=q["dtype"] == "bf16", use_cpu=True, report_to=[],
               save_strategy="no", logging_strategy="no", disable_tqdm=True, gradient_checkpointing=False, optim="adamw_torch_fused", **more)


def tokenizer_of(folder):
    t = transformers.AutoTokenizer.from_pretrained(folder)
    t.pad_token = t.pad_token or t.eos_token or t.convert_ids_to_tokens(0)
    t.eos_token = t.eos_token or t.convert_ids_to_tokens(0)
    return t


def sft(q):
    kept.clear()
    lengths = q["lengths"]
    model = transformers.AutoModelForCausalLM.from_pretrained(q["dir"], dtype=torch.float32, attn_implementation="sdpa")
    vocab, tokens = model.config.vocab_size, sum(lengths) * q.get("steps", 1)
    if q["how"] == "trl":
        import datasets
        import trl
        data = datasets.Dataset.from_dict({"input_ids": [ids_of(n, vocab, i).tolist() for i, n in enumerate(lengths)] * q.get("steps", 1)})
        args = trl_args(q, trl.SFTConfig, per_device_train_batch_size=8, gradient_accumulation_steps=max(1, len(lengths) // 8), max_length=None)
        trainer = trl.SFTTrainer(model=model, args=args, train_dataset=data, processing_class=tokenizer_of(q["dir"]))
        return {"tokens": tokens / trainer.train().metrics["train_runtime"]}
    batches = list((packed if q["how"] == "packed" else padded)(lengths, vocab))
    return {"tokens": tokens / steps_of(model, q, batches, lambda b: model(**b, use_cache=False).loss)}


def bt_of_list(s):  # right ones first
    return -torch.nn.functional.logsigmoid(s[:3, None] - s[None, 3:]).mean()


def reward(q):
    kept.clear()
    P, L = q["length"], q["lists"]
    cls = transformers.AutoModelForSequenceClassification
    model = cls.from_pretrained(q["dir"], dtype=torch.float32, attn_implementation="sdpa", num_labels=1)
    vocab, steps = model.config.vocab_size, q.get("steps", 1)
    lists = [[torch.cat([ids_of(P, vocab, i), ids_of(P, vocab, 1000 + 6 * i + k)]) for k in range(6)] for i in range(L)]
    pairs = [(r[a], r[b]) for r in lists for a in range(3) for b in range(3, 6)]
    if q["how"] == "trl":
        import datasets
        import trl
        chosen, rejected = [p[0].tolist() for p in pairs] * steps, [p[1].tolist() for p in pairs] * steps
        data = datasets.Dataset.from_dict({"chosen_ids": chosen, "rejected_ids": rejected})
        args = trl_args(q, trl.RewardConfig, per_device_train_batch_size=9, gradient_accumulation_steps=L, max_length=None)
        trainer = trl.RewardTrainer(model=model, args=args, train_dataset=data, processing_class=tokenizer_of(q["dir"]))
        seconds = trainer.train().metrics["train_runtime"]
    elif q["how"] == "once":
        seconds = steps_of(model, q, lists, lambda r: bt_of_list(model(torch.stack(r), use_cache=False).logits[:, 0]))
    else:
        def loss_of(part):
            s = model(torch.stack([p[0] for p in part] + [p[1] for p in part]), use_cache=False).logits[:, 0]
            return -torch.nn.functional.logsigmoid(s[:len(part)] - s[len(part):]).mean()
        seconds = steps_of(model, q, [pairs[i:i + 9] for i in range(0, len(pairs), 9)], loss_of)
    return {"responses": 6 * L * steps / seconds}


def version(q):
    out = {"torch": torch.__version__, "transformers": transformers.__version__}
    try:
        import trl
        out["trl"] = trl.__version__
    except Exception as e:
        out["trl_error"] = f"{type(e).__name__}: {e}"[:200]
    return out


def main(threads):
    torch.set_num_threads(int(threads))
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # libraries print as they like
    for line in sys.stdin:
        q = json.loads(line)
        torch.manual_seed(1)
        try:
            r = {"sample": sample, "score": score, "sft": sft, "reward": reward, "version": version}[q["work"]](q)
        except Exception as e:
            r = {"error": f"{type(e).__name__}: {e}"[:300]}
        r["memory"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        answers.write(json.dumps(r) + "\n")
        answers.flush()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
