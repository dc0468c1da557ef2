/* ast_matrix.c - sums, products and determinants of matrices that an answer writes out */
#include "answer/ast_priv.h"

enum { MAX_DETERMINANT = 5 };

static ast_node *matrix(lem_work *w, uint32_t rows, uint32_t cols) {
    ast_node *r = lem_ast_new(w, AST_MATRIX, rows * cols);
    if (r) r->cols = cols;
    return r;
}

ast_node *lem_ast_matrix_add(lem_work *w, const ast_node *a, const ast_node *b) {
    ast_node *r = a->n == b->n && a->cols == b->cols ? matrix(w, a->n / a->cols, a->cols) : NULL;
    for (uint32_t k = 0; r && k < r->n; k++)
        if (!(r->kid[k] = lem_ast_add(w, a->kid[k], b->kid[k]))) return NULL;
    return r;
}

ast_node *lem_ast_matrix_mul(lem_work *w, ast_node *a, ast_node *b) {
    if (a->kind != AST_MATRIX || b->kind != AST_MATRIX) {
        ast_node *m = a->kind == AST_MATRIX ? a : b, *s = m == a ? b : a,
                 *r = matrix(w, m->n / m->cols, m->cols);
        for (uint32_t k = 0; r && k < r->n; k++)
            if (!(r->kid[k] = lem_ast_mul(w, s, m->kid[k]))) return NULL;
        return r;
    }
    uint32_t rows = a->n / a->cols, inner = a->cols, cols = b->cols;
    ast_node *r = inner == b->n / b->cols ? matrix(w, rows, cols) : NULL;
    for (uint32_t k = 0; r && k < r->n; k++) {
        ast_node *sum = lem_ast_int(w, 0);
        for (uint32_t j = 0; j < inner; j++)
            sum = lem_ast_add(w, sum,
                              lem_ast_mul(w, a->kid[k / cols * inner + j], b->kid[j * cols + k % cols]));
        if (!(r->kid[k] = sum)) return NULL;
    }
    return r;
}

/* By the first row; at most 5! products. */
static ast_node *minor_of(lem_work *w, ast_node *const *kid, uint32_t n) {
    if (n == 1) return kid[0];
    ast_node *sum = lem_ast_int(w, 0);
    for (uint32_t c = 0; sum && c < n; c++) {
        ast_node *rest[(MAX_DETERMINANT - 1) * (MAX_DETERMINANT - 1)];
        uint32_t m = 0;
        for (uint32_t k = n; k < n * n; k++)
            if (k % n != c) rest[m++] = kid[k];
        ast_node *term = lem_ast_mul(w, kid[c], minor_of(w, rest, n - 1));
        sum = lem_ast_add(w, sum, c % 2 ? lem_ast_neg(w, term) : term);
    }
    return sum;
}

ast_node *lem_ast_determinant(lem_work *w, const ast_node *a) {
    if (a->cols * a->cols != a->n || a->cols > MAX_DETERMINANT) return NULL;
    return minor_of(w, a->kid, a->cols);
}

/* The transposed cofactors over the determinant. */
static ast_node *inverse(lem_work *w, const ast_node *a) {
    uint32_t n = a->cols;
    ast_node *det = n <= 4 && n > 1 ? lem_ast_determinant(w, a) : NULL;
    ast_node *r = det ? matrix(w, n, n) : NULL;
    for (uint32_t k = 0; r && k < n * n; k++) {
        ast_node *rest[9];
        uint32_t m = 0;
        for (uint32_t j = 0; j < n * n; j++)
            if (j / n != k % n && j % n != k / n) rest[m++] = a->kid[j];
        ast_node *minor = minor_of(w, rest, n - 1);
        if ((k / n + k % n) % 2) minor = lem_ast_neg(w, minor);
        if (!(r->kid[k] = lem_ast_div(w, minor, det))) return NULL;
    }
    return r;
}

ast_node *lem_ast_matrix_pow(lem_work *w, ast_node *a, long e) {
    enum { MOST = 8 };
    if (a->cols * a->cols != a->n || e == 0 || e > MOST || e < -MOST) return NULL;
    ast_node *base = e < 0 ? inverse(w, a) : a, *r = base;
    if (e < 0) e = -e;
    for (; r && e > 1; e--) r = lem_ast_matrix_mul(w, r, base);
    return r;
}
