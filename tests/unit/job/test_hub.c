/* test_hub.c - names of the Hub in a cache as its own programs lay it out; what is no such name */
#include "support.h"

#include "job/hub.h"

static const char *const roots[] = {"first", "second", NULL};

static void make(const char *root, const char *repo, const char *hash, const char *ref) {
    char command[512];
    snprintf(command, sizeof command, "mkdir -p %s/%s/snapshots/%s %s/%s/refs", root, repo, hash, root, repo);
    assert_int_equal(system(command), 0);
    snprintf(command, sizeof command, "%s/%s/refs/main", root, repo);
    if (ref) put(command, ref);
}

static void finds(const char *name, const char *want) {
    char *path = NULL;
    OK(lem_hub_find(roots, name, &path, &err));
    if (!want) assert_null(path);
    else if (!path || strcmp(path, want) != 0) fail_msg("%s: %s, not %s", name, path ? path : "none", want);
    lem_free(path);
}

static void in_the_cache(void **state) {
    (void)state;
    make("second", "models--Org--Model-1.5B", "aa11", "aa11\n");
    make("second", "models--Org--Model-1.5B", "bb22", NULL);
    finds("Org/Model-1.5B", "second/models--Org--Model-1.5B/snapshots/aa11");
    finds("Org/Model-1.5B/sub/x.json", "second/models--Org--Model-1.5B/snapshots/aa11/sub/x.json");
    make("first", "models--Org--Model-1.5B", "cc33", "cc33");
    finds("Org/Model-1.5B", "first/models--Org--Model-1.5B/snapshots/cc33"); /* roots in order */
    make("first", "models--Org--one", "dd44", NULL);
    finds("Org/one", "first/models--Org--one/snapshots/dd44"); /* the only one */
    make("first", "models--Org--one", "ee55", NULL);
    finds("Org/one", NULL); /* no reference says which */
    make("first", "models--Org--gone", "ee55", "ff66");
    finds("Org/gone", NULL); /* the snapshot was removed */
    make("first", "datasets--org--data", "ab", "ab");
    mkdir("first/datasets--org--data/snapshots/ab/data", 0777);
    finds("org/data", "first/datasets--org--data/snapshots/ab");
    put("first/datasets--org--data/snapshots/ab/data/test-0.jsonl", "{}");
    finds("org/data", "first/datasets--org--data/snapshots/ab/data");
    finds("org/data/data/test-*.jsonl", "first/datasets--org--data/snapshots/ab/data/test-*.jsonl");
}

/* What could lead out of the cache, or is here. */
static void no_names(void **state) {
    (void)state;
    make("first", "models--Org--Model", "aa11", "../../../../etc");
    finds("Org/Model",
          "first/models--Org--Model/snapshots/aa11"); /* by the only one: the reference is none */
    put("first/models--Org--Model/refs/main", "aa11");
    static const char *const not [] = {"Model",
                                       "/Org/Model",
                                       "./Org/Model",
                                       "../Org/Model",
                                       "Org//Model",
                                       "Org/../Model",
                                       "Org/Model/../../x",
                                       "Org/Mo del",
                                       "",
                                       "-",
                                       "Org/",
                                       "~/Model",
                                       "Org--x/Model"};
    for (size_t i = 0; i < sizeof not / sizeof *not ; i++) finds(not [i], NULL);
    mkdir("Org", 0777);
    finds("Org/Model", NULL); /* a folder of that name is here */
    char *path = NULL;
    OK(lem_hub_find(NULL, "X/Model", &path, &err));
    assert_null(path);
}

static void explained(void **state) {
    (void)state;
    err = (lem_err)LEM_ERR_INIT;
    (void)!lem_fail(&err, LEM_EDATA, "A/b: no such file");
    lem_hub_explain(roots, "A/b", &err);
    assert_string_equal(err.text,
                        "A/b: no such file, nothing is downloaded; looked for models--A--b and "
                        "datasets--A--b in first, second; to fetch it: hf download A/b (a data set: with "
                        "--repo-type dataset)");
    lem_hub_explain(roots, "A/b", &err); /* once */
    assert_null(strstr(strstr(err.text, "hf download") + 1, "hf download"));
    (void)!lem_fail(&err, LEM_EDATA, "c.jsonl: no such file");
    lem_hub_explain(roots, "A/b", &err);
    assert_string_equal(err.text, "c.jsonl: no such file"); /* of another input */
    (void)!lem_fail(&err, LEM_EUSAGE, "A/b: no");
    lem_hub_explain(roots, "A/b", &err);
    assert_string_equal(err.text, "A/b: no");
}

int main(void) {
    const struct CMUnitTest tests[] = {folder_test(in_the_cache), folder_test(no_names),
                                       folder_test(explained)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
