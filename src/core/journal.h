/* core/journal.h - append-only record journal: what makes a long job survive kill -9 and the loss of power
 *
 * File: one header line, then one line per record: <crc32c, 8 hex> <JSON>\n . The header record holds format
 * version and the caller's identity (a hash of command, configuration and inputs). Appends are grouped:
 * fdatasync at most each 100 ms or 64 records, and on sync and close. After a sync, and before the next
 * record, stands a mark: a line of the same form, {"_mark": N}, which says that the N bytes before it were
 * synced before it was written.
 * Opening an existing journal replays its records through `visit`, in order and one at a time. What is
 * damaged behind the last whole mark is what a killed process or a power loss left: it is cut from the first
 * damaged line on, and counted. Damage before a mark is not ours to guess about: LEM_EDATA, and nothing is
 * changed. LEM_EUSAGE when the identity differs. Thread-safe appends. */
#ifndef LEM_CORE_JOURNAL_H
#define LEM_CORE_JOURNAL_H

#include "core/err.h"
#include "core/json.h"

#include <stdint.h>

typedef struct lem_journal lem_journal;
/* visit returns LEM_OK to go on; record is borrowed. id is the record's "_id". */
typedef lem_status lem_journal_visit(void *ctx, const char *id, const lem_json *record, lem_err *err);

/* What was cut off the end of a journal. */
typedef struct lem_journal_cut {
    uint64_t bytes, lines;
} lem_journal_cut;

/* cut: NULL = not asked. */
lem_status lem_journal_open(const char *path, const char *identity, lem_journal_visit *visit, void *ctx,
                            lem_journal **out, lem_journal_cut *cut, lem_err *err) LEM_MUST_CHECK;
/* Only reads: replays what an opening would, and leaves a torn tail where it is. LEM_EIO while a run has it
 * open. */
lem_status lem_journal_read(const char *path, const char *identity, lem_journal_visit *visit, void *ctx,
                            lem_err *err) LEM_MUST_CHECK;
/* The records that are whole so far, also while a run appends to it: takes no lock, asks for no identity. */
lem_status lem_journal_peek(const char *path, lem_journal_visit *visit, void *ctx,
                            lem_err *err) LEM_MUST_CHECK;
/* Sets "_id" on record and appends it. A write failure is sticky: the journal accepts nothing more. record
 * stays the caller's. */
lem_status lem_journal_append(lem_journal *j, const char *id, lem_json *record, lem_err *err) LEM_MUST_CHECK;
lem_status lem_journal_sync(lem_journal *j, lem_err *err) LEM_MUST_CHECK;
lem_status lem_journal_close(lem_journal *j, lem_err *err) LEM_MUST_CHECK; /* frees j also on failure */
/* The same without a sync: what it holds is safe elsewhere. */
void lem_journal_discard(lem_journal *j);

/* What a repair finds; all of it is told before anything is written. */
typedef struct lem_journal_repaired {
    uint64_t records;      /* whole ones, all of which are kept */
    uint64_t lines, bytes; /* lost: damaged lines */
    uint64_t missing;      /* bytes that a mark tells of and that are not there */
} lem_journal_repaired;
/* One loss: lines [line, line + n) from 1, `bytes` of them; n = 0: the mark in that line tells of `bytes`
 * bytes before it that are not there (or, below 0, of so many fewer than there are). */
typedef lem_status lem_journal_loss(void *ctx, uint64_t line, uint64_t n, int64_t bytes, lem_err *err);
/* Keeps every whole record of a damaged journal, in order. With `write` the journal is replaced, at once and
 * synced, and what was there stays beside it as <path>.damaged (LEM_EUSAGE if that name is taken). A journal
 * without damage is left as it is. LEM_EDATA if its first line is damaged, for then nothing tells whose it
 * is; LEM_EIO while a run has it open. */
lem_status lem_journal_repair(const char *path, bool write, lem_journal_loss *loss, void *ctx,
                              lem_journal_repaired *out, lem_err *err) LEM_MUST_CHECK;

#endif
