/* search_judge.c - a reward model folder as the scorer of a search */
#include "cli/search_judge.h"

#include "core/mem.h"
#include "core/utf8.h"
#include "model/weights_open.h"
#include "reward/recipe.h"

#include <math.h>

void lem_judge_release(lem_judge *j) {
    lem_scorer_free(j->scorer);
    if (j->weights) lem_weights_free(j->weights);
    if (j->tok) lem_tokenizer_free(j->tok);
    lem_prompt_settings_release(&j->prompt);
    *j = (lem_judge){0};
}

static lem_status choose_head(lem_judge *j, const lem_judge_opts *o, lem_err *err) {
    lem_head_shape shape = lem_weights_config(j->weights)->reward;
    if (o->head && shape.kind != LEM_HEAD_KIND_NONE)
        return lem_fail(err, LEM_EUSAGE,
                        "--rm-head reads a plain language model; %s has a head of its own (%s)", o->dir,
                        lem_head_kind_name(shape.kind));
    lem_status st = o->head ? lem_head_from_name(o->head, &shape, err) : LEM_OK;
    if (st == LEM_OK) st = lem_head_read(&shape, NULL, &j->how, err);
    if (st == LEM_OK) st = lem_reward_recipe_make(&shape, j->tok, o->dir, &j->prompt, &j->recipe, err);
    j->rows.process = lem_head_is_process(shape.kind);
    j->rows.aggregate = LEM_EVAL_AGG_LAST;
    return st;
}

lem_status lem_judge_open(const lem_cli *cli, lem_backend *b, const lem_judge_opts *o, lem_judge *out,
                          lem_err *err) {
    lem_judge j = {0};
    const lem_prompt_options prompt = {.separator = o->separator};
    lem_status st = LEM_OK;
    LEM_TRY(lem_prompt_settings_open(o->dir, &prompt, &j.prompt, err));
    LEM_TRY(lem_weights_open_any(o->dir, b, o->dtype, &j.weights, err));
    LEM_TRY(lem_runtime_tokenizer(cli, o->dir, &j.tok, err));
    st = choose_head(&j, o, err);
    if (st) LEM_TRY(lem_err_context(err, "%s", o->dir));
    if (o->aggregate && !lem_eval_aggregator_find(o->aggregate, &j.rows.aggregate))
        LEM_TRY(lem_fail(err, LEM_EUSAGE, "--aggregate '%s' is unknown", o->aggregate));
    LEM_TRY(lem_scorer_new(j.weights, b, &j.how, j.recipe.good, j.recipe.bad, o->max_rows, &j.scorer, err));
    j.rows.tokenizer = j.tok;
    j.rows.scorer = j.scorer;
    j.rows.field = "rm_score";
    j.rows.log = cli->log;
    *out = j;
    out->rows.recipe = &out->recipe;
    j = (lem_judge){0};
done:
    lem_judge_release(&j);
    return st;
}

/* ---- texts ---- */

static double total(const lem_judge *j, const lem_score_item *x) {
    double steps[LEM_PROMPT_STEPS_MAX];
    if (!j->rows.process) return (double)x->value[0];
    for (int k = 0; k < x->n_at; k++) steps[k] = (double)x->value[k];
    return lem_eval_aggregate(steps, (size_t)x->n_at, j->rows.aggregate);
}

/* Renders a text as it will be written and read again, so that what chose it can be had from the file:
 * bytes that are not UTF-8 (a step that ends inside a character) are U+FFFD there. */
static lem_status render_mended(lem_judge *j, const lem_search_text *t, lem_rendering *r, lem_err *err) {
    lem_buf b = {0};
    if (lem_utf8_valid(t->text, t->len))
        return lem_prompt_solution(&j->recipe, j->tok, j->problem, t->text, t->len, r, err);
    lem_utf8_mend(t->text, t->len, &b);
    lem_status st = lem_buf_ok(&b, err);
    if (st == LEM_OK) st = lem_prompt_solution(&j->recipe, j->tok, j->problem, b.data, b.len, r, err);
    lem_buf_release(&b);
    return st;
}

/* Renders text i; *used = false where it cannot be scored. */
static lem_status render(lem_judge *j, const lem_search_text *t, lem_rendering *r, lem_score_item *item,
                         bool *used, lem_err *err) {
    lem_status st = render_mended(j, t, r, err);
    if (st) return st;
    *used = r->n_at > 0 && r->ids.len <= (size_t)lem_scorer_limit(j->scorer);
    if (!*used) return LEM_OK;
    *item = (lem_score_item){r->ids.data, (int)r->ids.len, r->at, r->n_at, NULL};
    item->value = lem_alloc((size_t)r->n_at, sizeof *item->value, err);
    return item->value ? LEM_OK : LEM_EMEM;
}

lem_status lem_judge_score(void *ctx, lem_search_text *t, int n, lem_err *err) {
    lem_judge *j = ctx;
    lem_status st = LEM_OK;
    int m = 0;
    size_t size = (size_t)n + 1;
    lem_rendering *r = lem_alloc_zero(size, sizeof *r, err);
    lem_score_item *items = lem_alloc_zero(size, sizeof *items, err);
    int *of = lem_alloc(size, sizeof *of, err);
    if (!r || !items || !of) LEM_TRY(LEM_EMEM);
    for (int i = 0; i < n; i++) {
        bool used = false;
        t[i].score = -INFINITY;
        LEM_TRY(render(j, &t[i], &r[i], &items[m], &used, err));
        if (used) of[m++] = i;
    }
    LEM_TRY(lem_scorer_run(j->scorer, items, m, err));
    for (int k = 0; k < m; k++) t[of[k]].score = total(j, &items[k]);
    j->scored += (uint64_t)n;
    j->without += (uint64_t)(n - m);
done:
    for (int i = 0; r && items && i < n; i++) {
        lem_rendering_release(&r[i]);
        lem_free(items[i].value);
    }
    lem_free(r);
    lem_free(items);
    lem_free(of);
    return st;
}
