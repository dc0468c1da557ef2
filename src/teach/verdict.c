/* verdict - what a reply means */
#include "teach/verdict.h"

#include <stdio.h>
#include <string.h>

/* Statuses of proxies and clocks that do not know what the server behind them did. */
static bool is_unsure(int status) {
    return status == 502 || status == 504 || status == 408 || status == 499 ||
           (status >= 520 && status <= 527) || status == 598 || status == 599;
}

static bool is_later(int status) { return status == 425 || status == 429 || status >= 500; }

static bool is_setup(int status) {
    return status == 401 || status == 402 || status == 403 || status == 404 || status == 405 ||
           status / 100 == 3;
}

static lem_verdict_kind kind_of(int status) {
    if (is_unsure(status)) return LEM_VERDICT_UNSURE;
    if (is_later(status)) return LEM_VERDICT_LATER;
    return is_setup(status) ? LEM_VERDICT_SETUP : LEM_VERDICT_REFUSED;
}

static void judge_refusal(const lem_http_reply *r, lem_verdict *v) {
    lem_buf said = {0};
    v->spent = lem_completion_refusal(r->body, r->len, &said);
    v->kind = v->spent ? LEM_VERDICT_SETUP : kind_of(r->status);
    v->failure = r->status >= 500 && r->status != 503 && r->status != 529;
    const char *words = r->why[0] ? r->why : lem_buf_str(&said);
    const char *colon = *words ? ": " : "";
    snprintf(v->why, sizeof v->why, "HTTP %d%s%.200s", r->status, colon, words);
    lem_buf_release(&said);
}

lem_status lem_verdict_of(const lem_http_reply *r, lem_verdict_read *read, void *ctx, lem_verdict *out,
                          lem_err *err) {
    lem_err inner = LEM_ERR_INIT;
    lem_verdict v = {.status = r->status, .wait_s = r->retry_after};
    if (r->end == LEM_HTTP_UNSENT || r->end == LEM_HTTP_BROKEN) {
        v.kind = r->end == LEM_HTTP_UNSENT ? LEM_VERDICT_UNSENT : LEM_VERDICT_UNSURE;
        v.failure = true;
        v.wait_s = -1;
        snprintf(v.why, sizeof v.why, "%.200s", r->why);
    } else if (r->status != 200) {
        judge_refusal(r, &v);
    } else {
        lem_status st = read(ctx, r, &v.record, &inner);
        if (st == LEM_EMEM) return lem_fail(err, LEM_EMEM, "%s", inner.text);
        v.kind = st == LEM_OK ? LEM_VERDICT_ANSWER : LEM_VERDICT_BILLED;
        snprintf(v.why, sizeof v.why, "%.200s", inner.text);
    }
    *out = v;
    return LEM_OK;
}
