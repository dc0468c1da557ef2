/* test_digest - files by content, folders by what makes results, and what is remembered */
#include "job/digest.h"

#include "core/hash.h"
#include "support.h"

#include <fcntl.h>
#include <time.h>

enum { LARGE = 1 << 20 };

static const char *digest_with(const char *path, const char *cache) {
    static char hex[8][65];
    static int next;
    char *out = hex[next++ % 8];
    OK(lem_digest_path(path, cache, out, NULL, &err));
    assert_int_equal(strspn(out, "0123456789abcdef"), 64);
    return out;
}
static const char *digest(const char *path) { return digest_with(path, NULL); }

static void put_large(const char *path, char filling) {
    static char data[LARGE];
    memset(data, filling, sizeof data);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, sizeof data, f), sizeof data);
    assert_int_equal(fclose(f), 0);
}

static void wait_until(double when) {
    struct timespec now;
    do {
        usleep(5000);
        clock_gettime(CLOCK_REALTIME, &now);
    } while ((double)now.tv_sec + 1e-9 * (double)now.tv_nsec < when);
}

static double changed_at(const char *path) {
    struct stat s;
    assert_int_equal(stat(path, &s), 0);
    return (double)s.st_ctim.tv_sec + 1e-9 * (double)s.st_ctim.tv_nsec;
}

static void a_file_is_its_bytes(void **state) {
    (void)state;
    char hex[65];
    lem_json *files = (lem_json *)1;
    put("a", "some bytes");
    put("b", "some bytes");
    put("c", "other bytes");
    lem_sha256_hex("some bytes", 10, hex);
    assert_string_equal(digest("a"), hex);
    assert_string_equal(digest("b"), hex);
    assert_string_not_equal(digest("c"), hex);
    OK(lem_digest_path("a", NULL, hex, &files, &err));
    assert_null(files);
    put("a", "");
    lem_sha256_hex("", 0, hex);
    assert_string_equal(digest("a"), hex);
}

static void a_large_file(void **state) {
    (void)state;
    char hex[65];
    put_large("l", 'x');
    OK(lem_sha256_file("l", hex, &err));
    assert_string_equal(digest("l"), hex);
    assert_string_equal(digest_with("l", "cache"), hex);
}

static void an_absent_path(void **state) {
    (void)state;
    char hex[65] = "kept";
    lem_json *files = (lem_json *)1;
    FAILS(lem_digest_path("none", NULL, hex, &files, &err), LEM_EDATA, "none: no such file");
    assert_string_equal(hex, "kept");
    assert_ptr_equal(files, (lem_json *)1);
}

static void a_model_folder(void **state) {
    static const char *const counts[] = {"config.json",     "lemma.json",          "tokenizer.json",
                                         "tokenizer.model", "chat_template.jinja", "model.safetensors",
                                         "head.safetensors"};
    static const char *const does_not[] = {"README.md",  "manifest.json", "timing.json",
                                           "losses.csv", ".hidden",       "stages.txt"};
    (void)state;
    OK(lem_dir_make("m", &err));
    put("m/config.json", "{}");
    put("m/model.safetensors.index.json", "{}");
    for (int i = 0; i < COUNT(does_not) + COUNT(counts); i++) {
        const char *name = i < COUNT(counts) ? counts[i] : does_not[i - COUNT(counts)];
        char path[64];
        const char *before = digest("m");
        snprintf(path, sizeof path, "m/%s", name);
        put(path, "changed");
        bool changed = strcmp(before, digest("m")) != 0;
        if (changed != (i < COUNT(counts))) fail_msg("%s: %d", name, changed);
    }
}

static void another_folder(void **state) {
    (void)state;
    lem_json *files = NULL;
    char hex[65];
    OK(lem_dir_make("d/inner", &err));
    put("d/a", "1");
    put("d/b", "2");
    const char *before = digest("d");
    put("d/.hidden", "x");
    put("d/manifest.json", "x");
    put("d/timing.json", "x");
    put("d/inner/x", "x");
    assert_string_equal(digest("d"), before);
    OK(lem_digest_path("d", NULL, hex, &files, &err));
    assert_int_equal(lem_json_count(files), 2);
    assert_string_equal(lem_json_str(lem_json_get(files, "a"), ""), digest("d/a"));
    lem_json_free(files);
    OK(lem_file_rename("d", "e", &err));
    assert_string_equal(digest("e"), before); /* its own name does not count */
    OK(lem_file_rename("e/a", "e/c", &err));
    assert_string_not_equal(digest("e"), before); /* those in it do */
    OK(lem_file_rename("e/c", "e/a", &err));
    put("e/b", "3");
    assert_string_not_equal(digest("e"), before);
    put("e/b", "2");
    put("e/c", "");
    assert_string_not_equal(digest("e"), before);
}

static const char *input(const char *path) {
    static char hex[16][65];
    static int next;
    char *out = hex[next++ % 16];
    OK(lem_digest_input(path, NULL, out, NULL, &err));
    return out;
}

static void a_folder_of_data(void **state) {
    (void)state;
    lem_json *files = NULL;
    char hex[65];
    OK(lem_dir_make("d/inner", &err));
    put("d/b.jsonl", "1");
    put("d/a.csv", "2");
    const char *before = input("d");
    assert_string_not_equal(before, digest("d"));
    /* What is not read does not count. */
    put("d/README.md", "x");
    put("d/.hidden.jsonl", "x");
    put("d/b.jsonl.manifest.json", "{}");
    put("d/inner/c.jsonl", "x");
    assert_string_equal(input("d"), before);
    OK(lem_digest_input("d", NULL, hex, &files, &err));
    assert_int_equal(lem_json_count(files), 2);
    assert_string_equal(lem_json_str(lem_json_get(files, "a.csv"), ""), digest("d/a.csv"));
    lem_json_free(files);
    /* The same contents in the same order, under other names, and as a pattern. */
    OK(lem_file_rename("d/b.jsonl", "d/c.jsonl", &err));
    assert_string_equal(input("d"), before);
    assert_string_equal(input("d/[ac].*"), before);
    OK(lem_file_rename("d/c.jsonl", "d/a.aaa.jsonl", &err)); /* now first */
    assert_string_not_equal(input("d"), before);
    OK(lem_file_rename("d/a.aaa.jsonl", "d/b.jsonl", &err));
    /* One changed, one more, one less. */
    put("d/b.jsonl", "3");
    assert_string_not_equal(input("d"), before);
    put("d/b.jsonl", "1");
    put("d/c.jsonl", "");
    assert_string_not_equal(input("d"), before);
    assert_string_not_equal(input("d/*.jsonl"), input("d"));
    assert_int_equal(unlink("d/c.jsonl"), 0);
    assert_string_equal(input("d"), before);
    assert_int_equal(unlink("d/b.jsonl"), 0);
    assert_string_not_equal(input("d"), before);
    /* A file is what it was, and so is a folder without data. */
    assert_string_equal(input("d/a.csv"), digest("d/a.csv"));
    assert_string_equal(input("d/inner/../../d/a.csv"), digest("d/a.csv"));
    OK(lem_dir_make("e", &err));
    put("e/notes", "x");
    assert_string_equal(input("e"), digest("e"));
    FAILS(lem_digest_input("d/*.none", NULL, hex, NULL, &err), LEM_EDATA, "no file matches this pattern");
}

static void a_saved_data_set(void **state) {
    (void)state;
    OK(lem_dir_make("s", &err));
    put("s/1.arrow", "1");
    put("s/2.arrow", "2");
    put("s/state.json", "{\"_data_files\":[{\"filename\":\"2.arrow\"},{\"filename\":\"1.arrow\"}]}");
    const char *before = input("s");
    put("s/dataset_info.json", "{}");
    put("s/3.arrow", "3");
    assert_string_equal(input("s"), before);
    put("s/state.json", "{\"_data_files\":[{\"filename\":\"1.arrow\"},{\"filename\":\"2.arrow\"}]}");
    assert_string_not_equal(input("s"), before);
    put("s/state.json", "{\"_data_files\":[{\"filename\":\"9.arrow\"}]}");
    char hex[65];
    FAILS(lem_digest_input("s", NULL, hex, NULL, &err), LEM_EDATA, "s/9.arrow: no such file");
}

static void a_model_folder_is_no_data(void **state) {
    (void)state;
    OK(lem_dir_make("m", &err));
    put("m/config.json", "{}");
    put("m/telemetry.jsonl", "{}");
    const char *before = input("m");
    assert_string_equal(before, digest("m"));
    put("m/telemetry.jsonl", "{\"a\":1}");
    assert_string_equal(input("m"), before);
    put("m/config.json", "{\"a\":1}");
    assert_string_not_equal(input("m"), before);
}

static void a_pipe_as_data(void **state) {
    (void)state;
    char hex[65];
    OK(lem_dir_make("d", &err));
    assert_int_equal(mkfifo("d/pipe.jsonl", 0600), 0);
    alarm(10);
    FAILS(lem_digest_input("d", NULL, hex, NULL, &err), LEM_EDATA, "d/pipe.jsonl: a plain file is expected");
    alarm(0);
}

/* Only plain files: a pipe without a writer would be waited for. */
static void a_pipe_in_a_folder(void **state) {
    (void)state;
    OK(lem_dir_make("d", &err));
    put("d/a", "1");
    const char *before = digest("d");
    assert_int_equal(mkfifo("d/pipe", 0600), 0);
    alarm(10);
    assert_string_equal(digest("d"), before);
    alarm(0);
}

static void young_files_are_not_remembered(void **state) {
    (void)state;
    put_large("l", 'x');
    (void)digest_with("l", "cache");
    assert_false(there("cache/digests"));
    wait_until(changed_at("l") + 3.1);
    (void)digest_with("l", "cache");
    assert_true(there("cache/digests"));
    HAS(get("cache/digests"), digest("l"));
}

/* Whole seconds are too coarse: this one is 1.3 s old, though the second after next has begun. */
static void two_seconds_are_two_seconds(void **state) {
    (void)state;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    wait_until((double)now.tv_sec + 0.85 + (now.tv_nsec > 800000000));
    put_large("l", 'x');
    wait_until(changed_at("l") + 1.3);
    (void)digest_with("l", "cache");
    assert_false(there("cache/digests"));
}

/* A line of the memory for this file that says something false: whoever believes it has not read the file. */
static void plant(const char *path, const char *hex, const char *tail) {
    struct stat s;
    FILE *f = fopen("cache/digests", "a");
    assert_non_null(f);
    assert_int_equal(stat(path, &s), 0);
    fprintf(f, "%llu %llu %lld %lld.%09ld %lld.%09ld %s%s", (unsigned long long)s.st_dev,
            (unsigned long long)s.st_ino, (long long)s.st_size, (long long)s.st_mtim.tv_sec,
            s.st_mtim.tv_nsec, (long long)s.st_ctim.tv_sec, s.st_ctim.tv_nsec, hex, tail);
    fclose(f);
}

static void large_files_are_read_once(void **state) {
    (void)state;
    char false_hex[65], other[65];
    memset(false_hex, 'a', 64);
    memset(other, 'b', 64);
    false_hex[64] = other[64] = '\0';
    OK(lem_dir_make("cache", &err));
    put_large("l", 'x');
    const char *real = digest("l");
    plant("l", false_hex, "\n");
    assert_string_equal(digest_with("l", "cache"), false_hex);
    plant("l", other, "\n");
    assert_string_equal(digest_with("l", "cache"), other); /* the last line counts */
    assert_string_equal(digest("l"), real);
    put_large("l", 'y'); /* other times */
    assert_string_equal(digest_with("l", "cache"), digest("l"));
    put("small", "small");
    plant("small", false_hex, "\n");
    assert_string_equal(digest_with("small", "cache"), digest("small")); /* small ones are read */
}

static void broken_memory_is_ignored(void **state) {
    (void)state;
    char hex[65];
    memset(hex, 'a', 64);
    hex[64] = '\0';
    OK(lem_dir_make("cache", &err));
    put_large("l", 'x');
    const char *real = digest("l");
    plant("l", "abc", "\n");                /* too short */
    plant("l", hex, "a\n");                 /* too long */
    plant("l", "", "\nwords\n\n1 2 3\n\t"); /* none, and other lines */
    plant("l", "zz", "zz");
    assert_string_equal(digest_with("l", "cache"), real);
    put("not-a-folder", "x");
    assert_string_equal(digest_with("l", "not-a-folder"), real);
    OK(lem_dir_make("c/digests", &err));
    assert_string_equal(digest_with("l", "c"), real);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        folder_test(a_file_is_its_bytes),
        folder_test(a_large_file),
        folder_test(an_absent_path),
        folder_test(a_model_folder),
        folder_test(another_folder),
        folder_test(a_pipe_in_a_folder),
        folder_test(a_folder_of_data),
        folder_test(a_saved_data_set),
        folder_test(a_model_folder_is_no_data),
        folder_test(a_pipe_as_data),
        folder_test(young_files_are_not_remembered),
        folder_test(two_seconds_are_two_seconds),
        folder_test(large_files_are_read_once),
        folder_test(broken_memory_is_ignored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
