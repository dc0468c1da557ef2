/* test_blend.c - blends counted by brute force: how many of each source, which rows, how often, in what order
 */
#include "../checks.h"
#include "core/file.h"
#include "core/mem.h"
#include "core/rng.h"
#include "curate/blend.h"
#include "rows/rows.h"
#include "../../support/workdir.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const lem_blend_source plain = {.name = "s", .count = -1, .cap = -1, .repeat = 1, .to = 1};

/* ---- the plan ---- */

typedef struct wanted {
    double ratio;
    int64_t count, cap;
    double repeat, from, to;
    uint64_t there, samples;
} wanted;

static void plan(int64_t total, const wanted *w, size_t n) {
    lem_blend_source s[4];
    lem_blend_taken t[4] = {{0}};
    for (size_t i = 0; i < n; i++) {
        s[i] = (lem_blend_source){.name = "s",
                                  .ratio = w[i].ratio,
                                  .count = w[i].count,
                                  .cap = w[i].cap,
                                  .repeat = w[i].repeat,
                                  .from = w[i].from,
                                  .to = w[i].to};
        t[i].there = w[i].there;
    }
    const lem_blend_opts o = {.source = s, .n = n, .total = total};
    OK(lem_blend_plan(&o, t, &err));
    for (size_t i = 0; i < n; i++)
        if (t[i].samples != w[i].samples)
            fail_msg("total %d, source %d: %d samples, not %d", (int)total, (int)i, (int)t[i].samples,
                     (int)w[i].samples);
}

static void plans(void **state) {
    (void)state;
    /* ratio, count, cap, repeat, from, to, there -> samples */
    plan(-1,
         (wanted[]){{0, -1, -1, 1, 0, 1, 10, 10}, {0, -1, -1, 2.5, 0, 1, 10, 25}, {0, -1, 4, 3, 0, 1, 10, 4}},
         3);
    plan(-1, (wanted[]){{0, 7, -1, 1, 0, 1, 10, 7}, {0, 7, 3, 1, 0, 1, 10, 3}, {0, 0, -1, 1, 0, 1, 10, 0}},
         3);
    plan(100, (wanted[]){{1, -1, -1, 1, 0, 1, 90, 50}, {1, -1, -1, 1, 0, 1, 60, 50}}, 2);
    plan(100, (wanted[]){{.3, -1, -1, 1, 0, 1, 90, 30}, {.7, -1, -1, 2, 0, 1, 40, 70}}, 2);
    plan(10, (wanted[]){{1, -1, -1, 1, 0, 1, 9, 4}, {1, -1, -1, 1, 0, 1, 9, 3}, {1, -1, -1, 1, 0, 1, 9, 3}},
         3);
    plan(100, (wanted[]){{1, -1, 10, 1, 0, 1, 90, 10}, {1, -1, -1, 1, 0, 1, 60, 50}}, 2);
    plan(100, (wanted[]){{1, -1, -1, 1, 0, 1, 90, 80}, {0, 20, -1, 1, 0, 1, 60, 20}}, 2);
    /* as many as the scarcest allows: 30 of 30 % make 100 */
    plan(-1, (wanted[]){{.3, -1, -1, 1, 0, 1, 30, 30}, {.7, -1, -1, 1, 0, 1, 500, 70}}, 2);
    plan(-1, (wanted[]){{.3, -1, -1, 2, 0, 1, 30, 60}, {.7, -1, -1, 1, 0, 1, 500, 140}}, 2);
    plan(-1, (wanted[]){{3, -1, 12, 1, 0, 1, 30, 12}, {7, -1, -1, 1, 0, 1, 500, 28}}, 2);
    plan(-1,
         (wanted[]){
             {0, -1, -1, 1, 0, .7, 10, 7}, {0, -1, -1, 1, .7, 1, 10, 3}, {0, -1, -1, 2, .25, .75, 10, 10}},
         3);
}

static void refused(lem_blend_source a, uint64_t there, int64_t total, lem_status st, const char *part) {
    lem_blend_taken t = {.there = there};
    const lem_blend_opts o = {.source = &a, .n = 1, .total = total};
    FAILS(lem_blend_plan(&o, &t, &err), st, part);
}

static void plans_that_fail(void **state) {
    (void)state;
    lem_blend_source s = plain;
    s.count = 11;
    refused(s, 10, -1, LEM_EDATA, "11 samples wanted, 10 rows there; repeat: 1.1 ");
    s.count = 1;
    refused(s, 0, -1, LEM_EDATA, "no rows to draw from");
    s.ratio = 1;
    refused(s, 10, -1, LEM_EUSAGE, "exclude each other");
    s = plain;
    refused(s, 10, 5, LEM_EUSAGE, "--total needs a source with a ratio");
    s.from = 0.5;
    s.to = 0.5;
    refused(s, 10, -1, LEM_EUSAGE, "no part of 0 to 1");
    s = plain;
    s.repeat = 0;
    refused(s, 10, -1, LEM_EUSAGE, "repeat must be above 0");
    s = plain;
    s.ratio = 1;
    refused(s, 10, 11, LEM_EDATA, "11 samples wanted");
}

/* ---- which rows ---- */

/* Over random settings: the times of all rows sum up to the samples, differ by at most one inside the part,
 * depend on no other source, and parts that touch share no row and leave none. */
static void every_row_is_accounted_for(void **state) {
    (void)state;
    for (uint64_t round = 0; round < 300; round++) {
        lem_rng r = lem_rng_make(round, "blend-test", 0);
        uint64_t n = lem_rng_next_below(&r, 200) + 1;
        double cut = (double)lem_rng_next_below(&r, 101) / 100,
               repeat = (double)(lem_rng_next_below(&r, 40) + 1) / 10;
        lem_blend_source s[3] = {plain, plain, plain};
        s[0].name = "first";
        s[0].repeat = repeat;
        s[0].to = s[1].from = cut;
        lem_blend_taken t[3] = {{.there = n}, {.there = n}, {.there = 17}};
        if (cut == 0 || cut == 1) continue;
        lem_blend_opts o = {.source = s, .n = 3, .total = -1, .seed = round};
        OK(lem_blend_plan(&o, t, &err));
        uint64_t sum[2] = {0}, least = UINT64_MAX, most = 0;
        for (uint64_t k = 0; k < n; k++) {
            uint64_t a = lem_blend_times(&o, 0, t, k), b;
            sum[0] += a;
            if (a < least) least = a;
            if (a > most) most = a;
            s[1].name = "first"; /* the same order: the rest of it */
            b = lem_blend_times(&o, 1, t, k);
            sum[1] += b;
            if (repeat >= 1) assert_true((a > 0) != (b > 0));
            else assert_true(!(a && b));
            assert_int_equal(
                lem_blend_times(&(lem_blend_opts){.source = s, .n = 1, .total = -1, .seed = round}, 0, t, k),
                a);
        }
        assert_int_equal(sum[0], t[0].samples);
        assert_int_equal(sum[1], t[1].samples);
        if (t[0].part == n) assert_true(most - least <= 1);
    }
}

/* ---- files ---- */

static void write_source(const char *name, int from, int rows) {
    lem_buf b = {0};
    for (int i = 0; i < rows; i++)
        lem_buf_printf(&b, "{\"question\":\"Q%d of %s\",\"answer\":\"a b c%d\",\"n\":%d}\n", from + i, "both",
                       i, i);
    OK(lem_file_write_atomic(name, b.data, b.len, &err));
    lem_buf_release(&b);
}

static lem_blend *blend_of(const lem_blend_opts *o, const char *to) {
    lem_blend *b = NULL;
    lem_rows_writer *w = NULL;
    OK(lem_blend_open(o, &b, &err));
    OK(lem_rows_writer_open(to, LEM_ROWS_JSONL, true, 0, &w, &err));
    OK(lem_blend_write(b, w, &err));
    OK(lem_rows_writer_commit(w, &err));
    lem_rows_writer_close(w);
    return b;
}

/* Counts rows of the output by domain and number in their source. */
static void count_output(const char *path, uint64_t got[3][200], char *order) {
    static const char *const domains[] = {"math", "code", "c"};
    lem_rowset *in = NULL;
    lem_json *row;
    OK(lem_rowset_open(&path, 1, NULL, &in, &err));
    for (;;) {
        OK(lem_rowset_next(in, &row, &err));
        if (!row) break;
        int d = 0, n = (int)lem_json_int(lem_json_get(row, "n"), -1);
        while (strcmp(domains[d], lem_json_str(lem_json_get(row, "domain"), "")) != 0) d++;
        got[d][n]++;
        char at[64];
        snprintf(at, sizeof at, "%c.jsonl:%d", "abc"[d], n + 1);
        assert_string_equal(lem_json_str(lem_json_get(row, "_source"), ""), at);
        *order++ = (char)('0' + d);
        lem_json_free(row);
    }
    *order = '\0';
    lem_rowset_close(in);
}

static void output_is_the_plan(void **state) {
    (void)state;
    const char *a = "a.jsonl", *b = "b.jsonl", *c = "c.jsonl";
    lem_blend_source s[3] = {plain, plain, plain};
    uint64_t got[3][200] = {{0}}, again[3][200] = {{0}};
    char order[2000], other[2000];
    write_source(a, 0, 120);
    write_source(b, 100, 50); /* the first 20 prompts are those of a's last */
    write_source(c, 1000, 7);
    s[0] = (lem_blend_source){.name = "a",
                              .domain = "math",
                              .files = &a,
                              .n_files = 1,
                              .ratio = .5,
                              .count = -1,
                              .cap = -1,
                              .repeat = 1,
                              .to = 1};
    s[1] = (lem_blend_source){.name = "b",
                              .domain = "code",
                              .files = &b,
                              .n_files = 1,
                              .ratio = .5,
                              .count = -1,
                              .cap = -1,
                              .repeat = 3,
                              .to = 1};
    s[2] = (lem_blend_source){
        .name = "c", .files = &c, .n_files = 1, .count = -1, .cap = -1, .repeat = 1, .to = 1};
    lem_blend_opts o = {.source = s, .n = 3, .total = 207, .seed = 5, .spool = "spool"};
    lem_blend *x = blend_of(&o, "out.jsonl");
    assert_int_equal(lem_blend_samples(x), 207);
    count_output("out.jsonl", got, order);
    const lem_blend_taken t[3] = {*lem_blend_source_at(x, 0), *lem_blend_source_at(x, 1),
                                  *lem_blend_source_at(x, 2)};
    for (size_t i = 0; i < 3; i++)
        for (uint64_t k = 0; k < t[i].there; k++) assert_int_equal(got[i][k], lem_blend_times(&o, i, t, k));
    assert_int_equal(lem_blend_domains(x), 3);
    const lem_blend_domain *math = lem_blend_domain_at(x, 0), *own = lem_blend_domain_at(x, 2);
    assert_string_equal(math->name, "math");
    assert_string_equal(own->name, "c");
    assert_int_equal(math->samples, 100);
    assert_int_equal(math->words, 100 * 6); /* Q of both, a b c */
    assert_int_equal(own->rows, 7);
    assert_false(lem_file_exists("spool"));
    uint64_t shared = 0; /* prompts of both files among what was taken */
    for (int k = 0; k < 20; k++) shared += got[0][100 + k] && got[1][k];
    assert_int_equal(lem_blend_twins_of(x).across, shared);
    assert_int_equal(lem_blend_twins_of(x).across_rows, 2 * shared);
    assert_int_equal(lem_blend_twins_of(x).within, 0);
    lem_blend_close(x);
    /* shuffled: no long runs of one source; another seed is another order and choice */
    assert_null(strstr(order, "0000000000000000000000"));
    o.seed = 6;
    x = blend_of(&o, "out6.jsonl");
    lem_blend_close(x);
    count_output("out6.jsonl", again, other);
    assert_string_not_equal(order, other);
    assert_memory_not_equal(got[0], again[0], sizeof got[0]);
}

/* Another source beside it changes nothing of what is taken. */
static void sources_do_not_matter_to_each_other(void **state) {
    (void)state;
    const char *a = "a.jsonl";
    lem_blend_source s = {.name = "a",
                          .domain = "math",
                          .files = &a,
                          .n_files = 1,
                          .count = 40,
                          .cap = -1,
                          .repeat = 1,
                          .to = 1};
    lem_blend_opts o = {.source = &s, .n = 1, .total = -1, .seed = 5, .spool = "spool"};
    uint64_t alone[3][200] = {{0}}, beside[3][200] = {{0}};
    char order[2000];
    lem_blend_close(blend_of(&o, "alone.jsonl"));
    count_output("alone.jsonl", alone, order);
    const char *c = "c.jsonl";
    lem_blend_source two[2] = {
        {.name = "c", .files = &c, .n_files = 1, .count = -1, .cap = -1, .repeat = 1, .to = 1}, s};
    o.source = two;
    o.n = 2;
    lem_blend_close(blend_of(&o, "beside.jsonl"));
    count_output("beside.jsonl", beside, order);
    assert_memory_equal(alone[0], beside[0], sizeof alone[0]);
}

/* Kinds of row that differ become messages; rows of text cannot. */
static void kinds_that_differ(void **state) {
    (void)state;
    const char *a = "a.jsonl", *m = "m.jsonl", *t = "t.jsonl";
    const char *chat = "{\"id\":\"x1\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"answer\":"
                       "\"there\",\"more\":1}\n",
               *text = "{\"text\":\"words\"}\n";
    OK(lem_file_write_atomic(m, chat, strlen(chat), &err));
    OK(lem_file_write_atomic(t, text, strlen(text), &err));
    lem_blend_source s[2] = {
        {.name = "a", .files = &a, .n_files = 1, .count = 3, .cap = -1, .repeat = 1, .to = 1},
        {.name = "m", .files = &m, .n_files = 1, .count = -1, .cap = -1, .repeat = 1, .to = 1}};
    lem_blend_opts o = {.source = s, .n = 2, .total = -1, .spool = "spool"};
    lem_blend *b = blend_of(&o, "mixed.jsonl");
    assert_true(lem_blend_made_messages(b));
    lem_blend_close(b);
    lem_buf all = {0};
    OK(lem_file_read("mixed.jsonl", 1 << 20, &all, &err));
    assert_non_null(
        strstr(lem_buf_str(&all),
               "{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"},{\"role\":\"assistant\",\"content\":"
               "\"there\"}],\"id\":\"x1\",\"domain\":\"m\",\"_source\":\"m.jsonl:1\"}\n"));
    lem_buf_release(&all);
    s[1].files = &t;
    s[1].name = "t";
    FAILS(lem_blend_open(&o, &b, &err), LEM_EDATA, "t.jsonl:1: a row of text alone");
    o.form = LEM_BLEND_ROWS;
    b = blend_of(&o, "rows.jsonl");
    assert_false(lem_blend_made_messages(b));
    lem_blend_close(b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plans),
        cmocka_unit_test(plans_that_fail),
        cmocka_unit_test(every_row_is_accounted_for),
        cmocka_unit_test(output_is_the_plan),
        cmocka_unit_test(sources_do_not_matter_to_each_other),
        cmocka_unit_test(kinds_that_differ),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
