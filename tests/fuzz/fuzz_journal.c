/* fuzz_journal - damaged journals: what is replayed is a prefix of what was written, or the damage is named
 *
 * First byte even: the rest is the file as it stands. Odd: the second byte is a number of records, a journal
 * of so many is made, and the rest edits it: (offset, offset, xor) each, a last byte cuts the end off. */
#include "core/file.h"
#include "core/journal.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
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
    for (int i = 0; i < n; i++) append(j, i);
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char path[64];
    lem_err err = LEM_ERR_INIT;
    lem_journal *j = NULL;
    uint64_t torn = 0;
    if (size < 2) return 0;
    int fd = memfd_create("journal", MFD_CLOEXEC);
    if (fd < 0) __builtin_trap();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    seen first = {.made_here = data[0] & 1}, second = first;
    if (first.made_here) {
        make_records(path, data[1] % MAX_RECORDS);
        edit(fd, data + 2, size - 2);
    } else if (write(fd, data + 1, size - 1) != (ssize_t)(size - 1)) {
        __builtin_trap();
    }
    lem_status st = lem_journal_open(path, "identity", visit, &first, &j, &torn, &err);
    if (st == LEM_OK) { /* what was accepted can be continued */
        append(j, first.count);
        if (lem_journal_close(j, &err) != LEM_OK) __builtin_trap();
        if (lem_journal_open(path, "identity", visit, &second, &j, &torn, &err) != LEM_OK) __builtin_trap();
        if (torn || second.count != first.count + 1 || lem_journal_close(j, &err) != LEM_OK) __builtin_trap();
    } else if (strchr(err.text, '\n') || !strstr(err.text, path)) {
        __builtin_trap();
    }
    close(fd);
    return 0;
}
