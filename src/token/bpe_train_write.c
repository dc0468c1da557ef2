/* bpe_train_write.c - a learned BPE vocabulary as a tokenizer.json */
#include "token/bpe_train_priv.h"

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

/* Values are put into the tree as soon as they are made, so that the root alone is freed; ok remembers a
 * failure, after which nothing more can be put into a value that is missing. */
typedef struct writer {
    const lem_bpe_trainer *b;
    lem_buf text; /* of one token */
    bool ok;
} writer;

static void set(writer *w, lem_json *object, const char *key, lem_json *value) {
    w->ok = lem_json_set(object, key, value) && w->ok;
}

static void append(writer *w, lem_json *array, lem_json *value) {
    w->ok = lem_json_append(array, value) && w->ok;
}

static lem_json *set_object(writer *w, lem_json *object, const char *key) {
    lem_json *value = lem_json_new_object();
    set(w, object, key, value);
    return w->ok ? value : NULL;
}

static lem_json *set_array(writer *w, lem_json *object, const char *key) {
    lem_json *value = lem_json_new_array();
    set(w, object, key, value);
    return w->ok ? value : NULL;
}

static lem_json *append_object(writer *w, lem_json *array) {
    lem_json *value = lem_json_new_object();
    append(w, array, value);
    return w->ok ? value : NULL;
}

/* The symbol in the alphabet of byte-level vocabularies, in w->text. */
static void spell(writer *w, uint32_t sym) {
    const uint32_t *off = w->b->sym_off;
    lem_buf_clear(&w->text);
    lem_bytes_to_text(w->b->text.data + off[sym], off[sym + 1] - off[sym], &w->text);
    w->ok = w->ok && !w->text.failed;
}

static void write_added(writer *w, lem_json *list) {
    static const char *const off[] = {"single_word", "lstrip", "rstrip", "normalized"};
    for (size_t i = 0; i < w->b->n_special && w->ok; i++) {
        lem_json *v = append_object(w, list);
        set(w, v, "id", lem_json_new_int((int64_t)i));
        set(w, v, "content", lem_json_new_str(w->b->special[i].text));
        for (int k = 0; k < 4; k++) set(w, v, off[k], lem_json_new_bool(false));
        set(w, v, "special", lem_json_new_bool(true));
    }
}

static void write_vocab(writer *w, lem_json *vocab) {
    const lem_bpe_trainer *b = w->b;
    for (size_t i = 0; i < b->n_special; i++) set(w, vocab, b->special[i].text, lem_json_new_int((int64_t)i));
    for (uint32_t i = 0; i < b->n_syms && w->ok; i++) {
        spell(w, i);
        if (w->ok) set(w, vocab, w->text.data, lem_json_new_int((int64_t)(b->n_special + i)));
    }
}

static void append_symbol(writer *w, lem_json *list, uint32_t sym) {
    spell(w, sym);
    if (w->ok) append(w, list, lem_json_new_strn(w->text.data, w->text.len));
}

static void write_merges(writer *w, lem_json *merges) {
    for (size_t i = 0; i < w->b->n_merges && w->ok; i++) {
        lem_json *m = lem_json_new_array();
        append(w, merges, m);
        if (!w->ok) return;
        append_symbol(w, m, (uint32_t)(w->b->merges[i] >> 32));
        append_symbol(w, m, (uint32_t)w->b->merges[i]);
    }
}

static void write_model(writer *w, lem_json *model) {
    static const char *const nulls[] = {"dropout", "unk_token", "continuing_subword_prefix",
                                        "end_of_word_suffix"};
    static const char *const falses[] = {"fuse_unk", "byte_fallback", "ignore_merges"};
    set(w, model, "type", lem_json_new_str("BPE"));
    for (int i = 0; i < 4; i++) set(w, model, nulls[i], lem_json_new_null());
    for (int i = 0; i < 3; i++) set(w, model, falses[i], lem_json_new_bool(false));
    write_vocab(w, set_object(w, model, "vocab"));
    write_merges(w, set_array(w, model, "merges"));
}

static void write_byte_level(writer *w, lem_json *step, bool trim_offsets, bool use_regex) {
    set(w, step, "type", lem_json_new_str("ByteLevel"));
    set(w, step, "add_prefix_space", lem_json_new_bool(false));
    set(w, step, "trim_offsets", lem_json_new_bool(trim_offsets));
    set(w, step, "use_regex", lem_json_new_bool(use_regex));
}

static void write_pre_tokenizer(writer *w, lem_json *sequence) {
    set(w, sequence, "type", lem_json_new_str("Sequence"));
    lem_json *list = set_array(w, sequence, "pretokenizers"), *split = append_object(w, list);
    set(w, split, "type", lem_json_new_str("Split"));
    lem_json *pattern = set_object(w, split, "pattern");
    set(w, pattern, "Regex", lem_json_new_str(lem_pretok_pattern(w->b->pattern)));
    set(w, split, "behavior", lem_json_new_str("Isolated"));
    set(w, split, "invert", lem_json_new_bool(false));
    write_byte_level(w, append_object(w, list), false, false);
}

static void write_root(writer *w, lem_json *root) {
    set(w, root, "version", lem_json_new_str("1.0"));
    set(w, root, "truncation", lem_json_new_null());
    set(w, root, "padding", lem_json_new_null());
    write_added(w, set_array(w, root, "added_tokens"));
    set(w, root, "normalizer", lem_json_new_null());
    write_pre_tokenizer(w, set_object(w, root, "pre_tokenizer"));
    set(w, root, "post_processor", lem_json_new_null());
    write_byte_level(w, set_object(w, root, "decoder"), true, true);
    write_model(w, set_object(w, root, "model"));
}

lem_status lem_bpe_trainer_write(const lem_bpe_trainer *b, lem_buf *out, lem_err *err) {
    lem_status st = check_special(b, err);
    if (st != LEM_OK) return st;
    writer w = {.b = b, .ok = true};
    lem_json *root = lem_json_new_object();
    write_root(&w, root);
    if (w.ok) {
        lem_json_write(root, 2, out);
        lem_buf_putc(out, '\n');
    }
    lem_json_free(root);
    lem_buf_release(&w.text);
    return w.ok ? lem_buf_ok(out, err) : lem_fail(err, LEM_EMEM, "out of memory while writing a tokenizer");
}
