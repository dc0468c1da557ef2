/* test_err - error texts: one line, bounded, prefixed, aliased arguments */
#include "support.h"

#include "core/utf8.h"

#include <errno.h>

static void one_line(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    assert_int_equal(lem_fail(&err, LEM_EDATA, "a\nb\x1b%s\x7f", "c"), LEM_EDATA);
    assert_string_equal(err.text, "a?b?c?");
    assert_int_equal(err.status, LEM_EDATA);
    assert_int_equal(lem_fail(NULL, LEM_EIO, "x"), LEM_EIO);
}

static void context(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    (void)lem_fail(&err, LEM_EMEM, "inner");
    assert_int_equal(lem_err_context(&err, "file %d", 7), LEM_EMEM);
    assert_string_equal(err.text, "file 7: inner");
    (void)lem_fail(&err, LEM_EDATA, "again: %s", err.text);
    assert_string_equal(err.text, "again: file 7: inner");
    (void)lem_err_context(&err, "%s", err.text);
    assert_string_equal(err.text, "again: file 7: inner: again: file 7: inner");
}

static void with_errno(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    errno = ENOSPC;
    assert_int_equal(lem_fail_errno(&err, LEM_EIO, "cannot write '%s'", "f"), LEM_EIO);
    assert_string_equal(err.text, "cannot write 'f': No space left on device");
    assert_int_equal(errno, ENOSPC);
}

/* Whatever the length, the text is cut between code points and says so. */
static void too_long(void **state) {
    (void)state;
    char text[3001];
    for (size_t pad = 0; pad < 4; pad++) {
        size_t n = pad;
        memset(text, 'x', pad);
        for (; n + 2 <= sizeof text - 1; n += 2) memcpy(text + n, "\xC3\xA9", 2);
        text[n] = '\0';
        lem_err err = LEM_ERR_INIT;
        (void)lem_fail(&err, LEM_EDATA, "%s", text);
        size_t len = strlen(err.text);
        assert_in_range(len, sizeof err.text - 6, sizeof err.text - 1);
        assert_string_equal(err.text + len - 3, "\xE2\x80\xA6");
        assert_true(lem_utf8_valid(err.text, len));
        (void)lem_err_context(&err, "%s", text);
        assert_true(lem_utf8_valid(err.text, strlen(err.text)));
    }
    lem_err err = LEM_ERR_INIT;
    text[sizeof err.text - 1] = '\0';
    memset(text, 'y', sizeof err.text - 1);
    (void)lem_fail(&err, LEM_EDATA, "%s", text);
    assert_string_equal(err.text, text);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(one_line), cmocka_unit_test(context),
                                       cmocka_unit_test(with_errno), cmocka_unit_test(too_long)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
