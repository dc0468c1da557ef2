/* endpoint_options.c - servers, keys and budgets from the command line */
#include "cli/endpoint_options.h"

#include "core/mem.h"
#include "net/http.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_KEY = 8192 };

bool lem_endpoint_given(const lem_args *args) { return lem_json_count(lem_args_tree(args, "endpoint")) > 0; }

/* ---- servers ---- */

static lem_status read_urls(const lem_args *args, lem_endpoint_options *e, lem_teach_opts *o, lem_err *err) {
    const lem_json *list = lem_args_tree(args, "endpoint");
    size_t n = lem_json_count(list);
    e->urls = lem_alloc(n + 1, sizeof *e->urls, err);
    if (!e->urls) return LEM_EMEM;
    for (size_t i = 0; i < n; i++) {
        e->urls[i] = lem_json_str(lem_json_at(list, i), "");
        lem_status st = lem_http_check_url(e->urls[i], o->plain, err);
        if (st != LEM_OK) return lem_err_context(err, "--endpoint %zu", i + 1);
    }
    o->urls = e->urls;
    o->n_urls = (int)n;
    return LEM_OK;
}

/* ---- keys ---- */

/* Takes the text, which is wiped: it may be refused. */
static lem_status take_key(const char *option, const char *text, size_t n, lem_endpoint_options *e,
                           lem_err *err) {
    while (n && (text[n - 1] == '\n' || text[n - 1] == '\r')) n--;
    if (n == 0) return lem_fail(err, LEM_EUSAGE, "--%s: there is no key in it", option);
    for (size_t i = 0; i < n; i++)
        if (text[i] <= ' ' || text[i] > '~')
            return lem_fail(err, LEM_EUSAGE, "--%s: it holds white space, or what is no key", option);
    e->key = lem_strndup(text, n, err);
    e->key_len = n;
    return e->key ? LEM_OK : LEM_EMEM;
}

static lem_status read_key_env(const char *name, lem_endpoint_options *e, lem_err *err) {
    const char *text = getenv(name);
    if (!text || !*text)
        return lem_fail(err, LEM_EUSAGE, "--key-env: the environment variable '%s' is not set", name);
    return take_key("key-env", text, strlen(text), e, err);
}

/* Only its owner may read a key; what is open is looked at, so that nothing changes in between. */
static lem_status check_key_file(int fd, const char *path, lem_err *err) {
    struct stat s;
    if (fstat(fd, &s) != 0) return lem_fail_errno(err, LEM_EIO, "--key-file: %s", path);
    if (!S_ISREG(s.st_mode)) return lem_fail(err, LEM_EUSAGE, "--key-file: %s is not a plain file", path);
    if (s.st_uid != geteuid())
        return lem_fail(err, LEM_EUSAGE, "--key-file: %s belongs to another user (%u)", path,
                        (unsigned)s.st_uid);
    if ((s.st_mode & 07777) != 0600)
        return lem_fail(err, LEM_EUSAGE, "--key-file: %s has mode %04o, 0600 expected: chmod 600 it", path,
                        (unsigned)(s.st_mode & 07777));
    return LEM_OK;
}

static lem_status read_key_file(const char *path, lem_endpoint_options *e, lem_err *err) {
    char text[MAX_KEY];
    size_t n = 0;
    ssize_t k = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return lem_fail_errno(err, LEM_EUSAGE, "--key-file: %s", path);
    lem_status st = check_key_file(fd, path, err);
    while (st == LEM_OK && n < sizeof text &&
           ((k = read(fd, text + n, sizeof text - n)) > 0 || (k < 0 && errno == EINTR)))
        if (k > 0) n += (size_t)k;
    if (st == LEM_OK && k < 0) st = lem_fail_errno(err, LEM_EIO, "--key-file: %s", path);
    if (st == LEM_OK && n == sizeof text)
        st = lem_fail(err, LEM_EUSAGE, "--key-file: %s holds more than a key", path);
    if (st == LEM_OK) st = take_key("key-file", text, n, e, err);
    explicit_bzero(text, sizeof text);
    close(fd);
    return st;
}

static lem_status read_key(const lem_args *args, lem_endpoint_options *e, lem_teach_opts *o, lem_err *err) {
    const char *name = lem_args_str(args, "key-env"), *path = lem_args_str(args, "key-file");
    lem_status st = LEM_OK;
    if (name && path) return lem_fail(err, LEM_EUSAGE, "--key-env and --key-file exclude each other");
    if (name) st = read_key_env(name, e, err);
    if (path) st = read_key_file(path, e, err);
    o->key = e->key;
    return st;
}

lem_status lem_endpoint_read(const lem_cli *cli, const lem_args *args, lem_endpoint_options *e,
                             lem_teach_opts *o, lem_err *err) {
    o->seed = cli->seed;
    o->cancel = cli->cancel;
    o->log = cli->log;
    o->plain = lem_args_flag(args, "allow-http");
    o->concurrency = (int)lem_args_int(args, "concurrency");
    o->tries = (int)lem_args_int(args, "tries");
    o->resend = (int)lem_args_int(args, "resend");
    o->timeout_s = lem_args_num(args, "timeout");
    o->base_s = lem_args_num(args, "retry-base");
    o->max_requests = (uint64_t)lem_args_int(args, "budget-requests");
    o->max_tokens = (uint64_t)lem_args_int(args, "budget-tokens");
    o->max_cost = lem_args_num(args, "budget-cost");
    o->price_in = lem_args_num(args, "price-in");
    o->price_out = lem_args_num(args, "price-out");
    lem_status st = read_urls(args, e, o, err);
    if (st == LEM_OK) st = read_key(args, e, o, err);
    if (st != LEM_OK) return st;
    if (o->max_cost > 0 && o->price_in <= 0 && o->price_out <= 0)
        return lem_fail(err, LEM_EUSAGE,
                        "--budget-cost needs --price-in and --price-out: what does a million tokens cost?");
    return LEM_OK;
}

/* ---- requests for text ---- */

/* may_go: null, which takes a member out, is allowed. */
static lem_status check_own(const lem_json *extra, const char *const *own, bool may_go, lem_err *err) {
    for (; own && *own; own++) {
        const lem_json *v = lem_json_get(extra, *own);
        if (v && !(may_go && lem_json_kind(v) == LEM_JSON_NULL))
            return lem_fail(err, LEM_EUSAGE, "--body: %s is lemma's own", *own);
    }
    return LEM_OK;
}

/* What the ledger and the budgets rest on is not set past them. */
static lem_status check_extra(const lem_json *extra, lem_completion_opts *chat, lem_err *err) {
    static const char *const ours[] = {"model",   "messages", "prompt",         "n",
                                       "best_of", "stream",   "stream_options", NULL};
    const lem_json *most = lem_json_get(extra, "max_completion_tokens"),
                   *old = lem_json_get(extra, "max_tokens");
    lem_status st = check_own(extra, ours, false, err);
    if (st != LEM_OK) return st;
    if (old && lem_json_kind(old) != LEM_JSON_NULL)
        return lem_fail(err, LEM_EUSAGE, "--body: max_tokens is --max-tokens; null takes it out");
    int64_t n = lem_json_int(most, 0);
    if ((most || old) && (n < 1 || n > 1000000000))
        return lem_fail(
            err, LEM_EUSAGE,
            "--body: max_completion_tokens: a number from 1 expected, as nothing else bounds a reply");
    if (n > chat->max_tokens || old) chat->max_tokens = (int)n;
    return LEM_OK;
}

lem_status lem_endpoint_read_completion(const lem_args *args, lem_endpoint_options *e, lem_teach_opts *o,
                                        const char *const *own, lem_err *err) {
    const char *body = lem_args_str(args, "body");
    o->chat.text = lem_args_is(args, "api", "text");
    o->chat.stream = lem_args_flag(args, "stream");
    if (!body) return LEM_OK;
    lem_status st = lem_json_parse(body, strlen(body), &e->extra, err);
    if (st != LEM_OK) {
        lem_err_context(err, "--body");
        err->status = LEM_EUSAGE;
        return LEM_EUSAGE;
    }
    if (lem_json_kind(e->extra) != LEM_JSON_OBJECT)
        return lem_fail(err, LEM_EUSAGE, "--body: an object expected");
    o->chat.extra = e->extra;
    st = check_own(e->extra, own, true, err);
    return st == LEM_OK ? check_extra(e->extra, &o->chat, err) : st;
}

void lem_endpoint_release(lem_endpoint_options *e) {
    if (e->key) explicit_bzero(e->key, e->key_len);
    lem_free(e->key);
    lem_free(e->urls);
    lem_json_free(e->extra);
    *e = (lem_endpoint_options){0};
}
