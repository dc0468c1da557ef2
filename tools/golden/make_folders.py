"""make_folders.py - model folders as people have them, tiny and random, with real vocabularies and templates, for check_folders.py

Usage: make_folders.py DATA OUT FAMILY...   DATA: ../shared/data; families: qwen, qwen3 (Transformers 4.51 or later), llama3, mistral, llama2, minimind, deepseek
Sharded or not, bf16, with and without generation_config.json. Run with /opt/oracle/new (Transformers 4.51, torch 2.1; protobuf, sentencepiece).
"""
import sys, os, json, shutil, torch
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tokenizer as T
import transformers
for _n in "Qwen2ForCausalLM Qwen2Config Qwen2ForSequenceClassification LlamaForCausalLM LlamaConfig MistralForCausalLM MistralConfig GenerationConfig LlamaTokenizer LlamaTokenizerFast Qwen3ForCausalLM Qwen3Config".split():
    globals()[_n]=getattr(transformers,_n,None)
D=os.path.join(sys.argv[1],"tokenizers/"); CT=D+"chat_templates/"; O=os.path.join(sys.argv[2],"")
torch.manual_seed(0); torch.set_num_threads(1)
def rnd(m):
    g=torch.Generator().manual_seed(1)
    with torch.no_grad():
        for n,p in m.named_parameters():
            p.copy_((torch.randn(p.shape,generator=g)*0.2 + (1.0 if 'norm' in n else 0)).to(p.dtype))
    return m.to(torch.bfloat16).eval()
def save(m,name,shard="5GB",gen=None):
    d=O+name; os.makedirs(d,exist_ok=True)
    m.generation_config=GenerationConfig(**(gen or {})) if gen is not None else m.generation_config
    m.save_pretrained(d,max_shard_size=shard)
    if gen is None and os.path.exists(d+"/generation_config.json"): os.remove(d+"/generation_config.json")
    return d
def cfg(d,src,template=None,drop=(),**kw):
    c=json.load(open(src)) if src else {}
    for k in drop: c.pop(k,None)
    c.update(kw)
    if template: c["chat_template"]=open(template).read()
    json.dump(c,open(d+"/tokenizer_config.json","w"))
S=dict(hidden_size=64,intermediate_size=96,num_hidden_layers=2,num_attention_heads=4,num_key_value_heads=2,max_position_embeddings=4096)
os.makedirs(O,exist_ok=True)
which=sys.argv[3:]
if "qwen" in which:
    T.from_tiktoken(D+"qwen2/qwen.tiktoken","qwen2",D+"qwen2/qwen2.5_tokenizer_config.json",O+"qwen_tok.json")
    q25=D+"qwen2/qwen2.5_tokenizer_config.json"; q3=D+"qwen2/qwen3_tokenizer_config.json"
    Q=dict(S,vocab_size=151936,rms_norm_eps=1e-6,rope_theta=10000.0,bos_token_id=151643,eos_token_id=151645)
    m=rnd(Qwen2ForCausalLM(Qwen2Config(**Q,tie_word_embeddings=True)))
    d=save(m,"qwen25math",shard="8MB",gen=dict(bos_token_id=151643,eos_token_id=[151645,151643],pad_token_id=151643,do_sample=True,temperature=0.7,top_p=0.8,top_k=20,repetition_penalty=1.05))
    shutil.copy(O+"qwen_tok.json",d+"/tokenizer.json"); cfg(d,q25)
    m=rnd(Qwen2ForSequenceClassification(Qwen2Config(**Q,tie_word_embeddings=False,num_labels=1,pad_token_id=151643)))
    d=save(m,"acemath_rm"); shutil.copy(O+"qwen_tok.json",d+"/tokenizer.json"); cfg(d,q25)
    # Qwen2.5-Math-PRM: same with extra_0 in the tokenizer
    d2=O+"qwen_prm"; os.makedirs(d2,exist_ok=True)
    tk=json.load(open(O+"qwen_tok.json")); c=json.load(open(q25))
    e={"content":"<extra_0>","lstrip":False,"normalized":False,"rstrip":False,"single_word":False,"special":True}
    print("151651 was", c["added_tokens_decoder"]["151651"]["content"])
    for a in tk["added_tokens"]:
        if a["id"]==151651: a.update(e)
    c["added_tokens_decoder"]["151651"]=e
    json.dump(tk,open(d2+"/tokenizer.json","w")); json.dump(c,open(d2+"/tokenizer_config.json","w"))
    from safetensors.torch import save_file
    sd={k:v.contiguous() for k,v in m.state_dict().items() if not k.startswith("score")}
    g=torch.Generator().manual_seed(2); r=lambda *s:(torch.randn(*s,generator=g)*.2).bfloat16()
    sd["lm_head.weight"]=r(151936,64)
    sd["score.0.weight"]=r(64,64);sd["score.0.bias"]=r(64);sd["score.2.weight"]=r(2,64);sd["score.2.bias"]=r(2)
    save_file(sd,d2+"/model.safetensors",metadata={"format":"pt"})
    c=json.load(open(d+"/config.json")); c["architectures"]=["Qwen2ForProcessRewardModel"]; c["auto_map"]={"AutoModel":"modeling_qwen2_rm.Qwen2ForProcessRewardModel"}
    c.pop("id2label",None);c.pop("label2id",None)
    json.dump(c,open(d2+"/config.json","w"))
if "qwen3" in which: # run with /opt/oracle/new
    m=rnd(Qwen3ForCausalLM(Qwen3Config(**dict(S,vocab_size=151936,head_dim=32,tie_word_embeddings=True,bos_token_id=151643,eos_token_id=151645,rope_theta=1000000))))
    d=save(m,"qwen3",gen=dict(bos_token_id=151643,eos_token_id=[151645,151643],pad_token_id=151643,do_sample=True,temperature=0.6,top_k=20,top_p=0.95))
    T.from_tiktoken(D+"qwen2/qwen.tiktoken","qwen2",D+"qwen2/qwen3_tokenizer_config.json",d+"/tokenizer.json")
    cfg(d,D+"qwen2/qwen3_tokenizer_config.json",template=CT+"Qwen-Qwen3-0.6B.jinja")
if "llama3" in which:
    m=rnd(LlamaForCausalLM(LlamaConfig(**dict(S,vocab_size=128256,rope_theta=500000.0,rms_norm_eps=1e-5,max_position_embeddings=131072,bos_token_id=128000,eos_token_id=[128001,128008,128009],tie_word_embeddings=False,
      rope_scaling={"factor":8.0,"low_freq_factor":1.0,"high_freq_factor":4.0,"original_max_position_embeddings":8192,"rope_type":"llama3"}))))
    d=save(m,"llama31",shard="8MB",gen=dict(bos_token_id=128000,eos_token_id=[128001,128008,128009],do_sample=True,temperature=0.6,top_p=0.9))
    T.from_tiktoken(D+"llama3/tokenizer.model","llama3",D+"llama3/tokenizer_config.json",d+"/tokenizer.json")
    tk=json.load(open(d+"/tokenizer.json"))
    tk["post_processor"]={"type":"Sequence","processors":[{"type":"ByteLevel","add_prefix_space":True,"trim_offsets":False,"use_regex":True},
      {"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<|begin_of_text|>","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],
       "pair":[{"SpecialToken":{"id":"<|begin_of_text|>","type_id":0}},{"Sequence":{"id":"A","type_id":0}},{"SpecialToken":{"id":"<|begin_of_text|>","type_id":1}},{"Sequence":{"id":"B","type_id":1}}],
       "special_tokens":{"<|begin_of_text|>":{"id":"<|begin_of_text|>","ids":[128000],"tokens":["<|begin_of_text|>"]}}}]}
    json.dump(tk,open(d+"/tokenizer.json","w"))
    cfg(d,D+"llama3/tokenizer_config.json",template=CT+"meta-llama-Llama-3.1-8B-Instruct.jinja")
if "mistral" in which:
    from transformers.convert_slow_tokenizer import convert_slow_tokenizer
    for name,f,tpl,v,th in (("mistral_v1",D+"mistral/tokenizer.model.v1","axolotl_mistral_v1.jinja",32000,1e4),("mistral_v3",D+"mistral/mistral_instruct_tokenizer_240323.model.v3","axolotl_mistral_v2v3.jinja",32768,1e6)):
        m=rnd(MistralForCausalLM(MistralConfig(**dict(S,vocab_size=v,rms_norm_eps=1e-5,rope_theta=th,max_position_embeddings=32768,sliding_window=4096 if v==32000 else None,bos_token_id=1,eos_token_id=2))))
        d=save(m,name,shard="2MB",gen=dict(bos_token_id=1,eos_token_id=2))
        shutil.copy(f,d+"/tokenizer.model")
        t=LlamaTokenizer(d+"/tokenizer.model",legacy=True); 
        t.chat_template=open(CT+tpl).read()
        LlamaTokenizerFast(tokenizer_object=convert_slow_tokenizer(t),bos_token="<s>",eos_token="</s>",unk_token="<unk>",add_bos_token=True,add_eos_token=False,legacy=True,chat_template=t.chat_template).save_pretrained(d)
        # and one as only tokenizer.model
        if v==32000:
            d2=O+"mistral_spm"; shutil.copytree(d,d2,dirs_exist_ok=True); os.remove(d2+"/tokenizer.json")
if "llama2" in which:
    m=rnd(LlamaForCausalLM(LlamaConfig(**dict(S,vocab_size=32000,rms_norm_eps=1e-5))))
    d=save(m,"llama2",gen=dict(bos_token_id=1,eos_token_id=2,pad_token_id=0)); shutil.copy(D+"llama2/tokenizer.json",d); cfg(d,D+"llama2/tokenizer_config.json",template=CT+"axolotl_mistral_v1.jinja")
if "minimind" in which:
    m=rnd(LlamaForCausalLM(LlamaConfig(**dict(S,vocab_size=6400,rms_norm_eps=1e-5,bos_token_id=1,eos_token_id=2))))
    d=save(m,"minimind"); shutil.copy(D+"minimind/tokenizer.json",d); cfg(d,D+"minimind/tokenizer_config.json")
if "deepseek" in which:
    m=rnd(LlamaForCausalLM(LlamaConfig(**dict(S,vocab_size=102400,rms_norm_eps=1e-6,bos_token_id=100000,eos_token_id=100001,rope_theta=10000.0))))
    d=save(m,"deepseek",gen=dict(bos_token_id=100000,eos_token_id=100001))
    T.from_gguf(D+"gguf_vocab/ggml-vocab-deepseek-llm.gguf",d+"/tokenizer.json","deepseek-llm")
    b={"__type":"AddedToken","content":"<｜begin▁of▁sentence｜>","lstrip":False,"normalized":True,"rstrip":False,"single_word":False}
    cfg(d,None,add_bos_token=True,add_eos_token=False,bos_token=b,eos_token=dict(b,content="<｜end▁of▁sentence｜>"),pad_token=dict(b,content="<｜end▁of▁sentence｜>"),tokenizer_class="LlamaTokenizerFast",model_max_length=4096,
      chat_template="{% if not add_generation_prompt is defined %}{% set add_generation_prompt = false %}{% endif %}{{ bos_token }}{% for message in messages %}{% if message['role'] == 'user' %}{{ 'User: ' + message['content'] + '\n\n' }}{% elif message['role'] == 'assistant' %}{{ 'Assistant: ' + message['content'] + eos_token }}{% elif message['role'] == 'system' %}{{ message['content'] + '\n\n' }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}")
