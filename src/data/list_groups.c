/* list_groups.c - responses by their problem, whatever the order of the rows */
#include "data/list_groups.h"

#include "core/buf.h"
#include "core/hash.h"
#include "core/mem.h"
#include "core/object.h"

#include <string.h>

enum { SIZES = 65 };

static void release_group(struct lem_list_group *x) {
    lem_json_free(x->problem);
    lem_json_free(x->responses);
    lem_json_free(x->labels);
    lem_json_free(x->system);
    x->problem = x->responses = x->labels = x->system = NULL;
}

void lem_list_groups_release(lem_list_groups *g) {
    for (uint64_t i = 0; i < g->n; i++) release_group(&g->at[i]);
    lem_free(g->at);
    lem_free(g->slot);
    *g = (lem_list_groups){0};
}

/* The slot of a problem, or the free one where it belongs. */
static uint64_t *slot_of(const lem_list_groups *g, uint64_t hash, const char *problem) {
    uint64_t i = hash & (g->n_slots - 1);
    while (g->slot[i]) {
        const struct lem_list_group *x = &g->at[g->slot[i] - 1];
        if (x->hash == hash && strcmp(lem_json_str(x->problem, ""), problem) == 0) break;
        i = (i + 1) & (g->n_slots - 1);
    }
    return &g->slot[i];
}

/* Room for one group more; slots are at most half full. */
static lem_status grow(lem_list_groups *g, lem_err *err) {
    if (g->n == g->cap) {
        uint64_t cap = g->cap ? 2 * g->cap : 256;
        struct lem_list_group *at = lem_realloc(g->at, cap, sizeof *at, err);
        if (!at) return LEM_EMEM;
        g->at = at;
        g->cap = cap;
    }
    if (2 * (g->n + 1) <= g->n_slots) return LEM_OK;
    uint64_t *slot = lem_alloc_zero(4 * g->cap, sizeof *slot, err);
    if (!slot) return LEM_EMEM;
    lem_free(g->slot);
    g->slot = slot;
    g->n_slots = 4 * g->cap;
    for (uint64_t i = 0; i < g->n; i++)
        *slot_of(g, g->at[i].hash, lem_json_str(g->at[i].problem, "")) = i + 1;
    return LEM_OK;
}

lem_status lem_list_groups_add(lem_list_groups *g, const lem_graded *r, uint64_t line, lem_err *err) {
    uint64_t hash = lem_hash64(r->problem, strlen(r->problem), 0);
    lem_status st = grow(g, err);
    if (st) return st;
    uint64_t *slot = slot_of(g, hash, r->problem);
    if (!*slot) {
        g->at[g->n] = (struct lem_list_group){
            hash, line, lem_json_new_str(r->problem), lem_json_new_array(), lem_json_new_array(), NULL};
        if (r->system) g->at[g->n].system = lem_json_new_str(r->system);
        *slot = ++g->n;
    }
    struct lem_list_group *x = &g->at[*slot - 1];
    if (x->problem && lem_json_append(x->responses, lem_json_new_str(r->reply)) &&
        lem_json_append(x->labels, lem_json_new_int(r->right)))
        return LEM_OK;
    return lem_fail(err, LEM_EMEM, "out of memory");
}

lem_json *lem_list_groups_take_list(lem_list_groups *g, uint64_t i, uint64_t *line) {
    struct lem_list_group *x = &g->at[i];
    lem_object o = lem_object_new();
    if (x->system) lem_object_json(&o, "system", x->system);
    lem_object_json(&o, "problem", x->problem);
    lem_object_json(&o, "responses", x->responses);
    lem_object_json(&o, "labels", x->labels);
    x->problem = x->responses = x->labels = x->system = NULL;
    *line = x->line;
    return lem_object_done(&o);
}

void lem_list_groups_tell(const lem_list_groups *g, const char *path, lem_log *log) {
    uint64_t of_size[SIZES] = {0}; /* the last: that many or more */
    int usual = 0;
    lem_buf others = {0};
    for (uint64_t i = 0; i < g->n; i++) {
        size_t n = lem_json_count(g->at[i].responses);
        of_size[n < SIZES ? n : SIZES - 1]++;
    }
    for (int n = 1; n < SIZES; n++)
        if (of_size[n] > of_size[usual]) usual = n;
    for (int n = 1; n < SIZES; n++)
        if (n != usual && of_size[n])
            lem_buf_printf(&others, "%s%llu of %d%s", others.len ? ", " : "", (unsigned long long)of_size[n],
                           n, n == SIZES - 1 ? " or more" : "");
    lem_info(log, "%s: %llu problems, by the user's turn; %llu of them have %d responses", path,
             (unsigned long long)g->n, (unsigned long long)of_size[usual], usual);
    if (others.len)
        lem_warn(log, "%s: problems with other numbers of responses: %s", path, lem_buf_str(&others));
    lem_buf_release(&others);
}
