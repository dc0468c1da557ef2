/* test_merge - a toy job in shards: merged it is the whole job, whatever died on the way; what does not
 * belong together is refused */
#include "job/merge.h"

#include "support.h"

#include <signal.h>
#include <sys/wait.h>

enum { ROWS = 37 };

static const lem_opt split_opts[] = {
    {"n", LEM_OPT_INT, "N", "4", "how many", 1, 100},
    {"note", LEM_OPT_STR, "TEXT", NULL, "any text"},
    {"loud", LEM_OPT_FLAG, NULL, NULL, "changes the result"},
    {"tags", LEM_OPT_LIST, "A,B", NULL, "a list"},
    {"data", LEM_OPT_INPUT, "FILE", NULL, "rows"},
    LEM_OPT_SHARD,
};
static const lem_command split = {.name = "split",
                                  .purpose = "",
                                  .usage = "",
                                  .example = "",
                                  .opts = split_opts,
                                  .n_opts = COUNT(split_opts),
                                  .run = nothing,
                                  .output = LEM_OUTPUT_FILE};
static const lem_command *const table[] = {&split, NULL};

typedef struct worker {
    lem_cli cli;
    lem_args args;
    lem_job *job;
    bool known[ROWS];
    int known_n, made;
} worker;

static const char *no_variable(const char *name) {
    (void)name;
    return NULL;
}

static lem_status visit(void *ctx, const char *id, const lem_json *record, lem_err *e) {
    worker *w = ctx;
    (void)record;
    (void)e;
    int row = atoi(id + (id[0] == 'r'));
    assert_true(row < ROWS && lem_job_takes(w->job, (uint64_t)row));
    assert_false(w->known[row]); /* no record twice */
    w->known[row] = true;
    w->known_n++;
    return LEM_OK;
}

static lem_status open_worker(worker *w, const char *line) {
    *w = (worker){.job = NULL};
    OK(parse_line(&split, line, &w->cli, &w->args));
    w->cli.commands = table;
    lem_status st = lem_shard_resolve(&w->args, no_variable, &err);
    if (st == LEM_OK) st = lem_job_open(&w->cli, &split, &w->args, NULL, &w->job, &err);
    if (st) lem_args_release(&w->args);
    return st;
}

static void close_worker(worker *w) {
    lem_job_close(w->job);
    lem_args_release(&w->args);
}

/* Row r becomes r mod 4 lines. The run dies after `stop` rows that are new (-1: never), counted in made. */
static void work(worker *w, int stop, const char *path) {
    lem_journal *j = NULL;
    const char *earlier = lem_job_compute_path(w->job);
    OK(lem_job_start(w->job, earlier ? earlier : path, &err));
    OK(lem_job_journal(w->job, visit, w, &j, &err));
    for (int r = 0; r < ROWS; r++) {
        char id[16];
        if (!lem_job_takes(w->job, (uint64_t)r) || w->known[r]) continue;
        if (w->made++ == stop) raise(SIGKILL);
        lem_json *o = lem_json_new_object();
        snprintf(id, sizeof id, r % 5 ? "%d" : "r%d", r);
        OK(lem_journal_append(j, id, o, &err));
        lem_json_free(o);
    }
    lem_out *out = NULL;
    OK(lem_out_open(lem_job_path(w->job), true, &out, &err));
    for (int r = 0; r < ROWS; r++) {
        if (!lem_job_takes(w->job, (uint64_t)r)) continue;
        for (int k = 0; k < r % 4; k++) {
            char line[64];
            snprintf(line, sizeof line, "{\"row\":%d,\"line\":%d}\n", r, k);
            OK(lem_out_write(out, line, strlen(line), &err));
        }
        lem_job_wrote(w->job, (uint64_t)(r % 4));
    }
    OK(lem_out_commit(out, &err));
    lem_out_close(out);
    lem_job_saw(w->job, ROWS);
    OK(lem_job_choose(w->job, "rule", "mod 4", &err));
    OK(lem_job_finish(w->job, &err));
}

/* known: rows that journals had; made: rows of its own. */
static void run_on(const char *line, int known, int made, const char *path) {
    worker w;
    OK(open_worker(&w, line));
    assert_false(lem_job_done(w.job));
    work(&w, -1, path);
    if (known >= 0) assert_int_equal(w.known_n, known);
    if (made >= 0) assert_int_equal(w.made, made);
    close_worker(&w);
}
static void run(const char *line) { run_on(line, -1, -1, "avx2"); }

static void killed_on(const char *line, int stop, const char *path) {
    int status;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        worker w;
        OK(open_worker(&w, line));
        work(&w, stop, path);
        _exit(1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}
static void killed(const char *line, int stop) { killed_on(line, stop, "avx2"); }

static lem_status merge_to(const char *shards, const char *out, bool *done) {
    lem_cli cli = {.commands = table};
    lem_shard_files files = {NULL, 0};
    lem_merge *m = NULL;
    OK(lem_shard_files_find(shards, &files, &err));
    lem_status st = lem_merge_open(&cli, &files, false, out, &m, &err);
    if (st == LEM_OK && done) *done = lem_merge_done(m);
    if (st == LEM_OK && !(done && *done)) st = lem_merge_write(m, &err);
    lem_merge_close(m);
    lem_shard_files_release(&files);
    return st;
}
static lem_status merge(const char *out) { return merge_to(out, out, NULL); }

static void same_file(const char *a, const char *b) {
    char command[200];
    snprintf(command, sizeof command, "cmp %s %s", a, b);
    if (system(command) != 0) fail_msg("%s and %s differ", a, b);
}

static void is_whole(const char *out, const char *whole) {
    char a[64], b[64];
    same_file(out, whole);
    snprintf(a, sizeof a, "%s.manifest.json", out);
    snprintf(b, sizeof b, "%s.manifest.json", whole);
    same_file(a, b);
}

static void edit(const char *command) {
    if (system(command) != 0) fail_msg("%s", command);
}

/* ---- what belongs together ---- */

static void shards_are_the_whole(void **state) {
    (void)state;
    static const char *const ends[] = {"", ".gz", ".zst"};
    for (size_t e = 0; e < 3; e++)
        for (int n = 1; n <= 40; n += 13) {
            char line[100], out[32], whole[32];
            bool done = false;
            snprintf(out, sizeof out, "o%d.jsonl%s", n, ends[e]);
            snprintf(whole, sizeof whole, "w%d.jsonl%s", n, ends[e]);
            for (int i = n; i >= 1; i--) {
                snprintf(line, sizeof line, "--out %s --shard %d/%d", out, i, n);
                run(line);
            }
            OK(merge(out));
            snprintf(line, sizeof line, "--out %s", whole);
            run(line);
            is_whole(out, whole);
            OK(merge_to(out, out, &done));
            assert_true(done);
            worker w; /* the command itself finds it complete */
            snprintf(line, sizeof line, "--out %s", out);
            OK(open_worker(&w, line));
            assert_true(lem_job_done(w.job));
            close_worker(&w);
        }
}

static void a_pattern_names_them(void **state) {
    (void)state;
    run("--out whole.jsonl");
    run("--out part-{shard}.jsonl --shard 1/2");
    run("--out part-{shard}.jsonl --shard 2/2");
    assert_true(there("part-1-of-2.jsonl") && there("part-2-of-2.jsonl"));
    OK(merge_to("part-{shard}.jsonl", "o.jsonl", NULL));
    is_whole("o.jsonl", "whole.jsonl");
}

/* ---- the dead ---- */

static void a_dead_shard_goes_on(void **state) {
    (void)state;
    run("--out w");
    run("--out o --shard 1/3");
    run("--out o --shard 3/3");
    killed("--out o --shard 2/3", 5); /* of 12 rows */
    FAILS(merge("o"), LEM_EUSAGE, "missing or unfinished 2/3;");
    run_on("--out o --shard 2/3", 5, 7, "avx512"); /* on the path that it began with */
    OK(merge("o"));
    is_whole("o", "w");
}

/* Rows 1, 4, … 34 of 2/3; five are done: 1, 4, 7, 10, 13; 2/6 has 1, 7, 13, …: three of them. */
static void a_dead_shard_is_divided_anew(void **state) {
    (void)state;
    run("--out w");
    run("--out o --shard 1/3");
    run("--out o --shard 3/3");
    killed("--out o --shard 2/3", 5);
    run_on("--out o --shard 1/2 --take-over 2/3", 3, 3, "avx2");
    killed("--out o --shard 2/2 --take-over 2/3", 1); /* takes 4 and 10 over, makes 16, and dies too */
    FAILS(open_worker(&(worker){0}, "--out o --shard 2/3"), LEM_EUSAGE, "rows that 2/6 has done already");
    FAILS(merge("o"), LEM_EUSAGE, "missing or unfinished 5/6;");
    run_on("--out o --shard 1/2 --take-over 5/6", 2, 1, "avx2"); /* 5/12: rows 4, 16, 28 */
    run_on("--out o --shard 2/2 --take-over 5/6", 1, 2, "avx2"); /* 11/12: rows 10, 22, 34 */
    OK(merge("o"));
    is_whole("o", "w");
    assert_true(there("o.shard-2-of-3.job")); /* stays until somebody removes it */
}

/* All of three died: one process takes what the three journals hold. */
static void one_takes_all(void **state) {
    (void)state;
    run("--out w");
    killed("--out o --shard 1/3", 4);
    killed("--out o --shard 2/3", 2);
    killed("--out o --shard 3/3", 0);
    run_on("--out o --shard 1/1", 6, ROWS - 6, "avx512");
    OK(merge("o"));
    is_whole("o", "w");
}

static void two_dead_over_three(void **state) {
    (void)state;
    run("--out w");
    run("--out o --shard 4/4");
    run("--out o --shard 2/4");
    killed("--out o --shard 1/4", 3);
    killed("--out o --shard 3/4", 4);
    run("--out o --shard 1/3 --take-over 1/4,3/4");
    run("--out o --shard 2/3 --take-over 3/4,1/4");
    run("--out o --shard 3/3 --take-over 1/4 --take-over 3/4");
    assert_true(there("o.shard-1+3-of-12"));
    OK(merge("o"));
    is_whole("o", "w");
}

/* A journal that was being copied is copied anew; --fresh takes nothing over. */
static void copying_is_all_or_nothing(void **state) {
    (void)state;
    killed("--out o --shard 2/3", 6);
    worker w;
    OK(open_worker(&w, "--out o --shard 2/6"));
    OK(lem_job_start(w.job, "avx2", &err));
    put("o.shard-2-of-6.job/journal.new", "half a jour");
    close_worker(&w); /* nothing to lose: the folder goes with it */
    assert_false(there("o.shard-2-of-6.job"));
    OK(lem_dir_make("o.shard-2-of-6.job", &err));
    put("o.shard-2-of-6.job/journal.new", "half a jour");
    run_on("--out o --shard 2/6", 3, 3, "avx2");
    run_on("--out o --shard 5/6 --fresh", 0, 6, "avx2");
}

static void another_path_is_done_again(void **state) {
    (void)state;
    killed_on("--out o --shard 2/3", 5, "avx512");
    killed_on("--out o --shard 3/3", 5, "avx2");
    HAS(get("o.shard-3-of-3.job/manifest.json"), "\"compute_path\": \"avx512\""); /* shards share the path */
    edit("sed -i s/avx512/avx2/ o.shard-3-of-3.job/manifest.json"); /* two that began in one instant */
    run_on("--out o --shard 1/1", 5, ROWS - 5,
           "generic"); /* the first one's path; the other's are not taken */
    HAS(get("o.shard-1-of-1.manifest.json"), "\"compute_path\": \"avx512\"");
}

/* A run that lives holds its lock. */
static void the_living_are_left_alone(void **state) {
    (void)state;
    int ready[2], status;
    char c;
    assert_int_equal(pipe(ready), 0);
    pid_t pid = fork();
    if (pid == 0) {
        worker w;
        OK(open_worker(&w, "--out o --shard 2/3"));
        OK(lem_job_start(w.job, "avx2", &err));
        if (write(ready[1], "x", 1) != 1) _exit(1);
        pause();
        _exit(0);
    }
    assert_int_equal(read(ready[0], &c, 1), 1);
    worker w;
    FAILS(open_worker(&w, "--out o --shard 1/2 --take-over 2/3"), LEM_EIO, "rows of this shard are in work");
    HAS(err.text, "locked by another run (pid");
    OK(open_worker(&w, "--out o --shard 1/3"));
    close_worker(&w);
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    OK(open_worker(&w, "--out o --shard 1/2 --take-over 2/3"));
    close_worker(&w);
    close(ready[0]);
    close(ready[1]);
}

/* ---- what does not belong together ---- */

static void other_jobs_are_refused(void **state) {
    (void)state;
    run("--out o --shard 1/2");
    run("--out o --shard 2/2 --n 5");
    FAILS(merge("o"), LEM_EUSAGE, "another job than o.shard-1-of-2: --n was 4, is now 5");
    run("--out o --shard 2/2 --overwrite");
    OK(merge("o"));
    FAILS(open_worker(&(worker){0}, "--out o --shard 1/3"), LEM_EUSAGE,
          "--shard 1/3 has rows that 1/2 has done");
    run("--out p --shard 1/3");
    assert_int_equal(system("for e in '' .manifest.json; do mv p.shard-1-of-3$e o.shard-1-of-3$e; done"), 0);
    FAILS(merge("o"), LEM_EUSAGE, "o.shard-1-of-2 and o.shard-1-of-3 have rows in common");
    run_on("--out q --shard 1/2", -1, -1, "avx2");
    run_on("--out r --shard 2/2", -1, -1, "avx512");
    assert_int_equal(system("for e in '' .manifest.json; do mv r.shard-2-of-2$e q.shard-2-of-2$e; done"), 0);
    FAILS(merge("q"), LEM_EUSAGE, "on two compute paths ('avx2' and 'avx512')");
    FAILS(merge("nothing"), LEM_EUSAGE, "no shard of it is finished");
}

static void what_is_missing_is_told_as_commands(void **state) {
    (void)state;
    put("in.jsonl", "x");
    run("--out o --data in.jsonl --note it's --loud --tags a,b --shard 2/4");
    int pipes[2];
    assert_int_equal(pipe(pipes), 0);
    char text[4096] = "";
    lem_cli cli = {.commands = table, .log = lem_log_new(pipes[1], false, 2, &err)};
    lem_shard_files files = {NULL, 0};
    lem_merge *m = NULL;
    OK(lem_shard_files_find("o", &files, &err));
    FAILS(lem_merge_open(&cli, &files, false, "o", &m, &err), LEM_EUSAGE,
          "missing or unfinished 1/4,3/4,4/4;");
    assert_true(read(pipes[0], text, sizeof text - 1) > 0);
    HAS(text, "shard 3/4 is missing: lemma split --data in.jsonl --note 'it'\\''s' --loud --tags a --tags b "
              "--shard 3/4 --out o");
    lem_shard_files_release(&files);
    lem_log_free(cli.log);
    close(pipes[0]);
    close(pipes[1]);
}

static void damage_is_found(void **state) {
    (void)state;
    static const struct {
        const char *edit, *says;
    } cases[] = {
        {"echo '{}' >>o.shard-1-of-2", "its content was changed since it was written"},
        {"sed -i 's/\"rows\": 37/\"rows\": 36/' o.shard-1-of-2.manifest.json", "count other numbers of rows"},
        {"sed -i 's/\"rows\": 37/\"rows\": -1/' o.shard-1-of-2.manifest.json",
         "does not say what a shard's says"},
        {"sed -i 's/\"parts\": \"1.2\"/\"parts\": \"3\\/2\"/' o.shard-1-of-2.manifest.json", "shard '3/2'"},
        {"sed -i 's/\"lines\": \"0x1,2x1/\"lines\": \"0x1,3x1/' o.shard-1-of-2.manifest.json",
         "not the lines"},
        {"sed -i 's/\"lines\": \"0x1,/\"lines\": \"/' o.shard-1-of-2.manifest.json", "not the lines"},
        {"sed -i 's/\"lines\": \"0x1/\"lines\": \"0y1/' o.shard-1-of-2.manifest.json", "not the lines"},
        {"sed -i 's/\"lines\": \"0x1/\"lines\": \"0x99999999999999999999999/' o.shard-1-of-2.manifest.json",
         "not the lines"},
        {"sed -i 's/\"version\": \"/&9/' o.shard-1-of-2.manifest.json", "by two versions of lemma"},
        {"echo x >o.shard-1-of-2.manifest.json", "damaged manifest"},
        {"rm o.shard-1-of-2.manifest.json", "is no shard of lemma"},
        {"rm o.shard-1-of-2", "missing or unfinished 1/2"},
    };
    run("--out o --shard 1/2");
    run("--out o --shard 2/2");
    edit("mkdir keep && cp o.* keep");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        edit("cp keep/* .");
        edit(cases[i].edit);
        err = (lem_err)LEM_ERR_INIT;
        lem_status st = merge("o");
        if ((st != LEM_EUSAGE && st != LEM_EDATA) || !strstr(err.text, cases[i].says))
            fail_msg("%s: status %d, %s", cases[i].edit, (int)st, err.text);
        assert_false(there("o"));
        assert_false(there("o.job"));
    }
    edit("cp keep/* .");
    OK(merge("o"));
}

/* A file that is somebody's is not written over. */
static void somebodys_file_stays(void **state) {
    (void)state;
    run("--out o --shard 1/1");
    put("o", "mine");
    FAILS(merge("o"), LEM_EUSAGE, "no manifest says that lemma wrote it");
    assert_string_equal(get("o"), "mine");
    put("o.shard-1-of-1.gz", "x");
    FAILS(open_worker(&(worker){0}, "--out o.gz --shard 1/1"), LEM_EUSAGE, "no manifest says");
}

/* Every allocation may fail, once or from then on: an error, nothing half written, and then it works. */
static void memory_may_fail_anywhere(void **state) {
    (void)state;
    run("--out o --shard 1/3");
    run("--out o --shard 3/3");
    killed("--out o --shard 2/3", 5);
    run("--out o --shard 1/2 --take-over 2/3");
    for (int sticky = 0; sticky < 2; sticky++)
        for (uint64_t k = 1;; k++) {
            worker w = {.job = NULL};
            lem_journal *j = NULL;
            OK(parse_line(&split, "--out o --shard 5/6", &w.cli, &w.args));
            w.cli.commands = table;
            lem_mem_fail_after(k, sticky);
            lem_status st = lem_job_open(&w.cli, &split, &w.args, NULL, &w.job, &err);
            if (st == LEM_OK) st = lem_job_start(w.job, "avx2", &err);
            if (st == LEM_OK) st = lem_job_journal(w.job, visit, &w, &j, &err);
            lem_mem_fail_after(0, false);
            assert_true(st == LEM_OK || st == LEM_EMEM);
            close_worker(&w);
            edit("rm -rf o.shard-5-of-6.job");
            if (st == LEM_OK) break;
        }
    run_on("--out o --shard 5/6", 2, 4, "avx2");
    for (int sticky = 0; sticky < 2; sticky++)
        for (uint64_t k = 1;; k++) {
            lem_cli cli = {.commands = table};
            lem_shard_files files = {NULL, 0};
            lem_merge *m = NULL;
            lem_mem_fail_after(k, sticky);
            lem_status st = lem_shard_files_find("o", &files, &err);
            if (st == LEM_OK) st = lem_merge_open(&cli, &files, false, "o", &m, &err);
            if (st == LEM_OK) st = lem_merge_write(m, &err);
            lem_mem_fail_after(0, false);
            lem_merge_close(m);
            lem_shard_files_release(&files);
            if (st == LEM_OK) break;
            if (st != LEM_EMEM) fail_msg("allocation %d: status %d: %s", (int)k, (int)st, err.text);
            edit("rm -f o o.manifest.json; rm -rf o.job"); /* it may fail behind the output, which is whole */
        }
    run("--out w");
    is_whole("o", "w");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        folder_test(shards_are_the_whole),
        folder_test(a_pattern_names_them),
        folder_test(a_dead_shard_goes_on),
        folder_test(a_dead_shard_is_divided_anew),
        folder_test(one_takes_all),
        folder_test(two_dead_over_three),
        folder_test(copying_is_all_or_nothing),
        folder_test(another_path_is_done_again),
        folder_test(the_living_are_left_alone),
        folder_test(other_jobs_are_refused),
        folder_test(what_is_missing_is_told_as_commands),
        folder_test(damage_is_found),
        folder_test(somebodys_file_stays),
        folder_test(memory_may_fail_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
