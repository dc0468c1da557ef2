/* test_synth.c - lemma synth evolve and answer against the fault-injecting server, and with a model of our
 * own */
#include "core/file.h"
#include "core/json.h"
#include "core/log.h"
#include "support/faultd.h"

#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[] = "/tmp/lemma-synth-XXXXXX";
static faultd *server;
static char at[160]; /* " --endpoint … --teacher t" */

static void write_text(const char *path, const char *text) {
    lem_err err = LEM_ERR_INIT;
    if (lem_file_write_atomic(path, text, strlen(text), &err) != LEM_OK) fail_msg("%s", err.text);
}

static int set_up(void **state) {
    (void)state;
    if (!mkdtemp(dir) || chdir(dir) != 0) return -1;
    write_text("rows.jsonl",
               "{\"id\":\"a\",\"problem\":\"1+1?\",\"expected_answer\":\"2\",\"domain\":\"math\"}\n"
               "{\"id\":\"b\",\"problem\":\"2+2?\",\"expected_answer\":\"4\"}\n"
               "{\"id\":\"c\",\"problem\":\"3+3?\"}\n");
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    return chdir("/") == 0 && lem_dir_remove(dir, &err) == LEM_OK ? 0 : -1;
}

static void serve(const faultd_opts *o) {
    server = faultd_start(o);
    assert_non_null(server);
    snprintf(at, sizeof at, " --endpoint http://127.0.0.1:%d/v1 --teacher t --retry-base 0.01 --timeout 3 ",
             faultd_port(server));
}

static faultd_books stop(void) {
    faultd_books b = faultd_read(server);
    faultd_stop(server);
    server = NULL;
    if (system("rm -rf o o.* dead cache") != 0) fail_msg("rm");
    return b;
}

static char said[1 << 16];

/* Runs lemma with --out o; both streams into said. */
static int lemma(const char *command, const char *more) {
    char line[2048];
    snprintf(line, sizeof line, "%s %s --out o%s %s 2>&1 </dev/null", LEMMA_BINARY, command, at, more);
    FILE *f = popen(line, "r");
    assert_non_null(f);
    said[fread(said, 1, sizeof said - 1, f)] = '\0';
    int raw = pclose(f);
    return WIFEXITED(raw) ? WEXITSTATUS(raw) : 128;
}

static void expect(int status, const char *command, const char *more, const char *words) {
    int rc = lemma(command, more);
    if (rc != status || !strstr(said, words)) fail_msg("%s %s: status %d, %s", command, more, rc, said);
}

static char *text_of(const char *path) {
    static char text[1 << 16];
    lem_buf b = {0};
    lem_err err = LEM_ERR_INIT;
    if (lem_file_read(path, sizeof text - 1, &b, &err) != LEM_OK) fail_msg("%s", err.text);
    snprintf(text, sizeof text, "%s", lem_buf_str(&b));
    lem_buf_release(&b);
    return text;
}

static void answers_are_training_rows(void **state) {
    (void)state;
    serve(&(faultd_opts){0});
    expect(0, "synth answer rows.jsonl", "--suffix ''", "o: 3 rows of 3 items; 0 failed");
    assert_string_equal(
        text_of("o"),
        "{\"id\":\"a\",\"messages\":[{\"role\":\"user\",\"content\":\"1+1?\"},{\"role\":\"assistant\","
        "\"content\":\"[[1+1?]] "
        "é∑𝄞\"}],\"expected_answer\":\"2\",\"finish_reason\":\"stop\",\"teacher\":\"teacher-0\",\"domain\":"
        "\"math\"}\n"
        "{\"id\":\"b\",\"messages\":[{\"role\":\"user\",\"content\":\"2+2?\"},{\"role\":\"assistant\","
        "\"content\":\"[[2+2?]] "
        "é∑𝄞\"}],\"expected_answer\":\"4\",\"finish_reason\":\"stop\",\"teacher\":\"teacher-0\"}\n"
        "{\"id\":\"c\",\"messages\":[{\"role\":\"user\",\"content\":\"3+3?\"},{\"role\":\"assistant\","
        "\"content\":\"[[3+3?]] "
        "é∑𝄞\"}],\"finish_reason\":\"stop\",\"teacher\":\"teacher-0\"}\n");
    assert_string_equal(text_of("o.dead.jsonl"), "");
    expect(0, "synth answer rows.jsonl", "--suffix ''", "already complete");
    assert_int_equal(stop().requests, 3);
}

/* Greedy, and with the recipe's instruction, unless told otherwise. */
static void the_request_is_the_recipes(void **state) {
    (void)state;
    serve(&(faultd_opts){0});
    expect(0, "synth answer rows.jsonl", "--limit 1", "  {\"model\":\"t\",\"messages\":");
    faultd_books b = stop();
    assert_string_equal(
        b.last_body,
        "{\"model\":\"t\",\"messages\":[{\"role\":\"user\",\"content\":\"1+1?\\nPlease reason step by step, "
        "and "
        "put your final answer within \\\\boxed{}.\"}],\"temperature\":0.0,\"max_tokens\":4096}");
}

static void several_responses_are_candidates(void **state) {
    (void)state;
    serve(&(faultd_opts){0});
    expect(0, "synth answer rows.jsonl", "--suffix '' --n 2 --temperature 1 --as candidates --limit 1",
           "1 rows of 1 items");
    assert_string_equal(text_of("o"),
                        "{\"id\":\"a\",\"problem\":\"1+1?\",\"expected_answer\":\"2\",\"domain\":\"math\","
                        "\"completions\":[\"[[1+1?]] é∑𝄞\",\"[[1+1?]] é∑𝄞\"],\"finish_reason\":[\"stop\","
                        "\"stop\"],\"teacher\":\"teacher-0\"}\n");
    expect(2, "synth answer rows.jsonl", "--overwrite --n 2", "the same response 2 times");
    (void)stop();
    serve(&(faultd_opts){0});
    expect(0, "synth answer rows.jsonl", "--n 2 --temperature 1", "6 rows of 3 items");
    assert_non_null(strstr(text_of("o"), "{\"id\":\"c/1\",\"messages\""));
    (void)stop();
}

static int count(const char *text, const char *what) {
    int n = 0;
    for (const char *p = text; (p = strstr(p, what)); p++) n++;
    return n;
}

static void evolve_draws_a_kind_for_each_seed(void **state) {
    (void)state;
    serve(&(faultd_opts){.text = "# New problem\\n What is 7 times 7? "});
    expect(0, "synth evolve rows.jsonl", "", "3 rows of 3 items");
    assert_int_equal(count(text_of("o"), "\"problem\":\"What is 7 times 7?\""), 3);
    assert_int_equal(count(text_of("o"), "/breadth/0\"") + count(text_of("o"), "/depth/0\""), 3);
    assert_non_null(
        strstr(text_of("o"), "\"seed_id\":\"a\",\"seed_problem\":\"1+1?\",\"words\":5,\"flags\":[]"));
    (void)stop();
    serve(&(faultd_opts){.text = "What is 7 times 7?"});
    expect(0, "synth evolve rows.jsonl", "--kind constraints --per-seed 2 --max-words 4",
           "0 empty; 6 flagged");
    assert_int_equal(count(text_of("o"), "\"kind\":\"constraints\""), 6);
    assert_int_equal(count(text_of("o"), "\"flags\":[\"long\"]"), 6);
    (void)stop();
    serve(&(faultd_opts){.text = "What is 7 times 7?"});
    expect(0, "synth evolve rows.jsonl", "--per-seed 2", "6 rows");
    assert_int_equal(count(text_of("o"), "\"kind\":\"breadth\""), 3);
    assert_int_equal(count(text_of("o"), "\"kind\":\"depth\""), 3);
    expect(2, "synth evolve rows.jsonl", "--overwrite --kind sideways",
           "none of breadth, depth, constraints");
    (void)stop();
}

static void what_is_no_new_problem_is_left_out_and_counted(void **state) {
    (void)state;
    serve(&(faultd_opts){.text = " 2+2? \\n"});
    expect(0, "synth evolve rows.jsonl", "--json", "\"dropped\":{\"identical to the seed\":1,\"empty\":0}");
    assert_int_equal(count(text_of("o"), "\n"), 2);
    (void)stop();
}

static void a_dry_run_asks_nothing(void **state) {
    (void)state;
    serve(&(faultd_opts){0});
    expect(0, "synth answer rows.jsonl", "--dry-run --price-in 1000 --price-out 1000 --max-tokens 100",
           "first request, ");
    assert_non_null(strstr(said, "plan: 3 items, 3 requests"));
    expect(0, "synth answer rows.jsonl", "--dry-run --json --max-tokens 100", "\"max_generated_tokens\":300");
    assert_non_null(strstr(said, "\"first_request\":\"{\\\"model\\\":\\\"t\\\""));
    assert_int_equal(stop().requests, 0);
}

/* The key goes to the server, and is in nothing that is written or said. */
static void the_key_is_nowhere(void **state) {
    (void)state;
    faultd_books b;
    setenv("TEACHER_KEY", "sk-canary-0123456789", 1);
    serve(&(faultd_opts){.key = "sk-canary-0123456789"});
    expect(0, "synth answer rows.jsonl", "--key-env TEACHER_KEY --cache cache", "3 rows");
    assert_null(strstr(said, "canary"));
    if (system("! grep -r canary .") != 0) fail_msg("the key is in a file");
    b = faultd_read(server);
    assert_string_equal(b.last_key, "sk-canary-0123456789");
    (void)stop();
    serve(&(faultd_opts){.key = "another"});
    expect(6, "synth answer rows.jsonl", "--key-env TEACHER_KEY", "HTTP 401");
    assert_null(strstr(said, "canary"));
    if (system("! grep -r canary .") != 0) fail_msg("the key is in a file");
    assert_int_equal(stop().billed, 0);
    serve(&(faultd_opts){.fault = "redirect-other"});
    expect(6, "synth answer rows.jsonl", "--key-env TEACHER_KEY", "a redirect to http://127.0.0.2:");
    (void)stop();
    serve(&(faultd_opts){0});
    expect(2, "synth answer rows.jsonl", "--key-env NO_SUCH_KEY", "'NO_SUCH_KEY' is not set");
    setenv("TEACHER_KEY", "sk-canary\r\nX-Evil: 1", 1);
    expect(2, "synth answer rows.jsonl", "--key-env TEACHER_KEY", "white space");
    assert_null(strstr(said, "canary"));
    assert_int_equal(stop().requests, 0);
    unsetenv("TEACHER_KEY");
}

static void too_many_failures_give_no_result(void **state) {
    (void)state;
    serve(&(faultd_opts){.fault = "reset-late", .times = 1});
    expect(7, "synth answer rows.jsonl", "", "3 of 3 items failed");
    assert_false(lem_file_exists("o"));
    assert_int_equal(count(text_of("o.dead.jsonl"), "\"_billed\":\"maybe\",\"_requests\":1"), 3);
    assert_non_null(strstr(text_of("o.dead.jsonl"), "\"_source\":\"rows.jsonl:3\""));
    expect(7, "synth answer rows.jsonl", "", "3 of 3 items failed"); /* not sent again */
    assert_int_equal(faultd_read(server).requests, 3);
    expect(0, "synth answer rows.jsonl", "--resend 1", "3 rows of 3 items; 0 failed");
    assert_string_equal(text_of("o.dead.jsonl"), "");
    faultd_books b = stop();
    assert_true(b.requests == 6 && b.twice == 3);
    serve(&(faultd_opts){.fault = "bad-json", .times = 1});
    expect(0, "synth answer rows.jsonl", "--max-failed 1 --dead dead", "0 rows of 3 items; 3 failed (dead)");
    assert_int_equal(count(text_of("dead"), "\"_billed\":\"yes\""), 3);
    (void)stop();
}

static void budgets_stop_and_go_on(void **state) {
    (void)state;
    serve(&(faultd_opts){0});
    expect(7, "synth answer rows.jsonl", "--budget-requests 2", "2 of 3 items are answered");
    expect(7, "synth answer rows.jsonl", "--budget-requests 2", "2 of 3 items are answered");
    assert_int_equal(faultd_read(server).requests, 2);
    expect(0, "synth answer rows.jsonl", "", "3 rows of 3 items");
    assert_int_equal(stop().requests, 3);
    serve(&(faultd_opts){0});
    expect(2, "synth answer rows.jsonl", "--budget-cost 1", "--price-in");
    expect(7, "synth answer rows.jsonl", "--budget-cost 1 --price-out 1000", "cost 0.0000; 0 of 3");
    assert_int_equal(stop().requests, 0);
}

static void nobody_there(void **state) {
    (void)state;
    serve(&(faultd_opts){0});
    (void)stop();
    expect(6, "synth answer rows.jsonl", "", "does not answer: Failed to connect");
    assert_int_equal(count(said, "lemma synth answer:"), 1);
    if (system("rm -rf o.*") != 0) fail_msg("rm");
}

static void a_cache_serves_other_jobs(void **state) {
    (void)state;
    serve(&(faultd_opts){0});
    expect(0, "synth answer rows.jsonl", "--cache cache", "3 rows");
    if (system("mv o first; rm -rf o.*") != 0) fail_msg("mv");
    expect(0, "synth answer rows.jsonl", "--cache cache --stream --json", "\"cached\":3");
    if (system("cmp o first && rm first") != 0) fail_msg("other bytes from the cache");
    assert_int_equal(stop().requests, 3);
}

static void interrupted_during_a_hang(void **state) {
    (void)state;
    char line[1024];
    int raw = 0;
    serve(&(faultd_opts){.fault = "hang"});
    snprintf(line, sizeof line, "exec %s synth answer rows.jsonl --out o%s --timeout 100 2>said </dev/null",
             LEMMA_BINARY, at);
    pid_t child = fork();
    if (child == 0) execl("/bin/sh", "sh", "-c", line, (char *)NULL);
    for (int i = 0; i < 500 && faultd_read(server).requests < 3; i++) usleep(20000);
    double from = lem_clock_seconds();
    kill(child, SIGINT);
    waitpid(child, &raw, 0);
    assert_true(WIFEXITED(raw) && WEXITSTATUS(raw) == 130 && lem_clock_seconds() - from < 15);
    assert_non_null(strstr(text_of("said"), "interrupted; 0 of 3 items are answered"));
    expect(7, "synth answer rows.jsonl", "--timeout 100", "3 of 3 items failed");
    assert_non_null(strstr(text_of("o.dead.jsonl"), "the run ended while the request was under way"));
    assert_int_equal(stop().requests, 3);
}

static void wrong_options(void **state) {
    (void)state;
    static const struct {
        const char *more, *words;
    } t[] = {{"--model x", "exclude each other"},
             {"--body '[1]'", "an object expected"},
             {"--body '{'", "--body"},
             {"--body '{\"max_tokens\":9}'", "--max-tokens"},
             {"--body '{\"max_tokens\":null}'", "nothing else bounds a reply"},
             {"--body '{\"n\":9}'", "lemma's own"},
             {"--n 2 --temperature 1 --stream", "exclude each other"}};
    serve(&(faultd_opts){0});
    if (system("mkdir x && echo {} >x/config.json") != 0) fail_msg("mkdir");
    for (size_t i = 0; i < sizeof t / sizeof *t; i++)
        expect(2, "synth answer rows.jsonl", t[i].more, t[i].words);
    assert_int_equal(stop().requests, 0);
    snprintf(at, sizeof at, " --endpoint http://u:secret@127.0.0.1/v1 --teacher t ");
    expect(2, "synth answer rows.jsonl", "", "without user and password");
    assert_null(strstr(said, "secret"));
    snprintf(at, sizeof at, " --endpoint http://10.1.1.1/v1 --teacher t ");
    expect(2, "synth answer rows.jsonl", "", "https:// expected");
    snprintf(at, sizeof at, " --endpoint http://127.0.0.1/v1 ");
    expect(2, "synth answer rows.jsonl", "", "--teacher is missing");
    at[0] = '\0';
    expect(2, "synth answer rows.jsonl", "", "--endpoint");
}

/* With a model of our own nothing is sent, and neither slots nor threads change a byte. */
static void a_model_of_our_own(void **state) {
    (void)state;
    char line[1024];
    at[0] = '\0';
    snprintf(line, sizeof line,
             "%s sft --from-scratch --layers 1 --width 32 --heads 2 --vocab 270 --context 700 --batch 1 "
             "--max-steps 2 "
             "--data train.jsonl --out m --quiet >/dev/null 2>&1",
             LEMMA_BINARY);
    write_text("train.jsonl",
               "{\"problem\":\"p\",\"solution\":\"1+1=2\"}\n{\"problem\":\"q\",\"solution\":\"2\"}\n");
    if (system(line) != 0) fail_msg("no model");
    expect(0, "synth answer rows.jsonl", "--model m --n 3 --temperature 1 --max-tokens 6 --as candidates",
           "3 rows of 3 items");
    if (system("mv o first; rm -rf o.*") != 0) fail_msg("mv");
    expect(0, "synth answer rows.jsonl",
           "--model m --n 3 --temperature 1 --max-tokens 6 --as candidates --slots 1 --threads 1", "3 rows");
    if (system("cmp o first && rm -rf o o.* first") != 0) fail_msg("other bytes with one slot");
    expect(0, "synth evolve rows.jsonl", "--model m --max-tokens 4 --max-failed 1", "of 3 items");
    if (system("rm -rf o o.* m m.*") != 0) fail_msg("rm");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_training_rows),
        cmocka_unit_test(the_request_is_the_recipes),
        cmocka_unit_test(several_responses_are_candidates),
        cmocka_unit_test(evolve_draws_a_kind_for_each_seed),
        cmocka_unit_test(what_is_no_new_problem_is_left_out_and_counted),
        cmocka_unit_test(a_dry_run_asks_nothing),
        cmocka_unit_test(the_key_is_nowhere),
        cmocka_unit_test(too_many_failures_give_no_result),
        cmocka_unit_test(budgets_stop_and_go_on),
        cmocka_unit_test(nobody_there),
        cmocka_unit_test(a_cache_serves_other_jobs),
        cmocka_unit_test(interrupted_during_a_hang),
        cmocka_unit_test(wrong_options),
        cmocka_unit_test(a_model_of_our_own),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
