"""tests/data/token/reencode.json: which sampled ids are those of their text, by the `tokenizers` package.

  /opt/tf5/bin/python tools/golden/make_reencode.py

Sampled ids are ids of a text, with a merge undone, a special token put in, or bytes of no UTF-8; others are drawn at random. The text is what decode()
gives without special tokens; it is encoded with special tokens as text (encode_special_tokens)."""
import json
import os
import random

import tokenizers

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TEXTS = ["So 12 + 30 = 42.\n\nThe answer is 42.", "x", "the sum of all the digits", "\u03c0 r^2 \u2260 1\u00bd \U0001f600", "  two  spaces ", "a <|im_end|> b"]


def undo_merge(tok, ids, rng):
    """One token in two whose texts make it."""
    at = rng.randrange(len(ids))
    whole = tok.id_to_token(ids[at])
    for cut in range(1, len(whole)):
        a, b = tok.token_to_id(whole[:cut]), tok.token_to_id(whole[cut:])
        if a is not None and b is not None:
            return ids[:at] + [a, b] + ids[at + 1:]
    return ids


def cases(tok, rng):
    special = [i for i, t in tok.get_added_tokens_decoder().items() if t.special]
    n = tok.get_vocab_size()
    tok.encode_special_tokens = True
    for k in range(60):
        ids = tok.encode(TEXTS[k % len(TEXTS)], add_special_tokens=False).ids
        if k % 5 == 1:
            ids = undo_merge(tok, ids, rng)
        elif k % 5 == 2:
            ids = ids[:-1] if len(ids) > 1 else ids  # may end inside a character
        elif k % 5 == 3 and special:
            at = rng.randrange(len(ids) + 1)
            ids = ids[:at] + [rng.choice(special)] + ids[at:]
        elif k % 5 == 4:
            ids = [rng.randrange(n) for _ in range(rng.randrange(1, 5))]
        text = tok.decode(ids, skip_special_tokens=True)
        yield {"ids": ids, "text": text, "same": tok.encode(text, add_special_tokens=False).ids == ids}


def main():
    rng = random.Random(5)
    out = {"tokenizers": tokenizers.__version__}
    for name in ("token/digits1", "token/digits3", "golden_heads/rlhflow_mixed"):
        tok = tokenizers.Tokenizer.from_file(os.path.join(ROOT, "tests/data", name, "tokenizer.json"))
        out[name] = list(cases(tok, rng))
    with open(os.path.join(ROOT, "tests/data/token/reencode.json"), "w") as f:
        json.dump(out, f, indent=None, separators=(",", ":"), ensure_ascii=False)
        f.write("\n")
    print({k: [sum(c["same"] for c in v), len(v)] for k, v in out.items() if isinstance(v, list)})


main()
