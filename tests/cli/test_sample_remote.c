/* test_sample_remote.c - lemma sample --endpoint against the fault-injecting server */
#include "remote.h"

#include "core/json.h"
#include "core/mem.h"
#include "core/object.h"

#include <signal.h>

static int set_up(void **state) {
    (void)state;
    command = "sample --prompts rows.jsonl --n 3 --max-tokens 20 --out o";
    if (!mkdtemp(dir) || chdir(dir) != 0) return -1;
    write_text("rows.jsonl", "{\"id\":\"a\",\"problem\":\"1+1?\",\"expected_answer\":\"2\"}\n"
                             "{\"id\":\"b\",\"problem\":\"2+2?\",\"expected_answer\":\"4\"}\n");
    write_text("train.jsonl",
               "{\"problem\":\"p\",\"solution\":\"1+1=2\"}\n{\"problem\":\"q\",\"solution\":\"2\"}\n");
    return 0;
}

/* ---- what is sent, and what is kept ---- */

static void candidates_of_a_server(void **state) {
    (void)state;
    serve(&(faultd_opts){.logprobs = 1, .version = "9.9"});
    expect(
        0,
        "--limit 1 --system 'Be brief.' --suffix Box --top-k 5 --top-p 0.9 --stop 'So, 2' --stop '##' --json",
        "\"server\":[\"faults 9.9, teacher-0\"]");
    assert_string_equal(
        text_of("o"),
        "{\"id\":\"a\",\"problem\":\"1+1?\",\"expected_answer\":\"2\",\"completions\":[\"[[1+1?\\nBox]] "
        "é∑𝄞\",\"[[1+1?\\nBox]] é∑𝄞\",\"[[1+1?\\nBox]] é∑𝄞\"],\"finish_reason\":[\"stop\",\"stop\",\"stop\"],"
        "\"tokens\":[3,3,3],\"logprob\":[-0.75,-0.75,-0.75]}\n");
    assert_non_null(strstr(text_of("o.manifest.json"), "\"server\": \"faults 9.9, teacher-0\""));
    assert_non_null(strstr(said, "\"requests\":1,\"unsure\":0,\"failed\":0"));
    expect(0, "--limit 1 --system 'Be brief.' --suffix Box --top-k 5 --top-p 0.9 --stop 'So, 2' --stop '##'",
           "already complete");
    faultd_books b = end();
    const char *seed = strstr(b.last_body, "\"seed\":");
    assert_non_null(seed);
    assert_int_equal(b.requests, 1);
    char want[512];
    snprintf(
        want, sizeof want,
        "{\"model\":\"t\",\"messages\":[{\"role\":\"system\",\"content\":\"Be brief.\"},{\"role\":\"user\","
        "\"content\":\"1+1?\\nBox\"}],\"temperature\":0.7,\"top_p\":0.9,\"top_k\":5,\"max_tokens\":20,"
        "\"n\":3,\"seed\":%lld,\"stop\":[\"So, 2\",\"##\"],\"logprobs\":true,\"top_logprobs\":1}",
        strtoll(seed + 7, NULL, 10));
    assert_string_equal(b.last_body, want);
}

/* What the server does not tell is null, and never made up. */
static void untold_is_null(void **state) {
    (void)state;
    serve(&(faultd_opts){0});
    expect(0, "", "o: 6 candidates for 2 problems");
    assert_int_equal(count(text_of("o"), "\"tokens\":[null,null,null],\"logprob\":[null,null,null]"), 2);
    (void)end();
    serve(&(faultd_opts){.logprobs = 2});
    expect(0, "", "o: 6 candidates");
    assert_int_equal(count(text_of("o"), "\"tokens\":[2,2,2],\"logprob\":[null,null,null]"), 2);
    (void)end();
    serve(&(faultd_opts){0});
    expect(0, "--per-request 1", "o: 6 candidates"); /* one choice has the tokens of the reply */
    assert_int_equal(count(text_of("o"), "\"tokens\":[7,7,7],\"logprob\":[null,null,null]"), 2);
    shell(LEMMA_BINARY " grade o --out o.graded >/dev/null 2>&1 && " LEMMA_BINARY
                       " select o.graded --k 1,2 --out o.sel >/dev/null 2>&1");
    (void)end();
}

/* The same bytes, streamed or not, at one or many at a time, from one server or two. */
static void how_it_is_asked_changes_nothing(void **state) {
    (void)state;
    char two[120];
    serve(&(faultd_opts){.vary = true});
    expect(0, "", "6 candidates");
    assert_int_equal(count(text_of("o"), "/2 é\""), 2);
    shell("mv o first; rm -rf o.*");
    expect(0, "--stream --body '{\"logprobs\":null,\"top_logprobs\":null}' --overwrite", "6 candidates");
    shell("cmp o first && rm -rf o o.*");
    faultd *other = faultd_start(&(faultd_opts){.vary = true, .delay_s = 0.02});
    snprintf(two, sizeof two, "--endpoint http://127.0.0.1:%d/v1 --concurrency 1", faultd_port(other));
    expect(0, two, "6 candidates");
    shell("cmp o first && rm -rf o o.* first");
    faultd_stop(other);
    (void)end();
}

static void fewer_choices_than_asked_for(void **state) {
    (void)state;
    serve(&(faultd_opts){.vary = true, .choices = 1});
    expect(0, "--concurrency 1", "a request for 3 choices does not get them: asking for 1 at a time");
    assert_int_equal(count(said, "does not get them"), 1);
    assert_int_equal(count(text_of("o"), "/0 é\""), 6);
    assert_int_equal(end().requests, 6);
    serve(&(faultd_opts){.vary = true, .choices = 2});
    expect(0, "--concurrency 1", "asking for 2 at a time");
    assert_int_equal(count(text_of("o"), "/0 é\""), 4);
    assert_int_equal(end().requests, 4);
    serve(&(faultd_opts){.vary = true, .one_only = true});
    expect(0, "--concurrency 1", "asking for 1 at a time");
    assert_int_equal(count(text_of("o"), "/0 é\""), 6);
    assert_int_equal(end().requests, 7);
}

static void text_prompts(void **state) {
    (void)state;
    serve(&(faultd_opts){.logprobs = 1});
    expect(0, "--api text --template plain --system S --limit 1", "3 candidates");
    assert_non_null(strstr(text_of("o"), "\"completions\":[\"[[S\\n\\n1+1?]] é"));
    assert_non_null(strstr(text_of("o"), "\"logprob\":[-0.75,-0.75,-0.75]"));
    faultd_books b = end();
    assert_non_null(strstr(b.last_body, "\"prompt\":\"S\\n\\n1+1?\""));
    assert_non_null(strstr(b.last_body, "\"logprobs\":1"));
    shell(LEMMA_BINARY
          " sft --from-scratch --layers 1 --width 32 --heads 2 --vocab 270 --context 300 --batch 1 "
          "--max-steps 2 --data train.jsonl --out m --quiet >/dev/null 2>&1");
    serve(&(faultd_opts){.text = "x"});
    expect(0, "--api text --tokenizer m --limit 1 --temperature 0", "3 candidates");
    b = end();
    assert_non_null(strstr(b.last_body, "{\"model\":\"t\",\"prompt\":["));
    assert_null(strstr(b.last_body, "\"seed\""));
}

/* ---- texts that do not encode to the tokens that the server says ---- */

#define MARKED "token/digits1"
enum { MARKED_CASES = 60 };

typedef struct marked {
    lem_json *cases; /* of tools/golden/make_reencode.py: ids, their text, and whether they are that text's */
    const char *end; /* id behind them; NULL: the candidate was cut at its limit */
    bool beside;     /* the ids come beside log-probabilities */
} marked;

static lem_json *marked_choice(const marked *m, int i) {
    const lem_json *c = lem_json_at(m->cases, (size_t)i), *ids = lem_json_get(c, "ids");
    lem_json *list = lem_json_new_array();
    lem_object o = lem_object_new();
    for (size_t k = 0; k < lem_json_count(ids) + (m->end != NULL); k++) {
        lem_json *id = lem_json_new_int(lem_json_int(lem_json_at(ids, k), m->end ? atoi(m->end) : 0));
        lem_object one = lem_object_new();
        if (m->beside) lem_object_json(&one, "id", id);
        if (m->beside) lem_object_num(&one, "logprob", -0.5);
        lem_json *entry = lem_object_done(&one);
        assert_true(lem_json_append(list, m->beside ? entry : id));
        if (!m->beside) lem_json_free(entry);
    }
    lem_object content = lem_object_new();
    lem_object_int(&o, "index", (uint64_t)i);
    lem_object_str(&o, "finish_reason", m->end ? "stop" : "length");
    lem_object_json(&o, "text", lem_json_copy(lem_json_get(c, "text")));
    if (m->beside) lem_object_json(&content, "content", list);
    else lem_object_json(&o, "token_ids", list);
    lem_object_json(&o, "logprobs", lem_object_done(&content));
    return lem_object_done(&o);
}

static char *marked_reply(void *ctx, const char *path, const char *body, int *status) {
    (void)path, (void)body, (void)status;
    lem_json *choices = lem_json_new_array();
    lem_object o = lem_object_new();
    lem_buf b = {0};
    for (int i = 0; i < MARKED_CASES; i++) assert_true(lem_json_append(choices, marked_choice(ctx, i)));
    lem_object_json(&o, "choices", choices);
    lem_json *reply = lem_object_done(&o);
    lem_json_write(reply, 0, &b);
    lem_json_free(reply);
    char *text = strdup(lem_buf_str(&b));
    lem_buf_release(&b);
    return text;
}

/* Each mark is what the `tokenizers` package says of the text and the ids. */
static void marks_are(const marked *m) {
    lem_err err = LEM_ERR_INIT;
    lem_json *row = NULL;
    const char *text = text_of("o");
    assert_int_equal(lem_json_parse(text, strlen(text), &row, &err), LEM_OK);
    const lem_json *marks = lem_json_get(row, "reencodes");
    assert_int_equal(lem_json_count(marks), MARKED_CASES);
    for (size_t i = 0; i < MARKED_CASES; i++) {
        bool same = lem_json_bool(lem_json_get(lem_json_at(m->cases, i), "same"), false);
        if (lem_json_bool(lem_json_at(marks, i), !same) != same) fail_msg("case %zu: %d", i, !same);
    }
    lem_json_free(row);
}

static void texts_of_other_tokens(void **state) {
    (void)state;
    static const char how[] = "--api text --template plain --tokenizer " LEMMA_TEST_DATA "/" MARKED
                              " --limit 1 --n 60 --per-request 60 --json";
    lem_err err = LEM_ERR_INIT;
    lem_json *all = NULL;
    if (lem_json_load(LEMMA_TEST_DATA "/token/reencode.json", 1 << 20, &all, &err) != LEM_OK)
        fail_msg("%s", err.text);
    marked m = {.cases = lem_json_get(all, MARKED)};
    for (int i = 0; i < 4; i++) {
        m.beside = i & 1;
        m.end = i & 2 ? "2" : NULL; /* <|im_end|> is no part of the text */
        serve(&(faultd_opts){.answer = marked_reply, .ctx = &m});
        expect(0, how, "\"not_reencoded\":22,");
        marks_are(&m);
        (void)end();
    }
    serve(&(faultd_opts){.logprobs = 1}); /* tells no ids */
    expect(0, "--api text --template plain --tokenizer " LEMMA_TEST_DATA "/" MARKED, "6 candidates");
    assert_null(strstr(text_of("o"), "reencodes"));
    (void)end();
    lem_json_free(all);
}

/* ---- what goes wrong ---- */

/* Every way to fail, met once by each request: the candidates are there in the end, and none was asked for
 * again that may have been billed, but as far as --resend says. */
static void every_fault(void **state) {
    (void)state;
    for (int i = 0; faultd_name(i); i++) {
        const char *name = faultd_name(i);
        bool ends = strcmp(name, "quota") == 0;
        bool refused = strcmp(name, "400") == 0;
        bool later = !faultd_bills(name) && !ends && !refused && strcmp(name, "reset-early") != 0 &&
                     strcmp(name, "close-early") != 0;
        serve(&(faultd_opts){.vary = true, .fault = name, .times = 1, .after = "0"});
        int rc = lemma("");
        int want = faultd_good(name) || later ? 0 : 7;
        if (ends) want = 6;
        if (rc != want) fail_msg("%s: status %d, %s", name, rc, said);
        if (want != 0) assert_false(lem_file_exists("o"));
        if (want == 7 && !refused) {
            assert_int_equal(faultd_read(server).requests, 2); /* not sent again */
            expect(7, "", "--resend 1");
            assert_int_equal(faultd_read(server).requests, 2);
            rc = lemma("--resend 1");
            if (rc != 0) fail_msg("%s with --resend: status %d, %s", name, rc, said);
            want = 0;
        }
        if (want == 0) assert_int_equal(count(text_of("o"), "/2 é\""), 2);
        assert_true(end().twice <= 2);
    }
}

static void prompts_that_do_not_fit(void **state) {
    (void)state;
    serve(&(faultd_opts){.fault = "400", .refusal = "This model's maximum context length is 16 tokens."});
    expect(7, "", "6 of 6 candidates failed, more than --max-failed 0");
    assert_non_null(strstr(said, "maximum context length"));
    expect(0, "--max-failed 1", "o: 6 candidates");
    assert_int_equal(count(text_of("o"), "[\"prompt_too_long\",\"prompt_too_long\",\"prompt_too_long\"]"), 2);
    assert_int_equal(count(text_of("o"), "\"completions\":[\"\",\"\",\"\"]"), 2);
    assert_true(end().requests <= 9); /* three at a time, then one: it may be their number */
    serve(&(faultd_opts){.fault = "reset-late"});
    expect(0, "--max-failed 1", "6 candidates failed (finish_reason \"failed\")");
    (void)end();
}

static void one_of_several_servers_dies(void **state) {
    (void)state;
    char both[160];
    faultd *dead = faultd_start(&(faultd_opts){0});
    int port = faultd_port(dead);
    faultd_stop(dead);
    serve(&(faultd_opts){.vary = true});
    snprintf(both, sizeof both, "--endpoint http://127.0.0.1:%d/v1 --per-request 1 --concurrency 2", port);
    expect(0, both, "6 candidates");
    (void)end();
    serve(&(faultd_opts){.vary = true, .delay_s = 0.01});
    faultd *broken = faultd_start(&(faultd_opts){.fault = "503"});
    snprintf(both, sizeof both, "--endpoint http://127.0.0.1:%d/v1 --per-request 1 --tries 50",
             faultd_port(broken));
    expect(0, both, "6 candidates");
    assert_int_equal(faultd_read(broken).billed, 0);
    faultd_stop(broken);
    assert_int_equal(end().billed, 6);
}

/* The fast one gets more of the work. */
static void a_slow_server_gets_less(void **state) {
    (void)state;
    char both[120];
    serve(&(faultd_opts){.vary = true});
    faultd *slow = faultd_start(&(faultd_opts){.vary = true, .delay_s = 0.2});
    snprintf(both, sizeof both, "--endpoint http://127.0.0.1:%d/v1 --per-request 1 --n 40 --concurrency 4",
             faultd_port(slow));
    expect(0, both, "80 candidates");
    int few = faultd_read(slow).billed;
    faultd_stop(slow);
    int many = end().billed;
    if (few + many != 80 || few < 1 || few > 20) fail_msg("slow %d, fast %d", few, many);
}

static void budgets_stop_and_go_on(void **state) {
    (void)state;
    faultd *first;
    serve(&(faultd_opts){.vary = true, .version = "1"});
    expect(7, "--per-request 1 --budget-requests 4", "4 of 6 candidates are there; raise it");
    expect(7, "--per-request 1 --budget-requests 4", "going on: 4 of 6 candidates are there already");
    assert_int_equal(faultd_read(server).requests, 4);
    expect(2, "--per-request 1 --budget-cost 1", "--price-in");
    first = server;
    serve(&(faultd_opts){.vary = true, .version = "2"}); /* at another address, and newer */
    expect(0, "--per-request 1", "the server was faults 1, teacher-0, and is faults 2, teacher-0 now");
    assert_non_null(strstr(text_of("o.manifest.json"), "\"faults 1, teacher-0; then faults 2, teacher-0\""));
    assert_int_equal(end().requests, 2);
    faultd_stop(first);
}

static void a_dry_run_sends_nothing(void **state) {
    (void)state;
    serve(&(faultd_opts){0});
    expect(0, "--dry-run --json --per-request 2", "\"requests\":4,");
    assert_non_null(strstr(said, "\"candidates\":6"));
    expect(0, "--dry-run --price-out 1000000", "plan: 2 requests to 1 servers");
    assert_non_null(strstr(said, "at most about 120.00"));
    assert_int_equal(end().requests, 0);
}

static void interrupted_during_a_hang(void **state) {
    (void)state;
    char line[1024];
    int raw = 0;
    serve(&(faultd_opts){.fault = "hang"});
    snprintf(line, sizeof line,
             "exec %s sample --prompts rows.jsonl --n 3 --out o %s --timeout 100 2>said </dev/null",
             LEMMA_BINARY, at);
    pid_t child = fork();
    if (child == 0) execl("/bin/sh", "sh", "-c", line, (char *)NULL);
    for (int i = 0; i < 500 && faultd_read(server).requests < 2; i++) usleep(20000);
    double from = lem_clock_seconds();
    kill(child, SIGINT);
    waitpid(child, &raw, 0);
    assert_true(WIFEXITED(raw) && WEXITSTATUS(raw) == 130 && lem_clock_seconds() - from < 15);
    assert_non_null(strstr(text_of("said"), "interrupted"));
    (void)end();
    shell("rm said");
}

/* ---- keys ---- */

static void nowhere(void) {
    assert_null(strstr(said, "canary"));
    shell("! grep -r canary . --exclude=key*");
}

static void keys(void **state) {
    (void)state;
    setenv("SERVER_KEY", "sk-canary-0123456789", 1);
    serve(&(faultd_opts){.key = "sk-canary-0123456789"});
    expect(0, "--key-env SERVER_KEY", "6 candidates");
    nowhere();
    shell("rm -rf o o.*; umask 077; printf 'sk-canary-0123456789\\n' >key; chmod 600 key");
    expect(7, "--key-file key --budget-requests 1", "the budget");
    nowhere(); /* the journal is there */
    expect(0, "--key-file key", "6 candidates");
    nowhere();
    assert_string_equal(faultd_read(server).last_key, "sk-canary-0123456789");
    expect(2, "--overwrite --n 4 --key-file key --key-env SERVER_KEY", "exclude each other");
    shell("chmod 644 key");
    expect(2, "--overwrite --n 4 --key-file key", "has mode 0644, 0600 expected");
    shell("chmod 400 key");
    expect(2, "--overwrite --n 4 --key-file key", "has mode 0400, 0600 expected");
    shell("chmod 600 key; mkdir keys");
    expect(2, "--overwrite --n 4 --key-file keys", "is not a plain file");
    expect(2, "--overwrite --n 4 --key-file none", "No such file");
    shell("mkfifo -m 600 keypipe");
    expect(2, "--overwrite --n 4 --key-file keypipe", "is not a plain file");
    shell("printf 'sk-canary 1' >key");
    expect(2, "--overwrite --n 4 --key-file key", "white space");
    shell(": >key");
    expect(2, "--overwrite --n 4 --key-file key", "no key in it");
    shell("head -c 9000 /dev/zero | tr '\\0' a >key");
    expect(2, "--overwrite --n 4 --key-file key", "more than a key");
    nowhere();
    (void)end();
    serve(&(faultd_opts){.key = "another"});
    expect(6, "--key-env SERVER_KEY", "HTTP 401");
    nowhere();
    unsetenv("SERVER_KEY");
    shell("rm -rf key keys keypipe");
    (void)end();
}

static void wrong_options(void **state) {
    (void)state;
    static const struct {
        const char *more, *words;
    } t[] = {{"--model m", "exclude each other"},         {"--out -", "no place for the ledger"},
             {"--api text", "--tokenizer DIR expected"},  {"--tokenizer m", "--tokenizer is for --api text"},
             {"--template plain", "--api text expected"}, {"--body '{\"temperature\":1}'", "lemma's own"},
             {"--body '{\"n\":null}'", "lemma's own"},    {"--per-request 0", "per-request"}};
    serve(&(faultd_opts){0});
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) expect(2, t[i].more, t[i].words);
    assert_int_equal(end().requests, 0);
    snprintf(at, sizeof at, "--endpoint http://127.0.0.1/v1");
    expect(2, "", "--served-model is missing");
    snprintf(at, sizeof at, "--endpoint http://u:secret@127.0.0.1/v1 --served-model t");
    expect(2, "", "without user and password");
    assert_null(strstr(said, "secret"));
    at[0] = '\0';
    expect(2, "", "--endpoint");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(candidates_of_a_server),
        cmocka_unit_test(untold_is_null),
        cmocka_unit_test(how_it_is_asked_changes_nothing),
        cmocka_unit_test(fewer_choices_than_asked_for),
        cmocka_unit_test(text_prompts),
        cmocka_unit_test(texts_of_other_tokens),
        cmocka_unit_test(every_fault),
        cmocka_unit_test(prompts_that_do_not_fit),
        cmocka_unit_test(one_of_several_servers_dies),
        cmocka_unit_test(a_slow_server_gets_less),
        cmocka_unit_test(budgets_stop_and_go_on),
        cmocka_unit_test(a_dry_run_sends_nothing),
        cmocka_unit_test(interrupted_during_a_hang),
        cmocka_unit_test(keys),
        cmocka_unit_test(wrong_options),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
