/* record.c - training rows of the kinds people have, told apart by their columns */
#include "data/record.h"

#include "core/mem.h"

#include <string.h>

static const char *const kind_names[] = {"unknown",     "messages",        "sharegpt", "prompt-completion",
                                         "instruction", "question-answer", "text"};
enum { N_KINDS = (int)(sizeof kind_names / sizeof kind_names[0]) };

const char *lem_row_kind_name(lem_row_kind k) { return kind_names[k]; }

lem_status lem_row_kind_parse(const char *name, lem_row_kind *out, lem_err *err) {
    for (int i = 1; i < N_KINDS; i++)
        if (strcmp(name, kind_names[i]) == 0) {
            *out = (lem_row_kind)i;
            return LEM_OK;
        }
    return lem_fail(
        err, LEM_EUSAGE,
        "format '%s' is not one of messages, sharegpt, prompt-completion, instruction, question-answer, text",
        name);
}

/* The first of the names that the row has. */
static const lem_json *first_of(const lem_json *row, const char *const *names, const char **which) {
    for (; *names; names++) {
        const lem_json *v = lem_json_get(row, *names);
        if (v) {
            if (which) *which = *names;
            return v;
        }
    }
    return NULL;
}

static const char *const chat_names[] = {"messages", "message", "conversations", NULL};
static const char *const completion_names[] = {"completion", "response", "target", NULL};
static const char *const output_names[] = {"output", "response", NULL};
static const char *const question_names[] = {"question", "problem", "query", NULL};
static const char *const answer_names[] = {"solution", "answer", "response", NULL};

lem_row_kind lem_row_detect(const lem_json *row) {
    const lem_json *chat = first_of(row, chat_names, NULL);
    if (lem_json_kind(chat) == LEM_JSON_ARRAY) {
        const lem_json *m = lem_json_at(chat, 0);
        if (lem_json_get(m, "role")) return LEM_ROW_MESSAGES;
        if (lem_json_get(m, "from")) return LEM_ROW_SHAREGPT;
        return LEM_ROW_UNKNOWN;
    }
    if (lem_json_get(row, "prompt") && first_of(row, completion_names, NULL))
        return LEM_ROW_PROMPT_COMPLETION;
    if (lem_json_get(row, "instruction") && first_of(row, output_names, NULL)) return LEM_ROW_INSTRUCTION;
    if (first_of(row, question_names, NULL) && first_of(row, answer_names, NULL))
        return LEM_ROW_QUESTION_ANSWER;
    if (lem_json_get(row, "text")) return LEM_ROW_TEXT;
    return LEM_ROW_UNKNOWN;
}

void lem_turns_release(lem_turns *t) {
    for (int i = 0; i < t->n; i++) lem_free(t->at[i].content);
    lem_free(t->at);
    *t = (lem_turns){NULL, 0, 0};
}

static lem_status push(lem_turns *t, const char *role, const char *content, lem_err *err) {
    if (t->n == t->cap) {
        int cap = t->cap ? t->cap * 2 : 8;
        lem_turn *at = lem_realloc(t->at, (size_t)cap, sizeof *at, err);
        if (!at) return LEM_EMEM;
        t->at = at;
        t->cap = cap;
    }
    char *copy = lem_strdup(content, err);
    if (!copy) return LEM_EMEM;
    t->at[t->n++] = (lem_turn){role, copy};
    return LEM_OK;
}

static lem_status text_of(const lem_json *v, const char *name, const char **out, lem_err *err) {
    if (lem_json_kind(v) != LEM_JSON_STRING)
        return lem_fail(err, LEM_EDATA, "field '%s': text expected, %s found", name,
                        v ? lem_json_kind_name(v) : "nothing");
    *out = lem_json_str(v, "");
    return LEM_OK;
}

static const char *role_of(const char *from) {
    if (strcmp(from, "human") == 0 || strcmp(from, "user") == 0) return "user";
    if (strcmp(from, "gpt") == 0 || strcmp(from, "assistant") == 0 || strcmp(from, "chatgpt") == 0 ||
        strcmp(from, "bard") == 0)
        return "assistant";
    if (strcmp(from, "system") == 0) return "system";
    if (strcmp(from, "observation") == 0 || strcmp(from, "tool") == 0 ||
        strcmp(from, "function_response") == 0)
        return "tool";
    if (strcmp(from, "function_call") == 0) return "assistant";
    return NULL;
}

static lem_status add_list(const lem_json *list, const char *field, const char *role_key,
                           const char *text_key, lem_turns *out, lem_err *err) {
    for (size_t i = 0; i < lem_json_count(list); i++) {
        const lem_json *m = lem_json_at(list, i);
        const char *from, *text;
        lem_status st = text_of(lem_json_get(m, role_key), role_key, &from, err);
        if (st == LEM_OK) st = text_of(lem_json_get(m, text_key), text_key, &text, err);
        if (st) return lem_err_context(err, "%s[%zu]", field, i);
        const char *role = role_of(from);
        if (!role) return lem_fail(err, LEM_EDATA, "%s[%zu]: unknown role '%s'", field, i, from);
        if ((st = push(out, role, text, err))) return st;
    }
    return LEM_OK;
}

static lem_status turns_chat(const lem_json *row, lem_row_kind kind, lem_turns *out, lem_err *err) {
    const char *field = "messages";
    const lem_json *list = first_of(row, chat_names, &field);
    if (lem_json_kind(list) != LEM_JSON_ARRAY)
        return lem_fail(err, LEM_EDATA, "field 'messages': a list expected");
    lem_status st = kind == LEM_ROW_MESSAGES ? add_list(list, field, "role", "content", out, err)
                                             : add_list(list, field, "from", "value", out, err);
    /* AceMath-Instruct: `messages` holds the prompt turns only and `answer` the reply. */
    const lem_json *answer = lem_json_get(row, "answer");
    if (st == LEM_OK && kind == LEM_ROW_MESSAGES && answer && out->n &&
        strcmp(out->at[out->n - 1].role, "assistant") != 0) {
        const char *text;
        st = text_of(answer, "answer", &text, err);
        if (st == LEM_OK) st = push(out, "assistant", text, err);
    }
    return st;
}

static lem_status push_side(const lem_json *v, const char *name, const char *role, lem_turns *out,
                            lem_err *err) {
    if (lem_json_kind(v) == LEM_JSON_ARRAY) return add_list(v, name, "role", "content", out, err);
    const char *text;
    lem_status st = text_of(v, name, &text, err);
    return st ? st : push(out, role, text, err);
}

static lem_status turns_instruction(const lem_json *row, lem_turns *out, lem_err *err) {
    const char *instruction, *reply, *which = "output";
    lem_status st = text_of(lem_json_get(row, "instruction"), "instruction", &instruction, err);
    const lem_json *answer = first_of(row, output_names, &which);
    if (st == LEM_OK) st = text_of(answer, which, &reply, err);
    const char *system = lem_json_str(lem_json_get(row, "system"), "");
    if (st == LEM_OK && *system) st = push(out, "system", system, err);
    if (st) return st;
    const char *input = lem_json_str(lem_json_get(row, "input"), "");
    lem_buf b = {0};
    lem_buf_puts(&b, instruction);
    if (*input) lem_buf_printf(&b, "%s%s", *instruction ? "\n" : "", input);
    st = lem_buf_ok(&b, err);
    if (st == LEM_OK) st = push(out, "user", lem_buf_str(&b), err);
    if (st == LEM_OK) st = push(out, "assistant", reply, err);
    lem_buf_release(&b);
    return st;
}

lem_status lem_row_turns(const lem_json *row, lem_row_kind kind, lem_turns *out, lem_err *err) {
    lem_turns_release(out);
    lem_status st = LEM_OK;
    const char *text, *which = "?";
    const lem_json *v;
    switch (kind) {
    case LEM_ROW_MESSAGES:
    case LEM_ROW_SHAREGPT: return turns_chat(row, kind, out, err);
    case LEM_ROW_INSTRUCTION: return turns_instruction(row, out, err);
    case LEM_ROW_PROMPT_COMPLETION:
        if ((st = push_side(lem_json_get(row, "prompt"), "prompt", "user", out, err))) return st;
        v = first_of(row, completion_names, &which);
        return push_side(v, which, "assistant", out, err);
    case LEM_ROW_QUESTION_ANSWER:
        v = first_of(row, question_names, &which);
        if ((st = text_of(v, which, &text, err)) || (st = push(out, "user", text, err))) return st;
        v = first_of(row, answer_names, &which);
        if ((st = text_of(v, which, &text, err))) return st;
        return push(out, "assistant", text, err);
    case LEM_ROW_TEXT:
        if ((st = text_of(lem_json_get(row, "text"), "text", &text, err))) return st;
        return push(out, "text", text, err);
    default:
        return lem_fail(err, LEM_EDATA,
                        "the kind of row cannot be told from its columns; name it with --format");
    }
}

void lem_text_strip_marks(char *text) {
    char *to = text;
    for (const char *p = text; *p;) {
        const char *close = p[0] == '<' && p[1] == '<' ? strstr(p + 2, ">>") : NULL;
        if (close) p = close + 2;
        else *to++ = *p++;
    }
    *to = '\0';
}

char *lem_text_box_answer(const char *text, lem_err *err) {
    const char *mark = NULL;
    for (const char *p = strstr(text, "#### "); p; p = strstr(p + 5, "#### ")) mark = p;
    if (!mark || (mark != text && mark[-1] != '\n')) return lem_strdup(text, err);
    size_t n = strcspn(mark + 5, "\r\n");
    if (mark[5 + n + strspn(mark + 5 + n, " \r\n")]) return lem_strdup(text, err); /* not the last line */
    lem_buf b = {0};
    lem_buf_add(&b, text, (size_t)(mark - text));
    lem_buf_puts(&b, "The answer is \\boxed{");
    lem_buf_add(&b, mark + 5, n);
    lem_buf_puts(&b, "}.");
    char *s = lem_buf_take(&b);
    if (!s) (void)lem_fail(err, LEM_EMEM, "out of memory");
    return s;
}
