/* test_object - members in order, NULL as null, and one failure at the end for any value that is missing */
#include "core/object.h"

#include "support.h"

static lem_json *build(void) {
    lem_object o = lem_object_new();
    lem_object_str(&o, "text", "a");
    lem_object_str(&o, "none", NULL);
    lem_object_int(&o, "n", 7);
    lem_object_num(&o, "x", 0.5);
    lem_object_bool(&o, "yes", true);
    lem_object_json(&o, "list", lem_json_new_array());
    lem_object_range(&o, "range", -0.5, 2);
    return lem_object_done(&o);
}

static void members_in_order(void **state) {
    (void)state;
    lem_buf b = {0};
    lem_json *o = build();
    assert_non_null(o);
    lem_json_write(o, 0, &b);
    assert_string_equal(
        lem_buf_str(&b),
        "{\"text\":\"a\",\"none\":null,\"n\":7,\"x\":0.5,\"yes\":true,\"list\":[],\"range\":[-0.5,2.0]}");
    lem_buf_release(&b);
    lem_json_free(o);
}

static void a_missing_value_fails_the_object(void **state) {
    (void)state;
    lem_object o = lem_object_new();
    lem_object_json(&o, "gone", NULL);
    lem_object_int(&o, "n", 1);
    assert_null(lem_object_done(&o));
    assert_null(o.json);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(members_in_order),
                                       cmocka_unit_test(a_missing_value_fails_the_object)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
