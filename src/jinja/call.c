/* call.c - calls: global functions, and the methods of lists, dicts, loops, cyclers */
#include "jinja/jinja_priv.h"

#include <stdio.h>
#include <string.h>

/* ---- which methods there are. '!' marks those that the sandbox refuses. */

static const char *const str_methods[] = {
    "strip",      "lstrip",       "rstrip",       "split",        "rsplit",     "splitlines",
    "startswith", "endswith",     "replace",      "upper",        "lower",      "title",
    "capitalize", "find",         "rfind",        "index",        "rindex",     "count",
    "join",       "format",       "isdigit",      "isalpha",      "isalnum",    "isspace",
    "isupper",    "islower",      "isnumeric",    "isdecimal",    "zfill",      "center",
    "ljust",      "rjust",        "removeprefix", "removesuffix", "partition",  "rpartition",
    "swapcase",   "casefold",     "expandtabs",   "encode",       "format_map", "translate",
    "maketrans",  "isidentifier", "isprintable",  "istitle",      "isascii",    NULL};
static const char *const list_methods[] = {"index",    "count",   "copy",  "!append", "!clear",  "!pop",
                                           "!reverse", "!insert", "!sort", "!extend", "!remove", NULL};
static const char *const tuple_methods[] = {"index", "count", NULL};
static const char *const dict_methods[] = {"items",  "keys", "values",   "get",         "copy",    "fromkeys",
                                           "!clear", "!pop", "!popitem", "!setdefault", "!update", NULL};
static const char *const cycler_methods[] = {"next", "reset", NULL};

bool lem_jin_has_method(const jin_val *self, const jin_str *name, const char **method, bool *unsafe) {
    const char *const *list = NULL;
    if (self->kind == JIN_STR) list = str_methods;
    else if (self->kind == JIN_DICT) list = dict_methods;
    else if (self->kind == JIN_CYCLER) list = cycler_methods;
    else if (self->kind == JIN_SEQ && self->u.q->flavor == JIN_LIST) list = list_methods;
    else if (self->kind == JIN_SEQ && self->u.q->flavor <= JIN_RANGE) list = tuple_methods;
    for (; list && *list; list++) {
        *unsafe = **list == '!';
        *method = *list + *unsafe;
        if (lem_jin_is(name, *method)) return true;
    }
    return false;
}

/* ---- methods */

static lem_status dict_view(jin *m, const jin_dict *d, const char *method, jin_val *out) {
    bool keys = strcmp(method, "keys") == 0, values = strcmp(method, "values") == 0;
    jin_flavor flavor = JIN_ITEMS;
    if (keys) flavor = JIN_KEYS;
    if (values) flavor = JIN_VALUES;
    lem_status st = lem_jin_seq_new(m, flavor, out);
    for (size_t i = 0; i < d->n && st == LEM_OK; i++) {
        jin_val v = d->at[2 * i + !keys];
        if (!keys && !values) {
            st = lem_jin_seq_new(m, JIN_TUPLE, &v);
            if (st == LEM_OK) st = lem_jin_seq_push(m, v.u.q, d->at[2 * i]);
            if (st == LEM_OK) st = lem_jin_seq_push(m, v.u.q, d->at[2 * i + 1]);
        }
        if (st == LEM_OK) st = lem_jin_seq_push(m, out->u.q, v);
    }
    return st;
}

static lem_status dict_method(jin *m, const jin_dict *d, const char *method, const jin_args *args,
                              jin_val *out) {
    jin_val a[2], *found = NULL;
    lem_status st;
    if (strcmp(method, "get") == 0) {
        if (args->n_named) return lem_jin_fail(m, "dict.get() takes no keyword arguments");
        LEM_TRY(lem_jin_bind(m, "dict.get()", "key default?", args, a));
        if (!lem_jin_hashable(&a[0])) return lem_jin_fail(m, "unhashable type: '%s'", lem_jin_type(&a[0]));
        LEM_TRY(lem_jin_dict_find(m, d, a[0], &found));
        *out = a[1].kind == JIN_MISSING ? lem_jin_none() : a[1];
        if (found) *out = *found;
        return LEM_OK;
    }
    LEM_TRY(lem_jin_bind(m, method, "", args, a));
    if (strcmp(method, "copy") == 0) {
        LEM_TRY(lem_jin_dict_new(m, out));
        for (size_t i = 0; i < d->n; i++)
            LEM_TRY(lem_jin_dict_put(m, out->u.d, d->at[2 * i], d->at[2 * i + 1]));
        return LEM_OK;
    }
    if (strcmp(method, "fromkeys") == 0) return lem_jin_fail(m, "the method dict.fromkeys is not supported");
    LEM_TRY(dict_view(m, d, method, out));
done:
    return st;
}

static lem_status seq_method(jin *m, const jin_seq *q, const char *method, const jin_args *args,
                             jin_val *out) {
    jin_val a[1];
    int64_t count = 0;
    lem_status st;
    if (strcmp(method, "copy") == 0) {
        LEM_TRY(lem_jin_bind(m, "list.copy()", "", args, a));
        LEM_TRY(lem_jin_seq_new(m, JIN_LIST, out));
        for (size_t i = 0; i < q->n; i++) LEM_TRY(lem_jin_seq_push(m, out->u.q, q->at[i]));
        return LEM_OK;
    }
    LEM_TRY(lem_jin_bind(m, method, "value", args, a));
    for (size_t i = 0; i < q->n; i++) {
        bool same = false;
        LEM_TRY(lem_jin_equal(m, &q->at[i], &a[0], 0, &same));
        if (same && *method == 'i') {
            *out = lem_jin_int((int64_t)i);
            return LEM_OK;
        }
        count += same;
    }
    if (*method == 'i') return lem_jin_fail(m, "index(): the value is not in the list");
    *out = lem_jin_int(count);
done:
    return st;
}

static lem_status loop_method(jin *m, jin_loop *l, const char *method, const jin_args *args, jin_val *out) {
    lem_status st;
    if (args->n_named) return lem_jin_fail(m, "loop.%s() takes no keyword arguments", method);
    if (strcmp(method, "cycle") == 0) {
        if (args->n == 0) return lem_jin_fail(m, "no items for cycling given");
        *out = args->pos[(size_t)(l->index0 < 0 ? 0 : l->index0) % args->n];
        return LEM_OK;
    }
    jin_val now;
    bool same = false;
    LEM_TRY(lem_jin_seq_new(m, JIN_TUPLE, &now));
    for (size_t i = 0; i < args->n; i++) LEM_TRY(lem_jin_seq_push(m, now.u.q, args->pos[i]));
    if (l->changed.kind == JIN_SEQ) LEM_TRY(lem_jin_equal(m, &l->changed, &now, 0, &same));
    l->changed = now;
    *out = lem_jin_bool(!same);
done:
    return st;
}

static lem_status cycler_method(jin *m, jin_cycler *c, const char *method, const jin_args *args,
                                jin_val *out) {
    if (args->n || args->n_named) return lem_jin_fail(m, "cycler.%s() takes no arguments", method);
    *out = c->at[c->pos];
    if (*method == 'n') c->pos = (c->pos + 1) % c->n;
    if (*method == 'r') {
        c->pos = 0;
        *out = lem_jin_none();
    }
    return LEM_OK;
}

static lem_status call_method(jin *m, const jin_bound *b, const jin_args *args, jin_val *out) {
    switch (b->self.kind) {
    case JIN_STR:
        if (b->self.mark & JIN_SAFE)
            return lem_jin_fail(m, "a method of text passed through |safe is not supported");
        return lem_jin_str_method(m, b->self.u.s, b->method, args, out);
    case JIN_DICT: return dict_method(m, b->self.u.d, b->method, args, out);
    case JIN_SEQ: return seq_method(m, b->self.u.q, b->method, args, out);
    case JIN_LOOP: return loop_method(m, b->self.u.loop, b->method, args, out);
    default: return cycler_method(m, b->self.u.cycler, b->method, args, out);
    }
}

/* ---- functions */

static lem_status fn_range(jin *m, const jin_args *args, jin_val *out) {
    int64_t v[3] = {0, 0, 1};
    lem_status st;
    if (args->n < 1 || args->n > 3 || args->n_named)
        return lem_jin_fail(m, "range() takes one to three integers");
    for (size_t i = 0; i < args->n; i++)
        LEM_TRY(lem_jin_want_int(m, "range()", &args->pos[i], &v[args->n == 1 ? 1 : i]));
    if (v[2] == 0) return lem_jin_fail(m, "range() arg 3 must not be zero");
    LEM_TRY(lem_jin_seq_new(m, JIN_RANGE, out));
    jin_seq *q = out->u.q;
    q->start = v[0];
    q->stop = v[1];
    q->step = v[2];
    for (int64_t i = v[0]; v[2] > 0 ? i < v[1] : i > v[1];) {
        if (q->n == JIN_MAX_RANGE) return lem_jin_fail(m, "range too big: more than %d", (int)JIN_MAX_RANGE);
        LEM_TRY(lem_jin_seq_push(m, q, lem_jin_int(i)));
        if (__builtin_add_overflow(i, v[2], &i)) break;
    }
done:
    return st;
}

/* dict(pairs or mapping, name=value…) and namespace(…). */
static lem_status fn_dict(jin *m, const jin_args *args, jin_val *out) {
    jin_seq *q = NULL, *pair = NULL;
    lem_status st;
    if (args->n > 1) return lem_jin_fail(m, "dict() takes at most one positional argument");
    LEM_TRY(lem_jin_dict_new(m, out));
    if (args->n && args->pos[0].kind == JIN_DICT) {
        const jin_dict *d = args->pos[0].u.d;
        for (size_t i = 0; i < d->n; i++)
            LEM_TRY(lem_jin_dict_put(m, out->u.d, d->at[2 * i], d->at[2 * i + 1]));
    } else if (args->n) {
        LEM_TRY(lem_jin_iter(m, &args->pos[0], &q));
        for (size_t i = q->pos; i < q->n; i++) {
            LEM_TRY(lem_jin_iter(m, &q->at[i], &pair));
            if (pair->n != 2) return lem_jin_fail(m, "dict() needs pairs");
            LEM_TRY(lem_jin_dict_put(m, out->u.d, pair->at[0], pair->at[1]));
        }
        if (q->flavor == JIN_GENERATOR) q->pos = q->n;
    }
    for (size_t i = 0; i < args->n_named; i++) {
        jin_val key = {.kind = JIN_STR, .u.s = args->name[i]};
        LEM_TRY(lem_jin_dict_put(m, out->u.d, key, args->named[i]));
    }
done:
    return st;
}

static lem_status fn_namespace(jin *m, const jin_args *args, jin_val *out) {
    lem_status st = fn_dict(m, args, out);
    out->kind = JIN_NS;
    return st;
}

static lem_status fn_cycler(jin *m, const jin_args *args, jin_val *out) {
    if (args->n == 0 || args->n_named) return lem_jin_fail(m, "cycler() needs items");
    jin_cycler *c = lem_jin_alloc(m, 1, sizeof *c);
    if (!c) return m->err->status;
    c->at = args->pos;
    c->n = args->n;
    *out = (jin_val){.kind = JIN_CYCLER, .u.cycler = c};
    return LEM_OK;
}

static lem_status fn_joiner(jin *m, const jin_args *args, jin_val *out) {
    jin_val a[1];
    lem_status st = lem_jin_bind(m, "joiner()", "sep?", args, a);
    if (st != LEM_OK) return st;
    jin_cycler *c = lem_jin_alloc(m, 1, sizeof *c);
    if (!c) return m->err->status;
    if (a[0].kind == JIN_MISSING) st = lem_jin_str_new(m, ", ", 2, 0, &a[0]);
    c->sep = a[0];
    *out = (jin_val){.kind = JIN_JOINER, .u.cycler = c};
    return st;
}

static lem_status fn_raise(jin *m, const jin_args *args, jin_val *out) {
    jin_val a[1];
    jin_sb b = {0};
    lem_status st;
    *out = lem_jin_none();
    LEM_TRY(lem_jin_bind(m, "raise_exception()", "message", args, a));
    LEM_TRY(lem_jin_print(m, &b, &a[0]));
    int shown = b.n > 300 ? 300 : (int)b.n;
    return lem_jin_fail(m, "the template refuses: %.*s", shown, b.s ? b.s : "");
done:
    return st;
}

/* 0 = Sunday (Zeller, by way of Sakamoto). */
static int weekday(const jin_date *d) {
    static const int t[] = {0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4};
    int y = d->year - (d->month < 3);
    return (y + y / 4 - y / 100 + y / 400 + t[d->month - 1] + d->day) % 7;
}

static int yearday(const jin_date *d) {
    static const int before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    bool leap = (d->year % 4 == 0 && d->year % 100 != 0) || d->year % 400 == 0;
    return before[d->month - 1] + d->day + (leap && d->month > 2);
}

static bool date_part(const jin_date *d, char c, char *text, size_t size) {
    static const char *const months[] = {"January",   "February", "March",    "April",
                                         "May",       "June",     "July",     "August",
                                         "September", "October",  "November", "December"};
    static const char *const days[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                       "Thursday", "Friday", "Saturday"};
    int hour12 = d->hour % 12 ? d->hour % 12 : 12;
    switch (c) {
    case 'Y': snprintf(text, size, "%d", d->year); return true;
    case 'y': snprintf(text, size, "%02d", d->year % 100); return true;
    case 'm': snprintf(text, size, "%02d", d->month); return true;
    case 'd': snprintf(text, size, "%02d", d->day); return true;
    case 'e': snprintf(text, size, "%2d", d->day); return true;
    case 'j': snprintf(text, size, "%03d", yearday(d)); return true;
    case 'B': snprintf(text, size, "%s", months[d->month - 1]); return true;
    case 'b':
    case 'h': snprintf(text, size, "%.3s", months[d->month - 1]); return true;
    case 'A': snprintf(text, size, "%s", days[weekday(d)]); return true;
    case 'a': snprintf(text, size, "%.3s", days[weekday(d)]); return true;
    case 'H': snprintf(text, size, "%02d", d->hour); return true;
    case 'I': snprintf(text, size, "%02d", hour12); return true;
    case 'M': snprintf(text, size, "%02d", d->minute); return true;
    case 'S': snprintf(text, size, "%02d", d->second); return true;
    case 'p': snprintf(text, size, "%s", d->hour < 12 ? "AM" : "PM"); return true;
    case 'F': snprintf(text, size, "%d-%02d-%02d", d->year, d->month, d->day); return true;
    case 'T': snprintf(text, size, "%02d:%02d:%02d", d->hour, d->minute, d->second); return true;
    case 'D': snprintf(text, size, "%02d/%02d/%02d", d->month, d->day, d->year % 100); return true;
    case 'w': snprintf(text, size, "%d", weekday(d)); return true;
    case '%': snprintf(text, size, "%%"); return true;
    default: return false;
    }
}

static lem_status fn_strftime(jin *m, const jin_args *args, jin_val *out) {
    jin_val a[1];
    jin_sb b = {0};
    const jin_str *f = NULL;
    lem_status st;
    LEM_TRY(lem_jin_bind(m, "strftime_now()", "format", args, a));
    LEM_TRY(lem_jin_want_str(m, "strftime_now()", &a[0], &f));
    for (size_t i = 0; i < f->n; i++) {
        char text[40];
        if (f->s[i] != '%') {
            LEM_TRY(lem_jin_sb_part(m, &b, f, i, i + 1));
            continue;
        }
        bool plain = i + 2 < f->n && f->s[i + 1] == '-'; /* glibc's: without the leading zero */
        char c = i + 1 + plain < f->n ? f->s[i + 1 + plain] : 0;
        if (!date_part(&m->date, c, text, sizeof text))
            return lem_jin_fail(m, "strftime_now(): the conversion %%%c is not supported", c ? c : ' ');
        const char *t = text;
        while (plain && (*t == '0' || *t == ' ') && t[1]) t++;
        LEM_TRY(lem_jin_sb_puts(m, &b, t));
        i += 1 + plain;
    }
    LEM_TRY(lem_jin_sb_take(m, &b, out));
done:
    return st;
}

typedef struct function {
    const char *name;
    lem_status (*call)(jin *m, const jin_args *args, jin_val *out);
} function;
static const function functions[] = {
    {"range", fn_range},   {"dict", fn_dict}, {"namespace", fn_namespace},   {"cycler", fn_cycler},
    {"joiner", fn_joiner}, {"lipsum", NULL},  {"raise_exception", fn_raise}, {"strftime_now", fn_strftime},
};

const char *lem_jin_find_function(const jin_str *name) {
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        if (lem_jin_is(name, functions[i].name)) return functions[i].name;
    return NULL;
}

static lem_status call_function(jin *m, const char *name, const jin_args *args, jin_val *out) {
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        if (functions[i].call && strcmp(functions[i].name, name) == 0) return functions[i].call(m, args, out);
    return lem_jin_fail(m, "the function %s() is not supported", name);
}

lem_status lem_jin_call(jin *m, const jin_val *f, const jin_args *args, jin_val *out) {
    switch (f->kind) {
    case JIN_UNDEF: return lem_jin_used_undef(m, f);
    case JIN_FUNC: return call_function(m, f->u.why, args, out);
    case JIN_MACRO: return lem_jin_call_macro(m, f->u.macro, args, out);
    case JIN_BOUND: return call_method(m, f->u.bound, args, out);
    case JIN_JOINER:
        if (args->n || args->n_named) return lem_jin_fail(m, "a joiner takes no arguments");
        *out = f->u.cycler->sep;
        if (f->u.cycler->pos++ == 0) return lem_jin_str_new(m, "", 0, 0, out);
        return LEM_OK;
    default: return lem_jin_fail(m, "'%s' object is not callable", lem_jin_type(f));
    }
}
