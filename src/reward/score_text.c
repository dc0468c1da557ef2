/* score_text.c - problem, text and end token as ids, and which of them make which step */
#include "reward/score_text.h"
#include "core/utf8.h"

#include "core/mem.h"
#include "prompt/prompt.h"

#include <string.h>

static lem_status list_reads(lem_rendering *r, size_t from, lem_err *err) {
    size_t n = r->ids.len - from;
    if (r->ids.len > INT32_MAX) return lem_fail(err, LEM_EDATA, "a text of more than 2^31 tokens");
    if (n > (size_t)r->cap_at) {
        int *at = lem_realloc(r->at, n, sizeof *at, err);
        if (!at) return LEM_EMEM;
        r->at = at;
        r->cap_at = (int)n;
    }
    for (size_t i = 0; i < n; i++) r->at[i] = (int)(from + i) - 1;
    r->n_at = (int)n;
    return LEM_OK;
}

lem_status lem_text_render(const lem_text_recipe *how, const lem_tokenizer *t, const char *problem,
                           const char *text, size_t len, bool closed, lem_rendering *out, lem_err *err) {
    lem_status st = LEM_OK;
    out->ids.len = 0;
    out->n_at = 0;
    LEM_TRY(lem_prompt_problem(t, how->prompt, problem, &out->ids, err));
    size_t from = out->ids.len;
    if (from == 0)
        LEM_TRY(lem_fail(err, LEM_EDATA,
                         "the prompt has no tokens, so the first token of a text has no "
                         "probability"));
    LEM_TRY(lem_prompt_behind(t, text, len, &out->ids, err));
    if (closed && how->end >= 0) LEM_TRY(lem_ids_push(&out->ids, how->end, err));
    LEM_TRY(list_reads(out, from, err));
done:
    return st;
}

/* ---- steps ---- */

static bool blank(const char *from, const char *to) {
    while (from < to && lem_is_space(*from)) from++;
    return from == to;
}

/* What the tokens of the text spell, and where each begins in it. */
static lem_status spell(const lem_tokenizer *t, const lem_rendering *r, size_t *begin, lem_buf *out,
                        lem_err *err) {
    for (int k = 0; k < r->n_at; k++) {
        size_t n = 0;
        int32_t id = r->ids.data[r->at[k] + 1];
        const char *s = lem_tokenizer_is_special(t, id) ? NULL : lem_tokenizer_token_bytes(t, id, &n);
        begin[k] = out->len;
        if (s) lem_buf_add(out, s, n);
    }
    return lem_buf_ok(out, err);
}

/* The byte behind the separator that ends the step which begins at `from`, or the end of the text. */
static const char *step_end(const char *from, const char *sep, const char *stop) {
    const char *at = strstr(from, sep);
    return at ? at + strlen(sep) : stop;
}

lem_status lem_text_steps(const lem_text_recipe *how, const lem_tokenizer *t, const lem_rendering *r,
                          int *end, int *n, lem_err *err) {
    lem_buf text = {0};
    lem_status st = LEM_OK;
    int k = 0;
    *n = 0;
    size_t *begin = lem_alloc((size_t)r->n_at + 1, sizeof *begin, err);
    if (!begin) return LEM_EMEM;
    LEM_TRY(spell(t, r, begin, &text, err));
    const char *all = lem_buf_str(&text), *stop = all + text.len;
    for (const char *from = all, *to; from < stop; from = to) {
        to = step_end(from, how->separator, stop);
        bool none = blank(from, to);
        if (!none && *n == LEM_PROMPT_STEPS_MAX)
            LEM_TRY(lem_fail(err, LEM_EDATA, "a solution of more than %d steps", LEM_PROMPT_STEPS_MAX));
        while (k < r->n_at && begin[k] < (size_t)(to - all)) k++;
        if (!none) ++*n;
        if (*n > 0) end[*n - 1] = k;
    }
    if (*n > 0) end[*n - 1] = r->n_at;
done:
    lem_free(begin);
    lem_buf_release(&text);
    return st;
}
