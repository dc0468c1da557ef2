/* test_duration.c - spans of time as they are written and told */
#include "../checks.h"
#include "job/duration.h"

static void are_read(void **state) {
    (void)state;
    static const struct {
        const char *text;
        double seconds;
    } good[] = {{"45s", 45},     {"90m", 5400},  {"8h", 28800}, {"2d", 172800},
                {"1h30m", 5400}, {"0.5h", 1800}, {"12", 12}};
    static const char *const bad[] = {"",     "8x",  "h",    "-3h",   "0",   "0s",  "1m1h",
                                      "1h1h", "3 h", "1e3s", "2000d", "8h!", "inf", "nan"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        double s = -1;
        OK(lem_duration_parse(good[i].text, "--budget", &s, &err));
        assert_true(s == good[i].seconds);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        double s = -1;
        if (lem_duration_parse(bad[i], "--budget", &s, &err) != LEM_EUSAGE) fail_msg("'%s' was read", bad[i]);
        assert_non_null(strstr(err.text, "--budget"));
    }
}

static void are_told(void **state) {
    (void)state;
    static const struct {
        double seconds;
        const char *text;
    } cases[] = {{0.5, "0.5 seconds"},
                 {90, "90 seconds"},
                 {150, "2.5 minutes"},
                 {11520, "3.2 hours"},
                 {432000, "5 days"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[LEM_DURATION_TEXT];
        lem_duration_text(cases[i].seconds, text);
        assert_string_equal(text, cases[i].text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(are_read), cmocka_unit_test(are_told)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
