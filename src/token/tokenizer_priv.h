/* tokenizer_priv.h - the parts of a tokenizer: vocabulary, merges, added tokens, scanners, normalizers
 *
 * encode.c: added tokens are cut out (added.c) -> normalizer (normalize.c) -> pieces (pretok.c) -> BPE
 * (bpe.c) or Unigram (unigram.c). decode.c: each token has its decoded bytes from the start. hf_json.c and
 * hf_pipeline.c fill all of it from a tokenizer.json; tokenizer.c opens files and calls them.
 *
 * A vocabulary is byte-level (its symbols are the 256 bytes, as GPT-2, Qwen, Llama 3) or made of characters
 * (SentencePiece, as Llama 2: spaces written as U+2581, unknown characters as byte tokens <0xNN> or as the
 * unknown token). */
#ifndef LEM_TOKEN_TOKENIZER_PRIV_H
#define LEM_TOKEN_TOKENIZER_PRIV_H

#include "jinja/template.h"
#include "token/tokenizer.h"

#define LEM_TOK_MAX_IDS (1 << 20)
#define LEM_TOK_MAX_FILE ((size_t)64 << 20)
#define LEM_TOK_MAX_TEXT ((size_t)1 << 30)
#define LEM_TOK_MAX_STEPS 16

/* ---- vocab.c: id -> bytes, bytes -> id */
enum {
    TOK_USED = 1,
    TOK_ADDED = 2,
    TOK_SPECIAL = 4,
    TOK_DIRECT = 8 /* BPE of the token's own bytes gives just this token */
};
typedef struct tok_entry {
    uint32_t off, len;         /* in blob: as the model sees it */
    uint32_t out_off, out_len; /* in blob: what it decodes to */
    uint32_t flags;
} tok_entry;
typedef struct tok_slot {
    uint32_t tag; /* upper half of the hash */
    int32_t id;   /* -1 = free */
} tok_slot;
typedef struct tok_vocab {
    tok_entry *entry; /* [cap] */
    int32_t n, cap;   /* n = largest id + 1 */
    lem_buf blob;
    tok_slot *slot; /* [n_slots], a power of two */
    size_t n_slots, n_hashed;
} tok_vocab;
void lem_vocab_release(tok_vocab *v);
/* Stores id -> bytes. hashed: also bytes -> id. An id that is taken by other bytes, or bytes by another id,
 * is LEM_EDATA. */
lem_status lem_vocab_put(tok_vocab *v, int64_t id, const char *bytes, size_t len, bool hashed,
                         lem_err *err) LEM_MUST_CHECK;
int32_t lem_vocab_find(const tok_vocab *v, const char *bytes, size_t len); /* -1 if none */

/* ---- bytes.c: the byte alphabet of GPT-2, where each byte stands as one printable character */
bool lem_bytes_from_text(const char *s, size_t n,
                         lem_buf *out); /* false (out untouched) if a character is outside */
void lem_bytes_to_text(const char *s, size_t n, lem_buf *out);

/* ---- bpe.c */
typedef struct tok_merge {
    uint64_t key; /* left id << 32 | right id; UINT64_MAX = free */
    int32_t rank, id;
} tok_merge;
typedef struct tok_bpe {
    tok_merge *slot; /* [n_slots], a power of two */
    size_t n_slots, n;
    size_t n_ranks;           /* reserved */
    int32_t byte_id[256];     /* token of one byte (of one ASCII character); -1 = none */
    int32_t fallback_id[256]; /* token <0xNN>; -1 = none, or no byte fallback */
    int32_t unk;              /* -1 = none */
    bool ignore_merges, fuse_unk;
    bool chars;      /* symbols are characters, not bytes */
    bool cut_spaces; /* no merge reaches from another character to U+2581 after it: text may be cut there */
} tok_bpe;
typedef struct tok_best { /* the best way to cut a text up to some place */
    double score;
    int32_t start, id; /* its last piece; id -1 = an unknown character */
} tok_best;
typedef struct tok_long tok_long;
typedef struct tok_scratch { /* for long words; zeroed = empty */
    tok_best *best;
    size_t best_cap;
    int32_t *ids; /* [cap] */
    size_t cap;
    tok_long *merger;
} tok_scratch;
void lem_bpe_release(tok_bpe *b);
lem_status lem_bpe_reserve(tok_bpe *b, size_t n_merges,
                           lem_err *err) LEM_MUST_CHECK; /* before the first put */
void lem_bpe_put(tok_bpe *b, int32_t left, int32_t right, int32_t rank,
                 int32_t id); /* a later put of a pair wins; rank below the number reserved */
void lem_scratch_release(tok_scratch *s);
lem_status lem_bpe_word(const lem_tokenizer *t, const char *word, size_t len, tok_scratch *s, lem_ids *out,
                        lem_err *err) LEM_MUST_CHECK;
lem_status lem_bpe_mark_direct(lem_tokenizer *t, lem_err *err) LEM_MUST_CHECK; /* sets TOK_DIRECT */

/* ---- bpe_long.c. Merges ids[0..*n), 1 <= *n, in place. *memory: NULL at first; kept for the next word. */
lem_status lem_bpe_merge_long(const tok_bpe *b, tok_long **memory, int32_t *ids, size_t *n,
                              const lem_cancel *cancel, lem_err *err) LEM_MUST_CHECK;
void lem_long_free(tok_long *l);

/* ---- added.c: added tokens found in text, leftmost and longest first */
typedef struct tok_added {
    int32_t id;
    char *text; /* owned */
    size_t len;
    bool special, normalized, lstrip, rstrip, single_word;
} tok_added;
typedef struct tok_trie {
    uint64_t *key; /* (node << 8 | byte) + 1; 0 = free */
    uint32_t *child;
    int32_t *value; /* [n_nodes] index of an added token, -1 = none */
    size_t n_slots, n_nodes, cap_nodes;
    bool first[256];
} tok_trie;
enum { TOK_NO_MATCH = -1, TOK_NOT_YET = -2 };
typedef struct tok_match {
    int32_t
        added; /* index; TOK_NO_MATCH: none up to the end of the text; TOK_NOT_YET: none so far, ask again */
    size_t start, end;
} tok_match;
void lem_trie_release(tok_trie *t);
/* From *node (0 = root) along one byte; false if there is no way. */
bool lem_trie_step(const tok_trie *t, uint32_t *node, char byte);
lem_status lem_trie_add(tok_trie *t, const char *s, size_t n, int32_t value, lem_err *err) LEM_MUST_CHECK;
/* First match at or after *pos; *pos becomes the end of the bare match. After a megabyte without one it
 * returns, so that the caller can be interrupted. Spans are widened by lstrip / rstrip,
 * not below `floor`. Tokens that are special are passed over unless parse_special, and where data (NULL, or
 * [n]) has a byte of theirs that is not 0. */
tok_match lem_added_next(const tok_added *list, const tok_trie *t, const char *s, size_t n,
                         bool parse_special, const uint8_t *data, size_t floor, size_t *pos);

/* ---- unicode.c */
enum { CH_LETTER = 1, CH_NUMBER = 2, CH_SPACE = 4, CH_NEWLINE = 8 /* \r or \n; also CH_SPACE */ };
extern const uint8_t lem_ascii_class[128];
unsigned lem_char_class_wide(const char *s, size_t n,
                             size_t *len); /* s[0] >= 0x80; invalid bytes: 0, length 1 */
static inline unsigned lem_char_class(const char *s, size_t n, size_t *len) /* n >= 1 */
{
    unsigned char c = (unsigned char)s[0];
    if (c >= 0x80) return lem_char_class_wide(s, n, len);
    *len = 1;
    return lem_ascii_class[c];
}

/* ---- normalize.c */
typedef enum tok_norm_kind {
    TOK_NORM_NFC,
    TOK_NORM_NFD,
    TOK_NORM_NFKC,
    TOK_NORM_NFKD,
    TOK_NORM_LOWERCASE,
    TOK_NORM_PREPEND, /* b */
    TOK_NORM_REPLACE, /* a by b */
    TOK_NORM_STRIP,   /* white space; left, right */
    TOK_NORM_SQUEEZE, /* two and more spaces by b */
    TOK_NORM_TRIM     /* spaces at both ends */
} tok_norm_kind;
typedef struct tok_norm {
    tok_norm_kind kind;
    lem_buf a, b;
    bool left, right;
} tok_norm;
/* Appends the normalized text to out. *same: nothing changed, out untouched. */
lem_status lem_tok_normalize(const tok_norm *steps, size_t n_steps, const char *s, size_t n, lem_buf *out,
                             bool *same, const lem_cancel *cancel, lem_err *err) LEM_MUST_CHECK;

/* ---- pretok.c */
typedef enum tok_pre_kind {
    TOK_PRE_GPT2,
    TOK_PRE_QWEN2,
    TOK_PRE_LLAMA3,
    TOK_PRE_CLASS,
    TOK_PRE_TEXT,
    TOK_PRE_REGEX
} tok_pre_kind;
typedef enum tok_pre_behavior {
    TOK_CUT_ISOLATED,
    TOK_CUT_REMOVED,
    TOK_CUT_PREVIOUS,
    TOK_CUT_NEXT
} tok_pre_behavior;
typedef struct tok_class { /* a run of characters of one class */
    uint32_t *range;       /* [n][2], sorted, inclusive */
    size_t n;
    uint32_t categories; /* bit set of utf8proc categories */
    bool space;          /* white space too */
    bool lead_space;     /* with one white space in front if there is one */
    bool at_end;         /* instead of all this: white space up to the end of a line */
    int max;             /* characters; 0 = any number */
    bool ascii[128];
} tok_class;
typedef struct tok_regex tok_regex;
typedef struct tok_pre {
    tok_pre_kind kind;
    tok_pre_behavior behavior;
    bool keep_matches; /* TOK_CUT_REMOVED drops what is between the matches */
    tok_class cls;     /* TOK_PRE_CLASS */
    lem_buf text;      /* TOK_PRE_TEXT */
    tok_regex *regex;  /* TOK_PRE_REGEX */
} tok_pre;
bool lem_pretok_find(
    const char *pattern,
    tok_pre_kind *kind); /* a pattern with a scanner of its own, by exact text; these match all text */
const char *lem_pretok_pattern(tok_pre_kind kind);
size_t lem_pretok_end(tok_pre_kind kind, const char *s, size_t n,
                      size_t pos); /* end of the piece that begins at pos < n; kinds up to LLAMA3 */
/* The same for all kinds. *drop: the piece is not to be encoded. regex_scratch: of this step. */
lem_status lem_pretok_cut(const tok_pre *p, void *regex_scratch, const char *s, size_t n, size_t pos,
                          size_t *end, bool *drop, lem_err *err) LEM_MUST_CHECK;
void lem_pretok_release(tok_pre *p);

/* ---- pretok_class.c. *ok: the pattern is a class; with LEM_OK and not *ok it is something else. */
lem_status lem_class_parse(const char *pattern, tok_class *c, bool *ok, lem_err *err) LEM_MUST_CHECK;
void lem_class_release(tok_class *c);
bool lem_class_find(const tok_class *c, const char *s, size_t n, size_t pos, size_t *start,
                    size_t *end); /* first match at or after pos */

/* ---- pretok_regex.c */
lem_status lem_regex_compile(const char *pattern, tok_regex **out, lem_err *err) LEM_MUST_CHECK;
void lem_regex_free(tok_regex *r);
void *lem_regex_scratch(const tok_regex *r, lem_err *err);
void lem_regex_scratch_free(void *m);
lem_status lem_regex_find(const tok_regex *r, void *m, const char *s, size_t n, size_t pos, bool *found,
                          size_t *start, size_t *end, lem_err *err) LEM_MUST_CHECK;

/* ---- unigram.c */
typedef struct tok_unigram {
    tok_trie trie;
    double *score; /* [vocab.n] */
    double min_score;
    int32_t unk; /* -1 = none */
    bool on;     /* the model is Unigram, not BPE */
} tok_unigram;
void lem_unigram_release(tok_unigram *u);
lem_status lem_unigram_word(const lem_tokenizer *t, const char *s, size_t n, tok_scratch *scratch,
                            lem_ids *out, lem_err *err) LEM_MUST_CHECK;

/* ---- decode.c */
typedef enum tok_dec_kind { TOK_DEC_REPLACE, TOK_DEC_BYTE_FALLBACK } tok_dec_kind;
typedef struct tok_dec {
    tok_dec_kind kind;
    lem_buf a, b;
} tok_dec;
lem_status lem_decode_prepare(lem_tokenizer *t,
                              lem_err *err) LEM_MUST_CHECK; /* sets what each token decodes to */

/* ---- encode.c */
typedef enum tok_prepend { TOK_PREPEND_NEVER, TOK_PREPEND_ALWAYS, TOK_PREPEND_FIRST } tok_prepend;
typedef struct tok_metaspace { /* pre-tokenizer Metaspace: spaces become rep, which is also put in front */
    bool on;
    tok_prepend prepend;
    lem_buf rep;
} tok_metaspace;
typedef struct tok_chat {   /* chat_load.c: the chat template of the folder */
    lem_template *template; /* NULL: none, or one that cannot be read (error) */
    char *error;
    char *source; /* of chat_template.jinja; NULL: the template is in the configuration */
    size_t source_len;
    lem_json *tokens;    /* bos_token, eos_token …, as the template sees them */
    lem_json *variables; /* further ones (enable_thinking …), or NULL */
} tok_chat;
void lem_chat_parts_release(tok_chat *c);
lem_status lem_chat_read_config(lem_tokenizer *t, const lem_json *config,
                                lem_err *err) LEM_MUST_CHECK; /* of tokenizer_config.json */
lem_status lem_chat_read_folder(lem_tokenizer *t, const char *dir,
                                lem_err *err) LEM_MUST_CHECK; /* its other files; after read_config */
struct lem_tokenizer {
    tok_chat chat;
    tok_vocab vocab;
    tok_bpe bpe;
    tok_unigram unigram;
    tok_added *added;
    size_t n_added;
    tok_trie raw, norm; /* tokens matched before and after normalization */
    tok_norm norms[LEM_TOK_MAX_STEPS];
    tok_pre pres[LEM_TOK_MAX_STEPS];
    size_t n_norms, n_pres;
    tok_dec decs[LEM_TOK_MAX_STEPS];
    size_t n_decs;
    size_t strip_start; /* spaces taken off the start of decoded text */
    bool byte_level;    /* the pre-tokenizer has a ByteLevel step */
    bool add_prefix_space;
    tok_metaspace meta;
    lem_ids prefix, suffix;   /* special tokens around a text, by the post-processor */
    bool post_unknown;        /* the post-processor is of a kind not supported */
    bool adds_bos;            /* tokenizer_config.json: BOS goes before a text (encode_start) */
    int32_t bos;              /* where adds_bos */
    const lem_cancel *cancel; /* borrowed; NULL: never */
    int32_t eos;
    int64_t max_length;
    char *json, *config; /* the files as they were read; config may be NULL */
    size_t json_len, config_len;
};
lem_status lem_tokenizer_read_json(lem_tokenizer *t, const lem_json *root,
                                   lem_err *err) LEM_MUST_CHECK; /* hf_json.c */
lem_status lem_tokenizer_read_pipeline(lem_tokenizer *t, const lem_json *root,
                                       lem_err *err) LEM_MUST_CHECK; /* hf_pipeline.c */

/* ---- tiktoken.c, spm.c: other files rewritten as the text of a tokenizer.json, appended to out */
bool lem_looks_like_tiktoken(const char *s, size_t n);
lem_status lem_tiktoken_to_json(const char *s, size_t n, bool qwen, const lem_json *config, lem_buf *out,
                                lem_err *err) LEM_MUST_CHECK;
/* config's added_tokens_decoder (NULL: none) adds the ids behind the pieces. */
lem_status lem_spm_to_json(const char *s, size_t n, const lem_json *config, lem_buf *out,
                           lem_err *err) LEM_MUST_CHECK;

/* ---- hf_write.c: parts of that text */
void lem_json_text(lem_buf *out, const char *s, size_t n); /* a JSON string; s is UTF-8 */
/* One entry of added_tokens. flags: an object with the flags that differ from those of a special token. */
void lem_write_added_token(lem_buf *out, int64_t id, const char *text, size_t n, const lem_json *flags);
/* Appends the entries of an added_tokens_decoder with ids from `from` on to a list of added_tokens. */
lem_status lem_write_config_added(lem_buf *out, const lem_json *map, int64_t from,
                                  lem_err *err) LEM_MUST_CHECK;

/* ---- hf_config.c: tokenizer_config.json */
lem_status lem_tokenizer_read_config(lem_tokenizer *t, const lem_json *root, lem_err *err) LEM_MUST_CHECK;
lem_status lem_tokenizer_write_config(const lem_tokenizer *t, lem_buf *out, lem_err *err) LEM_MUST_CHECK;

#define LEM_TOK_CHECK_EVERY 4096 /* steps of such loops */
/* LEM_EINTR once the work is asked to stop. Loops over text ask at least every 100,000 bytes or so. */
static inline lem_status lem_tok_check(const lem_cancel *cancel, lem_err *err) {
    return cancel && cancel->requested ? lem_fail(err, LEM_EINTR, "interrupted") : LEM_OK;
}

/* FNV would do; this mixes eight bytes at a time. Only in-memory tables depend on it. */
static inline uint64_t lem_tok_mix(uint64_t x) {
    x ^= x >> 32;
    x *= 0x9e3779b97f4a7c15u;
    x ^= x >> 29;
    x *= 0xbf58476d1ce4e5b9u;
    return x ^ (x >> 32);
}
static inline uint64_t lem_bpe_key(int32_t left, int32_t right) {
    return (uint64_t)(uint32_t)left << 32 | (uint32_t)right;
}
/* The merge of a pair; NULL if there is none. */
static inline const tok_merge *lem_bpe_find(const tok_bpe *b, int32_t left, int32_t right) {
    if (!b->n) return NULL;
    uint64_t key = lem_bpe_key(left, right);
    for (size_t i = (size_t)lem_tok_mix(key) & (b->n_slots - 1);; i = (i + 1) & (b->n_slots - 1)) {
        if (b->slot[i].key == key) return &b->slot[i];
        if (b->slot[i].key == UINT64_MAX) return NULL;
    }
}
static inline uint64_t lem_tok_load8(const char *s, size_t n) /* n in 1..8 bytes, zero-extended */
{
    uint64_t v = 0;
    if (n >= 8) {
        __builtin_memcpy(&v, s, 8);
    } else if (n >= 4) {
        uint32_t a, b;
        __builtin_memcpy(&a, s, 4);
        __builtin_memcpy(&b, s + n - 4, 4);
        v = (uint64_t)a | (uint64_t)b << 32;
    } else {
        v = (uint64_t)(unsigned char)s[0] | (uint64_t)(unsigned char)s[n / 2] << 8 |
            (uint64_t)(unsigned char)s[n - 1] << 16;
    }
    return v;
}
static inline uint64_t lem_tok_hash(const char *s, size_t n) {
    uint64_t h = 0x2545f4914f6cdd1du ^ (n * 0x9e3779b97f4a7c15u);
    while (n > 8) {
        h = lem_tok_mix(h ^ lem_tok_load8(s, 8));
        s += 8;
        n -= 8;
    }
    return n ? lem_tok_mix(h ^ lem_tok_load8(s, n)) : h;
}

#endif
