/* token/tokenizer.h - text to token ids and back: BPE and Unigram, read from and written as a Hugging Face
 * tokenizer.json
 *
 * A lem_tokenizer is immutable once made and may be shared by threads. Text is bytes: valid UTF-8 gives the
 * ids that the `tokenizers` package gives; a byte that is no part of valid UTF-8 counts as a character that
 * is neither letter, number nor space, so that (without a normalizer) decode(encode(x)) == x for every x.
 * Known pre-tokenizer patterns are hand-written scanners (pretok.c, pretok_class.c), linear in the text;
 * others go through PCRE2 with limits. BPE is Sennrich et al. 2016 (arXiv:1508.07909) on bytes, as in GPT-2;
 * merging is O(n log n) in the length of a word at worst, nearly linear for the vocabularies in use.
 *
 * Limits: tokenizer.json 64 MiB, 2^20 ids, one text 1 GiB. Errors: LEM_EDATA for what a file or text says,
 * LEM_EMEM for memory. */
#ifndef LEM_TOKEN_TOKENIZER_H
#define LEM_TOKEN_TOKENIZER_H

#include "core/buf.h"
#include "core/err.h"
#include "core/json.h"
#include "core/log.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct lem_tokenizer lem_tokenizer;

/* Growing list of ids. A zeroed one is empty. */
typedef struct lem_ids {
    int32_t *data;
    size_t len, cap;
} lem_ids;
void lem_ids_release(lem_ids *v);
lem_status lem_ids_push(lem_ids *v, int32_t id, lem_err *err) LEM_MUST_CHECK;

/* load reads dir/tokenizer.json, else dir/tokenizer.model (SentencePiece, or the ranks of Llama 3), else a
 * *.tiktoken file (Qwen), and, when present, dir/tokenizer_config.json (eos_token, model_max_length;
 * added_tokens_decoder, or dir/added_tokens.json, for files that are no tokenizer.json), the chat template
 * (chat_template.jinja, else that of the configuration) and special_tokens_map.json. load_file reads one such
 * file by its contents; config_path may be NULL. parse reads the text of a tokenizer.json. save writes
 * tokenizer.json, tokenizer_config.json and the template's file; what was loaded from these is written back
 * byte for byte. */
lem_status lem_tokenizer_load(const char *dir, lem_tokenizer **out, lem_err *err) LEM_MUST_CHECK;
lem_status lem_tokenizer_load_file(const char *path, const char *config_path, lem_tokenizer **out,
                                   lem_err *err) LEM_MUST_CHECK;
/* Either: a folder, or one file without a configuration. */
lem_status lem_tokenizer_load_path(const char *path, lem_tokenizer **out, lem_err *err) LEM_MUST_CHECK;
lem_status lem_tokenizer_parse(const char *json, size_t len, lem_tokenizer **out,
                               lem_err *err) LEM_MUST_CHECK;
/* The contents of a vocabulary file of any kind. name is its base name (ranks in a file named qwen… are
 * Qwen's, others Llama 3's); config is the parsed tokenizer_config.json or NULL. */
lem_status lem_tokenizer_parse_file(const char *name, const char *data, size_t len, const lem_json *config,
                                    lem_tokenizer **out, lem_err *err) LEM_MUST_CHECK;
lem_status lem_tokenizer_save(const lem_tokenizer *t, const char *dir, lem_err *err) LEM_MUST_CHECK;
void lem_tokenizer_free(lem_tokenizer *t);

/* The expression by which the texts of a family are cut ("gpt2", "qwen2", "llama3"); NULL for others. */
const char *lem_tokenizer_pattern(const char *family);

/* Encoding then asks cancel (borrowed; NULL, as at first: never) and returns LEM_EINTR "interrupted" within
 * well under a second after it is requested, in one enormous word too. Set once after loading, before t is
 * shared. */
void lem_tokenizer_watch(lem_tokenizer *t, const lem_cancel *cancel);

/* Appends the ids of text to out (unchanged on failure). Special tokens (those marked special in
 * added_tokens) are recognised in the text only with parse_special; added tokens that are not special always
 * are, as in `tokenizers`. No BOS or EOS is added. */
lem_status lem_tokenizer_encode(const lem_tokenizer *t, const char *text, size_t len, bool parse_special,
                                lem_ids *out, lem_err *err) LEM_MUST_CHECK;
/* The same with the special tokens that the file's TemplateProcessing puts around a single text (Llama 2's
 * <s>). */
lem_status lem_tokenizer_encode_single(const lem_tokenizer *t, const char *text, size_t len,
                                       bool parse_special, lem_ids *out, lem_err *err) LEM_MUST_CHECK;
/* The same with those before the text alone: what a model reads that is to go on with it. Where the file puts
 * none, and tokenizer_config.json is of Llama's kind and does not say add_bos_token: false, bos_token. */
lem_status lem_tokenizer_encode_start(const lem_tokenizer *t, const char *text, size_t len,
                                      bool parse_special, lem_ids *out, lem_err *err) LEM_MUST_CHECK;
/* Appends the raw bytes of the ids to out; bytes that are not UTF-8 stay as they are. An id out of range is
 * LEM_EDATA. */
lem_status lem_tokenizer_decode(const lem_tokenizer *t, const int32_t *ids, size_t n, bool skip_special,
                                lem_buf *out, lem_err *err) LEM_MUST_CHECK;

/* A part of a rendered chat template: special tokens are recognised only where no byte of theirs has data[i]
 * != 0 (data: [len], NULL = none). glued: the part goes on after text (not after an added token), so nothing
 * is put in front of it that the tokenizer puts before a text. */
lem_status lem_tokenizer_encode_marked(const lem_tokenizer *t, const char *text, const uint8_t *data,
                                       size_t len, bool glued, lem_ids *out, lem_err *err) LEM_MUST_CHECK;

int32_t
lem_tokenizer_vocab(const lem_tokenizer *t); /* number of ids (largest id + 1), special tokens included */
/* Raw bytes of one token, borrowed from t, not NUL-terminated. NULL if id is out of range or unused. */
const char *lem_tokenizer_token_bytes(const lem_tokenizer *t, int32_t id, size_t *len);
int32_t
lem_tokenizer_find(const lem_tokenizer *t,
                   const char *token); /* id of an added (special or not) token by its text; -1 if none */
bool lem_tokenizer_is_special(const lem_tokenizer *t, int32_t id);
/* eos_token of tokenizer_config.json; without one the first present of <|im_end|>, <|endoftext|>, </s>; -1 if
 * none. */
int32_t lem_tokenizer_eos(const lem_tokenizer *t);
int64_t lem_tokenizer_max_length(const lem_tokenizer *t); /* model_max_length; 0 if unknown */

/* Training. Words are counted as text is added, so the order of texts does not matter; the merge chosen next
 * is the one with the highest count, of equal ones the one whose (left bytes, right bytes) sort first. Ids:
 * special tokens, the 256 bytes, then merges in order. Merges stop early when no pair occurs twice, so the
 * result may have fewer ids than asked for. */
typedef struct lem_bpe_train_opts {
    int32_t vocab;     /* ids wanted, special tokens included; 0 = 1024; at least 256 + n_special */
    bool split_digits; /* true: the Qwen2 pattern (every digit alone); false: Llama 3's (digits in runs of up
                          to three) */
    const char *const *special; /* borrowed during _new; NULL = <|endoftext|>, <|im_start|>, <|im_end|> */
    size_t n_special;
    int64_t max_length;       /* written as model_max_length; 0 = not written */
    const lem_cancel *cancel; /* borrowed; NULL = never. Once it is requested, _add and _finish return
                                 LEM_EINTR "interrupted" within well under a second; then only free */
} lem_bpe_train_opts;
typedef struct lem_bpe_trainer lem_bpe_trainer;
lem_bpe_trainer *lem_bpe_trainer_new(const lem_bpe_train_opts *opts,
                                     lem_err *err); /* opts NULL = defaults; NULL on failure */
/* Special tokens inside the text are cut out first, so that they are never learned as words. */
lem_status lem_bpe_trainer_add(lem_bpe_trainer *b, const char *text, size_t len, lem_err *err) LEM_MUST_CHECK;
lem_status lem_bpe_trainer_finish(lem_bpe_trainer *b, lem_tokenizer **out,
                                  lem_err *err) LEM_MUST_CHECK; /* once; then only free */
void lem_bpe_trainer_free(lem_bpe_trainer *b);

#endif
