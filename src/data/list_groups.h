/* data/list_groups.h - responses that come one a row, gathered by their problem's text */
#ifndef LEM_DATA_LIST_GROUPS_H
#define LEM_DATA_LIST_GROUPS_H

#include "core/err.h"
#include "core/json.h"
#include "core/log.h"

typedef struct lem_graded { /* a response; borrowed */
    const char *problem, *reply;
    const char *system; /* NULL = none; the first one of a problem is kept */
    bool right;
} lem_graded;

typedef struct lem_list_groups { /* zeroed = empty */
    struct lem_list_group {
        uint64_t hash, line;
        lem_json *problem, *responses, *labels;
        lem_json *system; /* NULL = none */
    } * at;               /* [n] in the order of first appearance */
    uint64_t n, cap;
    uint64_t *slot; /* [n_slots] open addressing: 0 = free, else a group + 1 */
    uint64_t n_slots;
} lem_list_groups;
void lem_list_groups_release(lem_list_groups *g);
lem_status lem_list_groups_add(lem_list_groups *g, const lem_graded *r, uint64_t line,
                               lem_err *err) LEM_MUST_CHECK;
/* The list of group i, {[system,] problem, responses, labels}, once: it is the caller's. NULL = out of
 * memory. */
lem_json *lem_list_groups_take_list(lem_list_groups *g, uint64_t i, uint64_t *line);
/* How many problems there are, of how many responses; a warning where the numbers differ. */
void lem_list_groups_tell(const lem_list_groups *g, const char *path, lem_log *log);

#endif
