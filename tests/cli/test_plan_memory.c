/* test_plan_memory - the memory that a dry run of training tells is what the run takes, to 5 %: full, with
 * validation, the best step kept and taken back, slots, a larger vocabulary, bf16, Muon, layers computed
 * again, adapters, lists, steps, and an item that is longer than --max-rows */
#include "../support/peak.h"

#define L LEMMA_BINARY
#define SCRATCH "sft --from-scratch --layers 3 --width 256 --heads 4 --data rows.jsonl --max-steps 1 "

static void write_rows(const char *path, int longest) {
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    for (unsigned i = 0; i < 200; i++) {
        fputs("{\"text\": \"", f);
        words(f, i == 7 ? longest : 20 + (int)(i * i % 120), i);
        fputs("\"}\n", f);
    }
    fclose(f);
}

static void write_lists(void) {
    FILE *f = fopen("lists.jsonl", "w"), *g = fopen("steps.jsonl", "w");
    assert_non_null(f);
    assert_non_null(g);
    for (unsigned i = 0; i < 40; i++) {
        fprintf(f, "{\"id\": \"%u\", \"problem\": \"", i);
        words(f, 55, i);
        fputs("\", \"responses\": [\"", f);
        for (unsigned k = 0; k < 3; k++) {
            words(f, 60 - 10 * (int)k, 100 * k + i);
            fputs(k < 2 ? "\", \"" : "\"], \"labels\": [1, 0, 0]}\n", f);
        }
        fprintf(g, "{\"id\": \"%u\", \"prompt\": \"", i);
        words(g, 55, i);
        fputs("\", \"completions\": [\"", g);
        words(g, 50, i + 300);
        fputs("\", \"", g);
        words(g, 40, i + 400);
        fputs("\"], \"labels\": [true, false]}\n", g);
    }
    fclose(f);
    fclose(g);
}

static void full(void **state) {
    (void)state;
    same(SCRATCH);
    same(SCRATCH "--val rows.jsonl --keep best --val-every 1 --checkpoint-every 1");
    same(SCRATCH "--grad-slots 8 --max-rows 512");
    same("sft --from-scratch --layers 8 --width 256 --heads 4 --data rows.jsonl --max-steps 1 "
         "--recompute layers");
    same(
        "sft --from-scratch --layers 4 --width 512 --heads 4 --data rows.jsonl --max-steps 1 --moments int8");
    same(SCRATCH "--optimizer muon --compute bf16");
    same("sft --from-scratch --layers 2 --width 256 --heads 4 --vocab 400 --untied --data rows.jsonl "
         "--max-steps 1");
}

#define TIGHT SCRATCH "--grad-slots 8 "

/* What a dry run says when half of `megabytes` may be planned (ulimit -d). */
static void said_within(double megabytes, const char *options, char *said) {
    char command[512];
    snprintf(command, sizeof command, "ulimit -d %.0f; " L " " TIGHT "%s --out x --dry-run >said.txt 2>&1",
             megabytes * 2e6 / 1024, options);
    (void)!system(command); /* measuring the machine may lack memory too */
    FILE *f = fopen("said.txt", "r");
    assert_non_null(f);
    said[fread(said, 1, 4095, f)] = 0;
    fclose(f);
}

/* A little less memory than it takes: the option that would do is named, and does. Much less: none would. */
static void the_way_out(void **state) {
    char said[4096], options[128] = "";
    double gigabytes = 0;
    (void)state;
    said_within(4000, "", said);
    assert_non_null(strstr(said, "memory "));
    assert_int_equal(sscanf(strstr(said, "memory "), "memory %lf GB", &gigabytes), 1);
    assert_null(strstr(said, "does not fit here"));
    said_within(gigabytes * 850, "", said);
    const char *way = strstr(said, "does not fit here"); /* what the trial says of itself is another matter */
    assert_non_null(way);
    way = strstr(way, "it fits with ");
    assert_non_null(way);
    assert_int_equal(sscanf(way, "it fits with %100[^)\n]", options), 1);
    said_within(gigabytes * 850, options, said);
    assert_null(strstr(said, "does not fit here"));
    said_within(gigabytes * 330, "", said);
    assert_non_null(
        strstr(said, "do not make it fit either: lower --max-rows, take --lora-rank, or a smaller model"));
}

static void longer_than_rows(void **state) {
    (void)state;
    same("sft --from-scratch --layers 3 --width 256 --heads 4 --context 2048 --data long.jsonl --batch 8 "
         "--epochs 1 --max-rows 512");
}

/* From a folder: rows, adapters, lists, steps. */
static void tuned(void **state) {
    (void)state;
    /* so large that what the allocator keeps of a net that was freed (the reference's) is under 5 % */
    shell(L " sft --from-scratch --layers 6 --width 384 --heads 6 --data rows.jsonl --max-steps 1 --batch 1 "
            "--out base "
            "--quiet >said.txt 2>&1");
    same("sft --model base --data rows.jsonl --max-steps 1 --batch 16 --lora-rank 8");
    same("rm train --model base --lists lists.jsonl --max-steps 1 --batch 4");
    same("rm train --model base --lists lists.jsonl --max-steps 1 --batch 4 --loss implicit --max-rows 300");
    same("prm train --model base --data steps.jsonl --max-steps 1 --batch 8");
}

/* Adapters over bases of each type, whose weights are most of what is taken; what is merged takes no more. */
static void adapted(void **state) {
    (void)state;
    shell(L " sft --from-scratch --layers 6 --width 768 --heads 6 --vocab 2000 --data rows.jsonl --max-steps "
            "1 --batch 1 "
            "--max-rows 200 --dtype bf16 --out wide --quiet >said.txt 2>&1");
    shell(L " model quantize wide --out eight --quiet >said.txt 2>&1");
    same("sft --model wide --data rows.jsonl --max-steps 1 --batch 4 --lora-rank 8 --max-rows 200");
    same("sft --model eight --data rows.jsonl --max-steps 1 --batch 4 --lora-rank 8 --max-rows 200");
    same("sft --model eight --data rows.jsonl --max-steps 1 --batch 4 --lora-rank 8 --max-rows 200 --compute "
         "bf16");
    same("rm train --model eight --lists lists.jsonl --max-steps 1 --batch 4 --lora-rank 8 --max-rows 300");
    same("prm train --model eight --data steps.jsonl --max-steps 1 --batch 4 --lora-rank 8 --max-rows 300");
}

int main(void) {
    char dir[] = "/tmp/lemma-plan-XXXXXX", remove[64];
    const struct CMUnitTest tests[] = {cmocka_unit_test(full), cmocka_unit_test(the_way_out),
                                       cmocka_unit_test(longer_than_rows), cmocka_unit_test(tuned),
                                       cmocka_unit_test(adapted)};
    if (!mkdtemp(dir) || chdir(dir) != 0) return 1;
    write_rows("rows.jsonl", 20);
    write_rows("long.jsonl", 900);
    write_lists();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    snprintf(remove, sizeof remove, "rm -rf %s", dir);
    if (system(remove) != 0) return 1;
    return failed;
}
