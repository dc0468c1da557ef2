/* test_journal - replay, torn tails at every byte, damage in every bit, identities, locks, full disks,
 * threads, kills */
#include "support.h"

#include "core/hash.h"
#include "core/journal.h"
#include "core/mem.h"

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

typedef struct seen {
    int count;
    bool ordered; /* record i has id "i" and n = i */
    int stop_at;  /* visit fails there; 0 = never */
} seen;

static lem_status visit(void *ctx, const char *id, const lem_json *record, lem_err *err) {
    seen *s = ctx;
    if (s->ordered) {
        assert_int_equal(atoi(id), s->count);
        assert_int_equal(lem_json_int(lem_json_get(record, "n"), -1), s->count);
    }
    s->count++;
    if (s->stop_at && s->count == s->stop_at) return lem_fail(err, LEM_ENUMERIC, "stopped");
    return LEM_OK;
}

static lem_status append(lem_journal *j, int n, lem_err *err) {
    char id[16];
    snprintf(id, sizeof id, "%d", n);
    lem_json *record = lem_json_new_object();
    bool made = lem_json_set(record, "n", lem_json_new_int(n)) &&
                lem_json_set(record, "text", lem_json_new_str("line\nbreak é"));
    lem_status st = made ? lem_journal_append(j, id, record, err) : LEM_EMEM;
    if (st == LEM_OK) assert_string_equal(lem_json_str(lem_json_get(record, "_id"), ""), id);
    lem_json_free(record);
    return st;
}

static void make(const char *path, int from, int to) {
    lem_err err = LEM_ERR_INIT;
    lem_journal *j;
    assert_ok(lem_journal_open(path, "id-1", NULL, NULL, &j, NULL, &err));
    for (int i = from; i < to; i++) assert_ok(append(j, i, &err));
    assert_ok(lem_journal_close(j, &err));
}

/* Opens and closes; the number of records, or -1 with err. */
static int replay(const char *path, lem_journal_cut *cut, lem_err *err) {
    seen s = {.ordered = true};
    lem_journal *j = NULL;
    if (lem_journal_open(path, "id-1", visit, &s, &j, cut, err) != LEM_OK) return -1;
    assert_ok_(lem_journal_close(j, err), err, "close", __FILE__, __LINE__);
    return s.count;
}

static void round_trip(void **state) {
    lem_err err = LEM_ERR_INIT;
    const char *path = in_folder(state, "j");
    lem_journal_cut cut = {99, 99};
    assert_int_equal(replay(path, &cut, &err), 0);
    assert_int_equal(cut.bytes + cut.lines, 0);
    make(path, 0, 200);
    assert_int_equal(replay(path, &cut, &err), 200);
    make(path, 200, 201);
    assert_int_equal(replay(path, NULL, &err), 201);
    assert_ok(lem_journal_close(NULL, &err));
}

static void refusals(void **state) {
    lem_err err = LEM_ERR_INIT;
    lem_journal *j, *k;
    seen s = {.stop_at = 3};
    const char *path = in_folder(state, "j"), *other = in_folder(state, "other");
    make(path, 0, 5);
    assert_int_equal(lem_journal_open(path, "id-2", NULL, NULL, &j, NULL, &err), LEM_EUSAGE);
    assert_has(err.text, "id-1");
    assert_int_equal(lem_journal_open(path, "id-1", visit, &s, &j, NULL, &err), LEM_ENUMERIC);
    assert_int_equal(s.count, 3);
    assert_ok(lem_journal_open(path, "id-1", NULL, NULL, &j, NULL, &err));
    assert_int_equal(lem_journal_open(path, "id-1", NULL, NULL, &k, NULL, &err), LEM_EIO);
    assert_has(err.text, "locked by another run");
    assert_ok(lem_journal_close(j, &err));
    static const char *const texts[] = {
        "", "hello", "hello\n", "{\"a\":1}\n{\"a\":2}\n", "0123abcd", "0123abcd {\"lemma\":1}\n", "\n"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) { /* somebody's own file is never cut */
        size_t n;
        put_file(other, texts[i], strlen(texts[i]));
        assert_int_equal(lem_journal_open(other, "id-1", NULL, NULL, &j, NULL, &err), LEM_EDATA);
        char *text = get_file(other, &n);
        assert_string_equal(text, texts[i]);
        free(text);
    }
    assert_int_equal(lem_journal_open(in_folder(state, "no/j"), "id-1", NULL, NULL, &j, NULL, &err), LEM_EIO);
    assert_int_equal(lem_journal_open(((folder *)*state)->path, "id-1", NULL, NULL, &j, NULL, &err), LEM_EIO);
}

/* Reading gives what opening gives, changes no byte, and does not come between two who read. */
static void reading_changes_nothing(void **state) {
    lem_err err = LEM_ERR_INIT;
    lem_journal *j;
    size_t before, after;
    const char *path = in_folder(state, "j");
    assert_int_equal(lem_journal_read(path, "id-1", visit, &(seen){.count = 0}, &err), LEM_EIO);
    make(path, 0, 70);
    FILE *f = fopen(path, "ab");
    assert_true(fputs("0123abcd {\"n\":", f) > 0); /* a torn tail */
    fclose(f);
    char *text = get_file(path, &before);
    seen s = {.ordered = true};
    assert_ok(lem_journal_read(path, "id-1", visit, &s, &err));
    assert_int_equal(s.count, 70);
    char *again = get_file(path, &after);
    assert_int_equal(after, before);
    assert_memory_equal(again, text, before);
    free(text);
    free(again);
    assert_int_equal(lem_journal_read(path, "id-2", visit, &s, &err), LEM_EUSAGE);
    s = (seen){.stop_at = 3};
    assert_int_equal(lem_journal_read(path, "id-1", visit, &s, &err), LEM_ENUMERIC);
    assert_ok(lem_journal_open(path, "id-1", NULL, NULL, &j, NULL, &err));
    assert_int_equal(lem_journal_read(path, "id-1", visit, &s, &err), LEM_EIO);
    assert_has(err.text, "locked by another run");
    s = (seen){.ordered = true};
    assert_ok(lem_journal_peek(path, visit, &s, &err)); /* while a run has it open, and whosever it is */
    assert_int_equal(s.count, 70);
    assert_ok(lem_journal_close(j, &err));
    assert_int_equal(replay(path, NULL, &err), 70);
    assert_int_equal(lem_journal_peek("/nonexistent/j", visit, &s, &err), LEM_EIO);
}

/* Four records, and a mark behind the second where it is asked for. */
static char *make_marked(const char *path, bool marked, size_t *n) {
    lem_err err = LEM_ERR_INIT;
    lem_journal *j;
    assert_ok(lem_journal_open(path, "id-1", NULL, NULL, &j, NULL, &err));
    for (int i = 0; i < 4; i++) {
        if (marked && i == 2) assert_ok(lem_journal_sync(j, &err));
        assert_ok(append(j, i, &err));
    }
    assert_ok(lem_journal_close(j, &err));
    return get_file(path, n);
}

/* Where line i begins, from 0; the end where there are no more. */
static size_t line_at(const char *text, size_t n, int i) {
    size_t at = 0;
    while (i-- > 0 && at < n) at = (size_t)((char *)memchr(text + at, '\n', n - at) - text) + 1;
    return at;
}

/* Cut at every byte behind the header, and cut with rubbish behind: all whole records remain, what is cut is
 * counted, and the journal goes on from there. */
static void torn_tail(void **state) {
    const char *path = in_folder(state, "j");
    size_t n;
    char *whole = make_marked(path, false, &n);
    static const char *const rubbish[] = {"", "\0\0\0\0\0\0", "\n\n", "garbage\nmore\n"};
    static const size_t sizes[] = {0, 6, 2, 13};
    for (int k = 0; k < 4; k++) {
        for (size_t cut = line_at(whole, n, 1); cut <= n; cut++) {
            lem_err err = LEM_ERR_INIT;
            int records = -1; /* whole lines up to the cut, less the header */
            size_t good = 0;
            for (size_t i = 0; i < cut; i++) {
                if (whole[i] == '\n') records++, good = i + 1;
            }
            put_file(path, whole, cut);
            FILE *f = fopen(path, "ab");
            fwrite(rubbish[k], 1, sizes[k], f);
            fclose(f);
            lem_journal_cut lost = {0, 0};
            /* Rubbish that begins with "\n" completes a line that lacks nothing else. */
            bool completed = sizes[k] && rubbish[k][0] == '\n' && cut < n && whole[cut] == '\n';
            if (completed) records++, good = cut + 1;
            int got = replay(path, &lost, &err);
            if (got < 0) fail_msg("cut %zu: %s", cut, err.text);
            assert_int_equal(got, records);
            assert_int_equal(lost.bytes, cut + sizes[k] - good);
            assert_int_equal(lost.lines > 0, lost.bytes > 0);
            make(path, got, got + 1);
            assert_int_equal(replay(path, &lost, &err), got + 1);
            assert_int_equal(lost.bytes, 0);
        }
    }
    free(whole);
}

static void refuses_and_keeps(const char *path, const char *text, size_t n) {
    lem_err err = LEM_ERR_INIT;
    lem_journal *j;
    size_t size;
    put_file(path, text, n);
    assert_int_equal(lem_journal_open(path, "id-1", NULL, NULL, &j, NULL, &err), LEM_EDATA);
    assert_has(err.text, path);
    assert_has(err.text, "--fresh");
    char *kept = get_file(path, &size); /* and nothing was cut */
    assert_int_equal(size, n);
    assert_memory_equal(kept, text, n);
    free(kept);
}

/* Every single bit. Behind the mark: that record and what follows it is cut. Before it: the damage is named.
 * Never a changed record. */
static void flipped_bits(void **state) {
    const char *path = in_folder(state, "j");
    size_t n;
    char *whole = make_marked(path, true, &n);
    for (size_t bit = 0; bit < n * 8; bit++) {
        lem_err err = LEM_ERR_INIT;
        lem_journal_cut lost = {0, 0};
        int line = 0;                                       /* header, 0, 1, mark, 2, 3 */
        bool unmarks = bit / 8 + 1 == line_at(whole, n, 3); /* the end of the line before the mark */
        while (line_at(whole, n, line + 1) <= bit / 8) line++;
        bool joined =
            unmarks || bit / 8 + 1 == line_at(whole, n, line + 1) || line_at(whole, n, line + 1) == n;
        whole[bit / 8] ^= (char)(1 << bit % 8);
        if (line < 3 && !unmarks) refuses_and_keeps(path, whole, n);
        else {
            put_file(path, whole, n);
            assert_int_equal(replay(path, &lost, &err), line == 5 ? 3 : 2 - unmarks);
            assert_true(joined || lost.lines >= (uint64_t)(6 - line)); /* a flip may make a line end */
            assert_true(lost.bytes > 0);
        }
        whole[bit / 8] ^= (char)(1 << bit % 8);
    }
    free(whole);
}

/* Lines that are gone or doubled before a mark are damage too, though each that is there is whole. */
static void missing_lines(void **state) {
    const char *path = in_folder(state, "j");
    size_t n;
    char *whole = make_marked(path, true, &n), *other = malloc(2 * n);
    size_t at = line_at(whole, n, 1), end = line_at(whole, n, 2);
    memcpy(other, whole, at);
    memcpy(other + at, whole + end, n - end);
    refuses_and_keeps(path, other, n - (end - at));
    memcpy(other, whole, end);
    memcpy(other + end, whole + at, n - at);
    refuses_and_keeps(path, other, n + end - at);
    static const char old[] = "{\"lemma_journal\":1,\"identity\":\"id-1\"}"; /* of an older program */
    int k = sprintf(other, "%08x %s\n", lem_crc32c(0, old, sizeof old - 1), old);
    refuses_and_keeps(path, other, (size_t)k);
    free(other);
    free(whole);
}

/* What a power loss may leave of a group that was never synced: any part of it as zeros, with whole records
 * behind. All of it goes. */
static void holes(void **state) {
    const char *path = in_folder(state, "j");
    size_t n;
    char *whole = make_marked(path, true, &n), *other = malloc(n);
    for (int line = 3; line < 6; line++) {
        lem_err err = LEM_ERR_INIT;
        lem_journal_cut lost = {0, 0};
        size_t at = line_at(whole, n, line), end = line_at(whole, n, line + 1);
        memcpy(other, whole, n);
        memset(other + at, 0, end - at);
        put_file(path, other, n);
        assert_int_equal(replay(path, &lost, &err), line == 5 ? 3 : 2);
        assert_int_equal(lost.bytes, n - at);
        make(path, 2, 4);
        assert_int_equal(lem_journal_read(path, "id-1", NULL, NULL, &err), LEM_OK);
    }
    free(other);
    free(whole);
}

typedef struct losses {
    int n;
    uint64_t line[8], lines[8];
    int64_t bytes[8];
} losses;

static lem_status note_loss(void *ctx, uint64_t line, uint64_t n, int64_t bytes, lem_err *err) {
    losses *l = ctx;
    (void)err;
    assert_in_range(l->n, 0, 7);
    l->line[l->n] = line;
    l->lines[l->n] = n;
    l->bytes[l->n++] = bytes;
    return LEM_OK;
}

static lem_status count(void *ctx, const char *id, const lem_json *record, lem_err *err) {
    (void)id;
    (void)record;
    (void)err;
    ++*(int *)ctx;
    return LEM_OK;
}

/* Every line damaged in turn, and every line taken out: the others are kept, the loss is told, the old file
 * stays beside. */
static void repaired(void **state) {
    const char *path = in_folder(state, "j"), *aside = in_folder(state, "j.damaged");
    size_t n, size;
    char *whole = make_marked(path, true, &n), *other = malloc(n);
    for (int line = 1; line < 6; line++)
        for (int out = 0; out < 2; out++) {
            lem_err err = LEM_ERR_INIT;
            lem_journal *j;
            losses l = {0};
            lem_journal_repaired r = {0};
            size_t at = line_at(whole, n, line), end = line_at(whole, n, line + 1);
            memcpy(other, whole, n);
            if (out) memmove(other + at, other + end, n - end);
            else other[at + 12] ^= 4;
            put_file(path, other, out ? n - (end - at) : n);
            assert_ok(lem_journal_repair(path, false, note_loss, &l, &r, &err));
            bool before = line < 3; /* the mark */
            assert_int_equal(r.records, line == 3 ? 4 : 3);
            assert_int_equal(l.n, out ? before : 1);
            if (l.n) {
                assert_int_equal(l.line[0], out ? 3 : line + 1);
                assert_int_equal(l.lines[0], !out);
                assert_int_equal(l.bytes[0], end - at);
            }
            assert_false(lem_file_exists(aside));
            l.n = 0;
            assert_ok(lem_journal_repair(path, true, note_loss, &l, &r, &err));
            int records = 0;
            assert_ok(lem_journal_open(path, "id-1", count, &records, &j, NULL, &err));
            assert_ok(lem_journal_close(j, &err));
            assert_int_equal(records, r.records);
            if (l.n) {
                free(get_file(aside, &size));
                assert_int_equal(size, out ? n - (end - at) : n);
                put_file(path, other, n - 3); /* damaged again: what is put aside is not written over */
                assert_int_equal(lem_journal_repair(path, true, NULL, NULL, &r, &err), LEM_EUSAGE);
                assert_int_equal(unlink(aside), 0);
            }
        }
    lem_err err = LEM_ERR_INIT;
    lem_journal_repaired r;
    whole[3] ^= 1;
    put_file(path, whole, n);
    assert_int_equal(lem_journal_repair(path, true, NULL, NULL, &r, &err), LEM_EDATA);
    free(other);
    free(whole);
}

static void names_the_line(void **state) {
    lem_err err = LEM_ERR_INIT;
    const char *path = in_folder(state, "j");
    size_t n;
    char *whole = make_marked(path, true, &n), *second = strchr(strchr(whole, '\n') + 1, '\n') + 1;
    second[20] ^= 1;
    put_file(path, whole, n);
    free(whole);
    assert_int_equal(replay(path, NULL, &err), -1);
    assert_has(err.text, "damaged in line 3");
    assert_has(err.text, "lemma repair");
}

/* The first failure stays: later appends are refused even when there is room again, and what was whole before
 * remains. */
static void disk_full(void **state) {
    const char *path = in_folder(state, "j");
    make(path, 0, 3);
    pid_t child = fork();
    if (child == 0) {
        lem_err err = LEM_ERR_INIT;
        lem_journal *j;
        uint64_t size;
        signal(SIGXFSZ, SIG_IGN);
        if (lem_journal_open(path, "id-1", NULL, NULL, &j, NULL, &err) != LEM_OK ||
            lem_file_size(path, &size, &err) != LEM_OK)
            _exit(1);
        struct rlimit r = {size + 20, RLIM_INFINITY};
        setrlimit(RLIMIT_FSIZE, &r);
        if (append(j, 3, &err) != LEM_EIO || !strstr(err.text, "File too large")) _exit(2);
        r.rlim_cur = RLIM_INFINITY;
        setrlimit(RLIMIT_FSIZE, &r);
        if (append(j, 3, &err) != LEM_EIO || !strstr(err.text, "earlier write failed")) _exit(3);
        if (lem_journal_sync(j, &err) != LEM_EIO) _exit(4);
        _exit(lem_journal_close(j, &err) == LEM_EIO ? 0 : 5);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    lem_err err = LEM_ERR_INIT;
    lem_journal_cut cut = {0, 0};
    assert_int_equal(replay(path, &cut, &err), 3);
    assert_int_equal(cut.bytes, 0); /* the half line was taken back at once */
}

/* Killed without warning: every record whose append had returned is there. */
static void killed(void **state) {
    const char *path = in_folder(state, "j");
    for (int round = 0; round < 10; round++) {
        int report[2], acknowledged = 0, n;
        lem_err err = LEM_ERR_INIT;
        assert_int_equal(pipe(report), 0);
        int before = replay(path, NULL, &err);
        assert_true(before >= 0);
        pid_t child = fork();
        if (child == 0) {
            lem_journal *j;
            if (lem_journal_open(path, "id-1", NULL, NULL, &j, NULL, &err) != LEM_OK) _exit(1);
            for (int i = before;; i++) {
                int next = i + 1;
                if (append(j, i, &err) != LEM_OK || write(report[1], &next, sizeof next) != sizeof next)
                    _exit(1);
            }
        }
        close(report[1]);
        for (int i = 0; i < 40 + round * 7; i++) assert_int_equal(read(report[0], &n, sizeof n), sizeof n);
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        do acknowledged = n;
        while (read(report[0], &n, sizeof n) == sizeof n);
        acknowledged = n > acknowledged ? n : acknowledged;
        close(report[0]);
        int after = replay(path, NULL, &err);
        assert_true(after >= acknowledged && after <= acknowledged + 1);
    }
}

typedef struct writer {
    lem_journal *j;
    int from;
} writer;

static void *write_some(void *arg) {
    writer *w = arg;
    lem_err err = LEM_ERR_INIT;
    for (int i = 0; i < 200; i++) {
        if (append(w->j, w->from + i, &err) != LEM_OK) abort();
    }
    return NULL;
}

static lem_status mark(void *ctx, const char *id, const lem_json *record, lem_err *err) {
    (void)record;
    (void)err;
    ((int *)ctx)[atoi(id)]++;
    return LEM_OK;
}

static void threads(void **state) {
    const char *path = in_folder(state, "j");
    lem_err err = LEM_ERR_INIT;
    lem_journal *j;
    pthread_t t[4];
    writer w[4];
    int marks[800] = {0};
    assert_ok(lem_journal_open(path, "id-1", NULL, NULL, &j, NULL, &err));
    for (int i = 0; i < 4; i++) {
        w[i] = (writer){j, i * 200};
        assert_int_equal(pthread_create(&t[i], NULL, write_some, &w[i]), 0);
    }
    for (int i = 0; i < 4; i++) pthread_join(t[i], NULL);
    assert_ok(lem_journal_sync(j, &err));
    assert_ok(lem_journal_close(j, &err));
    assert_ok(lem_journal_open(path, "id-1", mark, marks, &j, NULL, &err));
    assert_ok(lem_journal_close(j, &err));
    for (int i = 0; i < 800; i++) assert_int_equal(marks[i], 1);
}

/* At every allocation of opening and appending: a clean error, and the file stays valid. */
static void out_of_memory(void **state) {
    const char *path = in_folder(state, "j"), *fresh = in_folder(state, "fresh");
    make(path, 0, 3);
    for (int made = 0; made < 2; made++) {
        for (int sticky = 0; sticky < 2; sticky++) {
            uint64_t k = 1;
            for (;; k++) {
                lem_err err = LEM_ERR_INIT;
                lem_journal *j = NULL;
                seen s = {.ordered = true};
                lem_mem_fail_after(k, sticky);
                lem_status st = lem_journal_open(made ? path : fresh, "id-1", visit, &s, &j, NULL, &err);
                bool opened = st == LEM_OK;
                if (opened) st = append(j, s.count, &err);
                lem_mem_fail_after(0, false);
                if (opened) assert_ok(lem_journal_close(j, &err));
                if (st == LEM_OK) break;
                assert_int_equal(st, LEM_EMEM);
            }
            assert_true(k > 4);
            lem_err err = LEM_ERR_INIT;
            assert_int_equal(replay(made ? path : fresh, NULL, &err), made ? 4 + sticky : 1 + sticky);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {folder_test(round_trip),
                                       folder_test(refusals),
                                       folder_test(torn_tail),
                                       folder_test(flipped_bits),
                                       folder_test(missing_lines),
                                       folder_test(holes),
                                       folder_test(repaired),
                                       folder_test(names_the_line),
                                       folder_test(disk_full),
                                       folder_test(killed),
                                       folder_test(threads),
                                       folder_test(out_of_memory),
                                       folder_test(reading_changes_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
