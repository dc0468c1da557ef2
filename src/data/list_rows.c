/* list_rows.c - kinds of rows about graded responses, each brought to {problem, responses, labels} */
#include "data/list_rows.h"

#include "core/mem.h"
#include "core/object.h"
#include "data/list_groups.h"
#include "data/list_turns.h"
#include "data/rows.h"

#include <string.h>

typedef lem_status make_list(const lem_json *row, lem_json **out, lem_err *err);

typedef struct kind {
    const char *name;
    bool (*is)(const lem_json *row);
    const char *columns[4];
    make_list *make;            /* a list from a row; NULL = the row is one */
    lem_list_groups_take *take; /* or: a response from a row, to be grouped */
} kind;

struct lem_list_rows {
    char *path;
    lem_rowset *rows;
    const kind *kind;
    lem_json *first; /* the row that told the kind, not handed out yet */
    uint64_t first_line;
    lem_list_groups groups;
    uint64_t next_group;
};

static bool has(const lem_json *row, const char *name) { return lem_json_get(row, name) != NULL; }

/* ---- one list from one row ---- */

static bool add_to(lem_json *responses, lem_json *labels, const lem_json *text, int label) {
    return lem_json_append(responses, lem_json_copy(text)) &&
           lem_json_append(labels, lem_json_new_int(label));
}

static lem_status list_of(const lem_json *problem, lem_json *responses, lem_json *labels, const lem_json *row,
                          lem_json **out, lem_err *err) {
    lem_object o = lem_object_new();
    const lem_json *id = lem_json_get(row, "id");
    if (id) lem_object_json(&o, "id", lem_json_copy(id));
    lem_object_json(&o, "problem", lem_json_copy(problem));
    lem_object_json(&o, "responses", responses);
    lem_object_json(&o, "labels", labels);
    lem_json *list = lem_object_done(&o);
    if (!list) return lem_fail(err, LEM_EMEM, "out of memory");
    *out = list;
    return LEM_OK;
}

/* The user text of "prompt": a text, or a conversation without a reply. */
static lem_status prompt_of(const lem_json *row, const lem_json **out, lem_err *err) {
    const lem_json *p = lem_json_get(row, "prompt");
    lem_exchange x = {.user = p};
    if (lem_is_conversation(p)) {
        lem_status st = lem_exchange_read(p, &x, err);
        if (st) return lem_err_context(err, "prompt");
    }
    if (lem_json_kind(x.user) != LEM_JSON_STRING || x.assistant)
        return lem_fail(err, LEM_EDATA, "prompt: a text, or a conversation up to the user's turn, expected");
    *out = x.user;
    return LEM_OK;
}

/* The reply of "chosen" or "rejected"; a whole conversation gives the prompt too, which must be that of the
 * others. */
static lem_status reply_of(const lem_json *row, const char *name, const lem_json **prompt,
                           const lem_json **out, lem_err *err) {
    const lem_json *v = lem_json_get(row, name);
    lem_exchange x = {.assistant = v};
    if (lem_is_conversation(v)) {
        lem_status st = lem_exchange_read(v, &x, err);
        if (st) return lem_err_context(err, "%s", name);
    }
    if (lem_json_kind(x.assistant) != LEM_JSON_STRING)
        return lem_fail(err, LEM_EDATA, "%s: a text, or a conversation with a reply, expected", name);
    if (x.user && *prompt && !lem_json_equal(x.user, *prompt))
        return lem_fail(err, LEM_EDATA, "%s: another prompt than that of the pair", name);
    if (x.user) *prompt = x.user;
    *out = x.assistant;
    return LEM_OK;
}

static lem_status pair_list(const lem_json *row, lem_json **out, lem_err *err) {
    const lem_json *prompt = NULL, *good = NULL, *bad = NULL;
    lem_status st = has(row, "prompt") ? prompt_of(row, &prompt, err) : LEM_OK;
    if (st == LEM_OK) st = reply_of(row, "chosen", &prompt, &good, err);
    if (st == LEM_OK) st = reply_of(row, "rejected", &prompt, &bad, err);
    if (st == LEM_OK && !prompt) st = lem_fail(err, LEM_EDATA, "a pair without a prompt");
    if (st) return st;
    lem_json *responses = lem_json_new_array(), *labels = lem_json_new_array();
    if (!add_to(responses, labels, good, 1) || !add_to(responses, labels, bad, 0)) {
        lem_json_free(responses);
        lem_json_free(labels);
        return lem_fail(err, LEM_EMEM, "out of memory");
    }
    return list_of(prompt, responses, labels, row, out, err);
}

static lem_status bench_list(const lem_json *row, lem_json **out, lem_err *err) {
    static const char *const names[] = {"chosen", "rejected"};
    const lem_json *prompt = NULL;
    lem_status st = prompt_of(row, &prompt, err);
    lem_json *responses = lem_json_new_array(), *labels = lem_json_new_array();
    for (int k = 0; st == LEM_OK && k < 2; k++) {
        const lem_json *list = lem_json_get(row, names[k]);
        if (lem_json_kind(list) != LEM_JSON_ARRAY)
            st = lem_fail(err, LEM_EDATA, "%s: a list of texts expected", names[k]);
        for (size_t i = 0; st == LEM_OK && i < lem_json_count(list); i++) {
            if (lem_json_kind(lem_json_at(list, i)) != LEM_JSON_STRING)
                st = lem_fail(err, LEM_EDATA, "%s[%zu]: text expected", names[k], i);
            else if (!add_to(responses, labels, lem_json_at(list, i), k == 0))
                st = lem_fail(err, LEM_EMEM, "out of memory");
        }
    }
    if (st == LEM_OK) return list_of(prompt, responses, labels, row, out, err);
    lem_json_free(responses);
    lem_json_free(labels);
    return st;
}

/* ---- one response from one row ---- */

static const lem_json *turns_of(const lem_json *row) {
    static const char *const names[] = {"message", "messages", "conversations"};
    for (int i = 0; i < 3; i++)
        if (has(row, names[i])) return lem_json_get(row, names[i]);
    return NULL;
}

static lem_status take_message(const lem_json *row, lem_graded *out, lem_err *err) {
    lem_exchange x = {0};
    lem_status st = lem_exchange_read(turns_of(row), &x, err);
    if (st == LEM_OK && (!x.user || !x.assistant))
        st = lem_fail(err, LEM_EDATA, "a conversation with a user turn and a reply expected");
    if (st == LEM_OK) *out = (lem_graded){x.user, x.assistant, lem_json_get(row, "label")};
    return st;
}

static lem_status take_unpaired(const lem_json *row, lem_graded *out, lem_err *err) {
    const lem_json *prompt = NULL, *reply = lem_json_get(row, "completion");
    lem_exchange x = {.assistant = reply};
    lem_status st = prompt_of(row, &prompt, err);
    if (st == LEM_OK && lem_is_conversation(reply)) st = lem_exchange_read(reply, &x, err);
    if (st == LEM_OK && lem_json_kind(x.assistant) != LEM_JSON_STRING)
        st = lem_fail(err, LEM_EDATA, "completion: a text, or a conversation with a reply, expected");
    if (st == LEM_OK) *out = (lem_graded){prompt, x.assistant, lem_json_get(row, "label")};
    return st;
}

/* ---- kinds ---- */

static bool is_list(const lem_json *r) { return has(r, "responses") && has(r, "labels"); }
static bool is_bench(const lem_json *r) {
    const lem_json *c = lem_json_get(r, "chosen");
    return has(r, "prompt") && has(r, "rejected") && lem_json_kind(c) == LEM_JSON_ARRAY &&
           !lem_is_conversation(c);
}
static bool is_pair(const lem_json *r) { return has(r, "chosen") && has(r, "rejected"); }
static bool is_message(const lem_json *r) { return has(r, "label") && lem_is_conversation(turns_of(r)); }
static bool is_unpaired(const lem_json *r) {
    return has(r, "prompt") && has(r, "completion") && has(r, "label");
}

static const kind kinds[] = {
    {"response lists", is_list, {"responses", "labels"}, NULL, NULL},
    {"chosen and rejected lists", is_bench, {"prompt", "chosen", "rejected"}, bench_list, NULL},
    {"preference pairs", is_pair, {"chosen", "rejected", "prompt"}, pair_list, NULL},
    {"graded conversations",
     is_message,
     {"message", "messages", "conversations", "label"},
     NULL,
     take_message},
    {"unpaired preferences", is_unpaired, {"prompt", "completion", "label"}, NULL, take_unpaired},
};
enum { N_KINDS = sizeof kinds / sizeof *kinds };

static lem_status no_kind(const lem_json *row, lem_err *err) {
    lem_buf b = {0};
    const char *key = NULL;
    while ((key = lem_json_key_next(row, key)) && b.len < 300)
        lem_buf_printf(&b, "%s%.60s", b.len ? ", " : "", key);
    lem_status st =
        lem_fail(err, LEM_EDATA,
                 "a response list needs 'problem' (text), 'responses' and 'labels' (lists), or chosen and "
                 "rejected, or message and label; the columns are %s",
                 lem_buf_str(&b));
    lem_buf_release(&b);
    return st;
}

static void tell_kind(const char *path, const kind *k, const lem_json *row, lem_log *log) {
    lem_buf b = {0};
    for (int i = 0; i < 4 && k->columns[i]; i++)
        if (has(row, k->columns[i])) lem_buf_printf(&b, "%s%s", b.len ? ", " : "", k->columns[i]);
    lem_info(log, "%s: %s, by the columns %s", path, k->name, lem_buf_str(&b));
    lem_exchange x;
    lem_err ignored = LEM_ERR_INIT;
    if (k->take && lem_exchange_read(turns_of(row), &x, &ignored) == LEM_OK && x.system)
        lem_info(log, "%s: the rows' own system text ('%.60s') is not read; --system is what counts", path,
                 lem_json_str(x.system, ""));
    lem_buf_release(&b);
}

/* ---- reading ---- */

static lem_status with_place(const lem_list_rows *r, uint64_t line, lem_err *err) {
    return lem_err_context(err, "%s:%llu", lem_rowset_file(r->rows), (unsigned long long)line);
}

static lem_status read_groups(lem_list_rows *r, const lem_cancel *cancel, lem_log *log, lem_err *err) {
    lem_json *row = r->first;
    uint64_t line = r->first_line;
    lem_status st = LEM_OK;
    r->first = NULL;
    while (st == LEM_OK && row) {
        lem_graded g;
        st = lem_data_cancelled(cancel, err);
        if (st == LEM_OK) {
            st = r->kind->is(row) ? r->kind->take(row, &g, err) : no_kind(row, err);
            if (st == LEM_OK) st = lem_list_groups_add(&r->groups, &g, line, err);
            if (st) with_place(r, line, err);
        }
        lem_json_free(row);
        row = NULL;
        if (st == LEM_OK) st = lem_rowset_next(r->rows, &row, err);
        line = lem_rowset_number(r->rows);
    }
    lem_json_free(row);
    if (st == LEM_OK) lem_list_groups_tell(&r->groups, r->path, log);
    return st;
}

static lem_status open_rows(lem_list_rows *r, const char *path, const lem_cancel *cancel, lem_log *log,
                            lem_err *err) {
    lem_status st = LEM_OK;
    r->path = lem_strdup(path, err);
    if (!r->path) return LEM_EMEM;
    LEM_TRY(lem_data_rows_open(path, cancel, &r->rows, err));
    LEM_TRY(lem_rowset_next(r->rows, &r->first, err));
    if (!r->first) goto done;
    r->first_line = lem_rowset_number(r->rows);
    for (int i = N_KINDS; i-- > 0;)
        if (kinds[i].is(r->first)) r->kind = &kinds[i];
    if (!r->kind) {
        st = no_kind(r->first, err);
        with_place(r, r->first_line, err);
        goto done;
    }
    tell_kind(path, r->kind, r->first, log);
    if (r->kind->take) st = read_groups(r, cancel, log, err);
done:
    return st;
}

lem_status lem_list_rows_open(const char *path, const lem_cancel *cancel, lem_log *log, lem_list_rows **out,
                              lem_err *err) {
    lem_list_rows *r = lem_alloc_zero(1, sizeof *r, err);
    if (!r) return LEM_EMEM;
    lem_status st = open_rows(r, path, cancel, log, err);
    if (st) lem_list_rows_close(r);
    else *out = r;
    return st;
}

void lem_list_rows_close(lem_list_rows *r) {
    if (!r) return;
    lem_json_free(r->first);
    lem_rowset_close(r->rows);
    lem_list_groups_release(&r->groups);
    lem_free(r->path);
    lem_free(r);
}

static lem_status next_row(lem_list_rows *r, lem_json **row, uint64_t *line, lem_err *err) {
    lem_status st = LEM_OK;
    *row = r->first;
    *line = r->first_line;
    r->first = NULL;
    if (*row) return LEM_OK;
    st = lem_rowset_next(r->rows, row, err);
    *line = lem_rowset_number(r->rows);
    return st;
}

lem_status lem_list_rows_next(lem_list_rows *r, lem_json **row, uint64_t *line, lem_err *err) {
    *row = NULL;
    if (r->kind && r->kind->take) {
        if (r->next_group < r->groups.n) *row = lem_list_groups_take_list(&r->groups, r->next_group++, line);
        return LEM_OK;
    }
    lem_json *found = NULL, *list = NULL;
    lem_status st = next_row(r, &found, line, err);
    if (st || !found) return st;
    if (!r->kind->make) {
        *row = found;
        return LEM_OK;
    }
    st = r->kind->is(found) ? r->kind->make(found, &list, err) : no_kind(found, err);
    if (st) with_place(r, *line, err);
    lem_json_free(found);
    if (st == LEM_OK) *row = list;
    return st;
}
