/* template.c - a chat template: parsed once, rendered with messages */
#include "jinja/template.h"

#include "jinja/jinja_priv.h"

#include <string.h>

#define MIB ((size_t)1 << 20)

struct lem_template {
    lem_arena *arena; /* holds the tree */
    jin_node *root;
    const char *source; /* [len] in the arena */
    size_t len;
    bool marks;
};

void lem_rendered_release(lem_rendered *r) {
    lem_buf_release(&r->text);
    lem_buf_release(&r->mark);
}

void lem_template_free(lem_template *t) {
    if (!t) return;
    lem_arena_free(t->arena);
    lem_free(t);
}

bool lem_template_marks_replies(const lem_template *t) { return t->marks; }

static bool of_a_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool lem_template_mentions(const lem_template *t, const char *name) {
    size_t n = strlen(name);
    for (size_t i = 0; n && i + n <= t->len; i++) {
        if (memcmp(t->source + i, name, n) != 0) continue;
        bool begins = i == 0 || !of_a_name(t->source[i - 1]),
             ends = i + n == t->len || !of_a_name(t->source[i + n]);
        if (begins && ends) return true;
    }
    return false;
}

static bool has_generation(const jin_node *n) {
    for (; n; n = n->next)
        if (n->op == N_GENERATION ||
            (n->op >= N_FOR && (has_generation(n->list) || (n->op <= N_IF && has_generation(n->other)))))
            return true;
    return false;
}

lem_status lem_template_parse(const char *source, size_t len, lem_template **out, lem_err *err) {
    lem_err own = LEM_ERR_INIT;
    if (!err) err = &own;
    lem_status st = LEM_EMEM;
    lem_template *t = lem_alloc_zero(1, sizeof *t, err);
    if (!t) return LEM_EMEM;
    t->len = len;
    t->arena = lem_arena_new(16 << 10, 0, err);
    if (!t->arena) goto done;
    t->source = lem_arena_strndup(t->arena, source, len);
    if (!t->source) {
        (void)lem_fail(err, LEM_EMEM, "out of memory for a chat template");
        goto done;
    }
    st = lem_jin_parse(source, len, t->arena, &t->root, err);
    if (st == LEM_EDATA) st = lem_err_context(err, "chat template");
    if (st != LEM_OK) goto done;
    t->marks = has_generation(t->root);
    *out = t;
    t = NULL;
done:
    lem_template_free(t);
    return st;
}

/* ---- rendering */

/* Bytes of text in a value, plus a few for every part. Depth is bounded by the JSON reader. */
static size_t size_of(const lem_json *v) {
    size_t n = 16;
    if (lem_json_kind(v) == LEM_JSON_STRING) return n + lem_json_str_len(v);
    if (lem_json_kind(v) == LEM_JSON_ARRAY)
        for (size_t i = 0; i < lem_json_count(v); i++) n += size_of(lem_json_at(v, i));
    if (lem_json_kind(v) == LEM_JSON_OBJECT)
        for (const char *k = lem_json_key_next(v, NULL); k; k = lem_json_key_next(v, k))
            n += strlen(k) + size_of(lem_json_key_value(k));
    return n;
}

static lem_status set_word(jin *m, jin_scope *s, const char *word, jin_val v) {
    jin_str *name = lem_jin_alloc(m, 1, sizeof *name);
    if (!name) return m->err->status;
    *name = (jin_str){.s = word, .n = strlen(word)};
    return lem_jin_set_var(m, s, name, v);
}

static lem_status set_members(jin *m, jin_scope *s, const lem_json *obj, uint8_t mark) {
    jin_val v;
    for (const char *k = lem_json_key_next(obj, NULL); k; k = lem_json_key_next(obj, k)) {
        lem_status st = lem_jin_from_json(m, lem_json_key_value(k), mark, 0, &v);
        if (st == LEM_OK) st = set_word(m, s, k, v);
        if (st != LEM_OK) return st;
    }
    return LEM_OK;
}

/* Names of roles are part of the structure, not of the text: templates build <|user|> from them. */
static void trust_role(jin_val *message) {
    static const char *const roles[] = {"system",   "user",    "assistant",   "tool", "developer",
                                        "function", "ipython", "observation", "model"};
    static const jin_str key = {.s = "role", .n = 4};
    jin_val *v = message->kind == JIN_DICT ? lem_jin_dict_text(message->u.d, &key) : NULL;
    if (!v || v->kind != JIN_STR) return;
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++)
        if (lem_jin_is(v->u.s, roles[i])) ((jin_str *)v->u.s)->all = 0;
}

static lem_status set_messages(jin *m, jin_scope *s, const lem_template_input *in) {
    jin_val list, v;
    lem_status st;
    size_t n = lem_json_count(in->messages);
    LEM_TRY(lem_jin_seq_new(m, JIN_LIST, &list));
    for (size_t i = 0; i < n && i < in->n_messages; i++) {
        LEM_TRY(lem_jin_from_json(m, lem_json_at(in->messages, i), JIN_DATA, 0, &v));
        trust_role(&v);
        LEM_TRY(lem_jin_seq_push(m, list.u.q, v));
    }
    LEM_TRY(set_word(m, s, "messages", list));
done:
    return st;
}

static lem_status set_variables(jin *m, const lem_template_input *in, jin_scope *s) {
    jin_val tools = lem_jin_none();
    lem_status st;
    LEM_TRY(set_messages(m, s, in));
    if (in->tools && lem_json_kind(in->tools) != LEM_JSON_NULL)
        LEM_TRY(lem_jin_from_json(m, in->tools, JIN_DATA, 0, &tools));
    LEM_TRY(set_word(m, s, "tools", tools));
    LEM_TRY(set_word(m, s, "documents", lem_jin_none()));
    LEM_TRY(set_word(m, s, "add_generation_prompt", lem_jin_bool(in->generation_prompt)));
    if (in->tokens) LEM_TRY(set_members(m, s, in->tokens, 0));
    if (in->extra) LEM_TRY(set_members(m, s, in->extra, JIN_DATA));
done:
    return st;
}

static bool within(int x, int low, int high) { return x >= low && x <= high; }

static lem_status set_date(jin *m, const lem_date *d) {
    static const int days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    jin_date x = {d->year, d->month, d->day, d->hour, d->minute, d->second};
    if (x.year == 0 && x.month == 0 && x.day == 0) x = (jin_date){2024, 7, 26, 0, 0, 0};
    bool ok = within(x.year, 1, 9999) && within(x.month, 1, 12) && within(x.day, 1, days[x.month - 1]) &&
              within(x.hour, 0, 23) && within(x.minute, 0, 59) && within(x.second, 0, 59);
    if (!ok)
        return lem_fail(m->err, LEM_EUSAGE, "%d-%d-%d %d:%d:%d is no date", x.year, x.month, x.day, x.hour,
                        x.minute, x.second);
    m->date = x;
    return LEM_OK;
}

static lem_status give_out(const jin_sb *b, lem_rendered *out, lem_err *err) {
    lem_buf_clear(&out->text);
    lem_buf_clear(&out->mark);
    lem_buf_add(&out->text, b->s, b->n);
    if (b->mark) lem_buf_add(&out->mark, b->mark, b->n);
    else if (lem_buf_reserve(&out->mark, b->n + 1)) {
        for (size_t i = 0; i < b->n; i++) lem_buf_putc(&out->mark, (char)b->all);
    }
    lem_status st = lem_buf_ok(&out->text, err);
    return st == LEM_OK ? lem_buf_ok(&out->mark, err) : st;
}

lem_status lem_template_render(const lem_template *t, const lem_template_input *in, lem_rendered *out,
                               lem_err *err) {
    lem_err own = LEM_ERR_INIT;
    if (!err) err = &own;
    size_t input = t->len + size_of(in->messages) + size_of(in->tools) + size_of(in->extra);
    if (input > SIZE_MAX / 128) return lem_fail(err, LEM_EDATA, "the messages are too long");
    jin_sb text = {0};
    jin m = {.err = err, .out = &text, .line = 1};
    lem_status st = LEM_EMEM;
    m.steps = in->max_steps ? in->max_steps : 20000000 + 64 * (uint64_t)input;
    m.limit = in->max_memory ? in->max_memory : 64 * MIB + 64 * input;
    m.arena = lem_arena_new(0, m.limit, err);
    if (!m.arena) return LEM_EMEM;
    jin_scope *globals = lem_jin_alloc(&m, 1, sizeof *globals), *top = lem_jin_alloc(&m, 1, sizeof *top);
    if (!globals || !top) goto done;
    top->parent = globals;
    m.scope = top;
    LEM_TRY(set_date(&m, &in->date));
    LEM_TRY(set_variables(&m, in, globals));
    st = lem_jin_exec(&m, t->root);
    if (st == LEM_OK) st = give_out(&text, out, err);
done:
    lem_arena_free(m.arena);
    return st == LEM_EDATA ? lem_err_context(err, "chat template") : st;
}
