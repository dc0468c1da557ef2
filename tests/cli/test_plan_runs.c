/* test_plan_runs - the memory that a dry run of sampling, scoring, annotating and searching tells is what the
 * run takes, to 5 %, in f32, bf16 and int8; less free memory changes no byte, and what does not fit is
 * refused before anything is opened, with the option that would fit */
#include "../support/peak.h"

#define L LEMMA_BINARY
#define SCRATCH "sft --from-scratch --data rows.jsonl --max-steps 1 --batch 1 --context 2048 --quiet "
#define QUIET " >said.txt 2>&1"
#define SAMPLE "sample --model base --prompts ask.jsonl --limit 12 --n 4 --max-tokens 40 --temperature 0 "

static void write_prompts(void) {
    FILE *f = fopen("ask.jsonl", "w"), *g = fopen("texts.jsonl", "w");
    assert_true(f && g);
    for (unsigned i = 0; i < 18; i++) {
        fprintf(f, "{\"problem\": \"");
        words(f, 10 + (int)(i * i * 7 % 150), i);
        fputs("\", \"expected_answer\": \"3\"}\n", f);
        fprintf(g, "{\"problem\": \"");
        words(g, 10 + (int)(i * 7 % 50), i);
        fputs("\", \"expected_answer\": \"3\", \"completions\": [", g);
        for (unsigned k = 0; k < 3; k++) {
            fputs(k ? ", \"" : "\"", g);
            for (unsigned step = 0; step <= (i + k) % 4; step++) {
                if (step) fputs("\\n\\n", g);
                words(g, i == 9 ? 90 : 20, 10 * i + k);
            }
            fputs("\"", g);
        }
        fputs("]}\n", g);
    }
    fclose(f);
    fclose(g);
}

static void write_training(void) {
    put("lists.jsonl", "{\"id\": \"1\", \"problem\": \"the sum\", \"responses\": [\"is 3\", \"is 14\"], "
                       "\"labels\": [1, 0]}\n");
    put("steps.jsonl", "{\"id\": \"1\", \"prompt\": \"the sum\", \"completions\": [\"is 3\", \"is 14\"], "
                       "\"labels\": [true, false]}\n");
    FILE *f = fopen("rows.jsonl", "w");
    assert_non_null(f);
    for (unsigned i = 0; i < 50; i++) {
        fputs("{\"text\": \"", f);
        words(f, 60, i);
        fputs("\"}\n", f);
    }
    fclose(f);
}

static void sampling(void **state) {
    (void)state;
    same(SAMPLE);
    same(SAMPLE "--slots 24 --compute bf16");
    same(SAMPLE "--compute int8");
    same(SAMPLE "--n 1 --max-tokens 100 --dtype bf16 --draft small");
    same("synth answer ask.jsonl --model base --max-tokens 40 --limit 12");
}

static void scoring(void **state) {
    (void)state;
    same("rm score texts.jsonl --model rm");
    same("rm score texts.jsonl --model rm --max-rows 200"); /* less than a text has */
    same("rm score texts.jsonl --model base --head logprob --compute bf16");
    same("prm score texts.jsonl --model prm --compute int8");
    same("prm annotate --data texts.jsonl --model base --n 4 --limit 6 --max-tokens 24 --temperature 0.1");
}

static void searching(void **state) {
    (void)state;
    same("search --model base --rm prm --prompts ask.jsonl --limit 3 --method beam --n 8 --width 4 "
         "--max-tokens 48 --step-tokens 16");
    same("search --model base --rm rm --prompts ask.jsonl --limit 3 --method best-of-n --n 16 "
         "--max-tokens 48 --compute bf16");
}

/* ulimit, of which half is planned for. */
static void less_memory_changes_nothing(void **state) {
    (void)state;
    shell(L " " SAMPLE "--temperature 1 --out all.jsonl" QUIET);
    shell("ulimit -d 200000; " L " " SAMPLE "--temperature 1 --out few.jsonl" QUIET);
    shell("grep -q -- '--slots [0-9]* in place of 256, for 0.[0-9]* GB are free' said.txt");
    shell("cmp all.jsonl few.jsonl");
    shell(L " rm score texts.jsonl --model rm --out all.jsonl --overwrite" QUIET);
    shell("ulimit -d 150000; " L " rm score texts.jsonl --model rm --out few.jsonl --overwrite" QUIET);
    shell("grep -q -- '--max-rows [0-9]* in place of 4096' said.txt");
    shell("cmp all.jsonl few.jsonl");
}

/* Refused: exit status 5, nothing made, what it says. */
static void refused(const char *command, const char *fits) {
    char line[1024];
    snprintf(line, sizeof line, "ulimit -d 150000; " L " %s --out no.jsonl 2>&1", command);
    const char *said = said_by(5, line);
    if (!strstr(said, fits)) fail_msg("%s: %s", line, said);
    shell("[ ! -e no.jsonl ] && [ ! -e no.jsonl.job ]");
}

static void what_does_not_fit(void **state) {
    (void)state;
    refused(SAMPLE "--slots 64 --quiet", "; --slots ");
    refused(SAMPLE "--slots 4 --max-tokens 1500 --quiet", "; --max-tokens ");
    refused("rm score texts.jsonl --model rm --max-rows 2000 --quiet", "--compute int8 takes 0.0");
    refused("prm annotate --data texts.jsonl --model base --n 4 --max-tokens 24 --slots 64 --quiet",
            "; no option alone makes it fit; --slots 1 --max-tokens 1 --compute int8 takes 0.0");
    refused("search --model base --rm rm --prompts ask.jsonl --n 64 --method best-of-n --quiet",
            "--compute int8 takes 0.0");
    refused("synth answer ask.jsonl --model base --max-tokens 64 --slots 64 --quiet", "; --slots ");
}

int main(void) {
    char dir[] = "/tmp/lemma-plan-XXXXXX", remove[64];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sampling), cmocka_unit_test(scoring), cmocka_unit_test(searching),
        cmocka_unit_test(less_memory_changes_nothing), cmocka_unit_test(what_does_not_fit)};
    if (!mkdtemp(dir) || chdir(dir) != 0) return 1;
    write_prompts();
    write_training();
    shell(L " " SCRATCH "--layers 6 --width 384 --heads 6 --out base" QUIET);
    shell(L " " SCRATCH "--layers 2 --width 64 --heads 2 --out small" QUIET);
    shell(L " rm train --model base --lists lists.jsonl --max-steps 1 --out rm --quiet" QUIET);
    shell(L " prm train --model base --data steps.jsonl --max-steps 1 --out prm --quiet" QUIET);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    snprintf(remove, sizeof remove, "rm -rf %s", dir);
    if (system(remove) != 0) return 1;
    return failed;
}
