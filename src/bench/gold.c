/* gold.c - the rules by which a gold is read from its field */
#include "bench/row_priv.h"

#include "core/choice.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static lem_status keep(lem_buf *out, const char *s, size_t n) {
    s = lem_bench_trim(s, &n);
    lem_buf_add(out, s, n);
    return LEM_OK;
}

/* What stands in the last \boxed{…} or \fbox{…}, braces matched; "\boxed 5" up to a $. */
static bool last_boxed(const char *s, lem_buf *out) {
    const char *last = NULL;
    for (const char *p = s; (p = strstr(p, "\\boxed")); p += 6) last = p + 6;
    for (const char *p = s; !last && (p = strstr(p, "\\fbox")); p += 5) last = p + 5;
    if (!last) return false;
    while (*last == ' ') last++;
    if (*last != '{') {
        keep(out, last, strcspn(last, "$\n"));
        return true;
    }
    int depth = 0;
    const char *p = last;
    for (; *p; p++) {
        if (*p == '\\' && p[1]) p++;
        else if (*p == '{') depth++;
        else if (*p == '}' && --depth == 0) break;
    }
    if (!*p) return false; /* never closed */
    keep(out, last + 1, (size_t)(p - last) - 1);
    return true;
}

static bool after_hashes(const char *s, lem_buf *out) {
    const char *last = NULL;
    for (const char *p = s; (p = strstr(p, "####")); p += 4) last = p + 4;
    if (last) keep(out, last, strlen(last));
    return last != NULL;
}

static bool strip_dollars(const char *s, lem_buf *out) {
    lem_buf b = {0};
    for (; *s; s++) {
        if (*s == '\\' && s[1]) lem_buf_putc(&b, *s++);
        else if (*s == '$') continue;
        lem_buf_putc(&b, *s);
    }
    keep(out, lem_buf_str(&b), b.len);
    out->failed = out->failed || b.failed;
    lem_buf_release(&b);
    return true;
}

/* 27.0 and "27.0" are 27; other numbers stay as they are written. */
static bool number(const char *s, lem_buf *out) {
    char *end = NULL;
    double x = strtod(s, &end);
    bool plain = *s && strspn(s, "+-.0123456789eE") == strlen(s) && end && !*end && isfinite(x);
    const char *dot = strchr(s, '.');
    if (!plain) return false;
    if (dot && strspn(dot + 1, "0") == strlen(dot + 1)) keep(out, s, (size_t)(dot - s));
    else keep(out, s, strlen(s));
    return true;
}

static bool letter(const char *s, const lem_bench_options *o, lem_buf *out) {
    size_t open = *s == '(';
    const char c = s[open], *rest = c ? s + open + 1 : s;
    bool place = o && c >= 'A' && c - 'A' < o->n;
    if (*rest == ')' || (*rest == '.' && !open)) rest++;
    else if (open) return false;
    if (!place || *rest) return false;
    lem_buf_putc(out, c);
    return true;
}

static bool letter_of_index(const char *s, const lem_bench_options *o, lem_buf *out) {
    size_t n = strlen(s);
    bool digits = o && n && n <= 2 && strspn(s, "0123456789") == n;
    int i = digits ? s[0] - '0' : 0;
    if (n == 2) i = 10 * i + s[1] - '0';
    if (!digits || i >= o->n) return false;
    lem_buf_putc(out, (char)('A' + i));
    return true;
}

static bool right_option(const lem_bench_options *o, lem_buf *out) {
    if (!o || o->right < 0) return false;
    lem_buf_putc(out, (char)('A' + o->right));
    return true;
}

static bool by_rule(lem_bench_gold rule, const char *s, const lem_bench_options *o, lem_buf *out) {
    switch (rule) {
    case LEM_BENCH_GOLD_NUMBER: return number(s, out);
    case LEM_BENCH_GOLD_AFTER_HASHES: return after_hashes(s, out);
    case LEM_BENCH_GOLD_LAST_BOXED: return last_boxed(s, out);
    case LEM_BENCH_GOLD_STRIP_DOLLARS: return strip_dollars(s, out);
    case LEM_BENCH_GOLD_LETTER: return letter(s, o, out);
    case LEM_BENCH_GOLD_INDEX: return letter_of_index(s, o, out);
    case LEM_BENCH_GOLD_RIGHT_OPTION: return right_option(o, out);
    default: return keep(out, s, strlen(s)) == LEM_OK;
    }
}

/* A text or a number as text without blanks around it; false for anything else. */
static bool as_text(const lem_json *v, lem_buf *out) {
    lem_json_type k = lem_json_kind(v);
    if (k == LEM_JSON_STRING) keep(out, lem_json_str(v, ""), lem_json_str_len(v));
    else if (k == LEM_JSON_INT || k == LEM_JSON_REAL) lem_json_write(v, 0, out);
    return k == LEM_JSON_STRING || k == LEM_JSON_INT || k == LEM_JSON_REAL;
}

static void say_tried(const lem_bench_spec *s, const lem_json *v, char why[LEM_PROBLEM_WHY]) {
    lem_buf b = {0};
    char name[32];
    for (size_t i = 0; i < s->n_rules; i++) {
        if (!lem_choice_at(LEM_BENCH_GOLD_NAMES, (int)s->rule[i], name)) continue;
        lem_buf_printf(&b, "%s%s", i ? ", " : "", name);
    }
    lem_buf found = {0};
    lem_json_write(v, 0, &found);
    snprintf(why, LEM_PROBLEM_WHY, "field '%s' holds none by the rule %s, found %s%.60s", s->gold,
             lem_buf_str(&b), lem_json_kind(v) == LEM_JSON_STRING ? "" : lem_json_kind_name(v),
             lem_json_kind(v) == LEM_JSON_STRING ? lem_buf_str(&found) : "");
    lem_buf_release(&found);
    lem_buf_release(&b);
}

/* Appends one gold; false where no rule finds one. */
static bool one_gold(const lem_bench_spec *s, const lem_json *v, const lem_bench_options *o, lem_buf *out) {
    lem_buf text = {0};
    bool ok = false;
    size_t before = out->len;
    if (as_text(v, &text))
        for (size_t i = 0; i < s->n_rules && !ok; i++) {
            ok = by_rule(s->rule[i], lem_buf_str(&text), o, out) && out->len > before;
            if (!ok) out->len = before;
        }
    out->failed = out->failed || text.failed;
    lem_buf_release(&text);
    return ok;
}

static lem_status add_text(lem_json *list, lem_buf *text, lem_err *err) {
    lem_status st = lem_buf_ok(text, err);
    if (st == LEM_OK && !lem_json_append(list, lem_json_new_strn(lem_buf_str(text), text->len)))
        st = lem_fail(err, LEM_EMEM, "out of memory");
    lem_buf_clear(text);
    return st;
}

/* Golds of all values into the list; *ok false where one holds none. */
static lem_status gather(const lem_bench_spec *s, const lem_json *v, const lem_bench_options *o,
                         lem_json *list, bool *ok, lem_err *err) {
    bool many = lem_json_kind(v) == LEM_JSON_ARRAY, all = s->several == LEM_BENCH_ALL;
    size_t n = many ? lem_json_count(v) : 1;
    lem_buf text = {0};
    lem_status st = LEM_OK;
    *ok = n > 0;
    for (size_t i = 0; st == LEM_OK && *ok && i < n; i++) {
        if (all && i) lem_buf_puts(&text, ", ");
        *ok = one_gold(s, many ? lem_json_at(v, i) : v, o, &text);
        if (*ok && (!all || i + 1 == n)) st = add_text(list, &text, err);
    }
    if (st == LEM_OK) st = lem_buf_ok(&text, err);
    lem_buf_release(&text);
    return st;
}

lem_status lem_bench_golds(const lem_bench_spec *s, const lem_json *row, const lem_bench_options *o,
                           lem_json **out, char why[LEM_PROBLEM_WHY], lem_err *err) {
    const lem_json *v = lem_bench_field(row, s->gold);
    bool ok = false;
    lem_buf columns = {0};
    *out = NULL;
    if (!v) {
        lem_bench_columns(row, &columns);
        snprintf(why, LEM_PROBLEM_WHY, "there is no field '%s'; %s", s->gold, lem_buf_str(&columns));
        lem_buf_release(&columns);
        return LEM_OK;
    }
    lem_json *list = lem_json_new_array();
    lem_status st = list ? gather(s, v, o, list, &ok, err) : lem_fail(err, LEM_EMEM, "out of memory");
    if (st == LEM_OK && ok) *out = list;
    else lem_json_free(list);
    if (st == LEM_OK && !ok) say_tried(s, v, why);
    return st;
}
