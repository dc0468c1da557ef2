/* test_steps.c - solutions with labelled steps: each format as steps and labels, the rules of labels, what is
 * detected, what is refused by name */
#include "core/file.h"
#include "data/steps.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char dir[] = "/tmp/lemma-steps-XXXXXX";
static lem_err err;

static int setup(void **state) {
    (void)state;
    return mkdtemp(dir) ? 0 : 1;
}

static int teardown(void **state) {
    (void)state;
    return lem_dir_remove(dir, &err);
}

static void write_rows(const char *text, char path[128]) {
    snprintf(path, 128, "%s/rows.jsonl", dir);
    assert_int_equal(lem_file_write_atomic(path, text, strlen(text), &err), LEM_OK);
}

/* All solutions as text: "problem|step=label,step=label" a line, "joined" in place of the problem. */
static lem_status read_all(const char *text, const lem_steps_how *how, char *out, size_t size) {
    char path[128];
    lem_steps *s = NULL;
    lem_steps_solution x = {0};
    lem_steps_how h = *how;
    size_t n = 0;
    err = (lem_err)LEM_ERR_INIT;
    write_rows(text, path);
    if (h.limit == 0) h.limit = -1;
    out[0] = '\0';
    lem_status st = lem_steps_open(path, &h, NULL, &s, &err);
    while (st == LEM_OK) {
        st = lem_steps_next(s, &x, &err);
        if (st || x.n == 0) break;
        n += (size_t)snprintf(out + n, size - n, "%s|", x.joined ? "joined" : x.problem);
        for (int i = 0; i < x.n; i++)
            n += (size_t)snprintf(out + n, size - n, "%s%s=%g", i ? "," : "", x.step[i].text,
                                  (double)x.label[i]);
        n += (size_t)snprintf(out + n, size - n, "\n");
    }
    lem_steps_close(s);
    return st;
}

static void gives(const char *rows, const lem_steps_how *how, const char *want) {
    char got[4096];
    if (read_all(rows, how, got, sizeof got) != LEM_OK) fail_msg("%s\n%s", err.text, rows);
    assert_string_equal(got, want);
}

static void refused(const char *rows, const lem_steps_how *how, const char *words) {
    char got[4096];
    assert_int_equal(read_all(rows, how, got, sizeof got), LEM_EDATA);
    if (!strstr(err.text, words)) fail_msg("'%s' does not say '%s'", err.text, words);
}

static const lem_steps_how plain = {.limit = -1};

static const char annotated[] =
    "{\"id\":\"a\",\"problem\":\"p\",\"steps\":[\" one \",\"two\",\"three\",\"four\"],"
    "\"step_counts\":[[8,8],[2,8],[0,8],[0,0]],\"step_labels\":[1,0.25,0,-1],\"correct\":false}\n";

static void annotations(void **state) {
    (void)state;
    gives(annotated, &plain, "p|one=1,two=1,three=0,four=-1\n");
    gives(annotated, &(lem_steps_how){.rule = LEM_STEPS_SOFT}, "p|one=1,two=0.25,three=0,four=-1\n");
    gives(annotated, &(lem_steps_how){.rule = LEM_STEPS_THRESHOLD, .threshold = 0.25},
          "p|one=1,two=1,three=0,four=-1\n");
    gives(annotated, &(lem_steps_how){.rule = LEM_STEPS_THRESHOLD, .threshold = 0.26},
          "p|one=1,two=0,three=0,four=-1\n");
    /* labels alone; -1 goes before counts */
    gives("{\"problem\":\"p\",\"steps\":[\"a\",\"b\"],\"step_labels\":[0.5,-1]}\n",
          &(lem_steps_how){.rule = LEM_STEPS_SOFT}, "p|a=0.5,b=-1\n");
    gives("{\"problem\":\"p\",\"steps\":[\"a\",\"b\"],\"step_labels\":[-1,0],\"step_counts\":[[1,2],null]}\n",
          &(lem_steps_how){.rule = LEM_STEPS_SOFT}, "p|a=-1,b=0\n");
    refused("{\"problem\":\"p\",\"steps\":[\"a\"],\"step_labels\":[1,0]}\n", &plain,
            "1 steps but 2 step_labels");
    refused("{\"problem\":\"p\",\"steps\":[\"a\"],\"step_labels\":[1.5]}\n", &plain, "rows.jsonl:1");
    refused("{\"problem\":\"p\",\"steps\":[\"a\"],\"step_labels\":[-0.5]}\n", &plain, "label 0");
    refused("{\"problem\":\"p\",\"steps\":[\"a\"],\"step_counts\":[[3,2]]}\n", &plain, "step_counts[0]");
    refused("{\"problem\":\"p\",\"steps\":[7],\"step_labels\":[1]}\n", &plain,
            "text expected, integer found");
    refused("{\"problem\":\"p\\u0000q\",\"steps\":[\"a\"],\"step_labels\":[1]}\n", &plain, "a NUL");
}

static void errors_end_a_solution_if_asked(void **state) {
    (void)state;
    const char *row = "{\"problem\":\"p\",\"steps\":[\"a\",\"b\",\"c\",\"d\"],\"step_labels\":[1,-1,0,1]}\n";
    gives(row, &plain, "p|a=1,b=-1,c=0,d=1\n");
    gives(row, &(lem_steps_how){.stop_after_error = true}, "p|a=1,b=-1,c=0,d=-1\n");
}

static void lists(void **state) {
    (void)state;
    const char *row =
        "{\"problem\":\"p\",\"responses\":[\"a\\n\\nb\\n\\n\",\"c\",\"d\"],\"step_labels\":[[1,0],[0.5],"
        "null]}\n";
    gives(row, &(lem_steps_how){.rule = LEM_STEPS_SOFT, .separator = "\n\n"}, "p|a=1,b=0\np|c=0.5\n");
    refused("{\"problem\":\"p\",\"responses\":[\"a\\n\\nb\"],\"step_labels\":[[1]]}\n", &plain,
            "responses[0] has 2 steps, step_labels[0] has 1");
    refused("{\"problem\":\"p\",\"responses\":[\"a\"],\"step_labels\":[[1,1]]}\n", &plain, "has 1 steps");
}

static void rlhflow(void **state) {
    (void)state;
    gives("{\"conversations\":[{\"role\":\"user\",\"content\":\"q Step 1: a\"},{\"role\":\"assistant\","
          "\"content\":\"+\"},{\"role\":\"user\",\"content\":\"b\"},{\"role\":\"assistant\",\"content\":\"-"
          "\"}]}\n"
          "{\"conversations\":[{\"from\":\"human\",\"value\":\"r\"},{\"from\":\"gpt\",\"value\":\" - \"}]}\n",
          &plain, "joined|q Step 1: a=1,b=0\njoined|r=0\n");
    refused("{\"conversations\":[{\"role\":\"user\",\"content\":\"q\"}]}\n", &plain, "pairs of a step");
    refused("{\"conversations\":[]}\n", &plain, "pairs of a step");
    refused("{\"conversations\":[{\"role\":\"user\",\"content\":\"q\"},{\"role\":\"assistant\",\"content\":"
            "\"+-\"}"
            "]}\n",
            &plain, "'+' or '-' expected");
    refused("{\"conversations\":[{\"role\":\"system\",\"content\":\"q\"},{\"role\":\"assistant\",\"content\":"
            "\"+\"}]}\n",
            &plain, "a turn of role user expected");
}

#define KI "\xd0\xba\xd0\xb8"

static void math_shepherd(void **state) {
    (void)state;
    gives("{\"input\":\"How? Step 1: a " KI "\\nStep 2: b " KI
          "\",\"label\":\"How? Step 1: a +\\nStep 2: b -\","
          "\"task\":\"GSM8K\"}\n{\"input\":\"q a " KI "\",\"label\":\"q a -\"}\n",
          &plain, "How?|Step 1: a=1,Step 2: b=0\njoined|q a=0\n");
    refused("{\"input\":\"q a " KI "\",\"label\":\"q b +\"}\n", &plain, "it differs");
    refused("{\"input\":\"q a " KI "\",\"label\":\"q a\"}\n", &plain, "it differs");
    refused("{\"input\":\"q a " KI " more\",\"label\":\"q a + more\"}\n", &plain, "text behind");
    refused("{\"input\":\"q a\",\"label\":\"q a\"}\n", &plain, "no step tag");
}

static void trl(void **state) {
    (void)state;
    gives("{\"prompt\":\"p\",\"completions\":[\"a\",\"b\",\"c\"],\"labels\":[true,false,0.4]}\n",
          &(lem_steps_how){.rule = LEM_STEPS_SOFT}, "p|a=1,b=0,c=0.4\n");
    refused("{\"prompt\":[],\"completions\":[\"a\"],\"labels\":[true]}\n", &plain, "prompt: text expected");
}

static void processbench(void **state) {
    (void)state;
    gives("[{\"problem\":\"p\",\"steps\":[\"a\",\"b\",\"c\"],\"label\":1},{\"problem\":\"p\",\"steps\":["
          "\"a\",\"  "
          "\"],\"label\":-1}]",
          &plain, "p|a=1,b=0,c=-1\np|a=1\n");
    refused("{\"problem\":\"p\",\"steps\":[\"a\"],\"label\":1}\n", &plain, "the index of one of 1 steps");
}

/* Two ratings of one place make two solutions; the chosen one goes on. */
static const char tree[] =
    "{\"question\":{\"problem\":\"p\"},\"label\":{\"steps\":["
    "{\"completions\":[{\"text\":\"a\",\"rating\":1},{\"text\":\"x\",\"rating\":-1}],\"chosen_completion\":0}"
    ","
    "{\"completions\":[{\"text\":\"y\",\"rating\":0}],\"human_completion\":{\"text\":\"h\"},"
    "\"chosen_completion\":null},"
    "{\"completions\":[{\"text\":\"z\",\"rating\":-1},{\"text\":\"w\",\"rating\":null}],"
    "\"chosen_completion\":null}]}}\n";

static void prm800k(void **state) {
    (void)state;
    gives(tree, &plain, "p|a=1,h=-1,z=0\np|x=0\np|a=-1,y=1\np|a=-1,h=-1,w=-1\n");
    gives(tree, &(lem_steps_how){.neutral = LEM_STEPS_NEUTRAL_WRONG},
          "p|a=1,h=-1,z=0\np|x=0\np|a=-1,y=0\np|a=-1,h=-1,w=-1\n");
    gives(tree, &(lem_steps_how){.neutral = LEM_STEPS_NEUTRAL_SKIP},
          "p|a=1,h=-1,z=0\np|x=0\np|a=-1,y=-1\np|a=-1,h=-1,w=-1\n");
    refused("{\"question\":{\"problem\":\"p\"},\"label\":{\"steps\":[{\"completions\":[{\"text\":\"a\","
            "\"rating\":"
            "2}]}]}}\n",
            &plain, "label.steps[0]: rating: -1, 0, 1 or null");
    refused("{\"question\":{\"problem\":\"p\"},\"label\":{\"steps\":[{\"completions\":[{\"text\":\"a\","
            "\"rating\":"
            "1}]},{\"completions\":[]}]}}\n",
            &plain, "label.steps[1]: no step was chosen before it");
    refused("{\"question\":{\"problem\":\"p\"},\"label\":{\"steps\":[{\"completions\":[],"
            "\"chosen_completion\":0}]}}\n",
            &plain, "chosen_completion 0 of 0");
    refused("{\"question\":\"p\",\"label\":1}\n", &plain, "question.problem");
}

/* The same tree, one row a step. */
static void flat(void **state) {
    (void)state;
    const char *rows =
        "{\"instruction\":\"p\",\"responses\":[],\"next_response\":\"a\",\"rating\":1.0}\n"
        "{\"instruction\":\"p\",\"responses\":[],\"next_response\":\"x\",\"rating\":-1.0}\n"
        "{\"instruction\":\"p\",\"responses\":[\"a\"],\"next_response\":\"y\",\"rating\":0.0}\n"
        "{\"instruction\":\"p\",\"responses\":[\"a\"],\"next_response\":\"b\",\"rating\":1}\n"
        "{\"instruction\":\"p\",\"responses\":[\"a\",\"b\"],\"next_response\":\"c\",\"rating\":null}\n"
        "{\"instruction\":\"q\",\"responses\":[\"a\"],\"next_response\":\"b\",\"rating\":1}\n";
    gives(rows, &plain, "p|a=1,y=1\np|x=0\np|a=-1,b=1,c=-1\nq|a=-1,b=1\n");
    gives(rows, &(lem_steps_how){.limit = 2}, "p|a=1\np|x=0\n");
    refused("{\"instruction\":\"p\",\"responses\":\"a\",\"next_response\":\"x\",\"rating\":1}\n", &plain,
            "responses: a list expected");
}

static void formats(void **state) {
    (void)state;
    lem_steps *s = NULL;
    char path[128], got[4096];
    refused("{\"foo\":1,\"bar\":2}\n", &plain, "columns found: foo, bar");
    refused("\n", &plain, "no rows");
    refused(annotated, &(lem_steps_how){.format = "trl"}, "prompt: text expected, nothing found");
    /* one row of another kind */
    snprintf(got, sizeof got, "%s{\"prompt\":\"p\",\"completions\":[],\"labels\":[]}\n", annotated);
    refused(got, &plain, "rows.jsonl:2: problem: text expected");
    write_rows(annotated, path);
    assert_int_equal(lem_steps_open(path, &(lem_steps_how){.format = "csv", .limit = -1}, NULL, &s, &err),
                     LEM_EUSAGE);
    lem_cancel cancel = {1};
    assert_int_equal(lem_steps_open(path, &(lem_steps_how){.limit = -1, .cancel = &cancel}, NULL, &s, &err),
                     LEM_EINTR);
}

/* Solutions of one problem have one key, others another. */
static void keys(void **state) {
    (void)state;
    char path[128];
    lem_steps *s = NULL;
    lem_steps_solution x;
    uint64_t key[4];
    err = (lem_err)LEM_ERR_INIT;
    write_rows("{\"conversations\":[{\"role\":\"user\",\"content\":\"the problem Step 1: "
               "a\"},{\"role\":\"assistant\","
               "\"content\":\"+\"}]}\n"
               "{\"conversations\":[{\"role\":\"user\",\"content\":\"the problem Step 1: "
               "b\"},{\"role\":\"assistant\","
               "\"content\":\"+\"}]}\n"
               "{\"conversations\":[{\"role\":\"user\",\"content\":\"Step 1: x\"},{\"role\":\"assistant\","
               "\"content\":\"+\"}]}\n"
               "{\"conversations\":[{\"role\":\"user\",\"content\":\"Step 1: y\"},{\"role\":\"assistant\","
               "\"content\":\"+\"}]}\n",
               path);
    assert_int_equal(lem_steps_open(path, &plain, NULL, &s, &err), LEM_OK);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(lem_steps_next(s, &x, &err), LEM_OK);
        assert_int_equal(x.n, 1);
        key[i] = x.key;
    }
    assert_true(key[0] == key[1] && key[0] != key[2] && key[2] != key[3]);
    assert_int_equal(lem_steps_rows(s), 4);
    lem_steps_close(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(annotations),   cmocka_unit_test(errors_end_a_solution_if_asked),
        cmocka_unit_test(lists),         cmocka_unit_test(rlhflow),
        cmocka_unit_test(math_shepherd), cmocka_unit_test(trl),
        cmocka_unit_test(processbench),  cmocka_unit_test(prm800k),
        cmocka_unit_test(flat),          cmocka_unit_test(formats),
        cmocka_unit_test(keys),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
