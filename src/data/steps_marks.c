/* steps_marks.c - formats whose labels are signs in the text: RLHFlow's conversations, Math-Shepherd's tags
 */
#include "data/steps_priv.h"

#include <string.h>

static const char tag[] = "\xd0\xba\xd0\xb8"; /* ки */
static const char first_step[] = "Step 1:";

/* ---- RLHFlow ---- */

/* The text of a turn that must have one of two roles (Hugging Face's name, ShareGPT's). */
static lem_status turn(steps_queue *q, const lem_json *m, size_t i, const char *role, const char *share,
                       const char **out, lem_err *err) {
    const lem_json *who = lem_json_get(m, "role"), *what = lem_json_get(m, "content");
    if (!who) {
        who = lem_json_get(m, "from");
        what = lem_json_get(m, "value");
    }
    const char *name = lem_json_str(who, "");
    if (strcmp(name, role) != 0 && strcmp(name, share) != 0)
        return lem_fail(err, LEM_EDATA, "conversations[%zu]: a turn of role %s expected, '%.40s' found", i,
                        role, name);
    lem_status st = lem_steps_text(q, what, "content", out, err);
    return st ? lem_err_context(err, "conversations[%zu]", i) : LEM_OK;
}

static lem_status sign_value(const char *text, size_t i, double *out, lem_err *err) {
    while (*text == ' ' || *text == '\n') text++;
    size_t n = strcspn(text, " \n");
    bool one = n == 1 && text[n + strspn(text + n, " \n")] == '\0';
    if (!one || (*text != '+' && *text != '-'))
        return lem_fail(err, LEM_EDATA, "conversations[%zu]: '+' or '-' expected, '%.20s' found", i, text);
    *out = *text == '+';
    return LEM_OK;
}

lem_status lem_steps_rlhflow(steps_queue *q, const lem_json *row, lem_err *err) {
    const lem_json *turns;
    const char *step, *sign;
    lem_status st = LEM_OK;
    LEM_TRY(lem_steps_array(row, "conversations", &turns, err));
    size_t n = lem_json_count(turns);
    if (n == 0 || n % 2)
        LEM_TRY(
            lem_fail(err, LEM_EDATA, "conversations: pairs of a step and its sign expected, %zu turns", n));
    steps_draft *d = NULL;
    LEM_TRY(lem_steps_draft(q, "", true, &d, err));
    for (size_t i = 0; i < n; i += 2) {
        double value = -1;
        LEM_TRY(turn(q, lem_json_at(turns, i), i, "user", "human", &step, err));
        LEM_TRY(turn(q, lem_json_at(turns, i + 1), i + 1, "assistant", "gpt", &sign, err));
        LEM_TRY(sign_value(sign, i + 1, &value, err));
        LEM_TRY(lem_steps_add(q, d, step, strlen(step), value, err));
    }
done:
    return st;
}

/* ---- Math-Shepherd ---- */

/* The first piece is question and step: told apart by "Step 1:", else left joined. */
static lem_status first_piece(steps_queue *q, const char *text, size_t len, steps_draft **out,
                              const char **step, lem_err *err) {
    const char *found = strstr(text, first_step), *problem = "";
    bool apart = found && found > text && (size_t)(found - text) < len;
    size_t n = apart ? (size_t)(found - text) : 0;
    while (n > 0 && (text[n - 1] == ' ' || text[n - 1] == '\n')) n--;
    apart = apart && n > 0;
    if (apart && !(problem = lem_arena_strndup(q->arena, text, n)))
        return lem_fail(err, LEM_EDATA, "a row of more than 1 GiB");
    *step = apart ? found : text;
    return lem_steps_draft(q, problem, !apart, out, err);
}

lem_status lem_steps_shepherd(steps_queue *q, const lem_json *row, lem_err *err) {
    const char *input, *label, *step;
    steps_draft *d = NULL;
    lem_status st = LEM_OK;
    LEM_TRY(lem_steps_text(q, lem_json_get(row, "input"), "input", &input, err));
    LEM_TRY(lem_steps_text(q, lem_json_get(row, "label"), "label", &label, err));
    for (const char *end; (end = strstr(input, tag)); input = end + strlen(tag)) {
        size_t len = (size_t)(end - input);
        int k = d ? d->n : 0;
        if (strncmp(label, input, len) != 0 || (label[len] != '+' && label[len] != '-'))
            LEM_TRY(lem_fail(err, LEM_EDATA,
                             "label: the text of input with '+' or '-' at tag %d expected, it differs", k));
        step = input;
        if (!d) LEM_TRY(first_piece(q, input, len, &d, &step, err));
        LEM_TRY(lem_steps_add(q, d, step, (size_t)(end - step), label[len] == '+', err));
        label += len + 1;
    }
    if (!d) LEM_TRY(lem_fail(err, LEM_EDATA, "input: no step tag %s", tag));
    if (strcmp(input, label) != 0 || input[strspn(input, " \n\t\r")])
        st = lem_fail(err, LEM_EDATA, "input: text behind the last step tag");
done:
    return st;
}
