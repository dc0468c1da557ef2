/* test_log - levels, whole lines, the bar on a terminal and the lines elsewhere, from several threads */
#include "support.h"

#include "core/log.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/ioctl.h>

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

/* Both written to one file: what was printed first stands first, also before a closing line. */
static void in_order(void **state) {
    FILE *f;
    size_t n;
    lem_err err = LEM_ERR_INIT;
    lem_log_free(open_log(state, &f, false, 2));
    lem_log *l = lem_log_new(fileno(f), false, 2, &err);
    lem_log_beside(l, f);
    fputs("table\n", f);
    lem_info(l, "said");
    lem_progress *p = lem_progress_new(l, "work", "rows", 1, 0);
    fputs("row\n", f);
    lem_progress_free(p);
    fputs("end\n", f);
    lem_log_free(l);
    fclose(f);
    char *text = log_text(state, &n), *closing = strstr(text, "work: ");
    assert_true(strncmp(text, "table\nsaid\nrow\nwork: ", 21) == 0);
    assert_non_null(closing);
    assert_string_equal(strchr(closing, '\n'), "\nend\n");
    free(text);
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

/* What a terminal of that width shows last while a job runs: its line, without the codes that draw it. */
static void last_line(int columns, const char *title, uint64_t total, const char *note, char out[256]) {
    lem_err err = LEM_ERR_INIT;
    struct winsize size = {.ws_row = 24, .ws_col = (unsigned short)columns};
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
    int fd = open(ptsname(master), O_RDWR | O_NOCTTY);
    assert_true(fd >= 0);
    assert_int_equal(ioctl(fd, TIOCSWINSZ, &size), 0);
    lem_log *l = lem_log_new(fd, true, 2, &err);
    lem_progress *p = lem_progress_new(l, title, "problems", total, 0);
    lem_progress_note(p, "%s", note);
    usleep(110000);
    lem_progress_add(p, 3200);
    char text[4096] = "";
    /* Two draws; what is written comes in pieces. */
    for (size_t have = 0; strchr(text, '\r') == strrchr(text, '\r') || text[have - 1] != 'K';) {
        ssize_t n = read(master, text + have, sizeof text - 1 - have);
        assert_true(n > 0);
        text[have += (size_t)n] = '\0';
    }
    char *at = strrchr(text, '\r');
    assert_non_null(at);
    snprintf(out, 256, "%s", at + 1);
    assert_non_null(strstr(out, "\033[K"));
    *strstr(out, "\033[K") = '\0';
    lem_progress_free(p);
    lem_log_free(l);
    close(fd);
    close(master);
}

static int bar_cells(const char *line) {
    const char *from = strchr(line, '['), *to = strchr(line, ']');
    return from && to ? (int)(to - from) - 1 : 0;
}

/* About 29000 problems a second, half done. */
static void widths(void **state) {
    static const struct {
        int columns;
        const char *note;
        int least, most; /* cells of the bar */
        bool units, note_shown;
    } cases[] = {{120, "12345 tokens/s", 24, 24, true, true}, {120, "", 24, 24, true, true},
                 {80, "12345 tokens/s", 0, 0, true, true},    {80, "", 17, 22, true, true},
                 {60, "12345 tokens/s", 0, 0, false, true},   {60, "", 0, 0, true, true},
                 {40, "12345 tokens/s", 0, 0, false, false},  {40, "", 0, 0, false, true}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char line[256];
        last_line(cases[i].columns, "sample", 6400, cases[i].note, line);
        assert_true(strlen(line) < (size_t)cases[i].columns);
        assert_has(line, " 50%");
        assert_has(line, "/s, ETA 0:00");
        assert_in_range(bar_cells(line), cases[i].least, cases[i].most);
        assert_int_equal(strstr(line, "3200/6400 problems, ") != NULL, cases[i].units);
        assert_int_equal(strstr(line, " problems/s") != NULL, cases[i].units);
        if (cases[i].note[0]) assert_int_equal(strstr(line, ", 12345 tokens/s") != NULL, cases[i].note_shown);
    }
    char line[256]; /* what no form has room for is cut, and never wraps */
    last_line(40, "2 problems/s in a title longer than the whole terminal", 6400, "", line);
    assert_int_equal(strlen(line), 39);
    last_line(40, "no total is known", 0, "loss 1.2345", line);
    assert_has(line, "no total is known 3200, ");
    assert_true(strlen(line) < 40);
}

static void singular(void **state) {
    static const struct {
        uint64_t done, total;
        const char *text;
    } cases[] = {{1, 1, "job: 1 problem in"},      {1, 0, "job: 1 problem in"},
                 {0, 1, "job: 0 of 1 problem in"}, {1, 2, "job: 1 of 2 problems in"},
                 {10, 10, "job: 10 problems in"},  {0, 0, "job: 0 problems in"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        FILE *f;
        size_t n;
        lem_log *l = open_log(state, &f, false, 2);
        lem_progress *p = lem_progress_new(l, "job", "problems", cases[i].total, 0);
        lem_progress_add(p, cases[i].done);
        lem_progress_free(p);
        lem_log_free(l);
        fclose(f);
        char *text = log_text(state, &n);
        assert_has(text, cases[i].text);
        free(text);
    }
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

/* What is left by time leads bar, share and ETA, from the first word of it. */
static void time_left(void **state) {
    FILE *f;
    size_t n;
    lem_log *l = open_log(state, &f, true, 2);
    lem_progress *p = lem_progress_new(l, "sample", "candidates", 100, 0);
    lem_progress_left(p, 1e6);
    usleep(120000);
    lem_progress_left(p, 3723);
    char *text = log_text(state, &n);
    const char *last = strrchr(text, '\r');
    assert_non_null(strstr(last, "  0% 0/100 candidates, ETA 1:02:03"));
    free(text);
    lem_progress_free(p);
    lem_log_free(l);
    fclose(f);
}

/* Half of the second quarter of a command that is the third of 24 stages. */
static lem_progress *half_of_a_quarter(lem_log *l) {
    lem_log_within(l, "3/24", 3600);
    lem_progress *p = lem_progress_new(l, "scoring", "rows", 0, 0);
    lem_progress_part(p, 0.25, 0.5);
    usleep(400000);
    lem_progress_share(p, 0.5);
    return p;
}

static void shares(void **state) {
    FILE *f;
    size_t n;
    lem_log *l = open_log(state, &f, true, 2);
    lem_progress *p = half_of_a_quarter(l);
    char *text = log_text(state, &n);
    const char *last = strrchr(text, '\r');
    assert_has(last, "\r[3/24] scoring [============>           ]");
    assert_has(last, "]  50% 0 rows, ETA 0:02, all 1:00:02"); /* 0.4 s, and twice the 0.8 of this quarter */
    free(text);
    lem_progress_free(p);
    lem_log_free(l);
    fclose(f);
}

static void outlook_of(lem_log *l) {
    assert_non_null(l);
    assert_true(lem_log_outlook(l).left < 0);
    assert_true(lem_log_outlook(l).began == 0);
    lem_warn(l, "not seen");
    lem_progress *p = half_of_a_quarter(l);
    lem_outlook o = lem_log_outlook(l);
    assert_true(o.began > 0);
    assert_true(o.share > 0.37 && o.share < 0.38);
    assert_true(o.left > 1.8 && o.left < 4);
    lem_progress_share(p, 1);
    lem_progress_free(p);
    o = lem_log_outlook(l);
    assert_true(o.share > 0.499 && o.share < 0.501);
    assert_true(o.left > 0.7 && o.left < 2); /* twice the second quarter, which is over */
    p = lem_progress_new(l, "steps", "steps", 4, 0);
    lem_progress_add(p, 4);
    lem_progress_free(p);
    assert_true(lem_log_outlook(l).left == 0);
    assert_true(lem_log_outlook(l).share == 1);
    lem_log_free(l);
}

/* Whether it shows anything or not. */
static void outlook(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    FILE *f = tmpfile();
    assert_non_null(f);
    outlook_of(lem_log_new_silent(&err));
    outlook_of(lem_log_new(fileno(f), false, 2, &err));
    fclose(f);
    assert_true(lem_log_outlook(NULL).left < 0);
}

/* What is known of time stays where even the title has no room. */
static void long_titles(void **state) {
    (void)state;
    static const int columns[] = {40, 30, 24};
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        char line[256];
        last_line(columns[i], "a-stage-with-a-name-longer-than-terminals-are", 6400, "", line);
        assert_true(strlen(line) < (size_t)columns[i]);
        assert_has(line, " 50%");
        assert_has(line, ", ETA 0:00");
        assert_true(line[0] == 'a');
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        folder_test(levels),   folder_test(closing_line), folder_test(terminal_bar), folder_test(widths),
        folder_test(singular), folder_test(threads),      folder_test(time_left),    folder_test(shares),
        folder_test(in_order), folder_test(outlook),      folder_test(long_titles)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
