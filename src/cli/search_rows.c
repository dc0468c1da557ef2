/* search_rows.c - a search as a row of candidates, and as a trace */
#include "cli/search_rows.h"

#include "core/mem.h"
#include "core/object.h"
#include "prompt/prompt.h"

lem_status lem_search_marks(const lem_tokenizer *tok, int32_t last, const lem_search_result *r, bool all,
                            bool *same, lem_err *err) {
    lem_ids ids = {0};
    lem_status st = LEM_OK;
    for (int i = 0; i < r->n; i++) {
        const lem_search_node *x = &r->node[i];
        same[i] = true;
        if (!all && !lem_search_is_solution(x)) continue;
        LEM_TRY(lem_search_path(r, i, &ids, err));
        size_t ended = x->state == LEM_SEARCH_ENDED;
        LEM_TRY(lem_prompt_reencodes(tok, last, x->text, x->len, x->cut, ids.data, ids.len - ended, &same[i],
                                     err));
    }
done:
    lem_ids_release(&ids);
    return st;
}

static lem_json *completion(const lem_search_node *x, bool same) {
    lem_object o = lem_object_new();
    lem_object_json(&o, "text", lem_json_new_strn(x->text, x->len));
    lem_object_str(&o, "finish_reason", lem_search_state_name(x->state));
    lem_object_int(&o, "tokens", (uint64_t)x->tokens);
    lem_object_num(&o, "logprob", x->logprob);
    if (!same) lem_object_bool(&o, "reencodes", false);
    return lem_object_done(&o);
}

/* Whether some solution has been let end: then those that the budget cut short are no answers. */
static bool any_whole(const lem_search_result *r) {
    for (int i = 0; i < r->n; i++)
        if (lem_search_is_solution(&r->node[i]) && r->node[i].state != LEM_SEARCH_BUDGET) return true;
    return false;
}

lem_status lem_search_row(const lem_problem *p, const lem_search_result *r, const bool *same,
                          const char *method, lem_json **out, lem_err *err) {
    lem_status st = LEM_OK;
    lem_json *row = NULL;
    int n = 0;
    bool whole = any_whole(r);
    lem_json **list = lem_alloc_zero((size_t)r->n + 1, sizeof *list, err);
    if (!list) return LEM_EMEM;
    for (int i = 0; i < r->n; i++) {
        if (!lem_search_is_solution(&r->node[i])) continue;
        if (whole && r->node[i].state == LEM_SEARCH_BUDGET) continue;
        list[n++] = completion(&r->node[i], same[i]);
        if (!list[n - 1]) LEM_TRY(lem_fail(err, LEM_EMEM, "out of memory for a solution"));
    }
    LEM_TRY(lem_problem_output(p, list, n, &row, err));
    lem_object o = lem_object_new();
    lem_object_str(&o, "method", method);
    lem_object_int(&o, "tokens", r->spent);
    lem_object_int(&o, "rounds", (uint64_t)r->rounds);
    if (!lem_json_set(row, "search", lem_object_done(&o))) LEM_TRY(lem_fail(err, LEM_EMEM, "out of memory"));
    *out = row;
    row = NULL;
done:
    for (int i = 0; i < n; i++) lem_json_free(list[i]);
    lem_free(list);
    lem_json_free(row);
    return st;
}

static lem_json *trace_step(const lem_search_node *x, int number, bool same) {
    lem_object o = lem_object_new();
    lem_object_int(&o, "step", (uint64_t)number);
    lem_object_json(&o, "parent", x->parent < 0 ? lem_json_new_null() : lem_json_new_int(x->parent));
    lem_object_int(&o, "round", (uint64_t)x->round);
    lem_object_int(&o, "level", (uint64_t)x->level);
    lem_object_int(&o, "subtree", (uint64_t)x->subtree);
    lem_object_int(&o, "tokens", (uint64_t)x->n_ids);
    lem_object_num(&o, "score", x->score);
    lem_object_str(&o, "state", lem_search_state_name(x->state));
    if (!same) lem_object_bool(&o, "reencodes", false);
    lem_object_json(&o, "text", lem_json_new_strn(x->text, x->len));
    return lem_object_done(&o);
}

lem_json *lem_search_trace(const lem_problem *p, const lem_search_result *r, const bool *same,
                           const char *method) {
    lem_json *steps = lem_json_new_array();
    bool ok = steps != NULL;
    for (int i = 0; ok && i < r->n; i++) ok = lem_json_append(steps, trace_step(&r->node[i], i, same[i]));
    lem_object o = lem_object_new();
    lem_object_json(&o, "id", lem_json_copy(p->id));
    lem_object_str(&o, "problem", p->problem);
    lem_object_str(&o, "method", method);
    lem_object_int(&o, "tokens", r->spent);
    lem_object_int(&o, "rounds", (uint64_t)r->rounds);
    if (ok) lem_object_json(&o, "steps", steps);
    else lem_json_free(steps);
    lem_json *v = lem_object_done(&o);
    if (ok) return v;
    lem_json_free(v);
    return NULL;
}
