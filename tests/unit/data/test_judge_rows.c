/* test_judge_rows.c - rows of benchmarks for reward models become candidate rows: every kind against what was
 * written by hand, the shared files counted, wrong shapes refused by file, line and field */
#include "core/file.h"
#include "core/mem.h"
#include "data/judge_rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../checks.h"

static char scratch[] = "/tmp/lemma-judge-rows-XXXXXX";

static int set_up(void **state) {
    (void)state;
    int fd = mkstemp(scratch);
    return fd < 0 ? -1 : close(fd);
}

static int tear_down(void **state) {
    (void)state;
    return unlink(scratch);
}

/* All rows of a file, one a line; *n their number. */
static char *rows_of(const char *path, int *n) {
    lem_judge_rows *r = NULL;
    lem_json *row = NULL;
    lem_buf all = {0};
    OK(lem_judge_rows_open(&path, 1, &(lem_rowset_opts){.cancel = NULL}, &r, &err));
    for (*n = 0; OK(lem_judge_rows_next(r, &row, &err)), row; ++*n) {
        lem_json_write(row, 0, &all);
        lem_buf_putc(&all, '\n');
        lem_json_free(row);
    }
    lem_judge_rows_close(r);
    return lem_buf_take(&all);
}

static const struct {
    const char *file, *rows;
} fixtures[] = {
    {"rewardbench",
     "{\"chosen_model\":\"human\",\"rejected_model\":\"gpt4\",\"subset\":\"math-prm\",\"id\":4016,"
     "\"benchmark\":"
     "\"rewardbench\",\"problem\":\"What is 1+1?\",\"completions\":[\"It is 2.\",\"It is "
     "3.\"],\"correct\":[true,"
     "false]}\n"
     "{\"chosen_model\":\"a\",\"rejected_model\":\"b\",\"subset\":\"alpacaeval-easy\",\"id\":0,\"benchmark\":"
     "\"rewardbench\",\"problem\":\"Say "
     "hello.\",\"completions\":[\"Hello!\",\"No.\"],\"correct\":[true,false]}\n"
     "{\"chosen_model\":\"human\",\"rejected_model\":\"gpt4\",\"subset\":\"math-prm\",\"id\":4017,"
     "\"benchmark\":"
     "\"rewardbench\",\"problem\":\"What is "
     "2+2?\",\"completions\":[\"4\",\"5\"],\"correct\":[true,false]}\n"},
    {"rewardbench2",
     "{\"id\":\"0\",\"num_correct\":1,\"num_incorrect\":3,\"total_completions\":4,\"models\":[\"m\",\"m\","
     "\"m\","
     "\"m\"],\"subset\":\"Math\",\"additional_metadata\":{},\"benchmark\":\"rewardbench2\",\"problem\":"
     "\"Name a "
     "prime.\",\"completions\":[\"7\",\"8\",\"9\",\"10\"],\"correct\":[true,false,false,false]}\n"
     "{\"id\":\"tied:1\",\"num_correct\":2,\"num_incorrect\":1,\"total_completions\":3,\"models\":[\"m\","
     "\"m\","
     "\"m\"],\"subset\":\"Ties\",\"additional_metadata\":{},\"benchmark\":\"rewardbench2\",\"problem\":"
     "\"Name a "
     "colour.\",\"completions\":[\"red\",\"blue\",\"seven\"],\"correct\":[true,true,false]}\n"},
    {"rm-bench", "{\"id\":\"1\",\"domain\":\"math\",\"benchmark\":\"rm-bench\",\"problem\":\"What is "
                 "3*3?\",\"completions\":["
                 "\"9\",\"It is nine, 9.\",\"**9**\",\"6\",\"It is six, "
                 "6.\",\"**6**\"],\"correct\":[true,true,true,false,"
                 "false,false]}\n"
                 "{\"id\":\"2\",\"domain\":\"code\",\"benchmark\":\"rm-bench\",\"problem\":\"Print "
                 "one.\",\"completions\":["
                 "\"print(1)\",\"Use print(1).\",\"`print(1)`\",\"echo\",\"Use "
                 "echo.\",\"`echo`\"],\"correct\":[true,true,true,"
                 "false,false,false]}\n"},
    {"rewardmath",
     "{\"problem\":\"What is 1+1?\",\"subject\":\"Algebra\",\"level\":1,\"id\":5,\"expected_answer\":\"2\","
     "\"generator\":[\"human_to_GPT-4\",\"gemma\",\"phi\"],\"benchmark\":\"rewardmath\",\"completions\":[\"1+"
     "1 is "
     "2.\\nSo \\\\boxed{2}.\",\"1+1 is 3.\\nSo "
     "\\\\boxed{3}.\",\"\\\\boxed{4}\"],\"completion_steps\":[[\"1+1 is "
     "2.\",\"So \\\\boxed{2}.\"],[\"1+1 is 3.\",\"So "
     "\\\\boxed{3}.\"],[\"\\\\boxed{4}\"]],\"correct\":[true,false,"
     "false]}\n"
     "{\"problem\":\"What is 2+1?\",\"subject\":\"Algebra\",\"level\":2,\"id\":6,\"expected_answer\":\"3\","
     "\"generator\":[\"human_to_GPT-4\",\"phi\"],\"benchmark\":\"rewardmath\",\"completions\":[\"\\\\boxed{3}"
     "\","
     "\"\\\\boxed{4}\"],\"completion_steps\":[[\"\\\\boxed{3}\"],[\"\\\\boxed{4}\"]],\"correct\":[true,false]"
     "}\n"},
    {"processbench",
     "{\"id\":\"gsm8k-0\",\"generator\":\"q\",\"problem\":\"What is 1+1?\",\"final_answer_correct\":false,"
     "\"label\":1,\"benchmark\":\"processbench\",\"completions\":[\"One\\n\\nand one.\\n\\nIt is 3.\"],"
     "\"completion_steps\":[[\"One\\n\\nand one.\",\"It is 3.\"]],\"correct\":[false],\"subset\":\"gsm8k\"}\n"
     "{\"id\":\"omnimath-3\",\"generator\":\"q\",\"problem\":\"What is 1+2?\",\"final_answer_correct\":true,"
     "\"label\":-1,\"benchmark\":\"processbench\",\"completions\":[\"It is 3.\"],\"completion_steps\":[[\"It "
     "is "
     "3.\"]],\"correct\":[true],\"subset\":\"omnimath\"}\n"},
    {"prmbench",
     "{\"modified_steps\":[2],\"error_steps\":[2],\"reason\":\"twice\",\"idx\":\"p_0\",\"classification\":"
     "\"redundency\",\"benchmark\":\"prmbench\",\"problem\":\"What is 1+1?\",\"completions\":[\"1. "
     "Add.\\n\\n2. Add "
     "again.\\n\\n3. It is 2.\"],\"completion_steps\":[[\"1. Add.\",\"2. Add again.\",\"3. It is 2.\"]],"
     "\"correct\":[false]}\n"
     "{\"error_steps\":[],\"idx\":\"p_0\",\"classification\":\"correct\",\"benchmark\":\"prmbench\","
     "\"problem\":"
     "\"What is 1+1?\",\"completions\":[\"1. Add.\\n\\n2. It is 2.\"],\"completion_steps\":[[\"1. "
     "Add.\",\"2. It is "
     "2.\"]],\"correct\":[true]}\n"
     "{\"modified_steps\":[1],\"error_steps\":[2],\"reason\":\"x\",\"idx\":\"p_0\",\"classification\":"
     "\"missing_condition\",\"benchmark\":\"prmbench\",\"problem\":\"What is 1+x?\",\"completions\":[\"1. "
     "Add.\\n\\n2. It is 2.\"],\"completion_steps\":[[\"1. Add.\",\"2. It is 2.\"]],\"correct\":[false]}\n"},
    {"table", "{\"problem\":\"p\",\"solution_reference\":[\"human_to_GPT-4\",\"gemma\",\"phi\"],\"correct\":["
              "true,false,"
              "false],\"step_scores\":[[0.9,0.8],[0.9,0.2],[0.1]],\"benchmark\":\"rewardmath\"}\n"
              "{\"problem\":\"q\",\"solution_reference\":[\"human_to_GPT-4\",\"gemma\",\"phi\"],\"correct\":["
              "true,false,"
              "false],\"step_scores\":[[0.3],[0.9,0.2],[0.1]],\"benchmark\":\"rewardmath\"}\n"},
};

static void each_kind_as_written_by_hand(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof fixtures / sizeof *fixtures; i++) {
        char path[256];
        int n;
        snprintf(path, sizeof path, "%s/judge/%s.jsonl", LEMMA_TEST_DATA, fixtures[i].file);
        char *rows = rows_of(path, &n), *again;
        assert_string_equal(rows, fixtures[i].rows);
        /* what was made is handed on as it is */
        OK(lem_file_write_atomic(scratch, rows, strlen(rows), &err));
        again = rows_of(scratch, &n);
        assert_string_equal(again, rows);
        lem_free(again);
        lem_free(rows);
    }
}

static void other_rows_stay(void **state) {
    (void)state;
    static const char rows[] =
        "{\"problem\":\"p\",\"completions\":[\"a\"],\"chosen\":\"x\",\"rejected\":\"y\"}\n"
        "{\"problem\":\"p\",\"expected_answer\":\"2\",\"benchmark\":\"gsm8k\",\"completions\":[\"2\"]}\n"
        "{\"question\":\"p\",\"answer\":\"2\"}\n";
    int n;
    OK(lem_file_write_atomic(scratch, rows, strlen(rows), &err));
    char *got = rows_of(scratch, &n);
    assert_string_equal(got, rows);
    lem_free(got);
}

static void pairs_without_a_subset(void **state) {
    (void)state;
    static const char row[] =
        "{\"chosen\":[{\"role\":\"user\",\"content\":\"p\"},{\"role\":\"assistant\",\"content\":"
        "\"a\"}],\"rejected\":[{\"role\":\"user\",\"content\":\"p\"},{\"role\":\"assistant\","
        "\"content\":\"b\"}]}\n";
    int n;
    OK(lem_file_write_atomic(scratch, row, strlen(row), &err));
    char *got = rows_of(scratch, &n);
    assert_string_equal(
        got, "{\"benchmark\":\"pairs\",\"problem\":\"p\",\"completions\":[\"a\",\"b\"],\"correct\":["
             "true,false]}\n");
    lem_free(got);
}

/* The first row is right, the second is what the case says; the error tells line 2 and the words. */
static const struct {
    const char *rows, *words;
} wrong[] = {
    {"{\"problem\":\"p\",\"steps\":[\"a\"],\"label\":1}", "label: -1 or the number of one of 1 steps"},
    {"{\"problem\":\"p\",\"steps\":[\"a\"],\"label\":-2}", "label: -1 or the number"},
    {"{\"problem\":\"p\",\"steps\":[\"a\"],\"label\":\"x\"}", "label: the number of the first wrong step"},
    {"{\"problem\":\"p\",\"steps\":[],\"label\":-1}", "steps: a list of at least one step"},
    {"{\"problem\":\"p\",\"steps\":[\"a\",7],\"label\":-1}", "'steps[1]': text expected"},
    {"{\"modified_process\":[\"a\"],\"error_steps\":[0],\"question\":\"q\",\"classification\":\"c\"}",
     "error_steps[0]"},
    {"{\"modified_process\":[\"a\"],\"error_steps\":{},\"question\":\"q\",\"classification\":\"c\"}",
     "error_steps: a list"},
    {"{\"modified_process\":\"a\",\"error_steps\":[1],\"question\":\"q\",\"classification\":\"c\"}",
     "modified_process: a list"},
    {"{\"modified_process\":[\"a\"],\"error_steps\":[1],\"question\":\"q\"}", "classification: text"},
    {"{\"modified_process\":[\"a\"],\"error_steps\":[1],\"classification\":\"c\"}", "question"},
    {"{\"problem\":\"p\",\"eval_solution\":[\"a\"],\"solution_type\":\"chosen\",\"problem_id\":1}",
     "1 rows of this problem"},
    {"{\"problem\":\"p\",\"eval_solution\":[\"a\"],\"solution_type\":\"best\",\"problem_id\":1}",
     "solution_type: chosen or rejected expected, found 'best'"},
    {"{\"problem\":\"p\",\"eval_solution\":[7],\"solution_type\":\"chosen\",\"problem_id\":1}\n"
     "{\"problem\":\"p\",\"eval_solution\":[\"a\"],\"solution_type\":\"rejected\",\"problem_id\":1}",
     "'eval_solution[0]': text expected"},
    {"{\"problem\":\"p\",\"solution_reference\":[\"a\",\"b\"],\"score\":[1,2]}", "one human_to_GPT-4"},
    {"{\"problem\":\"p\",\"solution_reference\":[\"human_to_GPT-4\"],\"score\":[1,2]}",
     "1 solution_reference but 2 score"},
    {"{\"problem\":\"p\",\"solution_reference\":[\"human_to_GPT-4\",\"b\"],\"score\":[1,2],\"chosen_"
     "position\":[1]}",
     "pairwise judge"},
    {"{\"prompt\":\"p\",\"chosen\":[\"a\"],\"rejected\":[],\"subset\":\"s\"}",
     "chosen, rejected: at least one"},
    {"{\"prompt\":\"p\",\"chosen\":[\"a\"],\"rejected\":[7],\"subset\":\"s\"}", "rejected[0]: text expected"},
    {"{\"prompt\":[{\"role\":\"user\",\"content\":\"a\"},{\"role\":\"assistant\",\"content\":\"b\"},{"
     "\"role\":\"user\","
     "\"content\":\"c\"}],\"chosen\":\"a\",\"rejected\":\"b\"}",
     "prompt: one question expected, found a conversation of 3 turns"},
};

static void wrong_shapes_are_named(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char text[1024], place[64];
        const char *path = scratch;
        lem_judge_rows *r = NULL;
        lem_json *row = NULL;
        snprintf(text, sizeof text, "{\"question\":\"p\",\"answer\":\"2\"}\n%s\n", wrong[i].rows);
        OK(lem_file_write_atomic(scratch, text, strlen(text), &err));
        OK(lem_judge_rows_open(&path, 1, &(lem_rowset_opts){.cancel = NULL}, &r, &err));
        OK(lem_judge_rows_next(r, &row, &err));
        lem_json_free(row);
        FAILS(lem_judge_rows_next(r, &row, &err), LEM_EDATA, wrong[i].words);
        snprintf(place, sizeof place, "%s:2: ", scratch);
        assert_non_null(strstr(err.text, place));
        lem_judge_rows_close(r);
    }
}

/* The last problem of a file and the first of the next are two, though they are called the same. */
static void files_are_not_joined(void **state) {
    (void)state;
    const char *paths[] = {LEMMA_TEST_DATA "/judge/rewardmath.jsonl", scratch};
    static const char same[] =
        "{\"problem\":\"p\",\"eval_solution\":[\"a\"],\"solution_type\":\"rejected\",\"problem_id\":6}\n"
        "{\"problem\":\"p\",\"eval_solution\":[\"b\"],\"solution_type\":\"chosen\",\"problem_id\":6}\n";
    lem_judge_rows *r = NULL;
    lem_json *row = NULL;
    size_t n[4] = {0};
    int rows = 0;
    OK(lem_file_write_atomic(scratch, same, strlen(same), &err));
    OK(lem_judge_rows_open(paths, 2, &(lem_rowset_opts){.cancel = NULL}, &r, &err));
    for (; OK(lem_judge_rows_next(r, &row, &err)), row; rows++) {
        assert_true(rows < 4);
        n[rows] = lem_json_count(lem_json_get(row, "completions"));
        lem_json_free(row);
    }
    assert_true(rows == 3 && n[0] == 3 && n[1] == 2 && n[2] == 2);
    assert_string_equal(lem_judge_rows_file(r), scratch);
    assert_int_equal(lem_judge_rows_number(r), 1);
    lem_judge_rows_close(r);
}

static void interrupted(void **state) {
    (void)state;
    const char *path = LEMMA_TEST_DATA "/judge/rewardmath.jsonl";
    const lem_cancel cancel = {1};
    lem_judge_rows *r = NULL;
    FAILS(lem_judge_rows_open(&path, 1, &(lem_rowset_opts){.cancel = &cancel}, &r, &err), LEM_EINTR,
          "interrupted");
    lem_cancel later = {0};
    lem_json *row = NULL;
    OK(lem_judge_rows_open(&path, 1, &(lem_rowset_opts){.cancel = &later}, &r, &err));
    OK(lem_judge_rows_next(r, &row, &err));
    lem_json_free(row);
    later.requested = 1;
    do { /* one row was looked at ahead */
        lem_status st = lem_judge_rows_next(r, &row, &err);
        if (st == LEM_EINTR) break;
        assert_int_equal(st, LEM_OK);
        assert_non_null(row);
        lem_json_free(row);
    } while (true);
    lem_judge_rows_close(r);
}

/* Every allocation fails once: an error, or the rows as they are with all of it. */
static void want_of_memory(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof fixtures / sizeof *fixtures; i++) {
        char path[256];
        const char *p = path;
        lem_status st = LEM_EMEM;
        snprintf(path, sizeof path, "%s/judge/%s.jsonl", LEMMA_TEST_DATA, fixtures[i].file);
        for (uint64_t k = 1; st != LEM_OK; k++) {
            lem_judge_rows *r = NULL;
            lem_json *row = NULL;
            lem_buf all = {0};
            lem_mem_fail_after(k, true);
            st = lem_judge_rows_open(&p, 1, &(lem_rowset_opts){.cancel = NULL}, &r, &err);
            while (st == LEM_OK) {
                st = lem_judge_rows_next(r, &row, &err);
                if (st != LEM_OK || !row) break;
                lem_json_write(row, 0, &all);
                lem_buf_putc(&all, '\n');
                lem_json_free(row);
            }
            lem_mem_fail_after(0, false);
            lem_judge_rows_close(r);
            if (st == LEM_OK && all.failed) st = LEM_EMEM;
            if (st == LEM_OK) assert_string_equal(lem_buf_str(&all), fixtures[i].rows);
            else assert_int_equal(st, LEM_EMEM);
            lem_buf_release(&all);
        }
    }
}

static bool shared_file(const char *name, char path[1024]) {
    const char *dir = getenv("LEMMA_DATA");
    snprintf(path, 1024, "%s/%s", dir ? dir : "/nowhere", name);
    return lem_file_exists(path);
}

static void shared_files(void **state) {
    (void)state;
    static const struct {
        const char *file, *kind;
        int rows;
    } files[] = {{"stepwise/processbench/gsm8k.json.gz", "processbench", 400},
                 {"stepwise/prmbench/prm800k_test_p1_4o_deception.jsonl.gz", "prmbench", 88},
                 {"stepwise/prmbench/prm800k_test_p1_4o_redundency.jsonl.gz", "prmbench", 180},
                 {"outputs/rewardmath/RewardMATH_direct.json", "rewardmath", 2},
                 {"outputs/rewardmath/Math_Shepherd_reward.json.gz", "rewardmath", 483}};
    char path[1024];
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        int n;
        if (!shared_file(files[i].file, path)) skip();
        char *rows = rows_of(path, &n), *end = strchr(rows, '\n');
        assert_int_equal(n, files[i].rows);
        lem_json *first = NULL;
        OK(lem_json_parse(rows, (size_t)(end - rows), &first, &err));
        assert_string_equal(lem_json_str(lem_json_get(first, "benchmark"), ""), files[i].kind);
        lem_json_free(first);
        lem_free(rows);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_kind_as_written_by_hand),
                                       cmocka_unit_test(other_rows_stay),
                                       cmocka_unit_test(pairs_without_a_subset),
                                       cmocka_unit_test(wrong_shapes_are_named),
                                       cmocka_unit_test(interrupted),
                                       cmocka_unit_test(files_are_not_joined),
                                       cmocka_unit_test(want_of_memory),
                                       cmocka_unit_test(shared_files)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
