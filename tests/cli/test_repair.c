/* test_repair.c - lemma repair from outside: what a damaged journal says, what is kept, and that the command
 * goes on from there to the same bytes */
#include "core/file.h"
#include "support/program.h"

#include <sys/stat.h>
#include <unistd.h>

static char dir[] = "/tmp/lemma-repair-XXXXXX";
#define LEMMA LEMMA_BINARY " "
#define SAMPLE LEMMA "sample --model m --prompts many.jsonl --n 2 --max-tokens 4 --out s.jsonl"
#define JOURNAL "s.jsonl.job/journal"

static void says(int want, const char *command, const char *words) {
    const char *said = said_by(want, command);
    if (!strstr(said, words)) fail_msg("%s: no '%s' in: %s", command, words, said);
}

/* An unfinished run with a whole journal of at least `records` records. */
static void interrupt(int records) {
    char command[400];
    snprintf(command, sizeof command,
             "for i in $(seq 20); do rm -rf s.jsonl*; %s --quiet & p=$!; for j in $(seq 4000); do "
             "[ \"$(wc -l <" JOURNAL
             " 2>/dev/null || echo 0)\" -gt %d ] && break; sleep 0.002; done; kill -9 $p; "
             "wait $p; [ -e " JOURNAL " ] && break; done 2>/dev/null; [ -e " JOURNAL " ]",
             SAMPLE, records);
    shell(command);
}

static void damage(const char *how) {
    char command[400];
    snprintf(command, sizeof command, "sed -i '%s' " JOURNAL, how);
    shell(command);
}

/* A mark behind every group: the line in the middle of what is marked is damaged. */
static void damage_is_told_and_repaired(void **state) {
    (void)state;
    shell(SAMPLE " --quiet && mv s.jsonl whole.jsonl && rm -rf s.jsonl*");
    interrupt(140);
    shell("grep -q _mark " JOURNAL);
    damage("5s/_id/_ix/");
    says(3, SAMPLE " 2>&1", "journal 's.jsonl.job/journal' is damaged in line 5 (checksum)");
    says(3, SAMPLE " 2>&1",
         "'lemma repair s.jsonl.job/journal' keeps the records that are, --fresh starts anew");
    shell("cp " JOURNAL " before");
    says(0, LEMMA "repair " JOURNAL " --dry-run", "line 5: damaged (");
    says(0, LEMMA "repair " JOURNAL " --dry-run", "nothing was written");
    shell("cmp before " JOURNAL);
    says(0, LEMMA "repair " JOURNAL " --dry-run --json", "\"damaged_lines\": 1");
    says(0, LEMMA "repair " JOURNAL, "The command that wrote it goes on from there");
    shell("cmp before " JOURNAL ".damaged");
    says(0, LEMMA "repair " JOURNAL, "all whole; nothing to repair");
    says(0, LEMMA "repair " JOURNAL " --json", "\"written\": false");
    shell(SAMPLE " --quiet && cmp s.jsonl whole.jsonl && [ ! -e s.jsonl.job ]");
}

/* Behind the last mark nothing was promised: the run goes on, and says what it cut. */
static void a_torn_end_is_cut(void **state) {
    (void)state;
    interrupt(10);
    shell("printf '0123abcd {\"x\":' >>" JOURNAL);
    says(0, SAMPLE " 2>&1", "1 lines (14 bytes) that were not saved when the run ended are cut");
    shell("cmp s.jsonl whole.jsonl");
}

static void wrong_inputs(void **state) {
    (void)state;
    put("other", "hello\n");
    put("empty", "");
    says(2, LEMMA "repair 2>&1", "lemma repair");
    says(8, LEMMA "repair nothere 2>&1", "cannot open the journal 'nothere'");
    says(3, LEMMA "repair other 2>&1", "'other' is not a journal of lemma");
    says(3, LEMMA "repair empty 2>&1", "'empty' is not a journal of lemma");
    says(3, LEMMA "repair many.jsonl 2>&1", "is not a journal of lemma");
    says(8, LEMMA "repair m 2>&1", "not a regular file");
    says(2, LEMMA "repair a b 2>&1", "lemma repair");
    shell("[ \"$(cat other)\" = hello ] && [ ! -s empty ]");
    interrupt(140);
    damage("3s/_id/_ix/");
    put(JOURNAL ".damaged", "mine");
    says(2, LEMMA "repair " JOURNAL " 2>&1", "is there already; move it away first");
    shell("[ \"$(cat " JOURNAL ".damaged)\" = mine ]");
    damage("1s/identity/Identity/");
    says(3, LEMMA "repair " JOURNAL " 2>&1", "its first line is damaged");
    shell("rm " JOURNAL ".damaged");
}

static int set_up(void **state) {
    (void)state;
    if (!mkdtemp(dir) || chdir(dir) != 0) return -1;
    put("rows.jsonl", "{\"problem\":\"p\",\"solution\":\"1+1=2\",\"expected_answer\":\"2\"}\n"
                      "{\"problem\":\"q\",\"solution\":\"2\",\"expected_answer\":\"2\"}\n");
    shell(
        "for i in $(seq 400); do echo '{\"problem\":\"p'$i'\",\"expected_answer\":\"1\"}'; done >many.jsonl");
    shell(
        LEMMA
        "sft --from-scratch --layers 1 --width 32 --heads 2 --vocab 270 --context 64 --batch 1 --max-steps 2 "
        "--data rows.jsonl --out m --quiet");
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    return chdir("/") == 0 && lem_dir_remove(dir, &err) == LEM_OK ? 0 : -1;
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(damage_is_told_and_repaired),
                                       cmocka_unit_test(a_torn_end_is_cut), cmocka_unit_test(wrong_inputs)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
