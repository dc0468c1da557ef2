/* style_request.c - a problem in its style, as messages and as text: what every prompt is made of */
#include "prompt/style.h"

#include "core/mem.h"
#include "core/utf8.h"

#include <string.h>

typedef struct work {
    const lem_prompt_settings *s;
    const lem_prompt_style *how; /* that of s; without one, none or plain */
    const lem_prompt_shot *shot[LEM_PROMPT_SHOTS_MAX];
    int n_shots;
    const char *subject;
    lem_prompt_request r;
    lem_err *err;
} work;

void lem_prompt_request_release(lem_prompt_request *r) {
    for (size_t i = 0; i < r->n; i++) lem_free((void *)(uintptr_t)r->messages[i].content);
    lem_free(r->messages);
    lem_free(r->text);
    *r = (lem_prompt_request){0};
}

/* ---- demonstrations */

static bool of_subject(const work *w, const lem_prompt_shot *x) {
    return !w->how->by_subject || !x->subject || (w->subject && strcmp(x->subject, w->subject) == 0);
}

static lem_status choose_shots(work *w) {
    const lem_prompt_shots *from = &w->s->shots;
    if (from->k > LEM_PROMPT_SHOTS_MAX)
        return lem_fail(w->err, LEM_EUSAGE, "more than %d demonstrations", LEM_PROMPT_SHOTS_MAX);
    for (size_t i = 0; i < from->n && w->n_shots < from->k; i++)
        if (of_subject(w, &from->at[i])) w->shot[w->n_shots++] = &from->at[i];
    if (w->n_shots == from->k) return LEM_OK;
    return lem_fail(w->err, LEM_EDATA, "%d demonstrations of %s%.80s%s asked for, %d found", from->k,
                    w->subject ? "subject '" : "a row without ", w->subject ? w->subject : "subject",
                    w->subject ? "'" : "", w->n_shots);
}

/* ---- texts */

static void put_stripped(const work *w, const char *s, lem_buf *out) {
    size_t n = strlen(s);
    for (; w->how->strip && n > 0 && lem_is_space(*s); n--) s++;
    while (w->how->strip && n > 0 && lem_is_space(s[n - 1])) n--;
    lem_buf_add(out, s, n);
}

/* A problem, its suffix on a line of its own. */
static void put_problem(const work *w, const char *problem, lem_buf *out) {
    put_stripped(w, problem, out);
    if (w->s->suffix) lem_buf_printf(out, "\n%s", w->s->suffix);
}

/* Without the words that the style itself puts before an answer. */
static const char *behind_lead(const lem_prompt_style *how, const char *answer) {
    static const char *const marks[] = {"A:", "Answer:"};
    if (!how->lead) return answer;
    const char *lead = how->lead + strspn(how->lead, " ");
    while (lem_is_space(*answer)) answer++;
    for (int i = 0; i < 2; i++) {
        size_t n = strlen(marks[i]);
        if (strncmp(answer, marks[i], n) != 0) continue;
        answer += n;
        while (lem_is_space(*answer)) answer++;
    }
    return strncmp(answer, lead, strlen(lead)) == 0 ? answer + strlen(lead) : answer;
}

static void put_header(const work *w, lem_buf *out) {
    const char *h = w->how->header, *about = h ? strstr(h, "{about}") : NULL;
    if (!h) return;
    if (!about) {
        lem_buf_puts(out, h);
        return;
    }
    lem_buf_add(out, h, (size_t)(about - h));
    if (w->subject) lem_buf_puts(out, " about ");
    for (const char *s = w->subject; s && *s; s++) lem_buf_putc(out, *s == '_' ? ' ' : *s);
    lem_buf_puts(out, about + strlen("{about}"));
}

static const char *text_or_none(const char *s) { return s ? s : ""; }

/* A text up to where the answer begins. */
static void put_asked(const work *w, const char *problem, lem_buf *out) {
    lem_buf_puts(out, text_or_none(w->how->before));
    put_problem(w, problem, out);
    lem_buf_puts(out, text_or_none(w->how->after));
    lem_buf_puts(out, text_or_none(w->how->lead));
}

static void put_text(const work *w, const char *problem, lem_buf *out) {
    if (w->s->system) lem_buf_printf(out, "%s\n\n", w->s->system);
    put_header(w, out);
    for (int i = 0; i < w->n_shots; i++) {
        put_asked(w, w->shot[i]->question, out);
        lem_buf_puts(out, text_or_none(w->how->answer));
        put_stripped(w, behind_lead(w->how, w->shot[i]->answer), out);
        lem_buf_puts(out, text_or_none(w->how->between));
    }
    put_asked(w, problem, out);
}

/* Demonstrations in the turn of the problem. */
static void put_turn(const work *w, const char *problem, lem_buf *out) {
    for (int i = 0; w->how->layout == LEM_PROMPT_SHOTS_ONE_TURN && i < w->n_shots; i++) {
        put_stripped(w, w->shot[i]->question, out);
        lem_buf_puts(out, w->how->answer);
        put_stripped(w, w->shot[i]->answer, out);
        lem_buf_puts(out, w->how->between);
    }
    put_problem(w, problem, out);
}

/* ---- messages */

/* Takes what is in b. */
static lem_status add_message(work *w, const char *role, lem_buf *b) {
    lem_status st = lem_buf_ok(b, w->err);
    if (st != LEM_OK) return st;
    char *text = b->len ? lem_buf_take(b) : lem_strdup("", w->err);
    if (!text) return LEM_EMEM;
    w->r.messages[w->r.n++] = (lem_message){role, text};
    return LEM_OK;
}

static lem_status add_turns(work *w, lem_buf *b) {
    lem_status st = LEM_OK;
    for (int i = 0; w->how->layout == LEM_PROMPT_SHOTS_TURNS && i < w->n_shots; i++) {
        put_problem(w, w->shot[i]->question, b);
        LEM_TRY(add_message(w, "user", b));
        put_stripped(w, w->shot[i]->answer, b);
        LEM_TRY(add_message(w, "assistant", b));
    }
done:
    return st;
}

static lem_status make_messages(work *w, const char *problem) {
    lem_buf b = {0};
    lem_status st = LEM_OK;
    w->r.chat = true;
    w->r.messages = lem_alloc(2 * LEM_PROMPT_SHOTS_MAX + 2, sizeof *w->r.messages, w->err);
    if (!w->r.messages) return LEM_EMEM;
    if (w->s->system) {
        lem_buf_puts(&b, w->s->system);
        LEM_TRY(add_message(w, "system", &b));
    }
    LEM_TRY(add_turns(w, &b));
    put_turn(w, problem, &b);
    LEM_TRY(add_message(w, "user", &b));
done:
    lem_buf_release(&b);
    return st;
}

static lem_status take_text(work *w, lem_buf *b) {
    lem_status st = lem_buf_ok(b, w->err);
    if (st != LEM_OK) return st;
    w->r.text = b->len ? lem_buf_take(b) : lem_strdup("", w->err);
    return w->r.text ? LEM_OK : LEM_EMEM;
}

static void put_chatml(const work *w, lem_buf *out) {
    for (size_t i = 0; i < w->r.n; i++)
        lem_buf_printf(out, "<|im_start|>%s\n%s<|im_end|>\n", w->r.messages[i].role,
                       w->r.messages[i].content);
    lem_buf_puts(out, "<|im_start|>assistant\n");
}

lem_status lem_prompt_style_messages(const lem_prompt_settings *s, const char *problem, const char *subject,
                                     lem_prompt_request *out, lem_err *err) {
    bool text = s->template == LEM_PROMPT_PLAIN || s->template == LEM_PROMPT_TEXT;
    work w = {.s = s, .subject = subject && *subject ? subject : NULL, .err = err};
    lem_buf b = {0};
    lem_status st;
    w.how = s->style ? s->style : lem_prompt_style_find(text ? "plain" : "none");
    LEM_TRY(choose_shots(&w));
    if (!text) LEM_TRY(make_messages(&w, problem));
    if (text) put_text(&w, problem, &b);
    else if (s->template == LEM_PROMPT_CHATML) put_chatml(&w, &b);
    if (text || s->template == LEM_PROMPT_CHATML) LEM_TRY(take_text(&w, &b));
    *out = w.r;
    w.r = (lem_prompt_request){0};
done:
    lem_prompt_request_release(&w.r);
    lem_buf_release(&b);
    return st;
}
