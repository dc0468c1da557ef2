/* spm.c - SentencePiece models (tokenizer.model, a protocol buffer) rewritten as a tokenizer.json
 *
 * Read are the pieces and, of the trainer and normalizer, what changes the ids: model type, byte fallback,
 * dummy prefix, extra white space. Field numbers: sentencepiece_model.proto of google/sentencepiece. A
 * compiled character map (nmt_nfkc) is refused. */
#include "core/mem.h"
#include "core/utf8.h"
#include "token/tokenizer_priv.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PIECE_NORMAL = 1, PIECE_UNKNOWN, PIECE_CONTROL, PIECE_USER, PIECE_UNUSED, PIECE_BYTE };
enum { MODEL_UNIGRAM = 1, MODEL_BPE };

typedef struct piece {
    const char *text; /* in the file */
    size_t len;
    float score;
    uint32_t type, id;
} piece;

typedef struct spm {
    piece *pieces;
    size_t n, cap;
    uint64_t model_type;
    bool byte_fallback, dummy_prefix, squeeze, whitespace_suffix, charsmap;
    tok_vocab vocab; /* of the pieces that merges may make */
} spm;

/* ---- protocol buffers: one field after the other */

typedef struct field {
    uint32_t number, wire;
    uint64_t value;   /* varint, or 32 bits */
    const char *data; /* wire 2 */
    size_t len;
} field;

static bool read_varint(const char **p, const char *end, uint64_t *v) {
    *v = 0;
    for (unsigned shift = 0; *p < end && shift < 64; shift += 7) {
        unsigned char c = (unsigned char)*(*p)++;
        *v |= (uint64_t)(c & 0x7f) << shift;
        if (c < 0x80) return true;
    }
    return false;
}

static bool read_field(const char **p, const char *end, field *f) {
    uint64_t key;
    if (!read_varint(p, end, &key) || key >> 3 == 0 || key >> 3 > 0x1fffffff) return false;
    *f = (field){.number = (uint32_t)(key >> 3), .wire = (uint32_t)(key & 7)};
    if (f->wire == 0) return read_varint(p, end, &f->value);
    uint64_t n = f->wire == 1 ? 8 : 4;
    if (f->wire == 2 && !read_varint(p, end, &n)) return false;
    if ((f->wire != 1 && f->wire != 2 && f->wire != 5) || n > (uint64_t)(end - *p)) return false;
    f->data = *p;
    f->len = (size_t)n;
    if (f->wire == 5)
        for (int i = 3; i >= 0; i--) f->value = f->value << 8 | (unsigned char)(*p)[i];
    *p += n;
    return true;
}

static lem_status broken(lem_err *err) {
    return lem_fail(err, LEM_EDATA, "the SentencePiece model is damaged (no valid protocol buffer)");
}

static lem_status grow_pieces(spm *m, lem_err *err) {
    if (m->n == LEM_TOK_MAX_IDS)
        return lem_fail(err, LEM_EDATA, "the SentencePiece model has more than %d pieces", LEM_TOK_MAX_IDS);
    if (m->n < m->cap) return LEM_OK;
    size_t cap = m->cap ? m->cap * 2 : 1024;
    piece *q = lem_realloc(m->pieces, cap, sizeof *q, err);
    if (!q) return LEM_EMEM;
    m->pieces = q;
    m->cap = cap;
    return LEM_OK;
}

static void set_piece(piece *x, const field *f) {
    uint32_t bits = (uint32_t)f->value;
    if (f->number == 1 && f->wire == 2) {
        x->text = f->data;
        x->len = f->len;
    }
    if (f->number == 2 && f->wire == 5) memcpy(&x->score, &bits, sizeof bits);
    if (f->number == 3 && f->wire == 0) x->type = f->value <= PIECE_BYTE ? (uint32_t)f->value : 0;
}

static lem_status check_piece(const piece *x, lem_err *err) {
    if (!x->len || !lem_utf8_valid(x->text, x->len) || memchr(x->text, 0, x->len))
        return lem_fail(err, LEM_EDATA, "SentencePiece piece %u has no valid text", (unsigned)x->id);
    if (x->type < PIECE_NORMAL || x->type == PIECE_UNUSED || !isfinite(x->score))
        return lem_fail(err, LEM_EDATA, "SentencePiece piece %u has an unsupported type or score",
                        (unsigned)x->id);
    return LEM_OK;
}

static lem_status read_piece(spm *m, const field *in, lem_err *err) {
    lem_status st = grow_pieces(m, err);
    if (st != LEM_OK) return st;
    piece x = {.type = PIECE_NORMAL, .id = (uint32_t)m->n};
    const char *p = in->data, *end = in->data + in->len;
    for (field f; p < end;) {
        if (!read_field(&p, end, &f)) return broken(err);
        set_piece(&x, &f);
    }
    st = check_piece(&x, err);
    if (st == LEM_OK) m->pieces[m->n++] = x;
    return st;
}

static lem_status set_trainer(spm *m, const field *f, lem_err *err) {
    (void)err;
    if (f->wire != 0) return LEM_OK;
    if (f->number == 3) m->model_type = f->value;
    if (f->number == 24) m->whitespace_suffix = f->value != 0;
    if (f->number == 35) m->byte_fallback = f->value != 0;
    return LEM_OK;
}

static lem_status set_normalizer(spm *m, const field *f, lem_err *err) {
    if (f->number == 2 && f->wire == 2) m->charsmap = f->len > 0;
    if (f->wire != 0) return LEM_OK;
    if (f->number == 3) m->dummy_prefix = f->value != 0;
    if (f->number == 4) m->squeeze = f->value != 0;
    if (f->number == 5 && !f->value)
        return lem_fail(err, LEM_EDATA, "a SentencePiece model that keeps spaces unescaped is not supported");
    return LEM_OK;
}

typedef lem_status set_field(spm *m, const field *f, lem_err *err);

/* The trainer's or the normalizer's settings. */
static lem_status read_spec(spm *m, const field *in, set_field *set, lem_err *err) {
    const char *p = in->data, *end = in->data + in->len;
    lem_status st = LEM_OK;
    for (field f; p < end && st == LEM_OK;) {
        if (!read_field(&p, end, &f)) return broken(err);
        st = set(m, &f, err);
    }
    return st;
}

/* A field of the model itself. */
static lem_status read_part(spm *m, const field *f, lem_err *err) {
    if (f->wire != 2) return LEM_OK;
    switch (f->number) {
    case 1: return read_piece(m, f, err);
    case 2: return read_spec(m, f, set_trainer, err);
    case 3: return read_spec(m, f, set_normalizer, err);
    default: return LEM_OK;
    }
}

static lem_status check_model(const spm *m, lem_err *err) {
    if (!m->n) return lem_fail(err, LEM_EDATA, "the SentencePiece model has no pieces");
    if (m->model_type != MODEL_BPE && m->model_type != MODEL_UNIGRAM)
        return lem_fail(err, LEM_EDATA,
                        "SentencePiece model type %llu is not supported (only Unigram and BPE)",
                        (unsigned long long)m->model_type);
    if (m->charsmap)
        return lem_fail(
            err, LEM_EDATA,
            "the SentencePiece model has a compiled character map (NFKC), which is not supported");
    if (m->whitespace_suffix)
        return lem_fail(err, LEM_EDATA, "SentencePiece with white space as suffix is not supported");
    return LEM_OK;
}

static lem_status read_model(spm *m, const char *s, size_t n, lem_err *err) {
    const char *p = s, *end = s + n;
    m->model_type = MODEL_UNIGRAM;
    m->dummy_prefix = m->squeeze = true;
    for (field f; p < end;) {
        if (!read_field(&p, end, &f)) return broken(err);
        lem_status st = read_part(m, &f, err);
        if (st != LEM_OK) return st;
    }
    return check_model(m, err);
}

/* ---- writing */

static int by_score(const void *a, const void *b) {
    const piece *x = *(piece *const *)a, *y = *(piece *const *)b;
    if (x->score != y->score) return x->score > y->score ? -1 : 1;
    return (x->id > y->id) - (x->id < y->id);
}

/* SentencePiece merges whatever two neighbours make a piece, best score first: each way to cut a piece in two
 * is a merge. */
static lem_status write_merges(spm *m, lem_buf *out, lem_err *err) {
    const piece **order = lem_alloc(m->n, sizeof *order, err);
    if (!order) return LEM_EMEM;
    size_t n = 0;
    lem_status st = LEM_OK;
    for (size_t i = 0; i < m->n; i++) {
        const piece *x = &m->pieces[i];
        if (x->type != PIECE_NORMAL) continue;
        LEM_TRY(lem_vocab_put(&m->vocab, (int64_t)i, x->text, x->len, true, err));
        order[n++] = x;
    }
    qsort(order, n, sizeof *order, by_score);
    const char *comma = "";
    for (size_t i = 0; i < n; i++) {
        const piece *x = order[i];
        if (x->len > 1024) {
            st =
                lem_fail(err, LEM_EDATA, "SentencePiece piece %u is longer than 1024 bytes", (unsigned)x->id);
            goto done;
        }
        for (size_t cut = 1; cut < x->len; cut++) {
            if (((unsigned char)x->text[cut] & 0xc0) == 0x80) continue;
            if (lem_vocab_find(&m->vocab, x->text, cut) < 0 ||
                lem_vocab_find(&m->vocab, x->text + cut, x->len - cut) < 0)
                continue;
            lem_buf_printf(out, "%s[", comma);
            lem_json_text(out, x->text, cut);
            lem_buf_puts(out, ", ");
            lem_json_text(out, x->text + cut, x->len - cut);
            lem_buf_puts(out, "]");
            comma = ",\n";
        }
    }
done:
    lem_free(order);
    return st;
}

static void write_added(const spm *m, lem_buf *out) {
    const char *comma = "";
    for (size_t i = 0; i < m->n; i++) {
        const piece *x = &m->pieces[i];
        if (x->type != PIECE_UNKNOWN && x->type != PIECE_CONTROL && x->type != PIECE_USER) continue;
        lem_buf_printf(out, "%s{\"id\": %zu, \"content\": ", comma, i);
        lem_json_text(out, x->text, x->len);
        lem_buf_printf(out,
                       ", \"single_word\": false, \"lstrip\": false, \"rstrip\": false, \"normalized\": "
                       "false, \"special\": %s}",
                       x->type == PIECE_USER ? "false" : "true");
        comma = ",\n";
    }
}

static void write_pipeline(const spm *m, lem_buf *out) {
    lem_buf_puts(out, "\"normalizer\": {\"type\": \"Sequence\", \"normalizers\": [");
    if (m->squeeze)
        lem_buf_puts(
            out, "{\"type\": \"Replace\", \"pattern\": {\"Regex\": \"\\\\A +| +\\\\z\"}, \"content\": \"\"}, "
                 "{\"type\": \"Replace\", \"pattern\": {\"Regex\": \" {2,}\"}, \"content\": \" \"}, ");
    if (m->dummy_prefix) lem_buf_puts(out, "{\"type\": \"Prepend\", \"prepend\": \"\u2581\"}, ");
    lem_buf_puts(out,
                 "{\"type\": \"Replace\", \"pattern\": {\"String\": \" \"}, \"content\": \"\u2581\"}]},\n"
                 "\"pre_tokenizer\": null,\n\"post_processor\": null,\n"
                 "\"decoder\": {\"type\": \"Sequence\", \"decoders\": [{\"type\": \"Replace\", \"pattern\": "
                 "{\"String\": \"\u2581\"}, \"content\": "
                 "\" \"}, {\"type\": \"ByteFallback\"}, {\"type\": \"Fuse\"}");
    if (m->dummy_prefix)
        lem_buf_puts(out, ", {\"type\": \"Strip\", \"content\": \" \", \"start\": 1, \"stop\": 0}");
    lem_buf_puts(out, "]},\n");
}

static lem_status write_bpe(spm *m, const piece *unk, lem_buf *out, lem_err *err) {
    lem_buf_puts(out, "\"model\": {\"type\": \"BPE\", \"dropout\": null, \"continuing_subword_prefix\": "
                      "null, \"end_of_word_suffix\": null, \"unk_token\": ");
    if (unk) lem_json_text(out, unk->text, unk->len);
    else lem_buf_puts(out, "null");
    lem_buf_printf(out,
                   ", \"fuse_unk\": true, \"byte_fallback\": %s, \"ignore_merges\": false,\n\"vocab\": {\n",
                   m->byte_fallback ? "true" : "false");
    for (size_t i = 0; i < m->n; i++) {
        if (i) lem_buf_puts(out, ",\n");
        lem_json_text(out, m->pieces[i].text, m->pieces[i].len);
        lem_buf_printf(out, ": %zu", i);
    }
    lem_buf_puts(out, "},\n\"merges\": [\n");
    lem_status st = write_merges(m, out, err);
    lem_buf_puts(out, "]}}\n");
    return st;
}

static void write_unigram(const spm *m, const piece *unk, lem_buf *out) {
    lem_buf_printf(
        out, "\"model\": {\"type\": \"Unigram\", \"unk_id\": %u, \"byte_fallback\": %s,\n\"vocab\": [\n",
        (unsigned)unk->id, m->byte_fallback ? "true" : "false");
    for (size_t i = 0; i < m->n; i++) {
        lem_buf_puts(out, i ? ",\n[" : "[");
        lem_json_text(out, m->pieces[i].text, m->pieces[i].len);
        lem_buf_printf(out, ", %.9g]", (double)m->pieces[i].score);
    }
    lem_buf_puts(out, "]}}\n");
}

lem_status lem_spm_to_json(const char *s, size_t n, const lem_json *config, lem_buf *out, lem_err *err) {
    spm m = {0};
    const piece *unk = NULL;
    lem_status st;
    LEM_TRY(read_model(&m, s, n, err));
    for (size_t i = 0; i < m.n; i++)
        if (m.pieces[i].type == PIECE_UNKNOWN && !unk) unk = &m.pieces[i];
    if (m.model_type == MODEL_UNIGRAM && !unk) {
        st = lem_fail(err, LEM_EDATA, "the SentencePiece model has no unknown piece");
        goto done;
    }
    lem_buf_puts(out,
                 "{\"version\": \"1.0\", \"truncation\": null, \"padding\": null,\n\"added_tokens\": [\n");
    write_added(&m, out);
    const lem_json *added = lem_json_get(config, "added_tokens_decoder");
    if (added) LEM_TRY(lem_write_config_added(out, added, (int64_t)m.n, err));
    lem_buf_puts(out, "],\n");
    write_pipeline(&m, out);
    if (m.model_type == MODEL_BPE) LEM_TRY(write_bpe(&m, unk, out, err));
    else write_unigram(&m, unk, out);
    st = lem_buf_ok(out, err);
done:
    lem_vocab_release(&m.vocab);
    lem_free(m.pieces);
    return st;
}
