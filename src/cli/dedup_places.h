/* cli/dedup_places.h - rows of several files as 64-bit names, and the file of clusters that is told in them
 */
#ifndef LEM_CLI_DEDUP_PLACES_H
#define LEM_CLI_DEDUP_PLACES_H

#include "curate/dedup.h"
#include "data/row_reader.h"

typedef struct lem_places {
    char **file; /* [n] in the order of reading, owned */
    size_t n, cap;
} lem_places;

/* The name of the row that r read last; never 0. LEM_EDATA over 2^23 files or 2^40 lines. */
lem_status lem_places_of(lem_places *p, const lem_row_reader *r, uint64_t *place,
                         lem_err *err) LEM_MUST_CHECK;
/* {"kept"|"at": "FILE:LINE"} of the kept row or of the one left out, and "jaccard" where asked; NULL = out of
 * memory. */
lem_json *lem_places_twin(const lem_places *p, const lem_dedup_twin *t, bool kept, bool jaccard);
/* One object a cluster: {"cluster": N, "kept": "FILE:LINE", "members": [{"at": …}], "rows": N}. Written piece
 * by piece: a cluster may be larger than memory. */
lem_status lem_places_clusters(const lem_places *p, lem_dedup *d, const char *path, bool overwrite,
                               bool jaccard, lem_err *err) LEM_MUST_CHECK;
void lem_places_release(lem_places *p);

#endif
