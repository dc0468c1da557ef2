/* commands.h - every command that writes, on inputs of two rows, for tests that go through all of them
 *
 * The rows stand in an order in which later ones read what earlier ones wrote. Whoever includes this calls
 * bases_start, makes a folder its own, bases_write_inputs, and bases_run for each. */
#ifndef LEM_TESTS_COMMANDS_H
#define LEM_TESTS_COMMANDS_H

#include "core/file.h"
#include "support/faultd.h"
#include "support/rewards.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

typedef struct base {
    const char *command, *words, *out;
} base;

/* The port is the shell's to fill in. */
#define SERVER "http://127.0.0.1:$LEMMA_TURN_PORT/v1"
#define ENDPOINT                                                                                             \
    "--endpoint " SERVER " --budget-requests 1000 --budget-tokens 1000000 --budget-cost 100 --price-in 1 "   \
    "--price-out 1"

static const base bases[] = {
    {"sft",
     "--from-scratch --layers 1 --width 32 --heads 2 --vocab 270 --context 192 --batch 1 --lr 1e-3 "
     "--max-steps "
     "3 --data rows.jsonl",
     "m"},
    {"sft", "--model m --lr 1e-2 --batch 1 --max-steps 2 --data rows.jsonl", "m2"},
    {"sample", "--model m --prompts rows.jsonl --n 2 --max-tokens 4", "s.jsonl"},
    {"sample", "--model m --benchmark own.yaml --n 2 --max-tokens 4", "sb.jsonl"},
    {"sample", "--served-model t --prompts rows.jsonl --n 2 --max-tokens 4 " ENDPOINT, "sr.jsonl"},
    {"grade", "cand.jsonl", "g.jsonl"},
    {"grade", "cand.jsonl --benchmark own.yaml", "gb.jsonl"},
    {"prm annotate", "--model m --data steps.jsonl --n 2 --max-tokens 4", "pa.jsonl"},
    {"prm annotate", "--served-model t --data steps.jsonl --n 2 --max-tokens 4 " ENDPOINT, "pr.jsonl"},
    {"prm annotate",
     "--model m --data steps.jsonl --n 2 --max-tokens 4 --judge " LEMMA_TEST_DATA "/golden_heads/qwen_prm",
     "pj.jsonl"},
    {"prm annotate", "--data pa.jsonl --judge " LEMMA_TEST_DATA "/golden_heads/qwen_prm", "pk.jsonl"},
    {"prm annotate", "--from samples --data steps.jsonl", "pf.jsonl"},
    {"merge", "parts.jsonl.shard-1-of-2 parts.jsonl.shard-2-of-2", "mg.jsonl"},
    {"rm sample", "g.jsonl --random --per-problem 2", "l.jsonl"},
    {"rm train", "--model m --lists l.jsonl --batch 1 --max-steps 3", "rm"},
    {"rm score", "g.jsonl --model rm", "sc.jsonl"},
    {"select", "sc.jsonl --k 1,2", "sel.json"},
    {"export", "sc.jsonl --as qwen", "ex.jsonl"},
    {"compare", "sc.jsonl sc.jsonl --margin 100", "cmp.json"},
    {"ablate", "a@1=sc.jsonl b@2=sc.jsonl --metric rm --k 1,2 --axis n", "ab.json"},
    {"bench table", "tabled/select.json", "bt.json"},
    {"bench score", "pairs.jsonl", "bs.json"},
    {"bench score", "sc.jsonl --k 1 --seeds 5", "bp.csv"},
    {"prm train", "--model m --data marked.jsonl --val-share 0.4 --batch 1 --max-steps 3", "prm"},
    {"search",
     "--model m --rm rm --prompts rows.jsonl --n 4 --width 2 --depth 3 --step-tokens 3 --max-tokens 9",
     "se.jsonl"},
    {"rm score", "g.jsonl --system x --served-model t " ENDPOINT, "rr.jsonl"},
    {"prm score", "steps.jsonl --limit 1 --served-model t " ENDPOINT, "pp.jsonl"},
    {"rm score", "g.jsonl --model m --head logprob", "lp.jsonl"},
    {"rm score", "g.jsonl --model m --head implicit --reference m2", "im.jsonl"},
    {"prm score", "g.jsonl --model " LEMMA_TEST_DATA "/golden_heads/qwen_prm", "ps.jsonl"},
    {"report", "sel.json trace.jsonl", "r.html"},
    {"model convert", "m", "c"},
    {"model quantize", "m", "q8"},
    {"model merge", LEMMA_TEST_DATA "/golden/llama " LEMMA_TEST_DATA "/golden/lora/llama-adapter", "mm"},
    {"crosscheck", "--responses rows.jsonl --answers teacher.jsonl --judge judged.jsonl --least 1",
     "cc.jsonl"},
    {"demo data", "--general 20 --sft 20 --easy 10 --rm 4 --val 2 --test 4", "d"},
    {"tokenize", "m text.txt", "ids.txt"},
    {"data convert", "rows.jsonl --to messages", "dc.jsonl"},
    {"data decontam", "rows.jsonl --against cand.jsonl", "dd.jsonl"},
    {"data filter", "rows.jsonl --max-prompt-words 3 --tokenizer m --max-response-tokens 99", "df.jsonl"},
    {"data blend",
     "--source a=rows.jsonl,repeat=2 --source b=cand.jsonl,format=question-answer,map=prompt=problem",
     "db.jsonl"},
    {"data dedup", "rows.jsonl other-file --rule near", "de.jsonl"},
    {"synth answer", "rows.jsonl --model m --max-tokens 4", "sl.jsonl"},
    {"synth answer", "rows.jsonl --teacher t " ENDPOINT, "sa.jsonl"},
    {"synth evolve", "rows.jsonl --teacher t " ENDPOINT, "sv.jsonl"},
};
enum { N_BASES = sizeof bases / sizeof *bases };

static void shell(const char *command) {
    if (system(command) != 0) fail_msg("%s", command);
}

static void write_text(const char *path, const char *text) {
    lem_err err = LEM_ERR_INIT;
    if (lem_file_write_atomic(path, text, strlen(text), &err) != LEM_OK) fail_msg("%s", err.text);
}

/* Runs lemma; *said receives both streams (caller frees). */
static int lemma(const char *command, const char *words, const char *out, const char *more, char **said) {
    char line[4096];
    snprintf(line, sizeof line, "%s %s %s --out %s %s 2>&1 </dev/null", LEMMA_BINARY, command, words, out,
             more);
    FILE *f = popen(line, "r");
    assert_non_null(f);
    char *text = calloc(1, 1 << 16);
    assert_non_null(text);
    size_t n = fread(text, 1, (1 << 16) - 1, f);
    text[n] = '\0';
    int raw = pclose(f);
    *said = text;
    return WIFEXITED(raw) ? WEXITSTATUS(raw) : 128;
}

static faultd *server;

static rewards whole_rewards, step_rewards;

/* Rewards beside the completions: of steps pairs. The teacher "fails" refuses the second row. */
static char *answer(void *ctx, const char *path, const char *body, int *status) {
    (void)ctx;
    if (strstr(body, "\"fails\"") && strstr(body, "\"q\\n")) {
        *status = 400;
        return strdup("{\"error\":{\"message\":\"refused\"}}");
    }
    if (strncmp(path, "/v1/", 4) == 0) return NULL;
    bool steps = strstr(body, "token_classify") != NULL;
    return rewards_answer(steps ? &step_rewards : &whole_rewards, path, body, status);
}

/* A teacher that gives rewards too, and the key by which another value of --key-env is known. */
static int bases_start(void) {
    char port[16];
    rewards_init(&whole_rewards, &(rewards_opts){.apis = "/pooling", .outputs = 1});
    rewards_init(&step_rewards, &(rewards_opts){.apis = "/pooling", .outputs = 2});
    server = faultd_start(&(faultd_opts){.answer = answer});
    if (!server) return -1;
    snprintf(port, sizeof port, "%d", faultd_port(server));
    return setenv("LEMMA_TURN_PORT", port, 1) == 0 && setenv("turned", "key", 1) == 0 ? 0 : -1;
}

static void bases_write_inputs(void) {
    write_text("rows.jsonl",
               "{\"id\":\"a\",\"problem\":\"p\",\"solution\":\"1+1=2\",\"expected_answer\":\"2\"}\n"
               "{\"id\":\"b\",\"problem\":\"q\",\"solution\":\"it is 3\",\"expected_answer\":\"3\"}\n");
    write_text(
        "cand.jsonl",
        "{\"id\":\"a\",\"problem\":\"p\",\"expected_answer\":\"2\",\"completions\":[\"\\\\boxed{2}\","
        "\"\\\\boxed{7}\"]}\n{\"id\":\"b\",\"problem\":\"q\",\"expected_answer\":\"3\",\"completions\":"
        "[\"\\\\boxed{5}\",\"\\\\boxed{3}\"]}\n");
    write_text("marked.jsonl",
               "{\"problem\":\"p\",\"steps\":[\"1+1\",\"=2\"],\"step_counts\":[[1,2],[0,2]]}\n"
               "{\"problem\":\"q\",\"steps\":[\"3\"],\"step_counts\":[[2,2]]}\n");
    write_text(
        "steps.jsonl",
        "{\"id\":\"a\",\"problem\":\"p\",\"expected_answer\":\"2\",\"completions\":[\"1+1\\n\\nso "
        "\\\\boxed{2}\",\"one\\n\\ntwo\\n\\n\\\\boxed{7}\"]}\n"
        "{\"id\":\"b\",\"problem\":\"q\",\"expected_answer\":\"3\",\"steps\":[\"a\",\"b\",\"it is 3\"],"
        "\"label\":1}\n");
    write_text("teacher.jsonl", "{\"id\":\"a\",\"problem\":\"p\",\"solution\":\"\\\\boxed{2}\"}\n");
    write_text("judged.jsonl", "{\"id\":\"a\",\"problem\":\"p\",\"verdict\":true}\n");
    write_text("text.txt", "one line\nand another\n");
    write_text("trace.jsonl", "{\"steps\":[]}\n");
    write_text("own.yaml",
               "name: own\nfiles: rows.jsonl\nfields: {problem: problem, gold: expected_answer}\n");
    shell("mkdir -p tabled");
    write_text("tabled/select.json", "{\"metrics\":[{\"name\":\"pass@1\",\"value\":0.5,\"n\":2}]}\n");
    write_text("turned.key", "key\n");
    shell("chmod 600 turned.key");
    write_text("pairs.jsonl",
               "{\"benchmark\":\"rewardbench\",\"subset\":\"math-prm\",\"correct\":[true,false],"
               "\"rm_score\":[2,1]}\n");
    write_text("threads.yaml", "threads: 1\n");
    write_text("stages.yaml", "stages: [{name: one, lr: 1e-3}, {name: two, lr: 2e-3}]\n");
    write_text("sources.yaml", "sources: [{name: one, files: rows.jsonl, cap: 3}]\n");
    write_text("other-file", "{\"problem\":\"other\",\"solution\":\"4\",\"expected_answer\":\"4\"}\n");
}

/* Runs the i-th as it stands there. */
static void bases_run(int i) {
    char *said;
    if (strcmp(bases[i].command, "merge") == 0)
        shell("for k in 1 2; do " LEMMA_BINARY " sample --model m --prompts rows.jsonl --n 2 --max-tokens 4 "
              "--quiet --shard $k/2 --out parts.jsonl 2>/dev/null || exit 1; done");
    if (lemma(bases[i].command, bases[i].words, bases[i].out, "", &said) != 0)
        fail_msg("%s: %s", bases[i].command, said);
    free(said);
}

#endif
