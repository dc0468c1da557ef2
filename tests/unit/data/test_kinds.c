/* test_kinds - loaders give the same from Parquet, CSV and packed files as from JSONL of the same rows;
 * folders are refused */
#include "data/dataset.h"
#include "data/problems.h"

#include "core/file.h"
#include "core/mem.h"
#include "rows/write.h"

#include "../checks.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char dir[64];

static const char *at(const char *name) {
    static __thread char path[2][256];
    static __thread int next;
    next = !next;
    snprintf(path[next], sizeof path[next], "%s/%s", dir, name);
    return path[next];
}

static void put(const char *name, lem_rows_kind kind, const char *const *rows, size_t n) {
    lem_rows_writer *w = NULL;
    OK(lem_rows_writer_open(at(name), kind, true, 0, &w, &err));
    for (size_t i = 0; i < n; i++) {
        lem_json *row = NULL;
        OK(lem_json_parse(rows[i], strlen(rows[i]), &row, &err));
        OK(lem_rows_writer_add(w, row, &err));
        lem_json_free(row);
    }
    OK(lem_rows_writer_commit(w, &err));
    lem_rows_writer_close(w);
}

static lem_status add_text(void *ctx, const char *text, size_t len, lem_err *e) {
    (void)e;
    lem_buf_add(ctx, text, len);
    lem_buf_putc(ctx, '|');
    return LEM_OK;
}

static const char *const chats[] = {
    "{\"messages\":[{\"role\":\"user\",\"content\":\"6*7?\"},{\"role\":\"assistant\",\"content\":\"\\\\boxed{"
    "42}\"}]}",
    "{\"messages\":[{\"role\":\"system\",\"content\":\"größer\"},{\"role\":\"user\",\"content\":\"1+1?\"},"
    "{\"role\":\"assistant\",\"content\":\"2\"}]}"};

static void texts_of_parquet_are_those_of_jsonl(void **state) {
    (void)state;
    static const char *const names[] = {"a.jsonl", "a.parquet", "a.jsonl.gz"};
    lem_buf text[3] = {{0}};
    const lem_sft_load how = {.limit = -1};
    for (int i = 0; i < 3; i++) {
        put(names[i], i == 1 ? LEM_ROWS_PARQUET : LEM_ROWS_JSONL, chats, 2);
        OK(lem_texts_load(at(names[i]), &how, add_text, &text[i], &err));
        assert_true(text[i].len > 20);
        assert_string_equal(text[i].data, text[0].data);
    }
    for (int i = 0; i < 3; i++) lem_buf_release(&text[i]);
}

static void problems_of_all_kinds(void **state) {
    (void)state;
    static const char *const rows[] = {"{\"problem\":\"6*7?\",\"answer\":\"42\"}",
                                       "{\"problem\":\"1, 2?\",\"answer\":\"3\"}"};
    static const char csv[] = "problem,answer\n6*7?,42\n\"1, 2?\",3\n";
    static const char *const names[] = {"p.jsonl", "p.parquet", "p.csv"};
    put(names[0], LEM_ROWS_JSONL, rows, 2);
    put(names[1], LEM_ROWS_PARQUET, rows, 2);
    OK(lem_file_write_atomic(at(names[2]), csv, sizeof csv - 1, &err));
    for (int i = 0; i < 3; i++) {
        lem_problems p = {0};
        OK(lem_problems_load(at(names[i]), NULL, -1, NULL, &p, &err));
        assert_int_equal(p.n, 2);
        lem_problems_release(&p);
    }
}

/* A folder and a pattern are the rows of their files; what is wrong in one of them names that file. */
static void problems_of_a_folder(void **state) {
    (void)state;
    static const char a[] = "{\"problem\":\"p\"}\n", b[] = "{\"problem\":\"q\"}\n{\"problem\":\"r\"}\n",
                      bad[] = "\n{\"problem\":7}\n";
    char sub[128], pattern[160], place[160];
    snprintf(sub, sizeof sub, "%s/set", dir);
    snprintf(pattern, sizeof pattern, "%s/[bc].jsonl", sub);
    OK(lem_dir_make(sub, &err));
    OK(lem_file_write_atomic(at("set/b.jsonl"), b, sizeof b - 1, &err));
    OK(lem_file_write_atomic(at("set/a.jsonl"), a, sizeof a - 1, &err));
    lem_problems p = {0};
    OK(lem_problems_load(sub, NULL, -1, NULL, &p, &err));
    assert_int_equal(p.n, 3);
    assert_string_equal(p.at[0].problem, "p");
    assert_string_equal(p.at[2].problem, "r");
    assert_string_equal(p.at[2].file, at("set/b.jsonl"));
    assert_string_equal(lem_json_str(p.at[2].id, ""), "2"); /* counted over all files */
    lem_problems_release(&p);
    OK(lem_problems_load(pattern, NULL, -1, NULL, &p, &err));
    assert_int_equal(p.n, 2);
    lem_problems_release(&p);
    OK(lem_file_write_atomic(at("set/c.jsonl"), bad, sizeof bad - 1, &err));
    snprintf(place, sizeof place, "%s:2: the problem must be a string", at("set/c.jsonl"));
    FAILS(lem_problems_load(sub, NULL, -1, NULL, &p, &err), LEM_EDATA, place);
}

int main(void) {
    snprintf(dir, sizeof dir, "/tmp/lemma-kinds-XXXXXX");
    if (!mkdtemp(dir)) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_of_parquet_are_those_of_jsonl),
        cmocka_unit_test(problems_of_all_kinds),
        cmocka_unit_test(problems_of_a_folder),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    (void)!lem_dir_remove(dir, NULL);
    return failed;
}
