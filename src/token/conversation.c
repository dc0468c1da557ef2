/* conversation.c - a conversation from a file, and as it was rendered: for people and for programs */
#include "token/conversation.h"

#include "core/object.h"

#include <stdio.h>

enum { MAX_FILE = 64 << 20, COLUMNS = 120, MARGIN = 4 };

/* ---- reading ---- */

static lem_status check_messages(const lem_json *list, const char *path, lem_err *err) {
    for (size_t i = 0; i < lem_json_count(list); i++) {
        const lem_json *m = lem_json_at(list, i);
        if (lem_json_kind(m) != LEM_JSON_OBJECT)
            return lem_fail(err, LEM_EDATA, "%s: message %zu is no object but %s", path, i + 1,
                            lem_json_kind_name(m));
        if (lem_json_kind(lem_json_get(m, "role")) != LEM_JSON_STRING)
            return lem_fail(err, LEM_EDATA, "%s: message %zu has no role", path, i + 1);
    }
    return LEM_OK;
}

lem_status lem_conversation_load(const char *path, lem_json **messages, lem_json **tools, lem_err *err) {
    lem_json *file = NULL;
    lem_status st = lem_json_load(path, MAX_FILE, &file, err);
    if (st) return st;
    bool wrapped = lem_json_kind(file) == LEM_JSON_OBJECT;
    lem_json *list = wrapped ? lem_json_get(file, "messages") : file;
    lem_json *found = lem_json_get(file, "tools"); /* NULL of an array */
    if (lem_json_kind(list) != LEM_JSON_ARRAY)
        st = lem_fail(err, LEM_EDATA,
                      "%s: an array of messages, or an object with messages, expected; found %s", path,
                      lem_json_kind_name(file));
    else st = check_messages(list, path, err);
    if (st == LEM_OK) {
        *messages = lem_json_share(list);
        *tools = found ? lem_json_share(found) : NULL;
    }
    lem_json_free(file);
    return st;
}

/* ---- JSON ---- */

static size_t count_trained(const lem_conversation_view *v) {
    size_t n = 0;
    for (size_t i = 0; v->mask && i < v->ids->len; i++) n += v->mask[i];
    return n;
}

static lem_json *append_int(lem_json *list, int64_t value) {
    if (list && lem_json_append(list, lem_json_new_int(value))) return list;
    lem_json_free(list);
    return NULL;
}

static lem_json *ids_json(const lem_ids *ids) {
    lem_json *list = lem_json_new_array();
    for (size_t i = 0; i < ids->len; i++) list = append_int(list, ids->data[i]);
    return list;
}

static lem_json *mask_json(const uint8_t *mask, size_t n) {
    if (!mask) return lem_json_new_null();
    lem_json *list = lem_json_new_array();
    for (size_t i = 0; i < n; i++) list = append_int(list, mask[i]);
    return list;
}

lem_json *lem_conversation_json(const lem_conversation_view *v) {
    const lem_buf *text = &v->text->text;
    int64_t trained = (int64_t)count_trained(v);
    lem_object o = lem_object_new();
    lem_object_str(&o, "template", v->source);
    lem_object_json(&o, "text", lem_json_new_strn(lem_buf_str(text), text->len));
    lem_object_json(&o, "ids", ids_json(v->ids));
    lem_object_json(&o, "trained", mask_json(v->mask, v->ids->len));
    lem_object_int(&o, "tokens", v->ids->len);
    lem_object_json(&o, "trained_tokens", v->mask ? lem_json_new_int(trained) : lem_json_new_null());
    if (!v->mask) lem_object_str(&o, "mask_error", v->why_not);
    return lem_object_done(&o);
}

/* ---- text ---- */

static void put_byte(lem_buf *out, char c, bool terminal) {
    unsigned char u = (unsigned char)c;
    bool control = u == 0x7f || (u < 0x20 && c != '\n' && c != '\t');
    if (terminal && control) lem_buf_printf(out, "\\x%02x", u);
    else lem_buf_putc(out, c);
}

static void put_mark(lem_buf *out, bool on, bool color) {
    static const char *const marks[2][2] = {{"]]", "[["}, {"\033[0m", "\033[32m"}};
    lem_buf_puts(out, marks[color][on]);
}

static void put_rendered(const lem_conversation_view *v, bool color, bool terminal, lem_buf *out) {
    const lem_buf *text = &v->text->text, *mark = &v->text->mark;
    bool on = false;
    for (size_t i = 0; i < text->len; i++) {
        bool trained = v->mask && (mark->data[i] & LEM_MARK_REPLY);
        if (trained != on) put_mark(out, on = trained, color);
        put_byte(out, text->data[i], terminal);
    }
    if (on) put_mark(out, false, color);
    if (out->len && out->data[out->len - 1] != '\n') lem_buf_putc(out, '\n');
}

static void put_ids(const lem_conversation_view *v, bool color, lem_buf *out) {
    size_t column = MARGIN;
    lem_buf_puts(out, "\nids:");
    for (size_t i = 0; i < v->ids->len; i++) {
        bool trained = v->mask && v->mask[i];
        char id[16];
        int n = snprintf(id, sizeof id, trained && !color ? "%d*" : "%d", (int)v->ids->data[i]);
        column += (size_t)n + 1;
        if (column > COLUMNS) {
            lem_buf_puts(out, "\n    ");
            column = MARGIN + (size_t)n + 1;
        }
        lem_buf_putc(out, ' ');
        if (trained && color) put_mark(out, true, color);
        lem_buf_puts(out, id);
        if (trained && color) put_mark(out, false, color);
    }
}

void lem_conversation_text(const lem_conversation_view *v, bool color, bool terminal, lem_buf *out) {
    lem_buf_printf(out, "template: %s\n\n", v->source);
    put_rendered(v, color, terminal, out);
    put_ids(v, color, out);
    lem_buf_printf(out, "\n%zu tokens", v->ids->len);
    if (!v->mask) lem_buf_printf(out, "; not for training: %s\n", v->why_not);
    else lem_buf_printf(out, ", %zu trained (%s)\n", count_trained(v), color ? "green" : "[[text]], id*");
}
