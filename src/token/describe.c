/* describe.c - the tokenizer of a model folder as facts */
#include "token/describe.h"

#include "core/file.h"
#include "core/mem.h"
#include "core/object.h"
#include "token/tokenizer.h"

#include <stdio.h>

enum { CONFIG_FILE = 16 << 20, TOKENIZER_FILE = 64 << 20 };

static lem_status has_file(const char *dir, const char *name, bool *there, lem_err *err) {
    char *path = lem_path_join(dir, name, err);
    if (!path) return LEM_EMEM;
    *there = lem_file_exists(path);
    lem_free(path);
    return LEM_OK;
}

/* The vocabulary's file, as lem_tokenizer_load looks for it; NULL for ranks and for none. */
static lem_status find_file(const char *dir, const char **file, lem_err *err) {
    static const char *const names[] = {"tokenizer.json", "tokenizer.model"};
    *file = NULL;
    for (int i = 1; i >= 0; i--) {
        bool there = false;
        lem_status st = has_file(dir, names[i], &there, err);
        if (st) return st;
        if (there) *file = names[i];
    }
    return LEM_OK;
}

/* *t NULL where the folder has none. */
static lem_status load(const char *dir, const char *file, lem_tokenizer **t, lem_err *err) {
    lem_err why = LEM_ERR_INIT;
    lem_status st = lem_tokenizer_load(dir, t, &why);
    if (st != LEM_EMEM && (st == LEM_OK || !file)) return LEM_OK;
    *err = why; /* there is one, and it is bad */
    return st;
}

static void compare_ids(const lem_tokenizer *t, int vocab, char out[200]) {
    int extra = t ? lem_tokenizer_vocab(t) - vocab : 0;
    out[0] = '\0';
    if (!t) snprintf(out, 200, "no tokenizer in the folder");
    else if (extra > 0)
        snprintf(out, 200,
                 "%d ids of the tokenizer lie outside the model's vocabulary of %d: texts that use them "
                 "cannot be run",
                 extra, vocab);
    else if (extra < 0) snprintf(out, 200, "%d ids of the model have no token (padding)", -extra);
}

static lem_json *tokenizer_facts(const char *file, const char *kind, const lem_tokenizer *t, int vocab) {
    char note[200];
    lem_object o = lem_object_new();
    compare_ids(t, vocab, note);
    lem_object_str(&o, "file", file);
    lem_object_str(&o, "kind", kind);
    lem_object_json(&o, "vocab", t ? lem_json_new_int(lem_tokenizer_vocab(t)) : lem_json_new_null());
    lem_object_json(&o, "eos", t ? lem_json_new_int(lem_tokenizer_eos(t)) : lem_json_new_null());
    lem_object_str(&o, "note", note[0] ? note : NULL);
    return lem_object_done(&o);
}

/* BPE or Unigram, as tokenizer.json says; other files do not say. */
static lem_status add_tokenizer(const char *dir, const char *file, const lem_tokenizer *t, int vocab,
                                lem_json *facts, lem_err *err) {
    lem_json *json = NULL;
    lem_status st = lem_json_load_beside(dir, "tokenizer.json", TOKENIZER_FILE, &json, err);
    if (st) return st;
    const char *kind = lem_json_str(lem_json_find(json, "model.type"), NULL);
    if (!t) file = NULL;
    else if (!file) file = "token ranks (*.tiktoken)";
    if (!lem_json_set(facts, "tokenizer", tokenizer_facts(file, kind, t, vocab)))
        st = lem_fail(err, LEM_EMEM, "out of memory");
    lem_json_free(json);
    return st;
}

static const char *template_source(const lem_tokenizer *t, bool jinja, const lem_json *config) {
    if (jinja) return "chat_template.jinja";
    if (lem_json_kind(lem_json_get(config, "chat_template")) != LEM_JSON_NULL)
        return "chat_template of tokenizer_config.json";
    if (t && lem_tokenizer_find(t, "<|im_start|>") >= 0 && lem_tokenizer_find(t, "<|im_end|>") >= 0)
        return "none in the folder: ChatML";
    return "none, and the tokenizer lacks the tokens of ChatML: conversations cannot be rendered";
}

static lem_status add_template(const char *dir, const lem_tokenizer *t, lem_json *facts, lem_err *err) {
    bool jinja = false;
    lem_json *config = NULL;
    lem_status st = has_file(dir, "chat_template.jinja", &jinja, err);
    if (st == LEM_OK) st = lem_json_load_beside(dir, "tokenizer_config.json", CONFIG_FILE, &config, err);
    if (st) return st;
    if (!lem_json_set(facts, "template", lem_json_new_str(template_source(t, jinja, config))))
        st = lem_fail(err, LEM_EMEM, "out of memory");
    lem_json_free(config);
    return st;
}

lem_status lem_tokenizer_describe(const char *dir, int vocab, lem_json *facts, lem_err *err) {
    lem_tokenizer *t = NULL;
    const char *file = NULL;
    lem_status st = LEM_OK;
    LEM_TRY(find_file(dir, &file, err));
    LEM_TRY(load(dir, file, &t, err));
    LEM_TRY(add_tokenizer(dir, file, t, vocab, facts, err));
    LEM_TRY(add_template(dir, t, facts, err));
done:
    lem_tokenizer_free(t);
    return st;
}

void lem_tokenizer_describe_text(const lem_json *facts, lem_buf *out) {
    const lem_json *t = lem_json_get(facts, "tokenizer");
    const char *note = lem_json_str(lem_json_get(t, "note"), NULL),
               *file = lem_json_str(lem_json_get(t, "file"), NULL),
               *kind = lem_json_str(lem_json_get(t, "kind"), NULL);
    lem_buf_printf(out, "%-16s%s", "tokenizer", file ? file : "none in the folder");
    if (kind) lem_buf_printf(out, " (%s)", kind);
    lem_buf_putc(out, '\n');
    if (file) lem_buf_printf(out, "%-16s%lld", "  ids", (long long)lem_json_int(lem_json_get(t, "vocab"), 0));
    if (file && note) lem_buf_printf(out, "; %s", note);
    if (file) lem_buf_putc(out, '\n');
    lem_buf_printf(out, "%-16s%s\n", "template", lem_json_str(lem_json_get(facts, "template"), ""));
}
