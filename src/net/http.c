/* http - requests through libcurl's multi interface */
#include "net/http.h"

#include "core/buf.h"
#include "core/mem.h"
#include "core/utf8.h"

#include <curl/curl.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum { MAX_REDIRECTS = 3, MAX_URL = 4096 };

typedef struct transfer {
    lem_http *owner;
    struct transfer *next, *before;
    CURL *curl;
    struct curl_slist *headers;
    lem_buf sent, body;
    char id[LEM_HTTP_ID];
    char error[CURL_ERROR_SIZE];
    char server[64];
    char stopped[128]; /* why a callback of ours ended it; "" = none did */
    size_t header_bytes;
    double retry_after, seconds; /* seconds: of redirects before */
    bool event_stream, other_id;
    int redirects;
    uint64_t tag;
} transfer;

struct lem_http {
    lem_http_opts opts;
    CURLM *multi;
    transfer *first;
    int active;
    bool global;
};

/* ---- libcurl's memory, whose failures count (core/mem.h): it may tell them as something else ---- */

static void *take(size_t n) { return lem_alloc(n, 1, NULL); }
static void *take_zero(size_t n, size_t size) { return lem_alloc_zero(n, size, NULL); }
static void *take_more(void *p, size_t n) { return lem_realloc(p, n, 1, NULL); }
static char *take_copy(const char *s) { return lem_strdup(s, NULL); }

static bool begin(void) {
    return curl_global_init_mem(CURL_GLOBAL_DEFAULT, take, lem_free, take_more, take_copy, take_zero) ==
           CURLE_OK;
}

/* ---- URLs ---- */

/* One part of a URL, copied; NULL if it has none. */
static char *part(CURLU *u, CURLUPart which) {
    char *text = NULL;
    if (curl_url_get(u, which, &text, which == CURLUPART_PORT ? CURLU_DEFAULT_PORT : 0) != CURLUE_OK)
        return NULL;
    return text;
}

static bool has(CURLU *u, CURLUPart which) {
    char *text = part(u, which);
    curl_free(text);
    return text != NULL;
}

static bool part_is(CURLU *u, CURLUPart which, const char *value) {
    char *text = part(u, which);
    bool same = text && strcasecmp(text, value) == 0;
    curl_free(text);
    return same;
}

static bool is_this_machine(CURLU *u) {
    char *host = part(u, CURLUPART_HOST);
    bool here = host && (strcasecmp(host, "localhost") == 0 || strncmp(host, "127.", 4) == 0 ||
                         strcmp(host, "[::1]") == 0);
    if (here && strncmp(host, "127.", 4) == 0) here = strspn(host, "0123456789.") == strlen(host);
    curl_free(host);
    return here;
}

static lem_status check_parts(CURLU *u, bool plain, lem_err *err) {
    if (!part_is(u, CURLUPART_SCHEME, "https") && !part_is(u, CURLUPART_SCHEME, "http"))
        return lem_fail(err, LEM_EUSAGE, "a URL that begins with https:// or http:// expected");
    if (has(u, CURLUPART_USER) || has(u, CURLUPART_PASSWORD))
        return lem_fail(err, LEM_EUSAGE,
                        "a URL without user and password expected; a key comes from the "
                        "environment");
    if (has(u, CURLUPART_QUERY) || has(u, CURLUPART_FRAGMENT))
        return lem_fail(err, LEM_EUSAGE, "a URL without '?' and '#' expected");
    if (!plain && part_is(u, CURLUPART_SCHEME, "http") && !is_this_machine(u))
        return lem_fail(err, LEM_EUSAGE,
                        "http:// to another machine sends everything readable by all on the "
                        "way; https:// expected");
    return LEM_OK;
}

lem_status lem_http_check_url(const char *url, bool plain, lem_err *err) {
    uint64_t failures = lem_mem_failures();
    bool ready = begin();
    CURLU *u = ready ? curl_url() : NULL;
    lem_status st = LEM_OK;
    if (!u) st = lem_fail(err, LEM_EMEM, "out of memory for a URL");
    else if (strlen(url) > MAX_URL || curl_url_set(u, CURLUPART_URL, url, 0) != CURLUE_OK)
        st = lem_fail(err, LEM_EUSAGE, "not a URL such as https://host/v1");
    else st = check_parts(u, plain, err);
    curl_url_cleanup(u);
    if (ready) curl_global_cleanup();
    lem_status lost = lem_mem_since(failures, "a URL", err);
    return lost ? lost : st;
}

/* Scheme, host and port are the same. */
static bool same_origin(const char *a, const char *b) {
    static const CURLUPart parts[] = {CURLUPART_SCHEME, CURLUPART_HOST, CURLUPART_PORT};
    CURLU *u = curl_url(), *v = curl_url();
    bool same = u && v && curl_url_set(u, CURLUPART_URL, a, 0) == CURLUE_OK &&
                curl_url_set(v, CURLUPART_URL, b, 0) == CURLUE_OK && !has(v, CURLUPART_USER);
    for (size_t i = 0; same && i < sizeof parts / sizeof *parts; i++) {
        char *x = part(u, parts[i]);
        same = x && part_is(v, parts[i], x);
        curl_free(x);
    }
    curl_url_cleanup(u);
    curl_url_cleanup(v);
    return same;
}

/* ---- what curl calls ---- */

static bool header_is(const char *line, size_t n, const char *name, const char **value, size_t *len) {
    size_t k = strlen(name);
    if (n <= k || strncasecmp(line, name, k) != 0 || line[k] != ':') return false;
    const char *v = line + k + 1, *end = line + n;
    while (v < end && lem_is_space(*v)) v++;
    while (end > v && lem_is_space(end[-1])) end--;
    *value = v;
    *len = (size_t)(end - v);
    return true;
}

static size_t on_header(char *line, size_t size, size_t count, void *ctx) {
    transfer *t = ctx;
    const char *v = NULL;
    size_t n = size * count, k = 0;
    t->header_bytes += n;
    if (t->header_bytes > LEM_HTTP_MAX_HEADERS) {
        snprintf(t->stopped, sizeof t->stopped, "more than %d KiB of headers", LEM_HTTP_MAX_HEADERS >> 10);
        return 0;
    }
    if (header_is(line, n, "Retry-After", &v, &k)) t->retry_after = lem_http_retry_after(v, k, time(NULL));
    if (header_is(line, n, "Content-Type", &v, &k))
        t->event_stream = k >= 17 && strncasecmp(v, "text/event-stream", 17) == 0;
    if (header_is(line, n, "Server", &v, &k))
        snprintf(t->server, sizeof t->server, "%.*s", (int)(k < 63 ? k : 63), v);
    if (t->id[0] && header_is(line, n, "X-Client-Request-Id", &v, &k))
        t->other_id = k != strlen(t->id) || memcmp(v, t->id, k) != 0;
    return n;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *ctx) {
    transfer *t = ctx;
    size_t n = size * count;
    if (n > t->owner->opts.max_body - t->body.len) {
        snprintf(t->stopped, sizeof t->stopped, "a reply of more than %zu bytes", t->owner->opts.max_body);
        return 0;
    }
    lem_buf_add(&t->body, bytes, n);
    if (t->body.failed) snprintf(t->stopped, sizeof t->stopped, "out of memory for the reply");
    return t->body.failed ? 0 : n;
}

/* ---- requests ---- */

static void free_transfer(transfer *t) {
    if (t->curl) curl_easy_cleanup(t->curl);
    curl_slist_free_all(t->headers);
    lem_buf_release(&t->sent);
    lem_buf_release(&t->body);
    lem_free(t);
}

static void unlink_transfer(transfer *t) {
    lem_http *h = t->owner;
    if (t->next) t->next->before = t->before;
    if (t->before) t->before->next = t->next;
    else h->first = t->next;
    h->active--;
}

static bool add_header(transfer *t, const char *name, const char *value) {
    lem_buf line = {0};
    lem_buf_printf(&line, "%s: %s", name, value);
    struct curl_slist *more = line.failed ? NULL : curl_slist_append(t->headers, line.data);
    if (line.data) explicit_bzero(line.data, line.len); /* it may be the key */
    lem_buf_release(&line);
    if (more) t->headers = more;
    return more != NULL;
}

static bool add_headers(transfer *t, const lem_http_request *r) {
    struct curl_slist *no_expect = curl_slist_append(t->headers, "Expect:");
    if (!no_expect) return false;
    t->headers = no_expect;
    bool ok = add_header(t, "Accept", "application/json, text/event-stream");
    if (r->body) ok = ok && add_header(t, "Content-Type", "application/json");
    if (r->id) ok = ok && add_header(t, "X-Client-Request-Id", r->id);
    if (r->key) {
        lem_buf bearer = {0};
        lem_buf_printf(&bearer, "Bearer %s", r->key);
        ok = ok && !bearer.failed && add_header(t, "Authorization", bearer.data);
        if (bearer.data) explicit_bzero(bearer.data, bearer.len);
        lem_buf_release(&bearer);
    }
    return ok;
}

#define SET(option, value) (ok = ok && curl_easy_setopt(t->curl, (option), (value)) == CURLE_OK)

static bool set_options(transfer *t, const lem_http_request *r) {
    const lem_http_opts *o = &t->owner->opts;
    bool ok = true;
    SET(CURLOPT_URL, r->url);
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_FRESH_CONNECT, 1L);
    SET(CURLOPT_FORBID_REUSE, 1L);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_PROXY, "");
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)(o->connect_s * 1000));
    SET(CURLOPT_TIMEOUT_MS, (long)(o->total_s * 1000));
    SET(CURLOPT_USERAGENT, "lemma");
    SET(CURLOPT_HTTPHEADER, t->headers);
    SET(CURLOPT_ERRORBUFFER, t->error);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, t);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, t);
    SET(CURLOPT_PRIVATE, t);
    if (r->idle_s > 0) {
        SET(CURLOPT_LOW_SPEED_LIMIT, 1L);
        SET(CURLOPT_LOW_SPEED_TIME, (long)(r->idle_s + 0.999));
    }
    if (r->body) {
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->sent.len);
        SET(CURLOPT_POSTFIELDS, lem_buf_str(&t->sent));
    }
    return ok;
}

lem_status lem_http_send(lem_http *h, const lem_http_request *r, lem_err *err) {
    transfer *t = lem_alloc_zero(1, sizeof *t, err);
    if (!t) return LEM_EMEM;
    t->owner = h;
    t->tag = r->tag;
    t->retry_after = -1;
    if (r->id) snprintf(t->id, sizeof t->id, "%s", r->id);
    if (r->body) lem_buf_add(&t->sent, r->body, r->len);
    t->curl = curl_easy_init();
    if (!t->curl || t->sent.failed || !add_headers(t, r) || !set_options(t, r) ||
        curl_multi_add_handle(h->multi, t->curl) != CURLM_OK) {
        free_transfer(t);
        return lem_fail(err, LEM_EMEM, "out of memory for a request");
    }
    t->next = h->first;
    if (t->next) t->next->before = t;
    h->first = t;
    h->active++;
    return LEM_OK;
}

/* ---- replies ---- */

static void one_line(char *text) {
    for (char *p = text; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 127) *p = ' ';
}

/* How it ended, in words for people. */
static void say_why(transfer *t, CURLcode rc, lem_http_reply *reply) {
    const char *words = t->stopped[0] ? t->stopped : t->error;
    if (!words[0]) words = curl_easy_strerror(rc);
    snprintf(reply->why, sizeof reply->why, "%.200s", words);
    one_line(reply->why);
}

static lem_http_reply reply_of(transfer *t, CURLcode rc) {
    long status = 0, sent = 0;
    double seconds = 0;
    curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(t->curl, CURLINFO_REQUEST_SIZE, &sent);
    curl_easy_getinfo(t->curl, CURLINFO_TOTAL_TIME, &seconds);
    lem_http_reply reply = {.tag = t->tag,
                            .end = LEM_HTTP_WHOLE,
                            .status = (int)status,
                            .body = lem_buf_str(&t->body),
                            .len = t->body.len,
                            .event_stream = t->event_stream,
                            .retry_after = t->retry_after,
                            .seconds = t->seconds + seconds,
                            .server = t->server};
    one_line(t->server);
    if (rc == CURLE_OK && t->other_id) {
        reply.end = LEM_HTTP_BROKEN;
        snprintf(reply.why, sizeof reply.why, "a reply to another request (its X-Client-Request-Id differs)");
    } else if (rc == CURLE_OK && (status < 200 || status > 599)) {
        reply.end = LEM_HTTP_BROKEN; /* HTTP/0.9, or a status that there is not */
        snprintf(reply.why, sizeof reply.why, "an HTTP status of %ld", status);
    } else if (rc != CURLE_OK) {
        reply.end = sent > 0 || t->redirects ? LEM_HTTP_BROKEN : LEM_HTTP_UNSENT;
        say_why(t, rc, &reply);
    }
    return reply;
}

/* 307 and 308 to the same origin: the request is sent there; true if so. */
static bool redirected(transfer *t, lem_http_reply *reply) {
    char *to = NULL, *from = NULL;
    bool moved = reply->status == 307 || reply->status == 308;
    curl_easy_getinfo(t->curl, CURLINFO_REDIRECT_URL, &to);
    curl_easy_getinfo(t->curl, CURLINFO_EFFECTIVE_URL, &from);
    if (reply->end != LEM_HTTP_WHOLE || reply->status / 100 != 3) return false;
    snprintf(reply->why, sizeof reply->why, "a redirect to %.200s", to ? to : "nowhere");
    one_line(reply->why);
    if (!moved || !to || !from || t->redirects == MAX_REDIRECTS || !same_origin(from, to)) return false;
    char *copy = lem_strdup(to, NULL);
    curl_multi_remove_handle(t->owner->multi, t->curl);
    bool ok = copy && curl_easy_setopt(t->curl, CURLOPT_URL, copy) == CURLE_OK;
    lem_free(copy);
    if (!ok) return false;
    t->redirects++;
    t->seconds = reply->seconds;
    lem_buf_clear(&t->body);
    t->header_bytes = 0;
    t->retry_after = -1;
    return curl_multi_add_handle(t->owner->multi, t->curl) == CURLM_OK;
}

/* Hands over what has ended. */
static lem_status collect(lem_http *h, lem_http_sink *sink, void *ctx, int *ended, lem_err *err) {
    CURLMsg *m;
    int left;
    while ((m = curl_multi_info_read(h->multi, &left))) {
        if (m->msg != CURLMSG_DONE) continue;
        CURLcode rc = m->data.result; /* m is gone once the handle is taken out */
        char *p = NULL;
        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &p);
        transfer *t = (transfer *)(void *)p;
        lem_http_reply reply = reply_of(t, rc);
        if (redirected(t, &reply)) continue;
        curl_multi_remove_handle(h->multi, t->curl);
        unlink_transfer(t);
        (*ended)++;
        lem_status st = sink(ctx, &reply, err);
        free_transfer(t);
        if (st != LEM_OK) return st;
    }
    return LEM_OK;
}

lem_status lem_http_wait(lem_http *h, double seconds, lem_http_sink *sink, void *ctx, lem_err *err) {
    int running = 0, ended = 0;
    CURLMcode rc = curl_multi_perform(h->multi, &running);
    lem_status st = LEM_OK;
    if (rc == CURLM_OK) st = collect(h, sink, ctx, &ended, err);
    if (st != LEM_OK) return st;
    if (rc == CURLM_OK && ended == 0 && seconds > 0) {
        rc = curl_multi_poll(h->multi, NULL, 0, (int)(seconds * 1000 + 0.999), NULL);
        if (rc == CURLM_OK) rc = curl_multi_perform(h->multi, &running);
        if (rc == CURLM_OK) st = collect(h, sink, ctx, &ended, err);
    }
    if (rc != CURLM_OK) return lem_fail(err, LEM_EREMOTE, "requests: %s", curl_multi_strerror(rc));
    return st;
}

int lem_http_active(const lem_http *h) { return h->active; }

/* ---- opening ---- */

lem_status lem_http_new(const lem_http_opts *o, lem_http **out, lem_err *err) {
    lem_http *h = lem_alloc_zero(1, sizeof *h, err);
    if (!h) return LEM_EMEM;
    h->opts = *o;
    if (h->opts.connect_s <= 0) h->opts.connect_s = 10;
    if (h->opts.total_s <= 0) h->opts.total_s = 600;
    if (h->opts.max_body == 0) h->opts.max_body = (size_t)16 << 20;
    h->global = begin();
    h->multi = h->global ? curl_multi_init() : NULL;
    if (!h->multi) {
        lem_http_free(h);
        return lem_fail(err, LEM_EMEM, "libcurl cannot be set up");
    }
    *out = h;
    return LEM_OK;
}

void lem_http_free(lem_http *h) {
    if (!h) return;
    for (transfer *t = h->first, *next; t; t = next) {
        next = t->next;
        curl_multi_remove_handle(h->multi, t->curl);
        free_transfer(t);
    }
    if (h->multi) curl_multi_cleanup(h->multi);
    if (h->global) curl_global_cleanup();
    lem_free(h);
}
