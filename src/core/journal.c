/* journal - append-only records with a checksum each: replay, marks of what was synced, group commit
 *
 * Every record is written to the file at once (so a killed process loses nothing) and synced in groups (so
 * that a loss of power loses at most what stands behind the last mark). */
#include "core/journal.h"

#include "core/file.h"
#include "core/hash.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/stream_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FORMAT_VERSION = 2, CRC_DIGITS = 8, SYNC_RECORDS = 64, CHUNK = 128 * 1024 };
static const double sync_seconds = 0.1;
#define MAX_RECORD ((size_t)256 << 20)

struct lem_journal {
    int fd;
    char *path;
    pthread_mutex_t lock;
    uint64_t size;         /* bytes of whole records in the file */
    int unsynced;          /* records since the last sync */
    double first_unsynced; /* when the first of them was written */
    bool mark_due;         /* all of it is synced, and no mark says so */
    bool failed;
    uint64_t failures; /* of allocations, when it was opened */
};

/* ---- Lines with a checksum ---- */

static void add_line(lem_buf *out, const lem_json *record) {
    lem_buf text = {0};
    lem_json_write(record, 0, &text);
    if (text.failed) out->failed = true;
    lem_buf_printf(out, "%08" PRIx32 " ", lem_crc32c(0, lem_buf_str(&text), text.len));
    lem_buf_add(out, lem_buf_str(&text), text.len);
    lem_buf_putc(out, '\n');
    lem_buf_release(&text);
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Whether line[0..n) is "<crc> <text>" with the right checksum. */
static bool line_is_whole(const char *line, size_t n) {
    uint32_t crc = 0;
    if (n < CRC_DIGITS + 1 || line[CRC_DIGITS] != ' ') return false;
    for (int i = 0; i < CRC_DIGITS; i++) {
        int digit = hex_digit(line[i]);
        if (digit < 0) return false;
        crc = crc << 4 | (uint32_t)digit;
    }
    return crc == lem_crc32c(0, line + CRC_DIGITS + 1, n - CRC_DIGITS - 1);
}

/* ---- Replay ---- */

typedef struct replay {
    const char *path, *identity; /* identity NULL: any */
    lem_journal_visit *visit;
    void *ctx;
    uint64_t line;                /* number of the line in hand */
    uint64_t at;                  /* where it begins */
    uint64_t good;                /* bytes up to the first damaged line, or to the end of the last one */
    uint64_t bad_line;            /* first damaged line, 0 = none so far */
    lem_journal_repaired *repair; /* every whole record is visited, and damage counted; NULL = a replay */
    lem_journal_loss *loss;
    lem_out *kept;                 /* of a repair that writes: whole lines; NULL */
    uint64_t bad_lines, bad_bytes; /* the stretch of damaged lines in hand */
} replay;

static lem_status check_header(const replay *r, const lem_json *head, lem_err *err) {
    const char *identity = lem_json_str(lem_json_get(head, "identity"), NULL);
    int64_t version = lem_json_int(lem_json_get(head, "lemma_journal"), 0);
    if (!identity || version < 1) return lem_fail(err, LEM_EDATA, "'%s' is not a journal of lemma", r->path);
    if (version != FORMAT_VERSION) {
        return lem_fail(err, LEM_EDATA,
                        "'%s' has journal format %" PRId64
                        "; this program reads format %d; --fresh starts anew",
                        r->path, version, FORMAT_VERSION);
    }
    if (r->identity && strcmp(identity, r->identity) != 0) {
        return lem_fail(
            err, LEM_EUSAGE,
            "'%s' belongs to a run with other settings or inputs (%.64s, now %.64s); use another output",
            r->path, identity, r->identity);
    }
    return LEM_OK;
}

static lem_status damaged(const replay *r, const char *what, lem_err *err) {
    return lem_fail(
        err, LEM_EDATA,
        "journal '%s' is damaged in line %" PRIu64 " (%s), and line %" PRIu64
        " says that it was whole; 'lemma repair %s' keeps the records that are, --fresh starts anew",
        r->path, r->bad_line ? r->bad_line : r->line, what, r->line, r->path);
}

/* A mark: all before it was synced, so it is whole and all there. */
static lem_status check_mark(const replay *r, int64_t says, lem_err *err) {
    int64_t missing = says - (int64_t)r->at;
    if (!r->repair) {
        if (r->bad_line) return damaged(r, "checksum", err);
        return missing ? damaged(r, "lines are missing or doubled before it", err) : LEM_OK;
    }
    if (missing == 0) return LEM_OK;
    if (missing > 0) r->repair->missing += (uint64_t)missing;
    return r->loss ? r->loss(r->ctx, r->line, 0, missing, err) : LEM_OK;
}

static lem_status replay_record(replay *r, const char *text, size_t n, lem_err *err) {
    lem_json *record = NULL;
    lem_status st = lem_json_parse(text, n, &record, err);
    if (st != LEM_OK) {
        lem_err_context(err, "journal '%s' line %" PRIu64, r->path, r->line);
        return st;
    }
    const char *id = lem_json_str(lem_json_get(record, "_id"), NULL);
    const lem_json *mark = id ? NULL : lem_json_get(record, "_mark");
    if (r->line == 1) st = check_header(r, record, err);
    else if (mark) st = check_mark(r, lem_json_int(mark, -1), err);
    else if (!id)
        st = lem_fail(err, LEM_EDATA, "journal '%s' line %" PRIu64 ": the record has no \"_id\"", r->path,
                      r->line);
    else if (r->repair) r->repair->records++;
    else if (r->visit && !r->bad_line) st = r->visit(r->ctx, id, record, err);
    if (st == LEM_OK && r->kept && !mark) {
        st = lem_out_write(r->kept, text - CRC_DIGITS - 1, n + CRC_DIGITS + 2, err);
    }
    lem_json_free(record);
    return st;
}

/* The stretch of damaged lines ends here. */
static lem_status end_of_damage(replay *r, lem_err *err) {
    uint64_t n = r->bad_lines, bytes = r->bad_bytes;
    r->bad_lines = r->bad_bytes = 0;
    if (!r->repair || n == 0) return LEM_OK;
    r->repair->lines += n;
    r->repair->bytes += bytes;
    return r->loss ? r->loss(r->ctx, r->line - n, n, (int64_t)bytes, err) : LEM_OK;
}

static const char mark_start[] = "{\"_mark\":";

/* One line with its '\n'. A damaged line is only remembered: whether it stands behind all marks shows at the
 * end. Behind it a replay looks for marks alone. */
static lem_status replay_line(replay *r, const char *line, size_t n, lem_err *err) {
    lem_status st = LEM_OK;
    const char *text = line + CRC_DIGITS + 1;
    r->line++;
    if (!line_is_whole(line, n - 1)) {
        if (r->line == 1)
            return lem_fail(
                err, LEM_EDATA,
                "'%s' is not a journal of lemma, or its first line is damaged: what belongs to it is "
                "not known; --fresh starts anew",
                r->path);
        if (!r->bad_line) r->bad_line = r->line;
        r->bad_lines++;
        r->bad_bytes += n;
    } else {
        st = end_of_damage(r, err);
        bool mark =
            n > CRC_DIGITS + sizeof mark_start && memcmp(text, mark_start, sizeof mark_start - 1) == 0;
        if (st == LEM_OK && (!r->bad_line || r->repair || mark))
            st = replay_record(r, text, n - CRC_DIGITS - 2, err);
        if (st == LEM_OK && !r->bad_line) r->good += n;
    }
    r->at += n;
    return st;
}

/* Hands each line that ends in buf to replay_line and keeps the rest at its front. */
static lem_status replay_lines(replay *r, lem_buf *buf, size_t searched, lem_err *err) {
    size_t from = 0;
    for (;;) {
        char *newline = memchr(buf->data + searched, '\n', buf->len - searched);
        if (!newline) break;
        size_t end = (size_t)(newline - buf->data);
        lem_status st = replay_line(r, buf->data + from, end + 1 - from, err);
        if (st != LEM_OK) return st;
        from = searched = end + 1;
    }
    memmove(buf->data, buf->data + from, buf->len - from);
    buf->len -= from;
    return LEM_OK;
}

/* Reads the whole file from its start. r->good is then where it may be continued. */
static lem_status replay_file(replay *r, int fd, uint64_t *total, lem_err *err) {
    lem_status st = LEM_OK;
    lem_buf buf = {0};
    *total = 0;
    for (;;) {
        if (!lem_buf_reserve(&buf, CHUNK)) LEM_TRY(lem_buf_ok(&buf, err));
        ssize_t n = lem_read_some(fd, buf.data + buf.len, CHUNK);
        if (n < 0) {
            st = lem_fail_errno(err, LEM_EIO, "cannot read the journal '%s'", r->path);
            goto done;
        }
        if (n == 0) break;
        size_t searched = buf.len;
        buf.len += (size_t)n;
        *total += (uint64_t)n;
        LEM_TRY(replay_lines(r, &buf, searched, err));
        if (buf.len > MAX_RECORD) {
            st = lem_fail(err, LEM_EDATA, "journal '%s' line %" PRIu64 ": longer than %zu bytes", r->path,
                          r->line + 1, MAX_RECORD);
            goto done;
        }
    }
    if (r->line == 0) st = lem_fail(err, LEM_EDATA, "'%s' is not a journal of lemma", r->path);
    if (st == LEM_OK && buf.len) { /* a line without an end */
        r->line++;
        if (!r->bad_line) r->bad_line = r->line;
        r->bad_lines++;
        r->bad_bytes += buf.len;
    }
    if (st == LEM_OK && r->bad_lines) {
        r->line++;
        st = end_of_damage(r, err);
        r->line--;
    }
done:
    lem_buf_release(&buf);
    return st;
}

/* ---- Opening ---- */

/* Opens and locks; how: LOCK_EX to write, LOCK_SH to read, LOCK_UN to look. *fd is to be closed also on
 * failure. */
static lem_status open_file(const char *path, int flags, int how, int *fd, lem_err *err) {
    struct stat info;
    *fd = open(path, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0666);
    if (*fd < 0) return lem_fail_errno(err, LEM_EIO, "cannot open the journal '%s'", path);
    if (fstat(*fd, &info) != 0) return lem_fail_errno(err, LEM_EIO, "cannot stat '%s'", path);
    if (!S_ISREG(info.st_mode))
        return lem_fail(err, LEM_EIO, "cannot use '%s' as a journal: it is not a regular file", path);
    if (flock(*fd, how | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK)
            return lem_fail(err, LEM_EIO, "the journal '%s' is locked by another run", path);
        return lem_fail_errno(err, LEM_EIO, "cannot lock the journal '%s'", path);
    }
    return LEM_OK;
}

/* A journal is there with its header or not at all. One that another run makes at the same time is as good.
 */
static lem_status make_journal(const char *path, const char *identity, lem_err *err) {
    lem_status st = LEM_OK;
    lem_buf line = {0};
    lem_out *out = NULL;
    lem_json *head = lem_json_new_object();
    if (!head || !lem_json_set(head, "lemma_journal", lem_json_new_int(FORMAT_VERSION)) ||
        !lem_json_set(head, "identity", lem_json_new_str(identity))) {
        st = lem_fail(err, LEM_EMEM, "out of memory: header of the journal '%s'", path);
        goto done;
    }
    add_line(&line, head);
    LEM_TRY(lem_buf_ok(&line, err));
    st = lem_out_open(path, false, &out, err);
    if (st == LEM_OK) st = lem_out_write(out, line.data, line.len, err);
    if (st == LEM_OK) st = lem_out_commit(out, err);
    if (st == LEM_OK) st = lem_file_fsync_folder_of(path, err);
    if (st == LEM_EUSAGE && lem_file_exists(path)) st = LEM_OK;
done:
    lem_out_close(out);
    lem_json_free(head);
    lem_buf_release(&line);
    return st;
}

/* Replays what is there and cuts what a crash left behind. */
static lem_status recover(lem_journal *j, replay *r, lem_journal_cut *cut, lem_err *err) {
    uint64_t total = 0;
    lem_status st = replay_file(r, j->fd, &total, err);
    if (st != LEM_OK) return st;
    j->size = r->good;
    *cut = (lem_journal_cut){total - r->good, r->bad_line ? r->line - r->bad_line + 1 : 0};
    if (cut->bytes && ftruncate(j->fd, (off_t)r->good) != 0) {
        return lem_fail_errno(err, LEM_EIO, "cannot cut the torn end of the journal '%s'", j->path);
    }
    return LEM_OK;
}

static void free_journal(lem_journal *j) {
    if (!j) return;
    if (j->fd >= 0) close(j->fd);
    pthread_mutex_destroy(&j->lock);
    lem_free(j->path);
    lem_free(j);
}

lem_status lem_journal_open(const char *path, const char *identity, lem_journal_visit *visit, void *ctx,
                            lem_journal **out, lem_journal_cut *cut, lem_err *err) {
    lem_status st = LEM_OK;
    lem_journal_cut found = {0, 0};
    replay r = {.path = path, .identity = identity, .visit = visit, .ctx = ctx};
    lem_journal *j = lem_alloc_zero(1, sizeof *j, err);
    if (!j) return LEM_EMEM;
    j->fd = -1;
    j->failures = lem_mem_failures();
    pthread_mutex_init(&j->lock, NULL);
    j->path = lem_strdup(path, err);
    if (!j->path) {
        st = LEM_EMEM;
        goto done;
    }
    if (!lem_file_exists(j->path)) LEM_TRY(make_journal(j->path, identity, err));
    LEM_TRY(open_file(j->path, O_RDWR | O_APPEND, LOCK_EX, &j->fd, err));
    LEM_TRY(recover(j, &r, &found, err));
    if (cut) *cut = found;
    *out = j;
done:
    if (st != LEM_OK) free_journal(j);
    return st;
}

lem_status lem_journal_read(const char *path, const char *identity, lem_journal_visit *visit, void *ctx,
                            lem_err *err) {
    replay r = {.path = path, .identity = identity, .visit = visit, .ctx = ctx};
    uint64_t total = 0;
    int fd = -1;
    lem_status st = open_file(path, O_RDONLY, LOCK_SH, &fd, err);
    if (st == LEM_OK) st = replay_file(&r, fd, &total, err);
    if (fd >= 0) close(fd);
    return st;
}

lem_status lem_journal_peek(const char *path, lem_journal_visit *visit, void *ctx, lem_err *err) {
    replay r = {.path = path, .visit = visit, .ctx = ctx};
    uint64_t total = 0;
    int fd = -1;
    lem_status st = open_file(path, O_RDONLY, LOCK_UN, &fd, err);
    if (st == LEM_OK) st = replay_file(&r, fd, &total, err);
    if (fd >= 0) close(fd);
    return st;
}

/* ---- Appending (with the lock held) ---- */

static lem_status refuse(const lem_journal *j, lem_err *err) {
    return lem_fail(err, LEM_EIO, "the journal '%s' accepts nothing more: an earlier write failed", j->path);
}

/* After a failed sync the kernel may have dropped the pages, so a later success would prove nothing: the
 * failure stays. */
static lem_status sync_now(lem_journal *j, lem_err *err) {
    if (j->failed) return refuse(j, err);
    if (j->unsynced == 0) return LEM_OK;
    if (fdatasync(j->fd) != 0) {
        j->failed = true;
        return lem_fail_errno(err, LEM_EIO, "cannot sync the journal '%s'", j->path);
    }
    j->unsynced = 0;
    j->mark_due = true;
    return LEM_OK;
}

static bool put_mark(lem_journal *j) {
    char text[40], line[64];
    int n = snprintf(text, sizeof text, "%s%" PRIu64 "}", mark_start, j->size);
    n = snprintf(line, sizeof line, "%08" PRIx32 " %s\n", lem_crc32c(0, text, (size_t)n), text);
    if (!lem_write_all(j->fd, line, (size_t)n)) return false;
    j->size += (uint64_t)n;
    j->mark_due = false;
    return true;
}

static lem_status append_line(lem_journal *j, const lem_buf *line, lem_err *err) {
    if (j->failed) return refuse(j, err);
    if ((j->mark_due && !put_mark(j)) || !lem_write_all(j->fd, line->data, line->len)) {
        j->failed = true;
        lem_fail_errno(err, LEM_EIO, "cannot write the journal '%s'", j->path);
        (void)!ftruncate(j->fd, (off_t)j->size); /* else the next opening cuts what is left of the line */
        return LEM_EIO;
    }
    j->size += line->len;
    double now = lem_clock_seconds();
    if (j->unsynced++ == 0) j->first_unsynced = now;
    if (j->unsynced >= SYNC_RECORDS || now - j->first_unsynced >= sync_seconds) return sync_now(j, err);
    return LEM_OK;
}

lem_status lem_journal_append(lem_journal *j, const char *id, lem_json *record, lem_err *err) {
    lem_status st = LEM_OK;
    lem_buf line = {0};
    if (!lem_json_set(record, "_id", lem_json_new_str(id))) {
        return lem_fail(err, LEM_EMEM, "out of memory: record '%.64s' of the journal '%s'", id, j->path);
    }
    add_line(&line, record);
    LEM_TRY(lem_buf_ok(&line, err));
    LEM_TRY(lem_mem_since(j->failures, "a record of the journal", err));
    if (line.len > MAX_RECORD) {
        st =
            lem_fail(err, LEM_EDATA, "record '%.64s' has %zu bytes: more than a journal takes", id, line.len);
        goto done;
    }
    pthread_mutex_lock(&j->lock);
    st = append_line(j, &line, err);
    pthread_mutex_unlock(&j->lock);
done:
    lem_buf_release(&line);
    return st;
}

lem_status lem_journal_sync(lem_journal *j, lem_err *err) {
    pthread_mutex_lock(&j->lock);
    lem_status st = sync_now(j, err);
    pthread_mutex_unlock(&j->lock);
    return st;
}

lem_status lem_journal_close(lem_journal *j, lem_err *err) {
    if (!j) return LEM_OK;
    lem_status st = lem_journal_sync(j, err);
    free_journal(j);
    return st;
}

void lem_journal_discard(lem_journal *j) { free_journal(j); }

/* ---- Repair ---- */

/* The old file keeps its bytes under another name before its own becomes the repaired one. */
static lem_status put_aside(const char *path, lem_err *err) {
    struct stat old, kept;
    lem_buf aside = {0};
    lem_buf_printf(&aside, "%s.damaged", path);
    lem_status st = lem_buf_ok(&aside, err);
    if (st == LEM_OK && link(path, aside.data) != 0) {
        bool taken = errno == EEXIST;
        bool same =
            taken && stat(path, &old) == 0 && stat(aside.data, &kept) == 0 && old.st_ino == kept.st_ino;
        if (!taken) st = lem_fail_errno(err, LEM_EIO, "cannot keep '%s' as '%s'", path, aside.data);
        else if (!same) /* else an earlier repair stopped behind this */
            st = lem_fail(err, LEM_EUSAGE, "'%s' is there already; move it away first", aside.data);
    }
    lem_buf_release(&aside);
    return st;
}

static bool has_damage(const lem_journal_repaired *r) { return r->lines || r->missing; }

lem_status lem_journal_repair(const char *path, bool write, lem_journal_loss *loss, void *ctx,
                              lem_journal_repaired *out, lem_err *err) {
    lem_journal_repaired found = {0};
    replay r = {.path = path, .ctx = ctx, .repair = &found, .loss = loss};
    uint64_t total = 0;
    int fd = -1;
    lem_status st = LEM_OK;
    LEM_TRY(open_file(path, O_RDONLY, write ? LOCK_EX : LOCK_SH, &fd, err));
    LEM_TRY(replay_file(&r, fd, &total, err));
    *out = found;
    if (!write || !has_damage(&found)) goto done;
    if (lseek(fd, 0, SEEK_SET) != 0) LEM_TRY(lem_fail_errno(err, LEM_EIO, "cannot read '%s' again", path));
    r = (replay){.path = path, .repair = &(lem_journal_repaired){0}};
    LEM_TRY(lem_out_open(path, true, &r.kept, err));
    LEM_TRY(replay_file(&r, fd, &total, err));
    LEM_TRY(put_aside(path, err));
    LEM_TRY(lem_out_commit(r.kept, err));
    st = lem_file_fsync_folder_of(path, err);
done:
    lem_out_close(r.kept);
    if (fd >= 0) close(fd);
    return st;
}
