/* filter_priv.h - the rows of the table of filters, and what a set of them works with */
#ifndef LEM_CURATE_FILTER_PRIV_H
#define LEM_CURATE_FILTER_PRIV_H

#include "curate/filter.h"
#include "curate/filter_arithmetic.h"
#include "curate/filter_regex_priv.h"

/* A regular expression on a field. */
typedef struct filter_rule {
    char *field; /* "prompt", "response" or a dotted path; owned */
    filter_regex *regex;
} filter_rule;
typedef struct filter_rules {
    filter_rule *at;
    size_t n;
} filter_rules;

typedef struct filter_verdict {
    bool failed;
    lem_buf detail;
} filter_verdict;

typedef struct filter_def filter_def;

struct lem_filter_set {
    lem_filter_settings s;
    const filter_def *def[LEM_N_FILTERS];
    lem_buf why[LEM_N_FILTERS];
    filter_verdict verdict[LEM_N_FILTERS];
    int n;
    lem_repetition_scan *repetition;
    lem_arithmetic_scan *arithmetic;
    filter_regex *opens, *ends;
    filter_rules match, except;
    int script;
    lem_ids ids;
};

struct filter_def {
    lem_filter shown;
    bool (*asked)(const lem_filter_settings *s);
    void (*why)(const lem_filter_settings *s, lem_buf *out);
    lem_status (*test)(lem_filter_set *f, const lem_filter_input *in, filter_verdict *v, lem_err *err);
};
extern const filter_def lem_filter_defs[LEM_N_FILTERS];

/* filter_rules.c. option is "match" or "except". */
lem_status lem_filter_rules_read(const lem_json *list, const char *option, filter_rules *out,
                                 lem_err *err) LEM_MUST_CHECK;
void lem_filter_rules_release(filter_rules *r);
/* The first rule whose answer is not `want` (a match that gave up never is). A field that is absent matches
 * nothing. NULL detail: all are as wanted. */
lem_status lem_filter_rules_test(filter_rules *r, const lem_filter_input *in, bool want, filter_verdict *v,
                                 lem_err *err) LEM_MUST_CHECK;

#endif
