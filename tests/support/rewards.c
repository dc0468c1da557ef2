/* rewards.c - replies of reward servers */
#include "support/rewards.h"

#include "core/json.h"
#include "core/object.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char tag[] = "<extra_0>";

double rewards_of(const void *bytes, size_t n) {
    const unsigned char *p = bytes;
    uint64_t h = 1469598103934665603ULL;
    for (size_t i = 0; i < n; i++) h = (h ^ p[i]) * 1099511628211ULL;
    h ^= h >> 29;
    return (double)(h * 0x9e3779b97f4a7c15ULL >> 44) / 65536 - 8;
}

void rewards_init(rewards *r, const rewards_opts *o) {
    memset(r, 0, sizeof *r);
    r->o = *o;
    pthread_mutex_init(&r->lock, NULL);
}

void rewards_settle(rewards *r) {
    pthread_mutex_lock(&r->lock);
    pthread_mutex_unlock(&r->lock);
}

/* ---- numbers ---- */

static lem_json *number(const rewards *r, double x) {
    return lem_json_new_num(r->o.activates ? 1 / (1 + exp(-x)) : x);
}

static lem_json *vector(const rewards *r, double x) {
    lem_json *v = lem_json_new_array();
    int n = r->o.fault && strcmp(r->o.fault, "hidden") == 0 ? 5 : r->o.outputs;
    if (n == 2 && r->o.activates) {
        double p = 1 / (1 + exp(-2 * x));
        lem_json_append(v, lem_json_new_num(1 - p));
        lem_json_append(v, lem_json_new_num(p));
        return v;
    }
    if (n == 2) lem_json_append(v, lem_json_new_num(-x));
    for (int i = n == 2; i < n; i++) lem_json_append(v, number(r, x));
    return v;
}

/* ---- one text ---- */

/* The bytes of a list of tokens; the caller frees them. */
static unsigned char *bytes_of(const lem_json *ids, size_t *n) {
    *n = 4 * lem_json_count(ids);
    unsigned char *b = calloc(1, *n + 1);
    for (size_t i = 0; i < *n; i++)
        b[i] = (unsigned char)(lem_json_int(lem_json_at(ids, i / 4), 0) >> 8 * (i % 4));
    return b;
}

static lem_json *of_steps_of_text(const rewards *r, const char *text) {
    lem_json *list = lem_json_new_array();
    for (const char *p = text; (p = strstr(p, tag)); p += strlen(tag))
        lem_json_append(list, vector(r, rewards_of(text, (size_t)(p - text))));
    return list;
}

static lem_json *of_tokens(const rewards *r, const lem_json *ids) {
    size_t n;
    unsigned char *b = bytes_of(ids, &n);
    lem_json *list = lem_json_new_array();
    for (size_t i = 0; i < lem_json_count(ids); i++)
        if (r->o.every_token || lem_json_int(lem_json_at(ids, i), 0) == r->o.step_id)
            lem_json_append(list, vector(r, rewards_of(b, 4 * i + 4)));
    free(b);
    return list;
}

/* One vector of the whole; where each token has one, that of the whole is the last of them. */
static lem_json *of_whole(const rewards *r, const lem_json *input, bool per_token) {
    size_t n = lem_json_str_len(input);
    const char *text = lem_json_str(input, "");
    unsigned char *b = lem_json_kind(input) == LEM_JSON_ARRAY ? bytes_of(input, &n) : NULL;
    lem_json *v = vector(r, b ? rewards_of(b, n) : rewards_of(text, n));
    free(b);
    if (!per_token) return v;
    lem_json *list = lem_json_new_array();
    for (int i = 0; i < 3; i++) lem_json_append(list, vector(r, (double)i / 8));
    lem_json_append(list, v);
    return list;
}

static lem_json *pooled(const rewards *r, const lem_json *body, const lem_json *input) {
    bool tokens = strcmp(lem_json_str(lem_json_get(body, "task"), ""), "token_classify") == 0;
    if (tokens && lem_json_kind(input) == LEM_JSON_ARRAY) return of_tokens(r, input);
    if (tokens && strstr(lem_json_str(input, ""), tag) && !r->o.every_token)
        return of_steps_of_text(r, lem_json_str(input, ""));
    return of_whole(r, input, tokens);
}

/* ---- lists ---- */

/* What was sent: the texts, or the last message of a conversation; borrowed. */
static const lem_json *texts_of(const lem_json *body, const char *path) {
    const lem_json *messages = lem_json_get(body, "messages");
    if (strcmp(path, "/get_reward") == 0) return lem_json_get(body, "query");
    if (strcmp(path, "/score") == 0) return lem_json_get(body, "text_2");
    if (strcmp(path, "/rerank") == 0) return lem_json_get(body, "documents");
    return messages ? NULL : lem_json_get(body, "input");
}

static const lem_json *text_at(const lem_json *body, const lem_json *texts, size_t i) {
    const lem_json *m = lem_json_get(body, "messages");
    if (texts) return lem_json_at(texts, i);
    return lem_json_get(lem_json_at(m, lem_json_count(m) - 1), "content");
}

static lem_json *element(const rewards *r, const char *path, const lem_json *body, const lem_json *text,
                         size_t i) {
    const char *fault = r->o.fault ? r->o.fault : "";
    lem_object o = lem_object_new();
    lem_object_int(&o, "index", strcmp(fault, "twice") == 0 ? 0 : i);
    double x = rewards_of(lem_json_str(text, ""), lem_json_str_len(text));
    lem_json *value = NULL;
    if (strcmp(fault, "null") == 0) value = lem_json_new_null();
    else if (strcmp(fault, "string") == 0) value = lem_json_new_str("AACAPw==");
    if (strcmp(path, "/pooling") == 0) lem_object_json(&o, "data", value ? value : pooled(r, body, text));
    else if (strcmp(path, "/classify") == 0)
        lem_object_json(&o, "probs", value ? value : of_whole(r, text, false));
    else if (strcmp(path, "/score") == 0) lem_object_json(&o, "score", value ? value : number(r, x));
    else lem_object_json(&o, "relevance_score", value ? value : number(r, x));
    return lem_object_done(&o);
}

static lem_json *rewards_list(const rewards *r, const lem_json *texts, size_t n) {
    lem_json *list = lem_json_new_array();
    for (size_t i = 0; i < n; i++) {
        const lem_json *t = lem_json_at(texts, i);
        lem_json_append(list, number(r, rewards_of(lem_json_str(t, ""), lem_json_str_len(t))));
    }
    return list;
}

static lem_json *elements(const rewards *r, const char *path, const lem_json *body, const lem_json *texts,
                          size_t n) {
    lem_json *list = lem_json_new_array();
    for (size_t k = 0; k < n; k++) {
        size_t i = r->o.shuffles ? n - 1 - k : k;
        lem_json_append(list, element(r, path, body, text_at(body, texts, i), i));
    }
    return list;
}

static char *reply(const rewards *r, const char *path, const lem_json *body, size_t *n) {
    const lem_json *texts = texts_of(body, path);
    const char *fault = r->o.fault ? r->o.fault : "";
    *n = texts ? lem_json_count(texts) : 1;
    size_t told = strcmp(fault, "count") == 0 ? *n - 1 : *n;
    lem_object o = lem_object_new(), usage = lem_object_new();
    lem_object_str(&o, "model", "served");
    if (strcmp(path, "/get_reward") == 0) lem_object_json(&o, "rewards", rewards_list(r, texts, told));
    else
        lem_object_json(&o, strcmp(path, "/rerank") == 0 ? "results" : "data",
                        elements(r, path, body, texts, told));
    lem_object_int(&usage, "prompt_tokens", 10 * *n);
    lem_object_json(&o, "usage", lem_object_done(&usage));
    lem_json *json = lem_object_done(&o);
    lem_buf b = {0};
    lem_json_write(json, 0, &b);
    lem_json_free(json);
    char *out = strdup(lem_buf_str(&b));
    lem_buf_release(&b);
    return out;
}

/* The first score of the reply becomes what no JSON holds, or what no double holds. */
static char *spoil(char *said, const char *with) {
    static const char *const before[] = {"\"data\":[", "\"probs\":[",
                                         "\"score\":", "_score\":", "\"rewards\":["};
    char *at = NULL;
    for (size_t i = 0; i < sizeof before / sizeof *before; i++)
        for (char *p = said; !at && (p = strstr(p, before[i]));) {
            p += strlen(before[i]);
            if (strchr("-0123456789", *p)) at = p;
        }
    if (!at) return said;
    size_t n = strlen(said) + strlen(with) + 1;
    char *out = calloc(1, n);
    snprintf(out, n, "%.*s%s%s", (int)(at - said), said, with, at + strspn(at, "-+.0123456789eE"));
    free(said);
    return out;
}

static char *refusal(int *status, int code, const char *words) {
    char text[160];
    *status = code;
    snprintf(text, sizeof text, "{\"error\":{\"message\":\"%s\",\"code\":%d}}", words, code);
    return strdup(text);
}

char *rewards_answer(void *ctx, const char *path, const char *body, int *status) {
    rewards *r = ctx;
    lem_json *in = NULL;
    size_t n = 0, len = strlen(path);
    rewards_settle(r);
    const char *at = strstr(r->o.apis, path);
    if (!at || (at[len] && at[len] != ' ')) return refusal(status, 404, "Not Found");
    if (r->o.too_long && strstr(body, r->o.too_long))
        return refusal(status, 400, "maximum context length is 7 tokens");
    if (r->o.lacks && !strstr(body, r->o.lacks)) return refusal(status, 400, "something is missing");
    if (lem_json_parse(body, strlen(body), &in, NULL) != LEM_OK) return refusal(status, 400, "no JSON");
    char *said = reply(r, path, in, &n);
    const char *fault = r->o.fault;
    lem_json_free(in);
    pthread_mutex_lock(&r->lock);
    r->requests++;
    r->texts += (int)n;
    snprintf(r->last, sizeof r->last, "%s", body);
    pthread_mutex_unlock(&r->lock);
    if (fault && strcmp(fault, "nan") == 0) return spoil(said, "NaN");
    if (fault && strcmp(fault, "huge") == 0) return spoil(said, "1e999");
    return said;
}
