/* test_data_kinds.c - kinds of rows from outside: what sft says that it leaves out, what inspect shows, what
 * convert says is lost, that rm train and rm sample read every shape of judged replies */
#include "core/buf.h"
#include "core/file.h"
#include "core/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define L LEMMA_BINARY
#define KINDS LEMMA_TEST_DATA "/kinds/"

/* Runs a command line, which must end with status; both streams into *said (caller releases). */
static void run(const char *line, int status, lem_buf *said) {
    char full[1024];
    snprintf(full, sizeof full, "%s 2>&1 </dev/null", line);
    FILE *f = popen(full, "r");
    assert_non_null(f);
    for (int c; (c = getc(f)) != EOF;) lem_buf_putc(said, (char)c);
    int raw = pclose(f);
    if (raw >> 8 != status) fail_msg("%s: status %d: %s", line, raw >> 8, lem_buf_str(said));
}

/* All of the texts, NULL at the end, are said. */
static void says(const char *line, int status, const char *const *texts) {
    lem_buf said = {0};
    run(line, status, &said);
    for (; *texts; texts++)
        if (!strstr(lem_buf_str(&said), *texts))
            fail_msg("%s:\n%s\nlacks '%s'", line, lem_buf_str(&said), *texts);
    lem_buf_release(&said);
}
#define SAYS(line, status, ...) says(line, status, (const char *const[]){__VA_ARGS__, NULL})

static void write_file(const char *name, const char *text) {
    lem_err err = LEM_ERR_INIT;
    assert_int_equal(lem_file_write_atomic(name, text, strlen(text), &err), LEM_OK);
}

static void sft_says_what_it_leaves_out(void **state) {
    (void)state;
    write_file("k.jsonl",
               "{\"id\":\"a\",\"prompt\":\"p\",\"completion\":\"g \\\\boxed{1} "
               "\\\\boxed{2}\",\"label\":true,\"by\":\"x\"}\n"
               "{\"id\":\"a\",\"prompt\":\"p\",\"completion\":\"b\",\"label\":false,\"by\":\"x\"}\n"
               "{\"id\":\"a\",\"prompt\":\"p\",\"completion\":\"\",\"label\":true,\"by\":\"x\"}\n"
               "{\"id\":\"a\",\"prompt\":\"p\",\"completion\":\"c\",\"label\":true,\"by\":\"x\"}\n");
    SAYS(L " sft --model m --data k.jsonl --dry-run --out n", 0,
         "k.jsonl: rows of kind kto (columns prompt, completion, label); rows whose label is false or 0 are "
         "not trained",
         "k.jsonl: 1 rows left out: they say that they are not to be trained",
         "k.jsonl: 1 rows left out: their replies are empty",
         "k.jsonl: 1 rows with an id that an earlier row has",
         "k.jsonl: 1 rows with a reply of several \\boxed answers", "k.jsonl: columns that nothing uses: by",
         "4 rows, 2 kept");
    SAYS(L " sft --model m --data " KINDS "preference.jsonl --dry-run --out n", 0,
         "the chosen reply is trained, the rejected one is not", "7 rows, 7 kept");
    SAYS(L " sft --model m --data " KINDS "sharegpt.jsonl --dry-run --out n", 0,
         "1 rows with tools, which the chat template does not write");
    SAYS(L " sft --model m --data " KINDS "messages.jsonl --dry-run --out n", 0,
         "1 replies are not trained, as their rows say");
    SAYS(L " sft --model m --data " KINDS "trl-steps.jsonl --dry-run --out n", 3,
         "'lemma prm train' reads it");
}

static void inspect_shows(void **state) {
    (void)state;
    assert_int_equal(system("mkdir -p card && cp '" KINDS "messages.jsonl' card/"), 0);
    write_file("card/README.md", "---\nlicense: mit\n---\n");
    SAYS(L " data inspect card/messages.jsonl --model m", 0, "JSONL, one object a line", "3 rows",
         "rows of kind messages: conversations, by the columns messages of role and content",
         "licence: mit (card/README.md)", "1 replies that are not to be trained", "tokens in 3 rows",
         "[[It is \\boxed{4}.<|im_end|>]]", "first row: {\"id\":\"m1\"");
    write_file("bad.jsonl", "{\"prompt\":\"p\",\"completion\":\"c\"}\n{\"prompt\":\"p\",\"completion\":3}\n");
    SAYS(L " data inspect bad.jsonl", 0, "1 rows cannot be read as that kind:",
         "bad.jsonl:2: field 'completion': text expected, integer found");
    SAYS(L " data inspect " KINDS "kto.jsonl " KINDS "alpaca.jsonl", 0, "rows of kind kto",
         "rows of kind alpaca", "4 rows in 1 files");
}

static void convert_says_what_is_lost(void **state) {
    (void)state;
    SAYS(L " data convert " KINDS "preference.jsonl --to lists --out o.parquet", 0,
         "columns that are not carried over: margin", "7 rows read, 6 written as lists", "1 rows left out");
    SAYS(L " data inspect o.parquet", 0, "Parquet", "6 rows", "rows of kind lists");
    SAYS(L " data convert o.parquet --to kto --out o.jsonl.zst --json", 0, "\"written\":12");
    SAYS(L " data inspect o.jsonl.zst", 0, "12 rows", "rows of kind kto");
    SAYS(L " data convert " KINDS "math-shepherd.jsonl --to annotated --out - --quiet", 0,
         "\"step_labels\":[1,0]");
}

/* The same lists in each shape train to the same bytes, and give the same sample. */
static void all_shapes_train_and_sample(void **state) {
    (void)state;
    static const char *const kinds[] = {"preference", "nemo-ranked", "kto", "acemath-rm"};
    FILE *f = fopen("lists.jsonl", "w");
    assert_non_null(f);
    for (int i = 0; i < 30; i++)
        fprintf(f, "{\"problem\":\"p%d\",\"responses\":[\"it is %d\",\"it is %d\"],\"labels\":[1,0]}\n", i, i,
                i + 1);
    fclose(f);
    SAYS(L " rm train --model m --lists lists.jsonl --batch 5 --max-steps 2 --out r --quiet", 0, "");
    SAYS(L " rm sample lists.jsonl --random --per-problem 2 --out s.jsonl --quiet", 0, "");
    for (int i = 0; i < 4; i++) {
        char line[512];
        snprintf(line, sizeof line, L " data convert lists.jsonl --to %s --out %s.jsonl --quiet", kinds[i],
                 kinds[i]);
        SAYS(line, 0, "");
        snprintf(line, sizeof line,
                 L " rm train --model m --lists %s.jsonl --batch 5 --max-steps 2 --out r-%s", kinds[i],
                 kinds[i]);
        SAYS(line, 0, "by the columns",
             strcmp(kinds[i], "nemo-ranked") == 0 ? "the completion of the lowest rank is right" : "");
        snprintf(line, sizeof line, "cmp r/model.safetensors r-%s/model.safetensors", kinds[i]);
        SAYS(line, 0, "");
        snprintf(line, sizeof line, L " rm sample %s.jsonl --random --per-problem 2 --out s-%s.jsonl --quiet",
                 kinds[i], kinds[i]);
        SAYS(line, 0, "");
        snprintf(line, sizeof line, "sed 's/%s.jsonl/lists.jsonl/g' s-%s.jsonl >t && cmp t s.jsonl", kinds[i],
                 kinds[i]);
        SAYS(line, 0, "");
    }
}

static int enter(void **state) {
    static char dir[] = "/tmp/lemma-data-kinds-XXXXXX";
    *state = mkdtemp(dir);
    if (!*state || chdir(dir) != 0) return -1;
    lem_buf said = {0};
    write_file("rows.jsonl", "{\"problem\":\"p\",\"solution\":\"1+1=2\"}\n");
    run(L " sft --from-scratch --layers 1 --width 32 --heads 2 --vocab 270 --context 512 --batch 1 "
          "--max-steps 1 "
          "--data rows.jsonl --out m --quiet",
        0, &said);
    lem_buf_release(&said);
    return 0;
}

static int leave(void **state) {
    lem_err err = LEM_ERR_INIT;
    return chdir("/") == 0 && lem_dir_remove(*state, &err) == LEM_OK ? 0 : -1;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sft_says_what_it_leaves_out),
        cmocka_unit_test(inspect_shows),
        cmocka_unit_test(convert_says_what_is_lost),
        cmocka_unit_test(all_shapes_train_and_sample),
    };
    return cmocka_run_group_tests(tests, enter, leave);
}
