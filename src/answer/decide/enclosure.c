/* enclosure.c - integrals as certified balls (Arb), kept as a pair of rationals around the value */
#include "answer/calculus_priv.h"

#include "answer/decide/ball_priv.h"
#include "answer/decide/enclosure_priv.h"

enum { PREC = 128, GOAL = 70, ENOUGH = 64, MAX_EVALUATIONS = 1500 };

static ast_node *enclosed(lem_work *w, lem_rat *low, lem_rat *high) {
    ast_node *a = lem_ast_new(w, AST_FN, 2);
    if (!a) return NULL;
    a->kid[0] = lem_ast_num(w, low);
    a->kid[1] = lem_ast_num(w, high);
    a->name = "enclosed";
    a->len = 8;
    return a->kid[0] && a->kid[1] ? a : NULL;
}

static lem_rat *rational_of(lem_work *w, arf_srcptr x) {
    lem_rat *r = lem_rat_int(w, 0);
    fmpq_t q;
    if (!r || !arf_is_finite(x)) return NULL;
    fmpq_init(q);
    arf_get_fmpq(q, x);
    fmpq_get_mpq(r->q, q);
    fmpq_clear(q);
    return r;
}

ast_node *lem_ball_enclosed(lem_work *w, arb_srcptr x) {
    arf_t low, high;
    if (arb_rel_accuracy_bits(x) < ENOUGH && mag_cmp_2exp_si(arb_radref(x), -ENOUGH) > 0) return NULL;
    arf_init(low);
    arf_init(high);
    arb_get_interval_arf(low, high, x, PREC);
    lem_rat *a = rational_of(w, low), *b = a ? rational_of(w, high) : NULL;
    arf_clear(low);
    arf_clear(high);
    return b ? enclosed(w, a, b) : NULL;
}

/* The integrand at a ball; a ball where it may not be holomorphic has no value when that is asked. */
static int integrand(acb_ptr out, const acb_t z, void *user, slong order, slong prec) {
    balls *e = user;
    if (order > 1) return 1;
    e->at = z;
    e->holomorphic = order == 1;
    if (lem_balls_run(e, prec, BALL_CONSTANT) != BALL_OK) acb_indeterminate(out);
    else acb_set(out, e->v + e->a);
    return 0;
}

/* The value of a real constant; false when there is none. */
static bool constant(lem_work *w, const ast_node *a, acb_t out) {
    dag d;
    balls e;
    uint32_t x = lem_dag_init(&d, w) ? lem_dag_build(&d, a) : 0;
    if (!x || d.node[x].symbols || d.node[x].infinite || d.node[x].free) return false;
    bool ok = lem_balls_init(&e, &d, x, x) && lem_balls_run(&e, PREC, BALL_CONSTANT) == BALL_OK &&
              acb_is_real(e.v + x);
    if (ok) acb_set(out, e.v + x);
    lem_balls_release(&e);
    return ok;
}

/* The body's table of nodes, with "index" as the one symbol; 0 when there is another. */
static uint32_t body_node(lem_work *w, dag *d, const ast_node *body) {
    uint32_t x = lem_dag_init(d, w) ? lem_dag_build(d, body) : 0;
    if (!x || d->node[x].free || d->node[x].infinite || d->node[x].imaginary) return 0;
    for (uint32_t k = 1; k < d->n; k++)
        if (d->node[k].op == DAG_SYM && !(d->node[k].len == 5 && d->node[k].name[0] == 'i')) return 0;
    return x;
}

ast_node *lem_integral_enclosure(lem_work *w, const ast_node *body, const ast_node *low,
                                 const ast_node *high) {
    dag d;
    balls e;
    ast_node *r = NULL;
    acb_t a, b, v;
    mag_t tolerance;
    acb_calc_integrate_opt_t options;
    uint32_t x = body_node(w, &d, body);
    if (!x) return NULL;
    acb_init(a);
    acb_init(b);
    acb_init(v);
    mag_init(tolerance);
    mag_set_ui_2exp_si(tolerance, 1, -GOAL);
    acb_calc_integrate_opt_init(options);
    options->eval_limit = MAX_EVALUATIONS;
    bool ends = constant(w, low, a) && constant(w, high, b);
    if (ends && lem_balls_init(&e, &d, x, x)) {
        e.real = false;
        (void)acb_calc_integrate(v, integrand, &e, a, b, GOAL, tolerance, options, PREC);
        if (!w->limit && acb_is_finite(v) && arb_contains_zero(acb_imagref(v)))
            r = lem_ball_enclosed(w, acb_realref(v));
    }
    if (ends) lem_balls_release(&e);
    mag_clear(tolerance);
    acb_clear(a);
    acb_clear(b);
    acb_clear(v);
    flint_cleanup();
    return r;
}
