/* servers.c - what servers say of themselves */
#include "teach/servers.h"

#include "core/mem.h"
#include "core/utf8.h"
#include "net/http.h"

#include <stdio.h>
#include <string.h>

static const double patience = 20, tick = 0.1;
enum { QUESTIONS = 3, TEXT = 128, MAX_REPLY = 1 << 20 };

typedef struct told {
    char name[TEXT], version[TEXT], model[TEXT], header[TEXT];
} told;

typedef struct asking {
    told *server; /* [n_urls] */
} asking;

static void copy_text(char out[TEXT], const lem_json *v) {
    lem_buf b = {0};
    const char *s = lem_json_str(v, "");
    if (*s && !out[0]) {
        size_t n = strlen(s);
        while (n >= TEXT || (n && ((unsigned char)s[n] & 0xc0) == 0x80)) n--;
        for (size_t i = 0; i < n; i++) lem_buf_putc(&b, (unsigned char)s[i] < ' ' ? ' ' : s[i]);
        memcpy(out, lem_buf_str(&b), b.len);
        out[b.len] = '\0';
    }
    lem_buf_release(&b);
}

/* One model of a list is what is served; of several it is not known here which. */
static void read_models(told *x, const lem_json *reply) {
    const lem_json *list = lem_json_get(reply, "data"), *first = lem_json_at(list, 0);
    copy_text(x->name, lem_json_get(first, "owned_by"));
    if (lem_json_count(list) == 1) copy_text(x->model, lem_json_get(first, "id"));
}

static lem_status on_reply(void *ctx, const lem_http_reply *r, lem_err *err) {
    asking *a = ctx;
    told *x = &a->server[r->tag / QUESTIONS];
    lem_json *reply = NULL;
    (void)err;
    if (r->end != LEM_HTTP_WHOLE) return LEM_OK;
    if (r->server[0]) snprintf(x->header, sizeof x->header, "%s", r->server);
    if (r->status != 200) return LEM_OK;
    if (lem_json_parse(r->body, r->len, &reply, NULL) != LEM_OK) return LEM_OK;
    if (r->tag % QUESTIONS == 0) read_models(x, reply);
    if (r->tag % QUESTIONS == 1) copy_text(x->version, lem_json_get(reply, "version"));
    if (r->tag % QUESTIONS == 2) copy_text(x->version, lem_json_get(reply, "build_info"));
    lem_json_free(reply);
    return LEM_OK;
}

/* The server's address without the "/v1" of the base URL. */
static size_t root_of(const char *base) {
    size_t n = strlen(base);
    while (n && base[n - 1] == '/') n--;
    return n >= 3 && memcmp(base + n - 3, "/v1", 3) == 0 ? n - 3 : n;
}

static lem_status ask(const lem_teach_opts *o, lem_http *h, int server, int question, lem_err *err) {
    static const char *const paths[QUESTIONS] = {"/models", "/version", "/props"};
    const char *base = o->urls[server];
    lem_buf url = {0};
    size_t n = strlen(base);
    while (n && base[n - 1] == '/') n--;
    lem_buf_add(&url, base, question == 0 ? n : root_of(base));
    lem_buf_puts(&url, paths[question]);
    lem_status st = lem_buf_ok(&url, err);
    lem_http_request q = {
        .url = lem_buf_str(&url), .key = o->key, .tag = (uint64_t)server * QUESTIONS + (uint64_t)question};
    if (st == LEM_OK) st = lem_http_send(h, &q, err);
    lem_buf_release(&url);
    return st;
}

static lem_status ask_all(const lem_teach_opts *o, lem_http *h, asking *a, lem_err *err) {
    double until = lem_clock_seconds() + patience;
    lem_status st = LEM_OK;
    for (int i = 0; st == LEM_OK && i < o->n_urls * QUESTIONS; i++)
        st = ask(o, h, i / QUESTIONS, i % QUESTIONS, err);
    while (st == LEM_OK && lem_http_active(h) > 0 && lem_clock_seconds() < until) {
        st = lem_cancel_check(o->cancel, err);
        if (st == LEM_OK) st = lem_http_wait(h, tick, on_reply, a, err);
    }
    return st;
}

static const char *name_of(const told *x) { return x->name[0] ? x->name : x->header; }

/* What is told of both is the same: of headers, which stand in for a name, one may be missing. */
static bool same(const told *a, const told *b) {
    return strcmp(name_of(a), name_of(b)) == 0 && strcmp(a->version, b->version) == 0 &&
           strcmp(a->model, b->model) == 0;
}

static void describe(const told *x, int n, lem_buf *out) {
    bool any = false;
    for (int i = 0; i < n; i++) {
        const char *name = name_of(&x[i]);
        bool known = !*name && !x[i].version[0] && !x[i].model[0];
        for (int k = 0; k < i; k++) known = known || same(&x[i], &x[k]);
        if (known) continue;
        lem_buf_puts(out, any ? "; " : "");
        lem_buf_puts(out, *name ? name : "server");
        if (x[i].version[0]) lem_buf_printf(out, " %s", x[i].version);
        if (x[i].model[0]) lem_buf_printf(out, ", %s", x[i].model);
        any = true;
    }
}

lem_status lem_servers_describe(const lem_teach_opts *o, lem_buf *out, lem_err *err) {
    lem_http_opts opts = {
        .connect_s = patience, .total_s = patience, .max_body = MAX_REPLY, .plain = o->plain};
    lem_http *h = NULL;
    uint64_t failures = lem_mem_failures(); /* a name that was lost is no server without one */
    asking a = {lem_alloc_zero((size_t)o->n_urls, sizeof *a.server, err)};
    if (!a.server) return LEM_EMEM;
    lem_status st = lem_http_new(&opts, &h, err);
    if (st == LEM_OK) st = ask_all(o, h, &a, err);
    lem_http_free(h);
    if (st == LEM_OK) describe(a.server, o->n_urls, out);
    lem_free(a.server);
    return st == LEM_OK ? lem_mem_since(failures, "what the servers say of themselves", err) : st;
}
