/* ends.c - the tokens that end a candidate: of the template, the tokenizer, the folder's files */
#include "prompt/ends.h"

#include "core/file.h"
#include "core/json.h"
#include "core/mem.h"
#include "prompt/chat.h"
#include "prompt/style.h"

#include <string.h>

enum { MAX_CONFIG = 1 << 20 };

static lem_status add(lem_prompt_end_list *l, int32_t id, const char *path, lem_err *err) {
    for (int i = 0; i < l->n; i++)
        if (l->id[i] == id) return LEM_OK;
    if (id < 0) return LEM_OK;
    if (l->n == LEM_PROMPT_ENDS_MAX)
        return lem_fail(err, LEM_EDATA, "%s: eos_token_id: more than %d end tokens", path,
                        LEM_PROMPT_ENDS_MAX - 2); /* the template's and the tokenizer's */
    l->id[l->n++] = id;
    return LEM_OK;
}

static lem_status add_json(lem_prompt_end_list *l, const lem_json *id, int vocab, const char *path,
                           lem_err *err) {
    int64_t v = lem_json_int(id, -1);
    if (v < 0 || v >= vocab)
        return lem_fail(err, LEM_EDATA, "%s: eos_token_id: an id from 0 to %d or a list of such expected",
                        path, vocab - 1);
    return add(l, (int32_t)v, path, err);
}

/* eos_token_id of a file of the folder, a number or a list; *found: the file says something. */
static lem_status read_file(lem_prompt_end_list *l, const char *dir, const char *name, int vocab, bool *found,
                            lem_err *err) {
    char *path = lem_path_join(dir, name, err);
    lem_json *doc = NULL;
    lem_status st = path ? LEM_OK : LEM_EMEM;
    if (st == LEM_OK && lem_file_exists(path)) st = lem_json_load(path, MAX_CONFIG, &doc, err);
    const lem_json *ids = lem_json_get(doc, "eos_token_id");
    bool list = lem_json_kind(ids) == LEM_JSON_ARRAY;
    size_t n = list ? lem_json_count(ids) : ids && lem_json_kind(ids) != LEM_JSON_NULL;
    for (size_t i = 0; st == LEM_OK && i < n; i++)
        st = add_json(l, list ? lem_json_at(ids, i) : ids, vocab, path, err);
    *found = n > 0;
    lem_json_free(doc);
    lem_free(path);
    return st;
}

lem_status lem_prompt_turn_end(const lem_tokenizer *t, int32_t *out, lem_err *err) {
    static const char reply =
        '7'; /* one byte, so that its token is told from what the template writes before it */
    lem_err why = LEM_ERR_INIT;
    lem_ids ids = {0};
    lem_status st = lem_chat_reply(t, &reply, 1, &ids, &why);
    bool replied = false;
    *out = -1;
    for (size_t i = 0; st == LEM_OK && i < ids.len && *out < 0; i++) {
        size_t len = 0;
        const char *text = lem_tokenizer_token_bytes(t, ids.data[i], &len);
        bool special = lem_tokenizer_is_special(t, ids.data[i]);
        if (special && replied) *out = ids.data[i];
        replied = replied || (!special && text && memchr(text, reply, len));
    }
    lem_ids_release(&ids);
    /* a template that refuses this conversation may still render the prompts: the folder's other end tokens
     * count then */
    return st == LEM_EMEM ? lem_fail(err, st, "%s", why.text) : LEM_OK;
}

lem_status lem_prompt_ends(const lem_tokenizer *t, const char *dir, int vocab, bool chat,
                           lem_prompt_end_list *out, lem_err *err) {
    lem_prompt_end_list l = {.n = 0};
    int32_t turn = -1;
    bool found = false;
    lem_status st = LEM_OK;
    if (chat) LEM_TRY(lem_prompt_turn_end(t, &turn, err));
    LEM_TRY(add(&l, turn, dir, err));
    LEM_TRY(add(&l, lem_tokenizer_eos(t), dir, err));
    LEM_TRY(read_file(&l, dir, "generation_config.json", vocab, &found, err));
    if (!found) LEM_TRY(read_file(&l, dir, "config.json", vocab, &found, err));
    *out = l;
done:
    return st;
}

lem_status lem_prompt_ends_style(const lem_tokenizer *t, const lem_prompt_settings *s, const char *dir,
                                 lem_prompt_end_list *out, lem_err *err) {
    const char *text;
    lem_status st = LEM_OK;
    for (int i = 0; st == LEM_OK && (text = lem_prompt_style_stop(s, i)); i++)
        st = add(out, lem_tokenizer_find(t, text), dir, err);
    return st;
}
