/* fuzz_journal - damaged journals: what is replayed is a prefix of what was written, or the damage is named;
 * what is repaired opens
 *
 * First byte even: the rest is the file as it stands. Odd: the second byte is a number of records, a journal
 * of so many is made, and the rest edits it: (offset, offset, xor) each, a last byte cuts the end off. */
#include "core/file.h"
#include "core/journal.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_RECORDS = 20 };

typedef struct seen {
    int count;
    bool made_here; /* ids must be 0, 1, 2, … */
} seen;

static lem_status visit(void *ctx, const char *id, const lem_json *record, lem_err *err) {
    seen *s = ctx;
    char wanted[16];
    (void)err;
    snprintf(wanted, sizeof wanted, "%d", s->count);
    if (s->made_here && (strcmp(id, wanted) != 0 || lem_json_int(lem_json_get(record, "n"), -1) != s->count))
        __builtin_trap();
    s->count++;
    return LEM_OK;
}

static void append(lem_journal *j, int n) {
    lem_err err = LEM_ERR_INIT;
    char id[16];
    snprintf(id, sizeof id, "%d", n);
    lem_json *record = lem_json_new_object();
    if (!lem_json_set(record, "n", lem_json_new_int(n)) || lem_journal_append(j, id, record, &err) != LEM_OK)
        __builtin_trap();
    lem_json_free(record);
}

static void make_records(const char *path, int n) {
    lem_err err = LEM_ERR_INIT;
    lem_journal *j = NULL;
    if (lem_journal_open(path, "identity", NULL, NULL, &j, NULL, &err) != LEM_OK) __builtin_trap();
    for (int i = 0; i < n; i++) {
        append(j, i);
        if (i % 3 == 2 && lem_journal_sync(j, &err) != LEM_OK) __builtin_trap(); /* so that there are marks */
    }
    if (lem_journal_close(j, &err) != LEM_OK) __builtin_trap();
}

static void edit(int fd, const uint8_t *edits, size_t n) {
    off_t size = lseek(fd, 0, SEEK_END);
    for (; n >= 3; edits += 3, n -= 3) {
        uint8_t byte;
        off_t at = (edits[0] | edits[1] << 8) % size;
        if (pread(fd, &byte, 1, at) != 1) __builtin_trap();
        byte ^= edits[2];
        if (pwrite(fd, &byte, 1, at) != 1) __builtin_trap();
    }
    if (n && ftruncate(fd, size - edits[0] % size) != 0) __builtin_trap();
}

static lem_status count_loss(void *ctx, uint64_t line, uint64_t n, int64_t bytes, lem_err *err) {
    uint64_t *lines = ctx;
    (void)err;
    if (line < 2 || (n && bytes <= 0) || (!n && !bytes)) __builtin_trap();
    *lines += n;
    return LEM_OK;
}

/* All damage is told, a dry repair tells the same, and the repaired one has all whole records. */
static void repair(const char *path) {
    lem_err err = LEM_ERR_INIT;
    char aside[80];
    uint64_t dry = 0, lines = 0;
    lem_journal_repaired found, again;
    lem_journal *j = NULL;
    seen s = {.made_here = false};
    snprintf(aside, sizeof aside, "%s.damaged", path);
    lem_status st = lem_journal_repair(path, false, count_loss, &dry, &found, &err);
    if (st == LEM_OK) {
        if (lem_journal_repair(path, true, count_loss, &lines, &again, &err) != LEM_OK) __builtin_trap();
        if (dry != found.lines || lines != dry || memcmp(&found, &again, sizeof found) != 0) __builtin_trap();
        if (lem_journal_repair(path, false, NULL, NULL, &again, &err) != LEM_OK || again.lines)
            __builtin_trap();
        if (again.records != found.records) __builtin_trap();
        st = lem_journal_open(path, "identity", visit, &s, &j, NULL, &err);
        if (st == LEM_OK && (uint64_t)s.count != found.records) __builtin_trap();
        if (st == LEM_OK && lem_journal_close(j, &err) != LEM_OK) __builtin_trap();
        if (st != LEM_OK && st != LEM_EUSAGE) __builtin_trap(); /* somebody else's */
    }
    (void)unlink(aside);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char path[64];
    lem_err err = LEM_ERR_INIT;
    lem_journal *j = NULL;
    lem_journal_cut cut = {0, 0};
    if (size < 2) return 0;
    snprintf(path, sizeof path, "%s/fuzz-journal-%d", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp",
             (int)getpid());
    (void)unlink(path);
    seen first = {.made_here = data[0] & 1}, second = first;
    if (first.made_here) make_records(path, data[1] % MAX_RECORDS);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) __builtin_trap();
    if (first.made_here) edit(fd, data + 2, size - 2);
    else if (write(fd, data + 1, size - 1) != (ssize_t)(size - 1)) __builtin_trap();
    close(fd);
    lem_status st = lem_journal_open(path, "identity", visit, &first, &j, &cut, &err);
    if (st == LEM_OK) { /* what was accepted can be continued */
        append(j, first.count);
        if (lem_journal_close(j, &err) != LEM_OK) __builtin_trap();
        if (lem_journal_open(path, "identity", visit, &second, &j, &cut, &err) != LEM_OK) __builtin_trap();
        if (cut.bytes || second.count != first.count + 1 || lem_journal_close(j, &err) != LEM_OK)
            __builtin_trap();
    } else {
        if (strchr(err.text, '\n') || !strstr(err.text, path)) __builtin_trap();
        repair(path);
    }
    (void)unlink(path);
    return 0;
}
