/* completion_stream - records of replies that come as server-sent events
 *
 * Servers that stream token by token may cut a character between two events, so that the JSON of each holds
 * bytes that are no UTF-8. Such a byte b is read as the code point ESCAPE + b, and turned back when its text
 * is joined; only whole characters may be left then. */
#include "net/completion_priv.h"
#include "net/sse.h"

#include "core/utf8.h"

#include <stdio.h>
#include <string.h>

enum { ESCAPE = 0x10fe00 }; /* the last private plane */

static void escape(const char *s, size_t n, lem_buf *out) {
    for (size_t i = 0; i < n;) {
        uint32_t cp;
        char c[4];
        int k = lem_utf8_decode(s + i, n - i, &cp);
        if (k > 0) lem_buf_add(out, s + i, (size_t)k);
        else lem_buf_add(out, c, (size_t)lem_utf8_encode(ESCAPE + (unsigned char)s[i], c));
        i += k > 0 ? (size_t)k : 1;
    }
}

static void unescape(const char *s, size_t n, lem_buf *out) {
    for (size_t i = 0; i < n;) {
        uint32_t cp = 0;
        int k = lem_utf8_decode(s + i, n - i, &cp);
        if (k > 0 && cp >= ESCAPE && cp < ESCAPE + 256) lem_buf_putc(out, (char)(cp - ESCAPE));
        else lem_buf_add(out, s + i, k > 0 ? (size_t)k : 1);
        i += k > 0 ? (size_t)k : 1;
    }
}

static lem_status take_delta(lem_completion_draft *d, const lem_json *choice, bool escaped, lem_err *err) {
    lem_completion_choice *c = lem_completion_draft_at(d, choice, 0);
    if (!c) return lem_fail(err, LEM_EDATA, "event stream: choices[].index: 0 to %d expected", d->n - 1);
    const lem_json *delta = lem_json_get(choice, "delta");
    const lem_json *text = d->text_only ? lem_json_get(choice, "text") : lem_json_get(delta, "content");
    const char *refusal = lem_json_str(lem_json_get(delta, "refusal"), NULL);
    if (refusal && *refusal) return lem_fail(err, LEM_EDATA, "the model refused: %.120s", refusal);
    const char *s = lem_json_str(text, "");
    if (escaped) unescape(s, lem_json_str_len(text), &c->text);
    else lem_buf_add(&c->text, s, lem_json_str_len(text));
    if (lem_json_kind(text) == LEM_JSON_STRING) c->seen = true;
    lem_completion_draft_tokens(c, choice);
    lem_completion_draft_finish(c, lem_json_get(choice, "finish_reason"));
    return lem_buf_ok(&c->text, err);
}

/* All events of a stream are of one reply. */
static lem_status check_id(lem_completion_draft *d, const lem_json *event, lem_err *err) {
    char id[sizeof d->id];
    const char *told = lem_json_str(lem_json_get(event, "id"), "");
    if (!*told) return LEM_OK;
    snprintf(id, sizeof id, "%s", told);
    if (!d->id[0]) memcpy(d->id, id, sizeof id);
    if (strcmp(d->id, id) == 0) return LEM_OK;
    return lem_fail(err, LEM_EDATA, "event stream: id '%.40s' and id '%.40s' in one reply", d->id, id);
}

static lem_status take_event(lem_completion_draft *d, const lem_json *event, bool escaped, lem_err *err) {
    const lem_json *choices = lem_json_get(event, "choices"), *e = lem_json_get(event, "error");
    if (e) {
        const char *said = lem_json_str(lem_json_get(e, "message"), lem_json_str(e, "no words"));
        return lem_fail(err, LEM_EDATA, "event stream: error: %.120s", said);
    }
    lem_status st = check_id(d, event, err);
    for (size_t i = 0; st == LEM_OK && i < lem_json_count(choices); i++)
        st = take_delta(d, lem_json_at(choices, i), escaped, err);
    return st == LEM_OK ? lem_completion_draft_usage(d, event, err) : st;
}

static lem_status on_event(void *ctx, const char *data, size_t len, lem_err *err) {
    lem_completion_draft *d = ctx;
    lem_json *event = NULL;
    lem_buf mended = {0};
    if (d->done) return LEM_OK;
    if (len == 6 && memcmp(data, "[DONE]", 6) == 0) {
        d->done = true;
        return LEM_OK;
    }
    bool escaped = !lem_utf8_valid(data, len);
    if (escaped) escape(data, len, &mended);
    lem_status st = lem_buf_ok(&mended, err);
    if (st == LEM_OK && escaped) st = lem_json_parse(lem_buf_str(&mended), mended.len, &event, err);
    else if (st == LEM_OK) st = lem_json_parse(data, len, &event, err);
    if (st != LEM_OK) lem_err_context(err, "event stream");
    else st = take_event(d, event, escaped, err);
    lem_json_free(event);
    lem_buf_release(&mended);
    return st;
}

/* Choices behind the last one that anything was said of were not given. */
static void drop_missing(lem_completion_draft *d) {
    while (d->fewer && d->n > 1 && !d->choice[d->n - 1].seen && !d->choice[d->n - 1].ended) d->n--;
}

static lem_status check_whole(lem_completion_draft *d, lem_err *err) {
    if (d->done) drop_missing(d);
    for (int i = 0; i < d->n; i++) {
        const lem_completion_choice *c = &d->choice[i];
        if (!c->ended && !(d->done && c->seen))
            return lem_fail(err, LEM_EDATA, "event stream: it ends before choice %d does", i);
        if (!c->seen) return lem_fail(err, LEM_EDATA, "event stream: no text for choice %d", i);
        if (!lem_utf8_valid(lem_buf_str(&c->text), c->text.len))
            return lem_fail(err, LEM_EDATA, "event stream: the text of choice %d is not UTF-8", i);
    }
    return LEM_OK;
}

lem_status lem_completion_take_stream(lem_completion_draft *d, const char *body, size_t len, lem_err *err) {
    lem_sse s = {.event = on_event, .ctx = d, .max = (size_t)1 << 20};
    lem_status st = lem_sse_feed(&s, body, len, err);
    if (st == LEM_OK) st = check_whole(d, err);
    lem_sse_release(&s);
    return st;
}
