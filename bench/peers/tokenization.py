"""tokenization.py - Lemma's tokenizer against `tokenizers`, `tiktoken` and `sentencepiece`: every id of 100,000 lines, and speeds, in one run

Usage: /opt/oracle/venv/bin/python bench/peers/tokenization.py build/lemma ../shared/data [LINES]
Prints a Markdown table: lines compared, lines that differ, MB/s of one thread of each (text only, without loading; one text a line).
"""
import contextlib
import glob
import gzip
import io
import json
import os
import random
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools", "golden"))
import tokenizer as golden  # noqa: E402


def strings(v):
    if isinstance(v, str):
        yield v
    elif isinstance(v, dict):
        for x in v.values():
            yield from strings(x)
    elif isinstance(v, list):
        for x in v:
            yield from strings(x)


def gather(data, want):
    """Different lines of all JSONL files, drawn evenly with a fixed seed, and the corner cases."""
    seen = {}
    for path in sorted(glob.glob(os.path.join(data, "**", "*.jsonl.gz"), recursive=True)):
        taken = 0
        for row in gzip.open(path, "rt", encoding="utf-8", errors="replace"):
            if taken > want // 4:
                break
            try:
                doc = json.loads(row)
            except ValueError:
                continue
            for text in strings(doc):
                for line in text.split("\n"):
                    if line and not line.endswith("\r") and len(line) < 20000 and line not in seen and "\ufffd" not in line:
                        seen[line] = 1
                        taken += 1
    lines = [x for x in seen if not any(0xD800 <= ord(c) < 0xE000 for c in x)]
    random.Random(1).shuffle(lines)
    corners = [x for x in golden.CORNERS + list(golden.random_texts(5000)) if "\n" not in x and "\r" not in x]
    return corners + lines[:want]


def lemma(binary, vocabulary, path, lines):
    out = subprocess.run([binary, "tokenize", vocabulary, path, "--threads", "1", "--quiet"], stdout=subprocess.PIPE, check=True).stdout.decode()
    ids = [json.loads(x) for x in out.splitlines()]
    assert len(ids) == len(lines), (len(ids), len(lines))
    rates = []
    for _ in range(3):
        doc = json.loads(subprocess.run([binary, "tokenize", vocabulary, path, "--threads", "1", "--quiet", "--json"], stdout=subprocess.PIPE, check=True).stdout)
        rates.append(doc["megabytes_per_second"])
    return ids, sorted(rates)[1]


def timed(encode, lines, size):
    start = time.time()
    ids = [encode(x) for x in lines]
    return ids, size / 1e6 / (time.time() - start)


def main(binary, data, want=100000):
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    import sentencepiece
    import tiktoken
    from tokenizers import Tokenizer
    tmp = tempfile.mkdtemp()
    lines = gather(data, int(want))
    path = os.path.join(tmp, "lines.txt")
    with open(path, "w", encoding="utf-8", newline="\n") as f:
        f.write("\n".join(lines) + "\n")
    size = os.path.getsize(path) - len(lines)
    t = os.path.join(data, "tokenizers")
    qwen, llama3 = os.path.join(tmp, "qwen2.json"), os.path.join(tmp, "llama3.json")
    with contextlib.redirect_stdout(io.StringIO()):  # it lists Llama 3's tokens that no merge makes
        golden.from_tiktoken(os.path.join(t, "qwen2/qwen.tiktoken"), "qwen2", os.path.join(t, "qwen2/qwen2.5_tokenizer_config.json"), qwen)
        golden.from_tiktoken(os.path.join(t, "llama3/tokenizer.model"), "llama3", os.path.join(t, "llama3/tokenizer_config.json"), llama3)

    def hf(file):
        tok = Tokenizer.from_file(file)
        tok.encode_special_tokens = True
        return lambda x: tok.encode(x, add_special_tokens=False).ids

    def ranks(file, pattern):
        import base64
        words = open(file, "rb").read().split()
        enc = tiktoken.Encoding("x", pat_str=pattern, mergeable_ranks={base64.b64decode(a): int(b) for a, b in zip(words[::2], words[1::2])}, special_tokens={})
        return enc.encode_ordinary

    def pieces(file):
        sp = sentencepiece.SentencePieceProcessor(model_file=file)
        return lambda x: sp.encode(x)

    runs = [("Qwen2, tokenizer.json", qwen, "tokenizers", hf(qwen)), ("Llama 3, tokenizer.json", llama3, "tokenizers", hf(llama3)),
            ("Llama 3, ranks", os.path.join(t, "llama3/tokenizer.model"), "tiktoken", ranks(os.path.join(t, "llama3/tokenizer.model"), golden.LLAMA3)),
            ("Qwen2, ranks", os.path.join(t, "qwen2/qwen.tiktoken"), "tiktoken", ranks(os.path.join(t, "qwen2/qwen.tiktoken"), golden.QWEN2)),
            ("minimind, tokenizer.json", os.path.join(t, "minimind/tokenizer.json"), "tokenizers", hf(os.path.join(t, "minimind/tokenizer.json"))),
            ("Mistral v1, SentencePiece", os.path.join(t, "mistral/tokenizer.model.v1"), "sentencepiece", pieces(os.path.join(t, "mistral/tokenizer.model.v1"))),
            ("Mistral v3, SentencePiece", os.path.join(t, "mistral/mistral_instruct_tokenizer_240323.model.v3"), "sentencepiece",
             pieces(os.path.join(t, "mistral/mistral_instruct_tokenizer_240323.model.v3")))]
    print("%d lines, %.1f MB of text\n" % (len(lines), size / 1e6))
    print("| vocabulary | peer | lines | differ | Lemma MB/s | peer MB/s | ratio |\n|---|---|---|---|---|---|---|")
    bad = 0
    for name, file, peer, encode in runs:
        mine, rate = lemma(binary, file, path, lines)
        theirs, other = timed(encode, lines, size)
        if "Qwen2, ranks" in name:  # tiktoken does not normalise; the Hugging Face tokenizer of Qwen2 does (NFC)
            import unicodedata
            keep = [i for i, x in enumerate(lines) if unicodedata.normalize("NFC", x) == x]
        else:
            keep = range(len(lines))
        wrong = [i for i in keep if mine[i] != list(theirs[i])]
        for i in wrong[:3]:
            print("DIFFERENT %s %r\n  lemma %s\n  %s %s" % (name, lines[i][:200], mine[i][:40], peer, list(theirs[i])[:40]), file=sys.stderr)
        bad += len(wrong)
        print("| %s | %s | %d | %d | %.1f | %.1f | %.1fx |" % (name, peer, len(keep), len(wrong), rate, other, rate / other), flush=True)
    return bad > 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
