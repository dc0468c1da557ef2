/* test_score_remote.c - rm score and prm score with --endpoint: every API and form of request, each score
 * held against a function of what was sent; faults, kills, several servers, refusals
 *
 * The servers are those of support/rewards.h behind the faults of support/faultd.h. */
#include "core/file.h"
#include "core/json.h"
#include "prompt/chat.h"
#include "support/faultd.h"
#include "support/jsonl.h"
#include "support/program.h"
#include "support/rewards.h"
#include "token/tokenizer.h"

#include <math.h>
#include <signal.h>
#include <unistd.h>

#define CLASSIFIER LEMMA_TEST_DATA "/golden_heads/qwen2_classifier"
#define PRM LEMMA_TEST_DATA "/golden_heads/qwen_prm"
#define CHECK "Please reason step by step, and check your final answer within \\boxed{}."

static char dir[] = "/tmp/lemma-remote-XXXXXX";

/* Rows 0 to 2; the last completion of the first is its first again, one of the second has no step. */
static const char rows_text[] =
    "{\"id\":\"a\",\"problem\":\"1+1?\",\"completions\":[\"two\\n\\nso 2\",\"three\",\"é\\n\\n𝄞 4\\n\\n5\","
    "\"two\\n\\nso 2\"]}\n"
    "{\"id\":\"b\",\"problem\":\"2+2?\",\"completions\":[\"four\"]}\n"
    "{\"id\":\"c\",\"problem\":\"3+3?\",\"completions\":[\"six\",\"seven\\n\\n\\n\\nor "
    "so\",\"eight\",\"nine\","
    "\"ten\"]}\n";
enum { TEXTS = 10, DIFFERENT = 9 };

static int set_up(void **state) {
    (void)state;
    if (!mkdtemp(dir) || chdir(dir) != 0) return -1;
    put("rows.jsonl", rows_text);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    return chdir("/") == 0 && lem_dir_remove(dir, &err) == LEM_OK ? 0 : -1;
}

/* ---- servers ---- */

typedef struct served {
    faultd *f;
    rewards r;
} served;

static void serve(served *s, const rewards_opts *o, const faultd_opts *f) {
    faultd_opts with = *f;
    rewards_init(&s->r, o);
    with.answer = rewards_answer;
    with.ctx = &s->r;
    s->f = faultd_start(&with);
    assert_non_null(s->f);
}

static const rewards_opts plain = {.apis = "/pooling /classify", .outputs = 1};

static faultd_books stop(served *s) {
    faultd_books b = faultd_read(s->f);
    faultd_stop(s->f);
    shell("rm -rf o o.*");
    return b;
}

/* Runs `lemma COMMAND rows.jsonl --endpoint … --out o MORE`, which is to end with `status` and say `words`.
 */
static const char *lemma(const served *s, int status, const char *command, const char *more,
                         const char *words) {
    char line[2048];
    snprintf(
        line, sizeof line,
        "%s %s rows.jsonl --endpoint http://127.0.0.1:%d/v1 --retry-base 0.01 --timeout 5 --out o %s 2>&1 "
        "</dev/null",
        LEMMA_BINARY, command, faultd_port(s->f), more);
    const char *said = said_by(status, line);
    if (!strstr(said, words)) fail_msg("%s: '%s' expected in: %s", line, words, said);
    return said;
}

/* ---- results ---- */

static lem_json *rows[8];

static void read_rows(void) {
    lem_lines *in = NULL;
    lem_err err = LEM_ERR_INIT;
    int n = 0;
    if (lem_lines_open("o", 1 << 20, &in, &err) != LEM_OK) fail_msg("%s", err.text);
    for (;;) {
        lem_json *row = NULL;
        if (jsonl_next(in, &row, &err) != LEM_OK) fail_msg("%s", err.text);
        if (!row) break;
        rows[n++] = row;
    }
    lem_lines_close(in);
    assert_int_equal(n, 3);
}

static void free_rows(void) {
    for (int i = 0; i < 3; i++) lem_json_free(rows[i]);
}

static const char *text_at(int row, size_t i) {
    return lem_json_str(lem_json_at(lem_json_get(rows[row], "completions"), i), NULL);
}

static double cell(int row, const char *field, size_t i) {
    return lem_json_num(lem_json_at(lem_json_get(rows[row], field), i), NAN);
}

static void equal(double got, double want) {
    if (!(fabs(got - want) < 1e-12)) fail_msg("%.17g, expected %.17g", got, want);
}

static double sigmoid(double x) { return 1 / (1 + exp(-x)); }

/* Each score is the known function of its own text: of the solution, or of what `sent` makes of it. */
static void check_scores(double (*want)(int row, const char *text)) {
    read_rows();
    for (int row = 0; row < 3; row++) {
        const lem_json *list = lem_json_get(rows[row], "completions");
        assert_int_equal(lem_json_count(lem_json_get(rows[row], "rm_score")), lem_json_count(list));
        for (size_t i = 0; i < lem_json_count(list); i++)
            equal(cell(row, "rm_score", i), want(row, text_at(row, i)));
    }
    free_rows();
}

static double of_solution(int row, const char *text) {
    (void)row;
    return rewards_of(text, strlen(text));
}

static double of_ids(int row, const char *text) {
    lem_tokenizer *t = NULL;
    lem_err err = LEM_ERR_INIT;
    lem_ids ids = {0};
    lem_message m[] = {{"system", CHECK},
                       {"user", lem_json_str(lem_json_get(rows[row], "problem"), "")},
                       {"assistant", text}};
    assert_int_equal(lem_tokenizer_load(CLASSIFIER, &t, &err), LEM_OK);
    assert_int_equal(lem_chat_encode(t, m, 3, false, &ids, NULL, &err), LEM_OK);
    double x = rewards_of(ids.data, ids.len * sizeof *ids.data);
    lem_ids_release(&ids);
    lem_tokenizer_free(t);
    return x;
}

/* What OpenRLHF is sent: ChatML, as the folder has no template. */
static double of_chatml(int row, const char *text) {
    char all[1024];
    snprintf(all, sizeof all,
             "<|im_start|>system\n" CHECK
             "<|im_end|>\n<|im_start|>user\n%s<|im_end|>\n<|im_start|>assistant\n"
             "%s<|im_end|>\n",
             lem_json_str(lem_json_get(rows[row], "problem"), ""), text);
    return rewards_of(all, strlen(all));
}

/* ---- each API ---- */

static void messages_to_pooling(void **state) {
    (void)state;
    served s;
    serve(&s, &plain, &(faultd_opts){0});
    lemma(&s, 0, "rm score", "--served-model m", "/pooling (classify) answers; sent are messages");
    assert_string_equal(
        s.r.last,
        strstr(s.r.last, "{\"model\":\"m\",\"task\":\"classify\",\"messages\":[{\"role\":\"system\","));
    assert_non_null(strstr(s.r.last,
                           "\"content\":\"Please reason step by step, and check your final answer within "
                           "\\\\boxed{}.\"},{\"role\":\"user\",\"content\":\""));
    assert_non_null(strstr(s.r.last,
                           "\"add_special_tokens\":false,\"encoding_format\":\"float\",\"use_activation\""
                           ":false}"));
    check_scores(of_solution);
    shell("grep -q '\"api\":\"pooling\"' o.manifest.json || grep -q '\"api\": \"pooling\"' o.manifest.json");
    shell("grep -q 'use_activation=false' o.manifest.json");
    /* the first text twice: once to find the API; equal texts of a row once */
    assert_int_equal(s.r.texts, DIFFERENT + 1);
    lemma(&s, 0, "rm score", "--served-model m", "already complete");
    (void)stop(&s);
}

static void each_api_by_itself(void **state) {
    (void)state;
    static const struct {
        const char *apis, *more, *words;
        double (*want)(int row, const char *text);
    } cases[] = {
        {"/classify", "", "/classify answers", of_solution},
        {"/score", "", "/score answers", of_solution},
        {"/rerank", "", "/rerank answers", of_solution},
        {"/score", "--batch 2", "joins question and solution by a form of the server's own", of_solution},
        {"/pooling", "--tokenizer " CLASSIFIER, "sent are tokens", of_ids},
        {"/classify", "--tokenizer " CLASSIFIER " --batch 1", "/classify answers", of_ids},
        {"/get_reward /rerank", "--tokenizer " CLASSIFIER, "/get_reward answers", of_chatml},
        {"/pooling /rerank", "--reward-api rerank", "/rerank answers", of_solution},
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++)
        for (int shuffled = 0; shuffled < 2; shuffled++) {
            served s;
            serve(&s, &(rewards_opts){.apis = cases[k].apis, .outputs = 1, .shuffles = shuffled},
                  &(faultd_opts){0});
            lemma(&s, 0, "rm score", cases[k].more, cases[k].words);
            check_scores(cases[k].want);
            assert_int_equal(s.r.texts, DIFFERENT + 1);
            (void)stop(&s);
        }
}

/* Lists hold so many candidates of a row; rows are not mixed. */
static void batches(void **state) {
    (void)state;
    static const struct {
        const char *more;
        int requests;
    } cases[] = {{"--batch 1", DIFFERENT}, {"--batch 2", 2 + 1 + 3}, {"--batch 16", 3}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        served s;
        char more[160];
        serve(&s, &plain, &(faultd_opts){0});
        snprintf(more, sizeof more, "--tokenizer %s %s", CLASSIFIER, cases[k].more);
        lemma(&s, 0, "rm score", more, "10 scores (1 for identical texts)");
        assert_int_equal(s.r.requests, cases[k].requests + 1);
        check_scores(of_ids);
        (void)stop(&s);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_to_pooling),
        cmocka_unit_test(each_api_by_itself),
        cmocka_unit_test(batches),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
