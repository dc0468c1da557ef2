#!/usr/bin/env python3
"""tokenizer.py - makes golden token ids with the `tokenizers` package, converts vocabularies, and runs Lemma's tokenizer against it.

  tokenizer.py make FILE OUT                  trains on the lines of FILE, writes the golden folders OUT/{digits1,digits3,gpt2_nfc}
  tokenizer.py golden DIR                     DIR/golden.jsonl: ids of fixed texts for DIR/tokenizer.json
  tokenizer.py tiktoken RANKS qwen2|llama3 CONFIG.json OUT.json   tiktoken ranks -> tokenizer.json
  tokenizer.py gguf VOCAB.gguf OUT.json [deepseek-llm|deepseek-coder]   GPT-2 style vocabulary of a GGUF file -> tokenizer.json
  tokenizer.py vectors DATA                   the public vectors  through Lemma and `tokenizers`
  tokenizer.py diff TOKENIZER.json FILE...    every line of the files through both; prints differences and speeds

Lemma is built into a shared library in a temporary folder and called through ctypes. Run with /opt/oracle/venv/bin/python.
"""
import base64, ctypes, gzip, json, os, random, struct, subprocess, sys, tempfile, time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
TAIL = r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN2 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}" + TAIL
LLAMA3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}" + TAIL

SPLITS = {  # the pre-tokenizers of DeepSeek's tokenizer.json files, before ByteLevel; Digits stands for itself
    "deepseek-llm": ["[\r\n]", "\\s?[A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚ\u1e00-\u1f15\u1f18-\u1f1d\u1f20-\u1f45\u1f48-\u1f4d\u1f50-\u1f57\u1f59\u1f5b\u1f5d\u1f5f-\u1f7d\u1f80-\u1fb4\u1fb6-\u1fbc\u1fbe\u1fc2-\u1fc4\u1fc6-\u1fcc\u1fd0-\u1fd3\u1fd6-\u1fdb\u1fe0-\u1fec\u1ff2-\u1ff4\u1ff6-\u1ffc\u2102\u2107\u210a-\u2113\u2115\u2119-\u211d\u2124\u2126\u2128\u212a-\u212dℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤⳫ-ⳮⳲⳳꙀ-ꙭꚀ-ꚛꜢ-ꝯꝱ-ꞇꞋ-ꞎꭰ-ꮿﬀ-ﬆﬓ-ﬗＡ-Ｚａ-ｚ𐐀-𐑏𐒰-𐓓𐓘-𐓻𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-𞥃]+",
                     "\\s?[!-/:-~！-／：-～‘-‟　-。]+", "\\s+$", "[一-龥ࠀ-一가-퟿]+", "Digits"],
    "deepseek-coder": ["[\r\n]", "\\s?\\p{L}+", "\\s?\\p{P}+", "[一-龥ࠀ-一가-퟿]+", "Digits"],
}

# ---- Lemma through ctypes


class Ids(ctypes.Structure):
    _fields_ = [("data", ctypes.POINTER(ctypes.c_int32)), ("len", ctypes.c_size_t), ("cap", ctypes.c_size_t)]


class Err(ctypes.Structure):
    _fields_ = [("status", ctypes.c_int), ("text", ctypes.c_char * 1024)]


class Lemma:
    """A tokenizer of ours; path may be any file that lem_tokenizer_load_file takes."""
    lib = None

    @classmethod
    def build(cls):
        if cls.lib:
            return
        out = os.path.join(tempfile.mkdtemp(), "token.so")
        src = [os.path.join(ROOT, "src", d, f) for d in ("core", "jinja", "token") for f in sorted(os.listdir(os.path.join(ROOT, "src", d))) if f.endswith(".c")]
        subprocess.check_call(["gcc", "-std=gnu11", "-D_GNU_SOURCE", "-O2", "-g", "-shared", "-fPIC", "-I", os.path.join(ROOT, "src"), "-o", out, *src,
                               "-ljansson", "-lutf8proc", "-lpcre2-8", "-lzstd", "-lz", "-lm", "-lpthread"])
        cls.lib = ctypes.CDLL(out)
        cls.lib.lem_tokenizer_free.argtypes = [ctypes.c_void_p]
        cls.lib.lem_tokenizer_encode.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_bool, ctypes.c_void_p, ctypes.c_void_p]

    def __init__(self, path, config=None):
        self.build()
        self.t, err = ctypes.c_void_p(), Err()
        start = time.time()
        if self.lib.lem_tokenizer_load_file(path.encode(), config.encode() if config else None, ctypes.byref(self.t), ctypes.byref(err)):
            raise SystemExit("%s: %s" % (path, err.text.decode()))
        self.load_seconds = time.time() - start

    def encode(self, text, special=False):
        ids, err = Ids(), Err()
        b = text.encode() if isinstance(text, str) else text
        if self.lib.lem_tokenizer_encode(self.t, b, len(b), special, ctypes.byref(ids), ctypes.byref(err)):
            raise SystemExit("encode: " + err.text.decode())
        out = ids.data[: ids.len]
        self.lib.lem_ids_release(ctypes.byref(ids))
        return out


# ---- texts that reach the corners of the patterns

CORNERS = [
    "", " ", "  ", "\n", "\n\n", " \n", "\n ", "\t\tx", "a  b   c", "trailing   ", "line\r\nline\r\n\r\n  x", "I'm we'll you've he'd it's they're don't",
    "I'M WE'LL YOU'VE HE'D IT'S THEY'RE DON'T", "'\u017f x'\u017fy", "'sorry 'tis ''s", "12345 678 9.01 1,000,000", "$x^2+y^2=z^2$ \\frac{1}{2}\\boxed{42}",
    "Hello, world! How are you?", "caf\u00e9 na\u00efve r\u00e9sum\u00e9 e\u0301", "\u6570\u5b66 \u306f\u65e5\u672c\u8a9e \ud55c\uad6d\uc5b4", "\U0001f600\U0001f680 emoji\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "\u00a0nbsp\u2003em\u3000ideographic\u2028ls\u0085nel", "\u0660\u0661\u0662 \u2160\u2161 \u00bd\u00b2", "\u0438\u0439 \u0418\u0306 \u0439", "a\u0301\u0327\u0323 b\u0323\u0301", "\u1100\u1161\u11a8 \uac01",
    "<|im_start|>user\nhi<|im_end|>", "<|im_end", "<|endoftext|><|endoftext|>x", "!!!...???\n\n\n", "foo()\n{\n\treturn x;\n}\n", "http://a.b/c?d=e&f=g#h",
    "x" * 200, "ab" * 300, "1" * 100, " " * 100 + "x", "#" * 60 + "\n", "A" * 30 + "\u00e9" * 30, "\u212b \u2126 \u212a", "\ufb01 \uff21\uff22", "\u0344 \u0958",
    "mixed\u0300\u0301\u0302\u0303\u0304 marks", "_under_score_ __init__", "a-b-c a\u2014b", "\u200bzero\u200cwidth", "\u00ad soft", "\u0000nul\u0001ctl\u007f",
]


def random_texts(n, seed=1):
    rng = random.Random(seed)
    alphabet = [chr(c) for c in range(32, 127)] + list("  \n\n\r\t'''sStTlLmMdDvVrReE") + list("\u00e9\u017f\u0301\u0323\u00a0\u2003\u3000\u0660\u00b2\u6570\u0439\ud55c\u1100\u1161\u11a8\U0001f600\u200d")
    for _ in range(n):
        yield "".join(rng.choice(alphabet) for _ in range(rng.randrange(1, 40)))


def lines_of(path):
    f = gzip.open(path, "rt", encoding="utf-8", newline="\n") if path.endswith(".gz") else open(path, encoding="utf-8", newline="\n")
    with f:
        for line in f:
            line = line.rstrip("\n")
            if line.startswith("{"):
                try:
                    row = json.loads(line)
                    yield from (v for v in row.values() if isinstance(v, str))
                    continue
                except ValueError:
                    pass
            yield line


# ---- conversions


def byte_chars():
    plain = list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256))
    out, k = {}, 0
    for b in range(256):
        out[b] = chr(b) if b in plain else chr(256 + k)
        k += b not in plain
    return out


def document(vocab, merges, added, pattern, normalizer, ignore_merges=False):
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": pattern is None}
    pre = level if pattern is None else {"type": "Sequence", "pretokenizers": [
        {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}, level]}
    return {"version": "1.0", "truncation": None, "padding": None, "added_tokens": added, "normalizer": normalizer, "pre_tokenizer": pre,
            "post_processor": None, "decoder": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False},
            "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None, "end_of_word_suffix": None,
                      "fuse_unk": False, "byte_fallback": False, "ignore_merges": ignore_merges, "vocab": vocab, "merges": merges}}


def last_merge(ranks, token, limit):
    parts = [token[i:i + 1] for i in range(len(token))]
    while True:
        best = min(((ranks.get(a + b, limit), i) for i, (a, b) in enumerate(zip(parts, parts[1:]))), default=(limit, 0))
        if best[0] >= limit:
            return parts
        i = best[1]
        parts[i:i + 2] = [parts[i] + parts[i + 1]]


def from_tiktoken(path, family, config, out):
    ranks = {}
    for line in open(path, "rb").read().split():
        ranks.setdefault("q", []).append(line)
    words = ranks.pop("q")
    for tok, rank in zip(words[::2], words[1::2]):
        ranks[base64.b64decode(tok)] = int(rank)
    chars = byte_chars()
    text = lambda b: "".join(chars[x] for x in b)
    vocab = {text(b): r for b, r in ranks.items()}
    merges = []
    for b, r in sorted(ranks.items(), key=lambda x: x[1]):
        if len(b) > 1:
            parts = last_merge(ranks, b, r)
            if len(parts) == 2:
                merges.append([text(parts[0]), text(parts[1])])
            else:
                print("no merge for", b, r)
    added = [dict(v, id=int(k)) for k, v in json.load(open(config))["added_tokens_decoder"].items()]
    qwen = family == "qwen2"
    doc = document(vocab, merges, added, QWEN2 if qwen else LLAMA3, {"type": "NFC"} if qwen else None, not qwen)
    json.dump(doc, open(out, "w"), ensure_ascii=False)


def read_gguf(path):
    f = open(path, "rb")
    u = lambda fmt: struct.unpack("<" + fmt, f.read(struct.calcsize("<" + fmt)))[0]
    string = lambda: f.read(u("Q")).decode("utf-8", "surrogateescape")
    kinds = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
    value = lambda t: string() if t == 8 else [value(k) for k, n in [(u("I"), u("Q"))] for _ in range(n)] if t == 9 else u(kinds[t])
    assert f.read(4) == b"GGUF"
    u("I"), u("Q")
    return {key: value(u("I")) for key in (string() for _ in range(u("Q")))}


def from_gguf(path, out, family=None):
    kv = read_gguf(path)
    tokens = kv["tokenizer.ggml.tokens"]
    types = kv.get("tokenizer.ggml.token_type", [1] * len(tokens))
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    added = [dict(flags, id=i, content=t, special=types[i] == 3) for i, t in enumerate(tokens) if types[i] in (3, 4)]
    doc = document({t: i for i, t in enumerate(tokens)}, kv["tokenizer.ggml.merges"], added, None, None)
    if family in SPLITS:
        steps = [{"type": "Digits", "individual_digits": True} if x == "Digits" else
                 {"type": "Split", "pattern": {"Regex": x}, "behavior": "Isolated", "invert": False} for x in SPLITS[family]]
        level = dict(doc["pre_tokenizer"], use_regex=False)
        doc["pre_tokenizer"] = {"type": "Sequence", "pretokenizers": steps + [level]}
    json.dump(doc, open(out, "w"), ensure_ascii=False)


# ---- the runs


def reference(path):
    from tokenizers import Tokenizer
    return Tokenizer.from_file(path)


def ref_encode(tok, text, special):
    tok.encode_special_tokens = not special
    return tok.encode(text, add_special_tokens=False).ids


class TrainOpts(ctypes.Structure):
    _fields_ = [("vocab", ctypes.c_int32), ("split_digits", ctypes.c_bool), ("special", ctypes.c_void_p), ("n_special", ctypes.c_size_t), ("max_length", ctypes.c_int64)]


def train(texts, vocab, split_digits, folder):
    Lemma.build()
    lib, err, t = Lemma.lib, Err(), ctypes.c_void_p()
    lib.lem_bpe_trainer_new.restype = ctypes.c_void_p
    b = ctypes.c_void_p(lib.lem_bpe_trainer_new(ctypes.byref(TrainOpts(vocab, split_digits, None, 0, 2048)), ctypes.byref(err)))
    start = time.time()
    for x in texts:
        x = x.encode()
        assert lib.lem_bpe_trainer_add(b, x, ctypes.c_size_t(len(x)), ctypes.byref(err)) == 0
    assert lib.lem_bpe_trainer_finish(b, ctypes.byref(t), ctypes.byref(err)) == 0, err.text
    assert lib.lem_tokenizer_save(t, folder.encode(), ctypes.byref(err)) == 0, err.text
    lib.lem_bpe_trainer_free(b)
    lib.lem_tokenizer_free(t)
    print("trained %s on %d texts in %.2f s" % (folder, len(texts), time.time() - start))


def make(path, out):
    texts = list(lines_of(path))
    for name, digits in (("digits1", True), ("digits3", False)):
        train(texts, 700, digits, os.path.join(out, name))
    for name in ("digits1", "digits3"):
        golden(os.path.join(out, name))
    doc = json.load(open(os.path.join(out, "digits3/tokenizer.json")))
    level = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}
    doc["pre_tokenizer"], doc["normalizer"] = level, {"type": "Sequence", "normalizers": [{"type": "NFC"}]}
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": False}
    more = [("<answer>", {"rstrip": True}), ("<step>", {"lstrip": True, "special": True}), ("word", {"single_word": True}), ("caf\u00e9!", {"normalized": True}), ("<an", {})]
    doc["added_tokens"] += [{**flags, "id": 700 + i, "content": t, **e} for i, (t, e) in enumerate(more)]
    os.makedirs(os.path.join(out, "gpt2_nfc"), exist_ok=True)
    json.dump(doc, open(os.path.join(out, "gpt2_nfc/tokenizer.json"), "w"), ensure_ascii=False)
    golden(os.path.join(out, "gpt2_nfc"))
    make_others(path, out)


def make_others(path, out):
    """Small tokenizers of other kinds, trained by `tokenizers` itself: Unigram with Metaspace, BPE with byte fallback, byte-level with odd steps."""
    from tokenizers import Tokenizer, models, trainers, normalizers, pre_tokenizers, decoders, AddedToken, Regex
    texts = list(lines_of(path))[:2000]

    def save(tok, name, patch=lambda doc: None):
        os.makedirs(os.path.join(out, name), exist_ok=True)
        file = os.path.join(out, name, "tokenizer.json")
        tok.save(file)
        doc = json.load(open(file))
        patch(doc)
        json.dump(doc, open(file, "w"), ensure_ascii=False)
        golden(os.path.join(out, name))

    def fallback(doc):
        doc["model"]["byte_fallback"] = True
        size = len(doc["model"]["vocab"])
        for b in range(256):
            piece = "<0x%02X>" % b
            if isinstance(doc["model"]["vocab"], list):
                doc["model"]["vocab"].append([piece, 0.0])
            else:
                doc["model"]["vocab"][piece] = size + b

    for name, scheme, extra in (("unigram", "always", None), ("unigram_bytes", "first", fallback)):
        tok = Tokenizer(models.Unigram())
        tok.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " "), normalizers.Strip(True, True)]) if extra is None else normalizers.NFD()
        tok.pre_tokenizer = pre_tokenizers.Metaspace("\u2581", scheme, extra is None)
        tok.decoder = decoders.Metaspace("\u2581", scheme)
        tok.train_from_iterator(texts, trainers.UnigramTrainer(vocab_size=300, special_tokens=["<unk>", "<s>", "</s>"], unk_token="<unk>", show_progress=False))
        save(tok, name, extra or (lambda doc: None))
    for name, split in (("bpe_fallback", False), ("bpe_unk", True)):
        tok = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True))
        tok.normalizer = normalizers.Sequence([normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")]) if not split else normalizers.Lowercase()
        tok.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Digits(False)]) if split else pre_tokenizers.Split("\u2581", "merged_with_next")
        tok.train_from_iterator(texts, trainers.BpeTrainer(vocab_size=300, special_tokens=["<unk>", "<s>", "</s>"], show_progress=False))
        if not split:
            tok.pre_tokenizer = pre_tokenizers.Split("x", "isolated")  # as good as none, which the package cannot set back
        tok.decoder = decoders.Sequence([decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
        save(tok, name, (lambda doc: None) if split else lambda doc: (doc.update(pre_tokenizer=None), fallback(doc)))
    doc = json.load(open(os.path.join(out, "digits1/tokenizer.json")))
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}
    split = lambda x, how="Isolated": {"type": "Split", "pattern": {"Regex": x}, "behavior": how, "invert": False}
    doc["pre_tokenizer"] = {"type": "Sequence", "pretokenizers": [split(O200K), split("[aeiou]", "MergedWithPrevious"), split("\\p{Lu}", "MergedWithNext"), split("[,;]+", "Removed"), level]}
    os.makedirs(os.path.join(out, "regex"), exist_ok=True)
    json.dump(doc, open(os.path.join(out, "regex/tokenizer.json"), "w"), ensure_ascii=False)
    golden(os.path.join(out, "regex"))


O200K = "|".join([r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
                  r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
                  r"\p{N}{1,3}", r" ?[^\s\p{L}\p{N}]+[\r\n/]*", r"\s*[\r\n]+", r"\s+(?!\S)", r"\s+"])
ADDED = ["x <answer>  y", "a  <step> b<step>", "word words sword a word, word", "cafe\u0301! caf\u00e9! cafe!", "<an <ans <answer<answer>", "<step>", "  <step>  <answer>  <step>word"]


def golden(folder):
    out = os.path.join(folder, "golden.jsonl")
    tok = reference(os.path.join(folder, "tokenizer.json"))
    with open(out, "w") as f:
        for text in CORNERS + ADDED + list(random_texts(120)):
            for special in (False, True):
                if special and "<" not in text:
                    continue
                f.write(json.dumps({"text": text, "special": special, "ids": ref_encode(tok, text, special)}) + "\n")


def diff(path, files):
    tok, mine = reference(path), Lemma(path)
    texts = CORNERS + ADDED + list(random_texts(20000)) + [x for f in files for x in lines_of(f)]
    texts = [x for x in texts if "\ud800" not in x]
    bad = 0
    for special in (False, True):
        for x in texts:
            a, b = mine.encode(x, special), ref_encode(tok, x, special)
            if a != b:
                bad += 1
                if bad <= 10:
                    print("DIFFERENT special=%d %r\n  lemma %s\n  hf    %s" % (special, x[:300], a[:60], b[:60]))
    big = "\n".join(texts[-50000:]).encode()[: 16 << 20].decode("utf-8", "ignore")
    t0 = time.time(); ids = mine.encode(big); t1 = time.time(); ref_encode(tok, big, False); t2 = time.time()
    ids, err, b = Ids(), Err(), big.encode()
    t3 = time.time(); mine.lib.lem_tokenizer_encode(mine.t, b, len(b), False, ctypes.byref(ids), ctypes.byref(err)); t4 = time.time()
    print("%s: %d texts, %d differences; load %.3f s; %.1f MB: lemma %.1f MB/s, tokenizers %.1f MB/s, %.2f bytes/token" % (
        path, len(texts), bad, mine.load_seconds, len(b) / 1e6, len(b) / 1e6 / (t4 - t3), len(b) / 1e6 / (t2 - t1), len(b) / ids.len))
    mine.lib.lem_ids_release(ctypes.byref(ids))
    return bad


def vectors(data):
    tmp = tempfile.mkdtemp()
    d = os.path.join(data, "tokenizers")
    from_gguf(d + "/gguf_vocab/ggml-vocab-gpt-2.gguf", tmp + "/gpt-2.json")
    files = {"gpt-2": (tmp + "/gpt-2.json", None), "qwen2": (d + "/qwen2/qwen.tiktoken", d + "/qwen2/qwen2.5_tokenizer_config.json"),
             "llama-bpe": (d + "/llama3/tokenizer.model", d + "/llama3/tokenizer_config.json"), "llama-spm": (d + "/llama2/tokenizer.json", None)}
    files["deepseek-r1-qwen"] = files["qwen2"]
    for name in SPLITS:
        from_gguf("%s/gguf_vocab/ggml-vocab-%s.gguf" % (d, name), "%s/%s.json" % (tmp, name), name)
        files[name] = ("%s/%s.json" % (tmp, name), None)
    bad = 0
    for name, file in files.items():
        base = "%s/vectors/ggml-vocab-%s.gguf" % (d, name)
        texts = open(base + ".inp", encoding="utf-8", newline="").read().split("\n__ggml_vocab_test__\n")
        wants = [[int(x) for x in line.split()] for line in open(base + ".out")]
        mine = Lemma(*file)
        n = 0
        for text, want in zip(texts, wants):
            got = mine.encode(text, True)
            if got != want:
                n += 1
                print("DIFFERENT %s %r\n  lemma %s\n  file  %s" % (name, text, got, want))
        print("%s: %d vectors, %d differences; load %.3f s" % (name, len(wants), n, mine.load_seconds))
        bad += n
    return bad


def main():
    a = sys.argv[1:]
    if a[:1] == ["make"] and len(a) == 3:
        return make(*a[1:])
    if a[:1] == ["golden"] and len(a) == 2:
        return golden(a[1])
    if a[:1] == ["tiktoken"] and len(a) == 5:
        return from_tiktoken(*a[1:])
    if a[:1] == ["gguf"] and len(a) in (3, 4):
        return from_gguf(*a[1:])
    if a[:1] == ["vectors"] and len(a) == 2:
        return vectors(a[1])
    if a[:1] == ["diff"] and len(a) >= 2:
        return diff(a[1], a[2:])
    sys.exit(__doc__)


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
