/* test_rm_sample.c - rm sample from outside: what is left out and why, pairs of one generator, weights, step
 * labels that go with their responses, concise right ones, a word about responses that were cut off */
#include "core/buf.h"
#include "core/json.h"
#include "../support/jsonl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define L LEMMA_BINARY

/* The object that `rm sample WORDS --json` prints. */
static lem_json *sample(const char *words, int status) {
    char line[512];
    lem_buf text = {0};
    lem_json *o = NULL;
    lem_err err = LEM_ERR_INIT;
    snprintf(line, sizeof line, L " rm sample %s --json 2>err.txt </dev/null", words);
    FILE *f = popen(line, "r");
    assert_non_null(f);
    for (int c; (c = getc(f)) != EOF;) lem_buf_putc(&text, (char)c);
    int got = pclose(f) >> 8;
    if (got != status) fail_msg("%s: status %d", line, got);
    if (status == 0) assert_int_equal(lem_json_parse(lem_buf_str(&text), text.len, &o, &err), LEM_OK);
    lem_buf_release(&text);
    return o;
}

static int64_t number(const lem_json *o, const char *key) { return lem_json_int(lem_json_get(o, key), -1); }

static void put(const char *path, const char *text) {
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

/* Two generators: of "mixed" each has both classes, of "apart" one is always right and the other never. */
#define POOL(correct_r, correct_w, correct_n, correct_m, correct_a)                                          \
    "{\"problem\":\"right\",\"completions\":[\"r1\",\"r2\"],\"correct\":[" correct_r "]}\n"                  \
    "{\"problem\":\"wrong\",\"completions\":[\"w1\",\"w2\"],\"correct\":[" correct_w "]}\n"                  \
    "{\"problem\":\"none\",\"completions\":[\"n1\",\"n2\"],\"correct\":[" correct_n "]}\n"                   \
    "{\"problem\":\"mixed\",\"completions\":[\"m1\",\"m2\"],\"correct\":[" correct_m                         \
    "],\"step_labels\":[[1,1],[1,0]]}\n"                                                                     \
    "{\"problem\":\"apart\",\"completions\":[\"a1\",\"a2\"],\"correct\":[" correct_a "]}\n"

static void reasons(void **state) {
    (void)state;
    lem_json *o = sample("a.jsonl b.jsonl --random --per-problem 6 --out x1", 3);
    assert_null(o);
    o = sample("a.jsonl b.jsonl --random --per-problem 2 --out l1", 0);
    assert_int_equal(number(o, "problems"), 5);
    assert_int_equal(number(o, "lists"), 2);
    assert_int_equal(number(o, "left_out"), 3);
    assert_int_equal(number(o, "all_right"), 1);
    assert_int_equal(number(o, "all_wrong"), 1);
    assert_int_equal(number(o, "nothing_usable"), 1);
    assert_int_equal(number(o, "undecided"), 4);
    lem_json_free(o);
    o = sample("a.jsonl b.jsonl --random --per-problem 6 --keep-short --out l2", 0);
    assert_int_equal(number(o, "lists"), 2);
    lem_json_free(o);
    assert_null(sample("a.jsonl --random --per-problem 4 --positives 4 --out x2", 2));
}

/* Each pair is of one generator, a right and a wrong one; a problem whose generators are apart gives none. */
static void pairs(void **state) {
    (void)state;
    lem_json *row = NULL, *o = sample("a.jsonl b.jsonl --random --pairs-by-generator --out l3", 0);
    lem_lines *rows = NULL;
    lem_err err = LEM_ERR_INIT;
    int n = 0;
    assert_int_equal(number(o, "lists"), 2);
    assert_int_equal(number(o, "no_generator_with_both"), 1);
    assert_int_equal(number(o, "too_few"), 0);
    lem_json_free(o);
    assert_int_equal(lem_lines_open("l3", 0, &rows, &err), LEM_OK);
    for (; jsonl_next(rows, &row, &err) == LEM_OK && row; n++) {
        const lem_json *g = lem_json_get(row, "generators"), *y = lem_json_get(row, "labels");
        assert_string_equal(lem_json_str(lem_json_get(row, "problem"), ""), "mixed");
        assert_int_equal(lem_json_count(g), 2);
        assert_true(lem_json_equal(lem_json_at(g, 0), lem_json_at(g, 1)));
        assert_int_equal(lem_json_int(lem_json_at(y, 0), -1) + lem_json_int(lem_json_at(y, 1), -1), 1);
        lem_json_free(row);
    }
    assert_int_equal(n, 2);
    lem_lines_close(rows);
}

/* Texts drawn more than once weigh so much; step labels stay with their response, null where there are none.
 */
static void columns(void **state) {
    (void)state;
    lem_json *row = NULL;
    lem_lines *rows = NULL;
    lem_err err = LEM_ERR_INIT;
    lem_json_free(sample("c.jsonl b3.jsonl --random --per-problem 3 --weights --out l4", 0));
    assert_int_equal(lem_lines_open("l4", 0, &rows, &err), LEM_OK);
    assert_int_equal(jsonl_next(rows, &row, &err), LEM_OK);
    const lem_json *text = lem_json_get(row, "responses"), *w = lem_json_get(row, "weights"),
                   *s = lem_json_get(row, "step_labels");
    assert_int_equal(lem_json_count(text), 3);
    assert_int_equal(lem_json_count(w), 3);
    assert_int_equal(lem_json_count(s), 3);
    for (size_t i = 0; i < 3; i++) {
        const char *t = lem_json_str(lem_json_at(text, i), "");
        const lem_json *steps = lem_json_at(s, i);
        assert_int_equal(lem_json_int(lem_json_at(w, i), -1), strcmp(t, "twice") == 0 ? 3 : 1);
        if (strcmp(t, "other") == 0) assert_int_equal(lem_json_kind(steps), LEM_JSON_NULL);
        else assert_int_equal(lem_json_int(lem_json_at(steps, 0), -1), strcmp(t, "twice") == 0);
    }
    lem_json_free(row);
    lem_lines_close(rows);
}

/* Every right response of the lists is of the shorter half, of the wrong ones some are not. Without --concise
 * the longest right one is drawn too, so that the test can fail. */
static void concise(void **state) {
    (void)state;
    for (int on = 0; on < 2; on++) {
        lem_json *row = NULL;
        lem_lines *rows = NULL;
        lem_err err = LEM_ERR_INIT;
        size_t longest[2] = {0, 0};
        lem_json_free(sample(on ? "d.jsonl --random --per-problem 2 --lists 40 --concise --out l6"
                                : "d.jsonl --random --per-problem 2 --lists 40 --out l5",
                             0));
        assert_int_equal(lem_lines_open(on ? "l6" : "l5", 0, &rows, &err), LEM_OK);
        for (; jsonl_next(rows, &row, &err) == LEM_OK && row; lem_json_free(row))
            for (size_t k = 0; k < 2; k++) {
                int64_t y = lem_json_int(lem_json_at(lem_json_get(row, "labels"), k), -1);
                size_t n = lem_json_str_len(lem_json_at(lem_json_get(row, "responses"), k));
                if (n > longest[y]) longest[y] = n;
            }
        lem_lines_close(rows);
        assert_int_equal(longest[0], 6);
        assert_int_equal(longest[1], on ? 3 : 5);
    }
}

/* Wrong responses cut off where right ones are not: a word, in --json too. Not where both are, alike. */
static void cut_off(void **state) {
    (void)state;
    lem_json *o = sample("cut.jsonl --random --per-problem 4 --out l7", 0);
    assert_int_equal(number(o, "wrong_cut"), 1);
    assert_int_equal(number(o, "wrong_with_reason"), 2);
    assert_int_equal(number(o, "right_cut"), 0);
    assert_int_equal(number(o, "right_with_reason"), 2);
    const lem_json *w = lem_json_get(o, "warnings");
    assert_int_equal(lem_json_count(w), 1);
    assert_non_null(strstr(lem_json_str(lem_json_at(w, 0), ""), "1 of 2 wrong responses"));
    assert_int_equal(system("grep -q 'warning: 1 of 2 wrong responses.*teach length' err.txt"), 0);
    lem_json_free(o);
    o = sample("alike.jsonl --random --per-problem 4 --out l8", 0);
    assert_int_equal(number(o, "right_cut"), 1);
    assert_int_equal(lem_json_count(lem_json_get(o, "warnings")), 0);
    lem_json_free(o);
    o = sample("d.jsonl --random --per-problem 4 --out l9", 0); /* no finish_reason, nothing to say */
    assert_int_equal(number(o, "wrong_with_reason"), 0);
    assert_int_equal(lem_json_count(lem_json_get(o, "warnings")), 0);
    lem_json_free(o);
}

/* Texts of the two files do not mix, and about the share of the problems is of the second; alone, its lists
 * are those that it gives alone. */
static void mix(void **state) {
    (void)state;
    FILE *f[2] = {fopen("m1.jsonl", "w"), fopen("m2.jsonl", "w")};
    for (int k = 0; k < 2; k++) {
        assert_non_null(f[k]);
        for (int i = 0; i < 400; i++)
            fprintf(f[k],
                    "{\"problem\":\"p%d\",\"completions\":[\"%d a\",\"%d b\"],\"correct\":[true,false]}\n", i,
                    k, k);
        fclose(f[k]);
    }
    lem_json *row = NULL, *o = sample("m1.jsonl m2.jsonl --random --per-problem 2 --mix 2=0.25 --out m", 0);
    lem_lines *rows = NULL;
    lem_err err = LEM_ERR_INIT;
    int n[2] = {0};
    assert_int_equal(lem_lines_open("m", 0, &rows, &err), LEM_OK);
    for (; jsonl_next(rows, &row, &err) == LEM_OK && row; lem_json_free(row)) {
        const lem_json *t = lem_json_get(row, "responses");
        int of = lem_json_str(lem_json_at(t, 0), "")[0] - '0';
        assert_int_equal(lem_json_str(lem_json_at(t, 1), "")[0] - '0', of);
        n[of]++;
    }
    lem_lines_close(rows);
    assert_int_equal(n[0] + n[1], 400);
    assert_in_range(n[1], 60, 140);
    const lem_json *s = lem_json_get(o, "sources");
    assert_int_equal(lem_json_count(s), 2);
    assert_int_equal(lem_json_kind(lem_json_get(lem_json_at(s, 0), "file")), LEM_JSON_NULL);
    assert_int_equal(number(lem_json_at(s, 0), "with_lists"), n[0]);
    assert_int_equal(number(lem_json_at(s, 1), "file"), 2);
    assert_int_equal(number(lem_json_at(s, 1), "problems"), n[1]);
    lem_json_free(o);
    lem_json_free(sample("m1.jsonl m2.jsonl --random --per-problem 2 --mix 1=1 --out ma", 0));
    lem_json_free(sample("m1.jsonl --random --per-problem 2 --out mb", 0));
    assert_int_equal(system("cmp ma mb"), 0);
    assert_null(sample("m1.jsonl m2.jsonl --random --per-problem 2 --mix 3=0.5 --out mx", 2));
    assert_null(sample("m1.jsonl m2.jsonl --random --per-problem 2 --mix 1=0.5 --mix 2=0.6 --out mx", 2));
    assert_int_equal(system("grep -q -e '--mix: shares of 1.1 in all are more than 1' err.txt"), 0);
}

static int enter(void **state) {
    static char dir[] = "/tmp/lemma-rm-sample-XXXXXX";
    *state = mkdtemp(dir);
    if (!*state || chdir(dir) != 0) return -1;
    put("a.jsonl", POOL("true,true", "false,false", "null,null", "true,false", "true,true"));
    put("b.jsonl", "{\"problem\":\"right\",\"completions\":[\"q\"],\"correct\":[true]}\n"
                   "{\"problem\":\"wrong\",\"completions\":[\"q\"],\"correct\":[false]}\n"
                   "{\"problem\":\"none\",\"completions\":[\"q\",\"p\"],\"correct\":[null,null]}\n"
                   "{\"problem\":\"mixed\",\"completions\":[\"u\",\"v\"],\"correct\":[false,true]}\n"
                   "{\"problem\":\"apart\",\"completions\":[\"u\",\"v\"],\"correct\":[false,false]}\n");
    put("c.jsonl", "{\"problem\":\"p\",\"completions\":[\"twice\",\"twice\",\"once\"],\"correct\":[true,true,"
                   "false],\"step_labels\":[[1],[1],[0]]}\n");
    put("d.jsonl", "{\"problem\":\"p\",\"completions\":[\"55555\",\"4444\",\"22\",\"333\",\"666666\","
                   "\"7\",\"88\"],\"correct\":[true,true,true,true,false,false,false]}\n");
#define CUT(right)                                                                                           \
    "{\"problem\":\"p\",\"completions\":[\"a\",\"b\",\"c\",\"d\"],\"correct\":[true,true,false,false],"      \
    "\"finish_reason\":[\"stop\",\"" right "\",\"length\",\"stop\"]}\n"
    put("cut.jsonl", CUT("stop"));
    put("alike.jsonl", CUT("length"));
    put("b3.jsonl", "{\"problem\":\"p\",\"completions\":[\"other\",\"twice\"],\"correct\":[false,true]}\n");
    return 0;
}

static int leave(void **state) {
    char line[64];
    snprintf(line, sizeof line, "rm -rf '%s'", (const char *)*state);
    return chdir("/") == 0 && system(line) == 0 ? 0 : -1;
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(reasons), cmocka_unit_test(pairs),
                                       cmocka_unit_test(columns), cmocka_unit_test(concise),
                                       cmocka_unit_test(cut_off), cmocka_unit_test(mix)};
    return cmocka_run_group_tests(tests, enter, leave);
}
