/* record.c - rows of all kinds as the turns of one conversation */
#include "data/record.h"

#include "core/mem.h"
#include "data/replies.h"
#include "data/steps.h"

#include <string.h>

static lem_status turns_chat(const lem_json *row, lem_row_kind kind, lem_turns *out, lem_err *err) {
    char field[32] = "messages";
    const lem_json *list = lem_row_first(row, "messages|message|conversations", field);
    lem_turns own = {0};
    lem_status st = LEM_OK;
    LEM_TRY(lem_turns_add_list(&own, list, field, err));
    if (!(own.n && lem_turn_is(&own.at[0], "system"))) LEM_TRY(lem_turns_read_system(out, row, err));
    LEM_TRY(lem_turns_move(&own, 0, out, err));
    LEM_TRY(lem_turns_read_tools(out, row, err));
    /* AceMath-Instruct: `messages` holds the prompt turns only and `answer` the reply. */
    const lem_json *answer = lem_row_column(row, "answer");
    if (kind == LEM_ROW_MESSAGES && answer && out->n && !lem_turn_is(&out->at[out->n - 1], "assistant")) {
        const char *text;
        LEM_TRY(lem_row_text(answer, "answer", &text, err));
        LEM_TRY(lem_turns_push(out, "assistant", text, err));
    }
done:
    lem_turns_release(&own);
    return st;
}

/* What was said before: pairs of instruction and reply. */
static lem_status add_history(const lem_json *row, lem_turns *out, lem_err *err) {
    const lem_json *list = lem_row_column(row, "history");
    if (list && lem_json_kind(list) != LEM_JSON_ARRAY)
        return lem_fail(err, LEM_EDATA, "field 'history': a list of pairs expected, %s found",
                        lem_json_kind_name(list));
    for (size_t i = 0; i < lem_json_count(list); i++) {
        const lem_json *pair = lem_json_at(list, i);
        const char *a, *b;
        if (lem_json_kind(pair) != LEM_JSON_ARRAY || lem_json_count(pair) != 2)
            return lem_fail(err, LEM_EDATA, "history[%zu]: a pair of texts expected", i);
        lem_status st = lem_row_text(lem_json_at(pair, 0), "history", &a, err);
        if (st == LEM_OK) st = lem_row_text(lem_json_at(pair, 1), "history", &b, err);
        if (st == LEM_OK) st = lem_turns_push(out, "user", a, err);
        if (st == LEM_OK) st = lem_turns_push(out, "assistant", b, err);
        if (st) return st;
    }
    return LEM_OK;
}

static lem_status turns_instruction(const lem_json *row, lem_turns *out, lem_err *err) {
    char which[32] = "output";
    const lem_json *answer = lem_row_first(row, "output|response", which);
    const char *instruction, *reply, *input = lem_json_str(lem_json_get(row, "input"), "");
    lem_buf b = {0};
    lem_status st = LEM_OK;
    LEM_TRY(lem_row_text(lem_json_get(row, "instruction"), "instruction", &instruction, err));
    LEM_TRY(lem_row_text(answer, which, &reply, err));
    LEM_TRY(lem_turns_read_system(out, row, err));
    LEM_TRY(add_history(row, out, err));
    lem_buf_puts(&b, instruction);
    if (*input) lem_buf_printf(&b, "%s%s", *instruction ? "\n" : "", input);
    LEM_TRY(lem_buf_ok(&b, err));
    LEM_TRY(lem_turns_push(out, "user", lem_buf_str(&b), err));
    st = lem_turns_push(out, "assistant", reply, err);
done:
    lem_buf_release(&b);
    return st;
}

static lem_status turns_completion(const lem_json *row, lem_turns *out, lem_err *err) {
    char which[32] = "completion";
    const lem_json *v = lem_row_first(row, "completion|response|target", which);
    lem_status st = LEM_OK;
    LEM_TRY(lem_turns_read_system(out, row, err));
    LEM_TRY(lem_turns_add_side(out, lem_json_get(row, "prompt"), "prompt", "user", err));
    lem_turns_untrain(out);
    LEM_TRY(lem_turns_add_side(out, v, which, "assistant", err));
    st = lem_turns_read_tools(out, row, err);
done:
    return st;
}

/* The first of some columns as one turn. */
static lem_status add_first(const lem_json *row, const char *names, const char *role, lem_turns *out,
                            lem_err *err) {
    char which[32] = "?";
    const lem_json *v = lem_row_first(row, names, which);
    const char *text;
    lem_status st = lem_row_text(v, which, &text, err);
    return st ? st : lem_turns_push(out, role, text, err);
}

static lem_status turns_prompt(const lem_json *row, lem_turns *out, lem_err *err) {
    char which[32] = "prompt";
    const lem_json *v = lem_row_first(row, "problem|question|query|prompt", which);
    return lem_turns_add_side(out, v, which, "user", err);
}

/* The prompt and the best reply. */
static lem_status turns_judged(const lem_json *row, lem_row_kind kind, lem_turns *out, lem_err *err) {
    lem_replies r = {0};
    int best = 0;
    lem_status st = lem_row_replies(row, kind, &r, err);
    for (int i = 1; i < r.n; i++)
        if (r.at[i].label > r.at[best].label) best = i;
    if (st == LEM_OK) st = lem_turns_move(&r.prompt, 0, out, err);
    if (st == LEM_OK && r.n) st = lem_turns_move(&r.at[best].turns, 0, out, err);
    if (st == LEM_OK) out->marked = r.n == 0 || r.at[best].label < 0.5;
    lem_replies_release(&r);
    return st;
}

static lem_status turns_steps(const lem_json *row, const char *format, lem_turns *out, lem_err *err) {
    lem_buf problem = {0}, solution = {0};
    lem_status st = lem_steps_row_texts(format, row, &problem, &solution, err);
    if (st == LEM_OK) st = lem_turns_push(out, "user", lem_buf_str(&problem), err);
    if (st == LEM_OK) st = lem_turns_push(out, "assistant", lem_buf_str(&solution), err);
    lem_buf_release(&problem);
    lem_buf_release(&solution);
    return st;
}

static lem_status read_turns(const lem_json *row, lem_row_kind kind, lem_turns *out, lem_err *err) {
    const lem_row_kind_info *info = lem_row_kind_of(kind);
    lem_status st;
    switch (kind) {
    case LEM_ROW_MESSAGES:
    case LEM_ROW_RLHFLOW:
    case LEM_ROW_SHAREGPT: return turns_chat(row, kind, out, err);
    case LEM_ROW_INSTRUCTION: return turns_instruction(row, out, err);
    case LEM_ROW_PROMPT_COMPLETION: return turns_completion(row, out, err);
    case LEM_ROW_QUESTION_ANSWER:
        st = add_first(row, "question|problem|query", "user", out, err);
        return st ? st : add_first(row, "solution|answer|response", "assistant", out, err);
    case LEM_ROW_TEXT: return add_first(row, "text", "text", out, err);
    case LEM_ROW_PROMPTS: return turns_prompt(row, out, err);
    case LEM_ROW_UNKNOWN: return lem_row_unknown(row, err);
    default: break;
    }
    if (info->is & LEM_ROW_REPLIES) return turns_judged(row, kind, out, err);
    if (info->steps) return turns_steps(row, info->steps, out, err);
    return lem_fail(err, LEM_EDATA, "rows of kind %s (%s) have no conversation", info->name, info->title);
}

lem_status lem_row_turns(const lem_json *row, lem_row_kind kind, lem_turns *out, lem_err *err) {
    lem_turns_release(out);
    return lem_row_other_kind(row, kind, read_turns(row, kind, out, err), err);
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
