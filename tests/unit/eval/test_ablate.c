/* test_ablate - arms, seeds, differences and curves against values counted by hand; axes read from manifests
 */
#include "eval/ablate.h"

#include "core/file.h"
#include "core/rng.h"
#include "eval/made_of.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { N = 50, C = 4 };

typedef struct set {
    lem_eval_data d;
    lem_eval_problem p[N];
    uint8_t right[N][C];
    double score[N][C], length[N][C];
    const char *name[N];
} set;

/* Problems from..N-1, in order or backwards. */
static void make(set *s, uint64_t seed, int from, bool backwards, double rate) {
    memset(s, 0, sizeof *s);
    for (int i = from; i < N; i++) {
        int row = backwards ? N - 1 - i : i - from;
        lem_rng r = lem_rng_make(seed, "ablate", (uint64_t)i);
        for (int k = 0; k < C; k++) {
            s->right[row][k] = lem_rng_next_unit(&r) < rate;
            s->score[row][k] = lem_rng_next_unit(&r);
            s->length[row][k] = 10 + k;
        }
        s->name[row] = "p";
        s->p[row] = (lem_eval_problem){.n = C,
                                       .id = (uint64_t)i + 7,
                                       .correct = s->right[row],
                                       .length = s->length[row],
                                       .score = {s->score[row]}};
        s->d.n++;
    }
    s->d.p = s->p;
    s->d.name = s->name;
    s->d.scorers[0] = "rm";
    s->d.n_scorers = 1;
    s->d.no_votes = s->d.has_tokens = true;
    s->d.max_n = s->d.min_n = C;
}

static double share(const set *s, uint64_t id) {
    double sum = 0;
    for (int i = 0; i < s->d.n; i++)
        if (s->p[i].id == id)
            for (int k = 0; k < C; k++) sum += s->right[i][k];
    return sum / C;
}

static double mean(const set *s, int from) {
    double sum = 0;
    for (int i = from; i < N; i++) sum += share(s, (uint64_t)i + 7);
    return sum / (N - from);
}

static void near(double got, double want) {
    if (!(fabs(got - want) < 1e-12)) fail_msg("%.15g, expected %.15g", got, want);
}

static set a, b1, b2, c;

static int make_all(void **state) {
    (void)state;
    make(&a, 1, 0, false, 0.3);
    make(&b1, 2, 3, true, 0.5);
    make(&b2, 3, 0, false, 0.6);
    make(&c, 4, 0, true, 0.4);
    return 0;
}

static void seeds_are_averaged(void **state) {
    (void)state;
    const lem_ablate_run runs[] = {
        {"a", NAN, "a.jsonl", &a.d}, {"b", NAN, "b1.jsonl", &b1.d}, {"b", NAN, "b2.jsonl", &b2.d}};
    const char *names[] = {"pass@1"};
    lem_ablate_opts o = {.names = names, .n_names = 1};
    lem_ablation x;
    lem_err err = LEM_ERR_INIT;
    assert_int_equal(lem_eval_ablate(runs, 3, &o, &x, &err), LEM_OK);
    assert_int_equal(x.problems, N - 3);
    assert_int_equal(x.n_arms, 2);
    const lem_arm *base = &x.arm[0], *b = &x.arm[1];
    assert_true(base->base && !base->m[0].compared && !b->base && b->m[0].compared);
    assert_int_equal(b->n_runs, 2);
    assert_int_equal(b->left_out, 3); /* of b2 */
    assert_int_equal(base->left_out, 3);
    near(b->m[0].seed[0], mean(&b1, 3));
    near(b->m[0].seed[1], mean(&b2, 3));
    near(b->m[0].at.mean, (mean(&b1, 3) + mean(&b2, 3)) / 2);
    near(b->m[0].less_base.at.mean, (mean(&b1, 3) + mean(&b2, 3)) / 2 - mean(&a, 3));
    near(b->m[0].tokens, 11.5);
    int better = 0;
    for (int i = 3; i < N; i++) {
        uint64_t id = (uint64_t)i + 7;
        better += (share(&b1, id) + share(&b2, id)) / 2 > share(&a, id);
    }
    assert_int_equal(b->m[0].less_base.better, better);
    lem_ablation_release(&x);
    o.base = "nobody";
    assert_int_equal(lem_eval_ablate(runs, 3, &o, &x, &err), LEM_EUSAGE);
    o.base = NULL;
    names[0] = "maj@2";
    assert_int_equal(lem_eval_ablate(runs, 3, &o, &x, &err), LEM_EUSAGE);
}

static const lem_json *curve(const lem_json *doc, size_t i) {
    return lem_json_at(lem_json_get(doc, "curves"), i);
}

static double at(const lem_json *curve, size_t i, const char *key) {
    return lem_json_num(lem_json_find(lem_json_at(lem_json_get(curve, "points"), i), key), NAN);
}

static void places_join_to_curves(void **state) {
    (void)state;
    const lem_ablate_run runs[] = {{"two", 4, "b2", &b2.d},
                                   {"base", 1, "a", &a.d},
                                   {"two", 1, "c", &c.d},
                                   {"base", 4, "c", &c.d},
                                   {"two", 9, "a", &a.d}};
    const char *names[] = {"pass@1"};
    lem_ablate_opts o = {.names = names,
                         .n_names = 1,
                         .base = "base",
                         .axis = LEM_ABLATE_AXIS_PLACE,
                         .axis_name = "rows",
                         .axis_from = "given"};
    lem_ablation x;
    lem_err err = LEM_ERR_INIT;
    assert_int_equal(lem_eval_ablate(runs, 5, &o, &x, &err), LEM_OK);
    near(x.arm[0].m[0].less_base.at.mean, mean(&b2, 0) - mean(&c, 0)); /* at 4, against base at 4 */
    near(x.arm[2].m[0].less_base.at.mean, mean(&c, 0) - mean(&a, 0));
    assert_false(x.arm[4].m[0].compared); /* the base has no 9 */
    lem_json *doc = lem_ablation_json(&x, NULL, NULL);
    assert_int_equal(lem_json_count(lem_json_get(doc, "curves")), 2);
    assert_string_equal(lem_json_str(lem_json_get(curve(doc, 0), "arm"), ""), "two");
    near(at(curve(doc, 0), 0, "x"), 1);
    near(at(curve(doc, 0), 2, "x"), 9);
    near(at(curve(doc, 0), 0, "value"), mean(&c, 0));
    near(at(curve(doc, 0), 1, "difference.value"), mean(&b2, 0) - mean(&c, 0));
    lem_json_free(doc);
    lem_ablation_release(&x);
}

static void curves_over_k_and_tokens(void **state) {
    (void)state;
    const lem_ablate_run runs[] = {{"a", NAN, "a", &a.d}, {"c", NAN, "c", &c.d}};
    lem_ablate_opts o = {.axis = LEM_ABLATE_AXIS_K, .axis_name = "k", .axis_from = "k"};
    lem_err err = LEM_ERR_INIT;
    for (int tokens = 0; tokens < 2; tokens++) {
        lem_ablation x;
        if (tokens) o.axis = LEM_ABLATE_AXIS_TOKENS;
        assert_int_equal(lem_eval_ablate(runs, 2, &o, &x, &err), LEM_OK);
        assert_int_equal(x.n_names, 6); /* pass, rm at 1, 2, 4 */
        lem_json *doc = lem_ablation_json(&x, NULL, NULL);
        assert_int_equal(lem_json_count(lem_json_get(doc, "curves")), 4);
        assert_string_equal(lem_json_str(lem_json_get(curve(doc, 2), "metric"), ""), "rm");
        for (int i = 0; i < 3; i++) near(at(curve(doc, 0), (size_t)i, "x"), (1 << i) * (tokens ? 11.5 : 1));
        lem_json_free(doc);
        lem_ablation_release(&x);
    }
    c.d.has_tokens = false;
    lem_ablation x;
    assert_int_equal(lem_eval_ablate(runs, 2, &o, &x, &err), LEM_EUSAGE);
    c.d.has_tokens = true;
}

static void texts(void **state) {
    (void)state;
    const lem_ablate_run runs[] = {{"a|b \"x\"", NAN, "a", &a.d}, {"c", NAN, "c", &c.d}};
    const char *names[] = {"pass@1"};
    lem_ablate_opts o = {.names = names, .n_names = 1, .title = "Which"};
    lem_reference_row row[] = {{"t", "theirs", "MATH", "paper", "", 64.5}, {"u", "no", "no", "no", "", 1}};
    lem_reference published = {row, 2, NULL};
    lem_ablation x;
    lem_buf md = {0}, csv = {0}, text = {0};
    lem_err err = LEM_ERR_INIT;
    assert_int_equal(lem_eval_ablate(runs, 2, &o, &x, &err), LEM_OK);
    lem_ablation_markdown(&x, &published, "t", &md);
    lem_ablation_csv(&x, &csv);
    lem_ablation_text(&x, &published, "t", &text);
    assert_non_null(strstr(lem_buf_str(&md), "| a\\|b \"x\" |"));
    assert_non_null(strstr(lem_buf_str(&md), "theirs, MATH: 64.5 (paper)"));
    assert_null(strstr(lem_buf_str(&md), "no, no"));
    assert_non_null(strstr(lem_buf_str(&csv), "\n\"a|b \"\"x\"\"\",,1,pass@1,exact,50,"));
    assert_non_null(strstr(lem_buf_str(&text), "Which\n50 problems in all of 2 files; base: a|b"));
    assert_non_null(strstr(lem_buf_str(&text), "better on"));
    lem_buf_release(&md);
    lem_buf_release(&csv);
    lem_buf_release(&text);
    lem_ablation_release(&x);
}

static void write_text(const char *path, const char *text) {
    lem_err err = LEM_ERR_INIT;
    if (lem_file_write_atomic(path, text, strlen(text), &err) != LEM_OK) fail_msg("%s", err.text);
}

static double made(const char *path, const char *name) {
    lem_err err = LEM_ERR_INIT;
    double x = NAN;
    if (lem_eval_made_of(path, name, &x, &err) != LEM_OK) fail_msg("%s", err.text);
    return x;
}

/* s.jsonl was scored from g.jsonl, which was sampled from the model m, which was trained. */
static void manifests(void **state) {
    (void)state;
    char dir[] = "/tmp/lemma-ablate-XXXXXX";
    double x;
    lem_err err = LEM_ERR_INIT;
    assert_non_null(mkdtemp(dir));
    assert_int_equal(chdir(dir), 0);
    assert_int_equal(lem_dir_make("m", &err), LEM_OK);
    write_text("s.jsonl.manifest.json", "{\"arguments\":{\"seed\":3},\"inputs\":[{\"path\":\"s.jsonl\"},"
                                        "{\"path\":\"gone\"},{\"path\":\"g.jsonl\"}]}");
    write_text("g.jsonl.manifest.json", "{\"arguments\":{\"n\":8,\"seed\":1},\"inputs\":[{\"path\":\"m\"}]}");
    write_text("m/manifest.json", "{\"arguments\":{\"batch\":16,\"lr\":\"0.001\",\"seed\":9},\"inputs\":[]}");
    write_text("m/telemetry.jsonl", "{\"step\":1,\"loss\":2,\"tokens\":100}\n{\"step\":1,\"val_loss\":2}\n"
                                    "{\"step\":2,\"loss\":1,\"tokens\":50}\n");
    near(made("s.jsonl", "seed"), 3); /* the nearest */
    near(made("s.jsonl", "n"), 8);
    near(made("s.jsonl", "lr"), 0.001);
    near(made("s.jsonl", "steps"), 2);
    near(made("s.jsonl", "rows-seen"), 32);
    near(made("s.jsonl", "tokens-seen"), 150);
    assert_int_equal(lem_eval_made_of("s.jsonl", "epochs", &x, &err), LEM_EDATA);
    assert_non_null(strstr(err.text, "NAME@X=FILE"));
    write_text("m/manifest.json", "{");
    assert_int_equal(lem_eval_made_of("s.jsonl", "lr", &x, &err), LEM_EDATA);
    assert_int_equal(chdir("/"), 0);
    assert_int_equal(lem_dir_remove(dir, &err), LEM_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seeds_are_averaged),
        cmocka_unit_test(places_join_to_curves),
        cmocka_unit_test(curves_over_k_and_tokens),
        cmocka_unit_test(texts),
        cmocka_unit_test(manifests),
    };
    return cmocka_run_group_tests(tests, make_all, NULL);
}
