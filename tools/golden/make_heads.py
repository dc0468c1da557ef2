"""make_heads.py - tiny random reward models, one folder for each kind of head, with scores by PyTorch and Transformers

Usage: /opt/oracle/venv/bin/python tools/golden/make_heads.py tests/data/golden_heads
       /opt/oracle/new/bin/python tools/golden/make_heads.py tests/data/golden_heads qwen3_classifier
Made with PyTorch 1.13 and Transformers 4.46 (Qwen3: 2.1 and 4.51), in fp32 on one thread, each sequence alone (no padding), tokens by the `tokenizers` package. Classes that live in
remote code are written here from their public definitions. The files are committed; tests never run this.

  <name>/config.json, model.safetensors, tokenizer.json, tokenizer_config.json   the folder
  <name>/cases.json   {"head": asked for or null, "output": or null, "rows": [{"problem", "completions", "scores": [..] or [[..]]}]}
"""
import json
import os
import shutil
import sys

import torch
import torch.nn as nn
from safetensors.torch import load_file, save_file
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (LlamaConfig, LlamaForCausalLM, LlamaForSequenceClassification, MistralConfig, MistralForCausalLM,
                          MistralForSequenceClassification, PreTrainedTokenizerFast, Qwen2Config, Qwen2ForSequenceClassification,
                          Qwen2ForTokenClassification, Qwen2Model, Qwen2PreTrainedModel)
from transformers.models.llama.modeling_llama import LlamaModel, LlamaPreTrainedModel

try:
    from transformers import Qwen3Config, Qwen3ForSequenceClassification
except ImportError:
    Qwen3Config = Qwen3ForSequenceClassification = None

CHATML = "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>' + '\n' }}{% endfor %}" \
         "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
# The form that Llama 3's turns have: a header, a blank line, the text without white space around it.
HEADERS = "{{ bos_token }}{% for m in messages %}<|start_header_id|>{{ m['role'] }}<|end_header_id|>\n\n{{ m['content'] | trim }}<|eot_id|>{% endfor %}" \
          "{% if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>\n\n{% endif %}"
QWEN = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
CHECK = "Please reason step by step, and check your final answer within \\boxed{}."
PUT = "Please reason step by step, and put your final answer within \\boxed{}."

ROWS = [
    ("What is 12 + 30?", ["First add the tens.\n\n10 + 30 = 40.\n\nSo 12 + 30 = 42.\n\nThe answer is \\boxed{42}.",
                          "First add the tens.\n\n10 + 30 = 40.\n\nThe answer is \\boxed{40}.", "42", "First add the tens."]),
    ("Ein Kreis hat Radius 3. Fl\u00e4che?", ["A = \u03c0 r\u00b2\n\nA = 9\u03c0", "A = \u03c0 r\u00b2\n\nA = 6\u03c0\n\n\n\nHence \\boxed{6\u03c0}.\n\n",
                                              "A = \u03c0 r\u00b2\n\nA = 9\u03c0"]),
    ("Tom has 5 apples - he eats 2 + 1. How many are left?",
     ["Step 1: He eats 2 + 1 = 3.\n\nStep 2: 5 - 3 = 2.\n\nThe answer is 2", "Step 1: 5 - 2 = 3.\nStep 2: 3 + 1 = 4.\n\nThe answer is 4"]),
]


def corpus():
    return [CHECK, PUT, "system user assistant\n"] + [x for p, cs in ROWS for x in [p] + cs] * 3


def chat_tokenizer(bos=None, headers=False):
    """Byte-level BPE with the pattern of Qwen2, and its marks or those of Llama 3."""
    t = Tokenizer(models.BPE())
    t.normalizer = normalizers.NFC()
    t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(QWEN), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    t.decoder = decoders.ByteLevel()
    t.train_from_iterator(corpus(), trainers.BpeTrainer(vocab_size=330, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    if headers:
        t.add_special_tokens(["<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"])
        return PreTrainedTokenizerFast(tokenizer_object=t, bos_token="<|begin_of_text|>", eos_token="<|eot_id|>", chat_template=HEADERS)
    t.add_special_tokens(["<|endoftext|>", "<|im_start|>", "<|im_end|>"])
    t.add_tokens([AddedToken("<extra_0>", special=True, normalized=False)])
    extra = dict(bos_token=bos) if bos else {}
    return PreTrainedTokenizerFast(tokenizer_object=t, eos_token="<|im_end|>", pad_token="<|endoftext|>", chat_template=CHATML, **extra)


def sentencepiece_like():
    """BPE with metaspace and byte fallback, as tokenizer.json of Llama 2 and Mistral has it; every character of the texts is a token."""
    words = ["\u2581" + w for w in ("\u043a\u0438", "+", "-", "\u043a", "is", "the")]
    chars = sorted(set("".join(corpus())) | set("\u043a\u0438+-Step:The answer\u2581") - {" ", "\n"})
    vocab = {x: i for i, x in enumerate(["<unk>", "<s>", "</s>"] + ["<0x%02X>" % b for b in range(256)])}
    for x in [c for c in chars if c not in " \n"] + ["\u043a\u0438", "th"] + words:
        vocab.setdefault(x, len(vocab))
    merges = [("\u2581", "\u043a"), ("\u2581\u043a", "\u0438"), ("\u2581", "+"), ("\u2581", "-"), ("\u043a", "\u0438"), ("i", "s"), ("t", "h")]
    vocab.setdefault("is", len(vocab))
    t = Tokenizer(models.BPE(vocab=vocab, merges=merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    t.normalizer = normalizers.Sequence([normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")])
    t.decoder = decoders.Sequence([decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    t.add_special_tokens(["<unk>", "<s>", "</s>"])
    t.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    return PreTrainedTokenizerFast(tokenizer_object=t, bos_token="<s>", eos_token="</s>", unk_token="<unk>")


def shape(cls, tok, **more):
    fields = dict(hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1, vocab_size=len(tok),
                  max_position_embeddings=512, rms_norm_eps=1e-6, rope_theta=10000.0, tie_word_embeddings=False, initializer_range=0.25,
                  bos_token_id=None, eos_token_id=None, pad_token_id=0)
    if cls is Qwen2Config:
        fields["use_sliding_window"] = False
    if cls is MistralConfig:
        fields["sliding_window"] = None
    fields.update(more)
    return cls(**fields)


class Qwen2ForRewardModel(Qwen2PreTrainedModel):
    """Qwen/Qwen2.5-Math-RM-72B: modeling_qwen2_rm.py."""
    outputs = 1

    def __init__(self, config):
        super().__init__(config)
        self.model = Qwen2Model(config)
        self.score = nn.Sequential(nn.Linear(config.hidden_size, config.hidden_size), nn.ReLU(), nn.Linear(config.hidden_size, self.outputs))
        self.post_init()

    def forward(self, ids):
        return self.score(self.model(ids)[0])[0]


class Qwen2ForProcessRewardModel(Qwen2ForRewardModel):
    """Qwen/Qwen2.5-Math-PRM-7B: the same with two labels."""
    outputs = 2


class Summary(nn.Module):
    """ValueHead of TRL."""

    def __init__(self, width):
        super().__init__()
        self.summary = nn.Linear(width, 1)

    def forward(self, x):
        return self.summary(x)


class Qwen2ForPrmModel(Qwen2PreTrainedModel):
    """Skywork-o1-Open-PRM: a value head on the body."""

    def __init__(self, config):
        super().__init__(config)
        self.model = Qwen2Model(config)
        self.v_head = Summary(config.hidden_size)
        self.post_init()

    def forward(self, ids):
        return self.v_head(self.model(ids)[0])[0]


class RewardModel(LlamaPreTrainedModel):
    """OpenRLHF: openrlhf/models/model.py."""
    prefix = "score"

    def __init__(self, config):
        super().__init__(config)
        self.model = LlamaModel(config)
        setattr(self, self.prefix, nn.Linear(config.hidden_size, 1, bias=False))
        self.post_init()

    def forward(self, ids):
        value = getattr(self, self.prefix)(self.model(ids)[0])[0]
        return (value - self.config.mean) / self.config.std if self.config.normalize_reward else value


class LLMForSequenceRegression(RewardModel):
    prefix = "value_head"


def make(cls, config, seed):
    torch.manual_seed(seed)
    model = cls(config).float().eval()
    with torch.no_grad():
        for name, p in model.named_parameters():
            if name.endswith("norm.weight"):
                p.copy_(1 + 0.2 * torch.randn_like(p))
            elif name.endswith("bias"):
                p.copy_(0.3 * torch.randn_like(p))
            elif "embed" not in name and "model.layers" not in name:
                p.copy_(0.4 * torch.randn_like(p))
    return model


def logits(model, ids):
    with torch.no_grad():
        out = model(torch.tensor([ids]))
    out = out if torch.is_tensor(out) else out.logits
    return out[0] if out.dim() == 3 else out


def pieces(text, sep):
    return [s.strip() for s in text.split(sep) if s.strip()]


def chat_ids(tok, messages):
    return tok(tok.apply_chat_template(messages, tokenize=False), add_special_tokens=False).input_ids


def messages_of(system, problem, answer):
    return ([{"role": "system", "content": system}] if system else []) + [{"role": "user", "content": problem}, {"role": "assistant", "content": answer}]


# ---- one function for each recipe: (model, tokenizer, problem, answer) -> score or list of step scores


def last_token(system, read):
    return lambda m, t, p, a: read(logits_last(m, t, system, p, a))


def logits_last(m, t, system, p, a):
    ids = chat_ids(t, messages_of(system, p, a))
    with torch.no_grad():
        if type(m).__name__.endswith("ForSequenceClassification"):
            m.config.pad_token_id = None  # one sequence, no padding: the last token counts even if it looks like padding
            return m(torch.tensor([ids])).logits[0]
        return m(torch.tensor([ids]))[-1]


def openrlhf(m, t, p, a):
    """openrlhf/datasets/reward_dataset.py: the text ends with eos."""
    text = t.apply_chat_template(messages_of(None, p, a), tokenize=False).rstrip("\n")
    text += "" if text.endswith(t.eos_token) else " " + t.eos_token
    return float(logits(m, t(text, add_special_tokens=False).input_ids)[-1, 0])


def qwen_prm(m, t, p, a):
    text = "<extra_0>".join(pieces(a, "\n\n")) + "<extra_0>"
    ids = t(t.apply_chat_template(messages_of(PUT, p, text), tokenize=False), add_special_tokens=False).input_ids
    tag = t.convert_tokens_to_ids("<extra_0>")
    prob = logits(m, ids).softmax(-1)
    return [float(prob[i, 1]) for i, x in enumerate(ids) if x == tag]


def skywork(m, t, p, a):
    ids, flags = t.encode(t.bos_token + p + "\n", add_special_tokens=False), []
    end = t.encode("\n", add_special_tokens=False)[-1]
    for s in pieces(a, "\n"):
        ids += t.encode(s, add_special_tokens=False) + [end]
        flags.append(len(ids) - 1)
    return [float(x) for x in torch.sigmoid(logits(m, ids)[flags, 0])]


def trl(m, t, p, a):
    ids, flags = ([t.bos_token_id] if t.bos_token_id is not None else []) + t.encode(p, add_special_tokens=False), []
    for s in pieces(a, "\n"):
        ids += t.encode(s, add_special_tokens=False) + t.encode("\n", add_special_tokens=False)
        flags.append(len(ids) - 1)
    return [float(x) for x in logits(m, ids).softmax(-1)[flags, 1]]


def rlhflow_turns(m, t, turns):
    """One forward for each step, as the script of the authors does."""
    out, conversation = [], []
    plus, minus = t.encode("+", add_special_tokens=False)[-1], t.encode("-", add_special_tokens=False)[-1]
    for turn in turns:
        conversation += [{"role": "user", "content": turn}, {"role": "assistant", "content": "+"}]
        ids = chat_ids(t, conversation)
        out.append(float(logits(m, ids)[-3, [plus, minus]].softmax(-1)[0]))  # "\n\n" stands there, then the sign and the end of the turn
    return out


def rlhflow(m, t, p, a):
    s = pieces(a, "\n\n")
    return rlhflow_turns(m, t, [p + " " + s[0]] + s[1:])


def rlhflow_orm(m, t, p, a):
    return rlhflow_turns(m, t, [p + " " + a])[0]


def math_shepherd(m, t, p, a):
    s = pieces(a, "\n\n")
    text = p + " " + "\n".join(("" if x.startswith("Step ") else f"Step {i + 1}: ") + x + " \u043a\u0438" for i, x in enumerate(s))
    ids = t.encode(text)
    good, bad = t.encode("+ -")[1:]
    tag = t.encode("\u043a\u0438")[-1]
    prob = logits(m, ids)[:, [good, bad]].softmax(-1)[:, 0]
    return [float(prob[i]) for i, x in enumerate(ids) if x == tag]


def internlm2(m, t, p, a):
    """get_score of internlm/internlm2-7b-reward, without the second <s> that its tokenizer may add."""
    m.config.pad_token_id = None
    return float(logits(m, chat_ids(t, messages_of(None, p, a)) + [m.config.reward_token_id])[0, 0])


def as_internlm2(folder):
    """The remote code's body is Llama under other names, with queries, keys and values of a group in one matrix."""
    names = {"embed_tokens": "tok_embeddings", "input_layernorm": "attention_norm", "self_attn.o_proj": "attention.wo", "post_attention_layernorm": "ffn_norm",
             "mlp.gate_proj": "feed_forward.w1", "mlp.up_proj": "feed_forward.w3", "mlp.down_proj": "feed_forward.w2", "score": "v_head"}
    path = os.path.join(folder, "model.safetensors")
    tensors, out = load_file(path), {}
    for name, x in tensors.items():
        if "q_proj" in name:
            heads = [tensors[name.replace("q_proj", k)].reshape(2, -1, x.shape[1]) for k in ("q_proj", "k_proj", "v_proj")]
            out[name.replace("self_attn.q_proj", "attention.wqkv")] = torch.cat(heads, 1).reshape(-1, x.shape[1]).contiguous()
        elif "k_proj" not in name and "v_proj" not in name:
            for old, new in names.items():
                name = name.replace(old, new)
            out[name] = x.clone()
    save_file(out, path, metadata={"format": "pt"})
    path = os.path.join(folder, "config.json")
    with open(path) as f:
        config = json.load(f)
    config = {k: v for k, v in config.items() if k not in ("attention_bias", "mlp_bias", "head_dim", "pretraining_tp", "id2label", "label2id")}
    config.update(architectures=["InternLM2ForRewardModel"], model_type="internlm2", bias=False)
    with open(path, "w") as f:
        json.dump(config, f, indent=2)


def write(root, name, model, tok, score, head=None, output=None, after=None):
    if sys.argv[2:] and name not in sys.argv[2:]:
        return
    folder = os.path.join(root, name)
    shutil.rmtree(folder, ignore_errors=True)
    rows = [{"problem": p, "completions": cs, "scores": [score(model, tok, p, a) for a in cs]} for p, cs in ROWS]
    model.save_pretrained(folder)
    tok.save_pretrained(folder)
    for extra in ("special_tokens_map.json", "generation_config.json"):
        if os.path.exists(os.path.join(folder, extra)):
            os.remove(os.path.join(folder, extra))
    if after:
        after(folder)
    with open(os.path.join(folder, "cases.json"), "w") as f:
        json.dump({"head": head, "output": output, "rows": rows}, f, ensure_ascii=False, indent=1)
        f.write("\n")


def move_value_head(folder):
    """What LLaMA-Factory's fix_valuehead_checkpoint leaves: the language model, and the head in a file of its own."""
    torch.manual_seed(99)
    save_file({"v_head.summary.weight": VALUE.summary.weight.detach().clone(), "v_head.summary.bias": VALUE.summary.bias.detach().clone()},
              os.path.join(folder, "value_head.safetensors"), metadata={"format": "pt"})


def add_orm_cases(tok):
    def add(folder):
        model = make(LlamaForCausalLM, shape(LlamaConfig, tok), 11)
        rows = [{"problem": p, "completions": cs, "scores": [rlhflow_orm(model, tok, p, a) for a in cs]} for p, cs in ROWS]
        with open(os.path.join(folder, "cases_orm.json"), "w") as f:
            json.dump({"head": "rlhflow-orm", "output": None, "rows": rows}, f, ensure_ascii=False, indent=1)
            f.write("\n")

    return add


def value_head_of(width):
    torch.manual_seed(98)
    head = Summary(width).float()
    with torch.no_grad():
        head.summary.weight.copy_(0.4 * torch.randn_like(head.summary.weight))
        head.summary.bias.copy_(0.3 * torch.randn_like(head.summary.bias))
    return head


def value_score(m, t, p, a):
    ids = chat_ids(t, messages_of(None, p, a))
    with torch.no_grad():
        return float(VALUE(m(torch.tensor([ids]), output_hidden_states=True).hidden_states[-1])[0, -1, 0])


def main():
    global VALUE
    root = sys.argv[1]
    torch.set_num_threads(1)
    chat, bos, llama3, sp = chat_tokenizer(), chat_tokenizer("<|endoftext|>"), chat_tokenizer(headers=True), sentencepiece_like()
    VALUE = value_head_of(16)
    raw, second = (lambda x: float(x[0])), (lambda x: float(x.softmax(-1)[1]))
    write(root, "qwen2_classifier", make(Qwen2ForSequenceClassification, shape(Qwen2Config, chat, num_labels=1), 1), chat, last_token(CHECK, raw))
    write(root, "llama_two_labels", make(LlamaForSequenceClassification, shape(LlamaConfig, chat, num_labels=2), 2), chat, last_token(CHECK, second), output="1")
    write(root, "mistral_two_labels", make(MistralForSequenceClassification, shape(MistralConfig, chat, num_labels=2), 3), chat,
          last_token(CHECK, lambda x: float(x[1] - x[0])), output="logit-difference")
    write(root, "qwen_rm", make(Qwen2ForRewardModel, shape(Qwen2Config, chat), 4), chat, last_token(PUT, raw))
    write(root, "qwen_prm", make(Qwen2ForProcessRewardModel, shape(Qwen2Config, chat), 5), chat, qwen_prm)
    write(root, "skywork_prm", make(Qwen2ForPrmModel, shape(Qwen2Config, bos, tie_word_embeddings=True), 6), bos, skywork)
    write(root, "llamafactory", make(LlamaForCausalLM, shape(LlamaConfig, chat), 7), chat, value_score, after=move_value_head)
    write(root, "openrlhf", make(RewardModel, shape(LlamaConfig, chat, mean=-0.75, std=3.5, normalize_reward=True), 8), chat, openrlhf)
    write(root, "openrlhf_value_head", make(LLMForSequenceRegression, shape(LlamaConfig, chat, mean=-0.75, std=3.5, normalize_reward=False), 9), chat, openrlhf)
    write(root, "trl_prm", make(Qwen2ForTokenClassification, shape(Qwen2Config, chat, num_labels=2), 10), chat, trl)
    write(root, "rlhflow_prm", make(LlamaForCausalLM, shape(LlamaConfig, llama3), 11), llama3, rlhflow, head="rlhflow", after=add_orm_cases(llama3))
    write(root, "math_shepherd", make(MistralForCausalLM, shape(MistralConfig, sp), 12), sp, math_shepherd, head="math-shepherd")
    write(root, "internlm2_rm", make(LlamaForSequenceClassification, shape(LlamaConfig, chat, num_labels=1, num_key_value_heads=2, reward_token_id=330), 14), chat,
          internlm2, after=as_internlm2)
    if Qwen3Config:
        write(root, "qwen3_classifier", make(Qwen3ForSequenceClassification, shape(Qwen3Config, chat, num_labels=1, head_dim=16), 13), chat, last_token(CHECK, raw))
    for name in sorted(os.listdir(root)):
        w = load_file(os.path.join(root, name, "model.safetensors"))
        print(name, [k for k in w if "model.layers" not in k], sum(os.path.getsize(os.path.join(root, name, f)) for f in os.listdir(os.path.join(root, name))))


main()
