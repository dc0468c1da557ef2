/* test_log - levels, whole lines, the bar on a terminal and the lines elsewhere, from several threads */
#include "support.h"

#include "core/log.h"

#include <pthread.h>

static char *log_text(void **state, size_t *n) { return get_file(in_folder(state, "log"), n); }

static lem_log *open_log(void **state, FILE **f, bool terminal, int level) {
    lem_err err = LEM_ERR_INIT;
    *f = fopen(in_folder(state, "log"), "w");
    assert_non_null(*f);
    lem_log *l = lem_log_new(fileno(*f), terminal, level, &err);
    assert_non_null(l);
    return l;
}

static void levels(void **state) {
    static const char *const wanted[] = {"", "warning: w 1\n", "warning: w 1\ni?2\n",
                                         "warning: w 1\ni?2\ndebug: d\n"};
    for (int level = 0; level < 4; level++) {
        FILE *f;
        size_t n;
        lem_log *l = open_log(state, &f, false, level);
        lem_warn(l, "w %d", 1);
        lem_info(l, "i\n%d", 2);
        lem_debug(l, "d");
        lem_log_free(l);
        fclose(f);
        char *text = log_text(state, &n);
        assert_string_equal(text, wanted[level]);
        free(text);
    }
    lem_warn(NULL, "silent");
    assert_null(lem_progress_new(NULL, "t", "u", 1, 0));
    lem_progress_add(NULL, 1);
    lem_progress_note(NULL, "x");
    lem_progress_free(NULL);
    lem_log_free(NULL);
}

static void closing_line(void **state) {
    FILE *f;
    size_t n;
    lem_log *l = open_log(state, &f, false, 2);
    lem_progress *p = lem_progress_new(l, "training", "steps", 10, 4);
    for (int i = 0; i < 6; i++) lem_progress_add(p, 1);
    lem_progress_note(p, "loss %.2f", 1.5);
    lem_progress_free(p);
    p = lem_progress_new(l, "other", "rows", 10, 0);
    lem_progress_add(p, 3);
    lem_progress_free(p);
    lem_log_free(l);
    fclose(f);
    char *text = log_text(state, &n);
    assert_has(text, "training: 10 steps in 0:00 (");
    assert_has(text, "loss 1.50\n");
    assert_has(text, "other: 3 of 10 rows in 0:00");
    assert_null(strchr(text, '\r'));
    free(text);
}

static void terminal_bar(void **state) {
    FILE *f;
    size_t n;
    lem_log *l = open_log(state, &f, true, 2);
    lem_progress *p = lem_progress_new(l, "sampling", "tokens", 100, 0);
    for (int i = 0; i < 50; i++) lem_progress_add(p, 1);
    usleep(120000);
    lem_progress_add(p, 1);
    lem_info(l, "a message");
    lem_progress_free(p);
    lem_log_free(l);
    fclose(f);
    char *text = log_text(state, &n);
    assert_has(text, "\rsampling [>");
    assert_has(text, " 51% 51/100 tokens");
    assert_has(text, "ETA 0:00");
    assert_has(
        text,
        "\r\033[Ka message\n\rsampling ["); /* the bar is wiped for a message and drawn again below it */
    assert_has(text, "\r\033[Ksampling: 51 of 100 tokens in 0:00");
    int draws = 0;
    for (const char *s = text; (s = strstr(s, "\rsampling [")); s++) draws++;
    assert_in_range(draws, 3, 4); /* 51 steps, but at most ten redraws a second */
    free(text);
}

static void *shout(void *arg) {
    lem_progress *p = arg;
    for (int i = 0; i < 1000; i++) {
        lem_progress_add(p, 1);
        lem_progress_note(p, "at %d", i);
    }
    return NULL;
}

static void threads(void **state) {
    FILE *f;
    size_t n;
    pthread_t t[4];
    lem_log *l = open_log(state, &f, true, 2);
    lem_progress *p = lem_progress_new(l, "job", "rows", 4000, 0);
    for (int i = 0; i < 4; i++) assert_int_equal(pthread_create(&t[i], NULL, shout, p), 0);
    for (int i = 0; i < 4; i++) pthread_join(t[i], NULL);
    lem_progress_free(p);
    lem_log_free(l);
    fclose(f);
    char *text = log_text(state, &n);
    assert_has(text, "job: 4000 rows in");
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {folder_test(levels), folder_test(closing_line),
                                       folder_test(terminal_bar), folder_test(threads)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
