/* values.c - texts and YAML values to the types of options, with their ranges and choices */
#include "job/command.h"

#include "core/buf.h"
#include "core/choice.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool parse_double(const char *s, double *out) {
    char *end;
    errno = 0;
    double d = strtod(s, &end);
    if (end == s || *end || errno == ERANGE || !isfinite(d)) return false;
    *out = d;
    return true;
}

static bool parse_int(const char *s, int64_t *out) {
    char *end;
    double d;
    errno = 0;
    long long v = strtoll(s, &end, 10);
    if (end == s || errno == ERANGE) return false;
    if (*end) { /* 1e6 is a fine way to write an integer */
        if (!parse_double(s, &d) || d != floor(d) || fabs(d) > 9e15) return false;
        v = (long long)d;
    }
    *out = v;
    return true;
}

static lem_status bad_value(const lem_opt *o, const char *want, const char *got, lem_err *err) {
    return lem_fail(err, LEM_EUSAGE, "--%s expects %s, found '%s'", o->name, want, got);
}

static lem_json *list_of(const char *text) {
    lem_json *arr = lem_json_new_array();
    const char *p = text;
    while (arr) {
        const char *comma = strchr(p, ',');
        size_t n = comma ? (size_t)(comma - p) : strlen(p);
        if (!lem_json_append(arr, lem_json_new_strn(p, n))) break;
        if (!comma) return arr;
        p = comma + 1;
    }
    lem_json_free(arr);
    return NULL;
}

static lem_json *one_of(const char *text) {
    lem_json *arr = lem_json_new_array();
    if (arr && lem_json_append(arr, lem_json_new_str(text))) return arr;
    lem_json_free(arr);
    return NULL;
}

static lem_status check_range(const lem_opt *o, double v, lem_err *err) {
    if (o->min < o->max && (v < o->min || v > o->max))
        return lem_fail(err, LEM_EUSAGE, "--%s must lie in %.15g..%.15g, found %.15g", o->name, o->min,
                        o->max, v);
    return LEM_OK;
}

static lem_status flag_of(const lem_opt *o, const char *text, lem_json **out, lem_err *err) {
    static const char *const words[] = {"false", "true", "0", "1", "no", "yes"};
    for (int i = 0; i < 6; i++)
        if (strcmp(text, words[i]) == 0) {
            *out = lem_json_new_bool(i % 2 == 1);
            return LEM_OK;
        }
    return bad_value(o, "true or false", text, err);
}

static lem_status int_of(const lem_opt *o, const char *text, lem_json **out, lem_err *err) {
    int64_t i;
    if (!parse_int(text, &i)) return bad_value(o, "an integer", text, err);
    lem_status st = check_range(o, (double)i, err);
    if (st == LEM_OK) *out = lem_json_new_int(i);
    return st;
}

static lem_status num_of(const lem_opt *o, const char *text, lem_json **out, lem_err *err) {
    double d;
    if (!parse_double(text, &d)) return bad_value(o, "a number", text, err);
    lem_status st = check_range(o, d, err);
    if (st == LEM_OK) *out = lem_json_new_num(d);
    return st;
}

/* A number and a unit as of GNU programs and of Transformers: KB, MB and GB by thousands; K, M and G, or KiB,
 * MiB and GiB, by 1024. */
static bool parse_size(const char *text, double *bytes) {
    static const struct {
        const char *name;
        double bytes;
    } units[] = {{"", 1},         {"B", 1},           {"KB", 1e3},          {"MB", 1e6},
                 {"GB", 1e9},     {"K", 1024.0},      {"M", 1048576.0},     {"G", 1073741824.0},
                 {"KiB", 1024.0}, {"MiB", 1048576.0}, {"GiB", 1073741824.0}};
    size_t digits = strspn(text, "0123456789.");
    char *end = NULL;
    double x = digits && digits < 16 ? strtod(text, &end) : 0;
    for (size_t i = 0; end == text + digits && i < sizeof units / sizeof *units; i++) {
        if (strcmp(text + digits, units[i].name) != 0) continue;
        *bytes = floor(x * units[i].bytes);
        return true;
    }
    return false;
}

static lem_status size_of(const lem_opt *o, const char *text, lem_json **out, lem_err *err) {
    double d;
    if (!parse_size(text, &d)) return bad_value(o, "a size such as 5GB, 500MB or 2GiB", text, err);
    lem_status st = check_range(o, d, err);
    if (st == LEM_OK) *out = lem_json_new_int((int64_t)d);
    return st;
}

static lem_status choice_of(const lem_opt *o, const char *text, lem_json **out, lem_err *err) {
    char one[32];
    lem_buf all = {0};
    if (lem_choice_find(o->choices, text) >= 0) {
        *out = lem_json_new_str(text);
        return LEM_OK;
    }
    for (int i = 0; lem_opt_choice(o, i, one); i++) lem_buf_printf(&all, "%s%s", i ? ", " : "", one);
    lem_status st = lem_fail(err, LEM_EUSAGE, "--%s '%.40s' is none of %s", o->name, text, lem_buf_str(&all));
    lem_buf_release(&all);
    return st;
}

lem_status lem_opt_value_of_text(const lem_opt *o, const char *text, lem_json **out, lem_err *err) {
    lem_json *v = NULL;
    lem_status st = LEM_OK;
    switch (o->type) {
    case LEM_OPT_FLAG: st = flag_of(o, text, &v, err); break;
    case LEM_OPT_INT: st = int_of(o, text, &v, err); break;
    case LEM_OPT_NUM: st = num_of(o, text, &v, err); break;
    case LEM_OPT_ENUM: st = choice_of(o, text, &v, err); break;
    case LEM_OPT_STR:
    case LEM_OPT_INPUT: v = lem_json_new_str(text); break;
    case LEM_OPT_LIST:
    case LEM_OPT_INPUTS: v = list_of(text); break;
    case LEM_OPT_TEXTS: v = one_of(text); break;
    case LEM_OPT_SIZE: st = size_of(o, text, &v, err); break;
    case LEM_OPT_TREE: return bad_value(o, "a YAML map or list (use --config)", text, err);
    }
    if (st == LEM_OK && !v) st = lem_fail(err, LEM_EMEM, "out of memory");
    if (st == LEM_OK) *out = v;
    return st;
}

static lem_status copy_of(const lem_json *v, lem_json **out, lem_err *err) {
    lem_json *copy = lem_json_copy(v);
    if (!copy) return lem_fail(err, LEM_EMEM, "out of memory");
    *out = copy;
    return LEM_OK;
}

/* An element of a list as a text: 'k: [1, 2]' is as good as 'k: ["1", "2"]'. */
static lem_status add_element(const lem_opt *o, const lem_json *v, lem_json *list, lem_err *err) {
    lem_json_type k = lem_json_kind(v);
    lem_buf b = {0};
    if (k == LEM_JSON_STRING) lem_buf_add(&b, lem_json_str(v, ""), lem_json_str_len(v));
    else if (k == LEM_JSON_INT || k == LEM_JSON_REAL) lem_json_write(v, 0, &b);
    else return bad_value(o, "a list of strings or numbers", lem_json_kind_name(v), err);
    lem_status st = lem_buf_ok(&b, err);
    if (st == LEM_OK && !lem_json_append(list, lem_json_new_strn(lem_buf_str(&b), b.len)))
        st = lem_fail(err, LEM_EMEM, "out of memory");
    lem_buf_release(&b);
    return st;
}

static lem_status list_value(const lem_opt *o, const lem_json *v, lem_json **out, lem_err *err) {
    lem_json *list = lem_json_new_array();
    lem_status st = list ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory");
    for (size_t i = 0; st == LEM_OK && i < lem_json_count(v); i++)
        st = add_element(o, lem_json_at(v, i), list, err);
    if (st == LEM_OK) *out = list;
    else lem_json_free(list);
    return st;
}

static lem_status tree_value(const lem_opt *o, const lem_json *v, lem_json **out, lem_err *err) {
    if (lem_json_kind(v) != LEM_JSON_ARRAY) return bad_value(o, "a list of maps", lem_json_kind_name(v), err);
    for (size_t i = 0; i < lem_json_count(v); i++)
        if (lem_json_kind(lem_json_at(v, i)) != LEM_JSON_OBJECT)
            return bad_value(o, "a list of maps", lem_json_kind_name(lem_json_at(v, i)), err);
    return copy_of(v, out, err);
}

lem_status lem_opt_value(const lem_opt *o, const lem_json *v, lem_json **out, lem_err *err) {
    lem_json_type k = lem_json_kind(v);
    bool nested = k == LEM_JSON_ARRAY || k == LEM_JSON_OBJECT;
    if (o->type == LEM_OPT_TREE) return tree_value(o, v, out, err);
    bool list = o->type == LEM_OPT_LIST || o->type == LEM_OPT_TEXTS || o->type == LEM_OPT_INPUTS;
    if (list && k == LEM_JSON_ARRAY) return list_value(o, v, out, err);
    if (nested || k == LEM_JSON_NULL) return bad_value(o, "a single value", lem_json_kind_name(v), err);
    lem_buf b = {0};
    if (k == LEM_JSON_STRING) lem_buf_puts(&b, lem_json_str(v, ""));
    else lem_json_write(v, 0, &b);
    lem_status st = lem_buf_ok(&b, err);
    if (st == LEM_OK) st = lem_opt_value_of_text(o, lem_buf_str(&b), out, err);
    lem_buf_release(&b);
    return st;
}
