/* test_prompt.c - lemma.json from outside: what a model was trained on goes from sft to rm train to rm score
 * and sample, options that say otherwise are refused, folders without the file are read as before */
#include "core/file.h"
#include "core/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[64];

/* In the test's folder, with $L as the program; what it prints to both streams. */
static int shell(const char *command, lem_buf *text) {
    char line[4096], chunk[4096];
    snprintf(line, sizeof line, "cd %s && L=%s && { %s; } 2>&1 </dev/null", dir, LEMMA_BINARY, command);
    FILE *f = popen(line, "r");
    assert_non_null(f);
    for (size_t n; (n = fread(chunk, 1, sizeof chunk, f)) > 0;) lem_buf_add(text, chunk, n);
    int raw = pclose(f);
    return WIFEXITED(raw) ? WEXITSTATUS(raw) : 128;
}

static void run(const char *command) {
    lem_buf text = {0};
    if (shell(command, &text) != 0) fail_msg("%s:\n%s", command, lem_buf_str(&text));
    lem_buf_release(&text);
}

/* Status and up to three texts that must be in what is printed, which is one line for an error. */
static void expect(const char *command, int status, const char *a, const char *b, const char *c) {
    const char *const parts[] = {a, b, c};
    lem_buf text = {0};
    int got = shell(command, &text);
    for (int i = 0; i < 3; i++)
        if (got != status || (parts[i] && !strstr(lem_buf_str(&text), parts[i])))
            fail_msg("%s: status %d (expected %d), expected '%s' in:\n%s", command, got, status,
                     parts[i] ? parts[i] : "", lem_buf_str(&text));
    if (status) assert_int_equal(strcspn(lem_buf_str(&text), "\n") + 1, text.len);
    lem_buf_release(&text);
}

static void put(const char *name, const char *text) {
    char path[200];
    lem_err err = LEM_ERR_INIT;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    if (lem_file_write_atomic(path, text, strlen(text), &err) != LEM_OK) fail_msg("%s", err.text);
}

static void holds(const char *name, const char *want) {
    char path[200];
    lem_err err = LEM_ERR_INIT;
    lem_buf text = {0};
    snprintf(path, sizeof path, "%s/%s", dir, name);
    if (lem_file_read(path, 1 << 20, &text, &err) != LEM_OK) fail_msg("%s", err.text);
    assert_string_equal(lem_buf_str(&text), want);
    lem_buf_release(&text);
}

#define SHAPE "--from-scratch --layers 1 --width 32 --heads 2 --vocab 300 --context 128 --batch 1 --quiet "
#define FILE_OF(fields) "{\n  \"format\": 1,\n  \"prompt\": {\n" fields "\n  }\n}\n"
#define WITH_TEXTS "    \"template\": \"chat\",\n    \"system\": \"Be right.\",\n    \"suffix\": \"Think.\""

/* sft-b (told a system text and a suffix), sft-a (told nothing), rm-none (trained with --system ''), and
 * copies without lemma.json, which are what older versions wrote. */
static int setup(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    snprintf(dir, sizeof dir, "/tmp/lemma-prompt-%d", (int)getpid());
    if (lem_dir_make(dir, &err) != LEM_OK) return 1;
    put("rows.jsonl",
        "{\"problem\":\"p one\",\"solution\":\"1+1=2\"}\n{\"problem\":\"q\",\"solution\":\"2\"}\n");
    put("lists.jsonl", "{\"problem\":\"p\",\"responses\":[\"2\",\"3\"],\"labels\":[1,0]}\n"
                       "{\"problem\":\"q\",\"responses\":[\"5\",\"2\"],\"labels\":[0,1]}\n");
    put("cand.jsonl", "{\"problem\":\"p\",\"completions\":[\"2\",\"three\"]}\n");
    run("$L sft " SHAPE "--data rows.jsonl --out sft-a");
    run("$L sft " SHAPE "--data rows.jsonl --system 'Be right.' --suffix Think. --out sft-b");
    run("$L rm train --model sft-a --lists lists.jsonl --system '' --batch 1 --quiet --out rm-none");
    run("for m in sft-a sft-b rm-none; do cp -r $m old-$m && rm old-$m/lemma.json; done");
    return 0;
}

static int teardown(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    return lem_dir_remove(dir, &err);
}

static void what_is_saved(void **state) {
    (void)state;
    holds("sft-a/lemma.json", FILE_OF("    \"template\": \"chat\""));
    holds("sft-b/lemma.json", FILE_OF(WITH_TEXTS));
    holds("rm-none/lemma.json", FILE_OF("    \"template\": \"chat\",\n    \"system\": null,\n    \"suffix\": "
                                        "null,\n    \"read\": \"reply-end\""));
    /* Text alone is continued as text. */
    put("text.jsonl", "{\"text\":\"one two three\"}\n{\"text\":\"two three four\"}\n");
    run("$L sft " SHAPE "--data text.jsonl --out sft-text");
    holds("sft-text/lemma.json", FILE_OF("    \"template\": \"plain\""));
    /* Each stage saves its own, the folder what the last one was trained on. */
    put("stages.yaml", "stages:\n  - {name: one, data: [rows.jsonl]}\n  - {name: two, data: [rows.jsonl], "
                       "system: S}\n");
    run("$L sft " SHAPE "--config stages.yaml --out sft-stages");
    holds("sft-stages/stages/1-one/lemma.json", FILE_OF("    \"template\": \"chat\""));
    holds("sft-stages/lemma.json", FILE_OF("    \"template\": \"chat\",\n    \"system\": \"S\""));
}

#define SCORE(model, options, out)                                                                           \
    "$L rm score cand.jsonl --model " model " " options " --quiet --overwrite --out " out

static void scored_as_trained(void **state) {
    (void)state;
    run(SCORE("rm-none", "", "a.jsonl"));
    run(SCORE("old-rm-none", "--system ''", "b.jsonl") " && cmp a.jsonl b.jsonl");
    run(SCORE("old-rm-none", "--system Think.", "c.jsonl") " && ! cmp -s a.jsonl c.jsonl"); /* it matters */
    run(SCORE("rm-none", "--system ''", "d.jsonl") " && cmp a.jsonl d.jsonl");
    expect(SCORE("rm-none", "--system 'Be right.'", "x.jsonl"), 2, "--system 'Be right.'",
           "rm-none/lemma.json", "none");
    run("test ! -e x.jsonl");
    run(SCORE("rm-none", "--system 'Be right.' --prompt-from options", "e.jsonl"));
    run(SCORE("old-rm-none", "--system 'Be right.'", "f.jsonl") " && cmp e.jsonl f.jsonl");
}

#define SAMPLE(model, options, out)                                                                          \
    "$L sample --prompts rows.jsonl --no-gold --n 2 --max-tokens 8 --model " model " " options               \
    " --quiet --overwrite --out " out

static void sampled_as_trained(void **state) {
    (void)state;
    run(SAMPLE("sft-b", "", "a.jsonl"));
    run(SAMPLE("old-sft-b", "--system 'Be right.' --suffix Think.", "b.jsonl") " && cmp a.jsonl b.jsonl");
    run(SAMPLE("old-sft-b", "", "c.jsonl") " && ! cmp -s a.jsonl c.jsonl");
    expect(SAMPLE("sft-b", "--system A", "x.jsonl"), 2, "--system 'A'", "sft-b/lemma.json", "'Be right.'");
    expect(SAMPLE("sft-b", "--suffix ''", "x.jsonl"), 2, "--suffix none", "'Think.'",
           "--prompt-from options");
    expect(SAMPLE("sft-b", "--template plain", "x.jsonl"), 2, "--template 'plain'", "'chat'", NULL);
    run(SAMPLE("sft-b", "--prompt-from options", "d.jsonl") " && cmp c.jsonl d.jsonl");
    /* '' is none for every command. */
    run(SAMPLE("sft-a", "--system ''", "e.jsonl") " && " SAMPLE("old-sft-a", "",
                                                                "f.jsonl") " && cmp e.jsonl f.jsonl");
    /* Another prompt is another job. */
    run("cp -r sft-b moved && sed -i 's/Be right/Be wrong/' moved/lemma.json");
    expect(
        "$L sample --prompts rows.jsonl --no-gold --n 2 --max-tokens 8 --model moved --quiet --out a.jsonl",
        2, "the content of lemma.json changed", NULL, NULL);
}

#define PUT "Please reason step by step, and put your final answer within \\boxed{}."

/* A style is its system line and its template; it counts, and the folder may say otherwise. */
static void sampled_in_a_style(void **state) {
    (void)state;
    put("shots.jsonl",
        "{\"question\":\"2+2?\",\"answer\":\"It is 4.\"}\n{\"problem\":\"3?\",\"solution\":\"3\"}\n");
    put("turn.jsonl", "{\"problem\":\"2+2?\\nIt is 4.\\n\\np one\",\"id\":0}\n");
    put("one.jsonl", "{\"problem\":\"p one\",\"id\":0}\n");
    run(SAMPLE("old-sft-a", "--style acemath", "g.jsonl"));
    run(SAMPLE("old-sft-a", "--system '" PUT "'", "h.jsonl") " && cmp g.jsonl h.jsonl");
    run(SAMPLE("old-sft-a", "--style qwen25-math-cot", "h.jsonl") " && cmp g.jsonl h.jsonl");
    run(SAMPLE("sft-a", "--style none", "i.jsonl") " && " SAMPLE("sft-a", "",
                                                                 "j.jsonl") " && cmp i.jsonl j.jsonl");
    run("! cmp -s g.jsonl i.jsonl");
    /* Demonstrations stand in the turn of the problem. Randomness is keyed by the problem: greedy here. */
    run("$L sample --prompts one.jsonl --no-gold --n 1 --temperature 0 --max-tokens 8 --model sft-a --style "
        "acemath "
        "--shots 1 "
        "--shots-from shots.jsonl --quiet --out k.jsonl && $L sample --prompts turn.jsonl --no-gold --n 1 "
        "--temperature 0 "
        "--max-tokens 8 --model sft-a --style acemath --quiet --out l.jsonl && for f in k l; do "
        "sed 's/.*\"completions\"//' $f.jsonl >$f.txt; done && cmp k.txt l.txt");
    run("grep -q '\"style\": \"acemath\"' k.jsonl.manifest.json && grep -q shots.jsonl "
        "k.jsonl.manifest.json");
    put("shots.jsonl", "{\"question\":\"2+3?\",\"answer\":\"It is 5.\"}\n");
    expect("$L sample --prompts one.jsonl --no-gold --n 1 --temperature 0 --max-tokens 8 --model sft-a "
           "--style acemath "
           "--shots 1 "
           "--shots-from shots.jsonl --quiet --out k.jsonl",
           2, "--shots-from", "its content changed", NULL);
    expect(SAMPLE("sft-b", "--style acemath", "x.jsonl"), 2, "--style acemath (system)", "sft-b/lemma.json",
           "'Be right.'");
    expect(SAMPLE("sft-a", "--style acemath --system A", "x.jsonl"), 2,
           "--system 'A' says otherwise than --style", NULL, NULL);
    expect(SAMPLE("sft-a", "--style numina", "x.jsonl"), 2, "--style numina (template)", "'chat'",
           "--prompt-from options");
    run(SAMPLE("sft-a", "--style numina --prompt-from options", "m.jsonl"));
    expect(SAMPLE("sft-a", "--style ace-math", "x.jsonl"), 2, "--style 'ace-math'", "acemath-check", NULL);
    expect(SAMPLE("sft-a", "--shots 2", "x.jsonl"), 2, "--shots wants 2 worked examples: --shots-from FILE",
           NULL, NULL);
    expect(SAMPLE("old-sft-a", "--style mmlu-5shot", "x.jsonl"), 2,
           "--style mmlu-5shot wants 5 worked examples", NULL, NULL);
    expect(SAMPLE("old-sft-a", "--style mmlu-5shot --shots-from shots.jsonl", "x.jsonl"), 3,
           "shots.jsonl: 5 demonstrations asked for, 1 found", NULL, NULL);
    /* The subject of the row chooses the demonstrations, and stands in the header. */
    put("dev.jsonl",
        "{\"question\":\"r\",\"choices\":[\"1\",\"2\"],\"answer\":0,\"subject\":\"art\"}\n"
        "{\"question\":\"q\",\"choices\":[\"1\",\"2\"],\"answer\":1,\"subject\":\"set_theory\"}\n");
    put("one.jsonl", "{\"problem\":\"p\",\"id\":0,\"subject\":\"set_theory\"}\n");
    put("turn.jsonl", "{\"problem\":\"The following are multiple choice questions (with answers) about set "
                      "theory.\\n\\nq\\nA. 1\\nB. 2\\nAnswer: B\\n\\np\\nAnswer:\",\"id\":0}\n");
    run("$L sample --prompts one.jsonl --no-gold --n 1 --temperature 0 --max-tokens 1 --model old-sft-a "
        "--style "
        "mmlu-5shot "
        "--shots 1 --shots-from dev.jsonl --quiet --out p.jsonl && $L sample --prompts turn.jsonl --no-gold "
        "--n 1 "
        "--temperature 0 --max-tokens 1 --model old-sft-a --style plain --quiet --out q.jsonl && for f in p "
        "q; do "
        "sed 's/.*\"logprob\"//' $f.jsonl >$f.txt; done && cmp p.txt q.txt");
    expect(SAMPLE("sft-a", "--style acemath-check --shots-from shots.jsonl", "x.jsonl"), 2,
           "takes no worked examples", NULL, NULL);
    expect(SAMPLE("sft-a", "--shots-from nope.jsonl", "x.jsonl"), 3, "nope.jsonl", NULL, NULL);
    run("test ! -e x.jsonl");
}

/* Licences of what was read, as far as cards say; no part of the job's identity. */
static void licences(void **state) {
    (void)state;
    run("cp -r sft-a nc && rm -f nc/manifest.json && printf -- '---\\nlicense: cc-by-nc-4.0\\n---\\n' "
        ">nc/README.md");
    expect("$L model info nc", 0, "licence         cc-by-nc-4.0 (nc/README.md)",
           "for non-commercial use only", "origin          unknown");
    expect("$L model info nc --json", 0, "\"licence\":\"cc-by-nc-4.0\"", "\"origin\":null",
           "\"non_commercial\":true");
    expect("$L model info old-sft-b --json", 0, "\"licence\":null", "\"non_commercial\":null", NULL);
    run(SAMPLE("nc", "", "n.jsonl") " && grep -q '\"licence\": \"cc-by-nc-4.0\"' n.jsonl.manifest.json");
    run("$L rm score cand.jsonl --model nc --head logprob --quiet --out n2.jsonl && grep -q "
        "'\"non_commercial\": true' "
        "n2.jsonl.manifest.json");
    run("rm nc/README.md && printf 'Apache License\\nVersion 2.0\\n' >nc/LICENSE");
    expect("$L sample --prompts rows.jsonl --no-gold --n 2 --max-tokens 8 --model nc --out n.jsonl", 0,
           "already complete", NULL, NULL);
    expect("$L model info nc", 0, "licence         apache-2.0 (nc/LICENSE)", NULL, NULL);
    /* What was trained on it has its licences behind it. */
    run("printf -- '---\\nlicense: cc-by-nc-4.0\\n---\\n' >nc/README.md && $L sft --model nc --data "
        "rows.jsonl --batch 1 "
        "--quiet --out nc2");
    expect("$L model info nc2", 0, "made of inputs under cc-by-nc-4.0", "for non-commercial use only",
           "lemma sft");
}

static void carried_on(void **state) {
    (void)state;
    run("$L sft --model sft-b --data rows.jsonl --batch 1 --quiet --out sft-c");
    holds("sft-c/lemma.json", FILE_OF(WITH_TEXTS));
    run("$L rm train --model sft-c --lists lists.jsonl --batch 1 --quiet --out rm-c");
    holds("rm-c/lemma.json", FILE_OF(WITH_TEXTS ",\n    \"read\": \"reply-end\""));
    run("$L rm train --model rm-c --lists lists.jsonl --batch 1 --quiet --out rm-d");
    run("cmp rm-c/lemma.json rm-d/lemma.json");
    run("$L model convert rm-c --out rm-e --quiet && cmp rm-c/lemma.json rm-e/lemma.json");
    run(SCORE("rm-c", "", "a.jsonl") " && " SCORE("rm-e", "", "b.jsonl") " && cmp a.jsonl b.jsonl");
    expect("$L model info rm-c", 0, "system        \"Be right.\"", "suffix        \"Think.\"",
           "read          \"reply-end\"");
    expect("$L model info rm-c", 0, "  system        Be right.\n", NULL, NULL); /* of the head */
    expect("$L model info rm-c --json", 0,
           "\"prompt\":{\"template\":\"chat\",\"system\":\"Be right.\",\"suffix\":\"Think.\",\"read\":"
           "\"reply-end\"}",
           NULL, NULL);
    expect("$L model info old-sft-b --json", 0, "\"prompt\":null", NULL, NULL);
    /* sft, rm train: an option that says otherwise. */
    expect("$L sft --model sft-b --data rows.jsonl --system A --out x", 2, "--system 'A'", "sft-b/lemma.json",
           "'Be right.'");
    expect("$L rm train --model sft-b --lists lists.jsonl --system '' --out x", 2, "--system none",
           "sft-b/lemma.json", "'Be right.'");
    run("test ! -e x");
    run("$L sft --model sft-b --data rows.jsonl --batch 1 --system A --prompt-from options --quiet --out "
        "sft-f");
    holds("sft-f/lemma.json", FILE_OF("    \"template\": \"chat\",\n    \"system\": \"A\""));
    /* Without the file rm train has AceMath's text, as before. */
    run("$L rm train --model old-sft-a --lists lists.jsonl --batch 1 --quiet --out rm-g");
    expect("cat rm-g/lemma.json", 0, "Please reason step by step, and check your final answer", NULL, NULL);
}

static void damaged(void **state) {
    (void)state;
    run("cp -r sft-b bad-sft && cp -r rm-none bad-rm");
    put("bad-sft/lemma.json", "{\"format\":1,\"prompt\":{\"sytem\":\"x\"}}");
    put("bad-rm/lemma.json", "{\"format\":1,\"prompt\":{\"read\":\"step-token\",\"system\":null}}");
    expect(SAMPLE("bad-sft", "", "x.jsonl"), 3, "bad-sft/lemma.json: prompt.sytem: unknown key", NULL, NULL);
    expect("$L sft --model bad-sft --data rows.jsonl --out x", 3, "bad-sft/lemma.json: prompt.sytem", NULL,
           NULL);
    expect("$L model info bad-sft", 3, "bad-sft/lemma.json: prompt.sytem", NULL, NULL);
    expect(SCORE("bad-rm", "", "x.jsonl"), 3, "lemma.json: prompt.read is step-token", "last-token", NULL);
    expect(SCORE("rm-none", "--prompt-from here", "x.jsonl"), 2, "--prompt-from 'here'", NULL, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_saved),
                                       cmocka_unit_test(scored_as_trained),
                                       cmocka_unit_test(sampled_as_trained),
                                       cmocka_unit_test(sampled_in_a_style),
                                       cmocka_unit_test(licences),
                                       cmocka_unit_test(carried_on),
                                       cmocka_unit_test(damaged)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
