/* test_teach.c - a job of items against the fault-injecting server: each fault, kills, budgets, cache,
 * breaker */
#include "core/file.h"
#include "core/mem.h"
#include "support/faultd.h"
#include "teach/endpoint.h"
#include "teach/teach.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define LEDGER "/dev/shm/lemma-teach-ledger"
#define CACHE "/dev/shm/lemma-teach-cache"

static int n_prompts = 1000000; /* item i asks prompt i % n_prompts */

static lem_status prompt(void *ctx, size_t item, lem_buf *out, lem_err *err) {
    (void)ctx;
    (void)err;
    lem_buf_printf(out, "question %zu", item % (size_t)n_prompts);
    return LEM_OK;
}

typedef struct job {
    faultd *server;
    char url[64];
    const char *urls[2];
    lem_teach_opts o;
    lem_teach *t;
    lem_journal *ledger;
    lem_err err;
} job;

static void begin(job *j, const faultd_opts *f) {
    *j = (job){.err = LEM_ERR_INIT};
    j->server = faultd_start(f);
    assert_non_null(j->server);
    snprintf(j->url, sizeof j->url, "http://127.0.0.1:%d/v1/", faultd_port(j->server));
    j->urls[0] = j->url;
    j->o = (lem_teach_opts){.prompt = prompt,
                            .chat = {.model = "m", .top_p = 1, .max_tokens = 16, .n = 1},
                            .seed = 3,
                            .urls = j->urls,
                            .n_urls = 1,
                            .concurrency = 4,
                            .tries = 4,
                            .timeout_s = 1,
                            .base_s = 0.002};
    unlink(LEDGER);
    unlink(CACHE);
    n_prompts = 1000000;
}

static void open_job(job *j, size_t n) {
    if (lem_teach_new(&j->o, n, &j->t, &j->err) != LEM_OK) fail_msg("%s", j->err.text);
    if (lem_journal_open(LEDGER, "id", lem_teach_visit, j->t, &j->ledger, NULL, &j->err) != LEM_OK)
        fail_msg("%s", j->err.text);
}

static void close_job(job *j) {
    assert_int_equal(lem_journal_close(j->ledger, &j->err), LEM_OK);
    lem_teach_free(j->t);
    j->t = NULL;
}

static lem_status run(job *j, size_t n) {
    open_job(j, n);
    return lem_teach_run(j->t, j->ledger, &j->err);
}

static faultd_books end(job *j) {
    faultd_books b = faultd_read(j->server);
    if (j->t) close_job(j);
    faultd_stop(j->server);
    unlink(LEDGER);
    unlink(CACHE);
    return b;
}

/* Each item is there with the reply to its own prompt, or known not to be. Returns how many are there. */
static size_t check_items(const job *j, size_t n) {
    size_t done = 0;
    for (size_t i = 0; i < n; i++) {
        char expected[64];
        lem_teach_billed billed;
        int tries;
        const lem_json *r = lem_teach_reply(j->t, i);
        const char *why = lem_teach_why(j->t, i, &billed, &tries);
        if (!r == !why) fail_msg("item %zu: a reply and a reason, or neither", i);
        snprintf(expected, sizeof expected, "[[question %zu]] é∑𝄞", i % (size_t)n_prompts);
        if (r) assert_string_equal(lem_json_str(lem_json_at(lem_json_get(r, "texts"), 0), ""), expected);
        done += r != NULL;
    }
    return done;
}

static void all_is_well(void **state) {
    (void)state;
    job j;
    begin(&j, &(faultd_opts){.delay_s = 0.01});
    if (run(&j, 50) != LEM_OK) fail_msg("%s", j.err.text);
    assert_int_equal(check_items(&j, 50), 50);
    lem_teach_stats s = lem_teach_count(j.t);
    faultd_books b = end(&j);
    assert_true(s.done == 50 && s.requests == 50 && s.dead == 0 && s.unsure == 0);
    assert_int_equal(s.tokens_in + s.tokens_out, b.tokens);
    assert_true(b.billed == 50 && b.twice == 0 && b.most_at_once > 1 && b.most_at_once <= 4);
}

static bool is_one_of(const char *name, const char *const *list) {
    while (*list && strcmp(*list, name) != 0) list++;
    return *list != NULL;
}

/* How many of three items are there if the first request of each meets the fault. */
static size_t expected_done(const char *name) {
    static const char *const lost[] = {"400", "reset-early", "close-early",
                                       NULL}; /* not billed; one cannot know */
    if (faultd_good(name)) return 3;
    return !faultd_bills(name) && !is_one_of(name, lost) ? 3 : 0;
}

/* Every fault met by the first request of each item: what was not billed is asked again and comes, what may
 * have been billed is not asked again. */
static void each_fault(void **state) {
    (void)state;
    static const char *const ends[] = {"quota", "401", "redirect-other", NULL};
    for (int i = 0; faultd_name(i); i++) {
        job j;
        const char *name = faultd_name(i);
        bool stops = is_one_of(name, ends);
        begin(&j, &(faultd_opts){.fault = name, .times = stops ? 0 : 1, .after = "0"});
        j.o.timeout_s = 2;
        j.o.concurrency = 3;
        lem_status st = run(&j, 3);
        if (st != (stops ? LEM_EREMOTE : LEM_OK)) fail_msg("%s: status %d, %s", name, (int)st, j.err.text);
        lem_teach_stats s = lem_teach_count(j.t);
        size_t done = s.done;
        if (!stops) done = check_items(&j, 3);
        faultd_books b = end(&j);
        if (b.twice || done != (stops ? 0 : expected_done(name)))
            fail_msg("%s: %zu done, %d billed twice", name, done, b.twice);
        if (s.tokens_in + s.tokens_out < b.tokens) fail_msg("%s: billed more than the ledger holds", name);
    }
}

static void what_may_have_been_billed_is_asked_again_if_wanted(void **state) {
    (void)state;
    job j;
    begin(&j, &(faultd_opts){.fault = "reset-late", .times = 1});
    assert_int_equal(run(&j, 4), LEM_OK);
    assert_int_equal(check_items(&j, 4), 0);
    close_job(&j);
    j.o.resend = 1;
    assert_int_equal(run(&j, 4), LEM_OK);
    assert_int_equal(check_items(&j, 4), 4);
    lem_teach_stats s = lem_teach_count(j.t);
    faultd_books b = end(&j);
    assert_true(b.twice == 4 && s.unsure == 4 && s.requests == 8 && s.tokens_in + s.tokens_out >= b.tokens);
}

static void one_seed_one_course(void **state) {
    (void)state;
    uint64_t done[2];
    for (int k = 0; k < 2; k++) {
        job j;
        begin(&j, &(faultd_opts){.rate = 0.5, .seed = 9, .after = "0"});
        j.o.timeout_s = 2;
        j.o.concurrency = k ? 1 : 8;
        lem_status st = run(&j, 60);
        if (st != LEM_OK) fail_msg("%s", j.err.text);
        done[k] = check_items(&j, 60);
        assert_int_equal(end(&j).twice, 0);
    }
    assert_int_equal(done[0], done[1]);
    assert_in_range(done[0], 20, 59);
}

/* A child runs the job and dies by SIGKILL at some record; the parent goes on from the ledger. */
static void killed_and_gone_on(void **state) {
    (void)state;
    job j;
    int kills = 0;
    begin(&j, &(faultd_opts){.rate = 0.3, .seed = 5, .after = "0", .delay_s = 0.002});
    j.o.timeout_s = 2;
    for (; kills < 40; kills++) {
        pid_t child = fork();
        if (child == 0) { /* not the server's process: its threads are not here */
            lem_teach *t = NULL;
            lem_journal *ledger = NULL;
            if (lem_teach_new(&j.o, 200, &t, NULL) == LEM_OK &&
                lem_journal_open(LEDGER, "id", lem_teach_visit, t, &ledger, NULL, NULL) == LEM_OK)
                (void)!lem_teach_run(t, ledger, NULL);
            _exit(0);
        }
        usleep((useconds_t)(3000 + kills * 997 % 20000));
        kill(child, SIGKILL);
        int raw = 0;
        waitpid(child, &raw, 0);
        if (WIFEXITED(raw)) break;
    }
    lem_status st = run(&j, 200);
    if (st != LEM_OK) fail_msg("%s", j.err.text);
    size_t done = check_items(&j, 200);
    lem_teach_stats s = lem_teach_count(j.t);
    faultd_books b = end(&j);
    assert_true(kills >= 5 && b.twice == 0 && s.done == done && s.done + s.dead == 200);
    if (s.tokens_in + s.tokens_out < b.tokens || s.requests < (uint64_t)b.requests)
        fail_msg("%llu tokens and %llu requests in the ledger, %llu and %d at the server",
                 (unsigned long long)(s.tokens_in + s.tokens_out), (unsigned long long)s.requests,
                 (unsigned long long)b.tokens, b.requests);
}

static void budgets_survive_restarts(void **state) {
    (void)state;
    for (int what = 0; what < 3; what++) {
        job j;
        begin(&j, &(faultd_opts){0});
        j.o.price_in = 1000;
        j.o.price_out = 2000;
        if (what == 0) j.o.max_requests = 10;
        if (what == 1) j.o.max_tokens = 500;
        if (what == 2) j.o.max_cost = 0.6;
        for (int k = 0; k < 4; k++) { /* each run would be within it alone */
            assert_int_equal(run(&j, 100), LEM_OK);
            assert_true(lem_teach_count(j.t).budget_reached);
            close_job(&j);
        }
        open_job(&j, 100);
        lem_teach_stats s = lem_teach_count(j.t);
        faultd_books b = end(&j);
        assert_in_range(b.billed, 5, 30);
        if (what == 0) assert_int_equal(b.requests, 10);
        if (what == 1) assert_true(b.tokens <= 500);
        if (what == 2) assert_true(s.cost <= 0.6);
        assert_int_equal(s.tokens_in + s.tokens_out, b.tokens);
    }
}

static void a_budget_raised_goes_on(void **state) {
    (void)state;
    job j;
    begin(&j, &(faultd_opts){0});
    j.o.max_requests = 3;
    assert_int_equal(run(&j, 10), LEM_OK);
    close_job(&j);
    j.o.max_requests = 0;
    assert_int_equal(run(&j, 10), LEM_OK);
    assert_int_equal(check_items(&j, 10), 10);
    assert_int_equal(end(&j).billed, 10);
}

static void equal_requests_are_sent_once(void **state) {
    (void)state;
    job j;
    begin(&j, &(faultd_opts){0});
    n_prompts = 3;
    assert_int_equal(run(&j, 10), LEM_OK);
    assert_int_equal(check_items(&j, 10), 10);
    assert_int_equal(lem_teach_count(j.t).shared, 7);
    assert_int_equal(end(&j).billed, 3);
    begin(&j, &(faultd_opts){0}); /* sampled, each has a seed of its own */
    n_prompts = 3;
    j.o.chat.temperature = 0.7;
    assert_int_equal(run(&j, 10), LEM_OK);
    assert_int_equal(end(&j).billed, 10);
}

/* Runs n items of a new ledger with the cache; returns the requests that the server saw so far. */
static int with_cache(job *j, size_t n) {
    unlink(LEDGER);
    open_job(j, n);
    if (lem_teach_cache(j->t, CACHE, &j->err) != LEM_OK) fail_msg("%s", j->err.text);
    assert_int_equal(lem_teach_run(j->t, j->ledger, &j->err), LEM_OK);
    assert_int_equal(check_items(j, n), n);
    close_job(j);
    return faultd_read(j->server).requests;
}

static void the_cache_knows_each_part_of_a_request(void **state) {
    (void)state;
    job j;
    begin(&j, &(faultd_opts){0});
    assert_int_equal(with_cache(&j, 5), 5);
    assert_int_equal(with_cache(&j, 5), 5);
    j.o.chat.stream = true; /* how it is sent is no part of it */
    assert_int_equal(with_cache(&j, 5), 5);
    j.o.chat.stream = false;
    j.o.chat.temperature = 0.5;
    assert_int_equal(with_cache(&j, 5), 10);
    assert_int_equal(with_cache(&j, 7), 12);
    j.o.seed = 4;
    assert_int_equal(with_cache(&j, 5), 17);
    j.o.chat.model = "other";
    assert_int_equal(with_cache(&j, 5), 22);
    j.o.chat.max_tokens = 17;
    assert_int_equal(with_cache(&j, 5), 27);
    j.o.chat.system = "be brief";
    assert_int_equal(with_cache(&j, 5), 32);
    j.o.chat.text = true;
    j.o.chat.system = NULL;
    assert_int_equal(with_cache(&j, 5), 37);
    (void)end(&j);
}

/* The pause that a server asks for is kept, however short our own would be. */
static void retry_after_is_kept(void **state) {
    (void)state;
    job j;
    begin(&j, &(faultd_opts){.fault = "429-after", .times = 1, .after = "1"});
    j.o.concurrency = 1;
    assert_int_equal(run(&j, 1), LEM_OK);
    assert_int_equal(check_items(&j, 1), 1);
    faultd_books b = end(&j);
    assert_true(b.first_gap >= 0.99 && b.first_gap < 10);
}

static void without_it_the_pause_is_ours(void **state) {
    (void)state;
    static const char *const faults[] = {"429", "429-date", "429-garbage", "500"};
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        job j;
        begin(&j, &(faultd_opts){.fault = faults[i], .times = 3});
        j.o.concurrency = 1;
        assert_int_equal(run(&j, 1), LEM_OK);
        assert_int_equal(check_items(&j, 1), 1);
        assert_true(end(&j).requests == 4);
    }
}

static void tries_are_counted_over_restarts(void **state) {
    (void)state;
    job j;
    begin(&j, &(faultd_opts){.fault = "429"});
    assert_int_equal(run(&j, 2), LEM_OK);
    assert_int_equal(lem_teach_count(j.t).dead, 2);
    close_job(&j);
    assert_int_equal(run(&j, 2), LEM_OK);
    assert_int_equal(faultd_read(j.server).requests, 8);
    assert_int_equal(lem_teach_again(j.t, j.ledger, &j.err), LEM_OK);
    close_job(&j);
    assert_int_equal(run(&j, 2), LEM_OK);
    assert_int_equal(end(&j).requests, 16);
}

static void a_dead_endpoint_ends_the_job(void **state) {
    (void)state;
    job j;
    begin(&j, &(faultd_opts){0});
    faultd_stop(j.server);
    assert_int_equal(run(&j, 20), LEM_EREMOTE);
    assert_non_null(strstr(j.err.text, "does not answer"));
    lem_teach_stats s = lem_teach_count(j.t);
    assert_true(s.requests == 0 && s.dead == 0 && s.done == 0);
    close_job(&j);
    /* it comes back: nothing was lost */
    j.server = faultd_start(&(faultd_opts){0});
    snprintf(j.url, sizeof j.url, "http://127.0.0.1:%d/v1", faultd_port(j.server));
    assert_int_equal(run(&j, 20), LEM_OK);
    assert_int_equal(check_items(&j, 20), 20);
    assert_int_equal(end(&j).billed, 20);
}

/* Errors without end: five, then the three tests of the breaker, and those that were under way. */
static void the_breaker_bounds_what_is_lost(void **state) {
    (void)state;
    job j;
    begin(&j, &(faultd_opts){.fault = "reset-late"});
    assert_int_equal(run(&j, 100), LEM_EREMOTE);
    faultd_books b = end(&j);
    assert_in_range(b.requests, 8, 5 + 3 + 3);
}

static void a_second_endpoint_takes_over(void **state) {
    (void)state;
    job j;
    char dead[64];
    faultd *f = faultd_start(&(faultd_opts){0});
    snprintf(dead, sizeof dead, "http://127.0.0.1:%d/v1", faultd_port(f));
    faultd_stop(f);
    begin(&j, &(faultd_opts){0});
    j.urls[1] = j.urls[0];
    j.urls[0] = dead;
    j.o.n_urls = 2;
    assert_int_equal(run(&j, 30), LEM_OK);
    assert_int_equal(check_items(&j, 30), 30);
    assert_int_equal(end(&j).billed, 30);
}

static void a_wrong_key_ends_the_job_and_costs_nothing(void **state) {
    (void)state;
    job j;
    begin(&j, &(faultd_opts){.key = "right"});
    j.o.key = "wrong";
    assert_int_equal(run(&j, 50), LEM_EREMOTE);
    assert_non_null(strstr(j.err.text, "HTTP 401"));
    assert_null(strstr(j.err.text, "wrong"));
    lem_teach_stats s = lem_teach_count(j.t);
    assert_true(s.dead == 0 && s.unsure == 0 && s.tokens_in == 0);
    assert_int_equal(s.requests, faultd_read(j.server).requests);
    close_job(&j);
    open_job(&j, 50); /* the ledger says the same */
    assert_int_equal(lem_teach_count(j.t).requests, s.requests);
    close_job(&j);
    j.o.key = "right";
    assert_int_equal(run(&j, 50), LEM_OK);
    assert_int_equal(check_items(&j, 50), 50);
    assert_int_equal(end(&j).twice, 0);
}

static void streams_give_the_same(void **state) {
    (void)state;
    job j;
    begin(&j, &(faultd_opts){0});
    j.o.chat.stream = true;
    assert_int_equal(run(&j, 10), LEM_OK);
    assert_int_equal(check_items(&j, 10), 10);
    assert_int_equal(end(&j).billed, 10);
}

/* The server hangs; a thread asks to stop: the job ends within the five seconds that it waits. */
static void *ask_to_stop(void *cancel) {
    usleep(200000);
    ((lem_cancel *)cancel)->requested = 1;
    return NULL;
}

static void asked_to_stop_during_a_hang(void **state) {
    (void)state;
    job j;
    pthread_t thread;
    lem_cancel cancel = {0};
    begin(&j, &(faultd_opts){.fault = "hang"});
    j.o.cancel = &cancel;
    j.o.timeout_s = 100;
    open_job(&j, 3);
    double from = lem_clock_seconds();
    assert_int_equal(pthread_create(&thread, NULL, ask_to_stop, &cancel), 0);
    assert_int_equal(lem_teach_run(j.t, j.ledger, &j.err), LEM_EINTR);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(lem_clock_seconds() - from < 15);
    close_job(&j);
    cancel.requested = 0; /* what was under way is not sent again */
    assert_int_equal(run(&j, 3), LEM_OK);
    lem_teach_stats s = lem_teach_count(j.t);
    assert_true(s.dead == 3 && s.unsure == 3);
    assert_int_equal(end(&j).requests, 3);
}

/* Whichever allocation fails, the job ends as out of memory, and going on completes it without billing twice.
 */
static void each_allocation_may_fail(void **state) {
    (void)state;
    job j;
    int failed = 0;
    begin(&j, &(faultd_opts){0});
    for (uint64_t k = 1; k < 400; k += 3) {
        lem_err err = LEM_ERR_INIT;
        unlink(LEDGER);
        j.o.seed = k;
        j.o.chat.temperature = 1;
        open_job(&j, 3);
        lem_mem_fail_after(k, true);
        lem_status st = lem_teach_run(j.t, j.ledger, &err);
        lem_mem_fail_after(0, false);
        if (st != LEM_OK && st != LEM_EMEM)
            fail_msg("allocation %d: status %d, %s", (int)k, (int)st, err.text);
        failed += st == LEM_EMEM;
        close_job(&j);
        assert_int_equal(run(&j, 3), LEM_OK);
        (void)check_items(&j, 3);
        close_job(&j);
    }
    assert_int_equal(end(&j).twice, 0);
    assert_true(failed > 20);
}

static void the_breaker_by_itself(void **state) {
    (void)state;
    lem_endpoint e = {0};
    for (int i = 0; i < LEM_BREAKER_FAILURES; i++) {
        assert_true(lem_endpoint_free(&e, 0));
        lem_endpoint_begin(&e);
        lem_endpoint_failed(&e, 0, 30);
    }
    assert_false(lem_endpoint_free(&e, 29.9));
    assert_true(lem_endpoint_free(&e, 30));
    lem_endpoint_begin(&e);
    assert_false(lem_endpoint_free(&e, 31)); /* one test at a time */
    lem_endpoint_failed(&e, 31, 30);
    assert_false(lem_endpoint_free(&e, 60));
    assert_true(lem_endpoint_free(&e, 61));
    lem_endpoint_begin(&e);
    lem_endpoint_answered(&e, true, 61, 5);
    assert_false(lem_endpoint_free(&e, 65));
    assert_true(lem_endpoint_free(&e, 66) && e.failures == 0 && e.active == 0);
}

/* ---- requests of another form ---- */

static lem_status count_body(void *ctx, size_t item, lem_buf *out, lem_err *err) {
    (void)ctx;
    (void)err;
    lem_buf_printf(out, "{\"messages\":[{\"content\":\"number %zu\"}]}", item);
    return LEM_OK;
}

/* The bytes of a reply that is not of an odd item; the record of an even one. */
static lem_status count_reply(void *ctx, size_t item, const char *body, size_t len, lem_json **record,
                              lem_err *err) {
    (void)ctx;
    if (item % 2) return lem_fail(err, LEM_EDATA, "an odd item");
    *record = lem_json_new_object();
    assert_true(lem_json_set(*record, "said", lem_json_new_strn(body, len)));
    return LEM_OK;
}

static const lem_teach_form count_form = {"/chat/completions", count_body, count_reply};

static void requests_of_another_form(void **state) {
    (void)state;
    job j;
    begin(&j, &(faultd_opts){0});
    j.o.form = &count_form;
    j.o.prompt = NULL;
    assert_int_equal(run(&j, 4), LEM_OK);
    for (size_t i = 0; i < 4; i++) {
        char expected[48];
        lem_teach_billed billed;
        int tries;
        const lem_json *r = lem_teach_reply(j.t, i);
        const char *why = lem_teach_why(j.t, i, &billed, &tries);
        snprintf(expected, sizeof expected, "[[number %zu]]", i);
        if (i % 2) assert_true(!r && strcmp(why, "an odd item") == 0 && billed == LEM_BILLED_YES);
        else assert_non_null(strstr(lem_json_str(lem_json_get(r, "said"), ""), expected));
    }
    /* {"messages":[{"content":"number 0"}]} and what a template adds, twice as replies that tell no cost and
     * twice as replies that cannot be used */
    assert_int_equal(lem_teach_count(j.t).tokens_in, 4 * (37 + 64));
    assert_int_equal(lem_teach_count(j.t).tokens_out, 0);
    assert_int_equal(end(&j).requests, 4);
}

/* What is held goes out once it is released, in this run or in another. */
static void held_items_wait(void **state) {
    (void)state;
    job j;
    begin(&j, &(faultd_opts){0});
    if (lem_teach_new(&j.o, 3, &j.t, &j.err) != LEM_OK) fail_msg("%s", j.err.text);
    lem_teach_hold(j.t, 1);
    assert_int_equal(lem_teach_run(j.t, NULL, &j.err), LEM_OK);
    assert_true(lem_teach_reply(j.t, 0) && !lem_teach_reply(j.t, 1) && lem_teach_reply(j.t, 2));
    assert_int_equal(lem_teach_count(j.t).dead, 0);
    assert_false(lem_teach_refused(j.t, 1));
    lem_teach_billed billed;
    int tries;
    assert_null(lem_teach_why(j.t, 1, &billed, &tries)); /* it was not come to */
    lem_teach_release(j.t, 1);
    lem_teach_release(j.t, 2);
    assert_int_equal(lem_teach_run(j.t, NULL, &j.err), LEM_OK);
    assert_true(check_items(&j, 3) == 3);
    lem_teach_free(j.t);
    j.t = NULL;
    assert_int_equal(end(&j).requests, 3);
}

/* ---- groups ---- */

static uint64_t key_of(void *ctx, size_t item) {
    (void)ctx;
    return item ^ 0xabc;
}

static lem_status group_prompt(void *ctx, size_t item, lem_buf *out, lem_err *err) {
    return prompt(ctx, item / 5, out, err);
}

static void begin_groups(job *j, const faultd_opts *f) {
    begin(j, f);
    j->o.prompt = group_prompt;
    j->o.parts.key = key_of;
    j->o.group = 5;
    j->o.chat.n = 2;
    j->o.chat.temperature = 1;
}

/* "[[question G]] SEED/CHOICE": of its own group, and no two candidates alike. */
static size_t check_groups(const job *j, size_t n, char texts[][64]) {
    size_t done = 0;
    for (size_t i = 0; i < n; i++) {
        char expected[48];
        const lem_json *r = lem_teach_reply(j->t, i);
        texts[i][0] = '\0';
        if (!r) continue;
        const char *text = lem_json_str(lem_json_at(lem_json_get(r, "texts"), lem_teach_choice(j->t, i)), "");
        snprintf(expected, sizeof expected, "[[question %zu]] ", i / 5);
        if (strncmp(text, expected, strlen(expected)) != 0) fail_msg("item %zu has %s", i, text);
        snprintf(texts[i], 64, "%s", text);
        for (size_t k = 0; k < i; k++)
            if (strcmp(texts[k], texts[i]) == 0) fail_msg("items %zu and %zu have %s", k, i, text);
        done++;
    }
    return done;
}

/* Five candidates, two a request; the ledger gives them again, and every trouble that can be mended the same.
 */
static void groups_are_asked_for_together(void **state) {
    (void)state;
    static const char *const trouble[] = {NULL,        "429",      "503",        "reset-mid",
                                          "truncated", "bad-json", "close-early"};
    static char first[20][64], texts[20][64];
    for (size_t i = 0; i < sizeof trouble / sizeof *trouble; i++) {
        job j;
        begin_groups(&j, &(faultd_opts){.vary = true, .fault = trouble[i], .times = trouble[i] ? 1 : 0});
        j.o.resend = 1;
        if (run(&j, 20) != LEM_OK) fail_msg("%s", j.err.text);
        assert_int_equal(check_groups(&j, 20, texts), 20);
        if (i == 0) memcpy(first, texts, sizeof first);
        assert_memory_equal(first, texts, sizeof first);
        lem_teach_stats s = lem_teach_count(j.t);
        assert_true(s.done == 20 && s.shared == 0 && s.dead == 0);
        close_job(&j);
        assert_int_equal(run(&j, 20), LEM_OK);
        check_groups(&j, 20, texts);
        assert_memory_equal(first, texts, sizeof first);
        assert_int_equal(lem_teach_count(j.t).requests, trouble[i] ? 24 : 12);
        assert_int_equal(end(&j).requests, trouble[i] ? 24 : 12);
    }
}

static void groups_lose_together(void **state) {
    (void)state;
    static char texts[10][64];
    job j;
    begin_groups(&j, &(faultd_opts){.vary = true, .fault = "reset-late"});
    assert_int_equal(run(&j, 10), LEM_OK);
    assert_int_equal(check_groups(&j, 10, texts), 0);
    assert_true(lem_teach_count(j.t).dead == 10 && lem_teach_count(j.t).unsure == 6);
    for (size_t i = 0; i < 10; i++) {
        lem_teach_billed billed;
        int tries;
        assert_non_null(lem_teach_why(j.t, i, &billed, &tries));
        assert_true(billed == LEM_BILLED_MAYBE && tries == 1);
    }
    assert_int_equal(end(&j).twice, 0);
    begin_groups(&j, &(faultd_opts){.fault = "400"});
    assert_int_equal(run(&j, 10), LEM_OK);
    assert_int_equal(lem_teach_count(j.t).dead, 10);
    close_job(&j);
    assert_int_equal(run(&j, 10), LEM_OK);
    assert_int_equal(lem_teach_count(j.t).dead, 10);
    assert_int_equal(end(&j).billed, 0);
}

/* One at a time once that is known, in the next run too. */
static void groups_shrink_to_what_is_given(void **state) {
    (void)state;
    static char texts[20][64];
    const faultd_opts servers[] = {{.vary = true, .choices = 1}, {.vary = true, .one_only = true}};
    for (int i = 0; i < 2; i++) {
        job j;
        begin_groups(&j, &servers[i]);
        j.o.concurrency = 1;
        j.o.max_requests = 8;
        assert_int_equal(run(&j, 20), LEM_OK);
        assert_true(lem_teach_count(j.t).budget_reached);
        close_job(&j);
        j.o.max_requests = 0;
        assert_int_equal(run(&j, 20), LEM_OK);
        assert_int_equal(check_groups(&j, 20, texts), 20);
        assert_int_equal(end(&j).requests, i == 0 ? 20 : 21);
    }
}

static void a_ledger_of_other_groups_is_refused(void **state) {
    (void)state;
    static const struct {
        const char *id, *record;
    } bad[] = {{"s:3:0", "{\"in\":1,\"out\":1,\"n\":3}"},
               {"s:0:0", "{\"in\":1,\"out\":1,\"n\":0}"},
               {"s:0:0", "{\"in\":1,\"out\":1,\"n\":6}"},
               {"s:10:0", "{\"in\":1,\"out\":1,\"n\":1}"},
               {"q:0", "{}"}};
    job j;
    lem_json *record = NULL;
    begin_groups(&j, &(faultd_opts){0});
    assert_int_equal(lem_teach_new(&j.o, 10, &j.t, &j.err), LEM_OK);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(lem_json_parse(bad[i].record, strlen(bad[i].record), &record, &j.err), LEM_OK);
        assert_int_equal(lem_teach_visit(j.t, bad[i].id, record, &j.err), LEM_EDATA);
        lem_json_free(record);
    }
    lem_teach_free(j.t);
    j.t = NULL;
    (void)end(&j);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_is_well),
        cmocka_unit_test(each_fault),
        cmocka_unit_test(what_may_have_been_billed_is_asked_again_if_wanted),
        cmocka_unit_test(one_seed_one_course),
        cmocka_unit_test(killed_and_gone_on),
        cmocka_unit_test(budgets_survive_restarts),
        cmocka_unit_test(a_budget_raised_goes_on),
        cmocka_unit_test(equal_requests_are_sent_once),
        cmocka_unit_test(the_cache_knows_each_part_of_a_request),
        cmocka_unit_test(retry_after_is_kept),
        cmocka_unit_test(without_it_the_pause_is_ours),
        cmocka_unit_test(tries_are_counted_over_restarts),
        cmocka_unit_test(a_dead_endpoint_ends_the_job),
        cmocka_unit_test(the_breaker_bounds_what_is_lost),
        cmocka_unit_test(a_second_endpoint_takes_over),
        cmocka_unit_test(a_wrong_key_ends_the_job_and_costs_nothing),
        cmocka_unit_test(streams_give_the_same),
        cmocka_unit_test(asked_to_stop_during_a_hang),
        cmocka_unit_test(each_allocation_may_fail),
        cmocka_unit_test(the_breaker_by_itself),
        cmocka_unit_test(requests_of_another_form),
        cmocka_unit_test(held_items_wait),
        cmocka_unit_test(groups_are_asked_for_together),
        cmocka_unit_test(groups_lose_together),
        cmocka_unit_test(groups_shrink_to_what_is_given),
        cmocka_unit_test(a_ledger_of_other_groups_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
