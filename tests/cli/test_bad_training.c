/* test_bad_training - commands that train, draw lists or annotate, on files with three bad rows among 300:
 * without --on-error skip the first ends the run, named; with it the result is that of the file without
 * them, and OUT.skipped has file, line and field; more than --max-bad ends with exit 7 before any work */
#include "support/program.h"

#include "core/file.h"

#include <unistd.h>

enum { ROWS = 300 };

static char dir[] = "/tmp/lemma-bad-training-XXXXXX";

/* A kind of rows: a good one (%d: its number), and three bad ones, what is said of each, and its field. */
typedef struct kind {
    const char *name, *good, *bad[3], *said[3], *field[3];
} kind;

#define CUT "{\"problem\":\"cut of"
#define SAID_CUT "JSON line 1"
static const kind conversations = {"messages",
                                   "{\"messages\":[{\"role\":\"user\",\"content\":\"What is "
                                   "%d?\"},{\"role\":\"assistant\",\"content\":\"It is %d.\"}]}",
                                   {CUT, "{\"messages\":[{\"role\":\"user\",\"content\":7}]}",
                                    "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]}"},
                                   {SAID_CUT, "content", "the row trains on zero tokens"},
                                   {NULL, NULL, NULL}};
static const kind answers = {"answers",
                             "{\"problem\":\"What is %d?\",\"solution\":\"It is %d.\"}",
                             {CUT, "{\"problem\":\"What?\"}", "{\"problem\":3,\"solution\":\"x\"}"},
                             {SAID_CUT, "", ""},
                             {NULL, NULL, NULL}};
static const kind lists = {
    "lists",
    "{\"problem\":\"What is %d?\",\"responses\":[\"It is %d.\",\"none\"],\"labels\":[1,0]}",
    {CUT, "{\"problem\":\"q\",\"responses\":[\"a\",\"b\"],\"labels\":[1]}",
     "{\"problem\":\"q\",\"responses\":[\"a\",\"b\"],\"labels\":[1,\"no\"]}"},
    {SAID_CUT, "2 responses but 1 labels", "labels[1]: 0 or 1 expected"},
    {NULL, NULL, "labels"}};
static const kind pairs = {
    "pairs",
    "{\"prompt\":\"What is %d?\",\"chosen\":\"It is %d.\",\"rejected\":\"none\"}",
    {CUT, "{\"prompt\":\"q\",\"chosen\":\"a\"}", "{\"prompt\":\"q\",\"chosen\":[],\"rejected\":\"b\"}"},
    {SAID_CUT, "a row of kind prompts among rows of kind preference", "chosen: an empty list"},
    {NULL, NULL, "chosen"}};
static const kind graded_turns = {
    "unpaired",
    "{\"prompt\":\"What is %d?\",\"completion\":\"It is %d.\",\"label\":true}\n"
    "{\"prompt\":\"What is %d?\",\"completion\":\"none\",\"label\":false}",
    {CUT, "{\"prompt\":\"q\",\"completion\":\"a\",\"label\":\"maybe\"}", "{\"prompt\":\"q\",\"label\":true}"},
    {SAID_CUT, "label", "a row of kind prompts among rows of kind kto"},
    {NULL, NULL, NULL}};
static const kind steps = {
    "steps",
    "{\"prompt\":\"What is %d?\",\"completions\":[\"Count.\",\"It is %d.\"],\"labels\":[1,0]}",
    {CUT, "{\"prompt\":\"q\",\"labels\":[1,0]}",
     "{\"prompt\":\"q\",\"completions\":[\"a\",4],\"labels\":[1,0]}"},
    {SAID_CUT, "completions", "completions: text expected, integer found"},
    {NULL, NULL, "completions"}};
static const kind candidates = {
    "candidates",
    "{\"id\":\"r%d\",\"problem\":\"What is "
    "%d?\",\"expected_answer\":\"%d\",\"completions\":[\"Count.\\n\\nIt is "
    "\\\\boxed{%d}\",\"none\"],\"correct\":[true,false],\"rm_score\":[1.5,0.5]}",
    {CUT, "{\"problem\":\"q\",\"expected_answer\":\"1\"}",
     "{\"problem\":\"q\",\"expected_answer\":\"1\",\"completions\":[\"a\",\"b\"],\"correct\":[true],\"rm_"
     "score\":[1,0]"
     "}"},
    {SAID_CUT, "completions", "correct"},
    {NULL, NULL, NULL}};

static bool is_bad(int line) { return line == 1 || line == 150 || line == ROWS; }

/* Each %d becomes the number. */
static void fill(const char *good, int number, char *out, size_t size) {
    size_t n = 0;
    for (const char *p = good; *p && n + 16 < size; p++)
        if (p[0] == '%' && p[1] == 'd') {
            n += (size_t)snprintf(out + n, size - n, "%d", number);
            p++;
        } else out[n++] = *p;
    out[n] = '\0';
}

/* NAME.jsonl has ROWS + lines of bad rows, the first line being bad; NAME-good.jsonl has not. first: which
 * bad row stands first. Rows of two lines count as one here. */
static void write_rows(const kind *k, int first, int bad[3]) {
    char name[100];
    snprintf(name, sizeof name, "%s.jsonl", k->name);
    FILE *f = fopen(name, "w");
    snprintf(name, sizeof name, "%s-good.jsonl", k->name);
    FILE *g = fopen(name, "w");
    assert_true(f && g);
    int line = 1, n = 0;
    for (int i = 1; i <= ROWS; i++) {
        char row[800];
        fill(k->good, i, row, sizeof row);
        if (is_bad(i)) {
            fprintf(f, "%s\n", k->bad[(first + n) % 3]);
            bad[n++] = line++;
            continue;
        }
        fprintf(f, "%s\n", row);
        fprintf(g, "%s\n", row);
        for (const char *p = row; *p; p++) line += *p == '\n';
        line++;
    }
    fclose(f);
    fclose(g);
}

/* The three rows stand in the list, by line. */
static void lists_them(const kind *k, int first, const char *path, const int bad[3]) {
    lem_lines *in = NULL;
    lem_err err = LEM_ERR_INIT;
    const char *text = NULL;
    size_t len = 0;
    bool eof = false;
    char file[100];
    snprintf(file, sizeof file, "%s.jsonl", k->name);
    if (lem_lines_open(path, 0, &in, &err) != LEM_OK) fail_msg("%s", err.text);
    for (int i = 0; i < 3; i++) {
        const int b = (first + i) % 3;
        assert_int_equal(lem_lines_next(in, &text, &len, &eof, &err), LEM_OK);
        if (eof) fail_msg("%s: %d rows are listed, not three", path, i);
        lem_json *row = NULL;
        if (lem_json_parse(text, len, &row, &err) != LEM_OK) fail_msg("%s: %s", path, err.text);
        assert_string_equal(lem_json_str(lem_json_get(row, "file"), ""), file);
        assert_int_equal(lem_json_int(lem_json_get(row, "line"), 0), bad[i]);
        if (!strstr(lem_json_str(lem_json_get(row, "error"), ""), k->said[b]))
            fail_msg("%s: '%s' expected in: %.*s", path, k->said[b], (int)len, text);
        if (k->field[b]) assert_string_equal(lem_json_str(lem_json_get(row, "field"), ""), k->field[b]);
        lem_json_free(row);
    }
    assert_int_equal(lem_lines_next(in, &text, &len, &eof, &err), LEM_OK);
    assert_true(eof);
    lem_lines_close(in);
}

/* words: the command up to the file's name without ".jsonl"; rest: what is behind it. */
static void leave_out(const kind *k, int first, const char *words, const char *rest) {
    char line[1500];
    int bad[3];
    write_rows(k, first, bad);
    shell("rm -rf a b c a.* b.* c.*");
    snprintf(line, sizeof line, LEMMA_BINARY " %s %s.jsonl %s --on-error skip --max-bad 0.02 --out a 2>&1",
             words, k->name, rest);
    const char *said = said_by(0, line);
    if (!strstr(said, "warning: 3 rows left out: ") || !strstr(said, "a.skipped lists them"))
        fail_msg("%s: %s", line, said);
    lists_them(k, first, "a.skipped", bad);
    snprintf(line, sizeof line,
             "cat a/manifest.json a.manifest.json 2>/dev/null | tr -d ' \\n' | grep -q "
             "'\"of\":\"--on-errorskip\",\"unit\":\"rows\",\"read\":%d,\"kept\":%d,'",
             bad[2], bad[2] - 3); /* the last row is a bad one */
    shell(line);
    snprintf(line, sizeof line, LEMMA_BINARY " %s %s-good.jsonl %s --out b 2>&1", words, k->name, rest);
    said_by(0, line);
    /* the same bytes, but for the manifest, which knows its inputs */
    shell(
        "rm -f a/manifest.json b/manifest.json && if test -f b; then sed -i s/-good//g b; fi && diff -r a b");
}

/* Also with a first row that can be read, but is of another kind, or lacks what the others have. */
static void command(const kind *k, const char *words, const char *rest) {
    char line[1500], part[200];
    int bad[3];
    leave_out(k, 1, words, rest);
    leave_out(k, 0, words, rest);
    write_rows(k, 0, bad);
    snprintf(line, sizeof line, LEMMA_BINARY " %s %s.jsonl %s --on-error skip --max-bad 0.001 --out c 2>&1",
             words, k->name, rest);
    const char *said = said_by(7, line);
    if (!strstr(said, "rows cannot be used, more than --max-bad 0.001 allows; the first: "))
        fail_msg("%s: %s", line, said);
    lists_them(k, 0, "c.skipped", bad);
    assert_int_equal(access("c", F_OK), -1);
    assert_int_equal(access("c.job", F_OK), -1);
    snprintf(line, sizeof line, LEMMA_BINARY " %s %s.jsonl %s --out c 2>&1", words, k->name, rest);
    said = said_by(3, line);
    snprintf(part, sizeof part, "%s.jsonl:1: %s", k->name, k->said[0]);
    if (!strstr(said, part)) fail_msg("'%s' expected in: %s", part, said);
}

#define SMALL "--from-scratch --layers 1 --width 32 --heads 2 --vocab 270 --context 192 "
#define FAST "--batch 8 --max-steps 3 --lr 1e-3 "

static void sft(void **state) {
    (void)state;
    command(&conversations, "sft " SMALL FAST "--data", "");
    command(&answers, "sft " SMALL FAST "--data", "");
    command(&answers, "sft --model m " FAST "--batch-tokens 300 --train last --data", "");
}

/* Bad rows in --val and --eval are left out, too, and stand in the same list. */
static void sft_beside(void **state) {
    (void)state;
    int bad[3];
    write_rows(&answers, 0, bad);
    put("eval.jsonl",
        "{\"problem\":\"a\",\"expected_answer\":\"1\"}\n{\"problem\":\"b\",\"expected_answer\":\"2\"}\n"
        "{\"problem\":\"c\"}\n");
    said_by(0, LEMMA_BINARY " sft --model m " FAST
                            "--data answers-good.jsonl --val answers.jsonl --val-every 2 --eval "
                            "eval.jsonl --on-error skip --out v 2>&1");
    shell("test $(wc -l <v.skipped) = 4 && head -3 v.skipped | grep -c '\"file\":\"answers.jsonl\"' | grep "
          "-q 3 && "
          "grep -q '\"file\":\"eval.jsonl\",\"line\":3,\"field\":\"expected_answer\"' v.skipped");
}

/* Two stages read files of their own: one list, also when the run was killed in the second, and the manifest
 * tells both. */
static void sft_stages(void **state) {
    (void)state;
    int bad[3];
    write_rows(&answers, 0, bad);
    write_rows(&conversations, 0, bad);
    put("s.yaml",
        "stages: [{name: one, data: answers.jsonl, max-steps: 2}, {name: two, data: messages.jsonl, "
        "max-steps: 30, checkpoint-every: 1}]\n");
#define STAGES                                                                                               \
    LEMMA_BINARY " sft --model m --batch 8 --lr 1e-3 --config s.yaml --on-error skip --max-bad 0.02 --out "
    shell(STAGES "w 2>&1 >/dev/null");
    shell("test $(wc -l <w.skipped) = 6 && cp -r w whole && cp w.skipped whole.skipped && rm -rf w w.*");
    shell(STAGES
          "w >said 2>&1 & p=$!; until ls w.job/checkpoints/two/step-* >/dev/null 2>&1; do kill -0 $p || "
          "{ echo it ended before it was killed; exit 1; }; sleep 0.02; done; kill -9 $p; wait $p; test ! -e "
          "w/model.safetensors");
    shell(STAGES "w 2>&1 >/dev/null; diff -r w whole && cmp w.skipped whole.skipped");
    shell("tr -d ' \\n' <w/manifest.json | grep -q "
          "'\"of\":\"one--on-errorskip\".*\"of\":\"two--on-errorskip\"'");
    /* the list of the first stage is not of an older run */
    put("t.yaml",
        "stages: [{name: one, data: answers-good.jsonl, max-steps: 2}, {name: two, data: messages.jsonl, "
        "max-steps: 2}]\n");
    shell(LEMMA_BINARY
          " sft --model m --batch 8 --lr 1e-3 --config t.yaml --on-error skip --max-bad 0.02 --out w "
          "--overwrite >said 2>&1 && test $(wc -l <w.skipped) = 3");
    said_by(2, LEMMA_BINARY " sft --model m --config s.yaml --skipped w.skipped --out x 2>&1");
}

static void reward_model(void **state) {
    (void)state;
    command(&lists, "rm train --model m " FAST "--val-share 0 --lists", "");
    command(&pairs, "rm train --model m " FAST "--val-share 0 --loss bt --lists", "");
    command(&graded_turns, "rm train --model m " FAST "--val-share 0 --lists", "");
}

static void process_reward_model(void **state) {
    (void)state;
    command(&steps, "prm train --model m " FAST "--data", "");
}

static void annotation(void **state) {
    (void)state;
    command(&candidates, "prm annotate --from samples --data", "");
    command(&candidates, "prm annotate --model m --n 1 --max-tokens 1 --data", "");
}

/* A row that is left out takes those of its problem in the other files along. */
static void drawing(void **state) {
    (void)state;
    command(&candidates, "rm sample --random --per-problem 2", "");
    command(&pairs, "rm sample --random --per-problem 2", "");
    command(&graded_turns, "rm sample --random --per-problem 2", "");
    shell("head -40 candidates-good.jsonl >p1; cp p1 p2; cp p1 p3; sed -i '5s/.*/no row/' p2; "
          "sed -i '9s/\"completions\":\\[/&7,/' p3; sed -i '40s/.*/[]/' p1; sed '5d;9d;40d' "
          "candidates-good.jsonl | "
          "head -37 >q; cp q q1; cp q q2; cp q q3");
    said_by(3, LEMMA_BINARY " rm sample p1 p2 p3 --random --per-problem 2 --out x.jsonl 2>&1");
    said_by(0, LEMMA_BINARY
            " rm sample p1 p2 p3 --random --per-problem 2 --on-error skip --max-bad 0.1 --out x.jsonl 2>&1");
    said_by(0, LEMMA_BINARY " rm sample q1 q2 q3 --random --per-problem 2 --out y.jsonl 2>&1");
    shell("sed 's/\"p\\([123]\\)\"/\"q\\1\"/g' x.jsonl | cmp - y.jsonl && test $(wc -l <x.jsonl.skipped) = 9 "
          "&& "
          "test $(grep -c 'about this problem is left out' x.jsonl.skipped) = 6");
}

static int set_up(void **state) {
    (void)state;
    if (!mkdtemp(dir) || chdir(dir) != 0) return -1;
    put("d.jsonl", "{\"problem\":\"p\",\"solution\":\"1+1=2\"}\n");
    return setenv("LEMMA_CPU", "generic", 1) ||
           system(LEMMA_BINARY " sft --data d.jsonl --out m " SMALL
                               "--batch 1 --max-steps 1 --lr 1e-3 2>/dev/null");
}

static int tear_down(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    return chdir("/") == 0 && lem_dir_remove(dir, &err) == LEM_OK ? 0 : -1;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sft),          cmocka_unit_test(sft_beside), cmocka_unit_test(sft_stages),
        cmocka_unit_test(reward_model), cmocka_unit_test(annotation), cmocka_unit_test(process_reward_model),
        cmocka_unit_test(drawing),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
