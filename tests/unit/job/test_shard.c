/* test_shard - parts of rows against counting them; labels, names, variables of launchers */
#include "job/shard.h"

#include "support.h"

static lem_shard shard(const char *text) {
    lem_shard s = {.n = 0};
    OK(lem_shard_parse(text, &s, &err));
    return s;
}

static const char *label(const lem_shard *s, bool name) {
    static char text[4][2000];
    static int next;
    lem_buf b = {0};
    char *out = text[next++ % 4];
    lem_shard_put(s, name, &b);
    snprintf(out, sizeof text[0], "%s", lem_buf_str(&b));
    lem_buf_release(&b);
    return out;
}

/* ---- rows ---- */

static void parts_hold_each_row_once(void **state) {
    (void)state;
    for (uint32_t n = 1; n <= 12; n++)
        for (uint64_t row = 0; row < 50; row++) {
            int holders = 0;
            for (uint32_t i = 0; i < n; i++) {
                lem_shard s = {.part = {{i, n}}, .n = 1};
                bool has = lem_shard_has(&s, row);
                assert_int_equal(has, row % n == i);
                holders += has;
            }
            assert_int_equal(holders, 1);
        }
    lem_shard all = {.n = 0};
    assert_true(lem_shard_has(&all, 12345));
}

/* Of any two: what lem_shards_meet says is what counting the rows says. */
static void meeting_is_having_a_row_in_common(void **state) {
    (void)state;
    for (uint32_t n = 1; n <= 8; n++)
        for (uint32_t m = 1; m <= 8; m++)
            for (uint32_t i = 0; i < n; i++)
                for (uint32_t k = 0; k < m; k++) {
                    lem_shard a = {.part = {{i, n}}, .n = 1}, b = {.part = {{k, m}}, .n = 1};
                    bool common = false;
                    for (uint64_t row = 0; row < n * m; row++)
                        common = common || (lem_shard_has(&a, row) && lem_shard_has(&b, row));
                    assert_int_equal(lem_shards_meet(&a, &b), common);
                }
}

/* Dead parts divided over m, and one of the pieces over three: each dead row is in just one, no other is. */
static void what_is_divided_stays_whole(void **state) {
    (void)state;
    static const char *const dead[] = {"2/3", "2+3/3", "1/4+2/6", "1/1", "5+7/8+2/16"};
    for (size_t d = 0; d < sizeof dead / sizeof *dead; d++)
        for (uint32_t m = 1; m <= 5; m++) {
            lem_shard whole = shard(dead[d]), piece[8];
            int n = 0, least = 1000, most = 0, holds[8] = {0};
            for (uint32_t k = 0; k + 1 < m; k++) OK(lem_shard_divide(&whole, k, m, &piece[n++], &err));
            lem_shard last;
            OK(lem_shard_divide(&whole, m - 1, m, &last, &err));
            for (uint32_t k = 0; k < 3; k++) OK(lem_shard_divide(&last, k, 3, &piece[n++], &err));
            for (uint64_t row = 0; row < 720; row++) {
                int holders = 0;
                for (int i = 0; i < n; i++) {
                    bool has = lem_shard_has(&piece[i], row);
                    holders += has;
                    holds[i] += has;
                }
                assert_int_equal(holders, lem_shard_has(&whole, row));
            }
            for (int i = 0; i + 3 < n; i++) { /* alike in length */
                if (holds[i] < least) least = holds[i];
                if (holds[i] > most) most = holds[i];
            }
            if (n > 3) assert_true(most - least <= whole.n);
        }
}

static void labels_read_back(void **state) {
    (void)state;
    static const char *const same[][3] = {
        {"2/3", "2/3", "2-of-3"},
        {"23+7/192", "7+23/192", "7+23-of-192"},
        {"5/64+7+23/192", "5/64+7+23/192", "5-of-64+7+23-of-192"},
        {"2/8+1/4", "1/4+2/8", "1-of-4+2-of-8"},
        {"1048576/1048576", "1048576/1048576", "1048576-of-1048576"},
    };
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        lem_shard s = shard(same[i][0]), back;
        assert_string_equal(label(&s, false), same[i][1]);
        assert_string_equal(label(&s, true), same[i][2]);
        const char *end = lem_shard_parse_name(same[i][2], &back);
        assert_non_null(end);
        assert_string_equal(end, "");
        assert_true(lem_shards_equal(&s, &back));
    }
    lem_shard s;
    assert_string_equal(lem_shard_parse_name("2-of-3.gz", &s), ".gz");
    static const char *const wrong[] = {"",        "2",
                                        "/",       "0/3",
                                        "4/3",     "2/0",
                                        "2/3/4",   "-1/3",
                                        "02/3",    "2/3 ",
                                        "+2/3",    "2+/3",
                                        "1/3+",    "1/1048577",
                                        "a/b",     "2-of-3",
                                        "1/2,",    "١/٢",
                                        "1//2",    "1/3+1/3",
                                        "1/3+1/6", "99999999999999999999/3"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        FAILS(lem_shard_parse(wrong[i], &s, &err), LEM_EUSAGE, wrong[i]);
    FAILS(lem_shard_parse("1/3+1/6", &s, &err), LEM_EUSAGE, "1/3 and 1/6 have rows in common");
    lem_shard big = shard("1/1048576");
    FAILS(lem_shard_divide(&big, 0, 2, &s, &err), LEM_EUSAGE, "1/1048576 divided by 2");
    char many[1000] = "1";
    for (int i = 2; i <= 65; i++) snprintf(many + strlen(many), sizeof many - strlen(many), "+%d", i);
    strcat(many, "/100");
    FAILS(lem_shard_parse(many, &s, &err), LEM_EUSAGE, "shard '1+2+3");
}

/* ---- names ---- */

static void name_is(const char *out, const char *parts, const char *want) {
    lem_shard s = shard(parts);
    char *path = lem_shard_path(out, &s, &err);
    assert_non_null(path);
    assert_string_equal(path, want);
    char *back = lem_shard_out_of(path, &s, &err);
    assert_string_equal(back, out);
    lem_free(path);
    lem_free(back);
}

static void names_say_the_shard(void **state) {
    (void)state;
    lem_shard s = shard("2/3");
    name_is("c.jsonl", "2/3", "c.jsonl.shard-2-of-3");
    name_is("runs/c.jsonl.gz", "2/3", "runs/c.jsonl.shard-2-of-3.gz");
    name_is("/c.zst", "1/1", "/c.shard-1-of-1.zst");
    name_is("a/part-{shard}.jsonl", "7+23/192", "a/part-7+23-of-192.jsonl");
    name_is("./2-of-3.jsonl", "2/3", "./2-of-3.jsonl.shard-2-of-3");
    err = (lem_err)LEM_ERR_INIT;
    assert_null(lem_shard_path("{shard}/c.jsonl", &s, &err));
    HAS(err.text, "in the file's own name");
    assert_null(lem_shard_path("{shard}{shard}", &s, &err));
}

static void neighbours_are_found(void **state) {
    (void)state;
    lem_shard_files f = {NULL, 0};
    put("c.jsonl.shard-1-of-3", "");
    put("c.jsonl.shard-1-of-3.manifest.json", "");
    put("c.jsonl.shard-2-of-6.manifest.json", "");
    OK(lem_dir_make("c.jsonl.shard-3-of-3.job", &err));
    put("c.jsonl.shard-4-of-6.lock", ""); /* a lock alone is nothing */
    put("c.jsonl.shard-1-of-2.gz", "");   /* another output's */
    put("c.jsonl.shard-01-of-2", "");     /* no name of ours */
    put("c.jsonl.shard-5-of-3", "");
    put("d.jsonl.shard-1-of-2", "");
    OK(lem_shard_files_find("./c.jsonl", &f, &err));
    assert_int_equal(f.n, 3);
    assert_string_equal(f.at[0].path, "./c.jsonl.shard-1-of-3");
    assert_string_equal(f.at[1].path, "./c.jsonl.shard-2-of-6");
    assert_string_equal(f.at[2].path, "./c.jsonl.shard-3-of-3");
    lem_shard_files_release(&f);
    OK(lem_shard_files_find("nowhere/c.jsonl", &f, &err));
    assert_int_equal(f.n, 0);
}

/* ---- variables of launchers ---- */

static const char *const *variables; /* name, value, …, NULL */

static const char *look_up(const char *name) {
    for (const char *const *v = variables; *v; v += 2)
        if (strcmp(*v, name) == 0) return v[1];
    return NULL;
}

#define SET(...) (variables = (const char *const[]){__VA_ARGS__, NULL})
#define ARRAY(id, min, step, count)                                                                          \
    "SLURM_ARRAY_TASK_ID", id, "SLURM_ARRAY_TASK_MIN", min, "SLURM_ARRAY_TASK_STEP", step,                   \
        "SLURM_ARRAY_TASK_COUNT", count

static const lem_opt split_opts[] = {LEM_OPT_SHARD};
static const lem_command split = {.name = "split",
                                  .purpose = "",
                                  .usage = "",
                                  .example = "",
                                  .opts = split_opts,
                                  .n_opts = 2,
                                  .run = nothing,
                                  .output = LEM_OUTPUT_FILE};

static lem_status resolve(const char *line, char out[64]) {
    lem_cli cli = {0};
    lem_args args;
    OK(parse_line(&split, line, &cli, &args));
    lem_status st = lem_shard_resolve(&args, look_up, &err);
    assert_true(st || !lem_args_has(&args, "take-over"));
    snprintf(out, 64, "%s", lem_args_has(&args, "shard") ? lem_args_str(&args, "shard") : "none");
    lem_args_release(&args);
    return st;
}

static void part_is(const char *want) {
    char got[64];
    OK(resolve("--shard auto", got));
    assert_string_equal(got, want);
}

static void refused(const char *part) {
    char got[64];
    FAILS(resolve("--shard auto", got), LEM_EUSAGE, part);
}

static void launchers_say_the_part(void **state) {
    (void)state;
    SET(ARRAY("0", "0", "1", "4")), part_is("1/4");
    SET(ARRAY("4", "1", "1", "4")), part_is("4/4");
    SET(ARRAY("25", "5", "10", "3")), part_is("3/3");
    SET(ARRAY("7", "7", "1", "1")), part_is("1/1");
    SET("OMPI_COMM_WORLD_RANK", "3", "OMPI_COMM_WORLD_SIZE", "8"), part_is("4/8");
    SET("PMI_RANK", "0", "PMI_SIZE", "2"), part_is("1/2");
    SET("PMIX_RANK", "1", "PMIX_SIZE", "2"), part_is("2/2");
    SET("PMIX_RANK", "2", "SLURM_STEP_NUM_TASKS", "3"), part_is("3/3");
    /* two that say the same; one process beside an array; Open MPI sets PMIX_RANK without a size */
    SET("OMPI_COMM_WORLD_RANK", "3", "OMPI_COMM_WORLD_SIZE", "8", "PMIX_RANK", "3"), part_is("4/8");
    SET("OMPI_COMM_WORLD_RANK", "3", "OMPI_COMM_WORLD_SIZE", "8", "PMI_RANK", "3", "PMI_SIZE", "8");
    part_is("4/8");
    SET(ARRAY("2", "1", "1", "4"), "PMI_RANK", "0", "PMI_SIZE", "1"), part_is("2/4");
    SET(ARRAY("1", "1", "1", "1"), "PMI_RANK", "1", "PMI_SIZE", "2"), part_is("2/2");
}

static void launchers_that_contradict(void **state) {
    (void)state;
    SET("HOME", "/"), refused("SLURM_ARRAY_TASK_ID with _MIN, _STEP and _COUNT, OMPI_COMM_WORLD_RANK");
    SET("SLURM_ARRAY_TASK_ID", "1"), refused("SLURM_ARRAY_TASK_MIN is not");
    SET("OMPI_COMM_WORLD_RANK", "1"), refused("OMPI_COMM_WORLD_SIZE is not");
    SET("PMI_RANK", "1"), refused("PMI_SIZE is not");
    SET("PMIX_RANK", "1"), refused("SLURM_STEP_NUM_TASKS is not");
    SET(ARRAY("23", "7", "1", "2")), refused("task 23, first 7, step 1, 2 tasks (a list such as");
    SET(ARRAY("3", "5", "1", "2")), refused("contradict");
    SET(ARRAY("6", "1", "2", "4")), refused("contradict");
    SET(ARRAY("1", "1", "0", "4")), refused("contradict");
    SET(ARRAY("x", "1", "1", "4")), refused("SLURM_ARRAY_TASK_ID is 'x'; a number expected");
    SET(ARRAY("1", "-1", "1", "4")), refused("SLURM_ARRAY_TASK_MIN is '-1'");
    SET(ARRAY("9999999999", "1", "1", "4")), refused("a number expected");
    SET(ARRAY("1", "1", "1", "999999999")), refused("999999999 parts, at most 1048576");
    SET("PMI_RANK", "2", "PMI_SIZE", "2"), refused("PMI_RANK is 2, but PMI_SIZE is 2");
    SET(ARRAY("2", "1", "1", "4"), "PMI_RANK", "0", "PMI_SIZE", "8"), refused("part 2/4, PMI_RANK part 1/8");
}

static void options_become_one_shard(void **state) {
    (void)state;
    char got[64];
    SET(ARRAY("2", "1", "1", "2"));
    static const char *const cases[][2] = {{"--out o", "none"},
                                           {"--shard 2/3", "2/3"},
                                           {"--shard auto", "2/2"},
                                           {"--shard 1/2 --take-over 2/3", "2/6"},
                                           {"--shard auto --take-over 2/3", "5/6"},
                                           {"--shard 2/2 --take-over 2/3,3/3", "5+6/6"},
                                           {"--shard 2/2 --take-over 2/3 --take-over 1/6", "5/6+7/12"},
                                           {"--shard 1/3 --take-over 2+3/6", "2+3/18"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        OK(resolve(cases[i][0], got));
        assert_string_equal(got, cases[i][1]);
    }
    FAILS(resolve("--take-over 2/3", got), LEM_EUSAGE, "--take-over needs --shard I/N");
    FAILS(resolve("--shard 1/2 --take-over 2/3,5/6", got), LEM_EUSAGE, "rows in common");
    FAILS(resolve("--shard 1/2 --take-over two", got), LEM_EUSAGE, "--take-over: shard 'two'");
    FAILS(resolve("--shard 1+2/4 --take-over 2/3", got), LEM_EUSAGE, "one part I/N");
    FAILS(resolve("--shard 3", got), LEM_EUSAGE, "shard '3': I/N expected");
    SET("A", "b");
    FAILS(resolve("--shard auto", got), LEM_EUSAGE, "none of the variables");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_hold_each_row_once),
        cmocka_unit_test(meeting_is_having_a_row_in_common),
        cmocka_unit_test(what_is_divided_stays_whole),
        cmocka_unit_test(labels_read_back),
        folder_test(names_say_the_shard),
        folder_test(neighbours_are_found),
        cmocka_unit_test(launchers_say_the_part),
        cmocka_unit_test(launchers_that_contradict),
        cmocka_unit_test(options_become_one_shard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
