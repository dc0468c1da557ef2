/* core/sorter.h - records sorted in bounded memory: runs in a nameless file, merged
 *
 * A record is a row of 64-bit words; records are sorted by their first word, then by the second, and so on to
 * the last. So the order is total, and what comes out depends on the records alone: not on memory, runs or
 * the order of arrival. While all fits into `memory` nothing is written. Beyond it sorted runs go to disk, as
 * much as the records take, and twice that while there are more runs than can be merged at once. */
#ifndef LEM_CORE_SORTER_H
#define LEM_CORE_SORTER_H

#include "core/err.h"
#include "core/log.h"

#include <stddef.h>
#include <stdint.h>

enum { LEM_SORTER_MAX_WORDS = 8 };

typedef struct lem_sorter lem_sorter;
typedef struct lem_sorter_opts {
    int words;                /* of a record, 1 to LEM_SORTER_MAX_WORDS */
    size_t memory;            /* bytes; at least room for 64 records and 4 pieces of runs is taken */
    const char *dir;          /* the folder of the file; copied */
    const lem_cancel *cancel; /* looked at while sorting and merging: LEM_EINTR; NULL = never; borrowed */
} lem_sorter_opts;

lem_status lem_sorter_new(const lem_sorter_opts *o, lem_sorter **out, lem_err *err) LEM_MUST_CHECK;
lem_status lem_sorter_add(lem_sorter *s, const uint64_t *record, lem_err *err) LEM_MUST_CHECK;
/* No more records; from now on they are read. */
lem_status lem_sorter_sort(lem_sorter *s, lem_err *err) LEM_MUST_CHECK;
/* The next record, valid until the next call; NULL at the end. */
lem_status lem_sorter_next(lem_sorter *s, const uint64_t **record, lem_err *err) LEM_MUST_CHECK;
uint64_t lem_sorter_on_disk(const lem_sorter *s); /* bytes written so far, of all passes */
void lem_sorter_free(lem_sorter *s);              /* NULL allowed */

#endif
