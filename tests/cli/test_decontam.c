/* test_decontam.c - data decontam from outside: every decision on the shared sets as the brute force of
 * tools/golden/decontam.py takes it, domains, parts, allow list, side files, threads, wrong input */
#include "core/buf.h"
#include "core/file.h"
#include "core/json.h"
#include "../support/jsonl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define GOLDEN LEMMA_TEST_DATA "/decontam/"

static char dir[] = "/tmp/lemma-decontam-XXXXXX";

static int set_up(void **state) {
    (void)state;
    return mkdtemp(dir) && chdir(dir) == 0 ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    return chdir("/") == 0 && lem_dir_remove(dir, &err) == LEM_OK ? 0 : -1;
}

static void put(const char *path, const char *text) {
    lem_err err = LEM_ERR_INIT;
    if (lem_file_write_atomic(path, text, strlen(text), &err) != LEM_OK) fail_msg("%s", err.text);
}

static char *said(void) { /* what the last call wrote to its error stream; borrowed */
    static lem_buf text;
    lem_err err = LEM_ERR_INIT;
    lem_buf_clear(&text);
    assert_int_equal(lem_file_read("err.txt", 1 << 20, &text, &err), LEM_OK);
    return text.data;
}

/* The object that `data decontam WORDS --json` prints; NULL where it ends with another status than 0. */
static lem_json *decontam(const char *words, int status) {
    char line[2048];
    lem_buf text = {0};
    lem_json *o = NULL;
    lem_err err = LEM_ERR_INIT;
    snprintf(line, sizeof line, LEMMA_BINARY " data decontam %s --json --overwrite 2>err.txt </dev/null",
             words);
    FILE *f = popen(line, "r");
    assert_non_null(f);
    for (int c; (c = getc(f)) != EOF;) lem_buf_putc(&text, (char)c);
    int raw = pclose(f), got = WIFEXITED(raw) ? WEXITSTATUS(raw) : 128;
    if (got != status) fail_msg("%s: status %d, said %s", line, got, said());
    if (status == 0) assert_int_equal(lem_json_parse(lem_buf_str(&text), text.len, &o, &err), LEM_OK);
    lem_buf_release(&text);
    return o;
}

static int64_t number(const lem_json *o, const char *path) {
    return lem_json_int(lem_json_find(o, path), -1);
}

static int64_t dropped(const lem_json *o, const char *why) {
    return lem_json_int(lem_json_get(lem_json_get(o, "dropped"), why), 0);
}

static void same_files(const char *a, const char *b) {
    char line[256];
    snprintf(line, sizeof line, "cmp %s %s", a, b);
    if (system(line) != 0) fail_msg("%s and %s differ", a, b);
}

/* ---- the shared sets ---- */

static const char *data_dir(void) {
    const char *data = getenv("LEMMA_DATA");
    return data && lem_file_is_dir(data) ? data : NULL;
}

static const char *line_of(const lem_json *match, const char *which) {
    const char *colon = strrchr(lem_json_str(lem_json_get(match, which), ":"), ':');
    return colon + 1;
}

/* The matches of an audit as the lines of the brute force. */
static void write_decisions(const char *audit, const char *to) {
    lem_err err = LEM_ERR_INIT;
    lem_lines *rows = NULL;
    lem_buf out = {0};
    assert_int_equal(lem_lines_open(audit, 0, &rows, &err), LEM_OK);
    for (;;) {
        lem_json *m = NULL;
        assert_int_equal(jsonl_next(rows, &m, &err), LEM_OK);
        if (!m) break;
        if (lem_json_get(m, "train"))
            lem_buf_printf(&out, "%s\t%s\t%s\t%d\t%d\n", line_of(m, "train"), line_of(m, "test"),
                           lem_json_str(lem_json_get(m, "rule"), "?"), (int)number(m, "ngrams"),
                           (int)number(m, "lcs"));
        lem_json_free(m);
    }
    lem_lines_close(rows);
    put(to, lem_buf_str(&out));
    lem_buf_release(&out);
}

static lem_json *shared_set(const char *benchmark, const char *train, const char *rule) {
    char words[1024], golden[512];
    snprintf(words, sizeof words, "%s/bench/%s --against %s --rule %s --out kept.jsonl --audit audit.jsonl",
             data_dir(), train, benchmark, rule);
    lem_json *o = decontam(words, 0);
    snprintf(golden, sizeof golden, GOLDEN "%s-%s.tsv", benchmark, rule);
    write_decisions("audit.jsonl", "decisions.tsv");
    same_files("decisions.tsv", golden);
    return o;
}

static void shared_sets(void **state) {
    (void)state;
    static const struct {
        const char *benchmark, *train, *rule;
        int equal, test_rows, sharing, dropped;
    } sets[] = {
        {"math500", "math/math_train7500.jsonl.gz", "acemath", 1, 58, 172, 79},
        {"gsm8k", "gsm8k/train.jsonl.gz", "acemath", 0, 3, 4, 3},
        {"aime24", "rl_train/aime_1983_2023.json.gz", "acemath", 0, 9, 167, 1},
        {"math500", "math/math_train7500.jsonl.gz", "lemma", 1, 64, 172, 93},
        {"gsm8k", "gsm8k/train.jsonl.gz", "lemma", 0, 4, 4, 4},
        {"aime24", "rl_train/aime_1983_2023.json.gz", "lemma", 0, 7, 110, 0},
    };
    if (!data_dir()) skip();
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        lem_json *o = shared_set(sets[i].benchmark, sets[i].train, sets[i].rule);
        assert_int_equal(number(o, "against.0.rows_equal"), sets[i].equal);
        assert_int_equal(number(o, "against.0.test_rows_matched"), sets[i].test_rows);
        assert_int_equal(number(o, "against.0.rows_sharing"), sets[i].sharing);
        assert_int_equal(number(o, "against.0.rows_dropped"), sets[i].dropped);
        assert_int_equal(number(o, "rows") - number(o, "kept"), sets[i].dropped);
        lem_json_free(o);
    }
}

/* The training halves of two of Qwen's pairs are in MATH; their test halves are written here. */
static void qwen_pairs_in_math(void **state) {
    (void)state;
    char words[1024];
    if (!data_dir()) skip();
    put("qwen.jsonl", "{\"id\":\"terminate\",\"problem\":\"For how many integer values of $n$ between 1 and "
                      "1000 inclusive does "
                      "the decimal representation of $\\\\frac{n}{1375}$ terminate?\"}\n"
                      "{\"id\":\"krista\",\"problem\":\"Krista put 1 cent into her new bank on a Sunday "
                      "morning.  On Monday she put "
                      "2 cents into her bank.  On Tuesday she put 4 cents into her bank, and she continued "
                      "to double the amount of "
                      "money she put into her bank each day for two weeks.  On what day of the week did the "
                      "total amount of money "
                      "in her bank first exceed $\\\\$5$?\"}\n");
    put("eight.jsonl",
        "{\"problem\":\"What is the remainder when $1 + 2 + 3 + 4 + \\\\dots + 9 + 10$ is divided by "
        "8?\",\"answer\":\"7\"}\n");
    for (int k = 0; k < 2; k++) {
        const char *rule = k ? "lemma" : "acemath";
        snprintf(words, sizeof words,
                 "%s/bench/math/math_train7500.jsonl.gz --against qwen.jsonl --rule %s --out q.jsonl --audit "
                 "q.audit "
                 "--dropped q.dropped",
                 data_dir(), rule);
        lem_json *o = decontam(words, 0);
        assert_int_equal(dropped(o, "contaminated by qwen.jsonl (ngram+lcs)"), 2);
        assert_int_equal(system("grep -c krista q.audit >/dev/null && grep -c terminate q.audit >/dev/null"),
                         0);
        lem_json_free(o);
        snprintf(words, sizeof words, "eight.jsonl --against math500 --rule %s --out e.jsonl", rule);
        o = decontam(words, 0);
        assert_int_equal(number(o, "kept"), 0);
        lem_json_free(o);
    }
}

/* ---- small files ---- */

#define TEN "one two three four five six seven eight nine ten "
#define RUN TEN "eleven twelve thirteen "

static void domains(void **state) {
    (void)state;
    static const struct {
        const char *domain;
        int kept;
    } cases[] = {{"field", 3}, {"math", 4}, {"other", 1}};
    put("t.jsonl", "{\"problem\":\"" RUN "and the test goes on here\"}\n");
    put("d.jsonl", "{\"problem\":\"" RUN TEN "a b c d e f g h i j\",\"domain\":\"math\"}\n"
                   "{\"problem\":\"" RUN TEN "a b c d e f g h i j\",\"domain\":\"code\"}\n"
                   "{\"problem\":\"" RUN TEN "a b c d e f g h i j\"}\n"
                   "{\"problem\":\"" TEN "\",\"domain\":\"code\"}\n");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char words[256];
        snprintf(words, sizeof words, "d.jsonl --against t.jsonl --domain %s --out k.jsonl", cases[i].domain);
        lem_json *o = decontam(words, 0);
        assert_int_equal(number(o, "kept"), cases[i].kept);
        assert_int_equal(number(o, "matches"), 3);
        lem_json_free(o);
    }
}

static void side_files(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    lem_lines *rows = NULL;
    lem_json *row = NULL;
    lem_buf page = {0};
    put("t.jsonl", "{\"id\":\"T\",\"problem\":\"" RUN "<b>\"}\n");
    put("d.jsonl", "{\"id\":7,\"problem\":\"" RUN "<i>\",\"x\":1}\n{\"problem\":\"fresh\"}\n");
    lem_json *o = decontam(
        "d.jsonl --against t.jsonl --out k.jsonl --dropped x.jsonl --audit a.jsonl --page p.html", 0);
    assert_int_equal(number(o, "kept"), 1);
    lem_json_free(o);
    put("want.jsonl", "{\"problem\":\"fresh\"}\n");
    same_files("k.jsonl", "want.jsonl");
    assert_int_equal(lem_lines_open("x.jsonl", 0, &rows, &err), LEM_OK);
    assert_int_equal(jsonl_next(rows, &row, &err), LEM_OK);
    assert_string_equal(lem_json_str(lem_json_get(row, "_dropped"), ""),
                        "contaminated by t.jsonl (ngram+lcs)");
    assert_string_equal(lem_json_str(lem_json_get(row, "_source"), ""), "d.jsonl:1");
    assert_int_equal(number(row, "x"), 1);
    const lem_json *m = lem_json_get(row, "_detail");
    assert_string_equal(lem_json_str(lem_json_get(m, "test"), ""), "t.jsonl:1");
    assert_string_equal(lem_json_str(lem_json_get(m, "test_id"), ""), "T");
    assert_string_equal(lem_json_str(lem_json_get(m, "train_id"), ""), "7");
    assert_string_equal(lem_json_str(lem_json_get(m, "decision"), ""), "drop");
    assert_int_equal(number(m, "run_words"), 13);
    assert_string_equal(lem_json_str(lem_json_get(m, "run"), ""), TEN "eleven twelve thirteen");
    lem_json_free(row);
    lem_lines_close(rows);
    assert_int_equal(lem_file_read("p.html", 1 << 20, &page, &err), LEM_OK);
    assert_non_null(strstr(page.data, "<mark class=\"run\">one two three"));
    assert_non_null(strstr(page.data, "&lt;b&gt;"));
    assert_null(strstr(page.data, "<b>\n"));
    lem_buf_release(&page);
}

/* A match is allowed by its pair, by labels, by ids; another one is not. */
static void allow_list(void **state) {
    (void)state;
    static const struct {
        const char *row;
        int allowed;
    } cases[] = {{"{\"train\":\"d.jsonl:1\",\"test\":\"t.jsonl:1\"}", 1},
                 {"{\"train\":\"A\",\"test\":\"T\"}", 1},
                 {"{\"train\":\"A\"}", 1},
                 {"{\"test\":\"t.jsonl:1\"}", 2},
                 {"{\"test\":\"T2\"}", 2}, /* the same text again */
                 {"{\"train\":\"d.jsonl:3\"}", 0},
                 {"{\"train\":\"A\",\"test\":\"other\"}", 0},
                 {"{\"pair\":\"0123456789abcdef\"}", 0}};
    put("t.jsonl", "{\"id\":\"T\",\"problem\":\"" RUN "!\"}\n{\"id\":\"T2\",\"problem\":\"" RUN "?\"}\n");
    put("d.jsonl",
        "{\"id\":\"A\",\"problem\":\"" RUN "more\"}\n{\"id\":\"B\",\"problem\":\"" RUN "else\"}\n");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        put("allow.jsonl", cases[i].row);
        lem_json *o =
            decontam("d.jsonl --against t.jsonl --allow allow.jsonl --out k.jsonl --audit a.jsonl", 0);
        assert_int_equal(number(o, "allowed"), cases[i].allowed);
        assert_int_equal(number(o, "kept"), cases[i].allowed);
        lem_json_free(o);
    }
    /* the audit itself, as the list of what was judged: its pairs hold for the same texts elsewhere */
    assert_int_equal(
        system("cp a.jsonl judged.jsonl; (echo; cat d.jsonl) >moved.jsonl; cut -d, -f5- a.jsonl | "
               "sed 's/^/{/;s/{\"train_part\"[^,]*,\"test_part\"[^,]*,/{/' >pairs.jsonl"),
        0);
    lem_json *o = decontam("moved.jsonl --against t.jsonl --allow pairs.jsonl --out k.jsonl", 0);
    assert_int_equal(number(o, "allowed"), 2);
    lem_json_free(o);
    put("allow.jsonl", "{\"train\":\"A\"}\n{\"why\":\"fine\"}\n");
    assert_null(decontam("d.jsonl --against t.jsonl --allow allow.jsonl --out k.jsonl", 3));
    assert_non_null(strstr(said(), "allow.jsonl:2"));
}

/* Solutions are looked at when asked; a row of kind text is looked at whole. */
static void fields(void **state) {
    (void)state;
    put("t.jsonl", "{\"problem\":\"short\",\"solution\":\"" RUN "so it is\"}\n"
                   "{\"problem\":\"" TEN TEN "\",\"solution\":\"5\"}\n");
    put("d.jsonl", "{\"problem\":\"new\",\"solution\":\"" RUN "so it is 5\"}\n"
                   "{\"problem\":\"newer\",\"solution\":\"" TEN TEN "x\"}\n");
    lem_json *o = decontam("d.jsonl --against t.jsonl --out k.jsonl", 0);
    assert_int_equal(number(o, "kept"), 2);
    lem_json_free(o);
    o = decontam("d.jsonl --against t.jsonl --fields response --out k.jsonl", 0);
    assert_int_equal(number(o, "kept"), 0);
    lem_json_free(o);
    o = decontam("d.jsonl --against t.jsonl --fields both --out k.jsonl --audit a.jsonl", 0);
    assert_int_equal(number(o, "kept"), 0);
    lem_json_free(o);
    assert_int_equal(
        system("grep -c '\"train_part\":\"response\",\"test_part\":\"prompt\"' a.jsonl >/dev/null"), 0);
    put("x.jsonl", "{\"text\":\"" TEN TEN "y\"}\n{\"text\":\"\"}\n");
    o = decontam("x.jsonl --against t.jsonl --out k.jsonl", 0);
    assert_int_equal(number(o, "kept"), 1);
    lem_json_free(o);
}

/* Many rows, so that several batches are made; one thread and four write the same bytes. */
static void threads(void **state) {
    (void)state;
    lem_buf rows = {0}, tests = {0};
    for (int i = 0; i < 3000; i++)
        lem_buf_printf(&rows, "{\"problem\":\"case %d " RUN "x%d y%d\",\"solution\":\"z\"}\n", i % 50, i % 7,
                       i % 90);
    for (int i = 0; i < 40; i++)
        lem_buf_printf(&tests, "{\"problem\":\"case %d " RUN "x%d\"}\n", 2 * i, i % 7);
    put("d.jsonl", lem_buf_str(&rows));
    put("t.jsonl", lem_buf_str(&tests));
    assert_int_equal(system("mkdir -p on1 on4"), 0);
    for (int n = 1; n <= 4; n += 3) {
        char words[256];
        snprintf(words, sizeof words,
                 "d.jsonl --against t.jsonl --stock 0 --threads %d --out k%d --dropped x%d --audit a%d "
                 "--page on%d/p.html", /* a page links to files of its own name */
                 n, n, n, n, n);
        lem_json *o = decontam(words, 0);
        assert_true(number(o, "kept") == 0 && number(o, "matches") > 100000);
        lem_json_free(o);
    }
    same_files("k1", "k4");
    same_files("x1", "x4");
    same_files("a1", "a4");
    same_files("on1/p.html", "on4/p.html");
    lem_buf_release(&rows);
    lem_buf_release(&tests);
}

static void wrong_input(void **state) {
    (void)state;
    static const struct {
        const char *words;
        int status;
        const char *part;
    } cases[] = {
        {"d.jsonl --out k", 2, "against"},
        {"d.jsonl --against nothing --out k", 2,
         "'nothing' is neither a file nor a benchmark; benchmarks: all, aime24"},
        {"d.jsonl --against empty.jsonl --out k", 3, "no test row has a word"},
        {"d.jsonl --against bad.jsonl --out k", 3, "bad.jsonl:2"},
        {"d.jsonl --against t.jsonl --page p.txt --out k", 2, "must end in .html"},
        {"d.jsonl --against t.jsonl --ngram 0 --out k", 2, "ngram"},
        {"d.jsonl --against t.jsonl --lcs 1.5 --out k", 2, "lcs"},
        {"d.jsonl --against t.jsonl --against-map question --out k", 2, "prompt=FIELD"},
        {"bad.jsonl --against t.jsonl --out k", 3, "bad.jsonl:2"},
        {"d.jsonl --against t.jsonl --allow absent --out k", 3, "absent"},
    };
    put("d.jsonl", "{\"problem\":\"a b\"}\n");
    put("t.jsonl", "{\"problem\":\"a b c\"}\n");
    put("empty.jsonl", "{\"problem\":\"...\"}\n{\"problem\":\"\"}\n");
    put("bad.jsonl", "{\"problem\":\"a\"}\n{\"problem\":\n");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_null(decontam(cases[i].words, cases[i].status));
        if (!strstr(said(), cases[i].part)) fail_msg("%s: said %s", cases[i].words, said());
        if (lem_file_exists("k")) fail_msg("%s: wrote something", cases[i].words);
    }
    assert_int_equal(setenv("LEMMA_DATA", "/nonexistent", 1), 0);
    assert_null(decontam("d.jsonl --against gsm8k --out k", 3));
    assert_non_null(strstr(said(), "LEMMA_DATA"));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(shared_sets), cmocka_unit_test(qwen_pairs_in_math),
                                       cmocka_unit_test(domains),     cmocka_unit_test(side_files),
                                       cmocka_unit_test(allow_list),  cmocka_unit_test(fields),
                                       cmocka_unit_test(threads),     cmocka_unit_test(wrong_input)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
