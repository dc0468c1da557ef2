/* test_bad_rows - kind and field of a row left out, by what our errors say */
#include "../checks.h"

#include "core/file.h"
#include "data/bad_rows.h"
#include "../../support/workdir.h"

#include <stdlib.h>
#include <unistd.h>

static const struct {
    const char *error, *kind, *field; /* field NULL: none is named */
} cases[] = {
    {"JSON line 1 column 7: unexpected token near 'x'", "not JSON", NULL},
    {"the row must be a JSON object", "not JSON", NULL},
    {"field 'rm_score': NaN is not JSON (Python writes it); null stands for no number", "NaN or Infinity",
     "rm_score"},
    {"field 'a b' is missing, which most rows have", "missing field", "a b"},
    {"no field 'problem'; name it with --map problem=FIELD", "missing field", "problem"},
    {"expected_answer: no column 'gold' in this row", "missing field", "gold"},
    {"rm_score[12]: one number expected, found string", "wrong type", "rm_score"},
    {"x[1][2]: one number expected, found string", "wrong type", "x"},
    {"label.steps: a list expected, found null", "wrong type", "label.steps"},
    {"rm_score: 2 values for 1 candidates", "different lengths", "rm_score"},
    {"rm_score[: odd", "other", NULL},
    {"3 responses but 2 labels", "different lengths", NULL},
    {"it: failed", "other", "it"},
    {": none", "other", NULL},
    {"field 'never closed", "other", NULL},
};

static void kinds_and_fields(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lem_bad_rows *b = lem_bad_rows_new("/tmp", &err);
        lem_err why = LEM_ERR_INIT;
        lem_json *row = NULL;
        assert_non_null(b);
        (void)lem_fail(&why, LEM_EDATA, "f.jsonl:7: %s", cases[i].error); /* the place is no part of it */
        OK(lem_bad_rows_add(b, "f.jsonl", 7, &why, &err));
        OK(lem_bad_rows_add(b, "f.jsonl", 7, &why, &err));
        assert_int_equal(lem_bad_rows_count(b), 1);
        OK(lem_skipped_save(lem_bad_rows_list(b), "list", false, &err));
        OK(lem_json_load("list", 4096, &row, &err));
        assert_string_equal(lem_json_str(lem_json_get(row, "kind"), ""), cases[i].kind);
        assert_string_equal(lem_json_str(lem_json_get(row, "error"), ""), cases[i].error);
        const char *field = lem_json_str(lem_json_get(row, "field"), NULL);
        if (!cases[i].field) assert_null(field);
        else if (!field) fail_msg("no field in: %s", cases[i].error);
        else assert_string_equal(field, cases[i].field);
        assert_string_equal(lem_bad_rows_shown(b, 0), why.text);
        assert_null(lem_bad_rows_shown(b, 1));
        lem_json_free(row);
        lem_bad_rows_free(b);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(kinds_and_fields)};
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
