/* reward_reply.c - what a server says of the texts that it was asked about, checked before it counts */
#include "net/reward.h"

#include "core/mem.h"
#include "core/object.h"

#include <math.h>

/* Two outputs of a softmax sum to 1 but for the rounding of half precision. */
static const double sum_slack = 0.01;

typedef struct reading { /* of one reply */
    const lem_reward_opts *o;
    const lem_reward_text *texts;
    int n;
    lem_json **values; /* [n] a list for each text */
    lem_err *err;
} reading;

/* ---- numbers ---- */

static lem_status number(const reading *r, const lem_json *v, double *out) {
    double x = lem_json_num(v, NAN);
    if (!isfinite(x))
        return lem_fail(r->err, LEM_EDATA, "a finite number expected, found %s%s", lem_json_kind_name(v),
                        lem_json_kind(v) == LEM_JSON_NULL ? " (what a score that is NaN becomes)" : "");
    *out = x;
    return LEM_OK;
}

static lem_status wrong_outputs(const reading *r, size_t found) {
    if (found == 2 && r->o->outputs == 1)
        return lem_fail(
            r->err, LEM_EUSAGE,
            "2 outputs where one score is expected: the model has two labels, or a pair of logits "
            "is returned; --head-output says which is the good one");
    if (found == 1 && r->o->outputs == 2)
        return lem_fail(r->err, LEM_EUSAGE,
                        "1 output where 2 are expected: the model has one; leave out --head-output, or check "
                        "--head and the server's pooler");
    return lem_fail(r->err, LEM_EDATA,
                    "%zu numbers where %d output%s expected: are these hidden states, or a model of other "
                    "labels?",
                    found, r->o->outputs, r->o->outputs == 1 ? " is" : "s are");
}

static lem_status check_pair(const reading *r, const double *x) {
    bool both = x[0] >= 0 && x[0] <= 1 && x[1] >= 0 && x[1] <= 1;
    if (both && fabs(x[0] + x[1] - 1) <= sum_slack) return LEM_OK;
    return lem_fail(r->err, LEM_EDATA,
                    "(%g, %g) are no probabilities of two labels, as those of the first reply were: do all "
                    "servers run the same version?",
                    x[0], x[1]);
}

/* The numbers of a vector of one token: [x], [x0, x1], or a number alone. */
static lem_status read_vector(const reading *r, const lem_json *v, double x[LEM_REWARD_OUTPUTS_MAX]) {
    int n = r->o->outputs;
    if (lem_json_kind(v) != LEM_JSON_ARRAY) {
        lem_status st = number(r, v, &x[0]);
        return st == LEM_OK && n != 1 ? wrong_outputs(r, 1) : st;
    }
    if (lem_json_count(v) != (size_t)n) return wrong_outputs(r, lem_json_count(v));
    for (int i = 0; i < n; i++) {
        lem_status st = number(r, lem_json_at(v, (size_t)i), &x[i]);
        if (st != LEM_OK) return st;
    }
    return n == 2 && r->o->values == LEM_REWARD_PROBABILITIES ? check_pair(r, x) : LEM_OK;
}

static lem_status take_vector(const reading *r, const lem_json *v, lem_json *list) {
    double x[LEM_REWARD_OUTPUTS_MAX] = {0};
    lem_status st = read_vector(r, v, x);
    for (int i = 0; st == LEM_OK && i < r->o->outputs; i++)
        if (!lem_json_append(list, lem_json_new_num(x[i])))
            st = lem_fail(r->err, LEM_EMEM, "out of memory for a reply");
    return st;
}

/* ---- which vectors of a text count ---- */

/* A list of vectors, and not one vector. */
static bool is_matrix(const reading *r, const lem_json *data) {
    if (lem_json_kind(data) != LEM_JSON_ARRAY) return false;
    if (lem_json_kind(lem_json_at(data, 0)) == LEM_JSON_ARRAY) return true;
    return r->o->steps && r->o->outputs == 1 && lem_json_count(data) > 1;
}

/* The k-th vector that is read stands at *at: of one a step, of one a token, or of those of all tokens whose
 * number is not known the last. */
static lem_status place(const reading *r, const lem_reward_text *t, size_t found, int k, size_t *at) {
    const char *steps = r->o->steps ? " steps" : " score";
    if (t->ids && found == t->n_ids) *at = (size_t)t->at[k];
    else if (found == (size_t)t->n_at) *at = (size_t)k;
    else if (!t->ids && !r->o->steps && found > 0) *at = found - 1;
    else if (t->ids)
        return lem_fail(
            r->err, LEM_EDATA,
            "%zu values expected (one for each token) or %d%s, found %zu: does the server shorten "
            "texts?",
            t->n_ids, t->n_at, steps, found);
    else
        return lem_fail(r->err, LEM_EDATA,
                        "%d values expected, one for each step, found %zu: where the server gives one for "
                        "each token, --tokenizer DIR says which are the steps'",
                        t->n_at, found);
    return LEM_OK;
}

static lem_status take_data(const reading *r, int i, const lem_json *data) {
    const lem_reward_text *t = &r->texts[i];
    bool matrix = is_matrix(r, data);
    size_t found = matrix ? lem_json_count(data) : 1, at = 0;
    lem_status st = LEM_OK;
    if (lem_json_kind(data) == LEM_JSON_STRING)
        return lem_fail(r->err, LEM_EDATA, "numbers expected, found a string (encoding_format is float)");
    lem_json *list = lem_json_new_array();
    if (!list) return lem_fail(r->err, LEM_EMEM, "out of memory for a reply");
    for (int k = 0; st == LEM_OK && k < t->n_at; k++) {
        st = place(r, t, found, k, &at);
        if (st == LEM_OK) st = take_vector(r, matrix ? lem_json_at(data, at) : data, list);
    }
    if (st == LEM_OK) r->values[i] = list;
    else lem_json_free(list);
    return st;
}

/* ---- the lists of each API ---- */

typedef struct listing {
    const char *list,
        *value; /* the member that holds the list; of its elements, NULL = they are the values */
} listing;

static listing listing_of(lem_reward_api api) {
    switch (api) {
    case LEM_REWARD_POOLING: return (listing){"data", "data"};
    case LEM_REWARD_CLASSIFY: return (listing){"data", "probs"};
    case LEM_REWARD_SCORE: return (listing){"data", "score"};
    case LEM_REWARD_RERANK: return (listing){"results", "relevance_score"};
    default: return (listing){"rewards", NULL};
    }
}

/* Which text an element is of: its index, without one its place. */
static lem_status index_of(const reading *r, const lem_json *element, size_t place, int *out) {
    const lem_json *v = lem_json_get(element, "index");
    int64_t i = v ? lem_json_int(v, -1) : (int64_t)place;
    if (i < 0 || i >= r->n || r->values[i])
        return lem_fail(r->err, LEM_EDATA, "index: 0 to %d expected, each once", r->n - 1);
    *out = (int)i;
    return LEM_OK;
}

static lem_status take_element(const reading *r, const listing *l, const lem_json *element, size_t k) {
    int i = 0;
    if (l->value && lem_json_kind(element) != LEM_JSON_OBJECT)
        return lem_fail(r->err, LEM_EDATA, "an object expected, found %s", lem_json_kind_name(element));
    lem_status st = index_of(r, l->value ? element : NULL, k, &i);
    if (st != LEM_OK) return st;
    return take_data(r, i, l->value ? lem_json_get(element, l->value) : element);
}

static lem_status take_list(const reading *r, const lem_json *reply) {
    listing l = listing_of(r->o->api);
    const lem_json *list = lem_json_get(reply, l.list);
    lem_status st = LEM_OK;
    if (!list && r->o->api == LEM_REWARD_GET_REWARD) list = lem_json_get(reply, "scores");
    if (lem_json_kind(list) != LEM_JSON_ARRAY)
        return lem_fail(r->err, LEM_EDATA, "'%s': a list expected, found %s", l.list,
                        lem_json_kind_name(list));
    if (lem_json_count(list) != (size_t)r->n)
        return lem_fail(r->err, LEM_EDATA,
                        "'%s': %d scores expected, one for each text that was sent, found %zu", l.list, r->n,
                        lem_json_count(list));
    for (size_t k = 0; st == LEM_OK && k < (size_t)r->n; k++) {
        st = take_element(r, &l, lem_json_at(list, k), k);
        if (st != LEM_OK) lem_err_context(r->err, "%s[%zu]", l.list, k);
    }
    return st;
}

/* ---- the record ---- */

static lem_json *all_values(const reading *r) {
    lem_json *list = lem_json_new_array();
    bool ok = list != NULL;
    for (int i = 0; ok && i < r->n; i++) {
        ok = lem_json_append(list, r->values[i]);
        r->values[i] = NULL;
    }
    if (ok) return list;
    lem_json_free(list);
    return NULL;
}

static lem_status make_record(const reading *r, const lem_json *reply, lem_json **out) {
    int64_t tokens = lem_json_int(lem_json_get(lem_json_get(reply, "usage"), "prompt_tokens"), -1);
    const lem_json *model = lem_json_get(reply, "model");
    lem_object o = lem_object_new();
    lem_object_json(&o, "values", all_values(r));
    if (tokens >= 0 && tokens < (int64_t)1 << 40) {
        lem_object_int(&o, "prompt_tokens", (uint64_t)tokens);
        lem_object_int(&o, "completion_tokens", 0);
    }
    if (lem_json_kind(model) == LEM_JSON_STRING) lem_object_json(&o, "model", lem_json_copy(model));
    *out = lem_object_done(&o);
    return *out ? LEM_OK : lem_fail(r->err, LEM_EMEM, "out of memory for a reply");
}

lem_status lem_reward_reply(const lem_reward_opts *o, const lem_reward_text *texts, int n, const char *body,
                            size_t len, lem_json **out, lem_err *err) {
    reading r = {.o = o, .texts = texts, .n = n, .err = err};
    lem_json *reply = NULL;
    lem_status st = lem_json_parse(body, len, &reply, err);
    if (st != LEM_OK) return lem_err_context(err, "the reply");
    r.values = lem_alloc_zero((size_t)n + 1, sizeof(lem_json *), err);
    if (!r.values) st = LEM_EMEM;
    if (st == LEM_OK) st = take_list(&r, reply);
    if (st == LEM_OK) st = make_record(&r, reply, out);
    for (int i = 0; r.values && i < n; i++) lem_json_free(r.values[i]);
    lem_free(r.values);
    lem_json_free(reply);
    return st;
}

/* ---- activations that were not asked for ---- */

static bool is_share(double x) { return x >= 0 && x <= 1; }

static bool list_squashed(const lem_json *list, size_t outputs) {
    for (size_t k = 0; k + outputs <= lem_json_count(list); k += outputs) {
        double a = lem_json_num(lem_json_at(list, k), NAN),
               b = outputs == 2 ? lem_json_num(lem_json_at(list, k + 1), NAN) : 0;
        if (!is_share(a) || !is_share(b)) return false;
        if (outputs == 2 && fabs(a + b - 1) > sum_slack) return false;
    }
    return true;
}

bool lem_reward_squashed(const lem_json *record, int outputs) {
    const lem_json *values = lem_json_get(record, "values");
    bool all = lem_json_count(values) > 0;
    for (size_t i = 0; all && i < lem_json_count(values); i++)
        all = list_squashed(lem_json_at(values, i), (size_t)outputs);
    return all;
}
