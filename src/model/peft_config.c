/* peft_config.c - what adapter_config.json says, understood or refused by name */
#include "model/peft.h"

#include "core/file.h"

#include <math.h>
#include <string.h>

static lem_status wrong(const char *field, const char *expected, const lem_json *v, lem_err *err) {
    lem_buf found = {0};
    lem_json_write(v, 0, &found);
    lem_status st = lem_buf_ok(&found, err);
    if (st == LEM_OK)
        st = lem_fail(err, LEM_EDATA, LEM_PEFT_CONFIG ": %s: %s expected, found %.60s", field, expected,
                      v ? lem_buf_str(&found) : "nothing");
    lem_buf_release(&found);
    return st;
}

static lem_status refused(const char *field, const lem_json *v, const char *why, lem_err *err) {
    lem_buf found = {0};
    lem_json_write(v, 0, &found);
    lem_status st = lem_buf_ok(&found, err);
    if (st == LEM_OK)
        st = lem_fail(err, LEM_EDATA, LEM_PEFT_CONFIG ": %s %.60s cannot be merged here: %s", field,
                      lem_buf_str(&found), why);
    lem_buf_release(&found);
    return st;
}

/* ---- what is set, and known or not ---- */

/* null, false, 0, "", [] and {} say nothing. */
static bool says_something(const lem_json *v) {
    switch (lem_json_kind(v)) {
    case LEM_JSON_NULL: return false;
    case LEM_JSON_BOOL: return lem_json_bool(v, false);
    case LEM_JSON_STRING: return lem_json_str_len(v) > 0;
    case LEM_JSON_ARRAY:
    case LEM_JSON_OBJECT: return lem_json_count(v) > 0;
    default: return lem_json_num(v, 1) != 0;
    }
}

/* Fields that are read below, and those that change nothing in a merged model. */
static bool is_known(const char *field) {
    static const char *const names[] = {"peft_type",
                                        "r",
                                        "lora_alpha",
                                        "use_rslora",
                                        "target_modules",
                                        "exclude_modules",
                                        "layers_to_transform",
                                        "layers_pattern",
                                        "rank_pattern",
                                        "alpha_pattern",
                                        "bias",
                                        "modules_to_save",
                                        "init_lora_weights",
                                        "base_model_name_or_path",
                                        "task_type",
                                        "auto_mapping",
                                        "revision",
                                        "inference_mode",
                                        "lora_dropout",
                                        "peft_version",
                                        "loftq_config",
                                        "corda_config",
                                        "eva_config",
                                        "lora_ga_config",
                                        "velora_config",
                                        "megatron_config",
                                        "megatron_core",
                                        "qalora_group_size",
                                        "ensure_weight_tying"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(field, names[i]) == 0) return true;
    return false;
}

static const char *why_not(const char *field) {
    if (strcmp(field, "use_dora") == 0) return "DoRA scales the rows of the sum (Python: merge_and_unload)";
    if (strcmp(field, "fan_in_fan_out") == 0) return "no model here stores matrices transposed";
    return "this setting is not known";
}

static lem_status check_fields(const lem_json *json, lem_err *err) {
    for (size_t i = 0; i < lem_json_count(json); i++) {
        const char *field = lem_json_key_at(json, i);
        const lem_json *v = lem_json_value_at(json, i);
        if (!is_known(field) && says_something(v)) return refused(field, v, why_not(field), err);
    }
    return LEM_OK;
}

/* Ways to begin that change the base, which is then no longer the one that is named. */
static lem_status check_start(const lem_json *json, lem_err *err) {
    static const char *const harmless[] = {"gaussian", "eva", "orthogonal"};
    const lem_json *v = lem_json_get(json, "init_lora_weights");
    const char *how = lem_json_str(v, NULL);
    for (size_t i = 0; how && i < sizeof harmless / sizeof *harmless; i++)
        if (strcmp(how, harmless[i]) == 0) return LEM_OK;
    return how ? refused("init_lora_weights", v,
                         "it changes the base before training; convert the adapter first (PEFT: "
                         "path_initial_model_for_weight_conversion)",
                         err)
               : LEM_OK;
}

/* ---- names of modules ---- */

/* The byte of a pattern at *p, "\." as '.'; 0 at its end, -1 where it is an expression. */
static int next_byte(const char **p) {
    unsigned char c = (unsigned char)**p;
    if (c == '\\' && (*p)[1] == '.') {
        *p += 2;
        return '.';
    }
    bool plain = c == '_' || c == '.' || c == '-' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                 (c >= 'A' && c <= 'Z');
    if (c) ++*p;
    return plain || !c ? c : -1;
}

static bool is_name(const char *pattern) {
    if (*pattern == '^') pattern++;
    int c;
    const char *p = pattern;
    while ((c = next_byte(&p)) > 0) {}
    return c == 0 && *pattern;
}

/* PEFT's re.match(r"(.*\.)?(PATTERN)$"), of a pattern that is a name. */
static bool matches(const char *pattern, const char *module) {
    bool whole = *pattern == '^';
    for (const char *at = module; at; at = strchr(at, '.') ? strchr(at, '.') + 1 : NULL) {
        const char *p = pattern + whole, *m = at;
        int c;
        while ((c = next_byte(&p)) > 0 && *m == (char)c) m++;
        if (c == 0 && !*m) return true;
        if (whole) return false;
    }
    return false;
}

/* rank_pattern and alpha_pattern: names with numbers above 0; ranks are whole. */
static lem_status read_pattern(const lem_json *json, const char *field, double most, const lem_json **out,
                               lem_err *err) {
    const lem_json *o = lem_json_get(json, field);
    *out = NULL;
    if (!says_something(o)) return LEM_OK;
    if (lem_json_kind(o) != LEM_JSON_OBJECT) return wrong(field, "an object", o, err);
    for (size_t i = 0; i < lem_json_count(o); i++) {
        const lem_json *v = lem_json_value_at(o, i);
        double x = lem_json_num(v, NAN);
        if (!is_name(lem_json_key_at(o, i)))
            return lem_fail(err, LEM_EDATA,
                            LEM_PEFT_CONFIG ": %s: '%.60s' is an expression; names of modules are understood",
                            field, lem_json_key_at(o, i));
        if (!(x > 0 && x <= most)) return wrong(field, "numbers above 0", v, err);
    }
    *out = o;
    return LEM_OK;
}

static const lem_json *found_in(const lem_json *patterns, const char *module) {
    for (size_t i = 0; i < lem_json_count(patterns); i++)
        if (matches(lem_json_key_at(patterns, i), module)) return lem_json_value_at(patterns, i);
    return NULL;
}

int lem_peft_rank(const lem_peft_config *c, const char *module) {
    return (int)lem_json_num(found_in(c->ranks, module), c->rank);
}

double lem_peft_scale(const lem_peft_config *c, const char *module) {
    double rank = lem_peft_rank(c, module), alpha = lem_json_num(found_in(c->alphas, module), c->alpha);
    return alpha / (c->stabilised ? sqrt(rank) : rank);
}

/* ---- the whole ---- */

static lem_status read_targets(const lem_json *json, lem_peft_config *out, lem_err *err) {
    const lem_json *v = lem_json_get(json, "target_modules");
    out->some_layers = says_something(lem_json_get(json, "layers_to_transform")) ||
                       says_something(lem_json_get(json, "exclude_modules"));
    out->targets = NULL;
    if (lem_json_kind(v) == LEM_JSON_STRING || !says_something(v)) return LEM_OK;
    if (lem_json_kind(v) != LEM_JSON_ARRAY) return wrong("target_modules", "a list of names", v, err);
    for (size_t i = 0; i < lem_json_count(v); i++) {
        const char *name = lem_json_str(lem_json_at(v, i), NULL);
        if (!name || !*name || strlen(name) > 200)
            return wrong("target_modules", "a name", lem_json_at(v, i), err);
    }
    out->targets = v;
    return LEM_OK;
}

static lem_status check_bias(const lem_json *json, lem_err *err) {
    const lem_json *v = lem_json_get(json, "bias");
    const char *bias = lem_json_str(v, v ? "" : "none");
    bool known = strcmp(bias, "none") == 0 || strcmp(bias, "all") == 0 || strcmp(bias, "lora_only") == 0;
    return known ? LEM_OK : wrong("bias", "none, all or lora_only", v, err);
}

static lem_status check_type(const lem_json *json, lem_err *err) {
    const lem_json *type = lem_json_get(json, "peft_type");
    const char *name = lem_json_str(type, NULL);
    if (!name) return wrong("peft_type", "LORA", type, err);
    return strcmp(name, "LORA") == 0 ? LEM_OK
                                     : refused("peft_type", type, "adapters of type LORA can be merged", err);
}

lem_status lem_peft_config_read(const lem_json *json, lem_peft_config *out, lem_err *err) {
    lem_peft_config c = {.base = lem_json_str(lem_json_get(json, "base_model_name_or_path"), ""),
                         .task = lem_json_str(lem_json_get(json, "task_type"), ""),
                         .stabilised = lem_json_bool(lem_json_get(json, "use_rslora"), false)};
    const lem_json *rank = lem_json_get(json, "r"), *alpha = lem_json_get(json, "lora_alpha");
    lem_status st = LEM_OK;
    LEM_TRY(check_type(json, err));
    LEM_TRY(check_fields(json, err));
    LEM_TRY(check_start(json, err));
    LEM_TRY(check_bias(json, err));
    int64_t r = lem_json_int(rank, 0);
    if (r < 1 || r > LEM_PEFT_RANK_MAX) LEM_TRY(wrong("r", "a rank of 1 to 65536", rank, err));
    c.rank = (int)r;
    c.alpha = lem_json_num(alpha, NAN);
    if (!(c.alpha > 0 && c.alpha < 1e9)) LEM_TRY(wrong("lora_alpha", "a number above 0", alpha, err));
    LEM_TRY(read_pattern(json, "rank_pattern", LEM_PEFT_RANK_MAX, &c.ranks, err));
    LEM_TRY(read_pattern(json, "alpha_pattern", 1e9, &c.alphas, err));
    LEM_TRY(read_targets(json, &c, err));
    *out = c;
done:
    return st;
}

/* A word of a command line, quoted for a shell where it must be. */
static void put_word(lem_buf *b, const char *word) {
    bool plain = *word != '\0';
    for (const char *p = word; *p && plain; p++)
        plain = strchr("_./+:=@%,-", *p) || (*p >= '0' && *p <= '9') || (*p >= 'a' && *p <= 'z') ||
                (*p >= 'A' && *p <= 'Z');
    if (plain) {
        lem_buf_puts(b, word);
        return;
    }
    lem_buf_putc(b, '\'');
    for (const char *p = word; *p; p++) {
        if (*p == '\'') lem_buf_puts(b, "'\\''");
        else if ((unsigned char)*p >= ' ') lem_buf_putc(b, *p);
    }
    lem_buf_putc(b, '\'');
}

lem_status lem_peft_refuse(const char *dir, const lem_json *config, bool beside, lem_err *err) {
    const char *base = lem_json_str(lem_json_get(config, "base_model_name_or_path"), "");
    const char *where = beside ? "lies beside the model" : "without its base model";
    lem_buf b = {0};
    lem_buf_printf(&b, "%s: a PEFT adapter of '%.120s' %s; merge it: lemma model merge ", dir,
                   *base ? base : "?", where);
    if (lem_file_is_dir(base)) put_word(&b, base);
    else lem_buf_puts(&b, "BASE");
    lem_buf_putc(&b, ' ');
    put_word(&b, dir);
    lem_buf_puts(&b, " --out DIR");
    if (!lem_file_is_dir(base)) lem_buf_puts(&b, " (BASE is the folder of that model)");
    if (beside) lem_buf_puts(&b, ", or take " LEM_PEFT_CONFIG " away to use the model without it");
    lem_status st = lem_buf_ok(&b, err);
    if (st == LEM_OK) st = lem_fail(err, LEM_EDATA, "%s", lem_buf_str(&b));
    lem_buf_release(&b);
    return st;
}
