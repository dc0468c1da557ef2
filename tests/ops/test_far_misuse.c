/* test_far_misuse - the far backend finds out wrong pointers, numbers and plans, touches from outside and
 * leaks: each in a child of its own, that must end by a signal and with the right words */
#include "far_util.h"

static void read_it(misuse *m) { m->host[0] = *(volatile float *)m->x; }
static void write_it(misuse *m) { *(volatile float *)m->x = 1; }
static void host_array(misuse *m) { m->b->ops->add(m->b, N, m->host, m->y); }
static void host_array_read(misuse *m) { m->b->ops->add(m->b, N, m->x, m->host); }
static void host_gather(misuse *m) {
    static const int32_t rows[] = {0, 1};
    m->b->ops->gather(m->b, 2, 10, rows, m->x, LEM_DTYPE_F32, m->y);
}
static void host_packed(misuse *m) {
    lem_packed w = {1, 1, LEM_DTYPE_F32, m->host};
    m->b->ops->linear(m->b, 1, m->x, &w, NULL, m->y, false);
}
static void null_array(misuse *m) { m->b->ops->relu(m->b, N, NULL); }
static void one_too_many(misuse *m) { m->b->ops->scale(m->b, N + 1, m->x, 1); }
static void one_too_far(misuse *m) { (void)m->b->ops->sumsq(m->b, N, m->x + 1); }
static void before_it(misuse *m) { m->b->ops->scale(m->b, 1, m->y - 1, 1); }
static void two_arrays(misuse *m) { m->b->ops->zero(m->b, m->x, distance(m->x, m->y) + 4); }
static void released(misuse *m) {
    void *p = room(m->t, 64);
    m->b->ops->release(m->b, p);
    m->b->ops->zero(m->b, p, 64);
}
static void released_twice(misuse *m) {
    void *p = room(m->t, 64);
    m->b->ops->release(m->b, p);
    m->b->ops->release(m->b, p);
}
static void release_inside(misuse *m) { m->b->ops->release(m->b, m->x + 1); }
static void release_host(misuse *m) { m->b->ops->release(m->b, m->host); }
static void copy_in_from_device(misuse *m) { m->b->ops->copy_in(m->b, m->x, m->y, N * sizeof(float)); }
static void copy_in_to_host(misuse *m) {
    float other[N];
    m->b->ops->copy_in(m->b, other, m->host, sizeof other);
}
static void copy_out_to_device(misuse *m) { m->b->ops->copy_out(m->b, m->x, m->y, N * sizeof(float)); }
static void copy_out_from_host(misuse *m) {
    float other[N];
    m->b->ops->copy_out(m->b, other, m->host, sizeof other);
}
static void copy_overlap(misuse *m) { m->b->ops->copy(m->b, m->x, m->x + 1, 8); }
static void copy_in_null(misuse *m) { m->b->ops->copy_in(m->b, m->x, NULL, 4); }
static void pack_rows_with(misuse *m, int row0, int n, const void *rows) {
    lem_packed w;
    assert_int_equal(lem_packed_alloc(&w, m->b, 64, 1, LEM_DTYPE_BF16, NULL), LEM_OK);
    m->b->ops->pack_rows(m->b, row0, n, rows, &w);
}
static void pack_rows_of_device(misuse *m) { pack_rows_with(m, 0, 32, m->x); }
static void pack_rows_odd(misuse *m) { pack_rows_with(m, 0, 32, (const char *)m->host + 1); }
static void pack_rows_amid(misuse *m) { pack_rows_with(m, 16, 32, m->host); }
static void pack_rows_few(misuse *m) { pack_rows_with(m, 0, 31, m->host); }
static void pack_rows_past(misuse *m) { pack_rows_with(m, 64, 32, m->host); }
static void packed_on_device(misuse *m) {
    m->b->ops->linear(m->b, 1, m->x, (const lem_packed *)(const void *)m->y, NULL, m->y, false);
}
static void gather_past(misuse *m) {
    int32_t *rows = put_numbers(m->t, 11, 1, 11);
    m->b->ops->gather(m->b, 2, 10, rows + 9, m->x, LEM_DTYPE_F32, m->y);
}
static void gather_below(misuse *m) {
    m->b->ops->gather(m->b, 1, 10, room(m->t, 4), m->x, LEM_DTYPE_F32, m->y);
}
static void rope_past(misuse *m) {
    m->b->ops->rope(m->b, 11, 1, 2, m->x, put_numbers(m->t, 51, 1, 51) + 40, m->y, false);
}
static void target_past(misuse *m) {
    m->b->ops->logprob(m->b, 10, 9, m->x, put_numbers(m->t, 10, 1, 10), m->y, NULL);
}
static void xent_past(misuse *m) {
    m->b->ops->softmax_xent_grad(m->b, 10, 9, m->x, put_numbers(m->t, 10, 1, 10), m->y, m->y);
}
static void attend(misuse *m, line *l) {
    bench *t = m->t;
    m->b->ops->attention(m->b, &l->plan, l->H, l->KH, l->E, 1, put_random(t, l->nq, 1), l->layer, &l->kv,
                         room(t, l->nq * sizeof(float)), NULL);
}
static void plan_short(misuse *m) {
    line l = put_line(m->t, 40, 2);
    l.plan.n_rows++;
    attend(m, &l);
}
static void plan_host(misuse *m) {
    line l = put_line(m->t, 40, 2);
    lem_attn_tree tree = {0, 40, 0, 2, 40};
    l.plan.trees = &tree;
    attend(m, &l);
}
static void plan_on_device(misuse *m) {
    line l = put_line(m->t, 40, 2);
    const lem_attn_plan *plan = put(m->t, &l.plan, sizeof l.plan);
    m->b->ops->attention(m->b, plan, l.H, l.KH, l.E, 1, m->x, l.layer, &l.kv, m->y, NULL);
}
static void attend_backward(misuse *m, line *l) {
    m->b->ops->attention_backward(m->b, &l->plan, l->H, l->KH, l->E, 1, m->x, l->layer, &l->kv, m->x, m->x,
                                  m->x, m->y, m->y, m->y);
}
static void attend_tree(misuse *m, lem_attn_tree tree) {
    line l = put_line(m->t, 40, 2);
    m->b->ops->copy_in(m->b, (void *)(uintptr_t)l.plan.trees, &tree, sizeof tree);
    attend(m, &l);
}
static void tree_rows(misuse *m) { attend_tree(m, (lem_attn_tree){0, 41, 0, 2, 40}); }
static void tree_segs(misuse *m) { attend_tree(m, (lem_attn_tree){0, 40, 2, 1, 40}); }
static void attend_seg(misuse *m, lem_attn_seg seg, bool backward) {
    line l = put_line(m->t, 40, 2);
    m->b->ops->copy_in(m->b, (void *)(uintptr_t)l.plan.segs, &seg, sizeof seg);
    if (backward) attend_backward(m, &l);
    else attend(m, &l);
}
static void seg_rows(misuse *m) { attend_seg(m, (lem_attn_seg){0, 41, 0, 32, 0, 0}, false); }
static void seg_keys(misuse *m) { attend_seg(m, (lem_attn_seg){0, 40, 0, 33, 0, 0}, false); }
static void seg_pos(misuse *m) { attend_seg(m, (lem_attn_seg){0, 40, 0, 32, -1, 0}, false); }
static void seg_key_rows(misuse *m) { attend_seg(m, (lem_attn_seg){0, 40, 0, 32, 0, 9}, false); }
static void seg_no_rows(misuse *m) { attend_seg(m, (lem_attn_seg){0, 40, 0, 32, 0, -1}, true); }
static void kv_on_device(misuse *m) {
    line l = put_line(m->t, 40, 2);
    const lem_kv *kv = put(m->t, &l.kv, sizeof l.kv);
    m->b->ops->attention(m->b, &l.plan, l.H, l.KH, l.E, 1, m->x, l.layer, kv, m->y, NULL);
}
static void kv_null(misuse *m) {
    line l = put_line(m->t, 40, 2);
    l.kv.data = NULL;
    attend(m, &l);
}
static void slot_past(misuse *m) {
    line l = put_line(m->t, 1, 2);
    const int slot = LEM_PAGE_KEYS;
    m->b->ops->kv_write(m->b, 1, l.KH, l.E, m->x, m->x, l.page, put(m->t, &slot, sizeof slot), 1, &l.kv);
}
static void layer_past(misuse *m) {
    line l = put_line(m->t, 40, 2);
    l.layer = 2;
    attend(m, &l);
}
static void page_past(misuse *m) {
    line l = put_line(m->t, 40, 2);
    int page[40];
    for (int i = 0; i < 40; i++) page[i] = i == 39 ? 2 : 0;
    l.page = put(m->t, page, sizeof page);
    m->b->ops->kv_write(m->b, 40, l.KH, l.E, put_random(m->t, l.nk, 1), put_random(m->t, l.nk, 2), l.page,
                        l.slot, 1, &l.kv);
}
static void draw_past(misuse *m) {
    lem_draw draw = {.temperature = 1, .row = 10};
    m->b->ops->sample(m->b, 1, 10, m->x, put(m->t, &draw, sizeof draw), NULL, room(m->t, 4));
}
static void adamw_on_device(misuse *m) {
    m->b->ops->adamw(m->b, 1, m->x, m->x + 1, m->x + 2, m->x + 3, (const lem_adamw *)(const void *)m->y);
}
/* An operation of the inner backend that writes one element too many. */
static void relu_too_far(lem_backend *b, size_t n, float *x) {
    (void)b;
    for (size_t i = 0; i <= n; i++) x[i] = 0;
}
static void written_behind(misuse *m) {
    lem_backend *far;
    lem_backend_ops ops;
    pair p = pair_new(LEM_ISA_GENERIC, 0, 4096);
    bench t;
    ops = *p.inner->ops;
    ops.relu = relu_too_far;
    p.inner->ops = &ops;
    assert_int_equal(far_backend_new(p.inner, 4096, &far, NULL), LEM_OK);
    t = (bench){.b = far};
    far->ops->relu(far, N, room(&t, N * sizeof(float)));
    bench_clear(&t);
    (void)m;
}

static const struct {
    const char *name;
    void (*run)(misuse *m);
    int sig;
    const char *words;
} misuses[] = {
    {"read from outside", read_it, SIGSEGV, ""},
    {"written from outside", write_it, SIGSEGV, ""},
    {"host's array, written", host_array, SIGABRT, "far: add: x (0x"},
    {"host's array, read", host_array_read, SIGABRT, "far: add: y (0x"},
    {"host's row numbers", host_gather, SIGABRT, "far: gather: rows (0x"},
    {"host's packed weight", host_packed, SIGABRT, "far: linear: W (0x"},
    {"NULL", null_array, SIGABRT, "far: relu: x is NULL, 400 bytes expected"},
    {"one element too many", one_too_many, SIGABRT,
     "far: scale: x needs 404 bytes, but only 400 are left of the allocation of 400"},
    {"one element too far", one_too_far, SIGABRT, "far: sumsq: x needs 400 bytes, but only 396 are left"},
    {"one element before", before_it, SIGABRT, "far: scale: x (offset 508) lies in no live allocation"},
    {"two allocations", two_arrays, SIGABRT, "far: zero: p needs 516 bytes, but only 400 are left"},
    {"released", released, SIGABRT, "far: zero: p (offset 1024) lies in no live allocation"},
    {"released twice", released_twice, SIGABRT, "far: release: p (0x"},
    {"released by an inner address", release_inside, SIGABRT, "far: release: p (0x"},
    {"released, the host's", release_host, SIGABRT, "far: release: p (0x"},
    {"copy_in from the device", copy_in_from_device, SIGABRT, "far: copy_in: host (0x"},
    {"copy_in to the host", copy_in_to_host, SIGABRT, "far: copy_in: to (0x"},
    {"copy_out to the device", copy_out_to_device, SIGABRT, "far: copy_out: host (0x"},
    {"copy_out from the host", copy_out_from_host, SIGABRT, "far: copy_out: from (0x"},
    {"copy with overlap", copy_overlap, SIGABRT, "far: copy: to overlaps from"},
    {"pack_rows of the device", pack_rows_of_device, SIGABRT, "far: pack_rows: rows (0x"},
    {"copy_in from NULL", copy_in_null, SIGABRT, "far: copy_in: host is NULL, 4 bytes"},
    {"pack_rows, odd address", pack_rows_odd, SIGABRT, "far: pack_rows: rows has an odd address"},
    {"pack_rows amid a panel", pack_rows_amid, SIGABRT, "far: pack_rows: row0 is no multiple"},
    {"pack_rows, too few", pack_rows_few, SIGABRT, "far: pack_rows: n is not LEM_PACK_ROWS"},
    {"pack_rows past the end", pack_rows_past, SIGABRT, "far: pack_rows: n is not LEM_PACK_ROWS"},
    {"lem_packed on the device", packed_on_device, SIGABRT, "far: linear: W (0x"},
    {"target of a gradient past the vocabulary", xent_past, SIGABRT,
     "far: softmax_xent_grad: target is past"},
    {"tree with wrong rows", tree_rows, SIGABRT, "far: attention: plan->trees has wrong rows"},
    {"tree with wrong segments", tree_segs, SIGABRT, "far: attention: plan->trees has wrong segments"},
    {"segment with wrong rows", seg_rows, SIGABRT, "far: attention: plan->segs has wrong rows"},
    {"segment with too many keys", seg_keys, SIGABRT,
     "far: attention: plan->segs has a wrong number of keys"},
    {"segment below position 0", seg_pos, SIGABRT, "far: attention: plan->segs has a position below 0"},
    {"segment with keys past the rows", seg_key_rows, SIGABRT, "far: attention: plan->segs has keys past"},
    {"segment without rows", seg_no_rows, SIGABRT, "far: attention_backward: plan->segs has keys of no row"},
    {"lem_kv on the device", kv_on_device, SIGABRT, "far: attention: kv (0x"},
    {"lem_kv without data", kv_null, SIGABRT, "far: attention: kv->data is NULL"},
    {"slot past the page", slot_past, SIGABRT, "far: kv_write: slot is past the end of a page"},
    {"row past the table", gather_past, SIGABRT, "far: gather: from needs 440 bytes, but only 400 are left"},
    {"row below 0", gather_below, SIGABRT, "far: gather: rows has -1 at 0"},
    {"position past the table", rope_past, SIGABRT,
     "far: rope: cos_sin needs 408 bytes, but only 400 are left"},
    {"target past the vocabulary", target_past, SIGABRT, "far: logprob: target is past the vocabulary"},
    {"plan longer than its rows", plan_short, SIGABRT, "far: attention: plan->pos needs 164 bytes"},
    {"plan with the host's trees", plan_host, SIGABRT, "far: attention: plan->trees (0x"},
    {"plan on the device", plan_on_device, SIGABRT, "far: attention: plan (0x"},
    {"layer past the pages", layer_past, SIGABRT, "far: attention: kv->data needs"},
    {"page past the pages", page_past, SIGABRT, "far: kv_write: kv->data needs"},
    {"draw past the logits", draw_past, SIGABRT,
     "far: sample: logits needs 440 bytes, but only 400 are left"},
    {"lem_adamw on the device", adamw_on_device, SIGABRT, "far: adamw: o (0x"},
    {"written behind", written_behind, SIGABRT,
     "far: release: p of 400 bytes: an operation wrote byte 0 behind it"},
};

static void test_misuse(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(misuses); i++) {
        char text[1024];
        int sig = signal_of(misuses[i].run, (misuse){0}, text, sizeof text);
        if (sig != misuses[i].sig || !strstr(text, misuses[i].words))
            fail_msg("%s: signal %d, expected %d with \"%s\"; it said: %s", misuses[i].name, sig,
                     misuses[i].sig, misuses[i].words, text);
    }
}

static void leak(misuse *m) {
    m->b->ops->release(m->b, m->x);
    if (far_backend_free(m->b) == 1) abort();
}
static void leak_at_end(misuse *m) {
    lem_backend *b = NULL;
    bench t;
    (void)m;
    setenv("LEMMA_FAR", "1", 1);
    assert_int_equal(far_or_plain(LEM_ISA_GENERIC, NULL, &b, NULL), LEM_OK);
    t = (bench){.b = b};
    room(&t, 77);
    far_or_plain_free(b);
}
static void test_leak(void **state) {
    (void)state;
    char text[1024];
    assert_int_equal(signal_of(leak, (misuse){0}, text, sizeof text), SIGABRT);
    assert_string_equal(text, "far: an allocation of 400 bytes was never released\n");
    assert_int_equal(signal_of(leak_at_end, (misuse){0}, text, sizeof text), SIGABRT);
    assert_non_null(strstr(text, "far: an allocation of 77 bytes was never released\n"));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_misuse), cmocka_unit_test(test_leak)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
