/* dedup_priv.h - the parts of a search for duplicates */
#ifndef LEM_CURATE_DEDUP_PRIV_H
#define LEM_CURATE_DEDUP_PRIV_H

#include "core/buf.h"
#include "core/sorter.h"
#include "curate/dedup.h"

typedef struct lem_dedup_table lem_dedup_table;
typedef struct lem_dedup_near lem_dedup_near;

/* Words of the records of `groups`: what a group is known by, then these. */
enum { LEM_GROUP_RANK, LEM_GROUP_ROW, LEM_GROUP_PLACE, LEM_GROUP_MORE, LEM_GROUP_WORDS };

struct lem_dedup {
    lem_dedup_opts o;
    lem_dedup_stats stats;
    bool spilling; /* answers come later */
    bool told;     /* that tables go to disk */
    lem_buf text;  /* of the present row, under the rule */
    /* Rules of equal texts: while it lasts, the first row of each text in memory. */
    lem_dedup_table *table;
    /* Rows, so sorted that those of a group stand together, the one to be kept first.
     * Equal texts: two words of digest; MORE: twins counted before the table was given up.
     * Near: the number of the cluster; MORE: the text's number. */
    lem_sorter *groups;
    lem_dedup_near *near;
    lem_sorter *twins;   /* row, kept row, kept place, place, Jaccard: by row */
    lem_sorter *members; /* the same, the kept row first: by cluster */
};

/* Appends the row's text under the rule; nothing if there is no text to compare. */
lem_status lem_dedup_text(lem_dedup_rule rule, const lem_dedup_row *row, lem_buf *out,
                          lem_err *err) LEM_MUST_CHECK;
uint64_t lem_dedup_rank(lem_dedup_keep keep, uint64_t row, uint64_t size);
lem_status lem_dedup_sorter(const lem_dedup *d, int words, int eighths, lem_sorter **out,
                            lem_err *err) LEM_MUST_CHECK;
/* Says once that tables go to disk. */
void lem_dedup_tell_disk(lem_dedup *d);

/* ---- the table of equal texts ---- */
lem_status lem_dedup_table_new(size_t memory, lem_dedup_table **out, lem_err *err) LEM_MUST_CHECK;
void lem_dedup_table_free(lem_dedup_table *t);
/* *first: the first row of that text, *seen whether there was one before; *full: nothing was done, there is
 * no room. */
lem_status lem_dedup_table_add(lem_dedup_table *t, const uint64_t digest[2], lem_dedup_twin *twin, bool *seen,
                               bool *full, lem_err *err) LEM_MUST_CHECK;
/* Moves all into the sorter of groups. */
lem_status lem_dedup_table_give(lem_dedup_table *t, lem_sorter *groups, lem_err *err) LEM_MUST_CHECK;
/* Clusters and the largest of them. */
void lem_dedup_table_count(const lem_dedup_table *t, lem_dedup_stats *stats);

/* ---- nearly equal texts ---- */
lem_status lem_dedup_near_new(lem_dedup *d, lem_dedup_near **out, lem_err *err) LEM_MUST_CHECK;
void lem_dedup_near_free(lem_dedup_near *n);
lem_status lem_dedup_near_add(lem_dedup *d, const lem_dedup_row *row, uint64_t number,
                              lem_err *err) LEM_MUST_CHECK;
/* Fills d->groups with the rows of clusters of two and more. */
lem_status lem_dedup_near_find(lem_dedup *d, lem_err *err) LEM_MUST_CHECK;
/* The Jaccard coefficient of two texts by their numbers. */
lem_status lem_dedup_near_jaccard(lem_dedup *d, uint64_t a, uint64_t b, double *out,
                                  lem_err *err) LEM_MUST_CHECK;

#endif
