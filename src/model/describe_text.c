/* describe_text.c - the facts of a model folder as lines for people */
#include "model/describe.h"

#include <stdio.h>

static const char *text_at(const lem_json *o, const char *path) {
    return lem_json_str(lem_json_find(o, path), NULL);
}

static int int_at(const lem_json *o, const char *path) {
    return (int)lem_json_int(lem_json_find(o, path), 0);
}

static bool flag_at(const lem_json *o, const char *path) {
    return lem_json_bool(lem_json_find(o, path), false);
}

static const char *amount(double bytes, char out[32]) {
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    int u = 0;
    while (bytes >= 1024 && u < 4) bytes /= 1024, u++;
    snprintf(out, 32, u ? "%.1f %s" : "%.0f %s", bytes, units[u]);
    return out;
}

static const char *amount_at(const lem_json *o, const char *path, char out[32]) {
    return amount(lem_json_num(lem_json_find(o, path), 0), out);
}

static void line(lem_buf *out, const char *name, const char *text) {
    lem_buf_printf(out, "%-16s%s\n", name, text);
}

static void put_shape(const lem_json *facts, lem_buf *out) {
    const lem_json *s = lem_json_get(facts, "shape");
    const char *architecture = text_at(facts, "architecture"), *family = text_at(facts, "family");
    lem_buf_printf(out, "%-16s%s (%s)\n", "architecture", architecture ? architecture : "?",
                   family ? family : "?");
    lem_buf_printf(out, "%-16s%d layers, width %d, ffn %d, %d heads of %d, %d for keys and values, ", "shape",
                   int_at(s, "layers"), int_at(s, "width"), int_at(s, "ffn"), int_at(s, "heads"),
                   int_at(s, "head_dim"), int_at(s, "kv_heads"));
    lem_buf_printf(out, "vocabulary %d, context %d", int_at(s, "vocab"), int_at(s, "context"));
    if (flag_at(s, "tied")) lem_buf_puts(out, ", tied");
    if (flag_at(s, "qkv_bias")) lem_buf_puts(out, ", qkv bias");
    if (flag_at(s, "qk_norm")) lem_buf_puts(out, ", normalised queries and keys");
    lem_buf_putc(out, '\n');
    const char *scaling = text_at(s, "rope_scaling.rope_type");
    if (!scaling) scaling = text_at(s, "rope_scaling.type");
    lem_buf_printf(out, "%-16sbase %g, ", "positions", lem_json_num(lem_json_get(s, "rope_theta"), 0));
    if (scaling) lem_buf_printf(out, "scaling %s\n", scaling);
    else lem_buf_puts(out, "not scaled\n");
    if (int_at(s, "window")) lem_buf_printf(out, "%-16s%d tokens\n", "window", int_at(s, "window"));
    lem_buf_printf(out, "%-16s%lld\n", "parameters",
                   (long long)lem_json_int(lem_json_get(facts, "parameters"), 0));
}

static void put_files(const lem_json *facts, lem_buf *out) {
    const lem_json *files = lem_json_get(facts, "files"), *dtypes = lem_json_get(facts, "dtypes");
    char size[32];
    for (size_t i = 0; i < lem_json_count(dtypes); i++)
        lem_buf_printf(out, "%-16s%s (%d tensors)\n", i ? "" : "dtypes", lem_json_key_at(dtypes, i),
                       (int)lem_json_int(lem_json_value_at(dtypes, i), 0));
    for (size_t i = 0; i < lem_json_count(files); i++) {
        const lem_json *w = lem_json_at(files, i);
        const char *hex = text_at(w, "sha256");
        lem_buf_printf(out, "%-16s%s, %s", i ? "" : "weights", text_at(w, "name"),
                       amount_at(w, "bytes", size));
        if (hex) lem_buf_printf(out, ", sha256 %s", hex);
        lem_buf_putc(out, '\n');
    }
}

/* As JSON writes it, so that it stays on its line. */
static void put_separator(const lem_json *separator, lem_buf *out) {
    lem_buf b = {0};
    lem_json_write(separator, 0, &b);
    if (b.len > 2) lem_buf_printf(out, "%-16s%.*s\n", "  steps end at", (int)b.len - 2, b.data + 1);
    lem_buf_release(&b);
}

static void put_head(const lem_json *h, lem_buf *out) {
    const lem_json *tensors = lem_json_get(h, "tensors");
    const char *formula = text_at(h, "formula"), *system = text_at(h, "system"),
               *sep = text_at(h, "step_separator"), *position = text_at(h, "position"),
               *note = text_at(h, "note");
    line(out, "head", text_at(h, "kind"));
    for (size_t i = 0; i < lem_json_count(tensors); i++)
        line(out, i ? "" : "  tensors", lem_json_str(lem_json_at(tensors, i), ""));
    if (position) {
        lem_buf_printf(out, "%-16s%s, %s\n", "  read", formula ? formula : "undecided", position);
        line(out, "  system", system ? system : "none");
    }
    if (sep) put_separator(lem_json_get(h, "step_separator"), out);
    if (note) line(out, "  note", note);
}

void lem_model_describe_text(const lem_json *facts, lem_buf *out) {
    put_shape(facts, out);
    put_files(facts, out);
    put_head(lem_json_get(facts, "head"), out);
}

void lem_model_describe_use_text(const lem_json *facts, lem_buf *out) {
    const lem_json *g = lem_json_get(facts, "generation"), *m = lem_json_get(facts, "memory");
    char a[32], b[32];
    lem_buf_printf(out, "%-16s", "generation");
    if (lem_json_kind(g) == LEM_JSON_NULL) lem_buf_puts(out, "no generation_config.json");
    else lem_json_write(g, 0, out);
    lem_buf_printf(out, "\n%-16s%s in bf16, %s in f32 (one sequence of %d tokens)\n", "to run",
                   amount_at(m, "run_bf16", a), amount_at(m, "run_f32", b), int_at(m, "tokens"));
    if (lem_json_kind(lem_json_get(m, "train")) == LEM_JSON_NULL)
        line(out, "to train", "this head is read only");
    else
        lem_buf_printf(out, "%-16s%s (passes of %d tokens)\n", "to train", amount_at(m, "train", a),
                       int_at(m, "tokens"));
}
