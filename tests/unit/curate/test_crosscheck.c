/* test_crosscheck - the matrix against pairs counted by brute force, joining by prompt and id, the judge,
 * rows of every kind as teachers, and what is refused */
#include "core/file.h"
#include "core/mem.h"
#include "core/rng.h"
#include "curate/crosscheck.h"

#include "../checks.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char dir[] = "/tmp/lemma-cross-XXXXXX";

static void put(const char *path, const char *text) {
    OK(lem_file_write_atomic(path, text, strlen(text), &err));
}

static const lem_cross_opts plain = {
    .rule = {.all = true, .least = 1}, .id_field = "id", .judge_field = "verdict"};

/* Runs the samples of a file; why [n] receives what became of them. */
static int check(lem_crosscheck *c, const char *path, lem_cross_why why[]) {
    const lem_row_reader_opts how = {.limit = -1};
    lem_row_reader *r = NULL;
    lem_cross_sample s = {.n = 0};
    int n = 0;
    OK(lem_row_reader_open(&path, 1, &how, &r, &err));
    for (;; n++) {
        lem_json *row = NULL;
        OK(lem_row_reader_next(r, &row, &err));
        if (!row) break;
        OK(lem_crosscheck_look(c, r, row, &s, &err));
        OK(lem_crosscheck_compare(c, &s, &err));
        lem_crosscheck_count(c, &s);
        why[n] = s.why;
        lem_json_free(row);
    }
    lem_cross_sample_release(&s);
    lem_row_reader_close(r);
    return n;
}

/* ---- the matrix ---- */

static const char *const pool[] = {"1/2", "0.5", "\\frac{1}{2}", "2",    "2.0",     "x+1",  "1+x",
                                   NULL,  "cat", "(1,2)",        "\\pi", "3.14159", "x^2+", "0.46"};
enum { POOL = sizeof pool / sizeof *pool, ROWS = 120, SOURCES = 4 }; /* response, a#1, a#2, b */

static lem_grade_correct ask(const char *gold, const char *answer) {
    lem_grade_gold *g = NULL;
    lem_answer_result r;
    OK(lem_grade_gold_new(gold, strlen(gold), NULL, &g, &err));
    OK(lem_grade_compare(g, answer, strlen(answer), &r, &err));
    lem_grade_gold_free(g);
    return lem_grade_correct_of(r.verdict);
}

static lem_cross_pair by_definition(const char *a, const char *b) {
    if (!a || !b) return LEM_CROSS_SILENT;
    if (strcmp(a, b) == 0) return LEM_CROSS_AGREE;
    lem_grade_correct x = ask(a, b), y = ask(b, a);
    if (x == LEM_GRADE_RIGHT || y == LEM_GRADE_RIGHT) return LEM_CROSS_AGREE;
    return x == LEM_GRADE_WRONG || y == LEM_GRADE_WRONG ? LEM_CROSS_DIFFER : LEM_CROSS_UNDECIDED;
}

static void put_response(FILE *f, const char *answer) {
    lem_buf b = {0};
    lem_json *text = NULL;
    if (answer) lem_buf_printf(&b, "So it is \\boxed{%s}.", answer);
    else lem_buf_puts(&b, "I do not know.");
    text = lem_json_new_str(lem_buf_str(&b));
    lem_buf_clear(&b);
    lem_json_write(text, 0, &b);
    fputs(lem_buf_str(&b), f);
    lem_json_free(text);
    lem_buf_release(&b);
}

/* answer [row][source]; teacher b answers two prompts of three, the rows of a stand in reverse order. */
static void make_files(const char *answer[ROWS][SOURCES]) {
    FILE *r = fopen("r.jsonl", "w"), *a = fopen("a.jsonl", "w"), *b = fopen("b.jsonl", "w");
    lem_rng rng = lem_rng_make(3, "matrix", 0);
    for (int i = 0; i < ROWS; i++)
        for (int s = 0; s < SOURCES; s++) answer[i][s] = pool[lem_rng_next_below(&rng, i % 2 ? POOL : 3)];
    for (int i = 0; i < ROWS; i++) {
        int k = ROWS - 1 - i;
        fprintf(r, "{\"question\":\"Problem  %d?\",\"answer\":", i);
        put_response(r, answer[i][0]);
        fputs("}\n", r);
        fprintf(a, "{\"problem\":\"Problem %d? \",\"completions\":[", k);
        put_response(a, answer[k][1]);
        fputc(',', a);
        put_response(a, answer[k][2]);
        fputs("]}\n", a);
        if (i % 3 == 0) continue;
        fprintf(b,
                "{\"messages\":[{\"role\":\"user\",\"content\":\"Problem "
                "%d?\"},{\"role\":\"assistant\",\"content\":",
                i);
        put_response(b, answer[i][3]);
        fputs("}]}\n", b);
    }
    assert_int_equal(fclose(r) | fclose(a) | fclose(b), 0);
}

/* Source t of row i is there: teacher b answers two prompts of three. */
static bool is_there(int i, int t) { return t != 3 || i % 3 != 0; }

/* The pairs of sources s and t (t behind s) by brute force against what is told of them; added to seen. */
static void check_pair(const lem_json *facts, size_t at, int s, int t, const char *answer[ROWS][SOURCES],
                       int64_t seen[4]) {
    static const char *const names[] = {"response", "a.jsonl#1", "a.jsonl#2", "b.jsonl"};
    static const char *const keys[] = {"agree", "differ", "undecided", "silent"};
    const lem_json *p = lem_json_at(lem_json_get(facts, "pairs"), at),
                   *matrix = lem_json_get(facts, "matrix");
    int64_t want[LEM_CROSS_N_PAIRS] = {0};
    for (int i = 0; i < ROWS; i++)
        if (is_there(i, t)) want[by_definition(answer[i][s], answer[i][t])]++;
    assert_string_equal(lem_json_str(lem_json_get(p, "a"), ""), names[s]);
    assert_string_equal(lem_json_str(lem_json_get(p, "b"), ""), names[t]);
    for (int k = 0; k < 4; k++) {
        assert_int_equal(lem_json_int(lem_json_get(p, keys[k]), -1), want[k]);
        seen[k] += want[k];
    }
    double share = (double)want[0] / (double)(want[0] + want[1]);
    const lem_json *one = lem_json_at(lem_json_at(matrix, (size_t)s), (size_t)t),
                   *other = lem_json_at(lem_json_at(matrix, (size_t)t), (size_t)s);
    assert_true(fabs(lem_json_num(one, -1) - share) < 1e-15);
    assert_true(lem_json_num(one, -1) == lem_json_num(other, -2));
}

/* All answers of row i that are there agree, pair by pair. */
static bool all_agree(const char *answer[SOURCES], int i) {
    for (int s = 0; s < SOURCES; s++)
        for (int t = 0; t < s; t++)
            if (is_there(i, s) && by_definition(answer[s], answer[t]) != LEM_CROSS_AGREE) return false;
    return true;
}

static void the_matrix_by_brute_force(void **state) {
    (void)state;
    const char *answer[ROWS][SOURCES];
    lem_crosscheck *c = NULL;
    lem_cross_why why[ROWS];
    int64_t seen[4] = {0};
    size_t at = 0;
    make_files(answer);
    OK(lem_crosscheck_new(&plain, &c, &err));
    OK(lem_crosscheck_add_teacher(c, "a.jsonl", &err));
    OK(lem_crosscheck_add_teacher(c, "b.jsonl", &err));
    assert_int_equal(check(c, "r.jsonl", why), ROWS);
    lem_json *facts = lem_crosscheck_json(c);
    assert_int_equal(lem_json_count(lem_json_get(facts, "pairs")), SOURCES * (SOURCES - 1) / 2);
    for (int s = 0; s < SOURCES; s++) {
        const lem_json *source = lem_json_at(lem_json_get(facts, "sources"), (size_t)s);
        assert_int_equal(lem_json_int(lem_json_get(source, "answers"), -1), s == 3 ? ROWS * 2 / 3 : ROWS);
        for (int t = s + 1; t < SOURCES; t++) check_pair(facts, at++, s, t, answer, seen);
    }
    for (int k = 0; k < 4; k++) assert_true(seen[k] > 5);
    for (int i = 0; i < ROWS; i++)
        if ((why[i] == LEM_CROSS_KEPT) != all_agree(answer[i], i))
            fail_msg("row %d: %s", i, lem_cross_why_text(why[i]));
    lem_json_free(facts);
    lem_crosscheck_free(c);
}

/* ---- joining ---- */

static void rows_of_every_kind(void **state) {
    (void)state;
    static const char *const rows[] = {
        "{\"problem\":\"p\\n q\",\"solution\":\"\\\\boxed{3}\"}\n",
        "{\"prompt\":\" p q\",\"completion\":\"so \\\\boxed{3}\"}\n",
        "{\"instruction\":\"p q\",\"output\":\"it is 3\"}\n",
        "{\"conversations\":[{\"from\":\"human\",\"value\":\"p q\"},{\"from\":\"gpt\",\"value\":\"#### "
        "3\"}]}\n",
        "{\"problem\":\"p q\",\"completions\":[\"\\\\boxed{3}\"]}\n",
        "{\"problem\":\"p q\",\"responses\":[\"\\\\boxed{3}\",\"\\\\boxed{3.0}\"]}\n",
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        lem_crosscheck *c = NULL;
        lem_cross_why why[2];
        put("t.jsonl", rows[i]);
        put("s.jsonl",
            "{\"question\":\"p q\",\"answer\":\"6/2\"}\n{\"question\":\"P q\",\"answer\":\"3\"}\n");
        OK(lem_crosscheck_new(&plain, &c, &err));
        OK(lem_crosscheck_add_teacher(c, "t.jsonl", &err));
        assert_int_equal(check(c, "s.jsonl", why), 2);
        assert_int_equal(why[0], LEM_CROSS_KEPT);
        assert_int_equal(why[1], LEM_CROSS_NO_TEACHER); /* letters count as they are */
        lem_crosscheck_free(c);
    }
}

static void by_id_and_bare_answers(void **state) {
    (void)state;
    lem_cross_opts o = plain;
    lem_crosscheck *c = NULL;
    lem_cross_why why[4];
    o.by_id = true;
    o.id_field = "meta.key";
    o.answer_field = "got";
    put("t.jsonl", "{\"meta\":{\"key\":7},\"got\":[\"3\",null]}\n{\"meta\":{\"key\":\"8\"},\"got\":4}\n");
    put("s.jsonl", "{\"meta\":{\"key\":\"7\"},\"problem\":\"a\",\"solution\":\"3\"}\n"
                   "{\"meta\":{\"key\":8},\"problem\":\"b\",\"solution\":\"\\\\boxed{4}\"}\n"
                   "{\"meta\":{\"key\":9},\"problem\":\"a\",\"solution\":\"3\"}\n");
    OK(lem_crosscheck_new(&o, &c, &err));
    OK(lem_crosscheck_add_teacher(c, "t.jsonl", &err));
    assert_int_equal(check(c, "s.jsonl", why), 3);
    assert_int_equal(why[0], LEM_CROSS_TEACHERS_SILENT);
    assert_int_equal(why[1], LEM_CROSS_KEPT);
    assert_int_equal(why[2], LEM_CROSS_NO_TEACHER);
    lem_crosscheck_free(c);
}

static void the_judge(void **state) {
    (void)state;
    lem_crosscheck *c = NULL;
    lem_cross_why why[6];
    put("j.jsonl", "{\"problem\":\"a\",\"verdict\":true}\n{\"problem\":\"b\",\"verdict\":\"No\"}\n"
                   "{\"problem\":\"c\",\"verdict\":null}\n{\"problem\":\"d\",\"verdict\":false}\n"
                   "{\"problem\":\"d\",\"verdict\":0.7}\n"); /* a "no" stands */
    put("k.jsonl", "{\"problem\":\"e\",\"solution\":\"5\",\"verdict\":[true]}\n");
    put("s.jsonl", "{\"problem\":\"a\",\"solution\":\"1\"}\n{\"problem\":\"b\",\"solution\":\"1\"}\n"
                   "{\"problem\":\"c\",\"solution\":\"1\"}\n{\"problem\":\"d\",\"solution\":\"1\"}\n"
                   "{\"problem\":\"e\",\"solution\":\"1\"}\n{\"problem\":\"e\",\"solution\":\"5\"}\n");
    static const lem_cross_why want[] = {LEM_CROSS_KEPT,         LEM_CROSS_JUDGED_WRONG, LEM_CROSS_NOT_JUDGED,
                                         LEM_CROSS_JUDGED_WRONG, LEM_CROSS_NOT_JUDGED,   LEM_CROSS_KEPT};
    OK(lem_crosscheck_new(&plain, &c, &err));
    OK(lem_crosscheck_add_judge(c, "j.jsonl", &err));
    OK(lem_crosscheck_add_judge(c, "k.jsonl", &err));
    assert_int_equal(check(c, "s.jsonl", why), 6);
    for (int i = 0; i < 6; i++)
        if (why[i] != want[i]) fail_msg("row %d: %s", i, lem_cross_why_text(why[i]));
    lem_crosscheck_free(c);
    /* Both: the teachers first. */
    put("t.jsonl", "{\"problem\":\"a\",\"solution\":\"2\"}\n{\"problem\":\"b\",\"solution\":\"1\"}\n");
    OK(lem_crosscheck_new(&plain, &c, &err));
    OK(lem_crosscheck_add_teacher(c, "t.jsonl", &err));
    OK(lem_crosscheck_add_judge(c, "j.jsonl", &err));
    check(c, "s.jsonl", why);
    assert_int_equal(why[0], LEM_CROSS_RESPONSE_DIFFERS);
    assert_int_equal(why[1], LEM_CROSS_JUDGED_WRONG);
    lem_crosscheck_free(c);
}

/* ---- refusals ---- */

static void refused(void **state) {
    (void)state;
    static const struct {
        const char *rows, *words;
        bool by_id, judge;
        const char *field;
    } cases[] = {
        {"{\"a\":1}\n", "t.jsonl:1: ", false, false, NULL},
        {"\n{\"problem\":\" \",\"solution\":\"1\"}\n", "t.jsonl:2: the prompt is empty", false, false, NULL},
        {"{\"problem\":\"p\",\"completions\":[7]}\n", "t.jsonl:1: an answer must be a text, found integer",
         false, false, NULL},
        {"{\"problem\":\"p\",\"completions\":[\"1\"]}\n",
         "t.jsonl:1: field 'id': a text or whole number expected "
         "as id, nothing found",
         true, false, NULL},
        {"{\"problem\":\"p\",\"solution\":\"1\"}\n", "t.jsonl:1: an answer must be a text, found nothing",
         false, false, "x"},
        {"{\"problem\":\"p\",\"verdict\":\"maybe\"}\n", "t.jsonl:1: field 'verdict': a verdict expected",
         false, true, NULL},
        {"{\"problem\":\"p\"}\n", "nothing found", false, true, NULL},
        {"", "no rows", false, true, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lem_cross_opts o = plain;
        lem_crosscheck *c = NULL;
        o.by_id = cases[i].by_id;
        o.answer_field = cases[i].field;
        put("t.jsonl", cases[i].rows);
        OK(lem_crosscheck_new(&o, &c, &err));
        if (cases[i].judge) FAILS(lem_crosscheck_add_judge(c, "t.jsonl", &err), LEM_EDATA, cases[i].words);
        else FAILS(lem_crosscheck_add_teacher(c, "t.jsonl", &err), LEM_EDATA, cases[i].words);
        lem_crosscheck_free(c);
    }
}

static void too_many_answers(void **state) {
    (void)state;
    lem_crosscheck *c = NULL;
    lem_buf b = {0};
    for (int n = LEM_CROSS_MAX_TEACHER_ANSWERS; n <= LEM_CROSS_MAX_TEACHER_ANSWERS + 1; n++) {
        lem_buf_clear(&b);
        lem_buf_puts(&b, "{\"problem\":\"p\",\"completions\":[\"0\"");
        for (int i = 1; i < n; i++) lem_buf_printf(&b, ",\"%d\"", i % 3);
        lem_buf_puts(&b, "]}\n");
        put("t.jsonl", lem_buf_str(&b));
        OK(lem_crosscheck_new(&plain, &c, &err));
        if (n > LEM_CROSS_MAX_TEACHER_ANSWERS)
            FAILS(lem_crosscheck_add_teacher(c, "t.jsonl", &err), LEM_EDATA,
                  "t.jsonl:1: more than 64 answers");
        else {
            lem_cross_why why[1];
            OK(lem_crosscheck_add_teacher(c, "t.jsonl", &err));
            put("s.jsonl", "{\"problem\":\"p\",\"solution\":\"1\"}\n");
            assert_int_equal(check(c, "s.jsonl", why), 1);
            assert_int_equal(why[0], LEM_CROSS_TEACHERS_DIFFER);
        }
        lem_crosscheck_free(c);
    }
    lem_buf_release(&b);
}

static void without_memory(void **state) {
    (void)state;
    put("t.jsonl",
        "{\"problem\":\"p\",\"completions\":[\"1\",\"2\"]}\n{\"problem\":\"q\",\"solution\":\"2\"}\n");
    for (uint64_t k = 1;; k++) {
        lem_crosscheck *c = NULL;
        lem_mem_fail_after(k, true);
        lem_status st = lem_crosscheck_new(&plain, &c, &err);
        if (st == LEM_OK) st = lem_crosscheck_add_teacher(c, "t.jsonl", &err);
        lem_mem_fail_after(0, false);
        lem_crosscheck_free(c);
        if (st == LEM_OK) break;
        assert_int_equal(st, LEM_EMEM);
        assert_true(k < 10000);
    }
}

int main(void) {
    if (!mkdtemp(dir) || chdir(dir) != 0) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_matrix_by_brute_force),
        cmocka_unit_test(rows_of_every_kind),
        cmocka_unit_test(by_id_and_bare_answers),
        cmocka_unit_test(the_judge),
        cmocka_unit_test(refused),
        cmocka_unit_test(too_many_answers),
        cmocka_unit_test(without_memory),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    (void)!chdir("/");
    (void)!lem_dir_remove(dir, NULL);
    return failed;
}
