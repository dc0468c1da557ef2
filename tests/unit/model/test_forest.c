/* test_forest - rows, positions, and the depth-first rule */
#include "support.h"
#include "model/forest.h"

static void rows_and_positions(void **state) {
    (void)state;
    lem_forest f = {0};
    const int32_t ids[] = {5, 6, 7};
    int root, a, b, c;
    OK(lem_forest_add(&f, -1, ids, 3, &root, &err));
    OK(lem_forest_add(&f, root, NULL, 0, &a, &err));
    OK(lem_forest_add(&f, a, ids, 2, &b, &err));
    OK(lem_forest_add(&f, root, ids + 2, 1, &c, &err));
    OK(lem_forest_add(&f, -1, ids, 1, NULL, &err));
    assert_int_equal(f.n_rows, 7);
    assert_int_equal(f.n_nodes, 5);
    static const int pos[] = {0, 1, 2, 3, 4, 3, 0};
    assert_memory_equal(f.pos, pos, sizeof pos);
    assert_int_equal(f.nodes[b].pos0, 3);
    assert_int_equal(f.nodes[c].row0, 5);
    assert_int_equal(f.ids[5], 7);
    lem_forest_clear(&f);
    assert_int_equal(f.n_rows, 0);
    OK(lem_forest_add(&f, -1, ids, 3, &root, &err));
    assert_int_equal(root, 0);
    lem_forest_release(&f);
    lem_forest_release(&f);
}

static void order(void **state) {
    (void)state;
    lem_forest f = {0};
    const int32_t ids[] = {1};
    int root, a, b;
    OK(lem_forest_add(&f, -1, ids, 1, &root, &err));
    OK(lem_forest_add(&f, root, ids, 1, &a, &err));
    OK(lem_forest_add(&f, root, ids, 1, &b, &err));
    FAILS(lem_forest_add(&f, a, ids, 1, NULL, &err), LEM_EUSAGE, "depth-first");
    FAILS(lem_forest_add(&f, 3, ids, 1, NULL, &err), LEM_EUSAGE, "forest");
    FAILS(lem_forest_add(&f, -2, ids, 1, NULL, &err), LEM_EUSAGE, "forest");
    FAILS(lem_forest_add(&f, root, ids, -1, NULL, &err), LEM_EUSAGE, "forest");
    assert_int_equal(f.n_nodes, 3);
    OK(lem_forest_add(&f, -1, ids, 1, NULL, &err));
    FAILS(lem_forest_add(&f, b, ids, 1, NULL, &err), LEM_EUSAGE, "depth-first");
    lem_forest_release(&f);
}

static void growth(void **state) {
    (void)state;
    lem_forest f = {0};
    int32_t ids[5000];
    for (int i = 0; i < 5000; i++) ids[i] = i;
    for (int i = 0; i < 300; i++) OK(lem_forest_add(&f, -1, ids, i, NULL, &err));
    OK(lem_forest_add(&f, -1, ids, 5000, NULL, &err));
    assert_int_equal(f.n_rows, 299 * 300 / 2 + 5000);
    assert_int_equal(f.ids[f.n_rows - 1], 4999);
    assert_int_equal(f.pos[f.n_rows - 1], 4999);
    int rows = f.n_rows;
    for (uint64_t k = 1; k <= 2; k++) {
        lem_forest g = {0};
        lem_mem_fail_after(k, false);
        lem_status st = lem_forest_add(&g, -1, ids, 10, NULL, &err);
        lem_mem_fail_after(0, false);
        assert_int_equal(st, LEM_EMEM);
        assert_int_equal(g.n_rows, 0);
        lem_forest_release(&g);
    }
    assert_int_equal(f.n_rows, rows);
    lem_forest_release(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(rows_and_positions), cmocka_unit_test(order),
                                       cmocka_unit_test(growth)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
