/* preview.c - trained rows counted in tokens, and one of them as text with what is trained marked */
#include "core/object.h"
#include "data/dataset.h"

void lem_examples_total(const lem_examples *e, uint64_t *tokens, uint64_t *trained) {
    *tokens = e->n ? e->start[e->n] : 0;
    *trained = 0;
    for (uint64_t i = 0; i < e->n; i++)
        for (uint64_t t = e->start[i] + 1; t < e->start[i + 1]; t++) *trained += e->mask[t] != 0;
}

/* ids[from..to) as one piece. */
static lem_status add_piece(const lem_tokenizer *t, const int32_t *ids, uint64_t n, bool trained,
                            lem_json *pieces, lem_err *err) {
    lem_buf text = {0};
    lem_object o = lem_object_new();
    lem_status st = lem_tokenizer_decode(t, ids, n, false, &text, err);
    lem_object_bool(&o, "trained", trained);
    lem_object_json(&o, "text", lem_json_new_strn(lem_buf_str(&text), text.len));
    if (!lem_json_append(pieces, lem_object_done(&o)) && st == LEM_OK)
        st = lem_fail(err, LEM_EMEM, "out of memory");
    lem_buf_release(&text);
    return st;
}

static lem_status add_pieces(const lem_examples *e, uint64_t i, const lem_tokenizer *t, lem_json *pieces,
                             lem_err *err) {
    uint64_t end = e->start[i + 1];
    lem_status st = LEM_OK;
    for (uint64_t a = e->start[i], b; st == LEM_OK && a < end; a = b) {
        for (b = a + 1; b < end && !e->mask[b] == !e->mask[a]; b++) continue;
        st = add_piece(t, e->ids + a, b - a, e->mask[a] != 0, pieces, err);
    }
    return st;
}

lem_status lem_examples_preview(const lem_examples *e, uint64_t i, const lem_tokenizer *t, lem_json **out,
                                lem_err *err) {
    if (i >= e->n) return lem_fail(err, LEM_EDATA, "no row %llu to show", (unsigned long long)i);
    lem_json *pieces = lem_json_new_array();
    lem_buf text = {0};
    uint64_t trained = 0, n = e->start[i + 1] - e->start[i];
    for (uint64_t k = e->start[i] + 1; k < e->start[i + 1]; k++) trained += e->mask[k] != 0;
    lem_status st = pieces ? add_pieces(e, i, t, pieces, err) : lem_fail(err, LEM_EMEM, "out of memory");
    if (st == LEM_OK) st = lem_tokenizer_decode(t, e->ids + e->start[i], n, false, &text, err);
    lem_object o = lem_object_new();
    lem_object_int(&o, "tokens", n);
    lem_object_int(&o, "trained", trained);
    lem_object_json(&o, "text", lem_json_new_strn(lem_buf_str(&text), text.len));
    lem_object_json(&o, "pieces", pieces);
    lem_json *made = lem_object_done(&o);
    if (st == LEM_OK && !made) st = lem_fail(err, LEM_EMEM, "out of memory");
    if (st == LEM_OK) *out = made;
    else lem_json_free(made);
    lem_buf_release(&text);
    return st;
}

lem_status lem_preview_text(const lem_json *preview, lem_buf *out, lem_err *err) {
    const lem_json *pieces = lem_json_get(preview, "pieces");
    for (size_t i = 0; i < lem_json_count(pieces); i++) {
        const lem_json *p = lem_json_at(pieces, i), *text = lem_json_get(p, "text");
        bool trained = lem_json_bool(lem_json_get(p, "trained"), false);
        if (trained) lem_buf_puts(out, "[[");
        lem_buf_add(out, lem_json_str(text, ""), lem_json_str_len(text));
        if (trained) lem_buf_puts(out, "]]");
    }
    return lem_buf_ok(out, err);
}
