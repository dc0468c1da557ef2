/* test_memory.c - filters and blends with the n-th allocation failing, for every n: LEM_EMEM, nothing lost */
#include "../checks.h"
#include "core/file.h"
#include "core/mem.h"
#include "curate/blend.h"
#include "curate/filter.h"
#include "../../support/workdir.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static lem_json *json(const char *text) {
    lem_json *v = NULL;
    OK(lem_json_parse(text, strlen(text), &v, &err));
    return v;
}

/* work returns LEM_EMEM for each k up to some number, and succeeds from there on. */
static void fail_each(lem_status (*work)(void *), void *ctx, int at_least) {
    int k = 1;
    for (;; k++) {
        err = (lem_err)LEM_ERR_INIT;
        lem_mem_fail_after((uint64_t)k, k % 2);
        lem_status st = work(ctx);
        lem_mem_fail_after(0, false);
        if (st == LEM_OK) break;
        if (st != LEM_EMEM) fail_msg("allocation %d: status %d, %s", k, (int)st, err.text);
    }
    print_message("%d allocations failed in turn\n", k - 1);
    assert_true(k > at_least);
}

typedef struct filtering {
    lem_filter_settings s;
    lem_filter_input in;
    bool failed[LEM_N_FILTERS];
    int n;
} filtering;

static lem_status filter(void *ctx) {
    filtering *f = ctx;
    lem_filter_set *set = NULL;
    lem_status st = lem_filter_set_new(&f->s, &set, &err);
    if (st == LEM_OK) st = lem_filter_row(set, &f->in, &err);
    for (int i = 0; st == LEM_OK && i < lem_filter_set_count(set); i++)
        f->failed[i] = lem_filter_failed(set, i);
    lem_filter_set_free(set);
    return st;
}

static void filters(void **state) {
    (void)state;
    lem_json *rules = json("[\"response=zz\", \"meta=1\"]"), *fields = json("[\"label\"]");
    lem_json *row = json("{\"label\": true, \"meta\": [1, 2], \"correct\": [true]}");
    lem_buf b = {0};
    for (int i = 0; i < 50; i++) lem_buf_puts(&b, "so 3 + 4 = 8.25; 0.67 * 2 = 3.99 \\boxed{4} \\boxed{5}\n");
    filtering f = {{.max_prompt_words = 1,
                    .max_response_words = 1,
                    .repetition = true,
                    .boxed = true,
                    .one_box = true,
                    .ends_boxed = true,
                    .opens = "a",
                    .ends = "b",
                    .match = rules,
                    .except = rules,
                    .script = "latin",
                    .script_share = 1,
                    .arithmetic = true,
                    .pass_rate = true,
                    .min_pass_rate = 0,
                    .max_pass_rate = .5,
                    .require = fields,
                    .forbid = fields},
                   {row, "a b c", lem_buf_str(&b), 5, b.len}};
    fail_each(filter, &f, 40);
    static const bool want[] = {true, true, true,  false, true, false, true, true,
                                true, true, false, true,  true, false, true};
    for (size_t i = 0; i < sizeof want; i++)
        if (f.failed[i] != want[i]) fail_msg("filter %d: %d", (int)i, f.failed[i]);
    lem_buf_release(&b);
    lem_json_free(rules);
    lem_json_free(fields);
    lem_json_free(row);
}

static lem_status blend(void *ctx) {
    lem_blend *b = NULL;
    lem_rows_writer *w = NULL;
    lem_status st = lem_blend_open(ctx, &b, &err);
    if (st == LEM_OK) st = lem_rows_writer_open("out.jsonl", LEM_ROWS_JSONL, true, 0, &w, &err);
    if (st == LEM_OK) st = lem_blend_write(b, w, &err);
    if (st == LEM_OK) st = lem_rows_writer_commit(w, &err);
    lem_rows_writer_close(w);
    lem_blend_close(b);
    return st;
}

static void blends(void **state) {
    (void)state;
    const char *a = "a.jsonl", *m = "m.jsonl";
    const char *qa = "{\"question\":\"q1\",\"answer\":\"a\"}\n{\"question\":\"Q1\",\"answer\":\"b\"}\n",
               *chat = "{\"id\":1,\"messages\":[{\"role\":\"user\",\"content\":\"hi\"},{\"role\":"
                       "\"assistant\",\"content\":\"ho\"}]}\n";
    OK(lem_file_write_atomic(a, qa, strlen(qa), &err));
    OK(lem_file_write_atomic(m, chat, strlen(chat), &err));
    const lem_blend_source s[2] = {
        {.name = "a", .files = &a, .n_files = 1, .count = -1, .cap = -1, .repeat = 1, .to = 1},
        {.name = "m", .files = &m, .n_files = 1, .count = -1, .cap = -1, .repeat = 2, .to = 1}};
    lem_blend_opts o = {.source = s, .n = 2, .total = -1, .spool = "spool"};
    fail_each(blend, &o, 60);
    assert_false(lem_file_exists("spool"));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(filters), cmocka_unit_test(blends)};
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
