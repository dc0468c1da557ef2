/* core/journal.h - append-only record journal: what makes a long job survive kill -9
 *
 * File: one header line, then one line per record: <crc32c, 8 hex> <JSON>\n . The header record holds format
 * version and the caller's identity (a hash of command, configuration and inputs). Opening an existing
 * journal replays the valid records through `visit`, cuts a torn tail (reported through *torn_bytes), and
 * refuses with LEM_EUSAGE when the identity differs and with LEM_EDATA when a record in the middle is
 * damaged. Appends are grouped: fdatasync at most each 100 ms or 64 records, and on sync/close. Thread-safe
 * appends. */
#ifndef LEM_CORE_JOURNAL_H
#define LEM_CORE_JOURNAL_H

#include "core/err.h"
#include "core/json.h"

#include <stdint.h>

typedef struct lem_journal lem_journal;
/* visit returns LEM_OK to go on; record is borrowed. id is the record's "_id". */
typedef lem_status lem_journal_visit(void *ctx, const char *id, const lem_json *record, lem_err *err);

lem_status lem_journal_open(const char *path, const char *identity, lem_journal_visit *visit, void *ctx,
                            lem_journal **out, uint64_t *torn_bytes, lem_err *err) LEM_MUST_CHECK;
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

#endif
