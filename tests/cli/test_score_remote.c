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
    int port;
    rewards r;
} served;

static void serve(served *s, const rewards_opts *o, const faultd_opts *f) {
    faultd_opts with = *f;
    shell("rm -rf o o.*");
    rewards_init(&s->r, o);
    with.answer = rewards_answer;
    with.ctx = &s->r;
    s->f = faultd_start(&with);
    assert_non_null(s->f);
    s->port = faultd_port(s->f);
}

static const rewards_opts plain = {.apis = "/pooling /classify", .outputs = 1};

static faultd_books stop(served *s) {
    faultd_books b = faultd_read(s->f);
    faultd_stop(s->f);
    shell("rm -rf o o.*");
    return b;
}

/* Runs `lemma COMMAND rows.jsonl --endpoint … --out o MORE`, which is to end with `status` and say `words`.
 * Of a whole solution under AceMath's system text, where no folder and no head says which. */
static const char *lemma(served *s, int status, const char *command, const char *more, const char *words) {
    char line[2048];
    bool asked = strcmp(command, "rm score") == 0 && !strstr(more, "--tokenizer") &&
                 !strstr(more, "--head ") && !strstr(more, "--model");
    snprintf(
        line, sizeof line,
        "%s %s rows.jsonl --endpoint http://127.0.0.1:%d/v1 --retry-base 0.01 --timeout 5 --out o %s%s 2>&1 "
        "</dev/null",
        LEMMA_BINARY, command, s->port, asked ? "--system '" CHECK "' " : "", more);
    rewards_settle(&s->r);
    const char *said = said_by(status, line);
    rewards_settle(&s->r);
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

/* ---- process reward models ---- */

static const char *const steps_of[3][5][4] = {
    {{"two", "so 2"}, {"three"}, {"é", "𝄞 4", "5"}, {"two", "so 2"}},
    {{"four"}},
    {{"six"}, {"seven", "or so"}, {"eight"}, {"nine"}, {"ten"}}};

/* p+ of the k-th step, from all that stands before its end. */
static double of_step(int row, size_t i, size_t k) {
    char said[256] = "";
    for (size_t j = 0; j <= k; j++) {
        if (j) strcat(said, "<extra_0>");
        strcat(said, steps_of[row][i][j]);
    }
    return sigmoid(2 * rewards_of(said, strlen(said)));
}

static void check_steps(double (*want)(int row, size_t i, size_t k)) {
    read_rows();
    for (int row = 0; row < 3; row++)
        for (size_t i = 0; i < lem_json_count(lem_json_get(rows[row], "completions")); i++) {
            double least = 1;
            const lem_json *list = lem_json_at(lem_json_get(rows[row], "step_scores"), i);
            size_t n = 0;
            for (; n < 4 && steps_of[row][i][n]; n++) {
                double x = want(row, i, n);
                equal(lem_json_num(lem_json_at(list, n), NAN), x);
                least = fmin(least, x);
            }
            assert_int_equal(lem_json_count(list), n);
            equal(cell(row, "rm_score", i), least);
        }
    free_rows();
}

static void steps_of_messages(void **state) {
    (void)state;
    for (int activates = 0; activates < 2; activates++) {
        served s;
        serve(&s, &(rewards_opts){.apis = "/pooling", .outputs = 2, .activates = activates},
              &(faultd_opts){0});
        lemma(&s, 0, "prm score", "",
              activates ? "the server makes probabilities all the same"
                        : "softmax(x)[1] at the <extra_0> token");
        assert_non_null(strstr(s.r.last, "\"task\":\"token_classify\""));
        assert_non_null(strstr(s.r.last, "and put your final answer"));
        check_steps(of_step);
        (void)stop(&s);
    }
}

static lem_ids ids_of_steps(int row, size_t i, size_t last, int32_t tag) {
    lem_tokenizer *t = NULL;
    lem_err err = LEM_ERR_INIT;
    lem_ids ids = {0};
    assert_int_equal(lem_tokenizer_load(PRM, &t, &err), LEM_OK);
    const char *system = "Please reason step by step, and put your final answer within \\boxed{}.";
    const char *problem = lem_json_str(lem_json_get(rows[row], "problem"), "");
    assert_int_equal(lem_chat_prompt(t, system, problem, &ids, &err), LEM_OK);
    for (size_t k = 0; k <= last; k++) {
        const char *step = steps_of[row][i][k];
        assert_int_equal(lem_tokenizer_encode(t, step, strlen(step), false, &ids, &err), LEM_OK);
        assert_int_equal(lem_ids_push(&ids, tag, &err), LEM_OK);
    }
    lem_tokenizer_free(t);
    return ids;
}

static int32_t prm_tag(void) {
    lem_tokenizer *t = NULL;
    lem_err err = LEM_ERR_INIT;
    assert_int_equal(lem_tokenizer_load(PRM, &t, &err), LEM_OK);
    int32_t tag = lem_tokenizer_find(t, "<extra_0>");
    lem_tokenizer_free(t);
    return tag;
}

/* Steps as a benchmark gives them are scored as they are: a separator in one makes no two of it. */
static void steps_as_given(void **state) {
    (void)state;
    for (int ids = 0; ids < 2; ids++) {
        served s;
        serve(&s, &(rewards_opts){.apis = "/pooling", .outputs = 2, .step_id = prm_tag()}, &(faultd_opts){0});
        put("rows.jsonl", "{\"id\":\"a\",\"problem\":\"p\",\"completions\":[\"one\\n\\ntwo\\n\\nthree\"],"
                          "\"completion_steps\":[[\"one\\n\\ntwo\",\"three\"]]}\n");
        lemma(&s, 0, "prm score", ids ? "--tokenizer " PRM : "", "1 scores");
        lem_json *row = json_of(said_by(0, "cat o"));
        assert_int_equal(lem_json_count(lem_json_at(lem_json_get(row, "step_scores"), 0)), 2);
        lem_json_free(row);
        put("rows.jsonl", rows_text);
        (void)stop(&s);
    }
}

static double of_step_ids(int row, size_t i, size_t k) {
    lem_ids ids = ids_of_steps(row, i, k, prm_tag());
    double x = rewards_of(ids.data, ids.len * sizeof *ids.data);
    lem_ids_release(&ids);
    return sigmoid(2 * x);
}

/* A vector for each step, or one for each token, of which the steps' are taken. */
static void steps_of_tokens(void **state) {
    (void)state;
    for (int every = 0; every < 2; every++)
        for (int shuffled = 0; shuffled < 2; shuffled++) {
            served s;
            serve(&s,
                  &(rewards_opts){.apis = "/pooling",
                                  .outputs = 2,
                                  .every_token = every,
                                  .step_id = prm_tag(),
                                  .shuffles = shuffled},
                  &(faultd_opts){0});
            lemma(&s, 0, "prm score", "--tokenizer " PRM, "10 scores");
            check_steps(of_step_ids);
            (void)stop(&s);
        }
}

/* '+' is the first of the pair, and is read before each reply. */
static double of_turns(int row, size_t i, size_t k) {
    lem_tokenizer *t = NULL;
    lem_err err = LEM_ERR_INIT;
    lem_ids ids = {0};
    uint8_t *mask = NULL;
    char first[256];
    lem_message m[8];
    size_t n = 0, seen = 0, at = 0;
    assert_int_equal(lem_tokenizer_load(LEMMA_TEST_DATA "/golden_heads/rlhflow_prm", &t, &err), LEM_OK);
    snprintf(first, sizeof first, "%s %s", lem_json_str(lem_json_get(rows[row], "problem"), ""),
             steps_of[row][i][0]);
    for (; n < 4 && steps_of[row][i][n]; n++) {
        m[2 * n] = (lem_message){"user", n ? steps_of[row][i][n] : first};
        m[2 * n + 1] = (lem_message){"assistant", "+"};
    }
    assert_int_equal(lem_chat_encode(t, m, 2 * n, false, &ids, &mask, &err), LEM_OK);
    for (at = 0; at + 1 < ids.len; at++)
        if (mask[at + 1] && !mask[at] && seen++ == k) break;
    double x = rewards_of(ids.data, (at + 1) * sizeof *ids.data);
    free(mask);
    lem_ids_release(&ids);
    lem_tokenizer_free(t);
    return sigmoid(-2 * x);
}

static void steps_of_turns(void **state) {
    (void)state;
    served s;
    serve(&s, &(rewards_opts){.apis = "/pooling", .outputs = 2, .every_token = true}, &(faultd_opts){0});
    lemma(&s, 0, "prm score",
          "--head rlhflow --aggregate min --tokenizer " LEMMA_TEST_DATA "/golden_heads/rlhflow_prm",
          "each step behind '+' everywhere; rm_score by min");
    check_steps(of_turns);
    (void)stop(&s);
    serve(&s, &(rewards_opts){.apis = "/pooling", .outputs = 2}, &(faultd_opts){0});
    lemma(&s, 2, "prm score", "--head rlhflow",
          "--head rlhflow is read at tokens that only its tokenizer tells");
    lemma(&s, 2, "rm score", "--head rlhflow", "--tokenizer DIR");
    (void)stop(&s);
}

static void no_steps_is_null_and_counted(void **state) {
    (void)state;
    served s;
    serve(&s, &(rewards_opts){.apis = "/pooling", .outputs = 2}, &(faultd_opts){0});
    put("rows.jsonl", "{\"problem\":\"p\",\"completions\":[\" \\n\\n \",\"one\"]}\n"
                      "{\"problem\":\"q\",\"completions\":[]}\n{\"problem\":\"q\",\"completions\":[\"\"]}\n");
    lemma(&s, 0, "prm score", "--json", "\"scores\":1,\"identical\":0,\"failed\":0,\"no_steps\":2");
    read_rows();
    assert_true(isnan(cell(0, "rm_score", 0)) && isnan(cell(2, "rm_score", 0)));
    equal(cell(0, "rm_score", 1), sigmoid(2 * rewards_of("one", 3)));
    free_rows();
    int asked = s.r.requests;
    put("rows.jsonl", "{\"problem\":\"p\",\"completions\":[\"\"]}\n");
    lemma(&s, 0, "prm score", "--overwrite", "0 scores");
    assert_int_equal(s.r.requests, asked);
    put("rows.jsonl", rows_text);
    (void)stop(&s);
}

/* ---- outputs ---- */

static double of_difference(int row, const char *text) { return 2 * of_solution(row, text); }

static double of_sigmoid_of_pair(int row, const char *text) { return sigmoid(2 * of_solution(row, text)); }

static double of_sigmoid(int row, const char *text) { return sigmoid(of_solution(row, text)); }

/* The last token's, where a server gives one for each. */
static void outputs(void **state) {
    (void)state;
    static const struct {
        int outputs;
        bool activates;
        const char *more, *words;
        double (*want)(int row, const char *text);
    } cases[] = {
        {2, false, "--head-output 1", "softmax(x)[1]", of_sigmoid_of_pair},
        {2, true, "--head-output 1", "p[1] of the server", of_sigmoid_of_pair},
        {2, false, "--head-output logit-difference", "x: [1] - [0]", of_difference},
        {1, false, "--head-output sigmoid", "10 scores", of_sigmoid},
        {1, false, "--head qwen-rm", "/pooling (token_classify)", of_solution},
        {1, true, "", "all scores lie in 0..1, though raw ones were asked for", of_sigmoid},
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        served s;
        serve(&s,
              &(rewards_opts){
                  .apis = "/pooling /classify", .outputs = cases[k].outputs, .activates = cases[k].activates},
              &(faultd_opts){0});
        lemma(&s, 0, "rm score", cases[k].more, cases[k].words);
        check_scores(cases[k].want);
        (void)stop(&s);
    }
}

/* A model of other labels than expected is an error at once, that says what may be wrong. */
static void other_outputs_are_refused(void **state) {
    (void)state;
    served s;
    serve(&s, &(rewards_opts){.apis = "/pooling", .outputs = 2}, &(faultd_opts){0});
    lemma(&s, 6, "rm score", "", "2 outputs where one score is expected");
    shell("[ ! -e o ]");
    assert_int_equal(s.r.requests, 1);
    (void)stop(&s);
    serve(&s, &plain, &(faultd_opts){0});
    lemma(&s, 6, "rm score", "--head-output 0", "1 output where 2 are expected");
    lemma(&s, 6, "prm score", "", "1 output where 2 are expected");
    (void)stop(&s);
    serve(&s, &(rewards_opts){.apis = "/pooling", .outputs = 2, .activates = true}, &(faultd_opts){0});
    lemma(&s, 6, "rm score", "--head-output logit-difference", "in spite of use_activation=false");
    (void)stop(&s);
    serve(&s, &(rewards_opts){.apis = "/pooling", .outputs = 2, .every_token = true}, &(faultd_opts){0});
    lemma(&s, 6, "prm score", "", "--tokenizer DIR says which are the steps'");
    (void)stop(&s);
}

/* ---- which API ---- */

/* What is not there, or not for this model, is passed over; what was found is kept for the job. */
static void the_api_that_answers_is_kept(void **state) {
    (void)state;
    served s;
    serve(&s, &(rewards_opts){.apis = "/classify", .outputs = 1}, &(faultd_opts){0});
    lemma(&s, 7, "rm score", "--budget-requests 3", "the budget is used up: 3 requests");
    shell("grep -q '\"api\":\"classify\",.*\"probes\":2' o.job/journal");
    int asked = s.r.requests;
    s.r.o.apis = "/pooling /classify";
    lemma(&s, 0, "rm score", "", "going on: 3 requests are answered already");
    assert_int_equal(s.r.requests, asked + DIFFERENT - 3);
    check_scores(of_solution);
    (void)stop(&s);
    serve(&s, &(rewards_opts){.apis = "/nothing", .outputs = 1}, &(faultd_opts){0});
    lemma(&s, 6, "rm score", "", "/pooling: HTTP 404: Not Found; /classify: HTTP 404");
    lemma(&s, 6, "rm score", "--reward-api score", "gives no scores: /score: HTTP 404");
    lemma(&s, 2, "rm score", "--reward-api get_reward", "it takes rendered text: --tokenizer DIR renders it");
    lemma(&s, 2, "prm score", "--reward-api classify", "it gives one number a text");
    (void)stop(&s);
}

/* ---- faults ---- */

/* What a reply may not say: the API is passed over, and no other is there. */
static void bad_replies(void **state) {
    (void)state;
    static const struct {
        const char *fault, *words;
    } cases[] = {{"count", "'data': 1 scores expected, one for each text that was sent, found 0"},
                 {"nan", "the reply"},
                 {"huge", "the reply"},
                 {"null", "a finite number expected, found null"},
                 {"string", "numbers expected, found a string"},
                 {"hidden", "5 numbers where 1 output is expected: are these hidden states"}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        served s;
        serve(&s, &(rewards_opts){.apis = "/pooling", .outputs = 1, .fault = cases[k].fault},
              &(faultd_opts){0});
        lemma(&s, 6, "rm score", "", cases[k].words);
        shell("[ ! -e o ]");
        (void)stop(&s);
    }
}

/* The same once the API is known: candidates without a score, each with its reason. */
static void bad_replies_later(void **state) {
    (void)state;
    static const struct {
        const char *fault, *words;
    } cases[] = {{"count", "scores expected, one for each text that was sent, found"},
                 {"twice", "index: 0 to 1 expected, each once"},
                 {"null", "a finite number expected, found null"}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        served s;
        serve(&s, &plain, &(faultd_opts){0});
        lemma(&s, 7, "rm score", "--budget-requests 1 --batch 2 --concurrency 1 --tokenizer " CLASSIFIER,
              "the budget is used up");
        s.r.o.fault = cases[k].fault;
        lemma(&s, 7, "rm score", "--resend 0 --batch 2 --tokenizer " CLASSIFIER, cases[k].words);
        lemma(&s, 7, "rm score", "--resend 0 --batch 2 --tokenizer " CLASSIFIER,
              "more than --max-failed 0.05");
        s.r.o.fault = NULL;
        lemma(&s, 0, "rm score", "--resend 5 --batch 2 --tokenizer " CLASSIFIER, "10 scores");
        check_scores(of_ids);
        (void)stop(&s);
    }
}

/* Faults of the wire and refusals, met by the first request of each text: all scores come in the end, none of
 * another text. (Once the API is known, and from a server at another address.) */
static void wire_faults(void **state) {
    (void)state;
    static const char *const faults[] = {"429",       "429-after", "500",        "503",      "529",
                                         "502",       "504",       "408",        "slow",     "truncated",
                                         "html",      "bad-json",  "reset-mid",  "wrong-id", "close-early",
                                         "chunk-cut", "no-http",   "two-replies"};
    for (size_t k = 0; k < sizeof faults / sizeof *faults; k++) {
        served s;
        serve(&s, &plain, &(faultd_opts){0});
        lemma(&s, 7, "rm score", "--budget-requests 1", "the budget is used up");
        faultd_stop(s.f);
        faultd_opts f = {.fault = faults[k], .times = 1, .after = "0", .answer = rewards_answer, .ctx = &s.r};
        s.f = faultd_start(&f);
        s.port = faultd_port(s.f);
        lemma(&s, 0, "rm score", "--timeout 2", "10 scores");
        check_scores(of_solution);
        (void)stop(&s);
    }
}

/* A server that is not there, or that says nothing but this: no result, and nothing left behind. */
static void no_server(void **state) {
    (void)state;
    static const char *const faults[] = {"500", "html", "truncated", "401", "400", "quota"};
    for (size_t k = 0; k < sizeof faults / sizeof *faults; k++) {
        served s;
        serve(&s, &plain, &(faultd_opts){.fault = faults[k]});
        lemma(&s, 6, "rm score", "--tries 2", "/pooling: ");
        shell("[ ! -e o ] && [ ! -e o.job ]");
        (void)stop(&s);
    }
    assert_non_null(strstr(said_by(6, LEMMA_BINARY
                                   " rm score rows.jsonl --endpoint http://127.0.0.1:1 --out o --system '' "
                                   "--tries 2 --retry-base 0.01 2>&1"),
                           "http://127.0.0.1:1/pooling: "));
}

/* A text that the server cannot read is null and counted; those that were sent with it are sent again alone.
 */
static void too_long_for_the_server(void **state) {
    (void)state;
    served s;
    serve(&s, &(rewards_opts){.apis = "/score", .outputs = 1, .too_long = "eight"}, &(faultd_opts){0});
    lemma(&s, 7, "rm score", "--max-failed 0",
          "completion 2 not scored (null): HTTP 400: maximum context length is 7 tokens");
    lemma(&s, 0, "rm score", "--max-failed 0.2 --json", "\"scores\":9,\"identical\":1,\"failed\":1");
    read_rows();
    assert_true(isnan(cell(2, "rm_score", 2)));
    assert_int_equal(lem_json_kind(lem_json_at(lem_json_get(rows[2], "rm_score"), 2)), LEM_JSON_NULL);
    for (size_t i = 0; i < 5; i++)
        if (i != 2) equal(cell(2, "rm_score", i), of_solution(2, text_at(2, i)));
    free_rows();
    /* rows of 3, 1 and 5; the last refused, then 5 by themselves of which one is refused; and the probe */
    assert_int_equal(s.r.requests, 1 + 2 + 4);
    (void)stop(&s);
}

/* ---- kills ---- */

static void run_and_kill(const char *const *argv, useconds_t after) {
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        if (!freopen("/dev/null", "w", stderr)) _exit(1);
        execv(LEMMA_BINARY, (char *const *)argv);
        _exit(127);
    }
    usleep(after);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

/* 60 rows of 5 texts. */
static void put_many(void) {
    lem_buf b = {0};
    for (int i = 0; i < 60; i++) {
        lem_buf_printf(&b, "{\"id\":%d,\"problem\":\"p%d\",\"completions\":[", i, i);
        for (int k = 0; k < 5; k++) lem_buf_printf(&b, "%s\"text %d of %d\"", k ? "," : "", k, i);
        lem_buf_puts(&b, "]}\n");
    }
    put("rows.jsonl", lem_buf_str(&b));
    lem_buf_release(&b);
}

/* Scores that are there; each is that of its own text. */
static int check_many(void) {
    lem_lines *in = NULL;
    lem_err err = LEM_ERR_INIT;
    lem_json *row = NULL;
    int n = 0, i = 0;
    assert_int_equal(lem_lines_open("o", 1 << 20, &in, &err), LEM_OK);
    for (; jsonl_next(in, &row, &err) == LEM_OK && row; i++) {
        assert_int_equal(lem_json_int(lem_json_get(row, "id"), -1), i);
        for (size_t k = 0; k < 5; k++) {
            const char *text = lem_json_str(lem_json_at(lem_json_get(row, "completions"), k), "");
            double got = lem_json_num(lem_json_at(lem_json_get(row, "rm_score"), k), NAN);
            if (isnan(got)) continue;
            equal(got, rewards_of(text, strlen(text)));
            n++;
        }
        lem_json_free(row);
    }
    lem_lines_close(in);
    assert_int_equal(i, 60);
    return n;
}

/* Killed at many moments, and gone on: with --resend 0 nothing is ever asked twice, and what was under way at
 * a kill is all that is missing; with more that is asked again, and nothing is missing. */
static void killed_and_gone_on(void **state) {
    (void)state;
    put_many();
    for (int again = 0; again < 2; again++) {
        served s;
        char url[64];
        const char *resend = again ? "20" : "0";
        serve(&s, &plain, &(faultd_opts){.delay_s = 0.01, .bills = "bills"});
        snprintf(url, sizeof url, "http://127.0.0.1:%d", s.port);
        const char *argv[] = {
            "lemma",         "rm", "score",    "rows.jsonl", "--endpoint",   url, "--out", "o", "--quiet",
            "--concurrency", "4",  "--resend", resend,       "--max-failed", "1", NULL};
        lemma(&s, 7, "rm score", "--budget-requests 1", "the budget is used up");
        int kills = 0;
        for (; kills < 12 && access("o", F_OK) != 0; kills++)
            run_and_kill(argv, 60000 + 7919 * (useconds_t)kills);
        char more[96];
        snprintf(more, sizeof more, "--resend %s --max-failed 1", resend);
        /* the last of the killed runs may have come to its end */
        lemma(&s, 0, "rm score", more, access("o", F_OK) == 0 ? "already complete" : "60 problems");
        int there = check_many();
        /* but for the requests that have no name, which find the API and ask the server for its own */
        const char *twice =
            said_by(0, "grep -v '^none' bills | cut -d' ' -f1 | sort | uniq -d | wc -l; rm bills");
        int n_twice = (int)strtol(twice, NULL, 10);
        (void)stop(&s);
        if (again) assert_int_equal(there, 300);
        if (n_twice > (again ? 4 * kills : 0)) fail_msg("%d asked twice after %d kills", n_twice, kills);
        if (there < 300 - 4 * kills) fail_msg("%d of 300 scores after %d kills", there, kills);
        if (kills < 5) fail_msg("only %d kills", kills);
    }
    put("rows.jsonl", rows_text);
}

/* Asked to stop: exit 130, what is there stays, and the same command goes on. */
static void interrupted_and_gone_on(void **state) {
    (void)state;
    served s;
    char line[512];
    put_many();
    serve(&s, &plain, &(faultd_opts){.delay_s = 0.02});
    snprintf(line, sizeof line,
             "%s rm score rows.jsonl --endpoint http://127.0.0.1:%d --out o --system '" CHECK
             "' --concurrency 2 2>&1 & p=$!; "
             "while kill -0 $p && [ $(grep -c '\"_id\":\"r:' o.job/journal 2>/dev/null || :)0 -lt 50 ]; do "
             "sleep 0.02; done; "
             "kill -INT $p; wait $p",
             LEMMA_BINARY, s.port);
    rewards_settle(&s.r);
    const char *said = said_by(130, line);
    rewards_settle(&s.r);
    assert_non_null(strstr(said, "requests are answered; the same command goes on from there"));
    shell("[ ! -e o ]");
    lemma(&s, 0, "rm score", "--concurrency 16", "60 problems, 300 scores");
    assert_int_equal(check_many(), 300);
    assert_int_equal(s.r.texts, 301);
    (void)stop(&s);
    put("rows.jsonl", rows_text);
}

/* Three shards are the bytes of one run; also where one died and two others took over what it left (which
 * they ask for again). */
static void shards(void **state) {
    (void)state;
    served s;
    put_many();
    serve(&s, &plain, &(faultd_opts){0});
    lemma(&s, 0, "rm score", "", "60 problems");
    shell("mv o whole && rm o.manifest.json");
    int asked = s.r.texts;
    lemma(&s, 0, "rm score", "--shard 1/3", "20 problems, 100 scores");
    lemma(&s, 0, "rm score", "--shard 3/3", "20 problems, 100 scores");
    lemma(&s, 7, "rm score", "--shard 2/3 --budget-requests 30", "the budget is used up");
    lemma(&s, 0, "rm score", "--shard 1/2 --take-over 2/3", "10 problems, 50 scores");
    lemma(&s, 0, "rm score", "--shard 2/2 --take-over 2/3", "10 problems, 50 scores");
    said_by(0, LEMMA_BINARY " merge o 2>&1");
    shell("cmp o whole");
    /* 300 texts, the 30 of the shard that died, and what found the API for each of five */
    assert_int_equal(s.r.texts - asked, 335);
    shell("rm -f whole");
    (void)stop(&s);
    put("rows.jsonl", rows_text);
}

/* ---- several servers; keys ---- */

static void servers_share_the_work(void **state) {
    (void)state;
    served a, b;
    char more[128];
    put_many();
    serve(&a, &plain, &(faultd_opts){.delay_s = 0.002});
    serve(&b, &plain, &(faultd_opts){.delay_s = 0.002});
    snprintf(more, sizeof more, "--endpoint http://127.0.0.1:%d/ --concurrency 8", b.port);
    lemma(&a, 0, "rm score", more, "60 problems, 300 scores");
    assert_int_equal(check_many(), 300);
    rewards_settle(&b.r);
    assert_true(a.r.texts > 20 && b.r.texts > 20 && a.r.texts + b.r.texts == 301);
    shell("rm o o.manifest.json");
    faultd_stop(a.f); /* one is gone: the other does it all */
    snprintf(more, sizeof more, "--endpoint http://127.0.0.1:%d/ --tries 20", b.port);
    lemma(&a, 0, "rm score", more, "60 problems, 300 scores");
    (void)stop(&b);
    put("rows.jsonl", rows_text);
}

static void the_key_is_nowhere(void **state) {
    (void)state;
    served s;
    serve(&s, &plain, &(faultd_opts){.key = "sk-canary-77"});
    setenv("REWARD_KEY", "sk-canary-77", 1);
    const char *said = lemma(&s, 0, "rm score", "--key-env REWARD_KEY", "10 scores");
    assert_null(strstr(said, "canary"));
    shell("! grep -r canary .");
    faultd_books b = faultd_read(s.f);
    assert_string_equal(b.last_key, "sk-canary-77");
    shell("rm o o.manifest.json");
    lemma(&s, 6, "rm score", "", "HTTP 401: planted   fault (--key-env, --key-file)");
    (void)stop(&s);
}

static void what_does_not_go_together(void **state) {
    (void)state;
    served s;
    serve(&s, &plain, &(faultd_opts){0});
    lemma(&s, 2, "rm score", "--model " CLASSIFIER, "--endpoint and --model exclude each other");
    lemma(&s, 2, "rm score", "--head logprob", "need the model's folder, not a server");
    lemma(&s, 2, "rm score", "--head qwen-rm --aggregate min", "--aggregate is for process reward models");
    lemma(&s, 2, "rm score", "--body 3", "--body: an object expected");
    lemma(&s, 2, "rm score", "--body '{\"input\":1}'", "--body: input is lemma's own");
    lemma(&s, 2, "rm score", "--compat rlhflow", "--compat rlhflow is for --head rlhflow");
    lemma(&s, 2, "prm score", "--step-separator ''", "the text between steps must not be empty");
    lemma(&s, 0, "rm score", "--body '{\"activation\":false,\"add_special_tokens\":null}'", "10 scores");
    assert_non_null(strstr(s.r.last, "\"activation\":false"));
    assert_null(strstr(s.r.last, "add_special_tokens"));
    lemma(&s, 2, "rm score", "--served-model other", "--served-model was not given, is now");
    (void)stop(&s);
    said_by(2, LEMMA_BINARY " rm score rows.jsonl --model " CLASSIFIER " --out o --tokenizer " CLASSIFIER
                            " 2>&1");
    said_by(2, LEMMA_BINARY " rm score rows.jsonl --model " CLASSIFIER " --out o --head qwen-rm 2>&1");
    put("bad.jsonl", "{\"problem\":\"p\",\"completions\":[3]}\n");
    assert_non_null(strstr(
        said_by(3, LEMMA_BINARY " rm score bad.jsonl --endpoint http://127.0.0.1:1 --system x --out o 2>&1"),
        "bad.jsonl:1: completions[0]: text expected, integer found"));
}

static void a_dry_run_asks_nothing(void **state) {
    (void)state;
    served s;
    serve(&s, &plain, &(faultd_opts){0});
    lemma(&s, 0, "rm score", "--dry-run", "plan: 10 candidates of 3 problems, 9 requests");
    lemma(&s, 0, "rm score", "--dry-run --json --tokenizer " CLASSIFIER, "\"requests\":3,");
    assert_int_equal(stop(&s).requests, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_to_pooling),
        cmocka_unit_test(each_api_by_itself),
        cmocka_unit_test(batches),
        cmocka_unit_test(steps_of_messages),
        cmocka_unit_test(steps_of_tokens),
        cmocka_unit_test(steps_of_turns),
        cmocka_unit_test(no_steps_is_null_and_counted),
        cmocka_unit_test(outputs),
        cmocka_unit_test(other_outputs_are_refused),
        cmocka_unit_test(the_api_that_answers_is_kept),
        cmocka_unit_test(bad_replies),
        cmocka_unit_test(bad_replies_later),
        cmocka_unit_test(wire_faults),
        cmocka_unit_test(no_server),
        cmocka_unit_test(too_long_for_the_server),
        cmocka_unit_test(steps_as_given),
        cmocka_unit_test(killed_and_gone_on),
        cmocka_unit_test(interrupted_and_gone_on),
        cmocka_unit_test(shards),
        cmocka_unit_test(servers_share_the_work),
        cmocka_unit_test(the_key_is_nowhere),
        cmocka_unit_test(what_does_not_go_together),
        cmocka_unit_test(a_dry_run_asks_nothing),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
