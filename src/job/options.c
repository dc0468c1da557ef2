/* options.c - the walk over a command's options, and names that are nearly right */
#include "job/command.h"

#include "core/choice.h"

#include <string.h>

/* Options of every command. What a job writes never depends on those that change nothing. */
static const lem_opt common[] = {
    {"config", LEM_OPT_STR, "FILE", NULL, "YAML file with these options as keys; flags win",
     .effect = LEM_OPT_CHANGES_NOTHING},
    {"out", LEM_OPT_STR, "PATH", NULL, "where the result goes", .effect = LEM_OPT_CHANGES_NOTHING},
    {"seed", LEM_OPT_INT, "N", "1", "seed of everything random", .max = 9e15},
    {"limit", LEM_OPT_INT, "N", NULL, "use only the first N rows", .max = 9e15},
    {"threads", LEM_OPT_INT, "N", "0", "threads; 0 = all that this process may use (never changes a result)",
     .max = 1024, .effect = LEM_OPT_CHANGES_NOTHING},
    {"json", LEM_OPT_FLAG, NULL, NULL, "print one machine-readable object on stdout",
     .effect = LEM_OPT_CHANGES_NOTHING},
    {"dry-run", LEM_OPT_FLAG, NULL, NULL, "show the plan (memory, rows, tokens) and stop",
     .effect = LEM_OPT_CHANGES_NOTHING},
    {"fresh", LEM_OPT_FLAG, NULL, NULL, "start anew: discard an unfinished run, replace an existing result",
     .effect = LEM_OPT_CHANGES_NOTHING},
    {"overwrite", LEM_OPT_FLAG, NULL, NULL,
     "replace what another job left at --out; a run of this same job still goes on",
     .effect = LEM_OPT_CHANGES_NOTHING},
    {"quiet", LEM_OPT_FLAG, NULL, NULL, "no progress, warnings only", .effect = LEM_OPT_CHANGES_NOTHING},
    {"help", LEM_OPT_FLAG, NULL, NULL, "show this help", .effect = LEM_OPT_CHANGES_NOTHING},
};
enum { N_COMMON = sizeof common / sizeof common[0] };

const lem_opt *lem_opt_at(const lem_command *cmd, int i) {
    if (i < cmd->n_opts) return &cmd->opts[i];
    i -= cmd->n_opts;
    if (i < cmd->n_shared) return &cmd->shared[i];
    i -= cmd->n_shared;
    return i < N_COMMON ? &common[i] : NULL;
}

const char *lem_opt_standard(const lem_opt *o, const lem_json *values) {
    bool other = o->when && lem_json_bool(lem_json_get(values, o->when), false);
    return other ? o->standard_when : o->standard;
}

static void canonical_name(const char *name, char out[64]) {
    size_t i = 0;
    for (; name[i] && i < 63; i++) out[i] = name[i] == '_' ? '-' : name[i];
    out[i] = '\0';
}

const lem_opt *lem_opt_find(const lem_command *cmd, const char *name) {
    char key[64];
    const lem_opt *o;
    canonical_name(name, key);
    for (int i = 0; (o = lem_opt_at(cmd, i)); i++)
        if (strcmp(o->name, key) == 0) return o;
    return NULL;
}

bool lem_opt_choice(const lem_opt *o, int i, char out[32]) { return lem_choice_at(o->choices, i, out); }

bool lem_opt_reads(const lem_opt *o, const char *value) {
    return o->type == LEM_OPT_INPUTS || (o->type == LEM_OPT_INPUT && lem_choice_find(o->choices, value) < 0);
}

const lem_command *lem_command_find(const lem_command *const *table, const char *name) {
    for (int i = 0; table[i]; i++)
        if (strcmp(table[i]->name, name) == 0) return table[i];
    return NULL;
}

/* ---- names that are nearly right ---- */

static int min3(int a, int b, int c) {
    if (b < a) a = b;
    return c < a ? c : a;
}

static int edit_distance(const char *a, const char *b) {
    size_t n = strlen(a), m = strlen(b);
    if (n > 63 || m > 63) return 64;
    int row[64];
    for (size_t j = 0; j <= m; j++) row[j] = (int)j;
    for (size_t i = 1; i <= n; i++) {
        int diag = row[0];
        row[0] = (int)i;
        for (size_t j = 1; j <= m; j++) {
            int up = row[j];
            row[j] = min3(diag + (a[i - 1] != b[j - 1]), up + 1, row[j - 1] + 1);
            diag = up;
        }
    }
    return row[m];
}

const char *lem_suggest(const char *word, const char *const *names, int n) {
    const char *best = NULL;
    int best_d = 4;
    for (int i = 0; i < n; i++) {
        int d = edit_distance(word, names[i]);
        if (d < best_d) {
            best_d = d;
            best = names[i];
        }
    }
    return best;
}

/* What Transformers, TRL, OpenRLHF, vLLM, llama.cpp and lm-eval call our options. */
static const struct {
    const char *theirs, *ours;
} field_names[] = {
    {"learning-rate", "lr"},
    {"batch-size", "batch"},
    {"train-batch-size", "batch"},
    {"per-device-train-batch-size", "batch"},
    {"num-train-epochs", "epochs"},
    {"num-epochs", "epochs"},
    {"max-epochs", "epochs"},
    {"max-train-steps", "max-steps"},
    {"max-new-tokens", "max-tokens"},
    {"n-predict", "max-tokens"},
    {"max-seq-length", "max-len"},
    {"max-length", "max-len"},
    {"max-model-len", "max-len"},
    {"output-dir", "out"},
    {"output", "out"},
    {"output-path", "out"},
    {"save-path", "out"},
    {"model-name-or-path", "model"},
    {"pretrain", "model"},
    {"dataset", "data"},
    {"train-file", "data"},
    {"train-data", "data"},
    {"validation-file", "val"},
    {"eval-data", "val"},
    {"input", "prompts"},
    {"input-file", "prompts"},
    {"num-samples", "n"},
    {"num-return-sequences", "n"},
    {"n-samples", "n"},
    {"best-of", "n"},
    {"temp", "temperature"},
    {"max-grad-norm", "clip"},
    {"grad-clip", "clip"},
    {"warmup-ratio", "warmup"},
    {"lr-warmup-ratio", "warmup"},
    {"lr-scheduler-type", "schedule"},
    {"lr-scheduler", "schedule"},
    {"adam-beta1", "beta1"},
    {"adam-beta2", "beta2"},
    {"adam-epsilon", "eps"},
    {"l2", "weight-decay"},
    {"save-steps", "checkpoint-every"},
    {"eval-steps", "val-every"},
    {"system-prompt", "system"},
    {"system-message", "system"},
    {"chat-template", "template"},
    {"stop-sequences", "stop"},
    {"torch-dtype", "dtype"},
    {"precision", "dtype"},
    {"random-seed", "seed"},
    {"num-workers", "threads"},
    {"num-threads", "threads"},
    {"num-hidden-layers", "layers"},
    {"hidden-size", "width"},
    {"intermediate-size", "ffn"},
    {"num-attention-heads", "heads"},
    {"num-key-value-heads", "kv-heads"},
    {"max-position-embeddings", "context"},
    {"vocab-size", "vocab"},
    {"max-samples", "limit"},
    {"num-examples", "limit"},
    {"force", "overwrite"},
    {"overwrite-output-dir", "overwrite"},
};

const lem_opt *lem_opt_suggest(const lem_command *cmd, const char *name) {
    const char *names[160];
    int n = 0;
    const lem_opt *o;
    char key[64];
    canonical_name(name + strspn(name, "-"), key); /* "--naem=x" is looked for as "naem" */
    key[strcspn(key, "=")] = '\0';
    for (size_t i = 0; i < sizeof field_names / sizeof *field_names; i++)
        if (strcmp(field_names[i].theirs, key) == 0 && (o = lem_opt_find(cmd, field_names[i].ours))) return o;
    for (int i = 0; n < 160 && (o = lem_opt_at(cmd, i)); i++) names[n++] = o->name;
    const char *near = lem_suggest(key, names, n);
    return near ? lem_opt_find(cmd, near) : NULL;
}
