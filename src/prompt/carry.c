/* carry.c - generation_config.json, end tokens and the spelling of numbers, from one folder to another */
#include "prompt/carry.h"

#include "core/file.h"
#include "core/mem.h"
#include "prompt/chat.h"

enum { MAX_FILE = 1 << 20 };
static const char config_name[] = "config.json", generation_name[] = "generation_config.json",
                  end_key[] = "eos_token_id";

/* ---- reading ---- */

static void add(lem_prompt_end_list *l, int64_t id, int vocab) {
    if (id < 0 || id >= vocab || l->n == LEM_PROMPT_ENDS_MAX) return;
    for (int i = 0; i < l->n; i++)
        if (l->id[i] == id) return;
    l->id[l->n++] = (int32_t)id;
}

/* Ids that the file states; false: it states none. */
static bool add_stated(lem_prompt_end_list *l, const lem_json *file, int vocab) {
    const lem_json *ids = lem_json_get(file, end_key);
    bool list = lem_json_kind(ids) == LEM_JSON_ARRAY;
    int before = l->n;
    if (!list) add(l, lem_json_int(ids, -1), vocab);
    for (size_t i = 0; list && i < lem_json_count(ids); i++)
        add(l, lem_json_int(lem_json_at(ids, i), -1), vocab);
    return l->n > before;
}

static lem_status load(const char *dir, const char *name, lem_json **out, lem_err *err) {
    lem_status st = dir ? lem_json_load_beside(dir, name, MAX_FILE, out, err) : LEM_OK;
    if (st || !*out || lem_json_kind(*out) == LEM_JSON_OBJECT) return st;
    return lem_fail(err, LEM_EDATA, "%s/%s: an object expected, %s found", dir, name,
                    lem_json_kind_name(*out));
}

/* Whether a small conversation has the id; of a template that refuses it nothing is known. */
static lem_status writes_pad(const lem_tokenizer *t, int64_t pad, bool *out, lem_err *err) {
    const lem_message m[] = {{"user", "1+1?"}, {"assistant", "2"}};
    lem_err why = LEM_ERR_INIT;
    lem_ids ids = {0};
    lem_status st = pad < 0 ? LEM_OK : lem_chat_encode(t, m, 2, false, &ids, NULL, &why);
    for (size_t i = 0; i < ids.len; i++) *out = *out || ids.data[i] == pad;
    lem_ids_release(&ids);
    return st == LEM_EMEM ? lem_fail(err, st, "%s", why.text) : LEM_OK;
}

lem_status lem_carry_read(const char *source, const lem_tokenizer *t, int vocab, bool chat, lem_carry *out,
                          lem_err *err) {
    lem_carry c = {0};
    int32_t turn = -1;
    lem_status st = LEM_OK;
    LEM_TRY(load(source, config_name, &c.config, err));
    LEM_TRY(load(source, generation_name, &c.generation, err));
    if (!add_stated(&c.ends, c.generation, vocab)) (void)add_stated(&c.ends, c.config, vocab);
    if (chat) LEM_TRY(lem_prompt_turn_end(t, &turn, err));
    if (chat)
        LEM_TRY(writes_pad(t, lem_json_int(lem_json_get(c.config, "pad_token_id"), -1), &c.pad_is_text, err));
    add(&c.ends, turn, vocab);
    add(&c.ends, lem_tokenizer_eos(t), vocab);
    *out = c;
    c = (lem_carry){0};
done:
    lem_carry_release(&c);
    return st;
}

void lem_carry_release(lem_carry *c) {
    lem_json_free(c->config);
    lem_json_free(c->generation);
    *c = (lem_carry){0};
}

/* ---- writing ---- */

static lem_json *ids_of(const lem_prompt_end_list *l) {
    if (l->n == 0) return lem_json_new_null();
    if (l->n == 1) return lem_json_new_int(l->id[0]);
    lem_json *list = lem_json_new_array();
    bool ok = list != NULL;
    for (int i = 0; ok && i < l->n; i++) ok = lem_json_append(list, lem_json_new_int(l->id[i]));
    if (ok) return list;
    lem_json_free(list);
    return NULL;
}

static bool is_number(const lem_json *v) {
    return lem_json_kind(v) == LEM_JSON_INT || lem_json_kind(v) == LEM_JSON_REAL;
}

/* The same number in the precision in which models keep them. */
static bool same_number(const lem_json *a, const lem_json *b) {
    return is_number(a) && is_number(b) && (float)lem_json_num(a, 0) == (float)lem_json_num(b, 0);
}

static bool spell_numbers(lem_json *to, const lem_json *from) {
    bool ok = true;
    for (const char *key = lem_json_key_next(from, NULL); ok && key; key = lem_json_key_next(from, key))
        if (same_number(lem_json_get(to, key), lem_json_key_value(key)))
            ok = lem_json_set(to, key, lem_json_copy(lem_json_key_value(key)));
    return ok;
}

static lem_status write_config(const lem_carry *c, const char *dir, lem_err *err) {
    lem_json *j = NULL;
    lem_status st = load(dir, config_name, &j, err);
    bool ok = st == LEM_OK && j && spell_numbers(j, c->config) && lem_json_set(j, end_key, ids_of(&c->ends));
    if (ok && c->pad_is_text && lem_json_get(j, "id2label"))
        ok = lem_json_set(j, "pad_token_id", lem_json_new_null());
    if (st == LEM_OK) st = lem_json_save_in(dir, config_name, ok ? j : NULL, 2, err);
    lem_json_free(j);
    return st;
}

lem_status lem_carry_write(const lem_carry *c, const char *dir, lem_err *err) {
    lem_json *j = c->generation ? lem_json_copy(c->generation) : lem_json_new_object();
    bool ok = j && lem_json_set(j, end_key, ids_of(&c->ends));
    lem_status st = lem_json_save_in(dir, generation_name, ok ? j : NULL, 2, err);
    lem_json_free(j);
    return st ? st : write_config(c, dir, err);
}
