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
    char *out = b.failed ? NULL : lem_strndup(s, n, err);
    lem_buf_release(&b);
    return out;
}

static lem_status row_fields(lem_problem *r, size_t number, const lem_json *map, lem_err *err) {
    const lem_json *problem = field(r->input, map, "problem", problem_names),
                   *expected = field(r->input, map, "expected_answer", expected_names);
    lem_json *id = field(r->input, map, "id", id_names);
    const char *want = mapped(map, "problem");
    const char *path = r->file;
    unsigned long long line = (unsigned long long)r->line;
    if (!problem)
        return lem_fail(err, LEM_EDATA, "%s:%llu: no field '%s'; name it with --map problem=FIELD", path,
                        line, want ? want : "problem");
    if (lem_json_kind(problem) != LEM_JSON_STRING)
        return lem_fail(err, LEM_EDATA, "%s:%llu: the problem must be a string, found %s", path, line,
                        lem_json_kind_name(problem));
    r->problem = lem_json_str(problem, "");
    if (mapped(map, "expected_answer") && !expected)
        return lem_fail(err, LEM_EDATA, "%s:%llu: no field '%s'", path, line, mapped(map, "expected_answer"));
    if (lem_json_kind(expected) != LEM_JSON_NULL && !(r->expected = expected_text(expected, err)))
        return LEM_EMEM;
    if (lem_json_kind(id) == LEM_JSON_STRING || lem_json_kind(id) == LEM_JSON_INT) r->id = lem_json_copy(id);
    else {
        char text[24];
        snprintf(text, sizeof text, "%zu", number);
        r->id = lem_json_new_str(text);
    }
    if (!r->id) return lem_fail(err, LEM_EMEM, "%s:%llu: out of memory", path, line);
    lem_buf b = {0};
    lem_json_write(r->id, 0, &b);
    lem_buf_putc(&b, '\n');
    lem_buf_puts(&b, r->problem);
    lem_status st = lem_buf_ok(&b, err);
    if (st == LEM_OK) r->key = lem_hash64(b.data, b.len, 0);
    lem_buf_release(&b);
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

/* Takes row. */
static lem_status add_row(lem_problems *r, lem_json *row, const lem_rowset *in, const lem_json *map,
                          lem_err *err) {
    const char *file = file_of(r, lem_rowset_file(in), err);
    if (!file) {
        lem_json_free(row);
        return LEM_EMEM;
    }
    if (r->n == r->cap) {
        size_t cap = r->cap ? r->cap * 2 : 256;
        lem_problem *p = lem_realloc(r->at, cap, sizeof *p, err);
        if (!p) {
            lem_json_free(row);
            return LEM_EMEM;
        }
        r->at = p;
        r->cap = cap;
    }
    lem_problem *x = &r->at[r->n++];
    memset(x, 0, sizeof *x);
    x->input = row;
    x->file = file;
    x->line = lem_rowset_number(in);
    x->row = r->n - 1;
    return row_fields(x, r->n - 1, map, err);
}

lem_status lem_problems_load(const char *path, const lem_json *map, int64_t limit, const lem_cancel *cancel,
                             lem_problems *out, lem_err *err) {
    lem_problems r = {NULL};
    lem_rowset *in = NULL;
    lem_json *row = NULL;
    lem_status st = LEM_OK;
    LEM_TRY(check_map(map, err));
    LEM_TRY(lem_data_rows_open(path, cancel, &in, err));
    while (limit < 0 || (int64_t)r.n < limit) {
        LEM_TRY(lem_data_cancelled(cancel, err));
        LEM_TRY(lem_rowset_next(in, &row, err));
        if (!row) break;
        LEM_TRY(add_row(&r, row, in, map, err));
    }
    if (r.n == 0) st = lem_fail(err, LEM_EDATA, "%s: no rows", path);
done:
    if (in) lem_rowset_close(in);
    if (st) lem_problems_release(&r);
    else *out = r;
    return st;
}

static void release_problem(lem_problem *p) {
    lem_json_free(p->input);
    lem_json_free(p->id);
    lem_free(p->expected);
}

void lem_problems_keep(lem_problems *r, lem_problem_keep *keep, const void *ctx) {
    size_t n = 0;
    for (size_t i = 0; i < r->n; i++) {
        if (keep(ctx, r->at[i].row)) r->at[n++] = r->at[i];
        else release_problem(&r->at[i]);
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
    for (size_t i = 0; i < r->n; i++) release_problem(&r->at[i]);
    for (size_t i = 0; i < r->n_files; i++) lem_free(r->files[i]);
    lem_free(r->files);
    lem_free(r->at);
    lem_ids_release(&r->ids);
    memset(r, 0, sizeof *r);
}

const char *lem_problem_subject(const lem_problem *row) {
    const char *subject = lem_json_str(lem_json_get(row->input, "subject"), NULL);
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

lem_status lem_problem_output(const lem_problem *row, lem_json *const *candidates, int n, lem_json **out,
                              lem_err *err) {
    lem_json *o = lem_json_copy(row->input);
    bool ok = o && lem_json_set(o, "id", lem_json_copy(row->id)) &&
              lem_json_set(o, "problem", lem_json_new_str(row->problem)) &&
              (!row->expected || lem_json_set(o, "expected_answer", lem_json_new_str(row->expected))) &&
              set_list(o, "completions", candidates, n, "text", "") &&
              set_list(o, "finish_reason", candidates, n, "finish_reason", "prompt_too_long") &&
              set_list(o, "tokens", candidates, n, "tokens", NULL) &&
              set_list(o, "logprob", candidates, n, "logprob", NULL);
    if (!ok) {
        lem_json_free(o);
        return lem_fail(err, LEM_EMEM, "out of memory for an output row");
    }
    *out = o;
    return LEM_OK;
}
