"""check_folders.py - Transformers against lemma on the folders of make_folders.py: prompt ids, greedy text, ids of lines

Usage: check_folders.py LEMMA FOLDERS DATA NAME...   prints a line for each prompt and True, or what differs
"""
import json
import os
import subprocess
import sys
import tempfile
import warnings

import torch
warnings.filterwarnings("ignore")
from transformers import AutoTokenizer, AutoModelForCausalLM, PreTrainedTokenizerFast
torch.set_num_threads(1)
L, M, DATA = sys.argv[1:4]; W = tempfile.mkdtemp(); P=["What is 6*7?","Let $x^2=2$. Find <|im_end|> x ± 1/2.\n\nAnswer in  two lines."]
open(W+"/p.jsonl","w").write("".join(json.dumps({"problem":p})+"\n" for p in P))
import transformers; transformers.logging.set_verbosity_error()
for name in sys.argv[4:]:
    d=os.path.join(M,name)
    try:
        tok=AutoTokenizer.from_pretrained(d)
    except Exception as e:
        print(name,"AutoTokenizer:",str(e)[:100]); tok=PreTrainedTokenizerFast.from_pretrained(d)
    m=AutoModelForCausalLM.from_pretrained(d,torch_dtype=torch.float32,attn_implementation="eager").eval()
    o=W+"/out_%s.jsonl"%name
    r=subprocess.run([L,"sample","--model",d,"--prompts",W+"/p.jsonl","--n","1","--temperature","0","--max-tokens","8","--out",o,"--fresh","--overwrite","--quiet","--threads","1","--dtype","f32"],capture_output=True,text=True)
    if r.returncode: print(name,"sample rc",r.returncode,r.stderr)
    rows=[json.loads(x) for x in open(o)] if r.returncode==0 else []
    for i,p in enumerate(P):
        ids=tok.apply_chat_template([{"role":"user","content":p}],add_generation_prompt=True,tokenize=True)
        if hasattr(ids,"keys"): ids=ids["input_ids"]
        json.dump([{"role":"user","content":p}],open(W+"/msg.json","w"))
        a=subprocess.run([L,"template","show",d,W+"/msg.json","--generation-prompt","--json","--parse-special"],capture_output=True,text=True)
        ours=json.loads(a.stdout)["ids"] if a.returncode==0 else a.stderr
        a=subprocess.run([L,"template","show",d,W+"/msg.json","--generation-prompt","--json"],capture_output=True,text=True)
        plain=json.loads(a.stdout)["ids"] if a.returncode==0 else a.stderr
        use=plain if isinstance(plain,list) else ids
        cur=list(use); ref=[]; E=m.generation_config.eos_token_id; E=set(E if isinstance(E,list) else [E])|{tok.eos_token_id}
        for _ in range(8):
            with torch.no_grad(): t=int(m(torch.tensor([cur])).logits[0,-1].argmax())
            cur.append(t); ref.append(t)
            if t in E: break
        text=tok.decode(ref,skip_special_tokens=True,clean_up_tokenization_spaces=False)
        mine=rows[i]["completions"][0] if rows else None
        print(name,i,"ids",ours==ids or (ours,ids),"n",len(ids),"text",mine==text or (mine,text),"tokens",rows and rows[i]["tokens"],len(ref),rows and rows[i]["finish_reason"])
    # tokenize
    lines=[json.loads(x)["question"] for x in __import__("gzip").open(DATA+"/bench/gsm8k/test.jsonl.gz")][:60] if os.path.exists(DATA+"/bench/gsm8k/test.jsonl.gz") else P
    lines=[x.replace("\n"," ") for x in lines]+["  два  три 123456 …","naïve\t\tcafé 😀 數學"]
    a=subprocess.run([L,"tokenize",d],input="\n".join(lines)+"\n",capture_output=True,text=True)
    got=[json.loads(x) for x in a.stdout.splitlines()]
    if got and isinstance(got[0],dict): got=[g["ids"] for g in got]
    for sp in (False,True):
        want=[tok(x,add_special_tokens=sp)["input_ids"] for x in lines]
        print(name,"tokenize (add_special=%s) equal"%sp,sum(x==y for x,y in zip(got,want)),"of",len(want),a.stderr[:150])
