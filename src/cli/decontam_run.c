/* decontam_run.c - the rows of `data decontam`: batches, threads, and what becomes of each row */
#include "cli/decontam_run.h"

#include "core/jsonl.h"
#include "core/mem.h"
#include "core/pool.h"

#include <string.h>

enum { BATCH_ROWS = 512, BATCH_BYTES = 8 << 20 };

/* A row of the batch. */
typedef struct item {
    lem_json *row;
    const char *file; /* one of the batch's names */
    uint64_t number;
    lem_row_texts texts;
    bool math, text_alone;
    struct {
        lem_decontam_match *match; /* [n] */
        size_t n, cap;
        uint32_t stock;
    } part[2];
    lem_status st;
    lem_err err;
} item;

typedef struct batch {
    lem_decontam_run *run;
    item *item; /* [BATCH_ROWS] */
    int n;
    char **name; /* [n_names] files of rows; they stay */
    size_t n_names;
    lem_pool *pool;
    lem_decontam_work **work; /* [threads] */
    const lem_cancel *cancel;
} batch;

/* ---- reading ---- */

static const char *name_of(batch *b, const char *file, lem_err *err) {
    if (b->n_names && strcmp(b->name[b->n_names - 1], file) == 0) return b->name[b->n_names - 1];
    char **name = lem_realloc(b->name, b->n_names + 1, sizeof *name, err);
    if (!name) return NULL;
    b->name = name;
    name[b->n_names] = lem_strdup(file, err);
    return name[b->n_names] ? name[b->n_names++] : NULL;
}

static bool is_math(lem_decontam_domain d, const lem_json *row) {
    if (d != LEM_DOMAIN_FIELD) return d == LEM_DOMAIN_MATH;
    const char *s = lem_json_str(lem_json_get(row, "domain"), NULL);
    return !s || strcmp(s, "math") == 0;
}

static lem_status fill(batch *b, lem_err *err) {
    lem_data_run *rows = b->run->rows;
    size_t bytes = 0;
    for (b->n = 0; b->n < BATCH_ROWS && bytes < BATCH_BYTES;) {
        item *it = &b->item[b->n];
        lem_status st = lem_data_run_next(rows, &it->row, err);
        if (st || !it->row) return st;
        st = lem_row_reader_texts(rows->in, it->row, &it->texts, err);
        if (st) {
            lem_json_free(it->row);
            it->row = NULL;
            st = lem_data_run_pass(rows, st, err);
            if (st) return st;
            continue;
        }
        b->n++;
        it->file = name_of(b, lem_row_reader_file(rows->in), err);
        if (!it->file) return LEM_EMEM;
        it->number = lem_row_reader_number(rows->in);
        it->math = is_math(b->run->domain, it->row);
        it->text_alone = lem_row_reader_kind(rows->in) == LEM_ROW_TEXT && it->texts.prompt.len == 0;
        bytes += it->texts.prompt.len + it->texts.response.len;
    }
    return LEM_OK;
}

/* ---- checking, on any thread ---- */

/* A row of kind text has its text where others have a response; it is looked at as a prompt is. */
static const lem_buf *text_of(const item *it, lem_decontam_part part) {
    return part == LEM_DECONTAM_RESPONSE || it->text_alone ? &it->texts.response : &it->texts.prompt;
}

static bool is_looked_at(const lem_decontam_run *r, const item *it, lem_decontam_part part) {
    if (it->text_alone) return part == LEM_DECONTAM_PROMPT;
    return part == LEM_DECONTAM_PROMPT ? r->prompts : r->responses;
}

static lem_status check_part(batch *b, item *it, lem_decontam_part part, int worker) {
    const lem_buf *text = text_of(it, part);
    lem_decontam_found found = {0};
    it->part[part].n = 0;
    it->part[part].stock = 0;
    if (!is_looked_at(b->run, it, part)) return LEM_OK;
    lem_status st = lem_decontam_check(b->run->tests->index, b->work[worker], lem_buf_str(text), text->len,
                                       part, it->math, b->cancel, &found, &it->err);
    if (st) return st;
    if (found.n > it->part[part].cap) {
        lem_decontam_match *m = lem_realloc(it->part[part].match, found.n, sizeof *m, &it->err);
        if (!m) return LEM_EMEM;
        it->part[part].match = m;
        it->part[part].cap = found.n;
    }
    if (found.n) memcpy(it->part[part].match, found.match, found.n * sizeof *found.match);
    it->part[part].n = found.n;
    it->part[part].stock = found.stock;
    return LEM_OK;
}

static void check_item(void *ctx, int i, int worker) {
    batch *b = ctx;
    item *it = &b->item[i];
    it->err = (lem_err)LEM_ERR_INIT;
    it->st = check_part(b, it, LEM_DECONTAM_PROMPT, worker);
    if (it->st == LEM_OK) it->st = check_part(b, it, LEM_DECONTAM_RESPONSE, worker);
}

/* ---- settling, in the order of rows ---- */

static void count_once(uint64_t *n, uint64_t *last, uint64_t row) {
    if (*last == row) return;
    *last = row;
    ++*n;
}

static void count_match(lem_decontam_run *r, const lem_decontam_match *m, bool dropped) {
    for (uint32_t i = r->tests->first[m->test] + 1; i; i = r->tests->row[i - 1].next) {
        lem_decontam_counts *c = &r->set[r->tests->row[i - 1].set];
        c->test_rows += !r->row_hit[i - 1];
        r->row_hit[i - 1] = 1;
        if (m->rule == LEM_DECONTAM_EXACT) count_once(&c->exact, &c->last_exact, r->settled);
        if (m->grams) count_once(&c->sharing, &c->last_sharing, r->settled);
        if (dropped) count_once(&c->dropped, &c->last_dropped, r->settled);
    }
}

static lem_status show(lem_decontam_run *r, const lem_train_text *train, const lem_decontam_match *m,
                       lem_json *row, lem_err *err) {
    bool kept = m->rule == LEM_DECONTAM_NONE;
    if ((kept ? r->n_kept : r->n_shown - r->n_kept) >= r->page_matches) return LEM_OK;
    if (r->n_shown == r->cap_shown) {
        size_t cap = r->cap_shown ? 2 * r->cap_shown : 32;
        lem_decontam_shown *shown = lem_realloc(r->shown, cap, sizeof *shown, err);
        if (!shown) return LEM_EMEM;
        r->shown = shown;
        r->cap_shown = cap;
    }
    char *text = lem_strndup(train->text, train->len, err);
    if (!text) return LEM_EMEM;
    r->shown[r->n_shown++] =
        (lem_decontam_shown){lem_json_share(row), text, train->len, r->tests->first[m->test], kept};
    r->n_kept += kept;
    return LEM_OK;
}

/* The match that a row is dropped for: the strongest, the first of equal ones. */
typedef struct verdict {
    const lem_decontam_match *match; /* NULL = kept */
    lem_json *row;                   /* of the audit */
} verdict;

static bool is_stronger(const lem_decontam_match *a, const lem_decontam_match *b) {
    if (!b) return true;
    if ((a->rule == LEM_DECONTAM_EXACT) != (b->rule == LEM_DECONTAM_EXACT))
        return a->rule == LEM_DECONTAM_EXACT;
    return lem_decontam_share(a, LEM_DECONTAM_TRAIN) > lem_decontam_share(b, LEM_DECONTAM_TRAIN);
}

static lem_status settle_match(lem_decontam_run *r, const lem_train_text *train, const lem_decontam_match *m,
                               verdict *v, lem_err *err) {
    lem_json *row = NULL;
    bool allowed = false, contaminated = m->rule != LEM_DECONTAM_NONE;
    lem_status st = LEM_OK;
    if (contaminated) st = lem_decontam_allowed(r->allow, r->tests, train, m, &allowed, err);
    if (st == LEM_OK) st = lem_decontam_audit_row(r->tests, train, m, allowed, &row, err);
    if (st) return st;
    r->matches++;
    r->allowed += allowed;
    count_match(r, m, contaminated && !allowed);
    if (r->audit) st = lem_rows_write(r->audit, row, err);
    if (st == LEM_OK) st = show(r, train, m, row, err);
    if (st == LEM_OK && contaminated && !allowed && is_stronger(m, v->match)) {
        lem_json_free(v->row);
        *v = (verdict){m, lem_json_share(row)};
    }
    lem_json_free(row);
    return st;
}

static lem_status drop(lem_decontam_run *r, const item *it, const verdict *v, lem_err *err) {
    lem_buf why = {0};
    const lem_test_row *test = &r->tests->row[r->tests->first[v->match->test]];
    lem_buf_printf(&why, "contaminated by %s (%s)", r->tests->set[test->set].name,
                   lem_decontam_rule_name(v->match->rule));
    lem_status st = lem_buf_ok(&why, err);
    const lem_data_place at = {it->file, it->number};
    if (st == LEM_OK) st = lem_data_run_drop(r->rows, it->row, &at, lem_buf_str(&why), v->row, err);
    lem_buf_release(&why);
    return st;
}

static lem_status settle(lem_decontam_run *r, item *it, lem_err *err) {
    verdict v = {0};
    lem_status st = LEM_OK;
    if (it->st) {
        *err = it->err;
        return lem_err_context(err, "%s:%llu", it->file, (unsigned long long)it->number);
    }
    r->settled++;
    char *id = it->part[0].n + it->part[1].n ? lem_row_id(it->row) : NULL;
    for (int p = 0; p < 2; p++) {
        const lem_buf *text = text_of(it, (lem_decontam_part)p);
        const lem_train_text train = {it->file,          it->number, id, (lem_decontam_part)p,
                                      lem_buf_str(text), text->len};
        for (size_t i = 0; st == LEM_OK && i < it->part[p].n; i++)
            st = settle_match(r, &train, &it->part[p].match[i], &v, err);
    }
    r->stock_rows += it->part[0].stock + it->part[1].stock > 0;
    if (st == LEM_OK) st = v.match ? drop(r, it, &v, err) : lem_data_run_keep(r->rows, it->row, err);
    lem_json_free(v.row);
    lem_free(id);
    return st;
}

/* ---- all rows ---- */

static void release(batch *b) {
    for (int i = 0; b->item && i < BATCH_ROWS; i++) {
        lem_json_free(b->item[i].row);
        lem_row_texts_release(&b->item[i].texts);
        lem_free(b->item[i].part[0].match);
        lem_free(b->item[i].part[1].match);
    }
    for (int i = 0; b->work && i < lem_pool_threads(b->pool); i++) lem_decontam_work_free(b->work[i]);
    for (size_t i = 0; i < b->n_names; i++) lem_free(b->name[i]);
    lem_free(b->item);
    lem_free(b->work);
    lem_free(b->name);
    lem_pool_free(b->pool);
}

static lem_status prepare(batch *b, lem_err *err) {
    lem_decontam_run *r = b->run;
    lem_status st = LEM_OK;
    r->set = lem_alloc_zero(r->tests->n_sets, sizeof *r->set, err);
    r->row_hit = lem_alloc_zero(r->tests->n_rows, 1, err);
    b->item = lem_alloc_zero(BATCH_ROWS, sizeof *b->item, err);
    b->pool = lem_pool_new(r->rows->cli->threads, err);
    if (!r->set || !r->row_hit || !b->item || !b->pool) return LEM_EMEM;
    int threads = lem_pool_threads(b->pool);
    b->work = lem_alloc_zero((size_t)threads, sizeof *b->work, err);
    if (!b->work) return LEM_EMEM;
    for (int i = 0; st == LEM_OK && i < threads; i++)
        st = lem_decontam_work_new(r->tests->index, &b->work[i], err);
    return st;
}

lem_status lem_decontam_run_rows(lem_decontam_run *r, lem_err *err) {
    batch b = {.run = r, .cancel = r->rows->cli->cancel};
    lem_status st = prepare(&b, err);
    while (st == LEM_OK) {
        st = fill(&b, err);
        if (st || b.n == 0) break;
        lem_pool_run(b.pool, b.n, check_item, &b);
        for (int i = 0; st == LEM_OK && i < b.n; i++) {
            st = settle(r, &b.item[i], err);
            lem_json_free(b.item[i].row);
            b.item[i].row = NULL;
        }
    }
    release(&b);
    return st;
}

void lem_decontam_run_release(lem_decontam_run *r) {
    for (size_t i = 0; i < r->n_shown; i++) {
        lem_json_free(r->shown[i].row);
        lem_free(r->shown[i].text);
    }
    lem_free(r->shown);
    lem_free(r->set);
    lem_free(r->row_hit);
    lem_out_close(r->audit);
}
