/* ids.c - the growing list of ids */
#include "core/mem.h"
#include "token/tokenizer.h"

void lem_ids_release(lem_ids *v) {
    lem_free(v->data);
    *v = (lem_ids){0};
}

lem_status lem_ids_push(lem_ids *v, int32_t id, lem_err *err) {
    if (v->len == v->cap) {
        size_t cap = v->cap ? v->cap + v->cap / 2 : 64;
        int32_t *p = lem_realloc(v->data, cap, sizeof *p, err);
        if (!p) return LEM_EMEM;
        v->data = p;
        v->cap = cap;
    }
    v->data[v->len++] = id;
    return LEM_OK;
}
