/* score_sum.c - weighted sums of fields as scores */
#include "eval/score_sum.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char NAME[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
static const char FIELD[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.";

static lem_status wrong(const char *text, const char *at, const char *expected, lem_err *err) {
    return lem_fail(err, LEM_EUSAGE, "score '%.80s': %s expected at '%.20s'", text, expected, at);
}

/* A number and '*' before a field; 1 where there is none. */
static double weight_at(const char **at) {
    char *end = NULL;
    double w = strtod(*at, &end);
    if (end == *at || *end != '*' || !(fabs(w) <= 1e9)) return 1;
    *at = end + 1;
    return w;
}

static lem_status add_term(const char *text, const char **at, lem_score_sum *s, lem_err *err) {
    double sign = **at == '-' ? -1 : 1;
    if (s->n == LEM_SCORE_SUM_TERMS)
        return lem_fail(err, LEM_EUSAGE, "score '%.80s': at most %d terms", text, LEM_SCORE_SUM_TERMS);
    *at += **at == '-' || **at == '+';
    lem_score_term *t = &s->term[s->n];
    t->weight = sign * weight_at(at);
    size_t n = strspn(*at, FIELD);
    if (n == 0 || strspn(*at, "0123456789.") > 0 || n >= sizeof t->field)
        return wrong(text, *at, "a field (a letter or _ first, up to 63 bytes)", err);
    memcpy(t->field, *at, n);
    t->field[n] = '\0';
    *at += n;
    s->n++;
    return LEM_OK;
}

lem_status lem_score_sum_parse(const char *text, lem_score_sum *out, lem_err *err) {
    lem_score_sum s = {.n = 0};
    size_t n = strspn(text, NAME);
    const char *at = text + n;
    if (n == 0 || n >= sizeof s.name)
        return wrong(text, text, "a name of up to 16 letters, digits, '-' and '_'", err);
    memcpy(s.name, text, n);
    if (*at && *at != '=') return wrong(text, at, "'=' or the end", err);
    if (*at == '=') {
        at++;
        do {
            lem_status st = add_term(text, &at, &s, err);
            if (st) return st;
        } while (*at == '+' || *at == '-');
        if (*at) return wrong(text, at, "'+', '-' or the end", err);
    }
    *out = s;
    return LEM_OK;
}

static lem_status not_a_list(const char *field, const lem_json *v, int n, lem_err *err) {
    const char *found = v ? lem_json_kind_name(v) : "nothing";
    if (lem_json_kind(v) == LEM_JSON_ARRAY) found = "one of another length";
    return lem_fail(err, LEM_EDATA, "%s: a list of %d numbers expected, %s found", field, n, found);
}

lem_status lem_score_sum_row(const lem_score_sum *s, const lem_json *row, int n, double *v, lem_err *err) {
    for (int i = 0; i < n; i++) v[i] = 0;
    for (int k = 0; k < s->n; k++) {
        const lem_json *list = lem_json_find(row, s->term[k].field);
        if (lem_json_kind(list) != LEM_JSON_ARRAY || lem_json_count(list) != (size_t)n)
            return not_a_list(s->term[k].field, list, n, err);
        for (int i = 0; i < n; i++) {
            const lem_json *x = lem_json_at(list, (size_t)i);
            double a = lem_json_kind(x) == LEM_JSON_NULL ? NAN : lem_json_num(x, INFINITY);
            if (isinf(a))
                return lem_fail(err, LEM_EDATA, "%s[%d]: number or null expected, %s found", s->term[k].field,
                                i, lem_json_kind_name(x));
            v[i] += s->term[k].weight * a;
        }
    }
    return LEM_OK;
}
