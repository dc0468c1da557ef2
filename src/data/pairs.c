/* pairs.c - preference pairs: where the prompt is, and what of chosen and rejected is reply */
#include "core/buf.h"
#include "core/mem.h"
#include "data/pairs_priv.h"

#include <string.h>

static const char human[] = "\n\nHuman:", assistant[] = "\n\nAssistant:";

/* ---- the prompt, where a column has it ---- */

/* Instruction and input of alpaca's rows make one text. */
static lem_status add_instruction(const lem_json *row, lem_turns *out, lem_err *err) {
    const char *text, *input = lem_json_str(lem_row_column(row, "input"), "");
    lem_buf b = {0};
    lem_status st = lem_row_text(lem_json_get(row, "instruction"), "instruction", &text, err);
    if (st) return st;
    lem_buf_puts(&b, text);
    if (*input) lem_buf_printf(&b, "%s%s", *text ? "\n" : "", input);
    st = lem_buf_ok(&b, err);
    if (st == LEM_OK) st = lem_turns_push(out, "user", lem_buf_str(&b), err);
    lem_buf_release(&b);
    return st;
}

static lem_status read_prompt(const lem_json *row, lem_turns *out, lem_err *err) {
    char field[32];
    const lem_json *v = lem_row_first(row, "prompt|messages|conversations|instruction|input|question", field);
    if (!v) return LEM_OK;
    if (strcmp(field, "instruction") == 0) return add_instruction(row, out, err);
    return lem_turns_add_side(out, v, field, "user", err);
}

/* The column `system` before a prompt that has none of its own. */
static lem_status add_system(const lem_json *row, lem_turns *prompt, lem_err *err) {
    lem_turns own = {0};
    if (prompt->n == 0 || lem_turn_is(&prompt->at[0], "system")) return LEM_OK;
    lem_status st = lem_turns_read_system(&own, row, err);
    if (st == LEM_OK && own.n) {
        st = lem_turns_move(prompt, 0, &own, err);
        lem_turns_release(prompt);
        *prompt = own;
        return st;
    }
    lem_turns_release(&own);
    return st;
}

/* ---- one side ---- */

static lem_status read_side(const lem_json *row, const char *name, lem_turns *out, lem_err *err) {
    const lem_json *v = lem_json_get(row, name);
    lem_status st;
    switch (lem_json_kind(v)) {
    case LEM_JSON_OBJECT:
        st = lem_turns_add_message(out, v, err);
        return st == LEM_EDATA ? lem_err_context(err, "%s", name) : st;
    case LEM_JSON_STRING:
    case LEM_JSON_ARRAY: return lem_turns_add_side(out, v, name, "assistant", err);
    default:
        return lem_fail(err, LEM_EDATA, "%s: a text, a message or a conversation expected, %s found", name,
                        lem_json_kind_name(v));
    }
}

/* Does it begin before the reply? */
static bool is_whole(const lem_turns *t) {
    return t->n > 0 && (lem_turn_is(&t->at[0], "system") || lem_turn_is(&t->at[0], "user"));
}

/* Drops the first n turns. */
static void drop(lem_turns *t, int n) {
    for (int i = 0; i < n; i++) lem_free(t->at[i].content);
    memmove(t->at, t->at + n, (size_t)(t->n - n) * sizeof *t->at);
    t->n -= n;
}

/* Turns that both begin with; all but the last where nothing differs. */
static int shared_turns(const lem_turns *a, const lem_turns *b) {
    int n = a->n < b->n ? a->n : b->n, i = 0;
    while (i < n && lem_turns_equal(&a->at[i], &b->at[i])) i++;
    return i == n && n > 0 ? n - 1 : i;
}

static int last_user(const lem_turns *t) {
    int at = -1;
    for (int i = 0; i < t->n; i++)
        if (lem_turn_is(&t->at[i], "user")) at = i;
    return at;
}

static bool has_turn(const lem_turns *t, const lem_turn *what) {
    for (int i = 0; i < t->n; i++)
        if (lem_turns_equal(&t->at[i], what)) return true;
    return false;
}

static lem_status other_prompt(const char *name, lem_err *err) {
    return lem_fail(err, LEM_EDATA, "%s: another prompt than that of the pair", name);
}

/* The first n turns of chosen become the prompt; what a column said of it must be among them. */
static lem_status take_prompt(lem_replies *r, int n, lem_err *err) {
    lem_turns *t = &r->at[0].turns, rest = {0};
    int user = last_user(&r->prompt);
    lem_turn said = user < 0 ? (lem_turn){.role = ""} : r->prompt.at[user];
    lem_status st = lem_turns_move(t, n, &rest, err);
    if (st == LEM_OK && user >= 0 && !has_turn(t, &said)) st = other_prompt("chosen", err);
    if (st == LEM_OK) {
        lem_turns_release(&r->prompt);
        r->prompt = *t;
        *t = rest;
        rest = (lem_turns){0};
    }
    lem_turns_release(&rest);
    return st;
}

/* Whole conversations: one or both sides bring the prompt with them. */
static lem_status part_conversations(lem_replies *r, lem_err *err) {
    lem_turns *a = &r->at[0].turns, *b = &r->at[1].turns;
    bool whole_a = is_whole(a), whole_b = is_whole(b);
    lem_status st = LEM_OK;
    if (whole_a && whole_b) {
        int n = shared_turns(a, b);
        LEM_TRY(take_prompt(r, n, err));
        drop(b, n);
    } else if (whole_a || whole_b) {
        lem_turns *t = whole_a ? a : b;
        int user = last_user(t), said = last_user(&r->prompt);
        if (said < 0 || user < 0 || !lem_turns_equal(&t->at[user], &r->prompt.at[said]))
            LEM_TRY(other_prompt(whole_a ? "chosen" : "rejected", err));
        drop(t, user + 1);
    }
    if (is_whole(a)) LEM_TRY(other_prompt("chosen", err));
    if (is_whole(b)) LEM_TRY(other_prompt("rejected", err));
done:
    return st;
}

/* ---- texts without a prompt of their own ---- */

/* Bytes that both begin with, at a character's border, by TRL's rule. */
static size_t shared_bytes(const char *a, const char *b) {
    size_t n = 0, chars = 0;
    while (a[n] && a[n] == b[n]) n++;
    bool differs = a[n] && b[n];
    while (n > 0 && (((unsigned char)a[n] & 0xC0) == 0x80 || ((unsigned char)b[n] & 0xC0) == 0x80)) n--;
    for (size_t i = 0; i < n; i++) chars += ((unsigned char)a[i] & 0xC0) != 0x80;
    if (differs) return chars > 0 && a[n - 1] == ' ' ? n - 1 : n;
    if (n > 0) n--; /* one is the other's beginning: all but the last character */
    while (n > 0 && ((unsigned char)a[n] & 0xC0) == 0x80) n--;
    return n;
}

/* The end of the last mark of the assistant inside s[0..n); 0 = none. */
static size_t last_mark(const char *s, size_t n) {
    size_t end = 0;
    for (const char *p = strstr(s, assistant); p; p = strstr(p + 1, assistant))
        if ((size_t)(p - s) + sizeof assistant - 1 <= n) end = (size_t)(p - s) + sizeof assistant - 1;
    return end;
}

static lem_status push_part(lem_turns *out, const char *role, const char *s, size_t n, lem_err *err) {
    while (n > 0 && (*s == ' ' || *s == '\n')) {
        s++;
        n--;
    }
    while (n > 0 && (s[n - 1] == ' ' || s[n - 1] == '\n')) n--;
    char *text = lem_strndup(s, n, err);
    if (!text) return LEM_EMEM;
    lem_status st = lem_turns_push(out, role, text, err);
    lem_free(text);
    return st;
}

/* "\n\nHuman: a\n\nAssistant: b\n\nHuman: c\n\nAssistant:" as turns. */
static lem_status read_marks(const char *s, size_t n, lem_turns *out, lem_err *err) {
    const char *end = s + n, *p = s, *role = NULL;
    lem_status st = LEM_OK;
    while (st == LEM_OK && p < end) {
        const char *h = strstr(p, human), *a = strstr(p, assistant);
        const char *next = !h || (a && a < h) ? a : h;
        if (!next || next >= end) next = end;
        if (role || next > p) st = push_part(out, role ? role : "system", p, (size_t)(next - p), err);
        if (next == end) break;
        role = next == h ? "user" : "assistant";
        p = next + (next == h ? sizeof human : sizeof assistant) - 1;
    }
    return st;
}

static lem_status part_texts(lem_replies *r, lem_err *err) {
    lem_turn *a = &r->at[0].turns.at[0], *b = &r->at[1].turns.at[0];
    size_t n = shared_bytes(a->content, b->content), mark = last_mark(a->content, n);
    lem_status st = LEM_OK;
    if (n == 0)
        return lem_fail(err, LEM_EDATA,
                        "a pair without a prompt: chosen and rejected differ from "
                        "their first character on");
    if (mark) {
        n = mark;
        st = read_marks(a->content, n, &r->prompt, err);
    } else {
        char *text = lem_strndup(a->content, n, err);
        st = text ? lem_turns_push(&r->prompt, "user", text, err) : LEM_EMEM;
        lem_free(text);
    }
    if (mark) /* the space behind the mark is the format's */
        while (a->content[n] == ' ' && b->content[n] == ' ') n++;
    memmove(a->content, a->content + n, strlen(a->content + n) + 1);
    memmove(b->content, b->content + n, strlen(b->content + n) + 1);
    return st;
}

lem_status lem_pair_read(const lem_json *row, lem_replies *r, lem_err *err) {
    static const char *const names[] = {"chosen", "rejected"};
    lem_status st = LEM_OK;
    bool texts = true;
    LEM_TRY(read_prompt(row, &r->prompt, err));
    for (int k = 0; k < 2; k++) {
        lem_turns *turns = NULL;
        LEM_TRY(lem_reply_add(r, k == 0, &turns, err));
        LEM_TRY(read_side(row, names[k], turns, err));
        if (turns->n == 0) LEM_TRY(lem_fail(err, LEM_EDATA, "%s: an empty list", names[k]));
        texts = texts && lem_json_kind(lem_json_get(row, names[k])) == LEM_JSON_STRING;
    }
    if (r->prompt.n == 0 && texts) st = part_texts(r, err);
    else st = part_conversations(r, err);
    if (st == LEM_OK && r->prompt.n == 0) st = lem_fail(err, LEM_EDATA, "a pair without a prompt");
    if (st == LEM_OK) st = add_system(row, &r->prompt, err);
done:
    return st;
}
