/* test_memory - every allocation of a job's life fails once: LEM_EMEM or a refusal, and nothing is left */
#include "job/job.h"
#include "job/texts.h"
#include "support.h"

typedef struct outcome {
    lem_status st;
    bool opened, done;
} outcome;

/* Opens, starts, writes and finishes; the hook is off before files are looked at. */
static outcome live(const lem_command *cmd, const char *line, uint64_t k, bool sticky) {
    lem_cli cli = {.cache_dir = "cache"};
    lem_args args;
    lem_job *job = NULL;
    outcome o = {LEM_OK, false, false};
    OK(parse_line(cmd, line, &cli, &args));
    err = (lem_err)LEM_ERR_INIT;
    lem_mem_fail_after(k, sticky);
    o.st = lem_job_open(&cli, cmd, &args, NULL, &job, &err);
    o.opened = o.st == LEM_OK;
    if (o.opened) o.done = lem_job_done(job);
    if (o.opened && !o.done) {
        o.st = lem_job_start(job, "avx2", &err);
        if (o.st == LEM_OK) {
            if (cmd->output == LEM_OUTPUT_DIR) (void)mkdir("o", 0700);
            put(cmd->output == LEM_OUTPUT_DIR ? "o/a" : "o", "result");
            o.st = lem_job_finish(job, &err);
        }
    }
    lem_job_close(job);
    lem_mem_fail_after(0, false);
    lem_args_release(&args);
    return o;
}

static void check(const outcome *o, uint64_t k) {
    if (o->st != LEM_OK && o->st != LEM_EMEM && o->st != LEM_EUSAGE && o->st != LEM_EIO)
        fail_msg("allocation %d: status %d: %s", (int)k, (int)o->st, err.text);
    if (o->st != LEM_OK && !err.text[0]) fail_msg("allocation %d: no words", (int)k);
}

/* A new job: each failure leaves the inputs, and the output if it was written, with which the same command
 * then ends. */
static void new_job(const lem_command *cmd, const char *line, bool sticky) {
    outcome o = {LEM_EMEM, false, false};
    uint64_t k = 1;
    put("in", "rows");
    for (; o.st != LEM_OK && k < 2000; k++) {
        o = live(cmd, line, k, sticky);
        check(&o, k);
        bool written = there(cmd->output == LEM_OUTPUT_DIR ? "o/a" : "o");
        if (o.st != LEM_OK && !sticky && ((!written && there("o.job")) || there("o.lock") || there("deep")))
            fail_msg("allocation %d leaves %s (%s)", (int)k, listing(), err.text);
        if (o.st != LEM_OK && written && live(cmd, line, 0, false).st != LEM_OK)
            fail_msg("allocation %d: run again: %s", (int)k, err.text);
        if (o.st != LEM_OK) {
            OK(lem_dir_remove("o", &err));
            OK(lem_dir_remove("o.job", &err));
            OK(lem_file_remove("o.manifest.json", &err));
        }
    }
    assert_int_equal(o.st, LEM_OK);
    assert_in_range(k, 20, 1999); /* the hook did reach them */
}

static void new_file(void **state) {
    (void)state;
    new_job(&toy, "--out o --data in --val in --tags a,b", false);
}
static void new_file_sticky(void **state) {
    (void)state;
    new_job(&toy, "--out o --data in --val in", true);
}
static void new_folder(void **state) {
    (void)state;
    new_job(&toy_dir, "--out o --data in", false);
}
static void new_folder_sticky(void **state) {
    (void)state;
    new_job(&toy_dir, "--out o --data in", true);
}

/* A result that is there: found complete, or an error; never taken for new and never harmed. */
static void complete(const lem_command *cmd, bool sticky) {
    outcome o = live(cmd, "--out o", 0, false);
    assert_int_equal(o.st, LEM_OK);
    char before[4096];
    snprintf(before, sizeof before, "%s", listing());
    o.done = false;
    for (uint64_t k = 1; !o.done && k < 2000; k++) {
        o = live(cmd, "--out o", k, sticky);
        check(&o, k);
        if (o.opened && !o.done) fail_msg("allocation %d: a complete job is taken for a new one", (int)k);
        assert_string_equal(listing(), before);
    }
    assert_true(o.done);
}

static void complete_file(void **state) {
    (void)state;
    complete(&toy, false);
}
static void complete_file_sticky(void **state) {
    (void)state;
    complete(&toy, true);
}
static void complete_folder(void **state) {
    (void)state;
    complete(&toy_dir, false);
}

/* Another job's result is refused whatever fails. */
static void refused(void **state) {
    (void)state;
    outcome o = live(&toy, "--out o", 0, false);
    assert_int_equal(o.st, LEM_OK);
    for (uint64_t k = 1; k < 400; k++) {
        o = live(&toy, "--out o --lr 0.1 --note x --batch 3 --n 5", k, k % 2);
        check(&o, k);
        assert_false(o.opened);
        assert_string_equal(get("o"), "result");
    }
    assert_int_equal(o.st, LEM_EUSAGE);
    HAS(err.text, "--lr was 0.005, is now 0.1");
}

static void arguments(void **state) {
    (void)state;
    lem_status st = LEM_EMEM;
    put("c.yaml", "lr: 0.1\ntags: [a, b]\nstages: [{name: x, lr: 0.2}]\n");
    for (uint64_t k = 1; st != LEM_OK && k < 400; k++) {
        lem_cli cli = {0};
        lem_args a;
        lem_mem_fail_after(k, false);
        st = parse_line(&toy, "--config c.yaml --tags c,d stages.x.lr=0.3", &cli, &a);
        lem_mem_fail_after(0, false);
        if (st == LEM_OK) lem_args_release(&a);
        else if (st != LEM_EMEM) fail_msg("allocation %d: %s", (int)k, err.text);
    }
    assert_int_equal(st, LEM_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        folder_test(new_file),          folder_test(new_file_sticky), folder_test(new_folder),
        folder_test(new_folder_sticky), folder_test(complete_file),   folder_test(complete_file_sticky),
        folder_test(complete_folder),   folder_test(refused),         folder_test(arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
