/* test_http.c - each fault of the server ends as what it is: whole, unsent or broken; bounds, redirects, keys
 */
#include "core/log.h"
#include "net/http.h"
#include "support/faultd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define BODY "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]}"

typedef struct got {
    int n;
    lem_http_reply reply;
    char body[4096];
} got;

static lem_status take(void *ctx, const lem_http_reply *reply, lem_err *err) {
    (void)err;
    got *g = ctx;
    g->n++;
    g->reply = *reply;
    snprintf(g->body, sizeof g->body, "%s", reply->body);
    return LEM_OK;
}

static got ask_url(const char *url, const lem_http_opts *o, const char *key, double idle) {
    lem_err err = LEM_ERR_INIT;
    lem_http *h = NULL;
    got g = {0};
    lem_http_request r = {
        .url = url, .body = BODY, .len = strlen(BODY), .id = "id-1", .key = key, .idle_s = idle, .tag = 7};
    assert_int_equal(lem_http_new(o, &h, &err), LEM_OK);
    assert_int_equal(lem_http_send(h, &r, &err), LEM_OK);
    assert_int_equal(lem_http_active(h), 1);
    double until = lem_clock_seconds() + 20;
    while (lem_http_active(h) && lem_clock_seconds() < until)
        assert_int_equal(lem_http_wait(h, 0.1, take, &g, &err), LEM_OK);
    lem_http_free(h);
    assert_int_equal(g.n, 1);
    assert_int_equal(g.reply.tag, 7);
    return g;
}

static got ask(const faultd_opts *f, const lem_http_opts *o, const char *key, faultd_books *books) {
    char url[128];
    faultd *server = faultd_start(f);
    assert_non_null(server);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/v1/chat/completions", faultd_port(server));
    got g = ask_url(url, o, key, 0);
    if (books) *books = faultd_read(server);
    faultd_stop(server);
    return g;
}

/* Every fault, by name: never more than one request at the server, and no bill that the client takes for
 * none. */
static void each_fault_ends_as_what_it_is(void **state) {
    (void)state;
    const lem_http_opts o = {.total_s = 0.6, .max_body = 1 << 20};
    for (int i = 0; faultd_name(i); i++) {
        const char *name = faultd_name(i);
        faultd_books b;
        got g = ask(&(faultd_opts){.fault = name}, &o, NULL, &b);
        if (b.requests != 1) fail_msg("%s: %d requests", name, b.requests);
        if (b.billed && g.reply.end == LEM_HTTP_UNSENT) fail_msg("%s: billed and taken for unsent", name);
        if (faultd_good(name) &&
            (g.reply.end != LEM_HTTP_WHOLE || g.reply.status != 200 || !strstr(g.body, "hello")))
            fail_msg("%s: end %d, status %d, %s", name, (int)g.reply.end, g.reply.status, g.reply.why);
        if (strchr(g.reply.why, '\n')) fail_msg("%s: two lines: %s", name, g.reply.why);
    }
}

static void expect_broken(const char *fault, const char *words) {
    const lem_http_opts o = {.total_s = 0.6, .max_body = 1 << 20};
    got g = ask(&(faultd_opts){.fault = fault}, &o, NULL, NULL);
    if (g.reply.end != LEM_HTTP_BROKEN || !strstr(g.reply.why, words))
        fail_msg("%s: end %d, status %d, '%s'", fault, (int)g.reply.end, g.reply.status, g.reply.why);
}

static void broken_replies_say_why(void **state) {
    (void)state;
    expect_broken("truncated", "transfer closed");
    expect_broken("chunk-cut", "outstanding read data");
    expect_broken("wrong-id", "another request");
    expect_broken("huge", "more than 1048576 bytes");
    expect_broken("headers", "64 KiB of headers");
    expect_broken("reset-late", "");
    expect_broken("reset-mid", "");
    expect_broken("hang", "timed out");
    expect_broken("no-http", "HTTP/0.9");
}

static void a_port_where_nobody_listens_is_unsent(void **state) {
    (void)state;
    char url[128];
    faultd *f = faultd_start(&(faultd_opts){0});
    snprintf(url, sizeof url, "http://127.0.0.1:%d/v1", faultd_port(f));
    faultd_stop(f);
    got g = ask_url(url, &(lem_http_opts){0}, NULL, 0);
    assert_int_equal(g.reply.end, LEM_HTTP_UNSENT);
    assert_non_null(strstr(g.reply.why, "Failed to connect"));
    g = ask_url("https://127.0.0.1:1/v1", &(lem_http_opts){0}, NULL, 0);
    assert_int_equal(g.reply.end, LEM_HTTP_UNSENT);
}

/* The handshake fails: nothing of the request, nor the key, left. */
static void no_tls_is_unsent(void **state) {
    (void)state;
    char url[128];
    faultd_books b;
    faultd *f = faultd_start(&(faultd_opts){0});
    snprintf(url, sizeof url, "https://127.0.0.1:%d/v1", faultd_port(f));
    got g = ask_url(url, &(lem_http_opts){.connect_s = 1, .total_s = 2}, "canary", 0);
    b = faultd_read(f);
    faultd_stop(f);
    assert_int_equal(g.reply.end, LEM_HTTP_UNSENT);
    assert_int_equal(b.requests, 0);
}

/* A server with a certificate that nobody vouches for: the handshake ends, and nothing is sent. Skipped
 * without the openssl program. */
static void certificates_are_verified(void **state) {
    (void)state;
    char url[64], line[512];
    faultd *f = faultd_start(&(faultd_opts){0}); /* for a port that is free */
    int port = faultd_port(f);
    faultd_stop(f);
    if (system("command -v openssl >/dev/null 2>&1") != 0) skip();
    snprintf(line, sizeof line,
             "d=$(mktemp -d) && cd $d && openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "
             "/CN=127.0.0.1 -addext "
             "subjectAltName=IP:127.0.0.1 -keyout k -out c >/dev/null 2>&1 && { timeout 20 openssl s_server "
             "-accept %d -cert c "
             "-key k -quiet >/dev/null 2>&1 </dev/zero & sleep 1; rm -rf $d; }",
             port);
    if (system(line) != 0) skip();
    snprintf(url, sizeof url, "https://127.0.0.1:%d/v1", port);
    got g = {0};
    for (int i = 0; i < 20 && (i == 0 || strstr(g.reply.why, "connect to")); i++) { /* until it listens */
        if (i) sleep(1);
        g = ask_url(url, &(lem_http_opts){.total_s = 5}, "canary", 0);
    }
    if (g.reply.end != LEM_HTTP_UNSENT || !strcasestr(g.reply.why, "certificate"))
        fail_msg("end %d, '%s'", (int)g.reply.end, g.reply.why);
}

static void redirects_stay_at_home(void **state) {
    (void)state;
    faultd_books b;
    got g = ask(&(faultd_opts){.fault = "redirect-same"}, &(lem_http_opts){0}, "canary", &b);
    assert_int_equal(g.reply.status, 200);
    g = ask(&(faultd_opts){.fault = "redirect-other"}, &(lem_http_opts){0}, "canary", &b);
    assert_int_equal(g.reply.status, 307);
    assert_non_null(strstr(g.reply.why, "a redirect to http://127.0.0.2:"));
    assert_int_equal(b.requests, 1);
}

static void the_key_is_sent_as_bearer(void **state) {
    (void)state;
    faultd_books b;
    got g = ask(&(faultd_opts){.key = "sk-1"}, &(lem_http_opts){0}, "sk-1", &b);
    assert_int_equal(g.reply.status, 200);
    assert_string_equal(b.last_key, "sk-1");
    g = ask(&(faultd_opts){.key = "sk-1"}, &(lem_http_opts){0}, NULL, &b);
    assert_int_equal(g.reply.status, 401);
}

/* One byte more than the limit is too much, the limit is not. */
static void the_limit_of_a_reply_is_exact(void **state) {
    (void)state;
    got g = ask(&(faultd_opts){0}, &(lem_http_opts){0}, NULL, NULL);
    size_t n = g.reply.len;
    g = ask(&(faultd_opts){0}, &(lem_http_opts){.max_body = n}, NULL, NULL);
    assert_int_equal(g.reply.end, LEM_HTTP_WHOLE);
    g = ask(&(faultd_opts){0}, &(lem_http_opts){.max_body = n - 1}, NULL, NULL);
    assert_int_equal(g.reply.end, LEM_HTTP_BROKEN);
}

static void silence_is_given_up(void **state) {
    (void)state;
    char url[128];
    faultd *f = faultd_start(&(faultd_opts){.fault = "hang"});
    snprintf(url, sizeof url, "http://127.0.0.1:%d/v1/chat/completions", faultd_port(f));
    got g = ask_url(url, &(lem_http_opts){.total_s = 30}, NULL, 1);
    faultd_stop(f);
    assert_int_equal(g.reply.end, LEM_HTTP_BROKEN);
    assert_true(g.reply.seconds < 8);
}

static double after(const char *s) {
    return lem_http_retry_after(s, strlen(s), 784111777); /* Sun, 06 Nov 1994 08:49:37 GMT */
}

static void retry_after_is_seconds_or_a_date(void **state) {
    (void)state;
    assert_true(after("0") == 0 && after(" 7 ") == 7 && after("120") == 120);
    assert_true(after("301") == 300 && after("99999999999999999999999999999999") == 300);
    assert_true(after("Sun, 06 Nov 1994 08:49:47 GMT") == 10);
    assert_true(after("Sunday, 06-Nov-94 08:49:57 GMT") == 20);
    assert_true(after("Mon, 07 Nov 1994 08:49:37 GMT") == 300);
    assert_true(after("Sun, 06 Nov 1994 08:49:36 GMT") < 0);
    static const char *const bad[] = {"", " ", "soon", "-1", "1.5", "1e3", "7 s", "0x10", "tomorrow", "\xff"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (after(bad[i]) >= 0) fail_msg("'%s' is taken for %g", bad[i], after(bad[i]));
}

static void urls_are_checked(void **state) {
    (void)state;
    static const char *const good[] = {"https://api.example.com/v1", "http://127.0.0.1:8000/v1",
                                       "http://localhost/v1", "http://[::1]:80/v1/"};
    static const char *const bad[] = {"",
                                      "not a url",
                                      "ftp://a/v1",
                                      "file:///etc/passwd",
                                      "https://user:secret@a/v1",
                                      "https://secret@a/v1",
                                      "https://a/v1?key=secret",
                                      "https://a/v1#secret",
                                      "http://a.example.com/v1",
                                      "http://127.0.0.1.example.com/v1",
                                      "http://10.0.0.1/v1",
                                      "api.example.com/v1"};
    lem_err err = LEM_ERR_INIT;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        if (lem_http_check_url(good[i], false, &err) != LEM_OK) fail_msg("%s: %s", good[i], err.text);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (lem_http_check_url(bad[i], false, &err) != LEM_EUSAGE) fail_msg("%s is taken", bad[i]);
        if (strstr(err.text, "secret")) fail_msg("a secret in: %s", err.text);
    }
    assert_int_equal(lem_http_check_url("http://a.example.com/v1", true, &err), LEM_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_fault_ends_as_what_it_is),
        cmocka_unit_test(broken_replies_say_why),
        cmocka_unit_test(a_port_where_nobody_listens_is_unsent),
        cmocka_unit_test(no_tls_is_unsent),
        cmocka_unit_test(certificates_are_verified),
        cmocka_unit_test(redirects_stay_at_home),
        cmocka_unit_test(the_key_is_sent_as_bearer),
        cmocka_unit_test(the_limit_of_a_reply_is_exact),
        cmocka_unit_test(silence_is_given_up),
        cmocka_unit_test(retry_after_is_seconds_or_a_date),
        cmocka_unit_test(urls_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
