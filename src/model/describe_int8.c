/* describe_int8.c - what is int8 in a folder, and what that lost, as facts and as lines for people */
#include "model/describe.h"

#include "core/object.h"
#include "model/quant.h"

enum { SMALL_FILE = 1 << 20 };

lem_status lem_model_describe_int8(const char *dir, const lem_folder *f, lem_json *facts, lem_err *err) {
    const lem_model_config *c = &f->table->config;
    lem_json *file = NULL, *q = NULL;
    lem_object o = lem_object_new();
    lem_status st = LEM_OK;
    if (c->int8) st = lem_json_load_beside(dir, LEM_INT8_LOST_NAME, SMALL_FILE, &file, err);
    if (c->int8 && st == LEM_OK) {
        q = lem_quant_to_json(c->int8_kept);
        lem_json *lost = lem_json_get(file, "lost");
        lem_object_json(&o, "kept", q ? lem_json_share(lem_json_get(q, "keep")) : NULL);
        lem_object_json(&o, "lost", lost ? lem_json_share(lost) : lem_json_new_null());
    }
    lem_json *made = lem_object_done(&o);
    if (st == LEM_OK && !c->int8) {
        lem_json_free(made);
        made = lem_json_new_null();
    }
    if (st == LEM_OK && !(made && lem_json_set(facts, "int8", made)))
        st = lem_fail(err, LEM_EMEM, "out of memory");
    else if (st) lem_json_free(made);
    lem_json_free(q);
    lem_json_free(file);
    return st;
}

static double at(const lem_json *o, const char *path) { return lem_json_num(lem_json_find(o, path), 0); }

/* "61.2 % [57.0, 65.3]" */
static void put_share(const lem_json *o, lem_buf *out) {
    lem_buf_printf(out, "%.1f %% [%.1f, %.1f]", 100 * at(o, "value"), 100 * at(o, "ci95.0"),
                   100 * at(o, "ci95.1"));
}

void lem_model_lost_text(const lem_json *lost, lem_buf *out) {
    const lem_json *tokens = lem_json_get(lost, "tokens"), *pass = lem_json_get(lost, "pass@1"),
                   *pairs = lem_json_get(lost, "pairs");
    if (tokens)
        lem_buf_printf(out, "KL %.3g a token, at most %.3g, the same likeliest token %.2f %% (%.0f tokens)",
                       at(tokens, "kl"), at(tokens, "kl_max"), 100 * at(tokens, "same_top"), at(tokens, "n"));
    if (pass) {
        lem_buf_puts(out, tokens ? "; pass@1 " : "pass@1 ");
        put_share(lem_json_get(pass, "source"), out);
        lem_buf_puts(out, " before, ");
        put_share(lem_json_get(pass, "int8"), out);
        lem_buf_printf(out, " after (%.0f problems)", at(pass, "n"));
    }
    if (pairs)
        lem_buf_printf(out, "%.2f %% [%.2f, %.2f] of %.0f pairs of candidates keep their order",
                       100 * at(pairs, "same_order"), 100 * at(pairs, "ci95.0"), 100 * at(pairs, "ci95.1"),
                       at(pairs, "n"));
    if (!tokens && !pass && !pairs) lem_buf_puts(out, "nothing was measured (--prompts measures)");
}

void lem_model_describe_int8_text(const lem_json *facts, lem_buf *out) {
    const lem_json *o = lem_json_get(facts, "int8"), *kept = lem_json_get(o, "kept");
    if (lem_json_kind(o) != LEM_JSON_OBJECT) return;
    lem_buf_printf(out, "%-16s%s", "int8", "matrices of layers and of the language-model head");
    for (size_t i = 0; i < lem_json_count(kept); i++)
        lem_buf_printf(out, "%s%s", i ? ", " : ", but for ", lem_json_str(lem_json_at(kept, i), "?"));
    lem_buf_printf(out, "\n%-16s", "  lost");
    lem_model_lost_text(lem_json_get(o, "lost"), out);
    lem_buf_putc(out, '\n');
}
