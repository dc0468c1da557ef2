/* shape_region.c - inequalities, intervals, membership, set-builders and sets of points as one union of
 * intervals */
#include "answer/shape_priv.h"

#include "answer/decide/decide_priv.h"

#include <string.h>

enum { MAX_LEVEL = 6, UNKNOWN = 2 };

static const region_end infinite = {NULL, false};

static bool add_piece(region *r, region_end lo, region_end hi) {
    if (r->n == REGION_MAX) return false;
    r->piece[r->n++] = (region_piece){lo, hi};
    return true;
}

static void everything(region *r) {
    *r = (region){.sorted = true};
    (void)add_piece(r, infinite, infinite);
}

/* -1, 0, 1, or UNKNOWN for ends that are no comparable constants. */
static int order(lem_work *w, const ast_node *a, const ast_node *b) {
    if (a == b) return 0;
    if (a->kind == AST_NUM && b->kind == AST_NUM) {
        int c = mpq_cmp(a->q->q, b->q->q);
        return c < 0 ? -1 : c > 0;
    }
    int o = lem_decide_order(w, a, b);
    return o == UNKNOWN && lem_decide_scalars(w, a, b).verdict == LEM_ANSWER_EQUAL_NUMERIC ? 0 : o;
}

/* Lower ends: which begins first; a closed end begins before an open one at the same place. */
static int order_lo(lem_work *w, region_end a, region_end b) {
    if (!a.v || !b.v) return !a.v && !b.v ? 0 : !a.v ? -1 : 1;
    int o = order(w, a.v, b.v);
    return o ? o : a.closed == b.closed ? 0 : a.closed ? -1 : 1;
}

static int order_hi(lem_work *w, region_end a, region_end b) {
    if (!a.v || !b.v) return !a.v && !b.v ? 0 : !a.v ? 1 : -1;
    int o = order(w, a.v, b.v);
    return o ? o : a.closed == b.closed ? 0 : a.closed ? 1 : -1;
}

/* Does a piece that ends at hi touch or overlap one that begins at lo? 1 yes, 0 no, UNKNOWN. */
static int joins(lem_work *w, region_end hi, region_end lo) {
    if (!hi.v || !lo.v) return 1;
    int o = order(w, lo.v, hi.v);
    return o == UNKNOWN ? UNKNOWN : o < 0 || (o == 0 && (hi.closed || lo.closed));
}

/* 1 when no point lies between the ends, 0 when one does, UNKNOWN. */
static int is_void(lem_work *w, region_piece p) {
    if (!p.lo.v || !p.hi.v) return 0;
    int o = order(w, p.lo.v, p.hi.v);
    return o == UNKNOWN ? UNKNOWN : o > 0 || (o == 0 && !(p.lo.closed && p.hi.closed));
}

/* Insertion sort, then one pass of merging. False when ends cannot be compared (the region stays as it was,
 * unsorted). */
static bool normalise(lem_work *w, region *r) {
    region s = {.var = r->var, .lists = r->lists, .unsolved = r->unsolved};
    r->sorted = false;
    for (uint32_t i = 0; i < r->n; i++) {
        int empty = is_void(w, r->piece[i]);
        if (empty == UNKNOWN) return false;
        if (empty) continue;
        uint32_t k = s.n;
        for (; k > 0; k--) {
            int o = order_lo(w, s.piece[k - 1].lo, r->piece[i].lo);
            if (o == UNKNOWN) return false;
            if (o <= 0) break;
            s.piece[k] = s.piece[k - 1];
        }
        s.piece[k] = r->piece[i];
        s.n++;
    }
    uint32_t k = 0;
    for (uint32_t i = 0; i < s.n; i++) {
        int join = k ? joins(w, s.piece[k - 1].hi, s.piece[i].lo) : 0, o = 0;
        if (join == UNKNOWN) return false;
        if (!join) {
            s.piece[k++] = s.piece[i];
            continue;
        }
        o = order_hi(w, s.piece[k - 1].hi, s.piece[i].hi);
        if (o == UNKNOWN) return false;
        if (o < 0) s.piece[k - 1].hi = s.piece[i].hi;
    }
    s.n = k;
    s.sorted = true;
    *r = s;
    return true;
}

/* More pieces than there is room for: nobody can say what this set is. */
static bool overflow(lem_work *w) {
    w->limit = true;
    return false;
}

static bool unite(lem_work *w, region *a, const region *b) {
    for (uint32_t k = 0; k < b->n; k++)
        if (!add_piece(a, b->piece[k].lo, b->piece[k].hi)) return overflow(w);
    if (!a->var) a->var = b->var;
    a->unsolved = a->unsolved || b->unsolved;
    (void)normalise(w, a);
    return true;
}

static bool intersect(lem_work *w, region *a, const region *b) {
    region r = {.var = a->var ? a->var : b->var, .unsolved = a->unsolved || b->unsolved};
    for (uint32_t i = 0; i < a->n; i++)
        for (uint32_t j = 0; j < b->n; j++) {
            int lo = order_lo(w, a->piece[i].lo, b->piece[j].lo),
                hi = order_hi(w, a->piece[i].hi, b->piece[j].hi);
            if (lo == UNKNOWN || hi == UNKNOWN) return false;
            region_piece p = {lo < 0 ? b->piece[j].lo : a->piece[i].lo,
                              hi < 0 ? a->piece[i].hi : b->piece[j].hi};
            int empty = is_void(w, p);
            if (empty == UNKNOWN) return false;
            if (!empty && !add_piece(&r, p.lo, p.hi)) return overflow(w);
        }
    if (!normalise(w, &r)) return false;
    *a = r;
    return true;
}

/* Of a sorted region. */
static bool complement(region *a) {
    region r = {.sorted = true, .var = a->var, .unsolved = a->unsolved};
    region_end from = infinite;
    bool open = true;
    if (!a->sorted) return false;
    for (uint32_t k = 0; k < a->n; k++) {
        const region_piece *p = &a->piece[k];
        if (p->lo.v && !add_piece(&r, from, (region_end){p->lo.v, !p->lo.closed})) return false;
        open = p->hi.v != NULL;
        from = (region_end){p->hi.v, !p->hi.closed};
    }
    if (open && !add_piece(&r, from, infinite)) return false;
    *a = r;
    return true;
}

static bool negate(lem_work *w, const region *a, region *out) {
    *out = (region){.sorted = a->sorted, .var = a->var};
    for (uint32_t k = a->n; k-- > 0;) {
        region_end lo = a->piece[k].hi, hi = a->piece[k].lo;
        if (lo.v && !(lo.v = lem_ast_neg(w, (ast_node *)lo.v))) return false;
        if (hi.v && !(hi.v = lem_ast_neg(w, (ast_node *)hi.v))) return false;
        if (!add_piece(out, lo, hi)) return false;
    }
    return true;
}

/* ---- from trees ---- */

static bool build(lem_work *w, const ast_node *a, bool strict, int level, region *out);

static int infinity_sign(const ast_node *a) {
    if (lem_ast_is_sym(a, "infty")) return 1;
    if (a->kind == AST_MUL && a->kid[0]->kind == AST_NUM && lem_ast_is_sym(a->kid[1], "infty"))
        return lem_rat_sign(a->kid[0]->q);
    return 0;
}

static bool is_end_value(lem_work *w, const ast_node *a) {
    return lem_ast_is_scalar(a) && !lem_shape_has(w, a, AST_TEXT) && !lem_shape_has(w, a, AST_SET) &&
           !lem_shape_has(w, a, AST_TUPLE) && !lem_shape_has(w, a, AST_PM);
}

static const ast_node *bare(const ast_node *a) {
    while (a->kind == AST_QTY || a->kind == AST_DEGREE || a->kind == AST_MONEY) a = a->kid[0];
    return a;
}

/* Ends in the wrong order, or the same open one twice: no interval was meant. */
static bool are_in_order(lem_work *w, const region_piece *p, bool *sorted) {
    *sorted = true;
    if (!p->lo.v || !p->hi.v) return true;
    int o = order(w, p->lo.v, p->hi.v);
    *sorted = o != UNKNOWN;
    return o != 1 && (o != 0 || (p->lo.closed && p->hi.closed));
}

static bool from_tuple(lem_work *w, const ast_node *a, bool strict, region *out) {
    if (a->n != 2) return false;
    const ast_node *x = bare(a->kid[0]), *y = bare(a->kid[1]);
    int lo = infinity_sign(x), hi = infinity_sign(y);
    bool interval = a->open != '(' || a->close != ')' || lo || hi;
    if ((strict && !interval) || lo > 0 || hi < 0 || !is_end_value(w, x) || !is_end_value(w, y)) return false;
    *out = (region){0};
    (void)add_piece(out, lo ? infinite : (region_end){x, a->open == '['},
                    hi ? infinite : (region_end){y, a->close == ']'});
    return are_in_order(w, &out->piece[0], &out->sorted);
}

static bool from_points(lem_work *w, const ast_node *a, region *out) {
    *out = (region){.lists = 1};
    for (uint32_t k = 0; k < a->n; k++) {
        const ast_node *x = bare(a->kid[k]);
        if (!is_end_value(w, x) || infinity_sign(x) ||
            !add_piece(out, (region_end){x, true}, (region_end){x, true}))
            return false;
    }
    (void)normalise(w, out);
    return true;
}

/* lhs op rhs for a linear lhs - rhs in one symbol: where it changes sign, and the operator with the symbol on
 * the left. */
static bool solve_linear(lem_work *w, const ast_node *lhs, const ast_node *rhs, char *op,
                         const ast_node **var, const ast_node **at) {
    ast_node *d = lem_ast_add(w, (ast_node *)lhs, lem_ast_neg(w, (ast_node *)rhs));
    const ast_node *sym[1];
    if (!d || !is_end_value(w, d) || lem_shape_symbols(w, d, sym, 1) != 1) return false;
    ast_node *b = lem_ast_replace(w, d, sym[0]->name, sym[0]->len, lem_ast_int(w, 0));
    ast_node *sum = lem_ast_replace(w, d, sym[0]->name, sym[0]->len, lem_ast_int(w, 1));
    ast_node *a = lem_ast_add(w, sum, lem_ast_neg(w, b));
    ast_node *line = a ? lem_ast_add(w, lem_ast_mul(w, a, (ast_node *)sym[0]), b) : NULL;
    if (!line || lem_decide_scalars(w, d, line).verdict != LEM_ANSWER_EQUAL_EXACT) return false;
    int sign = order(w, a, lem_ast_int(w, 0));
    if (sign != 1 && sign != -1) return false;
    static const char flip[][2] = {{'<', '>'}, {'>', '<'}, {'l', 'g'}, {'g', 'l'}};
    for (int k = 0; sign < 0 && k < 4; k++)
        if (flip[k][0] == *op) {
            *op = flip[k][1];
            break;
        }
    *var = sym[0];
    *at = lem_ast_div(w, lem_ast_neg(w, b), a);
    return *at != NULL;
}

/* One comparison with a variable (a label such as x or f(x)) on the left. */
static bool one_sided(lem_work *w, const ast_node *var, char op, const ast_node *c, region *out) {
    *out = (region){.var = var, .sorted = true};
    const ast_node *v = bare(c);
    int inf = infinity_sign(v);
    if (inf) { /* x < \infty */
        bool all = (inf > 0 && (op == '<' || op == 'l')) || (inf < 0 && (op == '>' || op == 'g'));
        if (all) everything(out), out->var = var;
        return all;
    }
    if (!is_end_value(w, v)) return false;
    region_end open = {v, false}, closed = {v, true};
    switch (op) {
    case '<': return add_piece(out, infinite, open);
    case 'l': return add_piece(out, infinite, closed);
    case '>': return add_piece(out, open, infinite);
    case 'g': return add_piece(out, closed, infinite);
    case '=': return add_piece(out, closed, closed);
    case 'n': return add_piece(out, infinite, open) && add_piece(out, open, infinite);
    default: return false;
    }
}

static char mirrored(char op) {
    return op == '<' ? '>' : op == '>' ? '<' : op == 'l' ? 'g' : op == 'g' ? 'l' : op;
}

static bool is_variable(const ast_node *a) { return lem_shape_is_label(a) && a->kind != AST_TEXT; }

/* Of two symbols the one that answers are about: the middle of a chain, or x, y, z, t before any other. */
static int rank_of(const ast_node *a, const ast_node *middle) {
    if (!is_variable(a)) return 0;
    if (a == middle) return 3;
    return a->kind == AST_SYM && a->len == 1 && strchr("xyzt", a->name[0]) ? 2 : 1;
}

/* |u| < c: u < c and -u < c; |u| > c: either of them, whatever the sign of c. */
static bool split_bars(lem_work *w, const ast_node *bars, char op, const ast_node *c, region *out) {
    const ast_node *sym[1];
    region other;
    ast_node *u = bars->kid[0], *minus = lem_ast_neg(w, u);
    if (!minus || lem_shape_symbols(w, c, sym, 1) != 0 || !lem_shape_solve_inequality(w, u, op, c, out) ||
        !lem_shape_solve_inequality(w, minus, op, c, &other))
        return false;
    if (op == '<' || op == 'l' || op == 'n' ? !intersect(w, out, &other) : !unite(w, out, &other))
        return false;
    return out->sorted;
}

/* |x| < 3 */
static bool bars_of_name(lem_work *w, const ast_node *name, char op, const ast_node *c, region *out) {
    region t, other, half = {.sorted = true};
    const ast_node *zero = lem_ast_int(w, 0);
    if (!zero || !one_sided(w, name, op, c, &t)) return false;
    (void)add_piece(&half, (region_end){zero, true}, infinite);
    if (!intersect(w, &t, &half) || !negate(w, &t, &other) || !unite(w, &t, &other)) return false;
    *out = t;
    return out->sorted;
}

/* No side is a name. */
static bool compare_expressions(lem_work *w, const ast_node *lhs, char op, const ast_node *rhs, region *out) {
    const ast_node *var, *at;
    bool left = lhs->kind == AST_ABS;
    if (left != (rhs->kind == AST_ABS)) { /* bars on one side */
        const ast_node *bars = left ? lhs : rhs;
        const ast_node *other = left ? rhs : lhs;
        char turned = left ? op : mirrored(op);
        if (lem_shape_is_label(bars->kid[0])) return bars_of_name(w, bars->kid[0], turned, other, out);
        if (split_bars(w, bars, turned, other, out)) return true;
    }
    if (solve_linear(w, lhs, rhs, &op, &var, &at)) return one_sided(w, var, op, at, out);
    return !w->limit && lem_shape_solve_inequality(w, lhs, op, rhs, out);
}

static bool compare_with(lem_work *w, const ast_node *lhs, char op, const ast_node *rhs,
                         const ast_node *middle, region *out) {
    int left_rank = rank_of(lhs, middle), right_rank = rank_of(rhs, middle);
    if (left_rank > right_rank) return one_sided(w, lhs, op, rhs, out);
    if (right_rank > left_rank) return one_sided(w, rhs, mirrored(op), lhs, out);
    return op != '=' && compare_expressions(w, lhs, op, rhs, out); /* equations are compared as equations */
}

static bool of_one_name(const region *a, const region *b) {
    return !a->var || !b->var || lem_ast_same_name(a->var, b->var);
}

/* x in S, x not in S */
static bool from_membership(lem_work *w, const ast_node *a, int level, region *out) {
    if (!is_variable(a->kid[0]) || !build(w, a->kid[1], false, level + 1, out)) return false;
    out->var = a->kid[0];
    return a->name[0] == 'i' || complement(out);
}

/* a < x < b with symbols for ends: two half lines whose ends cannot be put in order. */
static bool between_symbols(const lem_work *w, region *all, const region *r) {
    if (w->limit || all->n != 1 || r->n != 1) return false;
    const region_piece *x = &all->piece[0], *y = &r->piece[0];
    bool up = !x->hi.v && !y->lo.v, down = !x->lo.v && !y->hi.v;
    if (!up && !down) return false;
    region_piece p = up ? (region_piece){x->lo, y->hi} : (region_piece){y->lo, x->hi};
    *all = (region){.n = 1, .piece = {p}, .var = all->var};
    return true;
}

/* Link k of a chain of comparisons, as a region. */
static bool from_link(lem_work *w, const ast_node *a, uint32_t k, region *out) {
    if (!strchr("<>lgn=", a->name[k]) || (a->len > 1 && a->name[k] == 'n')) return false;
    return compare_with(w, a->kid[k], a->name[k], a->kid[k + 1], a->n == 3 ? a->kid[1] : NULL, out);
}

static bool from_relation(lem_work *w, const ast_node *a, bool strict, int level, region *out) {
    char first = a->name[0];
    if (a->n == 2 && (first == 'i' || first == 'o')) return from_membership(w, a, level, out);
    if (a->n == 2 && first == '=' && strict) return false;
    region all;
    everything(&all);
    for (uint32_t k = 0; k < a->len; k++) {
        region r;
        if (!from_link(w, a, k, &r) || !of_one_name(&all, &r)) return false;
        if (!intersect(w, &all, &r) && !(a->len == 2 && k == 1 && between_symbols(w, &all, &r))) return false;
        if (!all.var) all.var = r.var;
    }
    *out = all;
    return true;
}

/* "x != 1, 2": the operator holds for the parts behind it too. */
static bool one_condition(lem_work *w, const ast_node *a, const ast_node *before, int level, region *out) {
    if (a->kind != AST_REL && before && before->kind == AST_REL && before->n == 2 && before->name[0] == 'n' &&
        is_variable(before->kid[0]))
        return one_sided(w, before->kid[0], 'n', a, out);
    return build(w, a, true, level + 1, out) || (a->kind == AST_REL && build(w, a, false, level + 1, out));
}

/* x in R */
static bool says_real(const ast_node *a) {
    return a->kind == AST_REL && a->n == 2 && a->name[0] == 'i' && lem_ast_is_sym(a->kid[1], "reals");
}

static bool from_list(lem_work *w, const ast_node *a, int level, region *out) {
    region all, any = {.sorted = true};
    const ast_node *before = NULL;
    everything(&all);
    bool empty = false, either = a->open == 'O';
    for (uint32_t k = 0; k < a->n; k++) {
        region r;
        if (says_real(a->kid[k])) continue;
        if (!one_condition(w, a->kid[k], before, level, &r)) return false;
        if (a->kid[k]->kind == AST_REL) before = a->kid[k];
        if (!of_one_name(&any, &r) || !unite(w, &any, &r)) return false;
        if (either) continue;
        if (!any.sorted || !intersect(w, &all, &r)) return false;
        empty = all.n == 0;
    }
    if (!any.var && !either) return false; /* a list of intervals is a list */
    *out = either || (empty && a->open != 'A') ? any : all;
    return true;
}

static bool from_builder(lem_work *w, const ast_node *a, int level, region *out) {
    const ast_node *head = a->kid[0], *c = a->kid[1];
    region r;
    if (head->kind == AST_REL && head->n == 2 && head->name[0] == 'i') {
        if (!build(w, head->kid[1], false, level + 1, &r)) return false;
        head = head->kid[0];
    } else everything(&r);
    if (head->kind != AST_SYM) return false;
    if (!(c->kind == AST_LIST ? from_list(w, c, level + 1, out) : build(w, c, false, level + 1, out)))
        return false;
    if (out->var && !lem_ast_same_name(out->var, head)) return false;
    out->var = NULL; /* the symbol of a set-builder is bound */
    return r.n == 1 && !r.piece[0].lo.v && !r.piece[0].hi.v ? true : intersect(w, out, &r);
}

static bool from_operation(lem_work *w, const ast_node *a, int level, region *out) {
    for (uint32_t k = 0; k < a->n; k++) {
        region r;
        if (!build(w, a->kid[k], false, level + 1, &r)) return false;
        if (k == 0) *out = r;
        else if (a->kind == AST_UNION) {
            if (!unite(w, out, &r)) return false;
        } else if ((a->kind == AST_SETMINUS && !complement(&r)) || !intersect(w, out, &r)) return false;
    }
    out->lists = 0;
    return true;
}

static bool build(lem_work *w, const ast_node *a, bool strict, int level, region *out) {
    if (level > MAX_LEVEL || w->limit || !lem_work_spend(w, 200)) return false;
    switch (a->kind) {
    case AST_SYM:
        if (!lem_ast_is_sym(a, "reals")) return false;
        everything(out);
        return true;
    case AST_SET:
        if (a->n == 0) return *out = (region){.sorted = true}, true;
        if (strict && a->n == 1 && a->kid[0]->kind == AST_REL)
            return build(w, a->kid[0], true, level + 1, out);
        return !strict && from_points(w, a, out);
    case AST_TUPLE: return from_tuple(w, a, strict, out);
    case AST_REL: return from_relation(w, a, strict, level, out);
    case AST_LIST: return from_list(w, a, level, out) || (!strict && from_points(w, a, out));
    case AST_BUILDER: return from_builder(w, a, level, out);
    case AST_UNION:
    case AST_INTER:
    case AST_SETMINUS: return from_operation(w, a, level, out);
    case AST_QTY:
    case AST_DEGREE: return build(w, a->kid[0], strict, level + 1, out);
    default: return false;
    }
}

bool lem_region_of(lem_work *w, const ast_node *a, bool strict, region *out) {
    return build(w, a, strict, 0, out) && !w->limit;
}
