/* gguf/vocab.h - the tokenizer of a GGUF file as the files of a folder
 *
 * tokenizer.ggml.model "gpt2" (byte-level BPE, cut as tokenizer.ggml.pre says) becomes a tokenizer.json,
 * "llama" (SentencePiece BPE) a tokenizer.model as well; tokenizer_config.json and the chat template follow,
 * and a generation_config.json with the tokens that end a text. Ways to cut that are not known are refused by
 * name. */
#ifndef LEM_GGUF_VOCAB_H
#define LEM_GGUF_VOCAB_H

#include "gguf/gguf.h"
#include "token/tokenizer.h"

/* dir is there. */
lem_status lem_gguf_vocab_write(const lem_gguf *g, const char *dir, lem_err *err) LEM_MUST_CHECK;

#endif
