/* faultd.c - the fault-injecting server: a thread per connection, one request each */
#include "support/faultd.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MAX_IDS = 1 << 17, MAX_REQUEST = 1 << 20 };

typedef struct way {
    const char *name;
    bool bills, good;
} way;

static const way ways[] = {
    {"429", false, false},
    {"429-after", false, false},
    {"429-date", false, false},
    {"429-garbage", false, false},
    {"500", false, false},
    {"503", false, false},
    {"529", false, false},
    {"502", true, false},
    {"504", true, false},
    {"400", false, false},
    {"408", true, false},
    {"slow", true, true},
    {"truncated", true, false},
    {"chunk-cut", true, false},
    {"wrong-id", true, false},
    {"huge", true, false},
    {"headers", true, false},
    {"redirect-same", true, true},
    {"redirect-other", false, false},
    {"bad-json", true, false},
    {"no-choices", true, false},
    {"null-content", true, false},
    {"bad-utf8", true, false},
    {"html", true, false},
    {"reset-early", false, false},
    {"reset-late", true, false},
    {"reset-mid", true, false},
    {"hang", true, false},
    {"close-early", false, false},
    {"no-http", true, false},
    {"sse-cut", true, false},
    {"sse-two-ids", true, false},
    {"sse-error", true, false},
    {"sse-char", true, true},
    {"two-replies", true, true},
    {"echo-id", true, true},
    {"no-usage", true, true},
    {"quota", false, false},
    {"401", false, false},
};
enum { N_WAYS = sizeof ways / sizeof *ways, DRAWN = 37 }; /* the last two end a whole job */

typedef struct seen {
    char id[64];
    int requests, billed;
} seen;

struct faultd {
    faultd_opts o;
    int fd, port;
    pthread_t thread;
    pthread_mutex_t lock;
    int open; /* connections */
    int busy; /* requests that no byte of a reply was sent for */
    bool stop;
    faultd_books books;
    double first;
    seen *ids; /* open addressing */
};

typedef struct conn {
    faultd *f;
    int fd;
} conn;

typedef struct request {
    char head[8192], id[64], key[128], path[128];
    char *body;
    size_t len;
    bool stream, logprobs;
    long long seed;
    int asked, n; /* choices: asked for, given */
} request;

const char *faultd_name(int i) { return i < N_WAYS ? ways[i].name : NULL; }

static const way *way_of(const char *name) {
    for (int i = 0; i < N_WAYS; i++)
        if (strcmp(ways[i].name, name) == 0) return &ways[i];
    fprintf(stderr, "faultd: no fault is called '%s'\n", name);
    abort();
}

bool faultd_bills(const char *name) { return way_of(name)->bills; }

bool faultd_good(const char *name) { return way_of(name)->good; }

static double now_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void nap(double s) {
    struct timespec t = {(time_t)s, (long)((s - (double)(time_t)s) * 1e9)};
    nanosleep(&t, NULL);
}

static uint64_t mix(uint64_t x) {
    x ^= x >> 30;
    x *= 0xbf58476d1ce4e5b9ULL;
    x ^= x >> 27;
    x *= 0x94d049bb133111ebULL;
    return x ^ x >> 31;
}

static uint64_t hash(const char *s, uint64_t seed) {
    uint64_t h = mix(seed + 0x9e3779b97f4a7c15ULL);
    for (; *s; s++) h = mix(h ^ (unsigned char)*s) + 0x9e3779b97f4a7c15ULL;
    return mix(h);
}

/* With the lock held. */
static seen *seen_of(faultd *f, const char *id) {
    for (uint64_t at = hash(id, 1);; at++) {
        seen *s = &f->ids[at % MAX_IDS];
        if (!s->id[0]) snprintf(s->id, sizeof s->id, "%s", id);
        if (strcmp(s->id, id) == 0) return s;
    }
}

/* ---- the books ---- */

static const way *enter(faultd *f, const request *r) {
    pthread_mutex_lock(&f->lock);
    seen *s = seen_of(f, r->id);
    int k = s->requests++;
    double now = now_s();
    if (++f->books.requests == 1) f->first = now;
    else if (f->books.requests == 2) f->books.first_gap = now - f->first;
    if (++f->busy > f->books.most_at_once) f->books.most_at_once = f->busy;
    if (!r->key[0]) f->books.no_key++;
    snprintf(f->books.last_key, sizeof f->books.last_key, "%s", r->key);
    snprintf(f->books.last_body, sizeof f->books.last_body, "%s", r->body);
    pthread_mutex_unlock(&f->lock);
    if (f->o.key && strcmp(f->o.key, r->key) != 0) return way_of("401");
    if (f->o.fault) return f->o.times == 0 || k < f->o.times ? way_of(f->o.fault) : NULL;
    uint64_t h = hash(r->id, f->o.seed * 1000003 + (uint64_t)k);
    if ((double)(h >> 11) * 0x1p-53 >= f->o.rate) return NULL;
    return &ways[mix(h + 7) % DRAWN];
}

static int tokens_of(const request *r) { return (int)(r->len / 4) + 7 * r->n; }

static void bill(faultd *f, const request *r, const way *w) {
    pthread_mutex_lock(&f->lock);
    seen *s = seen_of(f, r->id);
    f->books.billed++;
    if (s->billed++) f->books.twice++;
    f->books.tokens += (uint64_t)tokens_of(r);
    FILE *out = f->o.bills ? fopen(f->o.bills, "a") : NULL;
    if (out) fprintf(out, "%s %d %s\n", r->id, tokens_of(r), w ? w->name : "ok");
    if (out) fclose(out);
    pthread_mutex_unlock(&f->lock);
}

/* ---- bytes ---- */

static bool stopped(faultd *f) {
    pthread_mutex_lock(&f->lock);
    bool s = f->stop;
    pthread_mutex_unlock(&f->lock);
    return s;
}

/* False at the end of the stream, after ten seconds, or when the server stops. */
static bool readable(faultd *f, int fd) {
    for (int i = 0; i < 500 && !stopped(f); i++) {
        struct pollfd p = {fd, POLLIN, 0};
        if (poll(&p, 1, 20) > 0) return true;
    }
    return false;
}

static bool put(int fd, const char *s, size_t n) {
    while (n) {
        ssize_t k = send(fd, s, n, MSG_NOSIGNAL);
        if (k <= 0) return false;
        s += k;
        n -= (size_t)k;
    }
    return true;
}

static bool say(int fd, const char *s) { return put(fd, s, strlen(s)); }

static void header(const request *r, const char *name, char *out, size_t n) {
    const char *at = strcasestr(r->head, name);
    out[0] = '\0';
    if (at) snprintf(out, n, "%.*s", (int)strcspn(at + strlen(name), "\r\n"), at + strlen(name));
}

/* Up to the empty line; *have = bytes of the body behind it. */
static char *read_head(faultd *f, int fd, request *r, size_t *have) {
    size_t n = 0;
    char *end = NULL;
    while (!end && n < sizeof r->head - 1) {
        if (!readable(f, fd)) return NULL;
        ssize_t k = recv(fd, r->head + n, sizeof r->head - 1 - n, 0);
        if (k <= 0) return NULL;
        n += (size_t)k;
        r->head[n] = '\0';
        end = strstr(r->head, "\r\n\r\n");
    }
    if (!end) return NULL;
    *have = n - (size_t)(end + 4 - r->head);
    return end + 4;
}

static bool read_body(faultd *f, int fd, request *r, char *rest, size_t have) {
    char length[32];
    header(r, "\r\nContent-Length: ", length, sizeof length);
    r->len = (size_t)strtoul(length, NULL, 10);
    if (r->len > MAX_REQUEST || have > r->len) return false;
    r->body = calloc(1, r->len + 1);
    memcpy(r->body, rest, have);
    *rest = '\0';
    while (have < r->len) {
        if (!readable(f, fd)) return false;
        ssize_t k = recv(fd, r->body + have, r->len - have, 0);
        if (k <= 0) return false;
        have += (size_t)k;
    }
    return true;
}

static bool read_request(faultd *f, int fd, request *r) {
    size_t have = 0;
    char key[160];
    char *rest = read_head(f, fd, r, &have);
    if (!rest || !read_body(f, fd, r, rest, have)) return false;
    const char *path = strchr(r->head, ' ');
    if (path) snprintf(r->path, sizeof r->path, "%.*s", (int)strcspn(path + 1, " "), path + 1);
    header(r, "\r\nX-Client-Request-Id: ", r->id, sizeof r->id);
    header(r, "\r\nAuthorization: ", key, sizeof key);
    if (strncmp(key, "Bearer ", 7) == 0) snprintf(r->key, sizeof r->key, "%.120s", key + 7);
    r->stream = strstr(r->body, "\"stream\":true") != NULL;
    const char *many = strstr(r->body, "\"n\":");
    r->n = r->asked = many ? (int)strtol(many + 4, NULL, 10) : 1;
    if (f->o.choices && r->n > f->o.choices) r->n = f->o.choices;
    const char *seed = strstr(r->body, "\"seed\":");
    r->seed = seed ? strtoll(seed + 7, NULL, 10) : -1;
    r->logprobs = strstr(r->body, "\"logprobs\":") != NULL;
    if (!r->id[0]) snprintf(r->id, sizeof r->id, "none");
    return true;
}

/* The last content, or the prompt, as it stands in the JSON. */
static void prompt_of(const request *r, char *out, size_t n) {
    const char *from = NULL;
    for (const char *p = r->body; (p = strstr(p, "\"content\":\"")); p++) from = p + 11;
    if (!from && (from = strstr(r->body, "\"prompt\":\""))) from += 10;
    size_t k = 0;
    while (from && from[k] && from[k] != '"') k += from[k] == '\\' ? 2 : 1;
    snprintf(out, n, "%.*s", (int)k, from ? from : "");
}

/* ---- replies ---- */

static void reply_status(int fd, int status, const char *headers, const char *body) {
    char head[512];
    snprintf(head, sizeof head,
             "HTTP/1.1 %d X\r\n%sContent-Type: application/json\r\nContent-Length: %zu\r\nConnection: "
             "close\r\n\r\n",
             status, headers, strlen(body));
    if (say(fd, head)) say(fd, body);
}

static char *text_of(const faultd *f, const request *r, int choice) {
    size_t n = r->len + 256;
    char *text = calloc(1, n), *prompt = calloc(1, n);
    prompt_of(r, prompt, n);
    if (f->o.text && f->o.repeats) snprintf(text, n, "%s%.200s", prompt, f->o.text);
    else if (f->o.text) snprintf(text, n, "%.200s", f->o.text);
    else if (f->o.vary) snprintf(text, n, "[[%s]] %lld/%d é", prompt, r->seed, choice);
    else snprintf(text, n, "[[%s]] é∑𝄞", prompt);
    free(prompt);
    return text;
}

/* Log-probabilities of three tokens, as chats or texts have them; "" where none are given. */
static const char *logprobs_of(const faultd *f, const request *r, bool chat) {
    static const char *const chats[] = {
        "\"logprobs\":{\"content\":[{\"token\":\"a\",\"logprob\":-0.25},{\"token\":\"b\",\"logprob\":-0.25},{"
        "\"token\":\"c\",\"logprob\":-0.25}]},",
        "\"logprobs\":{\"content\":[{\"token\":\"a\",\"logprob\":-0.25},{\"token\":\"b\",\"logprob\":null}]}"
        ","};
    static const char *const texts[] = {"\"logprobs\":{\"token_logprobs\":[-0.25,-0.25,-0.25]},",
                                        "\"logprobs\":{\"token_logprobs\":[null,-0.25]},"};
    if (!r->logprobs || f->o.logprobs == 0) return "";
    return chat ? chats[f->o.logprobs - 1] : texts[f->o.logprobs - 1];
}

/* A good reply, or one that is bad in its JSON alone. */
static char *json_of(const faultd *f, const request *r, const way *w, int *status) {
    const char *name = w ? w->name : "";
    *status = 200;
    if (f->o.answer) {
        char *said = f->o.answer(f->o.ctx, r->path, r->body, status);
        if (said && strcmp(name, "bad-json") == 0) said[strlen(said) / 2] = '\0';
        if (said) return said;
    }
    char *text = text_of(f, r, 0);
    bool chat = strstr(r->path, "chat") != NULL;
    size_t n = (strlen(text) + 384) * (size_t)(r->n + 1) + 512, at = 0;
    char *out = calloc(1, n);
    const char *logprobs = logprobs_of(f, r, chat);
    at += (size_t)snprintf(out, n, "{\"id\":\"x\",\"model\":\"teacher-0\",\"choices\":[");
    for (int i = 0; i < r->n && strcmp(name, "no-choices") != 0; i++) {
        const char *comma = i ? "," : "";
        free(text);
        text = text_of(f, r, i);
        at += (size_t)snprintf(out + at, n - at, "%s{\"index\":%d,\"finish_reason\":\"stop\",%s", comma, i,
                               logprobs);
        if (strcmp(name, "null-content") == 0)
            at +=
                (size_t)snprintf(out + at, n - at, "\"message\":{\"role\":\"assistant\",\"content\":null}}");
        else if (chat)
            at += (size_t)snprintf(out + at, n - at,
                                   "\"message\":{\"role\":\"assistant\",\"content\":\"%s\"}}", text);
        else at += (size_t)snprintf(out + at, n - at, "\"text\":\"%s\"}", text);
    }
    if (strcmp(name, "no-usage") == 0) snprintf(out + at, n - at, "]}");
    else
        snprintf(out + at, n - at, "],\"usage\":{\"prompt_tokens\":%d,\"completion_tokens\":%d}}",
                 (int)(r->len / 4), 7 * r->n);
    if (strcmp(name, "bad-json") == 0) out[strlen(out) / 2] = '\0';
    if (strcmp(name, "bad-utf8") == 0) *strstr(out, "é") = '\x80';
    free(text);
    return out;
}

/* Bytes of the next event: twelve, without cutting a character, or cutting the last one. Escapes stay whole.
 */
static size_t piece(const char *text, size_t n, bool split) {
    size_t k = n < 12 ? n : 12;
    if (strchr(text, '\\')) return n;
    if (split && n > 3 && n - 2 < k) return n - 2;
    while (!split && k < n && (text[k] & 0xc0) == 0x80) k--;
    return k;
}

/* One event, written in two pieces, so that a character is cut on the wire. */
static void put_event(int fd, const char *id, int choice, bool chat, const char *text, size_t k, bool last) {
    char event[256];
    const char *open = chat ? "\"delta\":{\"content\":\"" : "\"text\":\"";
    const char *close = chat ? "\"}" : "\"";
    const char *finish = last ? "\"stop\"" : "null";
    snprintf(event, sizeof event, "data: {\"id\":\"%s\",\"choices\":[{\"index\":%d,%s", id, choice, open);
    say(fd, event);
    put(fd, text, k / 2);
    put(fd, text + k / 2, k - k / 2);
    snprintf(event, sizeof event, "%s,\"finish_reason\":%s}]}\n\n", close, finish);
    say(fd, event);
}

static void stream_reply(const faultd *f, int fd, const request *r, const way *w) {
    const char *name = w ? w->name : "";
    char event[512];
    bool chat = strstr(r->path, "chat") != NULL, cut = strcmp(name, "sse-cut") == 0;
    bool two = strcmp(name, "sse-two-ids") == 0, split = strcmp(name, "sse-char") == 0;
    say(fd, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n: hello\n\n");
    if (strcmp(name, "sse-error") == 0) say(fd, "data: {\"error\":{\"message\":\"overloaded\"}}\r\n\r\n");
    for (int i = 0; i < r->n; i++) {
        char *text = text_of(f, r, i);
        for (size_t at = 0, k, n = strlen(text); at < n && !(cut && at); at += k) {
            k = piece(text + at, n - at, split);
            put_event(fd, two && at + k == n ? "y" : "x", i, chat, text + at, k, at + k == n);
        }
        free(text);
    }
    snprintf(event, sizeof event,
             "data: {\"id\":\"x\",\"model\":\"teacher-0\",\"choices\":[],\"usage\":{\"prompt_tokens\":%d,"
             "\"completion_tokens\":7}}\n\ndata: [DONE]\n\n",
             (int)(r->len / 4));
    say(fd, cut ? "data: {\"id\":\"x\",\"choi" : event);
}

static void reset(int fd) {
    struct linger l = {1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof l);
}

static void endless(faultd *f, int fd) {
    char block[4096];
    memset(block, ' ', sizeof block);
    say(fd, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n");
    for (int i = 0; i < 8192 && !stopped(f) && put(fd, block, sizeof block);) i++;
}

static void long_headers(int fd) {
    char line[1024];
    memset(line, 'x', sizeof line);
    memcpy(line, "X-A: ", 5);
    memcpy(line + sizeof line - 2, "\r\n", 2);
    say(fd, "HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < 70 && put(fd, line, sizeof line);) i++;
    say(fd, "\r\n{}");
}

/* Until the client goes. */
static void hang(faultd *f, int fd) {
    char c;
    while (!stopped(f)) {
        struct pollfd p = {fd, POLLIN, 0};
        if (poll(&p, 1, 20) > 0 && recv(fd, &c, 1, 0) <= 0) return;
    }
}

static void refuse(const faultd *f, int fd, const char *name) {
    char headers[128] = "";
    int status = (int)strtol(name, NULL, 10);
    if (strcmp(name, "429-after") == 0)
        snprintf(headers, sizeof headers, "Retry-After: %s\r\n", f->o.after ? f->o.after : "1");
    if (strcmp(name, "429-garbage") == 0) snprintf(headers, sizeof headers, "Retry-After: soon\r\n");
    if (strcmp(name, "429-date") == 0)
        snprintf(headers, sizeof headers, "Retry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
    if (strcmp(name, "quota") == 0) status = 429;
    char body[512];
    bool quota = strcmp(name, "quota") == 0;
    const char *words = f->o.refusal ? f->o.refusal : "planted \\n fault";
    if (quota) words = "You exceeded your quota";
    snprintf(body, sizeof body, "{\"error\":{\"message\":\"%.300s\",\"code\":\"%s\"}}", words,
             quota ? "insufficient_quota" : "x");
    reply_status(fd, status, headers, body);
}

static void redirect(const faultd *f, int fd, bool same) {
    char headers[160];
    const char *host = same ? "127.0.0.1" : "127.0.0.2";
    snprintf(headers, sizeof headers, "Location: http://%s:%d/moved/v1/chat/completions\r\n", host, f->port);
    reply_status(fd, same ? 308 : 307, headers, "");
}

/* Ways that are bad on the wire; false: it is none of them. */
static bool bad_wire(faultd *f, int fd, const request *r, const way *w, const char *json) {
    char head[256];
    const char *name = w->name;
    size_t n = strlen(json);
    if (strcmp(name, "truncated") == 0 || strcmp(name, "reset-mid") == 0) {
        snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", n + 10);
        say(fd, head);
        put(fd, json, n);
        if (strcmp(name, "reset-mid") == 0) reset(fd);
    } else if (strcmp(name, "chunk-cut") == 0) {
        snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%zx\r\n", n);
        say(fd, head);
        put(fd, json, n);
    } else if (strcmp(name, "wrong-id") == 0)
        reply_status(fd, 200, "X-Client-Request-Id: somebody-else\r\n", json);
    else if (strcmp(name, "html") == 0) reply_status(fd, 200, "", "<html>sign in</html>");
    else if (strcmp(name, "huge") == 0) endless(f, fd);
    else if (strcmp(name, "headers") == 0) long_headers(fd);
    else if (strcmp(name, "no-http") == 0) say(fd, "220 smtp.example.com ready\r\n");
    else if (strcmp(name, "hang") == 0) hang(f, fd);
    else if (strcmp(name, "reset-late") == 0) reset(fd);
    else return false;
    (void)r;
    return true;
}

static void good(faultd *f, int fd, const request *r, const way *w) {
    int status;
    char *json = json_of(f, r, w, &status);
    const char *name = w ? w->name : "";
    char echo[160];
    snprintf(echo, sizeof echo, "X-Client-Request-Id: %s\r\n", r->id);
    if (strcmp(name, "slow") == 0) nap(0.05);
    if (r->stream || strncmp(name, "sse-", 4) == 0) stream_reply(f, fd, r, w);
    else if (!w || !bad_wire(f, fd, r, w, json)) {
        reply_status(fd, status, strcmp(name, "echo-id") == 0 ? echo : "", json);
        if (strcmp(name, "two-replies") == 0) reply_status(fd, 200, "", "{}");
    }
    free(json);
}

/* What would be billed, and its reply. */
static void work(faultd *f, int fd, const request *r, const way *w) {
    const char *name = w ? w->name : "";
    if (!w && f->o.one_only && r->asked > 1) {
        reply_status(fd, 400, "", "{\"error\":{\"message\":\"Only one completion choice is allowed\"}}");
        return;
    }
    if (!w || w->bills) bill(f, r, w);
    if ((name[0] >= '4' && name[0] <= '5') || strcmp(name, "quota") == 0) {
        refuse(f, fd, name);
    } else if (w && !w->good && r->stream && strncmp(name, "sse-", 4) != 0) {
        int status;
        char *json = json_of(f, r, w, &status);
        if (!bad_wire(f, fd, r, w, json)) reply_status(fd, status, "", json);
        free(json);
    } else good(f, fd, r, w);
}

/* What a server says of itself. */
static void introduce(const faultd *f, int fd, const request *r) {
    char body[256];
    if (strcmp(r->path, "/v1/models") == 0)
        reply_status(fd, 200, "Server: faultd\r\n",
                     "{\"object\":\"list\",\"data\":[{\"id\":\"teacher-0\",\"owned_by\":\"faults\"}]}");
    else if (strcmp(r->path, "/version") == 0 && f->o.version) {
        snprintf(body, sizeof body, "{\"version\":\"%.100s\"}", f->o.version);
        reply_status(fd, 200, "", body);
    } else reply_status(fd, 404, "", "{}");
}

static void serve(faultd *f, int fd, const request *r) {
    if (strncmp(r->head, "GET ", 4) == 0) {
        introduce(f, fd, r);
        return;
    }
    bool moved = strncmp(r->path, "/moved/", 7) == 0;
    const way *w = moved ? NULL : enter(f, r);
    const char *name = w ? w->name : "";
    if (f->o.delay_s > 0) nap(f->o.delay_s);
    pthread_mutex_lock(&f->lock);
    if (!moved) f->busy--;
    pthread_mutex_unlock(&f->lock);
    if (strncmp(name, "redirect-", 9) == 0) redirect(f, fd, strcmp(name, "redirect-same") == 0);
    else if (strcmp(name, "reset-early") == 0) reset(fd);
    else if (strcmp(name, "close-early") != 0) work(f, fd, r, w);
}

static void *connection(void *ctx) {
    conn *c = ctx;
    faultd *f = c->f;
    request r = {.n = 1};
    int yes = 1;
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (read_request(f, c->fd, &r)) serve(f, c->fd, &r);
    close(c->fd);
    free(r.body);
    free(c);
    pthread_mutex_lock(&f->lock);
    f->open--;
    pthread_mutex_unlock(&f->lock);
    return NULL;
}

static void *listener(void *ctx) {
    faultd *f = ctx;
    while (!stopped(f)) {
        struct pollfd p = {f->fd, POLLIN, 0};
        if (poll(&p, 1, 50) <= 0) continue;
        int fd = accept(f->fd, NULL, NULL);
        if (fd < 0) continue;
        conn *c = malloc(sizeof *c);
        pthread_t t;
        pthread_attr_t small;
        *c = (conn){f, fd};
        pthread_mutex_lock(&f->lock);
        f->open++;
        pthread_mutex_unlock(&f->lock);
        pthread_attr_init(&small);
        pthread_attr_setstacksize(&small, 256 * 1024);
        if (pthread_create(&t, &small, connection, c) == 0) pthread_detach(t);
        else connection(c);
        pthread_attr_destroy(&small);
    }
    return NULL;
}

faultd *faultd_start(const faultd_opts *o) {
    faultd *f = calloc(1, sizeof *f);
    int yes = 1;
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)o->port)};
    socklen_t n = sizeof a;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    f->o = *o;
    f->ids = calloc(MAX_IDS, sizeof *f->ids);
    f->fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(f->fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    pthread_mutex_init(&f->lock, NULL);
    bool listens = bind(f->fd, (struct sockaddr *)&a, sizeof a) == 0 && listen(f->fd, 512) == 0 &&
                   getsockname(f->fd, (struct sockaddr *)&a, &n) == 0;
    f->port = ntohs(a.sin_port); /* before the thread that reads it */
    if (!listens || pthread_create(&f->thread, NULL, listener, f) != 0) {
        close(f->fd);
        free(f->ids);
        free(f);
        return NULL;
    }
    return f;
}

int faultd_port(const faultd *f) { return f->port; }

faultd_books faultd_read(faultd *f) {
    pthread_mutex_lock(&f->lock);
    faultd_books b = f->books;
    pthread_mutex_unlock(&f->lock);
    return b;
}

void faultd_stop(faultd *f) {
    bool open = true;
    if (!f) return;
    pthread_mutex_lock(&f->lock);
    f->stop = true;
    pthread_mutex_unlock(&f->lock);
    pthread_join(f->thread, NULL);
    while (open) {
        pthread_mutex_lock(&f->lock);
        open = f->open > 0;
        pthread_mutex_unlock(&f->lock);
        if (open) nap(0.005);
    }
    close(f->fd);
    pthread_mutex_destroy(&f->lock);
    free(f->ids);
    free(f);
}
