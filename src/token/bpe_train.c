/* bpe_train.c - learns byte-pair merges from counted words and writes them as a tokenizer.json
 *
 * The count of every pair is kept up to date as words are merged; a heap with late updates yields the next
 * pair. The order (count descending, then bytes of left, then bytes of right) is total, so the result depends
 * on the multiset of words alone. */
#include "core/mem.h"
#include "token/tokenizer_priv.h"

#include <string.h>

#define MAX_WORD 1024 /* longer words are counted in parts */

typedef struct word {
    uint32_t off, len; /* in blob while counting; in syms while merging */
    int64_t count;
} word;
typedef struct pair {
    uint64_t key; /* left << 32 | right; UINT64_MAX = free */
    int64_t count, queued;
    uint32_t *words; /* that contain it, or did */
    uint32_t n_words, cap_words;
    bool merged;
} pair;
typedef struct queue_item {
    int64_t count;
    uint32_t pair;
} queue_item;

struct lem_bpe_trainer {
    int32_t vocab;
    tok_pre_kind pattern;
    int64_t max_length;
    tok_added *special;
    size_t n_special;
    tok_trie trie;
    lem_buf blob; /* bytes of the words */
    word *words;
    uint32_t *slot; /* word index + 1; 0 = free */
    size_t n_words, cap_words, n_slots;
    /* merging */
    uint32_t *syms; /* symbol numbers: 0..255 bytes, then merges */
    lem_buf text;   /* bytes of all symbols */
    uint32_t *sym_off;
    uint32_t n_syms;
    pair *pairs;
    uint32_t n_pairs, cap_pairs;
    uint32_t *pair_slot; /* pair index + 1 */
    size_t n_pair_slots;
    queue_item *queue;
    size_t n_queue, cap_queue;
    uint64_t *merges; /* pair keys in order */
    size_t n_merges, cap_merges;
    tok_vocab known; /* bytes of a symbol -> its number */
};

void lem_bpe_trainer_free(lem_bpe_trainer *b) {
    if (!b) return;
    for (size_t i = 0; i < b->n_special; i++) lem_free(b->special[i].text);
    for (uint32_t i = 0; i < b->n_pairs; i++) lem_free(b->pairs[i].words);
    lem_free(b->special);
    lem_trie_release(&b->trie);
    lem_buf_release(&b->blob);
    lem_buf_release(&b->text);
    lem_free(b->words);
    lem_free(b->slot);
    lem_free(b->syms);
    lem_free(b->sym_off);
    lem_free(b->pairs);
    lem_free(b->pair_slot);
    lem_free(b->queue);
    lem_free(b->merges);
    lem_vocab_release(&b->known);
    lem_free(b);
}

/* Doubles an array when it is full. */
static bool grow(void **p, size_t n, size_t *cap, size_t size, lem_err *err) {
    if (n < *cap) return true;
    size_t c = *cap ? *cap * 2 : 256;
    void *q = lem_realloc(*p, c, size, err);
    if (!q) return false;
    *p = q;
    *cap = c;
    return true;
}

static lem_status set_special(lem_bpe_trainer *b, const char *const *list, size_t n, lem_err *err) {
    b->special = lem_alloc_zero(n, sizeof *b->special, err);
    if (!b->special) return LEM_EMEM;
    for (size_t i = 0; i < n; i++) {
        if (!list[i] || !*list[i]) return lem_fail(err, LEM_EUSAGE, "a special token is empty");
        for (size_t k = 0; k < i; k++)
            if (strcmp(list[k], list[i]) == 0)
                return lem_fail(err, LEM_EUSAGE, "the special token \"%.64s\" is given twice", list[i]);
        tok_added *a = &b->special[i];
        a->text = lem_strdup(list[i], err);
        if (!a->text) return LEM_EMEM;
        b->n_special = i + 1;
        a->len = strlen(list[i]);
        a->id = (int32_t)i;
        a->special = true;
        lem_status st = lem_trie_add(&b->trie, a->text, a->len, (int32_t)i, err);
        if (st != LEM_OK) return st;
    }
    return LEM_OK;
}

lem_bpe_trainer *lem_bpe_trainer_new(const lem_bpe_train_opts *opts, lem_err *err) {
    static const char *const chatml[] = {"<|endoftext|>", "<|im_start|>", "<|im_end|>"};
    static const lem_bpe_train_opts zero;
    if (!opts) opts = &zero;
    size_t n_special = opts->special ? opts->n_special : 3;
    int32_t vocab = opts->vocab ? opts->vocab : 1024;
    if (vocab > LEM_TOK_MAX_IDS || vocab < 256 || n_special > (size_t)vocab - 256) {
        lem_fail(err, LEM_EUSAGE, "a vocabulary of %d is outside %zu..%d", vocab, 256 + n_special,
                 LEM_TOK_MAX_IDS);
        return NULL;
    }
    lem_bpe_trainer *b = lem_alloc_zero(1, sizeof *b, err);
    if (!b) return NULL;
    b->vocab = vocab;
    b->pattern = opts->split_digits ? TOK_PRE_QWEN2 : TOK_PRE_LLAMA3;
    b->max_length = opts->max_length;
    if (set_special(b, opts->special ? opts->special : chatml, n_special, err) != LEM_OK) {
        lem_bpe_trainer_free(b);
        return NULL;
    }
    return b;
}

/* ---- counting words */

static lem_status grow_word_slots(lem_bpe_trainer *b, lem_err *err) {
    if (b->n_slots && b->n_words * 2 < b->n_slots) return LEM_OK;
    size_t n = b->n_slots ? b->n_slots * 2 : 4096;
    uint32_t *slot = lem_alloc_zero(n, sizeof *slot, err);
    if (!slot) return LEM_EMEM;
    for (size_t w = 0; w < b->n_words; w++) {
        size_t i = (size_t)lem_tok_hash(b->blob.data + b->words[w].off, b->words[w].len) & (n - 1);
        while (slot[i]) i = (i + 1) & (n - 1);
        slot[i] = (uint32_t)w + 1;
    }
    lem_free(b->slot);
    b->slot = slot;
    b->n_slots = n;
    return LEM_OK;
}

static lem_status count_word(lem_bpe_trainer *b, const char *s, size_t n, lem_err *err) {
    lem_status st = grow_word_slots(b, err);
    if (st != LEM_OK) return st;
    size_t i = (size_t)lem_tok_hash(s, n) & (b->n_slots - 1);
    for (; b->slot[i]; i = (i + 1) & (b->n_slots - 1)) {
        word *w = &b->words[b->slot[i] - 1];
        if (w->len == n && memcmp(b->blob.data + w->off, s, n) == 0) {
            w->count++;
            return LEM_OK;
        }
    }
    if (b->blob.len > INT32_MAX - n)
        return lem_fail(err, LEM_EDATA, "the different words of the training text take more than 2 GiB");
    if (!grow((void **)&b->words, b->n_words, &b->cap_words, sizeof *b->words, err)) return LEM_EMEM;
    b->words[b->n_words] = (word){(uint32_t)b->blob.len, (uint32_t)n, 1};
    lem_buf_add(&b->blob, s, n);
    b->slot[i] = (uint32_t)++b->n_words;
    return lem_buf_ok(&b->blob, err);
}

static lem_status count_text(lem_bpe_trainer *b, const char *s, size_t n, lem_err *err) {
    for (size_t pos = 0; pos < n;) {
        size_t end = lem_pretok_end(b->pattern, s, n, pos);
        for (; pos < end; pos += end - pos < MAX_WORD ? end - pos : MAX_WORD) {
            lem_status st = count_word(b, s + pos, end - pos < MAX_WORD ? end - pos : MAX_WORD, err);
            if (st != LEM_OK) return st;
        }
    }
    return LEM_OK;
}

lem_status lem_bpe_trainer_add(lem_bpe_trainer *b, const char *text, size_t len, lem_err *err) {
    if (b->syms) return lem_fail(err, LEM_EUSAGE, "the tokenizer's training is already finished");
    size_t pos = 0, done = 0;
    while (done < len) {
        tok_match m = lem_added_next(b->special, &b->trie, text, len, true, NULL, done, &pos);
        lem_status st = count_text(b, text + done, m.start - done, err);
        if (st != LEM_OK) return st;
        done = m.end;
    }
    return LEM_OK;
}

/* ---- the queue of pairs, best first */

static int compare_symbol(const lem_bpe_trainer *b, uint32_t x, uint32_t y) {
    uint32_t nx = b->sym_off[x + 1] - b->sym_off[x], ny = b->sym_off[y + 1] - b->sym_off[y];
    int c = memcmp(b->text.data + b->sym_off[x], b->text.data + b->sym_off[y], nx < ny ? nx : ny);
    return c ? c : (nx > ny) - (nx < ny);
}

static bool better(const lem_bpe_trainer *b, queue_item x, queue_item y) {
    if (x.count != y.count) return x.count > y.count;
    uint64_t kx = b->pairs[x.pair].key, ky = b->pairs[y.pair].key;
    int c = compare_symbol(b, (uint32_t)(kx >> 32), (uint32_t)(ky >> 32));
    return (c ? c : compare_symbol(b, (uint32_t)kx, (uint32_t)ky)) < 0;
}

static lem_status queue_pair(lem_bpe_trainer *b, uint32_t p, lem_err *err) {
    pair *q = &b->pairs[p];
    if (q->count < 2 || q->queued == q->count || q->merged) return LEM_OK;
    if (!grow((void **)&b->queue, b->n_queue, &b->cap_queue, sizeof *b->queue, err)) return LEM_EMEM;
    q->queued = q->count;
    queue_item item = {q->count, p};
    size_t i = b->n_queue++;
    for (; i > 0 && better(b, item, b->queue[(i - 1) / 2]); i = (i - 1) / 2)
        b->queue[i] = b->queue[(i - 1) / 2];
    b->queue[i] = item;
    return LEM_OK;
}

static queue_item pop_queue(lem_bpe_trainer *b) {
    queue_item top = b->queue[0], last = b->queue[--b->n_queue];
    size_t i = 0;
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= b->n_queue) break;
        if (child + 1 < b->n_queue && better(b, b->queue[child + 1], b->queue[child])) child++;
        if (!better(b, b->queue[child], last)) break;
        b->queue[i] = b->queue[child];
        i = child;
    }
    b->queue[i] = last;
    return top;
}

/* ---- pairs */

static lem_status grow_pair_slots(lem_bpe_trainer *b, lem_err *err) {
    if (b->n_pair_slots && (size_t)b->n_pairs * 2 < b->n_pair_slots) return LEM_OK;
    size_t n = b->n_pair_slots ? b->n_pair_slots * 2 : 8192;
    uint32_t *slot = lem_alloc_zero(n, sizeof *slot, err);
    if (!slot) return LEM_EMEM;
    for (uint32_t p = 0; p < b->n_pairs; p++) {
        size_t i = (size_t)lem_tok_mix(b->pairs[p].key) & (n - 1);
        while (slot[i]) i = (i + 1) & (n - 1);
        slot[i] = p + 1;
    }
    lem_free(b->pair_slot);
    b->pair_slot = slot;
    b->n_pair_slots = n;
    return LEM_OK;
}

static lem_status need_pair(lem_bpe_trainer *b, uint32_t left, uint32_t right, uint32_t *out, lem_err *err) {
    lem_status st = grow_pair_slots(b, err);
    if (st != LEM_OK) return st;
    uint64_t key = (uint64_t)left << 32 | right;
    size_t i = (size_t)lem_tok_mix(key) & (b->n_pair_slots - 1);
    for (; b->pair_slot[i]; i = (i + 1) & (b->n_pair_slots - 1)) {
        if (b->pairs[b->pair_slot[i] - 1].key == key) {
            *out = b->pair_slot[i] - 1;
            return LEM_OK;
        }
    }
    size_t cap = b->cap_pairs;
    if (!grow((void **)&b->pairs, b->n_pairs, &cap, sizeof *b->pairs, err)) return LEM_EMEM;
    b->cap_pairs = (uint32_t)cap;
    b->pairs[b->n_pairs] = (pair){.key = key};
    b->pair_slot[i] = b->n_pairs + 1;
    *out = b->n_pairs++;
    return LEM_OK;
}

static lem_status note_word(pair *p, uint32_t w, lem_err *err) {
    if (p->n_words && p->words[p->n_words - 1] == w) return LEM_OK;
    if (p->n_words == p->cap_words) {
        uint32_t cap = p->cap_words ? p->cap_words * 2 : 4;
        uint32_t *q = lem_realloc(p->words, cap, sizeof *q, err);
        if (!q) return LEM_EMEM;
        p->words = q;
        p->cap_words = cap;
    }
    p->words[p->n_words++] = w;
    return LEM_OK;
}

/* Adds sign × the word's count to all its pairs. Where a pair gains, the word is noted with it (only pairs of
 * `fresh`, unless that is UINT32_MAX: the others have the word already) and the pair is queued by the caller.
 */
static lem_status count_pairs(lem_bpe_trainer *b, uint32_t w, int sign, uint32_t fresh, lem_err *err) {
    const word *x = &b->words[w];
    for (uint32_t i = 0; i + 1 < x->len; i++) {
        uint32_t left = b->syms[x->off + i], right = b->syms[x->off + i + 1], p;
        lem_status st = need_pair(b, left, right, &p, err);
        if (st != LEM_OK) return st;
        b->pairs[p].count += sign * x->count;
        if (sign > 0 && (fresh == UINT32_MAX || left == fresh || right == fresh))
            st = note_word(&b->pairs[p], w, err);
        if (st != LEM_OK) return st;
    }
    return LEM_OK;
}

static lem_status queue_word_pairs(lem_bpe_trainer *b, uint32_t w, uint32_t fresh, lem_err *err) {
    const word *x = &b->words[w];
    for (uint32_t i = 0; i + 1 < x->len; i++) {
        uint32_t left = b->syms[x->off + i], right = b->syms[x->off + i + 1], p;
        if (left != fresh && right != fresh) continue;
        lem_status st = need_pair(b, left, right, &p, err);
        if (st == LEM_OK) st = queue_pair(b, p, err);
        if (st != LEM_OK) return st;
    }
    return LEM_OK;
}

static bool has_pair(const lem_bpe_trainer *b, const word *x, uint32_t left, uint32_t right) {
    for (uint32_t i = 0; i + 1 < x->len; i++)
        if (b->syms[x->off + i] == left && b->syms[x->off + i + 1] == right) return true;
    return false;
}

static void merge_in_word(lem_bpe_trainer *b, word *x, uint32_t left, uint32_t right, uint32_t made) {
    uint32_t *s = b->syms + x->off, n = 0;
    for (uint32_t i = 0; i < x->len; n++) {
        if (i + 1 < x->len && s[i] == left && s[i + 1] == right) {
            s[n] = made;
            i += 2;
        } else {
            s[n] = s[i++];
        }
    }
    x->len = n;
}

/* ---- merging */

static lem_status add_symbol(lem_bpe_trainer *b, const char *bytes, size_t n, lem_err *err) {
    lem_status st = lem_vocab_put(&b->known, b->n_syms, bytes, n, true, err);
    if (st != LEM_OK) return st;
    lem_buf_add(&b->text, bytes, n);
    b->sym_off[++b->n_syms] = (uint32_t)b->text.len;
    return lem_buf_ok(&b->text, err);
}

static lem_status start_merging(lem_bpe_trainer *b, lem_err *err) {
    b->syms = lem_alloc(b->blob.len + 1, sizeof *b->syms, err);
    b->sym_off = lem_alloc_zero((size_t)b->vocab + 1, sizeof *b->sym_off, err);
    if (!b->syms || !b->sym_off) return LEM_EMEM;
    for (size_t i = 0; i < b->blob.len; i++) b->syms[i] = (unsigned char)b->blob.data[i];
    for (int i = 0; i < 256; i++) {
        char c = (char)i;
        lem_status st = add_symbol(b, &c, 1, err);
        if (st != LEM_OK) return st;
    }
    for (size_t w = 0; w < b->n_words; w++) {
        lem_status st = count_pairs(b, (uint32_t)w, 1, UINT32_MAX, err);
        if (st != LEM_OK) return st;
    }
    for (uint32_t p = 0; p < b->n_pairs; p++) {
        lem_status st = queue_pair(b, p, err);
        if (st != LEM_OK) return st;
    }
    return LEM_OK;
}

/* Number of the symbol left+right, made if it is new: two merges may give the same bytes. */
static lem_status join_symbols(lem_bpe_trainer *b, uint32_t left, uint32_t right, uint32_t *made,
                               lem_err *err) {
    lem_buf t = {0};
    lem_buf_add(&t, b->text.data + b->sym_off[left], b->sym_off[left + 1] - b->sym_off[left]);
    lem_buf_add(&t, b->text.data + b->sym_off[right], b->sym_off[right + 1] - b->sym_off[right]);
    lem_status st = lem_buf_ok(&t, err);
    int32_t old = st == LEM_OK ? lem_vocab_find(&b->known, t.data, t.len) : -1;
    *made = old >= 0 ? (uint32_t)old : b->n_syms;
    if (st == LEM_OK && old < 0) st = add_symbol(b, t.data, t.len, err);
    lem_buf_release(&t);
    return st;
}

static lem_status merge_pair(lem_bpe_trainer *b, uint32_t p, lem_err *err) {
    uint64_t key = b->pairs[p].key;
    uint32_t left = (uint32_t)(key >> 32), right = (uint32_t)key, made;
    lem_status st = join_symbols(b, left, right, &made, err);
    if (st != LEM_OK) return st;
    if (!grow((void **)&b->merges, b->n_merges, &b->cap_merges, sizeof *b->merges, err)) return LEM_EMEM;
    b->merges[b->n_merges++] = key;
    uint32_t *words = b->pairs[p].words, n = b->pairs[p].n_words; /* ours now: counting may move b->pairs */
    b->pairs[p].words = NULL;
    b->pairs[p].n_words = b->pairs[p].cap_words = 0;
    b->pairs[p].merged = true;
    for (uint32_t i = 0; i < n; i++) {
        if (!has_pair(b, &b->words[words[i]], left, right)) continue;
        LEM_TRY(count_pairs(b, words[i], -1, 0, err));
        merge_in_word(b, &b->words[words[i]], left, right, made);
        LEM_TRY(count_pairs(b, words[i], 1, made, err));
    }
    for (uint32_t i = 0; i < n; i++) LEM_TRY(queue_word_pairs(b, words[i], made, err));
done:
    lem_free(words);
    return st;
}

static lem_status run_merges(lem_bpe_trainer *b, lem_err *err) {
    uint32_t wanted = (uint32_t)b->vocab - (uint32_t)b->n_special;
    while (b->n_syms < wanted && b->n_queue) {
        queue_item it = pop_queue(b);
        pair *p = &b->pairs[it.pair];
        if (p->merged) continue;
        if (p->count != it.count) {
            if (p->queued != it.count) continue; /* a later item for the pair is in the queue */
            p->queued = 0;
            lem_status st = queue_pair(b, it.pair, err);
            if (st != LEM_OK) return st;
            continue;
        }
        lem_status st = merge_pair(b, it.pair, err);
        if (st != LEM_OK) return st;
    }
    return LEM_OK;
}

/* A special token spelled as the byte alphabet spells a learned one would take its place in the vocabulary.
 */
static lem_status check_special(const lem_bpe_trainer *b, lem_err *err) {
    lem_buf s = {0};
    lem_status st = LEM_OK;
    for (size_t i = 0; i < b->n_special && st == LEM_OK; i++) {
        lem_buf_clear(&s);
        if (lem_bytes_from_text(b->special[i].text, b->special[i].len, &s) &&
            lem_vocab_find(&b->known, lem_buf_str(&s), s.len) >= 0)
            st = lem_fail(err, LEM_EUSAGE, "the special token \"%.64s\" is spelled like an ordinary one",
                          b->special[i].text);
        if (st == LEM_OK) st = lem_buf_ok(&s, err);
    }
    lem_buf_release(&s);
    return st;
}

/* ---- writing */

static bool text_of(const lem_bpe_trainer *b, uint32_t sym, lem_buf *out) {
    lem_buf_clear(out);
    lem_bytes_to_text(b->text.data + b->sym_off[sym], b->sym_off[sym + 1] - b->sym_off[sym], out);
    return !out->failed;
}

static lem_json *added_json(const lem_bpe_trainer *b) {
    static const char *const off[] = {"single_word", "lstrip", "rstrip", "normalized"};
    lem_json *list = lem_json_new_array();
    for (size_t i = 0; list && i < b->n_special; i++) {
        lem_json *v = lem_json_new_object();
        bool ok = v && lem_json_set(v, "id", lem_json_new_int((int64_t)i)) &&
                  lem_json_set(v, "content", lem_json_new_str(b->special[i].text));
        for (int k = 0; k < 4; k++) ok = ok && lem_json_set(v, off[k], lem_json_new_bool(false));
        ok = ok && lem_json_set(v, "special", lem_json_new_bool(true));
        if (!ok) lem_json_free(v);
        if (!ok || !lem_json_append(list, v)) {
            lem_json_free(list);
            return NULL;
        }
    }
    return list;
}

static lem_json *model_json(const lem_bpe_trainer *b, lem_buf *s) {
    lem_json *model = lem_json_new_object(), *vocab = lem_json_new_object(), *merges = lem_json_new_array();
    static const char *const nulls[] = {"dropout", "unk_token", "continuing_subword_prefix",
                                        "end_of_word_suffix"};
    static const char *const falses[] = {"fuse_unk", "byte_fallback", "ignore_merges"};
    bool ok = model && vocab && merges && lem_json_set(model, "type", lem_json_new_str("BPE"));
    for (int i = 0; i < 4; i++) ok = ok && lem_json_set(model, nulls[i], lem_json_new_null());
    for (int i = 0; i < 3; i++) ok = ok && lem_json_set(model, falses[i], lem_json_new_bool(false));
    for (size_t i = 0; ok && i < b->n_special; i++)
        ok = lem_json_set(vocab, b->special[i].text, lem_json_new_int((int64_t)i));
    for (uint32_t i = 0; ok && i < b->n_syms; i++)
        ok = text_of(b, i, s) && lem_json_set(vocab, s->data, lem_json_new_int((int64_t)(b->n_special + i)));
    for (size_t i = 0; ok && i < b->n_merges; i++) {
        lem_json *m = lem_json_new_array();
        ok = m && text_of(b, (uint32_t)(b->merges[i] >> 32), s) &&
             lem_json_append(m, lem_json_new_strn(s->data, s->len));
        ok = ok && text_of(b, (uint32_t)b->merges[i], s) &&
             lem_json_append(m, lem_json_new_strn(s->data, s->len));
        if (!ok) lem_json_free(m);
        ok = ok && lem_json_append(merges, m);
    }
    if (ok) ok = lem_json_set(model, "vocab", vocab);
    else lem_json_free(vocab);
    if (ok) ok = lem_json_set(model, "merges", merges);
    else lem_json_free(merges);
    if (ok) return model;
    lem_json_free(model);
    return NULL;
}

static lem_json *step_json(const char *type, bool add_prefix_space, bool trim_offsets, bool use_regex) {
    lem_json *v = lem_json_new_object();
    if (v && lem_json_set(v, "type", lem_json_new_str(type)) &&
        lem_json_set(v, "add_prefix_space", lem_json_new_bool(add_prefix_space)) &&
        lem_json_set(v, "trim_offsets", lem_json_new_bool(trim_offsets)) &&
        lem_json_set(v, "use_regex", lem_json_new_bool(use_regex)))
        return v;
    lem_json_free(v);
    return NULL;
}

static lem_json *pre_json(tok_pre_kind kind) {
    lem_json *seq = lem_json_new_object(), *list = lem_json_new_array(), *split = lem_json_new_object(),
             *pattern = lem_json_new_object();
    bool ok = seq && list && split && pattern &&
              lem_json_set(pattern, "Regex", lem_json_new_str(lem_pretok_pattern(kind))) &&
              lem_json_set(split, "type", lem_json_new_str("Split")) &&
              lem_json_set(seq, "type", lem_json_new_str("Sequence"));
    if (ok) ok = lem_json_set(split, "pattern", pattern);
    else lem_json_free(pattern);
    ok = ok && lem_json_set(split, "behavior", lem_json_new_str("Isolated")) &&
         lem_json_set(split, "invert", lem_json_new_bool(false));
    if (ok) ok = lem_json_append(list, split);
    else lem_json_free(split);
    ok = ok && lem_json_append(list, step_json("ByteLevel", false, false, false));
    if (ok) ok = lem_json_set(seq, "pretokenizers", list);
    else lem_json_free(list);
    if (ok) return seq;
    lem_json_free(seq);
    return NULL;
}

static lem_status write_json(const lem_bpe_trainer *b, lem_buf *out, lem_err *err) {
    lem_buf s = {0};
    lem_json *root = lem_json_new_object();
    bool ok = root && lem_json_set(root, "version", lem_json_new_str("1.0")) &&
              lem_json_set(root, "truncation", lem_json_new_null()) &&
              lem_json_set(root, "padding", lem_json_new_null()) &&
              lem_json_set(root, "added_tokens", added_json(b)) &&
              lem_json_set(root, "normalizer", lem_json_new_null()) &&
              lem_json_set(root, "pre_tokenizer", pre_json(b->pattern)) &&
              lem_json_set(root, "post_processor", lem_json_new_null()) &&
              lem_json_set(root, "decoder", step_json("ByteLevel", false, true, true)) &&
              lem_json_set(root, "model", model_json(b, &s));
    if (ok) {
        lem_json_write(root, 2, out);
        lem_buf_putc(out, '\n');
    }
    lem_json_free(root);
    lem_buf_release(&s);
    return ok ? lem_buf_ok(out, err) : lem_fail(err, LEM_EMEM, "out of memory while writing a tokenizer");
}

lem_status lem_bpe_trainer_finish(lem_bpe_trainer *b, lem_tokenizer **out, lem_err *err) {
    if (b->syms) return lem_fail(err, LEM_EUSAGE, "the tokenizer's training is already finished");
    lem_buf json = {0};
    lem_tokenizer *t = NULL;
    lem_status st;
    LEM_TRY(start_merging(b, err));
    LEM_TRY(run_merges(b, err));
    LEM_TRY(check_special(b, err));
    LEM_TRY(write_json(b, &json, err));
    LEM_TRY(lem_tokenizer_parse(json.data, json.len, &t, err));
    t->max_length = b->max_length;
    *out = t;
done:
    lem_buf_release(&json);
    return st;
}
