/* test_json.c - with --json every command prints exactly one JSON object on stdout: planned, done, and done
 * again */
#include "core/buf.h"
#include "core/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* In the order in which each makes what the next reads; `keys` stand in the object of a run that did its
 * work. */
static const struct {
    const char *words, *keys;
} commands[] = {
    {"demo data --out d --sft 40 --rm 40 --test 10 --general 20 --easy 10", "problems contaminated"},
    {"sft --from-scratch --layers 1 --width 32 --heads 2 --vocab 300 --context 256 --batch 4 --max-steps 2 "
     "--lr 1e-3 "
     "--data d/math.jsonl --val d/math.jsonl --out m",
     "identity parameters stages"},
    {"sample --model m --prompts d/test.jsonl --n 2 --max-tokens 4 --out s.jsonl", "candidates finish"},
    {"grade lists-in.jsonl --out g.jsonl", "candidates verdicts"},
    {"grade lists-in.jsonl --audit a.html", "candidates verdicts"},
    {"rm sample g.jsonl --random --per-problem 2 --out l.jsonl", ""},
    {"rm train --model m --lists l.jsonl --val l.jsonl --batch 1 --max-steps 2 --out rm",
     "steps loss val_loss val_accuracy val kept_step problems warnings"},
    {"rm score g.jsonl --model rm --out sc.jsonl", "scores head"},
    {"select sc.jsonl --k 1,2 --out se.json", "metrics counts"},
    {"ablate a=sc.jsonl b=sc.jsonl --axis k --out ab.json", "problems base names axis arms curves notes"},
    {"bench score sc.jsonl --k 1 --out b.json", "benchmark rows metrics published notes"},
    {"report se.json --out r.html", "report sources"},
    {"data inspect d/test.jsonl", "kind rows columns first rows_of use unused counts problems"},
    {"data inspect d/test.jsonl --model m", "tokens rendered licence"},
    {"data convert l.jsonl --to preference --out p.jsonl", "rows written to lost_columns unfit"},
    {"model info m", "parameters"},
    {"model convert m --dtype bf16 --out mc", "tensors bytes"},
    {"model quantize m --out mq", "int8 other bytes bytes_before files lost"},
    {"model merge " LEMMA_TEST_DATA "/golden/llama " LEMMA_TEST_DATA "/golden/lora/llama-adapter --out mm",
     "merged replaced tensors"},
    {"template show m", "text ids"},
    {"tokenize m d/test.jsonl --out ids.txt", "tokens"},
    {"run r.yaml", "name out dry_run stages"},
    {"run --schema", ""},
};

static void put(const char *path, const char *text) {
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

/* The object that the command prints; the caller frees. */
static lem_json *object_of(const char *words, const char *more) {
    char line[1024];
    lem_buf text = {0};
    lem_json *o = NULL;
    lem_err err = LEM_ERR_INIT;
    snprintf(line, sizeof line, "%s %s --json %s 2>err.txt </dev/null", LEMMA_BINARY, words, more);
    FILE *f = popen(line, "r");
    assert_non_null(f);
    for (int c; (c = getc(f)) != EOF;) lem_buf_putc(&text, (char)c);
    int status = pclose(f);
    if (status != 0) fail_msg("lemma %s --json %s: status %d", words, more, status >> 8);
    if (lem_json_parse(lem_buf_str(&text), text.len, &o, &err) != LEM_OK)
        fail_msg("lemma %s --json %s: %s: '%.80s'", words, more, err.text, lem_buf_str(&text));
    if (lem_json_kind(o) != LEM_JSON_OBJECT) fail_msg("lemma %s --json %s: no object", words, more);
    lem_buf_release(&text);
    return o;
}

static void has_keys(const lem_json *o, const char *words, const char *keys) {
    char copy[128], *rest = copy;
    snprintf(copy, sizeof copy, "%s", keys);
    for (char *key; (key = strtok_r(rest, " ", &rest));)
        if (!lem_json_get(o, key)) fail_msg("lemma %s --json: no '%s'", words, key);
}

static void one_object(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        const char *words = commands[i].words;
        lem_json_free(object_of(words, "--dry-run"));
        lem_json *o = object_of(words, "");
        has_keys(o, words, commands[i].keys);
        lem_json_free(o);
        lem_json_free(object_of(words, ""));
    }
}

/* What stages print for people does not stand beside the object of the run. */
static void stages_print_elsewhere(void **state) {
    (void)state;
    lem_json *o = object_of("run r.yaml", "--fresh");
    const lem_json *stages = lem_json_get(o, "stages");
    assert_int_equal(lem_json_count(stages), 2);
    assert_string_equal(lem_json_str(lem_json_get(lem_json_at(stages, 1), "status"), ""), "done");
    lem_json_free(o);
}

static int enter(void **state) {
    static char dir[] = "/tmp/lemma-json-XXXXXX";
    *state = mkdtemp(dir);
    if (!*state || chdir(dir) != 0) return -1;
    put("lists-in.jsonl", "{\"id\":\"a\",\"problem\":\"1+1\",\"expected_answer\":\"2\",\"completions\":["
                          "\"it is \\\\boxed{2}\",\"it is \\\\boxed{3}\"]}\n");
    put("r.yaml",
        "name: r\nvars: {out: r}\nstages:\n"
        "  - {name: g, command: grade, words: [lists-in.jsonl], out: \"${out}/g.jsonl\"}\n"
        "  - {name: s, command: select, words: [\"${out}/g.jsonl\"], k: [1, 2], out: \"${out}/s.json\"}\n");
    return 0;
}

static int leave(void **state) {
    char line[64];
    snprintf(line, sizeof line, "rm -rf '%s'", (const char *)*state);
    return chdir("/") == 0 && system(line) == 0 ? 0 : -1;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_object),
        cmocka_unit_test(stages_print_elsewhere),
    };
    return cmocka_run_group_tests(tests, enter, leave);
}
