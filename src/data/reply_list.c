/* reply_list.c - the list of a row's replies, and what counts as a label */
#include "core/mem.h"
#include "data/pairs_priv.h"

#include <string.h>

void lem_replies_release(lem_replies *r) {
    lem_turns_release(&r->prompt);
    for (int i = 0; i < r->n; i++) lem_turns_release(&r->at[i].turns);
    lem_free(r->at);
    *r = (lem_replies){0};
}

lem_status lem_reply_add(lem_replies *r, double label, lem_turns **out, lem_err *err) {
    if (r->n == r->cap) {
        int cap = r->cap ? r->cap * 2 : 4;
        lem_reply *at = lem_realloc(r->at, (size_t)cap, sizeof *at, err);
        if (!at) return LEM_EMEM;
        r->at = at;
        r->cap = cap;
    }
    r->at[r->n] = (lem_reply){.label = label};
    *out = &r->at[r->n++].turns;
    return LEM_OK;
}

/* A label as a number; -1 for what is none. Tables of text (CSV) have words. */
static double label_value(const lem_json *v) {
    static const char *const no[] = {"0", "false", "False"}, *const yes[] = {"1", "true", "True"};
    if (lem_json_kind(v) == LEM_JSON_BOOL) return lem_json_bool(v, false);
    for (int i = 0; lem_json_kind(v) == LEM_JSON_STRING && i < 3; i++) {
        if (strcmp(lem_json_str(v, ""), no[i]) == 0) return 0;
        if (strcmp(lem_json_str(v, ""), yes[i]) == 0) return 1;
    }
    return lem_json_num(v, -1);
}

lem_status lem_reply_label(const lem_json *v, bool soft, const char *field, double *out, lem_err *err) {
    double x = label_value(v);
    bool hard = (x >= 0 && x <= 0) || (x >= 1 && x <= 1);
    if (!hard && !(soft && x > 0 && x < 1)) return lem_fail(err, LEM_EDATA, "%s: 0 or 1 expected", field);
    *out = x;
    return LEM_OK;
}
