/* job/shard.h - a part of a job's rows, so that many processes share one job
 *
 * Rows are counted from 0 over the whole input, after --limit.
 * Part I/N, from 1 to N, has the rows r with r mod N = I - 1, so parts are alike in length, and none is known
 * by what is in a row.
 * A part divided by M gives M parts: the K-th of I/N is (I + (K-1) N)/(N M). So whatever died is divided anew
 * without a list of rows, and two shards have a row in common just when their residues meet.
 * A shard is one part or several, written "2/3", "7+23/192", "1/4+2/8" in options and manifests, and
 * "2-of-3", "7+23-of-192" in names of files. */
#ifndef LEM_JOB_SHARD_H
#define LEM_JOB_SHARD_H

#include "core/buf.h"
#include "job/command.h"

enum { LEM_SHARD_MAX_PARTS = 64, LEM_SHARD_MAX_OF = 1 << 20 };

typedef struct lem_shard_part {
    uint32_t at, of; /* the rows r with r mod of = at */
} lem_shard_part;

typedef struct lem_shard { /* zeroed: all rows */
    lem_shard_part part[LEM_SHARD_MAX_PARTS];
    int n; /* in ascending order of `of`, then `at`; no two meet */
} lem_shard;

/* Two rows of a table of options. lem_shard_resolve reads them. */
#define LEM_OPT_SHARD                                                                                        \
    {"shard", LEM_OPT_STR, "I/N", NULL,                                                                      \
     "only part I of N of the rows, into OUT.shard-I-of-N (or OUT with I-of-N for {shard}); auto: as "       \
     "Slurm's "                                                                                              \
     "array or MPI says; lemma merge makes one file of all"},                                                \
    {                                                                                                        \
        "take-over", LEM_OPT_LIST, "I/N", NULL,                                                              \
            "with --shard: not all rows are divided but those of these parts, which died; what their "       \
            "journals "                                                                                      \
            "hold "                                                                                          \
            "is not done again"                                                                              \
    }

bool lem_shard_has(const lem_shard *s, uint64_t row);
/* Whether they have a row in common, if the input is long enough. */
bool lem_shards_meet(const lem_shard *a, const lem_shard *b);
bool lem_shards_equal(const lem_shard *a, const lem_shard *b);
/* "2/3", "7+23/192". LEM_EUSAGE says what is expected. */
lem_status lem_shard_parse(const char *text, lem_shard *out, lem_err *err) LEM_MUST_CHECK;
/* "2-of-3" at the beginning of a name; returns what follows it, NULL if there is none. */
const char *lem_shard_parse_name(const char *text, lem_shard *out);
/* Appends "2/3", or with name "2-of-3". */
void lem_shard_put(const lem_shard *s, bool name, lem_buf *out);
/* The k-th (from 0) of m pieces of `dead`, alike in length. LEM_EUSAGE if that would be too many parts. */
lem_status lem_shard_divide(const lem_shard *dead, uint32_t k, uint32_t m, lem_shard *out,
                            lem_err *err) LEM_MUST_CHECK;
/* Adds the parts of b to a. LEM_EUSAGE if they meet, or are too many. */
lem_status lem_shard_join(lem_shard *a, const lem_shard *b, lem_err *err) LEM_MUST_CHECK;

/* A variable of the environment, NULL if it is not set. */
typedef const char *lem_shard_variable(const char *name);
/* Puts --shard and --take-over into one plain --shard, e.g. "2/6" for 1/2 of 2/3. Arguments without --shard
 * stay as they are. "auto" is told by the variables that Slurm sets in the tasks of an array, and Open MPI,
 * MPICH and PMIx in their ranks; what says one process does not count beside what says several. LEM_EUSAGE
 * where there is none, naming what was looked for, and where two disagree. */
lem_status lem_shard_resolve(lem_args *a, lem_shard_variable *get, lem_err *err) LEM_MUST_CHECK;

/* ---- names: OUT.shard-2-of-3; OUT.gz.shard… would not be packed, so OUT.shard-2-of-3.gz */

/* Caller frees. LEM_EUSAGE through err if {shard} stands in a folder's name. */
char *lem_shard_path(const char *out, const lem_shard *s, lem_err *err);
/* The OUT of which path is a shard's name. Caller frees. */
char *lem_shard_out_of(const char *path, const lem_shard *s, lem_err *err);
/* Whether OUT says where the shard stands in its name. */
bool lem_shard_is_pattern(const char *out);

typedef struct lem_shard_file {
    char *path; /* of the output, which need not be there */
    lem_shard shard;
} lem_shard_file;
typedef struct lem_shard_files {
    lem_shard_file *at;
    size_t n;
} lem_shard_files;
/* All shards of OUT of which something lies there: output, manifest or work folder; in the order of their
 * names. No folder: none. */
lem_status lem_shard_files_find(const char *out, lem_shard_files *f, lem_err *err) LEM_MUST_CHECK;
void lem_shard_files_release(lem_shard_files *f);

#endif
