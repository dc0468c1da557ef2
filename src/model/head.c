/* head - reward heads: names in config.json, tensors, and the formula from outputs to a score */
#include "model/head.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- the table of heads ---- */

typedef struct head_row {
    lem_head_kind kind;
    const char *suffix; /* of the name in 'architectures'; NULL = only found in the weights or asked for */
    const char *tensor; /* NULL = of several names, see resolve */
    int outputs;        /* 0 = num_labels says */
    bool dense, bias, process, tokens;
    lem_head_formula formula;
    int output;
    const char *name, *position;
} head_row;

static const char at_last[] = "at the last token of the rendered conversation";

static const head_row heads[LEM_HEAD_KIND_COUNT] = {
    {LEM_HEAD_KIND_NONE, "ForCausalLM", "", 0, false, false, false, false, LEM_HEAD_RAW, 0,
     "none (a language model)", "nowhere"},
    {LEM_HEAD_KIND_CLASSIFIER, "ForSequenceClassification", "score", 0, false, false, false, false,
     LEM_HEAD_RAW, 0, "sequence classifier", at_last},
    {LEM_HEAD_KIND_QWEN_RM, "ForRewardModel", "score", 1, true, true, false, false, LEM_HEAD_RAW, 0,
     "Qwen2.5-Math reward model", at_last},
    {LEM_HEAD_KIND_QWEN_PRM, "ForProcessRewardModel", "score", 2, true, true, true, false, LEM_HEAD_SOFTMAX,
     1, "Qwen2.5-Math process reward model", "at the <extra_0> token after each step"},
    {LEM_HEAD_KIND_SKYWORK_PRM, "ForPrmModel", "v_head.summary", 1, false, true, true, false,
     LEM_HEAD_SIGMOID, 0, "Skywork-o1 process reward model", "at the last token of each step"},
    {LEM_HEAD_KIND_VALUE_HEAD, NULL, "v_head.summary", 1, false, true, false, false, LEM_HEAD_RAW, 0,
     "value head on a language model (LLaMA-Factory, TRL)", at_last},
    {LEM_HEAD_KIND_OPENRLHF, "RewardModel", NULL, 1, false, false, false, false, LEM_HEAD_RAW, 0,
     "OpenRLHF reward model", "at the end-of-text token that closes the rendered conversation"},
    {LEM_HEAD_KIND_INTERNLM2, "ForRewardModel", "v_head", 1, false, false, false, false, LEM_HEAD_RAW, 0,
     "InternLM2 reward model", "at the reward token behind the rendered conversation"},
    {LEM_HEAD_KIND_TOKEN_CLASSIFIER, "ForTokenClassification", "score", 2, false, true, true, false,
     LEM_HEAD_SOFTMAX, 1, "token classifier (TRL process reward model)",
     "at the last token of the separator after each step"},
    {LEM_HEAD_KIND_RLHFLOW_PRM, NULL, "", 2, false, false, true, true, LEM_HEAD_SOFTMAX, 0,
     "RLHFlow process reward model (token logits)", "before the '+' reply to each step"},
    {LEM_HEAD_KIND_RLHFLOW_ORM, NULL, "", 2, false, false, false, true, LEM_HEAD_SOFTMAX, 0,
     "RLHFlow outcome reward model (token logits)", "before the '+' reply to the answer"},
    {LEM_HEAD_KIND_MATH_SHEPHERD, NULL, "", 2, false, false, true, true, LEM_HEAD_SOFTMAX, 0,
     "Math-Shepherd process reward model (token logits)", "at the tag after each step"},
};

static const head_row *row_of(lem_head_kind kind) {
    return &heads[kind >= 0 && kind < LEM_HEAD_KIND_COUNT ? kind : LEM_HEAD_KIND_NONE];
}

bool lem_head_is_process(lem_head_kind kind) { return row_of(kind)->process; }
bool lem_head_is_tokens(lem_head_kind kind) { return row_of(kind)->tokens; }
const char *lem_head_kind_name(lem_head_kind kind) { return row_of(kind)->name; }
const char *lem_head_position(lem_head_kind kind) { return row_of(kind)->position; }

/* ---- config.json ---- */

static bool is_null(const lem_json *v) { return lem_json_kind(v) == LEM_JSON_NULL; }

/* The size of id2label, or num_labels; Transformers' default is 2. */
static int64_t labels_of(const lem_json *json) {
    const lem_json *map = lem_json_get(json, "id2label");
    return is_null(map) ? lem_json_int(lem_json_get(json, "num_labels"), 2) : (int64_t)lem_json_count(map);
}

/* OpenRLHF stores the statistics of its last evaluation; normalize_reward false beside them says that they
 * were not in use. */
static lem_status read_stats(const lem_json *json, lem_head_shape *s, lem_err *err) {
    const lem_json *mean = lem_json_get(json, "mean"), *std = lem_json_get(json, "std"),
                   *use = lem_json_get(json, "normalize_reward");
    if (is_null(mean) && is_null(std)) return LEM_OK;
    double m = lem_json_num(mean, NAN), d = lem_json_num(std, NAN);
    if (!(fabs(m) < 1e30)) return lem_fail(err, LEM_EDATA, "'mean' of the reward must be a number");
    if (!(d > 0 && d < 1e30)) return lem_fail(err, LEM_EDATA, "'std' of the reward must be a number above 0");
    s->mean = (float)m;
    s->std = (float)d;
    if (!(s->std > 0)) return lem_fail(err, LEM_EDATA, "'std' of the reward must be a number above 0");
    s->stats = true;
    s->normalize = lem_json_bool(use, true);
    return LEM_OK;
}

static lem_status read_prefix(const lem_json *json, lem_head_shape *s, lem_err *err) {
    const lem_json *v = lem_json_get(json, "value_head_prefix");
    if (is_null(v)) return LEM_OK;
    const char *name = lem_json_str(v, "");
    size_t n = strlen(name);
    if (n == 0 || n >= sizeof s->tensor ||
        strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.") != n)
        return lem_fail(
            err, LEM_EDATA,
            "'value_head_prefix' must be the name of a tensor (up to %zu letters, digits, '_' and '.')",
            sizeof s->tensor - 1);
    memcpy(s->tensor, name, n + 1);
    return LEM_OK;
}

static lem_status fill(const head_row *row, const lem_json *json, lem_head_shape *s, lem_err *err) {
    s->kind = row->kind;
    s->dense = row->dense;
    s->bias = row->bias;
    s->outputs = row->outputs;
    if (row->tensor) snprintf(s->tensor, sizeof s->tensor, "%s", row->tensor);
    if (row->kind == LEM_HEAD_KIND_NONE) return LEM_OK;
    lem_status st = LEM_OK;
    if (row->kind == LEM_HEAD_KIND_CLASSIFIER) {
        int64_t n = labels_of(json);
        if (n < 1 || n > LEM_HEAD_OUTPUTS_MAX)
            return lem_fail(err, LEM_EDATA, "a reward head has one label or two (num_labels), %lld found",
                            (long long)n);
        s->outputs = (int)n;
    }
    if (row->kind == LEM_HEAD_KIND_TOKEN_CLASSIFIER && labels_of(json) != 2)
        return lem_fail(err, LEM_EDATA,
                        "a token classifier that scores steps has two labels (num_labels), %lld found",
                        (long long)labels_of(json));
    if (row->kind == LEM_HEAD_KIND_OPENRLHF) LEM_TRY(read_prefix(json, s, err));
    if (row->kind == LEM_HEAD_KIND_INTERNLM2) {
        int64_t id = lem_json_int(lem_json_get(json, "reward_token_id"), -1);
        if (id < 0 || id > INT32_MAX)
            return lem_fail(err, LEM_EDATA,
                            "'reward_token_id' must be the id of the token at which the reward is read");
        s->token = (int)id;
    }
    if (s->outputs == 1 && !row->process) LEM_TRY(read_stats(json, s, err));
done:
    return st;
}

lem_status lem_head_from_json(const lem_json *json, const char *suffix, lem_head_shape *out, bool *known,
                              lem_err *err) {
    lem_head_shape s = {0};
    if (strcmp(suffix, "LLMForSequenceRegression") == 0) suffix = "RewardModel"; /* OpenRLHF until 0.3 */
    bool internlm2 = strcmp(lem_json_str(lem_json_get(json, "model_type"), ""), "internlm2") == 0;
    *known = false;
    for (int i = 0; i < LEM_HEAD_KIND_COUNT; i++) {
        if (!heads[i].suffix || strcmp(heads[i].suffix, suffix) != 0) continue;
        /* Two families have a ForRewardModel, each its own. */
        if (strcmp(suffix, "ForRewardModel") == 0 && (heads[i].kind == LEM_HEAD_KIND_INTERNLM2) != internlm2)
            continue;
        *known = true;
        lem_status st = fill(&heads[i], json, &s, err);
        if (st == LEM_OK) *out = s;
        return st;
    }
    return LEM_OK;
}

const char *lem_head_suffix(const lem_head_shape *s) {
    const char *suffix = row_of(s->kind)->suffix;
    return suffix ? suffix : "ForCausalLM";
}

static bool set_labels(lem_json *config, int n) {
    lem_json *names = lem_json_new_object(), *ids = lem_json_new_object();
    bool ok = names && ids;
    for (int i = 0; ok && i < n; i++) {
        char id[12], label[20];
        snprintf(id, sizeof id, "%d", i);
        snprintf(label, sizeof label, "LABEL_%d", i);
        ok =
            lem_json_set(names, id, lem_json_new_str(label)) && lem_json_set(ids, label, lem_json_new_int(i));
    }
    if (!ok) {
        lem_json_free(names);
        lem_json_free(ids);
        return false;
    }
    ok = lem_json_set(config, "id2label", names);
    return lem_json_set(config, "label2id", ids) && ok;
}

bool lem_head_to_json(const lem_head_shape *s, lem_json *config) {
    bool ok = true;
    if (s->kind == LEM_HEAD_KIND_CLASSIFIER || s->kind == LEM_HEAD_KIND_TOKEN_CLASSIFIER)
        ok = set_labels(config, s->outputs);
    if (s->kind == LEM_HEAD_KIND_OPENRLHF && s->tensor[0])
        ok = lem_json_set(config, "value_head_prefix", lem_json_new_str(s->tensor)) && ok;
    if (s->kind == LEM_HEAD_KIND_INTERNLM2)
        ok = lem_json_set(config, "reward_token_id", lem_json_new_int(s->token)) && ok;
    if (s->stats) {
        ok = lem_json_set(config, "mean", lem_json_new_num((double)s->mean)) && ok;
        ok = lem_json_set(config, "std", lem_json_new_num((double)s->std)) && ok;
        ok = lem_json_set(config, "normalize_reward", lem_json_new_bool(s->normalize)) && ok;
    }
    return ok;
}

/* ---- tensors ---- */

const char *lem_head_tensor(const lem_head_shape *s, int i, char out[64]) {
    bool there = i >= 0 && i < 4 && s->tensor[0] && (i >= 2 || s->dense) && (i != 3 || s->bias);
    if (!there) return NULL;
    static const char *const places[] = {".0", ".2"}; /* in nn.Sequential; a ReLU stands between them */
    const char *part = s->dense ? places[i / 2] : "";
    snprintf(out, 64, "%s%s%s", s->tensor, part, i & 1 ? ".bias" : ".weight");
    return out;
}

static bool has_named(lem_head_has *has, void *ctx, const char *tensor, const char *part) {
    char name[64];
    snprintf(name, sizeof name, "%s.%s", tensor, part);
    return has(ctx, name);
}

/* OpenRLHF calls its head "score" by default, "value_head" in older versions, or what --value_head_prefix
 * said. */
static lem_status find_openrlhf(lem_head_shape *s, lem_head_has *has, void *ctx, lem_err *err) {
    static const char *const names[] = {"score", "value_head"};
    for (int i = 0; i < 2 && !s->tensor[0]; i++)
        if (has_named(has, ctx, names[i], "weight")) snprintf(s->tensor, sizeof s->tensor, "%s", names[i]);
    if (!s->tensor[0])
        return lem_fail(err, LEM_EDATA,
                        "the reward head is missing: no tensor 'score.weight' or 'value_head.weight', and no "
                        "value_head_prefix in config.json");
    s->bias = has_named(has, ctx, s->tensor, "bias");
    return LEM_OK;
}

lem_status lem_head_resolve(lem_head_shape *s, lem_head_has *has, void *ctx, lem_err *err) {
    char missing[300] = "";
    size_t n = 0;
    if (s->kind == LEM_HEAD_KIND_NONE) {
        if (!has(ctx, "v_head.summary.weight")) return LEM_OK;
        lem_status st = fill(row_of(LEM_HEAD_KIND_VALUE_HEAD), NULL, s, err);
        if (st) return st;
    }
    if (s->kind == LEM_HEAD_KIND_OPENRLHF) {
        lem_status st = find_openrlhf(s, has, ctx, err);
        if (st) return st;
    }
    if (s->kind == LEM_HEAD_KIND_CLASSIFIER && !has(ctx, "score.weight") && has(ctx, "score.0.weight"))
        return lem_fail(
            err, LEM_EDATA,
            "the reward head has several layers (score.0.weight%s); ForSequenceClassification has "
            "one, score.weight; if it is a linear layer, ReLU, a linear layer, as in "
            "Qwen2.5-Math-RM, write \"architectures\": [\"Qwen2ForRewardModel\"] into config.json",
            has(ctx, "score.2.weight") ? ", score.2.weight" : "");
    for (int i = 0; i < 4; i++) {
        char name[64];
        if (!lem_head_tensor(s, i, name) || has(ctx, name)) continue;
        n += (size_t)snprintf(missing + n, sizeof missing - n, "%s'%s'", n ? ", " : "", name);
    }
    return n == 0 ? LEM_OK
                  : lem_fail(err, LEM_EDATA, "the reward head is missing: %s (%s)", missing,
                             lem_head_kind_name(s->kind));
}

/* ---- reading ---- */

lem_status lem_head_from_name(const char *name, lem_head_shape *out, lem_err *err) {
    static const struct {
        const char *name;
        lem_head_kind kind;
    } names[] = {{"rlhflow", LEM_HEAD_KIND_RLHFLOW_PRM},
                 {"rlhflow-orm", LEM_HEAD_KIND_RLHFLOW_ORM},
                 {"math-shepherd", LEM_HEAD_KIND_MATH_SHEPHERD}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i].name, name) == 0) {
            lem_head_shape s = {0};
            lem_status st = fill(row_of(names[i].kind), NULL, &s, err);
            if (st == LEM_OK) *out = s;
            return st;
        }
    return lem_fail(err, LEM_EUSAGE,
                    "there is no head '%.40s': rlhflow, rlhflow-orm and math-shepherd read a plain language "
                    "model, other heads are found by themselves",
                    name);
}

static lem_status default_reading(const lem_head_shape *s, lem_head_reading *r, lem_err *err) {
    if (s->kind == LEM_HEAD_KIND_CLASSIFIER && s->outputs == 2)
        return lem_fail(err, LEM_EUSAGE,
                        "the head has two labels and nothing says which is the good one: pass --head-output "
                        "1 (softmax of LABEL_1), 0 or logit-difference "
                        "(x[1] - x[0])");
    r->formula = s->stats && s->normalize ? LEM_HEAD_NORMALIZED : row_of(s->kind)->formula;
    r->output = row_of(s->kind)->output;
    return LEM_OK;
}

static lem_status chosen_reading(const lem_head_shape *s, const char *output, lem_head_reading *r,
                                 lem_err *err) {
    /* The good sign comes first among token logits, last among labels. */
    const int good = lem_head_is_tokens(s->kind) ? 0 : 1;
    const struct {
        const char *name;
        bool two, stats; /* two outputs; mean and std are there */
        lem_head_formula formula;
        int output;
    } readings[] = {{"0", true, false, LEM_HEAD_SOFTMAX, 0},
                    {"1", true, false, LEM_HEAD_SOFTMAX, 1},
                    {"logit-difference", true, false, LEM_HEAD_DIFFERENCE, good},
                    {"raw", false, false, LEM_HEAD_RAW, r->output},
                    {"sigmoid", false, false, LEM_HEAD_SIGMOID, r->output},
                    {"normalized", false, true, LEM_HEAD_NORMALIZED, r->output}};
    bool two = s->outputs == 2;
    for (size_t i = 0; i < sizeof readings / sizeof *readings; i++) {
        if (strcmp(output, readings[i].name) != 0 || readings[i].two != two) continue;
        if (readings[i].stats && !s->stats) continue;
        r->formula = readings[i].formula;
        r->output = readings[i].output;
        return LEM_OK;
    }
    const char *expected = "raw or sigmoid expected (normalized needs mean and std in config.json)";
    if (s->stats) expected = "raw, normalized or sigmoid expected";
    if (two) expected = "0, 1 or logit-difference expected";
    return lem_fail(err, LEM_EUSAGE, "--head-output '%.40s' does not fit this head (%s): %s", output,
                    lem_head_kind_name(s->kind), expected);
}

lem_status lem_head_read(const lem_head_shape *s, const char *output, lem_head_reading *out, lem_err *err) {
    lem_head_reading r = {.kind = s->kind, .outputs = s->outputs, .mean = s->mean, .std = s->std};
    if (s->kind == LEM_HEAD_KIND_NONE)
        return lem_fail(err, LEM_EDATA,
                        "a language model without a reward head (no score.weight, v_head.summary.weight or "
                        "value_head.weight); if it is a generative reward "
                        "model, say how it is read: --head rlhflow, rlhflow-orm or math-shepherd");
    lem_status st = output && *output ? chosen_reading(s, output, &r, err) : default_reading(s, &r, err);
    if (st == LEM_OK) *out = r;
    return st;
}

float lem_head_value(const lem_head_reading *r, const float *x) {
    double a = (double)x[0], b = r->outputs > 1 ? (double)x[1] : 0;
    switch (r->formula) {
    case LEM_HEAD_NORMALIZED: return (float)((a - (double)r->mean) / (double)r->std);
    case LEM_HEAD_SIGMOID: return (float)(1 / (1 + exp(-a)));
    case LEM_HEAD_SOFTMAX: return (float)(r->output == 0 ? 1 / (1 + exp(b - a)) : 1 / (1 + exp(a - b)));
    case LEM_HEAD_DIFFERENCE: return (float)(r->output == 0 ? a - b : b - a);
    case LEM_HEAD_RAW: break;
    }
    return x[0];
}

void lem_head_formula_text(const lem_head_reading *r, char out[96]) {
    const char *first = lem_head_is_tokens(r->kind) ? "logits of '+' and '-'" : "x";
    switch (r->formula) {
    case LEM_HEAD_NORMALIZED:
        snprintf(out, 96, r->mean < 0 ? "(x + %g) / %g" : "(x - %g) / %g", fabs((double)r->mean),
                 (double)r->std);
        break;
    case LEM_HEAD_SIGMOID: snprintf(out, 96, "sigmoid(x)"); break;
    case LEM_HEAD_SOFTMAX: snprintf(out, 96, "softmax(%s)[%d]", first, r->output); break;
    case LEM_HEAD_DIFFERENCE: snprintf(out, 96, "%s: [%d] - [%d]", first, r->output, 1 - r->output); break;
    case LEM_HEAD_RAW: snprintf(out, 96, "x (unbounded)"); break;
    }
}
