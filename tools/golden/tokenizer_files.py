#!/usr/bin/env python3
"""tokenizer_files.py - golden folders for vocabulary files that are no tokenizer.json, and a comparison on the shared data

  tokenizer_files.py make FILE OUT     trains on FILE: OUT/{spm_bpe,spm_unigram}/tokenizer.model, OUT/ranks/qwen.tiktoken, each with golden.jsonl
  tokenizer_files.py compare DATA      Mistral's SentencePiece files and the Qwen and Llama 3 ranks against the packages

Needs the packages sentencepiece and tiktoken beside what tokenizer.py needs.
"""
import base64, io, json, os, sys, unicodedata
import sentencepiece, tiktoken
from tokenizer import ADDED, CORNERS, LLAMA3, QWEN2, Lemma, lines_of, random_texts, byte_chars


def write_golden(folder, encode):
    with open(os.path.join(folder, "golden.jsonl"), "w") as f:
        for text in CORNERS + ADDED + list(random_texts(120)):
            if "\0" not in text:
                f.write(json.dumps({"text": text, "special": False, "ids": encode(text)}) + "\n")


def make(path, out):
    texts = list(lines_of(path))[:2000]
    for name, kind, more in (("spm_bpe", "bpe", dict(byte_fallback=True, remove_extra_whitespaces=False)), ("spm_unigram", "unigram", {})):
        folder = os.path.join(out, name)
        os.makedirs(folder, exist_ok=True)
        model = io.BytesIO()
        sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(texts), model_writer=model, model_type=kind, vocab_size=400 if more else 200,
                                                 normalization_rule_name="identity", character_coverage=0.999, minloglevel=2,
                                                 user_defined_symbols=["<sep>"], num_threads=1, **more)
        open(os.path.join(folder, "tokenizer.model"), "wb").write(model.getvalue())
        sp = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
        write_golden(folder, lambda t: sp.encode(t))
    vocab = json.load(open(os.path.join(out, "digits1/tokenizer.json")))["model"]["vocab"]
    back = {c: b for b, c in byte_chars().items()}
    tokens = [bytes(back[c] for c in t) for t, i in sorted(vocab.items(), key=lambda x: x[1]) if i >= 3]
    folder = os.path.join(out, "ranks")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "qwen.tiktoken"), "wb") as f:
        for i, t in enumerate(tokens):
            f.write(base64.b64encode(t) + b" %d\r\n" % i)
    enc = tiktoken.Encoding("x", pat_str=QWEN2, mergeable_ranks={t: i for i, t in enumerate(tokens)}, special_tokens={})
    write_golden(folder, lambda t: enc.encode_ordinary(unicodedata.normalize("NFC", t)))


def compare(data):
    d = os.path.join(data, "tokenizers") + "/"
    texts = [t for t in CORNERS + ADDED + list(random_texts(3000)) + list(lines_of(data + "/bench/gsm8k/test.jsonl.gz")) if "\0" not in t]
    runs = []
    for f in ("mistral/tokenizer.model.v1", "mistral/mistral_instruct_tokenizer_240323.model.v3"):
        runs.append((f, Lemma(d + f), sentencepiece.SentencePieceProcessor(model_file=d + f).encode))
    for f, config, pattern in (("qwen2/qwen.tiktoken", "qwen2/qwen2.5_tokenizer_config.json", QWEN2), ("llama3/tokenizer.model", "llama3/tokenizer_config.json", LLAMA3)):
        ranks = {base64.b64decode(x.split()[0]): int(x.split()[1]) for x in open(d + f, "rb").read().splitlines() if x.strip()}
        enc = tiktoken.Encoding(f, pat_str=pattern, mergeable_ranks=ranks, special_tokens={})
        form = (lambda t: unicodedata.normalize("NFC", t)) if pattern == QWEN2 else (lambda t: t)
        runs.append((f, Lemma(d + f, d + config), lambda t, enc=enc, form=form: enc.encode_ordinary(form(t))))
    total = 0
    for name, mine, theirs in runs:
        bad = [t for t in texts if mine.encode(t) != theirs(t)]
        total += len(bad)
        print("%s: %d texts, %d differences %r" % (name, len(texts), len(bad), [t[:80] for t in bad[:3]]))
    return total


if __name__ == "__main__":
    a = sys.argv[1:]
    if a[:1] == ["make"] and len(a) == 3:
        sys.exit(make(*a[1:]))
    if a[:1] == ["compare"] and len(a) == 2:
        sys.exit(1 if compare(a[1]) else 0)
    sys.exit(__doc__)
