/* sft_stages.c - the stages of lemma sft: a stage's own options over those of the command */
#include "cli/sft.h"

#include "core/mem.h"

#include <string.h>

static bool is_stage_name(const char *name) {
    return name && *name && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_") == strlen(name);
}

bool lem_sft_is_whole_run(const char *option) {
    static const char *const names[] = {
        "model",      "from-scratch", "arch",       "layers", "width",        "ffn",       "heads",
        "kv-heads",   "context",      "rope-theta", "untied", "vocab",        "tokenizer", "dtype",
        "stages",     "out",          "threads",    "config", "json",         "dry-run",   "budget",
        "fresh",      "overwrite",    "quiet",      "help",   "prompt-from",  "template",  "lora-rank",
        "lora-alpha", "lora-targets", "rslora",     "set",    "lora-dropout", "on-error",  "max-bad",
        "skipped",    "compute",      "max-row"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], option) == 0) return true;
    return false;
}

/* A stage's own options over the command's. */
static lem_status merge_options(const lem_sft_job *j, lem_json *merged, const lem_json *tree, lem_err *err) {
    for (size_t i = 0; i < lem_json_count(tree); i++) {
        const char *key = lem_json_key_at(tree, i);
        const lem_opt *o = lem_opt_find(j->cmd, key);
        if (strcmp(key, "name") == 0) continue;
        if (o && lem_sft_is_whole_run(o->name))
            return lem_fail(err, LEM_EUSAGE, "--%s is of the whole run; it cannot differ between stages",
                            o->name);
        if (!lem_json_set(merged, o ? o->name : key, lem_json_copy(lem_json_value_at(tree, i))))
            return lem_fail(err, LEM_EMEM, "out of memory");
    }
    return LEM_OK;
}

static lem_status stage_args(lem_sft_job *j, const lem_json *tree, lem_sft_stage *out, lem_err *err) {
    lem_json *merged = lem_json_copy(j->args->values);
    lem_cli scratch = *j->cli;
    if (!merged) return lem_fail(err, LEM_EMEM, "out of memory");
    (void)lem_json_remove(merged, "stages");
    (void)lem_json_remove(merged, "_words");
    lem_status st = merge_options(j, merged, tree, err);
    if (st == LEM_OK) st = lem_args_from_tree(j->cmd, merged, &scratch, &out->args, err);
    lem_json_free(merged);
    return st;
}

static char *stage_dir(const lem_sft_job *j, const lem_json *tree, int index, const char *name,
                       lem_err *err) {
    lem_buf b = {0};
    if (!tree) return lem_strdup(j->out, err);
    lem_buf_printf(&b, "%s/stages/%d-%s", j->out, index + 1, name);
    char *dir = lem_buf_ok(&b, err) == LEM_OK ? lem_strdup(b.data, err) : NULL;
    lem_buf_release(&b);
    return dir;
}

static lem_status make_stage(lem_sft_job *j, const lem_json *tree, int index, lem_sft_stage *out,
                             lem_err *err) {
    const char *name = tree ? lem_json_str(lem_json_get(tree, "name"), NULL) : "sft";
    if (!is_stage_name(name))
        return lem_fail(err, LEM_EUSAGE,
                        "stages[%d]: a name of lower-case letters, digits, '-' and '_' expected", index);
    lem_status st = stage_args(j, tree, out, err);
    if (st) return tree ? lem_err_context(err, "stage %s", name) : st;
    out->name = name;
    out->dir = stage_dir(j, tree, index, name, err);
    if (!out->dir) return LEM_EMEM;
    if (lem_json_count(lem_args_tree(&out->args, "data")) == 0)
        return lem_fail(err, LEM_EUSAGE, "stage %s: --data FILE is missing", name);
    return LEM_OK;
}

/* What the folder to start from says of its prompts, and the options of each stage. */
static lem_status read_prompts(lem_sft_job *j, lem_err *err) {
    for (int i = 0; i < j->n; i++) {
        lem_sft_stage *s = &j->stages[i];
        lem_prompt_options o = {.template = lem_args_str(j->args, "template"),
                                .set = lem_args_tree(j->args, "set"),
                                .system = lem_args_str(&s->args, "system"),
                                .suffix = lem_args_str(&s->args, "suffix"),
                                .from = lem_args_str(&s->args, "prompt-from")};
        lem_status st = lem_prompt_settings_open(lem_args_str(j->args, "model"), &o, &s->prompt, err);
        if (st) return st;
    }
    return LEM_OK;
}

lem_status lem_sft_stages(lem_sft_job *j, lem_err *err) {
    const lem_json *list = lem_args_tree(j->args, "stages");
    if (list && lem_json_kind(list) != LEM_JSON_ARRAY)
        return lem_fail(err, LEM_EUSAGE, "stages must be a list of maps");
    int n = list ? (int)lem_json_count(list) : 1;
    if (n == 0 || n > 64) return lem_fail(err, LEM_EUSAGE, "1 to 64 stages expected, found %d", n);
    j->stages = lem_alloc_zero((size_t)n, sizeof *j->stages, err);
    if (!j->stages) return LEM_EMEM;
    for (int i = 0; i < n; i++) {
        j->n = i + 1;
        lem_status st = make_stage(j, list ? lem_json_at(list, (size_t)i) : NULL, i, &j->stages[i], err);
        if (st) return st;
    }
    return read_prompts(j, err);
}

void lem_sft_stages_release(lem_sft_job *j) {
    for (int i = 0; i < j->n; i++) {
        lem_sft_stage *s = &j->stages[i];
        if (s->args.values) lem_args_release(&s->args);
        lem_free(s->dir);
        lem_bad_rows_release(&s->bad);
        lem_json_free(s->first);
        lem_json_free(s->domains);
        lem_prompt_settings_release(&s->prompt);
    }
    lem_free(j->stages);
}
