/* test_row_kinds - every kind has a file of small rows that is told to be what it is; names, lists of choices
 * and flags agree; so do the shared files */
#include "core/choice.h"
#include "core/file.h"
#include "core/mem.h"
#include "data/row_kinds.h"
#include "rows/rows.h"

#include "../checks.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* All rows of a file are of kind k (first_only: its first), with a ground. */
static void file_is(const char *path, lem_row_kind k, bool first_only) {
    lem_rowset *s = NULL;
    lem_json *row = NULL;
    int rows = 0;
    OK(lem_rowset_open(&path, 1, NULL, &s, &err));
    for (;; rows++) {
        lem_buf ground = {0};
        OK(lem_rowset_next(s, &row, &err));
        if (!row || (first_only && rows)) break;
        if (lem_row_detect(row) != k)
            fail_msg("%s: row %d is told to be of kind %s", path, rows + 1,
                     lem_row_kind_name(lem_row_detect(row)));
        lem_row_evidence(row, k, &ground);
        assert_int_equal(ground.len > 0, k != LEM_ROW_UNKNOWN);
        lem_buf_release(&ground);
        lem_json_free(row);
    }
    lem_json_free(row);
    assert_true(rows > 0);
    lem_rowset_close(s);
}

static void each_kind_has_rows(void **state) {
    (void)state;
    for (int k = 1; k < LEM_N_ROW_KINDS; k++) {
        char path[256];
        snprintf(path, sizeof path, "%s/kinds/%s.jsonl", LEMMA_TEST_DATA, lem_row_kind_name((lem_row_kind)k));
        file_is(path, (lem_row_kind)k, false);
    }
}

static int count(const char *names) {
    char name[32];
    int n = 0;
    while (lem_choice_at(names, n, name)) n++;
    return n;
}

static void names_and_flags(void **state) {
    (void)state;
    char name[32];
    int sft = 1, written = 0; /* "instruction" is another name of alpaca */
    for (int k = 1; k < LEM_N_ROW_KINDS; k++) {
        const lem_row_kind_info *info = lem_row_kind_of((lem_row_kind)k);
        lem_row_kind parsed;
        assert_true(lem_choice_at(LEM_ROW_KIND_NAMES, k - 1, name));
        assert_string_equal(name, info->name);
        OK(lem_row_kind_parse(name, &parsed, &err));
        assert_int_equal(parsed, k);
        sft += (info->is & LEM_ROW_FOR_SFT) != 0;
        written += (info->is & LEM_ROW_WRITTEN) != 0;
        assert_int_equal(lem_choice_find(LEM_ROW_KIND_NAMES_SFT, name) >= 0,
                         (info->is & LEM_ROW_FOR_SFT) != 0);
        assert_int_equal(lem_choice_find(LEM_ROW_KIND_NAMES_WRITTEN, name) >= 0,
                         (info->is & LEM_ROW_WRITTEN) != 0);
    }
    assert_int_equal(count(LEM_ROW_KIND_NAMES), LEM_N_ROW_KINDS - 1);
    assert_int_equal(count(LEM_ROW_KIND_NAMES_SFT), sft);
    assert_int_equal(count(LEM_ROW_KIND_NAMES_WRITTEN), written);
    lem_row_kind k;
    OK(lem_row_kind_parse("instruction", &k, &err));
    assert_int_equal(k, LEM_ROW_INSTRUCTION);
    FAILS(lem_row_kind_parse("unknown", &k, &err), LEM_EUSAGE, "not one of messages|sharegpt");
}

static void ground_of(const char *json, const char *want) {
    lem_json *row = NULL;
    lem_buf b = {0};
    OK(lem_json_parse(json, strlen(json), &row, &err));
    lem_row_evidence(row, lem_row_detect(row), &b);
    assert_string_equal(lem_buf_str(&b), want);
    lem_buf_release(&b);
    lem_json_free(row);
}

#define TURN(role, text) "{\"role\":\"" role "\",\"content\":\"" text "\"}"

static void grounds(void **state) {
    (void)state;
    ground_of("{\"chosen\":[" TURN("user", "q") "," TURN("assistant", "a") "],\"rejected\":[" TURN(
                  "user", "q") "," TURN("assistant", "b") "]}",
              "columns chosen, rejected, each a list of messages; they share their first turn");
    ground_of("{\"prompt\":\"p\",\"chosen\":\"a\",\"rejected\":[" TURN("assistant", "b") "]}",
              "columns chosen, rejected, prompt, a text and a list of messages");
    ground_of("{\"messages\":[" TURN("user", "q") "],\"answer\":\"a\"}",
              "columns messages of role and content, and answer: the reply");
    ground_of("{\"code\":[\"x\"],\"gt\":\"1\"}", "the columns of Qwen2.5-Math");
    /* a column that is null is not there, as tables have them */
    ground_of("{\"prompt\":\"p\",\"completion\":\"c\",\"label\":null,\"text\":\"t\"}",
              "columns prompt, completion");
}

static void the_columns_in_use(void **state) {
    (void)state;
    static const char json[] = "{\"problem\":\"p\",\"solution\":\"s\",\"answer\":\"a\",\"messages\":[]}";
    lem_json *row = NULL;
    OK(lem_json_parse(json, strlen(json), &row, &err));
    assert_true(lem_row_reads(row, LEM_ROW_INSTRUCTION, "history"));
    assert_true(lem_row_reads(row, LEM_ROW_INSTRUCTION, "id"));
    assert_true(lem_row_reads(row, LEM_ROW_GRADED, "messages"));
    assert_false(lem_row_reads(row, LEM_ROW_GRADED, "message"));
    assert_true(lem_row_reads(row, LEM_ROW_QUESTION_ANSWER, "solution"));
    assert_false(lem_row_reads(row, LEM_ROW_QUESTION_ANSWER, "answer"));
    assert_false(lem_row_reads(row, LEM_ROW_PREFERENCE, "margin"));
    assert_false(lem_row_reads(row, LEM_ROW_UNKNOWN, "problem"));
    lem_json_free(row);
}

/* docs/data-kinds.md has a row for each kind. */
static void the_page_has_them(void **state) {
    (void)state;
    lem_buf page = {0};
    OK(lem_file_read(LEMMA_TEST_DATA "/../../docs/data-kinds.md", 1 << 20, &page, &err));
    for (int k = 1; k < LEM_N_ROW_KINDS; k++) {
        char row[64];
        snprintf(row, sizeof row, "\n| `%s` | ", lem_row_kind_name((lem_row_kind)k));
        if (!strstr(lem_buf_str(&page), row)) fail_msg("docs/data-kinds.md lacks %s", row);
    }
    lem_buf_release(&page);
}

static void shared_files(void **state) {
    (void)state;
    static const struct {
        const char *path;
        lem_row_kind kind;
    } files[] = {
        {"sft/codegen-instruct.json.gz", LEM_ROW_INSTRUCTION},
        {"sft/dpo_en_demo.json.gz", LEM_ROW_PREFERENCE},
        {"sft/dummy_conversation.json.gz", LEM_ROW_SHAREGPT},
        {"sft/evol-codealpaca-2k-1.json.gz", LEM_ROW_INSTRUCTION},
        {"sft/evol-codealpaca-2k-2.json.gz", LEM_ROW_INSTRUCTION},
        {"sft/glaive_toolcall_en_demo.json.gz", LEM_ROW_SHAREGPT},
        {"sft/roleplay-simple-deduped-roleplay-instruct.json.gz", LEM_ROW_INSTRUCTION},
        {"sft/seed_tasks.jsonl", LEM_ROW_UNKNOWN},
        {"sft/t0_half.jsonl.gz", LEM_ROW_PROMPT_COMPLETION},
        {"sft/toolformer-dedupe-only-dataset.json.gz", LEM_ROW_INSTRUCTION},
        {"stepwise/openr/samples_math-aps.jsonl.gz", LEM_ROW_OPENR},
        {"stepwise/prm800k/phase1_train_plus.jsonl.gz", LEM_ROW_PRM800K_FLAT},
        {"stepwise/prm800k/phase1_train_plus.stepwise-critic.parquet", LEM_ROW_PRM800K_FLAT},
        {"stepwise/prmbench/prm800k_test_p1_4o_circular.jsonl.gz", LEM_ROW_PRMBENCH},
        {"stepwise/prmbench/prm800k_test_p1_4o_confidence.jsonl.gz", LEM_ROW_PRMBENCH},
        {"stepwise/prmbench/prm800k_test_p1_4o_counterfactual.jsonl.gz", LEM_ROW_PRMBENCH},
        {"stepwise/prmbench/prm800k_test_p1_4o_deception.jsonl.gz", LEM_ROW_PRMBENCH},
        {"stepwise/prmbench/prm800k_test_p1_4o_domain_inconsistency.jsonl.gz", LEM_ROW_PRMBENCH},
        {"stepwise/prmbench/prm800k_test_p1_4o_missing_condition.jsonl.gz", LEM_ROW_PRMBENCH},
        {"stepwise/prmbench/prm800k_test_p1_4o_redundency.jsonl.gz", LEM_ROW_PRMBENCH},
        {"stepwise/prmbench/prm800k_test_p1_4o_step_contradiction.jsonl.gz", LEM_ROW_PRMBENCH},
        {"stepwise/processbench/gsm8k.json.gz", LEM_ROW_PROCESSBENCH},
        {"stepwise/reasoneval/perturbation.json.gz", LEM_ROW_REASONEVAL},
        {"outputs/gsm8k_openai/example_model_solutions.jsonl.gz", LEM_ROW_CANDIDATES},
        {"outputs/mathcoder/gsm8k_multi.jsonl.gz", LEM_ROW_CANDIDATES},
        {"outputs/nemo_skills/openmathinstruct.test", LEM_ROW_CANDIDATES},
        {"outputs/nemo_skills/output-rs0.test", LEM_ROW_CANDIDATES},
        {"outputs/qwen25math_rm_maj/math_cot_100.jsonl.gz", LEM_ROW_CANDIDATES},
        {"outputs/rewardmath/Math_Shepherd_reward.json.gz", LEM_ROW_REWARDMATH},
        {"outputs/rewardmath/RewardMATH_direct.json", LEM_ROW_REWARDMATH},
        {"outputs/rewardmath/skywork_llama3_reward.json.gz", LEM_ROW_REWARDMATH},
    };
    const char *data = getenv("LEMMA_DATA");
    int skipped = 0;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[512];
        snprintf(path, sizeof path, "%s/%s", data ? data : "", files[i].path);
        if (!data || access(path, R_OK) != 0) skipped++;
        else file_is(path, files[i].kind, false);
    }
    if (skipped) print_message("skipped: %d shared files are not in $LEMMA_DATA\n", skipped);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_kind_has_rows),
                                       cmocka_unit_test(names_and_flags),
                                       cmocka_unit_test(grounds),
                                       cmocka_unit_test(the_columns_in_use),
                                       cmocka_unit_test(the_page_has_them),
                                       cmocka_unit_test(shared_files)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
