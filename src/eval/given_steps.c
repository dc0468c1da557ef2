/* given_steps.c - lists of texts as steps */
#include "eval/given_steps.h"

#include "core/mem.h"

const lem_json *lem_given_steps(const lem_json *row, size_t i) {
    const lem_json *list = lem_json_get(row, "completion_steps");
    return lem_json_kind(list) == LEM_JSON_ARRAY ? lem_json_at(list, i) : NULL;
}

lem_status lem_given_steps_read(const lem_json *list, lem_step **steps, int *n, lem_err *err) {
    size_t count = lem_json_count(list);
    if (lem_json_kind(list) != LEM_JSON_ARRAY || count > LEM_PROMPT_STEPS_MAX)
        return lem_fail(err, LEM_EDATA, "a list of at most %d steps expected", LEM_PROMPT_STEPS_MAX);
    lem_step *made = lem_alloc_zero(count + 1, sizeof *made, err);
    if (!made) return LEM_EMEM;
    lem_status st = LEM_OK;
    for (size_t k = 0; st == LEM_OK && k < count; k++) {
        const lem_json *t = lem_json_at(list, k);
        if (lem_json_kind(t) != LEM_JSON_STRING)
            st = lem_fail(err, LEM_EDATA, "step %zu: text expected, found %s", k, lem_json_kind_name(t));
        made[k] = (lem_step){.text = lem_json_str(t, ""), .len = lem_json_str_len(t)};
    }
    if (st == LEM_OK) {
        *steps = made;
        *n = (int)count;
    } else lem_free(made);
    return st;
}
