/* convert_steps.c - solutions with labelled steps as rows of any kind that holds them */
#include "data/convert_priv.h"
#include "data/steps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char tag[] = "\xd0\xba\xd0\xb8"; /* ки */

/* The shortest number that reads back as the same label. */
static lem_json *new_share(float x) {
    char text[32];
    double back = x;
    for (int digits = 1; digits <= 9; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, (double)x);
        back = strtod(text, NULL);
        if (!((float)back < x) && !((float)back > x)) break;
    }
    return lem_json_new_num(back);
}

static lem_json *new_label(float x, lem_row_kind to) {
    bool whole = !(x > 0 && x < 1);
    if (to == LEM_ROW_TRL_STEPS && whole) return lem_json_new_bool(x > 0);
    if (whole) return lem_json_new_int(x < 0 ? -1 : x > 0);
    return new_share(x);
}

/* Two lists: texts and labels of the first n steps. */
static lem_status write_lists(const lem_converter *v, const lem_steps_solution *s, int n,
                              const char *const names[3], lem_err *err) {
    lem_object o = lem_object_new();
    lem_json *texts = lem_json_new_array(), *labels = lem_json_new_array();
    bool ok = texts && labels;
    for (int i = 0; ok && i < n; i++)
        ok = lem_json_append(texts, lem_json_new_strn(s->step[i].text, s->step[i].len)) &&
             lem_json_append(labels, new_label(s->label[i], v->how->to));
    lem_object_str(&o, names[0], s->problem);
    lem_object_json(&o, names[1], texts);
    lem_object_json(&o, names[2], labels);
    if (!ok) o.failed = true;
    return lem_convert_emit(v, &o, err);
}

static lem_json *turn(const char *role, const lem_buf *text) {
    lem_object o = lem_object_new();
    lem_object_str(&o, "role", role);
    lem_object_json(&o, "content", lem_json_new_strn(lem_buf_str(text), text->len));
    return lem_object_done(&o);
}

/* Problem and first step are joined by a space. */
static void put_step(lem_buf *b, const lem_steps_solution *s, int i) {
    if (i == 0 && *s->problem) lem_buf_printf(b, "%s ", s->problem);
    lem_buf_add(b, s->step[i].text, s->step[i].len);
}

static lem_status write_turns(const lem_converter *v, const lem_steps_solution *s, int n, lem_err *err) {
    lem_object o = lem_object_new();
    lem_json *list = lem_json_new_array();
    lem_buf b = {0};
    bool ok = list != NULL;
    for (int i = 0; ok && i < n; i++) {
        lem_buf_clear(&b);
        put_step(&b, s, i);
        ok = lem_json_append(list, turn("user", &b));
        lem_buf_clear(&b);
        lem_buf_putc(&b, s->label[i] > 0 ? '+' : '-');
        ok = ok && lem_json_append(list, turn("assistant", &b));
    }
    lem_object_json(&o, "conversations", list);
    if (!ok) o.failed = true;
    lem_status st = lem_buf_ok(&b, err);
    lem_buf_release(&b);
    if (st == LEM_OK) return lem_convert_emit(v, &o, err);
    lem_json_free(lem_object_done(&o));
    return st;
}

static bool has_tag(const lem_steps_solution *s, int n) {
    bool found = strstr(s->problem, tag) != NULL;
    for (int i = 0; i < n; i++) found = found || strstr(s->step[i].text, tag);
    return found;
}

static lem_status write_tags(const lem_converter *v, const lem_steps_solution *s, int n, lem_err *err) {
    lem_object o = lem_object_new();
    lem_buf input = {0}, label = {0};
    for (int i = 0; i < n; i++) {
        if (i) lem_buf_putc(&input, '\n');
        if (i) lem_buf_putc(&label, '\n');
        put_step(&input, s, i);
        put_step(&label, s, i);
        lem_buf_printf(&input, " %s", tag);
        lem_buf_printf(&label, " %c", s->label[i] > 0 ? '+' : '-');
    }
    lem_object_json(&o, "input", lem_json_new_strn(lem_buf_str(&input), input.len));
    lem_object_json(&o, "label", lem_json_new_strn(lem_buf_str(&label), label.len));
    v->c->joined += *s->problem && strncmp(s->step[0].text, "Step 1:", 7) != 0;
    lem_status st = lem_buf_ok(&input, err);
    if (st == LEM_OK) st = lem_buf_ok(&label, err);
    lem_buf_release(&input);
    lem_buf_release(&label);
    if (st == LEM_OK) return lem_convert_emit(v, &o, err);
    lem_json_free(lem_object_done(&o));
    return st;
}

/* Steps up to the last label; 0: there is none, or one without a label before it. */
static int labelled(const lem_steps_solution *s) {
    int n = s->n;
    while (n > 0 && s->label[n - 1] < 0) n--;
    for (int i = 0; i < n; i++)
        if (s->label[i] < 0) return 0;
    return n;
}

static lem_status write_solution(const lem_converter *v, const lem_steps_solution *s, lem_err *err) {
    static const char *const ours[] = {"problem", "steps", "step_labels"};
    static const char *const trl[] = {"prompt", "completions", "labels"};
    v->c->joined += s->joined && (v->how->to == LEM_ROW_ANNOTATED || v->how->to == LEM_ROW_TRL_STEPS);
    if (v->how->to == LEM_ROW_ANNOTATED) return write_lists(v, s, s->n, ours, err);
    int n = labelled(s);
    if (n == 0 || (v->how->to == LEM_ROW_SHEPHERD && has_tag(s, n))) {
        v->c->unfit++;
        return LEM_OK;
    }
    v->c->cut_steps += (uint64_t)(s->n - n);
    if (v->how->to == LEM_ROW_TRL_STEPS) return write_lists(v, s, n, trl, err);
    return v->how->to == LEM_ROW_RLHFLOW ? write_turns(v, s, n, err) : write_tags(v, s, n, err);
}

lem_status lem_convert_steps(const lem_converter *v, const char *path, const char *format, lem_err *err) {
    bool signs = v->how->to == LEM_ROW_RLHFLOW || v->how->to == LEM_ROW_SHEPHERD;
    const lem_steps_how how = {.format = format,
                               .rule = signs ? LEM_STEPS_HARD : LEM_STEPS_SOFT,
                               .limit = v->how->limit,
                               .cancel = v->how->cancel,
                               .judge = v->how->judge};
    lem_steps *s = NULL;
    lem_status st = lem_steps_open(path, &how, v->how->log, &s, err);
    while (st == LEM_OK) {
        lem_steps_solution x;
        st = lem_steps_next(s, &x, err);
        if (st || x.n == 0) break;
        v->c->rows++;
        st = write_solution(v, &x, err);
    }
    lem_steps_close(s);
    return st;
}
