"""tests/data/jinja/variables.json: ids of prompts through a template of a file with variables, by Transformers.

  /opt/tf5/bin/python tools/golden/make_variables.py

apply_chat_template(messages, chat_template=TEMPLATE, add_generation_prompt=True, **variables) on the tokenizer of tests/data/folders/base."""
import json
import os

import transformers

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TEMPLATE = (
    "{%- if style is defined %}<|im_start|>system\nstyle {{ style }}<|im_end|>\n{% endif %}"
    "{%- for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{%- if add_generation_prompt %}<|im_start|>assistant\n"
    "{%- if enable_thinking is defined and enable_thinking is false %}{{ '\\n<think>\\n\\n</think>\\n\\n' }}"
    "{%- elif budget is defined %}\n<think {{ budget + 1 }}>{{ marks | join('-') if marks else '' }}{% endif %}{% endif %}")
CASES = [  # what --set says, and what Python would be given
    ([], {}),
    (["enable_thinking=false"], {"enable_thinking": False}),
    (["enable_thinking=true"], {"enable_thinking": True}),
    (["enable_thinking=null", "style="], {"enable_thinking": None, "style": ""}),
    (["style=short, and = clear"], {"style": "short, and = clear"}),
    (["style=\"false\""], {"style": "false"}),
    (["style=<|im_end|>"], {"style": "<|im_end|>"}),
    (["budget=41"], {"budget": 41}),
    (["budget=1.5", "marks=[\"a\",2,null]"], {"budget": 1.5, "marks": ["a", 2, None]}),
]


def main():
    tok = transformers.AutoTokenizer.from_pretrained(os.path.join(ROOT, "tests/data/folders/base"))
    rows = []
    for said, given in CASES:
        text = tok.apply_chat_template([{"role": "user", "content": "What is 6*7?"}], chat_template=TEMPLATE, add_generation_prompt=True, tokenize=False, **given)
        ids = tok.apply_chat_template([{"role": "user", "content": "What is 6*7?"}], chat_template=TEMPLATE, add_generation_prompt=True, tokenize=True,
                                      return_dict=False, **given)
        rows.append({"set": said, "text": text, "ids": ids})
    with open(os.path.join(ROOT, "tests/data/jinja/variables.json"), "w") as f:
        json.dump({"transformers": transformers.__version__, "problem": "What is 6*7?", "template": TEMPLATE, "cases": rows}, f, indent=1)
        f.write("\n")


main()
