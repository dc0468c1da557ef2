/* problems.c - rows of problems in, rows of candidates out */
#include "data/problems.h"

#include "core/buf.h"
#include "core/hash.h"
#include "core/mem.h"
#include "data/rows.h"
#include "prompt/prompt.h"

#include <stdio.h>
#include <string.h>

/* ---- fields */

static const char *const problem_names[] = {"problem", "question", "prompt", "query", NULL};
static const char *const expected_names[] = {"expected_answer", "answer", "gt", "ground_truth", NULL};
static const char *const id_names[] = {"id", "unique_id", "problem_id", "idx", NULL};

/* The path that --map gives for a field; NULL if none. */
static const char *mapped(const lem_json *map, const char *ours) {
    size_t n = strlen(ours);
    for (size_t i = 0; i < lem_json_count(map); i++) {
        const char *m = lem_json_str(lem_json_at(map, i), "");
        if (strncmp(m, ours, n) == 0 && m[n] == '=') return m + n + 1;
    }
    return NULL;
}

static lem_status check_map(const lem_json *map, lem_err *err) {
    static const char *const ours[] = {"problem=", "expected_answer=", "id="};
    for (size_t i = 0; i < lem_json_count(map); i++) {
        const char *m = lem_json_str(lem_json_at(map, i), "");
        bool known = false;
        for (size_t k = 0; k < 3; k++)
            known = known || (strncmp(m, ours[k], strlen(ours[k])) == 0 && m[strlen(ours[k])]);
        if (!known)
            return lem_fail(err, LEM_EUSAGE,
                            "--map: expected problem=FIELD, expected_answer=FIELD or id=FIELD, found '%s'",
                            m);
    }
    return LEM_OK;
}

static lem_json *field(const lem_json *row, const lem_json *map, const char *ours, const char *const *names) {
    const char *path = mapped(map, ours);
    if (path) return lem_json_find(row, path);
    for (int i = 0; names[i]; i++) {
        lem_json *v = lem_json_get(row, names[i]);
        if (v) return v;
    }
    return NULL;
}

/* What follows the last "####" of a GSM8K answer, else the whole text; without blanks around it. */
static char *expected_text(const lem_json *v, lem_err *err) {
    lem_buf b = {0};
    if (lem_json_kind(v) == LEM_JSON_STRING) lem_buf_add(&b, lem_json_str(v, ""), lem_json_str_len(v));
    else lem_json_write(v, 0, &b);
    const char *s = lem_buf_str(&b), *last = NULL;
    for (const char *p = s; (p = strstr(p, "####")); p += 4) last = p + 4;
    if (last) s = last;
    while (*s == ' ' || *s == '\n' || *s == '\t' || *s == '\r') s++;
    size_t n = strlen(s);
    while (n && (s[n - 1] == ' ' || s[n - 1] == '\n' || s[n - 1] == '\t' || s[n - 1] == '\r')) n--;
    char *out = lem_buf_ok(&b, err) == LEM_OK ? lem_strndup(s, n, err) : NULL;
    lem_buf_release(&b);
    return out;
}

static lem_status set_id(lem_problem *r, const lem_json *id, size_t number, lem_err *err) {
    char text[24];
    snprintf(text, sizeof text, "%zu", number);
    bool own = lem_json_kind(id) == LEM_JSON_STRING || lem_json_kind(id) == LEM_JSON_INT;
    r->id = own ? lem_json_copy(id) : lem_json_new_str(text);
    return r->id ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory");
}

static lem_status set_key(lem_problem *r, lem_err *err) {
    lem_buf b = {0};
    lem_json_write(r->id, 0, &b);
    lem_buf_putc(&b, '\n');
    lem_buf_puts(&b, r->problem);
    lem_status st = lem_buf_ok(&b, err);
    if (st == LEM_OK) r->key = lem_hash64(b.data, b.len, 0);
    lem_buf_release(&b);
    return st;
}

static void columns(const lem_json *row, lem_buf *out) {
    for (size_t i = 0; i < lem_json_count(row) && i < 24; i++)
        lem_buf_printf(out, "%s%.60s", i ? ", " : "", lem_json_key_at(row, i));
}

/* Why a row read by the names of fields has no gold; "" if it has one. Lists and objects are none. */
static lem_status plain_gold(const lem_problem *r, const lem_json *v, char why[LEM_PROBLEM_WHY],
                             lem_err *err) {
    lem_json_type k = lem_json_kind(v);
    lem_buf b = {0};
    why[0] = '\0';
    if (k == LEM_JSON_NULL) {
        columns(r->input, &b);
        snprintf(why, LEM_PROBLEM_WHY,
                 "none of the fields expected_answer, answer, gt, ground_truth is there (--map "
                 "expected_answer=FIELD, or a --benchmark, names another); columns found: %s",
                 lem_buf_str(&b));
    } else if (k == LEM_JSON_ARRAY || k == LEM_JSON_OBJECT || k == LEM_JSON_BOOL)
        snprintf(why, LEM_PROBLEM_WHY, "a text or a number expected, found %s", lem_json_kind_name(v));
    else if (!r->expected || !*r->expected) snprintf(why, LEM_PROBLEM_WHY, "it is empty");
    lem_status st = lem_buf_ok(&b, err);
    lem_buf_release(&b);
    return st;
}

/* problem, expected answer and id by the names of fields. */
static lem_status plain_fields(lem_problem *r, size_t number, const lem_json *map,
                               char no_gold[LEM_PROBLEM_WHY], lem_err *err) {
    const lem_json *problem = field(r->input, map, "problem", problem_names),
                   *expected = field(r->input, map, "expected_answer", expected_names);
    const char *want = mapped(map, "problem"), *gold = mapped(map, "expected_answer");
    if (!problem)
        return lem_fail(err, LEM_EDATA, "no field '%s'; name it with --map problem=FIELD",
                        want ? want : "problem");
    if (lem_json_kind(problem) != LEM_JSON_STRING)
        return lem_fail(err, LEM_EDATA, "the problem must be a string, found %s",
                        lem_json_kind_name(problem));
    r->problem = lem_json_str(problem, "");
    if (gold && !expected) return lem_fail(err, LEM_EDATA, "no field '%s'", gold);
    if (lem_json_kind(expected) != LEM_JSON_NULL && !(r->expected = expected_text(expected, err)))
        return LEM_EMEM;
    lem_status st = plain_gold(r, expected, no_gold, err);
    return st ? st : set_id(r, field(r->input, map, "id", id_names), number, err);
}

void lem_problem_parts_release(lem_problem_parts *p) {
    lem_free(p->asked);
    lem_json_free(p->id);
    lem_json_free(p->golds);
    lem_json_free(p->tolerance);
    *p = (lem_problem_parts){.skip = false};
}

/* The same as a reader finds them; *skip: the row is not one of the set. */
static lem_status own_fields(lem_problem *r, size_t number, const lem_problem_reader *reader, bool *skip,
                             char no_gold[LEM_PROBLEM_WHY], lem_err *err) {
    lem_problem_parts p = {.skip = false};
    lem_status st = reader->read(reader->ctx, r->file, r->input, &p, err);
    *skip = p.skip;
    memcpy(no_gold, p.no_gold, sizeof p.no_gold);
    r->problem = r->asked = p.asked;
    r->tolerance = p.tolerance;
    p.tolerance = NULL;
    r->subject = p.subject;
    r->benchmark = reader->name;
    if (st == LEM_OK && !p.skip)
        st = set_id(r, p.id ? p.id : field(r->input, NULL, "id", id_names), number, err);
    const char *first = lem_json_str(lem_json_at(p.golds, 0), NULL);
    if (st == LEM_OK && first && !(r->expected = lem_strdup(first, err))) st = LEM_EMEM;
    if (lem_json_count(p.golds) > 1) r->golds = lem_json_share(p.golds);
    p.asked = NULL; /* it is r's now */
    lem_problem_parts_release(&p);
    return st;
}

/* ---- load, encode */

/* The name of the file that rows are read from now; NULL = out of memory. */
static const char *file_of(lem_problems *r, const char *file, lem_err *err) {
    if (r->n_files && strcmp(r->files[r->n_files - 1], file) == 0) return r->files[r->n_files - 1];
    char *name = lem_strdup(file, err);
    char **more = name ? lem_realloc(r->files, r->n_files + 1, sizeof *more, err) : NULL;
    if (!more) {
        lem_free(name);
        return NULL;
    }
    r->files = more;
    more[r->n_files] = name;
    return more[r->n_files++];
}

static void release_row(lem_problem *x) {
    lem_json_free(x->input);
    lem_json_free(x->id);
    lem_json_free(x->golds);
    lem_json_free(x->tolerance);
    lem_free(x->asked);
    lem_free(x->expected);
}

typedef struct loader {
    const lem_problems_opts *o;
    lem_problems r;
    lem_rowset *in;
    const lem_problem_reader *reader; /* of the present file */
    const char *chosen_for;           /* the file that choose was asked for */
} loader;

/* The next place for a row, zeroed but for input, file and line; takes row. NULL = out of memory. */
static lem_problem *room(loader *l, lem_json *row, lem_err *err) {
    lem_problems *r = &l->r;
    const char *file = file_of(r, lem_rowset_file(l->in), err);
    lem_problem *p = r->at;
    size_t cap = r->cap ? r->cap * 2 : 256;
    if (file && r->n == r->cap) {
        p = lem_realloc(r->at, cap, sizeof *p, err);
        if (p) r->at = p, r->cap = cap;
    }
    if (!file || !p) {
        lem_json_free(row);
        return NULL;
    }
    lem_problem *x = &r->at[r->n++];
    memset(x, 0, sizeof *x);
    x->input = row;
    x->file = file;
    x->line = lem_rowset_number(l->in);
    x->row = l->r.n - 1;
    return x;
}

static lem_status choose_reader(loader *l, const lem_problem *x, lem_err *err) {
    const lem_problems_opts *o = l->o;
    if (o->reader || !o->choose || l->chosen_for == x->file || mapped(o->map, "problem")) return LEM_OK;
    l->reader = NULL;
    l->chosen_for = x->file;
    return o->choose(o->choose_ctx, x->file, x->input, &l->reader, err);
}

static lem_status check_gold(loader *l, const char *why, lem_err *err) {
    uint64_t may_lack = l->reader ? l->reader->may_lack : 0;
    if (!*why) return LEM_OK;
    l->r.no_gold++;
    if (!l->o->need_gold || l->r.no_gold <= may_lack) return LEM_OK;
    return lem_fail(err, LEM_EDATA, "no gold answer: %s; --no-gold goes on without", why);
}

/* Takes row. */
static lem_status add_row(loader *l, lem_json *row, lem_err *err) {
    char no_gold[LEM_PROBLEM_WHY] = "";
    bool skip = false;
    lem_problem *x = room(l, row, err);
    lem_status st = x ? choose_reader(l, x, err) : LEM_EMEM;
    if (!x) return st;
    size_t number = l->r.n - 1;
    if (st == LEM_OK)
        st = l->reader ? own_fields(x, number, l->reader, &skip, no_gold, err)
                       : plain_fields(x, number, l->o->map, no_gold, err);
    if (st == LEM_OK && !skip) st = check_gold(l, no_gold, err);
    if (st == LEM_OK && !skip) st = set_key(x, err);
    if (st) return lem_err_context(err, "%s:%llu", x->file, (unsigned long long)x->line);
    if (skip) {
        release_row(x);
        l->r.n--;
    }
    return LEM_OK;
}

static lem_status open_rows(loader *l, const char *path, lem_err *err) {
    const lem_rowset_opts o = {
        .cancel = l->o->cancel, .judge = l->o->judge, .header = l->o->header, .n_header = l->o->n_header};
    lem_status st = check_map(l->o->map, err);
    return st ? st : lem_rowset_open(&path, 1, &o, &l->in, err);
}

lem_status lem_problems_read(const char *path, const lem_problems_opts *o, lem_problems *out, lem_err *err) {
    loader l = {.o = o, .reader = o->reader};
    lem_json *row = NULL;
    lem_status st;
    LEM_TRY(open_rows(&l, path, err));
    while (o->limit < 0 || (int64_t)l.r.n < o->limit) {
        LEM_TRY(lem_data_cancelled(o->cancel, err));
        LEM_TRY(lem_rowset_next(l.in, &row, err));
        if (!row) break;
        LEM_TRY(add_row(&l, row, err));
    }
    if (l.r.n == 0) st = lem_fail(err, LEM_EDATA, "%s: no rows", path);
done:
    if (l.in) lem_rowset_close(l.in);
    if (st) lem_problems_release(&l.r);
    else *out = l.r;
    return st;
}

lem_status lem_problems_load(const char *path, const lem_json *map, int64_t limit, const lem_cancel *cancel,
                             lem_problems *out, lem_err *err) {
    return lem_problems_read(path, &(lem_problems_opts){.map = map, .limit = limit, .cancel = cancel}, out,
                             err);
}

void lem_problems_keep(lem_problems *r, lem_problem_keep *keep, const void *ctx) {
    size_t n = 0;
    for (size_t i = 0; i < r->n; i++) {
        if (keep(ctx, r->at[i].row)) r->at[n++] = r->at[i];
        else release_row(&r->at[i]);
    }
    r->n = n;
}

size_t lem_problems_find(const lem_problems *r, uint64_t row) {
    size_t low = 0, high = r->n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (r->at[mid].row < row) low = mid + 1;
        else high = mid;
    }
    return low < r->n && r->at[low].row == row ? low : r->n;
}

void lem_problems_release(lem_problems *r) {
    for (size_t i = 0; i < r->n; i++) release_row(&r->at[i]);
    for (size_t i = 0; i < r->n_files; i++) lem_free(r->files[i]);
    lem_free(r->files);
    lem_free(r->at);
    lem_ids_release(&r->ids);
    memset(r, 0, sizeof *r);
}

const char *lem_problem_subject(const lem_problem *row) {
    const char *subject = lem_json_str(lem_json_get(row->input, "subject"), NULL);
    if (row->subject) return row->subject;
    return subject ? subject : lem_json_str(lem_json_get(row->input, "category"), NULL);
}

lem_status lem_problems_encode(lem_problems *r, const lem_tokenizer *t, const lem_prompt_settings *s,
                               int max_prompt, const lem_cancel *cancel, lem_err *err) {
    for (size_t i = 0; i < r->n; i++) {
        lem_problem *x = &r->at[i];
        x->ids_at = r->ids.len;
        lem_status st = lem_data_cancelled(cancel, err);
        if (st) return st;
        st = lem_prompt_problem_of(t, s, x->problem, lem_problem_subject(x), &r->ids, err);
        size_t n = r->ids.len - x->ids_at;
        if (st == LEM_OK && n == 0) st = lem_fail(err, LEM_EDATA, "the prompt is empty");
        if (st) return lem_err_context(err, "%s:%llu", x->file, (unsigned long long)x->line);
        x->n_ids = n < 1 << 30 ? (int)n : 1 << 30;
        x->too_long = x->n_ids > max_prompt;
        if (x->too_long) r->too_long++;
        else if (x->n_ids > r->longest) r->longest = x->n_ids;
    }
    lem_problems_share(r);
    return LEM_OK;
}

lem_status lem_problems_check_ids(const lem_problems *r, const lem_tokenizer *t, int vocab, lem_err *err) {
    for (size_t i = 0; i < r->n; i++)
        for (int k = 0; !r->at[i].too_long && k < r->at[i].n_ids; k++) {
            int32_t id = r->ids.data[r->at[i].ids_at + (size_t)k];
            size_t len = 0;
            const char *text = lem_tokenizer_token_bytes(t, id, &len);
            if (id < vocab) continue;
            if (!text) len = 0;
            int shown = len < 40 ? (int)len : 40;
            return lem_fail(err, LEM_EDATA,
                            "%s:%llu: the prompt has token %d ('%.*s'), the model has the ids 0 to %d: the "
                            "tokenizer is larger than the model",
                            r->at[i].file, (unsigned long long)r->at[i].line, (int)id, shown,
                            text ? text : "", vocab - 1);
        }
    return LEM_OK;
}

/* ---- output */

static bool set_list(lem_json *row, const char *name, lem_json *const *cand, int n, const char *key,
                     const char *otherwise) {
    lem_json *arr = lem_json_new_array();
    bool ok = arr != NULL;
    for (int i = 0; ok && i < n; i++) {
        const lem_json *v = cand ? lem_json_get(cand[i], key) : NULL;
        ok = lem_json_append(arr, v           ? lem_json_copy(v)
                                  : otherwise ? lem_json_new_str(otherwise)
                                              : lem_json_new_int(0));
    }
    if (ok) return lem_json_set(row, name, arr);
    lem_json_free(arr);
    return false;
}

/* A copy of the input row in which what later commands will add is not there already: AQuA calls its gold
 * `correct`, which is a list of verdicts to us. Such a field becomes input_<name>. */
static lem_json *input_fields(const lem_json *row) {
    static const char *const taken[] = {"correct",   "predicted_answer", "verdict",      "rule",
                                        "rm_score",  "step_scores",      "logprob_mean", "answer_group",
                                        "reencodes", "decided_after",    "not_drawn"};
    lem_json *o = lem_json_new_object();
    bool ok = o != NULL;
    for (size_t i = 0; ok && i < lem_json_count(row); i++) {
        const char *name = lem_json_key_at(row, i);
        char own[64];
        bool is = false;
        for (size_t k = 0; k < sizeof taken / sizeof *taken; k++) is = is || strcmp(name, taken[k]) == 0;
        if (is) snprintf(own, sizeof own, "input_%s", name);
        ok = lem_json_set(o, is ? own : name, lem_json_copy(lem_json_value_at(row, i)));
    }
    if (ok) return o;
    lem_json_free(o);
    return NULL;
}

/* Only where some text does not encode to the tokens that were sampled. */
static bool set_reencodes(lem_json *row, lem_json *const *cand, int n) {
    bool all = true;
    lem_json *list = lem_json_new_array();
    bool ok = list != NULL;
    for (int i = 0; ok && i < n; i++) {
        bool same = !cand || lem_json_bool(lem_json_get(cand[i], "reencodes"), true);
        all = all && same;
        ok = lem_json_append(list, lem_json_new_bool(same));
    }
    if (ok && !all) return lem_json_set(row, "reencodes", list);
    lem_json_free(list);
    return ok;
}

static bool set_golds(lem_json *o, const lem_problem *row) {
    return (!row->expected || lem_json_set(o, "expected_answer", lem_json_new_str(row->expected))) &&
           (!row->golds || lem_json_set(o, "expected_answers", lem_json_copy(row->golds))) &&
           (!row->tolerance || lem_json_set(o, "gold_tolerance", lem_json_copy(row->tolerance))) &&
           (!row->benchmark || lem_json_set(o, "benchmark", lem_json_new_str(row->benchmark)));
}

lem_status lem_problem_output(const lem_problem *row, lem_json *const *candidates, int n, lem_json **out,
                              lem_err *err) {
    lem_json *o = input_fields(row->input);
    bool ok = o && lem_json_set(o, "id", lem_json_copy(row->id)) &&
              lem_json_set(o, "problem", lem_json_new_str(row->problem)) && set_golds(o, row) &&
              set_list(o, "completions", candidates, n, "text", "") &&
              set_list(o, "finish_reason", candidates, n, "finish_reason", "prompt_too_long") &&
              set_list(o, "tokens", candidates, n, "tokens", NULL) &&
              set_list(o, "logprob", candidates, n, "logprob", NULL) && set_reencodes(o, candidates, n);
    if (!ok) {
        lem_json_free(o);
        return lem_fail(err, LEM_EMEM, "out of memory for an output row");
    }
    *out = o;
    return LEM_OK;
}
