/* problem.c - the solutions of one problem: points, rollouts, binary search, counts */
#include "annotate/problem_priv.h"

#include "core/hash.h"
#include "core/mem.h"

#include <string.h>

void lem_ann_problem_free(ann_problem *p) {
    if (!p) return;
    for (int i = 0; p->solution && i < p->in.n; i++) {
        ann_solution *s = &p->solution[i];
        lem_step_list_release(&s->steps);
        lem_ids_release(&s->ids);
        lem_free(s->point);
        lem_free(s->used);
    }
    lem_free(p->solution);
    lem_free(p->rollout);
    lem_free(p->there);
    lem_free(p->count);
    lem_free(p->flight);
    lem_ann_tree_release(&p->tree);
    lem_free(p);
}

/* ---- prefixes ---- */

/* Without a tokenizer the bytes themselves tell prefixes apart. */
static lem_status take_bytes(const char *text, size_t len, lem_ids *out, lem_err *err) {
    lem_status st = LEM_OK;
    for (size_t i = 0; st == LEM_OK && i < len; i++) st = lem_ids_push(out, (unsigned char)text[i], err);
    return st;
}

/* The bytes are text that goes on: special tokens in them are text, and nothing is put in front. */
static lem_status encode(const lem_tokenizer *tok, const char *text, size_t len, lem_ids *out, lem_err *err) {
    if (!tok) return take_bytes(text, len, out, err);
    uint8_t *data = lem_alloc(len + 1, 1, err);
    if (!data) return LEM_EMEM;
    memset(data, 1, len + 1);
    lem_status st = lem_tokenizer_encode_marked(tok, text, data, len, true, out, err);
    lem_free(data);
    return st;
}

/* Of two points at one node. */
static bool same_prefix(const ann_problem *p, const ann_point *a, const ann_point *b) {
    return a->last == b->last && a->bytes == b->bytes &&
           memcmp(p->in.solution[a->solution], p->in.solution[b->solution], a->bytes) == 0;
}

/* The point of the first n ids of solution i, which are `bytes` of its text. */
static lem_status find_point(ann_problem *p, int i, int n, size_t bytes, int *out, lem_err *err) {
    const int32_t *ids = p->solution[i].ids.data;
    ann_point x = {.last = ids[n - 1], .length = n, .solution = i, .bytes = bytes};
    x.node = lem_ann_tree_insert(&p->tree, ids, n - 1, err);
    if (x.node < 0) return LEM_EMEM;
    for (int k = p->tree.node[x.node].point; k >= 0; k = p->tree.point[k].next)
        if (same_prefix(p, &p->tree.point[k], &x)) {
            *out = k;
            return LEM_OK;
        }
    x.key = lem_hash64(ids, (size_t)n * sizeof *ids, p->in.key);
    *out = lem_ann_tree_add_point(&p->tree, &x, err);
    return *out < 0 ? LEM_EMEM : LEM_OK;
}

/* Encodes all steps but the last; ends[k]: tokens up to the end of step k. */
static lem_status encode_steps(ann_problem *p, int i, const lem_tokenizer *tok, int *ends, lem_err *err) {
    ann_solution *s = &p->solution[i];
    size_t from = 0;
    for (int k = 0; k < p->in.n_prompt; k++) {
        lem_status st = lem_ids_push(&s->ids, p->in.prompt[k], err);
        if (st) return st;
    }
    for (int k = 0; k + 1 < s->steps.n; k++) {
        size_t to = s->steps.at[k].end;
        lem_status st = encode(tok, p->in.solution[i] + from, to - from, &s->ids, err);
        if (st) return st;
        ends[k] = s->ids.len < INT32_MAX ? (int)s->ids.len : INT32_MAX;
        from = to;
    }
    return LEM_OK;
}

static lem_status read_solution(ann_problem *p, int i, const lem_tokenizer *tok, int context, lem_err *err) {
    ann_solution *s = &p->solution[i];
    lem_status st = lem_step_list_split(&s->steps, p->in.solution[i], p->o->separator, err);
    if (st) return st;
    size_t n = (size_t)s->steps.n + 1;
    s->point = lem_alloc(n, sizeof *s->point, err);
    s->used = lem_alloc_zero(n, sizeof *s->used, err);
    int *ends = lem_alloc(n, sizeof *ends, err);
    if (!s->point || !s->used || !ends) LEM_TRY(LEM_EMEM);
    LEM_TRY(encode_steps(p, i, tok, ends, err));
    for (int k = 0; k + 1 < s->steps.n; k++) {
        s->point[k] = -1;
        if (ends[k] >= context) continue;
        s->fits = k + 1;
        LEM_TRY(find_point(p, i, ends[k], s->steps.at[k].end, &s->point[k], err));
    }
    s->lo = p->in.correct[i] == 1 ? s->fits : 0;
    s->hi = s->fits;
done:
    lem_free(ends);
    return st;
}

/* ---- rollouts ---- */

/* False while rollouts of the point are missing; else *right of *n. */
static bool count_of(const ann_problem *p, int point, int *right, int *n) {
    size_t first = (size_t)point * (size_t)p->o->n;
    *right = *n = 0;
    for (size_t at = first; at < first + (size_t)p->o->n; at++) {
        if (!p->there[at]) return false;
        bool hit = p->rollout[at].verdict == LEM_GRADE_RIGHT;
        *right += hit;
        ++*n;
        if (hit && p->o->early_stop) return true;
    }
    return true;
}

static void take_known(ann_problem *p, const lem_annotate_host *host) {
    for (int i = 0; host->known && i < p->tree.n_points; i++)
        for (int k = 0; k < p->o->n; k++) {
            size_t at = (size_t)i * (size_t)p->o->n + (size_t)k;
            p->there[at] = host->known(host->ctx, p->in.index, i, k, &p->rollout[at]);
        }
}

static lem_status make_room(ann_problem *p, lem_err *err) {
    int longest = 1;
    size_t all, points = (size_t)p->tree.n_points;
    for (int i = 0; i < p->in.n; i++)
        if (p->solution[i].steps.n > longest) longest = p->solution[i].steps.n;
    if (!lem_mul_size(points, (size_t)p->o->n, &all)) return lem_fail(err, LEM_EMEM, "too many rollouts");
    p->rollout = lem_alloc_zero(all, sizeof *p->rollout, err);
    p->there = lem_alloc_zero(all, sizeof *p->there, err);
    p->count = lem_alloc((size_t)longest, sizeof *p->count, err);
    p->flight = lem_alloc(points, sizeof *p->flight, err);
    return p->rollout && p->there && p->count && p->flight ? LEM_OK : LEM_EMEM;
}

lem_status lem_ann_problem_new(const lem_annotate_problem *in, const lem_annotate_opts *o,
                               const lem_tokenizer *tok, int context, const lem_annotate_host *host,
                               ann_problem **out, lem_err *err) {
    ann_problem *p = lem_alloc_zero(1, sizeof *p, err);
    lem_status st = LEM_OK;
    if (!p) return LEM_EMEM;
    p->in = *in;
    p->o = o;
    p->solution = lem_alloc_zero((size_t)in->n, sizeof *p->solution, err);
    if (!p->solution) LEM_TRY(LEM_EMEM);
    for (int i = 0; i < in->n; i++) {
        st = read_solution(p, i, tok, context, err);
        if (st) LEM_TRY(lem_err_context(err, "solution %d", i));
    }
    LEM_TRY(make_room(p, err));
    take_known(p, host);
    p->pages = lem_ann_tree_pages(&p->tree);
    int right, n;
    for (int i = 0; i < p->tree.n_points; i++) {
        if (count_of(p, i, &right, &n)) continue;
        lem_ann_tree_count(&p->tree, p->tree.point[i].node, 1);
        p->open++;
    }
    *out = p;
    p = NULL;
done:
    lem_ann_problem_free(p);
    return st;
}

int lem_ann_problem_missing(const ann_problem *p, int point, int *out) {
    size_t first = (size_t)point * (size_t)p->o->n;
    int n = 0;
    for (int k = 0; k < p->o->n; k++) {
        size_t at = first + (size_t)k;
        if (!p->there[at]) out[n++] = k;
        else if (p->o->early_stop && p->rollout[at].verdict == LEM_GRADE_RIGHT) break;
    }
    return n;
}

int lem_ann_problem_point(const ann_problem *p, lem_request request) {
    for (int i = 0; i < p->n_flight; i++)
        if (p->tree.point[p->flight[i]].request == request) return p->flight[i];
    return -1;
}

void lem_ann_problem_asked(ann_problem *p, int point, lem_request request) {
    p->tree.point[point].request = request;
    p->tree.point[point].asked = true;
    p->flight[p->n_flight++] = point;
}

bool lem_ann_problem_take(ann_problem *p, int point, int candidate, const lem_rollout *r) {
    size_t at = (size_t)point * (size_t)p->o->n + (size_t)candidate;
    int right, n, i = 0;
    p->rollout[at] = *r;
    p->there[at] = true;
    if (!count_of(p, point, &right, &n)) return false;
    while (p->flight[i] != point) i++;
    p->flight[i] = p->flight[--p->n_flight];
    p->open--;
    return true;
}

/* ---- what is asked next ---- */

/* Narrows the search by what is known; returns the step to be measured next, or -1. */
static int search(const ann_problem *p, ann_solution *s) {
    while (s->lo < s->hi) {
        int mid = s->lo + (s->hi - s->lo) / 2, right, n;
        s->used[mid] = true;
        if (!count_of(p, s->point[mid], &right, &n)) return mid;
        if (right > 0) s->lo = mid + 1;
        else s->hi = mid;
    }
    return -1;
}

static int next_of_scan(ann_problem *p) {
    int right, n;
    while (p->cursor < p->tree.n_points && count_of(p, p->cursor, &right, &n)) p->cursor++;
    return p->cursor < p->tree.n_points ? p->cursor++ : -1;
}

int lem_ann_problem_next(ann_problem *p) {
    if (!p->o->binary) return next_of_scan(p);
    for (int i = 0; i < p->in.n; i++) {
        ann_solution *s = &p->solution[i];
        int step = search(p, s);
        if (step >= 0 && !p->tree.point[s->point[step]].asked) return s->point[step];
    }
    return -1;
}

bool lem_ann_problem_done(ann_problem *p) {
    if (!p->o->binary) return p->open == 0;
    for (int i = 0; i < p->in.n; i++)
        if (search(p, &p->solution[i]) >= 0) return false;
    return true;
}

/* ---- results ---- */

static void count_points(const ann_problem *p, lem_annotate_stats *t) {
    for (int i = 0; i < p->tree.n_points; i++) {
        int right, n;
        t->points++;
        if (!count_of(p, i, &right, &n)) continue;
        t->measured++;
        t->rollouts += (uint64_t)n;
        t->right += (uint64_t)right;
        for (int k = 0; k < n; k++) {
            const lem_rollout *r = &p->rollout[(size_t)i * (size_t)p->o->n + (size_t)k];
            t->undecided += r->verdict == LEM_GRADE_UNDECIDED;
            t->truncated += r->truncated;
            t->rollout_tokens += (uint64_t)r->tokens;
        }
    }
}

/* Counts of the steps of one solution, and what they add to the statistics. */
static lem_annotated result_of(const ann_problem *p, int i, lem_annotate_stats *t) {
    const ann_solution *s = &p->solution[i];
    int last = s->steps.n - 1, correct = p->in.correct[i];
    lem_annotated a = {.steps = &s->steps, .count = (const int(*)[2])p->count, .bad = s->steps.n};
    for (int k = 0; k < last; k++) {
        int *c = p->count[k], right = 0, n = 0;
        bool measured = s->point[k] >= 0 && count_of(p, s->point[k], &right, &n);
        bool counts = measured && (!p->o->binary || s->used[k]);
        c[0] = counts ? right : 0;
        c[1] = counts ? n : 0;
        t->steps++;
        if (s->point[k] < 0) {
            a.too_long++;
            continue;
        }
        uint64_t length = (uint64_t)p->tree.point[s->point[k]].length;
        t->prefix_tokens += length;
        if (counts) t->measured_alone += length;
    }
    t->too_long += (uint64_t)a.too_long;
    if (last >= 0) {
        p->count[last][0] = correct == 1;
        p->count[last][1] = correct >= 0;
    }
    if (p->o->binary) {
        a.good = correct == 1 ? s->steps.n : s->lo;
        if (s->lo < s->fits) a.bad = s->lo; /* a step that was measured */
        else if (correct == 0) a.bad = last;
    }
    return a;
}

lem_status lem_ann_problem_report(ann_problem *p, const lem_annotate_host *host, lem_annotate_stats *stats,
                                  lem_err *err) {
    count_points(p, stats);
    for (int i = 0; i < p->in.n; i++) {
        lem_annotated a = result_of(p, i, stats);
        lem_status st = host->done(host->ctx, p->in.index, i, &a, err);
        if (st) return st;
    }
    return LEM_OK;
}
