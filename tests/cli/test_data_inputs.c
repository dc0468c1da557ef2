/* test_data_inputs.c - folders and patterns as inputs of jobs: the result of their files as one, and another
 * job when a file is changed, added or gone */
#include "../support/program.h"

#include <unistd.h>

static char dir[] = "/tmp/lemma-inputs-XXXXXX";

/* Runs a command line with the data in the place of @; what it said, to both streams. */
static const char *lemma(int want, const char *line, const char *data) {
    char command[1400];
    const char *at = strchr(line, '@');
    if (at)
        snprintf(command, sizeof command, LEMMA_BINARY " %.*s%s%s 2>&1 </dev/null", (int)(at - line), line,
                 data, at + 1);
    else snprintf(command, sizeof command, LEMMA_BINARY " %s 2>&1 </dev/null", line);
    return said_by(want, command);
}

static void expect(const char *text, const char *part) {
    if (!strstr(text, part)) fail_msg("'%s' lacks '%s'", text, part);
}

#define ROW(id, answer)                                                                                      \
    "{\"id\":\"" id "\",\"problem\":\"p" id "\",\"solution\":\"it is " answer                                \
    "\",\"expected_answer\":\"" answer "\",\"completions\":[\"\\\\boxed{" answer                             \
    "}\",\"\\\\boxed{7}\"],\"correct\":[true,false],"                                                        \
    "\"rm_score\":[1,0]}\n"
#define LIST(id)                                                                                             \
    "{\"problem\":\"p" id "\",\"responses\":[\"good " id "\",\"bad " id "\"],\"labels\":[1,0],"              \
    "\"scores\":[null,null]}\n"

static int set_up(void **state) {
    (void)state;
    if (!mkdtemp(dir) || chdir(dir) != 0) return -1;
    shell("mkdir d l empty");
    put("d/1.jsonl", ROW("a", "2") ROW("b", "3"));
    put("d/2.jsonl", ROW("c", "4"));
    put("d/README.md", "about");
    shell("cat d/1.jsonl d/2.jsonl >all.jsonl");
    put("l/1.jsonl", LIST("a") LIST("b"));
    put("l/2.jsonl", LIST("c"));
    shell("cat l/1.jsonl l/2.jsonl >lists.jsonl");
    put("empty/notes.txt", "x");
    lemma(0,
          "sft --from-scratch --layers 1 --width 32 --heads 2 --vocab 270 --context 192 --batch 1 "
          "--max-steps 2 --lr 1e-3 --format question-answer --data @ --out base",
          "all.jsonl");
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    char command[64];
    snprintf(command, sizeof command, "rm -rf %s", dir);
    return chdir("/") == 0 && system(command) == 0 ? 0 : -1;
}

/* line: with --out OUT at its end; the results of one file, of a folder and of a pattern are the same bytes.
 */
static void same_of_all(const char *line, const char *one, const char *folder, const char *pattern) {
    const char *const data[] = {one, folder, pattern};
    char with[1000];
    for (int i = 0; i < 3; i++) {
        snprintf(with, sizeof with, "%s%d", line, i);
        lemma(0, with, data[i]);
    }
    const char *out = strrchr(line, ' ') + 1;
    for (int i = 1; i < 3; i++) {
        snprintf(with, sizeof with, "diff -r -x manifest.json %s0 %s%d", out, out, i);
        shell(with);
    }
}

static void rows_of_a_folder(void **state) {
    (void)state;
    same_of_all(
        "sft --model base --format question-answer --batch 1 --max-steps 3 --lr 1e-2 --data @ --out sft",
        "all.jsonl", "d", "'d/[12].jsonl'");
    same_of_all("rm train --model base --batch 1 --max-steps 3 --lr 1e-2 --lists @ --out rm", "lists.jsonl",
                "l/", "'l/*.jsonl'");
    same_of_all("grade @ --out g", "all.jsonl", "d", "'d/?.jsonl'");
    same_of_all("select @ --out s", "all.jsonl", "d", "'d/?.jsonl'");
    same_of_all("sample --model base --n 1 --max-tokens 4 --prompts @ --out c", "all.jsonl", "d",
                "'d/?.jsonl'");
    same_of_all("rm score --model rm0 @ --out w", "all.jsonl", "d", "'d/?.jsonl'");
}

/* What makes it another job, and what does not. */
static void changed_files(void **state) {
    (void)state;
    static const char line[] = "grade @ --out again.jsonl", quoted[] = "grade 'k/*.jsonl' --out again.jsonl";
    static const char sft[] =
        "sft --model base --format question-answer --batch 1 --max-steps 1 --data @ --out m";
    shell("cp -r d k");
    lemma(0, line, "k");
    lemma(0, sft, "k");
    expect(lemma(0, sft, "k"), "already complete");
    put("k/README.md", "other");
    shell("mv k/2.jsonl k/3.jsonl; cp -r k moved");
    expect(lemma(0, sft, "moved"), "already complete");
    expect(lemma(0, sft, "'k/*.jsonl'"), "already complete"); /* the same files in the same order */
    put("k/1.jsonl", ROW("a", "2") ROW("b", "5"));
    expect(lemma(2, sft, "k"), "--data k: the content of 1.jsonl changed");
    expect(lemma(2, line, "k"), "k: the content of 1.jsonl changed");
    put("k/1.jsonl", ROW("a", "2") ROW("b", "3"));
    expect(lemma(0, sft, "k"), "already complete");
    shell("mv k/3.jsonl k/2.jsonl");
    put("k/4.csv", "problem,solution\nq,a\n");
    expect(lemma(2, sft, "k"), "--data k: 4.csv was added");
    shell("rm k/4.csv k/2.jsonl");
    expect(lemma(2, sft, "k"), "k: 2.jsonl is gone");
    expect(lemma(2, quoted, ""), "exists and is not the result of this job");
}

static void refused(void **state) {
    (void)state;
    expect(lemma(3, "grade @ --out no", "empty"), "empty: no data files in this folder");
    expect(lemma(3, "grade @ --out no", "'d/*.none'"), "no file matches this pattern");
    expect(lemma(3, "grade @ --out no", "base"), "base: a model folder");
    expect(lemma(2, "grade @ --out d/graded.jsonl", "d"), "d/graded.jsonl is what is read");
    expect(lemma(2, "grade @ --out d/3.jsonl", "'d/*.jsonl'"), "d/3.jsonl is what is read");
    shell("cp -r d bad; echo '{' >>bad/2.jsonl");
    expect(lemma(3, "grade @ --out no", "bad"), "bad/2.jsonl:2: ");
    shell("[ ! -e no ] && [ ! -e no.job ] && [ ! -e d/graded.jsonl ]");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_of_a_folder),
        cmocka_unit_test(changed_files),
        cmocka_unit_test(refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
