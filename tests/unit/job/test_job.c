/* test_job - the life of a job: new, resumed, complete, refused, and what it leaves behind */
#include "job/job.h"

#include "core/hash.h"
#include "support.h"

#include <signal.h>
#include <sys/wait.h>

typedef struct run {
    lem_cli cli;
    lem_args args;
    lem_job *job;
} run;

static lem_status open_spec(run *r, const lem_command *cmd, const char *line, const lem_job_spec *spec) {
    OK(parse_line(cmd, line, &r->cli, &r->args));
    r->job = NULL;
    lem_status st = lem_job_open(&r->cli, cmd, &r->args, spec, &r->job, &err);
    if (st) {
        assert_null(r->job); /* written only on success */
        lem_args_release(&r->args);
    }
    return st;
}

static lem_status open_job(run *r, const lem_command *cmd, const char *line) {
    return open_spec(r, cmd, line, NULL);
}

static void close_job(run *r) {
    lem_job_close(r->job);
    lem_args_release(&r->args);
}

/* The whole life of a job, which must have had work to do. */
static void whole_job(const lem_command *cmd, const char *line, const char *file, const char *text) {
    run r = {0};
    OK(open_job(&r, cmd, line));
    assert_false(lem_job_done(r.job));
    OK(lem_job_start(r.job, "avx2", &err));
    if (cmd->output == LEM_OUTPUT_DIR) OK(lem_dir_make(lem_job_out(r.job), &err));
    put(file, text);
    OK(lem_job_finish(r.job, &err));
    close_job(&r);
}

static void expect_done(const lem_command *cmd, const char *line) {
    run r = {0};
    OK(open_job(&r, cmd, line));
    assert_true(lem_job_done(r.job));
    close_job(&r);
}

static void expect_new(const lem_command *cmd, const char *line) {
    run r = {0};
    OK(open_job(&r, cmd, line));
    assert_false(lem_job_done(r.job));
    assert_false(lem_job_resumes(r.job));
    close_job(&r);
}

static void append(lem_job *job, const char *id) {
    lem_journal *j = NULL;
    lem_json *o = lem_json_new_object();
    OK(lem_job_journal(job, NULL, NULL, &j, &err));
    assert_non_null(j);
    OK(lem_journal_append(j, id, o, &err));
    OK(lem_journal_sync(j, &err));
    lem_json_free(o);
}

/* A run that is killed after it started, with or without saved work. */
static void killed_job(const lem_command *cmd, const char *line, const char *saved) {
    int status;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        run r = {0};
        OK(open_job(&r, cmd, line));
        OK(lem_job_start(r.job, "avx512", &err));
        if (saved) append(r.job, saved);
        raise(SIGKILL);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* ---- from new to done ---- */

/* What a command chose by itself stands in the final manifest, and the same job is complete all the same. */
static void choices_are_told(void **state) {
    (void)state;
    static const char line[] = "--out chosen.txt";
    run r = {0};
    OK(open_job(&r, &toy, line));
    OK(lem_job_choose(r.job, "aggregate", "min", &err));
    OK(lem_job_choose(r.job, "signs", NULL, &err));
    OK(lem_job_start(r.job, "avx2", &err));
    put("chosen.txt", "text");
    OK(lem_job_finish(r.job, &err));
    close_job(&r);
    HAS(get("chosen.txt.manifest.json"), "\"chosen\"");
    HAS(get("chosen.txt.manifest.json"), "\"aggregate\": \"min\"");
    HAS(get("chosen.txt.manifest.json"), "\"signs\": null");
    expect_done(&toy, line);
}

/* A licence that the command knows, where no card states one; the job is the same without it. */
static void licences_are_told(void **state) {
    (void)state;
    run r = {0};
    lem_job_input in[] = {{"--against", "lic/a.txt"}, {"--against", "b.txt"}};
    const lem_job_spec spec = {.inputs = in, .n_inputs = 2};
    OK(lem_dir_make("lic", &err));
    put("lic/a.txt", "a");
    put("b.txt", "b");
    put("lic/README.md", "---\nlicense: mit\n---\n");
    OK(open_spec(&r, &toy, "--out lic.txt", &spec));
    OK(lem_job_licence(r.job, "lic/a.txt", "gpl-3.0", "the benchmark", &err));
    OK(lem_job_licence(r.job, "b.txt", "CC BY-NC 4.0", "the benchmark", &err));
    OK(lem_job_licence(r.job, "c.txt", "none", "the benchmark", &err));
    OK(lem_job_start(r.job, "avx2", &err));
    put("lic.txt", "text");
    OK(lem_job_finish(r.job, &err));
    close_job(&r);
    HAS(get("lic.txt.manifest.json"), "\"licence\": \"mit\"");
    HAS(get("lic.txt.manifest.json"), "\"licence\": \"CC BY-NC 4.0\"");
    HAS(get("lic.txt.manifest.json"), "\"licence_from\": \"the benchmark\"");
    HAS(get("lic.txt.manifest.json"), "\"non_commercial\": true");
    assert_null(strstr(get("lic.txt.manifest.json"), "gpl"));
    OK(lem_file_remove("lic/README.md", &err));
    OK(open_spec(&r, &toy, "--out lic.txt", &spec));
    assert_true(lem_job_done(r.job));
    close_job(&r);
    /* Of inputs of one name each is compared with its own. */
    put("b.txt", "B");
    FAILS(open_spec(&r, &toy, "--out lic.txt", &spec), LEM_EUSAGE, ": --against b.txt: its content changed");
    OK(lem_dir_remove("lic", &err));
    OK(lem_file_remove("b.txt", &err));
}

static void new_start_finish_done(void **state) {
    (void)state;
    run r = {0};
    OK(open_job(&r, &toy, "--out o.txt"));
    assert_false(lem_job_done(r.job));
    assert_false(lem_job_resumes(r.job));
    assert_null(lem_job_compute_path(r.job));
    assert_string_equal(lem_job_out(r.job), "o.txt");
    assert_int_equal(strlen(lem_job_identity(r.job)), 64);
    assert_string_equal(r.cli.job_identity, lem_job_identity(r.job));
    assert_false(r.cli.job_ran);
    assert_string_equal(listing(), "o.txt.lock"); /* nothing before start but the lock */
    OK(lem_job_start(r.job, "avx2", &err));
    assert_true(r.cli.job_ran);
    assert_string_equal(listing(), "o.txt.job/ o.txt.job/manifest.json o.txt.lock");
    HAS(get("o.txt.job/manifest.json"), "\"compute_path\": \"avx2\"");
    HAS(get("o.txt.job/manifest.json"), lem_job_identity(r.job));
    put("o.txt", "result");
    OK(lem_job_finish(r.job, &err));
    assert_string_equal(listing(), "o.txt o.txt.lock o.txt.manifest.json");
    close_job(&r);
    assert_string_equal(listing(), "o.txt o.txt.manifest.json");
    expect_done(&toy, "--out o.txt");
    assert_string_equal(listing(), "o.txt o.txt.manifest.json");
}

static void folder_is_done(void **state) {
    (void)state;
    whole_job(&toy_dir, "--out o", "o/a.txt", "a");
    assert_string_equal(listing(), "o/ o/a.txt o/manifest.json");
    expect_done(&toy_dir, "--out o");
    expect_done(&toy_dir, "--out o/"); /* the same place */
    assert_string_equal(listing(), "o/ o/a.txt o/manifest.json");
}

static void empty_folder_is_new(void **state) {
    (void)state;
    OK(lem_dir_make("o", &err));
    expect_new(&toy_dir, "--out o");
    assert_string_equal(listing(), "o/");
}

static void manifest_has_digest_of_output(void **state) {
    (void)state;
    char hex[65];
    lem_sha256_hex("result", 6, hex);
    whole_job(&toy, "--out o.txt --threads 2", "o.txt", "result");
    HAS(get("o.txt.manifest.json"), hex);
    HAS_NOT(get("o.txt.manifest.json"), "threads");
    HAS(get("o.txt.manifest.json"), "\"command\": \"toy\"");
}

static void says_that_it_is_complete(void **state) {
    (void)state;
    run r = {0};
    FILE *f = fopen("log", "w+");
    whole_job(&toy, "--out o.txt", "o.txt", "result");
    r.cli.log = lem_log_new(fileno(f), false, 2, &err);
    OK(open_job(&r, &toy, "--out o.txt"));
    assert_true(lem_job_done(r.job));
    assert_false(r.cli.job_ran);
    close_job(&r);
    lem_log_free(r.cli.log);
    fclose(f);
    HAS(get("log"), "o.txt");
    HAS(get("log"), "complete");
}

static void what_changes_nothing_is_the_same_job(void **state) {
    (void)state;
    whole_job(&toy, "--out o.txt", "o.txt", "result");
    expect_done(&toy, "--out o.txt --threads 3 --color always --wait 2 --quiet --json --overwrite");
}

static void missing_output_is_new(void **state) {
    (void)state;
    whole_job(&toy, "--out o.txt", "o.txt", "result");
    OK(lem_file_remove("o.txt", &err));
    expect_new(&toy, "--out o.txt --lr 0.1"); /* nothing stands there that could be lost */
    expect_new(&toy, "--out o.txt");
}

static void finish_needs_the_output(void **state) {
    (void)state;
    run r = {0};
    OK(open_job(&r, &toy, "--out o.txt"));
    OK(lem_job_start(r.job, NULL, &err));
    assert_int_not_equal(lem_job_finish(r.job, &err), LEM_OK);
    close_job(&r);
    assert_string_equal(listing(), "");
}

/* A result that has its name belongs to the run that failed behind that: the same command goes on. */
static void failed_behind_the_output(void **state) {
    (void)state;
    for (int dir = 0; dir < 2; dir++) {
        const lem_command *cmd = dir ? &toy_dir : &toy;
        const char *line = dir ? "--out d" : "--out o.txt";
        const char *file = dir ? "d/o.txt" : "o.txt";
        run r = {0};
        OK(lem_dir_make("d", &err)); /* as a user makes it */
        for (int again = 0; again < 2; again++) {
            OK(open_job(&r, cmd, line));
            assert_int_equal(lem_job_resumes(r.job), again);
            OK(lem_job_start(r.job, "avx2", &err));
            put(file, again ? "whole" : "half");
            close_job(&r);
        }
        OK(open_job(&r, cmd, line));
        OK(lem_job_start(r.job, "avx2", &err));
        OK(lem_job_finish(r.job, &err));
        close_job(&r);
        expect_done(cmd, line);
    }
}

/* Nothing is kept of a run in which memory ended and nobody told. */
static void lost_memory(void **state) {
    (void)state;
    run r = {0};
    lem_journal *journal = NULL;
    lem_json *o = lem_json_new_object();
    OK(open_job(&r, &toy, "--out o.txt"));
    OK(lem_job_start(r.job, "avx2", &err));
    OK(lem_job_journal(r.job, NULL, NULL, &journal, &err));
    OK(lem_journal_append(journal, "row-1", o, &err));
    lem_mem_fail_after(1, false);
    assert_null(lem_alloc(7, 3, NULL));
    FAILS(lem_journal_append(journal, "row-2", o, &err), LEM_EMEM, "21 bytes: a record of the journal");
    put("o.txt", "result");
    FAILS(lem_job_finish(r.job, &err), LEM_EMEM, "21 bytes: the result");
    close_job(&r);
    lem_json_free(o);
    OK(open_job(&r, &toy, "--out o.txt"));
    assert_true(lem_job_resumes(r.job));
    OK(lem_job_start(r.job, "avx2", &err));
    OK(lem_job_finish(r.job, &err));
    close_job(&r);
}

/* ---- killed runs ---- */

typedef struct seen {
    int n;
    char last[16];
} seen;

static lem_status visit(void *ctx, const char *id, const lem_json *record, lem_err *e) {
    seen *s = ctx;
    (void)record;
    (void)e;
    s->n++;
    snprintf(s->last, sizeof s->last, "%s", id);
    return LEM_OK;
}

/* What was appended is there when the run goes on, and the words say how much; an inert job saves nothing. */
static void interrupted(void **state) {
    (void)state;
    run r = {0};
    seen s = {0};
    lem_journal *journal = NULL;
    lem_json *o = lem_json_new_object();
    OK(open_job(&r, &toy, "--out i.txt"));
    OK(lem_job_start(r.job, "avx512", &err));
    OK(lem_job_journal(r.job, NULL, NULL, &journal, &err));
    OK(lem_journal_append(journal, "row-7", o, &err));
    assert_int_equal(lem_job_interrupted(r.job, 1, 9, "rows", &err), LEM_EINTR);
    HAS(err.text, "interrupted; 1 of 9 rows are saved, the same command goes on from there");
    err = (lem_err)LEM_ERR_INIT;
    close_job(&r);
    OK(open_job(&r, &toy, "--out i.txt"));
    assert_true(lem_job_resumes(r.job));
    OK(lem_job_start(r.job, "avx512", &err));
    OK(lem_job_journal(r.job, visit, &s, &journal, &err));
    assert_string_equal(s.last, "row-7");
    assert_int_equal(lem_job_interrupted(r.job, 1, 0, "rows", &err), LEM_EINTR);
    HAS(err.text, "interrupted; 1 rows are saved");
    err = (lem_err)LEM_ERR_INIT;
    close_job(&r);
    OK(open_job(&r, &toy, "--out -"));
    assert_int_equal(lem_job_interrupted(r.job, 1, 9, "rows", &err), LEM_EINTR);
    assert_string_equal(err.text, "interrupted");
    err = (lem_err)LEM_ERR_INIT;
    close_job(&r);
    OK(open_job(&r, &toy, "--out i.txt --fresh"));
    OK(lem_job_start(r.job, "avx512", &err));
    close_job(&r);
    lem_json_free(o);
}

static void resumes_after_kill(void **state) {
    (void)state;
    run r = {0};
    char identity[65];
    seen s = {0};
    lem_journal *journal = NULL;
    OK(open_job(&r, &toy, "--out o.txt --dry-run"));
    memcpy(identity, lem_job_identity(r.job), 65);
    close_job(&r);
    killed_job(&toy, "--out o.txt", "row-1");
    assert_true(there("o.txt.job/journal"));
    OK(open_job(&r, &toy, "--threads 2 --out o.txt"));
    assert_false(lem_job_done(r.job));
    assert_true(lem_job_resumes(r.job));
    assert_true(lem_job_may_replace(r.job));
    assert_string_equal(lem_job_compute_path(r.job), "avx512");
    assert_string_equal(lem_job_identity(r.job), identity);
    OK(lem_job_start(r.job, "avx512", &err));
    OK(lem_job_journal(r.job, visit, &s, &journal, &err));
    assert_int_equal(s.n, 1);
    assert_string_equal(s.last, "row-1");
    put("o.txt", "result");
    OK(lem_job_finish(r.job, &err));
    close_job(&r);
    assert_string_equal(listing(), "o.txt o.txt.manifest.json");
    HAS(get("o.txt.manifest.json"), "\"avx512\"");
    expect_done(&toy, "--out o.txt");
}

/* A command that takes the path of the unfinished run passes what it was given. */
static void keeps_the_compute_path(void **state) {
    (void)state;
    run r = {0};
    killed_job(&toy, "--out o.txt", "row");
    OK(open_job(&r, &toy, "--out o.txt"));
    OK(lem_job_start(r.job, lem_job_compute_path(r.job), &err));
    HAS(get("o.txt.job/manifest.json"), "\"avx512\"");
    close_job(&r);
}

static void goes_on_beside_an_older_result(void **state) {
    (void)state;
    run r = {0};
    whole_job(&toy, "--out o.txt", "o.txt", "old");
    killed_job(&toy, "--out o.txt --lr 0.1 --overwrite", "row");
    OK(open_job(&r, &toy, "--out o.txt --lr 0.1"));
    assert_false(lem_job_done(r.job));
    assert_true(lem_job_resumes(r.job));
    close_job(&r);
    assert_string_equal(get("o.txt"), "old");
    assert_true(there("o.txt.job/journal"));
}

static void killed_before_the_work_folder_went(void **state) {
    (void)state;
    run r = {0};
    whole_job(&toy, "--out o.txt", "o.txt", "result");
    OK(lem_file_rename("o.txt", "kept", &err));
    OK(lem_file_rename("o.txt.manifest.json", "kept.manifest", &err));
    killed_job(&toy, "--out o.txt", "row");
    OK(lem_file_rename("kept", "o.txt", &err));
    OK(lem_file_rename("kept.manifest", "o.txt.manifest.json", &err));
    OK(open_job(&r, &toy, "--out o.txt --dry-run"));
    assert_true(lem_job_done(r.job));
    assert_true(there("o.txt.job/journal")); /* a dry run removes nothing */
    close_job(&r);
    expect_done(&toy, "--out o.txt");
    assert_string_equal(listing(), "o.txt o.txt.manifest.json");
}

/* The same, killed while the work folder was being removed: its manifest went first. */
static void killed_while_the_work_folder_went(void **state) {
    (void)state;
    whole_job(&toy, "--out o.txt", "o.txt", "result");
    OK(lem_dir_make("o.txt.job", &err));
    put("o.txt.job/journal", "left");
    expect_done(&toy, "--out o.txt");
    assert_string_equal(listing(), "o.txt o.txt.manifest.json");
}

static void killed_without_saved_work(void **state) {
    (void)state;
    killed_job(&toy, "--out o.txt", NULL);
    run r = {0};
    OK(open_job(&r, &toy, "--out o.txt --lr 0.1")); /* nothing would be lost */
    OK(lem_job_start(r.job, NULL, &err));
    HAS(get("o.txt.job/manifest.json"), "0.1");
    close_job(&r);
    assert_string_equal(listing(), "");
}

static void damaged_work_manifest(void **state) {
    (void)state;
    run r = {0};
    killed_job(&toy, "--out o.txt", "row");
    put("o.txt.job/manifest.json", "{\"identity\": 7");
    FAILS(open_job(&r, &toy, "--out o.txt"), LEM_EDATA, "o.txt.job/manifest.json");
    FAILS(open_job(&r, &toy, "--out o.txt"), LEM_EDATA, "--fresh");
    expect_new(&toy, "--out o.txt --fresh");
    assert_true(there("o.txt.job/journal")); /* before start nothing is discarded */
}

/* ---- refusals ---- */

static void other_option_is_refused(void **state) {
    (void)state;
    run r = {0};
    whole_job(&toy, "--out o.txt", "o.txt", "result");
    FAILS(open_job(&r, &toy, "--out o.txt --lr 0.1"), LEM_EUSAGE, "--lr was 0.005, is now 0.1");
    HAS(err.text, "o.txt");
    HAS(err.text, "--overwrite");
    FAILS(open_job(&r, &toy, "--out o.txt --batch 9"), LEM_EUSAGE, "--batch was 8, is now 9");
    FAILS(open_job(&r, &toy, "--out o.txt --seed 9"), LEM_EUSAGE, "--seed was 1, is now 9");
    FAILS(open_job(&r, &toy, "--out o.txt --limit 9"), LEM_EUSAGE, "--limit was not given, is now 9");
    FAILS(open_job(&r, &toy, "--out o.txt --lr 0.1 --dry-run"), LEM_EUSAGE, "--lr was 0.005, is now 0.1");
    assert_string_equal(listing(), "o.txt o.txt.manifest.json");
    assert_string_equal(get("o.txt"), "result");
}

static void other_input_is_refused(void **state) {
    (void)state;
    run r = {0};
    put("a", "1");
    whole_job(&toy, "--out o.txt --val a", "o.txt", "result");
    OK(lem_file_rename("a", "b", &err));
    expect_done(&toy, "--out o.txt --val b"); /* moved: the content counts */
    put("b", "2");
    FAILS(open_job(&r, &toy, "--out o.txt --val b"), LEM_EUSAGE, "--val");
    FAILS(open_job(&r, &toy, "--out o.txt"), LEM_EUSAGE, "--val was a, is now not given");
    FAILS(open_job(&r, &toy, "--out o.txt --val none"), LEM_EDATA, "none: no such file");
}

static void unfinished_run_of_another_job(void **state) {
    (void)state;
    run r = {0};
    killed_job(&toy, "--out o.txt", "row");
    FAILS(open_job(&r, &toy, "--out o.txt --lr 0.1"), LEM_EUSAGE, "--lr was 0.005, is now 0.1");
    HAS(err.text, "unfinished");
    HAS(err.text, "--fresh");
    assert_true(there("o.txt.job/journal"));
    assert_false(there("o.txt.lock"));
    OK(open_job(&r, &toy, "--out o.txt --lr 0.1 --overwrite"));
    assert_false(lem_job_resumes(r.job));
    assert_true(there("o.txt.job/journal"));
    OK(lem_job_start(r.job, NULL, &err));
    assert_false(there("o.txt.job/journal")); /* not mixed with the other's */
    close_job(&r);
}

static void overwrite_replaces(void **state) {
    (void)state;
    run r = {0};
    whole_job(&toy, "--out o.txt", "o.txt", "old");
    OK(open_job(&r, &toy, "--out o.txt --lr 0.1 --overwrite"));
    assert_false(lem_job_done(r.job));
    assert_true(lem_job_may_replace(r.job));
    close_job(&r);
    assert_string_equal(get("o.txt"), "old"); /* until start */
    whole_job(&toy, "--out o.txt --lr 0.1 --overwrite", "o.txt", "new");
    expect_done(&toy, "--out o.txt --lr 0.1");
    FAILS(open_job(&r, &toy, "--out o.txt"), LEM_EUSAGE, "--lr was 0.1, is now 0.005");
}

static void fresh_starts_anew(void **state) {
    (void)state;
    run r = {0};
    whole_job(&toy, "--out o.txt", "o.txt", "old");
    whole_job(&toy, "--out o.txt --fresh", "o.txt", "new"); /* the same job too */
    whole_job(&toy, "--out o.txt --fresh --lr 0.1", "o.txt", "newer");
    expect_done(&toy, "--out o.txt --lr 0.1");
    killed_job(&toy, "--out p.txt", "row");
    OK(open_job(&r, &toy, "--out p.txt --fresh"));
    assert_false(lem_job_resumes(r.job));
    assert_null(lem_job_compute_path(r.job));
    OK(lem_job_start(r.job, NULL, &err));
    assert_false(there("p.txt.job/journal"));
    close_job(&r);
}

static void edited_output_is_refused(void **state) {
    (void)state;
    run r = {0};
    char was[65], is[65];
    lem_sha256_hex("result", 6, was);
    lem_sha256_hex("edited", 6, is);
    was[12] = is[12] = '\0';
    whole_job(&toy, "--out o.txt", "o.txt", "result");
    put("o.txt", "edited");
    FAILS(open_job(&r, &toy, "--out o.txt"), LEM_EUSAGE, was);
    HAS(err.text, is);
    assert_string_equal(get("o.txt"), "edited");
    whole_job(&toy, "--out o.txt --overwrite", "o.txt", "result");
    whole_job(&toy_dir, "--out o", "o/a", "1");
    put("o/b", "2");
    FAILS(open_job(&r, &toy_dir, "--out o"), LEM_EUSAGE, "sha256 was");
}

static void foreign_files_are_refused(void **state) {
    (void)state;
    run r = {0};
    put("o.txt", "mine");
    FAILS(open_job(&r, &toy, "--out o.txt"), LEM_EUSAGE, "o.txt");
    HAS(err.text, "--overwrite");
    OK(lem_dir_make("o", &err));
    put("o/a", "mine");
    FAILS(open_job(&r, &toy_dir, "--out o"), LEM_EUSAGE, "no manifest");
    assert_string_equal(listing(), "o.txt o/ o/a");
    OK(open_job(&r, &toy_dir, "--out o --overwrite"));
    assert_true(lem_job_may_replace(r.job));
    close_job(&r);
    FAILS(open_job(&r, &toy, "--out o.txt --fresh"), LEM_EUSAGE, "pass --overwrite");
    whole_job(&toy, "--out o.txt --overwrite", "o.txt", "result");
}

static void another_commands_result(void **state) {
    (void)state;
    run r = {0};
    static lem_command other;
    other = toy;
    other.name = "other";
    whole_job(&toy, "--out o.txt", "o.txt", "result");
    FAILS(open_job(&r, &other, "--out o.txt"), LEM_EUSAGE, "'lemma toy'");
    HAS(err.text, "'lemma other'");
}

static void damaged_final_manifest(void **state) {
    (void)state;
    run r = {0};
    put("o.txt", "x");
    put("o.txt.manifest.json", "not JSON");
    FAILS(open_job(&r, &toy, "--out o.txt"), LEM_EDATA, "o.txt.manifest.json");
    put("o.txt.manifest.json", "{}");
    FAILS(open_job(&r, &toy, "--out o.txt"), LEM_EDATA, "o.txt.manifest.json");
    whole_job(&toy, "--out o.txt --fresh", "o.txt", "result");
    expect_done(&toy, "--out o.txt");
}

/* ---- nothing is left behind ---- */

static void refusal_leaves_nothing(void **state) {
    (void)state;
    run r = {0};
    expect_new(&toy, "--out a/o.txt");
    assert_string_equal(listing(), "");
    FAILS(open_job(&r, &toy, "--out a/o.txt --val none"), LEM_EDATA, "none");
    assert_string_equal(listing(), "");
    OK(open_job(&r, &toy, "--out a/o.txt"));
    OK(lem_job_start(r.job, NULL, &err));
    close_job(&r);
    assert_string_equal(listing(), "");
    OK(lem_dir_make("mine", &err));
    expect_new(&toy, "--out mine/o.txt");
    assert_string_equal(listing(), "mine/"); /* what was there stays */
}

static void refusal_leaves_no_parent_of_a_parent(void **state) {
    (void)state;
    expect_new(&toy, "--out a/b/c/o.txt");
    assert_string_equal(listing(), "");
}

static void saved_work_stays(void **state) {
    (void)state;
    run r = {0};
    OK(open_job(&r, &toy, "--out a/o.txt"));
    OK(lem_job_start(r.job, NULL, &err));
    append(r.job, "row");
    close_job(&r);
    assert_string_equal(listing(), "a/ a/o.txt.job/ a/o.txt.job/journal a/o.txt.job/manifest.json");
}

static void failed_resume_keeps_saved_work(void **state) {
    (void)state;
    run r = {0};
    killed_job(&toy, "--out o.txt", "row");
    OK(open_job(&r, &toy, "--out o.txt"));
    close_job(&r);
    OK(open_job(&r, &toy, "--out o.txt"));
    OK(lem_job_start(r.job, NULL, &err));
    close_job(&r);
    OK(open_job(&r, &toy, "--out o.txt"));
    assert_true(lem_job_resumes(r.job));
    close_job(&r);
}

static void dry_run_writes_nothing(void **state) {
    (void)state;
    run r = {0}, second = {0};
    lem_journal *journal = NULL;
    OK(open_job(&r, &toy, "--out a/o.txt --dry-run"));
    OK(open_job(&second, &toy, "--out a/o.txt --dry-run")); /* nothing is locked */
    close_job(&second);
    OK(lem_job_start(r.job, "avx2", &err));
    OK(lem_job_journal(r.job, NULL, NULL, &journal, &err));
    assert_null(journal);
    OK(lem_job_finish(r.job, &err));
    close_job(&r);
    assert_string_equal(listing(), "");
}

static void lock_is_held(void **state) {
    (void)state;
    run r = {0}, second = {0};
    OK(open_job(&r, &toy, "--out o.txt"));
    FAILS(open_job(&second, &toy, "--out o.txt"), LEM_EIO, "o.txt");
    FAILS(open_job(&second, &toy, "--out o.txt --fresh"), LEM_EIO, "locked");
    assert_true(there("o.txt.lock")); /* still the first one's */
    OK(open_job(&second, &toy, "--out p.txt"));
    close_job(&second);
    close_job(&r);
    OK(open_job(&second, &toy, "--out o.txt"));
    close_job(&second);
}

static void inert(void **state) {
    static const struct {
        const lem_command *cmd;
        const char *line;
    } cases[] = {{&toy, "--out -"}, {&toy, ""}, {&toy_show, ""}, {&toy, "--out - --overwrite --fresh"}};
    (void)state;
    for (int i = 0; i < COUNT(cases); i++) {
        run r = {0};
        lem_journal *journal = NULL;
        OK(open_job(&r, cases[i].cmd, cases[i].line));
        assert_false(lem_job_done(r.job));
        assert_false(lem_job_resumes(r.job));
        assert_null(lem_job_out(r.job));
        assert_null(lem_job_compute_path(r.job));
        err = (lem_err)LEM_ERR_INIT;
        assert_null(lem_job_work_path(r.job, "x", &err));
        assert_int_equal(err.status, LEM_OK);
        OK(lem_job_start(r.job, "avx2", &err));
        OK(lem_job_journal(r.job, NULL, NULL, &journal, &err));
        assert_null(journal);
        OK(lem_job_finish(r.job, &err));
        close_job(&r);
        assert_string_equal(listing(), "");
    }
    lem_job_close(NULL);
}

/* ---- the rest of the header ---- */

static void cheap_jobs(void **state) {
    (void)state;
    static const lem_job_spec cheap = {.cheap = true};
    run r = {0};
    whole_job(&toy, "--out o.txt", "o.txt", "result");
    OK(open_spec(&r, &toy, "--out o.txt", &cheap));
    assert_false(lem_job_done(r.job)); /* alone it is done again */
    assert_true(lem_job_may_replace(r.job));
    OK(lem_job_start(r.job, NULL, &err));
    OK(lem_job_finish(r.job, &err));
    close_job(&r);
    r.cli.in_recipe = true;
    OK(open_spec(&r, &toy, "--out o.txt", &cheap));
    assert_true(lem_job_done(r.job));
    close_job(&r);
    r.cli.in_recipe = false;
    FAILS(open_spec(&r, &toy, "--out o.txt --lr 0.1", &cheap), LEM_EUSAGE, "--lr");
}

static const char *const made_a[] = {"./a"}, *const made_b[] = {"b"};

static void upstream_ran(void **state) {
    (void)state;
    run r = {.cli = {.in_recipe = true, .made = made_a, .n_made = 1}};
    put("a", "1");
    put("b", "b");
    whole_job(&toy, "--out o.txt --val a", "o.txt", "result");
    OK(open_job(&r, &toy, "--out o.txt --val a"));
    assert_true(lem_job_done(r.job)); /* what did not change is left */
    close_job(&r);
    put("a", "2");
    OK(open_job(&r, &toy, "--out o.txt --val a"));
    assert_false(lem_job_done(r.job));
    assert_true(lem_job_may_replace(r.job));
    close_job(&r);
    FAILS(open_job(&r, &toy, "--out o.txt --val a --lr 0.1"), LEM_EUSAGE, "--lr");
    r.cli.made = made_b; /* a stage that made something else */
    FAILS(open_job(&r, &toy, "--out o.txt --val a"), LEM_EUSAGE, "--val");
    r.cli.n_made = 0;
    FAILS(open_job(&r, &toy, "--out o.txt --val a"), LEM_EUSAGE, "--val");
}

/* Not only contents differ: an input more is another option. */
static void upstream_ran_but_an_input_was_added(void **state) {
    (void)state;
    run r = {.cli = {.in_recipe = true, .made = made_a, .n_made = 1}};
    put("a", "1");
    whole_job(&toy, "--out o.txt", "o.txt", "result");
    FAILS(open_job(&r, &toy, "--out o.txt --val a"), LEM_EUSAGE, "--val");
}

static void upstream_ran_before_an_unfinished_run(void **state) {
    (void)state;
    run r = {.cli = {.in_recipe = true}};
    put("a", "1");
    killed_job(&toy, "--out o.txt --val a", "row");
    put("a", "2");
    FAILS(open_job(&r, &toy, "--out o.txt --val a"), LEM_EUSAGE, "--val");
    r.cli.made = made_a;
    r.cli.n_made = 1;
    OK(open_job(&r, &toy, "--out o.txt --val a"));
    assert_false(lem_job_resumes(r.job)); /* saved work is of the old content */
    OK(lem_job_start(r.job, NULL, &err));
    assert_false(there("o.txt.job/journal"));
    close_job(&r);
}

static void may_replace(void **state) {
    (void)state;
    run r = {0};
    OK(open_job(&r, &toy, "--out o.txt"));
    assert_false(lem_job_may_replace(r.job)); /* an audit page beside it would be somebody's */
    close_job(&r);
    OK(open_job(&r, &toy, "--out o.txt --overwrite"));
    assert_true(lem_job_may_replace(r.job));
    close_job(&r);
    OK(open_job(&r, &toy, "--out o.txt --fresh"));
    assert_true(lem_job_may_replace(r.job));
    close_job(&r);
    whole_job(&toy, "--out o.txt", "o.txt", "result");
    OK(open_job(&r, &toy, "--out o.txt"));
    assert_true(lem_job_may_replace(r.job));
    close_job(&r);
}

/* What lies in a folder of data, or would, is no output. */
static void output_among_the_inputs(void **state) {
    (void)state;
    static const char *const lines[] = {"--data d --out d/new.jsonl", "--data d --out d/a.jsonl",
                                        "--data d/*.jsonl --out d/new.jsonl",
                                        "--data ./d/ --out d/new.jsonl"};
    OK(lem_dir_make("d", &err));
    put("d/a.jsonl", "{}");
    for (int i = 0; i < COUNT(lines); i++) {
        run r = {0};
        lem_status st = open_job(&r, &toy, lines[i]);
        if (st != LEM_EUSAGE) fail_msg("%s: %d", lines[i], st);
        HAS(err.text, "is what is read");
    }
    whole_job(&toy, "--data d --out d/new.html", "d/new.html", "text");
    whole_job(&toy, "--data d --out new.jsonl", "new.jsonl", "text");
    const char *const beside[] = {NULL, "d/left.jsonl"};
    const lem_job_spec spec = {.companions = beside, .n_companions = 2};
    run r = {0};
    FAILS(open_spec(&r, &toy, "--data d --out other", &spec), LEM_EUSAGE, "d/left.jsonl is what is read");
}

static void spec_names_inputs_and_output(void **state) {
    (void)state;
    static const lem_job_input inputs[] = {{"the rows", "rows"}};
    static const lem_job_spec spec = {.out = "there/x.txt", .inputs = inputs, .n_inputs = 1};
    run r = {0};
    FAILS(open_spec(&r, &toy, "", &spec), LEM_EDATA, "rows: no such file");
    assert_string_equal(listing(), "");
    put("rows", "1");
    OK(open_spec(&r, &toy, "", &spec));
    assert_string_equal(lem_job_out(r.job), "there/x.txt");
    OK(lem_job_start(r.job, NULL, &err));
    put("there/x.txt", "result");
    OK(lem_job_finish(r.job, &err));
    close_job(&r);
    put("rows", "2");
    FAILS(open_spec(&r, &toy, "", &spec), LEM_EUSAGE, "the rows");
}

static void work_path(void **state) {
    (void)state;
    run r = {0};
    OK(open_job(&r, &toy, "--out a/o.txt"));
    char *p = lem_job_work_path(r.job, "adam", &err);
    assert_string_equal(p, "a/o.txt.job/adam");
    lem_free(p);
    close_job(&r);
}

static void parts(void **state) {
    (void)state;
    run r = {0};
    OK(open_job(&r, &toy_dir, "--out o"));
    OK(lem_job_start(r.job, "avx2", &err));
    OK(lem_dir_make("o/stages/1", &err));
    put("o/stages/1/a", "1");
    assert_false(lem_job_part_done(r.job, "o/stages/1"));
    assert_false(lem_job_part_done(r.job, "o/stages/2"));
    OK(lem_job_part_finish(r.job, "o/stages/1", &err));
    assert_true(lem_job_part_done(r.job, "o/stages/1"));
    HAS(get("o/stages/1/manifest.json"), lem_job_identity(r.job));
    HAS(get("o/stages/1/manifest.json"), "\"a\"");
    append(r.job, "row");
    close_job(&r);
    OK(open_job(&r, &toy_dir, "--out o"));
    assert_true(lem_job_resumes(r.job));
    assert_true(lem_job_part_done(r.job, "o/stages/1"));
    close_job(&r);
    OK(open_job(&r, &toy_dir, "--out o --lr 0.1 --fresh"));
    assert_false(lem_job_part_done(r.job, "o/stages/1")); /* of another job */
    close_job(&r);
    put("o/stages/1/manifest.json", "damaged");
    OK(open_job(&r, &toy_dir, "--out o"));
    assert_false(lem_job_part_done(r.job, "o/stages/1"));
    close_job(&r);
}

/* ---- standard input ---- */

static void give_stdin(const char *text) {
    put("stdin.txt", text);
    assert_non_null(freopen("stdin.txt", "r", stdin));
    OK(lem_file_remove("stdin.txt", &err));
}

static void reads_stdin(void **state) {
    (void)state;
    run r = {0};
    char text[16] = "";
    give_stdin("rows");
    OK(open_job(&r, &toy, "--out o.txt --data -"));
    assert_string_equal(listing(), "o.txt.lock"); /* it is kept without a name */
    assert_int_equal(read(0, text, sizeof text), 4);
    assert_string_equal(text, "rows");
    OK(lem_job_start(r.job, NULL, &err));
    put("o.txt", "result");
    OK(lem_job_finish(r.job, &err));
    close_job(&r);
    give_stdin("rows");
    expect_done(&toy, "--out o.txt --data -");
    give_stdin("rowz");
    FAILS(open_job(&r, &toy, "--out o.txt --data -"), LEM_EUSAGE, "--data ");
    put("rows.txt", "rows");
    expect_done(&toy, "--out o.txt --data rows.txt");
}

static void dry_run_leaves_stdin_alone(void **state) {
    (void)state;
    run r = {0};
    char text[16] = "";
    give_stdin("rows");
    OK(open_job(&r, &toy, "--out a/o.txt --val - --dry-run"));
    assert_int_equal(strlen(lem_job_identity(r.job)), 64);
    close_job(&r);
    assert_int_equal(read(0, text, sizeof text), 4);
    assert_string_equal(listing(), "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        folder_test(new_start_finish_done),
        folder_test(choices_are_told),
        folder_test(licences_are_told),
        folder_test(folder_is_done),
        folder_test(empty_folder_is_new),
        folder_test(manifest_has_digest_of_output),
        folder_test(says_that_it_is_complete),
        folder_test(what_changes_nothing_is_the_same_job),
        folder_test(missing_output_is_new),
        folder_test(finish_needs_the_output),
        folder_test(failed_behind_the_output),
        folder_test(lost_memory),
        folder_test(interrupted),
        folder_test(resumes_after_kill),
        folder_test(keeps_the_compute_path),
        folder_test(goes_on_beside_an_older_result),
        folder_test(killed_before_the_work_folder_went),
        folder_test(killed_while_the_work_folder_went),
        folder_test(killed_without_saved_work),
        folder_test(damaged_work_manifest),
        folder_test(other_option_is_refused),
        folder_test(other_input_is_refused),
        folder_test(unfinished_run_of_another_job),
        folder_test(overwrite_replaces),
        folder_test(fresh_starts_anew),
        folder_test(edited_output_is_refused),
        folder_test(foreign_files_are_refused),
        folder_test(another_commands_result),
        folder_test(damaged_final_manifest),
        folder_test(refusal_leaves_nothing),
        folder_test(refusal_leaves_no_parent_of_a_parent),
        folder_test(saved_work_stays),
        folder_test(failed_resume_keeps_saved_work),
        folder_test(dry_run_writes_nothing),
        folder_test(lock_is_held),
        folder_test(inert),
        folder_test(cheap_jobs),
        folder_test(upstream_ran),
        folder_test(upstream_ran_but_an_input_was_added),
        folder_test(upstream_ran_before_an_unfinished_run),
        folder_test(may_replace),
        folder_test(output_among_the_inputs),
        folder_test(spec_names_inputs_and_output),
        folder_test(work_path),
        folder_test(parts),
        folder_test(reads_stdin),
        folder_test(dry_run_leaves_stdin_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
