/* test_syncs - what is written is on the disk before it counts: files are synced before they get their names,
 * the folders of names by who says that they are there (core/file.h), journals in groups
 *
 * The calls are this program's own: each is noted and then made. */
#include "support.h"

#include "core/journal.h"
#include "core/json.h"
#include "core/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>

static char seen[4096]; /* a letter a call: f file, d folder synced, j fdatasync, r renamed, x exchanged */

static void note(char what) {
    size_t n = strlen(seen);
    if (n + 1 < sizeof seen) seen[n] = what;
}

int fsync(int fd) {
    struct stat info;
    note(fstat(fd, &info) == 0 && S_ISDIR(info.st_mode) ? 'd' : 'f');
    return (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd) {
    note('j');
    return (int)syscall(SYS_fdatasync, fd);
}

int rename(const char *from, const char *to) {
    note('r');
    return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

static int no_exchange; /* the error of a file system that cannot exchange names; 0 = it can */

int renameat2(int a, const char *from, int b, const char *to, unsigned flags) {
    if (no_exchange && flags == RENAME_EXCHANGE) {
        errno = no_exchange;
        return -1;
    }
    note(flags == RENAME_EXCHANGE ? 'x' : 'r');
    return (int)syscall(SYS_renameat2, a, from, b, to, flags);
}

static void clear(void) { memset(seen, 0, sizeof seen); }

static void outputs(void **state) {
    lem_err err = LEM_ERR_INIT;
    const char *a = in_folder(state, "a"), *b = in_folder(state, "b");
    clear();
    assert_ok(lem_file_write_atomic(a, "x", 1, &err));
    assert_string_equal(seen, "fr");
    lem_out *o = NULL;
    clear();
    assert_ok(lem_out_open(b, false, &o, &err));
    assert_ok(lem_out_write(o, "x", 1, &err));
    assert_string_equal(seen, "");
    assert_ok(lem_out_commit(o, &err));
    lem_out_close(o);
    assert_string_equal(seen, "fr");
    clear();
    assert_ok(lem_file_rename(a, b, &err));
    assert_ok(lem_file_fsync_folder_of(b, &err));
    assert_string_equal(seen, "rd");
    clear();
    assert_ok(lem_dir_make(in_folder(state, "new"), &err)); /* the folder that it stands in */
    assert_string_equal(seen, "d");
    clear();
    assert_ok(lem_dir_replace(in_folder(state, "new"), in_folder(state, "place"), &err));
    assert_string_equal(seen, "drd"); /* the names in it, before it stands there */
}

/* A folder with one file of that name. */
static const char *folder_with(void **state, const char *dir, const char *name) {
    lem_err err = LEM_ERR_INIT;
    const char *path = in_folder(state, dir);
    assert_ok(lem_dir_make_temporary(path, &err));
    char *file = lem_path_join(path, name, &err);
    put_file(file, name, 1);
    lem_free(file);
    return path;
}

/* Replaces a folder with "old" by one with "new", beside what a lost run left; returns the calls. */
static const char *replaced(void **state, lem_status want) {
    lem_err err = LEM_ERR_INIT;
    const char *to = folder_with(state, "at", "old"), *from = folder_with(state, "from", "new");
    const char *aside = folder_with(state, "at.lemma-old", "older");
    clear();
    assert_int_equal(lem_dir_replace(from, to, &err), want);
    assert_true(lem_dir_has(to, want ? "old" : "new"));
    assert_false(lem_dir_has(to, want ? "new" : "old"));
    assert_true(lem_file_exists(from) == (want != LEM_OK) && lem_file_exists(aside) == (want != LEM_OK));
    assert_ok(lem_dir_remove(to, &err));
    return seen;
}

static void folders(void **state) {
    assert_string_equal(replaced(state, LEM_OK), "dxddd"); /* synced before the old one's files go */
    no_exchange = EINVAL;
    assert_string_equal(replaced(state, LEM_OK), "drrdd");
    no_exchange = EACCES;
    assert_string_equal(replaced(state, LEM_EIO), "d");
    no_exchange = 0;
}

static void journals(void **state) {
    lem_err err = LEM_ERR_INIT;
    lem_journal *j = NULL;
    clear();
    assert_ok(lem_journal_open(in_folder(state, "j"), "x", NULL, NULL, &j, NULL, &err));
    assert_string_equal(seen, "frd"); /* the header, and its name */
    for (int i = 0; i < 200; i++) {
        char id[16];
        snprintf(id, sizeof id, "%d", i);
        lem_json *r = lem_json_new_object();
        if (i % 64 == 0) clear();
        assert_ok(lem_journal_append(j, id, r, &err));
        lem_json_free(r);
        if (i % 64 == 63) assert_non_null(strchr(seen, 'j')); /* 64 records at most wait */
    }
    clear();
    lem_json *last = lem_json_new_object();
    assert_ok(lem_journal_append(j, "one", last, &err));
    lem_json_free(last);
    assert_ok(lem_journal_close(j, &err));
    assert_non_null(strchr(seen, 'j'));
}

int main(void) {
    const struct CMUnitTest tests[] = {folder_test(outputs), folder_test(folders), folder_test(journals)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
