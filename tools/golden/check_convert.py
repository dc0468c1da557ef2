#!/usr/bin/env python3
"""check_convert.py - Transformers against `lemma model convert`: folders of either open in the other with the same values

Usage: check_convert.py LEMMA. Makes small random folders with Transformers (single and sharded, every dtype, tied and not, both heads), converts
them, opens the result with Transformers and compares every tensor bit for bit with what torch makes of the same conversion, and the index with the
one that Transformers writes for the same shard size.
"""
import json, os, subprocess, sys, tempfile
import torch
import transformers as tr

FAMILIES = {"llama": (tr.LlamaConfig, tr.LlamaForCausalLM, tr.LlamaForSequenceClassification),
            "qwen2": (tr.Qwen2Config, tr.Qwen2ForCausalLM, tr.Qwen2ForSequenceClassification)}
DTYPES = {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16}


def make(family, tied, head, dtype):
    config, lm, cls = FAMILIES[family]
    c = config(vocab_size=61, hidden_size=48, intermediate_size=56, num_hidden_layers=2, num_attention_heads=6, num_key_value_heads=2,
               tie_word_embeddings=tied, pad_token_id=0, bos_token_id=None, eos_token_id=2, **({"num_labels": 1} if head == "score" else {}))
    torch.manual_seed(5)
    return (cls if head == "score" else lm)(c).to(DTYPES[dtype])


def main():
    lemma, checked = sys.argv[1], 0
    tr.logging.set_verbosity_error()
    tr.utils.logging.disable_progress_bar()
    for family in FAMILIES:
        for tied in (False, True):
            for head in ("lm", "score"):
                for dtype in DTYPES:
                    for to in list(DTYPES) + [None]:
                        with tempfile.TemporaryDirectory() as root:
                            m = make(family, tied, head, dtype)
                            m.save_pretrained(root + "/a", max_shard_size="20KB" if to != "f16" else "5GB")
                            cmd = [lemma, "model", "convert", root + "/a", "--out", root + "/b", "--shard-size", "20KB", "--quiet"]
                            subprocess.run(cmd + (["--dtype", to] if to else []), check=True)
                            b, info = type(m).from_pretrained(root + "/b", torch_dtype="auto", output_loading_info=True)
                            assert not any(info.values()), info
                            want = m.to(DTYPES[to]) if to else m
                            assert b.dtype == want.dtype and b.config.tie_word_embeddings == tied
                            for k, v in want.state_dict().items():
                                assert torch.equal(v, b.state_dict()[k]), k
                            want.save_pretrained(root + "/c", max_shard_size="20KB")
                            index = [json.load(open(f"{root}/{d}/model.safetensors.index.json")) for d in "bc"]
                            assert index[0]["metadata"] == index[1]["metadata"]
                            assert set(index[0]["weight_map"]) == set(index[1]["weight_map"])
                            assert os.path.exists(root + "/b/generation_config.json") == (head == "lm")
                            checked += 1
    print(f"{checked} conversions equal")


main()
