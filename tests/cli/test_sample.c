/* test_sample.c - lemma sample from outside: rows, resume after kill -9 and SIGINT, refusals, full disk, bad
 * input */
#include "core/file.h"
#include "core/json.h"
#include "../support/jsonl.h"
#include "core/mem.h"
#include "model/model.h"
#include "token/tokenizer.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[64], model_dir[96], prompts_file[96];

static void need(lem_status st, const lem_err *err) {
    if (st != LEM_OK) fail_msg("%s", err->text);
}

/* Each name has one string, good for the whole run. */
static const char *path_of(const char *name) {
    static char path[64][256];
    static int n;
    char full[256];
    snprintf(full, sizeof full, "%s/%s", dir, name);
    for (int i = 0; i < n; i++)
        if (strcmp(path[i], full) == 0) return path[i];
    assert_true(n < 64);
    memcpy(path[n], full, sizeof full);
    return path[n++];
}

static void write_text(const char *path, const char *text) {
    lem_err err = LEM_ERR_INIT;
    need(lem_file_write_atomic(path, text, strlen(text), &err), &err);
}

static lem_buf read_text(const char *path) {
    lem_err err = LEM_ERR_INIT;
    lem_buf b = {0};
    need(lem_file_read(path, 64 << 20, &b, &err), &err);
    return b;
}

static void assert_same_file(const char *a, const char *b) {
    lem_buf x = read_text(a), y = read_text(b);
    assert_int_equal(x.len, y.len);
    assert_memory_equal(x.data, y.data, x.len);
    lem_buf_release(&x);
    lem_buf_release(&y);
}

static bool exists(const char *name) { return access(path_of(name), F_OK) == 0; }

/* ---- a model folder and a file of problems */

enum { ROWS = 20 };

static int set_up(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    snprintf(dir, sizeof dir, "/tmp/lemma-test-sample-XXXXXX");
    assert_non_null(mkdtemp(dir));
    snprintf(model_dir, sizeof model_dir, "%s/model", dir);
    snprintf(prompts_file, sizeof prompts_file, "%s/prompts.jsonl", dir);
    static const char text[] =
        "The answer is 12. There are three apples and four pears, so 3 + 4 = 7. system user assistant";
    lem_bpe_train_opts o = {.vocab = 300};
    lem_bpe_trainer *b = lem_bpe_trainer_new(&o, &err);
    lem_tokenizer *t = NULL;
    assert_non_null(b);
    need(lem_bpe_trainer_add(b, text, sizeof text - 1, &err), &err);
    need(lem_bpe_trainer_finish(b, &t, &err), &err);
    lem_model_config c = {.arch = LEM_ARCH_LLAMA,
                          .head = LEM_HEAD_LM,
                          .layers = 2,
                          .width = 64,
                          .ffn = 128,
                          .heads = 4,
                          .kv_heads = 2,
                          .head_dim = 16,
                          .vocab = lem_tokenizer_vocab(t),
                          .max_positions = 256,
                          .rope_theta = 10000,
                          .norm_eps = 1e-6f,
                          .tied = true,
                          .init_range = 0.3f,
                          .bos_id = -1,
                          .eos_id = lem_tokenizer_eos(t),
                          .pad_id = -1};
    lem_model *m = NULL;
    need(lem_model_new(&c, &m, &err), &err);
    lem_model_init_random(m, 3);
    need(lem_model_save(m, model_dir, LEM_DTYPE_F32, &err), &err);
    need(lem_tokenizer_save(t, model_dir, &err), &err);
    lem_model_free(m);
    lem_tokenizer_free(t);
    lem_bpe_trainer_free(b);
    lem_buf rows = {0};
    for (int i = 0; i < ROWS; i++)
        lem_buf_printf(&rows,
                       "{\"id\":\"p%d\",\"question\":\"There are %d apples and %d pears. How "
                       "many?\",\"answer\":\"so\\n#### %d\",\"level\":%d}\n",
                       i, i, i * i, i + i * i, i % 3);
    write_text(prompts_file, lem_buf_str(&rows));
    lem_buf_release(&rows);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    need(lem_dir_remove(dir, &err), &err);
    return 0;
}

/* ---- running the binary */

typedef struct shell {
    char *argv[64];
    int n;
    size_t fsize; /* limit on file sizes, 0 = none */
} shell;

static void add_args(shell *s, va_list ap) {
    for (const char *a; (a = va_arg(ap, const char *)) && s->n < 63;) s->argv[s->n++] = (char *)a;
    s->argv[s->n] = NULL;
}

static pid_t start(const shell *s) {
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid) return pid;
    int out = open(path_of("stdout"), O_CREAT | O_TRUNC | O_WRONLY, 0600),
        err = open(path_of("stderr"), O_CREAT | O_TRUNC | O_WRONLY, 0600);
    dup2(out, 1);
    dup2(err, 2);
    if (s->fsize) {
        struct rlimit r = {s->fsize, s->fsize};
        setrlimit(RLIMIT_FSIZE, &r);
    }
    setenv("LEMMA_CPU", "generic", 1);
    execv(LEMMA_BINARY, s->argv);
    _exit(127);
}

static int finish(pid_t pid) {
    int status;
    while (waitpid(pid, &status, 0) < 0) assert_int_equal(errno, EINTR);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* `lemma sample` on the prepared model; further arguments end with NULL. A later option wins over an earlier
 * one only for lists, so none repeats. */
static shell sample_args(const char *out) {
    return (shell){.argv = {(char *)LEMMA_BINARY, (char *)"sample", (char *)"--model", model_dir,
                            (char *)"--out", (char *)out, (char *)"--max-tokens", (char *)"60",
                            (char *)"--quiet"},
                   .n = 9};
}

static int run(shell s, ...) {
    va_list ap;
    va_start(ap, s);
    add_args(&s, ap);
    va_end(ap);
    return finish(start(&s));
}

/* The standard job with few slots, so that there is time to hit it. */
static shell slow_args(const char *out, const char *temperature) {
    shell s = sample_args(out);
    const char *const more[] = {"--prompts",     prompts_file, "--n",     "16",
                                "--temperature", temperature,  "--slots", "4"};
    for (size_t i = 0; i < 8; i++) s.argv[s.n++] = (char *)more[i];
    s.argv[s.n] = NULL;
    return s;
}

static void expect_message(const char *part) {
    lem_buf b = read_text(path_of("stderr"));
    if (!strstr(lem_buf_str(&b), part)) fail_msg("expected '%s' in: %s", part, lem_buf_str(&b));
    lem_buf_release(&b);
}

#define STANDARD "--prompts", prompts_file, "--n", "16", "--temperature", "1"

/* The uninterrupted result that all others are compared with. */
static const char *reference(void) {
    const char *out = path_of("reference.jsonl");
    if (!exists("reference.jsonl")) assert_int_equal(run(sample_args(out), STANDARD, NULL), 0);
    return out;
}

/* ---- tests */

static void test_rows(void **state) {
    (void)state;
    const char *out = reference();
    lem_err err = LEM_ERR_INIT;
    lem_lines *in = NULL;
    lem_json *row = NULL;
    need(lem_lines_open(out, 0, &in, &err), &err);
    for (int i = 0; i < ROWS; i++) {
        char want[32];
        need(jsonl_next(in, &row, &err), &err);
        assert_non_null(row);
        snprintf(want, sizeof want, "p%d", i);
        assert_string_equal(lem_json_str(lem_json_get(row, "id"), ""), want);
        snprintf(want, sizeof want, "%d", i + i * i);
        assert_string_equal(lem_json_str(lem_json_get(row, "expected_answer"), ""), want);
        assert_string_equal(lem_json_str(lem_json_get(row, "problem"), "-"),
                            lem_json_str(lem_json_get(row, "question"), "+"));
        assert_int_equal(lem_json_int(lem_json_get(row, "level"), -1),
                         i % 3); /* the input's fields are kept */
        assert_non_null(lem_json_get(row, "answer"));
        static const char *const lists[] = {"completions", "finish_reason", "tokens", "logprob"};
        for (int k = 0; k < 4; k++) assert_int_equal(lem_json_count(lem_json_get(row, lists[k])), 16);
        for (size_t k = 0; k < 16; k++) {
            int64_t tokens = lem_json_int(lem_json_at(lem_json_get(row, "tokens"), k), -1);
            const char *why = lem_json_str(lem_json_at(lem_json_get(row, "finish_reason"), k), "");
            assert_in_range(tokens, 1, 60);
            assert_true(strcmp(why, "stop") == 0 || (strcmp(why, "length") == 0 && tokens == 60));
            assert_true(lem_json_num(lem_json_at(lem_json_get(row, "logprob"), k), 1) < 0);
        }
        lem_json_free(row);
    }
    need(jsonl_next(in, &row, &err), &err);
    assert_null(row);
    lem_lines_close(in);
    assert_true(exists("reference.jsonl.manifest.json"));
    assert_false(exists("reference.jsonl.job/journal"));
    assert_false(exists("reference.jsonl.job/manifest.json"));
}

static void test_threads_and_slots(void **state) {
    (void)state;
    const char *out = path_of("slots.jsonl");
    static const char *const slots[] = {"1", "7", "256"}, *const threads[] = {"1", "2", "3"};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(
            run(sample_args(out), STANDARD, "--slots", slots[i], "--threads", threads[i], "--fresh", NULL),
            0);
        assert_same_file(out, reference());
        assert_same_file(path_of("slots.jsonl.manifest.json"), path_of("reference.jsonl.manifest.json"));
    }
}

static void test_complete_and_refused(void **state) {
    (void)state;
    const char *out = reference();
    struct stat before, after;
    assert_int_equal(stat(out, &before), 0);
    assert_int_equal(run(sample_args(out), STANDARD, "--json", NULL), 0);
    lem_buf b = read_text(path_of("stdout"));
    lem_json *v = NULL;
    lem_err err = LEM_ERR_INIT;
    need(lem_json_parse(lem_buf_str(&b), b.len, &v, &err), &err);
    assert_true(lem_json_bool(lem_json_get(v, "already_complete"), false));
    lem_json_free(v);
    lem_buf_release(&b);
    assert_int_equal(run(sample_args(out), STANDARD, "--seed", "2", NULL), 2);
    expect_message("--overwrite");
    assert_int_equal(stat(out, &after), 0);
    assert_int_equal(before.st_ino, after.st_ino); /* untouched by both */
    const char *other = path_of("other.jsonl");
    assert_int_equal(run(sample_args(other), "--prompts", prompts_file, "--n", "2", NULL), 0);
    assert_int_equal(run(sample_args(other), STANDARD, NULL), 2);
    assert_int_equal(run(sample_args(other), STANDARD, "--overwrite", NULL), 0);
    assert_same_file(other, out);
}

/* Waits until the journal holds that many bytes or the child ends. */
static bool wait_for_journal(pid_t pid, const char *journal, off_t bytes) {
    for (;;) {
        struct stat st;
        siginfo_t info;
        memset(&info, 0, sizeof info);
        if (stat(journal, &st) == 0 && st.st_size >= bytes) return true;
        if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid)
            return false;
        nanosleep(&(struct timespec){0, 200000}, NULL);
    }
}

static void interrupted_at(int sig, off_t first, off_t step, int rounds, int *hits) {
    const char *out = path_of("killed.jsonl"), *journal = path_of("killed.jsonl.job/journal");
    shell s = slow_args(out, "1");
    for (int k = 0; k < rounds; k++) {
        pid_t pid = start(&s);
        bool there = wait_for_journal(pid, journal, first + k * step);
        if (there) kill(pid, sig);
        int rc = finish(pid);
        if (sig == SIGKILL) assert_true(rc == -SIGKILL || rc == 0);
        else assert_true(rc == 130 || rc == 0);
        *hits += rc != 0;
        if (rc == 0) break;
        assert_false(exists("killed.jsonl"));
    }
    assert_int_equal(finish(start(&s)), 0);
    assert_same_file(out, path_of("reference.jsonl"));
    assert_same_file(path_of("killed.jsonl.manifest.json"), path_of("reference.jsonl.manifest.json"));
    assert_false(exists("killed.jsonl.job/journal"));
    assert_int_equal(unlink(out), 0);
}

static void test_kill(void **state) {
    (void)state;
    reference();
    int hits = 0;
    interrupted_at(SIGKILL, 1, 0, 1, &hits);      /* as the journal appears */
    interrupted_at(SIGKILL, 500, 9000, 6, &hits); /* and further and further */
    interrupted_at(SIGINT, 3000, 12000, 3, &hits);
    assert_true(hits >= 5);
}

/* A torn last record, as a power loss may leave it. */
static void test_torn_journal(void **state) {
    (void)state;
    reference();
    const char *out = path_of("torn.jsonl"), *journal = path_of("torn.jsonl.job/journal");
    shell s = slow_args(out, "1");
    pid_t pid = start(&s);
    bool there = wait_for_journal(pid, journal, 4000);
    kill(pid, SIGKILL);
    finish(pid);
    if (!there) skip();
    lem_buf b = read_text(journal);
    assert_int_equal(truncate(journal, (off_t)b.len - 17), 0);
    lem_buf_release(&b);
    assert_int_equal(finish(start(&s)), 0);
    assert_same_file(out, path_of("reference.jsonl"));
}

static void test_partial_of_another_job(void **state) {
    (void)state;
    const char *out = path_of("mixed.jsonl"), *journal = path_of("mixed.jsonl.job/journal");
    shell s = slow_args(out, "0.5");
    pid_t pid = start(&s);
    bool there = wait_for_journal(pid, journal, 2000);
    kill(pid, SIGKILL);
    finish(pid);
    if (!there) skip();
    assert_int_equal(run(sample_args(out), STANDARD, NULL), 2);
    expect_message("--fresh");
    assert_int_equal(run(sample_args(out), STANDARD, "--fresh", NULL), 0);
    assert_same_file(out, reference());
}

static void test_disk_full(void **state) {
    (void)state;
    reference();
    const char *out = path_of("full.jsonl");
    shell s = sample_args(out);
    s.fsize = 8192;
    assert_int_equal(run(s, STANDARD, NULL), 8);
    assert_false(exists("full.jsonl"));
    assert_int_equal(run(sample_args(out), STANDARD, NULL), 0); /* once there is room again */
    assert_same_file(out, path_of("reference.jsonl"));
}

static void test_too_long(void **state) {
    (void)state;
    lem_buf b = {0};
    lem_buf_puts(&b, "{\"problem\":\"short\",\"answer\":1}\n{\"answer\":2,\"problem\":\"");
    for (int i = 0; i < 400; i++) lem_buf_puts(&b, "xyz ");
    lem_buf_puts(&b, "\"}\n");
    write_text(path_of("long.jsonl"), lem_buf_str(&b));
    const char *out = path_of("long-out.jsonl");
    assert_int_equal(run(sample_args(out), "--prompts", path_of("long.jsonl"), "--n", "3", NULL), 0);
    expect_message("long.jsonl:2: the prompt has ");
    lem_err err = LEM_ERR_INIT;
    lem_lines *in = NULL;
    lem_json *row = NULL;
    need(lem_lines_open(out, 0, &in, &err), &err);
    for (int i = 0; i < 2; i++) {
        lem_json_free(row);
        need(jsonl_next(in, &row, &err), &err);
    }
    assert_int_equal(lem_json_count(lem_json_get(row, "completions")), 3);
    assert_string_equal(lem_json_str(lem_json_find(row, "finish_reason.0"), ""), "prompt_too_long");
    assert_string_equal(lem_json_str(lem_json_find(row, "completions.2"), "-"), "");
    lem_json_free(row);
    lem_lines_close(in);
    write_text(path_of("long.jsonl"), strchr(lem_buf_str(&b), '\n') + 1); /* only the long one */
    lem_buf_release(&b);
    assert_int_equal(run(sample_args(path_of("none.jsonl")), "--prompts", path_of("long.jsonl"), NULL), 3);
    expect_message("no prompt fits");
    assert_false(exists("none.jsonl"));
}

static void test_bad_input(void **state) {
    (void)state;
    const char *out = path_of("bad.jsonl"), *bad = path_of("bad-rows.jsonl");
    assert_int_equal(run(sample_args(out), "--prompts", "/nonexistent/rows.jsonl", NULL), 3);
    expect_message("/nonexistent/rows.jsonl");
    write_text(bad, "{\"problem\":\"a\",\"gt\":1}\n{\"text\":\"b\",\"gt\":1}\n");
    assert_int_equal(run(sample_args(out), "--prompts", bad, NULL), 3);
    expect_message("bad-rows.jsonl:2: no field 'problem'");
    assert_int_equal(run(sample_args(out), "--prompts", bad, "--map", "problm=text", NULL), 2);
    write_text(bad, "{\"problem\":7}\n");
    assert_int_equal(run(sample_args(out), "--prompts", bad, NULL), 3);
    expect_message("must be a string");
    write_text(bad, "{\"problem\":\"a\",\"gt\":1}\n{\"problem\":\n");
    assert_int_equal(run(sample_args(out), "--prompts", bad, NULL), 3);
    expect_message("bad-rows.jsonl:2");
    write_text(bad, "\n");
    assert_int_equal(run(sample_args(out), "--prompts", bad, NULL), 3);
    expect_message("no rows");
    assert_int_equal(run(sample_args(out), "--prompts", prompts_file, "--temperature", "-1", NULL), 2);
    assert_int_equal(run(sample_args(out), "--prompts", prompts_file, "--dtype", "int3", NULL), 2);
    assert_int_equal(run(sample_args(out), "--prompts", prompts_file, "--template", "x", NULL), 2);
    assert_int_equal(run(sample_args(out), "--prompts", prompts_file, "--max-token", "5", NULL), 2);
    expect_message("max-tokens");
    assert_false(exists("bad.jsonl"));
    /* a folder that is not there yet is made, as it is for a model */
    assert_int_equal(run(sample_args(path_of("no/such/folder.jsonl")), "--prompts", prompts_file, NULL), 0);
    assert_true(exists("no/such/folder.jsonl"));
    /* a truncated model */
    char cut[128];
    snprintf(cut, sizeof cut, "%s/cut", dir);
    lem_err err = LEM_ERR_INIT;
    need(lem_dir_make(cut, &err), &err);
    static const char *const names[] = {"config.json", "model.safetensors", "tokenizer.json",
                                        "tokenizer_config.json"};
    for (int i = 0; i < 4; i++) {
        char from[256], to[256];
        snprintf(from, sizeof from, "%s/%s", model_dir, names[i]);
        snprintf(to, sizeof to, "%s/%s", cut, names[i]);
        lem_buf b = read_text(from);
        need(lem_file_write_atomic(to, b.data, i == 1 ? b.len / 2 : b.len, &err), &err);
        lem_buf_release(&b);
    }
    shell s = sample_args(out);
    s.argv[3] = cut;
    assert_int_equal(run(s, "--prompts", prompts_file, NULL), 3);
    expect_message("safetensors");
    assert_false(exists("bad.jsonl"));
}

static void test_dry_run_and_stdout(void **state) {
    (void)state;
    const char *out = path_of("dry.jsonl");
    shell s = sample_args(out);
    s.n--; /* not quiet: the plan is an info line */
    assert_int_equal(run(s, STANDARD, "--dry-run", NULL), 0);
    expect_message("plan: 20 problems");
    assert_false(exists("dry.jsonl"));
    assert_false(exists("dry.jsonl.job/journal"));
    reference();
    assert_int_equal(run(sample_args("-"), STANDARD, NULL), 0);
    assert_same_file(path_of("stdout"), path_of("reference.jsonl"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_threads_and_slots),
        cmocka_unit_test(test_complete_and_refused),
        cmocka_unit_test(test_kill),
        cmocka_unit_test(test_torn_journal),
        cmocka_unit_test(test_partial_of_another_job),
        cmocka_unit_test(test_disk_full),
        cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_bad_input),
        cmocka_unit_test(test_dry_run_and_stdout),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
