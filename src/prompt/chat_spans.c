/* chat_spans.c - a conversation through a template: rendered, cut where replies begin and end, encoded,
 * masked */
#include "core/mem.h"
#include "prompt/chat.h"
#include "prompt/chat_priv.h"

#include <string.h>

/* A part of the rendered text that is encoded by itself. */
typedef struct span {
    size_t from, to;
    bool trained;
} span;

typedef struct work {
    const lem_tokenizer *t;
    const lem_template *template;
    const lem_chat_input *in;
    lem_rendered whole, part;
    span *spans; /* [n], in order, covering the text */
    size_t n, cap;
    lem_err *err;
} work;

static void work_release(work *w) {
    lem_rendered_release(&w->whole);
    lem_rendered_release(&w->part);
    lem_free(w->spans);
}

static lem_status render(work *w, size_t messages, bool prompt, lem_rendered *out, lem_err *err) {
    lem_template_input in = {.messages = w->in->messages,
                             .n_messages = messages,
                             .tools = w->in->tools,
                             .extra = lem_chat_variables(w->t),
                             .date = w->in->date};
    in.tokens = lem_chat_tokens(w->t);
    in.generation_prompt = prompt;
    return lem_template_render(w->template, &in, out, err);
}

static lem_status add_span(work *w, size_t to, bool trained) {
    size_t from = w->n ? w->spans[w->n - 1].to : 0;
    if (to == from) return LEM_OK;
    if (w->n == w->cap) {
        size_t cap = w->cap ? w->cap * 2 : 16;
        span *p = lem_realloc(w->spans, cap, sizeof *p, w->err);
        if (!p) return LEM_EMEM;
        w->spans = p;
        w->cap = cap;
    }
    w->spans[w->n++] = (span){from, to, trained};
    return LEM_OK;
}

/* ---- where replies are */

static bool is_reply(const lem_json *message) {
    return strcmp(lem_json_str(lem_json_get(message, "role"), ""), "assistant") == 0;
}

/* Renders the first n messages; *end is where that ends in the whole. LEM_NO with the reason in why if it is
 * no prefix of it. */
static lem_status prefix_end(work *w, size_t n, bool prompt, size_t *end, lem_err *why) {
    lem_status st = render(w, n, prompt, &w->part, why);
    if (st == LEM_EDATA) return LEM_NO;
    if (st != LEM_OK) return lem_fail(w->err, st, "%s", why->text);
    const lem_buf *a = &w->part.text, *b = &w->whole.text;
    *end = a->len;
    if (a->len <= b->len && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0)) return LEM_OK;
    (void)lem_fail(why, LEM_EDATA, "the template writes what is before it otherwise once it is there");
    return LEM_NO;
}

/* Where reply i of n messages begins and ends; LEM_NO if it does not nest. */
static lem_status reply_ends(work *w, size_t i, size_t n, size_t *start, size_t *end, lem_err *why) {
    lem_status st = prefix_end(w, i, true, start, why);
    if (st != LEM_OK) return st;
    if (i + 1 < n || w->in->generation_prompt) return prefix_end(w, i + 1, false, end, why);
    *end = w->whole.text.len;
    return LEM_OK;
}

/* Spans by rendering prefixes; a reply that is not trained need not nest. LEM_NO if they do not nest, *bad
 * then is the message (from 0). */
static lem_status nested_spans(work *w, size_t *bad, lem_err *why) {
    size_t n = lem_json_count(w->in->messages), start = 0, end = 0, last = 0;
    lem_status st = LEM_OK;
    w->n = 0;
    for (size_t i = 0; i < n; i++) {
        if (!is_reply(lem_json_at(w->in->messages, i))) continue;
        *bad = i;
        bool untrained = w->in->untrained && w->in->untrained[i];
        st = reply_ends(w, i, n, &start, &end, why);
        if (st == LEM_NO && untrained) continue;
        if (st != LEM_OK) goto done;
        if (start < last || end < start) {
            (void)lem_fail(why, LEM_EDATA, "the template writes nothing for it");
            return LEM_NO;
        }
        LEM_TRY(add_span(w, start, false));
        LEM_TRY(add_span(w, end, !untrained));
        last = end;
    }
    LEM_TRY(add_span(w, w->whole.text.len, false));
done:
    return st;
}

/* Spans by {% generation %}. */
static lem_status marked_spans(work *w) {
    const lem_buf *mark = &w->whole.mark;
    lem_status st = LEM_OK;
    w->n = 0;
    for (size_t i = 0, to; i < mark->len && st == LEM_OK; i = to) {
        bool reply = mark->data[i] & LEM_MARK_REPLY;
        for (to = i; to < mark->len && !(mark->data[to] & LEM_MARK_REPLY) == !reply;) to++;
        st = add_span(w, to, reply);
    }
    return st;
}

static lem_status find_spans(work *w, bool need_mask) {
    lem_err why = LEM_ERR_INIT;
    size_t bad = 0;
    lem_status st = nested_spans(w, &bad, &why);
    if (st != LEM_NO) return st;
    bool some = false;
    for (size_t i = 0; w->in->untrained && i < lem_json_count(w->in->messages); i++)
        some = some || w->in->untrained[i];
    if (!some && lem_template_marks_replies(w->template)) return marked_spans(w);
    if (need_mask)
        return lem_fail(w->err, LEM_EDATA, "message %zu: what is trained cannot be told: %s", bad + 1,
                        why.text);
    w->n = 0;
    return add_span(w, w->whole.text.len, false);
}

/* ---- ids */

/* Tokens of white space after the last special token of a reply are written by the template, never by the
 * model. */
static size_t trained_end(const lem_tokenizer *t, const lem_ids *ids, size_t from) {
    size_t end = ids->len;
    while (end > from && !lem_tokenizer_is_special(t, ids->data[end - 1])) end--;
    for (size_t i = end; i < ids->len; i++) {
        size_t len = 0;
        const char *s = lem_tokenizer_token_bytes(t, ids->data[i], &len);
        for (size_t k = 0; k < len; k++)
            if (s[k] != ' ' && s[k] != '\n' && s[k] != '\r' && s[k] != '\t') return ids->len;
    }
    return end > from ? end : ids->len;
}

/* Takes the mark of a reply from the white space at the end of a span. */
static void unmark_space(work *w, size_t from, size_t to) {
    const char *s = w->whole.text.data;
    char *mark = w->whole.mark.data;
    for (; to > from && (s[to - 1] == ' ' || s[to - 1] == '\n' || s[to - 1] == '\r' || s[to - 1] == '\t');
         to--)
        mark[to - 1] = (char)(mark[to - 1] & ~LEM_MARK_REPLY);
}

static lem_status encode_spans(work *w, lem_ids *ids, uint8_t **mask) {
    size_t before = ids->len;
    uint8_t *data = NULL, *m = NULL;
    lem_status st = LEM_OK;
    const lem_buf *text = &w->whole.text, *mark = &w->whole.mark;
    if (!w->in->parse_special) {
        if (!(data = lem_alloc(text->len + 1, 1, w->err))) return LEM_EMEM;
        for (size_t i = 0; i < text->len; i++) data[i] = mark->data[i] & LEM_MARK_DATA;
    }
    for (size_t k = 0; k < w->n; k++) {
        span *s = &w->spans[k];
        bool glued = ids->len > before && !lem_chat_begins_anew(w->t, ids->data[ids->len - 1]);
        size_t from = ids->len, text_from = s->from, text_to = s->to;
        LEM_TRY(lem_tokenizer_encode_marked(w->t, text->data + s->from, data ? data + s->from : NULL,
                                            s->to - s->from, glued, ids, w->err));
        s->from = from; /* from here on: of ids */
        s->to = s->trained ? trained_end(w->t, ids, from) : from;
        if (s->trained && s->to < ids->len) unmark_space(w, text_from, text_to);
    }
    if (mask) {
        if (!(m = lem_alloc_zero(ids->len + 1, 1, w->err))) st = LEM_EMEM;
        for (size_t k = 0; m && k < w->n; k++)
            memset(m + w->spans[k].from, 1, w->spans[k].to - w->spans[k].from);
        *mask = m ? m : *mask;
    }
done:
    lem_free(data);
    return st;
}

/* The model is to see BOS once: a template that writes it twice is wrong, and none is added to what a
 * template wrote. */
static lem_status check_bos(const lem_tokenizer *t, const lem_ids *ids, size_t from, lem_err *err) {
    const char *bos = lem_json_str(lem_json_get(lem_chat_tokens(t), "bos_token"), "");
    int32_t id = *bos ? lem_tokenizer_find(t, bos) : -1;
    bool ends_too = strcmp(bos, lem_json_str(lem_json_get(lem_chat_tokens(t), "eos_token"), "")) ==
                    0; /* then </s><s> looks like two */
    for (size_t i = from; id >= 0 && i + 1 < ids->len && (i == from || !ends_too); i++)
        if (ids->data[i] == id && ids->data[i + 1] == id)
            return lem_fail(err, LEM_EDATA, "the chat template writes the BOS token %.60s twice in a row",
                            bos);
    return LEM_OK;
}

/* The spans again as marks of the text, for whoever shows it. Before encode_spans. */
static void mark_trained(work *w) {
    char *mark = w->whole.mark.data;
    for (size_t i = 0; i < w->whole.mark.len; i++) mark[i] = (char)(mark[i] & ~LEM_MARK_REPLY);
    for (size_t k = 0; k < w->n; k++)
        for (size_t i = w->spans[k].from; w->spans[k].trained && i < w->spans[k].to; i++)
            mark[i] = (char)(mark[i] | LEM_MARK_REPLY);
}

lem_status lem_chat_through(const lem_tokenizer *t, const lem_template *template, const lem_chat_input *in,
                            lem_ids *ids, uint8_t **mask, lem_rendered *rendered, lem_err *err) {
    lem_err own = LEM_ERR_INIT;
    work w = {.t = t, .template = template, .in = in, .err = err ? err : &own};
    size_t before = ids->len;
    uint8_t *m = NULL;
    lem_status st;
    LEM_TRY(render(&w, SIZE_MAX, in->generation_prompt, &w.whole, w.err));
    LEM_TRY(find_spans(&w, mask != NULL));
    mark_trained(&w);
    LEM_TRY(encode_spans(&w, ids, mask ? &m : NULL));
    LEM_TRY(check_bos(t, ids, before, w.err));
    if (mask) {
        *mask = m;
        m = NULL;
    }
    if (rendered) {
        lem_rendered_release(rendered);
        *rendered = w.whole;
        w.whole = (lem_rendered){{0}, {0}};
    }
done:
    if (st != LEM_OK) ids->len = before;
    lem_free(m);
    work_release(&w);
    return st;
}

/* What the template writes for a reply does not depend on the question, so a short one stands for it. */
lem_status lem_chat_reply_through(const lem_tokenizer *t, const lem_template *template,
                                  const lem_json *messages, lem_ids *ids, lem_err *err) {
    lem_chat_input in = {.messages = messages};
    lem_err own = LEM_ERR_INIT;
    work w = {.t = t, .template = template, .in = &in, .err = err ? err : &own};
    lem_ids prompt = {0};
    uint8_t *data = NULL;
    size_t start = 0;
    lem_status st;
    LEM_TRY(render(&w, 2, false, &w.whole, w.err));
    st = prefix_end(&w, 1, true, &start, w.err);
    if (st == LEM_NO)
        st = lem_fail(w.err, LEM_EDATA,
                      "the chat template does not write a reply after its generation prompt");
    if (st != LEM_OK) goto done;
    const lem_buf *text = &w.whole.text;
    if (!(data = lem_alloc(text->len + 1, 1, w.err))) {
        st = LEM_EMEM;
        goto done;
    }
    for (size_t i = 0; i < text->len; i++) data[i] = w.whole.mark.data[i] & LEM_MARK_DATA;
    LEM_TRY(lem_tokenizer_encode_marked(t, lem_buf_str(text), data, start, false, &prompt, w.err));
    bool glued = prompt.len && !lem_chat_begins_anew(t, prompt.data[prompt.len - 1]);
    LEM_TRY(lem_tokenizer_encode_marked(t, lem_buf_str(text) + start, data + start, text->len - start, glued,
                                        ids, w.err));
done:
    lem_free(data);
    lem_ids_release(&prompt);
    work_release(&w);
    return st;
}
