/* score_model.c - options to a head, a form and a scorer */
#include "cli/score_model.h"
#include "cli/prompt_options.h"

#include "cli/runtime.h"
#include "cli/train_options.h"
#include "cli/unescape.h"
#include "cli/weights_options.h"
#include "core/buf.h"
#include "core/mem.h"
#include "prompt/ends.h"
#include "token/chat_template.h"
#include "reward/known.h"
#include "reward/recipe.h"

#include <stdio.h>
#include <string.h>

/* ---- options ---- */

/* What the folder says of its prompts, and the options. */
static lem_status read_prompt(score_model *m, lem_err *err) {
    const char *sep = lem_args_str(m->args, "step-separator");
    char *separator = NULL;
    lem_status st = sep ? lem_unescape(sep, &separator, err) : LEM_OK;
    lem_prompt_options o = {.system = lem_args_str(m->args, "system"),
                            .suffix = lem_args_str(m->args, "suffix"),
                            .template = lem_args_str(m->args, "template"),
                            .set = lem_args_tree(m->args, "set"),
                            .separator = separator,
                            .from = lem_args_str(m->args, "prompt-from")};
    if (st == LEM_OK) st = lem_prompt_settings_open(m->dir, &o, &m->prompt, err);
    lem_free(separator);
    return st;
}

/* Options that only one kind of score has. */
static lem_status check_kind(const score_model *m, lem_err *err) {
    const lem_args *a = m->args;
    const struct {
        bool given, fits;
        const char *text;
    } rules[] = {
        {lem_args_str(a, "reference") != NULL, m->kind == SCORE_IMPLICIT,
         "--reference is for --head implicit"},
        {lem_args_flag(a, "tokens"), m->kind == SCORE_BY_LOGPROB, "--tokens is for --head logprob"},
        {lem_args_str(a, "head-output") != NULL, m->kind == SCORE_BY_HEAD,
         "--head-output is for reward heads; log-probabilities have one reading"},
        {lem_args_is(a, "template", "plain"), m->kind != SCORE_BY_HEAD,
         "--template plain is for log-probabilities; reward heads read conversations"},
        {lem_args_num(a, "add-logprob") != 0, m->kind == SCORE_BY_HEAD,
         "--add-logprob adds to the score of a head"},
        {lem_args_str(a, "aggregate") != NULL, m->kind != SCORE_BY_LOGPROB,
         "--aggregate is for scores of steps; --head logprob has none"},
    };
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (rules[i].given && !rules[i].fits) return lem_fail(err, LEM_EUSAGE, "%s", rules[i].text);
    if (m->kind == SCORE_IMPLICIT && !lem_args_str(a, "reference"))
        return lem_fail(err, LEM_EUSAGE,
                        "--head implicit needs --reference DIR, the model that training "
                        "began with");
    if (m->kind == SCORE_IMPLICIT && strcmp(a->words[0], "-") == 0)
        return lem_fail(err, LEM_EUSAGE, "--head implicit reads the rows twice: a file, not standard input");
    return LEM_OK;
}

lem_status lem_score_model_options(score_model *m, lem_err *err) {
    m->dir = lem_args_str(m->args, "model");
    if (lem_args_is(m->args, "head", "logprob")) m->kind = SCORE_BY_LOGPROB;
    if (lem_args_is(m->args, "head", "implicit")) m->kind = SCORE_IMPLICIT;
    lem_status st = check_kind(m, err);
    return st ? st : read_prompt(m, err);
}

/* ---- head and form ---- */

static lem_status named_aggregate(const score_model *m, lem_eval_aggregator *out, lem_err *err) {
    const char *name = lem_args_str(m->args, "aggregate");
    if (name && !lem_eval_aggregator_find(name, out))
        return lem_fail(err, LEM_EUSAGE, "--aggregate '%s' is unknown", name);
    if (name && m->kind == SCORE_IMPLICIT && lem_eval_aggregator_of_probabilities(*out))
        return lem_fail(
            err, LEM_EUSAGE,
            "--aggregate %s is for probabilities; implicit rewards are log-ratios: last, min, max "
            "or mean",
            name);
    return LEM_OK;
}

static lem_status choose_aggregate(score_model *m, lem_err *err) {
    const char *name = lem_args_str(m->args, "aggregate");
    lem_head_kind kind = m->head.kind;
    if (name && !m->how.process)
        return lem_fail(err, LEM_EUSAGE,
                        "--aggregate is for process reward models; this is one score a solution (%s)",
                        lem_head_kind_name(kind));
    m->how.aggregate = kind == LEM_HEAD_KIND_RLHFLOW_PRM ? LEM_EVAL_AGG_MEAN : LEM_EVAL_AGG_MIN;
    return named_aggregate(m, &m->how.aggregate, err);
}

static lem_status choose_reading(score_model *m, lem_head_shape *shape, lem_err *err) {
    const char *name = lem_args_str(m->args, "head");
    lem_status st = LEM_OK;
    if (!name && shape->kind == LEM_HEAD_KIND_NONE && m->prompt.told & LEM_PROMPT_TOLD_FORM)
        name = lem_reward_head_of_form(m->prompt.form);
    if (name && shape->kind != LEM_HEAD_KIND_NONE)
        return lem_fail(err, LEM_EUSAGE, "--head reads a plain language model; %s has a head of its own (%s)",
                        m->dir, lem_head_kind_name(shape->kind));
    if (name) LEM_TRY(lem_head_from_name(name, shape, err));
    m->how.process = lem_head_is_process(shape->kind);
    if (m->process_only && !m->how.process && shape->kind != LEM_HEAD_KIND_NONE)
        return lem_fail(err, LEM_EUSAGE, "%s gives one score a solution (%s): lemma rm score reads it",
                        m->dir, lem_head_kind_name(shape->kind));
    st = lem_head_read(shape, lem_args_str(m->args, "head-output"), &m->head, err);
    if (st) return lem_err_context(err, "%s", m->dir);
done:
    return st;
}

/* What stands behind the earlier steps of RLHFlow's model: as its lemma.json says, else its own signs, as it
 * was trained; or as its script does. */
static lem_status choose_signs(score_model *m, lem_err *err) {
    bool compat = lem_args_is(m->args, "compat", "rlhflow"),
         turns = m->head.kind == LEM_HEAD_KIND_RLHFLOW_PRM;
    if (compat && !turns)
        return lem_fail(err, LEM_EUSAGE, "--compat rlhflow is for --head rlhflow; this is: %s",
                        lem_head_kind_name(m->head.kind));
    m->recipe.keep_empty = compat;
    m->how.own_signs = turns && !compat && m->prompt.signs == LEM_PROMPT_SIGNS_OWN;
    return LEM_OK;
}

/* The command as it was given, as far as it names what is scored. */
static lem_status ask_system(lem_prompt_settings *s, lem_head_kind kind, const lem_args *a, const char *dir,
                             bool process, lem_err *err) {
    const char *out = lem_args_str(a, "out");
    lem_buf b = {0};
    lem_buf_printf(&b, "lemma %s score %s --model %s", process ? "prm" : "rm",
                   a->n_words ? a->words[0] : "FILE", dir);
    if (out) lem_buf_printf(&b, " --out %s", out);
    lem_status st = lem_buf_ok(&b, err);
    if (st == LEM_OK) st = lem_reward_known_system(kind, dir, lem_buf_str(&b), s, err);
    lem_buf_release(&b);
    return st;
}

lem_status lem_score_model_check(const lem_args *a, const char *dir, const lem_model_config *c,
                                 lem_err *err) {
    score_model m = {.args = a, .dir = dir};
    lem_status st = read_prompt(&m, err);
    if (st == LEM_OK) st = ask_system(&m.prompt, c->reward.kind, a, dir, false, err);
    lem_prompt_settings_release(&m.prompt);
    return st;
}

/* In words, where it is not the end of the conversation, told by a small one. Transformers 4.37.2 reads
 * before the first pad, in a conversation of one row. */
static void say_position(score_model *m, const lem_rendering *r) {
    int32_t pad = m->recipe.pad;
    size_t first = 0, n = r->ids.len;
    while (first < n && r->ids.data[first] != pad) first++;
    if (first == n) return;
    bool same = r->at[0] == (first ? (int)first - 1 : (int)n - 1);
    snprintf(m->position, sizeof m->position, "at the last token that is not pad_token_id (%d)%s", (int)pad,
             same ? ""
                  : ", as Transformers 5 reads it; 4.37.2 reads before the first such token, which the chat "
                    "template writes earlier");
}

/* Transformers reads a classifier at the last token that is not pad_token_id. */
static lem_status choose_position(score_model *m, lem_head_kind kind, lem_err *err) {
    lem_rendering r = {0};
    if (kind != LEM_HEAD_KIND_CLASSIFIER || m->recipe.form != LEM_PROMPT_LAST_TOKEN || m->config.pad_id < 0)
        return LEM_OK;
    m->recipe.pad = m->config.pad_id;
    lem_status st = lem_prompt_solution(&m->recipe, m->tok, "1+1?", "2", 1, &r, err);
    if (st == LEM_OK) say_position(m, &r);
    lem_rendering_release(&r);
    return st;
}

static lem_status choose_head(score_model *m, lem_err *err) {
    lem_head_shape shape = m->config.reward;
    lem_status st = LEM_OK;
    LEM_TRY(choose_reading(m, &shape, err));
    LEM_TRY(choose_aggregate(m, err));
    LEM_TRY(ask_system(&m->prompt, shape.kind, m->args, m->dir, m->process_only, err));
    st = lem_reward_recipe_make(&shape, m->tok, m->dir, &m->prompt, &m->recipe, err);
    if (st) return lem_err_context(err, "%s", m->dir);
    LEM_TRY(choose_signs(m, err));
    LEM_TRY(choose_position(m, shape.kind, err));
    m->how.recipe = &m->recipe;
done:
    return st;
}

/* How texts are fed for their log-probabilities. */
static lem_status choose_text(score_model *m, lem_err *err) {
    lem_prompt_end_list ends;
    if (m->config.head != LEM_HEAD_LM && !m->config.tied)
        return lem_fail(err, LEM_EUSAGE,
                        "%s: log-probabilities need a language model; this folder has a reward head in place "
                        "of one (%s), and its embedding is not tied to one",
                        m->dir, lem_head_kind_name(m->config.reward.kind));
    bool chat = m->prompt.template == LEM_PROMPT_CHAT;
    lem_status st = lem_prompt_ends(m->tok, m->dir, m->config.vocab, chat, &ends, err);
    if (st) return st;
    m->text = (lem_text_recipe){.prompt = &m->prompt,
                                .end = ends.n ? ends.id[0] : -1,
                                .separator = lem_reward_separator(LEM_HEAD_KIND_NONE, &m->prompt)};
    m->how.text = &m->text;
    return LEM_OK;
}

static lem_status choose_implicit(score_model *m, lem_err *err) {
    m->implicit = (lem_implicit_how){.beta = lem_args_num(m->args, "beta"),
                                     .sum = !lem_args_str(m->args, "aggregate"),
                                     .field = lem_args_str(m->args, "field")};
    if (!m->implicit.field) m->implicit.field = "rm_score";
    return named_aggregate(m, &m->implicit.aggregate, err);
}

lem_status lem_score_model_prepare(score_model *m, lem_err *err) {
    static const char *const fields[] = {"rm_score", "logprob", "sums"};
    static const lem_score_what whats[] = {LEM_SCORE_HEAD, LEM_SCORE_LOGPROBS, LEM_SCORE_STEP_SUMS};
    const char *field = lem_args_str(m->args, "field");
    lem_status st = LEM_OK;
    LEM_TRY(lem_train_folder_config(m->dir, &m->config, NULL, err));
    LEM_TRY(lem_prompt_options_tokenizer(m->cli, m->dir, &m->prompt, &m->tok, err));
    m->how.what = whats[m->kind];
    m->how.field = field && m->kind != SCORE_IMPLICIT ? field : fields[m->kind];
    m->how.tokenizer = m->tok;
    m->how.log = m->cli->log;
    m->how.logprob_weight = lem_args_num(m->args, "add-logprob");
    m->how.each_token = lem_args_flag(m->args, "tokens");
    if (m->kind == SCORE_BY_HEAD) LEM_TRY(choose_head(m, err));
    if (m->kind != SCORE_BY_HEAD || m->how.logprob_weight != 0) LEM_TRY(choose_text(m, err));
    if (m->kind == SCORE_IMPLICIT) LEM_TRY(choose_implicit(m, err));
done:
    return st;
}

/* ---- weights ---- */

static void close_weights(score_model *m) {
    lem_scorer_free(m->scorer);
    lem_scorer_free(m->logprobs);
    lem_weights_free(m->weights);
    m->scorer = m->logprobs = NULL;
    m->weights = NULL;
}

static int rows_of(const score_model *m) {
    int most = m->max_rows ? m->max_rows : (int)lem_args_int(m->args, "max-rows");
    return m->widest && m->widest < most ? m->widest : most;
}

/* Of scorers that counted. */
static int widest_of(const score_model *m) {
    int a = m->scorer ? lem_scorer_widest(m->scorer) : 0,
        b = m->logprobs ? lem_scorer_widest(m->logprobs) : 0;
    return a > b ? a : b;
}

static void use_scorers(score_model *m) {
    m->how.scorer = m->scorer;
    m->how.logprobs = m->logprobs;
}

lem_status lem_score_model_plan(score_model *m, lem_err *err) {
    const lem_head_reading *head = m->kind == SCORE_BY_HEAD ? &m->head : NULL;
    int rows = rows_of(m);
    lem_status st = lem_scorer_plan(&m->config, head, m->recipe.good, m->recipe.bad, rows, &m->scorer, err);
    if (st == LEM_OK && m->kind == SCORE_BY_HEAD && m->how.logprob_weight != 0)
        st = lem_scorer_plan(&m->config, NULL, 0, 0, rows, &m->logprobs, err);
    use_scorers(m);
    return st;
}

lem_memory_parts lem_score_model_bytes(const score_model *m, const lem_model_config *c,
                                       const lem_memory_ask *ask) {
    lem_memory_parts p = {.weights = (double)lem_weights_bytes(c, ask->dtype)};
    lem_dtype kv = lem_memory_kv(ask, c);
    int longest = m->scorer ? lem_scorer_longest(m->scorer) : 0;
    p.work = (double)lem_scorer_bytes(m->scorer, c, kv, ask->max_rows);
    if (m->logprobs) p.work += (double)lem_scorer_bytes(m->logprobs, c, kv, ask->max_rows);
    p.work += lem_memory_scratch(m->cli, longest ? longest : ask->max_rows, c->vocab);
    return p;
}

lem_status lem_score_model_weights(score_model *m, const char *dir, lem_err *err) {
    lem_dtype dtype = lem_weights_dtype(m->args);
    const lem_head_reading *head = m->kind == SCORE_BY_HEAD ? &m->head : NULL;
    lem_status st = LEM_OK;
    if (!m->weights) m->widest = widest_of(m);
    int rows = rows_of(m);
    close_weights(m);
    LEM_TRY(lem_weights_open_any(dir, m->backend, dtype, &m->weights, err));
    LEM_TRY(
        lem_scorer_new(m->weights, m->backend, head, m->recipe.good, m->recipe.bad, rows, &m->scorer, err));
    if (m->kind == SCORE_BY_HEAD && m->how.logprob_weight != 0)
        LEM_TRY(lem_scorer_new(m->weights, m->backend, NULL, 0, 0, rows, &m->logprobs, err));
    use_scorers(m);
done:
    return st;
}

void lem_score_model_close(score_model *m) {
    close_weights(m);
    lem_tokenizer_free(m->tok);
    lem_prompt_settings_release(&m->prompt);
    lem_args_release(&m->own);
}

/* ---- words ---- */

static void in_quotes(const char *text, size_t n, char *out) {
    if (text) snprintf(out, n, "\"%.*s\"", (int)n - 3, text);
    else snprintf(out, n, "none");
}

/* "chat template of the folder, system prompt "…", suffix "…"". */
static void prompt_of(const score_model *m, char out[400]) {
    bool plain = m->kind != SCORE_BY_HEAD && m->prompt.template == LEM_PROMPT_PLAIN;
    const char *system = m->kind == SCORE_BY_HEAD ? m->recipe.system : m->prompt.system,
               *suffix = m->prompt.suffix;
    const char *how = lem_chat_has_template(m->tok) ? "the folder's chat template" : "ChatML";
    if (m->prompt.chat_template) how = "the chat template of --template";
    if (plain) how = "the text as it is";
    if (m->kind == SCORE_BY_HEAD && !lem_prompt_form_is_chat(m->recipe.form))
        how = "problem and steps as text";
    char said[160], behind[110];
    in_quotes(system, sizeof said, said);
    in_quotes(suffix, sizeof behind, behind);
    snprintf(out, 400, "%s, system prompt %s, suffix %s", how, said, behind);
}

static const char *signs_of(const score_model *m) {
    if (m->kind != SCORE_BY_HEAD || m->head.kind != LEM_HEAD_KIND_RLHFLOW_PRM) return NULL;
    if (m->how.own_signs) return "each step behind the model's own signs";
    return m->recipe.keep_empty ? "each step behind '+' everywhere, empty steps too (--compat rlhflow)"
                                : "each step behind '+' everywhere, as in training";
}

static const char *aggregate_of(const score_model *m) {
    if (m->kind == SCORE_IMPLICIT)
        return m->implicit.sum ? "sum" : lem_eval_aggregator_name(m->implicit.aggregate);
    return m->how.process ? lem_eval_aggregator_name(m->how.aggregate) : NULL;
}

score_words lem_score_model_words(const score_model *m) {
    score_words w = {.aggregate = aggregate_of(m), .signs = signs_of(m)};
    prompt_of(m, w.prompt);
    switch (m->kind) {
    case SCORE_BY_HEAD:
        w.head = lem_head_kind_name(m->head.kind);
        w.position = m->position[0] ? m->position : lem_head_position(m->head.kind);
        lem_head_formula_text(&m->head, w.formula);
        if (m->how.logprob_weight != 0)
            snprintf(w.added, sizeof w.added, "%.6g * mean log p of the text", m->how.logprob_weight);
        break;
    case SCORE_BY_LOGPROB:
        w.head = "log-probabilities of a language model";
        w.position = "at every token of the text and its end";
        snprintf(w.formula, sizeof w.formula, "sum and mean of log p");
        break;
    case SCORE_IMPLICIT:
        w.head = "implicit reward of a language model";
        w.position = "over the tokens of each step, the end with the last";
        snprintf(w.formula, sizeof w.formula, "%.6g * (log p - log p of the reference)", m->implicit.beta);
        break;
    }
    return w;
}
